//! The names of protocols.

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
    /// STUN and TURN.
    Stun,
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
