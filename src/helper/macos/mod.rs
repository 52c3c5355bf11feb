//! The helper on macOS: giving up root, the sandbox, the engine, and where the copy that root runs lies.

pub mod copy;
pub mod engine;
#[cfg(target_os = "macos")]
pub mod privileges;
