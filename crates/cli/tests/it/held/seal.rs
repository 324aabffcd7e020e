//! What a user without root tries against a seal.

use super::lab_program;
use crate::run::{Came, Comes, Person, people};

const OVERLAY: &str = r#"
format = 1

[party]
id = "dji"
name = "DJI"
kind = "first"

[[service]]
id = "dji.flysafe"
name = "GEO zones"
purpose = "Gives zones."
takes = ["location"]
host = [{ name = "evil.example", grade = "C", source = "an app that would like to" }]
"#;

const RULES: &str = r#"@id("mine") @why("mine") permit (principal, action, resource);"#;

/// Runs a script as root in a system of its own folders of settings, and within it `$AS` runs as
/// the user without root. None where the tests are not root.
fn sealed(person: &Person, script: &str) -> Came {
    let seal = r#""$C" seal --mode local-data --exempt dji.flysafe --ledger "$PWD/root-ledger" --yes 2>seal.out
        set +e"#;
    own_etc(person, &format!("{seal}\n{script}"))
}

/// The same without a seal.
fn own_etc(person: &Person, script: &str) -> Came {
    let uid = person.uid.unwrap();
    let before = r#"set -e
        mount --make-rprivate /
        cp -a /etc/passwd /etc/group /etc/nsswitch.conf "$PWD/"
        mount -t tmpfs -o mode=755 none /etc
        cp -a passwd group nsswitch.conf /etc/"#;
    Person::new(None)
        .command("unshare")
        .args(["-m", "bash", "-c", &format!("cd {}\n{before}\n{script}", person.home.path().display())])
        .env("HOME", person.home.path())
        .env("C", crate::run::creance())
        .env("L", lab_program())
        .env("AS", format!("setpriv --reuid {uid} --regid {uid} --clear-groups"))
        .came()
}

#[test]
fn nothing_that_a_user_without_root_does_loosens_a_seal() {
    for person in people().into_iter().filter(|person| person.uid.is_some()) {
        std::fs::create_dir(person.path("overlay")).unwrap();
        person.write("overlay/dji.toml", OVERLAY);
        person.write("mine.cedar", RULES);
        let ways = [
            ("a looser mode", "run --mode standard"),
            ("restricted", "run --mode restricted --grant dji.flysafe"),
            ("another exemption", "run --mode local-data --exempt dji.flysafe,google.maps"),
            ("an overlay", "run --mode local-data --exempt dji.flysafe --catalogue overlay"),
            ("rules and a mode", "run --mode standard --rules mine.cedar"),
            ("another ledger", "run --mode standard --ledger elsewhere"),
            ("a private home", "run --mode standard --home private"),
        ];
        let mut script = String::new();
        for (what, arguments) in ways {
            script.push_str(&format!(
                "echo \"{what}: $($AS \"$C\" {arguments} -- echo ran 2>>err.out; echo $?)\"\n"
            ));
        }
        script.push_str(
            r#"
            export XDG_STATE_HOME=$PWD/other-state XDG_RUNTIME_DIR=$PWD/other-run XDG_CONFIG_HOME=$PWD/etc
            export CREANCE_SEAL=/dev/null CREANCE_HOME=$PWD HOME=$PWD/other-home
            mkdir -p other-home; chown $($AS id -u) . other-home
            echo "environment: $($AS "$C" run --mode standard -- echo ran 2>>err.out; echo $?)"
            echo "removing it: $($AS rm -f /etc/creance/seal 2>/dev/null; echo $?)"
            echo "changing it: $($AS sh -c 'echo x >/etc/creance/seal' 2>/dev/null; echo $?)"
            echo "another over it: $($AS sh -c 'mv mine.cedar /etc/creance/seal' 2>/dev/null; echo $?)"
            echo "sealing anew: $($AS "$C" seal --mode offline --yes 2>>err.out; echo $?)"
            cp -a other-state restored 2>/dev/null; rm -rf other-state; mv restored other-state 2>/dev/null
            echo "restored files: $($AS "$C" run --mode standard -- echo ran 2>>err.out; echo $?)"
            echo "what it allows: $($AS "$C" run --quiet --mode local-data --exempt dji.flysafe -- echo ran 2>>err.out; echo $?)"
            echo "tighter: $($AS "$C" run --quiet --mode offline -- echo ran 2>>err.out; echo $?)"
            # A change of what runs.
            $AS "$C" run --quiet --mode local-data -- sh -c 'touch started; sleep 3' 2>>err.out &
            for i in $(seq 200); do [ -e started ] && break; sleep 0.02; done
            echo "a change: $($AS "$C" mode standard --yes 2>>err.out; echo $?)"
            wait
            # What root did not write alone is not relied on.
            chmod 666 /etc/creance/seal
            echo "a seal that others can write: $($AS "$C" run --mode local-data -- echo ran 2>>err.out; echo $?)"
            chmod 644 /etc/creance/seal; sed -i s/local-data/offline/ /etc/creance/seal
            echo "a seal that was changed: $($AS "$C" run --mode local-data -- echo ran 2>>err.out; echo $?)"
            $AS "$C" ledger show | while read -r log rest; do $AS "$C" ledger show "$log"; done | grep -c ALARM"#,
        );
        let came = sealed(&person, &script);
        let err = std::fs::read_to_string(person.path("err.out")).unwrap_or_default();
        let wanted = [
            "a looser mode: 125",
            "restricted: 125",
            "another exemption: 125",
            "an overlay: 125",
            "rules and a mode: 125",
            "another ledger: 125",
            "a private home: 125",
            "environment: 125",
            "removing it: 1",
            "changing it: 2",
            "another over it: 1",
            "sealing anew: 2",
            "restored files: 125",
            "what it allows: ran",
            "0",
            "tighter: ran",
            "0",
            "a change: 1",
            "a seal that others can write: 125",
            "a seal that was changed: 125",
        ];
        let lines: Vec<&str> = came.out.lines().collect();
        assert_eq!(lines[..wanted.len()], wanted, "{came}\n{err}");
        // Of this state folder: by the environment, restored, the change (shown and made), and the
        // two seals that cannot be relied on.
        let alarms: u32 = lines[wanted.len()].parse().unwrap();
        assert!(alarms >= 4, "{came}\n{err}");
        for said in [
            "this installation is sealed to local-data: standard was refused",
            "this installation is sealed to local-data, and google.maps is not exempt in the seal",
            "dji.flysafe reaches `evil.example 443/tcp tls`, which it did not when this installation was sealed",
            "of root's alone",
            "only root can seal",
        ] {
            assert!(err.contains(said), "{said}\n{err}");
        }
        let sealed = std::fs::read_to_string(person.path("seal.out")).unwrap();
        assert!(sealed.contains("sealed to local-data") && sealed.contains("There is no undo"), "{sealed}");
    }
}

#[test]
fn a_seal_holds_what_runs_already() {
    for person in people().into_iter().filter(|person| person.uid.is_some()) {
        let script = r#"
            $AS "$C" run --quiet --mode standard -- sh -c 'touch started; sleep 9' 2>err.out &
            for i in $(seq 200); do [ -e started ] && break; sleep 0.02; done
            $AS "$C" mode | cut -d ' ' -f 2
            "$C" seal --mode local-data --ledger "$PWD/root-ledger" --yes 2>seal.out
            for i in $(seq 60); do $AS "$C" mode | grep -q local-data && break; sleep 0.05; done
            $AS "$C" mode | cut -d ' ' -f 2
            chmod 666 /etc/creance/seal
            for i in $(seq 60); do $AS "$C" mode | grep -q offline && break; sleep 0.05; done
            $AS "$C" mode | cut -d ' ' -f 2
            wait
            log=$($AS "$C" ledger show | tail -n 1 | { read -r log rest; echo "$log"; })
            $AS "$C" ledger show "$log" | grep -c "ALARM: standard is not what this installation is sealed to""#;
        let came = own_etc(&person, script);
        assert_eq!(came.out, "standard\nlocal-data\noffline\n1\n", "{came}");
    }
}
