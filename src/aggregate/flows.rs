//! One flow as the aggregator keeps it, the interfaces that flows are seen on, and which of two
//! interfaces that show the same frames a flow is credited on.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use hashbrown::HashMap;

use super::asking::Asks;
use super::counter::{Moment, Ring};
use super::ledger::Share;
use super::slots::Slot;
use super::snapshot::{Both, ConnectionRow, Route};
use crate::event::{
    Delta, Direction, FlowId, FlowKey, Interface, InterfaceId, InterfaceKind, OwnerSource, ProcessKey,
    Protocol, TcpState,
};
use crate::time::Timestamp;
use crate::units::Bytes;

/// A flow. Most of it is the row itself, which is shared with snapshots until it changes.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) row: Arc<ConnectionRow>,
    /// The account of its owner, once it is credited to one.
    pub(super) account: Option<Slot>,
    /// The account of its domain, likewise.
    pub(super) domain: Option<Slot>,
    pub(super) ring: Ring,
    pub(super) interface: InterfaceId,
    /// Which way the first packet went.
    pub(super) opener: Option<Direction>,
    /// Whether its opening bytes have said all that they can say.
    pub(super) is_read: bool,
    /// How the owner was found.
    pub(super) source: Option<OwnerSource>,
    /// What it shows of how its owner asks for names.
    pub(super) asks: Asks,
    /// When the flow began.
    pub(super) opened: Moment,
    /// When the flow ended.
    pub(super) closed: Option<Moment>,
    /// What it has shown of its route.
    pub(super) signs: Signs,
    /// Whether it is in the list of flows whose rows changed.
    pub(super) is_changed: bool,
    /// Whether it is in the list of flows whose ring holds something.
    pub(super) is_active: bool,
}

/// What a flow has shown of itself that says something about its route.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each may hold or not, whatever the others do")]
pub(super) struct Signs {
    /// It began with a request that only a proxy understands.
    pub(super) is_for_proxy: bool,
    /// Its datagrams have the form of `WireGuard`'s.
    pub(super) is_wireguard: bool,
    /// Its remote address was made up by a local proxy.
    pub(super) is_fake: bool,
    /// The same frames are counted on another interface.
    pub(super) is_doubled: bool,
    /// The proxy whose open client it is counted as.
    pub(super) client_of: Option<ProcessKey>,
}

impl Flow {
    /// What the flow adds to its process, which also has the connections that count for others.
    pub(super) fn share_of_process(&self) -> Share {
        Share { open: !self.signs.is_doubled && self.closed.is_none(), ..self.share() }
    }

    /// What the flow adds to its domain.
    pub(super) fn share(&self) -> Share {
        let row = &self.row;
        Share {
            bytes: row.counted,
            open: row.credited && self.closed.is_none(),
            first_seen: row.first_seen,
            last_seen: row.last_seen,
        }
    }

    /// The flow's part in the machine's unattributed bytes: what the machine's totals count of it, if nobody owns it.
    pub(super) fn unattributed(&self) -> Bytes {
        match self.row.process {
            // A tunnel that the kernel carries is nobody's, and no riddle.
            _ if self.row.route == Route::Carrier => Bytes(0),
            Some(_) => Bytes(0),
            None => machine_bytes(self.row.interface_kind, self.row.bytes),
        }
    }

    /// Takes in what moved until `time`.
    pub(super) fn moved(&mut self, delta: &Delta, time: Timestamp, now: Moment) {
        self.ring.add(now, Both { rx: delta.rx_bytes, tx: delta.tx_bytes });
        let is_closed = self.closed.is_some();
        let row = Arc::make_mut(&mut self.row);
        row.bytes.rx += Bytes(delta.rx_bytes);
        row.bytes.tx += Bytes(delta.tx_bytes);
        if row.credited {
            row.counted.rx += Bytes(delta.rx_bytes);
            row.counted.tx += Bytes(delta.tx_bytes);
        }
        row.packets.rx = row.packets.rx.saturating_add(delta.rx_packets.into());
        row.packets.tx = row.packets.tx.saturating_add(delta.tx_packets.into());
        row.retransmits = row.retransmits.saturating_add(delta.retransmits);
        row.wakes = row.wakes.saturating_add(delta.wakes);
        row.keep_alives = row.keep_alives.saturating_add(delta.keep_alives);
        row.rtt_us = delta.rtt_us.or(row.rtt_us);
        if delta.is_traffic() {
            row.last_seen = time.max(row.last_seen);
        }
        // What is over stays over; late packets still count.
        if !is_closed {
            row.state = delta.state.or(row.state);
        }
    }

    /// The flow is over.
    pub(super) fn close(&mut self, now: Moment, time: Timestamp) {
        self.closed = Some(now);
        let row = Arc::make_mut(&mut self.row);
        row.state = Some(TcpState::Closed);
        row.ended = Some(time);
    }

    /// Sets the flow's own totals to zero.
    pub(super) fn reset(&mut self) {
        self.ring = Ring::default();
        let row = Arc::make_mut(&mut self.row);
        row.bytes = Both::default();
        row.counted = Both::default();
        row.packets = Both::default();
        row.rate = Both::default();
        row.retransmits = 0;
        row.wakes = 0;
        row.keep_alives = 0;
    }
}

/// The bytes of a flow that the machine's totals count: both ways over physical interfaces, once over
/// loopback (where the other end's flow counts the other way), nothing where other interfaces show them.
pub(super) fn machine_bytes(kind: InterfaceKind, bytes: Both<Bytes>) -> Bytes {
    match kind {
        InterfaceKind::Physical => bytes.rx + bytes.tx,
        InterfaceKind::Loopback => bytes.tx,
        InterfaceKind::Tunnel | InterfaceKind::Stacked => Bytes(0),
    }
}

/// The interfaces that are there.
#[derive(Debug, Default)]
pub(super) struct Interfaces {
    known: BTreeMap<InterfaceId, Known>,
}

#[derive(Debug)]
struct Known {
    name: Arc<str>,
    kind: InterfaceKind,
    uppers: Vec<InterfaceId>,
}

impl Interfaces {
    /// Takes in an interface; whether it changed what stands on what.
    pub(super) fn up(&mut self, interface: Interface) -> bool {
        if MAX_INTERFACES <= self.known.len() && !self.known.contains_key(&interface.id) {
            return false;
        }
        let mut uppers = interface.uppers;
        uppers.truncate(MAX_UPPERS);
        let name = super::names::printable(&interface.name).into();
        let known = Known { name, kind: interface.kind, uppers: uppers.clone() };
        let old = self.known.insert(interface.id, known);
        old.map_or_else(Vec::new, |old| old.uppers) != uppers
    }

    pub(super) fn down(&mut self, interface: InterfaceId) {
        self.known.remove(&interface);
    }

    /// The name, or nothing for an interface that was never announced.
    pub(super) fn name(&self, interface: InterfaceId) -> Arc<str> {
        self.known.get(&interface).map_or_else(Arc::default, |known| Arc::clone(&known.name))
    }

    pub(super) fn kind(&self, interface: InterfaceId) -> InterfaceKind {
        self.known.get(&interface).map(|known| known.kind).unwrap_or_default()
    }

    /// The names, sorted.
    pub(super) fn names(&self) -> Vec<Arc<str>> {
        let mut names: Vec<_> = self.known.values().map(|known| Arc::clone(&known.name)).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Whether any interface stands on another: only then can a flow be seen twice.
    fn is_layered(&self) -> bool {
        self.known.values().any(|known| !known.uppers.is_empty())
    }

    /// Whether `upper` stands on `lower`, directly or over others.
    fn stands_on(&self, upper: InterfaceId, lower: InterfaceId) -> bool {
        let mut seen = vec![lower];
        let mut next = 0;
        while let Some(&interface) = seen.get(next) {
            next += 1;
            for &above in self.known.get(&interface).map(|known| known.uppers.as_slice()).unwrap_or_default()
            {
                if above == upper {
                    return true;
                }
                if !seen.contains(&above) {
                    seen.push(above);
                }
            }
        }
        false
    }
}

/// The open flows by their two ends, to find the same conversation on another interface.
#[derive(Debug, Default)]
pub(super) struct Twins {
    flows: HashMap<(Protocol, SocketAddr, SocketAddr), Vec<(FlowId, InterfaceId)>>,
    is_used: bool,
}

impl Twins {
    /// Adds a flow and says who is doubled now: this flow, or those found below it.
    pub(super) fn open(&mut self, interfaces: &Interfaces, flow: FlowId, key: FlowKey) -> Vec<FlowId> {
        if !self.is_used {
            return Vec::new();
        }
        let same = self.flows.entry((key.protocol, key.local, key.remote)).or_default();
        let mut doubled = Vec::new();
        for &(other, interface) in same.iter() {
            if interfaces.stands_on(interface, key.interface) {
                doubled.push(flow);
            } else if interfaces.stands_on(key.interface, interface) {
                doubled.push(other);
            }
        }
        same.push((flow, key.interface));
        doubled.sort_unstable();
        doubled.dedup();
        doubled
    }

    pub(super) fn close(&mut self, flow: FlowId, row: &ConnectionRow) {
        let ends = (row.protocol, row.local, row.remote);
        if let Some(same) = self.flows.get_mut(&ends) {
            same.retain(|(other, _)| *other != flow);
            if same.is_empty() {
                self.flows.remove(&ends);
            }
        }
    }

    /// Starts over after interfaces changed, with all open flows in the order of their opening; who is doubled.
    pub(super) fn rebuild(
        &mut self,
        interfaces: &Interfaces,
        open: impl Iterator<Item = (FlowId, FlowKey)>,
    ) -> Vec<FlowId> {
        self.flows.clear();
        self.is_used = interfaces.is_layered();
        if !self.is_used {
            return Vec::new();
        }
        open.flat_map(|(flow, key)| self.open(interfaces, flow, key)).collect()
    }
}

/// Interfaces that are remembered; a container host may have thousands.
const MAX_INTERFACES: usize = 1 << 14;

/// Interfaces that may stand on one.
const MAX_UPPERS: usize = 256;
