//! Controls of Crow's own: the switch with segments, the filter field.

use egui::{
    Align2, Area, CornerRadius, Frame, Label, Margin, Order, Rect, Response, RichText, Role, Sense, Stroke,
    StrokeKind, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2,
};

use super::icon::{self, Icon};
use crate::lang::say;
use crate::ui::fonts::{Weight, font};
use crate::ui::text;
use crate::ui::theme::{BODY, CONTROL, SMALL, Tokens};

/// A row of choices of which one is chosen. Returns the one that was clicked.
pub fn segmented<T: Copy + PartialEq>(
    ui: &mut Ui,
    choices: &[(T, &str)],
    chosen: T,
    (role, tokens): (Role, &Tokens),
) -> Option<T> {
    let galleys: Vec<_> = choices
        .iter()
        .map(|(_, text)| {
            ui.painter().layout_no_wrap((*text).to_owned(), font(Weight::Medium, BODY), tokens.text)
        })
        .collect();
    let width: f32 = galleys.iter().map(|galley| galley.size().x + SEGMENT_PADDING).sum();
    let (rect, _) = ui.allocate_exact_size(vec2(width + 4.0, CONTROL), Sense::hover());
    ui.painter().rect_filled(rect, 7.0, tokens.field);
    let mut left = rect.left() + 2.0;
    let mut clicked = None;
    for ((choice, text), galley) in choices.iter().zip(galleys) {
        let size = vec2(galley.size().x + SEGMENT_PADDING, CONTROL - 4.0);
        let segment = Rect::from_min_size(pos2(left, rect.top() + 2.0), size);
        left += size.x;
        let response = ui.interact(segment, ui.scope_id().with(("segment", *text)), Sense::click());
        let is_chosen = *choice == chosen;
        response.widget_info(|| WidgetInfo::selected(role, true, is_chosen, *text));
        let color = if is_chosen || response.hovered() { tokens.strong } else { tokens.dim };
        if is_chosen {
            ui.painter().rect(segment, 5.0, tokens.raised, Stroke::new(0.5, tokens.line), StrokeKind::Inside);
        }
        if response.has_focus() {
            ui.painter().rect_stroke(segment, 5.0, Stroke::new(2.0, tokens.accent), StrokeKind::Inside);
        }
        ui.painter().galley_with_override_text_color(segment.center() - galley.size() / 2.0, galley, color);
        if response.clicked() {
            clicked = Some(*choice);
        }
    }
    clicked
}

/// Points left and right of a segment's text, together.
const SEGMENT_PADDING: f32 = 20.0;

/// The state of the filter field.
pub struct FilterField<'a> {
    /// What is typed.
    pub text: &'a mut String,
    /// Why it is not understood.
    pub error: Option<&'a str>,
    /// How to get here by key, shown while the field is empty.
    pub shortcut: String,
}

/// The identity of the filter field, for the keyboard.
#[must_use]
pub fn filter_id() -> egui::Id {
    egui::Id::unique("filter")
}

/// The field that filters as one types. The response has changed when the text has.
pub fn filter_field(ui: &mut Ui, field: FilterField<'_>, width: f32, tokens: &Tokens) -> Response {
    let (rect, _) = ui.allocate_exact_size(Vec2::new(width, CONTROL), Sense::hover());
    let has_focus = ui.memory(|memory| memory.has_focus(filter_id()));
    let edge = match (field.error, has_focus) {
        (Some(_), _) => Stroke::new(1.5, tokens.bad),
        (None, true) => Stroke::new(1.5, tokens.accent),
        (None, false) => Stroke::NONE,
    };
    ui.painter().rect(rect, CornerRadius::same(7), tokens.field, edge, StrokeKind::Inside);
    icon::paint(ui.painter(), icon::slot(rect, rect.left() + 7.0, 14.0), Icon::Search, tokens.dim);

    let is_empty = field.text.is_empty();
    let inner = Rect::from_min_max(rect.min + vec2(27.0, 0.0), rect.max - vec2(26.0, 0.0));
    let edit = egui::TextEdit::singleline(field.text)
        .id(filter_id())
        .frame(egui::Frame::NONE)
        .hint_text(egui::RichText::new(say!("filter")).color(tokens.dim))
        .align(egui::Align2::LEFT_CENTER)
        .desired_width(inner.width());
    // In a place of its own: what comes next in the toolbar stands beside the whole field and not beside its text.
    let mut response = ui.new_child(UiBuilder::new().max_rect(rect)).put(inner, edit);
    let is_changed = response.changed();
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::TextInput, true, say!("filter"));
        info.current_text_value = Some(field.text.clone());
        info
    });
    if is_changed {
        response.mark_changed();
    }
    if is_empty {
        let at = rect.right_center() - vec2(9.0, 0.0);
        ui.painter().text(at, Align2::RIGHT_CENTER, field.shortcut, font(Weight::Regular, SMALL), tokens.dim);
    } else if clear_button(ui, rect, tokens).clicked() {
        field.text.clear();
        response.mark_changed();
    }
    if let Some(error) = field.error {
        complaint_ui(ui, rect, error, tokens);
    }
    response
}

/// Says below the field what is wrong with it. Nothing else moves while one types.
fn complaint_ui(ui: &Ui, field: Rect, error: &str, tokens: &Tokens) {
    let frame = Frame::NONE
        .fill(tokens.warn_bg)
        .stroke((1.0, tokens.line))
        .corner_radius(8)
        .inner_margin(Margin::symmetric(12, 8))
        .shadow(ui.visuals().popup_shadow);
    let area = Area::new(filter_id().with("complaint")).order(Order::Foreground).interactable(false);
    area.pivot(Align2::RIGHT_TOP).fixed_pos(field.right_bottom() + vec2(0.0, 6.0)).show(ui.ctx(), |ui| {
        frame.show(ui, |ui| {
            ui.set_max_width(280.0);
            let strong = RichText::new(say!("banner-filter")).font(font(Weight::SemiBold, BODY));
            ui.label(strong.color(tokens.strong));
            ui.add(Label::new(RichText::new(text::sentence(error)).color(tokens.text)).wrap());
        });
    });
}

fn clear_button(ui: &mut Ui, field: Rect, tokens: &Tokens) -> Response {
    let rect = icon::slot(field, field.right() - 22.0, 16.0);
    let response = ui.interact(rect, filter_id().with("clear"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, say!("filter-clear")));
    let color = if response.hovered() { tokens.strong } else { tokens.dim };
    ui.painter().circle_filled(rect.center(), 7.0, tokens.hover);
    icon::paint(ui.painter(), rect.shrink(1.0), Icon::Clear, color);
    response.on_hover_text(say!("filter-clear"))
}
