//! What the meter has to tell: collected between ticks, told in an order that a reader can follow.

use super::flow::{Flow, Patience};
use super::{Meter, owners};
use crate::event::{
    CloseReason, Delta, Direction, Event, FlowId, Interface, InterfaceId, Owner, Process, ProcessKey,
    Statistics,
};
use crate::time::Timestamp;

/// Deltas in one event, so that an event fits into one frame of the pipe.
const MAX_DELTAS: usize = 8192;

/// Bytes of datagrams passed on in one tick; a flood beyond this is counted, not read.
const MAX_DATAGRAM_BYTES: usize = 1 << 20;

/// Statistics are told once in this many nanoseconds.
const STATISTICS_EVERY: u64 = 1_000_000_000;

/// Everything since the last tick.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// Cumulative, as counted here.
    pub(super) statistics: Statistics,
    /// Received and dropped, as counted by the kernel.
    pub(super) kernel: Option<(u64, u64)>,
    pub(super) unrelated: u64,
    /// Flows whose owner nobody could be asked for.
    pub(super) unasked: u64,
    ups: Vec<Interface>,
    processes: Vec<Event>,
    opened: Vec<Event>,
    owned: Vec<Event>,
    payloads: Vec<Event>,
    datagram_bytes: usize,
    datagrams_lost: u64,
    /// What each flow did that was touched in this tick; flows know their places here.
    deltas: Vec<Delta>,
    tick: Tick,
    closed: Vec<Event>,
    exited: Vec<Event>,
    downs: Vec<InterfaceId>,
    /// When statistics were last told.
    told: Option<u64>,
}

/// The number of a tick. It comes round after years, which no flow is silent for; 0 is the tick of a flow that has
/// done nothing yet, and is passed over.
#[derive(Clone, Copy, Debug)]
struct Tick(u32);

impl Default for Tick {
    fn default() -> Self {
        Self(1)
    }
}

impl Tick {
    fn next(self) -> Self {
        self.0.checked_add(1).map_or(Self::default(), Self)
    }
}

impl Pending {
    pub(super) fn interface_up(&mut self, interface: Interface) {
        self.downs.retain(|&down| down != interface.id);
        self.ups.push(interface);
    }

    pub(super) fn interface_down(&mut self, interface: InterfaceId) {
        self.downs.push(interface);
    }

    pub(super) fn process(&mut self, process: Process) {
        self.processes.push(Event::Process(process));
    }

    pub(super) fn process_exited(&mut self, process: ProcessKey, time: Timestamp) {
        self.exited.push(Event::ProcessExited { process, time });
    }

    pub(super) fn opened(&mut self, flow: &mut Flow, time: Timestamp) {
        flow.announced = (self.tick.0, u32::try_from(self.opened.len()).unwrap_or(u32::MAX));
        let (key, opened) = (flow.key(), flow.opened);
        self.opened.push(Event::FlowOpened { flow: flow.id, time, key, opened, owner: None });
    }

    /// Gives a flow an owner if that is news.
    pub(super) fn own(&mut self, flow: &mut Flow, owner: Owner) {
        if !owners::is_better(&owner, flow.owner.as_ref()) {
            return;
        }
        flow.owner = Some(owner);
        let (tick, at) = flow.announced;
        match self.opened.get_mut(usize::try_from(at).unwrap_or(usize::MAX)) {
            Some(Event::FlowOpened { flow: id, owner: told, .. })
                if tick == self.tick.0 && *id == flow.id =>
            {
                *told = Some(owner);
            }
            _ => self.owned.push(Event::OwnerFound { flow: flow.id, owner }),
        }
    }

    pub(super) fn opening(&mut self, opening: Event) {
        self.payloads.push(opening);
    }

    pub(super) fn datagram(&mut self, flow: FlowId, time: Timestamp, direction: Direction, bytes: &[u8]) {
        if self.datagram_bytes + bytes.len() > MAX_DATAGRAM_BYTES {
            self.datagrams_lost += 1;
            return;
        }
        self.datagram_bytes += bytes.len();
        self.payloads.push(Event::Datagram { flow, time, direction, bytes: bytes.to_vec() });
    }

    /// What a flow has done in this tick so far.
    pub(super) fn delta(&mut self, flow: &mut Flow) -> Option<&mut Delta> {
        let (tick, at) = flow.delta;
        if tick == self.tick.0 {
            return self.deltas.get_mut(usize::try_from(at).ok()?);
        }
        flow.delta = (self.tick.0, u32::try_from(self.deltas.len()).ok()?);
        self.deltas.push(Delta::new(flow.id));
        self.deltas.last_mut()
    }

    pub(super) fn closed(&mut self, flow: FlowId, time: Timestamp, reason: CloseReason) {
        self.closed.push(Event::FlowClosed { flow, time, reason });
    }

    /// What comes before the deltas.
    fn before(&mut self, out: &mut Vec<Event>) {
        out.extend(self.ups.drain(..).map(Event::InterfaceUp));
        out.append(&mut self.processes);
        out.append(&mut self.opened);
        out.append(&mut self.owned);
        out.append(&mut self.payloads);
        self.datagram_bytes = 0;
    }

    fn tell_deltas(&mut self, time: Timestamp, out: &mut Vec<Event>) {
        self.tick = self.tick.next();
        let room = self.deltas.len();
        let mut deltas = std::mem::replace(&mut self.deltas, Vec::with_capacity(room));
        while deltas.len() > MAX_DELTAS {
            let rest = deltas.split_off(MAX_DELTAS);
            out.push(Event::Deltas { time, deltas });
            deltas = rest;
        }
        if !deltas.is_empty() {
            out.push(Event::Deltas { time, deltas });
        }
    }

    /// What comes after them.
    fn after(&mut self, out: &mut Vec<Event>) {
        out.append(&mut self.closed);
        out.append(&mut self.exited);
        out.extend(self.downs.drain(..).map(Event::InterfaceDown));
    }

    fn tell_statistics(&mut self, clock: u64, out: &mut Vec<Event>) {
        self.told = Some(clock);
        let (received, dropped) = self.kernel.unwrap_or((self.statistics.received, 0));
        out.push(Event::Statistics(Statistics { received, dropped, ..self.statistics }));
        let lost = std::mem::take(&mut self.datagrams_lost);
        if lost > 0 {
            out.push(Event::Fault(format!(
                "{lost} UDP messages were counted but not searched for names, because too many came at once"
            )));
        }
        let unasked = std::mem::take(&mut self.unasked);
        if unasked > 0 {
            out.push(Event::Fault(format!(
                "{unasked} new connections stay without a process, because too many were opened at once"
            )));
        }
    }
}

impl Meter {
    /// Tells everything since the last tick, and lets go of flows that were silent for too long: interfaces,
    /// processes, opened flows, owners, payloads, deltas, closed flows, then what is gone, and statistics
    /// once a second. Appends to `out`.
    pub fn tick(&mut self, now: Timestamp, out: &mut Vec<Event>) {
        let clock = self.clock.at(now);
        self.pending.before(out);
        self.pending.tell_deltas(now, out);
        while let Some(slot) = self.table.expired(clock) {
            let is_over = self.table.get(slot).is_some_and(|flow| flow.patience() == Patience::Ended);
            self.close(slot, now, if is_over { CloseReason::Ended } else { CloseReason::Idle });
        }
        self.pending.after(out);
        self.pending.statistics.flows = self.table.len() as u64;
        if self.pending.told.is_none_or(|told| clock.saturating_sub(told) >= STATISTICS_EVERY) {
            self.pending.tell_statistics(clock, out);
        }
    }

    /// Tells what is left at the end of a recording. Connections that have ended are closed; those still
    /// open are not, and stay in the table.
    pub fn finish(&mut self, now: Timestamp, out: &mut Vec<Event>) {
        let clock = self.clock.at(now);
        self.pending.before(out);
        self.pending.tell_deltas(now, out);
        for slot in self.table.of(Patience::Ended, clock) {
            self.close(slot, now, CloseReason::Ended);
        }
        self.pending.after(out);
        self.pending.statistics.flows = self.table.len() as u64;
        self.pending.tell_statistics(clock, out);
    }
}
