//! Without anything in between, whatever an app does is delivered, and the tap sees it. A test that
//! something was held back means nothing without this.

use crate::{Lab, text};
use creance_lab::live::addresses;
use std::fmt::Write;

/// Behaviours that need what is not there: a proxy.
const NEED_MORE: [&str; 1] = ["connect-then-other"];
/// Behaviours that some kernels do not offer.
const KERNELS_MAY_LACK: [&str; 3] = ["mptcp", "io-uring", "vsock"];
/// Behaviours whose packets do not show the name.
const UNNAMED: [&str; 5] = ["doh", "dot", "udp-hard-coded", "af-packet", "vsock"];

fn behaviours() -> Vec<String> {
    let list = creance_lab::behave::list();
    list.lines().map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

#[test]
fn every_behaviour_is_delivered_and_seen_at_the_far_end() {
    let names = behaviours();
    assert!(names.len() > 40, "{names:?}");
    for lab in Lab::all() {
        let mut script = String::new();
        for name in &names {
            writeln!(script, "timeout 20 $LAB app {name} --host {name}.lab.example; echo {name} $?").unwrap();
        }
        let ran = lab.script(&["--capture", "far.pcap"], &script);
        let said = text(&ran.stdout);
        assert!(ran.status.success(), "{:?}: {said}{}", lab.who, text(&ran.stderr));
        let capture = std::fs::read(lab.path("far.pcap")).unwrap();
        for name in &names {
            let code =
                said.lines().find_map(|line| line.strip_prefix(&format!("{name} "))?.parse::<u8>().ok());
            let expected = if NEED_MORE.contains(&name.as_str()) { 2 } else { 0 };
            if code == Some(2) && KERNELS_MAY_LACK.contains(&name.as_str()) {
                println!("this kernel lacks {name}");
                continue;
            }
            assert_eq!(code, Some(expected), "{:?}, {name}:\n{said}", lab.who);
            if expected == 0 && !UNNAMED.contains(&name.as_str()) {
                let label = name.as_bytes();
                let shown = capture.windows(label.len()).any(|part| part.eq_ignore_ascii_case(label));
                assert!(shown, "{:?}: the capture does not show {name}", lab.who);
            }
        }
        for name in ["udp-hard-coded", "af-packet"] {
            let address = addresses::v4(&format!("{name}.lab.example")).unwrap().octets();
            assert!(capture.windows(4).any(|part| part == address), "{name} is not in the capture");
        }
    }
}

#[test]
fn what_nobody_answers_is_not_delivered() {
    let Some(lab) = Lab::any() else { return };
    // The uplink is down: nothing may claim to have been delivered, but what the far end has no part in.
    let script = "ip link set uplink0 down
        for name in https capitals upload doh dns dns-tunnel quic udp-hard-coded icmp raw af-packet fast-open nscd http mqtt
        do ( timeout 20 $LAB app $name --host a.example --address 11.0.0.1 --resolver 192.0.2.1; echo \"$name $?\" ) &
        done; wait";
    let ran = lab.script(&[], script);
    let said = text(&ran.stdout);
    let codes: Vec<&str> = said.lines().filter(|line| line.ends_with(" 1")).collect();
    assert_eq!(codes.len(), 15, "{said}");
}

#[test]
fn wrong_arguments_end_with_2_and_say_what_there_is() {
    for args in [&["app", "no-such"][..], &["app", "https"], &["app", "https", "--host"]] {
        let ran = std::process::Command::new(crate::program()).args(args).output().unwrap();
        assert_eq!(ran.status.code(), Some(2), "{args:?}");
        assert!(text(&ran.stderr).starts_with("error: "), "{args:?}");
    }
}

#[test]
fn an_app_does_not_begin_where_hosts_are_real() {
    let ran = std::process::Command::new(crate::program())
        .args(["app", "https", "--host", "a.invalid", "--address", "127.0.0.1"])
        .env_remove("CREANCE_LAB_RESOLVER")
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(2));
    assert!(text(&ran.stderr).contains("--anywhere"), "{}", text(&ran.stderr));
}
