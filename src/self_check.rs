//! `crow --self-check`: looks whether what Crow lives by works on this machine, and writes a report for an issue.
//!
//! The facts are measured here and in [`host`]; what they mean is decided in [`points`], from the facts alone. The report
//! names no host, no user and no address, so that it can be shown to anybody.

pub mod host;
pub mod points;
pub mod private;
pub mod tally;
pub mod traffic;

use std::fmt;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

use self::host::Host;
use self::points::{Outcome, Point};
use self::tally::Tally;
use self::traffic::Traffic;
use crate::event::Event;
use crate::helper::findings::{Findings, Trial};
use crate::helper::launch::{Launch, Method};
use crate::helper::protocol::ToHelper;
use crate::helper::session::{Control, Session};

/// How long traffic is watched when nothing else is asked for.
pub const USUAL_SPAN: Duration = Duration::from_secs(5);

/// How long the helper may take to answer; it says something each second.
const PATIENCE: Duration = Duration::from_secs(5);

/// Everything that was measured.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// What this process sees by itself.
    pub host: Host,
    /// How the helper came by its rights.
    pub method: Option<Method>,
    /// Why there is no capture; `None` when there is one.
    pub refused: Option<String>,
    /// What the helper found out about itself.
    pub findings: Option<Findings>,
    /// What came over the pipe.
    pub tally: Tally,
    /// Why the capture ended before it should have.
    pub ended_early: Option<String>,
    /// What came of trying what the helper must not be able to do.
    pub trespass: Trespass,
    /// macOS: how many PKTAP interfaces there were before, while and after the capture was open.
    pub taps: [usize; 3],
}

/// How the sandbox answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trespass {
    /// Nothing was tried.
    #[default]
    Untried,
    /// The helper was ended, in these words.
    Ended(String),
    /// The helper lives; what it tried.
    Survived(Vec<Trial>),
}

/// The report. Its text is what the user is given.
#[derive(Clone, Debug)]
pub struct Report {
    heading: String,
    /// Each thing that was looked at.
    pub points: Vec<Point>,
}

impl Report {
    /// How many points have this outcome.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> usize {
        self.points.iter().filter(|point| point.outcome == outcome).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.heading)?;
        writeln!(
            f,
            "No address and no name of a host or user is in this report; it can be posted as it is.\n"
        )?;
        for point in &self.points {
            writeln!(f, "{:<8}{}: {}", point.outcome.name(), point.name, point.value)?;
            writeln!(f, "        {}", point.meaning)?;
        }
        let [ok, failed, unknown] =
            [Outcome::Ok, Outcome::Failed, Outcome::Unknown].map(|outcome| self.count(outcome));
        writeln!(f, "\n{ok} ok, {failed} failed, {unknown} unknown")
    }
}

/// Measures for `span` of traffic and decides. Asks for permission to capture where that is needed. Whether a tray or
/// menu bar shows an item is the window's to know, and told by `tray_is_seen`.
///
/// # Errors
///
/// When the system gives no threads or no loopback sockets, without which nothing can be measured.
pub fn run(span: Duration, tray_is_seen: bool) -> io::Result<Report> {
    let traffic = Traffic::start()?;
    let mut measured = Measured { host: Host::look(tray_is_seen, &traffic), ..Measured::default() };
    capture(&mut measured, &traffic, span)?;
    drop(traffic);
    let private = private::Private::of_this_machine();
    let mut points = points::decide(&measured);
    for point in &mut points {
        point.value = private.without(&point.value);
    }
    let heading = format!(
        "Crow {} self-check on {}",
        env!("CARGO_PKG_VERSION"),
        private.without(&measured.host.system)
    );
    Ok(Report { heading, points })
}

/// Starts the helper, watches what it tells of, asks it about itself and last tries its sandbox.
fn capture(measured: &mut Measured, traffic: &Traffic, span: Duration) -> io::Result<()> {
    measured.taps[0] = host::pktap_interfaces();
    let started = Launch::beside_this_program(None).and_then(|launch| {
        measured.method = launch.method();
        launch.start()
    });
    let session = match started {
        Ok(session) => session,
        Err(err) => {
            measured.refused = Some(err.to_string());
            return Ok(());
        }
    };
    measured.taps[1] = host::pktap_interfaces();
    let mut control = session.control()?;
    let (sender, heard) = bounded(MAX_WAITING);
    let reader =
        thread::Builder::new().name("self-check".to_owned()).spawn(move || read(session, &sender))?;
    listen(measured, traffic, (&mut control, &heard), span);
    control.hang_up();
    // The reader waits for nobody once nobody listens.
    drop(heard);
    if reader.join().is_err() {
        tracing::error!("the reader ended by panic");
    }
    measured.taps[2] = host::pktap_interfaces();
    Ok(())
}

/// Batches that may wait to be counted.
const MAX_WAITING: usize = 64;

/// What the reader passes on.
enum Heard {
    Events(Vec<Event>),
    Findings(Findings),
    Tried(Vec<Trial>),
    /// The session is over, in disorder if there are words.
    Ended(Option<String>),
}

/// Reads to the end of the session.
fn read(mut session: Session, sender: &crossbeam_channel::Sender<Heard>) {
    let (mut has_told, mut has_tried) = (false, false);
    loop {
        let mut events = Vec::new();
        let mut news = match session.read_events(&mut events) {
            Ok(true) => vec![Heard::Events(events)],
            Ok(false) => vec![Heard::Ended(None)],
            Err(err) => vec![Heard::Ended(Some(err.to_string()))],
        };
        let is_over = matches!(news.first(), Some(Heard::Ended(_)));
        if let Some(findings) = session.findings().filter(|_| !has_told) {
            has_told = true;
            news.push(Heard::Findings(findings.clone()));
        }
        if let Some(trials) = session.tried().filter(|_| !has_tried) {
            has_tried = true;
            news.push(Heard::Tried(trials.to_vec()));
        }
        if news.into_iter().any(|news| sender.send(news).is_err()) || is_over {
            return;
        }
    }
}

/// Watches for `span`, then asks, then tries.
fn listen(
    measured: &mut Measured,
    traffic: &Traffic,
    (control, heard): (&mut Control, &Receiver<Heard>),
    span: Duration,
) {
    let mut until = Instant::now() + span;
    let mut stage = Stage::Watching;
    loop {
        match heard.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Heard::Events(events)) => measured.tally.take(&events, &traffic.ends()),
            Ok(Heard::Findings(findings)) => {
                measured.findings = Some(findings);
                // What is asked last may end the helper: that is one of the answers.
                if stage != Stage::Asking || control.send(&ToHelper::Trespass).is_err() {
                    return;
                }
                stage = Stage::Trying;
                until = Instant::now() + PATIENCE;
            }
            Ok(Heard::Tried(trials)) => {
                measured.trespass = Trespass::Survived(trials);
                return;
            }
            Ok(Heard::Ended(words)) if stage == Stage::Trying => {
                measured.trespass = words.map_or(Trespass::Untried, Trespass::Ended);
                return;
            }
            Ok(Heard::Ended(words)) => {
                measured.ended_early = Some(words.unwrap_or_else(|| "the helper ended by itself".to_owned()));
                return;
            }
            Err(RecvTimeoutError::Timeout) if stage == Stage::Watching => {
                stage = Stage::Asking;
                until = Instant::now() + PATIENCE;
                if control.send(&ToHelper::Probe).is_err() {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Watching,
    Asking,
    Trying,
}
