//! What the helper finds out about itself for `crow --self-check`: how it was started, what it may still do, and
//! whether the sandbox holds when it is tried.

use std::ffi::OsString;
use std::fs::{self, File};
use std::net::UdpSocket;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::stat::{Mode, umask};
use nix::unistd::{getegid, geteuid, getgid, getuid};
use serde::{Deserialize, Serialize};

use super::ffi;
use crate::capture::live::Nature;

/// How the helper was started: what `do shell script`, `pkexec` or `sudo` give to the programs they start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and any mix of them occurs")]
pub struct Start {
    /// Whether the real user was root.
    pub is_root: bool,
    /// Whether the effective user was root.
    pub is_effective_root: bool,
    /// Whether it began in the folder `/`.
    pub in_top_folder: bool,
    /// The mask for new files.
    pub umask: u32,
    /// The names of its variables, sorted; not what is in them.
    pub variables: Vec<String>,
    /// Whether anything was to be read from standard input: a terminal, a file or a pipe.
    pub has_input: bool,
}

/// What the helper may do once it has given root up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    /// Whether any of its user numbers is root's.
    pub is_root: bool,
    /// Whether any of its group numbers is root's (wheel).
    pub is_wheel: bool,
    /// The groups beside its own.
    pub other_groups: u32,
    /// The capability sets as Linux shows them (`proc_pid_status(5)`): inheritable, permitted, effective, bounding, ambient.
    pub capabilities: Option<[u64; 5]>,
    /// Linux: whether programs that it starts could gain rights.
    pub no_new_privileges: Option<bool>,
    /// Linux: 2 is a filter of system calls.
    pub seccomp: Option<u8>,
}

/// The helper's answer to [`super::protocol::ToHelper::Probe`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// How it was started.
    pub start: Start,
    /// What it may still do.
    pub rights: Rights,
    /// The capture's link type as libpcap reports it.
    pub link: u16,
    /// The shortest and the longest PKTAP header so far in bytes.
    pub header_bytes: Option<(u32, u32)>,
    /// libpcap's own words on its version.
    pub libpcap: String,
}

/// Something forbidden that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// What, such as `start a program`.
    pub what: String,
    /// Whether the system let it happen.
    pub succeeded: bool,
}

impl Start {
    /// Looks around before anything is given up. Call it while the process has one thread only: reading the mask for new
    /// files means setting it for a moment.
    #[must_use]
    pub fn look() -> Self {
        let mask = umask(Mode::all());
        umask(mask);
        let mut variables: Vec<String> = std::env::vars_os().filter_map(|(name, _)| plain(&name)).collect();
        variables.sort();
        variables.truncate(MAX_VARIABLES);
        Self {
            is_root: getuid().is_root(),
            is_effective_root: geteuid().is_root(),
            in_top_folder: std::env::current_dir().is_ok_and(|folder| folder == Path::new("/")),
            umask: mode_bits(mask),
            variables,
            has_input: has_input(),
        }
    }
}

/// The names of variables are told, as far as they are names; programs put anything there.
fn plain(name: &OsString) -> Option<String> {
    let name = name.to_str()?;
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    (name.len() <= 64 && name.chars().all(is_name)).then(|| name.to_owned())
}

/// Whether standard input is anything but `/dev/null`.
fn has_input() -> bool {
    let device = |path: &str| fs::metadata(path).map(|data| data.rdev());
    match (device("/dev/fd/0"), device("/dev/null")) {
        (Ok(input), Ok(null)) => input != null,
        _ => false,
    }
}

#[cfg_attr(target_os = "linux", expect(clippy::useless_conversion, reason = "u16 on a Mac"))]
fn mode_bits(mode: Mode) -> u32 {
    mode.bits().into()
}

impl Findings {
    /// Looks at what this process is now.
    #[must_use]
    pub fn look(start: &Start, nature: Nature) -> Self {
        Self {
            start: start.clone(),
            rights: Rights::look(),
            link: nature.link,
            header_bytes: nature.header_bytes,
            libpcap: ffi::libpcap_version(),
        }
    }
}

impl Rights {
    fn look() -> Self {
        let own = Self {
            is_root: getuid().is_root() || geteuid().is_root(),
            is_wheel: getgid().as_raw() == 0 || getegid().as_raw() == 0,
            ..Self::default()
        };
        own.with_system()
    }

    #[cfg(target_os = "linux")]
    fn with_system(self) -> Self {
        fs::read_to_string("/proc/self/status").map_or(self.clone(), |status| self.with_status(&status))
    }

    #[cfg(target_os = "macos")]
    fn with_system(self) -> Self {
        let own = getgid().as_raw();
        let others = ffi::groups().map_or(u32::MAX, |groups| {
            u32::try_from(groups.iter().filter(|group| **group != own).count()).unwrap_or(u32::MAX)
        });
        Self { other_groups: others, ..self }
    }

    /// Completed from `/proc/<pid>/status`.
    #[cfg_attr(not(any(target_os = "linux", test)), expect(dead_code, reason = "Linux has this file"))]
    fn with_status(mut self, status: &str) -> Self {
        let field = |name: &str| {
            status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
        };
        let ids = |name: &str| field(name).unwrap_or_default().split_whitespace().any(|id| id == "0");
        self.is_root |= ids("Uid");
        self.is_wheel |= ids("Gid");
        let groups = field("Groups").unwrap_or_default().split_whitespace().count();
        self.other_groups = u32::try_from(groups).unwrap_or(u32::MAX);
        let set = |name: &str| field(name).and_then(|text| u64::from_str_radix(text, 16).ok());
        let sets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map(set);
        if let [Some(inherited), Some(permitted), Some(effective), Some(bounding), Some(ambient)] = sets {
            self.capabilities = Some([inherited, permitted, effective, bounding, ambient]);
        }
        self.no_new_privileges = field("NoNewPrivs").map(|text| text == "1");
        self.seccomp = field("Seccomp").and_then(|text| text.parse().ok());
        self
    }
}

/// Tries what the helper must not be able to do. Each is harmless where it succeeds: loopback only, a file that is
/// only read, a program that does nothing. On Linux the first one ends the process: that is the filter's answer.
#[must_use]
pub fn trespass() -> Vec<Trial> {
    let trial = |what: &str, succeeded: bool| Trial { what: what.to_owned(), succeeded };
    vec![
        trial("open an internet socket", UdpSocket::bind("127.0.0.1:0").is_ok()),
        trial("read a file", File::open("/etc/hosts").is_ok()),
        trial("write a file", File::options().append(true).open("/dev/null").is_ok()),
        trial("list a folder", fs::read_dir("/").is_ok()),
        trial("start a program", starts_a_program()),
        trial("become root", nix::unistd::seteuid(0.into()).is_ok()),
    ]
}

fn starts_a_program() -> bool {
    let mut program = Command::new("/usr/bin/true");
    program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).env_clear();
    program.status().is_ok()
}

/// Names that are told of at most.
const MAX_VARIABLES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_read_from_the_kernels_own_words() {
        const STATUS: &str = "Name:\tcrow-helper\nUid:\t1000\t1000\t1000\t1000\nGid:\t100\t100\t100\t100\nGroups:\t \n\
             CapInh:\t0000000000000000\nCapPrm:\t0000000000080004\nCapEff:\t0000000000080004\nCapBnd:\t0000000000000000\n\
             CapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n";
        let rights = Rights::default().with_status(STATUS);
        let expected = Rights {
            capabilities: Some([0, 0x80004, 0x80004, 0, 0]),
            no_new_privileges: Some(true),
            seccomp: Some(2),
            ..Rights::default()
        };
        assert_eq!(rights, expected);
        let saved_root = STATUS.replace("1000\t1000\n", "0\t1000\n").replace("Groups:\t ", "Groups:\t4 27 ");
        let rights = Rights::default().with_status(&saved_root);
        assert!(rights.is_root && !rights.is_wheel);
        assert_eq!(rights.other_groups, 2);
        assert_eq!(Rights::default().with_status(""), Rights::default());
    }

    #[test]
    fn names_are_told_and_nothing_that_they_hold() {
        assert_eq!(plain(&"PATH".into()), Some("PATH".to_owned()));
        for odd in ["BASH_FUNC_x%%", "a b", "é", &"x".repeat(65)] {
            assert_eq!(plain(&odd.into()), None, "{odd}");
        }
        let start = Start::look();
        assert!(start.variables.is_sorted() && start.variables.iter().all(|name| !name.contains('=')));
        assert_eq!(Start::look().umask, start.umask, "looking changes nothing");
    }
}
