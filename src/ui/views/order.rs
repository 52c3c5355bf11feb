//! Which rows a table shows and in which order: sorted afresh, or held still as keys while values move.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::{Field, Key, Row};
use crate::aggregate::snapshot::{ConnectionRow, Rows};
use crate::filter::Filter;

/// Where a line's row is in the snapshot that the order was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Among the table's own rows.
    Top(u32),
    /// Among the connections, below the row before it.
    Below(u32),
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) key: Key,
    pub(super) place: Place,
}

/// What there is to put in order.
pub(super) struct Contents<'a, R> {
    /// The table's own rows, in the order of their keys.
    pub(super) rows: &'a Rows<R>,
    /// All connections, of which some stand below opened rows.
    pub(super) connections: &'a Rows<ConnectionRow>,
    /// What the user typed.
    pub(super) filter: &'a Filter,
    /// The column to sort by, and whether the largest comes first.
    pub(super) sort: (Field, bool),
    /// The opened rows.
    pub(super) expanded: &'a BTreeSet<Key>,
}

/// The lines of a table. Between two sorts every key keeps its place.
#[derive(Debug, Default)]
pub(super) struct Order {
    lines: Vec<Line>,
    /// Rows that pass the filter.
    matches: usize,
}

impl Order {
    pub(super) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// How many of the table's own rows show.
    pub(super) const fn matches(&self) -> usize {
        self.matches
    }

    /// The place of a key, if it shows.
    pub(super) fn position(&self, key: &Key) -> Option<usize> {
        self.lines.iter().position(|line| line.key == *key)
    }

    /// Sorts afresh. Equal rows keep the order of their keys, so the same rows give the same lines.
    pub(super) fn sorted<R: Row>(contents: &Contents<'_, R>) -> Self {
        let passing = indices(contents.rows).filter(|(_, row)| row.passes(contents.filter));
        let rows = sorted(passing.map(|(index, row)| (index, &**row)), contents.sort);
        let below = children(contents);
        Self::of(contents, &rows, below)
    }

    /// Keeps the order: rows that went leave no gap, new ones that pass the filter come last.
    pub(super) fn held<R: Row>(&self, contents: &Contents<'_, R>) -> Self {
        let held = self.held_positions(contents.rows);
        let mut rows: Vec<u32> = indices(contents.rows)
            .filter(|(index, row)| position(&held, *index) != NEW || row.passes(contents.filter))
            .map(|(index, _)| index)
            .collect();
        rows.sort_by_key(|index| position(&held, *index));

        let mut below = children(contents);
        if !below.is_empty() {
            let held: HashMap<&Key, usize> =
                self.lines.iter().enumerate().map(|(place, line)| (&line.key, place)).collect();
            let place_of = |index: u32| {
                let row = contents.connections.get(index as usize);
                row.and_then(|row| held.get(&row.key()).copied()).unwrap_or(usize::MAX)
            };
            for group in below.values_mut() {
                group.sort_by_key(|index| place_of(*index));
            }
        }
        Self::of(contents, &rows, below)
    }

    /// For each row, its place among the lines so far, or [`NEW`]. Rows mostly stay at the index that
    /// they had in the snapshot before; only for those that moved are keys looked up.
    fn held_positions<R: Row>(&self, rows: &Rows<R>) -> Vec<u32> {
        let mut positions = vec![NEW; rows.len()];
        let mut moved = Vec::new();
        for (place, line) in (0_u32..).zip(&self.lines) {
            let Place::Top(index) = line.place else { continue };
            match rows.get(index as usize) {
                Some(row) if row.key() == line.key => {
                    if let Some(position) = positions.get_mut(index as usize) {
                        *position = place;
                    }
                }
                _ => moved.push((place, &line.key)),
            }
        }
        if !moved.is_empty() {
            let at: HashMap<Key, u32> = indices(rows).map(|(index, row)| (row.key(), index)).collect();
            for (place, key) in moved {
                if let Some(position) = at.get(key).and_then(|index| positions.get_mut(*index as usize)) {
                    *position = place;
                }
            }
        }
        positions
    }

    fn of<R: Row>(contents: &Contents<'_, R>, rows: &[u32], mut below: BTreeMap<Key, Vec<u32>>) -> Self {
        let mut lines = Vec::with_capacity(rows.len());
        for &index in rows {
            let Some(row) = contents.rows.get(index as usize) else { continue };
            let key = row.key();
            let group = below.remove(&key);
            lines.push(Line { key, place: Place::Top(index) });
            for index in group.into_iter().flatten() {
                let Some(row) = contents.connections.get(index as usize) else { continue };
                lines.push(Line { key: row.key(), place: Place::Below(index) });
            }
        }
        Self { lines, matches: rows.len() }
    }
}

/// The place of a row that was not there before: after all others.
const NEW: u32 = u32::MAX;

fn position(positions: &[u32], index: u32) -> u32 {
    positions.get(index as usize).copied().unwrap_or(NEW)
}

fn indices<R>(rows: &Rows<R>) -> impl Iterator<Item = (u32, &Arc<R>)> {
    (0..).zip(rows)
}

/// Sort keys are taken out of the rows once, so that comparing does not follow pointers.
fn sorted<'a, R: Row + 'a>(
    rows: impl Iterator<Item = (u32, &'a R)>,
    (field, is_descending): (Field, bool),
) -> Vec<u32> {
    let mut keyed: Vec<_> = rows.map(|(index, row)| (row.sort_key(field), index)).collect();
    keyed.sort_unstable_by(|(a, i), (b, j)| a.compare(b, is_descending).then(i.cmp(j)));
    keyed.into_iter().map(|(_, index)| index).collect()
}

/// The connections below each opened row, sorted as the table is.
fn children<R: Row>(contents: &Contents<'_, R>) -> BTreeMap<Key, Vec<u32>> {
    let mut groups: BTreeMap<Key, Vec<(u32, &ConnectionRow)>> = BTreeMap::new();
    if contents.expanded.is_empty() {
        return BTreeMap::new();
    }
    for (index, row) in indices(contents.connections) {
        let parent = R::parent_of(row);
        if contents.expanded.contains(&parent) {
            groups.entry(parent).or_default().push((index, row));
        }
    }
    groups.into_iter().map(|(key, group)| (key, sorted(group.into_iter(), contents.sort))).collect()
}
