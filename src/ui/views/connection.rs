//! Connections: one row a flow, in their own table and below opened processes and domains.

use std::net::SocketAddr;

use serde_json::json;

use super::{Column, Field, Key, MenuContext, MenuEntry, Picked, Row, SortKey, TopRow, process};
use crate::aggregate::snapshot::{ConnectionRow, HALF_MINUTE, History, HostNote, HostSource, Rows, Snapshot};
use crate::event::{InterfaceKind, Protocol, TcpState};
use crate::filter::Filter;
use crate::lang::{phrase, say};
use crate::settings::{Distance, View};
use crate::time::Timestamp;
use crate::ui::routes;
use crate::ui::text;
use crate::ui::widgets::cell::{CellPainter, Rank};
use crate::ui::widgets::chart::MINUTE;

/// The columns of the table of connections.
#[rustfmt::skip]
pub const COLUMNS: &[Column] = &[
    Column { field: Field::Name, title: phrase!("column-host"), explanation: phrase!("column-host-hint"), width: 186.0, is_shown: true },
    Column { field: Field::Process, title: phrase!("column-process"), explanation: phrase!("column-owner-hint"), width: 114.0, is_shown: true },
    Column { field: Field::Service, title: phrase!("column-service"), explanation: phrase!("column-service-hint"), width: 94.0, is_shown: true },
    Column { field: Field::Route, title: phrase!("column-route"), explanation: phrase!("column-route-hint"), width: 98.0, is_shown: true },
    Column { field: Field::State, title: phrase!("column-state"), explanation: phrase!("column-state-hint"), width: 104.0, is_shown: true },
    Column { field: Field::Down, title: phrase!("column-down"), explanation: phrase!("column-down-hint"), width: 88.0, is_shown: true },
    Column { field: Field::Up, title: phrase!("column-up"), explanation: phrase!("column-up-hint"), width: 84.0, is_shown: true },
    Column { field: Field::Downloaded, title: phrase!("column-downloaded"), explanation: phrase!("column-received-hint"), width: 90.0, is_shown: true },
    Column { field: Field::Uploaded, title: phrase!("column-uploaded"), explanation: phrase!("column-sent-hint"), width: 84.0, is_shown: true },
    Column { field: Field::RoundTrip, title: phrase!("column-rtt"), explanation: phrase!("column-rtt-hint"), width: 66.0, is_shown: true },
    Column { field: Field::Retransmits, title: phrase!("column-retransmits"), explanation: phrase!("column-retransmits-hint"), width: 92.0, is_shown: false },
    Column { field: Field::Packets, title: phrase!("column-packets"), explanation: phrase!("column-packets-hint"), width: 84.0, is_shown: false },
    Column { field: Field::Pid, title: phrase!("column-pid"), explanation: phrase!("column-pid-hint"), width: 70.0, is_shown: false },
    Column { field: Field::Via, title: phrase!("column-via"), explanation: phrase!("column-via-hint"), width: 84.0, is_shown: false },
    Column { field: Field::Protocol, title: phrase!("column-protocol"), explanation: phrase!("column-protocol-hint"), width: 84.0, is_shown: false },
    Column { field: Field::Domain, title: phrase!("column-domain"), explanation: phrase!("column-domain-of-hint"), width: 150.0, is_shown: false },
    Column { field: Field::Address, title: phrase!("column-address"), explanation: phrase!("column-address-hint"), width: 170.0, is_shown: false },
    Column { field: Field::Local, title: phrase!("column-local"), explanation: phrase!("column-local-hint"), width: 170.0, is_shown: false },
    Column { field: Field::Interface, title: phrase!("column-interface"), explanation: phrase!("column-interface-hint"), width: 80.0, is_shown: false },
    Column { field: Field::Age, title: phrase!("column-age"), explanation: phrase!("column-age-hint"), width: 84.0, is_shown: false },
    Column { field: Field::Quiet, title: phrase!("column-quiet"), explanation: phrase!("column-quiet-hint"), width: 98.0, is_shown: false },
    Column { field: Field::Activity, title: phrase!("column-activity"), explanation: phrase!("column-half-minute-hint"), width: 96.0, is_shown: true },
];

/// The address without a port where the protocol has none.
pub(crate) fn endpoint(row: &ConnectionRow, address: SocketAddr) -> String {
    if row.protocol.has_ports() { address.to_string() } else { address.ip().to_string() }
}

/// What the other end is called: its name, else its address.
#[must_use]
pub fn remote_name(row: &ConnectionRow) -> String {
    row.host.as_ref().map_or_else(|| row.remote.ip().to_canonical().to_string(), |host| host.name.to_string())
}

/// What the window writes behind a name: what it stands for, or how it was learned.
fn chip(row: &ConnectionRow) -> Option<&'static str> {
    match row.host_note() {
        Some((HostNote::PrivateRelay, _)) => Some(say!("chip-relay")),
        Some((HostNote::EncryptedDns, _)) => Some(match (row.remote.port(), row.protocol) {
            (443, _) => "DoH",
            (_, Protocol::UDP) => "DoQ",
            _ => "DoT",
        }),
        Some((HostNote::EchOuter, _)) => Some("ECH"),
        None => row.host.as_ref().map(|host| source_chip(host.source)),
    }
}

fn source_chip(source: HostSource) -> &'static str {
    match source {
        HostSource::Sni => "TLS",
        HostSource::Quic => "QUIC",
        HostSource::Http => "HTTP",
        HostSource::Connect => "CONNECT",
        HostSource::Socks => "SOCKS",
        HostSource::Proxy => "API",
        HostSource::Dns => "DNS",
        HostSource::DnsOther => "DNS?",
        HostSource::Mdns => "mDNS",
        HostSource::FakeIp => say!("chip-proxy"),
        HostSource::Ptr => say!("chip-reverse"),
    }
}

/// What a note on a connection's name means, as a sentence.
#[must_use]
pub fn note_sentence(note: HostNote, operator: Option<&str>) -> String {
    let operator = operator.map(|operator| format!(" ({operator})")).unwrap_or_default();
    match note {
        HostNote::EchOuter => say!("note-ech").to_owned(),
        HostNote::EncryptedDns => say!("note-encrypted-dns", operator = operator),
        HostNote::PrivateRelay => say!("note-relay", operator = operator),
    }
}

/// What is spoken: the service or, where it is not known, the protocol and port.
pub(crate) fn service(row: &ConnectionRow) -> String {
    match row.service {
        Some(service) => service.to_owned(),
        None if row.protocol.has_ports() => format!("{} {}", row.protocol, row.remote.port()),
        None => row.protocol.to_string(),
    }
}

/// How a name was learned, as the end of a sentence.
#[must_use]
pub fn source_sentence(source: HostSource) -> &'static str {
    match source {
        HostSource::Sni => say!("source-tls"),
        HostSource::Quic => say!("source-quic"),
        HostSource::Http => say!("source-http"),
        HostSource::Connect => say!("source-connect"),
        HostSource::Socks => say!("source-socks"),
        HostSource::Proxy => say!("source-proxy"),
        HostSource::Dns => say!("source-dns"),
        HostSource::DnsOther => say!("source-dns-other"),
        HostSource::Mdns => say!("source-mdns"),
        HostSource::FakeIp => say!("source-fake-ip"),
        HostSource::Ptr => say!("source-ptr"),
    }
}

fn dot(row: &ConnectionRow, cell: &CellPainter<'_>) -> egui::Color32 {
    match row.state {
        Some(TcpState::Established) => cell.tokens.good,
        Some(TcpState::SynSent | TcpState::SynReceived) => cell.tokens.warn,
        _ => cell.tokens.faint,
    }
}

impl Row for ConnectionRow {
    fn key(&self) -> Key {
        Key::Connection(self.flow)
    }

    fn sort_key(&self, field: Field) -> SortKey<'_> {
        let count = |count: u64| SortKey::Number(count as f64);
        match field {
            Field::Name | Field::Hosts => {
                self.host.as_ref().map_or(SortKey::Address(self.remote), |host| SortKey::Text(&host.name))
            }
            Field::Process | Field::App | Field::Path if self.process.is_none() => SortKey::Absent,
            Field::Process | Field::App | Field::Path => SortKey::Text(&self.process_name),
            Field::Pid => self.process.map_or(SortKey::Absent, |key| SortKey::Number(f64::from(key.pid))),
            Field::Service => self.service.map_or(SortKey::Absent, SortKey::Text),
            Field::State | Field::User => {
                self.state.map_or(SortKey::Absent, |state| SortKey::Text(state.name()))
            }
            Field::Down => SortKey::Number(self.rate.rx.get()),
            Field::Up => SortKey::Number(self.rate.tx.get()),
            Field::Downloaded => count(self.bytes.rx.0),
            Field::Uploaded => count(self.bytes.tx.0),
            Field::Activity | Field::Connections => SortKey::Number(self.rate.rx.get() + self.rate.tx.get()),
            Field::RoundTrip => {
                self.rtt_us.map_or(SortKey::Absent, |micros| SortKey::Number(f64::from(micros)))
            }
            Field::Retransmits => count(self.retransmits.into()),
            Field::Packets => count(self.packets.rx.saturating_add(self.packets.tx)),
            Field::Interface => SortKey::Text(&self.interface),
            // By what it is called everywhere: long tables are put in order by a thread that speaks no language.
            Field::Route => SortKey::Text(self.route_via.as_deref().unwrap_or(self.route.name())),
            Field::Local => SortKey::Address(self.local),
            Field::Address => SortKey::Address(self.remote),
            // The older, the larger: the first packet's time counts down.
            Field::Age => SortKey::Number(-(self.first_seen.as_nanos() as f64)),
            Field::Quiet => SortKey::Number(-(self.last_seen.as_nanos() as f64)),
            Field::Via => self.via.map_or(SortKey::Absent, |key| SortKey::Number(f64::from(key.pid))),
            Field::Protocol => SortKey::Number(f64::from(self.protocol.0)),
            Field::Domain => self.domain.as_deref().map_or(SortKey::Absent, SortKey::Text),
        }
    }

    fn pick(&self) -> Picked<'_> {
        Picked::Connection(self)
    }

    fn hint(&self, field: Field) -> Option<String> {
        match field {
            Field::Name => {
                let address = endpoint(self, self.remote);
                let name = self.host.as_ref().map_or_else(
                    || format!("{address}\n{}", say!("hint-nameless")),
                    |host| {
                        let named = say!("hint-named-by", source = source_sentence(host.source));
                        format!("{}\n{address}\n{named}", host.name)
                    },
                );
                let note = self.host_note().map(|(note, operator)| note_sentence(note, operator));
                Some([Some(name), note].into_iter().flatten().collect::<Vec<_>>().join("\n"))
            }
            Field::Route => {
                let (route, sentence) = (routes::title(self.route), routes::sentence(self));
                let hint = say!("hint-route", route = route, sentence = sentence);
                let meaning = say!("hint-route-meaning", meaning = routes::meaning(self.route));
                Some(format!("{hint}\n{meaning}"))
            }
            Field::Service => {
                let protocol = self.protocol.to_string().to_uppercase();
                Some(say!("hint-service", service = service(self), protocol = protocol))
            }
            _ => None,
        }
    }

    fn is_openable(&self) -> bool {
        false
    }

    fn paint(&self, field: Field, cell: &CellPainter<'_>) {
        let is_below = cell.look.depth > 0;
        match field {
            // Its host stands right above it.
            Field::Name if cell.look.depth > 1 => cell.name(None, &endpoint(self, self.remote), None),
            Field::Name => {
                let chip = chip(self);
                if is_below {
                    cell.name(None, &remote_name(self), chip);
                } else {
                    cell.plain_name(&remote_name(self), chip);
                }
            }
            Field::Process if self.process.is_none() => cell.text(say!("unattributed"), Rank::Third),
            Field::Process => cell.text(&self.process_name, Rank::Second),
            Field::Pid if is_below => {}
            Field::Pid => cell.number(self.process.map(|key| key.pid.to_string()).as_deref(), Rank::Second),
            Field::Service | Field::User | Field::Hosts => cell.text(&service(self), Rank::Second),
            Field::State => {
                if let Some(state) = self.state {
                    cell.state(dot(self, cell), &text::tcp_state(state.name()));
                }
            }
            Field::Down => cell.number(text::rate(self.rate.rx, cell.units).as_deref(), Rank::First),
            Field::Up => cell.number(text::rate(self.rate.tx, cell.units).as_deref(), Rank::First),
            Field::Downloaded => cell.number(text::bytes(self.bytes.rx, cell.units).as_deref(), Rank::Second),
            Field::Uploaded => cell.number(text::bytes(self.bytes.tx, cell.units).as_deref(), Rank::Second),
            Field::RoundTrip => cell.number(self.rtt_us.map(text::round_trip).as_deref(), Rank::Second),
            Field::Retransmits => cell.number(text::count(self.retransmits.into()).as_deref(), Rank::Second),
            Field::Packets => {
                let packets = self.packets.rx.saturating_add(self.packets.tx);
                cell.number(text::count(packets).as_deref(), Rank::Second);
            }
            Field::Interface => cell.text(&self.interface, Rank::Second),
            Field::Route => cell.route(self.route, routes::label(self)),
            Field::Local => cell.text(&endpoint(self, self.local), Rank::Second),
            Field::Address => cell.text(&endpoint(self, self.remote), Rank::Second),
            Field::Age => cell.number(Some(&text::age(cell.now.since(self.first_seen))), Rank::Second),
            Field::Quiet => cell.number(Some(&text::age(cell.now.since(self.last_seen))), Rank::Second),
            Field::Via => cell.number(self.via.map(|key| key.pid.to_string()).as_deref(), Rank::Second),
            Field::Protocol => cell.text(&self.protocol.to_string().to_uppercase(), Rank::Second),
            Field::Domain => cell.text(self.domain.as_deref().unwrap_or_default(), Rank::Second),
            Field::Activity => match cell.sparklines.get(&self.flow) {
                // On the axis of the row above it.
                Some(history) => cell.sparkline(history, if is_below { MINUTE } else { HALF_MINUTE }),
                // Below a process there is no other place to say that it is quiet because it is over.
                None if is_below => {
                    let state = self.state.map_or_else(String::new, |state| text::tcp_state(state.name()));
                    cell.text(&state, Rank::Third);
                }
                None => cell.sparkline(&History::default(), HALF_MINUTE),
            },
            Field::Connections | Field::App | Field::Path => {}
        }
    }

    fn sentence(&self) -> String {
        let owner = if self.process.is_some() { &*self.process_name } else { say!("unattributed-inline") };
        let (name, service) = (remote_name(self), service(self));
        let (down, up) = (self.rate.rx.to_string(), self.rate.tx.to_string());
        match self.state.map(|state| text::tcp_state(state.name())) {
            Some(state) => say!(
                "row-connection-state",
                name = name,
                service = service,
                owner = owner,
                state = state,
                down = down,
                up = up
            ),
            None => {
                say!("row-connection", name = name, service = service, owner = owner, down = down, up = up)
            }
        }
    }

    fn tab_separated(&self) -> String {
        [
            self.process_name.to_string(),
            remote_name(self),
            endpoint(self, self.remote),
            service(self),
            self.state.map_or("", TcpState::name).to_owned(),
            self.rate.rx.to_string(),
            self.rate.tx.to_string(),
            self.bytes.rx.to_string(),
            self.bytes.tx.to_string(),
        ]
        .join("\t")
    }

    fn json(&self) -> String {
        json!({
            "pid": self.process.map(|key| key.pid),
            "process": self.process.map(|_| &*self.process_name),
            "via_pid": self.via.map(|key| key.pid),
            "protocol": self.protocol.to_string(),
            "local": endpoint(self, self.local),
            "remote": endpoint(self, self.remote),
            "interface": &*self.interface,
            "host": self.host.as_ref().map(|host| &*host.name),
            "host_source": self.host.as_ref().map(|host| host.source.name()),
            "host_learned": self.host.as_ref().map(|host| host.learned.to_string()),
            "host_note": self.host_note().map(|(note, _)| note.name()),
            "domain": self.domain.as_deref(),
            "service": self.service,
            "state": self.state.map(TcpState::name),
            "rx_bytes": self.bytes.rx.0,
            "tx_bytes": self.bytes.tx.0,
            "rx_packets": self.packets.rx,
            "tx_packets": self.packets.tx,
            "rx_bps": self.rate.rx.get(),
            "tx_bps": self.rate.tx.get(),
            "rtt_ms": self.rtt_us.map(|micros| f64::from(micros) / 1000.0),
            "retransmits": self.retransmits,
            "route": self.route.name(),
            "route_via": self.route_via.as_deref(),
            "first_seen": self.first_seen.to_string(),
            "last_seen": self.last_seen.to_string(),
        })
        .to_string()
    }

    fn menu(&self, context: &MenuContext<'_>) -> Vec<MenuEntry> {
        let mut entries =
            vec![MenuEntry::Copy { label: say!("copy-address"), text: self.remote.ip().to_string() }];
        if let Some(host) = &self.host {
            entries.push(MenuEntry::Copy { label: say!("copy-host"), text: host.name.to_string() });
        }
        entries.push(MenuEntry::filter("host", &remote_name(self)));
        if self.process.is_some() {
            entries.push(MenuEntry::filter("app", &self.process_name));
        }
        if let Some(via) = &self.route_via {
            entries.push(MenuEntry::filter("via", via));
        }
        if let Some(process) = self.process.and_then(|key| process::find(context.snapshot, Some(key))) {
            let reveal = process::reveal(process, context);
            entries.extend(reveal.map(|action| MenuEntry::Act { label: text::reveal(), action }));
            entries.extend(process::target(process, context).map(MenuEntry::Quit));
        }
        entries
    }

    fn is_over(&self) -> bool {
        self.state == Some(TcpState::Closed)
    }

    fn over_since(&self) -> Option<Timestamp> {
        self.ended.map(|ended| ended.max(self.last_seen))
    }
}

impl TopRow for ConnectionRow {
    const VIEW: View = View::Connections;

    fn all(snapshot: &Snapshot) -> &Rows<Self> {
        &snapshot.connections
    }

    fn parent_of(connection: &ConnectionRow) -> Key {
        connection.key()
    }

    fn passes(&self, filter: &Filter) -> bool {
        filter.matches_connection(self)
    }

    fn distance(&self) -> Distance {
        match self.interface_kind {
            InterfaceKind::Loopback => Distance::ThisMachine,
            _ => Distance::of(self.remote.ip()),
        }
    }
}
