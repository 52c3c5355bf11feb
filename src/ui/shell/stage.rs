//! Where the window stands: whether there is one, whether it can be seen, and what becomes of it when it is closed.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use winit::window::Window;

use super::look::Looks;
use crate::session::Action;
use crate::session::Backend;
use crate::ui::app::request_settings;
use crate::ui::tray;

/// What becomes of a window that the user closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    /// It is hidden; what is inside does not hear of it.
    Hides,
    /// It is destroyed and can be made anew; what is inside is told by `on_exit`.
    Destroys,
    /// It is destroyed, and the program ends.
    Quits,
}

/// How far this phase of the loop is from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    Runs,
    /// The window is to be destroyed; the loop goes on without one.
    ClosesWindow,
    Quits,
}

/// Shared by the event handler and what runs inside the window. Main thread only; no borrow of it is held while
/// the tray, the window or the backend is called.
pub(super) struct Stage {
    pub(super) backend: Arc<dyn Backend>,
    /// What the system wants windows to look like.
    pub(super) looks: Looks,
    /// Whether hiding means destroying.
    closes_for_good: bool,
    window: RefCell<Option<(Arc<Window>, egui::Context)>>,
    /// Shown, as far as Crow itself decides.
    shown: Cell<bool>,
    /// Completely behind other windows.
    covered: Cell<bool>,
    /// What the backend was last told.
    told: Cell<bool>,
    /// Whether there is a tray item, seen or not.
    has_tray: Cell<bool>,
    course: Cell<Course>,
    was_closed: Cell<bool>,
}

impl Stage {
    pub(super) fn new(backend: Arc<dyn Backend>, closes_for_good: bool) -> Self {
        // The backend begins as if a window showed; it is told otherwise by the first look.
        Self {
            backend,
            looks: Looks::default(),
            closes_for_good,
            window: RefCell::new(None),
            shown: Cell::new(false),
            covered: Cell::new(false),
            told: Cell::new(true),
            has_tray: Cell::new(false),
            course: Cell::new(Course::Runs),
            was_closed: Cell::new(false),
        }
    }

    /// A new phase of the loop.
    pub(super) fn begin(&self) {
        self.course.set(Course::Runs);
    }

    /// eframe has made the window; it shows it after the first frame.
    pub(super) fn enter(&self, window: Option<Arc<Window>>, ctx: &egui::Context) {
        *self.window.borrow_mut() = window.map(|window| (window, ctx.clone()));
        self.covered.set(false);
        self.shown.set(true);
        self.attend();
    }

    pub(super) fn has_window(&self) -> bool {
        self.window.borrow().is_some()
    }

    fn window(&self) -> Option<(Arc<Window>, egui::Context)> {
        self.window.borrow().clone()
    }

    /// Whether anybody can see the window, so that drawing it makes sense.
    pub(super) fn is_seen(&self) -> bool {
        self.told.get()
    }

    /// Whether Crow itself has not hidden it.
    pub(super) fn is_shown(&self) -> bool {
        self.shown.get()
    }

    /// Whether the window is what the user works in.
    pub(super) fn is_in_front(&self) -> bool {
        self.is_seen() && self.window().is_some_and(|(window, _)| window.has_focus())
    }

    pub(super) fn set_covered(&self, covered: bool) {
        self.covered.set(covered);
        self.attend();
    }

    /// Looks whether the window can be seen, and tells the backend if that has changed.
    pub(super) fn attend(&self) {
        let seen = self.shown.get()
            && !self.covered.get()
            && self.window().is_some_and(|(window, _)| window.is_minimized() != Some(true));
        if self.told.replace(seen) != seen {
            self.backend.act(Action::Shown(seen));
        }
    }

    /// Asks for one frame. `request_repaint` would draw two.
    pub(super) fn draw_soon(&self) {
        if let Some((_, ctx)) = self.window() {
            ctx.request_repaint_after(Duration::from_millis(1));
        }
    }

    /// Brings the window to the front. In this order: a hidden or minimised window cannot take the focus.
    pub(super) fn show(&self) {
        let Some((window, ctx)) = self.window() else { return };
        self.shown.set(true);
        window.set_visible(true);
        window.set_minimized(false);
        window.focus_window();
        self.covered.set(false);
        self.attend();
        ctx.request_repaint();
    }

    /// Has the window, once it is there, show its settings.
    pub(super) fn show_settings(&self) {
        if let Some((_, ctx)) = self.window() {
            request_settings(&ctx);
            ctx.request_repaint();
        }
    }

    /// Takes the window away; the program stays.
    pub(super) fn hide(&self) {
        self.was_closed.set(true);
        self.shown.set(false);
        if self.closes_for_good {
            self.course.set(Course::ClosesWindow);
        } else if let Some((window, _)) = self.window() {
            window.set_visible(false);
        }
        self.attend();
    }

    /// The user closes the window.
    pub(super) fn close(&self) -> Closing {
        match self.course.get() {
            Course::Quits => return Closing::Quits,
            Course::ClosesWindow => return Closing::Destroys,
            Course::Runs => {}
        }
        if !self.tray_is_seen() {
            self.quit();
            return Closing::Quits;
        }
        self.hide();
        if self.closes_for_good { Closing::Destroys } else { Closing::Hides }
    }

    pub(super) fn set_tray(&self, has_tray: bool) {
        self.has_tray.set(has_tray);
    }

    /// Whether the user can reach Crow without its window.
    pub(super) fn tray_is_seen(&self) -> bool {
        self.has_tray.get() && tray::is_seen()
    }

    pub(super) fn quit(&self) {
        self.course.set(Course::Quits);
    }

    /// Whether this phase is to end.
    pub(super) fn is_over(&self) -> bool {
        self.course.get() != Course::Runs
    }

    /// Whether the program goes on without a window.
    pub(super) fn wants_another_phase(&self) -> bool {
        self.course.get() == Course::ClosesWindow
    }

    /// Whether the user has once sent the window away, so that it does not come back by itself.
    pub(super) fn was_closed(&self) -> bool {
        self.was_closed.get()
    }

    /// eframe has destroyed the window.
    pub(super) fn window_is_gone(&self) {
        self.window.borrow_mut().take();
        self.shown.set(false);
        self.attend();
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::aggregate::snapshot::Snapshot;
    use crate::session::Status;

    /// Remembers what it is asked.
    #[derive(Default)]
    struct Listener(Mutex<Vec<Action>>);

    impl Backend for Listener {
        fn snapshot(&self) -> Arc<Snapshot> {
            Arc::default()
        }

        fn status(&self) -> Arc<Status> {
            Arc::default()
        }

        fn act(&self, action: Action) {
            self.0.lock().unwrap().push(action);
        }
    }

    fn stage(closes_for_good: bool) -> (Arc<Listener>, Stage) {
        let listener = Arc::new(Listener::default());
        (Arc::clone(&listener), Stage::new(listener, closes_for_good))
    }

    #[test]
    fn the_backend_hears_once_that_nobody_looks() {
        let (listener, stage) = stage(false);
        for _ in 0..3 {
            stage.attend();
        }
        assert_eq!(*listener.0.lock().unwrap(), [Action::Shown(false)]);
        assert!(!stage.is_seen() && !stage.is_in_front());
    }

    #[test]
    fn closing_without_a_tray_ends_the_program() {
        let (_, stage) = stage(true);
        assert!(!stage.is_over());
        assert_eq!(stage.close(), Closing::Quits);
        assert!(stage.is_over() && !stage.wants_another_phase());
        assert_eq!(stage.close(), Closing::Quits, "however often it is closed");
    }

    #[test]
    fn where_hiding_is_impossible_the_loop_goes_on_without_a_window() {
        let (_, stage) = stage(true);
        stage.hide();
        assert!(stage.is_over() && stage.wants_another_phase() && stage.was_closed());
        assert_eq!(stage.close(), Closing::Destroys, "the window goes for good");
        stage.begin();
        assert!(!stage.is_over());
        assert!(stage.was_closed(), "it does not come back by itself");
        stage.quit();
        assert!(!stage.wants_another_phase());
    }

    #[test]
    fn where_hiding_is_possible_the_loop_does_not_end() {
        let (_, stage) = stage(false);
        stage.hide();
        assert!(!stage.is_over() && !stage.is_shown());
    }
}
