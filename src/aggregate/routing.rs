//! Gives flows their routes, and moves what they count when a route becomes known.

use std::sync::Arc;

use super::Aggregator;
use super::counter::Ring;
use super::flows::Flow;
use super::names::LATE;
use super::routes::Verdict;
use super::snapshot::{Both, HostSource};
use crate::event::{self, FlowId, Process, ProxySetting};

impl Aggregator {
    /// The system's proxy settings have been read.
    pub(super) fn proxies_set(&mut self, proxies: &[ProxySetting]) {
        self.routes.set_proxies(proxies);
        let open = self.connections.still_open();
        self.route_all(open);
    }

    /// Who holds which tunnel has been found out.
    pub(super) fn tunnels_set(&mut self, tunnels: &[event::Tunnel]) {
        self.routes.set_tunnels(tunnels);
        let open = self.connections.still_open();
        self.route_all(open);
    }

    /// A process may be a proxy.
    pub(super) fn recognise(&mut self, process: &Process) {
        if self.routes.describe(process) {
            let own = self.connections.ids(|flow| flow.row.process == Some(process.key));
            self.route_all(own);
        }
    }

    /// A flow is new.
    pub(super) fn route_new(&mut self, id: FlowId) {
        let Some(flow) = self.connections.get(id) else { return };
        if let Some(carriers) = self.routes.opened(id, &flow.row) {
            let carriers = self.connections.ids(|flow| carriers.have(&flow.row));
            self.route_all(carriers);
        }
        self.route_all(vec![id]);
    }

    /// Finds the routes of some flows anew, and of those that theirs have an influence on.
    pub(super) fn route_all(&mut self, mut flows: Vec<FlowId>) {
        // What is learned of one end of loopback says something about the other.
        let other = |id: &FlowId| self.routes.other_end(&self.connections.get(*id)?.row);
        let others: Vec<FlowId> = flows.iter().filter_map(other).collect();
        flows.extend(others);
        // The first ones first.
        flows.reverse();
        while let Some(id) = flows.pop() {
            let Some(flow) = self.connections.get(id) else { continue };
            let other = self.routes.other_end(&flow.row);
            let at_other = other.and_then(|other| self.connections.get(other));
            let verdict = self.routes.judge(flow, at_other, &self.names);
            self.note_client(id, &verdict, &mut flows);
            if self.take_route(id, verdict) {
                flows.extend(other);
            }
        }
    }

    /// Counts the flow as its proxy's client. What a new proxy has opened is looked at again.
    fn note_client(&mut self, id: FlowId, verdict: &Verdict, again: &mut Vec<FlowId>) {
        let (Some(relay), Some(name)) = (verdict.relay, &verdict.via) else { return };
        let Some(flow) = self.connections.edit(id) else { return };
        if flow.signs.client_of == Some(relay) {
            return;
        }
        let before = flow.signs.client_of.replace(relay);
        if let Some(before) = before.filter(|_| flow.closed.is_none()) {
            self.routes.client_gone(before, flow.row.last_seen);
        }
        if self.routes.client(relay, flow, name) {
            again.extend(self.connections.ids(|flow| flow.row.process == Some(relay)));
        }
    }

    /// Gives a flow its route; whether that is another one than before.
    fn take_route(&mut self, id: FlowId, verdict: Verdict) -> bool {
        let Some(flow) = self.connections.get(id) else { return false };
        let row = &flow.row;
        let credited = verdict.counts && !flow.signs.is_doubled;
        if (row.route, &row.route_via, row.credited) == (verdict.route, &verdict.via, credited) {
            return false;
        }
        let is_made_up = self.routes.is_made_up(row);
        self.reroute(id, |flow| {
            let row = Arc::make_mut(&mut flow.row);
            row.route = verdict.route;
            row.route_via = verdict.via;
            row.credited = credited;
            flow.signs.is_fake |= is_made_up;
            if let Some(host) = row.host.as_mut().filter(|_| is_made_up)
                && matches!(host.source, HostSource::Dns | HostSource::DnsOther)
            {
                host.source = HostSource::FakeIp;
            }
        });
        true
    }

    /// The same frames are counted on another interface: all that was counted here was counted twice.
    pub(super) fn double(&mut self, id: FlowId) {
        self.reroute(id, |flow| {
            flow.signs.is_doubled = true;
            let row = Arc::make_mut(&mut flow.row);
            row.credited = false;
            row.counted = Both::default();
        });
    }

    /// Changes a flow's route, and what it counts where: from its first byte on if it has only just begun, else from now on.
    fn reroute(&mut self, id: FlowId, change: impl FnOnce(&mut Flow)) {
        let now = self.clock.moment();
        let Some(flow) = self.connections.get(id) else { return };
        let is_young = now.since(flow.opened) <= LATE;
        let bytes = flow.row.bytes;
        if is_young {
            self.routes.subtract(&flow.row, bytes);
        }
        self.recredit(id, |flow| {
            let was_credited = flow.row.credited;
            change(flow);
            if !is_young && !was_credited && flow.row.credited {
                // What moved before does not count, and so is no part of a rate.
                flow.ring = Ring::default();
            }
            if is_young && !flow.signs.is_doubled {
                let row = Arc::make_mut(&mut flow.row);
                row.counted = if row.credited { row.bytes } else { Both::default() };
            }
        });
        if is_young && let Some(flow) = self.connections.get(id) {
            self.routes.add(&flow.row, bytes);
        }
    }
}
