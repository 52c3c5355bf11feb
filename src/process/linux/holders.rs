//! Which process holds an open socket: `/proc/<pid>/fd`, read as little as possible.
//!
//! A socket has no owner in the kernel; programs hold descriptors to it. What was seen before is kept
//! as a hint and checked by one `readlink` when it is used, so an old hint is never an answer. An
//! unknown socket is looked for first where new sockets turn up: in the processes that had the last
//! ones, close to their last descriptor; then in new processes; then everywhere, which is rationed.
//!
//! Several processes can hold the same socket, since a child inherits its parent's. The **eldest**
//! holder is the owner: whoever made the socket started before those who inherited it. A pre-forked
//! worker alone holds what it accepts, so it is found too. What this gets wrong: a socket that is
//! handed to an older process while the maker keeps it, and the microseconds in which a
//! server that forks for each connection has not closed its own copy yet.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hashbrown::{HashMap, HashSet};

use super::processes;
use crate::time::Timestamp;

/// Processes asked first for a new socket.
const MAX_RECENT: usize = 16;
/// Descriptors tried in vain on either side of the last one that a process was given.
const NEAR: u32 = 5;
/// Places remembered at which a process is given descriptors.
const MAX_PLACES: usize = 4;
/// Descriptors tried in one go on either side of it.
const MAX_RUN: usize = 256;
/// Sockets remembered; what is beyond them is looked for each time.
const MAX_SOCKETS: usize = 262_144;
/// Sockets of one process remembered between two scans of it; when there are more, all are forgotten.
const MAX_HINTS: usize = 8_192;
/// Time that must pass between two full scans, at least.
const FULL_SCAN_PAUSE: Duration = Duration::from_millis(250);
/// Time that must pass between two scans of the same descriptors, for each of them. A scan
/// costs about 2 µs each, so scanning one process takes a twentieth of a core at the very most.
const PAUSE_PER_DESCRIPTOR: Duration = Duration::from_micros(50);
/// For how long a process's parent and start are taken to be what they were.
const LINEAGE_AGE: Duration = Duration::from_millis(500);
/// Missing sockets remembered at most; when there are more, all are forgotten.
const MAX_MISSED: usize = 16_384;
/// Full scans that may miss a socket before it counts as held by nobody who is visible.
const MAX_MISSES: u8 = 2;
/// How long such a socket is not worth another full scan.
const HOPELESS: Duration = Duration::from_mins(1);
/// How old the knowledge of all holders of a listening socket may be.
const FULL_SCAN_AGE: Duration = Duration::from_secs(5);

/// A process's descriptor of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Descriptor {
    pid: i32,
    fd: i32,
}

/// What the last scan of a process found.
#[derive(Debug, Default)]
struct Scanned {
    sockets: Vec<u32>,
    descriptors: u32,
    at: Timestamp,
    /// The descriptors at which sought sockets were last found, in different places; the latest first.
    last: Vec<i32>,
}

impl Scanned {
    /// A sought socket was found here.
    fn note(&mut self, fd: i32) {
        self.last.retain(|last| last.abs_diff(fd) > NEAR);
        self.last.insert(0, fd);
        self.last.truncate(MAX_PLACES);
    }
}

/// Where a process comes from.
#[derive(Clone, Copy, Debug)]
struct Lineage {
    parent: i32,
    /// In clock ticks since boot.
    started: u64,
    read: Timestamp,
}

/// A socket that was not found, and how many full scans were in vain.
#[derive(Clone, Copy, Debug, Default)]
struct Missed {
    times: u8,
    at: Timestamp,
}

/// The memory of who holds what.
#[derive(Debug)]
pub(super) struct Holders {
    root: PathBuf,
    by_inode: HashMap<u32, Vec<Descriptor>>,
    scanned: HashMap<i32, Scanned>,
    /// The latest first.
    recent: Vec<i32>,
    full_scan: Option<Timestamp>,
    /// Descriptors seen by the last full scan.
    descriptors: u32,
    missed: HashMap<u32, Missed>,
    lineages: HashMap<i32, Lineage>,
}

impl Holders {
    /// Reads the process table mounted at `root`, which is `/proc`.
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            by_inode: HashMap::new(),
            scanned: HashMap::new(),
            recent: Vec::new(),
            full_scan: None,
            descriptors: 0,
            missed: HashMap::new(),
            lineages: HashMap::new(),
        }
    }

    /// Finds the owners of `sought` (inodes of sockets); one that is not in the answer may be found later.
    pub(super) fn find(&mut self, now: Timestamp, sought: &[u32]) -> HashMap<u32, i32> {
        let mut missing: HashSet<u32> = sought.iter().copied().collect();
        missing.retain(|&inode| !self.is_held(inode));
        if !missing.is_empty() {
            self.look_in_recent(now, &mut missing);
        }
        if !missing.is_empty() {
            self.look_in_new(now, &mut missing);
        }
        if !missing.is_empty() && self.is_worth_a_full_scan(now, &missing) {
            self.look_everywhere(now, &missing);
        }
        let mut owners = HashMap::with_capacity(sought.len());
        for &inode in sought {
            if let Some(owner) = self.eldest(now, inode) {
                self.note(owner);
                owners.insert(inode, owner.pid);
            }
        }
        owners
    }

    /// The one process that holds all of `sought`, which nobody else holds (but init, which keeps the
    /// sockets that it starts services for). `None` when there are several, or when it is not known.
    pub(super) fn only_holder(&mut self, now: Timestamp, sought: &[u32]) -> Option<i32> {
        let is_recent = |at: Timestamp| now.since(at) < FULL_SCAN_AGE && at.since(now) < FULL_SCAN_AGE;
        let mut missing: HashSet<u32> = sought.iter().copied().collect();
        missing.retain(|&inode| !self.is_held(inode));
        let is_missing = !missing.is_empty() && self.is_worth_a_full_scan(now, &missing);
        if is_missing || !self.full_scan.is_some_and(is_recent) {
            self.look_everywhere(now, &missing);
        }
        let mut only = None;
        for &inode in sought {
            let held = self.by_inode.get(&inode)?;
            let mut pids: Vec<i32> = held.iter().map(|descriptor| descriptor.pid).collect();
            if pids.iter().any(|&pid| pid != 1) {
                pids.retain(|&pid| pid != 1);
            }
            if pids.is_empty() {
                return None;
            }
            for pid in pids {
                if *only.get_or_insert(pid) != pid {
                    return None;
                }
            }
        }
        only
    }

    /// The process has ended.
    pub(super) fn forget(&mut self, pid: i32) {
        self.forget_sockets(pid);
        self.scanned.remove(&pid);
        self.lineages.remove(&pid);
        self.recent.retain(|&other| other != pid);
    }

    /// Whether a remembered descriptor still leads to the socket; drops those that do not.
    fn is_held(&mut self, inode: u32) -> bool {
        let Some(mut held) = self.by_inode.remove(&inode) else {
            return false;
        };
        held.retain(|&descriptor| self.holds(descriptor, inode));
        let is_held = !held.is_empty();
        if is_held {
            self.by_inode.insert(inode, held);
        }
        is_held
    }

    fn holds(&self, descriptor: Descriptor, inode: u32) -> bool {
        let link = self.root.join(format!("{}/fd/{}", descriptor.pid, descriptor.fd));
        fs::read_link(link).is_ok_and(|target| socket_inode(&target) == Some(inode))
    }

    /// Of those known to hold the socket, and of their ancestors that hold it under the same number,
    /// the one that started first.
    fn eldest(&mut self, now: Timestamp, inode: u32) -> Option<Descriptor> {
        let held = self.by_inode.get(&inode)?.clone();
        let mut eldest: Option<(u64, Descriptor)> = None;
        for &descriptor in &held {
            if held.len() > 1 && !self.holds(descriptor, inode) {
                continue;
            }
            let Some(lineage) = self.lineage(now, descriptor.pid) else { continue };
            let (started, ancestor) = self.oldest_ancestor(now, lineage, descriptor, inode);
            if eldest.is_none_or(|(eldest, _)| started < eldest) {
                eldest = Some((started, ancestor));
            }
        }
        eldest.map(|(_, descriptor)| descriptor)
    }

    /// Goes up from `descriptor` as long as the parent holds the socket under the same number.
    fn oldest_ancestor(
        &mut self,
        now: Timestamp,
        mut lineage: Lineage,
        descriptor: Descriptor,
        inode: u32,
    ) -> (u64, Descriptor) {
        let mut oldest = descriptor;
        while lineage.parent > 1 {
            let parent = Descriptor { pid: lineage.parent, fd: descriptor.fd };
            if !self.holds(parent, inode) {
                break;
            }
            let Some(next) = self.lineage(now, parent.pid).filter(|next| next.started <= lineage.started)
            else {
                break;
            };
            (lineage, oldest) = (next, parent);
        }
        (lineage.started, oldest)
    }

    fn lineage(&mut self, now: Timestamp, pid: i32) -> Option<Lineage> {
        if let Some(known) =
            self.lineages.get(&pid).filter(|known| now.since(known.read) < LINEAGE_AGE && known.read <= now)
        {
            return Some(*known);
        }
        let stat = processes::read_stat(&self.root, pid)?;
        let lineage = Lineage { parent: stat.parent, started: stat.started, read: now };
        self.lineages.insert(pid, lineage);
        Some(lineage)
    }

    /// A sought socket was found here: new ones are likely to be close.
    fn note(&mut self, found: Descriptor) {
        self.scanned.entry(found.pid).or_default().note(found.fd);
        if self.recent.first() == Some(&found.pid) {
            return;
        }
        self.recent.retain(|&pid| pid != found.pid);
        self.recent.insert(0, found.pid);
        self.recent.truncate(MAX_RECENT);
    }

    fn look_in_recent(&mut self, now: Timestamp, missing: &mut HashSet<u32>) {
        let recent = self.recent.clone();
        for &pid in &recent {
            self.look_near(pid, missing);
        }
        for pid in recent {
            let is_due = self.scanned.get(&pid).is_none_or(|scanned| {
                let pause = PAUSE_PER_DESCRIPTOR * scanned.descriptors;
                now.since(scanned.at) >= pause || scanned.at > now
            });
            if missing.is_empty() {
                return;
            }
            if is_due {
                self.scan(now, pid, missing);
            }
        }
    }

    /// Tries the descriptors close to the last ones: the kernel gives out the lowest that is free, so
    /// new ones are likely to follow it, one after the other, in each gap that others have left.
    fn look_near(&mut self, pid: i32, missing: &mut HashSet<u32>) {
        let places = self.scanned.get(&pid).map(|scanned| scanned.last.clone()).unwrap_or_default();
        for last in places {
            self.look_along(pid, (last..).take(MAX_RUN), missing);
            self.look_along(pid, (0..last).rev().take(MAX_RUN), missing);
        }
    }

    /// Tries descriptors one after the other, until several in a row were in vain.
    fn look_along(&mut self, pid: i32, descriptors: impl Iterator<Item = i32>, missing: &mut HashSet<u32>) {
        let mut in_vain = 0;
        for fd in descriptors {
            if missing.is_empty() || in_vain >= NEAR {
                return;
            }
            in_vain += 1;
            let link = self.root.join(format!("{pid}/fd/{fd}"));
            let inode = fs::read_link(link).ok().and_then(|target| socket_inode(&target));
            if let Some(inode) = inode.filter(|inode| missing.remove(inode)) {
                in_vain = 0;
                if self.scanned.get(&pid).is_some_and(|scanned| scanned.sockets.len() >= MAX_HINTS) {
                    self.forget_sockets(pid);
                }
                self.remember(Descriptor { pid, fd }, inode);
                self.scanned.entry(pid).or_default().sockets.push(inode);
            }
        }
    }

    /// Scans the processes that no scan has seen yet, the newest first.
    fn look_in_new(&mut self, now: Timestamp, missing: &mut HashSet<u32>) {
        if self.full_scan.is_none() {
            return; // all are new
        }
        let mut new: Vec<i32> = self.pids();
        if self.scanned.len() > 2 * new.len() {
            self.forget_all_but(&new);
        }
        new.retain(|pid| !self.scanned.contains_key(pid));
        new.sort_unstable_by(|a, b| b.cmp(a));
        for pid in new {
            if missing.is_empty() {
                return;
            }
            self.scan(now, pid, missing);
        }
    }

    /// Whether one of the sockets was missing before and still is there: most that are not found at
    /// once have been closed meanwhile. Those that full scans have missed are not worth another.
    fn is_worth_a_full_scan(&mut self, now: Timestamp, missing: &HashSet<u32>) -> bool {
        if self.missed.len() >= MAX_MISSED {
            self.missed.clear();
        }
        let mut is_worth = self.full_scan.is_none();
        for inode in missing.iter().copied().collect::<Vec<u32>>() {
            match self.missed.get(&inode) {
                Some(missed) => is_worth |= missed.times < MAX_MISSES || now.since(missed.at) >= HOPELESS,
                None => _ = self.missed.insert(inode, Missed { times: 0, at: now }),
            }
        }
        is_worth
    }

    /// Scans every process, if that is not too soon after the last time.
    fn look_everywhere(&mut self, now: Timestamp, missing: &HashSet<u32>) {
        let pause = FULL_SCAN_PAUSE.max(PAUSE_PER_DESCRIPTOR * self.descriptors);
        if self.full_scan.is_some_and(|at| now.since(at) < pause && at <= now) {
            return;
        }
        self.full_scan = Some(now);
        let mut left = missing.clone();
        let pids = self.pids();
        self.forget_all_but(&pids);
        self.descriptors = 0;
        for pid in pids {
            self.scan(now, pid, &mut left);
            let descriptors = self.scanned.get(&pid).map_or(0, |scanned| scanned.descriptors);
            self.descriptors = self.descriptors.saturating_add(descriptors);
        }
        self.missed.retain(|_, missed| now.since(missed.at) < HOPELESS);
        for inode in left.drain() {
            let missed = self.missed.entry(inode).or_default();
            *missed = Missed { times: missed.times.saturating_add(1), at: now };
        }
    }

    /// Forgets the processes that are not among `alive`.
    fn forget_all_but(&mut self, alive: &[i32]) {
        let alive: HashSet<i32> = alive.iter().copied().collect();
        let mut gone: Vec<i32> = self.scanned.keys().copied().collect();
        gone.retain(|pid| !alive.contains(pid));
        for pid in gone {
            self.forget(pid);
        }
        self.lineages.retain(|pid, _| alive.contains(pid));
    }

    /// Reads all descriptors of one process.
    fn scan(&mut self, now: Timestamp, pid: i32, missing: &mut HashSet<u32>) {
        self.forget_sockets(pid);
        let mut found: Vec<(u32, i32)> = Vec::new();
        let mut descriptors = 0_u32;
        // A process that ended, or one that may not be looked into, holds nothing that can be said.
        for entry in fs::read_dir(self.root.join(format!("{pid}/fd"))).into_iter().flatten().flatten() {
            descriptors = descriptors.saturating_add(1);
            let fd = entry.file_name().to_str().and_then(|name| name.parse().ok());
            let inode = fs::read_link(entry.path()).ok().and_then(|target| socket_inode(&target));
            found.extend(inode.zip(fd));
        }
        for &(inode, fd) in &found {
            missing.remove(&inode);
            self.remember(Descriptor { pid, fd }, inode);
        }
        let scanned = self.scanned.entry(pid).or_default();
        scanned.sockets = found.into_iter().map(|(inode, _)| inode).collect();
        scanned.descriptors = descriptors;
        scanned.at = now;
    }

    fn remember(&mut self, descriptor: Descriptor, inode: u32) {
        if self.by_inode.len() >= MAX_SOCKETS {
            return;
        }
        let held = self.by_inode.entry(inode).or_default();
        if !held.contains(&descriptor) {
            held.push(descriptor);
        }
    }

    fn forget_sockets(&mut self, pid: i32) {
        let sockets = self.scanned.get_mut(&pid).map(|scanned| std::mem::take(&mut scanned.sockets));
        for inode in sockets.unwrap_or_default() {
            if let Some(held) = self.by_inode.get_mut(&inode) {
                held.retain(|descriptor| descriptor.pid != pid);
                if held.is_empty() {
                    self.by_inode.remove(&inode);
                }
            }
        }
    }

    fn pids(&self) -> Vec<i32> {
        let entries = fs::read_dir(&self.root).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
    }
}

/// The inode in the target of a descriptor's link, `socket:[4711]`.
pub(super) fn socket_inode(target: &Path) -> Option<u32> {
    target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests;
