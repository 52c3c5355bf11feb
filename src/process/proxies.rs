//! The proxies that the system's settings name, and whose tunnels there are: asked in the app, as its user.
//!
//! Linux has no one place for them: programs read the environment, the desktop's programs its settings. A Mac has one,
//! which also names the services of its network settings, VPNs among them.

#[cfg(target_os = "linux")]
use super::linux::proxies as system;
#[cfg(target_os = "macos")]
use super::macos::proxies as system;
use crate::event::{Event, ProxySetting, Tunnel};

/// What the system said last.
#[derive(Debug, Default)]
pub struct Facts {
    system: system::System,
    proxies: Option<Vec<ProxySetting>>,
    script: Option<String>,
    tunnels: Vec<Tunnel>,
}

impl Facts {
    /// What has changed since the last call; the first time, what there is. May block for milliseconds.
    pub fn changes(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        let mut proxies = environment(|name| std::env::var(name).ok());
        proxies.extend(self.system.proxies());
        proxies.truncate(MAX_PROXIES);
        if self.proxies.as_ref() != Some(&proxies) {
            self.proxies = Some(proxies.clone());
            events.push(Event::Proxies(proxies));
        }
        let script = self.system.script();
        if script != self.script {
            self.script.clone_from(&script);
            events.push(Event::ProxyScript(script));
        }
        if let Some(tunnels) = self.system.tunnels().filter(|tunnels| *tunnels != self.tunnels) {
            self.tunnels.clone_from(&tunnels);
            events.push(Event::Tunnels(tunnels));
        }
        events
    }
}

/// The proxies that an environment names (the variables of curl, wget and many libraries).
pub fn environment(read: impl Fn(&str) -> Option<String>) -> Vec<ProxySetting> {
    let names = VARIABLES.iter().flat_map(|name| [(*name).to_owned(), name.to_uppercase()]);
    let mut found: Vec<ProxySetting> = Vec::new();
    for value in names.filter_map(|name| read(&name)) {
        let setting = address(&value, "environment").filter(|setting| !found.contains(setting));
        found.extend(setting);
    }
    found
}

/// A proxy written as an address: `http://user:password@host:port/`, `socks5://host`, `host:port`, and KDE's
/// `http://host port`.
#[must_use]
pub fn address(text: &str, origin: &str) -> Option<ProxySetting> {
    let text = text.trim();
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let rest = rest.split(['/', '?', '#']).next()?;
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let (host, port) = match rest.strip_prefix('[') {
        Some(bracketed) => {
            let (host, after) = bracketed.split_once(']')?;
            (host, after.trim_start_matches([':', ' ']))
        }
        None => rest.split_once([':', ' ']).unwrap_or((rest, "")),
    };
    let port = match (port.trim(), scheme) {
        ("", "https") => 443,
        ("", _) if scheme.starts_with("socks") => 1080,
        ("", _) => 80,
        (port, _) => port.parse().ok()?,
    };
    let is_host =
        !host.is_empty() && !host.contains(|letter: char| letter.is_whitespace() || letter.is_control());
    is_host.then(|| ProxySetting { host: host.to_owned(), port, origin: origin.to_owned() })
}

/// What stands for the script's address where the network is asked for it.
pub const DISCOVERED: &str = "WPAD";

/// Read in small and in capital letters.
const VARIABLES: [&str; 3] = ["http_proxy", "https_proxy", "all_proxy"];

/// Settings that are passed on.
const MAX_PROXIES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, u16)> {
        address(text, "test").map(|setting| (setting.host, setting.port))
    }

    #[test]
    fn addresses_are_read_in_all_their_forms() {
        #[rustfmt::skip]
        let cases = [
            ("http://127.0.0.1:7890", Some(("127.0.0.1", 7890))), ("127.0.0.1:7890", Some(("127.0.0.1", 7890))),
            ("socks5h://user:p@ss@proxy.test:1081/", Some(("proxy.test", 1081))), ("socks5://proxy.test", Some(("proxy.test", 1080))),
            ("https://proxy.test", Some(("proxy.test", 443))), ("proxy.test", Some(("proxy.test", 80))),
            ("http://[::1]:3128/", Some(("::1", 3128))), ("http://127.0.0.1 8080", Some(("127.0.0.1", 8080))),
            ("http://proxy.test:", Some(("proxy.test", 80))),
            ("", None), ("http://", None), ("http://proxy.test:port", None), ("http://proxy.test:70000", None), ("http://[::1", None),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected.map(|(host, port)| (host.to_owned(), port)), "{text}");
        }
    }

    #[test]
    fn the_environment_is_read_in_both_cases_and_once() {
        let found = environment(|name| match name {
            "http_proxy" | "HTTPS_PROXY" => Some("http://127.0.0.1:7890".to_owned()),
            "ALL_PROXY" => Some("socks5://127.0.0.1:7891".to_owned()),
            "no_proxy" => Some("x:1".to_owned()),
            _ => None,
        });
        let ports: Vec<u16> = found.iter().map(|setting| setting.port).collect();
        assert_eq!(ports, [7890, 7891]);
        assert!(found.iter().all(|setting| setting.origin == "environment"));
    }
}
