//! Tests of the pipe's protocol.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use proptest::prelude::*;

use super::*;
use crate::event::{
    Delta, Direction, FlowId, Interface, InterfaceId, InterfaceKind, ProxySetting, Statistics, Tunnel,
    TunnelHolder,
};
use crate::time::Timestamp;

fn datagram(len: usize) -> Event {
    Event::Datagram {
        flow: FlowId(7),
        time: Timestamp::new(1, 2),
        direction: Direction::Out,
        bytes: vec![0xAB; len],
    }
}

fn deltas(count: u64) -> Vec<Delta> {
    (0..count).map(|flow| Delta { rx_bytes: u64::MAX, tx_bytes: flow, ..Delta::new(FlowId(flow)) }).collect()
}

/// Everything that `bytes` says, fed in pieces of `piece` bytes.
fn decode(bytes: &[u8], piece: usize) -> Result<Vec<ToApp>, ProtocolError> {
    let mut decoder = Decoder::default();
    let mut messages = Vec::new();
    for piece in bytes.chunks(piece) {
        decoder.feed(piece);
        while let Some(message) = decoder.message()? {
            messages.push(message);
        }
    }
    Ok(messages)
}

fn events_in(bytes: &[u8]) -> Vec<Event> {
    let messages = decode(bytes, 4096).unwrap();
    messages
        .into_iter()
        .flat_map(|message| match message {
            ToApp::Events(events) => events,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn a_greeting_of_the_same_build_is_accepted_and_any_other_is_named() {
    let ours = Hello::ours();
    assert_eq!(ours.check(), Ok(()));
    let fake = Hello { magic: *b"notacrow", ..ours.clone() };
    assert_eq!(fake.check(), Err(ProtocolError::NotCrow));
    let newer = Hello { version: "9.9\x1b[31m.9".to_owned(), protocol: 99, ..ours };
    let message = newer.check().unwrap_err().to_string();
    assert!(message.contains("9.9[31m.9 for"), "{message}");
    assert!(message.contains("protocol 99"), "{message}");
    assert!(!message.contains('\x1b'), "no control characters: {message:?}");
}

#[test]
fn messages_come_out_as_they_went_in_however_they_are_cut() {
    let said = vec![
        ToApp::Started,
        ToApp::Events(vec![datagram(300), Event::Statistics(Statistics::default())]),
        ToApp::Failed("no".to_owned()),
        ToApp::Stopped,
    ];
    let mut encoder = Encoder::default();
    for message in &said {
        encoder.message(message).unwrap();
    }
    for piece in [1, 2, 3, 5, 64, 1000] {
        assert_eq!(decode(encoder.unsent(), piece), Ok(said.clone()), "pieces of {piece}");
    }
}

#[test]
fn borrowed_events_are_written_as_owned_ones_are() {
    let events = vec![datagram(3), Event::InterfaceDown(InterfaceId(4))];
    let (mut borrowed, mut owned) = (Encoder::default(), Encoder::default());
    borrowed.events(&events).unwrap();
    owned.message(&ToApp::Events(events)).unwrap();
    assert_eq!(borrowed.unsent(), owned.unsent());
}

#[test]
fn a_batch_too_long_for_a_frame_is_divided_and_loses_nothing() {
    let events: Vec<Event> = (0..50).map(|n| datagram(n * 1500)).collect();
    let mut encoder = Encoder::default();
    encoder.events(&events).unwrap();
    assert!(encoder.unsent().len() > MAX_FRAME_BYTES);
    assert!(decode(encoder.unsent(), 4096).unwrap().len() > 1);
    assert_eq!(events_in(encoder.unsent()), events);
}

#[test]
fn deltas_of_one_tick_too_long_for_a_frame_are_divided() {
    let all = deltas(100_000);
    let mut encoder = Encoder::default();
    encoder.events(&[Event::Deltas { time: Timestamp::new(5, 0), deltas: all.clone() }]).unwrap();
    let mut back = Vec::new();
    for event in events_in(encoder.unsent()) {
        let Event::Deltas { time, deltas } = event else { panic!("{event:?}") };
        assert_eq!(time, Timestamp::new(5, 0));
        back.extend(deltas);
    }
    assert_eq!(back, all);
}

#[test]
fn an_event_that_cannot_be_divided_is_refused_and_the_rest_still_goes() {
    let mut encoder = Encoder::default();
    let err = encoder.events(&[datagram(MAX_FRAME_BYTES)]).unwrap_err();
    assert!(matches!(err, ProtocolError::Unsendable(len) if len > MAX_FRAME_BYTES), "{err:?}");
    assert_eq!(encoder.unsent(), b"");
    encoder.events(&[datagram(1)]).unwrap();
    assert_eq!(events_in(encoder.unsent()), [datagram(1)]);
}

#[test]
fn what_was_written_is_not_written_again() {
    let mut encoder = Encoder::default();
    encoder.events(&vec![datagram(1000); 200]).unwrap();
    let whole = encoder.unsent().to_vec();
    let mut out = Vec::new();
    while !encoder.unsent().is_empty() {
        let count = encoder.unsent().len().min(777);
        out.extend_from_slice(&encoder.unsent()[..count]);
        encoder.sent(count);
    }
    assert_eq!(out, whole);
    assert!(encoder.bytes.capacity() <= 2 * KEPT_BYTES, "memory is given back");
}

#[test]
fn frames_that_lie_are_refused_with_the_reason() {
    let long = u32::try_from(MAX_FRAME_BYTES + 1).unwrap().to_le_bytes();
    assert_eq!(decode(&long, 4), Err(ProtocolError::TooLong(MAX_FRAME_BYTES as u64 + 1)));
    let unknown_variant = [1, 0, 0, 0, 0x7F];
    assert_eq!(decode(&unknown_variant, 9), Err(ProtocolError::Undecodable));
    let trailing = [2, 0, 0, 0, 0, 0];
    assert_eq!(decode(&trailing, 9), Err(ProtocolError::Undecodable));
    let empty = [0, 0, 0, 0];
    assert_eq!(decode(&empty, 9), Err(ProtocolError::Undecodable));
    // Events that claim to be four thousand million in number and are none.
    let bomb = [6, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F];
    assert_eq!(decode(&bomb, 99), Err(ProtocolError::Undecodable));
    assert_eq!(decode(&[3, 0, 0, 0, 1], 9), Ok(vec![]), "cut short is not wrong yet");
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (any::<u32>(), ".{0,20}").prop_map(|(id, name)| Event::InterfaceUp(Interface {
            id: InterfaceId(id),
            name,
            kind: InterfaceKind::Tunnel,
            uppers: vec![InterfaceId(id ^ 1)],
        })),
        any::<u32>().prop_map(|id| Event::InterfaceDown(InterfaceId(id))),
        (0..20_u64, any::<u64>()).prop_map(|(count, nanos)| Event::Deltas {
            time: Timestamp::from_nanos(nanos),
            deltas: deltas(count),
        }),
        (any::<u64>(), any::<u32>(), prop::collection::vec(any::<u8>(), 0..3000)).prop_map(
            |(flow, offset, bytes)| Event::Opening {
                flow: FlowId(flow),
                direction: Direction::In,
                offset,
                bytes,
            }
        ),
        ".{0,80}".prop_map(Event::Fault),
        ".{0,80}".prop_map(Event::Note),
        (".{0,20}", any::<u16>()).prop_map(|(host, port)| {
            Event::Proxies(vec![ProxySetting { host, port, origin: "GNOME".to_owned() }])
        }),
        (".{0,15}", any::<i32>(), ".{0,20}").prop_map(|(interface, pid, name)| {
            Event::Tunnels(vec![Tunnel { interface, holder: TunnelHolder::Process { pid, name } }])
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn events_survive_the_pipe(batches in prop::collection::vec(prop::collection::vec(any_event(), 1..8), 0..8), piece in 1..5000_usize) {
        let mut encoder = Encoder::default();
        for batch in &batches {
            encoder.events(batch).unwrap();
        }
        let expected: Vec<ToApp> = batches.into_iter().map(ToApp::Events).collect();
        prop_assert_eq!(decode(encoder.unsent(), piece), Ok(expected));
    }

    #[test]
    fn mutated_frames_never_panic_the_app(batch in prop::collection::vec(any_event(), 1..4), flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let mut encoder = Encoder::default();
        encoder.events(&batch).unwrap();
        let mut bytes = encoder.unsent().to_vec();
        for (place, value) in flips {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        // Whatever comes out was decoded whole, so it can be encoded again.
        if let Ok(messages) = decode(&bytes, 512) {
            for message in messages {
                Encoder::default().message(&message).unwrap();
            }
        }
    }

    #[test]
    fn mutated_control_never_panics_the_helper(name in ".{0,30}", place in any::<prop::sample::Index>(), value in any::<u8>()) {
        let said = ToHelper::Start { interface: Some(name) };
        let mut encoder = Encoder::default();
        encoder.message(&said).unwrap();
        let mut decoder = Decoder::default();
        decoder.feed(encoder.unsent());
        prop_assert_eq!(decoder.message::<ToHelper>(), Ok(Some(said)));
        let mut bytes = encoder.unsent().to_vec();
        let place = place.index(bytes.len());
        bytes[place] = value;
        let mut decoder = Decoder::default();
        decoder.feed(&bytes);
        match decoder.message::<ToHelper>() {
            Ok(_) | Err(ProtocolError::TooLong(_) | ProtocolError::Undecodable) => {}
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn noise_is_a_message_or_an_error_of_its_own_kind(bytes in prop::collection::vec(any::<u8>(), 1..400)) {
        let mut decoder = Decoder::default();
        decoder.feed(&u32::try_from(bytes.len()).unwrap().to_le_bytes());
        decoder.feed(&bytes);
        let greeting = decoder.message::<Hello>();
        prop_assert!(matches!(greeting, Ok(Some(_)) | Err(ProtocolError::Undecodable)), "{greeting:?}");
    }
}
