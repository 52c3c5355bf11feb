//! Giving up root for good (Linux): all but two capabilities, the user, and most system calls.
//!
//! Called once the capture is open and before the first packet is read. What stays is what the look-up of
//! owners needs: `CAP_SYS_PTRACE`, with which the kernel shows other users' `/proc/<pid>/fd/*` and
//! `/proc/<pid>/exe`, and `CAP_DAC_READ_SEARCH`, with which those folders can be listed at all (they are
//! 0500). Landlock is not used: the kernel takes a Landlock domain as a reason to refuse exactly these looks into
//! other processes, so owners could no longer be found.

use std::io;
use std::os::fd::BorrowedFd;

use caps::{CapSet, Capability, CapsHashSet};
use nix::sys::prctl;
use nix::unistd::{Gid, Uid, geteuid, getuid, setgroups, setresgid, setresuid};

use super::{ffi, seccomp};

/// The user whom the helper becomes when it was started by root for root.
pub const NOBODY: u32 = 65_534;

/// What the helper keeps.
const KEPT: [Capability; 2] = [Capability::CAP_SYS_PTRACE, Capability::CAP_DAC_READ_SEARCH];

/// Why privileges could not be given up. The helper must end then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A step was refused.
    #[error("giving up root failed at {step}: {source}")]
    Step {
        /// The system call, or what it was for.
        step: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A capability operation was refused.
    #[error("giving up root failed at {step}: {reason}")]
    Capabilities {
        /// Which set.
        step: &'static str,
        /// What the library said.
        reason: String,
    },
    /// Root was given up, but came back.
    #[error("giving up root failed: the process could become root again")]
    StillRoot,
    /// The system-call filter was refused.
    #[error("the filter of system calls was refused: {0}")]
    Seccomp(String),
}

/// Becomes user `uid` and group `gid`, keeps two capabilities and enters the allow-list of system calls.
///
/// Root (0) becomes [`NOBODY`]. A helper with file capabilities is `uid` already. Must be called while
/// the process has one thread only: capabilities and the filter belong to threads. From `capture` it can only read then.
///
/// # Errors
///
/// [`Error`]: some privilege may still be held, so the process must end.
pub fn drop_for_good(uid: u32, gid: u32, capture: BorrowedFd<'_>) -> Result<(), Error> {
    give_up_root(uid, gid, &KEPT)?;
    seccomp::enter(capture)
}

/// All of it but the filter of system calls.
fn give_up_root(uid: u32, gid: u32, kept: &[Capability]) -> Result<(), Error> {
    ffi::forbid_core_dumps().map_err(|source| Error::Step { step: "setrlimit(RLIMIT_CORE)", source })?;
    if geteuid().is_root() {
        empty_bounding_set()?;
        let or_nobody = |id| if id == 0 { NOBODY } else { id };
        let (uid, gid) = (or_nobody(uid), or_nobody(gid));
        become_user(Uid::from_raw(uid), Gid::from_raw(gid))?;
    }
    let permitted = caps::read(None, CapSet::Permitted).map_err(|err| capability("permitted", &err))?;
    let kept: CapsHashSet = kept.iter().copied().filter(|kept| permitted.contains(kept)).collect();
    step("the ambient set", caps::clear(None, CapSet::Ambient))?;
    step("the inheritable set", caps::clear(None, CapSet::Inheritable))?;
    step("the effective set", caps::set(None, CapSet::Effective, &kept))?;
    step("the permitted set", caps::set(None, CapSet::Permitted, &kept))?;
    call("prctl(PR_SET_KEEPCAPS)", prctl::set_keepcaps(false))?;
    call("prctl(PR_SET_NO_NEW_PRIVS)", prctl::set_no_new_privs())?;
    // The new user's other processes may not look into this one.
    call("prctl(PR_SET_DUMPABLE)", prctl::set_dumpable(false))?;
    if getuid().is_root() || geteuid().is_root() || setresuid(ROOT, ROOT, ROOT).is_ok() {
        return Err(Error::StillRoot);
    }
    Ok(())
}

const ROOT: Uid = Uid::from_raw(0);

/// Changes user and group for good, and keeps the permitted capabilities over the change.
fn become_user(uid: Uid, gid: Gid) -> Result<(), Error> {
    call("prctl(PR_SET_KEEPCAPS)", prctl::set_keepcaps(true))?;
    call("setgroups", setgroups(&[]))?;
    call("setresgid", setresgid(gid, gid, gid))?;
    call("setresuid", setresuid(uid, uid, uid))
}

/// Makes every capability unreachable for this process and its children.
///
/// This needs `CAP_SETPCAP`, which root has unless it was taken away. Without it, and for file
/// capabilities, `no_new_privs` makes the set unreachable.
fn empty_bounding_set() -> Result<(), Error> {
    let can = caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP);
    if !can.map_err(|err| capability("the effective set", &err))? {
        return Ok(());
    }
    // Only those that this kernel knows: asking an older one about a newer capability is an error.
    let mut known: Vec<Capability> = caps::runtime::thread_all_supported().into_iter().collect();
    known.sort_by_key(Capability::index);
    for kind in known {
        step("the bounding set", caps::drop(None, CapSet::Bounding, kind))?;
    }
    Ok(())
}

fn call(step: &'static str, result: nix::Result<()>) -> Result<(), Error> {
    result.map_err(|errno| Error::Step { step, source: errno.into() })
}

fn step(step: &'static str, result: Result<(), caps::errors::CapsError>) -> Result<(), Error> {
    result.map_err(|err| capability(step, &err))
}

fn capability(step: &'static str, err: &caps::errors::CapsError) -> Error {
    Error::Capabilities { step, reason: err.to_string() }
}

#[cfg(test)]
mod tests;
