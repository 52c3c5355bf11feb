//! Wakes the main thread from any other, and carries what the user wished there.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Instant;

use eframe::UserEvent;
use egui::ViewportId;
use winit::event_loop::EventLoopProxy;

use crate::ui::tray::Wish;

/// Wakes the main thread. Cheap to clone, callable from any thread, and many calls before the main thread gets to
/// run are one.
#[derive(Clone)]
pub struct Waker {
    proxy: EventLoopProxy<UserEvent>,
    signals: Arc<Signals>,
    /// A time for the event, which must carry one; nobody reads it.
    made: Instant,
}

#[derive(Debug, Default)]
struct Signals {
    /// Whether a wake-up is on its way.
    pending: AtomicBool,
    /// One bit for each of [`WISHES`].
    wishes: AtomicU8,
}

impl Waker {
    pub(super) fn new(proxy: EventLoopProxy<UserEvent>, made: Instant) -> Self {
        Self { proxy, signals: Arc::default(), made }
    }

    /// Says that there may be a new snapshot or status. The tray and, if it shows, the window follow.
    pub fn wake(&self) {
        if self.signals.pending.swap(true, Ordering::AcqRel) {
            return;
        }
        let event = UserEvent::RequestRepaint {
            viewport_id: ViewportId::ROOT,
            when: self.made,
            cumulative_pass_nr: WAKE,
        };
        // It fails only when the loop has ended: then there is nobody to wake.
        let _ = self.proxy.send_event(event);
    }

    /// Shows the window and brings it to the front: what a second start of Crow asks of the first.
    pub fn open(&self) {
        self.wish(Wish::Open);
    }

    /// Ends the program in good order: what `Action::Quit`, SIGINT and SIGTERM come to.
    pub fn quit(&self) {
        self.wish(Wish::Quit);
    }

    pub(super) fn wish(&self, wish: Wish) {
        let bit = WISHES.iter().position(|known| *known == wish).map_or(0, |at| 1 << at);
        if wish == Wish::Pause {
            // Two of them before the main thread looks undo each other; two of the others are one.
            self.signals.wishes.fetch_xor(bit, Ordering::AcqRel);
        } else {
            self.signals.wishes.fetch_or(bit, Ordering::AcqRel);
        }
        self.wake();
    }

    /// What was wished since the last call. From here on a call to [`Waker::wake`] sends a new event.
    pub(super) fn take(&self) -> impl Iterator<Item = Wish> + use<> {
        self.signals.pending.store(false, Ordering::Release);
        let bits = self.signals.wishes.swap(0, Ordering::AcqRel);
        WISHES.into_iter().enumerate().filter(move |(at, _)| bits & (1 << at) != 0).map(|(_, wish)| wish)
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker").field("signals", &self.signals).finish_non_exhaustive()
    }
}

/// Whether `event` was sent by a [`Waker`] and is none of eframe's own.
pub(super) fn is_wake(event: &UserEvent) -> bool {
    matches!(event, UserEvent::RequestRepaint { cumulative_pass_nr: WAKE, .. })
}

const WISHES: [Wish; 5] = [Wish::Open, Wish::Toggle, Wish::Pause, Wish::Settings, Wish::Quit];

/// A number of passes that no window reaches. Not the very last one: eframe adds one to it.
const WAKE: u64 = u64::MAX - 1;
