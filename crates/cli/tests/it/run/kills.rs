//! Whatever of the jail's processes is killed, the app is gone with it.

use super::{Person, people};
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};
use std::time::Duration;

/// How often and how long is looked for a process's end.
const LOOKS: u32 = 500;
const BETWEEN: Duration = Duration::from_millis(10);

/// A jail that runs, with its processes as the host counts them: front, outer, first, app.
struct Running {
    front: Child,
    pids: [u32; 4],
}

fn running(person: &Person) -> Running {
    let mut front = person.jail(&[], &["sh", "-c", "echo ready; exec sleep 1000"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(front.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let mut pids = [front.id(), 0, 0, 0];
    for at in 1..4 {
        pids[at] = child_of(pids[at - 1]);
    }
    Running { front, pids }
}

/// The only child of a process, of whichever thread.
fn child_of(pid: u32) -> u32 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let children: Vec<u32> = tasks
        .flat_map(|task| {
            let list = fs::read_to_string(task.unwrap().path().join("children")).unwrap();
            list.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<u32>>()
        })
        .collect();
    assert_eq!(children.len(), 1, "children of {pid}: {children:?}");
    children[0]
}

/// Whether a process runs; one that has ended and was not waited for does not.
fn runs(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(") ").next().unwrap().starts_with('Z'))
}

fn gone(pid: u32) -> bool {
    (0..LOOKS).any(|_| {
        if runs(pid) {
            std::thread::sleep(BETWEEN);
        }
        !runs(pid)
    })
}

fn kill(pid: u32) {
    assert!(Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
}

#[test]
fn kill_9_of_the_front_ends_the_app() {
    for person in people() {
        let mut jail = running(&person);
        kill(jail.pids[0]);
        assert_eq!(jail.front.wait().unwrap().signal(), Some(9));
        assert!(jail.pids.iter().all(|pid| gone(*pid)), "user {:?}", person.uid);
    }
}

#[test]
fn kill_9_of_the_outer_and_of_the_first_process_ends_the_app_and_the_front_says_so() {
    for person in people() {
        for victim in [1, 2] {
            let jail = running(&person);
            kill(jail.pids[victim]);
            let output = jail.front.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(125), "victim {victim} of user {:?}", person.uid);
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(said.contains("the jail was ended from outside, and the app with it"), "{said}");
            assert!(jail.pids.iter().all(|pid| gone(*pid)), "victim {victim}");
        }
    }
}

#[test]
fn kill_9_of_the_app_is_its_own_end() {
    for person in people() {
        let mut jail = running(&person);
        kill(jail.pids[3]);
        assert_eq!(jail.front.wait().unwrap().signal(), Some(9));
        assert!(jail.pids.iter().all(|pid| gone(*pid)));
    }
}
