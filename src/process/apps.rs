//! Which app a program belongs to, and what people call it; decided from paths and control groups alone.
//!
//! Linux has no single answer to "which app is this?", so the most telling one wins: flatpak and snap
//! name their apps, containers their id, desktops put what they launch into a unit named after the
//! app (systemd's `DESKTOP_ENVIRONMENTS.md`), and else a program is its file. On macOS it is the
//! outermost bundle.

use crate::event::App;

/// Characters of a name kept at most.
const MAX_NAME: usize = 128;

/// What is known of a process when its app is decided.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// The program's file, absolute.
    pub path: Option<&'a str>,
    /// The name that the process gave itself, or the kernel gave it (at most 15 bytes on Linux).
    pub comm: &'a str,
    /// The process's path in the unified control-group tree.
    pub cgroup: Option<&'a str>,
    /// Whether it is a thread of the kernel.
    pub is_kernel_thread: bool,
}

/// A process's own name, and the app that it belongs to.
#[must_use]
pub fn identify(facts: &Facts<'_>) -> (String, App) {
    let name = program_name(facts);
    if facts.is_kernel_thread {
        return (name, App { id: "kernel".to_owned(), name: "kernel".to_owned() });
    }
    if let Some(app) = facts.path.and_then(bundle) {
        return (name, app);
    }
    if let Some(app) = facts.cgroup.and_then(from_cgroup) {
        return (name, app);
    }
    let id = match facts.path {
        // One interpreter runs many programs: they are apps of their own where they have a name.
        Some(path) if file_name(path) != name => format!("{}:{name}", clean_path(path)),
        Some(path) => clean_path(path),
        None => name.clone(),
    };
    let app = App { id, name: name.clone() };
    (name, app)
}

/// The program's file name; for a program that an interpreter runs, the name that the kernel gave it.
fn program_name(facts: &Facts<'_>) -> String {
    let comm = clean_name(facts.comm);
    let Some(path) = facts.path else {
        return if facts.is_kernel_thread { format!("[{comm}]") } else { comm };
    };
    let file = clean_name(file_name(path));
    let says_more = !comm.is_empty() && !file.starts_with(&comm) && !is_interpreter(&comm);
    if is_interpreter(&file) && says_more { comm } else { file }
}

/// Whether `file` runs programs that have names of their own. Version suffixes do not count.
fn is_interpreter(file: &str) -> bool {
    const INTERPRETERS: [&str; 19] = [
        "python", "pypy", "perl", "ruby", "node", "nodejs", "deno", "bun", "java", "php", "php-fpm", "bash",
        "dash", "sh", "zsh", "lua", "mono", "gjs", "beam.smp",
    ];
    /// What an interpreter calls its own first thread, whatever it runs.
    const THREADS: [&str; 2] = ["MainThread", "node-MainThread"];
    let stem = file.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    let stem = stem.strip_suffix("-console").unwrap_or(stem);
    INTERPRETERS.contains(&stem) || INTERPRETERS.contains(&file) || THREADS.contains(&file)
}

fn bundle(path: &str) -> Option<App> {
    let id = bundle_path(path)?;
    let name = file_name(id).strip_suffix(".app")?;
    Some(App { id: clean_path(id), name: clean_name(name) })
}

/// The outermost `.app` bundle that a macOS path leads through.
#[must_use]
pub fn bundle_path(path: &str) -> Option<&str> {
    let mut end = 0;
    for component in path.split_inclusive('/') {
        end += component.len();
        let name = component.strip_suffix('/').and_then(|name| name.strip_suffix(".app"));
        if name.is_some_and(|name| !name.is_empty()) {
            return path.get(..end - 1);
        }
    }
    None
}

/// The app that a control-group path names, by its innermost telling component.
fn from_cgroup(path: &str) -> Option<App> {
    path.split('/')
        .rev()
        .find_map(|unit| snap(unit).or_else(|| container(unit)).or_else(|| desktop_app(unit)))
        .or_else(|| {
            // Docker and LXC without systemd: a folder for each container.
            let mut parents = path.split('/').zip(path.split('/').skip(1));
            parents.find_map(|(parent, child)| match parent {
                "docker" | "lxc" | "libpod" => container_app(parent, child),
                _ => None,
            })
        })
}

/// `snap.<snap>.<program>[.…].scope` and `.service` (snapd, `interfaces/…/systemd`).
fn snap(unit: &str) -> Option<App> {
    let rest = unit.strip_prefix("snap.")?;
    let rest = rest.strip_suffix(".scope").or_else(|| rest.strip_suffix(".service"))?;
    let (name, _) = rest.split_once('.')?;
    let name = clean_name(&unescape(name));
    (!name.is_empty()).then(|| App { id: format!("snap:{name}"), name })
}

/// `docker-<id>.scope` and its like, made by container engines under systemd.
fn container(unit: &str) -> Option<App> {
    let stem = unit.strip_suffix(".scope")?;
    if let Some(name) = stem.strip_prefix("machine-") {
        return container_app("machine", &unescape(name));
    }
    let (engine, id) = stem.rsplit_once('-')?;
    let engine = match engine {
        "docker" => "docker",
        "libpod" => "podman",
        "cri-containerd" | "nerdctl" => "containerd",
        "crio" => "cri-o",
        _ => return None,
    };
    (id.len() >= 12 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| container_app(engine, id))?
}

fn container_app(engine: &str, id: &str) -> Option<App> {
    let engine = if engine == "libpod" { "podman" } else { engine };
    let is_hash = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    // Container tools print twelve digits of the id; a person compares with that.
    let shown = if is_hash { id.get(..12).unwrap_or(id) } else { id };
    let (id, shown) = (clean_name(id), clean_name(shown));
    (!id.is_empty()).then(|| App { id: format!("container:{id}"), name: format!("{engine} {shown}") })
}

/// `app[-<launcher>]-<id>-<random>.scope` or `app[-<launcher>]-<id>[@<random>].service`.
fn desktop_app(unit: &str) -> Option<App> {
    let rest = unit.strip_prefix("app-")?;
    let stem = if let Some(stem) = rest.strip_suffix(".scope") {
        stem.rsplit_once('-')?.0
    } else {
        let stem = rest.strip_suffix(".service")?;
        stem.split_once('@').map_or(stem, |(stem, _)| stem)
    };
    let (launcher, id) = stem.rsplit_once('-').map_or(("", stem), |(launcher, id)| (launcher, id));
    let id = clean_name(&unescape(id));
    if id.is_empty() || is_terminal(&id) {
        return None;
    }
    let kind = if launcher == "flatpak" { "flatpak" } else { "app" };
    Some(App { name: app_name(&id), id: format!("{kind}:{id}") })
}

/// Whether the app is one that people run other programs in: those are not its helpers.
fn is_terminal(id: &str) -> bool {
    const TERMINALS: [&str; 22] = [
        "alacritty",
        "blackbox",
        "console",
        "cosmicterm",
        "foot",
        "footclient",
        "ghostty",
        "guake",
        "kitty",
        "konsole",
        "ptyxis",
        "rio",
        "st",
        "terminal",
        "terminator",
        "tilix",
        "urxvt",
        "uxterm",
        "wezterm",
        "xfce4-terminal",
        "xterm",
        "yakuake",
    ];
    let last = id.rsplit('.').next().unwrap_or(id).to_lowercase();
    TERMINALS.contains(&last.as_str())
}

/// What people call the app with this reverse-domain id.
fn app_name(id: &str) -> String {
    /// Last parts that say nothing: the one before is the name.
    const GENERIC: [&str; 6] = ["app", "client", "desktop", "application", "gui", "linux"];
    let mut parts = id.rsplit('.');
    let last = parts.next().unwrap_or(id);
    if GENERIC.contains(&last.to_lowercase().as_str()) {
        return parts.next().unwrap_or(last).to_owned();
    }
    last.to_owned()
}

/// Undoes systemd's escaping of unit names: `\x2d` is `-`.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\x") {
        let (before, escape) = rest.split_at(at);
        bytes.extend_from_slice(before.as_bytes());
        let code = escape.get(2..4).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let (byte, len) = code.map_or((b'\\', 1), |byte| (byte, 4));
        bytes.push(byte);
        rest = escape.get(len..).unwrap_or_default();
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// `name` without control and direction characters, and no longer than is shown.
#[must_use]
pub fn clean_name(name: &str) -> String {
    name.chars().filter(|&c| is_visible(c)).take(MAX_NAME).collect::<String>().trim().to_owned()
}

/// A path in the form in which it is shown and compared.
#[must_use]
pub fn clean_path(path: &str) -> String {
    path.chars().filter(|&c| is_visible(c)).collect()
}

/// Not a control character, nor one that changes the order in which others are shown.
fn is_visible(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests;
