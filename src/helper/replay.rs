//! The helper's life with a recording in the place of the device: everything from the greeting to the last event is
//! the shipped helper's, and it needs no right.

use std::path::Path;

use super::findings::Start;
use super::macos::engine::engine;
use super::protocol::ToApp;
use super::run::{Arguments, Error, live};
use super::serve::{Pipe, Source, serve};
use crate::capture::Frame;
use crate::capture::live::{Counts, Error as CaptureError, Nature, Replay};
use crate::time::Timestamp;

/// What is played.
#[derive(Clone, Copy, Debug)]
pub struct Recording<'a> {
    /// A pcap file of PKTAP frames.
    pub file: &'a Path,
    /// The interfaces that there are.
    pub interfaces: &'a [&'a str],
    /// How many packets the kernel had to drop.
    pub drops: u32,
    /// When the first packet is to have come.
    pub now: Timestamp,
}

/// Connects to the app, greets it, and sends what the macOS helper would send if these packets came from the network.
///
/// # Errors
///
/// As the helper's own [`super::run::run`].
pub fn replay(arguments: &Arguments, recording: &Recording<'_>) -> Result<(), Error> {
    live(arguments, |greeter, interface| {
        let interfaces = recording.interfaces.iter().map(|&name| name.to_owned()).collect();
        let source = Replay::open(recording.file, interfaces, interface, recording.now)?;
        greeter.say(&ToApp::Started)?;
        let decoder = std::mem::take(&mut greeter.decoder);
        let pipe = Pipe { stream: &greeter.stream, decoder, signals: None, start: Start::look() };
        serve(pipe, &mut source.with_drops(recording.drops), &mut engine())?;
        Ok(())
    })
}

impl Source for Replay {
    fn poll_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.poll_fd()
    }

    fn drain(&mut self, _max: usize, each: &mut dyn FnMut(&Frame<'_>)) -> Result<usize, CaptureError> {
        self.drain(each)
    }

    fn counts(&mut self) -> Result<Counts, CaptureError> {
        Ok(self.counts())
    }

    fn check_interface(&mut self) -> Result<Option<String>, CaptureError> {
        Ok(self.check_interface())
    }

    fn select(&mut self, interface: Option<&str>) -> Result<(), CaptureError> {
        self.select(interface)
    }

    fn nature(&self) -> Nature {
        self.nature()
    }
}
