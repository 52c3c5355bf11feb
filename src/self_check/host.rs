//! What this process sees of the machine by itself: its system, its sockets, its folders.

use std::fs;
use std::net::SocketAddr;

use nix::ifaddrs::getifaddrs;

use super::traffic::Traffic;
use crate::event::{Event, Tunnel, TunnelHolder};
use crate::store::settings_file::SettingsFile;

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// The system, its version and the processor's kind.
    pub system: String,
    /// Whether a tray or the menu bar shows Crow's item.
    pub tray_is_seen: bool,
    /// Why settings cannot be kept; `None` when they can.
    pub settings: Option<String>,
    /// What the socket table says of this process's own sockets.
    pub sockets: Sockets,
    /// This process.
    pub pid: i32,
    /// macOS: whether the login item can be asked for, and its state in words.
    pub login_item: Option<String>,
    /// Tunnels of which the app itself finds out whose they are, as on macOS: `utun4 of Tailscale`.
    pub tunnels: Vec<String>,
}

/// The socket table.
#[derive(Clone, Debug, Default)]
pub struct Sockets {
    /// Of how many of this process's own sockets the owner was asked.
    pub asked: usize,
    /// … and how many were found to be its.
    pub found: usize,
    /// How many sockets there are in all, where the system lists them.
    pub listed: Option<usize>,
    /// What the system said when it refused.
    pub refused: Option<String>,
}

impl Host {
    /// Looks around; `traffic` has the sockets that are to be found.
    #[must_use]
    pub fn look(tray_is_seen: bool, traffic: &Traffic) -> Self {
        Self {
            system: system(),
            tray_is_seen,
            settings: settings(),
            sockets: Sockets::look(traffic.kept()),
            pid: std::process::id().cast_signed(),
            login_item: login_item(),
            tunnels: tunnels(),
        }
    }
}

/// What the app would tell of tunnels, in words.
fn tunnels() -> Vec<String> {
    let events = crate::process::proxies::Facts::default().changes();
    let tunnels = events.into_iter().filter_map(|event| match event {
        Event::Tunnels(tunnels) => Some(tunnels),
        _ => None,
    });
    let words = |tunnel: Tunnel| match tunnel.holder {
        TunnelHolder::Process { name, pid } => format!("{} of {name} ({pid})", tunnel.interface),
        TunnelHolder::Service(name) => format!("{} of the service {name:?}", tunnel.interface),
        TunnelHolder::WireGuard => format!("{} of the kernel", tunnel.interface),
    };
    tunnels.flatten().map(words).collect()
}

/// In words; only a Mac has something to find out here.
fn login_item() -> Option<String> {
    cfg!(target_os = "macos").then(|| format!("{:?}", crate::login_item::state()))
}

/// `Linux 6.1.0-18-amd64 (x86_64)`, `macOS 15.4 (aarch64)`.
fn system() -> String {
    let arch = std::env::consts::ARCH;
    #[cfg(target_os = "macos")]
    {
        let plist =
            fs::read_to_string("/System/Library/CoreServices/SystemVersion.plist").unwrap_or_default();
        let version = plist
            .split_once("<key>ProductVersion</key>")
            .and_then(|(_, rest)| rest.split_once("<string>")?.1.split_once("</string>"))
            .map_or("of unknown version", |(version, _)| version);
        format!("macOS {version} ({arch})")
    }
    #[cfg(not(target_os = "macos"))]
    {
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        format!("Linux {} ({arch})", release.trim())
    }
}

/// Writes a file beside the settings and removes it again.
fn settings() -> Option<String> {
    let Some(file) = SettingsFile::of_user() else {
        return Some("there is no home folder".to_owned());
    };
    let Some(folder) = file.path().parent() else { return Some("there is no folder for them".to_owned()) };
    let trial = folder.join(format!("self-check-{}", std::process::id()));
    let written = fs::create_dir_all(folder)
        .and_then(|()| fs::write(&trial, b""))
        .and_then(|()| fs::remove_file(&trial));
    written.err().map(|err| err.to_string())
}

/// How many interfaces are PKTAP's own.
#[must_use]
pub fn pktap_interfaces() -> usize {
    let Ok(all) = getifaddrs() else { return 0 };
    let names: std::collections::BTreeSet<String> = all.map(|entry| entry.interface_name).collect();
    names.iter().filter(|name| name.starts_with("pktap")).count()
}

impl Sockets {
    #[cfg(target_os = "linux")]
    fn look((one, other): (SocketAddr, SocketAddr)) -> Self {
        use crate::event::{FlowId, FlowKey, InterfaceId, Protocol};
        use crate::process::linux::Owners;
        use crate::process::{News, OwnerFinder as _, Wanted};

        let mut owners = match Owners::open() {
            Ok(owners) => owners,
            Err(err) => return Self { refused: Some(err.to_string()), ..Self::default() },
        };
        let wanted: Vec<Wanted> = [(1, one, other), (2, other, one)]
            .into_iter()
            .map(|(flow, local, remote)| Wanted {
                flow: FlowId(flow),
                key: FlowKey { protocol: Protocol::TCP, local, remote, interface: InterfaceId(0) },
                opened: None,
            })
            .collect();
        let mut news = News::default();
        owners.want(crate::pipeline::wall_clock(), &wanted, &mut news);
        let me = std::process::id().cast_signed();
        let found = news.owners.iter().filter(|(_, owner)| owner.process.pid == me).count();
        Self { asked: wanted.len(), found, listed: None, refused: None }
    }

    #[cfg(target_os = "macos")]
    fn look((one, other): (SocketAddr, SocketAddr)) -> Self {
        use crate::event::Protocol;
        use crate::process::macos::{Mac, System as _};

        let mut mac = Mac::default();
        let (mut listed, mut found) = (0, 0);
        let me = std::process::id().cast_signed();
        for protocol in [Protocol::TCP, Protocol::UDP] {
            match mac.sockets(protocol) {
                Ok(sockets) => {
                    listed += sockets.len();
                    let is_ours =
                        |local, remote| (local, remote) == (one, other) || (local, remote) == (other, one);
                    found += sockets.iter().filter(|s| s.pid == me && is_ours(s.local, s.remote)).count();
                }
                Err(err) => return Self { refused: Some(err.to_string()), ..Self::default() },
            }
        }
        Self { asked: 2, found, listed: Some(listed), refused: None }
    }
}
