"""Starting programs and measuring what they take."""

import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

# The statuses of an audit that ran: upheld, refuted, inconclusive.
RAN = (0, 1, 3)


@dataclasses.dataclass
class Timed:
    """Wall-clock times of some runs of one command."""

    command: str
    seconds: list
    bytes: int
    rss_mib: float
    cpu_seconds: float

    @property
    def median(self):
        return statistics.median(self.seconds)

    @property
    def mb_per_s(self):
        return self.bytes / 1e6 / self.median


@dataclasses.dataclass
class Piped:
    """What an audit of a stream took and told."""

    command: str
    seconds: float
    rss_mib: float
    packets: int
    flows: int
    bytes: int
    evicted: int


def shown(command):
    """A command as a reader would type it: without folders, and with a long list of files cut."""
    words = [str(word) for word in command]
    words = [pathlib.Path(word).name if "/" in word else word for word in words]
    if len(words) > 16:
        words = [*words[:6], "CAPTURES…"]
    return " ".join(words)


def run(command):
    """Runs a command that must succeed."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"error: `{shown(command)}` ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def wait(child, command):
    """Waits for a child; its most memory in MiB, and the seconds that it computed."""
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in RAN:
        sys.exit(f"error: `{shown(command)}` ended with {child.returncode}")
    # Kilobytes on Linux, bytes on macOS.
    rss = usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
    return rss, usage.ru_utime + usage.ru_stime


def timed(commands, runs, size, several=None):
    """Runs commands in turn, some times over, so that all meet the machine in the same moods. Those
    in `several` run so many times in each turn."""
    seconds, cpu, rss = ({name: [] for name in commands} for _ in range(3))
    for _ in range(runs):
        turn = [(name, command) for name, command in commands.items() for _ in range((several or {}).get(name, 1))]
        for name, command in turn:
            started = time.perf_counter()
            child = subprocess.Popen(
                [str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            took, computed = wait(child, command)
            seconds[name].append(time.perf_counter() - started)
            cpu[name].append(computed)
            rss[name].append(took)
    results = {}
    for name, command in commands.items():
        result = Timed(shown(command), seconds[name], size, max(rss[name]), statistics.median(cpu[name]))
        print(f"{result.mb_per_s:8.1f} MB/s  {result.rss_mib:6.0f} MiB  {result.command}", flush=True)
        results[name] = result
    return results


def pipe(source, sink, report):
    """Runs `source | sink`, where `sink` is an audit that writes into `report`."""
    started = time.perf_counter()
    first = subprocess.Popen([str(word) for word in source], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    second = subprocess.Popen(
        [str(word) for word in sink], stdin=first.stdout, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    first.stdout.close()
    rss, _ = wait(second, sink)
    if first.wait() != 0:
        sys.exit(f"error: `{shown(source)}` ended with {first.returncode}")
    seconds = time.perf_counter() - started
    told = json.loads((report / "report.json").read_text())
    coverage = told["coverage"]
    result = Piped(
        command=f"{shown(source)} | {shown(sink)}",
        seconds=seconds,
        rss_mib=rss,
        packets=coverage["packets"],
        flows=coverage["flows"],
        bytes=told["inputs"][0]["bytes"] or coverage["bytes"],
        evicted=coverage["evicted_flows"],
    )
    print(f"{result.rss_mib:8.1f} MiB  {result.flows} flows  {result.command}", flush=True)
    return result
