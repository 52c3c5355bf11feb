//! Tests that run in a network namespace of their own, by running the test program again inside one.

use std::env;
use std::process::{Command, Output};

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
