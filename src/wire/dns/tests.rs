//! Tests of reading DNS.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use proptest::prelude::*;

use super::*;

const ASKED: u16 = 0xc00c; // a pointer to the name of the first question

/// A name in wire format; `@` at the end is a pointer to the first question's name.
fn name(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in text.split('.').filter(|label| !label.is_empty()) {
        if label == "@" {
            bytes.extend(ASKED.to_be_bytes());
            return bytes;
        }
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

fn record(owner: &str, record_type: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
    record_in(owner, record_type, 1, ttl, data)
}

fn record_in(owner: &str, record_type: u16, class: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = name(owner);
    bytes.extend(record_type.to_be_bytes());
    bytes.extend(class.to_be_bytes());
    bytes.extend(ttl.to_be_bytes());
    bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    bytes.extend(data);
    bytes
}

/// `records` are the answer section, but for the last `beside` of them.
fn message_with(flags: u16, question: Option<(&str, u16)>, records: &[Vec<u8>], beside: u16) -> Vec<u8> {
    let mut bytes = vec![0xab, 0xcd];
    let counts =
        [flags, question.is_some().into(), u16::try_from(records.len()).unwrap() - beside, 0, beside];
    bytes.extend(counts.iter().flat_map(|count| count.to_be_bytes()));
    if let Some((asked, record_type)) = question {
        bytes.extend(name(asked));
        bytes.extend(record_type.to_be_bytes());
        bytes.extend(1_u16.to_be_bytes());
    }
    bytes.extend(records.concat());
    bytes
}

fn message(flags: u16, question: Option<(&str, u16)>, records: &[Vec<u8>]) -> Vec<u8> {
    message_with(flags, question, records, 0)
}

fn response(question: Option<(&str, u16)>, records: &[Vec<u8>]) -> Vec<u8> {
    message(0x8180, question, records)
}

/// HTTPS record data: priority, target, then keys with values.
fn service(priority: u16, target: &str, params: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = priority.to_be_bytes().to_vec();
    bytes.extend(name(target));
    for (key, value) in params {
        bytes.extend(key.to_be_bytes());
        bytes.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        bytes.extend(*value);
    }
    bytes
}

/// One line an answer: `name > alias > owner = address ttl`.
fn told(bytes: &[u8]) -> Vec<String> {
    let line = |answer: &Answer| {
        let chain = [std::slice::from_ref(&answer.name), &answer.chain].concat().join(" > ");
        let hint = if answer.is_hint { " hint" } else { "" };
        format!("{chain} = {} {}{hint}", answer.address, answer.ttl_secs)
    };
    answers(bytes).unwrap().answers.iter().map(line).collect()
}

const V6: [u8; 16] = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

#[test]
fn names_with_addresses() {
    let a = |owner, ttl| record(owner, 1, ttl, &[192, 0, 2, 1]);
    let cname = |owner, ttl, target| record(owner, 5, ttl, &name(target));
    let hints: &[(u16, &[u8])] = &[(1, b"\x02h2"), (4, &[192, 0, 2, 7, 192, 0, 2, 8]), (6, &V6)];
    #[rustfmt::skip]
    let cases = [
        ("one address", response(Some(("Example.COM", 1)), &[a("@", 60)]), vec!["example.com = 192.0.2.1 60"]),
        ("an IPv6 address", response(Some(("example.com", 28)), &[record("@", 28, 60, &V6)]), vec!["example.com = 2001:db8::1 60"]),
        ("a chain, the least time", response(Some(("www.shop.test", 1)),
            &[cname("@", 300, "cdn.test"), cname("cdn.test", 20, "edge.cdn.test"), a("edge.cdn.test", 60), record("edge.cdn.test", 1, 10, &[192, 0, 2, 2])]),
            vec!["www.shop.test > cdn.test > edge.cdn.test = 192.0.2.1 20", "www.shop.test > cdn.test > edge.cdn.test = 192.0.2.2 10"]),
        ("a chain in disorder", response(Some(("www.shop.test", 1)), &[a("cdn.test", 60), cname("@", 300, "cdn.test")]),
            vec!["www.shop.test > cdn.test = 192.0.2.1 60"]),
        ("a chain in circles", response(Some(("a.test", 1)), &[cname("a.test", 9, "b.test"), cname("b.test", 9, "a.test"), a("b.test", 60)]),
            vec!["a.test > b.test = 192.0.2.1 9"]),
        ("RRSIG beside it", response(Some(("example.com", 1)), &[a("@", 60), record("@", 46, 60, &[0; 40])]), vec!["example.com = 192.0.2.1 60"]),
        ("an unknown type before it", response(Some(("example.com", 1)), &[record("@", 65280, 60, &[1, 2, 3]), a("@", 60)]), vec!["example.com = 192.0.2.1 60"]),
        ("another class", response(Some(("example.com", 1)), &[record_in("@", 1, 3, 60, &[192, 0, 2, 1])]), vec![]),
        ("no such name", message(0x8183, Some(("nx.test", 1)), &[]), vec![]),
        ("HTTPS with hints", response(Some(("example.com", 65)), &[record("@", 65, 90, &service(1, ".", hints))]),
            vec!["example.com = 192.0.2.7 90 hint", "example.com = 192.0.2.8 90 hint", "example.com = 2001:db8::1 90 hint"]),
        ("HTTPS on another port", response(Some(("_8443._https.example.com", 65)), &[record("@", 65, 90, &service(1, ".", &hints[1..2]))]),
            vec!["example.com = 192.0.2.7 90 hint", "example.com = 192.0.2.8 90 hint"]),
        ("designated resolver", response(Some(("_dns.resolver.arpa", 64)), &[record("@", 64, 90, &service(1, "dns.test", &hints[1..2]))]),
            vec!["dns.test = 192.0.2.7 90 hint", "dns.test = 192.0.2.8 90 hint"]),
        ("HTTPS alias", response(Some(("example.com", 65)), &[record("@", 65, 90, &service(0, "pool.test", &[])), a("pool.test", 99)]),
            vec!["example.com > pool.test = 192.0.2.1 90"]),
        ("a broken HTTPS record", response(Some(("example.com", 65)), &[record("@", 65, 90, &[0, 1, 0, 0, 4, 0, 3, 1, 2, 3]), a("@", 60)]),
            vec!["example.com = 192.0.2.1 60"]),
        ("mDNS", message(0x8400, None, &[record_in("Annas-Mac.local", 1, 0x8001, 120, &[192, 0, 2, 1]), record_in("Annas-Mac.local", 28, 0x8001, 120, &V6)]),
            vec!["annas-mac.local = 192.0.2.1 120", "annas-mac.local = 2001:db8::1 120"]),
        ("aliases that nobody asked for", message(0x8400, None, &[cname("a.test", 9, "b.test"), cname("b.test", 9, "c.test"), a("c.test", 60)]),
            vec!["a.test > b.test > c.test = 192.0.2.1 9"]),
        ("LLMNR", message(0x8000, Some(("printer", 1)), &[a("@", 30)]), vec!["printer = 192.0.2.1 30"]),
    ];
    for (case, bytes, expected) in cases {
        assert_eq!(told(&bytes), expected, "{case}");
    }
}

#[test]
fn what_stands_beside_the_answer() {
    let address = |owner| record(owner, 1, 60, &[192, 0, 2, 1]);
    let own = record("@", 65, 90, &service(1, "svc.test", &[]));
    #[rustfmt::skip]
    let cases = [
        ("the service's own host", Some(("shop.test", 65)), vec![own, address("svc.test")], vec!["shop.test > svc.test = 192.0.2.1 60"]),
        ("somebody else's name", Some(("evil.test", 1)), vec![address("@"), address("bank.test")], vec!["evil.test = 192.0.2.1 60"]),
        ("mDNS, where nothing was asked", None, vec![record("a.local", 16, 9, b"\x01x"), address("b.local")], vec!["b.local = 192.0.2.1 60"]),
    ];
    for (case, question, records, expected) in cases {
        assert_eq!(told(&message_with(0x8180, question, &records, 1)), expected, "{case}");
    }
}

#[test]
fn questions() {
    let query = answers(&message(0x0100, Some(("Example.com", 65)), &[])).unwrap();
    assert_eq!((query.id, query.is_response, query.complete), (0xabcd, false, true));
    assert_eq!(query.question, Some(Question { name: "example.com".to_owned(), record_type: 65 }));
    assert!(query.answers.is_empty());
    let missing = answers(&message(0x8183, Some(("nx.test", 1)), &[])).unwrap();
    assert_eq!((missing.is_response, missing.response_code), (true, 3));
    assert_eq!(answers(&message(0x8400, None, &[])).unwrap().question, None);
    // A query may carry records (EDNS); they say nothing about addresses.
    let claims = message(0x0100, Some(("a.test", 1)), &[record("@", 1, 60, &[192, 0, 2, 1])]);
    assert_eq!(answers(&claims).unwrap().answers, []);
}

#[test]
fn odd_names_are_written_safely() {
    #[rustfmt::skip]
    let cases: [(&[u8], &str); 6] = [
        (b"\x03a.b\x04test\0", "a\\.b.test"),
        (b"\x05a b\x00\x7f\0", "a\\032b\\000\\127"),
        (b"\x02\xff\xc3\x05local\0", "\\255\\195.local"),
        ("\u{6}B\u{fc}ro\\\u{0}".as_bytes(), "b\u{fc}ro\\\\"),
        ("\u{4}x\u{202e}\u{0}".as_bytes(), "x\\226\\128\\174"),
        (b"\0", ""),
    ];
    for (wire, expected) in cases {
        let mut bytes = vec![0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        bytes.extend(wire);
        bytes.extend([0, 1, 0, 1]);
        assert_eq!(answers(&bytes).unwrap().question.unwrap().name, expected);
    }
}

#[test]
fn what_is_refused() {
    let header =
        |questions: u8, rest: &[u8]| [&[0, 0, 0x81, 0x80, 0, questions, 0, 0, 0, 0, 0, 0], rest].concat();
    #[rustfmt::skip]
    let cases = [
        ("a name that points to itself", header(1, &[0xc0, 12, 0, 1, 0, 1]), Error::Malformed),
        ("two that point to each other", header(1, &[0xc0, 14, 0xc0, 12, 0, 1, 0, 1]), Error::Malformed),
        ("a pointer ahead", header(1, &[0xc0, 40, 0, 1, 0, 1]), Error::Malformed),
        ("a reserved label kind", header(1, &[0x80, 1, 0, 0, 1, 0, 1]), Error::Malformed),
        ("an address of five bytes", response(Some(("a.test", 1)), &[record("@", 1, 60, &[1, 2, 3, 4, 5])]), Error::Malformed),
        ("an alias longer than its record", response(Some(("a.test", 1)), &[record("@", 5, 60, &[5]), record("@", 1, 60, &[1; 4])]), Error::Malformed),
        ("no question where one is announced", header(1, &[]), Error::Truncated),
        ("more questions than any", [&[0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0][..], &[0; 3000]].concat(), Error::Malformed),
        ("nothing", vec![], Error::Truncated),
    ];
    for (case, bytes, err) in cases {
        assert_eq!(answers(&bytes), Err(err), "{case}");
    }
}

#[test]
fn a_cut_message_gives_what_came_before_the_cut() {
    let addresses = [record("@", 1, 60, &[192, 0, 2, 1]), record("@", 1, 60, &[192, 0, 2, 2])];
    let whole = response(Some(("example.com", 1)), &addresses);
    let question_end = whole.len() - addresses.concat().len();
    let first_end = question_end + addresses[0].len();
    for len in 0..whole.len() {
        let cut = answers(&whole[..len]);
        if len < question_end {
            assert_eq!(cut, Err(Error::Truncated), "{len} bytes");
            continue;
        }
        let cut = cut.unwrap();
        assert!(!cut.complete, "{len} bytes");
        assert_eq!(cut.answers.len(), usize::from(len >= first_end), "{len} bytes");
    }
    assert!(answers(&whole).unwrap().complete);
}

#[test]
fn a_flood_of_records_is_cut_off() {
    let addresses = vec![record("@", 1, 60, &[192, 0, 2, 1]); 3000];
    let flood = answers(&response(Some(("example.com", 1)), &addresses)).unwrap();
    assert_eq!((flood.answers.len(), flood.complete), (MAX_RECORDS, false));
    let hints = [192, 0, 2, 1].repeat(10_000);
    let data = service(1, ".", &[(4, &hints)]);
    let flood = answers(&response(Some(("example.com", 65)), &[record("@", 65, 60, &data)])).unwrap();
    assert_eq!(flood.answers.len(), MAX_RECORDS);
}

#[test]
fn a_long_chain_is_given_up() {
    let aliases: Vec<_> =
        (0..100).map(|n| record(&format!("n{n}.test"), 5, 60, &name(&format!("n{}.test", n + 1)))).collect();
    let address = record("n100.test", 1, 60, &[192, 0, 2, 1]);
    let read = answers(&response(Some(("n0.test", 1)), &[aliases, vec![address]].concat())).unwrap();
    assert_eq!(read.answers[0].address.to_string(), "192.0.2.1");
    assert!(read.answers[0].chain.len() <= MAX_CHAIN + 1);
    assert_ne!(read.answers[0].name, "n0.test");
}

proptest! {
    #[test]
    fn no_message_panics(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        keep in any::<prop::sample::Index>(),
    ) {
        let hints: &[(u16, &[u8])] = &[(4, &[192, 0, 2, 7]), (6, &V6)];
        let mut bytes = response(Some(("www.example.com", 65)), &[
            record("@", 5, 300, &name("cdn.@")),
            record("cdn.test", 65, 90, &service(1, ".", hints)),
            record("cdn.@", 1, 60, &[192, 0, 2, 1]),
            record("@", 46, 60, &[0; 40]),
        ]);
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        bytes.truncate(keep.index(bytes.len() + 1));
        if let Ok(read) = answers(&bytes) {
            prop_assert!(read.answers.len() <= MAX_RECORDS);
        }
    }

    #[test]
    fn no_noise_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = answers(&bytes);
    }
}
