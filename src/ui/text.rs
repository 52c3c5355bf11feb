//! Words and numbers as people read them.

use std::borrow::Cow;
use std::time::Duration;

use crate::filter::FilterError;
use crate::lang::say;
use crate::session::CaptureState;
use crate::settings::{Appearance, RateUnit, RateWindow, Scope, Units, View};
use crate::units::{Bytes, BytesPerSec};

/// What an error says, as a sentence of its own: with a capital letter and a full stop.
#[must_use]
pub fn sentence(said: &str) -> String {
    let mut letters = said.trim().chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let mut sentence: String = first.chain(letters).collect();
    if let Some(last) =
        sentence.chars().last().filter(|last| !['.', '!', '?', '…', '。', '！'].contains(last))
    {
        // Chinese and Japanese have a full stop of their own.
        sentence.push(if last >= '\u{2e80}' { '。' } else { '.' });
    }
    sentence
}

/// A thin space: between a number and its unit.
const THIN_SPACE: &str = "\u{2009}";

/// What shows a program's file says.
#[must_use]
pub fn reveal() -> &'static str {
    if cfg!(target_os = "macos") { say!("reveal-finder") } else { say!("reveal-files") }
}

/// Three significant digits and a unit; `None` for nothing, which tables show as a faint dash.
#[must_use]
pub fn rate(rate: BytesPerSec, units: Units) -> Option<String> {
    let value = match units.rates {
        RateUnit::Bytes => rate.get(),
        RateUnit::Bits => rate.get() * 8.0,
    };
    // Below a half the digits would say 0.
    (value >= 0.5).then(|| thin(&units.rate(rate)))
}

/// Three significant digits and a unit; `None` for nothing.
#[must_use]
pub fn bytes(bytes: Bytes, units: Units) -> Option<String> {
    (bytes.0 > 0).then(|| bytes_or_zero(bytes, units))
}

/// An amount where a dash would be odd.
#[must_use]
pub fn bytes_or_zero(bytes: Bytes, units: Units) -> String {
    thin(&units.bytes(bytes))
}

/// A rate where a dash would be odd.
#[must_use]
pub fn rate_or_zero(value: BytesPerSec, units: Units) -> String {
    let nothing = if units.rates == RateUnit::Bits { "0 bit/s" } else { "0 B/s" };
    rate(value, units).unwrap_or_else(|| thin(nothing))
}

/// A count; `None` for nothing.
#[must_use]
pub fn count(count: u64) -> Option<String> {
    (count > 0).then(|| grouped(count))
}

fn thin(text: &str) -> String {
    text.replace(' ', THIN_SPACE)
}

/// `1 234 567` with thin spaces.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len());
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push_str(THIN_SPACE);
        }
        text.push(digit);
    }
    text
}

/// A round-trip time: `12.5 ms`, `850 µs`.
#[must_use]
pub fn round_trip(micros: u32) -> String {
    let millis = f64::from(micros) / 1000.0;
    match micros {
        0..1_000 => thin(&format!("{micros} µs")),
        1_000..10_000 => thin(&format!("{millis:.2} ms")),
        10_000..100_000 => thin(&format!("{millis:.1} ms")),
        100_000..1_000_000 => thin(&format!("{millis:.0} ms")),
        _ => thin(&format!("{:.2} s", millis / 1000.0)),
    }
}

/// An age in its largest unit or two: `8 s`, `4 min`, `2 h 05 min`, `3 d 4 h`.
#[must_use]
pub fn age(span: Duration) -> String {
    let seconds = span.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    thin(&match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{minutes} min"),
        3_600..86_400 => format!("{hours} h {:02} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    })
}

/// A position in a recording: `0:07`, `1:02:03`.
#[must_use]
pub fn clock(span: Duration) -> String {
    let seconds = span.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// The name of a table.
#[must_use]
pub fn view_title(view: View) -> &'static str {
    match view {
        View::Processes => say!("view-processes"),
        View::Connections => say!("view-connections"),
        View::Domains => say!("view-domains"),
    }
}

/// How many rows of a table show, of how many there are: `12 of 300 processes`.
#[must_use]
pub fn shown_of(view: View, shown: usize, all: usize) -> String {
    match view {
        View::Processes => say!("shown-processes", shown = shown, all = all),
        View::Connections => say!("shown-connections", shown = shown, all = all),
        View::Domains => say!("shown-domains", shown = shown, all = all),
    }
}

/// What was counted so far, and how many more rows the choice of what is listed leaves out.
#[must_use]
pub fn hidden(scope: Scope, shown: &str, count: usize) -> String {
    match scope {
        Scope::Everything | Scope::Network => say!("hidden-loopback", shown = shown, count = count),
        Scope::Internet => say!("hidden-local", shown = shown, count = count),
    }
}

/// An age as something's that was so long ago.
#[must_use]
pub fn ago(span: Duration) -> String {
    say!("ago", age = age(span))
}

/// The choice of appearance.
#[must_use]
pub fn appearance(appearance: Appearance) -> &'static str {
    match appearance {
        Appearance::System => say!("appearance-system"),
        Appearance::Light => say!("appearance-light"),
        Appearance::Dark => say!("appearance-dark"),
    }
}

/// The choice of what is listed.
#[must_use]
pub fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Everything => say!("scope-everything"),
        Scope::Network => say!("scope-network"),
        Scope::Internet => say!("scope-internet"),
    }
}

/// The choice of rate window.
#[must_use]
pub const fn rate_window(window: RateWindow) -> &'static str {
    match window {
        RateWindow::OneSecond => "1\u{2009}s",
        RateWindow::FiveSeconds => "5\u{2009}s",
        RateWindow::ThirtySeconds => "30\u{2009}s",
    }
}

/// What the capture is doing, in a word or three.
#[must_use]
pub fn capture_state(state: &CaptureState, is_paused: bool) -> Cow<'static, str> {
    Cow::Borrowed(match state {
        CaptureState::Starting => say!("state-starting"),
        _ if is_paused => say!("paused"),
        CaptureState::Live => say!("state-live"),
        CaptureState::Sockets { .. } => say!("state-sockets"),
        CaptureState::Sample { .. } => say!("state-sample"),
        CaptureState::Recording { played, length: Some(length) } => {
            return Cow::Owned(say!("state-playing-of", played = clock(*played), length = clock(*length)));
        }
        CaptureState::Recording { played, length: None } => {
            return Cow::Owned(say!("state-playing", played = clock(*played)));
        }
        CaptureState::Ended { .. } => say!("state-ended"),
        CaptureState::Gone { .. } => say!("state-gone"),
    })
}

/// What is wrong with a filter, as a sentence to show beside it.
#[must_use]
pub fn filter_error(error: &FilterError) -> String {
    match error {
        FilterError::NoValue { key, example } => say!("filter-no-value", key = *key, example = *example),
        FilterError::NotANumber { key, value } => {
            say!("filter-not-a-number", key = *key, value = value.as_str())
        }
        FilterError::UnknownState { value } => say!("filter-unknown-state", value = value.as_str()),
        FilterError::UnknownRoute { value } => say!("filter-unknown-route", value = value.as_str()),
        FilterError::OpenQuote => say!("filter-open-quote").to_owned(),
    }
}

/// The name of a TCP state as people write it in any language: `established`, `fin wait 1` (RFC 9293 §3.3.2).
#[must_use]
pub fn tcp_state(name: &str) -> String {
    name.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Prefixes;

    #[test]
    fn nothing_is_not_a_number() {
        let units = Units::default();
        let a_second = |bytes| Bytes(bytes).over(Duration::from_secs(1));
        assert_eq!(rate(BytesPerSec::default(), units), None);
        assert_eq!(rate(Bytes(1).over(Duration::from_secs(3)), units), None);
        assert_eq!(rate(a_second(2_620_000), units).as_deref(), Some("2.62\u{2009}MB/s"));
        let bits = Units { rates: RateUnit::Bits, ..units };
        assert_eq!(rate(a_second(125_000), bits).as_deref(), Some("1.00\u{2009}Mbit/s"));
        let binary = Units { prefixes: Prefixes::Binary, ..units };
        assert_eq!(bytes(Bytes(2048), binary).as_deref(), Some("2.00\u{2009}KiB"));
        assert_eq!(bytes(Bytes(0), units), None);
        assert_eq!(count(0), None);
        assert_eq!(count(1_234_567).as_deref(), Some("1\u{2009}234\u{2009}567"));
    }

    #[test]
    fn spans_are_short() {
        #[rustfmt::skip]
        let cases = [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3_599, "59 min"), (7_500, "2 h 05 min"), (273_600, "3 d 4 h")];
        for (seconds, text) in cases {
            assert_eq!(age(Duration::from_secs(seconds)).replace(THIN_SPACE, " "), text);
        }
        #[rustfmt::skip]
        let cases = [(850, "850 µs"), (1_250, "1.25 ms"), (12_540, "12.5 ms"), (250_000, "250 ms"), (1_500_000, "1.50 s")];
        for (micros, text) in cases {
            assert_eq!(round_trip(micros).replace(THIN_SPACE, " "), text);
        }
        assert_eq!(clock(Duration::from_secs(67)), "1:07");
        assert_eq!(clock(Duration::from_secs(3_723)), "1:02:03");
    }

    #[test]
    fn what_an_error_says_is_made_a_sentence() {
        assert_eq!(sentence("the helper has ended; start it again"), "The helper has ended; start it again.");
        assert_eq!(sentence("Étage 3 is full. "), "Étage 3 is full.");
        assert_eq!(sentence(""), "");
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(shown_of(View::Processes, 1, 1), "1 of 1 process");
        assert_eq!(shown_of(View::Processes, 0, 1_000), "0 of 1\u{2009}000 processes");
    }
}
