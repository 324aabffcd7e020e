//! The names of protocols, and how each is told apart.
//!
//! A protocol is recognised by what its bytes say, never by a port alone. What fits nothing stays
//! unknown, which lowers the claims that it touches: a wrong name would be worse.

pub(crate) mod background;
mod checksum;
pub(crate) mod duml;
pub(crate) mod mavlink;
pub(crate) mod media;
pub(crate) mod messaging;
pub(crate) mod vpn;

use serde::{Deserialize, Serialize};

/// A protocol that this crate recognises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Protocol {
    /// DNS over UDP or TCP, in clear.
    Dns,
    /// Multicast DNS.
    Mdns,
    /// Link-local multicast name resolution.
    Llmnr,
    /// NetBIOS name service.
    NetbiosNs,
    /// DNS over TLS, by its port or application protocol.
    DnsOverTls,
    /// DNS over QUIC.
    DnsOverQuic,
    /// TLS over TCP.
    Tls,
    /// SSL 2, or a hello in its format.
    Ssl2,
    /// TLS over UDP.
    Dtls,
    /// QUIC as the IETF has it, versions 1 and 2 and the drafts.
    Quic,
    /// Google's QUIC from before the IETF's.
    GoogleQuic,
    /// HTTP/1 in clear.
    Http,
    /// HTTP/2 in clear.
    Http2,
    /// An HTTP proxy, asked by CONNECT or with an absolute target.
    HttpProxy,
    /// SOCKS 4 or 4a.
    Socks4,
    /// SOCKS 5.
    Socks5,
    /// The header that a load balancer puts before a connection that it passes on.
    ProxyHeader,
    /// SMTP.
    Smtp,
    /// IMAP.
    Imap,
    /// POP3.
    Pop3,
    /// FTP's control connection.
    Ftp,
    /// XMPP.
    Xmpp,
    /// PostgreSQL.
    Postgres,
    /// SSH.
    Ssh,
    /// NTP.
    Ntp,
    /// DHCP and DHCPv6.
    Dhcp,
    /// SSDP (UPnP discovery).
    Ssdp,
    /// STUN.
    Stun,
    /// TURN: what a relay is asked to pass on.
    Turn,
    /// RTP.
    Rtp,
    /// RTCP.
    Rtcp,
    /// RTSP.
    Rtsp,
    /// RTMP.
    Rtmp,
    /// NTRIP: positioning corrections over HTTP or a protocol close to it.
    Ntrip,
    /// MQTT in clear.
    Mqtt,
    /// WireGuard.
    WireGuard,
    /// OpenVPN.
    OpenVpn,
    /// MAVLink 1.
    Mavlink1,
    /// MAVLink 2.
    Mavlink2,
    /// DJI's DUML.
    Duml,
    /// ICMP and ICMPv6.
    Icmp,
    /// IGMP and multicast listener discovery.
    GroupMembership,
}

/// What a stranger on the path can read of a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Clarity {
    /// Payload is encrypted.
    Encrypted,
    /// Payload is in clear.
    Cleartext,
    /// In clear by its nature and of no app: time, addresses, discovery, path finding.
    ClearByNature,
    /// Encrypted, and what is inside may go to anyone: the audit is blind within.
    Tunnel,
}

impl Protocol {
    /// The word for it in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Mdns => "mdns",
            Self::Llmnr => "llmnr",
            Self::NetbiosNs => "netbios-ns",
            Self::DnsOverTls => "dns-over-tls",
            Self::DnsOverQuic => "dns-over-quic",
            Self::Tls => "tls",
            Self::Ssl2 => "ssl2",
            Self::Dtls => "dtls",
            Self::Quic => "quic",
            Self::GoogleQuic => "google-quic",
            Self::Http => "http",
            Self::Http2 => "http2",
            Self::HttpProxy => "http-proxy",
            Self::Socks4 => "socks4",
            Self::Socks5 => "socks5",
            Self::ProxyHeader => "proxy-header",
            Self::Smtp => "smtp",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Ftp => "ftp",
            Self::Xmpp => "xmpp",
            Self::Postgres => "postgres",
            Self::Ssh => "ssh",
            Self::Ntp => "ntp",
            Self::Dhcp => "dhcp",
            Self::Ssdp => "ssdp",
            Self::Stun => "stun",
            Self::Turn => "turn",
            Self::Rtp => "rtp",
            Self::Rtcp => "rtcp",
            Self::Rtsp => "rtsp",
            Self::Rtmp => "rtmp",
            Self::Ntrip => "ntrip",
            Self::Mqtt => "mqtt",
            Self::WireGuard => "wireguard",
            Self::OpenVpn => "openvpn",
            Self::Mavlink1 => "mavlink1",
            Self::Mavlink2 => "mavlink2",
            Self::Duml => "duml",
            Self::Icmp => "icmp",
            Self::GroupMembership => "group-membership",
        }
    }

    /// What a stranger on the path can read of it.
    ///
    /// SSH and TURN count as tunnels since they forward for whoever asks. RTP counts as clear
    /// although its encrypted form has the same head: who sees DTLS in the same flow may know
    /// better.
    #[must_use]
    pub const fn clarity(self) -> Clarity {
        match self {
            Self::DnsOverTls
            | Self::DnsOverQuic
            | Self::Tls
            | Self::Ssl2
            | Self::Dtls
            | Self::Quic
            | Self::GoogleQuic => Clarity::Encrypted,
            Self::Ssh | Self::WireGuard | Self::OpenVpn | Self::Turn => Clarity::Tunnel,
            Self::Dns
            | Self::Mdns
            | Self::Llmnr
            | Self::NetbiosNs
            | Self::Ntp
            | Self::Dhcp
            | Self::Ssdp
            | Self::Stun
            | Self::Icmp
            | Self::GroupMembership => Clarity::ClearByNature,
            Self::Http
            | Self::Http2
            | Self::HttpProxy
            | Self::Socks4
            | Self::Socks5
            | Self::ProxyHeader
            | Self::Smtp
            | Self::Imap
            | Self::Pop3
            | Self::Ftp
            | Self::Xmpp
            | Self::Postgres
            | Self::Rtp
            | Self::Rtcp
            | Self::Rtsp
            | Self::Rtmp
            | Self::Ntrip
            | Self::Mqtt
            | Self::Mavlink1
            | Self::Mavlink2
            | Self::Duml => Clarity::Cleartext,
        }
    }
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_clarity_are_what_reports_rely_on() {
        for (protocol, name, clarity) in [
            (Protocol::Tls, "tls", Clarity::Encrypted),
            (Protocol::GoogleQuic, "google-quic", Clarity::Encrypted),
            (Protocol::Http, "http", Clarity::Cleartext),
            (Protocol::Mavlink2, "mavlink2", Clarity::Cleartext),
            (Protocol::Ntp, "ntp", Clarity::ClearByNature),
            (Protocol::Ssh, "ssh", Clarity::Tunnel),
            (Protocol::WireGuard, "wireguard", Clarity::Tunnel),
        ] {
            assert_eq!(protocol.to_string(), name);
            assert_eq!(protocol.clarity(), clarity, "{name}");
        }
    }
}
