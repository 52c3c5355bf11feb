//! Crow against the truth of the system: real programs in network namespaces of their own, the kernel's counters, and
//! tshark. What needs root says so and is skipped without it.

#![cfg(target_os = "linux")]
#![cfg_attr(
    target_os = "linux",
    expect(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        reason = "a test may panic, and a missing field of the document is a failure"
    )
)]

mod attribution;
mod crow;
#[path = "../document/mod.rs"]
mod document;
mod peers;
mod programs;
mod recordings;
mod routes;
mod tshark;
mod world;

use std::time::{Duration, Instant};

/// How long anything may take before a test gives up. Generous: a busy machine decides nothing.
const PATIENCE: Duration = Duration::from_mins(1);

/// Asks until there is an answer.
#[track_caller]
fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {} s in vain for {what}", PATIENCE.as_secs());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Whether `got` is within one part in a hundred of `expected`.
fn within_one_percent(got: u64, expected: u64) -> bool {
    got.abs_diff(expected) * 100 <= expected
}
