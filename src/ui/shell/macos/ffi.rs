//! Apple events that winit does not pass on: whether login started Crow, and that the user opened it again.
#![expect(unsafe_code, reason = "messages to Objective-C objects, and a class of Crow's own")]

use objc2::rc::Retained;
use objc2::runtime::{AnyObject, NSObject};
use objc2::{AnyThread as _, DefinedClass as _, define_class, msg_send, sel};
use objc2_app_kit::NSWorkspace;
use objc2_foundation::{NSAppleEventDescriptor, NSAppleEventManager};

// Four-letter codes of `AppleEvents.h` and `AERegistry.h`.
const CORE_EVENTS: u32 = u32::from_be_bytes(*b"aevt");
const OPEN_APPLICATION: u32 = u32::from_be_bytes(*b"oapp");
const REOPEN_APPLICATION: u32 = u32::from_be_bytes(*b"rapp");
const PROPERTY_DATA: u32 = u32::from_be_bytes(*b"prdt");
const LAUNCHED_AS_LOGIN_ITEM: u32 = u32::from_be_bytes(*b"lgit");

/// Whether the event that macOS started Crow with says that login did it. There is one to ask only while the app
/// finishes launching: at the event loop's first event.
pub(super) fn was_started_at_login() -> bool {
    let Some(event) = NSAppleEventManager::sharedAppleEventManager().currentAppleEvent() else {
        return false;
    };
    // SAFETY: `eventID` takes nothing and returns a four-letter code, which is a `u32`.
    let id: u32 = unsafe { msg_send![&*event, eventID] };
    // SAFETY: the method takes a four-letter code and returns an object or nil.
    let reason: Option<Retained<NSAppleEventDescriptor>> =
        unsafe { msg_send![&*event, paramDescriptorForKeyword: PROPERTY_DATA] };
    let is_login = |reason: &NSAppleEventDescriptor| -> bool {
        // SAFETY: `enumCodeValue` takes nothing and returns a four-letter code, 0 where there is none.
        let code: u32 = unsafe { msg_send![reason, enumCodeValue] };
        code == LAUNCHED_AS_LOGIN_ITEM
    };
    id == OPEN_APPLICATION && reason.as_deref().is_some_and(is_login)
}

/// What System Settings, Accessibility says of motion, now.
pub(super) fn wants_no_motion() -> bool {
    let workspace = NSWorkspace::sharedWorkspace();
    // SAFETY: the method (macOS 10.12 and later) takes nothing and returns a Boolean.
    unsafe { msg_send![&*workspace, accessibilityDisplayShouldReduceMotion] }
}

define_class!(
    // SAFETY: `NSObject` asks nothing of its subclasses, and this one has no `Drop`.
    #[unsafe(super(NSObject))]
    #[ivars = Box<dyn Fn()>]
    struct Reopener;

    impl Reopener {
        // SAFETY: the signature is the one that `setEventHandler:andSelector:forEventClass:andEventID:` asks for.
        #[unsafe(method(reopen:withReply:))]
        fn reopen(&self, _event: Option<&AnyObject>, _reply: Option<&AnyObject>) {
            (self.ivars())();
        }
    }
);

/// Hears that the user opens the running app again (Finder, Spotlight, `open`), as long as it lives.
pub(super) struct Reopening(Retained<Reopener>);

impl Reopening {
    /// Calls `opened` each time, on the main thread. `AppKit` has a handler of its own for this event, which asks the
    /// application's delegate; that is winit's and does not answer. Made after the app has launched, this one stands
    /// in its place.
    pub(super) fn new(opened: impl Fn() + 'static) -> Self {
        let reopener = Reopener::alloc().set_ivars(Box::new(opened));
        // SAFETY: `init` of `NSObject` takes nothing and returns the object.
        let reopener: Retained<Reopener> = unsafe { msg_send![super(reopener), init] };
        let manager = NSAppleEventManager::sharedAppleEventManager();
        // SAFETY: the object has a method of this selector and of the right signature, and is kept until `drop`.
        unsafe {
            let () = msg_send![
                &*manager,
                setEventHandler: &*reopener,
                andSelector: sel!(reopen:withReply:),
                forEventClass: CORE_EVENTS,
                andEventID: REOPEN_APPLICATION,
            ];
        }
        Self(reopener)
    }
}

impl Drop for Reopening {
    fn drop(&mut self) {
        // The manager does not keep its handlers alive, so it must forget this one before that goes.
        let manager = NSAppleEventManager::sharedAppleEventManager();
        // SAFETY: the method takes two four-letter codes.
        unsafe {
            let () = msg_send![&*manager, removeEventHandlerForEventClass: CORE_EVENTS, andEventID: REOPEN_APPLICATION];
        }
        let _ = &self.0;
    }
}
