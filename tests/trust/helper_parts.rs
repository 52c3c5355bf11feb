//! What is linked into the helper: read from its symbols, and justified crate by crate.

use std::collections::BTreeSet;
use std::process::Command;

use crate::HELPER;

/// Every crate in the helper's program, and why it is there.
#[rustfmt::skip]
const PARTS: &[(&str, &str)] = &[
    ("crow", "the layers below"), ("crow_helper", "its main function"),
    ("core", "Rust"), ("alloc", "Rust"), ("std", "Rust"), ("panic_unwind", "Rust"), ("__rustc", "Rust"),
    ("compiler_builtins", "Rust"), ("hashbrown", "the flow table"), ("foldhash", "its hash"), ("equivalent", "of hashbrown"),
    ("rustc_demangle", "a panic's words"), ("gimli", "a panic's words"), ("addr2line", "a panic's words"),
    ("miniz_oxide", "a panic's words"), ("adler2", "a panic's words"), ("object", "a panic's words"),
    ("memchr", "a panic's words; netlink"), ("unwind", "a panic's words"),
    ("pcap", "the capture"), ("etherparse", "IP, TCP and UDP headers"), ("arrayvec", "of etherparse"),
    ("postcard", "the pipe's encoding"), ("cobs", "of postcard"), ("serde", "the pipe's encoding"),
    ("serde_core", "the pipe's encoding"), ("serde_derive", "the pipe's encoding"),
    ("caps", "giving up capabilities"), ("seccompiler", "the filter of system calls"),
    ("nix", "system calls"), ("libc", "system calls"), ("rustix", "system calls of procfs"), ("errno", "of rustix"),
    ("linux_raw_sys", "of rustix"), ("bitflags", "of nix and rustix"), ("procfs", "processes"), ("procfs_core", "processes"),
    ("netlink_sys", "the socket table"), ("netlink_packet_core", "the socket table"),
    ("netlink_packet_sock_diag", "the socket table"), ("bytes", "of netlink_sys"), ("log", "of netlink_sys"),
    ("byteorder", "of the netlink crates"), ("zerocopy", "of the netlink crates"), ("hex", "of procfs"),
    ("thiserror", "sentences"), ("tracing", "said nowhere: the helper has no log"), ("tracing_core", "as tracing"),
    ("once_cell", "of tracing"), ("cfg_if", "of many"), ("getrandom", "of hashbrown"),
];

/// Layers of Crow that the helper is made of. Not among them: whatever interprets what programs say to each other.
const LAYERS: &[&str] = &["capture", "event", "helper", "process", "time", "wire"];
/// What the app alone asks of the system: other programs, the desktop, a proxy.
const APPS_OWN: [&str; 5] = ["controller", "ending", "icons", "proxies", "reveal"];
const WIRE: &[&str] = &[
    "cursor",
    "frame",
    // By their first eleven bytes only: see src/wire/greeting.rs.
    "greeting",
    "link",
    "pktap",
    // The headers of tunnels. Linked, and run in recordings only: see `Intake::live`.
    "tunnel",
    "Packet",
    "Transport",
    "Tcp",
    "TcpFlags",
    "LinkType",
    "Fragment",
    "Error",
];

/// The names of all symbols, without mangling.
fn symbols() -> Option<Vec<String>> {
    let output = Command::new("nm").args(["-C", "--defined-only", HELPER]).output().ok()?;
    assert!(output.status.success(), "nm reads the helper");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text.lines().filter_map(|line| Some(line.splitn(3, ' ').nth(2)?.to_owned())).collect())
}

/// The first words of paths at a symbol's beginning: `crow` and `core` of `<crow::wire::Error as core::fmt::Debug>::fmt`.
fn crates(symbol: &str) -> Vec<&str> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut found = Vec::new();
    for (at, _) in symbol.match_indices("::") {
        let before = symbol[..at].split_once('[').map_or(&symbol[..at], |(name, _)| name);
        let start = before.rfind(|letter| !is_word(letter)).map_or(0, |place| place + 1);
        let climbs = before[..start].ends_with("::");
        let word = &before[start..];
        if !climbs
            && word.starts_with(|letter: char| letter.is_ascii_lowercase() || letter == '_')
            && word != "_"
        {
            found.push(word);
        }
    }
    found
}

#[test]
fn nothing_that_reads_what_programs_say_is_linked_into_the_helper() {
    let Some(symbols) = symbols() else {
        eprintln!(
            "nothing_that_reads_what_programs_say_is_linked_into_the_helper did not run: nm is not installed"
        );
        return;
    };
    assert!(symbols.len() > 1000, "the helper of a test has its symbols");
    let own = |layer: &str| symbols.iter().any(|symbol| symbol.contains(&format!("crow::{layer}::")));
    assert!(own("capture") && own("helper") && own("wire"), "the layers are found where they are");
    for layer in ["aggregate", "ui", "headless", "store", "filter", "pipeline", "console", "settings"] {
        assert!(!own(layer), "the layer {layer} is linked into the helper");
    }
    for symbol in &symbols {
        for (at, path) in symbol.match_indices("crow::") {
            if symbol[..at]
                .ends_with(|letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':')
            {
                continue;
            }
            let mut words = symbol[at + path.len()..]
                .split("::")
                .map(|word| word.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap());
            let layer = words.next().unwrap();
            assert!(
                layer.is_empty() || LAYERS.contains(&layer),
                "the layer {layer} is linked into the helper: {symbol}"
            );
            let part = words.next().unwrap_or_default();
            assert!(
                layer != "process" || !words.chain([part]).any(|part| APPS_OWN.contains(&part)),
                "the helper has what only the app may ask: {symbol}"
            );
            assert!(layer != "wire" || part.is_empty() || WIRE.contains(&part), "reads {part}: {symbol}");
        }
        for foreign in
            ["egui", "winit", "eframe", "hickory", "aes_gcm", "rusqlite", "zbus", "tray_icon", "clap"]
        {
            assert!(
                !symbol.contains(&format!("{foreign}::")),
                "{foreign} is linked into the helper: {symbol}"
            );
        }
    }
}

#[test]
fn every_crate_in_the_helper_has_its_reason() {
    let Some(symbols) = symbols() else {
        eprintln!("every_crate_in_the_helper_has_its_reason did not run: nm is not installed");
        return;
    };
    // Symbols of C libraries have no paths.
    let rust = symbols.iter().filter(|symbol| symbol.contains("::"));
    let found: BTreeSet<&str> = rust.filter_map(|symbol| first_crate(symbol)).collect();
    assert!(found.contains("crow") && found.contains("pcap"), "{found:?}");
    let strangers: Vec<&&str> =
        found.iter().filter(|name| !PARTS.iter().any(|(known, _)| known == *name)).collect();
    assert!(
        strangers.is_empty(),
        "in the helper without a reason (tests/trust/helper_parts.rs): {strangers:?}"
    );
}

/// The crate whose code a symbol is: of the type that a method belongs to, of the function else.
fn first_crate(symbol: &str) -> Option<&str> {
    crates(symbol.trim_start_matches(['<', '&', '*', '(', '[', ' '])).first().copied()
}
