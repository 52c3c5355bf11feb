//! Tests of readings into events.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;

use super::*;
use crate::event::{Interface, InterfaceKind, OwnerSource};

const NOW: Timestamp = Timestamp::new(100, 0);

fn socket(id: u64, local: &str, remote: &str) -> Counted {
    Counted {
        id,
        protocol: Protocol::TCP,
        local: local.parse().unwrap(),
        remote: remote.parse().unwrap(),
        interface: InterfaceId(2),
        owner: None,
        is_listening: false,
        counts: Counts::default(),
        state: Some(TcpState::Established),
        rtt_us: None,
    }
}

fn web(counts: Counts) -> Counted {
    Counted { counts, ..socket(7, "10.0.0.2:50000", "1.1.1.1:443") }
}

fn bytes(rx_bytes: u64, tx_bytes: u64) -> Counts {
    Counts { rx_bytes, tx_bytes, rx_packets: rx_bytes / 100, tx_packets: tx_bytes / 100, retransmits: 0 }
}

fn owner(pid: i32) -> Owner {
    Owner { process: ProcessKey { pid, started: Some(NOW) }, via: None, source: OwnerSource::SocketTable }
}

fn told(tally: &mut Tally, sockets: Vec<Counted>) -> Vec<Event> {
    let mut out = Vec::new();
    tally.tell(NOW, Reading { sockets, ..Reading::default() }, &mut out);
    out
}

/// `(flow, rx, tx)` of all deltas.
fn moved(events: &[Event]) -> Vec<(u64, u64, u64)> {
    let deltas = events.iter().filter_map(|event| match event {
        Event::Deltas { deltas, .. } => Some(deltas),
        _ => None,
    });
    deltas.flatten().map(|delta| (delta.flow.0, delta.rx_bytes, delta.tx_bytes)).collect()
}

#[test]
fn what_moved_before_is_not_counted_and_what_moves_later_is() {
    let mut tally = Tally::default();
    let first = told(&mut tally, vec![web(bytes(5_000, 700))]);
    let key = FlowKey {
        protocol: Protocol::TCP,
        local: ([10, 0, 0, 2], 50_000).into(),
        remote: ([1, 1, 1, 1], 443).into(),
        interface: InterfaceId(2),
    };
    let state = Delta { state: Some(TcpState::Established), ..Delta::new(FlowId(0)) };
    let opened =
        Event::FlowOpened { flow: FlowId(0), time: NOW, key, opened: Some(Direction::Out), owner: None };
    assert_eq!(first, [opened, Event::Deltas { time: NOW, deltas: vec![state] }]);
    assert_eq!(told(&mut tally, vec![web(bytes(5_000, 700))]), [], "nothing is new");
    let new = Counted { id: 8, ..socket(8, "10.0.0.2:50001", "1.1.1.1:443") };
    let later = told(&mut tally, vec![web(bytes(6_000, 700)), Counted { counts: bytes(300, 20), ..new }]);
    assert_eq!(moved(&later), [(0, 1_000, 0), (1, 300, 20)], "a new socket counts from its beginning");
    let closed = told(&mut tally, vec![Counted { counts: bytes(300, 20), ..new }]);
    let reason = CloseReason::Ended;
    assert_eq!(closed, [Event::FlowClosed { flow: FlowId(0), time: NOW, reason }]);
    let again = told(&mut tally, vec![web(bytes(9, 9)), Counted { counts: bytes(300, 20), ..new }]);
    assert!(matches!(again.first(), Some(Event::FlowOpened { flow: FlowId(2), .. })), "{again:?}");
}

#[test]
fn counters_that_go_back_count_nothing() {
    let mut tally = Tally::default();
    told(&mut tally, vec![web(bytes(5_000, 5_000))]);
    assert_eq!(told(&mut tally, vec![web(bytes(10, 5_000))]), []);
    assert_eq!(moved(&told(&mut tally, vec![web(bytes(30, 5_000))])), [(0, 20, 0)]);
}

#[test]
fn only_conversations_are_told() {
    let udp = |remote: &str, counts| Counted {
        protocol: Protocol::UDP,
        state: None,
        counts,
        ..socket(9, "10.0.0.2:6000", remote)
    };
    let listener = Counted { is_listening: true, state: None, ..socket(1, "0.0.0.0:80", "0.0.0.0:0") };
    #[rustfmt::skip]
    let cases = [
        ("a connection", web(Counts::default()), true),
        ("a listener", listener, false),
        ("a bound socket of TCP", Counted { state: None, ..socket(1, "10.0.0.2:80", "0.0.0.0:0") }, false),
        ("a socket that was closed", Counted { state: None, ..web(bytes(1, 1)) }, false),
        ("connected UDP", udp("1.1.1.1:53", Counts::default()), true),
        ("bound UDP", udp("0.0.0.0:0", Counts::default()), false),
        ("bound UDP that talks", udp("0.0.0.0:0", bytes(1, 0)), true),
    ];
    for (case, socket, expected) in cases {
        let events = told(&mut Tally::default(), vec![socket]);
        let is_told = events.iter().any(|event| matches!(event, Event::FlowOpened { .. }));
        assert_eq!(is_told, expected, "{case}");
    }
}

#[test]
fn a_socket_that_is_given_another_remote_end_does_not_count_twice() {
    let udp = |remote: &str, counts| Counted {
        protocol: Protocol::UDP,
        state: None,
        counts,
        ..socket(9, "10.0.0.2:6000", remote)
    };
    let mut tally = Tally::default();
    told(&mut tally, vec![udp("1.1.1.1:53", bytes(100, 100))]);
    told(&mut tally, vec![udp("1.1.1.1:53", bytes(300, 100))]);
    let events = told(&mut tally, vec![udp("9.9.9.9:53", bytes(350, 160))]);
    assert_eq!(moved(&events), [(1, 50, 60)]);
}

#[test]
fn who_listens_was_called() {
    let listener = Counted { is_listening: true, state: None, ..socket(1, "0.0.0.0:80", "0.0.0.0:0") };
    let events = told(
        &mut Tally::default(),
        vec![socket(2, "10.0.0.2:80", "1.1.1.1:999"), web(bytes(0, 0)), listener],
    );
    let opened: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::FlowOpened { opened, .. } => *opened,
            _ => None,
        })
        .collect();
    assert_eq!(opened, [Direction::In, Direction::Out]);
}

#[test]
fn an_owner_is_told_once_it_is_found_and_stays() {
    let mut tally = Tally::default();
    told(&mut tally, vec![web(bytes(0, 0))]);
    let found = told(&mut tally, vec![Counted { owner: Some(owner(9)), ..web(bytes(0, 0)) }]);
    assert_eq!(found, [Event::OwnerFound { flow: FlowId(0), owner: owner(9) }]);
    // Of a socket that its program has closed the system no longer says whose it was.
    assert_eq!(told(&mut tally, vec![web(bytes(0, 0))]), []);
    assert_eq!(told(&mut tally, vec![Counted { owner: Some(owner(8)), ..web(bytes(0, 0)) }]), []);
}

#[test]
fn one_interface_leaves_out_the_others() {
    let up = |id, name: &str| {
        let (id, name) = (InterfaceId(id), name.to_owned());
        Event::InterfaceUp(Interface { id, name, kind: InterfaceKind::Physical, uppers: Vec::new() })
    };
    let mut tally = Tally::new(Some("eth1".to_owned()));
    let other = Counted { interface: InterfaceId(3), ..socket(8, "10.0.1.2:50001", "1.1.1.1:443") };
    let sockets = vec![web(bytes(0, 0)), other];
    let mut out = Vec::new();
    let interfaces = vec![up(2, "eth0"), up(3, "eth1")];
    tally.tell(NOW, Reading { interfaces, sockets: sockets.clone(), ..Reading::default() }, &mut out);
    let locals: Vec<_> = out
        .iter()
        .filter_map(|event| match event {
            Event::FlowOpened { key, .. } => Some(key.local),
            _ => None,
        })
        .collect();
    assert_eq!(locals, [other.local]);
    let mut out = Vec::new();
    let interfaces = vec![Event::InterfaceDown(InterfaceId(3))];
    tally.tell(NOW, Reading { interfaces, sockets, ..Reading::default() }, &mut out);
    assert!(matches!(out.last(), Some(Event::FlowClosed { flow: FlowId(0), .. })), "{out:?}");
}

#[test]
fn what_is_missing_is_said_when_it_changes() {
    let mut tally = Tally::default();
    let notes = |tally: &mut Tally, missing: Option<&str>| {
        let mut out = Vec::new();
        tally.tell(NOW, Reading { missing: missing.map(str::to_owned), ..Reading::default() }, &mut out);
        out
    };
    assert_eq!(notes(&mut tally, Some("a, b")), [Event::Note("a, b".to_owned())]);
    assert_eq!(notes(&mut tally, Some("a, b")), []);
    assert_eq!(notes(&mut tally, Some("c")), [Event::Note("c".to_owned())]);
}

#[test]
fn the_machine_talks_to_itself_over_loopback() {
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    let (lo, eth) = (InterfaceId(1), InterfaceId(2));
    let places: HashMap<IpAddr, InterfaceId> = [
        (address("127.0.0.1"), lo),
        (address("::1"), lo),
        (address("10.0.0.2"), eth),
        (address("2001:db8::2"), eth),
    ]
    .into();
    #[rustfmt::skip]
    let cases = [
        ("10.0.0.2", "1.1.1.1", eth),
        ("2001:db8::2", "2001:db8::9", eth),
        ("10.0.0.2", "10.0.0.2", lo),
        ("127.0.0.1", "127.0.0.1", lo),
        ("127.0.0.53", "127.0.0.9", lo),
        ("::1", "::1", lo),
        ("10.0.0.3", "1.1.1.1", InterfaceId(0)),
    ];
    for (local, remote, expected) in cases {
        assert_eq!(interface_of((address(local), address(remote)), &places), expected, "{local} {remote}");
    }
}

proptest! {
    /// Whatever comes and goes, a flow's deltas add up to what its counters gained while it was followed, and no flow
    /// moves before it opens or after it closes.
    #[test]
    fn deltas_add_up(rounds in proptest::collection::vec(
        proptest::collection::vec((1_u64..5, 0_u64..1_000), 0..6), 1..12))
    {
        let mut tally = Tally::default();
        let mut expected: u64 = 0;
        let mut last: HashMap<u64, u64> = HashMap::new();
        let mut counters: HashMap<u64, u64> = HashMap::new();
        let mut open = std::collections::BTreeSet::new();
        let mut got: u64 = 0;
        for (number, round) in rounds.iter().enumerate() {
            let mut here: HashMap<u64, u64> = HashMap::new();
            for (id, gain) in round {
                let counter = counters.entry(*id).or_default();
                *counter += gain;
                here.insert(*id, *counter);
            }
            for (id, counter) in &here {
                let base = if number == 0 { *counter } else { last.get(id).copied().unwrap_or(0) };
                expected += counter - base;
            }
            let mut ids: Vec<u64> = here.keys().copied().collect();
            ids.sort_unstable();
            let sockets = ids.iter().map(|id| {
                Counted { counts: bytes(here.get(id).copied().unwrap_or(0), 0), ..socket(*id, "10.0.0.2:1", "1.1.1.1:2") }
            });
            for event in told(&mut tally, sockets.collect()) {
                match event {
                    Event::FlowOpened { flow, .. } => prop_assert!(open.insert(flow)),
                    Event::FlowClosed { flow, .. } => prop_assert!(open.remove(&flow)),
                    Event::Deltas { deltas, .. } => {
                        for delta in deltas {
                            prop_assert!(open.contains(&delta.flow));
                            got += delta.rx_bytes;
                        }
                    }
                    _ => {}
                }
            }
            prop_assert_eq!(open.len(), here.len());
            last = here;
        }
        prop_assert_eq!(got, expected);
    }
}
