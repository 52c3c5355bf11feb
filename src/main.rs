//! The program: arguments, then the window or the headless printer. Exit status 0: done; 1: could not do it (one
//! sentence on standard error); 2: usage.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use anyhow::Context;
use arc_swap::ArcSwap;
use clap::Parser;
use crossbeam_channel::{Sender, bounded};
use crow::aggregate::snapshot::Snapshot;
use crow::capture::file::Recording;
use crow::cli::Cli;
use crow::login_item;
use crow::pipeline::{Input, Pipeline, PipelineOptions, WithoutRight};
use crow::self_check;
use crow::self_check::points::Outcome;
use crow::session::{Action, Backend, IconState, Job, JobResult, Program, Status};
use crow::settings::Settings;
use crow::store::settings_file::SettingsFile;
use crow::ui::app::App;
use crow::ui::shell::{self, Options, Shell, ShellError, Waker};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

/// Settings that may wait to be written; of more, the last one is written with the next change or not at all.
const MAX_WAITING_SETTINGS: usize = 16;

fn main() -> ExitCode {
    let cli = Cli::parse();
    log_to_standard_error();
    let done = match &cli {
        _ if cli.self_check => check(&cli),
        _ if cli.headless => headless(&cli),
        _ => window(&cli),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            complain(&format!("{err:#}"));
            ExitCode::FAILURE
        }
    }
}

/// `CROW_LOG=debug crow`, or by part: `CROW_LOG=crow=trace,winit=warn`. Standard output carries only what was asked for.
fn log_to_standard_error() {
    let Ok(asked) = std::env::var("CROW_LOG") else { return };
    match asked.parse::<Targets>() {
        Ok(wanted) => {
            // Plain text: colours are a feature of the library that is not built in, and asking for them panics.
            let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(false);
            tracing_subscriber::registry().with(lines.with_filter(wanted)).init();
        }
        Err(err) => complain(&format!(
            "CROW_LOG={asked} is no level and no list of parts with levels ({err}); try debug"
        )),
    }
}

fn complain(sentence: &str) {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(io::stderr(), "crow: {sentence}");
}

fn headless(cli: &Cli) -> anyhow::Result<()> {
    let (settings, complaint) =
        SettingsFile::of_user().as_ref().map_or_else(Default::default, SettingsFile::load);
    if let Some(err) = complaint {
        complain(&err.to_string());
    }
    Ok(crow::console::run(cli, &settings)?)
}

/// Prints the self-check's report; points that failed are said on standard error too.
fn check(cli: &Cli) -> anyhow::Result<()> {
    let span = cli.duration.unwrap_or(self_check::USUAL_SPAN);
    let report = self_check::run(span, shell::tray_is_seen()).context("the self-check could not begin")?;
    write!(io::stdout(), "{report}").context("standard output cannot be written")?;
    match report.count(Outcome::Failed) {
        0 => Ok(()),
        failed => {
            let points = if failed == 1 { "point" } else { "points" };
            anyhow::bail!(
                "{failed} {points} of the self-check failed; the report says which, and what that means"
            )
        }
    }
}

fn window(cli: &Cli) -> anyhow::Result<()> {
    crow::lang::follow_system();
    let input = match &cli.replay {
        Some(path) => {
            // What is no recording is said here and not in a window.
            Recording::open(path)?;
            Input::Recording(path.clone())
        }
        None => Input::Live { interface: cli.interface.clone(), without_right: WithoutRight::Watch },
    };
    let file = SettingsFile::of_user();
    let (settings, complaint) = file.as_ref().map_or_else(Default::default, SettingsFile::load);
    let options =
        Options { open_at_start: !cli.hidden, viewport: App::viewport(&settings), clock: Instant::now };
    let (shell, waker) = match Shell::new(options) {
        Err(err @ ShellError::NoDisplay(_)) => {
            complain(&format!("{err}; printing here in its place"));
            return headless(cli);
        }
        started => started?,
    };
    let Some(door) = only_one(cli, &waker)? else { return Ok(()) };

    let rate_window = settings.rate_window;
    let wake = waker.clone();
    let pipeline = Pipeline::start(PipelineOptions {
        input,
        window: rate_window,
        shown: true,
        wake: Box::new(move || wake.wake()),
    })
    .context("Crow's threads could not be started")?;
    let (to_writer, from_window) = bounded::<Order>(MAX_WAITING_SETTINGS);
    pipeline.backend().act(Action::ProxyApi(settings.proxy_api.clone()));
    let desk = Arc::new(Desk {
        pipeline: pipeline.backend(),
        settings: ArcSwap::from_pointee(settings),
        to_writer,
        waker: waker.clone(),
    });
    let told = pipeline.backend();
    if desk.settings.load().reverse_dns {
        told.act(Action::ReverseDns(true));
    }
    let writer = thread::Builder::new().name("settings".to_owned()).spawn(move || {
        told.act(Action::LoginItem(login_item::state()));
        for order in from_window {
            let done = match order {
                Order::Save(settings) => {
                    file.as_ref().map_or(Ok(()), |file| file.save(&settings)).map_err(|err| err.to_string())
                }
                Order::OpenAtLogin(on) => login_item::set(on).map_err(|err| err.to_string()),
                Order::End => return,
            };
            if let Err(sentence) = done {
                told.act(Action::Notice(sentence));
            }
            // Asked anew each time: the user can change it in the system too, and a refusal turns the switch back.
            told.act(Action::LoginItem(login_item::state()));
        }
    })?;
    if let Some(span) = cli.duration {
        let waker = waker.clone();
        thread::Builder::new().name("duration".to_owned()).spawn(move || {
            thread::sleep(span);
            waker.quit();
        })?;
    }
    let filter = cli.process.clone().unwrap_or_default();
    let mut complaint = complaint.map(|err| err.to_string());
    let of_window = Arc::clone(&desk);
    shell.run(
        Arc::clone(&desk) as Arc<dyn Backend>,
        Box::new(move |ctx| {
            let settings = Settings::clone(&of_window.settings.load());
            let backend = Arc::clone(&of_window) as Arc<dyn Backend>;
            let mut app = App::new(ctx, backend, settings, filter.clone());
            if let Some(sentence) = complaint.take() {
                app.notice(sentence);
            }
            Box::new(app)
        }),
        move || {
            drop(pipeline);
            door.close();
            // The last settings are written before the program ends.
            if desk.to_writer.send(Order::End).is_err() || writer.join().is_err() {
                tracing::error!("the settings were not written");
            }
        },
    )?;
    Ok(())
}

/// What the thread beside the window does: whatever touches the disk or asks the system.
enum Order {
    /// Write these settings.
    Save(Box<Settings>),
    /// Open Crow at login, or no longer.
    OpenAtLogin(bool),
    /// Nothing more will come.
    End,
}

/// What the window talks to: the pipeline, and beside it the settings and the way out.
struct Desk {
    pipeline: Arc<dyn Backend>,
    settings: ArcSwap<Settings>,
    to_writer: Sender<Order>,
    waker: Waker,
}

impl Backend for Desk {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.pipeline.snapshot()
    }

    fn status(&self) -> Arc<Status> {
        self.pipeline.status()
    }

    fn act(&self, action: Action) {
        match action {
            Action::SaveSettings(settings) => {
                if self.settings.load().proxy_api != settings.proxy_api {
                    self.pipeline.act(Action::ProxyApi(settings.proxy_api.clone()));
                }
                self.settings.store(Arc::new(Settings::clone(&settings)));
                if self.to_writer.try_send(Order::Save(settings)).is_err() {
                    tracing::warn!("the disk is slow: these settings are not written");
                }
            }
            Action::OpenAtLogin(on) => {
                if self.to_writer.try_send(Order::OpenAtLogin(on)).is_err() {
                    tracing::warn!("the disk is slow: the login item stays as it is");
                }
            }
            Action::Quit => self.waker.quit(),
            action => self.pipeline.act(action),
        }
    }

    fn work(&self, job: Job) -> Result<(), Job> {
        self.pipeline.work(job)
    }

    fn worked(&self) -> Option<JobResult> {
        self.pipeline.worked()
    }

    fn icon(&self, program: &Program) -> IconState {
        self.pipeline.icon(program)
    }

    fn name_of(&self, pid: i32) -> Option<Arc<str>> {
        self.pipeline.name_of(pid)
    }

    fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }
}

/// The door at which a later Crow of this user knocks; nothing to close where there is none.
struct Guarded(#[cfg(target_os = "linux")] Option<Arc<crow::instance::Door>>);

impl Guarded {
    #[cfg_attr(not(target_os = "linux"), expect(clippy::unused_self, reason = "there is no door to close"))]
    fn close(&self) {
        #[cfg(target_os = "linux")]
        if let Some(door) = &self.0 {
            door.close();
        }
    }
}

/// Makes sure that a live Crow runs once on this screen. `None`: another one runs and has opened its window.
#[cfg(target_os = "linux")]
fn only_one(cli: &Cli, waker: &Waker) -> anyhow::Result<Option<Guarded>> {
    use crow::instance::{Claim, claim};

    if cli.replay.is_some() {
        return Ok(Some(Guarded(None)));
    }
    let door = match claim() {
        Ok(Claim::First(door)) => Arc::new(door),
        Ok(Claim::Second) => {
            complain("Crow runs already; its window is open now");
            return Ok(None);
        }
        Err(err) => {
            tracing::warn!("{err}");
            return Ok(Some(Guarded(None)));
        }
    };
    let (listening, waker) = (Arc::clone(&door), waker.clone());
    thread::Builder::new().name("door".to_owned()).spawn(move || listening.listen(|| waker.open()))?;
    Ok(Some(Guarded(Some(door))))
}

/// The system itself sees to it that an app runs once.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "on Linux there are ways to fail")]
fn only_one(_cli: &Cli, _waker: &Waker) -> anyhow::Result<Option<Guarded>> {
    Ok(Some(Guarded()))
}
