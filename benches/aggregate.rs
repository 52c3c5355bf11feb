//! What a tick costs, by how many connections there are and how many of them moved; and what a connection weighs in the
//! app, and a flow in the helper.
//!
//! What something weighs in the end is `alloc` and `grow` less `dealloc` and `shrink`; `max alloc` is the peak.

#[path = "support/busy.rs"]
mod busy;

use std::sync::Arc;

use busy::{Busy, at};
use crow::aggregate::snapshot::ConnectionRow;
use crow::capture::meter::{Context, Meter, MeterOptions};
use crow::event::{Direction, Event, FlowId, InterfaceId, Protocol};
use crow::units::Bytes;
use crow::wire::{Packet, Tcp, TcpFlags, Transport};
use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher};
use hashbrown::HashMap;

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// Flows to open and to touch in a tick.
const CASES: [(u32, u32); 7] = [
    (100, 100),
    (1_000, 100),
    (10_000, 100),
    (100_000, 100),
    (10_000, 10_000),
    (100_000, 10_000),
    (100_000, 0),
];

/// Takes in the deltas of one tick and makes a snapshot; the last one is held, as the window does.
#[divan::bench(args = CASES, sample_count = 30, sample_size = 1)]
fn tick(bencher: Bencher<'_, '_>, (flows, touched): (u32, u32)) {
    let mut busy = Busy::new(flows);
    busy.settle();
    let mut held = busy.aggregator.tick(busy.now);
    bencher.counter(ItemsCount::new(touched)).bench_local(|| {
        busy.touch(touched);
        held = busy.aggregator.tick(busy.now);
        held.generation
    });
}

/// The floor of [`tick`]: each delta finds its flow and is added, and a row is made anew for it.
#[divan::bench(args = CASES, sample_count = 30, sample_size = 1)]
fn floor_look_up_and_copy(bencher: Bencher<'_, '_>, (flows, touched): (u32, u32)) {
    let mut busy = Busy::new(flows);
    busy.settle();
    let snapshot = busy.aggregator.tick(busy.now);
    let mut rows: HashMap<FlowId, Arc<ConnectionRow>> =
        snapshot.connections.iter().map(|row| (row.flow, Arc::clone(row))).collect();
    bencher.counter(ItemsCount::new(touched)).bench_local(|| {
        let Event::Deltas { deltas, .. } = busy.deltas(touched) else { return };
        for delta in deltas {
            if let Some(row) = rows.get_mut(&delta.flow) {
                let mut new = ConnectionRow::clone(row);
                new.bytes.rx += Bytes(delta.rx_bytes);
                new.bytes.tx += Bytes(delta.tx_bytes);
                *row = Arc::new(new);
            }
        }
    });
}

/// A snapshot of flows of which none moved: what publishing alone costs.
#[divan::bench(args = [1_000, 100_000], sample_count = 100, sample_size = 1)]
fn publish(bencher: Bencher<'_, '_>, flows: u32) {
    let mut busy = Busy::new(flows);
    busy.settle();
    let mut held = busy.aggregator.tick(busy.now);
    bencher.bench_local(|| {
        held = busy.aggregator.tick(busy.now);
        held.generation
    });
}

/// What connections weigh: `max alloc` over the number of flows, with their part of accounts and snapshot and, at the
/// peak, of two snapshots and the deltas. All silent for a minute, or all moving something in each tick.
#[divan::bench(args = [(10_000, false), (100_000, false), (10_000, true)], sample_count = 1, sample_size = 1)]
fn weight(bencher: Bencher<'_, '_>, (flows, is_busy): (u32, bool)) {
    bencher.counter(ItemsCount::new(flows)).bench_local(|| {
        let mut busy = Busy::new(flows);
        busy.settle();
        for _ in 0..if is_busy { 150 } else { 0 } {
            busy.touch(flows);
            busy.aggregator.tick(busy.now);
        }
        let held = busy.aggregator.tick(busy.now);
        // What is returned is dropped outside of what is counted.
        (busy.aggregator, held)
    });
}

/// What flows weigh in the helper: UDP, of which nothing is awaited, and TCP, whose opening bytes are. With the tick in
/// which all of them are opened.
#[divan::bench(args = [(10_000, true), (100_000, true), (100_000, false), (1_000_000, false)], sample_count = 1, sample_size = 1)]
fn weight_in_the_helper(bencher: Bencher<'_, '_>, (flows, is_tcp): (u32, bool)) {
    bencher.counter(ItemsCount::new(flows)).bench_local(|| {
        let mut meter = Meter::new(MeterOptions::default());
        let mut events = Vec::new();
        for flow in 0..flows {
            let context = Context {
                time: at(0),
                interface: InterfaceId(1),
                direction: Some(Direction::Out),
                tag: None,
            };
            meter.packet(&context, &packet(flow, is_tcp));
            // As many as come in a tick.
            if flow % 10_000 == 0 {
                meter.tick(at(0), &mut events);
                events.clear();
            }
        }
        meter.tick(at(0), &mut events);
        drop(events);
        assert_eq!(meter.flows(), flows as usize);
        meter
    });
}

fn packet(flow: u32, is_tcp: bool) -> Packet<'static> {
    let [_, high, middle, low] = flow.to_be_bytes();
    Packet {
        ip_bytes: 60,
        source: [10, high, middle, low].into(),
        destination: [192, 0, 2, 1].into(),
        transport: Transport {
            protocol: if is_tcp { Protocol::TCP } else { Protocol::UDP },
            source_port: 50_000,
            destination_port: 443,
            tcp: is_tcp.then_some(Tcp { sequence: 1, acknowledgment: 0, flags: TcpFlags::SYN }),
            payload: &[],
            payload_len: 0,
            fragment: None,
        },
        direction: None,
        interface_index: None,
        other_host: false,
        loopback: false,
    }
}

/// Opens flows, names and credits them, and makes the first snapshot.
#[divan::bench(args = [100, 10_000, 100_000], sample_count = 5, sample_size = 1)]
fn open(bencher: Bencher<'_, '_>, flows: u32) {
    bencher.counter(ItemsCount::new(flows)).bench_local(|| Busy::new(flows).aggregator.tick(at(0)));
}
