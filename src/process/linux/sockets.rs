//! The kernel's socket table, asked over `sock_diag` netlink: one exact socket in microseconds, or all in milliseconds.
//!
//! Messages: `struct inet_diag_req_v2` and `struct inet_diag_msg` in Linux `include/uapi/linux/inet_diag.h`.
//! The kernel shows the sockets of the network namespace in which this socket was opened, and no
//! other's: the sockets of containers with a network of their own are not found here.

use std::io;
use std::net::{IpAddr, SocketAddr};

use netlink_packet_core::{Emitable, Parseable};
use netlink_packet_sock_diag::inet::{ExtensionFlags, InetRequest, InetResponseHeader, SocketId, StateFlags};
use netlink_sys::Socket;
use netlink_sys::protocols::NETLINK_SOCK_DIAG;
use nix::sys::socket::{setsockopt, sockopt::ReceiveTimeout};
use nix::sys::time::{TimeVal, TimeValLike};

use super::tcp_info::TcpInfo;
use crate::event::Protocol;
use crate::process::Error;

/// The state of a socket that waits for connections (`include/net/tcp_states.h`).
pub(super) const LISTEN: u8 = 10;
/// All states but `LISTEN` and `TIME_WAIT`: sockets that can have an owner.
pub(super) const CONNECTED: u32 = 0xfff & !(1 << LISTEN) & !(1 << TIME_WAIT);
/// The states of sockets whose connection's local end no longer is anybody's: the program has closed
/// them, and the kernel finishes alone. `TCP_FIN_WAIT1`, `_FIN_WAIT2`, `_TIME_WAIT`, `_CLOSE`, `_LAST_ACK`, `_CLOSING`.
const CLOSED_HERE: [u8; 6] = [4, 5, TIME_WAIT, 7, 9, 11];
const TIME_WAIT: u8 = 6;

/// How long one answer is awaited. The kernel answers within the call; this is for a lost reply.
const TIMEOUT_MS: i64 = 200;
/// Room for one read; the kernel fills at most 32 KiB of it (`netlink_recvmsg`).
const BUFFER: usize = 64 * 1024;
/// Sockets taken from one dump at most.
const MAX_SOCKETS: usize = 500_000;

const HEADER: usize = 16; // struct nlmsghdr, linux/netlink.h
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const SOCK_DIAG_BY_FAMILY: u16 = 20; // linux/sock_diag.h
const NLM_F_REQUEST: u16 = 1;
const NLM_F_DUMP: u16 = 0x300;
const ENOENT: i32 = 2;
const INET_DIAG_MSG: usize = 72; // struct inet_diag_msg, linux/inet_diag.h
const INET_DIAG_INFO: u16 = 2;

/// An address and a port, with IPv4-mapped IPv6 addresses written as IPv4.
pub(super) type End = (IpAddr, u16);

/// An end in the form in which ends are compared.
pub(super) fn end(address: SocketAddr) -> End {
    (address.ip().to_canonical(), address.port())
}

/// One socket of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SocketEntry {
    /// A TCP state, also for other protocols.
    pub(super) state: u8,
    /// Where it is bound; an unspecified address is a wildcard.
    pub(super) local: End,
    /// What it is connected to; port 0 is nothing.
    pub(super) remote: End,
    /// Names the open socket; 0 when no program holds it (not accepted yet, or closed already).
    pub(super) inode: u32,
}

impl SocketEntry {
    /// Whether the program has closed it, so that it never will have an owner again.
    pub(super) fn is_orphan(&self) -> bool {
        self.inode == 0 && CLOSED_HERE.contains(&self.state)
    }
}

/// One socket of the table with all that the kernel counts of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CountedEntry {
    pub(super) socket: SocketEntry,
    /// The kernel's number for the socket, never given to another one.
    pub(super) cookie: u64,
    /// The user who made it.
    pub(super) uid: u32,
    /// TCP only, and only once the kernel has anything to say.
    pub(super) tcp: Option<TcpInfo>,
}

/// An open line to the socket table.
#[derive(Debug)]
pub(super) struct SockDiag {
    socket: Socket,
    sequence: u32,
    buffer: Vec<u8>,
}

impl SockDiag {
    /// Opens the line, in the network namespace of the calling thread.
    pub(super) fn open() -> Result<Self, Error> {
        let os = |call| move |source| Error::Os { call, source };
        let mut socket = Socket::new(NETLINK_SOCK_DIAG).map_err(os("socket(NETLINK_SOCK_DIAG)"))?;
        socket.bind_auto().map_err(os("bind(NETLINK_SOCK_DIAG)"))?;
        socket.connect(&netlink_sys::SocketAddr::new(0, 0)).map_err(os("connect(NETLINK_SOCK_DIAG)"))?;
        setsockopt(&socket, ReceiveTimeout, &TimeVal::milliseconds(TIMEOUT_MS))
            .map_err(|errno| os("setsockopt(SO_RCVTIMEO)")(errno.into()))?;
        Ok(Self { socket, sequence: 0, buffer: vec![0; BUFFER] })
    }

    /// The socket that the kernel itself would give a packet of this conversation to: the connected
    /// one, else (TCP) the listener, else (UDP) the bound one. `None`: there is none.
    ///
    /// `interface` is the index of the interface that the packet was seen on, since sockets can be
    /// bound to one; 0 finds those that are not.
    pub(super) fn find(
        &mut self,
        protocol: Protocol,
        ends: (End, End),
        interface: u32,
    ) -> io::Result<Option<SocketEntry>> {
        let (local, remote) = ends;
        // The kernel reads a question about one UDP socket as seen from the sender of a packet
        // ("src and dst are swapped for historical reasons", net/ipv4/udp_diag.c).
        let (source, destination) = if protocol == Protocol::UDP { (remote, local) } else { (local, remote) };
        let id = SocketId {
            source_port: source.1,
            destination_port: destination.1,
            source_address: source.0,
            destination_address: destination.0,
            interface_id: interface,
            cookie: [0xff; 8],
        };
        let mut found = None;
        self.ask(&request(protocol, u32::MAX, id), false, &mut |body| found = entry(body))?;
        Ok(found)
    }

    /// Appends every socket of `protocol`, over IPv4 and IPv6, that is in one of `states` (a bit each).
    pub(super) fn dump(
        &mut self,
        protocol: Protocol,
        states: u32,
        out: &mut Vec<SocketEntry>,
    ) -> io::Result<()> {
        for id in [SocketId::new_v4(), SocketId::new_v6()] {
            self.ask(&request(protocol, states, id), true, &mut |body| {
                if out.len() < MAX_SOCKETS {
                    out.extend(entry(body));
                }
            })?;
        }
        Ok(())
    }

    /// Appends every socket of `protocol` with its counts, but those in `TIME_WAIT`, which nobody holds.
    pub(super) fn count(&mut self, protocol: Protocol, out: &mut Vec<CountedEntry>) -> io::Result<()> {
        for id in [SocketId::new_v4(), SocketId::new_v6()] {
            let mut request = request(protocol, CONNECTED | 1 << LISTEN, id);
            request.extensions = ExtensionFlags::INFO;
            self.ask(&request, true, &mut |body| {
                if out.len() < MAX_SOCKETS {
                    out.extend(counted(body));
                }
            })?;
        }
        Ok(())
    }

    fn ask(&mut self, request: &InetRequest, all: bool, found: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        self.socket.send(&message(request, all, self.sequence), 0)?;
        loop {
            let mut room = self.buffer.as_mut_slice();
            let len = match self.socket.recv(&mut room, 0) {
                Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            let bytes = self.buffer.get(..len).unwrap_or_default();
            match walk(bytes, self.sequence, all, found) {
                Walk::More => {}
                Walk::Done | Walk::Failed(ENOENT) => return Ok(()),
                Walk::Failed(errno) => return Err(io::Error::from_raw_os_error(errno)),
            }
        }
    }
}

fn request(protocol: Protocol, states: u32, socket_id: SocketId) -> InetRequest {
    let family = if socket_id.source_address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    InetRequest {
        family: u8::try_from(family).unwrap_or_default(),
        protocol: protocol.0,
        extensions: ExtensionFlags::empty(),
        states: StateFlags::from_bits_retain(states),
        socket_id,
    }
}

/// The request in its envelope, `struct nlmsghdr`; integers in the host's byte order.
fn message(request: &InetRequest, all: bool, sequence: u32) -> Vec<u8> {
    let mut body = vec![0; request.buffer_len()];
    request.emit(&mut body);
    let len = u32::try_from(HEADER + body.len()).unwrap_or(u32::MAX);
    let flags = NLM_F_REQUEST | if all { NLM_F_DUMP } else { 0 };
    let mut bytes = Vec::with_capacity(HEADER + body.len());
    bytes.extend(len.to_ne_bytes());
    bytes.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend(0_u32.to_ne_bytes());
    bytes.extend(body);
    bytes
}

/// How reading one datagram of replies ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Walk {
    /// The reply goes on in the next datagram.
    More,
    /// The reply is whole.
    Done,
    /// The kernel refused, with this error number.
    Failed(i32),
}

/// Reads the netlink messages of one datagram, passing by those that answer another question. `found` is given each
/// `struct inet_diag_msg` with its attributes.
fn walk(mut bytes: &[u8], sequence: u32, all: bool, found: &mut dyn FnMut(&[u8])) -> Walk {
    while let Some((header, _)) = bytes.split_first_chunk::<HEADER>() {
        let [l0, l1, l2, l3, t0, t1, _, _, s0, s1, s2, s3, ..] = *header;
        let len = usize::try_from(u32::from_ne_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
        let Some(body) = bytes.get(HEADER..len) else {
            return Walk::More; // shorter than its header, or longer than the datagram: nothing to trust after it
        };
        bytes = bytes.get(len.next_multiple_of(4)..).unwrap_or_default();
        if u32::from_ne_bytes([s0, s1, s2, s3]) != sequence {
            continue;
        }
        match u16::from_ne_bytes([t0, t1]) {
            NLMSG_DONE => return Walk::Done,
            NLMSG_ERROR => {
                let code = body.first_chunk().map_or(0, |code| i32::from_ne_bytes(*code));
                return if code == 0 { Walk::Done } else { Walk::Failed(code.saturating_neg()) };
            }
            SOCK_DIAG_BY_FAMILY => {
                found(body);
                if !all {
                    return Walk::Done;
                }
            }
            _ => {}
        }
    }
    Walk::More
}

/// One `struct inet_diag_msg`; the attributes after it are not read.
fn entry(body: &[u8]) -> Option<SocketEntry> {
    let header = InetResponseHeader::parse(body).ok()?;
    let id = header.socket_id;
    Some(SocketEntry {
        state: header.state,
        local: (id.source_address.to_canonical(), id.source_port),
        remote: (id.destination_address.to_canonical(), id.destination_port),
        inode: header.inode,
    })
}

/// One `struct inet_diag_msg` with what its attributes count.
fn counted(body: &[u8]) -> Option<CountedEntry> {
    let header = InetResponseHeader::parse(body).ok()?;
    let tcp = attribute(body.get(INET_DIAG_MSG..)?, INET_DIAG_INFO).and_then(TcpInfo::read);
    let cookie = u64::from_ne_bytes(header.socket_id.cookie);
    Some(CountedEntry { socket: entry(body)?, cookie, uid: header.uid, tcp })
}

/// The value of the first attribute of this kind (`struct nlattr`: length with this header, kind, value, padding).
fn attribute(mut bytes: &[u8], kind: u16) -> Option<&[u8]> {
    while let Some((&[l0, l1, k0, k1], _)) = bytes.split_first_chunk::<4>() {
        let len = usize::from(u16::from_ne_bytes([l0, l1]));
        let value = bytes.get(4..len)?;
        if u16::from_ne_bytes([k0, k1]) == kind {
            return Some(value);
        }
        bytes = bytes.get(len.next_multiple_of(4)..)?;
    }
    None
}

/// The sockets among `bound` that a packet to `local` belongs to: those bound to just that address if
/// there are any, else those bound to every address. More than one share the port.
pub(super) fn most_specific(bound: &[SocketEntry], local: End) -> Vec<u32> {
    let (address, port) = local;
    let same_port = || bound.iter().filter(move |entry| entry.local.1 == port && entry.inode != 0);
    let wildcard =
        |entry: &&SocketEntry, v4: bool| entry.local.0.is_unspecified() && entry.local.0.is_ipv4() == v4;
    let exact: Vec<u32> =
        same_port().filter(|entry| entry.local.0 == address).map(|entry| entry.inode).collect();
    if !exact.is_empty() {
        return exact;
    }
    let own: Vec<u32> =
        same_port().filter(|entry| wildcard(entry, address.is_ipv4())).map(|entry| entry.inode).collect();
    if !own.is_empty() || address.is_ipv6() {
        return own;
    }
    // An IPv6 wildcard takes IPv4 too, unless told otherwise.
    same_port().filter(|entry| wildcard(entry, false)).map(|entry| entry.inode).collect()
}

#[cfg(test)]
mod tests;
