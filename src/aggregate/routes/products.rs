//! The proxies, tunnels and VPNs that Crow knows by name: `assets/proxies.json`, compiled in.
//!
//! An entry has a name as people know it, a kind, the `processes` that it runs as (names of programs, of Mac
//! bundles, or bundle identifiers, in lower case), the ports where it listens unless told otherwise, and the ranges
//! that it makes addresses up from.

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use hashbrown::HashMap;
use serde::Deserialize;

use crate::event::Process;

/// What a product does with the traffic of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// Passes connections on to their destinations, by itself or by a server elsewhere.
    Proxy,
    /// Passes packets on through a tunnel.
    Vpn,
    /// Shows what goes through it to a developer.
    DebugProxy,
    /// Passes connections on through the Tor network.
    Tor,
}

/// One product.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Product {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// What it does.
    pub(crate) kind: Kind,
    processes: Vec<String>,
    /// Where it listens by default.
    #[serde(default)]
    pub(crate) ports: Vec<u16>,
    #[serde(default)]
    fake_ip: Vec<Range>,
}

impl Product {
    /// Whether it takes connections one by one, so that the true destination of each can be known.
    #[must_use]
    pub(crate) fn is_proxy(&self) -> bool {
        self.kind != Kind::Vpn
    }
}

/// The product that a process is part of, by its program, the bundles around it or its app.
#[must_use]
pub(crate) fn of_process(process: &Process) -> Option<&'static Product> {
    let path = process.path.as_deref().unwrap_or_default();
    let program = path.rsplit('/').next().unwrap_or_default();
    // The innermost bundle says most.
    let bundles = path.rsplit('/').skip(1).filter_map(bundle_name);
    let app = [process.app.name.as_str(), process.app.id.rsplit([':', '/']).next().unwrap_or_default()];
    let own = [process.name.as_str(), program];
    own.into_iter().chain(bundles).chain(app).find_map(by_name)
}

/// The product that runs as a program of this name.
#[must_use]
pub(crate) fn by_name(program: &str) -> Option<&'static Product> {
    let program = bundle_name(program).unwrap_or(program).to_lowercase();
    // Programs keep the names that they are published under: mihomo-darwin-arm64-v1.19.0.
    let released = SYSTEMS.iter().find_map(|system| Some(program.split_once(system)?.0));
    let names = [Some(program.as_str()), released];
    names.into_iter().flatten().find_map(|name| KNOWN.products.get(*KNOWN.by_name.get(name)?))
}

/// Whether some product makes such addresses up in place of true ones.
#[must_use]
pub(crate) fn is_fake(address: IpAddr) -> bool {
    let address = address.to_canonical();
    KNOWN.fake.iter().any(|range| range.contains(address))
}

/// `Surge` of `Surge.app`; `None` of what is no bundle.
fn bundle_name(folder: &str) -> Option<&str> {
    let (name, extension) = folder.rsplit_once('.')?;
    matches!(extension, "app" | "appex" | "systemextension").then_some(name)
}

/// Everything in the file.
struct Known {
    products: Vec<Product>,
    /// By each of the names of their processes. Never gone over: its order means nothing.
    by_name: HashMap<String, usize>,
    fake: Vec<Range>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    // A test reads the file that is compiled in.
    let products: Vec<Product> = serde_json::from_str(PRODUCTS).unwrap_or_default();
    let mut by_name = HashMap::new();
    for (at, product) in products.iter().enumerate() {
        by_name.extend(product.processes.iter().map(|name| (name.clone(), at)));
    }
    let mut fake: Vec<Range> = products.iter().flat_map(|product| product.fake_ip.iter().copied()).collect();
    fake.sort_unstable();
    fake.dedup();
    Known { products, by_name, fake }
});

/// Addresses that begin alike: `198.18.0.0/15`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
struct Range {
    first: IpAddr,
    /// Leading bits that are the same.
    bits: u32,
}

impl Range {
    fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                (first.to_bits() ^ address.to_bits()).leading_zeros() >= self.bits
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                (first.to_bits() ^ address.to_bits()).leading_zeros() >= self.bits
            }
            _ => false,
        }
    }
}

impl TryFrom<String> for Range {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let range = text.split_once('/').and_then(|(first, bits)| {
            let (first, bits) = (first.parse::<IpAddr>().ok()?, bits.parse().ok()?);
            let most = if first.is_ipv4() { 32 } else { 128 };
            (1..=most).contains(&bits).then_some(Self { first, bits })
        });
        range.ok_or_else(|| format!("`{text}` is no range of addresses such as 198.18.0.0/15"))
    }
}

/// What stands between a published program's own name and what it is made for.
const SYSTEMS: [&str; 2] = ["-darwin-", "-linux-"];

/// One product an entry.
const PRODUCTS: &str = include_str!("../../../assets/proxies.json");

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::event::{App, ProcessKey};

    fn process(name: &str, path: &str, app: &str) -> Process {
        Process {
            key: ProcessKey { pid: 1, started: None },
            name: name.to_owned(),
            path: Some(path.to_owned()).filter(|path| !path.is_empty()),
            uid: None,
            user: None,
            parent: None,
            app: App { id: app.to_owned(), name: app.rsplit('/').next().unwrap().to_owned() },
        }
    }

    #[test]
    fn the_file_is_whole_and_in_one_form() {
        let products: Vec<Product> = serde_json::from_str(PRODUCTS).unwrap();
        assert!(products.len() >= 60);
        let mut seen = std::collections::BTreeSet::new();
        for product in &products {
            assert!(
                !product.name.is_empty() && (!product.processes.is_empty() || !product.fake_ip.is_empty())
            );
            for name in &product.processes {
                assert_eq!(*name, name.to_lowercase(), "in {}", product.name);
                assert!(seen.insert(name), "{name} belongs to two products");
            }
        }
    }

    #[test]
    fn products_are_known_by_program_bundle_and_identifier() {
        #[rustfmt::skip]
        let cases = [
            ("mihomo", "/usr/bin/mihomo", "/usr/bin/mihomo", Some("mihomo")),
            ("verge-mihomo", "/Applications/Clash Verge.app/Contents/MacOS/verge-mihomo", "/Applications/Clash Verge.app", Some("mihomo")),
            ("Surge", "/Applications/Surge.app/Contents/MacOS/Surge", "/Applications/Surge.app", Some("Surge")),
            ("worker", "/Applications/Surge.app/Contents/XPCServices/worker", "/Applications/Surge.app", Some("Surge")),
            ("com.wireguard.macos.network-extension", "/Library/SystemExtensions/X/com.wireguard.macos.network-extension.systemextension/Contents/MacOS/ext", "x", Some("WireGuard")),
            ("tailscaled", "", "tailscaled", Some("Tailscale")),
            ("TOR", "/usr/bin/tor", "tor", Some("Tor")),
            ("curl", "/home/tor/ssh/curl", "/home/tor/ssh/curl", None),
            ("sshd", "/usr/sbin/sshd", "/usr/sbin/sshd", None),
        ];
        for (name, path, app, expected) in cases {
            let found = of_process(&process(name, path, app)).map(|product| &*product.name);
            assert_eq!(found, expected, "{name} at {path}");
        }
    }

    #[test]
    fn the_products_that_people_use_most_are_known() {
        #[rustfmt::skip]
        let cases = [
            ("clash", "mihomo", Kind::Proxy), ("mihomo", "mihomo", Kind::Proxy), ("verge-mihomo", "mihomo", Kind::Proxy),
            ("mihomo-darwin-arm64-v1.19.0", "mihomo", Kind::Proxy), ("clash-linux-amd64-v3", "mihomo", Kind::Proxy),
            ("Clash Verge.app", "Clash Verge", Kind::Proxy), ("ClashX Pro.app", "ClashX", Kind::Proxy), ("Clash for Windows.app", "Clash for Windows", Kind::Proxy),
            ("Clash Nyanpasu.app", "Clash Nyanpasu", Kind::Proxy), ("Mihomo Party.app", "Mihomo Party", Kind::Proxy), ("FlClashCore", "FlClash", Kind::Proxy),
            ("Stash.app", "Stash", Kind::Proxy), ("Clash Mi.app", "Clash Mi", Kind::Proxy), ("GUI.for.Clash.app", "GUI for Clash", Kind::Proxy),
            ("sing-box", "sing-box", Kind::Proxy), ("SFM.app", "sing-box", Kind::Proxy), ("sing-box-linux-arm64", "sing-box", Kind::Proxy),
            ("v2ray", "V2Ray", Kind::Proxy), ("V2rayU.app", "V2Ray", Kind::Proxy), ("xray", "Xray", Kind::Proxy), ("xray-linux-64", "Xray", Kind::Proxy),
            ("karing.app", "Karing", Kind::Proxy), ("karingService", "Karing", Kind::Proxy), ("Surge.app", "Surge", Kind::Proxy),
            ("com.nssurge.surge-mac.ne.systemextension", "Surge", Kind::Proxy),
            ("ss-local", "Shadowsocks", Kind::Proxy), ("sslocal", "Shadowsocks", Kind::Proxy), ("ShadowsocksX-NG.app", "Shadowsocks", Kind::Proxy),
            ("trojan", "Trojan", Kind::Proxy), ("trojan-go", "Trojan", Kind::Proxy), ("hysteria", "Hysteria", Kind::Proxy), ("hysteria-darwin-arm64", "Hysteria", Kind::Proxy),
            ("tor", "Tor", Kind::Tor), ("Tor Browser.app", "Tor", Kind::Tor), ("nekobox_core", "NekoBox", Kind::Proxy), ("nekoray", "NekoBox", Kind::Proxy),
            ("Hiddify.app", "Hiddify", Kind::Proxy), ("HiddifyCli", "Hiddify", Kind::Proxy),
            ("wireguard-go", "WireGuard", Kind::Vpn), ("com.wireguard.macos.network-extension.appex", "WireGuard", Kind::Vpn),
            ("tailscaled", "Tailscale", Kind::Vpn), ("Tailscale.app", "Tailscale", Kind::Vpn), ("io.tailscale.ipn.macsys.network-extension.systemextension", "Tailscale", Kind::Vpn),
            ("openvpn", "OpenVPN", Kind::Vpn), ("Tunnelblick.app", "OpenVPN", Kind::Vpn), ("OpenVPN Connect.app", "OpenVPN", Kind::Vpn),
            ("Charles.app", "Charles", Kind::DebugProxy), ("Proxyman.app", "Proxyman", Kind::DebugProxy), ("mitmproxy", "mitmproxy", Kind::DebugProxy),
            ("mitmdump", "mitmproxy", Kind::DebugProxy), ("privoxy", "Privoxy", Kind::Proxy),
        ];
        for (program, expected, kind) in cases {
            let found = by_name(program).map(|product| (&*product.name, product.kind));
            assert_eq!(found, Some((expected, kind)), "{program}");
        }
        for stranger in
            ["curl", "tornado", "surge-protector", "clash of crows", "-darwin-arm64", "my-linux-tool"]
        {
            assert_eq!(by_name(stranger).map(|product| &product.name), None, "{stranger}");
        }
    }

    #[test]
    fn fake_addresses_are_those_in_the_ranges() {
        #[rustfmt::skip]
        let cases = [
            ("198.18.0.1", true), ("198.19.255.255", true), ("198.20.0.0", false), ("198.17.255.255", false),
            ("::ffff:198.18.7.9", true), ("fc00:0:1::1", true), ("fc00:4000::1", false), ("fdfe:dcba:9876::5", true),
            ("fdfe:dcba:9877::5", false), ("10.0.0.1", false), ("2001:db8::1", false),
        ];
        for (address, expected) in cases {
            assert_eq!(is_fake(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn a_range_that_is_none_is_refused() {
        for text in ["198.18.0.0", "198.18.0.0/33", "x/8", "198.18.0.0/0", "fc00::/129"] {
            assert!(Range::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
