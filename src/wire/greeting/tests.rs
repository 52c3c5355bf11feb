//! Beginnings, whole and cut, and what only looks like one.

use super::*;
use crate::wire::tls::tests::{hello_for, opening, records};

#[test]
fn a_segment_shows_whether_a_hello_begins_in_it() {
    let stream = opening("crow.test");
    assert!(begins_hello(&stream));
    assert_eq!(hello_len(&stream), Some(stream.len()));
    for len in 0..stream.len() {
        assert_eq!(begins_hello(&stream[..len]), len >= 6, "{len} bytes");
        assert_eq!(hello_len(&stream[..len]).is_some(), len >= 9, "{len} bytes");
    }
    let cut = records(&hello_for("crow.test", &[], 0), 20);
    assert!(begins_hello(&cut));
    assert_eq!(hello_len(&cut), None, "in many records");
    assert!(begins_hello(&records(&hello_for("crow.test", &[], 0), 1)), "a byte a record");
    let later = records(&hello_for("crow.test", &["h2"], 1300), 700);
    assert!(!begins_hello(&later[705..]), "a later record of a hello, which happens to begin with a 1");
    #[rustfmt::skip]
    let others: [&[u8]; 7] = [
        &[22, 3, 1, 0, 0, 1], &[22, 3, 1, 0xff, 0xff, 1], &[22, 3, 5, 0, 9, 1], &[22, 3, 3, 0, 9, 2], &[23, 3, 3, 0, 9, 1],
        &[22, 3, 3, 0, 9, 1, 1], &[22, 3, 3, 0, 9, 1, 0, 0, 60, 2],
    ];
    for other in others {
        assert!(!begins_hello(other), "{other:?}");
    }
}
