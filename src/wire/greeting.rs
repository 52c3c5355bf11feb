//! How TLS, DTLS and QUIC begin, told by the fixed bytes of their headers: which payloads are worth passing on.
//!
//! This is all that the privileged helper knows of them. What they say is read in the app (`tls`, `quic`).

/// TLS content type `handshake` (RFC 8446 §5.1).
pub(super) const HANDSHAKE: u8 = 22;
/// TLS handshake type `client_hello` (RFC 8446 §4).
pub(super) const CLIENT_HELLO: u8 = 1;
/// Bytes that a TLS record may have: 2^14, and what TLS 1.2 allows for encryption (RFC 5246 §6.2.3).
pub(super) const MAX_RECORD: u16 = (1 << 14) + 2048;

/// Whether a TCP segment begins with a `ClientHello`, by the fixed part of its headers: a handshake record of any
/// version (RFC 8446 §5.1), and in it as much as there is of that message's type, length below 2^16 and version (§4.1.2).
#[must_use]
pub fn begins_hello(segment: &[u8]) -> bool {
    let [HANDSHAKE, 3, 0..=4, high, low, CLIENT_HELLO, message @ ..] = segment else { return false };
    let len = u16::from_be_bytes([*high, *low]);
    let message = message.get(..usize::from(len.saturating_sub(1))).unwrap_or(message);
    let fits = match message {
        [] => true,
        [first, _, _, 3, minor, ..] => *first == 0 && *minor <= 4,
        [first, _, _, major, ..] => *first == 0 && *major == 3,
        [first, ..] => *first == 0,
    };
    0 < len && len <= MAX_RECORD && fits
}

/// Bytes from the start of a segment that [`begins_hello`] to the end of that message; `None` when its length is
/// not there yet, or when records cut it.
#[must_use]
pub fn hello_len(segment: &[u8]) -> Option<usize> {
    let [_, _, _, high, low, _, size @ ..] = segment else { return None };
    let record = usize::from(u16::from_be_bytes([*high, *low]));
    let &[a, b, c, ..] = size else { return None };
    let message = 4 + usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()?;
    (message <= record).then_some(5 + message)
}

/// A version of QUIC whose Initial packets can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QuicVersion {
    /// Drafts 21 and 22.
    Draft21,
    /// Drafts 23 to 28.
    Draft23,
    /// Drafts 29 to 32.
    Draft29,
    /// Google's Q050.
    Google50,
    /// Version 1 (RFC 9000), and drafts 33 and 34, which are the same here.
    One,
    /// Version 2 (RFC 9369).
    Two,
}

impl QuicVersion {
    /// By the number in the header (IANA "QUIC Versions"; drafts are 0xff0000xx, those of mvfst 0xfaceb0xx).
    pub(super) const fn of(number: u32) -> Option<Self> {
        match number {
            0xff00_0015 | 0xff00_0016 | 0xface_b001 => Some(Self::Draft21),
            0xff00_0017..=0xff00_001c | 0xface_b002 | 0xface_b00e => Some(Self::Draft23),
            0xff00_001d..=0xff00_0020 => Some(Self::Draft29),
            1 | 0xff00_0021 | 0xff00_0022 => Some(Self::One),
            0x6b33_43cf => Some(Self::Two),
            0x5130_3530 => Some(Self::Google50),
            _ => None,
        }
    }

    /// The kind of a packet with this first byte: 0 Initial, 1 0-RTT, 2 Handshake, 3 Retry. RFC 9369 §3.2 counts from
    /// another one.
    pub(super) const fn kind(self, first: u8) -> u8 {
        let turn = if matches!(self, Self::Two) { 3 } else { 0 };
        ((first >> 4) + turn) & 3
    }
}

/// Whether a datagram begins with the header of an Initial packet (RFC 9000 §17.2, RFC 9369 §3.2) of a version that
/// is read. Both ends send them.
#[must_use]
pub fn is_initial(datagram: &[u8]) -> bool {
    const LONG_AND_FIXED: u8 = 0xc0;
    let [first, a, b, c, d, ..] = *datagram else { return false };
    first & LONG_AND_FIXED == LONG_AND_FIXED
        && QuicVersion::of(u32::from_be_bytes([a, b, c, d])).is_some_and(|version| version.kind(first) == 0)
}

/// Whether a datagram begins with a handshake record of DTLS that is not encrypted (RFC 6347 §4.1, RFC 9147 §4): of any
/// version, and of epoch 0. Both ends send them.
#[must_use]
pub fn is_handshake(datagram: &[u8]) -> bool {
    matches!(datagram, [HANDSHAKE, 0xfe, 0xfd | 0xff, 0, 0, ..])
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "a test may panic")]
mod tests;
