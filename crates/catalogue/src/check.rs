//! What a careful reader would question in a catalogue that is otherwise right.

use crate::catalogue::Catalogue;
use crate::date::Date;
use crate::entry::{Grade, Service, ServiceHost, Status};
use crate::pattern::HostPattern;
use creance_model::{Category, ServiceId};
use std::fmt;

/// An entry last seen so many months ago or more is doubtful.
pub const STALE_AFTER_MONTHS: u32 = 36;

/// Something doubtful in a catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The service.
    pub service: ServiceId,
    /// The host, where it is about one.
    pub host: Option<HostPattern>,
    /// What is doubtful.
    pub kind: WarningKind,
}

/// What is doubtful.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarningKind {
    /// The host rests on one third-party list.
    GradeC,
    /// The host of a service in use was last seen then, [`STALE_AFTER_MONTHS`] ago or more.
    Stale(Date),
    /// Nothing says when the host of a service in use was last seen.
    Undated,
    /// The host was seen after the day of the check.
    FromTheFuture(Date),
    /// Nobody has said what the service takes.
    TakesUnknown,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "service `{}`", self.service)?;
        if let Some(host) = &self.host {
            write!(f, ", host `{host}`")?;
        }
        match self.kind {
            WarningKind::GradeC => f.write_str(": rests on one third-party list (grade C)"),
            WarningKind::Stale(date) => write!(f, ": last seen in {date}"),
            WarningKind::Undated => f.write_str(": nothing says when it was last seen"),
            WarningKind::FromTheFuture(date) => write!(f, ": seen in {date}, which is to come"),
            WarningKind::TakesUnknown => f.write_str(": nobody has said what it takes"),
        }
    }
}

impl Catalogue {
    /// What is doubtful on the day `today`, by service and host.
    #[must_use]
    pub fn check(&self, today: Date) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for service in self.services() {
            if service.takes.contains(&Category::Unknown) {
                warnings.push(Warning {
                    service: service.id.clone(),
                    host: None,
                    kind: WarningKind::TakesUnknown,
                });
            }
            for host in &service.hosts {
                warnings.extend(doubts(service, host, today).map(|kind| Warning {
                    service: service.id.clone(),
                    host: Some(host.pattern.clone()),
                    kind,
                }));
            }
        }
        warnings
    }
}

fn doubts(service: &Service, host: &ServiceHost, today: Date) -> impl Iterator<Item = WarningKind> {
    let weak = (host.grade == Grade::C).then_some(WarningKind::GradeC);
    let future = [host.first_seen, host.last_seen]
        .into_iter()
        .flatten()
        .find(|date| today.is_before(*date))
        .map(WarningKind::FromTheFuture);
    let age = match (service.status, host.last_seen) {
        (Status::Retired | Status::Staging, _) => None,
        (Status::Active, None) => Some(WarningKind::Undated),
        (Status::Active, Some(seen)) => {
            (seen.months_until(today) >= STALE_AFTER_MONTHS).then_some(WarningKind::Stale(seen))
        }
    };
    [weak, future, age].into_iter().flatten()
}
