//! Which addresses names have in the small internet. A name's address follows from the name, so
//! that whoever knows the name knows where its packets go.
//!
//! - Any name has one IPv4 address in 11.0.0.0/9 and one IPv6 address in 2a10:1ab::/32.
//! - Names below a suffix of [`SHARED`] have 11.255.0.80 and 2a10:1ab:ffff::80, as those behind a
//!   delivery network share theirs.
//! - Names below `nx.example` and below `invalid` do not exist.
//! - A label that begins with `v4` or `v6` gives a name addresses of that version alone.
//! - HTTPS records offer `h3` and `h2`, and a key for ECH unless a label is `no-ech`.
//!
//! Both networks are such as a gateway takes for the internet, and nobody's who is named here.

use crate::bytes::{Put, Sequence, low8, seed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Suffixes whose names share an address.
pub const SHARED: [&str; 6] =
    ["cdn.example", "cloudfront.net", "akamaiedge.net", "azureedge.net", "fastly.net", "cloudflare.net"];

/// A name as it is looked up here: lower case, without a final dot.
fn folded(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

fn below(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether a name exists.
#[must_use]
pub fn exists(name: &str) -> bool {
    let name = folded(name);
    !below(&name, "nx.example") && !below(&name, "invalid")
}

/// The IPv4 address of a name that exists and has one.
#[must_use]
pub fn v4(name: &str) -> Option<Ipv4Addr> {
    let name = folded(name);
    if !exists(&name) || name.split('.').any(|label| label.starts_with("v6")) {
        return None;
    }
    if SHARED.iter().any(|suffix| below(&name, suffix)) {
        return Some(Ipv4Addr::new(11, 255, 0, 80));
    }
    let hash = mixed(&name);
    Some(Ipv4Addr::new(11, low8(hash >> 16) & 0x7f, low8(hash >> 8), low8(hash)))
}

/// The IPv6 address of a name that exists and has one.
#[must_use]
pub fn v6(name: &str) -> Option<Ipv6Addr> {
    let name = folded(name);
    if !exists(&name) || name.split('.').any(|label| label.starts_with("v4")) {
        return None;
    }
    let network = u128::from(0x2a10_01ab_u32) << 96;
    if SHARED.iter().any(|suffix| below(&name, suffix)) {
        return Some(Ipv6Addr::from_bits(network | 0xffff << 80 | 0x80));
    }
    Some(Ipv6Addr::from_bits(network | u128::from(mixed(&name))))
}

/// All addresses of a name, IPv4 first.
#[must_use]
pub fn all(name: &str) -> Vec<IpAddr> {
    v4(name).map(IpAddr::V4).into_iter().chain(v6(name).map(IpAddr::V6)).collect()
}

/// The ECH configurations (RFC 9849, 4) that the HTTPS record of a name holds.
#[must_use]
pub fn ech(name: &str) -> Option<Vec<u8>> {
    let name = folded(name);
    if name.split('.').any(|label| label == "no-ech") {
        return None;
    }
    let mut key = Sequence::new(seed(&name));
    let mut out = Vec::new();
    out.sized(2, |list| {
        list.u16(0xfe0d).sized(2, |config| {
            // X25519, HKDF-SHA256, AES-128-GCM; names of up to 64 bytes; the name outside.
            config.u8(0x42).u16(0x20).sized(2, |out| {
                out.put(&key.bytes(32));
            });
            config.u16(4).u16(1).u16(1).u8(64);
            config.sized(1, |out| {
                out.put(b"public.example");
            });
            config.u16(0);
        });
    });
    Some(out)
}

/// The seed's low bits differ little for names that differ little.
fn mixed(name: &str) -> u64 {
    Sequence::new(seed(name)).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_follow_from_names() {
        assert_eq!(v4("Api.DJI.example."), v4("api.dji.example"));
        assert_ne!(v4("api.dji.example"), v4("apj.dji.example"));
        assert_ne!(v6("api.dji.example"), v6("apj.dji.example"));
        assert_eq!(v4("a.cdn.example"), v4("b.cdn.example"));
        assert_ne!(v4("a.cdn.example"), v4("acdn.example"));
        assert_eq!(all("x.nx.example"), []);
        assert_eq!(all("v6only.example").len(), 1);
        let octets = v4("api.dji.example").unwrap().octets();
        assert!(octets[0] == 11 && octets[1] < 128, "{octets:?}");
        assert_eq!(v6("a.cdn.example").unwrap().to_string(), "2a10:1ab:ffff::80");
        let configs = ech("api.dji.example").unwrap();
        assert_eq!(usize::from(configs[1]) + 2, configs.len());
        assert_eq!(configs[2..4], [0xfe, 0x0d]);
        assert_eq!(ech("no-ech.dji.example"), None);
    }
}
