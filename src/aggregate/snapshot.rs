//! What the window, the menu bar and the headless printer see: one immutable picture of the network.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub use super::rows::{Iter, Rows};
use crate::event::{App, FlowId, InterfaceKind, ProcessKey, Protocol, Statistics, TcpState};
use crate::time::Timestamp;
use crate::units::{Bytes, BytesPerSec};

/// Received and sent, in the same unit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Both<T> {
    /// Received by this machine (down).
    pub rx: T,
    /// Sent by this machine (up).
    pub tx: T,
}

/// How long what is over stays in sight, unless packets still come.
pub const LINGER: Duration = Duration::from_secs(30);

/// Samples in the chart of a connection: half a minute.
pub const HALF_MINUTE: usize = 30;

/// Samples for a small chart, oldest first: bytes per second, one a second.
pub type History = Arc<[Both<f32>]>;

/// Everything that Crow knows at one moment. Rows are in no particular order but always the same
/// one for the same events (by key), so that views sort as they like and tests compare as text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// The moment: the end of the last tick.
    pub time: Timestamp,
    /// Counts up with every snapshot.
    pub generation: u64,
    /// Where the traffic comes from.
    pub source: Source,
    /// The machine.
    pub totals: Totals,
    /// One row a process; the last one may be *Unattributed* (`key` is `None`).
    pub processes: Rows<ProcessRow>,
    /// One row a connection.
    pub connections: Rows<ConnectionRow>,
    /// One row a registrable domain.
    pub domains: Rows<DomainRow>,
    /// The interfaces that are there, by name.
    pub interfaces: Vec<Arc<str>>,
    /// The newest sentence about something wrong with the capture.
    pub fault: Option<Arc<str>>,
    /// The newest sentence about what this system does not let Crow do. The part before its first comma
    /// says it in short.
    pub note: Option<Arc<str>>,
    /// Where the script is by which the system's programs choose a proxy (PAC), if the settings name one. Crow does not
    /// read it: whom it leads where shows in what the programs then do.
    pub proxy_script: Option<Arc<str>>,
    /// The limits that were reached, each a sentence that names the constant and what is not shown.
    pub limits: Vec<Arc<str>>,
    /// The long chart of the row that is watched, if one is.
    pub watched: Option<Watched>,
    /// The last half minute of the connections that are in sight and moved something in it.
    pub sparklines: BTreeMap<FlowId, History>,
}

/// A row whose last ten minutes are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watch {
    /// A process; `None` is what has no owner.
    Process(Option<ProcessKey>),
    /// A connection: its chart begins with the watching, half a minute back.
    Connection(FlowId),
    /// A row of the domains.
    Domain(Arc<str>),
}

/// The last ten minutes of one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Watched {
    /// Which row.
    pub of: Watch,
    /// Bytes per second, one sample a second, oldest first, to the end of the last whole second.
    pub seconds: History,
    /// Likewise, one sample for ten seconds, to the end of the last whole ten seconds: reaches further back.
    pub tens: History,
    /// How long ago the newest of those ended.
    pub tens_age: Duration,
    /// How far back anything is known of the row; before that the chart is not zero but empty.
    pub known: Duration,
}

/// Where the traffic comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// This machine's network, now.
    #[default]
    Live,
    /// A file.
    Recording,
}

/// Machine totals. Physical interfaces count once; loopback has a total of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// Bytes over physical interfaces.
    pub bytes: Both<Bytes>,
    /// Their rate over the chosen window.
    pub rate: Both<BytesPerSec>,
    /// Packets over physical interfaces, plus loopback packets once each.
    pub packets: u64,
    /// Bytes over loopback, each packet once.
    pub loopback: Bytes,
    /// Bytes of flows that have no owner, both ways, physical and loopback.
    pub unattributed: Bytes,
    /// The capture's own counts.
    pub capture: Statistics,
    /// The last two minutes, for the strip chart.
    pub history: History,
    /// How it left the machine, and came.
    pub routes: RouteTotals,
}

/// How a connection leaves the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Route {
    /// Straight to the other end, as far as this machine shows.
    #[default]
    Direct,
    /// To a proxy, which passes it on.
    Proxied,
    /// Inside a tunnel.
    Tunnelled,
    /// From a proxy on this machine, for those who use it.
    Upstream,
    /// A tunnel's packets on their way outside it.
    Carrier,
    /// Nowhere: from this machine to itself.
    Local,
}

impl Route {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 6] =
        [Self::Direct, Self::Proxied, Self::Tunnelled, Self::Upstream, Self::Carrier, Self::Local];

    /// The name used in JSON and in the filter: `direct`, `proxied`, …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Proxied => "proxied",
            Self::Tunnelled => "tunnelled",
            Self::Upstream => "upstream",
            Self::Carrier => "carrier",
            Self::Local => "local",
        }
    }
}

/// Bytes by route. What an app moves is in exactly one of direct, proxied, tunnelled and local; upstream and carrier
/// are the same bytes once more, on their way outside.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RouteTotals {
    /// In the order of [`Route::ALL`]; local ones count once, as sent.
    pub bytes: [Both<Bytes>; 6],
    /// What each tunnel carries, by name.
    pub tunnels: Arc<[TunnelTotals]>,
}

impl RouteTotals {
    /// The bytes on one route.
    #[must_use]
    pub fn of(&self, route: Route) -> Both<Bytes> {
        self.bytes.get(route as usize).copied().unwrap_or_default()
    }
}

/// What went through a tunnel, and what that came to outside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TunnelTotals {
    /// The tunnel, as rows name it in `route_via`.
    pub name: Arc<str>,
    /// Both ways inside.
    pub inner: Bytes,
    /// Both ways outside, with all that the tunnel adds.
    pub outer: Bytes,
}

/// A process, or what has no owner.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessRow {
    /// Which one; `None` is *Unattributed*.
    pub key: Option<ProcessKey>,
    /// Its name.
    pub name: Arc<str>,
    /// The app that it belongs to.
    pub app: App,
    /// Its program file.
    pub path: Option<Arc<str>>,
    /// Login name, or the numeric user where there is no name.
    pub user: Option<Arc<str>>,
    /// The parent's pid.
    pub parent: Option<i32>,
    /// Bytes since Crow started or was reset.
    pub bytes: Both<Bytes>,
    /// The rate over the chosen window.
    pub rate: Both<BytesPerSec>,
    /// Connections that are not closed.
    pub connections: u32,
    /// The first packet seen.
    pub first_seen: Timestamp,
    /// The last packet seen.
    pub last_seen: Timestamp,
    /// When it ended, if it has; the row stays for [`LINGER`], greyed.
    pub ended: Option<Timestamp>,
    /// How it asks for names, as far as has been seen since Crow started; a reset does not change that.
    pub asking: Asking,
    /// The last minute.
    pub history: History,
}

/// How a process asks for names. What another process asks for it (the system's resolver) is not its own, unless the
/// kernel says so; what a proxy asks for its clients is not the proxy's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asking {
    /// Whether it was seen to ask in clear: DNS over UDP or TCP, port 53.
    pub in_clear: bool,
    /// Whether others were seen to ask it in clear: it asks for them.
    pub for_others: bool,
    /// Whom it asked inside TLS, HTTPS or QUIC: who runs each resolver where that is known, else its name or address.
    /// Sorted.
    pub resolvers: Arc<[Arc<str>]>,
}

impl Asking {
    /// The word used in JSON: `clear`, `encrypted` or `both`; `None` while it was not seen to ask at all.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        match (self.in_clear, self.resolvers.is_empty()) {
            (true, true) => Some("clear"),
            (true, false) => Some("both"),
            (false, false) => Some("encrypted"),
            (false, true) => None,
        }
    }
}

/// How a host name was learned; the best one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostSource {
    /// The server name that the client asked for in TLS.
    Sni,
    /// … in QUIC.
    Quic,
    /// The Host header of HTTP.
    Http,
    /// The target of HTTP CONNECT.
    Connect,
    /// The target of a SOCKS request.
    Socks,
    /// What a proxy on this machine says itself of the connection, by its API.
    Proxy,
    /// A DNS answer that the same process got.
    Dns,
    /// A DNS answer that another process got.
    DnsOther,
    /// Multicast DNS or LLMNR.
    Mdns,
    /// A local proxy's made-up address.
    FakeIp,
    /// Reverse DNS.
    Ptr,
}

impl HostSource {
    /// The name used in JSON: `sni`, `dns_other`, …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sni => "sni",
            Self::Quic => "quic",
            Self::Http => "http",
            Self::Connect => "connect",
            Self::Socks => "socks",
            Self::Proxy => "proxy",
            Self::Dns => "dns",
            Self::DnsOther => "dns_other",
            Self::Mdns => "mdns",
            Self::FakeIp => "fake_ip",
            Self::Ptr => "ptr",
        }
    }
}

/// A host name and how Crow knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName {
    /// Lower case, without a trailing dot.
    pub name: Arc<str>,
    /// How it was learned.
    pub source: HostSource,
    /// When.
    pub learned: Timestamp,
    /// Whether it may be a cover for another name: the client hid one in an Encrypted Client Hello (or made as if
    /// it did), and no DNS answer ties this one to the address.
    pub outer: bool,
}

/// What is to be said about a connection's name beside where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HostNote {
    /// The name may be a cover for another: see [`HostName::outer`].
    EchOuter,
    /// The program asks for names here, inside TLS, HTTPS or QUIC: Crow does not see which.
    EncryptedDns,
    /// A hop of iCloud Private Relay: who is behind it cannot be seen.
    PrivateRelay,
}

impl HostNote {
    /// The name used in JSON: `ech_outer`, …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EchOuter => "ech_outer",
            Self::EncryptedDns => "encrypted_dns",
            Self::PrivateRelay => "private_relay",
        }
    }
}

impl ConnectionRow {
    /// What is to be said about the connection's name, and who runs the server where that is known.
    #[must_use]
    pub fn host_note(&self) -> Option<(HostNote, Option<&'static str>)> {
        super::names::note(self)
    }
}

/// A connection: a flow, its owner and its names.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectionRow {
    /// Which flow.
    pub flow: FlowId,
    /// The owner; `None` while unknown.
    pub process: Option<ProcessKey>,
    /// The owner's name; empty while unknown.
    pub process_name: Arc<str>,
    /// The process that does the talking for the owner, where that is another one.
    pub via: Option<ProcessKey>,
    /// The IP protocol.
    pub protocol: Protocol,
    /// This end.
    pub local: SocketAddr,
    /// The other end.
    pub remote: SocketAddr,
    /// The interface's name.
    pub interface: Arc<str>,
    /// Its kind.
    pub interface_kind: InterfaceKind,
    /// The remote end's name, where one is known. Where the remote end opened the connection, this is the name
    /// by which it asked for this machine.
    pub host: Option<HostName>,
    /// The registrable domain of that name.
    pub domain: Option<Arc<str>>,
    /// The service: `https`, `dns`, …
    pub service: Option<&'static str>,
    /// TCP's state; for other protocols `None` until the flow is over, then [`TcpState::Closed`].
    pub state: Option<TcpState>,
    /// Bytes since the flow began (or was reset).
    pub bytes: Both<Bytes>,
    /// Packets likewise.
    pub packets: Both<u64>,
    /// The rate over the chosen window.
    pub rate: Both<BytesPerSec>,
    /// Round-trip time in microseconds.
    pub rtt_us: Option<u32>,
    /// TCP segments sent again, both ways.
    pub retransmits: u32,
    /// Packets that woke the machine, where the kernel says so (macOS).
    pub wakes: u32,
    /// Keep-alive probes, where the kernel says so (macOS).
    pub keep_alives: u32,
    /// The first packet seen.
    pub first_seen: Timestamp,
    /// The last packet seen.
    pub last_seen: Timestamp,
    /// When it was over, if it is; the row stays for [`LINGER`], greyed.
    pub ended: Option<Timestamp>,
    /// Whether its bytes count for the owner's total (not for a carrier, a proxy's upstream or a doubled frame).
    pub credited: bool,
    /// The part of `bytes` that counts there: all, nothing, or what it was before or after a tunnel came up.
    pub counted: Both<Bytes>,
    /// How it leaves the machine.
    pub route: Route,
    /// The proxy or tunnel, where there is one.
    pub route_via: Option<Arc<str>>,
    /// By which of the proxy's own ways and servers it leaves, the choice first and the exit last (`Auto › Tokyo 2`),
    /// where the proxy says so.
    pub route_chain: Option<Arc<str>>,
}

/// A registrable domain.
#[derive(Clone, Debug, PartialEq)]
pub struct DomainRow {
    /// The domain, or the address where there is no name.
    pub domain: Arc<str>,
    /// Whether `domain` is an address for want of a name.
    pub is_address: bool,
    /// The host names seen below it, sorted.
    pub hosts: Vec<Arc<str>>,
    /// The names of the processes that talk to it, sorted.
    pub processes: Vec<Arc<str>>,
    /// Bytes since Crow started or was reset.
    pub bytes: Both<Bytes>,
    /// The rate over the chosen window.
    pub rate: Both<BytesPerSec>,
    /// Connections that are not closed.
    pub connections: u32,
    /// The first packet seen.
    pub first_seen: Timestamp,
    /// The last packet seen.
    pub last_seen: Timestamp,
    /// The last minute.
    pub history: History,
}
