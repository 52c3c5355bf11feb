//! What the user chose. Saved by `store`, read by everyone.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

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
    /// The span that rates are averaged over.
    pub rate_window: RateWindow,
    /// How the window writes amounts.
    pub units: Units,
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
    /// Whether the pane with the selected row's details shows.
    pub details: bool,
    /// How large the window was.
    pub window: WindowSize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: SETTINGS_VERSION,
            appearance: Appearance::default(),
            rate_window: RateWindow::default(),
            units: Units::default(),
            view: View::default(),
            processes: TableSettings::default(),
            connections: TableSettings::default(),
            domains: TableSettings::default(),
            menu_bar: MenuBar::default(),
            details: false,
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
