//! Network interfaces: what each one is for the counting rules, and when they come, change and go.
//!
//! `/sys/class/net` says it all in text; a netlink group only says that it is time to read again.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use netlink_sys::Socket;
use netlink_sys::protocols::NETLINK_ROUTE;
use nix::ifaddrs::{InterfaceAddress, getifaddrs};

use crate::event::{Event, Interface, InterfaceId, InterfaceKind};
use crate::process::{Error, apps};

/// Interfaces followed at most.
const MAX_INTERFACES: usize = 4_096;
/// Notifications read before the table is; more stay for the next time.
const MAX_NOTIFICATIONS: usize = 1_024;
/// The group that is told of links, `RTNLGRP_LINK` in `linux/rtnetlink.h`.
const RTNLGRP_LINK: u32 = 1;

// Hardware types, `linux/if_arp.h`.
const ARPHRD_PPP: u32 = 512;
const ARPHRD_TUNNEL: u32 = 768;
const ARPHRD_TUNNEL6: u32 = 769;
const ARPHRD_LOOPBACK: u32 = 772;
const ARPHRD_SIT: u32 = 776;
const ARPHRD_IPGRE: u32 = 778;
const ARPHRD_IP6GRE: u32 = 823;
const ARPHRD_NONE: u32 = 0xfffe;
/// A `tun` device that carries IP packets, `linux/if_tun.h`; `tap` carries Ethernet frames.
const IFF_TUN: u32 = 1;

/// What is known of an interface before it is judged.
#[derive(Clone, Copy, Debug, Default)]
struct Facts<'a> {
    hardware: u32,
    tun_flags: u32,
    /// `DEVTYPE` of its `uevent`: `wlan`, `bridge`, `wireguard`, …; often empty.
    kind: &'a str,
    /// Whether hardware is behind it.
    has_device: bool,
    /// Whether it is made of others: has `lower_*` links, or is a bridge or a bond, empty ones too.
    is_upper: bool,
}

impl Facts<'_> {
    fn judge(&self) -> InterfaceKind {
        match self.hardware {
            ARPHRD_LOOPBACK => return InterfaceKind::Loopback,
            ARPHRD_PPP | ARPHRD_TUNNEL | ARPHRD_TUNNEL6 | ARPHRD_SIT | ARPHRD_IPGRE | ARPHRD_IP6GRE => {
                return InterfaceKind::Tunnel;
            }
            // WireGuard, xfrm and others without a link layer; but mobile modems are hardware.
            ARPHRD_NONE if !self.has_device => return InterfaceKind::Tunnel,
            _ => {}
        }
        match self.kind {
            "wireguard" | "vxlan" | "geneve" | "gre" | "ppp" => InterfaceKind::Tunnel,
            "bridge" | "bond" | "vlan" | "macvlan" | "team" => InterfaceKind::Stacked,
            _ if self.tun_flags & IFF_TUN != 0 => InterfaceKind::Tunnel,
            _ if self.is_upper => InterfaceKind::Stacked,
            _ => InterfaceKind::Physical,
        }
    }
}

/// Reads every interface below `root`, which is `/sys/class/net`, ordered by index.
fn read_all(root: &Path) -> Vec<Interface> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let mut all: Vec<(Interface, Vec<String>)> =
        entries.filter_map(|entry| read_one(&entry.path())).take(MAX_INTERFACES).collect();
    let stacked: Vec<(String, InterfaceId)> = all
        .iter()
        .filter(|(interface, _)| interface.kind == InterfaceKind::Stacked)
        .map(|(interface, _)| (interface.name.clone(), interface.id))
        .collect();
    for (interface, above) in &mut all {
        interface.uppers =
            stacked.iter().filter(|(name, _)| above.contains(name)).map(|&(_, id)| id).collect();
        interface.uppers.sort_unstable();
    }
    let mut all: Vec<Interface> = all.into_iter().map(|(interface, _)| interface).collect();
    all.sort_unstable_by_key(|interface| interface.id);
    all
}

/// One interface, and the names of those that stand on it. `None` when it is going away.
fn read_one(folder: &Path) -> Option<(Interface, Vec<String>)> {
    let read = |file: &str| fs::read_to_string(folder.join(file)).ok();
    let id = read("ifindex")?.trim().parse().ok()?;
    let uevent = read("uevent").unwrap_or_default();
    let links: Vec<String> = fs::read_dir(folder)
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    let has = |name: &str| links.iter().any(|link| link == name);
    let facts = Facts {
        hardware: read("type")?.trim().parse().ok()?,
        tun_flags: read("tun_flags").and_then(|text| hexadecimal(&text)).unwrap_or_default(),
        kind: uevent.lines().find_map(|line| line.strip_prefix("DEVTYPE=")).unwrap_or_default(),
        has_device: has("device"),
        is_upper: has("bridge") || has("bonding") || links.iter().any(|link| link.starts_with("lower_")),
    };
    let mut above: Vec<String> =
        links.iter().filter_map(|link| link.strip_prefix("upper_")).map(apps::clean_name).collect();
    if let Ok(master) = fs::read_link(folder.join("master")) {
        above.extend(master.file_name().and_then(|name| name.to_str()).map(apps::clean_name));
    }
    let name = apps::clean_name(folder.file_name()?.to_str()?);
    Some((Interface { id: InterfaceId(id), name, kind: facts.judge(), uppers: Vec::new() }, above))
}

/// `0x1001`, as `tun_flags` is written.
fn hexadecimal(text: &str) -> Option<u32> {
    u32::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok()
}

/// Appends what leads from `before` to `after`; both are ordered by index.
fn compare(before: &[Interface], after: &[Interface], out: &mut Vec<Event>) {
    let by_id = |list: &[Interface], id| list.binary_search_by_key(&id, |interface| interface.id).is_ok();
    out.extend(before.iter().filter(|old| !by_id(after, old.id)).map(|old| Event::InterfaceDown(old.id)));
    out.extend(after.iter().filter(|new| !before.contains(new)).map(|new| Event::InterfaceUp(new.clone())));
}

/// Follows the interfaces of the machine.
#[derive(Debug)]
pub struct Interfaces {
    root: PathBuf,
    socket: Socket,
    known: Vec<Interface>,
    is_read: bool,
}

impl Interfaces {
    /// Begins to listen for changes, in the network namespace of the calling thread.
    ///
    /// # Errors
    ///
    /// [`Error::Os`] when the system refuses the notifications.
    pub fn open() -> Result<Self, Error> {
        let os = |call| move |source| Error::Os { call, source };
        let mut socket = Socket::new(NETLINK_ROUTE).map_err(os("socket(NETLINK_ROUTE)"))?;
        socket.bind_auto().map_err(os("bind(NETLINK_ROUTE)"))?;
        socket.add_membership(RTNLGRP_LINK).map_err(os("setsockopt(NETLINK_ADD_MEMBERSHIP)"))?;
        socket.set_non_blocking(true).map_err(os("ioctl(FIONBIO)"))?;
        Ok(Self { root: PathBuf::from("/sys/class/net"), socket, known: Vec::new(), is_read: false })
    }

    /// Appends what has changed since the last call; the first time, every interface. Never blocks,
    /// and costs one system call when nothing has changed.
    pub fn changes(&mut self, out: &mut Vec<Event>) {
        if !self.was_notified() && self.is_read {
            return;
        }
        self.is_read = true;
        let now = read_all(&self.root);
        compare(&self.known, &now, out);
        self.known = now;
    }

    /// The interfaces as of the last [`changes`](Self::changes), ordered by index.
    #[must_use]
    pub fn known(&self) -> &[Interface] {
        &self.known
    }

    /// Takes all notifications. An overflow of them is one too.
    fn was_notified(&self) -> bool {
        let mut buffer = [0; 8_192];
        for count in 0..MAX_NOTIFICATIONS {
            let mut room = buffer.as_mut_slice();
            match self.socket.recv(&mut room, 0) {
                Err(err) if err.kind() == io::ErrorKind::WouldBlock => return count > 0,
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return true,
                Ok(_) => {}
            }
        }
        true
    }
}

impl AsFd for Interfaces {
    /// Readable when [`Interfaces::changes`] has something to look at.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The machine's own addresses now, in order and without repetition.
///
/// # Errors
///
/// [`Error::Os`] when the system does not list them.
pub fn local_addresses() -> Result<Vec<IpAddr>, Error> {
    let mut addresses: Vec<IpAddr> = addresses()?.into_iter().map(|(address, _)| address).collect();
    addresses.sort_unstable();
    addresses.dedup();
    Ok(addresses)
}

/// Every address of the machine with the name of its interface.
pub(super) fn addresses() -> Result<Vec<(IpAddr, String)>, Error> {
    let list = getifaddrs().map_err(|errno| Error::Os { call: "getifaddrs", source: errno.into() })?;
    let read = |entry: InterfaceAddress| {
        let address = entry.address?;
        let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
        let ip = v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))?;
        Some((ip, apps::clean_name(&entry.interface_name)))
    };
    Ok(list.filter_map(read).collect())
}

#[cfg(test)]
mod tests;
