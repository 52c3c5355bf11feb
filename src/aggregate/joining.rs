//! Joins connections with what is said of them elsewhere: datagrams with the SOCKS request that asked for their relay, and
//! a proxy's clients with what the proxy's own API says of them.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use hashbrown::HashMap;

use super::Aggregator;
use super::flows::Flow;
use super::names::{self, Name, Reading, printable};
use super::routes::asks;
use super::snapshot::HostSource;
use crate::event::{Direction, FlowId, InterfaceKind, Protocol, ProxyConnection};
use crate::wire::{greeting, socks};

/// The open connections that asked a SOCKS proxy for a relay of datagrams.
#[derive(Debug, Default)]
pub(super) struct Relays(BTreeSet<FlowId>);

impl Relays {
    /// A connection has asked for one.
    pub(super) fn asked(&mut self, id: FlowId) {
        if MAX_RELAYS <= self.0.len() {
            self.0.pop_first();
        }
        self.0.insert(id);
    }

    /// A connection is over, and with it the relay that it may have asked for (RFC 1928 §6).
    pub(super) fn dropped(&mut self, id: FlowId) {
        self.0.remove(&id);
    }
}

impl Aggregator {
    /// What a datagram says that is on its way to a relay which its sender has asked a SOCKS proxy at the same address
    /// for. `None` if it is none.
    pub(super) fn wrapped(&mut self, id: FlowId, direction: Direction, bytes: &[u8]) -> Option<Reading> {
        if self.relays.0.is_empty() {
            return None;
        }
        let flow = self.connections.get(id)?;
        let is_first = flow.opener == Some(direction) && !flow.is_read && flow.closed.is_none();
        if flow.row.protocol != Protocol::UDP || !is_first {
            return None;
        }
        let header = socks::datagram(bytes).ok()?;
        let (owner, proxy) = (flow.row.process, flow.row.remote.ip());
        let has_asked = self.relays.0.iter().any(|&asking| {
            self.connections
                .get(asking)
                .is_some_and(|asking| asking.row.process == owner && asking.row.remote.ip() == proxy)
        });
        if !has_asked {
            return None;
        }
        let outer = Reading {
            name: Some(Name { name: header.host, source: HostSource::Socks, ech: false }),
            protocol: Some(names::Protocol::Plain("socks")),
            is_for_proxy: true,
            ..Reading::default()
        };
        let inner = bytes.get(header.len..).filter(|inner| greeting::is_initial(inner));
        let inner = inner.map(|inner| self.finders.datagram(id, inner)).unwrap_or_default();
        Some(names::within(outer, inner))
    }

    /// A proxy on this machine has said which connections it has.
    pub(super) fn proxy_said(&mut self, said: &[ProxyConnection]) {
        let by_source: HashMap<(Protocol, SocketAddr), &ProxyConnection> =
            said.iter().take(MAX_SAID).map(|said| ((said.protocol, canonical(said.source)), said)).collect();
        let processes = &self.processes;
        let of = |flow: &Flow| {
            let said = *by_source.get(&(flow.row.protocol, canonical(flow.row.local)))?;
            // Another program at the same port came later than the proxy's answer.
            let program = flow.row.process.filter(|_| flow.row.via.is_none());
            let program = program.and_then(|process| processes.program(process));
            let is_other = program.zip(said.program.as_deref()).is_some_and(|(own, said)| own != said);
            (is_same(flow, said) && !is_other).then_some(said)
        };
        let ids = self.connections.ids(|flow| of(flow).is_some());
        let joined: Vec<_> =
            ids.into_iter().filter_map(|id| Some((id, of(self.connections.get(id)?)?))).collect();
        for (id, said) in joined {
            self.join(id, said);
        }
    }

    /// Takes over what a proxy says of a connection.
    fn join(&mut self, id: FlowId, said: &ProxyConnection) {
        let Some(flow) = self.connections.get(id) else { return };
        let time = flow.row.last_seen;
        let is_to_proxy = flow.row.interface_kind == InterfaceKind::Loopback;
        let chain = chain(&said.chain);
        let is_news = flow.row.route_chain != chain;
        let is_for_proxy = is_to_proxy && !flow.signs.is_for_proxy;
        if (is_news || is_for_proxy)
            && let Some(flow) = self.connections.edit(id)
        {
            Arc::make_mut(&mut flow.row).route_chain = chain;
            flow.signs.is_for_proxy |= is_for_proxy;
        }
        self.give(id, time, &Name { name: said.host.clone(), source: HostSource::Proxy, ech: false });
        if is_for_proxy {
            self.route_all(vec![id]);
        }
    }
}

/// Whether a flow from the same end is the connection that the proxy means, and no later one.
fn is_same(flow: &Flow, said: &ProxyConnection) -> bool {
    let row = &flow.row;
    let port = row.remote.port();
    let is_there = match row.interface_kind {
        InterfaceKind::Loopback => said.inbound_port.is_none_or(|inbound| inbound == port),
        // Out of a tunnel the proxy takes what was meant for the host itself.
        InterfaceKind::Tunnel => said.port == port,
        InterfaceKind::Physical | InterfaceKind::Stacked => false,
    };
    is_there && flow.closed.is_none() && asks(flow)
}

fn canonical(end: SocketAddr) -> SocketAddr {
    SocketAddr::new(end.ip().to_canonical(), end.port())
}

/// The proxy's ways in one line.
fn chain(said: &[String]) -> Option<Arc<str>> {
    let short = |step: &String| -> String { printable(step).chars().take(MAX_STEP).collect() };
    let steps: Vec<String> = said.iter().take(MAX_STEPS).map(short).filter(|step| !step.is_empty()).collect();
    (!steps.is_empty()).then(|| steps.join(" › ").into())
}

/// Relays of datagrams that are asked for at one time.
const MAX_RELAYS: usize = 1 << 12;

/// Connections of a proxy that are looked at.
const MAX_SAID: usize = 1 << 14;

/// Steps of a chain, and letters of each.
const MAX_STEPS: usize = 8;
const MAX_STEP: usize = 64;
