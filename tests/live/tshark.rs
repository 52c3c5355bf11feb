//! What tshark reads in a recording: bytes and packets of each conversation, from one end to the other.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::Command;

use crow::event::Direction;

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

/// The conversations of a recording.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Conversations {
    /// Over the network, by sender and receiver.
    pub(crate) network: BTreeMap<Way, Moved>,
    /// On loopback, as the sender's end shows it.
    pub(crate) sent: BTreeMap<Way, Moved>,
    /// On loopback, as the receiver's end shows it.
    pub(crate) received: BTreeMap<Way, Moved>,
}

impl Moved {
    /// One more packet.
    const fn add(&mut self, bytes: u64) {
        self.bytes += bytes;
        self.packets += 1;
    }
}

impl Conversations {
    /// How many ways packets went.
    pub(crate) fn len(&self) -> usize {
        self.network.len() + self.sent.len().max(self.received.len())
    }
}

/// Whether packets on this way stay on the machine.
pub(crate) fn is_loopback((_, from, to): &Way) -> bool {
    from.0.is_loopback() && to.0.is_loopback()
}

/// The fields asked of tshark, in the order of the columns.
#[rustfmt::skip]
const FIELDS: [&str; 14] = [
    "ip.version", "ip.src", "ip.dst", "ip.len", "ip.proto", "ipv6.src", "ipv6.dst", "ipv6.plen",
    "udp.srcport", "udp.dstport", "tcp.srcport", "tcp.dstport",
    "frame.packet_flags_direction", "frame.protocols",
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
pub(crate) fn conversations(file: &Path) -> Conversations {
    let mut tshark = Command::new("tshark");
    tshark.args(["-n", "-l", "-r"]).arg(file).args(["-Y", "ip || ipv6", "-T", "fields"]);
    // The first value of a field is that of the outermost header, with which an ICMP error's quotation comes later.
    tshark.args(["-E", "occurrence=f", "-E", "separator=/t"]);
    // Each packet for itself: nothing put together from several.
    for off in ["ip.defragment", "ipv6.defragment", "tcp.desegment_tcp_streams"] {
        tshark.args(["-o", &format!("{off}:FALSE")]);
    }
    for field in FIELDS {
        tshark.args(["-e", field]);
    }
    let output = String::from_utf8(run(&mut tshark).stdout).unwrap();
    let mut sums = Conversations::default();
    for line in output.lines() {
        let (way, bytes, direction) = packet(line);
        if !is_loopback(&way) {
            sums.network.entry(way).or_default().add(bytes);
            continue;
        }
        // A Mac sees a packet twice on loopback, sent and received; Linux once, and then it is both.
        if direction != Some(Direction::In) {
            sums.sent.entry(way.clone()).or_default().add(bytes);
        }
        if direction != Some(Direction::Out) {
            sums.received.entry(way).or_default().add(bytes);
        }
    }
    sums
}

/// One line of tshark's columns: the way, its IP bytes, and the direction where the recording says it.
#[track_caller]
fn packet(line: &str) -> (Way, u64, Option<Direction>) {
    let columns: Vec<&str> = line.split('\t').collect();
    let value = |field: &str| columns[FIELDS.iter().position(|name| *name == field).unwrap()];
    let stack: Vec<&str> = value("frame.protocols").split(':').collect();
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
    // pcapng's epb_flags: 1 is inbound, 2 outbound; tshark writes the number as it likes.
    let direction =
        match value("frame.packet_flags_direction").trim_start_matches("0x").trim_start_matches('0') {
            "1" => Some(Direction::In),
            "2" => Some(Direction::Out),
            _ => None,
        };
    ((protocol, end("src", "srcport"), end("dst", "dstport")), bytes, direction)
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
    let line = "4\t10.0.0.1\t10.0.0.2\t60\t6\t\t\t\t\t\t50000\t443\t\teth:ethertype:ip:tcp";
    let (from, to) = (end("10.0.0.1:50000"), end("10.0.0.2:443"));
    assert_eq!(packet(line), (("tcp".to_owned(), from, to), 60, None));
    let line = "6\t\t\t\t\tfe80::1\tff02::16\t36\t\t\t\t\t0x00000002\teth:ethertype:ipv6:ipv6.hopopts:icmpv6";
    let (from, to) = (end("fe80::1"), end("ff02::16"));
    assert_eq!(packet(line), (("icmpv6".to_owned(), from, to), 76, Some(Direction::Out)));
    let line = "4\t10.0.0.1\t10.0.0.2\t70\t1\t\t\t\t53\t9\t\t\t1\tsll:ethertype:ip:icmp:ip:udp";
    let (from, to) = (end("10.0.0.1"), end("10.0.0.2"));
    assert_eq!(packet(line), (("icmp".to_owned(), from, to), 70, Some(Direction::In)));
    assert_eq!(end("[2001:db8::1]:443"), ("2001:db8::1".parse().unwrap(), 443));
}
