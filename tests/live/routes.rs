//! Live: proxies and tunnels of other people's making. The app is credited with the real host, the route is named, and
//! every byte counts once; the kernel's counters are the truth.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::attribution::{NEIGHBOURS, at_rest, once_capture_is_open};
use crate::crow::{Live, Seen, number, text};
use crate::programs::{Done, IPERF_PORTS, WEB, WEB_BYTES, WEB_PORT, run_client, start_servers};
use crate::wait_for;
use crate::within_one_percent;
use crate::world::{CABLE, Counters, ETHERNET_HEADER, SERVER, Side, World, run};

/// Where microsocks and tinyproxy listen.
const PROXY_PORTS: (u16, u16) = (1080, 8888);
/// Both ends inside the tunnel, and where its carriers listen.
const INSIDE: (&str, &str) = ("10.99.0.1", "10.99.0.2");
const WIREGUARD_PORT: u16 = 51_820;

#[test]
fn a_proxy_s_user_is_credited_with_the_real_host_and_nothing_counts_twice() {
    let Some(mut world) = World::new() else { return };
    start_servers(&mut world);
    let (socks, http) = (start_microsocks(&mut world), start_tinyproxy(&mut world));
    let mut crow = Live::start(&world);
    let (counted, shown) = once_capture_is_open(&world, &mut crow);
    let lo = world.settled_counters(Side::Client, "lo");

    let url = format!("http://{WEB}:{WEB_PORT}/file");
    let fetch = |arguments: &[&str]| {
        let mut curl = world.command(Side::Client, "curl");
        curl.args(["--silent", "--show-error", "--fail", "--output", "/dev/null"]).args(arguments).arg(&url);
        let before = world.settled_counters(Side::Client, "lo");
        let done = run_client(&world, "curl", curl);
        (done, world.settled_counters(Side::Client, "lo").since(before))
    };
    let (socks_end, http_end) =
        (format!("127.0.0.1:{}", PROXY_PORTS.0), format!("127.0.0.1:{}", PROXY_PORTS.1));
    let by_socks = fetch(&["--socks5-hostname", &socks_end]);
    let by_connect = fetch(&["--proxytunnel", "--proxy", &http_end]);
    let counted = world.settled_counters(Side::Client, CABLE).since(counted);
    let lo = world.settled_counters(Side::Client, "lo").since(lo);

    let seen = everything_counted(&mut crow, (counted, shown));
    assert!(within_one_percent(seen.total("loopback_bytes"), lo.rx_ip_bytes(0)), "{}", seen.last["totals"]);
    let mut users = 0;
    for ((done, loopback), port, proxy, via) in
        [(by_socks, PROXY_PORTS.0, socks, "microsocks"), (by_connect, PROXY_PORTS.1, http, "tinyproxy")]
    {
        let moved = is_stitched(seen, &done, (port, via));
        assert!(within_one_percent(moved, loopback.rx_ip_bytes(0)), "{moved} of {loopback:?}");
        passes_on(seen, &done, (proxy, via));
        users += moved;
    }
    let domain = &seen.domains["example.test"];
    let once = number(domain, "rx_bytes") + number(domain, "tx_bytes");
    assert!(within_one_percent(once, users), "{users} bytes were moved for {domain}");
    assert_eq!(seen.total("dropped_packets"), 0);
}

/// The user's own connection says where it goes and by whom; all that the process moved is that. Returns how much.
#[track_caller]
fn is_stitched(seen: &Seen, done: &Done, (port, via): (u16, &str)) -> u64 {
    let own = |row: &&Value| row["pid"] == done.pid;
    let rows: Vec<&Value> = seen.to_port(port).into_iter().filter(own).collect();
    let [row] = rows[..] else { unreachable!("one connection of {done:?} to {via}: {rows:?}") };
    assert_eq!(
        (text(row, "host"), text(row, "domain")),
        (WEB.to_owned(), "example.test".to_owned()),
        "{row}"
    );
    assert_eq!((text(row, "route"), text(row, "route_via")), ("proxied".to_owned(), via.to_owned()), "{row}");
    assert_eq!(row["interface"], "lo");
    let process = &seen.processes[&u64::from(done.pid)];
    for way in ["rx_bytes", "tx_bytes"] {
        assert_eq!(number(process, way), number(row, way), "{process} has that connection only: {row}");
    }
    let moved = number(row, "rx_bytes") + number(row, "tx_bytes");
    assert!(moved > WEB_BYTES, "{row}");
    moved
}

/// What the proxy moved outside is marked, and is not the proxy's own.
#[track_caller]
fn passes_on(seen: &Seen, done: &Done, (proxy, via): (u32, &str)) {
    let rows: Vec<&Value> = seen
        .connections
        .values()
        .filter(|row| row["interface"] == CABLE && row["process"] == via && row["pid"] == proxy)
        .collect();
    assert!(rows.iter().any(|row| text(row, "remote").ends_with(&format!(":{WEB_PORT}"))), "{via}: {rows:?}");
    let mut moved = 0;
    for row in rows {
        assert_eq!(
            (text(row, "route"), text(row, "route_via")),
            ("upstream".to_owned(), via.to_owned()),
            "{row}"
        );
        moved += number(row, "rx_bytes") + number(row, "tx_bytes");
    }
    let expected = done.rx() + done.tx();
    assert!(
        within_one_percent(moved, expected),
        "{via} moved {moved} outside, the kernel counted {expected}"
    );
    let own = seen.processes.get(&proxy.into());
    let own = own.map_or(0, |row| number(row, "rx_bytes") + number(row, "tx_bytes"));
    assert!(own * 100 <= moved, "{own} bytes are counted for {via} itself");
}

#[test]
fn what_goes_through_a_tunnel_counts_for_the_app_and_the_carrier_is_marked() {
    let Some(mut world) = World::new() else { return };
    start_servers(&mut world);
    let mut crow = Live::start(&world);
    let (counted, shown) = once_capture_is_open(&world, &mut crow);
    let tunnel = Tunnel::start(&mut world);
    let inside = world.settled_counters(Side::Client, &tunnel.client);

    let mut iperf = world.command(Side::Client, "iperf3");
    iperf.args(["--client", INSIDE.1, "--port", &IPERF_PORTS.0.to_string()]);
    iperf.args(["--bytes", "4M", "--bitrate", "40M"]);
    let done = run_client(&world, "iperf3 inside", iperf);
    let inside = world.settled_counters(Side::Client, &tunnel.client).since(inside);
    let counted = world.settled_counters(Side::Client, CABLE).since(counted);

    let seen = everything_counted(&mut crow, (counted, shown));
    let inner: Vec<&Value> = seen.to_port(IPERF_PORTS.0);
    assert_eq!(inner.len(), 2, "control and data: {inner:?}");
    for row in &inner {
        assert_eq!(row["pid"], done.pid, "{row}");
        assert_eq!(text(row, "interface"), tunnel.client);
        let route = (text(row, "route"), text(row, "route_via"));
        assert_eq!(route, ("tunnelled".to_owned(), "WireGuard".to_owned()), "{row}");
    }
    // A tunnel's frames are its packets: there is no header before them.
    let app = &seen.processes[&u64::from(done.pid)];
    let (moved, expected) =
        (number(app, "rx_bytes") + number(app, "tx_bytes"), inside.rx_bytes + inside.tx_bytes);
    assert!(within_one_percent(moved, expected), "{expected} bytes went through the tunnel: {app}");

    let carriers: Vec<&Value> = seen.to_port(WIREGUARD_PORT);
    let [carrier] = carriers[..] else { unreachable!("one carrier: {carriers:?}") };
    assert_eq!(carrier["pid"], tunnel.pid, "{carrier}");
    assert_eq!(
        (text(carrier, "route"), text(carrier, "route_via")),
        ("carrier".to_owned(), "WireGuard".to_owned())
    );
    let outer = number(carrier, "rx_bytes") + number(carrier, "tx_bytes");
    assert!(within_one_percent(outer, done.rx() + done.tx()), "{done:?} and {carrier}");
    assert!(outer > moved, "the tunnel adds its headers: {outer} outside, {moved} inside");
    let own = seen.processes.get(&tunnel.pid.into());
    let own = own.map_or(0, |row| number(row, "rx_bytes") + number(row, "tx_bytes"));
    assert!(own * 100 <= outer, "{own} bytes are counted for the tunnel's program itself");
    assert_eq!(seen.total("dropped_packets"), 0);
}

/// Waits until Crow has all that the kernel counted on the cable, and has come to rest: each byte once.
#[track_caller]
pub(crate) fn everything_counted(crow: &mut Live, (counted, shown): (Counters, (u64, u64))) -> &Seen {
    let expected = (counted.rx_ip_bytes(ETHERNET_HEADER), counted.tx_ip_bytes(ETHERNET_HEADER));
    crow.wait_until("Crow to have counted what the kernel has", |seen| {
        let arrived = |field, before, expected| 100 * (seen.total(field) - before) >= 99 * expected;
        arrived("rx_bytes", shown.0, expected.0) && arrived("tx_bytes", shown.1, expected.1)
    });
    let seen = at_rest(crow);
    let totals = &seen.last["totals"];
    let moved = (seen.total("rx_bytes") - shown.0, seen.total("tx_bytes") - shown.1);
    assert!(
        within_one_percent(moved.0 + moved.1, expected.0 + expected.1),
        "{expected:?}: {moved:?} of {totals}"
    );
    for (shown, counted) in [(moved.0, expected.0), (moved.1, expected.1)] {
        assert!(shown.abs_diff(counted) <= counted / 100 + NEIGHBOURS, "{expected:?}: {moved:?} of {totals}");
    }
    seen
}

fn start_microsocks(world: &mut World) -> u32 {
    let mut proxy = world.command(Side::Client, "microsocks");
    proxy.args(["-i", "127.0.0.1", "-p", &PROXY_PORTS.0.to_string()]);
    let pid = world.start(proxy);
    world.wait_for_port(Side::Client, "tcp", PROXY_PORTS.0);
    pid
}

fn start_tinyproxy(world: &mut World) -> u32 {
    let file = world.folder().join("tinyproxy.conf");
    let text =
        format!("Port {}\nListen 127.0.0.1\nTimeout 60\nMaxClients 10\nAllow 127.0.0.1\n", PROXY_PORTS.1);
    fs::write(&file, text).unwrap();
    let mut proxy = world.command(Side::Client, "tinyproxy");
    proxy.arg("-d").arg("-c").arg(file);
    let pid = world.start(proxy);
    world.wait_for_port(Side::Client, "tcp", PROXY_PORTS.1);
    pid
}

/// A tunnel of wireguard-go between both sides of the world.
struct Tunnel {
    /// The interface on the client's side.
    client: String,
    /// The program that holds it.
    pid: u32,
}

impl Tunnel {
    fn start(world: &mut World) -> Self {
        // The way to configure one is a socket in a folder that all namespaces share: the names are ours alone.
        let [client, server] = ["c", "s"].map(|side| format!("crow{}{side}", std::process::id()));
        let keys = [0, 1].map(|_| Keys::new());
        let mut pids = Vec::new();
        for (side, name) in [(Side::Client, &client), (Side::Server, &server)] {
            let mut program = world.command(side, "wireguard-go");
            program.args(["--foreground", name]);
            pids.push(world.start(program));
            let socket = format!("/var/run/wireguard/{name}.sock");
            wait_for("wireguard-go to listen", || fs::exists(&socket).unwrap().then_some(()));
        }
        let ends = [
            (Side::Client, &client, &keys[0], &keys[1], (INSIDE.0, None)),
            (Side::Server, &server, &keys[1], &keys[0], (INSIDE.1, Some(WIREGUARD_PORT))),
        ];
        for (side, name, own, peer, (address, port)) in ends {
            let file = world.folder().join(format!("{name}.key"));
            fs::write(&file, &own.private).unwrap();
            let mut wg = world.command(side, "wg");
            wg.args(["set", name, "private-key"]).arg(&file);
            if let Some(port) = port {
                wg.args(["listen-port", &port.to_string()]);
            }
            wg.args(["peer", &peer.public, "allowed-ips", "10.99.0.0/24"]);
            if port.is_none() {
                wg.args(["endpoint", &format!("{}:{WIREGUARD_PORT}", SERVER.0)]);
            }
            run(&mut wg);
            run(world.command(side, "ip").args(["address", "add", &format!("{address}/24"), "dev", name]));
            run(world.command(side, "ip").args(["link", "set", name, "up"]));
        }
        Self { client, pid: pids[0] }
    }
}

/// A pair of keys.
struct Keys {
    private: String,
    public: String,
}

impl Keys {
    fn new() -> Self {
        let wg = || std::process::Command::new("wg");
        let private = String::from_utf8(run(wg().arg("genkey")).stdout).unwrap();
        let mut child = wg().arg("pubkey").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), private.as_bytes()).unwrap();
        let public = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        Self { private, public: public.trim().to_owned() }
    }
}
