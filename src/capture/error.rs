//! Why frames could not be had, in sentences that a person can act on.

use std::io;
use std::path::PathBuf;

/// Why a recording could not be opened, or why it ended before its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such file.
    #[error("there is no recording at {}: check the path", path.display())]
    Missing {
        /// As it was asked for.
        path: PathBuf,
    },
    /// The path names a folder.
    #[error("{} is a folder: name a pcap or pcapng recording in it", path.display())]
    Folder {
        /// As it was asked for.
        path: PathBuf,
    },
    /// The file is there but the system does not let Crow open it.
    #[error("{} cannot be opened: {source}", path.display())]
    Open {
        /// As it was asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file has no bytes.
    #[error("the recording is empty: nothing was ever written to it")]
    Empty,
    /// The file is compressed.
    #[error("the recording is compressed with {format}: unpack it first, then open the result")]
    Compressed {
        /// The compression's name: `gzip`, `zstd`, …
        format: &'static str,
    },
    /// The file is something else.
    #[error("the file is not a recording: it is neither pcap nor pcapng")]
    NotARecording,
    /// The only link type of a pcap file is one that Crow does not read.
    #[error(
        "the recording's link type {link} is not one that Crow reads: record on an Ethernet, Wi-Fi or tunnel interface"
    )]
    UnsupportedLink {
        /// The `LINKTYPE_` number.
        link: u16,
    },
    /// The file ends inside a packet or block. Everything before it has been delivered.
    #[error("the recording is cut short after packet {packets}: everything before the cut was read")]
    Truncated {
        /// Packets read.
        packets: u64,
    },
    /// The file contradicts its format. Everything before that has been delivered.
    #[error("the recording is damaged after packet {packets} ({what}): everything before that was read")]
    Corrupt {
        /// Packets read.
        packets: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// The system failed to read on. Everything before that has been delivered.
    #[error("the recording could not be read on after packet {packets}: {source}")]
    Read {
        /// Packets read.
        packets: u64,
        /// What the system said.
        source: io::Error,
    },
}
