//! Tables too long to be put in order between two frames: a thread beside the window does it.

use std::sync::Arc;
use std::time::Duration;

use egui::Context;

use super::TopRow;
use super::order::Order;
use super::table::{MadeFor, Plan, TableInput, TableState, contents, sort_of};
use crate::aggregate::snapshot::Snapshot;
use crate::session::{Backend, Job, JobResult};
use crate::settings::{TableSettings, View};

/// Rows that the window itself puts in order: a fraction of a millisecond. More are ordered elsewhere (10 000 would
/// take longer than all the drawing), and the table shows the picture before until that is done.
pub const MAX_ROWS_IN_PLACE: usize = 2_000;

/// Until the order that the user asked for is looked for again.
const SOON: Duration = Duration::from_millis(30);

/// An order that a job made, and the picture that it belongs to.
struct Made {
    view: View,
    order: Order,
    wanted: MadeFor,
    picture: Arc<Snapshot>,
}

impl TableState {
    /// Brings the order up to the snapshot, here or, for a long table, on the backend's thread. Returns the picture
    /// that the order belongs to, which is the one to draw.
    pub fn bring_up<R: TopRow>(
        &mut self,
        (ctx, backend): (&Context, &dyn Backend),
        input: &TableInput<'_>,
        settings: &TableSettings,
    ) -> Arc<Snapshot> {
        if R::all(input.snapshot).len() <= MAX_ROWS_IN_PLACE {
            self.leave(backend);
            self.refresh::<R>(ctx, input, settings);
            return Arc::clone(input.snapshot);
        }
        while let Some(result) = backend.worked() {
            self.adopt(R::VIEW, result, backend);
        }
        let asked = |made: &MadeFor| made.is_as_asked::<R>(self, input, settings);
        let is_answered = self.made_for.as_ref().is_some_and(asked);
        if !self.is_in_work {
            match self.job::<R>(self.plan::<R>(ctx, input, settings), input, settings) {
                None => {}
                // Nothing to show meanwhile.
                Some(job) if self.picture.is_none() => self.adopt(R::VIEW, job(), backend),
                Some(job) => match backend.work(job) {
                    Ok(()) => self.is_in_work = true,
                    Err(job) => self.adopt(R::VIEW, job(), backend),
                },
            }
        }
        if self.is_in_work && !is_answered {
            ctx.request_repaint_after(SOON);
        }
        Arc::clone(self.picture.as_ref().unwrap_or(input.snapshot))
    }

    /// Lets go of what only a long table that shows needs.
    pub fn leave(&mut self, backend: &dyn Backend) {
        self.is_in_work = false;
        if let Some(picture) = self.picture.take() {
            self.made_for = None;
            put_away(backend, (picture, std::mem::take(&mut self.order)));
        }
    }

    fn job<R: TopRow>(&self, plan: Plan, input: &TableInput<'_>, settings: &TableSettings) -> Option<Job> {
        let (made_for, held) = match plan {
            Plan::Keep => return None,
            Plan::Hold(made_for) => (made_for, Some(Arc::clone(&self.order))),
            Plan::Sort(made_for) => (made_for, None),
        };
        let (picture, filter) = (Arc::clone(input.snapshot), input.filter.clone());
        let (expanded, sort) = (self.expanded.clone(), sort_of(R::VIEW, settings));
        let (filter_revision, scope, units) = (input.filter_revision, input.scope, input.units);
        Some(Box::new(move || {
            let input = TableInput { snapshot: &picture, filter: &filter, filter_revision, scope, units };
            let contents = contents::<R>(&input, (sort, &expanded));
            let order = match held {
                Some(held) => held.held(&contents),
                None => Order::sorted(&contents),
            };
            Box::new(Made { view: R::VIEW, order, wanted: made_for, picture })
        }))
    }

    /// Takes a job's result, unless it is another table's.
    fn adopt(&mut self, view: View, result: JobResult, backend: &dyn Backend) {
        let Ok(made) = result.downcast::<Made>() else { return };
        if made.view != view {
            return put_away(backend, made);
        }
        self.is_in_work = false;
        self.made_for = Some(made.wanted);
        let old_order = std::mem::replace(&mut self.order, Arc::new(made.order));
        let old_picture = self.picture.replace(made.picture);
        put_away(backend, (old_order, old_picture));
    }
}

/// Drops something large elsewhere, where there is an elsewhere: giving back the memory of a hundred thousand rows
/// takes longer than drawing a frame.
pub fn put_away(backend: &dyn Backend, large: impl Send + 'static) {
    let job: Job = Box::new(move || {
        drop(large);
        Box::new(())
    });
    drop(backend.work(job));
}
