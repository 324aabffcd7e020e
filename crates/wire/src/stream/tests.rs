//! Conversations by hand, and properties that hold for all of them.

use super::testing::{C, H2_HEADERS, H2_SETTINGS, QUERY, Random, S, Said, for_each, framed_dns, h2};
use super::*;
use crate::{NameSource, ProxyTarget};
use creance_model::HostName;

fn name(text: &str) -> HostName {
    HostName::parse(text).unwrap()
}

fn names(facts: &Facts) -> Vec<(&str, NameSource)> {
    facts.names.iter().map(|seen| (seen.name.as_str(), seen.source)).collect()
}

fn all_of(said: &[Said<'_>], client: bool) -> Vec<u8> {
    said.iter().filter(|(from, _)| *from == client).flat_map(|(_, bytes)| bytes.iter().copied()).collect()
}

/// Both sides, whole and ended.
fn whole(said: &[Said<'_>], server_port: u16) -> Inspection {
    let (client, server) = (all_of(said, C), all_of(said, S));
    inspect(Heads { client: &client, server: &server, server_port, client_ended: true, server_ended: true })
}

/// Feeds a conversation in pieces as a caller does, and checks each demand for more.
fn in_pieces(said: &[Said<'_>], server_port: u16, piece: usize) -> Inspection {
    let (mut client, mut server) = (Vec::new(), Vec::new());
    let mut want = Want::More { client: 1, server: 1 };
    let mut last = None;
    let pieces = said
        .iter()
        .flat_map(|(from, bytes)| bytes.chunks(piece).map(move |chunk| Some((*from, chunk))))
        .chain([None]);
    for next in pieces {
        let Want::More { client: need_client, server: need_server } = want else {
            break;
        };
        match next {
            Some((true, chunk)) => client.extend(chunk),
            Some((false, chunk)) => server.extend(chunk),
            None => {}
        }
        let ended = next.is_none();
        if !ended && client.len() < need_client && server.len() < need_server {
            continue;
        }
        let inspection = inspect(Heads {
            client: &client,
            server: &server,
            server_port,
            client_ended: ended,
            server_ended: ended,
        });
        want = inspection.want;
        if let Want::More { client: need_client, server: need_server } = want {
            assert!(!ended, "asks for more after the end");
            assert!(need_client > client.len(), "asks for what is there");
            assert!(need_server > server.len(), "asks for what is there");
            assert!(need_client.min(need_server) < usize::MAX, "asks for nothing");
        }
        last = Some(inspection);
    }
    last.unwrap()
}

#[test]
fn each_protocol_is_recognised() {
    for_each(|what, port, said, layers| {
        assert_eq!(whole(said, port).facts.layers, layers, "{what}");
    });
}

#[test]
fn the_result_does_not_depend_on_the_pieces() {
    for_each(|what, port, said, _| {
        let expected = whole(said, port);
        for piece in [1, 2, 3, 7, 50, 2000] {
            let found = in_pieces(said, port, piece);
            assert_eq!(found.facts, expected.facts, "{what} in pieces of {piece}");
            assert_eq!(found.dns, expected.dns, "{what} in pieces of {piece}");
        }
    });
}

#[test]
fn http_requests_tell_host_path_and_keys() {
    let post = b"POST /up?sn=42&t HTTP/1.1\r\nHost: Up.test\r\nContent-Type: image/jpeg; q=1\r\nContent-Length: 3\r\n\r\nabcGET /two HTTP/1.1\r\nHost: up.test\r\n\r\n";
    let found = whole(&[(C, post)], 80);
    assert_eq!(names(&found.facts), [("up.test", NameSource::HttpHost)]);
    let [first, second] = &found.facts.requests[..] else {
        panic!("two requests: {:?}", found.facts.requests)
    };
    assert_eq!((first.method.as_str(), first.path.as_str()), ("POST", "/up"));
    assert_eq!(first.query_keys, ["sn", "t"]);
    assert_eq!(first.content_type.as_deref(), Some("image/jpeg"));
    assert_eq!(first.content_length, Some(3));
    assert_eq!(second.path, "/two");
    assert!(matches!(found.want, Want::Requests { .. }));
    assert_eq!(found.facts.anomalies, []);
}

#[test]
fn what_does_not_fit_a_request_is_said() {
    let odd = |text: &[u8]| whole(&[(C, text)], 80).facts.anomalies;
    let malformed = Anomaly::Malformed(Protocol::Http);
    assert!(odd(b"GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n").contains(&Anomaly::SeveralNames));
    assert_eq!(odd(b"GET http://a.test/ HTTP/1.1\r\nHost: b.test\r\n\r\n"), [Anomaly::NamesDiffer]);
    assert_eq!(odd(b"GET http://a.test/ HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n"), [Anomaly::NamesDiffer]);
    assert_eq!(odd(b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), [Anomaly::InvalidName("a b".into())]);
    assert_eq!(odd(b"GET /x\r\n"), std::slice::from_ref(&malformed));
    assert_eq!(odd(b"GET / HTTP/1.1\r\nbad header\r\n\r\n"), std::slice::from_ref(&malformed));
    assert_eq!(
        odd(b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        std::slice::from_ref(&malformed)
    );
    assert_eq!(odd(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n\x01\x02\x03"), std::slice::from_ref(&malformed));
    assert_eq!(odd(b"GET / HTTP/1.1\r\nHost: a.test\r\nX-"), [Anomaly::NotFollowed]);
}

#[test]
fn a_later_segment_adds_its_host() {
    let mut facts = Facts::default();
    let left = http::requests_in_segment(b"PUT /1 HTTP/1.1\r\nHost: one.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\nGET /2 HTTP/1.1\r\nHost: two.test\r\n\r\n", &mut facts);
    assert_eq!(names(&facts), [("one.test", NameSource::HttpHost), ("two.test", NameSource::HttpHost)]);
    assert_eq!((left, facts.anomalies.as_slice()), (Some(0), &[Anomaly::NamesDiffer][..]));
    let before = facts.clone();
    assert_eq!(http::requests_in_segment(b"", &mut facts), Some(0));
    assert_eq!(facts, before);
    let post = b"POST / HTTP/1.1\r\nHost: one.test\r\nContent-Length: 9\r\n\r\nbody";
    assert_eq!(http::requests_in_segment(post, &mut facts), Some(5));
    assert!(!facts.anomalies.contains(&Anomaly::NotFollowed));
    assert_eq!(http::requests_in_segment(b"\xff\xd8\xff GET / HTTP/1.1\r\n", &mut facts), None);
    assert!(facts.anomalies.contains(&Anomaly::NotFollowed), "a request may follow");
    facts.anomalies.clear();
    http::requests_in_segment(b"CONNECT x.test:443 HTTP/1.1\r\n\r\n", &mut facts);
    assert_eq!(facts.proxy_targets, [ProxyTarget::Name(name("x.test"), 443)]);
    assert!(facts.anomalies.contains(&Anomaly::NotFollowed));
}

#[test]
fn http2_tells_authority_and_path() {
    let found = whole(&[(C, &h2(&[H2_SETTINGS, H2_HEADERS]))], 80).facts;
    assert_eq!(names(&found), [("h2.test", NameSource::HttpHost)]);
    assert_eq!(found.requests[0].path, "/a");
    assert_eq!(found.requests[0].query_keys, ["k"]);
    // The same block in two frames.
    let (start, rest) = H2_HEADERS[9..].split_at(4);
    let split = h2(&[b"\0\0\x04\x01\0\0\0\0\x01", start, b"\0\0\x0f\x09\x04\0\0\0\x01", rest]);
    assert_eq!(whole(&[(C, &split)], 80).facts, found);
    let broken = h2(&[b"\0\0\x04\x01\0\0\0\0\x01", start, H2_SETTINGS]);
    assert_eq!(whole(&[(C, &broken)], 80).facts.anomalies, [Anomaly::Malformed(Protocol::Http2)]);
}

/// A HEADERS frame that ends its block, with these fields as they stand (RFC 7541, 6.2.2).
fn h2_headers(fields: &[(&str, &str)]) -> Vec<u8> {
    let length = |text: &str| u8::try_from(text.len()).unwrap();
    let field = |(name, value): &(&str, &str)| {
        [&[0, length(name)], name.as_bytes(), &[length(value)], value.as_bytes()].concat()
    };
    let block: Vec<u8> = fields.iter().flat_map(field).collect();
    [&[0, 0, u8::try_from(block.len()).unwrap(), 1, 4, 0, 0, 0, 1], &block[..]].concat()
}

#[test]
fn http2_that_may_name_another_host_is_said() {
    let get = [(":method", "GET"), (":scheme", "http"), (":path", "/")];
    let of = |fields: &[(&str, &str)]| whole(&[(C, &h2(&[&h2_headers(fields)]))], 80).facts;
    let with = |more: &[(&str, &str)]| of(&[&get[..], more].concat());
    for honest in [
        with(&[(":authority", "a.test")]),
        with(&[(":authority", "a.test"), ("host", "a.test"), ("x-note", "b.test")]),
        of(&[(":method", "OPTIONS"), (":path", "*"), (":authority", "a.test")]),
        whole(&[(C, &h2(&[&h2_headers(&get), &h2_headers(&[("grpc-status", "0")])]))], 80).facts,
    ] {
        assert_eq!(honest.anomalies, []);
    }
    let again = [(":authority", "a.test"); 9];
    assert_eq!(with(&again).anomalies, [Anomaly::SeveralNames]);
    assert_eq!(with(&[("host", "a.test"), ("host", "a.test")]).anomalies, [Anomaly::SeveralNames]);
    let many: Vec<_> = again.into_iter().chain([(":authority", "b.test")]).collect();
    assert_eq!(names(&with(&many)).len(), 2);
    let broken = [Anomaly::Malformed(Protocol::Http2)];
    for odd in [
        with(&[("Host", "b.test")]),
        with(&[("x: b\r\nhost", "b.test")]),
        with(&[("x-note", "b\r\nhost: b.test")]),
        with(&[(":path", "http://b.test/")]),
        of(&[(":authority", "b.test"), (":path", "/")]),
        of(&[("host", "b.test")]),
        of(&[(":method", "GET"), (":path", "http://b.test/"), (":authority", "a.test")]),
        of(&[(":method", "GET"), (":authority", "a.test")]),
        whole(&[(C, &h2(&[b"\0\0\0\x05\x04\0\0\0\x01"]))], 80).facts,
    ] {
        assert_eq!(odd.anomalies, broken, "{odd:?}");
    }
}

#[test]
fn what_follows_a_request_for_another_protocol_is_not_passed_over() {
    let asks = |more: &[u8]| {
        let get = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
        whole(&[(C, &[&get[..], more].concat())], 80)
    };
    let alone = asks(b"");
    assert_eq!((alone.facts.anomalies, alone.want), (vec![], Want::Requests { body_left: Some(0) }));
    let post = b"POST / HTTP/1.1\r\nHost: b.test\r\n\r\n";
    let refused = asks(post).facts;
    assert_eq!(names(&refused), [("a.test", NameSource::HttpHost), ("b.test", NameSource::HttpHost)]);
    for more in [[b"\r\n\r\n", &post[..]].concat(), h2(&[H2_SETTINGS, H2_HEADERS]), b"\x16\x03\x01".to_vec()]
    {
        assert_eq!(asks(&more).facts.anomalies, [Anomaly::NotFollowed], "{more:?}");
    }
    let mut facts = Facts::default();
    let get = b"GET / HTTP/1.1\r\nHost: a.test\r\nUpgrade: h2c\r\n\r\n";
    assert_eq!(http::requests_in_segment(get, &mut facts), Some(0));
    assert_eq!(facts.anomalies, []);
}

#[test]
fn proxies_tell_their_targets_and_not_their_passwords() {
    for_each(|what, port, said, _| {
        let facts = whole(said, port).facts;
        let expected: &[(&str, NameSource)] = match what {
            "connect, then http" => {
                &[("c.test", NameSource::HttpProxyTarget), ("c.test", NameSource::HttpHost)]
            }
            "socks 5 by name" => &[("s.test", NameSource::SocksTarget), ("s.test", NameSource::HttpHost)],
            "socks 4a" => &[("s.test", NameSource::SocksTarget)],
            "rtsp" => &[("cam.test", NameSource::RtspAddress)],
            _ => return,
        };
        assert_eq!(names(&facts), expected, "{what}");
        assert_eq!(facts.anomalies, [], "{what}");
    });
    for_each(|what, port, said, _| match what {
        "socks 5 with password" => assert_eq!(
            whole(said, port).facts.proxy_targets,
            [ProxyTarget::Address([192, 0, 2, 7].into(), 80)]
        ),
        "ntrip 1 source" => {
            assert!(!format!("{:?}", whole(said, port).facts).contains("secret"));
        }
        _ => {}
    });
}

#[test]
fn tls_is_found_after_a_switch_and_within_proxies() {
    use crate::tls::testing;
    use Protocol as P;
    let hello = testing::client_hello(&[testing::names(&[b"in.test"])]);
    let hello = testing::records(&hello, 40);
    let answer = testing::server_hello(testing::SERVER_RANDOM, &[7; 32], &[testing::tls13()]);
    let answer = testing::records(&answer, 4096);
    let (hello, answer) = (&hello[..], &answer[..]);
    let xmpp: &[u8] = b"<stream:stream xmlns='jabber:client' to='x.test'>";
    let cases: [(u16, Vec<Said<'_>>, &[Protocol]); 10] = [
        (
            25,
            vec![
                (S, b"220 mx\r\n"),
                (C, b"EHLO me\r\n"),
                (S, b"250-x\r\n250 STARTTLS\r\n"),
                (C, b"starttls\r\n"),
                (S, b"220 go\r\n"),
                (C, hello),
                (S, answer),
            ],
            &[P::Smtp, P::Tls],
        ),
        (
            21,
            vec![(S, b"220 ftp\r\n"), (C, b"AUTH TLS\r\n"), (S, b"234 go\r\n"), (C, hello), (S, answer)],
            &[P::Ftp, P::Tls],
        ),
        (
            110,
            vec![
                (S, b"+OK hi\r\n"),
                (C, b"CAPA\r\n"),
                (S, b"+OK\r\nSTLS\r\n.\r\n"),
                (C, b"STLS\r\n"),
                (S, b"+OK\r\n"),
                (C, hello),
                (S, answer),
            ],
            &[P::Pop3, P::Tls],
        ),
        (
            143,
            vec![(S, b"* OK hi\r\n"), (C, b"a1 STARTTLS\r\n"), (S, b"a1 OK go\r\n"), (C, hello), (S, answer)],
            &[P::Imap, P::Tls],
        ),
        (
            5222,
            vec![
                (C, xmpp),
                (S, xmpp),
                (C, b"<starttls xmlns='t'/>"),
                (S, b"<proceed xmlns='t'/>"),
                (C, hello),
                (S, answer),
            ],
            &[P::Xmpp, P::Tls],
        ),
        (5432, vec![(C, &SSL_REQUEST), (S, b"S"), (C, hello), (S, answer)], &[P::Postgres, P::Tls]),
        (
            8080,
            vec![
                (C, b"CONNECT in.test:443 HTTP/1.1\r\n\r\n"),
                (S, b"HTTP/1.0 200 ok\r\n\r\n"),
                (C, hello),
                (S, answer),
            ],
            &[P::HttpProxy, P::Tls],
        ),
        (
            1080,
            vec![
                (C, b"\x05\x01\0"),
                (S, b"\x05\0"),
                (C, b"\x05\x01\0\x03\x07in.test\x01\xbb"),
                (S, b"\x05\0\0\x01\0\0\0\0\0\0"),
                (C, hello),
                (S, answer),
            ],
            &[P::Socks5, P::Tls],
        ),
        (
            1080,
            vec![
                (C, b"\x05\x01\0"),
                (S, b"\x05\0"),
                (C, b"\x05\x01\0\x03\x07in.test\x03\x55"),
                (S, b"\x05\0\0\x01\0\0\0\0\0\0"),
                (C, hello),
                (S, answer),
            ],
            &[P::Socks5, P::Tls, P::DnsOverTls],
        ),
        (853, vec![(C, hello), (S, answer)], &[P::Tls, P::DnsOverTls]),
    ];
    for (port, said, layers) in cases {
        let found = whole(&said, port);
        assert_eq!(found.facts.layers, layers);
        assert!(names(&found.facts).contains(&("in.test", NameSource::TlsHello)), "{layers:?}");
        assert_eq!(found.facts.tls.as_ref().unwrap().version, Some(0x0304), "{layers:?}");
        assert_eq!(found.facts.anomalies, [], "{layers:?}");
        for piece in [1, 5, 2000] {
            assert_eq!(in_pieces(&said, port, piece).facts, found.facts, "{layers:?} by {piece}");
        }
    }
}

const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

#[test]
fn dns_over_tcp_gives_every_message() {
    let two = [framed_dns(QUERY), framed_dns(QUERY)].concat();
    let found = whole(&[(C, &two)], 53);
    assert_eq!(found.dns[0].len(), 2);
    assert_eq!(found.dns[0][0].questions[0].name, dns::QueryName::Host(name("api.test")));
    let cut = whole(&[(C, &two[..two.len() - 1])], 53);
    assert_eq!((cut.dns[0].len(), cut.facts.anomalies), (1, vec![Anomaly::NotFollowed]));
}

#[test]
fn look_alikes_stay_unknown() {
    let looks: [(u16, &[Said<'_>]); 17] = [
        (80, &[(C, b"INVITE sip:a@b.test SIP/2.0\r\n\r\n")]),
        (80, &[(C, b"OPTIONS icap://a.test/x ICAP/1.0\r\n\r\n")]),
        (80, &[(C, b"GET key\r\n")]),
        (80, &[(C, b"hello world\r\n")]),
        (1080, &[(C, b"\x05\x01\x00"), (S, b"\x05\x07")]),
        (1080, &[(C, b"\x04\x01\x00\x50\x01\x02\x03\x04\0"), (S, b"\x04\x01")]),
        (1080, &[(C, b"\x05hello, this is not a proxy"), (S, b"hello")]),
        (25, &[(S, b"220 hello\r\n"), (C, b"MKDIR x\r\n")]),
        (6379, &[(C, b"PING\r\n"), (S, b"+OK\r\n")]),
        (22, &[(C, b"\x00\x00\x00\x01"), (S, b"\x00\x01")]),
        (1883, &[(C, b"\x10\x10\x00\x04MQXX\x04")]),
        (
            3389,
            &[(C, b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x03\0\0\0"), (S, b"\x03\0\0\x13\x0e\xd0\0\0")],
        ),
        (1935, &[(C, &[3; 1537]), (S, &[9; 1537])]),
        (5222, &[(C, b"<?xml version='1.0'?><plist></plist>")]),
        (5300, &[(C, b"\x00\x0d\x12\x34\x01\x00\x00\x09\x00\x00\x00\x00\x00\x00\x00")]),
        (1194, &[(C, b"\x00\x0e\x38\0\0\0\0\0\0\0\0\0\0\0\0\x01")]),
        (14550, &[(C, b"\xfe\x09\x00\x01\x01\x00\x00\x00\x00\x00\x02\x03\x51\x04\x03\x00\x00")]),
    ];
    for (port, said) in looks {
        let facts = whole(said, port).facts;
        assert_eq!(facts.layers, [], "{:?}", String::from_utf8_lossy(said[0].1));
    }
    let at_53 = whole(&[(C, b"\x00\x0dthis is no DNS at all")], 53);
    assert_eq!(at_53.facts.layers, []);
    assert_eq!(at_53.facts.anomalies, [Anomaly::Malformed(Protocol::Dns)]);
    assert_eq!(at_53.dns, [[], []]);
}

#[test]
fn random_bytes_are_nothing() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..2000 {
        let client: Vec<u8> = (0..100).map(|_| random.byte()).collect();
        let server: Vec<u8> = (0..100).map(|_| random.byte()).collect();
        let facts = whole(&[(C, &client), (S, &server)], 40000).facts;
        assert_eq!(facts.layers, [], "{client:02x?}");
    }
}

#[test]
fn no_mutation_panics_or_asks_dishonestly() {
    let mut random = Random(42);
    for round in 0..700 {
        for_each(|_, port, said, _| {
            let mut changed: Vec<(bool, Vec<u8>)> =
                said.iter().map(|(from, bytes)| (*from, bytes.to_vec())).collect();
            let at = random.below(changed.len());
            random.mutate(&mut changed[at].1);
            let said: Vec<Said<'_>> = changed.iter().map(|(from, bytes)| (*from, &bytes[..])).collect();
            let piece = [3, 40, 2000][round % 3];
            in_pieces(&said, port, piece);
        });
    }
}
