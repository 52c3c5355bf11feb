//! Whose a flow is: the kernel's tags into owners, and owners that only ever get better known.

use hashbrown::HashMap;

use crate::capture::Tag;
use crate::event::{App, Direction, Owner, OwnerSource, Process, ProcessKey};

/// Processes whose names are remembered; beyond that all are forgotten and told again as they turn up.
const MAX_PROCESSES: usize = 1 << 16;

/// The owner that a tag names; `None` where the kernel did not know. pid 0 is the kernel or nobody, which
/// the tag alone does not tell apart, and counts as not known.
pub(super) fn owner(tag: &Tag<'_>, direction: Direction) -> Option<Owner> {
    let talker = (tag.pid > 0).then_some(ProcessKey { pid: tag.pid, started: None });
    let effective = (tag.effective_pid > 0 && tag.effective_pid != tag.pid)
        .then_some(ProcessKey { pid: tag.effective_pid, started: None });
    let source = match direction {
        Direction::In => OwnerSource::InboundTag,
        Direction::Out => OwnerSource::OutboundTag,
    };
    let process = effective.or(talker)?;
    Some(Owner { process, via: effective.and(talker), source })
}

/// Whether `new` says more than `known`. The same kind of source never overrules itself: a socket that is
/// passed on flips its tag, and the flow stays with the process that it was first seen with.
pub(super) fn is_better(new: &Owner, known: Option<&Owner>) -> bool {
    known.is_none_or(|known| new.source > known.source)
}

/// The processes that tags have named so far.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: HashMap<i32, (Box<str>, Option<Box<str>>)>,
}

impl Names {
    /// Notes the processes in a tag and calls `announce` for each that is new, or that now runs another
    /// program (exec, or the pid given to another process).
    pub(super) fn learn(&mut self, tag: &Tag<'_>, mut announce: impl FnMut(Process)) {
        let talker = (tag.pid, tag.name, tag.path);
        let effective = (tag.effective_pid, tag.effective_name, tag.effective_path);
        for (pid, name, path) in [talker, effective] {
            if pid <= 0 || pid == tag.pid && name != tag.name {
                continue;
            }
            if let Some(process) = self.changed(pid, name, path) {
                announce(process);
            }
        }
    }

    /// The process to announce, if `pid` is not known by this name and path yet. Absent knowledge does not
    /// replace what is known.
    fn changed(&mut self, pid: i32, name: &str, path: Option<&str>) -> Option<Process> {
        let known = self.known.get(&pid);
        if let Some((known_name, known_path)) = known
            && (name.is_empty() || **known_name == *name)
            && (path.is_none() || known_path.as_deref() == path)
        {
            return None;
        }
        // The old path stays only with the old name.
        let kept = known.filter(|(known_name, _)| name.is_empty() || **known_name == *name);
        let name: Box<str> =
            if name.is_empty() { kept.map_or("".into(), |kept| kept.0.clone()) } else { name.into() };
        let path: Option<Box<str>> = path.map(Box::from).or_else(|| kept.and_then(|kept| kept.1.clone()));
        if self.known.len() >= MAX_PROCESSES {
            self.known.clear();
        }
        self.known.insert(pid, (name.clone(), path.clone()));
        Some(describe(pid, &name, path.as_deref()))
    }
}

/// A process as far as a tag describes it.
fn describe(pid: i32, command: &str, path: Option<&str>) -> Process {
    let file = path.and_then(|path| path.rsplit('/').next()).filter(|file| !file.is_empty());
    let name = match file.unwrap_or(command) {
        "" => format!("pid {pid}"),
        name => name.to_owned(),
    };
    Process {
        key: ProcessKey { pid, started: None },
        app: app(path, &name),
        name,
        path: path.map(str::to_owned),
        uid: None,
        user: None,
        parent: None,
    }
}

/// The outermost bundle in the path, else the program itself.
fn app(path: Option<&str>, name: &str) -> App {
    let Some(path) = path else { return App { id: name.to_owned(), name: name.to_owned() } };
    let mut end = 0;
    for part in path.split_inclusive('/') {
        end += part.len();
        if let Some(bundle) = part.strip_suffix('/').and_then(|part| part.strip_suffix(".app"))
            && !bundle.is_empty()
        {
            let id = path.get(..end - 1).unwrap_or(path);
            return App { id: id.to_owned(), name: bundle.to_owned() };
        }
    }
    App { id: path.to_owned(), name: name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Marks;

    fn tag<'a>(pid: i32, name: &'a str, effective_pid: i32, effective_name: &'a str) -> Tag<'a> {
        let marks = Marks::default();
        Tag { pid, name, path: None, effective_pid, effective_name, effective_path: None, marks }
    }

    fn learned(names: &mut Names, tag: &Tag<'_>) -> Vec<(i32, String)> {
        let mut said = Vec::new();
        names.learn(tag, |process| said.push((process.key.pid, process.name)));
        said
    }

    #[test]
    fn the_effective_process_owns() {
        #[rustfmt::skip]
        let cases = [
            ("itself", tag(7, "a", -1, ""), Some((7, None))),
            ("itself, said twice", tag(7, "a", 7, "a"), Some((7, None))),
            ("on behalf of another", tag(7, "a", 9, "b"), Some((9, Some(7)))),
            ("only the other is known", tag(-1, "", 9, "b"), Some((9, None))),
            ("nobody", tag(-1, "", -1, ""), None),
            ("the kernel", tag(0, "kernel_task", -1, ""), None),
            ("no socket", tag(0, "", 0, ""), None),
        ];
        for (case, tag, expected) in cases {
            let owner = owner(&tag, Direction::Out);
            let found = owner.map(|owner| (owner.process.pid, owner.via.map(|via| via.pid)));
            assert_eq!(found, expected, "{case}");
        }
    }

    #[test]
    fn only_a_greater_source_replaces_an_owner() {
        let inbound = owner(&tag(7, "a", -1, ""), Direction::In);
        let outbound = owner(&tag(8, "b", -1, ""), Direction::Out);
        let flipped = owner(&tag(9, "c", -1, ""), Direction::Out);
        assert!(inbound.is_some_and(|new| is_better(&new, None)));
        assert!(outbound.is_some_and(|new| is_better(&new, inbound.as_ref())));
        assert!(!inbound.is_some_and(|new| is_better(&new, outbound.as_ref())));
        assert!(!flipped.is_some_and(|new| is_better(&new, outbound.as_ref())));
    }

    #[test]
    fn each_process_is_told_once_and_again_after_exec() {
        let mut names = Names::default();
        assert_eq!(learned(&mut names, &tag(7, "sh", 9, "mail")), [(7, "sh".into()), (9, "mail".into())]);
        assert_eq!(learned(&mut names, &tag(7, "sh", 9, "mail")), []);
        assert_eq!(learned(&mut names, &tag(7, "", -1, "")), [], "no name is no news");
        assert_eq!(learned(&mut names, &tag(7, "curl", -1, "")), [(7, "curl".into())]);
        assert_eq!(learned(&mut names, &tag(0, "kernel_task", -1, "x")), []);
        assert_eq!(learned(&mut names, &tag(5, "", -1, "")), [(5, "pid 5".into())]);
    }

    #[test]
    fn a_path_tells_name_and_app() {
        const CHROME: &str =
            "/Applications/Chrome.app/Contents/Helpers/Chrome Helper.app/Contents/MacOS/Chrome Helper";
        let process = describe(7, "Chrome Helper (R", Some(CHROME));
        assert_eq!((&*process.name, &*process.app.name), ("Chrome Helper", "Chrome"));
        assert_eq!(process.app.id, "/Applications/Chrome.app");
        let plain = describe(7, "curl", Some("/usr/bin/curl"));
        assert_eq!((&*plain.name, &*plain.app.id, &*plain.app.name), ("curl", "/usr/bin/curl", "curl"));
        assert_eq!(describe(7, "curl", None).app.id, "curl");
        assert_eq!(describe(7, "x", Some("/a/.app/x")).app.id, "/a/.app/x", "a bundle has a name");

        let mut names = Names::default();
        let known = Tag { path: Some(CHROME), ..tag(7, "Chrome", -1, "") };
        assert_eq!(learned(&mut names, &tag(7, "Chrome", -1, "")).len(), 1);
        assert_eq!(learned(&mut names, &known).len(), 1, "the path is news");
        assert_eq!(learned(&mut names, &tag(7, "Chrome", -1, "")), [], "its absence is not");
    }
}
