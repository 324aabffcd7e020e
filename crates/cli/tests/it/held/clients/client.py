"""Fetches a page as a program in Python does, and says what came. Proxies of HTTP are urllib's own
business; SOCKS, which it does not know, is spoken here."""

import http.client
import os
import socket
import ssl
import sys
import urllib.request

url, proxy = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
trust = ssl.create_default_context(cafile=os.environ["CREANCE_LAB_CA"])


def through_socks(address, timeout=10, source_address=None):
    """RFC 1928, with the name given to the proxy."""
    host, port = proxy.split("//")[1].split(":")
    stream = socket.create_connection((host, int(port)), 10)
    stream.sendall(b"\5\1\0")
    if stream.recv(2) != b"\5\0":
        raise OSError("no such proxy")
    name = address[0].encode()
    stream.sendall(b"\5\1\0\3" + bytes([len(name)]) + name + address[1].to_bytes(2, "big"))
    head = stream.recv(4)
    if head[:2] != b"\5\0":
        raise OSError(f"refused with {head[1:2].hex()}")
    stream.recv({1: 4, 4: 16}[head[3]] + 2)
    return stream


if proxy.startswith("socks"):
    plain = http.client.HTTPConnection.__init__

    def init(self, *args, **more):
        plain(self, *args, **more)
        self._create_connection = through_socks

    http.client.HTTPConnection.__init__ = init

try:
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=trust))
    with opener.open(url, timeout=10) as answer:
        print(answer.status, len(answer.read()))
except OSError as error:
    print("refused:", type(error).__name__)
    print(error, file=sys.stderr)
