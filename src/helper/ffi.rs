//! The system calls of the helper that no library in use wraps safely.
#![expect(unsafe_code, reason = "these calls have no safe wrapper among the dependencies")]

use std::ffi::CString;
use std::io;
#[cfg(target_os = "linux")]
use std::os::unix::ffi::OsStrExt;
#[cfg(target_os = "linux")]
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

/// What libpcap says of itself, such as `libpcap version 1.10.3 (with TPACKET_V3)`.
pub(super) fn libpcap_version() -> String {
    // SAFETY: this is the declaration of `pcap/pcap.h`; the crate pcap links the library and does not wrap this call.
    unsafe extern "C" {
        fn pcap_lib_version() -> *const std::ffi::c_char;
    }
    // SAFETY: the call takes nothing and returns a string that ends with a zero and is never freed or changed.
    let words = unsafe { std::ffi::CStr::from_ptr(pcap_lib_version()) };
    words.to_string_lossy().into_owned()
}

/// Puts this process before ordinary ones, by `steps` of niceness; only root may (`nice(2)`). Without that right nothing
/// changes, and the process runs as any other.
#[cfg(target_os = "linux")]
pub(super) fn hurry(steps: u8) {
    // SAFETY: the call takes a number and touches no memory.
    let _ = unsafe { libc::nice(-libc::c_int::from(steps)) };
}

/// The lower 32 permitted capabilities that a program's file brings, or `None` when it brings none.
///
/// The attribute is `struct vfs_cap_data` (Linux `linux/capability.h`): a little-endian magic, then the permitted
/// and inheritable sets in little-endian halves.
#[cfg(target_os = "linux")]
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

/// Makes `gid` the only group beside the process's own. An empty list would not do: xnu's `setgroups1` makes
/// the group 0 (wheel) of it.
///
/// # Errors
///
/// What `setgroups` says.
#[cfg(target_os = "macos")]
pub(super) fn set_only_group(gid: u32) -> io::Result<()> {
    let groups: [libc::gid_t; 1] = [gid];
    // SAFETY: the pointer is to one live `gid_t`, as many as the first argument says, and the call only reads it.
    let status = unsafe { libc::setgroups(1, groups.as_ptr()) };
    if status == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// The groups of this process as the kernel holds them. (The variant `getgroups$DARWIN_EXTSN`, which C programs
/// get, asks the directory service for the user's groups instead.)
///
/// # Errors
///
/// What `getgroups` says.
#[cfg(target_os = "macos")]
pub(super) fn groups() -> io::Result<Vec<u32>> {
    /// `NGROUPS_MAX` in xnu `bsd/sys/syslimits.h`.
    const MOST: libc::c_int = 16;
    let mut groups: [libc::gid_t; MOST as usize] = [0; MOST as usize];
    // SAFETY: the pointer is to `MOST` live `gid_t`s, and the call writes no more than that.
    let count = unsafe { libc::getgroups(MOST, groups.as_mut_ptr()) };
    let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
    Ok(groups.iter().copied().take(count).collect())
}

/// Puts this process under the Seatbelt profile written in `profile`, for good.
///
/// # Errors
///
/// What the system's compiler of profiles says, in its own words.
#[cfg(target_os = "macos")]
pub(super) fn enter_sandbox(profile: &str) -> Result<(), String> {
    use std::ffi::{CStr, c_char, c_int};
    use std::ptr;

    // `sandbox.h`: deprecated in favour of entitlements, which an unsigned helper has none of, and used by the
    // system's own daemons. SAFETY: both are declared as they are there.
    unsafe extern "C" {
        fn sandbox_init(profile: *const c_char, flags: u64, errorbuf: *mut *mut c_char) -> c_int;
        fn sandbox_free_error(errorbuf: *mut c_char);
    }
    /// The profile is the text itself and not a name (`SANDBOX_NAMED` is 1).
    const TEXT: u64 = 0;

    let profile = CString::new(profile).map_err(|err| err.to_string())?;
    let mut message: *mut c_char = ptr::null_mut();
    // SAFETY: `profile` ends with a zero and lives through the call, which only reads it; `message` is a live
    // pointer that the call may set to a string of its own.
    let status = unsafe { sandbox_init(profile.as_ptr(), TEXT, &raw mut message) };
    if status == 0 {
        return Ok(());
    }
    if message.is_null() {
        return Err(format!("no reason given ({})", io::Error::last_os_error()));
    }
    // SAFETY: after a failure a pointer that is not null is to a string that ends with a zero and stays until it is
    // freed, which happens once, after it was copied.
    let words = unsafe {
        let words = CStr::from_ptr(message).to_string_lossy().into_owned();
        sandbox_free_error(message);
        words
    };
    Err(words)
}
