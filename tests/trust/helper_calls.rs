//! The helper's life as root, system call by system call, up to the filter that it never leaves; and its life behind it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::UdpSocket;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crow::helper::protocol::{Encoder, Hello, ToHelper};

use crate::traced::{Call, calls};
use crate::{HELPER, can_run};

/// What the helper asks of the kernel as root after its program is loaded, and what for.
#[rustfmt::skip]
const AS_ROOT: &[(&str, &str)] = &[
    // Rust's start: which descriptors are open, where the stack is, no death by a closed pipe, guard pages.
    ("poll", "start"), ("ppoll", "start"), ("rt_sigaction", "start"), ("prlimit64", "start; no core dumps"),
    ("sched_getaffinity", "start"), ("sigaltstack", "start"), ("gettid", "start"), ("getrandom", "start"),
    ("mmap", "memory; the capture's ring; the kernel events' ring"), ("munmap", "memory"), ("mprotect", "memory"),
    ("brk", "memory"), ("madvise", "memory"), ("mremap", "memory"), ("futex", "start"), ("getpid", "who am I"),
    ("geteuid", "who am I"), ("getuid", "who am I"), ("getegid", "who am I"), ("getgid", "who am I"), ("umask", "who am I: for the self-check"), ("getcwd", "who am I: for the self-check"),
    // Files: its own memory map, mounts; see `files` below.
    ("openat", "files"), ("read", "files"), ("close", "files"), ("fstat", "files"), ("newfstatat", "files"),
    ("statx", "files"), ("lseek", "files"), ("access", "files"), ("readlink", "files"), ("readlinkat", "files"),
    ("getdents64", "files"),
    // The pipe to the app, the interfaces' names, the capture; see `sockets` below.
    ("socket", "sockets"), ("connect", "sockets"), ("bind", "sockets"), ("getsockname", "sockets"),
    ("getsockopt", "sockets"), ("setsockopt", "sockets"), ("sendto", "sockets"), ("recvfrom", "sockets"),
    ("sendmsg", "sockets"), ("recvmsg", "sockets"), ("ioctl", "the capture: which interface"),
    ("fcntl", "the capture: not to block"), ("eventfd2", "the capture: libpcap's own way to be woken"),
    ("uname", "the capture: which kernel"),
    // Kernel events.
    ("bpf", "kernel events"),
    // The end of root.
    ("rt_sigprocmask", "signals come as bytes"), ("signalfd4", "signals come as bytes"),
    ("getpriority", "haste"), ("setpriority", "haste"), ("prctl", "the end of root"), ("capget", "the end of root"),
    ("capset", "the end of root"), ("setgroups", "the end of root"), ("setresgid", "the end of root"),
    ("setresuid", "the end of root"), ("clock_gettime", "the time"),
];

/// Runs the helper under strace for two seconds of traffic and an order, and gives what it asked for: as root and behind
/// the filter.
fn trace(folder: &Path) -> (Vec<Call>, Vec<Call>) {
    let (socket, file) = (folder.join("pipe"), folder.join("trace"));
    let listener = UnixListener::bind(&socket).unwrap();
    let mut strace = Command::new("strace")
        .args(["-f", "-o", file.to_str().unwrap(), HELPER, "--uid", "0", "--gid", "0", "--pid"])
        .args([&std::process::id().to_string(), "--socket"])
        .arg(&socket)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    let mut encoder = Encoder::default();
    encoder.message(&Hello::ours()).unwrap();
    encoder.message(&ToHelper::Start { interface: Some("lo".to_owned()) }).unwrap();
    stream.write_all(encoder.unsent()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // Its greeting and that it has begun, at least.
    assert!(stream.read(&mut [0; 4096]).unwrap() > 0 && stream.read(&mut [0; 4096]).unwrap() > 0);
    let talker = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..20 {
        talker.send_to(b"hello", "127.0.0.1:9").unwrap();
        thread::sleep(Duration::from_millis(50));
    }
    let mut encoder = Encoder::default();
    encoder.message(&ToHelper::Interface(None)).unwrap();
    encoder.message(&ToHelper::Stop).unwrap();
    stream.write_all(encoder.unsent()).unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    assert!(strace.wait().unwrap().success(), "the helper ends in good order under strace");
    let mut calls = calls(&file);
    // The loader's work ends where Rust's start begins.
    let start = calls
        .iter()
        .position(|call| call.rest.starts_with("SIGPIPE") || call.rest.starts_with("[{fd=0"))
        .unwrap();
    let filter =
        calls.iter().position(|call| call.name == "seccomp" && call.rest.starts_with("SECCOMP_SET")).unwrap();
    assert!(calls[filter].result().starts_with('0'), "the filter is in force");
    let confined = calls.split_off(filter + 1);
    calls.truncate(filter);
    (calls.split_off(start), confined)
}

#[test]
fn as_root_the_helper_opens_its_capture_and_gives_root_up_and_nothing_else() {
    if !can_run("as_root_the_helper_opens_its_capture_and_gives_root_up_and_nothing_else", &["strace"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (as_root, confined) = trace(folder.path());
    assert!(as_root.iter().any(|call| call.name == "setresuid"), "what is read is a whole life as root");
    let mut counts = BTreeMap::new();
    for call in &as_root {
        let reason = AS_ROOT.iter().find(|(name, _)| *name == call.name).map(|(_, reason)| *reason);
        let reason =
            reason.unwrap_or_else(|| panic!("as root, and not on the list: {}({}", call.name, call.rest));
        *counts.entry((reason, &*call.name)).or_insert(0) += 1;
    }
    for ((reason, name), count) in counts {
        eprintln!("as root: {name} {count} times ({reason})");
    }
    files(&as_root);
    sockets(&as_root, folder.path());
    no_packet_is_read(&as_root);
    behind_the_filter(&confined);
}

/// As root: only the helper's own memory map, the mounts and the control groups' folder, and the kernel's lists of
/// interfaces; all to read.
fn files(calls: &[Call]) {
    const READ: [&str; 4] = ["\"/proc/self/", "\"/sys/fs/cgroup", "\"/sys/class/net", "\"/proc/sys/"];
    for call in calls.iter().filter(|call| call.name == "openat") {
        let path = call.argument(1);
        assert!(READ.iter().any(|known| path.starts_with(known)), "opens {path} as root");
        assert!(call.argument(2).starts_with("O_RDONLY"), "{path} to write: {}", call.rest);
    }
}

/// As root: the app's pipe, netlink, and the capture; connected to the app only.
fn sockets(calls: &[Call], folder: &Path) {
    for call in calls.iter().filter(|call| call.name == "socket") {
        let family = call.first();
        assert!(["AF_UNIX", "AF_NETLINK", "AF_PACKET"].contains(&family), "a socket of {family} as root");
    }
    let connected: Vec<&Call> = calls.iter().filter(|call| call.name == "connect").collect();
    assert_eq!(connected.len(), 1, "{connected:?}");
    assert!(connected[0].rest.contains(folder.join("pipe").to_str().unwrap()), "{connected:?}");
}

/// As root: the capture's socket is emptied by libpcap while the filter changes, a byte of each packet, and nothing
/// looks at that byte. No other read is made on it.
fn no_packet_is_read(calls: &[Call]) {
    let capture = calls.iter().find(|call| call.name == "socket" && call.first() == "AF_PACKET").unwrap();
    let descriptor = capture.result().split(' ').next().unwrap();
    let receives = ["read", "readv", "pread64", "recvfrom", "recvmsg", "recvmmsg"];
    for call in calls.iter().filter(|call| receives.contains(&&*call.name) && call.first() == descriptor) {
        assert!(
            call.name == "recvfrom" && call.rest.contains(", 1, MSG_TRUNC"),
            "a packet is read as root: {call:?}"
        );
    }
}

/// Afterwards: no program, no process, no file to write, no socket but netlink's, nothing sent on the capture.
fn behind_the_filter(calls: &[Call]) {
    assert!(calls.len() > 50, "{} calls are no life", calls.len());
    for call in calls {
        let name = &*call.name;
        assert!(
            !["execve", "execveat", "fork", "vfork", "clone", "clone3", "ptrace", "bpf"].contains(&name),
            "{call:?}"
        );
        match name {
            "openat" | "open" => assert!(call.rest.contains("O_RDONLY"), "{call:?}"),
            "socket" => assert_eq!(call.first(), "AF_NETLINK", "{call:?}"),
            _ => {}
        }
    }
}
