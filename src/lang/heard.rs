//! Sentences that reach the window from the rest of Crow, which speaks English: errors, limits, reasons.

use std::borrow::Cow;
use std::sync::OnceLock;

use super::{ENGLISH, Phrase, Value, spoken};
use crate::settings::Language;

/// The beginning of the names of texts that are such sentences, word for word as the rest of Crow says them.
pub(super) const SAID: &str = "said-";

/// How a variable begins and ends in a text.
const VARIABLE: (&str, &str) = ("{ $", " }");

/// A sentence that the rest of Crow says.
struct Said {
    phrase: Phrase,
    /// Before the first variable.
    begins: &'static str,
    /// Each variable, and what stands between it and the next one or the end.
    rest: Vec<(&'static str, &'static str)>,
}

/// A sentence of the rest of Crow in this thread's language; unchanged where it is none that `assets/lang` knows. What was
/// filled into it is left as it is, unless it is such a sentence itself.
#[must_use]
pub fn heard(sentence: &str) -> Cow<'_, str> {
    static ALL: OnceLock<Vec<Said>> = OnceLock::new();
    if spoken() == Language::English || sentence.is_empty() {
        return Cow::Borrowed(sentence);
    }
    let all = ALL.get_or_init(|| ENGLISH.lines().filter_map(Said::read).collect());
    let found = all.iter().find_map(|said| Some((said.phrase, said.values(sentence)?)));
    match found {
        Some((phrase, values)) if values.is_empty() => Cow::Borrowed(phrase.text()),
        Some((phrase, values)) => Cow::Owned(phrase.with(&values)),
        None => Cow::Borrowed(sentence),
    }
}

impl Said {
    /// From a line of the English file, if it is such a sentence.
    fn read(line: &'static str) -> Option<Self> {
        let (name, text) = line.split_once(" = ").filter(|(name, _)| name.starts_with(SAID))?;
        let phrase = Phrase::all().find(|phrase| phrase.name() == name)?;
        let mut parts = text.split(VARIABLE.0);
        let begins = parts.next()?;
        let rest = parts.map(|part| part.split_once(VARIABLE.1)).collect::<Option<_>>()?;
        Some(Self { phrase, begins, rest })
    }

    /// What stands in `sentence` for each variable; `None` if it is another sentence.
    fn values<'a>(&self, sentence: &'a str) -> Option<Vec<(&'static str, Value<'a>)>> {
        let mut left = sentence.strip_prefix(self.begins)?;
        let mut values = Vec::with_capacity(self.rest.len());
        for (place, (variable, behind)) in self.rest.iter().enumerate() {
            let is_last = place + 1 == self.rest.len();
            let (value, rest) =
                if is_last { (left.strip_suffix(behind)?, "") } else { left.split_once(behind)? };
            values.push((*variable, Value::from(heard(value))));
            left = rest;
        }
        left.is_empty().then_some(values)
    }
}
