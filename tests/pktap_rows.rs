//! Captures made by Apple's kernel, read by the program itself: whose rows they become, which way, how many bytes. The
//! expected figures were added up from the IP lengths that tshark shows, by process tag and direction.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic, and a missing field of the document is a failure"
)]

mod document;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pktap").join(name)
}

fn crow(file: &Path) -> Output {
    let mut crow = Command::new(env!("CARGO_BIN_EXE_crow"));
    crow.args(["--headless", "--json", "--replay"]).arg(file).output().unwrap()
}

/// The one document that Crow prints of a recording without damage.
fn replay(file: &Path) -> Value {
    let output = crow(file);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaint.is_empty(), "{}: {complaint}", file.display());
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed.lines().count(), 1, "{}", file.display());
    let document = checked(&printed);
    assert_eq!(document["source"], "recording");
    document
}

/// A line of Crow's output as the document that it has to be.
fn checked(line: &str) -> Value {
    let document = serde_json::from_str(line).unwrap();
    document::check(&document);
    document
}

/// `fields` of each row, a line a row, in order.
fn lines(document: &Value, table: &str, fields: &[&str]) -> Vec<String> {
    let line = |row: &Value| {
        let values: Vec<String> = fields
            .iter()
            .map(|field| row[*field].as_str().map_or_else(|| row[*field].to_string(), str::to_owned))
            .collect();
        values.join(" ")
    };
    let mut lines: Vec<String> = document[table].as_array().unwrap().iter().map(line).collect();
    lines.sort();
    lines
}

fn processes(document: &Value) -> Vec<String> {
    lines(document, "processes", &["pid", "name", "rx_bytes", "tx_bytes"])
}

fn connections(document: &Value) -> Vec<String> {
    #[rustfmt::skip]
    let fields = [
        "pid", "process", "via_pid", "protocol", "local", "remote", "interface", "rx_packets", "rx_bytes",
        "tx_packets", "tx_bytes",
    ];
    lines(document, "connections", &fields)
}

/// `rx_bytes tx_bytes packets loopback_bytes unattributed_bytes unreadable_packets`.
fn totals(document: &Value) -> [u64; 6] {
    ["rx_bytes", "tx_bytes", "packets", "loopback_bytes", "unattributed_bytes", "unreadable_packets"]
        .map(|field| document["totals"][field].as_u64().unwrap())
}

#[test]
fn both_ends_of_apples_iperf_have_a_row_and_each_packet_counts_once() {
    // Eleven datagrams of 1468 bytes one way, one of 1498 back, and each of them twice in the file.
    for name in [
        "radar-101007576-iperf.pcapng",
        "derived_lo0_udp_pktap_v1.pcap",
        "derived_lo0_udp_pktap_v2_dlt149.pcap",
    ] {
        let document = replay(&fixture(name));
        assert_eq!(
            connections(&document),
            [
                "53147 iperf null udp 127.0.0.1:5001 127.0.0.1:50160 lo0 11 16148 1 1498",
                "53245 iperf null udp 127.0.0.1:50160 127.0.0.1:5001 lo0 1 1498 11 16148",
            ],
            "{name}"
        );
        assert_eq!(processes(&document), ["53147 iperf 16148 1498", "53245 iperf 1498 16148"], "{name}");
        assert_eq!(totals(&document), [0, 0, 12, 16148 + 1498, 0, 0], "{name}");
        assert!(document["connections"].as_array().unwrap().iter().all(|row| row["route"] == "local"));
    }
}

#[test]
fn an_effective_process_beside_the_kernel_is_the_owner() {
    // Inbound packets carry the kernel's pid 0 and the effective pid, some outbound ones nobody's.
    for name in ["radar-74957353.pcapng", "derived_en0_tcp_pktap_v1.pcap"] {
        let document = replay(&fixture(name));
        let (host, hop) = ("10.42.53.132", "52.41.70.31:5201");
        let mobile = "[2607:fb90:3635:797b:5986:1647:4961:b852]:50003 [2607:7700:0:13::3429:461f]:5201";
        let expected = [
            format!("1500 network_test null tcp {host}:50000 {hop} en0 13 792 23 21652"),
            format!("1505 network_test null tcp {host}:50002 {hop} en0 35 22364 44 22920"),
            format!("1505 network_test null tcp {mobile} pdp_ip0 3 256 4 364"),
            format!("1524 network_test null tcp {host}:50004 {hop} en0 16 972 23 21652"),
            format!("1528 network_test null tcp {host}:50005 {hop} en0 13 792 23 21652"),
        ];
        assert_eq!(connections(&document), expected, "{name}");
        assert_eq!(
            processes(&document),
            [
                "1500 network_test 792 21652",
                "1505 network_test 22620 23284",
                "1524 network_test 972 21652",
                "1528 network_test 792 21652",
            ],
            "{name}"
        );
        assert_eq!(totals(&document), [25_176, 88_240, 197, 0, 0, 0], "{name}");
    }
}

#[test]
fn a_tunnel_credits_the_app_and_not_the_machine() {
    // The last of four packets names no process and stays with the flow's.
    for name in ["radar-88502733.pcapng", "derived_utun3_tcp_pktap_v1.pcap"] {
        let document = replay(&fixture(name));
        assert_eq!(
            connections(&document),
            ["554 packetdrill null tcp 192.168.0.1:57734 192.0.2.1:8080 utun3 1 60 3 156"],
            "{name}"
        );
        assert_eq!(processes(&document), ["554 packetdrill 60 156"], "{name}");
        assert_eq!(totals(&document), [0, 0, 0, 0, 0, 0], "{name}: the carrier outside is what counts");
    }
}

#[test]
fn the_short_header_of_old_systems_is_read() {
    for name in ["LINKTYPE_PKTAP.pcap", "LINKTYPE_USER2_PKTAP.pcap"] {
        let document = replay(&fixture(name));
        // The file names no program, and no name is made up for it.
        let expected = ["512 pid 512 null udp 10.32.4.27:63538 10.32.100.15:53 en0 0 0 1 60"];
        assert_eq!(connections(&document), expected, "{name}");
        assert_eq!(totals(&document), [0, 60, 1, 0, 0, 0], "{name}");
    }
}

#[test]
fn one_process_that_acts_for_another_is_named_as_the_way() {
    /// Where the fields of the file's only PKTAP header begin (`bsd/net/pktap.h`), behind the file's and the packet's.
    const HEADER: usize = 24 + 16;
    let mut file = fs::read(fixture("LINKTYPE_PKTAP.pcap")).unwrap();
    let mut write = |at: usize, bytes: &[u8]| {
        file[HEADER + at..][..bytes.len()].copy_from_slice(bytes);
    };
    write(52, &501_i32.to_le_bytes());
    write(56, b"nsurlsessiond\0");
    write(84, &77_i32.to_le_bytes());
    write(88, b"Podcasts\0");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("delegated.pcap");
    fs::write(&path, file).unwrap();
    let document = replay(&path);
    let expected = ["77 Podcasts 501 udp 10.32.4.27:63538 10.32.100.15:53 en0 0 0 1 60"];
    assert_eq!(connections(&document), expected);
    assert_eq!(processes(&document), ["77 Podcasts 0 60"]);
}

#[test]
fn what_cannot_be_read_is_counted_and_nothing_else() {
    // Two packets with random bytes in the place of headers (CVE-2017-13007).
    let document = replay(&fixture("pktap-heap-overflow.pcap"));
    assert_eq!(totals(&document), [0, 0, 0, 0, 0, 2]);
    assert!(connections(&document).is_empty() && processes(&document).is_empty());
}

#[test]
fn a_cut_recording_shows_what_came_before_the_cut_and_says_so() {
    let whole = fs::read(fixture("radar-101007576-iperf.pcapng")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.pcapng");
    fs::write(&path, &whole[..20_000]).unwrap();
    let output = crow(&path);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "crow: the recording is cut short after packet 12: everything before the cut was read\n"
    );
    let document = checked(&String::from_utf8(output.stdout).unwrap());
    // Six packets, each seen at both ends.
    assert_eq!(totals(&document), [0, 0, 6, 6 * 1468, 0, 0]);
}

#[test]
fn every_field_of_the_sample_is_as_promised() {
    let document = replay(&Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample.pcapng.gz"));
    for table in ["processes", "connections", "domains"] {
        assert!(!document[table].as_array().unwrap().is_empty(), "the sample has {table}");
    }
    assert_eq!(document["interval_s"], Value::Null, "nobody asked for an interval");
}
