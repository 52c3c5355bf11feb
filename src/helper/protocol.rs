//! The pipe's language: length-prefixed frames, the greeting, and what each side may say.
//!
//! A frame is its length (u32, little-endian, at most [`MAX_FRAME_BYTES`]) and that many bytes of
//! `postcard`. The first frame each way is a [`Hello`]; both sides must be of the same build, because
//! the encoding carries no names and no field numbers.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::findings::{Findings, Trial};
use crate::event::Event;

/// The longest frame in bytes, without its length.
pub const MAX_FRAME_BYTES: usize = 1 << 20;

/// The longest interface name in bytes (`IFNAMSIZ` less its final zero, Linux `linux/if.h`).
pub const MAX_INTERFACE_NAME_BYTES: usize = 15;

/// The version of the pipe's language; raised with every change to what crosses it.
pub const PROTOCOL: u32 = 3;

const MAGIC: [u8; 8] = *b"crowpipe";
const LENGTH_BYTES: usize = 4;

/// The first frame each way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    magic: [u8; 8],
    protocol: u32,
    version: String,
    platform: String,
}

impl Hello {
    /// The greeting of this build.
    #[must_use]
    pub fn ours() -> Self {
        Self {
            magic: MAGIC,
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            platform: std::env::consts::OS.to_owned(),
        }
    }

    /// Whether the other side speaks as this build does.
    ///
    /// # Errors
    ///
    /// [`ProtocolError::NotCrow`] and [`ProtocolError::Mismatch`]; the session must end.
    pub fn check(&self) -> Result<(), ProtocolError> {
        let ours = Self::ours();
        if self.magic != ours.magic {
            return Err(ProtocolError::NotCrow);
        }
        if *self == ours {
            return Ok(());
        }
        Err(ProtocolError::Mismatch { ours: ours.describe(), theirs: self.describe() })
    }

    fn describe(&self) -> String {
        let text = format!("{} for {} (protocol {})", self.version, self.platform, self.protocol);
        // The other side chose these words, and they are shown to a person.
        text.chars().filter(|c| !c.is_control()).take(80).collect()
    }
}

/// What the helper says after its greeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToApp {
    /// The capture is open and root is given up; events follow.
    Started,
    /// What happened since the last frame.
    Events(Vec<Event>),
    /// The helper could not start or go on, and ends. One sentence.
    Failed(String),
    /// The helper ends because it was told to.
    Stopped,
    /// What the helper found out about itself; the answer to [`ToHelper::Probe`].
    Findings(Box<Findings>),
    /// What came of trying the forbidden; the answer to [`ToHelper::Trespass`], if the helper lives to give it.
    Tried(Vec<Trial>),
}

/// What the app says after its greeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToHelper {
    /// Open the capture. Must come first, and once.
    Start {
        /// On this interface only; on all when `None`.
        interface: Option<String>,
    },
    /// From now on, capture on this interface only, or on all.
    Interface(Option<String>),
    /// End.
    Stop,
    /// Say what you found out about yourself: the self-check asks.
    Probe,
    /// Try what you must not be able to do. On Linux that ends the helper.
    Trespass,
}

/// [`ToApp`] as it is written: the same encoding, with the events borrowed.
#[derive(Serialize)]
enum ToAppRef<'a> {
    #[expect(dead_code, reason = "holds the place of `ToApp::Started` in the numbering")]
    Started,
    Events(&'a [Event]),
}

/// Why the pipe cannot be used any longer. Each message is a sentence for the window.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// The greeting is not one of Crow's.
    #[error("what answered on the pipe is not Crow; reinstall Crow and its helper together")]
    NotCrow,
    /// The greeting is one of another build.
    #[error("Crow is {ours} but its helper's side is {theirs}; install both from the same release")]
    Mismatch {
        /// This side's build.
        ours: String,
        /// The other side's build.
        theirs: String,
    },
    /// A frame says that it is longer than allowed.
    #[error("a frame of {0} bytes came over the pipe, and 1048576 are allowed; start the capture again")]
    TooLong(u64),
    /// A frame's bytes are not what was expected.
    #[error("bytes that make no sense came over the pipe; start the capture again")]
    Undecodable,
    /// Something does not fit into a frame, and cannot be divided.
    #[error("one event needs {0} bytes, more than fit through the pipe; please report this")]
    Unsendable(usize),
    /// The other side said something out of turn.
    #[error("the other side of the pipe said something out of turn; start the capture again")]
    OutOfTurn,
}

/// Appends frames to a buffer of bytes that are yet to be written.
#[derive(Debug, Default)]
pub struct Encoder {
    bytes: Vec<u8>,
    /// How many of `bytes` have been written already.
    written: usize,
}

impl Encoder {
    /// Appends one message as one frame.
    ///
    /// # Errors
    ///
    /// [`ProtocolError::Unsendable`] when it is longer than a frame; nothing was appended then.
    pub fn message<T: Serialize>(&mut self, message: &T) -> Result<(), ProtocolError> {
        match self.try_frame(message) {
            Ok(()) => Ok(()),
            Err(len) => Err(ProtocolError::Unsendable(len)),
        }
    }

    /// Appends `events` in as few frames as they need, in their order.
    ///
    /// A batch that is too long for a frame is halved, and so are deltas of a single event: two
    /// [`Event::Deltas`] of one time say the same as one.
    ///
    /// # Errors
    ///
    /// [`ProtocolError::Unsendable`] when one event alone is longer than a frame and cannot be halved.
    pub fn events(&mut self, events: &[Event]) -> Result<(), ProtocolError> {
        if events.is_empty() {
            return Ok(());
        }
        let Err(len) = self.try_frame(&ToAppRef::Events(events)) else { return Ok(()) };
        match events {
            [Event::Deltas { time, deltas }] if deltas.len() > 1 => {
                let (first, second) = deltas.split_at(deltas.len() / 2);
                self.events(&[Event::Deltas { time: *time, deltas: first.to_vec() }])?;
                self.events(&[Event::Deltas { time: *time, deltas: second.to_vec() }])
            }
            [_] => Err(ProtocolError::Unsendable(len)),
            _ => {
                let (first, second) = events.split_at(events.len() / 2);
                self.events(first)?;
                self.events(second)
            }
        }
    }

    /// The bytes that are yet to be written.
    #[must_use]
    pub fn unsent(&self) -> &[u8] {
        self.bytes.get(self.written..).unwrap_or_default()
    }

    /// Notes that the first `count` bytes of [`Self::unsent`] have been written.
    pub fn sent(&mut self, count: usize) {
        self.written = self.written.saturating_add(count).min(self.bytes.len());
        if self.written == self.bytes.len() {
            self.bytes.clear();
            self.bytes.shrink_to(KEPT_BYTES);
            self.written = 0;
        } else if self.written > KEPT_BYTES {
            self.bytes.drain(..self.written);
            self.written = 0;
        }
    }

    /// Appends a frame, or leaves the buffer as it was and says how long the frame would be.
    fn try_frame<T: Serialize>(&mut self, message: &T) -> Result<(), usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; LENGTH_BYTES]);
        match postcard::to_extend(message, std::mem::take(&mut self.bytes)) {
            Ok(bytes) => self.bytes = bytes,
            // Only a type that postcard does not know fails here, and the buffer is lost with it:
            // nothing that crosses the pipe is of such a type.
            Err(_) => return Err(usize::MAX),
        }
        let len = self.bytes.len() - start - LENGTH_BYTES;
        let prefix = u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes();
        match self.bytes.get_mut(start..start + LENGTH_BYTES) {
            Some(place) if len <= MAX_FRAME_BYTES => {
                place.copy_from_slice(&prefix);
                Ok(())
            }
            _ => {
                self.bytes.truncate(start);
                Err(len)
            }
        }
    }
}

/// Collects bytes until they are whole frames.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    /// How many of `bytes` have been decoded already.
    read: usize,
}

impl Decoder {
    /// Adds bytes as they came.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.read > 0 {
            self.bytes.drain(..self.read);
            self.read = 0;
        }
        if self.bytes.is_empty() {
            self.bytes.shrink_to(KEPT_BYTES);
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message, or `None` when more bytes are needed.
    ///
    /// # Errors
    ///
    /// [`ProtocolError::TooLong`] and [`ProtocolError::Undecodable`]; the session must end.
    pub fn message<T: DeserializeOwned>(&mut self) -> Result<Option<T>, ProtocolError> {
        let rest = self.bytes.get(self.read..).unwrap_or_default();
        let Some((prefix, rest)) = rest.split_first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        let declared = u32::from_le_bytes(*prefix);
        let len = usize::try_from(declared).unwrap_or(usize::MAX);
        if len > MAX_FRAME_BYTES {
            return Err(ProtocolError::TooLong(declared.into()));
        }
        let Some(frame) = rest.get(..len) else { return Ok(None) };
        let (message, left) =
            postcard::take_from_bytes::<T>(frame).map_err(|_| ProtocolError::Undecodable)?;
        if !left.is_empty() {
            return Err(ProtocolError::Undecodable);
        }
        self.read += LENGTH_BYTES + len;
        Ok(Some(message))
    }
}

/// Buffers give back what they hold beyond this when they run empty.
const KEPT_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests;
