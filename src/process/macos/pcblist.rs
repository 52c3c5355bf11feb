//! The kernel's list of sockets, `net.inet.{tcp,udp}.pcblist_n`: records of many kinds, one after the other.
//!
//! Layout: `struct xinpgen`, then for each socket a `struct xinpcb_n`, `xsocket_n`, two `xsockbuf_n`, `xsockstat_n` and, for
//! TCP, `xtcpcb_n`, then `struct xinpgen` again; xnu `bsd/netinet/in_pcb.h`, `bsd/sys/socketvar.h`,
//! `bsd/netinet/tcp_var.h`, all under `#pragma pack(4)`. Each record begins with its length and kind, and the next one at
//! the next multiple of 8. Integers are little-endian, as every Mac is; ports and addresses as on the wire.
//! The offsets are the same from macOS 11 to 15.5; what later systems append is passed by.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::event::{Protocol, TcpState};

// Every record: offset, type.
const LEN: usize = 0; //   u32, length of the record itself
const KIND: usize = 4; //  u32, XSO_…

/// The length of `struct xinpgen`. A record that is no longer than it is the list's end.
const XINPGEN_LEN: usize = 24;

// Kinds (`bsd/sys/socketvar.h`).
const XSO_SOCKET: u32 = 0x001;
const XSO_STATS: u32 = 0x008;
const XSO_INPCB: u32 = 0x010;
const XSO_TCPCB: u32 = 0x020;

// struct xinpcb_n: the ends.
const INP_FPORT: usize = 16; //     u16, big-endian
const INP_LPORT: usize = 18; //     u16, big-endian
const INP_GENCNT: usize = 28; //    u64, counts up with each socket that is made
const INP_VFLAG: usize = 44; //     u8, 1 IPv4, 2 IPv6
const INP_FADDR: usize = 48; //     16 bytes, of which IPv4 has the last 4
const INP_LADDR: usize = 64;
const INP_FLOWHASH: usize = 96; //  u32, the same as `pth_flowid` in PKTAP

// struct xsocket_n: whose it is.
const SO_UID: usize = 64; //        u32
const SO_LAST_PID: usize = 68; //   i32, the last process that used it
const SO_E_PID: usize = 72; //      i32, the process that it is used for

// struct xsockstat_n: four classes of traffic, each with four u64.
const STATS: usize = 8;
const CLASSES: usize = 4;
const CLASS_LEN: usize = 32; //     rxpackets, rxbytes, txpackets, txbytes

// struct xtcpcb_n.
const T_STATE: usize = 36; //       i32, TCPS_…
const T_SRTT: usize = 136; //       i32, in 1/32 ms (TCP_RTT_SHIFT 5, TCP_RETRANSHZ 1000)

const INP_IPV4: u8 = 1;
const INP_IPV6: u8 = 2;

/// One socket of the list. Fields that no record told are 0 or `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Socket {
    /// The kernel's number for it, which no other socket of the protocol is given; 0 for flows of the user-space stack.
    pub id: u64,
    /// This end. Port 0 is "not bound", an address of zeros "any".
    pub local: SocketAddr,
    /// The other end. Port 0 is "not connected".
    pub remote: SocketAddr,
    /// Whether the socket takes IPv4 as well as IPv6.
    pub is_dual: bool,
    /// The kernel's number for the flow, as in PKTAP headers; 0 is none.
    pub flow_id: u32,
    /// The user who made it.
    pub uid: u32,
    /// The last process that used it; not positive when that was the kernel.
    pub pid: i32,
    /// The process that it is used for; not positive when that is the same.
    pub effective_pid: i32,
    /// Payload bytes received.
    pub rx_bytes: u64,
    /// Payload bytes sent.
    pub tx_bytes: u64,
    /// Packets received.
    pub rx_packets: u64,
    /// Packets sent.
    pub tx_packets: u64,
    /// TCP only.
    pub tcp: Option<Tcp>,
}

/// What the list says of a TCP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tcp {
    /// The state of its connection; `None` without one.
    pub state: Option<TcpState>,
    /// Whether it waits for connections.
    pub is_listening: bool,
    /// The smoothed round-trip time in microseconds; 0 when it was not measured yet.
    pub rtt_us: u32,
}

/// A list as far as it could be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// The sockets, in the kernel's order.
    pub sockets: Vec<Socket>,
    /// Whether the list was read to its end. It is not when a record's length cannot be, or its end is missing; then
    /// the sockets before that place are here.
    pub is_whole: bool,
}

/// Reads a list. Records of unknown kinds are passed by; so are sockets without an address.
#[must_use]
pub fn read(bytes: &[u8]) -> List {
    let mut list = List::default();
    let mut current: Option<Socket> = None;
    let mut rest = bytes;
    let mut is_first = true;
    while let Some(len) = u32_at(rest, LEN).and_then(|len| usize::try_from(len).ok()) {
        if len <= XINPGEN_LEN && !is_first {
            list.is_whole = len == XINPGEN_LEN && rest.len() >= len;
            break;
        }
        let Some(record) = rest.get(..len).filter(|record| record.len() >= XINPGEN_LEN) else { break };
        if !std::mem::take(&mut is_first) {
            take(record, &mut current, &mut list.sockets);
        }
        rest = rest.get(len.next_multiple_of(8)..).unwrap_or_default();
    }
    list.sockets.extend(current);
    list
}

/// Takes in one record: a new socket, or more about the one before.
fn take(record: &[u8], current: &mut Option<Socket>, done: &mut Vec<Socket>) {
    let Some(kind) = u32_at(record, KIND) else { return };
    if kind == XSO_INPCB {
        done.extend(std::mem::replace(current, ends(record)));
        return;
    }
    let Some(socket) = current else { return };
    match kind {
        XSO_SOCKET => {
            socket.uid = u32_at(record, SO_UID).unwrap_or(0);
            socket.pid = i32_at(record, SO_LAST_PID).unwrap_or(0);
            socket.effective_pid = i32_at(record, SO_E_PID).unwrap_or(0);
        }
        XSO_STATS => {
            let sum = |field: usize| {
                let classes =
                    (0..CLASSES).filter_map(|class| u64_at(record, STATS + class * CLASS_LEN + field));
                classes.fold(0, u64::saturating_add)
            };
            (socket.rx_packets, socket.rx_bytes) = (sum(0), sum(8));
            (socket.tx_packets, socket.tx_bytes) = (sum(16), sum(24));
        }
        XSO_TCPCB => socket.tcp = tcp(record),
        _ => {}
    }
}

/// The socket that a `struct xinpcb_n` begins.
fn ends(record: &[u8]) -> Option<Socket> {
    let [version] = array_at(record, INP_VFLAG)?;
    let address = |at: usize| {
        let all: [u8; 16] = array_at(record, at)?;
        // A socket for both is still an IPv6 one until it is connected.
        match (version & INP_IPV4 != 0, version & INP_IPV6 != 0) {
            (true, false) => Some(IpAddr::V4(Ipv4Addr::from(*all.last_chunk::<4>()?))),
            (_, true) => Some(IpAddr::V6(without_scope(all)).to_canonical()),
            _ => None,
        }
    };
    let port = |at: usize| array_at(record, at).map(u16::from_be_bytes);
    Some(Socket {
        id: u64_at(record, INP_GENCNT).unwrap_or(0),
        local: SocketAddr::new(address(INP_LADDR)?, port(INP_LPORT)?),
        remote: SocketAddr::new(address(INP_FADDR)?, port(INP_FPORT)?),
        is_dual: version & (INP_IPV4 | INP_IPV6) == INP_IPV4 | INP_IPV6,
        flow_id: u32_at(record, INP_FLOWHASH).unwrap_or(0),
        uid: 0,
        pid: 0,
        effective_pid: 0,
        rx_bytes: 0,
        tx_bytes: 0,
        rx_packets: 0,
        tx_packets: 0,
        tcp: None,
    })
}

/// The kernel keeps the number of the interface inside of link-local addresses, in the third and fourth byte.
pub(super) fn without_scope(bytes: [u8; 16]) -> Ipv6Addr {
    let address = Ipv6Addr::from(bytes);
    if !address.is_unicast_link_local() {
        return address;
    }
    let [first, _, rest @ ..] = address.segments();
    let mut segments = [first, 0, 0, 0, 0, 0, 0, 0];
    for (segment, value) in segments.iter_mut().skip(2).zip(rest) {
        *segment = value;
    }
    Ipv6Addr::from(segments)
}

fn tcp(record: &[u8]) -> Option<Tcp> {
    let (state, is_listening) = connection_state(i32_at(record, T_STATE)?);
    let srtt = i32_at(record, T_SRTT).and_then(|srtt| u64::try_from(srtt).ok()).unwrap_or(0);
    let rtt_us = u32::try_from(srtt * 1000 / 32).unwrap_or(u32::MAX);
    Some(Tcp { state, is_listening, rtt_us })
}

/// The state with this number (`TCPS_…` in `bsd/netinet/tcp_fsm.h`), and whether it is that of a listener.
pub(super) const fn connection_state(number: i32) -> (Option<TcpState>, bool) {
    const LISTEN: i32 = 1;
    let state = match number {
        2 => Some(TcpState::SynSent),
        3 => Some(TcpState::SynReceived),
        4 => Some(TcpState::Established),
        5 => Some(TcpState::CloseWait),
        6 => Some(TcpState::FinWait1),
        7 => Some(TcpState::Closing),
        8 => Some(TcpState::LastAck),
        9 => Some(TcpState::FinWait2),
        10 => Some(TcpState::TimeWait),
        _ => None,
    };
    (state, number == LISTEN)
}

/// The name under which `sysctl` has the list; `None` for a protocol that has none.
#[must_use]
pub fn name(protocol: Protocol) -> Option<&'static std::ffi::CStr> {
    match protocol {
        Protocol::TCP => Some(c"net.inet.tcp.pcblist_n"),
        Protocol::UDP => Some(c"net.inet.udp.pcblist_n"),
        _ => None,
    }
}

fn array_at<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..)?.first_chunk::<N>().copied()
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    array_at(bytes, offset).map(u32::from_le_bytes)
}

fn i32_at(bytes: &[u8], offset: usize) -> Option<i32> {
    array_at(bytes, offset).map(i32::from_le_bytes)
}

fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    array_at(bytes, offset).map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests;
