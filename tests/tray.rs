//! The tray and the window of the real program on a virtual screen, with a session bus and a tray host of its own.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// What must be installed; without it the test says so and ends.
const PROGRAMS: [&str; 5] = ["Xvfb", "openbox", "dbus-daemon", "xdotool", "wmctrl"];
const PYTHON: &str = "/usr/bin/python3";
/// What the program shows: a recording, so that no right to capture is needed.
const RECORDING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/sample.pcapng.gz");
/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A child process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A screen, a window manager and a session bus.
struct Desktop {
    display: String,
    bus: String,
    /// For what programs keep in the user's folders.
    home: tempfile::TempDir,
    /// Ended in this order.
    children: Vec<Running>,
}

impl Desktop {
    /// `None`, and a printed line, when a program that it needs is missing.
    fn start() -> Option<Self> {
        if let Some(missing) = PROGRAMS.into_iter().find(|name| !is_installed(name)) {
            eprintln!("skipped: {missing} is not installed");
            return None;
        }
        let python = Command::new(PYTHON).args(["-c", "import dbus, gi"]).stderr(Stdio::null()).status();
        if !python.is_ok_and(|status| status.success()) {
            eprintln!("skipped: {PYTHON} has no dbus and gi (python3-dbus, python3-gi)");
            return None;
        }
        let home = tempfile::tempdir().unwrap();
        // The server chooses a free number and says which. Without -noreset it would throw out whoever connects
        // at the moment when its last client, such as the first wmctrl, leaves.
        let mut screen = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let display = format!(":{}", first_line(screen.stdout.take().unwrap()));
        let mut desktop = Self { display, bus: String::new(), home, children: vec![Running(screen)] };
        // The bus starts services, such as that of screen readers, in its own surroundings: those of this desktop.
        let mut bus = desktop
            .command("dbus-daemon")
            .args(["--session", "--nofork", "--print-address=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        desktop.bus = first_line(bus.stdout.take().unwrap());
        desktop.children.insert(0, Running(bus));
        let manager = desktop.command("openbox").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        desktop.children.insert(0, Running(manager));
        wait_for("the window manager", || {
            desktop.output("wmctrl", &["-m"]).filter(|text| text.contains("Openbox"))
        });
        Some(desktop)
    }

    /// A program of this desktop.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("HOME", self.home.path())
            .env("XDG_RUNTIME_DIR", self.home.path())
            .env("XDG_CONFIG_HOME", self.home.path())
            .env("XDG_DATA_HOME", self.home.path())
            .env("XDG_CACHE_HOME", self.home.path())
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("WAYLAND_SOCKET")
            .env_remove("DBUS_STARTER_ADDRESS");
        command
    }

    /// What a program of this desktop prints, if it succeeds.
    fn output(&self, program: &str, arguments: &[&str]) -> Option<String> {
        let output = self.command(program).args(arguments).output().unwrap();
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Crow on the recording.
    fn crow(&self) -> Crow {
        self.crow_with(&["--replay", RECORDING])
    }

    /// Crow with these arguments; what it says goes to `crow.log`.
    fn crow_with(&self, arguments: &[&str]) -> Crow {
        let log = std::fs::File::create(self.home.path().join("crow.log")).unwrap();
        let child = self
            .command(env!("CARGO_BIN_EXE_crow"))
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Crow(Running(child))
    }

    /// How many windows of Crow show, once the screen and the window manager agree on it: a window that the manager
    /// still puts away must not be mapped again (ICCCM 4.1.4), and no hand is as quick as this test.
    fn windows(&self) -> Option<usize> {
        let visible = self.output("xdotool", &["search", "--onlyvisible", "--name", "^Crow"]);
        let managed = self.output("wmctrl", &["-l"])?;
        let visible = visible.map_or(0, |text| text.lines().count());
        let managed = managed.lines().filter(|line| line.ends_with(" Crow")).count();
        (visible == managed).then_some(visible)
    }

    fn wait_for_windows(&self, count: usize) {
        wait_for(&format!("{count} visible windows"), || (self.windows() == Some(count)).then_some(()));
    }

    /// Presses the window's close button.
    fn close_window(&self) {
        assert!(self.output("wmctrl", &["-c", "Crow"]).is_some(), "there is a window to close");
    }
}

/// The program under test.
struct Crow(Running);

impl Crow {
    fn has_ended(&mut self) -> Option<ExitStatus> {
        self.0.0.try_wait().unwrap()
    }

    /// Ends well and soon.
    fn expect_end(&mut self) {
        let status = wait_for("the end of crow", || self.has_ended());
        assert_eq!(status.code(), Some(0));
    }
}

/// The tray host: `tests/support/tray_host.py`.
struct TrayHost {
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    _child: Running,
}

impl TrayHost {
    fn start(desktop: &Desktop) -> Self {
        let script: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/tray_host.py");
        let mut child =
            desktop.command(PYTHON).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (commands, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut host = Self { commands, answers, _child: Running(child) };
        assert_eq!(host.read()["ready"], Value::Bool(true));
        host
    }

    fn read(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("the tray host answers in JSON")
    }

    fn ask(&mut self, command: &str) -> Value {
        writeln!(self.commands, "{command}").unwrap();
        let answer = self.read();
        assert_eq!(answer.get("error"), None, "{command}");
        answer
    }

    /// The item's property once it has one.
    fn property(&mut self, name: &str) -> Value {
        wait_for(name, || self.ask("item").get(name).cloned())
    }

    /// The labels of the menu.
    fn labels(&mut self) -> Vec<String> {
        let menu = self.ask("menu");
        menu.as_array().unwrap().iter().map(|line| line["label"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn the_tray_item_outlives_the_window() {
    let Some(desktop) = Desktop::start() else { return };
    let mut host = TrayHost::start(&desktop);
    let mut crow = desktop.crow();

    // It starts with its window, and its item carries rates.
    desktop.wait_for_windows(1);
    wait_for("rates in the title", || {
        let title = host.property("Title").as_str().unwrap().to_owned();
        (title.starts_with("Crow  ↓ ") && title.contains("B/s  ↑ ") && title.ends_with("B/s")).then_some(())
    });
    let tooltip = host.property("ToolTip");
    assert!(tooltip[1].as_str().unwrap().starts_with("Total ↓ "), "{tooltip}");
    assert_eq!(host.property("IconPixmap"), serde_json::json!([[44, 44, 4 * 44 * 44]]));

    // Its menu has every line; a process appears when the recording has traffic.
    let labels = host.labels();
    assert_eq!(labels.first().map(String::as_str), Some("Open Crow"));
    assert!(labels[1].starts_with("↓ ") && labels[1].contains("  ↑ "), "{labels:?}");
    assert_eq!(labels[labels.len() - 3..], ["Pause", "Settings…", "Quit Crow"]);
    wait_for("a process in the menu", || (host.labels().len() > 5).then_some(()));
    assert!(host.labels().len() <= 5 + 5);

    // Closing hides; a click on the item and the menu both bring the window back, and the item keeps going.
    for command in ["activate", "click Open Crow"] {
        desktop.close_window();
        desktop.wait_for_windows(0);
        assert_eq!(crow.has_ended(), None, "closing the window leaves the program in the tray");
        assert!(host.property("Title").as_str().unwrap().starts_with("Crow  ↓ "));
        host.ask(command);
        desktop.wait_for_windows(1);
    }

    // Pause is told to the rest of Crow, and shown when it has happened.
    host.ask("click Pause");
    let paused = |host: &mut TrayHost| {
        let menu = host.ask("menu");
        menu.as_array().unwrap().iter().find(|line| line["label"] == "Pause").unwrap()["toggle"] == 1
    };
    wait_for("the check mark", || paused(&mut host).then_some(()));
    host.ask("click Pause");
    wait_for("no check mark", || (!paused(&mut host)).then_some(()));

    host.ask("click Quit Crow");
    crow.expect_end();
}

/// The window as a screen reader knows it.
struct Reader<'a>(&'a Desktop);

impl<'a> Reader<'a> {
    /// Says that there is one, before Crow starts. `None`, and a printed line, when the system has none of it.
    fn start(desktop: &'a Desktop) -> Option<Self> {
        let reader = Self(desktop);
        if reader.ask(&["enable"]).is_none() {
            eprintln!("skipped: no AT-SPI (at-spi2-core, gir1.2-atspi-2.0)");
            return None;
        }
        Some(reader)
    }

    fn ask(&self, words: &[&str]) -> Option<String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/accessible.py");
        self.0.output(PYTHON, &[&[script.to_str().unwrap()], words].concat())
    }

    /// The nodes of a role from top to bottom: what they are called and whether they are selected.
    fn nodes(&self, role: &str) -> Vec<(String, bool)> {
        let nodes: Value =
            serde_json::from_str(&self.ask(&["nodes", role]).unwrap_or_default()).unwrap_or_default();
        let node = |node: &Value| {
            (node["name"].as_str().unwrap_or_default().to_owned(), node["selected"] == Value::Bool(true))
        };
        nodes.as_array().map(|nodes| nodes.iter().map(node).collect()).unwrap_or_default()
    }

    fn click(&self, name: &str) {
        wait_for(&format!("{name:?} to click"), || self.ask(&["click", name]));
    }
}

#[test]
fn a_row_is_found_and_sorted_through_the_accessibility_tree() {
    let Some(desktop) = Desktop::start() else { return };
    let Some(reader) = Reader::start(&desktop) else { return };
    let mut host = TrayHost::start(&desktop);
    let mut crow = desktop.crow();
    desktop.wait_for_windows(1);

    // What is found in the window that the tray opens again, not in the first one.
    wait_for("the rates in the tray", || {
        host.property("Title").as_str().unwrap().starts_with("Crow  ↓ ").then_some(())
    });
    desktop.close_window();
    desktop.wait_for_windows(0);
    host.ask("activate");
    desktop.wait_for_windows(1);

    // A row is one sentence, and its table can be sorted by each column's head.
    let rows = || reader.nodes("table row");
    wait_for("rows that say what moves", || {
        rows().iter().filter(|(name, _)| name.contains(", down ") && name.contains(", up ")).nth(3).map(drop)
    });
    // A recording that stands still is the same from the first row that is read to the last one.
    reader.click("Pause recording");
    wait_for("the recording to stand still", || {
        reader.nodes("button").iter().any(|(name, _)| name == "Play recording").then_some(())
    });
    reader.click("Process, not sorted");
    wait_for("the head to say how it is sorted", || {
        reader
            .nodes("column header")
            .iter()
            .any(|(name, _)| name == "Process, sorted ascending")
            .then_some(())
    });
    wait_for("rows in the order of their names", || {
        let names: Vec<String> = rows().iter().map(|(name, _)| name.to_lowercase()).collect();
        let names: Vec<&str> = names.iter().map(|name| name.split(',').next().unwrap()).collect();
        (names.len() > 3 && names.is_sorted()).then_some(())
    });

    // A click selects; the next table is a tab away.
    let (first, _) = rows().into_iter().next().unwrap();
    reader.click(&first);
    wait_for("a selected row", || rows().into_iter().find(|(_, is_selected)| *is_selected));
    reader.click("Connections");
    wait_for("connections", || rows().iter().any(|(name, _)| name.contains(", dns, ")).then_some(()));

    host.ask("click Quit Crow");
    crow.expect_end();
}

#[test]
fn without_a_tray_host_closing_the_window_ends_the_program() {
    let Some(desktop) = Desktop::start() else { return };
    let mut crow = desktop.crow();
    desktop.wait_for_windows(1);
    desktop.close_window();
    crow.expect_end();

    // A watcher to which no panel has registered shows nobody the item.
    let mut host = TrayHost::start(&desktop);
    host.ask("host off");
    let mut crow = desktop.crow();
    desktop.wait_for_windows(1);
    desktop.close_window();
    crow.expect_end();
}

#[test]
fn without_a_session_bus_there_is_still_a_window() {
    let Some(mut desktop) = Desktop::start() else { return };
    desktop.bus = format!("unix:path={}/nobody", desktop.home.path().display());
    let mut crow = desktop.crow();
    desktop.wait_for_windows(1);
    desktop.close_window();
    crow.expect_end();
}

#[test]
fn a_second_start_opens_the_window_of_the_first() {
    let Some(desktop) = Desktop::start() else { return };
    let mut host = TrayHost::start(&desktop);
    // Live, with or without the right to capture: only then is there one Crow a screen.
    let mut first = desktop.crow_with(&[]);
    desktop.wait_for_windows(1);
    desktop.close_window();
    desktop.wait_for_windows(0);

    desktop.crow_with(&[]).expect_end();
    desktop.wait_for_windows(1);
    assert_eq!(first.has_ended(), None);

    // A recording is a Crow of its own.
    let recording = desktop.crow();
    desktop.wait_for_windows(2);
    drop(recording);
    desktop.wait_for_windows(1);

    // The item asked last is the recording's; the first ends with its window, as its item's host is gone.
    host.ask("host off");
    desktop.close_window();
    first.expect_end();
}

/// Whether `name` is found on the path.
fn is_installed(name: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}

/// The first line that a program prints: where it can be found.
fn first_line(output: ChildStdout) -> String {
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).unwrap();
    line.trim().to_owned()
}

/// Asks again and again until there is an answer; panics with `what` when there is none.
fn wait_for<T>(what: &str, mut answer: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = answer() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited for {what}");
        thread::sleep(Duration::from_millis(50));
    }
}
