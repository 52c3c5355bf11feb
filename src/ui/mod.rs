//! What people see and touch: the window, the menu-bar item and the words in them. Knows snapshots, settings and
//! actions only; it neither waits for the backend nor disturbs it.

pub mod app;
pub mod details;
pub mod ending;
pub mod fonts;
pub mod icon;
pub mod icons;
pub mod key_sheet;
pub mod keys;
pub mod playback;
pub mod preferences;
pub mod routes;
pub mod shell;
pub mod states;
pub mod text;
pub mod theme;
pub mod toolbar;
mod tray;
pub mod views;
pub mod wanted;
pub mod widgets;
