//! Frames as the network carries them now: libpcap's live capture, opened by the helper alone.

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub use linux::{Live, open};

/// Says that live capture is not part of this system's build.
///
/// # Errors
///
/// Always [`Error::NotOnThisSystem`].
#[cfg(not(target_os = "linux"))]
pub fn open(_interface: Option<&str>) -> Result<std::convert::Infallible, Error> {
    Err(Error::NotOnThisSystem)
}

/// What the kernel did since the capture began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames that the kernel handed over.
    pub received: u64,
    /// Frames that the kernel had no room for.
    pub dropped: u64,
}

/// Why there is no live capture, or none any longer. Each message is a sentence for the window.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No interface of that name.
    #[error("there is no interface {name:?}; there are {there}")]
    NoSuchInterface {
        /// What was asked for.
        name: String,
        /// The interfaces there are, with commas between.
        there: String,
    },
    /// The system refuses.
    #[error("this process may not capture packets ({0}); start the helper as root")]
    NoPermission(String),
    /// libpcap refuses, in its own words.
    #[error("the capture could not be opened: {0}")]
    Open(String),
    /// libpcap gave up, in its own words.
    #[error("the capture ended: {0}")]
    Read(String),
    /// This build has no live capture.
    #[error("live capture on this system needs the helper of a later version of Crow")]
    NotOnThisSystem,
}
