//! The pane below the tables: all that is known of the selected row.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use egui::{
    Align, Frame, Label, Layout, Margin, Panel, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo, vec2,
};

use super::fonts::{Weight, font};
use super::theme::{BODY, SMALL, Tokens};
use super::views::connection::{endpoint, note_sentence, remote_name, service, source_sentence};
use super::views::host::HostRow;
use super::views::{Chosen, Key, MenuContext, Picked, process};
use super::widgets::icon::{self, Icon};
use super::widgets::long_chart;
use super::{routes, text};
use crate::aggregate::snapshot::{
    Both, ConnectionRow, DomainRow, History, HostNote, ProcessRow, Route, Snapshot, Source, Watch, Watched,
};
use crate::event::TcpState;
use crate::settings::Units;
use crate::units::Bytes;

/// Points: the pane.
const HEIGHT: f32 = 232.0;
/// Points: a fact's name.
const LABEL: f32 = 92.0;
/// Points: what one line takes.
const LINE: f32 = 21.0;
/// Lines of the list of who talks to whom.
const MAX_PARTNERS: usize = 6;

/// Something known: what it is called, and what it is.
type Fact = (&'static str, String);

/// Who a process or a domain talks to, the busiest first; kept until there is a newer picture.
#[derive(Debug, Default)]
pub struct Partners {
    made_for: Option<(u64, Key)>,
    busiest: Vec<(String, Bytes)>,
    others: usize,
}

impl Partners {
    fn refresh(&mut self, picked: &Picked<'_>, snapshot: &Snapshot) {
        let made_for = (snapshot.generation, picked.key());
        if self.made_for.as_ref() == Some(&made_for) {
            return;
        }
        let mut bytes: BTreeMap<String, Bytes> = BTreeMap::new();
        let mut add =
            |name: String, moved: Both<Bytes>| *bytes.entry(name).or_default() += moved.rx + moved.tx;
        match picked {
            Picked::Process(process) => {
                let own = snapshot.connections.iter().filter(|row| row.process == process.key);
                // By domain, as far as there is one: a site's many hosts are one partner.
                let site = |row: &ConnectionRow| {
                    row.domain.as_ref().map_or_else(|| remote_name(row), ToString::to_string)
                };
                own.for_each(|row| add(site(row), row.bytes));
            }
            Picked::Domain(domain) => {
                let address = domain.is_address.then(|| domain.domain.parse().ok()).flatten();
                let below = snapshot.connections.iter().filter(|row| is_below(row, &domain.domain, address));
                // Who passes it on for others does not use it.
                let own = below.filter(|row| row.credited || row.counted != Both::default());
                own.for_each(|row| add(owner(row).to_owned(), row.counted));
            }
            Picked::Host(host) => {
                let is_on = |row: &&Arc<ConnectionRow>| {
                    row.host.as_ref().is_some_and(|own| own.name == host.name)
                        && row.domain.as_ref() == Some(&host.domain)
                };
                let own = snapshot.connections.iter().filter(is_on);
                let own = own.filter(|row| row.credited || row.counted != Both::default());
                own.for_each(|row| add(owner(row).to_owned(), row.counted));
            }
            Picked::Connection(_) => {}
        }
        let mut all: Vec<_> = bytes.into_iter().collect();
        all.sort_by(|(a, x), (b, y)| y.cmp(x).then_with(|| a.cmp(b)));
        self.others = all.len().saturating_sub(MAX_PARTNERS);
        all.truncate(MAX_PARTNERS);
        self.busiest = all;
        self.made_for = Some(made_for);
    }
}

/// Whether a connection belongs to a domain's row.
fn is_below(row: &ConnectionRow, domain: &str, address: Option<IpAddr>) -> bool {
    match (&row.domain, &row.host) {
        (Some(own), _) => **own == *domain,
        (None, Some(host)) => *host.name == *domain,
        (None, None) => address == Some(row.remote.ip().to_canonical()),
    }
}

fn owner(row: &ConnectionRow) -> &str {
    if row.process.is_some() { &row.process_name } else { "Unattributed" }
}

/// What the pane shows.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// The selected row.
    pub picked: Option<&'a Picked<'a>>,
    /// The picture that it is of.
    pub snapshot: &'a Snapshot,
    /// How amounts are written.
    pub units: Units,
    /// The user that Crow runs as.
    pub user: Option<&'a str>,
    /// What the system calls the parent of the selected row's process, where that is not in the picture itself.
    pub parent: Option<&'a str>,
}

/// What was asked for in the pane.
#[derive(Clone, Debug, PartialEq)]
pub enum DetailsEvent {
    /// It is to be closed.
    Close,
    /// Something with the row's process.
    Chosen(Chosen),
}

/// Draws the pane. Returns what was asked for.
pub fn details_ui(
    ui: &mut Ui,
    shown: Shown<'_>,
    partners: &mut Partners,
    tokens: &Tokens,
) -> Option<DetailsEvent> {
    let Shown { picked, snapshot, units, user, parent } = shown;
    let frame =
        Frame::NONE.fill(tokens.panel).inner_margin(Margin { left: 16, right: 10, top: 8, bottom: 8 });
    let mut event = None;
    Panel::bottom("details").exact_size(HEIGHT).frame(frame).show(ui, |ui| {
        ui.style_mut().interaction.selectable_labels = true;
        ui.spacing_mut().item_spacing = vec2(6.0, 3.0);
        let Some(picked) = picked else {
            event = head_ui(ui, ("Details", ""), None, tokens);
            ui.label(RichText::new("Select a row to see all that is known of it.").color(tokens.dim));
            return;
        };
        partners.refresh(picked, snapshot);
        let (title, subtitle) = headline(picked, snapshot);
        let process = match picked {
            Picked::Process(row) => Some(*row),
            Picked::Connection(row) => {
                row.process.and_then(|key| process::find(snapshot, Some(key))).map(|row| &**row)
            }
            Picked::Domain(_) | Picked::Host(_) => None,
        };
        let acts = process.map(|row| (row, MenuContext { snapshot, user }));
        event = head_ui(ui, (&title, &subtitle), acts, tokens);
        ui.add_space(2.0);
        columns_ui(ui, (picked, snapshot, units, parent), partners, tokens);
    });
    event
}

fn head_ui(
    ui: &mut Ui,
    (title, subtitle): (&str, &str),
    acts: Option<(&ProcessRow, MenuContext<'_>)>,
    tokens: &Tokens,
) -> Option<DetailsEvent> {
    let mut event = None;
    let size = vec2(ui.available_width(), 26.0);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        if icon::button(ui, Icon::Clear, "Close details", tokens).clicked() {
            event = Some(DetailsEvent::Close);
        }
        if let Some((row, context)) = acts {
            let quit = process::target(row, &context).map(|target| (text::QUIT, Chosen::Quit(target)));
            let reveal =
                process::reveal(row, &context).map(|action| (text::REVEAL, Chosen::Act(Box::new(action))));
            for (label, chosen) in quit.into_iter().chain(reveal) {
                if ui.add(egui::Button::new(RichText::new(label).size(SMALL)).small()).clicked() {
                    event = Some(DetailsEvent::Chosen(chosen));
                }
            }
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.label(RichText::new(title).font(font(Weight::SemiBold, 15.0)).color(tokens.strong));
            ui.add(Label::new(RichText::new(subtitle).color(tokens.dim)).truncate());
        });
    });
    event
}

fn headline(picked: &Picked<'_>, snapshot: &Snapshot) -> (String, String) {
    match picked {
        Picked::Process(row) => {
            let ended = if row.exited { "ended" } else { "" };
            (row.name.to_string(), ended.to_owned())
        }
        Picked::Connection(row) => (remote_name(row), format!("{} of {}", service(row), owner(row))),
        Picked::Domain(row) => {
            let since = text::age(snapshot.time.since(row.first_seen));
            (row.domain.to_string(), format!("first seen {since} ago"))
        }
        Picked::Host(row) => (row.name.to_string(), format!("a host of {}", row.domain)),
    }
}

fn columns_ui(
    ui: &mut Ui,
    (picked, snapshot, units, parent): (&Picked<'_>, &Snapshot, Units, Option<&str>),
    partners: &Partners,
    tokens: &Tokens,
) {
    let room = ui.available_size();
    let facts_width = (room.x * 0.34).clamp(220.0, 420.0);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 18.0;
        let (first, second) = facts(picked, snapshot, (units, parent));
        column(ui, vec2(facts_width, room.y), |ui| facts_ui(ui, "first facts", &first, tokens));
        let width = if second.is_empty() { 240.0 } else { facts_width * 0.9 };
        column(ui, vec2(width.min(room.x * 0.3), room.y), |ui| match picked {
            Picked::Process(_) => partners_ui(ui, "Talks to", (partners, units), tokens),
            Picked::Domain(_) | Picked::Host(_) => partners_ui(ui, "Used by", (partners, units), tokens),
            Picked::Connection(_) => facts_ui(ui, "second facts", &second, tokens),
        });
        let left = ui.available_width() - 8.0;
        if let Some((of, watched)) = chart_of(picked, snapshot).filter(|_| left > 120.0) {
            column(ui, vec2(left, room.y), |ui| {
                caption_ui(ui, &format!("{}{of}", long_chart::caption(&watched)), tokens);
                long_chart::long_chart(ui, (&watched, units), vec2(left, room.y - 26.0), tokens);
            });
        }
    });
}

fn column(ui: &mut Ui, size: egui::Vec2, content: impl FnOnce(&mut Ui)) {
    ui.allocate_ui_with_layout(size, Layout::top_down(Align::Min), |ui| {
        ui.set_width(size.x);
        content(ui);
    });
}

fn caption_ui(ui: &mut Ui, text: &str, tokens: &Tokens) {
    let text = RichText::new(text).font(font(Weight::Medium, SMALL)).color(tokens.dim);
    ui.add(Label::new(text).truncate());
}

fn facts_ui(ui: &mut Ui, id: &str, facts: &[Fact], tokens: &Tokens) {
    ScrollArea::vertical().id_salt(id).auto_shrink(false).show(ui, |ui| {
        for (name, value) in facts {
            ui.horizontal_top(|ui| {
                let (rect, response) = ui.allocate_exact_size(vec2(LABEL, LINE - 3.0), Sense::hover());
                response.widget_info(|| WidgetInfo::labeled(Role::Label, true, *name));
                let style = font(Weight::Regular, BODY);
                ui.painter().text(rect.left_top(), egui::Align2::LEFT_TOP, name, style, tokens.dim);
                // What is long goes on in the next line: it is here to be read whole.
                ui.add(Label::new(RichText::new(value).color(tokens.text)).wrap());
            });
        }
    });
}

fn partners_ui(ui: &mut Ui, caption: &str, (partners, units): (&Partners, Units), tokens: &Tokens) {
    caption_ui(ui, caption, tokens);
    let largest = partners.busiest.first().map_or(0, |(_, bytes)| bytes.0).max(1);
    for (name, bytes) in &partners.busiest {
        let size = vec2(ui.available_width(), LINE - 3.0);
        ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
            let whole = ui.max_rect();
            let part = bytes.0 as f32 / largest as f32;
            let bar =
                egui::Rect::from_min_size(whole.min, vec2(whole.width() * part.max(0.01), whole.height()));
            ui.painter().rect_filled(bar, 3.0, tokens.down.gamma_multiply(0.16));
            ui.add_space(4.0);
            let words = text::bytes_or_zero(*bytes, units);
            ui.label(RichText::new(words).color(tokens.dim));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add_space(5.0);
                ui.add(Label::new(RichText::new(name).color(tokens.text)).truncate());
            });
        });
    }
    if partners.busiest.is_empty() {
        ui.label(RichText::new("nobody any more").color(tokens.dim));
    }
    if partners.others > 0 {
        let words = format!("and {} more", text::grouped(partners.others as u64));
        ui.label(RichText::new(words).font(font(Weight::Regular, SMALL)).color(tokens.dim));
    }
}

/// The row whose long chart is wanted for a selected row: a host has none, its domain's stands for it.
#[must_use]
pub fn watch_of(key: &Key) -> Watch {
    match key {
        Key::Process(key) => Watch::Process(*key),
        Key::Connection(flow) => Watch::Connection(*flow),
        Key::Domain(domain) | Key::Host(domain, _) => Watch::Domain(Arc::clone(domain)),
    }
}

/// The chart, and whose it is where it is not the row's own. Until the long one has come, the last minute stands in.
fn chart_of(picked: &Picked<'_>, snapshot: &Snapshot) -> Option<(String, Watched)> {
    let of = watch_of(&picked.key());
    let whose = match picked {
        Picked::Host(row) => format!(", all of {}", row.domain),
        _ => String::new(),
    };
    if let Some(watched) = snapshot.watched.as_ref().filter(|watched| watched.of == of) {
        return Some((whose, watched.clone()));
    }
    let seconds = match picked {
        Picked::Process(row) => Arc::clone(&row.history),
        Picked::Domain(row) => Arc::clone(&row.history),
        Picked::Connection(_) | Picked::Host(_) => return None,
    };
    let known = Duration::from_secs(seconds.len() as u64);
    Some((whose, Watched { of, seconds, tens: History::default(), tens_age: Duration::ZERO, known }))
}

fn facts(
    picked: &Picked<'_>,
    snapshot: &Snapshot,
    (units, parent): (Units, Option<&str>),
) -> (Vec<Fact>, Vec<Fact>) {
    match picked {
        Picked::Process(row) => (process_facts(row, snapshot, (units, parent)), Vec::new()),
        Picked::Connection(row) => (ends_of(row, snapshot, units), numbers_of(row, snapshot, units)),
        Picked::Domain(row) => (domain_facts(row, snapshot, units), Vec::new()),
        Picked::Host(row) => (host_facts(row, snapshot, units), Vec::new()),
    }
}

/// A process's parent as far as the picture knows it: processes that use the network.
fn parent_in<'a>(row: &ProcessRow, snapshot: &'a Snapshot) -> Option<&'a str> {
    let parent = row.parent?;
    let is_parent = |other: &&Arc<ProcessRow>| other.key.is_some_and(|key| key.pid == parent);
    snapshot.processes.iter().find(is_parent).map(|row| &*row.name)
}

/// The process whose name the system has to be asked for: the parent of a process of this machine.
#[must_use]
pub fn unnamed_parent(picked: &Picked<'_>, snapshot: &Snapshot) -> Option<i32> {
    let Picked::Process(row) = picked else { return None };
    let is_unnamed = snapshot.source == Source::Live && parent_in(row, snapshot).is_none();
    row.parent.filter(|parent| is_unnamed && *parent > 0)
}

fn process_facts(
    row: &ProcessRow,
    snapshot: &Snapshot,
    (units, parent_name): (Units, Option<&str>),
) -> Vec<Fact> {
    let ago = |time| format!("{} ago", text::age(snapshot.time.since(time)));
    let mut facts = Vec::new();
    match row.key {
        Some(key) => facts.push(("PID", key.pid.to_string())),
        None => facts.push(("What it is", "Traffic whose process Crow could not find".to_owned())),
    }
    if let Some(parent) = row.parent.filter(|parent| *parent > 0) {
        let name = parent_in(row, snapshot).or(parent_name);
        facts.push(("Parent", name.map_or(parent.to_string(), |name| format!("{name} ({parent})"))));
    }
    facts.extend(row.user.as_ref().map(|user| ("User", user.to_string())));
    if row.app.name != *row.name && !row.app.name.is_empty() {
        facts.push(("App", row.app.name.clone()));
    }
    // A Mac's bundle; elsewhere the app's id is the program's path once more.
    let is_bundle = row.app.id.starts_with('/') && row.path.as_deref().is_none_or(|path| path != row.app.id);
    facts.extend(is_bundle.then(|| ("Bundle", row.app.id.clone())));
    facts.extend(row.path.as_ref().map(|path| ("Program", path.to_string())));
    facts.extend(names_of(row, snapshot).map(|names| ("Names", names)));
    facts.extend(row.key.and_then(|key| key.started).map(|started| ("Started", ago(started))));
    facts.push(("Open", text::counted(row.connections as usize, "connection", "connections")));
    facts.push(("First packet", ago(row.first_seen)));
    facts.push(("Last packet", ago(row.last_seen)));
    facts.push(("Received", text::bytes_or_zero(row.bytes.rx, units)));
    facts.push(("Sent", text::bytes_or_zero(row.bytes.tx, units)));
    facts
}

/// How a process that talks to a resolver behind closed doors asks for names.
fn names_of(row: &ProcessRow, snapshot: &Snapshot) -> Option<String> {
    let own = || snapshot.connections.iter().filter(|connection| connection.process == row.key);
    let (_, operator) = own()
        .filter_map(|connection| connection.host_note())
        .find(|(note, _)| *note == HostNote::EncryptedDns)?;
    let operator = operator.map(|operator| format!(" ({operator})")).unwrap_or_default();
    let is_in_clear = own().any(|connection| connection.remote.port() == 53);
    let only = if is_in_clear { "also" } else { "only" };
    Some(format!("asked for {only} in encrypted DNS{operator}, as far as Crow has seen"))
}

fn ends_of(row: &ConnectionRow, snapshot: &Snapshot, units: Units) -> Vec<Fact> {
    let mut facts = vec![("Remote", endpoint(row, row.remote)), ("Local", endpoint(row, row.local))];
    if let Some(host) = &row.host {
        let age = text::age(snapshot.time.since(host.learned));
        facts.push(("Name from", format!("{}, {age} ago", source_sentence(host.source))));
    }
    facts.extend(row.host_note().map(|(note, operator)| ("Note", note_sentence(note, operator))));
    facts.extend(row.domain.as_ref().map(|domain| ("Domain", domain.to_string())));
    let pid = row.process.map(|key| format!(" ({})", key.pid)).unwrap_or_default();
    facts.push(("Process", format!("{}{pid}", owner(row))));
    facts.extend(row.via.map(|via| ("Through", format!("process {}", via.pid))));
    facts.push(("Route", routes::sentence(row)));
    let carried =
        snapshot.totals.routes.tunnels.iter().find(|tunnel| row.route_via.as_ref() == Some(&tunnel.name));
    if row.route == Route::Carrier {
        facts.extend(
            carried.and_then(|tunnel| routes::overhead(tunnel, units)).map(|words| ("Overhead", words)),
        );
    }
    facts.push(("Protocol", row.protocol.to_string().to_uppercase()));
    facts.push(("Interface", row.interface.to_string()));
    facts
}

fn numbers_of(row: &ConnectionRow, snapshot: &Snapshot, units: Units) -> Vec<Fact> {
    let ago = |time| format!("{} ago", text::age(snapshot.time.since(time)));
    let mut facts = Vec::new();
    facts.extend(row.state.map(|state| ("State", text::tcp_state(TcpState::name(state)))));
    facts.extend(row.rtt_us.map(|micros| ("Round trip", text::round_trip(micros))));
    if row.state.is_some() {
        facts.push(("Sent again", text::counted(row.retransmits as usize, "segment", "segments")));
    }
    if row.keep_alives > 0 {
        facts.push(("Keep-alives", text::counted(row.keep_alives as usize, "probe", "probes")));
    }
    if row.wakes > 0 {
        facts.push(("Woke the Mac", text::counted(row.wakes as usize, "time", "times")));
    }
    let way = |bytes: Bytes, packets: u64| {
        let packets = text::counted(usize::try_from(packets).unwrap_or(usize::MAX), "packet", "packets");
        format!("{} in {packets}", text::bytes_or_zero(bytes, units))
    };
    facts.push(("Received", way(row.bytes.rx, row.packets.rx)));
    facts.push(("Sent", way(row.bytes.tx, row.packets.tx)));
    facts.push(("First packet", ago(row.first_seen)));
    facts.push(("Last packet", ago(row.last_seen)));
    if !row.credited {
        facts.push(("Counted", "elsewhere: for what it carries".to_owned()));
    }
    facts
}

fn domain_facts(row: &DomainRow, snapshot: &Snapshot, units: Units) -> Vec<Fact> {
    let ago = |time| format!("{} ago", text::age(snapshot.time.since(time)));
    let mut facts = vec![
        ("Received", text::bytes_or_zero(row.bytes.rx, units)),
        ("Sent", text::bytes_or_zero(row.bytes.tx, units)),
        ("Open", text::counted(row.connections as usize, "connection", "connections")),
        ("First packet", ago(row.first_seen)),
        ("Last packet", ago(row.last_seen)),
    ];
    let mut name = "Hosts";
    for host in &row.hosts {
        facts.push((std::mem::take(&mut name), host.to_string()));
    }
    facts
}

fn host_facts(row: &HostRow, snapshot: &Snapshot, units: Units) -> Vec<Fact> {
    let ago = |time| format!("{} ago", text::age(snapshot.time.since(time)));
    vec![
        ("Received", text::bytes_or_zero(row.bytes.rx, units)),
        ("Sent", text::bytes_or_zero(row.bytes.tx, units)),
        ("Counted", "in the connections that still show".to_owned()),
        ("Open", text::counted(row.connections as usize, "connection", "connections")),
        ("First packet", ago(row.first_seen)),
        ("Last packet", ago(row.last_seen)),
    ]
}
