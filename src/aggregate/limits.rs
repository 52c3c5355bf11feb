//! What bounds the memory, and what to say when a bound is reached.

/// Connections that are remembered, open and closed.
pub const MAX_CONNECTIONS: usize = 1 << 18;

/// Processes that are remembered.
pub(super) const MAX_PROCESSES: usize = 1 << 16;

/// Domains and nameless addresses that are remembered. More than connections, so that there always are some thousand without
/// connections to let go of when there is no room: looking for them takes as long for one as for all, and a flood of
/// strangers would otherwise have each of them looked for alone.
pub(super) const MAX_DOMAINS: usize = MAX_CONNECTIONS + MAX_CONNECTIONS / 64;

/// Host names, and names of processes, that are listed for one domain.
pub(super) const MAX_DOMAIN_NAMES: usize = 256;

/// Names below all domains, beyond which those whose connections are no longer listed are not listed either.
pub(super) const MAX_GONE_NAMES: usize = 1 << 14;

/// The bounds of one aggregator's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) connections: usize,
    pub(super) processes: usize,
    pub(super) domains: usize,
    pub(super) gone_names: usize,
}

impl Default for Room {
    /// [`MAX_CONNECTIONS`], [`MAX_PROCESSES`], [`MAX_DOMAINS`], [`MAX_GONE_NAMES`]: what every aggregator but a test's has.
    fn default() -> Self {
        Self {
            connections: MAX_CONNECTIONS,
            processes: MAX_PROCESSES,
            domains: MAX_DOMAINS,
            gone_names: MAX_GONE_NAMES,
        }
    }
}

/// A bound that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Limit {
    ClosedConnections,
    OpenConnections,
    Processes,
    Domains,
    DomainNames,
    GoneNames,
    Names,
    Finders,
}

impl Limit {
    /// One sentence for the user: the constant, and what is not shown.
    pub(super) const fn sentence(self) -> &'static str {
        match self {
            Self::ClosedConnections => {
                "More than 262144 connections (MAX_CONNECTIONS): the ones that closed first are no longer listed; all totals still count them."
            }
            Self::OpenConnections => {
                "More than 262144 connections open at once (MAX_CONNECTIONS): later ones are neither listed nor counted."
            }
            Self::Processes => {
                "More than 65536 processes (MAX_PROCESSES): the traffic of later ones is listed as unattributed."
            }
            Self::Domains => {
                "More than 266240 domains (MAX_DOMAINS): those that have been silent the longest are no longer listed."
            }
            Self::DomainNames => {
                "A domain has more than 256 hosts or processes (MAX_DOMAIN_NAMES): the rest is counted but not named."
            }
            Self::GoneNames => {
                "More than 16384 hosts and processes below domains (MAX_GONE_NAMES): those without a connection are no longer named."
            }
            Self::Names => "More than 65536 DNS answers (MAX_NAMES): the oldest are forgotten.",
            Self::Finders => {
                "More than 4096 connections are just beginning (MAX_FINDERS): the names that the oldest ask for are not read."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sentence_has_its_constant() {
        #[rustfmt::skip]
        let cases = [
            (Limit::ClosedConnections, MAX_CONNECTIONS), (Limit::OpenConnections, MAX_CONNECTIONS),
            (Limit::Processes, MAX_PROCESSES), (Limit::Domains, MAX_DOMAINS),
            (Limit::DomainNames, MAX_DOMAIN_NAMES), (Limit::GoneNames, MAX_GONE_NAMES), (Limit::Names, super::super::names::MAX_NAMES),
            (Limit::Finders, super::super::names::MAX_FINDERS),
        ];
        let all = Room::default();
        assert_eq!(
            (all.connections, all.processes, all.domains, all.gone_names),
            (MAX_CONNECTIONS, MAX_PROCESSES, MAX_DOMAINS, MAX_GONE_NAMES)
        );
        for (limit, constant) in cases {
            assert!(limit.sentence().contains(&constant.to_string()), "{limit:?}");
        }
    }
}
