//! A small world of services, and every setting that a station can be in.

use creance_model::{Category, Mode, PartyKind, ServiceId};
use creance_policy::{Decision, Policies, ServiceFacts};
use std::collections::BTreeSet;

pub(crate) const STATION: &str = "controller-1";

pub(crate) fn id(text: &str) -> ServiceId {
    text.parse().unwrap()
}

pub(crate) fn ids(texts: &[&str]) -> BTreeSet<ServiceId> {
    texts.iter().map(|text| id(text)).collect()
}

fn service(
    name: &str,
    party: &str,
    party_kind: PartyKind,
    country: Option<&str>,
    takes: &[Category],
) -> ServiceFacts {
    ServiceFacts {
        id: id(name),
        party: party.to_owned(),
        party_kind,
        jurisdiction: country.map(|code| code.parse().unwrap()),
        takes: takes.to_vec(),
    }
}

pub(crate) fn services() -> Vec<ServiceFacts> {
    use Category as C;
    vec![
        service("maker.logs", "maker", PartyKind::First, Some("CN"), &[C::FlightLog, C::DeviceId]),
        service("maker.zones", "maker", PartyKind::First, Some("CN"), &[C::ZoneQuery, C::Location]),
        service("maps.tiles", "Maps Ltd", PartyKind::Third, Some("US"), &[C::MapQuery]),
        service("own.vault", "own", PartyKind::Operator, Some("CH"), &[C::Media, C::FlightLog]),
        service("system.time", "system", PartyKind::Platform, None, &[C::Time]),
        service("odd.silent", "\"; \\ \u{202e}", PartyKind::Third, None, &[]),
    ]
}

/// A mode with its lists and its seal.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) mode: Mode,
    pub(crate) seal: Option<Mode>,
    pub(crate) exempt: BTreeSet<ServiceId>,
    pub(crate) granted: BTreeSet<ServiceId>,
}

/// Every mode under every seal, with lists that are empty, apart, overlapping and full.
pub(crate) fn settings() -> Vec<Setting> {
    let all: BTreeSet<_> = services().into_iter().map(|service| service.id).collect();
    let lists = [
        (ids(&[]), ids(&[])),
        (ids(&["maps.tiles"]), ids(&[])),
        (ids(&[]), ids(&["maps.tiles", "maker.zones"])),
        (ids(&["system.time"]), ids(&["own.vault"])),
        (all.clone(), ids(&["maker.logs", "odd.silent"])),
        (ids(&["not.listed"]), all),
    ];
    let mut settings = Vec::new();
    for &mode in Mode::ALL {
        for seal in [None, Some(Mode::LocalData), Some(Mode::Offline)] {
            for (exempt, granted) in lists.clone() {
                settings.push(Setting { mode, seal, exempt, granted });
            }
        }
    }
    settings
}

/// What the words of the design say, put down apart from the policies.
pub(crate) fn expected(setting: &Setting, service: Option<&ServiceId>) -> bool {
    let under = |mode| match mode {
        Mode::Offline => false,
        Mode::LocalData => service.is_some_and(|id| setting.exempt.contains(id)),
        Mode::Restricted => service.is_some_and(|id| setting.granted.contains(id)),
        Mode::Standard => true,
    };
    under(setting.mode) && setting.seal.is_none_or(under)
}

/// A cell of the whole matrix.
pub(crate) struct Cell {
    pub(crate) setting: Setting,
    pub(crate) service: Option<ServiceId>,
    pub(crate) decision: Decision,
}

/// Every service, and the unknown one, in every setting.
pub(crate) fn whole_matrix(policies: &Policies) -> Vec<Cell> {
    let services = services();
    let mut cells = Vec::new();
    for setting in settings() {
        let rows = policies.matrix(
            STATION,
            setting.mode,
            setting.seal,
            &services,
            &setting.exempt,
            &setting.granted,
        );
        cells.extend(rows.into_iter().map(|row| Cell {
            setting: setting.clone(),
            service: row.service,
            decision: row.decision,
        }));
    }
    cells
}

/// Asserts that nothing may leave under `policies` that may not leave without the operator's
/// rules, and counts what they hold back besides.
pub(crate) fn assert_no_looser(policies: &Policies, rules: &str) -> usize {
    let mut tightened = 0;
    let cells = whole_matrix(policies);
    assert_eq!(cells.len(), settings().len() * (services().len() + 1));
    for cell in cells {
        let before = expected(&cell.setting, cell.service.as_ref());
        let after = cell.decision.allowed;
        assert!(
            before || !after,
            "looser for {:?} in {:?} by {:?} under:\n{rules}",
            cell.service,
            cell.setting,
            cell.decision
        );
        tightened += usize::from(before && !after);
    }
    tightened
}
