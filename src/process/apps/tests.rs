//! Paths and control groups as they are found on real systems, and the apps they mean.

use super::*;

fn app(id: &str, name: &str) -> App {
    App { id: id.to_owned(), name: name.to_owned() }
}

#[test]
fn bundles_of_a_mac() {
    #[rustfmt::skip]
    let cases = [
        ("/Applications/Google Chrome.app/Contents/Frameworks/Google Chrome Framework.framework/Versions/1/Helpers/Google Chrome Helper.app/Contents/MacOS/Google Chrome Helper",
         "Google Chrome Helper", app("/Applications/Google Chrome.app", "Google Chrome")),
        ("/Applications/Xcode.app/Contents/Developer/Applications/Simulator.app/Contents/MacOS/Simulator",
         "Simulator", app("/Applications/Xcode.app", "Xcode")),
        ("/System/Applications/Mail.app/Contents/MacOS/Mail", "Mail", app("/System/Applications/Mail.app", "Mail")),
        ("/usr/sbin/mDNSResponder", "mDNSResponder", app("/usr/sbin/mDNSResponder", "mDNSResponder")),
        ("/opt/tool.app", "tool.app", app("/opt/tool.app", "tool.app")),
        ("/opt/.app/x", "x", app("/opt/.app/x", "x")),
    ];
    for (path, name, expected) in cases {
        let facts = Facts { path: Some(path), ..Facts::default() };
        assert_eq!(identify(&facts), (name.to_owned(), expected), "{path}");
    }
}

#[test]
fn control_groups_name_apps() {
    const HASH: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let hash = |text: &str| text.replace("HASH", HASH);
    let in_container = |name: &str| app(&format!("container:{HASH}"), name);
    let own_file = app("/usr/bin/prog", "prog");
    #[rustfmt::skip]
    let cases = [
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/app-flatpak-org.mozilla.firefox-4242.scope", app("flatpak:org.mozilla.firefox", "firefox")),
        ("/app.slice/app-flatpak-com.spotify.Client-1.scope", app("flatpak:com.spotify.Client", "spotify")),
        ("/app.slice/app-gnome-org.gnome.Maps-77.scope", app("app:org.gnome.Maps", "Maps")),
        ("/app.slice/app-gnome-google\\x2dchrome-77.scope", app("app:google-chrome", "google-chrome")),
        ("/app.slice/app-org.telegram.desktop@1f2e.service", app("app:org.telegram.desktop", "telegram")),
        ("/app.slice/app-org.kde.kate-9f.scope/deeper", app("app:org.kde.kate", "kate")),
        ("/app.slice/app-firefox.service", app("app:firefox", "firefox")),
        ("/app.slice/app-gnome-org.gnome.Terminal-77.scope", own_file.clone()),
        ("/app.slice/app-org.kde.konsole-77.scope", own_file.clone()),
        ("/app.slice/app-org.gnome.Terminal.slice/vte-spawn-ab-cd.scope", own_file.clone()),
        ("/user.slice/x/snap.firefox.firefox-1f-2e.scope", app("snap:firefox", "firefox")),
        ("/system.slice/snap.lxd.daemon.service", app("snap:lxd", "lxd")),
        ("/system.slice/docker-HASH.scope", in_container("docker 0123456789ab")),
        ("/docker/HASH", in_container("docker 0123456789ab")),
        ("/machine.slice/libpod-HASH.scope/container", in_container("podman 0123456789ab")),
        ("/kubepods.slice/kubepods-pod1.slice/cri-containerd-HASH.scope", in_container("containerd 0123456789ab")),
        ("/kubepods.slice/kubepods-pod1.slice/crio-HASH.scope", in_container("cri-o 0123456789ab")),
        ("/machine.slice/machine-web\\x2d1.scope", app("container:web-1", "machine web-1")),
        ("/system.slice/docker-short.scope", own_file.clone()),
        ("/system.slice/docker.service", own_file.clone()),
        ("/system.slice/nginx.service", own_file.clone()),
        ("/", own_file.clone()),
        ("", own_file.clone()),
        ("/app-.scope/app-x.scope/snap..scope/snap.scope", own_file.clone()),
    ];
    for (cgroup, expected) in cases {
        let cgroup = hash(cgroup);
        let facts =
            Facts { path: Some("/usr/bin/prog"), comm: "prog", cgroup: Some(&cgroup), ..Facts::default() };
        assert_eq!(identify(&facts), ("prog".to_owned(), expected), "{cgroup}");
    }
}

#[test]
fn names_as_people_know_them() {
    #[rustfmt::skip]
    let cases = [
        (Some("/usr/bin/curl"), "curl", "curl", "/usr/bin/curl"),
        (Some("/opt/google/chrome/chrome"), "ThreadPoolForeg", "chrome", "/opt/google/chrome/chrome"),
        (Some("/usr/bin/python3.11"), "gajim", "gajim", "/usr/bin/python3.11:gajim"),
        (Some("/usr/bin/python3.11"), "python3", "python3.11", "/usr/bin/python3.11"),
        (Some("/usr/bin/bash"), "sh", "bash", "/usr/bin/bash"),
        (Some("/usr/bin/node"), "MainThread", "node", "/usr/bin/node"),
        (Some("/usr/bin/node"), "npm install", "npm install", "/usr/bin/node:npm install"),
        (Some("/usr/lib/jvm/bin/java"), "java", "java", "/usr/lib/jvm/bin/java"),
        (Some("/usr/bin/python3.11"), "", "python3.11", "/usr/bin/python3.11"),
        (None, "secret", "secret", "secret"),
    ];
    for (path, comm, name, id) in cases {
        let found = identify(&Facts { path, comm, ..Facts::default() });
        assert_eq!(found, (name.to_owned(), app(id, name)), "{path:?} {comm}");
    }
    let kernel = Facts { comm: "kworker/0:1", is_kernel_thread: true, ..Facts::default() };
    assert_eq!(identify(&kernel), ("[kworker/0:1]".to_owned(), app("kernel", "kernel")));
}

#[test]
fn names_are_cleaned_and_bounded() {
    assert_eq!(clean_name("a\u{1b}[31m\nb\u{202e}c "), "a[31mbc");
    assert_eq!(clean_name(&"é".repeat(4_000)).chars().count(), MAX_NAME);
    assert_eq!(clean_path("/tmp/\u{7}x\u{2066}"), "/tmp/x");
}

#[test]
fn escapes_of_unit_names() {
    #[rustfmt::skip]
    let cases = [("a\\x2db", "a-b"), ("\\x", "\\x"), ("\\xzz1", "\\xzz1"), ("\\x2", "\\x2"), ("\\xc3\\xa9", "é"), ("", "")];
    for (escaped, plain) in cases {
        assert_eq!(unescape(escaped), plain, "{escaped}");
    }
}

proptest::proptest! {
    #[test]
    fn nothing_panics(path in ".*", comm in ".*", cgroup in "[a-z./\\\\@é-]*") {
        let facts = Facts { path: Some(&path), comm: &comm, cgroup: Some(&cgroup), is_kernel_thread: false };
        let (name, app) = identify(&facts);
        proptest::prop_assert!(name.chars().count() <= MAX_NAME && app.name.chars().count() <= MAX_NAME + 16);
    }
}
