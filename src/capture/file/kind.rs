//! What an interface is for the counting rules, told from nothing but its name: all that a recording has.

use crate::event::InterfaceKind;

/// Names of macOS, the BSDs and Linux whose number follows.
const TUNNELS: &[&str] =
    &["utun", "ipsec", "ppp", "tun", "tap", "wg", "gif", "stf", "gre", "sit", "tailscale"];
const STACKED: &[&str] = &["bridge", "bond", "vlan", "br", "virbr", "docker", "team"];

/// The kind of the interface called `name` in a recording.
///
/// Recordings say no more than the name, so that an interface with a name of its user's making
/// counts as physical.
#[must_use]
pub fn kind_by_name(name: &str) -> InterfaceKind {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    // Linux: `br-3fb2…` is a container network's bridge, `eth0.20` a VLAN.
    if stem == "lo" {
        InterfaceKind::Loopback
    } else if TUNNELS.contains(&stem) {
        InterfaceKind::Tunnel
    } else if STACKED.contains(&stem) || name.starts_with("br-") || is_vlan(name) {
        InterfaceKind::Stacked
    } else {
        InterfaceKind::Physical
    }
}

fn is_vlan(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(parent, tag)| {
        !parent.is_empty() && tag.parse::<u16>().is_ok_and(|tag| (1..4095).contains(&tag))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        use InterfaceKind::{Loopback, Physical, Stacked, Tunnel};
        #[rustfmt::skip]
        let cases = [
            ("lo", Loopback), ("lo0", Loopback), ("en0", Physical), ("eth0", Physical), ("wlp3s0", Physical),
            ("pdp_ip0", Physical), ("awdl0", Physical), ("low", Physical), ("", Physical), ("recording", Physical),
            ("utun3", Tunnel), ("ipsec0", Tunnel), ("ppp0", Tunnel), ("wg0", Tunnel), ("tun0", Tunnel),
            ("tunes", Physical), ("bridge100", Stacked), ("bond0", Stacked), ("vlan7", Stacked), ("br-3fb2c0", Stacked),
            ("docker0", Stacked), ("eth0.20", Stacked), ("eth0.4095", Physical), (".20", Physical),
        ];
        for (name, kind) in cases {
            assert_eq!(kind_by_name(name), kind, "{name}");
        }
    }
}
