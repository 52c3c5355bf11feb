//! Linux: the socket table names a flow's socket, and `/proc` names the process that holds it.
//!
//! A new flow costs one exact question to the kernel and one or a few `readlink`s. It must be asked
//! while the socket is open: a connection that is over before its packets are read leaves nothing
//! behind in the table by which its process could be found. An incoming one still can be given to the process
//! that listens; for the others there are [`events`], where the kernel allows them.

pub mod census;
pub mod ending;
pub mod events;
#[cfg(feature = "window")]
pub mod file_manager;
mod holders;
#[cfg(feature = "window")]
pub mod icons;
pub mod interfaces;
pub(crate) mod processes;
pub(crate) mod proxies;
mod raw_table;
mod sockets;
mod tcp_info;
pub mod tunnels;

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use hashbrown::HashMap;

use self::events::KernelEvents;
use self::events::told::Told;
use self::holders::Holders;
use self::processes::Processes;
use self::raw_table::RawSocket;
use self::sockets::{CONNECTED, End, LISTEN, SockDiag, SocketEntry, end};
use crate::event::{Direction, FlowId, Owner, OwnerSource, Protocol};
use crate::process::waiting::Waiting;
use crate::process::{Error, News, OwnerFinder, Wanted};
use crate::time::Timestamp;

/// With so many TCP flows at once, reading the whole table is cheaper than asking for each.
const MANY: usize = 400;
/// Waiting flows asked for in one tick.
const MAX_PER_TICK: usize = 2_000;
/// How long the lists of listening, bound and raw sockets are used.
const LIST_AGE: Duration = Duration::from_millis(250);
/// How long the list of bound sockets is used when a socket is missing in it.
const NEW_AGE: Duration = Duration::from_millis(20);
/// Ticks in which every process is checked for its end once.
const CHECK_ROUNDS: usize = 4;
/// Time between two ticks that check processes.
const CHECK_PAUSE: Duration = Duration::from_millis(250);

/// A list that is read again when it is too old.
#[derive(Debug)]
struct Cached<T> {
    list: Vec<T>,
    read: Option<Timestamp>,
}

impl<T> Cached<T> {
    const fn new() -> Self {
        Self { list: Vec::new(), read: None }
    }

    /// Whether the list is older than `age`, so that it must be read before it is used; if so it is
    /// empty now.
    fn is_stale(&mut self, now: Timestamp, age: Duration) -> bool {
        if self.read.is_some_and(|at| now.since(at) < age && at <= now) {
            return false;
        }
        self.list.clear();
        self.read = Some(now);
        true
    }
}

/// What the socket table says about a flow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Trace {
    /// The inodes of the sockets that are the flow's own; several when they share an address.
    own: Vec<u32>,
    /// The inodes of the listening sockets that it may have come in by.
    listening: Vec<u32>,
    /// Asking again is pointless.
    is_final: bool,
}

/// Finds owners on Linux. Needs `CAP_SYS_PTRACE` and `CAP_DAC_READ_SEARCH` to see the processes of
/// other users, and sees the network namespace in which it was opened.
#[derive(Debug)]
pub struct Owners {
    sockets: SockDiag,
    holders: Holders,
    processes: Processes,
    waiting: Waiting,
    listeners: Cached<SocketEntry>,
    bound: Cached<SocketEntry>,
    raw: Cached<RawSocket>,
    checked: Timestamp,
    told: Option<Told>,
}

impl Owners {
    /// Opens the way to the socket table and the process table. Later calls open files under `/proc`
    /// for reading, and no further sockets.
    ///
    /// # Errors
    ///
    /// [`Error::Os`] when the kernel has no `sock_diag`, or `/proc` is not readable.
    pub fn open() -> Result<Self, Error> {
        let root = Path::new("/proc");
        let mut sockets = SockDiag::open()?;
        let mut listeners = Vec::new();
        let os = |source| Error::Os { call: "sock_diag(7)", source };
        sockets.dump(Protocol::TCP, 1 << LISTEN, &mut listeners).map_err(os)?;
        Ok(Self {
            sockets,
            holders: Holders::new(root),
            processes: Processes::new(root)?,
            waiting: Waiting::default(),
            listeners: Cached::new(),
            bound: Cached::new(),
            raw: Cached::new(),
            checked: Timestamp::default(),
            told: None,
        })
    }

    /// Listens to kernel events too.
    #[must_use]
    pub fn with_events(self, events: KernelEvents) -> Self {
        Self { told: Some(Told::new(events)), ..self }
    }

    /// How many flows are waiting for an owner, or a better one.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    fn look(&mut self, now: Timestamp, wanted: &[Wanted], news: &mut News) {
        self.listen(now);
        let mut rest = Vec::with_capacity(wanted.len());
        for flow in wanted {
            // The kernel told of a connection before its first packet left, and so of this one rather than of an
            // earlier one with the same ends.
            let is_told = flow.key.protocol == Protocol::TCP && flow.opened == Some(Direction::Out);
            match is_told.then(|| self.told_owner(now, flow, news)).flatten() {
                Some(owner) => {
                    self.waiting.settle(flow.flow);
                    news.owners.push((flow.flow, owner));
                }
                None => rest.push(*flow),
            }
        }
        if !rest.is_empty() {
            self.look_in_table(now, &rest, news);
        }
    }

    /// Takes in what the kernel told.
    fn listen(&mut self, now: Timestamp) {
        if let Some(told) = &mut self.told {
            told.listen(now, &self.processes);
        }
    }

    fn told_owner(&mut self, now: Timestamp, flow: &Wanted, news: &mut News) -> Option<Owner> {
        let seen = self.told.as_ref()?.owner(&flow.key)?;
        let process = self.processes.adopt(now, &seen, news);
        Some(Owner { process, via: None, source: OwnerSource::KernelEvent })
    }

    fn look_in_table(&mut self, now: Timestamp, wanted: &[Wanted], news: &mut News) {
        let table = self.whole_table(wanted);
        let mut traces = Vec::with_capacity(wanted.len());
        let mut sought = Vec::new();
        let mut is_silent = false;
        for flow in wanted {
            // Waiting for one lost answer is enough; the other flows' turn comes again.
            let asked = (!is_silent).then(|| self.trace(now, flow, table.as_ref()));
            let trace = asked.unwrap_or_else(|| Ok(Trace::default())).unwrap_or_else(|err| {
                is_silent = err.kind() == io::ErrorKind::WouldBlock;
                Trace::default()
            });
            sought.extend(&trace.own);
            traces.push(trace);
        }
        let holders = self.holders.find(now, &sought);
        // A socket that the table does not have any longer may have come and gone since.
        self.listen(now);
        for (flow, trace) in wanted.iter().zip(traces) {
            let same = |pid: &i32| trace.own.iter().all(|inode| holders.get(inode) == Some(pid));
            let own = trace.own.first().and_then(|inode| holders.get(inode)).copied().filter(same);
            let owner = match own {
                Some(pid) => self.named(now, (pid, OwnerSource::SocketTable), news),
                None => self.told_owner(now, flow, news).or_else(|| {
                    let pid = self.listener(now, flow.flow, &trace)?;
                    self.named(now, (pid, OwnerSource::Listener), news)
                }),
            };
            if let Some(owner) = self.settle(now, flow, &trace, owner) {
                news.owners.push((flow.flow, owner));
            }
        }
    }

    fn named(&mut self, now: Timestamp, found: (i32, OwnerSource), news: &mut News) -> Option<Owner> {
        let (pid, source) = found;
        let process = self.processes.name(now, pid, news)?;
        Some(Owner { process, via: None, source })
    }

    /// Decides whether to ask again. Returns what was found, if that is better than what was known.
    fn settle(
        &mut self,
        now: Timestamp,
        wanted: &Wanted,
        trace: &Trace,
        found: Option<Owner>,
    ) -> Option<Owner> {
        let before = self.waiting.known(wanted.flow);
        let known = before.max(found.map(|owner| owner.source));
        // The listener's holders may be known only after the next full scan.
        let is_stale = self.waiting.is_stale(wanted.flow);
        let is_hopeless = trace.is_final && (known.is_some() || trace.listening.is_empty() || is_stale);
        if is_hopeless || known >= Some(OwnerSource::SocketTable) || (known.is_some() && is_stale) {
            self.waiting.settle(wanted.flow);
        } else {
            self.waiting.again(now, *wanted, known);
        }
        found.filter(|_| before < known)
    }

    /// The only process that listens where the flow came in, unless that was said before.
    fn listener(&mut self, now: Timestamp, flow: FlowId, trace: &Trace) -> Option<i32> {
        if trace.listening.is_empty() || self.waiting.known(flow).is_some() {
            return None;
        }
        self.holders.only_holder(now, &trace.listening)
    }

    /// All TCP sockets by their ends, when there are many to ask for.
    fn whole_table(&mut self, wanted: &[Wanted]) -> Option<HashMap<(End, End), SocketEntry>> {
        if wanted.iter().filter(|flow| flow.key.protocol == Protocol::TCP).count() < MANY {
            return None;
        }
        let mut all = Vec::new();
        self.sockets.dump(Protocol::TCP, CONNECTED, &mut all).ok()?;
        Some(all.into_iter().map(|entry| ((entry.local, entry.remote), entry)).collect())
    }

    /// Looks for the flow's sockets.
    fn trace(
        &mut self,
        now: Timestamp,
        wanted: &Wanted,
        table: Option<&HashMap<(End, End), SocketEntry>>,
    ) -> io::Result<Trace> {
        let key = &wanted.key;
        let ends = (end(key.local), end(key.remote));
        match key.protocol {
            Protocol::TCP => {
                let entry = match table.and_then(|table| table.get(&ends)) {
                    Some(entry) => Some(*entry),
                    None => self.find(wanted, ends)?,
                };
                self.trace_tcp(now, wanted, entry)
            }
            Protocol::UDP => {
                let entry = self.find(wanted, ends)?;
                self.trace_udp(now, ends, entry)
            }
            protocol => {
                // What comes in uninvited, such as a ping, the kernel answers itself.
                if wanted.opened != Some(Direction::Out) {
                    return Ok(Trace { is_final: true, ..Trace::default() });
                }
                self.read_raw(now);
                let own = raw_table::candidates(&self.raw.list, protocol, (ends.0.0, ends.1.0));
                Ok(Trace { own, ..Trace::default() })
            }
        }
    }

    /// Asks for the flow's socket: on its interface, then on any (it was seen on a bridge's member,
    /// say, but is bound to the bridge).
    fn find(&mut self, wanted: &Wanted, ends: (End, End)) -> io::Result<Option<SocketEntry>> {
        let (protocol, interface) = (wanted.key.protocol, wanted.key.interface.0);
        let found = self.sockets.find(protocol, ends, interface)?;
        let is_last = wanted.opened == Some(Direction::Out) || self.waiting.contains(wanted.flow);
        if found.is_none() && interface != 0 && is_last {
            return self.sockets.find(protocol, ends, 0);
        }
        Ok(found)
    }

    fn trace_tcp(
        &mut self,
        now: Timestamp,
        wanted: &Wanted,
        entry: Option<SocketEntry>,
    ) -> io::Result<Trace> {
        let mut trace = Trace::default();
        match entry {
            Some(entry) if entry.state != LISTEN && entry.inode != 0 => {
                trace.own.push(entry.inode);
                return Ok(trace);
            }
            // Nothing of its own. Who opens a connection has a socket before the first packet, and one
            // that is gone does not come back. For an incoming one a second look covers the moment
            // between a packet's arrival and the making of its socket.
            Some(SocketEntry { state: LISTEN, .. }) | None => {
                trace.is_final = wanted.opened == Some(Direction::Out) || self.waiting.contains(wanted.flow);
            }
            Some(entry) => trace.is_final = entry.is_orphan(),
        }
        if wanted.opened != Some(Direction::Out) {
            if self.listeners.is_stale(now, LIST_AGE) {
                self.sockets.dump(Protocol::TCP, 1 << LISTEN, &mut self.listeners.list)?;
            }
            trace.listening = sockets::most_specific(&self.listeners.list, end(wanted.key.local));
        }
        Ok(trace)
    }

    fn trace_udp(
        &mut self,
        now: Timestamp,
        ends: (End, End),
        entry: Option<SocketEntry>,
    ) -> io::Result<Trace> {
        let Some(entry) = entry.filter(|entry| entry.inode != 0) else {
            return Ok(Trace::default());
        };
        let mut trace = Trace { own: vec![entry.inode], ..Trace::default() };
        if entry.remote.1 != 0 {
            return Ok(trace);
        }
        // Bound, not connected: the address may be shared (SO_REUSEPORT, multicast).
        let is_new = !self.bound.list.iter().any(|bound| bound.inode == entry.inode);
        if self.bound.is_stale(now, if is_new { NEW_AGE } else { LIST_AGE }) {
            self.sockets.dump(Protocol::UDP, u32::MAX, &mut self.bound.list)?;
            self.bound.list.retain(|bound| bound.remote.1 == 0);
        }
        let sharing = sockets::most_specific(&self.bound.list, ends.0);
        if sharing.contains(&entry.inode) {
            trace.own = sharing;
        }
        Ok(trace)
    }

    fn read_raw(&mut self, now: Timestamp) {
        use raw_table::Kind::{Ping, Raw};
        if !self.raw.is_stale(now, LIST_AGE) {
            return;
        }
        for (kind, file) in [(Ping, "icmp"), (Ping, "icmp6"), (Raw, "raw"), (Raw, "raw6")] {
            // Without IPv6 in the kernel there is no such file.
            let text = fs::read_to_string(format!("/proc/self/net/{file}")).unwrap_or_default();
            self.raw.list.extend(raw_table::parse(kind, &text));
        }
    }
}

impl OwnerFinder for Owners {
    fn want(&mut self, now: Timestamp, wanted: &[Wanted], news: &mut News) {
        if !wanted.is_empty() {
            self.look(now, wanted, news);
        }
    }

    fn tick(&mut self, now: Timestamp, news: &mut News) {
        self.listen(now);
        let mut due = Vec::new();
        self.waiting.take_due(now, MAX_PER_TICK, &mut due);
        self.want(now, &due, news);
        if now.since(self.checked) >= CHECK_PAUSE || now < self.checked {
            self.checked = now;
            let before = news.exited.len();
            self.processes.check(now, CHECK_ROUNDS, news);
            for process in news.exited.get(before..).unwrap_or_default() {
                self.holders.forget(process.pid);
            }
        }
    }

    fn forget(&mut self, flow: FlowId) {
        self.waiting.settle(flow);
    }

    fn due(&self) -> Option<Timestamp> {
        self.waiting.first_due()
    }
}

#[cfg(test)]
mod tests;
