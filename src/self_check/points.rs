//! What the measured facts mean: a list of points, each ok, failed or unknown. No system is asked here.

use super::{Measured, Trespass};
use crate::event::OwnerSource;
use crate::helper::launch::Method;

mod macos;

/// How a point came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// Not as it should be.
    Failed,
    /// It could not be found out.
    Unknown,
}

impl Outcome {
    /// The word in the report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    const fn of(is_right: bool) -> Self {
        if is_right { Self::Ok } else { Self::Failed }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// What.
    pub name: &'static str,
    /// How it came out.
    pub outcome: Outcome,
    /// What was measured.
    pub value: String,
    /// What that means, in one sentence.
    pub meaning: &'static str,
}

impl Point {
    fn new(name: &'static str, outcome: Outcome, value: impl Into<String>, meaning: &'static str) -> Self {
        Self { name, outcome, value: value.into(), meaning }
    }
}

/// Which system the facts are from; both lists are decided, and tested, on either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Linux.
    Linux,
    /// macOS.
    Mac,
}

impl System {
    /// The one that this program was built for.
    #[must_use]
    pub const fn this() -> Self {
        if cfg!(target_os = "macos") { Self::Mac } else { Self::Linux }
    }
}

/// All points of this system.
#[must_use]
pub fn decide(measured: &Measured) -> Vec<Point> {
    decide_for(System::this(), measured)
}

/// All points of `system`, in the order of the report.
#[must_use]
pub fn decide_for(system: System, measured: &Measured) -> Vec<Point> {
    let mut points = vec![opens(measured)];
    if system == System::Mac {
        points.extend(macos::before(measured));
    } else {
        points.extend([link(measured), capabilities(measured), no_new_privileges(measured)]);
    }
    points.extend([root_gone(measured), reads(measured), drops(measured), unreadable(measured)]);
    points.extend([sandbox(measured, system), owners(measured), everyone(measured, system)]);
    if system == System::Linux {
        points.push(kernel_events(measured));
    }
    points.extend([sockets(measured), libpcap(measured)]);
    if system == System::Mac {
        points.extend(macos::after(measured));
    }
    points.extend([tray(measured, system), settings(measured)]);
    points
}

/// For points that only a running capture could tell.
const NO_CAPTURE: &str = "nothing can be said of it without a capture";

fn opens(measured: &Measured) -> Point {
    const NAME: &str = "capture opens";
    let Some(why) = &measured.refused else {
        let how = match measured.method {
            Some(Method::Direct) => "directly",
            Some(Method::Pkexec) => "asked by pkexec",
            Some(Method::Osascript) => "asked by osascript",
            Some(Method::Sudo) => "asked by sudo",
            None => "in an unknown way",
        };
        let Some(early) = &measured.ended_early else {
            return Point::new(NAME, Outcome::Ok, how, "the helper has started and sends events");
        };
        return Point::new(NAME, Outcome::Failed, early, "the helper started and then ended by itself");
    };
    Point::new(
        NAME,
        Outcome::Failed,
        why,
        "without it Crow shows no live traffic; the sentence says what to do",
    )
}

fn link(measured: &Measured) -> Point {
    const NAME: &str = "link type";
    const SLL2: u16 = 276;
    match measured.findings.as_ref().map(|findings| findings.link) {
        None => Point::new(NAME, Outcome::Unknown, "none", NO_CAPTURE),
        Some(SLL2) => Point::new(NAME, Outcome::Ok, "276 (LINUX_SLL2)", "each packet names its interface"),
        Some(other) => Point::new(
            NAME,
            Outcome::Failed,
            other.to_string(),
            "packets do not name their interface; libpcap 1.10 or newer is needed",
        ),
    }
}

/// `CAP_DAC_READ_SEARCH` and `CAP_SYS_PTRACE` (Linux `linux/capability.h`): what looking for owners needs.
const KEPT: u64 = 1 << 2 | 1 << 19;

fn capabilities(measured: &Measured) -> Point {
    const NAME: &str = "capabilities after the capture is open";
    let Some([inherited, permitted, effective, bounding, ambient]) =
        measured.findings.as_ref().and_then(|findings| findings.rights.capabilities)
    else {
        return Point::new(NAME, Outcome::Unknown, "none", NO_CAPTURE);
    };
    let value = format!(
        "permitted {permitted:#x}, effective {effective:#x}, inheritable {inherited:#x}, bounding {bounding:#x}, \
         ambient {ambient:#x}"
    );
    let is_least = (permitted | effective | inherited | ambient) & !KEPT == 0;
    if !is_least {
        return Point::new(
            NAME,
            Outcome::Failed,
            value,
            "the helper has kept more than looking for owners needs",
        );
    }
    if effective == KEPT {
        return Point::new(NAME, Outcome::Ok, value, "the two that looking for owners needs, and no other");
    }
    Point::new(NAME, Outcome::Failed, value, "programs of other users cannot be named with these")
}

fn no_new_privileges(measured: &Measured) -> Point {
    const NAME: &str = "no new privileges";
    match measured.findings.as_ref().and_then(|findings| findings.rights.no_new_privileges) {
        Some(set) => Point::new(
            NAME,
            Outcome::of(set),
            if set { "set" } else { "not set" },
            "no program that the helper could start would gain rights if it is set",
        ),
        None => Point::new(NAME, Outcome::Unknown, "not told", NO_CAPTURE),
    }
}

fn root_gone(measured: &Measured) -> Point {
    const NAME: &str = "root given up";
    let Some(rights) = measured.findings.as_ref().map(|findings| &findings.rights) else {
        return Point::new(NAME, Outcome::Unknown, "not told", NO_CAPTURE);
    };
    let word = |is_left: bool| if is_left { "root's" } else { "an ordinary one" };
    let value = format!(
        "user {}, group {}, {} other groups",
        word(rights.is_root),
        word(rights.is_wheel),
        rights.other_groups
    );
    // A helper with capabilities of its own was never root, and has its user's groups.
    let was_root = measured.findings.as_ref().is_some_and(|findings| findings.start.is_effective_root);
    let is_gone = !rights.is_root && !rights.is_wheel && (rights.other_groups == 0 || !was_root);
    Point::new(
        NAME,
        Outcome::of(is_gone),
        value,
        "the process that reads packets must not be root, nor be able to become it again",
    )
}

fn reads(measured: &Measured) -> Point {
    const NAME: &str = "reads continue after that";
    if measured.refused.is_some() {
        return Point::new(NAME, Outcome::Unknown, "none", NO_CAPTURE);
    }
    let (received, ours) = (measured.tally.received, measured.tally.ours(measured.host.pid).packets);
    Point::new(
        NAME,
        Outcome::of(ours > 0),
        format!(
            "{received} packets in all by the last count, {ours} seen at the ends of this program's own connections"
        ),
        "packets that this program sent to itself must be seen",
    )
}

fn drops(measured: &Measured) -> Point {
    const NAME: &str = "dropped by the kernel";
    if measured.refused.is_some() {
        return Point::new(NAME, Outcome::Unknown, "not told", NO_CAPTURE);
    }
    let dropped = measured.tally.dropped;
    let value = format!("{dropped} packets");
    let is_rare = dropped * 1000 <= measured.tally.received;
    Point::new(
        NAME,
        Outcome::of(is_rare),
        value,
        "more than one in a thousand would make the totals too small",
    )
}

fn unreadable(measured: &Measured) -> Point {
    const NAME: &str = "packets that cannot be read";
    if measured.refused.is_some() {
        return Point::new(NAME, Outcome::Unknown, "not told", NO_CAPTURE);
    }
    let (unreadable, received) = (measured.tally.unreadable, measured.tally.received);
    Point::new(
        NAME,
        Outcome::of(unreadable * 100 <= received),
        format!("{unreadable} of {received}"),
        "damaged packets are rare; many of them mean a header that Crow does not know",
    )
}

fn sandbox(measured: &Measured, system: System) -> Point {
    const NAME: &str = "sandbox holds";
    match &measured.trespass {
        Trespass::Untried => Point::new(NAME, Outcome::Unknown, "not tried", NO_CAPTURE),
        Trespass::Ended(words) => {
            let is_filter = system == System::Linux && words.contains("SIGSYS");
            Point::new(
                NAME,
                if is_filter { Outcome::Ok } else { Outcome::Unknown },
                words,
                "the helper was ended when it tried to open an internet socket, as it should be on Linux (SIGSYS)",
            )
        }
        Trespass::Survived(trials) => {
            let done: Vec<&str> =
                trials.iter().filter(|trial| trial.succeeded).map(|trial| trial.what.as_str()).collect();
            let is_tight = done.is_empty() && !trials.is_empty();
            let value = if is_tight {
                format!("{} things tried, all refused", trials.len())
            } else {
                format!("it could {}", done.join(", "))
            };
            Point::new(
                NAME,
                Outcome::of(is_tight),
                value,
                "the helper must be able to do nothing but read and write",
            )
        }
    }
}

fn owners(measured: &Measured) -> Point {
    const NAME: &str = "own packets with the right owner";
    let share = measured.tally.ours(measured.host.pid);
    let Some(percent) = share.percent() else {
        return Point::new(NAME, Outcome::Unknown, "no packets", NO_CAPTURE);
    };
    Point::new(
        NAME,
        Outcome::of(percent >= RIGHT_PERCENT),
        format!("{percent:.1} % of {} packets", share.packets),
        "connections that live for a moment are the hard ones, and a third of this traffic are such",
    )
}

/// Below this share something is wrong: the longer connections alone are more.
const RIGHT_PERCENT: f64 = 80.0;

fn everyone(measured: &Measured, system: System) -> Point {
    const NAME: &str = "all packets with an owner";
    let share = measured.tally.all();
    let meaning = match system {
        System::Linux => "what programs in other network namespaces and the kernel itself send has none",
        System::Mac => "the kernel leaves some packets untagged; more than a tenth would be worth an issue",
    };
    share.percent().map_or_else(
        || Point::new(NAME, Outcome::Unknown, "no packets", NO_CAPTURE),
        |percent| {
            let is_enough = system == System::Linux || percent >= 90.0;
            Point::new(
                NAME,
                Outcome::of(is_enough),
                format!("{percent:.1} % of {} packets", share.packets),
                meaning,
            )
        },
    )
}

fn kernel_events(measured: &Measured) -> Point {
    const NAME: &str = "kernel events";
    let told = measured.tally.flows_by(OwnerSource::KernelEvent);
    let is_refused = |note: &&String| note.contains("refused");
    if let Some(note) = measured.tally.notes.iter().find(is_refused) {
        return Point::new(NAME, Outcome::Failed, note, "short connections may be shown without an app");
    }
    if told > 0 {
        let value = format!("attached; told the owner of {told} flows");
        return Point::new(NAME, Outcome::Ok, value, "connections of any length have an owner");
    }
    Point::new(NAME, Outcome::Unknown, "told of no flow", NO_CAPTURE)
}

fn sockets(measured: &Measured) -> Point {
    const NAME: &str = "sockets seen";
    const MEANING: &str = "this program's own sockets must be in the system's list, and be its own";
    let sockets = &measured.host.sockets;
    if let Some(why) = &sockets.refused {
        return Point::new(NAME, Outcome::Failed, why, MEANING);
    }
    let all = sockets.listed.map(|listed| format!("; {listed} sockets in all")).unwrap_or_default();
    let value = format!("{} of {}{all}", sockets.found, sockets.asked);
    Point::new(NAME, Outcome::of(sockets.asked > 0 && sockets.found == sockets.asked), value, MEANING)
}

fn libpcap(measured: &Measured) -> Point {
    const NAME: &str = "libpcap";
    const MEANING: &str = "what reads the packets";
    match &measured.findings {
        Some(findings) => Point::new(NAME, Outcome::Ok, &findings.libpcap, MEANING),
        None => Point::new(NAME, Outcome::Unknown, "not told", MEANING),
    }
}

fn tray(measured: &Measured, system: System) -> Point {
    const NAME: &str = "tray";
    let is_seen = measured.host.tray_is_seen;
    match (is_seen, system) {
        (_, System::Mac) => Point::new(
            NAME,
            Outcome::Unknown,
            "the menu bar",
            "look whether Crow's item is there: a full menu bar or a notch can hide it, and no program is told",
        ),
        (true, _) => Point::new(NAME, Outcome::Ok, "a host is there", "Crow's item can be seen"),
        (false, _) => Point::new(
            NAME,
            Outcome::Unknown,
            "no host on the session bus",
            "closing the window ends Crow here; GNOME needs its AppIndicator extension for an item",
        ),
    }
}

fn settings(measured: &Measured) -> Point {
    const NAME: &str = "settings can be kept";
    const MEANING: &str = "the folder for them must be writable";
    match &measured.host.settings {
        None => Point::new(NAME, Outcome::Ok, "yes", MEANING),
        Some(why) => Point::new(NAME, Outcome::Failed, why, MEANING),
    }
}

#[cfg(test)]
mod tests;
