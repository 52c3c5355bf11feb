//! Protocols that begin in clear and go over to TLS: where in what the client sends its `ClientHello` begins.
//!
//! The server's side is not needed: a TLS record begins with a byte that none of these dialogues sends there, so
//! what the client does next shows whether the server agreed.

use super::cursor::Cursor;
use super::{Error, Result};

/// Bytes of a dialogue that are looked at.
pub const MAX_PROLOGUE: usize = 1 << 12;

/// The first byte of a TLS handshake record.
const HANDSHAKE: u8 = 22;

/// A dialogue before TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prologue {
    /// The protocol by the name of its service, where the dialogue is of one only.
    pub service: Option<&'static str>,
    /// What follows.
    pub next: Next,
}

/// Where TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The client's TLS records begin after that many of its bytes.
    Hello(usize),
    /// Not yet: more bytes will tell.
    Later,
    /// It goes on in clear.
    Never,
}

/// Recognises the dialogue at the start of what a client sends: SMTP, LMTP, POP3, IMAP, FTP, NNTP, `ManageSieve`,
/// XMPP, LDAP, `PostgreSQL`, `MySQL`, SQL Server and Remote Desktop.
///
/// # Errors
///
/// - [`Error::Truncated`]: too little to tell. Call again with more.
/// - [`Error::Unsupported`]: none of these.
pub fn prologue(client: &[u8]) -> Result<Prologue> {
    let client = client.get(..MAX_PROLOGUE).unwrap_or(client);
    match client.first() {
        None => Err(Error::Truncated),
        Some(0) => postgresql(client),
        Some(0x20) => mysql(client),
        // Also the digit that an IMAP client may count its commands with.
        Some(0x30) => {
            ldap(client).or_else(|err| if err == Error::Unsupported { lines(client) } else { Err(err) })
        }
        Some(3) => remote_desktop(client),
        Some(0x12) => sql_server(client),
        Some(b'<') => xmpp(client),
        Some(byte) if byte.is_ascii_graphic() => lines(client),
        Some(_) => Err(Error::Unsupported),
    }
}

/// A prologue that TLS should follow after `len` bytes.
fn followed(service: &'static str, client: &[u8], len: usize) -> Prologue {
    let next = match client.get(len) {
        Some(&HANDSHAKE) => Next::Hello(len),
        Some(_) => Next::Never,
        None => Next::Later,
    };
    Prologue { service: Some(service), next }
}

/// `PostgreSQL` "Message Formats": `SSLRequest` and `GSSENCRequest`, each refused or not, before the start-up message.
fn postgresql(client: &[u8]) -> Result<Prologue> {
    const SSL_REQUEST: u32 = 80_877_103;
    const GSS_REQUEST: u32 = 80_877_104;
    const VERSION_3: u32 = 3;
    let mut cursor = Cursor::new(client);
    let mut is_first = true;
    loop {
        let at = client.len() - cursor.rest().len();
        if cursor.is_empty() && !is_first {
            return Ok(Prologue { service: Some("postgresql"), next: Next::Later });
        }
        if cursor.rest().first() == Some(&HANDSHAKE) {
            return Ok(followed("postgresql", client, at));
        }
        let (len, code) = (cursor.u32_be()?, cursor.u32_be()?);
        match (len, code) {
            (8, SSL_REQUEST | GSS_REQUEST) => is_first = false,
            (9.., _) if code >> 16 == VERSION_3 => {
                return Ok(Prologue { service: Some("postgresql"), next: Next::Never });
            }
            _ => return Err(Error::Unsupported),
        }
    }
}

/// `MySQL`'s `Protocol::SSLRequest`: 32 bytes with a number before them, of which the last 23 are zero.
fn mysql(client: &[u8]) -> Result<Prologue> {
    const CLIENT_SSL: u32 = 0x800;
    let mut cursor = Cursor::new(client);
    if cursor.array()? != [0x20, 0, 0, 1] {
        return Err(Error::Unsupported);
    }
    let capabilities = cursor.array().map(u32::from_le_bytes)?;
    cursor.bytes(4 + 1)?; // largest packet, character set
    if capabilities & CLIENT_SSL == 0 || cursor.array()? != [0; 23] {
        return Err(Error::Unsupported);
    }
    Ok(followed("mysql", client, client.len() - cursor.rest().len()))
}

/// LDAP messages (RFC 4511 §4.1.1) up to an extended request for TLS (§4.14.1).
fn ldap(client: &[u8]) -> Result<Prologue> {
    const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
    const EXTENDED_REQUEST: u8 = 0x77;
    let mut message = Cursor::new(client);
    if message.u8()? != 0x30 {
        return Err(Error::Unsupported);
    }
    let len = ber_length(&mut message)?;
    let mut id = message;
    let after = client.len() - message.rest().len() + len;
    if id.u8()? != 2 {
        return Err(Error::Unsupported);
    }
    let id_len = ber_length(&mut id)?;
    id.bytes(id_len)?;
    // The requests of RFC 4511 §4.2 to §4.14, by their tags.
    match id.u8()? {
        EXTENDED_REQUEST => {}
        0x42 | 0x4a | 0x50 | 0x60 | 0x63 | 0x66 | 0x68 | 0x6c | 0x6e => {
            return Ok(Prologue { service: Some("ldap"), next: Next::Never });
        }
        _ => return Err(Error::Unsupported),
    }
    let body = message.bytes(len)?;
    if !body.windows(START_TLS.len()).any(|part| part == START_TLS) {
        return Ok(Prologue { service: Some("ldap"), next: Next::Never });
    }
    Ok(followed("ldap", client, after))
}

/// A definite length (ITU-T X.690 §8.1.3).
fn ber_length(cursor: &mut Cursor<'_>) -> Result<usize> {
    let first = cursor.u8()?;
    if first < 0x80 {
        return Ok(first.into());
    }
    let count = first & 0x7f;
    if count == 0 || count > 4 {
        return Err(Error::Unsupported);
    }
    let len = cursor.bytes(count.into())?.iter().fold(0, |len: usize, &byte| (len << 8) | usize::from(byte));
    if len < MAX_PROLOGUE { Ok(len) } else { Err(Error::Unsupported) }
}

/// Remote Desktop: an X.224 connection request in a TPKT (RFC 2126 §4.3), then TLS.
fn remote_desktop(client: &[u8]) -> Result<Prologue> {
    const CONNECTION_REQUEST: u8 = 0xe0;
    let mut cursor = Cursor::new(client);
    let [_, reserved] = cursor.array::<2>()?;
    let len = cursor.u16_be()?;
    let [_, kind] = cursor.array::<2>()?;
    if reserved != 0 || kind != CONNECTION_REQUEST || len < 7 {
        return Err(Error::Unsupported);
    }
    Ok(followed("ms-wbt-server", client, len.into()))
}

/// SQL Server (MS-TDS §2.2.6.5): TLS records inside further PRELOGIN packets.
fn sql_server(client: &[u8]) -> Result<Prologue> {
    const PRELOGIN: u8 = 0x12;
    let mut cursor = Cursor::new(client);
    let [_, status] = cursor.array::<2>()?;
    let len = cursor.u16_be()?;
    if status != 1 || len <= 8 {
        return Err(Error::Unsupported);
    }
    let (first, header) = (usize::from(len), 8);
    match client.get(first) {
        Some(&PRELOGIN) => Ok(followed("ms-sql-s", client, first + header)),
        Some(_) => Ok(Prologue { service: Some("ms-sql-s"), next: Next::Never }),
        None => Ok(Prologue { service: Some("ms-sql-s"), next: Next::Later }),
    }
}

/// XMPP (RFC 6120 §5.4): a stream header, then a `starttls` element.
fn xmpp(client: &[u8]) -> Result<Prologue> {
    let (text, hello) = clear_text(client);
    let has = |word: &[u8]| text.windows(word.len()).any(|part| part == word);
    let service = if has(b"jabber:server") { "xmpp-server" } else { "xmpp-client" };
    let next = match hello {
        Some(at) if has(b"<starttls") => Next::Hello(at),
        Some(_) => Next::Never,
        None if has(b"<auth") || text.len() == MAX_PROLOGUE => Next::Never,
        None => Next::Later,
    };
    // Any XML begins like this; until the stream's name is there, it may be of another kind.
    if has(b"stream:stream") || has(b"jabber:") {
        Ok(Prologue { service: Some(service), next })
    } else if next == Next::Later {
        Err(Error::Truncated)
    } else {
        Err(Error::Unsupported)
    }
}

/// What precedes the first byte of a TLS record, and where that is.
fn clear_text(client: &[u8]) -> (&[u8], Option<usize>) {
    let hello = client.iter().position(|&byte| byte == HANDSHAKE);
    (hello.and_then(|at| client.get(..at)).unwrap_or(client), hello)
}

/// The protocols whose clients send one command a line.
fn lines(client: &[u8]) -> Result<Prologue> {
    if client.iter().take(MAX_WORD + 1).position(u8::is_ascii_whitespace).is_none() && client.len() > MAX_WORD
    {
        return Err(Error::Unsupported);
    }
    let (text, hello) = clear_text(client);
    if text.iter().any(|&byte| byte < b' ' && !byte.is_ascii_whitespace()) {
        return Err(Error::Unsupported);
    }
    let mut service = None;
    let mut is_asked = false;
    let mut is_known = false;
    let mut at = 0;
    while let Some(len) = text.get(at..).and_then(|rest| rest.iter().position(|&byte| byte == b'\n')) {
        let line = text.get(at..at + len).unwrap_or_default();
        at += len + 1;
        let command = Line::of(line);
        match command {
            Some(command) => {
                is_known = true;
                service = service.or(command.service);
                is_asked = command.asks_for_tls;
            }
            None if is_known => return Ok(Prologue { service, next: Next::Never }),
            None => return Err(Error::Unsupported),
        }
    }
    let next = match hello {
        Some(hello) if is_asked && hello == at => Next::Hello(at),
        Some(_) => Next::Never,
        None if text.len() == MAX_PROLOGUE => Next::Never,
        None => Next::Later,
    };
    match (is_known, next) {
        (true, next) => Ok(Prologue { service, next }),
        (false, Next::Later) if text.len() < MAX_LINE => Err(Error::Truncated),
        (false, _) => Err(Error::Unsupported),
    }
}

/// A first line that is longer than this is no command (RFC 5321 §4.5.3.1.4).
const MAX_LINE: usize = 512;

/// A first word that is longer than this is none: a command has at most 12 letters, and what an IMAP client calls one is a
/// letter and a number (RFC 9051 §2.2.1, which sets no bound). What is none is told by it before all of it is there.
const MAX_WORD: usize = 64;

/// A command that may precede TLS.
#[derive(Clone, Copy)]
struct Line {
    service: Option<&'static str>,
    asks_for_tls: bool,
}

impl Line {
    /// What a line says, if it may be part of a dialogue that TLS follows.
    fn of(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?.to_ascii_uppercase();
        let mut words = line.split_ascii_whitespace();
        let (first, second) = (words.next()?, words.next().unwrap_or_default());
        let service = |service| Some(Self { service: Some(service), asks_for_tls: false });
        match (first, second) {
            ("EHLO" | "HELO", _) => service("smtp"), // RFC 3207
            ("LHLO", _) => service("lmtp"),
            ("CAPA", _) => service("pop3"), // RFC 2595 §4
            ("STLS", _) => Some(Self { service: Some("pop3"), asks_for_tls: true }),
            ("CAPABILITIES", _) | ("MODE", "READER") => service("nntp"), // RFC 4642
            ("CAPABILITY", "") => service("sieve"),                      // RFC 5804 §2.2
            ("AUTH", "TLS" | "SSL" | "TLS-C" | "TLS-P") => {
                Some(Self { service: Some("ftp"), asks_for_tls: true }) // RFC 4217 §4
            }
            ("FEAT" | "SYST" | "CLNT" | "OPTS" | "HOST", _) => service("ftp"),
            ("STARTTLS", "") => Some(Self { service: None, asks_for_tls: true }),
            ("NOOP" | "RSET" | "HELP", _) => Some(Self { service: None, asks_for_tls: false }),
            // IMAP puts a name before each command (RFC 9051 §2.2.1, §6.2.1).
            (_, "STARTTLS") => Some(Self { service: Some("imap"), asks_for_tls: true }),
            (_, "CAPABILITY" | "ID" | "NOOP") => service("imap"),
            _ => None,
        }
    }
}

#[cfg(test)]
#[expect(clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]
mod tests;
