//! The texts of one language: read once, when it is first spoken.

use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

use super::{ENGLISH, NAMES};
use crate::settings::Language;

/// Those that were spoken, by the order of [`Language`].
static CATALOGUES: [OnceLock<Catalogue>; 6] = [const { OnceLock::new() }; 6];

/// What a catalogue answers for a text that no language has. There is none: the compiler and the tests see to that.
const NOTHING: &str = "";

/// The texts of a language.
pub(super) struct Catalogue {
    /// Those without variables, by their places in the English file; empty for the others.
    fixed: Vec<String>,
    bundle: FluentBundle<FluentResource>,
}

/// The texts of `language`.
pub(super) fn catalogue(language: Language) -> &'static Catalogue {
    let [english, german, spanish, french, japanese, chinese] = &CATALOGUES;
    let place = match language {
        Language::English => english,
        Language::German => german,
        Language::Spanish => spanish,
        Language::French => french,
        Language::Japanese => japanese,
        Language::SimplifiedChinese => chinese,
    };
    place.get_or_init(|| Catalogue::read(language))
}

const fn source(language: Language) -> &'static str {
    match language {
        Language::English => ENGLISH,
        Language::German => include_str!("../../assets/lang/de.ftl"),
        Language::Spanish => include_str!("../../assets/lang/es.ftl"),
        Language::French => include_str!("../../assets/lang/fr.ftl"),
        Language::Japanese => include_str!("../../assets/lang/ja.ftl"),
        Language::SimplifiedChinese => include_str!("../../assets/lang/zh-Hans.ftl"),
    }
}

impl Catalogue {
    fn read(language: Language) -> Self {
        let tag = language.tag().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // Nothing here runs from right to left, and the marks around variables would be copied along.
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(|value, _| match value {
            FluentValue::Number(number) => Some(grouped(number.value)),
            _ => None,
        }));
        // English below: what a file lacks is said in English and not left out.
        for file in [ENGLISH, source(language)] {
            let resource = FluentResource::try_new(file.to_owned()).unwrap_or_else(|(good, errors)| {
                tracing::error!("{}: {errors:?}", language.tag());
                good
            });
            bundle.add_resource_overriding(resource);
        }
        let fixed = NAMES.iter().map(|name| fixed(&bundle, name).unwrap_or_default()).collect();
        Self { fixed, bundle }
    }

    /// A text without variables.
    pub(super) fn text(&self, place: usize) -> &str {
        self.fixed.get(place).map_or(NOTHING, String::as_str)
    }

    /// A text with its variables filled in.
    pub(super) fn format(&self, name: &str, values: &[(&'static str, FluentValue<'_>)]) -> String {
        let Some(pattern) = self.bundle.get_message(name).and_then(|message| message.value()) else {
            return NOTHING.to_owned();
        };
        let mut arguments = FluentArgs::with_capacity(values.len());
        for (variable, value) in values {
            arguments.set(*variable, value.clone());
        }
        self.bundle.format_pattern(pattern, Some(&arguments), &mut Vec::new()).into_owned()
    }
}

/// The text as it is, if nothing in it varies.
fn fixed(bundle: &FluentBundle<FluentResource>, name: &str) -> Option<String> {
    let pattern = bundle.get_message(name)?.value()?;
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, None, &mut errors).into_owned();
    errors.is_empty().then_some(text)
}

/// As the rest of the window writes counts: thin spaces between thousands.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::with_capacity(digits.len() + digits.len());
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}
