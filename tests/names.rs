//! The names that clients ask for, beside what tshark reads in the same recording.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test may panic, and says what it leaves out"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A connection: its protocol, and its two ends in order.
type Ends = (String, [String; 2]);

/// The names that were asked for, by connection; ends that are used again may have several.
type Names = BTreeMap<Ends, BTreeSet<String>>;

fn ends(protocol: &str, one: String, other: String) -> Ends {
    let mut ends = [one, other];
    ends.sort();
    (protocol.to_owned(), ends)
}

/// What tshark reads, or nothing where it is not installed.
fn by_tshark(recording: &Path) -> Option<Names> {
    let mut tshark = Command::new("tshark");
    tshark.arg("-r").arg(recording).args([
        "-Y",
        "tls.handshake.extensions_server_name",
        "-T",
        "fields",
        "-E",
        "separator=;",
    ]);
    tshark.args(["-E", "occurrence=f"]);
    for field in [
        "ip.src",
        "ipv6.src",
        "ip.dst",
        "ipv6.dst",
        "tcp.srcport",
        "tcp.dstport",
        "udp.srcport",
        "udp.dstport",
    ] {
        tshark.args(["-e", field]);
    }
    let output = tshark.args(["-e", "tls.handshake.extensions_server_name"]).output().ok()?;
    let text = String::from_utf8(output.stdout).unwrap();
    let mut names = Names::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split(';').collect();
        let [v4, v6, v4_to, v6_to, tcp, tcp_to, udp, udp_to, name] = fields[..] else { panic!("{line}") };
        let protocol = if tcp.is_empty() { "udp" } else { "tcp" };
        let end = |v4: &str, v6: &str, port: String| {
            if v6.is_empty() { format!("{v4}:{port}") } else { format!("[{v6}]:{port}") }
        };
        let from = end(v4, v6, format!("{tcp}{udp}"));
        let to = end(v4_to, v6_to, format!("{tcp_to}{udp_to}"));
        names.entry(ends(protocol, from, to)).or_default().insert(name.to_lowercase());
    }
    Some(names)
}

/// What Crow reads.
fn by_crow(recording: &Path) -> Names {
    let mut crow = Command::new(env!("CARGO_BIN_EXE_crow"));
    let output = crow.args(["--headless", "--json", "--replay"]).arg(recording).output().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let connections = document.get("connections").unwrap().as_array().unwrap();
    let text = |row: &serde_json::Value, field: &str| row.get(field).unwrap().as_str().map(str::to_owned);
    let mut names = Names::new();
    for row in connections {
        if matches!(text(row, "host_source").as_deref(), Some("sni" | "quic")) {
            let [protocol, local, remote, host] =
                ["protocol", "local", "remote", "host"].map(|field| text(row, field).unwrap());
            names.entry(ends(&protocol, local, remote)).or_default().insert(host);
        }
    }
    names
}

/// What tshark has read in a recording of this folder, one a line: protocol, both ends, name.
fn stored(text: &str) -> Names {
    let mut names = Names::new();
    for line in fs::read_to_string(folder().join(text)).unwrap().lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [protocol, one, other, name] = fields[..] else { panic!("{line}") };
        let ends = ends(protocol, one.to_owned(), other.to_owned());
        names.entry(ends).or_default().insert(name.to_owned());
    }
    names
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/names")
}

/// What is expected and not there.
fn missing(expected: &Names, got: &Names) -> Names {
    let mut missing = expected.clone();
    missing.retain(|ends, names| {
        names.retain(|name| !got.get(ends).is_some_and(|got| got.contains(name)));
        !names.is_empty()
    });
    missing
}

/// Every recording in the folders that `CROW_RECORDINGS` names, and the sample.
fn recordings() -> Vec<PathBuf> {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample.pcapng.gz");
    let mut recordings = vec![sample, folder().join("odd.pcap")];
    let folders = std::env::var_os("CROW_RECORDINGS").unwrap_or_default();
    for folder in std::env::split_paths(&folders).filter(|folder| folder.is_dir()) {
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        recordings.extend(files.filter(|file| {
            file.extension().is_some_and(|kind| ["pcap", "pcapng", "cap"].iter().any(|known| kind == *known))
        }));
    }
    recordings.sort();
    recordings
}

#[test]
fn odd_beginnings_are_named() {
    let missing = missing(&stored("odd.txt"), &by_crow(&folder().join("odd.pcap")));
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn names_on_other_links_in_tunnels_and_in_fragments_are_found() {
    let missing = missing(&stored("carried.txt"), &by_crow(&folder().join("carried.pcapng")));
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn each_connection_asks_for_what_tshark_reads() {
    for recording in recordings() {
        let Some(expected) = by_tshark(&recording) else {
            eprintln!("left out: tshark is not installed");
            return;
        };
        let got = by_crow(&recording);
        let missing = missing(&expected, &got);
        eprintln!(
            "{}: {} names, {} more by Crow",
            recording.display(),
            expected.len(),
            got.len().saturating_sub(expected.len())
        );
        assert!(missing.is_empty(), "{}: {missing:#?}", recording.display());
        assert!(!got.is_empty() || expected.is_empty());
    }
}
