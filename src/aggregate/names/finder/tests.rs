//! Pieces in every order, size and number.

use proptest::prelude::*;

use super::*;
use crate::wire::tls::tests::{hello_for, opening, records};

fn place(flow: u64) -> Place {
    Place { flow: FlowId(flow), opener: Some(Direction::Out), is_dns: false }
}

fn out(offset: usize, bytes: &[u8]) -> Piece<'_> {
    Piece { direction: Direction::Out, offset: u32::try_from(offset).unwrap(), bytes }
}

fn name(found: Option<Found>) -> Option<String> {
    found?.reading.name.map(|name| name.name)
}

proptest! {
    #[test]
    fn pieces_of_any_size_and_overlap_make_the_hello(
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        overlap in 0_usize..50,
    ) {
        let stream = records(&hello_for("crow.test", &["h2"], 1300), 700);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let mut finders = Finders::default();
        let mut names = Vec::new();
        for pair in cuts.windows(2) {
            let from = pair[0].saturating_sub(overlap);
            names.extend(name(finders.opening(place(1), &out(from, &stream[from..pair[1]]))));
        }
        prop_assert_eq!(names, ["crow.test"]);
    }
}

#[test]
fn a_hole_is_not_bridged() {
    let stream = opening("crow.test");
    let mut finders = Finders::default();
    assert!(finders.opening(place(1), &out(0, &stream[..20])).unwrap().reading.is_open);
    assert_eq!(finders.opening(place(1), &out(21, &stream[21..])), None);
    assert_eq!(finders.opening(place(1), &out(5, &stream[5..20])), None, "nothing new");
    assert_eq!(finders.opening(place(2), &out(1, &stream[1..])), None, "not begun in the middle");
    assert_eq!(name(finders.opening(place(1), &out(20, &stream[20..]))), Some("crow.test".into()));
}

#[test]
fn the_oldest_flow_makes_room() {
    let stream = opening("crow.test");
    let mut finders = Finders::default();
    for flow in 0..=MAX_FINDERS as u64 {
        assert!(!finders.is_full());
        finders.opening(place(flow), &out(0, &stream[..9]));
    }
    assert!(finders.is_full());
    assert_eq!(finders.opening(place(0), &out(9, &stream[9..])), None);
    assert_eq!(name(finders.opening(place(1), &out(9, &stream[9..]))), Some("crow.test".into()));
    finders.forget(FlowId(2));
    assert_eq!(finders.opening(place(2), &out(9, &stream[9..])), None);
}

#[test]
fn either_end_of_a_flow_found_midway_may_be_the_client() {
    let stream = opening("crow.test");
    for direction in [Direction::Out, Direction::In] {
        for opener in [None, Some(direction)] {
            let piece = Piece { direction, offset: 0, bytes: &stream };
            let found = Finders::default().opening(Place { opener, ..place(1) }, &piece);
            assert_eq!(name(found), Some("crow.test".into()), "{direction:?} by {opener:?}");
        }
    }
}

#[test]
fn a_hello_is_read_wherever_it_begins() {
    let stream = records(&hello_for("crow.test", &["h2"], 1300), 4000);
    let (first, rest) = stream.split_at(900);
    let unknown: &[&[u8]] = &[b"", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 443\r\n", b"<starttls/>", &[0xff; 70]];
    for before in unknown {
        for direction in [Direction::Out, Direction::In] {
            let mut finders = Finders::default();
            let piece = |at: usize, bytes| Piece { direction, ..out(at, bytes) };
            let said = finders.opening(place(1), &piece(0, before));
            if said.is_some_and(|found| !found.reading.is_open) {
                finders.forget(FlowId(1));
            }
            let at = before.len();
            let found = finders.opening(place(1), &piece(at, first)).unwrap();
            assert!(found.reading.is_open && found.reading.name.is_none(), "{before:?} {direction:?}");
            let found = finders.opening(place(1), &piece(at + 900, rest));
            assert_eq!(name(found), Some("crow.test".into()), "{before:?} {direction:?}");
        }
    }
    // Found midway, with a server that speaks a dialogue of which the client's beginning was missed.
    let mut finders = Finders::default();
    let midway = Place { opener: None, ..place(1) };
    let greeting = b"<stream:stream xmlns='jabber:client'>";
    finders.opening(midway, &Piece { direction: Direction::In, offset: 0, bytes: greeting });
    finders.opening(midway, &out(0, b"<starttls/>"));
    assert_eq!(name(finders.opening(midway, &out(11, &stream))), Some("crow.test".into()));

    // A proxy was told the name that this hello covers.
    let mut finders = Finders::default();
    let connect = b"CONNECT hidden.test:443 HTTP/1.1\r\n\r\n";
    finders.opening(place(1), &out(0, connect));
    let cover = crate::wire::tls::tests::ech_opening("cover.test");
    assert_eq!(name(finders.opening(place(1), &out(connect.len(), &cover))), Some("hidden.test".into()));

    let mut finders = Finders::default();
    finders.opening(place(1), &out(0, b"GET / HTTP/1.1\r\nHost: first.test\r\n"));
    assert_eq!(
        name(finders.opening(place(1), &out(0, &stream))),
        Some("crow.test".into()),
        "begun anew at 0"
    );
}

#[test]
fn a_load_balancer_s_header_is_looked_behind() {
    let v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\xc3\x50\x01\xbb";
    for header in [&b"PROXY TCP4 192.0.2.1 192.0.2.2 1 443\r\n"[..], v2] {
        let stream = [header, &opening("crow.test")].concat();
        for cut in [0, 1, header.len() - 1, header.len(), header.len() + 3] {
            let mut finders = Finders::default();
            let first = finders.opening(place(1), &out(0, &stream[..cut]));
            assert!(first.is_none_or(|found| found.reading.is_open), "{cut}");
            assert_eq!(name(finders.opening(place(1), &out(cut, &stream[cut..]))), Some("crow.test".into()));
        }
    }
}

#[test]
fn another_quic_connection_between_the_same_ends_is_read() {
    use crate::wire::quic::tests::first_flight;
    let mut finders = Finders::default();
    assert_eq!(finders.later_datagram(FlowId(1), b"\xc0\0\0\0\x01 noise"), None);
    let reading = finders.later_datagram(FlowId(1), &first_flight("second.test")).unwrap();
    assert_eq!(reading.name.unwrap().name, "second.test");
}

#[test]
fn dns_over_tcp_comes_message_by_message() {
    let mut finders = Finders::default();
    let place = Place { is_dns: true, ..place(1) };
    let stream = b"\0\x03abc\0\x02de\0\x09f";
    let mut messages = Vec::new();
    for (at, byte) in stream.iter().enumerate() {
        let found = finders.opening(place, &out(at, &[*byte])).unwrap();
        assert!(found.reading.is_open);
        messages.extend(found.messages);
    }
    assert_eq!(messages, [(Direction::Out, b"abc".to_vec()), (Direction::Out, b"de".to_vec())]);
}

#[test]
fn quic_names_its_server_and_other_datagrams_say_nothing() {
    use crate::wire::quic::tests::{first_flight, first_flight_for};
    let mut finders = Finders::default();
    let flight = first_flight("crow.test");
    let reading = finders.datagram(FlowId(1), &flight);
    let name = reading.name.unwrap();
    assert_eq!((&*name.name, name.source), ("crow.test", HostSource::Quic));
    assert_eq!(reading.protocol, Some(reader::Protocol::Quic(None)));
    let dns = finders.datagram(FlowId(3), &first_flight_for("crow.test", &["doq"]));
    assert_eq!(dns.protocol, Some(reader::Protocol::Quic(Some("dns-over-quic"))));
    assert!(!reading.is_open);
    assert_eq!(finders.datagram(FlowId(2), b"hello"), Reading::default());
    for flow in 0..=MAX_FINDERS as u64 {
        finders.datagram(FlowId(10 + flow), b"");
    }
    assert!(finders.is_full());
}
