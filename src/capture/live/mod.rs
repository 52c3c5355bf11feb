//! Frames as the network carries them now: libpcap's live capture, opened by the helper alone.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
mod pktap;
mod replay;

#[cfg(target_os = "linux")]
pub use linux::{Live, open};
#[cfg(target_os = "macos")]
pub use macos::{Live, open};
pub use replay::Replay;

/// What the kernel did since the capture began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames that the kernel handed over.
    pub received: u64,
    /// Frames that the kernel had no room for.
    pub dropped: u64,
}

/// What a capture turned out to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nature {
    /// The link type that libpcap reports, as it is.
    pub link: u16,
    /// The shortest and the longest PKTAP header in bytes; `None` before the first one, and where there are none.
    pub header_bytes: Option<(u32, u32)>,
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
}

fn refused(err: &pcap::Error) -> Error {
    let words = words(err);
    // libpcap says which call failed and the system's text for EPERM or EACCES, in this or that form.
    let lower = words.to_lowercase();
    if lower.contains("permitted") || lower.contains("permission") || lower.contains("cap_net_raw") {
        return Error::NoPermission(words);
    }
    Error::Open(words)
}

/// libpcap's own text, without what the crate puts around it.
fn words(err: &pcap::Error) -> String {
    match err {
        pcap::Error::PcapError(text) => text.clone(),
        other => other.to_string(),
    }
}
