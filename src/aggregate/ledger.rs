//! What many flows add up to: one account for each process or domain, with totals, rates and a chart.
//!
//! An account's bytes are those of the flows that were credited to it; a flow that finds a better
//! owner or name takes its bytes along. A flow that is forgotten leaves them where they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::counter::{Moment, Seconds, Span};
use super::rows::{Row, Rows};
use super::snapshot::{Both, History};
use crate::time::Timestamp;
use crate::units::{Bytes, BytesPerSec};

/// A row that sums up flows.
pub(super) trait AccountRow: Row {
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
pub(super) struct Ledger<R: AccountRow> {
    accounts: BTreeMap<R::Key, Account<R>>,
    /// Keys of rows that changed since the last tick, each once.
    changed: Vec<R::Key>,
    /// Keys of rows whose rate is not zero, or is about to be, each once.
    rated: Vec<R::Key>,
    /// Keys of rows whose chart moves, each once.
    charted: Vec<R::Key>,
    rows: Rows<R>,
}

/// One account.
pub(super) struct Account<R: AccountRow> {
    pub(super) row: Arc<R>,
    pub(super) extra: R::Extra,
    /// Whether the row is left out of snapshots.
    pub(super) hidden: bool,
    /// The flows that refer to it, credited or not, closed or not.
    pub(super) flows: u32,
    /// The last time that something moved.
    pub(super) active: Moment,
    seconds: Seconds,
    /// Bytes within the window, while a tick adds them up.
    window: Both<u64>,
    listed: Listed,
}

/// Which of the ledger's lists an account's key is in.
#[derive(Clone, Copy, Default)]
struct Listed {
    changed: bool,
    rated: bool,
    charted: bool,
}

impl<R: AccountRow> Default for Ledger<R> {
    fn default() -> Self {
        Self {
            accounts: BTreeMap::new(),
            changed: Vec::new(),
            rated: Vec::new(),
            charted: Vec::new(),
            rows: Rows::default(),
        }
    }
}

impl<R: AccountRow> Account<R> {
    /// An account without flows, whose row is left out until it gets one.
    pub(super) fn new(row: R, extra: R::Extra, now: Moment) -> Self {
        Self {
            row: Arc::new(row),
            extra,
            hidden: true,
            flows: 0,
            active: now,
            seconds: Seconds::new(now, CHART_SECONDS),
            window: Both::default(),
            listed: Listed::default(),
        }
    }
}

impl<R: AccountRow> Ledger<R> {
    pub(super) fn len(&self) -> usize {
        self.accounts.len()
    }

    pub(super) fn get(&self, key: &R::Key) -> Option<&Account<R>> {
        self.accounts.get(key)
    }

    /// Opens an account; an old one of the same key is replaced.
    pub(super) fn open(&mut self, key: R::Key, account: Account<R>) {
        self.accounts.insert(key, account);
    }

    /// The account, marked as changed.
    pub(super) fn edit(&mut self, key: &R::Key) -> Option<&mut Account<R>> {
        let account = self.accounts.get_mut(key)?;
        if !account.listed.changed {
            account.listed.changed = true;
            self.changed.push(key.clone());
        }
        Some(account)
    }

    /// All accounts, ascending by key.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&R::Key, &Account<R>)> {
        self.accounts.iter()
    }

    /// A flow belongs to the account from now on, with all that it has moved so far.
    pub(super) fn credit(&mut self, key: &R::Key, share: Share) -> Option<&mut Account<R>> {
        let account = self.edit(key)?;
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
    pub(super) fn debit(&mut self, key: &R::Key, share: Share) -> Option<&mut Account<R>> {
        let account = self.edit(key)?;
        account.flows = account.flows.saturating_sub(1);
        let parts = Arc::make_mut(&mut account.row).parts();
        parts.bytes.rx.0 = parts.bytes.rx.0.saturating_sub(share.bytes.rx.0);
        parts.bytes.tx.0 = parts.bytes.tx.0.saturating_sub(share.bytes.tx.0);
        *parts.connections = parts.connections.saturating_sub(u32::from(share.open));
        Some(account)
    }

    /// A flow is forgotten; its bytes stay.
    pub(super) fn forget(&mut self, key: &R::Key) {
        if let Some(account) = self.edit(key) {
            account.flows = account.flows.saturating_sub(1);
        }
    }

    /// A credited flow is no longer open.
    pub(super) fn close(&mut self, key: &R::Key) {
        if let Some(account) = self.edit(key) {
            let parts = Arc::make_mut(&mut account.row).parts();
            *parts.connections = parts.connections.saturating_sub(1);
        }
    }

    /// A credited flow moved something.
    pub(super) fn moved(&mut self, key: &R::Key, bytes: Both<u64>, time: Timestamp, now: Moment) {
        let Some(account) = self.edit(key) else { return };
        account.hidden = false;
        account.active = now;
        account.seconds.add(now, bytes);
        let parts = Arc::make_mut(&mut account.row).parts();
        parts.bytes.rx += Bytes(bytes.rx);
        parts.bytes.tx += Bytes(bytes.tx);
        *parts.last_seen = time.max(*parts.last_seen);
        if !account.listed.charted {
            account.listed.charted = true;
            self.charted.push(key.clone());
        }
    }

    /// Adds what one flow moved within the window to the rate in the making.
    pub(super) fn add_to_rate(&mut self, key: &R::Key, bytes: Both<u64>) {
        let Some(account) = self.accounts.get_mut(key) else { return };
        account.window.rx = account.window.rx.saturating_add(bytes.rx);
        account.window.tx = account.window.tx.saturating_add(bytes.tx);
        if !account.listed.rated {
            account.listed.rated = true;
            self.rated.push(key.clone());
        }
    }

    /// Closes accounts whose bytes need not be remembered; their rows go at the next tick.
    pub(super) fn close_accounts(&mut self, keys: &BTreeSet<R::Key>) {
        for key in keys {
            self.edit(key);
            self.accounts.remove(key);
        }
        self.rated.retain(|key| !keys.contains(key));
        self.charted.retain(|key| !keys.contains(key));
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
        let mut changes = Vec::with_capacity(self.changed.len());
        let mut keys = std::mem::take(&mut self.changed);
        // An account that was closed and opened again is in the list twice.
        keys.sort();
        keys.dedup();
        for key in keys {
            let Some(account) = self.accounts.get_mut(&key) else {
                changes.push((key, None));
                continue;
            };
            account.listed.changed = false;
            if is_over(account) {
                // One that is still being charted is closed later, so that the lists hold each key once.
                account.hidden = true;
                if account.listed.rated || account.listed.charted {
                    account.listed.changed = true;
                    self.changed.push(key.clone());
                } else {
                    self.accounts.remove(&key);
                }
                changes.push((key, None));
            } else {
                let row = (!account.hidden).then(|| Arc::clone(&account.row));
                changes.push((key, row));
            }
        }
        self.rows.apply(changes);
        self.rows.clone()
    }

    /// Sets every total, rate and chart to zero.
    pub(super) fn reset(&mut self, now: Moment) {
        self.rated.clear();
        self.charted.clear();
        let keys: Vec<R::Key> = self.accounts.keys().cloned().collect();
        for key in &keys {
            let Some(account) = self.edit(key) else { continue };
            account.seconds = Seconds::new(now, CHART_SECONDS);
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
        for key in std::mem::take(&mut self.rated) {
            let Some(account) = self.accounts.get_mut(&key) else { continue };
            let window = std::mem::take(&mut account.window);
            let rate = span.rate(window);
            account.listed.rated = window != Both::default();
            let is_rated = account.listed.rated;
            if account.row.figures().1 != rate
                && let Some(account) = self.edit(&key)
            {
                *Arc::make_mut(&mut account.row).parts().rate = rate;
            }
            if is_rated {
                still_rated.push(key);
            }
        }
        self.rated = still_rated;
    }

    fn move_charts(&mut self, now: Moment) {
        for key in std::mem::take(&mut self.charted) {
            let Some(account) = self.accounts.get_mut(&key) else { continue };
            let chart = account.seconds.tick(now);
            account.listed.charted = !account.seconds.is_idle();
            let is_charted = account.listed.charted;
            if let Some(chart) = chart
                && let Some(account) = self.edit(&key)
            {
                *Arc::make_mut(&mut account.row).parts().history = chart;
            }
            if is_charted {
                self.charted.push(key);
            }
        }
    }
}

/// Samples in an account's chart: the last minute.
const CHART_SECONDS: usize = 60;
