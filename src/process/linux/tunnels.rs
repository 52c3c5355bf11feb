//! Who holds which tunnel: `/proc/<pid>/fdinfo` of an open `/dev/net/tun` names the device that it moves packets for
//! (`iff:`, Linux `drivers/net/tun.c`), and the kernel's own `WireGuard` says what it is in `uevent`.
//!
//! Costs nothing while there is no such device, and one look at the known holder now and then while there is.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::processes;
use crate::event::{Event, Tunnel, TunnelHolder};
use crate::process::apps;
use crate::time::Timestamp;

/// Time between two looks while nothing says that something has changed.
const PAUSE: Duration = Duration::from_secs(10);
/// … and between two searches for a holder that was not found.
const LONG_PAUSE: Duration = Duration::from_mins(1);
/// Tunnels followed at most.
const MAX_TUNNELS: usize = 256;
/// A device that carries IP packets (`IFF_TUN`, `linux/if_tun.h`).
const IFF_TUN: u32 = 1;

/// A descriptor of a tunnel's device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    pid: i32,
    fd: i32,
}

/// Follows the tunnels of the machine.
#[derive(Debug)]
pub struct Tunnels {
    processes: PathBuf,
    interfaces: PathBuf,
    told: Vec<Tunnel>,
    /// Where the device of each was last found held.
    places: Vec<(String, Place)>,
    looked: Option<Timestamp>,
    searched: Option<Timestamp>,
}

impl Tunnels {
    /// Nothing is known yet.
    #[must_use]
    pub fn new() -> Self {
        Self::below(Path::new("/proc"), Path::new("/sys/class/net"))
    }

    fn below(processes: &Path, interfaces: &Path) -> Self {
        Self {
            processes: processes.to_owned(),
            interfaces: interfaces.to_owned(),
            told: Vec::new(),
            places: Vec::new(),
            looked: None,
            searched: None,
        }
    }

    /// Appends the tunnels if they are others than before. `has_changed` says that an interface came, went or changed.
    pub fn changes(&mut self, now: Timestamp, has_changed: bool, out: &mut Vec<Event>) {
        let has_some = !self.told.is_empty() || !self.places.is_empty();
        let is_due = self.looked.is_none_or(|looked| has_some && is_over(looked, now, PAUSE));
        if !has_changed && !is_due {
            return;
        }
        self.looked = Some(now);
        let (kernels, devices) = self.devices();
        let mut tunnels: Vec<Tunnel> = kernels
            .into_iter()
            .map(|interface| Tunnel { interface, holder: TunnelHolder::WireGuard })
            .collect();
        self.find_holders(now, has_changed, &devices);
        for (interface, place) in &self.places {
            let holder = TunnelHolder::Process { pid: place.pid, name: self.program(place.pid) };
            tunnels.push(Tunnel { interface: interface.clone(), holder });
        }
        tunnels.sort_by(|one, other| one.interface.cmp(&other.interface));
        if tunnels != self.told {
            self.told.clone_from(&tunnels);
            out.push(Event::Tunnels(tunnels));
        }
    }

    /// The names of the kernel's own `WireGuard` interfaces, and of the devices that programs hold.
    fn devices(&self) -> (Vec<String>, Vec<String>) {
        let (mut kernels, mut devices) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(&self.interfaces).into_iter().flatten().flatten().take(MAX_TUNNELS * 16) {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let read = |file: &str| fs::read_to_string(entry.path().join(file)).unwrap_or_default();
            let flags = read("tun_flags");
            let flags = flags.trim().strip_prefix("0x").and_then(|flags| u32::from_str_radix(flags, 16).ok());
            if flags.is_some_and(|flags| flags & IFF_TUN != 0) {
                devices.push(name);
            } else if flags.is_none() && read("uevent").lines().any(|line| line == "DEVTYPE=wireguard") {
                kernels.push(name);
            }
        }
        devices.sort();
        devices.truncate(MAX_TUNNELS);
        kernels.truncate(MAX_TUNNELS);
        (kernels, devices)
    }

    fn find_holders(&mut self, now: Timestamp, has_changed: bool, devices: &[String]) {
        let mut places = std::mem::take(&mut self.places);
        places
            .retain(|(device, place)| devices.contains(device) && self.held(*place).as_ref() == Some(device));
        let is_missing = |device: &&String| !places.iter().any(|(held, _)| held == *device);
        let missing: Vec<&String> = devices.iter().filter(is_missing).collect();
        let is_due = self.searched.is_none_or(|searched| is_over(searched, now, LONG_PAUSE));
        if !missing.is_empty() && (has_changed || is_due) {
            self.searched = Some(now);
            let found = self.search();
            places.extend(
                missing
                    .into_iter()
                    .filter_map(|device| found.iter().find(|(held, _)| held == device).cloned()),
            );
        }
        places.sort_by(|one, other| one.0.cmp(&other.0));
        self.places = places;
    }

    /// Every descriptor of a tunnel's device, by pid: the eldest process first, as far as pids say.
    fn search(&self) -> Vec<(String, Place)> {
        let numbers = |folder: &Path| -> Vec<i32> {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            let mut all: Vec<i32> =
                entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
            all.sort_unstable();
            all
        };
        let mut found = Vec::new();
        for pid in numbers(&self.processes) {
            for fd in numbers(&self.processes.join(format!("{pid}/fd"))) {
                let place = Place { pid, fd };
                found.extend(self.held(place).map(|device| (device, place)));
            }
        }
        found
    }

    /// The device that a descriptor moves packets for.
    fn held(&self, Place { pid, fd }: Place) -> Option<String> {
        let target = fs::read_link(self.processes.join(format!("{pid}/fd/{fd}"))).ok()?;
        if target != Path::new("/dev/net/tun") {
            return None;
        }
        let info = fs::read_to_string(self.processes.join(format!("{pid}/fdinfo/{fd}"))).ok()?;
        let device = info.lines().find_map(|line| line.strip_prefix("iff:"))?.trim();
        (!device.is_empty()).then(|| device.to_owned())
    }

    fn program(&self, pid: i32) -> String {
        let program = fs::read_link(self.processes.join(format!("{pid}/exe"))).ok();
        let file =
            program.as_deref().and_then(Path::file_name).and_then(|name| name.to_str()).map(apps::clean_name);
        let name = file.or_else(|| processes::read_stat(&self.processes, pid).map(|stat| stat.comm));
        name.unwrap_or_else(|| format!("pid {pid}"))
    }
}

impl Default for Tunnels {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether `span` has passed; a clock that was set back counts as that.
fn is_over(since: Timestamp, now: Timestamp, span: Duration) -> bool {
    now < since || now.since(since) >= span
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A `/proc` and a `/sys/class/net` of our own.
    struct Machine {
        folder: tempfile::TempDir,
    }

    impl Machine {
        fn new() -> Self {
            let machine = Self { folder: tempfile::tempdir().unwrap() };
            fs::create_dir(machine.folder.path().join("proc")).unwrap();
            fs::create_dir(machine.folder.path().join("net")).unwrap();
            machine
        }

        fn tunnels(&self) -> Tunnels {
            Tunnels::below(&self.folder.path().join("proc"), &self.folder.path().join("net"))
        }

        fn interface(&self, name: &str, files: &[(&str, &str)]) {
            let folder = self.folder.path().join("net").join(name);
            fs::create_dir(&folder).unwrap();
            for (file, text) in files {
                fs::write(folder.join(file), text).unwrap();
            }
        }

        fn holder(&self, pid: i32, fd: i32, (target, device): (&str, &str)) {
            let folder = self.folder.path().join(format!("proc/{pid}"));
            fs::create_dir_all(folder.join("fd")).unwrap();
            fs::create_dir_all(folder.join("fdinfo")).unwrap();
            symlink(target, folder.join(format!("fd/{fd}"))).unwrap();
            fs::write(folder.join(format!("fdinfo/{fd}")), format!("pos:\t0\nflags:\t02\niff:\t{device}\n"))
                .unwrap();
            if !folder.join("exe").is_symlink() {
                symlink(format!("/usr/sbin/program{pid}"), folder.join("exe")).unwrap();
            }
        }
    }

    fn at(secs: u64) -> Timestamp {
        Timestamp::new(1_000 + secs, 0)
    }

    fn told(tunnels: &mut Tunnels, secs: u64, has_changed: bool) -> Option<Vec<(String, TunnelHolder)>> {
        let mut out = Vec::new();
        tunnels.changes(at(secs), has_changed, &mut out);
        let [event] = &out[..] else { return None };
        let Event::Tunnels(all) = event else { unreachable!("{event:?}") };
        Some(all.iter().map(|tunnel| (tunnel.interface.clone(), tunnel.holder.clone())).collect())
    }

    #[test]
    fn holders_are_found_by_their_descriptors() {
        let machine = Machine::new();
        machine.interface("eth0", &[("uevent", "INTERFACE=eth0\n")]);
        machine.interface("wg0", &[("uevent", "DEVTYPE=wireguard\nINTERFACE=wg0\n")]);
        machine.interface("tun0", &[("tun_flags", "0x1001\n")]);
        machine.interface("tap0", &[("tun_flags", "0x1002\n")]);
        machine.holder(7, 3, ("/dev/null", "tun0"));
        machine.holder(8, 4, ("/dev/net/tun", "tap0"));
        machine.holder(9, 5, ("/dev/net/tun", "tun0"));
        let holder = TunnelHolder::Process { pid: 9, name: "program9".to_owned() };
        let expected = vec![("tun0".to_owned(), holder), ("wg0".to_owned(), TunnelHolder::WireGuard)];
        let mut tunnels = machine.tunnels();
        assert_eq!(told(&mut tunnels, 0, true), Some(expected));
        assert_eq!(told(&mut tunnels, 1, true), None, "nothing is new");
    }

    #[test]
    fn a_holder_that_ends_is_noticed_without_a_change_of_interfaces() {
        let machine = Machine::new();
        machine.interface("tun0", &[("tun_flags", "0x1001\n")]);
        machine.holder(9, 5, ("/dev/net/tun", "tun0"));
        let mut tunnels = machine.tunnels();
        assert_eq!(told(&mut tunnels, 0, true).unwrap().len(), 1);
        fs::remove_file(machine.folder.path().join("proc/9/fd/5")).unwrap();
        machine.holder(10, 3, ("/dev/net/tun", "tun0"));
        assert_eq!(told(&mut tunnels, 5, false), None, "not yet its turn");
        assert_eq!(
            told(&mut tunnels, 61, false).unwrap()[0].1,
            TunnelHolder::Process { pid: 10, name: "program10".to_owned() }
        );
    }

    #[test]
    fn without_tunnels_there_is_nothing_to_tell() {
        let machine = Machine::new();
        machine.interface("eth0", &[]);
        let mut tunnels = machine.tunnels();
        assert_eq!(told(&mut tunnels, 0, true), None);
        machine.interface("tun0", &[("tun_flags", "0x1001\n")]);
        assert_eq!(told(&mut tunnels, 100, false), None, "an interface that comes is told of");
    }
}
