//! The whole way from a flow to its owner, with sockets of this process and of a child of it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use super::*;
use crate::event::{FlowKey, InterfaceId};

const START: Timestamp = Timestamp::new(1_000_000, 0);

fn wanted(
    flow: u64,
    protocol: Protocol,
    (local, remote): (SocketAddr, SocketAddr),
    opened: Direction,
) -> Wanted {
    // The loopback interface has index 1 in every namespace.
    let key = FlowKey { protocol, local, remote, interface: InterfaceId(1) };
    Wanted { flow: FlowId(flow), key, opened: Some(opened) }
}

/// Asks until nothing is due for a simulated two minutes, and returns all that was said.
fn answers(owners: &mut Owners, wanted: &[Wanted]) -> News {
    let mut news = News::default();
    owners.want(START, wanted, &mut news);
    while let Some(due) = owners.due().filter(|due| *due < START + Duration::from_mins(2)) {
        owners.tick(due, &mut news);
    }
    news
}

fn found(news: &News) -> Vec<(u64, i32, OwnerSource)> {
    news.owners.iter().map(|(flow, owner)| (flow.0, owner.process.pid, owner.source)).collect()
}

fn own_pid() -> i32 {
    i32::try_from(std::process::id()).unwrap()
}

#[test]
fn both_ends_of_a_connection_are_found() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let listener = TcpListener::bind(address).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let ends = (client.local_addr().unwrap(), client.peer_addr().unwrap());
        let mut owners = Owners::open().unwrap();
        let flows = [
            wanted(1, Protocol::TCP, ends, Direction::Out),
            wanted(2, Protocol::TCP, (ends.1, ends.0), Direction::In),
        ];
        let mut news = News::default();
        owners.want(START, &flows, &mut news);
        let pid = own_pid();
        assert_eq!(found(&news), [(1, pid, OwnerSource::SocketTable), (2, pid, OwnerSource::Listener)]);
        assert_eq!((news.processes.len(), owners.waiting()), (1, 1));
        let (server, _) = listener.accept().unwrap();
        owners.tick(START + Duration::from_millis(5), &mut news);
        assert_eq!(found(&news).pop(), Some((2, pid, OwnerSource::SocketTable)), "accepted: a better owner");
        assert_eq!((owners.waiting(), owners.due()), (0, None));
        drop((client, server));
    }
}

#[test]
fn connections_that_are_gone_have_no_owner_but_who_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let ends = (client.local_addr().unwrap(), client.peer_addr().unwrap());
    let (mut server, _) = listener.accept().unwrap();
    drop(client);
    assert_eq!(server.read(&mut [0]).unwrap(), 0);
    drop(server);
    let mut owners = Owners::open().unwrap();
    let flows = [
        wanted(1, Protocol::TCP, ends, Direction::Out),
        wanted(2, Protocol::TCP, (ends.1, ends.0), Direction::In),
    ];
    assert_eq!(found(&answers(&mut owners, &flows)), [(2, own_pid(), OwnerSource::Listener)]);
    assert_eq!(owners.waiting(), 0);
}

#[test]
fn datagram_sockets_are_found_connected_or_not() {
    let bound = UdpSocket::bind("0.0.0.0:0").unwrap();
    let port = bound.local_addr().unwrap().port();
    let connected = UdpSocket::bind("127.0.0.1:0").unwrap();
    connected.connect(("127.0.0.1", port)).unwrap();
    let ends = (connected.local_addr().unwrap(), connected.peer_addr().unwrap());
    let flows = [
        wanted(1, Protocol::UDP, ends, Direction::Out),
        wanted(2, Protocol::UDP, (ends.1, ends.0), Direction::In),
    ];
    let news = answers(&mut Owners::open().unwrap(), &flows);
    let pid = own_pid();
    assert_eq!(found(&news), [(1, pid, OwnerSource::SocketTable), (2, pid, OwnerSource::SocketTable)]);
}

#[test]
fn what_nobody_has_is_asked_for_ever_more_seldom_until_it_is_forgotten() {
    let unused = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut owners = Owners::open().unwrap();
    let flow = wanted(1, Protocol::UDP, (unused, unused), Direction::Out);
    let news = answers(&mut owners, &[flow]);
    assert_eq!((news, owners.waiting()), (News::default(), 1));
    owners.forget(FlowId(1));
    assert_eq!((owners.waiting(), owners.due()), (0, None));
    // A ping from outside is answered by the kernel, whoever has a raw socket.
    answers(&mut owners, &[wanted(2, Protocol::ICMP, (unused, unused), Direction::In)]);
    assert_eq!(owners.waiting(), 0);
}

#[test]
fn an_inherited_socket_belongs_to_its_maker_until_only_the_child_has_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let ends = (client.local_addr().unwrap(), client.peer_addr().unwrap());
    let copy = OwnedFd::from(client.try_clone().unwrap());
    let script = "echo ready; read line";
    let mut child = Command::new("/bin/sh");
    child.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(copy);
    let mut child = {
        let spawned = child.spawn().unwrap();
        drop(child); // with it goes this process's copy of the descriptor
        spawned
    };
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let flow = wanted(1, Protocol::TCP, ends, Direction::Out);
    let mut owners = Owners::open().unwrap();
    assert_eq!(found(&answers(&mut owners, &[flow])), [(1, own_pid(), OwnerSource::SocketTable)]);
    drop(client);
    let news = answers(&mut owners, &[flow]);
    let pid = i32::try_from(child.id()).unwrap();
    assert_eq!(found(&news), [(1, pid, OwnerSource::SocketTable)]);

    drop(child.stdin.take());
    child.wait().unwrap();
    let mut news = News::default();
    for round in 0..8 {
        owners.tick(START + Duration::from_mins(10) + CHECK_PAUSE * round, &mut news);
    }
    assert_eq!(news.exited.iter().map(|process| process.pid).collect::<Vec<_>>(), [pid]);
}
