//! The head of an HTTP/1 request: which host it is for, and whether it asks a proxy for a tunnel.

use super::{Error, Result};

/// Bytes of a request's head that are looked at.
pub const MAX_HEAD: usize = 1 << 14;

/// Letters of the longest method that is registered (IANA "HTTP Method Registry"), and some more.
const MAX_METHOD: usize = 24;

/// What a request says about its destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whom it is for: the target of CONNECT, else the host in an absolute target, else the `Host` field
    /// (RFC 9112 §3.2). Without port and brackets, as written. `None` when the request does not say.
    pub host: Option<String>,
    /// The port, where one is written.
    pub port: Option<u16>,
    /// Whether it is CONNECT: what follows the head is for the host itself (RFC 9110 §9.3.6).
    pub is_connect: bool,
    /// Whether it is one for a proxy: CONNECT, or a target with scheme and host (RFC 9112 §3.2.2).
    pub is_for_proxy: bool,
    /// Bytes of the head with its empty line; `None` while that has not come.
    pub head_len: Option<usize>,
}

/// Reads a request from the start of what a client sends. The host is given as soon as its line is whole.
///
/// # Errors
///
/// - [`Error::Truncated`]: cut before the host. Call again with more.
/// - [`Error::Unsupported`]: not HTTP/1.
/// - [`Error::Malformed`]: a request line or head against the rules of RFC 9112.
pub fn request(stream: &[u8]) -> Result<Request> {
    let stream = stream.get(..MAX_HEAD).unwrap_or(stream);
    is_method(stream)?;
    let Some((line, mut rest)) = line(stream) else {
        return Err(if stream.len() < MAX_HEAD { Error::Truncated } else { Error::Malformed });
    };
    let (method, target) = request_line(line)?;
    let is_connect = method == "CONNECT";
    let (mut host, mut port) = (None, None);
    if is_connect {
        (host, port) = authority(target).ok_or(Error::Malformed)?;
    } else if let Some((scheme, after)) = target.split_once("://")
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
    {
        let end = after.find(['/', '?', '#']).unwrap_or(after.len());
        (host, port) = after.get(..end).and_then(authority).unwrap_or_default();
    }
    let is_for_proxy = host.is_some();
    let mut head_len = None;
    while let Some((field, after)) = self::line(rest) {
        rest = after;
        if field.is_empty() {
            head_len = Some(stream.len() - rest.len());
            break;
        }
        let field = std::str::from_utf8(field).unwrap_or_default();
        if host.is_none()
            && let Some((name, value)) = field.split_once(':')
            && name.eq_ignore_ascii_case("host")
        {
            (host, port) = authority(value.trim_matches([' ', '\t'])).unwrap_or_default();
        }
    }
    match (&host, head_len) {
        (None, None) if stream.len() < MAX_HEAD => Err(Error::Truncated),
        _ => Ok(Request { host: host.map(str::to_owned), port, is_connect, is_for_proxy, head_len }),
    }
}

/// Whether the bytes begin with a method and a space, as far as they go.
fn is_method(stream: &[u8]) -> Result<()> {
    let len =
        stream.iter().take(MAX_METHOD).take_while(|byte| byte.is_ascii_uppercase() || **byte == b'-').count();
    match stream.get(len) {
        Some(b' ') if len > 0 => Ok(()),
        None if len < MAX_METHOD => Err(Error::Truncated),
        _ => Err(Error::Unsupported),
    }
}

/// The method and the target (RFC 9112 §3).
fn request_line(line: &[u8]) -> Result<(&str, &str)> {
    let line = std::str::from_utf8(line).map_err(|_| Error::Unsupported)?;
    let (method, rest) = line.split_once(' ').ok_or(Error::Unsupported)?;
    let (target, version) = rest.rsplit_once(' ').ok_or(Error::Unsupported)?;
    if !version.starts_with("HTTP/1.") {
        return Err(Error::Unsupported);
    }
    Ok((method, target.trim_matches(' ')))
}

/// A host and a port (RFC 3986 §3.2), the user left out; `None` when it is no host.
fn authority(text: &str) -> Option<(Option<&str>, Option<u16>)> {
    let text = text.rsplit_once('@').map_or(text, |(_, host)| host);
    let (host, port) = match text.strip_prefix('[') {
        Some(bracketed) => {
            let (host, after) = bracketed.split_once(']')?;
            (host, after.strip_prefix(':'))
        }
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let is_host = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/');
    let port = port.filter(|port| !port.is_empty()).map(str::parse).transpose().ok()?;
    is_host.then_some((Some(host), port))
}

/// The first line without its end, and what follows (RFC 9112 §2.2 lets a lone LF end it).
fn line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|&byte| byte == b'\n')?;
    let (line, rest) = bytes.split_at_checked(end)?;
    Some((line.strip_suffix(b"\r").unwrap_or(line), rest.get(1..)?))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn host(text: &str) -> Result<(Option<String>, Option<u16>)> {
        request(text.as_bytes()).map(|request| (request.host, request.port))
    }

    #[test]
    fn hosts() {
        let named = |name: &str, port| Ok((Some(name.to_owned()), port));
        #[rustfmt::skip]
        let cases = [
            ("origin form", "GET / HTTP/1.1\r\nHost: crow.test\r\n\r\n", named("crow.test", None)),
            ("with a port", "GET / HTTP/1.1\r\nAccept: */*\r\nhOST:crow.test:8080 \r\n\r\n", named("crow.test", Some(8080))),
            ("lone line feeds", "GET / HTTP/1.0\nHost: crow.test\n\n", named("crow.test", None)),
            ("absolute form wins", "GET http://crow.test:81/a HTTP/1.1\r\nHost: other.test\r\n\r\n", named("crow.test", Some(81))),
            ("with a user", "GET http://me:pw@crow.test?q HTTP/1.1\r\n\r\n", named("crow.test", None)),
            ("IPv6", "GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", named("2001:db8::1", Some(80))),
            ("CONNECT", "CONNECT crow.test:443 HTTP/1.1\r\nHost: x\r\n\r\n", named("crow.test", Some(443))),
            ("CONNECT IPv6", "CONNECT [::1]:443 HTTP/1.1\r\n\r\n", named("::1", Some(443))),
            ("no host", "GET / HTTP/1.0\r\n\r\n", Ok((None, None))),
            ("an empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", Ok((None, None))),
            ("a host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", Ok((None, None))),
            ("cut before its end", "GET / HTTP/1.1\r\nHost: crow.te", Err(Error::Truncated)),
            ("CONNECT to nothing", "CONNECT  HTTP/1.1\r\n\r\n", Err(Error::Malformed)),
            ("CONNECT to no port", "CONNECT crow.test:https HTTP/1.1\r\n\r\n", Err(Error::Malformed)),
            ("mail", "EHLO crow.test\r\n", Err(Error::Unsupported)),
            ("RTSP", "OPTIONS rtsp://crow.test RTSP/1.0\r\n\r\n", Err(Error::Unsupported)),
            ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Err(Error::Unsupported)),
            ("small letters", "get / HTTP/1.1\r\n\r\n", Err(Error::Unsupported)),
            ("no method", " / HTTP/1.1\r\n\r\n", Err(Error::Unsupported)),
            ("an endless word", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", Err(Error::Unsupported)),
        ];
        for (case, text, expected) in cases {
            assert_eq!(host(text), expected, "{case}");
        }
    }

    #[test]
    fn a_request_to_a_proxy_says_so() {
        let cases = [
            ("CONNECT crow.test:443 HTTP/1.1\r\n\r\n", true),
            ("GET http://crow.test/ HTTP/1.1\r\nHost: crow.test\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nHost: crow.test\r\n\r\n", false),
            ("GET /?to=http://crow.test/ HTTP/1.1\r\nHost: x\r\n\r\n", false),
        ];
        for (text, expected) in cases {
            assert_eq!(request(text.as_bytes()).unwrap().is_for_proxy, expected, "{text}");
        }
    }

    #[test]
    fn a_tunnel_begins_behind_the_head() {
        let head = "CONNECT crow.test:443 HTTP/1.1\r\nHost: crow.test:443\r\nX: y\r\n\r\n";
        let whole = format!("{head}\u{16}\u{3}");
        let read = request(whole.as_bytes()).unwrap();
        assert!(read.is_connect);
        assert_eq!(read.head_len, Some(head.len()));
        for len in 0..head.len() {
            let read = request(&whole.as_bytes()[..len]);
            if whole[..len].contains('\n') {
                assert_eq!(read.unwrap().head_len, None, "{len} bytes");
            } else {
                assert_eq!(read, Err(Error::Truncated), "{len} bytes");
            }
        }
    }

    #[test]
    fn a_cut_request_asks_for_more_until_its_host_is_whole() {
        let whole = "GET /path HTTP/1.1\r\nAccept: */*\r\nHost: crow.test\r\n\r\n";
        for len in 0..whole.len() {
            let read = request(&whole.as_bytes()[..len]).map(|request| request.host);
            if whole[..len].contains("crow.test\r\n") {
                assert_eq!(read, Ok(Some("crow.test".into())), "{len} bytes");
            } else {
                assert_eq!(read, Err(Error::Truncated), "{len} bytes");
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = request(&bytes);
            let _ = request(&[b"GET / HTTP/1.1\r\n", &bytes[..]].concat());
            let _ = request(&[b"CONNECT ", &bytes[..], b" HTTP/1.1\r\n\r\n"].concat());
        }

        #[test]
        fn a_head_is_never_longer_than_the_stream(text in "[A-Z]{1,9} [ -~]{0,40} HTTP/1.1\r\n([ -~]{0,20}\r\n){0,5}") {
            if let Ok(Request { head_len: Some(len), .. }) = request(text.as_bytes()) {
                prop_assert!(len <= text.len() && text[..len].ends_with("\n\r\n"));
            }
        }
    }
}
