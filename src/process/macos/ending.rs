//! Ends a process on macOS, after comparing its program and its user.

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};

use super::{Mac, System as _};
use crate::process::Error;
use crate::process::apps::clean_path;
use crate::process::ending::{Doomed, EndError};

/// Ends processes of this Mac.
#[derive(Debug)]
pub struct Ender;

impl Ender {
    /// Ready.
    ///
    /// # Errors
    ///
    /// None here.
    pub fn new() -> Result<Self, Error> {
        Ok(Self)
    }

    /// See [`crate::process::ending::Ender::end`]. Tags do not say when a process started, so its program is compared.
    ///
    /// # Errors
    ///
    /// [`EndError`].
    pub fn end(&self, doomed: Doomed<'_>) -> Result<(), EndError> {
        let facts = Mac::default().facts(doomed.key.pid).ok_or(EndError::Gone)?;
        let path = facts.path.as_deref().map(clean_path);
        if path.is_none() || path.as_deref() != doomed.path {
            return Err(EndError::Other);
        }
        if facts.uid != geteuid().as_raw() {
            return Err(EndError::NotYours);
        }
        let signal = if doomed.force { Signal::SIGKILL } else { Signal::SIGTERM };
        kill(Pid::from_raw(doomed.key.pid), signal).map_err(|err| match err {
            Errno::ESRCH => EndError::Gone,
            Errno::EPERM => EndError::NotYours,
            err => EndError::Os(err.into()),
        })
    }
}
