//! Tests of giving up privileges.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};

use nix::sys::signal::kill;
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};
use nix::unistd::Pid;

use super::*;

/// Set in the copies of the test program that give up root and try one thing.
const PROBE: &str = "CROW_TEST_PROBE";
/// A process of another user, to look into.
const TARGET: &str = "CROW_TEST_TARGET";
const USER: u32 = 54_321;
/// A file that no probe may make.
const NOT_MADE: &str = "/tmp/crow-must-not-exist";

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
            let capture = UdpSocket::bind("127.0.0.1:0").unwrap();
            let other = UdpSocket::bind("127.0.0.1:0").unwrap();
            // As the capture's socket in the helper: connected, so that a write would send.
            capture.connect(other.local_addr().unwrap()).unwrap();
            drop_for_good(USER, USER, capture.as_fd()).unwrap();
            confined(&what, &target, &capture);
        }
    }
    // The harness would do forbidden things to end in good order.
    std::process::exit(0);
}

/// What one probe does after root is given up.
fn confined(what: &str, target: &str, capture: &UdpSocket) {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    assert!(status.contains("CapEff:\t0000000000080004\n"), "{status}");
    assert!(status.contains("NoNewPrivs:\t1\n") && status.contains("Seccomp:\t2\n"), "{status}");
    assert!(status.contains(&format!("Uid:\t{USER}\t{USER}\t{USER}\t{USER}\n")), "{status}");
    match what {
        "look" => assert!(links(target) >= 4, "the program and three descriptors"),
        "netlink" => assert!(nix::ifaddrs::getifaddrs().unwrap().count() > 0),
        "read the capture" => {
            capture.set_nonblocking(true).unwrap();
            assert_eq!(capture.recv(&mut [0; 10]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
        }
        "write a file" => drop(fs::File::create(NOT_MADE)),
        "append to a file" => drop(fs::File::options().append(true).open("/dev/null")),
        "make a folder" => drop(fs::create_dir(NOT_MADE)),
        "remove a file" => drop(fs::remove_file(NOT_MADE)),
        "rename a file" => drop(fs::rename(NOT_MADE, NOT_MADE)),
        "change a file's rights" => drop(fs::set_permissions(NOT_MADE, fs::Permissions::from_mode(0o777))),
        "internet" => drop(UdpSocket::bind("127.0.0.1:0")),
        "another pipe" => drop(UnixStream::pair()),
        "audit netlink" => drop(netlink(SockProtocol::NetlinkAudit)),
        "send on the capture" => drop(capture.send(b"hello")),
        "write to the capture" => drop(nix::unistd::write(capture, b"hello")),
        "copy the capture" => drop(capture.try_clone()),
        "run a program" => drop(Command::new("/bin/true").spawn()),
        "start a thread" => drop(std::thread::Builder::new().spawn(|| {}).map(std::thread::JoinHandle::join)),
        "signal init" => drop(kill(Pid::from_raw(1), None)),
        "signal the own group" => drop(kill(Pid::from_raw(0), None)),
        "trace" => drop(nix::sys::ptrace::attach(Pid::from_raw(target.parse().unwrap()))),
        "be root" => drop(setresuid(ROOT, ROOT, ROOT)),
        "be traced" => drop(nix::sys::ptrace::traceme()),
        "enter a namespace" => drop(nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWUSER)),
        "change root" => drop(nix::unistd::chroot("/proc")),
        "read environ of another" => {
            // What the two capabilities allow and nothing takes away again; README says so.
            assert!(fs::read(format!("/proc/{target}/environ")).is_ok());
        }
        other => panic!("{other}"),
    }
}

fn netlink(protocol: SockProtocol) -> nix::Result<std::os::fd::OwnedFd> {
    socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, protocol)
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
        assert!(try_in_a_child("read the capture", stranger).success());
        assert!(try_in_a_child("read environ of another", stranger).success());
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
        #[rustfmt::skip]
        let forbidden = [
            "write a file", "append to a file", "make a folder", "remove a file", "rename a file",
            "change a file's rights", "internet", "another pipe", "audit netlink", "send on the capture",
            "write to the capture", "copy the capture", "run a program", "start a thread", "signal init",
            "signal the own group", "trace", "be root", "be traced", "enter a namespace", "change root",
        ];
        for what in forbidden {
            let status = try_in_a_child(what, stranger);
            assert_eq!(status.signal(), Some(libc::SIGSYS), "{what}: {status}");
        }
    });
}
