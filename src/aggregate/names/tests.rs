//! Who learned what when, which name a connection gets, and how names are made safe.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use super::*;

const CURL: ProcessKey = ProcessKey { pid: 1, started: None };
const WGET: ProcessKey = ProcessKey { pid: 2, started: None };

fn at(secs: u64) -> Timestamp {
    Timestamp::new(secs, 0)
}

fn address(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

fn lesson(asker: Option<ProcessKey>, name: &str, secs: u64) -> Lesson<'_> {
    Lesson { flow: FlowId(9), asker, name, address: address(1), ttl: 60, time: at(secs), multicast: false }
}

fn asked(names: &Names, process: Option<ProcessKey>, secs: u64) -> Option<(String, HostSource, Timestamp)> {
    let question = Question { process, address: address(1), opened: at(secs) };
    names.look_up(&question).map(|host| (host.name.to_string(), host.source, host.learned))
}

fn taught(lessons: &[Lesson<'_>]) -> Names {
    let mut names = Names::default();
    for lesson in lessons {
        assert!(names.learn(lesson));
    }
    names
}

#[test]
fn the_own_answer_beats_another_one_and_that_a_multicast_one() {
    let multicast = Lesson { multicast: true, ..lesson(None, "printer.local", 30) };
    let names =
        taught(&[lesson(Some(CURL), "a.example", 10), lesson(Some(WGET), "b.example", 20), multicast]);
    let got = |process| asked(&names, process, 40).unwrap();
    assert_eq!(got(Some(CURL)), ("a.example".into(), HostSource::Dns, at(10)));
    assert_eq!(got(Some(WGET)), ("b.example".into(), HostSource::Dns, at(20)));
    assert_eq!(got(None), ("b.example".into(), HostSource::DnsOther, at(20)));
    let names = taught(&[Lesson { multicast: true, ..lesson(Some(CURL), "printer.local", 30) }]);
    assert_eq!(asked(&names, Some(CURL), 40).unwrap().1, HostSource::Mdns);
}

#[test]
fn the_newest_answer_before_the_connection_counts() {
    let names = taught(&[
        lesson(Some(CURL), "old.example", 10),
        lesson(Some(CURL), "new.example", 20),
        lesson(Some(CURL), "next.example", 31),
    ]);
    let name = |secs| asked(&names, Some(CURL), secs).map(|host| host.0);
    assert_eq!(name(30).as_deref(), Some("new.example"), "one that came just after loses to one before");
    assert_eq!(name(31).as_deref(), Some("next.example"));
    assert_eq!(name(15).as_deref(), Some("old.example"));
    assert_eq!(name(8).as_deref(), Some("old.example"), "the answer was reported 2 s late");
    assert_eq!(name(7), None, "3 s is too late");
}

#[test]
fn an_answer_asked_again_is_as_new_as_the_last_time_before_the_connection() {
    let names = taught(&[
        lesson(Some(CURL), "a.example", 10),
        lesson(Some(CURL), "b.example", 20),
        lesson(Some(CURL), "a.example", 30),
    ]);
    let name = |secs| asked(&names, Some(CURL), secs).map(|host| host.0);
    assert_eq!(name(25).as_deref(), Some("b.example"));
    assert_eq!(name(40).as_deref(), Some("a.example"));
}

#[test]
fn names_hold_for_ten_minutes_or_their_time_to_live() {
    let names = taught(&[lesson(None, "a.example", 1_000)]);
    assert!(asked(&names, None, 1_600).is_some());
    assert!(asked(&names, None, 1_601).is_none());
    let mut names = taught(&[Lesson { ttl: 3_600, ..lesson(None, "a.example", 1_000) }]);
    assert!(asked(&names, None, 4_600).is_some());
    assert!(asked(&names, None, 4_601).is_none());
    names.learn(&lesson(None, "a.example", 9_000));
    assert!(asked(&names, None, 5_000).is_none(), "between the two it was good for nothing");
    assert!(asked(&names, None, 9_100).is_some());
}

#[test]
fn an_asker_may_become_known_later() {
    let mut names = taught(&[lesson(None, "a.example", 10)]);
    assert_eq!(asked(&names, Some(CURL), 11).unwrap().1, HostSource::DnsOther);
    assert_eq!(names.asked_by(FlowId(8), CURL), [] as [IpAddr; 0]);
    assert_eq!(names.asked_by(FlowId(9), CURL), [address(1)]);
    assert_eq!(asked(&names, Some(CURL), 11).unwrap().1, HostSource::Dns);
    assert_eq!(asked(&names, Some(WGET), 11).unwrap().1, HostSource::DnsOther);
}

#[test]
fn mapped_addresses_are_the_same() {
    let names =
        taught(&[Lesson { address: "::ffff:192.0.2.1".parse().unwrap(), ..lesson(None, "a.example", 10) }]);
    assert!(asked(&names, None, 11).is_some());
}

#[test]
fn memory_is_bounded() {
    let mut names = Names::default();
    let many = u32::try_from(MAX_NAMES).unwrap() + 100;
    for number in 0..many {
        let name = format!("h{number}.example");
        let address = IpAddr::from(number.to_be_bytes());
        names.learn(&Lesson { address, ..lesson(None, &name, 10) });
    }
    assert_eq!((names.count, names.answers.len()), (MAX_NAMES, MAX_NAMES));
    assert!(names.is_full());
    let known = |number: u32| {
        let question =
            Question { process: None, address: IpAddr::from(number.to_be_bytes()), opened: at(11) };
        names.look_up(&question).is_some()
    };
    assert!(!known(99) && known(100) && known(many - 1));

    let mut names = Names::default();
    for number in 0..3 * MAX_NAMES {
        names.learn(&lesson(None, &format!("h{number}.example"), 10));
    }
    assert_eq!(names.count, MAX_NAMES_PER_ADDRESS);
    assert!(names.order.len() <= 2 * FEW + 1, "traces of names that are gone take little room");
    assert!(!names.is_full(), "nothing else had to go");
    assert_eq!(names.unasked[&FlowId(9)].len(), 1);
}

#[test]
fn host_names_are_safe_to_show() {
    let long = "a".repeat(253);
    #[rustfmt::skip]
    let cases = [
        ("WWW.Example.COM.", Some("www.example.com")), ("a\u{202e}moc.elgoog", Some("amoc.elgoog")),
        ("a\x1b[31m.example\r\n", Some("a[31m.example")), ("b\u{fc}cher.example", Some("b\u{fc}cher.example")),
        ("a b.example", Some("ab.example")), (".", None), ("", None), ("\u{200b}\u{feff}", None),
        (&*long, Some(&*long)),
    ];
    for (name, shown) in cases {
        assert_eq!(host_name(name).as_deref(), shown, "{name:?}");
    }
    assert_eq!(host_name(&"a".repeat(254)), None);
}

#[test]
fn registrable_domains() {
    #[rustfmt::skip]
    let cases = [
        ("www.example.com", "example.com"), ("example.com", "example.com"), ("a.b.example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"), ("com", "com"), ("localhost", "localhost"), ("printer.local", "printer.local"),
        ("me.github.io", "me.github.io"), ("x.me.github.io", "me.github.io"),
        ("www.xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"), ("a.食狮.公司.cn", "食狮.公司.cn"),
        ("192.0.2.1", "192.0.2.1"),
    ];
    for (host, domain) in cases {
        assert_eq!(&*registrable(&host.into()), domain, "{host}");
    }
}

/// A DNS message: header, one question, and answers of (record name, type, data).
pub(in crate::aggregate) fn message(
    flags: u16,
    asked: Option<&str>,
    records: &[(&str, u16, &[u8])],
) -> Vec<u8> {
    let name = |text: &str| {
        let labels = text
            .split('.')
            .flat_map(|label| [&[u8::try_from(label.len()).unwrap()], label.as_bytes()].concat());
        labels.chain([0]).collect::<Vec<u8>>()
    };
    let count = |number: usize| u16::try_from(number).unwrap().to_be_bytes();
    let mut bytes =
        [[0, 7], flags.to_be_bytes(), count(asked.iter().count()), count(records.len()), [0; 2], [0; 2]]
            .concat();
    if let Some(asked) = asked {
        bytes.extend(name(asked));
        bytes.extend([0, 1, 0, 1]);
    }
    for (owner, kind, data) in records {
        bytes.extend(name(owner));
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0, 1, 0, 0, 0, 60]);
        bytes.extend(count(data.len()));
        bytes.extend(*data);
    }
    bytes
}

#[test]
fn an_answer_belongs_to_the_name_that_was_asked_for() {
    let alias: &[u8] = &[3, b'c', b'd', b'n', 0];
    let bytes = message(
        0x8180,
        Some("www.example.com"),
        &[
            ("www.example.com", 5, alias),
            ("cdn", 1, &[192, 0, 2, 7]),
            ("cdn", 28, &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]),
        ],
    );
    let records = read_answers(&bytes);
    let plain: Vec<_> = records
        .iter()
        .map(|(name, address, ttl)| (name.trim_end_matches('.'), address.to_string(), *ttl))
        .collect();
    assert_eq!(
        plain,
        [("www.example.com", "192.0.2.7".to_owned(), 60), ("www.example.com", "2001:db8::7".to_owned(), 60),]
    );
    let query = message(0x0100, Some("www.example.com"), &[]);
    assert_eq!(read_answers(&query), []);
    assert_eq!(read_answers(b"no DNS"), []);
}

#[test]
fn only_name_services_are_read_and_only_receivers_have_asked() {
    let reply = message(0x8180, Some("a.example"), &[("a.example", 1, &[192, 0, 2, 1])]);
    let datagram = |local: &str, remote: &str, direction| Datagram {
        flow: FlowId(1),
        owner: Some(CURL),
        local: local.parse().unwrap(),
        remote: remote.parse().unwrap(),
        direction,
        time: at(10),
        bytes: &reply,
    };
    #[rustfmt::skip]
    let cases = [
        (datagram("127.0.0.1:4000", "127.0.0.53:53", Direction::In), Some(HostSource::Dns)),
        (datagram("127.0.0.53:53", "127.0.0.1:4000", Direction::Out), Some(HostSource::DnsOther)),
        (datagram("10.0.0.2:5353", "10.0.0.9:5353", Direction::In), Some(HostSource::Mdns)),
        (datagram("10.0.0.2:4000", "10.0.0.9:5355", Direction::In), Some(HostSource::Mdns)),
        (datagram("10.0.0.2:4000", "10.0.0.9:443", Direction::In), None),
    ];
    for (datagram, source) in cases {
        let mut names = Names::default();
        let learned = learn_from_datagram(&mut names, &datagram, read_answers);
        assert_eq!(learned.len(), usize::from(source.is_some()), "{datagram:?}");
        assert_eq!(asked(&names, Some(CURL), 11).map(|host| host.1), source, "{datagram:?}");
    }
}
