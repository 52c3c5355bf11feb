//! Crow answers one question at a glance: which app is using the network, with whom, and how much?
//!
//! This page is the architecture: the way of the data, what must always hold, and where to start.
//!
//! ```text
//!  privileged helper (own process)              the app (never root)
//!  ┌───────────────────────────────┐           ┌──────────────────────────────────────────────────────────┐
//!  │ open the capture as root      │           │ capture thread        aggregator thread       main thread│
//!  │ drop root for good, sandbox   │   pipe    │ ┌─────────────┐ chan  ┌─────────────────┐ swap ┌─────────┐│
//!  │ wire: frame → Packet          │──────────▶│ │ read events │──────▶│ ingest(event)   │─────▶│ tray    ││
//!  │ meter: Packet → flow deltas,  │  events   │ │ (or meter a │       │ tick(now)       │ Arc< │ window  ││
//!  │ coalesced every 50 ms         │◀──────────│ │  recording) │       │                 │ Snap>│ views   ││
//!  │ owners of sockets             │  control  │ └─────────────┘       └────────▲────────┘      └────┬────┘│
//!  └───────────────────────────────┘           │                                └──────── actions ───┘     │
//!                                              └──────────────────────────────────────────────────────────┘
//! ```
//!
//! # What always holds
//!
//! 1. The same events give the same snapshots: [`aggregate`] has no clock, no thread and does no I/O.
//! 2. No bytes, from the network, a file or the pipe, panic anything.
//! 3. Memory is bounded by constants named `MAX_…`; reaching one is shown.
//! 4. The helper is root only until its capture is open, and reads no byte of the network before that is over.
//! 5. The window never waits: it takes an [`Arc`](std::sync::Arc) of the newest snapshot. Hidden, it draws nothing.
//! 6. A number shown is a number counted.
//! 7. Nothing leaves the machine.
//! 8. Killing any part at any time loses at most the current tick and leaves nothing behind.
//!
//! Only the kernel may drop packets; it counts them and the count is shown. Everything behind it blocks or
//! coalesces: when the app is slow the helper's deltas grow larger, not more.
//!
//! # Where to start
//!
//! In reading order: the shared words ([`time`], [`units`], [`event`], [`session`]); bytes to facts ([`wire`]);
//! frames to events ([`capture`]); who owns a flow ([`process`]); the helper and its pipe ([`helper`]); events to
//! snapshots ([`aggregate`]); the threads ([`pipeline`]); and what people see ([`ui`], [`headless`], [`console`]).
//!
//! `wire` names nothing but the shared words. `ui` sees snapshots, settings and actions only. `unsafe` lives in files
//! named `ffi.rs`. `tests/house_rules.rs` holds these rules.

pub mod aggregate;
pub mod capture;
pub mod cli;
#[cfg(unix)]
pub mod console;
pub mod event;
pub mod filter;
pub mod headless;
#[cfg(unix)]
pub mod helper;
#[cfg(target_os = "linux")]
pub mod instance;
#[cfg(unix)]
pub mod pipeline;
pub mod process;
pub mod session;
pub mod settings;
pub mod store;
pub mod time;
pub mod ui;
pub mod units;
pub mod wire;
