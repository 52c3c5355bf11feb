//! `crow --self-check` on this machine: as root in a network of its own, and as a user who may not capture.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod namespace;

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use crow::process::linux::events::KernelEvents;
use namespace::{for_everyone, ip, is_inside, text};
use nix::unistd::geteuid;

const CROW: &str = env!("CARGO_BIN_EXE_crow");
const HELPER: &str = env!("CARGO_BIN_EXE_crow-helper");

/// A user whom no system has.
const STRANGER: u32 = 54_321;

fn crow(program: &Path, home: &Path) -> Command {
    let mut crow = Command::new(program);
    crow.args(["--self-check", "--duration", "2"]).env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin");
    crow
}

/// The names of the report's points that begin with this word.
fn points(report: &str, outcome: &str) -> Vec<String> {
    let name = |line: &str| Some(line.strip_prefix(outcome)?.trim().split_once(':')?.0.to_owned());
    report.lines().filter(|line| !line.starts_with(' ')).filter_map(name).collect()
}

fn report(output: &Output) -> String {
    let report = String::from_utf8(output.stdout.clone()).unwrap();
    let host = nix::unistd::gethostname().unwrap().into_string().unwrap();
    for private in [&*host, "127.0.0.1", "::1", env!("CARGO_MANIFEST_DIR"), "/tmp/"] {
        assert!(!report.contains(private), "{private} is in the report:\n{report}");
    }
    report
}

#[test]
fn root_in_a_network_of_its_own_finds_everything_in_order() {
    if !is_inside("root_in_a_network_of_its_own_finds_everything_in_order") {
        return;
    }
    ip(&["link", "set", "lo", "up"]);
    let refused = KernelEvents::open().is_err();
    let home = tempfile::tempdir().unwrap();
    let output = crow(Path::new(CROW), home.path()).output().unwrap();
    let report = report(&output);
    let expected: &[&str] = if refused { &["kernel events"] } else { &[] };
    assert_eq!(points(&report, "failed "), expected, "{report}");
    assert_eq!(output.status.code(), Some(i32::from(refused)), "{report}");
    assert_eq!(points(&report, "unknown "), ["tray"], "{report}");
    for line in [
        "ok      capture opens: directly",
        "ok      link type: 276 (LINUX_SLL2)",
        "ok      no new privileges: set",
        "ok      root given up: user an ordinary one, group an ordinary one, 0 other groups",
        "ok      dropped by the kernel: 0 packets",
        "ok      sandbox holds: the capture helper was ended by signal 31 (SIGSYS); start the capture again",
        "ok      sockets seen: 2 of 2",
    ] {
        assert!(report.lines().any(|known| known == line), "{line}\n{report}");
    }
    let left = fs::read_dir(home.path().join(".config/crow")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "it leaves nothing beside the settings");
}

/// Both programs where everybody may run them.
fn for_strangers() -> (tempfile::TempDir, PathBuf) {
    let (folder, program) = for_everyone(Path::new(CROW));
    fs::copy(HELPER, folder.path().join("crow-helper")).unwrap();
    (folder, program)
}

#[test]
fn a_user_without_the_right_is_told_so_and_what_depends_on_it_is_unknown() {
    let (_folder, program) = for_strangers();
    // Nobody can make a folder there.
    let mut crow = crow(&program, Path::new("/proc"));
    crow.env("XDG_CONFIG_HOME", "/proc/nowhere");
    if geteuid().is_root() {
        crow.uid(STRANGER).gid(STRANGER);
    }
    let output = crow.output().unwrap();
    let report = report(&output);
    assert_eq!(points(&report, "failed "), ["capture opens", "settings can be kept"], "{report}");
    let unknown = points(&report, "unknown ");
    for name in ["link type", "root given up", "sandbox holds", "own packets with the right owner"] {
        assert!(unknown.iter().any(|known| known == name), "{name}\n{report}");
    }
    assert!(report.contains("\nok      sockets seen: 2 of 2\n"), "no right is needed for these:\n{report}");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "crow: 2 points of the self-check failed; the report says which, and what that means\n");
}

#[test]
fn what_cannot_go_with_it_is_a_wrong_usage() {
    for other in [&["--headless"][..], &["--replay", "x"], &["--hidden"], &["curl"]] {
        let output = Command::new(CROW).arg("--self-check").args(other).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{other:?}: {}", text(&output));
    }
}
