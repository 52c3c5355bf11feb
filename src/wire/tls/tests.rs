//! Hellos made by hand: whole, cut, changed, in records of every size.

use proptest::prelude::*;

use super::*;

/// A TLS vector with a length of `N` bytes before it.
fn vector<const N: usize>(body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&len[4 - N..], body].concat()
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &vector::<2>(body)].concat()
}

fn name(name: &[u8]) -> Vec<u8> {
    extension(SERVER_NAME, &vector::<2>(&[&[HOST_NAME][..], &vector::<2>(name)].concat()))
}

fn alpn(names: &[&str]) -> Vec<u8> {
    let list: Vec<u8> = names.iter().flat_map(|name| vector::<1>(name.as_bytes())).collect();
    extension(ALPN, &vector::<2>(&list))
}

fn message(body: &[u8]) -> Vec<u8> {
    [&[CLIENT_HELLO][..], &vector::<3>(body)].concat()
}

/// A hello without its extensions.
fn start() -> Vec<u8> {
    [&[3, 3][..], &[7; 32], &vector::<1>(&[9; 32]), &vector::<2>(&[0x13, 1]), &vector::<1>(&[0])].concat()
}

fn hello(extensions: &[Vec<u8>]) -> Vec<u8> {
    message(&[start(), vector::<2>(&extensions.concat())].concat())
}

/// A hello that asks for `server` and offers `protocols`, padded with a post-quantum key share's size.
pub(crate) fn hello_for(server: &str, protocols: &[&str], padding: usize) -> Vec<u8> {
    let versions = extension(SUPPORTED_VERSIONS, &vector::<1>(&[0x2a, 0x2a, 3, 4, 3, 3]));
    hello(&[extension(51, &vec![1; padding]), alpn(protocols), versions, name(server.as_bytes())])
}

/// `handshake` in records of `size` bytes.
pub(crate) fn records(handshake: &[u8], size: usize) -> Vec<u8> {
    handshake.chunks(size).flat_map(|part| [&[HANDSHAKE, 3, 1][..], &vector::<2>(part)].concat()).collect()
}

/// As [`hello_for`], in one record.
pub(crate) fn opening(server: &str) -> Vec<u8> {
    records(&hello_for(server, &["h2", "http/1.1"], 0), 1 << 14)
}

/// With an Encrypted Client Hello as an outer name has it.
pub(crate) fn ech_opening(server: &str) -> Vec<u8> {
    let ech = extension(ENCRYPTED_CLIENT_HELLO, &[ECH_OUTER, 0, 1, 0, 1, 7, 0, 0, 0, 0]);
    records(&hello(&[name(server.as_bytes()), ech]), 1 << 14)
}

fn server_name(handshake: &[u8]) -> Result<Option<String>> {
    client_hello(handshake).map(|hello| hello.server_name)
}

#[test]
fn names() {
    let named = || Ok(Some("crow.test".to_owned()));
    let crow = || name(b"crow.test");
    let other = [&[1][..], &vector::<2>(b"?"), &[HOST_NAME], &vector::<2>(b"crow.test")].concat();
    #[rustfmt::skip]
    let cases = [
        ("only the name", hello(&[crow()]), named()),
        ("after ALPN", hello(&[alpn(&["h2"]), crow()]), named()),
        ("after a post-quantum key share", hello(&[extension(51, &[1; 1300]), crow()]), named()),
        ("behind a name of another type", hello(&[extension(SERVER_NAME, &vector::<2>(&other))]), named()),
        ("no name", hello(&[alpn(&["h2"])]), Ok(None)),
        ("no extensions", hello(&[]), Ok(None)),
        ("before there were extensions", message(&start()), Ok(None)),
        ("an empty name", hello(&[name(b"")]), Err(Error::Malformed)),
        ("not ASCII", hello(&[name(b"caf\xe9.test")]), Err(Error::Malformed)),
        ("a space", hello(&[name(b"crow test")]), Err(Error::Malformed)),
        ("an empty list's length", hello(&[extension(SERVER_NAME, &[0])]), Err(Error::Malformed)),
        ("a list that is too long", hello(&[extension(SERVER_NAME, &[0, 9, 0, 0, 1, b'x'])]), Err(Error::Malformed)),
        ("an extension beyond the end", message(&[start(), vec![0, 4, 0, 0, 0, 9]].concat()), Err(Error::Malformed)),
        ("extensions beyond the end", message(&[start(), vec![0, 9, 0, 0]].concat()), Err(Error::Malformed)),
        ("SSL 2", message(&[0, 2, 0, 0]), Err(Error::Malformed)),
        ("a ServerHello", vec![2; 64], Err(Error::Unsupported)),
        ("a length that no hello has", vec![CLIENT_HELLO, 0xff, 0, 0, 3, 3], Err(Error::Malformed)),
    ];
    for (case, bytes, expected) in cases {
        assert_eq!(server_name(&bytes), expected, "{case}");
    }
}

#[test]
fn a_name_in_front_is_read_of_a_hello_that_is_too_long() {
    let front = records(&hello(&[name(b"crow.test"), extension(21, &vec![0; 40_000])]), 1 << 14);
    let read = hello_in_records(&front[..20 << 10]).unwrap();
    assert_eq!((read.server_name.as_deref(), read.complete), (Some("crow.test"), false));
    let behind = records(&hello(&[extension(21, &vec![0; 40_000]), name(b"crow.test")]), 1 << 14);
    assert_eq!(hello_in_records(&behind[..20 << 10]), Err(Error::Truncated));
}

#[test]
fn what_a_client_offers_is_read() {
    let read = client_hello(&hello_for("crow.test", &["h2", "http/1.1"], 0)).unwrap();
    assert_eq!(read.alpn, ["h2", "http/1.1"]);
    assert_eq!(read.versions, [0x0304, 0x0303], "without GREASE");
    assert!(read.complete && !read.ech);
    let old = client_hello(&hello(&[])).unwrap();
    assert_eq!(old.versions, [0x0303]);
    let outer = hello_in_records(&ech_opening("cover.test")).unwrap();
    assert!(outer.ech);
    assert_eq!(outer.server_name.as_deref(), Some("cover.test"));
    let inner = hello(&[extension(ENCRYPTED_CLIENT_HELLO, &[1])]);
    assert!(!client_hello(&inner).unwrap().ech);
}

#[test]
fn a_cut_hello_asks_for_more() {
    let whole = hello_for("crow.test", &["h2"], 1300);
    for len in 0..whole.len() {
        assert_eq!(server_name(&whole[..len]), Err(Error::Truncated), "{len} bytes");
    }
    // The name first: it is found before the rest is here.
    let whole = hello(&[name(b"crow.test"), alpn(&["h2"])]);
    let until_name = whole.len() - alpn(&["h2"]).len();
    for len in 0..whole.len() {
        let read = client_hello(&whole[..len]);
        if len < until_name {
            assert_eq!(read, Err(Error::Truncated), "{len} bytes");
        } else {
            let read = read.unwrap();
            assert_eq!(read.server_name.as_deref(), Some("crow.test"), "{len} bytes");
            assert!(!read.complete, "{len} bytes");
        }
    }
}

#[test]
fn records_are_joined_however_they_cut_a_hello() {
    let handshake = hello_for("crow.test", &["h2"], 300);
    let expected = client_hello(&handshake).unwrap();
    for size in 1..=handshake.len() {
        let stream = [records(&handshake, size), vec![20, 3, 3, 0, 1, 1]].concat();
        assert_eq!(hello_in_records(&stream), Ok(expected.clone()), "records of {size}");
    }
    let stream = records(&handshake, 100);
    for len in 0..stream.len() {
        assert_eq!(hello_in_records(&stream[..len]), Err(Error::Truncated), "{len} bytes");
    }
}

#[test]
fn what_is_not_tls_is_told_at_once() {
    let handshake = hello_for("crow.test", &[], 0);
    let broken = [records(&handshake[..20], 20), vec![23, 3, 3, 0, 1, 1]].concat();
    let lying = [records(&handshake[..20], 20), vec![22, 9, 9, 0, 1, 1]].concat();
    #[rustfmt::skip]
    let cases: [(&str, &[u8], Error); 7] = [
        ("HTTP", b"GET / HTTP/1.1\r\n", Error::Unsupported),
        ("a record of another protocol", &[22, 9, 1, 0, 5, 1], Error::Unsupported),
        ("an empty record", &[22, 3, 1, 0, 0], Error::Unsupported),
        ("a record that is too long", &[22, 3, 1, 0xff, 0xff, 1], Error::Unsupported),
        ("a ServerHello", &[22, 3, 3, 0, 4, 2, 0, 0, 9], Error::Unsupported),
        ("data in the middle of a hello", &broken, Error::Malformed),
        ("nonsense in the middle of a hello", &lying, Error::Malformed),
    ];
    for (case, stream, expected) in cases {
        assert_eq!(hello_in_records(stream), Err(expected), "{case}");
    }
}

proptest! {
    #[test]
    fn a_changed_hello_is_read_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        len: prop::sample::Index,
    ) {
        let mut stream = records(&hello_for("crow.test", &["h2", "http/1.1"], 40), 90);
        for (place, byte) in changes {
            let at = place.index(stream.len());
            stream[at] = byte;
        }
        let cut = &stream[..len.index(stream.len() + 1)];
        for bytes in [&stream[..], cut] {
            if let Ok(hello) = hello_in_records(bytes) {
                prop_assert!(hello.server_name.is_none_or(|name| !name.is_empty() && !name.contains(char::is_control)));
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = client_hello(&bytes);
        let _ = hello_in_records(&bytes);
        let _ = hello_in_records(&[&[22, 3, 1, 1, 0][..], &bytes].concat());
    }

    #[test]
    fn every_name_comes_back(server in "[a-z0-9._-]{1,200}", padding in 0_usize..3000, size in 50_usize..4000) {
        let stream = records(&hello_for(&server, &["h2"], padding), size);
        prop_assert_eq!(hello_in_records(&stream).unwrap().server_name, Some(server));
    }
}
