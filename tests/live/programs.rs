//! The programs of the world: real servers, and real clients whose bytes the kernel counts one after the other.

use std::fs;
use std::process::{Command, Stdio};

use crate::world::{CABLE, Counters, ETHERNET_HEADER, SERVER, Side, World, run};
use crate::{wait_for, within_one_percent};

/// A name that only the world's own DNS server knows, for HTTP.
pub(crate) const WEB: &str = "www.example.test";
/// The same machine under another registrable domain, for a protocol that carries no name.
pub(crate) const FILES: &str = "files.example.net";

/// The same machine once more, for HTTP/3.
pub(crate) const FILM: &str = "film.example.org";
/// And by a name so long that a small segment does not hold it.
pub(crate) const LONG: &str = concat!(
    "a-name-of-a-server-that-is-longer-than-most-are-and-goes-on-1.",
    "a-name-of-a-server-that-is-longer-than-most-are-and-goes-on-2.",
    "a-name-of-a-server-that-is-longer-than-most-are-and-goes-on-3.",
    "segments.example.test"
);

/// Where nginx listens, in clear and with TLS 1.3.
pub(crate) const WEB_PORT: u16 = 8080;
pub(crate) const TLS_PORT: u16 = 443;
/// Where the server of pieces listens.
pub(crate) const FILES_PORT: u16 = 7000;
/// Where iperf3 listens for TCP's turn, and for UDP's.
pub(crate) const IPERF_PORTS: (u16, u16) = (5201, 5202);
/// Where the echo server listens.
pub(crate) const ECHO_PORT: u16 = 9000;
/// Where the server that talks to its own machine listens.
pub(crate) const LOOPBACK_PORT: u16 = 6000;

/// The size of the file that nginx serves.
pub(crate) const WEB_BYTES: u64 = 4 << 20;
/// The size of a smaller one.
pub(crate) const PAGE_BYTES: u64 = 1 << 20;
/// How many bytes a second nginx sends: a transfer lasts seconds. (curl's own limit lets the first megabytes burst.)
const WEB_RATE: u64 = 3 << 19;
/// How many pieces of 64 KiB the server of pieces sends.
const PIECES: u64 = 48;
/// What iperf3 sends, by TCP and by UDP.
const IPERF_BYTES: (u64, u64) = (8 << 20, 2 << 20);
/// How many datagrams of 1000 bytes go each way.
const DATAGRAMS: u64 = 500;

/// The plain clients and servers.
const TALK: &str = include_str!("talk.py");

/// A client that has done its work, and what the kernel counted meanwhile.
#[derive(Debug)]
pub(crate) struct Done {
    /// What it was.
    pub(crate) what: &'static str,
    /// Its pid while it ran.
    pub(crate) pid: u32,
    /// The counters of the cable, from before it started until its last packet.
    pub(crate) counted: Counters,
}

impl Done {
    /// IP bytes received while it ran.
    pub(crate) fn rx(&self) -> u64 {
        self.counted.rx_ip_bytes(ETHERNET_HEADER)
    }

    /// IP bytes sent while it ran.
    pub(crate) fn tx(&self) -> u64 {
        self.counted.tx_ip_bytes(ETHERNET_HEADER)
    }
}

/// Starts every server of the world and waits until all listen.
pub(crate) fn start_servers(world: &mut World) {
    start_nginx(world);
    let mut dnsmasq = world.command(Side::Server, "dnsmasq");
    dnsmasq.args([
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--pid-file=",
        "--user=root",
        "--no-resolv",
    ]);
    dnsmasq.args([
        "--no-hosts",
        "--bind-interfaces",
        "--cache-size=0",
        &format!("--listen-address={}", SERVER.0),
    ]);
    for (name, addresses) in [
        (WEB, &[SERVER.0, SERVER.1] as &[&str]),
        (FILES, &[SERVER.0, SERVER.1]),
        (FILM, &[SERVER.0]),
        (LONG, &[SERVER.0]),
    ] {
        for address in addresses {
            dnsmasq.arg(format!("--address=/{name}/{address}"));
        }
    }
    world.start(dnsmasq);
    for port in [IPERF_PORTS.0, IPERF_PORTS.1] {
        let mut iperf = world.command(Side::Server, "iperf3");
        iperf.args(["--server", "--port", &port.to_string()]);
        world.start(iperf);
    }
    let (files, echo) = (
        talk(world, Side::Server, &["serve", SERVER.0, &FILES_PORT.to_string(), &PIECES.to_string()]),
        talk(world, Side::Server, &["echo", SERVER.0, &ECHO_PORT.to_string(), "0"]),
    );
    world.start(files);
    world.start(echo);
    for (protocol, port) in [
        ("tcp", WEB_PORT),
        ("tcp", TLS_PORT),
        ("udp", 53),
        ("tcp", IPERF_PORTS.0),
        ("tcp", IPERF_PORTS.1),
        ("tcp", FILES_PORT),
        ("udp", ECHO_PORT),
    ] {
        world.wait_for_port(Side::Server, protocol, port);
    }
}

/// A key and its own certificate for every name of the world: `key.pem` and `cert.pem` in its folder.
fn certify(world: &World) {
    let names = format!("subjectAltName=DNS:{WEB},DNS:{FILES},DNS:{FILM},DNS:{LONG}");
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
    openssl.args(["-days", "2", "-subj", "/CN=example.test", "-addext", &names]);
    openssl.args(["-keyout", "key.pem", "-out", "cert.pem"]);
    run(openssl.stdin(Stdio::null()).current_dir(world.folder()));
}

/// nginx in the foreground with a file to serve and nothing outside the world's folder.
fn start_nginx(world: &mut World) {
    certify(world);
    let folder = world.folder();
    for (name, bytes) in [("file", WEB_BYTES), ("page", PAGE_BYTES)] {
        fs::write(folder.join(name), vec![0x5a; usize::try_from(bytes).unwrap()]).unwrap();
    }
    let own = folder.display();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary = temporary.map(|what| format!("{what}_temp_path {own}/{what};")).join("\n");
    let (v4, v6) = SERVER;
    let text = format!(
        "daemon off; user root; worker_processes 1; pid {own}/nginx.pid; error_log {own}/nginx.log;\n\
         events {{}}\nhttp {{ access_log off;\n{temporary}\
         ssl_certificate {own}/cert.pem; ssl_certificate_key {own}/key.pem; ssl_protocols TLSv1.3;\n\
         server {{ listen {v4}:{WEB_PORT}; listen [{v6}]:{WEB_PORT}; listen {v4}:{TLS_PORT} ssl;\n\
         listen [{v6}]:{TLS_PORT} ssl; root {own}; limit_rate {WEB_RATE}; }} }}\n"
    );
    let configuration = folder.join("nginx.conf");
    fs::write(&configuration, text).unwrap();
    let mut nginx = world.command(Side::Server, "nginx");
    nginx.arg("-e").arg(folder.join("nginx.log")).arg("-c").arg(configuration);
    world.start(nginx);
}

/// One of the plain clients and servers.
pub(crate) fn talk(world: &World, side: Side, arguments: &[&str]) -> Command {
    let mut command = world.command(side, "/usr/bin/python3");
    command.args(["-c", TALK]).args(arguments);
    command
}

/// Runs every client in turn. The kernel's counters tell what each of them moved, because nothing else moves then.
pub(crate) fn run_clients(world: &World) -> Vec<Done> {
    let url = format!("http://{WEB}:{WEB_PORT}/file");
    let curl = |version: &str| {
        let mut curl = world.command(Side::Client, "curl");
        curl.args(["--silent", "--show-error", "--fail", "--noproxy", "*", version]);
        curl.args(["--output", "/dev/null", &url]);
        curl
    };
    let iperf = |port: u16, arguments: &[&str]| {
        let mut iperf = world.command(Side::Client, "iperf3");
        iperf.args(["--client", SERVER.0, "--port", &port.to_string()]).args(arguments);
        iperf
    };
    let (tcp, udp) = (IPERF_BYTES.0.to_string(), IPERF_BYTES.1.to_string());
    let port = |port: u16| port.to_string();
    vec![
        run_client(world, "curl over IPv4", curl("-4")),
        run_client(world, "curl over IPv6", curl("-6")),
        run_client(world, "iperf3 over TCP", iperf(IPERF_PORTS.0, &["--bytes", &tcp, "--bitrate", "60M"])),
        run_client(
            world,
            "iperf3 over UDP",
            iperf(IPERF_PORTS.1, &["--udp", "--bytes", &udp, "--bitrate", "12M", "--length", "1200"]),
        ),
        run_client(world, "fetch", talk(world, Side::Client, &["fetch", FILES, &port(FILES_PORT), "0"])),
        run_client(
            world,
            "ask",
            talk(world, Side::Client, &["ask", SERVER.0, &port(ECHO_PORT), &DATAGRAMS.to_string()]),
        ),
    ]
}

/// Runs one client to its end.
pub(crate) fn run_client(world: &World, what: &'static str, mut command: Command) -> Done {
    let before = world.settled_counters(Side::Client, CABLE);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = child.id();
    let status = wait_for(what, || child.try_wait().unwrap());
    assert!(
        status.success(),
        "{what} ended with {status}: {:?}",
        std::io::read_to_string(child.stderr.unwrap())
    );
    let after = world.settled_counters(Side::Client, CABLE);
    Done { what, pid, counted: after.since(before) }
}

/// A server and a client on the client's own machine: both pids, and what the kernel counted on `lo`.
pub(crate) fn talk_on_loopback(world: &mut World) -> (u32, u32, Counters) {
    let before = world.settled_counters(Side::Client, "lo");
    let port = LOOPBACK_PORT.to_string();
    let server = talk(world, Side::Client, &["serve", "127.0.0.1", &port, &PIECES.to_string()]);
    let server = world.start(server);
    world.wait_for_port(Side::Client, "tcp", LOOPBACK_PORT);
    let client = run_client(world, "fetch", talk(world, Side::Client, &["fetch", "127.0.0.1", &port, "0"]));
    (server, client.pid, world.settled_counters(Side::Client, "lo").since(before))
}

/// The world itself, without Crow: the programs move what they say, and the kernel counts it.
#[test]
fn the_world_moves_real_bytes() {
    let Some(mut world) = World::new() else { return };
    start_servers(&mut world);
    let clients = run_clients(&world);
    let datagrams = DATAGRAMS * (1000 + 8 + 20);
    for done in &clients {
        let (least_rx, least_tx) = match done.what {
            "curl over IPv4" | "curl over IPv6" => (WEB_BYTES, 0),
            "iperf3 over TCP" => (0, IPERF_BYTES.0),
            "iperf3 over UDP" => (0, IPERF_BYTES.1),
            "fetch" => (PIECES << 16, 0),
            "ask" => (datagrams, datagrams),
            other => unreachable!("no such client: {other}"),
        };
        let most = |least: u64| least + least / 10 + 65_536;
        assert!((least_rx..most(least_rx)).contains(&done.rx()), "{done:?} received {}", done.rx());
        assert!((least_tx..most(least_tx)).contains(&done.tx()), "{done:?} sent {}", done.tx());
        if done.what == "ask" {
            assert!(within_one_percent(done.rx(), datagrams), "{done:?}");
        }
    }
    let pids: std::collections::BTreeSet<u32> = clients.iter().map(|done| done.pid).collect();
    assert_eq!(pids.len(), clients.len(), "every client is a process of its own");

    let (server, client, lo) = talk_on_loopback(&mut world);
    assert_ne!(server, client);
    assert_eq!((lo.rx_bytes, lo.rx_packets), (lo.tx_bytes, lo.tx_packets), "loopback receives what it sends");
    assert!((PIECES << 16..(PIECES << 16) * 11 / 10).contains(&lo.rx_ip_bytes(0)), "{lo:?}");
}

/// The world leaves nothing behind, even after a panic.
#[test]
fn the_world_cleans_up_after_a_panic() {
    let Some(mut world) = World::new() else { return };
    let (folder, names) = (world.folder(), world.namespaces());
    let mut sleeper = world.command(Side::Server, "sleep");
    sleeper.arg("600");
    let pid = world.start(sleeper);
    let etc = |name: &String| fs::exists(format!("/etc/netns/{name}")).unwrap();
    let listed = |name: &String| {
        let list = Command::new("ip").args(["netns", "list"]).output().unwrap().stdout;
        String::from_utf8_lossy(&list).contains(name.as_str())
    };
    assert!(names.iter().all(|name| listed(name) && etc(name)), "{names:?} should be there");
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _world = world;
        std::panic::resume_unwind(Box::new("planned"));
    }));
    assert!(panicked.is_err());
    assert!(!names.iter().any(|name| listed(name) || etc(name)), "something of {names:?} is left");
    assert!(
        !folder.exists() && !fs::exists(format!("/proc/{pid}")).unwrap(),
        "a folder or a process is left"
    );
}
