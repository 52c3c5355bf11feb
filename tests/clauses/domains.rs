//! Hosts add up to registrable domains, and services are called by what was seen.

use super::recording::{Recording, way};
use super::row;
use super::words::{hello, initial, query};

#[test]
fn hosts_add_up_to_the_domains_that_somebody_could_register() {
    #[rustfmt::skip]
    let cases = [
        ("www.crow.example", "crow.example"), ("a.b.crow.co.uk", "crow.co.uk"),
        ("me.github.io", "me.github.io"), ("deep.me.github.io", "me.github.io"),
        ("www.xn--bcher-kva.example", "xn--bcher-kva.example"), ("x.b\u{fc}cher.example", "b\u{fc}cher.example"),
        ("localhost", "localhost"), ("192.0.2.77", "192.0.2.77"), ("printer.local", "printer.local"),
    ];
    let mut recording = Recording::new();
    for (port, (name, _)) in (50_001..).zip(cases) {
        recording.visits(way(7, port, "192.0.2.9:443"), &hello(name, &["h2"]));
    }
    let document = recording.read();
    for (port, (name, domain)) in (50_001..).zip(cases) {
        assert_eq!(row(&document, port)["domain"], domain, "{name}");
    }
    let domains: Vec<_> = document["domains"].as_array().unwrap().iter().collect();
    let of = |name: &str| domains.iter().find(|row| row["domain"] == name).unwrap();
    assert_eq!(of("me.github.io")["connections"], 2, "a host of a private suffix is nobody else's");
    assert_eq!(domains.len(), cases.len() - 1);
}

#[test]
fn a_domain_has_the_processes_that_talk_to_it_and_their_bytes() {
    let mut recording = Recording::new();
    recording.visits(way(7, 50_001, "192.0.2.9:443"), &hello("one.crow.example", &[]));
    recording.visits(way(8, 50_002, "192.0.2.10:443"), &hello("two.crow.example", &[]));
    recording.visits(way(8, 50_003, "192.0.2.11:443"), b"");
    let document = recording.read();
    let domains = document["domains"].as_array().unwrap();
    let crow = domains.iter().find(|row| row["domain"] == "crow.example").unwrap();
    assert_eq!(crow["processes"], serde_json::json!(["app7", "app8"]));
    let sum = |field: &str| {
        [50_001, 50_002].iter().map(|port| row(&document, *port)[field].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!(crow["tx_bytes"], sum("tx_bytes"));
    assert_eq!(crow["rx_bytes"], sum("rx_bytes"));
    let bare = domains.iter().find(|row| row["domain"] == "192.0.2.11").unwrap();
    assert_eq!(bare["processes"], serde_json::json!(["app8"]), "an address without a name is its own domain");
}

#[test]
fn services_are_called_by_what_was_seen_and_else_by_the_port() {
    let mut recording = Recording::new();
    recording.visits(way(7, 50_001, "192.0.2.9:22"), b"");
    recording.visits(way(7, 50_002, "192.0.2.9:2222"), b"SSH-2.0-OpenSSH_10.0\r\n");
    recording.visits(way(7, 50_003, "192.0.2.9:443"), b"");
    recording.visits(way(7, 50_004, "192.0.2.9:4443"), &hello("crow.test", &["http/1.1"]));
    recording.visits(way(7, 50_005, "192.0.2.9:993"), &hello("crow.test", &[]));
    recording.visits(way(7, 50_006, "192.0.2.9:443"), b"SSH-2.0-OpenSSH_10.0\r\n");
    recording.visits(way(7, 50_007, "192.0.2.9:9999"), b"GET / HTTP/1.1\r\nHost: crow.test\r\n\r\n");
    recording.sends(way(7, 50_008, "192.0.2.9:9443"), &initial("crow.test", &["h3"]));
    recording.sends(way(7, 50_009, "192.0.2.9:53"), &query("crow.test", 1));
    recording.visits(way(7, 50_010, "192.0.2.9:50999"), b"");
    let document = recording.read();
    let services = ["ssh", "ssh", "https", "https", "imaps", "ssh", "http", "quic", "dns"];
    for (port, service) in (50_001..).zip(services) {
        assert_eq!(row(&document, port)["service"], service, "{port}");
    }
    assert!(row(&document, 50_010)["service"].is_null(), "nobody knows");
}
