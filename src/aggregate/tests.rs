//! The accounts are the sums of their flows, whatever happens in whatever order; and what stays how long.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod anything;
mod limits;
mod watch;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use proptest::prelude::*;

use super::names::tests::message;
use super::snapshot::{HostSource, ProcessRow};
use super::*;
use crate::event::{
    App, CloseReason, Interface, InterfaceId, InterfaceKind, OwnerSource, ProcessKey, Protocol,
};
use crate::units::Bytes;

fn at(millis: u64) -> Timestamp {
    Timestamp::from_nanos((1_000_000 + millis) * 1_000_000)
}

fn key(pid: i32) -> ProcessKey {
    ProcessKey { pid, started: None }
}

fn process(pid: i32, name: &str) -> Event {
    let app = App { id: format!("/bin/{name}"), name: name.to_owned() };
    let (path, user) = (Some(format!("/bin/{name}")), Some("alice".to_owned()));
    Event::Process(Process {
        key: key(pid),
        name: name.to_owned(),
        path,
        uid: Some(1000),
        user,
        parent: Some(1),
        app,
    })
}

fn interface(id: u32, name: &str, kind: InterfaceKind, uppers: &[u32]) -> Event {
    let uppers = uppers.iter().copied().map(InterfaceId).collect();
    Event::InterfaceUp(Interface { id: InterfaceId(id), name: name.to_owned(), kind, uppers })
}

fn owner(pid: i32, source: OwnerSource) -> Owner {
    Owner { process: key(pid), via: None, source }
}

fn remote(number: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, number], 443))
}

fn opened(flow: u64, millis: u64, interface: u32, owner: Option<Owner>) -> Event {
    let key = FlowKey {
        protocol: Protocol::TCP,
        local: SocketAddr::from(([10, 0, 0, 2], 50_000)),
        remote: remote(1),
        interface: InterfaceId(interface),
    };
    Event::FlowOpened { flow: FlowId(flow), time: at(millis), key, opened: Some(Direction::Out), owner }
}

fn moved(flow: u64, millis: u64, rx_bytes: u64, tx_bytes: u64) -> Event {
    let delta = Delta { rx_bytes, tx_bytes, rx_packets: 1, tx_packets: 2, ..Delta::new(FlowId(flow)) };
    Event::Deltas { time: at(millis), deltas: vec![delta] }
}

fn closed(flow: u64, millis: u64) -> Event {
    Event::FlowClosed { flow: FlowId(flow), time: at(millis), reason: CloseReason::Ended }
}

fn live(events: &[Event]) -> Aggregator {
    let mut aggregator = Aggregator::new(AggregatorOptions::default());
    for event in events {
        aggregator.ingest(event);
    }
    aggregator
}

fn bytes(row: &ProcessRow) -> (u64, u64) {
    (row.bytes.rx.0, row.bytes.tx.0)
}

/// One random thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Open { flow: u8, interface: u32, remote: u8, owner: Option<(i32, u8)> },
    Own { flow: u8, pid: i32, source: u8 },
    Move { flow: u8, rx: u32, tx: u32, is_end: bool },
    Close { flow: u8 },
    Answer { flow: u8, name: u8, remote: u8 },
    Exit { pid: i32 },
    Describe { pid: i32, name: u8 },
    Stack { lower: u32, upper: u32 },
    Wait { millis: u16 },
    Tick,
    Reset,
}

fn step() -> impl Strategy<Value = Step> {
    let (flow, pid, name) = (0u8..24, 1i32..5, 0u8..4);
    prop_oneof![
        6 => (flow.clone(), 0u32..6, 0u8..5, prop::option::of((pid.clone(), 0u8..5)))
            .prop_map(|(flow, interface, remote, owner)| Step::Open { flow, interface, remote, owner }),
        3 => (flow.clone(), pid.clone(), 0u8..5).prop_map(|(flow, pid, source)| Step::Own { flow, pid, source }),
        9 => (flow.clone(), any::<u32>(), any::<u32>(), prop::bool::weighted(0.05))
            .prop_map(|(flow, rx, tx, is_end)| Step::Move { flow, rx, tx, is_end }),
        1 => flow.clone().prop_map(|flow| Step::Close { flow }),
        2 => (flow, name.clone(), 0u8..5).prop_map(|(flow, name, remote)| Step::Answer { flow, name, remote }),
        1 => pid.clone().prop_map(|pid| Step::Exit { pid }),
        1 => (pid, name).prop_map(|(pid, name)| Step::Describe { pid, name }),
        1 => (0u32..5, 0u32..5).prop_map(|(lower, upper)| Step::Stack { lower, upper }),
        2 => (0u16..4_000).prop_map(|millis| Step::Wait { millis }),
        3 => Just(Step::Tick),
        1 => prop::bool::weighted(0.1).prop_map(|yes| if yes { Step::Reset } else { Step::Tick }),
    ]
}

const SOURCES: [OwnerSource; 5] = [
    OwnerSource::Listener,
    OwnerSource::InboundTag,
    OwnerSource::SocketTable,
    OwnerSource::OutboundTag,
    OwnerSource::KernelEvent,
];

const KINDS: [InterfaceKind; 5] = [
    InterfaceKind::Loopback,
    InterfaceKind::Physical,
    InterfaceKind::Stacked,
    InterfaceKind::Physical,
    InterfaceKind::Tunnel,
];

fn event(step: &Step, now: u64) -> Option<Event> {
    Some(match *step {
        Step::Open { flow, interface, remote: number, owner: by } => {
            // A third of the flows are DNS; few local ports, so that the same ends meet on other interfaces.
            let is_dns = flow % 3 == 0;
            let protocol = if is_dns { Protocol::UDP } else { Protocol::TCP };
            let port = if is_dns { 53 } else { 443 };
            let key = FlowKey {
                protocol,
                local: SocketAddr::from(([10, 0, 0, 2], 50_000 + u16::from(flow % 2))),
                remote: SocketAddr::new(remote(number).ip(), port),
                interface: InterfaceId(interface),
            };
            let owner = by.map(|(pid, source)| owner(pid, SOURCES[usize::from(source)]));
            Event::FlowOpened { flow: FlowId(flow.into()), time: at(now), key, opened: None, owner }
        }
        Step::Own { flow, pid, source } => {
            Event::OwnerFound { flow: FlowId(flow.into()), owner: owner(pid, SOURCES[usize::from(source)]) }
        }
        Step::Move { flow, rx, tx, is_end } => {
            let Event::Deltas { time, mut deltas } = moved(flow.into(), now, rx.into(), tx.into()) else {
                return None;
            };
            deltas[0].state = is_end.then_some(TcpState::Closed);
            Event::Deltas { time, deltas }
        }
        Step::Close { flow } => closed(flow.into(), now),
        Step::Answer { flow, name, remote: number } => {
            let name = format!("www.host{name}.example");
            let IpAddr::V4(address) = remote(number).ip() else { return None };
            let bytes = message(0x8180, Some(&name), &[(&name, 1, &address.octets())]);
            Event::Datagram { flow: FlowId(flow.into()), time: at(now), direction: Direction::In, bytes }
        }
        Step::Exit { pid } => Event::ProcessExited { process: key(pid), time: at(now) },
        Step::Describe { pid, name } => process(pid, &format!("program{name}")),
        Step::Stack { lower, upper } => {
            interface(lower, &format!("if{lower}"), KINDS[lower as usize], &[upper])
        }
        Step::Wait { .. } | Step::Tick | Step::Reset => return None,
    })
}

/// Plays the steps and checks every snapshot.
fn play(steps: &[Step], keep_closed: bool) -> Vec<Arc<Snapshot>> {
    let options = AggregatorOptions { keep_closed, ..AggregatorOptions::default() };
    let mut aggregator = Aggregator::new(options);
    for (id, kind) in (0..).zip(KINDS) {
        aggregator.ingest(&interface(id, &format!("if{id}"), kind, if id == 1 { &[2] } else { &[] }));
    }
    let mut now = 0;
    let mut snapshots = Vec::new();
    for step in steps.iter().chain([&Step::Wait { millis: 1 }, &Step::Tick]) {
        match step {
            Step::Wait { millis } => now += u64::from(*millis),
            Step::Tick => snapshots.push(aggregator.tick(at(now))),
            Step::Reset => aggregator.reset(at(now)),
            other => aggregator.ingest(&event(other, now).unwrap()),
        }
    }
    snapshots
}

type Sums<K> = BTreeMap<K, (u64, u64, u32)>;

fn add<K: Ord>(sums: &mut Sums<K>, key: K, row: &ConnectionRow) {
    let sum = sums.entry(key).or_default();
    sum.0 += row.bytes.rx.0;
    sum.1 += row.bytes.tx.0;
    sum.2 += u32::from(row.state != Some(TcpState::Closed));
}

/// Every account is the sum of its flows. Only true while no flow is forgotten.
fn check_sums(snapshot: &Snapshot) {
    let credited = || snapshot.connections.iter().filter(|row| row.credited);
    let mut by_process = Sums::new();
    let mut by_domain = Sums::new();
    for row in credited() {
        add(&mut by_process, row.process, row);
        add(&mut by_domain, domains::key(row), row);
    }
    for row in &snapshot.processes {
        let sum = by_process.remove(&row.key).unwrap_or_default();
        assert_eq!((row.bytes.rx.0, row.bytes.tx.0, row.connections), sum, "{row:?}");
    }
    for row in &snapshot.domains {
        let sum = by_domain.remove(&(row.is_address, Arc::clone(&row.domain))).unwrap_or_default();
        assert_eq!((row.bytes.rx.0, row.bytes.tx.0, row.connections), sum, "{row:?}");
        let hosts: BTreeSet<_> = snapshot
            .connections
            .iter()
            .filter(|flow| flow.domain.as_ref() == Some(&row.domain))
            .filter_map(|flow| flow.host.as_ref().map(|host| Arc::clone(&host.name)))
            .collect();
        assert!(row.is_address || row.hosts == hosts.into_iter().collect::<Vec<_>>(), "{row:?}");
    }
    assert!(by_process.is_empty() && by_domain.is_empty(), "{by_process:?} {by_domain:?} have no rows");
    let of = |kind, pick: fn(&ConnectionRow) -> u64| {
        let rows = snapshot.connections.iter().filter(|row| row.interface_kind == kind);
        rows.map(|row| pick(row)).sum::<u64>()
    };
    let totals = &snapshot.totals;
    assert_eq!(totals.bytes.rx.0, of(InterfaceKind::Physical, |row| row.bytes.rx.0));
    assert_eq!(totals.bytes.tx.0, of(InterfaceKind::Physical, |row| row.bytes.tx.0));
    assert_eq!(totals.loopback.0, of(InterfaceKind::Loopback, |row| row.bytes.tx.0));
    let packets = of(InterfaceKind::Physical, |row| row.packets.rx + row.packets.tx);
    assert_eq!(totals.packets, packets + of(InterfaceKind::Loopback, |row| row.packets.tx));
    let nobodys = |row: &ConnectionRow, bytes| if row.process.is_none() { bytes } else { 0 };
    let unattributed: u64 = snapshot
        .connections
        .iter()
        .map(|row| match row.interface_kind {
            InterfaceKind::Physical => nobodys(row, row.bytes.rx.0 + row.bytes.tx.0),
            InterfaceKind::Loopback => nobodys(row, row.bytes.tx.0),
            InterfaceKind::Tunnel | InterfaceKind::Stacked => 0,
        })
        .sum();
    assert_eq!(totals.unattributed, Bytes(unattributed));
}

/// The rates of an account are the sums of its flows' rates.
fn check_rates(snapshot: &Snapshot) {
    let near = |one: f64, other: f64| (one - other).abs() <= 1e-6 * one.max(other).max(1.0);
    for row in &snapshot.processes {
        let own = snapshot.connections.iter().filter(|flow| flow.credited && flow.process == row.key);
        let (rx, tx) =
            own.fold((0.0, 0.0), |sum, flow| (sum.0 + flow.rate.rx.get(), sum.1 + flow.rate.tx.get()));
        assert!(near(row.rate.rx.get(), rx) && near(row.rate.tx.get(), tx), "{row:?}: {rx} {tx}");
    }
    for row in &snapshot.domains {
        let of_row =
            |flow: &&Arc<ConnectionRow>| domains::key(flow) == (row.is_address, Arc::clone(&row.domain));
        let own = snapshot.connections.iter().filter(|flow| flow.credited).filter(of_row);
        let (rx, tx) =
            own.fold((0.0, 0.0), |sum, flow| (sum.0 + flow.rate.rx.get(), sum.1 + flow.rate.tx.get()));
        assert!(near(row.rate.rx.get(), rx) && near(row.rate.tx.get(), tx), "{row:?}: {rx} {tx}");
    }
}

/// Rows are in the order of their keys, and a row that says the same is the same row.
fn check_sharing(before: &Snapshot, after: &Snapshot) {
    assert!(after.connections.iter().is_sorted_by_key(|row| row.flow));
    assert!(after.processes.iter().is_sorted_by_key(|row| (row.key.is_none(), row.key)));
    assert!(after.domains.iter().is_sorted_by_key(|row| (row.is_address, Arc::clone(&row.domain))));
    for row in &after.connections {
        let same = before.connections.iter().find(|old| old == &row);
        assert!(same.is_none_or(|old| Arc::ptr_eq(old, row)), "{row:?} was copied");
    }
    for row in &after.processes {
        let same = before.processes.iter().find(|old| old == &row);
        assert!(same.is_none_or(|old| Arc::ptr_eq(old, row)), "{row:?} was copied");
    }
    for row in &after.domains {
        let same = before.domains.iter().find(|old| old == &row);
        assert!(same.is_none_or(|old| Arc::ptr_eq(old, row)), "{row:?} was copied");
    }
}

/// Without resets, with longer waits, and without news of flows and processes that are over, as the capture
/// promises.
fn in_order(steps: Vec<Step>) -> Vec<Step> {
    let (mut over, mut exited) = (BTreeSet::new(), BTreeSet::new());
    let mut kept = Vec::new();
    for mut step in steps {
        match &mut step {
            Step::Reset => continue,
            Step::Wait { millis } => *millis = millis.saturating_mul(8),
            Step::Open { flow, owner, .. } => {
                if over.contains(flow) {
                    continue;
                }
                *owner = owner.filter(|(pid, _)| !exited.contains(pid));
            }
            Step::Own { flow, pid, .. } if over.contains(flow) || exited.contains(pid) => continue,
            Step::Answer { flow, .. } | Step::Move { flow, .. } | Step::Close { flow }
                if over.contains(flow) =>
            {
                continue;
            }
            Step::Move { flow, is_end: true, .. } | Step::Close { flow } => {
                over.insert(*flow);
            }
            Step::Describe { pid, .. } if exited.contains(pid) => continue,
            Step::Exit { pid } => {
                exited.insert(*pid);
            }
            _ => {}
        }
        kept.push(step);
    }
    kept
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn accounts_are_the_sums_of_their_flows(steps in prop::collection::vec(step(), 1..120)) {
        let snapshots = play(&steps, true);
        for snapshot in &snapshots {
            check_sums(snapshot);
            check_rates(snapshot);
        }
        prop_assert_eq!(&snapshots, &play(&steps, true), "same events, same snapshots");
    }

    #[test]
    fn a_live_machine_forgets_rows_but_no_bytes(steps in prop::collection::vec(step(), 1..200)) {
        let steps = in_order(steps);
        let (live, kept) = (play(&steps, false), play(&steps, true));
        for (live, kept) in live.iter().zip(&kept) {
            for row in &live.processes {
                let same = kept.processes.iter().find(|other| other.key == row.key).unwrap();
                prop_assert_eq!((bytes(row), row.connections), (bytes(same), same.connections));
            }
            prop_assert_eq!(live.totals.bytes, kept.totals.bytes);
            prop_assert_eq!(live.totals.loopback, kept.totals.loopback);
            prop_assert!(live.connections.len() <= kept.connections.len());
            prop_assert!(live.connections.iter().is_sorted_by_key(|row| row.flow));
        }
    }
}

#[test]
fn a_quiet_tick_copies_nothing() {
    let mut aggregator = live(&[interface(1, "en0", InterfaceKind::Physical, &[]), process(7, "curl")]);
    for flow in 0..50 {
        aggregator.ingest(&opened(flow, 0, 1, Some(owner(7, OwnerSource::SocketTable))));
        aggregator.ingest(&moved(flow, 100, 10, 10));
    }
    // Until the rates and the minute's chart have run out.
    let before = (0..=100).map(|second| aggregator.tick(at(second * 1_000))).last().unwrap();
    aggregator.ingest(&moved(7, 100_500, 1, 1));
    let after = aggregator.tick(at(101_000));
    check_sharing(&before, &after);
    let copied =
        before.connections.iter().zip(&after.connections).filter(|(old, new)| !Arc::ptr_eq(old, new));
    assert_eq!(copied.count(), 1);
    let quiet = live(&[]).tick(at(0));
    assert_eq!((quiet.processes.len(), quiet.connections.len(), quiet.generation), (0, 0, 1));
}

#[test]
fn the_same_frames_on_a_bridge_are_credited_once() {
    let mut aggregator = live(&[
        interface(1, "eth0", InterfaceKind::Physical, &[2]),
        interface(2, "bond0", InterfaceKind::Stacked, &[3]),
        interface(3, "br0", InterfaceKind::Stacked, &[]),
        process(7, "curl"),
        opened(1, 0, 1, Some(owner(7, OwnerSource::SocketTable))),
        moved(1, 0, 100, 10),
    ]);
    assert_eq!(bytes(&aggregator.tick(at(10)).processes[0]), (100, 10));
    aggregator.ingest(&opened(2, 10, 3, Some(owner(7, OwnerSource::SocketTable))));
    aggregator.ingest(&moved(2, 20, 100, 10));
    aggregator.ingest(&moved(1, 20, 5, 5));
    let snapshot = aggregator.tick(at(20));
    assert_eq!(bytes(&snapshot.processes[0]), (100, 10));
    assert_eq!(snapshot.processes[0].connections, 1);
    assert_eq!(snapshot.connections.iter().map(|row| row.credited).collect::<Vec<_>>(), [false, true]);
    assert_eq!(snapshot.totals.bytes, Both { rx: Bytes(105), tx: Bytes(15) }, "eth0 alone is the machine's");
    // The lower one may come second as well.
    aggregator.ingest(&opened(3, 30, 2, None));
    let snapshot = aggregator.tick(at(30));
    assert!(!snapshot.connections[2].credited);
    assert_eq!(snapshot.interfaces.iter().map(|name| &**name).collect::<Vec<_>>(), ["bond0", "br0", "eth0"]);
}

#[test]
fn an_owner_is_upgraded_and_never_swapped() {
    let mut aggregator = live(&[
        interface(1, "en0", InterfaceKind::Physical, &[]),
        process(7, "curl"),
        process(8, "wget"),
        opened(1, 0, 1, None),
        moved(1, 0, 100, 10),
    ]);
    let names = |snapshot: &Snapshot| {
        snapshot.processes.iter().map(|row| (row.name.to_string(), row.bytes.rx.0)).collect::<Vec<_>>()
    };
    let snapshot = aggregator.tick(at(1));
    assert_eq!(
        (names(&snapshot), snapshot.totals.unattributed),
        (vec![("Unattributed".into(), 100)], Bytes(110))
    );
    let mut found = |pid, source| {
        aggregator.ingest(&Event::OwnerFound { flow: FlowId(1), owner: owner(pid, source) });
        let snapshot = aggregator.tick(at(2));
        (names(&snapshot), snapshot.totals.unattributed)
    };
    assert_eq!(found(7, OwnerSource::InboundTag), (vec![("curl".into(), 100)], Bytes(0)));
    assert_eq!(found(8, OwnerSource::InboundTag), (vec![("curl".into(), 100)], Bytes(0)), "no better source");
    let upgraded = found(8, OwnerSource::OutboundTag);
    assert_eq!(upgraded, (vec![("curl".into(), 0), ("wget".into(), 100)], Bytes(0)));
}

#[test]
fn what_is_over_stays_for_thirty_seconds() {
    let mut aggregator = live(&[
        interface(1, "en0", InterfaceKind::Physical, &[]),
        process(7, "curl"),
        opened(1, 0, 1, Some(owner(7, OwnerSource::SocketTable))),
        moved(1, 0, 100, 10),
        closed(1, 1_000),
        Event::ProcessExited { process: key(7), time: at(1_000) },
    ]);
    let snapshot = aggregator.tick(at(30_000));
    assert_eq!(snapshot.connections[0].state, Some(TcpState::Closed));
    assert_eq!((snapshot.processes[0].connections, snapshot.processes[0].ended.is_some()), (0, true));
    aggregator.tick(at(31_000));
    let snapshot = aggregator.tick(at(31_500));
    assert_eq!((snapshot.connections.len(), snapshot.processes.len()), (0, 0));
    assert_eq!(snapshot.totals.bytes, Both { rx: Bytes(100), tx: Bytes(10) });
    assert_eq!(snapshot.domains[0].bytes, Both { rx: Bytes(100), tx: Bytes(10) }, "a domain stays");
}

#[test]
fn names_come_from_answers_before_and_just_after() {
    let dns = |flow, owner| Event::FlowOpened {
        flow: FlowId(flow),
        time: at(0),
        key: FlowKey {
            protocol: Protocol::UDP,
            local: SocketAddr::from(([127, 0, 0, 1], 40_000)),
            remote: SocketAddr::from(([127, 0, 0, 53], 53)),
            interface: InterfaceId(0),
        },
        opened: Some(Direction::Out),
        owner,
    };
    let answer = |millis, name: &str| {
        let bytes = message(0x8180, Some(name), &[(name, 1, &[192, 0, 2, 1])]);
        Event::Datagram { flow: FlowId(1), time: at(millis), direction: Direction::In, bytes }
    };
    let mut aggregator = live(&[
        process(7, "curl"),
        dns(1, None),
        opened(2, 100, 1, Some(owner(7, OwnerSource::SocketTable))),
        moved(2, 150, 100, 10),
    ]);
    let mut snapshot = |events: &[Event]| {
        for event in events {
            aggregator.ingest(event);
        }
        let snapshot = aggregator.tick(at(500));
        let row = snapshot.connections.last().unwrap();
        let host = row.host.clone().map(|host| (host.name.to_string(), host.source));
        let domains =
            snapshot.domains.iter().map(|row| (row.domain.to_string(), row.bytes.rx.0)).collect::<Vec<_>>();
        (host, domains)
    };
    let address = |bytes| ("192.0.2.1".to_owned(), bytes);
    let stub = ("127.0.0.53".to_owned(), 0);
    assert_eq!(snapshot(&[]), (None, vec![stub.clone(), address(100)]));
    let (host, domains) = snapshot(&[answer(200, "www.Example.com")]);
    assert_eq!(host, Some(("www.example.com".into(), HostSource::DnsOther)), "nobody knows who asked");
    assert_eq!(domains, [("example.com".to_owned(), 100), stub.clone()]);
    let known = Event::OwnerFound { flow: FlowId(1), owner: owner(7, OwnerSource::SocketTable) };
    assert_eq!(snapshot(&[known]).0, Some(("www.example.com".into(), HostSource::Dns)));
}

#[test]
fn a_reset_begins_anew_but_knows_what_it_knew() {
    let mut aggregator = live(&[
        interface(1, "en0", InterfaceKind::Physical, &[]),
        process(7, "curl"),
        opened(1, 0, 1, Some(owner(7, OwnerSource::SocketTable))),
        moved(1, 0, 1_000, 10),
        opened(2, 0, 1, None),
        moved(2, 0, 100, 10),
        closed(2, 0),
    ]);
    aggregator.tick(at(1_000));
    aggregator.reset(at(2_000));
    aggregator.ingest(&moved(1, 2_500, 50, 0));
    let snapshot = aggregator.tick(at(3_000));
    check_sums(&snapshot);
    assert_eq!(snapshot.connections.len(), 1);
    assert_eq!(snapshot.totals.bytes, Both { rx: Bytes(50), tx: Bytes(0) });
    assert!((snapshot.processes[0].rate.rx.get() - 50.0).abs() < 1e-9, "a second since the reset");
    assert_eq!(snapshot.processes.len(), 1);
}

#[test]
fn the_service_is_that_of_the_end_that_was_opened() {
    let open = |direction, local: u16, remote: u16| {
        let key = FlowKey {
            protocol: Protocol::TCP,
            local: SocketAddr::from(([10, 0, 0, 2], local)),
            remote: SocketAddr::from(([10, 0, 0, 3], remote)),
            interface: InterfaceId(1),
        };
        service(&Opened { flow: FlowId(1), time: at(0), key, direction, owner: None })
    };
    assert_eq!(open(Some(Direction::Out), 22, 443), Some("https"));
    assert_eq!(open(Some(Direction::In), 22, 443), Some("ssh"));
    assert_eq!(open(None, 22, 50_001), Some("ssh"));
    assert_eq!(open(Some(Direction::Out), 22, 50_001), None);
}

#[test]
fn what_a_client_asks_for_beats_what_its_address_was_called() {
    use crate::wire::tls::tests::{ech_opening, opening};
    let said = |flow, bytes: &[u8]| Event::Opening {
        flow: FlowId(flow),
        direction: Direction::Out,
        offset: 0,
        bytes: bytes.to_vec(),
    };
    let answer = |millis, name: &str| {
        let bytes = message(0x8180, Some(name), &[(name, 1, &[192, 0, 2, 1])]);
        Event::Datagram { flow: FlowId(1), time: at(millis), direction: Direction::In, bytes }
    };
    let mut aggregator = live(&[process(7, "curl"), opened(2, 100, 1, None), moved(2, 150, 100, 10)]);
    let dns = FlowKey {
        protocol: Protocol::UDP,
        local: SocketAddr::from(([127, 0, 0, 1], 40_000)),
        remote: SocketAddr::from(([127, 0, 0, 53], 53)),
        interface: InterfaceId(0),
    };
    aggregator.ingest(&Event::FlowOpened {
        flow: FlowId(1),
        time: at(0),
        key: dns,
        opened: None,
        owner: None,
    });
    aggregator.ingest(&answer(160, "front.cdn.example"));
    aggregator.ingest(&said(2, &opening("Shop.Crow.test")));
    aggregator.ingest(&answer(170, "later.cdn.example"));
    let snapshot = aggregator.tick(at(500));
    check_sums(&snapshot);
    let row = snapshot.connections.last().unwrap();
    let host = row.host.clone().unwrap();
    assert_eq!((&*host.name, host.source, host.outer), ("shop.crow.test", HostSource::Sni, false));
    assert_eq!((row.domain.as_deref(), row.service), (Some("crow.test"), Some("https")));
    let domain = snapshot.domains.iter().find(|row| &*row.domain == "crow.test").unwrap();
    assert_eq!(domain.bytes.rx, Bytes(100), "what moved before counts for the name");
    aggregator.ingest(&moved(2, 600, 5, 0));
    aggregator.ingest(&opened(3, 600, 1, None));
    aggregator.ingest(&said(3, &ech_opening("cover.crow.test")));
    aggregator.ingest(&opened(4, 600, 1, None));
    aggregator.ingest(&said(4, &ech_opening("later.cdn.example")));
    let snapshot = aggregator.tick(at(700));
    check_sums(&snapshot);
    let outer: Vec<bool> =
        snapshot.connections.iter().filter_map(|row| row.host.as_ref()).map(|host| host.outer).collect();
    assert_eq!(outer, [false, true, false], "a name that DNS gave the address hides nothing");
}

#[test]
fn a_hello_in_dtls_is_read_whenever_it_comes() {
    use crate::wire::dtls::tests::{body, record};
    let key = FlowKey {
        protocol: Protocol::UDP,
        local: SocketAddr::from(([10, 0, 0, 2], 50_000)),
        remote: SocketAddr::from(([192, 0, 2, 1], 50_001)),
        interface: InterfaceId(1),
    };
    let (flow, time, opened) = (FlowId(1), at(0), Some(Direction::Out));
    let mut aggregator = live(&[Event::FlowOpened { flow, time, key, opened, owner: None }]);
    let hello = body("call.crow.test", b"");
    let asks_for_cookie = [&[22, 0xfe, 0xfd][..], &[0; 10], &[3, 0, 0, 0]].concat();
    let said = [
        (Direction::Out, b"\0\x01\0\0\x21\x12\xa4\x42 STUN".to_vec()),
        // The first part of the first hello was lost.
        (Direction::Out, record(0, &hello, 40, hello.len())),
        (Direction::In, asks_for_cookie),
        (Direction::Out, record(1, &hello, 40, hello.len())),
        (Direction::Out, record(1, &hello, 0, 40)),
    ];
    for (direction, bytes) in said {
        assert!(aggregator.tick(at(1)).connections[0].host.is_none());
        aggregator.ingest(&Event::Datagram { flow, time, direction, bytes });
    }
    let snapshot = aggregator.tick(at(2));
    let row = &snapshot.connections[0];
    assert_eq!(row.host.as_ref().map(|host| &*host.name), Some("call.crow.test"));
    assert_eq!(row.service, Some("dtls"));
}
