//! Events into snapshots: a pure state machine. No I/O, no threads, no clock: the same events with the
//! same timestamps give the same snapshots, so a recorded event log is a test.

pub mod snapshot;
