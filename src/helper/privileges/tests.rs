//! Tests of giving up privileges.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};

use super::*;

/// Set in the copies of the test program that give up root and try one thing.
const PROBE: &str = "CROW_TEST_PROBE";
/// A process of another user, to look into.
const TARGET: &str = "CROW_TEST_TARGET";
const USER: u32 = 54_321;

/// Runs this test program again as a process of its own, in which [`probe`] does what `PROBE` names.
fn try_in_a_child(what: &str, target: u32) -> ExitStatus {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "helper::privileges::tests::probe", "--nocapture", "--test-threads=1"])
        .env(PROBE, what)
        .env(TARGET, target.to_string())
        .output()
        .unwrap();
    if !output.status.success() {
        eprintln!(
            "{what}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    output.status
}

/// Does nothing unless it runs in the process of its own that [`try_in_a_child`] starts.
#[test]
fn probe() {
    let Ok(what) = std::env::var(PROBE) else { return };
    let target = std::env::var(TARGET).unwrap();
    match what.as_str() {
        "look without ptrace" => {
            give_up_root(USER, USER, &[Capability::CAP_DAC_READ_SEARCH]).unwrap();
            assert_eq!(links(&target), 0);
        }
        "look without search" => {
            give_up_root(USER, USER, &[Capability::CAP_SYS_PTRACE]).unwrap();
            assert_eq!(links(&target), 0);
        }
        _ => {
            drop_for_good(USER, USER).unwrap();
            confined(&what, &target);
        }
    }
    // The harness would do forbidden things to end in good order.
    std::process::exit(0);
}

/// What one probe does after root is given up.
fn confined(what: &str, target: &str) {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    assert!(status.contains("CapEff:\t0000000000080004\n"), "{status}");
    assert!(status.contains("NoNewPrivs:\t1\n") && status.contains("Seccomp:\t2\n"), "{status}");
    assert!(status.contains(&format!("Uid:\t{USER}\t{USER}\t{USER}\t{USER}\n")), "{status}");
    match what {
        "look" => assert!(links(target) >= 4, "the program and three descriptors"),
        "netlink" => assert!(nix::ifaddrs::getifaddrs().unwrap().count() > 0),
        "write" => drop(fs::File::create("/tmp/crow-must-not-exist")),
        "append" => drop(fs::File::options().append(true).open("/dev/null")),
        "internet" => drop(std::net::UdpSocket::bind("127.0.0.1:0")),
        "run" => drop(Command::new("/bin/true").spawn()),
        "signal" => drop(nix::sys::signal::kill(nix::unistd::Pid::from_raw(1), None)),
        "remove" => drop(fs::remove_file("/tmp/crow-must-not-exist")),
        other => panic!("{other}"),
    }
}

/// How many of a process's descriptors and programs can be read.
fn links(pid: &str) -> usize {
    let mut count = fs::read_link(format!("/proc/{pid}/exe")).map_or(0, |_| 1);
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { return 0 };
    count += descriptors
        .filter(|entry| entry.as_ref().is_ok_and(|entry| fs::read_link(entry.path()).is_ok()))
        .count();
    count
}

/// Runs `test` with the pid of a process of another user; says so when it cannot for want of root.
fn with_a_strangers_process(test: impl FnOnce(u32)) {
    if !geteuid().is_root() {
        eprintln!("not run: giving up root needs root");
        return;
    }
    let mut stranger = Command::new("/bin/sleep").arg("30").uid(12_345).gid(12_345).spawn().unwrap();
    test(stranger.id());
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[test]
fn owners_of_other_users_sockets_can_be_found_without_root() {
    with_a_strangers_process(|stranger| {
        assert!(try_in_a_child("look", stranger).success());
        assert!(try_in_a_child("netlink", stranger).success());
    });
}

#[test]
fn neither_capability_alone_is_enough() {
    with_a_strangers_process(|stranger| {
        assert!(try_in_a_child("look without ptrace", stranger).success());
        assert!(try_in_a_child("look without search", stranger).success());
    });
}

#[test]
fn a_forbidden_call_ends_the_process() {
    with_a_strangers_process(|stranger| {
        for what in ["write", "append", "internet", "run", "signal", "remove"] {
            let status = try_in_a_child(what, stranger);
            assert_eq!(status.signal(), Some(libc::SIGSYS), "{what}: {status}");
        }
    });
}
