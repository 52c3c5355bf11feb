//! Inter in three weights, with digits that all have one width; made by `scripts/make-fonts`.

use std::sync::Arc;

use egui::{Context, FontData, FontDefinitions, FontFamily, FontId, FontTweak};

/// How heavy a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Table cells and sentences.
    Regular,
    /// Headers, buttons, names.
    Medium,
    /// What should be seen first.
    SemiBold,
}

/// A thin space as a part of an ordinary one: enough to part a number from its unit.
const THIN_SPACE: f32 = 0.75;
const REGULAR: &str = "inter";
const MEDIUM: &str = "inter-medium";
const SEMI_BOLD: &str = "inter-semibold";

/// Gives `ctx` Crow's fonts. The toolkit's own stay behind them for characters that Inter lacks.
pub fn install(ctx: &Context) {
    let mut fonts = FontDefinitions::default();
    let files: [(&str, &'static [u8]); 3] = [
        (REGULAR, include_bytes!("../../assets/fonts/Inter-Regular.ttf")),
        (MEDIUM, include_bytes!("../../assets/fonts/Inter-Medium.ttf")),
        (SEMI_BOLD, include_bytes!("../../assets/fonts/Inter-SemiBold.ttf")),
    ];
    for (name, bytes) in files {
        let tweak = FontTweak { thin_space_width: THIN_SPACE, ..FontTweak::default() };
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes).tweak(tweak)));
    }
    let fallback = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    for (family, name) in [
        (FontFamily::Proportional, REGULAR),
        (FontFamily::Name(MEDIUM.into()), MEDIUM),
        (FontFamily::Name(SEMI_BOLD.into()), SEMI_BOLD),
    ] {
        let chain = std::iter::once(name.to_owned()).chain(fallback.iter().cloned()).collect();
        fonts.families.insert(family, chain);
    }
    ctx.set_fonts(fonts);
}

/// The font of `size` points in a weight.
#[must_use]
pub fn font(weight: Weight, size: f32) -> FontId {
    let family = match weight {
        Weight::Regular => FontFamily::Proportional,
        Weight::Medium => FontFamily::Name(MEDIUM.into()),
        Weight::SemiBold => FontFamily::Name(SEMI_BOLD.into()),
    };
    FontId::new(size, family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_have_one_width_in_every_weight() {
        let ctx = Context::default();
        install(&ctx);
        ctx.run_ui(egui::RawInput::default(), |ui| {
            for weight in [Weight::Regular, Weight::Medium, Weight::SemiBold] {
                let widths = "0123456789".chars().map(|digit| {
                    ui.fonts_mut(|fonts| fonts.glyph_width(&font(weight, 13.0), digit)).to_bits()
                });
                let distinct: std::collections::BTreeSet<u32> = widths.collect();
                assert_eq!(distinct.len(), 1, "{weight:?}");
            }
        })
        .drop_without_applying_deltas();
    }
}
