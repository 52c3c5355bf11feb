//! The rules of the house, held by a test: layout, layers, file length, where `unsafe` and the clock may be.
//! Each rule is a function of a file's path and text, and each is proven by a planted violation (`planted.rs`).

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod code;
mod planted;
mod rules;

use std::fs;
use std::path::{Path, PathBuf};

/// What may stand at the top of the repository, beside dot files and the build folder.
const TOP_LEVEL: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "src",
    "assets",
    "bundle",
    "scripts",
    "tests",
    "benches",
    "README.md",
    "LICENSE",
    "target",
];

/// The dot files and folders that have a use.
const DOT_FILES: &[&str] =
    &[".ci", ".git", ".github", ".gitignore", ".gitattributes", ".cargo", ".rustfmt.toml"];

/// Folders whose files are ours to judge.
const OURS: &[&str] = &["src", "tests", "benches", "scripts", "bundle", "assets", ".ci", ".github"];

#[test]
fn the_top_level_holds_only_what_belongs_there() {
    let names = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let strangers: Vec<String> = names.filter(|name| !belongs_on_top(name)).collect();
    assert!(strangers.is_empty(), "at the top level, and not on its list: {strangers:?}");
}

#[test]
fn every_file_keeps_the_rules() {
    let mut files = vec![root().join("README.md"), root().join("Cargo.toml")];
    for folder in OURS {
        collect(&root().join(folder), &mut files);
    }
    let mut found = Vec::new();
    let mut sources = 0;
    for file in files.iter().filter(|file| file.exists()) {
        let path = file.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
        let bytes = fs::read(file).unwrap();
        found.extend(rules::of_any_file(&path, &bytes, &machine_paths()));
        if let Ok(text) = str::from_utf8(&bytes) {
            found.extend(rules::of_text(&path, text));
            sources += usize::from(path.starts_with("src/"));
        }
    }
    assert!(sources >= 10, "only {sources} source files were found under {}", root().display());
    assert!(found.is_empty(), "{} broken rules:\n{}", found.len(), found.join("\n"));
}

/// Whether `name` may stand at the top of the repository.
fn belongs_on_top(name: &str) -> bool {
    TOP_LEVEL.contains(&name) || DOT_FILES.contains(&name)
}

/// Where the repository is.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folders of this very machine that no file may name: the checkout and the home folder, where their names are
/// long enough to be no one else's.
fn machine_paths() -> Vec<String> {
    let home = std::env::var("HOME").unwrap_or_default();
    [env!("CARGO_MANIFEST_DIR").to_owned(), home]
        .into_iter()
        .filter(|path| path.split('/').filter(|part| !part.is_empty()).count() >= 2)
        .collect()
}

/// Every file below `folder`, in a stable order; what Python and editors leave behind aside.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() && !path.ends_with("__pycache__") {
            collect(&path, files);
        } else if path.is_file() {
            files.push(path);
        }
    }
}
