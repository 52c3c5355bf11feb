//! What a packet costs from its bytes to a delta, and to the snapshot, on a recording in memory; beside it, on the
//! same packets, what etherparse and one look-up in a hash table cost, and what copying the frames costs.
//!
//! A run of one figure: `cargo bench --profile quick --bench recording -- decode_and_meter`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark may panic")]

#[path = "support/traffic.rs"]
mod traffic;

use std::hint::black_box;
use std::net::IpAddr;
use std::time::Duration;

use crow::aggregate::{Aggregator, AggregatorOptions};
use crow::capture::Frame;
use crow::capture::file::Recording;
use crow::capture::intake::Intake;
use crow::capture::meter::MeterOptions;
use crow::capture::player::{Played, Player};
use crow::event::InterfaceId;
use crow::time::Timestamp;
use crow::wire::{LinkType, frame};
use divan::Bencher;
use divan::counter::ItemsCount;
use etherparse::{LaxNetSlice, LaxSlicedPacket, TransportSlice};
use traffic::{Recipe, Spread, Traffic};

/// Nanoseconds from one packet to the next: 50 000 a second.
const SPACING: u64 = 20_000;

/// When the first packet comes.
const START: Timestamp = Timestamp::new(1_000_000, 0);

const RECIPES: [Recipe; 7] = [
    cut(1_000, Spread::Uniform),
    cut(100_000, Spread::Uniform),
    cut(1_000_000, Spread::Uniform),
    cut(100_000, Spread::Zipf),
    Recipe { pktap: true, ..cut(100_000, Spread::Uniform) },
    // Fewer, so that they fit into memory.
    Recipe { packets: 250_000, snaplen: 65_535, ..cut(1_000, Spread::Uniform) },
    Recipe { packets: 250_000, snaplen: 65_535, ..cut(100_000, Spread::Uniform) },
];

const fn cut(flows: u32, spread: Spread) -> Recipe {
    Recipe { packets: 1_000_000, flows, spread, snaplen: 96, pktap: false }
}

fn main() {
    divan::main();
}

fn link(recipe: Recipe) -> LinkType {
    if recipe.pktap { LinkType::PKTAP } else { LinkType::ETHERNET }
}

/// The Ethernet frames of a recording, also of one with PKTAP headers.
fn plain(recipe: Recipe) -> Traffic {
    Traffic::new(Recipe { pktap: false, ..recipe })
}

#[divan::bench(args = RECIPES, sample_count = 7, sample_size = 1)]
fn decode(bencher: Bencher<'_, '_>, recipe: Recipe) {
    let traffic = plain(recipe);
    bencher.counter(ItemsCount::new(recipe.packets)).bench_local(|| {
        for (bytes, wire_len) in traffic.frames() {
            let _ = black_box(frame::decode(LinkType::ETHERNET, bytes, wire_len));
        }
    });
}

/// A new meter each time: opening every flow is part of it, and a tick each 50 ms of packet time.
#[divan::bench(args = RECIPES, sample_count = 7, sample_size = 1)]
fn decode_and_meter(bencher: Bencher<'_, '_>, recipe: Recipe) {
    let traffic = Traffic::new(recipe);
    bencher.counter(ItemsCount::new(recipe.packets)).bench_local(|| {
        let (mut intake, mut events, mut told) = (Intake::new(MeterOptions::default()), Vec::new(), 0);
        let mut nanos = START.as_nanos();
        for (bytes, wire_len) in traffic.frames() {
            nanos += SPACING;
            let time = Timestamp::from_nanos(nanos);
            while let Some(due) = intake.due(time) {
                intake.tick(due, &mut events);
                told += events.len();
                events.clear();
            }
            let interface = InterfaceId(1);
            let link = link(recipe);
            intake.frame(&Frame { time, interface, link, wire_len, bytes, direction: None, tag: None });
        }
        told
    });
}

/// The whole way, as `--headless --replay` goes it, with a snapshot for each second of packet time.
#[divan::bench(args = RECIPES, sample_count = 3, sample_size = 1)]
fn to_the_snapshot(bencher: Bencher<'_, '_>, recipe: Recipe) {
    let file: &'static [u8] = pcap(&Traffic::new(recipe), link(recipe)).leak();
    bencher.counter(ItemsCount::new(recipe.packets)).bench_local(|| {
        let mut player = Player::new(Recording::from_bytes(file).unwrap());
        let mut aggregator =
            Aggregator::new(AggregatorOptions { keep_closed: true, ..AggregatorOptions::default() });
        let (mut events, mut until) = (Vec::new(), START + Duration::from_secs(1));
        loop {
            let state = player.play(until, &mut events);
            for event in events.drain(..) {
                aggregator.ingest(&event);
            }
            match state {
                Played::More => {}
                Played::Reached => {
                    black_box(aggregator.tick(until));
                    until = until + Duration::from_secs(1);
                }
                Played::Ended(_) => return aggregator.tick(player.clock()).generation,
            }
        }
    });
}

/// The floor of [`decode_and_meter`]: etherparse, hash, find, add.
#[divan::bench(args = RECIPES, sample_count = 7, sample_size = 1)]
fn floor_etherparse_and_look_up(bencher: Bencher<'_, '_>, recipe: Recipe) {
    let traffic = plain(recipe);
    bencher.counter(ItemsCount::new(recipe.packets)).bench_local(|| {
        let mut table: hashbrown::HashMap<Key, (u64, u32)> = hashbrown::HashMap::new();
        for (key, bytes) in traffic.frames().filter_map(|(bytes, _)| sliced(bytes)) {
            let entry = table.entry(key).or_default();
            entry.0 += bytes;
            entry.1 += 1;
        }
        table.len()
    });
}

/// The floor of touching the frames at all.
#[divan::bench(args = RECIPES, sample_count = 7, sample_size = 1)]
fn floor_copy(bencher: Bencher<'_, '_>, recipe: Recipe) {
    let traffic = Traffic::new(recipe);
    let mut room = vec![0; 1 << 17];
    bencher.counter(ItemsCount::new(recipe.packets)).bench_local(|| {
        for (bytes, _) in traffic.frames() {
            room[..bytes.len()].copy_from_slice(bytes);
            black_box(&mut room);
        }
    });
}

type End = (IpAddr, u16);
type Key = (End, End, u8);

/// Both ends in one order, and the IP bytes.
fn sliced(bytes: &[u8]) -> Option<(Key, u64)> {
    let packet = LaxSlicedPacket::from_ethernet(bytes).ok()?;
    let (source, destination, ip_bytes, protocol): (IpAddr, IpAddr, u64, u8) = match packet.net.as_ref()? {
        LaxNetSlice::Ipv4(slice) => {
            let header = slice.header();
            let (from, to) = (header.source_addr().into(), header.destination_addr().into());
            (from, to, header.total_len().into(), header.protocol().0)
        }
        LaxNetSlice::Ipv6(slice) => {
            let header = slice.header();
            let (from, to) = (header.source_addr().into(), header.destination_addr().into());
            (from, to, u64::from(header.payload_length()) + 40, header.next_header().0)
        }
        LaxNetSlice::Arp(_) => return None,
    };
    let (source_port, destination_port) = match packet.transport.as_ref() {
        Some(TransportSlice::Tcp(tcp)) => (tcp.source_port(), tcp.destination_port()),
        Some(TransportSlice::Udp(udp)) => (udp.source_port(), udp.destination_port()),
        _ => (0, 0),
    };
    let (from, to) = ((source, source_port), (destination, destination_port));
    let (low, high) = if from <= to { (from, to) } else { (to, from) };
    Some(((low, high, protocol), ip_bytes))
}

/// The frames as a pcap file with microseconds.
fn pcap(traffic: &Traffic, link: LinkType) -> Vec<u8> {
    let mut file = Vec::with_capacity(24 + traffic.bytes.len() + 16 * traffic.spans.len());
    file.extend(0xa1b2_c3d4_u32.to_le_bytes());
    file.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    file.extend(262_144_u32.to_le_bytes());
    file.extend(u32::from(link.0).to_le_bytes());
    let mut nanos = START.as_nanos();
    for (bytes, wire_len) in traffic.frames() {
        nanos += SPACING;
        let micros = nanos / 1000;
        for word in [micros / 1_000_000, micros % 1_000_000, bytes.len() as u64, wire_len.into()] {
            file.extend(u32::try_from(word).unwrap().to_le_bytes());
        }
        file.extend(bytes);
    }
    file
}
