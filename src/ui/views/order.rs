//! Which rows a table shows and in which order: sorted afresh, or held still as keys while values move.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::host::HostRow;
use super::{Field, Key, Row, TopRow};
use crate::aggregate::snapshot::{ConnectionRow, Rows};
use crate::filter::Filter;
use crate::settings::Scope;

/// Where a line's row is: in the snapshot that the order was made for, or in the order itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Among the table's own rows.
    Top(u32),
    /// Among the order's hosts, below a domain.
    Host(u32),
    /// Among the connections, below the row before it.
    Below(u32),
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) key: Key,
    pub(super) place: Place,
    /// How many rows it stands below.
    pub(super) depth: u8,
}

/// What there is to put in order.
pub(super) struct Contents<'a, R> {
    /// The table's own rows, in the order of their keys.
    pub(super) rows: &'a Rows<R>,
    /// All connections, of which some stand below opened rows.
    pub(super) connections: &'a Rows<ConnectionRow>,
    /// What the user typed.
    pub(super) filter: &'a Filter,
    /// How far what shows must be.
    pub(super) scope: Scope,
    /// The column to sort by, and whether the largest comes first.
    pub(super) sort: (Field, bool),
    /// The opened rows.
    pub(super) expanded: &'a BTreeSet<Key>,
}

impl<R: TopRow> Contents<'_, R> {
    fn connection(&self, index: u32) -> Option<&ConnectionRow> {
        self.connections.get(index as usize).map(|row| &**row)
    }

    /// Whether a row shows; what passes the filter but not the scope is counted.
    fn passes(&self, row: &R, hidden: &mut usize) -> bool {
        let passes = row.passes(self.filter);
        let is_in_scope = self.scope.has(row.distance());
        *hidden += usize::from(passes && !is_in_scope);
        passes && is_in_scope
    }
}

/// The lines of a table. Between two sorts every key keeps its place.
#[derive(Debug, Default)]
pub(super) struct Order {
    lines: Vec<Line>,
    hosts: Vec<HostRow>,
    /// Rows that pass the filter and are in scope.
    matches: usize,
    /// Rows that pass the filter and are not in scope.
    hidden: usize,
}

impl Order {
    pub(super) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// How many of the table's own rows show.
    pub(super) const fn matches(&self) -> usize {
        self.matches
    }

    /// How many more would show if local ones did.
    pub(super) const fn hidden(&self) -> usize {
        self.hidden
    }

    /// The host at a [`Place::Host`].
    pub(super) fn host(&self, index: u32) -> Option<&HostRow> {
        self.hosts.get(index as usize)
    }

    /// The place of a key, if it shows.
    pub(super) fn position(&self, key: &Key) -> Option<usize> {
        self.lines.iter().position(|line| line.key == *key)
    }

    /// Sorts afresh. Equal rows keep the order of their keys, so the same rows give the same lines.
    pub(super) fn sorted<R: TopRow>(contents: &Contents<'_, R>) -> Self {
        let mut hidden = 0;
        let passing = indices(contents.rows).filter(|(_, row)| contents.passes(row, &mut hidden));
        let rows = sorted(passing.map(|(index, row)| (index, &**row)), contents.sort);
        Self::of(contents, (&rows, hidden), &|group| group.sorted(contents))
    }

    /// Keeps the order: rows that went leave no gap, new ones that pass the filter come last.
    pub(super) fn held<R: TopRow>(&self, contents: &Contents<'_, R>) -> Self {
        let held = self.held_positions(contents.rows);
        let mut rows: Vec<u32> = Vec::new();
        let mut hidden = 0;
        for (index, row) in indices(contents.rows) {
            if position(&held, index) != NEW || contents.passes(row, &mut hidden) {
                rows.push(index);
            }
        }
        rows.sort_by_key(|index| position(&held, *index));
        let mut places: HashMap<&Key, usize> = HashMap::new();
        if !contents.expanded.is_empty() {
            places = self.lines.iter().enumerate().map(|(place, line)| (&line.key, place)).collect();
        }
        Self::of(contents, (&rows, hidden), &|group| group.held(contents, &places))
    }

    /// For each row, its place among the lines so far, or [`NEW`]. Rows mostly stay at the index that
    /// they had in the snapshot before; only for those that moved are keys looked up.
    fn held_positions<R: TopRow>(&self, rows: &Rows<R>) -> Vec<u32> {
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

    fn of<R: TopRow>(
        contents: &Contents<'_, R>,
        (rows, hidden): (&[u32], usize),
        arrange: &dyn Fn(Group) -> Arranged,
    ) -> Self {
        let mut groups = groups(contents);
        let mut order =
            Self { lines: Vec::with_capacity(rows.len()), hosts: Vec::new(), matches: rows.len(), hidden };
        for &index in rows {
            let Some(row) = contents.rows.get(index as usize) else { continue };
            let key = row.key();
            let group = groups.remove(&key);
            order.lines.push(Line { key, place: Place::Top(index), depth: 0 });
            let Some(group) = group else { continue };
            let Arranged { hosts, connections } = arrange(group);
            for host in hosts {
                let place = Place::Host(u32::try_from(order.hosts.len()).unwrap_or(u32::MAX));
                order.lines.push(Line { key: host.row.key(), place, depth: 1 });
                order.hosts.push(host.row);
                order.push_connections(contents, &host.connections, 2);
            }
            order.push_connections(contents, &connections, 1);
        }
        order
    }

    fn push_connections<R: TopRow>(&mut self, contents: &Contents<'_, R>, indices: &[u32], depth: u8) {
        for &index in indices {
            let Some(row) = contents.connection(index) else { continue };
            self.lines.push(Line { key: row.key(), place: Place::Below(index), depth });
        }
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

/// What stands below an opened row, by name and by index.
#[derive(Default)]
struct Group {
    hosts: BTreeMap<Arc<str>, Host>,
    connections: Vec<u32>,
}

/// A host below an opened domain, with its connections if it is open itself.
struct Host {
    row: HostRow,
    connections: Vec<u32>,
}

/// A group in the order in which it shows.
struct Arranged {
    hosts: Vec<Host>,
    connections: Vec<u32>,
}

impl Group {
    /// Sorted as the table is.
    fn sorted<R: TopRow>(self, contents: &Contents<'_, R>) -> Arranged {
        let (field, is_descending) = contents.sort;
        let row = |index| Some((index, contents.connection(index)?));
        let in_order = |list: Vec<u32>| sorted(list.into_iter().filter_map(row), contents.sort);
        let mut hosts: Vec<Host> = self.hosts.into_values().collect();
        // Stable: equal hosts keep the order of their names.
        hosts.sort_by(|a, b| a.row.sort_key(field).compare(&b.row.sort_key(field), is_descending));
        for host in &mut hosts {
            host.connections = in_order(std::mem::take(&mut host.connections));
        }
        Arranged { hosts, connections: in_order(self.connections) }
    }

    /// Each where it stood, new ones last.
    fn held<R: TopRow>(self, contents: &Contents<'_, R>, places: &HashMap<&Key, usize>) -> Arranged {
        let place = |key: &Key| places.get(key).copied().unwrap_or(usize::MAX);
        let place_of = |index: u32| contents.connection(index).map_or(usize::MAX, |row| place(&row.key()));
        let mut hosts: Vec<Host> = self.hosts.into_values().collect();
        hosts.sort_by_cached_key(|host| place(&host.row.key()));
        for host in &mut hosts {
            host.connections.sort_by_cached_key(|index| place_of(*index));
        }
        let mut connections = self.connections;
        connections.sort_by_cached_key(|index| place_of(*index));
        Arranged { hosts, connections }
    }
}

/// What stands below each opened row.
fn groups<R: TopRow>(contents: &Contents<'_, R>) -> BTreeMap<Key, Group> {
    let mut groups: BTreeMap<Key, Group> = BTreeMap::new();
    if contents.expanded.is_empty() {
        return groups;
    }
    for (index, row) in indices(contents.connections) {
        let parent = R::parent_of(row);
        if !contents.expanded.contains(&parent) {
            continue;
        }
        let group = groups.entry(parent).or_default();
        let Some((domain, name)) = R::host_of(row) else {
            group.connections.push(index);
            continue;
        };
        if !group.hosts.contains_key(name) {
            let host = Host { row: HostRow::new(domain, name, row), connections: Vec::new() };
            group.hosts.insert(Arc::clone(name), host);
        }
        let Some(host) = group.hosts.get_mut(name) else { continue };
        host.row.add(row);
        if contents.expanded.contains(&host.row.key()) {
            host.connections.push(index);
        }
    }
    groups
}
