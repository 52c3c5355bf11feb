//! Snapshots as text for a terminal or another program: a table, or one JSON document a line. What is printed
//! depends on the snapshot alone.

mod json;
mod select;
mod table;

pub use json::Document;
pub use select::select;
pub use table::table;
