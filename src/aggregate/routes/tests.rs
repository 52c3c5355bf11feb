//! Each rule of routes and of what counts where, from events.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use super::*;
use crate::aggregate::names::tests::message as dns_message;
use crate::aggregate::snapshot::Snapshot;
use crate::aggregate::{Aggregator, AggregatorOptions};
use crate::event::{
    App, Delta, Event, FlowKey, Interface, InterfaceId, Owner, OwnerSource, TcpState, Tunnel as Held,
};

mod joining;

const LOOPBACK: u32 = 1;
const CABLE: u32 = 2;
const TUNNEL: u32 = 3;

fn at(millis: u64) -> Timestamp {
    Timestamp::from_nanos((1_000_000 + millis) * 1_000_000)
}

fn key(pid: i32) -> ProcessKey {
    ProcessKey { pid, started: None }
}

/// A machine with loopback, a cable, a tunnel, and what happens on it.
struct World {
    aggregator: Aggregator,
    millis: u64,
}

impl World {
    fn new() -> Self {
        let mut world = Self { aggregator: Aggregator::new(AggregatorOptions::default()), millis: 0 };
        for (id, name, kind) in [
            (LOOPBACK, "lo", InterfaceKind::Loopback),
            (CABLE, "eth0", InterfaceKind::Physical),
            (TUNNEL, "tun0", InterfaceKind::Tunnel),
        ] {
            let id = InterfaceId(id);
            world.tell(&Event::InterfaceUp(Interface {
                id,
                name: name.to_owned(),
                kind,
                uppers: Vec::new(),
            }));
        }
        world
    }

    fn tell(&mut self, event: &Event) {
        self.aggregator.ingest(event);
    }

    fn wait(&mut self, millis: u64) {
        self.millis += millis;
    }

    fn process(&mut self, pid: i32, name: &str) {
        let path = format!("/usr/bin/{name}");
        self.tell(&Event::Process(Process {
            key: key(pid),
            name: name.to_owned(),
            path: Some(path.clone()),
            uid: None,
            user: None,
            parent: None,
            app: App { id: path, name: name.to_owned() },
        }));
    }

    fn open(
        &mut self,
        flow: u64,
        (interface, protocol): (u32, Protocol),
        ends: (&str, &str),
        pid: Option<i32>,
    ) {
        let key = FlowKey {
            protocol,
            local: ends.0.parse().unwrap(),
            remote: ends.1.parse().unwrap(),
            interface: InterfaceId(interface),
        };
        let time = at(self.millis);
        let owner = pid.map(owner);
        self.tell(&Event::FlowOpened { flow: FlowId(flow), time, key, opened: Some(Direction::Out), owner });
    }

    fn tcp(&mut self, flow: u64, interface: u32, ends: (&str, &str), pid: i32) {
        self.open(flow, (interface, Protocol::TCP), ends, Some(pid));
    }

    /// Both ends of a connection over loopback; the second flow is the listener's.
    fn pair(&mut self, flows: (u64, u64), ends: (&str, &str), pids: (i32, i32)) {
        self.tcp(flows.0, LOOPBACK, ends, pids.0);
        self.accepted(flows.1, LOOPBACK, (ends.1, ends.0), pids.1);
    }

    fn accepted(&mut self, flow: u64, interface: u32, ends: (&str, &str), pid: i32) {
        let key = FlowKey {
            protocol: Protocol::TCP,
            local: ends.0.parse().unwrap(),
            remote: ends.1.parse().unwrap(),
            interface: InterfaceId(interface),
        };
        let (time, owner) = (at(self.millis), Some(owner(pid)));
        self.tell(&Event::FlowOpened { flow: FlowId(flow), time, key, opened: Some(Direction::In), owner });
    }

    fn says(&mut self, flow: u64, direction: Direction, bytes: &[u8]) {
        self.tell(&Event::Opening { flow: FlowId(flow), direction, offset: 0, bytes: bytes.to_vec() });
    }

    fn datagram(&mut self, flow: u64, direction: Direction, bytes: &[u8]) {
        let time = at(self.millis);
        self.tell(&Event::Datagram { flow: FlowId(flow), time, direction, bytes: bytes.to_vec() });
    }

    fn moves(&mut self, flow: u64, rx_bytes: u64, tx_bytes: u64) {
        let delta = Delta { rx_bytes, tx_bytes, rx_packets: 1, tx_packets: 1, ..Delta::new(FlowId(flow)) };
        self.tell(&Event::Deltas { time: at(self.millis), deltas: vec![delta] });
    }

    /// What moves over loopback, told by both ends.
    fn moves_pair(&mut self, flows: (u64, u64), rx: u64, tx: u64) {
        self.moves(flows.0, rx, tx);
        self.moves(flows.1, tx, rx);
    }

    fn closes(&mut self, flow: u64) {
        let delta = Delta { state: Some(TcpState::Closed), ..Delta::new(FlowId(flow)) };
        self.tell(&Event::Deltas { time: at(self.millis), deltas: vec![delta] });
    }

    fn tunnel(&mut self, pid: i32, name: &str) {
        let holder = TunnelHolder::Process { pid, name: name.to_owned() };
        self.tell(&Event::Tunnels(vec![Held { interface: "tun0".to_owned(), holder }]));
    }

    fn setting(&mut self, host: &str, port: u16) {
        let setting = ProxySetting { host: host.to_owned(), port, origin: "environment".to_owned() };
        self.tell(&Event::Proxies(vec![setting]));
    }

    fn look(&mut self) -> Arc<Snapshot> {
        let snapshot = self.aggregator.tick(at(self.millis));
        counted_once(&snapshot);
        snapshot
    }
}

/// A DNS answer: an A record.
fn message(name: &str, address: [u8; 4]) -> Vec<u8> {
    dns_message(0x8180, Some(name), &[(name, 1, &address)])
}

fn owner(pid: i32) -> Owner {
    Owner { process: key(pid), via: None, source: OwnerSource::SocketTable }
}

/// What must hold in every picture: the accounts are the sums of what their flows count, and what counts outside,
/// with the upstream and carrier flows, is what the machine counts.
fn counted_once(snapshot: &Snapshot) {
    let sum = |rows: Vec<&ConnectionRow>| -> u64 {
        rows.iter().map(|row| row.counted.rx.0 + row.counted.tx.0).sum()
    };
    let both = |bytes: Both<Bytes>| bytes.rx.0 + bytes.tx.0;
    for process in &snapshot.processes {
        let own = snapshot.connections.iter().filter(|row| row.process == process.key).map(|row| &**row);
        assert_eq!(both(process.bytes), sum(own.collect()), "{}", process.name);
    }
    let domains: u64 = snapshot.domains.iter().map(|row| both(row.bytes)).sum();
    assert_eq!(domains, sum(snapshot.connections.iter().map(|row| &**row).collect()), "domains");
    let outside = |row: &&Arc<ConnectionRow>| row.interface_kind == InterfaceKind::Physical;
    let counted: u64 =
        snapshot.connections.iter().filter(outside).map(|row| row.counted.rx.0 + row.counted.tx.0).sum();
    let uncounted: u64 = snapshot
        .connections
        .iter()
        .filter(outside)
        .map(|row| both(row.bytes) - row.counted.rx.0 - row.counted.tx.0)
        .sum();
    assert_eq!(both(snapshot.totals.bytes), counted + uncounted);
}

fn route(snapshot: &Snapshot, flow: u64) -> (Route, Option<&str>, bool) {
    let row = snapshot.connections.iter().find(|row| row.flow == FlowId(flow)).unwrap();
    (row.route, row.route_via.as_deref(), row.credited)
}

fn process_bytes(snapshot: &Snapshot, pid: i32) -> (u64, u64) {
    let row = snapshot.processes.iter().find(|row| row.key == Some(key(pid))).unwrap();
    (row.bytes.rx.0, row.bytes.tx.0)
}

fn connections(snapshot: &Snapshot, pid: i32) -> u32 {
    snapshot.processes.iter().find(|row| row.key == Some(key(pid))).unwrap().connections
}

fn domain_bytes(snapshot: &Snapshot, domain: &str) -> u64 {
    let row = snapshot.domains.iter().find(|row| &*row.domain == domain);
    row.map_or(0, |row| row.bytes.rx.0 + row.bytes.tx.0)
}

const CONNECT: &[u8] = b"CONNECT www.example.com:443 HTTP/1.1\r\nHost: www.example.com:443\r\n\r\n";
const SOCKS5: &[u8] = b"\x05\x01\x00\x05\x01\x00\x03\x0fwww.example.com\x01\xbb";
const APP: &str = "127.0.0.1:50000";
const OUT: &str = "10.0.0.2:40000";
const SITE: &str = "192.0.2.7:443";

/// An app's connection through a local proxy: flows 1 and 2 over loopback, 3 outside.
fn proxied(world: &mut World, name: &str, (listens, request): (&str, &[u8])) {
    world.process(10, "curl");
    world.process(20, name);
    world.pair((1, 2), (APP, listens), (10, 20));
    world.says(1, Direction::Out, request);
    world.says(2, Direction::In, request);
    world.tcp(3, CABLE, (OUT, SITE), 20);
    world.moves_pair((1, 2), 9_000, 700);
    world.moves(3, 9_100, 650);
}

#[test]
fn what_a_local_proxy_passes_on_counts_once_for_the_app() {
    for (name, via) in [("mihomo", "mihomo"), ("tor", "Tor"), ("something-new", "something-new")] {
        for request in [CONNECT, SOCKS5] {
            let mut world = World::new();
            proxied(&mut world, name, ("127.0.0.1:9999", request));
            let snapshot = world.look();
            assert_eq!(route(&snapshot, 1), (Route::Proxied, Some(via), true), "{name}");
            assert_eq!(route(&snapshot, 2), (Route::Local, None, false), "{name}");
            assert_eq!(route(&snapshot, 3), (Route::Upstream, Some(via), false), "{name}");
            assert_eq!(process_bytes(&snapshot, 10), (9_000, 700));
            assert_eq!(process_bytes(&snapshot, 20), (0, 0));
            assert_eq!(domain_bytes(&snapshot, "example.com"), 9_700, "the domain counts it once");
            let domains: Vec<_> =
                snapshot.domains.iter().map(|row| (&*row.domain, row.processes.len())).collect();
            assert_eq!(domains, [("example.com", 1)], "who passes it on does not talk to it");
            assert_eq!(connections(&snapshot, 20), 2, "the proxy has connections all the same");
            assert_eq!((snapshot.totals.bytes.rx.0, snapshot.totals.bytes.tx.0), (9_100, 650));
            assert_eq!(snapshot.totals.loopback.0, 9_700);
            let of = |route| snapshot.totals.routes.of(route);
            assert_eq!(of(Route::Proxied), Both { rx: Bytes(9_000), tx: Bytes(700) });
            assert_eq!(of(Route::Upstream), Both { rx: Bytes(9_100), tx: Bytes(650) });
            assert_eq!((of(Route::Direct), of(Route::Local)), Default::default());
        }
    }
}

#[test]
fn it_counts_the_same_when_the_request_and_the_owners_become_known_late() {
    let mut world = World::new();
    world.process(10, "curl");
    world.process(20, "tinyproxy");
    world.open(1, (LOOPBACK, Protocol::TCP), (APP, "127.0.0.1:9999"), None);
    world.open(2, (LOOPBACK, Protocol::TCP), ("127.0.0.1:9999", APP), None);
    world.open(3, (CABLE, Protocol::TCP), (OUT, SITE), None);
    world.moves_pair((1, 2), 9_000, 700);
    world.moves(3, 9_100, 650);
    world.closes(1);
    world.closes(2);
    world.closes(3);
    world.wait(500);
    assert_eq!(route(&world.look(), 1), (Route::Local, None, true));
    for (flow, pid) in [(3, 20), (1, 10), (2, 20)] {
        world.tell(&Event::OwnerFound { flow: FlowId(flow), owner: owner(pid) });
    }
    // The opening bytes of a closed flow are not read any longer; the setting says what it was.
    world.setting("127.0.0.1", 9_999);
    let open = world.look();
    assert_eq!(
        route(&open, 1),
        (Route::Local, None, true),
        "a closed flow keeps its route when settings change"
    );

    let mut world = World::new();
    world.process(10, "curl");
    world.process(20, "tinyproxy");
    world.setting("localhost", 9_999);
    world.open(1, (LOOPBACK, Protocol::TCP), (APP, "127.0.0.1:9999"), None);
    world.open(3, (CABLE, Protocol::TCP), (OUT, SITE), None);
    world.open(2, (LOOPBACK, Protocol::TCP), ("127.0.0.1:9999", APP), None);
    world.moves_pair((1, 2), 9_000, 700);
    world.moves(3, 9_100, 650);
    for (flow, pid) in [(3, 20), (1, 10), (2, 20)] {
        world.tell(&Event::OwnerFound { flow: FlowId(flow), owner: owner(pid) });
    }
    let snapshot = world.look();
    assert_eq!(route(&snapshot, 1).0, Route::Proxied);
    assert_eq!(route(&snapshot, 3), (Route::Upstream, Some("tinyproxy"), false));
    assert_eq!((process_bytes(&snapshot, 10), process_bytes(&snapshot, 20)), ((9_000, 700), (0, 0)));
}

#[test]
fn a_server_over_loopback_is_no_proxy() {
    let mut world = World::new();
    world.process(10, "firefox");
    world.process(20, "nginx");
    world.process(21, "mihomo");
    world.pair((1, 2), (APP, "127.0.0.1:8080"), (10, 20));
    world.says(1, Direction::Out, b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n");
    world.pair((3, 4), ("127.0.0.1:50001", "127.0.0.1:9090"), (10, 21));
    world.says(3, Direction::Out, b"GET /ui HTTP/1.1\r\nHost: localhost:9090\r\n\r\n");
    world.moves_pair((1, 2), 100, 50);
    world.moves_pair((3, 4), 10, 5);
    world.tcp(5, CABLE, (OUT, SITE), 21);
    world.moves(5, 30, 3);
    let snapshot = world.look();
    for flow in 1..=4 {
        assert_eq!(route(&snapshot, flow), (Route::Local, None, true), "{flow}");
    }
    assert_eq!(route(&snapshot, 5), (Route::Direct, None, true), "a proxy that nobody uses talks for itself");
    assert_eq!(process_bytes(&snapshot, 20), (50, 100));
    assert_eq!(snapshot.totals.routes.of(Route::Local), Both { rx: Bytes(0), tx: Bytes(165) });
}

#[test]
fn a_known_proxy_is_recognised_by_its_port_or_by_a_stranger_s_name() {
    let hello = crate::wire::tls::tests::opening("www.example.com");
    for (port, says, expected) in [
        ("127.0.0.1:7890", None, Route::Proxied),
        ("127.0.0.1:4321", None, Route::Local),
        ("127.0.0.1:4321", Some(&hello), Route::Proxied),
    ] {
        let mut world = World::new();
        world.process(10, "curl");
        world.process(20, "verge-mihomo");
        world.pair((1, 2), (APP, port), (10, 20));
        if let Some(bytes) = says {
            world.says(1, Direction::Out, bytes);
        }
        world.moves_pair((1, 2), 100, 50);
        assert_eq!(route(&world.look(), 1).0, expected, "{port}");
    }
}

#[test]
fn of_a_program_that_also_is_a_proxy_only_what_it_opens_meanwhile_is_upstream() {
    let mut world = World::new();
    world.process(20, "editor");
    world.tcp(9, CABLE, ("10.0.0.2:39999", SITE), 20);
    world.wait(5_000);
    proxied(&mut world, "editor", ("127.0.0.1:9999", CONNECT));
    world.closes(1);
    world.wait(5_000);
    world.tcp(4, CABLE, ("10.0.0.2:40001", SITE), 20);
    world.moves(4, 10, 20);
    world.moves(9, 1, 2);
    let snapshot = world.look();
    assert_eq!(route(&snapshot, 3).0, Route::Upstream);
    assert_eq!(route(&snapshot, 4).0, Route::Direct, "nobody uses it any longer");
    assert_eq!(route(&snapshot, 9).0, Route::Direct, "older than its first client");
    assert_eq!(process_bytes(&snapshot, 20), (11, 22));
}

#[test]
fn a_proxy_that_uses_another_counts_nothing_twice() {
    let mut world = World::new();
    world.process(10, "curl");
    world.process(20, "privoxy");
    world.process(30, "tor");
    world.pair((1, 2), (APP, "127.0.0.1:8118"), (10, 20));
    world.says(1, Direction::Out, CONNECT);
    world.pair((3, 4), ("127.0.0.1:50001", "127.0.0.1:9050"), (20, 30));
    world.says(3, Direction::Out, SOCKS5);
    world.tcp(5, CABLE, (OUT, SITE), 30);
    world.moves_pair((1, 2), 9_000, 700);
    world.moves_pair((3, 4), 9_010, 710);
    world.moves(5, 9_500, 900);
    let snapshot = world.look();
    assert_eq!(route(&snapshot, 1), (Route::Proxied, Some("Privoxy"), true));
    assert_eq!(route(&snapshot, 3), (Route::Upstream, Some("Tor"), false));
    assert_eq!(route(&snapshot, 4), (Route::Local, None, false));
    assert_eq!(route(&snapshot, 5), (Route::Upstream, Some("Tor"), false));
    assert_eq!((process_bytes(&snapshot, 20), process_bytes(&snapshot, 30)), ((0, 0), (0, 0)));
    assert_eq!(domain_bytes(&snapshot, "example.com"), 9_700);
}

#[test]
fn a_proxy_on_another_machine_is_named_by_its_address_name_or_setting() {
    let mut world = World::new();
    world.process(10, "curl");
    world.tcp(1, CABLE, (OUT, "10.0.0.9:3128"), 10);
    world.says(1, Direction::Out, CONNECT);
    world.moves(1, 500, 100);
    let snapshot = world.look();
    assert_eq!(route(&snapshot, 1), (Route::Proxied, Some("10.0.0.9:3128"), true));
    assert_eq!(domain_bytes(&snapshot, "example.com"), 600);
    assert_eq!(snapshot.totals.routes.of(Route::Proxied), snapshot.totals.bytes);

    // A plain request in absolute form, to a name that was looked up.
    world.open(2, (CABLE, Protocol::UDP), ("10.0.0.2:53000", "10.0.0.1:53"), Some(10));
    world.datagram(2, Direction::In, &message("proxy.example.net", [10, 0, 0, 10]));
    world.tcp(3, CABLE, ("10.0.0.2:40001", "10.0.0.10:8080"), 10);
    world.says(3, Direction::Out, b"GET http://www.example.org/ HTTP/1.1\r\nHost: www.example.org\r\n\r\n");
    // One that the settings name, and of which nothing was heard.
    world.setting("10.0.0.11", 8_081);
    world.tcp(4, CABLE, ("10.0.0.2:40002", "10.0.0.11:8081"), 10);
    let snapshot = world.look();
    assert_eq!(route(&snapshot, 3), (Route::Proxied, Some("proxy.example.net:8080"), true));
    assert_eq!(route(&snapshot, 4), (Route::Proxied, Some("10.0.0.11:8081"), true));
}

#[test]
fn one_who_uses_this_machine_s_proxy_from_outside_is_no_client_of_ours() {
    let mut world = World::new();
    world.process(20, "squid");
    world.accepted(1, CABLE, ("10.0.0.2:3128", "10.0.0.50:51000"), 20);
    world.says(1, Direction::In, CONNECT);
    world.moves(1, 700, 9_000);
    let snapshot = world.look();
    assert_eq!(route(&snapshot, 1), (Route::Direct, None, true));
}

#[test]
fn what_is_in_a_tunnel_counts_for_the_app_and_its_carrier_for_nobody() {
    for (name, via, outside) in [
        ("openvpn", "OpenVPN", Route::Carrier),
        ("tailscaled", "Tailscale", Route::Carrier),
        ("mytunnel", "mytunnel", Route::Carrier),
        ("mihomo", "mihomo", Route::Upstream),
    ] {
        let mut world = World::new();
        world.process(10, "curl");
        world.process(20, name);
        world.open(1, (CABLE, Protocol::UDP), (OUT, "192.0.2.1:1194"), Some(20));
        world.tunnel(20, name);
        assert_eq!(route(&world.look(), 1).0, Route::Direct, "an unused tunnel carries nothing");
        world.tcp(2, TUNNEL, ("10.8.0.2:50000", "198.51.100.1:443"), 10);
        world.moves(2, 9_000, 700);
        world.moves(1, 9_600, 900);
        let snapshot = world.look();
        assert_eq!(route(&snapshot, 2), (Route::Tunnelled, Some(via), true));
        assert_eq!(route(&snapshot, 1), (outside, Some(via), false));
        assert_eq!((process_bytes(&snapshot, 10), process_bytes(&snapshot, 20)), ((9_000, 700), (0, 0)));
        assert_eq!((snapshot.totals.bytes.rx.0, snapshot.totals.bytes.tx.0), (9_600, 900));
        let tunnels = &snapshot.totals.routes.tunnels;
        let outer = if outside == Route::Carrier { 10_500 } else { 0 };
        assert_eq!(**tunnels, [TunnelTotals { name: via.into(), inner: Bytes(9_700), outer: Bytes(outer) }]);
    }
}

#[test]
fn a_tunnel_that_a_recording_shows_from_outside_is_counted_inside_and_its_carrier_for_nobody() {
    let mut world = World::new();
    world.open(1, (CABLE, Protocol(47)), ("10.0.0.2:0", "192.0.2.1:0"), None);
    world.open(4, (CABLE, Protocol::UDP), (OUT, "192.0.2.1:4789"), None);
    let inside = InterfaceId(9);
    let (name, kind) = ("GRE".to_owned(), InterfaceKind::Tunnel);
    world.tell(&Event::InterfaceUp(Interface { id: inside, name, kind, uppers: Vec::new() }));
    world.moves(1, 40, 0);
    assert_eq!(route(&world.look(), 1).0, Route::Direct, "nothing was seen inside");
    world.open(2, (inside.0, Protocol::TCP), ("10.8.0.2:50000", "198.51.100.1:443"), None);
    world.moves(2, 9_000, 700);
    world.moves(1, 9_560, 740);
    world.moves(4, 10, 10);
    let snapshot = world.look();
    assert_eq!(route(&snapshot, 2), (Route::Tunnelled, Some("GRE"), true));
    assert_eq!(route(&snapshot, 1), (Route::Carrier, Some("GRE"), false));
    assert_eq!(route(&snapshot, 4).0, Route::Direct, "of another kind, in which nothing was seen");
    assert_eq!((snapshot.totals.bytes.rx.0, snapshot.totals.bytes.tx.0), (9_610, 750), "once");
    let tunnels = &snapshot.totals.routes.tunnels;
    let expected = TunnelTotals { name: "GRE".into(), inner: Bytes(9_700), outer: Bytes(10_340) };
    assert_eq!(**tunnels, [expected]);
}

#[test]
fn the_kernel_s_wireguard_is_known_by_its_messages() {
    let mut initiation = vec![7; 148];
    initiation[..4].copy_from_slice(&[1, 0, 0, 0]);
    for (holder, expected) in [
        (TunnelHolder::WireGuard, (Route::Carrier, Some("WireGuard"), false)),
        (TunnelHolder::Service("Work".to_owned()), (Route::Direct, None, true)),
    ] {
        for is_told_first in [true, false] {
            let mut world = World::new();
            world.process(10, "curl");
            let told = Event::Tunnels(vec![Held { interface: "tun0".to_owned(), holder: holder.clone() }]);
            if is_told_first {
                world.tell(&told);
            }
            world.open(1, (CABLE, Protocol::UDP), (OUT, "192.0.2.1:51820"), None);
            world.open(3, (CABLE, Protocol::UDP), ("10.0.0.2:40001", "192.0.2.1:51821"), None);
            world.datagram(1, Direction::Out, &initiation);
            world.datagram(3, Direction::Out, &[7; 148]);
            if !is_told_first {
                world.tell(&told);
            }
            world.tcp(2, TUNNEL, ("10.8.0.2:50000", "198.51.100.1:443"), 10);
            world.moves(2, 900, 70);
            world.moves(1, 980, 150);
            world.moves(3, 10, 10);
            world.tell(&told);
            let snapshot = world.look();
            assert_eq!(route(&snapshot, 1), expected, "{is_told_first}");
            assert_eq!(route(&snapshot, 3).0, Route::Direct, "not WireGuard's");
            let unknown = if expected.0 == Route::Carrier { 20 } else { 1_150 };
            assert_eq!(snapshot.totals.unattributed.0, unknown, "a known carrier is no riddle");
        }
    }
}

#[test]
fn a_tunnel_without_a_known_holder_is_named_by_its_interface() {
    let mut world = World::new();
    world.process(10, "curl");
    world.tcp(1, TUNNEL, ("10.8.0.2:50000", "198.51.100.1:443"), 10);
    assert_eq!(route(&world.look(), 1), (Route::Tunnelled, Some("tun0"), true));
    let holder = TunnelHolder::Service("Work".to_owned());
    world.tell(&Event::Tunnels(vec![Held { interface: "tun0".to_owned(), holder }]));
    assert_eq!(route(&world.look(), 1), (Route::Tunnelled, Some("Work"), true));
}

#[test]
fn a_vpn_that_comes_and_goes_lets_no_total_jump() {
    let mut world = World::new();
    world.process(10, "curl");
    world.process(20, "openvpn");
    world.open(1, (CABLE, Protocol::UDP), (OUT, "192.0.2.1:1194"), Some(20));
    world.tcp(2, CABLE, ("10.0.0.2:50000", SITE), 10);
    world.moves(1, 10_000, 1_000);
    world.moves(2, 5_000, 500);
    world.wait(10_000);
    let figures = |world: &mut World| {
        let snapshot = world.look();
        let total = snapshot.totals.bytes;
        let routes = Route::ALL.map(|route| snapshot.totals.routes.of(route));
        ((total.rx.0, total.tx.0), process_bytes(&snapshot, 10), process_bytes(&snapshot, 20), routes)
    };
    let before = figures(&mut world);
    // On: the tunnel appears, and a first packet in it makes its holder's flow the carrier.
    world.tunnel(20, "openvpn");
    world.tcp(3, TUNNEL, ("10.8.0.2:50000", SITE), 10);
    assert_eq!(route(&world.look(), 1).0, Route::Carrier);
    assert_eq!(figures(&mut world), before, "nothing moved, so nothing changes");
    world.moves(3, 100, 10);
    world.moves(1, 130, 20);
    let on = figures(&mut world);
    let rate =
        |world: &mut World| world.look().processes.iter().find(|row| row.key == Some(key(20))).unwrap().rate;
    assert_eq!((on.0, on.1, on.2), ((15_130, 1_520), (5_100, 510), (10_000, 1_000)));
    world.moves(1, 0, 0);
    world.wait(2_500);
    // Off: what the same flow moves from then on is the program's own.
    world.tell(&Event::Tunnels(Vec::new()));
    assert_eq!(figures(&mut world), on);
    world.moves(1, 7, 3);
    let off = figures(&mut world);
    assert!(rate(&mut world).rx.get() < 2.0, "7 bytes in 5 s, and nothing of what it carried");
    assert_eq!((off.0, off.1, off.2), ((15_137, 1_523), (5_100, 510), (10_007, 1_003)));
}

#[test]
fn made_up_addresses_are_labelled() {
    let mut world = World::new();
    world.process(10, "curl");
    world.process(20, "sing-box");
    world.tunnel(20, "sing-box");
    world.open(1, (TUNNEL, Protocol::UDP), ("172.19.0.1:53000", "172.19.0.2:53"), Some(10));
    world.datagram(1, Direction::In, &message("a.example.com", [198, 18, 0, 7]));
    world.datagram(1, Direction::In, &message("b.example.com", [172, 29, 0, 8]));
    world.datagram(1, Direction::In, &message("c.example.com", [192, 0, 2, 8]));
    world.tcp(2, TUNNEL, ("172.19.0.1:50000", "198.18.0.7:22"), 10);
    world.tcp(3, TUNNEL, ("172.19.0.1:50001", "172.29.0.8:22"), 10);
    world.tcp(4, TUNNEL, ("172.19.0.1:50002", "192.0.2.8:22"), 10);
    world.tcp(5, CABLE, ("10.0.0.2:50003", "198.18.0.7:22"), 10);
    let snapshot = world.look();
    let source = |flow| {
        let row = snapshot.connections.iter().find(|row| row.flow == FlowId(flow)).unwrap();
        row.host.as_ref().map(|host| (&*host.name, host.source))
    };
    assert_eq!(source(2), Some(("a.example.com", HostSource::FakeIp)));
    assert_eq!(source(3), Some(("b.example.com", HostSource::FakeIp)), "learned: it leads nowhere");
    assert_eq!(source(4), Some(("c.example.com", HostSource::Dns)));
    assert_eq!(source(5), Some(("a.example.com", HostSource::FakeIp)));
    assert_eq!(route(&snapshot, 5), (Route::Proxied, Some(FAKE_GATEWAY), true));
}

#[test]
fn reset_sets_the_routes_totals_to_zero_too() {
    let mut world = World::new();
    proxied(&mut world, "mihomo", ("127.0.0.1:7890", CONNECT));
    world.look();
    world.aggregator.reset(at(world.millis));
    let snapshot = world.look();
    assert_eq!(snapshot.totals.routes, RouteTotals::default());
    world.moves(3, 5, 5);
    assert_eq!(world.look().totals.routes.of(Route::Upstream), Both { rx: Bytes(5), tx: Bytes(5) });
}

#[test]
fn what_is_forgotten_leaves_no_trace() {
    let mut world = World::new();
    proxied(&mut world, "mihomo", ("127.0.0.1:7890", CONNECT));
    for flow in 1..=3 {
        world.closes(flow);
    }
    let relay = |world: &World| world.aggregator.routes.relays.get(&key(20)).map(|relay| relay.clients);
    assert_eq!(relay(&world), Some(0));
    world.look();
    world.wait(61_000);
    // What forgotten flows moved stays in the accounts.
    world.aggregator.tick(at(world.millis));
    world.aggregator.tick(at(world.millis));
    assert!(world.aggregator.routes.loops.is_empty());
    // The same ports again are another connection.
    world.pair((11, 12), (APP, "127.0.0.1:7890"), (10, 20));
    world.says(11, Direction::Out, CONNECT);
    let snapshot = world.aggregator.tick(at(world.millis));
    assert_eq!(route(&snapshot, 11).0, Route::Proxied);
    assert_eq!(relay(&world), Some(1));
}
