//! Recordings of every format, made here or taken from Apple and tcpdump, read as a user's file would be.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

#[path = "recordings/frames.rs"]
mod frames;
#[path = "recordings/tshark.rs"]
mod tshark;
#[path = "recordings/writers.rs"]
mod writers;

use std::path::PathBuf;

use crow::capture::Error;
use crow::capture::Marks;
use crow::capture::file::{FIRST_INTERFACE, Item, Recording};
use crow::event::{InterfaceId, InterfaceKind};
use crow::wire::{LinkType, frame, pktap};

use frames::{ETHERNET, RAW, SLL2};
use writers::{Order, Pcapng, pcap};

const START: u64 = 1_795_291_200_123_456_789;

/// What a recording tells, a line an item: easy to compare, and to read when they differ.
fn told(bytes: Vec<u8>) -> Vec<String> {
    let mut recording = Recording::from_bytes(bytes).unwrap();
    let mut lines = Vec::new();
    loop {
        lines.push(match recording.read() {
            Ok(Some(Item::Interface { interface, link })) => {
                let number = interface.id.0 - FIRST_INTERFACE.0;
                format!("interface {number} {} {:?} link {}", interface.name, interface.kind, link.0)
            }
            Ok(Some(Item::Frame(frame))) => format!(
                "frame {} on {} link {} {}/{} {:?}",
                frame.time.as_nanos(),
                frame.interface.0 - FIRST_INTERFACE.0,
                frame.link.0,
                frame.bytes.len(),
                frame.wire_len,
                frame.direction
            ),
            Ok(Some(Item::Fault(sentence))) => sentence,
            Ok(None) => return lines,
            Err(err) => err.to_string(),
        });
    }
}

#[test]
fn pcap_in_both_orders_and_resolutions() {
    let packets = [
        (START, frames::ethernet(&[], &frames::v4_tcp(500))),
        (START + 1_000, frames::ethernet(&[], &frames::v6_udp(7))),
    ];
    for order in [Order::Little, Order::Big] {
        for nanosecond in [false, true] {
            let first = if nanosecond { START } else { START / 1000 * 1000 };
            let lines = told(pcap(order, nanosecond, ETHERNET, 96, &packets));
            let expected = [
                "interface 0 recording Physical link 1".to_owned(),
                format!("frame {first} on 0 link 1 96/566 None"),
                format!("frame {} on 0 link 1 69/69 None", first + 1_000),
            ];
            assert_eq!(lines, expected, "{order:?}, nanoseconds {nanosecond}");
        }
    }
}

#[test]
fn a_frame_check_sequence_in_the_header_is_not_the_link_type() {
    let mut file = pcap(Order::Little, false, ETHERNET, 96, &[]);
    file[20..24].copy_from_slice(&0x4400_0001_u32.to_le_bytes());
    assert_eq!(told(file), ["interface 0 recording Physical link 1"]);
}

#[test]
fn pcapng_with_sections_interfaces_and_every_packet_block() {
    let udp = frames::v4_udp(10); // 38 bytes
    for (order, other) in [(Order::Little, Order::Big), (Order::Big, Order::Little)] {
        let mut file = Pcapng::new(order);
        file.interface(RAW, 0, &[(2, b"en0"), (9, &[9])]);
        let offset = order.u64(1_000_000_000);
        file.interface(SLL2, 20, &[(2, b"lo0"), (14, &offset)]);
        file.block(0x0bad, b"nobody knows this");
        let inbound = order.u32(1);
        let outbound = order.u32(2);
        file.enhanced(0, START, &udp, &[(2, &inbound)]);
        file.enhanced(1, 5_000_001, &udp, &[(2, &outbound)]);
        file.obsolete(1, 6_000_000, &udp);
        file.section(other);
        file.interface(RAW, 20, &[(9, &[0x8a])]);
        file.enhanced(0, 1024 + 512, &udp, &[]);
        file.simple(&udp[..20], 38);
        let expected = [
            "interface 0 en0 Physical link 101".to_owned(),
            "interface 1 lo0 Loopback link 276".to_owned(),
            format!("frame {START} on 0 link 101 38/38 Some(In)"),
            "frame 1000000005000001000 on 1 link 276 38/38 Some(Out)".to_owned(),
            "frame 1000000006000000000 on 1 link 276 38/38 None".to_owned(),
            "interface 2 recording 3 Physical link 101".to_owned(),
            "frame 1500000000 on 2 link 101 38/38 None".to_owned(),
            "frame 1500000000 on 2 link 101 20/38 None".to_owned(),
        ];
        assert_eq!(told(file.file), expected, "{order:?}");
    }
}

#[test]
fn link_types_that_are_not_read_are_said_once_and_counted() {
    let mut file = Pcapng::new(Order::Little);
    file.interface(147, 0, &[(2, b"mon0")]);
    file.interface(RAW, 0, &[(2, b"utun3")]);
    let udp = frames::v4_udp(10);
    for at in 0..5 {
        file.enhanced(0, at, &udp, &[]);
    }
    file.enhanced(1, 9, &udp, &[]);
    let expected = [
        "interface 0 mon0 Physical link 147",
        "The packets of interface mon0 are left out: Crow does not read their link type, 147.",
        "interface 1 utun3 Tunnel link 101",
        "frame 9000 on 1 link 101 38/38 None",
    ];
    assert_eq!(told(file.file.clone()), expected);
    let mut recording = Recording::from_bytes(file.file).unwrap();
    while recording.read().unwrap().is_some() {}
    assert_eq!((recording.packets(), recording.skipped()), (6, 5));
}

#[test]
fn damage_is_one_sentence_after_everything_before_it() {
    let udp = frames::v4_udp(10);
    let good = || {
        let mut file = Pcapng::new(Order::Little);
        file.interface(RAW, 0, &[(2, b"en0")]);
        file.enhanced(0, 1, &udp, &[]);
        file
    };
    let broken = |change: &dyn Fn(&mut Pcapng)| {
        let mut file = good();
        change(&mut file);
        file.enhanced(0, 2, &udp, &[]);
        told(file.file).split_off(2)
    };
    let word = |value: u32| value.to_le_bytes();
    #[rustfmt::skip]
    let cases: [(&str, Vec<String>); 6] = [
        ("a packet of an interface that is not described", broken(&|file| file.enhanced(7, 2, &udp, &[]))),
        ("a block whose length cannot be", broken(&|file| file.file.extend([word(6), word(8)].concat()))),
        ("a block whose length cannot be", broken(&|file| file.file.extend([word(6), word(33), word(0)].concat()))),
        ("a block longer than any can be", broken(&|file| file.file.extend([word(6), word(64 << 20)].concat()))),
        ("a block whose lengths contradict each other", broken(&|file| file.block(6, &[word(0), word(0), word(0), word(900), word(900)].concat()))),
        ("a process without a pid", broken(&|file| file.block(0x8000_0001, &[]))),
    ];
    for (what, lines) in cases {
        assert_eq!(
            lines,
            [format!("the recording is damaged after packet 1 ({what}): everything before that was read")]
        );
    }
    let mut file = pcap(Order::Little, false, RAW, 96, &[(START, udp.clone())]);
    file.extend([[0; 4], [0; 4], word(1 << 30), word(1 << 30)].concat());
    let lines = told(file);
    assert_eq!(
        lines[2],
        "the recording is damaged after packet 1 (a packet longer than any can be): everything before that was read"
    );
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pktap").join(name)
}

/// `interface direction pid name effective-pid ip-bytes`, a line a packet, from PKTAP headers or from Apple's options.
fn owners(name: &str) -> Vec<String> {
    let mut recording = Recording::open(&fixture(name)).unwrap();
    let mut lines = Vec::new();
    let mut interfaces: Vec<(InterfaceId, String)> = Vec::new();
    while let Some(item) = recording.read().unwrap() {
        let frame = match item {
            Item::Interface { interface, .. } => {
                interfaces.push((interface.id, interface.name));
                continue;
            }
            Item::Fault(sentence) => panic!("{sentence}"),
            Item::Frame(frame) => frame,
        };
        if matches!(frame.link, LinkType::PKTAP | LinkType::PKTAP_USER2) {
            let header = pktap::read(frame.bytes).unwrap();
            let len = u32::try_from(header.len).unwrap();
            let packet =
                frame::decode(header.link, &frame.bytes[header.len..], frame.wire_len - len).unwrap();
            lines.push(format!(
                "{} {:?} {} {} {} {}",
                header.interface,
                header.direction.unwrap(),
                header.pid,
                header.name,
                header.effective_pid,
                packet.ip_bytes
            ));
        } else {
            let tag = frame.tag.unwrap();
            let packet = frame::decode(frame.link, frame.bytes, frame.wire_len).unwrap();
            let interface = &interfaces.iter().find(|(id, _)| *id == frame.interface).unwrap().1;
            lines.push(format!(
                "{interface} {:?} {} {} {} {}",
                frame.direction.unwrap(),
                tag.pid,
                tag.name,
                tag.effective_pid,
                packet.ip_bytes
            ));
        }
    }
    lines
}

#[test]
fn tcpdumps_own_pktap_files() {
    for name in ["LINKTYPE_PKTAP.pcap", "LINKTYPE_USER2_PKTAP.pcap"] {
        assert_eq!(owners(name), ["en0 Out 512  -1 60"], "{name}");
    }
}

#[test]
fn apples_iperf_shows_both_ends_of_loopback() {
    let plain = owners("radar-101007576-iperf.pcapng");
    assert_eq!(plain.len(), 24);
    for (at, line) in plain.iter().take(8).enumerate() {
        let expected = if at % 2 == 0 { "lo0 Out 53245 iperf" } else { "lo0 In 53147 iperf" };
        assert!(line.starts_with(expected), "{line}");
        assert!(line.ends_with(" 1468"), "{line}");
    }
    assert_eq!(owners("derived_lo0_udp_pktap_v1.pcap"), plain, "behind headers of version 1");
    assert_eq!(owners("derived_lo0_udp_pktap_v2_dlt149.pcap"), plain, "behind headers of version 2");
}

#[test]
fn apples_packetdrill_runs_in_a_tunnel() {
    let plain = owners("radar-88502733.pcapng");
    let expected = [
        "utun3 Out 554 packetdrill -1 64",
        "utun3 In 554 packetdrill -1 60",
        "utun3 Out 554 packetdrill -1 52",
        "utun3 Out -1  -1 40",
    ];
    assert_eq!(plain, expected);
    assert_eq!(owners("derived_utun3_tcp_pktap_v1.pcap").len(), 4);
    let mut recording = Recording::open(&fixture("radar-88502733.pcapng")).unwrap();
    let Some(Item::Interface { interface, link }) = recording.read().unwrap() else { panic!("no interface") };
    assert_eq!((interface.kind, link), (InterfaceKind::Tunnel, LinkType::NULL));
    let Some(Item::Frame(frame)) = recording.read().unwrap() else { panic!("no frame") };
    assert_eq!(frame.time.to_string(), "2022-02-04T20:45:00.533Z");
}

#[test]
fn apples_options_in_either_byte_order() {
    for order in [Order::Little, Order::Big] {
        let mut file = Pcapng::new(order);
        file.interface(RAW, 0, &[(2, b"en0")]);
        file.process(501, &[(2, b"nsurlsessiond"), (3, b"/usr/libexec/nsurlsessiond")]);
        file.process(77, &[(2, b"Podcasts\0")]);
        let (zero, one, nine, marks) = (order.u32(0), order.u32(1), order.u32(9), order.u32(0x30 | 4));
        let udp = frames::v4_udp(10);
        file.enhanced(0, 1, &udp, &[(0x8001, &zero), (0x8003, &one), (0x8004, &marks)]);
        file.enhanced(0, 2, &udp, &[(0x8001, &nine)]);
        file.enhanced(0, 3, &udp, &[]);
        let mut recording = Recording::from_bytes(file.file).unwrap();
        recording.read().unwrap();
        let Some(Item::Frame(frame)) = recording.read().unwrap() else { panic!("no frame") };
        let tag = frame.tag.unwrap();
        assert_eq!((tag.pid, tag.name, tag.path), (501, "nsurlsessiond", Some("/usr/libexec/nsurlsessiond")));
        assert_eq!((tag.effective_pid, tag.effective_name, tag.effective_path), (77, "Podcasts", None));
        assert!(
            tag.marks.has(Marks::RETRANSMIT) && tag.marks.has(Marks::WAKE) && !tag.marks.has(Marks::NEW_FLOW)
        );
        let Some(Item::Frame(frame)) = recording.read().unwrap() else { panic!("no frame") };
        assert_eq!(frame.tag.map(|tag| (tag.pid, tag.name)), Some((-1, "")), "a place outside the list");
        let Some(Item::Frame(frame)) = recording.read().unwrap() else { panic!("no frame") };
        assert_eq!(frame.tag, None);
    }
}

#[test]
fn a_fuzzed_file_is_only_unreadable() {
    let mut recording = Recording::open(&fixture("pktap-heap-overflow.pcap")).unwrap();
    let (mut frames, mut unreadable) = (0, 0);
    let end = loop {
        match recording.read() {
            Ok(Some(Item::Frame(frame))) => {
                frames += 1;
                unreadable += usize::from(pktap::read(frame.bytes).is_err());
            }
            Ok(Some(_)) => {}
            Ok(None) => break None,
            Err(err) => break Some(err),
        }
    };
    assert_eq!((frames, unreadable), (2, 2));
    assert!(matches!(end, None | Some(Error::Truncated { .. } | Error::Corrupt { .. })), "{end:?}");
}
