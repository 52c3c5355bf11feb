//! A recording made in memory: packets of every kind over a chosen number of flows, the same for the same recipe.

use std::fmt;

/// What a recording is made of.
#[derive(Clone, Copy)]
pub(crate) struct Recipe {
    pub(crate) packets: usize,
    pub(crate) flows: u32,
    pub(crate) spread: Spread,
    /// Bytes kept of each frame.
    pub(crate) snaplen: usize,
    /// Whether each frame stands behind a PKTAP header, as on macOS.
    pub(crate) pktap: bool,
}

/// How packets are spread over flows.
#[derive(Clone, Copy)]
pub(crate) enum Spread {
    /// Each flow is as likely as any other.
    Uniform,
    /// The n-th flow is about 1/n as likely as the first (Zipf's law).
    Zipf,
}

/// Where a frame lies, and how long it was on the wire.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    start: usize,
    len: u32,
    pub(crate) wire_len: u32,
}

/// The frames, one after the other in one piece of memory, as a file or a capture ring holds them.
pub(crate) struct Traffic {
    pub(crate) bytes: Vec<u8>,
    pub(crate) spans: Vec<Span>,
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spread = match self.spread {
            Spread::Uniform => "uniform",
            Spread::Zipf => "zipf",
        };
        let cut = if self.snaplen < 2000 { "cut" } else { "whole" };
        let tap = if self.pktap { " pktap" } else { "" };
        write!(f, "{} flows {spread} {cut}{tap}", self.flows)
    }
}

impl Traffic {
    pub(crate) fn new(recipe: Recipe) -> Self {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let mut sequences = vec![0_u32; recipe.flows as usize];
        let (mut bytes, mut spans) = (Vec::new(), Vec::with_capacity(recipe.packets));
        let mut frame = Vec::with_capacity(2048);
        for number in 0..recipe.packets {
            let flow = recipe.spread.pick(recipe.flows, &mut random);
            frame.clear();
            if recipe.pktap {
                pktap(&mut frame, flow);
            }
            let head = frame.len();
            ethernet(&mut frame, flow, &mut sequences[flow as usize], &mut random, number);
            let kept = frame.len().min(recipe.snaplen + head);
            let (len, wire_len) = (u32::try_from(kept).unwrap(), u32::try_from(frame.len()).unwrap());
            spans.push(Span { start: bytes.len(), len, wire_len });
            bytes.extend_from_slice(&frame[..kept]);
        }
        Self { bytes, spans }
    }

    /// The frames with their lengths on the wire.
    pub(crate) fn frames(&self) -> impl Iterator<Item = (&[u8], u32)> {
        self.spans.iter().map(|span| (&self.bytes[span.start..span.start + span.len as usize], span.wire_len))
    }
}

impl Spread {
    fn pick(self, flows: u32, random: &mut Random) -> u32 {
        match self {
            Self::Uniform => random.below(flows),
            Self::Zipf => {
                // The inverse of the harmonic numbers' integral: n = flows ^ u.
                let exponent = f64::from(random.below(1 << 24)) / f64::from(1 << 24);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "at least 1, below flows"
                )]
                let rank = f64::from(flows).powf(exponent) as u32;
                rank.saturating_sub(1).min(flows - 1)
            }
        }
    }
}

/// xorshift64 (Marsaglia 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(((self.0 >> 32) * u64::from(bound)) >> 32).unwrap()
    }
}

/// A frame of `flow`: three in four flows are TCP, one in five is IPv6, one in sixteen is in a VLAN. One packet in a
/// hundred is ICMP between the same hosts, another one a fragment.
fn ethernet(out: &mut Vec<u8>, flow: u32, sequence: &mut u32, random: &mut Random, number: usize) {
    let is_out = *sequence == 0 || random.below(4) == 0;
    let payload = [0, 0, 30, 400, 1400, 1400][random.below(6) as usize];
    out.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]);
    if flow % 16 == 3 {
        out.extend([0x81, 0, 0, 7]);
    }
    let is_v6 = flow % 5 == 4;
    out.extend(if is_v6 { [0x86, 0xdd] } else { [0x08, 0x00] });
    let kind = if number % 100 == 50 {
        Kind::Icmp
    } else if flow % 4 == 3 {
        Kind::Udp
    } else {
        Kind::Tcp
    };
    let body = match kind {
        Kind::Icmp => vec![8, 0, 0, 0, 0, 1, 0, 1],
        Kind::Udp => {
            *sequence = 1;
            udp(flow, is_out, payload)
        }
        Kind::Tcp => tcp(flow, is_out, sequence, payload),
    };
    let is_fragment = number % 100 == 75 && kind == Kind::Udp;
    if is_v6 {
        v6(out, flow, is_out, kind, &body);
    } else {
        v4(out, flow, is_out, if is_fragment { 0x2000 } else { 0 }, kind, &body);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tcp = 6,
    Udp = 17,
    Icmp = 1,
}

/// The client's and the server's port.
fn ports(flow: u32, is_out: bool, service: u16) -> [u8; 4] {
    let [client, server] =
        [(32_768 + u16::try_from(flow % 16_384).unwrap()).to_be_bytes(), service.to_be_bytes()];
    let [a, b] = if is_out { [client, server] } else { [server, client] };
    [a[0], a[1], b[0], b[1]]
}

fn tcp(flow: u32, is_out: bool, sequence: &mut u32, payload: usize) -> Vec<u8> {
    let is_first = *sequence == 0;
    let (flags, payload) = if is_first { (0x02, 0) } else { (0x10, payload) };
    let mut bytes = ports(flow, is_out, 443).to_vec();
    let number = if is_out { 1000 + *sequence } else { *sequence };
    bytes.extend(number.to_be_bytes());
    bytes.extend(u32::from(!is_first).to_be_bytes());
    bytes.extend([8 << 4, flags, 0xff, 0xff, 0, 0, 0, 0]);
    bytes.extend([1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 1]);
    bytes.resize(bytes.len() + payload, b'x');
    *sequence += u32::try_from(payload).unwrap() + u32::from(is_first);
    bytes
}

fn udp(flow: u32, is_out: bool, payload: usize) -> Vec<u8> {
    let mut bytes = ports(flow, is_out, if flow % 100 == 7 { 53 } else { 4433 }).to_vec();
    bytes.extend(u16::try_from(payload + 8).unwrap().to_be_bytes());
    bytes.extend([0, 0]);
    bytes.resize(bytes.len() + payload, b'u');
    bytes
}

fn v4(out: &mut Vec<u8>, flow: u32, is_out: bool, fragment: u16, kind: Kind, body: &[u8]) {
    out.extend([0x45, 0]);
    out.extend(u16::try_from(20 + body.len()).unwrap().to_be_bytes());
    out.extend([0x12, 0x34]);
    out.extend(fragment.to_be_bytes());
    out.extend([64, kind as u8, 0, 0]);
    let [local, remote] = [[10, 0, 0, 2], (0x5db8_0000 + flow / 16_384).to_be_bytes()];
    let [from, to] = if is_out { [local, remote] } else { [remote, local] };
    out.extend(from);
    out.extend(to);
    out.extend(body);
}

fn v6(out: &mut Vec<u8>, flow: u32, is_out: bool, kind: Kind, body: &[u8]) {
    let next = if kind == Kind::Icmp { 58 } else { kind as u8 };
    out.extend([0x60, 0, 0, 0]);
    out.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    out.extend([next, 64]);
    let local = 0x2001_0db8_0000_0000_0000_0000_0000_0002_u128;
    let remote = 0x2001_0db8_0000_0009_0000_0000_0000_0000_u128 + u128::from(flow / 16_384);
    let [from, to] = if is_out { [local, remote] } else { [remote, local] };
    out.extend(from.to_be_bytes());
    out.extend(to.to_be_bytes());
    out.extend(body);
}

/// PKTAP v1 of 156 bytes, of one of 50 processes.
fn pktap(out: &mut Vec<u8>, flow: u32) {
    let mut header = [0_u8; 156];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    let pid = 100 + flow % 50;
    put(0, &156_u32.to_le_bytes());
    put(4, &1_u32.to_le_bytes());
    put(8, &1_u32.to_le_bytes());
    put(12, b"en0");
    put(44, &14_u32.to_le_bytes());
    put(52, &pid.to_le_bytes());
    put(56, format!("program{pid}").as_bytes());
    put(80, &6_u16.to_le_bytes());
    put(84, &u32::MAX.to_le_bytes());
    out.extend(header);
}
