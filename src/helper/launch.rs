//! Starting the helper with the rights it needs, and taking exactly it as the peer on a fresh socket.

pub mod osascript;

use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{getegid, geteuid};

use super::peer::{Peer, descends_from};
use super::protocol::{Decoder, Hello, ProtocolError, ToApp, ToHelper};
use super::session::{Process, Session, SessionError, describe, send};
use crate::process::programs;

/// The capabilities that let the helper work without root, as `setcap` takes them: to capture; to look up owners (the
/// two that it keeps); to attach kernel events (the last three: on Linux 6.18 the programs are refused without
/// `cap_perfmon`).
pub const FILE_CAPABILITIES: &str =
    "cap_net_raw,cap_sys_ptrace,cap_dac_read_search,cap_bpf,cap_net_admin,cap_perfmon=ep";

/// What to start.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The helper's program, absolute.
    pub helper: PathBuf,
    /// The interface to capture on; all when `None`.
    pub interface: Option<String>,
    /// How long starting may take, a password typed by hand included.
    pub patience: Duration,
}

/// How the helper comes by its rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Crow is root already, or the helper's file brings the capabilities.
    Direct,
    /// The desktop asks for permission.
    Pkexec,
    /// macOS asks for an administrator's password.
    Osascript,
    /// sudo asks on the terminal.
    Sudo,
}

/// Why the helper could not be started. Each message is a sentence for the window.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// There is no helper where it should be.
    #[error("the capture helper is missing at {0}; reinstall Crow")]
    Missing(PathBuf),
    /// Nothing that gives rights is at hand.
    #[error(
        "capturing needs rights that Crow does not have; run it with sudo, or run this once: sudo setcap {FILE_CAPABILITIES} {0}"
    )]
    NoWay(PathBuf),
    /// There is a way, but the user has not been asked yet.
    #[error("permission adds names, UDP and connections that last a moment")]
    NotAsked,
    /// The user said no.
    #[error("permission to capture was not given; press Start live capture to be asked again")]
    Dismissed,
    /// The system said no.
    #[error("permission to capture was refused: {0}")]
    NotAllowed(String),
    /// macOS has put the app into a place of its own.
    #[error(
        "macOS runs Crow from a temporary folder because it was downloaded and not moved; drag Crow to the \
         Applications folder and open it there"
    )]
    Translocated,
    /// A path that cannot be handed to the system's password dialog.
    #[error("the path {0:?} has characters that macOS cannot hand on; move Crow to the Applications folder")]
    OddPath(PathBuf),
    /// The helper is not the one that belongs to this app.
    #[error("the capture helper was changed and was not started; reinstall Crow")]
    Tampered,
    /// The helper's signature is missing or somebody else's.
    #[error("the capture helper is not signed by Crow's developer and was not started; reinstall Crow")]
    BadSignature,
    /// The helper ended before it answered.
    #[error("{0}")]
    Ended(String),
    /// The helper said that it cannot.
    #[error("{0}")]
    Failed(String),
    /// Nobody answered in time.
    #[error("the capture helper did not answer within {0} seconds; try again")]
    TimedOut(u64),
    /// The helper makes no sense.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// A system call failed.
    #[error("starting the capture helper failed at {step}: {source}")]
    Os {
        /// What was tried.
        step: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// The helper that belongs to `program`: beside it; or, in a bundle that `cargo bundle` made, where that puts what
/// Cargo.toml names as a resource.
fn helper_of(program: &Path) -> PathBuf {
    let beside = program.with_file_name("crow-helper");
    let in_resources = || {
        let contents = program.parent().filter(|folder| folder.ends_with("Contents/MacOS"))?.parent()?;
        Some(contents.join("Resources/target/release/crow-helper")).filter(|helper| helper.is_file())
    };
    if beside.is_file() { beside } else { in_resources().unwrap_or(beside) }
}

impl Launch {
    /// The helper beside the running program.
    ///
    /// # Errors
    ///
    /// [`LaunchError::Os`] when the system does not tell where that is.
    pub fn beside_this_program(interface: Option<String>) -> Result<Self, LaunchError> {
        let program = std::env::current_exe().map_err(at("finding Crow's own folder"))?;
        Ok(Self { helper: helper_of(&program), interface, patience: PATIENCE })
    }

    /// How the helper would come by its rights; `None` when nothing that gives them is at hand.
    #[must_use]
    pub fn method(&self) -> Option<Method> {
        Surroundings::look(&self.helper).choose()
    }

    /// Starts the helper and waits until its capture is open.
    ///
    /// # Errors
    ///
    /// [`LaunchError`]; nothing is left behind then.
    pub fn start(&self) -> Result<Session, LaunchError> {
        if !self.helper.is_file() {
            return Err(LaunchError::Missing(self.helper.clone()));
        }
        let method = self.method().ok_or_else(|| LaunchError::NoWay(self.helper.clone()))?;
        self.start_by(method, Path::new(osascript::OSASCRIPT))
    }

    /// As [`Self::start`] on a Mac, with the program `dialog` in the place of osascript: how the tests, on any system,
    /// answer in the user's place.
    ///
    /// # Errors
    ///
    /// [`LaunchError`]; nothing is left behind then.
    pub fn start_authorized(&self, dialog: &Path) -> Result<Session, LaunchError> {
        self.start_by(Method::Osascript, dialog)
    }

    fn start_by(&self, method: Method, dialog: &Path) -> Result<Session, LaunchError> {
        let folder = Folder::create()?;
        let socket = folder.0.join("pipe");
        let listener = UnixListener::bind(&socket).map_err(at("listening"))?;
        listener.set_nonblocking(true).map_err(at("listening"))?;
        let child = command(method, (&self.helper, dialog), &socket)?.spawn().map_err(at("running it"))?;
        let mut process = watch(child)?;
        let opened = self.take_peer(&listener, &mut process, method);
        // From here on nobody else can connect.
        drop(listener);
        drop(folder);
        match opened.and_then(|stream| self.greet(stream)) {
            Ok((stream, decoder)) => Ok(Session::new(stream, decoder, process)),
            Err(LaunchError::Os { .. }) if let Some(status) = process.wait(LAST_GASP) => {
                Err(LaunchError::Ended(process.obituary(status)))
            }
            Err(err) => {
                process.end();
                Err(err)
            }
        }
    }

    /// Waits for the helper to connect, and turns everyone else away.
    fn take_peer(
        &self,
        listener: &UnixListener,
        process: &mut Process,
        method: Method,
    ) -> Result<UnixStream, LaunchError> {
        for _ in 0..=self.patience.as_millis() / SLICE.as_millis() {
            let mut fds = [PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
            let slice = u16::try_from(SLICE.as_millis()).unwrap_or(u16::MAX);
            match poll(&mut fds, PollTimeout::from(slice)) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(at("waiting for it")(errno.into())),
            }
            if let Ok((stream, _)) = listener.accept() {
                let peer = Peer::of(&stream).map_err(|errno| at("asking who it is")(errno.into()))?;
                if is_the_helper(method, peer, process.child.id()) {
                    stream.set_nonblocking(false).map_err(at("taking its pipe"))?;
                    return Ok(stream);
                }
                tracing::warn!(?peer, "turned away a process that is not the helper");
            } else if let Ok(Some(status)) = process.child.try_wait() {
                return Err(early_end(method, status, process));
            }
        }
        Err(LaunchError::TimedOut(self.patience.as_secs()))
    }

    /// Exchanges greetings, orders the capture and waits until it is open.
    fn greet(&self, stream: UnixStream) -> Result<(UnixStream, Decoder), LaunchError> {
        stream.set_read_timeout(Some(GREETING)).map_err(at("greeting it"))?;
        stream.set_write_timeout(Some(GREETING)).map_err(at("greeting it"))?;
        let mut decoder = Decoder::default();
        hear::<Hello>(&stream, &mut decoder)?.check()?;
        say(&stream, &Hello::ours())?;
        say(&stream, &ToHelper::Start { interface: self.interface.clone() })?;
        match hear::<ToApp>(&stream, &mut decoder)? {
            ToApp::Started => {}
            ToApp::Failed(sentence) => return Err(LaunchError::Failed(sentence)),
            ToApp::Events(_) | ToApp::Stopped | ToApp::Findings(_) | ToApp::Tried(_) => {
                return Err(ProtocolError::OutOfTurn.into());
            }
        }
        stream.set_read_timeout(None).map_err(at("greeting it"))?;
        Ok((stream, decoder))
    }
}

/// Longer than it takes to find and type a password.
const PATIENCE: Duration = Duration::from_mins(2);
/// How often the child is looked at while nobody connects.
const SLICE: Duration = Duration::from_millis(100);
/// How long a helper that closed its pipe may take to end and say why.
const LAST_GASP: Duration = Duration::from_millis(500);
const GREETING: Duration = Duration::from_secs(10);

/// What decides how the helper is started.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and any mix of them occurs")]
struct Surroundings {
    is_root: bool,
    brings_capabilities: bool,
    has_pkexec: bool,
    has_desktop: bool,
    has_osascript: bool,
    has_sudo: bool,
    has_terminal: bool,
}

impl Surroundings {
    fn look(helper: &Path) -> Self {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        Self {
            is_root: geteuid().is_root(),
            brings_capabilities: brings_capabilities(helper),
            has_pkexec: programs::find("pkexec").is_some(),
            has_desktop: is_set("DISPLAY") || is_set("WAYLAND_DISPLAY"),
            has_osascript: cfg!(target_os = "macos") && Path::new(osascript::OSASCRIPT).is_file(),
            has_sudo: programs::find("sudo").is_some(),
            has_terminal: io::stdin().is_terminal(),
        }
    }

    fn choose(self) -> Option<Method> {
        if self.is_root || self.brings_capabilities {
            Some(Method::Direct)
        } else if self.has_desktop && self.has_pkexec {
            Some(Method::Pkexec)
        } else if self.has_osascript {
            // Not sudo on a Mac: it would run the helper where it lies, and there the user's programs can change it.
            Some(Method::Osascript)
        } else if self.has_terminal && self.has_sudo {
            Some(Method::Sudo)
        } else {
            None
        }
    }
}

/// Whether the helper may capture when it is simply run: by its file's capabilities, or by those that this process
/// hands on to every program it runs.
#[cfg(target_os = "linux")]
fn brings_capabilities(helper: &Path) -> bool {
    use caps::{CapSet, Capability};

    let handed_on = caps::has_cap(None, CapSet::Ambient, Capability::CAP_NET_RAW).unwrap_or(false);
    handed_on || super::ffi::file_capabilities(helper).is_some_and(|set| set & (1 << CAP_NET_RAW) != 0)
}

/// The number of `CAP_NET_RAW` (Linux `linux/capability.h`).
#[cfg(target_os = "linux")]
const CAP_NET_RAW: u32 = 13;

#[cfg(not(target_os = "linux"))]
fn brings_capabilities(_helper: &Path) -> bool {
    false
}

fn command(method: Method, (helper, dialog): (&Path, &Path), socket: &Path) -> Result<Command, LaunchError> {
    let mut command = match method {
        Method::Osascript => authorized(helper, dialog, socket)?,
        Method::Direct | Method::Pkexec | Method::Sudo => started_in_place(method, helper, socket),
    };
    let stdin = if method == Method::Sudo { Stdio::inherit() } else { Stdio::null() };
    command.stdin(stdin).stdout(Stdio::null()).stderr(Stdio::piped());
    Ok(command)
}

/// The command that has a copy of the helper started by macOS. The helper is read here, before anybody is asked:
/// from now on another one will not do.
fn authorized(helper: &Path, dialog: &Path, socket: &Path) -> Result<Command, LaunchError> {
    if osascript::is_translocated(helper) {
        return Err(LaunchError::Translocated);
    }
    let digest = osascript::digest(helper)?;
    let app = (geteuid().as_raw(), getegid().as_raw(), std::process::id());
    osascript::command(dialog, &osascript::Request { helper, digest: &digest, socket, app })
}

/// The command that starts the helper where it lies.
fn started_in_place(method: Method, helper: &Path, socket: &Path) -> Command {
    // One that has gone since it was chosen is missing, and no other is taken in its place.
    let program = |name| programs::find(name).unwrap_or_else(|| Path::new("/usr/bin").join(name));
    let mut command = match method {
        Method::Direct | Method::Osascript => {
            let mut command = Command::new(helper);
            // pkexec and sudo see to that themselves.
            command.env_clear();
            command
        }
        Method::Pkexec => {
            let mut command = Command::new(program("pkexec"));
            // Without this, pkexec asks on a terminal that may be out of sight.
            command.arg("--disable-internal-agent").arg(helper);
            command
        }
        Method::Sudo => {
            let mut command = Command::new(program("sudo"));
            command.args(["-p", "Password for %p, to let Crow capture packets: ", "--"]).arg(helper);
            command
        }
    };
    let numbers =
        [("--uid", geteuid().as_raw()), ("--gid", getegid().as_raw()), ("--pid", std::process::id())];
    command.arg(OsStr::new("--socket")).arg(socket);
    for (name, number) in numbers {
        command.arg(name).arg(number.to_string());
    }
    command
}

/// Whether `peer` is what was started as `child`: root or this user, and that process or one that it started. What
/// macOS starts is root when it connects, and nobody but root and this user can enter the folder of the pipe.
fn is_the_helper(method: Method, peer: Peer, child: u32) -> bool {
    let is_this_user = method != Method::Osascript && peer.uid == geteuid().as_raw();
    let is_trusted = peer.uid == 0 || is_this_user;
    let is_ours = i32::try_from(child).is_ok_and(|child| {
        // Where the system does not tell who started whom, the user and the folder's permissions must do.
        descends_from(peer.pid, child).unwrap_or(true)
    });
    is_trusted && is_ours
}

/// Reads the child's standard error to its end, so that it never blocks, and keeps the last line.
fn watch(mut child: Child) -> Result<Process, LaunchError> {
    let (sender, last_words) = mpsc::channel();
    if let Some(stderr) = child.stderr.take() {
        let reader = thread::Builder::new().name("helper-stderr".to_owned()).spawn(move || {
            // The receiver is gone when nobody wants to know any longer.
            let _ = sender.send(last_line(stderr));
        });
        if let Err(source) = reader {
            let _ = child.kill();
            let _ = child.wait();
            return Err(LaunchError::Os { step: "starting a thread", source });
        }
    }
    Ok(Process { child, last_words })
}

fn last_line(stderr: ChildStderr) -> String {
    let mut last = String::new();
    let mut reader = BufReader::new(stderr);
    loop {
        let mut line = Vec::new();
        match reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return last,
            Ok(_) => {}
        }
        let line: String = String::from_utf8_lossy(&line).chars().filter(|c| !c.is_control()).collect();
        if !line.trim().is_empty() {
            tracing::debug!(%line, "helper");
            line.trim().clone_into(&mut last);
        }
    }
}

const MAX_LINE_BYTES: u64 = 1024;

/// What it means that the child ended before it connected (`pkexec(1)`, `sudo(8)`).
fn early_end(method: Method, status: ExitStatus, process: &Process) -> LaunchError {
    const PKEXEC_DISMISSED: i32 = 126;
    const PKEXEC_NOT_ALLOWED: i32 = 127;
    if method == Method::Osascript {
        let line = process.last_words();
        return osascript::failure(&line).unwrap_or_else(|| LaunchError::Ended(describe(status, &line)));
    }
    match (method, status.code()) {
        (Method::Pkexec, Some(PKEXEC_DISMISSED)) => LaunchError::Dismissed,
        // Whoever asked for the password speaks, of passwords and rights; the helper has not run.
        (Method::Pkexec, Some(PKEXEC_NOT_ALLOWED)) | (Method::Sudo, Some(1)) => {
            let program = if method == Method::Sudo { "sudo" } else { "pkexec" };
            LaunchError::NotAllowed(match process.last_words() {
                words if words.is_empty() => format!("{program} gave no reason"),
                words => words,
            })
        }
        _ => LaunchError::Ended(process.obituary(status)),
    }
}

fn hear<T: serde::de::DeserializeOwned>(
    mut stream: &UnixStream,
    decoder: &mut Decoder,
) -> Result<T, LaunchError> {
    let mut buffer = [0; 4096];
    loop {
        if let Some(message) = decoder.message()? {
            return Ok(message);
        }
        match stream.read(&mut buffer) {
            Ok(0) => return Err(at("hearing its greeting")(io::ErrorKind::UnexpectedEof.into())),
            Ok(count) => decoder.feed(buffer.get(..count).unwrap_or_default()),
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            Err(err) => return Err(at("hearing its greeting")(err)),
        }
    }
}

fn say<T: serde::Serialize>(stream: &UnixStream, message: &T) -> Result<(), LaunchError> {
    send(stream, message).map_err(|err| match err {
        SessionError::Protocol(err) => LaunchError::Protocol(err),
        SessionError::Pipe(source) => LaunchError::Os { step: "greeting it", source },
        SessionError::HelperEnded(sentence) | SessionError::Failed(sentence) => LaunchError::Ended(sentence),
    })
}

fn at(step: &'static str) -> impl FnOnce(io::Error) -> LaunchError {
    move |source| LaunchError::Os { step, source }
}

/// A fresh folder that only this user can enter, gone when dropped.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn create() -> Result<Self, LaunchError> {
        let us = geteuid().as_raw();
        // Under sudo this may still name the other user's.
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let runtime = runtime.filter(|path| fs::metadata(path).is_ok_and(|folder| folder.uid() == us));
        let parent = runtime.unwrap_or_else(std::env::temp_dir);
        let random = RandomState::new().build_hasher().finish();
        let path = parent.join(format!("crow-{}-{random:016x}", std::process::id()));
        // Fails if it exists: someone else's folder is never used.
        DirBuilder::new().mode(0o700).create(&path).map_err(at("making a folder for its pipe"))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing is lost if this fails: an empty folder stays until the system is restarted.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests;
