//! Crow answers one question at a glance: which app is using the network, with whom, and how much?
pub mod aggregate;
pub mod capture;
pub mod event;
pub mod filter;
pub mod session;
pub mod settings;
pub mod store;
pub mod time;
pub mod ui;
pub mod units;
pub mod wire;
