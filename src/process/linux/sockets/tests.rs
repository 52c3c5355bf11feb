//! Replies as bytes, and questions put to the running kernel.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;

use super::*;

const HERE: End = (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2)), 50_000);
const THERE: End = (IpAddr::V4(Ipv4Addr::new(1, 1, 1, 1)), 443);

/// A reply's message about a socket between [`HERE`] and [`THERE`].
fn socket_message(sequence: u32, inode: u32, mapped: bool) -> Vec<u8> {
    let address = |ip: IpAddr| match ip {
        IpAddr::V4(v4) if mapped => v4.to_ipv6_mapped().octets().to_vec(),
        IpAddr::V4(v4) => [v4.octets().to_vec(), vec![0; 12]].concat(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    };
    let body = [
        vec![if mapped { 10 } else { 2 }, 1, 0, 0],
        HERE.1.to_be_bytes().to_vec(),
        THERE.1.to_be_bytes().to_vec(),
        address(HERE.0),
        address(THERE.0),
        vec![0; 4 + 8 + 4 + 4 + 4],
        1000_u32.to_ne_bytes().to_vec(),
        inode.to_ne_bytes().to_vec(),
    ];
    envelope(SOCK_DIAG_BY_FAMILY, sequence, &body.concat())
}

fn envelope(kind: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(HEADER + body.len()).unwrap();
    let mut bytes = [len.to_ne_bytes().to_vec(), kind.to_ne_bytes().to_vec(), vec![0, 0]].concat();
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend([0; 4]);
    bytes.extend(body);
    bytes
}

fn read(bytes: &[u8], all: bool) -> (Walk, Vec<SocketEntry>) {
    let mut found = Vec::new();
    let walk = walk(bytes, 7, all, &mut |body| found.extend(entry(body)));
    (walk, found)
}

#[test]
fn replies() {
    let entry = SocketEntry { state: 1, local: HERE, remote: THERE, inode: 99 };
    let message = || socket_message(7, 99, false);
    let foreign = || socket_message(6, 1, false);
    let done = || envelope(NLMSG_DONE, 7, &[0; 4]);
    #[rustfmt::skip]
    let cases = [
        ("one", message(), false, (Walk::Done, vec![entry])),
        ("one of many", message(), true, (Walk::More, vec![entry])),
        ("IPv4 in IPv6", socket_message(7, 99, true), false, (Walk::Done, vec![entry])),
        ("two and the end", [message(), message(), done()].concat(), true, (Walk::Done, vec![entry, entry])),
        ("an old answer first", [foreign(), message()].concat(), false, (Walk::Done, vec![entry])),
        ("only an old answer", foreign(), false, (Walk::More, vec![])),
        ("not found", envelope(NLMSG_ERROR, 7, &(-2_i32).to_ne_bytes()), false, (Walk::Failed(ENOENT), vec![])),
        ("an acknowledgement", envelope(NLMSG_ERROR, 7, &[0; 4]), false, (Walk::Done, vec![])),
        ("an error cut short", envelope(NLMSG_ERROR, 7, &[1]), false, (Walk::Done, vec![])),
        ("too short a socket", envelope(SOCK_DIAG_BY_FAMILY, 7, &[2; 71]), false, (Walk::Done, vec![])),
        ("a family of its own", envelope(SOCK_DIAG_BY_FAMILY, 7, &[9; 72]), false, (Walk::Done, vec![])),
        ("a length of zero", vec![0; 64], true, (Walk::More, vec![])),
        ("nothing", vec![], true, (Walk::More, vec![])),
    ];
    for (case, bytes, all, expected) in cases {
        assert_eq!(read(&bytes, all), expected, "{case}");
    }
}

#[test]
fn a_cut_reply_gives_no_socket() {
    let whole = socket_message(7, 99, false);
    for len in 0..whole.len() {
        assert_eq!(read(&whole[..len], false), (Walk::More, vec![]), "{len} bytes");
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(0_u8.., 0..300), at in 0_usize..100, byte: u8) {
        read(&bytes, true);
        let mut reply = [socket_message(7, 99, true), envelope(NLMSG_DONE, 7, &[0; 4])].concat();
        if let Some(place) = reply.get_mut(at) {
            *place = byte;
        }
        read(&reply, true);
    }
}

#[test]
fn the_most_specific_bound_sockets_are_meant() {
    let v4 = |last| IpAddr::V4(Ipv4Addr::new(10, 0, 0, last));
    let any4 = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let any6 = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    let bound = |address, port, inode| SocketEntry {
        state: LISTEN,
        local: (address, port),
        remote: (any4, 0),
        inode,
    };
    let all = [
        bound(v4(2), 80, 1),
        bound(any4, 80, 2),
        bound(any6, 80, 3),
        bound(any6, 81, 4),
        bound(any4, 82, 5),
        bound(any4, 82, 6),
        bound(any4, 83, 0),
    ];
    #[rustfmt::skip]
    let cases: [(End, &[u32]); 7] = [
        ((v4(2), 80), &[1]), ((v4(3), 80), &[2]), ((IpAddr::V6(Ipv6Addr::LOCALHOST), 80), &[3]), ((v4(3), 81), &[4]),
        ((v4(3), 82), &[5, 6]), ((v4(3), 83), &[]), ((IpAddr::V6(Ipv6Addr::LOCALHOST), 82), &[]),
    ];
    for (local, expected) in cases {
        assert_eq!(most_specific(&all, local), expected, "{local:?}");
    }
}

/// The inode of an open socket, as its own process sees it.
fn inode(socket: impl AsFd) -> u32 {
    let fd = std::os::fd::AsRawFd::as_raw_fd(&socket.as_fd());
    let link = std::fs::read_link(format!("/proc/self/fd/{fd}")).unwrap();
    super::super::holders::socket_inode(&link).unwrap()
}

#[test]
fn the_kernel_finds_exact_sockets() {
    let mut diag = SockDiag::open().unwrap();
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let listener = TcpListener::bind(address).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (local, remote) = (end(client.local_addr().unwrap()), end(client.peer_addr().unwrap()));
        let found = diag.find(Protocol::TCP, (local, remote), 1).unwrap().unwrap();
        assert_eq!((found.local, found.remote, found.inode), (local, remote, inode(&client)));
        let waiting = diag.find(Protocol::TCP, (remote, local), 1).unwrap().unwrap();
        assert_eq!((waiting.inode, waiting.is_orphan()), (0, false), "not accepted yet");
        let (server, _) = listener.accept().unwrap();
        assert_eq!(diag.find(Protocol::TCP, (remote, local), 0).unwrap().unwrap().inode, inode(&server));
        let other = diag.find(Protocol::TCP, (remote, (local.0, 1)), 0).unwrap().unwrap();
        assert_eq!((other.state, other.inode), (LISTEN, inode(&listener)));
        assert_eq!(diag.find(Protocol::TCP, ((local.0, 1), (local.0, 2)), 0).unwrap(), None);

        let mut all = Vec::new();
        diag.dump(Protocol::TCP, CONNECTED, &mut all).unwrap();
        assert!(all.iter().any(|entry| entry.inode == inode(&server)));
        assert!(all.iter().all(|entry| entry.state != LISTEN));
    }
}

#[test]
fn the_kernel_finds_datagram_sockets() {
    let mut diag = SockDiag::open().unwrap();
    let connected = UdpSocket::bind("127.0.0.1:0").unwrap();
    let bound = UdpSocket::bind("[::]:0").unwrap();
    let here = |socket: &UdpSocket| (IpAddr::V4(Ipv4Addr::LOCALHOST), socket.local_addr().unwrap().port());
    connected.connect(here(&bound)).unwrap();
    let found = diag.find(Protocol::UDP, (here(&connected), here(&bound)), 1).unwrap().unwrap();
    assert_eq!((found.remote, found.inode), (here(&bound), inode(&connected)));
    let found = diag.find(Protocol::UDP, (here(&bound), here(&connected)), 1).unwrap().unwrap();
    assert_eq!((found.remote.1, found.inode), (0, inode(&bound)), "an IPv6 socket that takes IPv4");
    assert_eq!(diag.find(Protocol::UDP, ((THERE.0, 1), HERE), 1).unwrap(), None);
}
