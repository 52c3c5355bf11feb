#!/usr/bin/env python3
"""Inspects macOS programs and Crow.app without a Mac: everything that dyld, the kernel's code signing and Finder read
and that a file alone can show. Prints a line for each thing that is right, or what is wrong, and then status 1.

  check.py program FILE --name crow [--arch ARCH,…] [--without PATH]… [--idle]
  check.py app CROW.app [--without PATH]… [--digest] [--idle]    --digest: the app carries the SHA-256 of its helper
  check.py zip CROW.app CROW.zip  whether the archive holds the bundle, byte for byte and mode for mode
  check.py damage CROW.app        the check of itself: damages copies of the bundle and expects each to be refused
  check.py learn FILE             writes what the main program links to libraries.txt, for a person to review

--idle: libraries that nothing is imported from are passed over. LLD leaves out a library only if it finds no reference
before it drops dead code, and without link-time optimization there is some.
"""

import argparse
import contextlib
import hashlib
import os
import plistlib
import re
import shutil
import struct
import sys
import tempfile
import zipfile
from pathlib import Path

import icns
import stubsdk
from macho import ADHOC, EXECUTE, LINKER_SIGNED, PIE, TWO_LEVEL, Bad, Program, check_signature, need, slices

import bundle

HERE = Path(__file__).parent
BOTH = {"arm64", "x86_64"}
EXPECTED = HERE / "libraries.txt"
# What each program may link, and nothing else. The helper opens the capture as root: no interface code in it.
LIBRARIES = {
    name: set(libraries.split())
    for name, libraries in (
        line.split(":") for line in EXPECTED.read_text().splitlines() if line and line[0] != "#"
    )
}


def short(install_name):
    """/usr/lib/libSystem.B.dylib is libSystem; …/AppKit.framework/Versions/C/AppKit is AppKit."""
    return install_name.rsplit("/", 1)[1].split(".")[0]


def check_program(path, name, architectures, minimum, identifier=None, without=(), idle=False):
    """A program's slices, one line each."""
    data = path.read_bytes()
    for forbidden in without:
        # Not as the end of another path: /private/var/root is everybody's.
        found = re.search(rb"(?<![\w.-])" + re.escape(forbidden.encode()), data)
        if found:
            where = data[found.start() : found.start() + 90]
            raise Bad(f"it names {forbidden}, a path of the machine that built it: {where!r}")
    contents = next((parent for parent in path.resolve().parents if parent.name == "Contents"), None)
    programs = [Program(part) for part in slices(data)]
    found = {program.arch for program in programs}
    need(found == architectures, f"it is for {sorted(found)} and not for {sorted(architectures)}")
    for program in programs:
        try:
            check_header(program, minimum)
            check_imports(program, name, idle)
            signatures = check_signature(program, contents)
        except Bad as bad:
            raise Bad(f"{program.arch}: {bad}") from bad
        for signature in signatures:
            need(
                identifier in (None, signature.identifier), f"it is signed as {signature.identifier}, not {identifier}"
            )
        first = signatures[0]
        how = "linker" if first.flags & LINKER_SIGNED else "ad hoc" if first.flags & ADHOC else "certificate"
        print(
            f"{path.name} {program.arch}: macOS {program.minimum}, {len(program.data)} bytes, {len(program.libraries)} "
            f"libraries, {len(program.imports)} imports, {first.pages} pages signed ({how}) as {first.identifier}"
        )
    return programs


def check_header(program, minimum):
    need(program.file_type == EXECUTE, "not a program")
    need(program.flags & PIE, "not position independent")
    need(program.flags & TWO_LEVEL, "imports are not bound to a library each")
    need(program.platform == 1, "not for macOS")
    need(program.minimum == minimum, f"it needs macOS {program.minimum}, not {minimum}")
    need(program.linker == "/usr/lib/dyld" and program.entry is not None, "no entry point, or another dynamic linker")
    need(not program.run_paths and not program.has_environment, "it brings a run path or an environment for dyld")
    for name, _, _, protection in program.segments:
        need(protection & 6 != 6, f"segment {name} is writable and executable")
    need(program.segments[0][:3] == ("__PAGEZERO", 0, 1 << 32), "the first 4 GiB are not guarded")


def imported_from(program):
    """The libraries that the program imports from."""
    return {short(program.libraries[number - 1]) for _, number, _ in program.imports if number >= 1}


def check_imports(program, name, idle=False):
    """Each library expected, each import exported by the library that it is bound to, as far as stubs.txt knows."""
    known = {library["install"]: set(library["syms"]) for library in stubsdk.load(HERE / "stubs.txt")}
    for library in program.libraries:
        need(library in known, f"it links {library}, which stubs.txt does not have")
    linked = imported_from(program) if idle else {short(library) for library in program.libraries}
    extra, missing = sorted(linked - LIBRARIES[name]), sorted(LIBRARIES[name] - linked)
    need(not extra and not missing, f"libraries not expected: {extra}; expected and not linked: {missing}")
    lost = sorted(frameworks_of_dependencies() - linked) if name == "crow" else []
    need(not lost, f"not linked, so that none of their classes is found on a Mac: {lost}; see bundle/build.rs")
    for symbol, number, _ in program.imports:
        need(1 <= number <= len(program.libraries), f"{symbol} is not bound to one library (number {number})")
        library = program.libraries[number - 1]
        need(symbol in known[library], f"{library} does not have {symbol}, as far as stubs.txt knows")


def frameworks_of_dependencies():
    """Those behind the crates that Cargo.toml itself names: objc2-app-kit is AppKit."""
    direct = [
        dependency["name"]
        for dependency in bundle.package()["dependencies"]
        if dependency["kind"] is None and dependency["name"].startswith("objc2-")
    ]
    return {"".join(word.capitalize() for word in name.split("-")[1:]).replace("Io", "IO") for name in direct}


def learn(path):
    """Makes what the main program imports from the expected. Never the helper's: it is root at first."""
    name = "crow"
    linked = {library for part in slices(path.read_bytes()) for library in imported_from(Program(part))}
    if linked == LIBRARIES[name]:
        return
    lines = [
        f"{name}: {' '.join(sorted(linked))}" if line.startswith(f"{name}:") else line
        for line in EXPECTED.read_text().splitlines()
    ]
    EXPECTED.write_text("\n".join(lines) + "\n")
    print(f"{name}: new {sorted(linked - LIBRARIES[name])}, gone {sorted(LIBRARIES[name] - linked)}")


def check_app(app, without=(), digest=False, idle=False):
    """The whole bundle."""
    contents = app / "Contents"
    told = bundle.package()
    plist = plistlib.loads((contents / "Info.plist").read_bytes())
    main = plist["CFBundleExecutable"]
    need(main == "crow", f"the main program is {main}")
    need(plist == bundle.info(told, main), "Info.plist is not what Cargo.toml and bundle/Info.plist.in say")
    need(plist["LSUIElement"] is True, "Info.plist lacks LSUIElement: Crow would sit in the Dock")
    need(re.fullmatch(r"\d+(\.\d+){0,2}", plist["CFBundleVersion"]), "CFBundleVersion is not up to three numbers")
    icon = (contents / "Resources" / plist["CFBundleIconFile"]).read_bytes()
    kinds = icns.pictures(icon)
    need(kinds == icns.KINDS, f"the icon holds {kinds}")
    drawn = icns.pack(bundle.PROJECT / "assets/icons/crow")
    need(icon == drawn, "the icon is not the drawings in assets/icons: run scripts/make-icons")
    minimum = plist["LSMinimumSystemVersion"]
    for name in sorted(path.name for path in (contents / "MacOS").iterdir()):
        identifier = plist["CFBundleIdentifier"] + ("" if name == main else ".helper")
        need(name in LIBRARIES, f"{name} is not expected in Contents/MacOS")
        try:
            check_program(contents / "MacOS" / name, name, BOTH, minimum, identifier, without, idle)
        except Bad as bad:
            raise Bad(f"{name}: {bad}") from bad
    if digest:
        carried = hashlib.sha256((contents / "MacOS/crow-helper").read_bytes()).hexdigest().encode()
        parts = slices((contents / "MacOS" / main).read_bytes())
        need(all(carried in part for part in parts), "the app does not carry the digest of its helper")
        print(f"{app.name}: the app knows its helper by SHA-256 {carried.decode()[:16]}…")
    check_modes(contents, set(LIBRARIES))
    sealed = check_seals(contents, main)
    print(
        f"{app.name}: {plist['CFBundleIdentifier']} {plist['CFBundleShortVersionString']}, {len(kinds)} icon sizes, {sealed} sealed files"
    )


def check_modes(contents, programs):
    for name in programs:
        file = contents / "MacOS" / name
        need(file.is_file(), f"{name} is not in Contents/MacOS")
        need(file.stat().st_mode & 0o777 == 0o755, f"{name} cannot be run by everyone, or written by others")
    for path in contents.rglob("*"):
        need(not path.is_symlink(), f"{path.name} is a link")
        need(not path.stat().st_mode & 0o022, f"others can write {path.name}")


def check_seals(contents, main):
    """Everything in the bundle is sealed, and every seal holds."""
    seals = plistlib.loads((contents / "_CodeSignature/CodeResources").read_bytes())["files2"]
    here = {str(path.relative_to(contents)) for path in contents.rglob("*") if path.is_file()}
    apart = here - {"Info.plist", "_CodeSignature/CodeResources", f"MacOS/{main}"} ^ set(seals)
    need(not apart, f"sealed but not there, or there and not sealed: {sorted(apart)}")
    for name, seal in seals.items():
        data = (contents / name).read_bytes()
        if "cdhash" in seal:
            hashes = [signature.cdhash for part in slices(data) for signature in check_signature(Program(part), None)]
            need(seal["cdhash"] in hashes, f"{name} is not the program that was sealed")
            need(
                all(value.hex() in seal["requirement"] for value in hashes),
                f"{name}: a slice is missing in its requirement",
            )
        else:
            need(hashlib.sha256(data).digest() == seal["hash2"], f"{name} does not match its seal")
    return len(seals)


def check_zip(app, file):
    with zipfile.ZipFile(file) as archive:
        packed = {
            entry.filename.rstrip("/"): (entry.external_attr >> 16, archive.read(entry)) for entry in archive.infolist()
        }
    here = {}
    for path in [app, *app.rglob("*")]:
        here[str(path.relative_to(app.parent))] = (path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
    apart = sorted(name for name in packed.keys() | here.keys() if packed.get(name) != here.get(name))
    need(not apart, f"these differ between the archive and {app.name}: {apart}")
    print(f"{file.name} holds {app.name}: {len(here)} entries, {file.stat().st_size} bytes")


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


# A folder that no program may name.
BUILDER = "/home/builder/"

# What is done to a copy of the bundle, and a word of the refusal that it must earn.
DAMAGE = {
    "a byte of the main program": ("page", lambda c: flip(c / "MacOS/crow", 0x8000)),
    "a byte of the helper": ("page", lambda c: flip(c / "MacOS/crow-helper", 0x8000)),
    "another program as helper, signed": (
        "libraries not expected",
        lambda c: shutil.copyfile(c / "MacOS/crow", c / "MacOS/crow-helper"),
    ),
    "no helper": ("crow-helper is not in", lambda c: (c / "MacOS/crow-helper").unlink()),
    "a helper that cannot be run": ("cannot be run", lambda c: (c / "MacOS/crow-helper").chmod(0o644)),
    "a helper that others can write": ("written by others", lambda c: (c / "MacOS/crow-helper").chmod(0o777)),
    "an edited Info.plist": ("Info.plist", lambda c: edit(c / "Info.plist", b"13.0", b"12.0")),
    "an Info.plist with a space more": ("does not match", lambda c: edit(c / "Info.plist", b"<true/>", b"<true />")),
    "a byte of the icon": ("icon", lambda c: flip(c / "Resources/crow.icns", 5000)),
    "a file that is not sealed": ("more.txt", lambda c: (c / "Resources/more.txt").write_text("more")),
    "no seals": ("CodeResources", lambda c: (c / "_CodeSignature/CodeResources").unlink()),
    "another seal": ("CodeResources", lambda c: edit(c / "_CodeSignature/CodeResources", b"<true/>", b"<true />")),
    "a missing architecture": (
        "it is for",
        lambda c: (c / "MacOS/crow").write_bytes(slices((c / "MacOS/crow").read_bytes())[0]),
    ),
    "a higher system": ("needs macOS 14.0", lambda c: raise_minimum(c / "MacOS/crow-helper")),
    "a folder of the machine that built it": (f"names {BUILDER}", lambda c: name(c / "MacOS/crow", BUILDER)),
}


def edit(path, old, new):
    path.write_bytes(path.read_bytes().replace(old, new))


def name(path, folder):
    """Puts the folder's name into a program."""
    data = bytearray(path.read_bytes())
    data[0x8000 : 0x8000 + len(folder) + 2] = b"\0" + folder.encode() + b"\0"
    path.write_bytes(data)


def raise_minimum(path):
    """Makes the first LC_BUILD_VERSION say 14.0."""
    data = path.read_bytes()
    # The command, its length, the platform macOS and the version follow each other; the length varies.
    at = re.search(rb"\x32\0\0\0.\0\0\0\x01\0\0\0\0\0\x0d\0", data, re.DOTALL).start()
    path.write_bytes(data[: at + 12] + struct.pack("<I", 14 << 16) + data[at + 16 :])


def damage(app):
    """Shows that the check refuses what it should, and for the right reason."""
    how = {"without": [BUILDER], "idle": True}
    quietly(check_app, app, **how)
    for what, (reason, harm) in DAMAGE.items():
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / app.name
            shutil.copytree(app, copy)
            harm(copy / "Contents")
            try:
                quietly(check_app, copy, **how)
            except (Bad, OSError, ValueError) as bad:
                need(reason in str(bad), f"with {what} it is refused for another reason: {bad}")
                continue
        raise Bad(f"it passes with {what}")
    print(f"{len(DAMAGE)} kinds of damage are refused, each for its own reason: {', '.join(DAMAGE)}")


def quietly(function, *arguments, **options):
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        function(*arguments, **options)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["program", "app", "zip", "damage", "learn"])
    parser.add_argument("path", type=Path)
    parser.add_argument("archive", type=Path, nargs="?")
    parser.add_argument("--name")
    parser.add_argument("--arch", default="arm64,x86_64")
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("--digest", action="store_true")
    parser.add_argument("--idle", action="store_true")
    given = parser.parse_args()
    try:
        if given.what == "program":
            minimum = bundle.package()["metadata"]["bundle"]["osx"]["minimum_system_version"]
            architectures = set(given.arch.split(","))
            check_program(given.path, given.name, architectures, minimum, None, given.without, given.idle)
        elif given.what == "app":
            check_app(given.path, given.without, given.digest, given.idle)
        elif given.what == "learn":
            learn(given.path)
        elif given.what == "zip":
            check_zip(given.path, given.archive)
        else:
            damage(given.path)
    except (Bad, OSError, ValueError) as bad:
        sys.exit(f"{given.path}: {bad}")


if __name__ == "__main__":
    main()
