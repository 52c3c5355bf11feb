//! Plays a recording into events on its packets' own clock; whoever holds the player decides how fast that runs.

use crate::capture::file::{Item, Recording};
use crate::capture::intake::Intake;
use crate::capture::meter::MeterOptions;
use crate::event::Event;
use crate::time::Timestamp;

/// Events handed over at one time are at most about this many, so that playing at full speed stays bounded.
const MAX_EVENTS_AT_ONCE: usize = 4096;

/// Why [`Player::play`] returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Played {
    /// The asked-for time is reached; the next packet is later.
    Reached,
    /// Enough events for one batch; there is more before the asked-for time.
    More,
    /// The recording is over; a sentence when it is cut short or damaged.
    Ended(Option<String>),
}

/// A recording that is being played.
pub struct Player {
    recording: Recording,
    intake: Intake,
    first: Option<Timestamp>,
    clock: Timestamp,
    state: State,
}

/// How far a player is.
enum State {
    Playing,
    /// At the end; a sentence when that came early.
    Ended(Option<String>),
}

impl Player {
    /// A player at the beginning of `recording`.
    #[must_use]
    pub fn new(recording: Recording) -> Self {
        Self {
            recording,
            intake: Intake::new(MeterOptions::default()),
            first: None,
            clock: Timestamp::default(),
            state: State::Playing,
        }
    }

    /// The time of the first packet, once it has been read.
    #[must_use]
    pub const fn first(&self) -> Option<Timestamp> {
        self.first
    }

    /// The latest point in packet time up to which everything has been played.
    #[must_use]
    pub const fn clock(&self) -> Timestamp {
        self.clock
    }

    /// Plays on through every packet before `until` and appends its events to `out`.
    pub fn play(&mut self, until: Timestamp, out: &mut Vec<Event>) -> Played {
        if let State::Ended(note) = &self.state {
            return Played::Ended(note.clone());
        }
        loop {
            let frame = match self.recording.read() {
                Ok(Some(Item::Frame(frame))) => frame,
                Ok(Some(Item::Interface { interface, .. })) => {
                    self.intake.interface_up(interface);
                    continue;
                }
                Ok(Some(Item::Fault(sentence))) => {
                    out.push(Event::Fault(sentence));
                    continue;
                }
                Ok(None) => return self.end(None, out),
                Err(err) => return self.end(Some(err.to_string()), out),
            };
            self.first.get_or_insert(frame.time);
            let time = frame.time;
            if time < until {
                while let Some(due) = self.intake.due(time) {
                    self.intake.tick(due, out);
                    self.clock = self.clock.max(due);
                }
                self.intake.frame(&frame);
                if out.len() < MAX_EVENTS_AT_ONCE {
                    continue;
                }
                return Played::More;
            }
            self.recording.put_back();
            // What lies before `until` is complete: tell it, so that a slow stretch does not look stuck.
            if let Some(due) = self.intake.due(until) {
                self.intake.tick(due, out);
            }
            self.clock = self.clock.max(until);
            return Played::Reached;
        }
    }

    fn end(&mut self, note: Option<String>, out: &mut Vec<Event>) -> Played {
        self.intake.finish(out);
        let last = out.iter().rev().find_map(|event| match event {
            Event::Deltas { time, .. } => Some(*time),
            _ => None,
        });
        self.clock = self.clock.max(last.unwrap_or_default());
        self.state = State::Ended(note.clone());
        Played::Ended(note)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use std::time::Duration;

    use super::*;

    /// A pcap of raw IPv4/UDP packets of 28 bytes, one at each of `millis` after 1000 s.
    fn recording(millis: &[u32]) -> Vec<u8> {
        let mut file = Vec::new();
        file.extend(0xa1b2_c3d4_u32.to_le_bytes());
        file.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        file.extend(65_535_u32.to_le_bytes());
        file.extend(101_u32.to_le_bytes());
        for at in millis {
            let packet = [
                0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x9c, 0x40, 0x30, 0x39,
                0, 8, 0, 0,
            ];
            for word in [1000 + at / 1000, at % 1000 * 1000, 28, 28] {
                file.extend(word.to_le_bytes());
            }
            file.extend(packet);
        }
        file
    }

    fn packets(events: &[Event]) -> u32 {
        let deltas = events.iter().filter_map(|event| match event {
            Event::Deltas { deltas, .. } => Some(deltas),
            _ => None,
        });
        deltas.flatten().map(|delta| delta.tx_packets).sum()
    }

    #[test]
    fn nothing_is_played_before_its_time_and_nothing_is_lost() {
        let millis = [0, 10, 60, 400, 401, 5_000, 5_001];
        let mut player = Player::new(Recording::from_bytes(recording(&millis)).unwrap());
        let mut out = Vec::new();
        let start = Timestamp::new(1000, 0);
        let mut expected = [(5, 0), (100, 3), (400, 3), (1_000, 5), (4_999, 5)].into_iter();
        for (until, count) in expected.by_ref() {
            assert_eq!(
                player.play(start + Duration::from_millis(until), &mut out),
                Played::Reached,
                "{until}"
            );
            assert_eq!(packets(&out), count, "{until}");
            assert_eq!(player.clock(), start + Duration::from_millis(until));
        }
        assert_eq!(player.first(), Some(start));
        let far = Timestamp::new(9_999, 0);
        assert_eq!(player.play(far, &mut out), Played::Ended(None));
        assert_eq!(packets(&out), 7);
        assert_eq!(player.play(far, &mut out), Played::Ended(None));
        assert_eq!(packets(&out), 7, "an ended recording says no more");
    }

    #[test]
    fn a_cut_recording_is_played_to_the_cut() {
        let mut file = recording(&[0, 10, 60]);
        file.truncate(file.len() - 3);
        let mut player = Player::new(Recording::from_bytes(file).unwrap());
        let mut out = Vec::new();
        let Played::Ended(Some(note)) = player.play(Timestamp::new(9_999, 0), &mut out) else {
            panic!("it ends with a note");
        };
        assert!(note.contains("cut short after packet 2"), "{note}");
        assert_eq!(packets(&out), 2);
    }
}
