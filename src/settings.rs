//! What the user chose. Saved by `store`, read by everyone.

use std::time::Duration;

use serde::{Deserialize, Serialize};

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
