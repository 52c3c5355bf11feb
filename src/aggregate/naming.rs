//! How flows come by their names: from DNS answers, and from what they say first.

use std::net::IpAddr;
use std::sync::Arc;

use super::Aggregator;
use super::flows::Flow;
use super::names::{self, Datagram, Found, Name, Names, Piece, Place, Question};
use super::routes::products;
use super::snapshot::{HostName, HostSource};
use crate::event::{Direction, FlowId, InterfaceKind, Protocol};
use crate::time::Timestamp;
use crate::wire::{dtls, greeting, wireguard};

impl Aggregator {
    /// Reads a datagram, and names the flows that it was about.
    pub(super) fn learn(&mut self, id: FlowId, time: Timestamp, direction: Direction, bytes: &[u8]) {
        if let Some(reading) = self.wrapped(id, direction, bytes) {
            self.found(id, time, Found { reading, messages: Vec::new() });
            return;
        }
        let Some(flow) = self.connections.get(id) else { return };
        let row = &flow.row;
        let (owner, local, remote) = (row.process, row.local, row.remote);
        let datagram = Datagram { flow: id, owner, local, remote, direction, time, bytes };
        if row.protocol == Protocol::UDP && !datagram.is_dns() {
            if wireguard::is_message(bytes) && !flow.signs.is_wireguard {
                self.carries_wireguard(id);
                return;
            }
            let reading = match flow.closed {
                None if !flow.is_read => Some(self.finders.datagram(id, bytes)),
                None if greeting::is_initial(bytes) => self.finders.later_datagram(id, bytes),
                None if dtls::begins_hello(bytes) => Some(self.finders.datagram(id, bytes)),
                _ => None,
            };
            if let Some(reading) = reading {
                self.found(id, time, Found { reading, messages: Vec::new() });
            }
            return;
        }
        self.note_question(&datagram);
        let addresses = names::learn_from_datagram(&mut self.names, &datagram, names::read_answers);
        self.rename(&addresses);
    }

    /// Gives flows to these addresses that opened a moment ago another chance of a (better) name.
    pub(super) fn rename(&mut self, addresses: &[IpAddr]) {
        let names = std::mem::take(&mut self.names);
        for &address in addresses {
            for id in self.connections.opened_just_now(address) {
                let host = self.connections.get(id).and_then(|flow| better_name(flow, &names));
                if let Some(host) = host {
                    self.recredit(id, |flow| set_host(flow, host));
                }
            }
        }
        self.names = names;
    }

    /// Looks for names in the next bytes of a TCP stream.
    pub(super) fn overhear(&mut self, id: FlowId, piece: &Piece<'_>) {
        let Some(flow) = self.connections.get(id) else { return };
        // A hello is read even after all seemed to be said: it may be the first thing that a protocol says in TLS.
        if flow.closed.is_some() || (flow.is_read && !greeting::begins_hello(piece.bytes)) {
            return;
        }
        let time = flow.row.last_seen;
        if flow.is_read
            && let Some(flow) = self.connections.edit(id)
        {
            flow.is_read = false;
        }
        let Some(flow) = self.connections.get(id) else { return };
        let found = self.finders.opening(place(id, flow), piece);
        if let Some(found) = found {
            self.found(id, time, found);
        }
    }

    /// Takes over what a flow said.
    fn found(&mut self, id: FlowId, time: Timestamp, found: Found) {
        for (direction, message) in found.messages {
            self.learn(id, time, direction, &message);
        }
        let reading = found.reading;
        if !reading.is_open {
            self.finders.forget(id);
            if let Some(flow) = self.connections.edit(id) {
                flow.is_read = true;
            }
        }
        if let Some(protocol) = reading.protocol
            && let Some(flow) = self.connections.get(id)
        {
            let service = Some(protocol.service(flow.row.service));
            if flow.row.service != service
                && let Some(flow) = self.connections.edit(id)
            {
                Arc::make_mut(&mut flow.row).service = service;
                self.judge_asking(id);
            }
        }
        if let Some(name) = &reading.name {
            self.give(id, time, name);
        }
        let Some(flow) = self.connections.get(id) else { return };
        let is_for_proxy = reading.is_for_proxy && !flow.signs.is_for_proxy;
        // A host that is named over loopback tells a proxy from a server.
        let names_over_loopback =
            reading.name.is_some() && flow.row.interface_kind == InterfaceKind::Loopback;
        if is_for_proxy && let Some(flow) = self.connections.edit(id) {
            flow.signs.is_for_proxy = true;
            if reading.asks_relay {
                self.relays.asked(id);
            }
        }
        if is_for_proxy || names_over_loopback {
            self.route_all(vec![id]);
        }
    }

    /// The flow's datagrams are `WireGuard`'s: it may be what a tunnel is carried by.
    fn carries_wireguard(&mut self, id: FlowId) {
        if let Some(flow) = self.connections.edit(id) {
            flow.signs.is_wireguard = true;
        }
        self.route_all(vec![id]);
    }

    /// Gives a flow without a name the one that its address's owner gave the address (reverse DNS).
    pub fn learn_reverse(&mut self, id: FlowId, name: &str, time: Timestamp) {
        let Some(name) = names::host_name(name) else { return };
        if self.connections.get(id).is_some_and(|flow| flow.row.host.is_none()) {
            let host = HostName { name, source: HostSource::Ptr, learned: time, outer: false };
            self.recredit(id, |flow| set_host(flow, host));
        }
    }

    /// Gives a flow a name that it said itself, unless it has a better one.
    pub(super) fn give(&mut self, id: FlowId, time: Timestamp, name: &Name) {
        let Some(text) = names::host_name(&name.name) else { return };
        let Some(flow) = self.connections.get(id) else { return };
        let row = &flow.row;
        // An address in place of a name says nothing in HTTP, where it is what the client's user wrote, and less than
        // any name where it is the address that is talked to.
        if let Ok(address) = text.parse::<IpAddr>() {
            let is_remote = address.to_canonical() == row.remote.ip().to_canonical();
            let is_in_hello = matches!(name.source, HostSource::Sni | HostSource::Quic);
            if name.source == HostSource::Http || (is_remote && (!is_in_hello || row.host.is_some())) {
                return;
            }
        }
        let outer = name.ech && !self.names.ties(&text, row.remote.ip());
        let host = HostName { name: text, source: name.source, learned: time, outer };
        let is_known = row.host.as_ref().is_some_and(|old| {
            old.source < host.source
                || (old.source == host.source && old.name == host.name && old.outer == outer)
        });
        if !is_known {
            self.recredit(id, |flow| set_host(flow, host));
        }
    }
}

fn place(id: FlowId, flow: &Flow) -> Place {
    let row = &flow.row;
    let is_dns =
        row.protocol == Protocol::TCP && [row.local, row.remote].iter().any(|end| DNS.contains(&end.port()));
    Place { flow: id, opener: flow.opener, is_dns }
}

/// Gives a flow the best name there is for it, unless it has a better one.
pub(super) fn name(flow: &mut Flow, names: &Names) {
    if let Some(host) = better_name(flow, names) {
        set_host(flow, host);
    }
}

/// The best name that answers give a flow, unless it has that or a better one.
fn better_name(flow: &Flow, names: &Names) -> Option<HostName> {
    let row = &flow.row;
    // What was said on the connection itself is better than any answer.
    if row.host.as_ref().is_some_and(|old| old.source < HostSource::Dns) {
        return None;
    }
    let question = Question { process: row.process, address: row.remote.ip(), opened: row.first_seen };
    let mut host = names.look_up(&question)?;
    if host.source != HostSource::Mdns && (flow.signs.is_fake || products::is_fake(question.address)) {
        host.source = HostSource::FakeIp;
    }
    let is_news = row.host.as_ref().is_none_or(|old| *old != host && old.source >= host.source);
    is_news.then_some(host)
}

fn set_host(flow: &mut Flow, host: HostName) {
    let row = Arc::make_mut(&mut flow.row);
    row.domain = Some(names::registrable(&host.name));
    row.host = Some(host);
}

/// The ports of DNS and LLMNR, also over TCP (RFC 1035 §4.2.2, RFC 4795 §2.1).
const DNS: [u16; 2] = [53, 5355];
