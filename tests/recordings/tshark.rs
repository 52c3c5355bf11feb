//! Compares what Crow reads with what tshark reads, packet by packet.

use std::collections::BTreeSet;
use std::process::Command;

use crow::capture::file::{Item, Recording};
use crow::wire::frame;

use super::frames::{self, ETHERNET, LOOP, NULL, PPP, RAW, SLL, SLL2};
use super::writers::{Order, pcap};

/// `source destination protocol source-port destination-port bytes`, or nothing for what is not IP.
fn crow_lines(file: &std::path::Path) -> Vec<String> {
    let mut recording = Recording::open(file).unwrap();
    let mut lines = Vec::new();
    while let Some(item) = recording.read().unwrap() {
        let Item::Frame(frame) = item else { continue };
        lines.push(match frame::decode(frame.link, frame.bytes, frame.wire_len) {
            Ok(packet) => format!(
                "{} {} {} {} {} {}",
                packet.source,
                packet.destination,
                packet.transport.protocol.0,
                packet.transport.source_port,
                packet.transport.destination_port,
                packet.ip_bytes
            ),
            Err(_) => String::new(),
        });
    }
    lines
}

/// The same from tshark: the first occurrence of each field, which is the outer header.
fn tshark_lines(file: &std::path::Path) -> Vec<String> {
    #[rustfmt::skip]
    let fields = [
        "ip.src", "ip.dst", "ip.proto", "ip.len", "ipv6.src", "ipv6.dst", "ipv6.plen", "frame.protocols",
        "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport", "ip.frag_offset", "ipv6.fraghdr.offset", "ipv6.nxt",
    ];
    let mut command = Command::new("tshark");
    command.args(["-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE"]).arg("-r").arg(file);
    command.args(["-T", "fields", "-E", "separator=|", "-E", "occurrence=a", "-E", "aggregator=;"]);
    for field in fields {
        command.args(["-e", field]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(tshark_line).collect()
}

fn tshark_line(line: &str) -> String {
    let fields: Vec<Vec<&str>> = line.split('|').map(|field| field.split(';').collect()).collect();
    let first = |index: usize| fields[index][0];
    let protocols: Vec<&str> = fields[7][0].split(':').collect();
    let outer = protocols.iter().position(|name| ["ip", "ipv6"].contains(name));
    let Some(outer) = outer else { return String::new() };
    let (source, destination, bytes, protocol) = if protocols[outer] == "ip" {
        (
            first(0),
            first(1),
            first(3).parse::<u32>().unwrap(),
            final_protocol(first(2), &protocols[outer + 1..]),
        )
    } else {
        let bytes = first(6).parse::<u32>().unwrap() + 40;
        (first(4), first(5), bytes, final_protocol(first(14), &protocols[outer + 1..]))
    };
    let later = |index: usize| !["", "0"].contains(&first(index));
    let ports = match protocol.as_str() {
        _ if later(12) || later(13) => ("0", "0"),
        "6" => (first(8), first(9)),
        "17" => (first(10), first(11)),
        _ => ("0", "0"),
    };
    format!("{source} {destination} {protocol} {} {} {bytes}", ports.0, ports.1)
}

/// The number of the protocol behind extension headers: tshark gives the header's own number, and the names of
/// what it found behind it.
fn final_protocol(number: &str, behind: &[&str]) -> String {
    if !["0", "43", "44", "51", "60"].contains(&number) {
        return number.to_owned();
    }
    let name = behind.iter().find(|name| !name.starts_with("ipv6.") && **name != "ah");
    match name.copied() {
        Some("tcp") => "6".to_owned(),
        // A later fragment is `data` to tshark: the mixture has UDP ones only.
        Some("udp" | "data") => "17".to_owned(),
        Some("icmpv6") => "58".to_owned(),
        // Cut inside an authentication header: what it protects is not known.
        None if behind.last() == Some(&"ah") => "51".to_owned(),
        other => panic!("tshark found {other:?} behind extension headers: {number} {behind:?}"),
    }
}

#[test]
fn every_packet_is_read_as_tshark_reads_it() {
    if Command::new("tshark").arg("--version").output().is_err() {
        eprintln!("tshark is not installed: nothing is compared");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut protocols = BTreeSet::new();
    let mut compared = 0;
    for link in [ETHERNET, NULL, LOOP, RAW, PPP, SLL, SLL2] {
        let packets: Vec<_> = frames::mixture()
            .into_iter()
            .filter(|(of, _)| *of == link)
            .enumerate()
            .map(|(at, (_, bytes))| (1_795_291_200_000_000_000 + at as u64 * 1_000_000, bytes))
            .collect();
        for snaplen in [65_535, 192, 96] {
            let file = folder.path().join(format!("{link}-{snaplen}.pcap"));
            std::fs::write(&file, pcap(Order::Little, false, link, snaplen, &packets)).unwrap();
            let (ours, theirs) = (crow_lines(&file), tshark_lines(&file));
            assert_eq!(ours.len(), packets.len());
            assert_eq!(theirs.len(), packets.len());
            for (at, (our, their)) in ours.iter().zip(&theirs).enumerate() {
                assert_eq!(our, their, "link type {link}, snap length {snaplen}, packet {}", at + 1);
                protocols.extend(our.split(' ').nth(2).map(str::to_owned));
                compared += 1;
            }
        }
    }
    eprintln!("{compared} packets compared");
    for protocol in ["1", "4", "6", "17", "47", "58", "59", "132"] {
        assert!(protocols.contains(protocol), "protocol {protocol} was never compared");
    }
}
