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
//! 7. Nothing leaves the machine, but what the user switched on: reverse DNS asks the system's own resolver.
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

//! # Where building showed the first design to be wrong
//!
//! - **IP bytes** are the IP length field's, and the frame's only where that field is 0. A frame that is longer than its
//!   packet is padded (Ethernet's 60 bytes), so the difference is no traffic; tshark counts the same.
//! - **One interface** is captured on the `any` device behind the kernel filter `ifindex N`: frames then say which way
//!   they went, and an interface that comes back is followed without the right to open a capture.
//! - **Landlock** is not used: it denies the reading of other processes' descriptors, which owner look-up lives by.
//!   The helper has a system-call allow-list instead.
//! - **The helper runs at a higher priority** (`nice -10`): behind busy compilers it lost packets and owners.
//! - **Owners of short connections** come from kernel events where the kernel allows them, attached before root is
//!   given up; the socket table is asked where it does not.
//! - **Without the right to capture** the window opens on this machine's own sockets and not on the sample: the system
//!   counts each socket's payload and says whose it is ([`process::census`]), which becomes the same events as packets do.
//!   The sample plays where the sockets cannot be read. Once the capture begins all totals begin again at 0, because
//!   payload and IP bytes do not add up and every connection would be there twice. `--headless` prints counts of
//!   packets or ends with status 1, as before.
//! - **The command line** has two options more: `--self-check` prints a report of what works on this machine, and
//!   `--hidden` starts without a window, which is what "Open at login" does on Linux. (macOS says by itself that login
//!   has started an app.)
//! - **Who opens Crow at login** is asked of the system each time and not kept in the settings: it can be changed there.
//! - **Greetings**: the helper compares the first eleven bytes of a payload with how TLS, DTLS and QUIC
//!   begin
//!   ([`wire::greeting`]), and passes on what begins so whenever it comes. Otherwise a hello in a connection that was
//!   found midway, or behind a proxy's long head, would have no name.
//! - **Tunnels in recordings**: a recording made outside of a tunnel that is not encrypted (GRE, IP in IP, VXLAN, …;
//!   [`wire::tunnel`]) has the packets inside metered as if the tunnel had an interface here, named after its kind; the
//!   flow outside is a carrier. Not live, and not where the recording has a tunnel's own interface: it shows the same.
//! - **What a proxy or tunnel moves** counts once, for the app: see `aggregate::routes`.
//! - **A proxy's own API** (Clash's, which mihomo and sing-box offer) is asked by the app itself, in a thread of its own, at
//!   a loopback address and only where the user wants it: [`process::controller`]. What it says of a connection ranks
//!   below what the connection says itself (`host_source` is `proxy`), and adds by which servers it leaves
//!   (`route_chain`, left out where nobody says it). Everything else is joined from the wire.
//! - **JSON**: a connection has `host_learned` too, when its name was learned (from which its age follows), and
//!   `host_note` (`ech_outer`, `encrypted_dns`, `private_relay`); a process has `dns`, how it was seen to ask for names
//!   (`clear`, `encrypted`, `both`), and `dns_resolvers`, whom it asked behind closed doors; `interval_s` is `null` when
//!   only a recording's end is printed; `limits` is there when one was reached.

pub mod aggregate;
#[cfg(all(target_os = "linux", feature = "window"))]
pub mod bus;
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
#[cfg(feature = "window")]
pub mod lang;
pub mod login_item;
#[cfg(unix)]
pub mod pipeline;
pub mod process;
#[cfg(unix)]
pub mod self_check;
pub mod session;
pub mod settings;
pub mod store;
pub mod time;
#[cfg(feature = "window")]
pub mod ui;
pub mod units;
pub mod wire;
