//! Every parser of bytes that somebody else wrote, as a function that the mutation test and the fuzzer call alike.
//!
//! Each takes any bytes, checks what must hold of whatever is made of them, and says whether they were understood.

mod seal;

use std::sync::Arc;

use crow::aggregate::names::{self, Finders};
use crow::aggregate::snapshot::{Snapshot, Source};
use crow::aggregate::{Aggregator, AggregatorOptions};
use crow::capture::file::{Item, Recording};
use crow::capture::intake::Intake;
use crow::capture::meter::MeterOptions;
use crow::event::{Event, FlowId};
use crow::filter::Filter;
use crow::headless::{Document, select, table};
use crow::helper::protocol::{Decoder, Encoder, Hello, ToApp, ToHelper};
use crow::settings::{RateWindow, Units};
use crow::store::settings_file;
use crow::time::Timestamp;
use crow::wire::quic::Initials;
use crow::wire::{LinkType, dns, frame as ip_frame, http as http1, pktap as apple, tls as hello};
use crow::wire::{dtls as datagram_tls, proxy_protocol as balancer, tunnel as inside, wireguard as guard};
use crow::wire::{socks as proxy, starttls as prologue};

/// A parser under test: whether it understood the bytes.
pub type Parser = fn(&[u8]) -> bool;

/// All of them, by the names of their folders of seeds.
pub const PARSERS: [(&str, Parser); 20] = [
    ("frame", frame),
    ("pktap", pktap),
    ("dns", dns_message),
    ("tls", tls),
    ("quic", quic),
    ("http", http),
    ("socks", socks),
    ("controller", controller),
    ("starttls", starttls),
    ("proxy_protocol", proxy_protocol),
    ("dtls", dtls),
    ("tunnel", tunnel),
    ("wireguard", wireguard),
    ("pcap", pcap),
    ("pcapng", pcapng),
    ("pipe_to_app", pipe_to_app),
    ("pipe_to_helper", pipe_to_helper),
    ("settings", settings),
    ("filter", filter),
    ("event_log", event_log),
];

/// The link types that frames are tried with.
pub const LINKS: [LinkType; 35] = [
    LinkType::NULL,
    LinkType::ETHERNET,
    LinkType::PPP,
    LinkType::RAW_BSD,
    LinkType::RAW_OPENBSD,
    LinkType::PPP_HDLC,
    LinkType::RAW,
    LinkType::LOOP,
    LinkType::LINUX_SLL,
    LinkType::PKTAP_USER2,
    LinkType::IPV4,
    LinkType::IPV6,
    LinkType::PKTAP,
    LinkType::LINUX_SLL2,
    LinkType::RADIOTAP,
    LinkType(147),
    LinkType::TOKEN_RING,
    LinkType::FDDI,
    LinkType::PPP_ETHER,
    LinkType::ATM,
    LinkType::CISCO_HDLC,
    LinkType::WIFI,
    LinkType::FRAME_RELAY,
    LinkType::ENC,
    LinkType::PFLOG,
    LinkType::PRISM,
    LinkType::FIBRE_CHANNEL,
    LinkType::FIREWIRE,
    LinkType::AVS,
    LinkType::PPP_PPPD,
    LinkType::PPI,
    LinkType::FRAME_RELAY_DIRECTED,
    LinkType::IPNET,
    LinkType::NETANALYZER,
    LinkType::ETHERNET_PREAMBLE,
];

/// A frame behind a byte that chooses from [`LINKS`] and its length on the wire (u32, little-endian).
pub fn frame(bytes: &[u8]) -> bool {
    let Some((&[link, a, b, c, d], rest)) = bytes.split_first_chunk() else { return false };
    let link = LINKS[usize::from(link) % LINKS.len()];
    let wire_len = u32::from_le_bytes([a, b, c, d]);
    let Ok(packet) = ip_frame::decode(link, rest, wire_len) else { return false };
    assert!(packet.transport.payload.len() <= rest.len(), "the payload is a part of the frame");
    assert!(packet.source.is_ipv4() == packet.destination.is_ipv4(), "one family");
    true
}

/// A PKTAP header with its packet.
pub fn pktap(bytes: &[u8]) -> bool {
    let Ok(header) = apple::read(bytes) else { return false };
    let packet = bytes.get(header.len..).expect("the header ends inside the bytes");
    let wire_len = u32::try_from(packet.len()).unwrap_or(u32::MAX);
    ip_frame::decode(header.link, packet, wire_len).is_ok()
}

/// A DNS message without the length that TCP puts before it.
pub fn dns_message(bytes: &[u8]) -> bool {
    let Ok(message) = dns::answers(bytes) else { return false };
    assert!(message.answers.len() <= dns::MAX_RECORDS);
    for answer in &message.answers {
        assert!(answer.chain.len() <= dns::MAX_CHAIN, "a chain that ends");
        let names = answer.chain.iter().chain([&answer.name]);
        assert!(
            names.into_iter().all(|name| !name.contains(char::is_control)),
            "written names are printable"
        );
    }
    true
}

/// A TLS client's first bytes, and the same bytes as a handshake without records.
pub fn tls(bytes: &[u8]) -> bool {
    let mut is_read = false;
    for hello in [hello::hello_in_records(bytes), hello::client_hello(bytes)].into_iter().flatten() {
        assert!(hello.alpn.len() <= hello::MAX_OFFERS && hello.versions.len() <= hello::MAX_OFFERS + 1);
        assert!(hello.server_name.is_none_or(|name| !name.contains(char::is_control)));
        is_read = true;
    }
    is_read
}

/// A client's datagrams, each behind its length (u16, little-endian). The first byte says what they are: with its lowest
/// bit, frames that are protected here; without it, datagrams as they are.
pub fn quic(bytes: &[u8]) -> bool {
    let Some((&kind, mut rest)) = bytes.split_first() else { return false };
    let (mut initials, mut finders, mut is_read) = (Initials::default(), Finders::default(), false);
    for number in 0_u8..20 {
        let Some((len, after)) = rest.split_first_chunk::<2>() else { break };
        let (datagram, after) = after.split_at(after.len().min(u16::from_le_bytes(*len).into()));
        let sealed = if kind & 1 == 1 && datagram.len() < 2000 {
            seal::initial(number, datagram)
        } else {
            datagram.to_vec()
        };
        is_read |= initials.datagram(&sealed).is_ok();
        assert!(kind & 1 == 0 || datagram.len() >= 2000 || initials.is_quic(), "what is sealed is opened");
        let _ = finders.datagram(FlowId(1), &sealed);
        rest = after;
    }
    is_read
}

/// An HTTP/1 client's first bytes.
pub fn http(bytes: &[u8]) -> bool {
    through_the_reader(bytes);
    http1::request(bytes).is_ok()
}

/// A SOCKS client's first bytes.
pub fn socks(bytes: &[u8]) -> bool {
    through_the_reader(bytes);
    proxy::request(bytes).is_ok() | proxy::datagram(bytes).is_ok()
}

/// What a proxy's controller answers, and what is made of it.
pub fn controller(bytes: &[u8]) -> bool {
    let said = crow::process::controller::read_answer(([127, 0, 0, 1], 9090).into(), bytes);
    let is_understood = said.is_ok();
    let said = said.unwrap_or_default();
    assert!(said.iter().all(|said| !said.host.is_empty() && said.source.port() != 0));
    Aggregator::new(AggregatorOptions::default()).ingest(&Event::Proxied(said));
    is_understood
}

/// A client's words before it begins TLS.
pub fn starttls(bytes: &[u8]) -> bool {
    through_the_reader(bytes);
    prologue::prologue(bytes).is_ok()
}

/// What a load balancer says before it passes a client's bytes on.
pub fn proxy_protocol(bytes: &[u8]) -> bool {
    through_the_reader(bytes);
    let Ok(len) = balancer::header_len(bytes) else { return false };
    assert!(0 < len && len <= bytes.len(), "the header is a part of the bytes");
    assert_eq!(balancer::header_len(&bytes[..len]), Ok(len), "what follows changes nothing");
    true
}

/// A DTLS client's datagrams, each behind its length (u16, little-endian).
pub fn dtls(bytes: &[u8]) -> bool {
    let (mut rest, mut hello, mut finders) = (bytes, datagram_tls::Hello::default(), Finders::default());
    let mut is_read = false;
    for _ in 0..20 {
        let Some((len, after)) = rest.split_first_chunk::<2>() else { break };
        let (datagram, after) = after.split_at(after.len().min(u16::from_le_bytes(*len).into()));
        is_read |= hello.datagram(datagram).is_ok();
        let _ = finders.datagram(FlowId(1), datagram);
        rest = after;
    }
    is_read
}

/// A tunnel's payload behind a byte that chooses its kind, and all the tunnels in it.
pub fn tunnel(bytes: &[u8]) -> bool {
    let Some((&kind, mut payload)) = bytes.split_first() else { return false };
    let mut kind = inside::Kind::ALL[usize::from(kind) % inside::Kind::ALL.len()];
    for depth in 0..=inside::MAX_DEPTH {
        let wire_len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let Ok(packet) = inside::enter(kind, payload, wire_len) else { return depth > 0 };
        let outer = packet.transport;
        assert!(outer.payload.len() < payload.len(), "each has a header");
        let Some(next) = inside::Kind::of(outer.protocol, [outer.source_port, outer.destination_port]) else {
            return true;
        };
        (kind, payload) = (next, outer.payload);
    }
    true
}

/// A datagram that may be `WireGuard`'s.
pub fn wireguard(bytes: &[u8]) -> bool {
    let is_message = guard::is_message(bytes);
    assert!(!is_message || bytes.len() >= 32, "the shortest message has 32 bytes");
    is_message
}

/// What tries one protocol after the other on a stream, layer below layer.
fn through_the_reader(bytes: &[u8]) {
    let reading = names::read(bytes);
    if let Some(name) = reading.name {
        assert!(!format!("{name:?}").is_empty());
    }
}

/// A pcap file, all the way to the picture of it.
pub fn pcap(bytes: &[u8]) -> bool {
    !bytes.starts_with(&PCAPNG) && recording(bytes)
}

/// A pcapng file, all the way to the picture of it.
pub fn pcapng(bytes: &[u8]) -> bool {
    bytes.starts_with(&PCAPNG) && recording(bytes)
}

const PCAPNG: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

fn recording(bytes: &[u8]) -> bool {
    let Ok(mut recording) = Recording::from_bytes(bytes.to_vec()) else { return false };
    let mut intake = Intake::new(MeterOptions { payload: true, ..MeterOptions::default() });
    let mut events = Vec::new();
    let mut taken = 0_usize;
    let ended_well = loop {
        match recording.read() {
            Ok(Some(Item::Frame(frame))) => {
                taken += frame.bytes.len();
                assert!(taken <= bytes.len(), "no byte of the file is read twice");
                // As the player does: a tick for each that the packets' clock has passed.
                if let Some(now) = intake.due(frame.time) {
                    intake.tick(now, &mut events);
                }
                intake.frame(&frame);
            }
            Ok(Some(Item::Interface { interface, .. })) => intake.interface_up(interface),
            Ok(Some(Item::Fault(sentence))) => assert!(!sentence.contains('\n')),
            Ok(None) => break true,
            Err(err) => {
                assert!(!err.to_string().is_empty());
                break false;
            }
        }
    };
    intake.finish(&mut events);
    let picture = picture(&events);
    let told = events.iter().map(|event| match event {
        Event::Deltas { deltas, .. } => deltas.iter().map(|delta| delta.rx_packets + delta.tx_packets).sum(),
        _ => 0,
    });
    // Each packet is told at both ends where both are this machine's.
    assert!(told.sum::<u32>() >= u32::try_from(picture.totals.packets).unwrap_or(u32::MAX));
    ended_well && recording.packets() > recording.skipped()
}

/// What the app reads from the helper: a greeting or none, then messages. The first byte is the size of the pieces in
/// which they come.
pub fn pipe_to_app(bytes: &[u8]) -> bool {
    let messages = messages::<ToApp>(bytes);
    let events: Vec<Event> = messages
        .iter()
        .filter_map(|message| if let ToApp::Events(events) = message { Some(events.clone()) } else { None })
        .flatten()
        .collect();
    picture(&events);
    !messages.is_empty()
}

/// What the helper reads from the app, in the same shape.
pub fn pipe_to_helper(bytes: &[u8]) -> bool {
    !messages::<ToHelper>(bytes).is_empty()
}

fn messages<T>(bytes: &[u8]) -> Vec<T>
where
    T: serde::de::DeserializeOwned + serde::Serialize + PartialEq + std::fmt::Debug,
{
    let Some((&piece, rest)) = bytes.split_first() else { return Vec::new() };
    let mut greeting = Decoder::default();
    greeting.feed(rest);
    let is_greeted = matches!(greeting.message::<Hello>(), Ok(Some(hello)) if hello.check().is_ok());
    let mut decoder = if is_greeted { greeting } else { Decoder::default() };
    let pieces = if is_greeted { [].chunks(1) } else { rest.chunks(usize::from(piece) + 1) };
    let mut messages = Vec::new();
    for piece in pieces.chain([[].as_slice()]) {
        decoder.feed(piece);
        while let Ok(Some(message)) = decoder.message::<T>() {
            messages.push(message);
        }
    }
    let mut encoder = Encoder::default();
    let mut decoder = Decoder::default();
    if messages.iter().all(|message| encoder.message(message).is_ok()) {
        decoder.feed(encoder.unsent());
        for message in &messages {
            let again = decoder.message::<T>();
            assert_eq!(again.as_ref().map(Option::as_ref), Ok(Some(message)), "said again, it is the same");
        }
    }
    messages
}

/// A settings file.
pub fn settings(bytes: &[u8]) -> bool {
    let Ok(Ok(settings)) = settings_file::parse(bytes) else { return false };
    let text = serde_json::to_vec_pretty(&settings).expect("settings can be written");
    let again =
        settings_file::parse(&text).expect("what is written can be read").expect("it is of this version");
    assert_eq!(
        serde_json::to_vec_pretty(&again).expect("as before"),
        text,
        "saved and read, they are the same"
    );
    true
}

/// What somebody typed into the filter, tried on rows of every kind.
pub fn filter(bytes: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(bytes) else { return false };
    let Ok(filter) = Filter::parse(text) else { return false };
    thread_local! {
        static ROWS: Arc<Snapshot> = picture(&log(include_bytes!("../replays/browsing.jsonl")));
    }
    let selected = ROWS.with(|rows| (select(rows, &filter), Arc::clone(rows)));
    assert!(selected.0.connections.len() <= selected.1.connections.len());
    assert!(!filter.is_empty() || selected.0.connections == selected.1.connections, "no words, all rows");
    let _ = filter.marks();
    true
}

/// A log of events, one JSON value a line.
pub fn event_log(bytes: &[u8]) -> bool {
    let events = log(bytes);
    picture(&events);
    !events.is_empty()
}

fn log(bytes: &[u8]) -> Vec<Event> {
    bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

/// The picture after `events`, printed in every way: whoever made the events up, nothing but text comes out.
fn picture(events: &[Event]) -> Arc<Snapshot> {
    let mut aggregator = Aggregator::new(AggregatorOptions {
        source: Source::Recording,
        window: RateWindow::default(),
        keep_closed: true,
    });
    let mut now = Timestamp::default();
    for event in events {
        if let Event::Deltas { time, .. } | Event::FlowClosed { time, .. } | Event::FlowOpened { time, .. } =
            event
        {
            aggregator.tick(now);
            now = *time;
        }
        aggregator.ingest(event);
    }
    let snapshot = aggregator.tick(now);
    for width in [10, 80, 200] {
        let table = table(&snapshot, (width, 50), &Filter::default(), Units::default());
        assert!(!table.contains(|letter: char| letter.is_control() && letter != '\n'), "{table:?}");
    }
    let document = serde_json::to_string(&Document::new(&snapshot, None)).expect("a picture can be written");
    assert!(!document.contains(char::is_control), "a document is one line of text");
    snapshot
}
