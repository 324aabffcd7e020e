//! A terminal: keys, job control and its size reach a jailed app as they reach any other.

use super::{Came, Comes, PYTHON, Person, people, there};

/// Drives a terminal: starts a command in it, then types and waits by turns.
const DRIVER: &str = r#"
import fcntl, os, pty, select, signal, struct, sys, termios, time
script, command = sys.argv[1].encode().decode("unicode_escape").split("|"), sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
seen = b""
def size(rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
def more(seconds):
    global seen
    if not select.select([fd], [], [], seconds)[0]:
        return False
    try:
        data = os.read(fd, 4096)
    except OSError:
        return False
    seen += data
    return bool(data)
size(33, 77)
at = 0
for step in script:
    kind, text = step[0], step[1:].encode("latin1")
    if kind == "?":
        while text not in seen[at:]:
            if not more(20):
                sys.exit("waited for %r, saw %r" % (text, seen))
        at = seen.index(text, at) + len(text)
    elif kind == "!":
        os.write(fd, text)
    elif kind == "=":
        size(*map(int, text.split()))
while more(20):
    pass
if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None and not any(
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) or time.sleep(0.05) for _ in range(200)
):
    os.kill(pid, signal.SIGKILL)
    sys.exit("it did not end, saw %r" % seen)
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.stdout.write(seen.decode("utf-8", "replace"))
print("\nSTATUS", status)
"#;

fn drive(person: &Person, script: &str, command: &[&str]) -> Came {
    person.write("driver.py", DRIVER);
    person.command(PYTHON).arg("driver.py").arg(script).args(command).came()
}

fn in_jail<'a>(app: &[&'a str]) -> Vec<&'a str> {
    [&[crate::run::creance(), "run", "--mode", "offline", "--"], app].concat()
}

#[test]
fn ctrl_c_is_the_apps() {
    for person in people().into_iter().filter(|_| there(PYTHON)) {
        let trapped = "trap 'echo got-int; exit 3' INT; echo ready; while :; do sleep 0.05; done";
        let came = drive(&person, r"?ready|!\x03|?got-int", &in_jail(&["sh", "-c", trapped]));
        assert!(came.out.ends_with("STATUS 3\n"), "{came}");
        let came = drive(&person, r"?ready|!\x03", &in_jail(&["sh", "-c", "echo ready; exec sleep 1000"]));
        assert!(came.out.ends_with("STATUS -2\n"), "{came}");
    }
}

#[test]
fn ctrl_z_stops_the_job_and_fg_goes_on() {
    for person in people().into_iter().filter(|_| there(PYTHON)) {
        let bin = crate::run::creance();
        let app = r#"trap "echo wo""ken; exit 5" CONT; echo rea""dy; while :; do sleep 0.05; done"#;
        let script = format!(
            r"!PS1=prom''pt-\n|?prompt-|!{bin} run --mode offline -- sh -c '{app}'\n|?ready|!\x1a|?Stopped|?prompt-|!fg\n|?woken|?prompt-|!echo status-$?\n|?status-5|!exit\n"
        );
        let came = drive(&person, &script, &["bash", "--norc", "--noprofile", "-i"]);
        assert!(came.out.ends_with("STATUS 0\n"), "{came}");
    }
}

#[test]
fn the_size_of_the_window_passes_and_so_do_changes() {
    for person in people().into_iter().filter(|_| there(PYTHON)) {
        let text = "stty size; trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 0.05; done";
        let came = drive(&person, "?33 77|?ready|=20 50|?20 50", &in_jail(&["sh", "-c", text]));
        assert!(came.out.ends_with("STATUS 0\n"), "{came}");
    }
}

#[test]
fn an_interactive_shell_has_its_job_control_and_a_name_for_its_terminal() {
    for person in people().into_iter().filter(|_| there(PYTHON)) {
        let script = r"!PS1=inn''er-\n|?inner-|!tty\n|?/dev/console|?inner-|!sleep 1000 &\n|?inner-|!jobs\n|?Running|?inner-|!kill %1\n|?inner-|!exit 9\n";
        let came = drive(&person, script, &in_jail(&["bash", "--norc", "--noprofile", "-i"]));
        assert!(came.out.ends_with("STATUS 9\n"), "{came}");
        assert!(!came.out.contains("no job control"), "{came}");
    }
}
