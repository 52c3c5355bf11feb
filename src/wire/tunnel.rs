//! Packets inside packets: what a tunnel carries, for recordings made outside of it.
//!
//! On the machine that is the tunnel's end, its interface shows what is inside. A recording made on the way has only
//! the outside: there, the packet inside is read as if it had been seen on an interface of its own.

use super::cursor::Cursor;
use super::link::{self, Link};
use super::{Error, LinkType, Packet, Result, frame};
use crate::event::Protocol;

/// Tunnels in tunnels that are entered.
pub const MAX_DEPTH: usize = 4;

/// A kind of tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// IP in IP, in all four combinations (RFC 2003, RFC 4213, RFC 2473).
    Ip,
    /// GRE (RFC 2784, RFC 2890), PPTP (RFC 2637) and ERSPAN.
    Gre,
    /// Ethernet in IP (RFC 3378).
    EtherIp,
    /// MPLS in IP (RFC 4023) and in UDP (RFC 7510).
    Mpls,
    /// VXLAN (RFC 7348) and its generic extension.
    Vxlan,
    /// Geneve (RFC 8926).
    Geneve,
    /// GTP-U (3GPP TS 29.281).
    Gtp,
    /// L2TP version 2 (RFC 2661).
    L2tp,
    /// Teredo (RFC 4380).
    Teredo,
    /// LISP (RFC 9300).
    Lisp,
    /// `TaZmen` Sniffer Protocol: frames as a remote capture sends them.
    Tzsp,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Ip,
        Self::Gre,
        Self::EtherIp,
        Self::Mpls,
        Self::Vxlan,
        Self::Geneve,
        Self::Gtp,
        Self::L2tp,
        Self::Teredo,
        Self::Lisp,
        Self::Tzsp,
    ];

    /// What people call it; also the name of the interface that stands for its inside.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ip => "IP in IP",
            Self::Gre => "GRE",
            Self::EtherIp => "EtherIP",
            Self::Mpls => "MPLS",
            Self::Vxlan => "VXLAN",
            Self::Geneve => "Geneve",
            Self::Gtp => "GTP",
            Self::L2tp => "L2TP",
            Self::Teredo => "Teredo",
            Self::Lisp => "LISP",
            Self::Tzsp => "TZSP",
        }
    }

    /// The kind that packets of this protocol with these ports may carry.
    #[must_use]
    pub fn of(protocol: Protocol, ports: [u16; 2]) -> Option<Self> {
        // IANA "Protocol Numbers".
        match protocol.0 {
            4 | 41 => Some(Self::Ip),
            47 => Some(Self::Gre),
            97 => Some(Self::EtherIp),
            137 => Some(Self::Mpls),
            _ if protocol == Protocol::UDP => ports.into_iter().find_map(Self::of_port),
            _ => None,
        }
    }

    /// By a UDP port (IANA "Service Name and Transport Protocol Port Number Registry").
    const fn of_port(port: u16) -> Option<Self> {
        match port {
            4789 | 4790 | 8472 => Some(Self::Vxlan), // the last one is Linux's own
            6081 => Some(Self::Geneve),
            2152 => Some(Self::Gtp),
            1701 => Some(Self::L2tp),
            3544 => Some(Self::Teredo),
            6635 => Some(Self::Mpls),
            4341 => Some(Self::Lisp),
            37008 => Some(Self::Tzsp),
            _ => None,
        }
    }
}

/// The packet inside another one's payload, of which `payload` was captured out of `wire_len` bytes.
///
/// # Errors
///
/// - [`Error::Unsupported`]: no packet, but the tunnel's own talk, or another network's.
/// - [`Error::Truncated`]: the capture ends before its addresses.
/// - [`Error::Malformed`]: lengths or versions that contradict each other.
pub fn enter(kind: Kind, payload: &[u8], wire_len: u32) -> Result<Packet<'_>> {
    let link = match kind {
        Kind::Ip => link::ip(payload),
        Kind::Gre => gre(payload),
        Kind::EtherIp => ether_ip(payload),
        Kind::Mpls => link::mpls(payload),
        Kind::Vxlan => vxlan(payload),
        Kind::Geneve => geneve(payload),
        Kind::Gtp => gtp(payload),
        Kind::L2tp => l2tp(payload),
        Kind::Teredo => teredo(payload),
        // Flags, a nonce or versions, what networks or locators there are (RFC 9300 §5.3).
        Kind::Lisp => link::ip(payload.get(8..).ok_or(Error::Truncated)?),
        Kind::Tzsp => tzsp(payload),
    }?;
    let header_len = u32::try_from(payload.len() - link.ip.len()).map_err(|_| Error::Malformed)?;
    frame::packet(link, wire_len.saturating_sub(header_len))
}

/// RFC 2784 §2, with the keys and numbers of RFC 2890 §2 and, in version 1, RFC 2637 §4.1.
fn gre(bytes: &[u8]) -> Result<Link<'_>> {
    const CHECKSUM: u16 = 0x8000;
    const ROUTING: u16 = 0x4000;
    const KEY: u16 = 0x2000;
    const SEQUENCE: u16 = 0x1000;
    const ACKNOWLEDGEMENT: u16 = 0x0080;
    const PPP: u16 = 0x880b;
    const ETHERNET: u16 = 0x6558;
    const ERSPAN: u16 = 0x88be;
    const ERSPAN_3: u16 = 0x22eb;
    const WCCP: u16 = 0x883e;
    let mut cursor = Cursor::new(bytes);
    let (flags, kind) = (cursor.u16_be()?, cursor.u16_be()?);
    if flags & ROUTING != 0 {
        return Err(Error::Unsupported);
    }
    for field in [CHECKSUM, KEY, SEQUENCE, ACKNOWLEDGEMENT] {
        if flags & field != 0 {
            cursor.bytes(4)?;
        }
    }
    match kind {
        PPP => link::ppp_framed(cursor.rest()),
        ETHERNET => link::ethernet(cursor.rest()),
        ERSPAN => {
            // Only the second type numbers its frames, and has a header.
            cursor.bytes(if flags & SEQUENCE == 0 { 0 } else { 8 })?;
            link::ethernet(cursor.rest())
        }
        ERSPAN_3 => {
            let [.., last] = cursor.array::<12>()?;
            cursor.bytes(if last & 1 == 0 { 0 } else { 8 })?;
            link::ethernet(cursor.rest())
        }
        WCCP => {
            // A header stands before IP in the second version only (draft-wilson-wrec-wccp-v2 §4.12.1).
            let is_bare = cursor.rest().first().is_some_and(|byte| byte >> 4 == 4);
            cursor.bytes(if is_bare { 0 } else { 4 })?;
            link::ip(cursor.rest())
        }
        kind => network(kind, cursor.rest()),
    }
}

/// What an Ethernet type names. Here none is a length: GRE says 0 where nothing follows.
fn network(kind: u16, bytes: &[u8]) -> Result<Link<'_>> {
    if kind < link::FIRST_ETHER_TYPE { Err(Error::Unsupported) } else { link::ether_type(kind, bytes) }
}

fn ether_ip(bytes: &[u8]) -> Result<Link<'_>> {
    match bytes.split_first_chunk() {
        Some((&[0x30, 0], frame)) => link::ethernet(frame),
        Some(_) => Err(Error::Unsupported),
        None => Err(Error::Truncated),
    }
}

/// RFC 7348 §5; where the P bit says what follows, draft-ietf-nvo3-vxlan-gpe §3.
fn vxlan(bytes: &[u8]) -> Result<Link<'_>> {
    const HAS_NETWORK: u8 = 0x08;
    const HAS_PROTOCOL: u8 = 0x04;
    let mut cursor = Cursor::new(bytes);
    let [flags, _, _, protocol, ..] = cursor.array::<8>()?;
    if flags & HAS_NETWORK == 0 {
        return Err(Error::Unsupported);
    }
    match protocol {
        1 | 2 if flags & HAS_PROTOCOL != 0 => link::ip(cursor.rest()),
        0 | 3 => link::ethernet(cursor.rest()),
        _ => Err(Error::Unsupported),
    }
}

/// RFC 8926 §3.4.
fn geneve(bytes: &[u8]) -> Result<Link<'_>> {
    const CONTROL: u8 = 0x80;
    const ETHERNET: u16 = 0x6558;
    let mut cursor = Cursor::new(bytes);
    let [version_and_len, flags] = cursor.array()?;
    let kind = cursor.u16_be()?;
    cursor.bytes(4)?; // network, reserved
    if version_and_len >> 6 != 0 || flags & CONTROL != 0 {
        return Err(Error::Unsupported);
    }
    cursor.bytes(usize::from(version_and_len & 0x3f) * 4)?;
    if kind == ETHERNET { link::ethernet(cursor.rest()) } else { network(kind, cursor.rest()) }
}

/// 3GPP TS 29.281 §5.1: a packet of a user, behind extension headers.
fn gtp(bytes: &[u8]) -> Result<Link<'_>> {
    const VERSION_1: u8 = 0x30; // and "GTP", not "GTP prime"
    const PACKET: u8 = 0xff;
    let mut cursor = Cursor::new(bytes);
    let [flags, kind] = cursor.array()?;
    cursor.bytes(2 + 4)?; // length, tunnel
    if flags & 0xf0 != VERSION_1 || kind != PACKET {
        return Err(Error::Unsupported);
    }
    if flags & 0x07 != 0 {
        let [_, _, _, mut next] = cursor.array()?; // number, number, kind of extension
        while next != 0 {
            let len = usize::from(cursor.u8()?) * 4;
            let rest = cursor.bytes(len.checked_sub(1).ok_or(Error::Malformed)?)?;
            next = *rest.last().ok_or(Error::Malformed)?;
        }
    }
    link::ip(cursor.rest())
}

/// RFC 2661 §3.1: a data message, in which PPP follows.
fn l2tp(bytes: &[u8]) -> Result<Link<'_>> {
    const CONTROL: u16 = 0x8000;
    const LENGTH: u16 = 0x4000;
    const SEQUENCE: u16 = 0x0800;
    const OFFSET: u16 = 0x0200;
    let mut cursor = Cursor::new(bytes);
    let flags = cursor.u16_be()?;
    if flags & CONTROL != 0 || flags & 0xf != 2 {
        return Err(Error::Unsupported);
    }
    cursor.bytes(if flags & LENGTH == 0 { 4 } else { 2 + 4 })?; // length, tunnel, session
    cursor.bytes(if flags & SEQUENCE == 0 { 0 } else { 4 })?;
    if flags & OFFSET != 0 {
        let len = cursor.u16_be()?;
        cursor.bytes(len.into())?;
    }
    link::ppp_framed(cursor.rest())
}

/// RFC 4380 §5.1.1: IPv6 behind who vouches for it and where it came from.
fn teredo(bytes: &[u8]) -> Result<Link<'_>> {
    let mut cursor = Cursor::new(bytes);
    if let [0, 1, ..] = cursor.rest() {
        cursor.bytes(2)?;
        let [client, secret] = cursor.array()?;
        cursor.bytes(usize::from(client) + usize::from(secret) + 8 + 1)?; // nonce, confirmation
    }
    if let [0, 0, ..] = cursor.rest() {
        cursor.bytes(8)?;
    }
    match link::ip(cursor.rest())? {
        link @ Link { version: Some(6), .. } => Ok(link),
        _ => Err(Error::Unsupported),
    }
}

/// Version, type, what is inside; tags up to the last one; the frame.
fn tzsp(bytes: &[u8]) -> Result<Link<'_>> {
    const PADDING: u8 = 0;
    const LAST: u8 = 1;
    let mut cursor = Cursor::new(bytes);
    let [version, kind] = cursor.array()?;
    let inside = cursor.u16_be()?;
    if version != 1 || kind > 1 {
        return Err(Error::Unsupported);
    }
    loop {
        match cursor.u8()? {
            PADDING => {}
            LAST => break,
            _ => {
                cursor.vec8()?;
            }
        }
    }
    let inside = match inside {
        1 => LinkType::ETHERNET,
        18 => LinkType::WIFI,
        119 => LinkType::PRISM,
        127 => LinkType::AVS,
        _ => return Err(Error::Unsupported),
    };
    link::read(inside, cursor.rest())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
mod tests;
