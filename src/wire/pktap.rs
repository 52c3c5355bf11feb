//! Apple's PKTAP header: which process, interface and direction a captured frame belongs to.
//!
//! Layout: `struct pktap_header` (v1) and `struct pktap_v2_hdr` in xnu `bsd/net/pktap.h`; integers in the
//! host's (little-endian) byte order. v1 has grown over the years: 108 bytes in macOS 10.9, 156 since.

use super::{Error, LinkType, Result};
use crate::event::Direction;

// v1: offset in bytes                    type, meaning
const PTH_LENGTH: usize = 0; //           u32, length of this header
const PTH_TYPE_NEXT: usize = 4; //        u32, what follows; see PTH_TYPE_PACKET
const PTH_DLT: usize = 8; //              u32, link type of the inner frame
const PTH_IFNAME: usize = 12; //          char[24]
const PTH_FLAGS: usize = 36; //           u32, in v1 and v2 alike
const PTH_FRAME_PRE_LENGTH: usize = 44; // u32, bytes of link header at the start of the inner frame
const PTH_PID: usize = 52; //             i32, owner of the socket; not positive when unknown
const PTH_COMM: usize = 56; //            char[17]
const PTH_IFTYPE: usize = 80; //          u16, IFT_…
const PTH_EPID: usize = 84; //            i32, the app that a service such as nsurlsessiond acts for
const PTH_ECOMM: usize = 88; //           char[17]
const PTH_FLOWID: usize = 108; //         u32, absent from the 108-byte header

// v2: offset in bytes                    type, meaning
const V2_LENGTH: usize = 0; //            u8, length of this header
const V2_IFNAME_OFFSET: usize = 3; //     u8, where the name begins; 0 when it is absent
const V2_COMM_OFFSET: usize = 4; //       u8
const V2_ECOMM_OFFSET: usize = 5; //      u8
const V2_DLT: usize = 6; //               u16
const V2_FRAME_PRE_LENGTH: usize = 8; //  u16
const V2_IFTYPE: usize = 12; //           u16
const V2_FLOWID: usize = 24; //           u32
const V2_PID: usize = 28; //              i32
const V2_EPID: usize = 32; //             i32

const PTH_TYPE_PACKET: u32 = 1;
const IFNAME_LEN: usize = 24;
const COMM_LEN: usize = 17;
const V1_MIN_LEN: usize = 108;
const V2_MIN_LEN: usize = 40;
/// Longer v1 headers are lies: the largest so far has 156 bytes.
const MAX_V1_LEN: usize = 1024;

/// The packet was received.
pub const FLAG_DIR_IN: u32 = 0x0000_0001;
/// The packet was sent.
pub const FLAG_DIR_OUT: u32 = 0x0000_0002;
/// The socket's process acts for another one. Not set on every path: compare the pids instead.
pub const FLAG_PROC_DELEGATED: u32 = 0x0000_0004;
/// The interface acts for another one.
pub const FLAG_IF_DELEGATED: u32 = 0x0000_0008;
/// The header's own time stamp is set.
pub const FLAG_TIMESTAMP: u32 = 0x0000_2000;
/// The first packet of a flow.
pub const FLAG_NEW_FLOW: u32 = 0x0000_4000;
/// A TCP retransmission.
pub const FLAG_RETRANSMIT: u32 = 0x0000_8000;
/// A keep-alive probe.
pub const FLAG_KEEP_ALIVE: u32 = 0x0001_0000;
/// The flow belongs to a socket.
pub const FLAG_SOCKET: u32 = 0x0002_0000;
/// The flow belongs to a user-space network stack's channel.
pub const FLAG_NEXUS_CHANNEL: u32 = 0x0004_0000;
/// The header is of version 2.
pub const FLAG_V2_HEADER: u32 = 0x0008_0000;
/// The packet woke the machine.
pub const FLAG_WAKE_PACKET: u32 = 0x0010_0000;

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
/// Names end at their first NUL, and before the first byte that is not UTF-8 (the kernel cuts names by bytes).
///
/// # Errors
///
/// - [`Error::Truncated`]: `bytes` ends inside the header.
/// - [`Error::Malformed`]: a length or an offset that cannot be.
/// - [`Error::Unsupported`]: a header that no captured packet follows (a drop report, the end of a list).
pub fn read(bytes: &[u8]) -> Result<Header<'_>> {
    let flags = u32_at(bytes, PTH_FLAGS)?;
    if flags & FLAG_V2_HEADER == 0 { v1(bytes, flags) } else { v2(bytes, flags) }
}

fn v1(bytes: &[u8], flags: u32) -> Result<Header<'_>> {
    let len = usize::try_from(u32_at(bytes, PTH_LENGTH)?).map_err(|_| Error::Malformed)?;
    if !(V1_MIN_LEN..=MAX_V1_LEN).contains(&len) {
        return Err(Error::Malformed);
    }
    let header = bytes.get(..len).ok_or(Error::Truncated)?;
    if u32_at(header, PTH_TYPE_NEXT)? != PTH_TYPE_PACKET {
        return Err(Error::Unsupported);
    }
    let link = u16::try_from(u32_at(header, PTH_DLT)?).map_err(|_| Error::Malformed)?;
    Ok(Header {
        len,
        link: LinkType(link),
        link_len: u32_at(header, PTH_FRAME_PRE_LENGTH)?,
        interface: text(header, PTH_IFNAME, IFNAME_LEN)?,
        interface_type: u16_at(header, PTH_IFTYPE)?,
        direction: direction(flags),
        pid: i32_at(header, PTH_PID)?,
        name: text(header, PTH_COMM, COMM_LEN)?,
        effective_pid: i32_at(header, PTH_EPID)?,
        effective_name: text(header, PTH_ECOMM, COMM_LEN)?,
        flags,
        flow_id: u32_at(header, PTH_FLOWID).unwrap_or(0),
    })
}

fn v2(bytes: &[u8], flags: u32) -> Result<Header<'_>> {
    let len = usize::from(u8_at(bytes, V2_LENGTH)?);
    if len < V2_MIN_LEN {
        return Err(Error::Malformed);
    }
    let header = bytes.get(..len).ok_or(Error::Truncated)?;
    Ok(Header {
        len,
        link: LinkType(u16_at(header, V2_DLT)?),
        link_len: u16_at(header, V2_FRAME_PRE_LENGTH)?.into(),
        interface: text_v2(header, V2_IFNAME_OFFSET, IFNAME_LEN)?,
        interface_type: u16_at(header, V2_IFTYPE)?,
        direction: direction(flags),
        pid: i32_at(header, V2_PID)?,
        name: text_v2(header, V2_COMM_OFFSET, COMM_LEN)?,
        effective_pid: i32_at(header, V2_EPID)?,
        effective_name: text_v2(header, V2_ECOMM_OFFSET, COMM_LEN)?,
        flags,
        flow_id: u32_at(header, V2_FLOWID)?,
    })
}

/// The kernel sets exactly one of the two (`outgoing ? DIR_OUT : DIR_IN` in xnu `bsd/net/pktap.c`; the
/// comments beside the flags in `pktap.h` have them the wrong way round).
const fn direction(flags: u32) -> Option<Direction> {
    match flags & (FLAG_DIR_IN | FLAG_DIR_OUT) {
        FLAG_DIR_IN => Some(Direction::In),
        FLAG_DIR_OUT => Some(Direction::Out),
        _ => None,
    }
}

/// The text of at most `len` bytes to which the byte at `offset_at` points.
fn text_v2(header: &[u8], offset_at: usize, len: usize) -> Result<&str> {
    match usize::from(u8_at(header, offset_at)?) {
        0 => Ok(""),
        offset if offset < V2_MIN_LEN || offset >= header.len() => Err(Error::Malformed),
        offset => text(header, offset, len.min(header.len() - offset)),
    }
}

fn text(header: &[u8], offset: usize, len: usize) -> Result<&str> {
    let field = header.get(offset..).and_then(|rest| rest.get(..len)).ok_or(Error::Malformed)?;
    let name = field.split(|&byte| byte == 0).next().unwrap_or_default();
    Ok(name.utf8_chunks().next().map_or("", |chunk| chunk.valid()))
}

fn array_at<const N: usize>(bytes: &[u8], offset: usize) -> Result<[u8; N]> {
    bytes.get(offset..).and_then(<[u8]>::first_chunk::<N>).copied().ok_or(Error::Truncated)
}

fn u8_at(bytes: &[u8], offset: usize) -> Result<u8> {
    array_at(bytes, offset).map(u8::from_le_bytes)
}

fn u16_at(bytes: &[u8], offset: usize) -> Result<u16> {
    array_at(bytes, offset).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], offset: usize) -> Result<u32> {
    array_at(bytes, offset).map(u32::from_le_bytes)
}

fn i32_at(bytes: &[u8], offset: usize) -> Result<i32> {
    array_at(bytes, offset).map(i32::from_le_bytes)
}

#[cfg(test)]
mod tests;
