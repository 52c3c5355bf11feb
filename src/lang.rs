//! Every text of the window in every language that it speaks; all of them stand in `assets/lang`, none in the code.
//!
//! **To add a text**: write it into `assets/lang/en.ftl` under a name of its own, then `say!("its-name")` where it
//! shows, or `say!("its-name", count = n)` if it has variables (`{ $count }`). A name that is not there does not
//! compile. Then put the text into the other five files; `cargo test --lib lang` names what is missing, differs in its
//! variables or is left over. Where a text is data (a column's title), `Phrase::of("its-name")` stands for it and
//! [`Phrase::text`] says it.
//!
//! What has no variables is looked up by number in a table that is made once for each language: drawing ten thousand
//! rows does not format anything but what changes. The language belongs to the thread, as the window does: see [`speak`].
//!
//! The printed tables, JSON, the command line and the self-check are English, as are the names of TCP states, services
//! and the filter's words: programs and people alike look for those.

mod catalogue;
mod heard;

use std::cell::Cell;
use std::sync::OnceLock;

pub use fluent_bundle::FluentValue as Value;

use self::catalogue::catalogue;
pub use self::heard::heard;
use crate::settings::{Language, LanguageChoice};

/// The English texts.
const ENGLISH: &str = include_str!("../assets/lang/en.ftl");

const COUNT: usize = count(ENGLISH.as_bytes());

/// The names of all texts, in the order of the English file.
const NAMES: [&str; COUNT] = names(ENGLISH.as_bytes());

/// The system's language, once somebody has asked for it; until then English.
static SYSTEM: OnceLock<Language> = OnceLock::new();

thread_local! {
    static SPOKEN: Cell<Language> = const { Cell::new(Language::English) };
}

/// Has [`LanguageChoice::System`] mean what the user's system says. To be called once, before anything is said.
pub fn follow_system() {
    // A second call finds the same.
    let _ = SYSTEM.set(first_spoken(sys_locale::get_locales()));
}

/// The language that a choice means.
#[must_use]
pub fn meant(choice: LanguageChoice) -> Language {
    match choice {
        LanguageChoice::System => SYSTEM.get().copied().unwrap_or_default(),
        LanguageChoice::Always(language) => language,
    }
}

/// This thread says everything in `language` from now on; other threads go on as they were.
pub fn speak(language: Language) {
    SPOKEN.set(language);
}

/// The language that this thread speaks.
#[must_use]
pub fn spoken() -> Language {
    SPOKEN.get()
}

/// The first of the user's languages that Crow speaks: a region's variety stands for its language. Traditional Chinese is
/// not Simplified Chinese: who reads that gets the next language of the list. English where none is left.
fn first_spoken(mut tags: impl Iterator<Item = String>) -> Language {
    tags.find_map(|tag| of_tag(&tag)).unwrap_or_default()
}

/// The language of a tag as BCP 47 or POSIX writes it: `de-AT`, `zh-Hans-CN`, `ja_JP.UTF-8`.
fn of_tag(tag: &str) -> Option<Language> {
    let tag = tag.split(['.', '@']).next().unwrap_or_default().to_ascii_lowercase();
    let mut parts = tag.split(['-', '_']);
    let language = parts.next().unwrap_or_default();
    let mut rest = parts.map(str::to_owned).collect::<Vec<_>>();
    match language {
        "zh" => {
            rest.retain(|part| matches!(part.as_str(), "hans" | "hant" | "tw" | "hk" | "mo"));
            let is_simplified = rest.first().is_none_or(|part| part == "hans");
            is_simplified.then_some(Language::SimplifiedChinese)
        }
        // What programs speak when nobody has said anything.
        "c" | "posix" => Some(Language::English),
        language => Language::ALL.into_iter().find(|known| known.tag() == language),
    }
}

/// What a language calls itself.
#[must_use]
pub const fn own_name(language: Language) -> &'static str {
    match language {
        Language::English => "English",
        Language::German => "Deutsch",
        Language::Spanish => "Español",
        Language::French => "Français",
        Language::Japanese => "日本語",
        Language::SimplifiedChinese => "简体中文",
    }
}

/// What English calls a language, for where its own letters cannot be drawn.
#[must_use]
pub const fn english_name(language: Language) -> &'static str {
    match language {
        Language::English => "English",
        Language::German => "German",
        Language::Spanish => "Spanish",
        Language::French => "French",
        Language::Japanese => "Japanese",
        Language::SimplifiedChinese => "Simplified Chinese",
    }
}

/// One text, whatever its language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phrase(usize);

impl Phrase {
    /// The text of that name.
    ///
    /// # Panics
    ///
    /// Where there is none. In a `const`, which is what `say!` makes of it, that is an error of the compiler.
    #[must_use]
    pub const fn of(name: &str) -> Self {
        let mut names: &[&str] = &NAMES;
        let mut place = 0;
        while let [first, rest @ ..] = names {
            if is_same(first.as_bytes(), name.as_bytes()) {
                return Self(place);
            }
            names = rest;
            place += 1;
        }
        assert!(place < COUNT, "assets/lang/en.ftl has no text of this name");
        Self(place)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.get(self.0).copied().unwrap_or_default()
    }

    /// In this thread's language. For a text without variables; of one with them, nothing.
    #[must_use]
    pub fn text(self) -> &'static str {
        catalogue(spoken()).text(self.0)
    }

    /// In this thread's language, with its variables filled in.
    #[must_use]
    pub fn with(self, values: &[(&'static str, Value<'_>)]) -> String {
        catalogue(spoken()).format(self.name(), values)
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..COUNT).map(Self)
    }
}

/// Says a text of `assets/lang` in this thread's language: `say!("pause")` is a `&'static str`,
/// `say!("packets-dropped", count = 3)` a `String`. See [`lang`](crate::lang).
macro_rules! say {
    ($name:literal) => {{
        const PHRASE: $crate::lang::Phrase = $crate::lang::Phrase::of($name);
        PHRASE.text()
    }};
    ($name:literal, $($variable:ident = $value:expr),+ $(,)?) => {{
        const PHRASE: $crate::lang::Phrase = $crate::lang::Phrase::of($name);
        PHRASE.with(&[$((stringify!($variable), $crate::lang::Value::from($value))),+])
    }};
}

/// A text as data, for what keeps it before it is said: a column's title.
macro_rules! phrase {
    ($name:literal) => {{
        const PHRASE: $crate::lang::Phrase = $crate::lang::Phrase::of($name);
        PHRASE
    }};
}

pub(crate) use {phrase, say};

/// How many texts a Fluent file has: lines that begin with a letter.
const fn count(mut file: &[u8]) -> usize {
    let mut count = 0;
    let mut begins = true;
    while let [byte, rest @ ..] = file {
        if begins && byte.is_ascii_alphabetic() {
            count += 1;
        }
        begins = *byte == b'\n';
        file = rest;
    }
    count
}

/// The names before the equals signs.
const fn names<const N: usize>(mut file: &'static [u8]) -> [&'static str; N] {
    let mut found = [""; N];
    let mut left: &mut [&'static str] = &mut found;
    let mut begins = true;
    while let [byte, rest @ ..] = file {
        if begins && byte.is_ascii_alphabetic() {
            let mut len = 0;
            let mut name = file;
            while let [b'a'..=b'z' | b'0'..=b'9' | b'-', rest @ ..] = name {
                len += 1;
                name = rest;
            }
            if let ([slot, others @ ..], Ok(name)) = (left, str::from_utf8(file.split_at(len).0)) {
                *slot = name;
                left = others;
            } else {
                break;
            }
        }
        begins = *byte == b'\n';
        file = rest;
    }
    found
}

const fn is_same(mut one: &[u8], mut other: &[u8]) -> bool {
    while let ([a, one_rest @ ..], [b, other_rest @ ..]) = (one, other) {
        if *a != *b {
            return false;
        }
        (one, other) = (one_rest, other_rest);
    }
    one.is_empty() && other.is_empty()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests;
