//! What a linker for macOS has to be told about each program, wherever Crow is built: by hand, by `cargo bundle`, by
//! scripts/bundle, or on Linux for a Mac.

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=bundle/build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("macos") {
        return;
    }
    // Every crate names the frameworks that it may use. The helper is root at first, and the code of AppKit has no
    // business there: so a program links what it imports from, and nothing else. (A framework of which only classes
    // are used imports nothing, as they are looked up by name; it would need `-needed_framework` here.)
    //
    // A linker by itself (LLD on Linux), or a compiler that calls one.
    let linker = env::var("RUSTC_LINKER").unwrap_or_default();
    let is_bare = Path::new(&linker).file_name().is_some_and(|name| name.to_string_lossy().contains("ld"));
    println!("cargo::rustc-link-arg-bins={}-dead_strip_dylibs", if is_bare { "" } else { "-Wl," });
}
