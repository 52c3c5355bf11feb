//! What a tick costs, by how many connections there are and how many of them moved; and what a connection weighs.

use std::net::SocketAddr;
use std::time::Duration;

use crow::aggregate::{Aggregator, AggregatorOptions};
use crow::event::{
    App, Delta, Direction, Event, FlowId, FlowKey, Interface, InterfaceId, InterfaceKind, Owner, OwnerSource,
    Process, ProcessKey, Protocol,
};
use crow::time::Timestamp;
use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher};

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

/// Opens flows, names and credits them, and makes the first snapshot.
#[divan::bench(args = [100, 10_000, 100_000], sample_count = 5, sample_size = 1)]
fn open(bencher: Bencher<'_, '_>, flows: u32) {
    bencher.counter(ItemsCount::new(flows)).bench_local(|| Busy::new(flows).aggregator.tick(at(0)));
}

struct Busy {
    aggregator: Aggregator,
    now: Timestamp,
    flows: u32,
}

impl Busy {
    fn new(flows: u32) -> Self {
        let mut aggregator = Aggregator::new(AggregatorOptions::default());
        aggregator.ingest(&Event::InterfaceUp(Interface {
            id: InterfaceId(1),
            name: "en0".to_owned(),
            kind: InterfaceKind::Physical,
            uppers: Vec::new(),
        }));
        for pid in 1..=PROCESSES {
            let app = App { id: format!("app{pid}"), name: format!("App {pid}") };
            let key = ProcessKey { pid, started: None };
            let name = format!("program{pid}");
            aggregator.ingest(&Event::Process(Process {
                key,
                name,
                path: None,
                uid: None,
                user: None,
                parent: None,
                app,
            }));
        }
        for flow in 0..flows {
            aggregator.ingest(&opened(flow));
        }
        let mut busy = Self { aggregator, now: at(0), flows };
        busy.touch(flows);
        busy
    }

    /// Lets every window and chart run out.
    fn settle(&mut self) {
        for _ in 0..70 {
            self.now = self.now + Duration::from_secs(1);
            self.aggregator.tick(self.now);
        }
    }

    /// Moves something on the next `touched` flows, a quarter of a second later.
    fn touch(&mut self, touched: u32) {
        self.now = self.now + Duration::from_millis(250);
        // The same flows each time, as a busy machine has them.
        let deltas = (0..touched).map(|index| {
            let flow = FlowId(u64::from(index * (self.flows / touched.max(1)).max(1) % self.flows.max(1)));
            Delta { rx_bytes: 1_500, tx_bytes: 60, rx_packets: 1, tx_packets: 1, ..Delta::new(flow) }
        });
        let event = Event::Deltas { time: self.now, deltas: deltas.collect() };
        self.aggregator.ingest(&event);
    }
}

fn at(secs: u64) -> Timestamp {
    Timestamp::new(1_795_291_200 + secs, 0)
}

fn opened(flow: u32) -> Event {
    let [_, high, middle, low] = flow.to_be_bytes();
    // A tenth as many remote addresses as flows.
    let [_, near, far, end] = (flow / 10).to_be_bytes();
    let key = FlowKey {
        protocol: Protocol::TCP,
        local: SocketAddr::from(([10, high, middle, low], 50_000)),
        remote: SocketAddr::from(([198, near, far, end], 443)),
        interface: InterfaceId(1),
    };
    let pid = i32::try_from(flow % 300).unwrap_or(0) + 1;
    let owner =
        Owner { process: ProcessKey { pid, started: None }, via: None, source: OwnerSource::SocketTable };
    Event::FlowOpened {
        flow: FlowId(flow.into()),
        time: at(0),
        key,
        opened: Some(Direction::Out),
        owner: Some(owner),
    }
}

const PROCESSES: i32 = 300;
