//! Captures made by Apple's kernel, read through the helper's own code in the place of the device, sent over the real
//! pipe to a real app: whose rows they become there, which way, how many bytes.
//!
//! The app starts what lies beside it as `crow-helper`; here that is a script that runs this test program again, as the
//! helper. What it may not do without a Mac is to open the device, and that is all that is replaced.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crow::aggregate::snapshot::{ConnectionRow, Snapshot};
use crow::helper::replay::{Recording, replay};
use crow::helper::run::Arguments;
use crow::pipeline::{Input, Pipeline, PipelineOptions, WithoutRight};
use crow::session::CaptureState;
use crow::settings::RateWindow;
use crow::time::Timestamp;
use nix::unistd::geteuid;

/// In the helper: its command line.
const ROLE: &str = "CROW_PKTAP_HELPER";
/// In the app and the helper: the recording.
const FILE: &str = "CROW_PKTAP_FILE";
/// In the app: what is to come of it, by name.
const CASE: &str = "CROW_PKTAP_CASE";
/// What the kernel is said to have dropped.
const DROPS: u32 = 41;
const PATIENCE: Duration = Duration::from_secs(40);

/// Held while a program is written and started.
static STARTING: Mutex<()> = Mutex::new(());

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pktap").join(name)
}

/// Not a test of its own: the helper, when the script starts it.
#[test]
fn the_helper_itself() {
    let Ok(line) = std::env::var(ROLE) else { return };
    let arguments = Arguments::parse(line.split(' ').map(Into::into)).unwrap();
    let file = PathBuf::from(std::env::var_os(FILE).unwrap());
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = Timestamp::new(since.as_secs(), since.subsec_nanos());
    let interfaces = ["lo0", "en0", "utun3", "pdp_ip0"];
    // What the app says when it ends is of no interest here: it may hang up in the middle of an event.
    let _ = replay(&arguments, &Recording { file: &file, interfaces: &interfaces, drops: DROPS, now });
}

/// Runs the app in a process of its own, beside the script, on this recording.
fn play(test: &str, case: &str, file: &Path) {
    if !geteuid().is_root() {
        eprintln!("{test} did not run: only root starts the helper without being asked");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let me = std::env::current_exe().unwrap();
    let app = folder.path().join("app");
    // A program that is still open for writing in a child which another test starts meanwhile cannot be started.
    let turn = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    fs::copy(&me, &app).unwrap();
    let script = folder.path().join("crow-helper");
    // A helper is started with an empty environment: what it is to play stands in the script.
    let words = format!(
        "#!/bin/sh\nexport {FILE}='{}' {ROLE}=\"$*\"\nexec '{}' --exact the_helper_itself --nocapture\n",
        file.display(),
        app.display()
    );
    fs::write(&script, words).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let run = Command::new(&app)
        .args(["--exact", test, "--nocapture"])
        .env(FILE, file)
        .env(CASE, case)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(turn);
    let run = run.wait_with_output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success() && said.contains("1 passed"), "{case}: {said}");
}

/// Which case this process is the app of.
fn case() -> Option<String> {
    std::env::var(CASE).ok()
}

/// The app's picture once it has so many packets, or what has come until patience ends.
fn picture(interface: Option<&str>, is_whole: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
    let pipeline = Pipeline::start(PipelineOptions {
        input: Input::Live { interface: interface.map(str::to_owned), without_right: WithoutRight::Ask },
        window: RateWindow::default(),
        shown: true,
        wake: Box::new(|| {}),
    })
    .unwrap();
    let crow = pipeline.backend();
    let began = Instant::now();
    loop {
        let (snapshot, status) = (crow.snapshot(), crow.status());
        assert!(!matches!(status.capture, CaptureState::Gone { .. }), "{:?}", status.capture);
        if is_whole(&snapshot) || began.elapsed() > PATIENCE {
            return snapshot;
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// `pid process via local remote interface rx_packets rx_bytes tx_packets tx_bytes`, sorted.
fn rows(snapshot: &Snapshot) -> Vec<String> {
    let line = |row: &Arc<ConnectionRow>| {
        let name =
            |pid: Option<crow::event::ProcessKey>| pid.map_or("-".to_owned(), |key| key.pid.to_string());
        format!(
            "{} {} {} {} {} {} {} {} {} {}",
            name(row.process),
            row.process_name,
            name(row.via),
            row.local,
            row.remote,
            row.interface,
            row.packets.rx,
            row.bytes.rx.0,
            row.packets.tx,
            row.bytes.tx.0
        )
    };
    let mut rows: Vec<String> = snapshot.connections.iter().map(line).collect();
    rows.sort();
    rows
}

fn packets(snapshot: &Snapshot) -> u64 {
    snapshot.connections.iter().map(|row| row.packets.rx + row.packets.tx).sum()
}

#[test]
fn loopback_shows_both_ends_and_counts_once() {
    const NAME: &str = "loopback_shows_both_ends_and_counts_once";
    if case().is_none() {
        play(NAME, "v1", &fixture("derived_lo0_udp_pktap_v1.pcap"));
        play(NAME, "v2", &fixture("derived_lo0_udp_pktap_v2_dlt149.pcap"));
        return;
    }
    let snapshot = picture(None, |snapshot| packets(snapshot) >= 24 && snapshot.totals.capture.dropped > 0);
    assert_eq!(
        rows(&snapshot),
        [
            "53147 iperf - 127.0.0.1:5001 127.0.0.1:50160 lo0 11 16148 1 1498",
            "53245 iperf - 127.0.0.1:50160 127.0.0.1:5001 lo0 1 1498 11 16148",
        ]
    );
    let totals = &snapshot.totals;
    assert_eq!((totals.loopback.0, totals.unattributed.0, totals.packets), (16_148 + 1_498, 0, 12));
    assert_eq!(totals.capture.dropped, u64::from(DROPS), "what the kernel dropped is shown");
    assert_eq!(totals.capture.unreadable, 0);
}

/// The rows that the machine's own interface has in Apple's capture.
const EN0: [&str; 5] = [
    "1500 network_test - 10.42.53.132:50000 52.41.70.31:5201 en0 13 792 23 21652",
    "1505 network_test - 10.42.53.132:50002 52.41.70.31:5201 en0 35 22364 44 22920",
    "1505 network_test - [2607:fb90:3635:797b:5986:1647:4961:b852]:50003 [2607:7700:0:13::3429:461f]:5201 pdp_ip0 3 256 4 364",
    "1524 network_test - 10.42.53.132:50004 52.41.70.31:5201 en0 16 972 23 21652",
    "1528 network_test - 10.42.53.132:50005 52.41.70.31:5201 en0 13 792 23 21652",
];

#[test]
fn effective_owners_and_directions_come_through_whatever_the_headers_length() {
    const NAME: &str = "effective_owners_and_directions_come_through_whatever_the_headers_length";
    let folder = tempfile::tempdir().unwrap();
    if case().is_none() {
        let whole = fixture("derived_en0_tcp_pktap_v1.pcap");
        play(NAME, "as it is", &whole);
        // Each packet's header another length: 108, as old systems had it, to 304, as none has yet.
        let (mut at, file) = (0, fs::read(&whole).unwrap());
        let stretched = rewrite(&file, |header, _| {
            let len = 108 + at % 197;
            at += 1;
            header.resize(len, 0xA5);
            header[..4].copy_from_slice(&u32::try_from(len).unwrap().to_le_bytes());
        });
        let path = folder.path().join("stretched.pcap");
        fs::write(&path, stretched).unwrap();
        play(NAME, "stretched", &path);
        return;
    }
    let snapshot = picture(None, |snapshot| packets(snapshot) >= 197);
    assert_eq!(rows(&snapshot), EN0);
    assert_eq!(snapshot.totals.unattributed.0, 0);
    assert_eq!((snapshot.totals.bytes.rx.0, snapshot.totals.bytes.tx.0), (25_176, 88_240));
}

#[test]
fn one_interface_is_chosen_by_its_name_in_each_header() {
    const NAME: &str = "one_interface_is_chosen_by_its_name_in_each_header";
    if case().is_none() {
        return play(NAME, "pdp_ip0", &fixture("derived_en0_tcp_pktap_v1.pcap"));
    }
    let is_whole = |snapshot: &Snapshot| packets(snapshot) >= 7 && snapshot.totals.capture.received >= 7;
    let snapshot = picture(Some("pdp_ip0"), is_whole);
    assert_eq!(rows(&snapshot), EN0[2..3]);
    assert_eq!(snapshot.totals.capture.received, 7, "the others were not even handed on");
}

#[test]
fn a_tunnel_credits_the_app_and_not_the_machine() {
    const NAME: &str = "a_tunnel_credits_the_app_and_not_the_machine";
    if case().is_none() {
        return play(NAME, "utun3", &fixture("derived_utun3_tcp_pktap_v1.pcap"));
    }
    let snapshot = picture(None, |snapshot| packets(snapshot) >= 4);
    assert_eq!(rows(&snapshot), ["554 packetdrill - 192.168.0.1:57734 192.0.2.1:8080 utun3 1 60 3 156"]);
    assert_eq!((snapshot.totals.bytes.rx.0, snapshot.totals.bytes.tx.0), (0, 0));
}

#[test]
fn damage_is_counted_delegation_and_marks_are_shown_and_the_rest_goes_on() {
    const NAME: &str = "damage_is_counted_delegation_and_marks_are_shown_and_the_rest_goes_on";
    let folder = tempfile::tempdir().unwrap();
    if case().is_none() {
        let (mut number, mut sent_again) = (0, 0);
        let file = rewrite(&fs::read(fixture("derived_en0_tcp_pktap_v1.pcap")).unwrap(), |header, frame| {
            number += 1;
            let mut write = |at: usize, value: u32| header[at..at + 4].copy_from_slice(&value.to_le_bytes());
            match number {
                // A header that ends before the shortest there is, one longer than its packet, one without length.
                1 => write(0, 107),
                2 => write(0, 100_000),
                3 => write(0, 0),
                // Nothing of the packet behind it, and only half a header.
                4 => frame.clear(),
                5 => {
                    header.truncate(54);
                    frame.clear();
                }
                // A link type that Crow does not read.
                6 => write(8, 147),
                // The rest: a service that acts for an app, and each mark of the kernel's once in ten packets.
                _ => {
                    let flags = u32::from_le_bytes(header[36..40].try_into().unwrap());
                    sent_again +=
                        u32::from(number % 10 == 0 && flags & 2 != 0 && uses_sequence_numbers(header, frame));
                    let mark = [0x8000, 0x1_0000, 0x10_0000].get(number % 10).copied().unwrap_or(0);
                    header[36..40].copy_from_slice(&(flags | mark).to_le_bytes());
                    header[52..56].copy_from_slice(&501_u32.to_le_bytes());
                    header[56..73].copy_from_slice(b"nsurlsessiond\0\0\0\0");
                    header[84..88].copy_from_slice(&77_u32.to_le_bytes());
                    header[88..105].copy_from_slice(b"Podcasts\0\0\0\0\0\0\0\0\0");
                }
            }
        });
        let path = folder.path().join("damaged.pcap");
        fs::write(&path, file).unwrap();
        return play(NAME, &sent_again.to_string(), &path);
    }
    let snapshot = picture(None, |snapshot| snapshot.totals.capture.received >= 197);
    assert_eq!(packets(&snapshot), 191);
    let counts = &snapshot.totals.capture;
    assert_eq!((counts.unreadable, counts.not_ip), (5, 1), "a link type of another kind is no damage");
    let rows = &snapshot.connections;
    assert!(rows.iter().all(|row| {
        let pid = |key: Option<crow::event::ProcessKey>| key.map(|key| key.pid);
        (pid(row.process), pid(row.via), &*row.process_name) == (Some(77), Some(501), "Podcasts")
    }));
    let sum = |count: fn(&ConnectionRow) -> u32| rows.iter().map(|row| count(row)).sum::<u32>();
    // Numbers 7 to 197 that end in 0, 1 and 2.
    assert_eq!(
        (sum(|row| row.retransmits), sum(|row| row.keep_alives), sum(|row| row.wakes)),
        (case().unwrap().parse().unwrap(), 19, 19),
        "the kernel's own marks, and nothing guessed beside them"
    );
}

/// Whether a frame is a TCP segment with data, SYN or FIN (RFC 9293 §3.4).
fn uses_sequence_numbers(header: &[u8], frame: &[u8]) -> bool {
    let link = usize::try_from(u32::from_le_bytes(header[44..48].try_into().unwrap())).unwrap();
    let ip = &frame[link..];
    let word = |at: usize| usize::from(u16::from_be_bytes([ip[at], ip[at + 1]]));
    let (tcp, end) =
        if ip[0] >> 4 == 4 { (usize::from(ip[0] & 15) * 4, word(2)) } else { (40, 40 + word(4)) };
    let payload = end - tcp - usize::from(ip[tcp + 12] >> 4) * 4;
    payload > 0 || ip[tcp + 13] & 3 != 0
}

/// A copy of a pcap file in which `change` was given each packet: its PKTAP header, and what follows that.
fn rewrite(file: &[u8], mut change: impl FnMut(&mut Vec<u8>, &mut Vec<u8>)) -> Vec<u8> {
    const FILE_HEADER: usize = 24;
    const PACKET_HEADER: usize = 16;
    let number =
        |at: usize| usize::try_from(u32::from_le_bytes(file[at..at + 4].try_into().unwrap())).unwrap();
    let mut out = file[..FILE_HEADER].to_vec();
    let mut at = FILE_HEADER;
    while at < file.len() {
        let (captured, wire) = (number(at + 8), number(at + 12));
        let packet = &file[at + PACKET_HEADER..][..captured];
        let length = usize::try_from(u32::from_le_bytes(packet[..4].try_into().unwrap())).unwrap();
        let (mut header, mut frame) = (packet[..length].to_vec(), packet[length..].to_vec());
        change(&mut header, &mut frame);
        let now = header.len() + frame.len();
        out.extend_from_slice(&file[at..at + 8]);
        for length in [now, wire - captured + now] {
            out.extend_from_slice(&u32::try_from(length).unwrap().to_le_bytes());
        }
        out.extend_from_slice(&header);
        out.extend_from_slice(&frame);
        at += PACKET_HEADER + captured;
    }
    out
}
