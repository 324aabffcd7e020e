//! Where the system does not let a jail be made, the remedy for that system is named. Each case
//! is made in namespaces of the test's own, beside one in which all is allowed.

use super::{Came, Comes, Person, people};

/// Runs a jail after a change to namespaces of the test's own.
fn after(person: &Person, change: &str) -> Came {
    let bin = crate::run::creance();
    let text = format!("{change} {bin} run --mode offline -- echo ran");
    person.command("unshare").args(["-Urmpf", "--mount-proc", "sh", "-c", &text]).came()
}

#[test]
fn that_a_seal_cannot_be_seen_is_said_within_a_user_namespace_alone() {
    for person in people() {
        let said = |came: &Came| came.err.contains("a seal of this machine cannot be seen");
        let within = after(&person, "");
        assert!(within.status == 0 && said(&within), "{within}");
        let outside = person.shell("true");
        let whole = std::fs::read_to_string("/proc/self/uid_map").unwrap();
        let whole = whole.split_ascii_whitespace().eq(["0", "0", "4294967295"]);
        assert_eq!(said(&outside), !whole, "{outside}");
    }
}

#[test]
fn each_denial_has_its_remedy() {
    for person in people() {
        std::fs::create_dir(person.path("root")).unwrap();
        let allowed = after(&person, "");
        assert_eq!((allowed.status, allowed.out.as_str()), (0, "ran\n"), "{allowed}");
        let cases = [
            (
                "echo 0 > /proc/sys/user/max_user_namespaces;",
                "this system does not let you make user namespaces",
                "hint: user namespaces are limited here; have root raise it",
            ),
            (
                "mount --rbind / root && chroot root",
                "this system does not let you make user namespaces",
                "hint: this looks like a container or a changed root",
            ),
            (
                "mount --bind /dev/null /proc/version;",
                "mounting /proc",
                "hint: parts of /proc are masked here, as in a container",
            ),
            (
                "for at in /usr/sbin /usr/bin /sbin /bin; do [ ! -e $at/nft ] || mount --bind /dev/null $at/nft; done;",
                "the program `nft` is in none of /usr/sbin",
                "hint: install the package `nftables`",
            ),
            (
                "for at in /usr/sbin /usr/bin /sbin /bin; do [ ! -e $at/ip ] || mount --bind /dev/null $at/ip; done;",
                "the program `ip` is in none of /usr/sbin",
                "hint: install the package `iproute2`",
            ),
        ];
        for (change, what, hint) in cases {
            let came = after(&person, change);
            assert_eq!((came.status, came.out.as_str()), (125, ""), "{change} {came}");
            assert!(came.err.contains(what) && came.err.contains(hint), "{change} {came}");
        }
    }
}
