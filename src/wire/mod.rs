//! Bytes into facts: pure functions from captured bytes to what they say. No I/O, no allocation on
//! the per-packet path, and no input that panics.

pub mod dns;
pub mod frame;
pub mod greeting;
pub mod http;
pub mod pktap;
pub mod quic;
pub mod socks;
pub mod starttls;
pub mod tls;
pub mod wireguard;

mod cursor;
mod link;

use std::net::IpAddr;

use crate::event::{Direction, Protocol};

/// Why bytes were not understood. Small and `Copy`, because it is made per packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// A field holds a value its specification forbids. More bytes will not help.
    Malformed,
    /// The bytes end inside a field. The next segment may help.
    Truncated,
    /// Well-formed, but of a kind Crow does not read (ARP, spanning tree, an unknown link type).
    Unsupported,
}

/// The result of reading bytes.
pub type Result<T> = std::result::Result<T, Error>;

/// A link-layer header type, by its `LINKTYPE_` number (<https://www.tcpdump.org/linktypes.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: a 4-byte address family in the byte order of the machine that wrote it.
    pub const NULL: Self = Self(0);
    /// Ethernet, with or without 802.1Q and 802.1ad tags.
    pub const ETHERNET: Self = Self(1);
    /// PPP, with or without HDLC-like framing (RFC 1662).
    pub const PPP: Self = Self(9);
    /// Raw IP as some BSDs number it inside PKTAP headers and old files (`DLT_RAW`).
    pub const RAW_BSD: Self = Self(12);
    /// Raw IP as OpenBSD numbers it in old files.
    pub const RAW_OPENBSD: Self = Self(14);
    /// PPP in HDLC-like framing, or Cisco HDLC.
    pub const PPP_HDLC: Self = Self(50);
    /// Raw IP: the packet begins with its IP header.
    pub const RAW: Self = Self(101);
    /// OpenBSD loopback: a 4-byte address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux "cooked" capture v1.
    pub const LINUX_SLL: Self = Self(113);
    /// PKTAP as Apple's libpcap writes it (`LINKTYPE_USER2`).
    pub const PKTAP_USER2: Self = Self(149);
    /// IPv4 without a link header.
    pub const IPV4: Self = Self(228);
    /// IPv6 without a link header.
    pub const IPV6: Self = Self(229);
    /// PKTAP as everyone else writes it.
    pub const PKTAP: Self = Self(258);
    /// Linux "cooked" capture v2: with interface index and packet type.
    pub const LINUX_SLL2: Self = Self(276);
}

/// What a frame says about one IP packet. Borrows the frame; nothing is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// IP bytes: from the IP length field; where that is 0, the frame's length less its link header.
    pub ip_bytes: u32,
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// The transport, and what its header says.
    pub transport: Transport<'a>,
    /// The way the packet went, where the link header says so (SLL, SLL2, PKTAP).
    pub direction: Option<Direction>,
    /// The interface index, where the link header carries one (SLL2).
    pub interface_index: Option<u32>,
    /// Whether the frame was sent by another machine to a third one (SLL packet type "other host").
    pub other_host: bool,
    /// Whether the link header says loopback (`ARPHRD_LOOPBACK`, `IFT_LOOP`).
    pub loopback: bool,
}

/// A fragment's place in its datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// The identification that all fragments of a datagram share.
    pub id: u32,
    /// Whether this is the first fragment, the one with the ports.
    pub first: bool,
    /// Whether more fragments follow.
    pub more: bool,
}

/// The transport header, as far as Crow needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transport<'a> {
    /// The protocol after all IP extension headers.
    pub protocol: Protocol,
    /// Source port; 0 where there is none or it was not captured.
    pub source_port: u16,
    /// Destination port; 0 where there is none or it was not captured.
    pub destination_port: u16,
    /// TCP's own fields.
    pub tcp: Option<Tcp>,
    /// The payload, as far as it was captured.
    pub payload: &'a [u8],
    /// The payload's length on the wire, which may be more than was captured.
    pub payload_len: u32,
    /// Set when the packet is a fragment. A later fragment has no ports: the first one's apply.
    pub fragment: Option<Fragment>,
}

/// TCP header fields (RFC 9293 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tcp {
    /// Sequence number of the first payload byte (or of SYN).
    pub sequence: u32,
    /// Next sequence number expected, when `flags` has ACK.
    pub acknowledgment: u32,
    /// The control bits.
    pub flags: TcpFlags,
}

/// TCP control bits, as in the header's 14th byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// The acknowledgment field is significant.
    pub const ACK: Self = Self(0x10);

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}
