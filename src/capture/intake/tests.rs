//! Tests of the intake.

use super::*;
use crate::event::Direction;

fn ms(ms: u64) -> Timestamp {
    Timestamp::new(1_000_000, 0) + Duration::from_millis(ms)
}

fn frame(time: Timestamp) -> Frame<'static> {
    Frame {
        time,
        interface: InterfaceId(0),
        link: LinkType::PKTAP,
        wire_len: 0,
        bytes: &[],
        direction: None,
        tag: None,
    }
}

fn header(interface: &str, interface_type: u16) -> pktap::Header<'_> {
    pktap::Header {
        len: 156,
        link: LinkType::ETHERNET,
        link_len: 14,
        interface,
        interface_type,
        direction: Some(Direction::Out),
        pid: 7,
        name: "nsurlsessiond",
        effective_pid: 9,
        effective_name: "Mail",
        flags: 0x2 | 0x4000 | 0x8000 | 0x1_0000 | 0x8_0000,
        flow_id: 0,
    }
}

/// Feeds frames at the given times as the reader of a recording does, and gives the times of the ticks.
fn ticks(times: &[Timestamp]) -> Vec<Timestamp> {
    let mut intake = Intake::new(MeterOptions::default());
    let (mut ticks, mut out) = (Vec::new(), Vec::new());
    for &time in times {
        let mut before = 0;
        while let Some(now) = intake.due(time) {
            intake.tick(now, &mut out);
            ticks.push(now);
            before += 1;
            assert!(before <= 2, "at most two ticks before a frame");
        }
        intake.frame(&frame(time));
    }
    ticks
}

#[test]
fn a_recording_is_cut_at_aligned_ticks() {
    assert_eq!(ticks(&[ms(10), ms(20), ms(49)]), []);
    assert_eq!(ticks(&[ms(10), ms(50), ms(99), ms(100)]), [ms(50), ms(100)]);
    assert_eq!(ticks(&[ms(10), ms(320)]), [ms(50)], "the tick ends where it ends, not at the next frame");
    assert_eq!(ticks(&[ms(10), ms(5020)]), [ms(50), ms(5000)], "and after a silence there is one more");
}

#[test]
fn time_may_step_back_and_leap_ahead() {
    let years = ms(0) + Duration::from_hours(20 * 365 * 24);
    assert_eq!(ticks(&[ms(2000), ms(1990), ms(2010)]), [], "overtaken packets are no step");
    assert_eq!(ticks(&[ms(9000), ms(10), ms(60)]), [ms(9050), ms(50)]);
    let there = start_of_tick(years);
    assert_eq!(ticks(&[ms(10), years, ms(20), ms(70)]), [ms(50), there, there + TICK, ms(50)]);
    let end = Timestamp::from_nanos(u64::MAX);
    let back = ticks(&[ms(10), end, end, ms(10)]);
    assert_eq!(back.first(), Some(&ms(50)));
}

#[test]
fn frames_that_cannot_be_read_are_counted() {
    let mut intake = Intake::new(MeterOptions::default());
    intake.frame(&frame(ms(1)));
    let mut out = Vec::new();
    intake.finish(&mut out);
    let [Event::Statistics(counts)] = &out[..] else { panic!("only statistics, not {out:?}") };
    assert_eq!((counts.received, counts.unreadable, counts.not_ip), (1, 1, 0));
}

#[test]
fn interfaces_are_known_by_type_and_name() {
    use InterfaceKind::{Loopback, Physical, Stacked, Tunnel};
    #[rustfmt::skip]
    let cases = [
        ("en0", 6, Physical), ("lo0", 0x18, Loopback), ("utun4", 1, Tunnel), ("ipsec0", 1, Tunnel), ("ppp0", 0x17, Tunnel),
        ("bridge100", 0xd1, Stacked), ("vlan0", 0x87, Stacked), ("pdp_ip0", 0xff, Physical), ("anything", 1, Physical),
    ];
    for (name, number, expected) in cases {
        assert_eq!(kind(&header(name, number)), expected, "{name}");
    }
}

#[test]
fn each_named_interface_is_announced_once() {
    let mut intake = Intake::new(MeterOptions::default());
    let ids: Vec<_> = ["en0", "lo0", "en0", ""].map(|name| intake.by_name(&header(name, 6))).into();
    assert_eq!(ids[0], ids[2]);
    assert_ne!(ids[0], ids[1]);
    assert_eq!(ids[3], None);
    let mut out = Vec::new();
    intake.tick(ms(0), &mut out);
    let names: Vec<_> = out
        .iter()
        .filter_map(|event| match event {
            Event::InterfaceUp(interface) => Some(&*interface.name),
            _ => None,
        })
        .collect();
    assert_eq!(names, ["en0", "lo0"]);
}

#[test]
fn a_header_s_owner_and_marks_become_a_tag() {
    let tag = tag(&header("en0", 6));
    assert_eq!((tag.pid, tag.name, tag.effective_pid, tag.effective_name), (7, "nsurlsessiond", 9, "Mail"));
    assert_eq!(tag.marks.0, Marks::NEW_FLOW.0 | Marks::RETRANSMIT.0 | Marks::KEEP_ALIVE.0);
}

#[test]
fn an_index_in_a_recording_is_no_interface_of_the_file() {
    let packet = Packet { loopback: true, ..crate::capture::meter::tests::udp("10.0.0.2:1", "10.0.0.9:2") };
    let interface = |name: &str| Interface {
        id: InterfaceId(1),
        name: name.to_owned(),
        kind: InterfaceKind::Physical,
        uppers: Vec::new(),
    };
    let mut recording = Intake::new(MeterOptions::default());
    recording.interface_up(interface("any"));
    assert_ne!(recording.indexed(1, &packet), InterfaceId(1));
    let mut out = Vec::new();
    recording.tick(ms(0), &mut out);
    assert!(out.iter().any(|event| matches!(event, Event::InterfaceUp(it) if it.name == "#1" && it.kind == InterfaceKind::Loopback)));

    let mut live = Intake::live(MeterOptions::default());
    live.interface_up(interface("eth0"));
    assert_eq!(live.indexed(1, &packet), InterfaceId(1));
    out.clear();
    live.tick(ms(0), &mut out);
    assert_eq!(out.iter().filter(|event| matches!(event, Event::InterfaceUp(_))).count(), 1);
}

/// An Ethernet frame with a packet of UDP to port 443 in GRE in IPv4.
const IN_GRE: &[u8] = &[
    2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, // Ethernet
    0x45, 0, 0, 54, 0, 0, 0, 0, 64, 47, 0, 0, 10, 0, 0, 2, 192, 0, 2, 1, // IP
    0, 0, 8, 0, // GRE
    0x45, 0, 0, 30, 0, 0, 0, 0, 64, 17, 0, 0, 10, 8, 0, 2, 93, 184, 216, 34, // IP
    0xc3, 0x50, 0x01, 0xbb, 0, 10, 0, 0, b'h', b'i', // UDP
];

#[test]
fn a_recording_s_tunnels_are_entered_unless_the_machine_shows_their_insides() {
    let cable = Interface {
        id: InterfaceId(0),
        name: "en0".to_owned(),
        kind: InterfaceKind::Physical,
        uppers: Vec::new(),
    };
    let tunnel = Interface {
        id: InterfaceId(1),
        name: "gif0".to_owned(),
        kind: InterfaceKind::Tunnel,
        ..cable.clone()
    };
    let options = MeterOptions::default;
    for (mut intake, others, expected) in [
        (Intake::new(options()), None, &[("en0", 54), ("GRE", 30)][..]),
        (Intake::new(options()), Some(tunnel), &[("en0", 54)]),
        (Intake::live(options()), None, &[("en0", 54)]),
    ] {
        intake.interface_up(cable.clone());
        if let Some(interface) = others {
            intake.interface_up(interface);
        }
        let wire_len = u32::try_from(IN_GRE.len()).unwrap_or(0);
        intake.frame(&Frame { link: LinkType::ETHERNET, wire_len, bytes: IN_GRE, ..frame(ms(1)) });
        let mut out = Vec::new();
        intake.finish(&mut out);
        let (mut names, mut flows, mut counted) = (HashMap::new(), HashMap::new(), Vec::new());
        for event in &out {
            match event {
                Event::InterfaceUp(interface) => drop(names.insert(interface.id, &*interface.name)),
                Event::FlowOpened { flow, key, .. } => drop(flows.insert(*flow, key.interface)),
                Event::Deltas { deltas, .. } => {
                    counted.extend(deltas.iter().map(|it| (names[&flows[&it.flow]], it.tx_bytes)));
                }
                _ => {}
            }
        }
        assert_eq!(counted, expected);
    }
}
