"""What a tool costs: processor time, memory and wake-ups of all its processes, and packets that the kernel dropped."""

import ctypes
import os
import socket
import struct
import threading

TICKS = os.sysconf("SC_CLK_TCK")
SOL_PACKET, PACKET_STATISTICS = 263, 6  # linux/socket.h, linux/if_packet.h
SYS_PIDFD_GETFD = 438  # the same number on every architecture


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def tree(root):
    """A process and all that it started, as far as they live."""
    children = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        stat = read(f"/proc/{name}/stat")
        if stat:
            children.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def cpu_seconds(pids):
    """User and system time; the scheduler's nanoseconds where no thread has ended, else the clock's ticks."""
    total = 0.0
    for pid in pids:
        words = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
        if not words:
            continue
        # utime, stime, and those of children that have ended (proc(5)).
        ticks = sum(int(word) for word in words[11:15]) / TICKS
        threads = [read(f"/proc/{pid}/task/{task}/schedstat").split() for task in tasks(pid)]
        total += max(ticks - 0.02, sum(int(words[0]) for words in threads if words) / 1e9)
    return total


def tasks(pid):
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def peak_memory(pids):
    """Megabytes, since the last `forget_peak`."""
    lines = (line for pid in pids for line in read(f"/proc/{pid}/status").splitlines())
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def forget_peak(pids):
    for pid in pids:
        try:
            with open(f"/proc/{pid}/clear_refs", "w") as file:
                file.write("5")
        except OSError:
            pass


def wake_ups(pids):
    lines = (line for pid in pids for task in tasks(pid) for line in read(f"/proc/{pid}/task/{task}/status").splitlines())
    return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches:"))


class Drops(threading.Thread):
    """Reads the drop counts of a tool's packet sockets through copies of its descriptors.

    Reading sets the kernel's count to zero. What the tool itself reads in between is missing here, so this is done
    often, and what the tool says of its own counts is added by the caller."""

    def __init__(self, pids):
        super().__init__(daemon=True)
        self.sockets = [copy for pid in pids for copy in packet_sockets(pid)]
        self.ended = threading.Event()
        self.dropped = 0

    def __enter__(self):
        self.read()
        self.dropped = 0
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()
        for copy in self.sockets:
            copy.close()

    def run(self):
        while not self.ended.wait(0.1):
            self.read()
        self.read()

    def read(self):
        for copy in self.sockets:
            try:
                self.dropped += struct.unpack_from("II", copy.getsockopt(SOL_PACKET, PACKET_STATISTICS, 12))[1]
            except OSError:
                pass


def packet_sockets(pid):
    """Copies of the packet sockets of a process."""
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        handle = os.pidfd_open(pid)
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return
    for name in names:
        try:
            if not os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:"):
                continue
        except OSError:
            continue
        number = libc.syscall(SYS_PIDFD_GETFD, handle, int(name), 0)
        if number < 0:
            continue
        copy = socket.socket(fileno=number)
        if copy.family == socket.AF_PACKET:
            yield copy
        else:
            copy.detach()
            os.close(number)
    os.close(handle)
