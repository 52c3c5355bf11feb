//! Makes a recording as a Mac makes one: real packets, each with the process that it belongs to (PKTAP, version 1).

use std::net::{IpAddr, SocketAddr};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use serde_json::Value;

const PKTAP: u32 = 258;
const ETHERNET: u32 = 1;
const DIR_IN: u32 = 1;
const DIR_OUT: u32 = 2;
/// 2026-01-01.
const BEGIN_SECS: u32 = 1_767_225_600;

const SYN: u8 = 2;
const ACK: u8 = 16;

/// Who sends or receives, from where to where.
#[derive(Clone, Copy)]
pub(crate) struct Way {
    pub(crate) pid: i32,
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
}

/// A way from this machine: `10.0.0.2:port` for IPv4 and `[2001:db8::2]:port` for IPv6.
pub(crate) fn way(pid: i32, port: u16, remote: &str) -> Way {
    let remote: SocketAddr = remote.parse().unwrap();
    let here: IpAddr = if remote.is_ipv4() { "10.0.0.2" } else { "2001:db8::2" }.parse().unwrap();
    Way { pid, local: (here, port).into(), remote }
}

/// The packets so far.
pub(crate) struct Recording {
    file: Vec<u8>,
    millis: u32,
}

impl Recording {
    pub(crate) fn new() -> Self {
        let mut file = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
        file.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0]);
        file.extend(PKTAP.to_le_bytes());
        Self { file, millis: 0 }
    }

    pub(crate) fn waits_secs(&mut self, secs: u32) {
        self.millis += secs * 1000;
    }

    pub(crate) fn sends(&mut self, way: Way, payload: &[u8]) {
        let segment = udp(way.local, way.remote, payload);
        self.packet(way, true, &ip(17, (way.local, way.remote), &segment));
    }

    pub(crate) fn gets(&mut self, way: Way, payload: &[u8]) {
        let segment = udp(way.remote, way.local, payload);
        self.packet(way, false, &ip(17, (way.remote, way.local), &segment));
    }

    /// A TCP connection that this machine opens: its three first packets.
    pub(crate) fn connects(&mut self, way: Way) {
        self.segment(way, true, (99, SYN), b"");
        self.segment(way, false, (499, SYN | ACK), b"");
        self.segment(way, true, (100, ACK), b"");
    }

    /// A segment with these bytes of the stream, `at` bytes behind its beginning.
    pub(crate) fn says(&mut self, way: Way, at: u32, payload: &[u8]) {
        self.segment(way, true, (100 + at, ACK), payload);
    }

    pub(crate) fn hears(&mut self, way: Way, at: u32, payload: &[u8]) {
        self.segment(way, false, (500 + at, ACK), payload);
    }

    /// Connects, and says this at once.
    pub(crate) fn visits(&mut self, way: Way, first: &[u8]) {
        self.connects(way);
        if !first.is_empty() {
            self.says(way, 0, first);
        }
    }

    fn segment(&mut self, way: Way, is_out: bool, (number, flags): (u32, u8), payload: &[u8]) {
        let (from, to) = if is_out { (way.local, way.remote) } else { (way.remote, way.local) };
        let mut bytes = [from.port().to_be_bytes(), to.port().to_be_bytes()].concat();
        bytes.extend(number.to_be_bytes());
        bytes.extend([0, 0, 0, 1, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        bytes.extend(payload);
        self.packet(way, is_out, &ip(6, (from, to), &bytes));
    }

    fn packet(&mut self, way: Way, is_out: bool, ip: &[u8]) {
        self.millis += 1;
        let is_loopback = way.local.ip().is_loopback();
        let mut tag = vec![0; 108];
        let mut put = |at: usize, bytes: &[u8]| tag[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &108_u32.to_le_bytes());
        put(4, &1_u32.to_le_bytes());
        put(8, &ETHERNET.to_le_bytes());
        put(12, if is_loopback { b"lo0" } else { b"en0" });
        put(36, &(if is_out { DIR_OUT } else { DIR_IN }).to_le_bytes());
        put(44, &14_u32.to_le_bytes());
        put(52, &way.pid.to_le_bytes());
        put(56, format!("app{}", way.pid).as_bytes());
        put(80, &(if is_loopback { 24_u16 } else { 6 }).to_le_bytes());
        put(84, &(-1_i32).to_le_bytes());
        tag.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]);
        tag.extend(if ip[0] >> 4 == 4 { [0x08, 0x00] } else { [0x86, 0xdd] });
        tag.extend(ip);
        let len = u32::try_from(tag.len()).unwrap().to_le_bytes();
        self.file.extend((BEGIN_SECS + self.millis / 1000).to_le_bytes());
        self.file.extend((self.millis % 1000 * 1000).to_le_bytes());
        self.file.extend([len, len].concat());
        self.file.extend(tag);
    }

    /// What Crow prints of it.
    pub(crate) fn read(&self) -> Value {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("crow-clauses-{}-{}.pcap", process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = env::temp_dir().join(name);
        fs::write(&path, &self.file).unwrap();
        let mut crow = Command::new(env!("CARGO_BIN_EXE_crow"));
        let output = crow.args(["--headless", "--json", "--replay"]).arg(&path).output().unwrap();
        fs::remove_file(&path).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let document = serde_json::from_slice(&output.stdout).unwrap();
        crate::document::check(&document);
        document
    }
}

fn udp(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(8 + payload.len()).unwrap();
    let mut bytes = [from.port().to_be_bytes(), to.port().to_be_bytes(), len.to_be_bytes(), [0, 0]].concat();
    bytes.extend(payload);
    bytes
}

fn ip(protocol: u8, ends: (SocketAddr, SocketAddr), body: &[u8]) -> Vec<u8> {
    let (IpAddr::V4(from), IpAddr::V4(to)) = (ends.0.ip(), ends.1.ip()) else {
        let (IpAddr::V6(from), IpAddr::V6(to)) = (ends.0.ip(), ends.1.ip()) else { panic!("of two kinds") };
        let len = u16::try_from(body.len()).unwrap().to_be_bytes();
        let head = [&[0x60, 0, 0, 0], &len[..], &[protocol, 64]].concat();
        return [&head[..], &from.octets(), &to.octets(), body].concat();
    };
    let len = u16::try_from(20 + body.len()).unwrap().to_be_bytes();
    let head = [&[0x45, 0], &len[..], &[0, 7, 0x40, 0, 64, protocol, 0, 0]].concat();
    [&head[..], &from.octets(), &to.octets(), body].concat()
}
