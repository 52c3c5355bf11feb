//! The counts of every TCP socket, from `sock_diag`, as any user may ask for them.
//!
//! UDP sockets are listed, but the kernel does not count what they move. Who holds a socket `/proc` tells of one's
//! own processes only, so the sockets of other users have no owner here.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use hashbrown::HashMap;
use nix::unistd::{Uid, geteuid};

use super::holders::Holders;
use super::interfaces::{self, Interfaces};
use super::processes::Processes;
use super::sockets::{CountedEntry, LISTEN, SockDiag};
use super::tcp_info;
use crate::event::{InterfaceId, Owner, OwnerSource, Protocol};
use crate::process::census::{Census, Counted, Counts, Reading, interface_of};
use crate::process::{Error, News};
use crate::time::Timestamp;

/// The sockets of the network namespace in which this was opened.
#[derive(Debug)]
pub struct SocketCensus {
    sockets: SockDiag,
    holders: Holders,
    processes: Processes,
    interfaces: Interfaces,
    user: Uid,
    /// The owners found so far, by the kernel's number for the socket.
    owners: HashMap<u64, Owner>,
}

impl SocketCensus {
    /// Opens the way to the socket table and the process table; needs no right.
    ///
    /// # Errors
    ///
    /// [`Error::Os`] when the kernel has no `sock_diag`, or `/proc` is not readable.
    pub fn open() -> Result<Self, Error> {
        let root = Path::new("/proc");
        Ok(Self {
            sockets: SockDiag::open()?,
            holders: Holders::new(root),
            processes: Processes::new(root)?,
            interfaces: Interfaces::open()?,
            user: geteuid(),
            owners: HashMap::new(),
        })
    }

    /// Finds the owners of sockets that have none yet, and forgets those of sockets that are gone.
    fn find_owners(&mut self, now: Timestamp, entries: &[(Protocol, CountedEntry)], news: &mut News) {
        let mut owners = HashMap::with_capacity(self.owners.len());
        let mut sought = Vec::new();
        for (_, entry) in entries {
            if let Some(owner) = self.owners.get(&entry.cookie) {
                owners.insert(entry.cookie, *owner);
            } else if entry.socket.inode != 0 && self.may_see(entry.uid) {
                sought.push((entry.cookie, entry.socket.inode));
            }
        }
        let inodes: Vec<u32> = sought.iter().map(|(_, inode)| *inode).collect();
        let pids = self.holders.find(now, &inodes);
        for (cookie, inode) in sought {
            let Some(&pid) = pids.get(&inode) else { continue };
            if let Some(process) = self.processes.name(now, pid, news) {
                owners.insert(cookie, Owner { process, via: None, source: OwnerSource::SocketTable });
            }
        }
        self.owners = owners;
    }

    /// Whether `/proc` shows what this user's processes hold.
    fn may_see(&self, uid: u32) -> bool {
        self.user.is_root() || self.user.as_raw() == uid
    }
}

impl Census for SocketCensus {
    fn take(&mut self, now: Timestamp) -> Result<Reading, Error> {
        let os = |source: io::Error| Error::Os { call: "sock_diag(7)", source };
        let mut entries = Vec::new();
        for protocol in [Protocol::TCP, Protocol::UDP] {
            let mut of_protocol = Vec::new();
            self.sockets.count(protocol, &mut of_protocol).map_err(os)?;
            entries.extend(of_protocol.into_iter().map(|entry| (protocol, entry)));
        }
        let mut reading = Reading::default();
        self.interfaces.changes(&mut reading.interfaces);
        let mut news = News::default();
        self.find_owners(now, &entries, &mut news);
        self.processes.check(now, 1, &mut news);
        for process in &news.exited {
            self.holders.forget(process.pid);
        }
        let places = self.places()?;
        reading.sockets =
            entries.iter().map(|(protocol, entry)| self.counted(*protocol, entry, &places)).collect();
        reading.missing = Some(missing(self.user.is_root()));
        (reading.processes, reading.exited) = (news.processes, news.exited);
        Ok(reading)
    }
}

impl SocketCensus {
    /// Which interface has which address.
    fn places(&self) -> Result<HashMap<IpAddr, InterfaceId>, Error> {
        let known = self.interfaces.known();
        let id = |name: &str| known.iter().find(|interface| interface.name == name).map(|known| known.id);
        let addresses = interfaces::addresses()?;
        Ok(addresses.into_iter().filter_map(|(address, name)| Some((address, id(&name)?))).collect())
    }

    fn counted(
        &self,
        protocol: Protocol,
        entry: &CountedEntry,
        places: &HashMap<IpAddr, InterfaceId>,
    ) -> Counted {
        let socket = entry.socket;
        let tcp = entry.tcp.unwrap_or_default();
        let is_tcp = protocol == Protocol::TCP;
        Counted {
            id: entry.cookie,
            protocol,
            local: SocketAddr::from(socket.local),
            remote: SocketAddr::from(socket.remote),
            interface: interface_of((socket.local.0, socket.remote.0), places),
            owner: self.owners.get(&entry.cookie).copied(),
            is_listening: is_tcp && socket.state == LISTEN,
            counts: Counts {
                rx_bytes: tcp.rx_bytes,
                tx_bytes: tcp.tx_bytes,
                rx_packets: tcp.rx_segments.into(),
                tx_packets: tcp.tx_segments.into(),
                retransmits: tcp.retransmits.into(),
            },
            state: if is_tcp { tcp_info::state(socket.state) } else { None },
            rtt_us: (tcp.rtt_us != 0).then_some(tcp.rtt_us),
        }
    }
}

/// What the kernel does not tell whom.
fn missing(is_root: bool) -> String {
    let whose = if is_root { "" } else { ", and whose the sockets of other users are" };
    format!("payload of TCP only, because the kernel does not count headers and UDP by socket{whose}")
}

#[cfg(test)]
mod tests;
