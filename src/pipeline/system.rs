//! The thread that asks the system now and then about its proxies and tunnels, while a live capture runs.

use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::Message;
use crate::process::proxies::Facts;

/// Time between two looks: settings change seldom, and a look is cheap.
const PAUSE: Duration = Duration::from_secs(10);

/// Ends the thread when it is dropped.
pub(super) struct Running {
    _until: Sender<()>,
}

/// Starts asking. Without a thread Crow knows less, and says so in its log.
pub(super) fn start(out: Sender<Message>) -> Running {
    let (until, ended) = bounded(0);
    let thread = thread::Builder::new().name("system".to_owned());
    if let Err(err) = thread.spawn(move || run(&out, &ended)) {
        tracing::warn!(%err, "no thread to ask the system about proxies");
    }
    Running { _until: until }
}

fn run(out: &Sender<Message>, ended: &Receiver<()>) {
    let mut facts = Facts::default();
    loop {
        let events = facts.changes();
        // What is found out after the capture has ended belongs to no picture.
        if ended.recv_timeout(Duration::ZERO) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
        if !events.is_empty() && out.send(Message::Events(events)).is_err() {
            return;
        }
        if ended.recv_timeout(PAUSE) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}
