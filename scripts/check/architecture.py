#!/usr/bin/env python3
"""Checks the invariants of ARCHITECTURE.md that the compiler does not.

Which crate depends on which, which crate alone knows an outside crate, that pure crates open
nothing and read no clock, that nothing opens a socket, and how long files are.
"""

import json
import pathlib
import re
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# What each crate of ours may use of ours. The audit must not know a gateway, nor the reverse,
# and the lab must know nothing of the crates that read what it writes.
ALLOWED = {
    "model": set(),
    "catalogue": {"model"},
    "residency": {"model"},
    "policy": {"model"},
    "wire": {"model"},
    "capture": {"model", "wire"},
    "audit": {"model", "catalogue", "residency", "policy", "wire", "capture", "ledger"},
    "ledger": {"model"},
    "sys": set(),
    "tap": {"model", "sys"},
    "gateway": {"model", "catalogue", "policy", "wire", "ledger", "sys"},
    "lab": {"model", "sys"},
    "cli": {"model", "catalogue", "residency", "policy", "wire", "capture", "audit", "ledger", "gateway", "sys", "tap"},
}

# Outside crates that one crate of ours alone may know.
ONLY = {
    "cedar-policy": "policy",
    "clap": "cli",
    "anyhow": "cli",
    "indicatif": "cli",
    "anstream": "cli",
    "maxminddb": "residency",
    "psl": "catalogue",
    "toml": "catalogue",
    "maud": "audit",
    "flate2": "capture",
    "ruzstd": "capture",
    "x509-parser": "wire",
    "rustls-webpki": "wire",
    "httparse": "wire",
    "base64": "ledger",
    "libc": "sys",
    "seccompiler": "gateway",
    "tokio": "gateway",
}

PURE = ["model", "catalogue", "residency", "policy", "wire"]

# Within other crates, what must be as pure.
PURE_FOLDERS = ["crates/gateway/src/core"]

FORBIDDEN_IN_PURE = [
    (r"\bstd::fs\b|\bFile::(open|create)\b", "opens files"),
    (r"\bstd::env\b", "reads the environment"),
    (r"\bstd::process\b", "starts or ends processes"),
    (r"\b(SystemTime|Instant|Timestamp)::now\b", "reads a clock"),
    (r"\bstd::thread\b", "starts threads"),
    (r"\bio::std(in|out|err)\b|\be?print(ln)?!", "uses the standard streams"),
    (r"\bstatic mut\b|\bthread_local!|\bOnceLock\b|\bLazyLock\b", "has global state"),
]

# Crates that open sockets, each listed in docs/security.md. The lab is no part of what users install.
WITH_SOCKETS = ["gateway", "tap", "sys", "lab"]

SOCKETS = r"\b(Tcp(Stream|Listener)|UdpSocket|Unix(Stream|Listener|Datagram)|ToSocketAddrs)\b"

LINES_MAX = 800


def main():
    metadata = json.loads(
        subprocess.run(
            ["cargo", "metadata", "--format-version", "1", "--no-deps", "--locked", "--manifest-path", ROOT / "Cargo.toml"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    )
    wrong = []
    for package in metadata["packages"]:
        wrong += dependencies(package)
    files = sorted((ROOT / "crates").glob("*/**/*.rs"))
    for path in files:
        wrong += contents(path)
    lengths = sorted(len(path.read_text().splitlines()) for path in files)
    for line in wrong:
        print(f"error: {line}", file=sys.stderr)
    nine_in_ten = lengths[len(lengths) * 9 // 10]
    print(
        f"architecture: {len(metadata['packages'])} crates, {len(files)} files; lines: median "
        f"{statistics.median(lengths):.0f}, nine in ten at most {nine_in_ten}, longest {lengths[-1]}"
    )
    return 1 if wrong else 0


def dependencies(package):
    name = package["name"].removeprefix("creance-")
    if name not in ALLOWED:
        yield f"crate `{name}` has no line in ALLOWED of {pathlib.Path(__file__).name}"
        return
    for dependency in package["dependencies"]:
        other = dependency["name"]
        normal = dependency["kind"] is None
        if other.startswith("creance-"):
            other = other.removeprefix("creance-")
            # Tests may use the lab.
            if other not in ALLOWED[name] and not (other == "lab" and not normal):
                yield f"`{name}` must not depend on `{other}`"
        elif normal and ONLY.get(other, name) != name:
            yield f"`{name}` must not depend on `{other}`: only `{ONLY[other]}` may"


def contents(path):
    shown = path.relative_to(ROOT)
    crate = shown.parts[1]
    lines = path.read_text().splitlines()
    if len(lines) > LINES_MAX:
        yield f"{shown} has {len(lines)} lines; no file has more than {LINES_MAX}"
    if shown.parts[2] != "src" or path.stem in ("tests", "testing"):
        return
    rules = []
    if crate not in WITH_SOCKETS or any(str(shown).startswith(folder) for folder in PURE_FOLDERS):
        rules.append((SOCKETS, "opens a socket, and docs/security.md lists none of this crate"))
    if crate in PURE or any(str(shown).startswith(folder) for folder in PURE_FOLDERS):
        rules += FORBIDDEN_IN_PURE
    for number, line in enumerate(lines, 1):
        if line.strip() == "#[cfg(test)]":
            # Tests stand at the end of a file.
            if any(later.startswith("mod ") and later.endswith("{") for later in lines[number : number + 2]):
                return
            continue
        code = line.split("//", 1)[0]
        for pattern, what in rules:
            if re.search(pattern, code):
                yield f"{shown}:{number}: {what}: {line.strip()}"


if __name__ == "__main__":
    sys.exit(main())
