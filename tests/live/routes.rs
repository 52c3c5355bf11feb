//! Live: proxies and tunnels of other people's making. The app is credited with the real host, the route is named, and
//! every byte counts once; the kernel's counters are the truth.

use std::fs;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::attribution::{NEIGHBOURS, at_rest, once_capture_is_open};
use crate::crow::{Live, Seen, number, text};
use crate::programs::{
    Done, ECHO_PORT, FILES, IPERF_PORTS, PAGE_BYTES, WEB, WEB_BYTES, WEB_PORT, run_client, start_servers,
    talk,
};
use crate::wait_for;
use crate::within_one_percent;
use crate::world::{CABLE, Counters, ETHERNET_HEADER, SERVER, Side, World, run};

/// Where microsocks and tinyproxy listen.
const PROXY_PORTS: (u16, u16) = (1080, 8888);
/// Where ss-local and v2ray listen, and the server of Shadowsocks that both use.
const CIRCUMVENTION_PORTS: (u16, u16) = (1086, 10_809);
const SHADOWSOCKS_PORT: u16 = 8388;
/// How Shadowsocks hides what it carries.
const CIPHER: &str = "aes-256-gcm";
const PASSWORD: &str = "crows-keep-secrets";
/// Where the proxy's controller listens, and what it is.
const CONTROLLER_PORT: u16 = 9090;
const CONTROLLER: &str = include_str!("controller.py");
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
    let proxy = |pid, program, port| Proxy { pid, program, via: program, port, upstream: WEB_PORT };
    let (socks, http) = (proxy(socks, "microsocks", PROXY_PORTS.0), proxy(http, "tinyproxy", PROXY_PORTS.1));
    for ((done, loopback), proxy) in [(by_socks, socks), (by_connect, http)] {
        let moved = is_stitched(seen, &done, &proxy, &Fetched { source: "http", bytes: WEB_BYTES });
        assert!(within_one_percent(moved, loopback.rx_ip_bytes(0)), "{moved} of {loopback:?}");
        passes_on(seen, &done, &proxy);
        users += moved;
    }
    let domain = &seen.domains["example.test"];
    let once = number(domain, "rx_bytes") + number(domain, "tx_bytes");
    assert!(within_one_percent(once, users), "{users} bytes were moved for {domain}");
    assert_eq!(seen.total("dropped_packets"), 0);
}

/// A proxy on the client's machine.
struct Proxy {
    pid: u32,
    /// Its program, and what Crow calls it.
    program: &'static str,
    via: &'static str,
    /// Where it listens, and where its own connections go.
    port: u16,
    upstream: u16,
}

/// What was fetched through a proxy.
struct Fetched {
    /// How the host is known.
    source: &'static str,
    /// At least so many bytes.
    bytes: u64,
}

/// The user's own connection says where it goes and by whom; all that the process moved is that. Returns how much.
#[track_caller]
fn is_stitched(seen: &Seen, done: &Done, proxy: &Proxy, fetched: &Fetched) -> u64 {
    let own = |row: &&Value| row["pid"] == done.pid;
    let rows: Vec<&Value> = seen.to_port(proxy.port).into_iter().filter(own).collect();
    let [row] = rows[..] else { unreachable!("one connection of {done:?} to {}: {rows:?}", proxy.program) };
    for (field, value) in [
        ("host", WEB),
        ("domain", "example.test"),
        ("host_source", fetched.source),
        ("route", "proxied"),
        ("route_via", proxy.via),
        ("interface", "lo"),
    ] {
        assert_eq!(text(row, field), value, "{field} of {row}");
    }
    let process = &seen.processes[&u64::from(done.pid)];
    for way in ["rx_bytes", "tx_bytes"] {
        assert_eq!(number(process, way), number(row, way), "{process} has that connection only: {row}");
    }
    let moved = number(row, "rx_bytes") + number(row, "tx_bytes");
    assert!(moved > fetched.bytes, "{row}");
    moved
}

/// What the proxy moved outside is marked, and is not the proxy's own.
#[track_caller]
fn passes_on(seen: &Seen, done: &Done, proxy: &Proxy) {
    let via = proxy.via;
    let rows: Vec<&Value> = seen
        .connections
        .values()
        .filter(|row| row["interface"] == CABLE && row["process"] == proxy.program && row["pid"] == proxy.pid)
        .collect();
    let end = format!(":{}", proxy.upstream);
    assert!(rows.iter().any(|row| text(row, "remote").ends_with(&end)), "{via}: {rows:?}");
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
    let own = seen.processes.get(&proxy.pid.into());
    let own = own.map_or(0, |row| number(row, "rx_bytes") + number(row, "tx_bytes"));
    assert!(own * 100 <= moved, "{own} bytes are counted for {via} itself");
}

#[test]
fn shadowsocks_and_v2ray_carry_tls_for_the_app_that_uses_them() {
    let Some(mut world) = World::new() else { return };
    start_servers(&mut world);
    let (shadowsocks, v2ray) = (start_shadowsocks(&mut world), start_v2ray(&mut world));
    let mut crow = Live::start(&world);
    let (counted, shown) = once_capture_is_open(&world, &mut crow);
    let fetch = |arguments: &[&str]| {
        let mut curl = world.command(Side::Client, "curl");
        curl.args(["--silent", "--show-error", "--fail", "--cacert", "cert.pem", "--output", "/dev/null"]);
        curl.args(arguments).arg(format!("https://{WEB}/page"));
        let before = world.settled_counters(Side::Client, "lo");
        let done = run_client(&world, "curl", curl);
        (done, world.settled_counters(Side::Client, "lo").since(before))
    };
    let by_socks = fetch(&["--socks5-hostname", &format!("127.0.0.1:{}", shadowsocks.port)]);
    let by_connect = fetch(&["--proxy", &format!("http://127.0.0.1:{}", v2ray.port)]);
    let counted = world.settled_counters(Side::Client, CABLE).since(counted);
    let seen = everything_counted(&mut crow, (counted, shown));
    for ((done, loopback), proxy) in [(by_socks, shadowsocks), (by_connect, v2ray)] {
        let moved = is_stitched(seen, &done, &proxy, &Fetched { source: "sni", bytes: PAGE_BYTES });
        assert!(within_one_percent(moved, loopback.rx_ip_bytes(0)), "{moved} of {loopback:?}");
        passes_on(seen, &done, &proxy);
    }
    assert_eq!(seen.total("dropped_packets"), 0);
}

#[test]
fn datagrams_by_way_of_a_socks_proxy_show_the_real_host_and_count_once() {
    let Some(mut world) = World::new() else { return };
    start_servers(&mut world);
    let proxy = start_shadowsocks(&mut world);
    let mut crow = Live::start(&world);
    let (counted, shown) = once_capture_is_open(&world, &mut crow);
    let client = talk(&world, Side::Client, &["associate", SERVER.0, &ECHO_PORT.to_string(), "300"]);
    let lo = world.settled_counters(Side::Client, "lo");
    let done = run_client(&world, "associate", client);
    let lo = world.settled_counters(Side::Client, "lo").since(lo);
    let counted = world.settled_counters(Side::Client, CABLE).since(counted);
    let seen = everything_counted(&mut crow, (counted, shown));

    let own = |row: &&Value| row["pid"] == done.pid && row["protocol"] == "udp";
    let rows: Vec<&Value> = seen.to_port(proxy.port).into_iter().filter(own).collect();
    let [row] = rows[..] else { unreachable!("one flow of datagrams of {done:?}: {rows:?}") };
    for (field, value) in [
        ("host", FILES),
        ("host_source", "socks"),
        ("route", "proxied"),
        ("route_via", proxy.via),
        ("interface", "lo"),
    ] {
        assert_eq!(text(row, field), value, "{field} of {row}");
    }
    let process = &seen.processes[&u64::from(done.pid)];
    let moved = number(process, "rx_bytes") + number(process, "tx_bytes");
    assert!(within_one_percent(moved, lo.rx_ip_bytes(0)), "{lo:?}: {process}");
    passes_on(seen, &done, &proxy);
}

#[test]
fn what_a_proxy_s_own_api_says_is_joined_to_its_client_s_connection() {
    let Some(mut world) = World::new() else { return };
    start_servers(&mut world);
    start_microsocks(&mut world);
    let mut controller = world.command(Side::Client, "/usr/bin/python3");
    let (listens, proxy) = (CONTROLLER_PORT.to_string(), PROXY_PORTS.0.to_string());
    controller.args(["-c", CONTROLLER, &listens, &proxy, PASSWORD]);
    let controller = world.start(controller);
    world.wait_for_port(Side::Client, "tcp", CONTROLLER_PORT);
    let api = json!({ "on": true, "address": format!("127.0.0.1:{CONTROLLER_PORT}"), "secret": PASSWORD });
    let mut crow = Live::start_with(&world, &json!({ "proxy_api": api }));
    once_capture_is_open(&world, &mut crow);

    let mut curl = world.command(Side::Client, "curl");
    curl.args(["--silent", "--show-error", "--fail", "--output", "/dev/null", "--socks5-hostname"]);
    curl.args([&format!("127.0.0.1:{proxy}"), &format!("http://{WEB}:{WEB_PORT}/file")]);
    let done = run_client(&world, "curl", curl);
    let of = |seen: &Seen| -> Vec<Value> {
        let rows = seen.to_port(PROXY_PORTS.0).into_iter().filter(|row| row["pid"] == done.pid);
        rows.cloned().collect()
    };
    crow.wait_until("the client's connection to be closed", |seen| {
        of(seen).iter().any(|row| row["state"] == "closed")
    });
    let seen = crow.seen();
    let rows = of(seen);
    let [row] = &rows[..] else { unreachable!("one connection of {done:?}: {rows:?}") };
    assert_eq!(text(row, "route_chain"), "Auto › Tokyo 2", "{row}");
    assert_eq!((text(row, "route"), text(row, "route_via")), ("proxied".to_owned(), "microsocks".to_owned()));
    assert_eq!(text(row, "host_source"), "http", "what the client says itself is better: {row}");
    // Crow's own questions are traffic like any other's, and stay here.
    let asked = seen.to_port(CONTROLLER_PORT);
    assert!(!asked.is_empty() && asked.iter().all(|row| row["interface"] == "lo"), "{asked:?}");
    assert!(asked.iter().any(|row| row["process"] == "crow"), "{asked:?}");
    assert!(seen.processes.contains_key(&controller.into()), "the controller is a process too");
}

#[test]
fn what_goes_through_a_tunnel_counts_for_the_app_and_the_carrier_is_marked() {
    let Some(mut world) = World::new() else { return };
    start_servers(&mut world);
    let mut crow = Live::start(&world);
    let (counted_before, shown) = once_capture_is_open(&world, &mut crow);
    let tunnel = Tunnel::start(&mut world);
    let inside = world.settled_counters(Side::Client, &tunnel.client);

    let mut iperf = world.command(Side::Client, "iperf3");
    iperf.args(["--client", INSIDE.1, "--port", &IPERF_PORTS.0.to_string()]);
    iperf.args(["--bytes", "4M", "--bitrate", "40M"]);
    let done = run_client(&world, "iperf3 inside", iperf);
    let inside = world.settled_counters(Side::Client, &tunnel.client).since(inside);
    let counted = world.settled_counters(Side::Client, CABLE).since(counted_before);

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

    // Switched off, with all that it carried still open: what was counted stays as it was.
    let before = (app.clone(), carrier.clone());
    world.stop(tunnel.pid, "TERM");
    let mut curl = world.command(Side::Client, "curl");
    curl.args(["--silent", "--fail", "--noproxy", "*", "--output", "/dev/null"]);
    curl.arg(format!("http://{WEB}:{WEB_PORT}/page"));
    let again = run_client(&world, "curl", curl);
    let counted = world.settled_counters(Side::Client, CABLE).since(counted_before);
    let seen = everything_counted(&mut crow, (counted, shown));
    let row = &seen.processes[&u64::from(done.pid)];
    assert_eq!((&row["rx_bytes"], &row["tx_bytes"]), (&before.0["rx_bytes"], &before.0["tx_bytes"]));
    let outer = number(seen.to_port(WIREGUARD_PORT)[0], "rx_bytes");
    assert!(outer >= number(&before.1, "rx_bytes"), "{outer} after {}", before.1);
    let direct = seen.to_port(WEB_PORT).into_iter().find(|row| row["pid"] == again.pid);
    assert_eq!(text(direct.expect("what leaves without the tunnel"), "route"), "direct");
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

/// Shadowsocks: its server on the servers' side, and `ss-local`, which takes SOCKS5, on the client's.
fn start_shadowsocks(world: &mut World) -> Proxy {
    let port = SHADOWSOCKS_PORT.to_string();
    let common = ["-s", SERVER.0, "-p", &port, "-k", PASSWORD, "-m", CIPHER, "-u"];
    let mut server = world.command(Side::Server, "ss-server");
    // The echo server and nginx answer by IPv4.
    server.args(common);
    let mut local = world.command(Side::Client, "ss-local");
    local.args(common).args(["-b", "127.0.0.1", "-l", &CIRCUMVENTION_PORTS.0.to_string()]);
    world.start(server);
    world.wait_for_port(Side::Server, "tcp", SHADOWSOCKS_PORT);
    let pid = world.start(local);
    world.wait_for_port(Side::Client, "tcp", CIRCUMVENTION_PORTS.0);
    Proxy {
        pid,
        program: "ss-local",
        via: "Shadowsocks",
        port: CIRCUMVENTION_PORTS.0,
        upstream: SHADOWSOCKS_PORT,
    }
}

/// `V2Ray` as an HTTP proxy that passes on by way of the same server.
fn start_v2ray(world: &mut World) -> Proxy {
    let file = world.folder().join("v2ray.json");
    let (listens, server) = (CIRCUMVENTION_PORTS.1, SERVER.0);
    let shadowsocks =
        json!({ "address": server, "port": SHADOWSOCKS_PORT, "method": CIPHER, "password": PASSWORD });
    let settings = json!({
        "log": { "loglevel": "warning" },
        "inbounds": [{ "listen": "127.0.0.1", "port": listens, "protocol": "http" }],
        "outbounds": [{ "protocol": "shadowsocks", "settings": { "servers": [shadowsocks] } }],
    });
    fs::write(&file, settings.to_string()).unwrap();
    let mut proxy = world.command(Side::Client, "v2ray");
    proxy.arg("-config").arg(file);
    let pid = world.start(proxy);
    world.wait_for_port(Side::Client, "tcp", listens);
    Proxy { pid, program: "v2ray", via: "V2Ray", port: listens, upstream: SHADOWSOCKS_PORT }
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
