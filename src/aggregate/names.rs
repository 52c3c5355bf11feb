//! Which name was asked for before an address was talked to, and by whom.
//!
//! An answer ties a name to addresses for the process that asked. A connection takes the newest answer that its own
//! process got for its remote address before it opened (or just after: the answer and the first packet may
//! be reported in either order); else one that anybody got; else a multicast one.

mod finder;
mod known;
mod reader;

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

pub use finder::{Finders, Found, MAX_FINDERS, Piece, Place};
pub use known::note;
pub(super) use reader::within;
pub use reader::{Name, Protocol, Reading, read};

use super::snapshot::{HostName, HostSource};
use crate::event::{Direction, FlowId, ProcessKey};
use crate::time::Timestamp;
use crate::wire::dns;

/// One name for one address, from one answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson<'a> {
    /// The flow that carried the answer: who asked may become known later.
    pub flow: FlowId,
    /// The process that asked, if that is known.
    pub asker: Option<ProcessKey>,
    /// The name that was asked for (not one of its aliases), as it came.
    pub name: &'a str,
    /// The address.
    pub address: IpAddr,
    /// How long the answer is good for, in seconds.
    pub ttl: u32,
    /// When it came.
    pub time: Timestamp,
    /// Whether it came by multicast (mDNS, LLMNR).
    pub multicast: bool,
}

/// The answers seen so far: the newest [`MAX_NAMES`].
#[derive(Debug, Default)]
pub struct Names {
    answers: BTreeMap<IpAddr, Vec<Answer>>,
    /// Every answer in the order in which it was first learned; ends may be of answers that are gone.
    order: VecDeque<(IpAddr, u64)>,
    next: u64,
    /// How many answers there are.
    count: usize,
    /// Answers whose asker is not known yet, by the flow that carried them.
    unasked: BTreeMap<FlowId, Vec<IpAddr>>,
    is_full: bool,
}

#[derive(Clone, Debug)]
struct Answer {
    number: u64,
    name: Arc<str>,
    flow: FlowId,
    asker: Option<ProcessKey>,
    multicast: bool,
    /// Known from then …
    first: Timestamp,
    /// … last heard again then …
    last: Timestamp,
    /// … and good for connections that open until then.
    until: Timestamp,
}

/// What a connection may take from an answer.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// The connection's owner.
    pub process: Option<ProcessKey>,
    /// The address at its other end.
    pub address: IpAddr,
    /// When it opened.
    pub opened: Timestamp,
}

impl Names {
    /// Remembers what an answer said; `false` when the name is not one that can be shown.
    pub fn learn(&mut self, lesson: &Lesson<'_>) -> bool {
        let Some(name) = host_name(lesson.name) else { return false };
        let address = lesson.address.to_canonical();
        let lifetime = Duration::from_secs(lesson.ttl.into()).max(SHORTEST_LIFE);
        let until = lesson.time + lifetime;
        if lesson.asker.is_none() && !lesson.multicast {
            self.remember_unasked(lesson.flow, address);
        }
        let answers = self.answers.entry(address).or_default();
        let known = answers.iter_mut().find(|answer| {
            answer.asker == lesson.asker && answer.multicast == lesson.multicast && *answer.name == *name
        });
        if let Some(answer) = known {
            // After a gap in which it was good for nothing, it begins anew.
            if answer.until < lesson.time {
                answer.first = lesson.time;
            }
            answer.flow = lesson.flow;
            answer.last = answer.last.max(lesson.time);
            answer.until = answer.until.max(until);
            return true;
        }
        if MAX_NAMES_PER_ADDRESS <= answers.len()
            && let Some(oldest) =
                (0..answers.len()).min_by_key(|&index| answers.get(index).map(|answer| answer.last))
        {
            answers.remove(oldest);
            self.count -= 1;
        }
        answers.push(Answer {
            number: self.next,
            name,
            flow: lesson.flow,
            asker: lesson.asker,
            multicast: lesson.multicast,
            first: lesson.time,
            last: lesson.time,
            until,
        });
        self.order.push_back((address, self.next));
        self.next += 1;
        self.count += 1;
        self.make_room();
        true
    }

    /// The flow's owner is known now: the answers that it carried were asked for by that process.
    pub fn asked_by(&mut self, flow: FlowId, process: ProcessKey) -> Vec<IpAddr> {
        let addresses = self.unasked.remove(&flow).unwrap_or_default();
        for address in &addresses {
            for answer in self.answers.get_mut(address).into_iter().flatten() {
                if answer.flow == flow && answer.asker.is_none() {
                    answer.asker = Some(process);
                }
            }
        }
        addresses
    }

    /// The best name for a connection.
    #[must_use]
    pub fn look_up(&self, question: &Question) -> Option<HostName> {
        let opened = question.opened;
        let answers = self.answers.get(&question.address.to_canonical())?;
        let best = answers
            .iter()
            .filter(|answer| answer.first <= opened + LATE && opened <= answer.until)
            .max_by_key(|answer| {
                let heard = answer.heard(opened);
                // Later numbers are newer: of two answers of the same moment, the second.
                (Reverse(answer.source(question.process)), heard <= opened, heard, answer.number)
            })?;
        Some(HostName {
            name: Arc::clone(&best.name),
            source: best.source(question.process),
            learned: best.heard(opened),
            outer: false,
        })
    }

    /// Whether any answer gave this address to this name, as [`host_name`] writes it.
    #[must_use]
    pub fn ties(&self, name: &str, address: IpAddr) -> bool {
        let answers = self.answers.get(&address.to_canonical());
        answers.is_some_and(|answers| answers.iter().any(|answer| *answer.name == *name))
    }

    /// Whether answers had to make room for newer ones.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.is_full
    }

    fn remember_unasked(&mut self, flow: FlowId, address: IpAddr) {
        if MAX_UNASKED <= self.unasked.len() && !self.unasked.contains_key(&flow) {
            self.unasked.pop_first();
        }
        let addresses = self.unasked.entry(flow).or_default();
        if addresses.len() < MAX_UNASKED && !addresses.contains(&address) {
            addresses.push(address);
        }
    }

    /// Forgets the answers that were learned first, and now and then the traces of those that are gone.
    fn make_room(&mut self) {
        while MAX_NAMES < self.count {
            let Some((address, number)) = self.order.pop_front() else { return };
            let Some(answers) = self.answers.get_mut(&address) else { continue };
            let before = answers.len();
            answers.retain(|answer| answer.number != number);
            self.is_full |= answers.len() < before;
            self.count -= before - answers.len();
            if answers.is_empty() {
                self.answers.remove(&address);
            }
        }
        // Many names of few addresses leave many traces and few answers.
        if 2 * self.count.max(FEW) < self.order.len() {
            let answers = &self.answers;
            self.order.retain(|(address, number)| {
                answers.get(address).is_some_and(|all| all.iter().any(|answer| answer.number == *number))
            });
        }
    }
}

impl Answer {
    /// How a connection of `process` would know the name.
    fn source(&self, process: Option<ProcessKey>) -> HostSource {
        match self {
            Self { multicast: true, .. } => HostSource::Mdns,
            Self { asker, .. } if asker.is_some() && *asker == process => HostSource::Dns,
            _ => HostSource::DnsOther,
        }
    }

    /// When it was last heard before a connection opened, or first heard just after.
    fn heard(&self, opened: Timestamp) -> Timestamp {
        if self.last <= opened { self.last } else { self.first }
    }
}

/// A UDP message that may be a DNS answer, with what its flow says about it.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// The flow that carried it.
    pub flow: FlowId,
    /// The flow's owner.
    pub owner: Option<ProcessKey>,
    /// This end.
    pub local: SocketAddr,
    /// The other end.
    pub remote: SocketAddr,
    /// Who sent it.
    pub direction: Direction,
    /// When.
    pub time: Timestamp,
    /// The payload.
    pub bytes: &'a [u8],
}

impl Datagram<'_> {
    /// Whether a port says that this is DNS, mDNS or LLMNR.
    #[must_use]
    pub fn is_dns(&self) -> bool {
        [self.local.port(), self.remote.port()].iter().any(|port| [DNS, MDNS, LLMNR].contains(port))
    }

    fn is_multicast(&self) -> bool {
        [self.local.port(), self.remote.port()].iter().any(|port| [MDNS, LLMNR].contains(port))
    }

    /// Who asked: the owner when the answer was received. A server that sends one answers somebody else.
    fn asker(&self) -> Option<ProcessKey> {
        self.owner.filter(|_| self.direction == Direction::In)
    }
}

/// A name, an address and a time to live in seconds, as a DNS answer has them.
pub type Record = (String, IpAddr, u32);

/// Learns from a message if it is a DNS answer; the addresses that have a (new) name now.
///
/// `read` turns a message into the names asked for with their addresses, or nothing.
pub fn learn_from_datagram(
    names: &mut Names,
    datagram: &Datagram<'_>,
    read: impl Fn(&[u8]) -> Vec<Record>,
) -> Vec<IpAddr> {
    if !datagram.is_dns() {
        return Vec::new();
    }
    let mut addresses = Vec::new();
    for (name, address, ttl) in read(datagram.bytes) {
        let lesson = Lesson {
            flow: datagram.flow,
            asker: datagram.asker(),
            name: &name,
            address,
            ttl,
            time: datagram.time,
            multicast: datagram.is_multicast(),
        };
        if names.learn(&lesson) {
            addresses.push(address.to_canonical());
        }
    }
    addresses
}

/// The names asked for and their addresses, if `message` is an answer that can be read.
#[must_use]
pub fn read_answers(message: &[u8]) -> Vec<Record> {
    let answers = dns::answers(message).map(|message| message.answers).unwrap_or_default();
    answers.into_iter().map(|answer| (answer.name, answer.address, answer.ttl_secs)).collect()
}

/// A host name made safe to show: lower case, without the root's dot, at most 253 bytes (RFC 1035 §2.3.4), and
/// without anything that moves the cursor, turns the text around or cannot be seen.
#[must_use]
pub fn host_name(name: &str) -> Option<Arc<str>> {
    let name = printable(name).to_lowercase();
    let name: String = name.chars().filter(|letter| !letter.is_whitespace()).collect();
    let name = name.strip_suffix('.').unwrap_or(&name);
    (!name.is_empty() && name.len() <= MAX_NAME_BYTES).then(|| name.into())
}

/// Leaves out control characters, marks that turn text around, and characters that show as nothing.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().filter(|&letter| !is_invisible(letter)).collect()
}

/// Unicode categories Cc, Zl and Zp, and those of Cf that could disguise a name (UAX #9 §2, UTS #39 §3.1).
fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// The registrable domain of a host name: `example.co.uk` of `www.example.co.uk`; the name itself where
/// it is a public suffix, a single label or an address.
#[must_use]
pub fn registrable(host: &Arc<str>) -> Arc<str> {
    if host.parse::<IpAddr>().is_ok() {
        return Arc::clone(host);
    }
    match psl::domain_str(host) {
        Some(domain) if domain.len() < host.len() => domain.into(),
        _ => Arc::clone(host),
    }
}

pub(super) const DNS: u16 = 53;
const MDNS: u16 = 5353;
const LLMNR: u16 = 5355;

/// Answers that are remembered.
pub const MAX_NAMES: usize = 1 << 16;

/// Below twice as many, traces of answers that are gone are not worth being looked for.
const FEW: usize = 1 << 10;

/// Names that are remembered for one address.
const MAX_NAMES_PER_ADDRESS: usize = 16;

/// Flows with answers whose asker is unknown, and addresses of each.
const MAX_UNASKED: usize = 256;

/// Bytes of a name (RFC 1035 §2.3.4, less the root's label and the length bytes).
const MAX_NAME_BYTES: usize = 253;

/// Programs keep addresses for longer than the answer allows.
const SHORTEST_LIFE: Duration = Duration::from_mins(10);

/// How long after a connection's first packet an answer may be reported and still have been its cause.
pub(super) const LATE: Duration = Duration::from_secs(2);

#[cfg(test)]
pub(in crate::aggregate) mod tests;
