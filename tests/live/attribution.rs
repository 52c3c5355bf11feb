//! Live: whose bytes they are, how many, with whom. The kernel's counters are the truth.

use std::collections::BTreeSet;

use crate::crow::{Live, Seen, number, text};
use crate::programs::{
    Done, ECHO_PORT, FILES, FILES_PORT, IPERF_PORTS, LOOPBACK_PORT, WEB, WEB_PORT, run_clients,
    start_servers, talk_on_loopback,
};
use crate::world::{CABLE, Counters, ETHERNET_HEADER, LOOPBACK_HEADER, Side, World};
use crate::{wait_for, within_one_percent};

/// Packets that belong to no program (neighbour discovery, address resolution) beside a program's own, in bytes.
pub(crate) const NEIGHBOURS: u64 = 1024;

#[test]
fn every_byte_has_its_process() {
    let Some(mut world) = World::new() else { return };
    start_servers(&mut world);
    let mut crow = Live::start(&world);
    let (counted, shown) = once_capture_is_open(&world, &mut crow);

    let clients = run_clients(&world);
    let counted = world.settled_counters(Side::Client, CABLE).since(counted);
    let (rx, tx) = (counted.rx_ip_bytes(ETHERNET_HEADER), counted.tx_ip_bytes(ETHERNET_HEADER));
    crow.wait_until("Crow to have counted what the kernel has", |seen| {
        let arrived = |field, before, expected| 100 * (seen.total(field) - before) >= 99 * expected;
        arrived("rx_bytes", shown.0, rx) && arrived("tx_bytes", shown.1, tx)
    });
    let seen = at_rest(&mut crow);

    assert!(
        within_one_percent(seen.total("rx_bytes") - shown.0, rx),
        "received {rx}: {}",
        seen.last["totals"]
    );
    assert!(within_one_percent(seen.total("tx_bytes") - shown.1, tx), "sent {tx}: {}", seen.last["totals"]);
    assert_eq!(seen.total("dropped_packets"), 0);
    assert_eq!(seen.total("unreadable_packets"), 0);
    for done in &clients {
        bytes_are_those_of_the_kernel(seen, done);
    }
    owners_are_right(seen, &clients, rx + tx);
    names_are_known(seen, &clients);
}

/// Waits until packets arrive and all those sent so far are counted: the kernel's counters and Crow's totals then.
pub(crate) fn once_capture_is_open(world: &World, crow: &mut Live) -> (Counters, (u64, u64)) {
    wait_for("the capture to open", || {
        let mut poke = world.command(Side::Client, "curl");
        let address = format!("http://{}:{WEB_PORT}/", crate::world::SERVER.0);
        poke.args(["--silent", "--noproxy", "*", "--output", "/dev/null", &address]).status().unwrap();
        let time = crow.seen().last["time"].clone();
        crow.wait_until("the next document", |seen| seen.last["time"] != time);
        (crow.seen().total("packets") > 0).then_some(())
    });
    let counted = world.settled_counters(Side::Client, CABLE);
    let seen = at_rest(crow);
    (counted, (seen.total("rx_bytes"), seen.total("tx_bytes")))
}

/// Waits until two documents in a row have the same totals: what the kernel has counted, Crow has shown by then.
pub(crate) fn at_rest(crow: &mut Live) -> &Seen {
    let mut before = Default::default();
    wait_for("Crow to come to rest", || {
        let time = crow.seen().last["time"].clone();
        let seen = crow.wait_until("the next document", |seen| seen.last["time"] != time);
        let shown = ["packets", "rx_bytes", "tx_bytes", "loopback_bytes"].map(|field| seen.total(field));
        let calm = shown == before;
        before = shown;
        calm.then_some(())
    });
    crow.seen()
}

/// A process's bytes are those that the kernel counted while it alone ran.
#[track_caller]
fn bytes_are_those_of_the_kernel(seen: &Seen, done: &Done) {
    let Some(row) = seen.processes.get(&u64::from(done.pid)) else {
        unreachable!("no row for {done:?}; there are {:?}", seen.processes);
    };
    let (rx, tx) = (number(row, "rx_bytes"), number(row, "tx_bytes"));
    assert!(within_one_percent(rx + tx, done.rx() + done.tx()), "{done:?} shows as {row}");
    for (shown, counted) in [(rx, done.rx()), (tx, done.tx())] {
        assert!(shown.abs_diff(counted) <= counted / 100 + NEIGHBOURS, "{done:?} shows as {row}");
    }
    let program = done.what.split(' ').next().unwrap();
    if matches!(program, "curl" | "iperf3") {
        assert_eq!(text(row, "name"), program);
        assert!(text(row, "path").ends_with(&format!("/{program}")), "{row}");
    } else {
        assert!(text(row, "name").starts_with("python3"), "{row}");
    }
}

/// Of `all` bytes that crossed the cable, 99 in 100 are on connections of the right process, and none on one of a
/// wrong process.
fn owners_are_right(seen: &Seen, clients: &[Done], all: u64) {
    let pids = |what: &str| -> BTreeSet<u64> {
        clients.iter().filter(|done| done.what.starts_with(what)).map(|done| done.pid.into()).collect()
    };
    let mut right = 0;
    for (port, owners) in [
        (WEB_PORT, pids("curl")),
        (IPERF_PORTS.0, pids("iperf3 over TCP")),
        (IPERF_PORTS.1, pids("iperf3 over UDP")),
        (FILES_PORT, pids("fetch")),
        (ECHO_PORT, pids("ask")),
    ] {
        let rows = seen.to_port(port);
        assert!(!rows.is_empty(), "no connection to port {port}");
        for row in rows {
            assert_eq!(row["interface"], CABLE, "{row}");
            if let Some(pid) = row["pid"].as_u64().filter(|pid| owners.contains(pid)) {
                assert_eq!(text(row, "process"), text(&seen.processes[&pid], "name"));
                right += number(row, "rx_bytes") + number(row, "tx_bytes");
            } else if port != WEB_PORT {
                // Port 8080 was also asked by the curls that looked whether capture is open.
                assert!(row["pid"].is_null(), "not the owner: {row}");
            }
        }
    }
    assert!(right * 100 >= all * 99, "{right} of {all} bytes have the right owner");
}

/// Names come from DNS, and group by registrable domain.
fn names_are_known(seen: &Seen, clients: &[Done]) {
    for (what, port, host, domain, sources) in [
        ("fetch", FILES_PORT, FILES, "example.net", &["dns", "dns_other"] as &[&str]),
        ("curl over IPv4", WEB_PORT, WEB, "example.test", &["dns", "dns_other", "http"]),
        ("curl over IPv6", WEB_PORT, WEB, "example.test", &["dns", "dns_other", "http"]),
    ] {
        let pid = clients.iter().find(|done| done.what == what).unwrap().pid;
        let row = seen.to_port(port).into_iter().find(|row| row["pid"].as_u64() == Some(pid.into()));
        let row = row.unwrap_or_else(|| unreachable!("{what} has no connection to port {port}"));
        assert_eq!(row["host"], host, "{row}");
        assert_eq!(row["domain"], domain, "{row}");
        assert!(sources.contains(&text(row, "host_source").as_str()), "{row}");
        let bytes = number(&seen.domains[domain], "rx_bytes");
        assert!(
            bytes >= number(row, "rx_bytes"),
            "{domain} has {bytes} bytes, one connection of it is {row}"
        );
    }
}

#[test]
fn loopback_shows_both_ends_and_counts_once() {
    let Some(mut world) = World::new() else { return };
    start_servers(&mut world);
    let mut crow = Live::start(&world);
    once_capture_is_open(&world, &mut crow);
    let before = crow.seen().total("loopback_bytes");

    let (server, client, counted) = talk_on_loopback(&mut world);
    let expected = counted.rx_ip_bytes(LOOPBACK_HEADER);
    crow.wait_until("Crow to have counted what the kernel has", |seen| {
        100 * (seen.total("loopback_bytes") - before) >= 99 * expected
    });
    let seen = at_rest(&mut crow);

    let once = seen.total("loopback_bytes") - before;
    assert!(within_one_percent(once, expected), "{once} bytes shown, {expected} counted by the kernel");
    let port = format!(":{LOOPBACK_PORT}");
    let end = |field: &str| -> Vec<_> {
        seen.connections
            .values()
            .filter(|row| row["interface"] == "lo" && text(row, field).ends_with(&port))
            .collect()
    };
    let (at_server, at_client) = (end("local"), end("remote"));
    assert_eq!((at_server.len(), at_client.len()), (1, 1), "{at_server:?} and {at_client:?}");
    let (at_server, at_client) = (at_server[0], at_client[0]);
    assert_eq!(at_server["pid"], server, "{at_server}");
    assert_eq!(at_client["pid"], client, "{at_client}");
    assert_eq!(at_server["local"], at_client["remote"]);
    assert_eq!(at_server["remote"], at_client["local"]);
    assert_eq!(at_server["tx_bytes"], at_client["rx_bytes"]);
    assert_eq!(at_server["rx_bytes"], at_client["tx_bytes"]);
    let one_end = number(at_client, "rx_bytes") + number(at_client, "tx_bytes");
    assert!(within_one_percent(one_end, expected), "{at_client}");
    assert_eq!(seen.total("dropped_packets"), 0);
}

#[test]
fn nothing_is_left_when_crow_is_killed() {
    let Some(mut world) = World::new() else { return };
    start_servers(&mut world);
    let mut crow = Live::start(&world);
    once_capture_is_open(&world, &mut crow);
    assert!(!world.pids(Side::Client).is_empty(), "Crow runs in the client's namespace");
    crow.kill();
    wait_for("the helper to end with Crow", || world.pids(Side::Client).is_empty().then_some(()));
}
