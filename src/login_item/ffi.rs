//! macOS's login items: `SMAppService.mainApp` of `ServiceManagement` (macOS 13), asked by name.
#![expect(unsafe_code, reason = "messages to Objective-C objects")]

use objc2::msg_send;
use objc2::rc::Retained;
use objc2::runtime::{AnyClass, AnyObject};
use objc2_foundation::{NSBundle, NSError, ns_string};

use crate::session::LoginItem;

/// The service of the running app; `None` where the framework or the class is missing.
///
/// The framework is loaded here and not linked: Crow imports no symbol of it, so a linker that drops unused libraries
/// would drop it, and with it the class.
fn service() -> Option<Retained<AnyObject>> {
    let path = ns_string!("/System/Library/Frameworks/ServiceManagement.framework");
    let bundle = NSBundle::bundleWithPath(path)?;
    // SAFETY: the code that is loaded is the system's own.
    if !unsafe { bundle.load() } {
        return None;
    }
    let class = AnyClass::get(c"SMAppService")?;
    // SAFETY: `mainAppService` is a class property without arguments; it returns an object or nil (SMAppService.h).
    unsafe { msg_send![class, mainAppService] }
}

/// What macOS says of Crow's login item.
pub(super) fn state() -> LoginItem {
    // SMAppServiceStatus: 0 is not registered, 3 not found.
    const ENABLED: isize = 1;
    const REQUIRES_APPROVAL: isize = 2;
    let Some(service) = service() else { return LoginItem::Off };
    // SAFETY: `status` is a property of type NSInteger without arguments.
    match unsafe { msg_send![&*service, status] } {
        ENABLED => LoginItem::On,
        REQUIRES_APPROVAL => LoginItem::NeedsApproval,
        _ => LoginItem::Off,
    }
}

/// Registers the running app, or takes it off.
///
/// # Errors
///
/// What macOS says, in the user's language.
pub(super) fn set(on: bool) -> Result<(), String> {
    let service =
        service().ok_or_else(|| "this macOS has no login items for apps (13 is needed)".to_owned())?;
    // SAFETY: both methods take a pointer to an error and return a BOOL that says whether there was none.
    let done: Result<(), Retained<NSError>> = unsafe {
        if on {
            msg_send![&*service, registerAndReturnError: _]
        } else {
            msg_send![&*service, unregisterAndReturnError: _]
        }
    };
    done.map_err(|err| err.localizedDescription().to_string())
}
