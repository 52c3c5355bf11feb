//! Whether short and long connections of real processes are given to the right one, in a network namespace of their own.
//!
//! The test starts itself again inside the namespace, and there as servers and clients. The address
//! says who is who: client `n` speaks from `127.0.1.n`, server `n` listens on `127.0.2.n`.
//! Each load is watched with the socket table alone and, where the kernel allows them, with kernel events.
//! With `CROW_OWNERS_MEASURE=1` it measures longer and prints a table.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
#![expect(clippy::print_stdout, reason = "the figures are read by people")]

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crow::event::{Direction, FlowId, FlowKey, InterfaceId, OwnerSource, Protocol};
use crow::process::linux::Owners;
use crow::process::linux::events::KernelEvents;
use crow::process::{News, OwnerFinder, Wanted};
use crow::time::Timestamp;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, socket};

const ROLE: &str = "CROW_OWNERS_ROLE";
const PORT: u16 = 4_000;
const CLIENTS: u8 = 2;

#[test]
fn connections_are_given_to_the_right_process() {
    let role = env::var(ROLE).unwrap_or_default();
    let words: Vec<&str> = role.split(' ').collect();
    match words[..] {
        ["inside"] => inside(),
        ["server", n] => server(n.parse().unwrap()),
        ["client", n, lifetime_ms, per_second, count] => {
            let lifetime = Duration::from_millis(lifetime_ms.parse().unwrap());
            let pause = Duration::from_secs(1) / per_second.parse::<u32>().unwrap();
            client(n.parse().unwrap(), lifetime, pause, count.parse().unwrap());
        }
        ["asker", n, per_second, count] => {
            let pause = Duration::from_secs(1) / per_second.parse::<u32>().unwrap();
            asker(n.parse().unwrap(), pause, count.parse().unwrap());
        }
        ["once", n] => ask(v4(3, n.parse().unwrap()), false),
        _ => outside(),
    }
}

/// This test again, in the given role. `wrap` is put before it.
fn again(wrap: &[&str], role: &str) -> Command {
    let own = env::current_exe().unwrap();
    let mut words = wrap.to_vec();
    words.extend([
        own.to_str().unwrap(),
        "--exact",
        "connections_are_given_to_the_right_process",
        "--nocapture",
    ]);
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).env(ROLE, role);
    command
}

fn outside() {
    let mut wrap = vec!["unshare", "--net"];
    if !nix::unistd::geteuid().is_root() {
        wrap.extend(["--user", "--map-root-user"]);
        let probe = Command::new("unshare").args(&wrap[1..]).arg("true").status();
        if !probe.is_ok_and(|status| status.success()) {
            println!(
                "not checked: this system gives ordinary users no network namespace; run the test as root"
            );
            return;
        }
    }
    assert!(again(&wrap, "inside").status().unwrap().success());
}

fn v4(group: u8, n: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, group, n)
}

/// Answers what comes, until the clients are gone and the test ends it.
fn server(n: u8) {
    let listener = TcpListener::bind((v4(2, n), PORT)).unwrap();
    println!("ready");
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        thread::spawn(move || {
            let mut buffer = [0; 64];
            while let Ok(len @ 1..) = stream.read(&mut buffer) {
                if stream.write_all(&buffer[..len]).is_err() {
                    return;
                }
            }
        });
    }
}

/// Opens `count` connections, `pause` apart, and closes each after `lifetime`.
fn client(n: u8, lifetime: Duration, pause: Duration, count: u32) {
    println!("ready");
    let start = Instant::now();
    let mut open: VecDeque<(Instant, TcpStream)> = VecDeque::new();
    for number in 0..count {
        let next = start + pause * number;
        // Whatever ends before the next connection begins is closed on time.
        while let Some((end, _)) = open.front().filter(|(end, _)| *end <= next) {
            thread::sleep(end.saturating_duration_since(Instant::now()));
            open.pop_front();
        }
        thread::sleep(next.saturating_duration_since(Instant::now()));
        let opened = Instant::now();
        open.push_back((opened + lifetime, open_from(n)));
    }
    for (end, _) in open {
        thread::sleep(end.saturating_duration_since(Instant::now()));
    }
}

/// Sends `count` datagrams, `pause` apart, each from a socket of its own that is closed at once.
fn asker(n: u8, pause: Duration, count: u32) {
    println!("ready");
    let start = Instant::now();
    for number in 0..count {
        thread::sleep((start + pause * number).saturating_duration_since(Instant::now()));
        ask(v4(1, n), number % 2 == 0);
    }
    thread::sleep(Duration::from_secs(1));
}

/// One datagram from a socket of its own, bound to an address or connected too.
fn ask(from: Ipv4Addr, is_connected: bool) {
    let socket = UdpSocket::bind((from, 0)).unwrap();
    let to = (v4(2, 1), PORT);
    if is_connected {
        socket.connect(to).unwrap();
        socket.send(b"question").unwrap();
    } else {
        socket.send_to(b"question", to).unwrap();
    }
}

/// A connection from client `n` to server `n` that has sent and received.
fn open_from(n: u8) -> TcpStream {
    let fd: OwnedFd = socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).unwrap();
    bind(fd.as_raw_fd(), &SockaddrIn::from(SocketAddrV4::new(v4(1, n), 0))).unwrap();
    connect(fd.as_raw_fd(), &SockaddrIn::from(SocketAddrV4::new(v4(2, n), PORT))).unwrap();
    let mut stream = TcpStream::from(fd);
    stream.write_all(b"hello").unwrap();
    stream.read_exact(&mut [0; 5]).unwrap();
    stream
}

/// A process in a role, ended with the test.
struct Role(Child);

impl Role {
    fn start(role: &str) -> Self {
        let mut child = again(&[], role).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        assert!(lines.map(Result::unwrap).any(|line| line.ends_with("ready")), "{role}");
        Self(child)
    }

    fn pid(&self) -> i32 {
        i32::try_from(self.0.id()).unwrap()
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::new(since.as_secs(), since.subsec_nanos())
}

/// What the finder said about one kind of flow.
#[derive(Default)]
struct Tally {
    flows: usize,
    own: usize,
    listener: usize,
}

/// A capture of the namespace's loopback, and the finder that it drives.
struct Watch {
    capture: pcap::Capture<pcap::Active>,
    finder: Owners,
    flows: BTreeMap<FlowKey, FlowId>,
    owners: HashMap<FlowId, (i32, OwnerSource)>,
    news: News,
    asking: Duration,
}

impl Watch {
    fn new(events: Option<KernelEvents>) -> Self {
        let inactive = pcap::Capture::from_device("lo").unwrap();
        let mut capture =
            inactive.snaplen(96).timeout(10).buffer_size(8 << 20).open().unwrap().setnonblock().unwrap();
        capture.filter("tcp or udp", true).unwrap();
        Self {
            capture,
            finder: events.into_iter().fold(Owners::open().unwrap(), Owners::with_events),
            flows: BTreeMap::new(),
            owners: HashMap::new(),
            news: News::default(),
            asking: Duration::ZERO,
        }
    }

    /// Captures until `end`, asking for each new connection's two ends.
    fn run(&mut self, end: Instant) {
        while Instant::now() < end {
            let mut poll = [nix::poll::PollFd::new(borrow(&self.capture), nix::poll::PollFlags::POLLIN)];
            nix::poll::poll(&mut poll, 20_u8).unwrap();
            let mut wanted = Vec::new();
            while let Ok(packet) = self.capture.next_packet() {
                let Some((protocol, local, remote)) = opening(packet.data) else { continue };
                let ends = [(local, remote, Direction::Out), (remote, local, Direction::In)];
                // Nobody is at the other end of a datagram here.
                let count = if protocol == Protocol::TCP { 2 } else { 1 };
                for (local, remote, opened) in ends.into_iter().take(count) {
                    let key = FlowKey { protocol, local, remote, interface: InterfaceId(1) };
                    let next = FlowId(self.flows.len() as u64);
                    if let std::collections::btree_map::Entry::Vacant(place) = self.flows.entry(key) {
                        place.insert(next);
                        wanted.push(Wanted { flow: next, key, opened: Some(opened) });
                    }
                }
            }
            self.ask(&wanted);
        }
    }

    fn ask(&mut self, wanted: &[Wanted]) {
        let start = Instant::now();
        self.finder.want(now(), wanted, &mut self.news);
        self.finder.tick(now(), &mut self.news);
        self.asking += start.elapsed();
        for (flow, owner) in self.news.owners.drain(..) {
            let before = self.owners.insert(flow, (owner.process.pid, owner.source));
            assert!(before.is_none_or(|(_, source)| source < owner.source), "said twice");
        }
    }

    /// Compares every owner with the truth, and counts.
    fn tally(&self, pids: &HashMap<Ipv4Addr, i32>) -> (Tally, Tally) {
        let mut sides = (Tally::default(), Tally::default());
        for (key, flow) in &self.flows {
            let SocketAddr::V4(local) = key.local else { continue };
            let side = if local.port() == PORT { &mut sides.1 } else { &mut sides.0 };
            side.flows += 1;
            let Some(&(pid, source)) = self.owners.get(flow) else { continue };
            assert_eq!(Some(&pid), pids.get(local.ip()), "a wrong owner of {local}, by {source:?}");
            match source {
                OwnerSource::Listener => side.listener += 1,
                _ => side.own += 1,
            }
        }
        sides
    }
}

fn borrow(capture: &pcap::Capture<pcap::Active>) -> std::os::fd::BorrowedFd<'_> {
    use std::os::fd::AsFd;
    capture.as_fd()
}

/// The two ends of a SYN or a datagram over IPv4 in an Ethernet frame.
fn opening(frame: &[u8]) -> Option<(Protocol, SocketAddr, SocketAddr)> {
    let ip = frame.get(14..)?;
    let tcp = ip.get(usize::from(ip.first()? & 15) * 4..)?;
    let address = |at: usize| Some(Ipv4Addr::from(<[u8; 4]>::try_from(ip.get(at..at + 4)?).ok()?));
    let port = |at: usize| Some(u16::from_be_bytes(<[u8; 2]>::try_from(tcp.get(at..at + 2)?).ok()?));
    let protocol = Protocol(*ip.get(9)?);
    let is_opening = protocol == Protocol::UDP || (protocol == Protocol::TCP && tcp.get(13)? & 0x12 == 0x02);
    is_opening.then_some((protocol, (address(12)?, port(0)?).into(), (address(16)?, port(2)?).into()))
}

/// CPU time of this thread.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

fn inside() {
    assert!(Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap().success());
    let servers: Vec<Role> = (1..=CLIENTS).map(|n| Role::start(&format!("server {n}"))).collect();
    if env::var_os("CROW_OWNERS_MEASURE").is_some() {
        for (lifetime_ms, per_second) in [(1, 500), (1, 2_000), (5, 500), (20, 500), (100, 500), (1_000, 500)]
        {
            let load = Load::Connections { lifetime_ms };
            scenario(&servers, load, (per_second, 5), None);
            scenario(&servers, load, (per_second, 5), events());
        }
        scenario(&servers, Load::Datagrams, (500, 5), None);
        scenario(&servers, Load::Datagrams, (500, 5), events());
        passing(None, 200);
        passing(events(), 200);
        many(&servers, 2_500);
        return;
    }
    let connections = |lifetime_ms| Load::Connections { lifetime_ms };
    scenario(&servers, connections(5), (200, 1), None);
    let (client, server) = scenario(&servers, connections(1_000), (100, 1), None);
    assert_eq!((client.flows, server.flows), (100, 100));
    assert_eq!((client.own, server.own), (100, 100), "connections of a second are found without exception");
    if events().is_none() {
        return;
    }
    let (client, server) = scenario(&servers, connections(1), (500, 1), events());
    // A busy machine opens fewer in the time; those that it opens count.
    assert!(client.flows >= 50 && client.flows == server.flows, "{} and {}", client.flows, server.flows);
    assert_eq!(client.own, client.flows, "connections of a millisecond are told of without exception");
    let (client, _) = scenario(&servers, Load::Datagrams, (200, 1), events());
    // Now and then the system gives the same port again, and so the same flow.
    assert!((50..=200).contains(&client.flows), "{} datagrams", client.flows);
    assert_eq!(client.own, client.flows, "datagrams are told of without exception");
    assert_eq!(passing(events(), 20), 20, "the processes of one datagram are told of without exception");
}

/// Kernel events, or why there are none.
fn events() -> Option<KernelEvents> {
    KernelEvents::open().map_err(|refused| println!("not checked: {refused}")).ok()
}

/// What the clients do.
#[derive(Clone, Copy)]
enum Load {
    Connections { lifetime_ms: u32 },
    Datagrams,
}

impl Load {
    fn role(self, n: u8, per_second: u32, count: u32) -> String {
        match self {
            Self::Connections { lifetime_ms } => format!("client {n} {lifetime_ms} {per_second} {count}"),
            Self::Datagrams => format!("asker {n} {per_second} {count}"),
        }
    }

    fn name(self) -> String {
        match self {
            Self::Connections { lifetime_ms } => format!("{lifetime_ms:5} ms"),
            Self::Datagrams => "datagram".to_owned(),
        }
    }
}

/// Starts `count` processes of one datagram each, and returns how many of these have an owner. Each owner
/// must be the right one.
fn passing(events: Option<KernelEvents>, count: u8) -> usize {
    let way = if events.is_some() { "events" } else { "table " };
    let mut watch = Watch::new(events);
    let starting = thread::spawn(move || {
        let mut pids = HashMap::new();
        for n in 1..=count {
            let mut child = again(&[], &format!("once {n}")).stdout(Stdio::null()).spawn().unwrap();
            pids.insert(v4(3, n), i32::try_from(child.id()).unwrap());
            assert!(child.wait().unwrap().success());
        }
        pids
    });
    while !starting.is_finished() {
        watch.run(Instant::now() + Duration::from_millis(50));
    }
    watch.run(Instant::now() + Duration::from_millis(300));
    let (client, _) = watch.tally(&starting.join().unwrap());
    let processes: HashSet<i32> = watch.news.processes.iter().map(|process| process.key.pid).collect();
    println!(
        "processes of one datagram, {way}: {} of {} have an owner, {} of {} processes named have a path",
        client.own,
        client.flows,
        watch.news.processes.iter().filter(|process| process.path.is_some()).count(),
        processes.len(),
    );
    assert_eq!(client.flows, usize::from(count));
    client.own
}

/// Who is behind which address.
fn truth(servers: &[Role], clients: &[Role]) -> HashMap<Ipv4Addr, i32> {
    let of = |group: u8, roles: &[Role]| -> Vec<(Ipv4Addr, i32)> {
        (1..=CLIENTS).zip(roles).map(|(n, role)| (v4(group, n), role.pid())).collect()
    };
    of(1, clients).into_iter().chain(of(2, servers)).collect()
}

fn scenario(
    servers: &[Role],
    load: Load,
    (per_second, seconds): (u32, u32),
    events: Option<KernelEvents>,
) -> (Tally, Tally) {
    let way = if events.is_some() { "events" } else { "table " };
    let mut watch = Watch::new(events);
    watch.run(Instant::now() + Duration::from_millis(50));
    let each = per_second / u32::from(CLIENTS);
    let started = cpu();
    let clients: Vec<Role> =
        (1..=CLIENTS).map(|n| Role::start(&load.role(n, each, each * seconds))).collect();
    let lifetime_ms = if let Load::Connections { lifetime_ms } = load { lifetime_ms } else { 0 };
    let span = Duration::from_secs(seconds.into()) + Duration::from_millis(u64::from(lifetime_ms) + 300);
    watch.run(Instant::now() + span);
    let (client, server) = watch.tally(&truth(servers, &clients));
    let used = cpu().saturating_sub(started);
    let share = |part: usize, of: &Tally| 100.0 * part as f64 / of.flows.max(1) as f64;
    println!(
        "{} at {per_second}/s, {way}: client {:5.1} %, server {:5.1} % (own socket {:5.1} %, listener {:5.1} %), \
         {} flows, thread CPU {:.2} % of a core, asking took {:?} ({:.1} µs a flow)",
        load.name(),
        share(client.own, &client),
        share(server.own + server.listener, &server),
        share(server.own, &server),
        share(server.listener, &server),
        client.flows + server.flows,
        100.0 * used.as_secs_f64() / span.as_secs_f64(),
        watch.asking,
        watch.asking.as_secs_f64() * 1e6 / (client.flows + server.flows).max(1) as f64,
    );
    let names: HashSet<&str> = watch.news.processes.iter().map(|process| process.name.as_str()).collect();
    let own = env::current_exe().unwrap();
    let expected = if watch.owners.is_empty() {
        HashSet::new()
    } else {
        HashSet::from([own.file_name().unwrap().to_str().unwrap()])
    };
    assert_eq!(names, expected);
    (client, server)
}

/// Asks for `connections` open connections at once, both ends.
fn many(servers: &[Role], connections: u32) {
    let each = connections / u32::from(CLIENTS);
    let mut watch = Watch::new(None);
    let clients: Vec<Role> =
        (1..=CLIENTS).map(|n| Role::start(&format!("client {n} 30000 1000 {each}"))).collect();
    let mut idle = Watch::new(None);
    std::mem::swap(&mut watch.finder, &mut idle.finder);
    watch.run(Instant::now() + Duration::from_secs(4));
    let wanted: Vec<Wanted> =
        watch.flows.iter().map(|(&key, &flow)| Wanted { flow, key, opened: None }).collect();
    for round in ["first", "again"] {
        idle.asking = Duration::ZERO;
        idle.owners.clear();
        let started = cpu();
        idle.ask(&wanted);
        println!(
            "{} flows at once, {round}: {} found, {:?}, CPU {:?}",
            wanted.len(),
            idle.owners.len(),
            idle.asking,
            cpu().saturating_sub(started)
        );
    }
    idle.flows = watch.flows;
    idle.tally(&truth(servers, &clients));
}
