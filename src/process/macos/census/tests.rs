//! Tests of the census, with a Mac that says what the test tells it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::event::TcpState;
use crate::process::macos::owners::tests::{Fake, socket};
use crate::process::macos::pcblist::Tcp;

fn kind_of(name: &str) -> InterfaceKind {
    if name.starts_with("lo") { InterfaceKind::Loopback } else { InterfaceKind::Physical }
}

fn at(address: &str, interface: &str, id: u32) -> Place {
    Place { address: address.parse().unwrap(), interface: interface.to_owned(), id: InterfaceId(id) }
}

fn places() -> Vec<Place> {
    vec![at("10.0.0.2", "en0", 4), at("fe80::1", "en0", 4), at("127.0.0.1", "lo0", 1), at("::1", "lo0", 1)]
}

fn census(tcp: Vec<Socket>, udp: Vec<Socket>) -> SocketCensus<Fake> {
    SocketCensus::new(Fake { tcp, udp, places: places(), ..Fake::default() }, kind_of)
}

fn take(census: &mut SocketCensus<Fake>) -> Reading {
    census.take(Timestamp::new(100, 0)).unwrap()
}

#[test]
fn a_socket_is_told_with_its_owner_and_its_interface() {
    let tcp = Some(Tcp { state: Some(TcpState::Established), is_listening: false, rtt_us: 9_000 });
    let web = Socket {
        id: 5,
        rx_bytes: 1_000,
        tx_bytes: 200,
        rx_packets: 3,
        tx_packets: 2,
        tcp,
        ..socket("10.0.0.2:50000", "1.1.1.1:443", (7, 9))
    };
    let own = Socket { tcp, ..socket("10.0.0.2:80", "10.0.0.2:50001", (8, -1)) };
    let dns = Socket { tcp: None, tx_bytes: 40, ..socket("0.0.0.0:6000", "0.0.0.0:0", (8, -1)) };
    let mut census = census(vec![web, own], vec![dns]);
    let reading = take(&mut census);
    let [first, second, third] = reading.sockets.as_slice() else { unreachable!("{reading:?}") };
    let owner = first.owner.unwrap();
    assert_eq!((owner.process.pid, owner.via.map(|via| via.pid)), (9, Some(7)));
    assert!(owner.process.started.is_some());
    assert_eq!((first.id, first.interface, first.rtt_us), (5, InterfaceId(4), Some(9_000)));
    let counts = Counts { rx_bytes: 1_000, tx_bytes: 200, rx_packets: 3, tx_packets: 2, retransmits: 0 };
    assert_eq!((first.counts, first.state), (counts, Some(TcpState::Established)));
    assert_eq!(second.interface, InterfaceId(1), "the machine talks to itself");
    assert_eq!((third.state, third.counts.tx_bytes, third.interface), (None, 40, InterfaceId(0)));
    let pids: Vec<i32> = reading.processes.iter().map(|process| process.key.pid).collect();
    assert_eq!(pids, [9, 7, 8], "each once");
    let kinds: Vec<(String, InterfaceKind)> = reading
        .interfaces
        .iter()
        .filter_map(|event| match event {
            Event::InterfaceUp(interface) => Some((interface.name.clone(), interface.kind)),
            _ => None,
        })
        .collect();
    let expected = [("lo0", InterfaceKind::Loopback), ("en0", InterfaceKind::Physical)];
    assert_eq!(kinds, expected.map(|(name, kind)| (name.to_owned(), kind)));

    let again = take(&mut census);
    assert_eq!((again.interfaces, again.processes, again.exited), (vec![], vec![], vec![]));
    census.system.places.retain(|place| place.interface != "en0");
    census.system.ends = vec![8];
    let last = take(&mut census);
    assert_eq!(last.interfaces, [Event::InterfaceDown(InterfaceId(4))]);
    assert_eq!(last.exited.iter().map(|key| key.pid).collect::<Vec<_>>(), [8]);
}

#[test]
fn a_list_that_was_cut_down_says_so() {
    let own = socket("10.0.0.2:50000", "1.1.1.1:443", (7, -1));
    let other = Socket { uid: 65, ..socket("0.0.0.0:5353", "0.0.0.0:0", (8, -1)) };
    let short = |tcp, udp| {
        let missing = take(&mut census(tcp, udp)).missing.unwrap();
        missing.split(',').next().unwrap().to_owned()
    };
    let moved = Socket { rx_bytes: 1, ..own };
    assert_eq!(short(vec![moved], vec![other]), "payload only");
    assert_eq!(short(vec![moved], vec![]), "your own sockets only");
    assert_eq!(short(vec![own], vec![]), "your own connections without counts");
}
