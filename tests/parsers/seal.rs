//! Protects frames as a QUIC client does, so that the fuzzer gets behind the encryption (RFC 9001 §5).

use aes_gcm::aead::AeadInPlace;
use aes_gcm::aes::Aes128;
use aes_gcm::aes::cipher::{BlockEncrypt, KeyInit};
use aes_gcm::{Aes128Gcm, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;

/// Of QUIC version 1 (RFC 9001 §5.2).
const SALT: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc,
    0xbb, 0x7f, 0x0a,
];
const ID: [u8; 8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];

/// An Initial packet of version 1 with these frames and this packet number. The frames are padded to 20 bytes.
pub(crate) fn initial(number: u8, frames: &[u8]) -> Vec<u8> {
    let mut payload = frames.to_vec();
    payload.resize(payload.len().max(20), 0);
    let len = u16::try_from(payload.len() + 16 + 1).expect("a datagram") | 0x4000;
    let mut packet = [&[0xc0, 0, 0, 0, 1, 8], &ID[..], &[0, 0], &len.to_be_bytes(), &[number]].concat();
    let number_at = packet.len() - 1;
    let (_, initial) = Hkdf::<Sha256>::extract(Some(&SALT), &ID);
    let client = Hkdf::<Sha256>::from_prk(&expand::<32>(&initial, "client in")).expect("long enough");
    let mut nonce = expand::<12>(&client, "quic iv");
    nonce[11] ^= number;
    let tag = Aes128Gcm::new(&expand::<16>(&client, "quic key").into())
        .encrypt_in_place_detached(Nonce::from_slice(&nonce), &packet, &mut payload)
        .expect("short enough");
    packet.extend(payload);
    packet.extend(tag);
    let sample: [u8; 16] = packet[number_at + 4..][..16].try_into().expect("padded");
    let mut mask = sample.into();
    Aes128::new(&expand::<16>(&client, "quic hp").into()).encrypt_block(&mut mask);
    packet[0] ^= mask[0] & 0x0f;
    packet[number_at] ^= mask[1];
    packet
}

/// `HKDF-Expand-Label` with no context (RFC 8446 §7.1).
fn expand<const N: usize>(secret: &Hkdf<Sha256>, label: &str) -> [u8; N] {
    let mut out = [0; N];
    let lengths = [0, u8::try_from(N).expect("short"), u8::try_from(6 + label.len()).expect("short")];
    secret.expand_multi_info(&[&lengths, b"tls13 ", label.as_bytes(), &[0]], &mut out).expect("short");
    out
}
