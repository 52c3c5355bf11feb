//! Dialogues that TLS follows, and those that it does not.

use proptest::prelude::*;

use super::*;

const POSTGRESQL: &[u8] = b"\0\0\0\x08\x04\xd2\x16\x2f";
const POSTGRESQL_GSS: &[u8] = b"\0\0\0\x08\x04\xd2\x16\x30\0\0\0\x08\x04\xd2\x16\x2f";
const MYSQL: &[u8] =
    b"\x20\0\0\x01\x05\xae\xff\x1d\0\0\0\x01\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
const LDAP: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
const RDP: &[u8] = b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x03\0\0\0";
const TDS: &[u8] = b"\x12\x01\0\x0e\0\0\0\0\xff\0\0\0\0\0\x12\x01\0\x40\0\0\0\0";
const XMPP: &[u8] = b"<?xml version='1.0'?><stream:stream to='crow.test' xmlns='jabber:client'>\
    <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

/// Every dialogue that TLS follows.
#[rustfmt::skip]
const DIALOGUES: [(&str, &[u8], Option<&str>); 15] = [
    ("SMTP", b"EHLO me.test\r\nSTARTTLS\r\n", Some("smtp")),
    ("SMTP, one by one", b"ehlo me.test\r\nNOOP\r\nstarttls\r\n", Some("smtp")),
    ("LMTP", b"LHLO me.test\r\nSTARTTLS\r\n", Some("lmtp")),
    ("POP3", b"CAPA\r\nSTLS\r\n", Some("pop3")),
    ("POP3 at once", b"STLS\r\n", Some("pop3")),
    ("IMAP", b"a1 CAPABILITY\r\na2 ID NIL\r\na3 STARTTLS\r\n", Some("imap")),
    ("FTP", b"AUTH TLS\r\n", Some("ftp")),
    ("FTP, asking first", b"FEAT\r\nAUTH SSL\r\n", Some("ftp")),
    ("NNTP", b"CAPABILITIES\r\nSTARTTLS\r\n", Some("nntp")),
    ("any that says no more", b"STARTTLS\r\n", None),
    ("PostgreSQL", POSTGRESQL, Some("postgresql")),
    ("PostgreSQL after GSS", POSTGRESQL_GSS, Some("postgresql")),
    ("MySQL", MYSQL, Some("mysql")),
    ("LDAP", LDAP, Some("ldap")),
    ("Remote Desktop", RDP, Some("ms-wbt-server")),
];

#[test]
fn tls_begins_after_each_dialogue() {
    let more: [(&str, &[u8], Option<&str>); 4] = [
        ("IMAP by dots", b". CAPABILITY\r\n. STARTTLS\r\n", Some("imap")),
        ("IMAP by numbers", b"0001 STARTTLS\r\n", Some("imap")),
        ("XMPP", XMPP, Some("xmpp-client")),
        ("SQL Server", TDS, Some("ms-sql-s")),
    ];
    for (case, dialogue, service) in DIALOGUES.into_iter().chain(more) {
        let stream = [dialogue, &[HANDSHAKE, 3, 1]].concat();
        let next = Next::Hello(dialogue.len());
        assert_eq!(prologue(&stream), Ok(Prologue { service, next }), "{case}");
        for len in 0..dialogue.len() {
            match prologue(&stream[..len]) {
                Err(Error::Truncated) | Ok(Prologue { next: Next::Later, .. }) => {}
                other => panic!("{case}: {other:?} after {len} bytes"),
            }
        }
    }
}

#[test]
fn what_goes_on_in_clear_is_not_waited_for() {
    let starting = b"\0\0\0\x29\0\x03\0\0user\0";
    let bind = b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\0\x80\0";
    #[rustfmt::skip]
    let cases: [(&str, &[u8], &str); 8] = [
        ("SMTP", b"EHLO me.test\r\nMAIL FROM:<a@b>\r\n", "smtp"),
        ("SMTP with a binary byte", b"EHLO me.test\r\n\x16", "smtp"),
        ("IMAP", b"a1 CAPABILITY\r\na2 LOGIN me pw\r\n", "imap"),
        ("FTP", b"FEAT\r\nUSER me\r\n", "ftp"),
        ("PostgreSQL", starting, "postgresql"),
        ("PostgreSQL after a refusal", &[POSTGRESQL, starting].concat(), "postgresql"),
        ("LDAP", bind, "ldap"),
        ("XMPP", b"<stream:stream xmlns='jabber:client'><auth mechanism='PLAIN'>", "xmpp-client"),
    ];
    for (case, stream, service) in cases {
        assert_eq!(prologue(stream), Ok(Prologue { service: Some(service), next: Next::Never }), "{case}");
    }
}

#[test]
fn other_protocols_are_told_at_once() {
    let cases: [(&str, &[u8]); 10] = [
        ("HTTP", b"GET / HTTP/1.1\r\n"),
        ("TLS", b"\x16\x03\x01"),
        ("SSH", b"SSH-2.0-OpenSSH_9.6\r\n"),
        ("a long word", &[b'x'; 65]),
        ("a long line", &b"x ".repeat(300)),
        ("XML of another kind", b"<?xml version='1.0'?><auth>"),
        ("zeros", &[0; 64]),
        (
            "MySQL without TLS",
            b"\x20\0\0\x01\x05\xa6\xff\x1d\0\0\0\x01\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        ),
        ("TPKT with data", b"\x03\0\0\x13\x02\xf0\x80"),
        ("ASN.1", b"\x30\x82\x01\x0a\x30\x82"),
    ];
    for (case, stream) in cases {
        assert_eq!(prologue(stream), Err(Error::Unsupported), "{case}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_recognised_or_refused(
        which in 0_usize..15,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..5),
        tail in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let mut stream = [DIALOGUES[which].1, &tail].concat();
        for (place, byte) in changes {
            let at = place.index(stream.len());
            stream[at] = byte;
        }
        if let Ok(Prologue { next: Next::Hello(at), .. }) = prologue(&stream) {
            prop_assert_eq!(stream[at], HANDSHAKE);
        }
    }
}
