//! What the user chose. Saved by `store`, read by everyone.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::units::{Bytes, BytesPerSec, scaled};

/// The version of the settings that this Crow writes; it reads this one and every earlier one.
pub const SETTINGS_VERSION: u32 = 1;

/// The span that rates are averaged over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateWindow {
    /// 1 s: nervous and exact.
    OneSecond,
    /// 5 s: readable; the default.
    #[default]
    FiveSeconds,
    /// 30 s: calm.
    ThirtySeconds,
}

impl RateWindow {
    /// The span itself.
    #[must_use]
    pub const fn span(self) -> Duration {
        Duration::from_secs(match self {
            Self::OneSecond => 1,
            Self::FiveSeconds => 5,
            Self::ThirtySeconds => 30,
        })
    }
}

/// Dark, light, or as the system is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Appearance {
    /// Follows the system, also while Crow runs.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

/// A language that the window speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    /// The source of all others.
    #[default]
    #[serde(rename = "en")]
    English,
    /// Deutsch.
    #[serde(rename = "de")]
    German,
    /// Español.
    #[serde(rename = "es")]
    Spanish,
    /// Français.
    #[serde(rename = "fr")]
    French,
    /// 日本語.
    #[serde(rename = "ja")]
    Japanese,
    /// 简体中文.
    #[serde(rename = "zh-Hans")]
    SimplifiedChinese,
}

impl Language {
    /// All of them, in the order of their own names.
    pub const ALL: [Self; 6] =
        [Self::German, Self::English, Self::Spanish, Self::French, Self::Japanese, Self::SimplifiedChinese];

    /// Its BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Spanish => "es",
            Self::French => "fr",
            Self::Japanese => "ja",
            Self::SimplifiedChinese => "zh-Hans",
        }
    }
}

/// The language that the user chose for the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LanguageChoice {
    /// The first of the system's that Crow speaks.
    #[default]
    #[serde(rename = "system")]
    System,
    /// This one.
    #[serde(untagged)]
    Always(Language),
}

/// What a thousand is in `kB` and above.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prefixes {
    /// 1000: kB, MB.
    #[default]
    Decimal,
    /// 1024: KiB, MiB.
    Binary,
}

/// What rates count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateUnit {
    /// Bytes per second.
    #[default]
    Bytes,
    /// Bits per second, as providers sell them.
    Bits,
}

/// How the window writes amounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Units {
    /// What a thousand is.
    pub prefixes: Prefixes,
    /// What rates count.
    pub rates: RateUnit,
}

/// What Crow's item in the menu bar of macOS shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MenuBar {
    /// Both rates, one above the other.
    #[default]
    TwoLines,
    /// Both rates side by side.
    OneLine,
    /// The mark alone.
    Icon,
}

impl Units {
    /// Three significant digits and a unit: `2.62 MB/s`, `21.0 Mbit/s`, `2.50 MiB/s`.
    #[must_use]
    pub fn rate(self, rate: BytesPerSec) -> String {
        let (value, unit) = match self.rates {
            RateUnit::Bytes => (rate.get(), "B/s"),
            RateUnit::Bits => (rate.get() * 8.0, "bit/s"),
        };
        scaled(value, (self.base(), unit))
    }

    /// Three significant digits and a unit: `32.4 MB`, `30.9 MiB`.
    #[must_use]
    pub fn bytes(self, bytes: Bytes) -> String {
        scaled(bytes.0 as f64, (self.base(), "B"))
    }

    const fn base(self) -> f64 {
        match self.prefixes {
            Prefixes::Decimal => 1000.0,
            Prefixes::Binary => 1024.0,
        }
    }
}

/// The API of a proxy on this machine, as Clash, mihomo and sing-box offer it: asked only where the user allows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProxyApi {
    /// Whether the proxy is asked for its connections.
    pub on: bool,
    /// Where its controller listens: `127.0.0.1:9090`.
    pub address: String,
    /// The secret that it asks for; empty where it asks for none.
    pub secret: String,
}

impl Default for ProxyApi {
    fn default() -> Self {
        Self { on: false, address: "127.0.0.1:9090".to_owned(), secret: String::new() }
    }
}

impl std::fmt::Debug for ProxyApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProxyApi")
            .field("on", &self.on)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl ProxyApi {
    /// What is wrong with an address that has no [`end`](Self::end).
    pub const NO_ADDRESS: &str =
        "the proxy's controller needs an address of this machine and a port, such as 127.0.0.1:9090";

    /// The address and port, if they are this machine's own. No name is looked up.
    #[must_use]
    pub fn end(&self) -> Option<SocketAddr> {
        let text = self.address.trim();
        let text = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
        let end: SocketAddr = match text.strip_prefix("localhost:") {
            Some(port) => SocketAddr::from(([127, 0, 0, 1], port.parse().ok()?)),
            None => text.parse().ok()?,
        };
        (end.ip().to_canonical().is_loopback() && end.port() != 0).then_some(end)
    }
}

/// How far away the other end of traffic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Distance {
    /// On this machine (loopback).
    ThisMachine,
    /// On the same network: private, link-local, multicast and broadcast addresses, and names under `local`.
    LocalNetwork,
    /// Anywhere else.
    Internet,
}

impl Distance {
    /// How far away an address is (IANA special-purpose address registries; RFC 1918, 3927, 4193, 4291, 5771).
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        let is_local = match address.to_canonical() {
            address if address.is_loopback() => return Self::ThisMachine,
            IpAddr::V4(v4) => {
                v4.is_private()
                    || v4.is_link_local()
                    || v4.is_broadcast()
                    || v4.is_multicast()
                    || v4.is_unspecified()
            }
            IpAddr::V6(v6) => {
                v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_multicast() || v6.is_unspecified()
            }
        };
        if is_local { Self::LocalNetwork } else { Self::Internet }
    }

    /// How far away a name is (RFC 6761 §6.3, RFC 6762 §3, RFC 8375).
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        let is_under =
            |top: &str| name.strip_suffix(top).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        if is_under("localhost") {
            return Self::ThisMachine;
        }
        if is_under("local") || is_under("home.arpa") { Self::LocalNetwork } else { Self::Internet }
    }
}

/// Which traffic the tables of connections and domains list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All of it.
    #[default]
    Everything,
    /// What leaves this machine.
    Network,
    /// What leaves the local network.
    Internet,
}

impl Scope {
    /// Whether what is this far away is listed.
    #[must_use]
    pub fn has(self, distance: Distance) -> bool {
        distance
            >= match self {
                Self::Everything => Distance::ThisMachine,
                Self::Network => Distance::LocalNetwork,
                Self::Internet => Distance::Internet,
            }
    }
}

/// One of the three tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// One row a process.
    #[default]
    Processes,
    /// One row a connection.
    Connections,
    /// One row a registrable domain.
    Domains,
}

impl View {
    /// The table to the right, and after the last one the first.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Processes => Self::Connections,
            Self::Connections => Self::Domains,
            Self::Domains => Self::Processes,
        }
    }
}

/// The column that a table is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SortBy {
    /// The column's name in this file, such as `down`.
    pub column: String,
    /// Largest first.
    pub descending: bool,
}

/// What the user changed about one table. A column that is not named is as Crow ships it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TableSettings {
    /// The sort; without one, what moves most comes first.
    pub sort: Option<SortBy>,
    /// Columns that the user showed (`true`) or hid (`false`).
    pub columns: BTreeMap<String, bool>,
    /// Column widths in points.
    pub widths: BTreeMap<String, f32>,
    /// Columns from left to right, as far as the user moved any; the others follow as Crow ships them.
    pub order: Vec<String>,
}

/// The window's inner size in points.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowSize {
    /// Points from left to right.
    pub width: f32,
    /// Points from top to bottom.
    pub height: f32,
}

impl Default for WindowSize {
    fn default() -> Self {
        Self { width: 1120.0, height: 700.0 }
    }
}

/// Everything that survives a restart. Fields that a file does not name keep their defaults, and
/// fields that this Crow does not know are ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Which Crow's words these are; see [`SETTINGS_VERSION`].
    pub version: u32,
    /// Dark, light, or as the system is.
    pub appearance: Appearance,
    /// The language of the window, as a tag such as `de`, or `system`.
    pub language: LanguageChoice,
    /// The span that rates are averaged over.
    pub rate_window: RateWindow,
    /// How the window writes amounts.
    pub units: Units,
    /// Which traffic is listed.
    pub scope: Scope,
    /// The table that shows.
    pub view: View,
    /// The table of processes.
    pub processes: TableSettings,
    /// The table of connections.
    pub connections: TableSettings,
    /// The table of domains.
    pub domains: TableSettings,
    /// What the item in the menu bar shows (macOS).
    pub menu_bar: MenuBar,
    /// The API of a proxy on this machine.
    pub proxy_api: ProxyApi,
    /// Whether the pane with the selected row's details shows.
    pub details: bool,
    /// Whether the system's resolver is asked for the names of addresses (reverse DNS). It talks to the network.
    pub reverse_dns: bool,
    /// How large the window was.
    pub window: WindowSize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: SETTINGS_VERSION,
            appearance: Appearance::default(),
            language: LanguageChoice::default(),
            rate_window: RateWindow::default(),
            units: Units::default(),
            scope: Scope::default(),
            view: View::default(),
            processes: TableSettings::default(),
            connections: TableSettings::default(),
            domains: TableSettings::default(),
            menu_bar: MenuBar::default(),
            proxy_api: ProxyApi::default(),
            details: false,
            reverse_dns: false,
            window: WindowSize::default(),
        }
    }
}

impl Settings {
    /// The settings of one table.
    #[must_use]
    pub const fn table(&self, view: View) -> &TableSettings {
        match view {
            View::Processes => &self.processes,
            View::Connections => &self.connections,
            View::Domains => &self.domains,
        }
    }

    /// The settings of one table, to change.
    pub const fn table_mut(&mut self, view: View) -> &mut TableSettings {
        match view {
            View::Processes => &mut self.processes,
            View::Connections => &mut self.connections,
            View::Domains => &mut self.domains,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_names_little_keeps_the_other_defaults() {
        let settings: Settings =
            serde_json::from_str(r#"{"appearance":"dark","from_the_future":[1]}"#).unwrap();
        assert_eq!(settings, Settings { appearance: Appearance::Dark, ..Settings::default() });
    }

    #[test]
    fn a_language_is_written_as_its_tag() {
        let written = |language| {
            serde_json::to_value(Settings { language, ..Settings::default() })
                .unwrap()
                .get("language")
                .cloned()
                .unwrap()
        };
        assert_eq!(written(LanguageChoice::System), "system");
        for language in Language::ALL {
            let choice = LanguageChoice::Always(language);
            assert_eq!(written(choice), language.tag());
            let again: LanguageChoice = serde_json::from_value(language.tag().into()).unwrap();
            assert_eq!(again, choice);
        }
        assert!(serde_json::from_str::<LanguageChoice>(r#""tlh""#).is_err());
    }

    #[test]
    fn addresses_and_names_have_a_distance() {
        use Distance::{Internet, LocalNetwork, ThisMachine};
        #[rustfmt::skip]
        let addresses = [
            ("127.8.0.1", ThisMachine), ("::1", ThisMachine), ("::ffff:127.0.0.1", ThisMachine), ("10.1.2.3", LocalNetwork),
            ("169.254.1.1", LocalNetwork), ("224.0.0.251", LocalNetwork), ("fe80::1", LocalNetwork), ("fd00::1", LocalNetwork),
            ("ff02::fb", LocalNetwork), ("255.255.255.255", LocalNetwork), ("1.1.1.1", Internet), ("2606:4700::1111", Internet),
        ];
        for (address, distance) in addresses {
            assert_eq!(Distance::of(address.parse().unwrap()), distance, "{address}");
        }
        let names = [("printer.local", LocalNetwork), ("local", LocalNetwork), ("x.localhost", ThisMachine)];
        for (name, distance) in names {
            assert_eq!(Distance::of_name(name), distance, "{name}");
        }
        assert_eq!(Distance::of_name("notlocal"), Internet);
        assert!(Scope::Everything.has(ThisMachine) && !Scope::Network.has(ThisMachine));
        assert!(
            Scope::Network.has(LocalNetwork)
                && !Scope::Internet.has(LocalNetwork)
                && Scope::Internet.has(Internet)
        );
    }

    #[test]
    fn a_proxy_s_controller_is_on_this_machine_or_nowhere() {
        assert!(!ProxyApi::default().on, "nobody is asked unless the user wants it");
        #[rustfmt::skip]
        let cases = [
            ("127.0.0.1:9090", Some("127.0.0.1:9090")), (" http://127.0.0.1:9097/ ", Some("127.0.0.1:9097")), ("[::1]:9090", Some("[::1]:9090")),
            ("localhost:9090", Some("127.0.0.1:9090")), ("127.0.0.1", None), ("127.0.0.1:0", None), ("192.0.2.1:9090", None),
            ("10.0.0.1:9090", None), ("0.0.0.0:9090", None), ("proxy.example:9090", None), ("localhost.example:9090", None), ("", None),
            ("https://127.0.0.1:9090", None), ("127.0.0.1:9090/ui", None),
        ];
        for (text, expected) in cases {
            let api = ProxyApi { address: text.to_owned(), secret: "hush".to_owned(), ..ProxyApi::default() };
            assert_eq!(api.end().map(|end| end.to_string()).as_deref(), expected, "{text}");
            assert!(!format!("{api:?}").contains("hush"), "a secret is not logged");
        }
    }

    #[test]
    fn each_view_has_a_table_of_its_own() {
        let mut settings = Settings::default();
        for (view, width) in [(View::Processes, 1.0), (View::Connections, 2.0), (View::Domains, 3.0)] {
            settings.table_mut(view).widths.insert("name".to_owned(), width);
        }
        assert_eq!(
            settings.table(View::Connections).widths.get("name").map(|width| width.to_bits()),
            Some(2.0_f32.to_bits())
        );
        let again: Settings = serde_json::from_str(&serde_json::to_string(&settings).unwrap()).unwrap();
        assert_eq!(again, settings);
    }
}
