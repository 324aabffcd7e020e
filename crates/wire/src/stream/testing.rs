//! Conversations of each protocol, and bytes by chance, for tests.

use crate::Protocol;

/// Whether the client speaks, and what is said.
pub(super) type Said<'a> = (bool, &'a [u8]);
pub(super) const C: bool = true;
pub(super) const S: bool = false;

pub(super) fn h2(frames: &[&[u8]]) -> Vec<u8> {
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &frames.concat()[..]].concat()
}

pub(super) fn framed_dns(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap();
    [&length.to_be_bytes()[..], message].concat()
}

pub(super) const QUERY: &[u8] =
    b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03api\x04test\x00\x00\x01\x00\x01";
pub(super) const H2_SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
/// `:method GET`, `:scheme http`, `:path /a?k=v`, `:authority h2.test`.
pub(super) const H2_HEADERS: &[u8] = b"\0\0\x13\x01\x04\0\0\0\x01\x82\x86\x04\x06/a?k=v\x41\x07h2.test";

/// A name for the table, its port, what is said, and the layers that must be found.
type Conversation<'a> = (&'a str, u16, Vec<Said<'a>>, &'a [Protocol]);

fn conversations<'a>(dns: &'a [u8], h2: &'a [u8], rtmp: &'a [u8]) -> Vec<Conversation<'a>> {
    use Protocol as P;
    vec![
        ("http", 8080, vec![(C, b"GET /a?x=1 HTTP/1.1\r\nHost: A.test:8080\r\n\r\n")], &[P::Http]),
        ("http lower-case method", 80, vec![(C, b"get / HTTP/1.1\r\nhost: a.test\r\n\r\n")], &[P::Http]),
        ("http 0.9", 80, vec![(C, b"GET /old\r\n")], &[P::Http]),
        ("http answer alone", 80, vec![(S, b"HTTP/1.1 200 OK\r\n\r\n")], &[P::Http]),
        (
            "http with its sides swapped",
            4000,
            vec![(C, b"HTTP/1.1 200 OK\r\n\r\n"), (S, b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")],
            &[P::Http],
        ),
        (
            "proxy header 1",
            443,
            vec![(C, b"PROXY TCP4 192.0.2.1 192.0.2.2 4000 80\r\nGET / HTTP/1.1\r\nHost: p.test\r\n\r\n")],
            &[P::ProxyHeader, P::Http],
        ),
        (
            "proxy header 2",
            443,
            vec![(C, b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\0\0\0\0\0\0\0\0\0\0\0\0GET / HTTP/1.1\r\nHost: p.test\r\n\r\n")],
            &[P::ProxyHeader, P::Http],
        ),
        (
            "absolute target",
            3128,
            vec![(C, b"GET http://b.test/p HTTP/1.1\r\nHost: b.test\r\n\r\n")],
            &[P::HttpProxy, P::Http],
        ),
        (
            "connect, then http",
            3128,
            vec![
                (C, b"CONNECT c.test:80 HTTP/1.1\r\nHost: c.test:80\r\n\r\n"),
                (S, b"HTTP/1.1 200 OK\r\n\r\n"),
                (C, b"GET / HTTP/1.1\r\nHost: c.test\r\n\r\n"),
            ],
            &[P::HttpProxy, P::Http],
        ),
        (
            "connect, refused once",
            3128,
            vec![
                (C, b"CONNECT c.test:22 HTTP/1.1\r\n\r\n"),
                (S, b"HTTP/1.1 407 Who\r\nContent-Length: 3\r\n\r\nno!"),
                (C, b"CONNECT c.test:22 HTTP/1.1\r\nProxy-Authorization: x\r\n\r\n"),
                (S, b"HTTP/1.1 200 OK\r\n\r\nSSH-2.0-x\r\n"),
                (C, b"SSH-2.0-y\r\n"),
            ],
            &[P::HttpProxy, P::Ssh],
        ),
        ("http2", 80, vec![(C, h2)], &[P::Http2]),
        (
            "ntrip 2",
            2101,
            vec![(C, b"GET /MOUNT HTTP/1.1\r\nHost: n.test\r\nNtrip-Version: Ntrip/2.0\r\n\r\n")],
            &[P::Ntrip],
        ),
        (
            "ntrip 1 source",
            2101,
            vec![(C, b"SOURCE secret MOUNT\r\nSource-Agent: NTRIP x\r\n\r\n"), (S, b"ICY 200 OK\r\n")],
            &[P::Ntrip],
        ),
        ("rtsp", 554, vec![(C, b"OPTIONS rtsp://cam.test:554/live RTSP/1.0\r\nCSeq: 1\r\n\r\n")], &[P::Rtsp]),
        (
            "socks 5 by name",
            1080,
            vec![
                (C, b"\x05\x01\x00"),
                (S, b"\x05\x00"),
                (C, b"\x05\x01\x00\x03\x06s.test\x00\x50"),
                (S, b"\x05\x00\x00\x01\0\0\0\0\0\0"),
                (C, b"GET / HTTP/1.1\r\nHost: s.test\r\n\r\n"),
            ],
            &[P::Socks5, P::Http],
        ),
        (
            "socks 5 with password",
            1080,
            vec![
                (C, b"\x05\x02\x00\x02"),
                (S, b"\x05\x02"),
                (C, b"\x01\x01u\x01p"),
                (S, b"\x01\x00"),
                (C, b"\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x50"),
                (S, b"\x05\x05\x00\x01\0\0\0\0\0\0"),
            ],
            &[P::Socks5],
        ),
        (
            "socks 4a",
            1080,
            vec![
                (C, b"\x04\x01\x00\x16\0\0\0\x01me\0s.test\0"),
                (S, b"\x00\x5a\0\0\0\0\0\0SSH-2.0-x\r\n"),
                (C, b"SSH-2.0-y\r\n"),
            ],
            &[P::Socks4, P::Ssh],
        ),
        (
            "smtp",
            25,
            vec![
                (S, b"220 mx ready\r\n"),
                (C, b"EHLO me\r\n"),
                (S, b"250 OK\r\n"),
                (C, b"MAIL FROM:<a@b>\r\n"),
            ],
            &[P::Smtp],
        ),
        (
            "smtp, switch refused",
            25,
            vec![
                (S, b"220 mx ready\r\n"),
                (C, b"EHLO me\r\n"),
                (S, b"250 STARTTLS\r\n"),
                (C, b"STARTTLS\r\n"),
                (S, b"454 not now\r\n"),
                (C, b"MAIL FROM:<a@b>\r\n"),
            ],
            &[P::Smtp],
        ),
        ("ftp", 21, vec![(S, b"220-hi\r\n220 there\r\n"), (C, b"USER a\r\n")], &[P::Ftp]),
        ("pop3", 110, vec![(S, b"+OK ready\r\n"), (C, b"USER a\r\n")], &[P::Pop3]),
        ("imap", 143, vec![(S, b"* OK ready\r\n"), (C, b"a1 LOGIN u p\r\n")], &[P::Imap]),
        (
            "xmpp",
            5222,
            vec![(C, b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' to='x.test'>")],
            &[P::Xmpp],
        ),
        (
            "postgres in clear",
            5432,
            vec![(C, b"\0\0\0\x08\x04\xd2\x16\x2f"), (S, b"N"), (C, b"\0\0\0\x14\0\x03\0\0user\0abcd\0\0")],
            &[P::Postgres],
        ),
        ("ssh", 2222, vec![(S, b"SSH-2.0-x\r\n"), (C, b"SSH-2.0-y\r\n")], &[P::Ssh]),
        ("mqtt", 9999, vec![(C, b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04abcd")], &[P::Mqtt]),
        ("mqtt 3.1", 9999, vec![(C, b"\x10\x80\x01\x00\x06MQIsdp\x03\x02\x00\x3c")], &[P::Mqtt]),
        ("stun", 3478, vec![(C, b"\0\x01\0\0\x21\x12\xa4\x42abcdefghijkl")], &[P::Stun]),
        ("rtmp", 1935, vec![(C, rtmp), (S, rtmp)], &[P::Rtmp]),
        ("dns", 53, vec![(C, dns), (S, dns)], &[P::Dns]),
        ("dns elsewhere", 5300, vec![(C, dns)], &[P::Dns]),
    ]
}

pub(super) fn for_each(mut check: impl FnMut(&str, u16, &[Said<'_>], &[Protocol])) {
    let dns = framed_dns(QUERY);
    let h2 = h2(&[H2_SETTINGS, H2_HEADERS]);
    let mut rtmp = vec![3, 1, 2, 3, 4, 0, 0, 0, 0];
    rtmp.resize(1537, 0x5a);
    for (what, port, said, layers) in conversations(&dns, &h2, &rtmp) {
        check(what, port, &said, layers);
    }
}

/// Xorshift, seeded: the same bytes in every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap()
    }

    /// Changes, drops, doubles or cuts a few bytes.
    pub(crate) fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            match self.below(5) {
                _ if bytes.is_empty() => bytes.push(self.byte()),
                0 => bytes[at] = self.byte(),
                1 => bytes[at] ^= 1 << self.below(8),
                2 => drop(bytes.remove(at)),
                3 => bytes.insert(at, [0, 0xff, 0x16, b'\n'][self.below(4)]),
                _ => bytes.truncate(at),
            }
        }
    }
}
