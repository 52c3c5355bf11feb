//! The first payload bytes of a TCP stream, put in order: segments come late, twice, overlapping or cut.

use crate::event::Direction;
use crate::wire::greeting;

/// Bytes kept from the start of what the opener of a connection sends: room for a dialogue before TLS or for a
/// proxy's greeting and request.
pub(super) const MAX_OPENING: usize = 4096;

/// Bytes kept of a `ClientHello`: a full record of 16 kB, or fewer bytes in many small ones.
pub(super) const MAX_HELLO: usize = 20 << 10;

/// Bytes kept from the start of what the other end sends.
pub(super) const MAX_REPLY: usize = 2048;

/// Bytes kept of either direction of DNS over TCP: several answers, of those that were too long for a datagram.
pub(super) const MAX_MESSAGES: usize = 20 << 10;

/// Streams that may wait for a missing segment at one time, over all flows (mostly 3 kB each, at most 40 kB).
pub(super) const MAX_GAPS: usize = 2048;

/// Both directions of one connection, from their first byte on.
#[derive(Debug)]
pub(super) struct Openings {
    sent: Stream,
    received: Stream,
}

/// How many streams wait for a missing segment now.
#[derive(Debug, Default)]
pub(super) struct GapBudget {
    used: usize,
}

impl GapBudget {
    /// Whether no stream waits.
    pub(super) const fn is_unused(&self) -> bool {
        self.used == 0
    }
}

/// A run of payload bytes that continues what was given out before.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) offset: u32,
    pub(super) bytes: Vec<u8>,
}

/// One segment's payload.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payload<'a> {
    pub(super) direction: Direction,
    /// Sequence number of the first byte.
    pub(super) sequence: u32,
    pub(super) bytes: &'a [u8],
    /// Length on the wire, which may be more than was captured.
    pub(super) wire_len: u32,
}

impl Openings {
    /// For a connection that the local end opens ([`Direction::Out`]) or is asked for; `None` is one that was
    /// open before it was seen.
    pub(super) fn new(opener: Option<Direction>) -> Self {
        let (sent, received) = match opener {
            Some(Direction::Out) => (MAX_OPENING, MAX_REPLY),
            Some(Direction::In) => (MAX_REPLY, MAX_OPENING),
            None => (MAX_OPENING, MAX_OPENING),
        };
        Self { sent: Stream::new(sent), received: Stream::new(received) }
    }

    /// For a dialogue of DNS messages, which are long where they come over TCP.
    pub(super) fn messages() -> Self {
        Self { sent: Stream::new(MAX_MESSAGES), received: Stream::new(MAX_MESSAGES) }
    }

    /// With nothing to wait for, until [`Openings::hello`] finds that something begins.
    pub(super) fn over() -> Self {
        Self { sent: Stream::new(0), received: Stream::new(0) }
    }

    /// Tells the sequence number of the first payload byte in one direction.
    pub(super) fn begin(&mut self, direction: Direction, sequence: u32) {
        self.stream(direction).base.get_or_insert(sequence);
    }

    /// Makes room for the `ClientHello` at the start of `payload`. Where it is not what comes next, because what
    /// was said before it is lost or was too long, the stream is taken to begin anew there, at offset 0.
    pub(super) fn hello(&mut self, payload: Payload<'_>, budget: &mut GapBudget) {
        let stream = self.stream(payload.direction);
        let place = stream.base.map(|base| payload.sequence.wrapping_sub(base));
        let place = place.filter(|&place| place < 1 << 31).and_then(|place| usize::try_from(place).ok());
        match place {
            Some(place) if place < stream.delivered => return,
            Some(place) if place == stream.delivered && !stream.is_done() => {}
            _ => {
                stream.close_gap(budget);
                *stream = Stream { base: Some(payload.sequence), ..Stream::new(0) };
            }
        }
        stream.limit =
            stream.delivered + greeting::hello_len(payload.bytes).unwrap_or(MAX_HELLO).min(MAX_HELLO);
    }

    /// Takes a segment in and gives back the bytes that can now be read in order. The first that is seen is the
    /// first there is, where [`Openings::begin`] did not tell.
    pub(super) fn segment(&mut self, payload: Payload<'_>, budget: &mut GapBudget) -> Option<Piece> {
        self.stream(payload.direction).segment(payload, budget)
    }

    /// Notes that the receiver of what goes in `direction` has everything before `number`. Where bytes
    /// before it are missing here, the capture has lost them and they will not be sent again.
    pub(super) fn acknowledged(&mut self, direction: Direction, number: u32, budget: &mut GapBudget) {
        self.stream(direction).acknowledged(number, budget);
    }

    /// Whether nothing more will come out in one direction. It stays so.
    pub(super) fn is_done_in(&self, direction: Direction) -> bool {
        match direction {
            Direction::Out => self.sent.is_done(),
            Direction::In => self.received.is_done(),
        }
    }

    /// Whether nothing more will come out.
    pub(super) fn is_done(&self) -> bool {
        self.sent.is_done() && self.received.is_done()
    }

    /// Gives back what it holds of the budget. Call before dropping it.
    pub(super) fn release(&mut self, budget: &mut GapBudget) {
        self.sent.close_gap(budget);
        self.received.close_gap(budget);
    }

    fn stream(&mut self, direction: Direction) -> &mut Stream {
        match direction {
            Direction::Out => &mut self.sent,
            Direction::In => &mut self.received,
        }
    }
}

/// One direction.
#[derive(Debug)]
struct Stream {
    /// The sequence number of the first byte, once known.
    base: Option<u32>,
    /// Bytes given out.
    delivered: usize,
    /// Bytes wanted; smaller once a cut segment has made the rest unreachable.
    limit: usize,
    /// Bytes that came before their turn.
    gap: Option<Box<Gap>>,
}

impl Stream {
    fn new(limit: usize) -> Self {
        Self { base: None, delivered: 0, limit, gap: None }
    }

    fn is_done(&self) -> bool {
        self.delivered >= self.limit
    }

    fn segment(&mut self, payload: Payload<'_>, budget: &mut GapBudget) -> Option<Piece> {
        if self.is_done() || (payload.bytes.is_empty() && payload.wire_len == 0) {
            return None;
        }
        let base = *self.base.get_or_insert(payload.sequence);
        let (start, bytes) = place(payload.sequence.wrapping_sub(base), payload.bytes)?;
        let end = start + bytes.len();
        if payload.bytes.len() < usize::try_from(payload.wire_len).unwrap_or(usize::MAX) {
            // The capture cut this segment: what follows it can never be joined on.
            self.limit = self.limit.min(end.max(self.delivered));
        }
        let piece = if start <= self.delivered {
            self.in_turn(bytes.get(self.delivered - start..).unwrap_or_default())
        } else {
            self.before_its_turn(start, bytes, budget);
            None
        };
        if self.is_done() || self.gap.as_ref().is_some_and(|gap| gap.highest <= self.delivered) {
            self.close_gap(budget);
        }
        piece
    }

    fn acknowledged(&mut self, number: u32, budget: &mut GapBudget) {
        let (Some(base), true) = (self.base, self.gap.is_some()) else { return };
        let place = number.wrapping_sub(base);
        if place < 1 << 31 && usize::try_from(place).is_ok_and(|place| place > self.delivered) {
            self.limit = self.delivered;
            self.close_gap(budget);
        }
    }

    /// Gives out `bytes`, which begin where the last ones ended, and what waited for them.
    fn in_turn(&mut self, bytes: &[u8]) -> Option<Piece> {
        let offset = self.delivered;
        let room = self.limit - self.delivered;
        let mut bytes = bytes.get(..room).unwrap_or(bytes).to_vec();
        if bytes.is_empty() {
            return None;
        }
        self.delivered += bytes.len();
        if let Some(gap) = &self.gap {
            let waiting = gap.run(self.delivered, self.limit);
            bytes.extend_from_slice(waiting);
            self.delivered += waiting.len();
        }
        Some(Piece { offset: u32::try_from(offset).unwrap_or(u32::MAX), bytes })
    }

    fn before_its_turn(&mut self, start: usize, bytes: &[u8], budget: &mut GapBudget) {
        if start >= self.limit || bytes.is_empty() {
            return;
        }
        if self.gap.is_none() {
            if budget.used >= MAX_GAPS {
                return;
            }
            budget.used += 1;
            self.gap = Some(Box::default());
        }
        if let Some(gap) = &mut self.gap {
            gap.put(start, bytes.get(..self.limit - start).unwrap_or(bytes));
        }
    }

    fn close_gap(&mut self, budget: &mut GapBudget) {
        if self.gap.take().is_some() {
            budget.used = budget.used.saturating_sub(1);
        }
    }
}

/// Where in the stream `bytes` lie whose first sequence number is `distance` after the base: bytes before
/// the base (keep-alives, old duplicates) are left out. Sequence numbers wrap (RFC 9293 §3.4).
fn place(distance: u32, bytes: &[u8]) -> Option<(usize, &[u8])> {
    let before = distance.wrapping_neg();
    if before != 0 && before < 1 << 31 {
        return Some((0, bytes.get(usize::try_from(before).ok()?..)?));
    }
    Some((usize::try_from(distance).ok()?, bytes))
}

/// Bytes that came before their turn, and which of them are there.
#[derive(Debug, Default)]
struct Gap {
    bytes: Vec<u8>,
    present: Vec<bool>,
    /// One past the highest byte that is there.
    highest: usize,
}

impl Gap {
    fn put(&mut self, start: usize, bytes: &[u8]) {
        let end = start + bytes.len();
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
            self.present.resize(end, false);
        }
        let places = self.bytes.iter_mut().zip(&mut self.present).skip(start);
        for ((place, present), &byte) in places.zip(bytes) {
            *place = byte;
            *present = true;
        }
        self.highest = self.highest.max(end);
    }

    /// The bytes that are there without a break from `start` on, before `limit`.
    fn run(&self, start: usize, limit: usize) -> &[u8] {
        let present = self.present.get(start..limit.min(self.present.len())).unwrap_or_default();
        let len = present.iter().position(|present| !present).unwrap_or(present.len());
        self.bytes.get(start..start + len).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn out(sequence: u32, bytes: &[u8]) -> Payload<'_> {
        Payload {
            direction: Direction::Out,
            sequence,
            bytes,
            wire_len: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        }
    }

    fn begun(base: u32) -> Openings {
        let mut openings = Openings::new(Some(Direction::Out));
        openings.begin(Direction::Out, base);
        openings
    }

    fn piece(offset: u32, bytes: &[u8]) -> Piece {
        Piece { offset, bytes: bytes.to_vec() }
    }

    #[test]
    fn a_late_segment_releases_what_waited_for_it() {
        let (mut openings, mut budget) = (begun(u32::MAX - 1), GapBudget::default());
        assert_eq!(openings.segment(out(2, b"efg"), &mut budget), None);
        assert_eq!(openings.segment(out(1, b"def"), &mut budget), None);
        assert_eq!(budget.used, 1);
        assert_eq!(openings.segment(out(u32::MAX - 1, b"abc"), &mut budget), Some(piece(0, b"abcdefg")));
        assert_eq!(budget.used, 0, "the buffer is given back");
        assert_eq!(openings.segment(out(u32::MAX - 1, b"abcdefgh"), &mut budget), Some(piece(7, b"h")));
        assert_eq!(openings.segment(out(u32::MAX - 2, b"?"), &mut budget), None, "a keep-alive");
    }

    #[test]
    fn what_the_capture_lost_is_not_waited_for() {
        let (mut openings, mut budget) = (begun(10), GapBudget::default());
        assert_eq!(openings.segment(out(10, b"abc"), &mut budget), Some(piece(0, b"abc")));
        assert_eq!(openings.segment(out(16, b"ghi"), &mut budget), None);
        openings.acknowledged(Direction::Out, 13, &mut budget);
        openings.acknowledged(Direction::Out, 9, &mut budget);
        assert_eq!(budget.used, 1, "still missing at the receiver, too");
        openings.acknowledged(Direction::Out, 19, &mut budget);
        assert_eq!(budget.used, 0);
        assert_eq!(openings.segment(out(13, b"def"), &mut budget), None);
    }

    #[test]
    fn an_unknown_beginning_is_what_comes_first() {
        let (mut openings, mut budget) = (Openings::new(None), GapBudget::default());
        assert_eq!(openings.segment(out(1, b""), &mut budget), None);
        assert_eq!(openings.segment(out(7, b"abc"), &mut budget), Some(piece(0, b"abc")));
        assert_eq!(openings.segment(out(10, b"def"), &mut budget), Some(piece(3, b"def")));
        assert_eq!(openings.segment(out(4, b"???"), &mut budget), None, "what came before it");
        let mut openings = Openings::new(None);
        openings.segment(Payload { wire_len: 9, ..out(7, b"") }, &mut budget);
        assert!(openings.is_done_in(Direction::Out), "the capture keeps headers only");
    }

    /// The first bytes of a hello in a record of 600 bytes.
    const HELLO: &[u8] = &[22, 3, 1, 0x02, 0x58, 1, 0, 0x02, 0x54, 3, 3];

    #[test]
    fn a_hello_has_room_and_ends_its_stream() {
        let (mut openings, mut budget) = (begun(0), GapBudget::default());
        let talk = vec![b'x'; MAX_OPENING - 20];
        openings.segment(out(0, &talk), &mut budget);
        let at = u32::try_from(talk.len()).unwrap_or(0);
        openings.hello(out(at, HELLO), &mut budget);
        assert_eq!(openings.segment(out(at, HELLO), &mut budget), Some(piece(at, HELLO)));
        let rest = vec![7; 700];
        let got = openings.segment(out(at + 11, &rest), &mut budget);
        assert_eq!(got, Some(piece(at + 11, &vec![7; 594])), "and no more than the record");
        assert!(openings.sent.is_done());
    }

    #[test]
    fn a_hello_that_is_not_next_begins_anew() {
        let (mut openings, mut budget) = (begun(0), GapBudget::default());
        openings.segment(out(0, b"talk"), &mut budget);
        openings.segment(out(9, b"gap"), &mut budget);
        openings.hello(out(50, HELLO), &mut budget);
        assert_eq!(budget.used, 0, "what was awaited is given up");
        assert_eq!(openings.segment(out(50, HELLO), &mut budget), Some(piece(0, HELLO)));
        openings.hello(out(50, HELLO), &mut budget);
        assert_eq!(openings.segment(out(50, HELLO), &mut budget), None, "sent again");

        let mut openings = Openings::over();
        assert!(openings.is_done());
        openings.hello(out(u32::MAX, HELLO), &mut budget);
        assert_eq!(openings.segment(out(u32::MAX, HELLO), &mut budget), Some(piece(0, HELLO)));
        assert!(!openings.is_done() && openings.is_done_in(Direction::In));
    }

    #[test]
    fn a_cut_segment_ends_the_stream_where_it_was_cut() {
        let (mut openings, mut budget) = (begun(0), GapBudget::default());
        let cut = Payload { wire_len: 9, ..out(0, b"abc") };
        assert_eq!(openings.segment(cut, &mut budget), Some(piece(0, b"abc")));
        assert_eq!(openings.segment(out(9, b"jkl"), &mut budget), None);
        assert!(openings.sent.is_done() && !openings.is_done());
        assert_eq!(budget.used, 0);
    }

    #[test]
    fn no_more_than_the_limit_comes_out() {
        let (mut openings, mut budget) = (begun(0), GapBudget::default());
        let long = vec![7; MAX_OPENING + 100];
        assert_eq!(openings.segment(out(0, &long), &mut budget), Some(piece(0, &vec![7; MAX_OPENING])));
        assert_eq!(openings.segment(out(u32::try_from(long.len()).unwrap_or(0), b"x"), &mut budget), None);
    }

    #[test]
    fn the_budget_bounds_what_may_wait() {
        let mut budget = GapBudget { used: MAX_GAPS };
        let mut openings = begun(0);
        assert_eq!(openings.segment(out(3, b"def"), &mut budget), None);
        assert_eq!(
            openings.segment(out(0, b"abc"), &mut budget),
            Some(piece(0, b"abc")),
            "what waited is lost"
        );
        assert_eq!(budget.used, MAX_GAPS);
    }

    proptest! {
        /// Whatever the order, the repeats and the overlaps: exactly the first bytes, each once.
        #[test]
        fn any_order_gives_the_stream(
            base: u32,
            len in 1_usize..6000,
            cuts in prop::collection::vec((0_usize..6000, 1_usize..1500), 0..60),
            seed in prop::collection::vec(any::<prop::sample::Index>(), 200),
        ) {
            let stream: Vec<u8> = (0..len).map(|at| u8::try_from(at * 31 % 251).unwrap_or(0)).collect();
            // A whole covering in steps of 100, and overlapping extra segments; then shuffled.
            let mut segments: Vec<(usize, usize)> =
                (0..len).step_by(100).map(|start| (start, (start + 100).min(len))).collect();
            segments.extend(cuts.iter().filter(|cut| cut.0 < len).map(|&(at, n)| (at, (at + n).min(len))));
            for (from, to) in seed.iter().enumerate() {
                let count = segments.len();
                segments.swap(from % count, to.index(count));
            }
            let (mut openings, mut budget) = (begun(base), GapBudget::default());
            let mut got = Vec::new();
            for (start, end) in segments {
                let sequence = base.wrapping_add(u32::try_from(start).unwrap_or(0));
                let payload = out(sequence, stream.get(start..end).unwrap_or_default());
                if let Some(piece) = openings.segment(payload, &mut budget) {
                    prop_assert_eq!(piece.offset as usize, got.len());
                    got.extend(piece.bytes);
                }
            }
            prop_assert_eq!(&got[..], stream.get(..len.min(MAX_OPENING)).unwrap_or_default());
            openings.release(&mut budget);
            prop_assert_eq!(budget.used, 0);
        }
    }
}
