//! An app or a helper that stands still while packets pour in: memory stays bounded, and each packet is counted, or is
//! counted as lost and shown to be.

use std::net::{SocketAddr, UdpSocket};
use std::os::unix::process::ExitStatusExt;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::can_run;
use crate::starved::{LONG, children, status};
use crate::sudden::{crow, documents, signal, wait_for};

/// How many senders there are, each with flows of its own.
const SENDERS: usize = 2;
const FLOWS_EACH: usize = 200;

/// The most that an app or helper may grow while nobody reads, in kB.
const MAX_GROWTH_KB: u64 = 32 << 10;

/// A flood over loopback to a socket that nobody reads.
struct Flood {
    to: SocketAddr,
    _sink: UdpSocket,
    senders: Vec<Vec<UdpSocket>>,
    sent: u64,
}

impl Flood {
    fn new() -> Self {
        let socket = || UdpSocket::bind("127.0.0.1:0").unwrap();
        let sink = socket();
        let senders = (0..SENDERS).map(|_| (0..FLOWS_EACH).map(|_| socket()).collect()).collect();
        Self { to: sink.local_addr().unwrap(), _sink: sink, senders, sent: 0 }
    }

    /// Sends at `rate` packets a second, for `span` and until there are as many as that makes: a busy machine takes
    /// longer. Returns the rate that was reached.
    fn pour(&mut self, rate: u64, span: Duration) -> f64 {
        let (began, to) = (Instant::now(), self.to);
        let each = rate * u64::try_from(span.as_millis()).unwrap() / 1000 / SENDERS as u64;
        let sent: u64 = thread::scope(|scope| {
            let pouring: Vec<_> = self
                .senders
                .iter()
                .map(|sockets| scope.spawn(move || pour(sockets, to, each, span)))
                .collect();
            pouring.into_iter().map(|one| one.join().unwrap()).sum()
        });
        self.sent += sent;
        sent as f64 / began.elapsed().as_secs_f64()
    }

    /// The packets that a document has counted of this flood: at its receiving end.
    fn told(&self, document: &Value) -> u64 {
        let to = self.to.to_string();
        let rows = document["connections"].as_array().into_iter().flatten();
        rows.filter(|row| row["local"] == *to).map(|row| row["rx_packets"].as_u64().unwrap()).sum()
    }

    /// Waits until each packet is told or is said to be lost; both numbers.
    fn wait_until_told(&self, newest: &Mutex<Value>) -> (u64, u64) {
        let counts = || {
            let document = newest.lock().unwrap();
            (self.told(&document), document["totals"]["dropped_packets"].as_u64().unwrap_or(0))
        };
        let (told, lost) = wait_for("every packet", || {
            let (told, lost) = counts();
            (told + lost >= self.sent).then_some((told, lost))
        });
        assert!(told <= self.sent, "{told} told of {} sent", self.sent);
        (told, lost)
    }
}

/// Sends `count` packets over `span`, a flow after the other, in small bursts.
fn pour(sockets: &[UdpSocket], to: SocketAddr, count: u64, span: Duration) -> u64 {
    const BURST: u64 = 100;
    let began = Instant::now();
    let (mut sent, mut tried) = (0, 0);
    for socket in sockets.iter().cycle() {
        if sent >= count {
            break;
        }
        for _ in 0..10 {
            sent += u64::from(socket.send_to(&[0x55; 200], to).is_ok());
        }
        tried += 10;
        if tried % BURST == 0 {
            let due = span.mul_f64(tried as f64 / count as f64);
            thread::sleep(due.saturating_sub(began.elapsed()));
        }
    }
    sent
}

/// Crow on loopback once it captures: the program, its newest document and its helper.
fn capturing(folder: &std::path::Path) -> (Child, Arc<Mutex<Value>>, u32) {
    let mut app = crow(folder);
    let newest = documents(&mut app);
    wait_for("the capture", || newest.lock().unwrap()["totals"]["packets"].as_u64());
    let helper = children(app.id())[0];
    (app, newest, helper)
}

fn end(app: Child) {
    signal(app.id(), Signal::SIGTERM);
    let ended = app.wait_with_output().unwrap();
    assert_eq!(ended.status.signal(), Some(15), "{ended:?}");
    assert!(ended.stderr.is_empty(), "{ended:?}");
}

/// The long run (see [`LONG`]) is ten seconds at 200 000 packets a second.
#[test]
fn an_app_that_is_stopped_under_load_goes_on_and_has_lost_no_count() {
    if !can_run("an_app_that_is_stopped_under_load_goes_on_and_has_lost_no_count", &[]) {
        return;
    }
    let is_long = std::env::var_os(LONG).is_some();
    let (rate, span) = if is_long { (200_000, 10) } else { (10_000, 1) };
    let folder = tempfile::tempdir().unwrap();
    let (app, newest, helper) = capturing(folder.path());
    let mut flood = Flood::new();
    // Every flow is known before, so that what grows grows by the standstill.
    flood.pour(10_000, Duration::from_secs(1));
    flood.wait_until_told(&newest);
    let memory = || [app.id(), helper].map(|pid| status(pid, "VmRSS").unwrap());
    let before = memory();
    signal(app.id(), Signal::SIGSTOP);
    let reached = flood.pour(rate, Duration::from_secs(span));
    let stopped = memory();
    signal(app.id(), Signal::SIGCONT);
    let (told, lost) = flood.wait_until_told(&newest);
    let after = memory();
    eprintln!(
        "stopped app: {reached:.0} packets/s, {} sent, {told} told, {lost} lost; app and helper {before:?} kB before, \
         {stopped:?} stopped, {after:?} after",
        flood.sent
    );
    for (before, now) in
        before.iter().zip(stopped.iter().zip(after)).flat_map(|(b, (s, a))| [(b, *s), (b, a)])
    {
        assert!(now < before + MAX_GROWTH_KB, "{before} kB grew to {now} kB");
    }
    end(app);
}

/// Where packets have to be lost, because nobody takes them from the kernel, the loss is counted and shown.
#[test]
fn a_helper_that_is_stopped_under_load_shows_what_was_lost() {
    if !can_run("a_helper_that_is_stopped_under_load_shows_what_was_lost", &[]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (app, newest, helper) = capturing(folder.path());
    let mut flood = Flood::new();
    flood.pour(10_000, Duration::from_secs(1));
    flood.wait_until_told(&newest);
    signal(helper, Signal::SIGSTOP);
    // More than the kernel's ring has room for.
    flood.pour(100_000, Duration::from_secs(1));
    signal(helper, Signal::SIGCONT);
    let (told, lost) = flood.wait_until_told(&newest);
    eprintln!("stopped helper: {} sent, {told} told, {lost} lost", flood.sent);
    assert!(lost > 0 && told > 10_000, "{told} told, {lost} lost");
    end(app);
}
