//! The real helper, started as root, over a real pipe, on the loopback interface.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod namespace;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crow::event::{Event, OwnerSource};
use crow::helper::launch::{FILE_CAPABILITIES, Launch, LaunchError};
use crow::helper::protocol::{Decoder, Encoder, Hello, ToApp, ToHelper};
use crow::helper::session::{Session, SessionError};
use crow::process::linux::events::KernelEvents;
use namespace::for_everyone;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};

const HELPER: &str = env!("CARGO_BIN_EXE_crow-helper");
const NOBODY: u32 = 65_534;

/// Live capture needs root; without it a test says that it did not run.
fn is_root(test: &str) -> bool {
    if !geteuid().is_root() {
        eprintln!("{test} did not run: it needs root");
    }
    geteuid().is_root()
}

fn launch(interface: Option<&str>) -> Launch {
    Launch {
        helper: HELPER.into(),
        interface: interface.map(str::to_owned),
        patience: Duration::from_secs(20),
    }
}

/// The value of a line of `/proc/<pid>/status`.
fn status(pid: u32, field: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    Some(line.trim().to_owned())
}

/// Whether the process is gone, or is only waiting to be reaped.
fn is_gone(pid: u32) -> bool {
    status(pid, "State").is_none_or(|state| state.starts_with('Z'))
}

fn wait_until(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    while began.elapsed() < limit {
        if done() {
            return true;
        }
        thread::yield_now();
        thread::park_timeout(Duration::from_millis(5));
    }
    done()
}

/// Sends `count` datagrams over loopback to a socket of this test.
fn burst(count: usize) {
    let (from, to) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    for _ in 0..count {
        from.send_to(&[0x55; 64], to.local_addr().unwrap()).unwrap();
    }
}

/// Reads until the session has told of `wanted` packets received, and returns the last statistics.
fn received(session: &mut Session, wanted: u64) -> u64 {
    let (mut events, mut received) = (Vec::new(), 0);
    let began = Instant::now();
    while received < wanted && began.elapsed() < Duration::from_secs(10) {
        assert!(session.read_events(&mut events).unwrap());
        for event in events.drain(..) {
            if let Event::Statistics(statistics) = event {
                received = statistics.received;
            }
        }
    }
    received
}

#[test]
fn events_flow_and_the_helper_ends_with_the_session() {
    if !is_root("events_flow_and_the_helper_ends_with_the_session") {
        return;
    }
    let mut session = launch(Some("lo")).start().unwrap();
    let pid = session.pid();
    burst(500);
    let received = received(&mut session, 500);
    assert!(received >= 500, "{received} packets");

    drop(session);
    assert!(is_gone(pid), "dropping the session waits for the helper's end");
}

#[test]
fn the_helper_keeps_two_capabilities_and_no_way_back() {
    if !is_root("the_helper_keeps_two_capabilities_and_no_way_back") {
        return;
    }
    let session = launch(None).start().unwrap();
    let pid = session.pid();
    // CAP_DAC_READ_SEARCH is bit 2 and CAP_SYS_PTRACE bit 19 (linux/capability.h).
    #[rustfmt::skip]
    let expected = [
        ("CapPrm", "0000000000080004"), ("CapEff", "0000000000080004"), ("CapInh", "0000000000000000"),
        ("CapBnd", "0000000000000000"), ("CapAmb", "0000000000000000"), ("NoNewPrivs", "1"), ("Seccomp", "2"),
        ("Groups", ""), ("Threads", "1"), ("Uid", "65534\t65534\t65534\t65534"), ("Gid", "65534\t65534\t65534\t65534"),
    ];
    for (field, value) in expected {
        assert_eq!(status(pid, field).as_deref(), Some(value), "{field}");
    }
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let core: Vec<&str> =
        limits.lines().find(|line| line.starts_with("Max core")).unwrap().split_whitespace().collect();
    assert_eq!(core.get(4..6), Some(["0", "0"].as_slice()), "no core dumps");
}

/// The niceness of a process (`proc_pid_stat(5)`, field 19; the program's name before it may hold blanks).
fn niceness(pid: &str) -> i32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    fields.split(' ').nth(16).unwrap().parse().unwrap()
}

#[test]
fn the_helper_runs_before_ordinary_programs() {
    if !is_root("the_helper_runs_before_ordinary_programs") {
        return;
    }
    let session = launch(None).start().unwrap();
    let expected = (niceness("self") - 10).max(-20);
    assert_eq!(niceness(&session.pid().to_string()), expected, "it must not be kept waiting by a compiler");
}

#[test]
fn kernel_events_that_were_attached_as_root_are_read_without_it() {
    if !is_root("kernel_events_that_were_attached_as_root_are_read_without_it") {
        return;
    }
    let refusal = KernelEvents::open().err().map(|refused| refused.to_string());
    let mut session = launch(Some("lo")).start().unwrap();
    if let Some(refusal) = refusal {
        assert!(notes(&mut session).contains(&refusal), "the app is told: {refusal}");
        return;
    }
    // Closed at once: the socket table knows nothing of them when it is asked.
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut clients = HashSet::new();
    for _ in 0..50 {
        let client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
        clients.insert(client.local_addr().unwrap());
        drop((client, server.accept().unwrap()));
    }
    let (mut flows, mut told, mut events) = (HashMap::new(), HashSet::new(), Vec::new());
    let began = Instant::now();
    while told.len() < clients.len() && began.elapsed() < Duration::from_secs(10) {
        assert!(session.read_events(&mut events).unwrap());
        for event in events.drain(..) {
            let (flow, owner) = match event {
                Event::FlowOpened { flow, key, owner, .. } => {
                    flows.insert(flow, key.local);
                    (flow, owner)
                }
                Event::OwnerFound { flow, owner } => (flow, Some(owner)),
                Event::Note(note) => panic!("{note}"),
                _ => continue,
            };
            let Some(client) = flows.get(&flow).filter(|local| clients.contains(*local)) else { continue };
            if let Some(owner) = owner {
                assert_eq!(owner.process.pid, std::process::id().cast_signed());
                assert_eq!(owner.source, OwnerSource::KernelEvent);
                told.insert(*client);
            }
        }
    }
    assert_eq!(told, clients);
}

/// The notes of the first two seconds.
fn notes(session: &mut Session) -> Vec<String> {
    let (mut events, began) = (Vec::new(), Instant::now());
    while began.elapsed() < Duration::from_secs(2) {
        assert!(session.read_events(&mut events).unwrap());
    }
    events
        .into_iter()
        .filter_map(|event| if let Event::Note(note) = event { Some(note) } else { None })
        .collect()
}

#[test]
fn a_helper_that_is_killed_is_reported_in_one_sentence() {
    if !is_root("a_helper_that_is_killed_is_reported_in_one_sentence") {
        return;
    }
    let mut session = launch(Some("lo")).start().unwrap();
    kill(Pid::from_raw(session.pid().cast_signed()), Signal::SIGKILL).unwrap();
    let mut events = Vec::new();
    let err = loop {
        match session.read_events(&mut events) {
            Ok(more) => assert!(more),
            Err(err) => break err,
        }
    };
    assert!(matches!(err, SessionError::HelperEnded(_)), "{err:?}");
    assert_eq!(
        err.to_string(),
        "the capture helper was ended by signal 9 (SIGKILL); start the capture again"
    );
}

#[test]
fn a_terminated_helper_says_goodbye() {
    if !is_root("a_terminated_helper_says_goodbye") {
        return;
    }
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut session = launch(Some("lo")).start().unwrap();
        kill(Pid::from_raw(session.pid().cast_signed()), signal).unwrap();
        let mut events = Vec::new();
        while session.read_events(&mut events).unwrap() {}
        assert!(
            matches!(events.last(), Some(Event::Statistics(_))),
            "the last counts come first: {events:?}"
        );
    }
}

#[test]
fn hanging_up_or_saying_stop_ends_a_blocked_read_in_good_order() {
    if !is_root("hanging_up_or_saying_stop_ends_a_blocked_read_in_good_order") {
        return;
    }
    for says_stop in [false, true] {
        let mut session = launch(Some("lo")).start().unwrap();
        let mut control = session.control().unwrap();
        let (sender, ended) = mpsc::channel();
        let reader = thread::spawn(move || {
            let mut events = Vec::new();
            while session.read_events(&mut events).unwrap() {}
            sender.send(()).unwrap();
        });
        if says_stop {
            control.send(&ToHelper::Stop).unwrap();
        } else {
            control.hang_up();
        }
        ended.recv_timeout(Duration::from_secs(3)).expect("the read returns");
        reader.join().unwrap();
    }
}

#[test]
fn an_interface_that_is_not_there_is_named_with_those_that_are() {
    if !is_root("an_interface_that_is_not_there_is_named_with_those_that_are") {
        return;
    }
    let err = launch(Some("crow-none0")).start().unwrap_err().to_string();
    assert!(err.starts_with("there is no interface \"crow-none0\"; there are "), "{err}");
    assert!(err.contains("lo"), "{err}");
    let err = launch(Some("a-name-of-more-than-fifteen-bytes")).start().unwrap_err().to_string();
    assert!(err.starts_with("an interface's name has at most 15 bytes"), "{err}");
}

#[test]
fn the_interface_can_change_after_root_is_gone() {
    if !is_root("the_interface_can_change_after_root_is_gone") {
        return;
    }
    let mut session = launch(None).start().unwrap();
    session.send(&ToHelper::Interface(Some("crow-none0".to_owned()))).unwrap();
    let mut events = Vec::new();
    let told = |event: &Event| matches!(event, Event::Fault(text) if text.contains("there is no interface"));
    while !events.iter().any(told) {
        assert!(session.read_events(&mut events).unwrap());
    }
    session.send(&ToHelper::Interface(Some("lo".to_owned()))).unwrap();
    // libpcap shuts the kernel's filter for a moment while it changes it, so one burst may fall into that.
    let began = Instant::now();
    let mut count = 0;
    while count < 300 && began.elapsed() < Duration::from_secs(10) {
        burst(300);
        count = received(&mut session, 1);
    }
    assert!(count >= 300, "{count} packets on the new interface");
}

/// Set in the copy of this test program that runs as an ordinary user; names the helper with capabilities.
const CAPABLE: &str = "CROW_TEST_CAPABLE";
/// Set beside it where the system gives kernel events to root.
const EVENTFUL: &str = "CROW_TEST_EVENTFUL";

#[test]
fn file_capabilities_serve_an_ordinary_user() {
    const NAME: &str = "file_capabilities_serve_an_ordinary_user";
    const USER: u32 = 54_321;
    if let Some(helper) = std::env::var_os(CAPABLE) {
        let mut session = Launch { helper: helper.into(), ..launch(Some("lo")) }.start().unwrap();
        // What root may, these capabilities may: kernel events come where the system has them at all.
        if std::env::var_os(EVENTFUL).is_some() {
            assert_eq!(notes(&mut session), Vec::<String>::new());
        }
        burst(200);
        assert!(received(&mut session, 200) >= 200);
        let pid = session.pid();
        assert_eq!(status(pid, "Uid").unwrap(), format!("{USER}\t{USER}\t{USER}\t{USER}"));
        assert_eq!(status(pid, "CapPrm").as_deref(), Some("0000000000080004"));
        assert_eq!(status(pid, "CapEff").as_deref(), Some("0000000000080004"));
        assert_eq!(status(pid, "NoNewPrivs").as_deref(), Some("1"));
        assert_eq!(status(pid, "Seccomp").as_deref(), Some("2"));
        drop(session);
        assert!(is_gone(pid));
        return;
    }
    if !is_root(NAME) {
        return;
    }
    let (_folder, helper) = for_everyone(Path::new(HELPER));
    let set = Command::new("setcap").arg(FILE_CAPABILITIES).arg(&helper).status();
    if !set.is_ok_and(|status| status.success()) {
        eprintln!("{NAME} did not run: setcap is missing or the file system keeps no capabilities");
        return;
    }
    let (_folder, program) = for_everyone(&std::env::current_exe().unwrap());
    let mut run = Command::new(program);
    if KernelEvents::open().is_ok() {
        run.env(EVENTFUL, "1");
    }
    let run = run
        .args(["--exact", NAME, "--nocapture"])
        .env(CAPABLE, &helper)
        .env_remove("XDG_RUNTIME_DIR")
        .uid(USER)
        .gid(USER)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout) + String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn a_capable_helper_serves_no_other_user() {
    if !is_root("a_capable_helper_serves_no_other_user") {
        return;
    }
    let (_folder, helper) = for_everyone(Path::new(HELPER));
    let mut helper = Command::new(helper);
    let helper = helper
        .args(["--socket", "/nonexistent/pipe", "--uid", "0", "--gid", "0", "--pid", "1"])
        .uid(54_321)
        .gid(54_321)
        .output()
        .unwrap();
    assert_eq!(helper.status.code(), Some(1));
    let words = String::from_utf8(helper.stderr).unwrap();
    assert_eq!(words, "a helper with file capabilities runs for its own user only, and this is user 54321\n");
}

#[test]
fn a_missing_helper_is_named() {
    let missing = Launch { helper: "/nonexistent/crow-helper".into(), ..launch(None) };
    assert!(matches!(missing.start(), Err(LaunchError::Missing(_))));
}

#[test]
fn a_helper_that_ends_at_once_is_told_with_its_last_words() {
    if !is_root("a_helper_that_ends_at_once_is_told_with_its_last_words") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let impostor = folder.path().join("crow-helper");
    fs::write(&impostor, "#!/bin/sh\necho first >&2\necho 'out of luck' >&2\nexit 3\n").unwrap();
    fs::set_permissions(&impostor, fs::Permissions::from_mode(0o755)).unwrap();
    let err = Launch { helper: impostor, ..launch(None) }.start().unwrap_err();
    assert_eq!(err.to_string(), "the capture helper ended: out of luck");
}

/// A helper run by hand against a listener of this test, with one argument changed.
fn run_helper(socket: &Path, uid: u32, pid: u32) -> Child {
    Command::new(HELPER)
        .args(["--uid", &uid.to_string(), "--gid", "0", "--pid", &pid.to_string(), "--socket"])
        .arg(socket)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn last_words(mut child: Child) -> (Option<i32>, String) {
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    (child.wait().unwrap().code(), text)
}

#[test]
fn the_helper_turns_away_an_app_that_is_not_the_one_it_was_started_for() {
    if !is_root("the_helper_turns_away_an_app_that_is_not_the_one_it_was_started_for") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("pipe");
    let _listener = UnixListener::bind(&socket).unwrap();
    for (uid, pid) in [(NOBODY, std::process::id()), (0, 1)] {
        let (code, words) = last_words(run_helper(&socket, uid, pid));
        assert_eq!(code, Some(1));
        assert!(words.contains("is not the one that asked for this helper"), "{words}");
    }
}

/// How often a process has gone to sleep until now.
fn sleeps(pid: u32) -> u64 {
    status(pid, "voluntary_ctxt_switches").unwrap().parse().unwrap()
}

#[test]
fn a_helper_without_traffic_sleeps() {
    if !namespace::is_inside("a_helper_without_traffic_sleeps") {
        return;
    }
    let mut session = launch(None).start().unwrap();
    let mut events = Vec::new();
    assert!(session.read_events(&mut events).unwrap());
    let (before, began) = (sleeps(session.pid()), Instant::now());
    while began.elapsed() < Duration::from_secs(4) {
        assert!(session.read_events(&mut events).unwrap());
    }
    let a_second = (sleeps(session.pid()) - before) as f64 / began.elapsed().as_secs_f64();
    eprintln!("{a_second:.1} wake-ups a second");
    assert!(a_second <= 5.0, "{a_second} wake-ups a second");
}

#[test]
fn usage_errors_exit_with_2() {
    let run = Command::new(HELPER).arg("--socket").output().unwrap();
    assert_eq!(run.status.code(), Some(2));
    assert_eq!(run.stdout, b"");
    assert_eq!(String::from_utf8(run.stderr).unwrap().lines().count(), 1);
}

/// The app's side by hand: accepts the helper, greets it with `hello` and starts it.
fn greet(listener: &UnixListener, hello: &impl serde::Serialize) -> UnixStream {
    let (mut stream, _) = listener.accept().unwrap();
    let mut encoder = Encoder::default();
    encoder.message(hello).unwrap();
    encoder.message(&ToHelper::Start { interface: Some("lo".to_owned()) }).unwrap();
    stream.write_all(encoder.unsent()).unwrap();
    stream
}

fn read_to_started(stream: &mut UnixStream) {
    let mut decoder = Decoder::default();
    let mut buffer = [0; 512];
    let mut is_greeted = false;
    loop {
        if is_greeted {
            match decoder.message::<ToApp>().unwrap() {
                Some(ToApp::Started) => return,
                Some(other) => panic!("{other:?}"),
                None => {}
            }
        } else if let Some(hello) = decoder.message::<Hello>().unwrap() {
            hello.check().unwrap();
            is_greeted = true;
            continue;
        }
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "the helper ended");
        decoder.feed(buffer.get(..count).unwrap());
    }
}

#[test]
fn the_helper_is_gone_within_a_second_of_the_pipe() {
    if !is_root("the_helper_is_gone_within_a_second_of_the_pipe") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("pipe");
    let listener = UnixListener::bind(&socket).unwrap();
    let mut helper = run_helper(&socket, 0, std::process::id());
    let mut stream = greet(&listener, &Hello::ours());
    read_to_started(&mut stream);
    drop(stream);
    let began = Instant::now();
    assert!(wait_until(Duration::from_secs(1), || is_gone(helper.id())), "gone after {:?}", began.elapsed());
    assert!(helper.wait().unwrap().success());
}

#[test]
fn a_greeting_that_is_not_crows_ends_the_helper_before_it_captures() {
    if !is_root("a_greeting_that_is_not_crows_ends_the_helper_before_it_captures") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("pipe");
    let listener = UnixListener::bind(&socket).unwrap();
    let helper = run_helper(&socket, 0, std::process::id());
    let _stream = greet(&listener, &(*b"notacrow", 1_u32, "0.1.0", "linux"));
    let (code, words) = last_words(helper);
    assert_eq!(code, Some(1));
    assert_eq!(words, "what answered on the pipe is not Crow; reinstall Crow and its helper together\n");
}

#[test]
fn the_pipes_folder_is_gone_once_the_helper_is_in() {
    if !is_root("the_pipes_folder_is_gone_once_the_helper_is_in") {
        return;
    }
    let folder = |pid: u32| {
        let mine = format!("crow-{pid}-");
        let parents = [Some(std::env::temp_dir()), std::env::var_os("XDG_RUNTIME_DIR").map(Into::into)];
        parents
            .into_iter()
            .flatten()
            .filter_map(|parent| fs::read_dir(parent).ok())
            .flatten()
            .filter_map(Result::ok)
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(&mine))
            .count()
    };
    // Other tests of this process launch helpers too, each in a folder of its own for a moment.
    let session = launch(Some("lo")).start().unwrap();
    assert!(wait_until(Duration::from_secs(20), || folder(std::process::id()) == 0));
    drop(session);
}
