//! Texts of `/proc` as real systems print them, and this test's own process.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::os::unix::fs::symlink;

use super::*;

const STAT: &str = "4711 (we) ird (x) S 17 4711 4711 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 123456 0 0";

#[test]
fn stat_lines() {
    let stat = Stat {
        comm: "we) ird (x".to_owned(),
        parent: 17,
        started: 123_456,
        is_kernel_thread: false,
        has_ended: false,
    };
    #[rustfmt::skip]
    let cases = [
        ("odd name", STAT.to_owned(), Some(stat.clone())),
        ("ended", STAT.replace(" S ", " Z "), Some(Stat { has_ended: true, ..stat.clone() })),
        ("kernel thread", STAT.replace("4194560", "69238880"), Some(Stat { is_kernel_thread: true, ..stat.clone() })),
        ("no name", STAT.replace(['(', ')'], ""), None),
        ("a word for a number", STAT.replace("123456", "soon"), None),
        ("nothing", String::new(), None),
    ];
    for (case, text, expected) in cases {
        assert_eq!(parse_stat(text.as_bytes()), expected, "{case}");
    }
    assert_eq!(parse_stat(&[b'(', 0xff, b')', b' ', b'S']), None);
    for len in 0..STAT.len() - 6 - 4 {
        assert_eq!(parse_stat(&STAT.as_bytes()[..len]), None, "{len} bytes");
    }
}

#[test]
fn other_texts() {
    assert_eq!(boot_time("cpu 1\nbtime 1700000000\n"), Some(Timestamp::new(1_700_000_000, 0)));
    assert_eq!(boot_time("btime x"), None);
    assert_eq!(effective_uid("Name:\tx\nUid:\t1000\t1001\t1000\t1000\n"), Some(1001));
    assert_eq!(effective_uid("Uid:\t1000"), None);
    assert_eq!(unified_cgroup("0::/a.slice\n"), Some("/a.slice"));
    assert_eq!(unified_cgroup("3:cpu:/x\n1:name=systemd:/y\n0::/\n"), Some("/y"));
    assert_eq!(unified_cgroup("0::/\n"), None);
    assert_eq!(unified_cgroup("nonsense"), None);
}

/// A process table with one process in it.
fn fake(root: &Path, stat: &str, exe: &str) {
    let folder = root.join("4711");
    fs::create_dir_all(&folder).unwrap();
    fs::write(root.join("stat"), "btime 1000\n").unwrap();
    fs::write(folder.join("stat"), stat).unwrap();
    fs::write(folder.join("status"), "Uid:\t1\t2\t3\t4\n").unwrap();
    fs::write(folder.join("cgroup"), "0::/app.slice/app-org.gnome.Maps-1.scope\n").unwrap();
    let _ = fs::remove_file(folder.join("exe"));
    symlink(exe, folder.join("exe")).unwrap();
}

#[test]
fn a_process_is_named_renamed_replaced_and_ended() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    fake(root, STAT, "/bin/cat");
    let mut processes = Processes::new(root).unwrap();
    processes.clock.ticks_per_second = 100;
    let mut now = Timestamp::new(5_000, 0);
    let mut news = News::default();
    let key = processes.name(now, 4711, &mut news).unwrap();
    assert_eq!(key.started, Some(Timestamp::new(1_000 + 1_234, 560_000_000)));
    let process = news.processes.pop().unwrap();
    assert_eq!(
        (process.key, process.name.as_str(), process.uid, process.parent),
        (key, "cat", Some(2), Some(17))
    );
    assert_eq!((process.app.id.as_str(), process.user), ("app:org.gnome.Maps", None));

    // exec: the same process runs another program.
    fake(root, &STAT.replace("we) ird (x", "maps"), "/usr/bin/maps (deleted)");
    assert_eq!(processes.name(now, 4711, &mut news), Some(key));
    assert_eq!(news.processes, [], "known a moment ago");
    now = now + Duration::from_secs(1);
    assert_eq!(processes.name(now, 4711, &mut news), Some(key));
    assert_eq!(news.processes.pop().unwrap().path.as_deref(), Some("/usr/bin/maps"));

    // The pid is given to another process.
    fake(root, &STAT.replace("123456", "123457"), "/bin/true");
    now = now + Duration::from_secs(1);
    let next = processes.name(now, 4711, &mut news).unwrap();
    assert_ne!(next, key);
    assert_eq!(news.exited, [key]);
    assert_eq!(processes.rounds, [4711]);

    news = News::default();
    for _ in 0..4 {
        processes.check(now, 4, &mut news);
    }
    assert_eq!(news, News::default());
    fs::remove_dir_all(root.join("4711")).unwrap();
    now = now + Duration::from_secs(1);
    assert_eq!(processes.name(now, 4711, &mut news), Some(next), "what is known stays known");
    processes.check(now, 4, &mut news);
    assert_eq!(news.exited, [next]);
    assert_eq!(processes.name(now, 4711, &mut news), None);
}

#[test]
fn this_process_is_known() {
    let mut processes = Processes::new(Path::new("/proc")).unwrap();
    let pid = i32::try_from(std::process::id()).unwrap();
    let mut news = News::default();
    let key = processes.name(Timestamp::new(1, 0), pid, &mut news).unwrap();
    let again = processes.name(Timestamp::new(9, 0), pid, &mut news).unwrap();
    assert_eq!(key, again);
    let path = std::env::current_exe().unwrap();
    assert_eq!(news.processes.len(), 1);
    assert_eq!(news.processes[0].path.as_deref(), path.to_str());
    assert_eq!(news.processes[0].uid, Some(nix::unistd::geteuid().as_raw()));
}
