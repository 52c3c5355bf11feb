//! One Crow for each user and screen: a second start asks the first to open its window, over a Unix socket.
//!
//! A lock decides who is first. The system gives it back when a process ends, however it ends, so a socket that a
//! crash left behind is never mistaken for a living Crow: who holds the lock replaces it. Only live captures take
//! part; recordings and headless runs may be as many as one likes.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use nix::unistd::Uid;

/// Whether this process is the one that lives on.
#[derive(Debug)]
pub enum Claim {
    /// It is the first: keep the door, and let [`Door::listen`] run on a thread of its own.
    First(Door),
    /// Another Crow lives on this screen and has been asked to open its window: end with status 0.
    Second,
}

/// Why it cannot be told whether another Crow runs. Going on without the answer is right.
#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    /// The folder for the socket is not private to the user.
    #[error("{0} is not a folder of this user alone; remove it or set XDG_RUNTIME_DIR")]
    NotPrivate(PathBuf),
    /// A file could not be made or locked.
    #[error("cannot use {path} to find other Crows")]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another Crow holds the lock but does not answer: it starts, hangs or ends just now.
    #[error("another Crow runs on this screen but does not answer; end it and try again")]
    Silent,
}

/// Where a later Crow knocks. Open as long as this value lives.
#[derive(Debug)]
pub struct Door {
    listener: UnixListener,
    socket: PathBuf,
    /// Held, not read: closing it gives the lock back.
    _lock: File,
}

/// Claims the screen that `DISPLAY` or `WAYLAND_DISPLAY` names for this user.
///
/// # Errors
///
/// [`InstanceError`]: log it and go on as the first; two windows are better than none.
pub fn claim() -> Result<Claim, InstanceError> {
    let screen = ["WAYLAND_DISPLAY", "DISPLAY"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
        .unwrap_or_default();
    claim_in(&private_folder()?, &screen)
}

/// Claims `screen` among those who use `folder`.
fn claim_in(folder: &Path, screen: &str) -> Result<Claim, InstanceError> {
    let name: String = screen.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let (lock_path, socket) =
        (folder.join(format!("crow{name}.lock")), folder.join(format!("crow{name}.sock")));
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| InstanceError::File { path, source }
    };
    // The file stays for good: were it removed, two processes could each lock a file of that name.
    let lock = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&lock_path)
        .map_err(failed(&lock_path))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return knock(&socket).map(|()| Claim::Second),
        Err(TryLockError::Error(err)) => return Err(failed(&lock_path)(err)),
    }
    match fs::remove_file(&socket) {
        Err(err) if err.kind() != io::ErrorKind::NotFound => return Err(failed(&socket)(err)),
        _ => {}
    }
    let listener = UnixListener::bind(&socket).map_err(failed(&socket))?;
    fs::set_permissions(&socket, Permissions::from_mode(0o600)).map_err(failed(&socket))?;
    Ok(Claim::First(Door { listener, socket, _lock: lock }))
}

/// The user's runtime folder, or a private one among the temporary files where there is none.
fn private_folder() -> Result<PathBuf, InstanceError> {
    let own = |folder: &Path| {
        // Not through a link: somebody else may have put one into /tmp.
        let meta = fs::symlink_metadata(folder).ok()?;
        (meta.is_dir() && meta.uid() == Uid::effective().as_raw() && meta.mode() & OTHERS == 0).then_some(())
    };
    if let Some(folder) = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from)
        && own(&folder).is_some()
    {
        return Ok(folder);
    }
    let folder = std::env::temp_dir().join(format!("crow-{}", Uid::effective()));
    // Whether it was there already is of no interest: what counts is whose it is.
    let _ = DirBuilder::new().mode(0o700).create(&folder);
    own(&folder).map(|()| folder.clone()).ok_or(InstanceError::NotPrivate(folder))
}

/// Asks the Crow behind `socket` to open its window, and waits until it has heard that.
fn knock(socket: &Path) -> Result<(), InstanceError> {
    // The other may hold the lock already and still be about to make the socket.
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            thread::sleep(PAUSE);
        }
        let Ok(mut stream) = UnixStream::connect(socket) else { continue };
        let mut answer = [0; HEARD.len()];
        let asked = stream
            .set_read_timeout(Some(PATIENCE))
            .and_then(|()| stream.write_all(&OPEN))
            .and_then(|()| stream.read_exact(&mut answer));
        if asked.is_ok() && answer == HEARD {
            return Ok(());
        }
    }
    Err(InstanceError::Silent)
}

impl Door {
    /// Calls `open` whenever a later Crow of the same user knocks. Runs for as long as the process.
    pub fn listen(&self, open: impl Fn()) {
        for stream in self.listener.incoming() {
            // An error here is that of one visitor who has gone again, or the end.
            match stream {
                Ok(stream) => {
                    if matches!(receive(stream), Ok(true)) {
                        open();
                    }
                }
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => {
                    tracing::debug!("no longer listening for other Crows: {err}");
                    return;
                }
            }
        }
    }

    /// Removes the socket, for a clean end. A later Crow does not depend on it.
    pub fn close(&self) {
        if let Err(err) = fs::remove_file(&self.socket) {
            tracing::debug!("{} stays: {err}", self.socket.display());
        }
    }
}

/// Reads one visitor's wish; true if it is to open the window.
fn receive(mut stream: UnixStream) -> io::Result<bool> {
    let peer = getsockopt(&stream, PeerCredentials)?;
    if peer.uid() != Uid::effective().as_raw() {
        return Ok(false);
    }
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut wish = [0; OPEN.len()];
    stream.read_exact(&mut wish)?;
    if wish != OPEN {
        return Ok(false);
    }
    // Heard, whether or not the other still waits for the answer.
    let _ = stream.write_all(&HEARD);
    Ok(true)
}

const OPEN: [u8; 5] = *b"open\n";
const HEARD: [u8; 3] = *b"ok\n";
/// The permission bits of the group and of everyone else.
const OTHERS: u32 = 0o077;
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(50);
const ATTEMPTS: u32 = 20;

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc;

    use super::*;

    fn first(folder: &Path, screen: &str) -> Arc<Door> {
        match claim_in(folder, screen).unwrap() {
            Claim::First(door) => Arc::new(door),
            Claim::Second => panic!("{screen} is taken"),
        }
    }

    /// Listens on a thread that ends with the test process, and tells of every wish.
    fn listen(door: &Arc<Door>) -> mpsc::Receiver<()> {
        let (told, wishes) = mpsc::channel();
        let door = Arc::clone(door);
        thread::spawn(move || door.listen(|| told.send(()).unwrap()));
        wishes
    }

    #[test]
    fn the_second_asks_the_first_to_open() {
        let folder = tempfile::tempdir().unwrap();
        let door = first(folder.path(), ":72");
        let wishes = listen(&door);
        assert!(matches!(claim_in(folder.path(), ":72"), Ok(Claim::Second)));
        wishes.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(wishes.try_recv().is_err(), "asked once");
    }

    #[test]
    fn each_screen_has_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let _doors = [":0", ":1", "wayland-0", ""].map(|screen| first(folder.path(), screen));
    }

    #[test]
    fn a_socket_left_behind_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        // What remains of a process that was killed: the files, but not the lock.
        drop(first(folder.path(), ":72"));
        assert!(folder.path().join("crow-72.sock").exists(), "the fixture is one");
        let door = first(folder.path(), ":72");
        let _wishes = listen(&door);
        assert!(matches!(claim_in(folder.path(), ":72"), Ok(Claim::Second)));
        door.close();
        assert!(!folder.path().join("crow-72.sock").exists());
    }

    #[test]
    fn only_the_user_may_knock() {
        let folder = tempfile::tempdir().unwrap();
        let _door = first(folder.path(), ":72");
        for name in ["crow-72.sock", "crow-72.lock"] {
            let mode = fs::metadata(folder.path().join(name)).unwrap().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn nonsense_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let door = first(folder.path(), ":72");
        let wishes = listen(&door);
        for words in [&b""[..], b"op", b"shut\n", &[0; 4096]] {
            let mut stream = UnixStream::connect(&door.socket).unwrap();
            // The listener may have hung up before the end of the longest.
            let _ = stream.write_all(words);
        }
        assert!(matches!(claim_in(folder.path(), ":72"), Ok(Claim::Second)), "it still listens");
        wishes.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(wishes.try_recv().is_err(), "only the last one counted");
    }

    #[test]
    fn a_first_that_does_not_answer_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let lock = File::create(folder.path().join("crow-72.lock")).unwrap();
        lock.lock().unwrap();
        assert!(matches!(claim_in(folder.path(), ":72"), Err(InstanceError::Silent)));
    }
}
