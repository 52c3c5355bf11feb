//! Replays recorded event logs and compares what would be printed with the files beside them.
//!
//! `tests/replays/NAME.jsonl` has one event a line; `NAME.txt` the table and `NAME.json` the document at the end.
//! `CROW_UPDATE_REPLAYS=1 cargo test --test replay` writes the expected files anew: read the difference.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crow::aggregate::snapshot::{Snapshot, Source};
use crow::aggregate::{Aggregator, AggregatorOptions};
use crow::event::Event;
use crow::filter::Filter;
use crow::headless::{Document, table};
use crow::settings::{RateWindow, Units};
use crow::time::Timestamp;

/// The picture at the end of the log, with a tick at every second of it.
fn replay(log: &str) -> std::sync::Arc<Snapshot> {
    let mut aggregator = Aggregator::new(AggregatorOptions {
        source: Source::Recording,
        window: RateWindow::FiveSeconds,
        keep_closed: true,
    });
    let mut now = Timestamp::default();
    let mut next_tick = None;
    for (number, line) in (1..).zip(log.lines()) {
        let event: Event = serde_json::from_str(line).unwrap_or_else(|err| panic!("line {number}: {err}"));
        if let Some(time) = time(&event) {
            now = now.max(time);
            let mut tick = *next_tick.get_or_insert(time);
            while tick <= time {
                aggregator.tick(tick);
                tick = tick + Duration::from_secs(1);
            }
            next_tick = Some(tick);
        }
        aggregator.ingest(&event);
    }
    aggregator.tick(now)
}

fn time(event: &Event) -> Option<Timestamp> {
    match event {
        Event::ProcessExited { time, .. }
        | Event::FlowOpened { time, .. }
        | Event::Deltas { time, .. }
        | Event::Datagram { time, .. }
        | Event::FlowClosed { time, .. } => Some(*time),
        _ => None,
    }
}

fn check(expected: &Path, got: &str) -> Result<(), String> {
    if std::env::var_os("CROW_UPDATE_REPLAYS").is_some() {
        fs::write(expected, got).unwrap();
        return Ok(());
    }
    let wanted = fs::read_to_string(expected).unwrap_or_default();
    let differing = wanted.lines().zip(got.lines()).position(|(one, other)| one != other);
    if wanted == got {
        return Ok(());
    }
    let line = differing.unwrap_or_else(|| wanted.lines().count().min(got.lines().count()));
    Err(format!(
        "{} differs at line {}:\n  expected {}\n  got      {}",
        expected.display(),
        line + 1,
        wanted.lines().nth(line).unwrap_or("(the end)"),
        got.lines().nth(line).unwrap_or("(the end)"),
    ))
}

fn logs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replays");
    let mut logs: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    logs.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    logs.sort();
    logs
}

#[test]
fn replays_print_what_they_printed() {
    let logs = logs();
    assert!(logs.len() >= 4, "the logs are there");
    let mut differences = Vec::new();
    for path in logs {
        let log = fs::read_to_string(&path).unwrap();
        let snapshot = replay(&log);
        let document = serde_json::to_string_pretty(&Document::new(&snapshot, None)).unwrap() + "\n";
        differences.extend(check(&path.with_extension("json"), &document).err());
        differences.extend(
            check(
                &path.with_extension("txt"),
                &table(&snapshot, (110, 40), &Filter::default(), Units::default()),
            )
            .err(),
        );
        assert_eq!(replay(&log), snapshot, "{} twice", path.display());
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn the_process_argument_narrows_processes_connections_and_domains() {
    let log = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replays/browsing.jsonl"))
        .unwrap();
    let snapshot = replay(&log);
    let selected = crow::headless::select(&snapshot, &Filter::process("CURL"));
    assert_eq!(selected.processes.iter().map(|row| &*row.name).collect::<Vec<_>>(), ["curl"]);
    assert!(!selected.connections.is_empty());
    assert!(selected.connections.iter().all(|row| &*row.process_name == "curl"));
    assert_eq!(selected.totals, snapshot.totals, "the machine's totals stay");
    let whole = snapshot.domains.iter().find(|row| &*row.domain == "example.com").unwrap();
    let part = selected.domains.iter().find(|row| row.domain == whole.domain).unwrap();
    assert!(part.bytes.rx < whole.bytes.rx, "curl is not alone on example.com");
    let own = selected.connections.iter().filter(|row| row.domain.as_ref() == Some(&part.domain));
    assert_eq!(part.bytes.rx, own.map(|row| row.bytes.rx).sum());
    assert_eq!(part.processes.iter().map(|name| &**name).collect::<Vec<_>>(), ["curl"]);
    assert!(crow::headless::select(&snapshot, &Filter::process("nobody")).connections.is_empty());
}
