//! Bytes and bytes per second, and how they are written: three significant digits, SI units.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Bytes at the IP layer: IP header and payload, without the link-layer header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Bytes(pub u64);

/// Bytes per second. Always finite, never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct BytesPerSec(f64);

impl Bytes {
    /// The average rate over `span`; zero when `span` is empty.
    #[must_use]
    pub fn over(self, span: Duration) -> BytesPerSec {
        if span.is_zero() {
            return BytesPerSec::default();
        }
        BytesPerSec(self.0 as f64 / span.as_secs_f64())
    }
}

impl BytesPerSec {
    /// The plain number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl From<f32> for BytesPerSec {
    /// A sample of a chart; what is not a finite, positive number is zero.
    fn from(sample: f32) -> Self {
        Self(if sample.is_finite() { f64::from(sample.max(0.0)) } else { 0.0 })
    }
}

impl Add for Bytes {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Bytes {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Bytes {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self(0), Add::add)
    }
}

impl Sum for BytesPerSec {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        Self(all.map(Self::get).fold(0.0, Add::add))
    }
}

impl fmt::Display for Bytes {
    /// `999 B`, `1.00 kB`, `32.4 MB`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&scaled(self.0 as f64, (1000.0, "B")))
    }
}

impl fmt::Display for BytesPerSec {
    /// `999 B/s`, `1.00 kB/s`, `32.4 MB/s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&scaled(self.0, (1000.0, "B/s")))
    }
}

/// Writes `value` with three significant digits and a prefix: k, M, … for powers of 1000, Ki, Mi, … (IEC 80000-13)
/// for powers of any other `base`.
#[must_use]
pub fn scaled(value: f64, (base, unit): (f64, &str)) -> String {
    const DECIMAL: [&str; 6] = ["k", "M", "G", "T", "P", "E"];
    const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let is_decimal = base <= 1000.0;
    // 999.5 would round to "1000"; it is the next prefix's 1.00 already.
    if value < 999.5 {
        return format!("{value:.0} {unit}");
    }
    let mut scaled = value / base;
    let mut prefixes = if is_decimal { DECIMAL } else { BINARY }.into_iter();
    let mut prefix = prefixes.next().unwrap_or_default();
    while scaled >= 999.5 {
        let Some(next) = prefixes.next() else { break };
        prefix = next;
        scaled /= base;
    }
    let decimals = match scaled {
        s if s < 9.995 => 2,
        s if s < 99.95 => 1,
        _ => 0,
    };
    format!("{scaled:.decimals$} {prefix}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_with_three_digits() {
        #[rustfmt::skip]
        let cases = [
            (0, "0 B"), (999, "999 B"), (1_000, "1.00 kB"), (9_994, "9.99 kB"), (9_995, "10.0 kB"),
            (99_949, "99.9 kB"), (99_951, "100 kB"), (999_499, "999 kB"), (999_500, "1.00 MB"),
            (2_620_000, "2.62 MB"), (u64::MAX, "18.4 EB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(Bytes(bytes).to_string(), text, "{bytes}");
        }
    }

    #[test]
    fn binary_prefixes_are_named_as_such() {
        #[rustfmt::skip]
        let cases = [
            (999.0, "999 B"), (1000.0, "0.98 KiB"), (1024.0, "1.00 KiB"), (1_048_576.0, "1.00 MiB"), (10_485_760.0, "10.0 MiB"),
        ];
        for (value, text) in cases {
            assert_eq!(scaled(value, (1024.0, "B")), text);
        }
    }

    #[test]
    fn a_rate_is_bytes_over_time() {
        assert_eq!(Bytes(3_000).over(Duration::from_secs(2)).to_string(), "1.50 kB/s");
        assert_eq!(Bytes(3_000).over(Duration::ZERO).to_string(), "0 B/s");
    }
}
