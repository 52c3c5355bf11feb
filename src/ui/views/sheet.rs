//! How a table is drawn: its header, and rows painted whole, of which only those in sight are built.

use egui::{Popup, Rect, Response, Role, Sense, SetOpenCommand, Ui, WidgetInfo, pos2, vec2};
use egui_extras::{Column as Track, TableBody, TableBuilder};

use super::header::{header, shown, width_of};
use super::order::{Line, Place};
use super::table::{KeyMenu, TableInput, TableState};
use super::{Chosen, Column, Field, Key, MenuContext, MenuEntry, Row, TopRow};
use crate::aggregate::snapshot::{LINGER, Source};
use crate::lang::{self, say};
use crate::settings::{TableSettings, Units, View};
use crate::time::Timestamp;
use crate::ui::icons::Icons;
use crate::ui::theme::{HEADER, ROW, Tokens, tokens};
use crate::ui::widgets::cell::{CellPainter, RowLook};

/// Seconds in which a row fades before it goes,
const FADING: f32 = 3.0;
/// … and how much of it is left then. Less could not be read.
const FADED: f32 = 0.3;
/// Points: the least width of a column.
const NARROWEST: f32 = 44.0;
/// Points: from a row's left end to a menu that a key opened.
const MENU_INDENT: f32 = 28.0;

/// What happened to a row.
enum RowEvent {
    Select(Key),
    Toggle(Key),
    /// The keyboard is in the row's menu.
    InMenu,
    Menu(Chosen),
}

/// What a table shows and what its rows need beside that.
#[derive(Clone, Copy)]
pub struct TableLook<'a> {
    /// What it shows.
    pub input: TableInput<'a>,
    /// The apps' icons.
    pub icons: &'a Icons,
    /// The user that Crow runs as.
    pub user: Option<&'a str>,
}

/// Draws the table. Returns what the user chose in a row's menu.
pub fn table_ui<R: TopRow>(
    ui: &mut Ui,
    look: &TableLook<'_>,
    state: &mut TableState,
    settings: &mut TableSettings,
) -> Option<Chosen> {
    let input = &look.input;
    let shown = shown(R::VIEW, settings, input.snapshot);
    let wanted: Vec<f32> = shown.iter().map(|column| width_of(ui, column, settings)).collect();
    let needed: f32 =
        wanted.iter().rev().skip(1).sum::<f32>() + shown.last().map_or(0.0, |column| column.width.min(120.0));
    let room = ui.available_width();
    let area = egui::ScrollArea::horizontal().id_salt(("across", R::VIEW)).auto_shrink(false);
    let (widths, event) = area
        .show(ui, |ui| {
            ui.set_max_width(needed.max(room));
            sheet::<R>(ui, (look, state, settings), (&shown, &wanted))
        })
        .inner;

    leave_grips(ui.ctx());
    for ((column, wanted), width) in shown.iter().zip(wanted).zip(widths).rev().skip(1) {
        if (wanted - width).abs() > 0.5 {
            settings.widths.insert(column.field.id().to_owned(), width);
        }
    }
    match event? {
        RowEvent::Select(key) => state.selected = Some(key),
        RowEvent::Toggle(key) => {
            state.selected = Some(key.clone());
            state.toggle(key);
            ui.ctx().request_repaint();
        }
        RowEvent::InMenu => {
            if let Some(menu) = &mut state.key_menu {
                menu.enter();
            }
        }
        RowEvent::Menu(chosen) => return Some(chosen),
    }
    None
}

/// The grips between two columns are for the pointer: a focus that reaches one could not be seen, and goes back to the
/// table.
fn leave_grips(ctx: &egui::Context) {
    let Some(focused) = ctx.memory(egui::Memory::focused) else { return };
    let size = ctx.read_response(focused).map(|response| response.rect.size());
    if size.is_some_and(|size| size.x < NARROWEST && size.y > 2.0 * HEADER) {
        ctx.memory_mut(|memory| memory.surrender_focus(focused));
    }
}

/// The header and the rows. Returns the columns' widths and what happened.
fn sheet<R: TopRow>(
    ui: &mut Ui,
    (look, state, settings): (&TableLook<'_>, &mut TableState, &mut TableSettings),
    (shown, wanted): (&[&'static Column], &[f32]),
) -> (Vec<f32>, Option<RowEvent>) {
    let tokens = tokens(ui);
    ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
    ui.visuals_mut().widgets.noninteractive.bg_stroke.color = tokens.line.gamma_multiply(0.6);
    let top = ui.available_rect_before_wrap();
    let header_rect = Rect::from_min_size(top.min, vec2(top.width(), HEADER));
    ui.painter().rect_filled(header_rect, 0.0, tokens.panel);
    ui.painter().hline(header_rect.x_range(), header_rect.bottom(), (1.0, tokens.line));

    let ids: Vec<_> = shown.iter().map(|column| column.field.id()).collect();
    // What the toolkit remembers of a table's widths belongs to its columns and to their titles.
    let salt = ("table", 1, R::VIEW, ids, lang::spoken().tag());
    let mut table = TableBuilder::new(ui).id_salt(salt).resizable(true);
    table = table.auto_shrink(false).animate_scrolling(false).sense(Sense::hover());
    for (place, width) in wanted.iter().enumerate() {
        let is_last = place + 1 == shown.len();
        let track = if is_last { Track::remainder() } else { Track::initial(*width) };
        table = table.column(track.at_least(NARROWEST).clip(true));
    }
    if let Some(line) = state.scroll_to.take() {
        table = table.scroll_to_row(line, None);
    }
    let (mut widths, mut event) = (Vec::new(), None);
    table.header(HEADER, |row| header(row, (R::VIEW, settings), shown)).body(|body| {
        widths = body.widths().to_vec();
        event = rows::<R>(body, (look, state), (shown, &widths));
    });
    (widths, event)
}

/// How the rows of one frame are drawn.
struct Sheet<'a> {
    view: View,
    now: Timestamp,
    tokens: &'a Tokens,
    shown: &'a [&'static Column],
    widths: &'a [f32],
    units: Units,
    marks: &'a [String],
    icons: &'a Icons,
    menu: MenuContext<'a>,
    key_menu: Option<&'a KeyMenu>,
    /// Whether rows that are over go, and may be seen to.
    fades: bool,
    clip: Rect,
}

fn rows<R: TopRow>(
    mut body: TableBody<'_>,
    (table, state): (&TableLook<'_>, &mut TableState),
    (shown, widths): (&[&'static Column], &[f32]),
) -> Option<RowEvent> {
    let ui = body.ui_mut();
    let (tokens, clip) = (tokens(ui), ui.clip_rect());
    let TableLook { input, icons, user } = table;
    let (units, marks) = (input.units, input.filter.marks());
    let (now, menu) = (input.snapshot.time, MenuContext { snapshot: input.snapshot, user: *user });
    let fades = input.snapshot.source == Source::Live && ui.style().animation_time > 0.0;
    state.page_height = clip.height();
    state.key_menu.take_if(|menu| menu.is_over(ui.ctx()));
    let key_menu = state.key_menu.as_ref();
    let sheet = Sheet {
        view: R::VIEW,
        now,
        units,
        marks: &marks,
        icons,
        menu,
        key_menu,
        fades,
        tokens,
        shown,
        widths,
        clip,
    };
    let (mut event, mut is_pointed_at, mut in_sight) = (None, false, Vec::new());
    let has_charts = shown.iter().any(|column| column.field == Field::Activity);
    let TableState { order, selected, expanded, .. } = &*state;
    body.rows(ROW, order.lines().len(), |mut row| {
        let place = row.index();
        let Some(line) = order.lines().get(place) else { return };
        if let Key::Connection(flow) = line.key {
            in_sight.extend(has_charts.then_some(flow));
        }
        row.col(|ui| {
            let is_selected = selected.as_ref() == Some(&line.key);
            let look = RowLook { is_selected, depth: line.depth, ..RowLook::default() };
            let (pointed, happened) = match line.place {
                Place::Top(index) => {
                    let Some(row) = R::all(input.snapshot).get(index as usize) else { return };
                    let is_open = row.is_openable().then(|| expanded.contains(&line.key));
                    sheet.row(ui, (line, place), (&**row, RowLook { is_open, ..look }))
                }
                Place::Host(index) => {
                    let Some(row) = order.host(index) else { return };
                    let is_open = Some(expanded.contains(&line.key));
                    sheet.row(ui, (line, place), (row, RowLook { is_open, ..look }))
                }
                Place::Below(index) => {
                    let Some(row) = input.snapshot.connections.get(index as usize) else { return };
                    sheet.row(ui, (line, place), (&**row, look))
                }
            };
            is_pointed_at |= pointed;
            event = event.take().or(happened);
        });
    });
    (state.is_pointed_at, state.in_sight) = (is_pointed_at, in_sight);
    event
}

impl Sheet<'_> {
    /// One row, painted whole from its first cell. Its identity is its key's, so that a menu or a tooltip
    /// stays with the row when the order changes.
    fn row<R: Row>(
        &self,
        ui: &mut Ui,
        (line, place): (&Line, usize),
        (row, look): (&R, RowLook),
    ) -> (bool, Option<RowEvent>) {
        ui.set_clip_rect(self.clip);
        let width: f32 = self.widths.iter().sum();
        let rect = Rect::from_min_size(ui.max_rect().min, vec2(width, ROW));
        let response = ui.interact(rect, egui::Id::unique((self.view, &line.key)), Sense::CLICK);
        let is_selected = look.is_selected;
        response.widget_info(|| WidgetInfo::selected(Role::Row, true, is_selected, row.sentence()));

        let look = RowLook { is_hovered: response.hovered(), is_over: row.is_over(), ..look };
        self.paint(ui, (rect, place), (row, look));
        self.hint(&response, (rect, row));
        let mut event = None;
        if response.clicked() || response.secondary_clicked() {
            let pointer = response.interact_pointer_pos();
            let on_triangle = pointer
                .is_some_and(|pointer| CellPainter::is_on_triangle((rect.left(), look.depth), pointer));
            let is_toggled = look.is_open.is_some() && response.clicked() && on_triangle;
            let key = line.key.clone();
            event = Some(if is_toggled { RowEvent::Toggle(key) } else { RowEvent::Select(key) });
        }
        if response.double_clicked() && look.is_open.is_some() && matches!(event, Some(RowEvent::Select(_))) {
            event = Some(RowEvent::Toggle(line.key.clone()));
        }
        let key_menu = self.key_menu.filter(|menu| menu.row == line.key && !response.secondary_clicked());
        let popup = match key_menu {
            Some(menu) => {
                let below = Rect::from_min_size(pos2(rect.left() + MENU_INDENT, rect.top()), vec2(1.0, ROW));
                Popup::menu(&response)
                    .open_memory(menu.is_due().then_some(SetOpenCommand::Bool(true)))
                    .anchor(below)
            }
            None => Popup::context_menu(&response),
        };
        popup.show(|ui| {
            // Where it is only measured, nothing takes the focus.
            let is_entered = key_menu.is_some_and(KeyMenu::is_due) && !ui.is_sizing_pass();
            if is_entered {
                event = Some(RowEvent::InMenu);
            }
            if let Some(chosen) = row_menu(ui, (row, is_entered), &self.menu) {
                event = Some(RowEvent::Menu(chosen));
            }
        });
        (look.is_hovered, event)
    }

    /// How much of a row is left: one that is about to go fades in its last seconds, a little with each picture.
    fn opacity<R: Row>(&self, row: &R) -> f32 {
        let Some(since) = row.over_since().filter(|_| self.fades) else { return 1.0 };
        let left = LINGER.saturating_sub(self.now.since(since)).as_secs_f32();
        (left / FADING).clamp(FADED, 1.0)
    }

    /// What the cell under a resting pointer says.
    fn hint<R: Row>(&self, response: &Response, (rect, row): (Rect, &R)) {
        let Some(pointer) = response.hover_pos() else { return };
        let mut right = rect.left();
        let under = self.shown.iter().zip(self.widths).find(|(_, width)| {
            right += **width;
            pointer.x < right
        });
        if let Some(text) = under.and_then(|(column, _)| row.hint(column.field)) {
            response.clone().on_hover_text_at_pointer(text);
        }
    }

    fn paint<R: Row>(&self, ui: &Ui, (rect, place): (Rect, usize), (row, look): (&R, RowLook)) {
        let ground = match (look.is_selected, look.is_hovered) {
            (true, _) => Some(self.tokens.selection),
            (_, true) => Some(self.tokens.hover),
            _ => (place % 2 == 1).then_some(self.tokens.stripe),
        };
        if let Some(ground) = ground {
            ui.painter().rect_filled(rect, 0.0, ground);
        }
        let mut painter = ui.painter().clone();
        painter.multiply_opacity(self.opacity(row));
        let mut left = rect.left();
        for (column, width) in self.shown.iter().zip(self.widths) {
            let cell = Rect::from_min_size(pos2(left, rect.top()), vec2(*width, ROW));
            left += width;
            let painter = CellPainter {
                painter: &painter,
                rect: cell,
                tokens: self.tokens,
                look,
                now: self.now,
                units: self.units,
                marks: self.marks,
                icons: self.icons,
                sparklines: &self.menu.snapshot.sparklines,
            };
            row.paint(column.field, &painter);
        }
    }
}

/// The menu of one row, which acts on that row. Gives its first entry the focus when the keyboard enters it. Returns
/// what was chosen, if it is not done yet.
fn row_menu<R: Row>(ui: &mut Ui, (row, is_entered): (&R, bool), context: &MenuContext<'_>) -> Option<Chosen> {
    ui.set_min_width(170.0);
    ui.spacing_mut().item_spacing.y = 1.0;
    if is_entered {
        let first = ui.next_auto_id();
        ui.memory_mut(|memory| memory.request_focus(first));
    }
    let mut chosen = None;
    let mut acts = Vec::new();
    for entry in row.menu(context) {
        match entry {
            MenuEntry::Copy { label, text } => copy_entry(ui, label, || text),
            MenuEntry::Filter { label, text } => {
                if is_chosen(ui, label) {
                    chosen = Some(Chosen::Filter(text));
                }
            }
            MenuEntry::Act { label, action } => acts.push((label, Chosen::Act(Box::new(action)))),
            MenuEntry::Quit(target) => acts.push((say!("quit-process"), Chosen::Quit(target))),
        }
    }
    ui.separator();
    copy_entry(ui, say!("copy-row"), || row.tab_separated());
    copy_entry(ui, say!("copy-json"), || row.json());
    if !acts.is_empty() {
        ui.separator();
    }
    for (label, act) in acts {
        if is_chosen(ui, label) {
            chosen = Some(act);
        }
    }
    chosen
}

fn copy_entry(ui: &mut Ui, label: &str, text: impl FnOnce() -> String) {
    if is_chosen(ui, label) {
        ui.ctx().copy_text(text());
    }
}

/// An entry, and whether it is chosen now. That closes the menu, which the toolkit does for a pointer only.
fn is_chosen<'a>(ui: &mut Ui, label: impl egui::IntoAtoms<'a>) -> bool {
    let is_chosen = ui.button(label).clicked();
    if is_chosen {
        ui.close();
    }
    is_chosen
}
