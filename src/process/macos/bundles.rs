//! What apps say of themselves in their `Info.plist`: their name as the Finder shows it, and their identifier.

use std::path::Path;

use hashbrown::HashMap;

use super::ffi;

/// Bundles remembered at most; beyond that all are forgotten and read again.
const MAX_BUNDLES: usize = 1_024;

/// A bundle, as it describes itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    /// What people call it, in the user's language: `CFBundleDisplayName`, else `CFBundleName`.
    pub name: Option<String>,
    /// `CFBundleIdentifier`, such as `com.apple.Safari`.
    pub identifier: Option<String>,
}

/// What the bundle at `path` (`…/Name.app`) says of itself; nothing where it cannot be read. Reads a file.
#[must_use]
pub fn read(path: &Path) -> Bundle {
    let Some(path) = path.to_str() else { return Bundle::default() };
    let [display_name, name, identifier] =
        ffi::bundle_words(path, ["CFBundleDisplayName", "CFBundleName", "CFBundleIdentifier"]);
    let said = |word: Option<String>| word.filter(|word| !word.trim().is_empty());
    Bundle { name: said(display_name).or(said(name)), identifier: said(identifier) }
}

/// A memory of bundles.
#[derive(Debug, Default)]
pub struct Bundles {
    known: HashMap<String, Bundle>,
}

impl Bundles {
    /// What the bundle at `path` says of itself, read the first time.
    pub fn of(&mut self, path: &str) -> &Bundle {
        if self.known.len() >= MAX_BUNDLES && !self.known.contains_key(path) {
            self.known.clear();
        }
        self.known.entry_ref(path).or_insert_with(|| read(Path::new(path)))
    }
}
