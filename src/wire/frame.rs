//! One captured frame into one IP packet: link header, IP with its extension headers, transport.

use super::{Error, LinkType, Packet, Result};

/// Reads a frame of type `link`, of which `bytes` were captured out of `wire_len` on the wire.
///
/// # Errors
///
/// - [`Error::Unsupported`]: not IP (ARP, spanning tree, …), or a link type that Crow does not read.
/// - [`Error::Truncated`]: the capture ends before the IP addresses.
/// - [`Error::Malformed`]: lengths or versions that contradict each other.
pub fn decode(link: LinkType, bytes: &[u8], wire_len: u32) -> Result<Packet<'_>> {
    let _ = (link, bytes, wire_len);
    Err(Error::Unsupported)
}
