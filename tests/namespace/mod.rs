//! Tests that run in a network namespace of their own, or as another user, by running the test program again.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use nix::unistd::geteuid;

/// Set in the copies of this test program that run inside a namespace.
pub(crate) const INSIDE: &str = "CROW_TEST_INSIDE";

/// Runs the test `name` again inside a fresh namespace; true there, where the test is to be done.
pub(crate) fn is_inside(name: &str) -> bool {
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    if !geteuid().is_root() {
        eprintln!("{name} did not run: it needs root");
        return false;
    }
    let namespace = format!("crow-helper-{}-{name:.20}", std::process::id());
    ip(&["netns", "add", &namespace]);
    let run = Command::new("ip")
        .args(["netns", "exec", &namespace])
        .arg(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    ip(&["netns", "del", &namespace]);
    let said = text(&run);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
    false
}

pub(crate) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub(crate) fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().unwrap();
    assert!(output.status.success(), "ip {arguments:?}: {}", text(&output));
}

/// A copy of `program` that every user may run: the build's folder may be in somebody's private home. The folder goes
/// with the first of the pair.
pub(crate) fn for_everyone(program: &Path) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = folder.path().join(program.file_name().unwrap());
    fs::copy(program, &copy).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    (folder, copy)
}
