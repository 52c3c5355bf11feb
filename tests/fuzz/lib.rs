//! The parsers under test, for the programs in `targets/`.

#[path = "../parsers/mod.rs"]
mod parsers;

pub use parsers::*;
