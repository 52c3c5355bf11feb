//! What the window has drawn for it beside the tables: the selected row's long chart, sparklines of rows in sight.

use crate::aggregate::snapshot::Watch;
use crate::event::FlowId;
use crate::session::{Action, Backend};

/// What was asked for last. Each wish is told once.
#[derive(Debug, Default)]
pub struct Wanted {
    watched: Option<Watch>,
    in_sight: Vec<FlowId>,
}

impl Wanted {
    /// Wants this row's long chart, or none.
    pub fn watch(&mut self, watched: Option<Watch>, backend: &dyn Backend) {
        if watched != self.watched {
            self.watched.clone_from(&watched);
            backend.act(Action::Watch(watched));
        }
    }

    /// Wants these connections' sparklines.
    pub fn see(&mut self, in_sight: &[FlowId], backend: &dyn Backend) {
        if in_sight != self.in_sight {
            self.in_sight = in_sight.to_vec();
            backend.act(Action::InSight(in_sight.to_vec()));
        }
    }
}
