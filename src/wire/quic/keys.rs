//! The keys of a client's Initial packets, and taking the protection off (RFC 9001 §5).

use aes_gcm::aead::AeadInPlace;
use aes_gcm::aes::Aes128;
use aes_gcm::aes::cipher::{BlockEncrypt, KeyInit};
use aes_gcm::{Aes128Gcm, Nonce, Tag};
use hkdf::Hkdf;
use sha2::Sha256;

use super::Version;

/// Bytes of the sample that hides the header, of the authentication tag, and of the longest packet number.
const SAMPLE: usize = 16;
const TAG: usize = 16;
const NUMBER: usize = 4;

/// What opens a client's Initial packets.
pub(super) struct Keys {
    version: Version,
    payload: Aes128Gcm,
    iv: [u8; 12],
    header: Aes128,
}

impl std::fmt::Debug for Keys {
    /// Says for which version they are: they are no secret, but no reading either.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("version", &self.version).finish_non_exhaustive()
    }
}

/// The derived bytes, before they are set up as ciphers.
#[derive(Debug, PartialEq, Eq)]
struct Material {
    key: [u8; 16],
    iv: [u8; 12],
    header: [u8; 16],
}

impl Material {
    /// RFC 9001 §5.1 and §5.2, RFC 9369 §3.3.
    fn of_client(version: Version, connection_id: &[u8]) -> Self {
        let (_, initial) = Hkdf::<Sha256>::extract(Some(salt(version)), connection_id);
        let secret: [u8; 32] = expand(&initial, "client in");
        let client = Hkdf::<Sha256>::from_prk(&secret).unwrap_or(initial);
        let [key, iv, header] = match version {
            Version::Two => ["quicv2 key", "quicv2 iv", "quicv2 hp"],
            _ => ["quic key", "quic iv", "quic hp"],
        };
        Self { key: expand(&client, key), iv: expand(&client, iv), header: expand(&client, header) }
    }
}

impl Keys {
    /// The keys of a client that first sent to `connection_id`.
    pub(super) fn of_client(version: Version, connection_id: &[u8]) -> Self {
        let material = Material::of_client(version, connection_id);
        Self {
            version,
            payload: Aes128Gcm::new(&material.key.into()),
            iv: material.iv,
            header: Aes128::new(&material.header.into()),
        }
    }

    /// The version that they are for.
    pub(super) const fn version(&self) -> Version {
        self.version
    }

    /// The frames in a packet whose number begins at `number_at`; `None` when it is not of these keys.
    pub(super) fn open(&self, packet: &[u8], number_at: usize) -> Option<Vec<u8>> {
        let (header, nonce) = self.header(packet, number_at)?;
        let (payload, tag) = packet.get(header.len()..)?.split_last_chunk::<TAG>()?;
        let mut payload = payload.to_vec();
        let nonce = Nonce::from_slice(&nonce);
        self.payload.decrypt_in_place_detached(nonce, &header, &mut payload, Tag::from_slice(tag)).ok()?;
        Some(payload)
    }

    /// What would be the frames in a packet whose end is missing, if it is of these keys: nothing shows whether it is.
    pub(super) fn peek(&self, packet: &[u8], number_at: usize) -> Option<Vec<u8>> {
        let (header, nonce) = self.header(packet, number_at)?;
        let mut payload = packet.get(header.len()..)?.to_vec();
        // GCM lays the same stream over a text to hide it as to show it (NIST SP 800-38D §7.1, §7.2); the tag means nothing.
        self.payload.encrypt_in_place_detached(Nonce::from_slice(&nonce), &[], &mut payload).ok()?;
        Some(payload)
    }

    /// A packet's header without its protection, and the nonce that it gives.
    fn header(&self, packet: &[u8], number_at: usize) -> Option<(Vec<u8>, [u8; 12])> {
        // The sample begins where the longest number would end (RFC 9001 §5.4.2).
        let sample = packet.get(number_at + NUMBER..)?.first_chunk::<SAMPLE>()?;
        let mut mask = (*sample).into();
        self.header.encrypt_block(&mut mask);
        let [first_mask, number_mask @ ..] = *mask.first_chunk::<5>()?;
        let first = packet.first()? ^ (first_mask & 0x0f);
        let number_len = usize::from(first & 3) + 1;
        let mut header = packet.get(..number_at + number_len)?.to_vec();
        *header.first_mut()? = first;
        let mut number = 0;
        for (byte, mask) in header.iter_mut().skip(number_at).zip(number_mask) {
            *byte ^= mask;
            number = (number << 8) | u64::from(*byte);
        }
        // Initials are the first packets: their numbers are small enough to be sent whole.
        let mut nonce = self.iv;
        for (place, byte) in nonce.iter_mut().skip(4).zip(number.to_be_bytes()) {
            *place ^= byte;
        }
        Some((header, nonce))
    }
}

/// `HKDF-Expand-Label` with no context (RFC 8446 §7.1).
fn expand<const N: usize>(secret: &Hkdf<Sha256>, label: &str) -> [u8; N] {
    let mut out = [0; N];
    let len = u16::try_from(N).unwrap_or_default().to_be_bytes();
    let label_len = u8::try_from("tls13 ".len() + label.len()).unwrap_or_default();
    // It fails for outputs beyond 255 hashes only; the longest here is one hash.
    let parts: [&[u8]; 5] = [&len, &[label_len], b"tls13 ", label.as_bytes(), &[0]];
    secret.expand_multi_info(&parts, &mut out).unwrap_or_default();
    out
}

/// RFC 9001 §5.2, RFC 9369 §3.3.1, §5.2 of draft-ietf-quic-tls-29, -23 and -21; Q050 as Chromium has it.
const fn salt(version: Version) -> &'static [u8; 20] {
    match version {
        Version::Draft21 => {
            b"\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a\x02\x64\x4a"
        }
        Version::Draft23 => {
            b"\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02"
        }
        Version::Draft29 => {
            b"\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99"
        }
        Version::Google50 => {
            b"\x50\x45\x74\xef\xd0\x66\xfe\x2f\x9d\x94\x5c\xfc\xdb\xd3\xa7\xf0\xd3\xb5\x6b\x45"
        }
        Version::One => b"\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a",
        Version::Two => b"\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9",
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
pub(super) mod tests;
