//! Each source has its word, its time, and its label where the name is not the whole truth.

use super::recording::{Recording, way};
use super::words::{A, answer, has, hello, hidden_hello, initial, query};
use super::{RESOLVER, host, row};

const CONNECT: &[u8] = b"CONNECT shop.crow.test:443 HTTP/1.1\r\nHost: shop.crow.test:443\r\n\r\n";
const SOCKS: &[u8] = b"\x05\x01\x00\x05\x01\x00\x03\x0eshop.crow.test\x01\xbb";
const HTTP: &[u8] = b"GET / HTTP/1.1\r\nHost: shop.crow.test\r\n\r\n";

#[test]
fn each_source_of_a_name_has_its_word() {
    let mut recording = Recording::new();
    let asking = way(7, 40_000, RESOLVER);
    recording.gets(asking, &answer("shop.crow.test", A, &[has("shop.crow.test", "192.0.2.1")]));
    recording.gets(asking, &answer("fake.crow.test", A, &[has("fake.crow.test", "198.18.0.7")]));
    recording.visits(way(7, 50_001, "192.0.2.9:443"), &hello("shop.crow.test", &["h2"]));
    recording.sends(way(7, 50_002, "192.0.2.9:443"), &initial("shop.crow.test", &["h3"]));
    recording.visits(way(7, 50_003, "192.0.2.9:80"), HTTP);
    recording.visits(way(7, 50_004, "10.0.0.9:3128"), CONNECT);
    recording.visits(way(7, 50_005, "10.0.0.9:1080"), SOCKS);
    recording.visits(way(7, 50_006, "192.0.2.1:443"), b"");
    recording.visits(way(8, 50_007, "192.0.2.1:443"), b"");
    recording.visits(way(7, 50_008, "198.18.0.7:443"), b"");
    let document = recording.read();
    let shop = |source| Some(("shop.crow.test", source));
    let sources = ["sni", "quic", "http", "connect", "socks", "dns", "dns_other"];
    for (port, source) in (50_001..).zip(sources) {
        assert_eq!(host(&document, port), shop(source), "{source}");
    }
    assert_eq!(host(&document, 50_008), Some(("fake.crow.test", "fake_ip")), "a proxy made that address up");
}

#[test]
fn each_name_has_the_time_when_it_was_learned() {
    let mut recording = Recording::new();
    let asking = way(7, 40_000, RESOLVER);
    recording.gets(asking, &answer("shop.crow.test", A, &[has("shop.crow.test", "192.0.2.1")]));
    recording.waits_secs(100);
    recording.visits(way(7, 50_001, "192.0.2.1:443"), b"");
    recording.waits_secs(20);
    recording.visits(way(7, 50_002, "192.0.2.9:443"), &hello("other.crow.test", &[]));
    recording.visits(way(7, 50_003, "192.0.2.10:443"), b"");
    let document = recording.read();
    let learned = |port| row(&document, port)["host_learned"].as_str().map(|time| time[..19].to_owned());
    assert_eq!(learned(50_001).as_deref(), Some("2026-01-01T00:00:00"), "when the answer came");
    assert_eq!(learned(50_002).as_deref(), Some("2026-01-01T00:02:00"), "when the hello came");
    assert_eq!(learned(50_003), None, "there is no name");
}

#[test]
fn an_inner_hello_beats_what_a_proxy_was_asked_for() {
    let mut recording = Recording::new();
    let tunnel = way(7, 50_001, "10.0.0.9:3128");
    recording.visits(tunnel, b"CONNECT 192.0.2.9:443 HTTP/1.1\r\n\r\n");
    recording.hears(tunnel, 0, b"HTTP/1.1 200 OK\r\n\r\n");
    recording.says(tunnel, 34, &hello("shop.crow.test", &["h2"]));
    assert_eq!(host(&recording.read(), 50_001), Some(("shop.crow.test", "sni")));
}

#[test]
fn a_cover_name_is_called_one_unless_dns_ties_it_to_the_address() {
    let mut recording = Recording::new();
    recording.visits(way(7, 50_001, "192.0.2.9:443"), &hidden_hello("cover.crow.test"));
    let asking = way(7, 40_000, RESOLVER);
    recording.gets(asking, &answer("true.crow.test", A, &[has("true.crow.test", "192.0.2.10")]));
    recording.visits(way(7, 50_002, "192.0.2.10:443"), &hidden_hello("true.crow.test"));
    recording.visits(way(7, 50_003, "192.0.2.11:443"), &hello("plain.crow.test", &["h2"]));
    let document = recording.read();
    assert_eq!(row(&document, 50_001)["host_note"], "ech_outer");
    assert!(row(&document, 50_002)["host_note"].is_null(), "made up by the client to look alike");
    assert!(row(&document, 50_003)["host_note"].is_null());
}

#[test]
fn who_asks_a_resolver_behind_closed_doors_is_told_from_who_asks_in_clear() {
    let mut recording = Recording::new();
    recording.visits(way(1, 50_001, "1.1.1.1:443"), &hello("cloudflare-dns.com", &["h2"]));
    recording.visits(way(2, 50_002, "192.0.2.53:853"), &hello("dns.crow.test", &["dot"]));
    recording.sends(way(3, 50_003, "192.0.2.53:853"), &initial("dns.crow.test", &["doq"]));
    recording.visits(way(4, 50_004, "8.8.8.8:443"), &hello("dns.google", &["h2"]));
    recording.sends(way(4, 40_004, RESOLVER), &query("crow.test", A));
    recording.sends(way(5, 40_005, RESOLVER), &query("crow.test", A));
    recording.visits(way(6, 50_006, "192.0.2.80:443"), &hello("www.crow.test", &["h2"]));
    let document = recording.read();
    for port in 50_001..=50_004 {
        assert_eq!(row(&document, port)["host_note"], "encrypted_dns", "{port}");
    }
    let asks: Vec<_> = document["processes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["pid"].as_i64().unwrap(), row["dns"].as_str(), row["dns_resolvers"][0].as_str()))
        .collect();
    assert_eq!(
        asks,
        [
            (1, Some("encrypted"), Some("Cloudflare")),
            (2, Some("encrypted"), Some("dns.crow.test")),
            (3, Some("encrypted"), Some("dns.crow.test")),
            (4, Some("both"), Some("Google")),
            (5, Some("clear"), None),
            (6, None, None),
        ]
    );
}

#[test]
fn hops_of_private_relay_are_called_so() {
    let mut recording = Recording::new();
    recording.sends(way(7, 50_001, "192.0.2.9:443"), &initial("mask.icloud.com", &["h3"]));
    recording.visits(way(7, 50_002, "192.0.2.9:443"), &hello("mask-h2.icloud.com", &["h2"]));
    let document = recording.read();
    assert_eq!(row(&document, 50_001)["host_note"], "private_relay");
    assert_eq!(row(&document, 50_002)["host_note"], "private_relay");
}
