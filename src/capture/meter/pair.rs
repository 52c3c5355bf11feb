//! The table's key: the two ends of a conversation in one order, whichever of them sent the packet.

use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::event::{Direction, FlowKey, InterfaceId, Protocol};
use crate::wire::Packet;

/// The lower and the higher end of a conversation, packed so that IPv4 hashes in 16 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pair {
    /// IPv4: the lower address and the higher one in the first word. IPv6: two words each.
    words: [u64; 4],
    ports: [u16; 2],
    interface: u32,
    protocol: u8,
    is_v6: bool,
    /// Loopback has a flow for each end; elsewhere there is one for both orders.
    end: End,
}

/// Which end of a conversation is this machine's, where the key tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum End {
    #[default]
    Either,
    Low,
    High,
}

/// Where a packet was seen, and its ports where they are known from its datagram's first fragment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) interface: InterfaceId,
    pub(super) ports: [u16; 2],
}

impl Pair {
    /// The pair of a packet, and whether its source is the lower end.
    pub(super) fn of(packet: &Packet<'_>, place: Place) -> (Self, bool) {
        let [source_port, destination_port] = place.ports;
        let from = (packet.source, source_port);
        let to = (packet.destination, destination_port);
        let source_is_low = from <= to;
        let (low, high) = if source_is_low { (from, to) } else { (to, from) };
        let (words, is_v6) = match (low.0, high.0) {
            (IpAddr::V4(low), IpAddr::V4(high)) => {
                ([u64::from(low.to_bits()) << 32 | u64::from(high.to_bits()), 0, 0, 0], false)
            }
            (low, high) => {
                let ([a, b], [c, d]) = (halves(low), halves(high));
                ([a, b, c, d], true)
            }
        };
        let pair = Self {
            words,
            ports: [low.1, high.1],
            interface: place.interface.0,
            protocol: packet.transport.protocol.0,
            is_v6,
            end: End::Either,
        };
        (pair, source_is_low)
    }

    /// The same pair, for the end that sent (`Out`) or received (`In`) the packet.
    pub(super) fn for_end(self, direction: Direction, source_is_low: bool) -> Self {
        let end = if self.is_between_equals() || (direction == Direction::Out) == source_is_low {
            End::Low
        } else {
            End::High
        };
        Self { end, ..self }
    }

    /// The flow's key, given which end is local.
    pub(super) fn key(&self, local_is_low: bool) -> FlowKey {
        let [low_port, high_port] = self.ports;
        let (low, high) = self.addresses();
        let (low, high) = (SocketAddr::new(low, low_port), SocketAddr::new(high, high_port));
        let (local, remote) = if local_is_low { (low, high) } else { (high, low) };
        FlowKey { protocol: Protocol(self.protocol), local, remote, interface: InterfaceId(self.interface) }
    }

    /// The protocol.
    pub(super) fn protocol(&self) -> Protocol {
        Protocol(self.protocol)
    }

    /// Whether one of the ports is `port`.
    pub(super) fn has_port(&self, port: u16) -> bool {
        self.ports.contains(&port)
    }

    /// Whether somebody talks to himself: both ends are the same.
    fn is_between_equals(&self) -> bool {
        let (low, high) = self.addresses();
        let [low_port, high_port] = self.ports;
        low == high && low_port == high_port
    }

    fn addresses(&self) -> (IpAddr, IpAddr) {
        let [a, b, c, d] = self.words;
        if self.is_v6 {
            let join = |high: u64, low: u64| Ipv6Addr::from_bits(u128::from(high) << 64 | u128::from(low));
            (join(a, b).into(), join(c, d).into())
        } else {
            let half = |word: u64| Ipv4Addr::from_bits(u32::try_from(word & 0xffff_ffff).unwrap_or(0));
            (half(a >> 32).into(), half(a).into())
        }
    }
}

impl Hash for Pair {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [low_port, high_port] = self.ports;
        let [a, b, c, d] = self.words;
        state.write_u64(a);
        state.write_u64(
            u64::from(low_port) << 48
                | u64::from(high_port) << 32
                    ^ u64::from(self.interface) << 10
                    ^ u64::from(self.protocol) << 2
                    ^ self.end as u64,
        );
        if self.is_v6 {
            state.write_u64(b);
            state.write_u64(c);
            state.write_u64(d);
        }
    }
}

fn halves(address: IpAddr) -> [u64; 2] {
    let bits = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    };
    let half = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(0);
    [half(bits >> 64), half(bits)]
}
