#!/usr/bin/env python3
"""Makes the small folder that LLD reads in place of Apple's SDK: for each library a text stub (.tbd) with its install
name and the symbols that Crow imports from it. Nothing of Apple's is in it.

  stubsdk.py build STUBS.txt FOLDER
  stubsdk.py learn STUBS.txt LINK.log --manifest Cargo.toml [--write]

`learn` reads what a failed link said. It adds the frameworks that were not found and that a crate asks for, and finds
the library of every undefined symbol: libSystem when the list of its exports that comes with ziglang has it; else the library that a crate's own
`#[link(name = …)] extern` block names; else a short table of prefixes. What is left over is printed, and the status
is 1: a misspelt name in an `extern` block fails here, and not on somebody's Mac.

STUBS.txt:  @lib NAME INSTALLNAME [v=CURRENT[/COMPATIBLE]] [also=ALIAS,…]
            @framework NAME INSTALLNAME [v=…]
            _symbol
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

TARGETS = "[ x86_64-macos, arm64-macos ]"
# The last resort, first match wins: a pattern and the library.
PREFIXES = [
    (r"_objc_|_object_|_class_|_sel_|_method_|_protocol_|_ivar_|_property_|_imp_|__objc_|_OBJC_EHTYPE", "objc"),
    (r"_pcap_|_bpf_", "pcap"),
    (r"_iconv", "iconv"),
    (r"_CGL[A-Z]|_gl[A-Z]", "OpenGL"),
    (r"_NSApp$", "AppKit"),
    (r"_k?CF[A-Z]|___CF", "CoreFoundation"),
    (r"_k?CG[A-Z]", "CoreGraphics"),
    (r"_k?CV[A-Z]", "CoreVideo"),
    (r"_k?Sec[A-Z]", "Security"),
    (r"_k?SC[A-Z]", "SystemConfiguration"),
    (r"_k?SM[A-Z]", "ServiceManagement"),
    (r"_k?IO[A-Z]", "IOKit"),
    (r"_k?AX[A-Z]", "ApplicationServices"),
]
# Names that crates link on other systems.
FOREIGN = {"gnustep-base", "gnustep-gui", "gnustep-corebase", "c", "objfw", "objfw-rt"}

LINK = re.compile(r'\blink\s*\(\s*name\s*=\s*"([^"]+)"')
BLOCK = re.compile(r'\bextern\s*(?:"(?:C|system)(?:-unwind)?")?\s*\{')
ITEM = re.compile(
    r'(?:#\[link_name\s*=\s*"([^"]+)"\]\s*)?(?:pub(?:\([^)]*\))?\s+)?(?:safe\s+|unsafe\s+)?'
    r"(?:fn|static(?:\s+mut)?)\s+([A-Za-z_]\w*)"
)


def load(path):
    libraries = []
    for line in Path(path).read_text().splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("@"):
            kind, name, install, *options = line[1:].split()
            options = dict(option.split("=", 1) for option in options)
            aliases = options.get("also", "").split(",") if "also" in options else []
            libraries.append(
                {"kind": kind, "name": name, "install": install, "v": options.get("v", ""), "also": aliases, "syms": []}
            )
        elif line:
            libraries[-1]["syms"].append(line)
    return libraries


def save(path, libraries):
    lines = []
    for line in Path(path).read_text().splitlines():
        if line.startswith("@"):
            break
        lines.append(line)
    for library in libraries:
        head = f"@{library['kind']} {library['name']} {library['install']}"
        head += f" v={library['v']}" if library["v"] else ""
        head += f" also={','.join(library['also'])}" if library["also"] else ""
        lines += ["", head] if lines and lines[-1] else [head]
        lines += sorted(set(library["syms"]))
    Path(path).write_text("\n".join(lines) + "\n")


def stub(library):
    """The .tbd (version 4) of one library."""
    current, _, compatible = (library["v"] or "1").partition("/")
    symbols = ", ".join(f"'{symbol}'" for symbol in sorted(set(library["syms"])))
    exports = f"exports:\n  - targets: {TARGETS}\n    symbols: [ {symbols} ]\n" if symbols else ""
    return (
        f"--- !tapi-tbd\ntbd-version: 4\ntargets: {TARGETS}\ninstall-name: '{library['install']}'\n"
        f"current-version: {current}\ncompatibility-version: {compatible or '1'}\n{exports}...\n"
    )


def build(stubs, folder):
    """Writes what has changed, so that nothing is linked again without need."""
    for library in load(stubs):
        if library["kind"] == "framework":
            name = library["name"]
            files = [Path(folder) / f"System/Library/Frameworks/{name}.framework/{name}.tbd"]
        else:
            files = [Path(folder) / f"usr/lib/lib{name}.tbd" for name in [library["name"], *library["also"]]]
        wanted = stub(library)
        for file in files:
            file.parent.mkdir(parents=True, exist_ok=True)
            if not file.exists() or file.read_text() != wanted:
                file.write_text(wanted)


def crates(manifest):
    """The folder of every crate that the macOS build uses."""
    command = [os.environ.get("CARGO", "cargo"), "metadata", "--format-version", "1", "--locked"]
    command += ["--filter-platform", "aarch64-apple-darwin", "--manifest-path", manifest]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    used = {node["id"] for node in told["resolve"]["nodes"]}
    return [Path(package["manifest_path"]).parent for package in told["packages"] if package["id"] in used]


def braces(text, at):
    """What stands between the brace that opens just before `at` and the one that closes it."""
    depth, end = 1, at
    while end < len(text) and depth:
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        end += 1
    return text[at : end - 1]


def declared(folders):
    """Symbol to link names, from the crates' extern blocks."""
    found = {}
    for folder in folders:
        sources = [
            path
            for path in folder.rglob("*.rs")
            if not {"examples", "tests", "benches", "target"} & set(path.relative_to(folder).parts)
        ]
        texts = [path.read_text(errors="replace") for path in sources]
        of_crate = {name for text in texts for name in LINK.findall(text)} - FOREIGN
        for text in texts:
            text = re.sub(r"//[^\n]*", "", text)
            for block in BLOCK.finditer(text):
                # The attributes directly before the block; `unsafe` may stand between.
                head = text[max(0, block.start() - 400) : block.start()]
                head = head[max(head.rfind("}"), head.rfind(";")) + 1 :]
                names = set(LINK.findall(head)) or (of_crate if len(of_crate) == 1 else set())
                for item in ITEM.finditer(braces(text, block.end())):
                    if names:
                        found.setdefault("_" + (item.group(1) or item.group(2)), set()).update(names)
    return found


def libsystem():
    """Every symbol that the newest libSystem exports. Newer than Crow's minimum: look at each addition."""
    import ziglang

    stubs = (Path(ziglang.__file__).parent / "lib/libc/darwin/libSystem.tbd").read_text()
    return set(re.findall(r"[_$A-Za-z][\w$.]*", stubs))


def place(symbol, by_name, system, blocks):
    """The library of a symbol and how that is known, or the candidates."""
    if symbol in system:  # libc is declared everywhere
        return "System", "libSystem's exports"
    base = symbol.split("$")[0]  # _stat$INODE64 and the like
    names = {by_name[name]["name"] for name in blocks.get(symbol, blocks.get(base, ())) if name in by_name}
    if len(names) == 1:
        return names.pop(), "a crate's #[link]"
    guess = next((name for pattern, name in PREFIXES if re.match(pattern, symbol)), None)
    if guess in by_name and (not names or guess in names):
        return guess, "its prefix"
    return None, sorted(names)


def absent(log):
    """The frameworks, libraries and symbols that the linker did not find."""
    frameworks = re.findall(r"framework not found for -framework ([A-Za-z0-9_]+)", log)
    files = re.findall(r"library not found for -l([A-Za-z0-9_.+-]+)", log)
    symbols = re.findall(r"undefined symbol: (\S+)", log)
    return [list(dict.fromkeys(names)) for names in (frameworks, files, symbols)]


def learn(stubs, log, manifest, write):
    frameworks, files, symbols = absent(Path(log).read_text(errors="replace"))
    libraries = load(stubs)
    left = len(files)
    for name in files:
        print(f"no install name is known for lib{name}: give it an @lib line in {stubs}", file=sys.stderr)
    for name in frameworks:
        # Every framework's program is in its version A, but for the two that stubs.txt has had from the start.
        install = f"/System/Library/Frameworks/{name}.framework/Versions/A/{name}"
        libraries.append({"kind": "framework", "name": name, "install": install, "v": "", "also": [], "syms": []})
        print(f"{name:20} (a framework that a crate's #[link] asks for)")
    have = {symbol for library in libraries for symbol in library["syms"]}
    by_name = {name: library for library in libraries for name in [library["name"], *library["also"]]}
    new = [symbol for symbol in symbols if symbol not in have]
    if not (files or frameworks or new):
        sys.exit("the link failed for another reason than a missing library or symbol")
    blocks, system = (declared(crates(manifest)), libsystem()) if new else ({}, set())
    for symbol in new:
        name, why = place(symbol, by_name, system, blocks)
        if name is None:
            print(f"no library found for {symbol} {why}", file=sys.stderr)
            left += 1
        else:
            by_name[name]["syms"].append(symbol)
            print(f"{name:20} {symbol} ({why})")
    if write:
        save(stubs, libraries)
    return 1 if left else 0


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "build":
        build(arguments[1], arguments[2])
    elif len(arguments) >= 5 and arguments[0] == "learn" and arguments[3] == "--manifest":
        sys.exit(learn(arguments[1], arguments[2], arguments[4], "--write" in arguments))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
