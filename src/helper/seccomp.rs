//! The system calls that the helper may make once its capture is open; any other one ends it.

use std::collections::BTreeMap;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use super::privileges::Error;

/// Enters the allow-list. There is no way back. Packets can be read from `capture`, and none sent on it.
///
/// # Errors
///
/// [`Error::Seccomp`] when the kernel or the compiler of the filter refuses.
pub(super) fn enter(capture: BorrowedFd<'_>) -> Result<(), Error> {
    let program = compile(capture).map_err(|err| Error::Seccomp(err.to_string()))?;
    seccompiler::apply_filter(&program).map_err(|err| Error::Seccomp(err.to_string()))
}

fn compile(capture: BorrowedFd<'_>) -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = ALLOWED.iter().map(|&call| (call, vec![])).collect();
    for (call, conditions) in conditions(capture.as_raw_fd())? {
        rules.entry(call).or_default().push(SeccompRule::new(conditions)?);
    }
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::KillProcess,
        SeccompAction::Allow,
        std::env::consts::ARCH.try_into()?,
    )?;
    filter.try_into()
}

/// Calls that are allowed with any argument.
const ALLOWED: &[libc::c_long] = &[
    // Waiting.
    libc::SYS_ppoll,
    libc::SYS_restart_syscall,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_clock_gettime,
    libc::SYS_gettimeofday,
    // Packets, the pipe, the socket table. Nothing leads further than this machine: see `sendto` and `socket` below.
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_bind,
    // Of netlink sockets: no other can be made.
    libc::SYS_connect,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
    // /proc, read only: see `openat` below.
    libc::SYS_getdents64,
    libc::SYS_readlinkat,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_lseek,
    libc::SYS_close,
    // Memory.
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_getrandom,
    // Who am I.
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    // Ending, also by abort.
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_sigaltstack,
    libc::SYS_sched_yield,
    // The older forms that x86-64 still has and its C library still uses.
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_readlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_time,
];

/// What libpcap asks about an interface (Linux `linux/sockios.h`), and making a socket not block.
const IOCTLS: [libc::c_ulong; 4] = [libc::SIOCGIFFLAGS, libc::SIOCGIFINDEX, libc::SIOCGIFNAME, libc::FIONBIO];

/// What is asked of a descriptor: libpcap makes its socket not block while it empties it for a new filter, and Rust looks
/// whether a descriptor is open before it closes it. Not to be copied: the capture must keep the only number that
/// [`conditions`] knows.
const FCNTLS: [i32; 3] = [libc::F_GETFD, libc::F_GETFL, libc::F_SETFL];

/// How bytes leave the process.
const SENDING: [libc::c_long; 4] = [libc::SYS_write, libc::SYS_writev, libc::SYS_sendto, libc::SYS_sendmsg];

/// The parts of the kernel that netlink sockets may lead to: interfaces and the socket table (Linux `linux/netlink.h`).
const NETLINKS: [i32; 2] = [libc::NETLINK_ROUTE, libc::NETLINK_SOCK_DIAG];

/// `prctl` that only reads the process's own auxiliary vector (Linux `linux/prctl.h`).
const PR_GET_AUXV: i32 = 0x4155_5856;

/// Calls that are allowed with certain arguments only: all conditions of an entry must hold. Several entries for one call
/// are alternatives.
fn conditions(capture: RawFd) -> Result<Vec<(libc::c_long, Conditions)>, seccompiler::BackendError> {
    use SeccompCmpOp::{Eq, MaskedEq, Ne};

    // Neither writing nor making a file. O_TMPFILE shares a bit with O_DIRECTORY, which is harmless.
    let making = libc::O_ACCMODE
        | libc::O_CREAT
        | libc::O_TRUNC
        | libc::O_APPEND
        | (libc::O_TMPFILE & !libc::O_DIRECTORY);
    // Memory that is not code.
    let code = libc::PROT_EXEC;
    let own_pid = i32::try_from(std::process::id()).unwrap_or_default();

    let mut all = vec![
        (libc::SYS_openat, vec![argument(2, MaskedEq(bits(making)), libc::O_RDONLY)?]),
        (libc::SYS_mmap, vec![argument(2, MaskedEq(bits(code)), 0)?]),
        (libc::SYS_mprotect, vec![argument(2, MaskedEq(bits(code)), 0)?]),
        // How rustix, below procfs, learns the length of a clock tick.
        (libc::SYS_prctl, vec![argument(0, Eq, PR_GET_AUXV)?]),
        // Aborting, and no signal to anybody else.
        (libc::SYS_tgkill, vec![argument(0, Eq, own_pid)?]),
    ];
    #[cfg(target_arch = "x86_64")]
    all.push((libc::SYS_open, vec![argument(1, MaskedEq(bits(making)), libc::O_RDONLY)?]));
    for call in SENDING {
        // A packet socket sends as well as it receives.
        all.push((call, vec![argument(0, Ne, capture)?]));
    }
    for netlink in NETLINKS {
        all.push((libc::SYS_socket, vec![argument(0, Eq, libc::AF_NETLINK)?, argument(2, Eq, netlink)?]));
    }
    for command in FCNTLS {
        all.push((libc::SYS_fcntl, vec![argument(1, Eq, command)?]));
    }
    for request in IOCTLS {
        all.push((libc::SYS_ioctl, vec![condition(1, Eq, request)?]));
    }
    Ok(all)
}

type Conditions = Vec<SeccompCondition>;

fn argument(
    place: u8,
    compare: SeccompCmpOp,
    value: i32,
) -> Result<SeccompCondition, seccompiler::BackendError> {
    condition(place, compare, bits(value))
}

fn condition(
    place: u8,
    compare: SeccompCmpOp,
    value: u64,
) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(place, SeccompCmpArgLen::Dword, compare, value)
}

/// The bits of a C `int`, not sign-extended.
fn bits(value: i32) -> u64 {
    u64::from(value.cast_unsigned())
}
