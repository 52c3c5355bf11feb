//! The processes that own flows on macOS: named once, told apart by when they started, and followed to their end.

use hashbrown::HashMap;

use super::{System, describe};
use crate::event::{Owner, Process, ProcessKey};

/// Processes remembered at most; beyond that all are forgotten and named again.
const MAX_KNOWN: usize = 8_192;

/// A process as it was announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    key: ProcessKey,
    /// Its pid may be another process's by now.
    has_ended: bool,
}

/// The memory of processes.
#[derive(Debug, Default)]
pub(super) struct Processes {
    known: HashMap<i32, Known>,
}

impl Processes {
    /// The process that has this pid, announced in `news` if it was not before. Of one that has just ended nothing can
    /// be asked: it stays who it was, and else the number alone remains.
    pub(super) fn key(&mut self, system: &mut impl System, pid: i32, news: &mut Vec<Process>) -> ProcessKey {
        let known = self.known.get(&pid).copied();
        if let Some(known) = known.filter(|known| !known.has_ended) {
            return known.key;
        }
        let facts = system.facts(pid);
        match (facts, known) {
            (Some(facts), known) if known.is_none_or(|known| known.key.started != facts.started) => {
                let process = describe(pid, &facts);
                self.remember(system, process.key);
                let key = process.key;
                news.push(process);
                key
            }
            (_, Some(known)) => known.key,
            _ => ProcessKey { pid, started: None },
        }
    }

    /// Both processes of an owner that is known by pids alone.
    pub(super) fn owner(&mut self, system: &mut impl System, owner: Owner, news: &mut Vec<Process>) -> Owner {
        let process = self.key(system, owner.process.pid, news);
        let via = owner.via.map(|via| self.key(system, via.pid, news));
        Owner { process, via, ..owner }
    }

    /// Completes what a tag told of a process, if the one that has its pid now still goes by that name.
    pub(super) fn complete(&mut self, system: &mut impl System, tagged: &mut Process) {
        let pid = tagged.key.pid;
        let is_unnamed = tagged.name == format!("pid {pid}");
        match system.facts(pid) {
            Some(facts) if is_unnamed || facts.command == tagged.name => {
                *tagged = describe(pid, &facts);
                self.remember(system, tagged.key);
            }
            facts => {
                // Somebody else has the pid by now, or nobody: then it still is who it was.
                let known = self.known.get(&pid).filter(|_| facts.is_none());
                tagged.key = known.map_or(tagged.key, |known| known.key);
                self.known.insert(pid, Known { key: tagged.key, has_ended: true });
            }
        }
    }

    /// Appends the processes that have ended since the last call.
    pub(super) fn ended(&mut self, system: &mut impl System, out: &mut Vec<ProcessKey>) {
        let mut pids = Vec::new();
        system.ended(&mut pids);
        for pid in pids {
            if let Some(known) = self.known.get_mut(&pid).filter(|known| !known.has_ended) {
                known.has_ended = true;
                out.push(known.key);
            }
        }
    }

    fn remember(&mut self, system: &mut impl System, key: ProcessKey) {
        if self.known.len() >= MAX_KNOWN && !self.known.contains_key(&key.pid) {
            self.known.clear();
        }
        system.follow(key.pid);
        self.known.insert(key.pid, Known { key, has_ended: false });
    }
}
