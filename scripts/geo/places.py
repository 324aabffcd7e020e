"""Decides what the clouds' published ranges say of one address."""

import collections
import ipaddress

import sources

# Services that one address offers from many places.
MANY_PLACES = {"CLOUDFRONT", "GLOBALACCELERATOR"}
ANYCAST_PROVIDERS = {"cloudflare"}
GLOBAL = {"global", "GLOBAL"}


class Rules:
    """The tables of catalogue/geo, and AWS's border groups by range."""

    def __init__(self, regions, anycast, zones):
        self.regions = regions
        self.anycast = anycast
        self.unlisted = set()
        self.known_zones = collections.defaultdict(list)
        self.zones = zones
        for family, first, last, region, group in zones:
            # By the first 16 bits, so that a look-up has few to walk.
            shift = 16 if family == 4 else 112
            for bucket in range(first >> shift, (last >> shift) + 1):
                self.known_zones[family, bucket].append((first, last, region, group))

    def anycast_ranges(self, family):
        out = []
        for group in self.anycast["group"]:
            for prefix in group["prefixes"]:
                net = ipaddress.ip_network(prefix)
                if net.version == family:
                    out.append(sources.CloudRange(
                        family, int(net.network_address), int(net.broadcast_address),
                        "", "", group["name"]))
        return out

    def zone_ranges(self, family):
        return [(row[1], row[2]) for row in self.zones if row[0] == family]

    def place(self, covers, address):
        """The arguments of pack.place, or None. `covers` are all ranges around `address`."""
        if not covers:
            return None
        listed = sorted(row.service for row in covers if row.provider == "")
        if listed:
            return ("anycast", listed[0])
        providers = sorted({row.provider for row in covers})
        many = [row for row in covers if from_many_places(row)]
        if many:
            row = min(many, key=lambda row: (row.provider, row.service))
            return ("anycast", self.name(row.provider), row.service)
        stated = [row for row in covers if row.region and row.region not in GLOBAL]
        if not stated:
            if any(row.region in GLOBAL for row in covers):
                return ("anycast", self.name(providers[0]), "global")
            return ("unplaced", self.name(providers[0]))
        found = {(row.provider, row.region) for row in stated}
        if len(found) > 1 or len(providers) > 1:
            countries = {self.look_up(*pair)[0] for pair in found}
            text = " and ".join(f"{self.name(p)} {r}" for p, r in sorted(found))
            return ("clash", text, "", "", "", tuple(sorted(countries - {""})))
        provider, region = found.pop()
        also = ()
        if provider == "aws":
            region, also = self.zone(region, covers[0].family, address)
        country, city = self.look_up(provider, region)
        return ("region", self.name(provider), region, city, country, also)

    def name(self, provider):
        return self.regions[provider]["name"]

    def look_up(self, provider, region):
        """Country and city of a region; both empty where it is not listed."""
        table = self.regions[provider]
        text = table.get("regions", {}).get(region) or table.get("zones", {}).get(region)
        if text is None:
            self.unlisted.add(f"{provider} {region}")
            return "", ""
        country, _, city = text.partition(" ")
        return country, city

    def zone(self, region, family, address):
        """The zone of an AWS address, or the region and the countries of its zones elsewhere."""
        shift = 16 if family == 4 else 112
        around = [row for row in self.known_zones[family, address >> shift]
                  if row[0] <= address <= row[1] and row[2] == region]
        aws = self.regions["aws"]
        if not around:
            home = self.look_up("aws", region)[0]
            zones = {text[:2] for zone, text in aws["zones"].items()
                     if zone.startswith(region + "-")}
            return region, tuple(sorted(zones - {home}))
        group = min(around, key=lambda row: (row[1] - row[0], row[3]))[3]
        if group == region or group in aws["zones"]:
            return group, ()
        words = group.removeprefix(region + "-").split("-")
        if any(word in aws["home_zones"].get(region, []) for word in words):
            return region, ()
        return group, ()

    def region_names(self):
        for provider, table in sorted(self.regions.items()):
            for region, text in sorted((table.get("regions", {}) | table.get("zones", {})).items()):
                country, _, city = text.partition(" ")
                yield ("name", table["name"], region, city, country)


def from_many_places(row):
    if row.provider in ANYCAST_PROVIDERS or row.service in MANY_PLACES:
        return True
    return row.service.startswith("AZUREFRONTDOOR") and row.service != "AZUREFRONTDOOR.BACKEND"
