//! Reverse DNS: what the owners of addresses call them, asked of the system's own resolver. Off until the user wants it,
//! because the network's name server learns from it which addresses are talked to.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::aggregate::Aggregator;
use crate::aggregate::snapshot::Snapshot;
use crate::event::TcpState;

/// Threads that ask: an answer that does not come holds one up for many seconds.
const ASKERS: usize = 4;

/// Addresses that may wait to be asked for. More are asked for when there is room.
const MAX_WAITING: usize = 64;

/// Addresses whose names, or the lack of one, are remembered; when full, all are forgotten and asked for anew.
const MAX_KNOWN: usize = 8_192;

/// What came of asking for an address.
type Answer = (IpAddr, Option<Arc<str>>);

/// Who asks, and what is known.
pub(super) struct Reverse {
    to_askers: Sender<IpAddr>,
    answers: Receiver<Answer>,
    /// `None`: asked for, or without a name.
    known: BTreeMap<IpAddr, Option<Arc<str>>>,
}

impl Reverse {
    /// Starts the threads. They end when this is dropped, each after the question that it is at.
    ///
    /// # Errors
    ///
    /// When the system gives no more threads.
    pub(super) fn start() -> std::io::Result<Self> {
        Self::with(|address| dns_lookup::lookup_addr(&address).ok())
    }

    fn with(ask: fn(IpAddr) -> Option<String>) -> std::io::Result<Self> {
        let (to_askers, addresses) = bounded::<IpAddr>(MAX_WAITING);
        let (to_asker, answers) = bounded(MAX_WAITING);
        for _ in 0..ASKERS {
            let (addresses, answered) = (addresses.clone(), to_asker.clone());
            thread::Builder::new().name("reverse-dns".to_owned()).spawn(move || {
                for address in addresses {
                    // What is only the address again is no name.
                    let name = ask(address).filter(|name| name.parse::<IpAddr>().is_err());
                    if answered.send((address, name.map(Into::into))).is_err() {
                        return;
                    }
                }
            })?;
        }
        Ok(Self { to_askers, answers, known: BTreeMap::new() })
    }

    /// Names the connections of a picture that nobody named, as far as their addresses' names are known, and asks for
    /// the others. Never waits.
    pub(super) fn name(&mut self, aggregator: &mut Aggregator, snapshot: &Snapshot) {
        self.known.extend(self.answers.try_iter());
        for row in &snapshot.connections {
            if row.host.is_some() || row.state == Some(TcpState::Closed) {
                continue;
            }
            let address = row.remote.ip().to_canonical();
            match self.known.get(&address) {
                Some(Some(name)) => aggregator.learn_reverse(row.flow, name, snapshot.time),
                None if is_asked_for(address) => self.ask(address),
                None | Some(None) => {}
            }
        }
    }

    fn ask(&mut self, address: IpAddr) {
        if self.to_askers.try_send(address).is_ok() {
            if MAX_KNOWN <= self.known.len() {
                self.known.clear();
            }
            self.known.insert(address, None);
        }
    }
}

/// Whether an address can have a name: those of groups and of this machine have none that tells anything.
fn is_asked_for(address: IpAddr) -> bool {
    let is_broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !(address.is_loopback() || address.is_multicast() || address.is_unspecified() || is_broadcast)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::aggregate::AggregatorOptions;
    use crate::aggregate::snapshot::{HostSource, Source};
    use crate::event::{Direction, Event, FlowId, FlowKey, InterfaceId, Protocol};
    use crate::settings::RateWindow;
    use crate::time::Timestamp;

    fn flow(id: u64, remote: &str) -> Event {
        let (local, remote) = ("10.0.0.2:50000".parse().unwrap(), remote.parse().unwrap());
        Event::FlowOpened {
            flow: FlowId(id),
            time: Timestamp::new(1, 0),
            key: FlowKey { protocol: Protocol::TCP, local, remote, interface: InterfaceId(1) },
            opened: Some(Direction::Out),
            owner: None,
        }
    }

    #[test]
    fn connections_without_a_name_get_the_one_of_their_address() {
        let window = RateWindow::default();
        let options = AggregatorOptions { source: Source::Live, window, keep_closed: false };
        let mut aggregator = Aggregator::new(options);
        for (id, remote) in [(1, "192.0.2.7:443"), (2, "192.0.2.8:443"), (3, "127.0.0.1:80")] {
            aggregator.ingest(&flow(id, remote));
        }
        let mut reverse = Reverse::with(|address| {
            assert!(!address.is_loopback(), "nobody is asked for this machine's own addresses");
            match address.to_string().as_str() {
                "192.0.2.7" => Some("Edge-7.Example.NET.".to_owned()),
                // Some resolvers give the address back.
                other => Some(other.to_owned()),
            }
        })
        .unwrap();
        let time = Timestamp::new(2, 0);
        let snapshot = aggregator.tick(time);
        reverse.name(&mut aggregator, &snapshot);
        assert_eq!(aggregator.tick(time).connections.iter().filter(|row| row.host.is_some()).count(), 0);
        for _ in 0..2 {
            let answer = reverse.answers.recv_timeout(Duration::from_secs(20)).unwrap();
            reverse.known.extend([answer]);
        }
        reverse.name(&mut aggregator, &snapshot);
        let rows = aggregator.tick(time).connections.clone();
        let named: Vec<_> = rows.iter().filter_map(|row| row.host.as_ref()).collect();
        let named: Vec<_> = named.iter().map(|host| (&*host.name, host.source)).collect();
        assert_eq!(named, [("edge-7.example.net", HostSource::Ptr)]);
        assert!(rows.iter().any(|row| row.domain.as_deref() == Some("example.net")));
        assert!(reverse.to_askers.is_empty(), "what has no name is not asked for again");
    }

    #[test]
    fn what_is_known_is_bounded() {
        let mut reverse = Reverse::with(|_| None).unwrap();
        for number in 0..u32::try_from(MAX_KNOWN).unwrap() {
            reverse.known.insert(IpAddr::from(number.to_be_bytes()), None);
        }
        reverse.ask("192.0.2.1".parse().unwrap());
        assert_eq!(reverse.known.len(), 1);
    }
}
