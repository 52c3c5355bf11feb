//! The window: takes the newest picture, draws it, and passes on what the user asks for.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use egui::{CentralPanel, Context, Frame, Ui, ViewportBuilder, ViewportCommand};

use super::details::{self, DetailsEvent, Partners, Shown};
use super::ending::Ending;
use super::icons::Icons;
use super::key_sheet;
use super::keys::{self, Command, Focus, Walk};
use super::playback::playback_ui;
use super::states::{self, BannerEvent, Empty, EmptyEvent};
use super::theme::{self, Tokens, tokens};
use super::toolbar::{self, StatusBar, Toolbar};
use super::views::long::{MAX_ROWS_IN_PLACE, put_away};
use super::views::sheet::{TableLook, table_ui};
use super::views::table::{Motion, TableInput, TableState, cycle_sort};
use super::views::{Chosen, Key, TopRow};
use super::wanted::Wanted;
use super::widgets::controls::filter_id;
use super::{fonts, routes, text};
use crate::aggregate::snapshot::{ConnectionRow, DomainRow, ProcessRow, Snapshot, Source};
use crate::filter::{Filter, FilterError};
use crate::lang;
use crate::session::{Action, Backend, CaptureState, Status};
use crate::settings::{Appearance, Scope, Settings, View};

/// Has the window that `ctx` draws open its settings with the next frame.
pub(super) fn request_settings(ctx: &Context) {
    ctx.data_mut(|data| data.insert_temp(settings_request(), true));
}

fn settings_request() -> egui::Id {
    egui::Id::unique("settings are asked for")
}

/// Seconds from a change of the settings to saving them.
const SAVE_AFTER: f64 = 1.0;

/// The window.
pub struct App {
    backend: Arc<dyn Backend>,
    snapshot: Arc<Snapshot>,
    status: Arc<Status>,
    settings: Settings,
    /// The settings that were last sent to be saved.
    saved: Settings,
    changed_at: Option<f64>,
    applied: Option<Appearance>,
    filter_text: String,
    filter: Filter,
    filter_error: Option<FilterError>,
    filter_revision: u64,
    /// The filter field is to get the focus, with the cursor at the end.
    focus_filter: bool,
    walk: Walk,
    /// The settings are to be opened.
    opens_settings: bool,
    /// The sheet of keys shows.
    shows_keys: bool,
    tables: [TableState; 3],
    partners: Partners,
    icons: Icons,
    /// A process that the user wants to end.
    ending: Ending,
    wanted: Wanted,
    motions: Vec<Motion>,
    notices: Vec<String>,
    dismissed: BTreeSet<String>,
}

impl App {
    /// Gives `ctx` Crow's fonts and themes and makes the window's state. `filter` is what the user named on
    /// the command line, or empty.
    #[must_use]
    pub fn new(ctx: &Context, backend: Arc<dyn Backend>, settings: Settings, filter: String) -> Self {
        fonts::install(ctx);
        theme::install(ctx);
        let mut app = Self {
            snapshot: backend.snapshot(),
            status: backend.status(),
            backend,
            saved: settings.clone(),
            settings,
            changed_at: None,
            applied: None,
            filter_text: filter,
            filter: Filter::default(),
            filter_error: None,
            filter_revision: 0,
            focus_filter: false,
            walk: Walk::default(),
            opens_settings: false,
            shows_keys: false,
            tables: Default::default(),
            partners: Partners::default(),
            icons: Icons::default(),
            ending: Ending::default(),
            wanted: Wanted::default(),
            motions: Vec::new(),
            notices: Vec::new(),
            dismissed: BTreeSet::new(),
        };
        app.read_filter();
        app
    }

    /// The window that the settings describe, before it is made.
    #[must_use]
    pub fn viewport(settings: &Settings) -> ViewportBuilder {
        let size = settings.window;
        let builder = ViewportBuilder::default()
            .with_title("Crow")
            .with_app_id("crow")
            .with_inner_size([size.width, size.height])
            .with_min_inner_size([720.0, 360.0]);
        if cfg!(target_os = "macos") {
            builder.with_fullsize_content_view(true).with_titlebar_shown(false).with_title_shown(false)
        } else {
            builder
        }
    }

    /// Shows a sentence in a banner until the user puts it away, such as a complaint about the settings file.
    pub fn notice(&mut self, sentence: String) {
        if !self.notices.contains(&sentence) {
            self.dismissed.remove(&sentence);
            self.notices.push(sentence);
        }
    }

    /// The settings as they are now.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Takes the newest picture. Runs also while the window is hidden.
    pub fn refresh(&mut self) {
        self.status = self.backend.status();
        let newest = self.backend.snapshot();
        let is_frozen = self.status.paused && newest.source == Source::Live && self.snapshot.generation > 0;
        if newest.generation != self.snapshot.generation && !is_frozen {
            let old = std::mem::replace(&mut self.snapshot, newest);
            if old.connections.len().max(old.processes.len()) > MAX_ROWS_IN_PLACE {
                put_away(&*self.backend, old);
            }
        }
    }

    /// Draws the window.
    pub fn window_ui(&mut self, ui: &mut Ui) {
        if self.applied != Some(self.settings.appearance) {
            theme::choose(ui.ctx(), self.settings.appearance);
            self.applied = Some(self.settings.appearance);
        }
        lang::speak(fonts::readable(ui.ctx(), lang::meant(self.settings.language)));
        self.opens_settings |= ui.data_mut(|data| data.remove_temp::<bool>(settings_request())).is_some();
        self.keyboard(ui.ctx());
        self.ending.follow(ui.ctx(), (&self.snapshot, &self.status));
        let tokens = tokens(ui);
        self.toolbar(ui, tokens);
        self.banners(ui, tokens);
        match self.settings.view {
            View::Processes => self.view::<ProcessRow>(ui, tokens),
            View::Connections => self.view::<ConnectionRow>(ui, tokens),
            View::Domains => self.view::<DomainRow>(ui, tokens),
        }
        if self.shows_keys {
            self.shows_keys = !key_sheet::key_sheet_ui(ui.ctx(), tokens);
        }
        if let Some(action) = self.ending.question_ui(ui.ctx(), tokens) {
            self.backend.act(action);
        }
        self.icons.refresh(ui.ctx(), &*self.backend);
        self.give_focus(ui.ctx());
        self.keep_settings(ui.ctx());
    }
}

impl eframe::App for App {
    fn logic(&mut self, _ctx: &Context, _frame: &mut eframe::Frame) {
        self.refresh();
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        self.window_ui(ui);
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.save();
    }

    fn persist_egui_memory(&self) -> bool {
        false
    }
}

/// The parts of a frame.
impl App {
    fn keyboard(&mut self, ctx: &Context) {
        let focus = self.walk.focus(ctx, self.filter_text.is_empty());
        // The sheet of keys and the question take their own.
        if self.shows_keys || self.ending.is_asking() {
            return;
        }
        for command in keys::take(ctx, focus) {
            self.obey(ctx, command, focus);
        }
    }

    fn obey(&mut self, ctx: &Context, command: Command, focus: Focus) {
        let view = self.settings.view;
        match command {
            // A connection has nothing below it; what opens is its details.
            Command::Table(Motion::Toggle)
                if matches!(self.table_mut().selected(), Some(Key::Connection(_))) =>
            {
                self.settings.details = !self.settings.details;
            }
            Command::Table(motion) => self.motions.push(motion),
            Command::Show(view) => self.settings.view = view,
            Command::NextView => self.settings.view = view.next(),
            Command::CycleSort => cycle_sort(view, self.settings.table_mut(view)),
            Command::FocusFilter => {
                self.focus_filter = true;
                self.walk.end();
            }
            Command::Details => self.settings.details = !self.settings.details,
            Command::Keys => self.shows_keys = !self.shows_keys,
            Command::Controls => self.walk.begin(ctx),
            Command::Settings => self.opens_settings = true,
            Command::Type(text) => {
                self.filter_text.push_str(&text);
                self.read_filter();
                self.focus_filter = true;
            }
            Command::Escape => self.escape(ctx, focus),
            Command::TogglePause => self.backend.act(Action::Pause(!self.status.paused)),
            // What closing means is the shell's to say.
            Command::Hide => {
                self.save();
                ctx.send_viewport_cmd(ViewportCommand::Close);
            }
            Command::Quit => {
                self.save();
                self.backend.act(Action::Quit);
            }
        }
    }

    fn escape(&mut self, ctx: &Context, focus: Focus) {
        if focus.on_filter || focus.elsewhere {
            ctx.memory_mut(egui::Memory::stop_text_input);
        }
        if !self.filter_text.is_empty() {
            self.filter_text.clear();
            self.read_filter();
        } else if !focus.on_filter {
            self.table_mut().deselect();
        }
    }

    const fn table_mut(&mut self) -> &mut TableState {
        let [processes, connections, domains] = &mut self.tables;
        match self.settings.view {
            View::Processes => processes,
            View::Connections => connections,
            View::Domains => domains,
        }
    }

    /// Understands the filter anew. While its last word is not understood, the words before that filter.
    fn read_filter(&mut self) {
        self.filter_error = Filter::parse(&self.filter_text).map(|filter| self.filter = filter).err();
        let before = self.filter_text.trim_end().rsplit_once(char::is_whitespace);
        if self.filter_error.is_some()
            && let Ok(filter) = Filter::parse(before.map_or("", |(before, _)| before))
        {
            self.filter = filter;
        }
        self.filter_revision += 1;
    }

    fn toolbar(&mut self, ui: &mut Ui, tokens: &Tokens) {
        let bar = Toolbar {
            snapshot: &self.snapshot,
            status: &self.status,
            settings: &mut self.settings,
            filter: &mut self.filter_text,
            filter_error: self.filter_error.as_ref().map(text::filter_error),
            opens_settings: std::mem::take(&mut self.opens_settings),
        };
        let events = toolbar::toolbar_ui(ui, bar, tokens);
        if events.filter_changed {
            self.read_filter();
        }
        for action in events.actions {
            self.backend.act(action);
        }
    }

    fn banners(&mut self, ui: &mut Ui, tokens: &Tokens) {
        if let Some(action) = playback_ui(ui, &self.status, tokens) {
            self.backend.act(action);
        }
        let mut banners = states::banners(&self.status, &self.snapshot, &self.notices);
        banners.extend(self.ending.banner());
        for (place, banner) in banners.iter().enumerate() {
            let name = format!("{} {}", banner.strong, banner.quiet);
            if self.dismissed.contains(&name) {
                continue;
            }
            match states::banner_ui(ui, banner, place, tokens) {
                Some(BannerEvent::Act(action)) => {
                    if matches!(action, Action::EndProcess { .. }) {
                        self.ending.forget();
                    }
                    self.backend.act(action);
                }
                Some(BannerEvent::Dismiss) => {
                    self.dismissed.insert(name);
                }
                None => {}
            }
        }
    }

    fn view<R: TopRow>(&mut self, ui: &mut Ui, tokens: &Tokens) {
        let ctx = ui.ctx().clone();
        let (snapshot, status) = (Arc::clone(&self.snapshot), Arc::clone(&self.status));
        let filter = self.filter.clone();
        let newest = TableInput {
            snapshot: &snapshot,
            filter: &filter,
            filter_revision: self.filter_revision,
            scope: self.settings.scope,
            units: self.settings.units,
        };
        let mut table = std::mem::take(self.table_mut());
        for other in &mut self.tables {
            other.leave(&*self.backend);
        }
        let means = (&ctx, &*self.backend);
        let mut picture = table.bring_up::<R>(means, &newest, self.settings.table(R::VIEW));
        for motion in self.motions.drain(..) {
            table.go::<R>(&ctx, &TableInput { snapshot: &picture, ..newest }, motion);
            // The row that was opened or closed shows in this frame already.
            picture = table.bring_up::<R>(means, &newest, self.settings.table(R::VIEW));
        }
        self.status_bar::<R>(ui, &table, tokens);
        let chosen_below = self.details::<R>(ui, (&table, &picture), tokens);
        let summary = || routes::Summary::new(&picture, &self.filter_text, self.settings.units);
        let by_route = matches!(R::VIEW, View::Connections).then(|| routes::routes_ui(ui, summary(), tokens));
        if let Some(text) = by_route.flatten() {
            self.filter_text = text;
            self.read_filter();
        }
        let input = TableInput { snapshot: &picture, ..newest };
        let look = TableLook { input, icons: &self.icons, user: status.user.as_deref() };
        let panel = CentralPanel::default().frame(Frame::NONE.fill(tokens.bg));
        let chosen = if table.matches() == 0 {
            panel.show(ui, |ui| self.empty(ui, table.hidden(), tokens));
            None
        } else {
            let settings = self.settings.table_mut(R::VIEW);
            panel.show(ui, |ui| table_ui::<R>(ui, &look, &mut table, settings)).inner
        };
        self.wanted.see(table.in_sight(), &*self.backend);
        *self.table_mut() = table;
        for chosen in chosen_below.into_iter().chain(chosen) {
            self.choose(chosen);
        }
    }

    /// The pane below the table, and the long chart that it wants.
    fn details<R: TopRow>(
        &mut self,
        ui: &mut Ui,
        (table, picture): (&TableState, &Snapshot),
        tokens: &Tokens,
    ) -> Option<Chosen> {
        let picked = table.picked::<R>(picture).filter(|_| self.settings.details);
        let watched = picked.as_ref().map(|picked| details::watch_of(&picked.key()));
        self.wanted.watch(watched, &*self.backend);
        if !self.settings.details {
            return None;
        }
        let (picked, units, backend) = (picked.as_ref(), self.settings.units, &*self.backend);
        let shown = Shown { picked, snapshot: picture, units, user: self.status.user.as_deref(), backend };
        match details::details_ui(ui, shown, &mut self.partners, tokens)? {
            DetailsEvent::Close => self.settings.details = false,
            DetailsEvent::Chosen(chosen) => return Some(chosen),
        }
        None
    }

    /// Does what was chosen in a row's menu or in the details.
    fn choose(&mut self, chosen: Chosen) {
        match chosen {
            Chosen::Filter(text) => {
                self.filter_text = text;
                self.read_filter();
            }
            Chosen::Act(action) => self.backend.act(*action),
            Chosen::Quit(target) => self.ending.ask(target),
        }
    }

    fn status_bar<R: TopRow>(&self, ui: &mut Ui, table: &TableState, tokens: &Tokens) {
        let all = R::all(&self.snapshot).len();
        let mut count = text::shown_of(R::VIEW, table.matches(), all);
        if table.hidden() > 0 {
            count = text::hidden(self.settings.scope, &count, table.hidden());
        }
        let bar = StatusBar {
            snapshot: &self.snapshot,
            status: &self.status,
            units: self.settings.units,
            count,
            is_held: table.is_held(),
        };
        toolbar::status_bar_ui(ui, &bar, tokens);
    }

    fn empty(&mut self, ui: &mut Ui, hidden: usize, tokens: &Tokens) {
        let status = Arc::clone(&self.status);
        let empty = match &status.capture {
            _ if hidden > 0 => Empty::OnlyLocal(hidden),
            _ if !self.filter_text.is_empty() => Empty::NoMatch(&self.filter_text),
            CaptureState::Starting => Empty::Starting,
            CaptureState::Gone { why } => Empty::Gone(why),
            _ => Empty::NoTraffic,
        };
        match states::empty_ui(ui, &empty, tokens) {
            Some(EmptyEvent::ShowLocal) => self.settings.scope = Scope::Everything,
            Some(EmptyEvent::ClearFilter) => {
                self.filter_text.clear();
                self.read_filter();
            }
            Some(EmptyEvent::Act(action)) => self.backend.act(action),
            None => {}
        }
    }

    /// Puts the cursor behind the last letter, where typing goes on.
    fn give_focus(&mut self, ctx: &Context) {
        if !std::mem::take(&mut self.focus_filter) {
            return;
        }
        ctx.memory_mut(|memory| memory.request_focus(filter_id()));
        let mut state = egui::TextEdit::load_state(ctx, filter_id()).unwrap_or_default();
        let end = egui::text::CCursor::new(self.filter_text.chars().count());
        state.cursor.set_char_range(Some(egui::text::CCursorRange::one(end)));
        state.store(ctx, filter_id());
    }

    /// Notices changes of the settings, also of the window's size, and has them saved a second later.
    fn keep_settings(&mut self, ctx: &Context) {
        let (time, size) = ctx.input(|i| (i.time, i.viewport().inner_rect.map(|rect| rect.size())));
        if let Some(size) = size.filter(|size| size.x >= 100.0 && size.y >= 100.0) {
            let kept = &mut self.settings.window;
            if (size.x - kept.width).abs() > 1.0 || (size.y - kept.height).abs() > 1.0 {
                (kept.width, kept.height) = (size.x, size.y);
            }
        }
        if self.settings == self.saved {
            self.changed_at = None;
            return;
        }
        let changed_at = *self.changed_at.get_or_insert(time);
        if time - changed_at >= SAVE_AFTER {
            self.save();
        } else {
            ctx.request_repaint_after(Duration::from_secs_f64(changed_at + SAVE_AFTER - time));
        }
    }

    /// Hands the settings over to be saved, if they changed.
    fn save(&mut self) {
        self.changed_at = None;
        if self.settings != self.saved {
            self.saved = self.settings.clone();
            self.backend.act(Action::SaveSettings(Box::new(self.settings.clone())));
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests;
