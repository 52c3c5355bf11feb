//! The PROXY protocol: what a load balancer says about a connection's client before it passes its bytes on.
//!
//! `HAProxy`'s `doc/proxy-protocol.txt`, versions 1 (text) and 2 (binary).

use super::cursor::Cursor;
use super::{Error, Result};

/// Bytes of a line in version 1, with its end (§2.1).
const MAX_LINE: usize = 107;

/// How version 2 begins (§2.2): nothing that a text protocol takes for a command.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// How version 1 begins.
const WORD: &[u8] = b"PROXY ";

/// The bytes of the header at the start of what a client sends.
///
/// # Errors
///
/// - [`Error::Truncated`]: cut before its end. Call again with more.
/// - [`Error::Unsupported`]: there is none.
/// - [`Error::Malformed`]: a line that does not end, or a version that does not exist.
pub fn header_len(client: &[u8]) -> Result<usize> {
    match client.first() {
        None => Err(Error::Truncated),
        Some(b'P') => line(client),
        Some(b'\r') => binary(client),
        Some(_) => Err(Error::Unsupported),
    }
}

fn line(client: &[u8]) -> Result<usize> {
    begins(client, WORD)?;
    let line = client.get(..MAX_LINE).unwrap_or(client);
    match line.windows(2).position(|end| end == b"\r\n") {
        Some(len) => Ok(len + 2),
        None if line.len() < MAX_LINE => Err(Error::Truncated),
        None => Err(Error::Malformed),
    }
}

fn binary(client: &[u8]) -> Result<usize> {
    begins(client, &SIGNATURE)?;
    let mut cursor = Cursor::new(client);
    cursor.bytes(SIGNATURE.len())?;
    let [version_and_command, _family] = cursor.array()?;
    let len = usize::from(cursor.u16_be()?);
    if version_and_command >> 4 != 2 {
        return Err(Error::Malformed);
    }
    cursor.bytes(len)?; // addresses, and what else is said
    Ok(client.len() - cursor.rest().len())
}

fn begins(client: &[u8], with: &[u8]) -> Result<()> {
    let len = client.len().min(with.len());
    match (client.get(..len) == with.get(..len), len == with.len()) {
        (true, true) => Ok(()),
        (true, false) => Err(Error::Truncated),
        (false, _) => Err(Error::Unsupported),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const V1: &[u8] = b"PROXY TCP4 192.0.2.1 192.0.2.2 50000 443\r\n";
    const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\xc3\x50\x01\xbb";

    #[test]
    fn headers() {
        let long = [&b"PROXY UNKNOWN "[..], &[b'a'; 100]].concat();
        #[rustfmt::skip]
        let cases: [(&str, &[u8], Result<usize>); 9] = [
            ("text", V1, Ok(V1.len())),
            ("of an unknown client", b"PROXY UNKNOWN\r\n", Ok(15)),
            ("binary", V2, Ok(V2.len())),
            ("binary, about itself", b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", Ok(16)),
            ("a line without end", &long, Err(Error::Malformed)),
            ("version 3", b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c", Err(Error::Malformed)),
            ("another command", b"PROPFIND / HTTP/1.1\r\n", Err(Error::Unsupported)),
            ("an empty line", b"\r\nGET / HTTP/1.1\r\n", Err(Error::Unsupported)),
            ("TLS", &[22, 3, 1, 2, 0, 1], Err(Error::Unsupported)),
        ];
        for (case, bytes, expected) in cases {
            assert_eq!(header_len(bytes), expected, "{case}");
        }
    }

    #[test]
    fn cut_anywhere_more_is_wanted() {
        for whole in [V1, V2] {
            for cut in 0..whole.len() {
                assert_eq!(header_len(whole.get(..cut).unwrap()), Err(Error::Truncated), "after {cut}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_follows_changes_nothing(rest: Vec<u8>, version_2: bool) {
            let header = if version_2 { V2 } else { V1 };
            prop_assert_eq!(header_len(&[header, &rest].concat()), Ok(header.len()));
        }

        #[test]
        fn any_bytes(bytes: Vec<u8>) {
            prop_assert!(header_len(&bytes).is_ok_and(|len| len <= bytes.len()) || header_len(&bytes).is_err());
        }
    }
}
