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
    Both, ConnectionRow, DomainRow, History, ProcessRow, Snapshot, Source, Watch, Watched,
};
use crate::event::TcpState;
use crate::lang::say;
use crate::session::{Backend, Program};
use crate::settings::Units;
use crate::units::Bytes;

/// Points: the pane.
const HEIGHT: f32 = 232.0;
/// Points: a fact's name, at least.
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
    if row.process.is_some() { &row.process_name } else { say!("unattributed") }
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
    /// Knows who a program is.
    pub backend: &'a dyn Backend,
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
    let Shown { picked, snapshot, units, user, backend } = shown;
    let frame =
        Frame::NONE.fill(tokens.panel).inner_margin(Margin { left: 16, right: 10, top: 8, bottom: 8 });
    let mut event = None;
    Panel::bottom("details").exact_size(HEIGHT).frame(frame).show(ui, |ui| {
        ui.style_mut().interaction.selectable_labels = true;
        ui.spacing_mut().item_spacing = vec2(6.0, 3.0);
        let Some(picked) = picked else {
            event = head_ui(ui, (say!("details"), ""), None, tokens);
            ui.label(RichText::new(say!("details-select")).color(tokens.dim));
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
        columns_ui(ui, (picked, snapshot, units, backend), partners, tokens);
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
        if icon::button(ui, Icon::Clear, say!("details-close"), tokens).clicked() {
            event = Some(DetailsEvent::Close);
        }
        if let Some((row, context)) = acts {
            let quit =
                process::target(row, &context).map(|target| (say!("quit-process"), Chosen::Quit(target)));
            let reveal =
                process::reveal(row, &context).map(|action| (text::reveal(), Chosen::Act(Box::new(action))));
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
            let ended = if row.ended.is_some() { say!("ended") } else { "" };
            (process::name(row).to_owned(), ended.to_owned())
        }
        Picked::Connection(row) => {
            (remote_name(row), say!("service-of", service = service(row), owner = owner(row)))
        }
        Picked::Domain(row) => {
            let age = text::age(snapshot.time.since(row.first_seen));
            (row.domain.to_string(), say!("first-seen", age = age))
        }
        Picked::Host(row) => (row.name.to_string(), say!("host-of", domain = &*row.domain)),
    }
}

fn columns_ui(
    ui: &mut Ui,
    (picked, snapshot, units, backend): (&Picked<'_>, &Snapshot, Units, &dyn Backend),
    partners: &Partners,
    tokens: &Tokens,
) {
    let room = ui.available_size();
    let facts_width = (room.x * 0.34).clamp(220.0, 420.0);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 18.0;
        let (mut first, second) = facts(picked, snapshot, (units, backend));
        if let Picked::Process(row) = picked {
            first.extend(identity_facts(row, backend));
        }
        column(ui, vec2(facts_width, room.y), |ui| facts_ui(ui, "first", &first, tokens));
        let width = if second.is_empty() { 240.0 } else { facts_width * 0.9 };
        column(ui, vec2(width.min(room.x * 0.3), room.y), |ui| match picked {
            Picked::Process(_) => partners_ui(ui, say!("talks-to"), (partners, units), tokens),
            Picked::Domain(_) | Picked::Host(_) => {
                partners_ui(ui, say!("used-by"), (partners, units), tokens);
            }
            Picked::Connection(_) => facts_ui(ui, "second", &second, tokens),
        });
        let left = ui.available_width() - 8.0;
        if let Some((of, watched)) = chart_of(picked, snapshot).filter(|_| left > 120.0) {
            column(ui, vec2(left, room.y), |ui| {
                caption_ui(ui, &whose_chart(of, &watched), tokens);
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
        let style = || font(Weight::Regular, BODY);
        let written =
            |name: &&'static str| ui.painter().layout_no_wrap((*name).to_owned(), style(), tokens.dim);
        let widest = facts.iter().map(|(name, _)| written(name).size().x).fold(LABEL, f32::max);
        for (name, value) in facts {
            ui.horizontal_top(|ui| {
                let (rect, response) = ui.allocate_exact_size(vec2(widest, LINE - 3.0), Sense::hover());
                response.widget_info(|| WidgetInfo::labeled(Role::Label, true, *name));
                ui.painter().text(rect.left_top(), egui::Align2::LEFT_TOP, name, style(), tokens.dim);
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
        ui.label(RichText::new(say!("nobody")).color(tokens.dim));
    }
    if partners.others > 0 {
        let words = say!("and-more", count = partners.others);
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

/// What the chart spans, and whose it is where it is not the row's own.
fn whose_chart(of: Option<&str>, watched: &Watched) -> String {
    let caption = long_chart::caption(watched);
    match of {
        Some(domain) => say!("chart-all-of", caption = caption, domain = domain),
        None => caption,
    }
}

/// The chart, and whose it is where it is not the row's own. Until the long one has come, the last minute stands in.
fn chart_of<'a>(picked: &'a Picked<'_>, snapshot: &Snapshot) -> Option<(Option<&'a str>, Watched)> {
    let of = watch_of(&picked.key());
    let whose = match picked {
        Picked::Host(row) => Some(&*row.domain),
        _ => None,
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
    (units, backend): (Units, &dyn Backend),
) -> (Vec<Fact>, Vec<Fact>) {
    match picked {
        Picked::Process(row) => (process_facts(row, snapshot, (units, backend)), Vec::new()),
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

/// The parent by name and pid. Of one that uses no network the system is asked, where it is this machine's.
fn parent_of(row: &ProcessRow, snapshot: &Snapshot, backend: &dyn Backend) -> Option<String> {
    let parent = row.parent.filter(|parent| *parent > 0)?;
    let known = parent_in(row, snapshot).map(Arc::from);
    let is_here = snapshot.source == Source::Live;
    let name = known.or_else(|| backend.name_of(parent).filter(|_| is_here));
    Some(name.map_or_else(|| parent.to_string(), |name| format!("{name} ({parent})")))
}

fn process_facts(
    row: &ProcessRow,
    snapshot: &Snapshot,
    (units, backend): (Units, &dyn Backend),
) -> Vec<Fact> {
    let ago = |time| text::ago(snapshot.time.since(time));
    let mut facts = Vec::new();
    match row.key {
        Some(key) => facts.push((say!("column-pid"), key.pid.to_string())),
        None => facts.push((say!("fact-what"), say!("fact-what-unattributed").to_owned())),
    }
    facts.extend(parent_of(row, snapshot, backend).map(|parent| (say!("fact-parent"), parent)));
    facts.extend(row.user.as_ref().map(|user| (say!("fact-user"), user.to_string())));
    if row.app.name != *row.name && !row.app.name.is_empty() {
        facts.push((say!("fact-app"), row.app.name.clone()));
    }
    facts.extend(row.path.as_ref().map(|path| (say!("fact-program"), path.to_string())));
    facts.extend(process::names_of(row).map(|names| (say!("fact-names"), names)));
    facts.extend(row.key.and_then(|key| key.started).map(|started| (say!("fact-started"), ago(started))));
    facts.push((say!("fact-open"), say!("count-connections", count = row.connections)));
    facts.push((say!("fact-first-packet"), ago(row.first_seen)));
    facts.push((say!("fact-last-packet"), ago(row.last_seen)));
    facts.push((say!("fact-received"), text::bytes_or_zero(row.bytes.rx, units)));
    facts.push((say!("fact-sent"), text::bytes_or_zero(row.bytes.tx, units)));
    facts
}

/// Who the program is to the system, where that says so and as soon as it has.
fn identity_facts(row: &ProcessRow, backend: &dyn Backend) -> Vec<Fact> {
    if row.path.is_none() {
        return Vec::new();
    }
    let program = Program { app: row.app.id.clone(), path: row.path.clone() };
    let Some(identity) = backend.identity(&program) else { return Vec::new() };
    let bundle = identity.bundle.clone().map(|bundle| (say!("fact-bundle"), bundle));
    let signature =
        identity.signature.as_ref().map(|signature| (say!("fact-signed-by"), process::signed_by(signature)));
    bundle.into_iter().chain(signature).collect()
}

fn ends_of(row: &ConnectionRow, snapshot: &Snapshot, units: Units) -> Vec<Fact> {
    let mut facts = vec![
        (say!("fact-remote"), endpoint(row, row.remote)),
        (say!("fact-local"), endpoint(row, row.local)),
    ];
    if let Some(host) = &row.host {
        let age = text::age(snapshot.time.since(host.learned));
        facts.push((
            say!("fact-name-from"),
            say!("name-from", source = source_sentence(host.source), age = age),
        ));
    }
    facts.extend(row.host_note().map(|(note, operator)| (say!("fact-note"), note_sentence(note, operator))));
    facts.extend(row.domain.as_ref().map(|domain| (say!("fact-domain"), domain.to_string())));
    let pid = row.process.map(|key| format!(" ({})", key.pid)).unwrap_or_default();
    facts.push((say!("fact-process"), format!("{}{pid}", owner(row))));
    facts.extend(
        row.via.map(|via| (say!("fact-through"), say!("through-process", pid = via.pid.to_string()))),
    );
    facts.push((say!("fact-route"), routes::sentence(row)));
    facts.extend(row.route_chain.as_ref().map(|chain| (say!("fact-leaves-by"), chain.to_string())));
    let overhead = routes::overhead_of(row, &snapshot.totals.routes, units);
    facts.extend(overhead.map(|words| (say!("fact-overhead"), words)));
    facts.push((say!("fact-protocol"), row.protocol.to_string().to_uppercase()));
    facts.push((say!("fact-interface"), row.interface.to_string()));
    facts
}

fn numbers_of(row: &ConnectionRow, snapshot: &Snapshot, units: Units) -> Vec<Fact> {
    let ago = |time| text::ago(snapshot.time.since(time));
    let mut facts = Vec::new();
    facts.extend(row.state.map(|state| (say!("fact-state"), text::tcp_state(TcpState::name(state)))));
    facts.extend(row.rtt_us.map(|micros| (say!("fact-round-trip"), text::round_trip(micros))));
    if row.state.is_some() {
        facts.push((say!("fact-sent-again"), say!("count-segments", count = row.retransmits)));
    }
    if row.keep_alives > 0 {
        facts.push((say!("fact-keep-alives"), say!("count-probes", count = row.keep_alives)));
    }
    if row.wakes > 0 {
        facts.push((say!("fact-woke"), say!("count-times", count = row.wakes)));
    }
    let way = |bytes: Bytes, packets: u64| {
        say!("bytes-in-packets", bytes = text::bytes_or_zero(bytes, units), count = packets)
    };
    facts.push((say!("fact-received"), way(row.bytes.rx, row.packets.rx)));
    facts.push((say!("fact-sent"), way(row.bytes.tx, row.packets.tx)));
    facts.push((say!("fact-first-packet"), ago(row.first_seen)));
    facts.push((say!("fact-last-packet"), ago(row.last_seen)));
    if !row.credited {
        facts.push((say!("fact-counted"), say!("counted-elsewhere").to_owned()));
    }
    facts
}

fn domain_facts(row: &DomainRow, snapshot: &Snapshot, units: Units) -> Vec<Fact> {
    let ago = |time| text::ago(snapshot.time.since(time));
    let mut facts = vec![
        (say!("fact-received"), text::bytes_or_zero(row.bytes.rx, units)),
        (say!("fact-sent"), text::bytes_or_zero(row.bytes.tx, units)),
        (say!("fact-open"), say!("count-connections", count = row.connections)),
        (say!("fact-first-packet"), ago(row.first_seen)),
        (say!("fact-last-packet"), ago(row.last_seen)),
    ];
    let mut name = say!("fact-hosts");
    for host in &row.hosts {
        facts.push((std::mem::take(&mut name), host.to_string()));
    }
    facts
}

fn host_facts(row: &HostRow, snapshot: &Snapshot, units: Units) -> Vec<Fact> {
    let ago = |time| text::ago(snapshot.time.since(time));
    vec![
        (say!("fact-received"), text::bytes_or_zero(row.bytes.rx, units)),
        (say!("fact-sent"), text::bytes_or_zero(row.bytes.tx, units)),
        (say!("fact-counted"), say!("counted-still-shown").to_owned()),
        (say!("fact-open"), say!("count-connections", count = row.connections)),
        (say!("fact-first-packet"), ago(row.first_seen)),
        (say!("fact-last-packet"), ago(row.last_seen)),
    ]
}
