//! Tests of following TCP.

mod diagram;

use super::*;
use Direction::{In, Out};
use TcpState::{
    CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, SynReceived, SynSent, TimeWait,
};

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;
const MS: u64 = 1_000_000;

fn segment(direction: Direction, flags: u8, sequence: u32, acknowledgment: u32) -> Segment {
    let tcp = Tcp { sequence, acknowledgment, flags: TcpFlags(flags) };
    Segment { tcp, direction, payload_len: 0, clock: 0, marked: None }
}

fn data(direction: Direction, sequence: u32, acknowledgment: u32, payload_len: u32) -> Segment {
    Segment { payload_len, ..segment(direction, ACK, sequence, acknowledgment) }
}

fn at(ms: u64, segment: Segment) -> Segment {
    Segment { clock: ms * MS, ..segment }
}

/// Follows all segments and gives what each changed.
fn follow(segments: &[Segment]) -> (Connection, Vec<Change>) {
    let mut connection = Connection::new(segments.first().unwrap());
    let changes = segments.iter().map(|segment| connection.segment(segment)).collect();
    (connection, changes)
}

fn retransmits(segments: &[Segment]) -> Vec<bool> {
    follow(segments).1.iter().map(|change| change.retransmit).collect()
}

/// What it shows, what came before, what comes, and the states that this leads to.
type Case<'a> = (&'a str, &'a [Segment], &'a [Segment], &'a [TcpState]);

/// Our initial sequence number is 100, the other end's 900.
#[test]
fn states_follow_figure_5() {
    let open = [segment(Out, SYN, 100, 0), segment(In, SYN | ACK, 900, 101), segment(Out, ACK, 101, 901)];
    let asked = [segment(In, SYN, 900, 0), segment(Out, SYN | ACK, 100, 901), segment(In, ACK, 901, 101)];
    #[rustfmt::skip]
    let cases: &[Case<'_>] = &[
        ("active open", &open, &[], &[SynSent, Established, Established]),
        ("passive open", &asked, &[], &[SynReceived, SynReceived, Established]),
        ("active close", &open,
            &[segment(Out, FIN | ACK, 101, 901), segment(In, ACK, 901, 102), segment(In, FIN | ACK, 901, 102), segment(Out, ACK, 102, 902)],
            &[FinWait1, FinWait2, TimeWait, TimeWait]),
        ("active close, one answer", &open,
            &[segment(Out, FIN | ACK, 101, 901), segment(In, FIN | ACK, 901, 102)],
            &[FinWait1, TimeWait]),
        ("passive close", &asked,
            &[segment(In, FIN | ACK, 901, 101), segment(Out, ACK, 101, 902), segment(Out, FIN | ACK, 101, 902), segment(In, ACK, 902, 102)],
            &[CloseWait, CloseWait, LastAck, Closed]),
        ("simultaneous close", &open,
            &[segment(Out, FIN | ACK, 101, 901), segment(In, FIN | ACK, 901, 101), segment(In, ACK, 902, 102)],
            &[FinWait1, Closing, TimeWait]),
        ("simultaneous open", &[],
            &[segment(Out, SYN, 100, 0), segment(In, SYN, 900, 0), segment(Out, SYN | ACK, 100, 901), segment(In, SYN | ACK, 900, 101)],
            &[SynSent, SynReceived, SynReceived, Established]),
        ("refused", &[], &[segment(Out, SYN, 100, 0), segment(In, RST | ACK, 0, 101)], &[SynSent, Closed]),
        ("reset", &open, &[segment(In, RST, 901, 0)], &[Closed]),
        ("half closed, data goes on", &open,
            &[segment(Out, FIN | ACK, 101, 901), segment(In, ACK, 901, 102), data(In, 901, 102, 50), data(In, 951, 102, 50)],
            &[FinWait1, FinWait2, FinWait2, FinWait2]),
        ("data before FIN is acknowledged", &open,
            &[segment(Out, FIN | ACK, 101, 901), segment(In, ACK, 901, 101)], &[FinWait1, FinWait1]),
        ("an answer to something older", &[],
            &[segment(Out, SYN, 100, 0), segment(In, ACK, 5000, 77), segment(Out, RST, 77, 0)],
            &[SynSent, SynSent, Closed]),
        ("our part of the handshake was missed", &[],
            &[segment(In, SYN, 900, 0), data(Out, 101, 901, 20)], &[SynReceived, Established]),
        ("the answer was missed", &[],
            &[segment(Out, SYN, 100, 0), segment(Out, ACK, 101, 901)], &[SynSent, Established]),
        ("first seen as the answer", &[], &[segment(In, SYN | ACK, 900, 101)], &[Established]),
        ("first seen as our answer", &[], &[segment(Out, SYN | ACK, 100, 901)], &[SynReceived]),
        ("first seen midway", &[], &[data(In, 5, 6, 7)], &[Established]),
        ("first seen at the end", &[], &[segment(In, FIN | ACK, 5, 6)], &[CloseWait]),
        ("first seen as a reset", &[], &[segment(In, RST, 5, 6)], &[Closed]),
    ];
    for (case, before, segments, expected) in cases {
        let all: Vec<Segment> = before.iter().chain(*segments).copied().collect();
        let mut connection = Connection::new(all.first().unwrap());
        let mut states = Vec::new();
        for segment in &all {
            let earlier = connection.state;
            let change = connection.segment(segment);
            assert_eq!(change.state, (connection.state != earlier).then_some(connection.state), "{case}");
            states.push(connection.state);
        }
        let skipped = if segments.is_empty() { 0 } else { before.len() };
        assert_eq!(states[skipped..], **expected, "{case}");
    }
}

#[test]
fn a_new_syn_begins_a_new_connection_only_after_the_old_one() {
    let (closed, _) = follow(&[segment(Out, SYN, 100, 0), segment(In, RST | ACK, 0, 101)]);
    assert!(closed.is_succeeded_by(&segment(Out, SYN, 100, 0)));
    assert!(!closed.is_succeeded_by(&segment(In, SYN | ACK, 100, 0)));
    assert!(!closed.is_succeeded_by(&segment(Out, ACK, 101, 0)));
    let (asking, _) = follow(&[segment(Out, SYN, 100, 0)]);
    assert!(!asking.is_succeeded_by(&segment(Out, SYN, 100, 0)), "sent again");
    assert!(asking.is_succeeded_by(&segment(Out, SYN, 555, 0)), "another attempt");
    assert!(!asking.is_succeeded_by(&segment(In, SYN, 900, 0)), "simultaneous open");
    let (open, _) = follow(&[data(Out, 1, 1, 1)]);
    assert!(!open.is_succeeded_by(&segment(In, SYN, 7, 0)), "an open connection answers with a challenge");
    assert!(!open.is_succeeded_by(&segment(In, SYN | ACK, 7, 8)), "a first answer that comes late");
    let (open, _) = follow(&[segment(Out, SYN, 100, 0), segment(In, SYN | ACK, 900, 101)]);
    assert!(!open.is_succeeded_by(&segment(In, SYN | ACK, 900, 101)), "sent again");
    assert!(open.is_succeeded_by(&segment(In, SYN | ACK, 901, 556)), "an answer to another");
}

#[test]
fn round_trips_are_measured_from_the_local_end() {
    let (_, changes) = follow(&[
        at(0, segment(Out, SYN, 100, 0)),
        at(20, segment(In, SYN | ACK, 900, 101)),
        at(21, segment(Out, ACK, 101, 901)),
        at(30, data(Out, 101, 901, 10)),
        at(31, data(Out, 111, 901, 10)),
        at(70, segment(In, ACK, 901, 121)),
        at(71, data(In, 901, 121, 50)),
        at(99, segment(Out, ACK, 121, 951)),
    ]);
    let measured: Vec<_> = changes.iter().map(|change| change.rtt_us).collect();
    // 20 ms, then 7/8 · 20 + 1/8 · 40 = 22.5 ms (RFC 6298 §2.3). Our own delay in answering is not one.
    assert_eq!(measured, [None, Some(20_000), None, None, None, Some(22_500), None, None]);

    let (_, changes) = follow(&[
        at(0, segment(In, SYN, 900, 0)),
        at(1, segment(Out, SYN | ACK, 100, 901)),
        at(31, segment(In, ACK, 901, 101)),
    ]);
    assert_eq!(changes[2].rtt_us, Some(30_000), "SYN-ACK to ACK where the other end opened");
}

#[test]
fn what_was_sent_twice_is_not_measured() {
    let (_, changes) = follow(&[
        at(0, segment(Out, SYN, 100, 0)),
        at(1000, segment(Out, SYN, 100, 0)),
        at(1020, segment(In, SYN | ACK, 900, 101)),
        at(1030, data(Out, 101, 901, 10)),
        at(1300, data(Out, 101, 901, 10)),
        at(1340, segment(In, ACK, 901, 111)),
        at(1400, data(Out, 111, 901, 10)),
        at(1410, segment(In, ACK, 901, 121)),
    ]);
    let measured: Vec<_> = changes.iter().filter_map(|change| change.rtt_us).collect();
    assert_eq!(measured, [10_000]);
    assert_eq!(changes.iter().filter(|change| change.retransmit).count(), 2);
    let (_, stale) = follow(&[at(0, data(Out, 1, 1, 1)), at(61_000, segment(In, ACK, 1, 2))]);
    assert_eq!(stale[1].rtt_us, None, "a minute is no round trip");
}

#[test]
fn repeated_bytes_are_retransmits() {
    #[rustfmt::skip]
    let cases: &[(&str, &[Segment], bool)] = &[
        ("the tail again", &[at(0, data(Out, 0, 0, 100)), at(1, data(Out, 0, 0, 100))], true),
        ("the middle, late", &[at(0, data(Out, 0, 0, 100)), at(0, data(Out, 200, 0, 100)), at(4, data(Out, 100, 0, 100))], true),
        ("the middle, overtaken", &[at(0, data(Out, 0, 0, 100)), at(0, data(Out, 200, 0, 100)), at(2, data(Out, 100, 0, 100))], false),
        ("received, late", &[at(0, data(In, 200, 0, 100)), at(9, data(In, 100, 0, 100))], true),
        ("acknowledged already", &[at(0, data(In, 0, 0, 100)), at(0, data(In, 100, 0, 100)), at(1, data(Out, 0, 200, 0)), at(1, data(In, 0, 0, 100))], true),
        ("a SYN", &[at(0, segment(Out, SYN, 9, 0)), at(1000, segment(Out, SYN, 9, 0))], true),
        ("a FIN", &[at(0, segment(Out, FIN | ACK, 9, 0)), at(1000, segment(Out, FIN | ACK, 9, 0))], true),
        ("a pure acknowledgement", &[at(0, data(Out, 9, 0, 9)), at(9, data(Out, 9, 0, 0))], false),
        ("partly new", &[at(0, data(Out, 0, 0, 100)), at(9, data(Out, 50, 0, 100))], false),
        ("over the wrap", &[at(0, data(Out, u32::MAX - 9, 0, 100)), at(9, data(Out, u32::MAX - 9, 0, 100))], true),
        ("new, over the wrap", &[at(0, data(Out, u32::MAX - 99, 0, 100)), at(9, data(Out, 0, 0, 100))], false),
        ("a keep-alive of nothing", &[at(0, data(Out, 0, 0, 9)), at(9, data(In, 0, 9, 0)), at(99, data(Out, 8, 0, 0))], false),
        ("a keep-alive of one byte", &[at(0, data(Out, 0, 0, 9)), at(9, data(In, 0, 9, 0)), at(99, data(Out, 8, 0, 1))], false),
        ("a keep-alive midway", &[at(0, data(In, 7, 9, 0)), at(1, data(Out, 9, 7, 0)), at(99, data(Out, 8, 7, 1))], false),
        ("one byte that got lost", &[at(0, data(Out, 0, 0, 9)), at(9, data(In, 0, 9, 0)), at(20, data(Out, 9, 0, 1)), at(220, data(Out, 9, 0, 1))], true),
        ("a zero-window probe", &[at(0, data(Out, 0, 0, 9)), at(9, data(In, 0, 9, 0)), at(20, data(Out, 9, 0, 1)), at(30, data(In, 0, 9, 0)), at(220, data(Out, 9, 0, 1))], false),
        ("far back: another stream", &[at(0, data(Out, 3_000_000_000, 0, 9)), at(9, data(Out, 1_000_000_000, 0, 9))], false),
    ];
    for (case, segments, expected) in cases {
        let found = retransmits(segments);
        let (last, earlier) = found.split_last().unwrap();
        assert_eq!(last, expected, "{case}");
        assert!(!earlier.contains(&true), "{case}: only the last one");
    }
}

#[test]
fn the_kernel_knows_its_own_retransmits() {
    let first = at(0, data(Out, 0, 0, 100));
    let marked = |marked, segment| Segment { marked: Some(marked), ..segment };
    assert_eq!(retransmits(&[first, marked(false, at(9, first))]), [false, false]);
    assert_eq!(retransmits(&[first, marked(true, at(9, first))]), [false, true]);
    let received = at(0, data(In, 0, 0, 100));
    assert_eq!(retransmits(&[received, marked(false, at(9, data(In, 0, 0, 100)))]), [false, true]);
}
