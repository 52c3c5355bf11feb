//! How processes ask for names, in clear or behind closed doors: kept for each process, whatever becomes of the
//! connections that showed it.
//!
//! Each flow shows something or nothing; its owner's account counts the flows that do. What a flow shows moves with it
//! when its owner or its name becomes known, and stays when it is forgotten.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::Aggregator;
use super::flows::Flow;
use super::names::{DNS, Datagram};
use super::snapshot::{Asking, HostNote};
use crate::event::{Direction, FlowId};

/// What one flow shows of how its owner asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asks {
    /// A question of the owner went by in clear, to another's port 53.
    in_clear: bool,
    /// Somebody else's question came to the owner.
    is_asked: bool,
    /// Who was asked behind closed doors.
    resolver: Option<Cow<'static, str>>,
}

/// How many flows of one process show what.
#[derive(Debug, Default)]
pub(super) struct Tally {
    in_clear: u32,
    is_asked: u32,
    /// At most [`MAX_RESOLVERS`].
    resolvers: BTreeMap<Cow<'static, str>, u32>,
}

impl Asks {
    /// What a flow shows now; what was said in clear was noted when it was said.
    pub(super) fn of(flow: &Flow) -> Self {
        let row = &flow.row;
        // What a proxy passes on, its client has asked; and what the system's resolver does for an app, the app did not.
        let is_own = row.credited && row.via.is_none() && flow.opener != Some(Direction::In);
        let note = if is_own { row.host_note() } else { None };
        let resolver = note.filter(|(note, _)| *note == HostNote::EncryptedDns).map(|(_, operator)| {
            operator.map_or_else(
                || match &row.host {
                    Some(host) => Cow::Owned(host.name.to_string()),
                    None => Cow::Owned(row.remote.ip().to_canonical().to_string()),
                },
                Cow::Borrowed,
            )
        });
        Self { resolver, ..flow.asks.clone() }
    }

    /// Whether it shows anything.
    pub(super) fn is_any(&self) -> bool {
        *self != Self::default()
    }
}

impl Tally {
    /// Adds what a flow shows.
    pub(super) fn add(&mut self, asks: &Asks) {
        self.in_clear = self.in_clear.saturating_add(asks.in_clear.into());
        self.is_asked = self.is_asked.saturating_add(asks.is_asked.into());
        let Some(resolver) = &asks.resolver else { return };
        if self.resolvers.len() < MAX_RESOLVERS || self.resolvers.contains_key(resolver) {
            let flows = self.resolvers.entry(resolver.clone()).or_default();
            *flows = flows.saturating_add(1);
        }
    }

    /// Takes it away again.
    pub(super) fn remove(&mut self, asks: &Asks) {
        self.in_clear = self.in_clear.saturating_sub(asks.in_clear.into());
        self.is_asked = self.is_asked.saturating_sub(asks.is_asked.into());
        let Some(resolver) = &asks.resolver else { return };
        if let Some(flows) = self.resolvers.get_mut(resolver) {
            *flows = flows.saturating_sub(1);
            if *flows == 0 {
                self.resolvers.remove(resolver);
            }
        }
    }

    /// What a row says of it.
    pub(super) fn asking(&self) -> Asking {
        Asking {
            in_clear: self.in_clear > 0,
            for_others: self.is_asked > 0,
            resolvers: self.resolvers.keys().map(|name| Arc::from(&**name)).collect(),
        }
    }
}

impl Aggregator {
    /// Notes who asks whom in a message of DNS (RFC 1035 §4.1.1).
    pub(super) fn note_question(&mut self, datagram: &Datagram<'_>) {
        let Some(flow) = self.connections.get(datagram.flow) else { return };
        let Some(is_response) = is_response(datagram.bytes) else { return };
        let [local, remote] = [datagram.local, datagram.remote].map(|end| end.port() == DNS);
        // A question goes out and its answer comes in; a server sees both the other way round.
        let is_outward = (datagram.direction == Direction::Out) != is_response;
        // Two servers may talk from port 53 to port 53: the one that asks is no less a client.
        let asks = Asks {
            in_clear: flow.asks.in_clear || (remote && is_outward),
            is_asked: flow.asks.is_asked || (local && !is_outward),
            resolver: None,
        };
        if (asks.in_clear, asks.is_asked) != (flow.asks.in_clear, flow.asks.is_asked) {
            self.asks_anew(datagram.flow, |before| Asks { resolver: before.resolver.clone(), ..asks });
        }
    }

    /// Looks again at what a flow shows by its name and its service.
    pub(super) fn judge_asking(&mut self, id: FlowId) {
        let Some(flow) = self.connections.get(id) else { return };
        let asks = Asks::of(flow);
        if asks != flow.asks {
            self.asks_anew(id, |_| asks);
        }
    }

    fn asks_anew(&mut self, id: FlowId, change: impl FnOnce(&Asks) -> Asks) {
        let Some(flow) = self.connections.edit(id) else { return };
        let asks = change(&flow.asks);
        self.processes.forget_asks(flow.account, &flow.asks);
        self.processes.note_asks(flow.account, &asks);
        flow.asks = asks;
    }
}

/// Whether a message of DNS answers; `None` if it is no plain query or response: of another operation, or not with one
/// question.
fn is_response(message: &[u8]) -> Option<bool> {
    let head: &[u8; 12] = message.first_chunk()?;
    let [_, _, flags, _, questions @ ..] = head;
    let is_plain = flags & 0x78 == 0 && questions.starts_with(&[0, 1]);
    is_plain.then_some(flags & 0x80 != 0)
}

/// Resolvers that are remembered of one process.
const MAX_RESOLVERS: usize = 8;

#[cfg(test)]
mod tests;
