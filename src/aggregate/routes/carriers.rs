//! Which flows carry a tunnel.

use crate::aggregate::snapshot::ConnectionRow;
use crate::wire::tunnel;

/// The flows that carry a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::aggregate) enum Carriers {
    /// Those of the process with this pid.
    Process(i32),
    /// Those whose packets have others inside.
    Kind(tunnel::Kind),
}

impl Carriers {
    /// Whether a flow is one of them.
    pub(in crate::aggregate) fn have(self, row: &ConnectionRow) -> bool {
        match self {
            Self::Process(pid) => row.process.is_some_and(|process| process.pid == pid),
            Self::Kind(kind) => carried_kind(row) == Some(kind),
        }
    }
}

/// The kind of tunnel that a flow may carry.
pub(super) fn carried_kind(row: &ConnectionRow) -> Option<tunnel::Kind> {
    tunnel::Kind::of(row.protocol, [row.local.port(), row.remote.port()])
}
