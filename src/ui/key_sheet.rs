//! The sheet of keys, which `?` shows.

use egui::{Context, Frame, Grid, Id, Key, KeyboardShortcut, Margin, Modal, Modifiers, RichText};

use super::fonts::{Weight, font};
use super::keys::MENU;
use super::theme::{HEADING, Tokens};
use crate::lang::say;

/// Draws the sheet over the window. Returns whether it is to be closed.
#[must_use]
pub fn key_sheet_ui(ctx: &Context, tokens: &Tokens) -> bool {
    let frame = Frame::NONE
        .fill(tokens.panel)
        .stroke((1.0, tokens.line))
        .corner_radius(12)
        .inner_margin(Margin::same(22))
        .shadow(ctx.global_style().visuals.window_shadow);
    let mut is_closed = false;
    let modal = Modal::new(Id::unique("keys")).frame(frame).show(ctx, |ui| {
        ui.set_width(400.0);
        ui.label(RichText::new(say!("keys")).font(font(Weight::SemiBold, HEADING)).color(tokens.strong));
        ui.add_space(6.0);
        Grid::new("keys").num_columns(2).spacing([22.0, 7.0]).show(ui, |ui| {
            for (keys, does) in rows(ctx) {
                ui.label(RichText::new(keys).font(font(Weight::Medium, 13.0)).color(tokens.strong));
                ui.label(RichText::new(does).color(tokens.text));
                ui.end_row();
            }
        });
        ui.add_space(10.0);
        is_closed = ui.button(say!("close")).clicked();
    });
    let is_key_pressed = ctx.input(|i| {
        i.events.iter().any(|event| matches!(event, egui::Event::Text(text) if text == "?" || text == "q"))
    });
    is_closed || is_key_pressed || modal.should_close()
}

/// What the keys do, with the command key as this system writes it.
fn rows(ctx: &Context) -> Vec<(String, &'static str)> {
    let shortcut = |modifiers, key| ctx.format_shortcut(&KeyboardShortcut::new(modifiers, key));
    let command = |key| shortcut(Modifiers::COMMAND, key);
    let views = say!("key-views", first = command(Key::Num1), last = command(Key::Num3));
    vec![
        (say!("key-any-letter").to_owned(), say!("does-type")),
        (format!("/, {}", command(Key::F)), say!("does-filter")),
        ("↑ ↓, j k".to_owned(), say!("does-move")),
        (say!("key-unfold").to_owned(), say!("does-unfold")),
        (say!("key-details", key = command(Key::I)), say!("does-details")),
        (ctx.format_shortcut(&MENU), say!("does-menu")),
        (command(Key::C), say!("does-copy")),
        (views, say!("does-views")),
        (shortcut(Modifiers::SHIFT, Key::Tab), say!("does-controls")),
        ("s, F1".to_owned(), say!("does-sort")),
        (command(Key::P), say!("does-pause")),
        (command(Key::Comma).replace("Comma", ","), say!("does-settings")),
        (command(Key::W), say!("does-hide")),
        (format!("q, {}", command(Key::Q)), say!("does-quit")),
        ("?".to_owned(), say!("does-keys")),
    ]
}
