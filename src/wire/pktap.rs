//! Layout: `struct pktap_header` (v1) and `struct pktap_v2_hdr` in xnu `bsd/net/pktap.h`; integers in the host's
//! (little-endian) byte order.

use super::{Error, LinkType, Result};
use crate::event::Direction;

/// What a PKTAP header says, and where the frame inside begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// Length of the PKTAP header; the inner frame begins here.
    pub len: usize,
    /// The inner frame's link type.
    pub link: LinkType,
    /// Bytes of link header at the start of the inner frame, as the kernel says.
    pub link_len: u32,
    /// The interface's name.
    pub interface: &'a str,
    /// The interface's type (`IFT_ETHER` 6, `IFT_LOOP` 0x18, `IFT_OTHER` 1, …).
    pub interface_type: u16,
    /// Which way the packet went.
    pub direction: Option<Direction>,
    /// The process that does the talking; not positive when the kernel did not know.
    pub pid: i32,
    /// Its command name.
    pub name: &'a str,
    /// The process that the traffic is for; not positive when that is the same.
    pub effective_pid: i32,
    /// That one's command name.
    pub effective_name: &'a str,
    /// The flags, as in the header (`PTH_FLAG_…`).
    pub flags: u32,
    /// The kernel's flow id (`pth_flowid`), 0 when there is none.
    pub flow_id: u32,
}

/// Reads a PKTAP header, v1 of 108 bytes and more, or v2.
///
/// # Errors
///
/// - [`Error::Truncated`]: `bytes` ends inside the header.
/// - [`Error::Malformed`]: a length that cannot be.
pub fn read(bytes: &[u8]) -> Result<Header<'_>> {
    let _ = bytes;
    Err(Error::Truncated)
}
