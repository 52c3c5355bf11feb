//! What Crow says when there is more to say than numbers: banners below the toolbar, and empty tables.

use std::time::Duration;

use egui::{Align, Frame, Layout, Margin, Panel, RichText, Sense, Ui, Vec2};

use super::fonts::{Weight, font};
use super::text;
use super::theme::{BODY, HEADING, Tokens};
use super::widgets::icon::{self, Icon};
use crate::aggregate::snapshot::Snapshot;
use crate::session::{Action, CaptureState, Status};

/// How much a banner wants to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Worth knowing.
    Calm,
    /// Something needs the user.
    Warning,
}

/// One strong line, one quiet line, and what mends it.
#[derive(Clone, Debug, PartialEq)]
pub struct Banner {
    /// How it looks.
    pub tone: Tone,
    /// The strong line.
    pub strong: String,
    /// The quiet line.
    pub quiet: String,
    /// The button, if there is something to do.
    pub action: Option<(&'static str, Action)>,
    /// Whether the user can put it away.
    pub is_dismissible: bool,
}

impl Banner {
    fn new(tone: Tone, strong: &str, quiet: impl Into<String>) -> Self {
        Self { tone, strong: strong.to_owned(), quiet: quiet.into(), action: None, is_dismissible: false }
    }

    fn with_action(self, label: &'static str, action: Action) -> Self {
        Self { action: Some((label, action)), ..self }
    }

    fn dismissible(self) -> Self {
        Self { is_dismissible: true, ..self }
    }
}

/// What there is to say now, the most important first.
#[must_use]
pub fn banners(status: &Status, snapshot: &Snapshot, notices: &[String]) -> Vec<Banner> {
    // An empty table says the same, larger.
    let is_said = matches!(status.capture, CaptureState::Gone { .. }) && snapshot.processes.is_empty();
    let mut banners: Vec<Banner> = capture_banner(status).filter(|_| !is_said).into_iter().collect();
    if let Some(fault) = &snapshot.fault {
        banners.push(
            Banner::new(Tone::Warning, "The capture has a problem", text::sentence(fault)).dismissible(),
        );
    }
    for limit in &snapshot.limits {
        let banner = Banner::new(Tone::Warning, "A limit is reached", text::sentence(limit));
        banners.push(banner.with_action("Reset counts", Action::Reset).dismissible());
    }
    if snapshot.totals.capture.dropped > 0 {
        let quiet = "This machine was too busy; the numbers are a little too low.";
        let banner = Banner::new(Tone::Warning, "Packets were missed", quiet);
        banners.push(banner.with_action("Reset counts", Action::Reset).dismissible());
    }
    for notice in notices {
        banners.push(Banner::new(Tone::Calm, "Settings", notice).dismissible());
    }
    if let Some(notice) = &status.notice {
        banners.push(Banner::new(Tone::Warning, "That did not work", text::sentence(notice)).dismissible());
    }
    banners
}

fn capture_banner(status: &Status) -> Option<Banner> {
    let is_paused = status.paused;
    match &status.capture {
        // Paused comes first: the way to go on is wanted more than the way to see more.
        CaptureState::Live | CaptureState::Sockets { .. } if is_paused => {
            let banner = Banner::new(Tone::Calm, "Paused", "The display stands still; counting goes on.");
            Some(banner.with_action("Resume", Action::Pause(false)))
        }
        CaptureState::Sockets { why, is_asking } => {
            let strong = "Crow sees open TCP connections only";
            let banner = Banner::new(Tone::Calm, strong, text::sentence(why));
            Some(if *is_asking {
                banner
            } else {
                banner.with_action("Start live capture", Action::StartCapture)
            })
        }
        CaptureState::Sample { why } => {
            let banner =
                Banner::new(Tone::Calm, "This is a sample recording, not your network", text::sentence(why));
            Some(banner.with_action("Start live capture", Action::StartCapture))
        }
        CaptureState::Gone { why } => {
            let banner = Banner::new(Tone::Warning, "Capture has stopped", text::sentence(why));
            Some(banner.with_action("Start again", Action::StartCapture))
        }
        CaptureState::Ended { note } => {
            let quiet = note.as_deref().unwrap_or("Every packet in it is counted below.");
            let tone = if note.is_some() { Tone::Warning } else { Tone::Calm };
            let banner = Banner::new(tone, "The recording has ended", quiet);
            let again = Action::Seek(Duration::ZERO);
            Some(if note.is_some() { banner } else { banner.with_action("Play again", again) }.dismissible())
        }
        CaptureState::Starting | CaptureState::Live | CaptureState::Recording { .. } => None,
    }
}

/// What was clicked in a banner.
#[derive(Clone, Debug, PartialEq)]
pub enum BannerEvent {
    /// The button.
    Act(Action),
    /// The cross.
    Dismiss,
}

/// Draws a banner across the window.
pub fn banner_ui(ui: &mut Ui, banner: &Banner, place: usize, tokens: &Tokens) -> Option<BannerEvent> {
    let (ground, color, icon) = match banner.tone {
        Tone::Calm => (tokens.hover, tokens.accent, Icon::Info),
        Tone::Warning => (tokens.warn_bg, tokens.warn, Icon::Warning),
    };
    let frame = Frame::NONE.fill(ground).inner_margin(Margin::symmetric(14, 7));
    let mut event = None;
    Panel::top(("banner", place)).frame(frame).show_separator_line(true).show(ui, |ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if banner.is_dismissible && icon::button(ui, Icon::Clear, "Dismiss", tokens).clicked() {
                event = Some(BannerEvent::Dismiss);
            }
            if let Some((label, action)) = &banner.action {
                let text = RichText::new(*label).font(font(Weight::Medium, BODY));
                if ui.add(primary(text, tokens, banner.tone)).clicked() {
                    event = Some(BannerEvent::Act(action.clone()));
                }
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let (rect, _) = ui.allocate_exact_size(Vec2::splat(18.0), Sense::hover());
                icon::paint(ui.painter(), rect, icon, color);
                ui.label(
                    RichText::new(&banner.strong).font(font(Weight::SemiBold, BODY)).color(tokens.strong),
                );
                ui.add(egui::Label::new(RichText::new(&banner.quiet).color(tokens.text)).truncate())
                    .on_hover_text(&banner.quiet);
            });
        });
    });
    event
}

fn primary<'a>(text: RichText, tokens: &Tokens, tone: Tone) -> egui::Button<'a> {
    match tone {
        Tone::Calm => egui::Button::new(text.color(egui::Color32::WHITE)).fill(tokens.action),
        Tone::Warning => egui::Button::new(text),
    }
}

/// Why a table is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Empty<'a> {
    /// Nothing passes the filter.
    NoMatch(&'a str),
    /// That many rows are local, which the user chose not to list.
    OnlyLocal(usize),
    /// The capture is not running yet.
    Starting,
    /// The capture is not running.
    Gone(&'a str),
    /// It runs, but nothing came.
    NoTraffic,
}

/// What was clicked in an empty table.
#[derive(Clone, Debug, PartialEq)]
pub enum EmptyEvent {
    /// Clear the filter.
    ClearFilter,
    /// List local traffic as well.
    ShowLocal,
    /// Something for the rest of Crow.
    Act(Action),
}

/// Draws an empty table: an icon, a strong line, a quiet line, and what mends it.
pub fn empty_ui(ui: &mut Ui, empty: &Empty<'_>, tokens: &Tokens) -> Option<EmptyEvent> {
    let reason = if let Empty::Gone(why) = empty { text::sentence(why) } else { String::new() };
    let (icon, strong, quiet, button) = match empty {
        Empty::NoMatch(filter) => {
            let strong = format!("No matches for “{filter}”");
            (Icon::Search, strong, "Try fewer or other words.", Some(("Clear", EmptyEvent::ClearFilter)))
        }
        Empty::OnlyLocal(hidden) => {
            let strong = format!("Only local traffic: {}", text::counted(*hidden, "row", "rows"));
            let quiet = "Your settings leave out what stays on this machine or network.";
            (Icon::Quiet, strong, quiet, Some(("Show it", EmptyEvent::ShowLocal)))
        }
        Empty::Starting => {
            (Icon::Quiet, "Starting capture".to_owned(), "Your system may ask for permission first.", None)
        }
        Empty::Gone(_) => {
            let action = EmptyEvent::Act(Action::StartCapture);
            (Icon::Warning, "Not capturing".to_owned(), reason.as_str(), Some(("Start capture", action)))
        }
        Empty::NoTraffic => {
            let quiet = "Each app shows here as soon as it sends or receives something.";
            (Icon::Quiet, "No traffic yet".to_owned(), quiet, None)
        }
    };
    let mut event = None;
    ui.vertical_centered(|ui| {
        ui.add_space((ui.available_height() * 0.38 - 50.0).max(12.0));
        let (rect, _) = ui.allocate_exact_size(Vec2::splat(34.0), Sense::hover());
        icon::paint(ui.painter(), rect, icon, tokens.faint);
        ui.add_space(4.0);
        ui.label(RichText::new(strong).font(font(Weight::SemiBold, HEADING)).color(tokens.strong));
        ui.label(RichText::new(quiet).color(tokens.dim));
        if let Some((label, clicked)) = button {
            ui.add_space(6.0);
            if ui.button(RichText::new(label).font(font(Weight::Medium, BODY))).clicked() {
                event = Some(clicked);
            }
        }
    });
    event
}
