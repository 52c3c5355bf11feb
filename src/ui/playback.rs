//! The bar of a playing recording: play, step, position, pace.

use std::time::Duration;

use egui::{
    Align, EventFilter, Frame, Key, Layout, Margin, Panel, Rect, RichText, Sense, Ui, WidgetInfo, vec2,
};

use super::text;
use super::theme::Tokens;
use super::widgets::controls::segmented;
use super::widgets::icon::{self, Icon};
use crate::lang::say;
use crate::session::{Action, CaptureState, Status};

/// How far an arrow key moves the position.
const NUDGE: Duration = Duration::from_secs(5);

/// Draws the bar while a recording plays. Returns what was asked for.
pub fn playback_ui(ui: &mut Ui, status: &Status, tokens: &Tokens) -> Option<Action> {
    let CaptureState::Recording { played, length } = &status.capture else { return None };
    let frame = Frame::NONE.fill(tokens.hover).inner_margin(Margin::symmetric(14, 6));
    let mut action = None;
    Panel::top("playback").frame(frame).show_separator_line(true).show(ui, |ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let speeds = [(1.0, "1×"), (10.0, "10×"), (f64::INFINITY, say!("speed-max"))];
            let role = (egui::Role::RadioButton, tokens);
            if let Some(speed) = segmented(ui, &speeds, status.speed, role) {
                action = Some(Action::Speed(speed));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let (icon, name) = if status.paused {
                    (Icon::Play, say!("play-recording"))
                } else {
                    (Icon::Pause, say!("pause-recording"))
                };
                if icon::button(ui, icon, name, tokens).clicked() {
                    action = Some(Action::Pause(!status.paused));
                }
                if status.paused && icon::button(ui, Icon::Step, say!("one-second-on"), tokens).clicked() {
                    action = Some(Action::Step);
                }
                ui.label(RichText::new(text::clock(*played)).color(tokens.strong));
                let total = length.map(text::clock);
                let right = if total.is_some() { 60.0 } else { 12.0 };
                let width = (ui.available_width() - right).max(40.0);
                if let Some(to) = position(ui, width, (*played, *length), tokens) {
                    action = Some(Action::Seek(to));
                }
                if let Some(total) = total {
                    ui.label(RichText::new(total).color(tokens.dim));
                }
            });
        });
    });
    action
}

/// The position as a bar: a click or the arrow keys move it. Returns where to.
fn position(
    ui: &mut Ui,
    width: f32,
    (played, length): (Duration, Option<Duration>),
    tokens: &Tokens,
) -> Option<Duration> {
    let (rect, response) = ui.allocate_exact_size(vec2(width, 18.0), Sense::click_and_drag());
    // Without a length there is nothing to be a part of.
    let length = length.filter(|length| !length.is_zero())?;
    let part = (played.as_secs_f32() / length.as_secs_f32()).clamp(0.0, 1.0);
    response.widget_info(|| WidgetInfo::slider(true, played.as_secs_f64(), say!("position")));
    let track = Rect::from_center_size(rect.center(), vec2(rect.width(), 4.0));
    let pointed =
        response.interact_pointer_pos().map(|at| ((at.x - track.left()) / track.width()).clamp(0.0, 1.0));
    // While it is dragged, the bar follows the pointer and not the recording.
    let part = pointed.filter(|_| response.dragged()).unwrap_or(part);
    ui.painter().rect_filled(track, 2.0, tokens.line);
    let done = Rect::from_min_size(track.min, vec2(track.width() * part, track.height()));
    ui.painter().rect_filled(done, 2.0, tokens.accent);
    let is_near = response.hovered() || response.dragged() || response.has_focus();
    let radius = if is_near { 6.0 } else { 4.5 };
    ui.painter().circle_filled(done.right_center(), radius, tokens.accent);
    if response.has_focus() {
        ui.painter().circle_stroke(done.right_center(), radius + 2.0, (1.5, tokens.accent));
        let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        let key = |key| ui.input(|i| i.key_pressed(key));
        if key(Key::ArrowLeft) {
            return Some(played.saturating_sub(NUDGE));
        }
        if key(Key::ArrowRight) {
            return Some((played + NUDGE).min(length));
        }
    }
    let to = pointed.filter(|_| response.clicked() || response.drag_stopped())?;
    Some(length.mul_f32(to))
}
