//! Tests of the serve loop.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::mpsc;
use std::thread;

use super::*;
use crate::event::{Delta, FlowId, Statistics};

/// Frames are bytes on a socket: each byte is one frame, so that `poll` works as it does for a capture.
struct FakeSource {
    socket: UnixStream,
    received: u64,
    faults: Vec<String>,
    breaks: bool,
}

impl Source for FakeSource {
    fn poll_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    fn drain(&mut self, max: usize, each: &mut dyn FnMut(&Frame<'_>)) -> Result<usize, live::Error> {
        let mut buffer = vec![0; max];
        let count = match self.socket.read(&mut buffer) {
            Ok(_) if self.breaks => return Err(live::Error::Read("the cable is gone".to_owned())),
            Ok(count) => count,
            Err(err) if err.kind() == ErrorKind::WouldBlock => 0,
            Err(err) => panic!("{err}"),
        };
        for _ in 0..count {
            each(&Frame {
                time: Timestamp::default(),
                interface: crate::event::InterfaceId(1),
                link: crate::wire::LinkType::RAW,
                wire_len: 1000,
                bytes: &[],
                direction: None,
                tag: None,
            });
        }
        self.received += count as u64;
        Ok(count)
    }

    fn counts(&mut self) -> Result<live::Counts, live::Error> {
        Ok(live::Counts { received: self.received, dropped: 7 })
    }

    fn check_interface(&mut self) -> Result<Option<String>, live::Error> {
        Ok(self.faults.pop())
    }

    fn select(&mut self, interface: Option<&str>) -> Result<(), live::Error> {
        match interface {
            None => Ok(()),
            Some(name) => Err(live::Error::NoSuchInterface { name: name.to_owned(), there: "lo".to_owned() }),
        }
    }
}

/// Adds up one flow's bytes until it is asked, as the meter does; pads each tick to `padding` bytes.
#[derive(Default)]
struct FakeEngine {
    delta: Option<Delta>,
    statistics: Statistics,
    padding: usize,
    ticks: usize,
    drains: usize,
}

impl Engine for FakeEngine {
    fn frame(&mut self, frame: &Frame<'_>) {
        let delta = self.delta.get_or_insert(Delta::new(FlowId(1)));
        delta.rx_bytes += u64::from(frame.wire_len);
    }

    fn drained(&mut self, _now: Timestamp) {
        self.drains += 1;
    }

    fn kernel_counts(&mut self, received: u64, dropped: u64) {
        self.statistics.received = received;
        self.statistics.dropped = dropped;
    }

    fn tick(&mut self, now: Timestamp, out: &mut Vec<Event>) {
        self.ticks += 1;
        out.extend(self.delta.take().map(|delta| Event::Deltas { time: now, deltas: vec![delta] }));
        if self.padding > 0 {
            out.push(Event::Fault("x".repeat(self.padding)));
        }
        out.push(Event::Statistics(self.statistics));
    }
}

/// A server on a thread of its own, and the three ends that a test holds.
struct Rig {
    app: UnixStream,
    wire: UnixStream,
    ended: mpsc::Receiver<(Result<End, String>, FakeEngine, usize)>,
}

impl Rig {
    fn start(engine: FakeEngine, source: impl FnOnce(FakeSource) -> FakeSource) -> Self {
        let (app, helper) = UnixStream::pair().unwrap();
        let (wire, socket) = UnixStream::pair().unwrap();
        socket.set_nonblocking(true).unwrap();
        let fake = FakeSource { socket, received: 0, faults: Vec::new(), breaks: false };
        let (mut source, mut engine) = (source(fake), engine);
        let (sender, ended) = mpsc::channel();
        thread::spawn(move || {
            let mut unsent = 0;
            let pipe =
                Pipe { stream: &helper, decoder: Decoder::default(), signals: None, start: Start::default() };
            let end = run(pipe, &mut source, &mut engine, &mut unsent);
            sender.send((end.map_err(|err| err.to_string()), engine, unsent)).unwrap();
        });
        app.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Self { app, wire, ended }
    }

    fn order(&mut self, order: &ToHelper) {
        let mut encoder = Encoder::default();
        encoder.message(order).unwrap();
        self.app.write_all(encoder.unsent()).unwrap();
    }

    fn end(&self) -> (Result<End, String>, FakeEngine, usize) {
        self.ended.recv_timeout(Duration::from_secs(3)).unwrap()
    }

    /// Everything the server says until it closes the pipe.
    fn read_to_end(&mut self) -> Vec<ToApp> {
        let (mut decoder, mut said, mut buffer) = (Decoder::default(), Vec::new(), vec![0; 1 << 16]);
        loop {
            while let Some(message) = decoder.message().unwrap() {
                said.push(message);
            }
            match self.app.read(&mut buffer).unwrap() {
                0 => return said,
                count => decoder.feed(buffer.get(..count).unwrap()),
            }
        }
    }
}

/// [`serve`], and how much was left unsent.
fn run(
    pipe: Pipe<'_>,
    source: &mut FakeSource,
    engine: &mut FakeEngine,
    unsent: &mut usize,
) -> Result<End, ServeError> {
    pipe.stream.set_nonblocking(true).unwrap();
    let mut server = Server::new(pipe, source, engine);
    let end = server.run_and_part();
    *unsent = server.encoder.unsent().len();
    end
}

fn bytes_in(said: &[ToApp]) -> u64 {
    said.iter()
        .flat_map(|message| match message {
            ToApp::Events(events) => events.as_slice(),
            _ => &[],
        })
        .filter_map(|event| match event {
            Event::Deltas { deltas, .. } => Some(deltas.iter().map(|delta| delta.rx_bytes).sum::<u64>()),
            _ => None,
        })
        .sum()
}

#[test]
fn frames_become_events_and_stop_is_answered() {
    let mut rig = Rig::start(FakeEngine::default(), |source| source);
    rig.wire.write_all(&[0; 10]).unwrap();
    rig.order(&ToHelper::Stop);
    let said = rig.read_to_end();
    let (end, engine, _) = rig.end();
    assert_eq!(end, Ok(End::Stopped));
    assert_eq!(said.last(), Some(&ToApp::Stopped));
    // Also when stop is heard first: what waits in the kernel then is still counted.
    assert_eq!((bytes_in(&said), engine.statistics.received), (10_000, 10));
    assert_eq!(engine.statistics.dropped, 7);
}

#[test]
fn the_end_of_the_app_ends_the_server_at_once() {
    let rig = Rig::start(FakeEngine::default(), |source| source);
    let began = Instant::now();
    drop(rig.app);
    let (end, ..) = rig.ended.recv_timeout(Duration::from_secs(1)).unwrap();
    assert_eq!(end, Ok(End::AppGone));
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[test]
fn the_end_of_the_app_is_seen_while_the_pipe_is_full() {
    let engine = FakeEngine { padding: 300_000, ..FakeEngine::default() };
    let mut rig = Rig::start(engine, |source| source);
    rig.wire.write_all(&[0; 10]).unwrap();
    let mut first = [0; 1];
    rig.app.read_exact(&mut first).unwrap();
    drop(rig.app);
    let (end, ..) = rig.ended.recv_timeout(Duration::from_secs(1)).unwrap();
    assert_eq!(end, Ok(End::AppGone));
}

#[test]
fn a_frozen_app_costs_bounded_memory_and_no_counts() {
    const PADDING: usize = 100_000;
    const FRAMES: u64 = 40_000;
    let engine = FakeEngine { padding: PADDING, ..FakeEngine::default() };
    let mut rig = Rig::start(engine, |source| source);
    // The app reads nothing for longer than it takes to fill the pipe and the server's own buffer. The wire's socket
    // is small, so this returns only when the server has drained nearly all of it.
    for _ in 0..FRAMES / 100 {
        rig.wire.write_all(&[0; 100]).unwrap();
        thread::park_timeout(Duration::from_millis(3));
    }
    // Half-closing tells the server that the app is gone; so say stop, then read everything.
    rig.order(&ToHelper::Stop);
    let said = rig.read_to_end();
    let (end, engine, unsent) = rig.end();
    assert_eq!(end, Ok(End::Stopped));
    assert_eq!(unsent, 0);
    let (bytes, received) = (bytes_in(&said), engine.statistics.received);
    assert_eq!(bytes, received * 1000, "what was counted while the pipe was full was sent later");
    // At most what fits unsent, one tick beyond that, what the socket holds, and the farewell.
    let most = (MAX_UNSENT_BYTES + 2 * PADDING + 300_000) / PADDING + 1;
    assert!(engine.ticks <= most, "{} ticks of {PADDING} bytes, at most {most}", engine.ticks);
    assert!(engine.drains > engine.ticks, "the capture is drained while the pipe is full");
}

#[test]
fn a_broken_capture_is_told_to_the_app_and_ends() {
    let mut rig = Rig::start(FakeEngine::default(), |source| FakeSource { breaks: true, ..source });
    rig.wire.write_all(&[0]).unwrap();
    let said = rig.read_to_end();
    let sentence = "the capture ended: the cable is gone".to_owned();
    assert_eq!(said.last(), Some(&ToApp::Failed(sentence.clone())));
    let (end, ..) = rig.end();
    assert_eq!(end, Err(sentence));
}

#[test]
fn nonsense_from_the_app_ends_the_server_with_the_reason() {
    #[rustfmt::skip]
    let cases: [(&[u8], ProtocolError); 3] = [
        (&[1, 0, 0, 0, 9], ProtocolError::Undecodable),
        (&[0xFF; 4], ProtocolError::TooLong(u64::from(u32::MAX))),
        // A second start: variant 0 with no interface.
        (&[2, 0, 0, 0, 0, 0], ProtocolError::OutOfTurn),
    ];
    for (bytes, expected) in cases {
        let mut rig = Rig::start(FakeEngine::default(), |source| source);
        rig.app.write_all(bytes).unwrap();
        let said = rig.read_to_end();
        assert_eq!(said.last(), Some(&ToApp::Failed(expected.to_string())));
        assert_eq!(rig.end().0, Err(expected.to_string()));
    }
}

#[test]
fn what_the_interface_does_is_told() {
    let faults = vec!["the interface eth0 is gone".to_owned()];
    let mut rig = Rig::start(FakeEngine::default(), |source| FakeSource { faults, ..source });
    rig.order(&ToHelper::Interface(None));
    rig.order(&ToHelper::Interface(Some("nope".to_owned())));
    rig.order(&ToHelper::Stop);
    let said = rig.read_to_end();
    let faults: Vec<&str> = said
        .iter()
        .flat_map(|message| match message {
            ToApp::Events(events) => events.as_slice(),
            _ => &[],
        })
        .filter_map(|event| match event {
            Event::Fault(sentence) => Some(sentence.as_str()),
            _ => None,
        })
        .collect();
    let missing = "there is no interface \"nope\"; there are lo";
    assert_eq!(faults, ["the interface eth0 is gone", missing]);
}

#[test]
fn an_app_that_only_orders_and_never_reads_costs_bounded_memory() {
    let engine = FakeEngine { padding: 300_000, ..FakeEngine::default() };
    let mut rig = Rig::start(engine, |source| source);
    rig.wire.write_all(&[0]).unwrap();
    for round in 0..2000 {
        rig.order(&ToHelper::Interface(Some(format!("nope{round}"))));
    }
    rig.order(&ToHelper::Stop);
    let said = rig.read_to_end();
    let is_fault = |event: &&Event| matches!(event, Event::Fault(text) if text.starts_with("there is no"));
    let faults: Vec<&Event> = said
        .iter()
        .flat_map(|message| match message {
            ToApp::Events(events) => events.as_slice(),
            _ => &[],
        })
        .filter(is_fault)
        .collect();
    let newest = Event::Fault("there is no interface \"nope1999\"; there are lo".to_owned());
    assert_eq!(faults.last(), Some(&&newest), "the newest is kept");
    let (end, engine, _) = rig.end();
    assert_eq!(end, Ok(End::Stopped));
    assert!(faults.len() <= engine.ticks * MAX_FAULTS, "{} in {} ticks", faults.len(), engine.ticks);
}

#[test]
fn silence_costs_one_wake_up_a_second() {
    // The server's own clock: three heartbeats may pass in the span that this test waits.
    let rig = Rig::start(FakeEngine::default(), |source| source);
    thread::park_timeout(Duration::from_millis(2300));
    drop(rig.app);
    let (_, engine, _) = rig.ended.recv_timeout(Duration::from_secs(1)).unwrap();
    assert!((1..=4).contains(&engine.ticks), "{} ticks", engine.ticks);
    assert_eq!(engine.drains, 0);
}
