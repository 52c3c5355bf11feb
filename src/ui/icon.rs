//! The pictures of Crow: the window's icon and the tray's picture of what moves, drawn from the mark.

use eframe::icon_data::from_png_bytes;

/// A picture in memory: 8-bit red, green, blue and straight alpha, row by row from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Four bytes a pixel: `4 * width * height` of them.
    pub rgba: Vec<u8>,
}

impl Pixels {
    /// An empty picture: every pixel is transparent.
    #[must_use]
    pub fn clear(width: u32, height: u32) -> Self {
        Self { width, height, rgba: vec![0; 4 * width as usize * height as usize] }
    }

    /// Lays `colour` over the pixel at (`x`, `y`) as if it covered `alpha`/255 of it. Outside does nothing.
    pub fn blend(&mut self, (x, y): (u32, u32), colour: [u8; 3], alpha: u8) {
        if x >= self.width || y >= self.height || alpha == 0 {
            return;
        }
        let at = 4 * (y as usize * self.width as usize + x as usize);
        let Some([red, green, blue, below]) = self.rgba.get_mut(at..at + 4) else { return };
        // Porter and Duff's "over" for straight alpha, rounded to the nearest.
        let (top, rest) = (u32::from(alpha) * 255, u32::from(*below) * (255 - u32::from(alpha)));
        let sum = top + rest;
        for (channel, new) in [red, green, blue].into_iter().zip(colour) {
            let mixed = (u32::from(new) * top + u32::from(*channel) * rest + sum / 2) / sum;
            *channel = u8::try_from(mixed).unwrap_or(u8::MAX);
        }
        *below = u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX);
    }
}

/// How high the two bars of the tray's picture stand, from 0 (nothing moves) to [`MAX_LEVEL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// Received.
    pub down: u8,
    /// Sent.
    pub up: u8,
}

/// The highest bar: the picture tells this many rates apart, and no more, so that it seldom changes.
pub const MAX_LEVEL: u8 = 7;

/// Which bar stands for `rate` bytes per second: five times as much a step, from 1 kB/s to 16 MB/s.
#[must_use]
pub fn level(rate: f64) -> u8 {
    if rate < FLOOR {
        return 0;
    }
    let steps = (rate / FLOOR).log(STEP).floor().clamp(0.0, f64::from(MAX_LEVEL - 1));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=6 above")]
    let steps = steps as u8;
    steps + 1
}

/// The window's icon, 256 px; `None` only if the shipped picture cannot be read.
#[must_use]
pub fn window_icon() -> Option<egui::IconData> {
    from_png_bytes(include_bytes!("../../assets/icons/crow-256.png")).ok()
}

/// The tray's picture for panels that show it as it is (StatusNotifierItem): the mark in a grey that stands out
/// from dark and light panels alike, and below its beak a blue bar (down) and an orange one (up). 44 px square.
#[must_use]
pub fn tray_picture(levels: Levels) -> Pixels {
    let mut picture = Pixels::clear(SIDE, SIDE);
    if let Ok(mark) = from_png_bytes(include_bytes!("../../assets/icons/mark-44.png")) {
        let alphas = mark.rgba.iter().skip(3).step_by(4);
        for (at, alpha) in (0..).zip(alphas) {
            let (x, y) = (at % mark.width, at / mark.width);
            // The feathers at the throat make room for the bars.
            if x + 2 < BAR_DOWN_X || y + 2 < BARS_TOP {
                picture.blend((x, y), GREY, *alpha);
            }
        }
    }
    bar(&mut picture, BAR_DOWN_X, levels.down, DOWN);
    bar(&mut picture, BAR_UP_X, levels.up, UP);
    picture
}

/// A bar with round ends whose foot stands at the bottom; level 0 is a dot.
fn bar(picture: &mut Pixels, left: u32, level: u8, colour: [u8; 3]) {
    let rise = u32::from(level.min(MAX_LEVEL)) * (SIDE - BARS_TOP - BAR) / u32::from(MAX_LEVEL);
    let top = SIDE - BAR - rise;
    let radius = f64::from(BAR) / 2.0;
    let (centre, upper, lower) =
        (f64::from(left) + radius, f64::from(top) + radius, f64::from(SIDE) - radius);
    for y in top..SIDE {
        for x in left..left + BAR {
            let (middle_x, middle_y) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
            let away = (middle_x - centre).hypot(middle_y - middle_y.clamp(upper, lower));
            // The share of the pixel that the bar covers, taken as its distance from the edge.
            let share = (radius - away + 0.5).clamp(0.0, 1.0) * 255.0;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..=255")]
            picture.blend((x, y), colour, share.round() as u8);
        }
    }
}

/// Below this rate in bytes per second a bar is a dot.
const FLOOR: f64 = 1_000.0;
/// A bar one step higher stands for this many times the rate.
const STEP: f64 = 5.0;
/// The picture's width and height: 22 points on a screen of double density.
const SIDE: u32 = 44;
/// Where the highest bar ends: under the beak.
const BARS_TOP: u32 = 24;
/// A bar's width in pixels: even, so that half the size is still whole pixels.
const BAR: u32 = 6;
const BAR_DOWN_X: u32 = 30;
const BAR_UP_X: u32 = 38;
/// Contrast 3.2 to 1 against white and 5.1 to 1 against #1e1f22.
const GREY: [u8; 3] = [0x8b, 0x90, 0x9a];
const DOWN: [u8; 3] = [0x2f, 0x95, 0xff];
const UP: [u8; 3] = [0xff, 0x8a, 0x1f];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_five_times_the_one_below() {
        #[rustfmt::skip]
        let cases = [
            (0.0, 0), (999.0, 0), (1_000.0, 1), (4_900.0, 1), (5_100.0, 2), (30_000.0, 3), (1e6, 5),
            (2.62e6, 5), (4e6, 6), (1.6e7, 7), (1e12, 7), (f64::INFINITY, 7),
        ];
        for (rate, expected) in cases {
            assert_eq!(level(rate), expected, "{rate}");
        }
    }

    #[test]
    fn the_window_has_its_icon() {
        assert_eq!(window_icon().map(|icon| (icon.width, icon.height)), Some((256, 256)));
    }

    /// How many pixels of the tray's picture have nearly this colour and are opaque.
    fn painted(levels: Levels, colour: [u8; 3]) -> usize {
        let picture = tray_picture(levels);
        assert_eq!(picture.rgba.len(), 4 * 44 * 44);
        picture
            .rgba
            .chunks(4)
            .filter(|pixel| {
                pixel.iter().zip(colour.into_iter().chain([255])).all(|(have, want)| have.abs_diff(want) < 4)
            })
            .count()
    }

    #[test]
    fn the_picture_shows_the_mark_and_both_bars() {
        let quiet = Levels::default();
        let busy = Levels { down: MAX_LEVEL, up: 4 };
        assert!(painted(quiet, GREY) > 300, "the mark is there");
        assert_eq!(painted(quiet, GREY), painted(busy, GREY), "the bars leave the mark alone");
        assert!(painted(busy, DOWN) > painted(busy, UP) + 20, "down is the higher bar");
        assert!(painted(busy, UP) > painted(quiet, UP) + 20, "up has risen");
        assert!(painted(quiet, UP) > 10, "a quiet bar is still a dot");
        assert_eq!(
            tray_picture(Levels { down: 255, up: 0 }),
            tray_picture(Levels { down: MAX_LEVEL, up: 0 })
        );
    }

    #[test]
    fn blending_is_exact_at_the_ends_and_never_leaves_the_picture() {
        let mut picture = Pixels::clear(1, 1);
        picture.blend((0, 0), [10, 20, 30], 255);
        assert_eq!(picture.rgba, [10, 20, 30, 255]);
        picture.blend((0, 0), [110, 120, 130], 128);
        assert_eq!(picture.rgba, [60, 70, 80, 255]);
        picture.blend((1, 0), [0, 0, 0], 255);
        picture.blend((0, 1), [0, 0, 0], 255);
        picture.blend((0, 0), [0, 0, 0], 0);
        assert_eq!(picture.rgba, [60, 70, 80, 255]);
    }
}
