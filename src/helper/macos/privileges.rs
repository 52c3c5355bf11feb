//! Giving up root for good (macOS): groups, group, user, in that order, and then the sandbox.
//!
//! Called once PKTAP is open and before the first packet is read. Reading needs no right: xnu checks who opens
//! and sets up a BPF device, not who reads from it (`bsd/net/bpf.c`).

use std::io;

use nix::unistd::{Gid, Uid, getegid, geteuid, getgid, getuid, setegid, seteuid, setgid, setuid};

use crate::helper::ffi;

/// The user and the group whom the helper becomes when it was started by root for root: `nobody`, −2.
pub const NOBODY: u32 = 0xffff_fffe;

/// What the helper may do beside using the descriptors that it holds: two things.
///
/// Seatbelt asks when something is opened, looked up, started or connected, and not when an open descriptor is read,
/// written or waited for. The helper holds the capture, the pipe and the standard ones. Two calls of its work are asked
/// about all the same, and without an exception the capture would end at its first heartbeat:
///
/// - `ioctl` on any device, open or not (xnu `bsd/vfs/vfs_vnops.c`, `vn_ioctl`): `BIOCGSTATS`, the kernel's count of
///   lost packets. Only the capture's own device can be meant, as no other can be opened.
/// - `sysctl` by name (xnu `bsd/kern/kern_newsysctl.c`, `sysctl_root`): `getifaddrs` reads the list of interfaces as
///   `net.routetable.0.0.3.0`. Every program may, and there is nothing of other processes in it.
///
/// Every call that follows, and why it needs no more than that (which operations Seatbelt asks about is in the hooks that
/// xnu calls, `security/mac_framework.h`):
///
/// - `poll`, `read`, `write` and `recv` on the capture and the pipe: `mac_file_check_*` and `mac_pipe_*` hooks that the
///   sandbox does not fill for descriptors that are open; the pipe's socket was connected, and made not to block, before.
/// - libpcap's `pcap_dispatch`: `read` on the device, and no `ioctl` (it waits by the `poll` above). `pcap_stats`:
///   `BIOCGSTATS`, allowed above. The filter and the buffer were set before.
/// - `getifaddrs`, once a second while one interface is chosen: `sysctl` above. Should it be refused all the same, the
///   capture goes on without looking after the interface (`capture::live::pktap`, `may_list`).
/// - `clock_gettime`, `gettimeofday`: read from the page that the kernel shares, or system calls that nothing is asked for.
/// - `malloc`, `free`: `mmap` without a file, and Mach calls on this task itself.
/// - For the self-check, `getuid` to `getgroups`: not asked about; `pcap_lib_version`: text in libpcap.
/// - The self-check's attempts (`findings::trespass`): each must be refused, and says so where it is not.
/// - At the end: `close`, and libpcap's `SIOCIFDESTROY`, which fails without root in any case (the interface that stays is
///   taken over by the next capture), then `exit`. A panic would write to standard error, which is open.
///
/// No other exception is made: not for files (it reads none), not for process information (the app does the looking
/// up), not for Mach services (it speaks to none), not for the network (the pipe is connected, and does not block from
/// before: setting that is an `ioctl` as well). Messages about denied operations stay on: one of them is a finding.
pub const PROFILE: &str = r#"(version 1)
(deny default)
(allow file-ioctl (regex #"^/dev/bpf[0-9]+$"))
(allow sysctl-read (sysctl-name-prefix "net.routetable."))
"#;

/// Why privileges could not be given up. The helper must end then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Root is needed to open the capture, and `getuid` may name another user while the effective one is root.
    #[error("the capture helper was started without root; start it through Crow")]
    NeverRoot,
    /// A step was refused.
    #[error("giving up root failed at {step}: {source}")]
    Step {
        /// The system call.
        step: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Root was given up, but something of it is left or came back.
    #[error("giving up root failed: {0}")]
    StillRoot(&'static str),
    /// The sandbox was refused.
    #[error("the sandbox of the capture helper was refused: {0}")]
    Sandbox(String),
}

/// Becomes user `uid` and group `gid`, makes sure that there is no way back, and enters the sandbox.
///
/// Root (0) becomes [`NOBODY`].
///
/// # Errors
///
/// [`Error`]: some privilege may still be held, so the process must end.
pub fn drop_for_good(uid: u32, gid: u32) -> Result<(), Error> {
    if !geteuid().is_root() {
        return Err(Error::NeverRoot);
    }
    let or_nobody = |id| if id == 0 { NOBODY } else { id };
    let (uid, gid) = (or_nobody(uid), or_nobody(gid));
    io_step("setrlimit(RLIMIT_CORE)", ffi::forbid_core_dumps())?;
    become_user(uid, gid)?;
    assert_no_way_back(Uid::from_raw(uid), Gid::from_raw(gid))?;
    ffi::enter_sandbox(PROFILE).map_err(Error::Sandbox)
}

/// The order matters: without root neither the groups nor the group could be changed any longer. What osascript starts
/// may have root as its effective user only, and then `setuid` still sets all three, because it goes by that one
/// (xnu `bsd/kern/kern_prot.c`).
fn become_user(uid: u32, gid: u32) -> Result<(), Error> {
    io_step("setgroups", ffi::set_only_group(gid))?;
    step("setgid", setgid(Gid::from_raw(gid)))?;
    step("setuid", setuid(Uid::from_raw(uid)))
}

fn assert_no_way_back(uid: Uid, gid: Gid) -> Result<(), Error> {
    const ROOT: Uid = Uid::from_raw(0);
    const WHEEL: Gid = Gid::from_raw(0);
    if getuid() != uid || geteuid() != uid {
        return Err(Error::StillRoot("the process is not the user that it should be"));
    }
    if getgid() != gid || getegid() != gid {
        return Err(Error::StillRoot("the process is not of the group that it should be"));
    }
    let groups = ffi::groups().map_err(|source| Error::Step { step: "getgroups", source })?;
    if groups.iter().any(|&group| group != gid.as_raw()) {
        return Err(Error::StillRoot("the process is still a member of other groups"));
    }
    if seteuid(ROOT).is_ok() || setuid(ROOT).is_ok() {
        return Err(Error::StillRoot("the process could become root again"));
    }
    if setegid(WHEEL).is_ok() || setgid(WHEEL).is_ok() {
        return Err(Error::StillRoot("the process could become a member of wheel again"));
    }
    Ok(())
}

fn step(step: &'static str, result: nix::Result<()>) -> Result<(), Error> {
    io_step(step, result.map_err(io::Error::from))
}

fn io_step(step: &'static str, result: io::Result<()>) -> Result<(), Error> {
    result.map_err(|source| Error::Step { step, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_denies_everything_but_two_things() {
        let depth = |text: &str, bracket| text.matches(bracket).count();
        assert_eq!(depth(PROFILE, '('), depth(PROFILE, ')'));
        let rules: Vec<&str> = PROFILE.lines().filter_map(|rule| rule.split([' ', ')']).next()).collect();
        assert_eq!(rules, ["(version", "(deny", "(allow", "(allow"]);
        let allowed: Vec<&str> =
            PROFILE.split("(allow ").skip(1).filter_map(|rule| rule.split(' ').next()).collect();
        assert_eq!(allowed, ["file-ioctl", "sysctl-read"]);
    }
}
