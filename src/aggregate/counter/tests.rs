//! Windows against a model that keeps every byte, and the edges of buckets, clocks and charts.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;

use super::*;

/// What a window should say, from a list of everything that ever moved.
fn model(moved: &[(u64, u64, u64)], now: u64, window: RateWindow) -> (f64, f64) {
    let grid = if window == RateWindow::ThirtySeconds { 1000 } else { 250 };
    let span = u64::try_from(window.span().as_millis()).unwrap();
    // Whole buckets of 250 ms that have ended by now, then down to the window's own grid.
    let begin =
        (now / 250 * 250).checked_sub(span).map(|begin| begin / grid * grid).filter(|begin| 0 < *begin);
    let inside = |at: u64| begin.is_none_or(|begin| begin < at);
    let seconds = (now - begin.unwrap_or(0)).max(250) as f64 / 1000.0;
    let sum = |pick: fn(&(u64, u64, u64)) -> u64| {
        moved.iter().filter(|one| inside(one.0)).map(pick).sum::<u64>() as f64 / seconds
    };
    (sum(|one| one.1), sum(|one| one.2))
}

fn at(millis: u64) -> Moment {
    Moment(millis * 1_000_000)
}

proptest! {
    #[test]
    fn a_rate_is_what_moved_within_the_window(
        steps in prop::collection::vec((0u64..3_000, 0u64..1 << 34, 0u64..2_000, any::<bool>()), 1..300),
    ) {
        let mut ring = Ring::default();
        let mut moved = Vec::new();
        let mut now = 0;
        for (wait, rx, tx, long) in steps {
            now += if long { wait } else { wait / 30 };
            moved.push((now, rx, tx));
            ring.add(at(now), Both { rx, tx });
            if rx % 2 == 0 {
                ring.expire(at(now));
            }
            for window in [RateWindow::OneSecond, RateWindow::FiveSeconds, RateWindow::ThirtySeconds] {
                let span = Span::ending(at(now), Moment(0), window);
                let rate = span.rate(ring.within(&span));
                let (rx, tx) = model(&moved, now, window);
                prop_assert!((rate.rx.get() - rx).abs() <= rx * 1e-9, "{window:?} {now}: {rate:?}, not {rx}");
                prop_assert!((rate.tx.get() - tx).abs() <= tx * 1e-9, "{window:?} {now}: {rate:?}, not {tx}");
            }
        }
        prop_assert!(ring.buckets.capacity() <= 56, "{} buckets", ring.buckets.capacity());
        now += 31_250;
        prop_assert!(ring.expire(at(now)));
        prop_assert_eq!(ring.buckets.capacity(), 0);
    }
}

#[test]
fn a_busy_ring_stays_below_784_bytes() {
    let mut ring = Ring::default();
    for millis in (0..600_000).step_by(50) {
        ring.add(at(millis), Both { rx: 1, tx: 1 });
    }
    assert!(ring.buckets.capacity() * size_of::<Bucket>() <= 784);
    let span = Span::ending(at(600_000), Moment(0), RateWindow::ThirtySeconds);
    assert_eq!(ring.within(&span).rx, 599, "30 s of 20 a second, less the one that was not sent at the end");
}

#[test]
fn a_ring_that_was_asleep_for_long_begins_anew() {
    let mut ring = Ring::default();
    // As many buckets on as a bucket's number tells apart.
    let late = 1_000 + 65_536 * 250;
    ring.add(at(1_000), Both { rx: 5, tx: 5 });
    ring.add(at(late), Both { rx: 7, tx: 0 });
    let span = Span::ending(at(late), Moment(0), RateWindow::ThirtySeconds);
    assert_eq!(ring.within(&span), Both { rx: 7, tx: 0 });
}

#[test]
fn the_first_seconds_are_not_understated() {
    let mut ring = Ring::default();
    ring.add(at(500), Both { rx: 1_000, tx: 0 });
    let rate = |now| {
        let span = Span::ending(at(now), Moment(0), RateWindow::FiveSeconds);
        span.rate(ring.within(&span)).rx.get()
    };
    assert!((rate(500) - 2_000.0).abs() < 1e-9);
    assert!((rate(4_000) - 250.0).abs() < 1e-9);
    assert!((rate(5_250) - 200.0).abs() < 1e-9, "from 250 ms after the beginning, 5 s wide");
    assert!(rate(5_500).abs() < 1e-9);
}

#[test]
fn huge_counts_saturate() {
    let mut ring = Ring::default();
    for _ in 0..3 {
        ring.add(at(100), Both { rx: u64::MAX, tx: 1 << 40 });
    }
    let span = Span::ending(at(100), Moment(0), RateWindow::OneSecond);
    assert_eq!(ring.within(&span), Both { rx: (1 << 48) - 1, tx: 3 << 40 });
}

#[test]
fn the_clock_ignores_disorder_and_follows_a_step() {
    let mut clock = Clock::default();
    let second = |n| Timestamp::new(n, 0);
    assert_eq!(clock.advance(second(100)), Moment(0));
    assert_eq!(clock.advance(second(103)), Moment(3 * SECOND_NANOS));
    assert_eq!(clock.advance(second(101)), Moment(3 * SECOND_NANOS), "out of order");
    assert_eq!(clock.advance(second(104)), Moment(4 * SECOND_NANOS));
    assert_eq!(clock.advance(second(10)), Moment(4 * SECOND_NANOS), "set back");
    assert_eq!(clock.advance(second(12)), Moment(6 * SECOND_NANOS));
}

#[test]
fn a_chart_has_one_sample_a_second_and_forgets_silence() {
    let mut seconds = Seconds::new(at(0), 4);
    let rx = |history: Option<History>| {
        history.map(|samples| samples.iter().map(|sample| sample.rx).collect::<Vec<_>>())
    };
    let moved = |rx| Both { rx, tx: 0 };
    assert!(seconds.is_idle());
    seconds.add(at(300), moved(5));
    seconds.add(at(1_000), moved(6));
    assert_eq!(rx(seconds.tick(at(900))), None, "the second is not over");
    assert_eq!(rx(seconds.tick(at(1_000))), Some(vec![11.0]));
    seconds.add(at(1_001), moved(7));
    assert_eq!(rx(seconds.tick(at(4_500))), Some(vec![11.0, 7.0, 0.0, 0.0]));
    assert_eq!(rx(seconds.tick(at(5_000))), Some(vec![7.0, 0.0, 0.0, 0.0]));
    assert_eq!(rx(seconds.tick(at(6_100))), Some(vec![]), "four silent seconds");
    assert!(seconds.is_idle());
    assert_eq!(rx(seconds.tick(at(9_000))), None);
    seconds.add(at(9_500), moved(1));
    assert_eq!(rx(seconds.tick(at(90_000))), Some(vec![]), "long asleep");
}

#[test]
fn traffic_that_never_pauses_still_moves_the_chart() {
    let mut seconds = Seconds::new(at(0), 60);
    let mut lengths = Vec::new();
    for millis in (50..5_050).step_by(50) {
        // Each second is over by a packet of the next one, not by a tick.
        seconds.add(at(millis), Both { rx: 1, tx: 0 });
        if millis % 250 == 100 {
            lengths.extend(seconds.tick(at(millis)).map(|samples| samples.len()));
        }
    }
    assert_eq!(lengths, [1, 2, 3, 4], "a chart a second");
}
