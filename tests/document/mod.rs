//! What every JSON document has to look like: each field's name, type and when it may be `null`. Names and units of the
//! document are a promise to programs that read it, so a field that comes, goes or changes its type fails here.

use std::net::{IpAddr, SocketAddr};

use serde_json::{Map, Value};

/// What a field may hold.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// A whole number, not negative.
    Count,
    /// A number, not negative.
    Number,
    Bool,
    Text,
    /// `2026-11-21T20:00:00.000Z`.
    Time,
    /// An object or array, looked at by itself.
    Table,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// The same, or `null`.
    Maybe(&'static Self),
}

use Kind::{Bool, Count, Maybe, Number, OneOf, Table, Text, Time};

const STATES: Kind = OneOf(&[
    "syn_sent",
    "syn_received",
    "established",
    "fin_wait_1",
    "fin_wait_2",
    "close_wait",
    "closing",
    "last_ack",
    "time_wait",
    "closed",
]);
const ROUTES: Kind = OneOf(&["direct", "proxied", "tunnelled", "upstream", "carrier", "local"]);
const HOST_SOURCES: Kind = OneOf(&[
    "sni",
    "quic",
    "http",
    "connect",
    "socks",
    "proxy",
    "dns",
    "dns_other",
    "mdns",
    "fake_ip",
    "ptr",
]);
const HOST_NOTES: Kind = OneOf(&["ech_outer", "encrypted_dns", "private_relay"]);

const DOCUMENT: &[(&str, Kind)] = &[
    ("schema", Count),
    ("time", Time),
    ("source", OneOf(&["live", "recording"])),
    ("interval_s", Maybe(&Number)),
    ("totals", Table),
    ("processes", Table),
    ("connections", Table),
    ("domains", Table),
];
const TOTALS: &[(&str, Kind)] = &[
    ("rx_bytes", Count),
    ("tx_bytes", Count),
    ("rx_bps", Number),
    ("tx_bps", Number),
    ("packets", Count),
    ("loopback_bytes", Count),
    ("unattributed_bytes", Count),
    ("dropped_packets", Count),
    ("unreadable_packets", Count),
];
const PROCESS: &[(&str, Kind)] = &[
    ("pid", Maybe(&Count)),
    ("name", Text),
    ("app", Maybe(&Text)),
    ("path", Maybe(&Text)),
    ("user", Maybe(&Text)),
    ("rx_bytes", Count),
    ("tx_bytes", Count),
    ("rx_bps", Number),
    ("tx_bps", Number),
    ("connections", Count),
    ("first_seen", Time),
    ("exited", Bool),
    ("dns", Maybe(&OneOf(&["clear", "encrypted", "both"]))),
    ("dns_resolvers", Table),
];
const CONNECTION: &[(&str, Kind)] = &[
    ("pid", Maybe(&Count)),
    ("process", Maybe(&Text)),
    ("via_pid", Maybe(&Count)),
    ("protocol", Text),
    ("local", Text),
    ("remote", Text),
    ("interface", Maybe(&Text)),
    ("host", Maybe(&Text)),
    ("host_source", Maybe(&HOST_SOURCES)),
    ("host_learned", Maybe(&Time)),
    ("host_note", Maybe(&HOST_NOTES)),
    ("domain", Maybe(&Text)),
    ("service", Maybe(&Text)),
    ("state", Maybe(&STATES)),
    ("rx_bytes", Count),
    ("tx_bytes", Count),
    ("rx_packets", Count),
    ("tx_packets", Count),
    ("rx_bps", Number),
    ("tx_bps", Number),
    ("rtt_ms", Maybe(&Number)),
    ("retransmits", Maybe(&Count)),
    ("route", ROUTES),
    ("route_via", Maybe(&Text)),
    ("first_seen", Time),
    ("last_seen", Time),
];
const DOMAIN: &[(&str, Kind)] = &[
    ("domain", Text),
    ("rx_bytes", Count),
    ("tx_bytes", Count),
    ("rx_bps", Number),
    ("tx_bps", Number),
    ("connections", Count),
    ("processes", Table),
];

/// Checks a document's every field.
#[track_caller]
pub(crate) fn check(document: &Value) {
    let mut known = object(document).clone();
    if let Some(limits) = known.remove("limits") {
        assert!(!items(&limits).is_empty(), "no limits are no field");
        assert!(items(&limits).iter().all(Value::is_string), "{limits}");
    }
    fields(&Value::Object(known), DOCUMENT);
    assert_eq!(document["schema"], 1);
    fields(&document["totals"], TOTALS);
    for row in items(&document["processes"]) {
        fields(row, PROCESS);
        let is_known = !row["pid"].is_null();
        assert!(is_known || row["name"] == "Unattributed", "{row}");
        assert_eq!(is_known, !row["app"].is_null(), "{row}");
        assert_ne!(row["name"], "", "{row}");
    }
    let unattributed = items(&document["processes"]).iter().filter(|row| row["pid"].is_null()).count();
    assert!(unattributed <= 1, "what belongs to nobody has one row");
    for row in items(&document["connections"]) {
        connection(row);
    }
    for row in items(&document["domains"]) {
        fields(row, DOMAIN);
        assert!(items(&row["processes"]).iter().all(Value::is_string), "{row}");
    }
}

/// A connection's fields, and those that come together.
#[track_caller]
fn connection(row: &Value) {
    let mut known = object(row).clone();
    if let Some(chain) = known.remove("route_chain") {
        assert!(chain.is_string(), "a chain that is not known is no field: {row}");
    }
    fields(&Value::Object(known), CONNECTION);
    for (one, other) in [("pid", "process"), ("host", "host_source")] {
        assert_eq!(row[one].is_null(), row[other].is_null(), "{one} and {other} of {row}");
    }
    let protocol = text(row, "protocol");
    let has_ports = matches!(protocol, "tcp" | "udp") || text(row, "local").parse::<SocketAddr>().is_ok();
    for end in ["local", "remote"] {
        let end = text(row, end);
        let is_right =
            if has_ports { end.parse::<SocketAddr>().is_ok() } else { end.parse::<IpAddr>().is_ok() };
        assert!(is_right, "{end} in {row}");
    }
    assert!(
        matches!(protocol, "tcp" | "udp" | "icmp" | "icmpv6") || protocol.parse::<u8>().is_ok(),
        "{protocol}"
    );
    if matches!(text(row, "route"), "direct" | "local") {
        assert!(row["route_via"].is_null(), "nothing is between: {row}");
    }
    assert_eq!(protocol == "tcp", !row["retransmits"].is_null(), "{row}");
    assert!(protocol == "tcp" || row["rtt_ms"].is_null(), "{row}");
    assert!(text(row, "first_seen") <= text(row, "last_seen"), "{row}");
}

/// Exactly these fields, each of its kind.
#[track_caller]
fn fields(value: &Value, expected: &[(&str, Kind)]) {
    let row = object(value);
    let (mut names, mut wanted): (Vec<&str>, Vec<&str>) =
        (row.keys().map(String::as_str).collect(), expected.iter().map(|(name, _)| *name).collect());
    names.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(names, wanted, "{value}");
    for (name, kind) in expected {
        assert!(fits(&value[*name], *kind), "{name} is no {kind:?} in {value}");
    }
}

fn fits(value: &Value, kind: Kind) -> bool {
    match kind {
        Count => value.is_u64(),
        // JSON has no infinity and no NaN: serde writes null, which is no number.
        Number => value.as_f64().is_some_and(|number| number >= 0.0),
        Bool => value.is_boolean(),
        Text => value.as_str().is_some_and(|text| !text.is_empty()),
        Time => value.as_str().is_some_and(is_time),
        Table => value.is_array() || value.is_object(),
        OneOf(texts) => value.as_str().is_some_and(|text| texts.contains(&text)),
        Maybe(kind) => value.is_null() || fits(value, *kind),
    }
}

/// Whether the text is a time in UTC with milliseconds.
fn is_time(text: &str) -> bool {
    const LIKE: &str = "2026-11-21T20:00:00.000Z";
    text.len() == LIKE.len()
        && text
            .chars()
            .zip(LIKE.chars())
            .all(|(got, like)| if like.is_ascii_digit() { got.is_ascii_digit() } else { got == like })
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap_or_else(|| unreachable!("no object: {value}"))
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or_else(|| unreachable!("no array: {value}"), Vec::as_slice)
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_else(|| unreachable!("{field} is no text in {row}"))
}
