//! Links that few recordings have: old networks, wide-area lines, and what firewalls and analysers write.

use super::super::cursor::Cursor;
use super::super::{Error, LinkType, Result};
use super::{Link, bare_ip, ethernet, ip, ppp_framed, snap};
use crate::event::Direction;

/// Network-layer ids of the two IPs (ISO/IEC TR 9577).
const NLPID_IPV4: u8 = 0xcc;
const NLPID_IPV6: u8 = 0x8e;
const NLPID_SNAP: u8 = 0x80;

/// What Ethernet puts before a frame, and the byte that ends it (IEEE 802.3 §3.2.1, §3.2.2).
const PREAMBLE_LEN: usize = 8;
const START_OF_FRAME: u8 = 0xd5;

/// Reads the link header of a frame of type `link`.
pub(super) fn read(link: LinkType, bytes: &[u8]) -> Result<Link<'_>> {
    match link {
        LinkType::PPP_PPPD => directed(bytes, pppd),
        LinkType::PPP_DIRECTED | LinkType::CISCO_HDLC_DIRECTED => directed(bytes, ppp_framed),
        LinkType::FRAME_RELAY => frame_relay(bytes),
        LinkType::FRAME_RELAY_DIRECTED => directed(bytes, frame_relay),
        LinkType::ATM | LinkType::ATM_BSD => atm(bytes),
        LinkType::FDDI => snap(after(bytes, 1 + 6 + 6)?),
        LinkType::TOKEN_RING => token_ring(bytes),
        LinkType::FIBRE_CHANNEL => snap(after(bytes, 8 + 8)?),
        LinkType::FIREWIRE => bare_ip(Cursor::new(after(bytes, 8 + 8)?)),
        LinkType::ENC => ip(after(bytes, 4 + 4 + 4)?),
        LinkType::PFLOG => {
            let len = usize::from(*bytes.first().ok_or(Error::Truncated)?);
            ip(after(bytes, len.next_multiple_of(4))?)
        }
        LinkType::IPNET => ip(after(bytes, 24)?),
        LinkType::NETANALYZER => ethernet(after(bytes, 4)?),
        LinkType::NETANALYZER_TRANSPARENT => ethernet(after(bytes, 4 + PREAMBLE_LEN)?),
        LinkType::ETHERNET_PREAMBLE => match bytes.get(PREAMBLE_LEN - 1) {
            Some(&START_OF_FRAME) => ethernet(after(bytes, PREAMBLE_LEN)?),
            Some(_) => Err(Error::Unsupported), // a part of a frame that was interrupted
            None => Err(Error::Truncated),
        },
        _ => Err(Error::Unsupported),
    }
}

/// Whether [`read`] reads frames of type `link`.
pub(super) const fn supports(link: LinkType) -> bool {
    matches!(
        link,
        LinkType::PPP_PPPD
            | LinkType::PPP_DIRECTED
            | LinkType::CISCO_HDLC_DIRECTED
            | LinkType::FRAME_RELAY
            | LinkType::FRAME_RELAY_DIRECTED
            | LinkType::ATM
            | LinkType::ATM_BSD
            | LinkType::FDDI
            | LinkType::TOKEN_RING
            | LinkType::FIBRE_CHANNEL
            | LinkType::FIREWIRE
            | LinkType::ENC
            | LinkType::PFLOG
            | LinkType::IPNET
            | LinkType::NETANALYZER
            | LinkType::NETANALYZER_TRANSPARENT
            | LinkType::ETHERNET_PREAMBLE
    )
}

/// A per-packet information header (CACE PPI 1.0.10 §3): version, flags, length, link type, then the frame.
pub(super) fn ppi(bytes: &[u8]) -> Result<Link<'_>> {
    let mut cursor = Cursor::new(bytes);
    cursor.bytes(2)?;
    let len = usize::from(cursor.array().map(u16::from_le_bytes)?);
    let link = cursor.array().map(u32::from_le_bytes)?;
    let link = u16::try_from(link).map(LinkType).map_err(|_| Error::Unsupported)?;
    if len < 8 || link == LinkType::PPI {
        return Err(Error::Malformed);
    }
    super::read(link, after(bytes, len)?)
}

fn after(bytes: &[u8], len: usize) -> Result<&[u8]> {
    bytes.get(len..).ok_or(Error::Truncated)
}

/// A byte before the frame says whether it was received (0) or sent.
fn directed<'a>(bytes: &'a [u8], read: fn(&'a [u8]) -> Result<Link<'a>>) -> Result<Link<'a>> {
    let (first, rest) = bytes.split_first().ok_or(Error::Truncated)?;
    let direction = if *first == 0 { Direction::In } else { Direction::Out };
    Ok(Link { direction: Some(direction), ..read(rest)? })
}

/// PPP whose address byte the direction has replaced; the control byte may still be there.
fn pppd(bytes: &[u8]) -> Result<Link<'_>> {
    ppp_framed(bytes.strip_prefix(&[0x03]).unwrap_or(bytes))
}

/// Frame Relay: an address that ends with its last bit, then RFC 2427 §3, or an Ethernet type as Cisco writes it.
fn frame_relay(bytes: &[u8]) -> Result<Link<'_>> {
    const UNNUMBERED: u8 = 0x03;
    let mut cursor = Cursor::new(bytes);
    let mut len = 1;
    while cursor.u8()? & 1 == 0 {
        len += 1;
        if len > 4 {
            return Err(Error::Unsupported);
        }
    }
    let mut ahead = cursor;
    if ahead.u8()? != UNNUMBERED {
        return bare_ip(cursor);
    }
    let mut protocol = ahead.u8()?;
    if protocol == 0 {
        protocol = ahead.u8()?; // filled up to an even length
    }
    network_layer(protocol, ahead)
}

fn network_layer(protocol: u8, mut cursor: Cursor<'_>) -> Result<Link<'_>> {
    match protocol {
        NLPID_IPV4 | NLPID_IPV6 => ip(cursor.rest()),
        NLPID_SNAP if cursor.array()? == [0, 0, 0] => bare_ip(cursor),
        _ => Err(Error::Unsupported),
    }
}

/// IP over ATM (RFC 2684 §5): routed in LLC, or an Ethernet frame.
fn atm(bytes: &[u8]) -> Result<Link<'_>> {
    let mut cursor = Cursor::new(bytes);
    match cursor.array()? {
        [0xfe, 0xfe, 0x03] => {
            let protocol = cursor.u8()?;
            network_layer(protocol, cursor)
        }
        [0xaa, 0xaa, 0x03] => match cursor.array()? {
            [0, 0, 0] => bare_ip(cursor),
            [0, 0x80, 0xc2] => {
                cursor.bytes(2 + 2)?; // kind, padding
                ethernet(cursor.rest())
            }
            _ => Err(Error::Unsupported),
        },
        _ => Err(Error::Unsupported),
    }
}

/// Token Ring: access and frame control, two addresses, a route where the source's first bit says so, LLC.
fn token_ring(bytes: &[u8]) -> Result<Link<'_>> {
    let mut cursor = Cursor::new(bytes);
    cursor.bytes(2 + 6)?;
    let [source, ..] = cursor.array::<6>()?;
    if source & 0x80 != 0 {
        let mut route = cursor;
        let len = usize::from(route.u8()? & 0x1f);
        cursor.bytes(len)?;
    }
    snap(cursor.rest())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    const SNAP: [u8; 8] = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
    const ETHERNET: [u8; 14] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];

    #[test]
    fn each_leads_to_its_packet() {
        let radio = [&[0x08, 1, 0, 0][..], &[1; 18], &[0, 0], &SNAP].concat();
        #[rustfmt::skip]
        let cases: Vec<(&str, LinkType, Vec<u8>)> = vec![
            ("PPP, sent", LinkType::PPP_PPPD, vec![1, 3, 0, 0x21]),
            ("… with its control left out", LinkType::PPP_PPPD, vec![0, 0, 0x21]),
            ("PPP with a direction", LinkType::PPP_DIRECTED, vec![1, 0xff, 3, 0, 0x21]),
            ("Cisco HDLC with a direction", LinkType::CISCO_HDLC_DIRECTED, vec![0, 0x0f, 0, 8, 0]),
            ("Cisco HDLC", LinkType::CISCO_HDLC, vec![0x0f, 0, 8, 0]),
            ("PPPoE", LinkType::PPP_ETHER, vec![0x11, 0, 0, 1, 0, 9, 0, 0x21]),
            ("Frame Relay", LinkType::FRAME_RELAY, vec![0x18, 0x41, 3, 0xcc]),
            ("… padded, in SNAP", LinkType::FRAME_RELAY, vec![0x18, 0x41, 3, 0, 0x80, 0, 0, 0, 8, 0]),
            ("… as Cisco writes it", LinkType::FRAME_RELAY, vec![0x18, 0x41, 8, 0]),
            ("… with a direction", LinkType::FRAME_RELAY_DIRECTED, vec![0, 0x18, 0x41, 3, 0xcc]),
            ("ATM", LinkType::ATM, SNAP.to_vec()),
            ("ATM, routed by its id", LinkType::ATM_BSD, vec![0xfe, 0xfe, 3, 0xcc]),
            ("ATM, bridged", LinkType::ATM, [&[0xaa, 0xaa, 3, 0, 0x80, 0xc2, 0, 7, 0, 0][..], &ETHERNET].concat()),
            ("FDDI", LinkType::FDDI, [&[0x50; 13][..], &SNAP].concat()),
            ("Token Ring", LinkType::TOKEN_RING, [&[0x10; 14][..], &SNAP].concat()),
            ("… with a route", LinkType::TOKEN_RING, [&[0x10; 8][..], &[0x80; 6], &[4, 0, 0, 0], &SNAP].concat()),
            ("Fibre Channel", LinkType::FIBRE_CHANNEL, [&[1; 16][..], &SNAP].concat()),
            ("FireWire", LinkType::FIREWIRE, [&[1; 16][..], &[8, 0]].concat()),
            ("OpenBSD's enc", LinkType::ENC, vec![2, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]),
            ("a packet filter's log", LinkType::PFLOG, [&[61, 2][..], &[0; 62]].concat()),
            ("Solaris", LinkType::IPNET, [&[1, 2][..], &[0; 22]].concat()),
            ("an analyser", LinkType::NETANALYZER, [&[0; 4][..], &ETHERNET].concat()),
            ("… on the wire itself", LinkType::NETANALYZER_TRANSPARENT, [&[0; 12][..], &ETHERNET].concat()),
            ("with preamble", LinkType::ETHERNET_PREAMBLE, [&[0x55; 7][..], &[0xd5], &ETHERNET].concat()),
            ("PPI before Ethernet", LinkType::PPI, [&[0, 0, 8, 0, 1, 0, 0, 0][..], &ETHERNET].concat()),
            ("PPI before 802.11", LinkType::PPI, [&[0, 0, 12, 0, 105, 0, 0, 0, 9, 9, 9, 9][..], &radio].concat()),
        ];
        for (case, link, mut bytes) in cases {
            assert!(super::super::supports(link), "{case}");
            bytes.extend(b"Eip");
            let read = super::super::read(link, &bytes).unwrap_or_else(|err| panic!("{case}: {err:?}"));
            assert_eq!(read.ip, b"Eip", "{case}");
            assert_eq!(read.direction.is_some(), case.contains("direction") || link == LinkType::PPP_PPPD);
            for cut in 0..bytes.len() {
                let _ = super::super::read(link, bytes.get(..cut).unwrap());
            }
        }
    }

    #[test]
    fn what_is_not_ip_is_left() {
        let read = |link, bytes: &[u8]| super::super::read(link, bytes).map(|_| ());
        assert_eq!(read(LinkType::PPI, &[0, 0, 8, 0, 192, 0, 0, 0, 1]), Err(Error::Malformed), "in itself");
        assert_eq!(read(LinkType::ETHERNET_PREAMBLE, &[0x55; 30]), Err(Error::Unsupported));
        assert_eq!(read(LinkType::FRAME_RELAY, &[0; 9]), Err(Error::Unsupported));
        assert_eq!(read(LinkType(147), &[0; 9]), Err(Error::Unsupported));
        assert!(!supports(LinkType(147)));
    }
}
