//! The sockets that have no ports: raw ones and those of unprivileged ping, read from `/proc/net`.
//!
//! Layout: `icmp`, `icmp6`, `raw` and `raw6` share the columns that Linux `net/ipv4/ping.c` and
//! `net/ipv4/raw.c` print.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::event::Protocol;

/// Which of the files a socket was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `icmp` and `icmp6`: echo requests and replies only.
    Ping,
    /// `raw` and `raw6`: any packet of one protocol.
    Raw,
}

/// One socket without ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RawSocket {
    pub(super) kind: Kind,
    pub(super) local: IpAddr,
    pub(super) remote: IpAddr,
    /// Raw sockets: the protocol; ping sockets: the echo identifier.
    pub(super) number: u16,
    pub(super) inode: u32,
}

/// Reads the table in `text`; lines that do not have its form are passed by.
pub(super) fn parse(kind: Kind, text: &str) -> impl Iterator<Item = RawSocket> + '_ {
    text.lines().filter_map(move |line| {
        let mut fields = line.split_ascii_whitespace();
        let (local, number) = end(fields.nth(1)?)?;
        let (remote, _) = end(fields.next()?)?;
        // st, tx_queue:rx_queue, tr:tm->when, retrnsmt, uid, timeout, inode
        let inode = fields.nth(6)?.parse().ok()?;
        Some(RawSocket { kind, local, remote, number, inode })
    })
}

/// `0100007F:0001`: the address as 32-bit words in the host's byte order, and the port.
fn end(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let mut bytes = Vec::with_capacity(16);
    for word in address.as_bytes().chunks(8) {
        let word = u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    let address = match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(four) if address.len() == 8 => IpAddr::V4(Ipv4Addr::from(four)),
        _ => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes.as_slice()).ok()?)).to_canonical(),
    };
    Some((address, port))
}

/// The sockets that may have sent packets of `protocol` from `local` to `remote`: those connected to
/// it if there are any, else those connected to nothing. The kernel's own ICMP looks the same as a
/// program's, so this holds for flows that were opened from here, and not for `ICMPv6` over raw
/// sockets that are connected to nothing: daemons keep those open only to hear routers.
pub(super) fn candidates(sockets: &[RawSocket], protocol: Protocol, ends: (IpAddr, IpAddr)) -> Vec<u32> {
    let (local, remote) = ends;
    let fits = |socket: &&RawSocket| {
        let speaks = match socket.kind {
            Kind::Ping => protocol == Protocol::ICMP || protocol == Protocol::ICMPV6,
            Kind::Raw => socket.number == u16::from(protocol.0),
        };
        let bound = socket.local == local || socket.local.is_unspecified();
        speaks && bound && socket.remote.is_ipv4() == remote.is_ipv4()
    };
    let connected: Vec<u32> = sockets
        .iter()
        .filter(fits)
        .filter(|socket| socket.remote == remote)
        .map(|socket| socket.inode)
        .collect();
    if !connected.is_empty() {
        return connected;
    }
    let open = |socket: &&RawSocket| {
        socket.remote.is_unspecified() && !(socket.kind == Kind::Raw && protocol == Protocol::ICMPV6)
    };
    sockets.iter().filter(fits).filter(open).map(|socket| socket.inode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PING: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  101: 00000000:0007 01020304:0000 07 00000000:00000000 00:00000000 00000000  1000        0 4711 2 ffff 0
";
    const RAW6: &str = "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   58: 00000000000000000000000000000000:003A 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 17 2 x 0
";

    #[test]
    #[cfg(target_endian = "little")]
    fn tables_are_read() {
        let ping: Vec<_> = parse(Kind::Ping, PING).collect();
        let remote = Ipv4Addr::new(4, 3, 2, 1).into();
        let local = Ipv4Addr::UNSPECIFIED.into();
        assert_eq!(ping, [RawSocket { kind: Kind::Ping, local, remote, number: 7, inode: 4711 }]);
        let raw: Vec<_> = parse(Kind::Raw, RAW6).collect();
        let any = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        assert_eq!(raw, [RawSocket { kind: Kind::Raw, local: any, remote: any, number: 58, inode: 17 }]);
    }

    #[test]
    fn lines_of_another_form_are_passed_by() {
        for text in [
            "",
            "x",
            "1: 2 3",
            "1: é:1 0:0 a b c d e f 9",
            "1: 00000000:1 000000000:0 a b c d e f 9",
            "1: :1 :0 a b c d e f 9",
        ] {
            assert_eq!(parse(Kind::Raw, text).count(), 0, "{text}");
        }
        for len in 0..PING.len() {
            assert!(PING.get(..len).is_none_or(|cut| parse(Kind::Ping, cut).count() <= 1), "{len}");
        }
    }

    #[test]
    fn the_connected_socket_comes_before_the_open_ones() {
        let here: IpAddr = [10, 0, 0, 2].into();
        let there: IpAddr = [1, 1, 1, 1].into();
        let any: IpAddr = [0, 0, 0, 0].into();
        let socket = |kind, remote, number, inode| RawSocket { kind, local: any, remote, number, inode };
        let all =
            [socket(Kind::Ping, there, 7, 1), socket(Kind::Raw, any, 1, 2), socket(Kind::Raw, any, 47, 3)];
        let ends = |remote| (here, remote);
        assert_eq!(candidates(&all, Protocol::ICMP, ends(there)), [1]);
        assert_eq!(candidates(&all, Protocol::ICMP, ends(here)), [2]);
        assert_eq!(candidates(&all, Protocol(47), ends(there)), [3]);
        assert!(candidates(&all, Protocol(50), ends(there)).is_empty());
        let router = RawSocket {
            local: IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            remote: IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            kind: Kind::Raw,
            number: 58,
            inode: 4,
        };
        let v6: IpAddr = Ipv6Addr::LOCALHOST.into();
        assert!(candidates(&[router], Protocol::ICMPV6, (v6, v6)).is_empty());
    }
}
