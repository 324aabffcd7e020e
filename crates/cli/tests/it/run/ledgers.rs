//! Ledgers and keys of other runs, wherever they lie.

use super::{Came, Comes, Person, creance, people};

/// What an app may try with a folder: each must do nothing.
const TRIES: [&str; 6] = [
    "cat FOLDER/key",
    "ls FOLDER/logs",
    "rm -rf FOLDER",
    "mv FOLDER other",
    "echo x > FOLDER/new",
    "unshare -Urm sh -c 'umount FOLDER; cat FOLDER/key'",
];

fn run(person: &Person, ledger: Option<&str>, app: &[&str]) -> Came {
    let mut command = person.creance();
    command.args(["run", "--quiet", "--mode", "offline"]);
    if let Some(ledger) = ledger {
        command.args(["--ledger", ledger]);
    }
    command.arg("--").args(app).came()
}

#[test]
fn an_earlier_runs_ledger_is_out_of_reach_wherever_it_lies() {
    for person in people() {
        for ledger in ["a ledger", "deep/below"] {
            assert_eq!(run(&person, Some(ledger), &["true"]).status, 0);
        }
        for folder in ["a\\ ledger", "deep/below"] {
            for text in TRIES {
                let text = text.replace("FOLDER", folder);
                let text = format!("({text}) > /dev/null 2>&1 && echo DONE; exit 0");
                for ledger in [None, Some("third")] {
                    let came = run(&person, ledger, &["sh", "-c", &text]);
                    assert_eq!((came.status, came.out.as_str()), (0, ""), "{text}: {came}");
                }
            }
        }
        // The control: without a jail they are the user's own.
        for folder in ["a ledger", "deep/below"] {
            let control = person.command("cat").arg(format!("{folder}/key")).came();
            assert_eq!(control.status, 0, "{control}");
        }
    }
}

#[test]
fn no_ledger_begins_in_reach_of_an_app_that_runs() {
    for person in people() {
        assert_eq!(run(&person, Some("before"), &["true"]).status, 0);
        let script = format!(
            r#"C={}
            "$C" run --quiet --mode offline -- sh -c 'touch started; until [ -e done ]; do sleep 0.05; done' &
            until [ -e started ]; do sleep 0.05; done
            "$C" run --quiet --mode offline --ledger new -- echo ran 2> new.err; echo "new: $?"
            "$C" gateway up --lan lan0 --uplink up0 --station s-1=192.0.2.1 --ledger new 2> gateway.err; echo "gateway: $?"
            "$C" run --quiet --mode offline --ledger before -- echo "covered: ran"
            mv before aside; mkdir before; "$C" run --quiet --mode offline --ledger before -- echo ran 2> moved.err; echo "moved: $?"
            rmdir before; mv aside before
            touch done; wait
            "$C" run --quiet --mode offline --ledger new -- echo "after: ran"
            cat new.err"#,
            creance()
        );
        let came = person.command("bash").args(["-c", &script]).came();
        let lines: Vec<&str> = came.out.lines().collect();
        assert_eq!(
            lines[..5],
            ["new: 125", "gateway: 2", "covered: ran", "moved: 125", "after: ran"],
            "{came}"
        );
        let said = lines[5..].join("\n");
        assert!(said.contains("/new`, which was no ledger when it started"), "{came}");
        assert!(said.contains("hint: end it first"), "{came}");
        assert!(!person.path("new/key").exists() || lines[4] == "after: ran", "{came}");
    }
}

/// What an app shuts, a later one could open: the ledger below it is not out of reach by that.
#[test]
fn a_ledger_below_a_folder_that_was_shut_is_not_forgotten() {
    for person in people() {
        assert_eq!(run(&person, Some("home/ledger"), &["chmod", "000", "home"]).status, 0);
        let came = run(&person, None, &["sh", "-c", "chmod 755 home; cat home/ledger/key"]);
        // Nothing is shut for root, for whom it is covered all the same.
        if person.uid.is_some_and(|uid| uid != 0) {
            assert_eq!(came.status, 125, "{came}");
            assert!(came.err.contains("/home` is shut, and an app could open it"), "{came}");
            assert!(came.err.contains("hint: `chmod u+rwx` it first"), "{came}");
            assert_eq!(person.command("chmod").args(["700", "home"]).came().status, 0);
        }
        let came = run(&person, None, &["sh", "-c", "cat home/ledger/key"]);
        assert!(came.status != 0 && came.status != 125 && came.out.is_empty(), "{came}");
        assert_eq!(person.command("cat").arg("home/ledger/key").came().status, 0, "the control");
    }
}

#[test]
fn other_mounts_of_what_is_covered_are_covered_too() {
    for person in people() {
        assert_eq!(run(&person, Some("other"), &["true"]).status, 0);
        let tries = person.write(
            "tries.sh",
            "for at in m1/state/creance/ledger m2/ledger m3 m4/.local/state/creance/ledger m4/other m5; do
                echo \"$at $(ls -A $at 2> /dev/null | wc -l)\"
            done",
        );
        let script = format!(
            r#"C={0}
            "$C" run --quiet --mode offline -- true || exit 9
            mkdir m1 m2 m3 m4 m5; touch file
            mount --bind .local m1 && mount --bind .local/state/creance m2 || exit 8
            mount --bind .local/state/creance/ledger/logs m3 && mount --bind . m4 && mount --bind other m5 || exit 7
            sh {1} | grep -c ' 0$'
            "$C" run --quiet --mode offline -- sh {1}
            mount --bind other/key file
            "$C" run --quiet --mode offline -- cat file 2> file.err; echo $?; cat file.err"#,
            creance(),
            tries.display()
        );
        let came = person.command("unshare").args(["-rm", "bash", "-c", &script]).came();
        if came.err.contains("unshare failed") {
            println!("skipped: {came}");
            continue;
        }
        let lines: Vec<&str> = came.out.lines().collect();
        assert_eq!(
            lines[..8],
            [
                "0",
                "m1/state/creance/ledger 0",
                "m2/ledger 0",
                "m3 0",
                "m4/.local/state/creance/ledger 0",
                "m4/other 0",
                "m5 0",
                "125"
            ],
            "{came}"
        );
        assert!(lines[8..].join("\n").contains("/file` shows `"), "{came}");
    }
}
