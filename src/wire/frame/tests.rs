//! Tests of reading frames.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use proptest::prelude::*;

use super::*;
use crate::event::Direction;

/// 10.0.0.2:50000 → 93.184.216.34:443, sequence 1, ACK|PSH, payload "hello".
const V4_TCP: &[u8] = &[
    0x45, 0, 0, 45, 0x12, 0x34, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 2, 93, 184, 216, 34, // IP
    0xc3, 0x50, 0x01, 0xbb, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0, // TCP
    b'h', b'e', b'l', b'l', b'o',
];
/// `[fe80::1]:5353` → `[ff02::fb]:5353`, payload "hi".
const V6_UDP: &[u8] = &[
    0x60, 0, 0, 0, 0, 10, 17, 255, // IP
    0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, // source
    0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfb, // destination
    0x14, 0xe9, 0x14, 0xe9, 0, 10, 0, 0, b'h', b'i', // UDP
];
const MACS: [u8; 12] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];

fn read(link: LinkType, bytes: &[u8]) -> Result<Packet<'_>> {
    decode(link, bytes, length(bytes.len()))
}

fn ethernet(after_macs: &[u8], ip: &[u8]) -> Vec<u8> {
    [&MACS, after_macs, ip].concat()
}

fn sll(packet_type: u8, hardware: u16, protocol: u16, ip: &[u8]) -> Vec<u8> {
    let [a, b] = hardware.to_be_bytes();
    let [c, d] = protocol.to_be_bytes();
    [&[0, packet_type, a, b, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, c, d], ip].concat()
}

fn sll2(packet_type: u8, hardware: u16, protocol: u16, ip: &[u8]) -> Vec<u8> {
    let [a, b] = hardware.to_be_bytes();
    let [c, d] = protocol.to_be_bytes();
    [&[c, d, 0, 0, 0, 0, 1, 7, a, b, packet_type, 6, 2, 0, 0, 0, 0, 1, 0, 0], ip].concat()
}

/// An IPv6 packet with `chain` between its header and the transport.
fn v6(next: u8, chain: &[u8]) -> Vec<u8> {
    let mut bytes = V6_UDP[..40].to_vec();
    bytes[6] = next;
    bytes[4..6].copy_from_slice(&u16::try_from(chain.len()).unwrap().to_be_bytes());
    [&bytes, chain].concat()
}

/// An IPv4 packet: one byte changed, at `offset`.
fn v4_with(offset: usize, value: u8) -> Vec<u8> {
    let mut bytes = V4_TCP.to_vec();
    bytes[offset] = value;
    bytes
}

fn assert_v4_tcp(packet: &Packet<'_>, case: &str) {
    assert_eq!(packet.ip_bytes, 45, "{case}");
    assert_eq!(packet.source.to_string(), "10.0.0.2", "{case}");
    assert_eq!(packet.destination.to_string(), "93.184.216.34", "{case}");
    assert_eq!(
        packet.transport,
        Transport {
            protocol: Protocol::TCP,
            source_port: 50000,
            destination_port: 443,
            tcp: Some(Tcp { sequence: 1, acknowledgment: 2, flags: TcpFlags(0x18) }),
            payload: b"hello",
            payload_len: 5,
            fragment: None,
        },
        "{case}"
    );
}

fn assert_v6_udp(packet: &Packet<'_>, case: &str) {
    assert_eq!(packet.ip_bytes, 50, "{case}");
    assert_eq!(packet.source.to_string(), "fe80::1", "{case}");
    assert_eq!(packet.destination.to_string(), "ff02::fb", "{case}");
    assert_eq!(
        packet.transport,
        Transport {
            protocol: Protocol::UDP,
            source_port: 5353,
            destination_port: 5353,
            tcp: None,
            payload: b"hi",
            payload_len: 2,
            fragment: None,
        },
        "{case}"
    );
}

fn linked(header: &[u8], ip: &[u8]) -> Vec<u8> {
    [header, ip].concat()
}

/// One frame of every link type, with the IPv4 packet and then with the IPv6 packet.
#[rustfmt::skip]
fn links() -> Vec<(&'static str, LinkType, Vec<u8>, Vec<u8>)> {
    let both = |name, link, four: &[u8], six: &[u8]| (name, link, linked(four, V4_TCP), linked(six, V6_UDP));
    let ether = |name, four: &[u8], six: &[u8]| {
        (name, LinkType::ETHERNET, ethernet(four, V4_TCP), ethernet(six, V6_UDP))
    };
    vec![
        ether("Ethernet", &[8, 0], &[0x86, 0xdd]),
        ether("802.1Q", &[0x81, 0, 0, 7, 8, 0], &[0x81, 0, 0, 7, 0x86, 0xdd]),
        ether("802.1ad", &[0x88, 0xa8, 0, 9, 0x81, 0, 0, 7, 8, 0], &[0x88, 0xa8, 0, 9, 0x81, 0, 0, 7, 0x86, 0xdd]),
        ether("0x9100", &[0x91, 0, 0, 9, 0x81, 0, 0, 7, 8, 0], &[0x92, 0, 0, 9, 0x81, 0, 0, 7, 0x86, 0xdd]),
        ether("PPPoE", &[0x88, 0x64, 0x11, 0, 0, 1, 0, 47, 0, 0x21], &[0x88, 0x64, 0x11, 0, 0, 1, 0, 52, 0, 0x57]),
        ether("SNAP", &[0, 53, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &[0, 58, 0xaa, 0xaa, 3, 0, 0, 0, 0x86, 0xdd]),
        both("NULL little-endian", LinkType::NULL, &[2, 0, 0, 0], &[30, 0, 0, 0]),
        both("NULL big-endian", LinkType::NULL, &[0, 0, 0, 2], &[0, 0, 0, 30]),
        both("NULL FreeBSD", LinkType::NULL, &[2, 0, 0, 0], &[28, 0, 0, 0]),
        both("LOOP", LinkType::LOOP, &[0, 0, 0, 2], &[0, 0, 0, 24]),
        both("RAW", LinkType::RAW, &[], &[]),
        both("RAW 12", LinkType::RAW_BSD, &[], &[]),
        both("RAW 14", LinkType::RAW_OPENBSD, &[], &[]),
        both("PPP", LinkType::PPP, &[0, 0x21], &[0, 0x57]),
        both("PPP compressed", LinkType::PPP, &[0x21], &[0x57]),
        both("PPP framed", LinkType::PPP, &[0xff, 3, 0, 0x21], &[0xff, 3, 0, 0x57]),
        both("PPP framed and compressed", LinkType::PPP_HDLC, &[0xff, 3, 0x21], &[0xff, 3, 0x57]),
        both("Cisco HDLC", LinkType::PPP_HDLC, &[0x0f, 0, 8, 0], &[0x8f, 0, 0x86, 0xdd]),
        ("SLL", LinkType::LINUX_SLL, sll(0, 1, 0x800, V4_TCP), sll(0, 1, 0x86dd, V6_UDP)),
        ("SLL2", LinkType::LINUX_SLL2, sll2(0, 1, 0x800, V4_TCP), sll2(0, 1, 0x86dd, V6_UDP)),
    ]
}

#[test]
fn every_link_type() {
    for (name, link, four, six) in links() {
        assert!(supports(link), "{name}");
        assert_v4_tcp(&read(link, &four).unwrap(), name);
        assert_v6_udp(&read(link, &six).unwrap(), name);
    }
    assert_v4_tcp(&read(LinkType::IPV4, V4_TCP).unwrap(), "IPV4");
    assert_v6_udp(&read(LinkType::IPV6, V6_UDP).unwrap(), "IPV6");
    assert_eq!(read(LinkType::IPV4, V6_UDP), Err(Error::Malformed));
    assert_eq!(read(LinkType::IPV6, V4_TCP), Err(Error::Malformed));
    assert_eq!(read(LinkType(147), V4_TCP), Err(Error::Unsupported));
    assert!(!supports(LinkType(147)));
    assert!(supports(LinkType::PKTAP) && supports(LinkType::PKTAP_USER2));
}

#[test]
fn what_cooked_headers_say() {
    #[rustfmt::skip]
    let cases = [
        // packet type, ARPHRD,  direction,          other host, loopback
        (0, 1,   Some(Direction::In),  false, false),
        (1, 1,   Some(Direction::In),  false, false),
        (2, 1,   Some(Direction::In),  false, false),
        (3, 1,   None,                 true,  false),
        (4, 1,   Some(Direction::Out), false, false),
        (0, 772, Some(Direction::In),  false, true),
        (4, 772, Some(Direction::Out), false, true),
        (0, 0xfffe, Some(Direction::In), false, false), // ARPHRD_NONE: tun
    ];
    for (packet_type, hardware, direction, other_host, loopback) in cases {
        let one = sll(packet_type, hardware, 0x800, V4_TCP);
        let two = sll2(packet_type, hardware, 0x800, V4_TCP);
        let (one, two) =
            (read(LinkType::LINUX_SLL, &one).unwrap(), read(LinkType::LINUX_SLL2, &two).unwrap());
        for packet in [one, two] {
            assert_eq!(packet.direction, direction, "packet type {packet_type}");
            assert_eq!(packet.other_host, other_host, "packet type {packet_type}");
            assert_eq!(packet.loopback, loopback, "hardware {hardware}");
        }
        assert_eq!(one.interface_index, None);
        assert_eq!(two.interface_index, Some(0x107));
    }
    let tagged = sll(0, 1, 0x8100, &[&[0, 7, 8, 0], V4_TCP].concat());
    assert_v4_tcp(&read(LinkType::LINUX_SLL, &tagged).unwrap(), "a tag after the cooked header");
    assert_eq!(read(LinkType::LINUX_SLL, &sll(0, 824, 0x800, V4_TCP)), Err(Error::Unsupported));
}

#[test]
fn what_is_not_ip() {
    #[rustfmt::skip]
    let cases: [(&str, LinkType, Vec<u8>, Error); 12] = [
        ("ARP", LinkType::ETHERNET, ethernet(&[8, 6], &[0; 28]), Error::Unsupported),
        ("spanning tree", LinkType::ETHERNET, ethernet(&[0, 38], &[0x42; 38]), Error::Unsupported),
        ("PPPoE discovery", LinkType::ETHERNET, ethernet(&[0x88, 0x63, 0x11, 9], &[0; 20]), Error::Unsupported),
        ("PPPoE with a code", LinkType::ETHERNET, ethernet(&[0x88, 0x64, 0x11, 1], &[0; 20]), Error::Unsupported),
        ("PPPoE version 2", LinkType::ETHERNET, ethernet(&[0x88, 0x64, 0x22, 0], &[0; 20]), Error::Malformed),
        ("PPP LCP", LinkType::PPP, vec![0xff, 3, 0xc0, 0x21, 1, 1], Error::Unsupported),
        ("AppleTalk", LinkType::NULL, vec![16, 0, 0, 0, 1, 2, 3], Error::Unsupported),
        ("version 5", LinkType::RAW, vec![0x50; 40], Error::Malformed),
        ("IPv6 called IPv4", LinkType::ETHERNET, ethernet(&[8, 0], V6_UDP), Error::Malformed),
        ("a header of 16 bytes", LinkType::RAW, v4_with(0, 0x44), Error::Malformed),
        ("shorter than its header", LinkType::RAW, v4_with(3, 19), Error::Malformed),
        ("nothing", LinkType::RAW, vec![], Error::Truncated),
    ];
    for (case, link, bytes, err) in cases {
        assert_eq!(read(link, &bytes), Err(err), "{case}");
    }
}

#[test]
fn padding_does_not_count() {
    let mut bytes = ethernet(&[8, 0], V4_TCP);
    bytes.extend([0xee; 30]);
    assert_v4_tcp(&read(LinkType::ETHERNET, &bytes).unwrap(), "TCP");
    let mut bytes = ethernet(&[0x86, 0xdd], V6_UDP);
    bytes.extend([0xee; 30]);
    assert_v6_udp(&read(LinkType::ETHERNET, &bytes).unwrap(), "UDP");
}

#[test]
fn a_length_of_zero_is_the_frames() {
    let frame = ethernet(&[8, 0], &v4_with(3, 0));
    let packet = decode(LinkType::ETHERNET, &frame, 64_000).unwrap();
    assert_eq!((packet.ip_bytes, packet.transport.payload_len), (63_986, 63_946));
    assert_eq!(packet.transport.payload, b"hello");

    let mut jumbo = V6_UDP.to_vec();
    jumbo[4..6].fill(0);
    jumbo[44..46].fill(0);
    let packet = decode(LinkType::RAW, &jumbo, 70_040).unwrap();
    assert_eq!((packet.ip_bytes, packet.transport.payload_len), (70_040, 69_992));

    // Nothing follows, and says so: then it is the padding that fills the frame.
    let mut empty = v6(NO_NEXT_HEADER, &[]);
    empty.extend([0; 6]);
    let packet = read(LinkType::RAW, &empty).unwrap();
    assert_eq!((packet.ip_bytes, packet.transport.payload_len), (40, 0));
    assert_eq!(packet.transport.protocol, Protocol(NO_NEXT_HEADER));
}

#[test]
fn ipv4_options_and_fragments() {
    let mut options = V4_TCP.to_vec();
    options[0] = 0x47;
    options[3] = 53;
    options.splice(20..20, [1; 8]);
    let packet = read(LinkType::RAW, &options).unwrap();
    assert_eq!((packet.ip_bytes, packet.transport.source_port), (53, 50000));
    assert_eq!(packet.transport.payload, b"hello");

    let first = v4_with(6, 0x20);
    let transport = read(LinkType::RAW, &first).unwrap().transport;
    assert_eq!(transport.fragment, Some(Fragment { id: 0x1234, first: true, more: true, offset: 20 }));
    assert_eq!(transport.destination_port, 443);

    let later = v4_with(7, 9);
    let mut later = later;
    later[6] = 0;
    let transport = read(LinkType::RAW, &later).unwrap().transport;
    assert_eq!(transport.fragment, Some(Fragment { id: 0x1234, first: false, more: false, offset: 72 }));
    assert_eq!((transport.source_port, transport.destination_port, transport.tcp), (0, 0, None));
    assert_eq!((transport.protocol, transport.payload_len), (Protocol::TCP, 25));
}

#[test]
fn ipv6_extension_headers() {
    let udp = &V6_UDP[40..];
    let hop = |next| [next, 0, 1, 4, 0, 0, 0, 0];
    let fragment = |next, offset: u16, more: u16| {
        let [a, b] = (offset << 3 | more).to_be_bytes();
        [next, 0, a, b, 0, 0, 0x12, 0x34]
    };
    let auth = |next| [next, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9];
    let first = |offset| Some(Fragment { id: 0x1234, first: true, more: true, offset });
    let last = Some(Fragment { id: 0x1234, first: false, more: false, offset: 24 });
    #[rustfmt::skip]
    let cases = [
        ("hop by hop", v6(0, &[&hop(17), udp].concat()), 17, 5353, None),
        ("routing", v6(43, &[&hop(17), udp].concat()), 17, 5353, None),
        ("four of them", v6(0, &[&hop(43)[..], &hop(51), &auth(60), &hop(17), udp].concat()), 17, 5353, None),
        ("first fragment", v6(44, &[&fragment(17, 0, 1), udp].concat()), 17, 5353, first(8)),
        ("… with options", v6(44, &[&fragment(60, 0, 1)[..], &hop(17), udp].concat()), 17, 5353, first(16)),
        ("last fragment", v6(44, &[&fragment(17, 3, 0), udp].concat()), 17, 0, last),
        ("atomic fragment", v6(44, &[&fragment(17, 0, 0), udp].concat()), 17, 5353, None),
        ("ESP", v6(50, &[7; 32]), 50, 0, None),
        ("ICMPv6 after options", v6(60, &[&hop(58)[..], &[128, 0, 0, 0]].concat()), 58, 0, None),
        ("cut inside", v6(0, &[17, 9, 0, 0, 0, 0, 0, 0]), 0, 0, None),
    ];
    for (case, bytes, protocol, port, fragment) in cases {
        let packet = read(LinkType::RAW, &bytes).unwrap();
        assert_eq!(packet.ip_bytes, length(bytes.len()), "{case}");
        assert_eq!(packet.transport.protocol, Protocol(protocol), "{case}");
        assert_eq!(packet.transport.source_port, port, "{case}");
        assert_eq!(packet.transport.fragment, fragment, "{case}");
    }
    let mut v4 = V4_TCP.to_vec();
    v4[9] = 51;
    v4[3] += 24;
    v4.splice(20..20, auth(6));
    assert_eq!(read(LinkType::RAW, &v4).unwrap().transport.source_port, 50000, "authenticated IPv4");
}

#[test]
fn tunnels_are_not_entered() {
    for protocol in [4, 41, 47, 50, 132] {
        let transport_bytes = v4_with(9, protocol);
        let transport = read(LinkType::RAW, &transport_bytes).unwrap().transport;
        assert_eq!((transport.protocol, transport.source_port), (Protocol(protocol), 0));
        assert_eq!((transport.payload.len(), transport.payload_len), (25, 25));
    }
}

#[test]
fn transport_headers_that_lie_keep_their_ports() {
    for (case, bytes) in [("offset 4", v4_with(32, 0x40)), ("offset 15", v4_with(32, 0xf0))] {
        let transport = read(LinkType::RAW, &bytes).unwrap().transport;
        assert_eq!((transport.source_port, transport.tcp, transport.payload_len), (50000, None, 0), "{case}");
    }
    let mut udp = V6_UDP.to_vec();
    udp[45] = 7;
    let transport = read(LinkType::RAW, &udp).unwrap().transport;
    assert_eq!((transport.source_port, transport.payload, transport.payload_len), (5353, &[][..], 0));
    udp[45] = 99;
    let transport = read(LinkType::RAW, &udp).unwrap().transport;
    assert_eq!(
        (transport.payload, transport.payload_len),
        (&b"hi"[..], 2),
        "no more than the datagram holds"
    );
}

#[test]
fn a_cut_frame_says_less_but_never_otherwise() {
    for (name, link, four, six) in links() {
        for whole in [&four, &six] {
            let expected = read(link, whole).unwrap();
            let link_len = whole.len() - usize::try_from(expected.ip_bytes).unwrap();
            let addresses = link_len + if expected.source.is_ipv4() { 20 } else { 40 };
            for len in 0..whole.len() {
                let cut = decode(link, &whole[..len], length(whole.len()));
                if len < addresses {
                    assert_eq!(cut, Err(Error::Truncated), "{name} at {len}");
                    continue;
                }
                let cut = cut.unwrap();
                assert_eq!(cut.ip_bytes, expected.ip_bytes, "{name} at {len}");
                assert_eq!((cut.source, cut.destination), (expected.source, expected.destination));
                assert!([0, expected.transport.source_port].contains(&cut.transport.source_port));
                assert_eq!(cut.transport.source_port != 0, len >= addresses + 4, "{name} at {len}");
                assert!(expected.transport.payload.starts_with(cut.transport.payload), "{name} at {len}");
                if cut.transport.tcp.is_some() {
                    assert_eq!(cut.transport.tcp, expected.transport.tcp);
                    assert_eq!(cut.transport.payload_len, expected.transport.payload_len);
                }
            }
        }
    }
}

#[test]
fn options_may_be_cut() {
    let mut bytes = V4_TCP.to_vec();
    bytes[0] = 0x4f; // 60 bytes of header of which 45 are here
    bytes[3] = 200;
    let packet = decode(LinkType::RAW, &bytes, 200).unwrap();
    assert_eq!((packet.ip_bytes, packet.transport.payload_len), (200, 0));
    assert_eq!(packet.transport.protocol, Protocol::TCP);
    let mut bytes = V4_TCP.to_vec();
    bytes[32] = 0xf0; // 60 bytes of TCP header of which 25 are here
    bytes[3] = 200;
    let transport = decode(LinkType::RAW, &bytes, 200).unwrap().transport;
    assert_eq!(transport.tcp.unwrap().sequence, 1);
    assert_eq!((transport.payload, transport.payload_len), (&[][..], 120));
}

proptest! {
    #[test]
    fn no_frame_panics(
        pick in 0..20_usize,
        six in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        keep in any::<prop::sample::Index>(),
        wire_len in any::<u32>(),
    ) {
        let (_, link, four_bytes, six_bytes) = links().swap_remove(pick);
        let mut bytes = if six { six_bytes } else { four_bytes };
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        bytes.truncate(keep.index(bytes.len() + 1));
        if let Ok(packet) = decode(link, &bytes, wire_len) {
            let payload = packet.transport.payload;
            prop_assert!(payload.len() <= packet.transport.payload_len as usize);
            prop_assert!(packet.transport.payload_len <= packet.ip_bytes);
        }
    }

    #[test]
    fn no_noise_panics(link in 0..300_u16, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(LinkType(link), &bytes, 1500);
    }
}
