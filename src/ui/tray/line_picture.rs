//! The picture for the macOS menu bar: up above, down below, as a template that the system tints.

use std::time::{Duration, Instant};

use eframe::icon_data::from_png_bytes;
use egui::Color32;
use egui::epaint::text::{Fonts, TextOptions};

use crate::settings::MenuBar;
use crate::ui::fonts::{self, Weight};
use crate::ui::icon::Pixels;

/// Draws the rates beside their arrows, or the mark alone, 44 px high (22 points at double density).
pub(super) struct LinePicture {
    fonts: Fonts,
    /// Of the texts above one another; or of the first and second beside one another.
    widths: [SteadyWidth; 2],
    style: MenuBar,
}

impl LinePicture {
    /// Loads the window's fonts: their digits are all equally wide.
    pub(super) fn new() -> Self {
        let fonts = Fonts::new(TextOptions::default(), fonts::definitions());
        Self { fonts, widths: Default::default(), style: MenuBar::default() }
    }

    /// The picture of the two rates at `now`: black with alpha, as templates are.
    pub(super) fn draw(&mut self, (up, down): (&str, &str), style: MenuBar, now: Instant) -> Pixels {
        if std::mem::replace(&mut self.style, style) != style {
            self.widths = Default::default();
        }
        match style {
            MenuBar::TwoLines => self.two_lines([up, down], now),
            MenuBar::OneLine => self.one_line([down, up], now),
            MenuBar::Icon => mark(),
        }
    }

    /// Up above down, the texts flush right.
    fn two_lines(&mut self, texts: [&str; 2], now: Instant) -> Pixels {
        let lines = texts.map(|text| self.rasterise(text, SMALL));
        let widest = lines.iter().map(|line| line.width).max().unwrap_or(0);
        let [width, _] = &mut self.widths;
        let width = width.fit(ARROW + GAP + widest, now);
        let mut picture = Pixels::clear(width, HEIGHT);
        for ((line, top), points_up) in lines.iter().zip([0, HEIGHT / 2]).zip([true, false]) {
            arrow(&mut picture, (0, top + (HEIGHT / 2 - ARROW / 2) / 2), points_up);
            lay(&mut picture, line, (width.saturating_sub(line.width), top));
        }
        picture
    }

    /// Down beside up, each in a place of its own width, so that neither moves the other at each digit.
    fn one_line(&mut self, texts: [&str; 2], now: Instant) -> Pixels {
        let lines = texts.map(|text| self.rasterise(text, LARGE));
        let mut places = [0; 2];
        for ((place, line), width) in places.iter_mut().zip(&lines).zip(&mut self.widths) {
            *place = width.fit(ARROW + GAP + line.width, now);
        }
        let mut picture = Pixels::clear(places.iter().sum::<u32>() + BETWEEN, HEIGHT);
        let mut left = 0;
        for ((line, place), points_up) in lines.iter().zip(places).zip([false, true]) {
            arrow(&mut picture, (left, (HEIGHT - ARROW / 2) / 2), points_up);
            lay(&mut picture, line, (left + place.saturating_sub(line.width), 0));
            left += place + BETWEEN;
        }
        picture
    }

    /// One line of text of a size in pixels, in the middle of as many rows.
    fn rasterise(&mut self, text: &str, (size, rows): (f32, u32)) -> Pixels {
        let mut fonts = self.fonts.with_pixels_per_point(1.0);
        let galley = fonts.layout_no_wrap(text.to_owned(), fonts::font(Weight::Medium, size), Color32::BLACK);
        let atlas = fonts.image();
        let (width, line_height) = (whole(galley.size().x.ceil()), galley.size().y);
        let mut line = Pixels::clear(width.max(1), rows);
        let margin = (rows as f32 - line_height) / 2.0;
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

/// A triangle whose upper left corner is here.
fn arrow(picture: &mut Pixels, (left, top): (u32, u32), points_up: bool) {
    for step in 0..ARROW / 2 {
        let half = if points_up { step } else { ARROW / 2 - 1 - step };
        for x in ARROW / 2 - 1 - half..=ARROW / 2 + half {
            picture.blend((left + x, top + step), BLACK, u8::MAX);
        }
    }
}

/// Lays a line of text into the picture, with its upper left corner here.
fn lay(picture: &mut Pixels, line: &Pixels, (left, top): (u32, u32)) {
    for (at, pixel) in (0..).zip(line.rgba.chunks(4)) {
        let alpha = pixel.last().copied().unwrap_or(0);
        picture.blend((left + at % line.width, top + at / line.width), BLACK, alpha);
    }
}

/// Crow's mark; empty only if the shipped picture cannot be read.
fn mark() -> Pixels {
    let mut picture = Pixels::clear(HEIGHT, HEIGHT);
    if let Ok(mark) = from_png_bytes(include_bytes!("../../../assets/icons/mark-44.png")) {
        for (at, alpha) in (0..).zip(mark.rgba.iter().skip(3).step_by(4)) {
            picture.blend((at % mark.width, at / mark.width), BLACK, *alpha);
        }
    }
    picture
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
/// Of the text in two lines: its size, and the rows for it.
const SMALL: (f32, u32) = (19.0, HEIGHT / 2);
/// … and in one line: what the system's own clock has, 13 points.
const LARGE: (f32, u32) = (26.0, HEIGHT);
/// The arrow's width; it is half as high.
const ARROW: u32 = 12;
const GAP: u32 = 8;
/// Between two rates in one line.
const BETWEEN: u32 = 16;
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
        let picture = lines.draw(("32.4 kB/s", "2.62 MB/s"), MenuBar::TwoLines, now);
        assert_eq!(picture.height, 44);
        let edge = picture.width;
        assert!((100..160).contains(&edge), "{edge}");
        for rows in [0..22, 22..44] {
            assert!(ink(&picture, ARROW + GAP..edge, rows.clone()) > 150, "text in rows {rows:?}");
            assert!(ink(&picture, 0..ARROW, rows.clone()) > 30, "an arrow in rows {rows:?}");
            assert!(ink(&picture, edge - 12..edge, rows) > 10, "text reaches the right edge");
        }
        let short = lines.draw(("0 B/s", "0 B/s"), MenuBar::TwoLines, now);
        assert_eq!(short.width, edge, "the width stays");
        assert_eq!(ink(&short, ARROW + GAP..edge / 2, 0..44), 0, "short text stands on the right");
        assert!(picture.rgba.chunks(4).all(|pixel| pixel[..3] == [0; 3]), "a template is black");
    }

    #[test]
    fn one_line_keeps_both_rates_in_their_places() {
        let mut lines = LinePicture::new();
        let now = Instant::now();
        let wide = lines.draw(("888 kB/s", "88.8 MB/s"), MenuBar::OneLine, now);
        assert_eq!(wide.height, 44);
        let narrow = lines.draw(("0 B/s", "88.8 MB/s"), MenuBar::OneLine, now);
        assert_eq!(narrow.width, wide.width, "a shorter rate moves nothing");
        let half = |picture: &Pixels| ink(picture, 0..picture.width / 2, 0..44);
        assert_eq!(half(&narrow), half(&wide), "what came down is drawn as before");
        assert!(ink(&narrow, 0..44, 0..44) < ink(&wide, 0..wide.width, 0..44));
    }

    #[test]
    fn the_icon_is_the_mark_whatever_moves_and_a_change_of_style_begins_anew() {
        let mut lines = LinePicture::new();
        let now = Instant::now();
        let wide = lines.draw(("888 MB/s", "888 MB/s"), MenuBar::TwoLines, now);
        let icon = lines.draw(("888 MB/s", "888 MB/s"), MenuBar::Icon, now);
        assert_eq!((icon.width, icon.height), (44, 44));
        assert!(ink(&icon, 0..44, 0..44) > 300, "the mark is there");
        assert_eq!(icon, lines.draw(("0 B/s", "0 B/s"), MenuBar::Icon, now));
        let again = lines.draw(("0 B/s", "0 B/s"), MenuBar::TwoLines, now);
        assert!(again.width < wide.width, "the width that another time needed is forgotten");
    }
}
