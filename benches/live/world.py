"""Two network namespaces joined by a cable, what runs in them, and what the kernel counted on the cable."""

import json
import os
import signal
import subprocess
import tempfile

CLIENT, SERVER = "10.78.0.1", "10.78.0.2"
CABLE = "eth0"
ETHERNET_HEADER = 14


def ip(*words):
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


class World:
    """Goes away, with all that was started in it, at the end of a `with`."""

    def __init__(self):
        self.name = f"crow-bench-{os.getpid()}"
        self.running = []
        self.folder = tempfile.TemporaryDirectory(prefix=self.name)

    def __enter__(self):
        sides = [f"{self.name}-c", f"{self.name}-s"]
        for side in sides:
            ip("netns", "add", side)
        ip("link", "add", CABLE, "netns", sides[0], "address", "02:78:00:00:00:01", "type", "veth",
           "peer", "name", CABLE, "netns", sides[1], "address", "02:78:00:00:00:02")
        for side, address in zip(sides, (CLIENT, SERVER)):
            # Silent but for the loads: no router solicitations.
            subprocess.run(["nsenter", f"--net=/run/netns/{side}", "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1"],
                           check=False, capture_output=True)
            ip("-n", side, "address", "add", f"{address}/24", "dev", CABLE)
            ip("-n", side, "link", "set", "lo", "up")
            ip("-n", side, "link", "set", CABLE, "up")
        return self

    def __exit__(self, *_):
        for child in reversed(self.running):
            stop(child, signal.SIGKILL)
        for side in ("c", "s"):
            subprocess.run(["ip", "netns", "del", f"{self.name}-{side}"], check=False, capture_output=True)
        self.folder.cleanup()

    def command(self, side, words):
        """`nsenter` becomes the program, so that the child's pid is the program's. `ip netns exec` would hide
        /sys/fs/cgroup, which owners by kernel events need and which a real system has."""
        return ["nsenter", f"--net=/run/netns/{self.name}-{side}", *words]

    def start(self, side, words, **options):
        child = subprocess.Popen(self.command(side, words), **options)
        self.running.append(child)
        return child

    def counters(self):
        """Packets and IP bytes that have crossed the cable, both ways."""
        [link] = json.loads(ip("-n", f"{self.name}-c", "-j", "-s", "link", "show", CABLE))
        rx, tx = link["stats64"]["rx"], link["stats64"]["tx"]
        packets = rx["packets"] + tx["packets"]
        return packets, rx["bytes"] + tx["bytes"] - packets * ETHERNET_HEADER


def stop(child, how):
    """Ends a child, whatever it wants."""
    if child.poll() is None:
        child.send_signal(how)
        try:
            child.wait(4)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
