//! An aggregator with any number of connections of 300 processes, of which some move something in each tick.

use std::net::SocketAddr;
use std::time::Duration;

use crow::aggregate::{Aggregator, AggregatorOptions};
use crow::event::{
    App, Delta, Direction, Event, FlowId, FlowKey, Interface, InterfaceId, InterfaceKind, Owner, OwnerSource,
    Process, ProcessKey, Protocol,
};
use crow::time::Timestamp;

pub(crate) struct Busy {
    pub(crate) aggregator: Aggregator,
    pub(crate) now: Timestamp,
    flows: u32,
}

impl Busy {
    pub(crate) fn new(flows: u32) -> Self {
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
    pub(crate) fn settle(&mut self) {
        for _ in 0..70 {
            self.now = self.now + Duration::from_secs(1);
            self.aggregator.tick(self.now);
        }
    }

    /// Moves something on the next `touched` flows, a quarter of a second later.
    pub(crate) fn touch(&mut self, touched: u32) {
        self.now = self.now + Duration::from_millis(250);
        let event = self.deltas(touched);
        self.aggregator.ingest(&event);
    }

    /// What the next `touched` flows moved.
    pub(crate) fn deltas(&self, touched: u32) -> Event {
        // The same flows each time, as a busy machine has them.
        let deltas = (0..touched).map(|index| {
            let flow = FlowId(u64::from(index * (self.flows / touched.max(1)).max(1) % self.flows.max(1)));
            Delta { rx_bytes: 1_500, tx_bytes: 60, rx_packets: 1, tx_packets: 1, ..Delta::new(flow) }
        });
        Event::Deltas { time: self.now, deltas: deltas.collect() }
    }
}

pub(crate) fn at(secs: u64) -> Timestamp {
    Timestamp::new(1_795_291_200 + secs, 0)
}

pub(crate) fn opened(flow: u32) -> Event {
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
