//! What the keyboard asks for. Letters filter at once; a few are commands while there is no filter.

use egui::{Context, Event, FocusDirection, Key, KeyboardShortcut, Modifiers, Popup};

use super::views::table::Motion;
use super::widgets::controls::filter_id;
use crate::settings::View;

/// What a key asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Moves in the table or acts on the selected row.
    Table(Motion),
    /// Shows a table.
    Show(View),
    /// Shows the table to the right.
    NextView,
    /// Sorts by the next of traffic, connections, pid, name.
    CycleSort,
    /// Goes to the filter field.
    FocusFilter,
    /// Types into the filter from anywhere.
    Type(String),
    /// Leaves: the filter's text, then its focus, then the selection.
    Escape,
    /// Shows or hides the selected row's details.
    Details,
    /// Shows or hides the sheet of keys.
    Keys,
    /// Goes from the table to the first control.
    Controls,
    /// Opens the settings.
    Settings,
    /// Pauses or goes on.
    TogglePause,
    /// Hides the window.
    Hide,
    /// Ends Crow.
    Quit,
}

/// Where the keyboard's words go now.
#[derive(Clone, Copy, Debug)]
pub struct Focus {
    /// The filter field has it.
    pub on_filter: bool,
    /// Some other control has it.
    pub elsewhere: bool,
    /// Nothing is typed in the filter field.
    pub filter_is_empty: bool,
}

/// Whether Tab goes from control to control, through the filter field as well.
#[derive(Clone, Copy, Debug, Default)]
pub struct Walk {
    is_on: bool,
}

impl Walk {
    /// Begins at the first control.
    pub fn begin(&mut self, ctx: &Context) {
        ctx.memory_mut(|memory| memory.move_focus(FocusDirection::Next));
        self.is_on = true;
    }

    /// Tab is for the views again.
    pub const fn end(&mut self) {
        self.is_on = false;
    }

    /// Where the keyboard's words go now. The walk ends where no control has the focus.
    pub fn focus(&mut self, ctx: &Context, filter_is_empty: bool) -> Focus {
        let focused = ctx.memory(egui::Memory::focused);
        self.is_on &= focused.is_some();
        let is_filter = focused == Some(filter_id()) && !self.is_on;
        Focus { on_filter: is_filter, elsewhere: focused.is_some() && !is_filter, filter_is_empty }
    }
}

/// Opens a row's menu, as the system has it elsewhere: ⌃⏎ since macOS 15, ⇧F10 on other desktops.
pub const MENU: KeyboardShortcut = if cfg!(target_os = "macos") {
    KeyboardShortcut::new(Modifiers::CTRL, Key::Enter)
} else {
    KeyboardShortcut::new(Modifiers::SHIFT, Key::F10)
};

/// Takes Crow's keys out of this frame's input, before any control sees them.
#[must_use]
pub fn take(ctx: &Context, focus: Focus) -> Vec<Command> {
    if Popup::is_any_open(ctx) {
        return Vec::new();
    }
    let mut commands = shortcuts(ctx);
    if focus.elsewhere {
        return commands;
    }
    commands.extend(plain_keys(ctx, focus));
    if !focus.on_filter {
        commands.extend(typed(ctx, focus.filter_is_empty));
    }
    let is_moved = |command: &Command| matches!(command, Command::Table(_) | Command::NextView);
    if commands.iter().any(is_moved) {
        // The toolkit has read Tab and the arrows as steps of the focus already.
        ctx.memory_mut(|memory| memory.move_focus(FocusDirection::None));
    }
    commands
}

/// Those with the command key, and function keys: they work wherever the focus is.
fn shortcuts(ctx: &Context) -> Vec<Command> {
    let table = [
        (Modifiers::COMMAND, Key::F, Command::FocusFilter),
        (Modifiers::COMMAND, Key::Num1, Command::Show(View::Processes)),
        (Modifiers::COMMAND, Key::Num2, Command::Show(View::Connections)),
        (Modifiers::COMMAND, Key::Num3, Command::Show(View::Domains)),
        (Modifiers::COMMAND, Key::P, Command::TogglePause),
        (Modifiers::COMMAND, Key::I, Command::Details),
        (Modifiers::COMMAND, Key::Comma, Command::Settings),
        (Modifiers::COMMAND, Key::W, Command::Hide),
        (Modifiers::COMMAND, Key::Q, Command::Quit),
        (Modifiers::NONE, Key::F1, Command::CycleSort),
        (Modifiers::NONE, Key::Escape, Command::Escape),
    ];
    consume(ctx, table)
}

/// Keys that move through the table, also while the filter is typed.
fn plain_keys(ctx: &Context, focus: Focus) -> Vec<Command> {
    let everywhere = [
        (Modifiers::NONE, Key::ArrowUp, Command::Table(Motion::Up)),
        (Modifiers::NONE, Key::ArrowDown, Command::Table(Motion::Down)),
        (Modifiers::NONE, Key::PageUp, Command::Table(Motion::PageUp)),
        (Modifiers::NONE, Key::PageDown, Command::Table(Motion::PageDown)),
    ];
    let mut commands = consume(ctx, everywhere);
    // With Shift, Tab leads to the controls. Among those it is the toolkit's.
    for has_shift in ctx.input_mut(|input| take_tabs(&mut input.events, !focus.on_filter)) {
        commands.push(if has_shift { Command::Controls } else { Command::NextView });
    }
    if focus.on_filter {
        // Enter leaves the field by itself; then the first match is ready to be opened.
        if ctx.input(|i| i.key_pressed(Key::Enter)) {
            commands.push(Command::Table(Motion::First));
        }
        return commands;
    }
    let table = [
        (MENU.modifiers, MENU.logical_key, Command::Table(Motion::Menu)),
        (Modifiers::NONE, Key::Home, Command::Table(Motion::Home)),
        (Modifiers::NONE, Key::End, Command::Table(Motion::End)),
        (Modifiers::NONE, Key::Enter, Command::Table(Motion::Toggle)),
        (Modifiers::NONE, Key::ArrowRight, Command::Table(Motion::Open)),
        (Modifiers::NONE, Key::ArrowLeft, Command::Table(Motion::Close)),
        (Modifiers::NONE, Key::Menu, Command::Table(Motion::Menu)),
    ];
    commands.extend(consume(ctx, table));
    // ⌘C arrives as an event of its own.
    if ctx.input_mut(|i| take_events(&mut i.events, |event| matches!(event, Event::Copy)).pop()).is_some() {
        commands.push(Command::Table(Motion::Copy));
    }
    commands
}

fn consume<const N: usize>(ctx: &Context, table: [(Modifiers, Key, Command); N]) -> Vec<Command> {
    ctx.input_mut(|input| {
        let mut commands = Vec::new();
        for (modifiers, key, command) in table {
            for _ in 0..input.count_and_consume_key(modifiers, key) {
                commands.push(command.clone());
            }
        }
        commands
    })
}

/// What was typed while no field had the focus: a command, or the beginning of a filter.
fn typed(ctx: &Context, filter_is_empty: bool) -> Vec<Command> {
    let texts =
        ctx.input_mut(|input| take_events(&mut input.events, |event| matches!(event, Event::Text(_))));
    let mut commands = Vec::new();
    let mut is_typing = !filter_is_empty;
    for event in texts {
        let Event::Text(text) = event else { continue };
        let command = match text.as_str() {
            "j" if !is_typing => Command::Table(Motion::Down),
            "k" if !is_typing => Command::Table(Motion::Up),
            "s" if !is_typing => Command::CycleSort,
            "q" if !is_typing => Command::Quit,
            "/" if !is_typing => Command::FocusFilter,
            "?" if !is_typing => Command::Keys,
            " " if !is_typing => Command::Details,
            blank if !is_typing && blank.trim().is_empty() => continue,
            _ => Command::Type(text),
        };
        // What follows the first letter, or `/`, within one frame belongs to the filter as well.
        is_typing |= matches!(command, Command::Type(_) | Command::FocusFilter);
        commands.push(command);
    }
    commands
}

/// Tab as it was pressed, and whether with Shift. What is held when the frame is drawn may be something else by then.
fn take_tabs(events: &mut Vec<Event>, with_shifted: bool) -> Vec<bool> {
    let shift = |event: &Event| match event {
        Event::Key { key: Key::Tab, pressed: true, modifiers, .. }
            if !modifiers.command && !modifiers.alt =>
        {
            Some(modifiers.shift)
        }
        _ => None,
    };
    let taken = take_events(events, |event| shift(event).is_some_and(|shifted| !shifted || with_shifted));
    taken.iter().filter_map(shift).collect()
}

fn take_events(events: &mut Vec<Event>, is_wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
    let (taken, kept) = std::mem::take(events).into_iter().partition(is_wanted);
    *events = kept;
    taken
}
