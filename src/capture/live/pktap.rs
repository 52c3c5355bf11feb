//! PKTAP capture as far as it needs no Mac: which link types will do, which frames pass, how counts wrap, and how
//! interfaces come and go. The device behind it is the Mac's; a recording can stand in its place.

use pcap::{Activated, Capture};

use super::{Error, Nature, words};
use crate::capture::Frame;
use crate::event::InterfaceId;
use crate::time::Timestamp;
use crate::wire::{LinkType, pktap};

/// Names the interfaces that there are.
pub(super) type Lister = Box<dyn FnMut() -> Result<Vec<String>, String> + Send>;

/// A PKTAP capture: libpcap's handle, the choice of the interface, and the counts.
pub(super) struct Tap<T: Activated> {
    capture: Capture<T>,
    link: LinkType,
    only: Option<Only>,
    list: Lister,
    /// Whether the system still lists interfaces; the sandbox may forbid that, and is not to be asked twice.
    may_list: bool,
    received: u64,
    dropped: Count,
    /// The shortest and the longest header seen.
    header_bytes: Option<(u32, u32)>,
}

/// The one interface that is wanted.
struct Only {
    name: String,
    is_there: bool,
}

impl<T: Activated> Tap<T> {
    /// Takes over what libpcap has opened, if that is PKTAP. One interface is chosen here and not in the kernel, by the
    /// name in each packet's header: so the choice can change after root has been given up, and an interface that goes
    /// and comes back is found again.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchInterface`], or [`Error::Open`] when the link type is another one.
    pub(super) fn new(capture: Capture<T>, mut list: Lister, interface: Option<&str>) -> Result<Self, Error> {
        let only = find(interface, &mut list)?;
        let link = check_link(capture.get_datalink().0)?;
        Ok(Self {
            capture,
            link,
            only,
            list,
            may_list: true,
            received: 0,
            dropped: Count::default(),
            header_bytes: None,
        })
    }

    /// libpcap's handle.
    #[cfg(target_os = "macos")]
    pub(super) const fn capture(&self) -> &Capture<T> {
        &self.capture
    }

    /// Hands over the frames that wait, and returns how many; never blocks.
    ///
    /// That is all of one of the kernel's buffers: a rest would wait in libpcap's memory, where `poll` does not see it,
    /// until another packet comes.
    ///
    /// # Errors
    ///
    /// [`Error::Read`]: no more frames will come.
    pub(super) fn drain(&mut self, mut each: impl FnMut(&Frame<'_>)) -> Result<usize, Error> {
        let Self { capture, link, only, received, header_bytes, .. } = self;
        let only = only.as_ref().map(|only| only.name.as_str());
        let mut passed: usize = 0;
        let read = capture.dispatch(None, |packet| {
            if let Ok(header) = pktap::read(packet.data) {
                let len = u32::try_from(header.len).unwrap_or(u32::MAX);
                let (least, most) = header_bytes.unwrap_or((len, len));
                *header_bytes = Some((least.min(len), most.max(len)));
            }
            if !passes(only, packet.data) {
                return;
            }
            passed += 1;
            let stamp = packet.header.ts;
            each(&Frame {
                time: timestamp(stamp.tv_sec, stamp.tv_usec),
                interface: InterfaceId(0),
                link: *link,
                wire_len: packet.header.len,
                bytes: packet.data,
                direction: None,
                tag: None,
            });
        });
        *received = received.saturating_add(passed as u64);
        read.map_err(|err| Error::Read(words(&err)))?;
        Ok(passed)
    }

    /// The counts since the capture was opened, when the kernel's own count of drops is `dropped` now.
    pub(super) fn counts(&mut self, dropped: u32) -> super::Counts {
        super::Counts { received: self.received, dropped: self.dropped.update(dropped) }
    }

    /// The kernel's count of drops.
    ///
    /// # Errors
    ///
    /// [`Error::Read`] when the kernel does not tell; a recording never does.
    #[cfg(target_os = "macos")]
    pub(super) fn kernel_drops(&mut self) -> Result<u32, Error> {
        self.capture.stats().map(|stat| stat.dropped).map_err(|err| Error::Read(words(&err)))
    }

    /// What the capture turned out to be.
    pub(super) const fn nature(&self) -> Nature {
        Nature { link: self.link.0, header_bytes: self.header_bytes }
    }

    /// Captures on another interface, or on all, from now on. The counts go on.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchInterface`] where the system still lists interfaces; the capture stays as it was.
    pub(super) fn select(&mut self, interface: Option<&str>) -> Result<(), Error> {
        self.only = match find(interface, &mut self.list) {
            // Under the sandbox: a name that there is not shows nothing until there is one.
            Err(Error::Open(_)) => {
                self.may_list = false;
                interface.map(|name| Only { name: name.to_owned(), is_there: true })
            }
            found => found?,
        };
        Ok(())
    }

    /// Looks whether the one wanted interface is still there, or there again; one sentence when that changed.
    pub(super) fn check_interface(&mut self) -> Option<String> {
        let only = self.only.as_mut().filter(|_| self.may_list)?;
        let Ok(all) = (self.list)() else {
            self.may_list = false;
            return None;
        };
        let before = std::mem::replace(&mut only.is_there, all.contains(&only.name));
        came_or_went(&only.name, before, only.is_there)
    }
}

/// The interface that is asked for by name; all of them for `None` and for libpcap's own names for all.
fn find(interface: Option<&str>, list: &mut Lister) -> Result<Option<Only>, Error> {
    let Some(name) = interface.filter(|name| !matches!(*name, "any" | "all")) else { return Ok(None) };
    let all = list().map_err(|err| Error::Open(format!("the interfaces cannot be listed ({err})")))?;
    if all.iter().any(|known| known == name) {
        return Ok(Some(Only { name: name.to_owned(), is_there: true }));
    }
    Err(Error::NoSuchInterface { name: name.to_owned(), there: all.join(", ") })
}

/// Says whether the link type that libpcap reports is PKTAP: `DLT_USER2` on a Mac (xnu `bsd/net/bpf.h`), or
/// upstream libpcap's own number.
///
/// # Errors
///
/// [`Error::Open`] with what came instead. That is `DLT_RAW` (12), packets without owners, where a libpcap does not
/// know the wish for PKTAP.
fn check_link(number: i32) -> Result<LinkType, Error> {
    let pktap = [LinkType::PKTAP_USER2, LinkType::PKTAP];
    pktap.into_iter().find(|link| i32::from(link.0) == number).ok_or_else(|| {
        Error::Open(format!(
            "the system gave link type {number} instead of PKTAP (149 or 258), and that does not say which process a \
             packet belongs to"
        ))
    })
}

/// Whether a frame is of the interface that is wanted. A frame whose header cannot be read always passes: the meter
/// counts it as unreadable, and nothing is left out in silence.
fn passes(only: Option<&str>, frame: &[u8]) -> bool {
    only.is_none_or(|only| pktap::read(frame).map_or(true, |header| header.interface == only))
}

/// A count of the kernel's that wraps at 2³², continued without end.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    total: u64,
    last: u32,
}

impl Count {
    /// The count since the beginning, when the kernel's now is `now`.
    fn update(&mut self, now: u32) -> u64 {
        self.total = self.total.saturating_add(now.wrapping_sub(self.last).into());
        self.last = now;
        self.total
    }
}

/// What is to be said when the one wanted interface was there (or not) before and is there (or not) now.
fn came_or_went(name: &str, was_there: bool, is_there: bool) -> Option<String> {
    match (was_there, is_there) {
        (true, false) => Some(format!("the interface {name} is gone; counting goes on when it comes back")),
        (false, true) => Some(format!("the interface {name} is back, and counting goes on")),
        _ => None,
    }
}

/// A stamp of BPF's: seconds and microseconds.
fn timestamp(seconds: i64, micros: impl TryInto<u32>) -> Timestamp {
    let nanos = micros.try_into().unwrap_or(0).saturating_mul(1000);
    Timestamp::new(u64::try_from(seconds).unwrap_or(0), nanos)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    /// A v1 header of `len` bytes from interface `name` (offsets of `struct pktap_header`, xnu `bsd/net/pktap.h`).
    fn header(name: &str, len: u8) -> Vec<u8> {
        let mut bytes = vec![0; 156];
        bytes.splice(0..1, [len]);
        bytes.splice(4..5, [1]);
        bytes.splice(12..12 + name.len(), name.bytes());
        bytes.truncate(len.max(108).into());
        bytes
    }

    #[test]
    fn only_pktap_will_do() {
        assert_eq!(check_link(149), Ok(LinkType::PKTAP_USER2));
        assert_eq!(check_link(258), Ok(LinkType::PKTAP));
        for number in [12, 0, 1, -1, 149 + (1 << 16), i32::MAX] {
            let sentence = check_link(number).unwrap_err().to_string();
            assert!(sentence.contains(&format!("link type {number} instead of PKTAP")), "{sentence}");
        }
    }

    #[test]
    fn the_wanted_interface_passes_and_so_does_what_cannot_be_read() {
        for len in [108, 156] {
            let frame = header("en0", len);
            assert!(passes(None, &frame));
            assert!(passes(Some("en0"), &frame));
            for other in ["en", "en00", "en1", "", "en0 "] {
                assert!(!passes(Some(other), &frame), "{other:?}");
            }
            for cut in 0..frame.len() {
                assert!(passes(Some("en1"), frame.get(..cut).unwrap()), "{cut} bytes");
            }
        }
        assert!(passes(Some("en0"), &header("en0", 4)), "a lying length is the meter's to count");
        let full = "abcdefghijklmnopqrstuvwx";
        assert!(passes(Some(full), &header(full, 156)), "a name that fills its field");
    }

    #[test]
    fn a_count_goes_on_over_the_kernels_wrap() {
        let mut count = Count::default();
        assert_eq!(count.update(u32::MAX - 1), u64::from(u32::MAX) - 1);
        assert_eq!(count.update(u32::MAX - 1), u64::from(u32::MAX) - 1);
        assert_eq!(count.update(3), u64::from(u32::MAX) + 4);
        assert_eq!(count.update(4), u64::from(u32::MAX) + 5);
    }

    #[test]
    fn a_change_is_said_once() {
        assert_eq!(came_or_went("utun4", true, true), None);
        assert_eq!(came_or_went("utun4", false, false), None);
        assert!(came_or_went("utun4", true, false).unwrap().contains("utun4 is gone"));
        assert!(came_or_went("utun4", false, true).unwrap().contains("utun4 is back"));
    }

    /// Reads a file with libpcap, which the loader of macOS programs on Linux has not.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_wanted_interface_goes_and_comes_back_and_its_packets_are_its_own() {
        use std::sync::{Arc, Mutex};

        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/pktap/derived_en0_tcp_pktap_v1.pcap");
        let system = Arc::new(Mutex::new(Ok(vec!["en0".to_owned(), "pdp_ip0".to_owned()])));
        let answer = Arc::clone(&system);
        let list: Lister = Box::new(move || answer.lock().unwrap().clone());
        let mut tap = Tap::new(Capture::from_file(file).unwrap(), list, Some("pdp_ip0")).unwrap();
        assert_eq!(tap.check_interface(), None);
        *system.lock().unwrap() = Ok(vec!["en0".to_owned()]);
        assert!(tap.check_interface().unwrap().contains("pdp_ip0 is gone"));
        assert_eq!(tap.check_interface(), None, "once");
        assert!(tap.select(Some("utun4")).unwrap_err().to_string().contains("there are en0"));
        *system.lock().unwrap() = Ok(vec!["pdp_ip0".to_owned(), "utun4".to_owned()]);
        assert!(tap.check_interface().unwrap().contains("pdp_ip0 is back"));
        let mut names = Vec::new();
        let each = |frame: &Frame<'_>| names.push(pktap::read(frame.bytes).unwrap().interface.to_owned());
        assert_eq!(tap.drain(each).unwrap(), 7);
        assert!(names.iter().all(|name| name == "pdp_ip0"), "{names:?}");
        // In the sandbox the system may not be asked any longer: the choice stands, and nothing is said of it.
        *system.lock().unwrap() = Err("not permitted".to_owned());
        assert_eq!(tap.check_interface(), None);
        tap.select(Some("utun5")).unwrap();
        *system.lock().unwrap() = Ok(Vec::new());
        assert_eq!(tap.check_interface(), None);
    }

    #[test]
    fn stamps_are_microseconds() {
        assert_eq!(timestamp(7, 1), Timestamp::new(7, 1_000));
        assert_eq!(timestamp(-1, -1), Timestamp::default());
    }
}
