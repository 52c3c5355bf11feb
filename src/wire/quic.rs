//! The `ClientHello` of QUIC, from a client's Initial packets: RFC 9000, RFC 9001, version 2 (RFC 9369) and drafts.
//!
//! Initial packets are encrypted, but under keys that follow from a connection id in them (RFC 9001 §5.2): everyone
//! on the way can read them. The hello comes in CRYPTO frames, in any order and over several packets.

mod google;
mod keys;

use keys::Keys;

use super::cursor::Cursor;
use super::greeting::{CLIENT_HELLO, QuicVersion as Version};
use super::tls::{self, ClientHello};
use super::{Error, Result};

/// Bytes of the handshake that are gathered.
pub const MAX_CRYPTO: usize = 1 << 14;

/// Packets of one datagram that are looked at.
pub const MAX_COALESCED: usize = 8;

/// Bytes of a connection id in the versions that are read (RFC 9000 §17.2).
const MAX_CONNECTION_ID: usize = 20;

/// What is gathered from one client's Initial packets.
#[derive(Debug, Default)]
pub struct Initials {
    /// The connection id that the first keys were made from; a Retry or another version makes new ones.
    original: Option<Vec<u8>>,
    keys: Option<Keys>,
    crypto: Crypto,
}

impl Initials {
    /// Takes in a datagram.
    ///
    /// # Errors
    ///
    /// - [`Error::Truncated`]: QUIC, but the name has not come yet. Call again with the next datagram.
    /// - [`Error::Unsupported`]: not QUIC.
    /// - [`Error::Malformed`]: a client's packet with contents that cannot be.
    pub fn datagram(&mut self, datagram: &[u8]) -> Result<ClientHello> {
        if let Some(hello) = google::hello_in_clear(datagram) {
            return Ok(hello);
        }
        let mut rest = datagram;
        let mut is_first = true;
        for _ in 0..MAX_COALESCED {
            let packet = match packet(rest) {
                Ok(packet) => packet,
                Err(err) if is_first => return Err(err),
                Err(_) => break,
            };
            is_first = false;
            rest = packet.rest;
            if let Kind::Initial { version, number_at } = packet.kind {
                self.initial(version, &packet, number_at)?;
            }
        }
        let message = self.crypto.prefix();
        google::hello(message).map_or_else(|| tls::client_hello(message), Ok)
    }

    /// Whether a packet could be decrypted: then it is QUIC beyond doubt.
    #[must_use]
    pub const fn is_quic(&self) -> bool {
        self.keys.is_some()
    }

    /// Decrypts an Initial packet and takes its CRYPTO frames; one that cannot be decrypted is the server's, or noise.
    fn initial(&mut self, version: Version, packet: &Packet<'_>, number_at: usize) -> Result<()> {
        if packet.is_cut {
            self.cut_initial(version, packet, number_at);
            return Ok(());
        }
        if let Some(keys) = self.keys.as_ref().filter(|keys| keys.version() == version)
            && let Some(payload) = keys.open(packet.bytes, number_at)
        {
            return self.crypto.frames(&payload);
        }
        // Another version after negotiation keeps the first id (RFC 9368 §4); after a Retry, and in another
        // connection between the same ends, it is the packet's own (RFC 9001 §5.2).
        let own = packet.destination_id;
        let original = self.original.clone();
        for id in original.as_deref().filter(|id| *id != own).into_iter().chain([own]) {
            if let Some((keys, payload)) = unlock(version, id, packet.bytes, number_at) {
                if original.as_deref() != Some(id) {
                    self.crypto = Crypto::default();
                    self.original = Some(id.to_vec());
                }
                self.keys = Some(keys);
                return self.crypto.frames(&payload);
            }
        }
        Ok(())
    }

    /// Takes what a capture has left of an Initial packet. Its tag is gone, so nothing proves whose it is: only a
    /// `ClientHello` from its first byte on is taken.
    fn cut_initial(&mut self, version: Version, packet: &Packet<'_>, number_at: usize) {
        let keys = Keys::of_client(version, packet.destination_id);
        let Some(payload) = keys.peek(packet.bytes, number_at) else { return };
        let mut crypto = Crypto::default();
        // What follows the cut is missing, and not an error.
        let _ = crypto.frames(&payload);
        if matches!(crypto.prefix(), [CLIENT_HELLO, 0, ..])
            && self.crypto.prefix().len() < crypto.prefix().len()
        {
            self.crypto = crypto;
            self.original = Some(packet.destination_id.to_vec());
            self.keys = Some(keys);
        }
    }
}

/// The keys that `id` gives and what they open, if they do.
fn unlock(version: Version, id: &[u8], packet: &[u8], number_at: usize) -> Option<(Keys, Vec<u8>)> {
    let keys = Keys::of_client(version, id);
    let payload = keys.open(packet, number_at)?;
    Some((keys, payload))
}

/// One packet of a datagram.
#[derive(Debug)]
struct Packet<'a> {
    kind: Kind,
    destination_id: &'a [u8],
    /// From its first byte to the end of its payload.
    bytes: &'a [u8],
    /// The packets behind it.
    rest: &'a [u8],
    /// Whether it should go on behind the datagram's end: the capture has cut it.
    is_cut: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// With the place of its packet number.
    Initial { version: Version, number_at: usize },
    /// 0-RTT and Handshake packets, Retry, version negotiation and unknown versions: more may come.
    Other,
}

/// Reads the header of a packet (RFC 9000 §17.2, RFC 8999 §5.1).
fn packet(datagram: &[u8]) -> Result<Packet<'_>> {
    const LONG_HEADER: u8 = 0x80;
    let mut cursor = Cursor::new(datagram);
    let unsupported = |_| Error::Unsupported;
    let first = cursor.u8().map_err(unsupported)?;
    if first & LONG_HEADER == 0 {
        return Err(Error::Unsupported);
    }
    let number = cursor.u32_be().map_err(unsupported)?;
    let destination_id = cursor.vec8().map_err(unsupported)?.rest();
    let source_id = cursor.vec8().map_err(unsupported)?.rest();
    let whole = Packet { kind: Kind::Other, destination_id, bytes: datagram, rest: &[], is_cut: false };
    let Some(version) = Version::of(number) else { return Ok(whole) };
    if destination_id.len() > MAX_CONNECTION_ID || source_id.len() > MAX_CONNECTION_ID {
        return Err(Error::Unsupported);
    }
    let kind = version.kind(first);
    if kind == 3 {
        return Ok(whole); // Retry has no length
    }
    if kind == 0 {
        let token = varint(&mut cursor).map_err(unsupported)?;
        cursor.bytes(token).map_err(unsupported)?;
    }
    let len = varint(&mut cursor).map_err(unsupported)?;
    let number_at = datagram.len() - cursor.rest().len();
    let is_cut = cursor.rest().len() < len;
    if is_cut && kind != 0 {
        return Err(Error::Unsupported);
    }
    let (bytes, rest) = datagram.split_at_checked(number_at.saturating_add(len)).unwrap_or((datagram, &[]));
    let kind = if kind == 0 { Kind::Initial { version, number_at } } else { Kind::Other };
    Ok(Packet { kind, destination_id, bytes, rest, is_cut })
}

/// A number that says its own length (RFC 9000 §16).
fn varint(cursor: &mut Cursor<'_>) -> Result<usize> {
    let first = cursor.u8()?;
    let more = (1_usize << (first >> 6)) - 1;
    let bytes = cursor.bytes(more)?;
    let number = bytes.iter().fold(u64::from(first & 0x3f), |number, &byte| number << 8 | u64::from(byte));
    usize::try_from(number).map_err(|_| Error::Malformed)
}

/// The bytes of CRYPTO frames, by their offsets.
#[derive(Debug, Default)]
struct Crypto {
    bytes: Vec<u8>,
    present: Vec<bool>,
}

impl Crypto {
    /// Takes the CRYPTO frames out of an Initial packet's payload (RFC 9000 §12.4 says which others may be there).
    fn frames(&mut self, payload: &[u8]) -> Result<()> {
        const PADDING: u8 = 0;
        const PING: u8 = 1;
        const ACK: u8 = 2;
        const ACK_ECN: u8 = 3;
        const CRYPTO: u8 = 6;
        const CONNECTION_CLOSE: u8 = 0x1c;
        let mut whole = Cursor::new(payload);
        let mut frames = whole.field(payload.len())?;
        while !frames.is_empty() {
            match frames.u8()? {
                PADDING | PING => {}
                kind @ (ACK | ACK_ECN) => skip_ack(&mut frames, kind == ACK_ECN)?,
                CRYPTO => {
                    let offset = varint(&mut frames)?;
                    let len = varint(&mut frames)?;
                    let rest = frames.rest();
                    self.put(offset, rest.get(..len).unwrap_or(rest));
                    frames.bytes(len)?;
                }
                CONNECTION_CLOSE => return Ok(()),
                _ => return Err(Error::Malformed),
            }
        }
        Ok(())
    }

    fn put(&mut self, offset: usize, bytes: &[u8]) {
        let Some(end) = offset.checked_add(bytes.len()).filter(|end| *end <= MAX_CRYPTO) else { return };
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
            self.present.resize(end, false);
        }
        let places = self.bytes.iter_mut().zip(&mut self.present).skip(offset);
        for ((place, present), &byte) in places.zip(bytes) {
            *place = byte;
            *present = true;
        }
    }

    /// The bytes that are there without a break from the first on.
    fn prefix(&self) -> &[u8] {
        let len = self.present.iter().position(|present| !present).unwrap_or(self.present.len());
        self.bytes.get(..len).unwrap_or_default()
    }
}

/// Steps over an acknowledgement (RFC 9000 §19.3).
fn skip_ack(frames: &mut Cursor<'_>, with_ecn: bool) -> Result<()> {
    varint(frames)?; // largest
    varint(frames)?; // delay
    let ranges = varint(frames)?;
    varint(frames)?; // first range
    // Each takes a byte at least, so that the payload's end bounds the loop.
    let numbers = ranges.saturating_mul(2).saturating_add(if with_ecn { 3 } else { 0 });
    for _ in 0..numbers {
        varint(frames)?;
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
pub(crate) mod tests;
