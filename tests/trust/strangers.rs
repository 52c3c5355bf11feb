//! What somebody else puts around the helper: variables for its loader and its libraries, wherever it is started from.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crow::helper::launch::FILE_CAPABILITIES;
use crow::process::programs::find;

use crate::starved::children;
use crate::traced::calls;
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

/// A copy of `program` in `folder` that every user may run.
fn copy(program: &str, folder: &Path, name: &str) -> PathBuf {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    let copy = folder.join(name);
    fs::copy(program, &copy).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    copy
}

/// Gives a helper's file the capabilities that Crow names; otherwise says that `test` did not run.
fn is_made_capable(test: &str, helper: &Path) -> bool {
    let set = Command::new("setcap").arg(FILE_CAPABILITIES).arg(helper).status();
    let is_set = set.is_ok_and(|status| status.success());
    if !is_set {
        eprintln!("{test} did not run: setcap is missing or the file system keeps no capabilities");
    }
    is_set
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
    let (plain, capable) = (copy(HELPER, folder.path(), "plain"), copy(HELPER, folder.path(), "capable"));
    if !is_made_capable(NAME, &capable) {
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

/// The programs that a session of `user` has run, its home a GNOME desktop's and its `PATH` led by somebody else's.
fn programs_run(folder: &Path, user: &str) -> Vec<String> {
    let (crow, trace) = (copy(CROW, folder, "crow"), folder.join(format!("trace-{user}")));
    let (home, path) = (folder.join(user), folder.join("path"));
    for folder in [&home, &home.join("dconf"), &path] {
        fs::create_dir_all(folder).unwrap();
        // Anybody's: this test is not about who may write there.
        fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
    }
    fs::write(home.join("dconf/user"), "a database that the command reads, and not Crow").unwrap();
    for name in ["gsettings", "pkexec", "sudo", "xdg-open", "crow-helper"] {
        fs::write(path.join(name), "#!/bin/sh\n").unwrap();
        fs::set_permissions(path.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    // By its place: the child's `PATH` is where it would be looked for.
    let ended = Command::new(find("strace").unwrap())
        // Not --seccomp-bpf: it takes file capabilities away.
        .args(["-f", "-e", "trace=execve", "-u", user, "-o"])
        .arg(&trace)
        .arg(crow)
        .args(["--headless", "--json", "--interface", "lo", "--duration", "2"])
        .envs([("HOME", &home), ("XDG_CONFIG_HOME", &home), ("XDG_RUNTIME_DIR", &home), ("PATH", &path)])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(ended.status.success(), "{user}: {}", String::from_utf8_lossy(&ended.stderr));
    let calls = calls(&trace);
    let run = calls.iter().filter(|call| call.name == "execve");
    run.map(|call| call.first().trim_matches('"').to_owned()).collect()
}

#[test]
fn no_program_that_the_path_offers_is_run_and_none_but_the_helper_by_root() {
    const NAME: &str = "no_program_that_the_path_offers_is_run_and_none_but_the_helper_by_root";
    if !can_run(NAME, &["strace"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let helper = copy(HELPER, folder.path(), "crow-helper");
    if !is_made_capable(NAME, &helper) {
        return;
    }
    let own = ["crow", "crow-helper"].map(|name| folder.path().join(name).display().to_string());
    assert_eq!(programs_run(folder.path(), "root"), own);
    let run = programs_run(folder.path(), "nobody");
    let strangers: Vec<&String> = run.iter().filter(|program| !own.contains(program)).collect();
    // The settings of a user's own desktop are asked of the desktop's own command, where there is one.
    let gsettings = Path::new("/usr/bin/gsettings");
    let expected = if gsettings.is_file() { vec!["/usr/bin/gsettings"] } else { Vec::new() };
    assert_eq!(strangers, expected, "{run:?}");
}
