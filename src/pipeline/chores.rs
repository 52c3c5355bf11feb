//! The thread for what the user asks of the system, and for what takes a while to find: ending a process, showing a
//! file, the icons of programs and who signed them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::Shared;
use crate::event::Identity;
use crate::process::ending::{Doomed, Ender};
use crate::process::icons::{Icons, Wanted};
use crate::process::identity;
use crate::process::name_of;
use crate::process::reveal::reveal;
use crate::session::{Action, AppIcon, Backend as _, IconState, Program, Target};

/// Chores that may wait. More are refused, and asked for again by whoever still wants them.
const MAX_WAITING_CHORES: usize = 64;

/// Programs whose icons and signers, or the lack of one, are remembered; when full, all are forgotten.
const MAX_ICONS: usize = 512;

/// Processes whose names are remembered; when full, all are forgotten.
const MAX_NAMES: usize = 64;

/// What is known of icons, by the app's id.
pub(super) type KnownIcons = BTreeMap<String, IconState>;

/// What is known of processes' names, by pid; `None` is being looked for, or has no name.
pub(super) type KnownNames = BTreeMap<i32, Option<Arc<str>>>;
/// Who programs are, by what was asked for; `None` while it is being found out, and where there is nothing to say.
pub(super) type KnownIdentities = BTreeMap<Program, Option<Arc<Identity>>>;

/// Something to do.
pub(super) enum Chore {
    /// End a process.
    End { target: Target, force: bool },
    /// Show a file.
    Reveal(Arc<str>),
    /// Find an icon.
    Icon(Program),
    /// Find out what a process is called.
    Name(i32),
    /// Find out who a program is.
    Identify(Program),
}

/// A way to ask for chores, and the end that they arrive at.
pub(super) fn channel() -> (Sender<Chore>, Receiver<Chore>) {
    bounded(MAX_WAITING_CHORES)
}

/// Starts the thread. It ends when the last backend is dropped.
pub(super) fn start(shared: Weak<Shared>, chores: Receiver<Chore>) -> std::io::Result<()> {
    thread::Builder::new().name("chores".to_owned()).spawn(move || {
        let ender = Ender::new();
        let mut icons = Icons::default();
        for chore in chores {
            let Some(shared) = shared.upgrade() else { return };
            match chore {
                Chore::End { target, force } => {
                    let doomed = Doomed { key: target.key, path: target.path.as_deref(), force };
                    let outcome = match &ender {
                        Ok(ender) => ender.end(doomed).map_err(|err| err.to_string()),
                        Err(err) => Err(err.to_string()),
                    };
                    if let Err(why) = outcome {
                        shared.act(Action::Notice(format!("{} was not ended: {why}.", target.name)));
                    }
                }
                Chore::Reveal(path) => {
                    if let Err(err) = reveal(Path::new(&*path)) {
                        shared.act(Action::Notice(format!("{err}.")));
                    }
                }
                Chore::Icon(program) => {
                    let wanted =
                        Wanted { app: &program.app, path: program.path.as_deref(), side: AppIcon::SIDE };
                    let found = icons
                        .find(&wanted)
                        .map_or(IconState::None, |rgba| IconState::Found(Arc::new(AppIcon { rgba })));
                    shared.know_icon(&program.app, &found);
                }
                Chore::Name(pid) => shared.know_name(pid, name_of(pid).map(Into::into).as_ref()),
                Chore::Identify(program) => {
                    let found = identity::find(&program.app, program.path.as_deref()).map(Arc::new);
                    shared.know_identity(&program, found.as_ref());
                }
            }
        }
    })?;
    Ok(())
}

impl Shared {
    /// What is known of an icon. The first question has it looked for.
    pub(super) fn icon_of(&self, program: &Program) -> IconState {
        if let Some(known) = self.icons.load().get(&program.app) {
            return known.clone();
        }
        if self.to_chores.try_send(Chore::Icon(program.clone())).is_ok() {
            self.know_icon(&program.app, &IconState::Sought);
        }
        IconState::Sought
    }

    fn know_icon(&self, app: &str, state: &IconState) {
        self.icons.rcu(|icons| {
            let mut icons =
                if icons.len() < MAX_ICONS { KnownIcons::clone(icons) } else { KnownIcons::new() };
            // What was found is not forgotten for a question that crossed it.
            if *state != IconState::Sought || !icons.contains_key(app) {
                icons.insert(app.to_owned(), state.clone());
            }
            icons
        });
    }

    /// What a process is called. The first question has it looked for.
    pub(super) fn known_name(&self, pid: i32) -> Option<Arc<str>> {
        if let Some(known) = self.names.load().get(&pid) {
            return known.clone();
        }
        if self.to_chores.try_send(Chore::Name(pid)).is_ok() {
            self.know_name(pid, None);
        }
        None
    }

    /// Who a program is. The first question has it found out.
    pub(super) fn identity_of(&self, program: &Program) -> Option<Arc<Identity>> {
        if let Some(known) = self.identities.load().get(program) {
            return known.clone();
        }
        if self.to_chores.try_send(Chore::Identify(program.clone())).is_ok() {
            self.know_identity(program, None);
        }
        None
    }

    fn know_identity(&self, program: &Program, found: Option<&Arc<Identity>>) {
        self.identities.rcu(|known| {
            let mut known =
                if known.len() < MAX_ICONS { KnownIdentities::clone(known) } else { KnownIdentities::new() };
            // What was found is not forgotten for a question that crossed it.
            let entry = known.entry(program.clone()).or_default();
            *entry = found.cloned().or(entry.take());
            known
        });
    }

    fn know_name(&self, pid: i32, name: Option<&Arc<str>>) {
        self.names.rcu(|names| {
            let mut names =
                if names.len() < MAX_NAMES { KnownNames::clone(names) } else { KnownNames::new() };
            // What was found is not forgotten for a question that crossed it.
            if name.is_some() || !names.contains_key(&pid) {
                names.insert(pid, name.cloned());
            }
            names
        });
    }

    /// Hands a chore over, or says that there is too much to do.
    pub(super) fn ask_for(&self, chore: Chore) {
        if self.to_chores.try_send(chore).is_err() {
            self.act(Action::Notice("The system is slow to answer; try again in a moment.".to_owned()));
        }
    }
}
