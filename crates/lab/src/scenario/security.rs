//! How well what left was encrypted: claims 5 and 6, besides what the mode says.

use super::world::{BUGLY, FLYSAFE, LOGS, World, chain, end};
use super::{Card, LOCAL, Scenario};
use crate::bytes::patch;
use crate::tls::{self, Hello, Validity};
use crate::{Side, Tcp, app, drone};
use creance_model::Verdict;

const STANDARD: &str = "--mode standard --station 192.168.1.23";

pub(super) fn all() -> Vec<Scenario> {
    [open(), outdated()].concat()
}

fn open() -> Vec<Scenario> {
    vec![
        Card {
            id: "cleartext-http",
            title: "A crash report in the open",
            says: "In the window a crash report goes out over plain HTTP.",
            args: LOCAL,
            expected: &[(5, Verdict::Refuted), (13, Verdict::Refuted)],
        }
        .told(|world| {
            world.lookup(80_000, BUGLY.0, BUGLY.1);
            world.http(80_100, BUGLY.1, &app::http_request("POST", BUGLY.0, "/rqd/async", 2_000));
        }),
        Card {
            id: "cleartext-http2",
            title: "HTTP/2 without TLS",
            says: "Positions go out over HTTP/2 in the open.",
            args: STANDARD,
            expected: &[(5, Verdict::Refuted)],
        }
        .told(|world| {
            let client = world.client();
            world.lookup(80_000, LOGS.0, LOGS.1);
            Tcp::new(&mut world.recorder, client, end(LOGS.1, 80), World::at(80_100))
                .open()
                .send(Side::Client, &app::http2_preface())
                .send(Side::Client, &drone::position_json(1))
                .close();
        }),
    ]
}

fn outdated() -> Vec<Scenario> {
    vec![
        Card {
            id: "tls-1-0",
            title: "An old version of TLS",
            says: "The first party's server is spoken to in TLS 1.0.",
            args: STANDARD,
            expected: &[(6, Verdict::Refuted)],
        }
        .told(|world| {
            world.note_name(LOGS.0);
            world.lookup(80_000, LOGS.0, LOGS.1);
            let hello = Hello::old(LOGS.0, tls::V1_0);
            let client = world.client();
            let mut noise = world.noise();
            let chain = chain(LOGS.0, Validity::Current);
            Tcp::new(&mut world.recorder, client, end(LOGS.1, 443), World::at(80_100))
                .open()
                .send(Side::Client, &tls::handshake(tls::V1_0, &hello.message(), 16384))
                .send(Side::Server, &tls::flight_1_0(&hello, &chain))
                .send(Side::Client, &tls::client_finish(&mut noise, tls::V1_0))
                .send(Side::Client, &tls::records(23, tls::V1_0, &noise.bytes(2_000), 4096))
                .close();
        }),
        Card {
            id: "tls-without-encryption",
            title: "TLS that does not encrypt",
            says: "The first party's server is spoken to in TLS 1.2 by a suite whose cipher is none.",
            args: STANDARD,
            expected: &[(5, Verdict::Refuted)],
        }
        .told(|world| {
            world.note_name(LOGS.0);
            world.lookup(80_000, LOGS.0, LOGS.1);
            let hello = Hello { versions: vec![tls::V1_2], ..Hello::new(LOGS.0) };
            let chain = chain(LOGS.0, Validity::Current);
            let client = world.client();
            let mut noise = world.noise();
            // Both hellos name TLS_ECDHE_ECDSA_WITH_NULL_SHA instead (RFC 8422).
            let null = |mut bytes: Vec<u8>| {
                if let Some(at) = bytes.windows(2).position(|suite| suite == [0xc0, 0x2b]) {
                    patch(&mut bytes, at, &[0xc0, 0x06]);
                }
                bytes
            };
            Tcp::new(&mut world.recorder, client, end(LOGS.1, 443), World::at(80_100))
                .open()
                .send(Side::Client, &null(tls::handshake(tls::V1_0, &hello.message(), 16384)))
                .send(Side::Server, &null(tls::flight_1_2(&hello, &chain, true)))
                .send(Side::Client, &tls::client_finish(&mut noise, tls::V1_2))
                .send(Side::Server, &tls::client_finish(&mut noise, tls::V1_3))
                .send(Side::Client, &tls::records(23, tls::V1_2, &drone::position_json(1).repeat(40), 4096))
                .close();
        }),
        Card {
            id: "expired-certificate",
            title: "An expired certificate",
            says: "A server's certificate ended in 2020 and the app sends all the same.",
            args: STANDARD,
            expected: &[(6, Verdict::Refuted)],
        }
        .told(|world| {
            world.lookup(80_000, FLYSAFE.0, FLYSAFE.1);
            world.tls_1_2(80_100, FLYSAFE.0, FLYSAFE.1, &chain(FLYSAFE.0, Validity::Expired), true);
        }),
        Card {
            id: "restricted-exceeded",
            title: "More than was granted",
            says: "GEO zones were granted; flight logs go out as well.",
            args: "--mode restricted --window +60s..+120s --station 192.168.1.23 --grant dji.flysafe",
            expected: &[(12, Verdict::Refuted)],
        }
        .told(|world| {
            world.visit(70_000, FLYSAFE, 900);
            world.visit(90_000, LOGS, 30_000);
        }),
    ]
}
