//! Tests of the decisions: good facts are ok, each bad one fails its own point and no other.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::*;
use crate::event::{
    Delta, Direction, Event, FlowId, FlowKey, InterfaceId, Owner, ProcessKey, Protocol, Statistics,
};
use crate::helper::findings::{Findings, Rights, Start, Trial};
use crate::self_check::host::{Host, Sockets};
use crate::self_check::tally::Tally;
use crate::time::Timestamp;

const ME: i32 = 4711;

/// Ten packets of this process, `right` of ten flows with its name on them.
fn tally(right: u64) -> Tally {
    let end = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
    let ends: BTreeSet<SocketAddr> = (1..=11).map(end).collect();
    let mut tally = Tally::default();
    for number in 1..=10_u16 {
        let flow = FlowId(number.into());
        let key = FlowKey {
            protocol: Protocol::TCP,
            local: end(number),
            remote: end(11),
            interface: InterfaceId(1),
        };
        let owner = (u64::from(number) <= right).then_some(Owner {
            process: ProcessKey { pid: ME, started: None },
            via: None,
            source: OwnerSource::KernelEvent,
        });
        let time = Timestamp::default();
        let opened = Event::FlowOpened { flow, time, key, opened: Some(Direction::Out), owner };
        let deltas = vec![Delta { tx_packets: 1, ..Delta::new(flow) }];
        tally.take(&[opened, Event::Deltas { time, deltas }], &ends);
    }
    let counts = Statistics { received: 1000, ..Statistics::default() };
    tally.take(&[Event::Statistics(counts)], &ends);
    tally
}

fn host() -> Host {
    Host {
        tray_is_seen: true,
        pid: ME,
        sockets: Sockets { asked: 2, found: 2, ..Sockets::default() },
        login_item: Some("off".to_owned()),
        tunnels: vec!["utun4 of Tailscale (7)".to_owned()],
        ..Host::default()
    }
}

fn linux() -> Measured {
    let rights = Rights {
        capabilities: Some([0, KEPT, KEPT, 0, 0]),
        no_new_privileges: Some(true),
        seccomp: Some(2),
        ..Rights::default()
    };
    let start = Start { is_root: true, is_effective_root: true, ..Start::default() };
    let findings = Findings {
        start,
        rights,
        link: 276,
        libpcap: "libpcap version 1.10.3".to_owned(),
        ..Findings::default()
    };
    let words = "the capture helper was ended by signal 31 (SIGSYS); start the capture again".to_owned();
    Measured {
        host: host(),
        method: Some(Method::Direct),
        findings: Some(findings),
        tally: tally(10),
        trespass: Trespass::Ended(words),
        ..Measured::default()
    }
}

fn mac() -> Measured {
    let start = Start {
        is_root: true,
        is_effective_root: true,
        in_top_folder: true,
        umask: 0o077,
        variables: vec!["PATH".to_owned(), "PWD".to_owned()],
        has_input: false,
    };
    let findings = Findings { start, link: 149, header_bytes: Some((156, 156)), ..Findings::default() };
    let refused = |what: &str| Trial { what: what.to_owned(), succeeded: false };
    Measured {
        host: host(),
        method: Some(Method::Osascript),
        findings: Some(findings),
        tally: tally(10),
        trespass: Trespass::Survived(vec![refused("read a file"), refused("become root")]),
        taps: [0, 1, 1],
        ..Measured::default()
    }
}

/// The names of the points that came out so.
fn named(system: System, measured: &Measured, outcome: Outcome) -> Vec<&'static str> {
    let points = decide_for(system, measured);
    points.iter().filter(|point| point.outcome == outcome).map(|point| point.name).collect()
}

#[test]
fn what_is_as_it_should_be_is_ok() {
    assert_eq!(named(System::Linux, &linux(), Outcome::Failed), [""; 0]);
    assert_eq!(named(System::Linux, &linux(), Outcome::Unknown), [""; 0]);
    assert_eq!(named(System::Mac, &mac(), Outcome::Failed), [""; 0]);
    let left_to_eyes = named(System::Mac, &mac(), Outcome::Unknown);
    assert!(left_to_eyes.contains(&"dialog") && left_to_eyes.contains(&"tray"), "{left_to_eyes:?}");
    assert!(!left_to_eyes.contains(&"whose the tunnels are"), "{left_to_eyes:?}");
    let mut without = mac();
    without.host.tunnels.clear();
    assert!(named(System::Mac, &without, Outcome::Unknown).contains(&"whose the tunnels are"));
}

/// A change to the facts, and the one point that it must fail.
type Fault = (&'static str, fn(&mut Measured));

#[test]
fn each_fault_fails_its_own_point() {
    #[rustfmt::skip]
    let faults: [Fault; 12] = [
        ("link type", |m| m.findings.as_mut().unwrap().link = 12),
        ("capabilities after the capture is open", |m| m.findings.as_mut().unwrap().rights.capabilities = Some([0, KEPT | 1, KEPT, 0, 0])),
        ("capabilities after the capture is open", |m| m.findings.as_mut().unwrap().rights.capabilities = Some([0, 0, 0, 0, 0])),
        ("no new privileges", |m| m.findings.as_mut().unwrap().rights.no_new_privileges = Some(false)),
        ("root given up", |m| m.findings.as_mut().unwrap().rights.is_root = true),
        ("root given up", |m| m.findings.as_mut().unwrap().rights.other_groups = 1),
        ("dropped by the kernel", |m| m.tally.dropped = 2),
        ("packets that cannot be read", |m| m.tally.unreadable = 11),
        ("sandbox holds", |m| m.trespass = Trespass::Survived(vec![Trial { what: "read a file".to_owned(), succeeded: true }])),
        ("own packets with the right owner", |m| m.tally = tally(7)),
        ("sockets seen", |m| m.host.sockets.found = 1),
        ("settings can be kept", |m| m.host.settings = Some("read-only".to_owned())),
    ];
    for (name, spoil) in faults {
        let mut measured = linux();
        spoil(&mut measured);
        assert_eq!(named(System::Linux, &measured, Outcome::Failed), [name]);
    }
    #[rustfmt::skip]
    let faults: [Fault; 6] = [
        ("link type", |m| m.findings.as_mut().unwrap().link = 12),
        ("length of PKTAP's header", |m| m.findings.as_mut().unwrap().header_bytes = Some((40, 156))),
        ("what root's shell gives the helper", |m| m.findings.as_mut().unwrap().start.variables.push("PERL5LIB".to_owned())),
        ("what root's shell gives the helper", |m| m.findings.as_mut().unwrap().start.umask = 0o022),
        ("PKTAP interfaces", |m| m.taps = [1, 2, 2]),
        ("root given up", |m| m.findings.as_mut().unwrap().rights.is_wheel = true),
    ];
    for (name, spoil) in faults {
        let mut measured = mac();
        spoil(&mut measured);
        assert_eq!(named(System::Mac, &measured, Outcome::Failed), [name]);
    }
}

#[test]
fn without_a_capture_one_point_fails_and_what_depends_on_it_is_unknown() {
    for system in [System::Linux, System::Mac] {
        let refused = Some("no right".to_owned());
        let measured = Measured { host: host(), refused, ..Measured::default() };
        assert_eq!(named(system, &measured, Outcome::Failed), ["capture opens"], "{system:?}");
        let unknown = named(system, &measured, Outcome::Unknown);
        for name in ["link type", "root given up", "sandbox holds", "own packets with the right owner"] {
            assert!(unknown.contains(&name), "{system:?}: {name}");
        }
    }
}

#[test]
fn a_refusal_of_kernel_events_is_said_in_the_systems_words() {
    let mut measured = linux();
    measured
        .tally
        .notes
        .push("short connections may stay without an app, because the system refused bpf".to_owned());
    assert_eq!(named(System::Linux, &measured, Outcome::Failed), ["kernel events"]);
}
