//! What a Mac's network settings say of proxies and VPNs (`SCDynamicStoreCopyProxies`, and the store's own keys in
//! `SCSchemaDefinitions.h`), and which of the user's processes hold tunnels. Asked as the user: it needs no right.

use core_foundation::base::CFType;
use core_foundation::dictionary::CFDictionary;
use core_foundation::number::CFNumber;
use core_foundation::string::CFString;
use libproc::libproc::proc_pid;
use libproc::processes::{ProcFilter, pids_by_type};
use nix::ifaddrs::getifaddrs;
use nix::unistd::geteuid;
use system_configuration::dynamic_store::{SCDynamicStore, SCDynamicStoreBuilder};

use super::tunnels::{Holders, Machine, merged};
use super::{descriptors, ffi};
use crate::event::{ProxySetting, Tunnel, TunnelHolder};
use crate::process::apps;
use crate::process::proxies::DISCOVERED;

/// A session with the store of settings.
#[derive(Default)]
pub(crate) struct System {
    store: Option<SCDynamicStore>,
    holders: Holders,
}

impl std::fmt::Debug for System {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("System").field("is_open", &self.store.is_some()).finish_non_exhaustive()
    }
}

type Dictionary = CFDictionary<CFString, CFType>;

impl System {
    /// The session, begun when it is first needed: it belongs to the thread that asks.
    fn store(&mut self) -> Option<&SCDynamicStore> {
        if self.store.is_none() {
            self.store = SCDynamicStoreBuilder::new("Crow").build();
        }
        self.store.as_ref()
    }

    pub(crate) fn proxies(&mut self) -> Vec<ProxySetting> {
        let Some(settings) = self.store().and_then(SCDynamicStore::get_proxies) else { return Vec::new() };
        KINDS.iter().filter_map(|kind| proxy(&settings, kind)).collect()
    }

    /// The address of the script by which proxies are chosen (`kSCPropNetProxiesProxyAutoConfigURLString`), or that the
    /// network is asked for it.
    pub(crate) fn script(&mut self) -> Option<String> {
        let settings = self.store().and_then(SCDynamicStore::get_proxies)?;
        let is_on = |key: &str| number(&settings, key).is_some_and(|on| on != 0);
        if is_on("ProxyAutoConfigEnable") {
            return text(&settings, "ProxyAutoConfigURLString");
        }
        is_on("ProxyAutoDiscoveryEnable").then(|| DISCOVERED.to_owned())
    }

    /// The tunnels, with the process of the user's own that moves their packets, or the service that made them.
    #[expect(clippy::unnecessary_wraps, reason = "on Linux this is left to the helper")]
    pub(crate) fn tunnels(&mut self) -> Option<Vec<Tunnel>> {
        let held = self.holders.find(&mut ThisMac);
        Some(merged(self.services().unwrap_or_default(), held))
    }

    /// The tunnels that a service of the settings made, by the service's name.
    fn services(&mut self) -> Option<Vec<Tunnel>> {
        let store = self.store()?;
        let mut tunnels = Vec::new();
        for family in ["IPv4", "IPv6"] {
            let Some(keys) = store.get_keys(format!("State:/Network/Service/[^/]+/{family}").as_str()) else {
                continue;
            };
            for key in &keys {
                let found = tunnel(store, &key.to_string());
                tunnels.extend(found.filter(|found| !tunnels.contains(found)));
            }
        }
        tunnels.sort_by(|one, other| one.interface.cmp(&other.interface));
        tunnels.truncate(MAX_TUNNELS);
        Some(tunnels)
    }
}

/// Asks the system itself.
struct ThisMac;

impl Machine for ThisMac {
    fn interfaces(&mut self) -> Vec<String> {
        getifaddrs().map(|all| all.map(|entry| entry.interface_name).collect()).unwrap_or_default()
    }

    fn processes(&mut self) -> Vec<i32> {
        let own = pids_by_type(ProcFilter::ByUID { uid: geteuid().as_raw() }).unwrap_or_default();
        own.into_iter().filter_map(|pid| i32::try_from(pid).ok()).collect()
    }

    fn held(&mut self, pid: i32) -> Vec<String> {
        let infos = ffi::socket_descriptors(pid).into_iter().filter_map(|fd| ffi::socket_info(pid, fd));
        infos.filter_map(|info| descriptors::tunnel(&info)).collect()
    }

    fn program(&mut self, pid: i32) -> Option<String> {
        let path = proc_pid::pidpath(pid).ok().filter(|path| !path.is_empty())?;
        path.rsplit('/').next().map(apps::clean_name)
    }
}

/// The proxy of one kind (`HTTP`, `SOCKS`), if it is in use.
fn proxy(settings: &Dictionary, kind: &str) -> Option<ProxySetting> {
    let is_enabled = number(settings, &format!("{kind}Enable"))? != 0;
    let (host, port) = (text(settings, &format!("{kind}Proxy"))?, number(settings, &format!("{kind}Port"))?);
    let port = u16::try_from(port).ok().filter(|port| *port != 0)?;
    is_enabled.then(|| ProxySetting { host, port, origin: "macOS".to_owned() })
}

/// The tunnel of the service that `State:/Network/Service/ID/…` is about.
fn tunnel(store: &SCDynamicStore, key: &str) -> Option<Tunnel> {
    let service = key.split('/').nth(3)?;
    let interface = text(&dictionary(store, key)?, "InterfaceName")?;
    if !TUNNELS.iter().any(|kind| interface.starts_with(kind)) {
        return None;
    }
    let name = text(&dictionary(store, &format!("Setup:/Network/Service/{service}"))?, "UserDefinedName")?;
    Some(Tunnel { interface, holder: TunnelHolder::Service(name) })
}

fn dictionary(store: &SCDynamicStore, key: &str) -> Option<Dictionary> {
    Some(ffi::typed(&store.get(key)?.downcast_into::<CFDictionary>()?))
}

fn text(dictionary: &Dictionary, key: &str) -> Option<String> {
    let value = dictionary.find(CFString::new(key))?.downcast::<CFString>()?.to_string();
    (!value.is_empty()).then_some(value)
}

fn number(dictionary: &Dictionary, key: &str) -> Option<i32> {
    dictionary.find(CFString::new(key))?.downcast::<CFNumber>()?.to_i32()
}

/// The proxies of `SCSchemaDefinitions.h`, by what their keys begin with.
const KINDS: [&str; 5] = ["HTTP", "HTTPS", "SOCKS", "FTP", "RTSP"];

/// What the names of tunnel interfaces begin with.
const TUNNELS: [&str; 3] = ["utun", "ipsec", "ppp"];

/// Tunnels that are passed on.
const MAX_TUNNELS: usize = 64;
