//! Reports made by hand for the tests of what is rendered.

use super::data::*;
use super::sample_ledger;

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn reason(text: &str, flows: u64, numbers: &[u64]) -> Reason {
    Reason { text: text.into(), flows, flow_numbers: numbers.to_vec() }
}

/// An ordinary report: Local Data was claimed and refuted.
pub(super) fn report() -> Report {
    Report {
        schema: SCHEMA,
        producer: producer(),
        question: question(),
        inputs: vec![input()],
        coverage: coverage(),
        reconciliation: Some(sample_ledger::reconciliation()),
        headline: texts(&[
            "No contact with CN: refuted for the station: 1 contact answers to the law of CN. \
             For com.example.fly alone: inconclusive: the capture does not tell which app sent what.",
            "Local Data sends nothing but its exemptions: refuted for the station: \
             traffic left for 2 services that are not exempt. With no exemptions: refuted.",
            "1 service exempt: maps.tiles (--exempt).",
            "What the capture does not show lowers the verdicts: packets lost are not known.",
        ]),
        claims: claims(),
        contacts: contacts(),
        contacts_left_out: LeftOut { flows: 3, up_bytes: 900, down_bytes: 1200 },
        hosts: vec![
            Host { name: "sync.example.net".into(), sources: texts(&["dns", "tls"]) },
            Host { name: "tiles.example.org".into(), sources: texts(&["quic"]) },
        ],
        hosts_left_out: 0,
        stayed: vec![Stayed { what: "link-local multicast (mDNS)".into(), flows: 4, up_bytes: 2300 }],
        flows: flows(),
        flows_left_out: 88,
    }
}

/// A report of a capture without packets, for which nothing was asked.
pub(super) fn empty() -> Report {
    let none = Control::default();
    Report {
        schema: SCHEMA,
        producer: producer(),
        question: Question {
            mode: None,
            exempt: vec![],
            granted: vec![],
            forbidden_jurisdictions: vec![],
            requested_claims: vec![],
            verdict_of: "station",
            stations: vec![],
            local: vec![],
            app: None,
            baselines: vec![],
            window: None,
        },
        inputs: vec![],
        coverage: Coverage {
            first: None,
            last: None,
            seconds: 0.0,
            packets: 0,
            bytes: 0,
            flows: 0,
            dropped: None,
            truncated_packets: 0,
            mid_stream_flows: 0,
            evicted_flows: 0,
            unseen_acknowledged: 0,
            unread: vec![],
            link_only: vec![],
            tunnels: vec![],
            blinding: vec![],
            control_before: none,
            control_after: none,
            lowered_by: vec![],
            not_covered: vec![],
        },
        reconciliation: None,
        headline: texts(&["The capture holds no packets."]),
        claims: vec![],
        contacts: vec![],
        contacts_left_out: LeftOut::default(),
        hosts: vec![],
        hosts_left_out: 0,
        stayed: vec![],
        flows: vec![],
        flows_left_out: 0,
    }
}

/// What a hostile capture can bring: markup, commands for a terminal, reordering, endless names.
pub(super) const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=https://evil.example/x onerror=alert(1)>",
    "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\r\n\tline",
    "exe.\u{202e}gpj.\u{2066}bad\u{200b}\u{feff}\u{2028}",
    "</style></svg><a href='https://evil.example'>@import url(https://evil.example)",
    "nul\u{0}&amp;",
];

/// An ordinary report in which every string that a capture can hold is hostile.
pub(super) fn hostile() -> Report {
    let all: Vec<String> = HOSTILE.iter().map(|text| (*text).to_owned()).chain(["A".repeat(5000)]).collect();
    let one = HOSTILE.join(" ");
    let mut report = report();
    report.headline.extend(all.clone());
    report.question.app = Some(one.clone());
    report.question.local = all.clone();
    report.coverage.lowered_by.extend(all.clone());
    report.coverage.tunnels = all.clone();
    report.coverage.first = Some(one.clone());
    for input in &mut report.inputs {
        (input.name, input.comments, input.ending) = (one.clone(), all.clone(), one.clone());
        for interface in &mut input.interfaces {
            (interface.name, interface.filter) = (Some(one.clone()), Some(one.clone()));
        }
    }
    for claim in &mut report.claims {
        (claim.station.because, claim.statement) = (one.clone(), one.clone());
        claim.station.against.extend(all.iter().map(|text| reason(text, 1, &[u64::MAX])));
        claim.station.would_decide = Some(one.clone());
        claim.table = Some(Table { columns: all.clone(), rows: vec![all.clone(); 40], left_out: 1 });
    }
    for contact in &mut report.contacts {
        (contact.id, contact.name, contact.party) = (one.clone(), "A".repeat(5000), Some(one.clone()));
        (contact.hosts, contact.seen, contact.hints, contact.apps) =
            (all.clone(), all.clone(), all.clone(), all.clone());
        (contact.kind, contact.decision, contact.first) = (one.clone(), Some(one.clone()), one.clone());
        contact.spans = vec![[f64::NAN, f64::INFINITY], [-5.0, 1.0e300], [9.0, 2.0]];
    }
    for flow in &mut report.flows {
        (flow.names, flow.notes, flow.protocols) = (all.clone(), all.clone(), all.clone());
        (flow.app, flow.remote) = (Some(one.clone()), one.clone());
    }
    report.reconciliation = Some(sample_ledger::with_texts(&one, &one));
    report.hosts.extend(all.iter().map(|name| Host { name: name.clone(), sources: vec![] }));
    report
}

/// The ordinary report beside an empty one.
pub(super) fn comparison() -> Comparison {
    let row = |name: &str, up: [Option<u64>; 2], delta: i64| ComparisonRow {
        kind: "service".into(),
        id: format!("acme.{}", name.len()),
        name: name.into(),
        party: Some("Acme".into()),
        up_bytes: up.to_vec(),
        delta_up_bytes: vec![0, delta],
    };
    Comparison {
        schema: "creance.compare/1",
        names: texts(&["standard", "local-data"]),
        rows: vec![
            row("Flight-log sync", [Some(1_234_567), None], -1_234_567),
            row("Map tiles", [Some(52_000), Some(61_500)], 9500),
        ],
        differences: texts(&["local-data has not: Flight-log sync (acme.sync)."]),
        caveats: texts(&["The captures last 12 and 9 minutes."]),
        reports: vec![report(), empty()],
    }
}

fn producer() -> Producer {
    Producer {
        name: "creance",
        version: "0.1.0",
        catalogue_sha256: "0f".repeat(32),
        overlays: texts(&["acme.sync (own.toml)"]),
        geo_date: "2026-05-01".into(),
        geo_sha256: "a1".repeat(32),
        policies: texts(&["own.cedar"]),
    }
}

fn question() -> Question {
    Question {
        mode: Some("local-data".into()),
        exempt: vec![Allowance {
            service: "maps.tiles".into(),
            origin: "--exempt".into(),
            takes: texts(&["map-query", "device-id"]),
            also_opens: texts(&["maps.search"]),
        }],
        granted: vec![],
        forbidden_jurisdictions: texts(&["CN"]),
        requested_claims: vec![4, 13],
        verdict_of: "station",
        stations: vec![Station { address: "192.0.2.7".into(), how: "given with --station".into() }],
        local: texts(&["192.0.2.200"]),
        app: Some("com.example.fly".into()),
        baselines: texts(&["idle.pcapng"]),
        window: Some(Window {
            from: "2026-05-04T10:02:00Z".into(),
            to: "2026-05-04T10:10:00Z".into(),
            seconds: 480.0,
        }),
    }
}

fn input() -> Input {
    Input {
        name: "flight.pcapng.zst".into(),
        sha256: Some("c0ffee00".repeat(8)),
        bytes: Some(48_123_456),
        compression: "zstd".into(),
        format: "pcapng".into(),
        interfaces: vec![Interface {
            name: Some("wlan0".into()),
            link_type: 1,
            snap_len_bytes: Some(262_144),
            packets: 48_211,
            dropped: None,
            filter: Some("not port 22".into()),
        }],
        comments: texts(&["taken at the far end of the link"]),
        ending: "complete".into(),
        resolved_names: 3,
        secrets: 1,
    }
}

fn coverage() -> Coverage {
    Coverage {
        first: Some("2026-05-04T10:00:00.000000001Z".into()),
        last: Some("2026-05-04T10:12:03Z".into()),
        seconds: 723.0,
        packets: 48_211,
        bytes: 47_000_000,
        flows: 94,
        dropped: None,
        truncated_packets: 12,
        mid_stream_flows: 2,
        evicted_flows: 0,
        unseen_acknowledged: 7,
        unread: vec![Counted { name: "EtherType 0x88cc".into(), packets: 24, bytes: 5800, first_packet: 17 }],
        link_only: vec![Counted { name: "ARP".into(), packets: 120, bytes: 5040, first_packet: 1 }],
        tunnels: texts(&["gre 192.0.2.7 – 203.0.113.9"]),
        blinding: vec![reason("DNS over HTTPS hides names", 2, &[11, 31])],
        control_before: Control { sent_packets: 1200, received_packets: 1900 },
        control_after: Control::default(),
        lowered_by: texts(&[
            "packets lost are not known",
            "12 packets are cut short by the snap length",
            "after the window no traffic of the stations was seen",
        ]),
        not_covered: texts(&[
            "Radios that the tap does not see: a mobile modem in the aircraft or the controller, a second Wi-Fi.",
        ]),
    }
}

fn ruling(verdict: &str, because: &str) -> Ruling {
    Ruling {
        verdict: verdict.into(),
        because: because.into(),
        against: vec![],
        open: vec![],
        agreeing_flows: 0,
        would_decide: None,
    }
}

fn claim(number: u8, statement: &str, needs: &str, station: Ruling, app: Ruling) -> Claim {
    Claim {
        number,
        statement: statement.into(),
        requested: false,
        needs: needs.into(),
        station,
        app,
        variants: vec![],
        table: None,
    }
}

fn claims() -> Vec<Claim> {
    let needs = "All traffic of the stations, with drops known to be zero.";
    let no_app = || ruling("inconclusive", "The capture does not tell which app sent what.");
    let inventory = claim(
        1,
        "Every outbound flow is inventoried and explained",
        needs,
        Ruling {
            open: vec![reason("Addresses without a name", 1, &[2])],
            agreeing_flows: 92,
            would_decide: Some("Capture to pcapng with dumpcap, which counts what it lost.".into()),
            ..ruling("inconclusive", "1 address could not be explained, and packets lost are not known.")
        },
        no_app(),
    );
    let mut law = claim(
        4,
        "No contact with CN",
        "The party or the place of every contact.",
        Ruling {
            against: vec![reason("Flight-log sync answers to CN", 5, &[4, 9])],
            ..ruling("refuted", "1 contact answers to the law of CN")
        },
        no_app(),
    );
    law.table = Some(Table {
        columns: texts(&["Contact", "Jurisdiction", "Servers in", "Method"]),
        rows: vec![
            texts(&["Flight-log sync", "CN", "US", "cloud range"]),
            texts(&["Map tiles", "US", "anycast", "cloud range"]),
        ],
        left_out: 3,
    });
    law.requested = true;
    let mut local = claim(
        13,
        "Local Data sends nothing but its exemptions",
        needs,
        Ruling {
            against: vec![
                reason("sync.example.net was sent to while denied", 5, &[4, 9]),
                reason("A resolver beyond the link was asked", 1, &[1]),
            ],
            agreeing_flows: 40,
            would_decide: Some("Capture to pcapng with dumpcap, which counts what it lost.".into()),
            ..ruling("refuted", "traffic left for 2 services that are not exempt")
        },
        no_app(),
    );
    local.requested = true;
    local.variants = vec![Variant {
        name: "with no exemptions".into(),
        verdict: "refuted".into(),
        because: "Traffic left for 3 services.".into(),
    }];
    let tls = claim(
        6,
        "TLS is 1.2 or newer, with valid certificates",
        "Handshakes and certificates in sight.",
        ruling("upheld", "All 61 handshakes seen are TLS 1.2 or 1.3."),
        ruling("upheld", "So for the station."),
    );
    let untested = |number, statement: &str, decide: &str| {
        let not = || Ruling {
            would_decide: Some(decide.into()),
            ..ruling("not tested", "Nothing here could test it.")
        };
        claim(number, statement, "More than a capture.", not(), not())
    };
    vec![
        inventory,
        law,
        tls,
        untested(
            7,
            "Certificates are pinned",
            "Captures with a user’s and a system’s certificate authority and a control host.",
        ),
        local,
        untested(17, "No secrets in repositories", "The source code."),
    ]
}

fn contact(
    kind: &str,
    id: &str,
    name: &str,
    party: Option<(&str, &str)>,
    up_bytes: u64,
    down_bytes: u64,
) -> Contact {
    Contact {
        kind: kind.into(),
        id: id.into(),
        name: name.into(),
        party: party.map(|(name, _)| name.to_owned()),
        party_kind: party.map(|(_, kind)| kind.to_owned()),
        jurisdiction: None,
        purpose: None,
        takes: vec![],
        seen: vec![],
        hints: vec![],
        hosts: vec![],
        places: vec![],
        protocols: texts(&["tls 1.3"]),
        ties: texts(&["dns"]),
        apps: vec![],
        decision: Some("denied".into()),
        policies: texts(&["local-data"]),
        flows: 5,
        flow_numbers: vec![4, 9],
        up_bytes,
        down_bytes,
        window_up_bytes: up_bytes / 2,
        window_down_bytes: down_bytes / 2,
        first: "2026-05-04T10:01:00Z".into(),
        last: "2026-05-04T10:11:00Z".into(),
        spans: vec![[60.0, 180.0], [300.0, 300.0], [540.0, 660.0]],
    }
}

fn contacts() -> Vec<Contact> {
    let place = |address: &str, conclusion: &str, country: Option<&str>, evidence: &str| Place {
        address: address.into(),
        conclusion: conclusion.into(),
        country: country.map(str::to_owned),
        evidence: texts(&[evidence]),
    };
    let mut sync =
        contact("service", "acme.sync", "Flight-log sync", Some(("Acme", "first")), 1_234_567, 88_000);
    sync.jurisdiction = Some("CN".into());
    sync.purpose = Some("Keeps flight logs with the maker.".into());
    sync.takes = texts(&["flight-log", "account"]);
    sync.hosts = texts(&["sync.example.net", "sync2.example.net"]);
    sync.places = vec![place("198.51.100.4", "US", Some("US"), "cloud range: us-east-1")];
    let mut zones = contact("service", "acme.zones", "GEO zones", Some(("Acme", "first")), 21_000, 410_000);
    zones.takes = texts(&["zone-query", "location"]);
    zones.seen = texts(&["a position in a cleartext request"]);
    zones.protocols = texts(&["http (cleartext)"]);
    let mut maps =
        contact("service", "maps.tiles", "Map tiles", Some(("Mapco", "third")), 61_500, 12_400_000);
    (maps.jurisdiction, maps.decision) = (Some("US".into()), Some("allowed".into()));
    maps.takes = texts(&["map-query"]);
    maps.places = vec![place("203.0.113.8", "anycast", None, "cloud range: a content network")];
    maps.spans = vec![[0.0, 700.0]];
    let mut push = contact("service", "os.push", "Push messages", Some(("Osmaker", "platform")), 9300, 7100);
    push.decision = Some("unclear".into());
    let mut resolver = contact("resolver", "192.0.2.1", "192.0.2.1", None, 4100, 9000);
    (resolver.protocols, resolver.decision) = (texts(&["dns"]), None);
    let mut unknown = contact("unknown host", "a1.example.com", "a1.example.com", None, 812, 0);
    unknown.hints = texts(&["probably Acme: shares example.com with 4 catalogued hosts"]);
    unknown.apps = texts(&["com.example.fly"]);
    vec![sync, maps, zones, push, resolver, unknown]
}

fn flows() -> Vec<Flow> {
    (1..=6)
        .map(|number| Flow {
            number,
            direction: "left".into(),
            transport: "tcp".into(),
            station: "192.0.2.7:49152".into(),
            remote: "198.51.100.4:443".into(),
            names: texts(&["sync.example.net"]),
            services: texts(&["acme.sync"]),
            protocols: texts(&["tls 1.3"]),
            decision: Some("denied".into()),
            app: Some("com.example.fly".into()),
            first: "2026-05-04T10:01:00Z".into(),
            last: "2026-05-04T10:03:00Z".into(),
            up_bytes: 1000 * number,
            down_bytes: 88_000,
            notes: texts(&["begun before the capture"]),
        })
        .collect()
}
