//! The three system calls of the helper that no library in use wraps safely.
#![expect(unsafe_code, reason = "setrlimit, nice and getxattr have no safe wrapper among the dependencies")]

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Makes the kernel write no memory image of this process when it crashes: the image would hold packets.
///
/// # Errors
///
/// What `setrlimit(RLIMIT_CORE)` says.
pub(super) fn forbid_core_dumps() -> io::Result<()> {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointer is to a live `rlimit`, which the call only reads.
    let status = unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const none) };
    if status == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Puts this process before ordinary ones, by `steps` of niceness; only root may (`nice(2)`). Without that right nothing
/// changes, and the process runs as any other.
pub(super) fn hurry(steps: u8) {
    // SAFETY: the call takes a number and touches no memory.
    let _ = unsafe { libc::nice(-libc::c_int::from(steps)) };
}

/// The lower 32 permitted capabilities that a program's file brings, or `None` when it brings none.
///
/// The attribute is `struct vfs_cap_data` (Linux `linux/capability.h`): a little-endian magic, then the permitted
/// and inheritable sets in little-endian halves.
pub(super) fn file_capabilities(program: &Path) -> Option<u32> {
    const NAME: &std::ffi::CStr = c"security.capability";
    const PERMITTED: usize = 4;
    let path = CString::new(program.as_os_str().as_bytes()).ok()?;
    let mut value = [0_u8; 64];
    // SAFETY: both strings end with a zero and live through the call, which writes at most
    // `value.len()` bytes into `value`.
    let len = unsafe { libc::getxattr(path.as_ptr(), NAME.as_ptr(), value.as_mut_ptr().cast(), value.len()) };
    let value = value.get(..usize::try_from(len).ok()?)?;
    let permitted = value.get(PERMITTED..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*permitted))
}
