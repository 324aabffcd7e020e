#!/usr/bin/env python3
"""Measures recall, speed and memory, and writes the page that says so. Started by run.sh."""

import argparse
import dataclasses
import math
import os
import pathlib
import shutil
import sys

import gateway_page
import page
import recall
from process import run, pipe, timed

MB = 1_000_000
ROOT = pathlib.Path(__file__).resolve().parents[1]


@dataclasses.dataclass
class Sizes:
    """How much is measured."""

    file_mb: int
    stream_mb: int
    stream_flows: int
    runs: int
    tshark_runs: int


FULL = Sizes(file_mb=1050, stream_mb=10_000, stream_flows=3_000_000, runs=5, tshark_runs=3)
QUICK = Sizes(file_mb=100, stream_mb=300, stream_flows=200_000, runs=1, tshark_runs=1)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("creance", "lab", "corpus", "folder"):
        arguments.add_argument(f"--{name}", required=True, type=pathlib.Path)
    arguments.add_argument("--quick", action="store_true")
    options = arguments.parse_args()
    captures = options.corpus / "captures"
    if not captures.is_dir():
        sys.exit(f"error: {captures} is not there; CREANCE_CORPUS names the folder of captures")
    options.folder.mkdir(parents=True, exist_ok=True)
    sizes = QUICK if options.quick else FULL
    bench = Bench(options.creance, options.lab, captures, options.folder, sizes)
    results = {
        "load": os.getloadavg()[1],
        "quick": options.quick,
        "sizes": sizes,
        "recall": recall.measure(options.creance, captures / "ndpi", options.folder),
        "speed": bench.speed(),
        "memory": bench.memory(),
    }
    out = options.folder / "benchmarks.md" if options.quick else ROOT / "docs" / "benchmarks.md"
    # The gateway is measured after this, and its part stays until then.
    rest = gateway_page.kept(out)
    out.write_text(page.write(results) + rest)
    print(f"written: {out}")


class Bench:
    """What is measured on large inputs made from the corpus."""

    def __init__(self, creance, lab, captures, folder, sizes):
        self.creance, self.lab, self.folder, self.sizes = creance, lab, folder, sizes
        self.inputs = sorted(
            path for path in captures.rglob("*") if path.suffix in (".pcap", ".pcapng", ".cap", ".trace")
        )
        self.report = folder / "report"
        self.copy_bytes = self.merge(1, folder / "one.pcap")

    def merge(self, copies, out):
        run([self.lab, "merge", "--copies", str(copies), "--out", out, *self.inputs])
        return out.stat().st_size

    def file_of(self, megabytes, name):
        """A merge of about so many megabytes, read once so that none pays for the disk."""
        path, copies = self.folder / name, math.ceil(megabytes * MB / self.copy_bytes)
        size = self.merge(copies, path)
        with path.open("rb") as file:
            while file.read(1 << 24):
                pass
        return path, size, copies

    def audit(self, path, *more):
        return [self.creance, "audit", path, "--quiet", "--out", self.report, *more]

    def speed(self):
        big, size, copies = self.file_of(self.sizes.file_mb, "big.pcap")
        in_turn = {"everything": self.audit(big), "no digest": self.audit(big, "--no-digest")}
        if shutil.which("ndpiReader"):
            in_turn["ndpiReader"] = ["ndpiReader", "-i", big, "-q"]
        rows = timed(in_turn, self.sizes.runs, size)
        if shutil.which("tshark"):
            field = "tls.handshake.extensions_server_name"
            names = ["tshark", "-n", "-r", big, "-Y", field, "-T", "fields", "-e", field]
            # tshark takes minutes: between two of its runs there is time for several of the other.
            several = {"beside tshark": self.sizes.runs}
            rows |= timed(
                {"beside tshark": self.audit(big), "tshark": names}, self.sizes.tshark_runs, size, several
            )
        big.unlink()
        return {"size": size, "copies": copies, "rows": rows}

    def memory(self):
        """The most memory that an audit of a stream takes, with few flows and with millions."""
        sizes = self.sizes
        copies = math.ceil(sizes.stream_mb * MB / self.copy_bytes)
        flood = ["flood", "--flows", str(sizes.stream_flows), "--bytes", f"{sizes.stream_mb}M", "--out", "-"]
        merge = ["merge", "--copies", str(copies), "--out", "-", *self.inputs]
        audit = self.audit("-")
        return {
            "flood": pipe([self.lab, *flood], audit, self.report),
            "merge": pipe([self.lab, *merge], audit, self.report),
        }


if __name__ == "__main__":
    main()
