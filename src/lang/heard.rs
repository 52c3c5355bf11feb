//! Sentences that reach the window from the rest of Crow, which speaks English: errors, limits, reasons.

use std::borrow::Cow;

use super::catalogue::catalogue;
use super::{Phrase, spoken};
use crate::settings::Language;

/// The beginning of the names of texts that are such sentences, word for word as the rest of Crow says them.
const SAID: &str = "said-";

/// A sentence of the rest of Crow in this thread's language; unchanged where it is none that `assets/lang` knows.
#[must_use]
pub fn heard(sentence: &str) -> Cow<'_, str> {
    if spoken() == Language::English {
        return Cow::Borrowed(sentence);
    }
    let english = catalogue(Language::English);
    for phrase in Phrase::all().filter(|phrase| phrase.name().starts_with(SAID)) {
        if english.text(phrase.0) == sentence {
            return Cow::Borrowed(phrase.text());
        }
    }
    Cow::Borrowed(sentence)
}
