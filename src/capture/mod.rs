//! Frames into events: where frames come from (the network, a recording) and the meter that turns
//! them into flows and deltas. The same meter runs in the helper and on recordings.

pub mod error;
pub mod file;
mod fragments;
pub mod intake;
pub mod interfaces;
#[cfg(unix)]
pub mod live;
pub mod meter;
mod opening;
pub mod player;
mod tcp;
mod whole;

pub use error::Error;

use crate::event::{Direction, InterfaceId};
use crate::time::Timestamp;
use crate::wire::LinkType;

/// One captured frame, borrowed from the capture's own buffer.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// When the kernel saw it.
    pub time: Timestamp,
    /// Where. For SLL2 the index inside the frame decides instead.
    pub interface: InterfaceId,
    /// What the bytes begin with.
    pub link: LinkType,
    /// Length on the wire in bytes, link header included.
    pub wire_len: u32,
    /// The bytes that were captured.
    pub bytes: &'a [u8],
    /// The way it went, where the recording says so beside the frame (pcapng `epb_flags`).
    pub direction: Option<Direction>,
    /// Whose it is, where the recording says so beside the frame (Apple's pcapng options).
    pub tag: Option<Tag<'a>>,
}

/// A process tag, as PKTAP puts it on a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag<'a> {
    /// The process that does the talking. Not positive when the kernel did not know.
    pub pid: i32,
    /// Its command name, at most 16 bytes.
    pub name: &'a str,
    /// Its program file, where the recording says so.
    pub path: Option<&'a str>,
    /// The process that the traffic is for; not positive when that is the same.
    pub effective_pid: i32,
    /// That one's command name.
    pub effective_name: &'a str,
    /// That one's program file, where the recording says so.
    pub effective_path: Option<&'a str>,
    /// The kernel's own marks on the packet.
    pub marks: Marks,
}

/// Marks that the kernel puts on packets beside the owner, as a set of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(pub u8);

impl Marks {
    /// The first packet of a flow.
    pub const NEW_FLOW: Self = Self(0x01);
    /// A keep-alive probe.
    pub const KEEP_ALIVE: Self = Self(0x02);
    /// A TCP retransmission.
    pub const RETRANSMIT: Self = Self(0x04);
    /// It woke the machine.
    pub const WAKE: Self = Self(0x20);

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}
