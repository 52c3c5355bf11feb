//! The chart of the details: up to ten minutes, received above the line and sent below it, with its axis in words.

use std::time::Duration;

use egui::{Align2, Mesh, Rect, Response, Role, Sense, Shape, Ui, Vec2, WidgetInfo};

use super::chart::{area, peaks};
use crate::aggregate::snapshot::{Both, Watched};
use crate::lang::say;
use crate::settings::Units;
use crate::ui::fonts::{Weight, font};
use crate::ui::text;
use crate::ui::theme::{SMALL, Tokens};
use crate::units::BytesPerSec;

/// Seconds that the axis may span. What is known fills at least half of it.
const SPANS: [u16; 4] = [60, 120, 300, 600];

/// Seconds to a long sample.
const TEN: f32 = 10.0;

/// A rate over a stretch of time, in seconds before now.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stretch {
    from: f32,
    to: f32,
    rate: Both<f32>,
}

/// The stretches from the oldest to the newest: by the second as far as that is known, in tens before that.
fn stretches(watched: &Watched) -> Vec<Stretch> {
    let by_second = watched.seconds.len() as f32;
    let tens = watched.tens.iter().rev().enumerate().map(|(index, rate)| {
        let to = watched.tens_age.as_secs_f32() + index as f32 * TEN;
        let from = to + TEN;
        if by_second <= to || from <= by_second {
            return Stretch { from, to: to.max(by_second), rate: *rate };
        }
        // The seconds say what the newer part of it moved; the rest was before them.
        let left = |way: fn(&Both<f32>) -> f32| {
            let seconds = watched.seconds.iter().rev().enumerate();
            let known: f32 =
                seconds.filter(|(ago, _)| to <= *ago as f32 + 0.5).map(|(_, rate)| way(rate)).sum();
            let rest = (way(rate) * TEN - known).max(0.0);
            // Less than a hundredth is the rounding of the sum.
            if rest < way(rate) * TEN / 100.0 { 0.0 } else { rest / (from - by_second) }
        };
        Stretch { from, to: by_second, rate: Both { rx: left(|rate| rate.rx), tx: left(|rate| rate.tx) } }
    });
    let mut older: Vec<Stretch> = tens.filter(|stretch| stretch.from > stretch.to).collect();
    older.reverse();
    let seconds = watched.seconds.iter().rev().enumerate().map(|(index, rate)| {
        let to = index as f32;
        Stretch { from: to + 1.0, to, rate: *rate }
    });
    let mut newer: Vec<Stretch> = seconds.collect();
    newer.reverse();
    older.extend(newer);
    older
}

/// The shortest axis that has room for all that is known.
fn span_of(known: Duration) -> u16 {
    SPANS.into_iter().find(|span| known <= Duration::from_secs((*span).into())).unwrap_or(600)
}

/// What the axis spans, in words.
#[must_use]
pub fn caption(watched: &Watched) -> String {
    match span_of(watched.known) {
        60 => say!("chart-minute").to_owned(),
        span => say!("chart-minutes", count = span / 60),
    }
}

/// Draws the chart.
pub fn long_chart(ui: &mut Ui, (watched, units): (&Watched, Units), size: Vec2, tokens: &Tokens) -> Response {
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let span = f32::from(span_of(watched.known));
    let mut stretches = stretches(watched);
    stretches.retain(|stretch| stretch.to < span);
    let rates: Vec<Both<f32>> = stretches.iter().map(|stretch| stretch.rate).collect();
    let peaks = peaks(&rates);
    let [down, up] = peaks.map(|peak| text::rate_or_zero(BytesPerSec::from(peak), units));
    let name = || match span_of(watched.known) {
        60 => say!("chart-name-minute", down = down.as_str(), up = up.as_str()),
        span => say!("chart-name-minutes", count = span / 60, down = down.as_str(), up = up.as_str()),
    };
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, name()));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let painter = ui.painter();
    painter.rect_filled(rect, 6.0, tokens.field);
    let inner = Rect::from_min_max(rect.min + Vec2::new(10.0, 20.0), rect.max - Vec2::new(10.0, 36.0));
    for part in 1..5_u8 {
        let x = inner.right() - inner.width() * f32::from(part) / 5.0;
        painter.vline(x, inner.y_range(), (1.0, tokens.line.gamma_multiply(0.5)));
    }
    painter.add(areas(inner, (&stretches, span), peaks, tokens));
    let style = || font(Weight::Regular, SMALL);
    let ago = text::ago(Duration::from_secs(span_of(watched.known).into()));
    let (down, up) =
        (say!("chart-down-peak", peak = down.as_str()), say!("chart-up-peak", peak = up.as_str()));
    let words = [
        (rect.left_top() + Vec2::new(9.0, 4.0), Align2::LEFT_TOP, down, tokens.down),
        (inner.left_bottom() + Vec2::new(-1.0, 2.0), Align2::LEFT_TOP, up, tokens.up),
        (rect.left_bottom() + Vec2::new(9.0, -3.0), Align2::LEFT_BOTTOM, ago, tokens.dim),
        (
            rect.right_bottom() + Vec2::new(-9.0, -3.0),
            Align2::RIGHT_BOTTOM,
            say!("chart-now").to_owned(),
            tokens.dim,
        ),
    ];
    for (at, align, words, color) in words {
        painter.text(at, align, words, style(), color);
    }
    let has_tens = stretches.iter().any(|stretch| stretch.from - stretch.to > 1.5);
    response.on_hover_text(if has_tens { say!("chart-hint-tens") } else { say!("chart-hint-seconds") })
}

/// Both ways, on one scale. Only what is known has a line.
fn areas(rect: Rect, (stretches, span): (&[Stretch], f32), peaks: [f32; 2], tokens: &Tokens) -> Shape {
    let [down, up] = peaks.map(f32::sqrt);
    let unit = rect.height() / (down + up).max(f32::MIN_POSITIVE);
    let axis = if down + up > 0.0 { rect.top() + down * unit } else { rect.center().y };
    let x = |ago: f32| rect.right() - rect.width() * (ago / span).min(1.0);
    let mut mesh = Mesh::default();
    if let Some(oldest) = stretches.first() {
        let line = Rect::from_x_y_ranges(x(oldest.from)..=rect.right(), axis - 0.5..=axis + 0.5);
        mesh.add_colored_rect(line, tokens.line);
    }
    let mut way = |rate: fn(&Both<f32>) -> f32, outward: f32, color| {
        let points = stretches.iter().flat_map(|stretch| {
            let value = rate(&stretch.rate).max(0.0);
            let y = axis - value.sqrt() * unit * outward;
            [stretch.from, stretch.to].into_iter().map(move |ago| (ago, y, value > 0.0))
        });
        area(
            &mut mesh,
            (axis, outward),
            points.map(|(ago, y, is_something)| (x(ago), y, is_something)),
            color,
        );
    };
    way(|rate| rate.rx, 1.0, tokens.down);
    way(|rate| rate.tx, -1.0, tokens.up);
    Shape::mesh(mesh)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::snapshot::Watch;

    fn rates(values: &[f32]) -> std::sync::Arc<[Both<f32>]> {
        values.iter().map(|value| Both { rx: *value, tx: 0.0 }).collect()
    }

    #[test]
    fn tens_reach_back_to_where_the_seconds_begin() {
        let watched = Watched {
            of: Watch::Process(None),
            seconds: rates(&[1.0; 15]),
            // Two seconds of the middle one are known by the second: what is left of it fills the other eight.
            tens: rates(&[5.0, 6.6, 7.0]),
            tens_age: Duration::from_secs(3),
            known: Duration::from_secs(33),
        };
        let all = stretches(&watched);
        let ends =
            |stretch: &Stretch| (stretch.from, stretch.to, (stretch.rate.rx * 1000.0).round() / 1000.0);
        assert_eq!(
            all.iter().take(3).map(ends).collect::<Vec<_>>(),
            [(33.0, 23.0, 5.0), (23.0, 15.0, 8.0), (15.0, 14.0, 1.0)]
        );
        assert_eq!(all.len(), 2 + 15, "the newest ten seconds are within those that are known by the second");
        assert!(all.windows(2).all(|pair| matches!(pair, [a, b] if (a.to - b.from).abs() < 1e-3)));
    }

    #[test]
    fn the_axis_is_as_long_as_what_is_known() {
        for (known, span) in [(0, 60), (60, 60), (61, 120), (299, 300), (301, 600), (9_999, 600)] {
            assert_eq!(span_of(Duration::from_secs(known)), span, "{known}");
        }
    }
}
