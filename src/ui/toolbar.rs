//! The bar above the tables and the line below them.

use egui::{
    Align, Align2, Frame, Key, KeyboardShortcut, Layout, Margin, Modifiers, Panel, Popup, Rect, Response,
};
use egui::{RichText, Role, Sense, Ui, Vec2, ViewportCommand, WidgetInfo, pos2, vec2};

use super::fonts::{Weight, font};
use super::preferences::preferences_ui;
use super::text;
use super::theme::{BODY, CONTROL, SMALL, Tokens};
use super::widgets::chart;
use super::widgets::controls::{FilterField, filter_field, segmented};
use super::widgets::icon::{self, Icon};
use crate::aggregate::snapshot::{Snapshot, Totals};
use crate::lang::{heard, say};
use crate::session::{Action, CaptureState, Status};
use crate::settings::{Settings, Units, View};

/// Points: the toolbar, which is the title bar on a Mac.
pub(super) const TOOLBAR: f32 = 44.0;
/// Points: room for a total such as `888 MB/s`, so that nothing beside it moves.
const TOTAL: f32 = 78.0;
/// Points that the window's buttons take on a Mac, where the toolbar is the title bar.
const TRAFFIC_LIGHTS: f32 = 78.0;

/// What the toolbar shows and changes.
pub struct Toolbar<'a> {
    /// The newest numbers.
    pub snapshot: &'a Snapshot,
    /// What the capture does.
    pub status: &'a Status,
    /// View, appearance, rate window.
    pub settings: &'a mut Settings,
    /// What is typed in the filter.
    pub filter: &'a mut String,
    /// Why it is not understood.
    pub filter_error: Option<String>,
    /// The settings are to be opened.
    pub opens_settings: bool,
}

/// What was asked for in the toolbar.
#[derive(Debug, Default)]
pub struct ToolbarEvents {
    /// The filter's text changed.
    pub filter_changed: bool,
    /// For the rest of Crow.
    pub actions: Vec<Action>,
}

/// Draws the toolbar.
pub fn toolbar_ui(ui: &mut Ui, mut bar: Toolbar<'_>, tokens: &Tokens) -> ToolbarEvents {
    let mut events = ToolbarEvents::default();
    let frame = Frame::NONE.fill(tokens.panel).inner_margin(Margin::symmetric(12, 0));
    Panel::top("toolbar").exact_size(TOOLBAR).frame(frame).show(ui, |ui| {
        drag_window(ui);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.add_space(title_bar_inset(ui));
            let views = [View::Processes, View::Connections, View::Domains]
                .map(|view| (view, text::view_title(view)));
            if let Some(view) = segmented(ui, &views, bar.settings.view, (Role::Tab, tokens)) {
                bar.settings.view = view;
            }
            ui.add_space(6.0);
            totals_ui(ui, (&bar.snapshot.totals, bar.settings.units), tokens);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                right_side(ui, &mut bar, (&mut events, tokens));
                let room = ui.available_width() - 10.0;
                if room > 60.0 {
                    ui.add_space(6.0);
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                        chart::strip(ui, &bar.snapshot.totals.history, room.min(240.0), tokens);
                    });
                }
            });
        });
    });
    events
}

fn right_side(ui: &mut Ui, bar: &mut Toolbar<'_>, (events, tokens): (&mut ToolbarEvents, &Tokens)) {
    let settings = icon::button(ui, Icon::Settings, say!("settings"), tokens);
    if bar.opens_settings {
        Popup::open_id(ui.ctx(), Popup::default_response_id(&settings));
    }
    Popup::menu(&settings)
        .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside)
        .show(|ui| preferences_ui(ui, bar.settings, (&mut events.actions, bar.status, tokens)));
    let (name, key) =
        if bar.settings.details { (say!("details-hide"), Key::I) } else { (say!("details"), Key::I) };
    let shortcut = ui.ctx().format_shortcut(&KeyboardShortcut::new(Modifiers::COMMAND, key));
    if icon::button(ui, Icon::Details, name, tokens).on_hover_text(shortcut).clicked() {
        bar.settings.details = !bar.settings.details;
    }
    let is_paused = bar.status.paused;
    let (icon, name) = if is_paused { (Icon::Play, say!("resume")) } else { (Icon::Pause, say!("pause")) };
    let shortcut = ui.ctx().format_shortcut(&KeyboardShortcut::new(Modifiers::COMMAND, Key::P));
    if icon::button(ui, icon, name, tokens).on_hover_text(shortcut).clicked() {
        events.actions.push(Action::Pause(!is_paused));
    }
    ui.add_space(2.0);
    let width = (ui.available_width() * 0.5).clamp(120.0, 220.0);
    let shortcut = ui.ctx().format_shortcut(&KeyboardShortcut::new(Modifiers::COMMAND, Key::F));
    let field = FilterField { text: bar.filter, error: bar.filter_error.as_deref(), shortcut };
    events.filter_changed |= filter_field(ui, field, width, tokens).changed();
}

/// Both totals, each in a slot of its own width.
fn totals_ui(ui: &mut Ui, (totals, units): (&Totals, Units), tokens: &Tokens) {
    ui.spacing_mut().item_spacing.x = 4.0;
    let Totals { rate, bytes, .. } = totals;
    let down = ((Icon::Down, tokens.down), say!("down"), (rate.rx, bytes.rx));
    let up = ((Icon::Up, tokens.up), say!("up"), (rate.tx, bytes.tx));
    for (sign, way, (rate, bytes)) in [down, up] {
        let words = text::rate_or_zero(rate, units);
        let response = total_ui(ui, sign, &words, tokens);
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{way} {words}")));
        let bytes = text::bytes_or_zero(bytes, units);
        response.on_hover_text(say!("total-of-way", way = way, bytes = bytes));
    }
}

fn total_ui(ui: &mut Ui, (icon, color): (Icon, egui::Color32), words: &str, tokens: &Tokens) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(20.0 + TOTAL, CONTROL), Sense::hover());
    icon::paint(ui.painter(), icon::slot(rect, rect.left(), 15.0), icon, color);
    let at = pos2(rect.left() + 20.0, rect.center().y);
    ui.painter().text(at, Align2::LEFT_CENTER, words, font(Weight::SemiBold, 14.0), tokens.strong);
    response
}

/// On a Mac the toolbar is the title bar: dragging it moves the window, a double click zooms it.
fn drag_window(ui: &mut Ui) {
    if !cfg!(target_os = "macos") {
        return;
    }
    let response = ui.interact(ui.max_rect(), ui.scope_id().with("title bar"), Sense::CLICK | Sense::DRAG);
    if response.double_clicked() {
        let is_zoomed = ui.input(|i| i.viewport().maximized.unwrap_or(false));
        ui.ctx().send_viewport_cmd(ViewportCommand::Maximized(!is_zoomed));
    } else if response.drag_started() {
        ui.ctx().send_viewport_cmd(ViewportCommand::StartDrag);
    }
}

fn title_bar_inset(ui: &Ui) -> f32 {
    let is_fullscreen = ui.input(|i| i.viewport().fullscreen.unwrap_or(false));
    if cfg!(target_os = "macos") && !is_fullscreen { TRAFFIC_LIGHTS - 12.0 } else { 0.0 }
}

/// What the line below the tables says.
pub struct StatusBar<'a> {
    /// The newest numbers.
    pub snapshot: &'a Snapshot,
    /// What the capture does.
    pub status: &'a Status,
    /// How amounts are written.
    pub units: Units,
    /// `12 of 300 processes`.
    pub count: String,
    /// Whether rows keep their places because the pointer is on one.
    pub is_held: bool,
}

/// Draws the line below the tables.
pub fn status_bar_ui(ui: &mut Ui, bar: &StatusBar<'_>, tokens: &Tokens) {
    let frame = Frame::NONE.fill(tokens.panel).inner_margin(Margin::symmetric(14, 0));
    Panel::bottom("status").exact_size(27.0).frame(frame).show(ui, |ui| {
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            small(ui, &bar.count, tokens.dim);
            if bar.is_held {
                small(ui, &format!("·  {}", say!("order-held")), tokens.faint);
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let totals = &bar.snapshot.totals;
                let dropped = totals.capture.dropped;
                if dropped > 0 {
                    small(ui, &say!("packets-dropped", count = dropped), tokens.warn);
                } else {
                    small(ui, say!("none-dropped"), tokens.dim);
                }
                if let Some(bytes) = text::bytes(totals.unattributed, bar.units) {
                    small(ui, &format!("{}  ·", say!("status-unattributed", bytes = bytes)), tokens.dim);
                }
                if let Some(bytes) = text::bytes(totals.loopback, bar.units) {
                    small(ui, &format!("{}  ·", say!("status-loopback", bytes = bytes)), tokens.dim);
                }
                if let Some(note) = &bar.snapshot.note {
                    let note = heard(note);
                    let short = note.split([',', '，', '、']).next().unwrap_or(&note);
                    small(ui, &format!("{short}  ·"), tokens.dim).on_hover_text(&*note);
                }
                capture_ui(ui, bar.status, tokens);
            });
        });
    });
}

/// A dot and words: what is captured and how that goes.
fn capture_ui(ui: &mut Ui, status: &Status, tokens: &Tokens) {
    let color = match &status.capture {
        CaptureState::Gone { .. } => tokens.bad,
        CaptureState::Starting => tokens.warn,
        _ if status.paused => tokens.warn,
        CaptureState::Live => tokens.good,
        CaptureState::Sockets { .. } | CaptureState::Sample { .. } | CaptureState::Recording { .. } => {
            tokens.accent
        }
        CaptureState::Ended { .. } => tokens.faint,
    };
    let state = text::capture_state(&status.capture, status.paused);
    let subject = heard(&status.subject);
    let between = if subject.is_empty() { "" } else { "  ·  " };
    small(ui, &format!("{state}{between}{subject}  ·"), tokens.dim);
    let (rect, _) = ui.allocate_exact_size(Vec2::new(14.0, 14.0), Sense::hover());
    icon::dot(ui.painter(), Rect::from_center_size(rect.center(), Vec2::splat(7.0)).center(), color);
}

fn small(ui: &mut Ui, words: &str, color: egui::Color32) -> egui::Response {
    ui.label(RichText::new(words).font(font(Weight::Regular, SMALL.min(BODY))).color(color))
}
