//! What the helper's sandbox forbids it to ask is added in the app: paths and users of processes, and missing owners.

use hashbrown::HashSet;

use super::owners::Owners;
use super::{System, describe};
use crate::event::{Event, FlowId, OwnerSource, Process};
use crate::process::{News, OwnerFinder, Wanted};
use crate::time::Timestamp;

/// Completes the events of a helper.
#[derive(Debug)]
pub struct Completer<S> {
    owners: Owners<S>,
    /// The newest time that the events told.
    now: Timestamp,
    /// Kept for their memory.
    wanted: Vec<Wanted>,
    closed: HashSet<FlowId>,
    news: News,
}

impl<S: System> Completer<S> {
    /// A completer that asks `system`.
    pub fn new(system: S) -> Self {
        Self {
            owners: Owners::new(system),
            now: Timestamp::default(),
            wanted: Vec::new(),
            closed: HashSet::new(),
            news: News::default(),
        }
    }

    /// Adds to a batch what the system knows: to each process its path, its app, its user and its parent; and at the
    /// end the owners of flows that no tag named. Call for every batch, as soon as it comes: processes and
    /// sockets that are gone cannot be asked about.
    pub fn complete(&mut self, events: &mut Vec<Event>) {
        self.closed.clear();
        for event in events.iter_mut() {
            self.look_at(event);
        }
        let closed = &self.closed;
        self.wanted.retain(|wanted| !closed.contains(&wanted.flow));
        self.owners.want(self.now, &self.wanted, &mut self.news);
        self.wanted.clear();
        self.owners.tick(self.now, &mut self.news);
        events.extend(self.news.processes.drain(..).map(Event::Process));
        events.extend(self.news.owners.drain(..).map(|(flow, owner)| Event::OwnerFound { flow, owner }));
    }

    fn look_at(&mut self, event: &mut Event) {
        match event {
            Event::Process(process) => self.describe(process),
            Event::FlowOpened { flow, time, key, opened, owner } => {
                self.now = *time;
                if owner.is_none() {
                    self.wanted.push(Wanted { flow: *flow, key: *key, opened: *opened });
                }
            }
            Event::OwnerFound { flow, owner } if owner.source >= OwnerSource::InboundTag => {
                self.owners.forget(*flow);
                self.wanted.retain(|wanted| wanted.flow != *flow);
            }
            Event::FlowClosed { flow, .. } => {
                self.owners.forget(*flow);
                self.closed.insert(*flow);
            }
            Event::Deltas { time, .. } => self.now = *time,
            _ => {}
        }
    }

    /// Describes a process that a tag named, if the process that has its pid now still goes by that name.
    fn describe(&mut self, process: &mut Process) {
        let Some(facts) = self.owners.system().facts(process.key.pid) else { return };
        if facts.command == process.name || process.name == format!("pid {}", process.key.pid) {
            *process = Process { key: process.key, ..describe(process.key.pid, &facts) };
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::panic, reason = "a test may panic")]

    use super::*;
    use crate::event::{App, CloseReason, FlowKey, InterfaceId, Owner, ProcessKey, Protocol};
    use crate::process::macos::owners::tests::{Fake, socket};

    fn opened(flow: u64, owner: Option<i32>) -> Event {
        let key = FlowKey {
            protocol: Protocol::TCP,
            local: ([10, 0, 0, 2], 50_000).into(),
            remote: ([1, 1, 1, 1], 443).into(),
            interface: InterfaceId(1),
        };
        let owner = owner.map(tagged);
        Event::FlowOpened { flow: FlowId(flow), time: Timestamp::new(100, 0), key, opened: None, owner }
    }

    fn tagged(pid: i32) -> Owner {
        Owner { process: ProcessKey { pid, started: None }, via: None, source: OwnerSource::InboundTag }
    }

    fn process(pid: i32, name: &str) -> Event {
        let app = App { id: name.to_owned(), name: name.to_owned() };
        let key = ProcessKey { pid, started: None };
        Event::Process(Process {
            key,
            name: name.to_owned(),
            path: None,
            uid: None,
            user: None,
            parent: None,
            app,
        })
    }

    fn completer() -> Completer<Fake> {
        let tcp = vec![socket("10.0.0.2:50000", "1.1.1.1:443", (7, -1))];
        Completer::new(Fake { tcp, ..Fake::default() })
    }

    #[test]
    fn a_tagged_process_gets_its_path_app_user_and_parent() {
        let mut events =
            vec![process(7, "app-7"), process(8, "another"), process(5000, "gone"), process(9, "pid 9")];
        completer().complete(&mut events);
        let [Event::Process(seven), eight, gone, Event::Process(nine)] = events.as_slice() else {
            panic!("{events:?}")
        };
        assert_eq!(seven.path.as_deref(), Some("/Applications/App 7.app/Contents/MacOS/app-7"));
        assert_eq!((&*seven.app.id, &*seven.app.name), ("/Applications/App 7.app", "App 7"));
        assert_eq!((seven.uid, seven.parent, seven.key.pid), (Some(501), Some(1), 7));
        assert_eq!(*eight, process(8, "another"), "the pid is somebody else's by now");
        assert_eq!(*gone, process(5000, "gone"));
        assert_eq!(nine.name, "app-9", "a tag without a name");
    }

    #[test]
    fn a_flow_without_tag_gets_its_owner_after_its_process() {
        let mut events = vec![opened(1, None)];
        completer().complete(&mut events);
        let [_, Event::Process(process), Event::OwnerFound { flow, owner }] = events.as_slice() else {
            panic!("{events:?}")
        };
        assert_eq!((process.key.pid, *flow), (7, FlowId(1)));
        assert_eq!((owner.process.pid, owner.source), (7, OwnerSource::SocketTable));
    }

    #[test]
    fn nothing_is_asked_for_what_is_tagged_or_closed() {
        let found = Event::OwnerFound { flow: FlowId(1), owner: tagged(9) };
        let closed =
            Event::FlowClosed { flow: FlowId(1), time: Timestamp::new(100, 0), reason: CloseReason::Ended };
        for batch in [vec![opened(1, Some(9))], vec![opened(1, None), found], vec![opened(1, None), closed]] {
            let mut completer = completer();
            let mut events = batch.clone();
            completer.complete(&mut events);
            assert_eq!(events, batch);
            assert_eq!(completer.owners.system().readings, 0);
            assert_eq!(completer.owners.due(), None);
        }
    }
}
