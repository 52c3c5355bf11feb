//! Recordings: Crow's bytes per connection are tshark's, exactly, on every kind of capture.

use std::collections::BTreeMap;
use std::path::Path;

use crate::crow::{Seen, number, replay, rows, text};
use crate::programs::{run_clients, start_servers, talk_on_loopback};
use serde_json::Value;

use crate::tshark::{Conversations, Moved, Way, available, conversations, end, is_loopback};
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
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample.pcapng.gz");
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
fn compare(file: &Path, expected: &Conversations) -> Seen {
    let seen = replay(file);
    let mut shown = Conversations::default();
    for row in rows(&seen.last, "connections") {
        let (protocol, local, remote) =
            (text(row, "protocol"), end(&text(row, "local")), end(&text(row, "remote")));
        let out = (protocol.clone(), local, remote);
        let back = (protocol, remote, local);
        if is_loopback(&out) {
            add(&mut shown.sent, out, row, "tx");
            add(&mut shown.received, back, row, "rx");
        } else {
            add(&mut shown.network, out, row, "tx");
            add(&mut shown.network, back, row, "rx");
        }
    }
    for (what, shown, expected) in [
        ("the network", &shown.network, &expected.network),
        ("loopback, sent", &shown.sent, &expected.sent),
        ("loopback, received", &shown.received, &expected.received),
    ] {
        for (way, moved) in expected {
            assert_eq!(shown.get(way), Some(moved), "{}, {what}: {way:?}", file.display());
        }
        let strangers: Vec<&Way> = shown.keys().filter(|way| !expected.contains_key(*way)).collect();
        assert!(strangers.is_empty(), "{}, {what}: {strangers:?} are not in the recording", file.display());
    }
    seen
}

/// Adds what a row moved one way; nothing where nothing went.
#[track_caller]
fn add(table: &mut BTreeMap<Way, Moved>, way: Way, row: &Value, what: &str) {
    let (bytes, packets) = (number(row, &format!("{what}_bytes")), number(row, &format!("{what}_packets")));
    if packets > 0 {
        let moved = table.entry(way).or_default();
        moved.bytes += bytes;
        moved.packets += packets;
    }
}
