//! What the helper's sandbox forbids it to ask is added in the app: when processes started and ended, their paths
//! and users, missing owners, and what the list of sockets knows of connections better than their packets do.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::System;
use super::owners::Owners;
use crate::event::{Delta, Event, FlowId, FlowKey, OwnerSource, Protocol, TcpState};
use crate::process::{News, OwnerFinder, Wanted};
use crate::time::Timestamp;

/// Time between two comparisons of connections with the list of sockets, while somebody looks at them.
const PAUSE: Duration = Duration::from_secs(2);
/// A connection without packets for so long is as the list says: packets that were just captured may still be on their way.
const QUIET: Duration = Duration::from_secs(1);
/// Connections compared at most; what is beyond them is told by packets alone.
const MAX_CONNECTIONS: usize = 50_000;

/// A TCP connection as its packets and the list have told it so far.
#[derive(Clone, Copy, Debug)]
struct Connection {
    ends: (SocketAddr, SocketAddr),
    state: Option<TcpState>,
    rtt_us: Option<u32>,
    /// Whether packets have measured a round trip.
    is_measured: bool,
    /// Its last packet.
    moved: Timestamp,
}

/// Completes the events of a helper.
#[derive(Debug)]
pub struct Completer<S> {
    owners: Owners<S>,
    /// The newest time that the events told.
    now: Timestamp,
    connections: BTreeMap<FlowId, Connection>,
    compared: Timestamp,
    /// Kept for their memory.
    wanted: Vec<Wanted>,
    news: News,
}

impl<S: System> Completer<S> {
    /// A completer that asks `system`.
    pub fn new(system: S) -> Self {
        Self {
            owners: Owners::new(system),
            now: Timestamp::default(),
            connections: BTreeMap::new(),
            compared: Timestamp::default(),
            wanted: Vec::new(),
            news: News::default(),
        }
    }

    /// Adds to a batch what the system knows: to each process its start, its path, its app, its user and its parent;
    /// and at the end the owners of flows that no tag named, what the list says of quiet connections (if somebody
    /// looks, `is_watched`), and the processes that have ended. Call for every batch, as soon as it comes: processes
    /// and sockets that are gone cannot be asked about.
    pub fn complete(&mut self, events: &mut Vec<Event>, is_watched: bool) {
        for event in std::mem::take(events) {
            self.pass_on(event, events);
        }
        self.owners.want(self.now, &self.wanted, &mut self.news);
        self.wanted.clear();
        self.owners.tick(self.now, &mut self.news);
        self.owners.ended(&mut self.news.exited);
        events.extend(self.news.processes.drain(..).map(Event::Process));
        events.extend(self.news.owners.drain(..).map(|(flow, owner)| Event::OwnerFound { flow, owner }));
        if is_watched {
            self.compare(events);
        }
        let time = self.now;
        events.extend(self.news.exited.drain(..).map(|process| Event::ProcessExited { process, time }));
    }

    /// Takes in an event, completes it and appends it, after the processes that it names.
    fn pass_on(&mut self, mut event: Event, out: &mut Vec<Event>) {
        let mut processes = Vec::new();
        match &mut event {
            Event::Process(process) => self.owners.complete(process),
            Event::FlowOpened { flow, time, key, opened, owner } => {
                self.now = *time;
                self.follow(*flow, *time, key);
                match owner {
                    Some(owner) => *owner = self.owners.tagged(*owner, &mut processes),
                    None => self.wanted.push(Wanted { flow: *flow, key: *key, opened: *opened }),
                }
            }
            Event::OwnerFound { flow, owner } => {
                *owner = self.owners.tagged(*owner, &mut processes);
                if owner.source >= OwnerSource::InboundTag {
                    self.forget_wanted(*flow);
                }
            }
            Event::FlowClosed { flow, .. } => {
                self.forget_wanted(*flow);
                self.connections.remove(flow);
            }
            Event::Deltas { time, deltas } => {
                self.now = *time;
                for delta in deltas.iter() {
                    self.moved(*time, delta);
                }
            }
            _ => {}
        }
        out.extend(processes.into_iter().map(Event::Process));
        out.push(event);
    }

    fn forget_wanted(&mut self, flow: FlowId) {
        self.owners.forget(flow);
        self.wanted.retain(|wanted| wanted.flow != flow);
    }

    fn follow(&mut self, flow: FlowId, time: Timestamp, key: &FlowKey) {
        if key.protocol != Protocol::TCP || self.connections.len() >= MAX_CONNECTIONS {
            return;
        }
        let ends = (key.local, key.remote);
        let new = Connection { ends, state: None, rtt_us: None, is_measured: false, moved: time };
        self.connections.insert(flow, new);
    }

    fn moved(&mut self, time: Timestamp, delta: &Delta) {
        if let Some(connection) = self.connections.get_mut(&delta.flow) {
            connection.state = delta.state.or(connection.state);
            connection.rtt_us = delta.rtt_us.or(connection.rtt_us);
            connection.is_measured |= delta.rtt_us.is_some();
            connection.moved = time;
        }
    }

    /// Tells what the list of sockets knows better: the state of a connection that no packet has moved lately, and
    /// the round-trip time of one whose packets never gave any.
    fn compare(&mut self, out: &mut Vec<Event>) {
        let now = self.now;
        // A clock that stepped back delays nothing.
        if self.compared <= now && now.since(self.compared) < PAUSE {
            return;
        }
        self.compared = now;
        let mut deltas: Vec<Delta> = Vec::new();
        for (&flow, connection) in &mut self.connections {
            let Some(tcp) = self.owners.tcp(now, connection.ends) else { continue };
            let is_quiet = now.since(connection.moved) >= QUIET;
            let state = tcp.state.filter(|state| is_quiet && connection.state != Some(*state));
            let rtt_us = (tcp.rtt_us != 0 && !connection.is_measured).then_some(tcp.rtt_us);
            let rtt_us = rtt_us.filter(|rtt_us| connection.rtt_us != Some(*rtt_us));
            connection.state = state.or(connection.state);
            connection.rtt_us = rtt_us.or(connection.rtt_us);
            if state.is_some() || rtt_us.is_some() {
                deltas.push(Delta { state, rtt_us, ..Delta::new(flow) });
            }
        }
        if !deltas.is_empty() {
            out.push(Event::Deltas { time: now, deltas });
        }
    }
}

#[cfg(test)]
mod tests;
