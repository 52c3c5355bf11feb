//! The words between the window and the rest: what the capture is doing, and what the user asks for.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use crate::aggregate::snapshot::Snapshot;
use crate::settings::{MenuBar, RateWindow, Settings};

/// What the capture is doing now.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum CaptureState {
    /// The helper is being started, or asks for permission.
    #[default]
    Starting,
    /// Live traffic arrives.
    Live,
    /// There is no capture; what the socket table counts shows in its place.
    Sockets {
        /// One sentence: why there is no capture.
        why: Arc<str>,
        /// Whether the system is asking for permission just now.
        is_asking: bool,
    },
    /// The built-in sample recording plays, because there is no right to capture and the socket table cannot be
    /// read (`why`).
    Sample {
        /// One sentence: why not live.
        why: Arc<str>,
    },
    /// A recording plays.
    Recording {
        /// How much of its time span has been played.
        played: Duration,
        /// Its whole time span, once the end has been read.
        length: Option<Duration>,
    },
    /// A recording has been read to its end; `note` says if it ended early.
    Ended {
        /// One sentence about a truncated or corrupt end.
        note: Option<Arc<str>>,
    },
    /// The helper has gone or could not start; the counts so far stand.
    Gone {
        /// One sentence: what happened and what to do.
        why: Arc<str>,
    },
}

/// Whether Crow opens when the user logs in, as the system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoginItem {
    /// It does not.
    #[default]
    Off,
    /// It does.
    On,
    /// It will once the user allows it in System Settings (macOS).
    NeedsApproval,
}

/// The capture's state beside the newest snapshot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// What the capture is doing.
    pub capture: CaptureState,
    /// What is captured: `all interfaces`, `eth0`, a file's name.
    pub subject: Arc<str>,
    /// Whether the user has paused the display (live) or the playback (recording).
    pub paused: bool,
    /// How fast a recording plays: 1.0 is its own pace; infinite is as fast as it can.
    pub speed: f64,
    /// One sentence that the user should know and that stops nothing, such as settings that cannot be saved.
    pub notice: Option<Arc<str>>,
    /// Whether Crow opens at login.
    pub login_item: LoginItem,
}

/// What the user asks the rest of Crow to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Start the helper (again), asking for permission if need be.
    StartCapture,
    /// Pause or go on. Live, counting goes on behind a paused display; a recording stands still.
    Pause(bool),
    /// Play a recording at this multiple of its own pace; infinite is as fast as it can.
    Speed(f64),
    /// Average rates over this span.
    Window(RateWindow),
    /// Set all totals to zero.
    Reset,
    /// Make a new picture now, without waiting for the next one's turn.
    Refresh,
    /// The window was shown or hidden: snapshots are only made for a window that shows.
    Shown(bool),
    /// Open Crow at login from now on, or no longer.
    OpenAtLogin(bool),
    /// This is what the system says of the login item now.
    LoginItem(LoginItem),
    /// Keep these settings for the next start.
    SaveSettings(Box<Settings>),
    /// Show this sentence; it stops nothing.
    Notice(String),
    /// End the program.
    Quit,
}

/// Work that would make the window wait, such as putting a hundred thousand rows in order.
pub type Job = Box<dyn FnOnce() -> JobResult + Send>;

/// What a job has to say. `()` is nothing.
pub type JobResult = Box<dyn Any + Send>;

/// The rest of Crow, as the window sees it. Every call returns at once.
pub trait Backend: Send + Sync {
    /// The newest picture.
    fn snapshot(&self) -> Arc<Snapshot>;

    /// What the capture is doing.
    fn status(&self) -> Arc<Status>;

    /// What the item in the menu bar is to show.
    fn menu_bar(&self) -> MenuBar {
        MenuBar::default()
    }

    /// Asks for something; the effect shows in a later status or snapshot.
    fn act(&self, action: Action);

    /// Has a job done on a thread of its own. A result of `()` is not kept.
    ///
    /// # Errors
    ///
    /// The job itself, where there is no such thread or it has enough to do: do it yourself or ask again later.
    fn work(&self, job: Job) -> Result<(), Job> {
        Err(job)
    }

    /// The result of a job, the oldest first; `None` while none is ready.
    fn worked(&self) -> Option<JobResult> {
        None
    }
}
