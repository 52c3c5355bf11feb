//! The engine of the helper on macOS: frames into flows. PKTAP names the owners, so nothing is looked up here.

use crate::capture::Frame;
use crate::capture::intake::Intake;
use crate::capture::meter::MeterOptions;
use crate::event::Event;
use crate::helper::serve::Engine;
use crate::time::Timestamp;

/// The engine of the shipped helper.
///
/// Owners of flows that the kernel never tagged are looked for by the app, which can do it as well as this
/// process could: so this process needs no system call that its sandbox would have to allow. Directions come by tag
/// too, so the machine's own addresses need not be known.
#[must_use]
pub fn engine() -> impl Engine {
    TaggedEngine { intake: Intake::live(MeterOptions { owners: false, ..MeterOptions::default() }) }
}

/// The intake alone.
struct TaggedEngine {
    intake: Intake,
}

impl Engine for TaggedEngine {
    fn frame(&mut self, frame: &Frame<'_>) {
        self.intake.frame(frame);
    }

    fn kernel_counts(&mut self, received: u64, dropped: u64) {
        self.intake.meter.kernel_counts(received, dropped);
    }

    fn tick(&mut self, now: Timestamp, out: &mut Vec<Event>) {
        self.intake.tick(now, out);
    }
}
