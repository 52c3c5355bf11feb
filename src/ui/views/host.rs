//! Hosts: what stands below an opened domain, each adding up its connections that still show.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use super::domain::some_of;
use super::figures::Figures;
use super::{Field, Key, MenuContext, MenuEntry, Picked, Row, SortKey};
use crate::aggregate::snapshot::{Both, ConnectionRow};
use crate::event::TcpState;
use crate::lang::say;
use crate::time::Timestamp;
use crate::ui::widgets::cell::{CellPainter, Rank};
use crate::units::{Bytes, BytesPerSec};

/// A host name below a domain.
#[derive(Clone, Debug, PartialEq)]
pub struct HostRow {
    /// The registrable domain.
    pub domain: Arc<str>,
    /// The whole name.
    pub name: Arc<str>,
    /// The names of the processes that talk to it, sorted.
    pub processes: BTreeSet<Arc<str>>,
    /// What its connections moved.
    pub bytes: Both<Bytes>,
    /// Their rate over the chosen window.
    pub rate: Both<BytesPerSec>,
    /// Connections that are not closed.
    pub connections: u32,
    /// The first packet seen.
    pub first_seen: Timestamp,
    /// The last packet seen.
    pub last_seen: Timestamp,
}

impl HostRow {
    /// A host without connections.
    pub(super) fn new(domain: &Arc<str>, name: &Arc<str>, first: &ConnectionRow) -> Self {
        Self {
            domain: Arc::clone(domain),
            name: Arc::clone(name),
            processes: BTreeSet::new(),
            bytes: Both::default(),
            rate: Both::default(),
            connections: 0,
            first_seen: first.first_seen,
            last_seen: first.last_seen,
        }
    }

    /// Counts a connection in, if it counts for its domain.
    pub(super) fn add(&mut self, row: &ConnectionRow) {
        if !row.process_name.is_empty() && !self.processes.contains(&row.process_name) {
            self.processes.insert(Arc::clone(&row.process_name));
        }
        self.first_seen = self.first_seen.min(row.first_seen);
        self.last_seen = self.last_seen.max(row.last_seen);
        if !row.credited {
            return;
        }
        self.bytes.rx += row.bytes.rx;
        self.bytes.tx += row.bytes.tx;
        self.rate.rx = [self.rate.rx, row.rate.rx].into_iter().sum();
        self.rate.tx = [self.rate.tx, row.rate.tx].into_iter().sum();
        self.connections += u32::from(row.state != Some(TcpState::Closed));
    }

    fn names(&self) -> Vec<Arc<str>> {
        self.processes.iter().cloned().collect()
    }
}

impl Row for HostRow {
    fn key(&self) -> Key {
        Key::Host(Arc::clone(&self.domain), Arc::clone(&self.name))
    }

    fn sort_key(&self, field: Field) -> SortKey<'_> {
        match field {
            Field::Hosts => SortKey::Absent,
            Field::Process => self.processes.first().map_or(SortKey::Absent, |name| SortKey::Text(name)),
            _ => Figures::from(self).sort_key(field).unwrap_or(SortKey::Text(&self.name)),
        }
    }

    fn pick(&self) -> Picked<'_> {
        Picked::Host(self)
    }

    fn hint(&self, field: Field) -> Option<String> {
        match field {
            Field::Process if self.processes.len() > 1 => Some(self.names().join("\n")),
            Field::Downloaded | Field::Uploaded => Some(say!("hint-still-shown").to_owned()),
            _ => None,
        }
    }

    fn is_openable(&self) -> bool {
        true
    }

    fn paint(&self, field: Field, cell: &CellPainter<'_>) {
        match field {
            Field::Name => cell.name(None, &self.name, None),
            Field::Hosts => {}
            Field::Process => cell.text(&some_of(&self.names()), Rank::Second),
            _ => Figures::from(self).paint(field, cell),
        }
    }

    fn sentence(&self) -> String {
        let [down, up, connections] = Figures::from(self).spoken();
        say!("row-host", name = &*self.name, down = down, up = up, connections = connections)
    }

    fn tab_separated(&self) -> String {
        Figures::from(self).tab_separated([self.name.to_string(), self.names().join(", ")])
    }

    fn json(&self) -> String {
        let processes: Vec<&str> = self.processes.iter().map(|name| &**name).collect();
        let row = json!({ "host": &*self.name, "domain": &*self.domain, "processes": processes });
        Figures::from(self).json(row)
    }

    fn menu(&self, _context: &MenuContext<'_>) -> Vec<MenuEntry> {
        vec![
            MenuEntry::Copy { label: say!("copy-host"), text: self.name.to_string() },
            MenuEntry::filter("host", &self.name),
        ]
    }

    fn is_over(&self) -> bool {
        self.connections == 0
    }
}
