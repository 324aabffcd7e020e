//! Ways out that are known of, each tried from inside, beside the same thing tried outside where
//! that is possible.

use super::{Came, Comes, PYTHON, Person, people, there};
use std::io::{ErrorKind, Read};
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::{SocketAddr, UnixListener};

/// Tries each way and prints what came of it: `ok`, or the error's name.
const PROBE: &str = r#"
import ctypes, errno, fcntl, mmap, os, platform, pty, socket, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
tcp, udp, abstract, home = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
long = ctypes.c_long
def syscall(*args):
    got = libc.syscall(*[long(arg) if isinstance(arg, int) else arg for arg in args])
    if got < 0:
        raise OSError(ctypes.get_errno(), "")
    return got
def sock(family, kind, protocol=0):
    socket.socket(family, kind, protocol).close()
def unix(path):
    s = socket.socket(socket.AF_UNIX); s.settimeout(5); s.connect(path); s.close()
def connect(address, family=socket.AF_INET):
    s = socket.socket(family, socket.SOCK_STREAM); s.settimeout(5); s.connect(address); s.send(b"secret")
    s.recv(1)
def datagram(address, family=socket.AF_INET):
    s = socket.socket(family, socket.SOCK_DGRAM); s.sendto(b"secret", address)
def asked(address, family=socket.AF_INET):
    s = socket.socket(family, socket.SOCK_DGRAM); s.settimeout(5); s.connect(address); s.send(b"secret"); s.recv(1)
def fast_open(address):
    s = socket.socket(); s.sendto(b"secret", socket.MSG_FASTOPEN, address); s.recv(1)
def mptcp(address):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262); s.settimeout(5); s.connect(address); s.recv(1)
def type_key(request):
    near, far = pty.openpty()
    syscall(16 if platform.machine() == "x86_64" else 29, far, request, ctypes.c_char_p(b"x"))
def old_call():
    if platform.machine() != "x86_64": raise OSError(errno.ENOSYS, "")
    # mov eax, 20 (getpid of i386); int 0x80; cdqe; ret
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b"\x53\xb8\x14\x00\x00\x00\xcd\x80\x48\x98\x5b\xc3")
    call = ctypes.CFUNCTYPE(long)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
    got = call()
    if got < 0: raise OSError(-got, "")
def x32_call():
    if platform.machine() != "x86_64": raise OSError(errno.ENOSYS, "")
    syscall(0x40000000 + 39)
INTEL = platform.machine() == "x86_64"
ways = {
    "tcp to the host": lambda: connect(("127.0.0.1", tcp)),
    "udp to the host": lambda: datagram(("127.0.0.1", udp)),
    "abstract socket": lambda: unix("\0" + abstract),
    "socket in the home": lambda: unix(home + "/agent.sock"),
    "socket in /tmp": lambda: unix("/tmp/" + abstract),
    "raw": lambda: sock(socket.AF_INET, socket.SOCK_RAW, 1),
    "packet": lambda: sock(17, socket.SOCK_RAW, 0x0300),
    "vsock": lambda: sock(40, socket.SOCK_STREAM),
    "alg": lambda: sock(38, socket.SOCK_SEQPACKET),
    "xdp": lambda: sock(44, socket.SOCK_RAW),
    "bluetooth": lambda: sock(31, socket.SOCK_RAW, 1),
    "pair of another family": lambda: socket.socketpair(40, socket.SOCK_STREAM),
    "io_uring": lambda: syscall(425, 1, ctypes.create_string_buffer(120)),
    "keys": lambda: syscall(249 if INTEL else 218, ctypes.c_char_p(b"user"), ctypes.c_char_p(b"creance-none"), None, -3),
    "bpf": lambda: syscall(321 if INTEL else 280, 0, ctypes.create_string_buffer(128), 128),
    "perf": lambda: syscall(298 if INTEL else 241, ctypes.create_string_buffer(struct.pack("II", 1, 112) + bytes(104)), 0, -1, -1, 0),
    "typing": lambda: type_key(0x5412),
    "typing, high bits": lambda: type_key(0x5412 | 1 << 32),
    "pasting": lambda: type_key(0x541C),
    "i386": old_call,
    "x32": x32_call,
    "mptcp": lambda: mptcp(("198.18.0.9", 443)),
    "fast open": lambda: fast_open(("198.18.0.9", 443)),
    "tcp ipv4": lambda: connect(("198.18.0.9", 443)),
    "tcp ipv6": lambda: connect(("2001:db8::9", 443), socket.AF_INET6),
    "tcp mapped": lambda: connect(("::ffff:198.18.0.9", 443), socket.AF_INET6),
    "quic": lambda: asked(("198.18.0.9", 443)),
    "quic ipv6": lambda: asked(("2001:db8::9", 443), socket.AF_INET6),
    "multicast": lambda: asked(("224.0.0.251", 5353)),
    "broadcast": lambda: datagram(("255.255.255.255", 9)),
    "icmp": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1).sendto(b"\x08\0\0\0\0\0\0\0", ("198.18.0.9", 0)),
    "sctp": lambda: sock(socket.AF_INET, socket.SOCK_STREAM, 132),
    "udplite": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 136).sendto(b"x", ("198.18.0.9", 53)),
}
for name in (sys.argv[5].split(",") if len(sys.argv) > 5 else ways):
    try:
        ways[name]()
        print(name + ": ok")
    except OSError as error:
        print(name + ": " + errno.errorcode.get(error.errno, str(error)))
"#;

/// What lies outside and would hear of it.
struct Outside {
    tcp: TcpListener,
    udp: UdpSocket,
    unix: Vec<UnixListener>,
    name: String,
}

impl Outside {
    fn new(person: &Person) -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        tcp.set_nonblocking(true).unwrap();
        udp.set_nonblocking(true).unwrap();
        let name = person.home.path().file_name().unwrap().to_str().unwrap().to_owned();
        let mut unix =
            vec![UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap()];
        for path in [person.path("agent.sock"), format!("/tmp/{name}").into()] {
            unix.push(UnixListener::bind(&path).unwrap());
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o777)).unwrap();
            chown(&path, person.uid, person.uid).unwrap();
        }
        unix.iter().for_each(|listener| listener.set_nonblocking(true).unwrap());
        Self { tcp, udp, unix, name }
    }

    fn args(&self, person: &Person) -> [String; 4] {
        let port = |address: std::net::SocketAddr| address.port().to_string();
        [
            port(self.tcp.local_addr().unwrap()),
            port(self.udp.local_addr().unwrap()),
            self.name.clone(),
            person.home.path().display().to_string(),
        ]
    }

    /// How many of those outside heard of something.
    fn heard(&self) -> usize {
        let tcp = usize::from(self.tcp.accept().is_ok());
        let udp = self.udp.recv_from(&mut [0; 64]);
        assert!(udp.is_ok() || udp.as_ref().unwrap_err().kind() == ErrorKind::WouldBlock);
        let unix = self.unix.iter().filter(|listener| listener.accept().is_ok()).count();
        tcp + usize::from(udp.is_ok()) + unix
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(format!("/tmp/{}", self.name));
    }
}

/// The result of a way, of what the probe printed.
fn result<'a>(came: &'a Came, way: &str) -> &'a str {
    came.out
        .lines()
        .find_map(|line| line.strip_prefix(way)?.strip_prefix(": "))
        .unwrap_or_else(|| panic!("{way} is missing: {came}"))
}

#[test]
fn a_socket_that_was_bound_by_a_relative_name_or_renamed_is_covered() {
    for person in people().into_iter().filter(|_| there(PYTHON)) {
        let bind = "import os, socket, sys; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(5); \
            os.rename(sys.argv[1], sys.argv[2]); print('bound', flush=True); sys.stdin.read()";
        std::fs::create_dir(person.path("deep")).unwrap();
        chown(person.path("deep"), person.uid, person.uid).unwrap();
        let absolute = person.path("first.sock").display().to_string();
        for (first, then) in [("rel.sock", "rel.sock"), (absolute.as_str(), "deep/moved.sock")] {
            let mut agent = person
                .command(PYTHON)
                .args(["-c", bind, first, then])
                .stdin(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            agent.stdout.as_mut().unwrap().read_exact(&mut [0; 6]).unwrap();
            let ask = "import socket, sys; print(socket.socket(socket.AF_UNIX).connect_ex(sys.argv[1]))";
            // The control: without a jail it is reached.
            let control = person.command(PYTHON).args(["-c", ask, then]).came();
            assert_eq!(control.out, "0\n", "{control}");
            let came = person.jail(&[], &[PYTHON, "-c", ask, then]).came();
            assert_eq!(came.out, "111\n", "{then}: {came}");
            drop(agent.stdin.take());
            agent.wait().unwrap();
        }
    }
}

#[test]
fn no_way_leads_out() {
    for person in people().into_iter().filter(|_| there(PYTHON)) {
        let probe = person.write("probe.py", PROBE);
        let outside = Outside::new(&person);
        let args = outside.args(&person);
        // The control: what can be tried without a packet to anyone is heard outside.
        let tried = "udp to the host,abstract socket,socket in the home,socket in /tmp,keys,i386,vsock";
        let control = person.command(PYTHON).arg(&probe).args(&args).arg(tried).came();
        for way in ["udp to the host", "abstract socket", "socket in the home", "socket in /tmp"] {
            assert_eq!(result(&control, way), "ok", "{control}");
        }
        assert_eq!(outside.heard(), 4, "{control}");
        assert_eq!(result(&control, "keys"), "ENOKEY", "{control}");
        let app: Vec<String> =
            [PYTHON.to_owned(), probe.display().to_string()].into_iter().chain(args).collect();
        let came = person.jail(&[], &app).came();
        assert_eq!(came.status, 0, "{came}");
        let expected = [
            ("tcp to the host", "ECONNREFUSED"),
            ("abstract socket", "ECONNREFUSED"),
            ("socket in the home", "ECONNREFUSED"),
            ("socket in /tmp", "ENOENT"),
            ("raw", "EPERM"),
            ("packet", "EAFNOSUPPORT"),
            ("vsock", "EAFNOSUPPORT"),
            ("alg", "EAFNOSUPPORT"),
            ("xdp", "EAFNOSUPPORT"),
            ("bluetooth", "EAFNOSUPPORT"),
            ("pair of another family", "EAFNOSUPPORT"),
            ("io_uring", "ENOSYS"),
            ("keys", "ENOSYS"),
            ("bpf", "ENOSYS"),
            ("perf", "ENOSYS"),
            ("typing", "EPERM"),
            ("typing, high bits", "EPERM"),
            ("pasting", "EPERM"),
            ("i386", "ENOSYS"),
            ("x32", "ENOSYS"),
            // Taken by the wall, which resets them.
            ("mptcp", "ECONNRESET"),
            ("fast open", "ECONNRESET"),
            ("tcp ipv4", "ECONNRESET"),
            ("tcp ipv6", "ECONNRESET"),
            ("tcp mapped", "ECONNRESET"),
            // Taken by the wall, which says that nothing listens there.
            ("quic", "ECONNREFUSED"),
            ("quic ipv6", "ECONNREFUSED"),
        ];
        for (way, error) in expected {
            assert_eq!(result(&came, way), error, "{way}: {came}");
        }
        // Refused by one of several guards, whichever the kernel asks first.
        for way in ["multicast", "broadcast", "icmp", "udplite"] {
            assert_ne!(result(&came, way), "ok", "{came}");
        }
        assert_eq!(outside.heard(), 0, "{came}");
    }
}

#[test]
fn namespaces_of_its_own_give_the_app_no_way_out_either() {
    for person in people().into_iter().filter(|_| there(PYTHON)) {
        let probe = person.write("probe.py", PROBE);
        let outside = Outside::new(&person);
        let args = outside.args(&person).map(|arg| format!("'{arg}'")).join(" ");
        // Where root's user cannot be named again, there is nothing to try.
        let inner = format!("{PYTHON} {} {args}", probe.display());
        let came = person.shell(&format!("unshare -Urn {inner}; unshare -Urm sh -c 'umount /tmp; umount -l /run; umount agent.sock; {inner}'"));
        for line in came.out.lines().filter(|line| line.ends_with(": ok")) {
            // Raw packets within a network that leads nowhere, and a datagram to itself.
            assert!(["raw: ok", "udp to the host: ok"].contains(&line), "{line}: {came}");
        }
        assert_eq!(outside.heard(), 0, "{came}");
        if person.uid.is_some() {
            assert_eq!(came.out.matches("socket in the home: ECONNREFUSED").count(), 2, "{came}");
        }
    }
}

#[test]
fn the_jails_network_and_processes_are_not_the_apps_to_change() {
    for person in people() {
        let host = std::process::id();
        let tries = [
            "nft flush ruleset".to_owned(),
            "ip link add v0 type veth peer name v1".to_owned(),
            "ip address flush dev lo".to_owned(),
            "ip route flush table local".to_owned(),
            "nsenter -t 1 -n true".to_owned(),
            "nsenter -t 1 -m true".to_owned(),
            "nsenter -t 1 -U true".to_owned(),
            "ls /proc/1/root/".to_owned(),
            "cat /proc/1/environ".to_owned(),
            "ls -l /proc/1/fd/0".to_owned(),
            "umount /run".to_owned(),
            "umount /proc".to_owned(),
            "mount -t tmpfs none /tmp".to_owned(),
            format!("kill -0 {host}"),
            format!("unshare -Urpf kill -0 {host}"),
            format!("test -e /proc/{host}/status"),
            "echo 1 > /proc/sys/net/ipv4/ip_forward".to_owned(),
            "echo 0 > /proc/sys/net/ipv4/ping_group_range".to_owned(),
            "test -w /proc/sys/kernel/core_pattern".to_owned(),
            "echo x > /proc/1/oom_score_adj".to_owned(),
            "ls /run/systemd".to_owned(),
            "ls /var/run/nscd".to_owned(),
        ];
        for text in tries {
            let came = person.shell(&format!("({text}) >/dev/null 2>&1 && echo DONE; exit 0"));
            assert_eq!((came.status, came.out.as_str()), (0, ""), "{text}: {came}");
        }
        // A signal that no process can ignore does not reach the first one.
        let came = person.shell("kill -9 1; kill -15 1; kill -9 -1 2>/dev/null & wait; echo alive");
        assert!(came.out == "alive\n" || came.status == 137, "{came}");
    }
}

#[test]
fn creances_own_folders_are_out_of_reach() {
    for person in people() {
        let state = person.path(".local/state/creance");
        let came = person.shell("true");
        assert_eq!(came.status, 0, "{came}");
        std::fs::write(state.join("mark"), "kept").unwrap();
        std::fs::set_permissions(&state, PermissionsExt::from_mode(0o755)).unwrap();
        let tries = [
            "cat .local/state/creance/mark",
            "ls .local/state/creance/*",
            "echo x > .local/state/creance/new",
            "rm -rf .local/state/creance",
            "mv .local/state/creance .local/state/other",
            "mv .local/state .local/other",
            "mv .local other",
            "chmod 777 .local/state/creance && echo x > .local/state/creance/new",
            "unshare -Urm sh -c 'umount .local/state/creance && ls .local/state/creance/mark'",
            "unshare -Urm sh -c 'umount -l .local && ls .local/state/creance/mark'",
            "mkdir b; unshare -Urm sh -c 'mount --bind . b && cat b/.local/state/creance/mark'",
            "mkdir c; unshare -Urm sh -c 'mount -t overlay -o lowerdir=.local/state:/etc o c && cat c/creance/mark'",
        ];
        for text in tries {
            let came = person.shell(&format!("({text}) >/dev/null 2>&1 && echo DONE; exit 0"));
            assert_eq!((came.status, came.out.as_str()), (0, ""), "{text}: {came}");
        }
        assert_eq!(std::fs::read_to_string(state.join("mark")).unwrap(), "kept");
        // Started within it, the app is not within it.
        let came = person.jail(&[], &["sh", "-c", "cat mark; ls"]).current_dir(&state).came();
        assert!(!came.out.contains("kept") && !came.out.contains("mark"), "{came}");
        // The control: without a jail they are the user's own.
        let control = person.command("cat").arg(".local/state/creance/mark").came();
        assert_eq!(control.out, "kept", "{control}");
    }
}

#[test]
fn creances_own_program_and_the_operators_rules_are_not_the_apps_to_change() {
    for person in people() {
        std::fs::create_dir(person.path("bin")).unwrap();
        let program = person.path("bin/creance");
        std::fs::copy(crate::run::creance(), &program).unwrap();
        person.write("own.cedar", "forbid (principal, action, resource);");
        for path in ["bin", "bin/creance", "own.cedar"] {
            chown(person.path(path), person.uid, person.uid).unwrap();
        }
        let text = "for at in bin bin/creance own.cedar; do mv $at other && echo MOVED $at; done; \
            rm bin/creance own.cedar; echo >> bin/creance; echo >> own.cedar; grep -c forbid own.cedar";
        let args = ["run", "--mode", "offline", "--rules", "own.cedar", "--", "sh", "-c", text];
        let came = person.command(&program).args(args).came();
        assert_eq!(came.out, "1\n", "{came}");
        assert!(came.err.contains("cannot create own.cedar: Read-only file system"), "{came}");
        let whole = std::fs::read(crate::run::creance()).unwrap();
        assert!(std::fs::read(&program).unwrap() == whole, "{came}");
        assert_eq!(
            std::fs::read(person.path("own.cedar")).unwrap(),
            b"forbid (principal, action, resource);"
        );
        // The control: nothing else of the home is held.
        let came = person.shell("mkdir d && mv d e && rmdir e && echo DONE");
        assert_eq!(came.out, "DONE\n", "{came}");
    }
}

#[test]
fn mounts_grow_with_what_is_protected_and_no_faster() {
    for person in people() {
        let folder = person.path("a/b/c/d/e/f");
        std::fs::create_dir_all(&folder).unwrap();
        let mut command = person.creance();
        command.args(["run", "--mode", "offline"]);
        for number in 0..12 {
            let rules = folder.join(format!("{number}.cedar"));
            std::fs::write(&rules, format!("@id(\"r{number}\") forbid (principal, action, resource);"))
                .unwrap();
            command.arg("--rules").arg(rules);
        }
        let came = command.args(["--", "sh", "-c", "wc -l < /proc/self/mountinfo"]).came();
        let mounts: usize = came.out.trim().parse().unwrap_or_else(|_| panic!("{came}"));
        let before = std::fs::read_to_string("/proc/self/mountinfo").unwrap().lines().count();
        assert!(mounts < 10 * before + 100, "{before} before, {mounts} after");
    }
}

#[test]
fn a_link_that_the_app_could_turn_is_refused() {
    for person in people() {
        std::fs::create_dir(person.path("elsewhere")).unwrap();
        std::os::unix::fs::symlink("elsewhere", person.path(".local")).unwrap();
        for path in ["elsewhere", ".local"] {
            std::os::unix::fs::lchown(person.path(path), person.uid, person.uid).unwrap();
        }
        let came = person.shell("true");
        assert_eq!(came.status, 125, "{came}");
        assert!(came.err.contains(".local` is a symbolic link of yours"), "{came}");
    }
}

#[test]
fn display_is_reached_only_where_asked_for() {
    for person in people().into_iter().filter(|_| there(PYTHON)) {
        let runtime = person.path("runtime");
        std::fs::create_dir(&runtime).unwrap();
        chown(&runtime, person.uid, person.uid).unwrap();
        let listener = UnixListener::bind(runtime.join("wayland-7")).unwrap();
        std::fs::set_permissions(runtime.join("wayland-7"), PermissionsExt::from_mode(0o777)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let probe = "import os, socket; s = socket.socket(socket.AF_UNIX); \
            print(os.environ.get('WAYLAND_DISPLAY'), os.environ.get('DBUS_SESSION_BUS_ADDRESS'), os.environ.get('SSH_AUTH_SOCK')); \
            print(s.connect_ex(os.environ['XDG_RUNTIME_DIR'] + '/wayland-7')); s.send(b'hello') if os.environ.get('WAYLAND_DISPLAY') else 0";
        let run = |options: &[&str]| {
            person
                .jail(options, &[PYTHON, "-c", probe])
                .env("XDG_RUNTIME_DIR", &runtime)
                .env("WAYLAND_DISPLAY", "wayland-7")
                .env("DBUS_SESSION_BUS_ADDRESS", "unix:abstract=/tmp/dbus")
                .env("SSH_AUTH_SOCK", "/tmp/agent")
                .came()
        };
        let without = run(&[]);
        assert_eq!(without.out, "None None None\n2\n", "{without}");
        assert!(listener.accept().is_err());
        let with = run(&["--gui"]);
        assert_eq!(with.out, "wayland-7 None None\n0\n", "{with}");
        assert!(with.err.contains("--gui lets the app reach display and sound"), "{with}");
        let mut said = String::new();
        listener.accept().unwrap().0.read_to_string(&mut said).unwrap();
        assert_eq!(said, "hello");
    }
}
