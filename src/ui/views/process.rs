//! Processes: one row a process, and one for what has no owner; opened, a process shows its connections.

use std::sync::Arc;

use serde_json::json;

use super::figures::Figures;
use super::{Column, Field, Key, MenuContext, MenuEntry, Picked, Row, SortKey, TopRow};
use crate::aggregate::snapshot::{Asking, ConnectionRow, ProcessRow, Rows, Snapshot, Source};
use crate::event::{ProcessKey, Signature};
use crate::filter::Filter;
use crate::lang::{phrase, say};
use crate::session::{Action, Target};
use crate::settings::{Distance, View};
use crate::time::Timestamp;
use crate::ui::text;
use crate::ui::widgets::cell::{CellPainter, Rank, Tile};

/// The columns of the table of processes.
#[rustfmt::skip]
pub const COLUMNS: &[Column] = &[
    Column { field: Field::Name, title: phrase!("column-process"), explanation: phrase!("column-process-hint"), width: 250.0, is_shown: true },
    Column { field: Field::App, title: phrase!("column-app"), explanation: phrase!("column-app-hint"), width: 130.0, is_shown: false },
    Column { field: Field::Pid, title: phrase!("column-pid"), explanation: phrase!("column-pid-hint"), width: 72.0, is_shown: true },
    Column { field: Field::User, title: phrase!("column-user"), explanation: phrase!("column-user-hint"), width: 110.0, is_shown: true },
    Column { field: Field::Down, title: phrase!("column-down"), explanation: phrase!("column-down-hint"), width: 98.0, is_shown: true },
    Column { field: Field::Up, title: phrase!("column-up"), explanation: phrase!("column-up-hint"), width: 98.0, is_shown: true },
    Column { field: Field::Downloaded, title: phrase!("column-downloaded"), explanation: phrase!("column-downloaded-hint"), width: 104.0, is_shown: true },
    Column { field: Field::Uploaded, title: phrase!("column-uploaded"), explanation: phrase!("column-uploaded-hint"), width: 98.0, is_shown: true },
    Column { field: Field::Connections, title: phrase!("column-connections"), explanation: phrase!("column-connections-hint"), width: 98.0, is_shown: true },
    Column { field: Field::Age, title: phrase!("column-age"), explanation: phrase!("column-age-hint"), width: 84.0, is_shown: false },
    Column { field: Field::Quiet, title: phrase!("column-quiet"), explanation: phrase!("column-quiet-hint"), width: 98.0, is_shown: false },
    Column { field: Field::Path, title: phrase!("column-program"), explanation: phrase!("column-program-hint"), width: 240.0, is_shown: false },
    Column { field: Field::Activity, title: phrase!("column-activity"), explanation: phrase!("column-activity-hint"), width: 150.0, is_shown: true },
];

impl Row for ProcessRow {
    fn key(&self) -> Key {
        Key::Process(self.key)
    }

    fn sort_key(&self, field: Field) -> SortKey<'_> {
        match field {
            Field::Pid => self.key.map_or(SortKey::Absent, |key| SortKey::Number(f64::from(key.pid))),
            Field::User => self.user.as_deref().map_or(SortKey::Absent, SortKey::Text),
            Field::App => SortKey::Text(&self.app.name),
            Field::Path => self.path.as_deref().map_or(SortKey::Absent, SortKey::Text),
            _ => Figures::from(self).sort_key(field).unwrap_or(SortKey::Text(&self.name)),
        }
    }

    fn pick(&self) -> Picked<'_> {
        Picked::Process(self)
    }

    fn hint(&self, field: Field) -> Option<String> {
        match (field, &self.path) {
            (Field::Name, _) if self.key.is_none() => Some(say!("hint-unattributed").to_owned()),
            (Field::Name | Field::Path, Some(path)) => Some(path.to_string()),
            _ => None,
        }
    }

    fn is_openable(&self) -> bool {
        true
    }

    fn paint(&self, field: Field, cell: &CellPainter<'_>) {
        match field {
            Field::Name => {
                let letter_of = if self.key.is_some() { &*self.app.name } else { "?" };
                let tile = Tile { app: &self.app.id, path: self.path.as_ref(), letter_of };
                cell.name(Some(tile), name(self), self.ended.map(|_| say!("ended")));
            }
            Field::App => cell.text(&self.app.name, Rank::Second),
            Field::Pid => cell.number(self.key.map(|key| key.pid.to_string()).as_deref(), Rank::Second),
            Field::User => cell.text(self.user.as_deref().unwrap_or_default(), Rank::Second),
            Field::Path => cell.text(self.path.as_deref().unwrap_or_default(), Rank::Second),
            _ => Figures::from(self).paint(field, cell),
        }
    }

    fn sentence(&self) -> String {
        let [down, up, connections] = Figures::from(self).spoken();
        if self.ended.is_some() {
            say!("row-process-ended", name = name(self), down = down, up = up, connections = connections)
        } else {
            say!("row-process", name = name(self), down = down, up = up, connections = connections)
        }
    }

    fn tab_separated(&self) -> String {
        let pid = self.key.map_or_else(String::new, |key| key.pid.to_string());
        let user = self.user.as_deref().unwrap_or_default().to_owned();
        Figures::from(self).tab_separated([self.name.to_string(), pid, user])
    }

    fn json(&self) -> String {
        Figures::from(self).json(json!({
            "pid": self.key.map(|key| key.pid),
            "name": &*self.name,
            "app": self.app.name,
            "path": self.path.as_deref(),
            "user": self.user.as_deref(),
            "first_seen": self.first_seen.to_string(),
            "exited": self.ended.is_some(),
            "dns": self.asking.name(),
            "dns_resolvers": self.asking.resolvers.iter().map(|name| &**name).collect::<Vec<_>>(),
        }))
    }

    fn menu(&self, context: &MenuContext<'_>) -> Vec<MenuEntry> {
        let mut entries = vec![MenuEntry::Copy { label: say!("copy-name"), text: self.name.to_string() }];
        if let Some(path) = &self.path {
            entries.push(MenuEntry::Copy { label: say!("copy-path"), text: path.to_string() });
        }
        if self.key.is_some() {
            entries.push(MenuEntry::filter("app", &self.name));
        }
        entries.extend(reveal(self, context).map(|action| MenuEntry::Act { label: text::reveal(), action }));
        entries.extend(target(self, context).map(MenuEntry::Quit));
        entries
    }

    fn is_over(&self) -> bool {
        self.ended.is_some()
    }

    fn over_since(&self) -> Option<Timestamp> {
        self.ended.map(|ended| ended.max(self.last_seen))
    }
}

impl TopRow for ProcessRow {
    const VIEW: View = View::Processes;

    fn all(snapshot: &Snapshot) -> &Rows<Self> {
        &snapshot.processes
    }

    fn parent_of(connection: &ConnectionRow) -> Key {
        Key::Process(connection.process)
    }

    fn passes(&self, filter: &Filter) -> bool {
        filter.matches_process(self)
    }

    /// A process talks to many; it is never hidden for one of them.
    fn distance(&self) -> Distance {
        Distance::Internet
    }
}

/// What a process is called: what has no owner, in the user's language.
pub(crate) fn name(row: &ProcessRow) -> &str {
    if row.key.is_some() { &row.name } else { say!("unattributed") }
}

/// How a process asks for names, where that is worth a word: behind closed doors, or for others.
pub(crate) fn names_of(row: &ProcessRow) -> Option<String> {
    let Asking { in_clear, for_others, resolvers } = &row.asking;
    if resolvers.is_empty() {
        return for_others.then(|| say!("names-for-others-in-clear").to_owned());
    }
    let operator = format!(" ({})", resolvers.join(", "));
    Some(match (for_others, in_clear) {
        (true, _) => say!("names-for-others", operator = operator),
        (false, true) => say!("names-also", operator = operator),
        (false, false) => say!("names-only", operator = operator),
    })
}

pub(crate) fn signed_by(signature: &Signature) -> String {
    match signature {
        Signature::None => say!("signed-nobody").to_owned(),
        Signature::Broken => say!("signed-broken").to_owned(),
        Signature::AdHoc => say!("signed-ad-hoc").to_owned(),
        Signature::By { name, is_known: false, .. } => say!("signed-unvouched", name = name.as_str()),
        Signature::By { name, team: Some(team), .. } if !name.contains(team.as_str()) => {
            say!("signed-team", name = name.as_str(), team = team.as_str())
        }
        Signature::By { name, .. } => name.clone(),
    }
}

/// The process with this key.
pub(crate) fn find(snapshot: &Snapshot, key: Option<ProcessKey>) -> Option<&Arc<ProcessRow>> {
    let order = (key.is_none(), key);
    let found = snapshot.processes.binary_search_by(|row| (row.key.is_none(), row.key).cmp(&order));
    snapshot.processes.get(found.ok()?)
}

/// What shows the program in the file manager, where it is this machine's.
pub(crate) fn reveal(row: &ProcessRow, context: &MenuContext<'_>) -> Option<Action> {
    let is_here = context.snapshot.source == Source::Live;
    row.path.clone().filter(|_| is_here).map(Action::Reveal)
}

/// The process as one that can be asked to end: one of this machine and of this user that runs.
pub(crate) fn target(row: &ProcessRow, context: &MenuContext<'_>) -> Option<Target> {
    let is_here = context.snapshot.source == Source::Live && row.ended.is_none();
    let is_own = context.user.is_some() && row.user.as_deref() == context.user;
    let key = row.key.filter(|_| is_here && is_own)?;
    Some(Target { key, name: Arc::clone(&row.name), path: row.path.clone() })
}
