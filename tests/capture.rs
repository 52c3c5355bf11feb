//! Live capture as root, in a network namespace of its own.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod namespace;

use std::net::UdpSocket;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use crow::capture::live::{Error, Live, open};
use crow::wire::LinkType;
use namespace::{INSIDE, for_everyone, ip, is_inside, text};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::geteuid;

/// One frame as a test looks at it.
#[derive(Debug)]
struct Seen {
    link: LinkType,
    /// From the SLL2 header: interface index (offset 4) and packet type (offset 10).
    index: u32,
    packet_type: u8,
    wire_len: u32,
    captured: usize,
    age: Duration,
}

/// Reads until `wanted` frames came, or for a second.
fn read(live: &mut Live, wanted: usize) -> Vec<Seen> {
    let mut seen = Vec::new();
    let began = Instant::now();
    while seen.len() < wanted && began.elapsed() < Duration::from_secs(1) {
        let mut fds = [PollFd::new(live.poll_fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::from(50_u8)).unwrap();
        live.drain(1000, |frame| {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
            seen.push(Seen {
                link: frame.link,
                index: u32::from_be_bytes(frame.bytes.get(4..8).unwrap().try_into().unwrap()),
                packet_type: *frame.bytes.get(10).unwrap(),
                wire_len: frame.wire_len,
                captured: frame.bytes.len(),
                age: now.saturating_sub(Duration::from_nanos(frame.time.as_nanos())),
            });
        })
        .unwrap();
    }
    seen
}

/// Sends `count` datagrams of `len` bytes from this namespace to a neighbour's address on `subnet`.
fn send(subnet: &str, count: usize, len: usize) {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    for _ in 0..count {
        socket.send_to(&vec![0xCC; len], format!("{subnet}.2:9")).unwrap();
    }
}

/// A pair of interfaces; only the first end has an address. Its neighbour is known, so no ARP is sent.
fn add_pair(name: &str, subnet: &str) {
    let peer = format!("{name}p");
    ip(&["link", "add", name, "mtu", "9000", "type", "veth", "peer", "name", &peer, "mtu", "9000"]);
    for name in [name, &peer] {
        // Without this the kernel's own IPv6 greetings would be counted.
        fs::write(format!("/proc/sys/net/ipv6/conf/{name}/disable_ipv6"), "1").unwrap();
        ip(&["link", "set", name, "up"]);
    }
    ip(&["address", "add", &format!("{subnet}.1/24"), "dev", name]);
    ip(&["neighbour", "add", &format!("{subnet}.2"), "lladdr", "02:00:00:00:00:02", "dev", name]);
}

fn index_of(name: &str) -> u32 {
    nix::net::if_::if_nametoindex(name).unwrap()
}

#[test]
fn one_interface_is_picked_and_its_frames_say_which_way_they_went() {
    if !is_inside("one_interface_is_picked_and_its_frames_say_which_way_they_went") {
        return;
    }
    add_pair("ca", "10.201.1");
    add_pair("cb", "10.201.2");
    let mut live = open(Some("ca")).unwrap();
    send("10.201.1", 5, 100);
    send("10.201.2", 7, 100);
    let seen = read(&mut live, 13);
    assert_eq!(seen.len(), 5, "{seen:?}");
    for frame in &seen {
        assert_eq!((frame.link, frame.index), (LinkType::LINUX_SLL2, index_of("ca")));
        // PACKET_OUTGOING (linux/if_packet.h).
        assert_eq!(frame.packet_type, 4);
        assert!(frame.age < Duration::from_secs(2), "{:?}", frame.age);
    }
    let counts = live.counts().unwrap();
    assert_eq!((counts.received, counts.dropped), (5, 0));

    // The other interface, then all: both ends of both pairs show each datagram.
    live.select(Some("cb")).unwrap();
    send("10.201.1", 5, 100);
    send("10.201.2", 7, 100);
    assert_eq!(read(&mut live, 13).len(), 7);
    live.select(None).unwrap();
    send("10.201.1", 5, 100);
    send("10.201.2", 7, 100);
    assert_eq!(read(&mut live, 25).len(), 24);
    assert_eq!(live.counts().unwrap().received, 5 + 7 + 24, "counts go on");
}

#[test]
fn long_packets_are_cut_by_the_kernel_and_keep_their_length() {
    if !is_inside("long_packets_are_cut_by_the_kernel_and_keep_their_length") {
        return;
    }
    add_pair("ca", "10.201.1");
    for interface in [None, Some("ca")] {
        let mut live = open(interface).unwrap();
        send("10.201.1", 1, 2200);
        send("10.201.1", 1, 8000);
        let seen = read(&mut live, if interface.is_some() { 2 } else { 4 });
        let short = seen.iter().find(|frame| frame.wire_len < 4000).unwrap();
        // SLL2, IPv4 and UDP headers are 20, 20 and 8 bytes.
        assert_eq!((short.wire_len, short.captured), (2248, 2248), "a whole greeting is kept");
        let long = seen.iter().find(|frame| frame.wire_len > 4000).unwrap();
        assert_eq!(long.wire_len, 8048);
        assert!(long.captured < 4200, "{long:?}");
    }
}

#[test]
fn an_interface_that_goes_and_comes_back_is_followed() {
    if !is_inside("an_interface_that_goes_and_comes_back_is_followed") {
        return;
    }
    add_pair("ca", "10.201.1");
    let mut live = open(Some("ca")).unwrap();
    let first = index_of("ca");
    assert_eq!(live.check_interface().unwrap(), None);
    send("10.201.1", 3, 100);
    assert_eq!(read(&mut live, 4).len(), 3);

    ip(&["link", "del", "ca"]);
    let gone = "the interface ca is gone; counting goes on when it comes back";
    assert_eq!(live.check_interface().unwrap().as_deref(), Some(gone));
    assert_eq!(live.check_interface().unwrap(), None, "said once");
    assert!(read(&mut live, 1).is_empty());

    add_pair("ca", "10.201.1");
    assert_ne!(index_of("ca"), first, "the system gave it a new index");
    assert_eq!(
        live.check_interface().unwrap().as_deref(),
        Some("the interface ca is back, and counting goes on")
    );
    send("10.201.1", 4, 100);
    assert_eq!(read(&mut live, 5).len(), 4);
    assert_eq!(live.counts().unwrap().received, 7);
}

#[test]
fn an_interface_that_is_switched_off_and_on_goes_on() {
    if !is_inside("an_interface_that_is_switched_off_and_on_goes_on") {
        return;
    }
    add_pair("ca", "10.201.1");
    let mut live = open(Some("ca")).unwrap();
    send("10.201.1", 3, 100);
    assert_eq!(read(&mut live, 4).len(), 3);
    ip(&["link", "set", "ca", "down"]);
    assert_eq!(live.check_interface().unwrap(), None, "it is there, and silent");
    assert!(read(&mut live, 1).is_empty());
    ip(&["link", "set", "ca", "up"]);
    // The kernel forgets neighbours when a cable is pulled.
    ip(&["neighbour", "replace", "10.201.1.2", "lladdr", "02:00:00:00:00:02", "dev", "ca"]);
    assert_eq!(live.check_interface().unwrap(), None);
    send("10.201.1", 4, 100);
    assert_eq!(read(&mut live, 5).len(), 4);
    assert_eq!(live.counts().unwrap().received, 7);
}

#[test]
fn loopback_shows_each_packet_once() {
    if !is_inside("loopback_shows_each_packet_once") {
        return;
    }
    ip(&["link", "set", "lo", "up"]);
    let mut live = open(None).unwrap();
    let (from, to) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    for _ in 0..20 {
        from.send_to(b"caw", to.local_addr().unwrap()).unwrap();
    }
    assert_eq!(read(&mut live, 40).len(), 20);
    // The second copy takes no room and is not lost a second time, on one interface or all.
    for interface in [None, Some("lo")] {
        let mut live = open(interface).unwrap();
        for _ in 0..4000 {
            from.send_to(&[0; 8000], to.local_addr().unwrap()).unwrap();
        }
        let kept = read(&mut live, 4000).len() as u64;
        let counts = live.counts().unwrap();
        assert!(kept > 1500 && counts.dropped > 1000, "{interface:?}: {kept} kept, {counts:?}");
        assert_eq!(kept + counts.dropped, 4000, "{interface:?}");
    }
}

#[test]
fn an_overrun_ring_counts_what_it_lost() {
    if !is_inside("an_overrun_ring_counts_what_it_lost") {
        return;
    }
    add_pair("ca", "10.201.1");
    let mut live = open(Some("ca")).unwrap();
    // 4 kB are kept of each: 6000 need 24 MiB, and the ring has 8.
    send("10.201.1", 6000, 8000);
    let kept = read(&mut live, 6000).len() as u64;
    let counts = live.counts().unwrap();
    assert_eq!(counts.received, kept);
    assert!(counts.dropped > 1000, "{counts:?}");
    assert_eq!(counts.received + counts.dropped, 6000, "every packet is accounted for");
    // libpcap's own count goes on from there, and so does this one.
    send("10.201.1", 10, 100);
    assert_eq!(read(&mut live, 11).len(), 10);
    assert_eq!(live.counts().unwrap().dropped, counts.dropped);
}

#[test]
fn a_missing_interface_is_named_with_those_that_are_there() {
    if !is_inside("a_missing_interface_is_named_with_those_that_are_there") {
        return;
    }
    add_pair("ca", "10.201.1");
    let Err(err) = open(Some("eth9")) else { panic!("it does not exist") };
    let Error::NoSuchInterface { name, there } = err else { panic!("{err:?}") };
    let mut there: Vec<&str> = there.split(", ").collect();
    there.sort_unstable();
    assert_eq!((name.as_str(), there), ("eth9", vec!["ca", "cap", "lo"]));
}

#[test]
fn without_rights_the_refusal_says_so() {
    const NAME: &str = "without_rights_the_refusal_says_so";
    if env::var_os(INSIDE).is_some() || !geteuid().is_root() {
        let Err(err) = open(None) else { panic!("an ordinary user may capture") };
        assert!(matches!(err, Error::NoPermission(_)), "{err:?}");
        assert!(err.to_string().ends_with("start the helper as root"), "{err}");
        return;
    }
    let (_folder, program) = for_everyone(&env::current_exe().unwrap());
    let mut run = Command::new(program);
    let run = run.args(["--exact", NAME]).env(INSIDE, "1").uid(54_321).gid(54_321).output().unwrap();
    assert!(run.status.success(), "{}", text(&run));
}

#[test]
fn silence_keeps_the_descriptor_quiet() {
    if !is_inside("silence_keeps_the_descriptor_quiet") {
        return;
    }
    let mut live = open(None).unwrap();
    thread::yield_now();
    let mut fds = [PollFd::new(live.poll_fd(), PollFlags::POLLIN)];
    assert_eq!(poll(&mut fds, PollTimeout::from(500_u16)).unwrap(), 0, "poll waits the whole time");
    assert_eq!(live.drain(10, |_| ()).unwrap(), 0, "and reading does not block");
}
