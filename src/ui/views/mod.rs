//! The three tables: what their rows are called, say and sort by.

pub mod connection;
pub mod domain;
mod figures;
mod header;
pub mod host;
pub mod long;
mod order;
pub mod process;
pub mod sheet;
pub mod table;

use std::cmp::Ordering;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::aggregate::snapshot::{ConnectionRow, DomainRow, ProcessRow, Rows, Snapshot};
use crate::event::{FlowId, ProcessKey};
use crate::filter::Filter;
use crate::lang::{Phrase, say};
use crate::session::{Action, Target};
use crate::settings::{Distance, View};
use crate::time::Timestamp;
use crate::ui::widgets::cell::CellPainter;

use host::HostRow;

/// Names a row for as long as it exists, wherever it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A process; `None` is what has no owner.
    Process(Option<ProcessKey>),
    /// A connection.
    Connection(FlowId),
    /// A registrable domain.
    Domain(Arc<str>),
    /// A host name below a domain.
    Host(Arc<str>, Arc<str>),
}

/// What a column shows. Not every row has every field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// What the row is called; carries the triangle of rows that open.
    Name,
    /// The process.
    Process,
    /// The process id.
    Pid,
    /// The user that it runs as.
    User,
    /// The app that it belongs to.
    App,
    /// Its program.
    Path,
    /// The service or protocol.
    Service,
    /// The TCP state.
    State,
    /// The rate received.
    Down,
    /// The rate sent.
    Up,
    /// Bytes received.
    Downloaded,
    /// Bytes sent.
    Uploaded,
    /// Open connections.
    Connections,
    /// The last minute, drawn.
    Activity,
    /// Round-trip time.
    RoundTrip,
    /// Segments sent again.
    Retransmits,
    /// Packets received and sent.
    Packets,
    /// The interface.
    Interface,
    /// This end's address.
    Local,
    /// The other end's address.
    Address,
    /// Time since the first packet.
    Age,
    /// Host names.
    Hosts,
    /// How it leaves the machine.
    Route,
    /// The IP protocol.
    Protocol,
    /// The process that does the talking for the owner.
    Via,
    /// The registrable domain.
    Domain,
    /// Time since the last packet.
    Quiet,
}

impl Field {
    /// The name used in the settings file.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Process => "process",
            Self::Pid => "pid",
            Self::User => "user",
            Self::App => "app",
            Self::Path => "path",
            Self::Service => "service",
            Self::State => "state",
            Self::Down => "down",
            Self::Up => "up",
            Self::Downloaded => "downloaded",
            Self::Uploaded => "uploaded",
            Self::Connections => "connections",
            Self::Activity => "activity",
            Self::RoundTrip => "round_trip",
            Self::Retransmits => "retransmits",
            Self::Packets => "packets",
            Self::Interface => "interface",
            Self::Local => "local",
            Self::Address => "address",
            Self::Age => "age",
            Self::Hosts => "hosts",
            Self::Route => "route",
            Self::Protocol => "protocol",
            Self::Via => "via",
            Self::Domain => "domain",
            Self::Quiet => "quiet",
        }
    }

    /// Whether its cells are numbers: aligned right, and sorted largest first at the first click.
    #[must_use]
    pub const fn is_number(self) -> bool {
        matches!(
            self,
            Self::Pid
                | Self::Down
                | Self::Up
                | Self::Downloaded
                | Self::Uploaded
                | Self::Connections
                | Self::RoundTrip
                | Self::Retransmits
                | Self::Packets
                | Self::Age
                | Self::Via
                | Self::Quiet
        )
    }

    /// Whether the first click on its header sorts the largest first.
    #[must_use]
    pub const fn descends_first(self) -> bool {
        // The chart sorts by what it draws: the traffic.
        self.is_number() || matches!(self, Self::Activity)
    }
}

/// One column of one table, as Crow ships it.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// What it shows.
    pub field: Field,
    /// The header.
    pub title: Phrase,
    /// The whole explanation, for the tooltip and the column menu.
    pub explanation: Phrase,
    /// Points.
    pub width: f32,
    /// Whether it shows until the user says otherwise.
    pub is_shown: bool,
}

/// What rows are compared by. What is absent comes last, whichever way the sort goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SortKey<'a> {
    /// A number.
    Number(f64),
    /// Words, compared without regard to case.
    Text(&'a str),
    /// Addresses, compared by number.
    Address(SocketAddr),
    /// Nothing is known.
    Absent,
}

impl SortKey<'_> {
    /// The order of two rows; `Equal` leaves the decision to the rows' keys.
    #[must_use]
    pub fn compare(&self, other: &Self, is_descending: bool) -> Ordering {
        let ordering = match (self, other) {
            (Self::Absent, Self::Absent) => Ordering::Equal,
            (Self::Absent, _) => return Ordering::Greater,
            (_, Self::Absent) => return Ordering::Less,
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => compare_text(a, b),
            (Self::Address(a), Self::Address(b)) => a.cmp(b),
            // One column gives keys of one kind; child rows may differ from their parents only.
            _ => Ordering::Equal,
        };
        if is_descending { ordering.reverse() } else { ordering }
    }
}

/// Without regard to case, and without copying.
fn compare_text(a: &str, b: &str) -> Ordering {
    a.chars().flat_map(char::to_lowercase).cmp(b.chars().flat_map(char::to_lowercase))
}

/// An entry of a row's context menu.
#[derive(Clone, Debug, PartialEq)]
pub enum MenuEntry {
    /// Puts a text on the clipboard.
    Copy {
        /// What the entry says.
        label: &'static str,
        /// What is copied.
        text: String,
    },
    /// Puts a text into the filter field.
    Filter {
        /// What the entry says.
        label: String,
        /// The filter.
        text: String,
    },
    /// Asks the rest of Crow for something.
    Act {
        /// What the entry says.
        label: &'static str,
        /// What is asked for.
        action: Action,
    },
    /// Asks the user, and then the process, whether it is to end.
    Quit(Target),
}

/// What a row's menu depends on beside the row.
#[derive(Clone, Copy)]
pub struct MenuContext<'a> {
    /// The picture that the row is of.
    pub snapshot: &'a Snapshot,
    /// The user that Crow runs as.
    pub user: Option<&'a str>,
}

/// What the user chose in a row's menu.
#[derive(Clone, Debug, PartialEq)]
pub enum Chosen {
    /// A text to filter by.
    Filter(String),
    /// Something for the rest of Crow.
    Act(Box<Action>),
    /// A process is to end.
    Quit(Target),
}

impl MenuEntry {
    /// Filters by a name in the filter's own words: `app:curl`, `host:"a b"`.
    fn filter(key: &str, name: &str) -> Self {
        let name = name.replace('"', "");
        let quote = if name.contains(char::is_whitespace) { "\"" } else { "" };
        Self::Filter {
            label: say!("filter-by", name = name.as_str()),
            text: format!("{key}:{quote}{name}{quote}"),
        }
    }
}

/// One row, whichever table it is of.
#[derive(Clone, Copy, Debug)]
pub enum Picked<'a> {
    /// A process.
    Process(&'a ProcessRow),
    /// A connection.
    Connection(&'a ConnectionRow),
    /// A domain.
    Domain(&'a DomainRow),
    /// A host below a domain.
    Host(&'a HostRow),
}

impl Picked<'_> {
    /// Its name for life.
    #[must_use]
    pub fn key(&self) -> Key {
        match self {
            Self::Process(row) => row.key(),
            Self::Connection(row) => row.key(),
            Self::Domain(row) => row.key(),
            Self::Host(row) => row.key(),
        }
    }
}

/// A row, at the top of a table or below another one.
pub trait Row: Sized {
    /// Its name for life.
    fn key(&self) -> Key;
    /// What it is compared by in a column.
    fn sort_key(&self, field: Field) -> SortKey<'_>;
    /// Itself, for those who take a row of any table.
    fn pick(&self) -> Picked<'_>;
    /// What a cell says to a pointer that rests on it.
    fn hint(&self, field: Field) -> Option<String>;
    /// Whether it can be opened.
    fn is_openable(&self) -> bool;
    /// Draws one cell.
    fn paint(&self, field: Field, cell: &CellPainter<'_>);
    /// All of it as one sentence, for people who listen.
    fn sentence(&self) -> String;
    /// All of it as words between tabs, for the clipboard.
    fn tab_separated(&self) -> String;
    /// All of it as one line of JSON, with the names of `crow --headless --json`.
    fn json(&self) -> String;
    /// What the context menu offers.
    fn menu(&self, context: &MenuContext<'_>) -> Vec<MenuEntry>;
    /// Whether it is over and only shown for a while yet.
    fn is_over(&self) -> bool;
    /// When it began to be over, where it goes after [`LINGER`](crate::aggregate::snapshot::LINGER): its end, or the
    /// last packet after that.
    fn over_since(&self) -> Option<Timestamp> {
        None
    }
}

/// A row of a table's own.
pub trait TopRow: Row {
    /// The table that it is a row of.
    const VIEW: View;

    /// All rows of its table, in the order of their keys.
    fn all(snapshot: &Snapshot) -> &Rows<Self>;
    /// The key of the row of this table that a connection stands below.
    fn parent_of(connection: &ConnectionRow) -> Key;
    /// The domain and the host that a connection stands below in this table, where hosts stand between.
    #[must_use]
    fn host_of(_connection: &ConnectionRow) -> Option<(&Arc<str>, &Arc<str>)> {
        None
    }
    /// Whether it passes the filter.
    fn passes(&self, filter: &Filter) -> bool;
    /// How far away the other end is.
    fn distance(&self) -> Distance;
}

/// The columns of a table, from left to right.
#[must_use]
pub const fn columns(view: View) -> &'static [Column] {
    match view {
        View::Processes => process::COLUMNS,
        View::Connections => connection::COLUMNS,
        View::Domains => domain::COLUMNS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_comes_last_both_ways() {
        for is_descending in [false, true] {
            assert_eq!(SortKey::Absent.compare(&SortKey::Number(1.0), is_descending), Ordering::Greater);
            assert_eq!(SortKey::Number(1.0).compare(&SortKey::Absent, is_descending), Ordering::Less);
        }
    }

    #[test]
    fn text_sorts_without_regard_to_case() {
        let mut names = ["zoom", "Élan", "curl", "Zed", "apt", "éa", "Curly"];
        names.sort_by(|a, b| SortKey::Text(a).compare(&SortKey::Text(b), false));
        assert_eq!(names, ["apt", "curl", "Curly", "Zed", "zoom", "éa", "Élan"]);
    }

    #[test]
    fn each_column_has_a_name_of_its_own_and_some_show() {
        for view in [View::Processes, View::Connections, View::Domains] {
            let ids: std::collections::BTreeSet<_> =
                columns(view).iter().map(|column| column.field.id()).collect();
            assert_eq!(ids.len(), columns(view).len(), "{view:?}");
            assert!(columns(view).first().is_some_and(|column| column.field == Field::Name));
            assert!(columns(view).iter().filter(|column| column.is_shown).count() >= 6);
        }
    }
}
