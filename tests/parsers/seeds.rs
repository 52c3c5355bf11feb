//! Makes the seeds: out of the sample recording, out of the packet captures made on Macs, and by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crow::capture::file::{Item, Recording};
use crow::capture::intake::Intake;
use crow::capture::meter::MeterOptions;
use crow::event::{Event, FlowId, Interface, InterfaceId, InterfaceKind, ProxySetting, Tunnel, TunnelHolder};
use crow::helper::protocol::{Encoder, Hello, ToApp, ToHelper};
use crow::pipeline::SAMPLE;
use crow::settings::{Appearance, RateWindow, Settings};
use crow::wire::LinkType;

use super::parsers::{LINKS, dns_message, frame, http, pktap, quic, socks, starttls, tls};

/// A parser, a file's name and its bytes.
pub(crate) type Seed = (&'static str, String, Vec<u8>);

/// How many seeds of a kind are taken out of a recording.
const OF_A_KIND: usize = 6;

/// All of them.
pub(crate) fn all() -> Vec<Seed> {
    let mut seeds = Vec::new();
    from_the_sample(&mut seeds);
    from_macs(&mut seeds);
    by_hand(&mut seeds);
    the_pipe(&mut seeds);
    seeds
}

/// A few inputs that `parser` understands.
fn few(kind: &'static str, parser: fn(&[u8]) -> bool, inputs: Vec<Vec<u8>>) -> Vec<Seed> {
    let inputs: BTreeSet<Vec<u8>> = inputs.into_iter().filter(|input| parser(input)).collect();
    // From all parts of the recording.
    let step = inputs.len().div_ceil(OF_A_KIND).max(1);
    let chosen = inputs.into_iter().step_by(step).enumerate();
    chosen.map(|(number, input)| (kind, format!("sample-{number}-{}", input.len()), input)).collect()
}

/// The hello of a TLS client in the CRYPTO frames of two QUIC packets, the later bytes first (RFC 9000 §19.6).
fn split_hello(opening: &[u8]) -> Option<Vec<u8>> {
    let hello = opening.get(5..).filter(|hello| hello.len() < 2000 && tls(hello))?;
    let half = hello.len() / 2;
    let number = |value: usize| (u16::try_from(value).unwrap() | 0x4000).to_be_bytes();
    let mut seed = vec![1];
    for (offset, part) in [(half, &hello[half..]), (0, &hello[..half])] {
        let frame = [&[6][..], &number(offset), &number(part.len()), part].concat();
        seed.extend(u16::try_from(frame.len()).unwrap().to_le_bytes());
        seed.extend(frame);
    }
    Some(seed)
}

fn from_the_sample(seeds: &mut Vec<Seed>) {
    let events = events(SAMPLE);
    let mut datagrams = Vec::new();
    let mut flows = BTreeMap::<FlowId, Vec<u8>>::new();
    let mut openings = Vec::new();
    for event in &events {
        match event {
            Event::Datagram { flow, bytes, .. } => {
                let len = u16::try_from(bytes.len()).unwrap().to_le_bytes();
                let flow = flows.entry(*flow).or_default();
                if flow.len() < 4000 {
                    flow.extend([&len, &**bytes].concat());
                }
                datagrams.push(bytes.clone());
            }
            Event::Opening { offset: 0, bytes, .. } => openings.push(bytes.clone()),
            _ => {}
        }
    }
    seeds.extend(few("quic", quic, flows.into_values().map(|flow| [&[0], &*flow].concat()).collect()));
    seeds.extend(few("quic", quic, openings.iter().filter_map(|opening| split_hello(opening)).collect()));
    let is_dns = |bytes: &[u8]| bytes.len() < 600 && bytes[4..6] == [0, 1] && dns_message(bytes);
    datagrams.retain(|bytes| bytes.len() > 12 && is_dns(bytes));
    seeds.extend(few("dns", dns_message, datagrams));
    seeds.extend(few("tls", tls, openings.clone()));
    seeds.extend(few("http", http, openings));
    seeds.extend(few("frame", frame, frames(SAMPLE, None)));
    seeds.push(("pcapng", "sample".to_owned(), whole_blocks(SAMPLE)));
}

fn from_macs(seeds: &mut Vec<Seed>) {
    let fixture = |name: &str| {
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pktap").join(name)).unwrap()
    };
    let links = [LinkType::PKTAP, LinkType::PKTAP_USER2];
    let names =
        ["LINKTYPE_PKTAP.pcap", "derived_utun3_tcp_pktap_v1.pcap", "derived_lo0_udp_pktap_v2_dlt149.pcap"];
    for name in names {
        for (number, header) in
            few("pktap", pktap, frames(&fixture(name), Some(links))).into_iter().enumerate()
        {
            seeds.push(("pktap", format!("{name}-{number}"), header.2));
        }
        seeds.push(("pcap", name.to_owned(), whole_packets(&fixture(name))));
    }
    let name = "radar-88502733.pcapng";
    seeds.push(("pcapng", name.to_owned(), fixture(name)));
}

/// A pcapng file's first blocks, to about 24 kB.
fn whole_blocks(file: &[u8]) -> Vec<u8> {
    let mut end = 0;
    while end < 24 << 10 {
        let len: [u8; 4] = file[end + 4..end + 8].try_into().unwrap();
        end += usize::try_from(u32::from_le_bytes(len)).unwrap();
    }
    file[..end].to_vec()
}

/// A pcap file's first packets, to about 8 kB.
fn whole_packets(file: &[u8]) -> Vec<u8> {
    let mut end = 24;
    while end < file.len().min(8 << 10) {
        let len: [u8; 4] = file[end + 8..end + 12].try_into().unwrap();
        end += 16 + usize::try_from(u32::from_le_bytes(len)).unwrap();
    }
    file[..end.min(file.len())].to_vec()
}

/// A DTLS client's hello in one record, and in two datagrams.
fn dtls_hellos() -> [Vec<u8>; 2] {
    let name = b"\0\0\0\x0e\0\x0c\0\0\x09crow.test";
    let extensions = [&u16::try_from(name.len()).unwrap().to_be_bytes()[..], name].concat();
    let body = [&[0xfe, 0xfd][..], &[7; 32], &[0, 0, 0, 2, 0xc0, 0x2b, 1, 0], &extensions].concat();
    let datagram = |from: usize, to: usize| {
        let three = |value: usize| value.to_be_bytes()[5..].to_vec();
        let part = &body[from..to];
        let message =
            [&[1][..], &three(body.len()), &[0, 0], &three(from), &three(part.len()), part].concat();
        let len = u16::try_from(message.len()).unwrap().to_be_bytes();
        let record = [&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0][..], &len, &message].concat();
        [&u16::try_from(record.len()).unwrap().to_le_bytes()[..], &record].concat()
    };
    [datagram(0, body.len()), [datagram(20, body.len()), datagram(0, 20)].concat()]
}

fn by_hand(seeds: &mut Vec<Seed>) {
    let mut add = |parser, name: &str, bytes: &[u8]| seeds.push((parser, name.to_owned(), bytes.to_vec()));
    add("http", "connect", b"CONNECT crow.test:443 HTTP/1.1\r\nHost: crow.test:443\r\n\r\n");
    add("http", "get", b"GET / HTTP/1.1\r\nHost: crow.test\r\nAccept: */*\r\n\r\n");
    add("http", "absolute", b"GET http://crow.test:8080/a HTTP/1.0\r\n\r\n");
    add("socks", "4a", b"\x04\x01\x01\xbb\x00\x00\x00\x01me\x00crow.test\x00");
    add("socks", "4", b"\x04\x01\x01\xbb\x0a\x00\x00\x01\x00");
    add("socks", "5-name", b"\x05\x01\x00\x05\x01\x00\x03\x09crow.test\x01\xbb");
    add(
        "socks",
        "5-v6",
        b"\x05\x02\x00\x02\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x01\xbb",
    );
    add("socks", "5-datagram", b"\0\0\0\x03\x09crow.test\x01\xbbmore");
    add("controller", "length", CONTROLLER.0);
    add("controller", "chunks", CONTROLLER.1);
    add("starttls", "smtp", b"EHLO crow.test\r\nSTARTTLS\r\n");
    add("starttls", "imap", b"a1 CAPABILITY\r\na2 STARTTLS\r\n");
    add("starttls", "postgresql", b"\0\0\0\x08\x04\xd2\x16\x2f");
    add(
        "starttls",
        "xmpp",
        b"<?xml version='1.0'?><stream:stream to='crow.test' xmlns='jabber:client'><starttls",
    );
    add("proxy_protocol", "text", b"PROXY TCP4 192.0.2.1 192.0.2.2 50000 443\r\n");
    add(
        "proxy_protocol",
        "binary",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\xc3\x50\x01\xbb",
    );
    let [whole, halves] = dtls_hellos();
    add("dtls", "whole", &whole);
    add("dtls", "halves", &halves);
    let packet = b"E\0\0\x1e\0\0\0\0\x40\x11\0\0\x0a\0\0\x02\xc0\0\x02\x01\xc3\x50\x01\xbb\0\x0a\0\0hi";
    add("tunnel", "ip", &[&[0], &packet[..]].concat());
    add("tunnel", "gre", &[&[1, 0, 0, 8, 0], &packet[..]].concat());
    add(
        "tunnel",
        "gtp",
        &[&[6, 0x34, 0xff, 0, 38, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 0, 9, 0], &packet[..]].concat(),
    );
    add("tunnel", "l2tp", &[&[7, 0x40, 2, 0, 44, 0, 1, 0, 1, 0xff, 3, 0, 0x21], &packet[..]].concat());
    add("wireguard", "initiation", &[&[1, 0, 0, 0][..], &[7; 144]].concat());
    add("wireguard", "data", &[&[4, 0, 0, 0][..], &[7; 60]].concat());
    add("settings", "default", &serde_json::to_vec_pretty(&Settings::default()).unwrap());
    let mut settings = Settings {
        appearance: Appearance::Light,
        rate_window: RateWindow::OneSecond,
        details: true,
        ..Settings::default()
    };
    settings.processes.columns.insert("down".to_owned(), false);
    settings.connections.widths.insert("host".to_owned(), 123.5);
    add("settings", "changed", &serde_json::to_vec(&settings).unwrap());
    add("settings", "old", br#"{"from_another_time":{"a":[1,2]},"window":{"width":1e9,"height":-1}}"#);
    add("filter", "words", "curl -host:ads. \"two words\" ÜBER".as_bytes());
    add(
        "filter",
        "keys",
        b"app:firefox host:crow.test pid:4711 proto:udp port:443 state:est iface:en0 -2001:db8::1",
    );
    for log in ["bridge", "browsing", "loopback", "unattributed"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/replays/{log}.jsonl"));
        add("event_log", log, &fs::read(path).unwrap());
    }
    debug_assert!(socks(b"\x04\x01\x01\xbb\x0a\x00\x00\x01\x00") && starttls(b"\0\0\0\x08\x04\xd2\x16\x2f"));
}

/// Both ways of the pipe: a greeting and every kind of message; and events of each kind alone.
fn the_pipe(seeds: &mut Vec<Seed>) {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replays/browsing.jsonl");
    let log = fs::read_to_string(fixture).unwrap();
    let events: Vec<Event> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let others = vec![
        Event::InterfaceUp(Interface {
            id: InterfaceId(7),
            name: "br0".to_owned(),
            kind: InterfaceKind::Stacked,
            uppers: vec![InterfaceId(8)],
        }),
        Event::InterfaceDown(InterfaceId(7)),
        Event::Fault("one sentence".to_owned()),
        Event::Note("another".to_owned()),
        Event::Proxies(vec![ProxySetting { host: "::1".to_owned(), port: 7890, origin: "KDE".to_owned() }]),
        Event::Tunnels(vec![
            Tunnel { interface: "wg0".to_owned(), holder: TunnelHolder::WireGuard },
            Tunnel {
                interface: "tun0".to_owned(),
                holder: TunnelHolder::Process { pid: 9, name: "mihomo".to_owned() },
            },
            Tunnel { interface: "utun4".to_owned(), holder: TunnelHolder::Service("Work".to_owned()) },
        ]),
    ];
    let said = |encode: &dyn Fn(&mut Encoder)| {
        let mut encoder = Encoder::default();
        encode(&mut encoder);
        [&[63], encoder.unsent()].concat()
    };
    let whole = said(&|encoder| {
        encoder.message(&Hello::ours()).unwrap();
        encoder.message(&ToApp::Started).unwrap();
        encoder.events(&events).unwrap();
        encoder.message(&ToApp::Stopped).unwrap();
    });
    seeds.push(("pipe_to_app", "session".to_owned(), whole));
    seeds.push(("pipe_to_app", "others".to_owned(), said(&|encoder| encoder.events(&others).unwrap())));
    let failed = said(&|encoder| encoder.message(&ToApp::Failed("out of luck".to_owned())).unwrap());
    seeds.push(("pipe_to_app", "failed".to_owned(), failed));
    let orders = [
        ToHelper::Start { interface: None },
        ToHelper::Interface(Some("en0".to_owned())),
        ToHelper::Interface(None),
        ToHelper::Stop,
    ];
    let greeted = said(&|encoder| {
        encoder.message(&Hello::ours()).unwrap();
        for order in &orders {
            encoder.message(order).unwrap();
        }
    });
    seeds.push(("pipe_to_helper", "session".to_owned(), greeted));
    let start =
        said(&|encoder| encoder.message(&ToHelper::Start { interface: Some("lo".to_owned()) }).unwrap());
    seeds.push(("pipe_to_helper", "start".to_owned(), start));
}

/// The frames of a recording as the parser `frame` takes them, or as they are where only some links are wanted.
fn frames(file: &[u8], wanted: Option<[LinkType; 2]>) -> Vec<Vec<u8>> {
    let mut recording = Recording::from_bytes(file.to_vec()).unwrap();
    let mut frames = Vec::new();
    while let Some(item) = recording.read().unwrap() {
        let Item::Frame(frame) = item else { continue };
        if wanted.is_some_and(|wanted| wanted.contains(&frame.link)) {
            frames.push(frame.bytes.to_vec());
        } else if wanted.is_none() {
            let link = LINKS.iter().position(|link| *link == frame.link).unwrap();
            frames.push(
                [&[u8::try_from(link).unwrap()], &frame.wire_len.to_le_bytes()[..], frame.bytes].concat(),
            );
        }
    }
    frames
}

/// What a recording tells.
fn events(file: &'static [u8]) -> Vec<Event> {
    let mut recording = Recording::from_bytes(file).unwrap();
    let mut intake = Intake::new(MeterOptions { payload: true, ..MeterOptions::default() });
    let mut events = Vec::new();
    while let Some(item) = recording.read().unwrap() {
        match item {
            Item::Frame(frame) => {
                if let Some(now) = intake.due(frame.time) {
                    intake.tick(now, &mut events);
                }
                intake.frame(&frame);
            }
            Item::Interface { interface, .. } => intake.interface_up(interface),
            Item::Fault(sentence) => panic!("{sentence}"),
        }
    }
    intake.finish(&mut events);
    events
}

/// The same answer of a proxy's controller by its length and in chunks.
const CONTROLLER: (&[u8], &[u8]) =
    (include_bytes!("../seeds/controller/length"), include_bytes!("../seeds/controller/chunks"));
