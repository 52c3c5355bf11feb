//! The heads of the columns: sorted by a click, moved by dragging, chosen from by their menu.

use egui::{
    Align2, Color32, Rangef, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};
use egui_extras::TableRow;

use super::table::{sort_by, sort_of};
use super::{Column, Field, columns};
use crate::aggregate::snapshot::Snapshot;
use crate::lang::say;
use crate::settings::{TableSettings, View};
use crate::ui::fonts::{Weight, font};
use crate::ui::theme::{CELL, SMALL, tokens};
use crate::ui::widgets::icon;

/// The columns that show, from left to right. The first one, the row's name, always does and never moves: it carries
/// the triangles. A recording does not say who the users were: their column is there when somebody is known, or asked
/// for.
pub(super) fn shown(view: View, settings: &TableSettings, snapshot: &Snapshot) -> Vec<&'static Column> {
    let is_filled = |field: Field| {
        field != Field::User || snapshot.processes.iter().any(|process| process.user.is_some())
    };
    let is_shown = |column: &&Column| {
        let chosen = settings.columns.get(column.field.id()).copied();
        column.field == Field::Name || chosen.unwrap_or_else(|| column.is_shown && is_filled(column.field))
    };
    in_order(view, settings).into_iter().filter(is_shown).collect()
}

/// All columns in the user's order. One that the user never moved stands behind the one that Crow ships it behind.
fn in_order(view: View, settings: &TableSettings) -> Vec<&'static Column> {
    let all = columns(view);
    if settings.order.is_empty() {
        return all.iter().collect();
    }
    let place = |column: &Column| settings.order.iter().position(|id| id == column.field.id());
    let mut known: Vec<&Column> = all.iter().filter(|column| place(column).is_some()).collect();
    known.sort_by_key(|column| place(column));
    for (at, column) in all.iter().enumerate().filter(|(_, column)| place(column).is_none()) {
        let before = at.checked_sub(1).and_then(|at| all.get(at));
        let behind = before.and_then(|before| known.iter().position(|other| other.field == before.field));
        known.insert(behind.map_or(0, |behind| behind + 1), column);
    }
    known.sort_by_key(|column| column.field != Field::Name);
    known
}

/// Points: the user's choice, or what Crow ships unless the title is longer in the user's language.
pub(super) fn width_of(ui: &Ui, column: &Column, settings: &TableSettings) -> f32 {
    let chosen = settings.widths.get(column.field.id()).copied();
    chosen.unwrap_or_else(|| {
        let style = font(Weight::Medium, SMALL);
        let title = ui.painter().layout_no_wrap(column.title.text().to_owned(), style, Color32::WHITE);
        column.width.max((title.size().x + 2.0 * CELL + SORT_MARK).ceil())
    })
}

/// Points that the triangle of a sorted column takes beside the title, as far as it is not within the cell's own room.
const SORT_MARK: f32 = 6.0;

/// Puts a column before or behind another one, and remembers the whole order.
fn move_column(view: View, settings: &mut TableSettings, (field, target, is_behind): (Field, Field, bool)) {
    let mut order: Vec<Field> = in_order(view, settings).into_iter().map(|column| column.field).collect();
    if field == target || field == Field::Name {
        return;
    }
    order.retain(|other| *other != field);
    let at = order.iter().position(|other| *other == target).unwrap_or(0);
    // Nothing stands before the name.
    order.insert((at + usize::from(is_behind)).max(1), field);
    settings.order = order.into_iter().map(|field| field.id().to_owned()).collect();
}

/// Draws the headers of the columns, and does what is asked of them.
pub(super) fn header(
    mut row: TableRow<'_, '_>,
    (view, settings): (View, &mut TableSettings),
    shown: &[&'static Column],
) {
    let mut heads: Vec<(Field, Rect)> = Vec::new();
    let mut dragged = None;
    for column in shown {
        row.col(|ui| {
            let (field, is_descending) = sort_of(view, settings);
            let sorted = (field == column.field).then_some(is_descending);
            let response = header_cell(ui, column, sorted);
            if response.clicked() {
                sort_by(view, settings, column.field);
            }
            heads.push((column.field, response.rect));
            if column.field != Field::Name && (response.dragged() || response.drag_stopped()) {
                dragged = Some((ui.painter().clone(), response.clone(), column.field));
            }
            response.context_menu(|ui| column_menu(ui, view, settings));
        });
    }
    let Some((painter, response, field)) = dragged else { return };
    let Some(at) = response.interact_pointer_pos() else { return };
    let Some((target, is_behind, x)) = gap(&heads, at.x) else { return };
    if response.drag_stopped() {
        move_column(view, settings, (field, target, is_behind));
    } else {
        let accent = tokens_of(&response).accent;
        // The cell's own painter ends with the cell.
        let row = Rect::from_x_y_ranges(response.ctx.content_rect().x_range(), response.rect.y_range());
        let mut painter = painter;
        painter.set_clip_rect(row);
        let y = Rangef::new(response.rect.top() + 3.0, response.rect.bottom() - 3.0);
        painter.vline(x, y, (2.0, accent));
        response.ctx.set_cursor_icon(egui::CursorIcon::Grabbing);
    }
}

fn tokens_of(response: &Response) -> &'static crate::ui::theme::Tokens {
    crate::ui::theme::of_context(&response.ctx)
}

/// The gap between two columns that is nearest to `x`: beside which column, on which side, and where.
fn gap(heads: &[(Field, Rect)], x: f32) -> Option<(Field, bool, f32)> {
    let gaps = heads.iter().flat_map(|(field, rect)| {
        // Before the name there is none.
        let left = (*field != Field::Name).then_some((*field, false, rect.left()));
        left.into_iter().chain([(*field, true, rect.right())])
    });
    gaps.min_by(|(.., a), (.., b)| (a - x).abs().total_cmp(&(b - x).abs()))
}

/// One header. Its own rectangle is interacted with: the cell's response is too wide with content in it.
fn header_cell(ui: &mut Ui, column: &Column, sorted: Option<bool>) -> Response {
    let tokens = tokens(ui);
    let rect = ui.max_rect();
    let response =
        ui.interact(rect, ui.scope_id().with(("header", column.field.id())), Sense::click_and_drag());
    let title = column.title.text();
    let name = || match sorted {
        Some(true) => say!("sorted-descending", column = title),
        Some(false) => say!("sorted-ascending", column = title),
        None => say!("not-sorted", column = title),
    };
    response.widget_info(|| WidgetInfo::labeled(Role::ColumnHeader, true, name()));
    if response.hovered() {
        ui.painter().rect_filled(rect.shrink2(vec2(2.0, 3.0)), 5.0, tokens.hover);
    }
    if response.has_focus() {
        let ring = Stroke::new(2.0, tokens.accent);
        ui.painter().rect_stroke(rect.shrink2(vec2(2.0, 3.0)), 5.0, ring, StrokeKind::Inside);
    }
    let color = if sorted.is_some() { tokens.strong } else { tokens.dim };
    let is_number = column.field.is_number();
    let (anchor, at) = if is_number {
        (Align2::RIGHT_CENTER, rect.right_center() - vec2(CELL, 0.0))
    } else {
        (Align2::LEFT_CENTER, rect.left_center() + vec2(CELL, 0.0))
    };
    let drawn = ui.painter().text(at, anchor, title, font(Weight::Medium, SMALL), color);
    if let Some(is_descending) = sorted {
        let x = if is_number { drawn.left() - 9.0 } else { drawn.right() + 9.0 };
        icon::sort_mark(ui.painter(), pos2(x, rect.center().y), is_descending, tokens.accent);
    }
    response.on_hover_text(column.explanation.text())
}

fn column_menu(ui: &mut Ui, view: View, settings: &mut TableSettings) {
    ui.set_min_width(180.0);
    ui.spacing_mut().item_spacing.y = 1.0;
    ui.label(egui::RichText::new(say!("columns")).size(SMALL).weak());
    for column in columns(view) {
        let is_name = column.field == Field::Name;
        let mut is_shown = settings.columns.get(column.field.id()).copied().unwrap_or(column.is_shown);
        let choice = ui.add_enabled(!is_name, egui::Checkbox::new(&mut is_shown, column.title.text()));
        if choice.on_hover_text(column.explanation.text()).changed() {
            settings.columns.insert(column.field.id().to_owned(), is_shown);
        }
    }
    ui.separator();
    if ui.button(say!("restore-columns")).clicked() {
        settings.columns.clear();
        settings.widths.clear();
        settings.order.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(settings: &TableSettings) -> Vec<&'static str> {
        in_order(View::Domains, settings).into_iter().take(5).map(|column| column.field.id()).collect()
    }

    #[test]
    fn a_column_is_put_beside_another_and_the_name_stays_first() {
        let mut settings = TableSettings::default();
        assert_eq!(ids(&settings), ["name", "hosts", "process", "down", "up"]);
        move_column(View::Domains, &mut settings, (Field::Down, Field::Name, true));
        assert_eq!(ids(&settings), ["name", "down", "hosts", "process", "up"]);
        move_column(View::Domains, &mut settings, (Field::Hosts, Field::Up, true));
        assert_eq!(ids(&settings), ["name", "down", "process", "up", "hosts"]);
        move_column(View::Domains, &mut settings, (Field::Up, Field::Name, false));
        assert_eq!(ids(&settings), ["name", "up", "down", "process", "hosts"]);
        move_column(View::Domains, &mut settings, (Field::Name, Field::Hosts, true));
        assert_eq!(ids(&settings).first(), Some(&"name"));
    }

    #[test]
    fn columns_that_a_file_does_not_name_or_nobody_knows_do_no_harm() {
        let order = ["up", "from_the_future", "name", "down"].map(str::to_owned).to_vec();
        let settings = TableSettings { order, ..TableSettings::default() };
        let all: Vec<_> = in_order(View::Domains, &settings);
        assert_eq!(all.len(), columns(View::Domains).len());
        assert_eq!(ids(&settings), ["name", "up", "downloaded", "uploaded", "connections"]);
        let of = |field| all.iter().position(|column| column.field == field);
        assert!(of(Field::Hosts) < of(Field::Process) && of(Field::Process) < of(Field::Down), "as shipped");
    }
}
