//! The rules of PKTAP capture that need no Mac: which link types will do, which frames pass, how counts wrap.

use super::Error;
use crate::time::Timestamp;
use crate::wire::{LinkType, pktap};

/// Says whether the link type that libpcap reports is PKTAP: `DLT_USER2` on a Mac (xnu `bsd/net/bpf.h`), or
/// upstream libpcap's own number.
///
/// # Errors
///
/// [`Error::Open`] with what came instead. That is `DLT_RAW` (12), packets without owners, where a libpcap does not
/// know the wish for PKTAP.
pub(super) fn check_link(number: i32) -> Result<LinkType, Error> {
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
pub(super) fn passes(only: Option<&str>, frame: &[u8]) -> bool {
    only.is_none_or(|only| pktap::read(frame).map_or(true, |header| header.interface == only))
}

/// A count of the kernel's that wraps at 2³², continued without end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    total: u64,
    last: u32,
}

impl Count {
    /// The count since the beginning, when the kernel's now is `now`.
    pub(super) fn update(&mut self, now: u32) -> u64 {
        self.total = self.total.saturating_add(now.wrapping_sub(self.last).into());
        self.last = now;
        self.total
    }
}

/// What is to be said when the one wanted interface was there (or not) before and is there (or not) now.
pub(super) fn came_or_went(name: &str, was_there: bool, is_there: bool) -> Option<String> {
    match (was_there, is_there) {
        (true, false) => Some(format!("the interface {name} is gone; counting goes on when it comes back")),
        (false, true) => Some(format!("the interface {name} is back, and counting goes on")),
        _ => None,
    }
}

/// A stamp of BPF's: seconds and microseconds.
pub(super) fn timestamp(seconds: i64, micros: i32) -> Timestamp {
    let nanos = u32::try_from(micros).unwrap_or(0).saturating_mul(1000);
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

    #[test]
    fn stamps_are_microseconds() {
        assert_eq!(timestamp(7, 1), Timestamp::new(7, 1_000));
        assert_eq!(timestamp(-1, -1), Timestamp::default());
    }
}
