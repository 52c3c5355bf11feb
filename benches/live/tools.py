"""The tools: how each is started, which of its processes count, and what it says about owners and drops."""

import fcntl
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import termios
import threading
import time

import measure
from world import CABLE, stop

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Tool:
    """A command whose output goes to a file."""

    ready_after = 1.5

    def __init__(self, name, words, **options):
        self.name, self.words = name, words
        self.ready_after = options.get("ready_after", self.ready_after)
        self.terminal = options.get("terminal", False)
        self.parse = options.get("parse")
        self.drops = options.get("drops")
        self.desktop = options.get("desktop")
        self.is_opened = options.get("is_opened", False)
        self.last_word = options.get("last_word")

    def start(self, world):
        self.log = os.path.join(world.folder.name, f"{self.name}.out")
        environment = dict(os.environ, TERM="xterm-256color", HOME=world.folder.name)
        environment.pop("XDG_CONFIG_HOME", None)
        if self.desktop:
            environment.update(self.desktop.environment)
        if self.terminal:
            ours, theirs = pty.openpty()
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
            streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs, "start_new_session": True}
        else:
            streams = {"stdin": subprocess.DEVNULL, "stdout": open(self.log, "wb"), "stderr": open(self.log + ".err", "wb")}
        self.child = world.start("c", self.words, env=environment, **streams)
        if self.terminal:
            os.close(theirs)
            threading.Thread(target=drain, args=(ours,), daemon=True).start()
        time.sleep(self.ready_after)
        if self.is_opened:
            self.desktop.hide(self.child)
        if self.child.poll() is not None:
            raise RuntimeError(f"{self.name} ended at once: {measure.read(self.log + '.err')[-300:]}")

    def stop(self):
        """Ends it, after one more line of output where its totals come in lines."""
        deadline = time.monotonic() + (self.last_word or 0)
        lines = self.said().count("\n") if self.last_word else 0
        while self.child.poll() is None and time.monotonic() < deadline and self.said().count("\n") <= lines:
            time.sleep(0.1)
        stop(self.child, signal.SIGINT)

    def said(self):
        return measure.read(self.log)


def drain(terminal):
    """Reads what a program draws, as a terminal would."""
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:
        pass
    os.close(terminal)


class Desktop:
    """A screen without a monitor, a session bus and a tray, for programs with windows."""

    NEEDS = ["Xvfb", "openbox", "dbus-daemon", "wmctrl", "xdotool"]

    def __init__(self, world):
        self.world = world
        reader, writer = os.pipe()
        self.spawn(["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x860x24", "-nolisten", "tcp", "-noreset"],
                   pass_fds=[writer])
        os.close(writer)
        display = ":" + os.fdopen(reader).readline().strip()
        bus = self.spawn(["dbus-daemon", "--session", "--nofork", "--print-address=1"], stdout=subprocess.PIPE)
        address = bus.stdout.readline().decode().strip()
        self.environment = {"DISPLAY": display, "DBUS_SESSION_BUS_ADDRESS": address, "LIBGL_ALWAYS_SOFTWARE": "1",
                            "XDG_RUNTIME_DIR": world.folder.name, "WINIT_UNIX_BACKEND": "x11"}
        self.spawn(["openbox"])
        tray = self.spawn(["/usr/bin/python3", f"{PROJECT}/tests/support/tray_host.py"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE)
        # Crow opens its window where there is no tray: an answer shows that there is one.
        tray.stdin.write(b"item\n")
        tray.stdin.flush()
        tray.stdout.readline()

    @classmethod
    def is_possible(cls):
        python = subprocess.run(["/usr/bin/python3", "-c", "import dbus, gi"], capture_output=True, check=False)
        return all(map(shutil.which, cls.NEEDS)) and python.returncode == 0

    def spawn(self, words, **options):
        environment = dict(os.environ, **getattr(self, "environment", {}))
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | options
        child = subprocess.Popen(words, env=environment, **options)
        self.world.running.append(child)
        return child

    def windows(self):
        environment = dict(os.environ, **self.environment)
        found = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", "^Crow"], env=environment,
                               capture_output=True, check=False)
        return len(found.stdout.split())

    def hide(self, child):
        """Presses the close button of Crow's window, which leaves it in the tray."""
        environment = dict(os.environ, **self.environment)
        for _ in range(60):
            if self.windows() == 0:
                time.sleep(0.2)
                continue
            subprocess.run(["wmctrl", "-c", "Crow"], env=environment, check=False, capture_output=True)
            time.sleep(1)
            if self.windows() == 0:
                return
        raise RuntimeError(f"the window of pid {child.pid} cannot be hidden")


def newest_document(said):
    """The last line that is whole."""
    for line in reversed(said.splitlines()):
        try:
            return json.loads(line)
        except ValueError:
            continue
    return {"processes": [], "totals": {"dropped_packets": 0}}


def crow_owners(said):
    """Bytes by process; those that have ended stay for half a minute, longer than a load."""
    rows = newest_document(said)["processes"]
    return added((row["name"], row["rx_bytes"] + row["tx_bytes"]) for row in rows)


def crow_drops(said):
    return newest_document(said)["totals"]["dropped_packets"]


def bandwhich_owners(said):
    """Rates, once a second: `process: <time> "name" up/down Bps: 1/2 connections: 3`."""
    found = re.findall(r'^process: <\d+> "([^"]*)" up/down Bps: (\d+)/(\d+)', said, re.MULTILINE)
    return added((name, int(up) + int(down)) for name, up, down in found)


def nethogs_owners(said):
    """Totals, again and again: `path/pid/uid<tab>sent<tab>received`."""
    seen = {}
    for program, pid, sent, received in re.findall(r"^(.*)/(\d+)/\d+\t([\d.e+]+)\t([\d.e+]+)$", said, re.MULTILINE):
        seen[pid] = (os.path.basename(program.split(" ")[0]), float(sent) + float(received))
    return added(seen.values())


def added(pairs):
    total = {}
    for name, count in pairs:
        total[name] = total.get(name, 0) + count
    return total


def tcpdump_drops(said):
    found = re.search(r"(\d+) packets dropped by kernel", said)
    return int(found[1]) if found else 0


def all_tools(crow, peers, world, wanted):
    """Those that are installed and wanted, Crow first."""
    def program(name):
        # rustnet-monitor installs `rustnet`.
        inside = os.path.join(peers, name)
        return inside if os.access(inside, os.X_OK) else shutil.which(name)

    # Seldom, because a document lists every connection; what that costs is in its CPU time.
    tools = [Tool("crow-headless", [f"{crow}/crow", "--headless", "--json", "--interval", "2"],
                  parse=crow_owners, drops=crow_drops, last_word=10)]
    is_wanted = lambda name: not wanted or name in wanted
    needs_desktop = is_wanted("crow") or is_wanted("crow-opened") or (is_wanted("sniffnet") and program("sniffnet"))
    desktop = Desktop(world) if needs_desktop and Desktop.is_possible() else None
    if desktop:
        tools.insert(0, Tool("crow", [f"{crow}/crow", "--hidden"], desktop=desktop))
        # What OpenGL has taken stays taken when the window is closed, software's 80 MB of code too.
        if "crow-opened" in wanted:
            tools.append(Tool("crow-opened", [f"{crow}/crow"], desktop=desktop, is_opened=True))
    else:
        print("without a screen and a tray, Crow is measured headless only")
    peers_by_name = {
        "tcpdump": lambda path: Tool("tcpdump", [path, "-i", CABLE, "-s", "96", "-w", "/dev/null"]),
        "bandwhich": lambda path: Tool("bandwhich", [path, "-i", CABLE, "--raw", "--no-resolve"], parse=bandwhich_owners),
        "nethogs": lambda path: Tool("nethogs", [path, "-t", "-v", "2", "-d", "1", CABLE], parse=nethogs_owners),
        "rustnet": lambda path: Tool("rustnet", [path, "-i", CABLE, "--no-sandbox", "--no-uid-drop"], terminal=True),
        "iftop": lambda path: Tool("iftop", [path, "-i", CABLE, "-nN"], terminal=True),
        "sniffnet": lambda path: Tool("sniffnet", [path, "--adapter", CABLE], desktop=desktop, ready_after=6),
    }
    for name, make in peers_by_name.items():
        path = program(name)
        if path and (name != "sniffnet" or desktop):
            tools.append(make(path))
        else:
            print(f"{name} is not installed and left out")
    return [tool for tool in tools if is_wanted(tool.name)]
