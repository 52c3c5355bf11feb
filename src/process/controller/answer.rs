//! An answer in HTTP/1.1, read from its bytes (RFC 9112): the status, and the body by its length, in chunks or to the end.

use std::str;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// Its status code.
    pub(super) status: u16,
    /// Its body, whole and in one piece.
    pub(super) body: Vec<u8>,
}

/// Why bytes are no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Bad {
    /// More bytes may help.
    #[error("its answer is cut short")]
    CutShort,
    /// It is longer than any that Crow reads.
    #[error("its answer is too long")]
    TooLong,
    /// It is not HTTP.
    #[error("it does not speak HTTP")]
    NotHttp,
}

/// Where a body ends (RFC 9112 §6.3).
enum End {
    Length(usize),
    Chunks,
    Close,
}

impl Answer {
    /// Reads an answer. `is_closed`: no more bytes will come.
    ///
    /// # Errors
    ///
    /// [`Bad`]; with [`Bad::CutShort`] call again with more bytes, if more come.
    pub(super) fn read(bytes: &[u8], is_closed: bool) -> Result<Self, Bad> {
        let Some((head, rest)) = split(bytes, b"\r\n\r\n") else {
            let is_http = bytes.starts_with(b"HTTP/1.") || b"HTTP/1.".starts_with(bytes);
            return Err(if is_http && bytes.len() <= MAX_HEAD { Bad::CutShort } else { Bad::NotHttp });
        };
        let head = str::from_utf8(head).map_err(|_| Bad::NotHttp)?;
        let mut lines = head.split("\r\n");
        let status = status(lines.next().unwrap_or_default())?;
        let body = match end(lines)? {
            End::Length(len) => rest.get(..len).ok_or(Bad::CutShort)?.to_vec(),
            // Chunks are put together once, when the last one may be there.
            End::Chunks if !rest.ends_with(b"\r\n\r\n") && !is_closed => return Err(Bad::CutShort),
            End::Chunks => dechunk(rest)?,
            End::Close if is_closed => rest.to_vec(),
            End::Close => return Err(Bad::CutShort),
        };
        Ok(Self { status, body })
    }
}

/// `HTTP/1.1 200 OK` (RFC 9112 §4).
fn status(line: &str) -> Result<u16, Bad> {
    let mut words = line.split(' ');
    let is_http = words.next().is_some_and(|version| matches!(version, "HTTP/1.1" | "HTTP/1.0"));
    let status = words.next().filter(|word| is_http && word.len() == 3).and_then(|word| word.parse().ok());
    status.ok_or(Bad::NotHttp)
}

fn end<'a>(fields: impl Iterator<Item = &'a str>) -> Result<End, Bad> {
    let mut end = End::Close;
    for field in fields {
        let (name, value) = field.split_once(':').ok_or(Bad::NotHttp)?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("transfer-encoding") {
            // Chunks beat a length (RFC 9112 §6.3); no other way was asked for.
            if !value.eq_ignore_ascii_case("chunked") {
                return Err(Bad::NotHttp);
            }
            return Ok(End::Chunks);
        }
        if name.eq_ignore_ascii_case("content-length") {
            end = End::Length(value.parse().map_err(|_| Bad::NotHttp)?);
        }
    }
    Ok(end)
}

/// Puts chunks together (RFC 9112 §7.1).
fn dechunk(mut rest: &[u8]) -> Result<Vec<u8>, Bad> {
    let mut body = Vec::new();
    loop {
        let (size, after) = split(rest, b"\r\n").ok_or(Bad::CutShort)?;
        let size = str::from_utf8(size).ok().and_then(|line| line.split(';').next());
        let size = size.and_then(|size| usize::from_str_radix(size.trim(), 16).ok()).ok_or(Bad::NotHttp)?;
        if size == 0 {
            // What follows the last chunk are fields about the body, and an empty line.
            let is_whole = after.starts_with(b"\r\n") || split(after, b"\r\n\r\n").is_some();
            return if is_whole { Ok(body) } else { Err(Bad::CutShort) };
        }
        let (chunk, after) = after.split_at_checked(size).ok_or(Bad::CutShort)?;
        body.extend_from_slice(chunk);
        rest = match after {
            [b'\r', b'\n', rest @ ..] => rest,
            [] | [b'\r'] => return Err(Bad::CutShort),
            _ => return Err(Bad::NotHttp),
        };
    }
}

/// What is before a mark, and what is behind it.
fn split<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let head = bytes.get(..bytes.len().min(MAX_HEAD)).unwrap_or_default();
    let at = head.windows(mark.len()).position(|window| window == mark)?;
    Some((bytes.get(..at)?, bytes.get(at + mark.len()..)?))
}

/// Bytes of an answer's head, and of a line in it.
const MAX_HEAD: usize = 16 << 10;

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A status and a body, or why there is none.
    type Said = Result<(u16, &'static [u8]), Bad>;

    const LENGTH: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-length: 5\r\n\r\ncrow!";
    const CHUNKS: &[u8] =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\ncro\r\n2\r\nw!\r\n0\r\nX: y\r\n\r\n";
    const CLOSE: &[u8] = b"HTTP/1.0 200 OK\r\n\r\ncrow!";

    #[test]
    fn answers_in_all_their_forms() {
        #[rustfmt::skip]
        let cases: [(&str, &[u8], Said); 11] = [
            ("by its length", LENGTH, Ok((200, b"crow!"))),
            ("in chunks", CHUNKS, Ok((200, b"crow!"))),
            ("to the end", CLOSE, Ok((200, b"crow!"))),
            ("refused", b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", Ok((401, b""))),
            ("without a reason", b"HTTP/1.1 204 \r\n\r\n", Ok((204, b""))),
            ("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n\r\n", Err(Bad::NotHttp)),
            ("another version", b"HTTP/2 200 OK\r\n\r\n", Err(Bad::NotHttp)),
            ("no field", b"HTTP/1.1 200 OK\r\nnothing\r\n\r\n", Err(Bad::NotHttp)),
            ("a length that is none", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", Err(Bad::NotHttp)),
            ("compressed", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", Err(Bad::NotHttp)),
            ("a chunk that is none", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n\r\n", Err(Bad::NotHttp)),
        ];
        for (case, bytes, expected) in cases {
            let read = Answer::read(bytes, true).map(|answer| (answer.status, answer.body));
            assert_eq!(read, expected.map(|(status, body)| (status, body.to_vec())), "{case}");
        }
        let endless = [b"HTTP/1.1 200 OK\r\nX: ".as_slice(), &vec![b'x'; MAX_HEAD]].concat();
        assert_eq!(Answer::read(&endless, false), Err(Bad::NotHttp), "a head without an end");
    }

    #[test]
    fn a_cut_answer_asks_for_more() {
        for whole in [LENGTH, CHUNKS] {
            Answer::read(whole, false).unwrap();
            for len in 0..whole.len() {
                let cut = &whole[..len];
                assert_eq!(Answer::read(cut, false), Err(Bad::CutShort), "{len} bytes");
                assert_eq!(Answer::read(cut, true), Err(Bad::CutShort), "{len} bytes, and no more");
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), form in 0_usize..3) {
            let head = [&LENGTH[..64], &CHUNKS[..47], &CLOSE[..19]][form];
            for bytes in [bytes.clone(), [head, &bytes].concat()] {
                for is_closed in [false, true] {
                    if let Ok(answer) = Answer::read(&bytes, is_closed) {
                        prop_assert!(answer.body.len() <= bytes.len());
                    }
                }
            }
        }
    }
}
