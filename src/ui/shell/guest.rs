//! What eframe runs: the window's content inside a wrapper that decides about closing and draws nothing unseen.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use eframe::{App, EframeWinitApplication, Frame, NativeOptions, UserEvent};
use egui::{ViewportBuilder, ViewportCommand};
use winit::event_loop::EventLoop;

use super::MakeWindow;
use super::stage::{Closing, Stage};
use crate::lang;
use crate::ui::fonts;
use crate::ui::icon::window_icon;

/// The maker of the window's content, shared by one window after another.
pub(super) type SharedMaker = Rc<RefCell<MakeWindow>>;

/// The window's content, and the shell's say in it.
pub(super) struct Guest {
    inner: Box<dyn App>,
    stage: Rc<Stage>,
}

impl Guest {
    /// An eframe application that has no window until the loop tells it that it runs.
    pub(super) fn invite(
        event_loop: &EventLoop<UserEvent>,
        viewport: ViewportBuilder,
        stage: &Rc<Stage>,
        make: &SharedMaker,
    ) -> EframeWinitApplication<'static> {
        let (stage, make) = (Rc::clone(stage), Rc::clone(make));
        let viewport = match window_icon() {
            Some(icon) => viewport.with_icon(Arc::new(icon)),
            None => viewport,
        };
        // Crow looks through the system's fonts itself: later, and with the chosen language in mind.
        let options = NativeOptions { viewport, system_font_fallback: false, ..NativeOptions::default() };
        let creator: eframe::AppCreator<'static> = Box::new(move |cc| {
            let inner = (make.borrow_mut())(&cc.egui_ctx);
            fonts::follow_system(&cc.egui_ctx, lang::meant(stage.backend.settings().language));
            stage.enter(cc.winit_window().cloned(), &cc.egui_ctx);
            Ok(Box::new(Self { inner, stage }))
        });
        eframe::create_native("Crow", options, creator, event_loop)
    }
}

impl App for Guest {
    fn logic(&mut self, ctx: &egui::Context, frame: &mut Frame) {
        if ctx.input(|input| input.viewport().close_requested()) {
            match self.stage.close() {
                Closing::Hides => ctx.send_viewport_cmd(ViewportCommand::CancelClose),
                Closing::Destroys => {}
                Closing::Quits => self.inner.logic(ctx, frame),
            }
        } else {
            self.inner.logic(ctx, frame);
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut Frame) {
        self.stage.looks.apply(ui.ctx());
        // Every frame: AppKit puts the window's buttons back whenever it lays the window out.
        let title_bar = egui::Rangef::new(0.0, crate::ui::toolbar::TOOLBAR);
        frame.set_traffic_lights_position(ui.ctx(), title_bar, LIGHTS_LEFT);
        // X11 says nothing of a hidden window, so eframe would go on drawing it.
        if self.stage.is_shown() {
            self.inner.ui(ui, frame);
        }
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        self.inner.save(storage);
    }

    fn on_exit(&mut self, gl: Option<&eframe::glow::Context>) {
        self.inner.on_exit(gl);
    }

    fn auto_save_interval(&self) -> Duration {
        self.inner.auto_save_interval()
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        self.inner.clear_color(visuals)
    }

    fn persist_egui_memory(&self) -> bool {
        self.inner.persist_egui_memory()
    }

    fn raw_input_hook(&mut self, ctx: &egui::Context, raw_input: &mut egui::RawInput) {
        self.inner.raw_input_hook(ctx, raw_input);
    }
}

/// Points from the window's left edge to its first button, on a Mac.
const LIGHTS_LEFT: f32 = 14.0;
