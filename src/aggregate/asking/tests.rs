//! How programs ask for names, from the messages and hellos that show it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::net::SocketAddr;

use super::*;
use crate::aggregate::names::tests::message;
use crate::aggregate::{AggregatorOptions, Snapshot};
use crate::event::{CloseReason, Event, FlowKey, InterfaceId, Owner, OwnerSource, ProcessKey, Protocol};
use crate::time::Timestamp;
use crate::wire::quic::tests::first_flight_for;
use crate::wire::tls::tests::{hello_for, opening, records};

const QUERY: u16 = 0x0100;
const RESPONSE: u16 = 0x8180;

/// A program, and what it does.
struct World {
    aggregator: Aggregator,
    secs: u64,
}

impl World {
    fn new() -> Self {
        Self { aggregator: Aggregator::new(AggregatorOptions::default()), secs: 1_000 }
    }

    fn tell(&mut self, event: &Event) {
        self.aggregator.ingest(event);
    }

    fn open(&mut self, flow: u64, protocol: Protocol, ends: (&str, &str), owner: impl Into<Option<Owner>>) {
        let (local, remote): (SocketAddr, SocketAddr) = (ends.0.parse().unwrap(), ends.1.parse().unwrap());
        let opened = Some(if local.port() < remote.port() { Direction::In } else { Direction::Out });
        let key = FlowKey { protocol, local, remote, interface: InterfaceId(1) };
        let time = Timestamp::new(self.secs, 0);
        self.tell(&Event::FlowOpened { flow: FlowId(flow), time, key, opened, owner: owner.into() });
    }

    fn says(&mut self, flow: u64, direction: Direction, bytes: Vec<u8>) {
        let time = Timestamp::new(self.secs, 0);
        self.tell(&Event::Datagram { flow: FlowId(flow), time, direction, bytes });
    }

    /// The first bytes of a TCP connection.
    fn begins(&mut self, flow: u64, bytes: Vec<u8>) {
        self.tell(&Event::Opening { flow: FlowId(flow), direction: Direction::Out, offset: 0, bytes });
    }

    fn look(&mut self) -> std::sync::Arc<Snapshot> {
        self.secs += 1;
        self.aggregator.tick(Timestamp::new(self.secs, 0))
    }

    /// How a process asks: the word, whether for others, and whom.
    fn asks(&mut self, pid: i32) -> (Option<&'static str>, bool, Vec<String>) {
        let snapshot = self.look();
        let row = snapshot.processes.iter().find(|row| row.key.is_some_and(|key| key.pid == pid)).unwrap();
        let resolvers = row.asking.resolvers.iter().map(ToString::to_string).collect();
        (row.asking.name(), row.asking.for_others, resolvers)
    }
}

fn of(pid: i32) -> Owner {
    Owner { process: ProcessKey { pid, started: None }, via: None, source: OwnerSource::SocketTable }
}

fn dns(flags: u16) -> Vec<u8> {
    message(flags, Some("crow.test"), &[])
}

/// A message as TCP carries it (RFC 1035 §4.2.2).
fn over_tcp(message: &[u8]) -> Vec<u8> {
    [&u16::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

const UDP_QUERY: (&str, &str) = ("10.0.0.2:50001", "10.0.0.1:53");
const CLOUDFLARE: (&str, &str) = ("10.0.0.2:50002", "1.1.1.1:443");

#[test]
fn a_known_resolver_behind_closed_doors_is_kept_with_its_operator() {
    let mut world = World::new();
    world.open(1, Protocol::TCP, CLOUDFLARE, of(7));
    assert_eq!(world.asks(7), (Some("encrypted"), false, vec!["Cloudflare".to_owned()]), "by address");
    world.open(2, Protocol::TCP, ("10.0.0.2:50003", "192.0.2.1:443"), of(8));
    assert_eq!(world.asks(8), (None, false, vec![]));
    world.begins(2, opening("dns.google"));
    assert_eq!(world.asks(8), (Some("encrypted"), false, vec!["Google".to_owned()]), "by name");
    world.open(3, Protocol::TCP, ("10.0.0.2:50004", "192.0.2.9:853"), of(9));
    assert_eq!(world.asks(9).2, ["192.0.2.9"], "by port");
    world.begins(3, records(&hello_for("resolver.crow.test", &["dot"], 0), 1 << 14));
    assert_eq!(world.asks(9).2, ["resolver.crow.test"], "in place of the address");
}

#[test]
fn dns_over_quic_is_told_by_its_port_and_by_what_it_speaks() {
    let mut world = World::new();
    world.open(1, Protocol::UDP, ("10.0.0.2:50002", "192.0.2.9:853"), of(7));
    world.says(1, Direction::Out, first_flight_for("one.crow.test", &["x"]));
    world.open(2, Protocol::UDP, ("10.0.0.2:50003", "192.0.2.9:4853"), of(7));
    world.says(2, Direction::Out, first_flight_for("two.crow.test", &["doq"]));
    world.open(3, Protocol::UDP, ("10.0.0.2:50004", "192.0.2.9:443"), of(7));
    world.says(3, Direction::Out, first_flight_for("web.crow.test", &["h3"]));
    assert_eq!(world.asks(7).2, ["one.crow.test", "two.crow.test"]);
    let services: Vec<_> = world.look().connections.iter().map(|row| row.service.unwrap()).collect();
    assert_eq!(services, ["dns-over-quic", "dns-over-quic", "quic"]);
}

#[test]
fn another_site_at_a_resolver_s_address_takes_the_verdict_back() {
    let mut world = World::new();
    world.open(1, Protocol::TCP, CLOUDFLARE, of(7));
    assert_eq!(world.asks(7).0, Some("encrypted"));
    world.begins(1, opening("shop.crow.test"));
    assert_eq!(world.asks(7), (None, false, vec![]));
}

#[test]
fn a_question_in_clear_is_seen_over_udp_and_tcp_either_way() {
    #[rustfmt::skip]
    let cases = [
        ("a question", Protocol::UDP, Direction::Out, dns(QUERY), Some("clear")),
        ("its answer alone", Protocol::UDP, Direction::In, dns(RESPONSE), Some("clear")),
        ("over TCP", Protocol::TCP, Direction::Out, over_tcp(&dns(QUERY)), Some("clear")),
        ("no DNS", Protocol::UDP, Direction::Out, b"what else may go to port 53".to_vec(), None),
        ("a zone's change is no question (RFC 2136)", Protocol::UDP, Direction::Out, dns(0x2800), None),
        ("a cut head", Protocol::UDP, Direction::Out, dns(QUERY)[..11].to_vec(), None),
    ];
    for (case, protocol, direction, bytes, expected) in cases {
        let mut world = World::new();
        world.open(1, protocol, UDP_QUERY, of(7));
        if protocol == Protocol::TCP {
            world.begins(1, bytes);
        } else {
            world.says(1, direction, bytes);
        }
        assert_eq!(world.asks(7).0, expected, "{case}");
    }
    let mut world = World::new();
    world.open(1, Protocol::UDP, ("10.0.0.2:5353", "224.0.0.251:5353"), of(7));
    world.says(1, Direction::Out, dns(QUERY));
    assert_eq!(world.asks(7).0, None, "the neighbours are no resolver");
}

#[test]
fn who_asks_both_ways_is_told_from_who_never_asks_in_clear() {
    let mut world = World::new();
    world.open(1, Protocol::TCP, CLOUDFLARE, of(7));
    world.open(2, Protocol::TCP, ("10.0.0.2:50005", "1.0.0.1:443"), of(8));
    world.open(3, Protocol::UDP, UDP_QUERY, of(7));
    world.says(3, Direction::Out, dns(QUERY));
    assert_eq!(world.asks(7).0, Some("both"));
    assert_eq!(world.asks(8).0, Some("encrypted"));
}

#[test]
fn the_verdict_outlives_the_connections_and_a_reset() {
    let mut world = World::new();
    world.open(1, Protocol::TCP, CLOUDFLARE, of(7));
    world.open(2, Protocol::UDP, UDP_QUERY, of(7));
    world.says(2, Direction::Out, dns(QUERY));
    world.open(3, Protocol::TCP, ("10.0.0.2:50009", "192.0.2.1:22"), of(7));
    for flow in [1, 2] {
        let time = Timestamp::new(world.secs, 0);
        world.tell(&Event::FlowClosed { flow: FlowId(flow), time, reason: CloseReason::Ended });
    }
    world.secs += 60;
    assert_eq!(world.look().connections.len(), 1, "their rows are gone");
    assert_eq!(world.asks(7), (Some("both"), false, vec!["Cloudflare".to_owned()]));
    world.aggregator.reset(Timestamp::new(world.secs, 0));
    assert_eq!(world.asks(7).0, Some("both"));
}

#[test]
fn an_owner_that_becomes_known_later_has_asked() {
    let mut world = World::new();
    world.open(1, Protocol::UDP, UDP_QUERY, None);
    world.says(1, Direction::Out, dns(QUERY));
    let snapshot = world.look();
    assert_eq!(snapshot.processes[0].asking, Asking::default(), "what has no owner may be many");
    world.tell(&Event::OwnerFound { flow: FlowId(1), owner: of(7) });
    assert_eq!(world.asks(7).0, Some("clear"));
}

#[test]
fn who_asks_for_others_is_no_app_that_hides_its_questions() {
    // systemd-resolved: an app asks it over loopback, and it asks Quad9 inside TLS.
    let mut world = World::new();
    world.open(1, Protocol::UDP, ("127.0.0.1:50001", "127.0.0.53:53"), of(7));
    world.open(2, Protocol::UDP, ("127.0.0.53:53", "127.0.0.1:50001"), of(100));
    world.open(3, Protocol::TCP, ("10.0.0.2:50002", "9.9.9.9:853"), of(100));
    for (flow, direction) in [(1, Direction::Out), (2, Direction::In)] {
        world.says(flow, direction, dns(QUERY));
    }
    for (flow, direction) in [(2, Direction::Out), (1, Direction::In)] {
        world.says(flow, direction, dns(RESPONSE));
    }
    assert_eq!(world.asks(7), (Some("clear"), false, vec![]), "the app's are in clear");
    assert_eq!(world.asks(100), (Some("encrypted"), true, vec!["Quad9".to_owned()]));
    // mDNSResponder: the kernel says for whom it talks (PKTAP's effective process).
    let resolver = ProcessKey { pid: 200, started: None };
    let for_app = Owner { via: Some(resolver), ..of(8) };
    world.open(4, Protocol::TCP, ("10.0.0.2:50006", "9.9.9.9:443"), for_app);
    assert_eq!(world.asks(8), (None, false, vec![]), "it is not the app that hides them");
    world.open(5, Protocol::UDP, ("10.0.0.2:50007", "10.0.0.1:53"), for_app);
    world.says(5, Direction::Out, dns(QUERY));
    assert_eq!(world.asks(8).0, Some("clear"), "the app's names went by in clear");
}

#[test]
fn what_a_resolver_s_clients_ask_is_not_its_own() {
    let mut world = World::new();
    world.open(1, Protocol::TCP, ("1.1.1.1:853", "10.0.0.9:50001"), of(7));
    assert_eq!(world.asks(7), (None, false, vec![]), "it is the server");
}

#[test]
fn resolvers_of_one_process_are_bounded() {
    let mut world = World::new();
    for number in 0..=u8::try_from(MAX_RESOLVERS).unwrap() {
        let remote = format!("192.0.2.{}:853", 100 + number);
        world.open(number.into(), Protocol::TCP, ("10.0.0.2:50001", &remote), of(7));
    }
    let resolvers = world.asks(7).2;
    assert_eq!(resolvers.len(), MAX_RESOLVERS);
    assert_eq!(resolvers[0], "192.0.2.100", "the first ones are kept");
}
