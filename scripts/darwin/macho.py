"""Reads 64-bit Mach-O programs: load commands, libraries, imports, code signature. Standard library only.

Facts: <mach-o/loader.h>, <mach-o/fat.h>, <mach-o/fixup-chains.h>, and <kern/cs_blobs.h> of xnu.
"""

import hashlib
import struct

ARCHITECTURES = {0x01000007: "x86_64", 0x0100000C: "arm64"}
EXECUTE = 2  # file type
TWO_LEVEL, PIE = 0x80, 0x200000  # flags
ADHOC, RUNTIME, LINKER_SIGNED = 0x2, 0x10000, 0x20000  # code signature flags
HASHES = {1: hashlib.sha1, 2: hashlib.sha256}


class Bad(Exception):
    """What is wrong with a file, in words."""


def need(condition, message):
    if not condition:
        raise Bad(message)


def text(data, at):
    return data[at : data.index(0, at)].decode()


def version(number):
    patch = f".{number & 255}" if number & 255 else ""
    return f"{number >> 16}.{number >> 8 & 255}{patch}"


def slices(data):
    """Each architecture of a universal file, or the file itself."""
    if data[:4] != b"\xca\xfe\xba\xbe":
        return [data]
    (count,) = struct.unpack_from(">I", data, 4)
    found = []
    for index in range(count):
        _, _, offset, size, align = struct.unpack_from(">5I", data, 8 + 20 * index)
        need(offset % (1 << align) == 0, f"slice {index} is not aligned")
        found.append(data[offset : offset + size])
    return found


class Program:
    """One architecture of a program."""

    def __init__(self, data):
        self.data = data
        magic, cpu, _, self.file_type, count, _, self.flags, _ = struct.unpack_from("<8I", data)
        need(magic == 0xFEEDFACF, "not a 64-bit Mach-O file")
        self.arch = ARCHITECTURES.get(cpu, hex(cpu))
        self.libraries = []  # install names, in the order that imports count them by
        self.segments = []  # (name, address, size, protection)
        self.run_paths = []
        self.imports = set()  # (symbol, library number, weak)
        self.platform = self.minimum = self.sdk = self.linker = self.entry = self.signature = None
        self.has_environment = False
        at = 32
        for _ in range(count):
            command, size = struct.unpack_from("<II", data, at)
            self._command(command, data[at : at + size])
            at += size

    def _command(self, command, body):
        if command in (0xC, 0x80000018, 0x8000001F):  # LC_LOAD_DYLIB, …_WEAK_…, LC_REEXPORT_…
            self.libraries.append(text(body, struct.unpack_from("<I", body, 8)[0]))
        elif command == 0x32:  # LC_BUILD_VERSION
            self.platform, minimum, sdk = struct.unpack_from("<3I", body, 8)
            self.minimum, self.sdk = version(minimum), version(sdk)
        elif command == 0x8000001C:  # LC_RPATH
            self.run_paths.append(text(body, struct.unpack_from("<I", body, 8)[0]))
        elif command == 0x27:  # LC_DYLD_ENVIRONMENT
            self.has_environment = True
        elif command == 0x80000028:  # LC_MAIN
            (self.entry,) = struct.unpack_from("<Q", body, 8)
        elif command == 0x1D:  # LC_CODE_SIGNATURE
            self.signature = struct.unpack_from("<II", body, 8)
        elif command == 0xE:  # LC_LOAD_DYLINKER
            self.linker = text(body, struct.unpack_from("<I", body, 8)[0])
        elif command in (0x22, 0x80000022):  # LC_DYLD_INFO
            _, _, bind, bind_len, _, _, lazy, lazy_len = struct.unpack_from("<8I", body, 8)
            self.imports |= binds(self.data, bind, bind_len, False) | binds(self.data, lazy, lazy_len, True)
        elif command == 0x80000034:  # LC_DYLD_CHAINED_FIXUPS
            self.imports |= chained(self.data, struct.unpack_from("<I", body, 8)[0])
        elif command == 0x19:  # LC_SEGMENT_64
            address, size, _, _, _, protection = struct.unpack_from("<QQQQII", body, 24)
            self.segments.append((body[8:24].rstrip(b"\0").decode(), address, size, protection))


def skip_leb(data, at):
    while data[at] & 128:
        at += 1
    return at + 1


def uleb(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            return value, at


def binds(data, at, length, lazy):
    """The imports that bind opcodes name: what dyld really looks up."""
    end, found, library, symbol, flags = at + length, set(), 0, None, 0
    while at < end:
        opcode, low = data[at] & 0xF0, data[at] & 15
        at += 1
        if opcode == 0 and not lazy:
            break
        if opcode == 0x10:
            library = low
        elif opcode == 0x20:
            library, at = uleb(data, at)
        elif opcode == 0x30:  # special: itself, flat lookup, …
            library = low - 16 if low else 0
        elif opcode == 0x40:
            symbol, flags = text(data, at), low
            at += len(symbol) + 1
        elif opcode in (0x60, 0x70, 0x80, 0xA0):
            at = skip_leb(data, at)
        elif opcode == 0xC0:
            at = skip_leb(data, skip_leb(data, at))
        if opcode in (0x90, 0xA0, 0xB0, 0xC0):
            found.add((symbol, library, bool(flags & 1)))
    return found


def chained(data, at):
    """The imports of chained fixups, of all three formats."""
    _, _, imports, symbols, count, form, _ = struct.unpack_from("<7I", data, at)
    found = set()
    for index in range(count):
        if form == 3:
            (value,) = struct.unpack_from("<Q", data, at + imports + 16 * index)
            library, weak, name, special = value & 0xFFFF, value >> 16 & 1, value >> 32, 0x10000
        else:
            (value,) = struct.unpack_from("<I", data, at + imports + (4 if form == 1 else 8) * index)
            library, weak, name, special = value & 0xFF, value >> 8 & 1, value >> 9, 0x100
        if library >= special - 16:
            library -= special
        found.add((text(data, at + symbols + name), library, bool(weak)))
    return found


class Signature:
    """A code directory whose hashes have all been recomputed."""

    def __init__(self, identifier, flags, special, pages, cdhash):
        self.identifier, self.flags, self.special, self.pages, self.cdhash = identifier, flags, special, pages, cdhash


def check_signature(program, contents):
    """Recomputes every hash of the embedded signature; `contents` is the bundle's Contents folder, if there is one."""
    need(program.signature, "it is not signed")
    at, length = program.signature
    blob = program.data[at : at + length]
    magic, _, count = struct.unpack_from(">III", blob)
    need(magic == 0xFADE0CC0, "the signature is no super blob")
    parts = {}
    for index in range(count):
        kind, offset = struct.unpack_from(">II", blob, 12 + 8 * index)
        parts[kind] = blob[offset : offset + struct.unpack_from(">I", blob, offset + 4)[0]]
    directories = [part for kind, part in sorted(parts.items()) if kind == 0 or 0x1000 <= kind < 0x1005]
    need(directories, "the signature has no code directory")
    return [check_directory(program, directory, parts, contents, at) for directory in directories]


def check_directory(program, directory, parts, contents, signed_bytes):
    head = struct.unpack_from(">9I4B", directory)
    magic, _, _, flags, hashes, name, specials, pages, limit, width, kind, _, page_shift = head
    need(magic == 0xFADE0C02, "the code directory has a wrong magic number")
    need(limit == signed_bytes, f"{limit} bytes are signed, of {signed_bytes} before the signature")
    digest, page = HASHES[kind], 1 << page_shift
    need(pages == -(-limit // page), "the number of page hashes is wrong")
    for index in range(pages):
        found = digest(program.data[index * page : min((index + 1) * page, limit)]).digest()[:width]
        need(found == directory[hashes + index * width :][:width], f"page {index} does not match its hash")
    files = {1: "Info.plist", 3: "_CodeSignature/CodeResources"}
    special = []
    for slot in range(1, specials + 1):
        wanted = directory[hashes - slot * width :][:width]
        if not any(wanted):
            continue
        special.append(slot)
        if slot in files:
            need(contents, f"slot {slot} is signed, but this is no bundle")
            data = (contents / files[slot]).read_bytes()
        else:
            data = parts[slot]
        need(digest(data).digest()[:width] == wanted, f"{files.get(slot, f'slot {slot}')} does not match the signature")
    return Signature(text(directory, name), flags, special, pages, digest(directory).digest()[:20])
