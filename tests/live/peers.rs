//! Live: peers that say their names in different ways. Each connection shows the right process, the real host, how that is
//! known, its route, and bytes that the kernel counted too.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::attribution::once_capture_is_open;
use crate::crow::{Live, Seen, number, text};
use crate::programs::{
    Done, FILM, LONG, PAGE_BYTES, TLS_PORT, WEB, WEB_PORT, run_client, start_servers, talk,
};
use crate::routes::everything_counted;
use crate::wait_for;
use crate::within_one_percent;
use crate::world::{CABLE, CLIENT, SERVER, Side, World, run};

/// Where OpenSSL's own server listens, and aioquic's.
const OPENSSL_PORT: u16 = 8443;
const QUIC_PORT: u16 = 4433;
/// What a client may send in one segment where the route asks for small ones.
const SMALL_SEGMENT: u64 = 256;
/// Bytes of a hello with a post-quantum key share, at least: X25519MLKEM768 alone has 1216.
const LONG_HELLO: u64 = 1600;
/// Lines that the client says to OpenSSL's server, of 32 bytes each.
const LINES: usize = 1 << 14;
/// Bytes of the page that comes by HTTP/3.
const FILM_BYTES: u64 = 600_000;
/// Processes that connect once.
const VISITORS: usize = 40;

/// HTTP/3 both ways.
const HTTP3: &str = include_str!("http3.py");

/// What a client's connection has to show.
struct Expected<'a> {
    port: u16,
    host: &'a str,
    domain: &'a str,
    source: &'a str,
    service: &'a str,
}

#[test]
fn nginx_and_curl_with_tls_1_3_resolved_by_dnsmasq() {
    let Some(mut world) = World::new() else { return };
    start_servers(&mut world);
    let mut crow = Live::start(&world);
    let before = once_capture_is_open(&world, &mut crow);
    let mut curl = world.command(Side::Client, "curl");
    curl.args(["--silent", "--show-error", "--fail", "--noproxy", "*", "--tlsv1.3", "--cacert", "cert.pem"]);
    curl.args(["--output", "/dev/null", &format!("https://{WEB}/page")]);
    let done = run_client(&world, "curl", curl);
    let counted = world.settled_counters(Side::Client, CABLE).since(before.0);
    let seen = everything_counted(&mut crow, (counted, before.1));
    let expected =
        Expected { port: TLS_PORT, host: WEB, domain: "example.test", source: "sni", service: "https" };
    let row = shows(seen, &done, &expected);
    assert!(number(row, "rx_bytes") > PAGE_BYTES, "{row}");
    let look_up = seen.to_port(53).into_iter().find(|row| row["pid"] == done.pid);
    assert_eq!(text(look_up.expect("the question to dnsmasq is curl's own"), "service"), "dns");
}

#[test]
fn openssl_with_a_hello_as_long_as_a_post_quantum_one_in_many_segments() {
    let Some(mut world) = World::new() else { return };
    start_servers(&mut world);
    start_openssl(&mut world);
    // Small segments, and none joined by the cable on the way to the capture.
    let address = format!("{}/32", SERVER.0);
    let small = (SMALL_SEGMENT + 40).to_string();
    run(world.command(Side::Client, "ethtool").args(["-K", CABLE, "tso", "off", "gso", "off", "gro", "off"]));
    run(world
        .command(Side::Server, "ip")
        .args(["route", "add", &format!("{}/32", CLIENT.0), "dev", CABLE])
        .args(["advmss", &SMALL_SEGMENT.to_string()]));
    run(world.command(Side::Client, "ip").args(["route", "add", &address, "dev", CABLE, "advmss", &small]));
    let recording = world.folder().join("hello.pcap");
    let mut tcpdump = world.command(Side::Client, "tcpdump");
    tcpdump.args(["--immediate-mode", "-i", CABLE, "-n", "-U", "-Z", "root", "-w"]).arg(&recording);
    let tcpdump = world.start(tcpdump);
    wait_for("tcpdump to record", || (std::fs::metadata(&recording).ok()?.len() >= 24).then_some(()));
    let mut crow = Live::start(&world);
    let before = once_capture_is_open(&world, &mut crow);

    let mut openssl = world.command(Side::Client, "openssl");
    let (end, offers) = (format!("{}:{OPENSSL_PORT}", SERVER.0), many_protocols());
    openssl.args(["s_client", "-connect", &end, "-servername", LONG, "-tls1_3", "-CAfile", "cert.pem"]);
    openssl.args(["-verify_return_error", "-alpn", &offers, "-brief"]);
    // Enough to say that nothing else weighs in one part of a hundred.
    let words = world.folder().join("words");
    std::fs::write(&words, "what a crow says, it says often\n".repeat(LINES)).unwrap();
    openssl.stdin(std::fs::File::open(words).unwrap());
    let done = run_client(&world, "openssl", openssl);
    let counted = world.settled_counters(Side::Client, CABLE).since(before.0);
    world.stop(tcpdump, "INT");
    let segments = segments_of_the_hello(&recording);
    assert!(segments.iter().sum::<u64>() >= LONG_HELLO, "the hello is not long: {segments:?}");
    assert!(segments.len() >= 6, "the hello is not split: {segments:?}");

    let seen = everything_counted(&mut crow, (counted, before.1));
    let expected =
        Expected { port: OPENSSL_PORT, host: LONG, domain: "example.test", source: "sni", service: "https" };
    shows(seen, &done, &expected);
}

#[test]
fn aioquic_client_and_server_with_http_3() {
    let Some(mut world) = World::new() else { return };
    let Some(python) = python_with_quic() else {
        eprintln!("skipped: no Python here has aioquic; scripts/install-deps test installs it");
        return;
    };
    start_servers(&mut world);
    let folder = world.folder().to_str().unwrap().to_owned();
    let http3 = |side, role, host: &str| {
        let mut program = world.command(side, python.to_str().unwrap());
        program.args(["-c", HTTP3, role, host, &QUIC_PORT.to_string(), &folder, &FILM_BYTES.to_string()]);
        program
    };
    let (server, client) = (http3(Side::Server, "server", SERVER.0), http3(Side::Client, "client", FILM));
    world.start(server);
    world.wait_for_port(Side::Server, "udp", QUIC_PORT);
    let mut crow = Live::start(&world);
    let before = once_capture_is_open(&world, &mut crow);
    let done = run_client(&world, "python", client);
    let counted = world.settled_counters(Side::Client, CABLE).since(before.0);
    let seen = everything_counted(&mut crow, (counted, before.1));
    let expected =
        Expected { port: QUIC_PORT, host: FILM, domain: "example.org", source: "quic", service: "quic" };
    let row = shows(seen, &done, &expected);
    assert_eq!(text(row, "protocol"), "udp");
    assert!(number(row, "rx_bytes") > FILM_BYTES, "{row}");
}

#[test]
fn processes_that_connect_once_are_owned_through_kernel_events() {
    let Some(mut world) = World::new() else { return };
    if let Err(refused) = crow::process::linux::events::KernelEvents::open() {
        eprintln!("skipped: {refused}");
        return;
    }
    start_servers(&mut world);
    let mut crow = Live::start(&world);
    once_capture_is_open(&world, &mut crow);
    let count = VISITORS.to_string();
    let mut visit = talk(&world, Side::Client, &["visit", SERVER.0, &WEB_PORT.to_string(), &count]);
    let output = visit.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    let pids: Vec<u64> = printed.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(pids.len(), VISITORS);
    let of =
        |seen: &Seen, pid: u64| seen.to_port(WEB_PORT).into_iter().filter(|row| row["pid"] == pid).count();
    crow.wait_until("every process that connected", |seen| pids.iter().all(|pid| of(seen, *pid) > 0));
    let seen = crow.seen();
    for pid in pids {
        assert_eq!(of(seen, pid), 1, "one connection each");
        assert!(text(&seen.processes[&pid], "name").starts_with("python3"), "{}", seen.processes[&pid]);
    }
    let nobody_s = seen.to_port(WEB_PORT).into_iter().filter(|row| row["pid"].is_null()).count();
    assert_eq!(nobody_s, 0, "no connection to the server is without an owner");
}

/// The client's one connection to the port is as expected, direct, and moved what the kernel counted. What the process
/// moved beside it is its questions to dnsmasq.
#[track_caller]
fn shows<'a>(seen: &'a Seen, done: &Done, expected: &Expected<'_>) -> &'a Value {
    let own = |row: &&Value| row["pid"] == done.pid && number(row, "rx_bytes") > 0;
    let rows: Vec<&Value> = seen.to_port(expected.port).into_iter().filter(own).collect();
    let [row] = rows[..] else {
        unreachable!("one connection of {done:?}: {rows:?} of {:?}", seen.to_port(expected.port))
    };
    for (field, value) in [
        ("host", expected.host),
        ("domain", expected.domain),
        ("host_source", expected.source),
        ("service", expected.service),
        ("route", "direct"),
        ("interface", CABLE),
    ] {
        assert_eq!(text(row, field), value, "{field} of {row}");
    }
    let process = &seen.processes[&u64::from(done.pid)];
    // The path of one that has ended within milliseconds is not always known.
    assert!(text(process, "name").starts_with(done.what), "{process}");
    let moved = number(process, "rx_bytes") + number(process, "tx_bytes");
    assert!(within_one_percent(moved, done.rx() + done.tx()), "{done:?} shows as {process}");
    let questions = seen.to_port(53).into_iter().filter(|row| row["pid"] == done.pid);
    let all: u64 = questions.chain([row]).map(|row| number(row, "rx_bytes") + number(row, "tx_bytes")).sum();
    assert!(within_one_percent(all, moved), "{all} of {moved} bytes are on {row}");
    row
}

/// OpenSSL's own server, which sends back what it is sent.
fn start_openssl(world: &mut World) {
    let mut server = world.command(Side::Server, "openssl");
    server.args(["s_server", "-quiet", "-accept", &OPENSSL_PORT.to_string(), "-tls1_3", "-rev"]);
    server.args(["-cert", "cert.pem", "-key", "key.pem", "-alpn", "http/1.1"]);
    world.start(server);
    world.wait_for_port(Side::Server, "tcp", OPENSSL_PORT);
}

/// Offers of protocols that make a hello as long as one with a post-quantum key share, which OpenSSL has from 3.5 on.
fn many_protocols() -> String {
    let others = (1..=8).map(|number| format!("x-{number}-{}", "of-many".repeat(28)));
    std::iter::once("http/1.1".to_owned()).chain(others).collect::<Vec<_>>().join(",")
}

/// The payload of each segment that the client sent before the server said anything, as tcpdump recorded them.
fn segments_of_the_hello(recording: &std::path::Path) -> Vec<u64> {
    let mut tcpdump = Command::new("tcpdump");
    tcpdump.args(["-n", "-t", "-r"]).arg(recording).arg(format!("tcp port {OPENSSL_PORT}"));
    let printed = String::from_utf8(run(&mut tcpdump).stdout).unwrap();
    let length = |line: &str| -> u64 {
        let (_, length) = line.rsplit_once("length ").expect(line);
        length.split(|letter: char| !letter.is_ascii_digit()).next().unwrap().parse().expect(line)
    };
    let from_client = format!("IP {}.", CLIENT.0);
    let said = printed.lines().filter(|line| length(line) > 0);
    said.take_while(|line| line.starts_with(&from_client)).map(length).collect()
}

/// A Python that has aioquic: the one that the tests were told of, the one that `scripts/install-deps` makes, or the system's.
fn python_with_quic() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    let candidates = [
        set("CROW_TEST_PYTHON"),
        cache.map(|cache| cache.join("crow/python/bin/python3")),
        Some("/usr/bin/python3".into()),
    ];
    candidates.into_iter().flatten().find(|python| {
        let mut command = Command::new(python);
        command.args(["-c", "import aioquic"]).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    })
}
