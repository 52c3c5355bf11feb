//! macOS: the kernel's list of sockets names the owners of flows that no tag did, and libproc names processes.
//!
//! All of it is asked in the app and as the user: neither needs a right. The list is `net.inet.{tcp,udp}.pcblist_n`
//! and not a walk through every process's descriptors: that would miss what runs on the user-space network stack
//! (Safari), and cost thousands of system calls. Reading it holds the lock that the kernel tries, and does not
//! wait for, when it tags a received packet: so it is read at most once a second, and only while a flow is without owner.

pub mod completer;
#[cfg(target_os = "macos")]
pub mod ending;
#[cfg(target_os = "macos")]
mod ffi;
pub mod owners;
pub mod pcblist;
#[cfg(target_os = "macos")]
mod system;

#[cfg(target_os = "macos")]
pub use system::Mac;

use std::io;

use self::pcblist::Socket;
use crate::event::{Process, ProcessKey, Protocol};
use crate::process::apps;

/// What the system is asked.
pub trait System: Send {
    /// Every TCP or UDP socket.
    ///
    /// # Errors
    ///
    /// What the system says when it refuses, or when its answer is not a list of sockets.
    fn sockets(&mut self, protocol: Protocol) -> io::Result<Vec<Socket>>;

    /// What the process with this pid is now; `None` when there is none.
    fn facts(&mut self, pid: i32) -> Option<Facts>;
}

/// What the system says of any process, also of another user's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The program's file.
    pub path: Option<String>,
    /// The kernel's name for it, at most 16 bytes.
    pub command: String,
    /// Its effective user.
    pub uid: u32,
    /// Its parent's pid; 0 for none.
    pub parent: i32,
}

/// A process as these facts describe it. When it started the system says of one's own processes only, and tags do
/// not say it: so a process is known by its pid.
fn describe(pid: i32, facts: &Facts) -> Process {
    let (name, app) = apps::identify(&apps::Facts {
        path: facts.path.as_deref(),
        comm: &facts.command,
        cgroup: None,
        is_kernel_thread: false,
    });
    Process {
        key: ProcessKey { pid, started: None },
        name,
        path: facts.path.as_deref().map(apps::clean_path),
        uid: Some(facts.uid),
        user: None,
        parent: (facts.parent > 0).then_some(facts.parent),
        app,
    }
}
