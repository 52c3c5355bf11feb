//! What the event loop needs on macOS only. Each thing here is the answer to a trap that has caught other menu-bar apps.

mod ffi;

use eframe::UserEvent;
use objc2::rc::Retained;
use objc2::runtime::{NSObjectProtocol, ProtocolObject};
use objc2_foundation::{NSActivityOptions, NSProcessInfo, ns_string};
use winit::event_loop::EventLoopBuilder;
use winit::platform::macos::{ActivationPolicy, EventLoopBuilderExtMacOS as _};

/// Crow lives in the menu bar: no Dock icon, and no focus taken from whoever works when Crow starts.
///
/// The policy never changes while Crow runs: going from *accessory* to *regular* and back can drop the item from the
/// menu bar. In the bundle `LSUIElement` says the same; this is for a program that runs outside of one. winit's usual
/// activation at the start would take the focus away at login. The default menu is kept for what it brings: ⌘Q, ⌘H and
/// the editing keys.
pub(super) fn configure(builder: &mut EventLoopBuilder<UserEvent>) {
    builder
        .with_activation_policy(ActivationPolicy::Accessory)
        .with_activate_ignoring_other_apps(false)
        .with_default_menu(true);
}

/// Whether the user has asked for less motion (System Settings, Accessibility, Display).
pub(super) fn wants_no_motion() -> bool {
    ffi::wants_no_motion()
}

/// What is held from the first event of the loop to the end of the program.
pub(super) struct Presence {
    /// Without it App Nap would stretch the second between two updates of the item to ten, as soon as no window shows.
    /// The system may still sleep.
    _awake: Retained<ProtocolObject<dyn NSObjectProtocol>>,
    _reopening: ffi::Reopening,
    /// Whether login started Crow, so that it is to stay out of the way.
    pub(super) is_login: bool,
}

impl Presence {
    /// Must be made at the loop's first event: before it there is no application, and after it the event that tells of
    /// login is gone. `opened` is called when the user opens Crow again while it runs; the item may be out of
    /// sight behind the notch, so this has to lead to the window.
    pub(super) fn new(opened: impl Fn() + 'static) -> Self {
        let awake = NSProcessInfo::processInfo().beginActivityWithOptions_reason(
            NSActivityOptions::UserInitiatedAllowingIdleSystemSleep,
            ns_string!("The item in the menu bar shows rates that change each second."),
        );
        Self { _awake: awake, is_login: ffi::was_started_at_login(), _reopening: ffi::Reopening::new(opened) }
    }
}
