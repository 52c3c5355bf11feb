//! Connections: one row a flow, in their own table and below opened processes and domains.

use std::net::SocketAddr;

use serde_json::json;

use super::{Column, Field, Key, MenuContext, MenuEntry, Picked, Row, SortKey, TopRow, process};
use crate::aggregate::snapshot::{ConnectionRow, HostNote, HostSource, Rows, Snapshot};
use crate::event::{InterfaceKind, Protocol, TcpState};
use crate::filter::Filter;
use crate::settings::{Distance, View};
use crate::ui::routes;
use crate::ui::text;
use crate::ui::widgets::cell::{CellPainter, Rank};

/// The columns of the table of connections.
#[rustfmt::skip]
pub const COLUMNS: &[Column] = &[
    Column { field: Field::Name, title: "Remote host", explanation: "The other end: its name where Crow has seen one, else its address", width: 214.0, is_shown: true },
    Column { field: Field::Process, title: "Process", explanation: "The process that the connection belongs to", width: 140.0, is_shown: true },
    Column { field: Field::Service, title: "Service", explanation: "The service or, where it is not known, the protocol and port", width: 96.0, is_shown: true },
    Column { field: Field::Route, title: "Route", explanation: "How it leaves the machine: straight, or by the proxy or tunnel that is named", width: 112.0, is_shown: true },
    Column { field: Field::State, title: "State", explanation: "The state of the TCP connection", width: 102.0, is_shown: true },
    Column { field: Field::Down, title: "Down/s", explanation: "Bytes received per second", width: 92.0, is_shown: true },
    Column { field: Field::Up, title: "Up/s", explanation: "Bytes sent per second", width: 92.0, is_shown: true },
    Column { field: Field::Downloaded, title: "Downloaded", explanation: "Bytes received in all", width: 98.0, is_shown: true },
    Column { field: Field::Uploaded, title: "Uploaded", explanation: "Bytes sent in all", width: 92.0, is_shown: true },
    Column { field: Field::RoundTrip, title: "RTT", explanation: "Round-trip time: how long an answer takes", width: 78.0, is_shown: true },
    Column { field: Field::Retransmits, title: "Retransmits", explanation: "TCP segments that had to be sent again, both ways", width: 92.0, is_shown: false },
    Column { field: Field::Packets, title: "Packets", explanation: "Packets received and sent", width: 84.0, is_shown: false },
    Column { field: Field::Pid, title: "PID", explanation: "The process id", width: 70.0, is_shown: false },
    Column { field: Field::Address, title: "Remote address", explanation: "The other end's address and port", width: 170.0, is_shown: false },
    Column { field: Field::Local, title: "Local address", explanation: "This end's address and port", width: 170.0, is_shown: false },
    Column { field: Field::Interface, title: "Interface", explanation: "The network interface", width: 80.0, is_shown: false },
    Column { field: Field::Age, title: "Age", explanation: "Time since the first packet", width: 84.0, is_shown: false },
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
        Some((HostNote::PrivateRelay, _)) => Some("Relay"),
        Some((HostNote::EncryptedDns, _)) => Some(match (row.remote.port(), row.protocol) {
            (443, _) => "DoH",
            (_, Protocol::UDP) => "DoQ",
            _ => "DoT",
        }),
        Some((HostNote::EchOuter, _)) => Some("ECH"),
        None => row.host.as_ref().map(|host| source_chip(host.source)),
    }
}

const fn source_chip(source: HostSource) -> &'static str {
    match source {
        HostSource::Sni => "TLS",
        HostSource::Quic => "QUIC",
        HostSource::Http => "HTTP",
        HostSource::Connect => "CONNECT",
        HostSource::Socks => "SOCKS",
        HostSource::Dns => "DNS",
        HostSource::DnsOther => "DNS?",
        HostSource::Mdns => "mDNS",
        HostSource::FakeIp => "proxy",
        HostSource::Ptr => "reverse DNS",
    }
}

/// What a note on a connection's name means, as a sentence.
#[must_use]
pub fn note_sentence(note: HostNote, operator: Option<&str>) -> String {
    let by = |what: &str| operator.map_or_else(|| what.to_owned(), |operator| format!("{what} ({operator})"));
    match note {
        HostNote::EchOuter => {
            "The program hides the true name (encrypted client hello): this may be a cover for another."
                .to_owned()
        }
        HostNote::EncryptedDns => {
            format!("{}: the names that the program asks for here cannot be seen.", by("Encrypted DNS"))
        }
        HostNote::PrivateRelay => {
            format!("{}: whom the program talks to behind it cannot be seen.", by("iCloud Private Relay"))
        }
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
pub const fn source_sentence(source: HostSource) -> &'static str {
    match source {
        HostSource::Sni => "the server name that the program asked for in TLS",
        HostSource::Quic => "the server name that the program asked for in QUIC",
        HostSource::Http => "the Host header of the program's HTTP request",
        HostSource::Connect => "the program's CONNECT request to a proxy",
        HostSource::Socks => "the program's request to a SOCKS proxy",
        HostSource::Dns => "a DNS answer that the same process got",
        HostSource::DnsOther => "a DNS answer that another process got: likely, not certain",
        HostSource::Mdns => "what a device on the local network calls itself (mDNS)",
        HostSource::FakeIp => "a local proxy, which made this address up for the name",
        HostSource::Ptr => "reverse DNS: what the address's owner calls it",
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
            Field::Route => SortKey::Text(routes::label(self)),
            Field::Local => SortKey::Address(self.local),
            Field::Address => SortKey::Address(self.remote),
            // The older, the larger: the first packet's time counts down.
            Field::Age => SortKey::Number(-(self.first_seen.as_nanos() as f64)),
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
                    || format!("{address}\nNobody has named this address in the open."),
                    |host| format!("{}\n{address}\nNamed by {}.", host.name, source_sentence(host.source)),
                );
                let note = self.host_note().map(|(note, operator)| note_sentence(note, operator));
                Some([Some(name), note].into_iter().flatten().collect::<Vec<_>>().join("\n"))
            }
            Field::Route => {
                let sentence = routes::sentence(self);
                Some(format!("{}: {sentence}.\n{}.", routes::title(self.route), routes::meaning(self.route)))
            }
            Field::Service => {
                Some(format!("{} over {}", service(self), self.protocol.to_string().to_uppercase()))
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
            Field::Process if self.process.is_none() => cell.text("Unattributed", Rank::Third),
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
            Field::Activity if is_below => {
                let state = self.state.map_or_else(String::new, |state| text::tcp_state(state.name()));
                cell.text(&state, Rank::Third);
            }
            Field::Connections | Field::Activity | Field::App | Field::Path => {}
        }
    }

    fn sentence(&self) -> String {
        let owner = if self.process.is_some() { &*self.process_name } else { "unattributed" };
        let state =
            self.state.map_or_else(String::new, |state| format!(", {}", text::tcp_state(state.name())));
        format!(
            "{}, {}, {owner}{state}, down {}, up {}",
            remote_name(self),
            service(self),
            self.rate.rx,
            self.rate.tx
        )
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
        let mut entries = vec![MenuEntry::Copy { label: "Copy address", text: self.remote.ip().to_string() }];
        if let Some(host) = &self.host {
            entries.push(MenuEntry::Copy { label: "Copy host", text: host.name.to_string() });
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
            entries.extend(reveal.map(|action| MenuEntry::Act { label: text::REVEAL, action }));
            entries.extend(process::target(process, context).map(MenuEntry::Quit));
        }
        entries
    }

    fn is_over(&self) -> bool {
        self.state == Some(TcpState::Closed)
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
