//! The view without the right to capture: a user without any right sees their own connections to the byte, other
//! users' without a name; and when the capture begins, everything begins again.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crow::aggregate::snapshot::{ConnectionRow, Snapshot, Source};
use crow::event::{InterfaceKind, TcpState};
use crow::helper::launch::FILE_CAPABILITIES;
use crow::pipeline::{Input, Pipeline, PipelineOptions, WithoutRight};
use crow::session::{Action, Backend, CaptureState};
use crow::settings::RateWindow;
use nix::unistd::geteuid;

const HELPER: &str = env!("CARGO_BIN_EXE_crow-helper");
const NAME: &str = "a_user_without_rights_sees_their_own_connections";

/// The part that a copy of this program plays inside the namespace.
const PART: &str = "CROW_SOCKETS_PART";

/// How long anything may take before a test gives up. Generous: a busy machine decides nothing.
const PATIENCE: Duration = Duration::from_mins(1);

/// `nobody`, who has no right at all.
const NOBODY: &str = "65534";

fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_user_without_rights_sees_their_own_connections() {
    match env::var(PART).as_deref() {
        Ok("stranger") => return stranger(),
        Ok("user") => return user(),
        _ => {}
    }
    if !geteuid().is_root() {
        eprintln!("{NAME} did not run: it needs root");
        return;
    }
    // Everybody may run it, and there is no helper beside it.
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let program = folder.path().join("sockets");
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    let namespace = format!("crow-sockets-{}", std::process::id());
    ip(&["netns", "add", &namespace]);
    ip(&["-n", &namespace, "link", "set", "lo", "up"]);
    // An address of this machine that is not one of lo's.
    ip(&["-n", &namespace, "link", "add", "eth0", "type", "veth", "peer", "name", "eth1"]);
    ip(&["-n", &namespace, "address", "add", "10.77.0.1/24", "dev", "eth0"]);
    ip(&["-n", &namespace, "link", "set", "eth0", "up"]);
    let part = |part: &str, user: &str| {
        let mut command = Command::new("ip");
        command.args([
            "netns",
            "exec",
            &namespace,
            "setpriv",
            "--reuid",
            user,
            "--regid",
            user,
            "--clear-groups",
        ]);
        command.arg(&program).args(["--exact", NAME, "--nocapture"]).env(PART, part);
        // No desktop that could ask for permission.
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
        command.current_dir(folder.path()).stdin(Stdio::piped());
        command
    };
    let mut stranger = part("stranger", "0").stdout(Stdio::null()).spawn().unwrap();
    let user = part("user", NOBODY).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut gave_right = false;
    let mut user = user;
    let began = Instant::now();
    while user.try_wait().unwrap().is_none() && began.elapsed() < 3 * PATIENCE {
        if !gave_right && folder.path().join("seen").exists() {
            give_right(folder.path());
            gave_right = true;
        }
        thread::sleep(Duration::from_millis(50));
    }
    let _ = user.kill();
    let run = user.wait_with_output().unwrap();
    // Its standard input closes, which ends it.
    drop(stranger.stdin.take());
    stranger.wait().unwrap();
    ip(&["netns", "del", &namespace]);
    let said = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
}

/// Puts a helper beside the program that needs nobody's permission.
fn give_right(folder: &Path) {
    let helper = folder.join("crow-helper");
    fs::copy(HELPER, &helper).unwrap();
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(Command::new("setcap").arg(FILE_CAPABILITIES).arg(&helper).status().unwrap().success());
    fs::write(folder.join("given"), "").unwrap();
}

fn ip(arguments: &[&str]) {
    assert!(Command::new("ip").args(arguments).status().unwrap().success(), "ip {arguments:?}");
}

/// Root talks to itself until its standard input closes.
fn stranger() {
    let (mut one, mut other) = pair("127.0.0.1:4040");
    // The kernel may take some of it later than it is asked.
    other.set_nonblocking(true).unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        loop {
            let _ = one.write_all(&[7; 512]);
            let _ = other.read(&mut buffer);
            thread::sleep(Duration::from_millis(50));
        }
    });
    let _ = std::io::stdin().read(&mut [0]);
}

/// A connection to itself: the end that opened it, and the other.
fn pair(address: &str) -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(address).unwrap();
    let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (one, listener.accept().unwrap().0)
}

fn row(snapshot: &Snapshot, local: SocketAddr, remote: SocketAddr) -> Option<&ConnectionRow> {
    let mut rows = snapshot.connections.iter().map(AsRef::as_ref);
    rows.find(|row: &&ConnectionRow| row.local == local && row.remote == remote)
}

/// `nobody` looks at the sockets, and then is given the right to capture.
fn user() {
    // This connection was there before Crow.
    let (mut old, _old_end) = pair("127.0.0.1:4141");
    old.write_all(&[1; 5_000]).unwrap();
    let pipeline = Pipeline::start(PipelineOptions {
        input: Input::Live { interface: None, without_right: WithoutRight::Watch },
        window: RateWindow::default(),
        shown: true,
        wake: Box::new(|| {}),
    })
    .unwrap();
    let crow = pipeline.backend();
    let why = wait_for("the sockets", || match &crow.status().capture {
        CaptureState::Sockets { why, is_asking: false } => Some(Arc::clone(why)),
        _ => None,
    });
    assert!(why.contains("rights that Crow does not have"), "{why}");
    wait_for("the first picture", || (!crow.snapshot().connections.is_empty()).then_some(()));

    let ends = watch_a_connection(&*crow, &mut old);
    watch_a_stranger(&*crow);
    begin_capture(&*crow, ends);
    drop(pipeline);
}

/// One connection from its beginning to its end, over an address of this machine. Returns its ends.
fn watch_a_connection(crow: &dyn Backend, old: &mut TcpStream) -> (SocketAddr, SocketAddr) {
    let (mut client, mut server) = pair("10.77.0.1:4242");
    let (here, there) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
    let sent = thread::spawn(move || {
        client.write_all(&vec![1; 1_000_000]).unwrap();
        client.read_exact(&mut vec![0; 200_000]).unwrap();
        client
    });
    server.read_exact(&mut vec![0; 1_000_000]).unwrap();
    server.write_all(&vec![2; 200_000]).unwrap();
    let client = sent.join().unwrap();
    old.write_all(&[1; 3_000]).unwrap();

    let pid = i32::try_from(std::process::id()).unwrap();
    for (local, remote, rx, tx) in [(here, there, 200_000, 1_000_000), (there, here, 1_000_000, 200_000)] {
        wait_for("every byte of the connection", || {
            let snapshot = crow.snapshot();
            let row = row(&snapshot, local, remote)?;
            let is_owned = row.process.is_some_and(|process| process.pid == pid && process.started.is_some());
            let is_whole = (row.bytes.rx.0, row.bytes.tx.0) == (rx, tx) && row.packets.rx > 0;
            let is_open = row.state == Some(TcpState::Established) && row.rtt_us.is_some();
            (is_owned && is_whole && is_open && row.interface_kind == InterfaceKind::Loopback).then_some(())
        });
    }
    let from = old.local_addr().unwrap();
    wait_for("what the old connection moved since", || {
        let snapshot = crow.snapshot();
        (row(&snapshot, from, old.peer_addr().unwrap())?.bytes.tx.0 == 3_000).then_some(())
    });
    let snapshot = crow.snapshot();
    assert_eq!(snapshot.source, Source::Live);
    let process = snapshot.processes.iter().find(|row| row.key.is_some_and(|key| key.pid == pid)).unwrap();
    assert_eq!((&*process.name, process.connections), ("sockets", 4));
    // Both ends of both connections; the old one's other end has its 3 000 as well.
    assert_eq!((process.bytes.rx.0, process.bytes.tx.0), (1_203_000, 1_203_000));
    assert_eq!(
        (snapshot.totals.bytes.rx.0, snapshot.totals.bytes.tx.0),
        (0, 0),
        "none of it left the machine"
    );
    assert!(snapshot.note.as_ref().is_some_and(|note| note.contains("UDP")), "{:?}", snapshot.note);
    drop((client, server));
    wait_for("the connection's end", || {
        (row(&crow.snapshot(), here, there)?.state == Some(TcpState::Closed)).then_some(())
    });
    (here, there)
}

/// Another user's connection moves, and belongs to nobody that can be named.
fn watch_a_stranger(crow: &dyn Backend) {
    wait_for("root's connection", || {
        let snapshot = crow.snapshot();
        let mut rows = snapshot.connections.iter();
        let row = rows.find(|row| row.remote.port() == 4040 && row.bytes.tx.0 > 1_000)?;
        assert_eq!(row.process, None);
        (snapshot.totals.unattributed.0 > 1_000).then_some(())
    });
}

/// With the right to capture, the capture takes the sockets' place.
fn begin_capture(crow: &dyn Backend, ends: (SocketAddr, SocketAddr)) {
    // A try without any way to the right changes nothing but the reason.
    crow.act(Action::StartCapture);
    wait_for("the reason", || match &crow.status().capture {
        CaptureState::Sockets { why, is_asking: false } if why.contains("helper is missing") => Some(()),
        _ => None,
    });
    assert!(row(&crow.snapshot(), ends.0, ends.1).is_some());

    fs::write("seen", "").unwrap();
    wait_for("the right to capture", || Path::new("given").exists().then_some(()));
    crow.act(Action::StartCapture);
    wait_for("the capture", || (crow.status().capture == CaptureState::Live).then_some(()));
    let mut bytes = 0;
    wait_for("root's connection again, counted in packets", || {
        let snapshot = crow.snapshot();
        if row(&snapshot, ends.0, ends.1).is_some() {
            return None; // still the last picture of the sockets
        }
        let row = snapshot.connections.iter().find(|row| row.remote.port() == 4040)?;
        bytes = row.bytes.tx.0;
        (row.packets.tx > 2).then_some(())
    });
    let snapshot = crow.snapshot();
    let twice = snapshot.connections.iter().filter(|row| row.remote.port() == 4040).count();
    assert_eq!(twice, 1, "a connection is there once");
    assert!(bytes > 0);
}
