//! What the helper's program does: its arguments, its way to the app, and the order in which it gives up root.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::findings::Start;
#[cfg(target_os = "macos")]
use super::macos::{copy, privileges};
use super::peer::Peer;
#[cfg(target_os = "linux")]
use super::privileges;
use super::protocol::{Decoder, Encoder, Hello, MAX_INTERFACE_NAME_BYTES, ProtocolError, ToApp, ToHelper};
use super::serve::ServeError;
use crate::capture::live;

/// How long the app may take to say which interface.
const GREETING: Duration = Duration::from_secs(10);

/// The helper's command line: `--socket PATH --uid N --gid N --pid N`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arguments {
    /// Where the app listens.
    pub socket: PathBuf,
    /// The app's user, which the helper becomes.
    pub uid: u32,
    /// The app's group, which the helper becomes.
    pub gid: u32,
    /// The app's pid.
    pub pid: i32,
}

/// Why the helper ends with a failure. Each message is a sentence on standard error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line is wrong.
    #[error("{0}; crow-helper is started by Crow and not by hand")]
    Usage(String),
    /// The app cannot be reached.
    #[error("the app cannot be reached at {path}: {source}")]
    Connect {
        /// Where it should listen.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Who listens is not who started the helper.
    #[error("the process that listens (pid {}, user {}) is not the one that asked for this helper", .0.pid, .0.uid)]
    WrongApp(Peer),
    /// The helper would not get the rights it needs, or would keep too many.
    #[error("a helper with file capabilities runs for its own user only, and this is user {0}")]
    WrongUser(u32),
    /// The pipe failed before the capture began.
    #[error("the pipe to the app failed: {0}")]
    Pipe(io::Error),
    /// The app made no sense.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// No interface can have that name.
    #[error(
        "an interface's name has at most {MAX_INTERFACE_NAME_BYTES} bytes; give one that the system lists"
    )]
    LongName,
    /// The interface cannot be captured.
    #[error(transparent)]
    Capture(#[from] live::Error),
    /// Root could not be given up.
    #[error(transparent)]
    Privileges(#[from] privileges::Error),
    /// The capture or the pipe ended in disorder.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

impl Error {
    /// The exit status: 2 for a wrong command line, else 1.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        if matches!(self, Self::Usage(_)) { 2 } else { 1 }
    }
}

impl Arguments {
    /// Reads the command line without the program's name.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] for anything but the four options, each once.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Error> {
        let (mut socket, mut uid, mut gid, mut pid) = (None, None, None, None);
        let mut arguments = arguments.into_iter();
        while let Some(name) = arguments.next() {
            let name = name.to_string_lossy().into_owned();
            let value = arguments.next().ok_or_else(|| Error::Usage(format!("{name} lacks its value")))?;
            let again = match name.as_str() {
                "--socket" => socket.replace(PathBuf::from(value)).is_some(),
                "--uid" => uid.replace(number(&name, &value)?).is_some(),
                "--gid" => gid.replace(number(&name, &value)?).is_some(),
                "--pid" => pid.replace(number(&name, &value)?).is_some(),
                _ => return Err(Error::Usage(format!("{name:?} is not an option"))),
            };
            if again {
                return Err(Error::Usage(format!("{name} is given twice")));
            }
        }
        let missing = |name: &str| Error::Usage(format!("{name} is missing"));
        let socket = socket.ok_or_else(|| missing("--socket"))?;
        if !socket.is_absolute() {
            return Err(Error::Usage("the value of --socket is not an absolute path".to_owned()));
        }
        let pid = pid.and_then(|pid| i32::try_from(pid).ok()).filter(|pid| *pid > 0);
        Ok(Self {
            socket,
            uid: uid.ok_or_else(|| missing("--uid"))?,
            gid: gid.ok_or_else(|| missing("--gid"))?,
            pid: pid.ok_or_else(|| missing("a pid greater than 0 for --pid"))?,
        })
    }
}

/// A user, group or process number; the highest one means "none" to the system.
fn number(name: &str, value: &OsString) -> Result<u32, Error> {
    let number = value.to_str().and_then(|text| text.parse().ok()).filter(|number| *number != u32::MAX);
    number.ok_or_else(|| Error::Usage(format!("the value of {name} is not a number that it takes")))
}

/// How many steps of niceness the helper runs before other programs. It needs little time but needs it soon: behind
/// a busy compiler it found the owners of 1 in 5 connections of 20 ms, and the ring ran over; with this 9 in 10.
#[cfg(target_os = "linux")]
const HASTE: u8 = 10;

/// The whole life of the helper.
///
/// # Errors
///
/// [`Error`], which the app has been told too if it could be reached.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    #[cfg(target_os = "macos")]
    if let Ok(program) = std::env::current_exe() {
        // What stays if this fails is a program that only root can see, and not worth giving up for.
        let _ = copy::remove(&program, copy::ROOTS_FOLDER.as_ref());
    }
    let start = Start::look();
    live(arguments, |greeter, interface| capture(arguments, greeter, (interface, start)))
}

/// From the greeting to the end: `capture` opens the source, says that it has started, and serves.
pub(super) fn live(
    arguments: &Arguments,
    capture: impl FnOnce(&mut Greeter, Option<&str>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut greeter = Greeter::connect(arguments)?;
    let result = greeter.hear_start().and_then(|interface| capture(&mut greeter, interface.as_deref()));
    if let Err(err) = &result
        && !matches!(err, Error::Serve(_))
    {
        // The app shows this sentence; that it cannot be told is no worse than that it was not.
        let _ = greeter.say(&ToApp::Failed(err.to_string()));
    }
    result
}

#[cfg(target_os = "linux")]
fn capture(
    arguments: &Arguments,
    greeter: &mut Greeter,
    (interface, start): (Option<&str>, Start),
) -> Result<(), Error> {
    use std::os::fd::AsFd;

    use nix::sys::signal::{SigSet, Signal};
    use nix::sys::signalfd::{SfdFlags, SignalFd};

    use super::engine::engine;
    use super::serve::{Pipe, serve};
    use crate::process::linux::events::KernelEvents;

    let mut live = live::open(interface)?;
    let events = KernelEvents::open();
    let system = |errno: nix::Error| Error::Pipe(errno.into());
    let endings = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]);
    endings.thread_block().map_err(system)?;
    let signals = SignalFd::with_flags(&endings, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC);
    let signals = signals.map_err(system)?;
    super::ffi::hurry(HASTE);
    privileges::drop_for_good(arguments.uid, arguments.gid, live.poll_fd())?;
    greeter.say(&ToApp::Started)?;
    let pipe = Pipe {
        stream: &greeter.stream,
        decoder: std::mem::take(&mut greeter.decoder),
        signals: Some(signals.as_fd()),
        start,
    };
    serve(pipe, &mut live, &mut engine(events))?;
    Ok(())
}

#[cfg(target_os = "macos")]
fn capture(
    arguments: &Arguments,
    greeter: &mut Greeter,
    (interface, start): (Option<&str>, Start),
) -> Result<(), Error> {
    use super::macos::engine::engine;
    use super::serve::{Pipe, serve};

    let mut live = live::open(interface)?;
    privileges::drop_for_good(arguments.uid, arguments.gid)?;
    greeter.say(&ToApp::Started)?;
    // A signal ends the process at once. That loses at most the current tick; the pipe's end tells the app.
    let pipe =
        Pipe { stream: &greeter.stream, decoder: std::mem::take(&mut greeter.decoder), signals: None, start };
    serve(pipe, &mut live, &mut engine())?;
    Ok(())
}

/// The pipe before the capture begins.
pub(super) struct Greeter {
    pub(super) stream: UnixStream,
    pub(super) decoder: Decoder,
}

impl Greeter {
    /// Connects to the app, checks that it is the one that started this helper, and greets it.
    fn connect(arguments: &Arguments) -> Result<Self, Error> {
        let us = nix::unistd::geteuid();
        if !us.is_root() && us.as_raw() != arguments.uid {
            return Err(Error::WrongUser(us.as_raw()));
        }
        let stream = UnixStream::connect(&arguments.socket)
            .map_err(|source| Error::Connect { path: arguments.socket.clone(), source })?;
        let app = Peer::of(&stream).map_err(|errno| Error::Pipe(errno.into()))?;
        if (Peer { uid: arguments.uid, pid: arguments.pid }) != app {
            return Err(Error::WrongApp(app));
        }
        stream.set_read_timeout(Some(GREETING)).map_err(Error::Pipe)?;
        stream.set_write_timeout(Some(GREETING)).map_err(Error::Pipe)?;
        let mut greeter = Self { stream, decoder: Decoder::default() };
        greeter.say(&Hello::ours())?;
        greeter.hear::<Hello>()?.check()?;
        Ok(greeter)
    }

    /// Which interface is to be captured.
    fn hear_start(&mut self) -> Result<Option<String>, Error> {
        let ToHelper::Start { interface } = self.hear()? else {
            return Err(ProtocolError::OutOfTurn.into());
        };
        if interface.as_ref().is_some_and(|name| name.len() > MAX_INTERFACE_NAME_BYTES) {
            return Err(Error::LongName);
        }
        Ok(interface)
    }

    fn hear<T: DeserializeOwned>(&mut self) -> Result<T, Error> {
        let mut buffer = [0; 1024];
        loop {
            if let Some(message) = self.decoder.message()? {
                return Ok(message);
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(Error::Pipe(io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => self.decoder.feed(buffer.get(..count).unwrap_or_default()),
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(Error::Pipe(err)),
            }
        }
    }

    pub(super) fn say<T: serde::Serialize>(&mut self, message: &T) -> Result<(), Error> {
        let mut encoder = Encoder::default();
        encoder.message(message)?;
        self.stream.write_all(encoder.unsent()).map_err(Error::Pipe)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn parse(line: &str) -> Result<Arguments, String> {
        Arguments::parse(line.split_whitespace().map(OsString::from)).map_err(|err| {
            assert_eq!(err.exit_status(), 2);
            err.to_string()
        })
    }

    #[test]
    fn the_four_options_are_read_in_any_order() {
        let expected = Arguments { socket: "/run/x/s".into(), uid: 1000, gid: 100, pid: 77 };
        assert_eq!(parse("--socket /run/x/s --uid 1000 --gid 100 --pid 77").unwrap(), expected);
        assert_eq!(parse("--pid 77 --gid 100 --uid 1000 --socket /run/x/s").unwrap(), expected);
    }

    #[test]
    fn anything_else_is_refused_with_one_sentence() {
        #[rustfmt::skip]
        let cases = [
            ("", "--socket is missing"),
            ("--socket s --uid 1 --gid 1 --pid 1", "the value of --socket is not an absolute path"),
            ("--socket /s --uid 1 --gid 1", "a pid greater than 0 for --pid is missing"),
            ("--socket /s --uid 1 --gid 1 --pid 0", "a pid greater than 0 for --pid is missing"),
            ("--socket /s --uid 1 --gid 1 --pid 4294967294", "a pid greater than 0 for --pid is missing"),
            ("--socket /s --uid -1 --gid 1 --pid 1", "the value of --uid is not a number that it takes"),
            ("--socket /s --uid 4294967295 --gid 1 --pid 1", "the value of --uid is not a number that it takes"),
            ("--uid 1 --uid 2", "--uid is given twice"),
            ("--uid", "--uid lacks its value"),
            ("--help me", "\"--help\" is not an option"),
        ];
        for (line, reason) in cases {
            let expected = format!("{reason}; crow-helper is started by Crow and not by hand");
            assert_eq!(parse(line), Err(expected), "{line}");
        }
    }
}
