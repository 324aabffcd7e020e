//! The far end, as ordinary programs see it.

use crate::{Lab, text};
use creance_lab::live::addresses;

#[test]
fn the_command_has_its_status_its_environment_and_a_run_of_its_own() {
    for lab in Lab::all() {
        let ran = lab.script(&["--capture", "a.pcap"], "exit 7");
        assert_eq!(ran.status.code(), Some(7), "{}", text(&ran.stderr));
        let ran = lab.script(&[], "kill -TERM $$");
        assert_eq!(ran.status.code(), Some(128 + 15));
        let ran = lab.command(&["internet", "--", "/no/such/program"]).output().unwrap();
        assert_eq!(ran.status.code(), Some(125));
        assert!(text(&ran.stderr).contains("cannot start `/no/such/program`"), "{}", text(&ran.stderr));
        let script =
            "echo $CREANCE_LAB_RESOLVER; grep -c CERTIFICATE $CREANCE_LAB_CA; echo $CREANCE_LAB_CAPTURE
            ls -A /run; cat /etc/resolv.conf; cat /sys/class/net/uplink0/operstate; echo $$";
        let ran = lab.script(&["--capture", "a.pcap"], script);
        let said = text(&ran.stdout);
        let lines: Vec<&str> = said.lines().collect();
        let capture = lab.path("a.pcap");
        assert_eq!(lines[..3], ["192.0.2.1", "2", capture.to_str().unwrap()], "{said}");
        assert!(lines[3..].starts_with(&["creance-lab-names.sock", "nameserver 192.0.2.1"]), "{said}");
        assert!(lines.contains(&"up"), "{said}");
        // A process namespace of its own, whose first processes are the lab's.
        assert!(lines.last().unwrap().parse::<u32>().unwrap() < 1000, "{said}");
    }
}

#[test]
fn namespaces_can_be_made_within() {
    for lab in Lab::all() {
        let script = "unshare -Urnmp --fork sh -c 'mount -t proc p /proc && mount -t sysfs s /media && ls /media/class/net \
            && ip link set lo up && printf \"table inet t {\\n}\\n\" | PATH=$PATH:/usr/sbin nft -f - && echo made'";
        let ran = lab.script(&[], script);
        assert_eq!(text(&ran.stdout), "lo\nmade\n", "{:?}: {}", lab.who, text(&ran.stderr));
    }
}

#[test]
fn a_station_reaches_the_far_end_only_through_the_host() {
    for lab in Lab::all() {
        let app = "$LAB in station -- $LAB app";
        let script = format!(
            "$LAB in station -- sh -c 'grep nameserver /etc/resolv.conf; echo $CREANCE_LAB_RESOLVER; exit 9'; echo $?
            {app} udp-hard-coded --host a.example; echo $?
            echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
            {app} hard-coded --host a.example >/dev/null; echo $?
            {app} ipv6 --host a.example --resolver 8.8.8.8 >/dev/null; echo $?"
        );
        let ran = lab.script(&["--lan"], &script);
        let said = text(&ran.stdout);
        let expected = "nameserver 192.168.50.1\n192.168.50.1\n9\n\
            udp-hard-coded a.example: not delivered: nothing came back\n1\n0\n0\n";
        assert_eq!(said, expected, "{:?}: {}", lab.who, text(&ran.stderr));
    }
}

#[test]
fn a_command_runs_at_the_far_end_and_nowhere_else_that_has_no_name() {
    for lab in Lab::all() {
        let script = "$LAB in internet -- sh -c 'cd /sys; tail -n +3 /proc/net/dev'; $LAB in elsewhere -- true; echo $?
            $LAB in station -- true; echo $?";
        let ran = lab.script(&[], script);
        let (said, err) = (text(&ran.stdout), text(&ran.stderr));
        assert!(said.contains("net0:") && !said.contains("uplink0:"), "{:?}: {said}{err}", lab.who);
        assert!(said.ends_with("125\n125\n"), "{:?}: {said}{err}", lab.who);
        assert!(err.contains("`internet -- COMMAND…`") && err.contains("there is no station"), "{err}");
    }
    let alone =
        std::process::Command::new(crate::program()).args(["in", "internet", "--", "true"]).output().unwrap();
    assert_eq!(alone.status.code(), Some(125));
    assert!(text(&alone.stderr).contains("there is no internet"), "{}", text(&alone.stderr));
}

#[test]
fn corrections_come_for_as_long_as_they_are_asked_for() {
    let Some(lab) = Lab::any() else { return };
    let ran = lab.script(&[], "$LAB app ntrip --host rtk.example --for 1");
    let said = text(&ran.stdout);
    let came: u64 = said.split_whitespace().find_map(|word| word.parse().ok()).unwrap();
    // A frame of 126 bytes ten times a second.
    assert!((400..=2600).contains(&came) && said.contains("to the end"), "{said}");
}

#[test]
fn an_ordinary_client_is_served() {
    if std::process::Command::new("curl").arg("--version").output().is_err() {
        println!("skipped: curl is not installed");
        return;
    }
    let Some(lab) = Lab::any() else { return };
    let script = "get='curl -sS -m 5 --cacert '$CREANCE_LAB_CA
        $get https://api.example/bytes/100000 | wc -c
        $get -4 https://api.example:8443/x
        head -c 300000 /dev/zero | $get -T - http://api.example/x
        head -c 2000000 /dev/zero | $get --data-binary @- https://other.example/x
        $get --doh-url https://8.8.8.8/dns-query --doh-insecure -o /dev/null -w '%{http_code}\\n' https://b.example/
        $get https://a.nx.example/ 2>/dev/null; echo $?
        $get --resolve b.example:443:11.1.2.3 https://b.example/ -o /dev/null -w '%{remote_ip}\\n'";
    let ran = lab.script(&[], script);
    assert_eq!(
        text(&ran.stdout),
        "100000\ncreance-lab api.example:8443 /x\n300000\n2000000\n200\n6\n11.1.2.3\n",
        "{}",
        text(&ran.stderr)
    );
}

#[test]
fn names_have_the_addresses_that_follow_from_them() {
    let Some(lab) = Lab::any() else { return };
    let script = "$LAB app dns --host x.cdn.example; $LAB app dns-tcp --host api.example
        $LAB app dns --host x.nx.example; $LAB app dns-direct --host a.example --address 2a10:1ab::35";
    let listed = lab.command(&["addresses", "api.example", "x.nx.example"]).output().unwrap();
    let all: Vec<String> = addresses::all("api.example").iter().map(ToString::to_string).collect();
    assert_eq!(text(&listed.stdout), format!("api.example {}\nx.nx.example \n", all.join(" ")));
    let said = text(&lab.script(&[], script).stdout);
    let expected = format!(
        "dns x.cdn.example: delivered: x.cdn.example has 11.255.0.80, the far end's\n\
         dns-tcp api.example: delivered: api.example has {}, the far end's\n\
         dns x.nx.example: not delivered: x.nx.example has no address\n\
         dns-direct a.example: delivered: the far end's resolver says {}\n",
        addresses::v4("api.example").unwrap(),
        addresses::v4("a.example").unwrap(),
    );
    assert_eq!(said, expected);
}

#[test]
fn servers_wait_as_long_as_they_are_told() {
    let Some(lab) = Lab::any() else { return };
    // The sixth of a second that a resolver waits is more than the app's first patience.
    let script =
        "s=$(date +%s%N); $LAB app dns --host a.example; e=$(date +%s%N); echo $(( (e - s) / 1000000 ))";
    let said = text(&lab.script(&["--delay", "300"], script).stdout);
    let waited: u64 = said.lines().last().unwrap().parse().unwrap();
    assert!(waited >= 300 && said.contains(": delivered"), "{said}");
}

#[test]
fn files_of_a_folder_are_given_and_none_beside_it() {
    for lab in Lab::all() {
        std::fs::create_dir(lab.path("web")).unwrap();
        std::fs::write(lab.path("web/page.html"), "page").unwrap();
        std::fs::write(lab.path("secret"), "secret").unwrap();
        let script = "for path in files/page.html files/none files/../secret files//etc/passwd files/; do
            curl -s --path-as-is -w ' %{http_code} %{content_type}\n' http://a.example/$path
        done";
        let ran = lab.script(&["--serve", "web"], script);
        let expected = "page 200 text/html\n 404 \n 404 \n 404 \n 404 \n";
        assert_eq!(text(&ran.stdout), expected, "{:?}: {}", lab.who, text(&ran.stderr));
        let ran = lab.script(&["--serve", "none"], "true");
        assert_eq!(ran.status.code(), Some(125));
        assert!(text(&ran.stderr).contains("is no folder"), "{}", text(&ran.stderr));
    }
}
