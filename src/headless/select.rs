//! What a filter leaves of a snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::aggregate::snapshot::{Both, ConnectionRow, DomainRow, Rows, Snapshot};
use crate::event::ProcessKey;
use crate::filter::Filter;
use crate::units::Bytes;

/// The snapshot with only the processes that `filter` shows, their connections, and their domains: those add up
/// the connections that are left, so that they say what these processes moved, as far as it is still
/// listed. The machine's totals stay the machine's.
#[must_use]
pub fn select(snapshot: &Snapshot, filter: &Filter) -> Snapshot {
    if filter.is_empty() {
        return snapshot.clone();
    }
    let mut selected = snapshot.clone();
    selected.processes =
        snapshot.processes.iter().filter(|row| filter.matches_process(row)).cloned().collect();
    let owners: BTreeSet<Option<ProcessKey>> = selected.processes.iter().map(|row| row.key).collect();
    let own = snapshot.connections.iter().filter(|row| owners.contains(&row.process));
    selected.connections = own.cloned().collect();
    selected.domains = domains(snapshot, &selected.connections);
    selected
}

/// The domain rows of `snapshot` that `connections` belong to, with those connections' figures.
fn domains(snapshot: &Snapshot, connections: &Rows<ConnectionRow>) -> Rows<DomainRow> {
    let mut by_domain: BTreeMap<(bool, Arc<str>), Vec<&ConnectionRow>> = BTreeMap::new();
    for row in connections.iter().filter(|row| row.credited || row.counted != Both::default()) {
        let key = match &row.domain {
            Some(domain) => (false, Arc::clone(domain)),
            None => (true, row.remote.ip().to_canonical().to_string().into()),
        };
        by_domain.entry(key).or_default().push(row);
    }
    let known = snapshot.domains.iter();
    known
        .filter_map(|row| {
            let own = by_domain.get(&(row.is_address, Arc::clone(&row.domain)))?;
            Some(Arc::new(recount(row, own)))
        })
        .collect()
}

fn recount(row: &DomainRow, connections: &[&ConnectionRow]) -> DomainRow {
    let names = |pick: fn(&ConnectionRow) -> Option<&Arc<str>>| {
        let names: BTreeSet<&Arc<str>> = connections.iter().filter_map(|row| pick(row)).collect();
        names.into_iter().cloned().collect()
    };
    let sum = |pick: fn(&ConnectionRow) -> Bytes| connections.iter().map(|row| pick(row)).sum();
    let mut recounted = DomainRow {
        hosts: names(|row| row.host.as_ref().map(|host| &host.name)),
        processes: names(|row| Some(&row.process_name).filter(|name| !name.is_empty())),
        ..row.clone()
    };
    recounted.bytes.rx = sum(|row| row.counted.rx);
    recounted.bytes.tx = sum(|row| row.counted.tx);
    let rated = || connections.iter().filter(|row| row.credited).map(|row| row.rate);
    recounted.rate.rx = rated().map(|rate| rate.rx).sum();
    recounted.rate.tx = rated().map(|rate| rate.tx).sum();
    let is_open = |row: &&&ConnectionRow| row.credited && row.state != Some(crate::event::TcpState::Closed);
    let open = connections.iter().filter(is_open).count();
    recounted.connections = u32::try_from(open).unwrap_or(u32::MAX);
    recounted.first_seen = connections.iter().map(|row| row.first_seen).min().unwrap_or(row.first_seen);
    recounted.last_seen = connections.iter().map(|row| row.last_seen).max().unwrap_or(row.last_seen);
    // The chart is of all processes; there is none of these alone.
    recounted.history = Arc::default();
    recounted
}
