//! However a process of the lab ends, everything else ends with it.

use crate::{Lab, text};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::time::Duration;

/// How often, and how long apart, is looked whether all are gone.
const LOOKS: u32 = 500;
const LOOK: Duration = Duration::from_millis(10);

/// A process, by its number, when it was started, and what it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Process {
    pid: i32,
    started: String,
    runs: String,
}

/// Fields of a process after its name: state, parent, …
fn fields(pid: i32) -> Option<Vec<String>> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(stat.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

fn process(pid: i32) -> Option<Process> {
    let started = fields(pid)?.get(19)?.clone();
    let runs = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    Some(Process { pid, started, runs: text(&runs).replace('\0', " ") })
}

/// A process and all that it started.
fn family(root: i32) -> Vec<Process> {
    let all: Vec<i32> = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    let mut found = vec![root];
    let mut at = 0;
    while let Some(parent) = found.get(at).map(i32::to_string) {
        found.extend(all.iter().filter(|pid| fields(**pid).is_some_and(|fields| fields[1] == parent)));
        at += 1;
    }
    found.into_iter().filter_map(process).collect()
}

/// Whether a process still runs: one that nobody has taken note of does not.
fn runs(of: &Process) -> bool {
    process(of.pid).is_some_and(|now| now.started == of.started)
        && fields(of.pid).is_some_and(|fields| fields[0] != "Z")
}

/// Starts a lab with a command that leaves children of its own about, and waits until it runs.
fn start(lab: &Lab) -> Child {
    let script = "sleep 600 & setsid sleep 600 & unshare -Urnp --fork sleep 600 & echo up; sleep 600; true";
    let mut child = lab
        .command(&["internet", "--lan", "--capture", "killed.pcap", "--", "sh", "-c", script])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "up\n");
    child
}

fn kill_and_look(lab: &Lab, victim: &str, signal: Signal) -> Option<i32> {
    let mut child = start(lab);
    let root = i32::try_from(child.id()).unwrap();
    let before = family(root);
    for part in ["stage-world", "stage-far", "stage-station", "dumpcap", "sleep 600"] {
        assert!(before.iter().any(|process| process.runs.contains(part)), "no {part} among {before:?}");
    }
    let found = before.iter().find(|process| match victim {
        "launcher" => process.pid == root,
        "dumpcap" => process.runs.starts_with("dumpcap"),
        part => process.runs.split(' ').nth(1) == Some(part),
    });
    kill_process(Pid::from_raw(found.unwrap().pid).unwrap(), signal).unwrap();
    let status = child.wait().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    let gone = (0..LOOKS).any(|_| {
        std::thread::sleep(LOOK);
        !before.iter().any(runs)
    });
    let left: Vec<&Process> = before.iter().filter(|process| runs(process)).collect();
    assert!(gone, "{:?}: after {victim} {left:?} are left; {said}", lab.who);
    status.code()
}

#[test]
fn nothing_is_left_after_any_process_is_killed() {
    for lab in Lab::all() {
        for victim in ["stage-world", "stage-far", "stage-station", "dumpcap"] {
            let code = kill_and_look(&lab, victim, Signal::KILL);
            assert_eq!(code, Some(125), "{:?}: {victim}", lab.who);
        }
        assert_eq!(kill_and_look(&lab, "launcher", Signal::KILL), None);
    }
}

/// As a terminal does when a key is pressed: to the whole group that it has in front.
#[test]
fn an_interrupt_ends_the_command_and_the_lab_in_good_order() {
    use std::os::unix::process::CommandExt;
    let Some(lab) = Lab::any() else { return };
    let script = "trap 'exit 9' INT; echo up; sleep 600 & wait";
    let mut child = lab
        .command(&["internet", "--capture", "int.pcap", "--", "sh", "-c", script])
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let group = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process_group(group, Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(9));
}

#[test]
fn a_request_to_end_is_passed_to_the_command() {
    let Some(lab) = Lab::any() else { return };
    assert_eq!(kill_and_look(&lab, "launcher", Signal::TERM), Some(128 + 15));
}
