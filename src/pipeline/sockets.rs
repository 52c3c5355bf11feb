//! The capture thread while it has no capture: it shows what the system's socket table counts, and offers the full view.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded, never, select, tick};

use super::live::complete;
use super::{CaptureThread, Message, Next, wall_clock};
use crate::aggregate::snapshot::Source;
use crate::helper::launch::{Launch, LaunchError};
use crate::helper::session::Session;
use crate::process::census::{Census, Tally};
use crate::process::users::Users;
use crate::session::{Action, CaptureState};

/// Time between two readings of the socket table: the system holds its packets up while it lists them.
const PAUSE: Duration = Duration::from_secs(1);

/// While only the menu-bar item shows, so many pauses are one.
const HIDDEN_PAUSES: u64 = 2;

/// What came of a helper's start.
type Launched = Result<Session, LaunchError>;

/// The socket table under watch.
struct Watch<'a> {
    thread: &'a CaptureThread,
    census: Box<dyn Census>,
    tally: Tally,
    users: Users,
    /// Sets this view's flows apart from those of helper sessions.
    session: u64,
}

impl CaptureThread {
    /// Shows the socket table until a capture has begun. Where that cannot be read, the sample plays.
    ///
    /// The helper is started on a thread of its own, so that this view goes on while a password is typed, and after it
    /// was refused. When the capture begins, all totals begin again at 0: payload and IP bytes do not add up, and
    /// every connection would be there twice.
    pub(super) fn watch_sockets(&self, interface: Option<&str>, why: &Arc<str>, session: u64) -> Next {
        self.send(Message::Begin(Source::Live));
        let census = match open_census() {
            Ok(census) => census,
            Err(err) => return Next::Sample { why: format!("{why}; {err}").into() },
        };
        let tally = Tally::new(interface.map(str::to_owned));
        let mut watch = Watch { thread: self, census, tally, users: Users::default(), session };
        match watch.look() {
            Ok(true) => {}
            Ok(false) => return Next::Quit,
            Err(err) => return Next::Sample { why: format!("{why}; {err}").into() },
        }
        self.shared.set_capture(&CaptureState::Sockets { why: Arc::clone(why), is_asking: false });
        watch.run(interface)
    }
}

impl Watch<'_> {
    fn run(&mut self, interface: Option<&str>) -> Next {
        let pulse = tick(PAUSE);
        let mut pulses: u64 = 0;
        let mut launched: Receiver<Launched> = never();
        let mut is_asking = false;
        loop {
            select! {
                recv(pulse) -> _ => {
                    pulses += 1;
                    let is_shown = self.thread.shared.shown.load(Ordering::Relaxed);
                    if is_shown || pulses.is_multiple_of(HIDDEN_PAUSES) {
                        match self.look() {
                            Ok(true) => {}
                            Ok(false) => return Next::Quit,
                            // It was read before, so this passes or is seen in a picture that stands still.
                            Err(err) => tracing::warn!("{err}"),
                        }
                    }
                }
                recv(self.thread.actions) -> action => match action {
                    Ok(Action::StartCapture) if !is_asking => {
                        launched = start(interface);
                        is_asking = true;
                        self.show("waiting for your permission to capture", is_asking);
                    }
                    Ok(Action::Quit) | Err(_) => return Next::Quit,
                    Ok(_) => {}
                },
                recv(launched) -> result => {
                    is_asking = false;
                    launched = never();
                    match result {
                        Ok(Ok(helper)) => return Next::Listen(Box::new(helper)),
                        Ok(Err(err)) => self.show(&err.to_string(), is_asking),
                        Err(_) => self.show("the capture helper could not be started; try again", is_asking),
                    }
                }
            }
        }
    }

    fn show(&self, why: &str, is_asking: bool) {
        self.thread.shared.set_capture(&CaptureState::Sockets { why: why.into(), is_asking });
    }

    /// Looks at the sockets once and passes on what happened; `false` when the aggregator has gone.
    fn look(&mut self) -> Result<bool, crate::process::Error> {
        let now = wall_clock();
        let reading = self.census.take(now)?;
        let mut events = Vec::new();
        self.tally.tell(now, reading, &mut events);
        for event in &mut events {
            complete(event, self.session, &mut self.users);
        }
        Ok(self.thread.send(Message::Events(events)))
    }
}

/// Starts the helper on a thread of its own, which ends with the program if the prompt outlives it.
fn start(interface: Option<&str>) -> Receiver<Launched> {
    let (done, launched) = bounded(1);
    let interface = interface.map(str::to_owned);
    let begin = move || {
        // Nobody waits any longer when the program ends; the helper then ends with the session.
        let _ = done.send(Launch::beside_this_program(interface).and_then(|launch| launch.start()));
    };
    if let Err(err) = thread::Builder::new().name("launch".to_owned()).spawn(begin) {
        tracing::warn!("no thread to start the helper: {err}");
    }
    launched
}

#[cfg(target_os = "linux")]
fn open_census() -> Result<Box<dyn Census>, crate::process::Error> {
    Ok(Box::new(crate::process::linux::census::SocketCensus::open()?))
}

#[cfg(target_os = "macos")]
#[expect(clippy::unnecessary_wraps, reason = "on Linux there are ways to fail")]
fn open_census() -> Result<Box<dyn Census>, crate::process::Error> {
    use crate::capture::interfaces::interface_kind_by_name;
    use crate::process::macos::{Mac, census::SocketCensus};

    Ok(Box::new(SocketCensus::new(Mac::default(), interface_kind_by_name)))
}
