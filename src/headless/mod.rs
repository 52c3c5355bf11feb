//! Crow for a terminal or another program: a table, or one JSON document a line. What is printed depends on the
//! snapshot alone; [`run`] is the loop that prints.

mod json;
#[cfg(unix)]
pub mod run;
mod select;
mod table;

pub use json::Document;
pub use select::select;
pub use table::table;
