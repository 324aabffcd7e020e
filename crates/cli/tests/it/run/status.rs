//! What a script sees of a jailed app: its status, its streams, its signals.

use super::{Comes, NOBODY, PYTHON, people, there};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::process::Stdio;

#[test]
fn the_apps_status_and_the_signal_that_it_died_of_are_passed_on() {
    for person in people() {
        for (text, status) in [
            ("exit 0", 0),
            ("exit 7", 7),
            ("exit 255", 255),
            ("kill -9 $$", 137),
            ("kill -11 $$", 139),
            ("kill -2 $$", 130),
            ("kill -13 $$", 141),
        ] {
            let came = person.shell(text);
            assert_eq!(came.status, status, "{text}: {came}");
        }
        // A death by a signal is one, and no status that looks like it.
        let ended = person.jail(&[], &["sh", "-c", "kill -15 $$"]).output().unwrap();
        assert_eq!(ended.status.code(), None);
    }
}

#[test]
fn an_app_that_is_not_there_or_no_program_has_its_own_status() {
    for person in people() {
        person.write("text", "no program");
        std::fs::set_permissions(person.path("text"), std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .unwrap();
        let came = person.jail(&[], &["no-such-app"]).came();
        assert_eq!(came.status, 127, "{came}");
        assert!(came.err.contains("the app `no-such-app` was not found in the jail"), "{came}");
        let came = person.jail(&[], &["./text"]).came();
        assert_eq!(came.status, 126, "{came}");
        assert!(came.err.contains("the app `./text` could not be executed"), "{came}");
    }
}

#[test]
fn streams_pass_and_nothing_else_is_inherited() {
    for person in people() {
        let mut child =
            person.jail(&[], &["sh", "-c", "cat; echo wrong >&2"]).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"through").unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.stdout, b"through");
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(err.contains("wrong\ncreance: mode offline at the end"), "{err}");
        // A descriptor that a shell hands down is there without a jail and not in one.
        let list = "ls /proc/self/fd | tr '\\n' ' '";
        let bin = crate::run::creance();
        let both = person
            .command("bash")
            .args([
                "-c",
                &format!("exec 7</etc/passwd; {list}; echo; {bin} run --mode offline -- sh -c \"{list}\""),
            ])
            .came();
        let lines: Vec<&str> = both.out.lines().collect();
        assert!(lines[0].contains('7'), "{both}");
        assert_eq!(lines[1], "0 1 2 3 ", "{both}");
    }
}

#[test]
fn streams_that_lead_out_are_refused() {
    for person in people() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let connected = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut command = person.jail(&[], &["true"]);
        let came = command.stdin(Stdio::from(OwnedFd::from(connected))).came();
        assert_eq!(came.status, 125, "{came}");
        assert!(came.err.contains("a network socket as standard input, past the jail"), "{came}");
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let came = person.jail(&[], &["true"]).stdout(Stdio::from(OwnedFd::from(udp))).came();
        assert!(came.err.contains("a network socket as standard output"), "{came}");
        let unbound = UnixDatagram::unbound().unwrap();
        let came = person.jail(&[], &["true"]).stdin(Stdio::from(OwnedFd::from(unbound))).came();
        assert!(came.err.contains("not tied to one other end as standard input"), "{came}");
        let folder = std::fs::File::open("/").unwrap();
        let came = person.jail(&[], &["true"]).stdin(Stdio::from(folder)).came();
        assert!(came.err.contains("a folder as standard input"), "{came}");
        // What some programs start others with is tied to its other end.
        let (mut near, far) = UnixStream::pair().unwrap();
        let came = person.jail(&[], &["echo", "hello"]).stdout(Stdio::from(OwnedFd::from(far))).came();
        let mut said = String::new();
        near.read_to_string(&mut said).unwrap();
        assert_eq!((came.status, said.as_str()), (0, "hello\n"), "{came}");
    }
}

#[test]
fn signals_reach_the_app_and_no_other() {
    for person in people() {
        for (signal, status) in [("TERM", 5), ("HUP", 6)] {
            let text = format!("trap 'exit {status}' {signal}; echo ready; while :; do sleep 0.05; done");
            let mut child = person.jail(&[], &["sh", "-c", &text]).spawn().unwrap();
            let mut line = String::new();
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
            assert_eq!(line, "ready\n");
            let pid = child.id().to_string();
            // The terminal's signals are the app's own affair, so that one to the front does nothing.
            for sent in ["INT", "QUIT", signal] {
                assert!(
                    std::process::Command::new("kill").args(["-s", sent, &pid]).status().unwrap().success()
                );
            }
            assert_eq!(child.wait().unwrap().code(), Some(status), "{signal}");
        }
        // Ignored before, ignored within.
        let bin = crate::run::creance();
        let text = format!("trap '' HUP; exec {bin} run --mode offline -- sh -c 'kill -HUP $$; echo alive'");
        let came = person.command("sh").args(["-c", &text]).came();
        assert_eq!(came.out, "alive\n", "{came}");
    }
}

#[test]
fn what_the_app_leaves_running_ends_with_it() {
    for person in people() {
        let came = person.shell("(sleep 300 & echo $!; setsid sleep 301 &) ; exit 4");
        assert_eq!(came.status, 4, "{came}");
        // The sleeping processes held the pipes: that `came` returned shows that they are gone.
    }
}

#[test]
fn the_app_is_who_started_it_and_has_no_capability() {
    for person in people() {
        let came = person.shell("id -u; id -g; grep -E '^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t'");
        let uid = person.uid.unwrap_or(if came.out.starts_with("0\n") { 0 } else { NOBODY });
        let none = "0000000000000000";
        let expected = format!(
            "{uid}\n{uid}\nCapInh:{none}\nCapPrm:{none}\nCapEff:{none}\nCapBnd:{none}\nCapAmb:{none}\nNoNewPrivs:1\nSeccomp:2\n"
        );
        if person.uid.is_some() || uid == 0 {
            assert_eq!(came.out, expected, "{came}");
        }
    }
}

#[test]
fn a_private_home_is_empty_and_goes() {
    for person in people() {
        person.write("secret", "mine");
        let app = person.write("app", "#!/bin/sh\nls; echo made > new; echo $HOME; pwd\n");
        let came = person.jail(&["--home", "private"], &[app.as_os_str()]).came();
        let home = person.home.path().display();
        assert_eq!(came.out, format!("app\n{home}\n{home}\n"), "{came}");
        assert!(!person.path("new").exists());
        let came = person.shell("cat secret; echo made > new");
        assert_eq!((came.out.as_str(), came.status), ("mine", 0), "{came}");
        assert!(person.path("new").exists());
    }
}

#[test]
fn a_misspelt_service_is_refused_before_anything_runs() {
    for person in people() {
        let came = person.creance().args(["run", "--exempt", "dji.nosuch", "--", "echo", "ran"]).came();
        assert_eq!((came.status, came.out.as_str()), (125, ""), "{came}");
        assert!(came.err.contains("--exempt dji.nosuch: the catalogue has no such service"), "{came}");
    }
}

#[test]
fn a_browser_like_sandbox_works_within() {
    if !there("/usr/bin/bwrap") || !there(PYTHON) {
        return;
    }
    // Root's own user cannot be named again by a process without capabilities.
    for person in people().into_iter().filter(|person| person.uid.is_some()) {
        let came = person.shell("bwrap --unshare-all --ro-bind / / --proc /proc --dev /dev sh -c 'id -u; ls /proc | grep -c \"^[0-9]\"'");
        assert_eq!(came.status, 0, "{came}");
        assert!(came.out.starts_with("65534\n"), "{came}");
    }
}
