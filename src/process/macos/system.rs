//! The Mac's own answers: its lists of sockets, what libproc says of a process, and when one ends.

use std::io;
use std::net::IpAddr;
use std::path::Path;

use libproc::libproc::proc_pid;
use libproc::processes::{ProcFilter, pids_by_type};
use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::net::if_::if_nametoindex;
use nix::sys::event::{EvFlags, EventFilter, FilterFlag, KEvent, Kqueue};
use nix::unistd::geteuid;

use super::bundles::Bundles;
use super::pcblist::{self, Socket};
use super::{Facts, Place, System, descriptors, ffi, kinfo};
use crate::event::{InterfaceId, Protocol};
use crate::process::apps;
use crate::time::Timestamp;

/// Ends of processes that are asked for in one call.
const MAX_ENDS: usize = 64;

/// This Mac.
#[derive(Debug, Default)]
pub struct Mac {
    /// Tells the ends of processes; made when the first is followed.
    ends: Option<Kqueue>,
    /// Processes that had ended before they could be followed.
    gone: Vec<i32>,
    bundles: Bundles,
}

/// What a process is called: its program's file, which can be had of every process.
pub(crate) fn name_of(pid: i32) -> Option<String> {
    let path = proc_pid::pidpath(pid).ok()?;
    Some(Path::new(&path).file_name()?.to_string_lossy().into_owned())
}

impl System for Mac {
    fn sockets(&mut self, protocol: Protocol) -> io::Result<Vec<Socket>> {
        let Some(name) = pcblist::name(protocol) else { return Ok(Vec::new()) };
        let bytes = match ffi::sysctl(name) {
            Err(err) if is_refusal(&err) => return own_sockets(protocol),
            bytes => bytes?,
        };
        let list = pcblist::read(&bytes);
        // What stands before a damaged place is right, but a list of nothing must not pass for silence.
        if !list.is_whole && list.sockets.is_empty() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(list.sockets)
    }

    fn facts(&mut self, pid: i32) -> Option<Facts> {
        let info = ffi::short_info(pid)?;
        let command: Vec<u8> =
            info.pbsi_comm.iter().map(|&byte| byte.cast_unsigned()).take_while(|&byte| byte != 0).collect();
        // The path can be had of every process, unlike `proc_name`.
        let path = proc_pid::pidpath(pid).ok().filter(|path| !path.is_empty());
        let bundle = path.as_deref().and_then(apps::bundle_path);
        Some(Facts {
            app_name: bundle.and_then(|bundle| self.bundles.of(bundle).name.clone()),
            path,
            command: String::from_utf8_lossy(&command).into_owned(),
            uid: info.pbsi_uid,
            parent: i32::try_from(info.pbsi_ppid).unwrap_or(0),
            started: started(pid),
        })
    }

    fn follow(&mut self, pid: i32) {
        if self.ends.is_none() {
            self.ends = Kqueue::new().ok();
        }
        let (Some(queue), Ok(ident)) = (&self.ends, usize::try_from(pid)) else { return };
        let flags = EvFlags::EV_ADD | EvFlags::EV_ONESHOT;
        // Allowed for every user's processes: xnu asks for more only with NOTE_EXITSTATUS (filt_procattach).
        let change = KEvent::new(ident, EventFilter::EVFILT_PROC, flags, FilterFlag::NOTE_EXIT, 0, 0);
        if queue.kevent(&[change], &mut [], Some(AT_ONCE)) == Err(Errno::ESRCH) {
            self.gone.push(pid);
        }
    }

    fn ended(&mut self, out: &mut Vec<i32>) {
        out.append(&mut self.gone);
        let Some(queue) = &self.ends else { return };
        let nothing = KEvent::new(0, EventFilter::EVFILT_PROC, EvFlags::empty(), FilterFlag::empty(), 0, 0);
        let mut events = [nothing; MAX_ENDS];
        while let Ok(count) = queue.kevent(&[], &mut events, Some(AT_ONCE)) {
            let ends = events.iter().take(count).filter_map(|event| i32::try_from(event.ident()).ok());
            out.extend(ends);
            if count < MAX_ENDS {
                return;
            }
        }
    }

    fn places(&mut self) -> io::Result<Vec<Place>> {
        let mut places = Vec::new();
        for entry in getifaddrs()? {
            let Some(address) = entry.address else { continue };
            let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
            let Some(address) = v4.or_else(|| address.as_sockaddr_in6().map(|v6| scopeless(v6.ip()))) else {
                continue;
            };
            let interface = apps::clean_name(&entry.interface_name);
            // An interface that has just gone has no number.
            if let Ok(id) = if_nametoindex(entry.interface_name.as_str()) {
                places.push(Place { address, interface, id: InterfaceId(id) });
            }
        }
        Ok(places)
    }

    fn user(&self) -> u32 {
        geteuid().as_raw()
    }
}

/// Does not wait.
const AT_ONCE: libc::timespec = libc::timespec { tv_sec: 0, tv_nsec: 0 };

/// Like the addresses of sockets, without the number of the interface that the kernel writes into link-local ones.
fn scopeless(address: std::net::Ipv6Addr) -> IpAddr {
    IpAddr::V6(pcblist::without_scope(address.octets()))
}

/// When the process started: its owner is told by libproc, everybody else by the older list of processes.
fn started(pid: i32) -> Option<Timestamp> {
    let own =
        ffi::full_info(pid).and_then(|info| kinfo::timestamp(info.pbi_start_tvsec, info.pbi_start_tvusec));
    own.or_else(|| kinfo::started(&ffi::kinfo(pid)?))
}

/// Whether the system does not want to tell, rather than could not.
fn is_refusal(err: &io::Error) -> bool {
    matches!(err.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound)
}

/// The sockets of the user's own processes, each process asked for each of its own.
fn own_sockets(protocol: Protocol) -> io::Result<Vec<Socket>> {
    let user = geteuid().as_raw();
    let mut sockets = Vec::new();
    for pid in pids_by_type(ProcFilter::ByUID { uid: user })? {
        let Ok(pid) = i32::try_from(pid) else { continue };
        let infos = ffi::socket_descriptors(pid).into_iter().filter_map(|fd| ffi::socket_info(pid, fd));
        let read = infos.filter_map(|info| descriptors::read(&info, (pid, user)));
        sockets.extend(read.filter(|(of, _)| *of == protocol).map(|(_, socket)| socket));
    }
    Ok(sockets)
}
