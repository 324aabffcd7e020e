//! Requests in the open that say one thing to a reader and another to whoever gets them.

use super::requests::fetched;
use super::world::{BUGLY, TILES};
use super::{Scenario, UNDECIDED, UPHELD};
use crate::bytes::{Put, low8, low32};
use crate::{Side, Tcp, app};
use creance_model::Duration;

pub(super) fn all() -> Vec<Scenario> {
    [resent(), vec![rtsp()], upgraded(), http2(), honest()].concat()
}

/// A request for the exempt host, and one of the same length for a denied one.
fn pair() -> [Vec<u8>; 2] {
    let exempt = app::http_request("POST", TILES.0, "/rqd/async", 700);
    let path = "/rqd/async".get(..10 + TILES.0.len() - BUGLY.0.len()).unwrap_or("/");
    [exempt, app::http_request("POST", BUGLY.0, path, 700)]
}

/// The next bytes take the place of so many that were sent.
fn back<'t, 'r>(tcp: &'t mut Tcp<'r>, bytes: usize) -> &'t mut Tcp<'r> {
    tcp.gap(Side::Client, 0_u32.wrapping_sub(low32(bytes as u64)))
}

fn resent() -> Vec<Scenario> {
    vec![
        fetched(
            (
                "http-said-twice",
                "A request said twice",
                "A request for the exempt host is followed by one for a denied host in its place, of the same length.",
            ),
            UNDECIDED,
            |tcp| {
                let [exempt, denied] = pair();
                back(tcp.send_sizes(Side::Client, &exempt, &[]), exempt.len()).send(Side::Client, &denied);
            },
        ),
        fetched(
            (
                "http-later-request-said-twice",
                "A later request said twice",
                "The same for the second request of a connection.",
            ),
            UNDECIDED,
            |tcp| {
                let [exempt, denied] = pair();
                tcp.send(Side::Client, &app::http_request("GET", TILES.0, "/vt", 0));
                tcp.send(Side::Server, &app::http_response("200 OK", 40));
                back(tcp.send_sizes(Side::Client, &exempt, &[]), exempt.len()).send(Side::Client, &denied);
            },
        ),
        fetched(
            (
                "http-before-the-beginning",
                "A request before the beginning",
                "After a request for the exempt host one for a denied host has numbers from before the connection's first.",
            ),
            UNDECIDED,
            |tcp| {
                let [exempt, denied] = pair();
                tcp.send(Side::Client, &exempt).send(Side::Server, &app::http_response("200 OK", 40));
                back(tcp, exempt.len() + 3_000).send_sizes(Side::Client, &denied, &[]);
                tcp.gap(Side::Client, low32((exempt.len() + 3_000 - denied.len()) as u64));
            },
        ),
        fetched(
            (
                "http-out-of-order",
                "A request that came out of order",
                "The end of a request for a denied host comes first, then one for the exempt host, which stands before it, and then its beginning.",
            ),
            UNDECIDED,
            |tcp| {
                let [exempt, denied] = pair();
                let (start, rest) = denied.split_at(denied.len() / 2);
                tcp.gap(Side::Client, low32((exempt.len() + start.len()) as u64));
                back(tcp.send_sizes(Side::Client, rest, &[]), exempt.len() + denied.len());
                tcp.send_sizes(Side::Client, &exempt, &[]).send_sizes(Side::Client, start, &[]);
                tcp.gap(Side::Client, low32(rest.len() as u64));
            },
        ),
        fetched(
            (
                "http2-said-twice",
                "HTTP/2 said twice",
                "A connection of HTTP/2 to the exempt host is closed; the same numbers then carry a request for a denied host.",
            ),
            UNDECIDED,
            |tcp| {
                let [exempt, denied] = [TILES.0, BUGLY.0].map(|host| h2_request(1, &[(":authority", host)]));
                tcp.send(Side::Client, &app::http2_preface()).send(Side::Client, &exempt).close();
                back(tcp, exempt.len() + 1).send_sizes(Side::Client, &denied, &[]);
            },
        ),
    ]
}

/// A request for the exempt host that asks for another protocol.
fn asks_for(protocol: &str) -> Vec<u8> {
    format!("GET /vt HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n\r\n", TILES.0)
        .into_bytes()
}

/// Whom RTSP is for says its first request alone.
fn rtsp() -> Scenario {
    let says = "A request of RTSP for the exempt host goes before a denied host's of HTTP.";
    fetched(("rtsp-then-http", "A request behind one of RTSP", says), UNDECIDED, |tcp| {
        tcp.send(Side::Client, &app::rtsp(&format!("rtsp://{}/vt", TILES.0)));
        tcp.send(Side::Server, b"RTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\n");
        tcp.send(Side::Client, &app::http_request("POST", BUGLY.0, "/rqd/async", 700));
    })
}

fn upgraded() -> Vec<Scenario> {
    let denied = app::http_request("POST", BUGLY.0, "/rqd/async", 700);
    let h2 = [app::http2_preface(), h2_request(3, &[(":authority", BUGLY.0)])].concat();
    [
        (
            "http-upgrade-then-request",
            "A request behind one for another protocol",
            "A request for the exempt host asks for another protocol, is not granted it, and a denied host's request follows behind two empty lines.",
            [&b"\r\n\r\n"[..], &denied].concat(),
        ),
        (
            "http-upgrade-then-http2",
            "HTTP/2 behind a request for it",
            "A request for the exempt host asks for HTTP/2, and HTTP/2 for a denied host follows at once.",
            h2,
        ),
    ]
    .into_iter()
    .map(|(id, title, says, behind)| {
        fetched((id, title, says), UNDECIDED, move |tcp| {
            tcp.send(Side::Client, &[asks_for("h2c"), behind].concat());
        })
    })
    .collect()
}

/// A request of HTTP/2 with these fields beside the usual ones, each as it stands (RFC 7541, 6.2.2).
fn h2_request(stream: u32, more: &[(&str, &str)]) -> Vec<u8> {
    let usual = [(":method", "POST"), (":scheme", "http"), (":path", "/vt")];
    let usual = usual.iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
    h2_headers(stream, usual.chain(more))
}

/// A HEADERS frame that ends its block and its stream (RFC 9113, 6.2).
fn h2_headers<'f>(stream: u32, fields: impl Iterator<Item = &'f (&'f str, &'f str)>) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields.filter(|(_, value)| !value.is_empty()) {
        block.u8(0).u8(low8(name.len() as u64)).put(name.as_bytes());
        block.u8(low8(value.len() as u64)).put(value.as_bytes());
    }
    let mut out = Vec::new();
    out.u8(0).sized(2, |length| {
        length.put(&block);
    });
    let body = out.split_off(3);
    out.put(&[1, 5]).u32(stream).put(&body);
    out
}

fn http2() -> Vec<Scenario> {
    let authorities = [(":authority", TILES.0); 40];
    let ninth: Vec<_> = authorities.into_iter().chain([(":authority", BUGLY.0)]).collect();
    let path = format!("http://{}/rqd", BUGLY.0);
    let exempt = h2_request(1, &[(":authority", TILES.0)]);
    [
        (
            "http2-many-hosts",
            "One more host",
            "A request names the exempt host forty times and a denied host once.",
            vec![h2_request(1, &ninth)],
        ),
        (
            "http2-host-in-capitals",
            "A host in capitals",
            "A request names the exempt host, and a denied host in a field whose name is written with a capital.",
            vec![h2_request(1, &[(":authority", TILES.0), ("Host", BUGLY.0)])],
        ),
        (
            "http2-host-without-method",
            "A host without a method",
            "Behind a request for the exempt host stand fields that name a denied host and no method.",
            vec![exempt.clone(), h2_request(3, &[(":method", ""), (":authority", BUGLY.0)])],
        ),
        (
            "http2-host-in-path",
            "A host in the path",
            "Behind a request for the exempt host stands one that names a denied host in its path alone.",
            vec![exempt, h2_request(3, &[(":path", &path)])],
        ),
    ]
    .into_iter()
    .map(|(id, title, says, requests)| {
        fetched((id, title, says), UNDECIDED, move |tcp| {
            tcp.send(Side::Client, &app::http2_preface()).send(Side::Client, &requests.concat());
        })
    })
    .collect()
}

/// What is lost is sent again, in other pieces at times; who is not answered asks again.
fn honest() -> Vec<Scenario> {
    vec![
        fetched(
            (
                "local-data-exempt-http-resent",
                "Exempt tiles in the open, sent again",
                "Requests and bodies for the exempt host are sent again as they were, in other pieces; the first asks for HTTP/2 in vain; bytes of nothing keep the connection alive.",
            ),
            UPHELD,
            |tcp| {
                let [get, post] = [asks_for("h2c"), app::http_request("POST", TILES.0, "/vt", 4_000)];
                tcp.send_sizes(Side::Client, &get, &[30]);
                back(tcp, get.len()).send(Side::Client, &get);
                tcp.send(Side::Server, &app::http_response("200 OK", 40));
                for _ in 0..3 {
                    tcp.wait(Duration(500_000_000));
                    back(tcp, 1).send_sizes(Side::Client, &[0], &[]).acknowledge(Side::Server);
                }
                tcp.send_sizes(Side::Client, &post, &[100, 1_300, 1_300]);
                back(tcp, post.len()).send(Side::Client, &post);
                back(tcp, 2_000).send(Side::Client, post.get(post.len() - 2_000..).unwrap_or_default());
                tcp.send(Side::Server, &app::http_response("200 OK", 40));
                tcp.send(Side::Client, &app::http_request("GET", TILES.0, "/vt", 0)).retransmit();
            },
        ),
        fetched(
            (
                "local-data-exempt-http2",
                "Exempt tiles over HTTP/2 in the open",
                "The exempt host is asked twice over HTTP/2 without TLS, once with both fields that name a host; what was lost is sent again.",
            ),
            UPHELD,
            |tcp| {
                tcp.send(Side::Client, &app::http2_preface());
                tcp.send(Side::Client, &h2_request(1, &[(":authority", TILES.0), ("x-note", "a")]))
                    .retransmit();
                tcp.send(Side::Client, &h2_request(3, &[(":authority", TILES.0), ("host", TILES.0)]));
            },
        ),
    ]
}
