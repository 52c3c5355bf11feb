//! Tests of the list of sockets, on records made by hand after the headers' layouts.

#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use proptest::prelude::*;

use super::*;

/// A record of `len` bytes with these fields, padded to the next multiple of 8.
fn record(len: usize, kind: u32, fields: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; len.next_multiple_of(8)];
    bytes[..4].copy_from_slice(&u32::try_from(len).unwrap_or(0).to_le_bytes());
    bytes[4..8].copy_from_slice(&kind.to_le_bytes());
    for (at, field) in fields {
        bytes[*at..at + field.len()].copy_from_slice(field);
    }
    bytes
}

fn bound() -> Vec<u8> {
    record(24, 2, &[])
}

const V4: ([u8; 16], [u8; 16]) = (
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2],
    [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 93, 184, 216, 34],
);

fn inpcb(version: u8, (local, remote): ([u8; 16], [u8; 16])) -> Vec<u8> {
    let (port, service) = (50_000_u16.to_be_bytes(), 443_u16.to_be_bytes());
    record(
        104,
        0x10,
        &[
            (16, &service),
            (18, &port),
            (28, &[1, 2, 0, 0, 0, 0, 0, 3]),
            (44, &[version]),
            (48, &remote),
            (64, &local),
            (96, &[7, 0, 0, 1]),
        ],
    )
}

fn socket(pid: i32, effective: i32) -> Vec<u8> {
    record(104, 1, &[(64, &501_u32.to_le_bytes()), (68, &pid.to_le_bytes()), (72, &effective.to_le_bytes())])
}

fn stats() -> Vec<u8> {
    let fields: Vec<(usize, [u8; 8])> = (0..4_u8)
        .flat_map(|class| (0..4_u8).map(move |field| (class, field)))
        .map(|(class, field)| {
            (
                8 + usize::from(class) * 32 + usize::from(field) * 8,
                (10_u64.pow(u32::from(class)) * (u64::from(field) + 1)).to_le_bytes(),
            )
        })
        .collect();
    let fields: Vec<(usize, &[u8])> = fields.iter().map(|(at, bytes)| (*at, bytes.as_slice())).collect();
    record(136, 8, &fields)
}

fn tcpcb(state: i32, srtt: i32) -> Vec<u8> {
    // 204 bytes: the next record begins at 208.
    record(204, 0x20, &[(36, &state.to_le_bytes()), (136, &srtt.to_le_bytes())])
}

/// One TCP connection as the kernel lists it: 616 bytes.
fn connection() -> Vec<u8> {
    [inpcb(1, V4), socket(77, -1), record(32, 2, &[]), record(32, 4, &[]), stats(), tcpcb(4, 400)].concat()
}

fn list(sockets: &[Vec<u8>]) -> Vec<u8> {
    [bound(), sockets.concat(), bound()].concat()
}

#[test]
fn a_connection_is_read_whole() {
    assert_eq!(connection().len(), 616, "as the kernel's own listing");
    let read = read(&list(&[connection()]));
    let expected = Socket {
        id: 0x0300_0000_0000_0201,
        local: ([10, 0, 0, 2], 50_000).into(),
        remote: ([93, 184, 216, 34], 443).into(),
        is_dual: false,
        flow_id: 0x0100_0007,
        uid: 501,
        pid: 77,
        effective_pid: -1,
        rx_bytes: 2 * 1111,
        tx_bytes: 4 * 1111,
        rx_packets: 1111,
        tx_packets: 3 * 1111,
        tcp: Some(Tcp { state: Some(TcpState::Established), is_listening: false, rtt_us: 12_500 }),
    };
    assert_eq!(read, List { sockets: vec![expected], is_whole: true });
}

#[test]
fn addresses_are_read_by_version() {
    let v6 = |text: &str| text.parse::<Ipv6Addr>().unwrap_or(Ipv6Addr::UNSPECIFIED).octets();
    #[rustfmt::skip]
    let cases = [
        ("IPv6", 2, (v6("2001:db8::1"), v6("2001:db8::2")), Some(("[2001:db8::1]:50000", "[2001:db8::2]:443"))),
        ("the scope inside is taken out", 2, (v6("fe80:4::1"), v6("fe80:4:0:0:1:2:3:4")), Some(("[fe80::1]:50000", "[fe80::1:2:3:4]:443"))),
        ("no scope in other addresses", 2, (v6("2001:4::1"), v6("ff02:4::1")), Some(("[2001:4::1]:50000", "[ff02:4::1]:443"))),
        ("mapped", 2, (v6("::ffff:10.0.0.2"), v6("::ffff:1.2.3.4")), Some(("10.0.0.2:50000", "1.2.3.4:443"))),
        ("both, bound to any", 3, (v6("::"), v6("::")), Some(("[::]:50000", "[::]:443"))),
        ("neither", 0, V4, None),
    ];
    for (case, version, ends, expected) in cases {
        let read = read(&list(&[inpcb(version, ends)]));
        let found = read.sockets.first().map(|socket| (socket.local.to_string(), socket.remote.to_string()));
        assert_eq!(found, expected.map(|(local, remote)| (local.to_owned(), remote.to_owned())), "{case}");
        assert!(read.is_whole, "{case}");
        assert_eq!(read.sockets.first().is_some_and(|socket| socket.is_dual), version == 3, "{case}");
    }
}

#[test]
fn states_and_round_trips_are_those_of_the_headers() {
    use TcpState::{
        CloseWait, Closing, Established, FinWait1, FinWait2, LastAck, SynReceived, SynSent, TimeWait,
    };
    #[rustfmt::skip]
    let states = [None, None, Some(SynSent), Some(SynReceived), Some(Established), Some(CloseWait), Some(FinWait1),
                  Some(Closing), Some(LastAck), Some(FinWait2), Some(TimeWait), None];
    for (number, state) in (0..).zip(states) {
        let read = read(&list(&[[inpcb(1, V4), tcpcb(number, 0)].concat()]));
        assert_eq!(
            read.sockets[0].tcp,
            Some(Tcp { state, is_listening: number == 1, rtt_us: 0 }),
            "{number}"
        );
    }
    for (srtt, expected) in [(32, 1_000), (1, 31), (-1, 0), (i32::MIN, 0), (i32::MAX, 67_108_863_968_u64)] {
        let read = read(&list(&[[inpcb(1, V4), tcpcb(4, srtt)].concat()]));
        let expected = u32::try_from(expected).unwrap_or(u32::MAX);
        assert_eq!(read.sockets[0].tcp.map(|tcp| tcp.rtt_us), Some(expected), "{srtt}");
    }
}

#[test]
fn what_is_unknown_is_passed_by_and_belongs_to_nobody() {
    let sockets = list(&[
        socket(1, 1),
        connection(),
        record(40, 0x4000, &[(8, &[0xff; 32])]),
        inpcb(1, V4),
        record(26, 1, &[]),
        record(30, 0x10, &[]),
        socket(9, 9),
    ]);
    let read = read(&sockets);
    assert!(read.is_whole);
    let pids: Vec<i32> = read.sockets.iter().map(|socket| socket.pid).collect();
    assert_eq!(
        pids,
        [77, 0],
        "a record too short says nothing, and after a broken socket nobody is credited"
    );
}

#[test]
fn lengths_that_lie_end_the_list_there() {
    for lie in [0_u32, 1, 7, 8, 23, 700, 4096, u32::MAX, u32::MAX - 6] {
        let mut bytes = list(&[connection(), connection()]);
        let second = 24 + 616;
        bytes[second..second + 4].copy_from_slice(&lie.to_le_bytes());
        let read = read(&bytes);
        assert_eq!((read.sockets.len(), read.is_whole), (1, false), "{lie}");
    }
    for len in 0..list(&[connection()]).len() {
        assert!(!read(&list(&[connection()])[..len]).is_whole, "{len} bytes");
    }
    assert_eq!(read(&[bound(), bound()].concat()), List { sockets: Vec::new(), is_whole: true });
}

proptest! {
    #[test]
    fn no_bytes_panic_and_none_are_read_twice(
        changes in proptest::collection::vec((0_usize..1280, any::<u8>()), 0..24),
        cut in 0_usize..1280,
    ) {
        let mut bytes = list(&[connection(), connection()]);
        for (at, value) in changes {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        bytes.truncate(bytes.len().min(cut));
        // A socket takes at least one record longer than the list's end.
        prop_assert!(read(&bytes).sockets.len() <= bytes.len() / XINPGEN_LEN);
    }

    #[test]
    fn noise_is_no_list(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(read(&bytes).sockets.len() <= bytes.len() / XINPGEN_LEN);
    }
}
