//! The capture thread while it plays a recording: at its own pace, faster, slower, or as fast as it can.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::RecvTimeoutError;

use super::{CaptureThread, Message, Next, WithoutRight};
use crate::aggregate::snapshot::Source;
use crate::capture::file::Recording;
use crate::capture::player::{Played, Player};
use crate::session::{Action, CaptureState};
use crate::time::Timestamp;

/// The built-in sample: real traffic of real programs, made by `scripts/make-sample`.
pub const SAMPLE: &[u8] = include_bytes!("../../assets/sample.pcapng");

/// Time between two looks at the clock while a recording plays.
const STEP: Duration = Duration::from_millis(50);

/// How long the sample's last picture stands before it begins again.
const INTERMISSION: Duration = Duration::from_secs(5);

impl CaptureThread {
    /// Plays a file, and stays at its end.
    pub(super) fn play_file(&self, path: &Path) -> Next {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        self.shared.change_status(|status| status.subject = name.as_ref().into());
        let player = match Recording::open(path) {
            Ok(recording) => Player::new(recording),
            Err(err) => {
                self.shared.set_capture(&CaptureState::Ended { note: Some(err.to_string().into()) });
                return Next::Wait;
            }
        };
        let show = |played, length| CaptureState::Recording { played, length };
        match Playback::new(self, player).run(&show) {
            Over::Ended(note) => {
                self.shared.set_capture(&CaptureState::Ended { note: note.map(Into::into) });
                Next::Wait
            }
            Over::Next(next) => next,
        }
    }

    /// Plays the built-in sample again and again until the user asks for something.
    pub(super) fn play_sample(&self, why: &Arc<str>) -> Next {
        self.shared.change_status(|status| status.subject = "built-in sample".into());
        let show = |_, _| CaptureState::Sample { why: Arc::clone(why) };
        loop {
            let player = match Recording::from_bytes(SAMPLE) {
                Ok(recording) => Player::new(recording),
                Err(err) => {
                    self.shared.set_capture(&CaptureState::Ended { note: Some(err.to_string().into()) });
                    return Next::Wait;
                }
            };
            if let Over::Next(next) = Playback::new(self, player).run(&show) {
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

/// A recording in play.
struct Playback<'a> {
    thread: &'a CaptureThread,
    player: Player,
    /// Packet time and the clock's time that belong together since the pace last changed.
    anchor: Option<(Timestamp, Instant)>,
    speed: f64,
    paused: bool,
}

impl<'a> Playback<'a> {
    fn new(thread: &'a CaptureThread, player: Player) -> Self {
        let status = thread.shared.status.load();
        Self { thread, player, anchor: None, speed: status.speed, paused: status.paused }
    }

    fn run(mut self, show: &dyn Fn(Duration, Option<Duration>) -> CaptureState) -> Over {
        self.thread.send(Message::Begin(Source::Recording));
        self.thread.shared.set_capture(&show(Duration::ZERO, None));
        loop {
            let wait = if self.paused { Duration::from_hours(1) } else { self.pause_between_steps() };
            match self.thread.actions.recv_timeout(wait) {
                Ok(Action::StartCapture) => return Over::Next(Next::Live(WithoutRight::Ask)),
                Ok(Action::Quit) | Err(RecvTimeoutError::Disconnected) => return Over::Next(Next::Quit),
                Ok(Action::Pause(paused)) => {
                    self.paused = paused;
                    self.anchor = None;
                }
                Ok(Action::Speed(speed)) => {
                    self.speed = speed;
                    self.anchor = None;
                }
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) if self.paused => {}
                Err(RecvTimeoutError::Timeout) => {
                    let played = self.step();
                    let Some(played) = played else { return Over::Next(Next::Quit) };
                    if let Played::Ended(note) = played {
                        self.thread.send(Message::End(self.player.clock()));
                        return Over::Ended(note);
                    }
                    self.thread.shared.set_capture_quietly(&show(self.played(), None));
                }
            }
        }
    }

    /// At full speed there is no pause, but wishes are heard.
    fn pause_between_steps(&self) -> Duration {
        if self.speed.is_finite() && self.player.first().is_some() { STEP } else { Duration::ZERO }
    }

    /// Plays what is due and sends it; `None` when the aggregator has gone.
    fn step(&mut self) -> Option<Played> {
        let until = self.due();
        loop {
            let mut events = Vec::new();
            let played = self.player.play(until, &mut events);
            let clock = self.player.clock();
            let sent = self.thread.send(Message::Events(events)) && self.thread.send(Message::Clock(clock));
            if !sent {
                return None;
            }
            if played != Played::More || !self.speed.is_finite() {
                return Some(played);
            }
        }
    }

    /// The packet time that should have been reached by now.
    fn due(&mut self) -> Timestamp {
        let Some(first) = self.player.first() else {
            // Reads up to the first packet, whose time is then known, and no further.
            return if self.speed.is_finite() {
                Timestamp::default()
            } else {
                Timestamp::from_nanos(u64::MAX)
            };
        };
        if !self.speed.is_finite() {
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
