//! The thread that asks a proxy on this machine for its connections, while the user allows it and something is captured.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::{Message, Shared};
use crate::event::Event;
use crate::process::controller::Controller;
use crate::session::{Action, Backend as _, CaptureState};
use crate::settings::ProxyApi;

/// Time between two questions.
const PAUSE: Duration = Duration::from_secs(1);

/// Settings that may wait: the newest is what counts, and there are as many as a person changes.
pub(super) const MAX_WAITING: usize = 16;

/// Starts the thread, which sleeps until it is told to ask. It ends when the last backend is dropped.
pub(super) fn start(
    shared: Weak<Shared>,
    wishes: Receiver<ProxyApi>,
    out: Sender<Message>,
) -> std::io::Result<()> {
    let thread = thread::Builder::new().name("proxy-api".to_owned());
    thread.spawn(move || run(&shared, &wishes, &out))?;
    Ok(())
}

fn run(shared: &Weak<Shared>, wishes: &Receiver<ProxyApi>, out: &Sender<Message>) {
    let mut settings = ProxyApi::default();
    let mut complaint = None;
    loop {
        let wish = if settings.on {
            wishes.recv_timeout(PAUSE)
        } else {
            wishes.recv().map_err(|_| RecvTimeoutError::Disconnected)
        };
        match wish {
            Ok(wish) => {
                settings = wish;
                complaint = None;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let Some(shared) = shared.upgrade().filter(|shared| settings.on && is_capturing(shared)) else {
            continue;
        };
        match ask(&settings) {
            Ok(said) => {
                complaint = None;
                if out.send(Message::Events(vec![said])).is_err() {
                    return;
                }
            }
            // Said once, and again only when something else is wrong.
            Err(sentence) if complaint.as_ref() != Some(&sentence) => {
                tracing::warn!("{sentence}");
                shared.act(Action::Notice(sentence.clone()));
                complaint = Some(sentence);
            }
            Err(_) => {}
        }
    }
}

fn ask(settings: &ProxyApi) -> Result<Event, String> {
    let address = settings.end().ok_or_else(|| ProxyApi::NO_ADDRESS.to_owned())?;
    let controller = Controller::new(address, &settings.secret).map_err(|err| err.to_string())?;
    controller.connections().map(Event::Proxied).map_err(|err| err.to_string())
}

/// Whether there is live traffic that the answers could be about.
fn is_capturing(shared: &Arc<Shared>) -> bool {
    matches!(shared.status.load().capture, CaptureState::Live | CaptureState::Sockets { .. })
}
