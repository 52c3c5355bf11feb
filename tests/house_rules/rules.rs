//! The rules themselves. Each takes a path from the top of the repository and what is in the file, and returns a
//! sentence for every breach.

use crate::code::{before_tests, is_word, modules_named, without_comments_and_texts, words};

/// The longest source file, in lines, tests aside.
const MAX_LINES: usize = 500;

/// The words that every layer may use.
const SHARED: &[&str] = &["event", "time", "units"];

/// Each module and the modules that it may name beside itself and the shared words, lowest first.
const LAYERS: &[(&str, &[&str])] = &[
    ("time", &[]),
    ("units", &[]),
    ("event", &[]),
    ("settings", &[]),
    ("bus", &[]),
    ("cli", &[]),
    ("instance", &[]),
    ("wire", &[]),
    ("process", &["bus"]),
    ("capture", &["wire", "process"]),
    ("aggregate", &["wire", "settings"]),
    ("filter", &["aggregate", "settings"]),
    ("session", &["aggregate", "settings"]),
    ("store", &["aggregate", "settings"]),
    ("helper", &["capture", "process", "wire"]),
    ("headless", &["aggregate", "filter", "session", "settings"]),
    (
        "pipeline",
        &["aggregate", "capture", "filter", "helper", "process", "session", "settings", "store", "wire"],
    ),
    ("login_item", &["session"]),
    ("self_check", &["helper", "capture", "login_item", "pipeline", "process", "store"]),
    ("console", &["aggregate", "capture", "cli", "filter", "headless", "pipeline", "session", "settings"]),
    ("lang", &["settings"]),
    ("ui", &["aggregate", "bus", "filter", "lang", "session", "settings"]),
];

/// What the pure layers do not touch: files, sockets, threads, locks, the environment, the clock.
const IMPURE: &[&str] = &[
    "fs",
    "io",
    "env",
    "thread",
    "Command",
    "File",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "Mutex",
    "RwLock",
    "Condvar",
    "mpsc",
    "crossbeam_channel",
    "Instant",
    "SystemTime",
    "println",
    "eprintln",
    "print",
    "eprint",
];

/// What would let the window wait for something.
const WAITING: &[&str] = &["Mutex", "RwLock", "Condvar", "mpsc", "crossbeam_channel", "pcap", "rusqlite"];

/// The only files that read the clock.
const CLOCKS: &[&str] = &[
    "src/pipeline.rs",
    "src/pipeline/recording.rs",
    "src/console.rs",
    "src/helper/serve.rs",
    "src/main.rs",
    "src/self_check.rs",
    "src/ui/shell.rs",
];

/// Every file with `unsafe` in it, how often it stands there, and what for. Each block says beside it why it is sound (the
/// lint `undocumented_unsafe_blocks`); a number changes only together with such a sentence.
pub(crate) const UNSAFE: &[(&str, usize, &str)] = &[
    (
        "src/helper/ffi.rs",
        10,
        "limits, priority, file capabilities, libpcap's version: calls that no safe wrapper has",
    ),
    ("src/login_item/ffi.rs", 4, "messages to macOS's SMAppService"),
    ("src/process/linux/events/ffi.rs", 11, "bpf(2) and the memory that the kernel shares"),
    (
        "src/process/macos/ffi.rs",
        13,
        "sysctl(3), libproc, drawing into memory, and what is in a dictionary of the network settings",
    ),
    (
        "src/process/macos/signature/ffi.rs",
        10,
        "who signed a program: functions of Security.framework and what they give away",
    ),
    ("src/ui/shell/macos/ffi.rs", 9, "Apple events, the class that hears them, and the wish for less motion"),
];

/// Calls and macros that end the program.
const PANICS: &[&str] =
    &[".unwrap()", ".expect(", ".unwrap_err()", "panic!(", "todo!(", "unimplemented!(", "unreachable!()"];

/// Words that mark something unfinished. Written in two halves, so that this file keeps its own rule.
const UNFINISHED: &[(&str, &str)] = &[
    ("TO", "DO"),
    ("FIX", "ME"),
    ("XX", "X"),
    ("HA", "CK"),
    ("place", "holder"),
    ("for ", "now"),
    ("not yet ", "implemented"),
    ("simpli", "fied"),
];

/// The rules for any file, text or not.
pub(crate) fn of_any_file(path: &str, bytes: &[u8], machine_paths: &[String]) -> Vec<String> {
    machine_paths
        .iter()
        .filter(|machine| bytes.windows(machine.len()).any(|window| window == machine.as_bytes()))
        .map(|machine| format!("{path}: names a folder of the machine it was made on ({machine})"))
        .collect()
}

/// The rules for a file of text.
pub(crate) fn of_text(path: &str, text: &str) -> Vec<String> {
    let mut found = unfinished(text);
    if path == "Cargo.toml" {
        found.extend(dependencies(text));
    }
    if has_extension(path, "rs") {
        found.extend(any_rust(text));
        if path.starts_with("src/") {
            found.extend(source(path, text));
        }
    }
    found.into_iter().map(|rule| format!("{path}: {rule}")).collect()
}

/// Words that say that something is not done.
fn unfinished(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (first, second) in UNFINISHED {
        let word = format!("{first}{second}");
        let shouted = word.chars().all(char::is_uppercase);
        for (number, line) in text.lines().enumerate() {
            let line = if shouted { line.to_owned() } else { line.to_lowercase() };
            // A script's name, and no confession.
            let line = line.replace(concat!("simpli", "fied chinese"), "chinese");
            if line.match_indices(&word).any(|(at, _)| stands_alone(&line, at, word.len())) {
                found.push(format!("line {}: says {word:?}", number + 1));
            }
        }
    }
    found
}

/// Whether the `len` bytes at `at` are not part of a longer word.
fn stands_alone(line: &str, at: usize, len: usize) -> bool {
    let (before, rest) = line.split_at(at);
    !before.ends_with(is_word) && !rest.split_at(len).1.starts_with(is_word)
}

/// Every dependency has a line of comment above it that says what it is for.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut inside = false;
    let mut above = "";
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.trim_end().ends_with("dependencies]");
        } else if inside && !line.starts_with('#') && line.contains('=') && !above.starts_with('#') {
            let name = line.split('=').next().unwrap_or_default().trim();
            found.push(format!("the dependency {name} has no reason above it"));
        }
        above = line;
    }
    found
}

/// The rules for all Rust, tests included.
fn any_rust(text: &str) -> Vec<String> {
    let code = without_comments_and_texts(text);
    let mut found = Vec::new();
    let mut rule = |kept: bool, sentence: &str| {
        if !kept {
            found.push(sentence.to_owned());
        }
    };
    rule(text.starts_with("//! "), "does not begin with one line that says what it is for");
    rule(!code.contains("#[ignore"), "switches a test off");
    rule(!code.contains("[allow("), "allows a lint; expect it, with a reason");
    found
}

/// The rules for the library and the programs.
fn source(path: &str, text: &str) -> Vec<String> {
    if path.ends_with("/tests.rs") || path.contains("/tests/") {
        return Vec::new();
    }
    let prose = before_tests(text);
    let code = without_comments_and_texts(prose);
    let module = top_module(path);
    let mut found = Vec::new();
    let mut rule = |kept: bool, sentence: String| {
        if !kept {
            found.push(sentence);
        }
    };
    let lines = prose.lines().count();
    rule(lines <= MAX_LINES, format!("has {lines} lines before its tests; {MAX_LINES} are enough"));
    for panic in PANICS {
        rule(!calls(&code, panic), format!("may panic: {panic}"));
    }
    rule(may_be_unsafe(path) || !code.contains("unsafe"), "leaves unsafe to ffi.rs".to_owned());
    let (known, found_here) = (known_unsafe(path), words(&code).filter(|word| *word == "unsafe").count());
    rule(
        !may_be_unsafe(path) || known == found_here,
        format!(
            "says unsafe {found_here} times, and {known} are known (UNSAFE in tests/house_rules/rules.rs)"
        ),
    );
    for line in unjustified(prose) {
        rule(false, format!("line {line}: no sentence that begins with SAFETY says why this is sound"));
    }
    let reads_clock = code.contains("::now(") || code.contains(".elapsed()");
    rule(CLOCKS.contains(&path) || !reads_clock, "reads the clock instead of being told the time".to_owned());
    rule(
        path != "src/ui/shell.rs" || !words(&code).any(|word| word == "SystemTime"),
        "reads the date".to_owned(),
    );
    rule(path == "src/main.rs" || !words(&code).any(|word| word == "anyhow"), "uses anyhow".to_owned());
    let forbidden: &[&str] = match module {
        "wire" | "aggregate" | "units" | "time" | "event" | "filter" => IMPURE,
        "ui" => WAITING,
        _ => &[],
    };
    for word in words(&code).filter(|word| forbidden.contains(word)) {
        rule(false, format!("{module} does not use {word}"));
    }
    found.extend(layers(path, module, &code));
    if module == "ui" {
        found.extend(words_in_code(path, prose));
    }
    found
}

/// Literals of `src/ui` that people may see although no language has them: names, signs, and what programs read.
const SAID_EVERYWHERE: &[&str] = &["Crow", "Esc", "Comma", "{} was not ended"];

/// Words that people see stand in `assets/lang` and not in the window's code: a literal with a space between letters or with
/// a capital at its beginning may be one. What is only ever an identity, a log line, an error of the shell (which ends up
/// on a terminal) or a name for a thread or a bus is none.
fn words_in_code(path: &str, prose: &str) -> Vec<String> {
    const NO_WORDS: &[&str] = &[
        "tracing::",
        "#[error",
        "reason =",
        "Id::unique(",
        "id_salt(",
        ".with(",
        "Grid::new(",
        "format!(\"icon of",
        "expect(",
        "debug_struct(",
    ];
    // Errors that end the program are printed, and a terminal speaks English; the bus speaks its own language.
    if matches!(path, "src/ui/shell.rs" | "src/ui/shell/look/portal.rs" | "src/ui/tray/host.rs")
        || path.starts_with("src/ui/shell/macos")
    {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut is_code = true;
    for (number, line) in prose.lines().enumerate() {
        let start = line.trim_start();
        // An attribute goes on until it closes.
        let opens = start.starts_with("#[error(") && !start.ends_with(']');
        if start.starts_with("//") || !is_code || opens || NO_WORDS.iter().any(|word| line.contains(word)) {
            is_code = !opens && (is_code || start.ends_with(")]"));
            continue;
        }
        for literal in literals(line).filter(|literal| !SAID_EVERYWHERE.contains(literal)) {
            let text: String = literal.split(['{', '}']).step_by(2).collect();
            let text = text.replace("Crow", "");
            let is_word = |c: char| c.is_alphabetic();
            let is_sentence =
                text.split(' ').filter(|word| word.chars().filter(|c| is_word(*c)).count() > 1).count() > 1;
            let is_title =
                text.starts_with(char::is_uppercase) && text.chars().filter(|c| c.is_lowercase()).count() > 2;
            if is_sentence || is_title {
                found.push(format!(
                    "line {}: says {literal:?}; such words belong into assets/lang",
                    number + 1
                ));
            }
        }
    }
    found
}

/// The string literals of a line, without their quotes.
fn literals(line: &str) -> impl Iterator<Item = &str> {
    let code = line.split("//").next().unwrap_or_default();
    code.split('"').skip(1).step_by(2)
}

/// The lines that say `unsafe` without `SAFETY:` in the comment above them, or in that of the statement they are part of.
fn unjustified(text: &str) -> Vec<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let is_unsafe = |line: &str| words(&without_comments_and_texts(line)).any(|word| word == "unsafe");
    let is_said =
        |at: usize| lines.iter().take(at + 1).rev().take(NEAR + 1).any(|line| line.contains("SAFETY:"));
    let unsafe_lines = lines.iter().enumerate().filter(|(_, line)| is_unsafe(line));
    unsafe_lines.filter(|(at, _)| !is_said(*at)).map(|(at, _)| at + 1).collect()
}

/// How many lines above an `unsafe` its comment may begin.
const NEAR: usize = 6;

/// Whether `code` has this call or macro, and not only one whose name ends like it.
fn calls(code: &str, call: &str) -> bool {
    code.match_indices(call).any(|(at, _)| call.starts_with('.') || !code.split_at(at).0.ends_with(is_word))
}

/// Whether `path` is one of the files where system calls are made by hand.
fn may_be_unsafe(path: &str) -> bool {
    matches!(path, "src/helper/ffi.rs" | "src/login_item/ffi.rs" | "src/ui/shell/macos/ffi.rs")
        || (path.starts_with("src/process/") && path.ends_with("/ffi.rs"))
}

/// How often `unsafe` may stand in a file.
fn known_unsafe(path: &str) -> usize {
    UNSAFE.iter().find(|(known, ..)| *known == path).map_or(0, |(_, count, _)| *count)
}

/// Who may use whom.
fn layers(path: &str, module: &str, code: &str) -> Vec<String> {
    // The crate's root and the programs put the layers together.
    if matches!(module, "lib" | "main" | "bin") {
        return Vec::new();
    }
    let Some((_, below)) = LAYERS.iter().find(|(name, _)| *name == module) else {
        return vec![format!(
            "the module {module} has no place among the layers (tests/house_rules/rules.rs)"
        )];
    };
    let mut named = modules_named(path, code);
    named.sort();
    named.dedup();
    named
        .iter()
        .map(String::as_str)
        .filter(|used| LAYERS.iter().any(|(name, _)| name == used))
        .filter(|used| *used != module && !SHARED.contains(used) && !below.contains(used))
        .map(|used| format!("{module} does not use {used}"))
        .collect()
}

/// `wire` for `src/wire/tls.rs`, `units` for `src/units.rs`.
fn top_module(path: &str) -> &str {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    let first = inside.split('/').next().unwrap_or(inside);
    first.strip_suffix(".rs").unwrap_or(first)
}

/// Whether the file's name ends with `.extension`.
fn has_extension(path: &str, extension: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, end)| end == extension)
}
