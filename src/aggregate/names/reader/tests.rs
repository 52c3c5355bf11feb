//! What whole conversations say, and how layers lie in one another.

use super::*;
use crate::wire::tls::tests::{ech_opening, hello_for, opening, records};

/// What a client's bytes alone say.
fn client(client: &[u8]) -> Reading {
    read(client)
}

fn named(reading: &Reading) -> Option<(&str, HostSource)> {
    reading.name.as_ref().map(|name| (name.name.as_str(), name.source))
}

#[test]
fn a_hello_names_its_server() {
    let reading = client(&opening("crow.test"));
    assert_eq!(named(&reading), Some(("crow.test", HostSource::Sni)));
    assert_eq!(reading.protocol, Some(Protocol::Tls(Some("https"))));
    assert!(!reading.is_open, "nothing better can come");
    let reading = client(&ech_opening("cover.test"));
    assert!(reading.name.unwrap().ech);
    assert!(client(&[]).is_open);
    assert!(!client(&[0xff; 4]).is_open);
}

#[test]
fn what_was_seen_beats_the_port() {
    let tls =
        |protocols: &[&str]| client(&records(&hello_for("crow.test", protocols, 0), 4000)).protocol.unwrap();
    #[rustfmt::skip]
    let cases = [
        (tls(&["h2"]), Some("vop"), "https"), (tls(&["x", "http/1.1"]), None, "https"),
        (tls(&[]), Some("imaps"), "imaps"), (tls(&[]), Some("http"), "https"), (tls(&[]), Some("vop"), "tls"),
        (tls(&["dot"]), None, "dns-over-tls"), (tls(&[]), None, "tls"), (Protocol::Plain("ssh"), Some("https"), "ssh"),
        (Protocol::Quic(None), Some("vop"), "quic"), (Protocol::Quic(None), Some("dns-over-quic"), "dns-over-quic"),
        (Protocol::Quic(Some("dns-over-quic")), Some("quic"), "dns-over-quic"),
    ];
    for (protocol, registered, service) in cases {
        assert_eq!(protocol.service(registered), service, "{protocol:?} at {registered:?}");
    }
}

#[test]
fn layers_lie_in_one_another() {
    let tls = opening("crow.test");
    let connect = b"CONNECT proxied.test:443 HTTP/1.1\r\nHost: proxied.test:443\r\n\r\n".as_slice();
    let socks = b"\x05\x01\x00\x05\x01\x00\x03\x0cproxied.test\x01\xbb".as_slice();
    let mail = b"EHLO me\r\nSTARTTLS\r\n".as_slice();
    let bare = records(&hello_for("crow.test", &[], 0), 4000);
    let get = b"GET / HTTP/1.1\r\nHost: crow.test\r\n\r\n".as_slice();
    let sni = Some(("crow.test", HostSource::Sni));
    let http = Some(Protocol::Plain("http"));
    #[rustfmt::skip]
    let cases = [
        ("HTTP", get.to_vec(), Some(("crow.test", HostSource::Http)), http, false),
        ("CONNECT alone", connect.to_vec(), Some(("proxied.test", HostSource::Connect)), http, true),
        ("TLS in CONNECT", [connect, &tls].concat(), sni, Some(Protocol::Tls(Some("https"))), false),
        ("CONNECT again", [connect, connect, &tls].concat(), sni, Some(Protocol::Tls(Some("https"))), false),
        ("noise in CONNECT", [connect, &[0xff; 9]].concat(), Some(("proxied.test", HostSource::Connect)), http, false),
        ("SOCKS alone", socks.to_vec(), Some(("proxied.test", HostSource::Socks)), Some(Protocol::Plain("socks")), true),
        ("TLS in SOCKS", [socks, &tls].concat(), sni, Some(Protocol::Tls(Some("https"))), false),
        ("HTTP in SOCKS", [socks, get].concat(), Some(("crow.test", HostSource::Http)), http, false),
        ("mail", [mail, &bare].concat(), sni, Some(Protocol::Plain("smtp")), false),
        ("mail in SOCKS", [socks, mail, &bare].concat(), sni, Some(Protocol::Plain("smtp")), false),
        ("TLS in CONNECT, nameless inside", [connect, &bare].concat(), sni, Some(Protocol::Tls(None)), false),
        ("SSH", b"SSH-2.0-x\r\n".to_vec(), None, Some(Protocol::Plain("ssh")), false),
        ("too many layers", connect.repeat(20), Some(("proxied.test", HostSource::Connect)), http, false),
    ];
    for (case, stream, name, protocol, is_open) in cases {
        let reading = client(&stream);
        assert_eq!((named(&reading), reading.protocol, reading.is_open), (name, protocol, is_open), "{case}");
        for len in 0..stream.len() {
            let reading = client(&stream[..len]);
            assert!(reading.is_open || reading.protocol == protocol, "{case}: given up after {len} bytes");
        }
    }
}

#[test]
fn a_proxy_is_told_the_name_that_tls_covers() {
    let tls = ech_opening("cover.test");
    let ask = |host: &str| [format!("CONNECT {host}:443 HTTP/1.1\r\n\r\n").as_bytes(), &tls].concat();
    #[rustfmt::skip]
    let cases = [
        ("hidden.test", "hidden.test", HostSource::Connect, false),
        ("Cover.test", "cover.test", HostSource::Sni, false),
        ("192.0.2.1", "cover.test", HostSource::Sni, true),
    ];
    for (asked, name, source, ech) in cases {
        let expected = Name { name: name.into(), source, ech };
        assert_eq!(client(&ask(asked)).name, Some(expected), "{asked}");
    }
}
