//! Makes frames of every link type that Crow reads, from packets described in a line each.

pub(super) const ETHERNET: u16 = 1;
pub(super) const NULL: u16 = 0;
pub(super) const PPP: u16 = 9;
pub(super) const RAW: u16 = 101;
pub(super) const LOOP: u16 = 108;
pub(super) const SLL: u16 = 113;
pub(super) const SLL2: u16 = 276;

/// TCP with `payload_len` bytes of payload behind `options_len` bytes of options.
pub(super) fn tcp(ports: (u16, u16), options_len: u8, payload_len: usize) -> Vec<u8> {
    let mut bytes = [ports.0.to_be_bytes(), ports.1.to_be_bytes()].concat();
    bytes.extend([0, 0, 1, 0, 0, 0, 2, 0, (5 + options_len / 4) << 4, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
    bytes.extend(vec![1; options_len.into()]);
    bytes.extend(vec![b'x'; payload_len]);
    bytes
}

pub(super) fn udp(ports: (u16, u16), payload_len: usize) -> Vec<u8> {
    let mut bytes = [ports.0.to_be_bytes(), ports.1.to_be_bytes()].concat();
    bytes.extend(u16::try_from(payload_len + 8).unwrap().to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend(vec![b'u'; payload_len]);
    bytes
}

/// What makes an IPv4 header differ from the plain one.
#[derive(Default)]
pub(super) struct V4 {
    pub(super) protocol: u8,
    /// Flags and offset, as in the header.
    pub(super) fragment: u16,
    pub(super) options_len: u8,
    /// Leaves the length 0, as segmentation offload does.
    pub(super) no_length: bool,
}

pub(super) fn v4(header: &V4, body: &[u8]) -> Vec<u8> {
    let total = if header.no_length { 0 } else { 20 + usize::from(header.options_len) + body.len() };
    let mut bytes = vec![0x45 + header.options_len / 4, 0];
    bytes.extend(u16::try_from(total).unwrap().to_be_bytes());
    bytes.extend([0x12, 0x34]);
    bytes.extend(header.fragment.to_be_bytes());
    bytes.extend([64, header.protocol, 0, 0, 10, 0, 0, 2, 192, 0, 2, 33]);
    bytes.extend(vec![1; header.options_len.into()]);
    bytes.extend(body);
    bytes
}

pub(super) fn v4_tcp(payload_len: usize) -> Vec<u8> {
    v4(&V4 { protocol: 6, ..V4::default() }, &tcp((50_000, 443), 12, payload_len))
}

pub(super) fn v4_udp(payload_len: usize) -> Vec<u8> {
    v4(&V4 { protocol: 17, ..V4::default() }, &udp((53_535, 53), payload_len))
}

/// IPv6 with a chain of extension headers already in `body`.
pub(super) fn v6(next: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x60, 0, 0, 0];
    bytes.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    bytes.extend([next, 64]);
    bytes.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    bytes.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0x33]);
    bytes.extend(body);
    bytes
}

pub(super) fn v6_udp(payload_len: usize) -> Vec<u8> {
    v6(17, &udp((5353, 5353), payload_len))
}

/// An extension header of 8 bytes that holds only padding.
pub(super) fn options(next: u8) -> [u8; 8] {
    [next, 0, 1, 4, 0, 0, 0, 0]
}

/// A routing header of type 4 (segment routing would need segments): type 2 with its one address.
pub(super) fn routing(next: u8) -> [u8; 24] {
    let mut bytes = [0; 24];
    bytes[..4].copy_from_slice(&[next, 2, 2, 0]);
    bytes[8..10].copy_from_slice(&[0x20, 1]);
    bytes
}

pub(super) fn fragment(next: u8, offset: u16, more: bool) -> [u8; 8] {
    let [a, b] = (offset | u16::from(more)).to_be_bytes();
    [next, 0, a, b, 0, 0, 0x12, 0x34]
}

pub(super) fn authentication(next: u8) -> [u8; 24] {
    let mut bytes = [9; 24];
    bytes[..12].copy_from_slice(&[next, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
    bytes
}

/// Ethernet with `tags` before the IP packet, padded to 60 bytes as senders do.
pub(super) fn ethernet(tags: &[(u16, u16)], ip: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    for (kind, tag) in tags {
        bytes.extend(kind.to_be_bytes());
        bytes.extend(tag.to_be_bytes());
    }
    bytes.extend(if ip[0] >> 4 == 4 { [0x08, 0x00] } else { [0x86, 0xdd] });
    bytes.extend(ip);
    bytes.resize(bytes.len().max(60), 0);
    bytes
}

pub(super) fn pppoe(ip: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0x64, 0x11, 0, 0, 7];
    bytes.extend(u16::try_from(ip.len() + 2).unwrap().to_be_bytes());
    bytes.extend(ppp_protocol(ip));
    bytes.extend(ip);
    bytes.resize(bytes.len().max(60), 0);
    bytes
}

pub(super) fn ppp(ip: &[u8], framed: bool) -> Vec<u8> {
    let head: &[u8] = if framed { &[0xff, 0x03] } else { &[] };
    [head, &ppp_protocol(ip), ip].concat()
}

fn ppp_protocol(ip: &[u8]) -> [u8; 2] {
    if ip[0] >> 4 == 4 { [0, 0x21] } else { [0, 0x57] }
}

pub(super) fn null(ip: &[u8], big_endian: bool) -> Vec<u8> {
    let family: u32 = if ip[0] >> 4 == 4 { 2 } else { 30 };
    let family = if big_endian { family.to_be_bytes() } else { family.to_le_bytes() };
    [&family, ip].concat()
}

pub(super) fn sll(packet_type: u8, hardware: u16, ip: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, packet_type];
    bytes.extend(hardware.to_be_bytes());
    bytes.extend([0, 6, 2, 0, 0, 0, 0, 1, 0, 0]);
    bytes.extend(if ip[0] >> 4 == 4 { [0x08, 0x00] } else { [0x86, 0xdd] });
    bytes.extend(ip);
    bytes
}

pub(super) fn sll2(packet_type: u8, index: u32, ip: &[u8]) -> Vec<u8> {
    let mut bytes = if ip[0] >> 4 == 4 { vec![0x08, 0x00] } else { vec![0x86, 0xdd] };
    bytes.extend([0, 0]);
    bytes.extend(index.to_be_bytes());
    bytes.extend([0, 1, packet_type, 6, 2, 0, 0, 0, 0, 1, 0, 0]);
    bytes.extend(ip);
    bytes
}

/// A realistic mixture: link type and frame.
pub(super) fn mixture() -> Vec<(u16, Vec<u8>)> {
    let v4_plain = |protocol, body: &[u8]| v4(&V4 { protocol, ..V4::default() }, body);
    let mut frames = Vec::new();
    for len in [0, 1, 5, 17, 18, 100, 1448] {
        frames.push((ETHERNET, ethernet(&[], &v4_tcp(len))));
        frames.push((ETHERNET, ethernet(&[], &v4_udp(len))));
        frames.push((ETHERNET, ethernet(&[], &v6_udp(len))));
        frames.push((ETHERNET, ethernet(&[(0x8100, 7)], &v4_tcp(len))));
        frames.push((ETHERNET, ethernet(&[(0x88a8, 9), (0x8100, 7)], &v6_udp(len))));
        frames.push((ETHERNET, pppoe(&v4_udp(len))));
        frames.push((ETHERNET, pppoe(&v6_udp(len))));
        for big_endian in [false, true] {
            frames.push((NULL, null(&v4_tcp(len), big_endian)));
            frames.push((NULL, null(&v6_udp(len), big_endian)));
        }
        frames.push((LOOP, null(&v4_tcp(len), true)));
        frames.push((RAW, v4_udp(len)));
        frames.push((RAW, v6_udp(len)));
        frames.push((PPP, ppp(&v4_tcp(len), true)));
        frames.push((PPP, ppp(&v6_udp(len), false)));
        for packet_type in 0..5 {
            frames.push((SLL, sll(packet_type, if packet_type == 0 { 772 } else { 1 }, &v4_tcp(len))));
            frames.push((SLL2, sll2(packet_type, 3, &v6_udp(len))));
        }
    }
    frames.push((
        ETHERNET,
        ethernet(&[], &v4(&V4 { protocol: 6, options_len: 12, ..V4::default() }, &tcp((1, 2), 40, 9))),
    ));
    frames.push((
        ETHERNET,
        ethernet(&[], &v4(&V4 { protocol: 6, no_length: true, ..V4::default() }, &tcp((3, 4), 0, 30_000))),
    ));
    frames.push((
        ETHERNET,
        ethernet(&[], &v4(&V4 { protocol: 17, fragment: 0x2000, ..V4::default() }, &udp((5, 6), 1472))),
    ));
    frames.push((
        ETHERNET,
        ethernet(&[], &v4(&V4 { protocol: 17, fragment: 185, ..V4::default() }, &[7; 400])),
    ));
    frames.push((ETHERNET, ethernet(&[], &v4_plain(1, &[8, 0, 0, 0, 0, 1, 0, 1, 9, 9, 9, 9]))));
    frames.push((ETHERNET, ethernet(&[], &v4_plain(4, &v4_tcp(10)))));
    frames.push((ETHERNET, ethernet(&[], &v4_plain(47, &[&[0, 0, 8, 0], &v4_udp(10)[..]].concat()))));
    frames.push((ETHERNET, ethernet(&[], &v4_plain(132, &[0, 80, 0, 81, 0, 0, 0, 0, 0, 0, 0, 0]))));
    frames.push((
        ETHERNET,
        ethernet(&[], &v4_plain(51, &[&authentication(6), &tcp((7, 8), 0, 3)[..]].concat())),
    ));
    let body = udp((9, 10), 20);
    #[rustfmt::skip]
    let chains: [(u8, Vec<u8>); 9] = [
        (0, [&options(17), &body[..]].concat()),
        (43, [&routing(17), &body[..]].concat()),
        (60, [&options(17), &body[..]].concat()),
        (0, [&options(43)[..], &routing(60), &options(51), &authentication(17), &body].concat()),
        (44, [&fragment(17, 0, true), &body[..]].concat()),
        (44, [&fragment(17, 1480, false), &[7; 64][..]].concat()),
        (44, [&fragment(17, 0, false), &body[..]].concat()),
        (58, vec![128, 0, 0, 0, 0, 1, 0, 1]),
        (59, vec![]),
    ];
    frames.extend(chains.iter().map(|(next, chain)| (ETHERNET, ethernet(&[], &v6(*next, chain)))));
    frames.push((ETHERNET, [&[0xff; 12][..], &[8, 6, 0, 1, 8, 0, 6, 4, 0, 1], &[0; 20]].concat()));
    frames
}
