//! Addresses that stand for no server on the public internet, or for another address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use creance_model::{Scope, scope};

/// What an address is, before any table is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An ordinary public address.
    Public,
    /// Not routed on the public internet; what it is.
    NotPublic(&'static str),
    /// A tunnel whose far end the address does not tell.
    Tunnel(&'static str),
    /// It stands for an IPv4 address.
    Embeds(Ipv4Addr, &'static str),
}

pub(crate) fn kind(addr: IpAddr) -> Kind {
    let known = match addr {
        IpAddr::V4(addr) => v4(addr),
        IpAddr::V6(addr) => v6(addr),
    };
    known.unwrap_or_else(|| by_scope(addr))
}

fn by_scope(addr: IpAddr) -> Kind {
    match scope(addr) {
        Scope::Loopback => Kind::NotPublic("loopback address"),
        Scope::LinkGroup => Kind::NotPublic("broadcast or multicast on the link"),
        Scope::LinkUnicast => Kind::NotPublic("link-local address"),
        Scope::WideGroup => Kind::NotPublic("multicast address"),
        Scope::Private => Kind::NotPublic("private address"),
        Scope::Reserved => Kind::NotPublic("documentation, test or reserved address"),
        Scope::Global => Kind::Public,
    }
}

fn v4(addr: Ipv4Addr) -> Option<Kind> {
    // 192.0.0.0/24: protocol assignments (RFC 6890), such as DS-Lite.
    matches!(addr.octets(), [192, 0, 0, _]).then_some(Kind::NotPublic("address of a protocol (192.0.0.0/24)"))
}

fn v6(addr: Ipv6Addr) -> Option<Kind> {
    let [a, b, c, d, e, f, g, h] = addr.segments();
    let low = |high: u16, low: u16| {
        let [w, x] = high.to_be_bytes();
        let [y, z] = low.to_be_bytes();
        Ipv4Addr::new(w, x, y, z)
    };
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0xffff] => Some(Kind::Embeds(low(g, h), "IPv4-mapped address")),
        // RFC 6052: networks without IPv4 reach IPv4 servers so.
        [0x64, 0xff9b, 0, 0, 0, 0] => Some(Kind::Embeds(low(g, h), "NAT64 address")),
        // RFC 8215: how the IPv4 address stands in it is the network's own choice.
        [0x64, 0xff9b, 1, ..] => Some(Kind::Tunnel("NAT64 address of the local network")),
        [0x2002, ..] => Some(Kind::Tunnel("6to4 tunnel")),
        [0x2001, 0, ..] => Some(Kind::Tunnel("Teredo tunnel")),
        // RFC 6666 and RFC 9637; fec0::/10 is site-local (RFC 3879).
        [0x100, 0, 0, 0, ..] => Some(Kind::NotPublic("discard address")),
        [0x3fff, 0..=0x0fff, ..] => Some(Kind::NotPublic("documentation, test or reserved address")),
        [0xfec0..=0xfeff, ..] => Some(Kind::NotPublic("private address")),
        // Only 2000::/3 is given out for the public internet (RFC 4291).
        [0x2000..=0x3fff, ..] => None,
        [0..=0x00ff | 0x0200..=0x1fff | 0x4000..=0xfbff, ..] if scope(addr.into()) == Scope::Global => {
            Some(Kind::NotPublic("documentation, test or reserved address"))
        }
        [..] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_range_is_what_its_standard_says() {
        for (text, expected) in [
            ("127.0.0.1", Kind::NotPublic("loopback address")),
            ("192.168.1.1", Kind::NotPublic("private address")),
            ("100.64.0.1", Kind::NotPublic("private address")),
            ("192.0.0.9", Kind::NotPublic("address of a protocol (192.0.0.0/24)")),
            ("203.0.113.7", Kind::NotPublic("documentation, test or reserved address")),
            ("239.255.255.250", Kind::NotPublic("multicast address")),
            ("fe80::1", Kind::NotPublic("link-local address")),
            ("fd00::1", Kind::NotPublic("private address")),
            ("fec0::1", Kind::NotPublic("private address")),
            ("ff02::fb", Kind::NotPublic("broadcast or multicast on the link")),
            ("2001:db8::1", Kind::NotPublic("documentation, test or reserved address")),
            ("3fff:fff::1", Kind::NotPublic("documentation, test or reserved address")),
            ("4000::1", Kind::NotPublic("documentation, test or reserved address")),
            ("::1", Kind::NotPublic("loopback address")),
            ("::5.6.7.8", Kind::NotPublic("documentation, test or reserved address")),
            ("100::1", Kind::NotPublic("discard address")),
            ("2002:505:505::1", Kind::Tunnel("6to4 tunnel")),
            ("2001:0:53aa::1", Kind::Tunnel("Teredo tunnel")),
            ("64:ff9b:1::5", Kind::Tunnel("NAT64 address of the local network")),
            ("64:ff9b::5.6.7.8", Kind::Embeds(Ipv4Addr::new(5, 6, 7, 8), "NAT64 address")),
            ("::ffff:5.6.7.8", Kind::Embeds(Ipv4Addr::new(5, 6, 7, 8), "IPv4-mapped address")),
            ("52.29.63.1", Kind::Public),
            ("2a05:d014::1", Kind::Public),
        ] {
            assert_eq!(kind(text.parse().unwrap()), expected, "{text}");
        }
    }
}
