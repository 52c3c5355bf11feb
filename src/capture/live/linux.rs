//! Live capture on Linux: one packet socket over all interfaces, read through libpcap's ring.

use std::os::fd::{AsFd, BorrowedFd};

use nix::ifaddrs::getifaddrs;
use pcap::{Active, Capture, Linktype, Precision};

use super::{Counts, Error, Nature, refused, words};
use crate::capture::Frame;
use crate::event::InterfaceId;
use crate::time::Timestamp;
use crate::wire::LinkType;

/// The ring that packets wait in. At the snap length below it holds 50 ms of 1 Gbit/s in full-size
/// packets and a quarter of a second of 200 000 small ones a second.
const RING_BYTES: i32 = 8 << 20;

/// How much of each packet is copied. A TLS greeting with post-quantum keys is 1.7 to 2.2 kB, leaves
/// the sender as one segment, and may name the server in its last bytes; so 2 kB would be too little.
const SNAP_BYTES: i32 = 4096;

/// How long the kernel may hold a packet back to hand over several at once. A process that makes a
/// connection of 20 ms must still have its socket when its first packet is seen, so 10 ms; that costs at
/// most 100 wake-ups a second while there is traffic, and none while there is not.
const RETIRE_MS: i32 = 10;

/// The index of the loopback interface in every network namespace (Linux `net/net_namespace.h`, `LOOPBACK_IFINDEX`).
const LOOPBACK: u32 = 1;

/// An open capture.
pub struct Live {
    capture: Capture<Active>,
    link: LinkType,
    only: Option<Only>,
    received: u64,
    dropped: u64,
    /// libpcap's own count of drops, which wraps.
    last_dropped: u32,
}

/// The one interface that is wanted.
struct Only {
    name: String,
    /// Its index while it exists.
    index: Option<u32>,
}

/// Opens the capture on all interfaces, or on the one that `interface` names.
///
/// Even for one interface the socket is bound to none and a kernel filter picks the interface: so
/// each frame says which way it went, the choice can change after root has been given up, and an interface
/// that goes and comes back is found again without opening anything.
///
/// # Errors
///
/// [`Error::NoSuchInterface`], [`Error::NoPermission`] or, in libpcap's words, [`Error::Open`].
pub fn open(interface: Option<&str>) -> Result<Live, Error> {
    let only = find(interface)?;
    let mut capture = activate("any")?;
    let link = if capture.set_datalink(Linktype::LINUX_SLL2).is_ok() {
        LinkType::LINUX_SLL2
    } else if let Some(only) = &only {
        // libpcap before 1.10 (December 2020) knows no interface index in a frame.
        capture = activate(&only.name)?;
        link_of(&capture)?
    } else {
        link_of(&capture)?
    };
    let mut live = Live { capture, link, only, received: 0, dropped: 0, last_dropped: 0 };
    live.install_filter()?;
    Ok(live)
}

impl Live {
    /// What to poll for readability.
    #[must_use]
    pub fn poll_fd(&self) -> BorrowedFd<'_> {
        self.capture.as_fd()
    }

    /// Hands over at most `max` frames that wait, and returns how many; never blocks.
    ///
    /// # Errors
    ///
    /// [`Error::Read`]: no more frames will come.
    pub fn drain(&mut self, max: usize, mut each: impl FnMut(&Frame<'_>)) -> Result<usize, Error> {
        let link = self.link;
        let interface = InterfaceId(self.only.as_ref().and_then(|only| only.index).unwrap_or(0));
        let count = self
            .capture
            .dispatch(Some(max), |packet| {
                each(&Frame {
                    time: timestamp(&packet),
                    interface,
                    link,
                    wire_len: packet.header.len,
                    bytes: packet.data,
                    direction: None,
                    tag: None,
                });
            })
            .map_err(|err| Error::Read(words(&err)))?;
        self.received = self.received.saturating_add(count as u64);
        Ok(count)
    }

    /// The counts since the capture was opened.
    ///
    /// # Errors
    ///
    /// [`Error::Read`] when the kernel does not tell.
    pub fn counts(&mut self) -> Result<Counts, Error> {
        let stat = self.capture.stats().map_err(|err| Error::Read(words(&err)))?;
        // What the kernel calls received includes what it dropped and the second copy of each loopback
        // packet; so received is what arrived here.
        self.dropped += u64::from(stat.dropped.wrapping_sub(self.last_dropped));
        self.last_dropped = stat.dropped;
        Ok(Counts { received: self.received, dropped: self.dropped })
    }

    /// What the capture turned out to be.
    #[must_use]
    pub const fn nature(&self) -> Nature {
        Nature { link: self.link.0, header_bytes: None }
    }

    /// Captures on another interface, or on all, from now on. The counts go on.
    ///
    /// # Errors
    ///
    /// As for [`open`]; the capture stays as it was.
    pub fn select(&mut self, interface: Option<&str>) -> Result<(), Error> {
        if self.link != LinkType::LINUX_SLL2 {
            return Err(Error::Open("this libpcap is too old to change the interface".to_owned()));
        }
        let before = std::mem::replace(&mut self.only, find(interface)?);
        self.install_filter().inspect_err(|_| self.only = before)
    }

    /// Looks whether the one wanted interface is still there, or there again; to be called once a
    /// second. Says so in one sentence when that changed.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] when the filter for the new interface is refused.
    pub fn check_interface(&mut self) -> Result<Option<String>, Error> {
        let Some(only) = &mut self.only else { return Ok(None) };
        let Ok(all) = interfaces() else { return Ok(None) };
        let now = all.iter().find(|(name, _)| *name == only.name).map(|(_, index)| *index);
        if now == only.index {
            return Ok(None);
        }
        only.index = now;
        let name = only.name.clone();
        if now.is_none() {
            return Ok(Some(format!("the interface {name} is gone; counting goes on when it comes back")));
        }
        if self.link == LinkType::LINUX_SLL2 {
            self.install_filter()?;
        }
        Ok(Some(format!("the interface {name} is back, and counting goes on")))
    }

    /// Installs the kernel's filter. It is never none at all: the kernel applies the snap length through
    /// the filter program, and without one it copies whole packets, 64 kB ones too.
    ///
    /// A loopback packet comes by twice, on its way out and in. libpcap leaves out the first when it reads; the kernel
    /// has to leave it out already, or it takes half of the ring, and is counted as lost where the ring is full.
    fn install_filter(&mut self) -> Result<(), Error> {
        let index = self.only.as_ref().and_then(|only| only.index);
        let program = match index {
            _ if self.link != LinkType::LINUX_SLL2 => String::new(),
            None => format!("not (ifindex {LOOPBACK} and outbound)"),
            Some(LOOPBACK) => format!("ifindex {LOOPBACK} and not outbound"),
            Some(index) => format!("ifindex {index}"),
        };
        self.capture.filter(&program, true).map_err(|err| Error::Open(words(&err)))
    }
}

/// A capture handle in the state that every capture of Crow's is in.
///
/// Immediate mode stays off: it would make the kernel wake the reader for each packet. Reading does not
/// block: the kernel never retires an empty block, so a blocking read on a silent interface would not return.
fn activate(device: &str) -> Result<Capture<Active>, Error> {
    Capture::from_device(device)
        .map_err(|err| refused(&err))?
        .promisc(false)
        .buffer_size(RING_BYTES)
        .snaplen(SNAP_BYTES)
        .timeout(RETIRE_MS)
        .precision(Precision::Nano)
        .open()
        .map_err(|err| refused(&err))?
        .setnonblock()
        .map_err(|err| refused(&err))
}

/// The `LINKTYPE_` number of a capture. libpcap's `DLT_` numbers are the same but for raw IP
/// (<https://www.tcpdump.org/linktypes.html>), which is 12 on Linux and which [`LinkType`] knows.
fn link_of(capture: &Capture<Active>) -> Result<LinkType, Error> {
    let number = capture.get_datalink().0;
    u16::try_from(number)
        .map(LinkType)
        .map_err(|_| Error::Open(format!("its link type {number} is not one that Crow reads")))
}

/// The packet's time. The nanosecond precision asked for fills the field named for microseconds.
fn timestamp(packet: &pcap::Packet<'_>) -> Timestamp {
    let time = packet.header.ts;
    Timestamp::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_usec).unwrap_or(0))
}

/// The interface that is asked for by name; all of them for `None` and for libpcap's own name for all.
fn find(interface: Option<&str>) -> Result<Option<Only>, Error> {
    let Some(name) = interface.filter(|name| *name != "any") else { return Ok(None) };
    let all = interfaces().map_err(|err| Error::Open(format!("the interfaces cannot be listed ({err})")))?;
    if let Some((_, index)) = all.iter().find(|(known, _)| known == name) {
        return Ok(Some(Only { name: name.to_owned(), index: Some(*index) }));
    }
    let there: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    Err(Error::NoSuchInterface { name: name.to_owned(), there: there.join(", ") })
}

/// Every interface with its index, over netlink: the only kind of socket the helper may open later.
fn interfaces() -> nix::Result<Vec<(String, u32)>> {
    let mut all: Vec<(String, u32)> = getifaddrs()?
        .filter_map(|entry| {
            let index = entry.address?.as_link_addr()?.ifindex();
            Some((entry.interface_name, u32::try_from(index).ok()?))
        })
        .collect();
    all.sort_by_key(|(_, index)| *index);
    all.dedup();
    Ok(all)
}
