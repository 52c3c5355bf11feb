//! Planted violations: each rule catches its breach and lets the like of it that is right pass.

use crate::rules::{of_any_file, of_text};
use crate::{belongs_on_top, code, machine_paths};

/// A line that opens a file as the rules want it.
const OPENING: &str = "//! What it is for.\n";

/// Asserts that exactly the rule whose sentence contains `sentence` catches `code` in the file `path`.
#[track_caller]
fn caught(path: &str, code: &str, sentence: &str) {
    let found = of_text(path, &format!("{OPENING}{code}"));
    assert_eq!(found.len(), 1, "{path}: {code:?} gave {found:?}");
    assert!(found.iter().all(|breach| breach.contains(sentence)), "{path}: {code:?} gave {found:?}");
}

/// Asserts that no rule minds `code` in the file `path`.
#[track_caller]
fn passes(path: &str, code: &str) {
    let found = of_text(path, &format!("{OPENING}{code}"));
    assert!(found.is_empty(), "{path}: {code:?} gave {found:?}");
}

#[test]
fn a_stranger_at_the_top_level() {
    assert!(belongs_on_top("src") && belongs_on_top(".github"));
    assert!(!belongs_on_top("notes.md") && !belongs_on_top(".vscode"));
}

#[test]
fn a_file_without_a_purpose() {
    let found = of_text("src/units.rs", "use std::fmt;\n");
    assert_eq!(found, ["src/units.rs: does not begin with one line that says what it is for"]);
}

#[test]
fn a_text_of_the_window_that_stands_in_its_code() {
    caught("src/ui/toolbar.rs", "fn f() { ui.button(\"Start capture\"); }\n", "belong into assets/lang");
    caught("src/ui/toolbar.rs", "fn f() { ui.label(\"Settings\"); }\n", "belong into assets/lang");
    caught(
        "src/ui/toolbar.rs",
        "fn f() { ui.label(format!(\"{a} of {b} rows\")); }\n",
        "belong into assets/lang",
    );
    passes("src/ui/toolbar.rs", "fn f() { ui.label(say!(\"start-capture\")); }\n");
    passes(
        "src/ui/toolbar.rs",
        "fn f() { ui.interact(Id::unique(\"end a process\")); } // as \"Start capture\"\n",
    );
    passes(
        "src/ui/toolbar.rs",
        "const SHARE: &str = \"{a}  ·  {b} kB\";\n#[cfg(test)]\nmod tests { const A: &str = \"A text\"; }\n",
    );
    passes("src/console.rs", "fn f() { print(\"Start capture\"); }\n");
}

#[test]
fn a_file_too_long() {
    let lines = "const A: u8 = 0;\n".repeat(500);
    caught("src/wire/dns.rs", &lines, "has 501 lines");
    let (fits, rest) = lines.split_at("const A: u8 = 0;\n".len() * 499);
    passes("src/wire/dns.rs", fits);
    passes("src/wire/dns.rs", &format!("{fits}#[cfg(test)]\nmod tests {{\n{lines}}}\n"));
    passes(
        "src/wire/dns.rs",
        &format!("{fits}#[cfg(test)]\n#[expect(\n    x,\n    reason = \"\"\n)]\nmod tests {{\n}}\n"),
    );
    caught("src/wire/dns.rs", &format!("#[cfg(test)]\nuse a::b;\n{fits}{rest}"), "has 503 lines");
}

#[test]
fn a_layer_that_looks_up() {
    caught("src/wire/dns.rs", "use crate::capture::Frame;\n", "wire does not use capture");
    caught("src/wire/dns.rs", "use crate::{event::Protocol, store::Settings};\n", "wire does not use store");
    caught("src/wire/dns.rs", "use crate::{event::{a, b},\n  ui};\n", "wire does not use ui");
    caught("src/wire/dns.rs", "use super::super::aggregate;\n", "wire does not use aggregate");
    caught("src/wire/mod.rs", "use super::aggregate;\n", "wire does not use aggregate");
    caught("src/aggregate/mod.rs", "fn f() { crate::process::x(); }\n", "aggregate does not use process");
    caught("src/ui/views/domain.rs", "use crate::pipeline::Pipeline;\n", "ui does not use pipeline");
    caught("src/ui/tray.rs", "use crate::helper;\n", "ui does not use helper");
    caught("src/units.rs", "use crate::ui;\n", "units does not use ui");
    caught("src/utils.rs", "use std::fmt;\n", "has no place among the layers");
    passes(
        "src/wire/dns.rs",
        "use super::{Error, store};\nuse crate::event::Protocol;\n// crate::ui knows\n",
    );
    passes("src/aggregate/names.rs", "use crate::wire::dns;\nconst A: &str = \"crate::ui\";\n");
    passes("src/pipeline.rs", "use crate::helper;\n");
}

#[test]
fn a_pure_layer_that_does_something() {
    caught("src/aggregate/names.rs", "use std::fs;\n", "aggregate does not use fs");
    caught("src/wire/quic.rs", "fn f(a: &Mutex<u8>) {}\n", "wire does not use Mutex");
    caught("src/aggregate/mod.rs", "fn f(a: Instant) {}\n", "aggregate does not use Instant");
    caught("src/ui/app.rs", "use std::sync::RwLock;\n", "ui does not use RwLock");
    caught("src/ui/app.rs", "use crossbeam_channel::Sender;\n", "ui does not use crossbeam_channel");
    passes("src/aggregate/mod.rs", "use std::net::IpAddr;\nstruct Profs;\n");
    passes("src/pipeline.rs", "use crossbeam_channel::Sender;\n");
}

#[test]
fn unsafe_outside_its_place() {
    let block = "// SAFETY: it is.\nfn f() { unsafe { g() } }\n";
    caught("src/process/linux/sockets.rs", block, "leaves unsafe to ffi.rs");
    caught("src/capture/ffi.rs", block, "leaves unsafe to ffi.rs");
    caught("src/units.rs", "#![expect(unsafe_code, reason = \"\")]\n", "leaves unsafe to ffi.rs");
    caught("src/process/linux/ffi.rs", block, "says unsafe 1 times, and 0 are known");
    caught("src/helper/ffi.rs", block, "says unsafe 1 times");
    let (known, count, _) = crate::rules::UNSAFE.first().unwrap();
    passes(known, &block.repeat(*count));
    caught(known, &block.repeat(*count - 1), "are known");
    passes("src/process/linux/sockets.rs", "// unsafe is elsewhere\n");
    let bare = format!("{}\nunsafe impl Send for A {{}}\n", "// Because.\n".repeat(8));
    caught(known, &format!("{}{bare}", block.repeat(*count - 1)), "no sentence that begins with SAFETY");
}

#[test]
fn a_clock_read() {
    caught("src/process/linux/sockets.rs", "fn f() { let a = Timestamp::now(); }\n", "reads the clock");
    caught("src/capture/meter.rs", "fn f(a: A) { a.started.elapsed(); }\n", "reads the clock");
    caught("src/ui/shell.rs", "fn f() { SystemTime::now(); }\n", "reads the date");
    passes("src/ui/shell.rs", "fn f() { Instant::now(); }\n");
    passes("src/pipeline.rs", "fn f() { Instant::now(); }\n");
    passes(
        "src/capture/meter.rs",
        "fn f() {}\n#[cfg(test)]\nmod tests {\n    fn f() { Instant::now(); }\n}\n",
    );
}

#[test]
fn what_ends_the_program() {
    for call in [".unwrap()", ".expect(\"never\")", ".unwrap_err()"] {
        caught("src/capture/meter.rs", &format!("fn f() {{ g(){call}; }}\n"), "may panic");
    }
    for name in ["panic", "todo", "unimplemented", "unreachable"] {
        caught("src/capture/meter.rs", &format!("fn f() {{ {name}!(); }}\n"), "may panic");
    }
    passes("src/capture/meter.rs", "#[expect(dead_code, reason = \"\")]\nfn f() { g().unwrap_or(1); }\n");
    passes(
        "src/capture/meter.rs",
        "fn f() -> &'static str { \"never .unwrap()\" }\n/* .unwrap() /* */ .unwrap() */\n",
    );
    passes("src/capture/meter/tests.rs", "fn f() { g().unwrap(); }\n");
    passes(
        "src/capture/meter.rs",
        "fn f() { a(r#\"quote \" .unwrap()\"#, b'\"', '\\'', \"\\\" .unwrap()\"); }\n",
    );
}

#[test]
fn a_test_switched_off_and_a_lint_allowed() {
    caught("tests/replay.rs", "#[ignore]\n#[test]\nfn f() {}\n", "switches a test off");
    caught("tests/replay.rs", "#[allow(dead_code)]\nfn f() {}\n", "expect it, with a reason");
    caught("src/units.rs", "#![allow(dead_code)]\n", "expect it, with a reason");
}

#[test]
fn an_error_without_a_type() {
    caught("src/capture/meter.rs", "use anyhow::Result;\n", "uses anyhow");
    passes("src/main.rs", "use anyhow::Result;\n");
}

#[test]
fn words_of_the_unfinished() {
    for (first, second) in
        [("TO", "DO"), ("FIX", "ME"), ("XX", "X"), ("HA", "CK"), ("Place", "holder"), ("For ", "now")]
    {
        caught("src/units.rs", &format!("// {first}{second}: more\n"), "line 2: says");
        caught("scripts/run", &format!("# {first}{second}\n"), "line 2: says");
    }
    passes("scripts/run", "mktemp -d crow-XXXXXX\n# a hackney carriage\n");
}

#[test]
fn a_dependency_without_a_reason() {
    let manifest = "[dependencies]\n# For errors.\na = \"1\"\nb = \"2\"\n[profile.dev]\ndebug = 1\n[dev-dependencies]\nc = \"1\"\n";
    assert_eq!(
        of_text("Cargo.toml", manifest),
        [
            "Cargo.toml: the dependency b has no reason above it",
            "Cargo.toml: the dependency c has no reason above it"
        ]
    );
}

#[test]
fn a_folder_of_the_machine() {
    let machine = ["/somewhere/checkout".to_owned()];
    assert_eq!(of_any_file("assets/a.pcapng", b"\x00\xff/somewhere/checkout/x", &machine).len(), 1);
    assert!(of_any_file("assets/a.pcapng", b"/elsewhere/checkout", &machine).is_empty());
    assert!(
        machine_paths().iter().all(|path| path.starts_with('/') && path.len() > 3),
        "{:?}",
        machine_paths()
    );
}

#[test]
fn the_reader_of_code() {
    let text = "a 'b' \"c\\\"d\" // e\n'f: loop {} /* g\nh */ i r\"j\" br#\"k\"# l_r\"m\" '\\u{41}'";
    let read = code::without_comments_and_texts(text);
    assert_eq!(read, "a ' ' \"\" \n'f: loop {} \n i \"\" \"\" l_r\"\" ' '");
}
