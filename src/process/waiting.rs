//! The flows that have no certain owner yet, and when to ask for each of them again.
//!
//! A socket that was not found usually is found moments later (it was not accepted yet, or the scan
//! of its process was not due), or never. So the pauses begin short and grow; what remains is asked
//! for by a slow sweep until the flow closes.

use std::collections::BTreeSet;
use std::time::Duration;

use hashbrown::HashMap;

use super::Wanted;
use crate::event::{FlowId, OwnerSource};
use crate::time::Timestamp;

/// Flows remembered at most; a flow beyond them is asked for once.
pub const MAX_WAITING: usize = 65_536;

/// Pauses between one question and the next.
const PAUSES: [Duration; 6] = [
    Duration::from_millis(5),
    Duration::from_millis(20),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_secs(1),
];
/// The pause of the slow sweep, after all of [`PAUSES`].
const SWEEP: Duration = Duration::from_secs(15);

/// One flow that is looked for.
#[derive(Clone, Copy, Debug)]
struct Entry {
    wanted: Wanted,
    /// How often it was asked for in vain.
    asked: usize,
    /// When to ask next.
    at: Timestamp,
    /// The best owner so far, where that is one to improve on.
    known: Option<OwnerSource>,
}

/// The waiting flows, in the order in which they are due.
#[derive(Debug, Default)]
pub struct Waiting {
    flows: HashMap<FlowId, Entry>,
    due: BTreeSet<(Timestamp, FlowId)>,
    latest: Timestamp,
}

impl Waiting {
    /// How many flows are waiting.
    #[must_use]
    pub fn len(&self) -> usize {
        self.flows.len()
    }

    /// Whether no flow is waiting.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }

    /// Whether this flow is waiting, that is, was asked for before.
    #[must_use]
    pub fn contains(&self, flow: FlowId) -> bool {
        self.flows.contains_key(&flow)
    }

    /// When the first flow is due.
    #[must_use]
    pub fn first_due(&self) -> Option<Timestamp> {
        self.due.first().map(|&(at, _)| at)
    }

    /// The question was put in vain, or its answer can still improve: ask again after a pause.
    /// `known` is the kind of owner found so far.
    pub fn again(&mut self, now: Timestamp, wanted: Wanted, known: Option<OwnerSource>) {
        let asked = match self.flows.get(&wanted.flow) {
            Some(entry) => entry.asked.saturating_add(1),
            None if self.flows.len() >= MAX_WAITING => return,
            None => 0,
        };
        self.settle(wanted.flow);
        let at = now + PAUSES.get(asked).copied().unwrap_or(SWEEP);
        self.due.insert((at, wanted.flow));
        self.flows.insert(wanted.flow, Entry { wanted, asked, at, known });
    }

    /// The kind of owner found so far for a waiting flow.
    #[must_use]
    pub fn known(&self, flow: FlowId) -> Option<OwnerSource> {
        self.flows.get(&flow).and_then(|entry| entry.known)
    }

    /// Whether the flow has been asked for so often that only the slow sweep is left.
    #[must_use]
    pub fn is_stale(&self, flow: FlowId) -> bool {
        self.flows.get(&flow).is_some_and(|entry| entry.asked + 1 >= PAUSES.len())
    }

    /// The flow needs no more questions. Returns whether it was waiting.
    pub fn settle(&mut self, flow: FlowId) -> bool {
        let Some(entry) = self.flows.remove(&flow) else {
            return false;
        };
        self.due.remove(&(entry.at, flow))
    }

    /// Appends the flows that are due at `now`, at most `limit`, the longest due first. They stay
    /// waiting: answer each with [`again`](Self::again) or [`settle`](Self::settle).
    pub fn take_due(&mut self, now: Timestamp, limit: usize, out: &mut Vec<Wanted>) {
        if now + SWEEP < self.latest {
            self.clock_stepped_back(now);
        }
        self.latest = now;
        let due = self.due.iter().take_while(|&&(at, _)| at <= now).take(limit);
        out.extend(due.filter_map(|(_, flow)| self.flows.get(flow)).map(|entry| entry.wanted));
    }

    /// Makes everything due at once; else nothing would be asked for until the clock catches up.
    fn clock_stepped_back(&mut self, now: Timestamp) {
        let flows: Vec<FlowId> = self.due.iter().map(|&(_, flow)| flow).collect();
        self.due.clear();
        for flow in flows {
            if let Some(entry) = self.flows.get_mut(&flow) {
                entry.at = now;
                self.due.insert((now, flow));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{FlowKey, InterfaceId, Protocol};

    fn wanted(flow: u64) -> Wanted {
        let key = FlowKey {
            protocol: Protocol::TCP,
            local: ([127, 0, 0, 1], 1).into(),
            remote: ([127, 0, 0, 1], 2).into(),
            interface: InterfaceId(1),
        };
        Wanted { flow: FlowId(flow), key, opened: None }
    }

    fn due(waiting: &mut Waiting, now: Timestamp) -> Vec<u64> {
        let mut out = Vec::new();
        waiting.take_due(now, 10, &mut out);
        out.iter().map(|wanted| wanted.flow.0).collect()
    }

    #[test]
    fn the_pauses_grow_and_end_in_a_slow_sweep() {
        let mut waiting = Waiting::default();
        let mut now = Timestamp::new(100, 0);
        for pause_ms in [5, 20, 50, 100, 250, 1_000, 15_000, 15_000] {
            waiting.again(now, wanted(1), None);
            let at = now + Duration::from_millis(pause_ms);
            assert_eq!(waiting.first_due(), Some(at));
            assert!(due(&mut waiting, at - Duration::from_nanos(1)).is_empty());
            assert_eq!(due(&mut waiting, at), [1], "{pause_ms} ms");
            now = at;
        }
        assert!(waiting.is_stale(FlowId(1)));
        assert_eq!(waiting.len(), 1);
    }

    #[test]
    fn a_settled_flow_is_never_due() {
        let mut waiting = Waiting::default();
        let now = Timestamp::new(100, 0);
        waiting.again(now, wanted(1), Some(OwnerSource::Listener));
        waiting.again(now, wanted(2), None);
        assert_eq!(waiting.known(FlowId(1)), Some(OwnerSource::Listener));
        assert!(!waiting.is_stale(FlowId(1)));
        assert!(waiting.settle(FlowId(1)));
        assert!(!waiting.settle(FlowId(1)));
        assert_eq!(due(&mut waiting, now + SWEEP), [2]);
        waiting.settle(FlowId(2));
        assert!(waiting.is_empty());
        assert_eq!(waiting.first_due(), None);
    }

    #[test]
    fn a_clock_that_steps_back_delays_nothing() {
        let mut waiting = Waiting::default();
        let late = Timestamp::new(10_000, 0);
        assert!(due(&mut waiting, late).is_empty());
        waiting.again(late, wanted(1), None);
        assert_eq!(due(&mut waiting, Timestamp::new(50, 0)), [1]);
    }

    #[test]
    fn the_number_of_waiting_flows_is_bounded() {
        let mut waiting = Waiting::default();
        let now = Timestamp::new(100, 0);
        for flow in 0..=MAX_WAITING as u64 {
            waiting.again(now, wanted(flow), None);
        }
        assert_eq!(waiting.len(), MAX_WAITING);
        let mut out = Vec::new();
        waiting.take_due(now + SWEEP, 100, &mut out);
        assert_eq!(out.len(), 100);
    }
}
