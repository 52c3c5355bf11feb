//! What the operating system knows about traffic: which process owns a flow, what that process is, and which interfaces there are.
//!
//! [`OwnerFinder`] is the question, asked in the privileged process that captures; each system answers
//! it in a folder of its own. What needs no system at all is beside it: [`apps`] says which
//! app a program belongs to, [`waiting`] when to ask again. [`census`] asks what every socket has moved, which needs no
//! right at all.

pub mod apps;
pub mod census;
#[cfg(unix)]
pub mod controller;
#[cfg(unix)]
pub mod ending;
#[cfg(unix)]
pub mod icons;
#[cfg(unix)]
pub mod identity;
#[cfg(target_os = "linux")]
pub mod linux;
pub mod macos;
#[cfg(unix)]
pub mod programs;
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub mod proxies;
#[cfg(unix)]
pub mod reveal;
#[cfg(unix)]
pub mod users;
pub mod waiting;

use std::io;

#[cfg(target_os = "linux")]
pub(crate) use linux::processes::name_of;
#[cfg(target_os = "macos")]
pub(crate) use macos::name_of;

use crate::event::{Direction, FlowId, FlowKey, Owner, Process, ProcessKey};
use crate::time::Timestamp;

/// A flow whose owner is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its name in the answers.
    pub flow: FlowId,
    /// Its two ends.
    pub key: FlowKey,
    /// Which way its first packet went, where that is known. A flow that was opened from outside may
    /// be given to the holder of the listening socket.
    pub opened: Option<Direction>,
}

/// What was found out. The lists only grow; the caller empties them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Processes never named before, or of which something has changed. Send them before `owners`.
    pub processes: Vec<Process>,
    /// Owners found. The same flow comes again only with a greater [`crate::event::OwnerSource`].
    pub owners: Vec<(FlowId, Owner)>,
    /// Processes named before that have ended. Send them after `owners`.
    pub exited: Vec<ProcessKey>,
}

/// Somebody who knows which process owns a flow.
///
/// Call [`want`](Self::want) after each batch of packets with the flows it opened, and
/// [`tick`](Self::tick) at [`due`](Self::due), at least four times a second. A flow stays wanted
/// until its owner is certain, until asking further is pointless, or until [`forget`](Self::forget).
pub trait OwnerFinder: Send {
    /// Looks for the owners of new flows at once, and remembers those that are still to be found.
    fn want(&mut self, now: Timestamp, wanted: &[Wanted], news: &mut News);

    /// Asks again for the flows whose turn it is, and notices which processes have ended.
    fn tick(&mut self, now: Timestamp, news: &mut News);

    /// The flow is closed; its owner is not looked for any longer.
    fn forget(&mut self, flow: FlowId);

    /// When the next call of [`tick`](Self::tick) has a flow to ask for; `None` when there is none.
    fn due(&self) -> Option<Timestamp>;
}

/// Why the operating system could not be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A system call failed.
    #[error("the system refused {call} ({source}); without it Crow cannot tell which process owns what")]
    Os {
        /// What was called, as its manual page names it.
        call: &'static str,
        /// What the system said.
        source: io::Error,
    },
}
