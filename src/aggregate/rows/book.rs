//! Makes the rows of one snapshot after the other: what changed is written into a list that nobody reads any longer.
//!
//! There are a few copies of the list of pointers to rows. The newest is the one in the newest snapshot; a reader holds
//! that one or an older one. The next snapshot gets a copy that no reader holds, brought up to date by the changes since it
//! was the newest: so a change costs a search and a few pointers, however many rows there are. Only when readers hold
//! all copies is a list copied whole.

use std::collections::VecDeque;
use std::sync::Arc;

use super::chunks::{Chunks, Place};
use super::{Change, Row, Rows};

/// Copies that are kept up: the newest, those that a window and a menu bar hold, and one to write into.
const MAX_COPIES: usize = 4;

/// Batches of changes that a copy may be behind before it is given up: somebody holds it for long.
const MAX_BEHIND: usize = 8;

/// The rows of the newest snapshot, and what it takes to make those of the next one.
#[derive(Debug)]
pub(in crate::aggregate) struct Book<R: Row> {
    keys: Chunks<R::Sought>,
    /// The oldest first.
    copies: VecDeque<Copy<R>>,
    /// The changes since the oldest copy, batch by batch.
    batches: VecDeque<Vec<Entry<R>>>,
}

/// A list that may be brought up to date.
#[derive(Debug)]
struct Copy<R> {
    rows: Rows<R>,
    /// How many of the batches are not in it yet.
    behind: usize,
}

/// One change, and where it takes place.
#[derive(Debug)]
enum Entry<R> {
    Replace(Place, Arc<R>),
    Insert(Place, Arc<R>),
    Remove(Place),
}

impl<R: Row> Default for Book<R> {
    fn default() -> Self {
        let newest = Copy { rows: Rows::default(), behind: 0 };
        Self { keys: Chunks::default(), copies: [newest].into(), batches: VecDeque::new() }
    }
}

impl<R: Row> Book<R> {
    /// Takes over what changed, in its order, and returns the rows.
    pub(in crate::aggregate) fn publish(&mut self, changes: Vec<Change<R>>) -> Rows<R> {
        let batch = self.enter(changes);
        if !batch.is_empty() {
            self.batches.push_back(batch);
            self.copies.iter_mut().for_each(|copy| copy.behind += 1);
            self.write();
            self.give_up();
        }
        self.copies.back().map(|copy| copy.rows.clone()).unwrap_or_default()
    }

    /// Finds where the changes take place.
    fn enter(&mut self, changes: Vec<Change<R>>) -> Vec<Entry<R>> {
        let mut is_numbered = true;
        let mut batch = Vec::with_capacity(changes.len());
        for (key, row) in changes {
            let key = R::sought(&key);
            let found = self.keys.search(|other| other.cmp(&key));
            batch.push(match (found, row) {
                (Ok(place), Some(row)) => Entry::Replace(place, row),
                (Ok(place), None) => {
                    self.keys.remove(place);
                    is_numbered = false;
                    Entry::Remove(place)
                }
                (Err(place), Some(row)) => {
                    self.keys.insert(place, key);
                    is_numbered = false;
                    Entry::Insert(place, row)
                }
                (Err(_), None) => continue,
            });
        }
        if !is_numbered {
            self.keys.number();
        }
        batch
    }

    /// Brings a copy up to date that nobody holds, the newest such one, and makes it the newest.
    fn write(&mut self) {
        let free = self.copies.iter_mut().rposition(|copy| Arc::get_mut(&mut copy.rows.chunks).is_some());
        let copy = match free.and_then(|at| self.copies.remove(at)) {
            Some(copy) => Some(copy),
            None => self.copies.back().map(Copy::duplicate),
        };
        let mut copy = copy.unwrap_or_else(|| Copy { rows: Rows::default(), behind: self.batches.len() });
        // Nobody holds it, so this duplicates nothing.
        let rows = Arc::make_mut(&mut copy.rows.chunks);
        let mut is_numbered = true;
        for entry in self.batches.iter().rev().take(copy.behind).rev().flatten() {
            match entry {
                Entry::Replace(place, row) => rows.replace(*place, Arc::clone(row)),
                Entry::Insert(place, row) => rows.insert(*place, Arc::clone(row)),
                Entry::Remove(place) => rows.remove(*place),
            }
            is_numbered &= matches!(entry, Entry::Replace(..));
        }
        if !is_numbered {
            rows.number();
        }
        copy.behind = 0;
        self.copies.push_back(copy);
    }

    /// Lets go of copies that are too many or too far behind, and of the changes that none needs any more.
    fn give_up(&mut self) {
        let is_over = |copy: &Copy<R>, copies| MAX_COPIES < copies || MAX_BEHIND < copy.behind;
        while self.copies.front().is_some_and(|copy| is_over(copy, self.copies.len())) {
            self.copies.pop_front();
        }
        let needed = self.copies.iter().map(|copy| copy.behind).max().unwrap_or(0);
        self.batches.drain(..self.batches.len().saturating_sub(needed));
    }
}

impl<R> Copy<R> {
    fn duplicate(&self) -> Self {
        Self { rows: Rows { chunks: Arc::new(Chunks::clone(&self.rows.chunks)) }, behind: self.behind }
    }
}
