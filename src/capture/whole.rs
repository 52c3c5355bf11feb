//! Fragmented datagrams put together, for what they say. Counting needs no more than their ports (`fragments`).

use std::collections::VecDeque;

use hashbrown::HashMap;

use super::fragments::{Datagram, LIFETIME};
use crate::wire::{Tcp, Transport};

/// Datagrams that wait for a fragment at one time, each at most 64 kB.
pub(super) const MAX_WAITING: usize = 128;

/// Fragments of one datagram.
pub(super) const MAX_PARTS: usize = 512;

/// What a fragmented datagram says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// From its first fragment.
    ports: [u16; 2],
    tcp: Option<Tcp>,
    datagram: Datagram,
    /// What follows the transport's header, or the IP header where the transport is not read.
    bytes: Vec<u8>,
}

impl Whole {
    /// As if the datagram had come in one piece.
    #[must_use]
    pub fn transport(&self) -> Transport<'_> {
        let [source_port, destination_port] = self.ports;
        Transport {
            protocol: self.datagram.protocol,
            source_port,
            destination_port,
            tcp: self.tcp,
            payload: &self.bytes,
            payload_len: u32::try_from(self.bytes.len()).unwrap_or(u32::MAX),
            fragment: None,
        }
    }
}

/// The datagrams that wait, the oldest forgotten first.
#[derive(Debug, Default)]
pub(super) struct Joiner {
    waiting: HashMap<Datagram, Partial>,
    /// In the order of arrival; an entry whose time is not the datagram's own is of an earlier one.
    arrivals: VecDeque<(u64, Datagram)>,
}

/// The fragments of one datagram that are there.
#[derive(Debug, Default)]
struct Partial {
    began: u64,
    /// What the first one said: its ports, its TCP header, where its payload begins.
    first: Option<([u16; 2], Option<Tcp>, usize)>,
    /// Where the last one ends.
    end: Option<usize>,
    /// By where they begin.
    parts: Vec<(usize, Vec<u8>)>,
}

impl Joiner {
    /// Takes in a fragment; the datagram, when nothing of it is missing any more.
    pub(super) fn join(
        &mut self,
        clock: u64,
        datagram: Datagram,
        transport: &Transport<'_>,
    ) -> Option<Whole> {
        let fragment = transport.fragment?;
        self.forget_old(clock);
        if usize::try_from(transport.payload_len) != Ok(transport.payload.len()) {
            self.waiting.remove(&datagram); // cut by the capture: it will never be whole
            return None;
        }
        if !self.waiting.contains_key(&datagram) {
            while MAX_WAITING <= self.arrivals.len() {
                self.forget_first();
            }
            self.waiting.insert(datagram, Partial { began: clock, ..Partial::default() });
            self.arrivals.push_back((clock, datagram));
        }
        let partial = self.waiting.get_mut(&datagram)?;
        let offset = usize::from(fragment.offset);
        if fragment.first {
            let ports = [transport.source_port, transport.destination_port];
            partial.first = Some((ports, transport.tcp, offset));
        }
        if !fragment.more {
            partial.end = Some(offset + transport.payload.len());
        }
        if partial.parts.len() < MAX_PARTS {
            let place = partial.parts.partition_point(|(start, _)| *start <= offset);
            partial.parts.insert(place, (offset, transport.payload.to_vec()));
        }
        let bytes = partial.bytes()?;
        let (ports, tcp, _) = partial.first?;
        self.waiting.remove(&datagram);
        Some(Whole { ports, tcp, datagram, bytes })
    }

    fn forget_old(&mut self, clock: u64) {
        while self.arrivals.front().is_some_and(|&(began, _)| clock.saturating_sub(began) >= LIFETIME) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((began, datagram)) = self.arrivals.pop_front()
            && self.waiting.get(&datagram).is_some_and(|partial| partial.began == began)
        {
            self.waiting.remove(&datagram);
        }
    }
}

impl Partial {
    /// What the fragments say together, if none is missing. Of two that overlap, the first byte to begin stands.
    fn bytes(&self) -> Option<Vec<u8>> {
        let (start, end) = (self.first?.2, self.end?);
        let has: usize = self.parts.iter().map(|(_, part)| part.len()).sum();
        if has < end.checked_sub(start)? {
            return None;
        }
        let mut bytes = Vec::with_capacity(end - start);
        for (offset, part) in &self.parts {
            let known = (start + bytes.len()).checked_sub(*offset)?;
            bytes.extend_from_slice(part.get(known..).unwrap_or_default());
        }
        bytes.truncate(end - start);
        (bytes.len() == end - start).then_some(bytes)
    }
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::{InterfaceId, Protocol};
    use crate::wire::Fragment;

    fn datagram(id: u32) -> Datagram {
        Datagram {
            source: [10, 0, 0, 1].into(),
            destination: [10, 0, 0, 2].into(),
            protocol: Protocol::UDP,
            id,
            interface: InterfaceId(1),
        }
    }

    /// The bytes of `body` between two places, behind a UDP header of 8 bytes.
    fn part(body: &[u8], from: usize, to: usize) -> Transport<'_> {
        let (first, more) = (from == 0, to < body.len());
        let offset = if first { 8 } else { u16::try_from(from + 8).unwrap_or(0) };
        Transport {
            protocol: Protocol::UDP,
            source_port: if first { 50000 } else { 0 },
            destination_port: if first { 443 } else { 0 },
            tcp: None,
            payload: &body[from..to],
            payload_len: u32::try_from(to - from).unwrap_or(0),
            fragment: Some(Fragment { id: 0, first, more, offset }),
        }
    }

    #[test]
    fn a_datagram_is_whole_with_its_last_fragment_whichever_that_is() {
        let body: Vec<u8> = (0..100).collect();
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
            let mut joiner = Joiner::default();
            let parts = [part(&body, 0, 40), part(&body, 40, 80), part(&body, 80, 100)];
            let [one, two, three] = order.map(|which| joiner.join(1, datagram(1), &parts[which]));
            assert_eq!((one, two), (None, None), "{order:?}");
            let whole = three.map(|whole| (whole.bytes.clone(), whole.transport().destination_port));
            assert_eq!(whole, Some((body.clone(), 443)), "{order:?}");
            assert!(joiner.waiting.is_empty());
        }
    }

    #[test]
    fn what_is_missing_cut_or_too_late_is_not_made_up() {
        let body: Vec<u8> = (0..100).collect();
        let mut joiner = Joiner::default();
        assert_eq!(joiner.join(0, datagram(1), &part(&body, 0, 40)), None);
        assert_eq!(joiner.join(0, datagram(1), &part(&body, 48, 100)), None, "8 bytes are missing");
        assert_eq!(joiner.join(0, datagram(2), &part(&body, 40, 48)), None, "another datagram");
        assert_eq!(joiner.join(LIFETIME, datagram(1), &part(&body, 40, 48)), None, "too late");

        let cut = Transport { payload_len: 60, ..part(&body, 40, 41) };
        assert_eq!(joiner.join(LIFETIME, datagram(3), &part(&body, 0, 40)), None);
        assert_eq!(joiner.join(LIFETIME, datagram(3), &cut), None);
        assert_eq!(joiner.join(LIFETIME, datagram(3), &part(&body, 40, 100)), None, "given up");
    }

    #[test]
    fn it_never_outgrows_its_bounds() {
        let body = [7; 4096];
        let mut joiner = Joiner::default();
        for id in 0..1000 {
            joiner.join(u64::from(id), datagram(id), &part(&body, 0, 40));
            for _ in 0..3 {
                joiner.join(u64::from(id), datagram(0), &part(&body, 40, 48));
            }
        }
        assert!(joiner.waiting.len() <= MAX_WAITING && joiner.arrivals.len() <= MAX_WAITING);
        assert!(joiner.waiting.values().all(|partial| partial.parts.len() <= MAX_PARTS));
    }

    proptest! {
        #[test]
        fn cut_anywhere_and_overlapping(cuts in proptest::collection::vec((0..200_usize, 1..200_usize), 1..20)) {
            let body: Vec<u8> = (0..200).collect();
            let mut joiner = Joiner::default();
            for (from, len) in cuts {
                let whole = joiner.join(0, datagram(1), &part(&body, from, (from + len).min(200)));
                prop_assert!(whole.is_none_or(|whole| whole.bytes == body));
            }
        }
    }
}
