//! `creance ledger`.

use crate::Folder;
use creance_ledger::{
    Binding, Directory, Entry, Event, FlowBytes, FlowEnd, FlowStarted, Log, ModeChanged, Purpose, Refused,
    SigningKey,
};
use creance_model::{Endpoint, Mode, Timestamp, Transport};
use insta::assert_snapshot;
use std::net::SocketAddr;

const START: Timestamp = Timestamp(1_772_000_000_000_000_000);

/// A folder with a ledger of two logs, signed by a key that is always the same.
fn ledger() -> Folder {
    let folder = Folder::new();
    let key = SigningKey::from_seed("creance/0011223344556677", [1; 32]).unwrap();
    std::fs::create_dir(folder.path("ledger")).unwrap();
    folder.write("ledger/key", key.secret_text());
    let mut log = open(&folder, "gateway");
    for (second, event) in (1..).zip(events()) {
        let at = Timestamp(START.0 + second * 1_000_000_000);
        log.append(&Entry { at, event }, Purpose::Tell).unwrap();
    }
    log.close(Timestamp(START.0 + 60_000_000_000)).unwrap();
    open(&folder, "run-1").close(START).unwrap();
    folder
}

fn open(folder: &Folder, name: &str) -> Log {
    Directory::at(folder.path("ledger")).open_log(name, "creance 0.1.0", START).unwrap()
}

fn endpoint(text: &str) -> Endpoint {
    let address: SocketAddr = text.parse().unwrap();
    Endpoint { addr: address.ip(), port: address.port() }
}

fn events() -> Vec<Event> {
    let station = || "s-41c0".parse().unwrap();
    vec![
        Event::ModeChanged(ModeChanged {
            generation: 1,
            from: None,
            to: Mode::Restricted,
            exempt: vec![],
            granted: vec!["dji.flysafe".parse().unwrap()],
            flows_cut: 0,
            last_cut: None,
        }),
        Event::FlowStarted(FlowStarted {
            flow: 1,
            generation: 1,
            station: Some(station()),
            service: Some("dji.flysafe".parse().unwrap()),
            name: Some("flysafe-api.dji.com".parse().unwrap()),
            binding: Binding::Tls,
            blinded: true,
            transport: Transport::Tcp,
            from: endpoint("192.0.2.7:40001"),
            to: endpoint("203.0.113.5:443"),
        }),
        Event::Refused(Refused {
            generation: 1,
            station: Some(station()),
            service: None,
            name: Some("android.bugly.qq.com".parse().unwrap()),
            to: None,
            reason: "denied".to_owned(),
            count: 3,
            since: START,
        }),
        Event::ModeChanged(ModeChanged {
            generation: 2,
            from: Some(Mode::Restricted),
            to: Mode::LocalData,
            exempt: vec![],
            granted: vec![],
            flows_cut: 1,
            last_cut: Some(Timestamp(START.0 + 4_020_000_000)),
        }),
        Event::FlowEnded {
            bytes: FlowBytes { flow: 1, up: Some(1_300), down: Some(5_120) },
            end: FlowEnd::Revoked,
        },
    ]
}

#[test]
fn entries_are_told_in_words() {
    assert_snapshot!(ledger().run("ledger show gateway --ledger ledger"), @"
    status 0
    --- out
         0  2026-02-25T06:13:20.000Z  opened by creance 0.1.0
         1  2026-02-25T06:13:21.000Z  mode restricted (table 1), granted: dji.flysafe
         2  2026-02-25T06:13:22.000Z  flow 1 started: s-41c0 → flysafe-api.dji.com, dji.flysafe, named in its TLS hello, which may hide another (ECH), tcp 192.0.2.7:40001 → 203.0.113.5:443 (table 1)
         3  2026-02-25T06:13:23.000Z  refused: s-41c0 → android.bugly.qq.com, unknown service: denied, 3 times since 2026-02-25T06:13:20.000Z (table 1)
         4  2026-02-25T06:13:24.000Z  mode restricted → local-data (table 2), 1 flows cut, the last at 2026-02-25T06:13:24.020Z
         5  2026-02-25T06:13:25.000Z  flow 1 cut by a change of mode: 1300 bytes up, 5120 down
         6  2026-02-25T06:14:20.000Z  closed
    ");
    assert_snapshot!(ledger().run("ledger show --ledger ledger"), @"
    status 0
    --- out
      LOG      ENTRIES  FIRST                     LAST
      gateway  7        2026-02-25T06:13:20.000Z  2026-02-25T06:14:20.000Z
      run-1    2        2026-02-25T06:13:20.000Z  2026-02-25T06:13:20.000Z
    ");
    assert_snapshot!(ledger().run("ledger tail gateway -n 2 --json --ledger ledger"), @r#"
    status 0
    --- out
    {"v":1,"at":"2026-02-25T06:13:25Z","what":"flow-ended","flow":1,"up":1300,"down":5120,"end":"revoked"}
    {"v":1,"at":"2026-02-25T06:14:20Z","what":"closed"}
    "#);
    assert_snapshot!(ledger().run("ledger show gateway --from 3 --to 4 --ledger ledger"), @"
    status 0
    --- out
         3  2026-02-25T06:13:23.000Z  refused: s-41c0 → android.bugly.qq.com, unknown service: denied, 3 times since 2026-02-25T06:13:20.000Z (table 1)
         4  2026-02-25T06:13:24.000Z  mode restricted → local-data (table 2), 1 flows cut, the last at 2026-02-25T06:13:24.020Z
    ");
}

#[test]
fn sound_logs_are_said_to_be_sound_as_far_as_can_be_known() {
    let folder = ledger();
    assert_snapshot!(folder.run("ledger verify --ledger ledger"), @"
    status 0
    --- out
    gateway: sound
      7 entries, 7 signed for by a checkpoint that holds, 0 after it
      without a checkpoint kept elsewhere (--against FILE), an older state put back would not show
    run-1: sound
      2 entries, 2 signed for by a checkpoint that holds, 0 after it
      without a checkpoint kept elsewhere (--against FILE), an older state put back would not show
    --- err
    note: the key is the ledger's own; whoever can change the logs can change it as well. --key KEY gives one that was kept elsewhere
    ");
    let checkpoint = folder.run("ledger checkpoint gateway --ledger ledger");
    let key = folder.run("ledger checkpoint --key --ledger ledger");
    assert_snapshot!(checkpoint, @"
    status 0
    --- out
    creance/0011223344556677/gateway
    7
    wxs7baakiNpFaMzZYi+V/LnqakzStZDQ6LiopSkGPFI=

    — creance/0011223344556677/gateway uND0JuIqZloaHFUrRXwmXEOZ2vEvayZQWT+ooGxI6VWYBMkyjCAjSzXFD+SGAIacgiadGbwq742lud2QfhDpkT5wvwg=
    ");
    assert_snapshot!(key, @"
    status 0
    --- out
    creance/0011223344556677+467e361a+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c
    ");
    folder.write("kept.txt", &checkpoint.out).write("kept.pub", &key.out);
    let ran = folder.run("ledger verify gateway --key kept.pub --against kept.txt --ledger ledger");
    assert_snapshot!(ran, @"
    status 0
    --- out
    gateway: sound
      7 entries, 7 signed for by a checkpoint that holds, 0 after it
    ");
    let as_text = folder.run(&format!("ledger verify gateway --key {} --ledger ledger", key.out.trim()));
    assert_eq!(as_text.status, 0, "{as_text}");
}

#[test]
fn a_log_that_was_put_back_taken_away_or_changed_is_not_sound() {
    let folder = ledger();
    let kept = folder.run("ledger checkpoint gateway --ledger ledger").out;
    folder.write("kept.txt", kept);
    let verify = "ledger verify --key ledger/key.pub --against kept.txt --ledger ledger";

    std::fs::rename(folder.path("ledger/logs/gateway"), folder.path("taken")).unwrap();
    assert_snapshot!(folder.run(verify), @"
    status 1
    --- out
    run-1: sound
      2 entries, 2 signed for by a checkpoint that holds, 0 after it
      without a checkpoint kept elsewhere (--against FILE), an older state put back would not show
    kept.txt: NOT SOUND
      it signs for the log `creance/0011223344556677/gateway`, which was not checked or is not here
    ");

    open(&folder, "gateway").close(START).unwrap();
    assert_snapshot!(folder.run(verify), @"
    status 1
    --- out
    gateway: NOT SOUND
      2 entries, 2 signed for by a checkpoint that holds, 0 after it
      kept.txt signs for 7 entries, and there are 2: a tail was cut off, or an older state put back
    run-1: sound
      2 entries, 2 signed for by a checkpoint that holds, 0 after it
      without a checkpoint kept elsewhere (--against FILE), an older state put back would not show
    ");

    std::fs::remove_dir_all(folder.path("ledger/logs/gateway")).unwrap();
    std::fs::rename(folder.path("taken"), folder.path("ledger/logs/gateway")).unwrap();
    assert_eq!(folder.run(verify).status, 0);
    let bundle = "ledger/logs/gateway/tile/entries/000.p/7";
    let mut bytes = folder.read(bundle);
    let place = bytes.windows(9).position(|window| window == b"\"up\":1300").unwrap();
    bytes[place + 5] = b'9';
    folder.write(bundle, bytes);
    std::fs::remove_file(folder.path("ledger/logs/gateway/journal")).unwrap();
    assert_snapshot!(folder.run(verify), @"
    status 1
    --- out
    gateway: NOT SOUND
      7 entries, 0 signed for by a checkpoint that holds, 7 after it
      entry 5 and its hash in the tiles do not agree: one of the two was changed
      its own checkpoint signs for 7 other entries than stand here: an entry was changed, or there are two histories
      kept.txt signs for 7 other entries than stand here: an entry was changed, or there are two histories
      nobody has signed for the last ones: a change of those would not show
    run-1: sound
      2 entries, 2 signed for by a checkpoint that holds, 0 after it
      without a checkpoint kept elsewhere (--against FILE), an older state put back would not show
    ");
}

#[test]
fn what_cannot_be_read_is_named_with_what_to_do() {
    let folder = ledger();
    assert_snapshot!(folder.run("ledger show --ledger nowhere"), @"
status 2
--- err
error: `nowhere` holds no logs

hint: --ledger DIR names the folder that has `logs` in it
");
    assert_snapshot!(folder.run("ledger show"), @"
    status 2
    --- err
    error: neither XDG_STATE_HOME nor HOME is set

    hint: --ledger DIR names the folder
    ");
    assert_snapshot!(folder.run("ledger tail --ledger ledger"), @"
    status 2
    --- err
    error: there are several logs, and one must be named: gateway, run-1
    ");
    assert_snapshot!(folder.run("ledger tail runs --ledger ledger"), @"
    status 2
    --- err
    error: there is no log `runs`

    hint: there are: gateway, run-1
    ");
    assert_snapshot!(folder.run("ledger verify --key kept.pub --ledger ledger"), @"
    status 2
    --- err
    error: the key that was given is neither a key nor a file of one
      `kept.pub` cannot be read
      No such file or directory (os error 2)
    ");
    folder.write("kept.txt", "not a checkpoint");
    assert_snapshot!(folder.run("ledger verify run-1 --key ledger/key.pub --against kept.txt --ledger ledger"), @"
    status 1
    --- out
    run-1: NOT SOUND
      2 entries, 2 signed for by a checkpoint that holds, 0 after it
      kept.txt: this is no signed note: no name, size and root in its first three lines
    ");
}

#[test]
fn what_nobody_signed_is_said() {
    let folder = ledger();
    let mut log = open(&folder, "gateway");
    let alarm = Event::Alarm { what: "\u{1b}[2Ja flow is unexplained".to_owned() };
    log.append(&Entry { at: START, event: alarm }, Purpose::Tell).unwrap();
    log.commit().unwrap();
    assert_snapshot!(folder.run("ledger verify gateway --key ledger/key.pub --ledger ledger"), @"
    status 0
    --- out
    gateway: sound
      9 entries, 8 signed for by a checkpoint that holds, 1 after it
      nobody has signed for the last ones: a change of those would not show
      without a checkpoint kept elsewhere (--against FILE), an older state put back would not show
    ");
    assert_snapshot!(folder.run("ledger checkpoint gateway --ledger ledger").err, @"note: it does not sign for 1 later entry");
    assert_snapshot!(folder.run("ledger tail gateway -n 1 --ledger ledger").out, @"
         8  2026-02-25T06:13:20.000Z  ALARM: �[2Ja flow is unexplained
    ");
}
