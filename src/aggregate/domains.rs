//! One account for each registrable domain, and for each address that has no name.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::counter::{Moment, Span};
use super::flows::Flow;
use super::ledger::{Account, AccountRow, Ledger, Parts};
use super::slots::Slot;
use super::snapshot::{Both, ConnectionRow, DomainRow, History, Rows};
use super::{Limit, MAX_DOMAIN_NAMES, Room};
use crate::time::Timestamp;
use crate::units::{Bytes, BytesPerSec};

/// Which domain: whether it is an address, and its text.
pub(super) type DomainKey = (bool, Arc<str>);

/// The names below a domain and the names of the processes that talk to it, each with the number of
/// remembered flows that bring it. A name whose flows are forgotten stays while there is room.
#[derive(Debug, Default)]
pub(super) struct Extra {
    hosts: BTreeMap<Arc<str>, u32>,
    processes: BTreeMap<Arc<str>, u32>,
}

impl AccountRow for DomainRow {
    type Extra = Extra;

    fn parts(&mut self) -> Parts<'_> {
        Parts {
            bytes: &mut self.bytes,
            rate: &mut self.rate,
            connections: &mut self.connections,
            first_seen: &mut self.first_seen,
            last_seen: &mut self.last_seen,
            history: &mut self.history,
        }
    }

    fn figures(&self) -> (Both<Bytes>, Both<BytesPerSec>) {
        (self.bytes, self.rate)
    }
}

/// Every domain and nameless address.
#[derive(Default)]
pub(super) struct Domains {
    pub(super) ledger: Ledger<DomainRow>,
    /// The names below all of them.
    names: usize,
    room: Room,
}

impl Domains {
    /// None, and room for some.
    pub(super) fn new(room: Room) -> Self {
        Self { room, ..Self::default() }
    }

    /// Adds a flow to its domain's account, and makes it point there.
    ///
    /// # Errors
    ///
    /// [`Limit::Domains`] or [`Limit::DomainNames`] when something had to make room.
    pub(super) fn credit(&mut self, flow: &mut Flow, now: Moment) -> Result<(), Limit> {
        let key = key(&flow.row);
        let mut result = Ok(());
        let slot = if let Some(slot) = self.ledger.find(&key) {
            slot
        } else {
            if self.room.domains <= self.ledger.len() {
                self.make_room();
                result = Err(Limit::Domains);
            }
            let row = empty(&key);
            self.ledger.open(Account::new(key, row, Extra::default(), now))
        };
        flow.domain = Some(slot);
        if let Some(account) = self.ledger.credit(slot, flow.share()) {
            let row = &flow.row;
            if passes_on(flow) {
                // What passes it on for others does not talk to it, and alone is no reason to list it.
                account.hidden = account.row.bytes == Both::default() && account.row.connections == 0;
                return result;
            }
            let domain = Arc::make_mut(&mut account.row);
            let before = account.extra.names();
            let host = row.host.as_ref().map(|host| &host.name);
            let fits = add(&mut account.extra.hosts, host, &mut domain.hosts)
                & add(&mut account.extra.processes, process_name(row), &mut domain.processes);
            self.names += account.extra.names() - before;
            if !fits {
                result = Err(Limit::DomainNames);
            }
        }
        result
    }

    /// Takes a flow away from its domain, before its owner or name changes.
    pub(super) fn debit(&mut self, flow: &Flow) {
        let row = &flow.row;
        if let Some(account) = self.ledger.debit(flow.domain, flow.share()) {
            if passes_on(flow) {
                return;
            }
            self.names = self.names.saturating_sub(account.forget_names(row, false));
        }
    }

    /// A flow is forgotten; its bytes stay, and so do the names that it brought while there is room.
    ///
    /// # Errors
    ///
    /// [`Limit::GoneNames`] when there was none.
    pub(super) fn forget(&mut self, flow: &Flow) -> Result<(), Limit> {
        let Some(account) = self.ledger.forget(flow.domain) else { return Ok(()) };
        if passes_on(flow) {
            return Ok(());
        }
        let gone = account.forget_names(&flow.row, self.names <= self.room.gone_names);
        self.names = self.names.saturating_sub(gone);
        if gone == 0 { Ok(()) } else { Err(Limit::GoneNames) }
    }

    pub(super) fn tick(&mut self, now: Moment, span: &Span) -> Rows<DomainRow> {
        let rows =
            self.ledger.tick(now, span, |account| account.flows == 0 && account.row.bytes == Both::default());
        // Accounts that were closed took their names with them.
        if self.room.gone_names < self.names {
            self.names = self.ledger.iter().map(|(_, account)| account.extra.names()).sum();
        }
        rows
    }

    /// The last minute and the last ten minutes of a domain, or of an address without a name.
    pub(super) fn charts(&mut self, domain: &Arc<str>, now: Moment) -> Option<(History, History)> {
        let named = self.ledger.charts(&(false, Arc::clone(domain)), now);
        named.or_else(|| self.ledger.charts(&(true, Arc::clone(domain)), now))
    }

    /// Sets every total to zero.
    pub(super) fn reset(&mut self, now: Moment) {
        self.ledger.reset(now);
    }

    /// Drops an eighth of the domains: those without flows that have been silent the longest.
    fn make_room(&mut self) {
        let mut idle: Vec<_> = self
            .ledger
            .iter()
            .filter(|(_, account)| account.flows == 0)
            .map(|(slot, account)| {
                (account.row.last_seen, account.row.is_address, Arc::clone(&account.row.domain), slot)
            })
            .collect();
        idle.sort_unstable();
        let oldest: Vec<Slot> =
            idle.into_iter().take(self.room.domains.div_ceil(8)).map(|(.., slot)| slot).collect();
        self.ledger.close_accounts(oldest.into_iter());
    }
}

impl Extra {
    fn names(&self) -> usize {
        self.hosts.len() + self.processes.len()
    }
}

impl Account<DomainRow> {
    /// The names that a flow brought have one flow less. Those that have none are taken away, unless they may stay; how
    /// many that were.
    fn forget_names(&mut self, flow: &ConnectionRow, may_stay: bool) -> usize {
        let before = self.extra.names();
        let domain = Arc::make_mut(&mut self.row);
        let host = flow.host.as_ref().map(|host| &host.name);
        remove(&mut self.extra.hosts, (host, may_stay), &mut domain.hosts);
        remove(&mut self.extra.processes, (process_name(flow), may_stay), &mut domain.processes);
        before - self.extra.names()
    }
}

/// Whether the flow only moves on what another one counts.
fn passes_on(flow: &Flow) -> bool {
    !flow.row.credited && !flow.signs.is_doubled
}

/// The domain of a connection: its name's, or its remote address.
pub(super) fn key(row: &ConnectionRow) -> DomainKey {
    match &row.domain {
        Some(domain) => (false, Arc::clone(domain)),
        None => (true, address_text(row.remote.ip())),
    }
}

fn address_text(address: IpAddr) -> Arc<str> {
    address.to_canonical().to_string().into()
}

fn process_name(row: &ConnectionRow) -> Option<&Arc<str>> {
    Some(&row.process_name).filter(|name| !name.is_empty())
}

/// Counts a name; `false` when there was no room for a new one.
fn add(names: &mut BTreeMap<Arc<str>, u32>, name: Option<&Arc<str>>, shown: &mut Vec<Arc<str>>) -> bool {
    let Some(name) = name else { return true };
    if let Some(flows) = names.get_mut(name) {
        *flows = flows.saturating_add(1);
        return true;
    }
    if MAX_DOMAIN_NAMES <= names.len() {
        return false;
    }
    names.insert(Arc::clone(name), 1);
    *shown = names.keys().cloned().collect();
    true
}

/// Counts a name once less; at none it goes, unless it may stay.
fn remove(
    names: &mut BTreeMap<Arc<str>, u32>,
    (name, may_stay): (Option<&Arc<str>>, bool),
    shown: &mut Vec<Arc<str>>,
) {
    let Some(name) = name else { return };
    let Some(flows) = names.get_mut(name) else { return };
    *flows = flows.saturating_sub(1);
    if *flows == 0 && !may_stay {
        names.remove(name);
        *shown = names.keys().cloned().collect();
    }
}

fn empty((is_address, domain): &DomainKey) -> DomainRow {
    DomainRow {
        domain: Arc::clone(domain),
        is_address: *is_address,
        hosts: Vec::new(),
        processes: Vec::new(),
        bytes: Both::default(),
        rate: Both::default(),
        connections: 0,
        first_seen: Timestamp::default(),
        last_seen: Timestamp::default(),
        history: Arc::default(),
    }
}
