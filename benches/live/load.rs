//! The loads of `scripts/bench`: a server, and clients that send at a fixed pace and count what they have done.
//!
//! `load serve ADDRESS` answers until it is ended; `load udp|long|short|silent|mix ADDRESS RATE SECONDS` talks to it.
//! `long` and `short` run copies of this program under other names, which is what tools should show; each prints
//! one line at its end: its name, its IP bytes of payload both ways, and its connections.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a load may panic"
)]

#[path = "../support/greetings.rs"]
mod greetings;

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let words: Vec<&str> = arguments[1..].iter().map(String::as_str).collect();
    match words[..] {
        ["serve", address] => linux::serve(address.parse().unwrap()),
        ["one-long", address, group, connections, seconds] => linux::long_connections(
            address.parse().unwrap(),
            group.parse().unwrap(),
            connections.parse().unwrap(),
            seconds.parse().unwrap(),
        ),
        ["one-short", address, group, rate, seconds] => linux::short_connections(
            address.parse().unwrap(),
            group.parse().unwrap(),
            rate.parse().unwrap(),
            seconds.parse().unwrap(),
        ),
        [kind, address, rate, seconds] => {
            let plan = linux::Plan {
                address: address.parse().unwrap(),
                rate: rate.parse().unwrap(),
                seconds: seconds.parse().unwrap(),
            };
            match kind {
                "udp" => linux::datagrams(&plan),
                "long" => linux::in_copies(&plan, "one-long", 48),
                "short" => linux::in_copies(&plan, "one-short", 8),
                "silent" => linux::silent_connections(&plan),
                "mix" => linux::visits(&plan),
                _ => panic!("{kind} is no load"),
            }
        }
        _ => panic!("see the comment at the top of benches/live/load.rs"),
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("the loads need Linux's network namespaces");
}
