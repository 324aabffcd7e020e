#!/usr/bin/env python3
"""Measures the gateway beside other proxies, and writes its part of the page. Started by run.sh."""

import argparse
import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import gateway_page
import namespaces
import rivals

ROOT = pathlib.Path(__file__).resolve().parents[1]
ENTRY_BYTES = 300


@dataclasses.dataclass
class Sizes:
    """How much is measured."""

    runs: int
    bulk: str
    seconds: int
    clients: int
    in_turn: int
    idle: int


FULL = Sizes(runs=5, bulk="3G", seconds=3, clients=16, in_turn=1500, idle=2000)
QUICK = Sizes(runs=1, bulk="500M", seconds=2, clients=16, in_turn=200, idle=200)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("creance", "lab", "folder"):
        arguments.add_argument(f"--{name}", required=True, type=lambda text: pathlib.Path(text).resolve())
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--only", help="labels with semicolons between, for trying things out; nothing is written")
    arguments.add_argument("--skip", default="", help="comma-separated parts: rate, latency, down, up, idle")
    options = arguments.parse_args()
    namespaces.enter()
    options.folder.mkdir(parents=True, exist_ok=True)
    sizes = QUICK if options.quick else FULL
    bench = Bench(options, sizes)
    bench.measure()
    results = {"load": os.getloadavg()[1], "quick": options.quick, "sizes": sizes, **bench.results()}
    if options.only or options.skip:
        print(gateway_page.table(results))
        return
    page = options.folder / "gateway.md" if options.quick else ROOT / "docs" / "benchmarks.md"
    gateway_page.put(page, results)
    print(f"written: {page}")


class Bench:
    """The rivals in turn, so that all meet the machine in the same moods."""

    def __init__(self, options, sizes):
        self.lab, self.folder, self.sizes = options.lab, options.folder, sizes
        self.skip = options.skip.split(",")
        self.row = namespaces.Row()
        self.sink = subprocess.Popen(
            self.row.on_server(self.lab, "sink", "--at", f"{namespaces.SERVER}:443", "--names", f"{namespaces.SERVER}:53"),
            stdout=subprocess.PIPE,
            text=True,
        )
        if self.sink.stdout.readline() != "listening\n":
            sys.exit("error: the server of the measurement does not listen")
        everyone = rivals.all_of(options.creance, self.folder)
        wanted = options.only.split(";") if options.only else [rival.label for rival in everyone]
        self.rivals = [rival for rival in everyone if rival.label in wanted]
        self.found = {rival.label: [] for rival in self.rivals}
        self.durable = []
        self.commands = {}

    def measure(self):
        for _ in range(self.sizes.runs):
            for rival in self.rivals:
                rival.start(self.folder)
                rivals.wait_for(lambda: self.load(rival, "latency", "--count", 1, may_fail=True), rival)
                self.found[rival.label].append(self.one(rival))
                rival.stop()
                self.durable.append(self.durable_write_s())

    def one(self, rival):
        sizes, found = self.sizes, {}
        if "rate" not in self.skip:
            before = rival.cpu()
            rate = self.load(rival, "connections", "--clients", sizes.clients, "--seconds", sizes.seconds)
            found["rate"] = rate["answered"] / rate["seconds"]
            found["failed"] = rate["failed"]
            found["us_each"] = (rival.cpu() - before) / max(rate["answered"], 1) * 1e6
        if "latency" not in self.skip:
            latency = self.load(rival, "latency", "--count", sizes.in_turn)
            found["p50_us"], found["p99_us"] = latency["p50_ns"] / 1e3, latency["p99_ns"] / 1e3
        for way in ("down", "up"):
            if way in self.skip:
                continue
            before = rival.cpu()
            bulk = self.load(rival, way, "--bytes", sizes.bulk)
            found[f"{way}_gbit"] = bulk["bytes"] * 8 / bulk["seconds"] / 1e9
            found[f"{way}_cpu"] = (rival.cpu() - before) / (bulk["bytes"] / 1e9)
        if "idle" not in self.skip:
            found["idle_bytes"] = self.idle(rival)
        shown = "  ".join(f"{name} {value:.4g}" for name, value in found.items())
        print(f"{rival.label:28} {shown}", flush=True)
        return found

    def command(self, rival, kind, *more):
        words = ["load", kind, *rival.to, "--name", rivals.NAME, *map(str, more)]
        if rival.label in ("Creance", "HAProxy"):
            self.commands[kind if rival.label == "Creance" else f"{kind} "] = "creance-lab " + " ".join(words)
        return self.row.on_client(self.lab, *words)

    def load(self, rival, kind, *more, may_fail=False):
        done = subprocess.run(self.command(rival, kind, *more), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            if may_fail:
                return None
            sys.exit(f"error: {kind} through {rival.label} ended with {done.returncode}: {done.stderr[-1000:]}")
        return json.loads(done.stdout)

    def idle(self, rival):
        """Memory for each connection that has said its hello and waits."""
        before = rival.memory()
        command = self.command(rival, "idle", "--count", self.sizes.idle)
        holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if "held" not in holder.stdout.readline():
            sys.exit(f"error: {rival.label} does not hold {self.sizes.idle} connections")
        after = rival.memory()
        holder.stdin.close()
        holder.wait()
        return (after - before) / self.sizes.idle

    def durable_write_s(self):
        """What one write of an entry's size costs on the ledger's disk, in the middle."""
        path, times = self.folder / "durable", []
        with path.open("wb") as file:
            file.write(bytes(1 << 20))
            os.fsync(file.fileno())
            for place in range(200):
                began = time.perf_counter()
                os.pwrite(file.fileno(), b"x" * ENTRY_BYTES, place * ENTRY_BYTES)
                os.fdatasync(file.fileno())
                times.append(time.perf_counter() - began)
        path.unlink()
        return statistics.median(times)

    def results(self):
        rows = {}
        for label, runs in self.found.items():
            rows[label] = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
            rows[label]["failed"] = sum(run.get("failed", 0) for run in runs)
        return {"rows": rows, "durable_us": statistics.median(self.durable) * 1e6, "commands": self.commands}


if __name__ == "__main__":
    main()
