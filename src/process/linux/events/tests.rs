//! The programs in the real kernel, where it takes them, told of by real sockets of this process and of others.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::print_stdout, reason = "who runs the tests is told what was not checked")]

use std::ffi::OsStr;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Stdio};

use super::*;

/// Kernel events, where this system and user have them.
fn open() -> Option<KernelEvents> {
    KernelEvents::open().map_err(|refused| println!("not checked: {refused}")).ok()
}

/// The reports so far on the sockets of this process.
fn own(events: &mut KernelEvents) -> Vec<Report> {
    let pid = i32::try_from(std::process::id()).unwrap();
    std::iter::from_fn(|| events.next()).filter(|report| report.pid == pid).collect()
}

fn of(address: SocketAddr) -> End {
    super::super::sockets::end(address)
}

#[test]
fn a_connection_is_told_of_once_and_with_its_two_ends() {
    let Some(mut events) = open() else { return };
    // The last one is an IPv6 socket that speaks IPv4.
    for (at, to) in [("127.0.0.1:0", ""), ("[::1]:0", ""), ("127.0.0.1:0", "[::ffff:127.0.0.1]")] {
        let server = TcpListener::bind(at).unwrap();
        let mut address = server.local_addr().unwrap();
        if !to.is_empty() {
            address = format!("{to}:{}", address.port()).parse().unwrap();
        }
        let client = TcpStream::connect(address).unwrap();
        let ends = (of(client.local_addr().unwrap()), of(client.peer_addr().unwrap()));
        drop(client);
        let reports = own(&mut events);
        let told: Vec<_> = reports.iter().filter(|report| (report.local, report.remote) == ends).collect();
        assert_eq!(told.len(), 1, "{address}: {reports:?}");
        assert_eq!(told.first().unwrap().protocol, Protocol::TCP);
    }
}

#[test]
fn a_refused_connection_is_told_of_too() {
    let Some(mut events) = open() else { return };
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(TcpStream::connect(free).is_err());
    assert!(own(&mut events).iter().any(|report| report.remote == of(free)));
}

#[test]
fn the_first_datagram_of_a_socket_is_told_of() {
    let Some(mut events) = open() else { return };
    for (at, to) in [("127.0.0.1:0", "127.0.0.1:9"), ("[::1]:0", "[::1]:9"), ("0.0.0.0:0", "127.0.0.1:9")] {
        let to: SocketAddr = to.parse().unwrap();
        for is_connected in [false, true] {
            let socket = UdpSocket::bind(at).unwrap();
            let mut ends = (of(socket.local_addr().unwrap()), None);
            if is_connected {
                socket.connect(to).unwrap();
                ends = (of(socket.local_addr().unwrap()), Some(of(to)));
            }
            for _ in 0..3 {
                // Nobody listens; the refusal comes with a later call.
                let _ = socket.send_to(b"x", to).or_else(|_| socket.send(b"x"));
            }
            let reports = own(&mut events);
            let told: Vec<_> = reports.iter().filter(|report| report.local == ends.0).collect();
            assert_eq!(told.len(), 1, "{at}: {reports:?}");
            let report = told.first().unwrap();
            assert_eq!(report.protocol, Protocol::UDP);
            let remote = (report.remote.1 != 0).then_some(report.remote);
            assert_eq!(remote, ends.1, "{at}");
        }
    }
}

const ROLE: &str = "CROW_EVENTS_ROLE";

#[test]
fn other_network_namespaces_are_not_listened_to() {
    if std::env::var_os(ROLE).is_some() {
        // Without this, a namespace of its own leads nowhere; in the usual one it changes nothing.
        Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(b"x", "127.0.0.1:9").unwrap();
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        TcpStream::connect(server.local_addr().unwrap()).unwrap();
        return;
    }
    let Some(mut events) = open() else { return };
    let own = std::env::current_exe().unwrap();
    let mut told = |wrap: &[&str]| {
        let words = wrap.iter().map(OsStr::new).chain([own.as_os_str()]);
        let mut child = Command::new("env")
            .args(words)
            .args(["--exact", "process::linux::events::tests::other_network_namespaces_are_not_listened_to"])
            .env(ROLE, "inside")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        assert!(child.wait().unwrap().success());
        let pid = i32::try_from(child.id()).unwrap();
        std::iter::from_fn(|| events.next()).filter(|report| report.pid == pid).count()
    };
    // Both wrappers become the program that they start, so that its pid is the child's.
    assert_eq!(told(&[]), 2);
    assert_eq!(told(&["unshare", "--net"]), 0);
}

#[test]
fn more_than_the_ring_holds_is_lost_and_nothing_else() {
    let Some(mut events) = open() else { return };
    let rounds = 2 * RING_BYTES / (RECORD_BYTES + 8);
    for _ in 0..rounds {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(b"x", "127.0.0.1:9").unwrap();
    }
    let kept = own(&mut events).len();
    assert!((rounds / 4..rounds).contains(&kept), "{kept} of {rounds}");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(b"x", "127.0.0.1:9").unwrap();
    let local = of(socket.local_addr().unwrap());
    assert!(own(&mut events).iter().any(|report| report.local == local), "reading makes room");
}

#[test]
fn a_record_is_read_as_it_is_laid_out() {
    let mut record = [0_u8; RECORD_BYTES];
    let mut put = |at: usize, bytes: &[u8]| {
        record.iter_mut().skip(at).zip(bytes).for_each(|(place, byte)| *place = *byte);
    };
    put(0, &((77_u64 << 32) + 78).to_ne_bytes());
    put(8, b"curl\0rubbish");
    put(24, &[10, 0, 0, 1]);
    put(40, &[192, 0, 2, 7]);
    put(56, &libc::AF_INET.to_ne_bytes());
    put(60, &6_u32.to_ne_bytes());
    put(64, &50_000_u32.to_ne_bytes());
    put(68, &u32::from(443_u16.to_be()).to_ne_bytes());
    let report = parse(&record).unwrap();
    let expected = Report {
        pid: 77,
        comm: "curl".to_owned(),
        protocol: Protocol::TCP,
        local: ([10, 0, 0, 1].into(), 50_000),
        remote: ([192, 0, 2, 7].into(), 443),
    };
    assert_eq!(report, expected);
    // A thread of the kernel has pid 0, and is nobody.
    record.iter_mut().take(8).for_each(|byte| *byte = 0);
    assert_eq!(parse(&record), None);
}
