//! Crow without a window: prints a table or JSON documents, live or from a recording.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::aggregate::snapshot::{Snapshot, Source};
use crate::aggregate::{Aggregator, AggregatorOptions};
use crate::capture::file::Recording;
use crate::capture::player::{Played, Player};
use crate::cli::Cli;
use crate::event::Event;
use crate::filter::Filter;
use crate::headless::{Document, select, table};
use crate::pipeline::{Input, Pipeline, PipelineOptions, SAMPLE, WithoutRight};
use crate::session::{Action, CaptureState};
use crate::settings::{ProxyApi, RateWindow, Settings, Units};
use crate::time::Timestamp;

/// Without `--interval`.
const USUAL_INTERVAL: Duration = Duration::from_secs(1);

/// A terminal whose size the system does not tell.
const USUAL_SIZE: (usize, usize) = (100, 24);

/// Why printing ended early. Each message is a sentence.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The recording could not be read, or not to its end.
    #[error(transparent)]
    Recording(#[from] crate::capture::Error),
    /// The recording ends early; everything before that was printed.
    #[error("{0}")]
    EndsEarly(String),
    /// There is no live capture.
    #[error("{0}")]
    NoCapture(Arc<str>),
    /// Standard output takes no more.
    #[error("standard output cannot be written: {0}; is its disk full?")]
    Output(io::Error),
    /// The system gives no more threads.
    #[error("Crow's threads could not be started: {0}")]
    Threads(io::Error),
}

/// Prints what `cli` asks for until its end, the recording's end or the reader's end; tables in the units of these `settings`.
///
/// # Errors
///
/// [`RunError`]; what was known before it has been printed.
pub fn run(cli: &Cli, settings: &Settings) -> Result<(), RunError> {
    let printer = Printer::new(cli, settings.units);
    let done = match &cli.replay {
        Some(path) => {
            Recording::open(path).map_err(RunError::from).and_then(|file| replay(cli, file, &printer))
        }
        None => live(cli, &printer, &settings.proxy_api),
    };
    match done {
        // The reader, such as `head`, has seen enough.
        Err(RunError::Output(err)) if err.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// What is printed, and how.
struct Printer {
    /// How the table writes amounts; JSON has bytes.
    units: Units,
    filter: Filter,
    is_json: bool,
    interval: Duration,
    /// Whether each table takes the last one's place on a terminal.
    repaints: bool,
}

impl Printer {
    fn new(cli: &Cli, units: Units) -> Self {
        Self {
            units,
            filter: cli.process.as_deref().map(Filter::process).unwrap_or_default(),
            is_json: cli.json,
            interval: cli.interval.unwrap_or(USUAL_INTERVAL),
            repaints: cli.replay.is_none(),
        }
    }

    fn print(&self, snapshot: &Snapshot, interval: Option<Duration>) -> Result<(), RunError> {
        let mut out = io::stdout().lock();
        let written = if self.is_json {
            let selected = select(snapshot, &self.filter);
            serde_json::to_writer(&mut out, &Document::new(&selected, interval))
                .map_err(io::Error::from)
                .and_then(|()| out.write_all(b"\n"))
        } else {
            let (width, rows) = size_of_terminal().unwrap_or(USUAL_SIZE);
            // A terminal shows one screen a time; a file or a pipe gets every row.
            let rows = if out.is_terminal() { rows } else { usize::MAX };
            if self.repaints && out.is_terminal() {
                // Home, then clear: the next picture stands where the last one stood.
                out.write_all(b"\x1b[H\x1b[2J").map_err(RunError::Output)?;
            }
            out.write_all(table(snapshot, (width, rows), &self.filter, self.units).as_bytes())
        };
        written.and_then(|()| out.flush()).map_err(RunError::Output)
    }
}

/// Reads a recording as fast as it can; prints at every interval of packet time if one is given, and at the end.
fn replay(cli: &Cli, recording: Recording, printer: &Printer) -> Result<(), RunError> {
    let mut player = Player::new(recording);
    let options =
        AggregatorOptions { source: Source::Recording, window: RateWindow::default(), keep_closed: true };
    let mut aggregator = Aggregator::new(options);
    let mut events: Vec<Event> = Vec::new();
    // Reads on to the first packet, which says when the recording begins.
    let mut progress = player.play(Timestamp::default(), &mut events);
    let first = player.first().unwrap_or_default();
    let stop = cli.duration.map(|span| first + span);
    let mut next_print = first;
    loop {
        if cli.interval.is_some() {
            next_print = next_print + printer.interval;
        } else {
            next_print = Timestamp::from_nanos(u64::MAX);
        }
        let until = stop.map_or(next_print, |stop| stop.min(next_print));
        loop {
            events.drain(..).for_each(|event| aggregator.ingest(&event));
            if progress == Played::Reached && player.clock() >= until || matches!(progress, Played::Ended(_))
            {
                break;
            }
            progress = player.play(until, &mut events);
        }
        let is_over = matches!(progress, Played::Ended(_)) || stop.is_some_and(|stop| until >= stop);
        if is_over || cli.interval.is_some() {
            printer.print(&aggregator.tick(player.clock()), cli.interval)?;
        }
        if let Played::Ended(Some(note)) = progress {
            return Err(RunError::EndsEarly(note));
        }
        if is_over {
            return Ok(());
        }
    }
}

/// Prints this machine's traffic at every interval.
fn live(cli: &Cli, printer: &Printer, proxy_api: &ProxyApi) -> Result<(), RunError> {
    let (wake, woken) = crossbeam_channel::bounded(1);
    let pipeline = Pipeline::start(PipelineOptions {
        input: Input::Live { interface: cli.interface.clone(), without_right: WithoutRight::Ask },
        window: RateWindow::default(),
        // Nobody looks between two prints; each asks for a picture of its own.
        shown: false,
        wake: Box::new(move || {
            // Full is enough: one waking for any number of reasons.
            let _ = wake.try_send(());
        }),
    })
    .map_err(RunError::Threads)?;
    let backend = pipeline.backend();
    backend.act(Action::ProxyApi(proxy_api.clone()));
    loop {
        match backend.status().capture.clone() {
            CaptureState::Live => break,
            CaptureState::Gone { why } if printer.is_json || cli.interface.is_some() => {
                return Err(RunError::NoCapture(why));
            }
            CaptureState::Gone { why } => return sample(cli, printer, &why),
            _ => {}
        }
        if woken.recv().is_err() {
            return Ok(());
        }
    }
    let started = Instant::now();
    let mut next_print = started;
    loop {
        next_print += printer.interval;
        let until = cli.duration.map_or(next_print, |span| next_print.min(started + span));
        thread::sleep(until.saturating_duration_since(Instant::now()));
        let before = backend.snapshot().generation;
        backend.act(Action::Refresh);
        while backend.snapshot().generation == before && woken.recv_timeout(USUAL_INTERVAL).is_ok() {}
        printer.print(&backend.snapshot(), Some(printer.interval))?;
        if let CaptureState::Gone { why } = backend.status().capture.clone() {
            return Err(RunError::NoCapture(why));
        }
        if cli.duration.is_some_and(|span| started.elapsed() >= span) {
            return Ok(());
        }
    }
}

/// No right to capture: shows a person at a terminal the built-in sample, and says so. A program that reads JSON gets
/// an error in its place.
fn sample(cli: &Cli, printer: &Printer, why: &str) -> Result<(), RunError> {
    let mut note = io::stderr().lock();
    // A closed standard error is no reason to show nothing.
    let _ = writeln!(note, "crow: {why}");
    let _ = writeln!(note, "crow: this is the built-in sample recording, not this machine's traffic");
    replay(cli, Recording::from_bytes(SAMPLE)?, printer)
}

/// Columns and rows of the terminal behind standard output.
fn size_of_terminal() -> Option<(usize, usize)> {
    let (width, height) = terminal_size::terminal_size()?;
    Some((width.0.into(), height.0.into()))
}
