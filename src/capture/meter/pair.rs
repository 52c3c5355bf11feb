//! The table's key: the two ends of a conversation in one order, whichever of them sent the packet.

use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::event::{Direction, FlowKey, InterfaceId, Protocol};
use crate::wire::Packet;

/// The lower and the higher end of a conversation, packed so that IPv4 hashes in 16 bytes and a flow
/// has its key in its first cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pair {
    /// The lower address and the higher one. IPv4: in the first two words. IPv6: four words each.
    words: [[u32; 4]; 2],
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
    /// Neither: the pair of no packet.
    #[default]
    Nobody,
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
        let (words, source_is_low, is_v6) = match (packet.source, packet.destination) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                let (from, to) = (from.to_bits(), to.to_bits());
                let source_is_low = (from, source_port) <= (to, destination_port);
                let [low, high] = if source_is_low { [from, to] } else { [to, from] };
                ([[low, high, 0, 0], [0; 4]], source_is_low, false)
            }
            (from, to) => {
                let (from, to) = (bits(from), bits(to));
                let source_is_low = (from, source_port) <= (to, destination_port);
                let [low, high] = if source_is_low { [from, to] } else { [to, from] };
                ([quarters(low), quarters(high)], source_is_low, true)
            }
        };
        let ports =
            if source_is_low { [source_port, destination_port] } else { [destination_port, source_port] };
        let pair = Self {
            words,
            ports,
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
        let [low, high] = self.ports;
        low == port || high == port
    }

    /// Whether somebody talks to himself: both ends are the same.
    fn is_between_equals(&self) -> bool {
        let (low, high) = self.addresses();
        let [low_port, high_port] = self.ports;
        low == high && low_port == high_port
    }

    fn addresses(&self) -> (IpAddr, IpAddr) {
        let [low, high] = self.words;
        if self.is_v6 {
            let join = |words: [u32; 4]| {
                Ipv6Addr::from_bits(words.iter().fold(0, |bits, &word| bits << 32 | u128::from(word)))
            };
            (join(low).into(), join(high).into())
        } else {
            let [low, high, ..] = low;
            (Ipv4Addr::from_bits(low).into(), Ipv4Addr::from_bits(high).into())
        }
    }
}

impl Hash for Pair {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [low_port, high_port] = self.ports;
        let join = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
        let [[a, b, c, d], high] = self.words;
        state.write_u64(join(a, b));
        state.write_u64(
            u64::from(low_port) << 48
                | u64::from(high_port) << 32
                    ^ u64::from(self.interface) << 10
                    ^ u64::from(self.protocol) << 2
                    ^ self.end as u64,
        );
        if self.is_v6 {
            state.write_u64(join(c, d));
            let [a, b, c, d] = high;
            state.write_u64(join(a, b));
            state.write_u64(join(c, d));
        }
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn quarters(bits: u128) -> [u32; 4] {
    let quarter = |shift: u32| u32::try_from(bits >> shift & u128::from(u32::MAX)).unwrap_or(0);
    [quarter(96), quarter(64), quarter(32), quarter(0)]
}
