//! How each connection leaves the machine: straight, to a proxy, inside a tunnel, or as what a proxy or a tunnel
//! makes of the connections of others.
//!
//! # What counts where
//!
//! The machine's totals count every packet on a physical interface once, whatever its route. The accounts of processes
//! and domains count what an app moves **once, where the app moves it**:
//!
//! - An app's connection to a proxy on this machine counts for the app, and for the host that the proxy was asked for.
//!   The proxy's end of that connection, and what the proxy then moves outside (*upstream*), count for nobody.
//! - An app's packets in a tunnel count for the app. The tunnel's packets outside (*carrier*) count for nobody.
//! - What a proxy or a tunnel's program moves while nobody uses it counts for itself, like any program's traffic.
//!
//! So the counted bytes on interfaces other than loopback and tunnels, and those of the upstream and carrier
//! connections, add up to the machine's totals.
//!
//! A connection that has just begun is taken to have had its route from its first byte, since requests, owners and
//! settings become known a moment later. Of an older one, only what moves from then on counts differently: no total
//! falls because a VPN was switched on.

mod carriers;
pub(super) mod products;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;

use super::flows::Flow;
use super::names::{Names, host_name, printable};
use super::snapshot::{Both, ConnectionRow, HostSource, Route, RouteTotals, TunnelTotals};
use crate::event::{
    self, Direction, FlowId, InterfaceKind, Process, ProcessKey, Protocol, ProxySetting, TunnelHolder,
};
use crate::time::Timestamp;
use crate::units::Bytes;
use crate::wire::tunnel;
use carriers::{Carriers, carried_kind};
use products::{Kind, Product};

/// What is known of proxies and tunnels.
#[derive(Debug, Default)]
pub(super) struct Routes {
    settings: Vec<Setting>,
    /// By the name of their interface.
    tunnels: BTreeMap<Arc<str>, Tunnel>,
    /// Processes that belong to a product.
    products: BTreeMap<ProcessKey, &'static Product>,
    /// Tunnels that a recording shows from outside, and whose insides were read.
    entered: BTreeSet<tunnel::Kind>,
    /// Processes that pass on what others send.
    relays: BTreeMap<ProcessKey, Relay>,
    /// Connections over loopback by their two ends. Never gone over: its order means nothing.
    loops: HashMap<Ends, FlowId>,
    bytes: [Both<Bytes>; 6],
    carried: BTreeMap<Arc<str>, Carried>,
}

type Ends = (Protocol, SocketAddr, SocketAddr);

/// A proxy that the system's settings name.
#[derive(Debug, PartialEq, Eq)]
struct Setting {
    host: Arc<str>,
    address: Option<IpAddr>,
    port: u16,
}

/// A tunnel interface.
#[derive(Debug)]
struct Tunnel {
    /// What people call it.
    name: Arc<str>,
    /// The process that holds it.
    pid: Option<i32>,
    product: Option<&'static Product>,
    is_kernel_wireguard: bool,
    /// Whether anything has been seen in it.
    is_used: bool,
}

/// A process that passes on what others send.
#[derive(Debug)]
struct Relay {
    name: Arc<str>,
    /// Whether passing on is all that it does. Of others, what they open while nobody uses them is their own.
    is_product: bool,
    /// Open connections of those who use it.
    clients: u32,
    /// When the first client came.
    since: Timestamp,
    /// When the last client left, or was last heard of.
    until: Timestamp,
}

/// What one tunnel moved.
#[derive(Clone, Copy, Debug, Default)]
struct Carried {
    inner: Bytes,
    outer: Bytes,
}

/// How a connection is to be shown and counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) route: Route,
    pub(super) via: Option<Arc<str>>,
    /// Whether it counts for its process and its domain.
    pub(super) counts: bool,
    /// The process at the other end of loopback, when that is a proxy.
    pub(super) relay: Option<ProcessKey>,
}

impl Verdict {
    fn counted(route: Route, via: Option<Arc<str>>) -> Self {
        Self { route, via, counts: true, relay: None }
    }

    fn uncounted(route: Route, via: Arc<str>) -> Self {
        Self { route, via: Some(via), counts: false, relay: None }
    }
}

impl Routes {
    /// Takes over what the system's settings say now.
    pub(super) fn set_proxies(&mut self, proxies: &[ProxySetting]) {
        let setting = |proxy: &ProxySetting| {
            let host = host_name(proxy.host.trim_matches(['[', ']']))?;
            let address = if *host == *"localhost" { Some([127, 0, 0, 1].into()) } else { host.parse().ok() };
            (proxy.port != 0).then_some(Setting { host, address, port: proxy.port })
        };
        self.settings = proxies.iter().take(MAX_SETTINGS).filter_map(setting).collect();
    }

    /// Takes over who holds which tunnel now.
    pub(super) fn set_tunnels(&mut self, tunnels: &[event::Tunnel]) {
        let used: Vec<Arc<str>> = self
            .tunnels
            .iter()
            .filter(|(_, tunnel)| tunnel.is_used)
            .map(|(name, _)| Arc::clone(name))
            .collect();
        self.tunnels.clear();
        for tunnel in tunnels.iter().take(MAX_TUNNELS) {
            let interface: Arc<str> = printable(&tunnel.interface).into();
            let is_used = used.contains(&interface);
            self.tunnels.insert(interface, Tunnel { is_used, ..Tunnel::new(&tunnel.holder) });
        }
    }

    /// Learns what a process is; whether that changes anything.
    pub(super) fn describe(&mut self, process: &Process) -> bool {
        let product = products::of_process(process);
        let before = self.products.get(&process.key).copied();
        match product {
            Some(product) => {
                if MAX_PRODUCTS <= self.products.len() && before.is_none() {
                    self.products.pop_first();
                }
                self.products.insert(process.key, product);
            }
            None => drop(self.products.remove(&process.key)),
        }
        before != product
    }

    /// A flow has opened. Returns what carries the tunnel which it is the first to use.
    pub(super) fn opened(&mut self, id: FlowId, row: &ConnectionRow) -> Option<Carriers> {
        match row.interface_kind {
            InterfaceKind::Loopback => {
                self.loops.insert((row.protocol, row.local, row.remote), id);
                None
            }
            InterfaceKind::Tunnel => {
                let kind = tunnel::Kind::ALL.into_iter().find(|kind| *kind.name() == *row.interface);
                if let Some(kind) = kind {
                    return self.entered.insert(kind).then_some(Carriers::Kind(kind));
                }
                let tunnel = self.tunnels.get_mut(&row.interface)?;
                let was_used = std::mem::replace(&mut tunnel.is_used, true);
                tunnel.pid.filter(|_| !was_used).map(Carriers::Process)
            }
            InterfaceKind::Physical | InterfaceKind::Stacked => None,
        }
    }

    /// The flow of the other end of a connection over loopback.
    pub(super) fn other_end(&self, row: &ConnectionRow) -> Option<FlowId> {
        if row.interface_kind != InterfaceKind::Loopback {
            return None;
        }
        self.loops.get(&(row.protocol, row.remote, row.local)).copied()
    }

    /// A flow is no longer remembered.
    pub(super) fn forget(&mut self, row: &ConnectionRow) {
        let ends = (row.protocol, row.local, row.remote);
        if row.interface_kind == InterfaceKind::Loopback && self.loops.get(&ends) == Some(&row.flow) {
            self.loops.remove(&ends);
        }
    }

    /// How the flow leaves the machine; `other` is the other end of a connection over loopback.
    pub(super) fn judge(&self, flow: &Flow, other: Option<&Flow>, names: &Names) -> Verdict {
        match flow.row.interface_kind {
            InterfaceKind::Loopback => self.judge_loopback(flow, other, names),
            InterfaceKind::Tunnel => self.judge_inside(flow),
            InterfaceKind::Physical | InterfaceKind::Stacked => self.judge_outside(flow, names),
        }
    }

    fn judge_loopback(&self, flow: &Flow, other: Option<&Flow>, names: &Names) -> Verdict {
        let row = &flow.row;
        if let Some(proxy) = self.local_proxy(flow, other, names) {
            let relay = other.and_then(|other| other.row.process);
            // A proxy that uses another one passes on what was counted where it came in.
            let verdict = match self.relay(flow) {
                Some(_) => Verdict::uncounted(Route::Upstream, proxy),
                None => Verdict::counted(Route::Proxied, Some(proxy)),
            };
            return Verdict { relay, ..verdict };
        }
        let is_mirror = other.is_some_and(|other| {
            matches!(other.row.route, Route::Proxied | Route::Upstream) && other.row.local == row.remote
        });
        Verdict { counts: !is_mirror, ..Verdict::counted(Route::Local, None) }
    }

    /// The name of the proxy at the other end of loopback, if the flow goes to one.
    fn local_proxy(&self, flow: &Flow, other: Option<&Flow>, names: &Names) -> Option<Arc<str>> {
        if !asks(flow) {
            return None;
        }
        let row = &flow.row;
        let product = other.and_then(|other| self.products.get(&other.row.process?)).copied();
        let is_known = product.filter(|product| product.is_proxy()).is_some_and(|product| {
            row.protocol == Protocol::TCP
                && (product.ports.contains(&row.remote.port()) || names_a_stranger(row))
        });
        if !flow.signs.is_for_proxy && !is_known && !self.is_setting(row, names) {
            return None;
        }
        if let Some(product) = product {
            return Some(Arc::clone(&product.name));
        }
        let process = other.map(|other| &other.row.process_name).filter(|name| !name.is_empty());
        Some(process.map_or_else(|| row.remote.to_string().into(), Arc::clone))
    }

    fn judge_inside(&self, flow: &Flow) -> Verdict {
        let row = &flow.row;
        if let Some(kind) = carried_kind(row).filter(|kind| self.entered.contains(kind)) {
            return Verdict::uncounted(Route::Carrier, kind.name().into());
        }
        if let Some(relay) = self.relay(flow) {
            return Verdict::uncounted(Route::Upstream, Arc::clone(&relay.name));
        }
        // What is known of a tunnel stays known when it is gone.
        let name = match (self.tunnels.get(&row.interface), &row.route_via) {
            (Some(tunnel), _) => &tunnel.name,
            (None, Some(before)) => before,
            (None, None) => &row.interface,
        };
        Verdict::counted(Route::Tunnelled, Some(Arc::clone(name)).filter(|name| !name.is_empty()))
    }

    fn judge_outside(&self, flow: &Flow, names: &Names) -> Verdict {
        let row = &flow.row;
        if let Some(kind) = carried_kind(row).filter(|kind| self.entered.contains(kind)) {
            return Verdict::uncounted(Route::Carrier, kind.name().into());
        }
        if let Some(tunnel) = self.tunnel_of(flow) {
            let is_proxy = tunnel.product.is_some_and(Product::is_proxy);
            let route = if is_proxy { Route::Upstream } else { Route::Carrier };
            return Verdict::uncounted(route, Arc::clone(&tunnel.name));
        }
        if let Some(relay) = self.relay(flow) {
            return Verdict::uncounted(Route::Upstream, Arc::clone(&relay.name));
        }
        if asks(flow) && (flow.signs.is_for_proxy || self.is_setting(row, names)) {
            return Verdict::counted(Route::Proxied, Some(self.remote_proxy(row, names)));
        }
        if asks(flow) && products::is_fake(row.remote.ip()) {
            return Verdict::counted(Route::Proxied, Some(FAKE_GATEWAY.into()));
        }
        Verdict::counted(Route::Direct, None)
    }

    /// The tunnel that the flow carries.
    fn tunnel_of(&self, flow: &Flow) -> Option<&Tunnel> {
        let mut used = self.tunnels.values().filter(|tunnel| tunnel.is_used);
        match flow.row.process {
            Some(process) => used.find(|tunnel| tunnel.pid == Some(process.pid)),
            None => used.find(|tunnel| tunnel.is_kernel_wireguard && flow.signs.is_wireguard),
        }
    }

    /// The flow's process, if it passes on what others send and this flow is part of that.
    fn relay(&self, flow: &Flow) -> Option<&Relay> {
        let relay = self.relays.get(&flow.row.process?)?;
        if flow.opener == Some(Direction::In) {
            return None;
        }
        let opened = flow.row.first_seen;
        let is_meanwhile = relay.since <= opened && (relay.clients > 0 || opened <= relay.until + SOON);
        (relay.is_product || flow.row.route == Route::Upstream || is_meanwhile).then_some(relay)
    }

    /// Whether the remote end is a proxy of the system's settings.
    fn is_setting(&self, row: &ConnectionRow, names: &Names) -> bool {
        let (address, port) = (row.remote.ip().to_canonical(), row.remote.port());
        row.protocol == Protocol::TCP
            && self.settings.iter().any(|setting| {
                let is_there = setting.address.is_some_and(|set| {
                    set.to_canonical() == address || (set.is_loopback() && address.is_loopback())
                });
                setting.port == port && (is_there || names.ties(&setting.host, address))
            })
    }

    /// What to call a proxy on another machine: by its name where one is known, else by its address.
    fn remote_proxy(&self, row: &ConnectionRow, names: &Names) -> Arc<str> {
        let (address, port) = (row.remote.ip().to_canonical(), row.remote.port());
        let set = self.settings.iter().find(|setting| {
            setting.port == port && (setting.address == Some(address) || names.ties(&setting.host, address))
        });
        let question = super::names::Question { process: row.process, address, opened: row.first_seen };
        match set.map(|setting| Arc::clone(&setting.host)).or_else(|| Some(names.look_up(&question)?.name)) {
            Some(host) => format!("{host}:{port}").into(),
            None => SocketAddr::new(address, port).to_string().into(),
        }
    }

    /// Whether an address was probably made up: it leads nowhere in the Internet, and the tunnel that it was reached
    /// through belongs to a proxy that knows what it stands for.
    pub(super) fn is_made_up(&self, row: &ConnectionRow) -> bool {
        let tunnel = self.tunnels.get(&row.interface);
        let is_proxy =
            tunnel.and_then(|tunnel| tunnel.product).is_some_and(|product| product.kind == Kind::Proxy);
        let is_private = match row.remote.ip().to_canonical() {
            IpAddr::V4(address) => address.is_private(),
            IpAddr::V6(address) => address.is_unique_local(),
        };
        row.interface_kind == InterfaceKind::Tunnel && is_proxy && is_private
    }

    /// A process has a client; whether it had none before.
    pub(super) fn client(&mut self, relay: ProcessKey, client: &Flow, name: &Arc<str>) -> bool {
        if MAX_RELAYS <= self.relays.len() && !self.relays.contains_key(&relay) {
            self.relays.pop_first();
        }
        let is_product = self.products.get(&relay).is_some_and(|product| product.is_proxy());
        let (first, last) = (client.row.first_seen, client.row.last_seen);
        let mut is_new = false;
        let known = self.relays.entry(relay).or_insert_with(|| {
            is_new = true;
            Relay { name: Arc::clone(name), is_product, clients: 0, since: first, until: last }
        });
        known.since = known.since.min(first);
        known.until = known.until.max(last);
        known.clients = known.clients.saturating_add(u32::from(client.closed.is_none()));
        is_new
    }

    /// A client has gone.
    pub(super) fn client_gone(&mut self, relay: ProcessKey, last_seen: Timestamp) {
        if let Some(relay) = self.relays.get_mut(&relay) {
            relay.clients = relay.clients.saturating_sub(1);
            relay.until = relay.until.max(last_seen);
        }
    }

    /// Adds bytes to the totals of a row's route.
    pub(super) fn add(&mut self, row: &ConnectionRow, bytes: Both<Bytes>) {
        let bytes = share(row, bytes);
        if let Some(total) = self.bytes.get_mut(row.route as usize) {
            total.rx += bytes.rx;
            total.tx += bytes.tx;
        }
        if let Some((carried, both)) = self.carried(row, bytes) {
            *carried += both;
        }
    }

    /// Takes bytes out of the totals of a row's route.
    pub(super) fn subtract(&mut self, row: &ConnectionRow, bytes: Both<Bytes>) {
        let bytes = share(row, bytes);
        if let Some(total) = self.bytes.get_mut(row.route as usize) {
            total.rx.0 = total.rx.0.saturating_sub(bytes.rx.0);
            total.tx.0 = total.tx.0.saturating_sub(bytes.tx.0);
        }
        if let Some((carried, both)) = self.carried(row, bytes) {
            carried.0 = carried.0.saturating_sub(both.0);
        }
    }

    /// The sum that a row's bytes go into, if it goes through a tunnel or carries one.
    fn carried(&mut self, row: &ConnectionRow, bytes: Both<Bytes>) -> Option<(&mut Bytes, Bytes)> {
        let (is_inner, is_outer) = (row.route == Route::Tunnelled, row.route == Route::Carrier);
        let via = row.route_via.as_ref()?;
        if !is_inner && !is_outer || (MAX_TUNNELS <= self.carried.len() && !self.carried.contains_key(via)) {
            return None;
        }
        let carried = self.carried.entry(Arc::clone(via)).or_default();
        Some((if is_inner { &mut carried.inner } else { &mut carried.outer }, bytes.rx + bytes.tx))
    }

    pub(super) fn totals(&self) -> RouteTotals {
        let tunnels = self.carried.iter().map(|(name, carried)| TunnelTotals {
            name: Arc::clone(name),
            inner: carried.inner,
            outer: carried.outer,
        });
        RouteTotals { bytes: self.bytes, tunnels: tunnels.collect() }
    }

    /// Sets the totals to zero.
    pub(super) fn reset(&mut self) {
        self.bytes = Default::default();
        self.carried.clear();
    }
}

impl Tunnel {
    fn new(holder: &TunnelHolder) -> Self {
        let (name, pid) = match holder {
            TunnelHolder::Process { pid, name } => (name.as_str(), Some(*pid)),
            TunnelHolder::WireGuard => ("WireGuard", None),
            TunnelHolder::Service(name) => (name.as_str(), None),
        };
        let product = products::by_name(name);
        Self {
            name: product.map_or_else(|| printable(name).into(), |product| Arc::clone(&product.name)),
            pid,
            product,
            is_kernel_wireguard: *holder == TunnelHolder::WireGuard,
            is_used: false,
        }
    }
}

/// What of a flow's bytes its route's totals count.
fn share(row: &ConnectionRow, bytes: Both<Bytes>) -> Both<Bytes> {
    match row.route {
        // The other end has the same bytes; the proxy's end is counted as the app's.
        Route::Local if row.credited => Both { rx: Bytes(0), tx: bytes.tx },
        Route::Local => Both::default(),
        Route::Direct | Route::Proxied | Route::Tunnelled if !row.credited => Both::default(),
        _ => bytes,
    }
}

/// Whether this end opened the connection, as far as can be told: the larger port asks.
pub(super) fn asks(flow: &Flow) -> bool {
    match flow.opener {
        Some(opener) => opener == Direction::Out,
        None => flow.row.local.port() > flow.row.remote.port(),
    }
}

/// Whether a connection over loopback named, in its own words, a host that is not this machine.
fn names_a_stranger(row: &ConnectionRow) -> bool {
    row.host.as_ref().is_some_and(|host| {
        let is_said = matches!(
            host.source,
            HostSource::Sni | HostSource::Quic | HostSource::Http | HostSource::Connect | HostSource::Socks
        );
        let is_own = *host.name == *"localhost"
            || host.name.ends_with(".localhost")
            || host.name.parse::<IpAddr>().is_ok_and(event::is_loopback);
        is_said && !is_own
    })
}

/// What stands between, where a made-up address leaves the machine.
const FAKE_GATEWAY: &str = "fake-IP gateway";

/// How long after its last client's last packet a proxy may open what that client asked for.
const SOON: Duration = Duration::from_secs(2);

/// Proxies in the system's settings.
const MAX_SETTINGS: usize = 64;

/// Tunnels that are told apart.
const MAX_TUNNELS: usize = 1 << 10;

/// Processes that are known to belong to a product.
const MAX_PRODUCTS: usize = 1 << 12;

/// Processes that pass on what others send.
const MAX_RELAYS: usize = 1 << 12;

#[cfg(test)]
mod tests;
