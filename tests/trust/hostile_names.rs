//! Names that strangers chose, in every place where a name may come from: what is printed is text and never an order to
//! the terminal, and rows stay rows.

use crow::aggregate::snapshot::{Snapshot, Source};
use crow::aggregate::{Aggregator, AggregatorOptions};
use crow::event::{
    App, Delta, Direction, Event, FlowId, FlowKey, Interface, InterfaceId, InterfaceKind, Owner, OwnerSource,
    Process, ProcessKey, Protocol,
};
use crow::filter::Filter;
use crow::headless::{Document, table};
use crow::settings::{RateWindow, Units};
use crow::time::Timestamp;
use std::sync::Arc;

use crate::greetings::tls_greeting;

/// Escapes of seven and eight bits, a title, a bell, lines, overprinting, direction turned round, joined letters, and a
/// name that fills all room.
fn names() -> Vec<String> {
    [
        "\u{1b}[31mred\u{1b}[0m",
        "\u{1b}]0;title\u{7}",
        "\u{9b}2Jgone",
        "\u{85}next\u{90}q",
        "two\nlines\r\n",
        "over\u{8}\u{8}print\u{7f}",
        "evil\u{202e}gnp.exe",
        "\u{2066}iso\u{2069}lated\u{200b}\u{feff}",
        "line\u{2028}para\u{2029}",
        "a\u{301}\u{302}\u{303}\u{304}",
        "",
        " ",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain([format!("{}.test", "x".repeat(248)), "é".repeat(2000)])
    .collect()
}

/// A DNS answer: `labels` are at 10.0.0.1. Labels of any bytes are legal (RFC 2181 §11).
pub(crate) fn answer(labels: &[&[u8]], address: [u8; 4]) -> Vec<u8> {
    let mut message = b"\0\x07\x81\x80\0\x01\0\x01\0\0\0\0".to_vec();
    for label in labels {
        message.push(u8::try_from(label.len()).unwrap());
        message.extend(*label);
    }
    message.extend(b"\0\0\x01\0\x01\xc0\x0c\0\x01\0\x01\0\0\x0e\x10\0\x04");
    message.extend(address);
    message
}

fn key(port: u16, remote: &str) -> FlowKey {
    FlowKey {
        protocol: if remote.ends_with(":53") { Protocol::UDP } else { Protocol::TCP },
        local: format!("10.0.0.2:{port}").parse().unwrap(),
        remote: remote.parse().unwrap(),
        interface: InterfaceId(1),
    }
}

fn opened(flow: u64, key: FlowKey, owner: Option<ProcessKey>, at: u64) -> Event {
    let owner = owner.map(|process| Owner { process, via: None, source: OwnerSource::SocketTable });
    Event::FlowOpened {
        flow: FlowId(flow),
        time: Timestamp::new(at, 0),
        key,
        opened: Some(Direction::Out),
        owner,
    }
}

fn moved(flow: u64, at: u64) -> Event {
    let delta = Delta { rx_bytes: 1000, rx_packets: 1, ..Delta::new(FlowId(flow)) };
    Event::Deltas { time: Timestamp::new(at, 0), deltas: vec![delta] }
}

fn picture(events: &[Event]) -> Arc<Snapshot> {
    let mut aggregator = Aggregator::new(AggregatorOptions {
        source: Source::Live,
        window: RateWindow::default(),
        keep_closed: true,
    });
    aggregator.tick(Timestamp::new(99, 0));
    for event in events {
        aggregator.ingest(event);
    }
    aggregator.tick(Timestamp::new(102, 0))
}

/// What must hold of everything that is printed.
#[track_caller]
fn is_safe(snapshot: &Snapshot, what: &str) {
    // Directions, joiners and separators of lines: what `names` has of them, by number.
    let disguises = ['\u{202e}', '\u{2066}', '\u{2069}', '\u{200b}', '\u{feff}', '\u{2028}', '\u{2029}'];
    for width in [20, 80, 300] {
        let table = table(snapshot, (width, 60), &Filter::default(), Units::default());
        assert!(table.lines().count() <= 60, "{what}: rows stay rows");
        let is_bad = |letter: char| (letter.is_control() && letter != '\n') || disguises.contains(&letter);
        assert!(!table.contains(is_bad), "{what}: {table:?}");
    }
    let document = serde_json::to_string(&Document::new(snapshot, None)).unwrap();
    assert!(!document.contains(char::is_control), "{what}: {document:?}");
    let again: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert!(again["totals"]["packets"].is_u64(), "{what}");
    // The window's rows are the snapshot's: no line breaks and no letter that turns the others round.
    let is_bad = |letter: char| letter.is_control() || disguises.contains(&letter);
    for row in &snapshot.processes {
        assert!(!row.name.contains(is_bad) && !row.app.name.contains(is_bad), "{what}: {:?}", row.name);
    }
    for row in &snapshot.connections {
        assert!(row.host.as_ref().is_none_or(|host| !host.name.contains(is_bad)), "{what}: {:?}", row.host);
        assert!(!row.process_name.contains(is_bad) && !row.interface.contains(is_bad), "{what}");
    }
    assert!(snapshot.domains.iter().all(|row| !row.domain.contains(is_bad)), "{what}");
}

#[test]
fn names_of_processes_and_interfaces_are_shown_safely() {
    for name in names() {
        let process = ProcessKey { pid: 7, started: None };
        let app = App { id: name.clone(), name: name.clone() };
        let events = [
            Event::InterfaceUp(Interface {
                id: InterfaceId(1),
                name: name.clone(),
                kind: InterfaceKind::Physical,
                uppers: Vec::new(),
            }),
            Event::Process(Process {
                key: process,
                name: name.clone(),
                path: Some(format!("/opt/{name}")),
                uid: Some(1),
                user: Some(name.clone()),
                parent: None,
                app,
            }),
            opened(1, key(40_000, "192.0.2.1:443"), Some(process), 100),
            moved(1, 101),
            Event::Fault(name.clone()),
            Event::Note(name.clone()),
        ];
        let snapshot = picture(&events);
        assert_eq!(snapshot.connections.len(), 1);
        is_safe(&snapshot, &format!("{name:?}"));
    }
}

/// A connection to an address that an answer has given this name to.
fn picture_named_by_dns(labels: &[&[u8]]) -> Arc<Snapshot> {
    let dns = Event::Datagram {
        flow: FlowId(1),
        time: Timestamp::new(100, 0),
        direction: Direction::In,
        bytes: answer(labels, [192, 0, 2, 1]),
    };
    picture(&[
        opened(1, key(30_000, "10.0.0.1:53"), None, 100),
        dns,
        opened(2, key(40_000, "192.0.2.1:443"), None, 101),
        moved(2, 101),
    ])
}

#[test]
fn names_out_of_dns_answers_are_shown_safely() {
    for name in names() {
        let label = &name.as_bytes()[..name.len().min(63)];
        if label.is_empty() {
            continue;
        }
        let snapshot = picture_named_by_dns(&[label, b"test"]);
        let row = snapshot.connections.iter().find(|row| row.remote.port() == 443).unwrap();
        assert!(row.host.is_some(), "{name:?} names the connection");
        is_safe(&snapshot, &format!("{name:?}"));
    }
}

/// A name as long as any may be (RFC 1035 §2.3.4: 255 bytes with its lengths and end, so 253 letters and dots).
fn longest() -> String {
    format!("{0}.{0}.{0}.{1}", "x".repeat(63), "y".repeat(61))
}

#[test]
fn a_name_of_253_bytes_is_told_whole_and_takes_no_more_room_than_others() {
    let name = longest();
    assert_eq!(name.len(), 253);
    let labels: Vec<&[u8]> = name.split('.').map(str::as_bytes).collect();
    let snapshot = picture_named_by_dns(&labels);
    let row = snapshot.connections.iter().find(|row| row.remote.port() == 443).unwrap();
    assert_eq!(row.host.as_ref().map(|host| &*host.name), Some(&*name));
    is_safe(&snapshot, "253 bytes");
    assert!(serde_json::to_string(&Document::new(&snapshot, None)).unwrap().contains(&name));
    let table = table(&snapshot, (80, 60), &Filter::default(), Units::default());
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
}

/// What a program says at the beginning: its HTTP request, what it asks of a SOCKS5 proxy, its TLS hello.
fn greetings(host: &str) -> [(u16, Vec<u8>); 3] {
    let http = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes();
    let socks =
        [b"\x05\x01\0\x05\x01\0\x03", &[u8::try_from(host.len()).unwrap()][..], host.as_bytes(), &[1, 187]];
    [(80, http), (1080, socks.concat()), (443, tls_greeting(host))]
}

#[test]
fn names_that_programs_ask_for_are_shown_safely() {
    let mut named = 0;
    for name in names().into_iter().chain([longest(), "plain.test".to_owned()]) {
        let host: String = name
            .chars()
            .scan(0, |len, letter| {
                *len += letter.len_utf8();
                (*len <= 255).then_some(letter)
            })
            .collect();
        for (port, bytes) in greetings(&host) {
            let opening = Event::Opening { flow: FlowId(1), direction: Direction::Out, offset: 0, bytes };
            let remote = format!("192.0.2.1:{port}");
            let snapshot = picture(&[opened(1, key(40_000, &remote), None, 100), opening, moved(1, 101)]);
            let row = snapshot.connections.iter().next().unwrap();
            named += usize::from(row.host.is_some());
            let is_named = row.host.as_ref().is_some_and(|shown| *shown.name == *host);
            assert!(is_named || (host != "plain.test" && host != longest()), "{port}: {:?}", row.host);
            is_safe(&snapshot, &format!("{name:?} at {port}"));
        }
    }
    assert!(named > 10, "{named} of them named something");
}

#[test]
fn ten_thousand_names_for_one_address_take_no_room() {
    let mut events = vec![opened(1, key(30_000, "10.0.0.1:53"), None, 100)];
    for number in 0..10_000 {
        let label = format!("host{number}");
        events.push(Event::Datagram {
            flow: FlowId(1),
            time: Timestamp::new(100, number),
            direction: Direction::In,
            bytes: answer(&[label.as_bytes(), b"test"], [192, 0, 2, 1]),
        });
    }
    events.push(opened(2, key(40_000, "192.0.2.1:443"), None, 101));
    events.push(moved(2, 101));
    let snapshot = picture(&events);
    let row = snapshot.connections.iter().find(|row| row.remote.port() == 443).unwrap();
    assert_eq!(row.host.as_ref().map(|host| &*host.name), Some("host9999.test"), "the newest of them");
    is_safe(&snapshot, "ten thousand names");
}
