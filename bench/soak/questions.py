"""Asks the gateway for names that nobody has, as fast as it can: SECONDS. Tells how many."""

import os
import socket
import sys
import time

asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asker.connect(("192.168.50.1", 53))
asker.setblocking(False)
until = time.monotonic() + float(sys.argv[1])
count = 0
while time.monotonic() < until:
    labels = (os.urandom(12).hex().encode(), b"tunnel", b"test")
    name = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    try:
        asker.send(os.urandom(2) + b"\1\0\0\1\0\0\0\0\0\0" + name + b"\0\1\0\1")
        count += 1
    except OSError:
        pass
print(count)
