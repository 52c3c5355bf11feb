//! Rows shared with snapshots: sorted by key, re-used as long as nothing changed in them.

use std::sync::Arc;

use super::snapshot::{ConnectionRow, DomainRow, ProcessRow};
use crate::event::{FlowId, ProcessKey};

/// A row of a snapshot.
pub(super) trait Row: Clone {
    /// What rows are told apart and sorted by.
    type Key: Ord + Clone;

    /// This row's key.
    fn key(&self) -> Self::Key;
}

/// The rows of the last snapshot, ascending by key.
#[derive(Debug)]
pub(super) struct Rows<R> {
    rows: Vec<Arc<R>>,
}

impl<R> Default for Rows<R> {
    fn default() -> Self {
        Self { rows: Vec::new() }
    }
}

impl<R: Row> Rows<R> {
    /// The rows for a snapshot: pointers only.
    pub(super) fn share(&self) -> Vec<Arc<R>> {
        self.rows.clone()
    }

    /// Takes over what changed: a row that is new or different, or `None` for one that is gone.
    /// Costs a search for each change; only rows that come or go in the middle cost a pass over all.
    pub(super) fn apply(&mut self, mut changes: Vec<(R::Key, Option<Arc<R>>)>) {
        changes.sort_by(|one, other| one.0.cmp(&other.0));
        changes.retain_mut(|(key, row)| !self.apply_in_place(key, row));
        if !changes.is_empty() {
            self.merge(changes);
        }
    }

    /// Replaces, appends, or ignores the end of what never was; whether that was all there is to do.
    fn apply_in_place(&mut self, key: &R::Key, row: &mut Option<Arc<R>>) -> bool {
        if self.rows.last().is_none_or(|last| last.key() < *key) {
            self.rows.extend(row.take());
            return true;
        }
        match self.rows.binary_search_by(|old| old.key().cmp(key)) {
            Ok(index) => match (self.rows.get_mut(index), row.take()) {
                (Some(old), Some(new)) => {
                    *old = new;
                    true
                }
                _ => false,
            },
            Err(_) => row.is_none(),
        }
    }

    /// Inserts and removes, in one pass.
    fn merge(&mut self, changes: Vec<(R::Key, Option<Arc<R>>)>) {
        let old = std::mem::take(&mut self.rows);
        self.rows.reserve(old.len() + changes.len());
        let mut old = old.into_iter().peekable();
        for (key, row) in changes {
            while let Some(before) = old.next_if(|old| old.key() < key) {
                self.rows.push(before);
            }
            // A change of a row that is there is its end: replacing was done in place.
            old.next_if(|old| old.key() == key);
            self.rows.extend(row);
        }
        self.rows.extend(old);
    }
}

impl Row for ConnectionRow {
    type Key = FlowId;

    fn key(&self) -> FlowId {
        self.flow
    }
}

impl Row for ProcessRow {
    /// *Unattributed* comes last.
    type Key = (bool, Option<ProcessKey>);

    fn key(&self) -> Self::Key {
        (self.key.is_none(), self.key)
    }
}

impl Row for DomainRow {
    /// Names first, then addresses.
    type Key = (bool, Arc<str>);

    fn key(&self) -> Self::Key {
        (self.is_address, Arc::clone(&self.domain))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Numbered(u8, u16);

    impl Row for Numbered {
        type Key = u8;

        fn key(&self) -> u8 {
            self.0
        }
    }

    proptest! {
        #[test]
        fn changes_end_up_as_in_a_sorted_map(
            batches in prop::collection::vec(prop::collection::btree_map(any::<u8>(), any::<Option<u16>>(), 0..40), 0..20),
        ) {
            let mut rows = Rows::default();
            let mut model = BTreeMap::new();
            for batch in batches {
                for (&key, &value) in &batch {
                    match value {
                        Some(value) => model.insert(key, value),
                        None => model.remove(&key),
                    };
                }
                let before: BTreeMap<u8, Arc<Numbered>> = rows.share().into_iter().map(|row: Arc<Numbered>| (row.0, row)).collect();
                rows.apply(batch.iter().map(|(&key, value)| (key, value.map(|value| Arc::new(Numbered(key, value))))).collect());
                let after: Vec<_> = rows.share().iter().map(|row| (row.0, row.1)).collect();
                prop_assert_eq!(after, model.clone().into_iter().collect::<Vec<_>>());
                for row in rows.share() {
                    if !batch.contains_key(&row.0) {
                        prop_assert!(before.get(&row.0).is_some_and(|old| Arc::ptr_eq(&row, old)), "an untouched row is the same row");
                    }
                }
            }
        }
    }
}
