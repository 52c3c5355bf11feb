//! The long chart of the row that is watched.

use std::time::Duration;

use super::*;
use crate::aggregate::snapshot::{Watch, Watched};

fn watched(aggregator: &mut Aggregator, millis: u64) -> Watched {
    aggregator.tick(at(millis)).watched.clone().unwrap()
}

/// A flow of process 7 that receives 1000 bytes in every second of `seconds`, 250 ms after its beginning.
fn busy(seconds: std::ops::Range<u64>) -> Vec<Event> {
    let mut events = vec![
        interface(1, "en0", InterfaceKind::Physical, &[]),
        process(7, "curl"),
        opened(1, 0, 1, Some(owner(7, OwnerSource::SocketTable))),
    ];
    events.extend(seconds.map(|second| moved(1, second * 1000 + 250, 1000, 0)));
    events
}

fn received(samples: &[Both<f32>]) -> Vec<f32> {
    samples.iter().map(|sample| sample.rx).collect()
}

#[test]
fn nobody_is_watched_unless_asked_for() {
    let mut aggregator = live(&busy(0..3));
    assert_eq!(aggregator.tick(at(3000)).watched, None);
    aggregator.watch(Some(Watch::Process(Some(key(7)))));
    assert!(aggregator.tick(at(3100)).watched.is_some());
    aggregator.watch(None);
    assert_eq!(aggregator.tick(at(3200)).watched, None);
    aggregator.watch(Some(Watch::Process(Some(key(8)))));
    assert_eq!(aggregator.tick(at(3300)).watched, None, "there is no such process");
}

#[test]
fn a_process_and_a_domain_are_known_in_tens_for_ten_minutes() {
    let mut aggregator = live(&busy(0..700));
    for of in [Watch::Process(Some(key(7))), Watch::Domain("192.0.2.1".into())] {
        aggregator.watch(Some(of.clone()));
        let watched = watched(&mut aggregator, 703_000);
        assert_eq!(watched.of, of);
        assert_eq!((watched.seconds.len(), watched.tens.len()), (60, 60));
        assert_eq!(watched.tens_age, Duration::from_secs(3));
        assert_eq!(received(&watched.tens), [1000.0; 60]);
        assert_eq!(received(&watched.seconds).last_chunk::<4>(), Some(&[1000.0, 0.0, 0.0, 0.0]));
        assert_eq!(watched.known, Duration::from_secs(703));
    }
}

#[test]
fn what_was_long_ago_leaves_the_chart() {
    let mut aggregator = live(&busy(0..20));
    aggregator.watch(Some(Watch::Process(Some(key(7)))));
    assert_eq!(received(&watched(&mut aggregator, 300_000).tens).len(), 30);
    assert_eq!(received(&watched(&mut aggregator, 800_000).tens), [] as [f32; 0]);
}

#[test]
fn a_connection_is_charted_from_half_a_minute_before_it_is_watched() {
    let mut aggregator = live(&busy(0..100));
    aggregator.watch(Some(Watch::Connection(FlowId(1))));
    let before = watched(&mut aggregator, 100_000);
    assert_eq!(before.known, Duration::from_secs(30) + Duration::from_millis(750), "from the last event on");
    let samples = received(&before.seconds);
    assert!((29..=31).contains(&samples.len()), "{}", samples.len());
    assert!(samples.iter().all(|rate| (rate - 1000.0).abs() < 1.0), "{samples:?}");
    for second in 100..200 {
        aggregator.ingest(&moved(1, second * 1000 + 250, 3000, 0));
    }
    // Looking away and back does not lose it.
    aggregator.watch(None);
    aggregator.tick(at(200_000));
    aggregator.watch(Some(Watch::Connection(FlowId(1))));
    let after = watched(&mut aggregator, 200_000);
    assert_eq!(received(&after.seconds).len(), samples.len() + 100);
    assert_eq!(received(&after.seconds).iter().filter(|rate| **rate > 2999.0).count(), 100);
}

#[test]
fn connections_in_sight_have_a_sparkline_of_half_a_minute() {
    let mut aggregator = live(&busy(0..100));
    assert!(aggregator.tick(at(99_000)).sparklines.is_empty(), "nobody looks");
    aggregator.see(vec![FlowId(1), FlowId(2)]);
    let snapshot = aggregator.tick(at(99_500));
    let (flow, chart) = snapshot.sparklines.first_key_value().unwrap();
    assert_eq!((*flow, snapshot.sparklines.len()), (FlowId(1), 1), "there is no second one");
    assert!((29..=30).contains(&chart.len()), "{}", chart.len());
    assert!(received(chart).iter().all(|rate| (rate - 1000.0).abs() < 1.0), "{chart:?}");
    let quiet = aggregator.tick(at(140_000));
    assert!(quiet.sparklines.is_empty(), "what is quiet needs no chart");
    aggregator.see((0..1000).map(FlowId).collect());
    assert!(aggregator.watches.sparklines(&aggregator.connections, aggregator.clock.moment()).len() < 2);
}

#[test]
fn what_is_over_says_since_when() {
    let mut aggregator = live(&busy(0..3));
    assert_eq!(aggregator.tick(at(3000)).connections[0].ended, None);
    aggregator.ingest(&closed(1, 4000));
    aggregator.ingest(&Event::ProcessExited { process: key(7), time: at(5000) });
    let snapshot = aggregator.tick(at(6000));
    assert_eq!(snapshot.connections[0].ended, Some(at(4000)));
    assert_eq!(snapshot.processes[0].ended, Some(at(5000)));
}

#[test]
fn a_reset_begins_the_charts_anew() {
    let mut aggregator = live(&busy(0..100));
    for of in [Watch::Connection(FlowId(1)), Watch::Process(Some(key(7)))] {
        aggregator.watch(Some(of));
    }
    aggregator.reset(at(100_000));
    for of in [Watch::Connection(FlowId(1)), Watch::Process(Some(key(7)))] {
        aggregator.watch(Some(of));
        let watched = watched(&mut aggregator, 101_000);
        assert_eq!(received(&watched.seconds), [] as [f32; 0]);
        assert_eq!(received(&watched.tens), [] as [f32; 0]);
        assert_eq!(watched.known, Duration::from_secs(1));
    }
}
