//! Looks for the name of the other end in what a flow says first. Pure, per flow, and bounded.

use std::collections::BTreeMap;

use super::reader::{self, Reading};
use crate::aggregate::snapshot::HostSource;
use crate::event::{Direction, FlowId};
use crate::wire::quic::Initials;
use crate::wire::{Error, dtls, greeting};

/// The flows whose opening bytes have not said all yet.
#[derive(Debug, Default)]
pub struct Finders {
    streams: BTreeMap<FlowId, Box<Finder>>,
    initials: BTreeMap<FlowId, Box<Initials>>,
    /// What DTLS clients have said by now.
    hellos: BTreeMap<FlowId, Box<dtls::Hello>>,
    is_full: bool,
}

/// A flow, as far as looking for names needs it.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Which flow.
    pub flow: FlowId,
    /// Which way its first packet went, if that is known.
    pub opener: Option<Direction>,
    /// Whether it talks to or from the port of DNS.
    pub is_dns: bool,
}

/// The next bytes of a TCP stream.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// Who sent them.
    pub direction: Direction,
    /// Where in the stream they begin.
    pub offset: u32,
    /// The bytes.
    pub bytes: &'a [u8],
}

/// What a flow has said by now.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Names and protocols.
    pub reading: Reading,
    /// DNS messages that came over TCP, with who sent each.
    pub messages: Vec<(Direction, Vec<u8>)>,
}

/// One flow's opening bytes.
#[derive(Debug, Default)]
struct Finder {
    sent: Stream,
    received: Stream,
    /// Who said a hello where none was expected; that end is the client, whoever opened the connection.
    client: Option<Direction>,
}

/// One direction's bytes from the first on.
#[derive(Debug, Default)]
struct Stream {
    /// Where in the stream `bytes` begin: at its start, or at a hello further on.
    start: usize,
    bytes: Vec<u8>,
    /// Bytes of DNS messages that have been given out.
    taken: usize,
}

impl Finders {
    /// Takes in a piece of a TCP stream; `None` when it says nothing new.
    ///
    /// A piece that begins with a `ClientHello` is read whatever came before it, and from either end: the beginning may
    /// not have been seen, or been of a protocol that is not known here.
    pub fn opening(&mut self, place: Place, piece: &Piece<'_>) -> Option<Found> {
        let is_hello = !place.is_dns && greeting::begins_hello(piece.bytes);
        let known = self.streams.get(&place.flow);
        let client = known.and_then(|finder| finder.client).or(place.opener);
        let is_answer = client.is_some_and(|client| client != piece.direction);
        if is_answer && !place.is_dns && !is_hello {
            return None;
        }
        if known.is_none() {
            // What was let go, or given up for room, is not begun in the middle.
            if piece.offset != 0 && !is_hello {
                return None;
            }
            self.make_room();
        }
        let finder = self.streams.entry(place.flow).or_default();
        if is_hello && !finder.leads_to(place, piece) {
            finder.begin_anew(piece);
        }
        let is_longer = finder.stream(piece.direction).append(piece);
        if !is_longer {
            return None;
        }
        if place.is_dns {
            let messages = finder.stream(piece.direction).messages();
            let messages = messages.into_iter().map(|message| (piece.direction, message)).collect();
            return Some(Found { messages, reading: Reading { is_open: true, ..Reading::default() } });
        }
        if is_hello && !says_name(&finder.stream(piece.direction).bytes) && says_name(piece.bytes) {
            // What led up to it was not understood.
            finder.begin_anew(piece);
            finder.stream(piece.direction).append(piece);
        }
        Some(Found { reading: finder.read(place.opener), messages: Vec::new() })
    }

    /// Takes in one of the first datagrams of a flow, either way: only a client's can be read.
    pub fn datagram(&mut self, flow: FlowId, bytes: &[u8]) -> Reading {
        if dtls::begins_hello(bytes) {
            return self.dtls(flow, bytes);
        }
        if MAX_FINDERS <= self.initials.len() && !self.initials.contains_key(&flow) {
            self.initials.pop_first();
            self.is_full = true;
        }
        let initials = self.initials.entry(flow).or_default();
        match initials.datagram(bytes) {
            Ok(hello) => reader::quic_hello_said(hello),
            Err(err) => {
                let protocol = initials.is_quic().then_some(reader::Protocol::Quic(None));
                Reading { protocol, is_open: err == Error::Truncated, ..Reading::default() }
            }
        }
    }

    fn dtls(&mut self, flow: FlowId, bytes: &[u8]) -> Reading {
        if MAX_FINDERS <= self.hellos.len() && !self.hellos.contains_key(&flow) {
            self.hellos.pop_first();
            self.is_full = true;
        }
        let protocol = Some(reader::Protocol::Plain("dtls"));
        match self.hellos.entry(flow).or_default().datagram(bytes) {
            Ok(hello) => Reading { protocol, ..reader::hello_said(hello, HostSource::Sni) },
            Err(Error::Truncated) => Reading { protocol, is_open: true, ..Reading::default() },
            Err(_) => Reading::default(),
        }
    }

    /// Takes in a datagram with the header of an Initial packet, of a flow that has said all; `None` unless it begins
    /// another connection between the same ends.
    pub fn later_datagram(&mut self, flow: FlowId, bytes: &[u8]) -> Option<Reading> {
        let is_new = !self.initials.contains_key(&flow);
        let reading = self.datagram(flow, bytes);
        if is_new && !self.initials.get(&flow).is_some_and(|initials| initials.is_quic()) {
            self.initials.remove(&flow);
            return None;
        }
        Some(reading)
    }

    /// The flow has said all, or is over.
    pub fn forget(&mut self, flow: FlowId) {
        self.streams.remove(&flow);
        self.initials.remove(&flow);
        self.hellos.remove(&flow);
    }

    /// Whether flows were given up for want of room.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.is_full
    }

    /// Gives up the oldest flow when there are too many: what names a flow comes at its beginning.
    fn make_room(&mut self) {
        if MAX_FINDERS <= self.streams.len() {
            self.streams.pop_first();
            self.is_full = true;
        }
    }
}

impl Finder {
    fn stream(&mut self, direction: Direction) -> &mut Stream {
        match direction {
            Direction::Out => &mut self.sent,
            Direction::In => &mut self.received,
        }
    }

    /// Whether what a hello's sender has said by now may lead up to it.
    fn leads_to(&mut self, place: Place, hello: &Piece<'_>) -> bool {
        let is_client = self.client.or(place.opener).is_none_or(|client| client == hello.direction);
        let stream = self.stream(hello.direction);
        let is_next = usize::try_from(hello.offset).is_ok_and(|at| at == stream.start + stream.bytes.len());
        is_client && is_next && (stream.bytes.is_empty() || reader::read(&stream.bytes).is_open)
    }

    /// Drops what came before a piece.
    fn begin_anew(&mut self, piece: &Piece<'_>) {
        self.client = Some(piece.direction);
        let start = usize::try_from(piece.offset).unwrap_or(usize::MAX);
        *self.stream(piece.direction) = Stream { start, ..Stream::default() };
    }

    fn read(&self, opener: Option<Direction>) -> Reading {
        match self.client.or(opener) {
            Some(Direction::Out) => reader::read(&self.sent.bytes),
            Some(Direction::In) => reader::read(&self.received.bytes),
            None => {
                // Found midway: either end may be the one that asks.
                let [one, other] = [&self.sent, &self.received].map(|stream| reader::read(&stream.bytes));
                let is_open = one.is_open || other.is_open;
                let best = if one.name.is_some() || other.protocol.is_none() { one } else { other };
                Reading { is_open: is_open && best.name.is_none(), ..best }
            }
        }
    }
}

/// Whether a client's bytes say a name, or may lead on to one.
fn says_name(client: &[u8]) -> bool {
    let reading = reader::read(client);
    reading.is_open || reading.name.is_some()
}

impl Stream {
    /// Adds what is new in a piece; whether anything was.
    fn append(&mut self, piece: &Piece<'_>) -> bool {
        let Ok(offset) = usize::try_from(piece.offset) else { return false };
        let room = MAX_STREAM.saturating_sub(self.bytes.len());
        let known = (self.start + self.bytes.len()).checked_sub(offset);
        let Some(new) = known.and_then(|known| piece.bytes.get(known..)) else { return false };
        let new = new.get(..room).unwrap_or(new);
        self.bytes.extend_from_slice(new);
        !new.is_empty()
    }

    /// The whole DNS messages that were not given out yet, each with its length before it (RFC 1035 §4.2.2).
    fn messages(&mut self) -> Vec<Vec<u8>> {
        let mut messages = Vec::new();
        while let Some((len, rest)) = self.bytes.get(self.taken..).and_then(<[u8]>::split_first_chunk::<2>) {
            let len = usize::from(u16::from_be_bytes(*len));
            let Some(message) = rest.get(..len) else { break };
            messages.push(message.to_vec());
            self.taken += 2 + len;
        }
        messages
    }
}

/// Flows whose opening bytes are kept at one time.
pub const MAX_FINDERS: usize = 1 << 12;

/// Bytes kept of one direction: a dialogue and the longest hello that the meter passes on.
const MAX_STREAM: usize = 24 << 10;

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
mod tests;
