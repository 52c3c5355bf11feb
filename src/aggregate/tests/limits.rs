//! What happens when a bound is reached: it is said, no bytes get lost, and nothing panics.

use super::super::limits::Room;
use super::*;

/// The real bounds are some hundred thousand, which an unoptimised test takes long to reach; that they are used is
/// asserted beside them.
const ROOM: Room = Room { connections: 2048, processes: 256, domains: 2048, gone_names: 4096 };
const MAX_CONNECTIONS: usize = ROOM.connections;
const MAX_PROCESSES: usize = ROOM.processes;
const MAX_DOMAINS: usize = ROOM.domains;

/// An aggregator with little room.
fn live(events: &[Event]) -> Aggregator {
    let mut aggregator = Aggregator::with_room(AggregatorOptions::default(), ROOM);
    for event in events {
        aggregator.ingest(event);
    }
    aggregator
}

/// A flow to an address of its own.
fn opened_to(number: usize, owner: Owner) -> Event {
    let number = u32::try_from(number).unwrap();
    let key = FlowKey {
        protocol: Protocol::TCP,
        local: SocketAddr::from(([10, 0, 0, 2], 50_000)),
        remote: SocketAddr::from((IpAddr::from((0x0b00_0000 + number).to_be_bytes()), 443)),
        interface: InterfaceId(1),
    };
    let (flow, opened) = (FlowId(number.into()), Some(Direction::Out));
    Event::FlowOpened { flow, time: at(0), key, opened, owner: Some(owner) }
}

fn moved_by(number: usize, rx: u64) -> Event {
    moved(u64::try_from(number).unwrap(), 0, rx, 1)
}

fn sentences(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.limits.iter().map(|sentence| &**sentence).collect()
}

#[test]
fn a_full_table_of_connections_and_domains_says_so_and_loses_no_bytes() {
    let owner = owner(7, OwnerSource::SocketTable);
    let mut aggregator = live(&[interface(1, "en0", InterfaceKind::Physical, &[]), process(7, "curl")]);
    for number in 0..MAX_CONNECTIONS {
        aggregator.ingest(&opened_to(number, owner));
        aggregator.ingest(&moved_by(number, 10));
    }
    let full = aggregator.tick(at(0));
    let all = 10 * u64::try_from(MAX_CONNECTIONS).unwrap();
    assert_eq!((full.connections.len(), full.domains.len()), (MAX_CONNECTIONS, MAX_DOMAINS));
    assert_eq!((sentences(&full), full.processes[0].bytes.rx.0), (vec![], all));

    // All are open: there is no room for another.
    aggregator.ingest(&opened_to(MAX_CONNECTIONS, owner));
    aggregator.ingest(&moved_by(MAX_CONNECTIONS, 1_000_000));
    let over = aggregator.tick(at(0));
    assert_eq!(sentences(&over), [Limit::OpenConnections.sentence()]);
    assert_eq!((over.connections.len(), over.processes[0].bytes.rx.0), (MAX_CONNECTIONS, all));
    assert_eq!(over.connections, full.connections);

    // The one that is closed makes room, and its address, which nobody talks to any more, too.
    aggregator.ingest(&closed(0, 0));
    aggregator.ingest(&opened_to(MAX_CONNECTIONS + 1, owner));
    aggregator.ingest(&moved_by(MAX_CONNECTIONS + 1, 5));
    aggregator.ingest(&moved_by(0, 1_000_000));
    let after = aggregator.tick(at(0));
    let limits = [Limit::ClosedConnections, Limit::OpenConnections, Limit::Domains];
    assert_eq!(sentences(&after), limits.map(Limit::sentence));
    assert_eq!((after.connections.len(), after.domains.len()), (MAX_CONNECTIONS, MAX_DOMAINS));
    assert_eq!(after.connections.first().unwrap().flow, FlowId(1));
    assert_eq!(after.connections.last().unwrap().bytes.rx, Bytes(5));
    assert_eq!((after.processes[0].bytes.rx.0, after.totals.bytes.rx.0), (all + 5, all + 5));
    assert_eq!(after.processes[0].connections as usize, MAX_CONNECTIONS);
    let listed: u64 = after.domains.iter().map(|row| row.bytes.rx.0).sum();
    assert_eq!(listed, all + 5 - 10, "the address that made room is no longer listed");

    // When all is over, everything but the totals goes.
    aggregator.close_all(at(1_000));
    aggregator.tick(at(40_000));
    let end = aggregator.tick(at(80_000));
    assert_eq!((end.connections.len(), end.processes[0].connections), (0, 0));
    assert_eq!((end.processes[0].bytes.rx.0, end.totals.bytes.rx.0), (all + 5, all + 5));
}

#[test]
fn one_process_too_many_is_unattributed() {
    let mut aggregator = live(&[interface(1, "en0", InterfaceKind::Physical, &[])]);
    let last = i32::try_from(MAX_PROCESSES).unwrap();
    for pid in 1..=last {
        let number = usize::try_from(pid).unwrap();
        aggregator.ingest(&opened_to(number, owner(pid, OwnerSource::SocketTable)));
        aggregator.ingest(&moved_by(number, 10));
    }
    let full = aggregator.tick(at(0));
    assert_eq!((full.processes.len(), sentences(&full)), (MAX_PROCESSES, vec![]));

    aggregator.ingest(&process(last + 1, "late"));
    aggregator.ingest(&opened_to(MAX_PROCESSES + 1, owner(last + 1, OwnerSource::SocketTable)));
    aggregator.ingest(&moved_by(MAX_PROCESSES + 1, 100));
    // An owner that is found later fares no better, nor does one whose row is there.
    let late = owner(last + 2, OwnerSource::OutboundTag);
    for number in [1, MAX_PROCESSES + 1] {
        aggregator.ingest(&Event::OwnerFound { flow: FlowId(number.try_into().unwrap()), owner: late });
    }
    let over = aggregator.tick(at(0));
    assert_eq!(sentences(&over), [Limit::Processes.sentence()]);
    assert_eq!(over.processes.len(), MAX_PROCESSES + 1);
    let rest = over.processes.last().unwrap();
    assert_eq!((rest.key, rest.bytes), (None, Both { rx: Bytes(100), tx: Bytes(1) }));
    assert_eq!(over.totals.unattributed, Bytes(101));
    let listed: u64 = over.processes.iter().map(|row| row.bytes.rx.0).sum();
    assert_eq!(listed, over.totals.bytes.rx.0);
    assert_eq!(listed, 10 * u64::try_from(MAX_PROCESSES).unwrap() + 100);
}

#[test]
fn names_without_a_connection_stay_below_their_domain_while_there_is_room() {
    const NAMES: usize = 8;
    let room = Room { gone_names: NAMES, ..ROOM };
    let mut aggregator = Aggregator::with_room(AggregatorOptions::default(), room);
    aggregator.ingest(&interface(1, "en0", InterfaceKind::Physical, &[]));
    let begin = |aggregator: &mut Aggregator, pid: i32| {
        let number = usize::try_from(pid).unwrap();
        aggregator.ingest(&process(pid, &format!("program-{pid:02}")));
        let Event::FlowOpened { flow, time, mut key, opened, owner } =
            opened_to(0, owner(pid, OwnerSource::SocketTable))
        else {
            unreachable!("that is what it makes")
        };
        key.local.set_port(50_000 + u16::try_from(pid).unwrap());
        let flow = FlowId(flow.0 + u64::try_from(pid).unwrap());
        aggregator.ingest(&Event::FlowOpened { flow, time, key, opened, owner });
        aggregator.ingest(&moved_by(number, 10));
    };
    (1..=20).for_each(|pid| begin(&mut aggregator, pid));
    let open = aggregator.tick(at(0));
    assert_eq!((open.domains.len(), open.domains[0].processes.len()), (1, 20), "all that talk are named");
    (1..=20).for_each(|number| aggregator.ingest(&closed(number, 0)));
    aggregator.tick(at(40_000));
    let over = aggregator.tick(at(80_000));
    assert_eq!((over.connections.len(), over.domains[0].processes.len()), (0, NAMES));
    assert_eq!(over.domains[0].bytes.rx, Bytes(200), "what they moved stays");
    assert_eq!(sentences(&over), [Limit::GoneNames.sentence()]);
    // One that talks again is named, whoever else was.
    begin(&mut aggregator, 21);
    assert!(aggregator.tick(at(81_000)).domains[0].processes.iter().any(|name| &**name == "program-21"));
}
