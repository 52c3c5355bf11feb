//! The settings, as the sheet that opens below their button.

use egui::{Button, Frame, Grid, Margin, RichText, Role, ScrollArea, TextEdit, Ui, WidgetInfo, vec2};

use super::fonts::{self, Weight, font};
use super::text;
use super::theme::{SMALL, Tokens};
use super::toolbar::TOOLBAR;
use super::widgets::controls::segmented;
use crate::lang::{self, say};
use crate::session::{Action, LoginItem, Status};
use crate::settings::{
    Appearance, Language, LanguageChoice, MenuBar, Prefixes, RateUnit, RateWindow, Scope, Settings,
};

/// What the sheet asks of the rest of Crow, what it shows of it, and its colours.
type Means<'a> = (&'a mut Vec<Action>, &'a Status, &'a Tokens);

/// Draws the sheet. A low window still has room for all of it: what begins anew always shows, the rest scrolls.
pub fn preferences_ui(ui: &mut Ui, settings: &mut Settings, (actions, status, tokens): Means<'_>) {
    let room = ui.ctx().content_rect().height() - TOOLBAR - ENDS;
    Frame::NONE.inner_margin(Margin::same(9)).show(ui, |ui| {
        ScrollArea::vertical().max_height(room.max(100.0)).show(ui, |ui| {
            Grid::new("preferences").num_columns(2).spacing([16.0, 9.0]).show(ui, |ui| {
                display_ui(ui, settings, (&mut *actions, tokens));
                names_ui(ui, settings, (&mut *actions, tokens));
                proxy_ui(ui, settings, tokens);
                system_ui(ui, settings, (&mut *actions, status, tokens));
                caption(ui, say!("columns"), tokens);
                small(ui, say!("columns-hint"), tokens);
                ui.end_row();
            });
        });
        ui.add_space(2.0);
        ui.separator();
        ui.horizontal(|ui| ends_ui(ui, settings, actions));
    });
}

/// Points: below what scrolls, with the sheet's edges.
const ENDS: f32 = 90.0;

/// How things are shown.
fn display_ui(ui: &mut Ui, settings: &mut Settings, (actions, tokens): (&mut Vec<Action>, &Tokens)) {
    let role = (Role::RadioButton, tokens);
    caption(ui, say!("appearance"), tokens);
    let choices = [Appearance::System, Appearance::Light, Appearance::Dark];
    let choices = choices.map(|choice| (choice, text::appearance(choice)));
    if let Some(choice) = segmented(ui, &choices, settings.appearance, role) {
        settings.appearance = choice;
    }
    ui.end_row();
    language_ui(ui, settings, tokens);
    ui.end_row();
    caption(ui, say!("rate-window"), tokens);
    let choices = [RateWindow::OneSecond, RateWindow::FiveSeconds, RateWindow::ThirtySeconds];
    let choices = choices.map(|choice| (choice, text::rate_window(choice)));
    if let Some(choice) = segmented(ui, &choices, settings.rate_window, role) {
        settings.rate_window = choice;
        actions.push(Action::Window(choice));
    }
    ui.end_row();
    caption(ui, say!("rate-unit"), tokens);
    let choices = [(RateUnit::Bytes, say!("rate-unit-bytes")), (RateUnit::Bits, say!("rate-unit-bits"))];
    if let Some(choice) = segmented(ui, &choices, settings.units.rates, role) {
        settings.units.rates = choice;
    }
    ui.end_row();
    caption(ui, say!("prefixes"), tokens);
    let choices = [(Prefixes::Decimal, "1000 (kB)"), (Prefixes::Binary, "1024 (KiB)")];
    if let Some(choice) = segmented(ui, &choices, settings.units.prefixes, role) {
        settings.units.prefixes = choice;
    }
    ui.end_row();
    caption(ui, say!("scope"), tokens);
    let choices = [Scope::Everything, Scope::Network, Scope::Internet];
    let choices = choices.map(|scope| (scope, text::scope(scope)));
    if let Some(choice) = segmented(ui, &choices, settings.scope, role) {
        settings.scope = choice;
    }
    ui.end_row();
}

/// The language of the window. Each calls itself by its own name, where that can be drawn.
fn language_ui(ui: &mut Ui, settings: &mut Settings, tokens: &Tokens) {
    caption(ui, say!("language"), tokens);
    let ctx = ui.ctx().clone();
    let name = |language| {
        if fonts::can_draw(&ctx, language) { lang::own_name(language) } else { lang::english_name(language) }
    };
    let named = |choice| match choice {
        LanguageChoice::System => say!("language-system", language = name(lang::meant(choice))),
        LanguageChoice::Always(language) => name(language).to_owned(),
    };
    let words = format!("{}, {}", say!("language"), named(settings.language));
    ui.vertical(|ui| {
        // A menu of its own, since a second popup would close this one. Only when it opens, the letters of the other
        // languages are looked for.
        let response = ui.menu_button(named(settings.language), |ui| {
            ui.set_min_width(150.0);
            let all = Language::ALL.map(LanguageChoice::Always);
            for choice in [LanguageChoice::System].into_iter().chain(all) {
                if ui.selectable_label(settings.language == choice, named(choice)).clicked() {
                    settings.language = choice;
                }
            }
        });
        response.response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
        if !fonts::can_draw(&ctx, lang::meant(settings.language)) {
            let words = RichText::new(say!("language-no-font")).font(font(Weight::Regular, SMALL));
            ui.add(egui::Label::new(words.color(tokens.warn)).wrap());
        }
    });
}

/// Where names come from when nobody says them in the open.
fn names_ui(ui: &mut Ui, settings: &mut Settings, (actions, tokens): (&mut Vec<Action>, &Tokens)) {
    caption(ui, say!("fact-names"), tokens);
    ui.vertical(|ui| {
        if ui.checkbox(&mut settings.reverse_dns, say!("reverse-dns")).changed() {
            actions.push(Action::ReverseDns(settings.reverse_dns));
        }
        small(ui, say!("reverse-dns-hint"), tokens);
    });
    ui.end_row();
}

/// What concerns a proxy on this machine: whether it is asked for its connections.
fn proxy_ui(ui: &mut Ui, settings: &mut Settings, tokens: &Tokens) {
    caption(ui, say!("local-proxy"), tokens);
    let api = &mut settings.proxy_api;
    ui.vertical(|ui| {
        ui.checkbox(&mut api.on, say!("proxy-ask")).on_hover_text(say!("proxy-ask-hint"));
        if !api.on {
            return;
        }
        for (label, text, is_secret) in [
            (say!("proxy-controller"), &mut api.address, false),
            (say!("proxy-secret"), &mut api.secret, true),
        ] {
            ui.horizontal(|ui| {
                let name =
                    ui.label(RichText::new(label).font(font(Weight::Regular, SMALL)).color(tokens.dim));
                let edit =
                    TextEdit::singleline(text).password(is_secret).char_limit(256).desired_width(170.0);
                ui.add(edit).labelled_by(name.id);
            });
        }
        if api.end().is_none() {
            let words = say!("proxy-bad-address");
            ui.label(RichText::new(words).font(font(Weight::Regular, SMALL)).color(tokens.warn));
        }
    });
    ui.end_row();
}

/// What concerns Crow's place in the system: the menu bar (macOS), and the login.
fn system_ui(ui: &mut Ui, settings: &mut Settings, (actions, status, tokens): Means<'_>) {
    if cfg!(target_os = "macos") {
        caption(ui, say!("menu-bar"), tokens);
        let choices = [
            (MenuBar::TwoLines, say!("menu-bar-two-lines")),
            (MenuBar::OneLine, say!("menu-bar-one-line")),
            (MenuBar::Icon, say!("menu-bar-icon")),
        ];
        if let Some(choice) = segmented(ui, &choices, settings.menu_bar, (Role::RadioButton, tokens)) {
            settings.menu_bar = choice;
        }
        ui.end_row();
    }
    caption(ui, say!("login"), tokens);
    ui.vertical(|ui| {
        let mut opens = status.login_item != LoginItem::Off;
        if ui.checkbox(&mut opens, say!("open-at-login")).changed() {
            actions.push(Action::OpenAtLogin(opens));
        }
        if status.login_item == LoginItem::NeedsApproval {
            let words = say!("login-needs-approval");
            ui.label(RichText::new(words).font(font(Weight::Regular, SMALL)).color(tokens.warn));
        }
    });
    ui.end_row();
}

/// What begins anew.
fn ends_ui(ui: &mut Ui, settings: &mut Settings, actions: &mut Vec<Action>) {
    // In a menu buttons have no ground of their own, and little room; these two are buttons.
    ui.spacing_mut().button_padding = vec2(9.0, 3.0);
    let ground = ui.visuals().widgets.noninteractive.bg_stroke.color;
    let button = |text| Button::new(text).fill(ground);
    if ui.add(button(say!("reset-totals"))).clicked() {
        actions.push(Action::Reset);
        ui.close();
    }
    let defaults = ui.add(button(say!("restore-defaults")));
    if defaults.on_hover_text(say!("restore-defaults-hint")).clicked() {
        let Settings { language, view, window, .. } = *settings;
        *settings = Settings { language, view, window, ..Settings::default() };
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
