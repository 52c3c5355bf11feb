//! What an interface is for the counting rules, told from its name where nothing better is known.

use crate::event::InterfaceKind;

/// The kind that a name gives away. Names follow fixed habits on macOS (`utun3`, `bridge100`) and on
/// Linux (`wg0`, `br-1f2e`, `eth0.100`); whatever follows none of them reaches the network by itself.
#[must_use]
pub fn interface_kind_by_name(name: &str) -> InterfaceKind {
    let stem = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    match stem {
        "lo" => InterfaceKind::Loopback,
        "utun" | "ipsec" | "ppp" | "tun" | "tap" | "tunl" | "wg" | "gif" | "stf" | "gre" | "sit"
        | "ip6tnl" | "vti" | "tailscale" => InterfaceKind::Tunnel,
        "bridge" | "br" | "virbr" | "vmbr" | "lxcbr" | "docker" | "vlan" | "bond" | "team" => {
            InterfaceKind::Stacked
        }
        _ if name.starts_with("br-") || is_vlan(name) => InterfaceKind::Stacked,
        _ => InterfaceKind::Physical,
    }
}

/// Whether `name` is a parent's name, a dot and a VLAN number: `eth0.100`.
fn is_vlan(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(parent, tag)| {
        !parent.is_empty() && tag.parse::<u16>().is_ok_and(|tag| (1..4095).contains(&tag))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_kinds_away() {
        #[rustfmt::skip]
        let cases = [
            (InterfaceKind::Loopback, &["lo", "lo0"][..]),
            (InterfaceKind::Tunnel, &["utun3", "ipsec0", "ppp0", "tun0", "wg0", "tailscale0", "gif0"][..]),
            (InterfaceKind::Stacked, &["bridge100", "br0", "br-1f2e3d", "docker0", "vlan7", "bond0", "eth0.100"][..]),
            (InterfaceKind::Physical, &["en0", "eth0", "wlp3s0", "awdl0", "vethab12", "local0", "", "lo.", ".5", "eth0.4095", "tunes", "low", "recording"][..]),
        ];
        for (kind, names) in cases {
            for name in names {
                assert_eq!(interface_kind_by_name(name), kind, "{name}");
            }
        }
    }
}
