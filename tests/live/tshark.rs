//! What tshark reads in a recording: bytes and packets of each conversation, from one end to the other.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::Command;

use crate::world::run;

/// One end of a conversation; the port is 0 where the protocol has none.
pub(crate) type End = (IpAddr, u16);

/// Which packets: the protocol as Crow writes it, sender, receiver.
pub(crate) type Way = (String, End, End);

/// IP bytes and packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) bytes: u64,
    pub(crate) packets: u64,
}

/// The fields asked of tshark, in the order of the columns.
#[rustfmt::skip]
const FIELDS: [&str; 12] = [
    "ip.version", "ip.src", "ip.dst", "ip.len", "ip.proto", "ipv6.src", "ipv6.dst", "ipv6.plen",
    "udp.srcport", "udp.dstport", "tcp.srcport", "tcp.dstport",
];

/// The length of an IPv6 header, which its payload length leaves out (RFC 8200 §3).
const IPV6_HEADER: u64 = 40;

/// Whether tshark is here; otherwise says that the test is skipped.
pub(crate) fn available() -> bool {
    let found = Command::new("tshark").arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("skipped: tshark is not installed");
    }
    found
}

/// Sums up the IP packets of a recording. The outermost IP header counts.
#[track_caller]
pub(crate) fn conversations(file: &Path) -> BTreeMap<Way, Moved> {
    let mut tshark = Command::new("tshark");
    tshark.args(["-n", "-l", "-r"]).arg(file).args(["-Y", "ip || ipv6", "-T", "fields"]);
    // The first value of a field is that of the outermost header, with which an ICMP error's quotation comes later.
    tshark.args(["-E", "occurrence=f", "-E", "separator=/t"]);
    // Each packet for itself: nothing put together from several.
    for off in ["ip.defragment", "ipv6.defragment", "tcp.desegment_tcp_streams"] {
        tshark.args(["-o", &format!("{off}:FALSE")]);
    }
    for field in FIELDS.iter().chain(&["frame.protocols"]) {
        tshark.args(["-e", field]);
    }
    let output = String::from_utf8(run(&mut tshark).stdout).unwrap();
    let mut sums: BTreeMap<Way, Moved> = BTreeMap::new();
    for line in output.lines() {
        let (way, bytes) = packet(line);
        let sum = sums.entry(way).or_default();
        sum.bytes += bytes;
        sum.packets += 1;
    }
    sums
}

/// One line of tshark's columns.
#[track_caller]
fn packet(line: &str) -> (Way, u64) {
    let columns: Vec<&str> = line.split('\t').collect();
    let value = |field: &str| columns[FIELDS.iter().position(|name| *name == field).unwrap()];
    let stack: Vec<&str> = columns[FIELDS.len()].split(':').collect();
    let at = stack.iter().position(|layer| matches!(*layer, "ip" | "ipv6")).expect(line);
    let (version, bytes) = match stack[at] {
        "ip" => ("ip", value("ip.len").parse::<u64>().expect(line)),
        _ => ("ipv6", value("ipv6.plen").parse::<u64>().expect(line) + IPV6_HEADER),
    };
    // IPv6 puts extension headers in between.
    let transport = stack.iter().skip(at + 1).find(|layer| !layer.starts_with("ipv6."));
    let (protocol, ports) = match transport.copied() {
        Some(name @ ("tcp" | "udp")) => (name.to_owned(), Some(name)),
        Some(name @ ("icmp" | "icmpv6")) => (name.to_owned(), None),
        _ => (value("ip.proto").to_owned(), None),
    };
    let end = |address: &str, port: &str| {
        let address: IpAddr = value(&format!("{version}.{address}")).parse().expect(line);
        let port = ports.map_or(0, |name| value(&format!("{name}.{port}")).parse().expect(line));
        (address, port)
    };
    ((protocol, end("src", "srcport"), end("dst", "dstport")), bytes)
}

/// An end as Crow's document writes it: `1.2.3.4:443`, `[2001:db8::1]:443`, or an address alone.
#[track_caller]
pub(crate) fn end(text: &str) -> End {
    text.parse::<SocketAddr>()
        .map(|both| (both.ip(), both.port()))
        .or_else(|_| text.parse::<IpAddr>().map(|address| (address, 0)))
        .expect(text)
}

#[test]
fn columns_are_read() {
    let line = "4\t10.0.0.1\t10.0.0.2\t60\t6\t\t\t\t\t\t50000\t443\teth:ethertype:ip:tcp";
    let (from, to) = (end("10.0.0.1:50000"), end("10.0.0.2:443"));
    assert_eq!(packet(line), (("tcp".to_owned(), from, to), 60));
    let line = "6\t\t\t\t\tfe80::1\tff02::16\t36\t\t\t\t\teth:ethertype:ipv6:ipv6.hopopts:icmpv6";
    assert_eq!(packet(line), (("icmpv6".to_owned(), end("fe80::1"), end("ff02::16")), 76));
    let line = "4\t10.0.0.1\t10.0.0.2\t70\t1\t\t\t\t53\t9\t\t\tsll:ethertype:ip:icmp:ip:udp";
    assert_eq!(packet(line), (("icmp".to_owned(), end("10.0.0.1"), end("10.0.0.2")), 70));
    assert_eq!(end("[2001:db8::1]:443"), ("2001:db8::1".parse().unwrap(), 443));
}
