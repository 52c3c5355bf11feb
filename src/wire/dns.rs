//! DNS messages (RFC 1035) into the names they tie to addresses: also mDNS (RFC 6762) and LLMNR (RFC 4795).
//!
//! hickory-proto reads names and record data; the records themselves are stepped over here, so that a
//! record which nobody needs is never unpacked, and one that is broken does not hide the others.

use std::collections::HashMap;
use std::net::IpAddr;

use hickory_proto::rr::rdata::HTTPS;
use hickory_proto::rr::rdata::svcb::{SVCB, SvcParamValue};
use hickory_proto::rr::{Name, RData, Record};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder, DecodeError, Restrict};

use super::{Error, Result};

/// Records of one message that are looked at, and addresses that are taken from it: far more than any
/// honest message has.
pub const MAX_RECORDS: usize = 256;
/// Steps from the name that was asked for to the one that has the address.
pub const MAX_CHAIN: usize = 16;

// Record types (IANA "Domain Name System Parameters").
const TYPE_A: u16 = 1;
const TYPE_CNAME: u16 = 5;
const TYPE_AAAA: u16 = 28;
const TYPE_SVCB: u16 = 64;
const TYPE_HTTPS: u16 = 65;

/// The Internet class, and the bit that mDNS uses for something else (RFC 6762 §10.2, §18.12).
const CLASS_IN: u16 = 1;
const CLASS_MASK: u16 = 0x7fff;

/// What a DNS message says about names and addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Joins a query to its response; 0 in mDNS.
    pub id: u16,
    /// Whether it answers (QR is set).
    pub is_response: bool,
    /// The response code (RFC 1035 §4.1.1): 0 no error, 3 no such name.
    pub response_code: u8,
    /// The first question; mDNS responses have none.
    pub question: Option<Question>,
    /// Names with an address each, in the message's order. Empty in queries.
    pub answers: Vec<Answer>,
    /// Whether everything was read: not cut short, and within [`MAX_RECORDS`].
    pub complete: bool,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Lower case, without the trailing dot; odd bytes as `\DDD` (RFC 1035 §5.1).
    pub name: String,
    /// The record type asked for: 1 A, 28 AAAA, 65 HTTPS, …
    pub record_type: u16,
}

/// One name that has one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The name that the program asked for: the start of the chain of aliases. Written as in [`Question`].
    pub name: String,
    /// The aliases from `name` (left out) to the name that has the address; empty when that is `name` itself.
    pub chain: Vec<String>,
    /// The address.
    pub address: IpAddr,
    /// For how many seconds it holds: the least of the chain.
    pub ttl_secs: u32,
    /// Whether it is a hint in an HTTPS or SVCB record (RFC 9460 §7.3) rather than an address record.
    pub is_hint: bool,
}

/// Reads a DNS message: without the length that precedes it over TCP.
///
/// A message that is cut short gives what came before the cut, with `complete` unset.
///
/// # Errors
///
/// - [`Error::Truncated`]: cut before the end of the header or of the question.
/// - [`Error::Malformed`]: names that run in circles or contradict the format; not DNS.
pub fn answers(message: &[u8]) -> Result<Message> {
    let mut decoder = BinDecoder::new(message);
    let id = u16(&mut decoder)?;
    let flags = u16(&mut decoder)?;
    let [questions, answers, authorities, additionals] =
        [u16(&mut decoder)?, u16(&mut decoder)?, u16(&mut decoder)?, u16(&mut decoder)?];
    let mut read = Message {
        id,
        is_response: flags & 0x8000 != 0,
        response_code: u8::try_from(flags & 0xf).unwrap_or_default(),
        complete: true,
        ..Message::default()
    };
    if usize::from(questions) > MAX_RECORDS {
        return Err(Error::Malformed);
    }
    for _ in 0..questions {
        let name = Name::read(&mut decoder).map_err(fault)?;
        let record_type = u16(&mut decoder)?;
        u16(&mut decoder)?; // class
        read.question.get_or_insert_with(|| Question { name: written(&name), record_type });
    }
    if !read.is_response {
        return Ok(read);
    }
    let announced = usize::from(answers) + usize::from(authorities) + usize::from(additionals);
    let mut records = Records::default();
    for number in 0..announced.min(MAX_RECORDS) {
        let is_answer = number < usize::from(answers);
        match records.read_one(&mut decoder, is_answer) {
            Ok(()) => {}
            Err(Error::Truncated) => {
                read.complete = false;
                break;
            }
            Err(err) => return Err(err),
        }
    }
    read.complete &= announced <= MAX_RECORDS;
    read.answers = records.resolve(read.question.as_ref());
    Ok(read)
}

/// The records of a message that matter, by the name that owns them.
#[derive(Default)]
struct Records {
    /// Alias → the name it stands for, and for how long.
    aliases: HashMap<String, (String, u32)>,
    /// The other way round: the first alias of a name.
    aliased: HashMap<String, String>,
    addresses: Vec<Address>,
}

/// An address record, or a hint.
struct Address {
    owner: String,
    ip: IpAddr,
    ttl_secs: u32,
    is_hint: bool,
    /// In the answer section, rather than beside it.
    is_answer: bool,
}

impl Records {
    /// Reads one record (RFC 1035 §4.1.3) and keeps it if it matters.
    fn read_one(&mut self, decoder: &mut BinDecoder<'_>, is_answer: bool) -> Result<()> {
        let start = u16::try_from(decoder.index()).map_err(|_| Error::Malformed)?;
        let owner = Name::read(decoder).map_err(fault)?;
        let record_type = u16(decoder)?;
        let class = u16(decoder)?;
        let ttl_secs = decoder.read_u32().map_err(fault)?.unverified(/* any is valid */);
        let len = u16(decoder)?;
        let data_start = u16::try_from(decoder.index()).map_err(|_| Error::Malformed)?;
        let data = decoder.read_slice(len.into()).map_err(fault)?.unverified(/* read by type below */);
        if class & CLASS_MASK != CLASS_IN {
            return Ok(());
        }
        let found = |ip| Address { owner: written(&owner), ip, ttl_secs, is_hint: false, is_answer };
        match record_type {
            TYPE_A => {
                let octets: [u8; 4] = data.try_into().map_err(|_| Error::Malformed)?;
                self.add(found(octets.into()));
            }
            TYPE_AAAA => {
                let octets: [u8; 16] = data.try_into().map_err(|_| Error::Malformed)?;
                self.add(found(octets.into()));
            }
            TYPE_CNAME if is_answer => {
                // The name may point to any earlier place of the message, so it is read in place.
                let mut in_place = decoder.clone(data_start);
                let target = Name::read(&mut in_place).map_err(|_| Error::Malformed)?;
                if in_place.index() > decoder.index() {
                    return Err(Error::Malformed);
                }
                self.alias(written(&owner), written(&target), ttl_secs);
            }
            TYPE_SVCB | TYPE_HTTPS if is_answer => {
                // A parameter that hickory-proto does not accept spoils this record only.
                let record = Record::<RData>::read(&mut decoder.clone(start));
                if let Ok(RData::SVCB(service) | RData::HTTPS(HTTPS(service))) = record.map(|r| r.data) {
                    self.service(&owner, &service, ttl_secs);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn add(&mut self, address: Address) {
        if self.addresses.len() < MAX_RECORDS {
            self.addresses.push(address);
        }
    }

    fn alias(&mut self, alias: String, target: String, ttl_secs: u32) {
        self.aliased.entry(target.clone()).or_insert_with(|| alias.clone());
        self.aliases.entry(alias).or_insert((target, ttl_secs));
    }

    /// HTTPS and SVCB records (RFC 9460): an alias (priority 0), or a service with address hints.
    fn service(&mut self, owner: &Name, service: &SVCB, ttl_secs: u32) {
        let (owner, target) = (written(owner), written(&service.target_name));
        if service.svc_priority == 0 {
            if !target.is_empty() {
                self.alias(owner, target, ttl_secs);
            }
            return;
        }
        let host = service_host(&owner, &target);
        let hint = |ip| Address { owner: host.to_owned(), ip, ttl_secs, is_hint: true, is_answer: true };
        for (_, value) in &service.svc_params {
            match value {
                SvcParamValue::Ipv4Hint(hints) => hints.0.iter().for_each(|a| self.add(hint(a.0.into()))),
                SvcParamValue::Ipv6Hint(hints) => hints.0.iter().for_each(|a| self.add(hint(a.0.into()))),
                _ => {}
            }
        }
        // Servers put the addresses of the service's host beside the answer (RFC 9460 §4.1).
        if host == owner && !target.is_empty() && target != owner {
            self.alias(owner, target, ttl_secs);
        }
    }

    /// Leads every address back to the name that was asked for.
    fn resolve(self, question: Option<&Question>) -> Vec<Answer> {
        let asked = question.map(|question| self.chain_from(&question.name, u32::MAX));
        let answer = |address: &Address| {
            let from_asked = asked.as_ref().and_then(|chain| chain.up_to(&address.owner));
            // What nobody asked for is not believed when it stands beside the answer: a server may say
            // anything there about names that are not its own (RFC 2181 §5.4.1).
            if from_asked.is_none() && asked.is_some() && !address.is_answer {
                return None;
            }
            let chain = from_asked.unwrap_or_else(|| {
                let root = self.root_of(&address.owner);
                let chain = self.chain_from(root, u32::MAX);
                chain.up_to(&address.owner).unwrap_or_else(|| Chain::new(&address.owner))
            });
            let ttl_secs = chain.ttl_secs.last().copied().unwrap_or(u32::MAX).min(address.ttl_secs);
            let mut names = chain.names.into_iter();
            Some(Answer {
                name: names.next().unwrap_or_default(),
                chain: names.collect(),
                address: address.ip,
                ttl_secs,
                is_hint: address.is_hint,
            })
        };
        self.addresses.iter().filter_map(answer).collect()
    }

    /// Follows aliases from `name`.
    fn chain_from(&self, name: &str, ttl_secs: u32) -> Chain {
        let mut chain = Chain::new(name);
        let (mut at, mut least) = (name, ttl_secs);
        while let Some((target, ttl)) = self.aliases.get(at) {
            if chain.names.len() > MAX_CHAIN || chain.names.contains(target) {
                break;
            }
            least = least.min(*ttl);
            chain.names.push(target.clone());
            chain.ttl_secs.push(least);
            at = target;
        }
        chain
    }

    /// Follows aliases backwards to the first one.
    fn root_of<'a>(&'a self, name: &'a str) -> &'a str {
        let mut at = name;
        for _ in 0..MAX_CHAIN {
            match self.aliased.get(at) {
                Some(alias) if alias != name => at = alias,
                _ => break,
            }
        }
        at
    }
}

/// Names, each an alias of the next, and for how long each one holds.
struct Chain {
    names: Vec<String>,
    ttl_secs: Vec<u32>,
}

impl Chain {
    fn new(name: &str) -> Self {
        Self { names: vec![name.to_owned()], ttl_secs: vec![u32::MAX] }
    }

    /// The part that ends with `name`.
    fn up_to(&self, name: &str) -> Option<Self> {
        let end = self.names.iter().position(|link| link == name)? + 1;
        Some(Self { names: self.names.get(..end)?.to_vec(), ttl_secs: self.ttl_secs.get(..end)?.to_vec() })
    }
}

/// The host that a service record is about. Its owner, unless that names a port or a service
/// (`_8443._https.example.com`, `_dns.resolver.arpa`; RFC 9460 §2.3, RFC 9462 §4): then the target.
fn service_host<'a>(owner: &'a str, target: &'a str) -> &'a str {
    match (owner.starts_with('_'), target) {
        (false, _) => owner,
        (true, "") => {
            let mut host = owner;
            while let Some((_, rest)) = host.split_once('.').filter(|(label, _)| label.starts_with('_')) {
                host = rest;
            }
            host
        }
        (true, target) => target,
    }
}

/// A name as people read it: lower case, without the trailing dot. What could mislead (controls, spaces,
/// dots inside a label, text that is not UTF-8) is written as `\.`, `\\` or `\DDD` (RFC 1035 §5.1).
fn written(name: &Name) -> String {
    let mut text = String::new();
    for label in name {
        if !text.is_empty() {
            text.push('.');
        }
        for chunk in label.utf8_chunks() {
            chunk.valid().chars().for_each(|c| push_char(&mut text, c));
            chunk.invalid().iter().for_each(|&byte| push_escaped(&mut text, byte));
        }
    }
    text
}

fn push_char(text: &mut String, c: char) {
    if c == '.' || c == '\\' {
        text.push('\\');
        text.push(c);
    } else if c.is_ascii_graphic() || (!c.is_ascii() && c.is_alphanumeric()) {
        text.push(c.to_ascii_lowercase());
    } else {
        c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| push_escaped(text, byte));
    }
}

fn push_escaped(text: &mut String, byte: u8) {
    text.push('\\');
    for digit in [byte / 100, byte / 10 % 10, byte % 10] {
        text.push(char::from(b'0' + digit));
    }
}

fn u16(decoder: &mut BinDecoder<'_>) -> Result<u16> {
    decoder.read_u16().map(Restrict::unverified).map_err(fault)
}

/// The library's error in Crow's words.
#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn fault(err: DecodeError) -> Error {
    if matches!(err, DecodeError::InsufficientBytes) { Error::Truncated } else { Error::Malformed }
}

#[cfg(test)]
mod tests;
