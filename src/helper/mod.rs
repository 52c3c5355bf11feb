//! The privileged helper and its pipe: both ends, the launch, the loop, and giving up root.
//!
//! The helper's life: check the arguments, connect, check who listens, greet, hear which interface, open the
//! capture, give up root for good ([`privileges`]), and only then read packets ([`serve`]).

#[cfg(target_os = "linux")]
pub mod engine;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod ffi;
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub mod findings;
pub mod launch;
pub mod macos;
pub mod peer;
#[cfg(target_os = "linux")]
pub mod privileges;
pub mod protocol;
pub mod replay;
pub mod run;
#[cfg(target_os = "linux")]
mod seccomp;
pub mod serve;
pub mod session;
