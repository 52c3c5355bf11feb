//! A system that is short of something: disk, descriptors, an app that reads, processes that stay.

use std::fs;
use std::io::Read;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crow::event::Event;
use crow::helper::launch::Launch;
use crow::helper::session::Session;
use crow::settings::Settings;
use crow::store::settings_file::SettingsFile;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::{CROW, HELPER, can_run};

/// Set in the copy of this program that runs where the disk is full.
const FOLDER: &str = "CROW_TEST_FOLDER";

/// Makes the long runs out of the short ones: an app that is stopped for ten seconds and a flood to go with it.
pub(crate) const LONG: &str = "CROW_LONG_FAULTS";

/// Runs the test `name` again in a mount namespace where `folder` is a file system of its own; true there.
fn with_a_disk(name: &str, options: &str) -> Option<String> {
    if let Ok(folder) = std::env::var(FOLDER) {
        return Some(folder);
    }
    if !can_run(name, &["unshare", "mount"]) {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let script = format!(
        "mount -t tmpfs -o size=16k tmpfs {path} && {options} && exec \"$0\" --exact \"$1\" --nocapture"
    );
    let run = Command::new("unshare")
        .args(["--mount", "sh", "-c", &script.replace("DISK", path)])
        .arg(std::env::current_exe().unwrap())
        .arg(name)
        .env(FOLDER, path)
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
    None
}

#[test]
fn a_full_disk_keeps_the_old_settings_and_says_so() {
    let name = "starved::a_full_disk_keeps_the_old_settings_and_says_so";
    let Some(folder) = with_a_disk(name, "true") else { return };
    let file = SettingsFile::at(Path::new(&folder).join("settings.json"));
    let old = Settings { details: true, ..Settings::default() };
    file.save(&old).unwrap();
    let filler = Path::new(&folder).join("filler");
    assert!(fs::write(&filler, vec![0x55; 64 << 10]).is_err(), "the disk is full now");
    let err = file.save(&Settings::default()).unwrap_err().to_string();
    assert!(
        err.starts_with("Your settings could not be saved to ") && err.contains("No space left"),
        "{err}"
    );
    let (settings, complaint) = file.load();
    assert!(settings == old && complaint.is_none(), "the old settings are whole: {complaint:?}");
    fs::remove_file(filler).unwrap();
    file.save(&Settings::default()).unwrap();
    assert_eq!(file.load().0, Settings::default(), "and it goes on when there is room");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside them");
}

#[test]
fn a_home_that_cannot_be_written_stops_nothing() {
    let name = "starved::a_home_that_cannot_be_written_stops_nothing";
    let Some(folder) = with_a_disk(name, "mount -o remount,ro DISK") else { return };
    let file = SettingsFile::at(Path::new(&folder).join("crow/settings.json"));
    assert!(file.load().1.is_none());
    let err = file.save(&Settings::default()).unwrap_err().to_string();
    assert!(err.contains("Read-only file system"), "{err}");
    let run = Command::new(CROW)
        .args(["--headless", "--replay", concat!(env!("CARGO_MANIFEST_DIR"), "/assets/sample.pcapng.gz")])
        .envs([("HOME", &folder), ("XDG_CONFIG_HOME", &folder), ("XDG_RUNTIME_DIR", &folder)])
        .output()
        .unwrap();
    assert!(run.status.success() && run.stderr.is_empty(), "{}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn without_descriptors_it_works_or_ends_in_one_sentence() {
    if !can_run("without_descriptors_it_works_or_ends_in_one_sentence", &["prlimit"]) {
        return;
    }
    let (mut worked, mut refused) = (0, 0);
    for limit in (4..=28).step_by(2) {
        let run = Command::new("prlimit")
            .args([
                &format!("--nofile={limit}:{limit}"),
                CROW,
                "--headless",
                "--interface",
                "lo",
                "--duration",
                "1",
            ])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(!said.contains("panicked"), "{limit} descriptors: {said}");
        match run.status.code() {
            Some(0) => worked += 1,
            // The loader of programs itself gives up where there are too few for it.
            Some(1 | 127) => {
                assert!((1..=2).contains(&said.lines().count()), "{limit} descriptors: {said}");
                refused += 1;
            }
            _ => panic!("{limit} descriptors: {} {said}", run.status),
        }
    }
    assert!(
        worked > 0 && refused > 0,
        "{worked} worked and {refused} did not: the limits tried are about the need"
    );
}

/// A line of `/proc/PID/status`, in kB or as a number.
pub(crate) fn status(pid: u32, field: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

fn launch() -> Launch {
    Launch { helper: HELPER.into(), interface: Some("lo".to_owned()), patience: Duration::from_secs(30) }
}

/// The app does not read while packets pour in: the helper's memory is bounded, and every packet is counted or is told
/// to be lost.
#[test]
fn an_app_that_stops_reading_costs_bounded_memory_and_no_count() {
    const PAYLOAD: usize = 200;
    if !can_run("an_app_that_stops_reading_costs_bounded_memory_and_no_count", &[]) {
        return;
    }
    let long = std::env::var_os(LONG).is_some();
    let mut session = launch().start().unwrap();
    let pid = session.pid();
    let mut events = Vec::new();
    assert!(session.read_events(&mut events).unwrap());
    let before = status(pid, "VmRSS").unwrap();
    let to = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = to.local_addr().unwrap();
    // Many flows, so that the pipe would fill: each flow is a record at each tick.
    let sockets: Vec<UdpSocket> = (0..400).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
    let (began, mut sent) = (Instant::now(), 0_u64);
    while began.elapsed() < Duration::from_secs(if long { 10 } else { 2 }) {
        for socket in &sockets {
            sent += u64::from(socket.send_to(&[0x55; PAYLOAD], address).is_ok());
        }
    }
    let after = status(pid, "VmRSS").unwrap();
    assert!(after < before + (32 << 10), "{before} kB grew to {after} kB");
    let (mut told, mut statistics) = (0_u64, crow::event::Statistics::default());
    let mut silent = 0;
    let mut flows = std::collections::HashSet::new();
    while silent < 3 {
        events.clear();
        assert!(session.read_events(&mut events).unwrap());
        let mut moved = 0;
        for event in &events {
            match event {
                Event::FlowOpened { flow, key, .. } if key.local == address => {
                    flows.insert(*flow);
                }
                Event::Deltas { deltas, .. } => {
                    let ours = deltas.iter().filter(|delta| flows.contains(&delta.flow));
                    moved += ours.map(|delta| u64::from(delta.rx_packets)).sum::<u64>();
                }
                Event::Statistics(counts) => statistics = *counts,
                _ => {}
            }
        }
        told += moved;
        silent = if moved == 0 { silent + 1 } else { 0 };
    }
    eprintln!(
        "{sent} sent, {told} told, {} dropped by the kernel, {before} kB to {after} kB",
        statistics.dropped
    );
    assert!(told <= sent && told > 0, "{told} of {sent}");
    assert!(told + statistics.dropped >= sent, "{sent} sent, {told} told and {} dropped", statistics.dropped);
}

/// Killed at any moment, the app leaves no helper and no file behind.
#[test]
fn a_killed_app_takes_its_helper_with_it() {
    if !can_run("a_killed_app_takes_its_helper_with_it", &[]) {
        return;
    }
    for delay in [0, 30, 100, 300, 1000] {
        let folder = tempfile::tempdir().unwrap();
        let mut app = Command::new(CROW)
            .args(["--headless", "--json", "--interface", "lo"])
            .env("XDG_RUNTIME_DIR", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(delay));
        let helpers = children(app.id());
        app.kill().unwrap();
        assert_eq!(app.wait().unwrap().signal(), Some(9));
        let began = Instant::now();
        // A helper that has just been made may still bear the app's name, so any child counts.
        while helpers.iter().any(|pid| !is_gone(*pid)) {
            assert!(
                began.elapsed() < Duration::from_secs(15),
                "after {delay} ms a helper stays: {helpers:?}"
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

pub(crate) fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().filter_map(Result::ok);
    let listed = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    listed
        .flat_map(|list| list.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>())
        .collect()
}

pub(crate) fn is_gone(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
        || !Path::new(&format!("/proc/{pid}")).exists()
}

/// Makes connections until one is told: what moved before the capture was open is not.
fn wait_until_it_captures(session: &mut Session) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (mut events, began) = (Vec::new(), Instant::now());
    let is_told = |event: &Event| matches!(event, Event::FlowOpened { key, .. } if key.remote.port() == port);
    while !events.iter().any(is_told) {
        assert!(began.elapsed() < Duration::from_secs(20), "no connection was told");
        drop(TcpStream::connect(("127.0.0.1", port)).unwrap());
        assert!(session.read_events(&mut events).unwrap());
    }
}

/// Processes that come and go while their sockets and files are looked at: no fault, no end, every packet told.
#[test]
fn processes_that_vanish_disturb_nothing() {
    if !can_run("processes_that_vanish_disturb_nothing", &[]) {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut session = launch().start().unwrap();
    let pid = session.pid();
    wait_until_it_captures(&mut session);
    let server = thread::spawn(move || {
        for stream in listener.incoming().take(121).flatten() {
            let _ = (&stream).read(&mut [0; 1]);
        }
    });
    for _ in 0..20 {
        // Each connects and is killed or ends at another moment.
        let script =
            format!("exec 3<>/dev/tcp/127.0.0.1/{port}; echo >&3; [ $RANDOM -lt 16000 ] && kill -9 $$");
        let many: Vec<_> = (0..6)
            .map(|_| Command::new("bash").args(["-c", &script]).stderr(Stdio::null()).spawn().unwrap())
            .collect();
        for mut one in many {
            one.wait().unwrap();
        }
    }
    drop(TcpStream::connect(("127.0.0.1", port)).unwrap());
    server.join().unwrap();
    let (mut opened, mut events, began) = (0, Vec::new(), Instant::now());
    while opened < 121 {
        assert!(began.elapsed() < Duration::from_secs(20), "{opened} connections were told");
        events.clear();
        assert!(session.read_events(&mut events).unwrap());
        for event in &events {
            match event {
                Event::FlowOpened { key, .. } if key.remote.port() == port => opened += 1,
                Event::Fault(sentence) => panic!("{sentence}"),
                _ => {}
            }
        }
    }
    kill(Pid::from_raw(pid.cast_signed()), Signal::SIGTERM).unwrap();
    while session.read_events(&mut events).unwrap() {}
}
