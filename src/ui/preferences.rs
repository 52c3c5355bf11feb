//! The settings, as the sheet that opens below their button.

use egui::{Button, Frame, Grid, Margin, RichText, Role, ScrollArea, Ui};

use super::fonts::{Weight, font};
use super::text;
use super::theme::{SMALL, Tokens};
use super::toolbar::TOOLBAR;
use super::widgets::controls::segmented;
use crate::session::{Action, LoginItem, Status};
use crate::settings::{Appearance, MenuBar, Prefixes, RateUnit, RateWindow, Scope, Settings};

/// What the sheet asks of the rest of Crow, what it shows of it, and its colours.
type Means<'a> = (&'a mut Vec<Action>, &'a Status, &'a Tokens);

/// Draws the sheet. A low window still has room for all of it.
pub fn preferences_ui(ui: &mut Ui, settings: &mut Settings, (actions, status, tokens): Means<'_>) {
    let room = ui.ctx().content_rect().height() - TOOLBAR - 30.0;
    ScrollArea::vertical().max_height(room.max(120.0)).show(ui, |ui| {
        Frame::NONE.inner_margin(Margin::same(9)).show(ui, |ui| {
            Grid::new("preferences").num_columns(2).spacing([16.0, 9.0]).show(ui, |ui| {
                display_ui(ui, settings, (&mut *actions, tokens));
                names_ui(ui, settings, (&mut *actions, tokens));
                system_ui(ui, settings, (&mut *actions, status, tokens));
                caption(ui, "Columns", tokens);
                small(ui, "Right-click a column's head to choose, drag it to move", tokens);
                ui.end_row();
            });
            ui.add_space(2.0);
            ui.separator();
            ui.horizontal(|ui| ends_ui(ui, settings, actions));
        });
    });
}

/// How things are shown.
fn display_ui(ui: &mut Ui, settings: &mut Settings, (actions, tokens): (&mut Vec<Action>, &Tokens)) {
    let role = (Role::RadioButton, tokens);
    caption(ui, "Appearance", tokens);
    let choices = [Appearance::System, Appearance::Light, Appearance::Dark];
    let choices = choices.map(|choice| (choice, text::appearance(choice)));
    if let Some(choice) = segmented(ui, &choices, settings.appearance, role) {
        settings.appearance = choice;
    }
    ui.end_row();
    caption(ui, "Average rates over", tokens);
    let choices = [RateWindow::OneSecond, RateWindow::FiveSeconds, RateWindow::ThirtySeconds];
    let choices = choices.map(|choice| (choice, text::rate_window(choice)));
    if let Some(choice) = segmented(ui, &choices, settings.rate_window, role) {
        settings.rate_window = choice;
        actions.push(Action::Window(choice));
    }
    ui.end_row();
    caption(ui, "Rates in", tokens);
    let choices = [(RateUnit::Bytes, "Bytes"), (RateUnit::Bits, "Bits")];
    if let Some(choice) = segmented(ui, &choices, settings.units.rates, role) {
        settings.units.rates = choice;
    }
    ui.end_row();
    caption(ui, "A thousand is", tokens);
    let choices = [(Prefixes::Decimal, "1000 (kB)"), (Prefixes::Binary, "1024 (KiB)")];
    if let Some(choice) = segmented(ui, &choices, settings.units.prefixes, role) {
        settings.units.prefixes = choice;
    }
    ui.end_row();
    caption(ui, "List connections and domains", tokens);
    let choices = [Scope::Everything, Scope::Network, Scope::Internet];
    let choices = choices.map(|scope| (scope, text::scope(scope)));
    if let Some(choice) = segmented(ui, &choices, settings.scope, role) {
        settings.scope = choice;
    }
    ui.end_row();
}

/// Where names come from when nobody says them in the open.
fn names_ui(ui: &mut Ui, settings: &mut Settings, (actions, tokens): (&mut Vec<Action>, &Tokens)) {
    caption(ui, "Names", tokens);
    ui.vertical(|ui| {
        if ui.checkbox(&mut settings.reverse_dns, "Ask for names of addresses (reverse DNS)").changed() {
            actions.push(Action::ReverseDns(settings.reverse_dns));
        }
        small(ui, "Tells your name server which addresses you talk to", tokens);
    });
    ui.end_row();
}

/// What concerns Crow's place in the system: the menu bar (macOS), and the login.
fn system_ui(ui: &mut Ui, settings: &mut Settings, (actions, status, tokens): Means<'_>) {
    if cfg!(target_os = "macos") {
        caption(ui, "Menu bar", tokens);
        let choices =
            [(MenuBar::TwoLines, "Two lines"), (MenuBar::OneLine, "One line"), (MenuBar::Icon, "Icon")];
        if let Some(choice) = segmented(ui, &choices, settings.menu_bar, (Role::RadioButton, tokens)) {
            settings.menu_bar = choice;
        }
        ui.end_row();
    }
    caption(ui, "Login", tokens);
    ui.vertical(|ui| {
        let mut opens = status.login_item != LoginItem::Off;
        if ui.checkbox(&mut opens, "Open at login").changed() {
            actions.push(Action::OpenAtLogin(opens));
        }
        if status.login_item == LoginItem::NeedsApproval {
            let words = "Allow Crow in System Settings, General, Login Items";
            ui.label(RichText::new(words).font(font(Weight::Regular, SMALL)).color(tokens.warn));
        }
    });
    ui.end_row();
}

/// What begins anew.
fn ends_ui(ui: &mut Ui, settings: &mut Settings, actions: &mut Vec<Action>) {
    // In a menu buttons have no ground of their own; these two are buttons.
    let ground = ui.visuals().widgets.noninteractive.bg_stroke.color;
    let button = |text| Button::new(text).fill(ground);
    if ui.add(button("Set all totals to zero")).clicked() {
        actions.push(Action::Reset);
        ui.close();
    }
    let defaults = ui.add(button("Restore defaults"));
    if defaults.on_hover_text("Columns, widths and sorting as well").clicked() {
        *settings = Settings { view: settings.view, window: settings.window, ..Settings::default() };
        actions.push(Action::Window(settings.rate_window));
        actions.push(Action::ReverseDns(settings.reverse_dns));
        ui.close();
    }
}

/// What a choice is about.
fn caption(ui: &mut Ui, label: &str, tokens: &Tokens) {
    ui.label(RichText::new(label).font(font(Weight::Medium, SMALL)).color(tokens.dim));
}

fn small(ui: &mut Ui, words: &str, tokens: &Tokens) {
    ui.label(RichText::new(words).font(font(Weight::Regular, SMALL)).color(tokens.dim));
}
