//! A little server in place of a proxy: what it is asked, and what is made of its answers.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use super::*;

/// What mihomo answers: one connection by its mixed port, one out of its tunnel, and what is none of an app's.
const LISTING: &str = r#"{"downloadTotal":12,"uploadTotal":3,"memory":0,"connections":[
 {"id":"4ab1","metadata":{"network":"tcp","type":"HTTPS","sourceIP":"127.0.0.1","destinationIP":"","sourceGeoIP":null,
  "destinationGeoIP":null,"sourceIPASN":"","destinationIPASN":"","sourcePort":"50001","destinationPort":"443",
  "inboundIP":"127.0.0.1","inboundPort":"7890","inboundName":"DEFAULT-MIXED","inboundUser":"","host":"www.example.com",
  "dnsMode":"normal","uid":501,"process":"curl","processPath":"/usr/bin/curl","specialProxy":"","specialRules":"",
  "remoteDestination":"192.0.2.9","dscp":0,"sniffHost":""},"upload":1,"download":2,"start":"2026-11-22T03:00:00Z",
  "chains":["Tokyo 2","Fast","Auto"],"rule":"Match","rulePayload":""},
 {"id":"4ab2","metadata":{"network":"udp","type":"Tun","sourceIP":"198.18.0.1","destinationIP":"198.18.0.7",
  "sourcePort":50002,"destinationPort":443,"inboundPort":"0","host":"","sniffHost":"video.example.org",
  "process":"","processPath":""},"upload":1,"download":2,"chains":["DIRECT"],"rule":"Match","rulePayload":""},
 {"id":"4ab3","metadata":{"network":"icmp","sourceIP":"127.0.0.1","sourcePort":"1","host":"x"},"chains":null},
 {"id":"4ab4","metadata":{"network":"tcp","sourceIP":"","sourcePort":"","host":"dns.example"},"chains":[]}]}"#;

/// Answers one question with `answer`; joins to the question.
fn server(answer: Vec<u8>) -> (SocketAddr, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut question = Vec::new();
        for line in BufReader::new(stream.try_clone().unwrap()).lines() {
            match line.unwrap() {
                line if line.is_empty() => break,
                line => question.push(line),
            }
        }
        // Who asks may have heard enough before the end.
        let _ = stream.write_all(&answer);
        question
    });
    (address, thread)
}

fn answered(answer: impl Into<Vec<u8>>) -> (Result<Vec<ProxyConnection>, Error>, Vec<String>) {
    let (address, thread) = server(answer.into());
    let said = Controller::new(address, "s3cret").unwrap().connections();
    (said, thread.join().unwrap())
}

fn with_length(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn a_proxy_s_connections_are_asked_for_with_the_secret_and_read() {
    let (said, question) = answered(with_length(LISTING));
    assert_eq!(question[0], "GET /connections HTTP/1.1");
    assert!(question.contains(&"Authorization: Bearer s3cret".to_owned()), "{question:?}");
    let by_port = ProxyConnection {
        protocol: Protocol::TCP,
        source: "127.0.0.1:50001".parse().unwrap(),
        inbound_port: Some(7890),
        host: "www.example.com".to_owned(),
        port: 443,
        program: Some("/usr/bin/curl".to_owned()),
        chain: ["Auto", "Fast", "Tokyo 2"].map(str::to_owned).to_vec(),
    };
    let by_tunnel = ProxyConnection {
        protocol: Protocol::UDP,
        source: "198.18.0.1:50002".parse().unwrap(),
        inbound_port: None,
        host: "video.example.org".to_owned(),
        port: 443,
        program: None,
        chain: vec!["DIRECT".to_owned()],
    };
    assert_eq!(said.unwrap(), [by_port, by_tunnel]);
}

#[test]
fn an_answer_in_chunks_is_put_together_and_one_without_connections_is_empty() {
    let mut chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
    for piece in LISTING.as_bytes().chunks(100) {
        write!(chunked, "{:x}\r\n{}\r\n", piece.len(), std::str::from_utf8(piece).unwrap()).unwrap();
    }
    assert_eq!(answered(chunked + "0\r\n\r\n").0.unwrap().len(), 2);
    assert_eq!(answered(with_length(r#"{"connections":null}"#)).0.unwrap(), []);
}

#[test]
fn what_goes_wrong_is_one_clear_sentence() {
    #[rustfmt::skip]
    let cases = [
        ("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n".to_owned(), "HTTP status 401"),
        ("SSH-2.0-OpenSSH_9.2\r\n".to_owned(), "it does not speak HTTP"),
        (with_length("<html>"), "no proxy's controller"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort".to_owned(), "cut short"),
        ("HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n".to_owned(), "HTTP status 302"),
    ];
    for (answer, expected) in cases {
        let err = answered(answer.clone()).0.unwrap_err().to_string();
        assert!(err.contains(expected), "{answer}: {err}");
    }
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let err = Controller::new(closed, "").unwrap().connections().unwrap_err();
    assert!(matches!(err, Error::Silent { .. }), "{err}");
}

#[test]
fn an_endless_answer_and_an_endless_wait_end() {
    let endless = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b' '; MAX_ANSWER + PIECE]].concat();
    let err = answered(endless).0.unwrap_err().to_string();
    assert!(err.contains("too long"), "{err}");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let controller = Controller::new(silent.local_addr().unwrap(), "").unwrap();
    let err = controller.connections().unwrap_err();
    assert!(matches!(err, Error::Silent { .. }), "{err}");
}

#[test]
fn nobody_but_this_machine_is_asked() {
    for address in
        ["192.0.2.1:9090", "10.0.0.2:9090", "[2001:db8::1]:9090", "0.0.0.0:9090", "[::ffff:10.0.0.2]:9090"]
    {
        let refused = Controller::new(address.parse().unwrap(), "");
        assert!(matches!(refused, Err(Error::NotHere(_))), "{address}");
    }
    for address in ["127.0.0.1:9090", "127.9.9.9:9090", "[::1]:9090", "[::ffff:127.0.0.1]:9090"] {
        assert!(Controller::new(address.parse().unwrap(), "").is_ok(), "{address}");
    }
    for secret in ["two\r\nlines", "é", "\0"] {
        assert!(
            matches!(Controller::new("127.0.0.1:1".parse().unwrap(), secret), Err(Error::Secret)),
            "{secret}"
        );
    }
    let shown = format!("{:?}", Controller::new("127.0.0.1:1".parse().unwrap(), "hush").unwrap());
    assert!(!shown.contains("hush"), "a secret is not logged");
}
