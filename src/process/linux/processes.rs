//! What `/proc/<pid>` says about a process: its program, app, user, parent and start.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;

use crate::event::{Process, ProcessKey};
use crate::process::apps::{self, Facts};
use crate::process::{Error, News};
use crate::time::Timestamp;

/// Processes remembered at most. The first to be forgotten is not reported as ended.
const MAX_PROCESSES: usize = 8_192;
/// For how long a process is taken to be the one it was a moment ago.
const FRESH: Duration = Duration::from_millis(100);
/// `PF_KTHREAD` in Linux `include/linux/sched.h`.
const KERNEL_THREAD: u64 = 0x0020_0000;
/// The states in which a process has ended and only waits for its parent to notice (`proc_pid_stat(5)`).
const ENDED: [u8; 3] = [b'Z', b'X', b'x'];

/// The fields of `/proc/<pid>/stat` that Crow uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    /// The name of the main thread.
    pub(super) comm: String,
    /// The parent's pid; 0 for none.
    pub(super) parent: i32,
    /// When it started, in clock ticks since boot.
    pub(super) started: u64,
    is_kernel_thread: bool,
    has_ended: bool,
}

/// What a process is called: its program's file where that may be read, else what the kernel lists it as.
pub(crate) fn name_of(pid: i32) -> Option<String> {
    let folder = Path::new("/proc").join(pid.to_string());
    let program = fs::read_link(folder.join("exe")).ok();
    let file = program.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    file.or_else(|| read_stat(Path::new("/proc"), pid).map(|stat| stat.comm))
}

/// Reads `stat` of a process that still is there.
pub(super) fn read_stat(root: &Path, pid: i32) -> Option<Stat> {
    parse_stat(&fs::read(root.join(format!("{pid}/stat"))).ok()?)
}

/// `pid (comm) state ppid … starttime …`; comm may hold anything, brackets and spaces too.
fn parse_stat(bytes: &[u8]) -> Option<Stat> {
    let text = String::from_utf8_lossy(bytes);
    let (head, tail) = text.rsplit_once(')')?;
    let (_, comm) = head.split_once('(')?;
    let fields: Vec<&str> = tail.split_ascii_whitespace().collect();
    // Numbered as in proc_pid_stat(5), where the state is field 3.
    let field = |number: usize| fields.get(number.checked_sub(3)?).copied();
    Some(Stat {
        comm: comm.to_owned(),
        parent: field(4)?.parse().ok()?,
        started: field(22)?.parse().ok()?,
        is_kernel_thread: field(9)?.parse::<u64>().ok()? & KERNEL_THREAD != 0,
        has_ended: field(3)?.bytes().any(|state| ENDED.contains(&state)),
    })
}

/// Turns clock ticks since boot into points in time, the same each time it is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct BootClock {
    booted: Timestamp,
    ticks_per_second: u64,
}

impl BootClock {
    /// The clock of the process table mounted at `root`.
    pub(super) fn read(root: &Path) -> Result<Self, Error> {
        let os = |source| Error::Os { call: "read(/proc/stat)", source };
        let stat = fs::read_to_string(root.join("stat")).map_err(os)?;
        let booted = boot_time(&stat).ok_or_else(|| os(std::io::ErrorKind::InvalidData.into()))?;
        Ok(Self { booted, ticks_per_second: procfs::ticks_per_second() })
    }

    fn at(&self, ticks: u64) -> Timestamp {
        let nanos = u128::from(ticks) * 1_000_000_000 / u128::from(self.ticks_per_second.max(1));
        self.booted + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// What tells a process from a later one with the same pid, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) started: Timestamp,
    /// Its effective user.
    pub(super) uid: u32,
}

/// Who has this pid; `None` when nobody has, or only what is left of a process that has ended.
pub(super) fn identity(root: &Path, clock: BootClock, pid: i32) -> Option<Identity> {
    let stat = read_stat(root, pid).filter(|stat| !stat.has_ended)?;
    let status = fs::read_to_string(root.join(format!("{pid}/status"))).ok()?;
    Some(Identity { started: clock.at(stat.started), uid: effective_uid(&status)? })
}

/// A process that owns flows.
#[derive(Debug)]
struct Known {
    process: Process,
    stat: Stat,
    checked: Timestamp,
}

/// A process as it was at one moment, which may not own any flow.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    process: Process,
    stat: Stat,
}

/// The processes that own flows.
#[derive(Debug)]
pub(super) struct Processes {
    root: PathBuf,
    clock: BootClock,
    known: HashMap<i32, Known>,
    /// The pids of `known` in the order in which they are checked for their end.
    rounds: Vec<i32>,
    next: usize,
}

impl Processes {
    /// Reads the process table mounted at `root`, which is `/proc`.
    pub(super) fn new(root: &Path) -> Result<Self, Error> {
        let clock = BootClock::read(root)?;
        Ok(Self { root: root.to_owned(), clock, known: HashMap::new(), rounds: Vec::new(), next: 0 })
    }

    /// Names the process that has this pid now, and reports it when it is new or has changed.
    pub(super) fn name(&mut self, now: Timestamp, pid: i32, news: &mut News) -> Option<ProcessKey> {
        if let Some(known) =
            self.known.get(&pid).filter(|known| now.since(known.checked) < FRESH && known.checked <= now)
        {
            return Some(known.process.key);
        }
        let Some(stat) = read_stat(&self.root, pid) else {
            // It has just ended, but it was seen holding the socket: what is known stays known.
            return self.known.get(&pid).map(|known| known.process.key);
        };
        self.look(now, pid, stat, news);
        self.known.get(&pid).map(|known| known.process.key)
    }

    /// Looks at a process that the kernel has just named, and at nothing else; `comm` is the name that it gave
    /// with the pid, and `before` is what an earlier look saw. A process that is gone unseen keeps that
    /// name, has no program, and is taken to have started now.
    pub(super) fn glimpse(
        &self,
        now: Timestamp,
        named: (i32, &str),
        before: Option<&Arc<Seen>>,
    ) -> Arc<Seen> {
        let (pid, comm) = named;
        let known = self.known.get(&pid);
        let Some(stat) = read_stat(&self.root, pid) else {
            if let Some(before) = before {
                return Arc::clone(before);
            }
            return Arc::new(known.map_or_else(|| gone(now, pid, comm), Known::seen));
        };
        let is_same = |then: &Stat| then.started == stat.started && then.comm == stat.comm;
        // Of one that has ended and was not waited for yet, less is to be seen than there was before.
        let is_as_before = |then: &Stat| is_same(then) || (stat.has_ended && then.started == stat.started);
        match (before, known) {
            (Some(before), _) if is_as_before(&before.stat) => Arc::clone(before),
            (_, Some(known)) if is_as_before(&known.stat) => Arc::new(known.seen()),
            _ => Arc::new(Seen { process: self.facts(pid, &stat), stat }),
        }
    }

    /// A process that was only looked at owns a flow: reports it when it is new.
    pub(super) fn adopt(&mut self, now: Timestamp, seen: &Seen, news: &mut News) -> ProcessKey {
        let key = seen.process.key;
        match self.known.get(&key.pid).map(|known| known.stat.started) {
            Some(started) if started == seen.stat.started => return key,
            // The pid has been given to another one since.
            Some(started) if started > seen.stat.started => {
                news.processes.push(seen.process.clone());
                news.exited.push(key);
                return key;
            }
            Some(_) => self.ended(key.pid, news),
            None => {}
        }
        self.make_room(key.pid);
        news.processes.push(seen.process.clone());
        let Seen { process, stat } = seen.clone();
        self.known.insert(key.pid, Known { process, stat, checked: now });
        self.rounds.push(key.pid);
        key
    }

    /// Forgets the process known for the longest when there is no room for one more.
    fn make_room(&mut self, pid: i32) {
        if self.known.len() >= MAX_PROCESSES && !self.known.contains_key(&pid) && !self.rounds.is_empty() {
            let first = self.rounds.remove(0);
            self.known.remove(&first);
        }
    }

    /// Checks the `1 / rounds`th part of the processes that is next, and reports those that have ended.
    pub(super) fn check(&mut self, now: Timestamp, rounds: usize, news: &mut News) {
        for _ in 0..self.rounds.len().div_ceil(rounds.max(1)) {
            self.next = if self.next < self.rounds.len() { self.next } else { 0 };
            let Some(&pid) = self.rounds.get(self.next) else { return };
            match read_stat(&self.root, pid).filter(|stat| !stat.has_ended) {
                Some(stat) => {
                    self.look(now, pid, stat, news);
                    self.next += 1;
                }
                None => self.ended(pid, news),
            }
        }
    }

    fn ended(&mut self, pid: i32, news: &mut News) {
        self.rounds.retain(|&other| other != pid);
        if let Some(known) = self.known.remove(&pid) {
            news.exited.push(known.process.key);
        }
    }

    /// Compares what is known with a fresh `stat`.
    fn look(&mut self, now: Timestamp, pid: i32, stat: Stat, news: &mut News) {
        if let Some(known) = self.known.get_mut(&pid) {
            let is_same_process = known.stat.started == stat.started;
            let path = exe(&self.root, pid);
            if is_same_process
                && known.stat.comm == stat.comm
                && (path.is_none() || path == known.process.path)
            {
                known.stat = stat;
                known.checked = now;
                return;
            }
            if !is_same_process {
                self.ended(pid, news);
            }
        }
        self.make_room(pid);
        let process = self.facts(pid, &stat);
        news.processes.push(process.clone());
        if self.known.insert(pid, Known { process, stat, checked: now }).is_none() {
            self.rounds.push(pid);
        }
    }

    fn facts(&self, pid: i32, stat: &Stat) -> Process {
        let read = |file: &str| {
            let bytes = fs::read(self.root.join(format!("{pid}/{file}"))).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        let path = exe(&self.root, pid);
        let cgroup = read("cgroup");
        let (name, app) = apps::identify(&Facts {
            path: path.as_deref(),
            comm: &stat.comm,
            cgroup: cgroup.as_deref().and_then(unified_cgroup),
            is_kernel_thread: stat.is_kernel_thread,
        });
        Process {
            key: ProcessKey { pid, started: Some(self.clock.at(stat.started)) },
            name,
            path,
            uid: read("status").as_deref().and_then(effective_uid),
            user: None,
            parent: (stat.parent > 0).then_some(stat.parent),
            app,
        }
    }
}

impl Known {
    fn seen(&self) -> Seen {
        Seen { process: self.process.clone(), stat: self.stat.clone() }
    }
}

/// A process of which only its pid and name were ever known. Its start in ticks is no process's.
fn gone(now: Timestamp, pid: i32, comm: &str) -> Seen {
    let (name, app) = apps::identify(&Facts { comm, ..Facts::default() });
    let key = ProcessKey { pid, started: Some(now) };
    let stat =
        Stat { comm: comm.to_owned(), parent: 0, started: 0, is_kernel_thread: false, has_ended: true };
    Seen { process: Process { key, name, path: None, uid: None, user: None, parent: None, app }, stat }
}

/// The program's file, without the mark of one that was replaced while it runs.
fn exe(root: &Path, pid: i32) -> Option<String> {
    let target = fs::read_link(root.join(format!("{pid}/exe"))).ok()?;
    let text = target.to_string_lossy();
    let path = apps::clean_path(text.strip_suffix(" (deleted)").unwrap_or(&text));
    (!path.is_empty()).then_some(path)
}

/// The `btime` line of `/proc/stat`: seconds since the epoch.
fn boot_time(stat: &str) -> Option<Timestamp> {
    let seconds = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
    Some(Timestamp::new(seconds.trim().parse().ok()?, 0))
}

/// The path in the unified hierarchy, `0::/…`; on older systems that of systemd's own one.
fn unified_cgroup(text: &str) -> Option<&str> {
    let of = |prefix: &str| {
        text.lines().find_map(|line| {
            let (_, rest) = line.split_once(':')?;
            rest.strip_prefix(prefix)
        })
    };
    let unified = of(":").filter(|path| *path != "/");
    unified.or_else(|| of("name=systemd:"))
}

/// The second number of the `Uid:` line: real, effective, saved, file system.
fn effective_uid(status: &str) -> Option<u32> {
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    ids.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests;
