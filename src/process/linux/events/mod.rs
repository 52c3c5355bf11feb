//! Owners from kernel events: the kernel itself notes who connects, so that connections of any length have an owner.
//!
//! Everything that needs root happens in [`KernelEvents::open`]; afterwards memory is read, and no system
//! call is made. When the object goes, so do the programs. Their part in the kernel is in `program`.

mod ffi;
mod program;
pub(super) mod told;

use std::fs::{self, File};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use self::ffi::Ring;
use self::program::{Instruction, Maps, Noted, RECORD_BYTES};
use super::sockets::End;
use crate::event::Protocol;

/// Sockets that are noted and not told yet; beyond them the ones unused for the longest are forgotten.
const MAX_NOTED: u32 = 8_192;
/// Bytes of the ring: room for some 6,500 connections between two looks.
const RING_BYTES: usize = 512 << 10;

// `enum bpf_map_type`, `enum bpf_prog_type` and `enum bpf_attach_type` in include/uapi/linux/bpf.h.
const MAP_LRU_HASH: u32 = 9;
const MAP_RING: u32 = 27;
const PROGRAM_PACKET: u32 = 8;
const PROGRAM_SOCKET: u32 = 9;
const PROGRAM_OPERATION: u32 = 13;
const PROGRAM_ADDRESS: u32 = 18;
const ATTACH_EGRESS: u32 = 1;
const ATTACH_SOCKET_CREATE: u32 = 2;
const ATTACH_OPERATION: u32 = 3;
const ATTACH_CONNECT_V4: u32 = 10;
const ATTACH_CONNECT_V6: u32 = 11;

/// Why there are no kernel events. The socket table serves without them.
#[derive(Debug, thiserror::Error)]
#[error("very short connections may stay without an app, because the system refused {call} ({source})")]
pub struct Refused {
    /// What was asked for.
    call: &'static str,
    /// What the system said.
    source: io::Error,
}

/// One socket and the process that it was connected or made by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) pid: i32,
    /// The name of the thread, at most 15 bytes.
    pub(super) comm: String,
    pub(super) protocol: Protocol,
    pub(super) local: End,
    /// Port 0: not connected.
    pub(super) remote: End,
}

/// The programs in the kernel and the ring that they write to.
#[derive(Debug)]
pub struct KernelEvents {
    ring: Ring,
    /// The programs stay attached for as long as these are open.
    _links: Vec<OwnedFd>,
}

impl KernelEvents {
    /// Loads the programs, attaches them to all processes that this one sees, and maps the ring. Covers the
    /// network namespace of the calling thread. Needs `CAP_BPF`, `CAP_NET_ADMIN` and `CAP_PERFMON` (root has them), a
    /// unified control-group tree, and Linux 5.14.
    ///
    /// # Errors
    ///
    /// [`Refused`] when one of them is missing.
    pub fn open() -> Result<Self, Refused> {
        let refused = |call| move |source| Refused { call, source };
        let group = unified_group().and_then(File::open).map_err(refused("the control-group tree"))?;
        // Any socket tells; this one has no way to the network.
        let namespace = UnixDatagram::unbound()
            .and_then(|socket| ffi::namespace_cookie(socket.as_fd()))
            .map_err(refused("the network namespace's number"))?;
        let sizes = (program::COOKIE_BYTES, program::PROCESS_BYTES);
        let processes = ffi::create_map(MAP_LRU_HASH, sizes, MAX_NOTED).map_err(refused("a kernel map"))?;
        let ring_bytes = u32::try_from(RING_BYTES).unwrap_or(u32::MAX);
        let ring = ffi::create_map(MAP_RING, (0, 0), ring_bytes).map_err(refused("a kernel ring"))?;
        let maps = Maps { processes: processes.as_raw_fd(), ring: ring.as_raw_fd() };
        let mut links = Vec::new();
        // Who tells comes before who notes: what is told without a note is nothing.
        for (kind, place, code) in [
            (PROGRAM_OPERATION, ATTACH_OPERATION, program::tell_connection(maps)),
            (PROGRAM_PACKET, ATTACH_EGRESS, program::tell_datagram(maps)),
            (PROGRAM_ADDRESS, ATTACH_CONNECT_V4, program::note(Noted::Connecting, maps, namespace)),
            (PROGRAM_ADDRESS, ATTACH_CONNECT_V6, program::note(Noted::Connecting, maps, namespace)),
            (PROGRAM_SOCKET, ATTACH_SOCKET_CREATE, program::note(Noted::Made, maps, namespace)),
        ] {
            links.push(run_at(&group, kind, place, &code)?);
        }
        let ring = Ring::new(&ring, RING_BYTES).map_err(refused("mmap(2) of a kernel ring"))?;
        Ok(Self { ring, _links: links })
    }

    /// The next report, the oldest first; `None` when there is none now.
    pub(super) fn next(&mut self) -> Option<Report> {
        loop {
            if let Some(report) = parse(&self.ring.next()?) {
                return Some(report);
            }
        }
    }
}

fn run_at(group: &File, kind: u32, place: u32, code: &[Instruction]) -> Result<OwnedFd, Refused> {
    let refused = |call| move |source| Refused { call, source };
    let program = ffi::load(kind, place, code).map_err(refused("a kernel program"))?;
    ffi::attach(program.as_fd(), group.as_fd(), place).map_err(refused("a hook for a kernel program"))
}

/// Where the unified control-group tree is mounted.
fn unified_group() -> io::Result<PathBuf> {
    // Device, mount point, type, options (proc_pid_mounts(5)).
    let mounts = fs::read_to_string("/proc/self/mounts")?;
    let point = mounts.lines().find_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let point = fields.next()?;
        (fields.next()? == "cgroup2").then(|| point.into())
    });
    point.ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Reads a record as [`program::RECORD_BYTES`] lays it out.
fn parse(record: &[u8; RECORD_BYTES]) -> Option<Report> {
    let word = |at: usize| record.get(at..)?.first_chunk::<4>().copied().map(u32::from_ne_bytes);
    let process = record.first_chunk::<8>().copied().map(u64::from_ne_bytes)?;
    let name = record.get(8..24)?.split(|byte| *byte == 0).next()?;
    let is_v4 = word(56)? == libc::AF_INET.cast_unsigned();
    let address = |at: usize| {
        let bytes = record.get(at..)?.first_chunk::<16>()?;
        let v4 = || bytes.first_chunk::<4>().map(|v4| IpAddr::V4(Ipv4Addr::from(*v4)));
        if is_v4 { v4() } else { Some(IpAddr::V6(Ipv6Addr::from(*bytes)).to_canonical()) }
    };
    let remote_port = u16::try_from(word(68)?).ok()?;
    Some(Report {
        pid: i32::try_from(process >> 32).ok().filter(|pid| *pid > 0)?,
        comm: String::from_utf8_lossy(name).into_owned(),
        protocol: Protocol(u8::try_from(word(60)?).ok()?),
        local: (address(24)?, u16::try_from(word(64)?).ok()?),
        // The kernel's 16-bit field in network order, widened.
        remote: (address(40)?, u16::from_be(remote_port)),
    })
}

#[cfg(test)]
mod tests;
