//! What somebody else puts around the helper: variables for its loader and its libraries, wherever it is started from.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crow::helper::launch::FILE_CAPABILITIES;

use crate::starved::children;
use crate::{CROW, HELPER, can_run};

const USER: u32 = 54_321;

/// What a loader, a library or a shell would listen to.
const HOSTILE: [(&str, &str); 5] = [
    ("LD_PRELOAD", "/nonexistent/stranger.so"),
    ("LD_LIBRARY_PATH", "/nonexistent"),
    ("PATH", "/nonexistent"),
    ("TMPDIR", "/nonexistent"),
    ("RUST_BACKTRACE", "full"),
];

#[test]
fn nothing_of_the_app_s_environment_reaches_the_helper() {
    if !can_run("nothing_of_the_app_s_environment_reaches_the_helper", &[]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut app = Command::new(CROW)
        .args(["--headless", "--json", "--interface", "lo"])
        .envs(HOSTILE)
        .env("XDG_RUNTIME_DIR", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        // The loader complains of what it cannot load, in the app.
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    // A child that does not yet run the helper's program is still the app.
    let is_helper = |pid: &u32| {
        let program = fs::read_link(format!("/proc/{pid}/exe"));
        program.is_ok_and(|program| program.ends_with("crow-helper"))
    };
    let helper = loop {
        if let Some(helper) = children(app.id()).into_iter().find(is_helper) {
            break helper;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "no helper");
        thread::sleep(Duration::from_millis(5));
    };
    let own = fs::read_to_string(format!("/proc/{}/environ", app.id())).unwrap();
    assert!(own.contains("stranger.so"), "what the app has: {own:?}");
    assert_eq!(fs::read_to_string(format!("/proc/{helper}/environ")).unwrap(), "");
    app.kill().unwrap();
    app.wait().unwrap();
}

/// A copy of the helper in `folder` that every user may run.
fn copy(folder: &Path, name: &str) -> PathBuf {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    let copy = folder.join(name);
    fs::copy(HELPER, &copy).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    copy
}

/// With capabilities in its file it is more than its user, and anybody may start it: the kernel tells its loader so, which
/// then takes nothing from them.
#[test]
fn a_capable_helper_loads_nothing_that_its_user_names() {
    const NAME: &str = "a_capable_helper_loads_nothing_that_its_user_names";
    if !can_run(NAME, &[]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (plain, capable) = (copy(folder.path(), "plain"), copy(folder.path(), "capable"));
    let set = Command::new("setcap").arg(FILE_CAPABILITIES).arg(&capable).status();
    if !set.is_ok_and(|status| status.success()) {
        eprintln!("{NAME} did not run: setcap is missing or the file system keeps no capabilities");
        return;
    }
    let said = |program: &Path| {
        let mut helper = Command::new(program);
        helper.args(["--socket", "/nonexistent/pipe", "--uid", "0", "--gid", "0", "--pid", "1"]);
        let output = helper.env_clear().envs(HOSTILE).uid(USER).gid(USER).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(said(&plain).contains("stranger.so"), "an ordinary program's loader tries it");
    let words = said(&capable);
    assert_eq!(words.lines().count(), 1, "{words}");
    assert!(words.starts_with("a helper with file capabilities runs for its own user only"), "{words}");
}
