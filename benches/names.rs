//! What a name costs: a DNS answer, a hello in TLS, a hello in QUIC, from the bytes as they come, once a flow.

use crow::aggregate::names::{Finders, Piece, Place, read_answers};
use crow::event::{Direction, FlowId};
use crow::wire::{LinkType, frame, quic, tls};
use divan::Bencher;

/// Frames of invented clients; `tests/fixtures/README.md` says which.
const RECORDING: &[u8] = include_bytes!("../tests/fixtures/names/odd.pcap");

fn main() {
    divan::main();
}

/// The payloads in the recording, whose file and record headers have 24 and 16 bytes.
fn payloads() -> Vec<Vec<u8>> {
    let mut rest = RECORDING.get(24..).unwrap_or_default();
    let mut payloads = Vec::new();
    while let Some((header, body)) = rest.split_first_chunk::<16>() {
        let [_, _, _, _, _, _, _, _, a, b, c, d, ..] = *header;
        let len = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        let Some((bytes, behind)) = body.split_at_checked(len) else { break };
        let wire_len = u32::try_from(len).unwrap_or(u32::MAX);
        if let Ok(packet) = frame::decode(LinkType::ETHERNET, bytes, wire_len) {
            payloads.push(packet.transport.payload.to_vec());
        }
        rest = behind;
    }
    payloads
}

fn first(is_wanted: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    payloads().into_iter().find(|payload| is_wanted(payload)).unwrap_or_default()
}

/// A whole hello in one segment, from its bytes to its name.
#[divan::bench]
fn tls(bencher: Bencher<'_, '_>) {
    let hello = first(|payload| tls::begins_hello(payload) && tls::hello_len(payload) == Some(payload.len()));
    let place = Place { flow: FlowId(1), opener: Some(Direction::Out), is_dns: false };
    bencher.bench(|| {
        let mut finders = Finders::default();
        let found = finders.opening(place, &Piece { direction: Direction::Out, offset: 0, bytes: &hello });
        assert!(found.is_some_and(|found| found.reading.name.is_some()));
    });
}

/// A whole hello in one Initial packet: keys, decryption, name.
#[divan::bench]
fn quic(bencher: Bencher<'_, '_>) {
    let datagram = first(|payload| {
        quic::is_initial(payload) && Finders::default().datagram(FlowId(1), payload).name.is_some()
    });
    bencher.bench(|| {
        let reading = Finders::default().datagram(FlowId(1), divan::black_box(&datagram));
        assert!(reading.name.is_some());
    });
}

/// An answer with an alias and two addresses.
#[divan::bench]
fn dns(bencher: Bencher<'_, '_>) {
    const ANSWER: &[u8] = b"\x12\x34\x81\x80\0\x01\0\x03\0\0\0\0\
        \x03www\x04crow\x04test\0\0\x01\0\x01\
        \xc0\x0c\0\x05\0\x01\0\0\0\x3c\0\x06\x03cdn\xc0\x10\
        \xc0\x2b\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01\
        \xc0\x2b\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x02";
    bencher.bench(|| assert_eq!(read_answers(divan::black_box(ANSWER)).len(), 2));
}
