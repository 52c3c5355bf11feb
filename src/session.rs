//! The words between the window and the rest: what the capture is doing, and what the user asks for.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use crate::aggregate::snapshot::{Snapshot, Watch};
use crate::event::{FlowId, Identity, ProcessKey};
use crate::settings::{ProxyApi, RateWindow, Settings};

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
    /// The login name of the user that Crow runs as: whose processes it may end.
    pub user: Option<Arc<str>>,
}

/// A process as the user saw it when asking something of it. Before anything is done to it, its start and its program
/// are compared again: pids are given to other processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Which process.
    pub key: ProcessKey,
    /// What it is called.
    pub name: Arc<str>,
    /// Its program's file.
    pub path: Option<Arc<str>>,
}

/// A program, to find its icon.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Program {
    /// The app's id: a bundle's path, an app id or a program's path.
    pub app: String,
    /// The program's file.
    pub path: Option<Arc<str>>,
}

/// An app's icon: [`AppIcon::SIDE`] × [`AppIcon::SIDE`] pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppIcon {
    /// Red, green, blue and opacity of each pixel, row by row, the colours not multiplied by the opacity.
    pub rgba: Vec<u8>,
}

impl AppIcon {
    /// Pixels in a row, and rows: sixteen points at two pixels each.
    pub const SIDE: u32 = 32;
}

/// What is known of an icon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IconState {
    /// It is being looked for; ask again.
    #[default]
    Sought,
    /// The system has none.
    None,
    /// Here it is.
    Found(Arc<AppIcon>),
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
    /// Play a recording from here on, counted from its first packet. Going back plays everything before anew.
    Seek(Duration),
    /// Play a paused recording on by a second.
    Step,
    /// Chart this row second by second, or none any longer.
    Watch(Option<Watch>),
    /// The rows of these connections are in sight: draw their sparklines.
    InSight(Vec<FlowId>),
    /// Average rates over this span.
    Window(RateWindow),
    /// Ask the system's resolver for the names of addresses that nobody named in the open, or no longer.
    ReverseDns(bool),
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
    /// Ask a proxy on this machine for its connections from now on, or no longer.
    ProxyApi(ProxyApi),
    /// Keep these settings for the next start.
    SaveSettings(Box<Settings>),
    /// Show this sentence; it stops nothing.
    Notice(String),
    /// Ask a process of the user's own to end; with `force`, end it at once.
    EndProcess {
        /// Which one.
        target: Target,
        /// Whether it is not asked.
        force: bool,
    },
    /// Show this file in the system's file manager.
    Reveal(Arc<str>),
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

    /// A program's icon. The first question has it looked for.
    fn icon(&self, _program: &Program) -> IconState {
        IconState::None
    }

    /// What a process of this machine is called, such as another one's parent. The first question has it looked for;
    /// `None` until it is known, and where the system does not say.
    fn name_of(&self, _pid: i32) -> Option<Arc<str>> {
        None
    }

    /// Who a program is to the system. The first question has it found out; until then, and where the system says
    /// nothing, `None`.
    fn identity(&self, _program: &Program) -> Option<Arc<Identity>> {
        None
    }

    /// The settings that were saved last.
    fn settings(&self) -> Arc<Settings> {
        Arc::default()
    }
}
