//! Asks the session bus whether anything shows tray items (freedesktop.org: `StatusNotifierItem`).

use std::time::Duration;

use crate::bus::block_on;

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
