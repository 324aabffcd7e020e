"""Connects many times without a word: HOST NUMBER. Ends when it is ended."""

import resource
import socket
import sys
import time

_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
to = (socket.gethostbyname(sys.argv[1]), 443)
held = []
for _ in range(int(sys.argv[2])):
    one = socket.socket()
    one.setblocking(False)
    one.connect_ex(to)
    held.append(one)
print("held", flush=True)
time.sleep(600)
