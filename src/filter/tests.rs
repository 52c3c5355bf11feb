//! What each kind of term matches, and what it refuses.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use super::*;
use crate::aggregate::snapshot::{Asking, Both, HostName, HostSource, Route};
use crate::event::{App, FlowId, InterfaceKind, ProcessKey, Protocol};
use crate::time::Timestamp;

fn process() -> ProcessRow {
    ProcessRow {
        key: Some(ProcessKey { pid: 4711, started: None }),
        name: "Web Content".into(),
        app: App { id: "firefox".into(), name: "Firefox".into() },
        path: Some("/usr/lib/firefox/plugin".into()),
        user: Some("alice".into()),
        parent: None,
        bytes: Both::default(),
        rate: Both::default(),
        connections: 0,
        first_seen: Timestamp::default(),
        last_seen: Timestamp::default(),
        ended: None,
        asking: Asking::default(),
        history: Arc::new([]),
    }
}

fn connection() -> ConnectionRow {
    ConnectionRow {
        flow: FlowId(1),
        process: Some(ProcessKey { pid: 4711, started: None }),
        process_name: "Web Content".into(),
        via: None,
        protocol: Protocol::TCP,
        local: "[2001:db8::2]:50000".parse().unwrap(),
        remote: "[2001:db8::1]:443".parse().unwrap(),
        interface: "en0".into(),
        interface_kind: InterfaceKind::Physical,
        host: Some(HostName {
            name: "cdn.müller.example".into(),
            source: HostSource::Dns,
            learned: Timestamp::default(),
            outer: false,
        }),
        domain: Some("müller.example".into()),
        service: Some("https"),
        state: Some(TcpState::FinWait1),
        bytes: Both::default(),
        packets: Both::default(),
        rate: Both::default(),
        rtt_us: None,
        retransmits: 0,
        wakes: 0,
        keep_alives: 0,
        first_seen: Timestamp::default(),
        last_seen: Timestamp::default(),
        ended: None,
        credited: true,
        counted: Both::default(),
        route: Route::Direct,
        route_via: None,
        route_chain: None,
    }
}

fn domain() -> DomainRow {
    DomainRow {
        domain: "example.com".into(),
        is_address: false,
        hosts: vec!["www.example.com".into()],
        processes: vec!["curl".into()],
        bytes: Both::default(),
        rate: Both::default(),
        connections: 0,
        first_seen: Timestamp::default(),
        last_seen: Timestamp::default(),
        history: Arc::new([]),
    }
}

#[test]
fn processes() {
    #[rustfmt::skip]
    let cases = [
        ("", true), ("  ", true), ("FIREFOX", true), ("content", true), ("chrome", false), ("4711", true),
        ("471", false), ("alice", true), ("plugin", true), ("-firefox", false), ("-chrome", true),
        ("app:fire", true), ("app:plugin", false), ("-app:fire", false), ("pid:4711", true), ("pid:1", false),
        ("\"web content\"", true), ("web content", true), ("\"content web\"", false),
        ("port:1", true), ("-port:443", true), ("host:nowhere", true), ("fire chrome", false), ("-", false),
    ];
    for (text, shown) in cases {
        assert_eq!(Filter::parse(text).unwrap().matches_process(&process()), shown, "{text}");
    }
}

#[test]
fn connections() {
    #[rustfmt::skip]
    let cases = [
        ("web", true), ("MÜLLER", true), ("host:cdn.", true), ("host:web", false), ("2001:db8::1", true),
        ("[2001:db8::1]:443", true), ("host:2001:db8::1", true), ("host:2001:db8::2", false), ("50000", true),
        ("port:443", true), ("port:50000", true), ("port:44", false), ("-port:443", false),
        ("proto:tcp", true), ("proto:https", true), ("proto:udp", false), ("state:fin", true),
        ("state:fin_wait_2", false), ("iface:en", true), ("iface:lo", false), ("pid:4711", true), ("pid:4", false),
        ("https -iface:utun state:FIN", true), ("app:web", true),
    ];
    for (text, shown) in cases {
        assert_eq!(Filter::parse(text).unwrap().matches_connection(&connection()), shown, "{text}");
    }
    let proxied =
        ConnectionRow { route: Route::Proxied, route_via: Some("Clash Verge".into()), ..connection() };
    #[rustfmt::skip]
    let cases = [
        ("route:proxied", true, false), ("route:prox", true, false), ("ROUTE:Direct", false, true),
        ("-route:proxied", false, true), ("via:clash", true, false), ("-via:verge", false, true), ("clash", true, false),
        ("via:\"clash verge\" port:443 -proto:udp app:web host:cdn -pid:1", true, false), ("route:tunnelled", false, false),
    ];
    for (text, by_proxy, directly) in cases {
        let filter = Filter::parse(text).unwrap();
        assert_eq!(filter.matches_connection(&proxied), by_proxy, "{text}");
        assert_eq!(filter.matches_connection(&connection()), directly, "{text}");
    }
    let ping = ConnectionRow { protocol: Protocol::ICMP, state: None, ..connection() };
    assert!(!Filter::parse("port:443").unwrap().matches_connection(&ping), "ICMP has no ports");
    assert!(!Filter::parse("state:fin").unwrap().matches_connection(&ping), "nor states");
}

#[test]
fn each_key_narrows_and_its_minus_turns_it_round() {
    let own = ConnectionRow {
        process_name: "curl".into(),
        host: Some(HostName { name: "api.example.org".into(), ..connection().host.unwrap() }),
        route: Route::Proxied,
        route_via: Some("mihomo".into()),
        ..connection()
    };
    let other = ConnectionRow {
        process: None,
        process_name: "firefox".into(),
        protocol: Protocol::UDP,
        local: "10.0.0.2:50001".parse().unwrap(),
        remote: "192.0.2.1:53".parse().unwrap(),
        service: Some("dns"),
        host: None,
        domain: None,
        ..connection()
    };
    for term in
        ["route:proxied", "via:mihomo", "host:example.org", "pid:4711", "proto:tcp", "port:443", "app:curl"]
    {
        for (text, shown) in [(term.to_owned(), (true, false)), (format!("-{term}"), (false, true))] {
            let filter = Filter::parse(&text).unwrap();
            assert_eq!((filter.matches_connection(&own), filter.matches_connection(&other)), shown, "{text}");
        }
    }
}

#[test]
fn domains() {
    #[rustfmt::skip]
    let cases = [
        ("www.", true), ("host:example", true), ("curl", true), ("app:curl", true), ("app:example", false),
        ("host:curl", false), ("-curl", false), ("pid:1", true),
    ];
    for (text, shown) in cases {
        assert_eq!(Filter::parse(text).unwrap().matches_domain(&domain()), shown, "{text}");
    }
}

#[test]
fn what_cannot_be_is_said_in_a_sentence() {
    #[rustfmt::skip]
    let cases = [
        ("a host:", "`host:` needs a value behind it, such as `host:example.com`"),
        ("pid:x", "`pid:` needs a number, and `x` is not one that it can be"),
        ("-port:65536", "`port:` needs a number, and `65536` is not one that it can be"),
        ("state:open", "`open` is no TCP state; try `state:established` or `state:closed`"),
        ("route:vpn", "`vpn` is no route; try `route:proxied`, `route:tunnelled` or `route:direct`"),
        ("via:", "`via:` needs a value behind it, such as `via:mihomo`"),
        ("\"web", "a quotation mark is missing its partner"),
    ];
    for (text, message) in cases {
        assert_eq!(Filter::parse(text).unwrap_err().to_string(), message, "{text}");
    }
}

#[test]
fn the_process_argument_is_taken_literally() {
    assert!(Filter::process("").matches_process(&process()));
    assert!(Filter::process("fireFOX").matches_process(&process()));
    assert!(!Filter::process("-firefox").matches_process(&process()));
    assert!(Filter::process("web content").matches_connection(&connection()));
    assert!(!Filter::process("müller").matches_connection(&connection()));
}
