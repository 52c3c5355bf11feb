//! The table for a terminal: the machine, then the busiest processes, then how the capture does.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::json::end;
use super::select::select;
use crate::aggregate::names::printable;
use crate::aggregate::snapshot::{Both, ConnectionRow, ProcessRow, Rows, Snapshot};
use crate::event::ProcessKey;
use crate::filter::Filter;
use crate::settings::{Prefixes, RateUnit, Units};
use crate::units::Bytes;

/// At most `rows` lines of at most `width` columns: totals on top, processes sorted by rate, then bytes, then
/// name, and a line about the capture below. Nothing from the network reaches the terminal but letters.
#[must_use]
pub fn table(snapshot: &Snapshot, (width, rows): (usize, usize), filter: &Filter, units: Units) -> String {
    let selected = select(snapshot, filter);
    let mut lines = wrap(&totals(snapshot, units), "  ", width);
    let layout = Layout { width, units };
    lines.push(header(layout));
    let hosts = top_hosts(&selected.connections);
    let mut processes: Vec<&ProcessRow> = selected.processes.iter().map(|row| &**row).collect();
    processes.sort_by(|one, other| by_rate(one, other));
    let mut below = wrap(&status(snapshot, &selected), "  ", width);
    for note in snapshot.fault.iter().chain(&snapshot.limits) {
        below.extend(wrap(&note.split_whitespace().map(str::to_owned).collect::<Vec<_>>(), " ", width));
    }
    let room = rows.saturating_sub(lines.len() + below.len());
    let shown = if processes.len() <= room { processes.len() } else { room.saturating_sub(1) };
    for &row in processes.iter().take(shown) {
        lines.push(process(row, hosts.get(&row.key).map_or("", |(_, host)| host), layout));
    }
    if shown < processes.len() {
        lines.push(format!("… and {} more", processes.len() - shown));
    }
    lines.extend(below);
    lines.truncate(rows);
    let mut text = String::new();
    for line in lines {
        text.push_str(fit(&printable(&line), width, Align::None).trim_end());
        text.push('\n');
    }
    text
}

fn totals(snapshot: &Snapshot, units: Units) -> Vec<String> {
    let totals = &snapshot.totals;
    let mut parts = vec![
        format!("down {}", units.rate(totals.rate.rx)),
        format!("up {}", units.rate(totals.rate.tx)),
        format!("downloaded {}", units.bytes(totals.bytes.rx)),
        format!("uploaded {}", units.bytes(totals.bytes.tx)),
        format!("loopback {}", units.bytes(totals.loopback)),
    ];
    let counted = totals.bytes.rx + totals.bytes.tx + totals.loopback;
    if totals.unattributed != Bytes(0) && counted != Bytes(0) {
        let share = 100.0 * totals.unattributed.0 as f64 / counted.0 as f64;
        parts.push(format!("unattributed {} ({share:.1} %)", units.bytes(totals.unattributed)));
    }
    parts
}

fn status(snapshot: &Snapshot, selected: &Snapshot) -> Vec<String> {
    let capture = &snapshot.totals.capture;
    let of = |shown: usize, all: usize, what: &str| {
        if shown == all { format!("{all} {what}") } else { format!("{shown} of {all} {what}") }
    };
    vec![
        snapshot.time.to_string(),
        format!("{} packets", snapshot.totals.packets),
        format!("{} dropped", capture.dropped),
        format!("{} unreadable", capture.unreadable),
        of(selected.processes.len(), snapshot.processes.len(), "processes"),
        of(selected.connections.len(), snapshot.connections.len(), "connections"),
    ]
}

/// Joins parts into lines of at most `width` columns; a part that is wider has a line of its own.
fn wrap(parts: &[String], gap: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if line.width() + gap.len() + part.width() <= width => {
                line.push_str(gap);
                line.push_str(part);
            }
            _ => lines.push(part.clone()),
        }
    }
    lines
}

/// How the lines are laid out.
#[derive(Clone, Copy)]
struct Layout {
    width: usize,
    units: Units,
}

fn header(layout: Layout) -> String {
    line(["PROCESS", "PID", "DOWN/S", "UP/S", "DOWNLOADED", "UPLOADED", "CONNS", "TOP REMOTE"], layout)
}

fn process(row: &ProcessRow, host: &str, layout: Layout) -> String {
    let units = layout.units;
    let pid = row.key.map_or_else(|| "-".to_owned(), |key| key.pid.to_string());
    let name = if row.ended.is_some() { format!("{} (exited)", row.name) } else { row.name.to_string() };
    let figures = [
        units.rate(row.rate.rx),
        units.rate(row.rate.tx),
        units.bytes(row.bytes.rx),
        units.bytes(row.bytes.tx),
    ];
    let [down, up, downloaded, uploaded] = &figures;
    let connections = row.connections.to_string();
    line([&printable(&name), &pid, down, up, downloaded, uploaded, &connections, &printable(host)], layout)
}

/// One line of the table. The name and the remote host share what the figures leave.
fn line(cells: [&str; 8], Layout { width, units }: Layout) -> String {
    let columns = figures(units);
    let figures: usize = columns.iter().map(|column| column + GAP).sum();
    let free = width.saturating_sub(figures + GAP);
    let name = (free / 2).clamp(MIN_NAME, MAX_NAME);
    let host = free.saturating_sub(name);
    let widths = std::iter::once((name, Align::Left))
        .chain(columns.iter().map(|&column| (column, Align::Right)))
        .chain(std::iter::once((host, Align::Left)));
    let cells: Vec<String> =
        cells.iter().zip(widths).map(|(cell, (width, align))| fit(cell, width, align)).collect();
    cells.join("  ")
}

#[derive(Clone, Copy)]
enum Align {
    Left,
    Right,
    None,
}

/// Cuts or pads `text` to `width` columns; `…` stands for what was cut.
fn fit(text: &str, width: usize, align: Align) -> String {
    let own = text.width();
    let padding = " ".repeat(width.saturating_sub(own));
    if own <= width {
        return match align {
            Align::Left => format!("{text}{padding}"),
            Align::Right => format!("{padding}{text}"),
            Align::None => text.to_owned(),
        };
    }
    let mut cut = String::new();
    let mut used = 0;
    for letter in text.chars() {
        let letter_width = letter.width().unwrap_or(0);
        if width < used + letter_width + 1 {
            break;
        }
        used += letter_width;
        cut.push(letter);
    }
    if used < width {
        cut.push('…');
        used += 1;
    }
    cut.push_str(&" ".repeat(width - used));
    cut
}

/// Busiest first; a total order, so that equal figures keep their place from print to print.
fn by_rate(one: &ProcessRow, other: &ProcessRow) -> Ordering {
    let rate = |row: &ProcessRow| row.rate.rx.get() + row.rate.tx.get();
    let bytes = |row: &ProcessRow| row.bytes.rx + row.bytes.tx;
    rate(other)
        .total_cmp(&rate(one))
        .then_with(|| bytes(other).cmp(&bytes(one)))
        .then_with(|| one.name.cmp(&other.name))
        .then_with(|| one.key.cmp(&other.key))
}

/// For each owner the remote end that it moved the most with, by name or by address.
fn top_hosts(connections: &Rows<ConnectionRow>) -> BTreeMap<Option<ProcessKey>, (Bytes, String)> {
    let mut moved: BTreeMap<(Option<ProcessKey>, String), Bytes> = BTreeMap::new();
    for row in connections.iter().filter(|row| row.credited || row.counted != Both::default()) {
        let host =
            row.host.as_ref().map_or_else(|| end(row.remote, row.protocol), |host| host.name.to_string());
        *moved.entry((row.process, host)).or_default() += row.counted.rx + row.counted.tx;
    }
    let mut top: BTreeMap<Option<ProcessKey>, (Bytes, String)> = BTreeMap::new();
    for ((process, host), bytes) in moved {
        let best = top.entry(process).or_default();
        if best.1.is_empty() || best.0 < bytes {
            *best = (bytes, host);
        }
    }
    top
}

/// Columns of pid, down, up, downloaded, uploaded and connections: the rates' as wide as their unit.
fn figures(units: Units) -> [usize; 6] {
    let prefix = usize::from(units.prefixes == Prefixes::Binary);
    let rate = prefix + if units.rates == RateUnit::Bits { 11 } else { 9 };
    [7, rate, rate, 10, 9, 5]
}

/// Columns between two cells.
const GAP: usize = 2;

/// Columns of a process's name, at least and at most.
const MIN_NAME: usize = 12;
const MAX_NAME: usize = 32;

#[cfg(test)]
mod tests;
