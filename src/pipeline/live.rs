//! The capture thread while it listens to the helper.

use std::sync::Arc;
#[cfg(target_os = "macos")]
use std::sync::atomic::Ordering;

use super::{CaptureThread, Message, Next, WithoutRight, system};
use crate::aggregate::snapshot::Source;
use crate::event::{Event, FlowId};
use crate::helper::launch::{Launch, LaunchError, Method};
use crate::helper::session::Session;
#[cfg(target_os = "macos")]
use crate::process::macos::{Mac, completer::Completer};
use crate::process::users::Users;
use crate::session::{Action, CaptureState};

/// Flow ids of one helper session stay below this; each session's begin at a multiple of it.
const FLOWS_PER_SESSION: u64 = 1 << 40;

impl CaptureThread {
    /// Starts the helper and passes its events on until it ends.
    pub(super) fn capture_live(
        &self,
        interface: Option<&str>,
        without_right: WithoutRight,
        session: u64,
    ) -> Next {
        self.shared.change_status(|status| {
            status.subject = interface.unwrap_or("all interfaces").into();
            status.capture = CaptureState::Starting;
        });
        let started = Launch::beside_this_program(interface.map(str::to_owned)).and_then(|launch| {
            match (launch.method(), without_right) {
                (Some(Method::Direct), _) | (_, WithoutRight::Ask) => launch.start(),
                (Some(_), WithoutRight::Watch) => Err(LaunchError::NotAsked),
                (None, WithoutRight::Watch) => Err(LaunchError::NoWay(launch.helper)),
            }
        });
        let helper = match started {
            Ok(helper) => helper,
            Err(err) => return self.no_helper(&err, without_right),
        };
        if session == 1 || self.was_sample() {
            self.send(Message::Begin(Source::Live));
        }
        self.listen(helper, session)
    }

    /// There is no live capture: the socket table shows in its place, or the reason.
    fn no_helper(&self, err: &LaunchError, without_right: WithoutRight) -> Next {
        let why: Arc<str> = err.to_string().into();
        match without_right {
            WithoutRight::Watch => Next::Sockets { why },
            WithoutRight::Ask => {
                self.shared.set_capture(&CaptureState::Gone { why });
                Next::Wait
            }
        }
    }

    /// Whether the aggregator holds a sample and not this machine's traffic.
    fn was_sample(&self) -> bool {
        self.shared.snapshot.load().source == Source::Recording
    }

    /// Begins anew with a helper that was started while the socket table showed.
    pub(super) fn take_over(&self, helper: Session, session: u64) -> Next {
        self.send(Message::Begin(Source::Live));
        self.listen(helper, session)
    }

    /// Passes events on until the helper, the app or the aggregator ends.
    fn listen(&self, mut helper: Session, session: u64) -> Next {
        self.shared.helper.store(helper.control().ok().map(Arc::new));
        self.shared.set_capture(&CaptureState::Live);
        let _facts = system::start(self.out.clone());
        let mut users = Users::default();
        #[cfg(target_os = "macos")]
        let mut completer = Completer::new(Mac::default());
        let ended = loop {
            let mut events = Vec::new();
            match helper.read_events(&mut events) {
                Ok(true) => {
                    #[cfg(target_os = "macos")]
                    completer.complete(&mut events, self.shared.shown.load(Ordering::Relaxed));
                    for event in &mut events {
                        complete(event, session, &mut users);
                    }
                    if !self.send(Message::Events(events)) {
                        return Next::Quit;
                    }
                }
                Ok(false) => break None,
                Err(err) => break Some(err.to_string()),
            }
        };
        self.shared.helper.store(None);
        self.send(Message::Lost);
        if self.actions.try_iter().any(|action| action == Action::Quit) {
            return Next::Quit;
        }
        let why = ended.unwrap_or_else(|| "the capture helper has ended; start the capture again".to_owned());
        self.shared.set_capture(&CaptureState::Gone { why: why.into() });
        Next::Wait
    }
}

/// Adds what a source cannot know: whose session this is, and what its users are called.
pub(super) fn complete(event: &mut Event, session: u64, users: &mut Users) {
    let rename = |flow: &mut FlowId| flow.0 = flow.0.wrapping_add(session.wrapping_mul(FLOWS_PER_SESSION));
    match event {
        Event::Process(process) => {
            if let Some(uid) = process.uid {
                process.user = users.name(uid).map(str::to_owned);
            }
        }
        Event::FlowOpened { flow, .. }
        | Event::OwnerFound { flow, .. }
        | Event::Opening { flow, .. }
        | Event::Datagram { flow, .. }
        | Event::FlowClosed { flow, .. } => rename(flow),
        Event::Deltas { deltas, .. } => deltas.iter_mut().for_each(|delta| rename(&mut delta.flow)),
        Event::InterfaceUp(_)
        | Event::InterfaceDown(_)
        | Event::ProcessExited { .. }
        | Event::Statistics(_)
        | Event::Fault(_)
        | Event::Note(_)
        | Event::Proxies(_)
        | Event::Tunnels(_)
        | Event::Proxied(_)
        | Event::ProxyScript(_) => {}
    }
}
