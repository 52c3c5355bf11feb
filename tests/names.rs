//! The names that clients ask for, beside what tshark reads in the same recording.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test may panic, and says what it leaves out"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A connection: its protocol, and its two ends in order.
type Ends = (String, [String; 2]);

fn ends(protocol: &str, one: String, other: String) -> Ends {
    let mut ends = [one, other];
    ends.sort();
    (protocol.to_owned(), ends)
}

/// What tshark reads, or nothing where it is not installed.
fn by_tshark(recording: &Path) -> Option<BTreeMap<Ends, String>> {
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
    let mut names = BTreeMap::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split(';').collect();
        let [v4, v6, v4_to, v6_to, tcp, tcp_to, udp, udp_to, name] = fields[..] else { panic!("{line}") };
        let protocol = if tcp.is_empty() { "udp" } else { "tcp" };
        let end = |v4: &str, v6: &str, port: String| {
            if v6.is_empty() { format!("{v4}:{port}") } else { format!("[{v6}]:{port}") }
        };
        let from = end(v4, v6, format!("{tcp}{udp}"));
        let to = end(v4_to, v6_to, format!("{tcp_to}{udp_to}"));
        names.entry(ends(protocol, from, to)).or_insert_with(|| name.to_lowercase());
    }
    Some(names)
}

/// What Crow reads.
fn by_crow(recording: &Path) -> BTreeMap<Ends, String> {
    let mut crow = Command::new(env!("CARGO_BIN_EXE_crow"));
    let output = crow.args(["--headless", "--json", "--replay"]).arg(recording).output().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let connections = document.get("connections").unwrap().as_array().unwrap();
    let text = |row: &serde_json::Value, field: &str| row.get(field).unwrap().as_str().map(str::to_owned);
    connections
        .iter()
        .filter(|row| matches!(text(row, "host_source").as_deref(), Some("sni" | "quic")))
        .map(|row| {
            let [protocol, local, remote, host] =
                ["protocol", "local", "remote", "host"].map(|field| text(row, field).unwrap());
            (ends(&protocol, local, remote), host)
        })
        .collect()
}

/// Every recording in the folders that `CROW_RECORDINGS` names, and the sample.
fn recordings() -> Vec<PathBuf> {
    let mut recordings = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample.pcapng")];
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
fn each_connection_asks_for_what_tshark_reads() {
    for recording in recordings() {
        let Some(expected) = by_tshark(&recording) else {
            eprintln!("left out: tshark is not installed");
            return;
        };
        let mut missing = expected.clone();
        let got = by_crow(&recording);
        missing.retain(|ends, name| got.get(ends) != Some(name));
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
