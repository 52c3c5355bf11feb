//! What goes wrong around a running Crow: its helper dies, its output is closed or full, its log is a terminal.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs::{self, File};
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crow::aggregate::snapshot::Snapshot;
use crow::event::TcpState;
use crow::pipeline::{Input, Pipeline, PipelineOptions, WithoutRight};
use crow::session::{Action, Backend, CaptureState, Status};
use crow::settings::RateWindow;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};

const CROW: &str = env!("CARGO_BIN_EXE_crow");
const HELPER: &str = env!("CARGO_BIN_EXE_crow-helper");

/// How long anything may take before a test gives up. Generous: a busy machine decides nothing.
const PATIENCE: Duration = Duration::from_mins(1);

/// Set in the copy of this program that runs inside a namespace.
const INSIDE: &str = "CROW_FAULTS_INSIDE";

fn fixture() -> String {
    format!("{}/tests/fixtures/pktap/radar-101007576-iperf.pcapng", env!("CARGO_MANIFEST_DIR"))
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_terminal_shows_nothing_but_what_was_asked_for() {
    let pty = nix::pty::openpty(None, None).unwrap();
    let mut crow = Command::new(CROW);
    crow.args(["--headless", "--replay", &fixture()]).stdin(Stdio::null()).stdout(Stdio::null());
    let status = crow.stderr(Stdio::from(pty.slave)).status().unwrap();
    // The command holds the terminal's other end open.
    drop(crow);
    let mut said = Vec::new();
    // The end of a terminal is an error, EIO.
    let _ = File::from(pty.master).read_to_end(&mut said);
    assert_eq!(String::from_utf8_lossy(&said), "");
    assert!(status.success(), "{status}");
}

#[test]
fn a_full_disk_is_one_sentence_and_a_closed_pipe_is_none() {
    let full = Command::new(CROW)
        .args(["--headless", "--json", "--replay", &fixture()])
        .stdout(File::options().write(true).open("/dev/full").unwrap())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&full.stderr);
    assert_eq!(full.status.code(), Some(1), "{said}");
    assert!(said.starts_with("crow: standard output cannot be written: No space left"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");

    let mut closed = Command::new(CROW)
        .args(["--headless", "--json", "--replay", &fixture()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(closed.stdout.take());
    let closed = closed.wait_with_output().unwrap();
    assert!(closed.status.success() && closed.stderr.is_empty(), "{closed:?}");
}

#[test]
fn without_a_screen_the_recording_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    for display in [None, Some(":4242")] {
        let mut crow = Command::new(CROW);
        crow.args(["--replay", &fixture()]).env_remove("WAYLAND_DISPLAY").env_remove("DISPLAY");
        crow.env("XDG_RUNTIME_DIR", folder.path()).env_remove("WAYLAND_SOCKET");
        if let Some(display) = display {
            crow.env("DISPLAY", display);
        }
        let output = crow.stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{display:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{display:?}: {said}");
        assert!(said.starts_with("crow: there is no screen to open a window on"), "{display:?}: {said}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("iperf"), "{display:?}");
    }
}

#[test]
fn a_killed_helper_is_started_again_and_the_totals_go_on() {
    const NAME: &str = "a_killed_helper_is_started_again_and_the_totals_go_on";
    if std::env::var_os(INSIDE).is_some() {
        return inside();
    }
    if !geteuid().is_root() {
        eprintln!("{NAME} did not run: it needs root");
        return;
    }
    // The helper is looked for beside the running program.
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("faults");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    fs::copy(HELPER, folder.path().join("crow-helper")).unwrap();
    let namespace = format!("crow-faults-{}", std::process::id());
    ip(&["netns", "add", &namespace]);
    ip(&["-n", &namespace, "link", "set", "lo", "up"]);
    let run = Command::new("ip")
        .args(["netns", "exec", &namespace])
        .arg(&program)
        .args(["--exact", NAME, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    ip(&["netns", "del", &namespace]);
    let said = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
}

fn ip(arguments: &[&str]) {
    assert!(Command::new("ip").args(arguments).status().unwrap().success(), "ip {arguments:?}");
}

/// The test itself, where nothing but its own traffic is.
fn inside() {
    let pipeline = Pipeline::start(PipelineOptions {
        input: Input::Live { interface: None, without_right: WithoutRight::Ask },
        window: RateWindow::default(),
        shown: true,
        wake: Box::new(|| {}),
    })
    .unwrap();
    let crow = pipeline.backend();
    wait_for("the capture", || status(&crow).capture == CaptureState::Live);
    let first_helper = helper();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let talk = Talk::new(&listener);
    let before = counted(&crow, &talk, 10_000);

    kill(Pid::from_raw(first_helper), Signal::SIGKILL).unwrap();
    wait_for("the helper's end to be told", || matches!(status(&crow).capture, CaptureState::Gone { .. }));
    let CaptureState::Gone { why } = status(&crow).capture.clone() else { unreachable!("just seen") };
    assert_eq!(&*why, "the capture helper was ended by signal 9 (SIGKILL); start the capture again");
    // What was open is no longer followed, and says so; what was counted stays.
    wait_for("the old connections to be closed", || {
        let snapshot = crow.snapshot();
        let rows = rows(&snapshot, &talk);
        rows.len() == 2 && rows.iter().all(|row| row.state == Some(TcpState::Closed))
    });
    assert_eq!(crow.snapshot().totals.loopback.0, before);
    assert!(!Path::new(&format!("/proc/{first_helper}")).exists(), "no dead process is left");

    crow.act(Action::StartCapture);
    wait_for("the capture to be there again", || status(&crow).capture == CaptureState::Live);
    assert_ne!(helper(), first_helper);
    let other = Talk::new(&listener);
    let after = counted(&crow, &other, 10_000);
    assert!(after >= before + 10_000, "{before} bytes before, {after} after");
    let me = std::process::id().cast_signed();
    assert!(
        rows(&crow.snapshot(), &other).iter().all(|row| row.process.map(|key| key.pid) == Some(me)),
        "the new helper finds owners"
    );

    // One that hangs and goes on again has lost nothing.
    kill(Pid::from_raw(helper()), Signal::SIGSTOP).unwrap();
    other.say(10_000);
    thread::sleep(Duration::from_millis(500));
    assert_eq!(status(&crow).capture, CaptureState::Live);
    kill(Pid::from_raw(helper()), Signal::SIGCONT).unwrap();
    wait_for("what was said meanwhile", || crow.snapshot().totals.loopback.0 >= after + 10_000);
    let last_helper = helper();
    drop(pipeline);
    assert!(!Path::new(&format!("/proc/{last_helper}")).exists(), "the helper goes with the pipeline");
}

fn status(crow: &Arc<dyn Backend>) -> Arc<Status> {
    crow.status()
}

/// The pid of the only child that is a helper. (The system is asked for its proxies by a command now and then.)
fn helper() -> i32 {
    let mut children = Vec::new();
    for thread in fs::read_dir("/proc/self/task").unwrap() {
        let list = fs::read_to_string(thread.unwrap().path().join("children")).unwrap_or_default();
        children.extend(list.split_whitespace().map(|pid| pid.parse::<i32>().unwrap()));
    }
    let is_helper = |pid: &i32| {
        fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "crow-helper")
    };
    let helpers: Vec<i32> = children.into_iter().filter(is_helper).collect();
    let [helper] = helpers[..] else { unreachable!("not one helper: {helpers:?}") };
    helper
}

/// A connection of this process with itself.
struct Talk {
    client: TcpStream,
    server: TcpStream,
}

impl Talk {
    fn new(listener: &TcpListener) -> Self {
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        Self { client, server: listener.accept().unwrap().0 }
    }

    /// Sends so many bytes from the client to the server.
    fn say(&self, bytes: usize) {
        use std::io::Write;
        (&self.client).write_all(&vec![0x55; bytes]).unwrap();
        (&self.server).read_exact(&mut vec![0; bytes]).unwrap();
    }
}

/// The rows of a talk's two ends.
fn rows(snapshot: &Snapshot, talk: &Talk) -> Vec<Arc<crow::aggregate::snapshot::ConnectionRow>> {
    let ends = [talk.client.local_addr().unwrap(), talk.server.local_addr().unwrap()];
    let is_ours = |local, remote| ends.contains(&local) && ends.contains(&remote);
    snapshot.connections.iter().filter(|row| is_ours(row.local, row.remote)).cloned().collect()
}

/// Sends `bytes` and waits until both ends' rows have them and the totals come to rest; the bytes over loopback then.
fn counted(crow: &Arc<dyn Backend>, talk: &Talk, bytes: usize) -> u64 {
    talk.say(bytes);
    let mut last = 0;
    wait_for("both rows to count and to be owned", || {
        let snapshot = crow.snapshot();
        let rows = rows(&snapshot, talk);
        let total = snapshot.totals.loopback.0;
        let is_calm = std::mem::replace(&mut last, total) == total;
        thread::sleep(Duration::from_millis(500));
        is_calm
            && rows.len() == 2
            && rows.iter().all(|row| row.process.is_some() && row.bytes.rx.0 + row.bytes.tx.0 >= bytes as u64)
    });
    last
}
