//! What it costs to find a flow's name: in a DNS answer, in a TLS greeting, in a QUIC Initial; each beside its floor.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark may panic")]

#[path = "support/greetings.rs"]
mod greetings;

use std::hint::black_box;

use aes_gcm::aead::AeadInPlace;
use aes_gcm::aes::cipher::KeyInit;
use aes_gcm::{Aes128Gcm, Nonce};
use crow::wire::quic::Initials;
use crow::wire::{dns, tls};
use divan::Bencher;

const HOST: &str = "edge-17.static.example.com";

fn main() {
    divan::main();
}

#[divan::bench]
fn dns_answer(bencher: Bencher<'_, '_>) {
    let answer = greetings::dns_answer(&greetings::dns_question(HOST, 7), [192, 0, 2, 7]);
    assert_eq!(dns::answers(&answer).unwrap().answers[0].name, HOST);
    bencher.bench_local(|| dns::answers(black_box(&answer)).unwrap().answers.len());
}

/// The floor of [`dns_answer`]: the library's whole reading, nothing taken from it.
#[divan::bench]
fn floor_dns(bencher: Bencher<'_, '_>) {
    let answer = greetings::dns_answer(&greetings::dns_question(HOST, 7), [192, 0, 2, 7]);
    bencher.bench_local(|| hickory_proto::op::Message::from_vec(black_box(&answer)).unwrap().answers.len());
}

#[divan::bench]
fn tls_greeting(bencher: Bencher<'_, '_>) {
    let greeting = greetings::tls_greeting(HOST);
    assert_eq!(tls::hello_in_records(&greeting).unwrap().server_name.as_deref(), Some(HOST));
    bencher.bench_local(|| tls::hello_in_records(black_box(&greeting)).unwrap().server_name);
}

/// The floor of [`tls_greeting`]: one pass over its bytes into memory of their own.
#[divan::bench]
fn floor_tls_copy(bencher: Bencher<'_, '_>) {
    let greeting = greetings::tls_greeting(HOST);
    bencher.bench_local(|| black_box(&greeting).clone());
}

#[divan::bench]
fn quic_greeting(bencher: Bencher<'_, '_>) {
    let initial = greetings::quic_greeting(HOST, *b"crowcrow");
    assert_eq!(Initials::default().datagram(&initial).unwrap().server_name.as_deref(), Some(HOST));
    bencher.bench_local(|| Initials::default().datagram(black_box(&initial)).unwrap().server_name);
}

/// The floor of [`quic_greeting`]: the cipher over as many bytes.
#[divan::bench]
fn floor_quic_cipher(bencher: Bencher<'_, '_>) {
    let cipher = Aes128Gcm::new(&[7; 16].into());
    let mut payload = vec![0; 1162];
    bencher.bench_local(|| {
        cipher
            .encrypt_in_place_detached(Nonce::from_slice(&[1; 12]), &[0; 22], black_box(&mut payload))
            .unwrap()
    });
}
