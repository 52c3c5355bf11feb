//! What `sysctl` `kern.proc.pid` says of every user's processes: here, when one started.
//!
//! Layout: `struct kinfo_proc` in xnu `bsd/sys/sysctl.h`, which begins with `struct extern_proc` (`bsd/sys/proc.h`), which
//! begins with a union whose `p_starttime` is filled in (`fill_user64_externproc`, `bsd/kern/kern_sysctl.c`).

use crate::time::Timestamp;

/// The length of `struct kinfo_proc`.
pub const KINFO_PROC_LEN: usize = 648;

const P_STARTTIME_SEC: usize = 0; //   i64
const P_STARTTIME_USEC: usize = 8; //  i32

/// When the process started; `None` when the structure does not say.
#[must_use]
pub fn started(info: &[u8; KINFO_PROC_LEN]) -> Option<Timestamp> {
    let seconds = i64::from_le_bytes(*info.get(P_STARTTIME_SEC..)?.first_chunk()?);
    let micros = i32::from_le_bytes(*info.get(P_STARTTIME_USEC..)?.first_chunk()?);
    timestamp(u64::try_from(seconds).ok()?, u64::try_from(micros).ok()?)
}

/// The moment of a `struct timeval`; `None` for zero, which no process of this kernel started at.
#[must_use]
pub fn timestamp(seconds: u64, micros: u64) -> Option<Timestamp> {
    let nanos = u32::try_from(micros).ok().filter(|micros| *micros < 1_000_000)? * 1_000;
    (seconds != 0).then(|| Timestamp::new(seconds, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_read_to_the_microsecond() {
        let info = |seconds: i64, micros: i32| {
            let mut info = [0xff; KINFO_PROC_LEN];
            info[..8].copy_from_slice(&seconds.to_le_bytes());
            info[8..12].copy_from_slice(&micros.to_le_bytes());
            started(&info)
        };
        assert_eq!(info(1_790_000_000, 123_456), Some(Timestamp::new(1_790_000_000, 123_456_000)));
        for (seconds, micros) in [(0, 0), (-1, 0), (7, -1), (7, 1_000_000), (0, 5)] {
            assert_eq!(info(seconds, micros), None, "{seconds} {micros}");
        }
    }
}
