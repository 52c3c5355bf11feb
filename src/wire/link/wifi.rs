//! 802.11 data frames, bare and behind the headers that monitors put before them.

use super::super::cursor::Cursor;
use super::super::{Error, Result};
use super::{Link, snap};

// Frame control (IEEE 802.11-2020 §9.2.4.1).
const TYPE_MASK: u8 = 0x0c;
const DATA: u8 = 0x08;
const NO_DATA: u8 = 0x40;
const QOS: u8 = 0x80;
const BOTH_WAYS: u8 = 0x03; // to and from the distribution system: a fourth address
const PROTECTED: u8 = 0x40;
const ORDER: u8 = 0x80; // with QoS: HT control follows

/// In the first byte of `QoS` control: several frames in one (§9.2.4.5.9).
const AGGREGATED: u8 = 0x80;

/// A data frame in clear. Of an aggregated one, the first packet.
pub(super) fn frame(bytes: &[u8]) -> Result<Link<'_>> {
    padded(bytes, false)
}

/// … where the header is filled up to a multiple of four bytes, if `is_padded`.
fn padded(bytes: &[u8], is_padded: bool) -> Result<Link<'_>> {
    let mut cursor = Cursor::new(bytes);
    let [kind, flags] = cursor.array()?;
    if kind & TYPE_MASK != DATA || kind & NO_DATA != 0 || flags & PROTECTED != 0 {
        return Err(Error::Unsupported);
    }
    cursor.bytes(2 + 3 * 6)?; // duration, addresses
    let [sequence, _] = cursor.array()?;
    if sequence & 0x0f != 0 {
        return Err(Error::Unsupported); // a later fragment
    }
    if flags & BOTH_WAYS == BOTH_WAYS {
        cursor.bytes(6)?;
    }
    let mut is_aggregated = false;
    if kind & QOS != 0 {
        let [control, _] = cursor.array()?;
        is_aggregated = control & AGGREGATED != 0;
        if flags & ORDER != 0 {
            cursor.bytes(4)?;
        }
    }
    let header = bytes.len() - cursor.rest().len();
    if is_padded {
        cursor.bytes(header.next_multiple_of(4) - header)?;
    }
    if is_aggregated {
        cursor.bytes(6 + 6 + 2)?; // addresses and length of the first
    }
    snap(cursor.rest())
}

/// Behind a radiotap header (<https://www.radiotap.org>).
pub(super) fn radiotap(bytes: &[u8]) -> Result<Link<'_>> {
    const MORE_WORDS: u32 = 1 << 31;
    const HAS_TIME: u32 = 1;
    const HAS_FLAGS: u32 = 2;
    const PADDED: u8 = 0x20;
    let mut cursor = Cursor::new(bytes);
    let [version, _] = cursor.array()?;
    let len = usize::from(cursor.array().map(u16::from_le_bytes)?);
    let first = cursor.array().map(u32::from_le_bytes)?;
    if version != 0 || len < 8 {
        return Err(Error::Malformed);
    }
    let mut word = first;
    while word & MORE_WORDS != 0 {
        word = cursor.array().map(u32::from_le_bytes)?;
    }
    let mut flags_at = bytes.len() - cursor.rest().len();
    if first & HAS_TIME != 0 {
        flags_at = flags_at.next_multiple_of(8) + 8;
    }
    let flags = bytes.get(flags_at).copied().filter(|_| first & HAS_FLAGS != 0 && flags_at < len);
    padded(bytes.get(len..).ok_or(Error::Truncated)?, flags.unwrap_or(0) & PADDED != 0)
}

/// Behind a Prism or an AVS header; files of either type have both.
pub(super) fn prism(bytes: &[u8]) -> Result<Link<'_>> {
    const AVS: u32 = 0x8021_1000;
    const MAX_HEADER: u32 = 1024;
    let mut cursor = Cursor::new(bytes);
    let (magic, len) = (cursor.u32_be()?, cursor.u32_be()?);
    // Prism's numbers are in the byte order of the machine that wrote them.
    let len = if magic & 0xffff_f000 == AVS { len } else { len.min(len.swap_bytes()) };
    if len > MAX_HEADER {
        return Err(Error::Malformed);
    }
    let len = usize::try_from(len).map_err(|_| Error::Malformed)?;
    frame(bytes.get(len..).ok_or(Error::Truncated)?)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    const SNAP: [u8; 8] = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];

    fn data(kind: u8, flags: u8, rest: &[&[u8]]) -> Vec<u8> {
        let mut frame = vec![kind, flags, 0, 0];
        frame.extend([1; 18]);
        frame.extend([0x10, 0]);
        frame.extend(rest.concat());
        frame
    }

    #[test]
    fn data_frames() {
        let ip: &[u8] = b"Eip";
        #[rustfmt::skip]
        let cases = [
            ("to the network", data(0x08, 0x01, &[&SNAP, ip]), true),
            ("four addresses", data(0x08, 0x03, &[&[1; 6], &SNAP, ip]), true),
            ("with quality of service", data(0x88, 0x02, &[&[0, 0], &SNAP, ip]), true),
            ("… and HT control", data(0x88, 0x82, &[&[0, 0], &[0; 4], &SNAP, ip]), true),
            ("aggregated", data(0x88, 0x02, &[&[0x80, 0], &[2; 12], &[0, 11], &SNAP, ip]), true),
            ("bridged", data(0x08, 0x01, &[&[0xaa, 0xaa, 3, 0, 0, 0xf8, 8, 0], ip]), true),
            ("encrypted", data(0x08, 0x41, &[&SNAP, ip]), false),
            ("without data", data(0x48, 0x01, &[]), false),
            ("a beacon", data(0x80, 0x00, &[&SNAP, ip]), false),
            ("spanning tree", data(0x08, 0x01, &[&[0x42, 0x42, 3, 0, 0, 0, 8, 0], ip]), false),
        ];
        for (case, frame_bytes, is_read) in cases {
            let got = frame(&frame_bytes).map(|link| link.ip.to_vec());
            assert_eq!(got, if is_read { Ok(ip.to_vec()) } else { Err(Error::Unsupported) }, "{case}");
            for cut in 0..frame_bytes.len() {
                let _ = frame(frame_bytes.get(..cut).unwrap());
            }
        }
        let mut later = data(0x08, 0x01, &[&SNAP, ip]);
        *later.get_mut(22).unwrap() = 0x11;
        assert_eq!(frame(&later).map(|_| ()), Err(Error::Unsupported), "a later fragment");
    }

    #[test]
    fn headers_before_it() {
        let ip: &[u8] = b"Eip";
        let plain = data(0x08, 0x01, &[&SNAP, ip]);
        let odd = data(0x88, 0x02, &[&[0, 0], &[0, 0], &SNAP, ip]);
        let tap = |head: &[u8], frame: &[u8]| [head, frame].concat();
        let read = |bytes: &[u8]| radiotap(bytes).map(|link| link.ip.to_vec());
        assert_eq!(read(&tap(&[0, 0, 8, 0, 0, 0, 0, 0], &plain)).unwrap(), ip);
        let flags = [&[0, 0, 17, 0, 3, 0, 0, 0][..], &[9; 8], &[0x20]].concat();
        assert_eq!(read(&tap(&flags, &odd)).unwrap(), ip, "filled up to four bytes");
        let two = [&[0, 0, 25, 0, 3, 0, 0, 0x80][..], &[0; 4], &[0; 4], &[9; 8], &[0x20]].concat();
        let _ = read(&tap(&two, &odd));
        assert_eq!(read(&tap(&[1, 0, 8, 0, 0, 0, 0, 0], &plain)), Err(Error::Malformed));
        assert_eq!(read(&[0, 0, 200, 0, 0, 0, 0, 0]), Err(Error::Truncated));

        let avs = [&[0x80, 0x21, 0x10, 0x01, 0, 0, 0, 64][..], &[0; 56], &plain].concat();
        assert_eq!(prism(&avs).unwrap().ip, ip);
        let old = [&[0x44, 0, 0, 0, 144, 0, 0, 0][..], &[0; 136], &plain].concat();
        assert_eq!(prism(&old).unwrap().ip, ip);
        assert_eq!(prism(&[0; 7]).map(|_| ()), Err(Error::Truncated));
        assert_eq!(prism(&[9; 80]).map(|_| ()), Err(Error::Malformed));
    }
}
