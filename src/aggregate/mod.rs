//! Events into snapshots: a pure state machine. No I/O, no threads, no clock: the same events with the
//! same timestamps give the same snapshots, so a recorded event log is a test.
//!
//! A flow is credited to one process account and one domain account (`ledger`); it is taken out and put
//! in again when its owner, its name or the interface that it counts on changes, so that the accounts always
//! are the sums of their flows. Rows are shared with the snapshots (`rows`) and copied only when they
//! change: a tick costs what changed, however much there is.

mod asking;
mod connections;
mod counter;
mod domains;
mod flows;
mod joining;
mod ledger;
mod limits;
mod machine;
pub mod names;
mod naming;
mod processes;
mod routes;
mod routing;
mod rows;
pub mod services;
mod slots;
pub mod snapshot;
mod watch;

use std::collections::BTreeSet;
use std::sync::Arc;

use asking::Asks;
use connections::Connections;
use counter::{Clock, Moment, Ring, Span};
use domains::Domains;
use flows::{Flow, Interfaces, Signs, Twins};
use joining::Relays;
pub use limits::MAX_CONNECTIONS;
use limits::{Limit, MAX_DOMAIN_NAMES, Room};
use machine::Machine;
use names::{Finders, Names, Piece};
use naming::name;
use processes::Processes;
use routes::Routes;
use snapshot::{Both, ConnectionRow, LINGER, Route, Snapshot, Source, Totals};
pub use watch::MAX_IN_SIGHT;
use watch::Watches;

use crate::event::{Delta, Direction, Event, FlowId, FlowKey, Owner, Process, TcpState};
use crate::settings::RateWindow;
use crate::time::Timestamp;
use crate::units::Bytes;

/// What to aggregate, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AggregatorOptions {
    /// Where the events come from.
    pub source: Source,
    /// The span that rates are averaged over.
    pub window: RateWindow,
    /// Whether closed connections and exited processes stay, up to [`MAX_CONNECTIONS`]: for recordings.
    /// Otherwise they go after 30 s.
    pub keep_closed: bool,
}

/// The state machine.
pub struct Aggregator {
    options: AggregatorOptions,
    clock: Clock,
    /// When counting began: at the first event, or at the last reset.
    start: Moment,
    generation: u64,
    interfaces: Interfaces,
    interface_names: Vec<Arc<str>>,
    twins: Twins,
    connections: Connections,
    processes: Processes,
    domains: Domains,
    names: Names,
    finders: Finders,
    routes: Routes,
    relays: Relays,
    machine: Machine,
    watches: Watches,
    fault: Option<Arc<str>>,
    note: Option<Arc<str>>,
    script: Option<Arc<str>>,
    room: Room,
    limits: BTreeSet<Limit>,
}

impl Aggregator {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new(options: AggregatorOptions) -> Self {
        Self::with_room(options, Room::default())
    }

    fn with_room(options: AggregatorOptions, room: Room) -> Self {
        Self {
            options,
            clock: Clock::default(),
            start: Moment::default(),
            generation: 0,
            interfaces: Interfaces::default(),
            interface_names: Vec::new(),
            twins: Twins::default(),
            connections: Connections::default(),
            processes: Processes::new((!options.keep_closed).then_some(LINGER), room.processes),
            domains: Domains::new(room),
            names: Names::default(),
            finders: Finders::default(),
            routes: Routes::default(),
            relays: Relays::default(),
            machine: Machine::new(Moment::default()),
            watches: Watches::default(),
            fault: None,
            note: None,
            script: None,
            room,
            limits: BTreeSet::new(),
        }
    }

    /// Takes in one event.
    pub fn ingest(&mut self, event: &Event) {
        match event {
            Event::InterfaceUp(interface) => {
                let is_restacked = self.interfaces.up(interface.clone());
                self.interface_names = self.interfaces.names();
                if is_restacked {
                    self.restack();
                }
            }
            Event::InterfaceDown(interface) => {
                self.interfaces.down(*interface);
                self.interface_names = self.interfaces.names();
            }
            Event::Process(process) => self.describe(process),
            Event::ProcessExited { process, time } => {
                let now = self.clock.advance(*time);
                self.processes.exited(*process, (*time, now));
            }
            &Event::FlowOpened { flow, time, key, opened, owner } => {
                let now = self.clock.advance(time);
                self.open(Opened { flow, time, key, direction: opened, owner }, now);
            }
            &Event::OwnerFound { flow, owner } => self.owner_found(flow, owner),
            Event::Deltas { time, deltas } => {
                let now = self.clock.advance(*time);
                for delta in deltas {
                    self.moved(delta, *time, now);
                }
            }
            Event::Opening { flow, direction, offset, bytes } => {
                self.overhear(*flow, &Piece { direction: *direction, offset: *offset, bytes });
            }
            Event::Datagram { flow, time, direction, bytes } => {
                self.clock.advance(*time);
                self.learn(*flow, *time, *direction, bytes);
            }
            Event::FlowClosed { flow, time, .. } => {
                let now = self.clock.advance(*time);
                self.close(*flow, now);
            }
            Event::Statistics(statistics) => self.machine.set_capture(*statistics),
            Event::Fault(fault) => self.fault = Some(names::printable(fault).into()),
            Event::Note(note) => self.note = Some(names::printable(note).into()),
            Event::Proxies(proxies) => self.proxies_set(proxies),
            Event::Tunnels(tunnels) => self.tunnels_set(tunnels),
            Event::Proxied(said) => self.proxy_said(said),
            Event::ProxyScript(script) => {
                self.script = script.as_deref().map(|url| names::printable(url).into());
            }
        }
    }

    /// The picture at `now`. Ends what has lingered long enough and brings rates up to date.
    pub fn tick(&mut self, now: Timestamp) -> Arc<Snapshot> {
        let moment = self.clock.advance(now);
        let span = Span::ending(moment, self.start, self.options.window);
        let (processes, domains) = (&mut self.processes, &mut self.domains);
        self.connections.rate(moment, &span, |flow, bytes| {
            if flow.row.credited {
                processes.ledger.add_to_rate(flow.account, bytes);
                domains.ledger.add_to_rate(flow.domain, bytes);
            }
        });
        if !self.options.keep_closed {
            while let Some(id) = self.connections.next_over(moment, LINGER) {
                self.forget(id);
            }
        }
        if self.names.is_full() {
            self.limits.insert(Limit::Names);
        }
        if self.finders.is_full() {
            self.limits.insert(Limit::Finders);
        }
        self.generation += 1;
        Arc::new(Snapshot {
            time: now,
            generation: self.generation,
            source: self.options.source,
            totals: Totals { routes: self.routes.totals(), ..self.machine.tick(moment, &span) },
            processes: self.processes.tick(moment, &span),
            connections: self.connections.tick(moment),
            domains: self.domains.tick(moment, &span),
            interfaces: self.interface_names.clone(),
            fault: self.fault.clone(),
            note: self.note.clone(),
            proxy_script: self.script.clone(),
            limits: self.limits.iter().map(|limit| limit.sentence().into()).collect(),
            watched: self.watched(moment),
            sparklines: self.watches.sparklines(&self.connections, moment),
        })
    }

    /// Averages rates over another span from the next tick on.
    pub fn set_window(&mut self, window: RateWindow) {
        self.options.window = window;
    }

    /// Sets all totals to zero and forgets closed connections. Names and owners stay known.
    pub fn reset(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        self.start = now;
        self.machine.reset(now);
        self.routes.reset();
        self.processes.reset(now);
        self.domains.reset(now);
        self.watches.reset(now);
        for flow in self.connections.reset() {
            self.routes.forget(&flow.row);
            self.processes.ledger.forget(flow.account);
            self.domains.debit(&flow);
        }
        self.limits.clear();
    }

    fn describe(&mut self, process: &Process) {
        let key = process.key;
        match self.processes.describe(process.clone(), self.clock.moment()) {
            Err(limit) => {
                self.limits.insert(limit);
            }
            Ok(false) => {}
            Ok(true) => {
                let name = self.processes.name(Some(key));
                for id in self.connections.ids(|flow| flow.row.process == Some(key)) {
                    self.recredit(id, |flow| Arc::make_mut(&mut flow.row).process_name = Arc::clone(&name));
                }
            }
        }
        self.recognise(process);
    }

    fn open(&mut self, opened: Opened, now: Moment) {
        let Opened { flow: id, time, key, .. } = opened;
        if self.connections.get(id).is_some() || !self.has_room() {
            return;
        }
        let owner = opened.owner.filter(|owner| self.can_own(owner, now));
        let process = owner.map(|owner| owner.process);
        let row = ConnectionRow {
            flow: id,
            process,
            process_name: self.processes.name(process),
            via: owner.and_then(|owner| owner.via),
            protocol: key.protocol,
            local: key.local,
            remote: key.remote,
            interface: self.interfaces.name(key.interface),
            interface_kind: self.interfaces.kind(key.interface),
            host: None,
            domain: None,
            service: service(&opened),
            state: None,
            bytes: Both::default(),
            packets: Both::default(),
            rate: Both::default(),
            rtt_us: None,
            retransmits: 0,
            wakes: 0,
            keep_alives: 0,
            first_seen: time,
            last_seen: time,
            ended: None,
            credited: true,
            counted: Both::default(),
            route: Route::Direct,
            route_via: None,
            route_chain: None,
        };
        let mut flow = Flow {
            row: Arc::new(row),
            account: None,
            domain: None,
            ring: Ring::default(),
            interface: key.interface,
            opener: opened.direction,
            is_read: false,
            source: owner.map(|owner| owner.source),
            asks: Asks::default(),
            opened: now,
            closed: None,
            signs: Signs::default(),
            is_changed: false,
            is_active: false,
        };
        name(&mut flow, &self.names);
        flow.account = self.processes.credit(process, flow.share_of_process(), now);
        self.limits.extend(self.domains.credit(&mut flow, now).err());
        self.connections.open(id, flow, now);
        self.judge_asking(id);
        self.route_new(id);
        for doubled in self.twins.open(&self.interfaces, id, key) {
            self.double(doubled);
        }
    }

    fn owner_found(&mut self, id: FlowId, owner: Owner) {
        let Some(flow) = self.connections.get(id) else { return };
        if flow.source.is_some_and(|source| owner.source <= source) {
            return;
        }
        if !self.can_own(&owner, self.clock.moment()) {
            return;
        }
        let process_name = self.processes.name(Some(owner.process));
        let names = std::mem::take(&mut self.names);
        self.recredit(id, |flow| {
            flow.source = Some(owner.source);
            let row = Arc::make_mut(&mut flow.row);
            row.process = Some(owner.process);
            row.via = owner.via;
            row.process_name = process_name;
            name(flow, &names);
        });
        self.names = names;
        self.route_all(vec![id]);
        let addresses = self.names.asked_by(id, owner.process);
        self.rename(&addresses);
    }

    fn moved(&mut self, delta: &Delta, time: Timestamp, now: Moment) {
        let Some(flow) = self.connections.activate(delta.flow) else { return };
        flow.moved(delta, time, now);
        self.watches.moved(delta.flow, Both { rx: delta.rx_bytes, tx: delta.tx_bytes }, now);
        let row = &flow.row;
        let is_known = row.process.is_some() || row.route == Route::Carrier;
        self.machine.moved(row.interface_kind, delta, is_known, now);
        if row.credited && delta.is_traffic() {
            let bytes = Both { rx: delta.rx_bytes, tx: delta.tx_bytes };
            self.processes.ledger.moved(flow.account, bytes, time, now);
            self.domains.ledger.moved(flow.domain, bytes, time, now);
        }
        self.routes.add(&flow.row, Both { rx: Bytes(delta.rx_bytes), tx: Bytes(delta.tx_bytes) });
        if delta.state == Some(TcpState::Closed) {
            self.close(delta.flow, now);
        }
    }

    /// The capture has gone: nothing of what was open is followed any longer.
    pub fn close_all(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        for id in self.connections.still_open() {
            self.close(id, now);
        }
    }

    fn close(&mut self, id: FlowId, now: Moment) {
        let Some(flow) = self.connections.edit(id).filter(|flow| flow.closed.is_none()) else { return };
        flow.close(now, self.clock.stamp());
        self.finders.forget(id);
        self.relays.dropped(id);
        if let Some(relay) = flow.signs.client_of {
            self.routes.client_gone(relay, flow.row.last_seen);
        }
        if !flow.signs.is_doubled {
            self.processes.ledger.close(flow.account);
        }
        if flow.row.credited {
            self.domains.ledger.close(flow.domain);
        }
        self.twins.close(id, &flow.row);
        self.connections.closed(id);
    }

    /// Interfaces changed: finds the flows that are seen twice anew.
    fn restack(&mut self) {
        let open = self.connections.still_open();
        let connections = &self.connections;
        let keys = open.into_iter().filter_map(|id| Some((id, flow_key(connections.get(id)?))));
        for doubled in self.twins.rebuild(&self.interfaces, keys) {
            self.double(doubled);
        }
    }

    /// Takes a flow out of its accounts, changes it, and puts it into the accounts where it belongs then.
    fn recredit(&mut self, id: FlowId, change: impl FnOnce(&mut Flow)) {
        let now = self.clock.moment();
        let Some(flow) = self.connections.edit(id) else { return };
        let unattributed = flow.unattributed();
        self.processes.ledger.debit(flow.account, flow.share_of_process());
        self.processes.forget_asks(flow.account, &flow.asks);
        self.domains.debit(flow);
        change(flow);
        flow.account = self.processes.credit(flow.row.process, flow.share_of_process(), now);
        flow.asks = Asks::of(flow);
        self.processes.note_asks(flow.account, &flow.asks);
        self.limits.extend(self.domains.credit(flow, now).err());
        self.machine.reattribute(unattributed, flow.unattributed());
    }

    /// Drops a closed flow; what it moved stays in the accounts.
    fn forget(&mut self, id: FlowId) {
        if let Some(flow) = self.connections.remove(id) {
            self.routes.forget(&flow.row);
            self.processes.ledger.forget(flow.account);
            self.limits.extend(self.domains.forget(&flow).err());
        }
    }

    /// Whether the owner has an account.
    fn can_own(&mut self, owner: &Owner, now: Moment) -> bool {
        let result = self.processes.ensure(Some(owner.process), now);
        self.limits.extend(result.err());
        result.is_ok()
    }

    /// Makes room for one more connection, if need be at the expense of the one that was closed first.
    fn has_room(&mut self) -> bool {
        if self.connections.len() < self.room.connections {
            return true;
        }
        let Some(oldest) = self.connections.oldest_closed() else {
            self.limits.insert(Limit::OpenConnections);
            return false;
        };
        self.limits.insert(Limit::ClosedConnections);
        self.forget(oldest);
        true
    }
}

/// What [`Event::FlowOpened`] says.
#[derive(Clone, Copy)]
struct Opened {
    flow: FlowId,
    time: Timestamp,
    key: FlowKey,
    direction: Option<Direction>,
    owner: Option<Owner>,
}

/// The service at the end that was talked to: the remote one if the local end opened, and the other way round.
/// Where that is unknown, the end whose port is registered, the remote one first.
fn service(opened: &Opened) -> Option<&'static str> {
    let at = |port| services::name(opened.key.protocol, port);
    let (local, remote) = (opened.key.local.port(), opened.key.remote.port());
    match opened.direction {
        Some(Direction::Out) => at(remote),
        Some(Direction::In) => at(local),
        None => at(remote).or_else(|| at(local)),
    }
}

fn flow_key(flow: &Flow) -> FlowKey {
    let row = &flow.row;
    FlowKey { protocol: row.protocol, local: row.local, remote: row.remote, interface: flow.interface }
}

#[cfg(test)]
mod tests;
