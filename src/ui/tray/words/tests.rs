//! The tray's words for given snapshots.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::aggregate::snapshot::{Asking, Both, Totals};
use crate::event::{App, ProcessKey};
use crate::time::Timestamp;
use crate::units::Bytes;

fn rate(bytes: u64) -> BytesPerSec {
    Bytes(bytes).over(Duration::from_secs(1))
}

fn row(pid: i32, name: &str, (rx, tx): (u64, u64), total: u64) -> Arc<ProcessRow> {
    Arc::new(ProcessRow {
        key: Some(ProcessKey { pid, started: None }),
        name: name.into(),
        app: App { id: name.into(), name: name.into() },
        path: None,
        user: None,
        parent: None,
        bytes: Both { rx: Bytes(total), tx: Bytes(0) },
        rate: Both { rx: rate(rx), tx: rate(tx) },
        connections: 1,
        first_seen: Timestamp::default(),
        last_seen: Timestamp::default(),
        ended: None,
        asking: Asking::default(),
        history: [].into(),
    })
}

fn snapshot(processes: Vec<Arc<ProcessRow>>) -> Snapshot {
    let totals = Totals {
        bytes: Both { rx: Bytes(1_200_000_000), tx: Bytes(30_100_000) },
        rate: Both { rx: rate(2_620_000), tx: rate(32_400) },
        ..Totals::default()
    };
    Snapshot { totals, processes: processes.into(), ..Snapshot::default() }
}

fn live() -> Status {
    Status { capture: CaptureState::Live, ..Status::default() }
}

#[test]
fn the_face_carries_rates_and_totals() {
    let face = Face::new(&snapshot(vec![]), &live(), Units::default());
    assert_eq!(face.title, "Crow  ↓ 2.62 MB/s  ↑ 32.4 kB/s");
    assert_eq!(face.rates, "↓ 2.62 MB/s  ↑ 32.4 kB/s");
    assert_eq!(face.tooltip, "Total ↓ 1.20 GB  ↑ 30.1 MB");
    assert_eq!((face.down.as_str(), face.up.as_str()), ("2.62 MB/s", "32.4 kB/s"));
    assert_eq!(face.levels, Levels { down: 5, up: 3 });
    assert_eq!(face.processes, [""; 0]);
}

#[test]
fn the_tool_tip_says_when_the_numbers_are_not_live() {
    let subject: Arc<str> = "trip.pcapng".into();
    let why: Arc<str> = "the helper has ended".into();
    #[rustfmt::skip]
    let cases = [
        (CaptureState::Live, false, ""),
        (CaptureState::Live, true, "\nPaused"),
        (CaptureState::Starting, false, "\nStarting"),
        (CaptureState::Sockets { why: why.clone(), is_asking: false }, false, "\nWithout capture: short connections are missing"),
        (CaptureState::Sample { why: why.clone() }, false, "\nSample recording, not your network"),
        (CaptureState::Recording { played: Duration::ZERO, length: None }, true, "\nRecording trip.pcapng · Paused"),
        (CaptureState::Ended { note: None }, false, "\nEnd of recording trip.pcapng"),
        (CaptureState::Gone { why }, false, "\nNot capturing: the helper has ended"),
    ];
    for (capture, paused, expected) in cases {
        let status = Status { capture, paused, subject: subject.clone(), ..Status::default() };
        let face = Face::new(&snapshot(vec![]), &status, Units::default());
        assert_eq!(face.tooltip.strip_prefix("Total ↓ 1.20 GB  ↑ 30.1 MB"), Some(expected));
        assert_eq!(face.paused, paused);
    }
}

#[test]
fn the_busiest_five_come_first_then_those_with_the_most_bytes() {
    let rows = vec![
        row(1, "idle small", (0, 0), 10),
        row(2, "down", (1_000, 0), 20),
        row(3, "never", (0, 0), 0),
        row(4, "both", (2_620_000, 32_400), 30),
        row(5, "idle large", (0, 0), 9_000),
        row(6, "up", (0, 500), 40),
        row(7, "idle smaller", (0, 0), 5),
    ];
    let face = Face::new(&snapshot(rows), &live(), Units::default());
    assert_eq!(
        face.processes,
        [
            "both   ↓ 2.62 MB/s  ↑ 32.4 kB/s",
            "down   ↓ 1.00 kB/s",
            "up   ↑ 500 B/s",
            "idle large   —",
            "idle small   —"
        ]
    );
}

#[test]
fn equal_rows_keep_their_order() {
    let rows = |pids: [i32; 3]| pids.map(|pid| row(pid, "worker", (10, 0), 10)).to_vec();
    let mut names: Vec<Option<ProcessKey>> =
        busiest(&rows([3, 1, 2]).into()).into_iter().map(|row| row.key).collect();
    assert!(names.is_sorted(), "{names:?}");
    names.dedup();
    assert_eq!(names.len(), 3);
}

#[test]
fn a_name_stays_one_line_of_bounded_width() {
    let face = Face::new(
        &snapshot(vec![row(1, &"é".repeat(40), (0, 0), 1), row(2, "a\nb\u{1b}c", (0, 0), 1)]),
        &live(),
        Units::default(),
    );
    assert_eq!(face.processes.len(), 2);
    assert!(face.processes.contains(&format!("{}…   —", "é".repeat(32))));
    assert!(face.processes.contains(&"a\u{fffd}b\u{fffd}c   —".to_owned()));
}
