//! The helper's loop: frames in, events out, and an end as soon as the app has gone.
//!
//! One thread, one `poll`. The kernel's ring is always drained, whether the app reads or not: while the pipe
//! is full the engine is not asked for events, and what it counts goes on adding up inside it. So memory is
//! bounded by [`MAX_UNSENT_BYTES`] and the engine's own limits, and no count is lost.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::findings::{self, Findings, Start};
use super::protocol::{Decoder, Encoder, ProtocolError, ToApp, ToHelper};
use crate::capture::Frame;
use crate::capture::live;
use crate::event::Event;
use crate::time::Timestamp;

/// How often events are sent while there is something to say.
pub const TICK: Duration = Duration::from_millis(50);

/// How often the counts are sent and the interface is looked at when nothing else happens.
pub const HEARTBEAT: Duration = Duration::from_secs(1);

/// While more than this waits to be written, the engine is not asked for events.
pub const MAX_UNSENT_BYTES: usize = 256 << 10;

/// How many frames are read before the pipe is looked at again: below a millisecond's work.
const MAX_FRAMES_AT_ONCE: usize = 2048;

/// How many sentences wait at most for an app that does not read.
const MAX_FAULTS: usize = 8;

/// How long the last events may take to be written after the order to end.
const FAREWELL: Duration = Duration::from_millis(500);

/// What turns frames into events: the meter and the look-up of owners.
pub trait Engine {
    /// Takes one frame into account.
    fn frame(&mut self, frame: &Frame<'_>);

    /// Called after a batch of frames: the time to look up the owners of flows that the batch opened, since
    /// their sockets may be gone by the next tick.
    fn drained(&mut self, now: Timestamp) {
        let _ = now;
    }

    /// Takes over the kernel's counts since the capture began.
    fn kernel_counts(&mut self, received: u64, dropped: u64);

    /// Appends what happened since the last tick, in order. Ticks may be far apart while the app does not
    /// read; the engine adds up until then.
    fn tick(&mut self, now: Timestamp, out: &mut Vec<Event>);

    /// Whether a tick is wanted in [`TICK`] even if no frame comes (a look-up is to be repeated). Otherwise
    /// the next one comes with [`HEARTBEAT`].
    fn is_waiting(&self) -> bool {
        false
    }
}

/// Where frames come from. Implemented by [`live::Live`], and by a fake in the tests.
pub trait Source {
    /// What to poll for readability.
    fn poll_fd(&self) -> BorrowedFd<'_>;

    /// Hands over at most `max` waiting frames and returns how many, without blocking.
    ///
    /// # Errors
    ///
    /// When no more frames will come.
    fn drain(&mut self, max: usize, each: &mut dyn FnMut(&Frame<'_>)) -> Result<usize, live::Error>;

    /// The kernel's counts since the capture began.
    ///
    /// # Errors
    ///
    /// When the kernel does not tell.
    fn counts(&mut self) -> Result<live::Counts, live::Error>;

    /// Looks after the chosen interface once a second; one sentence when that went or came.
    ///
    /// # Errors
    ///
    /// When the capture cannot go on.
    fn check_interface(&mut self) -> Result<Option<String>, live::Error>;

    /// Captures on another interface from now on, or on all.
    ///
    /// # Errors
    ///
    /// When there is no such interface; the capture stays as it was.
    fn select(&mut self, interface: Option<&str>) -> Result<(), live::Error>;

    /// What the capture turned out to be.
    fn nature(&self) -> live::Nature {
        live::Nature::default()
    }
}

/// Why serving ended in good order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The app's end of the pipe is closed.
    AppGone,
    /// The app said so.
    Stopped,
    /// A signal said so.
    Signalled,
}

/// Why serving ended in disorder.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The capture ended.
    #[error(transparent)]
    Capture(#[from] live::Error),
    /// The app said something that makes no sense.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// The system refused to wait.
    #[error("waiting for packets failed: {0}")]
    Poll(io::Error),
}

/// Sends what `engine` makes of `source` over `pipe` until the app goes or says stop, or a signal comes.
///
/// # Errors
///
/// [`ServeError`]; the app has then been told, if it still listens.
pub fn serve<S: Source, E: Engine>(
    pipe: Pipe<'_>,
    source: &mut S,
    engine: &mut E,
) -> Result<End, ServeError> {
    if let Err(err) = pipe.stream.set_nonblocking(true) {
        return Err(ServeError::Poll(err));
    }
    Server::new(pipe, source, engine).run_and_part()
}

/// The way to the app.
pub struct Pipe<'a> {
    /// The connected socket.
    pub stream: &'a UnixStream,
    /// What has come from it already.
    pub decoder: Decoder,
    /// Becomes readable when the helper is asked to end by a signal.
    pub signals: Option<BorrowedFd<'a>>,
    /// How this process was started.
    pub start: Start,
}

struct Server<'a, S, E> {
    pipe: Pipe<'a>,
    source: &'a mut S,
    engine: &'a mut E,
    encoder: Encoder,
    events: Vec<Event>,
    /// What the user should know, not sent yet.
    faults: VecDeque<String>,
    /// What the self-check has asked for; asking twice is asking once, so that it costs no memory.
    asked: Asked,
    /// Whether something came since the last tick.
    has_news: bool,
    last_tick: Instant,
    last_beat: Instant,
}

/// The answers that the app waits for.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    findings: bool,
    trespass: bool,
}

/// What `poll` found.
struct Ready {
    capture: bool,
    app: bool,
    signal: bool,
}

impl<'a, S: Source, E: Engine> Server<'a, S, E> {
    fn new(pipe: Pipe<'a>, source: &'a mut S, engine: &'a mut E) -> Self {
        Self {
            pipe,
            source,
            engine,
            encoder: Encoder::default(),
            events: Vec::new(),
            faults: VecDeque::new(),
            asked: Asked::default(),
            has_news: false,
            last_tick: Instant::now(),
            last_beat: Instant::now(),
        }
    }

    /// Runs to the end and tells the app of it.
    fn run_and_part(&mut self) -> Result<End, ServeError> {
        let ended = self.run();
        let last = match &ended {
            Ok(End::AppGone) => return ended,
            Ok(End::Stopped | End::Signalled) => ToApp::Stopped,
            Err(err) => ToApp::Failed(err.to_string()),
        };
        self.farewell(&last);
        ended
    }

    fn run(&mut self) -> Result<End, ServeError> {
        self.beat()?;
        loop {
            let ready = self.wait()?;
            if ready.signal {
                return Ok(End::Signalled);
            }
            if ready.app
                && let Some(end) = self.listen()?
            {
                return Ok(end);
            }
            if ready.capture {
                self.drain()?;
            }
            if self.last_beat.elapsed() >= HEARTBEAT {
                self.beat()?;
            }
            if self.is_tick_due() {
                self.tick()?;
            }
            if self.write().is_err() {
                return Ok(End::AppGone);
            }
        }
    }

    /// Waits until there is something to do.
    fn wait(&self) -> Result<Ready, ServeError> {
        let mut due = HEARTBEAT.saturating_sub(self.last_beat.elapsed());
        if self.wants_tick() {
            due = due.min(TICK.saturating_sub(self.last_tick.elapsed()));
        }
        // Rounded up: a wait that ends just before it is due would be followed by a second one.
        let millis = u16::try_from(due.as_micros().div_ceil(1000)).unwrap_or(u16::MAX);
        let mut app = PollFlags::POLLIN;
        if !self.encoder.unsent().is_empty() {
            app |= PollFlags::POLLOUT;
        }
        let stream = self.pipe.stream.as_fd();
        let signals = self.pipe.signals.unwrap_or(stream);
        let mut fds = [
            PollFd::new(self.source.poll_fd(), PollFlags::POLLIN),
            PollFd::new(stream, app),
            PollFd::new(signals, PollFlags::POLLIN),
        ];
        let known = if self.pipe.signals.is_some() { 3 } else { 2 };
        let fds = fds.get_mut(..known).unwrap_or_default();
        match poll(fds, PollTimeout::from(millis)) {
            Ok(_) => {}
            Err(Errno::EINTR) => return Ok(Ready { capture: false, app: false, signal: false }),
            Err(err) => return Err(ServeError::Poll(err.into())),
        }
        let is_ready = |place: usize| fds.get(place).and_then(PollFd::revents).unwrap_or(PollFlags::empty());
        // A system that cannot wait for this kind of device says so at once, each time: that would be a busy loop.
        if is_ready(0).contains(PollFlags::POLLNVAL) {
            return Err(ServeError::Poll(ErrorKind::Unsupported.into()));
        }
        Ok(Ready {
            capture: !is_ready(0).is_empty(),
            app: is_ready(1).intersects(
                PollFlags::POLLIN | PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL,
            ),
            signal: !is_ready(2).is_empty(),
        })
    }

    /// Reads what the app says; `Some` when that is the end.
    fn listen(&mut self) -> Result<Option<End>, ServeError> {
        let mut buffer = [0; 4096];
        let mut stream = self.pipe.stream;
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(Some(End::AppGone)),
            Ok(count) => self.pipe.decoder.feed(buffer.get(..count).unwrap_or_default()),
            Err(err) if is_passing(&err) => return Ok(None),
            Err(_) => return Ok(Some(End::AppGone)),
        }
        while let Some(message) = self.pipe.decoder.message::<ToHelper>()? {
            match message {
                ToHelper::Stop => return Ok(Some(End::Stopped)),
                ToHelper::Start { .. } => return Err(ProtocolError::OutOfTurn.into()),
                ToHelper::Probe => (self.asked.findings, self.has_news) = (true, true),
                ToHelper::Trespass => (self.asked.trespass, self.has_news) = (true, true),
                ToHelper::Interface(name) => {
                    if let Err(err) = self.source.select(name.as_deref()) {
                        self.fault(err.to_string());
                    }
                }
            }
        }
        Ok(None)
    }

    fn drain(&mut self) -> Result<(), ServeError> {
        let engine = &mut *self.engine;
        let count = self.source.drain(MAX_FRAMES_AT_ONCE, &mut |frame| engine.frame(frame))?;
        if count > 0 {
            self.has_news = true;
            self.engine.drained(wall_clock());
        }
        Ok(())
    }

    /// Once a second: the kernel's counts and the interface.
    fn beat(&mut self) -> Result<(), ServeError> {
        self.last_beat = Instant::now();
        let counts = self.source.counts()?;
        self.engine.kernel_counts(counts.received, counts.dropped);
        if let Some(sentence) = self.source.check_interface()? {
            self.fault(sentence);
        }
        Ok(())
    }

    /// Keeps a sentence for the next tick; while the app does not read, the newest ones.
    fn fault(&mut self, sentence: String) {
        if self.faults.len() == MAX_FAULTS {
            self.faults.pop_front();
        }
        self.faults.push_back(sentence);
        self.has_news = true;
    }

    fn is_full(&self) -> bool {
        self.encoder.unsent().len() >= MAX_UNSENT_BYTES
    }

    /// Whether the next tick should come before the next heartbeat.
    fn wants_tick(&self) -> bool {
        (self.has_news || self.engine.is_waiting()) && !self.is_full()
    }

    fn is_tick_due(&self) -> bool {
        let interval = if self.has_news || self.engine.is_waiting() { TICK } else { HEARTBEAT };
        self.last_tick.elapsed() >= interval && !self.is_full()
    }

    fn tick(&mut self) -> Result<(), ServeError> {
        self.last_tick = Instant::now();
        self.has_news = false;
        self.events.extend(self.faults.drain(..).map(Event::Fault));
        self.engine.tick(wall_clock(), &mut self.events);
        let encoded = self.encoder.events(&self.events);
        self.events.clear();
        encoded?;
        self.answer()
    }

    /// Answers the self-check.
    fn answer(&mut self) -> Result<(), ServeError> {
        let asked = std::mem::take(&mut self.asked);
        if asked.findings {
            let findings = Findings::look(&self.pipe.start, self.source.nature());
            self.encoder.message(&ToApp::Findings(Box::new(findings)))?;
        }
        if asked.trespass {
            self.encoder.message(&ToApp::Tried(findings::trespass()))?;
        }
        Ok(())
    }

    /// Writes what the pipe takes now; an error means that nobody reads any longer.
    fn write(&mut self) -> io::Result<()> {
        let mut stream = self.pipe.stream;
        while !self.encoder.unsent().is_empty() {
            match stream.write(self.encoder.unsent()) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => self.encoder.sent(count),
                Err(err) if is_passing(&err) => return Ok(()),
                Err(err) => return Err(err),
            }
        }
        Ok(())
    }

    /// Sends what came since the last tick, and why this is the end, if the app takes it soon.
    fn farewell(&mut self, last: &ToApp) {
        let began = Instant::now();
        // Each step is a courtesy: the end comes in any case.
        let _ = self.drain();
        let _ = self.source.counts().map(|counts| self.engine.kernel_counts(counts.received, counts.dropped));
        let _ = self.tick();
        let _ = self.encoder.message(last);
        while self.write().is_ok() && !self.encoder.unsent().is_empty() {
            let left = FAREWELL.saturating_sub(began.elapsed());
            let millis = u16::try_from(left.as_millis()).unwrap_or(0);
            let mut fds = [PollFd::new(self.pipe.stream.as_fd(), PollFlags::POLLOUT)];
            if millis == 0 || poll(&mut fds, PollTimeout::from(millis)).is_err() {
                return;
            }
        }
    }
}

/// Whether the same call may succeed later.
fn is_passing(err: &io::Error) -> bool {
    matches!(err.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// The time as packets are stamped with it.
fn wall_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::new(since.as_secs(), since.subsec_nanos())
}

impl Source for live::Live {
    fn poll_fd(&self) -> BorrowedFd<'_> {
        self.poll_fd()
    }

    fn drain(&mut self, max: usize, each: &mut dyn FnMut(&Frame<'_>)) -> Result<usize, live::Error> {
        self.drain(max, each)
    }

    fn counts(&mut self) -> Result<live::Counts, live::Error> {
        self.counts()
    }

    fn check_interface(&mut self) -> Result<Option<String>, live::Error> {
        self.check_interface()
    }

    fn select(&mut self, interface: Option<&str>) -> Result<(), live::Error> {
        self.select(interface)
    }

    fn nature(&self) -> live::Nature {
        self.nature()
    }
}

#[cfg(test)]
mod tests;
