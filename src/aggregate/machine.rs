//! The machine's totals: what its interfaces carried, whoever it was for.

use super::counter::{Moment, Ring, Seconds, Span};
use super::flows::machine_bytes;
use super::snapshot::{Both, History, RouteTotals, Totals};
use crate::event::{Delta, InterfaceKind, Statistics};
use crate::units::Bytes;

/// What the whole machine moved.
#[derive(Debug)]
pub(super) struct Machine {
    bytes: Both<Bytes>,
    packets: u64,
    loopback: Bytes,
    unattributed: Bytes,
    capture: Statistics,
    ring: Ring,
    seconds: Seconds,
    history: History,
}

impl Machine {
    pub(super) fn new(now: Moment) -> Self {
        Self {
            bytes: Both::default(),
            packets: 0,
            loopback: Bytes(0),
            unattributed: Bytes(0),
            capture: Statistics::default(),
            ring: Ring::default(),
            seconds: Seconds::new(now, CHART_SECONDS),
            history: History::default(),
        }
    }

    /// Counts what a flow on an interface of `kind` moved.
    pub(super) fn moved(&mut self, kind: InterfaceKind, delta: &Delta, is_owned: bool, now: Moment) {
        let bytes = Both { rx: Bytes(delta.rx_bytes), tx: Bytes(delta.tx_bytes) };
        match kind {
            InterfaceKind::Physical => {
                self.bytes.rx += bytes.rx;
                self.bytes.tx += bytes.tx;
                let packets = u64::from(delta.rx_packets) + u64::from(delta.tx_packets);
                self.packets = self.packets.saturating_add(packets);
                let bytes = Both { rx: delta.rx_bytes, tx: delta.tx_bytes };
                self.ring.add(now, bytes);
                self.seconds.add(now, bytes);
            }
            // The flow of the other end has the same packets as received.
            InterfaceKind::Loopback => {
                self.loopback += bytes.tx;
                self.packets = self.packets.saturating_add(delta.tx_packets.into());
            }
            InterfaceKind::Tunnel | InterfaceKind::Stacked => {}
        }
        if !is_owned {
            self.unattributed += machine_bytes(kind, bytes);
        }
    }

    /// A flow's part in what nobody owns changes from `before` to `after`.
    pub(super) fn reattribute(&mut self, before: Bytes, after: Bytes) {
        self.unattributed = Bytes(self.unattributed.0.saturating_sub(before.0)) + after;
    }

    pub(super) fn set_capture(&mut self, statistics: Statistics) {
        self.capture = statistics;
    }

    pub(super) fn tick(&mut self, now: Moment, span: &Span) -> Totals {
        self.ring.expire(now);
        if let Some(history) = self.seconds.tick(now) {
            self.history = history;
        }
        Totals {
            bytes: self.bytes,
            rate: span.rate(self.ring.within(span)),
            packets: self.packets,
            loopback: self.loopback,
            unattributed: self.unattributed,
            capture: self.capture,
            history: self.history.clone(),
            routes: RouteTotals::default(),
        }
    }

    /// Sets all but the capture's own counts to zero.
    pub(super) fn reset(&mut self, now: Moment) {
        *self = Self { capture: self.capture, ..Self::new(now) };
    }
}

/// Samples in the strip chart: the last two minutes.
const CHART_SECONDS: usize = 120;
