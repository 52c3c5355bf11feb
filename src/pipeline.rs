//! The threads and the channels between them, and nothing else: capture reads events (or plays a recording),
//! aggregate makes snapshots of them, and the window takes the newest one. The only reader of the clock.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arc_swap::{ArcSwap, ArcSwapOption};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, select};

use crate::aggregate::snapshot::{Snapshot, Source};
use crate::aggregate::{Aggregator, AggregatorOptions};
use crate::event::{Event, Identity};
use crate::helper::session::{Control, Session};
use crate::process::users::own_name;
use crate::session::Backend;
use crate::session::{Action, CaptureState, IconState, Job, JobResult, Program, Status};
use crate::settings::{ProxyApi, RateWindow};
use crate::time::Timestamp;

mod chores;
mod live;
mod proxy_api;
mod recording;
mod reverse;
mod sockets;
mod system;

use chores::{Chore, KnownIcons, KnownIdentities, KnownNames};
pub use recording::SAMPLE;
use reverse::Reverse;

/// Batches of events that may wait for the aggregator. When they do, the capture thread waits, then the pipe
/// fills, then the helper coalesces: nothing is lost.
const MAX_WAITING_BATCHES: usize = 64;

/// Wishes of the user that may wait for a thread.
const MAX_WAITING_ACTIONS: usize = 256;

/// Jobs of the window, or their results, that may wait.
const MAX_WAITING_JOBS: usize = 4;

/// Time between snapshots while the window shows.
pub const SHOWN_TICK: Duration = Duration::from_millis(250);

/// How long the threads may take to end.
const GOODBYE: Duration = Duration::from_secs(3);

/// Time between snapshots while only the menu-bar item shows.
const HIDDEN_TICK: Duration = Duration::from_secs(1);

/// Where the traffic comes from.
#[derive(Clone, Debug)]
pub enum Input {
    /// This machine's network, on one interface or on all.
    Live {
        /// The interface, or all of them.
        interface: Option<String>,
        /// What to do when there is no right to capture yet.
        without_right: WithoutRight,
    },
    /// A recording, played at its own pace.
    Recording(PathBuf),
}

/// What to do when live capture needs a permission that Crow does not have yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithoutRight {
    /// Ask for it.
    Ask,
    /// Show what the socket table tells, or the built-in sample where that cannot be read; the window offers to ask.
    Watch,
}

/// What [`Pipeline::start`] needs to know.
pub struct PipelineOptions {
    /// Where the traffic comes from.
    pub input: Input,
    /// The span that rates are averaged over.
    pub window: RateWindow,
    /// Whether a window shows from the start.
    pub shown: bool,
    /// Called after every new snapshot or status, from a thread of the pipeline.
    pub wake: Box<dyn Fn() + Send + Sync>,
}

/// Running threads. Dropping it ends them.
pub struct Pipeline {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// What all threads share: two mailboxes that hold the newest of their kind, and the ways to ask for something.
struct Shared {
    snapshot: ArcSwap<Snapshot>,
    status: ArcSwap<Status>,
    to_capture: Sender<Action>,
    to_aggregate: Sender<Action>,
    to_worker: Sender<Job>,
    from_worker: Receiver<JobResult>,
    to_chores: Sender<Chore>,
    to_proxy_api: Sender<ProxyApi>,
    icons: ArcSwap<KnownIcons>,
    names: ArcSwap<KnownNames>,
    identities: ArcSwap<KnownIdentities>,
    /// The running helper's ear, so that quitting does not wait for its next word.
    helper: ArcSwapOption<Control>,
    /// Whether a window shows, so that it is worth asking the system more often.
    shown: AtomicBool,
    wake: Box<dyn Fn() + Send + Sync>,
}

/// What the capture thread sends to the aggregator.
enum Message {
    /// A batch of events.
    Events(Vec<Event>),
    /// The recording's clock now stands here.
    Clock(Timestamp),
    /// A new source begins: forget everything before it.
    Begin(Source),
    /// The recording is over, and its clock stands here.
    End(Timestamp),
    /// The helper has gone: what was open is no longer followed.
    Lost,
}

impl Pipeline {
    /// Starts the capture and the aggregator thread.
    ///
    /// # Errors
    ///
    /// When the system gives no more threads.
    pub fn start(options: PipelineOptions) -> std::io::Result<Self> {
        let (to_capture, capture_actions) = bounded(MAX_WAITING_ACTIONS);
        let (to_aggregate, aggregate_actions) = bounded(MAX_WAITING_ACTIONS);
        let (messages, inbox) = bounded(MAX_WAITING_BATCHES);
        let (to_worker, from_worker) = start_worker()?;
        let (to_chores, chores) = chores::channel();
        let (to_proxy_api, wishes) = bounded(proxy_api::MAX_WAITING);
        let status = Status { speed: 1.0, user: Some(own_name().into()), ..Status::default() };
        let shared = Arc::new(Shared {
            snapshot: ArcSwap::default(),
            status: ArcSwap::from_pointee(status),
            to_capture,
            to_aggregate,
            to_worker,
            from_worker,
            to_chores,
            to_proxy_api,
            icons: ArcSwap::default(),
            names: ArcSwap::default(),
            identities: ArcSwap::default(),
            helper: ArcSwapOption::empty(),
            shown: AtomicBool::new(options.shown),
            wake: options.wake,
        });
        chores::start(Arc::downgrade(&shared), chores)?;
        proxy_api::start(Arc::downgrade(&shared), wishes, messages.clone())?;
        let aggregate = AggregateThread {
            shared: Arc::clone(&shared),
            inbox,
            actions: aggregate_actions,
            window: options.window,
            shown: options.shown,
            reverse: None,
        };
        let capture = CaptureThread { shared: Arc::clone(&shared), out: messages, actions: capture_actions };
        let input = options.input;
        let threads = vec![
            thread::Builder::new().name("aggregate".to_owned()).spawn(move || aggregate.run())?,
            thread::Builder::new().name("capture".to_owned()).spawn(move || capture.run(input))?,
        ];
        Ok(Self { shared, threads })
    }

    /// The side that the window sees.
    #[must_use]
    pub fn backend(&self) -> Arc<dyn Backend> {
        Arc::clone(&self.shared) as Arc<dyn Backend>
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        self.shared.act(Action::Quit);
        let deadline = Instant::now() + GOODBYE;
        for thread in self.threads.drain(..) {
            // A thread that waits for a password prompt ends with the program.
            while !thread.is_finished() && Instant::now() < deadline {
                thread::sleep(Duration::from_millis(2));
            }
            if thread.is_finished() && thread.join().is_err() {
                tracing::error!("a thread ended by panic");
            }
        }
    }
}

impl Backend for Shared {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    fn status(&self) -> Arc<Status> {
        self.status.load_full()
    }

    fn act(&self, action: Action) {
        match &action {
            Action::Pause(paused) => self.change_status(|status| status.paused = *paused),
            Action::Speed(speed) => self.change_status(|status| status.speed = *speed),
            Action::LoginItem(state) => self.change_status(|status| status.login_item = *state),
            Action::Notice(sentence) => {
                self.change_status(|status| status.notice = Some(sentence.as_str().into()));
            }
            Action::Shown(shown) => self.shown.store(*shown, Ordering::Relaxed),
            Action::Quit => {
                if let Some(helper) = &*self.helper.load() {
                    helper.hang_up();
                }
            }
            Action::EndProcess { target, force } => {
                return self.ask_for(Chore::End { target: target.clone(), force: *force });
            }
            Action::ProxyApi(wish) => {
                if self.to_proxy_api.try_send(wish.clone()).is_err() {
                    tracing::warn!("too many wishes wait for the proxy; this one is dropped");
                }
                return;
            }
            // One aggregator draws them; there may be many while a table is scrolled, and the next one stands for all.
            Action::InSight(_) => return drop(self.to_aggregate.try_send(action)),
            Action::Reveal(path) => return self.ask_for(Chore::Reveal(Arc::clone(path))),
            _ => {}
        }
        for way in [&self.to_capture, &self.to_aggregate] {
            if let Err(TrySendError::Full(action)) = way.try_send(action.clone()) {
                tracing::warn!(?action, "too many wishes wait; this one is dropped");
            }
        }
    }

    fn work(&self, job: Job) -> Result<(), Job> {
        self.to_worker.try_send(job).map_err(TrySendError::into_inner)
    }

    fn worked(&self) -> Option<JobResult> {
        self.from_worker.try_recv().ok()
    }

    fn icon(&self, program: &Program) -> IconState {
        self.icon_of(program)
    }

    fn name_of(&self, pid: i32) -> Option<Arc<str>> {
        self.known_name(pid)
    }

    fn identity(&self, program: &Program) -> Option<Arc<Identity>> {
        self.identity_of(program)
    }
}

/// Starts the thread that does the window's jobs. It ends when the last backend is dropped.
fn start_worker() -> std::io::Result<(Sender<Job>, Receiver<JobResult>)> {
    let (to_worker, jobs) = bounded::<Job>(MAX_WAITING_JOBS);
    let (results, from_worker) = bounded(MAX_WAITING_JOBS);
    thread::Builder::new().name("window-jobs".to_owned()).spawn(move || {
        for job in jobs {
            let result = job();
            if !result.is::<()>() && results.send(result).is_err() {
                return;
            }
        }
    })?;
    Ok((to_worker, from_worker))
}

impl Shared {
    fn change_status(&self, change: impl Fn(&mut Status)) {
        self.status.rcu(|status| {
            let mut status = Status::clone(status);
            change(&mut status);
            status
        });
        (self.wake)();
    }

    /// Changes the status without waking anyone; the next snapshot does.
    fn set_capture_quietly(&self, capture: &CaptureState) {
        self.status.rcu(|status| Status { capture: capture.clone(), ..Status::clone(status) });
    }

    fn set_capture(&self, capture: &CaptureState) {
        self.change_status(|status| status.capture = capture.clone());
    }
}

/// The thread that reads events from the helper, or plays a recording.
struct CaptureThread {
    shared: Arc<Shared>,
    out: Sender<Message>,
    actions: Receiver<Action>,
}

/// What a source's end, or the user, asks of the capture thread next.
enum Next {
    /// Capture live.
    Live(WithoutRight),
    /// Events of this helper.
    Listen(Box<Session>),
    /// Show what the socket table tells, for this reason.
    Sockets { why: Arc<str> },
    /// Play the built-in sample, for this reason.
    Sample { why: Arc<str> },
    /// Nothing to read; wait for a wish.
    Wait,
    /// The program ends.
    Quit,
}

impl CaptureThread {
    fn run(self, input: Input) {
        let (interface, mut next) = match input {
            Input::Live { interface, without_right } => (interface, Next::Live(without_right)),
            Input::Recording(path) => (None, self.play_file(&path)),
        };
        // The next source's flow ids begin where the last one's ended.
        let mut sessions = 0;
        loop {
            next = match next {
                Next::Live(without_right) => {
                    sessions += 1;
                    self.capture_live(interface.as_deref(), without_right, sessions)
                }
                Next::Listen(helper) => {
                    sessions += 1;
                    self.take_over(*helper, sessions)
                }
                Next::Sockets { why } => {
                    sessions += 1;
                    self.watch_sockets(interface.as_deref(), &why, sessions)
                }
                Next::Sample { why } => self.play_sample(&why),
                Next::Wait => self.wait(),
                Next::Quit => return,
            };
        }
    }

    /// Waits until the user asks for a capture or the program ends.
    fn wait(&self) -> Next {
        loop {
            match self.actions.recv() {
                Ok(Action::StartCapture) => return Next::Live(WithoutRight::Ask),
                Ok(Action::Quit) | Err(_) => return Next::Quit,
                Ok(_) => {}
            }
        }
    }

    /// Sends to the aggregator; `false` when it has gone.
    fn send(&self, message: Message) -> bool {
        self.out.send(message).is_ok()
    }
}

/// The thread that makes snapshots of events.
struct AggregateThread {
    shared: Arc<Shared>,
    inbox: Receiver<Message>,
    actions: Receiver<Action>,
    window: RateWindow,
    shown: bool,
    /// Only while the user wants it.
    reverse: Option<Reverse>,
}

impl AggregateThread {
    fn run(mut self) {
        let mut aggregator = self.aggregator(Source::Live);
        let mut source = Source::Live;
        let mut clock = Timestamp::default();
        let mut next_tick = Instant::now();
        loop {
            let timer = crossbeam_channel::at(next_tick);
            select! {
                recv(self.inbox) -> message => match message {
                    Ok(Message::Events(events)) => events.iter().for_each(|event| aggregator.ingest(event)),
                    Ok(Message::Clock(time)) => clock = time,
                    Ok(Message::Begin(begun)) => {
                        source = begun;
                        // Another recording's time, or none, is not this one's.
                        clock = Timestamp::default();
                        aggregator = self.aggregator(source);
                    }
                    Ok(Message::End(time)) => {
                        clock = time;
                        next_tick = Instant::now();
                    }
                    Ok(Message::Lost) => {
                        aggregator.close_all(wall_clock());
                        next_tick = Instant::now();
                    }
                    Err(_) => return,
                },
                recv(self.actions) -> action => match action {
                    Ok(Action::Quit) | Err(_) => return,
                    Ok(Action::Window(window)) => {
                        self.window = window;
                        aggregator.set_window(window);
                    }
                    Ok(Action::ReverseDns(on)) => self.reverse = on.then(Reverse::start).transpose().unwrap_or_default(),
                    Ok(Action::Reset) => aggregator.reset(now(source, clock)),
                    Ok(Action::Watch(watch)) => {
                        aggregator.watch(watch);
                        next_tick = Instant::now();
                    }
                    Ok(Action::InSight(flows)) => aggregator.see(flows),
                    Ok(Action::Refresh) => next_tick = Instant::now(),
                    Ok(Action::Shown(shown)) => {
                        self.shown = shown;
                        next_tick = Instant::now();
                    }
                    Ok(_) => {}
                },
                recv(timer) -> _ => {
                    next_tick = Instant::now() + if self.shown { SHOWN_TICK } else { HIDDEN_TICK };
                    // A recording's time begins with its first packet; a tick before that would be decades early.
                    if source == Source::Recording && clock == Timestamp::default() {
                        continue;
                    }
                    let snapshot = aggregator.tick(now(source, clock));
                    // The addresses of a recording are another network's, or of another time.
                    if source == Source::Live && let Some(reverse) = &mut self.reverse {
                        reverse.name(&mut aggregator, &snapshot);
                    }
                    // A paused display keeps its picture while counting goes on behind it.
                    if !(self.shared.status.load().paused && source == Source::Live) {
                        self.shared.snapshot.store(snapshot);
                        (self.shared.wake)();
                    }
                }
            }
        }
    }

    fn aggregator(&self, source: Source) -> Aggregator {
        Aggregator::new(AggregatorOptions {
            source,
            window: self.window,
            keep_closed: source == Source::Recording,
        })
    }
}

/// The time now: the clock's while live, the packets' in a recording.
fn now(source: Source, clock: Timestamp) -> Timestamp {
    match source {
        Source::Live => wall_clock(),
        Source::Recording => clock,
    }
}

/// The time of day, on the same scale as the kernel's packet stamps.
#[must_use]
pub fn wall_clock() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::new(since_epoch.as_secs(), since_epoch.subsec_nanos())
}
