//! The picture for the macOS menu bar: up above, down below, as a template that the system tints.

use std::time::{Duration, Instant};

use egui::epaint::text::{FontDefinitions, Fonts, TextOptions};
use egui::{Color32, FontId};

use crate::ui::icon::Pixels;

/// Draws two lines of text beside their arrows, 44 px high (22 points at double density).
pub(super) struct LinePicture {
    fonts: Fonts,
    width: SteadyWidth,
}

impl LinePicture {
    /// Loads the fonts that egui ships: their digits are all equally wide.
    pub(super) fn new() -> Self {
        let fonts = Fonts::new(TextOptions::default(), FontDefinitions::default());
        Self { fonts, width: SteadyWidth::default() }
    }

    /// The picture of the two rates at `now`: black with alpha, as templates are.
    pub(super) fn draw(&mut self, (up, down): (&str, &str), now: Instant) -> Pixels {
        let lines = [up, down].map(|text| self.rasterise(text));
        let widest = lines.iter().map(|line| line.width).max().unwrap_or(0);
        let width = self.width.fit(ARROW + GAP + widest, now);
        let mut picture = Pixels::clear(width, HEIGHT);
        for ((line, top), points_up) in lines.iter().zip([0, HEIGHT / 2]).zip([true, false]) {
            arrow(&mut picture, top, points_up);
            let left = width.saturating_sub(line.width);
            for (at, pixel) in (0..).zip(line.rgba.chunks(4)) {
                let alpha = pixel.last().copied().unwrap_or(0);
                picture.blend((left + at % line.width, top + at / line.width), BLACK, alpha);
            }
        }
        picture
    }

    /// One line of text, half the picture high.
    fn rasterise(&mut self, text: &str) -> Pixels {
        let mut fonts = self.fonts.with_pixels_per_point(1.0);
        let galley = fonts.layout_no_wrap(text.to_owned(), FontId::monospace(FONT_SIZE), Color32::BLACK);
        let atlas = fonts.image();
        let (width, line_height) = (whole(galley.size().x.ceil()), galley.size().y);
        let mut line = Pixels::clear(width.max(1), HEIGHT / 2);
        let margin = ((HEIGHT / 2) as f32 - line_height) / 2.0;
        for glyph in galley.rows.iter().flat_map(|row| &row.glyphs) {
            let uv = glyph.uv_rect;
            let corner = glyph.pos + uv.offset;
            let (left, top) = (whole(corner.x.round()), whole((corner.y + margin).round()));
            for (y, row) in (u32::from(uv.min[1])..u32::from(uv.max[1])).enumerate() {
                for (x, column) in (u32::from(uv.min[0])..u32::from(uv.max[0])).enumerate() {
                    let at = row as usize * atlas.size[0] + column as usize;
                    let alpha = atlas.pixels.get(at).map_or(0, Color32::a);
                    line.blend((left + steps(x), top + steps(y)), BLACK, alpha);
                }
            }
        }
        line
    }
}

/// A triangle in the left margin of the line that begins at `top`.
fn arrow(picture: &mut Pixels, top: u32, points_up: bool) {
    let first = top + (HEIGHT / 2 - ARROW / 2) / 2;
    for step in 0..ARROW / 2 {
        let half = if points_up { step } else { ARROW / 2 - 1 - step };
        for x in ARROW / 2 - 1 - half..=ARROW / 2 + half {
            picture.blend((x, first + step), BLACK, u8::MAX);
        }
    }
}

/// A width that grows at once and shrinks only after [`CALM`] of smaller wishes, so that its neighbours in the
/// menu bar stand still.
#[derive(Debug, Default)]
struct SteadyWidth {
    width: u32,
    /// Since when every wish was below `width`, and the largest of them.
    calm: Option<(Instant, u32)>,
}

impl SteadyWidth {
    /// The width to use at `now` for something `wanted` wide.
    fn fit(&mut self, wanted: u32, now: Instant) -> u32 {
        if wanted >= self.width {
            *self = Self { width: wanted, calm: None };
            return wanted;
        }
        let (since, largest) =
            self.calm.map_or((now, wanted), |(since, largest)| (since, largest.max(wanted)));
        if now.saturating_duration_since(since) < CALM {
            self.calm = Some((since, largest));
        } else {
            *self = Self { width: largest, calm: None };
        }
        self.width
    }
}

/// A non-negative whole number of pixels.
fn whole(value: f32) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounded, at least 0, below a screen's width"
    )]
    let pixels = value.max(0.0) as u32;
    pixels
}

/// A glyph is some pixels wide.
fn steps(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

const HEIGHT: u32 = 44;
const FONT_SIZE: f32 = 19.0;
/// The arrow's width; it is half as high.
const ARROW: u32 = 12;
const GAP: u32 = 8;
const BLACK: [u8; 3] = [0; 3];
const CALM: Duration = Duration::from_secs(10);

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_width_grows_at_once_and_shrinks_after_ten_calm_seconds() {
        let mut width = SteadyWidth::default();
        let start = Instant::now();
        #[rustfmt::skip]
        let cases = [
            // (second, wanted, expected)
            (0, 80, 80), (1, 90, 90), (2, 70, 90), (9, 85, 90), (11, 60, 90),
            (12, 70, 85), // ten seconds after 90 was last needed: the widest since then
            (13, 70, 85), (20, 85, 85), // needed again: calm begins anew
            (21, 70, 85), (30, 70, 85), (31, 70, 70),
            (32, 120, 120),
        ];
        for (second, wanted, expected) in cases {
            let now = start + Duration::from_secs(second);
            assert_eq!(width.fit(wanted, now), expected, "second {second}");
        }
    }

    /// How many pixels are mostly covered within these columns and rows.
    fn ink(picture: &Pixels, columns: std::ops::Range<u32>, rows: std::ops::Range<u32>) -> usize {
        (0..)
            .zip(picture.rgba.chunks(4))
            .filter(|(at, pixel)| {
                columns.contains(&(at % picture.width))
                    && rows.contains(&(at / picture.width))
                    && pixel[3] > 128
            })
            .count()
    }

    #[test]
    fn both_lines_are_drawn_right_aligned_with_their_arrows() {
        let mut lines = LinePicture::new();
        let now = Instant::now();
        let picture = lines.draw(("32.4 kB/s", "2.62 MB/s"), now);
        assert_eq!(picture.height, 44);
        let edge = picture.width;
        assert!((100..160).contains(&edge), "{edge}");
        for rows in [0..22, 22..44] {
            assert!(ink(&picture, ARROW + GAP..edge, rows.clone()) > 150, "text in rows {rows:?}");
            assert!(ink(&picture, 0..ARROW, rows.clone()) > 30, "an arrow in rows {rows:?}");
            assert!(ink(&picture, edge - 12..edge, rows) > 10, "text reaches the right edge");
        }
        let short = lines.draw(("0 B/s", "0 B/s"), now);
        assert_eq!(short.width, edge, "the width stays");
        assert_eq!(ink(&short, ARROW + GAP..edge / 2, 0..44), 0, "short text stands on the right");
        assert!(picture.rgba.chunks(4).all(|pixel| pixel[..3] == [0; 3]), "a template is black");
    }
}
