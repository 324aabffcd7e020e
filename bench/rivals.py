"""What is measured between client and server: how each is started, stopped and looked at."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from namespaces import GATEWAY, SERVER, run

NAME = "flysafe-api.dji.com"
SERVICE = "dji.flysafe"
TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE_S = 15
NGINX_STREAM = pathlib.Path("/usr/lib/nginx/modules/ngx_stream_module.so")

HAPROXY = """global
  maxconn 9000
  maxpipes 500
  nbthread 2
defaults
  mode tcp
  timeout connect 10s
  timeout client 300s
  timeout server 300s
  option splice-auto
frontend stations
  bind {at}:443
  tcp-request inspect-delay 10s
  tcp-request content accept if {{ req.ssl_sni -m str {name} }}
  tcp-request content reject
  default_backend far
backend far
  server far {server}:443
"""

NGINX = """load_module {stream};
worker_processes 2;
daemon off;
user root;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
worker_rlimit_nofile 20000;
events {{ worker_connections 9000; }}
stream {{
  map $ssl_preread_server_name $far {{ {name} {server}:443; }}
  server {{ listen {at}:443 backlog=4096; ssl_preread on; proxy_pass $far; }}
}}
"""

SNIPROXY = """pidfile {folder}/sniproxy.pid
error_log {{
  filename {folder}/sniproxy-error.log
}}
listener {at}:443 {{
  proto tls
  table far
}}
table far {{
  {name} {server}:443
}}
"""


class Rival:
    """A program between client and server. `to` are the arguments by which the load reaches it."""

    def __init__(self, label, command, to, stop=None, after=None):
        self.label, self.command, self.to = label, [str(word) for word in command], to
        self.stop_command, self.after = stop, after
        self.child = None

    def start(self, folder):
        log = open(folder / f"{self.label.replace(' ', '-')}.log", "w")
        self.child = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=open_files
        )

    def stop(self):
        if self.stop_command:
            run(*self.stop_command)
        else:
            self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        if self.after:
            self.after()

    def cpu(self):
        """Seconds that it and all that it started have computed."""
        return sum(ticks(pid) for pid in family(self.child.pid)) / TICKS

    def memory(self):
        """Its memory in bytes; what its processes share is counted once."""
        total = 0
        for pid in family(self.child.pid):
            try:
                text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            except (ProcessLookupError, FileNotFoundError):
                # A child that has ended meanwhile holds nothing.
                continue
            total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
        return total * 1024


class Direct(Rival):
    """Nothing but routing between client and server."""

    def __init__(self):
        super().__init__("direct", [], ["--to", f"{SERVER}:443"])

    def start(self, folder):
        pass

    def stop(self):
        pass

    def cpu(self):
        return 0.0

    def memory(self):
        return 0


def open_files():
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def family(root):
    children = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parent = int(stat.rsplit(")", 1)[1].split()[1])
            children.setdefault(parent, []).append(int(entry.name))
    found, left = [], [root]
    while left:
        pid = left.pop()
        found.append(pid)
        left += children.get(pid, [])
    return found


def ticks(pid):
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    fields = stat.rsplit(")", 1)[1].split()
    # Of itself in user and kernel mode, and of children that have ended.
    return sum(int(field) for field in fields[11:15])


def all_of(creance, folder):
    """Everything that can be measured on this machine."""
    found = [Direct()]
    for label, ledger in (("Creance", folder / "ledger"), ("Creance, ledger in memory", pathlib.Path("/run/ledger"))):
        command = ["env", f"XDG_STATE_HOME={folder}", creance, "gateway", "up", "--lan", "lan0", "--uplink", "uplink0"]
        command += ["--station", "s-1=10.77.1.2", "--resolver", SERVER, "--mode", "local-data", "--exempt", SERVICE]
        command += ["--proxy-port", "0", "--socks-port", "0", "--ledger", ledger]
        to = ["--to", "0.0.0.0:443", "--resolver", GATEWAY]
        found.append(Rival(label, command, to, [str(creance), "gateway", "down"], no_rules))
    written = {"at": GATEWAY, "name": NAME, "server": SERVER, "folder": folder, "stream": NGINX_STREAM}
    to = ["--to", f"{GATEWAY}:443"]
    for label, program, text, arguments in (
        ("HAProxy", "haproxy", HAPROXY, ["-db", "-f"]),
        ("nginx", "nginx", NGINX, ["-c"]),
        ("sniproxy", "sniproxy", SNIPROXY, ["-f", "-c"]),
    ):
        path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
        if not path or (program == "nginx" and not NGINX_STREAM.exists()):
            print(f"note: {program} is absent and is not compared with", file=sys.stderr)
            continue
        file = folder / f"{program}.conf"
        file.write_text(text.format(**written))
        found.append(Rival(label, [path, *arguments, file], to))
    return found


def no_rules():
    """What the gateway leaves closed on purpose is opened again for the others."""
    run("nft", "delete", "table", "inet", "creance")


def wait_for(probe, rival):
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if rival.child and rival.child.poll() is not None:
            sys.exit(f"error: {rival.label} ended by itself; its messages are in the folder of the benchmark")
        if probe():
            return
        time.sleep(0.1)
    sys.exit(f"error: {rival.label} does not serve within {PATIENCE_S} s")
