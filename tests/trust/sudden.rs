//! What comes suddenly: a helper that dies or hangs at any moment, a machine that sleeps, a clock that is set, and more
//! connections than there is room for.

use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crow::aggregate::snapshot::{Snapshot, Source};
use crow::aggregate::{Aggregator, AggregatorOptions, MAX_CONNECTIONS};
use crow::capture::Frame;
use crow::capture::intake::Intake;
use crow::capture::meter::{MAX_FLOWS, MeterOptions};
use crow::event::{CloseReason, Direction, Event, InterfaceId};
use crow::headless::Document;
use crow::helper::launch::{Launch, LaunchError};
use crow::settings::RateWindow;
use crow::time::Timestamp;
use crow::wire::LinkType;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::starved::{LONG, children, is_gone, status};
use crate::{CROW, can_run};

/// How long anything may take before a test gives up. Generous: a busy machine decides nothing.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) fn signal(pid: u32, signal: Signal) {
    // One that is gone already is as dead as it can be.
    let _ = kill(Pid::from_raw(pid.cast_signed()), signal);
}

pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Crow without a window on loopback, its pipe's folder in `folder`.
pub(crate) fn crow(folder: &Path) -> Child {
    Command::new(CROW)
        .args(["--headless", "--json", "--interface", "lo", "--interval", "0.2"])
        .env("XDG_RUNTIME_DIR", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_helper_that_is_killed_at_any_moment_is_one_sentence() {
    if !can_run("a_helper_that_is_killed_at_any_moment_is_one_sentence", &[]) {
        return;
    }
    for delay in [0, 2, 10, 30, 100, 300, 1000] {
        let folder = tempfile::tempdir().unwrap();
        let mut app = crow(folder.path());
        let helper = wait_for("a helper", || children(app.id()).first().copied());
        thread::sleep(Duration::from_millis(delay));
        signal(helper, Signal::SIGKILL);
        // Its output is read so that it never waits for this test.
        let printed = app.stdout.take().unwrap();
        let reader = thread::spawn(move || std::io::read_to_string(printed).unwrap());
        let ended = app.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "killed after {delay} ms: {said}");
        assert_eq!(said.lines().count(), 1, "killed after {delay} ms: {said}");
        assert!(said.starts_with("crow: ") && said.contains("helper"), "killed after {delay} ms: {said}");
        assert!(is_gone(helper), "killed after {delay} ms");
        let left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.is_empty(), "killed after {delay} ms, it leaves {left:?} and says {said}");
        for line in reader.join().unwrap().lines() {
            assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "half a document: {line}");
        }
    }
}

#[test]
fn a_helper_that_hangs_before_it_answers_is_given_up() {
    if !can_run("a_helper_that_hangs_before_it_answers_is_given_up", &[]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (helper, pid) = (folder.path().join("crow-helper"), folder.path().join("pid"));
    fs::write(&helper, format!("#!/bin/sh\necho $$ >{}\nkill -STOP $$\n", pid.display())).unwrap();
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
    let launch = Launch { helper, interface: None, patience: Duration::from_secs(1) };
    let err = launch.start().map(drop).unwrap_err();
    assert!(matches!(err, LaunchError::TimedOut(1)), "{err:?}");
    let pid: u32 = fs::read_to_string(pid).unwrap().trim().parse().unwrap();
    assert!(is_gone(pid), "it is not left behind, stopped as it is");
}

/// The newest document that Crow has printed.
pub(crate) fn documents(app: &mut Child) -> Arc<std::sync::Mutex<serde_json::Value>> {
    use std::io::BufRead;

    let newest = Arc::new(std::sync::Mutex::new(serde_json::Value::Null));
    let (shared, printed) = (Arc::clone(&newest), app.stdout.take().unwrap());
    thread::spawn(move || {
        let (mut printed, mut line) = (std::io::BufReader::new(printed), String::new());
        // What a signal ends is cut somewhere.
        while printed.read_line(&mut line).is_ok() && line.ends_with('\n') {
            *shared.lock().unwrap() = serde_json::from_str(&line).unwrap();
            line.clear();
        }
    });
    newest
}

/// What sleep is to programs: all of them stand still while the clocks of packets and of the wall go on.
#[test]
fn a_machine_that_sleeps_goes_on_where_it_was() {
    const PAYLOAD: usize = 1000;
    if !can_run("a_machine_that_sleeps_goes_on_where_it_was", &[]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut app = crow(folder.path());
    let newest = documents(&mut app);
    let loopback = || newest.lock().unwrap()["totals"]["loopback_bytes"].as_u64();
    wait_for("the capture", loopback);
    let helper = children(app.id())[0];
    let (from, to) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let say = || {
        for _ in 0..100 {
            from.send_to(&[0x55; PAYLOAD], to.local_addr().unwrap()).unwrap();
        }
    };
    let before = loopback().unwrap();
    say();
    wait_for("what was said", || loopback().filter(|bytes| *bytes >= before + 100 * PAYLOAD as u64));
    for pid in [app.id(), helper] {
        signal(pid, Signal::SIGSTOP);
    }
    // The last packets before sleep and the first after it wait in the kernel.
    say();
    thread::sleep(Duration::from_secs(3));
    for pid in [helper, app.id()] {
        signal(pid, Signal::SIGCONT);
    }
    say();
    wait_for("all that was said", || loopback().filter(|bytes| *bytes >= before + 300 * PAYLOAD as u64));
    let document = newest.lock().unwrap().clone();
    assert_eq!(document["totals"]["dropped_packets"], 0, "{document}");
    signal(app.id(), Signal::SIGTERM);
    let ended = app.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{}", ended.status);
    wait_for("the helper's end", || is_gone(helper).then_some(()));
}

/// An IPv4 TCP segment that asks host `number` to connect, in a capture without a link layer.
fn syn(number: u32) -> [u8; 40] {
    let mut packet = [0; 40];
    packet[..4].copy_from_slice(&[0x45, 0, 0, 40]);
    packet[8..10].copy_from_slice(&[64, 6]);
    packet[12..16].copy_from_slice(&(0x0b00_0000 + number).to_be_bytes());
    packet[16..20].copy_from_slice(&[10, 0, 0, 2]);
    packet[20..24].copy_from_slice(&[0xc0, 0, 0x01, 0xbb]);
    packet[32..34].copy_from_slice(&[0x50, 2]);
    packet
}

fn frame(time: Timestamp, bytes: &[u8]) -> Frame<'_> {
    let link = LinkType::RAW;
    Frame {
        time,
        interface: InterfaceId(1),
        link,
        wire_len: 40,
        bytes,
        direction: Some(Direction::In),
        tag: None,
    }
}

/// The way from frames to pictures, as a recording goes it.
struct Way {
    intake: Intake,
    aggregator: Aggregator,
    events: Vec<Event>,
    open: usize,
    evicted: usize,
    now: Timestamp,
}

impl Way {
    fn new(max_flows: usize) -> Self {
        let options =
            AggregatorOptions { source: Source::Live, window: RateWindow::default(), keep_closed: false };
        Self {
            intake: Intake::new(MeterOptions { max_flows, ..MeterOptions::default() }),
            aggregator: Aggregator::new(options),
            events: Vec::new(),
            open: 0,
            evicted: 0,
            now: Timestamp::default(),
        }
    }

    fn see(&mut self, time: Timestamp, bytes: &[u8]) {
        while let Some(due) = self.intake.due(time) {
            self.intake.tick(due, &mut self.events);
            self.tell();
        }
        self.intake.frame(&frame(time, bytes));
        self.now = time;
    }

    fn tell(&mut self) {
        for event in self.events.drain(..) {
            match event {
                Event::FlowOpened { .. } => self.open += 1,
                Event::FlowClosed { reason, .. } => {
                    self.open -= 1;
                    self.evicted += usize::from(reason == CloseReason::Evicted);
                }
                _ => {}
            }
            self.aggregator.ingest(&event);
        }
    }

    fn picture(&mut self) -> Arc<Snapshot> {
        self.intake.tick(self.now, &mut self.events);
        self.tell();
        self.aggregator.tick(self.now)
    }
}

#[test]
fn a_clock_that_is_set_loses_no_byte_and_makes_no_rate() {
    let noon = Timestamp::new(1_790_000_000, 0);
    let leaps = [
        noon,
        // A night's sleep, summer time and its end, a wrong year, the beginning of time and its end.
        noon + Duration::from_hours(8),
        noon + Duration::from_hours(9),
        noon + Duration::from_hours(7),
        noon + Duration::from_hours(24 * 365 * 30),
        Timestamp::new(0, 0),
        Timestamp::from_nanos(u64::MAX),
        noon,
    ];
    let mut way = Way::new(MAX_FLOWS);
    let mut sent = 0;
    for leap in leaps {
        for number in 0..50 {
            // The same hosts at every time, and some of its own.
            let time = leap + Duration::from_millis(u64::from(number) * 20);
            way.see(time, &syn(if number % 2 == 0 { number } else { 1000 + sent }));
            sent += 1;
        }
        let snapshot = way.picture();
        assert_eq!(snapshot.totals.packets, u64::from(sent));
        assert_eq!(snapshot.totals.bytes.rx.0, 40 * u64::from(sent));
        let rate = snapshot.totals.rate.rx.get();
        // Fifty packets in a second; less when the window is longer, and never what a leap would divide by nothing.
        assert!((0.0..=40.0 * 50.0 * 4.0).contains(&rate), "{rate} bytes a second at {leap:?}");
        let listed: u64 = snapshot.processes.iter().map(|row| row.bytes.rx.0).sum();
        assert_eq!(listed, 40 * u64::from(sent), "every byte has a row");
        let document = serde_json::to_string(&Document::new(&snapshot, None)).unwrap();
        assert!(serde_json::from_str::<serde_json::Value>(&document).is_ok());
    }
}

/// Connections asked for by addresses that nobody has, each once. The short run fills a small table; the long one (see
/// [`LONG`]) those that Crow has, with more than a million at a time.
#[test]
fn a_flood_of_connections_fills_the_tables_says_so_and_loses_no_packet() {
    let is_long = std::env::var_os(LONG).is_some();
    let (max_flows, asked, pictures) =
        if is_long { (MAX_FLOWS, 1_200_000_u32, 4) } else { (2_000, 8_000, 40) };
    let me = std::process::id();
    let before = status(me, "VmRSS").unwrap();
    let mut way = Way::new(max_flows);
    let noon = Timestamp::new(1_790_000_000, 0);
    // A connection that was there before and goes on: its row stays, whoever knocks.
    let steady = syn(0x00ff_0000);
    way.see(noon, &steady);
    let mut most = 0;
    for number in 0..asked {
        // All within five seconds, which is sooner than any of them is given up.
        let time = noon + Duration::from_micros(u64::from(number) * 5_000_000 / u64::from(asked));
        way.see(time, &syn(number));
        if number % (asked / pictures) == 0 {
            way.see(time, &steady);
            way.picture();
            most = most.max(way.open);
        }
    }
    let snapshot = way.picture();
    let after = status(me, "VmRSS").unwrap();
    eprintln!(
        "{asked} asked, at most {most} flows, {} evicted, {} rows, {} of resident memory; {:?}",
        way.evicted,
        snapshot.connections.len(),
        format_args!("{before} kB to {after} kB"),
        snapshot.limits
    );
    assert_eq!(way.open, max_flows, "the table is full");
    assert_eq!(way.evicted, asked as usize + 1 - max_flows);
    assert!(snapshot.connections.len() <= MAX_CONNECTIONS);
    if is_long {
        // More are open at once than there are rows for, which is said: those are not counted.
        assert!(snapshot.totals.packets >= MAX_CONNECTIONS as u64);
        assert!(
            snapshot.limits.iter().any(|limit| limit.contains("MAX_CONNECTIONS")),
            "{:?}",
            snapshot.limits
        );
        assert!(after < before + (1 << 20), "{before} kB grew to {after} kB");
    } else {
        assert_eq!(snapshot.totals.packets, u64::from(asked + pictures) + 1);
        let row = snapshot.connections.iter().find(|row| row.remote.ip().to_string() == "11.255.0.0");
        assert_eq!(row.map(|row| row.packets.rx), Some(41), "one row from first to last");
    }
}
