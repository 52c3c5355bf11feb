//! The `CHLO` of Google's own QUIC, from before TLS was in it: versions Q024 to Q046 in clear, Q050 in CRYPTO frames.
//!
//! Layout: "QUIC Wire Layout Specification" and "QUIC Crypto" as Chromium had them, integers little-endian.

use crate::wire::cursor::Cursor;
use crate::wire::tls::ClientHello;

/// Bytes in front of `CHLO` at most: public header, message hash, and the frame's header.
const MAX_HEADERS: usize = 64;

/// Tags of one message at most ("QUIC Crypto", kMaxEntries).
const MAX_TAGS: usize = 128;

/// The hello in a client's first datagram, where that is of a version that says it in clear.
pub(super) fn hello_in_clear(datagram: &[u8]) -> Option<ClientHello> {
    const HAS_VERSION: u8 = 0x01;
    const HAS_CONNECTION_ID: u8 = 0x08;
    let first = *datagram.first()?;
    let version_at = match first {
        0xc0.. => 1,
        0x80.. => return None,
        _ if first & HAS_VERSION == 0 => return None,
        _ if first & HAS_CONNECTION_ID != 0 => 9,
        _ => 1,
    };
    let [b'Q', b'0', tens, ones] = datagram.get(version_at..)?.first_chunk::<4>()? else { return None };
    if !tens.is_ascii_digit() || !ones.is_ascii_digit() {
        return None;
    }
    let headers = datagram.get(..MAX_HEADERS.min(datagram.len()))?;
    let at = headers.windows(4).position(|word| word == b"CHLO")?;
    hello(datagram.get(at..)?)
}

/// The hello in a message that begins with `CHLO`: its tag `SNI`.
pub(super) fn hello(message: &[u8]) -> Option<ClientHello> {
    let mut cursor = Cursor::new(message);
    if cursor.array().ok()? != *b"CHLO" {
        return None;
    }
    let count = usize::from(cursor.array().map(u16::from_le_bytes).ok()?);
    cursor.array::<2>().ok()?; // padding
    if MAX_TAGS < count {
        return None;
    }
    let mut tags = cursor.field(count * 8).ok()?;
    let values = cursor.rest();
    let mut start = 0;
    while let (Ok(tag), Ok(end)) = (tags.array::<4>(), tags.array().map(u32::from_le_bytes)) {
        let end = usize::try_from(end).ok()?;
        if tag == *b"SNI\0" {
            let name = values.get(start..end)?;
            let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
            let server_name = is_name.then(|| name.iter().copied().map(char::from).collect());
            return Some(ClientHello { server_name, complete: true, ..ClientHello::default() });
        }
        start = end;
    }
    Some(ClientHello { complete: true, ..ClientHello::default() })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A `CHLO` with a tag before the name and one after it.
    pub(crate) fn chlo(name: &str) -> Vec<u8> {
        let name_end = u32::try_from(3 + name.len()).unwrap();
        let mut message = b"CHLO\x03\0\0\0PAD\0\x03\0\0\0SNI\0".to_vec();
        message.extend(name_end.to_le_bytes());
        message.extend(b"VER\0");
        message.extend((name_end + 4).to_le_bytes());
        message.extend(b"---");
        message.extend(name.as_bytes());
        message.extend(b"Q043");
        message
    }

    fn name(hello: Option<ClientHello>) -> Option<String> {
        hello.and_then(|hello| hello.server_name)
    }

    fn datagrams() -> [Vec<u8>; 3] {
        let behind = |header: &[u8]| [header, &[7; 12], &[0xa0, 1, 0, 99], &chlo("crow.test")].concat();
        [behind(b"\x0dCCCCCCCCQ043\x01"), behind(b"\x01Q039\x01"), behind(b"\xc3Q046\x50CCCCCCCC\0\0\0\x01")]
    }

    #[test]
    fn each_header_leads_to_the_name() {
        for datagram in datagrams() {
            assert_eq!(name(hello_in_clear(&datagram)).as_deref(), Some("crow.test"));
            for len in 0..datagram.len() - 4 {
                assert_eq!(name(hello_in_clear(&datagram[..len])), None, "{len} bytes");
            }
        }
        for header in
            [&b"\x0cCCCCCCCCQ043\x01"[..], b"\x0dCCCCCCCCT043\x01", b"\x0dCCCCCCCCQ0x3\x01", b"\x83Q046"]
        {
            assert_eq!(hello_in_clear(&[header, &[7; 12], &chlo("crow.test")].concat()), None);
        }
        assert_eq!(name(hello(&chlo("crow test"))), None, "no name");
        assert_eq!(hello(b"CHLO\xff\xff\0\0"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = hello(&[b"CHLO", &bytes[..]].concat());
            let _ = hello_in_clear(&[b"\x0dCCCCCCCCQ043\x01", &bytes[..]].concat());
        }
    }
}
