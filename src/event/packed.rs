//! How deltas and payloads are written: by name where people read them, and packed where only the pipe does.
//!
//! Most of what crosses the pipe are deltas, and in most of them little happened: a packed delta is its flow, one byte
//! that says which parts follow, and those parts. Numbers are in LEB128: seven bits a byte, the lowest first.

use std::fmt;

use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde::{Deserialize, Serializer};

use super::{Delta, FlowId, TcpState};

// Which parts of a delta follow.
const RECEIVED: u8 = 0x01;
const SENT: u8 = 0x02;
const RETRANSMITS: u8 = 0x04;
const WAKES: u8 = 0x08;
const KEEP_ALIVES: u8 = 0x10;
const STATE: u8 = 0x20;
const RTT: u8 = 0x40;
const ALL: u8 = 0x7f;

/// What a packed delta seldom exceeds, in bytes …
const USUAL_BYTES: usize = 24;
/// … and what most take at the least: room for that many is asked for once.
const LEAST_BYTES: usize = 10;

/// States by the numbers that stand for them.
const STATES: [TcpState; 10] = [
    TcpState::SynSent,
    TcpState::SynReceived,
    TcpState::Established,
    TcpState::FinWait1,
    TcpState::FinWait2,
    TcpState::CloseWait,
    TcpState::Closing,
    TcpState::LastAck,
    TcpState::TimeWait,
    TcpState::Closed,
];

/// `#[serde(with = …)]` for the deltas of a tick.
pub(super) mod deltas {
    use super::{Delta, Deserialize, Deserializer, Packed, Serializer, pack};

    pub(crate) fn serialize<S: Serializer>(deltas: &[Delta], serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_seq(deltas);
        }
        serializer.serialize_bytes(&pack(deltas))
    }

    pub(crate) fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Vec<Delta>, D::Error> {
        if deserializer.is_human_readable() {
            return Vec::deserialize(deserializer);
        }
        deserializer.deserialize_bytes(Packed)
    }
}

/// `#[serde(with = …)]` for bytes in one piece; left to itself, serde takes each of them for a value.
pub(super) mod bytes {
    use super::{Deserializer, Piece, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(crate) fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        deserializer.deserialize_byte_buf(Piece)
    }
}

/// Reads packed deltas.
struct Packed;

impl Visitor<'_> for Packed {
    type Value = Vec<Delta>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("packed deltas")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        unpack(bytes).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Bytes(bytes), &self))
    }
}

/// Reads bytes in one piece, or one by one where they are written so (JSON).
struct Piece;

impl<'a> Visitor<'a> for Piece {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(bytes.to_vec())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut values: A) -> Result<Self::Value, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = values.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes)
    }
}

fn pack(deltas: &[Delta]) -> Vec<u8> {
    let mut out = Vec::with_capacity(deltas.len() * USUAL_BYTES);
    for delta in deltas {
        pack_one(&mut out, delta);
    }
    out
}

fn pack_one(out: &mut Vec<u8>, delta: &Delta) {
    let part = |part: u8, is_there: bool| if is_there { part } else { 0 };
    let parts = part(RECEIVED, delta.rx_bytes | u64::from(delta.rx_packets) != 0)
        | part(SENT, delta.tx_bytes | u64::from(delta.tx_packets) != 0)
        | part(RETRANSMITS, delta.retransmits != 0)
        | part(WAKES, delta.wakes != 0)
        | part(KEEP_ALIVES, delta.keep_alives != 0)
        | part(STATE, delta.state.is_some())
        | part(RTT, delta.rtt_us.is_some());
    put(out, delta.flow.0);
    out.push(parts);
    if parts & RECEIVED != 0 {
        put(out, delta.rx_bytes);
        put(out, delta.rx_packets.into());
    }
    if parts & SENT != 0 {
        put(out, delta.tx_bytes);
        put(out, delta.tx_packets.into());
    }
    let counts = [(RETRANSMITS, delta.retransmits), (WAKES, delta.wakes), (KEEP_ALIVES, delta.keep_alives)];
    for (_, count) in counts.into_iter().filter(|(part, _)| parts & part != 0) {
        put(out, count.into());
    }
    if let Some(state) = delta.state {
        out.push(state as u8);
    }
    if let Some(rtt_us) = delta.rtt_us {
        put(out, rtt_us.into());
    }
}

fn put(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

/// The deltas in `bytes`, or `None` where those are no packed deltas.
fn unpack(mut bytes: &[u8]) -> Option<Vec<Delta>> {
    let mut deltas = Vec::with_capacity(bytes.len() / LEAST_BYTES);
    while !bytes.is_empty() {
        deltas.push(unpack_one(&mut bytes)?);
    }
    Some(deltas)
}

fn unpack_one(bytes: &mut &[u8]) -> Option<Delta> {
    let mut delta = Delta::new(FlowId(take(bytes)?));
    let parts = take_byte(bytes)?;
    if parts & !ALL != 0 {
        return None;
    }
    if parts & RECEIVED != 0 {
        delta.rx_bytes = take(bytes)?;
        delta.rx_packets = take_u32(bytes)?;
    }
    if parts & SENT != 0 {
        delta.tx_bytes = take(bytes)?;
        delta.tx_packets = take_u32(bytes)?;
    }
    if parts & !(RECEIVED | SENT) == 0 {
        return Some(delta);
    }
    let counts = [
        (RETRANSMITS, &mut delta.retransmits),
        (WAKES, &mut delta.wakes),
        (KEEP_ALIVES, &mut delta.keep_alives),
    ];
    for (_, count) in counts.into_iter().filter(|(part, _)| parts & part != 0) {
        *count = take_u32(bytes)?;
    }
    if parts & STATE != 0 {
        delta.state = Some(*STATES.get(usize::from(take_byte(bytes)?))?);
    }
    if parts & RTT != 0 {
        delta.rtt_us = Some(take_u32(bytes)?);
    }
    Some(delta)
}

fn take_byte(bytes: &mut &[u8]) -> Option<u8> {
    let (&byte, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(byte)
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let byte = take_byte(bytes)?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn take_u32(bytes: &mut &[u8]) -> Option<u32> {
    take(bytes)?.try_into().ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;

    fn full() -> Delta {
        Delta {
            flow: FlowId(u64::MAX),
            rx_bytes: u64::MAX,
            tx_bytes: 1 << 63,
            rx_packets: u32::MAX,
            tx_packets: 1,
            retransmits: 128,
            wakes: 127,
            keep_alives: u32::MAX,
            state: Some(TcpState::Closed),
            rtt_us: Some(0),
        }
    }

    #[test]
    fn each_part_alone_and_all_together_come_back() {
        let calm = Delta::new(FlowId(0x7f));
        let mut deltas = vec![
            calm,
            Delta { rx_bytes: 1, ..calm },
            Delta { rx_packets: 1, ..calm },
            Delta { tx_bytes: 0x80, ..calm },
            Delta { tx_packets: 0x3fff, ..calm },
            Delta { retransmits: 1, ..calm },
            Delta { wakes: 1, ..calm },
            Delta { keep_alives: 1, ..calm },
            Delta { rtt_us: Some(0x4000), ..calm },
            full(),
        ];
        deltas.extend(STATES.map(|state| Delta { state: Some(state), ..calm }));
        assert_eq!(unpack(&pack(&deltas)).unwrap(), deltas);
        let numbers: Vec<u8> = STATES.iter().map(|&state| state as u8).collect();
        assert_eq!(numbers, (0..10).collect::<Vec<u8>>(), "each stands at its own number");
    }

    #[test]
    fn what_is_cut_or_out_of_range_is_refused() {
        let whole = pack(&[full()]);
        for len in 1..whole.len() {
            assert_eq!(unpack(&whole[..len]), None, "{len} bytes of {}", whole.len());
        }
        assert_eq!(unpack(&[0, 0x80]), None, "a part that nobody knows");
        assert_eq!(unpack(&[0, STATE, 10]), None, "a state that nobody knows");
        assert_eq!(unpack(&[0, WAKES, 0x80, 0x80, 0x80, 0x80, 0x10]), None, "2^32 is no count");
        assert_eq!(unpack(&[0xff; 11]), None, "a number without an end");
    }

    #[test]
    fn a_busy_flow_costs_24_bytes_at_most() {
        // The thousand-millionth flow of a session in slot 2^20 - 1, at 10 Gbit/s each way in packets of 64 kB.
        let flow = FlowId(1_000_000_000 << 20 | 0xf_ffff);
        let bytes = 62_500_000;
        let busy =
            Delta { rx_bytes: bytes, tx_bytes: bytes, rx_packets: 953, tx_packets: 953, ..Delta::new(flow) };
        let measured = Delta { rtt_us: Some(20_000), ..busy };
        assert_eq!(pack(&[busy]).len(), 8 + 1 + 2 * (4 + 2));
        assert_eq!(pack(&[measured]).len(), 24);
        let small = Delta { rx_bytes: 300, rx_packets: 2, ..Delta::new(FlowId(70_000 << 20 | 0x1388)) };
        assert_eq!(pack(&[small]).len(), 6 + 1 + 2 + 1);
    }
}
