#!/usr/bin/env python3
"""Compares the host names that Creance finds with those that tshark finds.

One crate names hosts for the audit and for whatever enforces, so one bug there would make both
lie alike; another program's reading is the check. A TLS or QUIC name that tshark finds and
Creance does not is a failure, unless it stands in EXCUSED. Names of HTTP and DNS are counted
and shown: tshark reads them from fragments and ports that say nothing about where they went.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

# (capture, name): why the name may be missing.
EXCUSED: dict[tuple[str, str], str] = {}

FIELDS = {
    "tls": "tls.handshake.extensions_server_name",
    "http": "http.host",
    "http2": "http2.headers.authority",
    "dns": "dns.qry.name",
}
TLS_SOURCES = {"tls", "quic", "dtls", "invalid"}
CAPTURES = {".pcap", ".pcapng", ".cap", ".trace", ".ntar", ".gz", ".zst"}
SECONDS_MAX = 180


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--creance", required=True, type=pathlib.Path)
    arguments.add_argument("--lab", required=True, type=pathlib.Path)
    arguments.add_argument("--corpus", required=True, type=pathlib.Path)
    options = arguments.parse_args()
    if shutil.which("tshark") is None:
        print("skipped: names are not compared, since tshark is not installed")
        return 0
    with tempfile.TemporaryDirectory(prefix="creance-names-") as folder:
        scratch = pathlib.Path(folder)
        return compare(options, scratch)


def compare(options, scratch):
    files = []
    corpus = options.corpus / "captures"
    if corpus.is_dir():
        files += [path for path in sorted(corpus.rglob("*")) if path.suffix in CAPTURES]
        print(f"names: {len(files)} captures of {corpus.resolve()}")
    else:
        print(f"skipped: names of the corpus are not compared, since {corpus} is not there")
    scenarios = scratch / "scenarios"
    subprocess.run([options.lab, "scenarios", "--out", scenarios], check=True, stdout=subprocess.DEVNULL)
    made = [path for path in sorted(scenarios.iterdir()) if path.suffix in CAPTURES]
    print(f"names: {len(made)} scenarios made by the lab")
    files += made
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        results = list(pool.map(lambda job: one(options.creance, job[1], scratch / str(job[0])), enumerate(files)))
    return tell(results)


def one(creance, path, out):
    """The names by each, or why a side has none."""
    theirs = by_tshark(path)
    ours = by_creance(creance, path, out)
    shutil.rmtree(out, ignore_errors=True)
    return path.name, theirs, ours


def by_tshark(path):
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "aggregator=|"]
    for field in FIELDS.values():
        command += ["-e", field]
    command += ["-Y", " or ".join(FIELDS.values())]
    # Files that are cut on purpose make it fail after it has told what it found.
    ran = subprocess.run(command, capture_output=True, timeout=SECONDS_MAX, check=False)
    names = {kind: set() for kind in FIELDS}
    for line in ran.stdout.decode("utf-8", "replace").splitlines():
        for kind, cell in zip(FIELDS, line.split("\t")):
            names[kind].update(filter(None, (clean(name) for name in cell.split("|"))))
    names["http"] |= names.pop("http2")
    return names


def by_creance(creance, path, out):
    ran = subprocess.run(
        [creance, "audit", path, "--out", out, "--quiet", "--no-digest"],
        capture_output=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    if ran.returncode == 2:
        return None
    if ran.returncode not in (0, 1, 3):
        raise SystemExit(f"error: `creance audit {path}` ended with {ran.returncode}: {ran.stderr.decode()}")
    report = json.loads((out / "report.json").read_text())
    if report["hosts_left_out"]:
        raise SystemExit(f"error: the report of {path} leaves out {report['hosts_left_out']} hosts")
    names = collections.defaultdict(set)
    for host in report["hosts"]:
        for source in host["sources"]:
            kind = "tls" if source in TLS_SOURCES else source
            names[kind].add(clean(host["name"]))
            if source == "invalid":
                names["invalid"].add(clean(host["name"]))
        names["any"].add(clean(host["name"]))
    return names


def clean(name):
    """As a host name is compared: lower case, without port, brackets and final dot."""
    name = name.strip().lower()
    host, colon, port = name.rpartition(":")
    if colon and port.isdigit() and ":" not in host:
        name = host
    return name.rstrip(".")


def is_host(name):
    """Whether this is a name at all, not an address or bytes that no host name has."""
    labels = name.split(".")
    plain = name.isascii() and all(c.isalnum() or c in "-_." for c in name)
    return plain and all(0 < len(label) < 64 for label in labels) and not labels[-1].isdigit()


def tell(results):
    failures, excused, found = [], set(), collections.Counter()
    unread, missing, extra = [], collections.defaultdict(list), []
    for capture, theirs, ours in results:
        if ours is None:
            if any(theirs.values()):
                unread.append(capture)
                failures += [(capture, name) for name in theirs["tls"] if (capture, name) not in EXCUSED]
            continue
        for name in sorted(theirs["tls"]):
            found["tls"] += 1
            if name in ours["tls"]:
                continue
            if (capture, name) in EXCUSED:
                excused.add((capture, name))
            else:
                failures.append((capture, name))
        for kind in ("http", "dns"):
            names = [name for name in sorted(theirs[kind]) if is_host(name)]
            found[kind] += len(names)
            missing[kind] += [(capture, name) for name in names if name not in ours["any"]]
        extra += [(capture, name) for name in sorted(ours["tls"] - theirs["tls"] - ours["invalid"])]
    for kind in ("http", "dns"):
        captures = collections.Counter(capture for capture, _ in missing[kind])
        shown = ", ".join(f"{capture} {count}" for capture, count in captures.most_common())
        print(f"names: {kind}: tshark {found[kind]}, of which {len(missing[kind])} not here ({shown})")
    shown = ", ".join(f"{capture}: {name}" for capture, name in extra[:20])
    print(f"names: tls and quic: {len(extra)} that tshark does not find ({shown})")
    if unread:
        print(f"names: {len(unread)} captures are refused in which tshark finds names: {', '.join(unread)}")
    for capture, name in sorted(excused):
        print(f"names: excused: {capture}: {name}: {EXCUSED[capture, name]}")
    stale = sorted(set(EXCUSED) & {(capture, name) for capture, theirs, _ in results for name in theirs["tls"]} - excused)
    for capture, name in stale:
        print(f"error: {capture}: {name} is found by now; take it from EXCUSED", file=sys.stderr)
    for capture, name in failures:
        print(f"error: {capture}: tshark finds `{name}` and Creance does not", file=sys.stderr)
    print(f"names: tls and quic: tshark {found['tls']}, of which {len(failures) + len(excused)} not here")
    return 1 if failures or stale else 0


if __name__ == "__main__":
    sys.exit(main())
