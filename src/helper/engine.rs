//! The engine that the helper runs.

use super::serve::Engine;
use crate::capture::Frame;
use crate::event::{Event, Statistics};
use crate::time::Timestamp;
use crate::wire;

/// The engine of the shipped helper.
#[must_use]
pub fn engine() -> impl Engine {
    Tally::default()
}

/// Counts frames, read and unread, and the kernel's own counts.
#[derive(Debug, Default)]
struct Tally {
    statistics: Statistics,
    /// What was last sent.
    sent: Option<Statistics>,
}

impl Engine for Tally {
    fn frame(&mut self, frame: &Frame<'_>) {
        match wire::frame::decode(frame.link, frame.bytes, frame.wire_len) {
            Ok(_) => {}
            Err(wire::Error::Unsupported) => self.statistics.not_ip += 1,
            Err(wire::Error::Malformed | wire::Error::Truncated) => self.statistics.unreadable += 1,
        }
    }

    fn kernel_counts(&mut self, received: u64, dropped: u64) {
        self.statistics.received = received;
        self.statistics.dropped = dropped;
        self.sent = None;
    }

    fn tick(&mut self, _now: Timestamp, out: &mut Vec<Event>) {
        if self.sent != Some(self.statistics) {
            self.sent = Some(self.statistics);
            out.push(Event::Statistics(self.statistics));
        }
    }
}
