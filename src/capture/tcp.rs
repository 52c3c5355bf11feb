//! One TCP connection seen from its local end: state, round-trip time and retransmissions, from headers alone.

use std::num::NonZeroU64;

use crate::event::{Direction, TcpState};
use crate::wire::{Tcp, TcpFlags};

/// A segment below the highest one that comes within this many nanoseconds was overtaken on its way rather
/// than sent again (3 ms: the threshold that Wireshark uses).
const REORDERED: u64 = 3_000_000;

/// A round trip longer than this, in nanoseconds, is a mistake (a clock that stepped, an answer never seen).
const MAX_RTT: u64 = 60_000_000_000;

/// A sequence number further back than this belongs to something that was not seen.
const MAX_DISTANCE: u32 = 1 << 30;

/// One segment, as far as the connection needs to know it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) tcp: Tcp,
    pub(super) direction: Direction,
    /// Payload length on the wire.
    pub(super) payload_len: u32,
    /// When, in nanoseconds of a clock that does not step back.
    pub(super) clock: u64,
    /// Whether the kernel says that it sent this before; `None` when it says nothing.
    pub(super) marked: Option<bool>,
}

impl Segment {
    fn has(&self, flags: TcpFlags) -> bool {
        self.tcp.flags.has(flags)
    }

    /// Sequence numbers used up: payload, SYN and FIN (RFC 9293 §3.4).
    fn length(&self) -> u32 {
        let control = u32::from(self.has(TcpFlags::SYN)) + u32::from(self.has(TcpFlags::FIN));
        self.payload_len.wrapping_add(control)
    }
}

/// What a segment changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// The new state, when it is another one.
    pub(super) state: Option<TcpState>,
    /// The smoothed round-trip time in microseconds, when it was measured anew.
    pub(super) rtt_us: Option<u32>,
    /// Whether the segment repeats bytes already seen.
    pub(super) retransmit: bool,
}

/// A connection. There may be a million of them, and each packet reads most of one: so what may not be known
/// yet is a bit beside a number rather than an `Option`, which is half the size.
#[derive(Debug)]
pub(super) struct Connection {
    sent: Half,
    received: Half,
    /// When the segment was sent whose acknowledgement is awaited; counts while `is_sampling`.
    sampled: u64,
    /// The smoothed round-trip time in nanoseconds; one that took no time counts as 1.
    smoothed: Option<NonZeroU64>,
    /// One past that segment's last sequence number.
    sample_end: u32,
    is_sampling: bool,
    pub(super) state: TcpState,
}

/// One direction of a connection.
#[derive(Clone, Copy, Debug, Default)]
struct Half {
    /// When `next` last grew.
    grew: u64,
    /// The sequence number of SYN, if that was seen.
    initial: u32,
    /// One past the highest sequence number sent, once any was.
    next: u32,
    /// The highest acknowledgement from the other end.
    acknowledged: u32,
    /// One past FIN.
    fin: u32,
    /// Which of these four are known.
    known: Known,
    /// Whether the last growth was by one payload byte, as a zero-window probe does it.
    single: bool,
    /// … and the other end has answered without taking that byte.
    refused: bool,
}

/// A set of numbers in a [`Half`].
#[derive(Clone, Copy, Debug, Default)]
struct Known(u8);

impl Known {
    const INITIAL: Self = Self(1);
    const NEXT: Self = Self(2);
    const ACKNOWLEDGED: Self = Self(4);
    const FIN: Self = Self(8);
}

impl Half {
    const fn knows(&self, which: Known, number: u32) -> Option<u32> {
        if self.known.0 & which.0 == 0 { None } else { Some(number) }
    }

    const fn initial(&self) -> Option<u32> {
        self.knows(Known::INITIAL, self.initial)
    }

    const fn next(&self) -> Option<u32> {
        self.knows(Known::NEXT, self.next)
    }

    const fn acknowledged(&self) -> Option<u32> {
        self.knows(Known::ACKNOWLEDGED, self.acknowledged)
    }

    const fn fin(&self) -> Option<u32> {
        self.knows(Known::FIN, self.fin)
    }

    const fn learn(&mut self, which: Known) {
        self.known.0 |= which.0;
    }
}

impl Connection {
    /// As known before its first segment, which is then given to [`Connection::segment`].
    pub(super) fn new(first: &Segment) -> Self {
        let syn = first.has(TcpFlags::SYN);
        let state = match (syn, first.has(TcpFlags::ACK), first.direction) {
            (true, false, Direction::Out) | (true, true, Direction::In) => TcpState::SynSent,
            (true, _, _) => TcpState::SynReceived,
            (false, _, _) => TcpState::Established,
        };
        Self {
            sent: Half::default(),
            received: Half::default(),
            sampled: 0,
            smoothed: None,
            sample_end: 0,
            is_sampling: false,
            state,
        }
    }

    /// Whether `segment` begins another connection between the same ends (RFC 9293 §3.6.1): a SYN after
    /// the end of this one, or one that asks or answers with another initial sequence number. Where this one is
    /// open, the asking is not enough: it may be answered with a challenge (§3.10.7.4).
    pub(super) fn is_succeeded_by(&self, segment: &Segment) -> bool {
        if !segment.has(TcpFlags::SYN) {
            return false;
        }
        if segment.has(TcpFlags::ACK) {
            let initial = self.half(segment.direction).initial();
            return initial.is_some_and(|initial| initial != segment.tcp.sequence);
        }
        match self.state {
            TcpState::Closed | TcpState::TimeWait | TcpState::LastAck => true,
            TcpState::SynSent | TcpState::SynReceived => {
                self.half(segment.direction).initial().is_some_and(|initial| initial != segment.tcp.sequence)
            }
            _ => false,
        }
    }

    /// Follows one segment.
    pub(super) fn segment(&mut self, segment: &Segment) -> Change {
        let rtt_us = self.acknowledge(segment);
        let grown = segment.length() > 0 && self.grows(segment);
        // Marked by the sender's kernel, it is one even if its first copy went by before Crow looked.
        let is_marked = segment.marked == Some(true) && segment.direction == Direction::Out;
        let retransmit = segment.length() > 0 && (is_marked || !grown && self.repeats(segment));
        self.time(segment, grown);
        self.advance(segment, grown);
        let state = self.next_state(segment);
        let changed = state != self.state;
        self.state = state;
        Change { state: changed.then_some(state), rtt_us, retransmit }
    }

    fn half(&self, direction: Direction) -> &Half {
        match direction {
            Direction::Out => &self.sent,
            Direction::In => &self.received,
        }
    }

    fn half_mut(&mut self, direction: Direction) -> &mut Half {
        match direction {
            Direction::Out => &mut self.sent,
            Direction::In => &mut self.received,
        }
    }

    /// Notes what `segment` acknowledges and takes the round-trip time where it answers the sample.
    fn acknowledge(&mut self, segment: &Segment) -> Option<u32> {
        if !segment.has(TcpFlags::ACK) {
            return None;
        }
        let number = segment.tcp.acknowledgment;
        let other = self.half_mut(opposite(segment.direction));
        if other.acknowledged().is_none_or(|highest| is_after(number, highest)) {
            other.acknowledged = number;
            other.learn(Known::ACKNOWLEDGED);
        }
        other.refused |= other.single && other.next() == Some(number.wrapping_add(1));
        if !self.is_sampling || segment.direction == Direction::Out || is_after(self.sample_end, number) {
            return None;
        }
        self.is_sampling = false;
        let measured = segment.clock.saturating_sub(self.sampled);
        if measured > MAX_RTT {
            return None;
        }
        // RFC 6298 §2.3: alpha = 1/8.
        let before = self.smoothed.map(NonZeroU64::get);
        let smoothed = before.map_or(measured, |before| before - before / 8 + measured / 8);
        self.smoothed = NonZeroU64::new(smoothed.max(1));
        u32::try_from(smoothed / 1000).ok()
    }

    /// Whether `segment` ends beyond everything seen in its direction.
    fn grows(&self, segment: &Segment) -> bool {
        let end = segment.tcp.sequence.wrapping_add(segment.length());
        self.half(segment.direction)
            .next()
            .is_none_or(|next| is_after(end, next) || next.wrapping_sub(end) > MAX_DISTANCE)
    }

    /// Whether `segment`, which does not grow its direction, was sent before.
    fn repeats(&self, segment: &Segment) -> bool {
        if let (Some(marked), Direction::Out) = (segment.marked, segment.direction) {
            return marked;
        }
        let half = self.half(segment.direction);
        let Some(next) = half.next() else { return false };
        let (start, length) = (segment.tcp.sequence, segment.length());
        let end = start.wrapping_add(length);
        let acknowledged = half.acknowledged().is_some_and(|number| !is_after(end, number));
        if segment.payload_len == 1 && length == 1 && end == next && (acknowledged || half.refused) {
            return false; // A keep-alive (RFC 9293 §3.8.4) or a zero-window probe (§3.8.6.1).
        }
        acknowledged || end == next || segment.clock.saturating_sub(half.grew) >= REORDERED
    }

    /// Starts a round-trip sample on new bytes; gives one up whose bytes were sent again (Karn's rule,
    /// RFC 6298 §3).
    fn time(&mut self, segment: &Segment, grown: bool) {
        if segment.direction == Direction::In || segment.length() == 0 {
            return;
        }
        let start = segment.tcp.sequence;
        if self.is_sampling && is_after(self.sample_end, start) {
            self.is_sampling = false;
        } else if !self.is_sampling
            && grown
            && segment.marked != Some(true)
            && self.sent.next().is_none_or(|next| !is_after(next, start))
        {
            self.is_sampling = true;
            self.sample_end = start.wrapping_add(segment.length());
            self.sampled = segment.clock;
        }
    }

    fn advance(&mut self, segment: &Segment, grown: bool) {
        let (start, length) = (segment.tcp.sequence, segment.length());
        let end = start.wrapping_add(length);
        let half = self.half_mut(segment.direction);
        if segment.has(TcpFlags::SYN) {
            half.initial = start;
            half.learn(Known::INITIAL);
        }
        if segment.has(TcpFlags::FIN) {
            half.fin = end;
            half.learn(Known::FIN);
        }
        if grown {
            half.single = length == 1 && segment.payload_len == 1 && half.next() == Some(start);
            half.refused = false;
            half.next = end;
            half.grew = segment.clock;
        } else if half.next().is_none() {
            half.next = start;
        }
        half.learn(Known::NEXT);
    }

    /// RFC 9293 §3.3.2, figure 5, as an observer beside the local end sees it.
    fn next_state(&self, segment: &Segment) -> TcpState {
        use Direction::{In, Out};
        use TcpState::{
            CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, SynReceived, SynSent,
            TimeWait,
        };

        if segment.has(TcpFlags::RST) {
            return Closed;
        }
        let ack = segment.has(TcpFlags::ACK);
        let opened = if segment.has(TcpFlags::SYN) {
            match (self.state, segment.direction, ack) {
                (SynSent | SynReceived, In, true) => Established,
                (SynSent, In, false) | (SynSent, Out, true) => SynReceived,
                (state, _, _) => state,
            }
        } else {
            match (self.state, segment.direction) {
                // An acknowledgement of something else: the other end still has an older connection (§3.5.1).
                (SynSent, In) if segment.length() == 0 => SynSent,
                (SynSent, _) | (SynReceived, In) if ack => Established,
                (SynReceived, Out) if segment.length() > 0 => Established,
                (state, _) => state,
            }
        };
        let answered = segment.direction == In
            && ack
            && self.sent.fin().is_some_and(|fin| !is_after(fin, segment.tcp.acknowledgment));
        let acknowledged = match opened {
            FinWait1 if answered => FinWait2,
            Closing if answered => TimeWait,
            LastAck if answered => Closed,
            state => state,
        };
        if !segment.has(TcpFlags::FIN) {
            return acknowledged;
        }
        match (acknowledged, segment.direction) {
            (SynSent | SynReceived | Established, Out) => FinWait1,
            (CloseWait, Out) => LastAck,
            (SynSent | SynReceived | Established, In) => CloseWait,
            (FinWait1, In) => Closing,
            (FinWait2, In) => TimeWait,
            (state, _) => state,
        }
    }
}

/// The other way.
pub(super) const fn opposite(direction: Direction) -> Direction {
    match direction {
        Direction::In => Direction::Out,
        Direction::Out => Direction::In,
    }
}

/// Whether sequence number `a` comes after `b`; they wrap (RFC 9293 §3.4).
const fn is_after(a: u32, b: u32) -> bool {
    let distance = a.wrapping_sub(b);
    distance != 0 && distance < 1 << 31
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
mod tests;
