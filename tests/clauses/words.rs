//! What programs say to name servers and to servers: DNS messages and `ClientHello`s.

use std::net::IpAddr;

pub(crate) const A: u16 = 1;
pub(crate) const CNAME: u16 = 5;
pub(crate) const AAAA: u16 = 28;
pub(crate) const SVCB: u16 = 64;
pub(crate) const HTTPS: u16 = 65;

/// A name, a type, a time to live, and the data.
pub(crate) type Record = (&'static str, u16, u32, Vec<u8>);

pub(crate) fn labels(name: &str) -> Vec<u8> {
    let label = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    name.split('.').flat_map(label).chain([0]).collect()
}

fn message(flags: u16, asked: &[(&str, u16)], records: &[Record]) -> Vec<u8> {
    let count = |number: usize| u16::try_from(number).unwrap().to_be_bytes();
    let mut bytes =
        [[0, 7], flags.to_be_bytes(), count(asked.len()), count(records.len()), [0; 2], [0; 2]].concat();
    for (name, kind) in asked {
        bytes.extend([&labels(name)[..], &kind.to_be_bytes(), &[0, 1]].concat());
    }
    for (name, kind, ttl, data) in records {
        let head = [&labels(name)[..], &kind.to_be_bytes(), &[0, 1], &ttl.to_be_bytes()].concat();
        bytes.extend([&head[..], &count(data.len()), data].concat());
    }
    bytes
}

pub(crate) fn query(name: &str, kind: u16) -> Vec<u8> {
    message(0x0100, &[(name, kind)], &[])
}

pub(crate) fn answer(name: &str, kind: u16, records: &[Record]) -> Vec<u8> {
    message(0x8180, &[(name, kind)], records)
}

/// An answer that nobody asked for, as mDNS sends it.
pub(crate) fn announcement(records: &[Record]) -> Vec<u8> {
    message(0x8400, &[], records)
}

/// The address of a name, for a minute.
pub(crate) fn has(name: &'static str, address: &str) -> Record {
    match address.parse().unwrap() {
        IpAddr::V4(address) => (name, A, 60, address.octets().to_vec()),
        IpAddr::V6(address) => (name, AAAA, 60, address.octets().to_vec()),
    }
}

pub(crate) fn is_called(name: &'static str, other: &str) -> Record {
    (name, CNAME, 60, labels(other))
}

/// A service with hints where it is (RFC 9460 §7.3: keys 4 and 6).
pub(crate) fn service(name: &'static str, kind: u16, hints: (&str, &str)) -> Record {
    let (IpAddr::V4(four), IpAddr::V6(six)) = (hints.0.parse().unwrap(), hints.1.parse().unwrap()) else {
        panic!("one of each kind")
    };
    let data = [&[0, 1, 0, 0, 4, 0, 4][..], &four.octets(), &[0, 6, 0, 16], &six.octets()].concat();
    (name, kind, 60, data)
}

/// As TCP carries it (RFC 1035 §4.2.2).
pub(crate) fn over_tcp(message: &[u8]) -> Vec<u8> {
    [&u16::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

fn sized(len_bytes: usize, bytes: &[u8]) -> Vec<u8> {
    [&bytes.len().to_be_bytes()[8 - len_bytes..], bytes].concat()
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes(), &sized(2, body)[..]].concat()
}

/// A `ClientHello` (RFC 8446 §4.1.2) without its record.
pub(crate) fn handshake(server: &str, protocols: &[&str], is_hidden: bool) -> Vec<u8> {
    let names: Vec<u8> = protocols.iter().flat_map(|protocol| sized(1, protocol.as_bytes())).collect();
    let mut extensions = extension(0, &sized(2, &[&[0], &sized(2, server.as_bytes())[..]].concat()));
    extensions.extend(extension(43, &[2, 3, 4]));
    if !protocols.is_empty() {
        extensions.extend(extension(16, &sized(2, &names)));
    }
    if is_hidden {
        // Encrypted Client Hello as the outer one has it (RFC 9849 §5).
        extensions.extend(extension(0xfe0d, &[0, 0, 1, 0, 1, 7, 0, 1, 9, 0, 4, 9, 9, 9, 9]));
    }
    let body = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0], &sized(2, &extensions)].concat();
    [&[1], &sized(3, &body)[..]].concat()
}

/// In one record.
pub(crate) fn hello(server: &str, protocols: &[&str]) -> Vec<u8> {
    [&[22, 3, 1], &sized(2, &handshake(server, protocols, false))[..]].concat()
}

/// With another name inside that is encrypted.
pub(crate) fn hidden_hello(server: &str) -> Vec<u8> {
    [&[22, 3, 1], &sized(2, &handshake(server, &["h2"], true))[..]].concat()
}

/// A client's first datagram in QUIC.
pub(crate) fn initial(server: &str, protocols: &[&str]) -> Vec<u8> {
    let hello = handshake(server, protocols, false);
    let len = u16::try_from(hello.len()).unwrap() | 0x4000;
    let mut frames = [&[6, 0], &len.to_be_bytes()[..], &hello].concat();
    frames.resize(frames.len().max(1_100), 0);
    crate::seal::initial(0, &frames)
}
