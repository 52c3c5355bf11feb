//! Ends a process of the user's own, and only the one that was meant: pids are given to other processes.

use std::io;

#[cfg(target_os = "linux")]
use super::linux::ending as system;
#[cfg(target_os = "macos")]
use super::macos::ending as system;
use crate::event::ProcessKey;

/// Who is to end.
#[derive(Clone, Copy, Debug)]
pub struct Doomed<'a> {
    /// Which process.
    pub key: ProcessKey,
    /// Its program's file, as it was seen.
    pub path: Option<&'a str>,
    /// Whether it is not asked (`SIGKILL`) but asked (`SIGTERM`).
    pub force: bool,
}

/// Why a process was not ended. Each message is one sentence that can stand behind the process's name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EndError {
    /// There is no such process any more.
    #[error("it has ended already")]
    Gone,
    /// The pid is another process's, or it cannot be told whose.
    #[error("another process has its number now, so nothing was done")]
    Other,
    /// It runs as another user.
    #[error("it belongs to another user; end it with that user's rights")]
    NotYours,
    /// The system refused.
    #[error("the system refused ({0}); end it with the system's own tools")]
    Os(#[from] io::Error),
}

/// Ends processes. Make it when the capture begins: the starts of processes are reckoned from the same clock.
#[derive(Debug)]
pub struct Ender(system::Ender);

impl Ender {
    /// Ready to end processes.
    ///
    /// # Errors
    ///
    /// [`super::Error::Os`] when the system does not say when it booted.
    pub fn new() -> Result<Self, super::Error> {
        system::Ender::new().map(Self)
    }

    /// Signals the process, after comparing its start (or, where that is unknown, its program) and its user.
    ///
    /// # Errors
    ///
    /// [`EndError`]; nothing was signalled then.
    pub fn end(&self, doomed: Doomed<'_>) -> Result<(), EndError> {
        self.0.end(doomed)
    }
}
