//! The engine that the helper runs: frames into flows, and the owners of their sockets.

use super::serve::Engine;
use crate::capture::Frame;
use crate::capture::intake::Intake;
use crate::capture::meter::MeterOptions;
use crate::event::{Event, InterfaceId};
use crate::process::linux::Owners;
use crate::process::linux::events::{KernelEvents, Refused};
use crate::process::linux::interfaces::{self, Interfaces};
use crate::process::linux::tunnels::Tunnels;
use crate::process::{News, OwnerFinder, Wanted};
use crate::time::Timestamp;

/// The engine of the shipped helper. What the system refuses is a fault that the app shows; the rest works without.
/// Without kernel events the socket table is all there is, which is a note and no fault.
#[must_use]
pub fn engine(events: Result<KernelEvents, Refused>) -> impl Engine {
    let mut sentences = Vec::new();
    let mut shown = |err: crate::process::Error| sentences.push(Event::Fault(err.to_string()));
    let mut owners = Owners::open().map_err(&mut shown).ok();
    let interfaces = Interfaces::open().map_err(&mut shown).ok();
    let local_addresses = interfaces::local_addresses().map_err(&mut shown).unwrap_or_default();
    match events {
        Ok(events) => owners = owners.map(|owners| owners.with_events(events)),
        Err(refused) => sentences.push(Event::Note(refused.to_string())),
    }
    let options = MeterOptions { owners: owners.is_some(), local_addresses, ..MeterOptions::default() };
    let mut engine = LiveEngine::new(Intake::live(options), owners, interfaces);
    engine.sentences = sentences;
    engine
}

/// Joins the intake, the look-up of owners and the list of interfaces.
struct LiveEngine<O> {
    intake: Intake,
    owners: Option<O>,
    interfaces: Option<Interfaces>,
    tunnels: Tunnels,
    /// Sentences that the app has not been told yet.
    sentences: Vec<Event>,
    /// Kept for their memory.
    wanted: Vec<Wanted>,
    news: News,
    changes: Vec<Event>,
}

impl<O: OwnerFinder> LiveEngine<O> {
    fn new(intake: Intake, owners: Option<O>, interfaces: Option<Interfaces>) -> Self {
        let mut engine = Self {
            intake,
            owners,
            interfaces,
            tunnels: Tunnels::new(),
            sentences: Vec::new(),
            wanted: Vec::new(),
            news: News::default(),
            changes: Vec::new(),
        };
        engine.follow_interfaces();
        engine
    }

    /// Tells the intake which interfaces came, went and changed; whether any did.
    fn follow_interfaces(&mut self) -> bool {
        let Some(interfaces) = &mut self.interfaces else { return false };
        interfaces.changes(&mut self.changes);
        let has_changed = !self.changes.is_empty();
        for change in self.changes.drain(..) {
            match change {
                Event::InterfaceUp(interface) => self.intake.interface_up(interface),
                Event::InterfaceDown(InterfaceId(index)) => self.intake.interface_down(InterfaceId(index)),
                _ => {}
            }
        }
        if has_changed && let Ok(addresses) = interfaces::local_addresses() {
            self.intake.meter.set_local_addresses(addresses);
        }
        has_changed
    }

    /// Passes on what was found out.
    fn tell(&mut self, now: Timestamp) {
        for process in self.news.processes.drain(..) {
            self.intake.meter.process(process);
        }
        for (flow, owner) in self.news.owners.drain(..) {
            self.intake.meter.set_owner(flow, owner);
        }
        for process in self.news.exited.drain(..) {
            self.intake.meter.process_exited(process, now);
        }
    }
}

impl<O: OwnerFinder> Engine for LiveEngine<O> {
    fn frame(&mut self, frame: &Frame<'_>) {
        self.intake.frame(frame);
    }

    fn drained(&mut self, now: Timestamp) {
        let Some(owners) = &mut self.owners else { return };
        let new = self.intake.meter.ownerless();
        self.wanted.extend(new.map(|new| Wanted { flow: new.flow, key: new.key, opened: new.opened }));
        if !self.wanted.is_empty() {
            owners.want(now, &self.wanted, &mut self.news);
            self.wanted.clear();
            self.tell(now);
        }
    }

    fn kernel_counts(&mut self, received: u64, dropped: u64) {
        self.intake.meter.kernel_counts(received, dropped);
    }

    fn tick(&mut self, now: Timestamp, out: &mut Vec<Event>) {
        let has_changed = self.follow_interfaces();
        if let Some(owners) = &mut self.owners {
            owners.tick(now, &mut self.news);
            self.tell(now);
        }
        out.append(&mut self.sentences);
        self.tunnels.changes(now, has_changed, out);
        let begin = out.len();
        self.intake.tick(now, out);
        if let Some(owners) = &mut self.owners {
            for event in out.iter().skip(begin) {
                if let Event::FlowClosed { flow, .. } = event {
                    owners.forget(*flow);
                }
            }
        }
    }

    fn is_waiting(&self) -> bool {
        self.owners.as_ref().is_some_and(|owners| owners.due().is_some())
    }
}
