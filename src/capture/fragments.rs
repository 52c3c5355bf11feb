//! The ports of fragmented datagrams: only a first fragment carries them, so they are kept for the rest.

use std::collections::VecDeque;
use std::net::IpAddr;

use hashbrown::HashMap;

use crate::event::{InterfaceId, Protocol};

/// Datagrams whose ports are remembered at one time.
pub(super) const MAX_FRAGMENTED: usize = 4096;

/// How long the rest of a datagram may take, in nanoseconds (RFC 791 §3.2 asks receivers for at least 15 s;
/// common stacks wait for 30 s).
pub(super) const LIFETIME: u64 = 30_000_000_000;

/// What all fragments of one datagram share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Datagram {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) protocol: Protocol,
    pub(super) id: u32,
    pub(super) interface: InterfaceId,
}

/// Ports by datagram, oldest forgotten first.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    ports: HashMap<Datagram, (u64, [u16; 2])>,
    /// In the order of arrival; an entry whose time is not the table's own was learned again later.
    arrivals: VecDeque<(u64, Datagram)>,
}

impl Fragments {
    /// Remembers source and destination port of a first fragment.
    pub(super) fn learn(&mut self, clock: u64, datagram: Datagram, ports: [u16; 2]) {
        self.forget_old(clock);
        while self.arrivals.len() >= MAX_FRAGMENTED {
            self.forget_first();
        }
        self.ports.insert(datagram, (clock, ports));
        self.arrivals.push_back((clock, datagram));
    }

    /// The ports of a datagram whose first fragment was seen.
    pub(super) fn ports(&mut self, clock: u64, datagram: &Datagram) -> Option<[u16; 2]> {
        self.forget_old(clock);
        self.ports.get(datagram).map(|&(_, ports)| ports)
    }

    fn forget_old(&mut self, clock: u64) {
        while self.arrivals.front().is_some_and(|&(learned, _)| clock.saturating_sub(learned) >= LIFETIME) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((learned, datagram)) = self.arrivals.pop_front()
            && self.ports.get(&datagram).is_some_and(|&(newest, _)| newest == learned)
        {
            self.ports.remove(&datagram);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(id: u32) -> Datagram {
        Datagram {
            source: [10, 0, 0, 1].into(),
            destination: [10, 0, 0, 2].into(),
            protocol: Protocol::UDP,
            id,
            interface: InterfaceId(1),
        }
    }

    #[test]
    fn ports_are_known_for_thirty_seconds() {
        let mut fragments = Fragments::default();
        fragments.learn(5, datagram(1), [7, 8]);
        assert_eq!(fragments.ports(LIFETIME, &datagram(1)), Some([7, 8]));
        assert_eq!(fragments.ports(LIFETIME, &datagram(2)), None, "another datagram");
        assert_eq!(fragments.ports(LIFETIME + 5, &datagram(1)), None);
    }

    #[test]
    fn a_number_used_again_keeps_its_newest_ports() {
        let mut fragments = Fragments::default();
        fragments.learn(0, datagram(1), [7, 8]);
        fragments.learn(LIFETIME / 2, datagram(1), [9, 10]);
        assert_eq!(fragments.ports(LIFETIME, &datagram(1)), Some([9, 10]));
    }

    #[test]
    fn the_table_never_outgrows_its_bound() {
        let mut fragments = Fragments::default();
        for id in 0..10_000 {
            fragments.learn(u64::from(id), datagram(id), [1, 2]);
            fragments.learn(u64::from(id), datagram(id % 3), [1, 2]);
        }
        assert!(fragments.arrivals.len() <= MAX_FRAGMENTED && fragments.ports.len() <= MAX_FRAGMENTED);
        assert_eq!(fragments.ports(10_000, &datagram(9_999)), Some([1, 2]), "the newest is there");
        assert_eq!(fragments.ports(10_000, &datagram(500)), None, "the oldest is not");
    }
}
