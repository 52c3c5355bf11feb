"""The other ends: plain TCP and UDP clients and servers, so that a name or an owner can come from one place only."""

import os
import socket
import sys
import time

PIECE = bytes(range(256)) * 256  # 64 KiB
PAUSE = 0.02  # between pieces, so that a transfer takes a second and not a blink


def serve(address, port, pieces):
    """Sends `pieces` pieces to each client that has sent a line."""
    with socket.create_server((address, port), family=family(address)) as server:
        while True:
            client, _ = server.accept()
            with client:
                client.recv(64)
                for _ in range(pieces):
                    client.sendall(PIECE)
                    time.sleep(PAUSE)
                client.shutdown(socket.SHUT_WR)
                while client.recv(64):
                    pass


def fetch(host, port, _):
    """Resolves `host`, asks for the pieces and prints how many bytes came."""
    with socket.create_connection((host, port), timeout=30) as server:
        server.sendall(b"please\n")
        count = 0
        while data := server.recv(1 << 16):
            count += len(data)
    print(count)


def echo(address, port, _):
    """Sends every datagram back."""
    with socket.socket(family(address), socket.SOCK_DGRAM) as server:
        server.bind((address, port))
        while True:
            data, client = server.recvfrom(2048)
            server.sendto(data, client)


def ask(address, port, count):
    """Sends `count` datagrams of 1000 bytes, each after the answer to the one before."""
    with socket.socket(family(address), socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.connect((address, port))
        for _ in range(count):
            client.send(PIECE[:1000])
            assert client.recv(2048) == PIECE[:1000]
            time.sleep(PAUSE / 10)


def visit(address, port, count):
    """`count` processes that connect once and are gone; prints their pids."""
    for _ in range(count):
        if pid := os.fork():
            os.waitpid(pid, 0)
            print(pid, flush=True)
        else:
            with socket.create_connection((address, port), timeout=10):
                os._exit(0)


def associate(address, port, count):
    """Asks the SOCKS proxy on this machine for a relay of datagrams, and the echo server at `address` by way of it."""
    proxy, where = 1086, family(address)
    with socket.create_connection(("127.0.0.1", proxy), timeout=10) as control:
        control.sendall(b"\x05\x01\x00")
        assert control.recv(2) == b"\x05\x00"
        control.sendall(b"\x05\x03\x00\x01" + bytes(6))
        reply = control.recv(10)
        assert reply[:4] == b"\x05\x00\x00\x01", reply
        relay = (socket.inet_ntoa(reply[4:8]), int.from_bytes(reply[8:10], "big"))
        name = b"files.example.net"
        head = b"\0\0\0\x03" + bytes([len(name)]) + name + port.to_bytes(2, "big")
        with socket.socket(where, socket.SOCK_DGRAM) as client:
            client.settimeout(10)
            client.connect(relay)
            for _ in range(count):
                client.send(head + PIECE[:1000])
                assert client.recv(2048)[-1000:] == PIECE[:1000]
                time.sleep(PAUSE / 10)


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


what, where, port, count = sys.argv[1:]
{"serve": serve, "fetch": fetch, "echo": echo, "ask": ask, "visit": visit, "associate": associate}[what](where, int(port), int(count))
