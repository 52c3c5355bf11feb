//! Tests of the authorized launch: the exact words, and root's shell script run by the shells of this system.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;

const SOCKET: &str = "/var/folders/zz/T/crow-1/pipe";

fn request<'a>(helper: &'a Path, digest: &'a str) -> Request<'a> {
    Request { helper, digest, socket: Path::new(SOCKET), app: (501, 20, 4711) }
}

/// `AppleScript`'s `quoted form of` (its language guide): in single quotes, with each one inside written as `'\''`.
fn quoted_form(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The command that `do shell script` gives to root's shell for these arguments of osascript.
fn shell_command(arguments: &[OsString]) -> String {
    let argv: Vec<&str> = arguments
        .iter()
        .skip_while(|word| *word != "--")
        .skip(1)
        .map(|word| word.to_str().unwrap())
        .collect();
    let words: Vec<String> = argv[1..].iter().map(|word| quoted_form(word)).collect();
    format!("{BEGIN} {}{END}", words.join(" "))
}

#[test]
fn the_arguments_of_osascript_are_these() {
    let helper = Path::new("/Applications/Crow.app/Contents/MacOS/crow-helper");
    let arguments = arguments(&request(helper, "abc")).unwrap();
    let statement = concat!(
        r#"do shell script "exec /usr/bin/env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin /bin/sh -c" & "#,
        r#"" " & (quoted form of item 2 of argv) & " " & (quoted form of item 3 of argv) & "#,
        r#"" " & (quoted form of item 4 of argv) & " " & (quoted form of item 5 of argv) & "#,
        r#"" " & (quoted form of item 6 of argv) & " " & (quoted form of item 7 of argv) & "#,
        r#"" " & (quoted form of item 8 of argv) & " " & (quoted form of item 9 of argv) & "#,
        r#"" " & (quoted form of item 10 of argv) & " </dev/null >/dev/null 2>&1" "#,
        r#"with prompt (item 1 of argv) with administrator privileges"#,
    );
    let team = TEAM.map(requirement).unwrap_or_default();
    #[rustfmt::skip]
    let expected = [
        "-e", "on run argv", "-e", statement, "-e", "end run", "--",
        PROMPT, ROOT_SCRIPT, "crow", helper.to_str().unwrap(), "abc", &team, SOCKET, "501", "20", "4711",
    ];
    assert_eq!(arguments, expected);
}

#[test]
fn nothing_that_varies_is_in_a_programs_text() {
    let text = |helper: &str| {
        let words = arguments(&request(Path::new(helper), "abc")).unwrap();
        [words[..8].to_vec(), words[8..10].to_vec()].concat()
    };
    assert_eq!(text("/a"), text("/\" & (do shell script \"id\") & \"$(id)`id`'\\"));
    assert!(!ROOT_SCRIPT.contains(char::is_control) && ROOT_SCRIPT.is_ascii() && PROMPT.is_ascii());
}

#[test]
fn a_path_that_would_not_get_through_unchanged_is_refused() {
    let odd = [
        OsStr::new("/a\nb"),
        OsStr::new("/a\rb"),
        OsStr::new("/a\0"),
        OsStr::new("a"),
        OsStr::from_bytes(b"/\xff"),
    ];
    for path in odd {
        let path = Path::new(path);
        for request in [request(path, ""), Request { socket: path, ..request(Path::new("/a"), "") }] {
            assert!(matches!(arguments(&request), Err(LaunchError::OddPath(odd)) if odd == path));
        }
    }
}

#[test]
fn the_users_variables_stay_outside() {
    let command = command(Path::new(OSASCRIPT), &request(Path::new("/a"), "abc")).unwrap();
    assert_eq!(command.get_program(), OSASCRIPT);
    let kept = ["HOME", "USER", "LOGNAME", "TMPDIR", "__CF_USER_TEXT_ENCODING"];
    assert!(command.get_envs().all(|(name, _)| kept.iter().any(|kept| name == *kept)));
    // That the rest is cleared shows only in a child: the same settings, with another program.
    let mut child = Command::new("/usr/bin/env");
    child.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let shown = String::from_utf8(child.output().unwrap().stdout).unwrap();
    assert!(shown.lines().all(|line| kept.contains(&line.split_once('=').unwrap().0)), "{shown}");
}

/// A place to run root's script in: a folder for root's, and a helper that writes down how it was called.
struct Stage {
    folder: tempfile::TempDir,
    helper: PathBuf,
}

impl Stage {
    fn new(helper: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("root")).unwrap();
        let helper = folder.path().join(helper);
        fs::create_dir_all(helper.parent().unwrap()).unwrap();
        let said = quoted_form(folder.path().join("said").to_str().unwrap());
        // $0, the folder's mode, the variables, then each argument in a line of its own.
        let program = format!(
            "#!/bin/sh\nexec 3>{said}\necho \"$0\" >&3\n/usr/bin/stat -c %a \"${{0%/*}}\" \"$0\" >&3\npwd >&3\n\
             echo \"$PATH|$CROW_STRANGER\" >&3\nfor word; do printf '<%s>\\n' \"$word\" >&3; done\necho noise\necho noise >&2\n"
        );
        fs::write(&helper, program).unwrap();
        // Not executable, as a file that was downloaded: the copy has to be.
        fs::set_permissions(&helper, fs::Permissions::from_mode(0o644)).unwrap();
        Self { folder, helper }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// Runs the command as `do shell script` would, with `shell` for `/bin/sh`, root's folder and codesign replaced.
    fn run(&self, shell: &str, digest: &str, team: &str, codesign: &str) -> (i32, String) {
        let mut request = request(&self.helper, digest);
        let socket = self.folder.path().join("so'ck$(id)/pipe");
        request.socket = &socket;
        // A newline is refused before it comes this far, but the script must stand it.
        let mut items =
            vec![ROOT_SCRIPT.to_owned(), "crow".to_owned(), self.helper.to_str().unwrap().to_owned()];
        items.extend([digest.to_owned(), team.to_owned(), socket.to_str().unwrap().to_owned()]);
        items.extend(["501", "20", "4711"].map(str::to_owned));
        let mut words: Vec<OsString> = vec!["--".into(), PROMPT.into()];
        words.extend(items.into_iter().map(OsString::from));
        if let Ok(exact) = arguments(&request) {
            let place = exact.iter().position(|word| word == "--").unwrap();
            let mut exact = exact[place..].to_vec();
            // The requirement is the build's; here the test chooses it.
            exact[6] = team.into();
            assert_eq!(exact, words, "the test runs what osascript is given");
        }
        let command = shell_command(&words)
            .replace("/private/var/root", self.root().to_str().unwrap())
            .replace("/usr/bin/codesign", codesign)
            .replace(" /bin/sh -c", &format!(" {shell} -c"));
        let output =
            Command::new("/bin/sh").arg("-c").arg(command).env("CROW_STRANGER", "1").output().unwrap();
        assert!(output.stdout.is_empty() && output.stderr.is_empty(), "osascript would keep it in memory");
        let said = fs::read_to_string(self.folder.path().join("said")).unwrap_or_default();
        (output.status.code().unwrap(), said)
    }

    /// What is left in root's folder.
    fn left(&self) -> Vec<PathBuf> {
        fs::read_dir(self.root()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

const HOSTILE: [&str; 6] = [
    "plain/crow-helper",
    "Crow $(touch pwned) `touch pwned`.app/crow-helper",
    "it's \"quoted\"; exit 9 #/crow-helper",
    "line\nend\n/crow-helper",
    "back\\slash & | > x/crow-helper",
    "-rf */crow-helper",
];

/// The shells that `/bin/sh` is on Macs: bash 3.2 in its POSIX mode, or dash; here whatever there is of them.
fn shells() -> Vec<&'static str> {
    let all = [("/bin/dash", "/bin/dash"), ("/bin/bash", "/bin/bash --posix"), ("/bin/sh", "/bin/sh")];
    all.into_iter().filter(|(file, _)| Path::new(file).exists()).map(|(_, command)| command).collect()
}

fn can_run() -> bool {
    let has_all = ["/usr/bin/mktemp", "/usr/bin/shasum", "/bin/cat", "/bin/chmod", "/bin/rm", "/usr/bin/env"]
        .iter()
        .all(|tool| Path::new(tool).exists());
    if !has_all || !cfg!(target_os = "linux") {
        eprintln!("not run: a tool of root's script is not where macOS has it");
    }
    has_all && cfg!(target_os = "linux")
}

#[test]
fn the_copy_runs_with_its_arguments_whatever_the_paths_are() {
    if !can_run() {
        return;
    }
    for shell in shells() {
        for helper in HOSTILE {
            let stage = Stage::new(helper);
            let digest = sha256(&stage.helper).unwrap();
            let (status, said) = stage.run(shell, &digest, "", "/nowhere");
            assert_eq!(status, 0, "{shell}: {helper}");
            let copy = PathBuf::from(said.lines().next().unwrap());
            assert!(crate::helper::macos::copy::folder_of(&copy, &stage.root()).is_some(), "{said}");
            let socket = stage.folder.path().join("so'ck$(id)/pipe");
            let expected = format!(
                "{}\n700\n500\n/\n/usr/bin:/bin:/usr/sbin:/sbin|\n<--socket>\n<{}>\n<--uid>\n<501>\n<--gid>\n<20>\n<--pid>\n<4711>\n",
                copy.display(),
                socket.display()
            );
            assert_eq!(said, expected, "{shell}: {helper}");
            assert!(stage.left().is_empty(), "{shell}: {helper}");
            assert!(!Path::new("/pwned").exists() && !stage.folder.path().join("pwned").exists());
        }
    }
}

#[test]
fn a_changed_helper_is_refused_and_nothing_stays() {
    if !can_run() {
        return;
    }
    for shell in shells() {
        let stage = Stage::new("crow-helper");
        let digest = sha256(&stage.helper).unwrap();
        fs::write(&stage.helper, "#!/bin/sh\ntouch pwned\n").unwrap();
        assert_eq!(stage.run(shell, &digest, "", "/nowhere"), (NOT_THE_SAME, String::new()), "{shell}");
        for digest in ["", "  -", "*", "x\" = \"x"] {
            assert_eq!(stage.run(shell, digest, "", "/nowhere").0, NOT_THE_SAME, "{shell}: {digest}");
        }
        assert!(stage.left().is_empty(), "{shell}");
        fs::remove_file(&stage.helper).unwrap();
        assert_eq!(stage.run(shell, &digest, "", "/nowhere").0, NO_COPY, "{shell}: no helper");
        nix::unistd::mkfifo(&stage.helper, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(stage.run(shell, &digest, "", "/nowhere").0, NO_COPY, "{shell}: a pipe");
        assert!(stage.left().is_empty(), "{shell}");
        fs::remove_dir(stage.root()).unwrap();
        assert_eq!(stage.run(shell, &digest, "", "/nowhere").0, NO_FOLDER, "{shell}: no folder");
    }
}

#[test]
fn a_signature_is_demanded_of_the_copy_where_the_build_names_a_team() {
    if !can_run() {
        return;
    }
    let stage = Stage::new("crow-helper");
    let digest = sha256(&stage.helper).unwrap();
    let codesign = stage.folder.path().join("codesign");
    let seen = stage.folder.path().join("seen");
    for (answer, status) in [(1, NOT_SIGNED), (0, 0)] {
        fs::write(
            &codesign,
            format!("#!/bin/sh\nprintf '%s\\n' \"$@\" >{}\nexit {answer}\n", seen.display()),
        )
        .unwrap();
        fs::set_permissions(&codesign, fs::Permissions::from_mode(0o755)).unwrap();
        let demand = requirement("A1B2C3D4E5");
        let (ended, said) = stage.run("/bin/sh", &digest, &demand, codesign.to_str().unwrap());
        assert_eq!((ended, said.is_empty()), (status, status != 0));
        let seen = fs::read_to_string(&seen).unwrap();
        let words: Vec<&str> = seen.lines().collect();
        let expected = r#"-R=anchor apple generic and certificate leaf[subject.OU] = "A1B2C3D4E5""#;
        assert_eq!(words[..3], ["--verify", "--strict", expected]);
        assert!(Path::new(words[3]).starts_with(stage.root()), "the copy, and not the helper");
    }
}

#[test]
fn the_helpers_own_end_is_passed_on_and_leaves_nothing() {
    if !can_run() {
        return;
    }
    // The second one removes itself as the helper does; the others leave it to the shell.
    for (program, expected) in
        [("exit 3", 3), ("rm \"$0\"; rmdir \"${0%/*}\"; exit 0", 0), ("kill -9 $$", 137)]
    {
        for shell in shells() {
            let stage = Stage::new("crow-helper");
            fs::write(&stage.helper, format!("#!/bin/sh\n{program}\n")).unwrap();
            let (status, _) = stage.run(shell, &sha256(&stage.helper).unwrap(), "", "/nowhere");
            assert_eq!(status, expected, "{shell}: {program}");
            assert!(stage.left().is_empty(), "{shell}: {program}");
        }
    }
}

#[test]
fn a_helper_that_cannot_be_run_leaves_nothing() {
    if !can_run() {
        return;
    }
    for shell in shells() {
        let stage = Stage::new("crow-helper");
        fs::write(&stage.helper, "#!/nowhere/interpreter\n").unwrap();
        let (status, _) = stage.run(shell, &sha256(&stage.helper).unwrap(), "", "/nowhere");
        assert!(matches!(status, 126 | 127), "{shell}: {status}");
        assert!(stage.left().is_empty(), "{shell}");
    }
}

#[test]
fn each_end_has_its_own_sentence() {
    #[rustfmt::skip]
    let cases = [
        ("0:215: execution error: User canceled. (-128)", Some("permission to capture was not given; press Start live capture to be asked again")),
        ("0:215: execution error: Vom Benutzer abgebrochen. (-128)", Some("permission to capture was not given; press Start live capture to be asked again")),
        ("execution error: The administrator user name or password was incorrect. (-60005)\n", Some("permission to capture was refused: the name or the password was not accepted; press Start live capture to try again")),
        ("execution error: x (-60006)", Some("permission to capture was not given; press Start live capture to be asked again")),
        ("execution error: x (-60007)", Some("permission to capture was refused: macOS cannot ask for a password here; log in at the screen, or run crow with sudo in a terminal")),
        ("execution error: The command exited with a non-zero status. (71)", Some("permission to capture was refused: root could not make a folder of its own; look whether the disk is full")),
        ("execution error: The command exited with a non-zero status. (72)", Some("permission to capture was refused: root could not copy the capture helper; look whether the disk is full")),
        ("execution error: The command exited with a non-zero status. (73)", Some("the capture helper was changed and was not started; reinstall Crow")),
        ("execution error: The command exited with a non-zero status. (74)", Some("the capture helper is not signed by Crow's developer and was not started; reinstall Crow")),
        ("execution error: The command exited with a non-zero status. (1)", None),
        ("osascript: no such component", None), ("", None), ("(", None), (")", None), ("(-128) and on", None), ("(é)", None),
    ];
    for (line, expected) in cases {
        assert_eq!(failure(line).map(|err| err.to_string()).as_deref(), expected, "{line}");
    }
}

#[test]
fn a_translocated_app_is_known_by_its_path() {
    let path = "/private/var/folders/zz/T/AppTranslocation/2F1C/d/Crow.app/Contents/MacOS/crow-helper";
    assert!(is_translocated(Path::new(path)));
    for path in [
        "/Applications/Crow.app/Contents/MacOS/crow-helper",
        "/AppTranslocations/Crow.app",
        "/x AppTranslocation",
    ] {
        assert!(!is_translocated(Path::new(path)), "{path}");
    }
}

#[test]
fn a_team_has_ten_letters_and_digits() {
    assert!(is_team(None) && is_team(Some("A1B2C3D4E5")));
    for team in ["", "A1B2C3D4E", "A1B2C3D4E55", "a1B2C3D4E5", "A1B2C3D4\"5", "A1B2C3D4 5"] {
        assert!(!is_team(Some(team)), "{team}");
    }
}

#[test]
fn the_digest_is_sha_256() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    fs::write(&path, "abc").unwrap();
    // FIPS 180-4's own example.
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(sha256(&path).unwrap(), expected);
    assert!(sha256(&folder.path().join("none")).is_err());
}
