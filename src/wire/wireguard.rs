//! Whether a datagram is `WireGuard`'s: four kinds of message with fixed beginnings and lengths.
//!
//! Layout: "`WireGuard`: Next Generation Kernel Network Tunnel" §5.4, and `drivers/net/wireguard/messages.h` in Linux.
//! Only the outermost fields are looked at; the rest is secret.

/// A handshake's first message: its type and its length in bytes (§5.4.2).
const INITIATION: (u8, usize) = (1, 148);
/// The answer (§5.4.3).
const RESPONSE: (u8, usize) = (2, 92);
/// "Ask again with this cookie" (§5.4.7).
const COOKIE: (u8, usize) = (3, 64);
/// A packet: header of 16 bytes, contents padded to 16, and their tag of 16 (§5.4.6).
const DATA: (u8, usize) = (4, 32);

/// Whether a whole UDP payload has the form of a `WireGuard` message.
#[must_use]
pub fn is_message(datagram: &[u8]) -> bool {
    let Some((&[kind, 0, 0, 0], _)) = datagram.split_first_chunk::<4>() else { return false };
    let len = datagram.len();
    [INITIATION, RESPONSE, COOKIE].contains(&(kind, len))
        || (kind == DATA.0 && DATA.1 <= len && len.is_multiple_of(16))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(kind: u8, len: usize) -> Vec<u8> {
        let mut bytes = vec![0xa5; len];
        for (byte, value) in bytes.iter_mut().zip([kind, 0, 0, 0]) {
            *byte = value;
        }
        bytes
    }

    #[test]
    fn the_four_messages_are_told_from_others() {
        #[rustfmt::skip]
        let cases = [
            (1, 148, true), (2, 92, true), (3, 64, true), (4, 32, true), (4, 1_456, true),
            (1, 147, false), (2, 148, false), (4, 16, false), (4, 40, false), (5, 148, false), (0, 32, false), (4, 3, false),
        ];
        for (kind, len, expected) in cases {
            assert_eq!(is_message(&message(kind, len)), expected, "type {kind} of {len} bytes");
        }
        let mut reserved = message(1, 148);
        if let Some(byte) = reserved.get_mut(3) {
            *byte = 1;
        }
        assert!(!is_message(&reserved), "the reserved bytes are zero");
    }

    #[test]
    fn a_cut_handshake_is_none() {
        let whole = message(1, 148);
        for len in 0..whole.len() {
            assert!(!whole.get(..len).is_some_and(is_message), "{len} bytes");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = is_message(&bytes);
        }
    }
}
