//! Crow opens no connection to the network: every socket of a whole session, with and without a window, is looked at.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::traced::calls;
use crate::{CROW, can_run};

/// Kinds of sockets that stay on this machine: pipes, the kernel's own lists, and the capture.
const STAY_HERE: [&str; 3] = ["AF_UNIX", "AF_NETLINK", "AF_PACKET"];

/// `crow` with a home of its own, every call about sockets written down.
fn traced(folder: &Path) -> Command {
    let mut strace = Command::new("strace");
    strace.args(["-f", "--seccomp-bpf", "-e", "trace=network", "-o"]).arg(folder.join("trace")).arg(CROW);
    strace
        .env("HOME", folder)
        .env("XDG_CONFIG_HOME", folder)
        .env("XDG_RUNTIME_DIR", folder)
        .env_remove("XDG_CACHE_HOME");
    strace.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    strace
}

/// Asserts that all that is in the trace stays on this machine, and that it is a whole session with a capture.
fn stays_here(folder: &Path) {
    let calls = calls(&folder.join("trace"));
    let mut captures = 0;
    for call in &calls {
        let is_refused = call.result().starts_with("-1");
        match &*call.name {
            "socket" | "socketpair" => {
                assert!(STAY_HERE.contains(&call.first()), "opens {call:?}");
                captures += usize::from(call.first() == "AF_PACKET" && !is_refused);
            }
            "connect" | "sendto" | "sendmsg" | "sendmmsg" => {
                assert!(
                    !call.rest.contains("sin_addr") && !call.rest.contains("sin6_addr"),
                    "talks to {call:?}"
                );
                assert!(!call.rest.contains("sll_"), "sends a packet: {call:?}");
            }
            _ => {}
        }
    }
    assert!(captures > 0, "a session that captures, in {} calls", calls.len());
}

#[test]
fn a_headless_session_talks_to_nobody() {
    if !can_run("a_headless_session_talks_to_nobody", &["strace"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let ended = traced(folder.path()).args(["--headless", "--json", "--duration", "3"]).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    stays_here(folder.path());
    kept(folder.path(), &["trace"]);
}

#[test]
fn a_session_with_a_window_talks_to_nobody() {
    if !can_run("a_session_with_a_window_talks_to_nobody", &["strace"]) {
        return;
    }
    let Some((mut screen, display)) = screen() else {
        eprintln!("a_session_with_a_window_talks_to_nobody did not run: Xvfb is not installed");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    // As the system makes a user's runtime folder; another one is not used.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let lock = format!("crow{}.lock", display.replace(':', "-"));
    let ended = traced(folder.path())
        .args(["--duration", "6"])
        .env("DISPLAY", display)
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", folder.path().join("none").display()))
        .env_remove("WAYLAND_DISPLAY")
        .output();
    screen.kill().unwrap();
    screen.wait().unwrap();
    let ended = ended.unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    stays_here(folder.path());
    // README lists what is stored: the settings, an empty lock, and nothing of what was seen.
    kept(folder.path(), &["trace", "crow", &lock]);
    assert_eq!(fs::metadata(folder.path().join(lock)).unwrap().len(), 0);
}

/// Asserts that nothing but `known` stays in the folder that was home, configuration and all.
fn kept(folder: &Path, known: &[&str]) {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    // What the drawing library of this system keeps of its own programs is not of the network.
    let strangers: Vec<String> = names.filter(|name| !known.contains(&&**name) && name != ".cache").collect();
    assert!(strangers.is_empty(), "left behind: {strangers:?}");
}

/// A screen without a monitor, and its name.
fn screen() -> Option<(Child, String)> {
    let mut screen = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut number = String::new();
    BufReader::new(screen.stdout.take().unwrap()).read_line(&mut number).unwrap();
    Some((screen, format!(":{}", number.trim())))
}
