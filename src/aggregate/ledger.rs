//! What many flows add up to: one account for each process or domain, with totals, rates and a chart.
//!
//! An account's bytes are those of the flows that were credited to it; a flow that finds a better
//! owner or name takes its bytes along. A flow that is forgotten leaves them where they are.

use std::hash::Hash;
use std::sync::Arc;

use hashbrown::HashMap;

use super::counter::{Moment, Seconds, Span};
use super::rows::{Book, Row, Rows};
use super::slots::{Slot, Slots};
use super::snapshot::{Both, History};
use crate::time::Timestamp;
use crate::units::{Bytes, BytesPerSec};

/// A row that sums up flows.
pub(super) trait AccountRow: Row + Clone {
    /// What is known of an account beside its row.
    type Extra;

    /// The parts that all such rows have.
    fn parts(&mut self) -> Parts<'_>;

    /// The bytes and the rate, to read.
    fn figures(&self) -> (Both<Bytes>, Both<BytesPerSec>);
}

/// The parts of a row that a [`Ledger`] looks after.
pub(super) struct Parts<'a> {
    pub(super) bytes: &'a mut Both<Bytes>,
    pub(super) rate: &'a mut Both<BytesPerSec>,
    pub(super) connections: &'a mut u32,
    pub(super) first_seen: &'a mut Timestamp,
    pub(super) last_seen: &'a mut Timestamp,
    pub(super) history: &'a mut History,
}

/// What a flow brings along when it is credited, and takes away again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    /// All it has moved; nothing while it does not count.
    pub(super) bytes: Both<Bytes>,
    /// Whether it is a connection that counts and is not closed.
    pub(super) open: bool,
    pub(super) first_seen: Timestamp,
    pub(super) last_seen: Timestamp,
}

/// All accounts of one kind.
pub(super) struct Ledger<R: AccountRow<Key: Hash>> {
    accounts: Slots<Account<R>>,
    /// Where each account is. Never gone over: its order means nothing.
    places: HashMap<R::Key, Slot>,
    /// Accounts whose rows changed since the last tick, each once.
    changed: Vec<Slot>,
    /// Keys of accounts that were closed since the last tick.
    gone: Vec<R::Key>,
    /// Accounts whose rate is not zero, or is about to be, each once.
    rated: Vec<Slot>,
    /// Accounts whose chart moves, each once.
    charted: Vec<Slot>,
    rows: Book<R>,
}

/// One account.
pub(super) struct Account<R: AccountRow> {
    key: R::Key,
    pub(super) row: Arc<R>,
    pub(super) extra: R::Extra,
    /// Whether the row is left out of snapshots.
    pub(super) hidden: bool,
    /// The flows that refer to it, credited or not, closed or not.
    pub(super) flows: u32,
    /// The last time that something moved.
    pub(super) active: Moment,
    seconds: Seconds,
    /// The last ten minutes, in steps of ten seconds.
    tens: Seconds,
    /// Bytes within the window, while a tick adds them up.
    window: Both<u64>,
    listed: Listed,
}

/// Which of the ledger's lists an account is in.
#[derive(Clone, Copy, Default)]
struct Listed {
    changed: bool,
    rated: bool,
    charted: bool,
}

impl<R: AccountRow<Key: Hash>> Default for Ledger<R> {
    fn default() -> Self {
        Self {
            accounts: Slots::default(),
            places: HashMap::new(),
            changed: Vec::new(),
            gone: Vec::new(),
            rated: Vec::new(),
            charted: Vec::new(),
            rows: Book::default(),
        }
    }
}

impl<R: AccountRow> Account<R> {
    /// An account without flows, whose row is left out until it gets one.
    pub(super) fn new(key: R::Key, row: R, extra: R::Extra, now: Moment) -> Self {
        Self {
            key,
            row: Arc::new(row),
            extra,
            hidden: true,
            flows: 0,
            active: now,
            seconds: Seconds::new(now, CHART_SECONDS),
            tens: tens(now),
            window: Both::default(),
            listed: Listed::default(),
        }
    }
}

impl<R: AccountRow<Key: Hash>> Ledger<R> {
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Where the account is. It stays there as long as a flow refers to it.
    pub(super) fn find(&self, key: &R::Key) -> Option<Slot> {
        self.places.get(key).copied()
    }

    pub(super) fn get(&self, slot: Slot) -> Option<&Account<R>> {
        self.accounts.get(slot)
    }

    /// Opens an account for a key that has none.
    pub(super) fn open(&mut self, account: Account<R>) -> Slot {
        let key = account.key.clone();
        let slot = self.accounts.insert(account);
        self.places.insert(key, slot);
        slot
    }

    /// The account, marked as changed.
    pub(super) fn edit(&mut self, slot: Slot) -> Option<&mut Account<R>> {
        let account = self.accounts.get_mut(slot)?;
        if !account.listed.changed {
            account.listed.changed = true;
            self.changed.push(slot);
        }
        Some(account)
    }

    /// All accounts, in the same order for the same events.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Slot, &Account<R>)> {
        self.accounts.iter()
    }

    /// A flow belongs to the account from now on, with all that it has moved so far.
    pub(super) fn credit(&mut self, slot: Slot, share: Share) -> Option<&mut Account<R>> {
        let account = self.edit(slot)?;
        account.hidden = false;
        let is_first = account.flows == 0 && account.row.figures().0 == Both::default();
        account.flows = account.flows.saturating_add(1);
        let parts = Arc::make_mut(&mut account.row).parts();
        if is_first || share.first_seen < *parts.first_seen {
            *parts.first_seen = share.first_seen;
        }
        if is_first || *parts.last_seen < share.last_seen {
            *parts.last_seen = share.last_seen;
        }
        parts.bytes.rx += share.bytes.rx;
        parts.bytes.tx += share.bytes.tx;
        *parts.connections += u32::from(share.open);
        Some(account)
    }

    /// Takes a flow away again, with all that it has moved.
    pub(super) fn debit(&mut self, slot: Option<Slot>, share: Share) -> Option<&mut Account<R>> {
        let account = self.edit(slot?)?;
        account.flows = account.flows.saturating_sub(1);
        let parts = Arc::make_mut(&mut account.row).parts();
        parts.bytes.rx.0 = parts.bytes.rx.0.saturating_sub(share.bytes.rx.0);
        parts.bytes.tx.0 = parts.bytes.tx.0.saturating_sub(share.bytes.tx.0);
        *parts.connections = parts.connections.saturating_sub(u32::from(share.open));
        Some(account)
    }

    /// A flow is forgotten; its bytes stay.
    pub(super) fn forget(&mut self, slot: Option<Slot>) -> Option<&mut Account<R>> {
        let account = self.edit(slot?)?;
        account.flows = account.flows.saturating_sub(1);
        Some(account)
    }

    /// A credited flow is no longer open.
    pub(super) fn close(&mut self, slot: Option<Slot>) {
        if let Some(account) = slot.and_then(|slot| self.edit(slot)) {
            let parts = Arc::make_mut(&mut account.row).parts();
            *parts.connections = parts.connections.saturating_sub(1);
        }
    }

    /// A credited flow moved something.
    pub(super) fn moved(&mut self, slot: Option<Slot>, bytes: Both<u64>, time: Timestamp, now: Moment) {
        let Some(slot) = slot else { return };
        let Some(account) = self.edit(slot) else { return };
        account.hidden = false;
        account.active = now;
        account.seconds.add(now, bytes);
        account.tens.add(now, bytes);
        let parts = Arc::make_mut(&mut account.row).parts();
        parts.bytes.rx += Bytes(bytes.rx);
        parts.bytes.tx += Bytes(bytes.tx);
        *parts.last_seen = time.max(*parts.last_seen);
        if !account.listed.charted {
            account.listed.charted = true;
            self.charted.push(slot);
        }
    }

    /// Adds what one flow moved within the window to the rate in the making.
    pub(super) fn add_to_rate(&mut self, slot: Option<Slot>, bytes: Both<u64>) {
        let Some(slot) = slot else { return };
        let Some(account) = self.accounts.get_mut(slot) else { return };
        account.window.rx = account.window.rx.saturating_add(bytes.rx);
        account.window.tx = account.window.tx.saturating_add(bytes.tx);
        if !account.listed.rated {
            account.listed.rated = true;
            self.rated.push(slot);
        }
    }

    /// Closes accounts without flows whose bytes need not be remembered; their rows go at the next tick.
    pub(super) fn close_accounts(&mut self, slots: impl Iterator<Item = Slot>) {
        for slot in slots {
            if let Some(account) = self.accounts.remove(slot) {
                self.places.remove(&account.key);
                self.gone.push(account.key);
            }
        }
        let accounts = &self.accounts;
        for list in [&mut self.changed, &mut self.rated, &mut self.charted] {
            list.retain(|slot| accounts.get(*slot).is_some());
        }
    }

    /// Brings rates and charts up to date, closes the accounts that `is_over`, and returns the rows.
    pub(super) fn tick(
        &mut self,
        now: Moment,
        span: &Span,
        is_over: impl Fn(&Account<R>) -> bool,
    ) -> Rows<R> {
        self.finish_rates(span);
        self.move_charts(now);
        let mut changes = Vec::with_capacity(self.changed.len() + self.gone.len());
        for key in std::mem::take(&mut self.gone) {
            // One that was opened again is a change like others.
            match self.find(&key) {
                Some(slot) => drop(self.edit(slot)),
                None => changes.push((key, None)),
            }
        }
        for slot in std::mem::take(&mut self.changed) {
            let Some(account) = self.accounts.get_mut(slot) else { continue };
            account.listed.changed = false;
            let key = account.key.clone();
            if is_over(account) {
                // One that is still being charted is closed later, so that the lists hold it once.
                account.hidden = true;
                if account.listed.rated || account.listed.charted {
                    account.listed.changed = true;
                    self.changed.push(slot);
                } else {
                    self.accounts.remove(slot);
                    self.places.remove(&key);
                }
                changes.push((key, None));
            } else {
                let row = (!account.hidden).then(|| Arc::clone(&account.row));
                changes.push((key, row));
            }
        }
        self.rows.publish(changes)
    }

    /// The last minute and the last ten minutes of an account.
    pub(super) fn charts(&mut self, key: &R::Key, now: Moment) -> Option<(History, History)> {
        let account = self.accounts.get_mut(self.find(key)?)?;
        Some((account.seconds.chart(now), account.tens.chart(now)))
    }

    /// Sets every total, rate and chart to zero.
    pub(super) fn reset(&mut self, now: Moment) {
        self.rated.clear();
        self.charted.clear();
        let slots: Vec<Slot> = self.accounts.iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            let Some(account) = self.edit(slot) else { continue };
            account.seconds = Seconds::new(now, CHART_SECONDS);
            account.tens = tens(now);
            account.window = Both::default();
            account.listed.rated = false;
            account.listed.charted = false;
            let parts = Arc::make_mut(&mut account.row).parts();
            *parts.bytes = Both::default();
            *parts.rate = Both::default();
            *parts.history = History::default();
        }
    }

    fn finish_rates(&mut self, span: &Span) {
        let mut still_rated = Vec::with_capacity(self.rated.len());
        for slot in std::mem::take(&mut self.rated) {
            let Some(account) = self.accounts.get_mut(slot) else { continue };
            let window = std::mem::take(&mut account.window);
            let rate = span.rate(window);
            account.listed.rated = window != Both::default();
            let is_rated = account.listed.rated;
            if account.row.figures().1 != rate
                && let Some(account) = self.edit(slot)
            {
                *Arc::make_mut(&mut account.row).parts().rate = rate;
            }
            if is_rated {
                still_rated.push(slot);
            }
        }
        self.rated = still_rated;
    }

    fn move_charts(&mut self, now: Moment) {
        for slot in std::mem::take(&mut self.charted) {
            let Some(account) = self.accounts.get_mut(slot) else { continue };
            let chart = account.seconds.tick(now);
            account.listed.charted = !account.seconds.is_idle();
            let is_charted = account.listed.charted;
            if let Some(chart) = chart
                && let Some(account) = self.edit(slot)
            {
                *Arc::make_mut(&mut account.row).parts().history = chart;
            }
            if is_charted {
                self.charted.push(slot);
            }
        }
    }
}

/// An account's chart of ten minutes. Nothing moves it on but traffic and being looked at.
fn tens(now: Moment) -> Seconds {
    Seconds::in_steps(now, CHART_TENS, 10)
}

/// Samples in an account's chart: the last minute.
const CHART_SECONDS: usize = 60;

/// Samples in its chart of ten minutes.
const CHART_TENS: usize = 60;
