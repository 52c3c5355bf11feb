//! Tests of the launch.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;

use super::*;

fn words(line: &str) -> Process {
    let child = Command::new("true").stderr(Stdio::piped()).spawn().unwrap();
    let (sender, last_words) = mpsc::channel();
    sender.send(line.to_owned()).unwrap();
    let mut process = Process { child, last_words };
    process.end();
    process
}

#[test]
fn the_gentlest_way_to_the_rights_is_taken() {
    let nothing = Surroundings::default();
    let desktop = Surroundings { has_desktop: true, has_pkexec: true, ..nothing };
    let terminal = Surroundings { has_terminal: true, has_sudo: true, ..nothing };
    let both = Surroundings { has_terminal: true, has_sudo: true, ..desktop };
    #[rustfmt::skip]
    let cases = [
        ("nothing", nothing, None),
        ("root", Surroundings { is_root: true, ..both }, Some(Method::Direct)),
        ("capabilities", Surroundings { brings_capabilities: true, ..both }, Some(Method::Direct)),
        ("a desktop", desktop, Some(Method::Pkexec)),
        ("a desktop without pkexec", Surroundings { has_pkexec: false, ..desktop }, None),
        ("a terminal", terminal, Some(Method::Sudo)),
        ("a terminal without sudo", Surroundings { has_sudo: false, ..terminal }, None),
        ("both", both, Some(Method::Pkexec)),
        ("a Mac", Surroundings { has_osascript: true, ..terminal }, Some(Method::Osascript)),
        ("root on a Mac", Surroundings { is_root: true, has_osascript: true, ..terminal }, Some(Method::Direct)),
        ("a service", Surroundings { has_terminal: false, ..terminal }, None),
    ];
    for (case, surroundings, expected) in cases {
        assert_eq!(surroundings.choose(), expected, "{case}");
    }
}

#[test]
fn the_command_lines_are_what_the_programs_take() {
    let line = |method| {
        let command =
            command(method, (Path::new("/opt/crow helper"), Path::new("/nowhere")), Path::new("/run/c/pipe"))
                .unwrap();
        let arguments = command.get_args().map(|word| word.to_string_lossy().into_owned());
        arguments.collect::<Vec<String>>().join("|")
    };
    let (uid, gid, pid) = (geteuid(), getegid(), std::process::id());
    let options = format!("--socket|/run/c/pipe|--uid|{uid}|--gid|{gid}|--pid|{pid}");
    assert_eq!(line(Method::Direct), options);
    assert_eq!(line(Method::Pkexec), format!("--disable-internal-agent|/opt/crow helper|{options}"));
    let sudo = line(Method::Sudo);
    assert_eq!(
        sudo,
        format!("-p|Password for %p, to let Crow capture packets: |--|/opt/crow helper|{options}")
    );
}

#[test]
fn an_early_end_says_what_to_do() {
    #[rustfmt::skip]
    let cases = [
        (Method::Pkexec, 126 << 8, "", "permission to capture was not given; press Start live capture to be asked again"),
        (Method::Pkexec, 127 << 8, "Error executing command as another user: Not authorized",
         "permission to capture was refused: Error executing command as another user: Not authorized"),
        (Method::Sudo, 1 << 8, "sudo: 3 incorrect password attempts",
         "permission to capture was refused: sudo: 3 incorrect password attempts"),
        (Method::Sudo, 1 << 8, "", "permission to capture was refused: sudo gave no reason"),
        (Method::Direct, 1 << 8, "this process may not capture", "the capture helper ended: this process may not capture"),
        (Method::Direct, 31, "", "the capture helper was ended by signal 31 (SIGSYS); start the capture again"),
    ];
    for (method, status, line, expected) in cases {
        if cfg!(target_os = "linux") || status != 31 {
            let err = early_end(method, ExitStatus::from_raw(status), &words(line));
            assert_eq!(err.to_string(), expected);
        }
    }
}

#[test]
fn only_the_child_and_what_it_starts_is_the_helper() {
    let me = std::process::id();
    let peer = Peer { uid: geteuid().as_raw(), pid: me.cast_signed() };
    assert!(is_the_helper(Method::Sudo, peer, me));
    assert!(!is_the_helper(Method::Sudo, Peer { uid: 54_321, ..peer }, me), "another user");
    assert!(!is_the_helper(Method::Sudo, Peer { pid: 1, ..peer }, me), "another process");
    let child = Command::new("/bin/sleep").arg("5").stderr(Stdio::null()).spawn().unwrap();
    assert!(
        is_the_helper(Method::Sudo, Peer { pid: child.id().cast_signed(), ..peer }, me),
        "a child of the child"
    );
    assert!(!is_the_helper(Method::Sudo, peer, child.id()), "the parent is not");
    let mut process = Process { child, last_words: mpsc::channel().1 };
    process.child.kill().unwrap();
    process.end();
}

#[test]
fn a_stranger_is_turned_away_and_the_wait_goes_on_until_patience_ends() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("pipe");
    let listener = UnixListener::bind(&socket).unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut child = Command::new("/bin/sleep").arg("5").stderr(Stdio::piped()).spawn().unwrap();
    child.stderr.take();
    let mut process = Process { child, last_words: mpsc::channel().1 };
    // This process connects, and is not the child that was started.
    let mut stranger = UnixStream::connect(&socket).unwrap();
    let launch = Launch { helper: "/x".into(), interface: None, patience: Duration::from_millis(300) };
    let err = launch.take_peer(&listener, &mut process, Method::Direct).unwrap_err();
    assert!(matches!(err, LaunchError::TimedOut(_)), "{err:?}");
    assert_eq!(stranger.read(&mut [0; 1]).unwrap(), 0, "its connection is closed");
    process.child.kill().unwrap();
    process.end();
}

#[test]
fn the_folder_is_for_its_owner_only_and_goes() {
    let folder = Folder::create().unwrap();
    let path = folder.0.clone();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    fs::write(path.join("pipe"), "").unwrap();
    drop(folder);
    assert!(!path.exists());
}

#[cfg(target_os = "linux")]
#[test]
fn capabilities_of_a_program_file_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program");
    fs::copy("/bin/true", &program).unwrap();
    assert_eq!(crate::helper::ffi::file_capabilities(&program), None);
    let set = Command::new("setcap").arg(FILE_CAPABILITIES).arg(&program).output();
    if set.is_ok_and(|output| output.status.success()) {
        // Bits 2, 12, 13 and 19 of the lower half: DAC_READ_SEARCH, NET_ADMIN, NET_RAW, SYS_PTRACE.
        let expected = Some(1 << 2 | 1 << 12 | 1 << 13 | 1 << 19);
        assert_eq!(crate::helper::ffi::file_capabilities(&program), expected);
        assert!(brings_capabilities(&program));
    } else {
        eprintln!("not run in full: setcap needs root");
    }
}
