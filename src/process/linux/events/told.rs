//! What the kernel told lately, kept until the packets come that it is about.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;

use super::{KernelEvents, Report};
use crate::event::{FlowKey, Protocol};
use crate::process::linux::processes::{Processes, Seen};
use crate::process::linux::sockets::{End, end};
use crate::time::Timestamp;

/// How long a report is believed. Packets are read within milliseconds; a port is not used again that soon.
const BELIEVED: Duration = Duration::from_secs(3);
/// Reports kept at most; the oldest go first.
const MAX_REPORTS: usize = 16_384;
/// For how long a process is taken to be the one it was a moment ago.
const FRESH: Duration = Duration::from_millis(100);
/// How long what was seen of a process may stand for one that is gone when it is looked at again. Those that live for a
/// moment would otherwise stay for as long as there are connections.
const REMEMBERED: Duration = Duration::from_secs(30);

/// A protocol and the two ends of a socket.
type Ends = (Protocol, End, End);

/// A process as it was when the kernel told of it.
#[derive(Debug)]
struct Entry {
    number: u64,
    process: Arc<Seen>,
}

/// Kernel events and what they said.
#[derive(Debug)]
pub(in crate::process::linux) struct Told {
    events: KernelEvents,
    reports: Reports,
    looks: Looks,
}

impl Told {
    pub(in crate::process::linux) fn new(events: KernelEvents) -> Self {
        Self { events, reports: Reports::default(), looks: Looks::default() }
    }

    /// Takes in what the kernel told since the last call, and looks at the processes while they are there.
    pub(in crate::process::linux) fn listen(&mut self, now: Timestamp, processes: &Processes) {
        self.reports.forget(now);
        self.looks.forget(now);
        while let Some(report) = self.events.next() {
            let process = self.looks.look(now, (report.pid, &report.comm), processes);
            self.reports.keep(now, &report, process);
        }
    }

    /// The process that the newest report on this flow's socket names.
    pub(in crate::process::linux) fn owner(&self, key: &FlowKey) -> Option<Arc<Seen>> {
        self.reports.find(key).map(Arc::clone)
    }
}

/// Processes looked at lately, by pid.
#[derive(Debug, Default)]
struct Looks {
    seen: HashMap<i32, (Arc<Seen>, Timestamp)>,
    /// When those that were looked at too long ago were last forgotten.
    swept: Timestamp,
}

impl Looks {
    /// Looks at a process that the kernel has just named with its pid and name.
    fn look(&mut self, now: Timestamp, named: (i32, &str), processes: &Processes) -> Arc<Seen> {
        let before = self.seen.get(&named.0);
        if let Some((seen, _)) = before.filter(|(_, at)| *at <= now && now.since(*at) < FRESH) {
            return Arc::clone(seen);
        }
        let process = processes.glimpse(now, named, before.map(|(seen, _)| seen));
        if self.seen.len() >= MAX_REPORTS {
            self.seen.clear();
        }
        self.seen.insert(named.0, (Arc::clone(&process), now));
        process
    }

    /// Forgets, once in a while, those that were looked at too long ago.
    fn forget(&mut self, now: Timestamp) {
        if is_over(self.swept, now, BELIEVED) {
            self.swept = now;
            self.seen.retain(|_, (_, at)| !is_over(*at, now, REMEMBERED));
        }
    }
}

/// Whether `at` is longer ago than `age`, or from before the clock stepped back.
fn is_over(at: Timestamp, now: Timestamp, age: Duration) -> bool {
    at > now || now.since(at) > age
}

/// The reports by the ends of their sockets.
#[derive(Debug, Default)]
struct Reports {
    by_ends: HashMap<Ends, Entry>,
    /// In the order in which they came, with their numbers.
    order: VecDeque<(Timestamp, u64, Ends)>,
    next: u64,
}

impl Reports {
    fn keep(&mut self, now: Timestamp, report: &Report, process: Arc<Seen>) {
        let ends = (report.protocol, report.local, report.remote);
        let number = self.next;
        self.next += 1;
        self.by_ends.insert(ends, Entry { number, process });
        self.order.push_back((now, number, ends));
        if self.order.len() > MAX_REPORTS {
            self.forget_first();
        }
    }

    /// Forgets what is too old to be believed, or from before the clock stepped back.
    fn forget(&mut self, now: Timestamp) {
        while self.order.front().is_some_and(|(at, ..)| is_over(*at, now, BELIEVED)) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, number, ends)) = self.order.pop_front()
            // A newer report on the same ends stays.
            && self.by_ends.get(&ends).is_some_and(|entry| entry.number == number)
        {
            self.by_ends.remove(&ends);
        }
    }

    /// A connected socket is known by both ends; another UDP socket by its port, with or without its address.
    fn find(&self, key: &FlowKey) -> Option<&Arc<Seen>> {
        let (local, remote) = (end(key.local), end(key.remote));
        let of = |local: End, remote: End| self.by_ends.get(&(key.protocol, local, remote));
        if key.protocol != Protocol::UDP {
            return of(local, remote).map(|entry| &entry.process);
        }
        let any: [IpAddr; 2] = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
        let locals = [local.0, any[0], any[1]].map(|address| (address, local.1));
        let remotes = any.map(|address| (address, 0));
        let bound = locals.into_iter().flat_map(|local| remotes.map(|remote| of(local, remote)));
        let all = bound.chain([of(local, remote)]).flatten();
        all.max_by_key(|entry| entry.number).map(|entry| &entry.process)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use std::path::Path;

    use super::*;
    use crate::event::InterfaceId;

    const NOW: Timestamp = Timestamp::new(1_000, 0);

    /// Reports of processes that are gone, which differ by their pid.
    struct Fixture {
        reports: Reports,
        processes: Processes,
    }

    impl Fixture {
        fn new() -> Self {
            Self { reports: Reports::default(), processes: Processes::new(Path::new("/proc")).unwrap() }
        }

        fn keep(&mut self, now: Timestamp, pid: i32, (protocol, local, remote): (Protocol, &str, &str)) {
            let end = |text: &str| end(text.parse().unwrap());
            let (local, remote) = (end(local), end(remote));
            // Pids end at 2^22 (proc_sys_kernel(5)), so that none of these is there.
            let seen = self.processes.glimpse(now, ((1 << 24) + pid, "gone"), None);
            let report = Report { pid, comm: "gone".to_owned(), protocol, local, remote };
            self.reports.keep(now, &report, seen);
        }

        fn find(&mut self, protocol: Protocol, local: &str, remote: &str) -> Option<i32> {
            let (local, remote) = (local.parse().unwrap(), remote.parse().unwrap());
            let key = FlowKey { protocol, local, remote, interface: InterfaceId(1) };
            let seen = Arc::clone(self.reports.find(&key)?);
            let key = self.processes.adopt(NOW, &seen, &mut crate::process::News::default());
            Some(key.pid - (1 << 24))
        }
    }

    #[test]
    fn a_connection_is_known_by_both_ends_and_nothing_less() {
        let mut told = Fixture::new();
        told.keep(NOW, 1, (Protocol::TCP, "10.0.0.1:5000", "192.0.2.1:443"));
        told.keep(NOW, 2, (Protocol::TCP, "[::ffff:10.0.0.1]:5001", "[::ffff:192.0.2.1]:443"));
        assert_eq!(told.find(Protocol::TCP, "10.0.0.1:5000", "192.0.2.1:443"), Some(1));
        assert_eq!(told.find(Protocol::TCP, "10.0.0.1:5001", "192.0.2.1:443"), Some(2));
        assert_eq!(told.find(Protocol::TCP, "10.0.0.1:5000", "192.0.2.1:80"), None);
        assert_eq!(told.find(Protocol::UDP, "10.0.0.1:5000", "192.0.2.1:443"), None);
    }

    #[test]
    fn a_datagram_belongs_to_the_newest_socket_that_could_have_sent_it() {
        let mut told = Fixture::new();
        told.keep(NOW, 1, (Protocol::UDP, "10.0.0.1:5000", "192.0.2.1:53"));
        assert_eq!(told.find(Protocol::UDP, "10.0.0.1:5000", "192.0.2.1:53"), Some(1));
        assert_eq!(told.find(Protocol::UDP, "10.0.0.1:5000", "192.0.2.2:53"), None, "connected elsewhere");
        told.keep(NOW, 2, (Protocol::UDP, "0.0.0.0:5000", "0.0.0.0:0"));
        assert_eq!(told.find(Protocol::UDP, "10.0.0.1:5000", "192.0.2.1:53"), Some(2));
        told.keep(NOW, 3, (Protocol::UDP, "[::]:5000", "[::]:0"));
        assert_eq!(told.find(Protocol::UDP, "10.0.0.1:5000", "192.0.2.1:53"), Some(3));
        told.keep(NOW, 4, (Protocol::UDP, "10.0.0.1:5000", "0.0.0.0:0"));
        assert_eq!(told.find(Protocol::UDP, "10.0.0.1:5000", "192.0.2.2:53"), Some(4));
        assert_eq!(told.find(Protocol::UDP, "10.0.0.2:5000", "192.0.2.2:53"), Some(3), "another address");
    }

    #[test]
    fn processes_that_live_for_a_moment_are_forgotten_however_busy_the_network_is() {
        let processes = Processes::new(Path::new("/proc")).unwrap();
        let mut looks = Looks::default();
        // Ten a second for ten minutes, without a pause.
        for number in 0..6_000_u16 {
            let now = NOW + Duration::from_millis(100) * number.into();
            looks.forget(now);
            let gone = (1 << 24) + i32::from(number);
            let seen = looks.look(now, (gone, "gone"), &processes);
            let again = looks.look(now + FRESH, (gone, "gone"), &processes);
            assert!(Arc::ptr_eq(&seen, &again), "what was seen lately stands for one that is gone");
            assert!(looks.seen.len() <= 10 * 37, "{} are remembered", looks.seen.len());
        }
    }

    #[test]
    fn reports_are_believed_for_a_while_and_bounded_in_number() {
        let mut told = Fixture::new();
        let ends = (Protocol::TCP, "10.0.0.1:5000", "192.0.2.1:443");
        told.keep(NOW, 1, ends);
        told.keep(NOW + BELIEVED, 2, ends);
        told.reports.forget(NOW + BELIEVED + Duration::from_nanos(1));
        assert_eq!(told.find(ends.0, ends.1, ends.2), Some(2), "only the older one is forgotten");
        told.reports.forget(NOW + BELIEVED * 3);
        assert_eq!(told.find(ends.0, ends.1, ends.2), None);
        for _ in 0..=MAX_REPORTS {
            told.keep(NOW, 3, ends);
        }
        assert_eq!((told.reports.order.len(), told.reports.by_ends.len()), (MAX_REPORTS, 1));
        // The clock was set back: nothing from what now is the future stays.
        told.reports.forget(NOW - Duration::from_mins(1));
        assert_eq!((told.reports.order.len(), told.reports.by_ends.len()), (0, 0));
    }
}
