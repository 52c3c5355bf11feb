//! Bytes over time: sliding windows, seconds for charts, and the clock that both run on.

use std::collections::VecDeque;
use std::time::Duration;

use super::snapshot::{Both, HALF_MINUTE, History};
use crate::settings::RateWindow;
use crate::time::Timestamp;
use crate::units::{Bytes, BytesPerSec};

/// Nanoseconds since the counting began. Never runs backwards, whatever the stamps do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(u64);

impl Moment {
    /// The time from `earlier` to `self`.
    pub(super) fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The bucket that ends at or after this moment: bucket n holds the time (n − 1, n] · 250 ms.
    fn slot(self) -> u32 {
        u32::try_from(self.0.div_ceil(SLOT_NANOS)).unwrap_or(u32::MAX)
    }

    /// Likewise in steps of `step` seconds.
    fn step(self, step: u64) -> u64 {
        self.0.div_ceil(SECOND_NANOS * step)
    }

    /// The time since the last whole step of `step` seconds.
    pub(super) fn into_step(self, step: u64) -> Duration {
        Duration::from_nanos(self.0 % (SECOND_NANOS * step))
    }

    /// The moment that lies `span` before this one, or the beginning.
    fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// Turns stamps into moments.
///
/// Stamps come from several processors and may be a little out of order: an earlier one counts as the latest so
/// far. A step back of more than [`CLOCK_STEP`] is a clock that was set; time goes on from there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    last: Option<Timestamp>,
    moment: Moment,
}

impl Clock {
    /// The moment of `stamp`. The first one is the beginning.
    pub(super) fn advance(&mut self, stamp: Timestamp) -> Moment {
        let last = *self.last.get_or_insert(stamp);
        if last < stamp {
            let step = u64::try_from(stamp.since(last).as_nanos()).unwrap_or(u64::MAX);
            self.moment.0 = self.moment.0.saturating_add(step);
            self.last = Some(stamp);
        } else if stamp + CLOCK_STEP < last {
            self.last = Some(stamp);
        }
        self.moment
    }

    /// The latest stamp so far.
    pub(super) fn stamp(&self) -> Timestamp {
        self.last.unwrap_or_default()
    }

    /// The latest moment so far.
    pub(super) const fn moment(&self) -> Moment {
        self.moment
    }
}

/// What a rate is averaged over: the buckets after one, and how long they last.
///
/// That is the chosen window, rounded up to whole buckets (of 250 ms; of 1 s for the window of 30 s),
/// or the time since the counting began if that is shorter: the first seconds are not understated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// Buckets up to this one are over.
    after: Option<u32>,
    length: Duration,
}

impl Span {
    /// The span of `window` that ends `now`, of a count that began at `start`.
    pub(super) fn ending(now: Moment, start: Moment, window: RateWindow) -> Self {
        let slots = u64::try_from(window.span().as_nanos()).unwrap_or(u64::MAX) / SLOT_NANOS;
        let begin = (now.0 / SLOT_NANOS).checked_sub(slots).map(|begin| match window {
            RateWindow::ThirtySeconds => begin - begin % u64::from(COARSE),
            _ => begin,
        });
        let begin = begin.filter(|begin| start.0 < begin * SLOT_NANOS);
        let begin_nanos = begin.map_or(start.0, |begin| begin * SLOT_NANOS);
        Self {
            after: begin.map(|begin| u32::try_from(begin).unwrap_or(u32::MAX)),
            // A rate over less than a bucket would be a guess made from one packet.
            length: Duration::from_nanos(now.0.saturating_sub(begin_nanos).max(SLOT_NANOS)),
        }
    }

    /// The average rate of what a [`Ring`] held within this span.
    pub(super) fn rate(&self, bytes: Both<u64>) -> Both<BytesPerSec> {
        Both { rx: Bytes(bytes.rx).over(self.length), tx: Bytes(bytes.tx).over(self.length) }
    }
}

/// Bytes of the last half minute, in buckets. Empty ones take no room, and a ring that has been idle for
/// longer than that owns no memory at all.
#[derive(Clone, Debug, Default)]
pub(super) struct Ring {
    /// Ascending by bucket.
    buckets: Vec<Bucket>,
    /// The number of the last bucket.
    latest: u32,
}

/// Fourteen bytes, of which a busy flow has fifty: the counts are 48 bits wide (281 TB in 250 ms) and saturate, and of the
/// bucket's number there is as much as tells it from those that a ring may hold beside it.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    slot: u16,
    rx: [u16; 3],
    tx: [u16; 3],
}

impl Ring {
    /// Counts bytes at `now`.
    pub(super) fn add(&mut self, now: Moment, bytes: Both<u64>) {
        let slot = now.slot();
        if let Some(last) = self.buckets.last_mut()
            && slot <= self.latest
        {
            last.add(bytes);
            return;
        }
        if LONGEST < slot.saturating_sub(self.latest) {
            self.buckets.clear();
        }
        if self.buckets.len() == self.buckets.capacity() {
            self.coarsen(slot);
        }
        if self.buckets.len() == self.buckets.capacity() {
            self.buckets.reserve_exact(GROWTH);
        }
        self.latest = slot;
        self.buckets.push(Bucket::new(slot, bytes));
    }

    /// The bytes within `span`.
    pub(super) fn within(&self, span: &Span) -> Both<u64> {
        let mut sum = Both::default();
        for bucket in self.buckets.iter().rev() {
            if span.after.is_some_and(|after| bucket.slot(self.latest) <= after) {
                break;
            }
            let bytes = bucket.bytes();
            sum.rx += bytes.rx;
            sum.tx += bytes.tx;
        }
        sum
    }

    /// The last half minute, if anything moved in it.
    pub(super) fn sparkline(&self, now: Moment) -> Option<History> {
        let (_, mut seconds) = self.to_seconds(now, HALF_MINUTE);
        let chart = seconds.chart(now);
        chart.iter().any(|sample| *sample != Both::default()).then_some(chart)
    }

    /// Lets go of what no window reaches any more; whether nothing is left.
    pub(super) fn expire(&mut self, now: Moment) -> bool {
        if let Some(over) = now.slot().checked_sub(LONGEST) {
            let gone = self.buckets.partition_point(|bucket| bucket.slot(self.latest) <= over);
            if gone == self.buckets.len() {
                self.buckets = Vec::new();
            } else if gone > 0 {
                self.buckets.drain(..gone);
            }
        }
        self.buckets.is_empty()
    }

    /// A chart of `capacity` seconds that begins with what the ring still holds, and the moment where it begins.
    pub(super) fn to_seconds(&self, now: Moment, capacity: usize) -> (Moment, Seconds) {
        let begin = now.before(RateWindow::ThirtySeconds.span());
        let mut seconds = Seconds::new(begin, capacity);
        for bucket in &self.buckets {
            let moment = Moment(u64::from(bucket.slot(self.latest)) * SLOT_NANOS);
            if begin < moment {
                seconds.add(moment.min(now), bucket.bytes());
            }
        }
        (begin, seconds)
    }

    /// Before growing: joins buckets that only the window of 30 s still reaches into whole seconds.
    fn coarsen(&mut self, slot: u32) {
        let fine_after = slot.saturating_sub(FINE) / COARSE * COARSE;
        let latest = self.latest;
        self.buckets.dedup_by(|next, kept| {
            let (next_slot, kept_slot) = (next.slot(latest), kept.slot(latest));
            let joined = next_slot <= fine_after && next_slot.div_ceil(COARSE) == kept_slot.div_ceil(COARSE);
            if joined {
                kept.add(next.bytes());
                kept.slot = next.slot;
            }
            joined
        });
        let over = slot.saturating_sub(LONGEST);
        let gone = self.buckets.partition_point(|bucket| bucket.slot(latest) < over);
        self.buckets.drain(..gone);
    }
}

impl Bucket {
    fn new(slot: u32, bytes: Both<u64>) -> Self {
        let [low, _] = halves(slot);
        let mut bucket = Self { slot: low, rx: [0; 3], tx: [0; 3] };
        bucket.add(bytes);
        bucket
    }

    /// The bucket's number, in a ring whose latest is that of `latest`.
    fn slot(self, latest: u32) -> u32 {
        let [low, _] = halves(latest);
        latest.saturating_sub(low.wrapping_sub(self.slot).into())
    }

    fn bytes(self) -> Both<u64> {
        Both { rx: wide(self.rx), tx: wide(self.tx) }
    }

    fn add(&mut self, more: Both<u64>) {
        let old = self.bytes();
        self.rx = narrow(old.rx.saturating_add(more.rx));
        self.tx = narrow(old.tx.saturating_add(more.tx));
    }
}

/// The lower and the upper 16 bits.
fn halves(number: u32) -> [u16; 2] {
    let [a, b, c, d] = number.to_le_bytes();
    [u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])]
}

/// A number of 48 bits, the lowest first.
fn wide([low, middle, high]: [u16; 3]) -> u64 {
    u64::from(high) << 32 | u64::from(middle) << 16 | u64::from(low)
}

/// As much of a number as 48 bits hold.
fn narrow(wide: u64) -> [u16; 3] {
    let Ok(high) = u16::try_from(wide >> 32) else { return [u16::MAX; 3] };
    let [low, middle] = halves(u32::try_from(wide & u64::from(u32::MAX)).unwrap_or(u32::MAX));
    [low, middle, high]
}

/// Bytes per second, second by second or in longer steps, for a chart. Owns nothing when all of it is zero.
#[derive(Clone, Debug)]
pub(super) struct Seconds {
    samples: VecDeque<Both<f32>>,
    capacity: usize,
    /// Seconds to a sample.
    step: u64,
    /// The second, or the step, that is being counted.
    second: u64,
    current: Both<u64>,
    /// How many of the newest samples are zero.
    quiet: usize,
    /// Traffic has finished a second since the last tick.
    is_news: bool,
}

impl Seconds {
    /// A chart of the last `capacity` seconds that begins `now`.
    pub(super) fn new(now: Moment, capacity: usize) -> Self {
        Self::in_steps(now, capacity, 1)
    }

    /// A chart of the last `capacity` steps of `step` seconds each that begins `now`.
    pub(super) fn in_steps(now: Moment, capacity: usize, step: u64) -> Self {
        Self {
            samples: VecDeque::new(),
            capacity,
            step,
            second: now.step(step),
            current: Both::default(),
            quiet: 0,
            is_news: false,
        }
    }

    /// Counts bytes at `now`.
    pub(super) fn add(&mut self, now: Moment, bytes: Both<u64>) {
        self.is_news |= self.finish(now.step(self.step));
        self.current.rx = self.current.rx.saturating_add(bytes.rx);
        self.current.tx = self.current.tx.saturating_add(bytes.tx);
    }

    /// Finishes the seconds that are over; the chart if it has changed.
    pub(super) fn tick(&mut self, now: Moment) -> Option<History> {
        let is_finished = self.finish(now.0 / (SECOND_NANOS * self.step) + 1);
        if !(std::mem::take(&mut self.is_news) || is_finished) {
            return None;
        }
        Some(self.samples.iter().copied().collect())
    }

    /// The chart as it is now, changed or not.
    pub(super) fn chart(&mut self, now: Moment) -> History {
        self.is_news |= self.finish(now.0 / (SECOND_NANOS * self.step) + 1);
        self.samples.iter().copied().collect()
    }

    /// Whether there is nothing to show and nothing being counted.
    pub(super) fn is_idle(&self) -> bool {
        self.samples.is_empty() && self.current == Both::default()
    }

    /// Finishes every second before `second`; whether there was one to show.
    fn finish(&mut self, second: u64) -> bool {
        if second <= self.second {
            return false;
        }
        let passed = usize::try_from(second - self.second).unwrap_or(usize::MAX);
        self.second = second;
        let bytes = std::mem::take(&mut self.current);
        if self.samples.is_empty() && bytes == Both::default() {
            return false;
        }
        self.quiet = if bytes == Both::default() { self.quiet + 1 } else { 0 };
        let per_second = |bytes: u64| bytes as f32 / self.step as f32;
        self.samples.push_back(Both { rx: per_second(bytes.rx), tx: per_second(bytes.tx) });
        let silent = (passed - 1).min(self.capacity);
        self.samples.extend(std::iter::repeat_n(Both::default(), silent));
        self.quiet += silent;
        if self.capacity <= self.quiet {
            self.samples = VecDeque::new();
            self.quiet = 0;
        }
        let excess = self.samples.len().saturating_sub(self.capacity);
        self.samples.drain(..excess);
        true
    }
}

const SECOND_NANOS: u64 = 1_000_000_000;

/// A bucket's length.
const SLOT_NANOS: u64 = SECOND_NANOS / 4;

/// Buckets to a second.
const COARSE: u32 = 4;

/// Buckets that stay fine: the window of 5 s, a begun bucket at each end, and a second to align.
const FINE: u32 = 22;

/// Buckets that the longest window may reach back: 30 s, and as long as it takes to align.
const LONGEST: u32 = 30 * COARSE + COARSE + 1;

/// Buckets that a ring makes room for at a time.
const GROWTH: usize = 8;

/// A step back of the clock that is more than disorder.
const CLOCK_STEP: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
