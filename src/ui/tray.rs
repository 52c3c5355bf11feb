//! The item in the menu bar or panel: a picture of what moves, the rates, and a small menu that is built once.

#[cfg(target_os = "linux")]
mod host;
#[cfg(any(target_os = "macos", test))]
mod line_picture;
mod words;

use std::time::{Duration, Instant};

use tray_icon::menu::{
    CheckMenuItem, Icon as MenuIcon, IconMenuItem, IsMenuItem, Menu, MenuEvent, MenuItem, PredefinedMenuItem,
};
use tray_icon::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};

use self::words::{Face, MAX_PROCESSES};
use crate::aggregate::snapshot::Snapshot;
use crate::lang::{self, say};
use crate::session::{AppIcon, Backend, IconState, Program, Status};
use crate::settings::{Language, Settings};
use crate::ui::icon::{Levels, Pixels, tray_picture};

/// What the user asked for in the tray.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Show the window.
    Open,
    /// A click on the item: show the window, or hide it if it is in front.
    Toggle,
    /// Pause, or go on.
    Pause,
    /// Show the window with its settings open.
    Settings,
    /// End the program.
    Quit,
}

/// The tray item with what it shows. Lives on the main thread.
pub(super) struct Tray {
    item: TrayIcon,
    menu: Menu,
    open: MenuItem,
    rates: MenuItem,
    pause: CheckMenuItem,
    settings: MenuItem,
    quit: MenuItem,
    /// The language of the menu.
    language: Language,
    /// All made at the start; the first `listed` of them are in the menu.
    processes: Vec<IconMenuItem>,
    listed: usize,
    /// The app whose icon, or lack of one, each line shows.
    icons: Vec<Option<String>>,
    /// Whether an icon is still being looked for.
    seeks_icons: bool,
    face: Face,
    refreshed: Option<Instant>,
    #[cfg(target_os = "macos")]
    lines: line_picture::LinePicture,
    /// Whether the picture is no longer the first one.
    #[cfg(target_os = "macos")]
    refreshed_before: bool,
}

/// Why there is no tray item.
#[derive(Debug, thiserror::Error)]
pub(super) enum TrayError {
    /// The system has no place for it: on Linux, no session bus.
    #[error("the system shows no tray item")]
    Item(#[from] tray_icon::Error),
    /// The picture was refused.
    #[error("the tray's picture is not valid")]
    Picture(#[from] tray_icon::BadIcon),
    /// The menu was refused.
    #[error("the tray's menu cannot be made")]
    Menu(#[from] tray_icon::menu::Error),
}

impl Tray {
    /// Makes the item. `wish` is called on any thread for what the user asks.
    ///
    /// # Errors
    ///
    /// [`TrayError`]: there will be no tray item; the window is then all there is.
    pub(super) fn new(wish: impl Fn(Wish) + Clone + Send + Sync + 'static) -> Result<Self, TrayError> {
        let (menu, rates) = (Menu::new(), MenuItem::with_id("rates", say!("tray-starting"), false, None));
        let open = MenuItem::with_id(OPEN, say!("tray-open"), true, None);
        let pause = CheckMenuItem::with_id(PAUSE, say!("pause"), true, false, None);
        let settings = MenuItem::with_id(SETTINGS, say!("tray-settings"), true, None);
        let quit = MenuItem::with_id(QUIT, say!("tray-quit"), true, None);
        let line = PredefinedMenuItem::separator;
        let parts: [&dyn IsMenuItem; 8] =
            [&open, &line(), &rates, &line(), &pause, &settings, &line(), &quit];
        menu.append_items(&parts)?;
        let clicked = wish.clone();
        TrayIconEvent::set_event_handler(Some(move |event| {
            if is_left_click(&event) {
                clicked(Wish::Toggle);
            }
        }));
        MenuEvent::set_event_handler(Some(move |event: MenuEvent| match event.id().as_ref() {
            OPEN => wish(Wish::Open),
            PAUSE => wish(Wish::Pause),
            SETTINGS => wish(Wish::Settings),
            QUIT => wish(Wish::Quit),
            _ => {}
        }));
        let builder = TrayIconBuilder::new()
            .with_id("crow")
            .with_title("Crow")
            .with_tooltip("Crow")
            // Without a name of its own, macOS 26 can lose the item.
            .with_autosave_name("crow.status")
            .with_menu_on_left_click(false)
            .with_menu(Box::new(menu.clone()));
        Ok(Self {
            item: builder.with_icon(icon(tray_picture(Levels::default()))?).build()?,
            menu,
            open,
            rates,
            pause,
            settings,
            quit,
            language: lang::spoken(),
            processes: (0..MAX_PROCESSES).map(|_| IconMenuItem::new("", false, None, None)).collect(),
            listed: 0,
            icons: vec![None; MAX_PROCESSES],
            seeks_icons: false,
            face: Face::default(),
            refreshed: None,
            #[cfg(target_os = "macos")]
            lines: line_picture::LinePicture::new(),
            #[cfg(target_os = "macos")]
            refreshed_before: false,
        })
    }

    /// Brings the item up to date, at most once a second, and only in what has changed.
    pub(super) fn refresh(
        &mut self,
        (snapshot, status): (&Snapshot, &Status),
        (settings, backend): (&Settings, &dyn Backend),
        now: Instant,
    ) {
        lang::speak(lang::meant(settings.language));
        self.translate();
        // The check mark follows a click at once; muda has already flipped it by itself.
        if self.pause.is_checked() != status.paused {
            self.pause.set_checked(status.paused);
        }
        if self.refreshed.is_some_and(|last| now.saturating_duration_since(last) < REST) {
            return;
        }
        let face = Face { style: settings.menu_bar, ..Face::new(snapshot, status, settings.units) };
        if face == self.face && !self.seeks_icons {
            return;
        }
        self.refreshed = Some(now);
        self.show_processes(&face.processes);
        self.show_icons(&face.programs, backend);
        if face.rates != self.face.rates {
            self.rates.set_text(&face.rates);
        }
        if face.title != self.face.title || face.tooltip != self.face.tooltip {
            self.show_text(&face);
        }
        if let Err(err) = self.show_picture(&face, now) {
            tracing::debug!("the tray's picture stays as it was: {err}");
        }
        self.face = face;
    }

    /// Puts the menu into the language that is spoken, if it is in another one.
    fn translate(&mut self) {
        if std::mem::replace(&mut self.language, lang::spoken()) == lang::spoken() {
            return;
        }
        self.open.set_text(say!("tray-open"));
        self.pause.set_text(say!("pause"));
        self.settings.set_text(say!("tray-settings"));
        self.quit.set_text(say!("tray-quit"));
    }

    /// Mutates the process lines; adds to the menu or takes from it only when their number changes.
    fn show_processes(&mut self, lines: &[String]) {
        for (item, line) in self.processes.iter().zip(lines) {
            // An ampersand would mark the next letter as the access key.
            let line = line.replace('&', "&&");
            if item.text() != line {
                item.set_text(line);
            }
        }
        let outcome = self.processes.iter().enumerate().try_for_each(|(at, item)| {
            match (at < self.listed, at < lines.len()) {
                (false, true) => self.menu.insert(item, FIRST_PROCESS + at),
                (true, false) => self.menu.remove(item),
                _ => Ok(()),
            }
        });
        match outcome {
            Ok(()) => self.listed = lines.len().min(self.processes.len()),
            Err(err) => tracing::debug!("the tray's menu stays as it was: {err}"),
        }
    }

    /// Gives each line its app's icon, where that has changed. One that is being looked for comes with a later refresh.
    fn show_icons(&mut self, programs: &[Program], backend: &dyn Backend) {
        self.seeks_icons = false;
        for ((item, shown), program) in self.processes.iter().zip(&mut self.icons).zip(programs) {
            if shown.as_ref() == Some(&program.app) {
                continue;
            }
            let icon = match backend.icon(program) {
                IconState::Sought => {
                    self.seeks_icons = true;
                    // Not another app's meanwhile.
                    if shown.take().is_some() {
                        item.set_icon(None);
                    }
                    continue;
                }
                IconState::None => None,
                IconState::Found(icon) => {
                    MenuIcon::from_rgba(icon.rgba.clone(), AppIcon::SIDE, AppIcon::SIDE).ok()
                }
            };
            if icon.is_some() || shown.is_some() {
                item.set_icon(icon);
            }
            *shown = Some(program.app.clone());
        }
    }

    /// A panel shows the title above the rest; the macOS menu bar would print it beside the picture.
    fn show_text(&self, face: &Face) {
        #[cfg(target_os = "macos")]
        let tooltip = format!("{}\n{}", face.title, face.tooltip);
        #[cfg(not(target_os = "macos"))]
        let tooltip = {
            self.item.set_title(Some(&face.title));
            &face.tooltip
        };
        if let Err(err) = self.item.set_tooltip(Some(tooltip)) {
            tracing::debug!("the tray's tool tip stays as it was: {err}");
        }
    }

    #[cfg(target_os = "macos")]
    fn show_picture(&mut self, face: &Face, now: Instant) -> Result<(), TrayError> {
        // The picture is encoded and handed to AppKit each time, so only when what it shows has changed. A narrower
        // width after calm seconds comes with the next change of the text.
        let shown = |face: &Face| (face.up.clone(), face.down.clone());
        let is_same = face.style == self.face.style
            && (face.style == crate::settings::MenuBar::Icon || shown(face) == shown(&self.face));
        if self.refreshed_before && is_same {
            return Ok(());
        }
        self.refreshed_before = true;
        let picture = self.lines.draw((&face.up, &face.down), face.style, now);
        Ok(self.item.set_icon_templated(Some(icon(picture)?))?)
    }

    #[cfg(not(target_os = "macos"))]
    fn show_picture(&mut self, face: &Face, _now: Instant) -> Result<(), TrayError> {
        if face.levels != self.face.levels {
            self.item.set_icon(Some(icon(tray_picture(face.levels))?))?;
        }
        Ok(())
    }
}

/// Whether a tray item can be seen, so that the window may hide. On Linux this asks the session bus, for up to half
/// a second; the menu bar of macOS is always there.
pub(super) fn is_seen() -> bool {
    #[cfg(target_os = "linux")]
    return host::is_there();
    #[cfg(not(target_os = "linux"))]
    return true;
}

/// Acts on the release only: a press is told as well.
fn is_left_click(event: &TrayIconEvent) -> bool {
    matches!(
        event,
        TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. }
    )
}

fn icon(picture: Pixels) -> Result<tray_icon::Icon, tray_icon::BadIcon> {
    tray_icon::Icon::from_rgba(picture.rgba, picture.width, picture.height)
}

const OPEN: &str = "open";
const PAUSE: &str = "pause";
const SETTINGS: &str = "settings";
const QUIT: &str = "quit";
/// The process lines follow the rates.
const FIRST_PROCESS: usize = 3;
/// A little less than a second: ticks of one second that come early are not left out.
const REST: Duration = Duration::from_millis(900);
