//! Calls of Security.framework that no library in use wraps.
#![expect(
    unsafe_code,
    reason = "the functions of SecStaticCode.h have no safe wrapper among the dependencies"
)]

use std::path::Path;
use std::ptr;

use core_foundation::array::CFArray;
use core_foundation::base::{CFRelease, CFType, CFTypeRef, OSStatus, TCFType};
use core_foundation::dictionary::{CFDictionary, CFDictionaryRef};
use core_foundation::number::CFNumber;
use core_foundation::string::{CFString, CFStringRef};
use core_foundation::url::{CFURL, CFURLRef};

use super::Told;

/// `kSecCSBasicValidateOnly`: the signature itself. That the pages hold, the kernel checks as it loads them.
const BASIC_VALIDATE_ONLY: u32 = 6;
/// `kSecCSNoNetworkAccess`: nobody is asked whether a certificate has been revoked.
const NO_NETWORK_ACCESS: u32 = 1 << 29;
/// `kSecCSSigningInformation`.
const SIGNING_INFORMATION: u32 = 2;

#[link(name = "Security", kind = "framework")]
unsafe extern "C" {
    static kSecCodeInfoCertificates: CFStringRef;
    static kSecCodeInfoFlags: CFStringRef;
    static kSecCodeInfoTeamIdentifier: CFStringRef;
    fn SecStaticCodeCreateWithPath(path: CFURLRef, flags: u32, code: *mut CFTypeRef) -> OSStatus;
    fn SecStaticCodeCheckValidity(code: CFTypeRef, flags: u32, requirement: CFTypeRef) -> OSStatus;
    fn SecRequirementCreateWithString(text: CFStringRef, flags: u32, requirement: *mut CFTypeRef)
    -> OSStatus;
    fn SecCodeCopySigningInformation(
        code: CFTypeRef,
        flags: u32,
        information: *mut CFDictionaryRef,
    ) -> OSStatus;
    fn SecCertificateCopySubjectSummary(certificate: CFTypeRef) -> CFStringRef;
}

/// An object that this process owns a reference to.
struct Owned(CFTypeRef);

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the reference is not null, and it came from a call that gave it away; it is released once.
        unsafe { CFRelease(self.0) }
    }
}

/// What the system says of the signature of the program at `path`; `None` where there is no such file.
pub(super) fn read(path: &str) -> Option<Told> {
    let url = CFURL::from_path(Path::new(path), false)?;
    let code = made(|out| {
        // SAFETY: the URL lives as long as `url`, and `out` has room for the one pointer that the call writes.
        unsafe { SecStaticCodeCreateWithPath(url.as_concrete_TypeRef(), 0, out) }
    })?;
    let anchor = CFString::from_static_string("anchor apple generic");
    let apples = made(|out| {
        // SAFETY: the text lives as long as `anchor`, and `out` has room for the one pointer that the call writes.
        unsafe { SecRequirementCreateWithString(anchor.as_concrete_TypeRef(), 0, out) }
    })?;
    let check = |requirement: CFTypeRef| {
        // SAFETY: `code` is alive, and so is the requirement, which may be null.
        unsafe { SecStaticCodeCheckValidity(code.0, BASIC_VALIDATE_ONLY | NO_NETWORK_ACCESS, requirement) }
    };
    let validity = check(ptr::null());
    let told = Told { validity, is_apples: check(apples.0) == 0, ..Told::default() };
    Some(match information(&code) {
        Some(information) => with_information(told, &information),
        None => told,
    })
}

/// What `make` writes where it is told to, if that goes well.
fn made(make: impl FnOnce(*mut CFTypeRef) -> OSStatus) -> Option<Owned> {
    let mut object: CFTypeRef = ptr::null();
    (make(&raw mut object) == 0 && !object.is_null()).then_some(Owned(object))
}

type Information = CFDictionary<CFString, CFType>;

fn information(code: &Owned) -> Option<Information> {
    let mut information: CFDictionaryRef = ptr::null();
    // SAFETY: `code` is alive, and `information` has room for the one pointer that the call writes.
    let status = unsafe { SecCodeCopySigningInformation(code.0, SIGNING_INFORMATION, &raw mut information) };
    // SAFETY: the reference is not null and was given away by the call; its keys are strings (`SecCode.h`) and its values
    // objects.
    (status == 0 && !information.is_null())
        .then(|| unsafe { CFDictionary::wrap_under_create_rule(information) })
}

fn with_information(mut told: Told, information: &Information) -> Told {
    // SAFETY: the constants are strings that live as long as the program does.
    let [flags, team, certificates] = unsafe {
        [
            CFString::wrap_under_get_rule(kSecCodeInfoFlags),
            CFString::wrap_under_get_rule(kSecCodeInfoTeamIdentifier),
            CFString::wrap_under_get_rule(kSecCodeInfoCertificates),
        ]
    };
    let flags = information.find(&flags).and_then(|flags| flags.downcast::<CFNumber>()?.to_i64());
    let team = information.find(&team).and_then(|team| team.downcast::<CFString>());
    let chain = information.find(&certificates).and_then(|chain| chain.downcast::<CFArray>());
    // The first is the one that signed.
    let leaf = chain.and_then(|chain| chain.get(0).map(|leaf| *leaf));
    told.flags = flags.and_then(|flags| u32::try_from(flags).ok());
    told.team = team.map(|team| team.to_string());
    told.authority = leaf.and_then(name);
    told
}

/// The name on a certificate of a list that is alive.
fn name(certificate: CFTypeRef) -> Option<String> {
    // SAFETY: the certificate belongs to the signing information, which the caller holds.
    let name = unsafe { SecCertificateCopySubjectSummary(certificate) };
    // SAFETY: the reference is not null and was given away by the call.
    (!name.is_null()).then(|| unsafe { CFString::wrap_under_create_rule(name) }.to_string())
}
