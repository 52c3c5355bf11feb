//! What Crow may not do, watched from outside: the helper's system calls as root, what is linked into it, connections
//! to the network, and what hostile names and starved systems make of it.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

#[path = "../../benches/support/greetings.rs"]
#[expect(dead_code, reason = "the benches say more")]
mod greetings;
mod helper_calls;
mod helper_parts;
mod hostile_names;
mod long_day;
mod privacy;
mod starved;
mod stopped;
mod strangers;
mod sudden;
mod traced;

use std::process::Command;

const CROW: &str = env!("CARGO_BIN_EXE_crow");
const HELPER: &str = env!("CARGO_BIN_EXE_crow-helper");

/// Whether this is root and each program is installed; otherwise says that `test` did not run, and why.
fn can_run(test: &str, programs: &[&str]) -> bool {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("{test} did not run: it needs root");
        return false;
    }
    let missing = programs.iter().find(|program| Command::new(program).arg("-V").output().is_err());
    if let Some(missing) = missing {
        eprintln!("{test} did not run: {missing} is not installed");
    }
    missing.is_none()
}
