//! What a linker for macOS has to be told about each program, wherever Crow is built: by hand, by `cargo bundle`, by
//! scripts/bundle, or on Linux for a Mac.

use std::env;
use std::path::Path;

/// Frameworks of which Crow uses classes only. Classes are looked up by name while Crow runs, so nothing is imported
/// from these, and the linker would take them for unused.
const CLASSES_ONLY: &[&str] = &["ServiceManagement"];

fn main() {
    println!("cargo::rerun-if-changed=bundle/build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("macos") {
        return;
    }
    // Every crate names the frameworks that it may use. The helper is root at first, and the code of AppKit has no
    // business there: so a program links what it imports from, and nothing else.
    pass("bins", &["-dead_strip_dylibs"]);
    for framework in CLASSES_ONLY {
        pass("bin=crow", &["-needed_framework", framework]);
    }
}

/// Passes words on to the linker that links `which`.
fn pass(which: &str, words: &[&str]) {
    // A linker by itself (LLD on Linux), and not a compiler that calls one.
    let linker = env::var("RUSTC_LINKER").unwrap_or_default();
    let is_bare = Path::new(&linker).file_name().is_some_and(|name| name.to_string_lossy().contains("ld"));
    for word in words {
        let prefix = if is_bare { "" } else { "-Wl," };
        println!("cargo::rustc-link-arg-{which}={prefix}{word}");
    }
}
