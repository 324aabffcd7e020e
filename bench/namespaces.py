"""Three network namespaces in a row: client, gateway, server. The caller is in the gateway's."""

import ctypes
import os
import pathlib
import subprocess
import sys

CLIENT, SERVER = "10.77.1.2", "10.77.2.2"
GATEWAY = "10.77.1.1"
ENTERED = "CREANCE_BENCH_ENTERED"

# The same for all that are measured: ports are not the limit.
SETTINGS = {
    "net/ipv4/ip_local_port_range": "2000 60999",
    "net/ipv4/tcp_tw_reuse": "1",
    "net/core/somaxconn": "8192",
    "net/ipv4/tcp_max_syn_backlog": "8192",
}


def enter():
    """Starts this program again in namespaces of its own, as root there; returns once it is in them."""
    if os.environ.get(ENTERED):
        return
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = ["unshare", *user, "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    tried = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        sys.exit(f"error: this system makes no namespaces for this user: {tried.stderr.strip()}")
    os.environ[ENTERED] = "1"
    os.execvp(command[0], [*command, sys.executable, *sys.argv])


class Row:
    """The namespaces, linked. They end with this program."""

    def __init__(self):
        run("mount", "-t", "tmpfs", "bench", "/run")
        self.client, self.server = hold(), hold()
        for holder, here, there, near, far in (
            (self.client, "lan0", "eth0", GATEWAY, CLIENT),
            (self.server, "uplink0", "net0", "10.77.2.1", SERVER),
        ):
            run("ip", "link", "add", here, "type", "veth", "peer", "name", there, "netns", str(holder.pid))
            run("ip", "address", "add", f"{near}/24", "dev", here)
            run("ip", "link", "set", here, "up")
            for words in (
                f"address add {far}/24 dev {there}",
                f"link set {there} up",
                "link set lo up",
                f"route add default via {near}",
            ):
                run(*inside(holder), "ip", *words.split())
        run("ip", "link", "set", "lo", "up")
        settings = {**SETTINGS, "net/ipv4/ip_forward": "1"}
        for name, value in settings.items():
            path = pathlib.Path("/proc/sys") / name
            path.write_text(value)
            for holder in (self.client, self.server):
                run(*inside(holder), "sh", "-c", f"echo {value} > {path}")

    def on_client(self, *command):
        return [*inside(self.client), *map(str, command)]

    def on_server(self, *command):
        return [*inside(self.server), *map(str, command)]


def hold():
    """A process that holds a network namespace, and ends with this one."""
    left, said = os.pipe()
    pid = os.fork()
    if pid == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(1, 9)
        if libc.unshare(0x40000000) != 0:
            os._exit(1)
        os.write(said, b"1")
        while True:
            libc.pause()
    os.close(said)
    if os.read(left, 1) != b"1":
        sys.exit("error: a network namespace could not be made")
    os.close(left)
    return Holder(pid)


class Holder:
    def __init__(self, pid):
        self.pid = pid


def inside(holder):
    return ["nsenter", f"--net=/proc/{holder.pid}/ns/net"]


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"error: `{' '.join(command)}` ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout
