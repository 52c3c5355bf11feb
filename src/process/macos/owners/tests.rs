//! Tests of the owners, with a Mac that says what the test tells it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io;

use super::*;
use crate::event::InterfaceId;
use crate::process::macos::pcblist::Tcp;
use crate::process::macos::{Facts, Place};

/// A Mac with these sockets, which counts how often it is asked.
#[derive(Debug, Default)]
pub(crate) struct Fake {
    pub(crate) tcp: Vec<Socket>,
    pub(crate) udp: Vec<Socket>,
    pub(crate) readings: usize,
    /// Processes that are gone.
    pub(crate) gone: Vec<i32>,
    /// Ends that were not asked for yet.
    pub(crate) ends: Vec<i32>,
    pub(crate) followed: Vec<i32>,
    /// The second at which every process has started.
    pub(crate) started: u64,
    pub(crate) places: Vec<Place>,
}

impl System for Fake {
    fn sockets(&mut self, protocol: Protocol) -> io::Result<Vec<Socket>> {
        if protocol == Protocol::TCP {
            self.readings += 1;
            return Ok(self.tcp.clone());
        }
        Ok(self.udp.clone())
    }

    fn facts(&mut self, pid: i32) -> Option<Facts> {
        let path = Some(format!("/Applications/App {pid}.app/Contents/MacOS/app-{pid}"));
        let (command, started) = (format!("app-{pid}"), Some(Timestamp::new(self.started, 0)));
        let facts = Facts { path, command, uid: 501, parent: 1, started, app_name: None };
        (pid < 1000 && !self.gone.contains(&pid)).then_some(facts)
    }

    fn follow(&mut self, pid: i32) {
        self.followed.push(pid);
    }

    fn ended(&mut self, out: &mut Vec<i32>) {
        out.append(&mut self.ends);
    }

    fn places(&mut self) -> io::Result<Vec<Place>> {
        Ok(self.places.clone())
    }

    fn user(&self) -> u32 {
        501
    }
}

pub(crate) fn socket(local: &str, remote: &str, pids: Pids) -> Socket {
    Socket {
        id: 0,
        local: local.parse().unwrap(),
        remote: remote.parse().unwrap(),
        is_dual: false,
        flow_id: 0,
        uid: 501,
        pid: pids.0,
        effective_pid: pids.1,
        rx_bytes: 0,
        tx_bytes: 0,
        rx_packets: 0,
        tx_packets: 0,
        tcp: Some(Tcp { state: None, is_listening: false, rtt_us: 0 }),
    }
}

fn wanted(flow: u64, protocol: Protocol, local: &str, remote: &str) -> Wanted {
    let (local, remote) = (local.parse().unwrap(), remote.parse().unwrap());
    let key = FlowKey { protocol, local, remote, interface: InterfaceId(1) };
    Wanted { flow: FlowId(flow), key, opened: None }
}

/// `(owner, via, source)` of the first flow found.
fn found(owners: &mut Owners<Fake>, wanted: Wanted) -> Option<(i32, Option<i32>, OwnerSource)> {
    let mut news = News::default();
    owners.want(Timestamp::new(100, 0), &[wanted], &mut news);
    let (_, owner) = news.owners.first()?;
    Some((owner.process.pid, owner.via.map(|via| via.pid), owner.source))
}

#[test]
fn a_socket_names_its_flows_owner() {
    use OwnerSource::{Listener, SocketTable};
    let system = || {
        let dual = Socket { is_dual: true, ..socket("[::]:8080", "[::]:0", (20, -1)) };
        Fake {
            tcp: vec![
                socket("10.0.0.2:50000", "1.1.1.1:443", (7, -1)),
                socket("10.0.0.2:50001", "1.1.1.1:443", (7, 9)),
                socket("10.0.0.2:50002", "1.1.1.1:443", (0, -1)),
                socket("[fe80::1]:50003", "[fe80::2]:445", (8, 8)),
                socket("127.0.0.1:80", "0.0.0.0:0", (21, -1)),
                socket("0.0.0.0:80", "0.0.0.0:0", (22, -1)),
                socket("[::]:22", "[::]:0", (23, -1)),
                socket("0.0.0.0:90", "0.0.0.0:0", (24, -1)),
                socket("0.0.0.0:90", "0.0.0.0:0", (25, -1)),
                dual,
            ],
            udp: vec![
                socket("0.0.0.0:5353", "0.0.0.0:0", (30, -1)),
                socket("10.0.0.2:6000", "0.0.0.0:0", (31, 32)),
            ],
            ..Fake::default()
        }
    };
    let (tcp, udp) = (Protocol::TCP, Protocol::UDP);
    #[rustfmt::skip]
    let cases = [
        ("its own", tcp, "10.0.0.2:50000", "1.1.1.1:443", Some((7, None, SocketTable))),
        ("on behalf of another", tcp, "10.0.0.2:50001", "1.1.1.1:443", Some((9, Some(7), SocketTable))),
        ("the kernel's is nobody's", tcp, "10.0.0.2:50002", "1.1.1.1:443", None),
        ("written otherwise", tcp, "[::ffff:10.0.0.2]:50000", "[::ffff:1.1.1.1]:443", Some((7, None, SocketTable))),
        ("with a scope", tcp, "[fe80::1%4]:50003", "[fe80::2]:445", Some((8, None, SocketTable))),
        ("another remote port", tcp, "10.0.0.2:50000", "1.1.1.1:444", None),
        ("the other protocol", udp, "10.0.0.2:50000", "1.1.1.1:443", None),
        ("a listener at this address", tcp, "127.0.0.1:80", "127.0.0.1:4", Some((21, None, Listener))),
        ("a listener at any", tcp, "10.0.0.2:80", "1.1.1.1:4", Some((22, None, Listener))),
        ("a listener of the other family", tcp, "10.0.0.2:22", "1.1.1.1:4", None),
        ("a listener for both", tcp, "10.0.0.2:8080", "1.1.1.1:4", Some((20, None, Listener))),
        ("two listeners", tcp, "10.0.0.2:90", "1.1.1.1:4", None),
        ("UDP, bound", udp, "10.0.0.2:5353", "224.0.0.251:5353", Some((30, None, SocketTable))),
        ("UDP, on behalf", udp, "10.0.0.2:6000", "9.9.9.9:53", Some((32, Some(31), SocketTable))),
        ("no ports", Protocol::ICMP, "10.0.0.2:0", "1.1.1.1:0", None),
    ];
    for (case, protocol, local, remote, expected) in cases {
        let mut owners = Owners::new(system());
        assert_eq!(found(&mut owners, wanted(1, protocol, local, remote)), expected, "{case}");
        let is_settled =
            expected.is_some_and(|(_, _, source)| source == SocketTable) || !protocol.has_ports();
        assert_eq!(owners.due().is_none(), is_settled, "{case}");
    }
    let out = Wanted { opened: Some(Direction::Out), ..wanted(1, tcp, "10.0.0.2:80", "1.1.1.1:4") };
    assert_eq!(found(&mut Owners::new(system()), out), None, "who connects is not the one who listens");
}

#[test]
fn the_list_is_read_at_most_once_a_second_and_only_while_something_is_wanted() {
    let mut owners = Owners::new(Fake::default());
    let mut news = News::default();
    let at = |millis: u64| Timestamp::new(100, 0) + Duration::from_millis(millis);
    for millis in (0..5_000).step_by(50) {
        owners.tick(at(millis), &mut news);
    }
    assert_eq!(owners.system().readings, 0, "nothing is wanted");
    for millis in (5_000..10_000).step_by(50) {
        let flow = wanted(millis, Protocol::TCP, "10.0.0.2:50000", "1.1.1.1:443");
        owners.want(at(millis), &[flow], &mut news);
        owners.tick(at(millis), &mut news);
    }
    assert_eq!(owners.system().readings, 5, "five seconds");
    assert!(news.owners.is_empty());
    owners.system().tcp.push(socket("10.0.0.2:50000", "1.1.1.1:443", (7, -1)));
    for millis in (10_000..40_000).step_by(50) {
        owners.tick(at(millis), &mut news);
    }
    assert_eq!(news.owners.len(), 100, "each is found once, late though it be");
    assert_eq!(news.processes.len(), 1, "its process is named once");
    assert_eq!(owners.due(), None);
    let before = owners.system().readings;
    owners.tick(at(60_000), &mut news);
    assert_eq!(owners.system().readings, before);
}

#[test]
fn a_listener_is_replaced_by_the_flows_own_socket() {
    let mut owners =
        Owners::new(Fake { tcp: vec![socket("0.0.0.0:80", "0.0.0.0:0", (21, -1))], ..Fake::default() });
    let flow = wanted(1, Protocol::TCP, "10.0.0.2:80", "1.1.1.1:4");
    assert_eq!(found(&mut owners, flow), Some((21, None, OwnerSource::Listener)));
    owners.system().tcp.push(socket("10.0.0.2:80", "1.1.1.1:4", (22, -1)));
    let mut news = News::default();
    for second in 101..110 {
        owners.tick(Timestamp::new(second, 0), &mut news);
    }
    let pids: Vec<i32> = news.owners.iter().map(|(_, owner)| owner.process.pid).collect();
    assert_eq!(pids, [22]);
}
