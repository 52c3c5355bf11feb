//! The test vectors of RFC 9001 and RFC 9369, appendix A of each.

use super::*;

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .map(|digit| u8::try_from(digit).unwrap())
        .collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// Protects a packet as a client does: `header` is in clear and ends with its packet number.
pub(crate) fn seal(keys: &Keys, header: &[u8], payload: &[u8]) -> Vec<u8> {
    let number_len = usize::from(header[0] & 3) + 1;
    let number_at = header.len() - number_len;
    let mut nonce = keys.iv;
    for (place, byte) in nonce.iter_mut().rev().zip(header[number_at..].iter().rev()) {
        *place ^= byte;
    }
    let mut payload = payload.to_vec();
    let tag =
        keys.payload.encrypt_in_place_detached(Nonce::from_slice(&nonce), header, &mut payload).unwrap();
    let mut packet = [header, &payload, &tag].concat();
    let mut mask = (*packet[number_at + NUMBER..].first_chunk::<SAMPLE>().unwrap()).into();
    keys.header.encrypt_block(&mut mask);
    packet[0] ^= mask[0] & 0x0f;
    for (place, mask) in packet[number_at..number_at + number_len].iter_mut().zip(&mask[1..]) {
        *place ^= mask;
    }
    packet
}

const CONNECTION_ID: &str = "8394c8f03e515708";

/// The CRYPTO frame of RFC 9001 §A.2, which RFC 9369 §A.2 has too.
pub(crate) const CRYPTO_FRAME: &str = "
    060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c0000041301130201
    0000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d0017001800100007000504616c70
    6e000500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74
    d748002b0003020304000d0010000e0403050306030203080408050806002d00020101001c00024001003900320408ffffff
    ffffffffff05048000ffff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff";

struct Vector {
    version: Version,
    key: &'static str,
    iv: &'static str,
    header_key: &'static str,
    header: &'static str,
    /// The protected packet's first and last bytes; the last 16 vouch for all the others.
    begins: &'static str,
    ends: &'static str,
}

const VECTORS: [Vector; 2] = [
    Vector {
        version: Version::One,
        key: "1f369613dd76d5467730efcbe3b1a22d",
        iv: "fa044b2f42a3fd3b46fb255c",
        header_key: "9f50449e04a0e810283a1e9933adedd2",
        header: "c300000001088394c8f03e5157080000449e00000002",
        begins: "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9b",
        ends: "e221af44860018ab0856972e194cd934",
    },
    Vector {
        version: Version::Two,
        key: "8b1a0bc121284290a29e0971b5cd045d",
        iv: "91f73e2351d8fa91660e909f",
        header_key: "45b95e15235d6f45a6b19cbcb0294ba9",
        header: "d36b3343cf088394c8f03e5157080000449e00000002",
        begins: "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485dd04de806071",
        ends: "a18b2faa745b6fe189cf772a9f84cbfc",
    },
];

#[test]
fn keys_and_packets_are_those_of_the_specifications() {
    for vector in &VECTORS {
        let id = unhex(CONNECTION_ID);
        let material = Material::of_client(vector.version, &id);
        assert_eq!(material.key.to_vec(), unhex(vector.key));
        assert_eq!(material.iv.to_vec(), unhex(vector.iv));
        assert_eq!(material.header.to_vec(), unhex(vector.header_key));
        let mut payload = unhex(CRYPTO_FRAME);
        payload.resize(1162, 0);
        let keys = Keys::of_client(vector.version, &id);
        let packet = seal(&keys, &unhex(vector.header), &payload);
        assert_eq!(packet.len(), 1200);
        assert!(packet.starts_with(&unhex(vector.begins)) && packet.ends_with(&unhex(vector.ends)));
        assert_eq!(keys.open(&packet, 18), Some(payload));
        for at in [0, 6, 20, 21, 22, 600, 1199] {
            let mut changed = packet.clone();
            changed[at] ^= 1;
            assert_eq!(keys.open(&changed, 18), None, "byte {at} changed");
        }
        for len in 0..packet.len() {
            assert_eq!(keys.open(&packet[..len], 18), None, "{len} bytes");
        }
    }
}
