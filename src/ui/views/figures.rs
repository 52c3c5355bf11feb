//! The columns that processes and domains share: what moved, how fast, how many connections, since when.

use serde_json::Value;

use super::host::HostRow;
use super::{Field, SortKey};
use crate::aggregate::snapshot::{Both, DomainRow, History, ProcessRow};
use crate::lang::say;
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

/// The figures of any such row.
macro_rules! figures {
    ($row:ident, $history:expr) => {
        Self {
            bytes: $row.bytes,
            rate: $row.rate,
            connections: $row.connections,
            first_seen: $row.first_seen,
            last_seen: $row.last_seen,
            history: $history,
        }
    };
}

impl<'a> From<&'a ProcessRow> for Figures<'a> {
    fn from(row: &'a ProcessRow) -> Self {
        figures!(row, Some(&row.history))
    }
}

impl<'a> From<&'a DomainRow> for Figures<'a> {
    fn from(row: &'a DomainRow) -> Self {
        figures!(row, Some(&row.history))
    }
}

impl<'a> From<&'a HostRow> for Figures<'a> {
    fn from(row: &'a HostRow) -> Self {
        figures!(row, None)
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

    /// The rates received and sent, and how many connections, to be spoken.
    pub(super) fn spoken(&self) -> [String; 3] {
        let connections = say!("count-connections", count = self.connections);
        [self.rate.rx.to_string(), self.rate.tx.to_string(), connections]
    }

    /// What the row is called, and its figures, as words between tabs.
    pub(super) fn tab_separated<const N: usize>(&self, names: [String; N]) -> String {
        let figures = [
            self.rate.rx.to_string(),
            self.rate.tx.to_string(),
            self.bytes.rx.to_string(),
            self.bytes.tx.to_string(),
            self.connections.to_string(),
        ];
        names.into_iter().chain(figures).collect::<Vec<_>>().join("\t")
    }

    /// What the row is, and its figures, as one line of JSON.
    pub(super) fn json(&self, mut row: Value) -> String {
        let figures: [(&str, Value); 5] = [
            ("rx_bytes", self.bytes.rx.0.into()),
            ("tx_bytes", self.bytes.tx.0.into()),
            ("rx_bps", self.rate.rx.get().into()),
            ("tx_bps", self.rate.tx.get().into()),
            ("connections", self.connections.into()),
        ];
        if let Some(fields) = row.as_object_mut() {
            fields.extend(figures.map(|(name, figure)| (name.to_owned(), figure)));
        }
        row.to_string()
    }
}
