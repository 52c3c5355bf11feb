//! What drawing one frame costs: each view with 100, 10 000 and 100 000 rows, without a window.
//!
//! `new_data` brings a snapshot a quarter of a second after the last one, as live, so every fourth frame also
//! sorts; `same_data` only draws. After the wall times, on Linux, the thread's own CPU time is printed, which other
//! programs on the machine do not distort.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crow::aggregate::snapshot::{
    Asking, Both, ConnectionRow, DomainRow, History, HostName, HostSource, ProcessRow, Route, Snapshot,
};
use crow::event::{App as AppName, FlowId, InterfaceKind, ProcessKey, Protocol, TcpState};
use crow::session::Backend;
use crow::session::{Action, CaptureState, Job, JobResult, Status};
use crow::settings::{Settings, View};
use crow::time::Timestamp;
use crow::ui::app::App;
use crow::units::{Bytes, BytesPerSec};

const SIZES: [u32; 3] = [100, 10_000, 100_000];
const VIEWS: [View; 3] = [View::Processes, View::Connections, View::Domains];

/// Two pictures of the same rows with other numbers, shown in turn.
struct Recorded {
    pictures: [Arc<Snapshot>; 2],
    shown: AtomicUsize,
    status: Arc<Status>,
    to_worker: Sender<Job>,
    in_work: AtomicUsize,
    from_worker: Mutex<Receiver<JobResult>>,
}

impl Backend for Recorded {
    fn snapshot(&self) -> Arc<Snapshot> {
        let [even, odd] = &self.pictures;
        Arc::clone(if self.shown.load(Ordering::Relaxed).is_multiple_of(2) { even } else { odd })
    }

    fn status(&self) -> Arc<Status> {
        Arc::clone(&self.status)
    }

    fn act(&self, _action: Action) {}

    fn work(&self, job: Job) -> Result<(), Job> {
        self.in_work.fetch_add(1, Ordering::Relaxed);
        self.to_worker.send(job).map_err(|refused| refused.0)
    }

    fn worked(&self) -> Option<JobResult> {
        // Waits for what is in work, as the quarter of a second between two snapshots would: the thread's own CPU
        // time, which is what counts, does not grow by that.
        let results = self.from_worker.lock().unwrap_or_else(PoisonError::into_inner);
        (0..self.in_work.swap(0, Ordering::Relaxed))
            .filter_map(|_| results.recv().ok())
            .find(|result| !result.is::<()>())
    }
}

/// A thread for the window's jobs, as the program has one.
fn worker() -> (Sender<Job>, Mutex<Receiver<JobResult>>) {
    let (to_worker, jobs) = mpsc::channel::<Job>();
    let (results, from_worker) = mpsc::channel();
    thread::spawn(move || {
        for result in jobs.into_iter().map(|job| job()) {
            if results.send(result).is_err() {
                return;
            }
        }
    });
    (to_worker, Mutex::new(from_worker))
}

/// Different, and the same at each run (splitmix64).
fn scatter(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn rate(seed: u64) -> Both<BytesPerSec> {
    let of = |seed| Bytes(scatter(seed) % 3_000_000).over(Duration::from_secs(1));
    Both { rx: of(seed), tx: of(seed ^ 1) }
}

fn bytes(seed: u64) -> Both<Bytes> {
    Both { rx: Bytes(scatter(seed) % 9_000_000_000), tx: Bytes(scatter(seed ^ 5) % 900_000_000) }
}

fn history(seed: u64) -> History {
    let sample = |n| Both { rx: (scatter(seed + n) % 1000) as f32, tx: (scatter(seed * n) % 300) as f32 };
    (0..60).map(sample).collect()
}

fn process(row: u32, turn: u64, history: &History) -> Arc<ProcessRow> {
    let seed = u64::from(row) * 2 + turn;
    let name: Arc<str> = format!("Program {row}").into();
    Arc::new(ProcessRow {
        key: Some(ProcessKey { pid: i32::try_from(row).unwrap_or(0), started: None }),
        app: AppName { id: name.to_string(), name: name.to_string() },
        name,
        path: None,
        user: Some("alice".into()),
        parent: None,
        bytes: bytes(seed),
        rate: rate(seed),
        connections: row % 50,
        first_seen: Timestamp::default(),
        last_seen: Timestamp::default(),
        ended: None,
        asking: Asking::default(),
        history: Arc::clone(history),
    })
}

fn connection(row: u32, turn: u64) -> Arc<ConnectionRow> {
    let seed = u64::from(row) * 2 + turn;
    let host = HostName {
        name: format!("edge-{row}.example.com").into(),
        source: HostSource::Sni,
        learned: Timestamp::default(),
        outer: false,
    };
    Arc::new(ConnectionRow {
        flow: FlowId(row.into()),
        process: None,
        process_name: "".into(),
        via: None,
        protocol: Protocol::TCP,
        local: ([10, 0, 0, 2], 50_000).into(),
        remote: (row.to_be_bytes(), 443).into(),
        interface: "en0".into(),
        interface_kind: InterfaceKind::Physical,
        host: Some(host),
        domain: Some("example.com".into()),
        service: Some("https"),
        state: Some(TcpState::Established),
        bytes: bytes(seed),
        packets: Both { rx: 1, tx: 1 },
        rate: rate(seed),
        rtt_us: Some(row % 90_000),
        retransmits: 0,
        wakes: 0,
        keep_alives: 0,
        first_seen: Timestamp::default(),
        last_seen: Timestamp::default(),
        ended: None,
        credited: true,
        counted: Both::default(),
        route: Route::Direct,
        route_via: None,
        route_chain: None,
    })
}

fn domain(row: u32, turn: u64, history: &History) -> Arc<DomainRow> {
    let seed = u64::from(row) * 2 + turn;
    Arc::new(DomainRow {
        domain: format!("domain-{row}.example").into(),
        is_address: false,
        hosts: vec![],
        processes: vec![],
        bytes: bytes(seed),
        rate: rate(seed),
        connections: row % 9,
        first_seen: Timestamp::default(),
        last_seen: Timestamp::default(),
        history: Arc::clone(history),
    })
}

fn picture(view: View, rows: u32, turn: u64) -> Arc<Snapshot> {
    // As many histories as rows fit into a window: a shared one would hide what drawing them costs.
    let histories: Vec<History> = (0..64).map(|seed| history(seed * 2 + turn)).collect();
    let history = |row: u32| histories.get(row as usize % 64).cloned().unwrap_or_default();
    let mut snapshot = Snapshot { generation: turn + 1, ..Snapshot::default() };
    let rows = 1..=rows;
    match view {
        View::Processes => snapshot.processes = rows.map(|row| process(row, turn, &history(row))).collect(),
        View::Connections => snapshot.connections = rows.map(|row| connection(row, turn)).collect(),
        View::Domains => snapshot.domains = rows.map(|row| domain(row, turn, &history(row))).collect(),
    }
    Arc::new(snapshot)
}

/// A window without a screen.
struct Window {
    ctx: egui::Context,
    app: App,
    backend: Arc<Recorded>,
    frames: u32,
}

impl Window {
    fn new(view: View, rows: u32) -> Self {
        let status = Arc::new(Status { capture: CaptureState::Live, ..Status::default() });
        let pictures = [picture(view, rows, 0), picture(view, rows, 1)];
        let (to_worker, from_worker) = worker();
        let shown = AtomicUsize::new(0);
        let backend = Arc::new(Recorded {
            pictures,
            shown,
            status,
            to_worker,
            in_work: AtomicUsize::new(0),
            from_worker,
        });
        let ctx = egui::Context::default();
        let settings = Settings { view, ..Settings::default() };
        let shared: Arc<dyn Backend> = Arc::<Recorded>::clone(&backend);
        let app = App::new(&ctx, shared, settings, String::new());
        let mut window = Self { ctx, app, backend, frames: 0 };
        for _ in 0..8 {
            window.frame(true);
        }
        window
    }

    fn frame(&mut self, has_news: bool) {
        if has_news {
            self.backend.shown.fetch_add(1, Ordering::Relaxed);
        }
        self.frames += 1;
        let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1120.0, 700.0));
        let input = egui::RawInput {
            screen_rect: Some(screen),
            time: Some(f64::from(self.frames) * 0.25),
            ..egui::RawInput::default()
        };
        let app = &mut self.app;
        let output = self.ctx.run_ui(input, |ui| {
            app.refresh();
            app.window_ui(ui);
        });
        output.drop_without_applying_deltas();
    }
}

#[divan::bench(args = SIZES, consts = [0, 1, 2], sample_count = 40)]
fn new_data<const VIEW: usize>(bencher: divan::Bencher<'_, '_>, rows: u32) {
    let Some(view) = VIEWS.get(VIEW) else { return };
    let mut window = Window::new(*view, rows);
    bencher.bench_local(|| window.frame(true));
}

#[divan::bench(args = SIZES, consts = [0, 1, 2], sample_count = 40)]
fn same_data<const VIEW: usize>(bencher: divan::Bencher<'_, '_>, rows: u32) {
    let Some(view) = VIEWS.get(VIEW) else { return };
    let mut window = Window::new(*view, rows);
    bencher.bench_local(|| window.frame(false));
}

/// Nanoseconds that this thread has run (Linux, Documentation/scheduler/sched-stats.rst).
fn thread_nanos() -> Option<u64> {
    fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
}

/// The mean CPU time of a frame in microseconds.
fn cpu_micros(window: &mut Window, has_news: bool) -> Option<f64> {
    const FRAMES: u32 = 80;
    let start = thread_nanos()?;
    for _ in 0..FRAMES {
        window.frame(has_news);
    }
    Some((thread_nanos()? - start) as f64 / f64::from(FRAMES) / 1000.0)
}

#[expect(clippy::print_stdout, reason = "a benchmark's result")]
fn main() {
    divan::main();
    println!("\nthread CPU time, µs a frame: rows, new data, same data");
    for view in VIEWS {
        for rows in SIZES {
            let mut window = Window::new(view, rows);
            if let (Some(new), Some(same)) = (cpu_micros(&mut window, true), cpu_micros(&mut window, false)) {
                println!("{view:?} {rows}: {new:.0}, {same:.0}");
            }
        }
    }
}
