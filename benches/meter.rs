//! What a packet costs in the meter, ticks included, beside the bare look-up in a hash table.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crow::capture::meter::{Context, Meter, MeterOptions};
use crow::event::{InterfaceId, Protocol};
use crow::time::Timestamp;
use crow::wire::{Packet, Tcp, TcpFlags, Transport};
use divan::Bencher;
use divan::counter::ItemsCount;

/// Packets in one measured pass.
const PACKETS: usize = 1_000_000;

/// Packets in one tick: 200 000 a second, ticks of 50 ms.
const PACKETS_PER_TICK: usize = 10_000;

fn main() {
    divan::main();
}

/// Packets of `flows` established TCP connections, 3 in 4 of them received, in a fixed random order.
fn packets(flows: u32) -> Vec<Packet<'static>> {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut sequences = vec![0_u32; flows as usize];
    (0..PACKETS)
        .filter_map(|_| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let flow = u32::try_from(random >> 33).ok()? % flows;
            let sequence = sequences.get_mut(flow as usize)?;
            *sequence = sequence.wrapping_add(1400);
            Some(packet(flow, *sequence, random.is_multiple_of(4)))
        })
        .collect()
}

fn packet(flow: u32, sequence: u32, out: bool) -> Packet<'static> {
    let local = (IpAddr::from([10, 0, 0, 2]), 32768 + u16::try_from(flow % 16384).unwrap_or(0));
    let remote = (IpAddr::from(Ipv4Addr::from_bits(0x5db8_0000 + flow / 16384)), 443);
    let (from, to) = if out { (local, remote) } else { (remote, local) };
    let tcp = Tcp { sequence, acknowledgment: 1, flags: TcpFlags::ACK };
    Packet {
        ip_bytes: 1440,
        source: from.0,
        destination: to.0,
        transport: Transport {
            protocol: Protocol::TCP,
            source_port: from.1,
            destination_port: to.1,
            tcp: Some(tcp),
            payload: &[],
            payload_len: 1400,
            fragment: None,
        },
        direction: None,
        interface_index: None,
        other_host: false,
        loopback: false,
    }
}

/// Feeds one pass of packets, a tick after every [`PACKETS_PER_TICK`].
fn feed(meter: &mut Meter, start: Timestamp, packets: &[Packet<'_>]) -> (Timestamp, usize) {
    let (mut now, mut events, mut told) = (start, Vec::new(), 0);
    for chunk in packets.chunks(PACKETS_PER_TICK) {
        for packet in chunk {
            now = now + Duration::from_micros(5);
            let context = Context { time: now, interface: InterfaceId(1), direction: None, tag: None };
            meter.packet(&context, packet);
        }
        meter.tick(now, &mut events);
        told += events.len();
        events.clear();
    }
    (now, told)
}

#[divan::bench(args = [1_000, 100_000], sample_count = 9, sample_size = 1)]
fn packets_and_ticks(bencher: Bencher<'_, '_>, flows: u32) {
    let packets = packets(flows);
    let mut meter = Meter::new(MeterOptions::default());
    let (mut now, _) = feed(&mut meter, Timestamp::new(1_000_000, 0), &packets);
    bencher.counter(ItemsCount::new(PACKETS)).bench_local(|| {
        let told;
        (now, told) = feed(&mut meter, now, &packets);
        told
    });
}

/// The floor: hash, find, add.
#[divan::bench(args = [1_000, 100_000], sample_count = 9, sample_size = 1)]
fn bare_look_up(bencher: Bencher<'_, '_>, flows: u32) {
    type Key = (IpAddr, u16, IpAddr, u16, Protocol);
    let packets = packets(flows);
    let mut table: hashbrown::HashMap<Key, (u64, u32)> = hashbrown::HashMap::new();
    bencher.counter(ItemsCount::new(PACKETS)).bench_local(|| {
        for packet in &packets {
            let transport = &packet.transport;
            let from = (packet.source, transport.source_port);
            let to = (packet.destination, transport.destination_port);
            let (low, high) = if from < to { (from, to) } else { (to, from) };
            let entry = table.entry((low.0, low.1, high.0, high.1, transport.protocol)).or_default();
            entry.0 += u64::from(packet.ip_bytes);
            entry.1 += 1;
        }
        table.len()
    });
}
