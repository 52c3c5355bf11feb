//! Recordings: Crow's bytes per connection are tshark's, exactly, on every kind of capture.

use std::collections::BTreeMap;
use std::path::Path;

use crate::crow::{Seen, number, replay, rows, text};
use crate::programs::{run_clients, start_servers, talk_on_loopback};
use crate::tshark::{Moved, Way, available, conversations, end};
use crate::wait_for;
use crate::world::{CABLE, Side, World};

#[test]
fn a_recording_of_each_device_has_the_bytes_of_tshark() {
    let Some(mut world) = World::new() else { return };
    if !available() {
        return;
    }
    start_servers(&mut world);
    let devices = [CABLE, "lo", "any"];
    let recorders = devices.map(|device| record(&mut world, device));
    run_clients(&world);
    talk_on_loopback(&mut world);
    for recorder in recorders {
        world.stop(recorder, "INT");
    }
    for device in devices {
        let file = world.folder().join(format!("{device}.pcap"));
        let expected = conversations(&file);
        let least = if device == "lo" { 2 } else { 14 };
        assert!(expected.len() >= least, "{device}: only {} conversations were recorded", expected.len());
        compare(&file, &expected);
    }
}

#[test]
fn the_sample_recording_has_the_bytes_of_tshark() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample.pcapng");
    if !available() {
        return;
    }
    let expected = conversations(&sample);
    assert!(expected.len() > 20, "only {} conversations", expected.len());
    let seen = compare(&sample, &expected);
    let all: u64 =
        seen.connections.values().map(|row| number(row, "rx_bytes") + number(row, "tx_bytes")).sum();
    let unattributed = seen.total("unattributed_bytes");
    assert!(
        unattributed * 20 <= all,
        "{unattributed} of {all} bytes have no owner, and the sample names its processes"
    );
    for program in ["curl", "nginx", "dnsmasq", "iperf3"] {
        let found = seen.processes.values().any(|row| text(row, "name") == program);
        assert!(found, "{program} is not among {:?}", seen.processes);
    }
}

/// Starts tcpdump on a device of the client and waits until it records.
fn record(world: &mut World, device: &str) -> u32 {
    let file = world.folder().join(format!("{device}.pcap"));
    let mut tcpdump = world.command(Side::Client, "tcpdump");
    tcpdump.args([
        "-i",
        device,
        "-n",
        "-U",
        "-Z",
        "root",
        "--buffer-size=16384",
        "--snapshot-length=262144",
        "-w",
    ]);
    let pid = world.start({
        tcpdump.arg(&file);
        tcpdump
    });
    // The file's header is written once the device is open.
    wait_for("tcpdump to record", || (std::fs::metadata(&file).ok()?.len() >= 24).then_some(()));
    pid
}

/// Asserts that Crow's rows of a recording are tshark's conversations: none more, none less, equal bytes and packets
/// each way, and on loopback one row for each end.
#[track_caller]
fn compare(file: &Path, expected: &BTreeMap<Way, Moved>) -> Seen {
    let seen = replay(file);
    let mut shown: BTreeMap<Way, Moved> = BTreeMap::new();
    let mut counts: BTreeMap<Way, usize> = BTreeMap::new();
    for row in rows(&seen.last, "connections") {
        let (protocol, local, remote) =
            (text(row, "protocol"), end(&text(row, "local")), end(&text(row, "remote")));
        let sent = (protocol.clone(), local, remote);
        let received = (protocol, remote, local);
        *counts.entry(sent.clone().min(received.clone())).or_default() += 1;
        for (way, what) in [(sent, "tx"), (received, "rx")] {
            let moved = shown.entry(way).or_default();
            moved.bytes += number(row, &format!("{what}_bytes"));
            moved.packets += number(row, &format!("{what}_packets"));
        }
    }
    // Both ends of a loopback connection show the same packets.
    for ((_, from, to), moved) in &mut shown {
        if from.0.is_loopback() && to.0.is_loopback() {
            assert!(
                moved.bytes % 2 == 0 && moved.packets % 2 == 0,
                "{from:?} to {to:?}: ends differ: {moved:?}"
            );
            moved.bytes /= 2;
            moved.packets /= 2;
        }
    }
    shown.retain(|_, moved| *moved != Moved::default());
    for (way, moved) in expected {
        assert_eq!(shown.get(way), Some(moved), "{}: {way:?}", file.display());
    }
    for way in shown.keys() {
        assert!(expected.contains_key(way), "{}: {way:?} is not in the recording", file.display());
    }
    for (way @ (_, from, to), count) in &counts {
        let ends = if from.0.is_loopback() && to.0.is_loopback() { 2 } else { 1 };
        assert!(*count >= ends, "{}: {way:?} has {count} rows", file.display());
    }
    seen
}
