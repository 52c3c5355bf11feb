#!/usr/bin/env python3
"""Packs PNG files into the .icns file of a macOS app, or says what one holds.

  icns.py pack FOLDER/NAME OUT.icns   from FOLDER/NAME-16.png … NAME-1024.png
  icns.py list FILE.icns

Format: "icns", the file's length, then for each picture a type, its length with this header, and the PNG as it is;
integers big-endian. A type stands for a size in points and a density.
"""

import struct
import sys
from pathlib import Path

# Type and width in pixels: 16 pt, 16 pt @2x, 32, 32 @2x, 128, 128 @2x, 256, 256 @2x, 512, 512 @2x.
KINDS = [
    ("icp4", 16),
    ("ic11", 32),
    ("icp5", 32),
    ("ic12", 64),
    ("ic07", 128),
    ("ic13", 256),
    ("ic08", 256),
    ("ic14", 512),
    ("ic09", 512),
    ("ic10", 1024),
]


def width(png):
    """The width of a square PNG."""
    if png[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("not a PNG file")
    wide, high = struct.unpack(">II", png[16:24])
    if wide != high:
        raise ValueError(f"{wide} × {high} pixels are not a square")
    return wide


def pack(stem):
    """An .icns file of the pictures STEM-16.png … STEM-1024.png."""
    parts = []
    for kind, size in KINDS:
        png = Path(f"{stem}-{size}.png").read_bytes()
        if width(png) != size:
            raise ValueError(f"{stem}-{size}.png is {width(png)} pixels wide")
        parts.append(kind.encode() + struct.pack(">I", len(png) + 8) + png)
    body = b"".join(parts)
    return b"icns" + struct.pack(">I", len(body) + 8) + body


def pictures(icns):
    """Type and width of every picture inside, in order."""
    if icns[:4] != b"icns" or struct.unpack(">I", icns[4:8])[0] != len(icns):
        raise ValueError("not an .icns file, or cut short")
    found, at = [], 8
    while at < len(icns):
        (length,) = struct.unpack(">I", icns[at + 4 : at + 8])
        if length < 8 or at + length > len(icns):
            raise ValueError(f"the picture at byte {at} leaves the file")
        found.append((icns[at : at + 4].decode(), width(icns[at + 8 : at + length])))
        at += length
    return found


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "pack":
        Path(sys.argv[3]).write_bytes(pack(sys.argv[2]))
    elif len(sys.argv) == 3 and sys.argv[1] == "list":
        for kind, size in pictures(Path(sys.argv[2]).read_bytes()):
            print(kind, size)
    else:
        sys.exit(__doc__)
