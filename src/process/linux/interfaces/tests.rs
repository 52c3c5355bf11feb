//! Interfaces as a made-up `/sys/class/net` shows them, and those of the running machine.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::net::Ipv4Addr;
use std::os::unix::fs::symlink;

use super::*;

#[test]
fn kinds() {
    let facts = Facts { hardware: 1, ..Facts::default() };
    #[rustfmt::skip]
    let cases = [
        ("Ethernet or veth", facts, InterfaceKind::Physical),
        ("Wi-Fi", Facts { kind: "wlan", has_device: true, ..facts }, InterfaceKind::Physical),
        ("loopback", Facts { hardware: ARPHRD_LOOPBACK, ..facts }, InterfaceKind::Loopback),
        ("tun", Facts { hardware: ARPHRD_NONE, tun_flags: 0x1001, ..facts }, InterfaceKind::Tunnel),
        ("tap of a virtual machine", Facts { tun_flags: 0x1002, ..facts }, InterfaceKind::Physical),
        ("WireGuard", Facts { hardware: ARPHRD_NONE, kind: "wireguard", ..facts }, InterfaceKind::Tunnel),
        ("a mobile modem", Facts { hardware: ARPHRD_NONE, kind: "wwan", has_device: true, ..facts }, InterfaceKind::Physical),
        ("PPP", Facts { hardware: ARPHRD_PPP, ..facts }, InterfaceKind::Tunnel),
        ("sit", Facts { hardware: ARPHRD_SIT, ..facts }, InterfaceKind::Tunnel),
        ("bridge", Facts { kind: "bridge", is_upper: true, ..facts }, InterfaceKind::Stacked),
        ("an empty bond", Facts { kind: "bond", ..facts }, InterfaceKind::Stacked),
        ("VXLAN over Ethernet", Facts { kind: "vxlan", is_upper: true, ..facts }, InterfaceKind::Tunnel),
        ("team, ipvlan", Facts { is_upper: true, ..facts }, InterfaceKind::Stacked),
    ];
    for (case, facts, expected) in cases {
        assert_eq!(facts.judge(), expected, "{case}");
    }
}

fn make(root: &Path, name: &str, index: &str, files: &[(&str, &str)]) {
    let folder = root.join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("ifindex"), index).unwrap();
    for (file, text) in files {
        fs::write(folder.join(file), text).unwrap();
    }
}

#[test]
fn members_know_what_stands_on_them() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    make(
        root,
        "br0",
        "4\n",
        &[("type", "1\n"), ("uevent", "DEVTYPE=bridge\nINTERFACE=br0\n"), ("lower_eth0", "")],
    );
    make(root, "vx0", "5\n", &[("type", "1\n"), ("uevent", "DEVTYPE=vxlan\n"), ("lower_eth0", "")]);
    make(root, "eth0", "2\n", &[("type", "1\n"), ("upper_vx0", ""), ("uevent", "")]);
    symlink("../br0", root.join("eth0/master")).unwrap();
    make(root, "tun0", "9\n", &[("type", "65534\n"), ("tun_flags", "0x1001\n")]);
    make(root, "odd", "x", &[("type", "1")]);
    make(root, "gone", "7", &[]);
    fs::write(root.join("bonding_masters"), "").unwrap();
    let interface = |id, name: &str, kind, uppers: &[u32]| Interface {
        id: InterfaceId(id),
        name: name.to_owned(),
        kind,
        uppers: uppers.iter().copied().map(InterfaceId).collect(),
    };
    let all = read_all(root);
    assert_eq!(
        all,
        [
            interface(2, "eth0", InterfaceKind::Physical, &[4]),
            interface(4, "br0", InterfaceKind::Stacked, &[]),
            interface(5, "vx0", InterfaceKind::Tunnel, &[]),
            interface(9, "tun0", InterfaceKind::Tunnel, &[]),
        ]
    );

    fs::remove_dir_all(root.join("br0")).unwrap();
    let later = read_all(root);
    let mut events = Vec::new();
    compare(&all, &later, &mut events);
    let eth0 = interface(2, "eth0", InterfaceKind::Physical, &[]);
    assert_eq!(events, [Event::InterfaceDown(InterfaceId(4)), Event::InterfaceUp(eth0)]);
}

#[test]
fn the_machine_talks_to_itself() {
    let mut interfaces = Interfaces::open().unwrap();
    let mut events = Vec::new();
    interfaces.changes(&mut events);
    let is_loopback = |event: &Event| matches!(event, Event::InterfaceUp(found) if found.name == "lo" && found.kind == InterfaceKind::Loopback);
    assert!(events.iter().any(is_loopback), "{events:?}");
    assert_eq!(interfaces.known().len(), events.len());
    assert!(local_addresses().unwrap().contains(&Ipv4Addr::LOCALHOST.into()));
}

#[test]
fn tun_flags_are_hexadecimal() {
    for (text, expected) in
        [("0x1001\n", Some(0x1001)), ("1001", None), ("0x", None), ("0xg", None), ("", None)]
    {
        assert_eq!(hexadecimal(text), expected, "{text}");
    }
}
