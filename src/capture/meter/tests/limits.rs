//! Tests of the limits of the meter.

use super::*;

fn lan(host: u32) -> String {
    format!("10.{}.{}.{}:7000", 1 + (host >> 16), host >> 8 & 255, host & 255)
}

#[test]
fn silent_flows_are_let_go_by_protocol() {
    #[rustfmt::skip]
    let cases = [
        ("DNS", udp(HERE, "10.0.0.9:53"), 10.0),
        ("UDP", udp(HERE, THERE), 60.0),
        ("ICMP", bare("10.0.0.2:0", "10.0.0.9:0", Protocol::ICMP), 30.0),
        ("handshake", tcp(HERE, THERE, SYN), 30.0),
        ("established", tcp(HERE, THERE, ACK), 900.0),
        ("half closed by the other end", tcp(THERE, HERE, FIN | ACK), 900.0),
        ("being closed", tcp(HERE, THERE, FIN | ACK), 60.0),
        ("another protocol", bare("10.0.0.2:0", "10.0.0.9:0", Protocol(50)), 60.0),
    ];
    for (case, packet, seconds) in cases {
        let mut bench = Bench::new();
        bench.see(&packet);
        bench.tick();
        bench.wait(seconds - 1.0);
        bench.see(&packet);
        bench.tick();
        bench.wait(seconds - 0.001);
        assert_eq!(closed(&bench.tick()), [], "{case}: too early");
        bench.wait(0.3); // The wheel's spokes are a quarter of a second apart.
        let gone = closed(&bench.tick());
        assert_eq!(gone.len(), 1, "{case}");
        assert_eq!(gone[0].1, CloseReason::Idle, "{case}");
        assert_eq!(bench.meter.key(gone[0].0), None, "{case}");
    }
}

#[test]
fn the_longest_silent_flow_makes_room() {
    let mut bench = Bench::with(MeterOptions { max_flows: 3, ..MeterOptions::default() });
    for host in 0..3 {
        bench.see(&udp(&lan(host), THERE));
        bench.tick();
        bench.wait(1.0);
    }
    bench.see(&udp(&lan(0), THERE)); // The first is heard from again, in this very tick.
    bench.see(&udp(&lan(3), THERE));
    let events = bench.tick();
    let second = FlowId((2 << 20) + 1);
    assert_eq!(closed(&events), [(second, CloseReason::Evicted)]);
    assert_eq!(bench.meter.flows(), 3);
    let mut out = Vec::new();
    bench.meter.finish(bench.now, &mut out);
    let Some(Event::Statistics(counts)) = out.last() else { panic!("statistics last") };
    assert_eq!(counts.evicted, 1);
}

#[test]
fn what_an_evicted_flow_moved_is_still_told() {
    let mut bench = Bench::with(MeterOptions { max_flows: 1, ..MeterOptions::default() });
    for host in 0..5 {
        bench.see(&udp(&lan(host), THERE));
    }
    let events = bench.tick();
    assert_eq!(deltas(&events).iter().map(|delta| delta.tx_bytes).sum::<u64>(), 200);
    assert_eq!((opened(&events).len(), closed(&events).len()), (5, 4));
}

#[test]
fn a_large_tick_is_told_in_several_events() {
    let mut bench = Bench::new();
    for host in 0..20_000 {
        bench.see(&udp(&lan(host), THERE));
    }
    let sizes: Vec<_> = bench
        .tick()
        .iter()
        .filter_map(|event| match event {
            Event::Deltas { deltas, .. } => Some(deltas.len()),
            _ => None,
        })
        .collect();
    assert_eq!(sizes, [8192, 8192, 3616]);
}

#[test]
fn a_flood_of_messages_is_cut_off_and_said() {
    let mut bench = Bench::new();
    let payload = vec![0; 60_000];
    for _ in 0..20 {
        bench.see(&carrying(udp(HERE, "10.0.0.9:53"), 0, &payload));
    }
    let events = bench.tick();
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Datagram { .. })).count(), 17);
    assert!(
        events.iter().any(|event| matches!(event, Event::Fault(said) if said.starts_with("3 UDP messages")))
    );
    bench.see(&carrying(udp(HERE, "10.0.0.9:53"), 0, &payload));
    assert!(
        bench.tick().iter().any(|event| matches!(event, Event::Datagram { .. })),
        "the next tick starts anew"
    );
}

#[test]
fn statistics_are_told_once_a_second() {
    let mut bench = Bench::new();
    let mut told = Vec::new();
    for step in 0..50 {
        bench.meter.unreadable(wire::Error::Unsupported);
        bench.meter.unreadable(wire::Error::Malformed);
        if step == 30 {
            bench.meter.kernel_counts(1000, 5);
        }
        bench.meter.tick(bench.now, &mut told);
        bench.wait(0.05);
    }
    let counts: Vec<_> = told
        .iter()
        .map(|event| match event {
            Event::Statistics(s) => (s.received, s.dropped, s.not_ip, s.unreadable),
            _ => panic!("only statistics"),
        })
        .collect();
    assert_eq!(counts, [(2, 0, 1, 1), (42, 0, 21, 21), (1000, 5, 41, 41)]);
}

#[test]
fn packets_between_other_machines_are_not_metered() {
    let mut bench = Bench::new();
    bench.see(&Packet { other_host: true, ..udp(HERE, THERE) });
    assert_eq!(bench.tick(), []);
    assert_eq!(bench.meter.unrelated(), 1);
}

#[test]
fn a_clock_that_leaps_and_returns_does_not_stop_expiry() {
    let mut bench = Bench::new();
    let start = bench.now;
    bench.see(&udp(HERE, THERE));
    bench.tick();
    bench.wait(20.0 * 365.0 * 86_400.0);
    bench.see(&udp(&lan(1), THERE));
    assert_eq!(closed(&bench.tick()).len(), 1, "silent for years");
    bench.now = start;
    bench.see(&udp(&lan(2), THERE));
    assert_eq!(closed(&bench.tick()), []);
    bench.wait(61.0);
    assert_eq!(closed(&bench.tick()).len(), 2, "also the one from the future");
    bench.now = Timestamp::from_nanos(u64::MAX);
    bench.see(&udp(HERE, THERE));
    bench.tick();
    bench.now = Timestamp::default();
    bench.see(&udp(HERE, THERE));
    bench.tick();
    assert_eq!(bench.meter.flows(), 1);
}

#[test]
fn an_interface_that_returns_within_a_tick_is_up() {
    let mut bench = Bench::new();
    bench.meter.interface_down(InterfaceId(1));
    bench.meter.interface_up(interface(1, InterfaceKind::Physical));
    assert_eq!(bench.tick(), [Event::InterfaceUp(interface(1, InterfaceKind::Physical))]);
}

#[test]
fn an_idle_flow_is_small() {
    let size = size_of::<Flow>() + 2 * size_of::<(table::Tag, u32)>();
    assert!(size <= 272, "{size} bytes for a flow and its place in the index");
}

#[test]
fn a_table_that_is_full_for_hours_without_a_tick_goes_on() {
    let mut bench = Bench::with(MeterOptions { max_flows: 2, ..MeterOptions::default() });
    for host in 0..50 {
        bench.see(&tcp(&lan(host), THERE, ACK));
        bench.wait(1000.0);
    }
    let mut out = Vec::new();
    bench.meter.finish(bench.now, &mut out);
    assert_eq!((opened(&out).len(), closed(&out).len(), bench.meter.flows()), (50, 48, 2));
    bench.meter.tick(bench.now, &mut out);
    assert_eq!(bench.meter.flows(), 0);
}
