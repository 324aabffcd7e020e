//! Registrable domains, and domains that unrelated tenants share.

use creance_model::HostName;

/// Domains that clouds and content networks hand out to unrelated tenants, beyond those that the
/// public suffix list names. A name below one of them says nothing about who runs the host.
const SHARED: &[&str] = &[
    "akadns.net",
    "akamai.net",
    "akamaiedge.net",
    "akamaized.net",
    "alicdn.com",
    "aliyuncs.com",
    "alibabadns.com",
    "amazonaws.com",
    "amazonaws.com.cn",
    "awsglobalaccelerator.com",
    "azure.com",
    "azureedge.net",
    "azurefd.net",
    "azurewebsites.net",
    "bc.googleusercontent.com",
    "cdn.cloudflare.net",
    "cdn20.com",
    "cdngslb.com",
    "cloudapp.net",
    "cloudfront.net",
    "edgekey.net",
    "edgesuite.net",
    "elasticbeanstalk.com",
    "fastly.net",
    "firebaseapp.com",
    "firebaseio.com",
    "googleapis.com",
    "googleusercontent.com",
    "kunlunaq.com",
    "kunlunar.com",
    "kunluncan.com",
    "kunlungr.com",
    "llnwd.net",
    "myqcloud.com",
    "qcloud.com",
    "tcdn.qq.com",
    "trafficmanager.net",
    "wscdns.com",
    "windows.net",
];

/// What the end of a host name says about who registered it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner<'a> {
    /// One registrant answers for every name below this domain.
    Domain(&'a str),
    /// The name belongs to one tenant of this shared domain.
    Tenant {
        /// The shared domain, such as `github.io`.
        of: &'a str,
    },
    /// The name is a public suffix itself or ends in nothing that the public suffix list knows.
    Nobody,
}

/// Who answers for a name, as far as its end tells. Uses the public suffix list with its private
/// section, and a list of shared clouds.
pub(crate) fn owner(host: &HostName) -> Owner<'_> {
    let name = host.as_str();
    if let Some(shared) = shared(name) {
        return Owner::Tenant { of: shared };
    }
    let Some(suffix) = psl::suffix(name.as_bytes()) else {
        return Owner::Nobody;
    };
    match suffix.typ() {
        None => Owner::Nobody,
        Some(psl::Type::Private) => {
            str_of(suffix.as_bytes(), name).map_or(Owner::Nobody, |of| Owner::Tenant { of })
        }
        Some(psl::Type::Icann) => psl::domain_str(name).map_or(Owner::Nobody, Owner::Domain),
    }
}

/// Whether a name is one of the public internet: somebody registered it, or a tenant's domain.
#[must_use]
pub fn is_public_name(host: &HostName) -> bool {
    owner(host) != Owner::Nobody
}

/// The shared cloud or public suffix that a wildcard below `host` would reach into.
pub(crate) fn wildcard_hazard(host: &HostName) -> Option<&'static str> {
    let name = host.as_str();
    if shared(name).is_some_and(|shared| shared == name) {
        return Some("a domain that unrelated tenants share");
    }
    match psl::suffix(name.as_bytes()) {
        Some(suffix) if suffix.as_bytes() == name.as_bytes() => Some("a public suffix"),
        Some(_) | None => None,
    }
}

fn shared(name: &str) -> Option<&'static str> {
    SHARED
        .iter()
        .copied()
        .find(|shared| name.strip_suffix(shared).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// The tail of `name` with the bytes that the list returned.
fn str_of<'a>(tail: &[u8], name: &'a str) -> Option<&'a str> {
    name.get(name.len().checked_sub(tail.len())?..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> HostName {
        HostName::parse(text).unwrap()
    }

    #[test]
    fn owners_are_registrants_and_not_landlords() {
        for (name, expected) in [
            ("a.b.dji.com", Owner::Domain("dji.com")),
            ("x.example.co.uk", Owner::Domain("example.co.uk")),
            ("foo.github.io", Owner::Tenant { of: "github.io" }),
            ("x.foo.github.io", Owner::Tenant { of: "github.io" }),
            ("bucket.s3.amazonaws.com", Owner::Tenant { of: "amazonaws.com" }),
            ("a.firebaseio.com", Owner::Tenant { of: "firebaseio.com" }),
            ("d1.cloudfront.net", Owner::Tenant { of: "cloudfront.net" }),
            ("notcloudfront.net", Owner::Domain("notcloudfront.net")),
            ("com", Owner::Nobody),
            ("co.uk", Owner::Nobody),
            ("printer", Owner::Nobody),
            ("nas.lan", Owner::Nobody),
        ] {
            assert_eq!(owner(&host(name)), expected, "{name}");
        }
    }

    #[test]
    fn wildcards_must_not_reach_into_shared_ground() {
        for name in ["com", "co.uk", "github.io", "lan", "amazonaws.com", "s3.amazonaws.com"] {
            assert!(wildcard_hazard(&host(name)).is_some(), "{name}");
        }
        for name in ["dji.com", "tenant.github.io", "push.apple.com"] {
            assert_eq!(wildcard_hazard(&host(name)), None, "{name}");
        }
    }
}
