//! Asks the session bus whether anything shows tray items (freedesktop.org: `StatusNotifierItem`).

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

/// Whether a tray item can be seen: a watcher owns its bus name and says that a host (a panel) has registered.
/// No session bus, no watcher, no host and no answer within half a second are all a no.
pub(super) fn is_there() -> bool {
    match block_on(ask()) {
        Ok(registered) => registered,
        Err(err) => {
            tracing::debug!("no tray host: {err}");
            false
        }
    }
}

async fn ask() -> zbus::Result<bool> {
    let bus = zbus::connection::Builder::session()?.method_timeout(PATIENCE).build().await?;
    let query = (WATCHER, "IsStatusNotifierHostRegistered");
    let reply =
        bus.call_method(Some(WATCHER), PATH, Some("org.freedesktop.DBus.Properties"), "Get", &query).await?;
    let value: zbus::zvariant::OwnedValue = reply.body().deserialize()?;
    Ok(bool::try_from(value)?)
}

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const PATH: &str = "/StatusNotifierWatcher";
const PATIENCE: Duration = Duration::from_millis(500);

/// Waits for `future` on this thread, asleep; zbus does its input and output on a thread of its own.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Wakes the thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
