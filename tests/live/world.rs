//! A small world: two network namespaces joined by a cable, one the client's and one the servers'. It and all that
//! runs in it go away with the value, also when a test panics.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::wait_for;

/// The client's addresses.
pub(crate) const CLIENT: (&str, &str) = ("10.77.0.1", "fd77::1");
/// The servers' addresses.
pub(crate) const SERVER: (&str, &str) = ("10.77.0.2", "fd77::2");
/// The cable's end in either namespace.
pub(crate) const CABLE: &str = "eth0";
/// The hardware addresses of the cable's ends: the client's and the servers'.
const MACS: [&str; 2] = ["02:77:00:00:00:01", "02:77:00:00:00:02"];
/// Bytes of link header in front of each packet on the cable; the kernel's counters include them.
pub(crate) const ETHERNET_HEADER: u64 = 14;
/// The same on `lo`: its counters are taken behind the header.
pub(crate) const LOOPBACK_HEADER: u64 = 0;

/// Makes the namespace `$0` the one that `/sys` and `/etc` tell of, and becomes the program. Unlike `ip netns exec` it keeps
/// what is mounted below `/sys`: the kernel's events about connections are asked for by way of its control groups.
const ENTER: &str = r#"set -e
sys=$1
shift
mount -t sysfs sysfs "$sys"
mount --rbind /sys/fs/cgroup "$sys/fs/cgroup"
mount --move "$sys" /sys
for file in "/etc/netns/$0"/*; do mount --bind "$file" "/etc/${file##*/}"; done
exec "$@""#;

/// Numbers the worlds of one test run.
static WORLDS: AtomicU32 = AtomicU32::new(0);

/// Held by the world that exists: two at once would take the processor from each other.
static TURN: Mutex<()> = Mutex::new(());

/// Two namespaces and what runs in them.
pub(crate) struct World {
    client: String,
    server: String,
    folder: tempfile::TempDir,
    running: Vec<Child>,
    _turn: MutexGuard<'static, ()>,
}

/// Which of the two namespaces.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    /// Where Crow runs and the programs that it watches.
    Client,
    /// Where the servers are.
    Server,
}

/// What the kernel counted on an interface, both ways, in frames as the interface sees them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) rx_bytes: u64,
    pub(crate) rx_packets: u64,
    pub(crate) tx_bytes: u64,
    pub(crate) tx_packets: u64,
}

impl World {
    /// A new world; `None`, and a line that says why, where namespaces cannot be made.
    pub(crate) fn new() -> Option<Self> {
        let root = fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
        if !root {
            eprintln!("skipped: network namespaces and live capture need root");
            return None;
        }
        // A test that panicked has cleaned up all the same.
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("crow-live-{}-{}", std::process::id(), WORLDS.fetch_add(1, Ordering::Relaxed));
        let world = Self {
            client: format!("{name}-c"),
            server: format!("{name}-s"),
            folder: tempfile::Builder::new().prefix(&name).tempdir().unwrap(),
            running: Vec::new(),
            _turn: turn,
        };
        world.build();
        Some(world)
    }

    /// Makes both namespaces, the cable and the addresses.
    fn build(&self) {
        use std::os::unix::fs::PermissionsExt;
        // Servers give up root and still have to read their files.
        fs::set_permissions(self.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(self.folder.path().join("sys")).unwrap();
        for name in [&self.client, &self.server] {
            ip(&["netns", "add", name]);
            // `ENTER`, like `ip netns exec`, lays these over the files of the same name in /etc.
            let etc = Path::new("/etc/netns").join(name);
            fs::create_dir_all(&etc).unwrap();
            fs::write(etc.join("resolv.conf"), format!("nameserver {}\n", SERVER.0)).unwrap();
            if Path::new("/etc/nsswitch.conf").exists() {
                fs::write(etc.join("nsswitch.conf"), "hosts: files dns\n").unwrap();
            }
        }
        let (client, server) = (self.client.as_str(), self.server.as_str());
        #[rustfmt::skip]
        ip(&["link", "add", CABLE, "netns", client, "address", MACS[0], "type", "veth",
             "peer", "name", CABLE, "netns", server, "address", MACS[1]]);
        for (name, addresses) in [(client, CLIENT), (server, SERVER)] {
            ip(&["-n", name, "address", "add", &format!("{}/24", addresses.0), "dev", CABLE]);
            ip(&["-n", name, "address", "add", &format!("{}/64", addresses.1), "dev", CABLE, "nodad"]);
            ip(&["-n", name, "link", "set", "lo", "up"]);
            ip(&["-n", name, "link", "set", CABLE, "up"]);
        }
        // Both know each other: what is counted on the cable is the programs' alone.
        for (name, other, hardware) in [(client, SERVER, MACS[1]), (server, CLIENT, MACS[0])] {
            for address in [other.0, other.1] {
                let known =
                    ["neigh", "replace", address, "lladdr", hardware, "nud", "permanent", "dev", CABLE];
                ip(&[&["-n", name], &known[..]].concat());
            }
        }
    }

    /// A folder that goes away with the world.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// The names of both namespaces, as the system lists them.
    pub(crate) fn namespaces(&self) -> [String; 2] {
        [self.client.clone(), self.server.clone()]
    }

    /// The pids of all that runs in a namespace.
    pub(crate) fn pids(&self, side: Side) -> Vec<u32> {
        let output = ip(&["netns", "pids", self.name(side)]);
        String::from_utf8_lossy(&output.stdout).split_whitespace().map(|pid| pid.parse().unwrap()).collect()
    }

    /// The namespace's name.
    fn name(&self, side: Side) -> &str {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    /// `program` inside a namespace. Each step becomes the next, so that the child's pid is the program's.
    pub(crate) fn command(&self, side: Side, program: &str) -> Command {
        let name = self.name(side);
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/run/netns/{name}"));
        command.args(["unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER, name]);
        command.arg(self.folder.path().join("sys")).arg(program);
        command.stdin(Stdio::null()).current_dir(self.folder.path());
        command
    }

    /// Starts `command`, to be ended with the world at the latest; returns its pid.
    pub(crate) fn start(&mut self, mut command: Command) -> u32 {
        let log = fs::File::create(self.folder.path().join(format!("log-{}", self.running.len()))).unwrap();
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().unwrap();
        let pid = child.id();
        self.running.push(child);
        pid
    }

    /// Sends `signal` to a program that `start` started, and waits for its end.
    pub(crate) fn stop(&mut self, pid: u32, signal: &str) {
        let at = self.running.iter().position(|child| child.id() == pid).expect("a program of this world");
        let mut child = self.running.remove(at);
        run(Command::new("kill").args([&format!("-{signal}"), &pid.to_string()]));
        wait_for("the program's end", || child.try_wait().unwrap());
    }

    /// Waits until something listens on a port.
    pub(crate) fn wait_for_port(&self, side: Side, protocol: &str, port: u16) {
        let (table, filter) = (if protocol == "udp" { "-Hlun" } else { "-Hltn" }, format!("sport = :{port}"));
        wait_for(&format!("a server on {protocol} port {port}"), || {
            let listening = self.command(side, "ss").args([table, &filter]).output().unwrap().stdout;
            (!listening.is_empty()).then_some(())
        });
    }

    /// The kernel's counters of an interface.
    pub(crate) fn counters(&self, side: Side, interface: &str) -> Counters {
        let output = ip(&["-n", self.name(side), "-s", "-j", "link", "show", "dev", interface]);
        let links: Value = serde_json::from_slice(&output.stdout).unwrap();
        let stats = &links[0]["stats64"];
        let read = |way: &str, what: &str| stats[way][what].as_u64().unwrap();
        Counters {
            rx_bytes: read("rx", "bytes"),
            rx_packets: read("rx", "packets"),
            tx_bytes: read("tx", "bytes"),
            tx_packets: read("tx", "packets"),
        }
    }

    /// The counters once nothing moves any more: the last goodbyes have passed.
    pub(crate) fn settled_counters(&self, side: Side, interface: &str) -> Counters {
        let mut last = self.counters(side, interface);
        let mut calm = 0;
        wait_for("the traffic to settle", || {
            let now = self.counters(side, interface);
            calm = if now == last { calm + 1 } else { 0 };
            last = now;
            (calm >= 4).then_some(now)
        })
    }
}

impl Counters {
    /// What was counted since `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            rx_bytes: self.rx_bytes - earlier.rx_bytes,
            rx_packets: self.rx_packets - earlier.rx_packets,
            tx_bytes: self.tx_bytes - earlier.tx_bytes,
            tx_packets: self.tx_packets - earlier.tx_packets,
        }
    }

    /// Received bytes less `link_header` bytes for each packet.
    pub(crate) fn rx_ip_bytes(self, link_header: u64) -> u64 {
        self.rx_bytes - link_header * self.rx_packets
    }

    /// Sent bytes less `link_header` bytes for each packet.
    pub(crate) fn tx_ip_bytes(self, link_header: u64) -> u64 {
        self.tx_bytes - link_header * self.tx_packets
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for child in &mut self.running {
            // Already gone is as good.
            let _ = child.kill();
            let _ = child.wait();
        }
        for name in [&self.client, &self.server] {
            // Workers whose master was killed. Everything in these namespaces is ours.
            let pids = Command::new("ip").args(["netns", "pids", name]).output().map(|out| out.stdout);
            for pid in String::from_utf8_lossy(&pids.unwrap_or_default()).split_whitespace() {
                let _ = Command::new("kill").args(["-KILL", pid]).status();
            }
            let _ = Command::new("ip").args(["netns", "delete", name]).status();
            let _ = fs::remove_dir_all(Path::new("/etc/netns").join(name));
        }
    }
}

/// Runs `ip`, which has to succeed.
#[track_caller]
fn ip(arguments: &[&str]) -> Output {
    run(Command::new("ip").args(arguments))
}

/// Runs `command`, which has to succeed.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} ended with {}: {complaint}", output.status);
    output
}
