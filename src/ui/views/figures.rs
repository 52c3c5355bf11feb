//! The columns that processes and domains share: what moved, how fast, how many connections, since when.

use super::host::HostRow;
use super::{Field, SortKey};
use crate::aggregate::snapshot::{Both, DomainRow, History, ProcessRow};
use crate::time::Timestamp;
use crate::ui::text;
use crate::ui::widgets::cell::{CellPainter, Rank};
use crate::ui::widgets::chart::MINUTE;
use crate::units::{Bytes, BytesPerSec};

/// The figures of a row that adds up connections.
pub(super) struct Figures<'a> {
    bytes: Both<Bytes>,
    rate: Both<BytesPerSec>,
    connections: u32,
    first_seen: Timestamp,
    last_seen: Timestamp,
    /// The last minute, where it is kept.
    history: Option<&'a History>,
}

impl<'a> From<&'a ProcessRow> for Figures<'a> {
    fn from(row: &'a ProcessRow) -> Self {
        let ProcessRow { bytes, rate, connections, first_seen, last_seen, history, .. } = row;
        Self {
            bytes: *bytes,
            rate: *rate,
            connections: *connections,
            first_seen: *first_seen,
            last_seen: *last_seen,
            history: Some(history),
        }
    }
}

impl<'a> From<&'a DomainRow> for Figures<'a> {
    fn from(row: &'a DomainRow) -> Self {
        let DomainRow { bytes, rate, connections, first_seen, last_seen, history, .. } = row;
        Self {
            bytes: *bytes,
            rate: *rate,
            connections: *connections,
            first_seen: *first_seen,
            last_seen: *last_seen,
            history: Some(history),
        }
    }
}

impl<'a> From<&'a HostRow> for Figures<'a> {
    fn from(row: &'a HostRow) -> Self {
        let HostRow { bytes, rate, connections, first_seen, last_seen, .. } = row;
        Self {
            bytes: *bytes,
            rate: *rate,
            connections: *connections,
            first_seen: *first_seen,
            last_seen: *last_seen,
            history: None,
        }
    }
}

impl Figures<'_> {
    /// What the row is compared by in a column of figures; `None` in any other column.
    pub(super) fn sort_key<'k>(&self, field: Field) -> Option<SortKey<'k>> {
        Some(SortKey::Number(match field {
            Field::Down => self.rate.rx.get(),
            Field::Up => self.rate.tx.get(),
            Field::Downloaded => self.bytes.rx.0 as f64,
            Field::Uploaded => self.bytes.tx.0 as f64,
            Field::Connections => self.connections.into(),
            Field::Activity => self.rate.rx.get() + self.rate.tx.get(),
            Field::Age => -(self.first_seen.as_nanos() as f64),
            Field::Quiet => -(self.last_seen.as_nanos() as f64),
            _ => return None,
        }))
    }

    /// Draws a cell of a column of figures; nothing in any other column.
    pub(super) fn paint(&self, field: Field, cell: &CellPainter<'_>) {
        match field {
            Field::Down => cell.number(text::rate(self.rate.rx, cell.units).as_deref(), Rank::First),
            Field::Up => cell.number(text::rate(self.rate.tx, cell.units).as_deref(), Rank::First),
            Field::Downloaded => cell.number(text::bytes(self.bytes.rx, cell.units).as_deref(), Rank::Second),
            Field::Uploaded => cell.number(text::bytes(self.bytes.tx, cell.units).as_deref(), Rank::Second),
            Field::Connections => cell.number(text::count(self.connections.into()).as_deref(), Rank::Second),
            Field::Age => cell.number(Some(&text::age(cell.now.since(self.first_seen))), Rank::Second),
            Field::Quiet => cell.number(Some(&text::age(cell.now.since(self.last_seen))), Rank::Second),
            Field::Activity => {
                if let Some(history) = self.history {
                    cell.sparkline(history, MINUTE);
                }
            }
            _ => {}
        }
    }
}
