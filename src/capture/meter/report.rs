//! What the meter has to tell: collected between ticks, told in an order that a reader can follow.

use super::flow::Flow;
use super::table::Patience;
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
    touched: Vec<u32>,
    /// Deltas of flows that were closed within the tick.
    last_deltas: Vec<Delta>,
    closed: Vec<Event>,
    exited: Vec<Event>,
    downs: Vec<InterfaceId>,
    /// When statistics were last told.
    told: Option<u64>,
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
        flow.announced = u32::try_from(self.opened.len()).ok();
        let (key, opened) = (flow.key(), flow.opened);
        self.opened.push(Event::FlowOpened { flow: flow.id, time, key, opened, owner: None });
    }

    /// Gives a flow an owner if that is news.
    pub(super) fn own(&mut self, flow: &mut Flow, owner: Owner) {
        if !owners::is_better(&owner, flow.owner.as_ref()) {
            return;
        }
        flow.owner = Some(owner);
        let announced = flow.announced.and_then(|at| self.opened.get_mut(usize::try_from(at).ok()?));
        if let Some(Event::FlowOpened { owner: told, .. }) = announced {
            *told = Some(owner);
        } else {
            self.owned.push(Event::OwnerFound { flow: flow.id, owner });
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

    pub(super) fn touch(&mut self, slot: u32, flow: &mut Flow) {
        if !flow.is_touched {
            flow.is_touched = true;
            self.touched.push(slot);
        }
    }

    pub(super) fn closed(&mut self, flow: &mut Flow, time: Timestamp, reason: CloseReason) {
        if flow.is_touched {
            self.last_deltas.push(flow.take_delta());
        }
        self.closed.push(Event::FlowClosed { flow: flow.id, time, reason });
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
        self.deltas(now, out);
        for patience in Patience::ALL {
            let reason = if patience == Patience::Ended { CloseReason::Ended } else { CloseReason::Idle };
            while let Some(slot) = self.table.expired(patience, clock) {
                self.close(slot, now, reason);
            }
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
        self.deltas(now, out);
        while let Some(slot) = self.table.head(Patience::Ended) {
            self.close(slot, now, CloseReason::Ended);
        }
        self.pending.after(out);
        self.pending.statistics.flows = self.table.len() as u64;
        self.pending.tell_statistics(clock, out);
    }

    /// Tells what each touched flow did, and puts it in its place in the queues.
    fn deltas(&mut self, now: Timestamp, out: &mut Vec<Event>) {
        let mut deltas = std::mem::take(&mut self.pending.last_deltas);
        let mut touched = std::mem::take(&mut self.pending.touched);
        deltas.reserve(touched.len());
        for slot in touched.drain(..) {
            // A slot stands here twice when its flow was closed and another one opened in its place.
            let Some(flow) = self.table.get_mut(slot).filter(|flow| flow.is_touched) else { continue };
            deltas.push(flow.take_delta());
            flow.announced = None;
            flow.is_misplaced = false;
            self.table.requeue(slot);
        }
        self.pending.touched = touched;
        while deltas.len() > MAX_DELTAS {
            let rest = deltas.split_off(MAX_DELTAS);
            out.push(Event::Deltas { time: now, deltas });
            deltas = rest;
        }
        if !deltas.is_empty() {
            out.push(Event::Deltas { time: now, deltas });
        }
    }
}
