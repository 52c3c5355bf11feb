//! The rows of a snapshot: sorted by key, and shared with the snapshots before and after as far as nothing changed.
//!
//! A row is shared as such. The list of them is one of a few copies that take turns (`book`).

mod book;
mod chunks;

use std::cmp::Ordering;
use std::fmt;
use std::slice;
use std::sync::Arc;

pub(super) use book::Book;
use chunks::{Chunk, Chunks};

use super::snapshot::{ConnectionRow, DomainRow, ProcessRow};
use crate::event::{FlowId, ProcessKey};

/// Rows in the order of their keys. Cloning costs a pointer; an index costs a short binary search.
pub struct Rows<R> {
    chunks: Arc<Chunks<Arc<R>>>,
}

impl<R> Rows<R> {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.chunks.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chunks.chunks.is_empty()
    }

    /// The row at an index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Arc<R>> {
        self.chunks.get(index)
    }

    /// The first row.
    #[must_use]
    pub fn first(&self) -> Option<&Arc<R>> {
        self.chunks.chunks.first()?.items.first()
    }

    /// The last row.
    #[must_use]
    pub fn last(&self) -> Option<&Arc<R>> {
        self.chunks.chunks.last()?.items.last()
    }

    /// All rows, in order.
    #[must_use]
    pub fn iter(&self) -> Iter<'_, R> {
        Iter { chunks: self.chunks.chunks.iter(), rows: [].iter(), left: self.len() }
    }

    /// Searches by how a row compares to what is searched for; as for slices.
    ///
    /// # Errors
    ///
    /// The index where a row could be inserted, when none is equal.
    pub fn binary_search_by(&self, mut compare: impl FnMut(&R) -> Ordering) -> Result<usize, usize> {
        match self.chunks.search(|row| compare(row)) {
            Ok(place) => Ok(self.chunks.index(place)),
            Err(place) => Err(self.chunks.index(place)),
        }
    }
}

/// A row of a snapshot.
pub(super) trait Row {
    /// What rows are told apart and sorted by.
    type Key: Ord + Clone;

    /// The key as it is searched for: in the same order, with as much as possible at hand.
    type Sought: Ord;

    /// A key as it is searched for.
    fn sought(key: &Self::Key) -> Self::Sought;
}

/// A row that is new or different, or `None` for one that is gone.
pub(super) type Change<R> = (<R as Row>::Key, Option<Arc<R>>);

impl<R> FromIterator<Arc<R>> for Rows<R> {
    /// Keeps the order, which should be that of the keys.
    fn from_iter<I: IntoIterator<Item = Arc<R>>>(rows: I) -> Self {
        Self { chunks: Arc::new(rows.into_iter().collect()) }
    }
}

impl<R> From<Vec<Arc<R>>> for Rows<R> {
    /// Keeps the order, which should be that of the keys.
    fn from(rows: Vec<Arc<R>>) -> Self {
        rows.into_iter().collect()
    }
}

impl<R> Default for Rows<R> {
    fn default() -> Self {
        Self { chunks: Arc::default() }
    }
}

impl<R> Clone for Rows<R> {
    fn clone(&self) -> Self {
        Self { chunks: Arc::clone(&self.chunks) }
    }
}

impl<R: fmt::Debug> fmt::Debug for Rows<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl<R: PartialEq> PartialEq for Rows<R> {
    fn eq(&self, other: &Self) -> bool {
        let same = |(one, other)| Arc::ptr_eq(one, other) || one == other;
        Arc::ptr_eq(&self.chunks, &other.chunks)
            || self.len() == other.len() && self.iter().zip(other).all(same)
    }
}

impl<'a, R> IntoIterator for &'a Rows<R> {
    type Item = &'a Arc<R>;
    type IntoIter = Iter<'a, R>;

    fn into_iter(self) -> Iter<'a, R> {
        self.iter()
    }
}

/// Goes over [`Rows`].
pub struct Iter<'a, R> {
    chunks: slice::Iter<'a, Chunk<Arc<R>>>,
    rows: slice::Iter<'a, Arc<R>>,
    left: usize,
}

impl<'a, R> Iterator for Iter<'a, R> {
    type Item = &'a Arc<R>;

    fn next(&mut self) -> Option<&'a Arc<R>> {
        loop {
            if let Some(row) = self.rows.next() {
                self.left = self.left.saturating_sub(1);
                return Some(row);
            }
            self.rows = self.chunks.next()?.items.iter();
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<R> ExactSizeIterator for Iter<'_, R> {}

impl<R> fmt::Debug for Iter<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").field("left", &self.left).finish_non_exhaustive()
    }
}

impl Row for ConnectionRow {
    type Key = FlowId;
    type Sought = FlowId;

    fn sought(key: &FlowId) -> FlowId {
        *key
    }
}

impl Row for ProcessRow {
    /// *Unattributed* comes last.
    type Key = (bool, Option<ProcessKey>);
    type Sought = Self::Key;

    fn sought(key: &Self::Key) -> Self::Key {
        *key
    }
}

impl Row for DomainRow {
    /// Names first, then addresses.
    type Key = (bool, Arc<str>);
    /// The first sixteen bytes, a whole IPv4 address, tell most names apart without a look at the rest.
    type Sought = (bool, u128, Arc<str>);

    fn sought((is_address, domain): &Self::Key) -> Self::Sought {
        let mut first = [0; 16];
        for (place, byte) in first.iter_mut().zip(domain.bytes()) {
            *place = byte;
        }
        (*is_address, u128::from_be_bytes(first), Arc::clone(domain))
    }
}

#[cfg(test)]
mod tests;
