//! What it costs to decode a frame, by link type and snap length; etherparse's whole-packet slicer is the yardstick.
//!
//! Each figure is the time for 64 frames of one kind: divide by 64.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark may panic")]

#[path = "../tests/recordings/frames.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod frames;

use crow::capture::file::{Item, Recording};
use crow::wire::{LinkType, dns, frame};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};

const KINDS: [&str; 8] = [
    "ethernet tcp",
    "ethernet udp",
    "ethernet tcp6",
    "qinq tcp",
    "pppoe tcp",
    "sll2 tcp",
    "null tcp",
    "ipv6 3 extensions",
];
const SNAPLENS: [usize; 2] = [96, 2000];
const BATCH: usize = 64;

fn main() {
    divan::main();
}

/// A batch of frames of one kind, each in memory of its own as a capture ring has them.
fn batch(kind: &str, snaplen: usize) -> (LinkType, Vec<(Vec<u8>, u32)>) {
    let tcp = frames::v4_tcp(1400);
    let tcp6 = frames::v6(6, &frames::tcp((50_000, 443), 12, 1400));
    let chain = [frames::options(60), frames::options(60), frames::options(17)].concat();
    let chain = frames::v6(0, &[&chain[..], &frames::udp((9, 10), 20)].concat());
    let (link, frame) = match kind {
        "ethernet tcp" => (LinkType::ETHERNET, frames::ethernet(&[], &tcp)),
        "ethernet udp" => (LinkType::ETHERNET, frames::ethernet(&[], &frames::v4_udp(1400))),
        "ethernet tcp6" => (LinkType::ETHERNET, frames::ethernet(&[], &tcp6)),
        "qinq tcp" => (LinkType::ETHERNET, frames::ethernet(&[(0x88a8, 9), (0x8100, 7)], &tcp)),
        "pppoe tcp" => (LinkType::ETHERNET, frames::pppoe(&tcp)),
        "sll2 tcp" => (LinkType::LINUX_SLL2, frames::sll2(4, 3, &tcp)),
        "null tcp" => (LinkType::NULL, frames::null(&tcp, false)),
        _ => (LinkType::ETHERNET, frames::ethernet(&[], &chain)),
    };
    let wire_len = u32::try_from(frame.len()).unwrap();
    let captured = frame[..frame.len().min(snaplen)].to_vec();
    (link, vec![(captured, wire_len); BATCH])
}

#[divan::bench(args = KINDS, consts = SNAPLENS)]
fn decode<const SNAPLEN: usize>(bencher: Bencher<'_, '_>, kind: &str) {
    let (link, frames) = batch(kind, SNAPLEN);
    assert!(frame::decode(link, &frames[0].0, frames[0].1).unwrap().transport.source_port != 0);
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        for (bytes, wire_len) in &frames {
            let _ = black_box(frame::decode(link, black_box(bytes), *wire_len));
        }
    });
}

#[divan::bench(args = ["ethernet tcp", "ethernet udp", "ethernet tcp6", "qinq tcp"], consts = SNAPLENS)]
fn etherparse_lax_sliced_packet<const SNAPLEN: usize>(bencher: Bencher<'_, '_>, kind: &str) {
    let (_, frames) = batch(kind, SNAPLEN);
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        for (bytes, _) in &frames {
            let _ = black_box(etherparse::LaxSlicedPacket::from_ethernet(black_box(bytes)));
        }
    });
}

/// Reading a file that is in memory: the cost of a record beside that of its frame.
#[divan::bench(args = ["radar-101007576-iperf.pcapng", "derived_lo0_udp_pktap_v1.pcap"])]
fn read_recording(bencher: Bencher<'_, '_>, name: &str) {
    let path = format!("{}/tests/fixtures/pktap/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes: &'static [u8] = std::fs::read(path).unwrap().leak();
    bencher.bench_local(|| {
        let mut recording = Recording::from_bytes(bytes).unwrap();
        while let Some(item) = recording.read().unwrap() {
            if let Item::Frame(frame) = item {
                black_box(frame);
            }
        }
    });
}

/// An answer with one alias and two addresses.
#[divan::bench]
fn dns_answer(bencher: Bencher<'_, '_>) {
    let message: &[u8] = b"\x12\x34\x81\x80\0\x01\0\x03\0\0\0\0\x03www\x07example\x03com\0\0\x01\0\x01\
        \xc0\x0c\0\x05\0\x01\0\0\x01\x2c\0\x06\x03cdn\xc0\x10\
        \xc0\x2d\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01\
        \xc0\x2d\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x02";
    assert_eq!(dns::answers(message).unwrap().answers[1].name, "www.example.com");
    bencher.bench_local(|| black_box(dns::answers(black_box(message))));
}
