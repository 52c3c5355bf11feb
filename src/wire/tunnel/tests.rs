//! Tests of packets inside packets.

use proptest::prelude::*;

use super::*;

/// 10.0.0.2:50000 → 93.184.216.34:443, UDP, payload "hi".
const V4: &[u8] = &[
    0x45, 0, 0, 30, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 2, 93, 184, 216, 34, // IP
    0xc3, 0x50, 0x01, 0xbb, 0, 10, 0, 0, b'h', b'i',
];
/// `[2001:db8::1]:5000` → `[2001:db8::2]:443`, UDP, payload "hi".
const V6: &[u8] = &[
    0x60, 0, 0, 0, 0, 10, 17, 64, // IP
    0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, // source
    0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, // destination
    0x13, 0x88, 0x01, 0xbb, 0, 10, 0, 0, b'h', b'i',
];
const ETHERNET: &[u8] = &[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];

fn wire_len(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap()
}

fn all() -> Vec<(&'static str, Kind, Vec<u8>)> {
    let with = |head: &[u8], packet: &[u8]| [head, packet].concat();
    let frame = |head: &[u8]| [head, ETHERNET, V4].concat();
    let teredo = [&[0, 1, 1, 2][..], &[9; 3], &[9; 9], &[0, 0], &[9; 6]].concat();
    vec![
        ("IPv4 in IP", Kind::Ip, V4.to_vec()),
        ("IPv6 in IP", Kind::Ip, V6.to_vec()),
        ("GRE", Kind::Gre, with(&[0, 0, 8, 0], V4)),
        ("GRE with everything", Kind::Gre, with(&[&[0xb0, 0, 0x86, 0xdd][..], &[0; 12]].concat(), V6)),
        ("Ethernet in GRE", Kind::Gre, frame(&[0, 0, 0x65, 0x58])),
        ("MPLS in GRE", Kind::Gre, with(&[0, 0, 0x88, 0x47, 0, 1, 1, 64], V4)),
        (
            "PPTP",
            Kind::Gre,
            with(&[&[0x30, 0x81, 0x88, 0x0b][..], &[0; 12], &[0xff, 3, 0, 0x21]].concat(), V4),
        ),
        ("ERSPAN", Kind::Gre, frame(&[&[0x10, 0, 0x88, 0xbe][..], &[0; 12]].concat())),
        ("ERSPAN of the first kind", Kind::Gre, frame(&[0, 0, 0x88, 0xbe])),
        ("ERSPAN of the third kind", Kind::Gre, frame(&[&[0x10, 0, 0x22, 0xeb][..], &[0; 16]].concat())),
        ("WCCP", Kind::Gre, with(&[0, 0, 0x88, 0x3e], V4)),
        ("WCCP, the second version", Kind::Gre, with(&[0, 0, 0x88, 0x3e, 0, 0, 0, 0], V4)),
        ("EtherIP", Kind::EtherIp, frame(&[0x30, 0])),
        ("MPLS", Kind::Mpls, with(&[0, 1, 0, 64, 0, 1, 1, 64], V4)),
        ("Ethernet in MPLS", Kind::Mpls, frame(&[0, 1, 1, 64, 0, 0, 0, 0])),
        ("VXLAN", Kind::Vxlan, frame(&[8, 0, 0, 0, 0, 0, 1, 0])),
        ("VXLAN with a protocol", Kind::Vxlan, with(&[0xc, 0, 0, 1, 0, 0, 1, 0], V4)),
        ("Geneve", Kind::Geneve, frame(&[1, 0, 0x65, 0x58, 0, 0, 1, 0, 1, 1, 1, 1])),
        ("IP in Geneve", Kind::Geneve, with(&[0, 0, 8, 0, 0, 0, 1, 0], V4)),
        ("GTP", Kind::Gtp, with(&[0x30, 0xff, 0, 30, 0, 0, 0, 1], V4)),
        (
            "GTP with an extension",
            Kind::Gtp,
            with(&[0x34, 0xff, 0, 38, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 0, 9, 0], V4),
        ),
        ("L2TP", Kind::L2tp, with(&[0x40, 2, 0, 44, 0, 1, 0, 1, 0xff, 3, 0, 0x21], V4)),
        ("L2TP, all of it", Kind::L2tp, with(&[0x4a, 2, 0, 9, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0x21], V4)),
        ("Teredo", Kind::Teredo, V6.to_vec()),
        ("Teredo with both", Kind::Teredo, with(&teredo, V6)),
        ("LISP", Kind::Lisp, with(&[0; 8], V6)),
        ("TZSP", Kind::Tzsp, frame(&[1, 0, 0, 1, 10, 2, 9, 9, 0, 1])),
    ]
}

#[test]
fn each_kind_is_entered() {
    for (case, kind, bytes) in all() {
        let packet = enter(kind, &bytes, wire_len(&bytes)).unwrap_or_else(|err| panic!("{case}: {err:?}"));
        assert_eq!(packet.transport.payload, b"hi", "{case}");
        assert_eq!(packet.transport.destination_port, 443, "{case}");
        assert!([30, 50].contains(&packet.ip_bytes), "{case}");
        assert_eq!(Kind::ALL.iter().filter(|other| other.name() == kind.name()).count(), 1, "{case}");
        for cut in 0..bytes.len() {
            let _ = enter(kind, &bytes[..cut], wire_len(&bytes));
        }
    }
}

#[test]
fn what_carries_no_packet_is_left() {
    #[rustfmt::skip]
    let cases: [(&str, Kind, &[u8], Error); 14] = [
        ("neither IP", Kind::Ip, &[0x50; 40], Error::Unsupported),
        ("nothing", Kind::Ip, &[], Error::Truncated),
        ("GRE with a route", Kind::Gre, &[0x40, 0, 8, 0], Error::Unsupported),
        ("a keep-alive in GRE", Kind::Gre, &[0, 0, 0, 0], Error::Unsupported),
        ("EtherIP of another version", Kind::EtherIp, &[0x40, 0, 1], Error::Unsupported),
        ("VXLAN without a network", Kind::Vxlan, &[0; 60], Error::Unsupported),
        ("VXLAN with another protocol", Kind::Vxlan, &[12, 0, 0, 4, 0, 0, 1, 0, 9], Error::Unsupported),
        ("a control message of Geneve", Kind::Geneve, &[0, 0x80, 0x65, 0x58, 0, 0, 1, 0], Error::Unsupported),
        ("an echo of GTP", Kind::Gtp, &[0x32, 1, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0], Error::Unsupported),
        ("an extension of no length", Kind::Gtp, &[0x34, 255, 0, 4, 0, 0, 0, 0, 0, 0, 0, 5, 0], Error::Malformed),
        ("a control message of L2TP", Kind::L2tp, &[0xc8, 2, 0, 12, 0, 1, 0, 0, 0, 0, 0, 0], Error::Unsupported),
        ("a keep-alive of TZSP", Kind::Tzsp, &[1, 4, 0, 1, 1, 0], Error::Unsupported),
        ("TZSP without an end", Kind::Tzsp, &[1, 0, 0, 1, 0, 0], Error::Truncated),
        ("IPv4 in Teredo", Kind::Teredo, V4, Error::Unsupported),
    ];
    for (case, kind, bytes, expected) in cases {
        assert_eq!(enter(kind, bytes, wire_len(bytes)).map(|_| ()), Err(expected), "{case}");
    }
}

#[test]
fn kinds_by_protocol_and_port() {
    let udp = |port| Kind::of(Protocol::UDP, [50000, port]);
    assert_eq!(
        [4, 41, 47].map(|number| Kind::of(Protocol(number), [0, 0])),
        [Some(Kind::Ip), Some(Kind::Ip), Some(Kind::Gre)]
    );
    assert_eq!(
        [4789, 6081, 2152, 443].map(udp),
        [Some(Kind::Vxlan), Some(Kind::Geneve), Some(Kind::Gtp), None]
    );
    assert_eq!(Kind::of(Protocol::TCP, [50000, 4789]), None);
    assert_eq!(Kind::of(Protocol::UDP, [2152, 2152]), Some(Kind::Gtp));
}

proptest! {
    #[test]
    fn any_bytes(kind in 0..Kind::ALL.len(), bytes: Vec<u8>, wire_len: u32) {
        if let Ok(packet) = enter(Kind::ALL[kind], &bytes, wire_len) {
            prop_assert!(packet.transport.payload.len() <= bytes.len());
        }
    }

    #[test]
    fn a_changed_byte(which in 0..27_usize, at: prop::sample::Index, value: u8) {
        let (_, kind, mut bytes) = all().swap_remove(which);
        let place = at.index(bytes.len());
        bytes[place] = value;
        let _ = enter(kind, &bytes, wire_len(&bytes));
    }
}
