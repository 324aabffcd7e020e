//! Real programs as apps: delivered where a service may leave, refused within seconds where not,
//! by each front-end. What a program is to say, and within which time, stands in `clients.sh`.

use super::{assert_agrees, lab, reconciled};
use crate::run::{Came, Comes, Person, people};

const CLIENTS: &str = include_str!("clients/clients.sh");
const PYTHON: &str = include_str!("clients/client.py");
const SITE: &str = include_str!("clients/site.toml");
const PAGE: &str = include_str!("clients/page.html");
const PICTURE: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>"#;

const PROGRAMS: [&str; 5] = ["curl", "python3", "git", "mosquitto_pub", "chromium"];

/// Where programs come in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Front {
    Run,
    Transparent,
    Connect,
    Http,
    Socks,
}

impl Front {
    const fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Transparent => "transparent",
            Self::Connect => "connect",
            Self::Http => "http",
            Self::Socks => "socks",
        }
    }

    /// The arguments of the script.
    const fn arguments(self) -> &'static str {
        match self {
            Self::Run => "run https",
            Self::Transparent => "transparent https",
            Self::Connect => "connect https http://192.168.50.1:3128",
            Self::Http => "http http http://192.168.50.1:3128",
            Self::Socks => "socks https socks5h://192.168.50.1:1080",
        }
    }

    /// What a program has to say.
    fn wanted(self, program: &str) -> Vec<&'static str> {
        let is_http = matches!(self, Self::Connect | Self::Http);
        match program {
            "curl" if self == Self::Http => vec!["curl: 200 100000", "curl shut: 403 65"],
            "curl" => vec!["curl: 200 100000", "curl shut: 000 0"],
            "python3" if self == Self::Http => vec!["python: 200 100000", "python shut: refused: HTTPError"],
            "python3" => vec!["python: 200 100000", "python shut: refused: URLError"],
            "git" => vec!["git: refs/heads/main", "git clone: hello", "git shut: nothing"],
            "mosquitto_pub" if is_http => vec![],
            "mosquitto_pub" => {
                vec!["mqtt tls: sent", "mqtt: sent", "mqtt tls shut: nothing", "mqtt shut: nothing"]
            }
            "chromium" => {
                let page = vec!["chromium: page came,page saw it refused"];
                let quic = ["chromium quic: nothing", "chromium quic shut: nothing"];
                let carries = matches!(self, Self::Run | Self::Transparent);
                page.into_iter().chain(quic.into_iter().filter(|_| carries)).collect()
            }
            other => panic!("{other}"),
        }
    }
}

/// Which of the programs are installed for a person.
fn installed(person: &Person) -> Vec<&'static str> {
    let there = |program: &&str| {
        let found = person.command("sh").args(["-c", &format!("command -v {program}")]).came();
        if found.status != 0 {
            println!("skipped: `{program}` is not installed, and not tried as an app");
        }
        found.status == 0
    };
    PROGRAMS.into_iter().filter(there).collect()
}

/// Writes what the scripts use: a catalogue, a program, a page and, below `web`, a repository.
fn prepare(person: &Person, programs: &[&str]) {
    for folder in ["catalogue", "web"] {
        assert!(person.command("mkdir").arg(folder).came().status == 0);
    }
    person.write("catalogue/site.toml", SITE);
    person.write("clients.sh", CLIENTS);
    person.write("client.py", PYTHON);
    person.write("web/page.html", PAGE);
    person.write("web/picture.svg", PICTURE);
    if programs.contains(&"git") {
        let made = person
            .command("sh")
            .args(["-ec", "git init -q -b main src; cd src; echo hello >readme; git add readme"])
            .came();
        assert_eq!(made.status, 0, "{made}");
        let identity = ["-c", "user.name=a", "-c", "user.email=a@site.example", "-C", "src"];
        let commit = person.command("git").args(identity).args(["commit", "-qm", "first"]).came();
        assert_eq!(commit.status, 0, "{commit}");
        let cloned = person.command("git").args(["clone", "-q", "--bare", "src", "web/repo.git"]).came();
        assert_eq!(cloned.status, 0, "{cloned}");
        let served = person.command("git").args(["-C", "web/repo.git", "update-server-info"]).came();
        assert_eq!(served.status, 0, "{served}");
    }
}

/// Runs a script in the lab's internet, whose servers give the files of `web`.
fn tried(person: &Person, programs: &[&str], more: &[&str], script: &str) -> Came {
    prepare(person, programs);
    let web = person.path("web").display().to_string();
    let options = [&["--serve", web.as_str()][..], more].concat();
    let set = format!("export W={} PROGRAMS='{}'\n", person.home.path().display(), programs.join(" "));
    lab(person, &options, &(set + script))
}

/// That each program said what it had to by each front-end, that wire and ledger agree, that of
/// the service that is shut nothing passed the far end, and that a browser's QUIC did.
fn assert_held(person: &Person, programs: &[&str], fronts: &[Front], came: &Came) {
    let wanted: Vec<String> = fronts
        .iter()
        .flat_map(|front| {
            programs
                .iter()
                .flat_map(|program| front.wanted(program))
                .map(|line| format!("{} {line}", front.name()))
        })
        .collect();
    let said: Vec<&str> = came.out.lines().collect();
    let errors: Vec<String> = fronts
        .iter()
        .filter_map(|front| std::fs::read_to_string(person.path(front.name()).join("errors")).ok())
        .collect();
    assert_eq!(said, wanted, "{came}\n{}", errors.join("\n"));
    assert_eq!(came.status, 0, "{came}");
    let reconciliation = reconciled(person);
    assert_agrees(&reconciliation, wanted.len() as u64 / 3);
    let capture = std::fs::read(person.path("far.pcap")).unwrap();
    let holds = |word: &[u8]| capture.windows(word.len()).any(|part| part == word);
    assert!(holds(b"files"), "the names that were let out are to be seen");
    assert!(!holds(b"shut-out"), "a name that was not let out passed the far end");
    if programs.contains(&"chromium") {
        let ledger = shown(person);
        let quic = "site.files, named in its QUIC hello";
        let through = fronts.iter().filter(|front| matches!(front, Front::Run | Front::Transparent));
        assert!(ledger.matches(quic).count() >= through.count(), "{ledger}");
    }
}

/// All entries of the ledger's only log.
fn shown(person: &Person) -> String {
    let show = |more: &[&str]| -> String {
        let came = person
            .creance()
            .args(["ledger", "show", "--ledger", &person.path("ledger").display().to_string()])
            .args(more)
            .came();
        assert_eq!(came.status, 0, "{came}");
        came.out
    };
    let logs = show(&[]);
    let log = logs.lines().last().unwrap().split_whitespace().next().unwrap();
    show(&[log])
}

#[test]
fn real_programs_in_a_jail_reach_what_may_leave_and_nothing_else() {
    for person in people() {
        let programs = installed(&person);
        let script = r#""$C" run --mode local-data --exempt site.files,site.broker --catalogue catalogue \
            --ledger "$LEDGER" --resolver "$CREANCE_LAB_RESOLVER" -- bash "$W/clients.sh" "#;
        let came = tried(&person, &programs, &[], &format!("{script}{}", Front::Run.arguments()));
        assert_held(&person, &programs, &[Front::Run], &came);
    }
}

#[test]
fn real_programs_behind_a_gateway_reach_what_may_leave_and_nothing_else() {
    let fronts = [Front::Transparent, Front::Connect, Front::Http, Front::Socks];
    for person in people().into_iter().take(1) {
        let programs = installed(&person);
        let each: Vec<String> = fronts
            .iter()
            .map(|front| format!(r#""$L" in station -- bash "$W/clients.sh" {}"#, front.arguments()))
            .collect();
        let script = format!(
            r#""$C" gateway up --lan lan0 --uplink uplink0 --station s-1=192.168.50.10 --station s-1=fd50::10 \
                --mode local-data --exempt site.files,site.broker --catalogue catalogue \
                --ledger "$LEDGER" --resolver "$CREANCE_LAB_RESOLVER" &
            gateway=$!
            until "$C" gateway status >/dev/null 2>&1; do sleep 0.05; kill -0 $gateway || exit 9; done
            {}
            "$C" gateway down
            wait $gateway"#,
            each.join("\n")
        );
        let came = tried(&person, &programs, &["--lan"], &script);
        assert_held(&person, &programs, &fronts, &came);
    }
}
