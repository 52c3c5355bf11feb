//! Who is at the other end of the pipe, as the kernel tells.

use std::os::unix::net::UnixStream;

/// The process that connected, or that listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its effective user at that time.
    pub uid: u32,
    /// Its pid.
    pub pid: i32,
}

impl Peer {
    /// Asks the kernel who is at the other end of `stream`.
    ///
    /// # Errors
    ///
    /// When the system does not tell; then the pipe must not be used.
    #[cfg(target_os = "linux")]
    pub fn of(stream: &UnixStream) -> nix::Result<Self> {
        use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};

        let credentials = getsockopt(stream, PeerCredentials)?;
        Ok(Self { uid: credentials.uid(), pid: credentials.pid() })
    }

    /// Asks the kernel who is at the other end of `stream`.
    ///
    /// # Errors
    ///
    /// When the system does not tell; then the pipe must not be used.
    #[cfg(not(target_os = "linux"))]
    pub fn of(stream: &UnixStream) -> nix::Result<Self> {
        use nix::sys::socket::{getsockopt, sockopt::LocalPeerPid};

        let (uid, _) = nix::unistd::getpeereid(stream)?;
        Ok(Self { uid: uid.as_raw(), pid: getsockopt(stream, LocalPeerPid)? })
    }
}

/// Whether `pid` is `ancestor` or was started by it, directly or not; `None` where the system does not tell.
#[must_use]
pub fn descends_from(pid: i32, ancestor: i32) -> Option<bool> {
    let mut pid = pid;
    // A pid that is given again while this loop runs could make it run in a circle.
    for _ in 0..MAX_GENERATIONS {
        if pid == ancestor {
            return Some(true);
        }
        if pid <= 1 {
            return Some(false);
        }
        pid = parent(pid)?;
    }
    Some(false)
}

const MAX_GENERATIONS: usize = 64;

/// The parent's pid: the second field after the name in parentheses (`proc_pid_stat(5)`).
#[cfg(target_os = "linux")]
fn parent(pid: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(not(target_os = "linux"))]
fn parent(_pid: i32) -> Option<i32> {
    None
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn both_ends_of_a_pair_are_this_process() {
        let (one, other) = UnixStream::pair().unwrap();
        let me =
            Peer { uid: nix::unistd::geteuid().as_raw(), pid: i32::try_from(std::process::id()).unwrap() };
        assert_eq!(Peer::of(&one).unwrap(), me);
        assert_eq!(Peer::of(&other).unwrap(), me);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn descent_is_followed_to_the_top() {
        let me = i32::try_from(std::process::id()).unwrap();
        assert_eq!(descends_from(me, me), Some(true));
        assert_eq!(descends_from(me, parent(me).unwrap()), Some(true));
        assert_eq!(descends_from(1, me), Some(false));
        assert_eq!(descends_from(parent(me).unwrap(), me), Some(false));
    }
}
