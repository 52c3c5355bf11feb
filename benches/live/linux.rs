//! The loads themselves, with the system calls that make them cheap: the tools need the processor.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::greetings;

/// What a load is to do.
pub(crate) struct Plan {
    pub(crate) address: Ipv4Addr,
    /// Packets, connections or visits a second; for `long` the number of connections.
    pub(crate) rate: u32,
    pub(crate) seconds: u32,
}

const LONG_PORT: u16 = 7000;
const SHORT_PORT: u16 = 7100;
const TLS_PORT: u16 = 443;
const QUIC_PORT: u16 = 443;
const DNS_PORT: u16 = 53;
const UDP_PORT: u16 = 7200;

const REQUEST: usize = 120;
const REPLY: usize = 480;
/// … of a visit in the mix.
const PAGE: usize = 20_000;

/// Answers on every port that the loads use, until it is ended.
pub(crate) fn serve(address: Ipv4Addr) {
    let unread = UdpSocket::bind((address, UDP_PORT)).unwrap();
    for group in 0..48 {
        let listener = TcpListener::bind((address, LONG_PORT + group)).unwrap();
        thread::spawn(move || answer_many(&listener));
    }
    for group in 0..8 {
        let listener = TcpListener::bind((address, SHORT_PORT + group)).unwrap();
        thread::spawn(move || answer_one_by_one(&listener, REPLY));
    }
    let pages = TcpListener::bind((address, TLS_PORT)).unwrap();
    thread::spawn(move || answer_one_by_one(&pages, PAGE));
    let names = UdpSocket::bind((address, DNS_PORT)).unwrap();
    thread::spawn(move || {
        answer_datagrams(&names, |question| vec![greetings::dns_answer(question, address.octets())]);
    });
    let quic = UdpSocket::bind((address, QUIC_PORT)).unwrap();
    thread::spawn(move || answer_datagrams(&quic, |_| vec![vec![0x41; 1200]; 8]));
    println!("ready");
    thread::park();
    drop(unread);
}

/// Keeps every connection and answers each request on it.
fn answer_many(listener: &TcpListener) {
    listener.set_nonblocking(true).unwrap();
    let (mut streams, mut buffer) = (Vec::<TcpStream>::new(), [0; REQUEST * 8]);
    loop {
        let mut ready = wait(listener, &streams);
        if ready.remove(0) {
            while let Ok((stream, _)) = listener.accept() {
                stream.set_nonblocking(true).unwrap();
                streams.push(stream);
                ready.push(false);
            }
        }
        let mut ready = ready.into_iter();
        streams.retain_mut(|stream| {
            if !ready.next().unwrap_or(false) {
                return true;
            }
            match stream.read(&mut buffer) {
                Ok(0) => false,
                Ok(count) => stream.write_all(&[b'r'; REPLY * 8][..count / REQUEST * REPLY]).is_ok(),
                Err(err) => err.kind() == ErrorKind::WouldBlock,
            }
        });
    }
}

/// Which of these have something to read.
fn wait(listener: &TcpListener, streams: &[TcpStream]) -> Vec<bool> {
    use std::os::fd::AsFd;
    let all = std::iter::once(listener.as_fd()).chain(streams.iter().map(AsFd::as_fd));
    let mut fds: Vec<PollFd<'_>> = all.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
    poll(&mut fds, PollTimeout::NONE).unwrap();
    fds.iter().map(|fd| fd.any().unwrap_or(false)).collect()
}

/// Takes one request from each connection, answers it, and waits for the other end to close.
fn answer_one_by_one(listener: &TcpListener, reply: usize) {
    let (mut buffer, reply) = ([0; 2048], vec![b'r'; reply]);
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { continue };
        if stream.read(&mut buffer).is_ok_and(|count| count > 0) {
            let _ = stream.write_all(&reply);
        }
        let _ = stream.read(&mut buffer);
    }
}

fn answer_datagrams(socket: &UdpSocket, answer: impl Fn(&[u8]) -> Vec<Vec<u8>>) {
    let mut buffer = [0; 2048];
    while let Ok((count, from)) = socket.recv_from(&mut buffer) {
        for datagram in answer(&buffer[..count]) {
            let _ = socket.send_to(&datagram, from);
        }
    }
}

/// Keeps a pace without drift: what one round came too late the next ones make good.
struct Pace {
    began: Instant,
    rate: u32,
    seconds: u32,
    done: u64,
}

impl Pace {
    fn new(rate: u32, seconds: u32) -> Self {
        Self { began: Instant::now(), rate, seconds, done: 0 }
    }

    /// How many are due now, at most `max`; waits until there is one. `None` when the time is up.
    fn due(&mut self, max: u64) -> Option<u64> {
        let all = u64::from(self.rate) * u64::from(self.seconds);
        loop {
            if self.done >= all {
                return None;
            }
            let due = self.began.elapsed().as_micros() * u128::from(self.rate) / 1_000_000;
            let due = u64::try_from(due).unwrap();
            if due > self.done {
                let now = (due.min(all) - self.done).min(max);
                self.done += now;
                return Some(now);
            }
            thread::sleep(Duration::from_micros(500));
        }
    }
}

/// Small datagrams to a socket that nobody reads, 64 bytes each.
pub(crate) fn datagrams(plan: &Plan) {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    socket.connect((plan.address, UDP_PORT)).unwrap();
    let mut pace = Pace::new(plan.rate, plan.seconds);
    let mut sent = 0;
    while let Some(count) = pace.due(256) {
        sent += (0..count).filter(|_| socket.send(&[b'u'; 64]).is_ok()).count() as u64;
    }
    report(sent * (64 + 28), 1);
}

/// Runs copies of this program under names of their own, `crowload00` and so on, and waits for them.
pub(crate) fn in_copies(plan: &Plan, kind: &str, copies: u32) {
    let program = std::env::current_exe().unwrap();
    let folder = std::env::temp_dir().join(format!("crow-load-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let children: Vec<_> = (0..copies)
        .map(|copy| {
            let name = folder.join(format!("crowload{copy:02}"));
            std::fs::copy(&program, &name).unwrap();
            let share = plan.rate / copies + u32::from(copy < plan.rate % copies);
            let words =
                [plan.address.to_string(), copy.to_string(), share.to_string(), plan.seconds.to_string()];
            Command::new(name).arg(kind).args(words).stdin(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Connections that live as long as the load, with a request each half second.
pub(crate) fn long_connections(address: Ipv4Addr, group: u16, connections: u32, seconds: u32) {
    let mut streams: Vec<TcpStream> =
        (0..connections).map(|_| TcpStream::connect((address, LONG_PORT + group)).unwrap()).collect();
    let mut buffer = [0; REPLY];
    let (mut pace, mut bytes) = (Pace::new(2, seconds), 0);
    while pace.due(1).is_some() {
        for stream in &mut streams {
            stream.write_all(&[b'q'; REQUEST]).unwrap();
        }
        for stream in &mut streams {
            stream.read_exact(&mut buffer).unwrap();
            bytes += (REQUEST + REPLY) as u64;
        }
    }
    report(bytes, connections);
}

/// Connections that are there and say nothing after their first request.
pub(crate) fn silent_connections(plan: &Plan) {
    let mut buffer = [0; REPLY];
    let streams: Vec<TcpStream> = (0..plan.rate)
        .map(|_| {
            let mut stream = TcpStream::connect((plan.address, LONG_PORT)).unwrap();
            stream.write_all(&[b'q'; REQUEST]).unwrap();
            stream.read_exact(&mut buffer).unwrap();
            stream
        })
        .collect();
    thread::sleep(Duration::from_secs(plan.seconds.into()));
    report(streams.len() as u64 * (REQUEST + REPLY) as u64, plan.rate);
}

/// Connections of one request each.
pub(crate) fn short_connections(address: Ipv4Addr, group: u16, rate: u32, seconds: u32) {
    let mut buffer = [0; REPLY];
    let (mut pace, mut bytes, mut done) = (Pace::new(rate, seconds), 0, 0);
    while let Some(count) = pace.due(64) {
        for _ in 0..count {
            let mut stream = TcpStream::connect((address, SHORT_PORT + group)).unwrap();
            stream.write_all(&[b'q'; REQUEST]).unwrap();
            stream.read_exact(&mut buffer).unwrap();
            stream.shutdown(Shutdown::Both).unwrap();
            bytes += (REQUEST + REPLY) as u64;
            done += 1;
        }
    }
    report(bytes, done);
}

/// Visits as a browser makes them: a name is asked for, then a page comes over TLS or over QUIC.
pub(crate) fn visits(plan: &Plan) {
    let (mut buffer, mut reply) = ([0; 2048], vec![0; PAGE]);
    let (mut pace, mut bytes, mut done) = (Pace::new(plan.rate, plan.seconds), 0, 0);
    let hosts: Vec<String> = (0..500).map(|host| format!("host{host}.site{}.test", host % 50)).collect();
    let asker = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    asker.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    asker.connect((plan.address, DNS_PORT)).unwrap();
    while let Some(count) = pace.due(16) {
        for _ in 0..count {
            let host = &hosts[done as usize % hosts.len()];
            let question = greetings::dns_question(host, u16::try_from(done % 65_536).unwrap());
            asker.send(&question).unwrap();
            bytes += question.len() as u64 + asker.recv(&mut buffer).unwrap_or(0) as u64;
            if done % 4 == 3 {
                let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
                socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
                socket.connect((plan.address, QUIC_PORT)).unwrap();
                let id = (u64::from(done) | 0x4000_0000_0000_0000).to_be_bytes();
                socket.send(&greetings::quic_greeting(host, id)).unwrap();
                bytes += 1200;
                for _ in 0..8 {
                    bytes += socket.recv(&mut buffer).unwrap_or(0) as u64;
                }
            } else {
                let mut stream = TcpStream::connect((plan.address, TLS_PORT)).unwrap();
                stream.write_all(&greetings::tls_greeting(host)).unwrap();
                stream.read_exact(&mut reply).unwrap();
                stream.shutdown(Shutdown::Both).unwrap();
                bytes += PAGE as u64;
            }
            done += 1;
        }
    }
    report(bytes, done);
}

/// The line that the harness reads.
fn report(bytes: u64, connections: u32) {
    let program = std::env::current_exe().unwrap();
    let name = program.file_name().unwrap().to_string_lossy().into_owned();
    println!("{name} {bytes} {connections}");
}
