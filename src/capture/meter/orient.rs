//! Which end of a packet is this machine's, where the capture does not say.

use std::net::IpAddr;

use crate::event::Direction;
use crate::wire::{Packet, TcpFlags};

/// Ports below this are given to services (RFC 6335 §6).
const FIRST_USER_PORT: u16 = 1024;

/// Where the ports begin that systems give to clients: Linux takes 32768 and up, macOS 49152 and up.
const FIRST_EPHEMERAL_PORT: u16 = 32768;

/// What an unmarked packet is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Orientation {
    /// One end is local.
    One(Direction),
    /// Both are: the machine talks to itself.
    Both,
}

/// Guesses by the machine's own addresses if there are any, else by who opened the flow.
pub(super) fn orient(packet: &Packet<'_>, ports: [u16; 2], local: &[IpAddr]) -> Orientation {
    match (local.contains(&packet.source), local.contains(&packet.destination)) {
        (true, true) => Orientation::Both,
        (true, false) => Orientation::One(Direction::Out),
        (false, true) => Orientation::One(Direction::In),
        (false, false) => Orientation::One(by_opener(packet, ports)),
    }
}

fn by_opener(packet: &Packet<'_>, ports: [u16; 2]) -> Direction {
    if is_group(packet.destination) {
        return Direction::Out;
    }
    if let Some(tcp) = packet.transport.tcp
        && tcp.flags.has(TcpFlags::SYN)
    {
        return if tcp.flags.has(TcpFlags::ACK) { Direction::In } else { Direction::Out };
    }
    by_ports(ports)
}

/// Taking the side that offers a service for the remote one.
fn by_ports([source, destination]: [u16; 2]) -> Direction {
    let low = source.min(destination);
    let is_service = low < FIRST_USER_PORT
        || (low < FIRST_EPHEMERAL_PORT && source.max(destination) >= FIRST_EPHEMERAL_PORT);
    if source != destination && is_service && source == low && low != 0 {
        Direction::In
    } else {
        Direction::Out
    }
}

/// Whether many listen to an address, so that it is nobody's own.
fn is_group(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_multicast() || address.is_broadcast(),
        IpAddr::V6(address) => address.is_multicast(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::meter::tests::{tcp, udp};

    const SYN: u8 = 0x02;
    const SYN_ACK: u8 = 0x12;
    const ACK: u8 = 0x10;

    #[test]
    fn the_side_that_opened_is_local() {
        use Direction::{In, Out};
        #[rustfmt::skip]
        let cases = [
            ("a SYN to a service", tcp("10.0.0.2:50000", "10.0.0.9:443", SYN), Out),
            ("a SYN from a service port", tcp("10.0.0.9:443", "10.0.0.2:50000", SYN), Out),
            ("its answer", tcp("10.0.0.9:443", "10.0.0.2:50000", SYN_ACK), In),
            ("midway, to a service", tcp("10.0.0.2:50000", "10.0.0.9:443", ACK), Out),
            ("midway, from a service", tcp("10.0.0.9:443", "10.0.0.2:50000", ACK), In),
            ("midway, from a high service port", tcp("10.0.0.9:8080", "10.0.0.2:50000", ACK), In),
            ("midway, both ephemeral", tcp("10.0.0.9:40000", "10.0.0.2:50000", ACK), Out),
            ("midway, neither ephemeral", tcp("10.0.0.9:5001", "10.0.0.2:6000", ACK), Out),
            ("two service ports", udp("10.0.0.1:67", "10.0.0.2:68"), In),
            ("twice the same port", udp("10.0.0.1:123", "10.0.0.2:123"), Out),
            ("to a group", udp("10.0.0.1:53", "224.0.0.251:50000"), Out),
            ("to all", udp("10.0.0.1:53", "255.255.255.255:50000"), Out),
            ("to an IPv6 group", udp("[fe80::1]:53", "[ff02::fb]:50000"), Out),
            ("no ports", udp("10.0.0.9:0", "10.0.0.2:0"), Out),
        ];
        for (case, packet, expected) in cases {
            let ports = [packet.transport.source_port, packet.transport.destination_port];
            assert_eq!(orient(&packet, ports, &[]), Orientation::One(expected), "{case}");
        }
    }

    #[test]
    fn the_machine_s_own_addresses_decide_before_anything_else() {
        let [here, there]: [IpAddr; 2] = [[10, 0, 0, 9].into(), [10, 0, 0, 2].into()];
        let packet = tcp("10.0.0.2:50000", "10.0.0.9:443", SYN);
        assert_eq!(orient(&packet, [50000, 443], &[here]), Orientation::One(Direction::In));
        assert_eq!(orient(&packet, [50000, 443], &[there]), Orientation::One(Direction::Out));
        assert_eq!(orient(&packet, [50000, 443], &[here, there]), Orientation::Both);
        let group = udp("10.0.0.7:5353", "224.0.0.251:5353");
        assert_eq!(orient(&group, [5353, 5353], &[here]), Orientation::One(Direction::Out));
    }
}
