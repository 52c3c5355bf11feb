//! The flows themselves: found by pair or by id, and queued by silence so that expiry never searches.

use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;
use hashbrown::hash_table::{Entry, HashTable};

use super::flow::Flow;
use super::pair::Pair;
use crate::event::FlowId;

/// No slot.
const NONE: u32 = u32::MAX;

/// Bits of a flow's id that name its slot; the rest is a serial number that is never used again.
const SLOT_BITS: u32 = 20;

/// The flows that a table may hold.
pub(super) const MAX_SLOTS: usize = 1 << SLOT_BITS;

/// How long a flow may be silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Patience {
    /// Over; stays for late packets only.
    Ended,
    /// A DNS exchange.
    Dns,
    /// A handshake, ICMP.
    #[default]
    Short,
    /// UDP, anything unknown, a TCP connection that both ends have begun to close.
    Medium,
    /// An open TCP connection.
    Long,
}

impl Patience {
    /// All of them.
    pub(super) const ALL: [Self; 5] = [Self::Ended, Self::Dns, Self::Short, Self::Medium, Self::Long];

    /// Nanoseconds of silence after which a flow is no longer followed.
    pub(super) const fn nanos(self) -> u64 {
        const SECOND: u64 = 1_000_000_000;
        match self {
            Self::Ended => 3 * SECOND,
            Self::Dns => 10 * SECOND,
            Self::Short => 30 * SECOND,
            Self::Medium => 60 * SECOND,
            Self::Long => 15 * 60 * SECOND,
        }
    }
}

/// Flows in slots, an index over them, and one queue for each patience.
#[derive(Debug, Default)]
pub(super) struct Table {
    slots: Vec<Flow>,
    free: Vec<u32>,
    index: HashTable<(u64, u32)>,
    hasher: DefaultHashBuilder,
    queues: [Queue; 5],
    serial: u64,
}

/// Flows from the longest silent to the latest heard.
#[derive(Clone, Copy, Debug)]
struct Queue {
    head: u32,
    tail: u32,
}

impl Default for Queue {
    fn default() -> Self {
        Self { head: NONE, tail: NONE }
    }
}

/// A flow's place in its queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Links {
    previous: u32,
    next: u32,
    patience: Patience,
}

impl Default for Links {
    fn default() -> Self {
        Self { previous: NONE, next: NONE, patience: Patience::default() }
    }
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    pub(super) fn hash(&self, pair: &Pair) -> u64 {
        self.hasher.hash_one(pair)
    }

    pub(super) fn find(&self, hash: u64, pair: &Pair) -> Option<u32> {
        let same = |&(other, slot): &(u64, u32)| {
            other == hash && self.get(slot).is_some_and(|flow| flow.pair == *pair)
        };
        self.index.find(hash, same).map(|&(_, slot)| slot)
    }

    pub(super) fn get(&self, slot: u32) -> Option<&Flow> {
        self.slots.get(usize::try_from(slot).ok()?)
    }

    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut Flow> {
        self.slots.get_mut(usize::try_from(slot).ok()?)
    }

    /// The slot of a flow that is still followed.
    pub(super) fn slot_of(&self, flow: FlowId) -> Option<u32> {
        let slot = u32::try_from(flow.0 & (MAX_SLOTS as u64 - 1)).ok()?;
        self.get(slot).is_some_and(|found| found.id == flow && flow != FlowId::default()).then_some(slot)
    }

    /// Takes a flow in, gives it its id and queues it. The caller has seen to it that there is room.
    pub(super) fn insert(&mut self, hash: u64, mut flow: Flow) -> Option<u32> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None if self.slots.len() < MAX_SLOTS => u32::try_from(self.slots.len()).ok()?,
            None => return None,
        };
        self.serial += 1;
        flow.id = FlowId(self.serial << SLOT_BITS | u64::from(slot));
        flow.links = Links { patience: flow.patience(), ..Links::default() };
        self.index.insert_unique(hash, (hash, slot), |&(hash, _)| hash);
        match self.get_mut(slot) {
            Some(place) => *place = flow,
            None => self.slots.push(flow),
        }
        self.append(slot);
        Some(slot)
    }

    /// Takes a flow out.
    pub(super) fn remove(&mut self, slot: u32) -> Option<Flow> {
        let hash = self.hash(&self.get(slot)?.pair);
        if let Entry::Occupied(entry) = self.index.entry(hash, |&(_, other)| other == slot, |&(hash, _)| hash)
        {
            entry.remove();
        } else {
            return None;
        }
        self.detach(slot);
        self.free.push(slot);
        self.get_mut(slot).map(std::mem::take)
    }

    /// Puts a flow that was heard from at the end of the queue for its patience.
    pub(super) fn requeue(&mut self, slot: u32) {
        self.detach(slot);
        if let Some(flow) = self.get_mut(slot) {
            flow.links.patience = flow.patience();
        }
        self.append(slot);
    }

    /// The first of a queue that has been silent for longer than its patience at `clock`.
    pub(super) fn expired(&self, patience: Patience, clock: u64) -> Option<u32> {
        let head = self.head(patience)?;
        let silent = clock.saturating_sub(self.get(head)?.heard);
        (silent >= patience.nanos()).then_some(head)
    }

    /// The first of a queue.
    pub(super) fn head(&self, patience: Patience) -> Option<u32> {
        let head = self.queues.get(patience as usize)?.head;
        (head != NONE).then_some(head)
    }

    /// The flow that has been silent the longest. Those heard from in this tick, whose places are put right
    /// at its end, are moved on first.
    pub(super) fn most_silent(&mut self) -> Option<u32> {
        for patience in Patience::ALL {
            for _ in 0..self.len() {
                match self.head(patience) {
                    Some(head) if self.get(head).is_some_and(|flow| flow.is_misplaced) => {
                        self.requeue(head);
                        if let Some(flow) = self.get_mut(head) {
                            flow.is_misplaced = false;
                        }
                    }
                    _ => break,
                }
            }
        }
        let heads = Patience::ALL.into_iter().filter_map(|patience| self.head(patience));
        heads.min_by_key(|&slot| self.get(slot).map_or(u64::MAX, |flow| flow.heard))
    }

    fn detach(&mut self, slot: u32) {
        let Some(links) = self.get(slot).map(|flow| flow.links) else { return };
        match self.get_mut(links.previous) {
            Some(previous) => previous.links.next = links.next,
            None => self.change(links.patience, |queue| queue.head = links.next),
        }
        match self.get_mut(links.next) {
            Some(next) => next.links.previous = links.previous,
            None => self.change(links.patience, |queue| queue.tail = links.previous),
        }
    }

    fn append(&mut self, slot: u32) {
        let Some(patience) = self.get(slot).map(|flow| flow.links.patience) else { return };
        let Some(tail) = self.queues.get(patience as usize).map(|queue| queue.tail) else { return };
        match self.get_mut(tail) {
            Some(last) => last.links.next = slot,
            None => self.change(patience, |queue| queue.head = slot),
        }
        self.change(patience, |queue| queue.tail = slot);
        if let Some(flow) = self.get_mut(slot) {
            flow.links = Links { previous: tail, next: NONE, patience };
        }
    }

    fn change(&mut self, patience: Patience, how: impl FnOnce(&mut Queue)) {
        if let Some(queue) = self.queues.get_mut(patience as usize) {
            how(queue);
        }
    }
}
