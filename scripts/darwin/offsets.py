#!/usr/bin/env python3
"""Prints what Rust says about the layout of the system's structures, as C macros for layout.c.

  offsets.py SRC

From every file of SRC that layout.c may ask about: `has_wire_pktap` for the file itself; `const NAME: usize = 52;` in src/wire/pktap.rs becomes
`wire_pktap_NAME`; an assertion `size_of::<Name>() == 8` becomes `wire_pktap_size_Name`, and
`offset_of!(Name, field) == 4` becomes `wire_pktap_at_Name_field`.
"""

import re
import sys
from pathlib import Path

CONSTANT = re.compile(
    r"^\s*(?:pub(?:\([^)]*\))?\s+)?const ([A-Z0-9_]+): (?:usize|u8|u16|u32|u64|i32|c_int|libc::c_int|c_uint) = ([0-9a-fx_]+);",
    re.MULTILINE,
)
SIZE = re.compile(r"size_of::<([A-Za-z_][\w:]*)>\(\)\s*==\s*([0-9_]+)")
FIELD = re.compile(r"offset_of!\(\s*([A-Za-z_][\w:]*)\s*,\s*([\w.]+)\s*\)\s*==\s*([0-9_]+)")
# Where layouts are written down.
FOLDERS = ["wire/pktap.rs", "process/macos", "capture/live/macos.rs", "helper"]


def files(source):
    for name in FOLDERS:
        path = source / name
        yield from sorted(path.rglob("*.rs")) if path.is_dir() else [path] if path.exists() else []


def main(source):
    for path in files(source):
        parts = [part for part in path.relative_to(source).with_suffix("").parts if part != "mod"]
        prefix = "_".join(parts)
        text = re.sub(r"^\s*//.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        told = [(name, value) for name, value in CONSTANT.findall(text)]
        told += [(f"size_{name.split('::')[-1]}", value) for name, value in SIZE.findall(text)]
        told += [
            (f"at_{name.split('::')[-1]}_{field.replace('.', '_')}", value)
            for name, field, value in FIELD.findall(text)
        ]
        print(f"#define has_{prefix} 1")
        for name, value in dict(told).items():
            print(f"#define {prefix}_{name} {value.replace('_', '')}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
