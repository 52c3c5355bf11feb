//! Inter in three weights, with digits that all have one width (made by `scripts/make-fonts`); and the system's fonts for
//! the letters that it lacks.

use std::sync::{Arc, OnceLock};

use egui::epaint::text::{FallbackRequest, FontInsert, FontProvider};
use egui::{Context, FontData, FontDefinitions, FontFamily, FontId, FontTweak, Id};
use egui_system_font_provider::SystemFontProvider;

use crate::settings::Language;

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

/// Crow's fonts, for each way to ask for one.
#[must_use]
pub fn definitions() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    let files: [(&str, &'static [u8]); 3] = [
        (REGULAR, include_bytes!("../../assets/fonts/Inter-Regular.ttf")),
        (MEDIUM, include_bytes!("../../assets/fonts/Inter-Medium.ttf")),
        (SEMI_BOLD, include_bytes!("../../assets/fonts/Inter-SemiBold.ttf")),
    ];
    for (name, bytes) in files {
        let tweak = FontTweak { thin_space_width: THIN_SPACE, ..FontTweak::default() };
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes).tweak(tweak)));
    }
    for (family, name) in [
        (FontFamily::Proportional, REGULAR),
        (FontFamily::Monospace, REGULAR),
        (FontFamily::Name(MEDIUM.into()), MEDIUM),
        (FontFamily::Name(SEMI_BOLD.into()), SEMI_BOLD),
    ] {
        fonts.families.insert(family, vec![name.to_owned()]);
    }
    fonts
}

/// Gives `ctx` Crow's fonts, and no other: what they lack, the system's have ([`follow_system`]).
pub fn install(ctx: &Context) {
    ctx.set_fonts(definitions());
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

/// The system's fonts, one of which is mapped into memory when a letter is first met that Inter lacks: looking through
/// them takes the system a while, and most people never need any.
struct SystemFonts {
    /// Many characters of Chinese and Japanese are the same to a computer and drawn differently.
    language: Language,
    provider: OnceLock<SystemFontProvider>,
}

impl FontProvider for SystemFonts {
    fn font_for(&self, request: &FallbackRequest<'_>) -> Option<FontInsert> {
        let made = || match self.language {
            // The user's own languages say best which Chinese characters are meant.
            Language::English | Language::German | Language::Spanish | Language::French => {
                SystemFontProvider::new()
            }
            language => SystemFontProvider::new().with_locale(Some(language.tag())),
        };
        self.provider.get_or_init(made).font_for(request)
    }
}

/// Has `ctx` draw letters that Inter lacks with the system's fonts, for a reader of `language`. To be called for the window
/// of the program; tests draw with what they bring.
pub fn follow_system(ctx: &Context, language: Language) {
    ctx.set_font_providers(vec![Arc::new(SystemFonts { language, provider: OnceLock::new() })]);
    ctx.data_mut(|data| data.insert_temp(provided(), language));
}

/// For which language the system's fonts are looked through, in a context that has them.
fn provided() -> Id {
    Id::unique("the system's fonts")
}

/// A letter that no text of the language does without, if Inter lacks it.
const fn letter(language: Language) -> Option<char> {
    match language {
        Language::English | Language::German | Language::Spanish | Language::French => None,
        Language::Japanese => Some('接'),
        Language::SimplifiedChinese => Some('连'),
    }
}

/// Whether the letters of a language can be drawn. Where nothing is known of the system's fonts, that is taken for given.
#[must_use]
pub fn can_draw(ctx: &Context, language: Language) -> bool {
    let has_provider = ctx.data(|data| data.get_temp::<Language>(provided())).is_some();
    let Some(letter) = letter(language).filter(|_| has_provider) else { return true };
    ctx.fonts_mut(|fonts| fonts.has_glyph(&font(Weight::Regular, 13.0), letter))
}

/// The language to speak in `ctx` for one that was chosen: English where no font has its letters. Characters that were drawn
/// for readers of another language are drawn anew.
#[must_use]
pub fn readable(ctx: &Context, chosen: Language) -> Language {
    let provided_for = ctx.data(|data| data.get_temp::<Language>(provided()));
    if provided_for.is_some_and(|language| language != chosen) {
        // In force with the next frame; until then the letters are there all the same.
        follow_system(ctx, chosen);
    }
    if can_draw(ctx, chosen) { chosen } else { Language::English }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_no_font_has_its_letters_a_language_is_said_to_be_unreadable() {
        let ctx = Context::default();
        install(&ctx);
        assert_eq!(readable(&ctx, Language::Japanese), Language::Japanese, "nothing is known of the system");
        // A system without any font.
        ctx.data_mut(|data| data.insert_temp(provided(), Language::Japanese));
        ctx.run_ui(egui::RawInput::default(), |ui| {
            assert_eq!(readable(ui.ctx(), Language::Japanese), Language::English);
        })
        .drop_without_applying_deltas();
        assert!(Language::ALL.into_iter().filter(|language| letter(*language).is_none()).count() == 4);
    }

    #[test]
    fn every_character_of_the_texts_in_latin_letters_is_in_the_font() {
        let ctx = Context::default();
        install(&ctx);
        ctx.run_ui(egui::RawInput::default(), |ui| {
            for text in ["en", "de", "es", "fr"].map(texts) {
                for letter in text.chars().filter(|letter| !letter.is_control()) {
                    for weight in [Weight::Regular, Weight::Medium, Weight::SemiBold] {
                        let known = ui.fonts_mut(|fonts| fonts.has_glyph(&font(weight, 13.0), letter));
                        assert!(known, "{letter} ({:?}) in {weight:?}", letter.escape_unicode());
                    }
                }
            }
        })
        .drop_without_applying_deltas();
    }

    fn texts(language: &str) -> String {
        let path = format!("{}/assets/lang/{language}.ftl", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

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
