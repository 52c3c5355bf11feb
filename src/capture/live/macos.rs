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

use super::pktap::{self, Count};
use super::{Counts, Error};
use crate::capture::Frame;
use crate::event::InterfaceId;
use crate::wire::LinkType;

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
    capture: Capture<Active>,
    link: LinkType,
    only: Option<Only>,
    /// Whether the system still lists interfaces; the sandbox may forbid that, and is not to be asked twice.
    may_list: bool,
    received: u64,
    dropped: Count,
}

/// The one interface that is wanted.
struct Only {
    name: String,
    is_there: bool,
}

/// Opens the capture. It is always one of all interfaces, also of those that come later: the kernel looks at its
/// list of types for each packet. One interface is chosen here, by the name in each packet's header: so the choice can
/// change after root has been given up, and an interface that goes and comes back is found again.
///
/// # Errors
///
/// [`Error::NoSuchInterface`], [`Error::NoPermission`], or [`Error::Open`] in libpcap's words or when what it opened is
/// not PKTAP.
pub fn open(interface: Option<&str>) -> Result<Live, Error> {
    let only = find(interface)?;
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
    let link = pktap::check_link(capture.get_datalink().0)?;
    Ok(Live { capture, link, only, may_list: true, received: 0, dropped: Count::default() })
}

impl Live {
    /// What to poll for readability.
    #[must_use]
    pub fn poll_fd(&self) -> BorrowedFd<'_> {
        self.capture.as_fd()
    }

    /// Hands over the frames of one of the kernel's buffers, and returns how many; never blocks.
    ///
    /// That may be more than `_max`, at most as many as have room in the buffer: a rest would wait in libpcap's
    /// memory, where `poll` does not see it, until another packet comes.
    ///
    /// # Errors
    ///
    /// [`Error::Read`]: no more frames will come.
    pub fn drain(&mut self, _max: usize, mut each: impl FnMut(&Frame<'_>)) -> Result<usize, Error> {
        let (link, only) = (self.link, self.only.as_ref().map(|only| only.name.as_str()));
        let mut passed: usize = 0;
        let read = self.capture.dispatch(None, |packet| {
            if !pktap::passes(only, packet.data) {
                return;
            }
            passed += 1;
            let stamp = packet.header.ts;
            each(&Frame {
                time: pktap::timestamp(stamp.tv_sec, stamp.tv_usec),
                interface: InterfaceId(0),
                link,
                wire_len: packet.header.len,
                bytes: packet.data,
                direction: None,
                tag: None,
            });
        });
        read.map_err(|err| Error::Read(super::words(&err)))?;
        self.received = self.received.saturating_add(passed as u64);
        Ok(passed)
    }

    /// The counts since the capture was opened.
    ///
    /// # Errors
    ///
    /// [`Error::Read`] when the kernel does not tell.
    pub fn counts(&mut self) -> Result<Counts, Error> {
        let stat = self.capture.stats().map_err(|err| Error::Read(super::words(&err)))?;
        Ok(Counts { received: self.received, dropped: self.dropped.update(stat.dropped) })
    }

    /// Captures on another interface, or on all, from now on. The counts go on.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchInterface`] where the system still lists interfaces; the capture stays as it was.
    pub fn select(&mut self, interface: Option<&str>) -> Result<(), Error> {
        self.only = match find(interface) {
            // Under the sandbox: a name that there is not shows nothing until there is one.
            Err(Error::Open(_)) => {
                self.may_list = false;
                interface.map(|name| Only { name: name.to_owned(), is_there: true })
            }
            found => found?,
        };
        Ok(())
    }

    /// Looks whether the one wanted interface is still there, or there again; to be called once a
    /// second. Says so in one sentence when that changed.
    ///
    /// # Errors
    ///
    /// None; the capture outlives every interface.
    pub fn check_interface(&mut self) -> Result<Option<String>, Error> {
        let Some(only) = self.only.as_mut().filter(|_| self.may_list) else { return Ok(None) };
        let Ok(all) = interfaces() else {
            self.may_list = false;
            return Ok(None);
        };
        let before = std::mem::replace(&mut only.is_there, all.contains(&only.name));
        Ok(pktap::came_or_went(&only.name, before, only.is_there))
    }
}

/// The interface that is asked for by name; all of them for `None` and for libpcap's own names for all.
fn find(interface: Option<&str>) -> Result<Option<Only>, Error> {
    let Some(name) = interface.filter(|name| !matches!(*name, "any" | "all")) else { return Ok(None) };
    let all = interfaces().map_err(|err| Error::Open(format!("the interfaces cannot be listed ({err})")))?;
    if all.iter().any(|known| known == name) {
        return Ok(Some(Only { name: name.to_owned(), is_there: true }));
    }
    Err(Error::NoSuchInterface { name: name.to_owned(), there: all.join(", ") })
}

/// The names of all interfaces.
fn interfaces() -> nix::Result<Vec<String>> {
    let mut all: Vec<String> = getifaddrs()?.map(|entry| entry.interface_name).collect();
    all.sort();
    all.dedup();
    Ok(all)
}
