//! Tests of reading recordings.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Read;

use proptest::prelude::*;

use super::*;

const PCAP: &[u8] = include_bytes!("../../../tests/fixtures/pktap/LINKTYPE_PKTAP.pcap");
const PCAPNG: &[u8] = include_bytes!("../../../tests/fixtures/pktap/radar-88502733.pcapng");

/// Reads to the end; the frames' lengths, and how it ended.
fn read_all(bytes: impl Into<Cow<'static, [u8]>>) -> (Vec<usize>, Result<(), Error>) {
    let mut frames = Vec::new();
    let mut recording = match Recording::from_bytes(bytes) {
        Ok(recording) => recording,
        Err(err) => return (frames, Err(err)),
    };
    loop {
        match recording.read() {
            Ok(Some(Item::Frame(frame))) => frames.push(frame.bytes.len()),
            Ok(Some(_)) => {}
            Ok(None) => return (frames, Ok(())),
            Err(err) => {
                assert!(recording.read().unwrap().is_none(), "an error is the last word");
                return (frames, Err(err));
            }
        }
    }
}

#[test]
fn what_is_not_a_recording() {
    let folder = tempfile::tempdir().unwrap();
    let told = |result: Result<Recording, Error>| result.err().unwrap().to_string();
    let missing = folder.path().join("none.pcap");
    assert!(told(Recording::open(&missing)).ends_with("none.pcap: check the path"));
    assert!(told(Recording::open(folder.path())).contains("is a folder"));
    #[rustfmt::skip]
    let cases: [(&'static [u8], &str); 8] = [
        (b"", "the recording is empty: nothing was ever written to it"),
        (b"\x1f\x8b\x08\0", "the recording is cut short after packet 0: everything before the cut was read"),
        (b"\x28\xb5\x2f\xfd", "the recording is compressed with zstd: unpack it first, then open the result"),
        (b"GET / HTTP/1.1\r\n\r\n", "the file is not a recording: it is neither pcap nor pcapng"),
        (b"a", "the file is not a recording: it is neither pcap nor pcapng"),
        (b"\xd4\xc3\xb2\xa1\x02\0", "the recording is cut short after packet 0: everything before the cut was read"),
        (b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\x04\0\x93\0\0\0",
         "the recording's link type 147 is not one that Crow reads: record on an Ethernet, Wi-Fi or tunnel interface"),
        (b"\x0a\x0d\x0d\x0a\x1c\0\0\0????", "the recording is damaged after packet 0 (a section without a byte order): everything before that was read"),
    ];
    for (bytes, sentence) in cases {
        assert_eq!(read_all(bytes).1.unwrap_err().to_string(), sentence);
    }
}

#[test]
fn a_cut_file_gives_everything_before_the_cut() {
    for (whole, format) in [(PCAP, "pcap"), (PCAPNG, "pcapng")] {
        let (all, end) = read_all(whole);
        end.unwrap();
        let mut most = 0;
        for len in 1..whole.len() {
            let (frames, end) = read_all(whole.get(..len).unwrap().to_vec());
            assert!(all.starts_with(&frames), "{format} at {len}");
            assert!(frames.len() >= most, "{format} at {len}");
            most = frames.len();
            match end {
                Ok(()) | Err(Error::NotARecording) => {}
                Err(Error::Truncated { packets }) => assert_eq!(packets, most as u64, "{format} at {len}"),
                Err(err) => panic!("{format} at {len}: {err}"),
            }
        }
    }
}

/// Gives one byte at a time, then an error.
struct Drip(io::Cursor<Vec<u8>>, Option<io::ErrorKind>);

impl Read for Drip {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let len = into.len().min(1);
        match self.0.read(into.get_mut(..len).unwrap())? {
            0 => self.1.map_or(Ok(0), |kind| Err(kind.into())),
            count => Ok(count),
        }
    }
}

#[test]
fn reads_that_come_byte_by_byte_or_fail() {
    let (expected, _) = read_all(PCAPNG);
    for (kind, fails) in [(None, false), (Some(io::ErrorKind::Other), true)] {
        let drip = Drip(io::Cursor::new(PCAPNG.to_vec()), kind);
        let mut recording = Recording::new(Source::new(Box::new(drip))).unwrap();
        let mut frames = Vec::new();
        let end = loop {
            match recording.read() {
                Ok(Some(Item::Frame(frame))) => frames.push(frame.bytes.len()),
                Ok(Some(_)) => {}
                end => break end.map(|_| ()),
            }
        };
        assert_eq!(frames, expected);
        assert_eq!(matches!(end, Err(Error::Read { packets: 4, .. })), fails);
    }
}

#[test]
fn a_recording_packed_with_gzip_is_read_as_it_is() {
    use std::io::Write;

    for whole in [PCAP, PCAPNG] {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(whole).unwrap();
        let packed = encoder.finish().unwrap();
        let (frames, end) = read_all(whole);
        end.unwrap();
        let (unpacked, end) = read_all(packed.clone());
        end.unwrap();
        assert_eq!(unpacked, frames);
        let (_, end) = read_all(packed.get(..packed.len() - 9).unwrap().to_vec());
        assert!(matches!(end, Err(Error::Truncated { .. })), "{end:?}");
        let mut broken = packed.clone();
        *broken.get_mut(packed.len() - 6).unwrap() ^= 1;
        let (_, end) = read_all(broken);
        assert!(matches!(end, Err(Error::Corrupt { .. })), "{end:?}");

        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&packed).unwrap();
        let (_, end) = read_all(encoder.finish().unwrap());
        assert!(matches!(end, Err(Error::Compressed { .. })), "packed twice");
    }
}

#[test]
fn skipping_does_not_buffer() {
    // A block of 64 MiB of no interest: stepped over within the window.
    let (head, tail) = PCAPNG.split_at(0xf8);
    let len = 64_u32 << 20;
    let words = [0x0000_0bad_u32.to_le_bytes(), len.to_le_bytes()].concat();
    let blanks = io::repeat(0).take(u64::from(len) - 12).chain(io::Cursor::new(len.to_le_bytes()));
    let reader =
        io::Cursor::new(head).chain(io::Cursor::new(words)).chain(blanks).chain(io::Cursor::new(tail));
    let mut recording = Recording::new(Source::new(Box::new(reader))).unwrap();
    let mut frames = 0;
    while let Some(item) = recording.read().unwrap() {
        frames += usize::from(matches!(item, Item::Frame(_)));
    }
    assert_eq!(frames, 4);
    assert!(recording.source.window_len() < 1 << 20);
}

proptest! {
    #[test]
    fn no_file_panics(
        newer in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        keep in any::<prop::sample::Index>(),
    ) {
        let mut bytes = if newer { PCAPNG.to_vec() } else { PCAP.to_vec() };
        for (place, value) in changes {
            let place = place.index(bytes.len());
            *bytes.get_mut(place).unwrap() = value;
        }
        bytes.truncate(keep.index(bytes.len()) + 1);
        // A length that became smaller makes several records of one, and each has a head of 16 bytes at least.
        let most = bytes.len() / 16;
        let (frames, _) = read_all(bytes);
        prop_assert!(frames.len() <= most);
    }

    /// Blocks of every kind with any length and any content, behind a good section header.
    #[test]
    fn no_block_panics(
        kind in prop::sample::select(vec![1_u32, 2, 3, 4, 5, 6, 9, 10, 0x0bad, 0x8000_0001, 0x0a0d_0d0a]),
        len in 0..80_u32,
        content in prop::collection::vec(any::<u8>(), 0..120),
        big_endian in any::<bool>(),
    ) {
        let word = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        let mut bytes = [word(0x0a0d_0d0a), word(28), word(0x1a2b_3c4d), word(1), word(!0), word(!0), word(28)].concat();
        bytes.extend([word(1), word(20), word(1), word(0), word(20)].concat());
        bytes.extend([word(kind), word(len)].concat());
        bytes.extend(content);
        let _ = read_all(bytes);
    }
}
