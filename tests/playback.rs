//! A recording in play: its length, its position, and going to another one.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use crow::pipeline::{Input, Pipeline, PipelineOptions};
use crow::session::{Action, Backend, CaptureState};
use crow::settings::RateWindow;

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// Waits until the backend says so, woken by its news.
fn wait(backend: &dyn Backend, news: &Receiver<()>, what: &str, is_so: impl Fn(&dyn Backend) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so(backend) {
        let _ = news.recv_timeout(Duration::from_millis(300));
        assert!(Instant::now() < deadline, "waited in vain for {what}; {:?}", backend.status());
    }
}

fn position(backend: &dyn Backend) -> Option<(Duration, Option<Duration>)> {
    match &backend.status().capture {
        CaptureState::Recording { played, length } => Some((*played, *length)),
        _ => None,
    }
}

fn bytes(backend: &dyn Backend) -> u64 {
    let totals = &backend.snapshot().totals;
    totals.bytes.rx.0 + totals.bytes.tx.0 + totals.loopback.0
}

#[test]
fn a_recording_has_a_length_and_can_be_played_from_anywhere() {
    let (wake, news) = crossbeam_channel::bounded(1);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample.pcapng.gz");
    let pipeline = Pipeline::start(PipelineOptions {
        input: Input::Recording(path),
        window: RateWindow::default(),
        shown: true,
        wake: Box::new(move || {
            let _ = wake.try_send(());
        }),
    })
    .unwrap();
    let backend = pipeline.backend();
    let backend = &*backend;
    wait(backend, &news, "the length", |it| position(it).is_some_and(|(_, length)| length.is_some()));
    let length = position(backend).unwrap().1.unwrap();
    assert!(length > Duration::from_secs(5), "{length:?}");

    backend.act(Action::Pause(true));
    let middle = length / 2;
    backend.act(Action::Seek(middle));
    let stands_at = |it: &dyn Backend, at: Duration| position(it).is_some_and(|(played, _)| played == at);
    wait(backend, &news, "the middle", |it| stands_at(it, middle) && bytes(it) > 0);
    backend.act(Action::Step);
    let stepped = middle + Duration::from_secs(1);
    wait(backend, &news, "a step", |it| stands_at(it, stepped));
    // The picture follows the position within a tick; what it counts does not grow any more then.
    let before = backend.snapshot().generation;
    wait(backend, &news, "its picture", |it| it.snapshot().generation > before + 1);
    let at_end = backend.snapshot().time;
    let in_the_middle = bytes(backend);

    let early = Duration::from_millis(500);
    backend.act(Action::Seek(early));
    wait(backend, &news, "the way back", |it| stands_at(it, early) && it.snapshot().time < at_end);
    assert!(bytes(backend) < in_the_middle, "going back counts from the beginning");

    backend.act(Action::Pause(false));
    backend.act(Action::Speed(f64::INFINITY));
    wait(backend, &news, "the end", |it| matches!(it.status().capture, CaptureState::Ended { note: None }));
    wait(backend, &news, "the end's picture", |it| bytes(it) > in_the_middle);
    let all = bytes(backend);
    backend.act(Action::Speed(1.0));
    backend.act(Action::Seek(Duration::ZERO));
    wait(backend, &news, "playing again", |it| position(it).is_some() && bytes(it) < all);
}
