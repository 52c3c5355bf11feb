//! The points that only a Mac has: PKTAP, what osascript gives to root's programs, and what only eyes can see.

use super::{Measured, NO_CAPTURE, Outcome, Point};

/// What comes before the points of every system.
pub(super) fn before(measured: &Measured) -> Vec<Point> {
    vec![link(measured), header(measured), start(measured)]
}

/// … and after them.
pub(super) fn after(measured: &Measured) -> Vec<Point> {
    let by_eye = |name, meaning| Point::new(name, Outcome::Unknown, "not measured", meaning);
    vec![
        leak(measured),
        delegation(measured),
        tunnels(measured),
        login_item(measured),
        by_eye("dialog", "say what the password dialog was titled, and whether Touch ID was offered"),
        by_eye(
            "hours in the foreground",
            "say whether Crow still counts after hours, sleep and a change of user",
        ),
        by_eye(
            "interfaces that come and go",
            "connect a VPN while Crow runs and say whether its utun has rows",
        ),
        by_eye("background processes under osascript", "Crow starts none, so it does not depend on it"),
        by_eye(
            "who is responsible for a process",
            "Crow goes by bundles, and does not ask the private function",
        ),
    ]
}

fn link(measured: &Measured) -> Point {
    const NAME: &str = "link type";
    match measured.findings.as_ref().map(|findings| findings.link) {
        None => Point::new(NAME, Outcome::Unknown, "none", NO_CAPTURE),
        Some(link @ (149 | 258)) => {
            Point::new(NAME, Outcome::Ok, format!("{link} (PKTAP)"), "each packet names its process")
        }
        Some(link) => {
            Point::new(NAME, Outcome::Failed, link.to_string(), "packets do not name their process")
        }
    }
}

fn header(measured: &Measured) -> Point {
    const NAME: &str = "length of PKTAP's header";
    match measured.findings.as_ref().and_then(|findings| findings.header_bytes) {
        None => Point::new(NAME, Outcome::Unknown, "none", NO_CAPTURE),
        Some((least, most)) => Point::new(
            NAME,
            Outcome::of(least >= 108),
            if least == most { format!("{least} bytes") } else { format!("{least} to {most} bytes") },
            "156 on every system known so far; another length is read too, and worth an issue",
        ),
    }
}

fn start(measured: &Measured) -> Point {
    const NAME: &str = "what root's shell gives the helper";
    let Some(start) = measured.findings.as_ref().map(|findings| &findings.start) else {
        return Point::new(NAME, Outcome::Unknown, "not told", NO_CAPTURE);
    };
    let yes = |is_so: bool| if is_so { "yes" } else { "no" };
    let value = format!(
        "effective root {}, real root {}, in / {}, umask {:03o}, input {}, variables {}",
        yes(start.is_effective_root),
        yes(start.is_root),
        yes(start.in_top_folder),
        start.umask,
        yes(start.has_input),
        start.variables.join(" ")
    );
    // What `sh` sets by itself is no leak; everything else would be the user's.
    let is_known = |name: &String| {
        ["PATH", "PWD", "OLDPWD", "SHLVL", "_", "__CF_USER_TEXT_ENCODING"].contains(&name.as_str())
    };
    let is_clean = start.is_effective_root
        && start.in_top_folder
        && start.umask == 0o077
        && !start.has_input
        && start.variables.iter().all(is_known);
    Point::new(
        NAME,
        Outcome::of(is_clean),
        value,
        "root, in /, for nobody else's eyes, and nothing of the user's variables",
    )
}

fn leak(measured: &Measured) -> Point {
    let [before, during, after] = measured.taps;
    let value = format!("{before} before, {during} meanwhile, {after} after");
    if measured.refused.is_some() {
        return Point::new("PKTAP interfaces", Outcome::Unknown, value, NO_CAPTURE);
    }
    // One may stay, because removing it takes root; the next capture takes it over instead of making another.
    let is_bounded = after <= before.max(1);
    Point::new(
        "PKTAP interfaces",
        Outcome::of(is_bounded),
        value,
        "one may stay behind, and the next capture takes it over; they must not add up",
    )
}

fn delegation(measured: &Measured) -> Point {
    let flows = measured.tally.delegated();
    Point::new(
        "connections kept for another process",
        if flows > 0 { Outcome::Ok } else { Outcome::Unknown },
        format!("{flows} flows"),
        "open a page in Safari or a mail in Mail meanwhile to see some",
    )
}

/// Whether the holder of a `utun` can be seen by its socket depends on how the program makes it.
fn tunnels(measured: &Measured) -> Point {
    let tunnels = &measured.host.tunnels;
    Point::new(
        "whose the tunnels are",
        if tunnels.is_empty() { Outcome::Unknown } else { Outcome::Ok },
        if tunnels.is_empty() { "none found".to_owned() } else { tunnels.join(", ") },
        "with a VPN connected, a name means that its traffic outside the tunnel is told from the rest",
    )
}

fn login_item(measured: &Measured) -> Point {
    const NAME: &str = "login item";
    match &measured.host.login_item {
        Some(state) => Point::new(NAME, Outcome::Ok, state, "the system answers for this app's signature"),
        None => Point::new(
            NAME,
            Outcome::Unknown,
            "no answer",
            "only an app bundle has one; run Crow.app's own program",
        ),
    }
}
