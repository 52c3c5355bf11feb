//! Whether Crow opens when the user logs in: a login item on macOS, a desktop file in the autostart folder on Linux. The
//! system keeps the answer, not Crow's settings: the user can change it there too.

#[cfg(target_os = "linux")]
mod autostart;
#[cfg(target_os = "macos")]
mod ffi;

use crate::session::LoginItem;

/// Why the system did not do as asked. Each message is a sentence for the window.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no folder for it, or no program to name.
    #[error("Crow cannot be opened at login here: {0}")]
    NoPlace(String),
    /// The file could not be written or removed.
    #[error("Crow's file in the autostart folder could not be changed: {0}")]
    File(#[from] std::io::Error),
    /// macOS refuses, in its own words.
    #[error("macOS did not change Crow's login item: {0}")]
    Refused(String),
}

/// What the system says now.
#[must_use]
pub fn state() -> LoginItem {
    #[cfg(target_os = "linux")]
    return autostart::Place::of_user().map_or(LoginItem::Off, |place| place.state());
    #[cfg(target_os = "macos")]
    return ffi::state();
    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    return LoginItem::Off;
}

/// Has Crow opened at login from now on, or no longer.
///
/// # Errors
///
/// [`Error`]; nothing has changed then.
pub fn set(on: bool) -> Result<(), Error> {
    #[cfg(target_os = "linux")]
    return autostart::Place::of_user()?.set(on);
    #[cfg(target_os = "macos")]
    return ffi::set(on).map_err(Error::Refused);
    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    return Err(Error::NoPlace(format!("this system has no place for it ({on})")));
}
