//! What is followed from packets against two ends that behave as RFC 9293 says: the state diagram (figure 5) and the
//! processing of segments (§3.10), whatever the two do and however their segments cross.

use std::collections::{BTreeSet, VecDeque};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::*;

/// What one end may do.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Its user asks for a connection.
    Open,
    /// Its user sends so many bytes.
    Send(u8),
    /// Its user has nothing more to say.
    Close,
    /// Its user gives up.
    Abort,
    /// The next segment from the other end arrives.
    Receive,
}

fn steps() -> impl Strategy<Value = Vec<(bool, Step)>> {
    let step = prop_oneof![
        2 => Just(Step::Open),
        3 => (1u8..100).prop_map(Step::Send),
        2 => Just(Step::Close),
        10 => Just(Step::Receive),
        1 => prop::bool::weighted(0.1).prop_map(|yes| if yes { Step::Abort } else { Step::Receive }),
    ];
    prop::collection::vec((any::<bool>(), step), 1..60)
}

/// One end as the RFC describes it. `None` is LISTEN.
#[derive(Debug)]
struct End {
    state: Option<TcpState>,
    /// SND.NXT and RCV.NXT.
    next: u32,
    expected: u32,
    /// SND.UNA.
    unacknowledged: u32,
    /// What it sends and the other end has not received.
    on_its_way: VecDeque<(u8, u32, u32, u32)>,
}

impl End {
    fn new(initial: u32) -> Self {
        let on_its_way = VecDeque::new();
        Self { state: None, next: initial, expected: 0, unacknowledged: initial, on_its_way }
    }

    fn say(&mut self, flags: u8, len: u32) {
        let acknowledgment = if flags & ACK == 0 { 0 } else { self.expected };
        self.on_its_way.push_back((flags, self.next, acknowledgment, len));
        self.next += len + u32::from(flags & (SYN | FIN) != 0);
    }

    /// What its user wants (§3.10.1 to §3.10.5).
    fn user(&mut self, step: Step) {
        match (step, self.state) {
            (Step::Open, None) => {
                self.state = Some(SynSent);
                self.say(SYN, 0);
            }
            (Step::Send(len), Some(Established | CloseWait)) => self.say(ACK, len.into()),
            (Step::Close, Some(SynReceived | Established)) => {
                self.state = Some(FinWait1);
                self.say(FIN | ACK, 0);
            }
            (Step::Close, Some(CloseWait)) => {
                self.state = Some(LastAck);
                self.say(FIN | ACK, 0);
            }
            (Step::Abort, Some(SynReceived | Established | FinWait1 | FinWait2 | CloseWait)) => {
                self.state = Some(Closed);
                self.say(RST | ACK, 0);
            }
            _ => {}
        }
    }

    /// A segment arrives (§3.10.7). All come, in their order.
    fn receive(&mut self, (flags, sequence, acknowledgment, len): (u8, u32, u32, u32)) {
        let is_asking = matches!(self.state, None | Some(SynSent));
        if self.state == Some(Closed) {
            return;
        }
        if flags & RST != 0 {
            self.state = Some(Closed);
            return;
        }
        if flags & ACK != 0 {
            self.unacknowledged = acknowledgment;
        }
        let is_acknowledged = self.unacknowledged == self.next;
        self.expected = sequence + len + u32::from(flags & (SYN | FIN) != 0);
        let (state, answer) = match (self.state, flags & (SYN | FIN)) {
            // Of simultaneous opens each end answers the other's SYN with its own again (figure 7).
            (None | Some(SynSent), SYN) if flags & ACK == 0 => (SynReceived, Some(SYN | ACK)),
            (Some(SynSent), SYN) => (Established, Some(ACK)),
            (Some(SynReceived), SYN) => (Established, None),
            (Some(SynReceived), 0) if is_acknowledged => (Established, None),
            (Some(SynReceived | Established), FIN) => (CloseWait, Some(ACK)),
            (Some(FinWait1), FIN) => (if is_acknowledged { TimeWait } else { Closing }, Some(ACK)),
            (Some(FinWait2), FIN) => (TimeWait, Some(ACK)),
            (Some(FinWait1), 0) if is_acknowledged => (FinWait2, None),
            (Some(Closing), 0) if is_acknowledged => (TimeWait, None),
            (Some(LastAck), 0) if is_acknowledged => (Closed, None),
            (state, _) => (state.unwrap_or(Closed), (len > 0).then_some(ACK)),
        };
        self.state = Some(state);
        match answer {
            // The SYN again, with the answer to the other's.
            Some(flags) if flags & SYN != 0 => {
                self.next -= u32::from(is_asking && self.next != self.unacknowledged);
                self.say(flags, 0);
            }
            Some(flags) => self.say(flags, 0),
            None => {}
        }
    }
}

/// Plays the steps, compares after each, and gives the states that the local end was in.
fn play(steps: &[(bool, Step)]) -> Vec<TcpState> {
    let (mut here, mut there) = (End::new(100), End::new(900));
    let mut followed: Option<Connection> = None;
    let mut states = Vec::new();
    for &(is_here, step) in steps {
        let sent = here.on_its_way.len();
        let mut received = None;
        match (is_here, step) {
            (true, Step::Receive) => {
                received = there.on_its_way.pop_front();
                for segment in received {
                    here.receive(segment);
                }
            }
            (false, Step::Receive) => {
                here.on_its_way.pop_front().into_iter().for_each(|segment| there.receive(segment));
                continue;
            }
            (true, step) => here.user(step),
            (false, step) => there.user(step),
        }
        // The capture sees what arrives here, then what leaves.
        let seen = received.map(|segment| (In, segment)).into_iter();
        let left = here.on_its_way.iter().skip(sent).map(|segment| (Out, *segment));
        for (direction, (flags, sequence, acknowledgment, len)) in seen.chain(left) {
            let bare = super::segment(direction, flags, sequence, acknowledgment);
            let segment = Segment { payload_len: len, ..bare };
            followed.get_or_insert_with(|| Connection::new(&segment)).segment(&segment);
        }
        let state = followed.as_ref().map(|followed| followed.state);
        assert_eq!(state, here.state, "after {step:?} in {steps:?}");
        states.extend(state);
    }
    states
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn what_is_followed_is_the_local_end_s_state(steps in steps()) {
        play(&steps);
    }
}

#[test]
fn the_steps_lead_to_every_state() {
    let mut runner = TestRunner::deterministic();
    let mut states = BTreeSet::new();
    for _ in 0..1000 {
        states.extend(play(&steps().new_tree(&mut runner).unwrap().current()));
    }
    assert_eq!(states.len(), 10, "{states:?}");
}
