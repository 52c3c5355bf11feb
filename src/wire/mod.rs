//! Bytes into facts: pure functions from captured bytes to what they say. No I/O, no allocation on
//! the per-packet path, and no input that panics.

pub mod dns;
pub mod dtls;
pub mod frame;
pub mod greeting;
pub mod http;
pub mod pktap;
pub mod proxy_protocol;
pub mod quic;
pub mod socks;
pub mod starttls;
pub mod tls;
pub mod tunnel;
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
    /// Token Ring (IEEE 802.5).
    pub const TOKEN_RING: Self = Self(6);
    /// PPP, with or without HDLC-like framing (RFC 1662).
    pub const PPP: Self = Self(9);
    /// FDDI.
    pub const FDDI: Self = Self(10);
    /// ATM cells put together, in LLC (RFC 2684), as some BSDs number it.
    pub const ATM_BSD: Self = Self(11);
    /// Raw IP as some BSDs number it inside PKTAP headers and old files (`DLT_RAW`).
    pub const RAW_BSD: Self = Self(12);
    /// Raw IP as OpenBSD numbers it in old files.
    pub const RAW_OPENBSD: Self = Self(14);
    /// PPP in HDLC-like framing, or Cisco HDLC.
    pub const PPP_HDLC: Self = Self(50);
    /// PPP over Ethernet, from the session's header on (RFC 2516 §4).
    pub const PPP_ETHER: Self = Self(51);
    /// ATM cells put together, in LLC (RFC 2684).
    pub const ATM: Self = Self(100);
    /// Raw IP: the packet begins with its IP header.
    pub const RAW: Self = Self(101);
    /// Cisco HDLC, or PPP in its place.
    pub const CISCO_HDLC: Self = Self(104);
    /// 802.11, from the frame control on.
    pub const WIFI: Self = Self(105);
    /// Frame Relay (RFC 2427), with addresses of two bytes or four.
    pub const FRAME_RELAY: Self = Self(107);
    /// OpenBSD loopback: a 4-byte address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// OpenBSD's view into `IPsec`: address family, index and flags.
    pub const ENC: Self = Self(109);
    /// Linux "cooked" capture v1.
    pub const LINUX_SLL: Self = Self(113);
    /// What a BSD packet filter logs.
    pub const PFLOG: Self = Self(117);
    /// 802.11 behind a Prism header.
    pub const PRISM: Self = Self(119);
    /// LLC over Fibre Channel (RFC 2625).
    pub const FIBRE_CHANNEL: Self = Self(122);
    /// 802.11 behind a radiotap header.
    pub const RADIOTAP: Self = Self(127);
    /// IP over `FireWire` as Apple captures it: two addresses of 8 bytes, an Ethernet type.
    pub const FIREWIRE: Self = Self(138);
    /// PKTAP as Apple's libpcap writes it (`LINKTYPE_USER2`).
    pub const PKTAP_USER2: Self = Self(149);
    /// 802.11 behind an AVS header.
    pub const AVS: Self = Self(163);
    /// PPP behind a byte that says which way it went, with its framing (`LINKTYPE_PPP_PPPD`).
    pub const PPP_PPPD: Self = Self(166);
    /// Frames of the link type that a per-packet information header names.
    pub const PPI: Self = Self(192);
    /// PPP behind a byte that says which way it went.
    pub const PPP_DIRECTED: Self = Self(204);
    /// Cisco HDLC behind a byte that says which way it went.
    pub const CISCO_HDLC_DIRECTED: Self = Self(205);
    /// Frame Relay behind a byte that says which way it went.
    pub const FRAME_RELAY_DIRECTED: Self = Self(206);
    /// Solaris' IP interface: a header of 24 bytes, then IP.
    pub const IPNET: Self = Self(226);
    /// IPv4 without a link header.
    pub const IPV4: Self = Self(228);
    /// IPv6 without a link header.
    pub const IPV6: Self = Self(229);
    /// Ethernet behind the 4 bytes of Hilscher's analyser.
    pub const NETANALYZER: Self = Self(240);
    /// … and with preamble and start delimiter.
    pub const NETANALYZER_TRANSPARENT: Self = Self(241);
    /// PKTAP as everyone else writes it.
    pub const PKTAP: Self = Self(258);
    /// Ethernet with its preamble (IEEE 802.3br mPackets).
    pub const ETHERNET_PREAMBLE: Self = Self(274);
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
    /// Where in the datagram, behind its IP headers, [`Transport::payload`] begins, in bytes.
    pub offset: u16,
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
