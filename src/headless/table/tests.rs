//! Widths, cuts, order, and that nothing moves the cursor.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::aggregate::snapshot::{Asking, Both, Totals};
use crate::event::App;
use crate::time::Timestamp;

fn process_row(pid: Option<i32>, name: &str, rate: u64, bytes: u64) -> Arc<ProcessRow> {
    Arc::new(ProcessRow {
        key: pid.map(|pid| ProcessKey { pid, started: None }),
        name: name.into(),
        app: App { id: name.to_owned(), name: name.to_owned() },
        path: None,
        user: None,
        parent: None,
        bytes: Both { rx: Bytes(bytes), tx: Bytes(0) },
        rate: Both { rx: Bytes(rate).over(Duration::from_secs(1)), tx: Bytes(0).over(Duration::ZERO) },
        connections: 3,
        first_seen: Timestamp::default(),
        last_seen: Timestamp::default(),
        ended: None,
        asking: Asking::default(),
        history: Arc::default(),
    })
}

fn snapshot(processes: Vec<Arc<ProcessRow>>) -> Snapshot {
    Snapshot { processes: processes.into(), totals: Totals::default(), ..Snapshot::default() }
}

#[test]
fn every_line_fits_and_columns_line_up() {
    let snapshot = snapshot(vec![
        process_row(Some(1), "日本語のとても長い名前のプログラムです", 5_000, 1),
        process_row(Some(4_194_304), "curl", 4_000_000_000, 18_000_000_000_000_000_000),
        process_row(None, "Unattributed", 0, 0),
    ]);
    for width in [20, 60, 80, 100, 200] {
        let text = table(&snapshot, (width, 24), &Filter::default(), Units::default());
        assert!(text.lines().all(|line| line.width() <= width), "{width}:\n{text}");
    }
    let text = table(&snapshot, (100, 24), &Filter::default(), Units::default());
    for line in text.lines().skip(1).take(4) {
        // A letter of two columns stands in both.
        let columns: Vec<char> =
            line.chars().flat_map(|letter| std::iter::repeat_n(letter, letter.width().unwrap())).collect();
        assert_eq!(columns[18..20], [' ', ' '], "between name and pid: {line}");
        assert!(columns[26] != ' ' && columns[27..29] == [' ', ' '], "the pid ends at column 27: {line}");
    }
    let order: Vec<&str> = text.lines().skip(2).map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(order[0], "curl", "the busiest first");
    assert!(order[2].starts_with("Unattrib"));
}

#[test]
fn equal_rates_are_sorted_by_bytes_then_name() {
    let rows = [("c", 1, 5), ("b", 1, 9), ("a", 1, 5), ("d", 2, 0)];
    let rows =
        rows.iter().zip(1..).map(|(&(name, rate, bytes), pid)| process_row(Some(pid), name, rate, bytes));
    let text = table(&snapshot(rows.collect()), (100, 24), &Filter::default(), Units::default());
    let order: String = text.lines().skip(2).take(4).map(|line| line.chars().next().unwrap()).collect();
    assert_eq!(order, "dbac");
}

#[test]
fn what_does_not_fit_is_counted() {
    let rows = (1..=20).map(|pid| process_row(Some(pid), "curl", 0, 0)).collect();
    let text = table(&snapshot(rows), (100, 10), &Filter::default(), Units::default());
    assert_eq!(text.lines().count(), 10);
    assert!(text.contains("\n… and 14 more\n"), "{text}");
}

#[test]
fn data_cannot_move_the_cursor() {
    let mut snapshot = snapshot(vec![process_row(Some(1), "ev\x1b[2Jil\r\n\u{202e}", 0, 0)]);
    snapshot.fault = Some("bad\x07 thing".into());
    let text = table(&snapshot, (100, 24), &Filter::default(), Units::default());
    assert!(text.chars().all(|letter| letter == '\n' || !letter.is_control()), "{text:?}");
    assert!(text.contains("ev[2Jil ") && text.contains("\nbad thing\n"), "{text}");
}

#[test]
fn cutting_keeps_the_width() {
    #[rustfmt::skip]
    let cases = [
        ("abc", 5, "abc  "), ("abcdef", 5, "abcd…"), ("日本語", 5, "日本…"), ("日本語", 4, "日… "), ("abc", 0, ""),
        ("e\u{301}abc", 3, "e\u{301}a…"),
    ];
    for (text, width, fitted) in cases {
        let got = fit(text, width, Align::Left);
        assert_eq!((got.as_str(), got.width()), (fitted, width), "{text}");
    }
}

#[test]
fn long_lines_are_wrapped_between_parts() {
    let parts = ["down 1 B/s", "up 2 B/s", "loopback 3 B"].map(str::to_owned);
    assert_eq!(wrap(&parts, "  ", 20), ["down 1 B/s  up 2 B/s", "loopback 3 B"]);
    assert_eq!(wrap(&parts, "  ", 100), ["down 1 B/s  up 2 B/s  loopback 3 B"]);
    assert_eq!(wrap(&parts, "  ", 5), ["down 1 B/s", "up 2 B/s", "loopback 3 B"]);
}

#[test]
fn amounts_are_written_in_the_units_that_the_user_chose() {
    let units = Units { prefixes: Prefixes::Binary, rates: RateUnit::Bits };
    let text = table(
        &snapshot(vec![process_row(Some(1), "curl", 3_000_000, 1)]),
        (110, 24),
        &Filter::default(),
        units,
    );
    assert!(text.contains("22.9 Mibit/s"), "{text}");
    let mut lines = text.lines().skip_while(|line| !line.starts_with("PROCESS"));
    let (header, line) = (lines.next().unwrap(), lines.next().unwrap());
    let end = header.find("DOWN/S").unwrap() + "DOWN/S".len();
    assert_eq!(
        line.get(..end).map(|line| line.ends_with("22.9 Mibit/s")),
        Some(true),
        "in its column: {text}"
    );
}
