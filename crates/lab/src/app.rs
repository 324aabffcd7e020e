//! What ordinary programs say to each other, in the open.

use crate::bytes::{Put, Sequence, len16, low8, patch};

/// An HTTP/1.1 request with a body of `body` bytes of text.
#[must_use]
pub fn http_request(method: &str, host: &str, path: &str, body: usize) -> Vec<u8> {
    let mut out = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: lab/1\r\n");
    if body > 0 {
        out.push_str(&format!("Content-Length: {body}\r\n"));
    }
    out.push_str("\r\n");
    out.push_str(&"x".repeat(body));
    out.into_bytes()
}

/// An HTTP/1.1 request with a body of this kind.
#[must_use]
pub fn http_post(host: &str, path: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let mut out = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    out.put(body);
    out
}

/// An HTTP/1.1 answer with a body of `body` bytes.
#[must_use]
pub fn http_response(status: &str, body: usize) -> Vec<u8> {
    let mut out = format!("HTTP/1.1 {status}\r\nContent-Length: {body}\r\n\r\n");
    out.push_str(&"y".repeat(body));
    out.into_bytes()
}

/// A request to a proxy to connect to a host (RFC 9110, 9.3.6).
#[must_use]
pub fn http_connect(host: &str, port: u16) -> Vec<u8> {
    format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n").into_bytes()
}

/// The opening of cleartext HTTP/2 (RFC 9113, 3.4): the preface and empty settings.
#[must_use]
pub fn http2_preface() -> Vec<u8> {
    let mut out = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    out.put(&[0, 0, 0, 4, 0, 0, 0, 0, 0]);
    out
}

/// The client's two messages of SOCKS5 (RFC 1928): greeting, then connect to a name.
#[must_use]
pub fn socks5(host: &str, port: u16) -> [Vec<u8>; 2] {
    let mut connect = vec![5, 1, 0, 3];
    connect.sized(1, |name| {
        name.put(host.as_bytes());
    });
    connect.u16(port);
    [vec![5, 1, 0], connect]
}

/// The server's two answers of SOCKS5.
#[must_use]
pub fn socks5_answers() -> [Vec<u8>; 2] {
    [vec![5, 0], vec![5, 0, 0, 1, 0, 0, 0, 0, 0, 0]]
}

/// The lines up to the start of TLS in SMTP (RFC 3207): who speaks (true is the client), what.
#[must_use]
pub fn smtp_starttls(server: &str) -> Vec<(bool, Vec<u8>)> {
    vec![
        (false, format!("220 {server} ESMTP\r\n").into_bytes()),
        (true, b"EHLO station.lan\r\n".to_vec()),
        (false, format!("250-{server}\r\n250 STARTTLS\r\n").into_bytes()),
        (true, b"STARTTLS\r\n".to_vec()),
        (false, b"220 go ahead\r\n".to_vec()),
    ]
}

/// An NTP client's request, version 4 (RFC 5905).
#[must_use]
pub fn ntp() -> Vec<u8> {
    let mut out = vec![0x23, 0, 6, 0xec];
    out.zeros(36).u64(0xed00_0000_8000_0000);
    out
}

/// A STUN binding request (RFC 8489).
#[must_use]
pub fn stun(noise: &mut Sequence) -> Vec<u8> {
    let mut out = Vec::new();
    out.u16(1).u16(0).u32(0x2112_a442).put(&noise.bytes(12));
    out
}

/// The same with the name of a program (attribute SOFTWARE), padded with zeros to four bytes.
#[must_use]
pub fn stun_saying(noise: &mut Sequence, software: &[u8]) -> Vec<u8> {
    let mut out = stun(noise);
    out.u16(0x8022).u16(len16(software.len())).put(software);
    out.resize(out.len().next_multiple_of(4), 0);
    let length = len16(out.len() - 20);
    patch(&mut out, 2, &length.to_be_bytes());
    out
}

/// A message of STUN (RFC 8489, 5) with the bits of its method and class, and its attributes.
#[must_use]
pub fn stun_message(noise: &mut Sequence, kind: u16, attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (number, value) in attributes {
        body.u16(*number).u16(len16(value.len())).put(value);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    let mut out = Vec::new();
    out.u16(kind).u16(len16(body.len())).u32(0x2112_a442).put(&noise.bytes(12)).put(&body);
    out
}

/// The client's request to a SOCKS5 server to pass on datagrams (RFC 1928, 4), behind the greeting.
#[must_use]
pub fn socks5_associate() -> Vec<u8> {
    vec![5, 3, 0, 1, 0, 0, 0, 0, 0, 0]
}

/// A datagram for a SOCKS5 server to pass on to a name (RFC 1928, 7).
#[must_use]
pub fn socks5_datagram(host: &str, port: u16, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, 0, 3];
    out.sized(1, |name| {
        name.put(host.as_bytes());
    });
    out.u16(port).put(bytes);
    out
}

/// An MQTT 3.1.1 CONNECT with a client id, user name and password.
#[must_use]
pub fn mqtt_connect(client: &str, user: &str) -> Vec<u8> {
    let mut out = vec![0x10];
    out.sized(1, |body| {
        body.u16(4).put(b"MQTT").u8(4).u8(0xc2).u16(60);
        for text in [client, user, "secret"] {
            body.u16(len16(text.len())).put(text.as_bytes());
        }
    });
    out
}

/// An RTSP DESCRIBE (RFC 7826).
#[must_use]
pub fn rtsp(url: &str) -> Vec<u8> {
    format!("DESCRIBE {url} RTSP/1.0\r\nCSeq: 2\r\nAccept: application/sdp\r\n\r\n").into_bytes()
}

/// The first bytes of RTMP: version and the client's handshake of 1536 bytes.
#[must_use]
pub fn rtmp(noise: &mut Sequence) -> Vec<u8> {
    let mut out = vec![3];
    out.u32(0).u32(0).put(&noise.bytes(1528));
    out
}

/// An RTP packet (RFC 3550) of H.264 video.
#[must_use]
pub fn rtp(noise: &mut Sequence, number: u16, size: usize) -> Vec<u8> {
    let mut out = vec![0x80, 96];
    out.u16(number).u32(u32::from(number) * 3000).u32(0x00c0_ffee);
    out.put(&noise.bytes(size));
    out
}

/// A DHCP discover (RFC 2131) with a host name.
#[must_use]
pub fn dhcp_discover(card: [u8; 6], host: &str) -> Vec<u8> {
    let mut out = vec![1, 1, 6, 0];
    out.u32(0x3903_f326).zeros(20).put(&card).zeros(202);
    out.u32(0x6382_5363).put(&[53, 1, 1]);
    out.u8(12).u8(low8(host.len() as u64)).put(host.as_bytes()).u8(255);
    out
}

/// A NetBIOS question for the names of a machine (RFC 1002, 4.2.17), with a record behind it that
/// may hold anything.
#[must_use]
pub fn netbios_status(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    out.u16(1).u16(0x0110).u16(1).u16(0).u16(0).u16(1);
    // The name of all machines, in half bytes from A on.
    out.u8(32).put(b"CK").put(&[b'A'; 30]).u8(0).u16(0x21).u16(1);
    out.u16(0xc00c).u16(10).u16(1).u32(0).u16(len16(data.len())).put(data);
    out
}

/// An SSDP search.
#[must_use]
pub fn ssdp_search(group: &str) -> Vec<u8> {
    format!(
        "M-SEARCH * HTTP/1.1\r\nHOST: {group}:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n"
    )
    .into_bytes()
}

/// The first record of DTLS 1.2: a handshake of `size` bytes of noise.
#[must_use]
pub fn dtls(noise: &mut Sequence, size: usize) -> Vec<u8> {
    let mut out = vec![22, 0xfe, 0xfd];
    out.u64(0).sized(2, |body| {
        body.u8(1).put(&noise.bytes(size));
    });
    out
}

/// A label of DNS that carries 20 bytes of noise in base 32.
#[must_use]
pub fn tunnel_label(noise: &mut Sequence) -> String {
    const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    (0..32)
        .filter_map(|_| DIGITS.get(usize::from(low8(noise.next() % 32))))
        .map(|byte| char::from(*byte))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::hex;

    #[test]
    fn messages_have_the_sizes_and_marks_of_their_standards() {
        assert_eq!(ntp().len(), 48);
        assert_eq!(rtmp(&mut Sequence::new(1)).len(), 1537);
        assert_eq!(stun(&mut Sequence::new(1))[..8], hex("0001 0000 2112a442"));
        let saying = stun_saying(&mut Sequence::new(1), b"lab/1");
        assert_eq!(
            (&saying[..4], &saying[20..]),
            (&hex("0001 000c")[..], &hex("8022 0005 6c61622f31 000000")[..])
        );
        assert_eq!(netbios_status(b"xy")[46..], hex("0021 0001 c00c 000a 0001 00000000 0002 7879"));
        assert_eq!(
            http_post("a", "/", "b", b"cd").get(15..),
            Some(&b"\r\nHost: a\r\nContent-Type: b\r\nContent-Length: 2\r\n\r\ncd"[..])
        );
        assert_eq!(mqtt_connect("c", "u")[..12], hex("1018 0004 4d515454 04 c2 003c"));
        assert_eq!(socks5("a.b", 443)[1], hex("05010003 03 612e62 01bb"));
        assert_eq!(dhcp_discover([2; 6], "x")[236..240], hex("63825363"));
        assert_eq!(tunnel_label(&mut Sequence::new(1)).len(), 32);
    }
}
