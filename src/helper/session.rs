//! The app's end of a running helper: its events, orders to it, and its end.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::findings::{Findings, Trial};
use super::launch::osascript;
use super::protocol::{Decoder, Encoder, ProtocolError, ToApp, ToHelper};
use crate::event::Event;

/// A running helper. Dropping it ends the helper.
#[derive(Debug)]
pub struct Session {
    stream: UnixStream,
    decoder: Decoder,
    process: Process,
    findings: Option<Box<Findings>>,
    tried: Option<Vec<Trial>>,
}

/// Orders to a running helper, from any thread.
#[derive(Debug)]
pub struct Control {
    stream: UnixStream,
}

/// Why a session is over. Each message is a sentence for the window.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The helper's process has ended; what it was and why.
    #[error("{0}")]
    HelperEnded(String),
    /// The helper ends itself, in its own words.
    #[error("the capture has ended: {0}")]
    Failed(String),
    /// The helper makes no sense.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// The pipe failed.
    #[error("the pipe to the capture helper failed: {0}")]
    Pipe(#[from] io::Error),
}

/// The helper's process, or the one that asks for the password and then becomes it or waits for it.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) child: Child,
    /// The last line on its standard error, once that is closed.
    pub(super) last_words: Receiver<String>,
}

impl Session {
    pub(super) fn new(stream: UnixStream, decoder: Decoder, process: Process) -> Self {
        Self { stream, decoder, process, findings: None, tried: None }
    }

    /// Waits for the helper's next batch and appends it to `out`. `Ok(false)` is the end in good order: the helper
    /// was told to stop, or this end was hung up.
    ///
    /// # Errors
    ///
    /// [`SessionError`]: the session is over, and its message says why.
    pub fn read_events(&mut self, out: &mut Vec<Event>) -> Result<bool, SessionError> {
        loop {
            match self.decoder.message::<ToApp>()? {
                Some(ToApp::Events(events)) => {
                    out.extend(events);
                    return Ok(true);
                }
                Some(ToApp::Stopped) => return Ok(false),
                Some(ToApp::Failed(sentence)) => return Err(SessionError::Failed(sentence)),
                Some(ToApp::Findings(findings)) => self.findings = Some(findings),
                Some(ToApp::Tried(trials)) => self.tried = Some(trials),
                Some(ToApp::Started) => return Err(ProtocolError::OutOfTurn.into()),
                None => {}
            }
            if !self.fill()? {
                return match self.process.wait(GOODBYE) {
                    Some(status) if status.success() => Ok(false),
                    Some(status) => Err(SessionError::HelperEnded(self.process.obituary(status))),
                    None => Err(SessionError::HelperEnded("the capture helper closed its pipe".to_owned())),
                };
            }
        }
    }

    /// What the helper found out about itself, once it has said so on [`ToHelper::Probe`].
    #[must_use]
    pub fn findings(&self) -> Option<&Findings> {
        self.findings.as_deref()
    }

    /// What came of [`ToHelper::Trespass`], once the helper has said so.
    #[must_use]
    pub fn tried(&self) -> Option<&[Trial]> {
        self.tried.as_deref()
    }

    /// Sends an order.
    ///
    /// # Errors
    ///
    /// [`SessionError::Pipe`] when the helper is gone; [`Self::read_events`] then says why.
    pub fn send(&mut self, order: &ToHelper) -> Result<(), SessionError> {
        send(&self.stream, order)
    }

    /// A second handle for orders, for another thread than the one that reads.
    ///
    /// # Errors
    ///
    /// When the system has no descriptor left.
    pub fn control(&self) -> io::Result<Control> {
        Ok(Control { stream: self.stream.try_clone()? })
    }

    /// The pid of the process that was started; with sudo, that is sudo's.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.child.id()
    }

    /// Reads what is there into the decoder; false when the pipe is closed.
    fn fill(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 16 << 10];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(count) => {
                    self.decoder.feed(buffer.get(..count).unwrap_or_default());
                    return Ok(count > 0);
                }
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                // A helper that was killed with unread orders resets the pipe.
                Err(err) if err.kind() == ErrorKind::ConnectionReset => return Ok(false),
                Err(err) => return Err(err),
            }
        }
    }
}

impl Drop for Session {
    /// Hangs up, which ends the helper; waits a moment for that.
    fn drop(&mut self) {
        // Both fail only when the other end is gone already.
        let _ = self.stream.shutdown(Shutdown::Both);
        self.process.end();
    }
}

impl Control {
    /// Sends an order.
    ///
    /// # Errors
    ///
    /// [`SessionError::Pipe`] when the helper is gone.
    pub fn send(&mut self, order: &ToHelper) -> Result<(), SessionError> {
        send(&self.stream, order)
    }

    /// Ends the session: a blocked [`Session::read_events`] returns.
    pub fn hang_up(&self) {
        // Fails only when the other end is gone already.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

pub(super) fn send<T: serde::Serialize>(mut stream: &UnixStream, message: &T) -> Result<(), SessionError> {
    let mut encoder = Encoder::default();
    encoder.message(message)?;
    stream.write_all(encoder.unsent())?;
    Ok(())
}

impl Process {
    /// Waits at most `limit` for the end.
    pub(super) fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        for _ in 0..=limit.as_millis() / STEP.as_millis() {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            thread::sleep(STEP);
        }
        None
    }

    /// Waits for the end, and asks for it with force if need be and allowed: a helper that became this user can be
    /// killed by this user, a password prompt that belongs to root cannot.
    pub(super) fn end(&mut self) {
        if self.wait(GOODBYE).is_none() && self.child.kill().is_ok() {
            let _ = self.wait(GOODBYE);
        }
    }

    /// One sentence on how the process ended.
    pub(super) fn obituary(&self, status: ExitStatus) -> String {
        describe(status, &self.last_words())
    }

    /// The last line on its standard error; empty when it said nothing.
    pub(super) fn last_words(&self) -> String {
        self.last_words.recv_timeout(LAST_WORDS).unwrap_or_default()
    }
}

pub(super) fn describe(status: ExitStatus, words: &str) -> String {
    // sudo passes on that its program died of a signal as shells do: 128 and the signal's number. osascript ends
    // with status 1 and passes the shell's status on in the words.
    let shell = osascript_status(words);
    let code = shell.or(status.code());
    let signal = status.signal().or(code.filter(|code| *code > 128).map(|code| code - 128));
    if let Some(number) = signal {
        let name = Signal::try_from(number).map_or("unknown to this system", Signal::as_str);
        return format!("the capture helper was ended by signal {number} ({name}); start the capture again");
    }
    let code = code.unwrap_or_default();
    match words {
        _ if shell.is_some() => {
            format!("the capture helper ended with status {code}; start the capture again")
        }
        "" => format!("the capture helper ended with status {code} and no reason; start the capture again"),
        words => format!("the capture helper ended: {words}"),
    }
}

/// The exit status of what osascript ran, in the last line that it prints.
fn osascript_status(words: &str) -> Option<i32> {
    let number = words.contains("execution error").then(|| osascript::error_number(words))?;
    number.filter(|number| *number > 0)
}

const STEP: Duration = Duration::from_millis(10);
/// The helper ends within a second of the pipe's end.
const GOODBYE: Duration = Duration::from_millis(1500);
const LAST_WORDS: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_in_one_sentence() {
        #[rustfmt::skip]
        let cases = [
            (31, "", "the capture helper was ended by signal 31 (SIGSYS); start the capture again"),
            (137 << 8, "", "the capture helper was ended by signal 9 (SIGKILL); start the capture again"),
            (1 << 8, "no such thing", "the capture helper ended: no such thing"),
            (3 << 8, "", "the capture helper ended with status 3 and no reason; start the capture again"),
            (1 << 8, "0:99: execution error: The command exited with a non-zero status. (137)",
             "the capture helper was ended by signal 9 (SIGKILL); start the capture again"),
            (1 << 8, "0:99: execution error: The command exited with a non-zero status. (1)",
             "the capture helper ended with status 1; start the capture again"),
        ];
        for (raw, words, expected) in cases {
            // On macOS SIGSYS is 12; the number is what this test is about on Linux only.
            if cfg!(target_os = "linux") || raw != 31 {
                assert_eq!(describe(ExitStatus::from_raw(raw), words), expected);
            }
        }
    }
}
