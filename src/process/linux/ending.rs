//! Ends a process on Linux through a handle of it (pidfd), which no later process can get.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use nix::unistd::geteuid;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};

use super::processes::{BootClock, identity};
use crate::process::Error;
use crate::process::ending::{Doomed, EndError};

/// The second in which the system booted is told in whole seconds, which may differ by one from look to look.
const ROUNDING: Duration = Duration::from_secs(2);

/// Ends processes of `/proc`.
#[derive(Debug)]
pub struct Ender {
    clock: BootClock,
}

impl Ender {
    /// Reads when the system booted.
    ///
    /// # Errors
    ///
    /// [`Error::Os`] when it does not say.
    pub fn new() -> Result<Self, Error> {
        Ok(Self { clock: BootClock::read(Path::new("/proc"))? })
    }

    /// See [`crate::process::ending::Ender::end`].
    ///
    /// # Errors
    ///
    /// [`EndError`].
    pub fn end(&self, doomed: Doomed<'_>) -> Result<(), EndError> {
        let pid = Pid::from_raw(doomed.key.pid).ok_or(EndError::Gone)?;
        // The handle first: whoever it belongs to, it belongs to still when the signal is sent.
        let handle = open(pid)?;
        self.check(doomed)?;
        let signal = if doomed.force { Signal::KILL } else { Signal::TERM };
        let sent = match &handle {
            Some(handle) => pidfd_send_signal(handle, signal),
            None => kill_process(pid, signal),
        };
        sent.map_err(|err| match err {
            rustix::io::Errno::SRCH => EndError::Gone,
            rustix::io::Errno::PERM => EndError::NotYours,
            err => EndError::Os(err.into()),
        })
    }

    fn check(&self, doomed: Doomed<'_>) -> Result<(), EndError> {
        let now = identity(Path::new("/proc"), self.clock, doomed.key.pid).ok_or(EndError::Gone)?;
        let started = doomed.key.started.ok_or(EndError::Other)?;
        if now.started.since(started).max(started.since(now.started)) > ROUNDING {
            return Err(EndError::Other);
        }
        if now.uid != geteuid().as_raw() {
            return Err(EndError::NotYours);
        }
        Ok(())
    }
}

/// A handle of the process; `None` from a kernel before 5.3, which has none.
fn open(pid: Pid) -> Result<Option<OwnedFd>, EndError> {
    match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(handle) => Ok(Some(handle)),
        Err(rustix::io::Errno::NOSYS) => Ok(None),
        Err(rustix::io::Errno::SRCH) => Err(EndError::Gone),
        Err(err) => Err(EndError::Os(io::Error::from(err))),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{Child, Command};

    use super::*;
    use crate::event::ProcessKey;
    use crate::time::Timestamp;

    /// A program that sleeps, and the key by which Crow would know it.
    fn sleeper(ender: &Ender) -> (Child, ProcessKey) {
        let child = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let started = identity(Path::new("/proc"), ender.clock, pid).unwrap().started;
        (child, ProcessKey { pid, started: Some(started) })
    }

    fn doomed(key: ProcessKey, force: bool) -> Doomed<'static> {
        Doomed { key, path: None, force }
    }

    #[test]
    fn a_process_is_asked_and_then_forced() {
        let ender = Ender::new().unwrap();
        for (force, signal) in [(false, 15), (true, 9)] {
            let (mut child, key) = sleeper(&ender);
            ender.end(doomed(key, force)).unwrap();
            assert_eq!(child.wait().unwrap().signal(), Some(signal));
            assert!(matches!(ender.end(doomed(key, force)), Err(EndError::Gone)), "it has ended");
        }
    }

    #[test]
    fn a_process_of_another_start_is_left_alone() {
        let ender = Ender::new().unwrap();
        let (mut child, key) = sleeper(&ender);
        let earlier = key.started.map(|started| started - Duration::from_mins(1));
        for started in [earlier, Some(Timestamp::default()), None] {
            let err = ender.end(doomed(ProcessKey { started, ..key }, true)).unwrap_err();
            assert!(matches!(err, EndError::Other), "{err}");
        }
        assert_eq!(child.try_wait().unwrap(), None, "it runs on");
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(9));
    }

    #[test]
    fn what_is_left_of_a_process_is_not_signalled() {
        let ender = Ender::new().unwrap();
        let (mut child, key) = sleeper(&ender);
        ender.end(doomed(key, true)).unwrap();
        // Not waited for, it stays in the table for a while, and in the end as what is called a zombie.
        while identity(Path::new("/proc"), ender.clock, key.pid).is_some() {
            std::thread::yield_now();
        }
        assert!(matches!(ender.end(doomed(key, true)), Err(EndError::Gone)));
        child.wait().unwrap();
    }
}
