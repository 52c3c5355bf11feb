//! What a client asks of a SOCKS proxy: SOCKS4, its extension 4a, and SOCKS5 with its datagrams (RFC 1928).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::cursor::Cursor;
use super::{Error, Result};

/// Bytes of a user's or a host's name in SOCKS4, whose fields have no length.
const MAX_TEXT: usize = 255;

// Commands (RFC 1928 §4; SOCKS4 has the first two).
const CONNECT: u8 = 1;
const BIND: u8 = 2;
const UDP_ASSOCIATE: u8 = 3;

// Address types (RFC 1928 §5).
const IPV4: u8 = 1;
const DOMAIN: u8 = 3;
const IPV6: u8 = 4;

/// The method of a user and a password (RFC 1928 §3), and the version of its exchange (RFC 1929 §2), which
/// tells it from a request.
const USER_PASSWORD: u8 = 2;
const USER_PASSWORD_VERSION: u8 = 1;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A connection; what follows the request is for the host itself.
    Connect,
    /// A port that the host may connect to.
    Bind,
    /// A relay for datagrams.
    UdpAssociate,
}

/// A request to a SOCKS proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is asked for.
    pub purpose: Purpose,
    /// The host's name or address, as written.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Bytes that the client sends up to the end of the request.
    pub len: usize,
}

/// Reads the request from what a client sends, past its greeting and password. The proxy's answers are not
/// needed: what the client sends next shows which way of proving itself was chosen.
///
/// # Errors
///
/// - [`Error::Truncated`]: cut before the end of the request. Call again with more.
/// - [`Error::Unsupported`]: not SOCKS, or a way of proving oneself that wraps the request (GSS-API).
/// - [`Error::Malformed`]: a command, address or name that does not exist.
pub fn request(stream: &[u8]) -> Result<Request> {
    let mut cursor = Cursor::new(stream);
    match cursor.u8()? {
        4 => version_4(cursor, stream.len()),
        5 => version_5(cursor, stream.len()),
        _ => Err(Error::Unsupported),
    }
}

/// Where a datagram to or from a SOCKS5 relay goes, or comes from (RFC 1928 §7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// The host's name or address, as written.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Bytes of the header; the host's own datagram follows.
    pub len: usize,
}

/// Reads the header that SOCKS5 puts before each datagram (RFC 1928 §7). It has no mark of its own: read it only of
/// datagrams between ends of which one has asked the other for a relay.
///
/// # Errors
///
/// - [`Error::Truncated`]: the datagram ends in the header.
/// - [`Error::Unsupported`]: no such header, or one of the pieces of a datagram, which no relay in use supports.
/// - [`Error::Malformed`]: an address or name that does not exist.
pub fn datagram(bytes: &[u8]) -> Result<Wrapped> {
    let mut cursor = Cursor::new(bytes);
    let [reserved @ .., fragment] = cursor.array::<3>()?;
    if reserved != [0, 0] || fragment != 0 {
        return Err(Error::Unsupported);
    }
    let host = address(&mut cursor)?;
    let port = cursor.u16_be()?;
    Ok(Wrapped { host, port, len: bytes.len() - cursor.rest().len() })
}

fn version_4(mut cursor: Cursor<'_>, total: usize) -> Result<Request> {
    let purpose = match cursor.u8()? {
        CONNECT => Purpose::Connect,
        BIND => Purpose::Bind,
        _ => return Err(Error::Unsupported),
    };
    let port = cursor.u16_be()?;
    let address = Ipv4Addr::from(cursor.array::<4>()?);
    text(&mut cursor)?; // user
    // SOCKS4a: an address that cannot be, 0.0.0.x, stands for a name behind the user.
    let [a, b, c, d] = address.octets();
    let host = if (a, b, c) == (0, 0, 0) && d != 0 { name(text(&mut cursor)?)? } else { address.to_string() };
    Ok(Request { purpose, host, port, len: total - cursor.rest().len() })
}

/// A text up to its zero byte.
fn text<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8]> {
    let rest = cursor.rest();
    match rest.iter().take(MAX_TEXT + 1).position(|&byte| byte == 0) {
        Some(len) => {
            cursor.bytes(len + 1)?;
            Ok(rest.get(..len).unwrap_or_default())
        }
        None if rest.len() <= MAX_TEXT => Err(Error::Truncated),
        None => Err(Error::Malformed),
    }
}

fn version_5(mut cursor: Cursor<'_>, total: usize) -> Result<Request> {
    let methods = cursor.vec8()?.rest();
    if methods.is_empty() {
        return Err(Error::Unsupported);
    }
    let mut version = cursor.u8()?;
    if version == USER_PASSWORD_VERSION && methods.contains(&USER_PASSWORD) {
        cursor.vec8()?; // user
        cursor.vec8()?; // password
        version = cursor.u8()?;
    }
    if version != 5 {
        return Err(Error::Unsupported);
    }
    let purpose = match cursor.u8()? {
        CONNECT => Purpose::Connect,
        BIND => Purpose::Bind,
        UDP_ASSOCIATE => Purpose::UdpAssociate,
        _ => return Err(Error::Malformed),
    };
    cursor.u8()?; // reserved
    let host = address(&mut cursor)?;
    let port = cursor.u16_be()?;
    Ok(Request { purpose, host, port, len: total - cursor.rest().len() })
}

/// An address with its type before it (RFC 1928 §5).
fn address(cursor: &mut Cursor<'_>) -> Result<String> {
    Ok(match cursor.u8()? {
        IPV4 => Ipv4Addr::from(cursor.array::<4>()?).to_string(),
        IPV6 => Ipv6Addr::from(cursor.array::<16>()?).to_string(),
        DOMAIN => name(cursor.vec8()?.rest())?,
        _ => return Err(Error::Malformed),
    })
}

fn name(bytes: &[u8]) -> Result<String> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::Malformed)?;
    let is_name = !text.is_empty() && !text.chars().any(|letter| letter.is_control() || letter == ' ');
    is_name.then(|| text.to_owned()).ok_or(Error::Malformed)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FOUR: &[u8] = b"\x04\x01\x01\xbb\xc0\x00\x02\x01me\0";
    const FOUR_A: &[u8] = b"\x04\x01\x01\xbb\0\0\0\x01me\0crow.test\0";
    const FIVE: &[u8] = b"\x05\x01\x00\x05\x01\x00\x03\x09crow.test\x01\xbb";
    const FIVE_USER: &[u8] = b"\x05\x02\x00\x02\x01\x02me\x02pw\x05\x01\x00\x03\x09crow.test\x01\xbb";
    const FIVE_V4: &[u8] = b"\x05\x01\x00\x05\x01\x00\x01\xc0\x00\x02\x01\x01\xbb";
    const FIVE_V6: &[u8] = b"\x05\x01\x00\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x01\xbb";
    const FIVE_UDP: &[u8] = b"\x05\x01\x00\x05\x03\x00\x01\0\0\0\0\0\0";

    #[test]
    fn requests() {
        #[rustfmt::skip]
        let cases: [(&str, &[u8], Result<_>); 14] = [
            ("SOCKS4", FOUR, Ok((Purpose::Connect, "192.0.2.1", 443))),
            ("SOCKS4a", FOUR_A, Ok((Purpose::Connect, "crow.test", 443))),
            ("SOCKS4 BIND", b"\x04\x02\x00\x15\xc0\x00\x02\x01\0", Ok((Purpose::Bind, "192.0.2.1", 21))),
            ("SOCKS5", FIVE, Ok((Purpose::Connect, "crow.test", 443))),
            ("SOCKS5 with a password", FIVE_USER, Ok((Purpose::Connect, "crow.test", 443))),
            ("SOCKS5 to IPv4", FIVE_V4, Ok((Purpose::Connect, "192.0.2.1", 443))),
            ("SOCKS5 to IPv6", FIVE_V6, Ok((Purpose::Connect, "2001:db8::1", 443))),
            ("UDP ASSOCIATE", FIVE_UDP, Ok((Purpose::UdpAssociate, "0.0.0.0", 0))),
            ("no methods", b"\x05\x00", Err(Error::Unsupported)),
            ("GSS-API", b"\x05\x01\x01\x01\x01\x00\x05", Err(Error::Unsupported)),
            ("a command that is not", b"\x05\x01\x00\x05\x09\x00\x01", Err(Error::Malformed)),
            ("an address that is not", b"\x05\x01\x00\x05\x01\x00\x09", Err(Error::Malformed)),
            ("an empty name", b"\x05\x01\x00\x05\x01\x00\x03\x00\x01\xbb", Err(Error::Malformed)),
            ("TLS", b"\x16\x03\x01", Err(Error::Unsupported)),
        ];
        for (case, stream, expected) in cases {
            let expected = expected.map(|(purpose, host, port)| (purpose, host.to_owned(), port));
            let got = request(stream);
            assert_eq!(got.clone().map(|got| (got.purpose, got.host, got.port)), expected, "{case}");
            if let Ok(got) = got {
                let longer = [stream, b"more"].concat();
                assert_eq!(
                    (got.len, request(&longer)),
                    (stream.len(), Ok(got)),
                    "{case} with more behind it"
                );
            }
        }
        assert_eq!(request(&[&[4, 1, 0, 80, 1, 1, 1, 1][..], &[b'x'; 300]].concat()), Err(Error::Malformed));
    }

    const WRAPPED: &[u8] = b"\0\0\0\x03\x09crow.test\x01\xbb";

    #[test]
    fn wrapped_datagrams() {
        #[rustfmt::skip]
        let cases: [(&str, &[u8], Result<_>); 8] = [
            ("to a name", WRAPPED, Ok(("crow.test", 443))),
            ("to IPv4", b"\0\0\0\x01\xc0\x00\x02\x01\x00\x35", Ok(("192.0.2.1", 53))),
            ("to IPv6", b"\0\0\0\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x01\xbb", Ok(("2001:db8::1", 443))),
            ("a piece", b"\0\0\x01\x01\xc0\x00\x02\x01\x00\x35", Err(Error::Unsupported)),
            ("not reserved", b"\0\x01\0\x01\xc0\x00\x02\x01\x00\x35", Err(Error::Unsupported)),
            ("an address that is not", b"\0\0\0\x02\xc0\x00\x02\x01\x00\x35", Err(Error::Malformed)),
            ("an empty name", b"\0\0\0\x03\x00\x01\xbb", Err(Error::Malformed)),
            ("a name with a space", b"\0\0\0\x03\x03a b\x01\xbb", Err(Error::Malformed)),
        ];
        for (case, bytes, expected) in cases {
            let expected = expected.map(|(host, port)| (host.to_owned(), port));
            let longer = [bytes, b"more"].concat();
            for bytes in [bytes, &longer] {
                assert_eq!(datagram(bytes).map(|got| (got.host, got.port)), expected, "{case}");
            }
        }
        assert_eq!(datagram(&[WRAPPED, b"more"].concat()).unwrap().len, WRAPPED.len());
        for len in 0..WRAPPED.len() {
            assert_eq!(datagram(&WRAPPED[..len]), Err(Error::Truncated), "{len} bytes");
        }
    }

    #[test]
    fn a_cut_request_asks_for_more() {
        for stream in [FOUR, FOUR_A, FIVE, FIVE_USER, FIVE_V4, FIVE_V6, FIVE_UDP] {
            request(stream).unwrap();
            for len in 0..stream.len() {
                assert_eq!(request(&stream[..len]), Err(Error::Truncated), "{len} bytes of {stream:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(version in 4_u8..6, bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let stream = [&[version][..], &bytes].concat();
            if let Ok(read) = request(&stream) {
                prop_assert!(read.len <= stream.len() && !read.host.is_empty());
            }
            let wrapped = [&[0, 0, 0][..], &bytes].concat();
            if let Ok(read) = datagram(&wrapped) {
                prop_assert!(read.len <= wrapped.len() && !read.host.is_empty());
            }
        }
    }
}
