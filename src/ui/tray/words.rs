//! The words of the tray: its title, tool tip and menu lines, made from a snapshot and nothing else.

use std::fmt::Write as _;

use crate::aggregate::snapshot::{ProcessRow, Rows, Snapshot};
use crate::lang::{heard, say};
use crate::session::{CaptureState, Program, Status};
use crate::settings::{MenuBar, Units};
use crate::ui::icon::{Levels, level};
use crate::ui::views::process;
use crate::units::BytesPerSec;

/// How many processes the menu names.
pub(super) const MAX_PROCESSES: usize = 5;

/// Longer names end in an ellipsis, so that one process does not set the menu's width.
const MAX_NAME_CHARS: usize = 32;

/// Everything that the tray shows at one moment. Two equal faces need no update.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Face {
    /// The accessible name, and the bold line of a tool tip where there is one.
    pub(super) title: String,
    /// The rest of the tool tip.
    pub(super) tooltip: String,
    /// `↓ 2.62 MB/s  ↑ 32.4 kB/s`: the menu's second line.
    pub(super) rates: String,
    /// The two rates alone, for the picture of the macOS menu bar.
    pub(super) down: String,
    /// See `down`.
    pub(super) up: String,
    /// At most [`MAX_PROCESSES`] lines, the busiest first.
    pub(super) processes: Vec<String>,
    /// Whose lines those are, for their icons.
    pub(super) programs: Vec<Program>,
    /// Whether *Pause* has its check mark.
    pub(super) paused: bool,
    /// The bars.
    pub(super) levels: Levels,
    /// What of it the macOS menu bar shows.
    pub(super) style: MenuBar,
}

impl Face {
    /// What the tray is to show now.
    pub(super) fn new(snapshot: &Snapshot, status: &Status, units: Units) -> Self {
        let (rate, bytes) = (snapshot.totals.rate, snapshot.totals.bytes);
        let (down, up) = (units.rate(rate.rx), units.rate(rate.tx));
        let rates = format!("↓ {down}  ↑ {up}");
        let busiest = busiest(&snapshot.processes);
        let mut tooltip = say!("tray-total", down = units.bytes(bytes.rx), up = units.bytes(bytes.tx));
        if let Some(note) = note(status) {
            // Writing to a string cannot fail.
            let _ = write!(tooltip, "\n{note}");
        }
        Self {
            title: format!("Crow  {rates}"),
            tooltip,
            rates,
            down,
            up,
            processes: busiest.iter().map(|row| line(row, units)).collect(),
            programs: busiest.iter().map(|row| program(row)).collect(),
            paused: status.paused,
            levels: Levels { down: level(rate.rx.get()), up: level(rate.tx.get()) },
            style: MenuBar::default(),
        }
    }
}

/// What the numbers are not: live and running.
fn note(status: &Status) -> Option<String> {
    let state = match &status.capture {
        CaptureState::Starting => say!("state-starting").to_owned(),
        CaptureState::Live => String::new(),
        CaptureState::Sockets { .. } => say!("tray-sockets").to_owned(),
        CaptureState::Sample { .. } => say!("tray-sample").to_owned(),
        CaptureState::Recording { .. } => say!("tray-recording", subject = &*status.subject),
        CaptureState::Ended { .. } => say!("tray-ended", subject = &*status.subject),
        CaptureState::Gone { why } => say!("tray-gone", why = heard(why)),
    };
    let paused = if status.paused { say!("paused") } else { "" };
    let parts: Vec<&str> = [state.as_str(), paused].into_iter().filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

/// The rows with the highest rate now, then with the most bytes so far: the list stays full when traffic pauses.
fn busiest(rows: &Rows<ProcessRow>) -> Vec<&ProcessRow> {
    let weight = |row: &ProcessRow| {
        (row.rate.rx.get() + row.rate.tx.get(), u128::from(row.bytes.rx.0) + u128::from(row.bytes.tx.0))
    };
    let mut rows: Vec<&ProcessRow> = rows.iter().map(AsRef::as_ref).filter(|row| weight(row).1 > 0).collect();
    rows.sort_by(|left, right| {
        let ((rate, bytes), (other_rate, other_bytes)) = (weight(left), weight(right));
        // The key makes the order total: equal rows never change places.
        other_rate
            .total_cmp(&rate)
            .then(other_bytes.cmp(&bytes))
            .then_with(|| left.name.cmp(&right.name))
            .then_with(|| left.key.cmp(&right.key))
    });
    rows.truncate(MAX_PROCESSES);
    rows
}

/// What the row's icon is looked for by.
fn program(row: &ProcessRow) -> Program {
    Program { app: row.app.id.clone(), path: row.path.clone() }
}

/// `Slack   ↓ 2.62 MB/s  ↑ 32.4 kB/s`; a side that is quiet is left out, a quiet process is a dash.
fn line(row: &ProcessRow, units: Units) -> String {
    let name = process::name(row);
    let mut text: String = name.chars().take(MAX_NAME_CHARS).map(printable).collect();
    if name.chars().nth(MAX_NAME_CHARS).is_some() {
        text.push('…');
    }
    text.push(' ');
    let quiet = text.len();
    for (arrow, rate) in [('↓', row.rate.rx), ('↑', row.rate.tx)] {
        if moves(rate) {
            // Writing to a string cannot fail.
            let _ = write!(text, "  {arrow} {}", units.rate(rate));
        }
    }
    if text.len() == quiet {
        text.push_str("  —");
    }
    text
}

/// Whether `rate` is at least half a byte per second, so that it does not print as 0.
fn moves(rate: BytesPerSec) -> bool {
    rate.get() >= 0.5
}

/// A process may call itself anything; a line of the menu stays one line.
fn printable(letter: char) -> char {
    if letter.is_control() { '\u{fffd}' } else { letter }
}

#[cfg(test)]
mod tests;
