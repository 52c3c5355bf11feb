//! Live capture on macOS: one PKTAP interface over all others, whose every packet is tagged with its process.
//!
//! Root is needed to make and to set up the PKTAP interface, and not to read from it (xnu `bsd/net/pktap.c`,
//! `bsd/net/bpf.c`): so the helper opens this and then gives root up. Closing it as an ordinary user leaves the empty
//! interface `pktapN` behind, which costs nothing and which the next opening takes over.
//!
//! What a packet costs beside its reading, counted in the sources and not measured: the kernel copies its first 4 kB
//! into the filling buffer (`catchpacket` in `bsd/net/bpf.c`) and that buffer as a whole to this process (`bpfread`);
//! libpcap and `wire` read it where it then lies, and the meter copies opening bytes only. That is one copy more than
//! Linux's ring, which is mapped, and there is no way round it: BPF's shared buffers (`BIOCSETZBUF`) are `FreeBSD`'s
//! alone. System calls do not grow with packets: a `poll` and a `read` for each wake-up, of which there are at most 100
//! a second unless a buffer fills before its time is up.

use std::os::fd::{AsFd, BorrowedFd};

use nix::ifaddrs::getifaddrs;
use pcap::{Active, Capture};

use super::pktap::Tap;
use super::{Counts, Error, Nature};
use crate::capture::Frame;

/// The device that libpcap is asked for: a fresh PKTAP interface on all others. `all` must come last, and
/// it must be there: without it the kernel leaves out loopback, and libpcap may take over an interface that
/// another program left behind together with that program's choice.
const DEVICE: &str = "pktap,all";

/// The kernel's buffer, of which it keeps two: one is filled while the other is read. Each holds 30 ms of 1 Gbit/s in
/// full-size packets, three times what a read waits for.
const BUFFER_BYTES: i32 = 4 << 20;

/// How much of each packet is copied, PKTAP's 156 bytes included. A sent TLS greeting with post-quantum keys is
/// tapped before it is cut into segments, has 1.7 to 2.2 kB and may name the server in its last bytes.
const SNAP_BYTES: i32 = 4096;

/// How long the kernel may hold packets back to hand over several at once. It looks up the owner of a packet that
/// leaves by a native network card when the packet is *read* (xnu `pktap_finalize_proc_info`), and finds none when the
/// socket is closed by then. Immediate mode would read soonest and wake this process for every packet; 20 to 50 ms
/// would miss the owners of short connections. So 10 ms: at most 100 wake-ups a second while there is traffic, and none
/// while there is not, because the kernel's timer runs out once and then waits for a packet.
const READ_TIMEOUT_MS: i32 = 10;

/// An open capture.
pub struct Live {
    tap: Tap<Active>,
}

/// Opens the capture. It is always one of all interfaces, also of those that come later: the kernel looks at its
/// list of types for each packet.
///
/// # Errors
///
/// [`Error::NoSuchInterface`], [`Error::NoPermission`], or [`Error::Open`] in libpcap's words or when what it opened is
/// not PKTAP.
pub fn open(interface: Option<&str>) -> Result<Live, Error> {
    let capture = Capture::from_device(DEVICE)
        .map_err(|err| super::refused(&err))?
        .want_pktap(true)
        // PKTAP cannot be promiscuous, and libpcap would only warn of it.
        .promisc(false)
        .buffer_size(BUFFER_BYTES)
        .snaplen(SNAP_BYTES)
        .timeout(READ_TIMEOUT_MS)
        .open()
        .map_err(|err| super::refused(&err))?
        // Whether there is something to read is asked with `poll`, in which the pipe waits too; the timer above counts
        // from there.
        .setnonblock()
        .map_err(|err| super::refused(&err))?;
    Ok(Live { tap: Tap::new(capture, Box::new(interfaces), interface)? })
}

impl Live {
    /// What to poll for readability.
    #[must_use]
    pub fn poll_fd(&self) -> BorrowedFd<'_> {
        self.tap.capture().as_fd()
    }

    /// Hands over the frames of one of the kernel's buffers, and returns how many; never blocks. That may be more than
    /// `_max`, at most as many as have room in the buffer.
    ///
    /// # Errors
    ///
    /// [`Error::Read`]: no more frames will come.
    pub fn drain(&mut self, _max: usize, each: impl FnMut(&Frame<'_>)) -> Result<usize, Error> {
        self.tap.drain(each)
    }

    /// The counts since the capture was opened.
    ///
    /// # Errors
    ///
    /// [`Error::Read`] when the kernel does not tell.
    pub fn counts(&mut self) -> Result<Counts, Error> {
        let dropped = self.tap.kernel_drops()?;
        Ok(self.tap.counts(dropped))
    }

    /// What the capture turned out to be.
    #[must_use]
    pub const fn nature(&self) -> Nature {
        self.tap.nature()
    }

    /// Captures on another interface, or on all, from now on. The counts go on.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchInterface`] where the system still lists interfaces; the capture stays as it was.
    pub fn select(&mut self, interface: Option<&str>) -> Result<(), Error> {
        self.tap.select(interface)
    }

    /// Looks whether the one wanted interface is still there, or there again; to be called once a
    /// second. Says so in one sentence when that changed.
    ///
    /// # Errors
    ///
    /// None; the capture outlives every interface.
    pub fn check_interface(&mut self) -> Result<Option<String>, Error> {
        Ok(self.tap.check_interface())
    }
}

/// The names of all interfaces.
fn interfaces() -> Result<Vec<String>, String> {
    let entries = getifaddrs().map_err(|errno| errno.to_string())?;
    let mut all: Vec<String> = entries.map(|entry| entry.interface_name).collect();
    all.sort();
    all.dedup();
    Ok(all)
}
