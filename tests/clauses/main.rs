//! What Crow promises about names, clause by clause: real packets with their processes, through the program itself, to what
//! it prints.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may panic, and a missing field of the document is a failure"
)]

#[path = "../document/mod.rs"]
mod document;
mod domains;
mod honesty;
mod recording;
#[path = "../parsers/seal.rs"]
mod seal;
mod words;

use recording::{Recording, way};
use serde_json::Value;
use words::{A, AAAA, HTTPS, SVCB, announcement, answer, has, is_called, over_tcp, query, service};

const RESOLVER: &str = "10.0.0.1:53";
const SITE: &str = "192.0.2.80:443";
const SITE_6: &str = "[2001:db8:80::1]:443";

/// The row of the connection from this local port.
pub(crate) fn row(document: &Value, port: u16) -> &Value {
    let rows = document["connections"].as_array().unwrap();
    let is_from = |row: &&Value| row["local"].as_str().unwrap().ends_with(&format!(":{port}"));
    rows.iter().find(is_from).unwrap_or_else(|| panic!("no connection from port {port}"))
}

/// The host of that row, and how it was learned.
pub(crate) fn host(document: &Value, port: u16) -> Option<(&str, &str)> {
    let row = row(document, port);
    row["host"].as_str().zip(row["host_source"].as_str())
}

/// Process 7 asks over UDP and gets this; then it connects from port 50001, and process 8 from port 50002.
fn learned_over_udp(message: &[u8], site: &str) -> Value {
    let mut recording = Recording::new();
    let asking = way(7, 40_000, RESOLVER);
    recording.sends(asking, &query("www.crow.test", A));
    recording.gets(asking, message);
    recording.visits(way(7, 50_001, site), b"");
    recording.visits(way(8, 50_002, site), b"");
    recording.read()
}

const OWN: Option<(&str, &str)> = Some(("www.crow.test", "dns"));
const OF_ANOTHER: Option<(&str, &str)> = Some(("www.crow.test", "dns_other"));

#[test]
fn an_answer_over_udp_names_the_address_for_who_asked_and_for_all() {
    let document = learned_over_udp(&answer("www.crow.test", A, &[has("www.crow.test", "192.0.2.80")]), SITE);
    assert_eq!(host(&document, 50_001), OWN);
    assert_eq!(host(&document, 50_002), OF_ANOTHER);
}

#[test]
fn an_address_of_ipv6_has_its_name() {
    let message = answer("www.crow.test", AAAA, &[has("www.crow.test", "2001:db8:80::1")]);
    let document = learned_over_udp(&message, SITE_6);
    assert_eq!((host(&document, 50_001), host(&document, 50_002)), (OWN, OF_ANOTHER));
}

#[test]
fn aliases_lead_to_the_name_that_was_asked_for() {
    let records = [
        is_called("www.crow.test", "crow.cdn.test"),
        is_called("crow.cdn.test", "edge.cdn.test"),
        has("edge.cdn.test", "192.0.2.80"),
    ];
    let document = learned_over_udp(&answer("www.crow.test", A, &records), SITE);
    assert_eq!(host(&document, 50_001), OWN);
    let shuffled = [records[2].clone(), records[1].clone(), records[0].clone()];
    let document = learned_over_udp(&answer("www.crow.test", A, &shuffled), SITE);
    assert_eq!(host(&document, 50_001), OWN, "in whatever order they come");
}

#[test]
fn hints_of_https_and_svcb_records_are_addresses() {
    for kind in [HTTPS, SVCB] {
        let message = answer(
            "www.crow.test",
            kind,
            &[service("www.crow.test", kind, ("192.0.2.80", "2001:db8:80::1"))],
        );
        assert_eq!(host(&learned_over_udp(&message, SITE), 50_001), OWN, "{kind}");
        assert_eq!(host(&learned_over_udp(&message, SITE_6), 50_001), OWN, "{kind}");
    }
}

#[test]
fn answers_over_tcp_are_read_however_they_are_cut_and_ordered() {
    let asked = over_tcp(&query("www.crow.test", A));
    let other = over_tcp(&answer("x.test", A, &[has("x.test", "192.0.2.99")]));
    let both = [other, over_tcp(&answer("www.crow.test", A, &[has("www.crow.test", "192.0.2.80")]))].concat();
    let (first, second) = both.split_at(both.len() / 2);
    let at = u32::try_from(first.len()).unwrap();
    for is_late in [false, true] {
        let mut recording = Recording::new();
        let asking = way(7, 40_000, RESOLVER);
        recording.connects(asking);
        recording.says(asking, 0, &asked[..1]);
        recording.says(asking, 1, &asked[1..]);
        let mut parts = [(0, first), (at, second)];
        if is_late {
            parts.reverse();
        }
        for (at, part) in parts {
            recording.hears(asking, at, part);
        }
        recording.visits(way(7, 50_001, SITE), b"");
        recording.visits(way(7, 50_002, "192.0.2.99:443"), b"");
        let document = recording.read();
        assert_eq!(host(&document, 50_001), OWN, "late: {is_late}");
        assert_eq!(host(&document, 50_002), Some(("x.test", "dns")), "two messages in one stream");
        assert_eq!(document["processes"][0]["dns"], "clear");
    }
}

#[test]
fn multicast_dns_and_llmnr_name_the_neighbours() {
    let told = announcement(&[has("printer.local", "10.0.0.50")]);
    let reply = answer("printer", A, &[has("printer", "10.0.0.50")]);
    for (port, group, message, name) in
        [(5353, "224.0.0.251:5353", told, "printer.local"), (5355, "224.0.0.252:5355", reply, "printer")]
    {
        let mut recording = Recording::new();
        let asking = way(9, if port == 5353 { 5353 } else { 40_000 }, group);
        recording.sends(asking, &query(name, A));
        let from = way(9, asking.local.port(), &format!("10.0.0.50:{port}"));
        recording.gets(from, &message);
        recording.visits(way(7, 50_001, "10.0.0.50:631"), b"");
        let document = recording.read();
        assert_eq!(host(&document, 50_001), Some((name, "mdns")));
        let asker = document["processes"].as_array().unwrap().iter().find(|row| row["pid"] == 9).unwrap();
        assert!(asker["dns"].is_null(), "neighbours are no resolver");
    }
}

#[test]
fn a_name_holds_for_its_time_to_live_and_ten_minutes_at_least() {
    let long = ("long.crow.test", A, 3_600, vec![192, 0, 2, 81]);
    let mut recording = Recording::new();
    let asking = way(7, 40_000, RESOLVER);
    recording.gets(asking, &answer("www.crow.test", A, &[has("www.crow.test", "192.0.2.80")]));
    recording.gets(asking, &answer("long.crow.test", A, &[long]));
    recording.waits_secs(590);
    recording.visits(way(7, 50_001, SITE), b"");
    recording.waits_secs(20);
    recording.visits(way(7, 50_002, SITE), b"");
    recording.visits(way(7, 50_003, "192.0.2.81:443"), b"");
    recording.waits_secs(3_000);
    recording.visits(way(7, 50_004, "192.0.2.81:443"), b"");
    let document = recording.read();
    assert_eq!(host(&document, 50_001), OWN);
    assert_eq!(host(&document, 50_002), None, "a minute's life and ten of grace are over");
    assert_eq!(host(&document, 50_003), Some(("long.crow.test", "dns")));
    assert_eq!(host(&document, 50_004), None, "the hour is over");
}

#[test]
fn several_names_of_one_address_are_told_apart_by_who_asked_and_when() {
    let mut recording = Recording::new();
    let (one, other) = (way(7, 40_000, RESOLVER), way(8, 40_001, RESOLVER));
    recording.gets(one, &answer("first.crow.test", A, &[has("first.crow.test", "192.0.2.80")]));
    recording.visits(way(7, 50_001, SITE), b"");
    recording.waits_secs(10);
    recording.gets(other, &answer("other.crow.test", A, &[has("other.crow.test", "192.0.2.80")]));
    recording.gets(one, &answer("second.crow.test", A, &[has("second.crow.test", "192.0.2.80")]));
    recording.waits_secs(10);
    recording.visits(way(7, 50_002, SITE), b"");
    recording.visits(way(8, 50_003, SITE), b"");
    recording.visits(way(9, 50_004, SITE), b"");
    let document = recording.read();
    assert_eq!(host(&document, 50_001), Some(("first.crow.test", "dns")), "what came later renames nothing");
    assert_eq!(host(&document, 50_002), Some(("second.crow.test", "dns")), "the newest of its own");
    assert_eq!(host(&document, 50_003), Some(("other.crow.test", "dns")));
    assert_eq!(host(&document, 50_004), Some(("second.crow.test", "dns_other")), "the newest of anybody's");
}

#[test]
fn answers_are_bounded_and_the_newest_stay() {
    // 300 messages of 256 addresses each: more than Crow remembers.
    let name = "many.crow.test";
    let mut recording = Recording::new();
    let asking = way(7, 40_000, RESOLVER);
    for message in 0..300_u32 {
        let addresses = (0..256).map(|number| (message << 8 | number) + (10 << 24));
        let records: Vec<_> =
            addresses.map(|address| (name, A, 60, address.to_be_bytes().to_vec())).collect();
        for half in records.chunks(128) {
            recording.gets(asking, &answer(name, A, half));
        }
    }
    recording.visits(way(7, 50_001, "10.0.0.5:443"), b"");
    recording.visits(way(7, 50_002, "10.1.43.255:443"), b"");
    let document = recording.read();
    assert_eq!(host(&document, 50_001), None, "the oldest are forgotten");
    assert_eq!(host(&document, 50_002), Some((name, "dns")));
    assert!(document["limits"][0].as_str().unwrap().contains("MAX_NAMES"), "and it is said");
}
