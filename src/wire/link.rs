//! Link headers: from the first byte of a frame to the first byte of its IP packet.

mod others;
mod wifi;

use etherparse::{Ethernet2HeaderSlice, SingleVlanHeaderSlice};

use super::cursor::Cursor;
use super::{Error, LinkType, Result};
use crate::event::Direction;

// Ethernet types (IANA "IEEE 802 Numbers").
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const VLAN: u16 = 0x8100; //           802.1Q
const VLAN_SERVICE: u16 = 0x88a8; //   802.1ad
const VLAN_9100: u16 = 0x9100; //      stacked tags before 802.1ad
const VLAN_9200: u16 = 0x9200;
const PPPOE_SESSION: u16 = 0x8864; //  RFC 2516 §4
const MPLS: u16 = 0x8847; //           RFC 5332 §3
const MPLS_UPSTREAM: u16 = 0x8848;
const SERVICE_INSTANCE: u16 = 0x88e7; // 802.1ah: a whole frame behind a tag of 4 bytes
/// Tags and what of each stands before the next type: Cisco's metadata, its VN-Tag (802.1BR), HSR (IEC 62439-3).
const OTHER_TAGS: [(u16, usize); 3] = [(0x8909, 6), (0x8926, 4), (0x892f, 4)];
/// Smaller values of the field are lengths (IEEE 802.3 §3.2.6).
pub(super) const FIRST_ETHER_TYPE: u16 = 0x0600;

// PPP protocol numbers (RFC 1332 §2, RFC 5072 §2).
const PPP_IPV4: u16 = 0x0021;
const PPP_IPV6: u16 = 0x0057;

/// `ARPHRD_LOOPBACK` in Linux `include/uapi/linux/if_arp.h`.
const ARPHRD_LOOPBACK: u16 = 772;
/// `ARPHRD_NETLINK`: the protocol field is a netlink family there, not an Ethernet type.
const ARPHRD_NETLINK: u16 = 824;

/// What the link header says, and the IP packet behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link<'a> {
    /// Begins with the IP header; padding, trailers and checksums of the link may follow the packet.
    pub(super) ip: &'a [u8],
    /// The IP version that the link header promises, where it does.
    pub(super) version: Option<u8>,
    pub(super) direction: Option<Direction>,
    pub(super) interface_index: Option<u32>,
    pub(super) other_host: bool,
    pub(super) loopback: bool,
}

impl<'a> Link<'a> {
    const fn new(ip: &'a [u8], version: Option<u8>) -> Self {
        Self { ip, version, direction: None, interface_index: None, other_host: false, loopback: false }
    }
}

/// Reads the link header of a frame of type `link`.
pub(super) fn read(link: LinkType, bytes: &[u8]) -> Result<Link<'_>> {
    match link {
        LinkType::ETHERNET => ethernet(bytes),
        LinkType::NULL | LinkType::LOOP => null(bytes),
        LinkType::RAW | LinkType::RAW_BSD | LinkType::RAW_OPENBSD => Ok(Link::new(bytes, None)),
        LinkType::IPV4 => Ok(Link::new(bytes, Some(4))),
        LinkType::IPV6 => Ok(Link::new(bytes, Some(6))),
        LinkType::LINUX_SLL => sll(bytes),
        LinkType::LINUX_SLL2 => sll2(bytes),
        LinkType::PPP | LinkType::PPP_HDLC | LinkType::CISCO_HDLC => ppp_framed(bytes),
        LinkType::PPP_ETHER => pppoe(bytes),
        LinkType::WIFI => wifi::frame(bytes),
        LinkType::RADIOTAP => wifi::radiotap(bytes),
        LinkType::PRISM | LinkType::AVS => wifi::prism(bytes),
        LinkType::PPI => others::ppi(bytes),
        link => others::read(link, bytes),
    }
}

/// Whether [`read`] reads frames of type `link`.
pub(super) const fn supports(link: LinkType) -> bool {
    matches!(
        link,
        LinkType::ETHERNET
            | LinkType::NULL
            | LinkType::LOOP
            | LinkType::RAW
            | LinkType::RAW_BSD
            | LinkType::RAW_OPENBSD
            | LinkType::IPV4
            | LinkType::IPV6
            | LinkType::LINUX_SLL
            | LinkType::LINUX_SLL2
            | LinkType::PPP
            | LinkType::PPP_HDLC
            | LinkType::CISCO_HDLC
            | LinkType::PPP_ETHER
            | LinkType::WIFI
            | LinkType::RADIOTAP
            | LinkType::PRISM
            | LinkType::AVS
            | LinkType::PPI
    ) || others::supports(link)
}

pub(super) fn ethernet(bytes: &[u8]) -> Result<Link<'_>> {
    let header = Ethernet2HeaderSlice::from_slice(bytes).map_err(|_| Error::Truncated)?;
    let rest = bytes.get(header.slice().len()..).unwrap_or_default();
    ether_type(header.ether_type().0, rest)
}

/// What follows an Ethernet type: tags, `PPPoE` or IP.
pub(super) fn ether_type(first: u16, bytes: &[u8]) -> Result<Link<'_>> {
    let (mut kind, mut rest) = (first, bytes);
    loop {
        match kind {
            IPV4 => return Ok(Link::new(rest, Some(4))),
            IPV6 => return Ok(Link::new(rest, Some(6))),
            VLAN | VLAN_SERVICE | VLAN_9100 | VLAN_9200 => {
                let tag = SingleVlanHeaderSlice::from_slice(rest).map_err(|_| Error::Truncated)?;
                rest = rest.get(tag.slice().len()..).unwrap_or_default();
                kind = tag.ether_type().0;
            }
            _ => return seldom(kind, rest),
        }
    }
}

/// What follows the rarer Ethernet types; out of line, because every frame would pay for it.
#[cold]
#[inline(never)]
fn seldom(kind: u16, bytes: &[u8]) -> Result<Link<'_>> {
    match kind {
        PPPOE_SESSION => pppoe(bytes),
        MPLS | MPLS_UPSTREAM => mpls(bytes),
        SERVICE_INSTANCE => tagged_ip(bytes, 4 + 12),
        length if length < FIRST_ETHER_TYPE => snap(bytes),
        _ => {
            let len = OTHER_TAGS.iter().find(|(tag, _)| *tag == kind).ok_or(Error::Unsupported)?.1;
            tagged_ip(bytes, len)
        }
    }
}

/// IP behind `len` bytes, an Ethernet type, and one tag at most: what went through all of them again would go as deep as
/// a frame is long.
fn tagged_ip(bytes: &[u8], len: usize) -> Result<Link<'_>> {
    let mut cursor = Cursor::new(bytes);
    cursor.bytes(len)?;
    let mut ahead = cursor;
    if ahead.u16_be()? == VLAN {
        ahead.bytes(2)?;
        cursor = ahead;
    }
    bare_ip(cursor)
}

/// IP behind an Ethernet type that must be IP's.
fn bare_ip(mut cursor: Cursor<'_>) -> Result<Link<'_>> {
    match cursor.u16_be()? {
        IPV4 => Ok(Link::new(cursor.rest(), Some(4))),
        IPV6 => Ok(Link::new(cursor.rest(), Some(6))),
        _ => Err(Error::Unsupported),
    }
}

/// IP of the version that its first byte says.
pub(super) fn ip(bytes: &[u8]) -> Result<Link<'_>> {
    match bytes.first().map(|byte| byte >> 4) {
        Some(version @ (4 | 6)) => Ok(Link::new(bytes, Some(version))),
        Some(_) => Err(Error::Unsupported),
        None => Err(Error::Truncated),
    }
}

/// IP in IEEE 802.2 LLC with a SNAP header (RFC 1042), also as a bridge to Ethernet writes it (802.1H).
fn snap(bytes: &[u8]) -> Result<Link<'_>> {
    let mut cursor = Cursor::new(bytes);
    match cursor.array::<6>()? {
        [0xaa, 0xaa, 0x03, 0, 0, 0 | 0xf8] => bare_ip(cursor),
        _ => Err(Error::Unsupported),
    }
}

/// IP behind MPLS labels (RFC 3032 §2.1). They do not say what follows: only IP begins with 4 or 6 (RFC 4928 §3), and
/// what begins with 0 is an Ethernet frame behind a control word (RFC 4448 §4.6).
pub(super) fn mpls(bytes: &[u8]) -> Result<Link<'_>> {
    const BOTTOM_OF_STACK: u32 = 0x100;
    let mut cursor = Cursor::new(bytes);
    while cursor.u32_be()? & BOTTOM_OF_STACK == 0 {}
    match cursor.rest().first().map(|byte| byte >> 4) {
        Some(0) => tagged_ip(cursor.rest(), 4 + 12), // control word, addresses
        _ => ip(cursor.rest()),
    }
}

/// A `PPPoE` session frame (RFC 2516 §4): version and type 1, code 0, session, length, then PPP.
fn pppoe(bytes: &[u8]) -> Result<Link<'_>> {
    let mut cursor = Cursor::new(bytes);
    let [version_and_type, code] = cursor.array()?;
    if version_and_type != 0x11 {
        return Err(Error::Malformed);
    }
    if code != 0 {
        return Err(Error::Unsupported);
    }
    cursor.bytes(4)?; // session, length
    ppp(cursor)
}

/// PPP, or Cisco HDLC in its place, as `LINKTYPE_PPP` and `LINKTYPE_PPP_HDLC` files hold them.
pub(super) fn ppp_framed(bytes: &[u8]) -> Result<Link<'_>> {
    let mut cursor = Cursor::new(bytes);
    let framed = cursor.array::<2>()?;
    match framed {
        [0xff, 0x03] => ppp(cursor), // RFC 1662 §3.1: all stations, unnumbered
        [0x0f | 0x8f, 0x00] => {
            let kind = cursor.u16_be()?; //           Cisco HDLC, RFC 1547 §4.3.1
            ether_type(kind, cursor.rest())
        }
        _ => ppp(Cursor::new(bytes)), // address and control left out (RFC 1661 §6.6)
    }
}

/// From the PPP protocol field on, which may be compressed to one odd byte (RFC 1661 §6.5).
fn ppp(mut cursor: Cursor<'_>) -> Result<Link<'_>> {
    let first = cursor.u8()?;
    let protocol = if first & 1 == 1 { u16::from(first) } else { u16::from_be_bytes([first, cursor.u8()?]) };
    match protocol {
        PPP_IPV4 => Ok(Link::new(cursor.rest(), Some(4))),
        PPP_IPV6 => Ok(Link::new(cursor.rest(), Some(6))),
        _ => Err(Error::Unsupported),
    }
}

/// BSD loopback. The family is in the byte order of the machine that wrote it, and families are small
/// numbers: so the order that makes it small is the right one.
fn null(bytes: &[u8]) -> Result<Link<'_>> {
    let mut cursor = Cursor::new(bytes);
    let family = cursor.u32_be()?;
    let family = if family > 0xffff { family.swap_bytes() } else { family };
    match family {
        2 => Ok(Link::new(cursor.rest(), Some(4))),
        // AF_INET6: Linux 10; NetBSD, OpenBSD 24; FreeBSD 28; macOS 30.
        10 | 24 | 28 | 30 => Ok(Link::new(cursor.rest(), Some(6))),
        _ => Err(Error::Unsupported),
    }
}

/// Linux cooked v1: packet type, ARPHRD, address length, address[8], protocol.
fn sll(bytes: &[u8]) -> Result<Link<'_>> {
    let mut cursor = Cursor::new(bytes);
    let packet_type = cursor.u16_be()?;
    let hardware = cursor.u16_be()?;
    cursor.bytes(2 + 8)?;
    let protocol = cursor.u16_be()?;
    cooked(&Cooked { packet_type, hardware, protocol, interface_index: None }, cursor.rest())
}

/// Linux cooked v2: protocol, reserved, interface index, ARPHRD, packet type, address length, address[8].
fn sll2(bytes: &[u8]) -> Result<Link<'_>> {
    let mut cursor = Cursor::new(bytes);
    let protocol = cursor.u16_be()?;
    cursor.bytes(2)?;
    let index = cursor.u32_be()?;
    let hardware = cursor.u16_be()?;
    let packet_type = u16::from(cursor.u8()?);
    cursor.bytes(1 + 8)?;
    cooked(&Cooked { packet_type, hardware, protocol, interface_index: Some(index) }, cursor.rest())
}

/// The fields that both cooked headers have.
struct Cooked {
    packet_type: u16,
    hardware: u16,
    protocol: u16,
    interface_index: Option<u32>,
}

fn cooked<'a>(header: &Cooked, rest: &'a [u8]) -> Result<Link<'a>> {
    if header.hardware == ARPHRD_NETLINK {
        return Err(Error::Unsupported);
    }
    // PACKET_HOST 0, PACKET_BROADCAST 1, PACKET_MULTICAST 2, PACKET_OTHERHOST 3, PACKET_OUTGOING 4
    // (Linux include/uapi/linux/if_packet.h).
    let direction = match header.packet_type {
        0..=2 => Some(Direction::In),
        4 => Some(Direction::Out),
        _ => None,
    };
    Ok(Link {
        direction,
        interface_index: header.interface_index,
        other_host: header.packet_type == 3,
        loopback: header.hardware == ARPHRD_LOOPBACK,
        ..ether_type(header.protocol, rest)?
    })
}
