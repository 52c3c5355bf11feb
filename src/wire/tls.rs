//! The `ClientHello` of TLS: which server a client asks for, and what it offers to speak there.
//!
//! Over TCP the handshake lies in records (RFC 8446 §5.1), which may cut it anywhere; in QUIC it comes bare.

use std::borrow::Cow;

use super::cursor::Cursor;
use super::greeting::{CLIENT_HELLO, HANDSHAKE, MAX_RECORD};
use super::{Error, Result};

/// Bytes of a `ClientHello` that are looked at: more than any capture of an opening holds.
pub const MAX_HELLO: usize = 1 << 15;

/// Bytes that a `ClientHello` may say to have: what all its parts can come to, less than [`super::greeting`] asks for.
const MAX_MESSAGE: usize = (1 << 16) - 1;

/// Protocols and versions of one hello that are kept; those beyond are left out.
pub const MAX_OFFERS: usize = 32;

// `ExtensionType` (IANA "TLS ExtensionType Values").
const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;
const SUPPORTED_VERSIONS: u16 = 43;
const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;

/// `NameType` `host_name` (RFC 6066 §3).
const HOST_NAME: u8 = 0;

/// `ECHClientHelloType` `outer` (RFC 9849 §5).
const ECH_OUTER: u8 = 0;

/// What a client says first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientHello {
    /// The server that it asks for, as written: ASCII (RFC 6066 §3) or, as it once was (RFC 4366 §3.1), UTF-8, without
    /// spaces.
    pub server_name: Option<String>,
    /// The protocols that it offers to speak (RFC 7301), in its order: `h2`, `http/1.1`, …
    pub alpn: Vec<String>,
    /// The versions that it offers (RFC 8446 §4.2.1), or the one of old: 0x0304 is TLS 1.3. Values that
    /// mean nothing and only keep servers flexible (RFC 8701) are left out.
    pub versions: Vec<u16>,
    /// Whether it carries an Encrypted Client Hello: then `server_name` may stand for another name. Clients
    /// also send made-up ones (RFC 9849 §6.2), which nobody but the server can tell from real ones.
    pub ech: bool,
    /// Whether everything was there; otherwise what is missing here may still come.
    pub complete: bool,
}

/// Reads a `ClientHello` from the start of a TCP stream: records are joined, however they cut it.
///
/// # Errors
///
/// As [`client_hello`]; also [`Error::Unsupported`] when the stream does not begin with a TLS record.
pub fn hello_in_records(stream: &[u8]) -> Result<ClientHello> {
    let (handshake, cut) = joined(stream)?;
    match client_hello(&handshake) {
        // The records went on to something else in the middle of the message.
        Err(Error::Truncated) => Err(cut),
        other => other,
    }
}

/// The handshake bytes in the records at the start of `stream`, and why they end where they end.
fn joined(stream: &[u8]) -> Result<(Cow<'_, [u8]>, Error)> {
    let mut records = Cursor::new(stream);
    let mut handshake = Cow::Borrowed([].as_slice());
    let mut is_first = true;
    while !records.is_empty() && handshake.len() < MAX_HELLO {
        if records.u8()? != HANDSHAKE {
            return if is_first { Err(Error::Unsupported) } else { Ok((handshake, Error::Malformed)) };
        }
        let Ok([major, _minor]) = records.array::<2>() else { break };
        let Ok(len) = records.u16_be() else { break };
        if major != 3 || len == 0 || MAX_RECORD < len {
            return Err(if is_first { Error::Unsupported } else { Error::Malformed });
        }
        let rest = records.rest();
        let fragment = rest.get(..len.into()).unwrap_or(rest);
        records.bytes(fragment.len())?;
        if handshake.is_empty() {
            handshake = Cow::Borrowed(fragment);
        } else {
            handshake.to_mut().extend_from_slice(fragment);
        }
        is_first = false;
        if is_whole(&handshake) {
            break;
        }
    }
    Ok((handshake, Error::Truncated))
}

/// Whether the first handshake message is all there.
fn is_whole(handshake: &[u8]) -> bool {
    let mut cursor = Cursor::new(handshake);
    let body = cursor.u8().and_then(|_| cursor.u24_be()).map(|len| usize::try_from(len).unwrap_or(MAX_HELLO));
    body.is_ok_and(|len| len <= cursor.rest().len())
}

/// Reads a `ClientHello` (RFC 8446 §4.1.2).
///
/// `handshake` begins at the handshake header: after the record header in TCP, at CRYPTO offset 0 in QUIC. It may
/// be cut short: once the name is whole, what was read is given with `complete` unset.
///
/// # Errors
///
/// - [`Error::Truncated`]: cut before the name. Call again with more.
/// - [`Error::Unsupported`]: not a `ClientHello`. More bytes will not change that.
/// - [`Error::Malformed`]: lengths that contradict each other, or a name that is not printable text.
pub fn client_hello(handshake: &[u8]) -> Result<ClientHello> {
    let mut message = Cursor::new(handshake);
    if message.u8()? != CLIENT_HELLO {
        return Err(Error::Unsupported);
    }
    let len = usize::try_from(message.u24_be()?).map_err(|_| Error::Malformed)?;
    // Of one that is longer than what is looked at, the name may stand in front.
    if MAX_MESSAGE < len {
        return Err(Error::Malformed);
    }
    let rest = message.rest();
    // With all of the message here, whatever runs out inside it contradicts its length.
    let mut body = if len <= rest.len() { message.field(len)? } else { Cursor::new(rest) };
    let mut hello = ClientHello::default();
    match read_body(&mut body, &mut hello) {
        Ok(()) => {
            hello.complete = true;
            Ok(hello)
        }
        Err(Error::Truncated) if hello.server_name.is_some() => Ok(hello),
        Err(err) => Err(err),
    }
}

fn read_body(body: &mut Cursor<'_>, hello: &mut ClientHello) -> Result<()> {
    let legacy_version = body.u16_be()?;
    if legacy_version >> 8 != 3 {
        return Err(Error::Malformed);
    }
    body.bytes(32)?; // random
    body.vec8()?; // legacy_session_id
    body.vec16()?; // cipher_suites
    body.vec8()?; // legacy_compression_methods
    hello.versions.push(legacy_version);
    // Before TLS 1.3 there need not be any (RFC 5246 §7.4.1.2), and only a whole message shows that.
    let mut extensions = *body;
    let len = match extensions.u16_be() {
        Err(Error::Malformed) if body.is_empty() => return Ok(()),
        len => len?,
    };
    let rest = extensions.rest();
    let is_all_here = usize::from(len) <= rest.len();
    if is_all_here {
        extensions = extensions.field(len.into())?;
    }
    while !(is_all_here && extensions.is_empty()) {
        let kind = extensions.u16_be()?;
        read_extension(kind, extensions.vec16()?, hello)?;
    }
    Ok(())
}

fn read_extension(kind: u16, mut body: Cursor<'_>, hello: &mut ClientHello) -> Result<()> {
    match kind {
        SERVER_NAME => hello.server_name = host_name(body)?,
        ALPN => {
            let mut names = body.vec16()?;
            while !names.is_empty() {
                let name = names.vec8()?.rest();
                if hello.alpn.len() < MAX_OFFERS && name.iter().all(u8::is_ascii_graphic) {
                    hello.alpn.push(text(name));
                }
            }
        }
        SUPPORTED_VERSIONS => {
            let mut versions = body.vec8()?;
            hello.versions.clear();
            while !versions.is_empty() {
                let version = versions.u16_be()?;
                if hello.versions.len() < MAX_OFFERS && version & 0x0f0f != 0x0a0a {
                    hello.versions.push(version);
                }
            }
        }
        ENCRYPTED_CLIENT_HELLO => hello.ech = body.u8()? == ECH_OUTER,
        _ => {}
    }
    Ok(())
}

/// The first host name of the list (RFC 6066 §3): there is at most one of each type.
fn host_name(mut body: Cursor<'_>) -> Result<Option<String>> {
    let mut names = body.vec16()?;
    while !names.is_empty() {
        let kind = names.u8()?;
        let name = names.vec16()?.rest();
        if kind != HOST_NAME {
            continue;
        }
        let name = std::str::from_utf8(name).map_err(|_| Error::Malformed)?;
        if name.is_empty() || name.contains(|letter: char| letter.is_control() || letter.is_whitespace()) {
            return Err(Error::Malformed);
        }
        return Ok(Some(name.to_owned()));
    }
    Ok(None)
}

fn text(ascii: &[u8]) -> String {
    ascii.iter().copied().map(char::from).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
pub(crate) mod tests;
