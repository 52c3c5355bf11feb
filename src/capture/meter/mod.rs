//! The meter: decoded packets into flows, and flows into what they did in each tick.
//!
//! The cost of a packet is one look-up and a few additions: no clock is read and nothing is allocated, but
//! for the first packet of a flow and its opening bytes. The cost of a tick grows with the flows that were
//! touched in it, never with those that are followed.

mod flow;
mod orient;
mod owners;
mod pair;
mod report;
mod table;

use std::net::IpAddr;

use hashbrown::HashMap;

use self::flow::{Flow, Sight};
use self::orient::Orientation;
use self::pair::{Pair, Place};
use self::report::Pending;
use self::table::Table;
use super::fragments::{Datagram, Fragments};
use super::opening::GapBudget;
use super::whole::Joiner;
pub use super::whole::Whole;
use super::{Marks, Tag};
use crate::event::{
    CloseReason, Direction, FlowId, FlowKey, Interface, InterfaceId, InterfaceKind, Owner, Process,
    ProcessKey, is_loopback,
};
use crate::time::Timestamp;
use crate::wire::{self, Packet, TcpFlags, Transport, tunnel};

/// Flows followed at one time. When there are more, the one is let go whose patience ends next.
pub const MAX_FLOWS: usize = 1 << 20;

/// New flows that wait for somebody to ask for their owners. Those beyond stay without one.
pub const MAX_OWNERLESS: usize = 1 << 16;

/// Interfaces that are told apart.
pub const MAX_INTERFACES: usize = 4096;

/// What a meter is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeterOptions {
    /// Whether opening bytes and datagrams are passed on, for names.
    pub payload: bool,
    /// Whether somebody will ask for [`Meter::ownerless`] flows. Not so in a recording.
    pub owners: bool,
    /// The machine's own addresses, where they are known. Needed only for captures that do not say which
    /// way a packet went.
    pub local_addresses: Vec<IpAddr>,
    /// Flows followed at one time, at most [`MAX_FLOWS`].
    pub max_flows: usize,
}

impl Default for MeterOptions {
    fn default() -> Self {
        Self { payload: true, owners: false, local_addresses: Vec::new(), max_flows: MAX_FLOWS }
    }
}

/// Where and when a packet was seen.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// When the kernel saw it.
    pub time: Timestamp,
    /// Where.
    pub interface: InterfaceId,
    /// The way it went, where that is said beside the packet.
    pub direction: Option<Direction>,
    /// Whose it is, where that is said beside the packet.
    pub tag: Option<Tag<'a>>,
}

/// A flow that has no owner yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewFlow {
    /// Which flow.
    pub flow: FlowId,
    /// Its two ends.
    pub key: FlowKey,
    /// Which way its opening packet went, where that is known.
    pub opened: Option<Direction>,
}

/// Follows flows. Feed it packets; [`Meter::tick`] says what they amounted to.
#[derive(Debug, Default)]
pub struct Meter {
    options: MeterOptions,
    table: Table,
    fragments: Fragments,
    joiner: Joiner,
    gaps: GapBudget,
    names: owners::Names,
    interfaces: HashMap<InterfaceId, Seen>,
    /// The interface of the last packet, and whether it is loopback: packets come in runs.
    latest: Option<(InterfaceId, bool)>,
    clock: Clock,
    pending: Pending,
    ownerless: Vec<NewFlow>,
}

/// What is known of an interface.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    is_loopback: bool,
    /// Whether each loopback packet is shown twice: as it is sent and as it is received.
    is_doubled: bool,
}

/// Time that never runs backwards, made of the stamps of packets, which may.
#[derive(Clone, Copy, Debug, Default)]
struct Clock {
    nanos: u64,
    latest: Option<Timestamp>,
}

impl Clock {
    /// Packets of several interfaces overtake each other by less than this, in nanoseconds.
    const DISORDER: u64 = 1_000_000_000;

    /// The longest step forward, in nanoseconds: longer than any flow's patience, and short enough that no
    /// series of steps uses the clock up.
    const MAX_STEP: u64 = 3_600_000_000_000;

    /// The time at `stamp`.
    fn at(&mut self, stamp: Timestamp) -> u64 {
        let (new, latest) = (stamp.as_nanos(), self.latest.unwrap_or(stamp).as_nanos());
        if new >= latest {
            self.nanos = self.nanos.saturating_add((new - latest).min(Self::MAX_STEP));
            self.latest = Some(stamp);
        } else if latest - new > Self::DISORDER {
            self.latest = Some(stamp);
        }
        self.nanos
    }
}

impl Meter {
    /// A meter that follows nothing yet.
    #[must_use]
    pub fn new(options: MeterOptions) -> Self {
        let max_flows = options.max_flows.clamp(1, MAX_FLOWS);
        Self { options: MeterOptions { max_flows, ..options }, ..Self::default() }
    }

    /// Replaces the machine's own addresses.
    pub fn set_local_addresses(&mut self, addresses: Vec<IpAddr>) {
        self.options.local_addresses = addresses;
    }

    /// Announces an interface, or a change of it.
    pub fn interface_up(&mut self, interface: Interface) {
        let is_loopback = interface.kind == InterfaceKind::Loopback;
        if self.interfaces.len() < MAX_INTERFACES || self.interfaces.contains_key(&interface.id) {
            self.interfaces.entry(interface.id).or_default().is_loopback = is_loopback;
        }
        self.latest = None;
        self.pending.interface_up(interface);
    }

    /// Says that an interface is gone. Its flows stay until they have been silent for long enough.
    pub fn interface_down(&mut self, interface: InterfaceId) {
        self.interfaces.remove(&interface);
        self.latest = None;
        self.pending.interface_down(interface);
    }

    /// Counts a packet. Gives back what a fragmented datagram says, where this is the fragment that was missing.
    pub fn packet(&mut self, context: &Context<'_>, packet: &Packet<'_>) -> Option<Whole> {
        let clock = self.clock.at(context.time);
        self.pending.statistics.received += 1;
        if packet.other_host {
            self.pending.unrelated += 1;
            return None;
        }
        if let Some(tag) = &context.tag {
            self.names.learn(tag, |process| self.pending.process(process));
        }
        if packet.transport.fragment.is_some() {
            return self.fragmented(clock, context, packet);
        }
        let ports = [packet.transport.source_port, packet.transport.destination_port];
        self.count(clock, context, packet, (ports, &packet.transport));
        None
    }

    /// Counts a fragment. Apart from the rest, which has nothing to give back.
    #[cold]
    #[inline(never)]
    fn fragmented(&mut self, clock: u64, context: &Context<'_>, packet: &Packet<'_>) -> Option<Whole> {
        let (ports, whole) = self.fragment(clock, context.interface, packet);
        let joined = whole.as_ref().map(Whole::transport);
        self.count(clock, context, packet, (ports, joined.as_ref().unwrap_or(&packet.transport)));
        whole
    }

    /// Counts a packet that says `said` between these ports.
    #[expect(
        clippy::inline_always,
        reason = "a call for each packet, of which the other caller has none to spare"
    )]
    #[inline(always)]
    fn count(
        &mut self,
        clock: u64,
        context: &Context<'_>,
        packet: &Packet<'_>,
        (ports, said): ([u16; 2], &Transport<'_>),
    ) {
        let place = Place { interface: context.interface, ports };
        let direction = context.direction.or(packet.direction);
        let marks = context.tag.map_or(Marks::default(), |tag| tag.marks);
        let marked = marked(context.tag.as_ref());
        let mut sight =
            Sight { packet, said, direction: direction.unwrap_or(Direction::Out), clock, marked, marks };
        if self.is_within_machine(context, packet) {
            self.count_within(context, place, direction, &sight);
            return;
        }
        let (pair, source_is_low) = Pair::of(packet, place);
        let found = self.table.find(&pair);
        if let Some(flow) = found.and_then(|slot| self.table.get(slot)) {
            let is_sent = flow.local_is_low == source_is_low;
            sight.direction = if is_sent { Direction::Out } else { Direction::In };
        } else if direction.is_none() {
            match orient::orient(packet, place.ports, &self.options.local_addresses) {
                Orientation::One(direction) => sight.direction = direction,
                Orientation::Both => {
                    self.see_both_ends(context, place, &sight);
                    return;
                }
            }
        }
        let local_is_low = source_is_low == (sight.direction == Direction::Out);
        self.see(context, Lookup { pair: &pair, found, local_is_low }, &sight);
    }

    /// Counts a packet whose two ends are both this machine's, each of which has a flow.
    fn count_within(
        &mut self,
        context: &Context<'_>,
        place: Place,
        direction: Option<Direction>,
        sight: &Sight<'_>,
    ) {
        match direction {
            Some(direction) if self.is_doubled(context, direction) => self.see_end(context, place, sight),
            _ => self.see_both_ends(context, place, &Sight { direction: Direction::Out, ..*sight }),
        }
    }

    /// Counts a frame that is no packet: [`wire::Error::Unsupported`] is another protocol than IP, the rest
    /// could not be read.
    pub fn unreadable(&mut self, error: wire::Error) {
        self.pending.statistics.received += 1;
        match error {
            wire::Error::Unsupported => self.pending.statistics.not_ip += 1,
            wire::Error::Malformed | wire::Error::Truncated => self.pending.statistics.unreadable += 1,
        }
    }

    /// Tells the kernel's own counts since the capture began, which then stand for those made here.
    pub fn kernel_counts(&mut self, received: u64, dropped: u64) {
        self.pending.kernel = Some((received, dropped));
    }

    /// Packets between other machines that a promiscuous capture has shown; they belong to no flow.
    #[must_use]
    pub const fn unrelated(&self) -> u64 {
        self.pending.unrelated
    }

    /// Flows followed now.
    #[must_use]
    pub fn flows(&self) -> usize {
        self.table.len()
    }

    /// The new flows without an owner that nobody has asked for yet, in the order of their opening. Some
    /// may have an owner by now, or be gone.
    pub fn ownerless(&mut self) -> std::vec::Drain<'_, NewFlow> {
        self.ownerless.drain(..)
    }

    /// The ends of a flow that is still followed.
    #[must_use]
    pub fn key(&self, flow: FlowId) -> Option<FlowKey> {
        let slot = self.table.slot_of(flow)?;
        self.table.get(slot).map(Flow::key)
    }

    /// The owner of a flow that is still followed.
    #[must_use]
    pub fn owner(&self, flow: FlowId) -> Option<Owner> {
        let slot = self.table.slot_of(flow)?;
        self.table.get(slot).and_then(|flow| flow.owner)
    }

    /// Gives a flow an owner, unless it has one from as good a source.
    pub fn set_owner(&mut self, flow: FlowId, owner: Owner) {
        if let Some(flow) = self.table.slot_of(flow).and_then(|slot| self.table.get_mut(slot)) {
            self.pending.own(flow, owner);
        }
    }

    /// Passes on what was found out about a process. Call before the first [`Meter::set_owner`] with it.
    pub fn process(&mut self, process: Process) {
        self.pending.process(process);
    }

    /// Passes on that a process has ended.
    pub fn process_exited(&mut self, process: ProcessKey, time: Timestamp) {
        self.pending.process_exited(process, time);
    }

    /// The ports of a fragment, which are those of its datagram's first one; and the datagram, if it is whole now.
    fn fragment(
        &mut self,
        clock: u64,
        interface: InterfaceId,
        packet: &Packet<'_>,
    ) -> ([u16; 2], Option<Whole>) {
        let transport = &packet.transport;
        let ports = [transport.source_port, transport.destination_port];
        let Some(fragment) = transport.fragment else { return (ports, None) };
        let datagram = Datagram {
            source: packet.source,
            destination: packet.destination,
            protocol: transport.protocol,
            id: fragment.id,
            interface,
        };
        let has_ports = transport.protocol.has_ports();
        let is_wanted = has_ports || tunnel::Kind::of(transport.protocol, ports).is_some();
        let whole = if self.options.payload && is_wanted {
            self.joiner.join(clock, datagram, transport)
        } else {
            None
        };
        if !has_ports {
            return (ports, whole);
        }
        if !fragment.first {
            return (self.fragments.ports(clock, &datagram).unwrap_or([0, 0]), whole);
        }
        if fragment.more {
            self.fragments.learn(clock, datagram, ports);
        }
        (ports, whole)
    }

    /// Whether both ends of a packet are this machine.
    #[inline]
    fn is_within_machine(&mut self, context: &Context<'_>, packet: &Packet<'_>) -> bool {
        packet.loopback
            || self.is_on_loopback(context.interface)
            || (is_loopback(packet.source) && is_loopback(packet.destination))
    }

    #[inline]
    fn is_on_loopback(&mut self, interface: InterfaceId) -> bool {
        if let Some((latest, is_loopback)) = self.latest
            && latest == interface
        {
            return is_loopback;
        }
        let is_loopback = self.interfaces.get(&interface).is_some_and(|seen| seen.is_loopback);
        self.latest = Some((interface, is_loopback));
        is_loopback
    }

    /// Whether the capture shows both copies of each packet on this loopback interface.
    fn is_doubled(&mut self, context: &Context<'_>, direction: Direction) -> bool {
        if self.interfaces.get(&context.interface).is_some_and(|seen| seen.is_doubled) {
            return true;
        }
        if direction == Direction::In && context.tag.is_none() {
            return false;
        }
        if self.interfaces.len() < MAX_INTERFACES || self.interfaces.contains_key(&context.interface) {
            self.interfaces.entry(context.interface).or_default().is_doubled = true;
        }
        true
    }

    /// Sees a packet within the machine, of which there is one copy, as sent and as received. A tag on it
    /// speaks for the sender.
    fn see_both_ends(&mut self, context: &Context<'_>, place: Place, sent: &Sight<'_>) {
        self.see_end(context, place, sent);
        let received = Sight { direction: Direction::In, marked: None, marks: Marks::default(), ..*sent };
        self.see_end(&Context { tag: None, ..*context }, place, &received);
    }

    /// Sees a packet within the machine from the end that sent or received it.
    fn see_end(&mut self, context: &Context<'_>, place: Place, sight: &Sight<'_>) {
        let (pair, source_is_low) = Pair::of(sight.packet, place);
        let pair = pair.for_end(sight.direction, source_is_low);
        let found = self.table.find(&pair);
        let local_is_low = source_is_low == (sight.direction == Direction::Out);
        self.see(context, Lookup { pair: &pair, found, local_is_low }, sight);
    }

    /// Sees a packet from one end.
    fn see(&mut self, context: &Context<'_>, lookup: Lookup<'_>, sight: &Sight<'_>) {
        let segment = sight.segment();
        let ends = lookup.found.filter(|&slot| {
            segment
                .as_ref()
                .filter(|segment| segment.tcp.flags.has(TcpFlags::SYN))
                .is_some_and(|segment| self.table.get(slot).is_some_and(|flow| flow.is_succeeded_by(segment)))
        });
        if let Some(slot) = ends {
            self.close(slot, context.time, CloseReason::Ended);
        }
        let slot = match lookup.found {
            Some(slot) if ends.is_none() => Some(slot),
            _ => self.open(context, lookup, sight),
        };
        let Some(slot) = slot else { return };
        let Some(flow) = self.table.get_mut(slot) else { return };
        let Some(delta) = self.pending.delta(flow) else { return };
        let is_impatient = flow.count(sight, segment.as_ref(), delta);
        if let Some(tag) = &context.tag
            && let Some(owner) = owners::owner(tag, sight.direction)
        {
            self.pending.own(flow, owner);
        }
        if self.options.payload {
            if let Some(opening) = flow.opening(sight, &mut self.gaps) {
                self.pending.opening(opening);
            }
            if let Some(bytes) = flow.datagram(sight.said) {
                self.pending.datagram(flow.id, context.time, sight.direction, bytes);
            }
        }
        if is_impatient {
            self.table.rehang(slot);
        }
    }

    /// Begins to follow a flow.
    fn open(&mut self, context: &Context<'_>, lookup: Lookup<'_>, sight: &Sight<'_>) -> Option<u32> {
        if self.table.len() >= self.options.max_flows
            && let Some(silent) = self.table.next_to_expire()
        {
            self.pending.statistics.evicted += 1;
            self.close(silent, context.time, CloseReason::Evicted);
        }
        let flow = Flow::new(*lookup.pair, lookup.local_is_low, sight, self.options.payload);
        let slot = self.table.insert(flow)?;
        let flow = self.table.get_mut(slot)?;
        self.pending.opened(flow, context.time);
        if let (Some(state), Some(delta)) = (flow.state(), self.pending.delta(flow)) {
            delta.state = Some(state);
        }
        let is_tagged = context.tag.is_some_and(|tag| owners::owner(&tag, sight.direction).is_some());
        if self.options.owners && !is_tagged {
            if self.ownerless.len() < MAX_OWNERLESS {
                self.ownerless.push(NewFlow { flow: flow.id, key: flow.key(), opened: flow.opened });
            } else {
                self.pending.unasked += 1;
            }
        }
        Some(slot)
    }

    /// Ceases to follow a flow.
    fn close(&mut self, slot: u32, time: Timestamp, reason: CloseReason) {
        if let Some(mut flow) = self.table.remove(slot) {
            flow.release(&mut self.gaps);
            self.pending.closed(flow.id, time, reason);
        }
    }
}

/// Where in the table a packet belongs.
#[derive(Clone, Copy, Debug)]
struct Lookup<'a> {
    pair: &'a Pair,
    found: Option<u32>,
    local_is_low: bool,
}

/// The kernel's word on whether it sent a packet before.
fn marked(tag: Option<&Tag<'_>>) -> Option<bool> {
    tag.map(|tag| tag.marks.has(Marks::RETRANSMIT))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]
pub(super) mod tests;
