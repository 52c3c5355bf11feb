//! Adds up what the helper tells: packets with and without owner, of this process and of all.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use crate::event::{Event, FlowId, FlowKey, Owner, OwnerSource};

/// Flows that are told apart; packets of later ones are counted as one's.
const MAX_FLOWS: usize = 100_000;

/// What was heard.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    flows: BTreeMap<FlowId, Flow>,
    /// The kernel's own counts: handed over, and dropped.
    pub received: u64,
    /// See `received`.
    pub dropped: u64,
    /// Frames that Crow could not read.
    pub unreadable: u64,
    /// Sentences about what this system lets Crow not do.
    pub notes: Vec<String>,
    /// Sentences about what went wrong.
    pub faults: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Flow {
    key: Option<FlowKey>,
    owner: Option<Owner>,
    packets: u64,
    is_ours: bool,
}

/// Packets, and how many of them have an owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// All of them.
    pub packets: u64,
    /// Those with an owner (for this process's own packets: the right one).
    pub owned: u64,
}

impl Share {
    /// In percent; `None` of nothing.
    #[must_use]
    pub fn percent(self) -> Option<f64> {
        (self.packets > 0).then(|| self.owned as f64 * 100.0 / self.packets as f64)
    }
}

impl Tally {
    /// Takes in what the helper said. Flows between two of `ends` are this process's own.
    pub fn take(&mut self, events: &[Event], ends: &BTreeSet<SocketAddr>) {
        for event in events {
            match event {
                Event::FlowOpened { flow, key, owner, .. } => {
                    if let Some(flow) = self.flow(*flow) {
                        (flow.key, flow.owner) = (Some(*key), *owner);
                    }
                }
                Event::OwnerFound { flow, owner } => {
                    if let Some(flow) = self.flow(*flow) {
                        flow.owner = Some(*owner);
                    }
                }
                Event::Deltas { deltas, .. } => {
                    for delta in deltas {
                        if let Some(flow) = self.flow(delta.flow) {
                            flow.packets += u64::from(delta.rx_packets) + u64::from(delta.tx_packets);
                        }
                    }
                }
                Event::Statistics(counts) => {
                    (self.received, self.dropped) = (counts.received, counts.dropped);
                    self.unreadable = counts.unreadable;
                }
                Event::Note(sentence) => add(&mut self.notes, sentence),
                Event::Fault(sentence) => add(&mut self.faults, sentence),
                _ => {}
            }
        }
        // The ends of a connection may be told after its first packet was heard of.
        for flow in self.flows.values_mut().filter(|flow| !flow.is_ours) {
            flow.is_ours =
                flow.key.is_some_and(|key| ends.contains(&key.local) && ends.contains(&key.remote));
        }
    }

    fn flow(&mut self, id: FlowId) -> Option<&mut Flow> {
        if self.flows.len() >= MAX_FLOWS && !self.flows.contains_key(&id) {
            return None;
        }
        Some(self.flows.entry(id).or_default())
    }

    /// This process's own packets, and those of them that are said to be `pid`'s.
    #[must_use]
    pub fn ours(&self, pid: i32) -> Share {
        let ours = self.flows.values().filter(|flow| flow.is_ours);
        share(ours, |owner| owner.process.pid == pid)
    }

    /// All packets, and those that have any owner.
    #[must_use]
    pub fn all(&self) -> Share {
        share(self.flows.values(), |_| true)
    }

    /// Flows whose owner became known in this way.
    #[must_use]
    pub fn flows_by(&self, source: OwnerSource) -> usize {
        self.flows.values().filter(|flow| flow.owner.is_some_and(|owner| owner.source == source)).count()
    }

    /// Flows that one process keeps for another.
    #[must_use]
    pub fn delegated(&self) -> usize {
        self.flows.values().filter(|flow| flow.owner.is_some_and(|owner| owner.via.is_some())).count()
    }
}

fn share<'a>(flows: impl Iterator<Item = &'a Flow>, is_right: impl Fn(&Owner) -> bool) -> Share {
    flows.fold(Share::default(), |sum, flow| Share {
        packets: sum.packets + flow.packets,
        owned: sum.owned + if flow.owner.as_ref().is_some_and(&is_right) { flow.packets } else { 0 },
    })
}

/// Sentences that are kept of each kind.
const MAX_SENTENCES: usize = 8;

fn add(sentences: &mut Vec<String>, sentence: &str) {
    if sentences.len() < MAX_SENTENCES && !sentences.iter().any(|known| known == sentence) {
        sentences.push(sentence.to_owned());
    }
}
