//! The `ClientHello` of DTLS: TLS in datagrams (RFC 6347, RFC 9147), which carry a message in numbered fragments.

use super::cursor::Cursor;
use super::greeting::{CLIENT_HELLO, HANDSHAKE, is_handshake};
use super::tls::{self, ClientHello};
use super::{Error, Result};

/// Bytes of a `ClientHello` that are gathered.
pub const MAX_HELLO: usize = 1 << 14;

/// Records of one datagram that are looked at.
pub const MAX_RECORDS: usize = 8;

/// The length of a handshake header (RFC 6347 §4.2.2) before the fragment.
const MESSAGE_HEADER_LEN: usize = 12;

/// What is gathered from one client's datagrams.
#[derive(Debug, Default)]
pub struct Hello {
    /// The number of the message: after a server's question for a cookie, the hello comes again under the next one.
    number: Option<u16>,
    /// Of the whole message, without its header.
    len: usize,
    bytes: Vec<u8>,
    present: Vec<bool>,
}

/// Whether a datagram begins with a handshake record of a client's first flight: of any version, not encrypted.
#[must_use]
pub fn begins_hello(datagram: &[u8]) -> bool {
    // After the record's number and length, the message's type.
    is_handshake(datagram) && datagram.get(13) == Some(&CLIENT_HELLO)
}

impl Hello {
    /// Takes in a datagram.
    ///
    /// # Errors
    ///
    /// - [`Error::Truncated`]: a hello, but its name has not come yet. Call again with the next datagram.
    /// - [`Error::Unsupported`]: not a client's hello.
    /// - [`Error::Malformed`]: a hello with contents that cannot be.
    pub fn datagram(&mut self, datagram: &[u8]) -> Result<ClientHello> {
        if !begins_hello(datagram) {
            return Err(Error::Unsupported);
        }
        let mut records = Cursor::new(datagram);
        for _ in 0..MAX_RECORDS {
            if records.rest().first() != Some(&HANDSHAKE) {
                break;
            }
            records.bytes(1 + 2 + 2 + 6).map_err(|_| Error::Unsupported)?; // type, version, epoch, number
            let record = records.vec16().map_err(|_| Error::Unsupported)?;
            self.record(record)?;
        }
        let known = self.present.iter().position(|present| !present).unwrap_or(self.present.len());
        tls::client_hello(&without_cookie(self.len, self.bytes.get(..known).unwrap_or_default())?)
    }

    /// Takes the fragments out of a record.
    fn record(&mut self, mut record: Cursor<'_>) -> Result<()> {
        while record.rest().len() >= MESSAGE_HEADER_LEN {
            let kind = record.u8()?;
            let len = number(record.u24_be()?)?;
            let message = record.u16_be()?;
            let (offset, fragment_len) = (number(record.u24_be()?)?, number(record.u24_be()?)?);
            let fragment = record.bytes(fragment_len)?;
            if kind != CLIENT_HELLO {
                return Ok(());
            }
            if len > MAX_HELLO || offset + fragment_len > len {
                return Err(Error::Malformed);
            }
            if self.number != Some(message) {
                *self = Self { number: Some(message), len, bytes: vec![0; len], present: vec![false; len] };
            }
            let places = self.bytes.iter_mut().zip(&mut self.present).skip(offset);
            for ((place, present), &byte) in places.zip(fragment) {
                *place = byte;
                *present = true;
            }
        }
        Ok(())
    }
}

fn number(value: u32) -> Result<usize> {
    usize::try_from(value).map_err(|_| Error::Malformed)
}

/// The message as TLS over TCP would have it: with its header, another version, and no cookie. Of a message of `len`
/// bytes, `body` is what is there from its start on.
fn without_cookie(len: usize, body: &[u8]) -> Result<Vec<u8>> {
    const LEGACY_VERSION: [u8; 2] = [3, 3];
    let mut cursor = Cursor::new(body);
    cursor.bytes(2)?; // version
    let random = cursor.bytes(32)?;
    let session = cursor.vec8()?.rest();
    let cookie = cursor.vec8()?.rest();
    let len = len.checked_sub(1 + cookie.len()).ok_or(Error::Malformed)?;
    let [_, a, b, c] = u32::try_from(len).map_err(|_| Error::Malformed)?.to_be_bytes();
    let session_len = u8::try_from(session.len()).map_err(|_| Error::Malformed)?;
    let header = [CLIENT_HELLO, a, b, c];
    Ok([&header[..], &LEGACY_VERSION, random, &[session_len], session, cursor.rest()].concat())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A hello's body with that cookie, asking for `name`.
    pub(crate) fn body(name: &str, cookie: &[u8]) -> Vec<u8> {
        let field = |len: usize, bytes: &[u8]| [&bytes.len().to_be_bytes()[8 - len..], bytes].concat();
        let entry = [&[0][..], &field(2, name.as_bytes())].concat();
        let sni = [&[0, 0][..], &field(2, &field(2, &entry))].concat();
        [
            &[0xfe, 0xfd][..],
            &[7; 32],
            &[0],
            &field(1, cookie),
            &field(2, &[0xc0, 0x2b]),
            &[1, 0],
            &field(2, &sni),
        ]
        .concat()
    }

    /// A record with the part of message `number` between two places.
    pub(crate) fn record(number: u8, body: &[u8], from: usize, to: usize) -> Vec<u8> {
        let three = |value: usize| value.to_be_bytes()[5..].to_vec();
        let part = &body[from..to];
        let message =
            [&[1][..], &three(body.len()), &[0, number], &three(from), &three(part.len()), part].concat();
        let len = u16::try_from(message.len()).unwrap().to_be_bytes();
        [&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, number][..], &len, &message].concat()
    }

    fn named(read: Result<ClientHello>) -> Option<String> {
        read.ok().and_then(|hello| hello.server_name)
    }

    #[test]
    fn a_hello_says_its_name() {
        let body = body("crow.test", b"");
        let whole = record(0, &body, 0, body.len());
        assert_eq!(named(Hello::default().datagram(&whole)).as_deref(), Some("crow.test"));
        for cut in 0..whole.len() {
            assert!(Hello::default().datagram(&whole[..cut]).is_err(), "a record cut after {cut}");
        }
        let mut encrypted = whole.clone();
        encrypted[4] = 1;
        assert_eq!(Hello::default().datagram(&encrypted), Err(Error::Unsupported), "a later epoch");
        assert_eq!(Hello::default().datagram(&[22, 3, 1, 0, 0]), Err(Error::Unsupported), "TLS");
    }

    #[test]
    fn fragments_come_in_any_order_and_the_hello_again_with_a_cookie() {
        let first = body("crow.test", b"");
        let mut hello = Hello::default();
        let end = first.len();
        assert_eq!(hello.datagram(&record(0, &first, 50, end)), Err(Error::Truncated));
        assert_eq!(hello.datagram(&record(0, &first, 0, 20)), Err(Error::Truncated));
        assert_eq!(named(hello.datagram(&record(0, &first, 20, 50))).as_deref(), Some("crow.test"));
        let again = body("again.test", &[9; 32]);
        let both = [record(1, &again, 0, 40), record(1, &again, 40, again.len())].concat();
        assert_eq!(named(hello.datagram(&both)).as_deref(), Some("again.test"));
        let mut liar = record(2, &first, 0, end);
        liar[14..17].copy_from_slice(&[0, 0, 1]);
        assert_eq!(hello.datagram(&liar), Err(Error::Malformed), "longer than it says");
    }

    proptest! {
        #[test]
        fn any_bytes(bytes: Vec<u8>, mut datagrams in proptest::collection::vec(any::<Vec<u8>>(), 0..4)) {
            let mut hello = Hello::default();
            for datagram in &mut datagrams {
                datagram.splice(0..0, record(0, &body("a", b""), 0, 9)[..13].to_vec());
                let _ = hello.datagram(datagram);
            }
            let _ = hello.datagram(&bytes);
        }
    }
}
