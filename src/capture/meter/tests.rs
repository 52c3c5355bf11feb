//! Tests of the meter.

use std::net::SocketAddr;

use super::*;
use crate::event::{Delta, Event, OwnerSource, Protocol, TcpState};
use crate::wire::{Tcp, TcpFlags, Transport};

fn bare(source: &str, destination: &str, protocol: Protocol) -> Packet<'static> {
    let [source, destination]: [SocketAddr; 2] = [source.parse().unwrap(), destination.parse().unwrap()];
    Packet {
        ip_bytes: 40,
        source: source.ip(),
        destination: destination.ip(),
        transport: Transport {
            protocol,
            source_port: source.port(),
            destination_port: destination.port(),
            tcp: None,
            payload: &[],
            payload_len: 0,
            fragment: None,
        },
        direction: None,
        interface_index: None,
        other_host: false,
        loopback: false,
    }
}

pub(in crate::capture) fn udp(source: &str, destination: &str) -> Packet<'static> {
    bare(source, destination, Protocol::UDP)
}

pub(in crate::capture) fn tcp(source: &str, destination: &str, flags: u8) -> Packet<'static> {
    let mut packet = bare(source, destination, Protocol::TCP);
    packet.transport.tcp = Some(Tcp { sequence: 0, acknowledgment: 0, flags: TcpFlags(flags) });
    packet
}

mod limits;
mod model;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;
const HERE: &str = "10.0.0.2:50000";
const THERE: &str = "10.0.0.9:443";

/// A meter with the events it has told.
struct Bench {
    meter: Meter,
    now: Timestamp,
    direction: Option<Direction>,
    interface: InterfaceId,
}

impl Bench {
    fn new() -> Self {
        Self::with(MeterOptions::default())
    }

    fn with(options: MeterOptions) -> Self {
        let now = Timestamp::new(1_000_000, 0);
        Self { meter: Meter::new(options), now, direction: None, interface: InterfaceId(1) }
    }

    fn see(&mut self, packet: &Packet<'_>) {
        self.see_tagged(packet, None);
    }

    fn see_tagged(&mut self, packet: &Packet<'_>, tag: Option<Tag<'_>>) {
        let (time, interface, direction) = (self.now, self.interface, self.direction);
        self.meter.packet(&Context { time, interface, direction, tag }, packet);
    }

    fn wait(&mut self, seconds: f64) {
        self.now = self.now + std::time::Duration::from_secs_f64(seconds);
    }

    /// Everything told, without statistics.
    fn tick(&mut self) -> Vec<Event> {
        let mut out = Vec::new();
        self.meter.tick(self.now, &mut out);
        out.retain(|event| !matches!(event, Event::Statistics(_)));
        out
    }
}

fn opened(events: &[Event]) -> Vec<(FlowId, FlowKey, Option<Direction>, Option<Owner>)> {
    events
        .iter()
        .filter_map(|event| match *event {
            Event::FlowOpened { flow, key, opened, owner, .. } => Some((flow, key, opened, owner)),
            _ => None,
        })
        .collect()
}

fn deltas(events: &[Event]) -> Vec<Delta> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Deltas { deltas, .. } => Some(deltas.clone()),
            _ => None,
        })
        .flatten()
        .collect()
}

fn closed(events: &[Event]) -> Vec<(FlowId, CloseReason)> {
    events
        .iter()
        .filter_map(|event| match *event {
            Event::FlowClosed { flow, reason, .. } => Some((flow, reason)),
            _ => None,
        })
        .collect()
}

fn interface(id: u32, kind: InterfaceKind) -> Interface {
    Interface { id: InterfaceId(id), name: format!("if{id}"), kind, uppers: Vec::new() }
}

fn tag(pid: i32, name: &str) -> Tag<'_> {
    let marks = Marks::default();
    Tag { pid, name, path: None, effective_pid: -1, effective_name: "", effective_path: None, marks }
}

/// `packet` with a payload, numbered from `sequence`.
fn carrying<'a>(packet: Packet<'a>, sequence: u32, payload: &'a [u8]) -> Packet<'a> {
    let mut packet = packet;
    packet.transport.payload = payload;
    packet.transport.payload_len = u32::try_from(payload.len()).unwrap();
    packet.ip_bytes += packet.transport.payload_len;
    if let Some(tcp) = &mut packet.transport.tcp {
        tcp.sequence = sequence;
    }
    packet
}

#[test]
fn both_directions_are_one_flow() {
    let mut bench = Bench::new();
    bench.see(&tcp(HERE, THERE, SYN));
    bench.see(&carrying(tcp(THERE, HERE, SYN | ACK), 0, b""));
    bench.see(&tcp(HERE, THERE, ACK));
    let events = bench.tick();
    let [(flow, key, way, None)] = opened(&events)[..] else { panic!("one flow, not {events:?}") };
    assert_eq!((key.local.to_string(), key.remote.to_string()), (HERE.into(), THERE.into()));
    assert_eq!((key.protocol, key.interface, way), (Protocol::TCP, InterfaceId(1), Some(Direction::Out)));
    let [delta] = deltas(&events)[..] else { panic!("one delta") };
    assert_eq!((delta.flow, delta.tx_bytes, delta.tx_packets), (flow, 80, 2));
    assert_eq!((delta.rx_bytes, delta.rx_packets, delta.retransmits), (40, 1, 0));
    assert_eq!(bench.tick(), [], "nothing moved since");
    assert_eq!(bench.meter.key(flow), Some(key));
}

#[test]
fn a_direction_that_is_told_beats_every_guess() {
    let mut bench = Bench::new();
    bench.direction = Some(Direction::In);
    bench.see(&tcp(HERE, THERE, SYN));
    let (_, key, way, _) = opened(&bench.tick())[0];
    assert_eq!((key.local.to_string(), way), (THERE.into(), Some(Direction::In)));
}

#[test]
fn a_flow_first_seen_midway_does_not_say_who_opened_it() {
    let mut bench = Bench::new();
    bench.see(&tcp(THERE, HERE, ACK));
    let events = bench.tick();
    let (_, key, way, _) = opened(&events)[0];
    assert_eq!((key.local.to_string(), way), (HERE.into(), None));
    assert_eq!(deltas(&events)[0].state, Some(TcpState::Established));
}

#[test]
fn interfaces_tell_flows_apart() {
    let mut bench = Bench::new();
    bench.see(&udp(HERE, THERE));
    bench.interface = InterfaceId(2);
    bench.see(&udp(HERE, THERE));
    assert_eq!(opened(&bench.tick()).len(), 2);
}

#[test]
fn icmp_is_one_flow_per_pair_of_addresses() {
    let mut bench = Bench::new();
    bench.see(&bare("10.0.0.2:0", "10.0.0.9:0", Protocol::ICMP));
    bench.see(&bare("10.0.0.9:0", "10.0.0.2:0", Protocol::ICMP));
    let events = bench.tick();
    assert_eq!(opened(&events).len(), 1);
    assert_eq!((deltas(&events)[0].tx_packets, deltas(&events)[0].rx_packets), (1, 1));
}

#[test]
fn one_copy_on_loopback_feeds_both_ends() {
    let (client, server) = ("127.0.0.1:50000", "127.0.0.1:80");
    for direction in [None, Some(Direction::In)] {
        let mut bench = Bench::new();
        bench.direction = direction;
        bench.see(&tcp(client, server, SYN));
        bench.see(&tcp(server, client, SYN | ACK));
        let events = bench.tick();
        let ends: Vec<_> =
            opened(&events).iter().map(|flow| (flow.1.local.port(), flow.2.unwrap())).collect();
        assert_eq!(ends, [(50000, Direction::Out), (80, Direction::In)]);
        let moved: Vec<_> = deltas(&events).iter().map(|delta| (delta.tx_bytes, delta.rx_bytes)).collect();
        assert_eq!(moved, [(40, 40), (40, 40)]);
    }
}

#[test]
fn each_of_two_copies_on_loopback_feeds_its_own_end() {
    let (client, server) = ("127.0.0.1:50000", "127.0.0.1:80");
    let mut bench = Bench::new();
    for (direction, pid) in [(Direction::Out, 7), (Direction::In, 8), (Direction::Out, 7), (Direction::In, 8)]
    {
        bench.direction = Some(direction);
        bench.see_tagged(&tcp(client, server, SYN), Some(tag(pid, "x")));
    }
    let events = bench.tick();
    let ends: Vec<_> =
        opened(&events).iter().map(|flow| (flow.1.local.port(), flow.3.unwrap().process.pid)).collect();
    assert_eq!(ends, [(50000, 7), (80, 8)]);
    let moved: Vec<_> = deltas(&events).iter().map(|delta| (delta.tx_bytes, delta.rx_bytes)).collect();
    assert_eq!(moved, [(80, 0), (0, 80)]);
    assert_eq!(deltas(&events)[0].retransmits, 0, "by the kernel's own mark");
}

#[test]
fn untagged_copies_are_told_apart_once_one_was_seen_going_out() {
    let mut bench = Bench::new();
    bench.meter.interface_up(interface(1, InterfaceKind::Loopback));
    for direction in [Direction::Out, Direction::In] {
        bench.direction = Some(direction);
        bench.see(&udp("192.168.1.5:1000", "192.168.1.5:2000"));
    }
    let events = bench.tick();
    let moved: Vec<_> = deltas(&events).iter().map(|delta| (delta.tx_bytes, delta.rx_bytes)).collect();
    assert_eq!(moved, [(40, 0), (0, 40)], "own addresses travel on loopback too");
}

#[test]
fn a_tag_without_direction_speaks_for_the_sender_only() {
    let mut bench = Bench::new();
    bench.see_tagged(&udp("127.0.0.1:1000", "127.0.0.1:2000"), Some(tag(7, "x")));
    let owners: Vec<_> =
        opened(&bench.tick()).iter().map(|flow| flow.3.map(|owner| owner.process.pid)).collect();
    assert_eq!(owners, [Some(7), None]);
}

#[test]
fn who_talks_to_himself_has_one_flow() {
    let mut bench = Bench::new();
    bench.see(&bare("127.0.0.1:0", "127.0.0.1:0", Protocol::ICMP));
    let events = bench.tick();
    assert_eq!(opened(&events).len(), 1);
    assert_eq!((deltas(&events)[0].tx_bytes, deltas(&events)[0].rx_bytes), (40, 40));
}

#[test]
fn owners_come_with_the_flow_and_only_get_better() {
    let mut bench = Bench::new();
    bench.direction = Some(Direction::In);
    bench.see_tagged(&udp(THERE, HERE), Some(tag(7, "in")));
    let events = bench.tick();
    assert!(matches!(&events[0], Event::Process(process) if process.name == "in"));
    let (flow, _, _, Some(owner)) = opened(&events)[0] else { panic!("an owner") };
    assert_eq!((owner.process.pid, owner.source), (7, OwnerSource::InboundTag));

    bench.direction = Some(Direction::Out);
    bench.see_tagged(&udp(HERE, THERE), Some(tag(-1, "")));
    bench.see_tagged(&udp(HERE, THERE), Some(tag(8, "out")));
    bench.see_tagged(&udp(HERE, THERE), Some(tag(9, "flipped")));
    let events = bench.tick();
    let found: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::OwnerFound { flow, owner } => Some((*flow, owner.process.pid)),
            _ => None,
        })
        .collect();
    assert_eq!(found, [(flow, 8)]);
    assert_eq!(bench.meter.owner(flow).unwrap().process.pid, 8);
}

#[test]
fn flows_without_owner_are_asked_for_once() {
    let mut bench = Bench::with(MeterOptions { owners: true, ..MeterOptions::default() });
    bench.see(&udp(HERE, THERE));
    bench.direction = Some(Direction::Out);
    bench.see_tagged(&udp(HERE, "10.0.0.9:444"), Some(tag(7, "known")));
    let asked: Vec<_> = bench.meter.ownerless().collect();
    let [NewFlow { flow, key, .. }] = asked[..] else { panic!("one, not {asked:?}") };
    assert_eq!(key.remote.to_string(), THERE);
    assert_eq!(bench.meter.ownerless().count(), 0);
    let process = ProcessKey { pid: 5, started: Some(Timestamp::new(1, 0)) };
    let owner = Owner { process, via: None, source: OwnerSource::SocketTable };
    bench.meter.set_owner(flow, owner);
    assert_eq!(opened(&bench.tick())[0].3, Some(owner), "in time for the opening event");
    bench.meter.set_owner(FlowId(77), owner);
    assert_eq!(bench.tick(), [], "nobody's");
}

#[test]
fn later_fragments_belong_to_their_datagram() {
    let fragment = |first, id| {
        let mut packet = if first { udp(HERE, THERE) } else { udp("10.0.0.2:0", "10.0.0.9:0") };
        packet.transport.fragment =
            Some(wire::Fragment { id, first, more: first, offset: if first { 8 } else { 16 } });
        packet
    };
    let mut bench = Bench::new();
    bench.see(&fragment(true, 1));
    bench.see(&fragment(false, 1));
    bench.see(&fragment(false, 2));
    bench.wait(31.0);
    bench.see(&fragment(false, 1));
    let events = bench.tick();
    let ports: Vec<_> = opened(&events).iter().map(|flow| flow.1.remote.port()).collect();
    assert_eq!(ports, [443, 0]);
    let packets: Vec<_> = deltas(&events).iter().map(|delta| delta.tx_packets).collect();
    assert_eq!(packets, [2, 2], "the second datagram, and what came too late");
}

/// A fragment of a datagram whose body is a header of `header` bytes and `body`.
fn fragment<'a>(
    whole: &Packet<'a>,
    body: &'a [u8],
    header: usize,
    part: std::ops::Range<usize>,
) -> Packet<'a> {
    let (first, more) = (part.start == 0, part.end < body.len());
    let offset = u16::try_from(part.start + header).unwrap();
    let mut packet = *whole;
    let transport = &mut packet.transport;
    transport.payload = &body[part];
    transport.payload_len = u32::try_from(transport.payload.len()).unwrap();
    transport.fragment = Some(wire::Fragment { id: 7, first, more, offset });
    if !first {
        (transport.source_port, transport.destination_port, transport.tcp) = (0, 0, None);
    }
    packet
}

#[test]
fn what_a_fragmented_datagram_says_is_put_together() {
    let body: Vec<u8> = (0..=255).collect();
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let parts = [0..96, 96..200, 200..256];
        let mut bench = Bench::new();
        let (dns, segment) = (udp("10.0.0.2:50000", "10.0.0.9:53"), tcp(HERE, THERE, ACK));
        for which in order {
            bench.see(&fragment(&dns, &body, 8, parts[which].clone()));
            bench.see(&fragment(&segment, &body, 20, parts[which].clone()));
        }
        let (mut datagrams, mut stream) = (Vec::new(), Vec::new());
        for event in bench.tick() {
            match event {
                Event::Datagram { bytes, .. } => datagrams.push(bytes),
                Event::Opening { offset, bytes, .. } => {
                    assert_eq!(usize::try_from(offset).unwrap(), stream.len());
                    stream.extend(bytes);
                }
                _ => {}
            }
        }
        assert_eq!(datagrams, std::slice::from_ref(&body), "{order:?}");
        assert_eq!(stream, body, "{order:?}");
    }
}

#[test]
fn long_answers_of_dns_over_tcp_are_passed_on_whole() {
    let answer = vec![7; 1400];
    let passed = |server: &str| {
        let mut bench = Bench::new();
        bench.see(&tcp(HERE, server, SYN));
        bench.see(&tcp(server, HERE, SYN | ACK));
        for number in 0..10 {
            let mut packet = tcp(server, HERE, ACK);
            packet.transport.payload = &answer;
            packet.transport.payload_len = 1400;
            packet.transport.tcp =
                Some(Tcp { sequence: 1 + number * 1400, acknowledgment: 1, flags: TcpFlags(ACK) });
            bench.see(&packet);
        }
        let lens = bench.tick().into_iter().map(|event| match event {
            Event::Opening { bytes, .. } => bytes.len(),
            _ => 0,
        });
        lens.sum::<usize>()
    };
    assert_eq!(["10.0.0.9:53", "10.0.0.9:5355", THERE].map(passed), [14_000, 14_000, 2048]);
}

#[test]
fn a_closed_connection_lingers_and_its_ends_can_connect_again() {
    let mut bench = Bench::new();
    bench.see(&tcp(HERE, THERE, SYN));
    bench.see(&tcp(THERE, HERE, RST | ACK));
    let events = bench.tick();
    let first = opened(&events)[0].0;
    assert_eq!(deltas(&events)[0].state, Some(TcpState::Closed));
    bench.wait(1.0);
    bench.see(&tcp(THERE, HERE, ACK));
    let late = bench.tick();
    assert_eq!((opened(&late).len(), deltas(&late)[0].flow), (0, first), "a late packet is its own");
    bench.see(&tcp(HERE, THERE, SYN));
    let again = bench.tick();
    assert_eq!(closed(&again), [(first, CloseReason::Ended)]);
    let second = opened(&again)[0].0;
    assert!(second > first);
    bench.see(&tcp(THERE, HERE, RST | ACK));
    bench.tick();
    bench.wait(2.9);
    assert_eq!(closed(&bench.tick()), []);
    bench.wait(0.4);
    assert_eq!(closed(&bench.tick()), [(second, CloseReason::Ended)]);
    assert_eq!(bench.meter.flows(), 0);
}

#[test]
fn a_recording_ends_without_closing_what_is_open() {
    let mut bench = Bench::new();
    bench.see(&tcp(HERE, THERE, SYN));
    bench.see(&tcp(HERE, "10.0.0.9:444", SYN));
    bench.see(&tcp("10.0.0.9:444", HERE, RST | ACK));
    let mut out = Vec::new();
    bench.meter.finish(bench.now, &mut out);
    assert_eq!(closed(&out), [(opened(&out)[1].0, CloseReason::Ended)]);
    assert_eq!(deltas(&out).len(), 2);
    let Some(Event::Statistics(counts)) = out.last() else { panic!("statistics last") };
    assert_eq!((counts.received, counts.flows), (3, 1));
}

#[test]
fn opening_bytes_come_in_order_from_both_sides() {
    let mut bench = Bench::new();
    bench.see(&carrying(tcp(HERE, THERE, SYN), 99, b""));
    bench.see(&carrying(tcp(HERE, THERE, ACK), 103, b"lo"));
    bench.see(&carrying(tcp(HERE, THERE, ACK), 100, b"hel"));
    let mut answer = carrying(tcp(THERE, HERE, SYN | ACK), 500, b"");
    answer.transport.tcp.as_mut().unwrap().acknowledgment = 100;
    bench.see(&answer);
    bench.see(&carrying(tcp(THERE, HERE, ACK), 501, b"world"));
    bench.see(&carrying(tcp("10.0.0.3:50000", THERE, ACK), 7, b"midway"));
    let pieces: Vec<_> = bench
        .tick()
        .into_iter()
        .filter_map(|event| match event {
            Event::Opening { direction, offset, bytes, .. } => Some((direction, offset, bytes)),
            _ => None,
        })
        .collect();
    assert_eq!(
        pieces,
        [
            (Direction::Out, 0, b"hello".to_vec()),
            (Direction::In, 0, b"world".to_vec()),
            (Direction::Out, 0, b"midway".to_vec()),
        ],
        "a stream whose beginning was missed begins where it is seen first"
    );
}

#[test]
fn names_travel_whole_and_other_datagrams_only_at_first() {
    let count = |packet: &Packet<'_>| {
        let mut bench = Bench::new();
        for _ in 0..20 {
            bench.see(packet);
        }
        bench.tick().iter().filter(|event| matches!(event, Event::Datagram { .. })).count()
    };
    let long = [7; 1501];
    assert_eq!(count(&carrying(udp(HERE, "10.0.0.9:53"), 0, &long)), 20);
    assert_eq!(count(&carrying(udp(HERE, "224.0.0.251:5353"), 0, b"x")), 20);
    assert_eq!(count(&carrying(udp(HERE, THERE), 0, &long[1..])), 6);
    assert_eq!(count(&carrying(udp(HERE, THERE), 0, &long)), 0, "too long");
    assert_eq!(count(&carrying(udp(HERE, THERE), 0, b"\xc3\0\0\0\x01 a QUIC Initial")), 20);
    assert_eq!(count(&carrying(udp(HERE, THERE), 0, b"\xe3\0\0\0\x01 a QUIC Handshake")), 6);
    assert_eq!(count(&udp(HERE, "10.0.0.9:53")), 0, "empty");
    let mut cut = carrying(udp(HERE, "10.0.0.9:53"), 0, b"abc");
    cut.transport.payload_len = 4;
    assert_eq!(count(&cut), 20, "cut by the capture: what stands before the cut may be enough");
    let mut cut = carrying(udp(HERE, THERE), 0, b"\xc3\0\0\0\x01 a QUIC Initial");
    cut.transport.payload_len += 1;
    assert_eq!(count(&cut), 20, "here as well");
    let mut cut = carrying(udp(HERE, THERE), 0, b"anything");
    cut.transport.payload_len += 1;
    assert_eq!(count(&cut), 0);
    assert_eq!(count(&carrying(udp(HERE, THERE), 0, b"\x16\xfe\xfd\0\0 a handshake in DTLS")), 20);
    assert_eq!(count(&carrying(udp(HERE, THERE), 0, b"\x16\xfe\xfd\0\x01 one that is encrypted")), 6);
    let mut bench = Bench::with(MeterOptions { payload: false, ..MeterOptions::default() });
    bench.see(&carrying(udp(HERE, "10.0.0.9:53"), 0, b"abc"));
    assert!(!bench.tick().iter().any(|event| matches!(event, Event::Datagram { .. })));
}

#[test]
fn events_come_in_an_order_that_makes_sense() {
    let mut bench = Bench::new();
    bench.meter.interface_up(interface(1, InterfaceKind::Physical));
    bench.direction = Some(Direction::Out);
    bench.see_tagged(&carrying(udp(HERE, "10.0.0.9:53"), 0, b"x"), Some(tag(7, "a")));
    bench.meter.interface_down(InterfaceId(1));
    bench.meter.process_exited(ProcessKey { pid: 7, started: None }, bench.now);
    let mut out = Vec::new();
    bench.meter.tick(bench.now, &mut out);
    let kinds: Vec<_> = out
        .iter()
        .map(|event| match event {
            Event::InterfaceUp(_) => "up",
            Event::Process(_) => "process",
            Event::FlowOpened { .. } => "opened",
            Event::Datagram { .. } => "datagram",
            Event::Deltas { .. } => "deltas",
            Event::ProcessExited { .. } => "exited",
            Event::InterfaceDown(_) => "down",
            Event::Statistics(_) => "statistics",
            _ => "other",
        })
        .collect();
    assert_eq!(kinds, ["up", "process", "opened", "datagram", "deltas", "exited", "down", "statistics"]);
}
