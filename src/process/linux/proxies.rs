//! The proxy settings of GNOME and KDE: read again only when their files have changed.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::SystemTime;

use directories::BaseDirs;
use nix::unistd::geteuid;

use crate::event::{ProxySetting, Tunnel};
use crate::process::programs;
use crate::process::proxies::{DISCOVERED, address};

/// Both desktops' settings.
#[derive(Debug)]
pub(crate) struct System {
    gnome: Watched,
    kde: Watched,
}

/// A settings file, and what it said.
#[derive(Debug, Default)]
struct Watched {
    file: Option<PathBuf>,
    changed: Option<SystemTime>,
    said: Said,
}

/// What one desktop says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    proxies: Vec<ProxySetting>,
    /// Where the script is that chooses a proxy.
    script: Option<String>,
}

impl Default for System {
    fn default() -> Self {
        let base = BaseDirs::new();
        let file = |name: &str| base.as_ref().map(|base| base.config_dir().join(name));
        let watched = |name| Watched { file: file(name), ..Watched::default() };
        Self { gnome: watched("dconf/user"), kde: watched("kioslaverc") }
    }
}

impl System {
    pub(crate) fn proxies(&mut self) -> Vec<ProxySetting> {
        // GNOME keeps its settings in a database of its own form, whose reader is its command.
        self.gnome.refresh(|_| gsettings().map(|text| gnome(&text)).unwrap_or_default());
        self.kde.refresh(|text| kde(&String::from_utf8_lossy(text)));
        self.gnome.said.proxies.iter().chain(&self.kde.said.proxies).cloned().collect()
    }

    /// The address of the script by which proxies are chosen, as the files said when [`System::proxies`] was asked.
    pub(crate) fn script(&self) -> Option<String> {
        self.gnome.said.script.clone().or_else(|| self.kde.said.script.clone())
    }

    /// The helper finds these: they belong to processes that only it may look into.
    #[expect(clippy::unused_self, reason = "a Mac has an answer")]
    pub(crate) fn tunnels(&mut self) -> Option<Vec<Tunnel>> {
        None
    }
}

impl Watched {
    /// Reads the file if it is another one than last time; one that is gone says nothing.
    fn refresh(&mut self, read: impl Fn(&[u8]) -> Said) {
        let Some(file) = &self.file else { return };
        let changed = fs::metadata(file).and_then(|metadata| metadata.modified()).ok();
        if changed == self.changed {
            return;
        }
        self.changed = changed;
        self.said = fs::read(file).map(|text| read(&text)).unwrap_or_default();
    }
}

/// What GNOME's own command says of the proxies. Not asked as root: the desktop is another user's then, and a command
/// that root runs in that user's folders leaves files there that the desktop can no longer write.
fn gsettings() -> Option<String> {
    if geteuid().is_root() {
        return None;
    }
    let mut command = Command::new(programs::find("gsettings")?);
    command.args(["list-recursively", "org.gnome.system.proxy"]).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Reads lines such as `org.gnome.system.proxy.http port 8080`.
fn gnome(text: &str) -> Said {
    let value = |schema: &str, key: &str| {
        text.lines().find_map(|line| {
            let value = line.strip_prefix(schema)?.strip_prefix(' ')?.strip_prefix(key)?.strip_prefix(' ')?;
            Some(value.trim().trim_matches('\''))
        })
    };
    match value("org.gnome.system.proxy", "mode") {
        Some("manual") => {}
        Some("auto") => return by_script(value("org.gnome.system.proxy", "autoconfig-url")),
        _ => return Said::default(),
    }
    let kinds = ["http", "https", "ftp", "socks"];
    let settings = kinds.iter().filter_map(|kind| {
        let schema = format!("org.gnome.system.proxy.{kind}");
        let (host, port) = (value(&schema, "host")?, value(&schema, "port")?.parse().ok()?);
        let is_set = !host.is_empty() && port != 0;
        is_set.then(|| ProxySetting { host: host.to_owned(), port, origin: "GNOME".to_owned() })
    });
    Said { proxies: settings.collect(), script: None }
}

/// Proxies that a script chooses; where no address is set, the network is asked for it.
fn by_script(address: Option<&str>) -> Said {
    let address = address.filter(|address| !address.is_empty()).unwrap_or(DISCOVERED);
    Said { proxies: Vec::new(), script: Some(address.to_owned()) }
}

/// Reads KDE's `kioslaverc`: `ProxyType` in its group *Proxy Settings* says whether the proxies there are used (1), a script
/// (2), or one that the network names (3).
fn kde(text: &str) -> Said {
    let group = text.lines().skip_while(|line| line.trim() != "[Proxy Settings]").skip(1);
    let lines: Vec<(&str, &str)> =
        group.take_while(|line| !line.starts_with('[')).filter_map(|line| line.split_once('=')).collect();
    let value =
        |key: &str| lines.iter().find(|(known, _)| known.trim() == key).map(|(_, value)| value.trim());
    match value("ProxyType") {
        Some("1") => {}
        Some("2") => return by_script(value("Proxy Config Script")),
        Some("3") => return by_script(None),
        _ => return Said::default(),
    }
    let keys = ["httpProxy", "httpsProxy", "ftpProxy", "socksProxy"];
    let proxies = keys.iter().filter_map(|key| address(value(key)?, "KDE")).collect();
    Said { proxies, script: None }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn ends(said: &Said) -> Vec<String> {
        said.proxies
            .iter()
            .map(|setting| format!("{}:{} {}", setting.host, setting.port, setting.origin))
            .collect()
    }

    const GNOME: &str = "org.gnome.system.proxy autoconfig-url ''\n\
        org.gnome.system.proxy ignore-hosts ['localhost', '127.0.0.0/8', '::1']\n\
        org.gnome.system.proxy mode 'manual'\norg.gnome.system.proxy.ftp host ''\norg.gnome.system.proxy.ftp port 0\n\
        org.gnome.system.proxy.http host '127.0.0.1'\norg.gnome.system.proxy.http port 7890\n\
        org.gnome.system.proxy.https host 'proxy.test'\norg.gnome.system.proxy.https port 3128\n\
        org.gnome.system.proxy.socks host '127.0.0.1'\norg.gnome.system.proxy.socks port 7891\n";

    #[test]
    fn gnome_says_its_proxies_when_they_are_set_by_hand() {
        assert_eq!(
            ends(&gnome(GNOME)),
            ["127.0.0.1:7890 GNOME", "proxy.test:3128 GNOME", "127.0.0.1:7891 GNOME"]
        );
        assert_eq!(gnome(&GNOME.replace("'manual'", "'none'")), Said::default());
        assert_eq!(gnome(""), Said::default());
    }

    #[test]
    fn a_script_that_chooses_is_said_by_its_address_and_no_proxy_beside_it() {
        let script = |said: Said| (said.proxies.len(), said.script);
        let url = "http://proxy.test/proxy.pac";
        let auto = GNOME.replace("'manual'", "'auto'");
        assert_eq!(script(gnome(&auto)), (0, Some("WPAD".to_owned())));
        let auto = auto.replace("autoconfig-url ''", &format!("autoconfig-url '{url}'"));
        assert_eq!(script(gnome(&auto)), (0, Some(url.to_owned())));
        let kde_says =
            |lines: &str| script(kde(&format!("[Proxy Settings]\nhttpProxy=http://127.0.0.1 7890\n{lines}")));
        assert_eq!(kde_says(&format!("ProxyType=2\nProxy Config Script={url}\n")), (0, Some(url.to_owned())));
        assert_eq!(kde_says("ProxyType=3\n"), (0, Some("WPAD".to_owned())));
        assert_eq!(kde_says("ProxyType=0\n"), (0, None));
        assert_eq!(kde_says("ProxyType=1\n"), (1, None));
    }

    #[test]
    fn kde_says_its_proxies_when_they_are_set_by_hand() {
        let text = "[Other]\nhttpProxy=http://wrong 1\n\n[Proxy Settings][$i]\nx=y\n[Proxy Settings]\nNoProxyFor=\n\
            ProxyType=1\nhttpProxy=http://127.0.0.1 7890\nhttpsProxy=http://127.0.0.1:7892\nsocksProxy=socks://10.0.0.9 1080\n\
            ftpProxy=\n[After]\nftpProxy=http://wrong 2\n";
        assert_eq!(ends(&kde(text)), ["127.0.0.1:7890 KDE", "127.0.0.1:7892 KDE", "10.0.0.9:1080 KDE"]);
        assert_eq!(kde(&text.replace("ProxyType=1", "ProxyType=4")), Said::default());
        assert_eq!(kde("ProxyType=1"), Said::default());
    }

    #[test]
    fn a_file_is_read_again_when_it_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kioslaverc");
        let mut watched = Watched { file: Some(file.clone()), ..Watched::default() };
        let read = |text: &[u8]| kde(&String::from_utf8_lossy(text));
        watched.refresh(read);
        assert_eq!(watched.said, Said::default());
        fs::write(&file, "[Proxy Settings]\nProxyType=1\nhttpProxy=http://127.0.0.1 7890\n").unwrap();
        watched.refresh(read);
        assert_eq!(ends(&watched.said), ["127.0.0.1:7890 KDE"]);
        watched.refresh(|_| unreachable!("nothing has changed"));
        fs::remove_file(&file).unwrap();
        watched.refresh(read);
        assert_eq!(watched.said, Said::default(), "a file that is gone says nothing");
    }
}
