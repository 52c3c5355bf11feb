"""Runs each tool under each load in turn, and writes one table and one plot. Started by scripts/bench."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import measure
import report
from tools import all_tools
from world import SERVER, World

# A load's name, what it is, and its words for the program `load`; TCP bulk is iperf3's.
LOADS = {
    "silent": ("50 connections that are silent", ["silent", "50"]),
    "udp50k": ("UDP, 50 000 small packets a second", ["udp", "50000"]),
    "udp200k": ("UDP, 200 000 small packets a second", ["udp", "200000"]),
    "tcp": ("one TCP stream as fast as it goes", None),
    "long": ("5 000 connections of 48 processes", ["long", "5000"]),
    "short": ("2 000 connections a second of 8 processes", ["short", "2000"]),
    "mix": ("200 visits a second: DNS, then TLS or QUIC", ["mix", "200"]),
}
QUICK_LOADS = ["udp50k", "udp200k", "tcp", "long", "short"]
# What a tool may still do after the load has ended.
DRAIN = 1.5


def run_load(world, load, name, seconds):
    """What its processes say that they have done: payload bytes by process name, and connections."""
    _, words = LOADS[name]
    if words is None:
        words = ["iperf3", "-c", SERVER, "-t", str(seconds)]
    else:
        words = [load, words[0], SERVER, words[1], str(seconds)]
    done = subprocess.run(world.command("c", words), capture_output=True, text=True, check=False, timeout=seconds + 60)
    if done.returncode != 0:
        raise RuntimeError(f"the load {name} failed: {done.stderr[-400:]}")
    if words[0] == "iperf3":
        return {"iperf3": 1}, 1
    lines = [line.split() for line in done.stdout.splitlines()]
    return {line[0]: int(line[1]) for line in lines}, sum(int(line[2]) for line in lines)


def right_share(owners, truth, wire_bytes):
    """The share of the bytes on the wire that stand under the name of the process that moved them."""
    payload = sum(truth.values())
    right = sum(min(owners.get(name, 0), wire_bytes * part / payload) for name, part in truth.items())
    return right / wire_bytes


def run(world, tool, load, name, seconds):
    """One tool under one load."""
    tool.start(world)
    try:
        pids = measure.tree(tool.child.pid)
        measure.forget_peak(pids)
        with measure.Drops(pids) as drops:
            cpu, wakes, before = measure.cpu_seconds(pids), measure.wake_ups(pids), world.counters()
            began = time.monotonic()
            truth, connections = run_load(world, load, name, seconds)
            lasted = time.monotonic() - began
            time.sleep(DRAIN)
            pids, after = measure.tree(tool.child.pid), world.counters()
            result = {
                "tool": tool.name, "load": name, "seconds": lasted + DRAIN, "connections": connections,
                "cpu": measure.cpu_seconds(pids) - cpu, "rss": measure.peak_memory(pids),
                "wakes": (measure.wake_ups(pids) - wakes) / (lasted + DRAIN),
                "packets": after[0] - before[0], "bytes": after[1] - before[1],
            }
    finally:
        tool.stop()
    said = tool.said() if not tool.terminal else ""
    errors = measure.read(tool.log + ".err")
    own = tool.drops(said) if tool.drops else report_of_tcpdump(tool, errors)
    result["dropped"] = drops.dropped + own
    if tool.parse:
        result["right"] = right_share(tool.parse(said), truth, result["bytes"])
    return result


def report_of_tcpdump(tool, errors):
    from tools import tcpdump_drops
    return tcpdump_drops(errors) if tool.name == "tcpdump" else 0


def summary(results):
    """Medians over the repeats, by load and tool."""
    groups = {}
    for result in results:
        groups.setdefault((result["load"], result["tool"]), []).append(result)
    return {key: {field: statistics.median(result[field] for result in group if field in result)
                  for field in group[0] if field not in ("tool", "load")} | {"runs": len(group)}
            for key, group in groups.items()}


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--crow", required=True)
    parser.add_argument("--peers", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--tools", default="")
    parser.add_argument("--loads", default="")
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--repeats", type=int)
    chosen = parser.parse_args()
    chosen.seconds = chosen.seconds or (2 if chosen.quick else 6)
    chosen.repeats = chosen.repeats or (1 if chosen.quick else 2)
    chosen.tools = [name for name in chosen.tools.split(",") if name]
    chosen.loads = [name for name in chosen.loads.split(",") if name] or (QUICK_LOADS if chosen.quick else list(LOADS))
    unknown = [name for name in chosen.loads if name not in LOADS]
    if unknown:
        parser.error(f"{unknown[0]} is no load; there are {', '.join(LOADS)}")
    return chosen


def main():
    chosen = options()
    os.makedirs(chosen.out, exist_ok=True)
    load = os.path.join(chosen.crow, "examples", "load")
    results = []
    with World() as world:
        server = world.start("s", [load, "serve", SERVER], stdout=subprocess.PIPE)
        server.stdout.readline()
        world.start("s", ["iperf3", "-s", "-B", SERVER], stdout=subprocess.DEVNULL)
        tools = all_tools(chosen.crow, chosen.peers, world, chosen.tools)
        for turn in range(chosen.repeats):
            for name in chosen.loads:
                for tool in tools:
                    try:
                        result = run(world, tool, load, name, chosen.seconds)
                    except (RuntimeError, subprocess.TimeoutExpired) as err:
                        print(f"{name} {tool.name}: {err}", file=sys.stderr)
                        continue
                    results.append(result)
                    print(f"{turn + 1}/{chosen.repeats} {name:8} {tool.name:14} {report.line(result)}", flush=True)
    with open(os.path.join(chosen.out, "live.json"), "w") as file:
        json.dump(results, file, indent=1)
    table = report.table(summary(results), {name: LOADS[name][0] for name in chosen.loads}, chosen)
    with open(os.path.join(chosen.out, "live.md"), "w") as file:
        file.write(table)
    with open(os.path.join(chosen.out, "live.svg"), "w") as file:
        file.write(report.plot(summary(results), chosen.loads))
    print("\n" + table + f"\nWritten to {chosen.out}/live.md, live.json and live.svg")


main()
