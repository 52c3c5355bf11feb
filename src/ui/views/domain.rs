//! Domains: one row a registrable domain, or an address without a name; opened, it shows its connections.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::json;

use super::figures::Figures;
use super::{Column, Field, Key, MenuContext, MenuEntry, Picked, Row, SortKey, TopRow};
use crate::aggregate::snapshot::{ConnectionRow, DomainRow, Rows, Snapshot};
use crate::filter::Filter;
use crate::lang::{phrase, say};
use crate::settings::{Distance, View};
use crate::ui::widgets::cell::{CellPainter, Rank};

/// The columns of the table of domains.
#[rustfmt::skip]
pub const COLUMNS: &[Column] = &[
    Column { field: Field::Name, title: phrase!("column-domain"), explanation: phrase!("column-domain-hint"), width: 220.0, is_shown: true },
    Column { field: Field::Hosts, title: phrase!("column-hosts"), explanation: phrase!("column-hosts-hint"), width: 160.0, is_shown: true },
    Column { field: Field::Process, title: phrase!("column-processes"), explanation: phrase!("column-processes-hint"), width: 140.0, is_shown: true },
    Column { field: Field::Down, title: phrase!("column-down"), explanation: phrase!("column-down-hint"), width: 92.0, is_shown: true },
    Column { field: Field::Up, title: phrase!("column-up"), explanation: phrase!("column-up-hint"), width: 92.0, is_shown: true },
    Column { field: Field::Downloaded, title: phrase!("column-downloaded"), explanation: phrase!("column-downloaded-hint"), width: 98.0, is_shown: true },
    Column { field: Field::Uploaded, title: phrase!("column-uploaded"), explanation: phrase!("column-uploaded-hint"), width: 98.0, is_shown: true },
    Column { field: Field::Connections, title: phrase!("column-connections"), explanation: phrase!("column-connections-hint"), width: 98.0, is_shown: true },
    Column { field: Field::Age, title: phrase!("column-age"), explanation: phrase!("column-age-hint"), width: 84.0, is_shown: false },
    Column { field: Field::Quiet, title: phrase!("column-quiet"), explanation: phrase!("column-quiet-hint"), width: 98.0, is_shown: false },
    Column { field: Field::Activity, title: phrase!("column-activity"), explanation: phrase!("column-activity-hint"), width: 130.0, is_shown: true },
];

/// `a` or `a +3`: short, so that the number is not what is cut off.
pub(super) fn some_of(names: &[Arc<str>]) -> String {
    match names {
        [] => String::new(),
        [one] => one.to_string(),
        [one, rest @ ..] => format!("{one} +{}", rest.len()),
    }
}

/// What kind of address stands for a name.
fn address_chip(address: &str) -> &'static str {
    match address.parse::<IpAddr>() {
        Ok(address) if address.is_loopback() => say!("chip-this-machine"),
        Ok(address) if address.is_multicast() => say!("chip-multicast"),
        Ok(IpAddr::V4(address)) if address.is_broadcast() => say!("chip-broadcast"),
        Ok(IpAddr::V4(address)) if address.is_private() || address.is_link_local() => {
            say!("chip-local-network")
        }
        Ok(IpAddr::V6(address)) if address.is_unique_local() || address.is_unicast_link_local() => {
            say!("chip-local-network")
        }
        _ => say!("chip-no-name"),
    }
}

impl Row for DomainRow {
    fn key(&self) -> Key {
        Key::Domain(self.domain.clone())
    }

    fn sort_key(&self, field: Field) -> SortKey<'_> {
        match field {
            Field::Hosts => SortKey::Number(self.hosts.len() as f64),
            Field::Process => self.processes.first().map_or(SortKey::Absent, |name| SortKey::Text(name)),
            _ => Figures::from(self).sort_key(field).unwrap_or(SortKey::Text(&self.domain)),
        }
    }

    fn pick(&self) -> Picked<'_> {
        Picked::Domain(self)
    }

    fn hint(&self, field: Field) -> Option<String> {
        match field {
            Field::Hosts if self.hosts.len() > 1 => Some(self.hosts.join("\n")),
            Field::Process if self.processes.len() > 1 => Some(self.processes.join("\n")),
            _ => None,
        }
    }

    fn is_openable(&self) -> bool {
        true
    }

    fn paint(&self, field: Field, cell: &CellPainter<'_>) {
        match field {
            Field::Name => cell.name(None, &self.domain, self.is_address.then(|| address_chip(&self.domain))),
            Field::Hosts => cell.text(&some_of(&self.hosts), Rank::Second),
            Field::Process => cell.text(&some_of(&self.processes), Rank::Second),
            _ => Figures::from(self).paint(field, cell),
        }
    }

    fn sentence(&self) -> String {
        let [down, up, connections] = Figures::from(self).spoken();
        say!("row-process", name = &*self.domain, down = down, up = up, connections = connections)
    }

    fn tab_separated(&self) -> String {
        let names = [self.domain.to_string(), self.hosts.join(" "), self.processes.join(", ")];
        Figures::from(self).tab_separated(names)
    }

    fn json(&self) -> String {
        let processes: Vec<&str> = self.processes.iter().map(|name| &**name).collect();
        Figures::from(self).json(json!({ "domain": &*self.domain, "processes": processes }))
    }

    fn menu(&self, _context: &MenuContext<'_>) -> Vec<MenuEntry> {
        let label = if self.is_address { say!("copy-address") } else { say!("copy-domain") };
        let mut entries = vec![MenuEntry::Copy { label, text: self.domain.to_string() }];
        if !self.hosts.is_empty() {
            entries.push(MenuEntry::Copy { label: say!("copy-hosts"), text: self.hosts.join("\n") });
        }
        entries.push(MenuEntry::filter("host", &self.domain));
        entries
    }

    fn is_over(&self) -> bool {
        self.connections == 0
    }
}

impl TopRow for DomainRow {
    const VIEW: View = View::Domains;

    fn all(snapshot: &Snapshot) -> &Rows<Self> {
        &snapshot.domains
    }

    /// Its domain's row, else its name's, else its address's.
    fn parent_of(connection: &ConnectionRow) -> Key {
        let named =
            connection.domain.clone().or_else(|| connection.host.as_ref().map(|host| host.name.clone()));
        Key::Domain(named.unwrap_or_else(|| connection.remote.ip().to_canonical().to_string().into()))
    }

    fn host_of(connection: &ConnectionRow) -> Option<(&Arc<str>, &Arc<str>)> {
        Some((connection.domain.as_ref()?, &connection.host.as_ref()?.name))
    }

    fn passes(&self, filter: &Filter) -> bool {
        filter.matches_domain(self)
    }

    fn distance(&self) -> Distance {
        if !self.is_address {
            return Distance::of_name(&self.domain);
        }
        self.domain.parse().map_or(Distance::Internet, Distance::of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_name_says_what_kind_it_is() {
        #[rustfmt::skip]
        let cases = [
            ("127.0.0.1", "this machine"), ("::1", "this machine"), ("192.168.1.1", "local network"), ("fe80::1", "local network"),
            ("fd00::1", "local network"), ("ff02::fb", "multicast"), ("224.0.0.251", "multicast"), ("255.255.255.255", "broadcast"),
            ("93.184.216.34", "no name"), ("2606:2800:220:1::1", "no name"),
        ];
        for (address, chip) in cases {
            assert_eq!(address_chip(address), chip, "{address}");
        }
    }

    #[test]
    fn names_are_counted_after_the_first() {
        let names: [Arc<str>; 3] = ["curl".into(), "wget".into(), "git".into()];
        assert_eq!(some_of(&names), "curl +2");
        assert_eq!(some_of(names.get(..1).unwrap_or_default()), "curl");
    }
}
