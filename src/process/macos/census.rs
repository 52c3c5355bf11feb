//! The counts of every TCP and UDP socket, from the kernel's lists, as any user may read them.

use std::io;
use std::net::{IpAddr, SocketAddr};

use hashbrown::HashMap;

use super::owners::owner;
use super::pcblist::Socket;
use super::processes::Processes;
use super::{Place, System};
use crate::event::{Event, Interface, InterfaceId, InterfaceKind, OwnerSource, Protocol};
use crate::process::Error;
use crate::process::census::{Census, Counted, Counts, Reading, interface_of};
use crate::time::Timestamp;

/// What a name says of an interface; the system does not say it better to those without rights.
pub type KindOf = fn(&str) -> InterfaceKind;

/// All sockets of this Mac.
#[derive(Debug)]
pub struct SocketCensus<S> {
    system: S,
    kind_of: KindOf,
    processes: Processes,
    /// Ordered by number.
    interfaces: Vec<Interface>,
}

impl<S: System> SocketCensus<S> {
    /// A census that asks `system`, and tells interfaces' kinds by `kind_of`.
    pub fn new(system: S, kind_of: KindOf) -> Self {
        Self { system, kind_of, processes: Processes::default(), interfaces: Vec::new() }
    }

    /// Compares the interfaces that have addresses with those of the last look.
    fn look_at_interfaces(&mut self, places: &[Place], out: &mut Vec<Event>) {
        let mut now: Vec<Interface> = places.iter().map(|place| self.interface(place)).collect();
        now.sort_unstable_by_key(|interface| interface.id);
        now.dedup_by_key(|interface| interface.id);
        let gone = self.interfaces.iter().filter(|old| now.iter().all(|new| new.id != old.id));
        out.extend(gone.map(|old| Event::InterfaceDown(old.id)));
        let new = now.iter().filter(|new| !self.interfaces.contains(new));
        out.extend(new.map(|new| Event::InterfaceUp(new.clone())));
        self.interfaces = now;
    }

    fn interface(&self, place: &Place) -> Interface {
        let (id, name) = (place.id, place.interface.clone());
        Interface { id, kind: (self.kind_of)(&name), name, uppers: Vec::new() }
    }
}

impl<S: System> Census for SocketCensus<S> {
    fn take(&mut self, _now: Timestamp) -> Result<Reading, Error> {
        let mut reading = Reading::default();
        let mut lists = Vec::new();
        for (protocol, call) in [
            (Protocol::TCP, "sysctl(net.inet.tcp.pcblist_n)"),
            (Protocol::UDP, "sysctl(net.inet.udp.pcblist_n)"),
        ] {
            let list = self.system.sockets(protocol).map_err(|source| Error::Os { call, source })?;
            lists.push((protocol, list));
        }
        let places: Vec<Place> = self.system.places().map_err(addresses)?;
        self.look_at_interfaces(&places, &mut reading.interfaces);
        let places: HashMap<IpAddr, InterfaceId> =
            places.into_iter().map(|place| (place.address, place.id)).collect();
        for (protocol, list) in &lists {
            for socket in list {
                let whose = owner((socket.pid, socket.effective_pid), OwnerSource::SocketTable);
                let whose =
                    whose.map(|whose| self.processes.owner(&mut self.system, whose, &mut reading.processes));
                let interface = interface_of((socket.local.ip(), socket.remote.ip()), &places);
                reading.sockets.push(Counted { interface, owner: whose, ..counted(*protocol, socket) });
            }
        }
        self.processes.ended(&mut self.system, &mut reading.exited);
        let user = self.system.user();
        reading.missing = Some(missing(&lists, user));
        Ok(reading)
    }
}

fn addresses(source: io::Error) -> Error {
    Error::Os { call: "getifaddrs", source }
}

/// A socket without its owner and its interface.
fn counted(protocol: Protocol, socket: &Socket) -> Counted {
    let tcp = socket.tcp;
    Counted {
        id: socket.id,
        protocol,
        local: socket.local,
        remote: of_family(socket.remote, socket.local),
        interface: InterfaceId(0),
        owner: None,
        is_listening: tcp.is_some_and(|tcp| tcp.is_listening),
        counts: Counts {
            rx_bytes: socket.rx_bytes,
            tx_bytes: socket.tx_bytes,
            rx_packets: socket.rx_packets,
            tx_packets: socket.tx_packets,
            // The list has no such counter.
            retransmits: 0,
        },
        state: tcp.and_then(|tcp| tcp.state),
        rtt_us: tcp.map(|tcp| tcp.rtt_us).filter(|rtt_us| *rtt_us != 0),
    }
}

/// A remote end that is none, in the family of the local one.
fn of_family(remote: SocketAddr, local: SocketAddr) -> SocketAddr {
    if remote.port() != 0 || remote.is_ipv4() == local.is_ipv4() {
        return remote;
    }
    let any = if local.is_ipv4() { IpAddr::from([0; 4]) } else { IpAddr::from([0; 16]) };
    SocketAddr::new(any, 0)
}

/// What the lists leave out. Every Mac has sockets of the system's own users; a list without any has been cut down to
/// those of one user (reported of macOS 27). One in which nothing has moved was put together from descriptors.
fn missing(lists: &[(Protocol, Vec<Socket>)], user: u32) -> String {
    let sockets = || lists.iter().flat_map(|(_, list)| list);
    let is_cut_down = user != 0 && sockets().all(|socket| socket.uid == user);
    let is_counted = sockets().any(|socket| socket.rx_bytes | socket.tx_bytes != 0);
    let said = match (is_cut_down, is_counted) {
        (true, false) => "your own connections without counts, because this system does not list its sockets",
        (true, true) => {
            "your own sockets only, because this system does not list those of other users; payload without headers"
        }
        (false, _) => "payload only, because the kernel does not count headers by socket",
    };
    said.to_owned()
}

#[cfg(test)]
mod tests;
