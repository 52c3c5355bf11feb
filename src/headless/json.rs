//! The JSON document: names and units that stay; absent knowledge is `null`.

use std::fmt::Display;
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::aggregate::snapshot::{
    Both, ConnectionRow, DomainRow, HostSource, ProcessRow, Snapshot, Source, Totals,
};
use crate::event::{Protocol, TcpState};
use crate::time::Timestamp;
use crate::units::{Bytes, BytesPerSec};

/// A snapshot as its JSON document (schema 1). All rates are bytes per second over the chosen window.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    schema: u32,
    #[serde(serialize_with = "as_text")]
    time: Timestamp,
    source: &'static str,
    interval_s: Option<f64>,
    totals: TotalsDocument,
    processes: Vec<ProcessDocument<'a>>,
    connections: Vec<ConnectionDocument<'a>>,
    domains: Vec<DomainDocument<'a>>,
    /// Sentences about limits that were reached; left out while there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    limits: Vec<&'a str>,
}

impl<'a> Document<'a> {
    /// The document of `snapshot`, one of those printed every `interval`; `None` when only the end is printed.
    #[must_use]
    pub fn new(snapshot: &'a Snapshot, interval: Option<Duration>) -> Self {
        Self {
            schema: 1,
            time: snapshot.time,
            source: match snapshot.source {
                Source::Live => "live",
                Source::Recording => "recording",
            },
            interval_s: interval.map(|interval| interval.as_secs_f64()),
            totals: TotalsDocument::new(&snapshot.totals),
            processes: snapshot.processes.iter().map(|row| ProcessDocument::new(row)).collect(),
            connections: snapshot.connections.iter().map(|row| ConnectionDocument::new(row)).collect(),
            domains: snapshot.domains.iter().map(|row| DomainDocument::new(row)).collect(),
            limits: snapshot.limits.iter().map(|limit| &**limit).collect(),
        }
    }
}

/// The four figures that all rows have.
#[derive(Debug, Serialize)]
struct Figures {
    rx_bytes: u64,
    tx_bytes: u64,
    rx_bps: f64,
    tx_bps: f64,
}

impl Figures {
    fn new(bytes: Both<Bytes>, rate: Both<BytesPerSec>) -> Self {
        Self { rx_bytes: bytes.rx.0, tx_bytes: bytes.tx.0, rx_bps: rate.rx.get(), tx_bps: rate.tx.get() }
    }
}

#[derive(Debug, Serialize)]
struct TotalsDocument {
    #[serde(flatten)]
    figures: Figures,
    packets: u64,
    loopback_bytes: u64,
    unattributed_bytes: u64,
    dropped_packets: u64,
    unreadable_packets: u64,
}

impl TotalsDocument {
    fn new(totals: &Totals) -> Self {
        Self {
            figures: Figures::new(totals.bytes, totals.rate),
            packets: totals.packets,
            loopback_bytes: totals.loopback.0,
            unattributed_bytes: totals.unattributed.0,
            dropped_packets: totals.capture.dropped,
            unreadable_packets: totals.capture.unreadable,
        }
    }
}

#[derive(Debug, Serialize)]
struct ProcessDocument<'a> {
    pid: Option<i32>,
    name: &'a str,
    app: Option<&'a str>,
    path: Option<&'a str>,
    user: Option<&'a str>,
    #[serde(flatten)]
    figures: Figures,
    connections: u32,
    #[serde(serialize_with = "as_text")]
    first_seen: Timestamp,
    exited: bool,
    dns: Option<&'static str>,
    dns_resolvers: Vec<&'a str>,
}

impl<'a> ProcessDocument<'a> {
    fn new(row: &'a ProcessRow) -> Self {
        Self {
            pid: row.key.map(|key| key.pid),
            name: &row.name,
            app: row.key.map(|_| &*row.app.name),
            path: row.path.as_deref(),
            user: row.user.as_deref(),
            figures: Figures::new(row.bytes, row.rate),
            connections: row.connections,
            first_seen: row.first_seen,
            exited: row.ended.is_some(),
            dns: row.asking.name(),
            dns_resolvers: row.asking.resolvers.iter().map(|name| &**name).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
struct ConnectionDocument<'a> {
    pid: Option<i32>,
    process: Option<&'a str>,
    via_pid: Option<i32>,
    #[serde(serialize_with = "as_text")]
    protocol: Protocol,
    local: String,
    remote: String,
    interface: Option<&'a str>,
    host: Option<&'a str>,
    host_source: Option<&'static str>,
    host_learned: Option<Time>,
    host_note: Option<&'static str>,
    domain: Option<&'a str>,
    service: Option<&'static str>,
    state: Option<&'static str>,
    rx_bytes: u64,
    tx_bytes: u64,
    rx_packets: u64,
    tx_packets: u64,
    rx_bps: f64,
    tx_bps: f64,
    rtt_ms: Option<f64>,
    retransmits: Option<u32>,
    route: &'static str,
    route_via: Option<&'a str>,
    /// Left out where no proxy says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    route_chain: Option<&'a str>,
    #[serde(serialize_with = "as_text")]
    first_seen: Timestamp,
    #[serde(serialize_with = "as_text")]
    last_seen: Timestamp,
}

impl<'a> ConnectionDocument<'a> {
    fn new(row: &'a ConnectionRow) -> Self {
        Self {
            pid: row.process.map(|key| key.pid),
            process: row.process.map(|_| &*row.process_name),
            via_pid: row.via.map(|key| key.pid),
            protocol: row.protocol,
            local: end(row.local, row.protocol),
            remote: end(row.remote, row.protocol),
            interface: Some(&*row.interface).filter(|name| !name.is_empty()),
            host: row.host.as_ref().map(|host| &*host.name),
            host_source: row.host.as_ref().map(|host| HostSource::name(host.source)),
            host_learned: row.host.as_ref().map(|host| Time(host.learned)),
            host_note: row.host_note().map(|(note, _)| note.name()),
            domain: row.domain.as_deref(),
            service: row.service,
            state: row.state.map(TcpState::name),
            rx_bytes: row.bytes.rx.0,
            tx_bytes: row.bytes.tx.0,
            rx_packets: row.packets.rx,
            tx_packets: row.packets.tx,
            rx_bps: row.rate.rx.get(),
            tx_bps: row.rate.tx.get(),
            rtt_ms: row.rtt_us.map(|micros| f64::from(micros) / 1000.0),
            // Only TCP numbers its bytes, so that a repeated one can be told.
            retransmits: (row.protocol == Protocol::TCP).then_some(row.retransmits),
            route: row.route.name(),
            route_via: row.route_via.as_deref(),
            route_chain: row.route_chain.as_deref(),
            first_seen: row.first_seen,
            last_seen: row.last_seen,
        }
    }
}

/// A time as text.
#[derive(Debug)]
struct Time(Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        as_text(&self.0, serializer)
    }
}

#[derive(Debug, Serialize)]
struct DomainDocument<'a> {
    domain: &'a str,
    #[serde(flatten)]
    figures: Figures,
    connections: u32,
    processes: Vec<&'a str>,
}

impl<'a> DomainDocument<'a> {
    fn new(row: &'a DomainRow) -> Self {
        Self {
            domain: &row.domain,
            figures: Figures::new(row.bytes, row.rate),
            connections: row.connections,
            processes: row.processes.iter().map(|name| &**name).collect(),
        }
    }
}

/// `1.2.3.4:443`, `[2001:db8::1]:443`; the address alone where the protocol has no ports.
pub(super) fn end(end: SocketAddr, protocol: Protocol) -> String {
    if protocol.has_ports() { end.to_string() } else { end.ip().to_string() }
}

fn as_text<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
