"""Which host names Creance finds in captures whose names other programs have listed."""

import dataclasses
import json
import shutil

from process import RAN, shown
import subprocess
import sys

SOURCES = {"tls", "quic", "dtls", "invalid"}


@dataclasses.dataclass
class Recall:
    """Pairs of capture and host."""

    command: str
    listed: int
    by_tshark: int
    found: int
    found_of_tshark: int
    missed: list
    extra: list


def measure(creance, captures, folder):
    pairs = {}
    for line in (captures / "HOSTS.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            capture, host, by = line.split("\t")
            pairs[capture, host.lower().rstrip(".")] = by
    found, command = set(), None
    for path in sorted(captures.glob("*.pcap*")):
        out = folder / "recall"
        command = [creance, "audit", path, "--quiet", "--no-digest", "--out", out]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 2:
            print(f"{path.name}: refused: {done.stderr.strip()}")
            continue
        if done.returncode not in RAN:
            sys.exit(f"error: `{shown(command)}` ended with {done.returncode}: {done.stderr[-2000:]}")
        hosts = json.loads((out / "report.json").read_text())["hosts"]
        found |= {(path.name, host["name"].lower()) for host in hosts if SOURCES & set(host["sources"])}
        shutil.rmtree(out)
    tshark = {pair for pair, by in pairs.items() if "tshark" in by}
    result = Recall(
        command=shown([*command[:2], "CAPTURE", *command[3:]]),
        listed=len(pairs),
        by_tshark=len(tshark),
        found=len(found & set(pairs)),
        found_of_tshark=len(found & tshark),
        missed=sorted((*pair, pairs[pair]) for pair in set(pairs) - found),
        extra=sorted(found - set(pairs)),
    )
    print(f"{result.found_of_tshark} of {result.by_tshark} pairs of tshark, {result.found} of {result.listed} of all")
    return result
