//! The icons that the Finder shows for apps and programs, as pixels.

#[cfg(target_os = "macos")]
use std::path::Path;

#[cfg(target_os = "macos")]
use super::ffi;
use crate::process::apps;
use crate::process::icons::Wanted;

/// Icons are drawn at most this wide and high.
#[cfg(target_os = "macos")]
const MAX_PIXELS: u32 = 1_024;

/// The icon of the bundle that the program is in, `side` pixels wide and high: row by row from the top, four bytes each
/// (red, green, blue, opacity; not multiplied). A program of no bundle has none: the Finder's is the same for all of
/// them, and tells nothing apart.
///
/// May read files, so keep what it returns. Any thread may call it.
#[cfg(target_os = "macos")]
#[must_use]
pub fn icon(wanted: &Wanted<'_>) -> Option<Vec<u8>> {
    let path = bundle(wanted).filter(|path| Path::new(path).exists())?;
    if wanted.side == 0 || wanted.side > MAX_PIXELS {
        return None;
    }
    let mut drawn = ffi::icon(path, wanted.side)?;
    unmultiply(&mut drawn);
    Some(drawn)
}

/// The bundle whose icon stands for the program: its app's.
fn bundle<'a>(wanted: &Wanted<'a>) -> Option<&'a str> {
    let is_bundle = |app: &&str| app.starts_with('/') && app.strip_suffix(".app").is_some();
    Some(wanted.app).filter(is_bundle).or_else(|| wanted.path.and_then(apps::bundle_path))
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
    fn a_program_has_the_icon_of_its_outermost_bundle() {
        const HELPER: &str =
            "/Applications/Chrome.app/Contents/Frameworks/Chrome Helper.app/Contents/MacOS/Chrome Helper";
        #[rustfmt::skip]
        let cases = [
            ("/Applications/Chrome.app", Some(HELPER), Some("/Applications/Chrome.app")),
            ("/Applications/Chrome.app", None, Some("/Applications/Chrome.app")),
            ("pid:7", Some(HELPER), Some("/Applications/Chrome.app")),
            ("/usr/sbin/mDNSResponder", Some("/usr/sbin/mDNSResponder"), None),
            ("Chrome.app", None, None),
            ("", None, None),
        ];
        for (app, path, expected) in cases {
            assert_eq!(bundle(&Wanted { app, path, side: 32 }), expected, "{app} {path:?}");
        }
    }

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
