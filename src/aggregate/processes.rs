//! One account for each process, and one for what has no owner.

use std::sync::Arc;
use std::time::Duration;

use super::Limit;
use super::asking::{Asks, Tally};
use super::counter::{Moment, Span};
use super::ledger::{Account, AccountRow, Ledger, Parts, Share};
use super::names::printable;
use super::slots::Slot;
use super::snapshot::{Asking, Both, ProcessRow, Rows};
use crate::event::{App, Process, ProcessKey};
use crate::time::Timestamp;
use crate::units::{Bytes, BytesPerSec};

/// What is known of a process beside its row.
#[derive(Debug, Default)]
pub(super) struct Extra {
    exited: Option<Moment>,
    tally: Tally,
}

impl AccountRow for ProcessRow {
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

/// Every process that has something to do with the network.
#[derive(Default)]
pub(super) struct Processes {
    pub(super) ledger: Ledger<ProcessRow>,
    /// Those that have ended and whose rows will go, in the order of their end.
    exited: Vec<ProcessKey>,
    /// How long the row of a process that has ended stays; `None` is for ever.
    linger: Option<Duration>,
    /// The most that are remembered.
    max: usize,
}

impl Processes {
    /// None, and room for `max`.
    pub(super) fn new(linger: Option<Duration>, max: usize) -> Self {
        Self { linger, max, ..Self::default() }
    }

    /// Learns about a process; whether the name of a known one has changed.
    ///
    /// # Errors
    ///
    /// [`Limit::Processes`] when there is no room; the process stays unknown.
    pub(super) fn describe(&mut self, process: Process, now: Moment) -> Result<bool, Limit> {
        let key = key(Some(process.key));
        if let Some(account) = self.ledger.find(&key).and_then(|slot| self.ledger.edit(slot)) {
            let row = Arc::make_mut(&mut account.row);
            let renamed = *row.name != *process.name;
            describe(row, process);
            return Ok(renamed);
        }
        if self.max <= self.ledger.len() {
            return Err(Limit::Processes);
        }
        let mut row = unknown(Some(process.key));
        describe(&mut row, process);
        self.ledger.open(Account::new(key, row, Extra::default(), now));
        Ok(false)
    }

    /// Makes sure that there is an account to credit.
    ///
    /// # Errors
    ///
    /// [`Limit::Processes`] when there is no room.
    pub(super) fn ensure(&mut self, process: Option<ProcessKey>, now: Moment) -> Result<Slot, Limit> {
        let key = key(process);
        if let Some(slot) = self.ledger.find(&key) {
            return Ok(slot);
        }
        // What has no owner always has an account.
        if process.is_some() && self.max <= self.ledger.len() {
            return Err(Limit::Processes);
        }
        Ok(self.ledger.open(Account::new(key, unknown(process), Extra::default(), now)))
    }

    /// The program of a process, where it is known.
    pub(super) fn program(&self, process: ProcessKey) -> Option<&str> {
        let slot = self.ledger.find(&key(Some(process)))?;
        self.ledger.get(slot)?.row.path.as_deref()
    }

    /// The name to show for a flow's owner; empty while that is unknown.
    pub(super) fn name(&self, process: Option<ProcessKey>) -> Arc<str> {
        let slot = process.and_then(|process| self.ledger.find(&key(Some(process))));
        let account = slot.and_then(|slot| self.ledger.get(slot));
        account.map_or_else(|| Arc::from(""), |account| Arc::clone(&account.row.name))
    }

    pub(super) fn exited(&mut self, process: ProcessKey, (time, now): (Timestamp, Moment)) {
        let Some(slot) = self.ledger.find(&key(Some(process))) else { return };
        let Some(account) = self.ledger.edit(slot) else { return };
        if account.extra.exited.replace(now).is_none() {
            Arc::make_mut(&mut account.row).ended = Some(time);
            // Rows that stay for ever need no looking after.
            if self.linger.is_some() {
                self.exited.push(process);
            }
        }
    }

    /// Adds a flow to its owner's account, or to the rest if there is none; which account that is.
    pub(super) fn credit(&mut self, process: Option<ProcessKey>, share: Share, now: Moment) -> Option<Slot> {
        let slot = self.ensure(process, now).or_else(|_| self.ensure(None, now)).ok()?;
        self.ledger.credit(slot, share);
        Some(slot)
    }

    /// A flow of this account shows how its owner asks for names.
    pub(super) fn note_asks(&mut self, slot: Option<Slot>, asks: &Asks) {
        self.tally(slot, asks, Tally::add);
    }

    /// It does so no longer, or belongs to another account.
    pub(super) fn forget_asks(&mut self, slot: Option<Slot>, asks: &Asks) {
        self.tally(slot, asks, Tally::remove);
    }

    fn tally(&mut self, slot: Option<Slot>, asks: &Asks, change: impl FnOnce(&mut Tally, &Asks)) {
        let Some(slot) = slot.filter(|_| asks.is_any()) else { return };
        let Some(account) = self.ledger.edit(slot) else { return };
        change(&mut account.extra.tally, asks);
        // What has no owner may be of many who ask in many ways.
        if account.row.key.is_some() {
            let asking = account.extra.tally.asking();
            if account.row.asking != asking {
                Arc::make_mut(&mut account.row).asking = asking;
            }
        }
    }

    pub(super) fn tick(&mut self, now: Moment, span: &Span) -> Rows<ProcessRow> {
        let linger = self.linger;
        let ledger = &mut self.ledger;
        self.exited.retain(|&process| {
            let Some(slot) = ledger.find(&key(Some(process))) else { return false };
            let Some(account) = ledger.get(slot) else { return false };
            let ended = account.extra.exited.unwrap_or(now).max(account.active);
            let is_over = linger.is_some_and(|linger| linger <= now.since(ended));
            if is_over
                && !account.hidden
                && let Some(account) = ledger.edit(slot)
            {
                account.hidden = true;
            }
            true
        });
        self.ledger.tick(now, span, |account| {
            let was_process = account.hidden && account.extra.exited.is_some();
            let is_empty_rest = account.row.key.is_none() && account.row.bytes == Both::default();
            account.flows == 0 && (was_process || is_empty_rest)
        })
    }

    /// Sets every total to zero.
    pub(super) fn reset(&mut self, now: Moment) {
        self.ledger.reset(now);
    }
}

/// The key of a process's account.
pub(super) fn key(process: Option<ProcessKey>) -> (bool, Option<ProcessKey>) {
    (process.is_none(), process)
}

/// The row of a process of which nothing is known, or of what has no owner.
fn unknown(key: Option<ProcessKey>) -> ProcessRow {
    let (name, id) = match key {
        Some(key) => (format!("pid {}", key.pid), format!("pid:{}", key.pid)),
        None => (UNATTRIBUTED.to_owned(), String::new()),
    };
    ProcessRow {
        key,
        name: name.as_str().into(),
        app: App { id, name },
        path: None,
        user: None,
        parent: None,
        bytes: Both::default(),
        rate: Both::default(),
        connections: 0,
        first_seen: Timestamp::default(),
        last_seen: Timestamp::default(),
        ended: None,
        asking: Asking::default(),
        history: Arc::default(),
    }
}

fn describe(row: &mut ProcessRow, process: Process) {
    row.name = printable(&process.name).into();
    row.app = App { id: process.app.id, name: printable(&process.app.name) };
    row.path = process.path.map(|path| printable(&path).into());
    row.user =
        process.user.map(|user| printable(&user)).or(process.uid.map(|uid| uid.to_string())).map(Into::into);
    row.parent = process.parent;
}

/// The name of the row for what has no owner.
const UNATTRIBUTED: &str = "Unattributed";
