//! What every socket has moved so far, asked again and again: the live view that needs no right to capture.
//!
//! The system counts each socket's payload. Two readings and what lies between them make the same [`Event`]s as packets
//! do, so everything behind them is the same. What this way cannot show: connections that come and go between two
//! readings, the last bytes before a socket closes, host names, headers, and whatever the system does not count by socket.

use std::net::{IpAddr, SocketAddr};

use hashbrown::{HashMap, HashSet};

use super::Error;
use crate::event::{
    CloseReason, Delta, Direction, Event, FlowId, FlowKey, InterfaceId, Owner, Process, ProcessKey, Protocol,
    TcpState,
};
use crate::time::Timestamp;

/// What a socket has moved since it was made. The system counts payload, without headers of any layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Payload bytes received.
    pub rx_bytes: u64,
    /// Payload bytes sent; those sent again count again where the system says so.
    pub tx_bytes: u64,
    /// Packets received.
    pub rx_packets: u64,
    /// Packets sent.
    pub tx_packets: u64,
    /// TCP segments sent again.
    pub retransmits: u64,
}

impl Counts {
    /// What came since `before`; nothing where a counter went back.
    fn since(self, before: Self) -> Self {
        Self {
            rx_bytes: self.rx_bytes.saturating_sub(before.rx_bytes),
            tx_bytes: self.tx_bytes.saturating_sub(before.tx_bytes),
            rx_packets: self.rx_packets.saturating_sub(before.rx_packets),
            tx_packets: self.tx_packets.saturating_sub(before.tx_packets),
            retransmits: self.retransmits.saturating_sub(before.retransmits),
        }
    }
}

/// One socket as it was when it was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The system's own number for it, never given to another socket; 0 where there is none.
    pub id: u64,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// This end.
    pub local: SocketAddr,
    /// The other end; port 0 where the socket is not connected.
    pub remote: SocketAddr,
    /// The interface that has the local address; 0 where none has it.
    pub interface: InterfaceId,
    /// Who holds it, where the system says so.
    pub owner: Option<Owner>,
    /// Whether it waits for connections.
    pub is_listening: bool,
    /// What it moved.
    pub counts: Counts,
    /// TCP: the connection's state; `None` without a connection.
    pub state: Option<TcpState>,
    /// The smoothed round-trip time in microseconds, where one was measured.
    pub rtt_us: Option<u32>,
}

impl Counted {
    /// Whether it is a conversation: a connection, or an unconnected socket that has moved something.
    fn is_conversation(&self) -> bool {
        match self.protocol {
            Protocol::TCP => !self.is_listening && self.state.is_some() && self.remote.port() != 0,
            _ => self.remote.port() != 0 || self.counts != Counts::default(),
        }
    }
}

/// Everything that one look at the sockets told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Interfaces that came, changed or went since the last look.
    pub interfaces: Vec<Event>,
    /// Processes never named before, or of which something changed.
    pub processes: Vec<Process>,
    /// Processes named before that have ended.
    pub exited: Vec<ProcessKey>,
    /// All sockets.
    pub sockets: Vec<Counted>,
    /// What this system leaves out, as one sentence whose first part says it in short.
    pub missing: Option<String>,
}

/// Somebody who can count every socket.
pub trait Census: Send {
    /// Looks at all sockets once. May take milliseconds; at most once a second, because the system holds its packets
    /// up while it lists them.
    ///
    /// # Errors
    ///
    /// [`Error::Os`] when the system does not list its sockets.
    fn take(&mut self, now: Timestamp) -> Result<Reading, Error>;
}

/// The interface that a conversation between these addresses passes, of those that have these addresses; 0 for none.
#[must_use]
pub fn interface_of((local, remote): (IpAddr, IpAddr), places: &HashMap<IpAddr, InterfaceId>) -> InterfaceId {
    // The machine talks to itself over loopback, whatever address it calls itself by; and all of 127.0.0.0/8 is
    // there, though only its first address is listed.
    let is_loopback = local.is_loopback() || places.contains_key(&remote);
    let address = if is_loopback { IpAddr::from([127, 0, 0, 1]) } else { local };
    places.get(&address).copied().unwrap_or_default()
}

/// Which socket, and what it talks to: a socket without connection may be given another remote end.
type Key = (Protocol, u64, SocketAddr, SocketAddr);

/// A conversation that was there at the last reading.
#[derive(Clone, Copy, Debug)]
struct Followed {
    flow: FlowId,
    last: Counted,
}

/// Turns readings into events.
#[derive(Debug, Default)]
pub struct Tally {
    open: HashMap<Key, Followed>,
    /// What each socket had moved at the last reading, by its number.
    counted: HashMap<(Protocol, u64), Counts>,
    next: u64,
    has_begun: bool,
    /// The only interface that is asked for, and its number once it was seen.
    only: Option<(String, Option<InterfaceId>)>,
    missing: Option<String>,
}

impl Tally {
    /// A tally of all sockets, or of those on one interface.
    #[must_use]
    pub fn new(interface: Option<String>) -> Self {
        Self { only: interface.map(|name| (name, None)), ..Self::default() }
    }

    /// Appends what happened between the last reading and this one.
    ///
    /// What sockets had moved before the first reading is not counted, as with packets; a socket that is new
    /// in a later one counts from its beginning.
    pub fn tell(&mut self, now: Timestamp, reading: Reading, out: &mut Vec<Event>) {
        let Reading { interfaces, processes, exited, sockets, missing } = reading;
        self.look_at(&interfaces);
        out.extend(interfaces);
        if missing != self.missing {
            out.extend(missing.clone().map(Event::Note));
            self.missing = missing;
        }
        out.extend(processes.into_iter().map(Event::Process));
        let listening: HashSet<(Protocol, u16)> = sockets
            .iter()
            .filter(|socket| socket.is_listening)
            .map(|socket| (socket.protocol, socket.local.port()))
            .collect();
        let mut before = std::mem::take(&mut self.open);
        let counted = std::mem::take(&mut self.counted);
        let mut deltas = Vec::new();
        for socket in sockets.iter().filter(|socket| socket.is_conversation()) {
            if !self.is_wanted(socket.interface) {
                continue;
            }
            let key = (socket.protocol, socket.id, canonical(socket.local), canonical(socket.remote));
            if self.open.contains_key(&key) {
                continue; // listed twice while the list changed
            }
            if socket.id != 0 {
                self.counted.insert((socket.protocol, socket.id), socket.counts);
            }
            let followed = before.remove(&key).unwrap_or_else(|| {
                let opened = opener(socket, &listening);
                let (flow, base) = (FlowId(self.next), self.base(socket, &counted));
                self.next += 1;
                out.push(Event::FlowOpened {
                    flow,
                    time: now,
                    key: flow_key(socket),
                    opened,
                    owner: socket.owner,
                });
                // Its state and its round trips are news, even of a connection that is older than Crow.
                Followed { flow, last: Counted { counts: base, state: None, rtt_us: None, ..*socket } }
            });
            deltas.extend(changes(followed, socket));
            let owner = followed.last.owner.or(socket.owner);
            if let Some(owner) = owner.filter(|_| followed.last.owner.is_none()) {
                out.push(Event::OwnerFound { flow: followed.flow, owner });
            }
            self.open.insert(key, Followed { flow: followed.flow, last: Counted { owner, ..*socket } });
        }
        if !deltas.is_empty() {
            out.push(Event::Deltas { time: now, deltas });
        }
        let mut closed: Vec<FlowId> = before.into_values().map(|followed| followed.flow).collect();
        closed.sort_unstable();
        let reason = CloseReason::Ended;
        out.extend(closed.into_iter().map(|flow| Event::FlowClosed { flow, time: now, reason }));
        out.extend(exited.into_iter().map(|process| Event::ProcessExited { process, time: now }));
        self.has_begun = true;
    }

    /// What a conversation that was not there before starts from.
    fn base(&self, socket: &Counted, counted: &HashMap<(Protocol, u64), Counts>) -> Counts {
        if !self.has_begun {
            return socket.counts;
        }
        let same = (socket.id != 0).then(|| counted.get(&(socket.protocol, socket.id)));
        same.flatten().copied().unwrap_or_default()
    }

    /// Learns the number of the only interface that is asked for.
    fn look_at(&mut self, interfaces: &[Event]) {
        let Some((only, known)) = &mut self.only else { return };
        for event in interfaces {
            match event {
                Event::InterfaceUp(interface) if interface.name == *only => *known = Some(interface.id),
                Event::InterfaceDown(id) if *known == Some(*id) => *known = None,
                _ => {}
            }
        }
    }

    fn is_wanted(&self, interface: InterfaceId) -> bool {
        self.only.as_ref().is_none_or(|(_, known)| *known == Some(interface))
    }
}

fn flow_key(socket: &Counted) -> FlowKey {
    let Counted { protocol, local, remote, interface, .. } = *socket;
    FlowKey { protocol, local, remote, interface }
}

/// Who opened the connection: the remote end, where somebody waits for connections at this port.
fn opener(socket: &Counted, listening: &HashSet<(Protocol, u16)>) -> Option<Direction> {
    let comes_in = listening.contains(&(socket.protocol, socket.local.port()));
    (socket.protocol == Protocol::TCP).then_some(if comes_in { Direction::In } else { Direction::Out })
}

/// What is new of a conversation; `None` when nothing is.
fn changes(followed: Followed, socket: &Counted) -> Option<Delta> {
    let moved = socket.counts.since(followed.last.counts);
    let small = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let delta = Delta {
        rx_bytes: moved.rx_bytes,
        tx_bytes: moved.tx_bytes,
        rx_packets: small(moved.rx_packets),
        tx_packets: small(moved.tx_packets),
        retransmits: small(moved.retransmits),
        state: socket.state.filter(|_| socket.state != followed.last.state),
        rtt_us: socket.rtt_us.filter(|_| socket.rtt_us != followed.last.rtt_us),
        ..Delta::new(followed.flow)
    };
    (delta != Delta::new(followed.flow)).then_some(delta)
}

/// An end without what distinguishes equal addresses: mapping, scope and flow label.
fn canonical(end: SocketAddr) -> SocketAddr {
    SocketAddr::new(end.ip().to_canonical(), end.port())
}

#[cfg(test)]
mod tests;
