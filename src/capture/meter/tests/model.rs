//! The meter against a naive model.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// One thing that may happen.
#[derive(Clone, Debug)]
enum Step {
    Packet {
        source: u8,
        destination: u8,
        port: u8,
        protocol: u8,
        flags: u8,
        sequence: u32,
        len: u16,
        way: u8,
    },
    Wait(u32),
    Back(u32),
    Tick,
}

fn step() -> impl Strategy<Value = Step> {
    let packet = (0_u8..6, 0_u8..6, 0_u8..4, 0_u8..4, any::<u8>(), any::<u32>(), 0_u16..2000, 0_u8..3)
        .prop_map(|(source, destination, port, protocol, flags, sequence, len, way)| Step::Packet {
            source,
            destination,
            port,
            protocol,
            flags,
            sequence,
            len,
            way,
        });
    prop_oneof![
        20 => packet,
        2 => (0_u32..200_000).prop_map(Step::Wait),
        1 => (0_u32..100_000_000).prop_map(Step::Back),
        2 => Just(Step::Tick),
    ]
}

/// Loopback, private, multicast and IPv6 addresses.
const HOSTS: [&str; 6] = ["127.0.0.1", "10.0.0.2", "10.0.0.9", "224.0.0.251", "[::1]", "[2001:db8::9]"];
const PORTS: [u16; 4] = [53, 443, 40000, 50000];

fn packet(source: u8, destination: u8, port: u8, protocol: u8) -> Packet<'static> {
    let (here, there) = (HOSTS[usize::from(source)], HOSTS[usize::from(destination)]);
    let [a, b] = [PORTS[usize::from(port)], PORTS[usize::from(3 - port)]];
    match protocol {
        0 => bare(&format!("{here}:0"), &format!("{there}:0"), Protocol::ICMP),
        1 => udp(&format!("{here}:{a}"), &format!("{there}:{b}")),
        _ => tcp(&format!("{here}:{a}"), &format!("{there}:{b}"), 0),
    }
}

/// Runs all steps; gives the events and the bytes and packets put in, loopback packets counted by end.
fn run(steps: &[Step], max_flows: usize) -> (Vec<Event>, u64, u64) {
    let payload = [7; 2000];
    let mut bench = Bench::with(MeterOptions { max_flows, ..MeterOptions::default() });
    let (mut events, mut bytes, mut packets) = (Vec::new(), 0, 0);
    for step in steps {
        match *step {
            Step::Packet { source, destination, port, protocol, flags, sequence, len, way } => {
                let bare = packet(source, destination, port, protocol);
                let mut packet = carrying(bare, sequence, &payload[..len.into()]);
                if let Some(tcp) = &mut packet.transport.tcp {
                    tcp.flags = TcpFlags(flags);
                }
                bench.direction = [None, Some(Direction::In), Some(Direction::Out)][usize::from(way)];
                // Loopback in this model shows one copy: a direction would make it two.
                let within = is_loopback(packet.source) && is_loopback(packet.destination);
                if within {
                    bench.direction = None;
                }
                let ends = if within { 2 } else { 1 };
                bytes += ends * u64::from(packet.ip_bytes);
                packets += ends;
                bench.see(&packet);
            }
            Step::Wait(ms) => bench.wait(f64::from(ms) / 1000.0),
            Step::Back(ms) => bench.now = bench.now - std::time::Duration::from_millis(ms.into()),
            Step::Tick => bench.meter.tick(bench.now, &mut events),
        }
    }
    bench.meter.finish(bench.now, &mut events);
    (events, bytes, packets)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever expires, is evicted or begins again: every byte is told once, of a flow that is open.
    #[test]
    fn what_goes_in_comes_out(steps in prop::collection::vec(step(), 0..400), max_flows in 1_usize..30) {
        let (events, bytes, packets) = run(&steps, max_flows);
        let mut open = BTreeMap::new();
        let mut told = (0, 0);
        for event in &events {
            match event {
                Event::FlowOpened { flow, .. } => prop_assert_eq!(open.insert(*flow, true), None, "a new id"),
                Event::FlowClosed { flow, .. } => prop_assert_eq!(open.insert(*flow, false), Some(true)),
                Event::Deltas { deltas, .. } => {
                    let mut ids: Vec<_> = deltas.iter().map(|delta| delta.flow).collect();
                    ids.sort_unstable();
                    ids.dedup();
                    prop_assert_eq!(ids.len(), deltas.len(), "once in each tick");
                    for delta in deltas {
                        prop_assert_eq!(open.get(&delta.flow), Some(&true));
                        told.0 += delta.rx_bytes + delta.tx_bytes;
                        told.1 += u64::from(delta.rx_packets) + u64::from(delta.tx_packets);
                    }
                }
                Event::Opening { flow, .. } | Event::Datagram { flow, .. } => {
                    prop_assert_eq!(open.get(flow), Some(&true));
                }
                Event::Statistics(counts) => {
                    let followed = open.values().filter(|open| **open).count();
                    prop_assert_eq!(counts.flows, followed as u64);
                    prop_assert!(followed <= max_flows);
                }
                _ => {}
            }
        }
        prop_assert_eq!(told, (bytes, packets));
    }

    /// The same packets give the same events.
    #[test]
    fn the_same_again(steps in prop::collection::vec(step(), 0..200)) {
        prop_assert_eq!(run(&steps, 10).0, run(&steps, 10).0);
    }
}
