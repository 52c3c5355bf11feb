//! The launch as on a Mac, with everything real but two: a program of this test answers in the place of the dialog, and
//! root's folder is another one. Root's own script, the copy, the checks and the helper are the shipped ones.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crow::event::Event;
use crow::helper::launch::{Launch, LaunchError};
use crow::helper::session::Session;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};

const HELPER: &str = env!("CARGO_BIN_EXE_crow-helper");

/// Set in the copy of this program that runs one test alone, because it is stopped meanwhile.
const ALONE: &str = "CROW_AUTHORIZED_ALONE";

/// A place with a helper, a folder for root and a dialog.
struct Stage {
    folder: tempfile::TempDir,
    launch: Launch,
}

impl Stage {
    /// `None`, and a printed line, where root's script cannot run.
    fn new(test: &str) -> Option<Self> {
        if !geteuid().is_root() || !Path::new("/usr/bin/shasum").exists() {
            eprintln!("{test} did not run: it needs root and shasum");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let helper = folder.path().join("Crow.app/crow-helper");
        fs::create_dir_all(helper.parent().unwrap()).unwrap();
        fs::create_dir(folder.path().join("root")).unwrap();
        // Enough where it is not to run: the real one, built for debugging, takes seconds to digest.
        fs::write(&helper, "#!/bin/sh\nexit 9\n").unwrap();
        let launch = Launch { helper, interface: Some("lo".to_owned()), patience: Duration::from_secs(20) };
        Some(Self { folder, launch })
    }

    /// With the shipped helper in its place, without what is there for debuggers.
    fn with_helper(self) -> Self {
        fs::copy(HELPER, &self.launch.helper).unwrap();
        // As large as it was, it only takes longer.
        let _ = Command::new("strip").arg(&self.launch.helper).status();
        self
    }

    /// A dialog that does `first`, and then what osascript does when the password was right: it runs the words behind
    /// the prompt in root's shell and passes on how that ended.
    fn dialog(&self, first: &str) -> PathBuf {
        let path = self.folder.path().join("dialog");
        let (here, root) = (self.folder.path().display(), self.folder.path().join("root"));
        let words = format!(
            "#!/bin/sh\necho asked >>'{here}/asked'\n{first}\nwhile [ \"$1\" != -- ]; do shift; done\nshift 2\n\
             script=$(printf '%s' \"$1\" | /bin/sed 's|/private/var/root|{}|g'); shift\n\
             /usr/bin/env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin /bin/sh -c \"$script\" \"$@\" </dev/null >/dev/null 2>&1\n\
             status=$?; [ $status = 0 ] && exit 0\n\
             echo \"0:99: execution error: The command exited with a non-zero status. ($status)\" >&2; exit 1\n",
            root.display()
        );
        fs::write(&path, words).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn start(&self, first: &str) -> Result<Session, LaunchError> {
        self.launch.start_authorized(&self.dialog(first))
    }

    /// The sentence of a launch that fails, and whether anything was left in root's folder.
    fn failure(&self, first: &str) -> String {
        let sentence = self.start(first).unwrap_err().to_string();
        assert_eq!(self.left(), 0, "{sentence}");
        sentence
    }

    fn left(&self) -> usize {
        fs::read_dir(self.folder.path().join("root")).unwrap().count()
    }

    /// How often the user was asked.
    fn asked(&self) -> usize {
        fs::read_to_string(self.folder.path().join("asked")).map_or(0, |text| text.lines().count())
    }
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_secs(20), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The helper below the dialog: the only one of its descendants that is no shell.
fn helper_below(pid: u32) -> Option<i32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_whitespace().find_map(|child| {
        let name = fs::read_to_string(format!("/proc/{child}/comm")).ok()?;
        let pid: u32 = child.parse().ok()?;
        if name.trim() == "crow-helper" { Some(pid.cast_signed()) } else { helper_below(pid) }
    })
}

#[test]
fn the_copy_serves_and_nothing_of_it_is_left() {
    let Some(stage) = Stage::new("the_copy_serves_and_nothing_of_it_is_left") else { return };
    let stage = stage.with_helper();
    let mut session = stage.start("").unwrap();
    let helper = helper_below(session.pid()).unwrap();
    let program = fs::read_link(format!("/proc/{helper}/exe")).unwrap();
    assert!(program.starts_with(stage.folder.path().join("root")), "{program:?}: root runs the copy only");
    let (from, to) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    from.send_to(&[0x55; 64], to.local_addr().unwrap()).unwrap();
    let mut events = Vec::new();
    let end = from.local_addr().unwrap();
    let is_seen = |event: &Event| matches!(event, Event::FlowOpened { key, .. } if key.local == end);
    while !events.iter().any(is_seen) {
        assert!(session.read_events(&mut events).unwrap());
    }
    // The app goes: the helper, root's shell and the dialog go with it, and the folder too.
    drop(session);
    wait_for("the helper's end", || !Path::new(&format!("/proc/{helper}")).exists());
    wait_for("root's folder to be empty", || stage.left() == 0);
    assert_eq!(stage.asked(), 1);
}

#[test]
fn a_killed_helper_is_told_by_its_signal_and_nobody_is_asked_again() {
    let Some(stage) = Stage::new("a_killed_helper_is_told_by_its_signal_and_nobody_is_asked_again") else {
        return;
    };
    let stage = stage.with_helper();
    let mut session = stage.start("").unwrap();
    kill(Pid::from_raw(helper_below(session.pid()).unwrap()), Signal::SIGKILL).unwrap();
    let mut events = Vec::new();
    let err = loop {
        match session.read_events(&mut events) {
            Ok(more) => assert!(more),
            Err(err) => break err.to_string(),
        }
    };
    assert_eq!(err, "the capture helper was ended by signal 9 (SIGKILL); start the capture again");
    wait_for("root's folder to be empty", || stage.left() == 0);
    assert_eq!(stage.asked(), 1, "a password prompt never comes by itself");
}

#[test]
fn each_answer_of_the_dialog_has_its_own_sentence() {
    let Some(stage) = Stage::new("each_answer_of_the_dialog_has_its_own_sentence") else { return };
    let says = |number: i32| {
        format!("echo '0:215: execution error: In the words of the user. ({number})' >&2; exit 1")
    };
    #[rustfmt::skip]
    let cases = [
        (-128, "permission to capture was not given; press Start live capture to be asked again"),
        (-60005, "permission to capture was refused: the name or the password was not accepted; press Start live capture to try again"),
        (-60007, "permission to capture was refused: macOS cannot ask for a password here; log in at the screen, or run crow with sudo in a terminal"),
    ];
    for (number, sentence) in cases {
        assert_eq!(stage.failure(&says(number)), sentence);
    }
    assert_eq!(stage.asked(), cases.len(), "each time once");
}

#[test]
fn a_helper_that_is_swapped_while_the_dialog_is_open_is_not_run() {
    let Some(stage) = Stage::new("a_helper_that_is_swapped_while_the_dialog_is_open_is_not_run") else {
        return;
    };
    let (helper, trace) = (stage.launch.helper.display().to_string(), stage.folder.path().join("ran"));
    let swap = format!("printf '#!/bin/sh\\ntouch {}\\n' >'{helper}'", trace.display());
    assert_eq!(stage.failure(&swap), "the capture helper was changed and was not started; reinstall Crow");
    assert!(!trace.exists(), "root has not run it");
}

#[test]
fn a_socket_that_somebody_else_listens_on_gets_no_helper() {
    let Some(stage) = Stage::new("a_socket_that_somebody_else_listens_on_gets_no_helper") else { return };
    let stage = stage.with_helper();
    // Another process puts a socket of its own in the pipe's place; the helper looks who listens, and leaves.
    let listen = "import os,socket,sys,time\np=sys.argv[1]\nos.unlink(p)\ns=socket.socket(socket.AF_UNIX)\ns.bind(p)\ns.listen()\n\
                  open(sys.argv[2],'w').close()\ns.settimeout(15)\nc,_=s.accept()\nopen(sys.argv[3],'wb').write(c.recv(4096))\n";
    let here = stage.folder.path().display();
    fs::write(stage.folder.path().join("thief.py"), listen).unwrap();
    // The pipe is the fourth word behind the script's name.
    let swap = format!(
        "pipe=; for word; do case $word in */crow-*/pipe) pipe=$word;; esac; done\n\
         /usr/bin/python3 '{here}/thief.py' \"$pipe\" '{here}/listens' '{here}/heard' 2>/dev/null &\n\
         n=0; while [ ! -e '{here}/listens' ] && [ $n -lt 200 ]; do sleep 0.05; n=$((n+1)); done"
    );
    let sentence = stage.failure(&swap);
    assert!(sentence.starts_with("the capture helper ended with status 1"), "{sentence}");
    wait_for("the thief to hear the end", || stage.folder.path().join("heard").exists());
    assert_eq!(fs::read(stage.folder.path().join("heard")).unwrap(), b"", "not even a greeting");
}

/// Waits until the helper waits at the pipe too, connects behind it, and lets the app go on. Writes how many were at the
/// pipe then, its listener among them, and how many bytes came until the end.
const BEHIND: &str = r#"
import os, signal, socket, sys, time
app, pipe, heard = int(sys.argv[1]), sys.argv[2], sys.argv[3]
def there():
    with open("/proc/net/unix") as sockets:
        return sum(line.rstrip().endswith(" " + pipe) for line in sockets)
try:
    for _ in range(400):
        if there() > 1:
            break
        time.sleep(0.05)
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(15)
    peer.connect(pipe)
    queued = there()
finally:
    os.kill(app, signal.SIGCONT)
count = 0
try:
    while True:
        more = len(peer.recv(4096))
        count += more
        if more == 0:
            break
except ConnectionResetError:
    pass
with open(heard + ".part", "w") as file:
    file.write(f"{queued} {count}")
os.rename(heard + ".part", heard)
"#;

#[test]
fn a_second_peer_that_waits_behind_the_helper_hears_nothing() {
    const NAME: &str = "a_second_peer_that_waits_behind_the_helper_hears_nothing";
    let Some(stage) = Stage::new(NAME) else { return };
    if std::env::var_os(ALONE).is_none() {
        let run = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME, "--nocapture"])
            .env(ALONE, "1")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&run.stdout) + String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let stage = stage.with_helper();
    let here = stage.folder.path().display();
    fs::write(stage.folder.path().join("behind.py"), BEHIND).unwrap();
    // The app stands still until both have come: whoever is first in the queue is taken, and that is the helper.
    let stop = format!(
        "pipe=; for word; do case $word in */crow-*/pipe) pipe=$word;; esac; done\n\
         /usr/bin/python3 '{here}/behind.py' $PPID \"$pipe\" '{here}/heard' 2>/dev/null &\n\
         kill -STOP $PPID"
    );
    let mut session = stage.start(&stop).unwrap();
    wait_for("the second peer's end", || stage.folder.path().join("heard").exists());
    let heard = fs::read_to_string(stage.folder.path().join("heard")).unwrap();
    assert_eq!(heard, "3 0", "the listener and two peers, of whom the second is told nothing");
    let mut events = Vec::new();
    assert!(session.read_events(&mut events).unwrap(), "the helper serves on");
}

#[test]
fn a_dialog_that_nobody_answers_ends_with_patience() {
    let Some(mut stage) = Stage::new("a_dialog_that_nobody_answers_ends_with_patience") else { return };
    stage.launch.patience = Duration::from_millis(300);
    let sentence = stage.failure("exec sleep 60");
    assert!(sentence.starts_with("the capture helper did not answer within"), "{sentence}");
}

#[test]
fn a_translocated_app_asks_nobody() {
    let Some(mut stage) = Stage::new("a_translocated_app_asks_nobody") else { return };
    let place = stage.folder.path().join("AppTranslocation/1F/d/Crow.app/Contents/MacOS");
    fs::create_dir_all(&place).unwrap();
    stage.launch.helper = place.join("crow-helper");
    fs::write(&stage.launch.helper, "#!/bin/sh\nexit 9\n").unwrap();
    assert!(matches!(stage.start(""), Err(LaunchError::Translocated)));
    assert_eq!(stage.asked(), 0);
}
