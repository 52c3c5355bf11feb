//! The icons that the Finder shows for apps and programs, as pixels.

#[cfg(target_os = "macos")]
use std::path::Path;

#[cfg(target_os = "macos")]
use super::ffi;

/// Icons are drawn at most this wide and high.
#[cfg(target_os = "macos")]
const MAX_PIXELS: u32 = 1_024;

/// The icon of the bundle or file at `path`, drawn `pixels` wide and high: its width, its height and its pixels, row
/// by row from the top, four bytes each (red, green, blue, alpha; not premultiplied). For any file that is there the
/// Finder has an icon, if need be a general one.
///
/// May read files, so keep what it returns. Any thread may call it.
#[cfg(target_os = "macos")]
#[must_use]
pub fn icon(path: &Path, pixels: u32) -> Option<(u32, u32, Vec<u8>)> {
    if pixels == 0 || pixels > MAX_PIXELS || !path.exists() {
        return None;
    }
    let mut drawn = ffi::icon(path.to_str()?, pixels)?;
    unmultiply(&mut drawn);
    Some((pixels, pixels, drawn))
}

/// Turns pixels whose colours were multiplied by their alpha into such whose were not.
fn unmultiply(pixels: &mut [u8]) {
    for [red, green, blue, alpha] in pixels.as_chunks_mut::<4>().0 {
        for color in [red, green, blue] {
            let whole = (u32::from(*color) * 255 + u32::from(*alpha) / 2).checked_div(u32::from(*alpha));
            *color = u8::try_from(whole.unwrap_or(0)).unwrap_or(u8::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_what_they_were_before_they_were_multiplied() {
        #[rustfmt::skip]
        let cases = [
            ([255, 128, 0, 255], [255, 128, 0, 255]),
            ([128, 64, 0, 128], [255, 128, 0, 128]),
            ([0, 0, 0, 0], [0, 0, 0, 0]),
            ([9, 9, 9, 0], [0, 0, 0, 0]),
            ([1, 0, 0, 1], [255, 0, 0, 1]),
            ([200, 0, 0, 100], [255, 0, 0, 100]),
        ];
        for (mut multiplied, expected) in cases {
            unmultiply(&mut multiplied);
            assert_eq!(multiplied, expected);
        }
        for alpha in 1..=255_u8 {
            for color in 0..=255_u8 {
                let multiplied = u8::try_from((u32::from(color) * u32::from(alpha) + 127) / 255).unwrap_or(0);
                let mut pixel = [multiplied, 0, 0, alpha];
                unmultiply(&mut pixel);
                // What is lost is what the multiplication had rounded away.
                let step = 255 / u32::from(alpha) + 1;
                assert!(u32::from(pixel[0].abs_diff(color)) <= step, "{color} at {alpha}: {pixel:?}");
            }
        }
    }
}
