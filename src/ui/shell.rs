//! The main thread: the event loop, the tray item from the start, and the window from the first time it is opened.
//!
//! eframe can neither start without a window nor bring a destroyed one back, so the loop is Crow's own and eframe's
//! handler runs inside it. Until the window is first wanted, eframe is not told that the loop has begun: there is no
//! window, no OpenGL and no font, only the tray. Closing the window hides it where that is possible (macOS, X11).
//! Wayland can neither hide a window nor bring a minimised one back: there the window is destroyed, the loop ends and
//! starts again without one, and the tray item lives through that. Where no tray host shows the item, closing the
//! window ends the program as it would any other.

mod guest;
mod look;
#[cfg(target_os = "macos")]
mod macos;
mod stage;
mod waker;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use eframe::{EframeWinitApplication, UserEvent};
use winit::application::ApplicationHandler;
use winit::event::{DeviceEvent, DeviceId, StartCause, WindowEvent};
use winit::event_loop::{ActiveEventLoop, EventLoop};
use winit::platform::run_on_demand::EventLoopExtRunOnDemand as _;
use winit::window::WindowId;

use self::guest::Guest;
use self::stage::Stage;
pub use self::waker::Waker;
use crate::session::Action;
use crate::session::Backend;
use crate::ui::tray::{self, Tray, Wish};

/// Makes what is inside the window. Called when the window is first opened, and again after it was destroyed
/// (Wayland only), so that settings are to be read anew in it.
pub type MakeWindow = Box<dyn FnMut(&egui::Context) -> Box<dyn eframe::App>>;

/// Whether an item in the menu bar or tray could be seen. On Linux this asks the session bus, for up to half a second.
#[must_use]
pub fn tray_is_seen() -> bool {
    tray::is_seen()
}

/// How the shell begins.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether the window shows at once. Without a tray host it does so in any case.
    pub open_at_start: bool,
    /// The window from outside: its title, size and title bar. The icon is the shell's.
    pub viewport: egui::ViewportBuilder,
    /// Tells the time: `Instant::now` in the program. Only how often the tray is updated depends on it.
    pub clock: fn() -> Instant,
}

/// Why there is no window, or why it ended.
#[derive(Debug, thiserror::Error)]
pub enum ShellError {
    /// No display server answers. The caller can go on without a window.
    #[error(
        "there is no screen to open a window on ({0}); set DISPLAY or WAYLAND_DISPLAY, or use --headless"
    )]
    NoDisplay(String),
    /// The display is there, but not what draws on it.
    #[error(
        "the window cannot be drawn because OpenGL is missing or too old; install the graphics driver \
         (Mesa on Linux), or use --headless"
    )]
    NoGraphics,
    /// The display server went away or refused to go on.
    #[error("the connection to the screen broke off ({0}); start Crow again")]
    Lost(String),
}

/// The event loop before it runs.
#[derive(Debug)]
pub struct Shell {
    event_loop: EventLoop<UserEvent>,
    waker: Waker,
    options: Options,
}

impl Shell {
    /// Connects to the screen. Call it on the main thread and once only: a process has one event loop.
    ///
    /// # Errors
    ///
    /// [`ShellError::NoDisplay`]: fall back to printing, and say the error's sentence.
    pub fn new(options: Options) -> Result<(Self, Waker), ShellError> {
        let mut builder = EventLoop::<UserEvent>::with_user_event();
        #[cfg(target_os = "macos")]
        macos::configure(&mut builder);
        let event_loop = builder.build().map_err(|err| ShellError::NoDisplay(plain(&err)))?;
        let waker = Waker::new(event_loop.create_proxy(), (options.clock)());
        Ok((Self { event_loop, waker: waker.clone(), options }, waker))
    }

    /// Runs until the user or [`Waker::quit`] ends the program. `on_exit` is called exactly once, on every way
    /// out, before the process may end: on macOS this function never returns after Quit from the app's menu.
    ///
    /// # Errors
    ///
    /// [`ShellError::NoGraphics`] when the window cannot be drawn, [`ShellError::Lost`] when the screen is gone.
    pub fn run(
        mut self,
        backend: Arc<dyn Backend>,
        make_window: MakeWindow,
        on_exit: impl FnOnce() + 'static,
    ) -> Result<(), ShellError> {
        let mut desk = Desk {
            tray: None,
            tray_made: false,
            stage: Rc::new(Stage::new(backend, closes_for_good(&self.event_loop))),
            waker: self.waker,
            options: self.options,
            generation: 0,
            failure: None,
            on_exit: Some(Box::new(on_exit)),
            #[cfg(target_os = "macos")]
            presence: None,
        };
        let make_window = Rc::new(RefCell::new(make_window));
        loop {
            desk.stage.begin();
            let eframe =
                Guest::invite(&self.event_loop, desk.options.viewport.clone(), &desk.stage, &make_window);
            let mut phase = Phase { desk: &mut desk, eframe, begun: false };
            let outcome = self.event_loop.run_app_on_demand(&mut phase);
            drop(phase);
            desk.options.open_at_start = false;
            if let Err(err) = outcome {
                desk.failure = Some(ShellError::Lost(plain(&err)));
            }
            if desk.failure.is_some() || !desk.stage.wants_another_phase() {
                break;
            }
        }
        desk.leave();
        desk.failure.map_or(Ok(()), Err)
    }
}

/// What lives through all phases.
struct Desk {
    tray: Option<Tray>,
    tray_made: bool,
    stage: Rc<Stage>,
    waker: Waker,
    options: Options,
    /// Of the snapshot that the window was last asked to draw.
    generation: u64,
    failure: Option<ShellError>,
    on_exit: Option<Box<dyn FnOnce()>>,
    #[cfg(target_os = "macos")]
    presence: Option<macos::Presence>,
}

impl Desk {
    /// At the first event of the loop: what macOS has to be told, and what it says of why Crow was started.
    #[cfg(target_os = "macos")]
    fn take_presence(&mut self) {
        if self.presence.is_none() {
            let waker = self.waker.clone();
            let presence = macos::Presence::new(move || waker.open());
            self.options.open_at_start &= !presence.is_login;
            self.presence = Some(presence);
        }
    }

    /// Makes the tray item: the earliest legal moment on macOS is the first event of the loop.
    fn make_tray(&mut self) {
        if std::mem::replace(&mut self.tray_made, true) {
            return;
        }
        let waker = self.waker.clone();
        match Tray::new(move |wish| waker.wish(wish)) {
            Ok(tray) => self.tray = Some(tray),
            // A desktop without a tray is no fault; the window is then all there is.
            Err(err) => tracing::debug!("no tray item: {err:?}"),
        }
        self.stage.set_tray(self.tray.is_some());
    }

    /// Brings the tray, and the window if it shows, up to date.
    fn refresh(&mut self) {
        let (snapshot, status) = (self.stage.backend.snapshot(), self.stage.backend.status());
        if let Some(tray) = &mut self.tray {
            let settings = self.stage.backend.settings();
            tray.refresh((&snapshot, &status), (&settings, &*self.stage.backend), (self.options.clock)());
        }
        self.stage.attend();
        if self.stage.is_seen() && self.generation != snapshot.generation {
            self.generation = snapshot.generation;
            self.stage.draw_soon();
        }
    }

    /// The last thing that happens, once.
    fn leave(&mut self) {
        if let Some(on_exit) = self.on_exit.take() {
            on_exit();
        }
    }
}

/// From "no window" to the end of a window: eframe's life.
struct Phase<'a> {
    desk: &'a mut Desk,
    eframe: EframeWinitApplication<'static>,
    /// Whether eframe was told that the loop runs: from then on it has a window.
    begun: bool,
}

impl Phase<'_> {
    /// Shows the window, making it if need be.
    fn open(&mut self, event_loop: &ActiveEventLoop) {
        if self.begun {
            self.desk.stage.show();
            return;
        }
        self.begun = true;
        self.desk.stage.looks.begin(&self.desk.waker);
        self.eframe.resumed(event_loop);
        if !self.desk.stage.has_window() {
            self.desk.failure = Some(ShellError::NoGraphics);
            event_loop.exit();
        }
    }

    /// Does what was wished since the last wake-up.
    fn wake(&mut self, event_loop: &ActiveEventLoop) {
        for wish in self.desk.waker.take() {
            match wish {
                Wish::Toggle if self.desk.stage.is_in_front() => self.desk.stage.hide(),
                Wish::Open | Wish::Toggle => self.open(event_loop),
                Wish::Settings => {
                    self.open(event_loop);
                    self.desk.stage.show_settings();
                }
                Wish::Pause => {
                    let backend = &self.desk.stage.backend;
                    backend.act(Action::Pause(!backend.status().paused));
                }
                Wish::Quit => self.desk.stage.quit(),
            }
        }
        self.desk.refresh();
    }
}

impl ApplicationHandler<UserEvent> for Phase<'_> {
    fn new_events(&mut self, event_loop: &ActiveEventLoop, cause: StartCause) {
        if cause == StartCause::Init {
            #[cfg(target_os = "macos")]
            self.desk.take_presence();
            self.desk.make_tray();
        }
        self.eframe.new_events(event_loop, cause);
    }

    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        if self.begun {
            self.eframe.resumed(event_loop);
        } else if self.desk.options.open_at_start
            || !(self.desk.stage.was_closed() || self.desk.stage.tray_is_seen())
        {
            self.open(event_loop);
        }
        self.desk.refresh();
    }

    fn suspended(&mut self, event_loop: &ActiveEventLoop) {
        if self.begun {
            self.eframe.suspended(event_loop);
        }
    }

    fn user_event(&mut self, event_loop: &ActiveEventLoop, event: UserEvent) {
        if waker::is_wake(&event) {
            self.wake(event_loop);
        } else if self.begun {
            self.eframe.user_event(event_loop, event);
        }
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, window_id: WindowId, event: WindowEvent) {
        // What the last phase's window still had to say must not reach eframe: it ends the loop for such events.
        if !self.begun {
            return;
        }
        let stage = &self.desk.stage;
        match &event {
            WindowEvent::Occluded(covered) => stage.set_covered(*covered),
            // X11 tells of a restored window only by what follows it.
            WindowEvent::Focused(_) | WindowEvent::Resized(_) => stage.attend(),
            WindowEvent::RedrawRequested if !stage.is_seen() => stage.attend(),
            _ => {}
        }
        self.eframe.window_event(event_loop, window_id, event);
    }

    fn device_event(&mut self, event_loop: &ActiveEventLoop, device_id: DeviceId, event: DeviceEvent) {
        if self.begun {
            self.eframe.device_event(event_loop, device_id, event);
        }
    }

    fn about_to_wait(&mut self, event_loop: &ActiveEventLoop) {
        self.eframe.about_to_wait(event_loop);
        if self.desk.stage.is_over() {
            event_loop.exit();
        }
    }

    fn exiting(&mut self, event_loop: &ActiveEventLoop) {
        self.eframe.exiting(event_loop);
        self.desk.stage.window_is_gone();
        if !self.desk.stage.wants_another_phase() {
            self.desk.leave();
        }
    }

    fn memory_warning(&mut self, event_loop: &ActiveEventLoop) {
        self.eframe.memory_warning(event_loop);
    }
}

/// Whether this display cannot hide a window, so that it has to be destroyed instead.
fn closes_for_good(event_loop: &EventLoop<UserEvent>) -> bool {
    #[cfg(target_os = "linux")]
    return winit::platform::wayland::EventLoopExtWayland::is_wayland(event_loop);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = event_loop;
        false
    }
}

/// winit's errors begin with a place in its source; people need the rest.
fn plain(err: &winit::error::EventLoopError) -> String {
    match err {
        winit::error::EventLoopError::Os(err) => {
            let text = err.to_string();
            text.rsplit_once(": ")
                .map_or(text.as_str(), |(_, reason)| reason)
                .trim_end_matches('.')
                .to_owned()
        }
        other => other.to_string(),
    }
}
