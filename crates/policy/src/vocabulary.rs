//! The words of the schema, and requests put into them.

use crate::ServiceFacts;
use cedar_policy::{Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression};
use creance_model::{Category, Jurisdiction, Mode, ServiceId};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The id of the resource that stands for every host that the catalogue does not know, and the
/// word for what is not known of a service. No [`ServiceId`] is spelt like it: it has no dot.
pub(crate) const UNKNOWN: &str = "unknown";

/// The entity types and the action of the schema.
#[derive(Debug, Clone)]
pub(crate) struct Vocabulary {
    station: EntityTypeName,
    service: EntityTypeName,
    mode: EntityTypeName,
    seal: EntityTypeName,
    party: EntityTypeName,
    party_kind: EntityTypeName,
    jurisdiction: EntityTypeName,
    category: EntityTypeName,
    leave: EntityUid,
}

/// The names that a policy speaks of and that the schema leaves open.
pub(crate) enum Named {
    Station(String),
    Service(ServiceId),
    Party(String),
}

impl Vocabulary {
    pub(crate) fn new() -> Result<Self, String> {
        let name = |text: &str| text.parse::<EntityTypeName>().map_err(|error| error.to_string());
        Ok(Self {
            station: name("Station")?,
            service: name("Service")?,
            mode: name("Mode")?,
            seal: name("Seal")?,
            party: name("Party")?,
            party_kind: name("PartyKind")?,
            jurisdiction: name("Jurisdiction")?,
            category: name("Category")?,
            leave: uid(&name("Action")?, "leave"),
        })
    }

    pub(crate) fn leave(&self) -> EntityUid {
        self.leave.clone()
    }

    pub(crate) fn station(&self, name: &str) -> EntityUid {
        uid(&self.station, name)
    }

    pub(crate) fn service(&self, facts: Option<&ServiceFacts>) -> EntityUid {
        uid(&self.service, facts.map_or(UNKNOWN, |facts| facts.id.as_str()))
    }

    /// The service as the policies see it. Its attributes fit the schema by construction, so they
    /// are not held against it again: that would double the cost of a decision.
    pub(crate) fn entities(&self, facts: Option<&ServiceFacts>) -> Result<Entities, String> {
        let takes = facts.map_or(&[][..], |facts| &facts.takes);
        let takes = if takes.is_empty() { &[Category::Unknown] } else { takes };
        let attributes = [
            ("party", one(&self.party, facts.map_or(UNKNOWN, |facts| &facts.party))),
            ("partyKind", one(&self.party_kind, facts.map_or(UNKNOWN, |facts| facts.party_kind.as_str()))),
            (
                "jurisdiction",
                one(
                    &self.jurisdiction,
                    facts.and_then(|facts| facts.jurisdiction.as_ref()).map_or(UNKNOWN, Jurisdiction::as_str),
                ),
            ),
            (
                "takes",
                RestrictedExpression::new_set(takes.iter().map(|kind| one(&self.category, kind.as_str()))),
            ),
        ];
        let attributes: HashMap<_, _> =
            attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let entity = Entity::new(self.service(facts), attributes, HashSet::new())
            .map_err(|error| error.to_string())?;
        Entities::from_entities([entity], None).map_err(|error| error.to_string())
    }

    /// What a request says besides the station and the service.
    pub(crate) fn context(
        &self,
        mode: Mode,
        seal: Option<Mode>,
        exempt: &BTreeSet<ServiceId>,
        granted: &BTreeSet<ServiceId>,
    ) -> Result<Context, String> {
        let seal = match seal {
            None => "none",
            Some(mode @ (Mode::Offline | Mode::LocalData)) => mode.as_str(),
            Some(mode @ (Mode::Restricted | Mode::Standard)) => {
                return Err(format!(
                    "an installation is sealed to `local-data` or `offline`, not to `{mode}`"
                ));
            }
        };
        let list = |ids: &BTreeSet<ServiceId>| {
            RestrictedExpression::new_set(ids.iter().map(|id| one(&self.service, id.as_str())))
        };
        let pairs = [
            ("mode", one(&self.mode, mode.as_str())),
            ("sealed", one(&self.seal, seal)),
            ("exempt", list(exempt)),
            ("granted", list(granted)),
        ];
        Context::from_pairs(pairs.map(|(name, value)| (name.to_owned(), value)))
            .map_err(|error| error.to_string())
    }

    /// Reads a name out of a policy. Names that can stand for nothing are an error: a rule
    /// about a misspelt country would silently never apply.
    pub(crate) fn named(&self, literal: &EntityUid) -> Result<Option<Named>, String> {
        let (kind, id) = (literal.type_name(), literal.id().unescaped());
        if *kind == self.station {
            Ok(Some(Named::Station(id.to_owned())))
        } else if *kind == self.party {
            Ok((id != UNKNOWN).then(|| Named::Party(id.to_owned())))
        } else if *kind == self.service && id != UNKNOWN {
            let service = id.parse().map_err(|error| format!("{error}"))?;
            Ok(Some(Named::Service(service)))
        } else if *kind == self.jurisdiction && id != UNKNOWN {
            match id.parse::<Jurisdiction>() {
                Ok(code) if code.as_str() == id => Ok(None),
                _ => Err(format!(
                    "`{}` is not a country: two capitals (such as `CN`) or `{UNKNOWN}`",
                    literal.id().escaped()
                )),
            }
        } else {
            Ok(None)
        }
    }
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn one(kind: &EntityTypeName, id: &str) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(uid(kind, id))
}
