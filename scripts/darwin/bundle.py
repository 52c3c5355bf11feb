#!/usr/bin/env python3
"""Lays out Crow.app, and packs it.

  bundle.py app OUT.app PROGRAM HELPER…   from Cargo.toml's [package.metadata.bundle] and the built programs
  bundle.py zip DIR OUT.zip               keeps modes and links; the same input gives the same bytes
  bundle.py value KEY                     one value of that metadata, or `version`

The bundle is what `cargo bundle` 0.12 makes of the same metadata, with these differences: helper programs beside the
main one, a build number that is the version and not the time, language `en`, and none of its two relics
(LSRequiresCarbon, CSResourcesFileMapped).
"""

import json
import os
import plistlib
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
# The category names that cargo-bundle knows, as macOS calls them.
CATEGORIES = {
    "Developer Tools": "public.app-category.developer-tools",
    "Utility": "public.app-category.utilities",
}


def package():
    """Cargo's own reading of Cargo.toml."""
    command = [
        os.environ.get("CARGO", "cargo"),
        "metadata",
        "--format-version",
        "1",
        "--no-deps",
        "--locked",
        "--offline",
    ]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=PROJECT)
    return json.loads(told.stdout)["packages"][0]


def info(package, executable):
    """The keys of Info.plist."""
    bundle = package["metadata"]["bundle"]
    mac = bundle["osx"]
    version = package["version"]
    keys = {
        "CFBundleDevelopmentRegion": "en",
        "CFBundleDisplayName": bundle["name"],
        "CFBundleExecutable": executable,
        "CFBundleIconFile": Path(bundle["icon"][0]).name,
        "CFBundleIdentifier": bundle["identifier"],
        "CFBundleInfoDictionaryVersion": "6.0",
        "CFBundleName": bundle["name"],
        "CFBundlePackageType": "APPL",
        "CFBundleShortVersionString": version,
        "CFBundleVersion": version.split("-")[0],
        "LSApplicationCategoryType": CATEGORIES[bundle["category"]],
        "LSMinimumSystemVersion": mac["minimum_system_version"],
        "NSHighResolutionCapable": True,
        "NSHumanReadableCopyright": bundle["copyright"],
    }
    for file in mac["info_plist_exts"]:
        text = (PROJECT / file).read_text(encoding="utf-8").replace("&", "&amp;")
        extra = plistlib.loads(f'<plist version="1.0"><dict>{text}</dict></plist>'.encode())
        twice = sorted(keys.keys() & extra.keys())
        if twice:
            sys.exit(f"{file} says again what Cargo.toml says: {', '.join(twice)}")
        keys.update(extra)
    return keys


def lay_out(app, program, helpers):
    """Writes the whole bundle anew, unsigned."""
    told = package()
    if app.exists():
        shutil.rmtree(app)
    contents = app / "Contents"
    (contents / "MacOS").mkdir(parents=True)
    (contents / "Resources").mkdir()
    for file in [program, *helpers]:
        place(file, contents / "MacOS" / file.name, 0o755)
    icon = PROJECT / told["metadata"]["bundle"]["icon"][0]
    place(icon, contents / "Resources" / icon.name, 0o644)
    plist = contents / "Info.plist"
    plist.write_bytes(plistlib.dumps(info(told, program.name)))
    plist.chmod(0o644)
    for folder in [app, *(path for path in app.rglob("*") if path.is_dir())]:
        folder.chmod(0o755)


def place(source, target, mode):
    """A copy with a mode of its own, whatever the build's was."""
    shutil.copyfile(source, target)
    target.chmod(mode)


def pack(folder, out):
    """A zip file that Archive Utility and ditto unpack with modes and links (python -m zipfile loses both)."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in [folder, *sorted(folder.rglob("*"))]:
            mode = path.lstat().st_mode
            name = str(path.relative_to(folder.parent)) + ("/" if stat.S_ISDIR(mode) else "")
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.create_system = 3  # Unix: the upper half of the attributes is a mode
            entry.external_attr = mode << 16
            if stat.S_ISLNK(mode):
                archive.writestr(entry, os.readlink(path))
            elif stat.S_ISDIR(mode):
                archive.writestr(entry, b"")
            else:
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes())


def main(arguments):
    if len(arguments) >= 3 and arguments[0] == "app":
        lay_out(Path(arguments[1]), Path(arguments[2]), [Path(helper) for helper in arguments[3:]])
    elif len(arguments) == 3 and arguments[0] == "zip":
        pack(Path(arguments[1]), arguments[2])
    elif len(arguments) == 2 and arguments[0] == "value":
        told = package()
        bundle = told["metadata"]["bundle"]
        print({**bundle, **bundle["osx"], "version": told["version"]}[arguments[1]])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
