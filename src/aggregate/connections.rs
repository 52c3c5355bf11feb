//! The connections that are shown: which are there, how long closed ones stay, and their rates.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;

use super::counter::{Moment, Span};
use super::flows::Flow;
use super::names::LATE;
use super::rows::{Book, Rows};
use super::slots::{Slot, Slots};
use super::snapshot::{Both, ConnectionRow};
use crate::event::FlowId;

/// Every flow that is remembered.
#[derive(Debug, Default)]
pub(super) struct Connections {
    flows: Slots<Flow>,
    /// Where each flow is. Never gone over: its order means nothing.
    places: HashMap<FlowId, Slot>,
    /// Flows whose rows changed since the last tick; one that is not marked so any more is no longer meant.
    changed: Vec<Slot>,
    /// Flows that were dropped since the last tick.
    gone: Vec<FlowId>,
    /// Flows that moved something in the last half minute, each once. The place of one that was dropped
    /// meanwhile is not free before it leaves this list.
    active: Vec<Slot>,
    /// Closed flows, in the order of their end.
    closed: VecDeque<FlowId>,
    /// Flows that opened a moment ago, by their remote address: an answer that comes late still names them.
    recent: HashMap<IpAddr, VecDeque<FlowId>>,
    recent_order: VecDeque<(Moment, IpAddr, FlowId)>,
    rows: Book<ConnectionRow>,
}

impl Connections {
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The flows that are not closed, in order.
    pub(super) fn still_open(&self) -> Vec<FlowId> {
        self.ids(|flow| flow.closed.is_none())
    }

    /// The flows that are `wanted`, in order.
    pub(super) fn ids(&self, wanted: impl Fn(&Flow) -> bool) -> Vec<FlowId> {
        let mut ids: Vec<FlowId> =
            self.flows.iter().filter(|(_, flow)| wanted(flow)).map(|(_, flow)| flow.row.flow).collect();
        ids.sort_unstable();
        ids
    }

    pub(super) fn get(&self, id: FlowId) -> Option<&Flow> {
        self.flows.get(*self.places.get(&id)?)
    }

    /// The flow, marked as changed.
    pub(super) fn edit(&mut self, id: FlowId) -> Option<&mut Flow> {
        let slot = *self.places.get(&id)?;
        self.edit_at(slot)
    }

    fn edit_at(&mut self, slot: Slot) -> Option<&mut Flow> {
        let flow = self.flows.get_mut(slot)?;
        if !flow.is_changed {
            flow.is_changed = true;
            self.changed.push(slot);
        }
        Some(flow)
    }

    /// The flow, marked as changed and as having moved something.
    pub(super) fn activate(&mut self, id: FlowId) -> Option<&mut Flow> {
        let slot = *self.places.get(&id)?;
        let flow = self.flows.get_mut(slot)?;
        if !flow.is_active {
            flow.is_active = true;
            self.active.push(slot);
        }
        self.edit_at(slot)
    }

    /// Adds a flow that is new.
    pub(super) fn open(&mut self, id: FlowId, flow: Flow, now: Moment) {
        let remote = flow.row.remote.ip().to_canonical();
        self.recent.entry(remote).or_default().push_back(id);
        self.recent_order.push_back((now, remote, id));
        let slot = self.flows.insert(flow);
        self.places.insert(id, slot);
        self.edit_at(slot);
    }

    /// The newest flows to `address` of those that opened a moment ago.
    pub(super) fn opened_just_now(&self, address: IpAddr) -> Vec<FlowId> {
        let flows = self.recent.get(&address.to_canonical());
        flows.map(|flows| flows.iter().rev().take(MAX_RENAMED).copied().collect()).unwrap_or_default()
    }

    /// A flow is over; it stays for a while.
    pub(super) fn closed(&mut self, id: FlowId) {
        self.closed.push_back(id);
    }

    /// The flow that was closed first, if its row's time is up.
    pub(super) fn next_over(&self, now: Moment, linger: Duration) -> Option<FlowId> {
        let id = *self.closed.front()?;
        let flow = self.get(id)?;
        let is_over = flow.closed.is_some_and(|closed| linger <= now.since(closed)) && !flow.is_active;
        is_over.then_some(id)
    }

    /// The flow that was closed first.
    pub(super) fn oldest_closed(&self) -> Option<FlowId> {
        self.closed.front().copied()
    }

    /// Drops a closed flow.
    pub(super) fn remove(&mut self, id: FlowId) -> Option<Flow> {
        if self.closed.front() == Some(&id) {
            self.closed.pop_front();
        }
        let slot = self.places.remove(&id)?;
        let flow = self.flows.take(slot)?;
        if !flow.is_active {
            self.flows.release(slot);
        }
        self.gone.push(id);
        Some(flow)
    }

    /// Brings the rates up to date and reports what each active flow moved within the window.
    pub(super) fn rate(&mut self, now: Moment, span: &Span, mut report: impl FnMut(&Flow, Both<u64>)) {
        let mut active = std::mem::take(&mut self.active);
        active.retain(|&slot| {
            let Some(flow) = self.flows.get_mut(slot) else {
                self.flows.release(slot);
                return false;
            };
            flow.is_active = !flow.ring.expire(now);
            let is_active = flow.is_active;
            let bytes = flow.ring.within(span);
            if bytes != Both::default() {
                report(flow, bytes);
            }
            let rate = span.rate(bytes);
            if flow.row.rate != rate
                && let Some(flow) = self.edit_at(slot)
            {
                Arc::make_mut(&mut flow.row).rate = rate;
            }
            is_active
        });
        self.active = active;
    }

    /// The rows for a snapshot.
    pub(super) fn tick(&mut self, now: Moment) -> Rows<ConnectionRow> {
        self.forget_recent(now);
        let mut changes = Vec::with_capacity(self.changed.len() + self.gone.len());
        for slot in self.changed.drain(..) {
            let Some(flow) = self.flows.get_mut(slot).filter(|flow| flow.is_changed) else { continue };
            flow.is_changed = false;
            changes.push((flow.row.flow, Some(Arc::clone(&flow.row))));
        }
        // A name that was given again is there and has changed.
        let places = &self.places;
        changes.extend(self.gone.drain(..).filter(|id| !places.contains_key(id)).map(|id| (id, None)));
        self.rows.publish(changes)
    }

    /// Drops every closed flow and sets the others' totals to zero.
    pub(super) fn reset(&mut self) -> Vec<Flow> {
        let closed = std::mem::take(&mut self.closed);
        let dropped = closed.into_iter().filter_map(|id| self.remove(id)).collect();
        for slot in self.active.drain(..) {
            match self.flows.get_mut(slot) {
                Some(flow) => flow.is_active = false,
                None => self.flows.release(slot),
            }
        }
        for id in self.ids(|_| true) {
            if let Some(flow) = self.edit(id) {
                flow.reset();
            }
        }
        dropped
    }

    fn forget_recent(&mut self, now: Moment) {
        while let Some(&(opened, remote, id)) = self.recent_order.front() {
            if now.since(opened) <= LATE {
                return;
            }
            self.recent_order.pop_front();
            if let Some(ids) = self.recent.get_mut(&remote) {
                // Both lists are in the order of opening.
                if ids.front() == Some(&id) {
                    ids.pop_front();
                }
                if ids.is_empty() {
                    self.recent.remove(&remote);
                }
            }
        }
    }
}

/// Flows that one late answer may name.
const MAX_RENAMED: usize = 1024;
