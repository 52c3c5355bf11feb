//! Five hot paths for `scripts/guard`, which counts their instructions under callgrind.
//!
//! The path to run is the argument. Each is called once, over fixed input, and what comes before it is not counted.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a benchmark may panic")]

#[path = "../support/busy.rs"]
mod busy;
#[path = "../support/greetings.rs"]
mod greetings;
#[path = "../support/traffic.rs"]
#[expect(dead_code, reason = "shared with the benchmarks, which use all of it")]
mod traffic;

use std::hint::black_box;

use busy::{Busy, at};
use crow::capture::Frame;
use crow::capture::intake::Intake;
use crow::capture::meter::{Context, Meter, MeterOptions};
use crow::event::{Direction, Event, FlowId, FlowKey, InterfaceId, Protocol};
use crow::helper::protocol::{Decoder, Encoder, ToApp};
use crow::time::Timestamp;
use crow::wire::quic::Initials;
use crow::wire::{LinkType, Packet, dns, frame, tls};
use traffic::{Recipe, Spread, Traffic};

const PACKETS: usize = 20_000;
const FLOWS: u32 = 1_000;

fn main() {
    let path = std::env::args().nth(1).unwrap();
    let recipe =
        Recipe { packets: PACKETS, flows: FLOWS, spread: Spread::Uniform, snaplen: 96, pktap: false };
    let traffic = Traffic::new(recipe);
    let frames: Vec<(&[u8], u32)> = traffic.frames().collect();
    match path.as_str() {
        "hot_frame_decode" => hot_frame_decode(&frames),
        "hot_meter" => {
            let packets: Vec<Packet<'_>> = frames
                .iter()
                .filter_map(|(bytes, wire_len)| frame::decode(LinkType::ETHERNET, bytes, *wire_len).ok())
                .collect();
            let (mut meter, mut events) = (Meter::new(MeterOptions::default()), Vec::new());
            // Once to open every flow; what a packet of a known flow costs is what counts.
            feed(&mut meter, &packets, 1_000, &mut events);
            hot_meter(&mut meter, &packets, &mut events);
        }
        "hot_pipe" => hot_pipe(&events_of_ticks(&frames)),
        "hot_aggregator" => {
            let mut busy = Busy::new(10_000);
            busy.settle();
            hot_aggregator(&mut busy);
        }
        "hot_names" => {
            let (greetings, mut busy) = (greetings(), Busy::new(0));
            let visits: Vec<Event> =
                (0..).zip(&greetings).flat_map(|(host, said)| visit(host, said)).collect();
            hot_names(&greetings, (&mut busy, &visits));
        }
        _ => panic!("{path} is no hot path"),
    }
}

/// What programs say first, for 50 hosts.
fn greetings() -> Vec<[Vec<u8>; 3]> {
    let names = (0..50).map(|host| format!("host{host}.example.com"));
    names
        .map(|name| {
            let answer = greetings::dns_answer(&greetings::dns_question(&name, 7), [192, 0, 2, 7]);
            [answer, greetings::tls_greeting(&name), greetings::quic_greeting(&name, *b"crowcrow")]
        })
        .collect()
}

/// A program asks for the name of a host, all of which have one address, and then says it there.
fn visit(host: u32, [answer, greeting, _]: &[Vec<u8>; 3]) -> Vec<Event> {
    let [asking, speaking] = [2 * host, 2 * host + 1].map(|flow| FlowId(flow.into()));
    let opened = |flow, protocol, remote: ([u8; 4], u16)| {
        let local = ([10, 0, 0, 2], 40_000 + u16::try_from(host).unwrap()).into();
        let key = FlowKey { protocol, local, remote: remote.into(), interface: InterfaceId(1) };
        Event::FlowOpened { flow, time: at(0), key, opened: Some(Direction::Out), owner: None }
    };
    let (time, bytes) = (at(0), answer.clone());
    vec![
        opened(asking, Protocol::UDP, ([10, 0, 0, 1], 53)),
        Event::Datagram { flow: asking, time, direction: Direction::In, bytes },
        opened(speaking, Protocol::TCP, ([192, 0, 2, 7], 443)),
        Event::Opening { flow: speaking, direction: Direction::Out, offset: 0, bytes: greeting.clone() },
    ]
}

/// The events of a recording, tick by tick, as the helper sends them.
fn events_of_ticks(frames: &[(&[u8], u32)]) -> Vec<Vec<Event>> {
    let (mut intake, mut told) = (Intake::new(MeterOptions::default()), Vec::new());
    for (number, (bytes, wire_len)) in frames.iter().enumerate() {
        let time = Timestamp::from_nanos(1_000_000_000_000 + number as u64 * 20_000);
        while let Some(due) = intake.due(time) {
            let mut events = Vec::new();
            intake.tick(due, &mut events);
            told.push(events);
        }
        let (link, interface) = (LinkType::ETHERNET, InterfaceId(1));
        let wire_len = *wire_len;
        intake.frame(&Frame { time, interface, link, wire_len, bytes, direction: None, tag: None });
    }
    told
}

fn feed(meter: &mut Meter, packets: &[Packet<'_>], start: u64, events: &mut Vec<Event>) {
    for (tick, chunk) in packets.chunks(2_500).enumerate() {
        let time = Timestamp::from_nanos(start * 1_000_000_000 + tick as u64 * 50_000_000);
        let context = Context { time, interface: InterfaceId(1), direction: None, tag: None };
        for packet in chunk {
            meter.packet(&context, black_box(packet));
        }
        meter.tick(time, events);
        black_box(&events);
        events.clear();
    }
}

#[inline(never)]
fn hot_frame_decode(frames: &[(&[u8], u32)]) {
    for (bytes, wire_len) in frames {
        let _ = black_box(frame::decode(LinkType::ETHERNET, black_box(bytes), *wire_len));
    }
}

#[inline(never)]
fn hot_meter(meter: &mut Meter, packets: &[Packet<'_>], events: &mut Vec<Event>) {
    feed(meter, packets, 1_001, events);
}

#[inline(never)]
fn hot_pipe(ticks: &[Vec<Event>]) {
    let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
    for events in ticks {
        encoder.events(black_box(events)).unwrap();
        decoder.feed(encoder.unsent());
        let count = encoder.unsent().len();
        encoder.sent(count);
        while let Some(message) = decoder.message::<ToApp>().unwrap() {
            black_box(message);
        }
    }
}

#[inline(never)]
fn hot_aggregator(busy: &mut Busy) {
    for _ in 0..20 {
        busy.touch(1_000);
        black_box(busy.aggregator.tick(busy.now));
    }
}

#[inline(never)]
fn hot_names(greetings: &[[Vec<u8>; 3]], (busy, visits): (&mut Busy, &[Event])) {
    for [answer, greeting, initial] in greetings {
        assert_eq!(dns::answers(black_box(answer)).unwrap().answers.len(), 1);
        assert!(tls::hello_in_records(black_box(greeting)).unwrap().server_name.is_some());
        assert!(Initials::default().datagram(black_box(initial)).unwrap().server_name.is_some());
    }
    for event in visits {
        busy.aggregator.ingest(black_box(event));
    }
    assert_eq!(busy.aggregator.tick(at(1)).domains.len(), 2);
}
