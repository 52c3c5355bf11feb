//! What usually answers at a port: IANA's registry of service names, compiled in.

use crate::event::Protocol;

/// The service that is registered for `port` of TCP or UDP: `https`, `dns`, …
///
/// A registration is a custom, not a proof: it says nothing about what is really spoken there.
#[must_use]
pub fn name(protocol: Protocol, port: u16) -> Option<&'static str> {
    let mut fields = line(port)?.split_ascii_whitespace().skip(1);
    let (tcp, udp) = (fields.next()?, fields.next()?);
    let name = match protocol {
        Protocol::TCP => tcp,
        Protocol::UDP if udp == "=" => tcp,
        Protocol::UDP => udp,
        _ => return None,
    };
    (name != "-").then_some(name)
}

/// The line of the registry that is about `port`: a binary search in the text itself, which needs
/// neither a table in memory nor a start-up cost.
fn line(port: u16) -> Option<&'static str> {
    let mut rest = SERVICES;
    loop {
        let middle = rest.len() / 2;
        // The text is ASCII (a test checks that), so every offset is between two letters.
        let begin = rest.get(..middle)?.rfind('\n').map_or(0, |newline| newline + 1);
        let line = rest.get(begin..)?.split('\n').next()?;
        let found: u16 = line.split(' ').next()?.parse().ok()?;
        rest = match found.cmp(&port) {
            std::cmp::Ordering::Equal => return Some(line),
            std::cmp::Ordering::Less => rest.get(begin + line.len() + 1..)?,
            std::cmp::Ordering::Greater => rest.get(..begin)?,
        };
    }
}

/// One line a port, ascending; `scripts/services.py` says how it is made.
const SERVICES: &str = include_str!("../../assets/services.txt");

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn well_known_ports_have_their_names() {
        #[rustfmt::skip]
        let cases = [
            (Protocol::TCP, 443, Some("https")), (Protocol::UDP, 443, Some("quic")), (Protocol::TCP, 22, Some("ssh")),
            (Protocol::UDP, 53, Some("dns")), (Protocol::TCP, 80, Some("http")), (Protocol::UDP, 5353, Some("mdns")),
            (Protocol::TCP, 1, Some("tcpmux")), (Protocol::TCP, 0, None), (Protocol::TCP, u16::MAX, None),
            (Protocol::UDP, 51_820, None), (Protocol::ICMP, 443, None),
        ];
        for (protocol, port, service) in cases {
            assert_eq!(name(protocol, port), service, "{port}/{protocol}");
        }
    }

    #[test]
    fn every_line_of_the_registry_is_found() {
        assert!(SERVICES.is_ascii());
        assert!(SERVICES.lines().count() > 500);
        let mut last = 0;
        for text in SERVICES.lines() {
            let fields: Vec<_> = text.split(' ').collect();
            let [port, tcp, udp] = fields[..] else { panic!("{text}") };
            let port: u16 = port.parse().unwrap();
            assert!(last < port, "{text}");
            last = port;
            assert_eq!(line(port), Some(text));
            assert!(tcp != "-" || (udp != "-" && udp != "="), "{text}");
        }
    }
}
