//! The system calls of kernel events that no library in use wraps: `bpf(2)`, the namespace's cookie, and the shared ring.
#![expect(
    unsafe_code,
    reason = "bpf(2) has no safe wrapper among the dependencies, and the ring is shared with the kernel"
)]

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::program::{Instruction, RECORD_BYTES};

// Commands of bpf(2): `enum bpf_cmd` in Linux include/uapi/linux/bpf.h.
const BPF_MAP_CREATE: libc::c_int = 0;
const BPF_PROG_LOAD: libc::c_int = 5;
const BPF_LINK_CREATE: libc::c_int = 28;

/// `SO_NETNS_COOKIE` in Linux include/uapi/asm-generic/socket.h, since Linux 5.14.
const SO_NETNS_COOKIE: libc::c_int = 71;

/// A record that is still being written (`BPF_RINGBUF_BUSY_BIT` in include/uapi/linux/bpf.h).
const BUSY: u32 = 1 << 31;
/// A record that was given up (`BPF_RINGBUF_DISCARD_BIT`).
const DISCARDED: u32 = 1 << 30;
/// What stands before each record (`BPF_RINGBUF_HDR_SZ`): its length and flags, and a page number.
const HEADER_BYTES: usize = 8;

/// `union bpf_attr` for [`BPF_MAP_CREATE`].
#[repr(C)]
struct MapAttributes {
    kind: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
}

/// `union bpf_attr` for [`BPF_PROG_LOAD`].
#[repr(C)]
struct ProgramAttributes {
    kind: u32,
    instruction_count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log_buffer: u64,
    kernel_version: u32,
    flags: u32,
    name: [u8; 16],
    interface_index: u32,
    expected_attach_type: u32,
}

/// `union bpf_attr` for [`BPF_LINK_CREATE`].
#[repr(C)]
struct LinkAttributes {
    program: u32,
    target: u32,
    attach_type: u32,
    flags: u32,
}

/// Asks the kernel for an object that lives as long as its descriptor.
fn bpf<T>(command: libc::c_int, attributes: &T) -> io::Result<OwnedFd> {
    // SAFETY: the kernel reads `size_of::<T>()` bytes of the structure that the command stands for, and
    // through the addresses in it memory that the three callers below keep borrowed during the call. All
    // three structures consist of integers without padding.
    let fd = unsafe { libc::syscall(libc::SYS_bpf, command, std::ptr::from_ref(attributes), size_of::<T>()) };
    let fd = i32::try_from(fd).ok().filter(|fd| *fd >= 0).ok_or_else(io::Error::last_os_error)?;
    // SAFETY: each of the three commands returns a new descriptor that nobody else knows.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn number(fd: BorrowedFd<'_>) -> u32 {
    fd.as_raw_fd().cast_unsigned()
}

/// Makes a map of the kernel. Sizes are in bytes; `max_entries` of a ring is its size in bytes.
///
/// # Errors
///
/// What `bpf(BPF_MAP_CREATE)` says.
pub(super) fn create_map(kind: u32, sizes: (u32, u32), max_entries: u32) -> io::Result<OwnedFd> {
    let (key_size, value_size) = sizes;
    bpf(BPF_MAP_CREATE, &MapAttributes { kind, key_size, value_size, max_entries })
}

/// Has the kernel check and translate a program.
///
/// # Errors
///
/// What `bpf(BPF_PROG_LOAD)` says: `EPERM` without the right to, `EINVAL` or `EACCES` when the kernel is too old for it.
pub(super) fn load(kind: u32, attach_type: u32, program: &[Instruction]) -> io::Result<OwnedFd> {
    let attributes = ProgramAttributes {
        kind,
        instruction_count: u32::try_from(program.len()).map_err(io::Error::other)?,
        instructions: program.as_ptr().expose_provenance() as u64,
        license: c"MIT".as_ptr().expose_provenance() as u64,
        log_level: 0,
        log_size: 0,
        log_buffer: 0,
        kernel_version: 0,
        flags: 0,
        name: *b"crow_owners\0\0\0\0\0",
        interface_index: 0,
        expected_attach_type: attach_type,
    };
    bpf(BPF_PROG_LOAD, &attributes)
}

/// Attaches a program to a control group, beside any that are there, for as long as the result lives.
///
/// # Errors
///
/// What `bpf(BPF_LINK_CREATE)` says.
pub(super) fn attach(
    program: BorrowedFd<'_>,
    group: BorrowedFd<'_>,
    attach_type: u32,
) -> io::Result<OwnedFd> {
    let attributes =
        LinkAttributes { program: number(program), target: number(group), attach_type, flags: 0 };
    bpf(BPF_LINK_CREATE, &attributes)
}

/// The number by which the kernel knows the network namespace of a socket.
///
/// # Errors
///
/// What `getsockopt(SO_NETNS_COOKIE)` says: `ENOPROTOOPT` before Linux 5.14.
pub(super) fn namespace_cookie(socket: BorrowedFd<'_>) -> io::Result<u64> {
    let mut cookie = 0_u64;
    let mut len = libc::socklen_t::try_from(size_of::<u64>()).map_err(io::Error::other)?;
    // SAFETY: the call writes at most `len` bytes into `cookie` and the length into `len`; both live on.
    let status = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            SO_NETNS_COOKIE,
            (&raw mut cookie).cast(),
            &raw mut len,
        )
    };
    if status == 0 { Ok(cookie) } else { Err(io::Error::last_os_error()) }
}

/// Memory shared with the kernel, unmapped in the end.
#[derive(Debug)]
struct Mapping {
    start: NonNull<libc::c_void>,
    len: NonZeroUsize,
}

impl Mapping {
    fn new(fd: BorrowedFd<'_>, len: usize, protection: libc::c_int, offset: usize) -> io::Result<Self> {
        let len = NonZeroUsize::new(len).ok_or(io::ErrorKind::InvalidInput)?;
        let offset = libc::off_t::try_from(offset).map_err(io::Error::other)?;
        // SAFETY: a new mapping, placed by the kernel, touches no memory of this process.
        let start = unsafe {
            libc::mmap(std::ptr::null_mut(), len.get(), protection, libc::MAP_SHARED, fd.as_raw_fd(), offset)
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start).ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok(Self { start, len })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is this object's own, and every pointer into it is gone with the object.
        unsafe { libc::munmap(self.start.as_ptr(), self.len.get()) };
    }
}

// SAFETY: the mapping belongs to the process, not to the thread that made it.
unsafe impl Send for Mapping {}

/// The reading end of a ring of the kernel (Linux Documentation/bpf/ringbuf.rst).
///
/// The first page holds the position up to which was read; the second, the position up to which was
/// written; then follow the bytes, twice in a row, so that no record is seen torn at the ring's end.
#[derive(Debug)]
pub(super) struct Ring {
    read: Mapping,
    written: Mapping,
    page: usize,
    /// A power of two.
    size: usize,
}

impl Ring {
    /// Maps the ring behind `map`, which was made with `size` bytes.
    ///
    /// # Errors
    ///
    /// What `mmap` says, or `InvalidInput` when `size` is no power of two.
    pub(super) fn new(map: &impl AsFd, size: usize) -> io::Result<Self> {
        if !size.is_power_of_two() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        // SAFETY: the call only reads a number.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).map_err(io::Error::other)?;
        let map = map.as_fd();
        let read = Mapping::new(map, page, libc::PROT_READ | libc::PROT_WRITE, 0)?;
        let written = Mapping::new(map, page + 2 * size, libc::PROT_READ, page)?;
        Ok(Self { read, written, page, size })
    }

    /// Takes the oldest record; `None` when none is complete. Records of another length are skipped.
    pub(super) fn next(&mut self) -> Option<[u8; RECORD_BYTES]> {
        // SAFETY: both mappings begin with a page whose first eight bytes the kernel uses as an aligned
        // 64-bit position, shared between two processors by atomic loads and stores.
        let (read, written) = unsafe {
            (self.read.start.cast::<AtomicU64>().as_ref(), self.written.start.cast::<AtomicU64>().as_ref())
        };
        let mut position = read.load(Ordering::Relaxed);
        while position < written.load(Ordering::Acquire) {
            let offset = usize::try_from(position).ok()? & (self.size - 1);
            // SAFETY: `offset` is below `size` and a multiple of eight, for positions only move by such.
            // The mapping holds a page and twice `size` bytes, so that the header lies within it.
            let header = unsafe { self.written.start.cast::<u8>().add(self.page + offset) };
            // SAFETY: as above; the kernel writes the length as an aligned 32-bit word, last.
            let length = unsafe { header.cast::<AtomicU32>().as_ref() }.load(Ordering::Acquire);
            if length & BUSY != 0 {
                return None;
            }
            let bytes = usize::try_from(length & !DISCARDED).ok()?;
            let mut record = [0; RECORD_BYTES];
            let is_whole = length & DISCARDED == 0 && bytes == RECORD_BYTES;
            if is_whole {
                // SAFETY: a record is no longer than the ring, which is mapped twice in a row; the kernel
                // does not write to it before the position below says that it was read.
                unsafe {
                    header.add(HEADER_BYTES).copy_to_nonoverlapping(NonNull::from(&mut record).cast(), bytes);
                };
            }
            position += (bytes + HEADER_BYTES).next_multiple_of(8) as u64;
            read.store(position, Ordering::Release);
            if is_whole {
                return Some(record);
            }
        }
        None
    }
}
