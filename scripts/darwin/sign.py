#!/usr/bin/env python3
"""Signs Crow.app or a program ad hoc: what `codesign --sign -` does, where there is no codesign.

  sign.py CROW.app IDENTIFIER     a bundle, around programs that are signed already
  sign.py PROGRAM IDENTIFIER      one program

A bundle is signed by sealing everything in it (_CodeSignature/CodeResources) and then signing the main program with
Info.plist and the seals bound to it. Universal programs are signed slice by slice. An ad-hoc signature
is what Apple silicon demands before it runs anything; it names nobody, so Gatekeeper still asks.

Facts: <kern/cs_blobs.h> of xnu, and the rules that codesign writes into every bundle.
"""

import hashlib
import os
import plistlib
import struct
import sys
from pathlib import Path

from macho import Program, check_signature, slices

PAGE = 4096
ADHOC = 2
SHA256 = 2
MAIN_BINARY = 1  # executable segment flag
SEGMENT, CODE_SIGNATURE = 0x19, 0x1D  # load commands

RULES = {
    "^Resources/": True,
    "^Resources/.*\\.lproj/": {"optional": True, "weight": 1000.0},
    "^Resources/.*\\.lproj/locversion.plist$": {"omit": True, "weight": 1100.0},
    "^Resources/Base\\.lproj/": {"weight": 1010.0},
    "^version.plist$": True,
}
NESTED = "^(Frameworks|SharedFrameworks|PlugIns|Plug-ins|XPCServices|Helpers|MacOS|Library/(Automator|Spotlight|LoginItems))/"
RULES2 = {
    ".*\\.dSYM($|/)": {"weight": 11.0},
    "^(.*/)?\\.DS_Store$": {"omit": True, "weight": 2000.0},
    NESTED: {"nested": True, "weight": 10.0},
    "^.*": True,
    "^Info\\.plist$": {"omit": True, "weight": 20.0},
    "^PkgInfo$": {"omit": True, "weight": 20.0},
    "^Resources/": {"weight": 20.0},
    "^Resources/.*\\.lproj/": {"optional": True, "weight": 1000.0},
    "^Resources/.*\\.lproj/locversion.plist$": {"omit": True, "weight": 1100.0},
    "^Resources/Base\\.lproj/": {"weight": 1010.0},
    "^[^/]+$": {"nested": True, "weight": 10.0},
    "^embedded\\.provisionprofile$": {"weight": 20.0},
    "^version\\.plist$": {"weight": 20.0},
}


def sha256(data):
    return hashlib.sha256(data).digest()


class Places:
    """Where in a Mach-O file the things are that signing reads or changes."""

    def __init__(self, data):
        self.signature = self.link_edit = self.code = None
        count = struct.unpack_from("<I", data, 16)[0]
        at = 32
        for _ in range(count):
            command, size = struct.unpack_from("<II", data, at)
            if command == CODE_SIGNATURE:
                self.signature = at
            elif command == SEGMENT:
                name = bytes(data[at + 8 : at + 24]).rstrip(b"\0")
                if name == b"__LINKEDIT":
                    self.link_edit = at
                elif name == b"__TEXT":
                    self.code = struct.unpack_from("<QQ", data, at + 40)
            at += size
        if None in (self.signature, self.link_edit, self.code):
            sys.exit("a program has no place for a signature; the linker leaves one with -adhoc_codesign")


def sign_slice(data, identifier, plist=None, seals=None):
    """One architecture signed anew."""
    data = bytearray(data)
    places = Places(data)
    (limit,) = struct.unpack_from("<I", data, places.signature + 8)
    del data[limit:]
    requirements = struct.pack(">III", 0xFADE0C01, 12, 0)  # none
    certificate = struct.pack(">II", 0xFADE0B01, 8)  # none
    # The slots count downwards from the page hashes: 3 the seals, 2 the requirements, 1 Info.plist.
    special = [sha256(requirements), sha256(plist) if plist is not None else bytes(32)]
    if seals is not None:
        special.insert(0, sha256(seals))
    name = identifier.encode() + b"\0"
    pages = -(-limit // PAGE)
    hashes = 88 + len(name) + 32 * len(special)
    length = hashes + 32 * pages
    parts_length = 12 + 3 * 8 + length + len(requirements) + len(certificate)
    size = -(-parts_length // 16) * 16
    # The load commands must say where the signature is before their page is hashed.
    (start,) = struct.unpack_from("<Q", data, places.link_edit + 40)
    file_size = limit + size - start
    struct.pack_into("<Q", data, places.link_edit + 48, file_size)
    struct.pack_into("<Q", data, places.link_edit + 32, -(-file_size // 0x4000) * 0x4000)
    struct.pack_into("<II", data, places.signature + 8, limit, size)
    head = (0xFADE0C02, length, 0x20400, ADHOC, hashes, 88, len(special), pages, limit, 32, SHA256, 0, 12)
    directory = struct.pack(">9I4B", *head) + bytes(24) + struct.pack(">QQQ", *places.code, MAIN_BINARY)
    directory += name + b"".join(special)
    directory += b"".join(sha256(bytes(data[page * PAGE : min((page + 1) * PAGE, limit)])) for page in range(pages))
    if len(directory) != length:
        sys.exit("the code directory has another length than it says")
    blob, at = struct.pack(">III", 0xFADE0CC0, parts_length, 3), 12 + 3 * 8
    parts = [(0, directory), (2, requirements), (0x10000, certificate)]
    for kind, part in parts:
        blob += struct.pack(">II", kind, at)
        at += len(part)
    blob += b"".join(part for _, part in parts)
    return bytes(data) + blob.ljust(size, b"\0")


def sign_file(path, identifier, plist=None, seals=None):
    """A program, universal or not."""
    data = path.read_bytes()
    if data[:4] != b"\xca\xfe\xba\xbe":
        replace(path, sign_slice(data, identifier, plist, seals))
        return
    (count,) = struct.unpack_from(">I", data, 4)
    out = bytearray(8 + 20 * count)
    struct.pack_into(">II", out, 0, 0xCAFEBABE, count)
    for index in range(count):
        cpu, kind, start, size, align = struct.unpack_from(">5I", data, 8 + 20 * index)
        signed = sign_slice(data[start : start + size], identifier, plist, seals)
        align = max(align, 14)
        start = -(-len(out) // (1 << align)) << align
        out = out.ljust(start, b"\0") + signed
        struct.pack_into(">5I", out, 8 + 20 * index, cpu, kind, start, len(signed), align)
    replace(path, bytes(out))


def replace(path, data):
    """By rename and not in place: macOS remembers signatures by file."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(data)
    fresh.chmod(path.stat().st_mode & 0o777)
    os.replace(fresh, path)


def sign_app(app, identifier):
    contents = app / "Contents"
    plist = (contents / "Info.plist").read_bytes()
    main = plistlib.loads(plist)["CFBundleExecutable"]
    files, files2 = {}, {}
    for path in sorted((contents / "MacOS").iterdir()):
        if path.name != main:
            cdhashes = [
                signature.cdhash
                for part in slices(path.read_bytes())
                for signature in check_signature(Program(part), None)
            ]
            requirement = " or ".join(f'cdhash H"{value.hex()}"' for value in cdhashes)
            files2[f"MacOS/{path.name}"] = {"cdhash": cdhashes[0], "requirement": requirement}
    for path in sorted((contents / "Resources").rglob("*")):
        if path.is_file():
            name, data = str(path.relative_to(contents)), path.read_bytes()
            files[name] = hashlib.sha1(data).digest()
            files2[name] = {"hash2": sha256(data)}
    seals = plistlib.dumps({"files": files, "files2": files2, "rules": RULES, "rules2": RULES2})
    folder = contents / "_CodeSignature"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    (folder / "CodeResources").write_bytes(seals)
    (folder / "CodeResources").chmod(0o644)
    sign_file(contents / "MacOS" / main, identifier, plist, seals)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    target = Path(sys.argv[1])
    if target.is_dir():
        sign_app(target, sys.argv[2])
    else:
        sign_file(target, sys.argv[2])
