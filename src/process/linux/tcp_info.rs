//! What the kernel knows of a TCP connection: `struct tcp_info`, of which each newer kernel tells more.
//!
//! Layout: Linux `include/uapi/linux/tcp.h`; integers in the host's byte order. Fields are appended and never
//! moved, so a field that the answer is too short for is one that this kernel does not have.

use crate::event::TcpState;

// Offset in bytes                          type, meaning
const TCPI_RTT: usize = 68; //              u32, smoothed round-trip time in microseconds
const TCPI_TOTAL_RETRANS: usize = 100; //   u32, segments sent again
const TCPI_BYTES_ACKED: usize = 120; //     u64, payload that the other end has acknowledged, and 1 for its SYN (4.1)
const TCPI_BYTES_RECEIVED: usize = 128; //  u64, payload received in order, and 1 for the other end's FIN (4.1)
const TCPI_SEGS_OUT: usize = 136; //        u32, segments sent (4.2)
const TCPI_SEGS_IN: usize = 140; //         u32, segments received (4.2)
const TCPI_BYTES_SENT: usize = 200; //      u64, payload sent, what was sent again included (4.19)

/// What Crow reads of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TcpInfo {
    /// Microseconds; 0 when nothing was measured.
    pub(super) rtt_us: u32,
    /// Segments sent again.
    pub(super) retransmits: u32,
    /// Payload bytes received.
    pub(super) rx_bytes: u64,
    /// Payload bytes sent; on kernels before 4.19 those that were acknowledged.
    pub(super) tx_bytes: u64,
    /// Segments received.
    pub(super) rx_segments: u32,
    /// Segments sent.
    pub(super) tx_segments: u32,
}

impl TcpInfo {
    /// Reads the structure; `None` from a kernel that does not count bytes.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let acked = u64_at(bytes, TCPI_BYTES_ACKED)?;
        Some(Self {
            rtt_us: u32_at(bytes, TCPI_RTT)?,
            retransmits: u32_at(bytes, TCPI_TOTAL_RETRANS)?,
            rx_bytes: u64_at(bytes, TCPI_BYTES_RECEIVED)?,
            tx_bytes: u64_at(bytes, TCPI_BYTES_SENT).unwrap_or(acked),
            rx_segments: u32_at(bytes, TCPI_SEGS_IN).unwrap_or(0),
            tx_segments: u32_at(bytes, TCPI_SEGS_OUT).unwrap_or(0),
        })
    }
}

/// A state of `include/net/tcp_states.h` that belongs to a connection.
pub(super) const fn state(number: u8) -> Option<TcpState> {
    match number {
        1 => Some(TcpState::Established),
        2 => Some(TcpState::SynSent),
        // TCP_NEW_SYN_RECV, 12, is a request that has no socket of its own.
        3 | 12 => Some(TcpState::SynReceived),
        4 => Some(TcpState::FinWait1),
        5 => Some(TcpState::FinWait2),
        6 => Some(TcpState::TimeWait),
        8 => Some(TcpState::CloseWait),
        9 => Some(TcpState::LastAck),
        11 => Some(TcpState::Closing),
        _ => None,
    }
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..)?.first_chunk().copied().map(u32::from_ne_bytes)
}

fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    bytes.get(offset..)?.first_chunk().copied().map(u64::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    /// The C library's view, which ends with `tcpi_total_retrans`.
    #[test]
    fn offsets_are_those_of_the_c_library() {
        assert_eq!(TCPI_RTT, offset_of!(libc::tcp_info, tcpi_rtt));
        assert_eq!(TCPI_TOTAL_RETRANS, offset_of!(libc::tcp_info, tcpi_total_retrans));
    }

    #[test]
    fn an_older_kernel_tells_less() {
        // Each byte is its own place, so that a wrong offset reads another number.
        let whole: Vec<u8> = (0..240).collect();
        let u32_of = |at: u8| u32::from_ne_bytes([at, at + 1, at + 2, at + 3]);
        let u64_of =
            |at: u8| u64::from_ne_bytes(std::array::from_fn(|place| at + u8::try_from(place).unwrap_or(0)));
        let all = TcpInfo {
            rtt_us: u32_of(68),
            retransmits: u32_of(100),
            rx_bytes: u64_of(128),
            tx_bytes: u64_of(200),
            rx_segments: u32_of(140),
            tx_segments: u32_of(136),
        };
        for len in 0..=whole.len() {
            let read = whole.get(..len).and_then(TcpInfo::read);
            let expected = match len {
                ..136 => None,
                136..140 => Some(TcpInfo { tx_bytes: u64_of(120), rx_segments: 0, tx_segments: 0, ..all }),
                140..144 => Some(TcpInfo { tx_bytes: u64_of(120), rx_segments: 0, ..all }),
                144..208 => Some(TcpInfo { tx_bytes: u64_of(120), ..all }),
                _ => Some(all),
            };
            assert_eq!(read, expected, "{len} bytes");
        }
    }
}
