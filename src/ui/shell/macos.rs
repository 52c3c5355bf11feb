//! What the event loop needs on macOS only.

use eframe::UserEvent;
use winit::event_loop::EventLoopBuilder;
use winit::platform::macos::{ActivationPolicy, EventLoopBuilderExtMacOS as _};

/// Crow lives in the menu bar: no Dock icon, and no focus taken from whoever works when Crow starts.
pub(super) fn configure(builder: &mut EventLoopBuilder<UserEvent>) {
    builder
        .with_activation_policy(ActivationPolicy::Accessory)
        .with_activate_ignoring_other_apps(false)
        .with_default_menu(true);
}
