//! Takes out of a report what is nobody else's business: names of the host and of the user, folders, addresses.

use std::net::IpAddr;

/// What this machine and its user are called.
#[derive(Clone, Debug, Default)]
pub struct Private {
    /// A text and what stands for it, the longest text first.
    names: Vec<(String, &'static str)>,
}

impl Private {
    /// Of this machine and the user who runs this.
    #[must_use]
    pub fn of_this_machine() -> Self {
        let mut names = Vec::new();
        let home = std::env::var("HOME").ok();
        let program = std::env::current_exe().ok();
        let folder = program.as_deref().and_then(std::path::Path::parent);
        let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten();
        let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
        names.extend(folder.map(|folder| (folder.display().to_string(), "<Crow's folder>")));
        names.extend(home.map(|home| (home, "~")));
        names.extend(user.map(|user| (user.name, "<user>")).filter(|(name, _)| name != "root"));
        names.extend(
            host.as_deref().and_then(|host| host.split('.').next()).map(|short| (short.to_owned(), "<host>")),
        );
        names.extend(host.map(|host| (host, "<host>")));
        Self::new(names)
    }

    /// Of these names.
    #[must_use]
    pub fn new(mut names: Vec<(String, &'static str)>) -> Self {
        // A name of one or two letters is in half of all words; "/" is no secret.
        names.retain(|(name, _)| name.len() > 2);
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        Self { names }
    }

    /// `text` without them, and without addresses.
    #[must_use]
    pub fn without(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, stand_in) in &self.names {
            text = text.replace(name.as_str(), stand_in);
        }
        text.split(' ').map(without_address).collect::<Vec<String>>().join(" ")
    }
}

/// A word with what looks like an address in it replaced; `10.0.0.1:53`, `[fe80::1]:53` and `fe80::1%en0` are ones too.
fn without_address(word: &str) -> String {
    let is_edge = |letter: char| !letter.is_ascii_alphanumeric() && letter != ':';
    let bare = word.trim_matches(is_edge);
    let without_zone = bare.split('%').next().unwrap_or(bare);
    let without_port = bare.rsplit_once(':').map_or(bare, |(host, _)| host);
    let is_address = [bare, without_zone, without_port, without_port.trim_matches(is_edge)]
        .iter()
        .any(|text| text.parse::<IpAddr>().is_ok());
    if is_address { word.replace(bare, "<address>") } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_folders_and_addresses_are_taken_out_and_the_rest_stays() {
        let private = Private::new(vec![
            ("/home/alice".to_owned(), "~"),
            ("/home/alice/crow".to_owned(), "<Crow's folder>"),
            ("alice".to_owned(), "<user>"),
            ("atlas.example".to_owned(), "<host>"),
            ("a".to_owned(), "<host>"),
        ]);
        #[rustfmt::skip]
        let cases = [
            ("missing at /home/alice/crow/crow-helper", "missing at <Crow's folder>/crow-helper"),
            ("/home/alice/x of alice on atlas.example", "~/x of <user> on <host>"),
            ("from 10.1.2.3 to [2001:db8::1]:443, fe80::1%en0 and 10.0.0.1:53.",
             "from <address> to [<address>, <address> and <address>."),
            ("libpcap version 1.10.3 (with TPACKET_V3), kernel 6.1.0-18", "libpcap version 1.10.3 (with TPACKET_V3), kernel 6.1.0-18"),
            ("link type 276: SLL2", "link type 276: SLL2"),
        ];
        for (text, expected) in cases {
            assert_eq!(private.without(text), expected);
        }
    }
}
