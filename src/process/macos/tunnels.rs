//! Whose the `utun` interfaces are: a program that moves a tunnel's packets itself holds a socket of the kernel control
//! that made it, and everybody may look at the sockets of their own processes.
//!
//! Of another user's processes, root's above all, the system tells nothing; their tunnels are known by the network
//! settings, where these name them, or by what the process is called. A few calls each time; all processes are gone
//! through only when a tunnel has come that nobody is known to hold, and now and then.

use crate::event::{Tunnel, TunnelHolder};

/// Looks between two searches for a holder that was not found.
const PAUSE: u32 = 6;

/// Tunnels that are looked after.
const MAX_TUNNELS: usize = 64;

/// What the system is asked.
pub trait Machine {
    /// The names of the interfaces.
    fn interfaces(&mut self) -> Vec<String>;

    /// The user's own processes.
    fn processes(&mut self) -> Vec<i32>;

    /// The tunnels that the process has made, by their interfaces.
    fn held(&mut self, pid: i32) -> Vec<String>;

    /// What the process is called.
    fn program(&mut self, pid: i32) -> Option<String>;
}

/// Remembers who holds what.
#[derive(Debug, Default)]
pub struct Holders {
    known: Vec<(String, i32)>,
    missing: Vec<String>,
    looks: u32,
}

impl Holders {
    /// The tunnels that the user's own processes hold now.
    pub fn find(&mut self, machine: &mut impl Machine) -> Vec<Tunnel> {
        let mut tunnels: Vec<String> =
            machine.interfaces().into_iter().filter(|name| name.starts_with("utun")).collect();
        tunnels.sort();
        tunnels.dedup();
        tunnels.truncate(MAX_TUNNELS);
        self.known.retain(|(tunnel, pid)| tunnels.contains(tunnel) && machine.held(*pid).contains(tunnel));
        tunnels.retain(|tunnel| !self.known.iter().any(|(known, _)| known == tunnel));
        self.looks = self.looks.saturating_add(1);
        let is_new = tunnels.iter().any(|tunnel| !self.missing.contains(tunnel));
        if is_new || (!tunnels.is_empty() && self.looks >= PAUSE) {
            self.looks = 0;
            self.search(machine, &tunnels);
            tunnels.retain(|tunnel| !self.known.iter().any(|(known, _)| known == tunnel));
        }
        self.missing = tunnels;
        self.known.sort();
        let named = |(interface, pid): &(String, i32)| Tunnel {
            interface: interface.clone(),
            holder: TunnelHolder::Process {
                pid: *pid,
                name: machine.program(*pid).unwrap_or_else(|| format!("pid {pid}")),
            },
        };
        self.known.iter().map(named).collect()
    }

    fn search(&mut self, machine: &mut impl Machine, tunnels: &[String]) {
        let mut processes = machine.processes();
        // The eldest first, as far as pids say.
        processes.sort_unstable();
        for pid in processes {
            for tunnel in machine.held(pid) {
                let is_missing =
                    tunnels.contains(&tunnel) && !self.known.iter().any(|(known, _)| *known == tunnel);
                if is_missing {
                    self.known.push((tunnel, pid));
                }
            }
        }
    }
}

/// Both lists in one, by interface. Who moves the packets says more than the settings' name for it: its own
/// connections are what carries the tunnel.
#[must_use]
pub fn merged(services: Vec<Tunnel>, held: Vec<Tunnel>) -> Vec<Tunnel> {
    let is_held = |service: &Tunnel| held.iter().any(|tunnel| tunnel.interface == service.interface);
    let mut all: Vec<Tunnel> = services.into_iter().filter(|service| !is_held(service)).collect();
    all.extend(held);
    all.sort_by(|one, other| one.interface.cmp(&other.interface));
    all.truncate(MAX_TUNNELS);
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Default)]
    struct Fake {
        interfaces: Vec<&'static str>,
        held: BTreeMap<i32, Vec<&'static str>>,
        searches: usize,
    }

    impl Machine for Fake {
        fn interfaces(&mut self) -> Vec<String> {
            self.interfaces.iter().map(|&name| name.to_owned()).collect()
        }

        fn processes(&mut self) -> Vec<i32> {
            self.searches += 1;
            self.held.keys().rev().copied().collect()
        }

        fn held(&mut self, pid: i32) -> Vec<String> {
            self.held.get(&pid).into_iter().flatten().map(|&name| name.to_owned()).collect()
        }

        fn program(&mut self, pid: i32) -> Option<String> {
            (pid != 9).then(|| format!("program{pid}"))
        }
    }

    fn tunnel(interface: &str, holder: TunnelHolder) -> Tunnel {
        Tunnel { interface: interface.to_owned(), holder }
    }

    fn of(interface: &str, pid: i32, name: &str) -> Tunnel {
        tunnel(interface, TunnelHolder::Process { pid, name: name.to_owned() })
    }

    #[test]
    fn holders_are_found_followed_and_forgotten() {
        let mut machine = Fake { interfaces: vec!["lo0", "en0", "utun0", "utun4"], ..Fake::default() };
        let mut holders = Holders::default();
        machine.held = BTreeMap::from([(7, vec!["utun4"]), (8, vec!["utun4"]), (9, vec!["utun5"])]);
        assert_eq!(holders.find(&mut machine), [of("utun4", 7, "program7")]);
        for _ in 0..5 {
            assert_eq!(holders.find(&mut machine), [of("utun4", 7, "program7")]);
        }
        assert_eq!(machine.searches, 1, "utun0 is nobody's, and nothing has changed");
        machine.interfaces.push("utun5");
        assert_eq!(holders.find(&mut machine), [of("utun4", 7, "program7"), of("utun5", 9, "pid 9")]);
        assert_eq!(machine.searches, 2, "at once for one that has come");
        machine.held.remove(&7);
        let after = holders.find(&mut machine);
        assert_eq!(after, [of("utun4", 8, "program8"), of("utun5", 9, "pid 9")], "it is passed on");
        machine.interfaces.retain(|name| !name.starts_with("utun"));
        let searches = machine.searches;
        assert_eq!(holders.find(&mut machine), []);
        assert_eq!(machine.searches, searches, "without tunnels nothing is searched");
    }

    #[test]
    fn a_tunnel_without_holder_is_looked_for_now_and_then() {
        let mut machine = Fake { interfaces: vec!["utun0"], ..Fake::default() };
        let mut holders = Holders::default();
        for _ in 0..25 {
            assert_eq!(holders.find(&mut machine), []);
        }
        assert_eq!(machine.searches, 5, "the first time, and after each sixth look");
        machine.held.insert(3, vec!["utun0"]);
        let found = (0..PAUSE).any(|_| !holders.find(&mut machine).is_empty());
        assert!(found, "a holder that comes later is found within six looks");
    }

    #[test]
    fn who_moves_the_packets_comes_before_the_settings_name() {
        let service = |interface, name: &str| tunnel(interface, TunnelHolder::Service(name.to_owned()));
        let services = vec![service("utun7", "Work"), service("ipsec0", "Home")];
        let all = merged(services, vec![of("utun4", 7, "mihomo"), of("utun7", 8, "Tailscale")]);
        let expected = [service("ipsec0", "Home"), of("utun4", 7, "mihomo"), of("utun7", 8, "Tailscale")];
        assert_eq!(all, expected);
    }
}
