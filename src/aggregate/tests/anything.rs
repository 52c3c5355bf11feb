//! Every account against a naive one, whatever happens: proxies and tunnels come and go, programs turn out to be proxies,
//! interfaces vanish and are made again, the helper dies and another begins, the clock jumps.

use super::super::names::LATE;
use super::super::snapshot::TunnelTotals;
use super::*;
use crate::event::{ProxySetting, Statistics, Tunnel, TunnelHolder};

/// One thing that may happen.
#[derive(Clone, Debug)]
enum Step {
    /// In this place, a flow of this kind, by this process.
    Open {
        place: u8,
        kind: u8,
        pid: Option<i32>,
        opened: u8,
    },
    Own {
        place: u8,
        pid: i32,
        source: u8,
    },
    Move {
        place: u8,
        rx: u32,
        tx: u32,
    },
    Close {
        place: u8,
    },
    Say {
        place: u8,
        what: u8,
    },
    Describe {
        pid: i32,
        name: u8,
    },
    Exit {
        pid: i32,
    },
    Proxies(u8),
    Tunnels(u8),
    Interface {
        id: u32,
        kind: Option<u8>,
    },
    Wait(u32),
    /// The helper has died, and the next one begins with ids of its own.
    Restart,
    Reset,
    Said(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let (place, pid) = (0u8..16, 1i32..6);
    prop_oneof![
        8 => (place.clone(), 0u8..8, prop::option::of(pid.clone()), 0u8..3)
            .prop_map(|(place, kind, pid, opened)| Step::Open { place, kind, pid, opened }),
        3 => (place.clone(), pid.clone(), 0u8..5).prop_map(|(place, pid, source)| Step::Own { place, pid, source }),
        12 => (place.clone(), any::<u32>(), any::<u32>()).prop_map(|(place, rx, tx)| Step::Move { place, rx, tx }),
        2 => place.clone().prop_map(|place| Step::Close { place }),
        4 => (place, 0u8..4).prop_map(|(place, what)| Step::Say { place, what }),
        2 => (pid.clone(), 0u8..5).prop_map(|(pid, name)| Step::Describe { pid, name }),
        1 => pid.prop_map(|pid| Step::Exit { pid }),
        1 => (0u8..4).prop_map(Step::Proxies),
        2 => (0u8..4).prop_map(Step::Tunnels),
        1 => (0u32..4, prop::option::of(0u8..3)).prop_map(|(id, kind)| Step::Interface { id, kind }),
        4 => prop_oneof![0u32..1_000, 0u32..90_000].prop_map(Step::Wait),
        1 => prop::bool::weighted(0.3).prop_map(|yes| if yes { Step::Restart } else { Step::Wait(1) }),
        1 => prop::bool::weighted(0.2).prop_map(|yes| if yes { Step::Reset } else { Step::Wait(1) }),
        1 => (0u8..3).prop_map(Step::Said),
    ]
}

/// How a local proxy, a VPN in a program, one in the kernel, and a server of this machine's own are used, from an empty
/// place on. Random steps alone would seldom make a whole one.
fn scene(which: u8) -> Vec<Step> {
    let open = |place, kind, pid| Step::Open { place, kind, pid, opened: if kind == 1 { 1 } else { 2 } };
    let moves = |place| Step::Move { place, rx: 900, tx: 70 };
    match which {
        0 => vec![
            Step::Describe { pid: 2, name: 1 },
            open(0, 0, Some(1)),
            open(1, 1, Some(2)),
            moves(0),
            Step::Say { place: 0, what: 0 },
            Step::Say { place: 1, what: 1 },
            open(2, 3, Some(2)),
            moves(1),
            moves(2),
        ],
        1 => vec![
            Step::Tunnels(2),
            Step::Describe { pid: 3, name: 2 },
            open(3, 7, Some(3)),
            moves(3),
            open(4, 6, Some(1)),
            moves(4),
            moves(3),
        ],
        2 => vec![
            Step::Tunnels(3),
            open(5, 7, None),
            moves(5),
            Step::Say { place: 5, what: 2 },
            open(6, 6, Some(4)),
            moves(6),
            Step::Say { place: 5, what: 2 },
            moves(5),
        ],
        _ => vec![open(7, 2, Some(4)), open(8, 3, Some(1)), moves(7), moves(8)],
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let some = prop_oneof![
        25 => step().prop_map(|step| vec![step]),
        1 => (0u8..4).prop_map(scene),
    ];
    prop::collection::vec(some, 1..100).prop_map(|some| some.concat())
}

const LOOPBACK: u32 = 0;
const CABLE: u32 = 1;
const TUNNEL: u32 = 2;

/// Both ends over loopback to a proxy and to another server; straight outside, to a proxy there, to a name server; inside a
/// tunnel, and its carrier.
const ENDS: [(u32, Protocol, &str, &str); 8] = [
    (LOOPBACK, Protocol::TCP, "127.0.0.1:50000", "127.0.0.1:7890"),
    (LOOPBACK, Protocol::TCP, "127.0.0.1:7890", "127.0.0.1:50000"),
    (LOOPBACK, Protocol::TCP, "127.0.0.1:50001", "127.0.0.1:8000"),
    (CABLE, Protocol::TCP, "10.0.0.2:40000", "192.0.2.7:443"),
    (CABLE, Protocol::TCP, "10.0.0.2:40001", "10.0.0.9:3128"),
    (CABLE, Protocol::UDP, "10.0.0.2:40002", "10.0.0.1:53"),
    (TUNNEL, Protocol::TCP, "100.64.0.2:40000", "192.0.2.8:443"),
    (CABLE, Protocol::UDP, "10.0.0.2:51820", "192.0.2.9:51820"),
];

const PROGRAMS: [&str; 5] = ["curl", "mihomo", "tailscaled", "firefox", "sing-box"];

fn proxies(which: u8) -> Vec<ProxySetting> {
    let setting = |host: &str, port| ProxySetting { host: host.to_owned(), port, origin: "GNOME".to_owned() };
    match which {
        0 => Vec::new(),
        1 => vec![setting("127.0.0.1", 7890)],
        2 => vec![setting("10.0.0.9", 3128)],
        _ => vec![setting("localhost", 8000), setting("10.0.0.9", 3128)],
    }
}

fn tunnels(which: u8) -> Vec<Tunnel> {
    let holder = match which {
        0 => return Vec::new(),
        1 => TunnelHolder::Process { pid: 2, name: "mihomo".to_owned() },
        2 => TunnelHolder::Process { pid: 3, name: "tailscaled".to_owned() },
        _ => TunnelHolder::WireGuard,
    };
    vec![Tunnel { interface: "if2".to_owned(), holder }]
}

/// What a flow moved, and how it was shown while it did.
#[derive(Clone, Debug)]
struct Moved {
    route: Route,
    via: Option<Arc<str>>,
    is_credited: bool,
    rx: u64,
    tx: u64,
}

/// A flow as the model keeps it: all that it moved, move by move.
#[derive(Debug, Default)]
struct Kept {
    opened: u64,
    moved: Vec<Moved>,
}

/// The aggregator, and beside it a list of everything that ever moved.
struct Model {
    aggregator: Aggregator,
    now: u64,
    /// Where a flow is open now.
    places: BTreeMap<u8, u64>,
    flows: BTreeMap<u64, Kept>,
    last_id: u64,
    session: u64,
}

impl Model {
    fn new(keep_closed: bool) -> Self {
        let options = AggregatorOptions { keep_closed, ..AggregatorOptions::default() };
        let mut aggregator = Aggregator::new(options);
        let kinds = [
            InterfaceKind::Loopback,
            InterfaceKind::Physical,
            InterfaceKind::Tunnel,
            InterfaceKind::Physical,
        ];
        for (id, kind) in (0..).zip(kinds) {
            aggregator.ingest(&interface(id, &format!("if{id}"), kind, &[]));
        }
        // The first moment of counting.
        aggregator.tick(at(0));
        Self { aggregator, now: 0, places: BTreeMap::new(), flows: BTreeMap::new(), last_id: 0, session: 1 }
    }

    fn open(&mut self, place: u8, kind: u8, pid: Option<i32>, opened: u8) -> Option<Event> {
        if self.places.contains_key(&place) {
            return None;
        }
        self.last_id += 1;
        let id = (self.session << 40) + self.last_id;
        self.places.insert(place, id);
        self.flows.insert(id, Kept { opened: self.now, moved: Vec::new() });
        let (interface, protocol, local, remote) = ENDS[usize::from(kind)];
        let key = FlowKey {
            protocol,
            local: local.parse().unwrap(),
            remote: remote.parse().unwrap(),
            interface: InterfaceId(interface),
        };
        let opened = [None, Some(Direction::In), Some(Direction::Out)][usize::from(opened)];
        let owner = pid.map(|pid| owner(pid, OwnerSource::SocketTable));
        Some(Event::FlowOpened { flow: FlowId(id), time: at(self.now), key, opened, owner })
    }

    fn say(&self, flow: FlowId, what: u8) -> Event {
        let asks = b"CONNECT www.example.com:443 HTTP/1.1\r\nHost: www.example.com:443\r\n\r\n";
        let (direction, time) = (Direction::Out, at(self.now));
        match what {
            0 => Event::Opening { flow, direction, offset: 0, bytes: asks.to_vec() },
            1 => Event::Opening { flow, direction: Direction::In, offset: 0, bytes: asks.to_vec() },
            2 => Event::Datagram { flow, time, direction, bytes: [&[4, 0, 0, 0][..], &[9; 60]].concat() },
            _ => {
                let name = "www.example.com";
                let bytes = message(0x8180, Some(name), &[(name, 1, &[192, 0, 2, 7])]);
                Event::Datagram { flow, time, direction: Direction::In, bytes }
            }
        }
    }

    /// The event that a step is, where it is one.
    fn event(&mut self, step: &Step) -> Option<Event> {
        let flow = |place: &u8| self.places.get(place).map(|id| FlowId(*id));
        Some(match step {
            Step::Open { place, kind, pid, opened } => return self.open(*place, *kind, *pid, *opened),
            Step::Own { place, pid, source } => {
                Event::OwnerFound { flow: flow(place)?, owner: owner(*pid, SOURCES[usize::from(*source)]) }
            }
            Step::Move { place, rx, tx } => moved(flow(place)?.0, self.now, u64::from(*rx), u64::from(*tx)),
            Step::Close { place } => closed(self.places.remove(place)?, self.now),
            Step::Say { place, what } => self.say(flow(place)?, *what),
            Step::Describe { pid, name } => process(*pid, PROGRAMS[usize::from(*name)]),
            Step::Exit { pid } => Event::ProcessExited { process: key(*pid), time: at(self.now) },
            Step::Proxies(which) => Event::Proxies(proxies(*which)),
            Step::Tunnels(which) => Event::Tunnels(tunnels(*which)),
            Step::Interface { id, kind: None } => Event::InterfaceDown(InterfaceId(*id)),
            Step::Interface { id, kind: Some(kind) } => {
                let kinds = [InterfaceKind::Physical, InterfaceKind::Tunnel, InterfaceKind::Loopback];
                interface(*id, &format!("if{id}"), kinds[usize::from(*kind)], &[])
            }
            Step::Said(0) => Event::Fault("out of luck".to_owned()),
            Step::Said(1) => Event::Note("as it is".to_owned()),
            Step::Said(_) => Event::Statistics(Statistics { dropped: 7, ..Statistics::default() }),
            Step::Wait(_) | Step::Restart | Step::Reset => return None,
        })
    }

    fn take(&mut self, step: &Step) -> Arc<Snapshot> {
        match step {
            Step::Wait(millis) => self.now += u64::from(*millis),
            Step::Restart => {
                self.aggregator.close_all(at(self.now));
                self.places.clear();
                self.session += 1;
            }
            Step::Reset => {
                self.aggregator.reset(at(self.now));
                self.flows.values_mut().for_each(|kept| kept.moved.clear());
            }
            _ => {}
        }
        let before = self.aggregator.tick(at(self.now));
        if let Some(event) = self.event(step) {
            if let Event::Deltas { deltas, .. } = &event {
                self.moved(&before, &deltas[0]);
            }
            self.aggregator.ingest(&event);
        }
        self.aggregator.tick(at(self.now))
    }

    /// Adds what moves to its flow, as that is shown at this moment.
    fn moved(&mut self, shown: &Snapshot, delta: &Delta) {
        let row = shown.connections.iter().find(|row| row.flow == delta.flow).unwrap();
        self.flows.get_mut(&delta.flow.0).unwrap().moved.push(Moved {
            route: row.route,
            via: row.route_via.clone(),
            is_credited: row.credited,
            rx: delta.rx_bytes,
            tx: delta.tx_bytes,
        });
    }

    /// What has just begun is counted as it is shown, from its first byte.
    fn follow(&mut self, snapshot: &Snapshot) {
        for row in &snapshot.connections {
            let kept = self.flows.get_mut(&row.flow.0).unwrap();
            if u128::from(self.now - kept.opened) <= LATE.as_millis() {
                for moved in &mut kept.moved {
                    moved.route = row.route;
                    moved.via.clone_from(&row.route_via);
                    moved.is_credited = row.credited;
                }
            }
        }
    }

    /// Every figure of the picture, made anew from the list.
    fn check(&self, snapshot: &Snapshot) {
        let mut by_process = Sums::new();
        let mut by_domain = Sums::new();
        let mut routes = [(0, 0); 6];
        let mut by_tunnel = BTreeMap::<Arc<str>, (u64, u64)>::new();
        for row in &snapshot.connections {
            let moved = &self.flows[&row.flow.0].moved;
            let sum = |counts: fn(&Moved) -> bool| {
                let counted = moved.iter().filter(|one| counts(one));
                counted.fold((0, 0), |sum, one| (sum.0 + one.rx, sum.1 + one.tx))
            };
            assert_eq!((row.bytes.rx.0, row.bytes.tx.0), sum(|_| true), "{row:?}");
            let counted = sum(|one| one.is_credited);
            assert_eq!((row.counted.rx.0, row.counted.tx.0), counted, "{row:?}");
            let is_open = row.state != Some(TcpState::Closed);
            let process = by_process.entry(row.process).or_default();
            *process = (process.0 + counted.0, process.1 + counted.1, process.2 + u32::from(is_open));
            let domain = by_domain.entry(domains::key(row)).or_default();
            let is_talking = is_open && row.credited;
            *domain = (domain.0 + counted.0, domain.1 + counted.1, domain.2 + u32::from(is_talking));
            for one in moved {
                let (rx, tx) = match one.route {
                    Route::Local => (0, if one.is_credited { one.tx } else { 0 }),
                    Route::Direct | Route::Proxied | Route::Tunnelled if !one.is_credited => (0, 0),
                    _ => (one.rx, one.tx),
                };
                routes[one.route as usize].0 += rx;
                routes[one.route as usize].1 += tx;
                if let Some(via) = &one.via {
                    let tunnel = by_tunnel.entry(Arc::clone(via)).or_default();
                    match one.route {
                        Route::Tunnelled => tunnel.0 += rx + tx,
                        Route::Carrier => tunnel.1 += rx + tx,
                        _ => {}
                    }
                }
            }
        }
        for row in &snapshot.processes {
            let sum = by_process.remove(&row.key).unwrap_or_default();
            assert_eq!((row.bytes.rx.0, row.bytes.tx.0, row.connections), sum, "{row:?}");
        }
        for row in &snapshot.domains {
            let sum = by_domain.remove(&(row.is_address, Arc::clone(&row.domain))).unwrap_or_default();
            assert_eq!((row.bytes.rx.0, row.bytes.tx.0, row.connections), sum, "{row:?}");
        }
        // What only passes on for others has no row of its own.
        assert!(by_process.values().chain(by_domain.values()).all(|sum| *sum == (0, 0, 0)));
        let told = snapshot.totals.routes.bytes.map(|both| (both.rx.0, both.tx.0));
        assert_eq!(told, routes, "by route");
        let told =
            snapshot.totals.routes.tunnels.iter().filter(|tunnel| (tunnel.inner.0, tunnel.outer.0) != (0, 0));
        by_tunnel.retain(|_, sums| *sums != (0, 0));
        let sums = by_tunnel.into_iter().map(|(name, (inner, outer))| TunnelTotals {
            name,
            inner: Bytes(inner),
            outer: Bytes(outer),
        });
        assert_eq!(told.cloned().collect::<Vec<_>>(), sums.collect::<Vec<_>>(), "by tunnel");
        self.check_machine(snapshot);
    }

    /// What the machine counts is what its interfaces moved, whatever that was for.
    fn check_machine(&self, snapshot: &Snapshot) {
        let (mut outside, mut loopback, mut nobodys) = ((0, 0), 0, 0);
        for row in &snapshot.connections {
            let moved = &self.flows[&row.flow.0].moved;
            let (rx, tx) = moved.iter().fold((0, 0), |sum, one| (sum.0 + one.rx, sum.1 + one.tx));
            let is_nobodys = row.process.is_none() && row.route != Route::Carrier;
            match row.interface_kind {
                InterfaceKind::Physical => {
                    outside = (outside.0 + rx, outside.1 + tx);
                    nobodys += if is_nobodys { rx + tx } else { 0 };
                }
                InterfaceKind::Loopback => {
                    loopback += tx;
                    nobodys += if is_nobodys { tx } else { 0 };
                }
                InterfaceKind::Tunnel | InterfaceKind::Stacked => {}
            }
        }
        let totals = &snapshot.totals;
        assert_eq!((totals.bytes.rx.0, totals.bytes.tx.0), outside, "outside");
        assert_eq!((totals.loopback.0, totals.unattributed.0), (loopback, nobodys), "loopback, unattributed");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn every_account_is_the_sum_of_what_moved(steps in steps()) {
        let mut model = Model::new(true);
        for step in &steps {
            let snapshot = model.take(step);
            model.follow(&snapshot);
            model.check(&snapshot);
            check_rates(&snapshot);
        }
    }

    /// Rows of what is over go; what they moved stays, and stays the same.
    #[test]
    fn a_machine_s_totals_do_not_depend_on_what_is_remembered(steps in steps()) {
        let (mut live, mut kept) = (Model::new(false), Model::new(true));
        for step in &steps {
            let (live, kept) = (live.take(step), kept.take(step));
            prop_assert_eq!(live.totals.bytes, kept.totals.bytes);
            prop_assert_eq!((live.totals.loopback, live.totals.packets), (kept.totals.loopback, kept.totals.packets));
            prop_assert!(live.connections.len() <= kept.connections.len());
        }
    }
}

#[test]
fn the_scenes_lead_every_way() {
    let mut model = Model::new(true);
    let mut last = None;
    for step in (0..4).flat_map(scene) {
        let snapshot = model.take(&step);
        model.follow(&snapshot);
        model.check(&snapshot);
        last = Some(snapshot);
    }
    for route in Route::ALL {
        let moved = last.as_ref().unwrap().totals.routes.of(route);
        assert!(moved.rx.0 + moved.tx.0 > 0, "nothing went {}", route.name());
    }
    let nobodys = |row: &&Arc<ConnectionRow>| row.process.is_none() && row.route == Route::Carrier;
    assert!(last.unwrap().connections.iter().any(|row| nobodys(&row)), "the kernel carries a tunnel");
}
