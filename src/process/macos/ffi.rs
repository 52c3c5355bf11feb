//! The system calls of macOS that no library in use wraps safely.
#![expect(
    unsafe_code,
    reason = "sysctl, libproc, drawing into memory and untyped dictionaries have no safe wrapper among the dependencies"
)]

use std::ffi::CStr;
use std::io;
use std::mem::{MaybeUninit, size_of};
use std::{ptr, slice};

use objc2::AnyThread;
use objc2::rc::autoreleasepool;
use objc2_app_kit::{NSBitmapImageRep, NSDeviceRGBColorSpace, NSGraphicsContext, NSWorkspace};
use objc2_foundation::{NSBundle, NSPoint, NSRect, NSSize, NSString};

use super::descriptors::SOCKET_FDINFO_LEN;
use super::kinfo::KINFO_PROC_LEN;

use core_foundation::base::{CFType, TCFType};
use core_foundation::dictionary::CFDictionary;
use core_foundation::string::CFString;

/// A list longer than this is not read: a hundred thousand sockets have 62 MB.
const MAX_LIST_BYTES: usize = 64 << 20;

/// Descriptors of one process that are looked at.
const MAX_DESCRIPTORS: usize = 1 << 16;

// <sys/proc_info.h>
const PROX_FDTYPE_SOCKET: u32 = 2;
const PROC_PIDFDSOCKETINFO: i32 = 3;

/// How often a list that grows while it is read is asked for.
const TRIES: usize = 4;

/// Reads a value of the kernel's that changes its size.
///
/// # Errors
///
/// What `sysctlbyname` says.
pub(super) fn sysctl(name: &CStr) -> io::Result<Vec<u8>> {
    for _ in 0..TRIES {
        let mut len = 0;
        // SAFETY: the name ends with a zero; without a buffer the call only writes the length, to a live `usize`.
        let status =
            unsafe { libc::sysctlbyname(name.as_ptr(), ptr::null_mut(), &raw mut len, ptr::null_mut(), 0) };
        if status == -1 {
            return Err(io::Error::last_os_error());
        }
        if len > MAX_LIST_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut value = vec![0_u8; len];
        // SAFETY: `value` has room for `len` bytes, and the call writes no more and sets `len` to what it wrote.
        let status = unsafe {
            libc::sysctlbyname(name.as_ptr(), value.as_mut_ptr().cast(), &raw mut len, ptr::null_mut(), 0)
        };
        if status == 0 {
            value.truncate(len);
            return Ok(value);
        }
        let err = io::Error::last_os_error();
        // The kernel reckons with an eighth more than there was, which may not have been enough.
        if err.raw_os_error() != Some(libc::ENOMEM) {
            return Err(err);
        }
    }
    Err(io::ErrorKind::OutOfMemory.into())
}

/// What the kernel says of every user's processes (`PROC_PIDT_SHORTBSDINFO`); `None` when there is none with this pid.
pub(super) fn short_info(pid: i32) -> Option<libc::proc_bsdshortinfo> {
    let size = i32::try_from(size_of::<libc::proc_bsdshortinfo>()).ok()?;
    let mut info = MaybeUninit::<libc::proc_bsdshortinfo>::zeroed();
    // SAFETY: `info` has room for `size` bytes, and the call writes no more than that.
    let written =
        unsafe { libc::proc_pidinfo(pid, libc::PROC_PIDT_SHORTBSDINFO, 0, info.as_mut_ptr().cast(), size) };
    // SAFETY: the memory began as zeros, and any bytes are a valid value: the structure has integers only.
    (written == size).then(|| unsafe { info.assume_init() })
}

/// What the kernel says of one's own processes (`PROC_PIDTBSDINFO`); `None` for another user's, or when there is none
/// with this pid.
pub(super) fn full_info(pid: i32) -> Option<libc::proc_bsdinfo> {
    let size = i32::try_from(size_of::<libc::proc_bsdinfo>()).ok()?;
    let mut info = MaybeUninit::<libc::proc_bsdinfo>::zeroed();
    // SAFETY: `info` has room for `size` bytes, and the call writes no more than that.
    let written =
        unsafe { libc::proc_pidinfo(pid, libc::PROC_PIDTBSDINFO, 0, info.as_mut_ptr().cast(), size) };
    // SAFETY: the memory began as zeros, and any bytes are a valid value: the structure has integers only.
    (written == size).then(|| unsafe { info.assume_init() })
}

/// `struct kinfo_proc` of any user's process (`sysctl` `kern.proc.pid`); `None` when there is none with this pid.
pub(super) fn kinfo(pid: i32) -> Option<[u8; KINFO_PROC_LEN]> {
    let mut name = [libc::CTL_KERN, libc::KERN_PROC, libc::KERN_PROC_PID, pid];
    let mut info = [0_u8; KINFO_PROC_LEN];
    let mut len = info.len();
    // SAFETY: `name` has four numbers; `info` has room for `len` bytes, and the call writes no more and sets `len`.
    let status = unsafe {
        libc::sysctl(name.as_mut_ptr(), 4, info.as_mut_ptr().cast(), &raw mut len, ptr::null_mut(), 0)
    };
    (status == 0 && len == info.len()).then_some(info)
}

/// The numbers of a process's descriptors that are sockets (`PROC_PIDLISTFDS`); none of another user's.
pub(super) fn socket_descriptors(pid: i32) -> Vec<i32> {
    // SAFETY: without a buffer the call only says how many bytes it would take.
    let wanted = unsafe { libc::proc_pidinfo(pid, libc::PROC_PIDLISTFDS, 0, ptr::null_mut(), 0) };
    let room = usize::try_from(wanted).unwrap_or(0) / size_of::<libc::proc_fdinfo>();
    let mut list = vec![libc::proc_fdinfo { proc_fd: 0, proc_fdtype: 0 }; room.min(MAX_DESCRIPTORS)];
    let Ok(size) = i32::try_from(list.len() * size_of::<libc::proc_fdinfo>()) else { return Vec::new() };
    // SAFETY: `list` has room for `size` bytes, and the call writes no more than that.
    let written =
        unsafe { libc::proc_pidinfo(pid, libc::PROC_PIDLISTFDS, 0, list.as_mut_ptr().cast(), size) };
    let count = usize::try_from(written).unwrap_or(0) / size_of::<libc::proc_fdinfo>();
    let sockets = list.iter().take(count).filter(|entry| entry.proc_fdtype == PROX_FDTYPE_SOCKET);
    sockets.map(|entry| entry.proc_fd).collect()
}

/// `struct socket_fdinfo` of a process's descriptor (`PROC_PIDFDSOCKETINFO`); `None` when it is no socket any longer.
pub(super) fn socket_info(pid: i32, descriptor: i32) -> Option<[u8; SOCKET_FDINFO_LEN]> {
    let mut info = [0_u8; SOCKET_FDINFO_LEN];
    let size = i32::try_from(info.len()).ok()?;
    // SAFETY: `info` has room for `size` bytes, and the call writes no more than that.
    let written = unsafe {
        libc::proc_pidfdinfo(pid, descriptor, PROC_PIDFDSOCKETINFO, info.as_mut_ptr().cast(), size)
    };
    (written == size).then_some(info)
}

/// What the bundle at `path` says under these keys of its `Info.plist`, in the user's language where it has one for it.
pub(super) fn bundle_words<const N: usize>(path: &str, keys: [&str; N]) -> [Option<String>; N] {
    autoreleasepool(|_| {
        let bundle = NSBundle::bundleWithPath(&NSString::from_str(path));
        keys.map(|key| {
            let word = bundle.as_ref()?.objectForInfoDictionaryKey(&NSString::from_str(key))?;
            Some(word.downcast::<NSString>().ok()?.to_string())
        })
    })
}

/// Draws the Finder's icon of a file into `pixels` × `pixels` pixels of four bytes: red, green, blue, alpha, the colours
/// multiplied by alpha; the topmost row first.
pub(super) fn icon(path: &str, pixels: u32) -> Option<Vec<u8>> {
    let across = isize::try_from(pixels).ok()?;
    autoreleasepool(|_| {
        let image = NSWorkspace::sharedWorkspace().iconForFile(&NSString::from_str(path));
        // SAFETY: no planes are given, so the bitmap makes its own memory; the name is a constant of AppKit's.
        let bitmap = unsafe {
            NSBitmapImageRep::initWithBitmapDataPlanes_pixelsWide_pixelsHigh_bitsPerSample_samplesPerPixel_hasAlpha_isPlanar_colorSpaceName_bytesPerRow_bitsPerPixel(
                NSBitmapImageRep::alloc(),
                ptr::null_mut(),
                across,
                across,
                8,
                4,
                true,
                false,
                NSDeviceRGBColorSpace,
                4 * across,
                32,
            )
        }?;
        let context = NSGraphicsContext::graphicsContextWithBitmapImageRep(&bitmap)?;
        NSGraphicsContext::saveGraphicsState_class();
        NSGraphicsContext::setCurrentContext(Some(&context));
        let size = f64::from(pixels);
        image.drawInRect(NSRect::new(NSPoint::new(0.0, 0.0), NSSize::new(size, size)));
        context.flushGraphics();
        NSGraphicsContext::restoreGraphicsState_class();
        let data = bitmap.bitmapData();
        let len = usize::try_from(pixels).ok()?.checked_pow(2)?.checked_mul(4)?;
        // SAFETY: the bitmap was made with one plane of `across` rows of `4 * across` bytes, which is what it points to
        // if it points to anything, and it lives until the end of this block; nothing draws into it any longer.
        (!data.is_null()).then(|| unsafe { slice::from_raw_parts(data, len) }.to_vec())
    })
}

/// A dictionary of the system's network settings, with what its keys and values are.
pub(super) fn typed(dictionary: &CFDictionary) -> CFDictionary<CFString, CFType> {
    // SAFETY: the reference is to a live dictionary, of which the result keeps a reference of its own. The settings are
    // property lists, whose keys are strings (`CFPropertyList.h`) and whose values are objects.
    unsafe { CFDictionary::wrap_under_get_rule(dictionary.as_concrete_TypeRef()) }
}
