//! What a Mac does to a capture that runs for days: it sleeps for hours in the middle of connections, and its interfaces
//! come and go. Apple's own frames, re-stamped and renamed, through the macOS helper's engine with a file in the place of
//! the device, into the app's counting.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crow::aggregate::snapshot::Snapshot;
use crow::aggregate::{Aggregator, AggregatorOptions};
use crow::capture::live::Replay;
use crow::event::{Event, TcpState};
use crow::helper::macos::engine::engine;
use crow::helper::serve::Engine;
use crow::time::Timestamp;

const NIGHT: Duration = Duration::from_hours(9);
const SECOND: Duration = Duration::from_secs(1);

/// A capture file's packets, as they are in it: seconds, microseconds, wire length, and the bytes, PKTAP header first.
#[derive(Clone)]
struct Record {
    time: Duration,
    wire_len: u32,
    bytes: Vec<u8>,
}

impl Record {
    /// The same packet on another interface.
    fn on(mut self, interface: &str) -> Self {
        // `pth_ifname` in `struct pktap_header`, xnu `bsd/net/pktap.h`.
        self.bytes[12..36].fill(0);
        self.bytes[12..12 + interface.len()].copy_from_slice(interface.as_bytes());
        self
    }
}

fn records(name: &str) -> Vec<Record> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pktap").join(name);
    let file = fs::read(path).unwrap();
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let (mut at, mut records) = (24, Vec::new());
    while at < file.len() {
        let len = usize::try_from(number(at + 8)).unwrap();
        records.push(Record {
            time: Duration::new(number(at).into(), number(at + 4) * 1_000),
            wire_len: number(at + 12),
            bytes: file[at + 16..at + 16 + len].to_vec(),
        });
        at += 16 + len;
    }
    records
}

/// A Mac: its helper's engine, the app's counting, and the time on its clock.
struct Mac<E> {
    folder: tempfile::TempDir,
    engine: E,
    app: Aggregator,
    now: Timestamp,
    events: Vec<Event>,
}

fn mac() -> Mac<impl Engine> {
    Mac {
        folder: tempfile::tempdir().unwrap(),
        engine: engine(),
        app: Aggregator::new(AggregatorOptions::default()),
        now: Timestamp::new(1_700_000_000, 0),
        events: Vec::new(),
    }
}

impl<E: Engine> Mac<E> {
    /// Captures these packets at their own pace from now on, with the helper's tick after each second of them.
    fn capture(&mut self, records: &[Record]) -> Arc<Snapshot> {
        let began = records[0].time;
        for records in records.chunk_by(|one, next| one.time.as_secs() == next.time.as_secs()) {
            let first = self.now + records[0].time.saturating_sub(began);
            let mut replay = Replay::open(&self.write(records), Vec::new(), None, first).unwrap();
            let engine = &mut self.engine;
            assert_eq!(replay.drain(|frame| engine.frame(frame)).unwrap(), records.len());
            self.tick(first + SECOND);
        }
        self.now = self.now + records.last().unwrap().time.saturating_sub(began) + SECOND;
        self.app.tick(self.now)
    }

    /// The helper's tick, and the app takes in what it says.
    fn tick(&mut self, now: Timestamp) {
        let from = self.events.len();
        self.engine.tick(now, &mut self.events);
        self.events[from..].iter().for_each(|event| self.app.ingest(event));
    }

    fn write(&self, records: &[Record]) -> PathBuf {
        // Version 2.4, 512 KiB of each packet, link type 258 (PKTAP).
        let mut file = Vec::new();
        for word in [0xa1b2_c3d4, 0x0004_0002, 0, 0, 1 << 19, 258] {
            file.extend_from_slice(&u32::to_le_bytes(word));
        }
        for record in records {
            let len = u32::try_from(record.bytes.len()).unwrap();
            let time = [u32::try_from(record.time.as_secs()).unwrap(), record.time.subsec_micros()];
            for word in [time[0], time[1], len, record.wire_len] {
                file.extend_from_slice(&word.to_le_bytes());
            }
            file.extend_from_slice(&record.bytes);
        }
        let path = self.folder.path().join("records.pcap");
        fs::write(&path, file).unwrap();
        path
    }
}

/// Bytes received and sent, by pid and name.
fn processes(snapshot: &Snapshot) -> BTreeMap<(i32, String), (u64, u64)> {
    let process = |row: &Arc<crow::aggregate::snapshot::ProcessRow>| {
        let pid = row.key.map_or(0, |key| key.pid);
        ((pid, row.name.to_string()), (row.bytes.rx.0, row.bytes.tx.0))
    };
    snapshot.processes.iter().map(process).collect()
}

/// What the whole of Apple's capture amounts to, as `tests/pktap_pipe.rs` has it by connection.
fn whole() -> BTreeMap<(i32, String), (u64, u64)> {
    let bytes = [
        (1_500, (792, 21_652)),
        (1_505, (22_364 + 256, 22_920 + 364)),
        (1_524, (972, 21_652)),
        (1_528, (792, 21_652)),
    ];
    bytes.into_iter().map(|(pid, bytes)| ((pid, "network_test".to_owned()), bytes)).collect()
}

fn closed(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::FlowClosed { .. })).count()
}

#[test]
fn a_night_in_the_middle_of_connections_changes_no_owner_and_no_total() {
    let all = records("derived_en0_tcp_pktap_v1.pcap");
    // Wherever the lid is closed; and whether the first packets of the morning are read before the first tick or after it.
    let mut ownerless = Vec::new();
    for (at, tick_first) in (1..20).flat_map(|tenth| [(tenth * 10 - 1, false), (tenth * 10 - 1, true)]) {
        let (evening, morning) = all.split_at(at);
        let mut mac = mac();
        mac.capture(evening);
        mac.now = mac.now + NIGHT;
        if tick_first {
            mac.tick(mac.now);
        }
        let snapshot = mac.capture(morning);
        let totals = &snapshot.totals;
        assert_eq!((totals.bytes.rx.0, totals.bytes.tx.0), (25_176, 88_240), "asleep after {at} packets");
        // A rate is an average over seconds of being awake: what came before the night is no part of it.
        let rate = totals.rate.rx.get() + totals.rate.tx.get();
        let fresh: u32 = morning.iter().map(|record| record.wire_len).sum();
        assert!(rate <= f64::from(fresh), "{rate} bytes a second, and {fresh} bytes since waking");
        if totals.unattributed.0 == 0 {
            assert_eq!(processes(&snapshot), whole(), "asleep after {at} packets");
        } else {
            ownerless.push((at, tick_first, totals.unattributed.0));
        }
    }
    // One connection was given up in the night, and all that it says in the morning is an acknowledgement that the
    // kernel did not tag: its ports may be anybody's by then.
    assert_eq!(ownerless, [(119, true, 60)]);
}

#[test]
fn connections_that_slept_too_long_are_closed_once_and_seen_again_when_they_speak() {
    let all = records("derived_en0_tcp_pktap_v1.pcap");
    let (evening, morning) = all.split_at(30);
    let mut mac = mac();
    let before = mac.capture(evening);
    let open = before.connections.iter().filter(|row| row.state != Some(TcpState::Closed)).count();
    assert!(open > 0);
    mac.now = mac.now + NIGHT;
    mac.tick(mac.now);
    let asleep = closed(&mac.events);
    mac.tick(mac.now + SECOND);
    assert_eq!(closed(&mac.events), asleep, "none of them twice");
    mac.now = mac.now + Duration::from_mins(1);
    let after = mac.capture(morning);
    assert!(
        after.connections.iter().all(|row| row.first_seen >= mac.now - NIGHT.min(Duration::from_hours(1)))
    );
    assert_eq!(processes(&after), whole());
}

#[test]
fn interfaces_come_and_go_and_each_packet_stays_with_its_own() {
    let (all, tunnel) =
        (records("derived_en0_tcp_pktap_v1.pcap"), records("derived_utun3_tcp_pktap_v1.pcap"));
    let on = |name: &str| tunnel.iter().map(|record| record.clone().on(name)).collect::<Vec<_>>();
    let mut mac = mac();
    mac.capture(&all[..100]);
    let before = mac.app.tick(mac.now);
    assert!(!before.interfaces.iter().any(|name| name.starts_with("utun")), "{:?}", before.interfaces);
    // A VPN comes up in the middle, goes, and comes back under another number after the night.
    let during = mac.capture(&on("utun9"));
    assert!(during.interfaces.iter().any(|name| &**name == "utun9"), "{:?}", during.interfaces);
    mac.now = mac.now + NIGHT;
    mac.capture(&all[100..]);
    let snapshot = mac.capture(&on("utun4"));
    let through: Vec<(&str, u64, u64)> = snapshot
        .connections
        .iter()
        .filter(|row| row.interface.starts_with("utun"))
        .map(|row| (&*row.interface, row.packets.rx, row.packets.tx))
        .collect();
    assert_eq!(through, [("utun4", 1, 3)], "what went by the first one is history");
    let mut expected = whole();
    expected.insert((554, "packetdrill".to_owned()), (2 * 60, 2 * 156));
    assert_eq!(processes(&snapshot), expected);
    let totals = &snapshot.totals;
    assert_eq!(
        (totals.bytes.rx.0, totals.bytes.tx.0, totals.unattributed.0),
        (25_176, 88_240, 0),
        "a tunnel's packets leave again inside others: never twice"
    );
}
