//! Hours of programs that come, ask for a name, talk and go: what is kept of them does not grow with the hours.

use std::process::Command;
use std::sync::Arc;

use crow::aggregate::snapshot::{Snapshot, Source};
use crow::aggregate::{Aggregator, AggregatorOptions};
use crow::event::{
    App, CloseReason, Delta, Direction, Event, FlowId, FlowKey, InterfaceId, Owner, OwnerSource, Process,
    ProcessKey, Protocol,
};
use crow::settings::RateWindow;
use crow::time::Timestamp;

use crate::hostile_names::answer;
use crate::starved::status;

/// Set in the copy of this program that runs the hours, where no other test takes memory.
const ALONE: &str = "CROW_TEST_ALONE";

const BEGIN: u64 = 1_790_000_000;
/// Programs that begin each second.
const EACH_SECOND: u64 = 8;

/// One program's life at second `second`: it asks for a name that nobody asked for before, connects there and ends.
fn life(aggregator: &mut Aggregator, second: u64, number: u64) {
    let time = Timestamp::new(second, 0);
    // Pids begin again where they end (proc_sys_kernel(5)).
    let pid = i32::try_from(number % (1 << 22)).unwrap();
    let key = ProcessKey { pid, started: Some(time) };
    let name = format!("program-{}", number % 50);
    let process = Process {
        key,
        name: name.clone(),
        path: Some(format!("/usr/bin/{name}")),
        uid: Some(1000),
        user: None,
        parent: Some(1),
        app: App { id: name.clone(), name },
    };
    let owner = Some(Owner { process: key, via: None, source: OwnerSource::KernelEvent });
    let port = u16::try_from(10_000 + number % 50_000).unwrap();
    let flow_key = |protocol, remote: &str| FlowKey {
        protocol,
        local: format!("10.0.0.2:{port}").parse().unwrap(),
        remote: remote.parse().unwrap(),
        interface: InterfaceId(1),
    };
    let address = [192, 0, 2, u8::try_from(number % 200).unwrap()];
    let remote = format!("192.0.2.{}:443", address[3]);
    let flows = [(Protocol::UDP, "10.0.0.1:53"), (Protocol::TCP, &*remote)];
    let ids = [FlowId(2 * number), FlowId(2 * number + 1)];
    aggregator.ingest(&Event::Process(process));
    for (flow, (protocol, remote)) in ids.into_iter().zip(flows) {
        let key = flow_key(protocol, remote);
        aggregator.ingest(&Event::FlowOpened { flow, time, key, opened: Some(Direction::Out), owner });
        if protocol == Protocol::UDP {
            let host = format!("host{number}");
            let domain = format!("site{}", number % 300);
            let bytes = answer(&[host.as_bytes(), domain.as_bytes(), b"test"], address);
            aggregator.ingest(&Event::Datagram { flow, time, direction: Direction::In, bytes });
        }
        let delta = Delta { rx_bytes: 1000, rx_packets: 1, ..Delta::new(flow) };
        aggregator.ingest(&Event::Deltas { time, deltas: vec![delta] });
        aggregator.ingest(&Event::FlowClosed { flow, time, reason: CloseReason::Ended });
    }
    aggregator.ingest(&Event::ProcessExited { process: key, time });
}

/// Runs `minutes` from minute `from` on; the last picture.
fn run(aggregator: &mut Aggregator, from: u64, minutes: u64) -> Arc<Snapshot> {
    let mut picture = aggregator.tick(Timestamp::new(BEGIN + from * 60, 0));
    for second in from * 60..(from + minutes) * 60 {
        for number in 0..EACH_SECOND {
            life(aggregator, BEGIN + second, second * EACH_SECOND + number);
        }
        if second % 4 == 0 {
            picture = aggregator.tick(Timestamp::new(BEGIN + second, 0));
        }
    }
    picture
}

#[test]
fn what_is_kept_does_not_grow_with_the_hours() {
    const NAME: &str = "long_day::what_is_kept_does_not_grow_with_the_hours";
    if std::env::var_os(ALONE).is_none() {
        let program = std::env::current_exe().unwrap();
        let run =
            Command::new(program).args(["--exact", NAME, "--nocapture"]).env(ALONE, "1").output().unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        assert!(run.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let options =
        AggregatorOptions { source: Source::Live, window: RateWindow::default(), keep_closed: false };
    let mut aggregator = Aggregator::new(options);
    let memory = || status(std::process::id(), "VmRSS").unwrap();
    // Of a picture only the sizes: who holds one holds its rows.
    let rows = |picture: &Snapshot| (picture.connections.len(), picture.processes.len());
    let early = rows(&run(&mut aggregator, 0, 45));
    let before = memory();
    let late = run(&mut aggregator, 45, 20);
    let after = memory();
    eprintln!("{before} kB after 45 minutes, {after} kB after 65; {:?}", late.limits);
    let packets = 2 * 65 * 60 * EACH_SECOND;
    assert!(
        late.totals.packets <= packets && packets - 100 <= late.totals.packets,
        "{}",
        late.totals.packets
    );
    assert!(rows(&late) == early, "what is over goes: {early:?}, {:?}", rows(&late));
    // 100 bytes for each of those that are gone would be twice as much.
    assert!(after < before + 512, "{before} kB grew to {after} kB");
}
