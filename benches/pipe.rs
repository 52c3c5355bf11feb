//! The pipe: what a tick's events cost to encode and to decode, and how long they are; beside it, bare postcard.
//!
//! Each figure is one tick in which every one of the flows moved something: divide by the flows.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark may panic, and prints its result")]

#[path = "support/busy.rs"]
#[expect(dead_code, reason = "shared with the other benchmarks")]
mod busy;

use std::hint::black_box;

use busy::Busy;
use crow::event::{Delta, Event};
use crow::helper::protocol::{Decoder, Encoder, ToApp};
use divan::Bencher;
use divan::counter::ItemsCount;

const FLOWS: [u32; 3] = [100, 8_000, 100_000];

fn main() {
    println!("bytes a touched flow through the pipe, by flows: steady, and with 200 000 packets a second");
    for flows in FLOWS {
        let [steady, flood] = [1, 10_000].map(|packets| length(&tick(flows, packets)));
        println!("{flows}: {:.1}, {:.1}", steady / f64::from(flows), flood / f64::from(flows));
    }
    divan::main();
}

/// The events of one tick: deltas of 8192 flows at most in each, as the meter tells them.
fn tick(flows: u32, packets: u32) -> Vec<Event> {
    let busy = Busy::new(flows);
    let Event::Deltas { time, mut deltas } = busy.deltas(flows) else { return Vec::new() };
    for delta in &mut deltas {
        // The meter's flow ids: a serial number above 20 bits of slot.
        delta.flow.0 = (delta.flow.0 + 1) << 20 | delta.flow.0;
        delta.rx_packets *= packets;
        delta.rx_bytes *= u64::from(packets);
    }
    deltas.chunks(8192).map(|deltas| Event::Deltas { time, deltas: deltas.to_vec() }).collect()
}

fn length(events: &[Event]) -> f64 {
    let mut encoder = Encoder::default();
    encoder.events(events).unwrap();
    encoder.unsent().len() as f64
}

#[divan::bench(args = FLOWS, sample_count = 30)]
fn encode(bencher: Bencher<'_, '_>, flows: u32) {
    let events = tick(flows, 1);
    let mut encoder = Encoder::default();
    bencher.counter(ItemsCount::new(flows)).bench_local(|| {
        encoder.events(black_box(&events)).unwrap();
        let count = encoder.unsent().len();
        encoder.sent(count);
        count
    });
}

/// Fed as the app reads it: at most 64 kB at a time.
#[divan::bench(args = FLOWS, sample_count = 30)]
fn decode(bencher: Bencher<'_, '_>, flows: u32) {
    let mut encoder = Encoder::default();
    encoder.events(&tick(flows, 1)).unwrap();
    let bytes = encoder.unsent();
    bencher.counter(ItemsCount::new(flows)).bench_local(|| {
        let mut decoder = Decoder::default();
        for part in bytes.chunks(65_536) {
            decoder.feed(part);
            while let Some(message) = decoder.message::<ToApp>().unwrap() {
                black_box(message);
            }
        }
    });
}

/// The floor of [`encode`].
#[divan::bench(args = FLOWS, sample_count = 30)]
fn floor_postcard_encode(bencher: Bencher<'_, '_>, flows: u32) {
    let events = tick(flows, 1);
    let mut bytes = Vec::new();
    bencher.counter(ItemsCount::new(flows)).bench_local(|| {
        bytes.clear();
        for event in &events {
            let Event::Deltas { deltas, .. } = event else { continue };
            bytes = postcard::to_extend(black_box(deltas), std::mem::take(&mut bytes)).unwrap();
        }
        bytes.len()
    });
}

/// The floor of [`decode`].
#[divan::bench(args = FLOWS, sample_count = 30)]
fn floor_postcard_decode(bencher: Bencher<'_, '_>, flows: u32) {
    let parts: Vec<Vec<u8>> = tick(flows, 1)
        .iter()
        .filter_map(|event| match event {
            Event::Deltas { deltas, .. } => Some(postcard::to_extend(deltas, Vec::new()).unwrap()),
            _ => None,
        })
        .collect();
    bencher.counter(ItemsCount::new(flows)).bench_local(|| {
        for part in &parts {
            black_box(postcard::from_bytes::<Vec<Delta>>(part).unwrap());
        }
    });
}
