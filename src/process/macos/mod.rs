//! macOS: the kernel's list of sockets names the owners of flows that no tag did, and libproc names processes.
//!
//! All of it is asked in the app and as the user: neither needs a right. The list is `net.inet.{tcp,udp}.pcblist_n`
//! and not a walk through every process's descriptors: that would miss what runs on the user-space network stack
//! (Safari), and cost thousands of system calls. Reading it holds the lock that the kernel tries, and does not
//! wait for, when it tags a received packet: so it is read at most once a second, and only while a flow
//! is without owner, somebody looks at connections, or there is no capture that it could disturb.

#[cfg(target_os = "macos")]
pub mod bundles;
pub mod census;
pub mod completer;
pub mod descriptors;
#[cfg(target_os = "macos")]
pub mod ending;
#[cfg(target_os = "macos")]
mod ffi;
#[cfg(any(target_os = "macos", test))]
pub mod icons;
pub mod kinfo;
pub mod owners;
pub mod pcblist;
mod processes;
#[cfg(target_os = "macos")]
pub(crate) mod proxies;
#[cfg(any(target_os = "macos", test))]
pub mod signature;
#[cfg(target_os = "macos")]
mod system;
#[cfg(any(target_os = "macos", test))]
pub mod tunnels;

#[cfg(target_os = "macos")]
pub use system::Mac;
#[cfg(target_os = "macos")]
pub(crate) use system::name_of;

use std::io;
use std::net::IpAddr;

use self::pcblist::Socket;
use crate::event::{InterfaceId, Process, ProcessKey, Protocol};
use crate::process::apps;
use crate::time::Timestamp;

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

    /// Waits for this process's end from now on. One that is gone already has ended.
    fn follow(&mut self, pid: i32);

    /// Appends the followed processes that have ended since the last call.
    fn ended(&mut self, out: &mut Vec<i32>);

    /// Which interface has which address.
    ///
    /// # Errors
    ///
    /// What the system says when it does not list them.
    fn places(&mut self) -> io::Result<Vec<Place>>;

    /// The user that Crow runs as.
    fn user(&self) -> u32;
}

/// An address of this Mac.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The address.
    pub address: IpAddr,
    /// The name of the interface that has it.
    pub interface: String,
    /// That interface's number.
    pub id: InterfaceId,
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
    /// When it started.
    pub started: Option<Timestamp>,
    /// What its app is called in the Finder, where it belongs to one that says so.
    pub app_name: Option<String>,
}

/// A process as these facts describe it.
fn describe(pid: i32, facts: &Facts) -> Process {
    let (name, mut app) = apps::identify(&apps::Facts {
        path: facts.path.as_deref(),
        comm: &facts.command,
        cgroup: None,
        is_kernel_thread: false,
    });
    let app_name = facts.app_name.as_deref().map(apps::clean_name);
    if let Some(app_name) = app_name.filter(|name| !name.is_empty()) {
        app.name = app_name;
    }
    Process {
        key: ProcessKey { pid, started: facts.started },
        name,
        path: facts.path.as_deref().map(apps::clean_path),
        uid: Some(facts.uid),
        user: None,
        parent: (facts.parent > 0).then_some(facts.parent),
        app,
    }
}
