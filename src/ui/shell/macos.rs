//! What the window and the loop need on macOS only.

use eframe::UserEvent;
use egui::ViewportBuilder;
use winit::event_loop::EventLoopBuilder;
use winit::platform::macos::{ActivationPolicy, EventLoopBuilderExtMacOS as _};

/// Crow lives in the menu bar: no Dock icon, and no focus taken from whoever works when Crow starts.
pub(super) fn configure(builder: &mut EventLoopBuilder<UserEvent>) {
    builder
        .with_activation_policy(ActivationPolicy::Accessory)
        .with_activate_ignoring_other_apps(false)
        .with_default_menu(true);
}

/// The toolbar takes the place of the title bar; the traffic lights stand in it.
pub(super) fn title_bar(builder: ViewportBuilder) -> ViewportBuilder {
    builder.with_fullsize_content_view(true).with_titlebar_shown(false).with_title_shown(false)
}
