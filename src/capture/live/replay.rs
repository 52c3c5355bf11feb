//! A PKTAP recording in the place of the device: the same reading, choosing and counting as on a Mac, on any system.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use pcap::{Capture, Offline};

use super::pktap::Tap;
use super::{Counts, Error, Nature, refused};
use crate::capture::Frame;
use crate::time::Timestamp;

/// A recording that is read as if it came from the network now. Nothing reads one but the tests: the shipped helper
/// opens devices only, since what root opens for its user must not be a file of the user's choice.
pub struct Replay {
    tap: Tap<Offline>,
    /// Readable until it has been read.
    file: File,
    /// Never readable: what a capture without traffic is like. The other end is held open.
    silence: (UnixStream, UnixStream),
    is_over: bool,
    /// The time of the first packet in the file, and the time that stands for it.
    begins: (Option<Timestamp>, Timestamp),
    drops: u32,
}

impl Replay {
    /// Opens `file`, whose first packet is to have come at `now`. The interfaces that there are, are `interfaces`.
    ///
    /// # Errors
    ///
    /// As the capture of a device: [`Error::NoSuchInterface`], and [`Error::Open`] when it is not PKTAP.
    pub fn open(
        file: &Path,
        interfaces: Vec<String>,
        interface: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let system = |err: std::io::Error| Error::Open(err.to_string());
        let capture = Capture::from_file(file).map_err(|err| refused(&err))?;
        let tap = Tap::new(capture, Box::new(move || Ok(interfaces.clone())), interface)?;
        let (file, silence) = (File::open(file).map_err(system)?, UnixStream::pair().map_err(system)?);
        Ok(Self { tap, file, silence, is_over: false, begins: (None, now), drops: 0 })
    }

    /// Says that the kernel had to drop so many packets since the capture began.
    #[must_use]
    pub fn with_drops(self, drops: u32) -> Self {
        Self { drops, ..self }
    }

    /// What to poll for readability.
    #[must_use]
    pub fn poll_fd(&self) -> BorrowedFd<'_> {
        if self.is_over { self.silence.0.as_fd() } else { self.file.as_fd() }
    }

    /// Hands over the frames of the file, and returns how many.
    ///
    /// # Errors
    ///
    /// [`Error::Read`]: no more frames will come.
    pub fn drain(&mut self, mut each: impl FnMut(&Frame<'_>)) -> Result<usize, Error> {
        let (first, now) = &mut self.begins;
        let passed = self.tap.drain(|frame| {
            let first = *first.get_or_insert(frame.time);
            let time = *now + frame.time.since(first);
            each(&Frame { time, ..*frame });
        })?;
        self.is_over = passed == 0;
        Ok(passed)
    }

    /// The counts since the capture was opened.
    pub fn counts(&mut self) -> Counts {
        self.tap.counts(self.drops)
    }

    /// What the capture turned out to be.
    #[must_use]
    pub const fn nature(&self) -> Nature {
        self.tap.nature()
    }

    /// Captures on another interface, or on all, from now on.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchInterface`]; the capture stays as it was.
    pub fn select(&mut self, interface: Option<&str>) -> Result<(), Error> {
        self.tap.select(interface)
    }

    /// Looks whether the wanted interface is still there; see the device's.
    pub fn check_interface(&mut self) -> Option<String> {
        self.tap.check_interface()
    }
}
