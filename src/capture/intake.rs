//! Frames into the meter: unwraps PKTAP, decodes, tells interfaces apart, and cuts a recording into ticks.

use std::time::Duration;

use hashbrown::{HashMap, HashSet};

use super::interfaces::interface_kind_by_name;
use super::meter::{Context, MAX_INTERFACES, Meter, MeterOptions, Whole};
use super::{Frame, Marks, Tag};
use crate::event::{Event, Interface, InterfaceId, InterfaceKind};
use crate::time::Timestamp;
use crate::wire::{self, LinkType, Packet, Transport, frame, pktap, tunnel};

/// The length of a tick of packet time.
pub const TICK: Duration = Duration::from_millis(50);

/// After this long without a packet, a recording gets a tick of its own, so that silent flows are closed
/// before they could be taken up again.
const SILENCE: Duration = Duration::from_secs(1);

/// Where the numbers of interfaces begin that are known by name only, far from those that files and
/// systems give.
const FIRST_NAMED: u32 = 1 << 30;

/// … and those of the interfaces in a recording that are known by another machine's index only.
const FIRST_INDEXED: u32 = 1 << 29;

/// … and those of the interfaces that stand for the insides of tunnels which a recording shows from outside.
const FIRST_ENTERED: u32 = 1 << 31;

/// Takes frames in.
#[derive(Debug)]
pub struct Intake {
    /// The meter behind it.
    pub meter: Meter,
    /// PKTAP's interfaces by name.
    named: HashMap<Box<str>, InterfaceId>,
    /// SLL2's interfaces by index.
    announced: HashSet<InterfaceId>,
    /// Whether SLL2's indices are those of this machine, which are announced to the intake.
    is_live: bool,
    /// Whether the packets inside tunnels are read: not where the machine's own tunnels show them.
    enters: bool,
    /// The kinds of tunnels that were entered: a bit for each.
    entered: u16,
    /// When the tick that has frames in it ends.
    ends: Option<Timestamp>,
    /// When the last one ended.
    last: Option<Timestamp>,
}

impl Intake {
    /// An intake of this machine's own frames: SLL2's indices are the interfaces' ids.
    #[must_use]
    pub fn live(options: MeterOptions) -> Self {
        Self { is_live: true, enters: false, ..Self::new(options) }
    }

    /// An intake of a recording, in front of a new meter. SLL2's indices are those of another machine, and
    /// kept apart from the numbers that the file gives its interfaces.
    #[must_use]
    pub fn new(options: MeterOptions) -> Self {
        Self {
            meter: Meter::new(options),
            named: HashMap::new(),
            announced: HashSet::new(),
            is_live: false,
            enters: true,
            entered: 0,
            ends: None,
            last: None,
        }
    }

    /// Announces an interface that frames will name by its id.
    pub fn interface_up(&mut self, interface: Interface) {
        self.announced.insert(interface.id);
        self.enters &= interface.kind != InterfaceKind::Tunnel;
        self.meter.interface_up(interface);
    }

    /// Says that an interface is gone.
    pub fn interface_down(&mut self, interface: InterfaceId) {
        self.announced.remove(&interface);
        self.meter.interface_down(interface);
    }

    /// Reads a frame and counts what is in it.
    pub fn frame(&mut self, frame: &Frame<'_>) {
        if self.ends.is_none() {
            self.ends = Some(start_of_tick(frame.time) + TICK);
        }
        let read = match frame.link {
            LinkType::PKTAP | LinkType::PKTAP_USER2 => self.tagged(frame),
            _ => self.plain(frame),
        };
        if let Err(error) = read {
            self.meter.unreadable(error);
        }
    }

    /// The end of a tick that must be told before a frame of this time is taken in: call
    /// [`Intake::tick`] with it and ask again. Recordings are cut by this; a live capture ticks by its own
    /// clock. Time may stand still, step back or leap: there are at most two ticks before each frame.
    #[must_use]
    pub fn due(&self, time: Timestamp) -> Option<Timestamp> {
        match (self.ends, self.last) {
            (Some(ends), _) if time >= ends || ends.since(time) > SILENCE => Some(ends),
            (None, Some(last)) if time.since(last) >= SILENCE => Some(start_of_tick(time)),
            _ => None,
        }
    }

    /// Ends a tick: see [`Meter::tick`].
    pub fn tick(&mut self, now: Timestamp, out: &mut Vec<Event>) {
        self.ends = None;
        self.last = Some(now);
        self.meter.tick(now, out);
    }

    /// Ends a recording: see [`Meter::finish`]. The time is that of the last tick.
    pub fn finish(&mut self, out: &mut Vec<Event>) {
        let now = self.ends.or(self.last).unwrap_or_default();
        self.meter.finish(now, out);
    }

    /// A frame that is an IP packet behind its link header.
    fn plain(&mut self, frame: &Frame<'_>) -> wire::Result<()> {
        let packet = frame::decode(frame.link, frame.bytes, frame.wire_len)?;
        let interface = match packet.interface_index {
            Some(index) if index > 0 => self.indexed(index, &packet),
            _ => frame.interface,
        };
        let context = Context { time: frame.time, interface, direction: frame.direction, tag: frame.tag };
        self.packet(&context, &packet, 0);
        Ok(())
    }

    /// A frame behind a PKTAP header.
    fn tagged(&mut self, frame: &Frame<'_>) -> wire::Result<()> {
        let header = pktap::read(frame.bytes)?;
        let inner = frame.bytes.get(header.len..).ok_or(wire::Error::Truncated)?;
        let wire_len = u32::try_from(header.len).ok().and_then(|len| frame.wire_len.checked_sub(len));
        let wire_len = wire_len.ok_or(wire::Error::Malformed)?;
        let packet = frame::decode(header.link, inner, wire_len)?;
        let interface = self.by_name(&header).unwrap_or(frame.interface);
        let direction = header.direction.or(frame.direction);
        let tag = Some(frame.tag.unwrap_or_else(|| tag(&header)));
        self.packet(&Context { time: frame.time, interface, direction, tag }, &packet, 0);
        Ok(())
    }

    /// Counts a packet and, in a recording, the one inside it: as if its tunnel had an interface here. The bytes of
    /// tunnels are counted beside those of the interfaces that carry them, never twice.
    fn packet(&mut self, context: &Context<'_>, packet: &Packet<'_>, depth: usize) {
        let whole = self.meter.packet(context, packet);
        if !self.enters || depth >= tunnel::MAX_DEPTH || packet.other_host {
            return;
        }
        let joined = whole.as_ref().map(Whole::transport);
        let outer = joined.as_ref().unwrap_or(&packet.transport);
        let Some((kind, inner)) = inside(outer) else { return };
        let direction = context.direction.or(packet.direction);
        let interface = self.inside_of(kind);
        self.packet(&Context { interface, direction, tag: None, ..*context }, &inner, depth + 1);
    }

    /// The interface that stands for the inside of a kind of tunnel.
    fn inside_of(&mut self, kind: tunnel::Kind) -> InterfaceId {
        let (id, bit) = (InterfaceId(FIRST_ENTERED + kind as u32), 1 << (kind as u16));
        if self.entered & bit == 0 {
            self.entered |= bit;
            let (name, kind) = (kind.name().to_owned(), InterfaceKind::Tunnel);
            self.meter.interface_up(Interface { id, name, kind, uppers: Vec::new() });
        }
        id
    }

    /// The interface of an SLL2 frame; announced by its number if nothing better was said of it.
    fn indexed(&mut self, index: u32, packet: &Packet<'_>) -> InterfaceId {
        let id = InterfaceId(if self.is_live { index } else { index % FIRST_INDEXED + FIRST_INDEXED });
        if !self.announced.contains(&id) && self.announced.len() < MAX_INTERFACES {
            let kind = if packet.loopback { InterfaceKind::Loopback } else { InterfaceKind::Physical };
            self.interface_up(Interface { id, name: format!("#{index}"), kind, uppers: Vec::new() });
        }
        id
    }

    /// The interface that a PKTAP header names; `None` where it names none, or one too many.
    fn by_name(&mut self, header: &pktap::Header<'_>) -> Option<InterfaceId> {
        if let Some(&id) = self.named.get(header.interface) {
            return Some(id);
        }
        if header.interface.is_empty() || self.named.len() >= MAX_INTERFACES {
            return None;
        }
        let id = InterfaceId(FIRST_NAMED + u32::try_from(self.named.len()).ok()?);
        let (name, kind) = (header.interface.to_owned(), kind(header));
        self.enters &= kind != InterfaceKind::Tunnel;
        self.named.insert(name.as_str().into(), id);
        self.meter.interface_up(Interface { id, name, kind, uppers: Vec::new() });
        Some(id)
    }
}

/// The packet inside another one that is whole.
fn inside<'a>(outer: &Transport<'a>) -> Option<(tunnel::Kind, Packet<'a>)> {
    if outer.fragment.is_some() {
        return None;
    }
    let kind = tunnel::Kind::of(outer.protocol, [outer.source_port, outer.destination_port])?;
    let packet = tunnel::enter(kind, outer.payload, outer.payload_len).ok()?;
    Some((kind, packet))
}

/// The beginning of the tick that `time` is in. Ticks are aligned, so that the same recording is always cut
/// the same way.
fn start_of_tick(time: Timestamp) -> Timestamp {
    let tick = u64::try_from(TICK.as_nanos()).unwrap_or(u64::MAX);
    Timestamp::from_nanos(time.as_nanos() / tick * tick)
}

/// What an interface is, by its type (`bsd/net/if_types.h` in xnu) or else by its name.
fn kind(header: &pktap::Header<'_>) -> InterfaceKind {
    const IFT_PPP: u16 = 0x17;
    const IFT_LOOP: u16 = 0x18;
    const IFT_GIF: u16 = 0x37;
    const IFT_STF: u16 = 0x39;
    const IFT_L2VLAN: u16 = 0x87;
    const IFT_IEEE8023ADLAG: u16 = 0x88;
    const IFT_BRIDGE: u16 = 0xd1;
    match header.interface_type {
        IFT_LOOP => InterfaceKind::Loopback,
        IFT_PPP | IFT_GIF | IFT_STF => InterfaceKind::Tunnel,
        IFT_L2VLAN | IFT_IEEE8023ADLAG | IFT_BRIDGE => InterfaceKind::Stacked,
        _ => interface_kind_by_name(header.interface),
    }
}

/// The owner and the marks in a PKTAP header.
fn tag<'a>(header: &pktap::Header<'a>) -> Tag<'a> {
    // `PTH_FLAG_…` in xnu `bsd/net/pktap.h`.
    const MARKS: [(u32, Marks); 4] = [
        (0x4000, Marks::NEW_FLOW),
        (0x8000, Marks::RETRANSMIT),
        (0x1_0000, Marks::KEEP_ALIVE),
        (0x10_0000, Marks::WAKE),
    ];
    let set = MARKS.into_iter().filter(|&(flag, _)| header.flags & flag != 0);
    Tag {
        pid: header.pid,
        name: header.name,
        path: None,
        effective_pid: header.effective_pid,
        effective_name: header.effective_name,
        effective_path: None,
        marks: Marks(set.fold(0, |marks, (_, mark)| marks | mark.0)),
    }
}

#[cfg(test)]
#[expect(clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]
mod tests;
