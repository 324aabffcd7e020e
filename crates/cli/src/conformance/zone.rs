//! Whose hosts there are, and the catalogue that says so.

use std::fmt::Write as _;

/// Whose a host is. Hosts of one zone stand below one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Zone {
    /// A listed service that speaks TLS.
    Tls,
    /// A listed one in clear.
    Http,
    /// A listed one that speaks QUIC, and TLS.
    Quic,
    /// A listed one that is bound by its name alone.
    Plain,
    /// A listed one that must show its names.
    Strict,
    /// A listed one below which names are made up.
    Tunnel,
    /// A listed one whose address others share.
    Shared,
    /// A service that is on no list, at that address.
    SharedDenied,
    /// A service that is on no list, on all ports of the others.
    Denied,
    /// A host that the catalogue does not know.
    Unknown,
}

impl Zone {
    const ALL: [Self; 10] = [
        Self::Tls,
        Self::Http,
        Self::Quic,
        Self::Plain,
        Self::Strict,
        Self::Tunnel,
        Self::Shared,
        Self::SharedDenied,
        Self::Denied,
        Self::Unknown,
    ];

    /// The name that its hosts stand below. The lab gives names below `cdn.example` one address.
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::Tls => "tls.allowed.test",
            Self::Http => "http.allowed.test",
            Self::Quic => "quic.allowed.test",
            Self::Plain => "plain.allowed.test",
            Self::Strict => "strict.allowed.test",
            Self::Tunnel => "tunnel.allowed.test",
            Self::Shared => "allowed.cdn.example",
            Self::SharedDenied => "denied.cdn.example",
            Self::Denied => "denied.test",
            Self::Unknown => "unknown.test",
        }
    }

    /// The service's id behind the party's; none where there is no service.
    const fn service(self) -> Option<&'static str> {
        match self {
            Self::Tls => Some("tls"),
            Self::Http => Some("http"),
            Self::Quic => Some("quic"),
            Self::Plain => Some("plain"),
            Self::Strict => Some("strict"),
            Self::Tunnel => Some("tunnel"),
            Self::Shared => Some("shared"),
            Self::SharedDenied => Some("shared-denied"),
            Self::Denied => Some("denied"),
            Self::Unknown => None,
        }
    }

    const fn ports(self) -> &'static [&'static str] {
        match self {
            Self::Tls | Self::Tunnel | Self::Shared | Self::SharedDenied => &["443/tcp tls"],
            Self::Http => &["80/tcp http"],
            Self::Quic | Self::Strict => &["443/tcp tls", "443/udp quic"],
            Self::Plain => {
                &["1883/tcp name-only", "2101/tcp name-only", "7000/tcp name-only", "8000/udp name-only"]
            }
            Self::Denied => {
                &["443/tcp tls", "443/udp quic", "80/tcp http", "1883/tcp name-only", "8000/udp name-only"]
            }
            Self::Unknown => &[],
        }
    }

    /// Whether the lists that a mode takes name it.
    pub(super) const fn is_listed(self) -> bool {
        match self {
            Self::Tls
            | Self::Http
            | Self::Quic
            | Self::Plain
            | Self::Strict
            | Self::Tunnel
            | Self::Shared => true,
            Self::SharedDenied | Self::Denied | Self::Unknown => false,
        }
    }
}

/// The services that lists name, by comma.
pub(super) fn listed() -> String {
    let ids: Vec<String> = Zone::ALL
        .iter()
        .filter(|zone| zone.is_listed())
        .filter_map(|zone| zone.service())
        .map(|service| format!("conformance.{service}"))
        .collect();
    ids.join(",")
}

/// The file of the catalogue with all of them.
pub(super) fn catalogue() -> String {
    let mut text = String::from(
        "format = 1\n\n[party]\nid = \"conformance\"\nname = \"Conformance\"\nkind = \"third\"\n",
    );
    for zone in Zone::ALL {
        let Some(service) = zone.service() else { continue };
        let ports: Vec<String> = zone.ports().iter().map(|port| format!("\"{port}\"")).collect();
        let _ = write!(
            text,
            "\n[[service]]\nid = \"conformance.{service}\"\nname = \"{service}\"\n\
             purpose = \"Is reached or is not.\"\ntakes = [\"unknown\"]\n{}\
             host = [{{ name = \"*.{}\", ports = [{}], grade = \"A\", source = \"made up\" }}]\n",
            if zone == Zone::Strict { "strict = true\n" } else { "" },
            zone.suffix(),
            ports.join(", "),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use creance_catalogue::Catalogue;
    use creance_model::ServiceId;

    #[test]
    fn the_catalogue_is_one_and_lists_what_it_says() {
        let text = catalogue();
        let catalogue = Catalogue::parse(&[("conformance.toml", &text)]).unwrap();
        for id in listed().split(',') {
            let service = catalogue.service(&id.parse::<ServiceId>().unwrap()).unwrap();
            assert_eq!(service.strict, id == "conformance.strict");
        }
        for zone in Zone::ALL {
            let host = format!("a.{}", zone.suffix()).parse().unwrap();
            assert_eq!(catalogue.lookup(&host).is_known(), zone != Zone::Unknown, "{zone:?}");
        }
    }
}
