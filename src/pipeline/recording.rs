//! The capture thread while it plays a recording: at its own pace, faster, slower, or as fast as it can.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::RecvTimeoutError;

use super::{CaptureThread, Message, Next, WithoutRight};
use crate::aggregate::snapshot::Source;
use crate::capture::file::{Item, Recording};
use crate::capture::player::{Played, Player};
use crate::session::{Action, CaptureState};
use crate::time::Timestamp;

/// The built-in sample: real traffic of real programs, made by `scripts/make-sample`.
pub const SAMPLE: &[u8] = include_bytes!("../../assets/sample.pcapng.gz");

/// Time between two looks at the clock while a recording plays.
const STEP: Duration = Duration::from_millis(50);

/// How long the sample's last picture stands before it begins again.
const INTERMISSION: Duration = Duration::from_secs(5);

impl CaptureThread {
    /// Plays a file, stays at its end, and plays it again from wherever the user wishes.
    pub(super) fn play_file(&self, path: &Path) -> Next {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        self.shared.change_status(|status| status.subject = name.as_ref().into());
        let open = || Recording::open(path).map(Player::new);
        let length = find_length(path);
        let show = |played| CaptureState::Recording { played, length: length.get().copied() };
        let mut goal = None;
        loop {
            let note = match open() {
                Ok(player) => match Playback::new(self, player, goal).run(&open, &show) {
                    Over::Ended(note) => note,
                    Over::Next(next) => return next,
                },
                Err(err) => Some(err.to_string()),
            };
            self.shared.set_capture(&CaptureState::Ended { note: note.map(Into::into) });
            goal = loop {
                match self.actions.recv() {
                    Ok(Action::Seek(to)) => break Some(to),
                    Ok(Action::StartCapture) => return Next::Live(WithoutRight::Ask),
                    Ok(Action::Quit) | Err(_) => return Next::Quit,
                    Ok(_) => {}
                }
            };
        }
    }

    /// Plays the built-in sample again and again until the user asks for something.
    pub(super) fn play_sample(&self, why: &Arc<str>) -> Next {
        self.shared.change_status(|status| status.subject = "built-in sample".into());
        let show = |_| CaptureState::Sample { why: Arc::clone(why) };
        let open = || Recording::from_bytes(SAMPLE).map(Player::new);
        loop {
            let player = match open() {
                Ok(player) => player,
                Err(err) => {
                    self.shared.set_capture(&CaptureState::Ended { note: Some(err.to_string().into()) });
                    return Next::Wait;
                }
            };
            if let Over::Next(next) = Playback::new(self, player, None).run(&open, &show) {
                return next;
            }
            let again = Instant::now() + INTERMISSION;
            loop {
                match self.actions.recv_deadline(again) {
                    Ok(Action::StartCapture) => return Next::Live(WithoutRight::Ask),
                    Ok(Action::Quit) | Err(RecvTimeoutError::Disconnected) => return Next::Quit,
                    Ok(_) => {}
                    Err(RecvTimeoutError::Timeout) => break,
                }
            }
        }
    }
}

/// How a playback ended.
enum Over {
    /// At the recording's end; a sentence when that came early.
    Ended(Option<String>),
    /// By the user's wish.
    Next(Next),
}

/// Reads a recording through, on a thread of its own, for the time from its first packet to its last. The thread
/// gives up when nobody holds the answer any longer.
fn find_length(path: &Path) -> Arc<OnceLock<Duration>> {
    let length = Arc::new(OnceLock::new());
    let (path, wanted) = (path.to_owned(), Arc::downgrade(&length));
    let read = move || {
        let mut recording = Recording::open(&path).ok()?;
        let mut ends: Option<(Timestamp, Timestamp)> = None;
        // A damaged end is where playing ends as well.
        while let Ok(Some(item)) = recording.read() {
            let Item::Frame(frame) = item else { continue };
            let (first, last) = ends.unwrap_or((frame.time, frame.time));
            ends = Some((first, last.max(frame.time)));
            if wanted.strong_count() == 0 {
                return None;
            }
        }
        let (first, last) = ends?;
        // Already known: it was found by another reading of the same file.
        wanted.upgrade()?.set(last.since(first)).ok()
    };
    if let Err(err) = thread::Builder::new().name("length".to_owned()).spawn(read) {
        tracing::warn!("the recording's length stays unknown: {err}");
    }
    length
}

/// A recording in play.
struct Playback<'a> {
    thread: &'a CaptureThread,
    player: Player,
    /// Packet time and the clock's time that belong together since the pace last changed.
    anchor: Option<(Timestamp, Instant)>,
    speed: f64,
    paused: bool,
    /// Where to go as fast as possible, from the first packet on, before the pace counts again.
    goal: Option<Duration>,
}

/// Opens the recording anew.
type Open<'a> = &'a dyn Fn() -> Result<Player, crate::capture::Error>;
/// What the window is told at a position.
type Show<'a> = &'a dyn Fn(Duration) -> CaptureState;

impl<'a> Playback<'a> {
    fn new(thread: &'a CaptureThread, player: Player, goal: Option<Duration>) -> Self {
        let status = thread.shared.status.load();
        Self { thread, player, anchor: None, speed: status.speed, paused: status.paused, goal }
    }

    fn run(mut self, open: Open<'_>, show: Show<'_>) -> Over {
        self.thread.send(Message::Begin(Source::Recording));
        self.thread.shared.set_capture(&show(self.goal.unwrap_or_default()));
        loop {
            let stands = self.paused && self.goal.is_none();
            let wait = if stands { Duration::from_hours(1) } else { self.pause_between_steps() };
            match self.thread.actions.recv_timeout(wait) {
                Ok(Action::StartCapture) => return Over::Next(Next::Live(WithoutRight::Ask)),
                Ok(Action::Quit) | Err(RecvTimeoutError::Disconnected) => return Over::Next(Next::Quit),
                Ok(action) => {
                    if let Err(err) = self.hear(&action, open) {
                        return Over::Ended(Some(err.to_string()));
                    }
                }
                Err(RecvTimeoutError::Timeout) if stands => {}
                Err(RecvTimeoutError::Timeout) => {
                    let Some(played) = self.step() else { return Over::Next(Next::Quit) };
                    if let Played::Ended(note) = played {
                        self.thread.send(Message::End(self.player.clock()));
                        return Over::Ended(note);
                    }
                    let position = show(self.goal.unwrap_or_else(|| self.played()));
                    self.thread.shared.set_capture_quietly(&position);
                }
            }
        }
    }

    /// Does what the user asks of a playing recording.
    fn hear(&mut self, action: &Action, open: Open<'_>) -> Result<(), crate::capture::Error> {
        match action {
            Action::Pause(paused) => self.paused = *paused,
            Action::Speed(speed) => self.speed = *speed,
            Action::Step => self.goal = Some(self.goal.unwrap_or_else(|| self.played()) + ONE_STEP),
            Action::Seek(to) => {
                self.goal = Some(*to);
                if *to < self.played() {
                    self.player = open()?;
                    self.thread.send(Message::Begin(Source::Recording));
                }
            }
            _ => return Ok(()),
        }
        self.anchor = None;
        Ok(())
    }

    /// At full speed there is no pause, but wishes are heard.
    fn pause_between_steps(&self) -> Duration {
        let has_pace = self.speed.is_finite() && self.goal.is_none() && self.player.first().is_some();
        if has_pace { STEP } else { Duration::ZERO }
    }

    /// Plays what is due, or as much of it as is handed over at one time, and sends it; `None` when the aggregator
    /// has gone.
    fn step(&mut self) -> Option<Played> {
        // Before the first packet has been read, a goal cannot be reached: it is counted from there.
        let has_begun = self.player.first().is_some();
        let until = self.due();
        loop {
            let mut events = Vec::new();
            let played = self.player.play(until, &mut events);
            let clock = self.player.clock();
            let sent = self.thread.send(Message::Events(events)) && self.thread.send(Message::Clock(clock));
            if !sent {
                return None;
            }
            if played == Played::Reached && has_begun {
                self.goal = None;
            }
            if played != Played::More || !self.speed.is_finite() || self.goal.is_some() {
                return Some(played);
            }
        }
    }

    /// The packet time that should have been reached by now.
    fn due(&mut self) -> Timestamp {
        let has_pace = self.speed.is_finite();
        let Some(first) = self.player.first() else {
            // Reads up to the first packet, whose time is then known, and no further.
            let reads_on = !has_pace && self.goal.is_none();
            return if reads_on { Timestamp::from_nanos(u64::MAX) } else { Timestamp::default() };
        };
        if let Some(goal) = self.goal {
            return first + goal;
        }
        if !has_pace {
            return Timestamp::from_nanos(u64::MAX);
        }
        let now = Instant::now();
        let (packet, clock) = *self.anchor.get_or_insert((self.player.clock().max(first), now));
        packet + now.saturating_duration_since(clock).mul_f64(self.speed.clamp(0.01, 1000.0))
    }

    fn played(&self) -> Duration {
        self.player.first().map_or(Duration::ZERO, |first| self.player.clock().since(first))
    }
}

/// How far a paused recording goes on at a step.
const ONE_STEP: Duration = Duration::from_secs(1);
