//! Ending a process: the question before it, and what to do when the process does not listen.

use egui::{Context, Frame, Id, Margin, Modal, RichText};

use super::fonts::{Weight, font};
use super::states::{Banner, Tone};
use super::theme::{HEADING, Tokens};
use super::views::process;
use crate::aggregate::snapshot::Snapshot;
use crate::lang::say;
use crate::session::{Action, Status, Target};

/// Seconds that a process may take to end before Crow offers to end it at once.
const PATIENCE: f64 = 4.0;

/// A process that the user wants to end.
#[derive(Debug, Default)]
pub struct Ending {
    wanted: Option<(Target, Stage)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    /// The user is asked.
    Question,
    /// The process was asked, at this of the toolkit's seconds.
    Asked(f64),
    /// It has had time enough.
    Ignored,
}

impl Ending {
    /// Begins with the question.
    pub fn ask(&mut self, target: Target) {
        self.wanted = Some((target, Stage::Question));
    }

    /// Whether the question stands over the window.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        matches!(self.wanted, Some((_, Stage::Question)))
    }

    /// Forgets a process that has ended or that may not be ended, and notices one that does not listen.
    pub fn follow(&mut self, ctx: &Context, (snapshot, status): (&Snapshot, &Status)) {
        let Some((target, stage)) = &mut self.wanted else { return };
        let runs = process::find(snapshot, Some(target.key)).is_some_and(|row| row.ended.is_none());
        let is_refused = status.notice.as_deref().is_some_and(|notice| {
            notice.starts_with(&format!("{} was not ended", target.name)) && *stage != Stage::Question
        });
        if !runs || is_refused {
            self.wanted = None;
            return;
        }
        let time = ctx.input(|i| i.time);
        if matches!(stage, Stage::Asked(at) if time - *at >= PATIENCE) {
            *stage = Stage::Ignored;
        }
    }

    /// What there is to say of a process that does not listen.
    #[must_use]
    pub fn banner(&self) -> Option<Banner> {
        let (target, _) = self.wanted.as_ref().filter(|(_, stage)| *stage == Stage::Ignored)?;
        Some(Banner {
            tone: Tone::Warning,
            strong: say!("ending-ignored", name = &*target.name),
            quiet: say!("ending-ignored-quiet").to_owned(),
            action: Some((say!("force-quit"), Action::EndProcess { target: target.clone(), force: true })),
            is_dismissible: true,
        })
    }

    /// The process was forced, or the user let it be.
    pub fn forget(&mut self) {
        self.wanted = None;
    }

    /// Draws the question, if there is one. Returns what was decided.
    pub fn question_ui(&mut self, ctx: &Context, tokens: &Tokens) -> Option<Action> {
        let (target, stage) = self.wanted.as_mut().filter(|(_, stage)| *stage == Stage::Question)?;
        let frame = Frame::NONE
            .fill(tokens.panel)
            .stroke((1.0, tokens.line))
            .corner_radius(12)
            .inner_margin(Margin::same(22))
            .shadow(ctx.global_style().visuals.window_shadow);
        let (mut is_yes, mut is_no) = (false, false);
        let modal = Modal::new(Id::unique("end a process")).frame(frame).show(ctx, |ui| {
            ui.set_width(340.0);
            let question = say!("ending-question", name = &*target.name);
            ui.label(RichText::new(question).font(font(Weight::SemiBold, HEADING)).color(tokens.strong));
            let words = say!("ending-words", pid = target.key.pid.to_string());
            ui.label(RichText::new(words).color(tokens.text));
            if let Some(path) = &target.path {
                ui.add(egui::Label::new(RichText::new(&**path).size(11.5).color(tokens.dim)).wrap());
            }
            ui.add_space(12.0);
            ui.horizontal(|ui| {
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    let quit = RichText::new(say!("quit-process-now")).font(font(Weight::Medium, 13.0));
                    let quit = egui::Button::new(quit.color(egui::Color32::WHITE)).fill(tokens.danger);
                    is_yes = ui.add(quit).clicked();
                    is_no = ui.button(say!("cancel")).clicked();
                });
            });
        });
        if is_yes {
            *stage = Stage::Asked(ctx.input(|i| i.time));
            return Some(Action::EndProcess { target: target.clone(), force: false });
        }
        if is_no || modal.should_close() {
            self.wanted = None;
        }
        None
    }
}
