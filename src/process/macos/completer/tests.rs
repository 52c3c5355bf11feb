//! Tests of the completer, with a Mac that says what the test tells it.

#![expect(clippy::panic, reason = "a test may panic")]

use super::*;
use crate::event::{App, CloseReason, InterfaceId, Owner, Process, ProcessKey};
use crate::process::macos::owners::tests::{Fake, socket};

fn opened(flow: u64, owner: Option<i32>) -> Event {
    let key = FlowKey {
        protocol: Protocol::TCP,
        local: ([10, 0, 0, 2], 50_000).into(),
        remote: ([1, 1, 1, 1], 443).into(),
        interface: InterfaceId(1),
    };
    let owner = owner.map(tagged);
    Event::FlowOpened { flow: FlowId(flow), time: Timestamp::new(100, 0), key, opened: None, owner }
}

fn tagged(pid: i32) -> Owner {
    Owner { process: ProcessKey { pid, started: None }, via: None, source: OwnerSource::InboundTag }
}

fn process(pid: i32, name: &str) -> Event {
    let app = App { id: name.to_owned(), name: name.to_owned() };
    let key = ProcessKey { pid, started: None };
    Event::Process(Process {
        key,
        name: name.to_owned(),
        path: None,
        uid: None,
        user: None,
        parent: None,
        app,
    })
}

fn owner_pid(event: &Event) -> Option<i32> {
    match event {
        Event::FlowOpened { owner, .. } => owner.map(|owner| owner.process.pid),
        Event::OwnerFound { owner, .. } => Some(owner.process.pid),
        _ => None,
    }
}

fn completer() -> Completer<Fake> {
    let tcp = vec![socket("10.0.0.2:50000", "1.1.1.1:443", (7, -1))];
    Completer::new(Fake { tcp, ..Fake::default() })
}

#[test]
fn a_tagged_process_gets_its_path_app_user_and_parent() {
    let mut events =
        vec![process(7, "app-7"), process(8, "another"), process(5000, "gone"), process(9, "pid 9")];
    completer().complete(&mut events, true);
    let [Event::Process(seven), eight, gone, Event::Process(nine)] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!(seven.path.as_deref(), Some("/Applications/App 7.app/Contents/MacOS/app-7"));
    assert_eq!((&*seven.app.id, &*seven.app.name), ("/Applications/App 7.app", "App 7"));
    assert_eq!((seven.uid, seven.parent, seven.key.pid), (Some(501), Some(1), 7));
    assert_eq!(*eight, process(8, "another"), "the pid is somebody else's by now");
    assert_eq!(*gone, process(5000, "gone"));
    assert_eq!(nine.name, "app-9", "a tag without a name");
}

#[test]
fn a_flow_without_tag_gets_its_owner_after_its_process() {
    let mut events = vec![opened(1, None)];
    completer().complete(&mut events, true);
    let [_, Event::Process(process), Event::OwnerFound { flow, owner }] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!((process.key.pid, *flow), (7, FlowId(1)));
    assert_eq!((owner.process.pid, owner.source), (7, OwnerSource::SocketTable));
}

#[test]
fn nothing_is_asked_for_what_is_tagged_or_closed() {
    let found = Event::OwnerFound { flow: FlowId(1), owner: tagged(9) };
    let closed =
        Event::FlowClosed { flow: FlowId(1), time: Timestamp::new(100, 0), reason: CloseReason::Ended };
    for batch in [vec![opened(1, Some(9))], vec![opened(1, None), found], vec![opened(1, None), closed]] {
        let mut completer = completer();
        let mut events = batch.clone();
        completer.complete(&mut events, false);
        // The process of a tag is named before the flow, and known from then on by when it started too.
        events.retain(|event| !matches!(event, Event::Process(_)));
        assert_eq!(
            events.iter().map(owner_pid).collect::<Vec<_>>(),
            batch.iter().map(owner_pid).collect::<Vec<_>>()
        );
        assert_eq!(completer.owners.system().readings, 0);
        assert_eq!(completer.owners.due(), None);
    }
}

/// `(pid, second of its start)` of all that the events name, in their order.
fn named(events: &[Event]) -> Vec<(i32, Option<u64>)> {
    let keys = events.iter().filter_map(|event| match event {
        Event::Process(process) => Some(process.key),
        Event::FlowOpened { owner: Some(owner), .. } | Event::OwnerFound { owner, .. } => Some(owner.process),
        Event::ProcessExited { process, .. } => Some(*process),
        _ => None,
    });
    keys.map(|key| (key.pid, key.started.map(|started| started.as_nanos() / 1_000_000_000))).collect()
}

#[test]
fn a_pid_that_is_given_to_another_process_is_another_process() {
    let mut completer = completer();
    completer.owners.system().started = 40;
    let mut events = vec![process(9, "app-9"), opened(1, Some(9))];
    completer.complete(&mut events, false);
    assert_eq!(named(&events), [(9, Some(40)), (9, Some(40))]);
    assert_eq!(completer.owners.system().followed, [9]);

    // It ends, and late packets of it come.
    completer.owners.system().ends = vec![9, 77];
    completer.owners.system().gone = vec![9];
    let mut events = vec![];
    completer.complete(&mut events, false);
    assert_eq!(named(&events), [(9, Some(40))], "its end, once");
    let mut events = vec![opened(2, Some(9))];
    completer.complete(&mut events, false);
    assert_eq!(named(&events), [(9, Some(40))], "it still is who it was");

    // Another one has the pid.
    completer.owners.system().gone = vec![];
    completer.owners.system().started = 60;
    let mut events = vec![opened(3, Some(9))];
    completer.complete(&mut events, false);
    assert_eq!(named(&events), [(9, Some(60)), (9, Some(60))], "named before its flow");
}

/// The state and the round trips that the list says of flow 1 on top of `events`.
fn filled(
    completer: &mut Completer<Fake>,
    second: u64,
    mut events: Vec<Event>,
) -> Option<(Option<TcpState>, Option<u32>)> {
    let time = Timestamp::new(second, 0);
    let mut batch = vec![Event::Deltas { time, deltas: Vec::new() }];
    batch.append(&mut events);
    let before = batch.len();
    completer.complete(&mut batch, true);
    let deltas = batch.iter().skip(before).find_map(|event| match event {
        Event::Deltas { deltas, .. } => deltas.first(),
        _ => None,
    });
    deltas.map(|delta| {
        assert!(!delta.is_traffic(), "{delta:?}");
        (delta.state, delta.rtt_us)
    })
}

#[test]
fn the_list_fills_what_packets_did_not_tell() {
    use TcpState::{CloseWait, Established, FinWait1};
    let set = |completer: &mut Completer<Fake>, state, rtt_us| {
        let tcp =
            Some(crate::process::macos::pcblist::Tcp { state: Some(state), is_listening: false, rtt_us });
        completer.owners.system().tcp.iter_mut().for_each(|socket| socket.tcp = tcp);
    };
    let told = |second, state, rtt_us| Event::Deltas {
        time: Timestamp::new(second, 0),
        deltas: vec![Delta { state, rtt_us, rx_bytes: 1, ..Delta::new(FlowId(1)) }],
    };
    let mut completer = completer();
    set(&mut completer, Established, 9_000);
    let mut first = vec![opened(1, Some(7)), told(100, Some(Established), None)];
    completer.complete(&mut first, false);
    assert_eq!(completer.owners.system().readings, 0, "nobody looks");
    let filled_in = filled(&mut completer, 102, vec![]);
    assert_eq!(filled_in, Some((None, Some(9_000))), "the state is known, the round trips are not");
    assert_eq!(filled(&mut completer, 103, vec![]), None, "too soon");
    assert_eq!(filled(&mut completer, 105, vec![]), None, "nothing is new");
    set(&mut completer, CloseWait, 8_000);
    let busy = filled(&mut completer, 108, vec![told(108, None, Some(7_000))]);
    assert_eq!(busy, None, "packets that are as new as the list say more than it, and have measured");
    assert_eq!(filled(&mut completer, 111, vec![]), Some((Some(CloseWait), None)), "what no packet told");
    set(&mut completer, FinWait1, 8_000);
    let over =
        Event::FlowClosed { flow: FlowId(1), time: Timestamp::new(114, 0), reason: CloseReason::Ended };
    assert_eq!(filled(&mut completer, 114, vec![over]), None, "what is over stays over");
}
