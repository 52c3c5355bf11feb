//! The census of the running kernel, on connections that the test itself makes.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};

use super::*;
use crate::event::TcpState;

fn counted(reading: &Reading, local: SocketAddr, remote: SocketAddr) -> Option<Counted> {
    reading.sockets.iter().find(|socket| socket.local == local && socket.remote == remote).copied()
}

#[test]
fn a_connections_bytes_are_counted_to_the_byte_and_its_holder_is_named() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let mut census = SocketCensus::open().unwrap();
    client.write_all(&vec![1; 30_000]).unwrap();
    let mut buffer = vec![0; 30_000];
    server.read_exact(&mut buffer).unwrap();
    server.write_all(&[2; 700]).unwrap();
    client.read_exact(buffer.get_mut(..700).unwrap()).unwrap();

    let (here, there) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
    let reading = census.take(Timestamp::new(100, 0)).unwrap();
    let one = counted(&reading, here, there).unwrap();
    let other = counted(&reading, there, here).unwrap();
    assert_eq!((one.counts.tx_bytes, one.counts.rx_bytes), (30_000, 700));
    assert_eq!((other.counts.tx_bytes, other.counts.rx_bytes), (700, 30_000));
    assert!(one.counts.tx_packets > 0 && one.counts.rx_packets > 0 && one.rtt_us.is_some(), "{one:?}");
    assert_eq!((one.state, one.is_listening), (Some(TcpState::Established), false));
    let pid = i32::try_from(std::process::id()).unwrap();
    assert_eq!(one.owner.map(|owner| owner.process.pid), Some(pid));
    assert_eq!(other.owner, one.owner);
    assert!(
        reading.processes.iter().any(|process| Some(process.key) == one.owner.map(|owner| owner.process))
    );
    assert!(reading.sockets.iter().any(|socket| socket.is_listening && socket.local == there));
    assert_ne!(one.id, other.id);

    let again = census.take(Timestamp::new(101, 0)).unwrap();
    assert_eq!(counted(&again, here, there), Some(one), "nothing moved, and it is the same socket");
    drop((client, server));
    // The last goodbyes may take a moment; what nobody holds any longer is then not listed.
    while counted(&census.take(Timestamp::new(102, 0)).unwrap(), here, there).is_some() {
        std::thread::yield_now();
    }
}

#[test]
fn sockets_of_udp_are_listed_without_counts() {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let other = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.connect(other.local_addr().unwrap()).unwrap();
    socket.send(&[0; 100]).unwrap();
    let reading = SocketCensus::open().unwrap().take(Timestamp::new(100, 0)).unwrap();
    let found = counted(&reading, socket.local_addr().unwrap(), other.local_addr().unwrap()).unwrap();
    assert_eq!((found.counts, found.state, found.rtt_us), (Counts::default(), None, None));
    assert!(found.owner.is_some());
}
