//! How a table is drawn: its header, and rows painted whole, of which only those in sight are built.

use egui::{Align2, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use egui_extras::{Column as Track, TableBody, TableBuilder, TableRow};

use super::order::{Line, Place};
use super::table::{TableInput, TableState, sort_by, sort_of};
use super::{Column, Field, Key, MenuEntry, Row, columns};
use crate::aggregate::snapshot::Snapshot;
use crate::settings::{TableSettings, Units, View};
use crate::time::Timestamp;
use crate::ui::fonts::{Weight, font};
use crate::ui::theme::{CELL, HEADER, ROW, SMALL, Tokens, tokens};
use crate::ui::widgets::cell::{CellPainter, RowLook};
use crate::ui::widgets::icon;

/// Points: the least width of a column.
const NARROWEST: f32 = 44.0;

/// The columns that show, from left to right. The first one, the row's name, always does.
/// A recording does not say who the users were: their column is there when somebody is known, or asked for.
fn shown(view: View, settings: &TableSettings, snapshot: &Snapshot) -> Vec<&'static Column> {
    let is_filled = |field: Field| {
        field != Field::User || snapshot.processes.iter().any(|process| process.user.is_some())
    };
    let is_shown = |column: &&Column| {
        let chosen = settings.columns.get(column.field.id()).copied();
        column.field == Field::Name || chosen.unwrap_or_else(|| column.is_shown && is_filled(column.field))
    };
    columns(view).iter().filter(is_shown).collect()
}

fn width_of(column: &Column, settings: &TableSettings) -> f32 {
    settings.widths.get(column.field.id()).copied().unwrap_or(column.width)
}

/// What happened to a row.
enum RowEvent {
    Select(Key),
    Toggle(Key),
    Filter(String),
}

/// Draws the table. Returns a text to filter by, if the user chose one from a row's menu.
pub fn table_ui<R: Row>(
    ui: &mut Ui,
    input: &TableInput<'_>,
    state: &mut TableState,
    settings: &mut TableSettings,
) -> Option<String> {
    let shown = shown(R::VIEW, settings, input.snapshot);
    let needed: f32 = shown.iter().rev().skip(1).map(|column| width_of(column, settings)).sum::<f32>()
        + shown.last().map_or(0.0, |column| column.width.min(120.0));
    let room = ui.available_width();
    let area = egui::ScrollArea::horizontal().id_salt(("across", R::VIEW)).auto_shrink(false);
    let (widths, event) = area
        .show(ui, |ui| {
            ui.set_max_width(needed.max(room));
            sheet::<R>(ui, (input, state, settings), &shown)
        })
        .inner;

    for (column, width) in shown.iter().zip(widths).rev().skip(1) {
        if (width_of(column, settings) - width).abs() > 0.5 {
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
        RowEvent::Filter(text) => return Some(text),
    }
    None
}

/// The header and the rows. Returns the columns' widths and what happened.
fn sheet<R: Row>(
    ui: &mut Ui,
    (input, state, settings): (&TableInput<'_>, &mut TableState, &mut TableSettings),
    shown: &[&'static Column],
) -> (Vec<f32>, Option<RowEvent>) {
    let tokens = tokens(ui);
    ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
    ui.visuals_mut().widgets.noninteractive.bg_stroke.color = tokens.line.gamma_multiply(0.6);
    let top = ui.available_rect_before_wrap();
    let header_rect = Rect::from_min_size(top.min, vec2(top.width(), HEADER));
    ui.painter().rect_filled(header_rect, 0.0, tokens.panel);
    ui.painter().hline(header_rect.x_range(), header_rect.bottom(), (1.0, tokens.line));

    let ids: Vec<_> = shown.iter().map(|column| column.field.id()).collect();
    let mut table = TableBuilder::new(ui).id_salt(("table", 1, R::VIEW, ids)).resizable(true);
    table = table.auto_shrink(false).animate_scrolling(false).sense(Sense::hover());
    for (place, column) in shown.iter().enumerate() {
        let is_last = place + 1 == shown.len();
        let width = width_of(column, settings);
        let track = if is_last { Track::remainder() } else { Track::initial(width) };
        table = table.column(track.at_least(NARROWEST).clip(true));
    }
    if let Some(line) = state.scroll_to.take() {
        table = table.scroll_to_row(line, None);
    }
    let (mut widths, mut event) = (Vec::new(), None);
    table.header(HEADER, |row| header(row, (R::VIEW, settings), shown)).body(|body| {
        widths = body.widths().to_vec();
        event = rows::<R>(body, (input, state), (shown, &widths));
    });
    (widths, event)
}

fn header(
    mut row: TableRow<'_, '_>,
    (view, settings): (View, &mut TableSettings),
    shown: &[&'static Column],
) {
    for column in shown {
        row.col(|ui| {
            let (field, is_descending) = sort_of(view, settings);
            let sorted = (field == column.field).then_some(is_descending);
            let response = header_cell(ui, column, sorted);
            if response.clicked() {
                sort_by(view, settings, column.field);
            }
            response.context_menu(|ui| column_menu(ui, view, settings));
        });
    }
}

/// One header. Its own rectangle is interacted with: the cell's response is too wide with content in it.
fn header_cell(ui: &mut Ui, column: &Column, sorted: Option<bool>) -> Response {
    let tokens = tokens(ui);
    let rect = ui.max_rect();
    let response = ui.interact(rect, ui.scope_id().with("header"), Sense::click());
    let order = match sorted {
        Some(true) => "sorted descending",
        Some(false) => "sorted ascending",
        None => "not sorted",
    };
    response
        .widget_info(|| WidgetInfo::labeled(Role::ColumnHeader, true, format!("{}, {order}", column.title)));
    if response.hovered() {
        ui.painter().rect_filled(rect.shrink2(vec2(2.0, 3.0)), 5.0, tokens.hover);
    }
    let color = if sorted.is_some() { tokens.strong } else { tokens.dim };
    let is_number = column.field.is_number();
    let (anchor, at) = if is_number {
        (Align2::RIGHT_CENTER, rect.right_center() - vec2(CELL, 0.0))
    } else {
        (Align2::LEFT_CENTER, rect.left_center() + vec2(CELL, 0.0))
    };
    let drawn = ui.painter().text(at, anchor, column.title, font(Weight::Medium, SMALL), color);
    if let Some(is_descending) = sorted {
        let x = if is_number { drawn.left() - 9.0 } else { drawn.right() + 9.0 };
        icon::sort_mark(ui.painter(), pos2(x, rect.center().y), is_descending, tokens.accent);
    }
    response.on_hover_text(column.explanation)
}

fn column_menu(ui: &mut Ui, view: View, settings: &mut TableSettings) {
    ui.set_min_width(180.0);
    ui.spacing_mut().item_spacing.y = 1.0;
    ui.label(egui::RichText::new("Columns").size(SMALL).weak());
    for column in columns(view) {
        let is_name = column.field == Field::Name;
        let mut is_shown = settings.columns.get(column.field.id()).copied().unwrap_or(column.is_shown);
        let choice = ui.add_enabled(!is_name, egui::Checkbox::new(&mut is_shown, column.title));
        if choice.on_hover_text(column.explanation).changed() {
            settings.columns.insert(column.field.id().to_owned(), is_shown);
        }
    }
    ui.separator();
    if ui.button("Restore columns").clicked() {
        settings.columns.clear();
        settings.widths.clear();
    }
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
    clip: Rect,
}

fn rows<R: Row>(
    mut body: TableBody<'_>,
    (input, state): (&TableInput<'_>, &mut TableState),
    (shown, widths): (&[&'static Column], &[f32]),
) -> Option<RowEvent> {
    let ui = body.ui_mut();
    let (tokens, clip) = (tokens(ui), ui.clip_rect());
    let (units, marks) = (input.units, input.filter.marks());
    let sheet =
        Sheet { view: R::VIEW, now: input.snapshot.time, units, marks: &marks, tokens, shown, widths, clip };
    state.page_height = clip.height();
    let (mut event, mut is_pointed_at) = (None, false);
    let TableState { order, selected, expanded, .. } = &*state;
    body.rows(ROW, order.lines().len(), |mut row| {
        let place = row.index();
        let Some(line) = order.lines().get(place) else { return };
        row.col(|ui| {
            let look = RowLook { is_selected: selected.as_ref() == Some(&line.key), ..RowLook::default() };
            let (pointed, happened) = match line.place {
                Place::Top(index) => {
                    let Some(row) = R::all(input.snapshot).get(index as usize) else { return };
                    let is_open = row.is_openable().then(|| expanded.contains(&line.key));
                    sheet.row(ui, (line, place), (&**row, RowLook { is_open, ..look }))
                }
                Place::Below(index) => {
                    let Some(row) = input.snapshot.connections.get(index as usize) else { return };
                    sheet.row(ui, (line, place), (&**row, RowLook { is_below: true, ..look }))
                }
            };
            is_pointed_at |= pointed;
            event = event.take().or(happened);
        });
    });
    state.is_pointed_at = is_pointed_at;
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
            let on_triangle =
                pointer.is_some_and(|pointer| CellPainter::is_on_triangle(rect.left(), pointer));
            let is_toggled = look.is_open.is_some() && response.clicked() && on_triangle;
            let key = line.key.clone();
            event = Some(if is_toggled { RowEvent::Toggle(key) } else { RowEvent::Select(key) });
        }
        if response.double_clicked() && look.is_open.is_some() && matches!(event, Some(RowEvent::Select(_))) {
            event = Some(RowEvent::Toggle(line.key.clone()));
        }
        response.context_menu(|ui| {
            if let Some(text) = row_menu(ui, row) {
                event = Some(RowEvent::Filter(text));
            }
        });
        (look.is_hovered, event)
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
        let mut left = rect.left();
        for (column, width) in self.shown.iter().zip(self.widths) {
            let cell = Rect::from_min_size(pos2(left, rect.top()), vec2(*width, ROW));
            left += width;
            let painter = CellPainter {
                painter: ui.painter(),
                rect: cell,
                tokens: self.tokens,
                look,
                now: self.now,
                units: self.units,
                marks: self.marks,
            };
            row.paint(column.field, &painter);
        }
    }
}

/// The menu of one row, which acts on that row. Returns a text to filter by.
fn row_menu<R: Row>(ui: &mut Ui, row: &R) -> Option<String> {
    ui.set_min_width(170.0);
    ui.spacing_mut().item_spacing.y = 1.0;
    let mut filter = None;
    for entry in row.menu() {
        match entry {
            MenuEntry::Copy { label, text } => copy_entry(ui, label, || text),
            MenuEntry::Filter { label, text } => {
                if ui.button(label).clicked() {
                    filter = Some(text);
                }
            }
        }
    }
    ui.separator();
    copy_entry(ui, "Copy row", || row.tab_separated());
    copy_entry(ui, "Copy as JSON", || row.json());
    filter
}

fn copy_entry(ui: &mut Ui, label: &str, text: impl FnOnce() -> String) {
    if ui.button(label).clicked() {
        ui.ctx().copy_text(text());
    }
}
