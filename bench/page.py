"""The page of benchmarks, from what was measured."""

import datetime
import os
import pathlib
import platform
import re
import shutil
import subprocess

RECALL_MIN = 277
SPEED_MIN_MB_S = 250
BARE_TRY_MB_S = 500
TSHARK_MIN = 40
NDPI_MIN = 1.5
MEMORY_MAX_MIB = 256


def write(results):
    sections = [head(results), bars(results), recall(results["recall"]), speed(results), memory(results["memory"])]
    return "\n\n".join(sections) + "\n"


def head(results):
    quick = "\n\n**This was a trial with small sizes (`BENCH_QUICK=1`); its figures mean little.**" if results["quick"] else ""
    return f"""# Benchmarks

Written by `make bench` ({datetime.date.today()}), everything in one run, on this machine: {machine()}, load of other work in the five minutes before {results['load']:.1f}.{quick}

Versions: {versions()}."""


def machine():
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    text = cpuinfo.read_text() if cpuinfo.exists() else ""
    model = re.search(r"model name\s*: (.*)", text)
    sha = "with SHA instructions" if " sha_ni" in text or " sha2 " in text else "without SHA instructions"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{model.group(1) if model else platform.processor() or platform.machine()} ({sha}), "
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}"
    )


def versions():
    asked = {"rustc": ["rustc", "--version"], "tshark": ["tshark", "--version"], "ndpiReader": ["ndpiReader", "-h"]}
    told = []
    for name, command in asked.items():
        if shutil.which(name):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            number = re.search(r"\d+\.\d+(\.\d+)?", done.stdout + done.stderr)
            told.append(f"{name} {number.group(0) if number else '?'}")
        else:
            told.append(f"{name} absent")
    return ", ".join(told)


def bars(results):
    rows, measured = results["speed"]["rows"], []
    recall_found = results["recall"].found_of_tshark
    everything, beside = rows["everything"], rows.get("beside tshark")
    measured.append(("names that tshark finds, found", f"{recall_found} pairs", f"{RECALL_MIN}", recall_found >= RECALL_MIN))
    rate = everything.mb_per_s
    measured.append(("speed with everything on", f"{rate:.0f} MB/s", f"{SPEED_MIN_MB_S} MB/s", rate >= SPEED_MIN_MB_S))
    bare = rows["no digest"].mb_per_s
    measured.append(("speed without the digest", f"{bare:.0f} MB/s", f"{BARE_TRY_MB_S} MB/s, a try", bare >= BARE_TRY_MB_S))
    for name, own, least in (("tshark", beside, TSHARK_MIN), ("ndpiReader", everything, NDPI_MIN)):
        if name in rows:
            ratio = own.mb_per_s / rows[name].mb_per_s
            measured.append((f"times as fast as {name}, same file", f"{ratio:.1f}", f"{least}", ratio >= least))
        else:
            measured.append((f"times as fast as {name}", "not measured", f"{least}", False))
    rss = max(stream.rss_mib for stream in results["memory"].values())
    measured.append(("memory on a stream", f"{rss:.0f} MiB", f"under {MEMORY_MAX_MIB} MiB", rss < MEMORY_MAX_MIB))
    lines = ["| what | measured | must reach | reached |", "|---|---|---|---|"]
    lines += [f"| {what} | {value} | {bar} | {'yes' if ok else '**no**'} |" for what, value, bar, ok in measured]
    return "\n".join(lines)


def recall(result):
    missed = "\n".join(f"- `{capture}`: `{host}` (found by {by})" for capture, host, by in result.missed)
    extra = "\n".join(f"- `{capture}`: `{host}`" for capture, host in result.extra)
    return f"""## Recall
Of the {result.listed} pairs of capture and host that nDPI or tshark finds in the captures of nDPI's tests by the server name of TLS or QUIC, Creance finds {result.found}; of the {result.by_tshark} that tshark finds, {result.found_of_tshark}. For each capture:

    {result.command}

Missed:

{missed or '- none'}

Found here and by neither of them:

{extra or '- none'}"""


def speed(results):
    speed = results["speed"]
    rows = speed["rows"]
    lines = ["| what | file | median | MB/s | computing | memory | runs | command |", "|---|---|---|---|---|---|---|---|"]
    said = {
        "everything": "Creance, everything on",
        "no digest": "Creance, without the digest",
        "ndpiReader": "ndpiReader",
        "beside tshark": "Creance, everything on, in turn with tshark",
        "tshark": "tshark, names alone",
    }
    for key, row in rows.items():
        lines.append(
            f"| {said[key]} | {row.bytes / 1e6:.0f} MB | {row.median:.2f} s | {row.mb_per_s:.1f} | {row.cpu_seconds:.2f} s | "
            f"{row.rss_mib:.0f} MiB | {len(row.seconds)} | `{row.command}` |"
        )
    return f"""## Speed
Everything on: QUIC, certificates, DNS, residency, the report, and the digest on the other core. The file is made from the captures of the corpus, {speed['copies']} times over, with addresses and times of its own in each copy (`creance-lab merge`), and was read once before, so that nobody waits for the disk. The commands run in turn, Creance five times for each run of tshark, and times are medians.

""" + "\n".join(lines)


def memory(streams):
    lines = ["| stream | flows | packets | most memory | time | put out of memory early | command |", "|---|---|---|---|---|---|---|"]
    for stream in streams.values():
        lines.append(
            f"| {stream.bytes / 1e9:.1f} GB | {stream.flows:,} | {stream.packets:,} | {stream.rss_mib:.0f} MiB | "
            f"{stream.seconds:.0f} s | {stream.evicted:,} flows, all written down | `{stream.command.replace('|', chr(92) + '|')}` |"
        )
    return """## Memory
A stream through standard input, everything on; flow records spill to disk.

""" + "\n".join(lines)
