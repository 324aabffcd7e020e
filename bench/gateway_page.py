"""The gateway's part of the page of benchmarks."""

import datetime
import re
import shutil
import subprocess

import page

HEADING = "\n## Gateway\n"

COLUMNS = (
    ("down_gbit", "down, Gbit/s", "{:.1f}"),
    ("up_gbit", "up, Gbit/s", "{:.1f}"),
    ("down_cpu", "down, CPU-s/GB", "{:.2f}"),
    ("up_cpu", "up, CPU-s/GB", "{:.2f}"),
    ("rate", "connections/s", "{:.0f}"),
    ("us_each", "µs CPU a connection", "{:.0f}"),
    ("p50_us", "p50, µs", "{:.0f}"),
    ("p99_us", "p99, µs", "{:.0f}"),
    ("idle_bytes", "bytes an idle connection", "{:.0f}"),
    ("failed", "failed", "{:.0f}"),
)


def put(path, results):
    """Writes the part to the end of the page, in the place of the one that stands there."""
    text = path.read_text() if path.exists() else "# Benchmarks\n"
    text = text.split(HEADING)[0].rstrip("\n") + "\n"
    path.write_text(text + HEADING + write(results))


def write(results):
    sizes = results["sizes"]
    trial = "\n**A trial with small sizes; its figures mean little.**\n" if results["quick"] else ""
    commands = "\n".join(f"    {command}" for _, command in sorted(results["commands"].items()))
    return f"""Measured {datetime.date.today()}, everything in one run, load of other work in the five minutes before {results['load']:.1f}; {page.machine()}. {versions()}.
{trial}
Three network namespaces stand in a row: client, gateway, server. The client says a real hello, the server answers with 1,200 bytes; then either the client closes, or {sizes.bulk} bytes follow. All go in turn, {sizes.runs} times; figures are medians. CPU is that of the program, its threads and its children, in user and kernel mode. Creance is met by its transparent front-end, after a question for the name, with its firewall's rules in force; the others listen where the client connects, without rules. Creance's ledger lies on a disk where one durable write of an entry's size took {results['durable_us']:.0f} µs in the same run; once more with the ledger in memory, which shows what durability costs. *Direct* is routing alone.

{bars(results)}

{table(results)}

Latency is from the first packet to the end of the answer, one client, {sizes.in_turn} connections in turn; connections per second are of {sizes.clients} clients in {sizes.seconds} seconds; idle connections are {sizes.idle}. The load, first at Creance and then at HAProxy:

{commands}
"""


def table(results):
    rows = results["rows"]
    columns = [column for column in COLUMNS if any(column[0] in row for row in rows.values())]
    lines = ["| | " + " | ".join(title for _, title, _ in columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for label, row in rows.items():
        of_none = ("down_cpu", "up_cpu", "us_each", "idle_bytes") if label == "direct" else ()
        cells = ["" if name in of_none or name not in row else form.format(row[name]) for name, _, form in columns]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def bars(results):
    rows = results["rows"]
    own, bare, other, direct = (
        rows.get(label) for label in ("Creance", "Creance, ledger in memory", "HAProxy", "direct")
    )
    lines = ["| what, against HAProxy in the same run | measured | must reach | reached |", "|---|---|---|---|"]
    if not other:
        return "HAProxy is absent: nothing was compared with it."

    def line(what, value, bar, ok):
        lines.append(f"| {what} | {value} | {bar} | {'yes' if ok else '**no**'} |")

    for way in ("down", "up"):
        ratio = own[f"{way}_gbit"] / other[f"{way}_gbit"]
        line(f"bulk {way}, throughput", f"{ratio:.2f} times", "1.5", ratio >= 1.5)
        ratio = own[f"{way}_cpu"] / other[f"{way}_cpu"]
        line(f"bulk {way}, CPU a byte", f"{ratio:.2f} times", "0.5", ratio <= 0.5)
    ratio = own["rate"] / other["rate"]
    line("connections a second, ledger on", f"{ratio:.2f} times", "1/1.3 = 0.77", ratio >= 1 / 1.3)
    ratio = own["us_each"] / other["us_each"]
    line("CPU a connection, ledger on", f"{ratio:.2f} times", "1.3", ratio <= 1.3)
    ratio = bare["rate"] / other["rate"]
    line("connections a second, without durability", f"{ratio:.2f} times", "over 1", ratio > 1)
    ratio = bare["us_each"] / other["us_each"]
    line("CPU a connection, without durability", f"{ratio:.2f} times", "under 1", ratio < 1)
    for part in ("p50", "p99"):
        added = own[f"{part}_us"] - direct[f"{part}_us"]
        most = other[f"{part}_us"] - direct[f"{part}_us"] + results["durable_us"]
        line(f"latency added, {part}", f"{added:.0f} µs", f"{most:.0f} µs: HAProxy's and one durable write", added <= most)
    return "\n".join(lines)


def versions():
    asked = {"HAProxy": ["haproxy", "-v"], "nginx": ["nginx", "-v"], "sniproxy": ["sniproxy", "-V"]}
    told = []
    for name, command in asked.items():
        path = shutil.which(command[0], path="/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin:/usr/local/sbin")
        if path:
            done = subprocess.run([path, *command[1:]], capture_output=True, text=True, check=False)
            number = re.search(r"\d+\.\d+(\.\d+)*", done.stdout + done.stderr)
            told.append(f"{name} {number.group(0) if number else '?'}")
    return ", ".join(told)
