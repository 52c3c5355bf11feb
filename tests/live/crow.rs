//! Crow itself, run as a user runs it, and what its documents say.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, TryRecvError, channel};

use serde_json::Value;

use crate::wait_for;
use crate::world::{Side, World};

/// The program that cargo built for this test.
const CROW: &str = env!("CARGO_BIN_EXE_crow");

/// Crow watching the client's side of the world.
pub(crate) struct Live {
    child: Child,
    documents: Receiver<Value>,
    complaints: std::path::PathBuf,
    seen: Seen,
}

/// All that a run of Crow has shown so far: the newest word on every row, also on rows that have gone since.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The newest document.
    pub(crate) last: Value,
    /// Process rows by pid.
    pub(crate) processes: BTreeMap<u64, Value>,
    /// Connection rows by protocol, ends and interface.
    pub(crate) connections: BTreeMap<[String; 4], Value>,
    /// Domain rows by name.
    pub(crate) domains: BTreeMap<String, Value>,
}

impl Live {
    /// Starts Crow in the client's namespace and waits for its first document.
    pub(crate) fn start(world: &World) -> Self {
        Self::start_with(world, &Value::Null)
    }

    /// Starts Crow with these settings, or with none if they are `null`.
    pub(crate) fn start_with(world: &World, settings: &Value) -> Self {
        let complaints = world.folder().join("crow-stderr");
        let home = world.folder().join("home");
        let mut command = world.command(Side::Client, CROW);
        command.env("XDG_CONFIG_HOME", &home);
        if !settings.is_null() {
            std::fs::create_dir_all(home.join("crow")).unwrap();
            std::fs::write(home.join("crow/settings.json"), settings.to_string()).unwrap();
        }
        command.args(["--headless", "--json", "--interval", "0.25"]);
        command.stdout(Stdio::piped()).stderr(File::create(&complaints).unwrap());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, documents) = channel();
        std::thread::spawn(move || {
            for line in output.lines() {
                // The other side is gone when the test is over.
                let Ok(document) = line.map(|line| serde_json::from_str(&line).expect(&line)) else { return };
                if sender.send(document).is_err() {
                    return;
                }
            }
        });
        let mut live = Self { child, documents, complaints, seen: Seen::default() };
        live.wait_until("Crow's first document", |_| true);
        assert_eq!(live.seen.last["schema"], 1);
        assert_eq!(live.seen.last["source"], "live");
        live
    }

    /// Reads documents until `enough` says so of one that has just come; returns all that was seen.
    #[track_caller]
    pub(crate) fn wait_until(&mut self, what: &str, enough: impl Fn(&Seen) -> bool) -> &Seen {
        let Self { child, documents, complaints, seen } = self;
        wait_for(what, || {
            loop {
                match documents.try_recv() {
                    Ok(document) => seen.learn(document),
                    Err(TryRecvError::Empty) => return None,
                    Err(TryRecvError::Disconnected) => {
                        let said = std::fs::read_to_string(&*complaints).unwrap();
                        unreachable!("Crow ended ({:?}) before {what}: {said}", child.wait());
                    }
                }
                if enough(seen) {
                    return Some(());
                }
            }
        });
        &self.seen
    }

    /// What was seen so far.
    pub(crate) const fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Ends Crow without a chance to say goodbye.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Seen {
    /// Takes in one document.
    pub(crate) fn learn(&mut self, document: Value) {
        crate::document::check(&document);
        for row in rows(&document, "processes") {
            if let Some(pid) = row["pid"].as_u64() {
                self.processes.insert(pid, row.clone());
            }
        }
        for row in rows(&document, "connections") {
            let key = ["protocol", "local", "remote", "interface"].map(|field| text(row, field));
            self.connections.insert(key, row.clone());
        }
        for row in rows(&document, "domains") {
            self.domains.insert(text(row, "domain"), row.clone());
        }
        self.last = document;
    }

    /// A number of the newest document's totals.
    pub(crate) fn total(&self, field: &str) -> u64 {
        number(&self.last["totals"], field)
    }

    /// The connections whose remote end has this port.
    pub(crate) fn to_port(&self, port: u16) -> Vec<&Value> {
        let end = format!(":{port}");
        self.connections.values().filter(|row| text(row, "remote").ends_with(&end)).collect()
    }
}

/// Reads a recording as fast as Crow can; returns the last document.
#[track_caller]
pub(crate) fn replay(file: &Path) -> Seen {
    let output = Command::new(CROW)
        .args(["--headless", "--json", "--replay"])
        .arg(file)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {}, {complaint}", file.display(), output.status);
    let printed = String::from_utf8(output.stdout).unwrap();
    let mut seen = Seen::default();
    for line in printed.lines() {
        seen.learn(serde_json::from_str(line).expect(line));
    }
    assert_eq!(seen.last["source"], "recording", "{}: {complaint}", file.display());
    seen
}

/// The rows of a document's table.
#[track_caller]
pub(crate) fn rows<'a>(document: &'a Value, table: &str) -> &'a [Value] {
    document[table].as_array().expect("a table of the document")
}

/// A field that has to be a text.
#[track_caller]
pub(crate) fn text(row: &Value, field: &str) -> String {
    row[field].as_str().unwrap_or_else(|| unreachable!("{field} is no text in {row}")).to_owned()
}

/// A field that has to be a whole number.
#[track_caller]
pub(crate) fn number(row: &Value, field: &str) -> u64 {
    row[field].as_u64().unwrap_or_else(|| unreachable!("{field} is no whole number in {row}"))
}
