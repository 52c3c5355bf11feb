//! What Crow says when there is more to say than numbers: banners below the toolbar, and empty tables.

use std::borrow::Cow;
use std::time::Duration;

use egui::{Align, Frame, Layout, Margin, Panel, RichText, Sense, Stroke, StrokeKind, Ui, Vec2};

use super::fonts::{Weight, font};
use super::text;
use super::theme::{BODY, HEADING, Tokens};
use super::widgets::icon::{self, Icon};
use crate::aggregate::snapshot::Snapshot;
use crate::lang::{heard, say};
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
        banners.push(Banner::new(Tone::Warning, say!("banner-fault"), said(fault)).dismissible());
    }
    for limit in &snapshot.limits {
        let banner = Banner::new(Tone::Warning, say!("banner-limit"), said(limit));
        banners.push(banner.with_action(say!("reset-counts"), Action::Reset).dismissible());
    }
    if snapshot.totals.capture.dropped > 0 {
        let banner = Banner::new(Tone::Warning, say!("banner-dropped"), say!("banner-dropped-quiet"));
        banners.push(banner.with_action(say!("reset-counts"), Action::Reset).dismissible());
    }
    for notice in notices {
        banners.push(Banner::new(Tone::Calm, say!("settings"), said(notice)).dismissible());
    }
    if let Some(notice) = &status.notice {
        banners.push(Banner::new(Tone::Warning, say!("banner-notice"), said(notice)).dismissible());
    }
    banners
}

/// What the rest of Crow says, as a sentence of its own.
fn said(sentence: &str) -> Cow<'static, str> {
    text::sentence(&heard(sentence)).into()
}

fn capture_banner(status: &Status) -> Option<Banner> {
    let is_paused = status.paused;
    match &status.capture {
        // Paused comes first: the way to go on is wanted more than the way to see more.
        CaptureState::Live | CaptureState::Sockets { .. } if is_paused => {
            let banner = Banner::new(Tone::Calm, say!("paused"), say!("banner-paused-quiet"));
            Some(banner.with_action(say!("resume"), Action::Pause(false)))
        }
        CaptureState::Sockets { why, is_asking } => {
            let banner = Banner::new(Tone::Calm, say!("banner-sockets"), said(why));
            Some(if *is_asking {
                banner
            } else {
                banner.with_action(say!("start-live-capture"), Action::StartCapture)
            })
        }
        CaptureState::Sample { why } => {
            let banner = Banner::new(Tone::Calm, say!("banner-sample"), said(why));
            Some(banner.with_action(say!("start-live-capture"), Action::StartCapture))
        }
        CaptureState::Gone { why } => {
            let banner = Banner::new(Tone::Warning, say!("banner-gone"), said(why));
            Some(banner.with_action(say!("start-again"), Action::StartCapture))
        }
        CaptureState::Ended { note } => {
            let quiet = note.as_deref().map_or(Cow::Borrowed(say!("banner-ended-quiet")), said);
            let tone = if note.is_some() { Tone::Warning } else { Tone::Calm };
            let banner = Banner::new(tone, say!("banner-ended"), quiet);
            let again = Action::Seek(Duration::ZERO);
            Some(
                if note.is_some() { banner } else { banner.with_action(say!("play-again"), again) }
                    .dismissible(),
            )
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
            if banner.is_dismissible && icon::button(ui, Icon::Clear, say!("dismiss"), tokens).clicked() {
                event = Some(BannerEvent::Dismiss);
            }
            if let Some((label, action)) = &banner.action {
                let text = RichText::new(*label).font(font(Weight::Medium, BODY));
                let button = ui.add(primary(text, tokens, banner.tone));
                if button.has_focus() {
                    // Around it: on its own blue a ring could not be seen.
                    let ring = Stroke::new(2.0, tokens.accent);
                    ui.painter().rect_stroke(button.rect.expand(2.0), 8.0, ring, StrokeKind::Outside);
                }
                if button.clicked() {
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
    let (icon, strong, quiet, button): (_, _, Cow<'_, str>, _) = match empty {
        Empty::NoMatch(filter) => {
            let strong = say!("empty-no-match", filter = *filter);
            let clear = (say!("empty-clear"), EmptyEvent::ClearFilter);
            (Icon::Search, strong, say!("empty-no-match-quiet").into(), Some(clear))
        }
        Empty::OnlyLocal(hidden) => {
            let show = (say!("empty-local-show"), EmptyEvent::ShowLocal);
            let strong = say!("empty-local", count = *hidden);
            (Icon::Quiet, strong, say!("empty-local-quiet").into(), Some(show))
        }
        Empty::Starting => {
            let quiet = say!("empty-starting-quiet").into();
            (Icon::Quiet, say!("empty-starting").to_owned(), quiet, None)
        }
        Empty::Gone(why) => {
            let start = (say!("start-capture"), EmptyEvent::Act(Action::StartCapture));
            (Icon::Warning, say!("empty-gone").to_owned(), said(why), Some(start))
        }
        Empty::NoTraffic => {
            (Icon::Quiet, say!("empty-none").to_owned(), say!("empty-none-quiet").into(), None)
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
