//! Tests of reading PKTAP headers.

#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use proptest::prelude::*;

use super::*;

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// A v1 header of `len` bytes as macOS writes it, and four bytes of frame.
fn v1_header(len: u32) -> Vec<u8> {
    let mut bytes = vec![0; 156];
    put(&mut bytes, PTH_LENGTH, &len.to_le_bytes());
    put(&mut bytes, PTH_TYPE_NEXT, &1_u32.to_le_bytes());
    put(&mut bytes, PTH_DLT, &1_u32.to_le_bytes());
    put(&mut bytes, PTH_IFNAME, b"en0\0garbage");
    put(&mut bytes, PTH_FLAGS, &(FLAG_DIR_OUT | FLAG_SOCKET | FLAG_NEW_FLOW).to_le_bytes());
    put(&mut bytes, PTH_FRAME_PRE_LENGTH, &14_u32.to_le_bytes());
    put(&mut bytes, PTH_PID, &501_i32.to_le_bytes());
    put(&mut bytes, PTH_COMM, b"nsurlsessiond");
    put(&mut bytes, PTH_IFTYPE, &6_u16.to_le_bytes());
    put(&mut bytes, PTH_EPID, &77_i32.to_le_bytes());
    put(&mut bytes, PTH_ECOMM, b"Podcasts");
    put(&mut bytes, PTH_FLOWID, &0xa668_u32.to_le_bytes());
    bytes.resize(len as usize, 0);
    bytes.extend([1, 2, 3, 4]);
    bytes
}

fn v2_header() -> Vec<u8> {
    let mut bytes = vec![0; 60];
    bytes[V2_LENGTH] = 60;
    bytes[V2_IFNAME_OFFSET] = 40;
    bytes[V2_COMM_OFFSET] = 46;
    put(&mut bytes, V2_DLT, &12_u16.to_le_bytes());
    put(&mut bytes, V2_IFTYPE, &1_u16.to_le_bytes());
    put(&mut bytes, V2_FLOWID, &9_u32.to_le_bytes());
    put(&mut bytes, V2_PID, &88_i32.to_le_bytes());
    put(&mut bytes, V2_EPID, &(-1_i32).to_le_bytes());
    put(&mut bytes, PTH_FLAGS, &(FLAG_V2_HEADER | FLAG_DIR_IN).to_le_bytes());
    put(&mut bytes, 40, b"utun3\0mosh");
    bytes.extend([0x45, 0, 0, 20]);
    bytes
}

fn expected_v1() -> Header<'static> {
    Header {
        len: 156,
        link: LinkType::ETHERNET,
        link_len: 14,
        interface: "en0",
        interface_type: 6,
        direction: Some(Direction::Out),
        pid: 501,
        name: "nsurlsessiond",
        effective_pid: 77,
        effective_name: "Podcasts",
        flags: FLAG_DIR_OUT | FLAG_SOCKET | FLAG_NEW_FLOW,
        flow_id: 0xa668,
    }
}

#[test]
fn both_versions() {
    assert_eq!(read(&v1_header(156)), Ok(expected_v1()));
    assert_eq!(read(&v1_header(160)), Ok(Header { len: 160, ..expected_v1() }), "a later macOS");
    assert_eq!(read(&v1_header(108)), Ok(Header { len: 108, flow_id: 0, ..expected_v1() }), "macOS 10.9");
    let expected = Header {
        len: 60,
        link: LinkType::RAW_BSD,
        link_len: 0,
        interface: "utun3",
        interface_type: 1,
        direction: Some(Direction::In),
        pid: 88,
        name: "mosh",
        effective_pid: -1,
        effective_name: "",
        flags: FLAG_V2_HEADER | FLAG_DIR_IN,
        flow_id: 9,
    };
    assert_eq!(read(&v2_header()), Ok(expected));
}

#[test]
fn names_stop_before_bytes_that_are_not_text() {
    let mut bytes = v1_header(156);
    put(&mut bytes, PTH_COMM, b"Caf\xc3\xa9 Bar \xc3\xa9\xc3\xa9\xc3\xa9\xc3");
    assert_eq!(
        read(&bytes).map(|header| header.name),
        Ok("Caf\u{e9} Bar \u{e9}\u{e9}\u{e9}"),
        "cut inside a letter"
    );
    put(&mut bytes, PTH_COMM, b"\xff\xfe");
    assert_eq!(read(&bytes).map(|header| header.name), Ok(""));
    put(&mut bytes, PTH_IFNAME, &[b'a'; IFNAME_LEN]);
    assert_eq!(read(&bytes).map(|header| header.interface.len()), Ok(IFNAME_LEN), "no NUL at all");
}

#[test]
fn directions() {
    for (flags, direction) in [(0, None), (1, Some(Direction::In)), (2, Some(Direction::Out)), (3, None)] {
        let mut bytes = v1_header(156);
        put(&mut bytes, PTH_FLAGS, &u32::to_le_bytes(flags));
        assert_eq!(read(&bytes).map(|header| header.direction), Ok(direction), "{flags}");
    }
}

#[test]
fn lies() {
    let with = |offset: usize, value: &[u8]| {
        let mut bytes = v1_header(156);
        put(&mut bytes, offset, value);
        bytes
    };
    let with_v2 = |offset: usize, value: u8| {
        let mut bytes = v2_header();
        bytes[offset] = value;
        bytes
    };
    #[rustfmt::skip]
    let cases = [
        ("shorter than any", with(PTH_LENGTH, &107_u32.to_le_bytes()), Error::Malformed),
        ("longer than any", with(PTH_LENGTH, &u32::MAX.to_le_bytes()), Error::Malformed),
        ("longer than captured", with(PTH_LENGTH, &161_u32.to_le_bytes()), Error::Truncated),
        ("a link type of 32 bits", with(PTH_DLT, &[0, 0, 1, 0]), Error::Malformed),
        ("nothing follows", with(PTH_TYPE_NEXT, &[0]), Error::Unsupported),
        ("a drop report", with(PTH_TYPE_NEXT, &[2]), Error::Unsupported),
        ("v2 shorter than its fixed part", with_v2(V2_LENGTH, 39), Error::Malformed),
        ("v2 longer than captured", with_v2(V2_LENGTH, 65), Error::Truncated),
        ("v2 name in the fixed part", with_v2(V2_COMM_OFFSET, 39), Error::Malformed),
        ("v2 name behind the end", with_v2(V2_ECOMM_OFFSET, 60), Error::Malformed),
    ];
    for (case, bytes, err) in cases {
        assert_eq!(read(&bytes), Err(err), "{case}");
    }
}

#[test]
fn a_cut_header_asks_for_more() {
    for whole in [v1_header(156), v2_header()] {
        for len in 0..whole.len() - 4 {
            assert_eq!(read(&whole[..len]), Err(Error::Truncated), "{len} bytes");
        }
    }
}

proptest! {
    #[test]
    fn no_header_panics(
        second in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        keep in any::<prop::sample::Index>(),
    ) {
        let mut bytes = if second { v2_header() } else { v1_header(156) };
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        bytes.truncate(keep.index(bytes.len() + 1));
        if let Ok(header) = read(&bytes) {
            prop_assert!(header.len <= bytes.len());
        }
    }
}
