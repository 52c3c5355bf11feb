//! What is known of a connection beyond its name: that it asks for names behind closed doors, or is a relay's hop.

use std::net::IpAddr;
use std::sync::LazyLock;

use hashbrown::HashMap;

use crate::aggregate::snapshot::{ConnectionRow, HostName, HostNote, HostSource, Route};

/// What a server is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Resolver,
    Relay,
}

/// A server of `assets/known-hosts.txt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Server {
    part: Part,
    operator: &'static str,
}

/// Servers by name (those that begin with a dot are for all below) and by address.
#[derive(Debug, Default)]
struct Book {
    names: HashMap<&'static str, Server>,
    addresses: HashMap<IpAddr, Server>,
}

/// The kept list, which says itself how it is to be read.
const TEXT: &str = include_str!("../../../assets/known-hosts.txt");

static BOOK: LazyLock<Book> = LazyLock::new(|| Book::read(TEXT));

/// Ports of DNS over TLS and QUIC (RFC 7858 §3.1, RFC 9250 §4.1.1; 784 and 8853 before that).
const DNS_OVER_TLS: [u16; 3] = [853, 784, 8853];

/// The port of HTTPS and HTTP/3.
const HTTPS: u16 = 443;

/// What is to be said about a connection's name, and who runs the server where that is known.
#[must_use]
pub fn note(row: &ConnectionRow) -> Option<(HostNote, Option<&'static str>)> {
    // Behind a proxy's port, the one that is asked for there is not known.
    let port = (row.route != Route::Proxied).then_some(row.remote.port());
    judge(row.host.as_ref(), (row.remote.ip(), port), row.service)
}

fn judge(
    host: Option<&HostName>,
    (address, port): (IpAddr, Option<u16>),
    service: Option<&str>,
) -> Option<(HostNote, Option<&'static str>)> {
    let server = server(host, address);
    let operator = server.map(|server| server.operator);
    match server.map(|server| server.part) {
        Some(Part::Relay) => return Some((HostNote::PrivateRelay, operator)),
        Some(Part::Resolver) if port.is_none_or(|port| port == HTTPS || DNS_OVER_TLS.contains(&port)) => {
            return Some((HostNote::EncryptedDns, operator));
        }
        _ => {}
    }
    if matches!(service, Some("dns-over-tls" | "dns-over-quic")) {
        return Some((HostNote::EncryptedDns, None));
    }
    host.is_some_and(|host| host.outer).then_some((HostNote::EchOuter, None))
}

/// The known server at the other end: by its name and, where the client has not said one itself, by its address.
fn server(host: Option<&HostName>, address: IpAddr) -> Option<Server> {
    let by_name = host.and_then(|host| BOOK.named(&host.name));
    if by_name.is_some() || host.is_some_and(|host| host.source < HostSource::Dns && !host.outer) {
        return by_name;
    }
    BOOK.addresses.get(&address.to_canonical()).copied()
}

impl Book {
    fn read(text: &'static str) -> Self {
        let mut book = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((head, ends)) = line.split_once(": ") else { continue };
            let (part, operator) = match head.split_once(' ') {
                Some(("dns", operator)) => (Part::Resolver, operator),
                Some(("relay", operator)) => (Part::Relay, operator),
                _ => continue,
            };
            let server = Server { part, operator };
            for end in ends.split_ascii_whitespace() {
                match end.parse() {
                    Ok(address) => book.addresses.insert(address, server),
                    Err(_) => book.names.insert(end, server),
                };
            }
        }
        book
    }

    /// The server of this name, or of the nearest name above it that stands for all below.
    fn named(&self, name: &str) -> Option<Server> {
        let above = name.match_indices('.').filter_map(|(at, _)| name.get(at..));
        std::iter::once(name).chain(above).find_map(|name| self.names.get(name)).copied()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;

    use super::*;
    use crate::time::Timestamp;

    fn host(name: &str, source: HostSource, outer: bool) -> HostName {
        HostName { name: name.into(), source, learned: Timestamp::default(), outer }
    }

    #[test]
    fn notes() {
        use HostSource::{Dns, Quic, Sni};
        let dns = |operator| Some((HostNote::EncryptedDns, operator));
        let relay = Some((HostNote::PrivateRelay, Some("Apple")));
        #[rustfmt::skip]
        let cases = [
            ("by name", "192.0.2.1:443", Some(("dns.google", Sni)), dns(Some("Google"))),
            ("below a name", "192.0.2.1:443", Some(("abc123.dns.nextdns.io", Quic)), dns(Some("NextDNS"))),
            ("the name itself is not below it", "192.0.2.1:443", Some(("d.adguard-dns.com", Sni)), None),
            ("by address", "1.1.1.1:443", None, dns(Some("Cloudflare"))),
            ("by address in IPv6", "[2620:fe::fe]:853", None, dns(Some("Quad9"))),
            ("a name from DNS does not hide it", "9.9.9.9:443", Some(("x.test", Dns)), dns(Some("Quad9"))),
            ("another site at the address", "1.1.1.1:443", Some(("crow.test", Sni)), None),
            ("in clear", "8.8.8.8:53", Some(("dns.google", Dns)), None),
            ("a relay", "192.0.2.1:443", Some(("mask.icloud.com", Quic)), relay),
            ("anybody", "192.0.2.1:443", Some(("crow.test", Sni)), None),
        ];
        for (case, remote, named, expected) in cases {
            let named = named.map(|(name, source)| host(name, source, false));
            let remote: SocketAddr = remote.parse().unwrap();
            let end = (remote.ip(), Some(remote.port()));
            assert_eq!(judge(named.as_ref(), end, Some("https")), expected, "{case}");
        }
        let google = host("dns.google", Sni, false);
        let proxy = "127.0.0.1".parse().unwrap();
        assert_eq!(judge(Some(&google), (proxy, None), Some("https")), dns(Some("Google")), "behind a proxy");
        let remote = ("192.0.2.1".parse().unwrap(), Some(853));
        assert_eq!(judge(None, remote, Some("dns-over-tls")), dns(None));
        let outer = host("cover.test", Sni, true);
        assert_eq!(judge(Some(&outer), remote, None), Some((HostNote::EchOuter, None)));
    }

    #[test]
    fn the_list_can_be_read_whole() {
        let lines = TEXT.lines().filter(|line| !line.starts_with('#'));
        let ends: usize = lines.map(|line| line.split_once(": ").unwrap().1.split(' ').count()).sum();
        assert_eq!(BOOK.names.len() + BOOK.addresses.len(), ends, "none twice, none left out");
        for name in BOOK.names.keys() {
            let shown = crate::aggregate::names::host_name(name).unwrap();
            assert_eq!(Arc::from(*name), shown, "as names are kept");
            assert!(name.contains('.') && name.is_ascii(), "{name}");
        }
    }
}
