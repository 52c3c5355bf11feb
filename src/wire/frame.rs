//! One captured frame into one IP packet: link header, IP with its extension headers, transport.
//!
//! The headers are walked one slice at a time rather than all at once: that reads frames which a snap
//! length has cut, and costs less than half of slicing the whole packet. Tunnelled packets (IP in IP,
//! GRE, ESP) are not entered here: the outer header's protocol number stands. [`tunnel`](super::tunnel) reads on.
//!
//! Not read: `MACsec`, encrypted 802.11 frames, PPP that escapes its bytes (RFC 1662 §4.2).

use std::net::IpAddr;

use etherparse::{
    IpAuthHeaderSlice, Ipv4HeaderSlice, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice, Ipv6RawExtHeaderSlice,
    TcpHeaderSlice, UdpHeaderSlice,
};

use super::link::{self, Link};
use super::{Error, Fragment, LinkType, Packet, Result, Tcp, TcpFlags, Transport};
use crate::event::Protocol;

// IP protocol numbers of headers that stand between IP and the transport (IANA "IPv6 Extension Header Types").
const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const NO_NEXT_HEADER: u8 = 59;
const DESTINATION_OPTIONS: u8 = 60;
const SHIM6: u8 = 140;

const IPV4_HEADER_LEN: usize = 20;
const IPV6_HEADER_LEN: u32 = 40;
const TCP_HEADER_LEN: usize = 20;
const UDP_HEADER_LEN: u32 = 8;

/// Reads a frame of type `link`, of which `bytes` were captured out of `wire_len` on the wire.
///
/// PKTAP frames are read by [`pktap::read`](super::pktap::read) first: their inner frame comes here.
///
/// # Errors
///
/// - [`Error::Unsupported`]: not IP (ARP, spanning tree, …), or a link type that Crow does not read.
/// - [`Error::Truncated`]: the capture ends before the IP addresses.
/// - [`Error::Malformed`]: lengths or versions that contradict each other.
pub fn decode(link: LinkType, bytes: &[u8], wire_len: u32) -> Result<Packet<'_>> {
    let link = link::read(link, bytes)?;
    let link_len = length(bytes.len() - link.ip.len());
    packet(link, wire_len.max(length(bytes.len())) - link_len)
}

/// Reads the packet behind a link header; `on_wire` is the frame's length without that.
pub(super) fn packet(link: Link<'_>, on_wire: u32) -> Result<Packet<'_>> {
    let version = link.ip.first().ok_or(Error::Truncated)? >> 4;
    if link.version.is_some_and(|promised| promised != version) {
        return Err(Error::Malformed);
    }
    let datagram = match version {
        4 => ipv4(link.ip, on_wire)?,
        6 => ipv6(link.ip, on_wire)?,
        _ => return Err(Error::Malformed),
    };
    Ok(Packet {
        ip_bytes: datagram.ip_bytes,
        source: datagram.source,
        destination: datagram.destination,
        transport: transport(datagram.body),
        direction: link.direction,
        interface_index: link.interface_index,
        other_host: link.other_host,
        loopback: link.loopback,
    })
}

/// Whether Crow reads frames of type `link`: those that [`decode`] reads, and PKTAP.
#[must_use]
pub const fn supports(link: LinkType) -> bool {
    link::supports(link) || matches!(link, LinkType::PKTAP | LinkType::PKTAP_USER2)
}

/// An IP datagram without its headers.
struct Datagram<'a> {
    ip_bytes: u32,
    source: IpAddr,
    destination: IpAddr,
    body: Body<'a>,
}

impl Fragment {
    /// The same fragment, whose payload begins behind one more header.
    fn behind(self, header_len: usize) -> Self {
        Self { offset: self.offset.saturating_add(u16::try_from(header_len).unwrap_or(u16::MAX)), ..self }
    }
}

/// What follows the IP headers.
#[derive(Clone, Copy)]
struct Body<'a> {
    /// The kind of header at the start of `bytes`.
    protocol: u8,
    /// As far as captured, and not past the datagram's end.
    bytes: &'a [u8],
    /// On the wire.
    len: u32,
    fragment: Option<Fragment>,
}

impl Body<'_> {
    /// Steps over a header of `header_len` bytes, which `protocol` follows.
    fn step(&mut self, header_len: usize, protocol: u8) {
        self.bytes = self.bytes.get(header_len..).unwrap_or_default();
        self.len = self.len.saturating_sub(length(header_len));
        self.protocol = protocol;
        if let Some(fragment) = &mut self.fragment {
            *fragment = fragment.behind(header_len);
        }
    }

    /// A header that was cut: it is known that it is there, not what follows.
    fn give_up(&mut self) {
        self.bytes = &[];
    }
}

/// IPv4 (RFC 791 §3.1). `on_wire` is the frame's length without the link header.
fn ipv4(bytes: &[u8], on_wire: u32) -> Result<Datagram<'_>> {
    let fixed = bytes.first_chunk::<IPV4_HEADER_LEN>().ok_or(Error::Truncated)?;
    let header_len = usize::from(fixed[0] & 0xf) * 4;
    if header_len < IPV4_HEADER_LEN {
        return Err(Error::Malformed);
    }
    // The options play no part. So a header cut among them is read as one without.
    let mut bare = *fixed;
    bare[0] = 0x45;
    let header = Ipv4HeaderSlice::from_slice(&bare).map_err(|_| Error::Malformed)?;

    // Senders that leave cutting to the network card hand over datagrams whose length is not set.
    let ip_bytes = match header.total_len() {
        0 => on_wire,
        total => u32::from(total),
    };
    let len = ip_bytes.checked_sub(length(header_len)).ok_or(Error::Malformed)?;
    let offset = header.fragments_offset().value();
    let fragment = (offset != 0 || header.more_fragments()).then(|| Fragment {
        id: header.identification().into(),
        first: offset == 0,
        more: header.more_fragments(),
        offset: header.fragments_offset().byte_offset(),
    });
    let rest = bytes.get(header_len..).unwrap_or_default();
    let mut body = Body { protocol: header.protocol().0, bytes: cut(rest, len), len, fragment };
    if body.protocol == AUTHENTICATION {
        skip_extensions(&mut body);
    }
    Ok(Datagram {
        ip_bytes,
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        body,
    })
}

/// IPv6 (RFC 8200 §3). `on_wire` is the frame's length without the link header.
fn ipv6(bytes: &[u8], on_wire: u32) -> Result<Datagram<'_>> {
    let header = Ipv6HeaderSlice::from_slice(bytes).map_err(|_| Error::Truncated)?;
    let protocol = header.next_header().0;
    let ip_bytes = match header.payload_length() {
        // A jumbogram (RFC 2675 §3) or segmentation left to the card; truly empty only where nothing follows.
        0 if protocol != NO_NEXT_HEADER => on_wire,
        len => u32::from(len) + IPV6_HEADER_LEN,
    };
    let len = ip_bytes.checked_sub(IPV6_HEADER_LEN).ok_or(Error::Malformed)?;
    let rest = bytes.get(header.slice().len()..).unwrap_or_default();
    let mut body = Body { protocol, bytes: cut(rest, len), len, fragment: None };
    skip_extensions(&mut body);
    Ok(Datagram {
        ip_bytes,
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        body,
    })
}

/// Steps over extension headers (RFC 8200 §4, RFC 4302 §2) up to the transport, to a later fragment's
/// data, or to where the capture ends.
fn skip_extensions(body: &mut Body<'_>) {
    loop {
        match body.protocol {
            HOP_BY_HOP | ROUTING | DESTINATION_OPTIONS | SHIM6 => {
                let Ok(header) = Ipv6RawExtHeaderSlice::from_slice(body.bytes) else {
                    return body.give_up();
                };
                body.step(header.slice().len(), header.next_header().0);
            }
            AUTHENTICATION => {
                let Ok(header) = IpAuthHeaderSlice::from_slice(body.bytes) else { return body.give_up() };
                body.step(header.slice().len(), header.next_header().0);
            }
            FRAGMENT => {
                let Ok(header) = Ipv6FragmentHeaderSlice::from_slice(body.bytes) else {
                    return body.give_up();
                };
                let (offset, more) = (header.fragment_offset().byte_offset(), header.more_fragments());
                let first = offset == 0;
                body.step(header.slice().len(), header.next_header().0);
                // Offset 0 and no more: an atomic fragment, whole as it is (RFC 6946).
                if !first || more {
                    body.fragment = Some(Fragment { id: header.identification(), first, more, offset });
                }
                if !first {
                    return;
                }
            }
            _ => return,
        }
    }
}

fn transport(body: Body<'_>) -> Transport<'_> {
    let protocol = Protocol(body.protocol);
    let plain = Transport {
        protocol,
        source_port: 0,
        destination_port: 0,
        tcp: None,
        payload: body.bytes,
        payload_len: body.len,
        fragment: body.fragment,
    };
    let later_fragment = body.fragment.is_some_and(|fragment| !fragment.first);
    if later_fragment || !protocol.has_ports() {
        return plain;
    }
    // Both protocols begin with the two ports (RFC 9293 §3.1, RFC 768).
    let Some(&[a, b, c, d]) = body.bytes.first_chunk::<4>() else {
        return Transport { payload: &[], payload_len: 0, ..plain };
    };
    let with_ports = Transport {
        source_port: u16::from_be_bytes([a, b]),
        destination_port: u16::from_be_bytes([c, d]),
        ..plain
    };
    if protocol == Protocol::TCP { tcp(body, with_ports) } else { udp(body, with_ports) }
}

/// TCP (RFC 9293 §3.1). A header that is cut or that lies keeps its ports and loses the rest.
fn tcp<'a>(body: Body<'a>, ports: Transport<'a>) -> Transport<'a> {
    let unread = Transport { payload: &[], payload_len: 0, ..ports };
    let Some(fixed) = body.bytes.first_chunk::<TCP_HEADER_LEN>() else { return unread };
    let header_len = usize::from(fixed[12] >> 4) * 4;
    // As with IPv4: options are not needed, so that a header cut among them can be read.
    let mut bare = *fixed;
    bare[12] = (bare[12] & 0x0f) | 0x50;
    let Ok(header) = TcpHeaderSlice::from_slice(&bare) else { return unread };
    let Some(payload_len) = body.len.checked_sub(length(header_len)) else { return unread };
    if header_len < TCP_HEADER_LEN {
        return unread;
    }
    Transport {
        tcp: Some(Tcp {
            sequence: header.sequence_number(),
            acknowledgment: header.acknowledgment_number(),
            flags: TcpFlags(fixed[13]),
        }),
        payload: body.bytes.get(header_len..).unwrap_or_default(),
        payload_len,
        fragment: ports.fragment.map(|fragment| fragment.behind(header_len)),
        ..ports
    }
}

/// UDP (RFC 768). A length of 0 is a jumbogram's (RFC 2675 §4) or one that the network card fills in.
fn udp<'a>(body: Body<'a>, ports: Transport<'a>) -> Transport<'a> {
    let unread = Transport { payload: &[], payload_len: 0, ..ports };
    let Ok(header) = UdpHeaderSlice::from_slice(body.bytes) else { return unread };
    let declared = match header.length() {
        0 => body.len,
        len => u32::from(len).min(body.len),
    };
    let Some(payload_len) = declared.checked_sub(UDP_HEADER_LEN) else { return unread };
    // The datagram of which this is the first fragment is longer than what is here.
    let header_len = header.slice().len();
    let payload = body.bytes.get(header_len..).unwrap_or_default();
    let fragment = ports.fragment.map(|fragment| fragment.behind(header_len));
    Transport { payload: cut(payload, payload_len), payload_len, fragment, ..ports }
}

/// The first `len` bytes, or all there are.
fn cut(bytes: &[u8], len: u32) -> &[u8] {
    usize::try_from(len).ok().and_then(|len| bytes.get(..len)).unwrap_or(bytes)
}

/// A length inside a captured frame, as the wire counts it.
fn length(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
