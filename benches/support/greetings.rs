//! What programs say in the open at the start: DNS answers, TLS greetings, and those greetings in a QUIC Initial.

use aes_gcm::aead::AeadInPlace;
use aes_gcm::aes::Aes128;
use aes_gcm::aes::cipher::{BlockEncrypt, KeyInit};
use aes_gcm::{Aes128Gcm, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;

/// A length of two bytes, and what it is the length of.
fn vec16(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &vec16(body)].concat()
}

/// A `ClientHello` for `name` (RFC 8446 §4.1.2) as large as that of a browser without post-quantum keys.
pub(crate) fn client_hello(name: &str) -> Vec<u8> {
    let server_name = vec16(&[&[0][..], &vec16(name.as_bytes())].concat());
    let key_share = vec16(&[&29_u16.to_be_bytes()[..], &vec16(&[7; 32])].concat());
    let extensions = [
        extension(10, &vec16(&[0, 29, 0, 23])),
        extension(51, &key_share),
        extension(43, &[2, 3, 4]),
        extension(16, &vec16(b"\x02h2\x08http/1.1")),
        extension(0, &server_name),
        extension(21, &[0; 180]),
    ]
    .concat();
    let mut body = vec![3, 3];
    body.extend([9; 32]);
    body.push(0);
    body.extend(vec16(&[0x13, 0x01, 0x13, 0x02, 0x13, 0x03]));
    body.extend([1, 0]);
    body.extend(vec16(&extensions));
    let [_, high, middle, low] = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[1, high, middle, low][..], &body].concat()
}

/// The same in a TLS record, as it begins a TCP stream.
pub(crate) fn tls_greeting(name: &str) -> Vec<u8> {
    [&[22, 3, 1][..], &vec16(&client_hello(name))].concat()
}

/// The same in a QUIC version 1 Initial packet of 1200 bytes (RFC 9000 §17.2.2, RFC 9001 §5).
pub(crate) fn quic_greeting(name: &str, connection_id: [u8; 8]) -> Vec<u8> {
    let hello = client_hello(name);
    let crypto_len = 0x4000 | u16::try_from(hello.len()).unwrap();
    let mut payload = [&[6, 0][..], &crypto_len.to_be_bytes(), &hello].concat();
    // The header is 22 bytes and the tag 16.
    payload.resize(1200 - 22 - 16, 0);
    let mut header = vec![0xc3, 0, 0, 0, 1, 8];
    header.extend(connection_id);
    header.extend([0, 0]);
    header.extend((0x4000 | u16::try_from(4 + payload.len() + 16).unwrap()).to_be_bytes());
    header.extend([0, 0, 0, 0]);
    let salt = b"\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a";
    let (_, initial) = Hkdf::<Sha256>::extract(Some(salt), &connection_id);
    let client = Hkdf::<Sha256>::from_prk(&expand::<32>(&initial, "client in")).unwrap();
    // Packet number 0 leaves the nonce as it is.
    let nonce: [u8; 12] = expand(&client, "quic iv");
    let cipher = Aes128Gcm::new(&expand::<16>(&client, "quic key").into());
    let tag = cipher.encrypt_in_place_detached(Nonce::from_slice(&nonce), &header, &mut payload).unwrap();
    let mut packet = [&header[..], &payload, &tag].concat();
    let mut mask = <[u8; 16]>::try_from(&packet[22..38]).unwrap().into();
    Aes128::new(&expand::<16>(&client, "quic hp").into()).encrypt_block(&mut mask);
    packet[0] ^= mask[0] & 0x0f;
    for (place, mask) in packet[18..22].iter_mut().zip(&mask[1..]) {
        *place ^= mask;
    }
    packet
}

/// `HKDF-Expand-Label` with no context (RFC 8446 §7.1).
fn expand<const N: usize>(secret: &Hkdf<Sha256>, label: &str) -> [u8; N] {
    let mut out = [0; N];
    let label = format!("tls13 {label}");
    let length = u8::try_from(N).unwrap();
    let label_length = u8::try_from(label.len()).unwrap();
    secret.expand_multi_info(&[&[0, length, label_length], label.as_bytes(), &[0]], &mut out).unwrap();
    out
}

/// A question for the IPv4 address of `name` (RFC 1035 §4.1).
pub(crate) fn dns_question(name: &str, id: u16) -> Vec<u8> {
    let mut message = id.to_be_bytes().to_vec();
    message.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.split('.') {
        message.push(u8::try_from(label.len()).unwrap());
        message.extend(label.as_bytes());
    }
    message.extend([0, 0, 1, 0, 1]);
    message
}

/// The answer to a question made by [`dns_question`].
pub(crate) fn dns_answer(question: &[u8], address: [u8; 4]) -> Vec<u8> {
    let mut message = question.to_vec();
    message[2..4].copy_from_slice(&[0x81, 0x80]);
    message[7] = 1;
    message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4]);
    message.extend(address);
    message
}
