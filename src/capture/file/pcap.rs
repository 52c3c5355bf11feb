//! The older file format: one header, one link type, then packets (draft-ietf-opsawg-pcap).

use pcap_parser::{
    PcapHeader, parse_pcap_frame, parse_pcap_frame_be, parse_pcap_frame_modified, parse_pcap_header,
};

use super::source::Source;
use super::{Error, FIRST_INTERFACE, Fault, Found, Located, MAX_BLOCK, Step};
use crate::event::{Interface, InterfaceKind};
use crate::time::Timestamp;
use crate::wire::{LinkType, frame};

/// The file header's length in bytes.
pub(super) const HEADER_LEN: usize = 24;
/// A packet record's header: seconds, fraction, captured length, length on the wire.
const RECORD_LEN: usize = 16;
/// The same in the "modified" format of old Linux kernels: with an interface index and a protocol.
const RECORD_LEN_MODIFIED: usize = 24;

/// A pcap file's header, and whether its interface has been told of.
pub(super) struct Pcap {
    header: PcapHeader,
    link: LinkType,
    told: bool,
}

impl Pcap {
    /// Reads the file header at the start of `bytes`.
    pub(super) fn new(bytes: &[u8]) -> Result<Self, Error> {
        let header = match parse_pcap_header(bytes) {
            Ok((_, header)) => header,
            Err(nom_error) if nom_error.is_incomplete() && bytes.len() >= 4 => {
                return Err(Error::Truncated { packets: 0 });
            }
            Err(_) => return Err(Error::NotARecording),
        };
        // The upper half holds the length of a frame check sequence (draft-ietf-opsawg-pcap §4).
        let [low, high, ..] = header.network.0.to_le_bytes();
        let link = LinkType(u16::from_le_bytes([low, high]));
        if !frame::supports(link) {
            return Err(Error::UnsupportedLink { link: link.0 });
        }
        Ok(Self { header, link, told: false })
    }

    /// Reads one packet.
    pub(super) fn step(&mut self, source: &mut Source) -> Result<Step, Fault> {
        if !self.told {
            self.told = true;
            return Ok(Step::Found(self.interface()));
        }
        let header_len = if self.header.is_modified_format() { RECORD_LEN_MODIFIED } else { RECORD_LEN };
        if !source.fill(header_len)? {
            return if source.peek().is_empty() {
                Ok(Step::Found(Found::End))
            } else {
                Err(Fault::Truncated)
            };
        }
        let lengths = source.peek().get(8..).and_then(<[u8]>::first_chunk::<4>).ok_or(Fault::Truncated)?;
        let captured = if self.header.is_bigendian() {
            u32::from_be_bytes(*lengths)
        } else {
            u32::from_le_bytes(*lengths)
        };
        let record_len = usize::try_from(captured)
            .ok()
            .and_then(|len| len.checked_add(header_len))
            .filter(|&len| len <= MAX_BLOCK)
            .ok_or(Fault::Corrupt("a packet longer than any can be"))?;
        if !source.fill(record_len)? {
            return Err(Fault::Truncated);
        }
        self.packet(source.peek().get(..record_len).unwrap_or_default(), header_len)
    }

    fn packet(&self, record: &[u8], header_len: usize) -> Result<Step, Fault> {
        let parse = match (self.header.is_modified_format(), self.header.is_bigendian()) {
            (true, _) => parse_pcap_frame_modified,
            (false, true) => parse_pcap_frame_be,
            (false, false) => parse_pcap_frame,
        };
        let (_, packet) = parse(record).map_err(|_| Fault::Corrupt("a packet that cannot be read"))?;
        let unit = if self.header.is_nanosecond_precision() { 1 } else { 1000 };
        let nanos = u64::from(packet.ts_sec) * 1_000_000_000 + u64::from(packet.ts_usec) * unit;
        Ok(Step::Found(Found::Frame(Located {
            record_len: record.len(),
            start: header_len,
            len: packet.data.len(),
            wire_len: packet.origlen.max(packet.caplen),
            time: Timestamp::from_nanos(nanos),
            interface: FIRST_INTERFACE,
            link: self.link,
            direction: None,
            owner: None,
        })))
    }

    /// The format names no interface.
    fn interface(&self) -> Found {
        let interface = Interface {
            id: FIRST_INTERFACE,
            name: "recording".to_owned(),
            kind: InterfaceKind::Physical,
            uppers: Vec::new(),
        };
        Found::Interface { interface, link: self.link }
    }
}
