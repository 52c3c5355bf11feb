//! Clients' first flights: split, shuffled, coalesced, retried, negotiated, changed.

use proptest::prelude::*;

use super::keys::tests::{CRYPTO_FRAME, seal, unhex};
use super::*;
use crate::wire::greeting;
use crate::wire::tls::tests::hello_for;

const ID: &[u8] = b"\x83\x94\xc8\xf0\x3e\x51\x57\x08";
const V1: u32 = 1;
const V2: u32 = 0x6b33_43cf;
const DRAFT_29: u32 = 0xff00_001d;
const GREASE: u32 = 0x1a2a_3a4a;

fn number(value: usize) -> Vec<u8> {
    (u16::try_from(value).unwrap() | 0x4000).to_be_bytes().to_vec()
}

pub(crate) fn crypto(offset: usize, bytes: &[u8]) -> Vec<u8> {
    [&[6][..], &number(offset), &number(bytes.len()), bytes].concat()
}

/// A packet's header up to its connection ids.
fn start(version: u32, kind: u8, id: &[u8]) -> Vec<u8> {
    let turned = if version == V2 { (kind + 1) & 3 } else { kind };
    let first = 0xc0 | turned << 4 | 1;
    let id_len = u8::try_from(id.len()).unwrap();
    [&[first][..], &version.to_be_bytes(), &[id_len], id, &[2, 7, 7]].concat()
}

/// An Initial sent to `id` under the keys of `key_id`.
fn initial_under(version: u32, [key_id, id]: [&[u8]; 2], packet_number: u16, frames: &[u8]) -> Vec<u8> {
    let mut frames = frames.to_vec();
    frames.resize(frames.len().max(40), 0);
    let header = [
        &start(version, 0, id)[..],
        &[3, 9, 9, 9], // a token
        &number(2 + frames.len() + 16),
        &packet_number.to_be_bytes(),
    ];
    seal(&Keys::of_client(Version::of(version).unwrap(), key_id), &header.concat(), &frames)
}

fn initial(version: u32, packet_number: u16, frames: &[u8]) -> Vec<u8> {
    initial_under(version, [ID, ID], packet_number, frames)
}

/// A client's whole first flight in one datagram.
pub(crate) fn first_flight(server: &str) -> Vec<u8> {
    first_flight_for(server, &["h3"])
}

/// The same, with the protocols that the client offers to speak.
pub(crate) fn first_flight_for(server: &str, protocols: &[&str]) -> Vec<u8> {
    initial(V1, 0, &crypto(0, &hello_for(server, protocols, 0)))
}

fn name(result: Result<ClientHello>) -> Result<String> {
    result.map(|hello| hello.server_name.unwrap())
}

fn play(datagrams: &[&[u8]]) -> Result<String> {
    let mut initials = Initials::default();
    let mut last = Err(Error::Unsupported);
    for datagram in datagrams {
        last = name(initials.datagram(datagram));
    }
    last
}

#[test]
fn the_specifications_own_packets_name_their_server() {
    for (version, header) in [
        (Version::One, "c300000001088394c8f03e5157080000449e00000002"),
        (Version::Two, "d36b3343cf088394c8f03e5157080000449e00000002"),
    ] {
        let mut payload = unhex(CRYPTO_FRAME);
        payload.resize(1162, 0);
        let datagram = seal(&Keys::of_client(version, ID), &unhex(header), &payload);
        assert_eq!(play(&[&datagram]), Ok("example.com".into()), "{version:?}");
        let cut: Vec<_> = (0..datagram.len()).map(|len| play(&[&datagram[..len]])).collect();
        let named = cut.iter().position(Result::is_ok).unwrap();
        assert!((60..200).contains(&named), "a capture may cut it, but not before the name: {named}");
        for (len, read) in cut.into_iter().enumerate() {
            let begins = if len < 18 { Error::Unsupported } else { Error::Truncated };
            let expected = if len < named { Err(begins) } else { Ok("example.com".into()) };
            assert_eq!(read, expected, "{version:?}: {len} bytes");
        }
    }
}

#[test]
fn hellos_are_gathered() {
    let hello = hello_for("crow.test", &["h3"], 1300);
    let (one, two) = hello.split_at(700);
    let ack = [&[2, 5, 1, 1, 0, 1, 1][..], &crypto(0, one), &[0, 0, 1]].concat();
    let zero_rtt = [start(V1, 1, ID), number(30), vec![5; 30]].concat();
    let handshake = [start(V1, 2, ID), number(30), vec![5; 30]].concat();
    let retry = [start(V1, 3, b"client"), vec![1; 40]].concat();
    let negotiation = [&[0x80, 0, 0, 0, 0, 1, 7, 0][..], &V1.to_be_bytes()].concat();
    let greased = [start(GREASE, 0, ID), vec![1; 60]].concat();
    let first = initial(V1, 0, &crypto(0, one));
    let second = initial(V1, 1, &crypto(700, two));
    let shuffled =
        [crypto(900, &hello[900..]), vec![1], crypto(0, &hello[..400]), crypto(300, &hello[300..900])];
    let retried = initial_under(V1, [b"retried!", b"retried!"], 2, &crypto(0, &hello));
    let to_server = initial_under(V1, [ID, b"the server's"], 1, &crypto(700, two));
    let upgraded = initial_under(V2, [ID, b"the server's"], 1, &crypto(0, &hello));
    #[rustfmt::skip]
    let cases: [(&str, &[&[u8]]); 14] = [
        ("one packet", &[&initial(V1, 0, &crypto(0, &hello))]),
        ("version 2", &[&initial(V2, 0, &crypto(0, &hello))]),
        ("a draft", &[&initial(DRAFT_29, 0, &crypto(0, &hello))]),
        ("two packets", &[&first, &second]),
        ("the other way round", &[&second, &first]),
        ("twice", &[&first, &first, &second]),
        ("coalesced", &[&[&first[..], &second].concat()]),
        ("frames in any order", &[&initial(V1, 0, &shuffled.concat())]),
        ("behind an acknowledgement", &[&initial(V1, 0, &ack), &second]),
        ("behind 0-RTT and Handshake packets", &[&zero_rtt, &[&handshake[..], &first, &second].concat()]),
        ("the server's id", &[&first, &to_server]),
        ("after a Retry", &[&first, &retry, &retried]),
        ("after version negotiation", &[&greased, &negotiation, &first, &second]),
        ("another version in the middle", &[&first, &upgraded]),
    ];
    for (case, datagrams) in cases {
        assert_eq!(play(datagrams), Ok("crow.test".into()), "{case}");
        assert_ne!(
            play(&datagrams[..datagrams.len() - 1]),
            Ok("crow.test".into()),
            "{case}, but for the last"
        );
    }
}

#[test]
fn what_is_left_of_a_cut_packet_is_believed_only_if_it_is_a_hello() {
    let hello = hello_for("crow.test", &["h3"], 0);
    let whole = initial(V1, 0, &[crypto(0, &hello), vec![0; 600]].concat());
    let cut = &whole[..500];
    assert_eq!(play(&[cut]), Ok("crow.test".into()));
    let of_server = initial_under(V1, [b"others", ID], 0, &[crypto(0, &hello), vec![0; 600]].concat());
    let mut initials = Initials::default();
    assert_eq!(initials.datagram(&of_server[..500]), Err(Error::Truncated));
    assert!(!initials.is_quic(), "it may be anything");
    assert_eq!(name(initials.datagram(cut)), Ok("crow.test".into()), "and does no harm");
    let (one, two) = hello.split_at(40);
    let second = initial(V1, 1, &crypto(40, two));
    let first = initial(V1, 0, &[crypto(0, one), vec![0; 600]].concat());
    assert_eq!(play(&[&first[..300], &second]), Ok("crow.test".into()), "the rest may be whole");
}

#[test]
fn what_is_not_a_client_s_initial_is_told() {
    let short = [0x40; 60];
    let other_keys = initial_under(V1, [b"others", ID], 0, &crypto(0, b"x"));
    let long_id = [&[0xc0, 0, 0, 0, 1, 21][..], &[7; 60]].concat();
    let wrong_frame = initial(V1, 0, &[0x30, 1, 2]);
    let cut_frame = initial(V1, 0, &[&[1; 40][..], &[6, 0, 9, 1]].concat());
    #[rustfmt::skip]
    let cases: [(&str, &[u8], Error); 8] = [
        ("nothing", b"", Error::Unsupported),
        ("a short header", &short, Error::Unsupported),
        ("DNS", b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0", Error::Unsupported),
        ("an id that is too long", &long_id, Error::Unsupported),
        ("a server's packet", &other_keys, Error::Truncated),
        ("a frame that may not be there", &wrong_frame, Error::Malformed),
        ("a frame beyond the end", &cut_frame, Error::Malformed),
        ("beyond what is gathered", &initial(V1, 0, &crypto(MAX_CRYPTO - 1, b"xx")), Error::Truncated),
    ];
    for (case, datagram, expected) in cases {
        let mut initials = Initials::default();
        assert_eq!(initials.datagram(datagram), Err(expected), "{case}");
    }
}

proptest! {
    #[test]
    fn any_datagrams_are_read_or_refused(
        datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..4),
        frames in prop::collection::vec(any::<u8>(), 0..200),
        version in prop::sample::select(vec![V1, V2, DRAFT_29]),
    ) {
        let mut initials = Initials::default();
        for (turn, bytes) in (0..).zip(&datagrams) {
            let _ = initials.datagram(bytes);
            let _ = initials.datagram(&[start(version, 0, ID), bytes.clone()].concat());
            let _ = initials.datagram(&initial(version, turn, &frames));
        }
    }

    #[test]
    fn a_hello_in_any_pieces_is_the_same(
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        order in prop::collection::vec(any::<prop::sample::Index>(), 13),
        per_packet in 1_usize..5,
    ) {
        let hello = hello_for("crow.test", &["h3"], 1300);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(hello.len())).collect();
        cuts.extend([0, hello.len()]);
        cuts.sort_unstable();
        let mut frames: Vec<Vec<u8>> =
            cuts.windows(2).map(|pair| crypto(pair[0], &hello[pair[0]..pair[1]])).collect();
        let count = frames.len();
        for (from, to) in order.iter().enumerate().take(count) {
            frames.swap(from, to.index(count));
        }
        let packets: Vec<Vec<u8>> =
            (0..).zip(frames.chunks(per_packet)).map(|(turn, frames)| initial(V1, turn, &frames.concat())).collect();
        let packets: Vec<&[u8]> = packets.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(play(&packets), Ok("crow.test".to_owned()));
    }
}

#[test]
fn initials_are_known_by_their_header() {
    for version in [V1, V2, DRAFT_29, 0xface_b002, 0xff00_0016] {
        let datagram = initial(version, 0, &crypto(0, b"hello"));
        for len in 0..datagram.len() {
            assert_eq!(greeting::is_initial(&datagram[..len]), len >= 5, "{version:x}: {len} bytes");
        }
        assert!(
            !greeting::is_initial(&start(version, 1, ID)) && !greeting::is_initial(&start(version, 2, ID)),
            "{version:x}"
        );
    }
    assert!(!greeting::is_initial(&start(GREASE, 0, ID)) && !greeting::is_initial(b"\x40\0\0\0\x01"));
}

#[test]
fn googles_hello_is_read_in_clear_and_in_initials() {
    let hello = google::tests::chlo("crow.test");
    let clear = [&b"\x0dCCCCCCCCQ043\x01"[..], &[7; 12], &[0xa0, 1, 0, 99], &hello].concat();
    let sealed = initial(0x5130_3530, 1, &crypto(0, &hello));
    for datagram in [clear, sealed] {
        assert_eq!(name(Initials::default().datagram(&datagram)), Ok("crow.test".into()));
    }
}
