//! What is said of connections elsewhere than in their own first bytes: SOCKS relays, and a proxy's own API.

use super::*;
use crate::event::ProxyConnection;

const RELAY: &str = "127.0.0.1:1086";
const ASSOCIATE: &[u8] = b"\x05\x01\x00\x05\x03\x00\x01\0\0\0\0\0\0";
const HEADER: &[u8] = b"\0\0\0\x03\x0fvideo.crow.test\x01\xbb";

/// An app that asks a SOCKS proxy for a relay: flows 1 and 2; its datagrams there: 3 and 4; and outside: 5.
fn related(world: &mut World, asks: bool) {
    world.process(10, "browser");
    world.process(20, "ss-local");
    world.pair((1, 2), (APP, "127.0.0.1:1086"), (10, 20));
    if asks {
        world.says(1, Direction::Out, ASSOCIATE);
        world.says(2, Direction::In, ASSOCIATE);
    }
    world.open(3, (LOOPBACK, Protocol::UDP), ("127.0.0.1:50003", RELAY), Some(10));
    let key = FlowKey {
        protocol: Protocol::UDP,
        local: RELAY.parse().unwrap(),
        remote: "127.0.0.1:50003".parse().unwrap(),
        interface: InterfaceId(LOOPBACK),
    };
    let (time, owner) = (at(world.millis), Some(owner(20)));
    world.tell(&Event::FlowOpened { flow: FlowId(4), time, key, opened: Some(Direction::In), owner });
}

fn host(snapshot: &Snapshot, flow: u64) -> Option<(&str, HostSource)> {
    let row = snapshot.connections.iter().find(|row| row.flow == FlowId(flow)).unwrap();
    row.host.as_ref().map(|host| (&*host.name, host.source))
}

fn chain(snapshot: &Snapshot, flow: u64) -> Option<&str> {
    let row = snapshot.connections.iter().find(|row| row.flow == FlowId(flow)).unwrap();
    row.route_chain.as_deref()
}

#[test]
fn datagrams_to_a_socks_relay_count_once_for_the_app_with_the_real_host() {
    let mut world = World::new();
    related(&mut world, true);
    for (flow, direction) in [(3, Direction::Out), (4, Direction::In)] {
        world.datagram(flow, direction, &[HEADER, b"anything"].concat());
    }
    world.open(5, (CABLE, Protocol::UDP), (OUT, "192.0.2.9:8388"), Some(20));
    world.moves_pair((3, 4), 900, 700);
    world.moves(5, 950, 750);
    let snapshot = world.look();
    assert_eq!(
        route(&snapshot, 1),
        (Route::Proxied, Some("Shadowsocks"), true),
        "what asks is the proxy's too"
    );
    assert_eq!(route(&snapshot, 3), (Route::Proxied, Some("Shadowsocks"), true));
    assert_eq!(route(&snapshot, 4), (Route::Local, None, false));
    assert_eq!(route(&snapshot, 5), (Route::Upstream, Some("Shadowsocks"), false));
    assert_eq!(host(&snapshot, 3), Some(("video.crow.test", HostSource::Socks)));
    assert_eq!((process_bytes(&snapshot, 10), process_bytes(&snapshot, 20)), ((900, 700), (0, 0)));
    assert_eq!(domain_bytes(&snapshot, "crow.test"), 1_600);
}

#[test]
fn a_quic_hello_inside_names_the_host_better() {
    let mut world = World::new();
    related(&mut world, true);
    let flight = crate::wire::quic::tests::first_flight("film.crow.test");
    let by_address = [b"\0\0\0\x01\xc0\x00\x02\x01\x01\xbb", &flight[..]].concat();
    world.datagram(3, Direction::Out, &by_address);
    let snapshot = world.look();
    assert_eq!(host(&snapshot, 3), Some(("film.crow.test", HostSource::Quic)));
    let row = snapshot.connections.iter().find(|row| row.flow == FlowId(3)).unwrap();
    assert_eq!((row.service, row.route), (Some("quic"), Route::Proxied));
}

#[test]
fn datagrams_that_only_look_so_are_no_relay_s() {
    for case in ["nobody asked", "another asked", "it is over", "another machine", "a piece", "an answer"] {
        let mut world = World::new();
        related(&mut world, case != "nobody asked");
        let mut sent = [HEADER, b"anything"].concat();
        let (mut flow, mut direction) = (3, Direction::Out);
        match case {
            "another asked" => {
                world.tell(&Event::OwnerFound {
                    flow: FlowId(1),
                    owner: Owner { source: OwnerSource::KernelEvent, ..owner(11) },
                });
            }
            "it is over" => world.closes(1),
            "another machine" => {
                flow = 6;
                world.open(flow, (CABLE, Protocol::UDP), (OUT, "192.0.2.7:1086"), Some(10));
            }
            "a piece" => sent[2] = 1,
            "an answer" => direction = Direction::In,
            _ => {}
        }
        world.datagram(flow, direction, &sent);
        let snapshot = world.look();
        assert_eq!(host(&snapshot, flow), None, "{case}");
        assert!(matches!(route(&snapshot, flow).0, Route::Local | Route::Direct), "{case}");
    }
}

/// A connection as mihomo lists it.
fn listed(source: &str, inbound: Option<u16>) -> ProxyConnection {
    ProxyConnection {
        protocol: Protocol::TCP,
        source: source.parse().unwrap(),
        inbound_port: inbound,
        host: "www.crow.test".to_owned(),
        port: 443,
        program: Some("/usr/bin/curl".to_owned()),
        chain: ["Auto", "Tokyo\u{202e} 2"].map(str::to_owned).to_vec(),
    }
}

#[test]
fn a_connection_that_began_before_crow_is_joined_by_its_port() {
    let mut world = World::new();
    world.process(10, "curl");
    world.process(20, "mihomo");
    // Nothing of its beginning was seen, and the proxy listens where it usually does not.
    world.pair((1, 2), (APP, "127.0.0.1:4321"), (10, 20));
    world.tcp(3, CABLE, (OUT, SITE), 20);
    world.moves_pair((1, 2), 900, 70);
    world.moves(3, 910, 80);
    assert_eq!(route(&world.look(), 1).0, Route::Local);
    world.tell(&Event::Proxied(vec![listed(APP, Some(4321))]));
    let snapshot = world.look();
    assert_eq!(route(&snapshot, 1), (Route::Proxied, Some("mihomo"), true));
    assert_eq!(route(&snapshot, 2), (Route::Local, None, false));
    assert_eq!(route(&snapshot, 3), (Route::Upstream, Some("mihomo"), false));
    assert_eq!(host(&snapshot, 1), Some(("www.crow.test", HostSource::Proxy)));
    assert_eq!(chain(&snapshot, 1), Some("Auto › Tokyo 2"), "and nothing that turns text around");
    assert_eq!((chain(&snapshot, 2), chain(&snapshot, 3)), (None, None));
    assert_eq!((process_bytes(&snapshot, 10), domain_bytes(&snapshot, "crow.test")), ((900, 70), 970));
    // Said again it changes nothing; and it is not unsaid when it is no longer listed.
    world.tell(&Event::Proxied(vec![listed(APP, Some(4321))]));
    world.tell(&Event::Proxied(Vec::new()));
    let again = world.look();
    assert_eq!((chain(&again, 1), route(&again, 1).0), (Some("Auto › Tokyo 2"), Route::Proxied));
}

#[test]
fn only_the_connection_that_is_meant_is_joined() {
    #[rustfmt::skip]
    let cases = [
        ("another port of the app", listed("127.0.0.1:50009", Some(7890))),
        ("another port of the proxy", listed(APP, Some(7891))),
        ("another protocol", ProxyConnection { protocol: Protocol::UDP, ..listed(APP, Some(7890)) }),
        ("another program", ProxyConnection { program: Some("/usr/bin/wget".to_owned()), ..listed(APP, Some(7890)) }),
        ("the other end", listed("127.0.0.1:7890", Some(50_000))),
    ];
    for (case, said) in cases {
        let mut world = World::new();
        proxied(&mut world, "mihomo", ("127.0.0.1:7890", CONNECT));
        world.tell(&Event::Proxied(vec![said]));
        let snapshot = world.look();
        for flow in 1..=3 {
            assert_eq!(chain(&snapshot, flow), None, "{case}");
        }
        assert_eq!(host(&snapshot, 1), Some(("www.example.com", HostSource::Connect)), "{case}");
    }
    let mut world = World::new();
    proxied(&mut world, "mihomo", ("127.0.0.1:7890", CONNECT));
    world.tell(&Event::Proxied(vec![ProxyConnection {
        program: None,
        ..listed("[::ffff:127.0.0.1]:50000", None)
    }]));
    let snapshot = world.look();
    assert_eq!(chain(&snapshot, 1), Some("Auto › Tokyo 2"), "who says less is believed on the port alone");
    assert_eq!(
        host(&snapshot, 1),
        Some(("www.example.com", HostSource::Connect)),
        "the app's own word is better"
    );
    world.closes(1);
    world.tell(&Event::Proxied(vec![ProxyConnection { chain: Vec::new(), ..listed(APP, None) }]));
    assert_eq!(chain(&world.look(), 1), Some("Auto › Tokyo 2"), "what is over is left as it was");
}

#[test]
fn a_connection_out_of_a_tunnel_is_joined_by_its_source_and_port() {
    let mut world = World::new();
    world.process(10, "curl");
    world.process(20, "mihomo");
    world.tunnel(20, "mihomo");
    let source = "198.18.0.1:50000";
    world.tcp(1, TUNNEL, (source, "198.18.0.9:443"), 10);
    world.tcp(2, CABLE, ("198.18.0.1:50000", "198.18.0.9:443"), 10);
    world.moves(1, 900, 70);
    world.tell(&Event::Proxied(vec![ProxyConnection { port: 80, ..listed(source, None) }]));
    assert_eq!(chain(&world.look(), 1), None, "another destination");
    world.tell(&Event::Proxied(vec![listed(source, None)]));
    let snapshot = world.look();
    assert_eq!(route(&snapshot, 1), (Route::Tunnelled, Some("mihomo"), true));
    assert_eq!(host(&snapshot, 1), Some(("www.crow.test", HostSource::Proxy)));
    assert_eq!((chain(&snapshot, 1), chain(&snapshot, 2)), (Some("Auto › Tokyo 2"), None));
}

#[test]
fn the_script_that_chooses_proxies_is_shown_as_long_as_it_is_set() {
    let mut world = World::new();
    assert_eq!(world.look().proxy_script, None);
    world.tell(&Event::ProxyScript(Some("http://proxy.test/\u{202e}proxy.pac".to_owned())));
    assert_eq!(world.look().proxy_script.as_deref(), Some("http://proxy.test/proxy.pac"));
    world.tell(&Event::ProxyScript(None));
    assert_eq!(world.look().proxy_script, None);
}
