//! One flow: what it has done since it was last reported, and what is needed to follow it.

use super::pair::Pair;
use super::table::Links;
use crate::capture::Marks;
use crate::capture::opening::{GapBudget, Openings, Payload};
use crate::capture::tcp::{Connection, Segment, opposite};
use crate::event::{Delta, Direction, Event, FlowId, FlowKey, Owner, Protocol, TcpState};
use crate::wire::{Packet, TcpFlags, Transport, greeting};

/// The DNS, mDNS and LLMNR ports (RFC 1035, RFC 6762, RFC 4795), whose every message is passed on.
const NAME_PORTS: [u16; 3] = [53, 5353, 5355];

/// Payloads passed on from the start of any other UDP flow, and how long each may be, in bytes.
const MAX_FIRST_DATAGRAMS: u8 = 6;
const MAX_FIRST_DATAGRAM: usize = 1500;

/// … and those, then or later, that have the header of a QUIC Initial packet: a hello may be spread over many, come
/// after others, and be followed by that of another connection between the same ends.
const MAX_INITIALS: u8 = 64;
const MAX_INITIAL: usize = 9000;

/// How long a flow may be silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Over; stays for late packets only.
    Ended,
    /// A DNS exchange.
    Dns,
    /// A handshake, ICMP.
    Short,
    /// UDP, anything unknown, a TCP connection that both ends have begun to close.
    Medium,
    /// An open TCP connection.
    Long,
}

impl Patience {
    /// Nanoseconds of silence after which a flow is no longer followed.
    pub(super) const fn nanos(self) -> u64 {
        const SECOND: u64 = 1_000_000_000;
        match self {
            Self::Ended => 3 * SECOND,
            Self::Dns => 10 * SECOND,
            Self::Short => 30 * SECOND,
            Self::Medium => 60 * SECOND,
            Self::Long => 15 * 60 * SECOND,
        }
    }
}

/// What the table holds for a flow, in four cache lines: what finds it and what each packet changes fills the
/// first, the connection the second and half of the third; what few packets need comes last.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub(super) struct Flow {
    pub(super) pair: Pair,
    pub(super) local_is_low: bool,
    pub(super) opened: Option<Direction>,
    datagrams: u8,
    initials: u8,
    /// When the last packet came, on the meter's clock.
    pub(super) heard: u64,
    /// Its delta, and the tick in which that is the right one.
    pub(super) delta: (u32, u32),
    pub(super) id: FlowId,
    connection: Option<Connection>,
    openings: Option<Box<Openings>>,
    /// The one direction whose opening bytes are all passed on, so that what follows in it need not look.
    done: Option<Direction>,
    pub(super) links: Links,
    /// Its opening event, and the tick in which that can still be completed.
    pub(super) announced: (u32, u32),
    pub(super) owner: Option<Owner>,
}

/// A packet as one end of its flow sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight<'a> {
    pub(super) packet: &'a Packet<'a>,
    /// What the packet says: of a fragment that makes its datagram whole, all of that.
    pub(super) said: &'a Transport<'a>,
    pub(super) direction: Direction,
    /// On the meter's clock, in nanoseconds.
    pub(super) clock: u64,
    /// The kernel's retransmission mark, where it marks packets.
    pub(super) marked: Option<bool>,
    /// All of the kernel's marks.
    pub(super) marks: Marks,
}

impl Sight<'_> {
    /// The TCP segment in it.
    pub(super) fn segment(&self) -> Option<Segment> {
        let transport = &self.packet.transport;
        let tcp = transport.tcp?;
        Some(Segment {
            tcp,
            direction: self.direction,
            payload_len: transport.payload_len,
            clock: self.clock,
            marked: self.marked,
        })
    }
}

/// The first line is full, and no packet of a known datagram flow needs another.
const _: () = assert!(std::mem::offset_of!(Flow, id) == 64 && size_of::<Flow>() == 256);

impl Flow {
    /// A flow that `first` is the first packet of; `payload` says whether its opening bytes are wanted.
    pub(super) fn new(pair: Pair, local_is_low: bool, first: &Sight<'_>, payload: bool) -> Self {
        let segment = first.segment();
        let connection = segment.as_ref().map(Connection::new);
        let flags = segment.map(|segment| segment.tcp.flags);
        let opened = match flags {
            None => (pair.protocol() != Protocol::TCP).then_some(first.direction),
            Some(flags) if !flags.has(TcpFlags::SYN) => None,
            Some(flags) if flags.has(TcpFlags::ACK) => Some(opposite(first.direction)),
            Some(_) => Some(first.direction),
        };
        let openings = (payload && segment.is_some()).then(|| {
            let is_dns = NAME_PORTS.iter().any(|&port| pair.has_port(port));
            Box::new(if is_dns { Openings::messages() } else { Openings::new(opened) })
        });
        Self { pair, local_is_low, heard: first.clock, opened, connection, openings, ..Self::default() }
    }

    pub(super) fn key(&self) -> FlowKey {
        self.pair.key(self.local_is_low)
    }

    /// Whether `segment` begins another connection between the same ends.
    pub(super) fn is_succeeded_by(&self, segment: &Segment) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.is_succeeded_by(segment))
    }

    /// How long it may be silent.
    pub(super) fn patience(&self) -> Patience {
        self.patience_in(self.state())
    }

    /// How long it may be silent in a state of its connection.
    fn patience_in(&self, state: Option<TcpState>) -> Patience {
        match state {
            Some(TcpState::Closed | TcpState::TimeWait) => Patience::Ended,
            Some(TcpState::SynSent | TcpState::SynReceived) => Patience::Short,
            Some(TcpState::FinWait1 | TcpState::Closing | TcpState::LastAck) => Patience::Medium,
            Some(_) => Patience::Long,
            None => match self.pair.protocol() {
                Protocol::ICMP | Protocol::ICMPV6 => Patience::Short,
                Protocol::UDP if self.pair.has_port(53) => Patience::Dns,
                _ => Patience::Medium,
            },
        }
    }

    /// The state of the connection, if it is one.
    pub(super) fn state(&self) -> Option<TcpState> {
        self.connection.as_ref().map(|connection| connection.state)
    }

    /// Counts a packet and follows what it does to the connection. Says whether the flow's patience has
    /// become shorter with it.
    pub(super) fn count(&mut self, sight: &Sight<'_>, segment: Option<&Segment>, delta: &mut Delta) -> bool {
        self.heard = sight.clock;
        let bytes = u64::from(sight.packet.ip_bytes);
        match sight.direction {
            Direction::In => {
                delta.rx_bytes += bytes;
                delta.rx_packets = delta.rx_packets.saturating_add(1);
            }
            Direction::Out => {
                delta.tx_bytes += bytes;
                delta.tx_packets = delta.tx_packets.saturating_add(1);
            }
        }
        delta.wakes = delta.wakes.saturating_add(sight.marks.has(Marks::WAKE).into());
        delta.keep_alives = delta.keep_alives.saturating_add(sight.marks.has(Marks::KEEP_ALIVE).into());
        let Some(segment) = segment else { return false };
        let before = self.state();
        // A first fragment of a flow known so far by later ones brings the connection with it.
        let connection = self.connection.get_or_insert_with(|| Connection::new(segment));
        let change = connection.segment(segment);
        let after = Some(connection.state);
        delta.rtt_us = change.rtt_us.or(delta.rtt_us);
        delta.retransmits = delta.retransmits.saturating_add(u32::from(change.retransmit));
        if after == before {
            return false;
        }
        delta.state = after;
        self.patience_in(after).nanos() < self.patience_in(before).nanos()
    }

    /// The next bytes at the start of a TCP stream.
    pub(super) fn opening(&mut self, sight: &Sight<'_>, budget: &mut GapBudget) -> Option<Event> {
        let transport = sight.said;
        let tcp = transport.tcp?;
        let direction = sight.direction;
        let is_hello = greeting::begins_hello(transport.payload);
        if is_hello {
            self.openings.get_or_insert_with(|| Box::new(Openings::over()));
        }
        let openings = self.openings.as_mut()?;
        let is_plain = !tcp.flags.has(TcpFlags::SYN) && !tcp.flags.has(TcpFlags::RST);
        let is_empty = transport.payload.is_empty() && transport.payload_len == 0;
        let is_over = self.done == Some(direction) && !is_hello;
        if is_plain && (is_empty || is_over) && budget.is_unused() {
            return None; // Nothing to add, and nobody waits for a segment that was lost.
        }
        let mut sequence = tcp.sequence;
        if tcp.flags.has(TcpFlags::SYN) {
            sequence = sequence.wrapping_add(1);
            openings.begin(direction, sequence);
            if tcp.flags.has(TcpFlags::ACK) {
                openings.begin(opposite(direction), tcp.acknowledgment);
            }
        }
        if tcp.flags.has(TcpFlags::ACK) {
            openings.acknowledged(opposite(direction), tcp.acknowledgment, budget);
        }
        let bytes = transport.payload;
        let payload = Payload { direction, sequence, bytes, wire_len: transport.payload_len };
        if is_hello {
            openings.hello(payload, budget);
        }
        let piece = if is_empty { None } else { openings.segment(payload, budget) };
        self.done = [Direction::Out, Direction::In].into_iter().find(|&way| openings.is_done_in(way));
        if openings.is_done() || tcp.flags.has(TcpFlags::RST) {
            self.release(budget);
        }
        piece.map(|piece| Event::Opening {
            flow: self.id,
            direction,
            offset: piece.offset,
            bytes: piece.bytes,
        })
    }

    /// The payload of a UDP packet, where it is one to pass on.
    pub(super) fn datagram<'p>(&mut self, transport: &Transport<'p>) -> Option<&'p [u8]> {
        let bytes = transport.payload;
        let is_whole = usize::try_from(transport.payload_len).is_ok_and(|len| len == bytes.len());
        if transport.protocol != Protocol::UDP
            || transport.fragment.is_some()
            || bytes.is_empty()
            || !is_whole
        {
            return None;
        }
        if NAME_PORTS.iter().any(|&port| self.pair.has_port(port)) {
            return Some(bytes);
        }
        let (count, limit, longest) = if greeting::is_initial(bytes) {
            (&mut self.initials, MAX_INITIALS, MAX_INITIAL)
        } else {
            (&mut self.datagrams, MAX_FIRST_DATAGRAMS, MAX_FIRST_DATAGRAM)
        };
        if *count >= limit {
            return None;
        }
        *count += 1;
        (bytes.len() <= longest).then_some(bytes)
    }

    /// Frees the opening bytes.
    pub(super) fn release(&mut self, budget: &mut GapBudget) {
        if let Some(mut openings) = self.openings.take() {
            openings.release(budget);
        }
    }
}
