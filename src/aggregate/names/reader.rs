//! What a client's first bytes in a TCP connection say about where it goes: pure, from all of them at once.
//!
//! Layers lie in one another: a tunnel through a proxy begins with a request to it, TLS with a dialogue in clear.
//! The innermost name is the best one.

use crate::aggregate::snapshot::HostSource;
use crate::wire::starttls::{self, Next};
use crate::wire::{Error, http, proxy_protocol, socks, tls};

/// A name that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// As it was written.
    pub name: String,
    /// Where.
    pub source: HostSource,
    /// Whether an Encrypted Client Hello came with it, so that it may stand for another.
    pub ech: bool,
}

/// A protocol that was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// TLS, with what is spoken inside it where that was said.
    Tls(Option<&'static str>),
    /// QUIC, likewise. What the web speaks in it goes by the name of QUIC itself.
    Quic(Option<&'static str>),
    /// A protocol by the name of its service.
    Plain(&'static str),
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The name of the final destination.
    pub name: Option<Name>,
    /// What is spoken.
    pub protocol: Option<Protocol>,
    /// Whether a proxy is asked to pass this on.
    pub is_for_proxy: bool,
    /// Whether a proxy is asked for a relay of datagrams.
    pub asks_relay: bool,
    /// Whether more bytes may say more.
    pub is_open: bool,
}

impl Protocol {
    /// The service, given the one that is registered for the port: what was seen beats the port, and the port
    /// says more than "some TLS".
    #[must_use]
    pub fn service(self, registered: Option<&'static str>) -> &'static str {
        match (self, registered) {
            (Self::Plain(service) | Self::Tls(Some(service)) | Self::Quic(Some(service)), _) => service,
            (Self::Quic(None), Some(service)) if service == DNS_OVER_QUIC => service,
            (Self::Quic(None), _) => "quic",
            (Self::Tls(None), Some("http")) => "https",
            (Self::Tls(None), Some(service)) if TLS_SERVICES.contains(&service) => service,
            (Self::Tls(None), _) => "tls",
        }
    }
}

/// Reads what the end that opened the connection has sent by now, from its first byte on.
#[must_use]
pub fn read(client: &[u8]) -> Reading {
    let mut reading = Reading::default();
    let mut rest = client;
    for _ in 0..MAX_LAYERS {
        let (layer, inside) = layer(rest);
        reading = within(reading, layer);
        match inside.and_then(|len| rest.get(len..)) {
            Some(inside) => rest = inside,
            None => return reading,
        }
    }
    Reading { is_open: false, ..reading }
}

/// What the outermost layer says, and after how many bytes the next one begins.
fn layer(client: &[u8]) -> (Reading, Option<usize>) {
    if client.is_empty() {
        return (Reading { is_open: true, ..Reading::default() }, None);
    }
    // Each says by its first bytes whether it is meant; those that cannot tell yet want more.
    let mut is_open = false;
    for read in [tls_layer, balancer_layer, http_layer, socks_layer, clear_layer] {
        match read(client) {
            Ok(layer) => return layer,
            Err(err) => is_open |= err == Error::Truncated,
        }
    }
    if client.starts_with(b"SSH-") {
        return (Reading { protocol: Some(Protocol::Plain("ssh")), ..Reading::default() }, None);
    }
    (Reading { is_open, ..Reading::default() }, None)
}

fn tls_layer(client: &[u8]) -> Result<(Reading, Option<usize>), Error> {
    tls::hello_in_records(client).map(|hello| (hello_said(hello, HostSource::Sni), None))
}

/// What a load balancer says of the client names no destination.
fn balancer_layer(client: &[u8]) -> Result<(Reading, Option<usize>), Error> {
    let len = proxy_protocol::header_len(client)?;
    Ok((Reading::default(), Some(len)))
}

fn http_layer(client: &[u8]) -> Result<(Reading, Option<usize>), Error> {
    let request = http::request(client)?;
    let source = if request.is_connect { HostSource::Connect } else { HostSource::Http };
    let name = request.host.map(|name| Name { name, source, ech: false });
    let protocol = Some(Protocol::Plain("http"));
    let inside = request.head_len.filter(|_| request.is_connect);
    let (is_open, is_for_proxy) = (request.is_connect && inside.is_none(), request.is_for_proxy);
    Ok((Reading { name, protocol, is_for_proxy, is_open, ..Reading::default() }, inside))
}

fn socks_layer(client: &[u8]) -> Result<(Reading, Option<usize>), Error> {
    let request = socks::request(client)?;
    let is_connect = request.purpose == socks::Purpose::Connect;
    // The others name no destination, but where one may come from.
    let name = is_connect.then_some(Name { name: request.host, source: HostSource::Socks, ech: false });
    let protocol = Some(Protocol::Plain("socks"));
    let asks_relay = request.purpose == socks::Purpose::UdpAssociate;
    let is_for_proxy = is_connect || asks_relay;
    let reading = Reading { name, protocol, is_for_proxy, asks_relay, is_open: false };
    Ok((reading, is_connect.then_some(request.len)))
}

/// A protocol that goes over to TLS later, or not at all.
fn clear_layer(client: &[u8]) -> Result<(Reading, Option<usize>), Error> {
    let prologue = starttls::prologue(client)?;
    let protocol = prologue.service.map(Protocol::Plain);
    let inside = match prologue.next {
        Next::Hello(len) => Some(len),
        Next::Later | Next::Never => None,
    };
    Ok((Reading { protocol, is_open: prologue.next == Next::Later, ..Reading::default() }, inside))
}

/// What an outer layer said, corrected by the one inside it.
pub(in crate::aggregate) fn within(outer: Reading, inner: Reading) -> Reading {
    let name = match (outer.name, inner.name) {
        // A proxy is told the true name even where TLS shows a cover for it.
        (Some(outer), Some(inner)) if inner.ech && outer.name.parse::<std::net::IpAddr>().is_err() => {
            let is_same = outer.name.eq_ignore_ascii_case(&inner.name);
            Some(if is_same { Name { ech: false, ..inner } } else { outer })
        }
        (outer, inner) => inner.or(outer),
    };
    let protocol = match (outer.protocol, inner.protocol) {
        // TLS begun by STARTTLS is still mail.
        (Some(Protocol::Plain(service)), Some(Protocol::Tls(None))) if !is_tunnel(service) => outer.protocol,
        (outer, inner) => inner.or(outer),
    };
    Reading {
        name,
        protocol,
        is_for_proxy: outer.is_for_proxy || inner.is_for_proxy,
        asks_relay: outer.asks_relay || inner.asks_relay,
        is_open: inner.is_open,
    }
}

/// Whether what a protocol carries is a service of its own.
fn is_tunnel(service: &str) -> bool {
    matches!(service, "http" | "socks")
}

/// What a `ClientHello` says.
pub(super) fn hello_said(hello: tls::ClientHello, source: HostSource) -> Reading {
    let inside = hello.alpn.iter().find_map(|protocol| spoken_inside(protocol));
    let name = hello.server_name.map(|name| Name { name, source, ech: hello.ech });
    Reading { name, protocol: Some(Protocol::Tls(inside)), is_open: !hello.complete, ..Reading::default() }
}

/// What the `ClientHello` of a QUIC connection says.
pub(super) fn quic_hello_said(hello: tls::ClientHello) -> Reading {
    // RFC 9250 §4.1, and its drafts.
    let is_dns = hello.alpn.iter().any(|protocol| protocol == "doq" || protocol.starts_with("doq-i"));
    let protocol = Some(Protocol::Quic(is_dns.then_some(DNS_OVER_QUIC)));
    Reading { protocol, ..hello_said(hello, HostSource::Quic) }
}

/// The service that a protocol name stands for (IANA "TLS ALPN Protocol IDs").
fn spoken_inside(protocol: &str) -> Option<&'static str> {
    match protocol {
        "h2" | "http/1.1" | "http/1.0" => Some("https"),
        "imap" => Some("imaps"),
        "pop3" => Some("pop3s"),
        "ftp" => Some("ftps"),
        "dot" => Some("dns-over-tls"),
        "mqtt" => Some("secure-mqtt"),
        _ => None,
    }
}

/// The service of DNS over QUIC, as it is registered.
const DNS_OVER_QUIC: &str = "dns-over-quic";

/// Layers that are looked into: TLS in a mail dialogue in a tunnel in a tunnel, and a refused password.
const MAX_LAYERS: usize = 8;

/// Registered services that are spoken inside TLS from the first byte on.
const TLS_SERVICES: [&str; 12] = [
    "https",
    "imaps",
    "pop3s",
    "ftps",
    "ftps-data",
    "dns-over-tls",
    "ldaps",
    "submissions",
    "nntps",
    "ircs-u",
    "secure-mqtt",
    "amqps",
];

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
mod tests;
