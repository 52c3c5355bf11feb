//! The newer file format: sections of blocks, each section with its own interfaces (draft-ietf-opsawg-pcapng),
//! and with processes in the files of Apple's tcpdump (block and option codes: Apple libpcap `pcap/pcap-ng.h`).

use pcap_parser::pcapng::{EnhancedPacketBlock, InterfaceDescriptionBlock, SimplePacketBlock};
use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{Block, PcapNGOption, ProcessInformationBlock, parse_block_be, parse_block_le};

use super::source::Source;
use super::{
    FIRST_INTERFACE, Fault, Found, Located, MAX_BLOCK, MAX_INTERFACES, MAX_PROCESSES, OwnerRef, Step,
};
use crate::capture::interfaces::interface_kind_by_name;
use crate::capture::{Marks, Tag};
use crate::event::{Direction, Interface, InterfaceId};
use crate::time::Timestamp;
use crate::wire::{LinkType, frame};

// Block types.
const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
const PROCESS_INFORMATION: u32 = 0x8000_0001;

// Option codes, each within its kind of block.
const NAME: u16 = 2; //                 if_name; a process's name
const DESCRIPTION: u16 = 3; //          if_description; a process's path
const TIME_RESOLUTION: u16 = 9; //      if_tsresol
const TIME_OFFSET: u16 = 14; //         if_tsoffset
const PACKET_FLAGS: u16 = 2; //         epb_flags
const PROCESS: u16 = 0x8001; //         Apple: place of the owner in the section's list
const EFFECTIVE_PROCESS: u16 = 0x8003; // Apple: place of the effective owner
const METADATA_FLAGS: u16 = 0x8004; //  Apple: marks

/// Block type and length at the front, length again at the back.
const MIN_BLOCK: usize = 12;
/// Where the frame begins in an enhanced or an obsolete packet block.
const PACKET_DATA: usize = 28;
/// Where it begins in a simple packet block.
const SIMPLE_DATA: usize = 12;

/// Longest name that is kept, in bytes.
const MAX_NAME: usize = 256;
/// Longest path that is kept, in bytes: macOS's own limit.
const MAX_PATH: usize = 1024;

/// The section being read.
#[derive(Default)]
pub(super) struct Section {
    /// Whether a section header has been read.
    open: bool,
    big_endian: bool,
    interfaces: Vec<Description>,
    processes: Vec<Process>,
    /// Interfaces of all sections so far.
    interface_count: u32,
    /// The last packet's time: simple packets have none of their own.
    last_time: Timestamp,
    /// A sentence to be told before reading on.
    fault: Option<String>,
}

/// An interface as its block describes it.
struct Description {
    id: InterfaceId,
    link: LinkType,
    snaplen: u32,
    /// Ticks a second; `None` where that is too many to count with.
    ticks_per_second: Option<u128>,
    offset_secs: i64,
}

/// A process as its block describes it.
struct Process {
    pid: i32,
    name: String,
    path: Option<String>,
}

impl Section {
    /// Reads one block.
    pub(super) fn step(&mut self, source: &mut Source) -> Result<Step, Fault> {
        if let Some(sentence) = self.fault.take() {
            return Ok(Step::Found(Found::Fault(sentence)));
        }
        if !source.fill(MIN_BLOCK)? {
            return if source.peek().is_empty() {
                Ok(Step::Found(Found::End))
            } else {
                Err(Fault::Truncated)
            };
        }
        let head = source.peek();
        if word(head, 0, false)? == SECTION_HEADER {
            self.begin(word(head, 8, false)?)?;
        }
        if !self.open {
            return Err(Fault::Corrupt("it does not begin with a section"));
        }
        let kind = word(head, 0, self.big_endian)?;
        let len = usize::try_from(word(head, 4, self.big_endian)?).unwrap_or(usize::MAX);
        if len < MIN_BLOCK || !len.is_multiple_of(4) {
            return Err(Fault::Corrupt("a block whose length cannot be"));
        }
        if !matches!(
            kind,
            INTERFACE_DESCRIPTION | OBSOLETE_PACKET | SIMPLE_PACKET | ENHANCED_PACKET | PROCESS_INFORMATION
        ) {
            return if source.skip(len)? { Ok(Step::Nothing) } else { Err(Fault::Truncated) };
        }
        if len > MAX_BLOCK {
            return Err(Fault::Corrupt("a block longer than any can be"));
        }
        if !source.fill(len)? {
            return Err(Fault::Truncated);
        }
        let step = self.block(kind, source.peek().get(..len).unwrap_or_default())?;
        // A frame stays in the window until the next one is asked for.
        if !matches!(step, Step::Found(Found::Frame(_))) {
            source.take(len);
        }
        Ok(step)
    }

    /// Whose a packet is.
    pub(super) fn tag(&self, owner: OwnerRef) -> Tag<'_> {
        let process = |place: Option<u32>| self.processes.get(usize::try_from(place?).ok()?);
        let (direct, effective) = (process(owner.process), process(owner.effective));
        Tag {
            pid: direct.map_or(UNKNOWN_PID, |process| process.pid),
            name: direct.map_or("", |process| &process.name),
            path: direct.and_then(|process| process.path.as_deref()),
            effective_pid: effective.map_or(UNKNOWN_PID, |process| process.pid),
            effective_name: effective.map_or("", |process| &process.name),
            effective_path: effective.and_then(|process| process.path.as_deref()),
            marks: owner.marks,
        }
    }

    /// A section begins: whatever was numbered before is forgotten.
    fn begin(&mut self, byte_order: u32) -> Result<(), Fault> {
        self.big_endian = match byte_order {
            0x1a2b_3c4d => false,
            0x4d3c_2b1a => true,
            _ => return Err(Fault::Corrupt("a section without a byte order")),
        };
        self.open = true;
        self.interfaces.clear();
        self.processes.clear();
        Ok(())
    }

    fn block(&mut self, kind: u32, block: &[u8]) -> Result<Step, Fault> {
        if kind == OBSOLETE_PACKET {
            return self.obsolete_packet(block);
        }
        // The library subtracts lengths that it takes for granted in a process block.
        if kind == PROCESS_INFORMATION && block.len() < 16 {
            return Err(Fault::Corrupt("a process without a pid"));
        }
        let parse = if self.big_endian { parse_block_be } else { parse_block_le };
        match parse(block).map_err(|_| Fault::Corrupt("a block whose lengths contradict each other"))?.1 {
            Block::InterfaceDescription(block) => self.interface(&block),
            Block::EnhancedPacket(block) => self.enhanced_packet(&block),
            Block::SimplePacket(block) => self.simple_packet(&block),
            Block::ProcessInformation(block) => self.process(&block),
            _ => Ok(Step::Nothing),
        }
    }

    fn interface(&mut self, block: &InterfaceDescriptionBlock<'_>) -> Result<Step, Fault> {
        if self.interfaces.len() >= MAX_INTERFACES {
            return Err(Fault::Corrupt("more interfaces than any machine has"));
        }
        let id = InterfaceId(FIRST_INTERFACE.0.saturating_add(self.interface_count));
        self.interface_count += 1;
        // pcap-parser widens the 16 bits of the file.
        let link = LinkType(u16::try_from(block.linktype.0).unwrap_or(u16::MAX));
        let resolution = option(&block.options, TIME_RESOLUTION).and_then(|value| value.first().copied());
        let offset =
            option(&block.options, TIME_OFFSET).and_then(<[u8]>::first_chunk::<8>).map_or(0, |bytes| {
                if self.big_endian { i64::from_be_bytes(*bytes) } else { i64::from_le_bytes(*bytes) }
            });
        self.interfaces.push(Description {
            id,
            link,
            snaplen: block.snaplen,
            ticks_per_second: ticks_per_second(resolution.unwrap_or(6)),
            offset_secs: offset,
        });
        let named = |code| option(&block.options, code).map(|value| text(value, MAX_NAME));
        let name = named(NAME)
            .filter(|name| !name.is_empty())
            .or_else(|| named(DESCRIPTION).filter(|name| !name.is_empty()))
            .unwrap_or_else(|| match self.interface_count {
                1 => "recording".to_owned(),
                count => format!("recording {count}"),
            });
        if !frame::supports(link) {
            self.fault = Some(format!(
                "The packets of interface {name} are left out: Crow does not read their link type, {}.",
                link.0
            ));
        }
        let kind = interface_kind_by_name(&name);
        let interface = Interface { id, name, kind, uppers: Vec::new() };
        Ok(Step::Found(Found::Interface { interface, link }))
    }

    fn process(&mut self, block: &ProcessInformationBlock<'_>) -> Result<Step, Fault> {
        if self.processes.len() >= MAX_PROCESSES {
            return Err(Fault::Corrupt("more processes than Crow follows in one section"));
        }
        let path = option(&block.options, DESCRIPTION).map(|value| text(value, MAX_PATH));
        self.processes.push(Process {
            pid: block.process_id.cast_signed(),
            name: option(&block.options, NAME).map(|value| text(value, MAX_NAME)).unwrap_or_default(),
            path: path.filter(|path| !path.is_empty()),
        });
        Ok(Step::Nothing)
    }

    fn enhanced_packet(&mut self, block: &EnhancedPacketBlock<'_>) -> Result<Step, Fault> {
        let number = |code| {
            let bytes = *option(&block.options, code)?.first_chunk::<4>()?;
            Some(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
        };
        // epb_flags, bits 0-1: 1 inbound, 2 outbound.
        let direction = match number(PACKET_FLAGS).unwrap_or(0) & 3 {
            1 => Some(Direction::In),
            2 => Some(Direction::Out),
            _ => None,
        };
        let (process, effective, marks) =
            (number(PROCESS), number(EFFECTIVE_PROCESS), number(METADATA_FLAGS));
        let tagged = process.is_some() || effective.is_some() || marks.is_some();
        // Apple's marks have the very bits of Crow's; the rest of them says nothing that Crow uses.
        let marks = Marks(u8::try_from(marks.unwrap_or(0) & KNOWN_MARKS).unwrap_or_default());
        let packet = RawPacket {
            interface: block.if_id,
            ticks: Some(u64::from(block.ts_high) << 32 | u64::from(block.ts_low)),
            block_len: usize::try_from(block.block_len1).unwrap_or(usize::MAX),
            start: PACKET_DATA,
            len: block.packet_data().len(),
            wire_len: block.origlen.max(block.caplen),
        };
        self.packet(&packet, direction, tagged.then_some(OwnerRef { process, effective, marks }))
    }

    fn simple_packet(&mut self, block: &SimplePacketBlock<'_>) -> Result<Step, Fault> {
        let snaplen = match self.interfaces.first().map_or(0, |interface| interface.snaplen) {
            0 => u32::MAX,
            snaplen => snaplen,
        };
        let captured = usize::try_from(block.origlen.min(snaplen)).unwrap_or(usize::MAX);
        let packet = RawPacket {
            interface: 0,
            ticks: None,
            block_len: usize::try_from(block.block_len1).unwrap_or(usize::MAX),
            start: SIMPLE_DATA,
            len: block.data.len().min(captured),
            wire_len: block.origlen,
        };
        self.packet(&packet, None, None)
    }

    /// The packet block of the first drafts, which the library does not read (draft-ietf-opsawg-pcapng, appendix).
    fn obsolete_packet(&mut self, block: &[u8]) -> Result<Step, Fault> {
        let big_endian = self.big_endian;
        let interface = word(block, 8, big_endian)?;
        let interface = if big_endian { interface >> 16 } else { interface & 0xffff };
        let high = u64::from(word(block, 12, big_endian)?);
        let low = u64::from(word(block, 16, big_endian)?);
        let captured = usize::try_from(word(block, 20, big_endian)?).unwrap_or(usize::MAX);
        let wire_len = word(block, 24, big_endian)?;
        if block.len().checked_sub(PACKET_DATA + 4).is_none_or(|room| room < captured) {
            return Err(Fault::Corrupt("a packet longer than its block"));
        }
        let packet = RawPacket {
            interface,
            ticks: Some(high << 32 | low),
            block_len: block.len(),
            start: PACKET_DATA,
            len: captured,
            wire_len,
        };
        self.packet(&packet, None, None)
    }

    fn packet(
        &mut self,
        packet: &RawPacket,
        direction: Option<Direction>,
        owner: Option<OwnerRef>,
    ) -> Result<Step, Fault> {
        let interface = usize::try_from(packet.interface).ok().and_then(|index| self.interfaces.get(index));
        let interface = interface.ok_or(Fault::Corrupt("a packet of an interface that is not described"))?;
        if !frame::supports(interface.link) {
            return Ok(Step::Skipped);
        }
        if let Some(ticks) = packet.ticks {
            self.last_time = interface.time(ticks);
        }
        Ok(Step::Found(Found::Frame(Located {
            record_len: packet.block_len,
            start: packet.start,
            len: packet.len,
            wire_len: packet.wire_len.max(u32::try_from(packet.len).unwrap_or(u32::MAX)),
            time: self.last_time,
            interface: interface.id,
            link: interface.link,
            direction,
            owner,
        })))
    }
}

impl Description {
    /// The time that `ticks` stands for.
    fn time(&self, ticks: u64) -> Timestamp {
        let nanos = self.ticks_per_second.map_or(0, |unit| u128::from(ticks) * NANOS_PER_SECOND / unit);
        let nanos = i128::try_from(nanos).unwrap_or(i128::MAX);
        let offset = i128::from(self.offset_secs) * 1_000_000_000;
        let nanos = nanos.saturating_add(offset).clamp(0, i128::from(u64::MAX));
        Timestamp::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// A packet as any of the three packet blocks gives it.
struct RawPacket {
    interface: u32,
    ticks: Option<u64>,
    block_len: usize,
    start: usize,
    len: usize,
    wire_len: u32,
}

/// `if_tsresol`: a power of ten, or of two where the highest bit is set.
fn ticks_per_second(resolution: u8) -> Option<u128> {
    let exponent = u32::from(resolution & 0x7f);
    if resolution & 0x80 == 0 { 10_u128.checked_pow(exponent) } else { 1_u128.checked_shl(exponent) }
}

/// The value of the first option `code`, without its padding.
fn option<'a>(options: &'a [PcapNGOption<'_>], code: u16) -> Option<&'a [u8]> {
    options.iter().find(|option| option.code.0 == code).and_then(|option| option.as_bytes().ok())
}

/// At most `max` bytes of text, up to the first NUL.
fn text(value: &[u8], max: usize) -> String {
    let value = value.get(..max).unwrap_or(value);
    let value = value.split(|&byte| byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(value).into_owned()
}

fn word(block: &[u8], offset: usize, big_endian: bool) -> Result<u32, Fault> {
    let bytes = block.get(offset..).and_then(<[u8]>::first_chunk::<4>).ok_or(Fault::Truncated)?;
    Ok(if big_endian { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) })
}

const NANOS_PER_SECOND: u128 = 1_000_000_000;
const UNKNOWN_PID: i32 = -1;
const KNOWN_MARKS: u32 =
    (Marks::NEW_FLOW.0 | Marks::KEEP_ALIVE.0 | Marks::RETRANSMIT.0 | Marks::WAKE.0) as u32;
