//! What people see and touch: the window, the menu-bar item and the words in them. Knows snapshots, settings and
//! actions only; it neither waits for the backend nor disturbs it.

pub mod app;
pub mod fonts;
pub mod icon;
pub mod keys;
pub mod shell;
pub mod states;
pub mod text;
pub mod theme;
pub mod toolbar;
mod tray;
pub mod views;
pub mod widgets;

use std::sync::Arc;

use crate::aggregate::snapshot::Snapshot;
use crate::session::{Action, Status};

/// The rest of Crow, as the window sees it. Every call returns at once.
pub trait Backend: Send + Sync {
    /// The newest picture.
    fn snapshot(&self) -> Arc<Snapshot>;

    /// What the capture is doing.
    fn status(&self) -> Arc<Status>;

    /// Asks for something; the effect shows in a later status or snapshot.
    fn act(&self, action: Action);
}
