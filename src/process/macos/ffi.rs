//! The system calls of macOS that no library in use wraps safely.
#![expect(
    unsafe_code,
    reason = "sysctlbyname, proc_pidinfo and untyped dictionaries have no safe wrapper among the dependencies"
)]

use std::ffi::CStr;
use std::io;
use std::mem::{MaybeUninit, size_of};
use std::ptr;

use core_foundation::base::{CFType, TCFType};
use core_foundation::dictionary::CFDictionary;
use core_foundation::string::CFString;

/// A list longer than this is not read: a hundred thousand sockets have 62 MB.
const MAX_LIST_BYTES: usize = 64 << 20;

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

/// A dictionary of the system's network settings, with what its keys and values are.
pub(super) fn typed(dictionary: &CFDictionary) -> CFDictionary<CFString, CFType> {
    // SAFETY: the reference is to a live dictionary, of which the result keeps a reference of its own. The settings are
    // property lists, whose keys are strings (`CFPropertyList.h`) and whose values are objects.
    unsafe { CFDictionary::wrap_under_get_rule(dictionary.as_concrete_TypeRef()) }
}
