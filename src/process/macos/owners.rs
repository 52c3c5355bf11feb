//! The owners of flows that the kernel never tagged, from its list of sockets.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hashbrown::HashMap;

use super::System;
use super::pcblist::{Socket, Tcp};
use super::processes::Processes;
use crate::event::{Direction, FlowId, FlowKey, Owner, OwnerSource, Process, ProcessKey, Protocol};
use crate::process::waiting::Waiting;
use crate::process::{News, OwnerFinder, Wanted};
use crate::time::Timestamp;

/// Time between two readings of the list. More often would make the kernel lose more tags than it helps.
const PAUSE: Duration = Duration::from_secs(1);
/// Waiting flows looked for in one tick.
const MAX_PER_TICK: usize = 2_000;

/// Who uses a socket: `so_last_pid` and `so_e_pid`.
type Pids = (i32, i32);

/// The list of one protocol's sockets, as looked up.
#[derive(Debug, Default)]
struct Table {
    connected: HashMap<(SocketAddr, SocketAddr), Socket>,
    /// Sockets that are bound and not connected, by port: listening ones, and those of UDP.
    bound: HashMap<u16, Vec<Socket>>,
}

/// Finds owners on macOS.
#[derive(Debug)]
pub struct Owners<S> {
    system: S,
    tables: HashMap<Protocol, Table>,
    read: Option<Timestamp>,
    waiting: Waiting,
    processes: Processes,
}

impl<S: System> Owners<S> {
    /// A finder that asks `system`.
    pub fn new(system: S) -> Self {
        let (waiting, processes) = (Waiting::default(), Processes::default());
        Self { system, tables: HashMap::new(), read: None, waiting, processes }
    }

    /// The system that is asked.
    pub fn system(&mut self) -> &mut S {
        &mut self.system
    }

    /// The owner whom a tag names by pids alone, with its processes announced in `news` where they were not.
    pub(super) fn tagged(&mut self, owner: Owner, news: &mut Vec<Process>) -> Owner {
        self.processes.owner(&mut self.system, owner, news)
    }

    /// Completes what a tag told of a process.
    pub(super) fn complete(&mut self, process: &mut Process) {
        self.processes.complete(&mut self.system, process);
    }

    /// Appends the processes that have ended since the last call.
    pub(super) fn ended(&mut self, out: &mut Vec<ProcessKey>) {
        self.processes.ended(&mut self.system, out);
    }

    /// What the list of now says of a connection; reads it again if that is allowed, as each second.
    pub(super) fn tcp(&mut self, now: Timestamp, ends: (SocketAddr, SocketAddr)) -> Option<Tcp> {
        self.refresh(now);
        let table = self.tables.get(&Protocol::TCP)?;
        table.connected.get(&(canonical(ends.0), canonical(ends.1)))?.tcp
    }

    /// Reads the lists again if that is allowed now. A list that cannot be read is empty.
    fn refresh(&mut self, now: Timestamp) {
        // A clock that stepped back delays nothing.
        if self.read.is_some_and(|read| read <= now && now.since(read) < PAUSE) {
            return;
        }
        self.read = Some(now);
        for protocol in [Protocol::TCP, Protocol::UDP] {
            let sockets = self.system.sockets(protocol).unwrap_or_default();
            self.tables.insert(protocol, Table::new(sockets));
        }
    }

    fn look(&mut self, now: Timestamp, wanted: &[Wanted], news: &mut News) {
        for wanted in wanted {
            let before = self.waiting.known(wanted.flow);
            let found = self.tables.get(&wanted.key.protocol).and_then(|table| table.owner(wanted));
            let found = found.filter(|(_, source)| before.is_none_or(|before| before < *source));
            let known = found.map_or(before, |(_, source)| Some(source));
            if known == Some(OwnerSource::SocketTable) {
                self.waiting.settle(wanted.flow);
            } else {
                self.waiting.again(now, *wanted, known);
            }
            if let Some((pids, source)) = found
                && let Some(owner) = owner(pids, source)
            {
                let owner = self.processes.owner(&mut self.system, owner, &mut news.processes);
                news.owners.push((wanted.flow, owner));
            }
        }
    }
}

/// A positive effective pid that is another one is the owner, and the pid talks for it, as with tags. When they
/// started is not said.
pub(super) fn owner((pid, effective): Pids, source: OwnerSource) -> Option<Owner> {
    let key = |pid: i32| ProcessKey { pid, started: None };
    let talker = (pid > 0).then_some(key(pid));
    let effective = (effective > 0 && effective != pid).then_some(key(effective));
    Some(Owner { process: effective.or(talker)?, via: effective.and(talker), source })
}

impl Table {
    fn new(sockets: Vec<Socket>) -> Self {
        let mut table = Self::default();
        for socket in sockets {
            let pids = (socket.pid, socket.effective_pid);
            if socket.local.port() == 0 {
                continue;
            }
            if socket.remote.port() == 0 {
                if owner(pids, OwnerSource::SocketTable).is_none() {
                    continue;
                }
                table.bound.entry(socket.local.port()).or_default().push(socket);
            } else {
                table.connected.insert((canonical(socket.local), canonical(socket.remote)), socket);
            }
        }
        table
    }

    /// Whose the flow is: its own socket's; else, if it may have come in, that of the only process that waits there.
    fn owner(&self, wanted: &Wanted) -> Option<(Pids, OwnerSource)> {
        let FlowKey { protocol, local, remote, .. } = wanted.key;
        if let Some(socket) = self.connected.get(&(canonical(local), canonical(remote))) {
            return owner((socket.pid, socket.effective_pid), OwnerSource::SocketTable)
                .map(|_| ((socket.pid, socket.effective_pid), OwnerSource::SocketTable));
        }
        let source = match protocol {
            // A socket of UDP that is not connected sends and receives itself.
            Protocol::UDP => OwnerSource::SocketTable,
            _ if wanted.opened == Some(Direction::Out) => return None,
            _ => OwnerSource::Listener,
        };
        self.bound_to(canonical(local)).map(|pids| (pids, source))
    }

    /// The only user of the sockets bound to `local`: of those bound to its very address if there are any, else of
    /// those bound to any address.
    fn bound_to(&self, local: SocketAddr) -> Option<Pids> {
        let all = self.bound.get(&local.port())?;
        let exact = |socket: &&Socket| socket.local.ip().to_canonical() == local.ip();
        let open = |socket: &&Socket| {
            let is_family = socket.local.is_ipv4() == local.is_ipv4() || socket.is_dual;
            socket.local.ip().is_unspecified() && is_family
        };
        let only = |fits: &dyn Fn(&&Socket) -> bool| {
            let mut pids: Vec<Pids> =
                all.iter().filter(fits).map(|socket| (socket.pid, socket.effective_pid)).collect();
            pids.sort_unstable();
            pids.dedup();
            pids
        };
        let exact = only(&exact);
        let pids = if exact.is_empty() { only(&open) } else { exact };
        match pids.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }
}

/// An end without what distinguishes equal addresses: mapping, scope and flow label.
fn canonical(end: SocketAddr) -> SocketAddr {
    let address: IpAddr = end.ip().to_canonical();
    SocketAddr::new(address, end.port())
}

impl<S: System> OwnerFinder for Owners<S> {
    fn want(&mut self, now: Timestamp, wanted: &[Wanted], news: &mut News) {
        // Neither list has sockets without ports.
        let wanted: Vec<Wanted> =
            wanted.iter().copied().filter(|flow| flow.key.protocol.has_ports()).collect();
        if !wanted.is_empty() {
            self.refresh(now);
            self.look(now, &wanted, news);
        }
    }

    fn tick(&mut self, now: Timestamp, news: &mut News) {
        let mut due = Vec::new();
        self.waiting.take_due(now, MAX_PER_TICK, &mut due);
        self.want(now, &due, news);
    }

    fn forget(&mut self, flow: FlowId) {
        self.waiting.settle(flow);
    }

    fn due(&self) -> Option<Timestamp> {
        self.waiting.first_due()
    }
}

#[cfg(test)]
pub(crate) mod tests;
