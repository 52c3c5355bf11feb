//! The last ten minutes of the row that the user looks at. Processes and domains keep theirs in ten-second steps all
//! the time; connections are too many for that, so a connection's chart begins with the looking.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::connections::Connections;
use super::counter::{Moment, Ring, Seconds};
use super::snapshot::{Both, History, Watch, Watched};
use super::{Aggregator, processes};
use crate::event::FlowId;

/// What is watched, and the charts of the connections that were watched lately.
#[derive(Debug, Default)]
pub(super) struct Watches {
    pub(super) wanted: Option<Watch>,
    /// The newest last. Looking away and back again does not begin anew.
    flows: VecDeque<WatchedFlow>,
    /// Connections whose rows are in sight.
    in_sight: Vec<FlowId>,
}

/// A connection's chart.
#[derive(Debug)]
struct WatchedFlow {
    flow: FlowId,
    /// The beginning of what the chart knows.
    begin: Moment,
    seconds: Seconds,
}

impl Watches {
    /// Begins a connection's chart with what is left of its last half minute, unless there is one.
    pub(super) fn begin(&mut self, flow: FlowId, ring: &Ring, now: Moment) {
        if self.flows.iter().any(|watched| watched.flow == flow) {
            return;
        }
        if MAX_WATCHED <= self.flows.len() {
            self.flows.pop_front();
        }
        let (begin, seconds) = ring.to_seconds(now, LONG_CHART);
        self.flows.push_back(WatchedFlow { flow, begin, seconds });
    }

    /// A connection moved something.
    pub(super) fn moved(&mut self, flow: FlowId, bytes: Both<u64>, now: Moment) {
        if let Some(watched) = self.flows.iter_mut().find(|watched| watched.flow == flow) {
            watched.seconds.add(now, bytes);
        }
    }

    /// A connection's chart, and how far back it reaches.
    pub(super) fn flow(&mut self, flow: FlowId, now: Moment) -> Option<(&mut Seconds, Duration)> {
        let watched = self.flows.iter_mut().find(|watched| watched.flow == flow)?;
        Some((&mut watched.seconds, now.since(watched.begin)))
    }

    /// These connections are in sight now, and no others.
    pub(super) fn see(&mut self, mut flows: Vec<FlowId>) {
        flows.truncate(MAX_IN_SIGHT);
        self.in_sight = flows;
    }

    /// The last half minute of the connections in sight. Their rates are reckoned from the same bytes, so this costs
    /// no memory, and time for a screenful only.
    pub(super) fn sparklines(&self, connections: &Connections, now: Moment) -> BTreeMap<FlowId, History> {
        let chart = |id: &FlowId| Some((*id, connections.get(*id)?.ring.sparkline(now)?));
        self.in_sight.iter().filter_map(chart).collect()
    }

    /// Totals were set to zero: the charts begin anew.
    pub(super) fn reset(&mut self, now: Moment) {
        for watched in &mut self.flows {
            watched.begin = now;
            watched.seconds = Seconds::new(now, LONG_CHART);
        }
    }
}

impl Aggregator {
    /// Charts this row's last ten minutes in every snapshot from the next one on, or no row's.
    pub fn watch(&mut self, watch: Option<Watch>) {
        if let Some(Watch::Connection(id)) = &watch
            && let Some(flow) = self.connections.get(*id)
        {
            self.watches.begin(*id, &flow.ring, self.clock.moment());
        }
        self.watches.wanted = watch;
    }

    /// Draws these connections' sparklines in every snapshot from the next one on: the first [`MAX_IN_SIGHT`] of them.
    pub fn see(&mut self, flows: Vec<FlowId>) {
        self.watches.see(flows);
    }

    pub(super) fn watched(&mut self, now: Moment) -> Option<Watched> {
        let of = self.watches.wanted.clone()?;
        let since_start = now.since(self.start);
        let ((seconds, tens), known) = match &of {
            Watch::Process(key) => (self.processes.ledger.charts(&processes::key(*key), now)?, since_start),
            Watch::Domain(name) => (self.domains.charts(name, now)?, since_start),
            Watch::Connection(id) => {
                let (seconds, known) = self.watches.flow(*id, now)?;
                ((seconds.chart(now), History::default()), known.min(since_start))
            }
        };
        Some(Watched { of, seconds, tens, tens_age: now.into_step(10), known })
    }
}

/// Samples in a chart of ten minutes, one a second.
pub(super) const LONG_CHART: usize = 600;

/// Connections that a window has room for: those of a tall screen.
pub const MAX_IN_SIGHT: usize = 160;

/// Connections whose charts are kept, at 4.8 kB each.
const MAX_WATCHED: usize = 16;
