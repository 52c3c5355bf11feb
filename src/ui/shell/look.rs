//! What the system says of how windows look: dark or light, and whether things are to move.

#[cfg(target_os = "linux")]
mod portal;

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use egui::{Context, Theme};

use super::Waker;
use crate::ui::theme;

/// As far as the system says anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// Whether dark windows are wanted. The toolkit follows macOS by itself; X11 and Wayland say nothing.
    pub(super) is_dark: Option<bool>,
    /// Whether nothing is to move that need not.
    pub(super) is_still: bool,
}

/// The system's wishes, followed while Crow runs.
#[derive(Debug, Default)]
pub(super) struct Looks {
    said: Arc<Said>,
    is_followed: Cell<bool>,
    /// What the window's context was last given.
    applied: Cell<Option<Look>>,
}

impl Looks {
    /// A window is about to be made: asks the system, while the window is made.
    pub(super) fn begin(&self, waker: &Waker) {
        self.applied.set(None);
        if !self.is_followed.replace(true) {
            self.follow(waker.clone());
        }
    }

    #[cfg(target_os = "linux")]
    fn follow(&self, waker: Waker) {
        let said = Arc::clone(&self.said);
        portal::follow(move |look| {
            said.set(look);
            waker.wake();
        });
    }

    #[cfg(not(target_os = "linux"))]
    #[expect(clippy::unused_self, reason = "other systems are asked with each frame")]
    fn follow(&self, _waker: Waker) {}

    /// Gives the window what the system wants now.
    pub(super) fn apply(&self, ctx: &Context) {
        #[cfg(target_os = "macos")]
        self.said.set(Look { is_dark: None, is_still: super::macos::wants_no_motion() });
        let look = self.said.get();
        if self.applied.replace(Some(look)) != Some(look) {
            let fallback = if look.is_dark == Some(false) { Theme::Light } else { Theme::Dark };
            ctx.options_mut(|options| options.fallback_theme = fallback);
            theme::set_still(ctx, look.is_still);
        }
    }
}

/// A [`Look`] that one thread writes and another one reads.
#[derive(Debug, Default)]
struct Said(AtomicU8);

impl Said {
    fn set(&self, look: Look) {
        let theme = look.is_dark.map_or(0, |is_dark| if is_dark { DARK } else { LIGHT });
        self.0.store(theme | if look.is_still { STILL } else { 0 }, Ordering::Relaxed);
    }

    fn get(&self) -> Look {
        let bits = self.0.load(Ordering::Relaxed);
        let is_dark = (bits & (DARK | LIGHT) != 0).then_some(bits & DARK != 0);
        Look { is_dark, is_still: bits & STILL != 0 }
    }
}

const DARK: u8 = 1;
const LIGHT: u8 = 2;
const STILL: u8 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_what_is_read() {
        let said = Said::default();
        assert_eq!(said.get(), Look::default());
        for is_dark in [None, Some(false), Some(true)] {
            for is_still in [false, true] {
                said.set(Look { is_dark, is_still });
                assert_eq!(said.get(), Look { is_dark, is_still });
            }
        }
    }

    #[test]
    fn the_window_follows_the_system_and_moves_nothing_where_that_is_not_wanted() {
        let (ctx, looks) = (Context::default(), Looks::default());
        theme::install(&ctx);
        looks.apply(&ctx);
        let moves = |ctx: &Context| ctx.style_of(Theme::Light).animation_time > 0.0;
        assert!(moves(&ctx) && ctx.options(|options| options.fallback_theme) == Theme::Dark);
        looks.said.set(Look { is_dark: Some(false), is_still: true });
        looks.apply(&ctx);
        assert!(!moves(&ctx) && ctx.options(|options| options.fallback_theme) == Theme::Light);
        looks.said.set(Look { is_dark: Some(true), is_still: false });
        looks.apply(&ctx);
        assert!(moves(&ctx) && ctx.options(|options| options.fallback_theme) == Theme::Dark);
    }
}
