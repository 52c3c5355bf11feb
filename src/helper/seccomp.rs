//! The system calls that the helper may make once its capture is open; any other one ends it.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use super::privileges::Error;

/// Enters the allow-list. There is no way back.
///
/// # Errors
///
/// [`Error::Seccomp`] when the kernel or the compiler of the filter refuses.
pub(super) fn enter() -> Result<(), Error> {
    let program = compile().map_err(|err| Error::Seccomp(err.to_string()))?;
    seccompiler::apply_filter(&program).map_err(|err| Error::Seccomp(err.to_string()))
}

fn compile() -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = ALLOWED.iter().map(|&call| (call, vec![])).collect();
    for (call, condition) in conditions()? {
        rules.entry(call).or_default().push(SeccompRule::new(vec![condition])?);
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
    // Packets, the pipe, the socket table. No socket leads further than this machine: see `socket` below.
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_bind,
    // Of netlink sockets: no other can be made.
    libc::SYS_connect,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
    // libpcap makes its socket not block while it empties it for a new filter.
    libc::SYS_fcntl,
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
    libc::SYS_tgkill,
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

/// `prctl` that only reads the process's own auxiliary vector (Linux `linux/prctl.h`).
const PR_GET_AUXV: i32 = 0x4155_5856;

/// Calls that are allowed with certain arguments only; several for one call are alternatives.
fn conditions() -> Result<Vec<(libc::c_long, SeccompCondition)>, seccompiler::BackendError> {
    use SeccompCmpOp::{Eq, MaskedEq};

    // Neither writing nor making a file. O_TMPFILE shares a bit with O_DIRECTORY, which is harmless.
    let making = libc::O_ACCMODE
        | libc::O_CREAT
        | libc::O_TRUNC
        | libc::O_APPEND
        | (libc::O_TMPFILE & !libc::O_DIRECTORY);
    // Memory that is not code.
    let code = libc::PROT_EXEC;

    let mut all = vec![
        (libc::SYS_openat, argument(2, MaskedEq(bits(making)), libc::O_RDONLY)?),
        (libc::SYS_mmap, argument(2, MaskedEq(bits(code)), 0)?),
        (libc::SYS_mprotect, argument(2, MaskedEq(bits(code)), 0)?),
        (libc::SYS_socket, argument(0, Eq, libc::AF_NETLINK)?),
        // How rustix, below procfs, learns the length of a clock tick.
        (libc::SYS_prctl, argument(0, Eq, PR_GET_AUXV)?),
    ];
    #[cfg(target_arch = "x86_64")]
    all.push((libc::SYS_open, argument(1, MaskedEq(bits(making)), libc::O_RDONLY)?));
    for request in IOCTLS {
        all.push((libc::SYS_ioctl, condition(1, Eq, request)?));
    }
    Ok(all)
}

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
