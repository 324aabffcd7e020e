"""The format of geo.bin, version 1. The reader is crates/residency; the format is told there.

All numbers are little-endian. A file is a header, a directory and ten sections without gaps.
"""

import struct

MAGIC = b"CREANGEO"
VERSION = 1
BLOCK = 32
MASK = (1 << 64) - 1
# Most ranges start at a multiple of a /24 (of 32 bits) or a /48 (of the upper 64 bits).
UNIT = {4: 8, 6: 16}
KEY_BITS = {4: 32, 6: 64}
KINDS = {"region": 0, "anycast": 1, "unplaced": 2, "clash": 3, "name": 4}


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def short_text(text):
    """A length byte (at most 127, so that the whole is valid UTF-8 too) and the text."""
    data = text.encode()
    while len(data) > 127:
        text = text[:-1]
        data = text.encode()
    return bytes([len(data)]) + data


def country_value(code):
    """AA is 1, AB is 2, … ZZ is 676; 0 is none."""
    if len(code) != 2 or not (code.isascii() and code.isalpha() and code.isupper()):
        raise ValueError(f"`{code}` is no country code")
    return (ord(code[0]) - 65) * 26 + ord(code[1]) - 65 + 1


def ranges(rows, family):
    """`rows` are (first key, value) in order, the first at 0; a row reaches to the next."""
    if not rows or rows[0][0] != 0:
        raise ValueError("the first range must start at 0")
    unit = UNIT[family]
    blocks, entries, last = bytearray(), bytearray(), -1
    for number, (key, value) in enumerate(rows):
        if key <= last or key >> KEY_BITS[family]:
            raise ValueError(f"range {number} starts at {key}, after {last}")
        if number % BLOCK == 0:
            blocks += struct.pack("<QI", key, len(entries))
        else:
            step = key - last
            aligned = step % (1 << unit) == 0
            entries += varint(step >> unit << 1 if aligned else step << 1 | 1)
        entries += varint(value)
        last = key
    return struct.pack("<I", len(rows)) + bytes(blocks) + bytes(entries)


def place(kind, provider, region="", city="", country="", also=()):
    out = bytes([KINDS[kind]]) + short_text(provider) + short_text(region) + short_text(city)
    out += country.encode() if country else b"\0\0"
    return out + bytes([len(also)]) + "".join(sorted(also)).encode()


def checksum(data):
    total = 0xCBF29CE484222325 ^ len(data)
    for (word,) in struct.iter_unpack("<Q", data + bytes(-len(data) % 8)):
        total = ((total ^ word) * 0x9E3779B97F4A7C15) & MASK
        total = (total << 29 | total >> 35) & MASK
    return total


def file(sections):
    head = 24 + 8 * len(sections)
    directory, offset = b"", head
    for section in sections:
        directory += struct.pack("<II", offset, len(section))
        offset += len(section)
    body = directory + b"".join(sections)
    return MAGIC + struct.pack("<IIQ", VERSION, offset, checksum(body)) + body
