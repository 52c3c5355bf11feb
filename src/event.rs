//! What capture tells the rest of Crow: interfaces, processes, flows and how much they moved. These
//! words cross the pipe (postcard) and the event log of the tests (one JSON value a line) alike.

mod packed;

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// An IP protocol number (IANA "Assigned Internet Protocol Numbers").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Protocol(pub u8);

impl Protocol {
    /// Internet Control Message Protocol for IPv4 (RFC 792).
    pub const ICMP: Self = Self(1);
    /// Transmission Control Protocol (RFC 9293).
    pub const TCP: Self = Self(6);
    /// User Datagram Protocol (RFC 768).
    pub const UDP: Self = Self(17);
    /// Internet Control Message Protocol for IPv6 (RFC 4443).
    pub const ICMPV6: Self = Self(58);

    /// Whether the protocol's packets carry port numbers that Crow reads.
    #[must_use]
    pub const fn has_ports(self) -> bool {
        matches!(self, Self::TCP | Self::UDP)
    }
}

impl fmt::Display for Protocol {
    /// `tcp`, `udp`, `icmp`, `icmpv6` or the number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TCP => f.write_str("tcp"),
            Self::UDP => f.write_str("udp"),
            Self::ICMP => f.write_str("icmp"),
            Self::ICMPV6 => f.write_str("icmpv6"),
            Self(number) => write!(f, "{number}"),
        }
    }
}

/// Which way a packet went, seen from this machine (or, on loopback, from one of its two ends).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// Received: the packet's destination is the local end.
    In,
    /// Sent: the packet's source is the local end.
    Out,
}

/// One network interface for as long as it exists. Live on Linux this is the interface index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InterfaceId(pub u32);

/// What an interface is for the counting rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum InterfaceKind {
    /// Reaches the network by itself: Ethernet, Wi-Fi, cellular, a container's veth.
    #[default]
    Physical,
    /// The machine talking to itself.
    Loopback,
    /// Its packets leave again inside other packets: utun, ipsec, ppp, tun, wg.
    Tunnel,
    /// Stands on other interfaces that show the same frames: a bridge, a bond, a VLAN.
    Stacked,
}

/// An interface as first seen, or after it changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// Names it in every later event.
    pub id: InterfaceId,
    /// The system's name: `en0`, `eth0`.
    pub name: String,
    /// What it is for the counting rules.
    pub kind: InterfaceKind,
    /// The bridges, bonds and VLANs that stand on this interface and show its frames again.
    pub uppers: Vec<InterfaceId>,
}

/// A process, told apart from later ones that are given the same pid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProcessKey {
    /// The process id; always positive.
    pub pid: i32,
    /// When it started; `None` in recordings, which do not say.
    pub started: Option<Timestamp>,
}

/// What is known of a process. Sent before the first flow that it owns, and again when more is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Which process.
    pub key: ProcessKey,
    /// Its name as people know it: the program's file name rather than a truncated `comm`.
    pub name: String,
    /// The program's file, absolute.
    pub path: Option<String>,
    /// The numeric user it runs as.
    pub uid: Option<u32>,
    /// That user's login name.
    pub user: Option<String>,
    /// The parent's pid.
    pub parent: Option<i32>,
    /// The app that it belongs to: itself, the outermost bundle, or the flatpak/snap/cgroup app.
    pub app: App,
}

/// A program together with its helpers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct App {
    /// What makes two processes the same app: a bundle path, an app id or a program's path.
    pub id: String,
    /// What people call it.
    pub name: String,
}

/// Who a program is to the system, beyond its file's name. What the system does not tell is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The identifier of the bundle that it is in, such as `com.apple.Safari`.
    pub bundle: Option<String>,
    /// Who signed it.
    pub signature: Option<Signature>,
}

/// Who signed a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signature {
    /// Nobody.
    None,
    /// The file is not what was signed, or the signature is damaged.
    Broken,
    /// It is signed, with nobody's name.
    AdHoc,
    /// Somebody with a certificate.
    By {
        /// The certificate's name.
        name: String,
        /// The team to which Apple gave it.
        team: Option<String>,
        /// Whether Apple vouches for the name.
        is_known: bool,
    },
}

/// How an owner was found; a later, greater kind replaces an earlier, smaller one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OwnerSource {
    /// The only process that holds the listening socket which the flow was opened to.
    Listener,
    /// The kernel's tag on a received packet (PKTAP).
    InboundTag,
    /// The socket table: this flow's own socket, by its addresses.
    SocketTable,
    /// The kernel's tag on a sent packet (PKTAP).
    OutboundTag,
    /// The kernel said so when the socket was made or connected (Linux kernel events).
    KernelEvent,
}

/// Who a flow belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The process that the traffic is for (the effective process).
    pub process: ProcessKey,
    /// The process that does the talking, where that is another one.
    pub via: Option<ProcessKey>,
    /// How Crow knows.
    pub source: OwnerSource,
}

/// Names a flow in every event of a session; never used again within it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FlowId(pub u64);

/// One transport conversation seen from one of its ends. Ports are 0 where the protocol has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FlowKey {
    /// The IP protocol.
    pub protocol: Protocol,
    /// This end.
    pub local: SocketAddr,
    /// The other end.
    pub remote: SocketAddr,
    /// Where it was seen.
    pub interface: InterfaceId,
}

impl FlowKey {
    /// Whether both ends are this machine's own loopback addresses.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(self.local.ip()) && is_loopback(self.remote.ip())
    }
}

/// Whether `address` is a loopback address, also when written as IPv4-mapped IPv6.
#[must_use]
pub fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// The state of a TCP connection, as followed from the flags of its packets (RFC 9293 §3.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TcpState {
    /// The local end asked for a connection.
    SynSent,
    /// The remote end asked, and the local end has answered.
    SynReceived,
    /// Open, or first seen in the middle.
    Established,
    /// The local end has closed its side.
    FinWait1,
    /// … and the remote end has acknowledged that.
    FinWait2,
    /// The remote end has closed its side.
    CloseWait,
    /// Both ends have closed at the same time.
    Closing,
    /// The remote end closed first, then the local one; its last acknowledgement is awaited.
    LastAck,
    /// Both sides closed; late packets may still come.
    TimeWait,
    /// Over, by reset or by both ends' consent.
    Closed,
}

impl TcpState {
    /// The name used in the window and in JSON: `syn_sent`, `established`, …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SynSent => "syn_sent",
            Self::SynReceived => "syn_received",
            Self::Established => "established",
            Self::FinWait1 => "fin_wait_1",
            Self::FinWait2 => "fin_wait_2",
            Self::CloseWait => "close_wait",
            Self::Closing => "closing",
            Self::LastAck => "last_ack",
            Self::TimeWait => "time_wait",
            Self::Closed => "closed",
        }
    }
}

/// What one flow did since it was last reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// Which flow.
    pub flow: FlowId,
    /// IP bytes received by the local end.
    pub rx_bytes: u64,
    /// IP bytes sent by the local end.
    pub tx_bytes: u64,
    /// Packets received by the local end.
    pub rx_packets: u32,
    /// Packets sent by the local end.
    pub tx_packets: u32,
    /// TCP segments that repeat bytes already seen, in both directions.
    pub retransmits: u32,
    /// Packets that the kernel marked as having woken the machine (PKTAP).
    pub wakes: u32,
    /// Packets that the kernel marked as keep-alive probes (PKTAP).
    pub keep_alives: u32,
    /// The state, when it changed.
    pub state: Option<TcpState>,
    /// The newest round-trip time in microseconds, when one was measured.
    pub rtt_us: Option<u32>,
}

impl Delta {
    /// Nothing happened yet on `flow`.
    #[must_use]
    pub const fn new(flow: FlowId) -> Self {
        Self {
            flow,
            rx_bytes: 0,
            tx_bytes: 0,
            rx_packets: 0,
            tx_packets: 0,
            retransmits: 0,
            wakes: 0,
            keep_alives: 0,
            state: None,
            rtt_us: None,
        }
    }
}

impl Delta {
    /// Whether anything moved, and not only what is known of the flow changed.
    #[must_use]
    pub const fn is_traffic(&self) -> bool {
        self.rx_bytes | self.tx_bytes != 0 || self.rx_packets | self.tx_packets != 0
    }
}

/// Why a flow is no longer followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CloseReason {
    /// TCP said goodbye or was reset.
    Ended,
    /// Silent for longer than its protocol's idle time.
    Idle,
    /// The flow table was full and this flow had been silent the longest.
    Evicted,
}

/// Counts since the capture began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// Packets handed over by the kernel or read from the file.
    pub received: u64,
    /// Packets that the kernel had to drop because Crow was too slow.
    pub dropped: u64,
    /// Frames that carry no IP packet (ARP, spanning tree, …); correct, but not counted as traffic.
    pub not_ip: u64,
    /// Frames that could not be read: cut short or malformed.
    pub unreadable: u64,
    /// Flows that were closed early because the table was full.
    pub evicted: u64,
    /// Flows followed now.
    pub flows: u64,
}

/// A proxy that the system's settings name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxySetting {
    /// The machine that it runs on: a name or an address.
    pub host: String,
    /// Where it listens there.
    pub port: u16,
    /// Where the setting was found: `environment`, `GNOME`, `KDE`, `macOS`.
    pub origin: String,
}

/// One connection of a proxy on this machine, as the proxy says itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxyConnection {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Where it comes from: the app's own end.
    pub source: SocketAddr,
    /// Where the proxy took it, if it listens there; a connection out of a tunnel has none.
    pub inbound_port: Option<u16>,
    /// The host that was asked for: a name, or an address.
    pub host: String,
    /// The port there.
    pub port: u16,
    /// The app's program, where the proxy has looked it up.
    pub program: Option<String>,
    /// By which of its ways and servers it leaves, the choice first and the exit last.
    pub chain: Vec<String>,
}

/// Who moves a tunnel's packets between the tunnel and the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TunnelHolder {
    /// A process that holds the tunnel's device.
    Process {
        /// Its pid.
        pid: i32,
        /// Its program's name.
        name: String,
    },
    /// The kernel's own `WireGuard`.
    WireGuard,
    /// A service of the system's network settings, by the name that its user gave it.
    Service(String),
}

/// A tunnel interface and its holder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tunnel {
    /// The interface's name.
    pub interface: String,
    /// Who holds it.
    pub holder: TunnelHolder,
}

/// What capture and the system tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// An interface is there, or has changed.
    InterfaceUp(Interface),
    /// An interface is gone.
    InterfaceDown(InterfaceId),
    /// A process, before its first flow; again when more is known of it.
    Process(Process),
    /// A process has ended.
    ProcessExited {
        /// Which one.
        process: ProcessKey,
        /// When that was noticed.
        time: Timestamp,
    },
    /// The first packet of a flow was seen.
    FlowOpened {
        /// Its name from now on.
        flow: FlowId,
        /// When.
        time: Timestamp,
        /// Its two ends.
        key: FlowKey,
        /// Which way the opening packet went, where that is known: [`Direction::Out`] when the
        /// local end opened it.
        opened: Option<Direction>,
        /// Who it belongs to, if that is known already.
        owner: Option<Owner>,
    },
    /// An owner was found, or a better one.
    OwnerFound {
        /// Whose.
        flow: FlowId,
        /// The owner.
        owner: Owner,
    },
    /// What moved in the tick that ended at `time`; one entry for each flow that was touched.
    Deltas {
        /// The end of the tick.
        time: Timestamp,
        /// The touched flows.
        #[serde(with = "packed::deltas")]
        deltas: Vec<Delta>,
    },
    /// The next payload bytes at the start of a TCP stream, in order and without gaps.
    Opening {
        /// Which flow.
        flow: FlowId,
        /// Who sent them, seen from the local end.
        direction: Direction,
        /// Where in the stream they begin; 0 is the first byte after the handshake.
        offset: u32,
        /// The bytes, unread.
        #[serde(with = "packed::bytes")]
        bytes: Vec<u8>,
    },
    /// One whole UDP payload: every DNS, mDNS and LLMNR message, and the first few of any other flow.
    Datagram {
        /// Which flow.
        flow: FlowId,
        /// When.
        time: Timestamp,
        /// Who sent it, seen from the local end.
        direction: Direction,
        /// The bytes, unread.
        #[serde(with = "packed::bytes")]
        bytes: Vec<u8>,
    },
    /// A flow is no longer followed; its totals stand.
    FlowClosed {
        /// Which one.
        flow: FlowId,
        /// When.
        time: Timestamp,
        /// Why.
        reason: CloseReason,
    },
    /// Counts of the capture itself, cumulative; at least once a second while live.
    Statistics(Statistics),
    /// Capture goes on, but something is wrong that the user should know. One sentence.
    Fault(String),
    /// Nothing is wrong, but the user may want to know what this system lets Crow not do. One sentence.
    Note(String),
    /// The proxies that the system's settings name now: all of them, in place of those told before.
    Proxies(Vec<ProxySetting>),
    /// Whose tunnels there are now, as far as that is known: all of them, in place of those told before.
    Tunnels(Vec<Tunnel>),
    /// The connections that a proxy on this machine has now, as it says itself.
    Proxied(Vec<ProxyConnection>),
    /// The address of the script by which the system's programs choose a proxy (PAC), or none any longer.
    ProxyScript(Option<String>),
}
