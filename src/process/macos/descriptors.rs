//! One socket as a process's descriptor shows it: `proc_pidfdinfo`, which every user may ask about their own processes.
//!
//! The list of all sockets says more; this is for a system that refuses it. It counts nothing, and does not have
//! the flows of the user-space network stack.
//!
//! Layout: `struct socket_fdinfo` in xnu `bsd/sys/proc_info.h`, 792 bytes on both of Apple's processors. Integers are
//! little-endian; ports and addresses as on the wire.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::pcblist::{Socket, Tcp, connection_state, without_scope};
use crate::event::Protocol;

/// The length of `struct socket_fdinfo`.
pub const SOCKET_FDINFO_LEN: usize = 792;

// struct socket_fdinfo: offset, type.
const SOI_PROTOCOL: usize = 180; //    i32, IPPROTO_…
const SOI_KIND: usize = 256; //        i32, SOCKINFO_…
const INSI_FPORT: usize = 264; //      i32, of which the first two bytes are the port, big-endian
const INSI_LPORT: usize = 268; //      i32, likewise
const INSI_VFLAG: usize = 288; //      u8, 1 IPv4, 2 IPv6
const INSI_FADDR: usize = 296; //      16 bytes, of which IPv4 has the last 4
const INSI_LADDR: usize = 312;
const TCPSI_STATE: usize = 344; //     i32, TSI_S_…, the same numbers as TCPS_…
const KCSI_UNIT: usize = 284; //       u32, which one of a kernel control's
const KCSI_NAME: usize = 288; //       char[96], the kernel control's name

// Kinds of sockets.
const SOCKINFO_IN: i32 = 1;
const SOCKINFO_TCP: i32 = 2;
const SOCKINFO_KERN_CTL: i32 = 6;

/// The kernel control that makes `utun` interfaces (`UTUN_CONTROL_NAME`, xnu `bsd/net/if_utun.h`).
const UTUN_CONTROL: &[u8] = b"com.apple.net.utun_control\0";

const INI_IPV4: u8 = 1;
const INI_IPV6: u8 = 2;

/// The socket of a process of `user`'s, with its protocol; `None` for anything but TCP and UDP over IP.
#[must_use]
pub fn read(info: &[u8; SOCKET_FDINFO_LEN], (pid, user): (i32, u32)) -> Option<(Protocol, Socket)> {
    let kind = i32_at(info, SOI_KIND)?;
    let protocol = match (kind, i32_at(info, SOI_PROTOCOL)?) {
        (SOCKINFO_TCP, _) => Protocol::TCP,
        (SOCKINFO_IN, 17) => Protocol::UDP,
        _ => return None,
    };
    let [version] = array_at(info, INSI_VFLAG)?;
    let address = |at: usize| {
        let all: [u8; 16] = array_at(info, at)?;
        match (version & INI_IPV4 != 0, version & INI_IPV6 != 0) {
            (true, false) => Some(IpAddr::V4(Ipv4Addr::from(*all.last_chunk::<4>()?))),
            (_, true) => Some(IpAddr::V6(without_scope(all)).to_canonical()),
            _ => None,
        }
    };
    let port = |at: usize| array_at(info, at).map(u16::from_be_bytes);
    let number = i32_at(info, TCPSI_STATE)?;
    let (state, is_listening) = connection_state(number);
    let socket = Socket {
        id: 0,
        local: SocketAddr::new(address(INSI_LADDR)?, port(INSI_LPORT)?),
        remote: SocketAddr::new(address(INSI_FADDR)?, port(INSI_FPORT)?),
        is_dual: version & (INI_IPV4 | INI_IPV6) == INI_IPV4 | INI_IPV6,
        flow_id: 0,
        uid: user,
        pid,
        effective_pid: -1,
        rx_bytes: 0,
        tx_bytes: 0,
        rx_packets: 0,
        tx_packets: 0,
        tcp: (protocol == Protocol::TCP).then_some(Tcp { state, is_listening, rtt_us: 0 }),
    };
    Some((protocol, socket))
}

/// The tunnel whose packets a process moves through this socket, as its interface is called; `None` for any other socket.
/// Unit N + 1 of the control is `utunN` (xnu `bsd/net/if_utun.c`, `utun_start`).
#[must_use]
pub fn tunnel(info: &[u8; SOCKET_FDINFO_LEN]) -> Option<String> {
    let is_control = i32_at(info, SOI_KIND)? == SOCKINFO_KERN_CTL;
    let is_of_tunnels = info.get(KCSI_NAME..)?.starts_with(UTUN_CONTROL);
    let unit = u32::from_le_bytes(array_at(info, KCSI_UNIT)?);
    // A socket that is not connected yet has unit 0.
    (is_control && is_of_tunnels && unit > 0).then(|| format!("utun{}", unit - 1))
}

fn array_at<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..)?.first_chunk::<N>().copied()
}

fn i32_at(bytes: &[u8], offset: usize) -> Option<i32> {
    array_at(bytes, offset).map(i32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, reason = "a test may panic")]

    use super::*;
    use crate::event::TcpState;

    /// A socket's description with these fields.
    fn info(fields: &[(usize, &[u8])]) -> [u8; SOCKET_FDINFO_LEN] {
        let mut bytes = [0; SOCKET_FDINFO_LEN];
        for (at, field) in fields {
            bytes[*at..at + field.len()].copy_from_slice(field);
        }
        bytes
    }

    #[test]
    fn sockets_are_read_by_kind_and_version() {
        let (tcp, inet, unix) = (2_i32.to_le_bytes(), 1_i32.to_le_bytes(), 3_i32.to_le_bytes());
        let (of_tcp, of_udp, of_icmp) = (6_i32.to_le_bytes(), 17_i32.to_le_bytes(), 1_i32.to_le_bytes());
        let v4 = |kind: &'static [u8], protocol: &'static [u8]| {
            info(&[
                (SOI_PROTOCOL, protocol),
                (SOI_KIND, kind),
                (INSI_FPORT, &[1, 187, 0, 0]),
                (INSI_LPORT, &[195, 80, 0, 0]),
                (INSI_VFLAG, &[1]),
                (INSI_FADDR + 12, &[1, 1, 1, 1]),
                (INSI_LADDR + 12, &[10, 0, 0, 2]),
                (TCPSI_STATE, &[5, 0, 0, 0]),
            ])
        };
        let leak = |bytes: [u8; 4]| -> &'static [u8] { Box::leak(Box::new(bytes)) };
        let found = read(&v4(leak(tcp), leak(of_tcp)), (7, 501));
        let expected = Socket {
            id: 0,
            local: ([10, 0, 0, 2], 50_000).into(),
            remote: ([1, 1, 1, 1], 443).into(),
            is_dual: false,
            flow_id: 0,
            uid: 501,
            pid: 7,
            effective_pid: -1,
            rx_bytes: 0,
            tx_bytes: 0,
            rx_packets: 0,
            tx_packets: 0,
            tcp: Some(Tcp { state: Some(TcpState::CloseWait), is_listening: false, rtt_us: 0 }),
        };
        assert_eq!(found, Some((Protocol::TCP, expected)));
        let found = read(&v4(leak(inet), leak(of_udp)), (7, 501));
        assert_eq!(found, Some((Protocol::UDP, Socket { tcp: None, ..expected })));
        assert_eq!(read(&v4(leak(inet), leak(of_icmp)), (7, 501)), None);
        assert_eq!(read(&v4(leak(unix), leak(of_tcp)), (7, 501)), None);
        assert_eq!(read(&info(&[(SOI_KIND, &tcp)]), (7, 501)), None, "of no version");
    }

    #[test]
    fn a_tunnels_socket_says_which_interface_it_makes() {
        const NAME: &[u8] = b"com.apple.net.utun_control";
        let kind = 6_i32.to_le_bytes();
        let socket = |kind: &[u8], unit: u32, name: &[u8]| {
            tunnel(&info(&[(SOI_KIND, kind), (KCSI_UNIT, &unit.to_le_bytes()), (KCSI_NAME, name)]))
        };
        assert_eq!(socket(&kind, 1, NAME).as_deref(), Some("utun0"));
        assert_eq!(socket(&kind, 10, NAME).as_deref(), Some("utun9"));
        assert_eq!(socket(&kind, u32::MAX, NAME).as_deref(), Some("utun4294967294"));
        assert_eq!(socket(&kind, 0, NAME), None, "not connected");
        assert_eq!(socket(&kind, 1, b"com.apple.net.ipsec_control"), None);
        assert_eq!(socket(&kind, 1, b"com.apple.net.utun_control2"), None);
        assert_eq!(socket(&2_i32.to_le_bytes(), 1, NAME), None, "a socket of TCP with the same bytes");
    }

    #[test]
    fn a_listener_for_both_families() {
        let listener = info(&[
            (SOI_KIND, &2_i32.to_le_bytes()),
            (INSI_LPORT, &[0, 80, 0, 0]),
            (INSI_VFLAG, &[3]),
            (TCPSI_STATE, &[1, 0, 0, 0]),
        ]);
        let (protocol, socket) = read(&listener, (7, 501)).unwrap_or_else(|| unreachable!("it is one"));
        assert_eq!((protocol, socket.is_dual), (Protocol::TCP, true));
        assert_eq!(socket.local.to_string(), "[::]:80");
        assert_eq!(socket.tcp, Some(Tcp { state: None, is_listening: true, rtt_us: 0 }));
    }
}
