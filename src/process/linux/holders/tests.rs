//! Who holds a socket, told from made-up process tables.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::os::unix::fs::symlink;

use super::*;

/// Makes a process with the given parent and start time.
fn process(root: &Path, pid: i32, parent: i32, started: u64) {
    fs::create_dir_all(root.join(format!("{pid}/fd"))).unwrap();
    let stat = format!("{pid} (p) S {parent} 0 0 0 0 0 0 0 0 0 0 0 0 0 20 0 1 0 {started} 0");
    fs::write(root.join(format!("{pid}/stat")), stat).unwrap();
}

fn open(root: &Path, pid: i32, fd: i32, inode: u32) {
    symlink(format!("socket:[{inode}]"), root.join(format!("{pid}/fd/{fd}"))).unwrap();
}

fn close(root: &Path, pid: i32, fd: i32) {
    fs::remove_file(root.join(format!("{pid}/fd/{fd}"))).unwrap();
}

const START: Timestamp = Timestamp::new(1_000, 0);

fn after(ms: u64) -> Timestamp {
    START + Duration::from_millis(ms)
}

#[test]
fn links() {
    #[rustfmt::skip]
    let cases = [
        ("socket:[4711]", Some(4711)), ("socket:[]", None), ("socket:[4294967296]", None), ("pipe:[1]", None),
        ("/tmp/socket:[1]", None), ("socket:[1] (deleted)", None), ("", None),
    ];
    for (target, expected) in cases {
        assert_eq!(socket_inode(Path::new(target)), expected, "{target}");
    }
}

#[test]
fn the_eldest_holder_owns_what_was_inherited() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    process(root, 10, 1, 100);
    process(root, 20, 10, 200);
    process(root, 30, 20, 300);
    for pid in [10, 20, 30] {
        open(root, pid, 5, 77);
    }
    open(root, 30, 6, 78);
    process(root, 5, 1, 400);
    open(root, 5, 9, 79);
    open(root, 20, 3, 79);
    let mut holders = Holders::new(root);
    let owners = holders.find(START, &[77, 78, 79, 80]);
    assert_eq!(owners, HashMap::from([(77, 10), (78, 30), (79, 20)]));

    // A child that was looked at first still leads to its parent.
    open(root, 10, 8, 90);
    open(root, 20, 8, 90);
    let mut missing = HashSet::from([90]);
    holders.scan(after(1), 20, &mut missing);
    assert_eq!((missing.len(), holders.find(after(1), &[90])), (0, HashMap::from([(90, 10)])));
    // The parent closes its copy: now it is the child's.
    close(root, 10, 8);
    assert_eq!(holders.find(after(2), &[90]), HashMap::from([(90, 20)]));
}

#[test]
fn an_old_hint_is_never_an_answer() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    process(root, 10, 1, 100);
    process(root, 20, 1, 200);
    open(root, 10, 5, 77);
    let mut holders = Holders::new(root);
    assert_eq!(holders.find(START, &[77]), HashMap::from([(77, 10)]));
    close(root, 10, 5);
    assert_eq!(holders.find(after(1), &[77]), HashMap::new());
    open(root, 20, 5, 77);
    assert_eq!(holders.find(after(1_000), &[77]), HashMap::from([(77, 20)]));
    fs::remove_dir_all(root.join("20")).unwrap();
    assert_eq!(holders.find(after(2_000), &[77]), HashMap::new());
}

#[test]
fn new_sockets_are_found_without_a_full_scan() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    process(root, 10, 1, 100);
    open(root, 10, 5, 77);
    let mut holders = Holders::new(root);
    holders.find(START, &[77]);
    open(root, 10, 6, 78);
    assert_eq!(holders.find(START, &[78]), HashMap::from([(78, 10)]), "next to the last");
    open(root, 10, 60, 79);
    assert_eq!(holders.find(START, &[79]), HashMap::new(), "a scan is not due");
    assert_eq!(holders.find(after(5), &[79]), HashMap::from([(79, 10)]));
    process(root, 99, 10, 900);
    open(root, 99, 3, 80);
    assert_eq!(holders.find(after(6), &[80]), HashMap::from([(80, 99)]), "a new process");
    assert_eq!(holders.full_scan, Some(START));
}

#[test]
fn full_scans_are_rationed_and_given_up() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    process(root, 10, 1, 100);
    let mut holders = Holders::new(root);
    for (ms, scanned_at) in [(0, 0), (100, 0), (300, 300), (400, 300), (9_000, 300), (70_000, 70_000)] {
        assert_eq!(holders.find(after(ms), &[77]), HashMap::new());
        assert_eq!(holders.full_scan, Some(after(scanned_at)), "after {ms} ms");
    }
}

#[test]
fn a_listener_counts_when_one_process_alone_holds_it() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    for pid in [1, 10, 20, 30] {
        process(root, pid, 1, 100);
    }
    open(root, 10, 3, 50); // a server
    open(root, 1, 30, 51); // started by init, which keeps the socket
    open(root, 20, 3, 51);
    open(root, 20, 4, 52); // pre-forked
    open(root, 30, 4, 52);
    open(root, 1, 31, 53); // init waits itself
    let mut holders = Holders::new(root);
    #[rustfmt::skip]
    let cases: [(&[u32], Option<i32>); 8] = [
        (&[50], Some(10)), (&[51], Some(20)), (&[52], None), (&[53], Some(1)), (&[50, 51], None), (&[51, 51], Some(20)),
        (&[54], None), (&[], None),
    ];
    for (inodes, expected) in cases {
        assert_eq!(holders.only_holder(START, inodes), expected, "{inodes:?}");
    }
    open(root, 30, 9, 50);
    assert_eq!(holders.only_holder(after(6_000), &[50]), None, "seen by the next full scan");
}
