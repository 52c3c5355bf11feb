//! A recording (pcap or pcapng) as a source of frames: streamed, so that files of any size fit in memory.
//!
//! pcap-parser reads the records; the bytes are fetched here, a whole record at a time, because its own
//! readers cannot tell a file that is cut from one that is damaged, and grow with what a file claims.

mod pcap;
mod pcapng;
mod source;

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::path::Path;

use super::{Error, Frame, Marks};
use crate::event::{Direction, Interface, InterfaceId};
use crate::time::Timestamp;
use crate::wire::LinkType;
use pcap::Pcap;
use pcapng::Section;
use source::Source;

/// The id of a recording's first interface; later ones count up. Far above any index that a kernel gives, so that the
/// indices inside SLL2 frames are free to name interfaces beside them.
pub const FIRST_INTERFACE: InterfaceId = InterfaceId(1 << 30);

/// The longest packet or block that is read: what libpcap allows, and room for its options.
pub const MAX_BLOCK: usize = 16 * 1024 * 1024;

/// Interfaces that one section of a recording may describe.
pub const MAX_INTERFACES: usize = 4096;

/// Processes that one section of a recording may describe.
pub const MAX_PROCESSES: usize = 16_384;

/// What a recording holds next.
#[derive(Clone, Debug)]
pub enum Item<'a> {
    /// An interface, before its first frame.
    Interface {
        /// Its name, or `recording` where the file gives none.
        interface: Interface,
        /// What its frames begin with.
        link: LinkType,
    },
    /// A frame.
    Frame(Frame<'a>),
    /// The reading goes on, but the user should know this. One sentence.
    Fault(String),
}

/// A recording that is being read.
pub struct Recording {
    source: Source,
    format: Format,
    /// Bytes of the frame handed out last, to be taken before the next.
    handed_out: usize,
    packets: u64,
    skipped: u64,
    ended: bool,
}

enum Format {
    Pcap(Pcap),
    Pcapng(Section),
}

impl Recording {
    /// Opens a pcap or pcapng file, which may be packed with gzip.
    ///
    /// # Errors
    ///
    /// - [`Error::Missing`], [`Error::Folder`], [`Error::Open`]: the path is wrong.
    /// - [`Error::Empty`], [`Error::Compressed`], [`Error::NotARecording`], [`Error::UnsupportedLink`],
    ///   [`Error::Truncated`]: the file is.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => Error::Missing { path: path.to_owned() },
            _ => Error::Open { path: path.to_owned(), source },
        })?;
        let is_folder = file.metadata().is_ok_and(|metadata| metadata.is_dir());
        if is_folder {
            return Err(Error::Folder { path: path.to_owned() });
        }
        Self::new(Source::new(Box::new(file)))
    }

    /// Reads a recording that is in memory, such as the sample that is compiled in.
    ///
    /// # Errors
    ///
    /// As [`Recording::open`], but for the path.
    pub fn from_bytes(bytes: impl Into<Cow<'static, [u8]>>) -> Result<Self, Error> {
        Self::new(Source::new(Box::new(io::Cursor::new(bytes.into()))))
    }

    fn new(mut source: Source) -> Result<Self, Error> {
        let unread = |source| Fault::from(source).after(0);
        source.fill(pcap::HEADER_LEN).map_err(unread)?;
        if source.peek().starts_with(&[0x1f, 0x8b]) {
            source = source.unpacked();
            source.fill(pcap::HEADER_LEN).map_err(unread)?;
        }
        let format = match *source.peek() {
            [] => return Err(Error::Empty),
            [0x1f, 0x8b, ..] => return Err(Error::Compressed { format: "gzip, twice" }),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => return Err(Error::Compressed { format: "zstd" }),
            [0xfd, b'7', b'z', b'X', b'Z', ..] => return Err(Error::Compressed { format: "xz" }),
            [0x04, 0x22, 0x4d, 0x18, ..] => return Err(Error::Compressed { format: "lz4" }),
            [b'B', b'Z', b'h', ..] => return Err(Error::Compressed { format: "bzip2" }),
            [b'P', b'K', 0x03, 0x04, ..] => return Err(Error::Compressed { format: "zip" }),
            [0x0a, 0x0d, 0x0d, 0x0a, ..] => Format::Pcapng(Section::default()),
            _ => {
                let pcap = Pcap::new(source.peek())?;
                source.take(pcap::HEADER_LEN);
                Format::Pcap(pcap)
            }
        };
        Ok(Self { source, format, handed_out: 0, packets: 0, skipped: 0, ended: false })
    }

    /// What comes next; `None` at the end, and after an error.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`], [`Error::Corrupt`] and [`Error::Read`], once, after everything that could be read.
    pub fn read(&mut self) -> Result<Option<Item<'_>>, Error> {
        self.source.take(std::mem::take(&mut self.handed_out));
        if self.ended {
            return Ok(None);
        }
        let found = self.find().inspect_err(|_| self.ended = true)?;
        Ok(match found {
            Found::End => {
                self.ended = true;
                None
            }
            Found::Interface { interface, link } => Some(Item::Interface { interface, link }),
            Found::Fault(sentence) => Some(Item::Fault(sentence)),
            Found::Frame(located) => {
                self.handed_out = located.record_len;
                Some(Item::Frame(self.frame(&located)))
            }
        })
    }

    /// Hands out the last frame once more at the next [`read`](Self::read): its time has not come yet.
    pub fn put_back(&mut self) {
        if std::mem::take(&mut self.handed_out) > 0 {
            self.packets -= 1;
        }
    }

    /// Packets read so far, skipped ones included.
    #[must_use]
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// Packets left out because Crow does not read their link type.
    #[must_use]
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Reads on until there is something to tell.
    fn find(&mut self) -> Result<Found, Error> {
        loop {
            let packets = self.packets;
            let step = match &mut self.format {
                Format::Pcap(pcap) => pcap.step(&mut self.source),
                Format::Pcapng(section) => section.step(&mut self.source),
            };
            match step.map_err(|fault| fault.after(packets))? {
                Step::Nothing => {}
                Step::Skipped => {
                    self.packets += 1;
                    self.skipped += 1;
                }
                Step::Found(found) => {
                    self.packets += u64::from(matches!(found, Found::Frame(_)));
                    return Ok(found);
                }
            }
        }
    }

    fn frame(&self, located: &Located) -> Frame<'_> {
        let record = self.source.peek();
        let end = located.start.saturating_add(located.len);
        let tag = match &self.format {
            Format::Pcap(_) => None,
            Format::Pcapng(section) => located.owner.map(|owner| section.tag(owner)),
        };
        Frame {
            time: located.time,
            interface: located.interface,
            link: located.link,
            wire_len: located.wire_len,
            bytes: record.get(located.start..end).unwrap_or_default(),
            direction: located.direction,
            tag,
        }
    }
}

/// What one step through the file came upon.
enum Step {
    /// Nothing to tell.
    Nothing,
    /// A packet of a link type that Crow does not read.
    Skipped,
    Found(Found),
}

/// Something to tell, without the bytes: those are still in the window.
enum Found {
    End,
    Interface { interface: Interface, link: LinkType },
    Fault(String),
    Frame(Located),
}

/// Where a frame is, and what is said beside it.
struct Located {
    /// The whole record or block, from the start of the window.
    record_len: usize,
    /// The frame's bytes, from the start of the window.
    start: usize,
    len: usize,
    wire_len: u32,
    time: Timestamp,
    interface: InterfaceId,
    link: LinkType,
    direction: Option<Direction>,
    owner: Option<OwnerRef>,
}

/// Apple's options on a packet: places in the section's list of processes, and marks.
#[derive(Clone, Copy, Default)]
struct OwnerRef {
    process: Option<u32>,
    effective: Option<u32>,
    marks: Marks,
}

/// Why reading cannot go on; becomes an [`Error`] once it is known after which packet.
enum Fault {
    Truncated,
    Corrupt(&'static str),
    Read(io::Error),
}

impl Fault {
    fn after(self, packets: u64) -> Error {
        match self {
            Self::Truncated => Error::Truncated { packets },
            Self::Corrupt(what) => Error::Corrupt { packets, what },
            Self::Read(source) => Error::Read { packets, source },
        }
    }
}

impl From<io::Error> for Fault {
    fn from(source: io::Error) -> Self {
        match source.kind() {
            // A compressed recording that is cut …
            io::ErrorKind::UnexpectedEof => Self::Truncated,
            // … or damaged.
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                Self::Corrupt("its compressed bytes contradict each other")
            }
            _ => Self::Read(source),
        }
    }
}

#[cfg(test)]
mod tests;
