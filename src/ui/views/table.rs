//! What a table remembers between two frames: its order, its selection by key, the rows that are open.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use egui::Popup;

use super::order::{Contents, Order, Place};
use super::{Field, Key, Picked, Row as _, TopRow, columns};
use crate::aggregate::snapshot::Snapshot;
use crate::event::FlowId;
use crate::filter::Filter;
use crate::settings::{Scope, SortBy, TableSettings, Units, View};
use crate::ui::theme::ROW;

/// Seconds between two sorts while values move.
const RESORT_SECONDS: f64 = 1.0;

/// What a table shows.
#[derive(Clone, Copy)]
pub struct TableInput<'a> {
    /// The newest picture.
    pub snapshot: &'a Arc<Snapshot>,
    /// What the user typed, understood.
    pub filter: &'a Filter,
    /// Counts up whenever the filter changes.
    pub filter_revision: u64,
    /// Which traffic is listed.
    pub scope: Scope,
    /// How amounts are written.
    pub units: Units,
}

/// A step that the keyboard asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// To the row above.
    Up,
    /// To the row below.
    Down,
    /// A window's height up.
    PageUp,
    /// A window's height down.
    PageDown,
    /// To the first row.
    Home,
    /// To the last row.
    End,
    /// Opens or closes the selected row.
    Toggle,
    /// Opens the selected row.
    Open,
    /// Closes the selected row, or goes to the row above that it stands below.
    Close,
    /// Selects the first row if none is.
    First,
    /// Copies the selected row.
    Copy,
    /// Opens the selected row's menu.
    Menu,
}

/// The menu of a row, opened by a key: it stands at the row and not at the pointer, and the keyboard is in it.
#[derive(Clone, Debug)]
pub(super) struct KeyMenu {
    pub(super) row: Key,
    /// Frames in which its row may still come into sight; 0 once the keyboard is in it.
    frames: u8,
}

impl KeyMenu {
    const fn of(row: Key) -> Self {
        Self { row, frames: 4 }
    }

    /// Whether the keyboard is still to go into it.
    pub(super) const fn is_due(&self) -> bool {
        self.frames > 0
    }

    /// The keyboard is in it.
    pub(super) const fn enter(&mut self) {
        self.frames = 0;
    }

    /// Whether it is closed, or its row has gone before it was opened. To be asked once in a frame.
    pub(super) fn is_over(&mut self, ctx: &egui::Context) -> bool {
        if Popup::is_any_open(ctx) {
            return false;
        }
        self.frames = self.frames.saturating_sub(1);
        !self.is_due()
    }
}

/// What the order was made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct MadeFor {
    generation: u64,
    filter_revision: u64,
    scope: Scope,
    sort: (Field, bool),
    expansions: u64,
    /// When it was last sorted, in the toolkit's seconds.
    sorted_at: f64,
    /// Whether the sort belongs to this generation.
    is_sorted: bool,
}

impl MadeFor {
    /// Whether the filter, the sort and the opened rows are still those.
    pub(super) fn is_as_asked<R: TopRow>(
        &self,
        state: &TableState,
        input: &TableInput<'_>,
        settings: &TableSettings,
    ) -> bool {
        self.filter_revision == input.filter_revision
            && self.scope == input.scope
            && self.sort == sort_of(R::VIEW, settings)
            && self.expansions == state.expansions
    }
}

/// How the order is brought up to a snapshot.
#[derive(Clone, Copy, Debug)]
pub(super) enum Plan {
    /// It is.
    Keep,
    /// Every row keeps its place.
    Hold(MadeFor),
    /// Sorted afresh.
    Sort(MadeFor),
}

/// What a table remembers between two frames.
#[derive(Debug, Default)]
pub struct TableState {
    pub(super) order: Arc<Order>,
    pub(super) selected: Option<Key>,
    /// Where the selected row was last: it mostly stays, and looking through a long table takes its time.
    selected_at: Cell<usize>,
    pub(super) expanded: BTreeSet<Key>,
    /// Counts up whenever a row is opened or closed.
    expansions: u64,
    pub(super) made_for: Option<MadeFor>,
    /// Of a long table: the picture that the order belongs to, and whether a newer order is being made.
    pub(super) picture: Option<Arc<Snapshot>>,
    pub(super) is_in_work: bool,
    pub(super) scroll_to: Option<usize>,
    pub(super) key_menu: Option<KeyMenu>,
    /// Points: the height that rows are seen in.
    pub(super) page_height: f32,
    pub(super) is_pointed_at: bool,
    /// The connections among the rows in sight, if their sparklines show.
    pub(super) in_sight: Vec<FlowId>,
}

impl TableState {
    /// How many of the table's own rows pass the filter.
    #[must_use]
    pub fn matches(&self) -> usize {
        self.order.matches()
    }

    /// How many more would show if local ones did.
    #[must_use]
    pub fn hidden(&self) -> usize {
        self.order.hidden()
    }

    /// The selected row.
    #[must_use]
    pub const fn selected(&self) -> Option<&Key> {
        self.selected.as_ref()
    }

    /// The selected row, if it shows.
    #[must_use]
    pub fn picked<'a, R: TopRow + 'a>(&'a self, snapshot: &'a Snapshot) -> Option<Picked<'a>> {
        let line = self.order.lines().get(self.selected_line()?)?;
        match line.place {
            Place::Top(index) => Some(R::all(snapshot).get(index as usize)?.pick()),
            Place::Host(index) => Some(self.order.host(index)?.pick()),
            Place::Below(index) => Some(snapshot.connections.get(index as usize)?.pick()),
        }
    }

    /// The connections whose sparklines are in sight.
    #[must_use]
    pub fn in_sight(&self) -> &[FlowId] {
        &self.in_sight
    }

    fn selected_line(&self) -> Option<usize> {
        let (key, at) = (self.selected.as_ref()?, self.selected_at.get());
        if self.order.lines().get(at).is_some_and(|line| line.key == *key) {
            return Some(at);
        }
        let at = self.order.position(key)?;
        self.selected_at.set(at);
        Some(at)
    }

    /// Selects nothing. Returns whether something was selected.
    pub fn deselect(&mut self) -> bool {
        self.selected.take().is_some()
    }

    /// Whether rows keep their places although their values moved on.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.made_for.is_some_and(|made_for| !made_for.is_sorted) && self.is_pointed_at
    }

    /// Brings the order up to the snapshot: sorted at once when the user asked for another order, else at
    /// most once a second and not while a menu is open or the pointer is on a row.
    pub fn refresh<R: TopRow>(
        &mut self,
        ctx: &egui::Context,
        input: &TableInput<'_>,
        settings: &TableSettings,
    ) {
        let plan = self.plan::<R>(ctx, input, settings);
        let sort = sort_of(R::VIEW, settings);
        let contents = contents::<R>(input, (sort, &self.expanded));
        let (order, made_for) = match plan {
            Plan::Keep => return,
            Plan::Hold(made_for) => (self.order.held(&contents), made_for),
            Plan::Sort(made_for) => (Order::sorted(&contents), made_for),
        };
        self.order = Arc::new(order);
        self.made_for = Some(made_for);
    }

    /// What is to be done for this snapshot, filter, sort and these opened rows.
    pub(super) fn plan<R: TopRow>(
        &self,
        ctx: &egui::Context,
        input: &TableInput<'_>,
        settings: &TableSettings,
    ) -> Plan {
        let sort = sort_of(R::VIEW, settings);
        let asked = |made: &MadeFor| made.is_as_asked::<R>(self, input, settings);
        let time = ctx.input(|i| i.time);
        let made_for = self.made_for.filter(asked);
        let is_free = !self.is_pointed_at && !Popup::is_any_open(ctx);
        let must_sort = made_for.is_none_or(|made| {
            let is_stale = made.generation != input.snapshot.generation || !made.is_sorted;
            is_stale && is_free && (time - made.sorted_at >= RESORT_SECONDS - 0.05)
        });
        let (generation, filter_revision) = (input.snapshot.generation, input.filter_revision);
        let fresh = MadeFor {
            generation,
            filter_revision,
            scope: input.scope,
            sort,
            expansions: self.expansions,
            sorted_at: time,
            is_sorted: true,
        };
        match made_for {
            Some(made) if !must_sort => {
                let is_news = made.generation != generation;
                if is_free && (is_news || !made.is_sorted) {
                    let wait = (made.sorted_at + RESORT_SECONDS - time).max(0.05);
                    ctx.request_repaint_after(Duration::from_secs_f64(wait));
                }
                let held = MadeFor { sorted_at: made.sorted_at, is_sorted: false, ..fresh };
                if is_news { Plan::Hold(held) } else { Plan::Keep }
            }
            _ => Plan::Sort(fresh),
        }
    }

    /// Does what a key asks for.
    pub fn go<R: TopRow>(&mut self, ctx: &egui::Context, input: &TableInput<'_>, motion: Motion) {
        let last = self.order.lines().len().saturating_sub(1);
        let at = self.selected_line();
        let page = self.rows_in_page();
        let target = match motion {
            Motion::Up => at.map_or(last, |at| at.saturating_sub(1)),
            Motion::Down => at.map_or(0, |at| at + 1),
            Motion::PageUp => at.unwrap_or(0).saturating_sub(page),
            Motion::PageDown => at.map_or(page, |at| at + page),
            Motion::Home => 0,
            Motion::End => last,
            Motion::First => at.unwrap_or(0),
            Motion::Toggle | Motion::Open | Motion::Close => {
                return self.open_or_close::<R>(input, at, motion);
            }
            Motion::Copy => {
                if let Some(text) = at.and_then(|at| self.text_of::<R>(input, at)) {
                    ctx.copy_text(text);
                }
                return;
            }
            Motion::Menu => {
                let row = at.and_then(|at| self.order.lines().get(at)).map(|line| line.key.clone());
                self.key_menu = row.map(KeyMenu::of);
                // It may stand out of sight.
                self.scroll_to = at;
                return;
            }
        };
        self.select_at(target.min(last));
    }

    /// Whole rows in sight, less one that stays in sight when a page is turned.
    fn rows_in_page(&self) -> usize {
        let rows = (self.page_height / ROW).floor().clamp(2.0, 1000.0);
        (1_u16..1000).take_while(|row| f32::from(*row) < rows).count().max(1)
    }

    fn select_at(&mut self, at: usize) {
        if let Some(line) = self.order.lines().get(at) {
            self.selected = Some(line.key.clone());
            self.scroll_to = Some(at);
        }
    }

    fn open_or_close<R: TopRow>(&mut self, input: &TableInput<'_>, at: Option<usize>, motion: Motion) {
        let Some((at, line)) = at.and_then(|at| Some((at, self.order.lines().get(at)?))) else { return };
        let is_openable = match line.place {
            Place::Top(index) => {
                R::all(input.snapshot).get(index as usize).is_some_and(|row| row.is_openable())
            }
            Place::Host(_) => true,
            Place::Below(_) => false,
        };
        let is_open = self.expanded.contains(&line.key);
        if motion == Motion::Close && !is_open && line.depth > 0 {
            let depth = line.depth;
            let above = self.order.lines().iter().take(at).rposition(|line| line.depth < depth);
            return self.select_at(above.unwrap_or(at));
        }
        if !is_openable {
            return;
        }
        let key = line.key.clone();
        match (is_open, motion) {
            (true, Motion::Open) | (false, Motion::Close) => {}
            _ => self.toggle(key),
        }
    }

    pub(super) fn toggle(&mut self, key: Key) {
        if !self.expanded.remove(&key) {
            self.expanded.insert(key);
        }
        self.expansions += 1;
    }

    fn text_of<R: TopRow>(&self, input: &TableInput<'_>, at: usize) -> Option<String> {
        match self.order.lines().get(at)?.place {
            Place::Top(index) => Some(R::all(input.snapshot).get(index as usize)?.tab_separated()),
            Place::Host(index) => Some(self.order.host(index)?.tab_separated()),
            Place::Below(index) => Some(input.snapshot.connections.get(index as usize)?.tab_separated()),
        }
    }
}

/// What a table puts in order.
pub(super) fn contents<'a, R: TopRow>(
    input: &'a TableInput<'_>,
    (sort, expanded): ((Field, bool), &'a BTreeSet<Key>),
) -> Contents<'a, R> {
    Contents {
        rows: R::all(input.snapshot),
        connections: &input.snapshot.connections,
        filter: input.filter,
        scope: input.scope,
        sort,
        expanded,
    }
}

/// The sort in force: the user's, if it names a column of this table, else what moves most first.
#[must_use]
pub fn sort_of(view: View, settings: &TableSettings) -> (Field, bool) {
    let chosen = settings.sort.as_ref().and_then(|sort| {
        let column = columns(view).iter().find(|column| column.field.id() == sort.column)?;
        Some((column.field, sort.descending))
    });
    chosen.unwrap_or((Field::Down, true))
}

/// Sorts by `field`; by the same one again, the other way round.
pub fn sort_by(view: View, settings: &mut TableSettings, field: Field) {
    let descending = match sort_of(view, settings) {
        (current, descending) if current == field => !descending,
        _ => field.descends_first(),
    };
    settings.sort = Some(SortBy { column: field.id().to_owned(), descending });
}

/// Sorts by the next of traffic, connections, pid and name, as far as the table has them.
pub fn cycle_sort(view: View, settings: &mut TableSettings) {
    let cycle = [Field::Activity, Field::Connections, Field::Pid, Field::Name];
    // Without a column for all traffic, what is received stands for it.
    let has = |field: Field| columns(view).iter().any(|column| column.field == field);
    let cycle = cycle.map(|field| if field == Field::Activity && !has(field) { Field::Down } else { field });
    let mut present = cycle.into_iter().filter(|field| has(*field));
    let (current, _) = sort_of(view, settings);
    let first = present.clone().next().unwrap_or(Field::Name);
    let next = present.by_ref().skip_while(|field| *field != current).nth(1).unwrap_or(first);
    settings.sort = Some(SortBy { column: next.id().to_owned(), descending: next.descends_first() });
}

#[cfg(test)]
impl TableState {
    /// The keys of the lines, from top to bottom.
    pub(crate) fn order_of_keys(&self) -> impl Iterator<Item = &Key> {
        self.order.lines().iter().map(|line| &line.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_menu_does_not_wait_for_ever_for_a_row_that_is_gone() {
        let ctx = egui::Context::default();
        let mut menu = KeyMenu::of(Key::Process(None));
        let frames = (0..100).take_while(|_| !menu.is_over(&ctx)).count();
        assert!((2..10).contains(&frames), "a row out of sight is scrolled to within two frames");
        let mut entered = KeyMenu::of(Key::Process(None));
        entered.enter();
        assert!(entered.is_over(&ctx), "it was open and is closed");
    }
}
