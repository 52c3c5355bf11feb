//! The flows themselves: found by pair or by id, and kept on a timing wheel so that expiry never searches.

use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;
use hashbrown::hash_table::HashTable;

use super::flow::{Flow, Patience};
use super::pair::Pair;
use crate::event::FlowId;

/// No slot.
const NONE: u32 = u32::MAX;

/// Bits of a flow's id that name its slot; the rest is a serial number that is never used again.
const SLOT_BITS: u32 = 20;

/// The flows that a table may hold.
pub(super) const MAX_SLOTS: usize = 1 << SLOT_BITS;

/// Bits of a slot's number that say where in its block it is. Flows are kept in blocks, so that a table that grows moves
/// none of them and takes no more memory than they need.
const BLOCK_BITS: u32 = 10;

/// The wheel moves on by a spoke in 2^28 ns, about a quarter of a second …
const SPOKE_BITS: u32 = 28;

/// … and comes round in 18 minutes, longer than any flow's patience.
const SPOKES: u64 = 1 << 12;

/// Flows in slots, an index over them, and a wheel of the times at which to look at them again.
///
/// A flow hangs on the spoke of the time at which it would have been silent for too long when it was put
/// there. Packets do not move it; when the wheel comes to it, it is either let go or hung on a later spoke.
#[derive(Debug)]
pub(super) struct Table {
    /// In blocks of 2^[`BLOCK_BITS`], of which only the last one is not full.
    slots: Vec<Vec<Flow>>,
    free: Vec<u32>,
    /// The index: a part of the hash and the slot, small so that it stays in the cache.
    index: HashTable<(Tag, u32)>,
    hasher: DefaultHashBuilder,
    /// Where the last packet's flow is: packets come in runs, and within one nothing need be hashed.
    latest: u32,
    /// The first and the last flow on each spoke.
    wheel: Vec<[u32; 2]>,
    /// The next spoke to look at, as a number that only grows.
    turn: u64,
    serial: u64,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            latest: NONE,
            wheel: (0..SPOKES).map(|_| [NONE, NONE]).collect(),
            turn: 0,
            serial: 0,
        }
    }
}

/// As much of a pair's hash as the index keeps. It is enough: among 2^20 flows there are a hundred or so
/// of another pair with the same tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag(u32);

impl Tag {
    /// The hash that the index is sorted by, with the tag's bits spread over all of it (Fibonacci hashing).
    fn hash(self) -> u64 {
        u64::from(self.0).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// A flow's place on the wheel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Links {
    previous: u32,
    next: u32,
    spoke: u32,
}

impl Default for Links {
    fn default() -> Self {
        Self { previous: NONE, next: NONE, spoke: NONE }
    }
}

/// The block of a slot, and where it is in that.
fn place(slot: u32) -> [usize; 2] {
    let [block, at] = [slot >> BLOCK_BITS, slot & ((1 << BLOCK_BITS) - 1)];
    [block, at].map(|number| usize::try_from(number).unwrap_or(usize::MAX))
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    fn tag(&self, pair: &Pair) -> Tag {
        Tag(u32::try_from(self.hasher.hash_one(pair) >> 32).unwrap_or(0))
    }

    pub(super) fn find(&mut self, pair: &Pair) -> Option<u32> {
        // An empty slot's pair is no packet's.
        if self.get(self.latest).is_some_and(|flow| flow.pair == *pair) {
            return Some(self.latest);
        }
        let tag = self.tag(pair);
        let same = |&(other, slot): &(Tag, u32)| {
            other == tag && self.get(slot).is_some_and(|flow| flow.pair == *pair)
        };
        let found = self.index.find(tag.hash(), same).map(|&(_, slot)| slot);
        self.latest = found.unwrap_or(NONE);
        found
    }

    pub(super) fn get(&self, slot: u32) -> Option<&Flow> {
        let [block, at] = place(slot);
        self.slots.get(block)?.get(at)
    }

    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut Flow> {
        let [block, at] = place(slot);
        self.slots.get_mut(block)?.get_mut(at)
    }

    /// The slot of a flow that is still followed.
    pub(super) fn slot_of(&self, flow: FlowId) -> Option<u32> {
        let slot = u32::try_from(flow.0 & (MAX_SLOTS as u64 - 1)).ok()?;
        self.get(slot).is_some_and(|found| found.id == flow && flow != FlowId::default()).then_some(slot)
    }

    /// Takes a flow in, gives it its id and hangs it on the wheel. The caller has seen to it that there is
    /// room.
    pub(super) fn insert(&mut self, mut flow: Flow) -> Option<u32> {
        let tag = self.tag(&flow.pair);
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None if self.len() < MAX_SLOTS => u32::try_from(self.len()).ok()?,
            None => return None,
        };
        self.serial += 1;
        flow.id = FlowId(self.serial << SLOT_BITS | u64::from(slot));
        self.index.insert_unique(tag.hash(), (tag, slot), |&(tag, _)| tag.hash());
        match self.get_mut(slot) {
            Some(place) => *place = flow,
            None => self.append(flow),
        }
        self.hang(slot);
        Some(slot)
    }

    /// Takes a flow into the first slot that there never was.
    fn append(&mut self, flow: Flow) {
        match self.slots.last_mut() {
            Some(block) if block.len() < 1 << BLOCK_BITS => block.push(flow),
            _ => {
                let mut block = Vec::with_capacity(1 << BLOCK_BITS);
                block.push(flow);
                self.slots.push(block);
            }
        }
    }

    /// Takes a flow out.
    pub(super) fn remove(&mut self, slot: u32) -> Option<Flow> {
        let hash = self.tag(&self.get(slot)?.pair).hash();
        self.index.find_entry(hash, |&(_, other)| other == slot).ok()?.remove();
        self.take_down(slot);
        self.free.push(slot);
        self.get_mut(slot).map(std::mem::take)
    }

    /// Hangs a flow anew whose patience has become shorter.
    pub(super) fn rehang(&mut self, slot: u32) {
        self.take_down(slot);
        self.hang(slot);
    }

    /// A flow that has been silent for longer than its patience at `clock`. Call until there is none.
    pub(super) fn expired(&mut self, clock: u64) -> Option<u32> {
        let now = clock >> SPOKE_BITS;
        // Once round is enough, however far the time has leapt.
        self.turn = self.turn.max(now.saturating_sub(SPOKES));
        while self.turn < now {
            while let Some(slot) = self.first(self.turn) {
                if self.deadline(slot).is_some_and(|deadline| deadline <= clock) {
                    return Some(slot);
                }
                self.rehang(slot);
            }
            self.turn += 1;
        }
        None
    }

    /// The flow whose patience ends next: the one that has been silent the longest for its kind.
    pub(super) fn next_to_expire(&mut self) -> Option<u32> {
        // Where no tick has come for long, the last spoke holds all that hangs beyond it.
        let last = self.turn + SPOKES - 1;
        for turn in self.turn..=last {
            while let Some(slot) = self.first(turn) {
                // Heard from since it was hung here?
                if turn == last || self.deadline(slot).is_some_and(|deadline| deadline >> SPOKE_BITS <= turn)
                {
                    return Some(slot);
                }
                self.rehang(slot);
            }
        }
        None
    }

    /// All flows of one kind that hang before the end of its patience.
    pub(super) fn of(&self, patience: Patience, clock: u64) -> Vec<u32> {
        let mut found = Vec::new();
        let last = clock.saturating_add(patience.nanos()) >> SPOKE_BITS;
        for turn in self.turn.max(last.saturating_sub(SPOKES - 1))..=last {
            let mut next = self.first(turn);
            while let Some((slot, flow)) = next.and_then(|slot| Some((slot, self.get(slot)?))) {
                if flow.patience() == patience {
                    found.push(slot);
                }
                next = Some(flow.links.next);
            }
        }
        found
    }

    fn deadline(&self, slot: u32) -> Option<u64> {
        self.get(slot).map(|flow| flow.heard.saturating_add(flow.patience().nanos()))
    }

    fn first(&self, turn: u64) -> Option<u32> {
        let [first, _] = *self.wheel.get(usize::try_from(turn % SPOKES).ok()?)?;
        (first != NONE).then_some(first)
    }

    fn spoke(&mut self, spoke: u32) -> Option<&mut [u32; 2]> {
        self.wheel.get_mut(usize::try_from(spoke).ok()?)
    }

    fn take_down(&mut self, slot: u32) {
        let Some(links) = self.get(slot).map(|flow| flow.links) else { return };
        if let Some(previous) = self.get_mut(links.previous) {
            previous.links.next = links.next;
        } else if let Some([first, _]) = self.spoke(links.spoke) {
            *first = links.next;
        }
        if let Some(next) = self.get_mut(links.next) {
            next.links.previous = links.previous;
        } else if let Some([_, last]) = self.spoke(links.spoke) {
            *last = links.previous;
        }
    }

    fn hang(&mut self, slot: u32) {
        let Some(deadline) = self.deadline(slot) else { return };
        let turn = (deadline >> SPOKE_BITS).clamp(self.turn, self.turn + SPOKES - 1);
        let Ok(number) = u32::try_from(turn % SPOKES) else { return };
        let Some([first, last]) = self.spoke(number) else { return };
        let previous = std::mem::replace(last, slot);
        if *first == NONE {
            *first = slot;
        }
        if let Some(flow) = self.get_mut(previous) {
            flow.links.next = slot;
        }
        if let Some(flow) = self.get_mut(slot) {
            flow.links = Links { previous, next: NONE, spoke: number };
        }
    }
}
