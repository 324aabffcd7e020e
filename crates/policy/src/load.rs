//! Files of policies: the shipped ones and the operator's own.

use crate::statements::{self, FILE_BYTES_MAX, Statement};
use crate::vocabulary::{Named, Vocabulary};
use crate::{POLICIES_MAX, PolicyError};
use cedar_policy::{Authorizer, Effect, Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use creance_model::ServiceId;
use std::collections::{BTreeMap, BTreeSet};

const SCHEMA: &str = include_str!("../../../policies/creance.cedarschema");

const SHIPPED: [(&str, &str); 5] = [
    ("policies/offline.cedar", include_str!("../../../policies/offline.cedar")),
    ("policies/local-data.cedar", include_str!("../../../policies/local-data.cedar")),
    ("policies/restricted.cedar", include_str!("../../../policies/restricted.cedar")),
    ("policies/standard.cedar", include_str!("../../../policies/standard.cedar")),
    ("policies/seal.cedar", include_str!("../../../policies/seal.cedar")),
];

/// The most characters of a policy's `@why`.
const WHY_CHARS_MAX: usize = 500;

/// The modes, the seal and the operator's own rules, ready to decide.
#[derive(Debug, Clone)]
pub struct Policies {
    pub(crate) vocabulary: Vocabulary,
    pub(crate) validator: Validator,
    pub(crate) authorizer: Authorizer,
    pub(crate) set: PolicySet,
    pub(crate) rules: BTreeMap<String, Rule>,
    files: BTreeSet<String>,
    mentions: Mentions,
}

/// What is said of a policy when it determines a decision.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) forbids: bool,
    pub(crate) why: Option<String>,
}

/// Names that an operator's files speak of and that the schema leaves open. One that the
/// catalogue or the set-up does not have is likely misspelt, and its rule never applies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mentions {
    /// Services by id.
    pub services: BTreeSet<ServiceId>,
    /// Parties by name.
    pub parties: BTreeSet<String>,
    /// Stations by name.
    pub stations: BTreeSet<String>,
}

impl Policies {
    /// The policies that Creance ships: the modes and the seal.
    ///
    /// # Errors
    /// Where the shipped files do not fit the shipped schema, which tests rule out.
    pub fn shipped() -> Result<Self, PolicyError> {
        let schema_error = |why| PolicyError::Schema { why };
        let (schema, warnings) =
            Schema::from_cedarschema_str(SCHEMA).map_err(|error| schema_error(error.to_string()))?;
        if let Some(warning) = warnings.into_iter().next() {
            return Err(schema_error(warning.to_string()));
        }
        let mut policies = Self {
            vocabulary: Vocabulary::new().map_err(schema_error)?,
            validator: Validator::new(schema),
            authorizer: Authorizer::new(),
            set: PolicySet::new(),
            rules: BTreeMap::new(),
            files: BTreeSet::new(),
            mentions: Mentions::default(),
        };
        for (file, text) in SHIPPED {
            policies.add_file(file, "", text)?;
        }
        Ok(policies)
    }

    /// Adds an operator's own file of Cedar policies. `name` is what errors call it, and part
    /// of the ids of its policies: `operator/NAME/ID`, or `operator/NAME/policy-N` for the Nth
    /// policy where it has no `@id`. A `forbid` tightens; a `permit` changes nothing, since
    /// what a mode holds back it holds by `forbid`.
    ///
    /// # Errors
    /// With file and line where a policy is not Cedar, is a template, does not fit the schema
    /// exactly, could never apply, or is over a bound; where the file is empty; where the name
    /// is taken or no name.
    pub fn with_operator(mut self, name: &str, text: &str) -> Result<Self, PolicyError> {
        if !is_plain(name) {
            return Err(PolicyError::FileName { name: name.chars().take(80).collect() });
        }
        if !self.files.insert(name.to_owned()) {
            return Err(PolicyError::FileTwice { name: name.to_owned() });
        }
        // No shipped id has a slash, so no id of an operator's can be one of them.
        self.add_file(name, &format!("operator/{name}/"), text)?;
        Ok(self)
    }

    /// The names that the operator's files speak of, to be compared with what exists.
    #[must_use]
    pub const fn mentions(&self) -> &Mentions {
        &self.mentions
    }

    /// Adds all policies of a file under ids that begin with `prefix`.
    fn add_file(&mut self, file: &str, prefix: &str, text: &str) -> Result<(), PolicyError> {
        let name = || file.to_owned();
        if text.len() > FILE_BYTES_MAX {
            return Err(PolicyError::FileTooLarge { name: name(), bytes: text.len() });
        }
        let refuse = |line, why| PolicyError::Policy { file: name(), line, why };
        let statements = statements::split(text).map_err(|over| refuse(over.line, over.why))?;
        if statements.is_empty() {
            return Err(PolicyError::FileEmpty { name: name() });
        }
        if self.rules.len() + statements.len() > POLICIES_MAX {
            return Err(PolicyError::TooMany { name: name() });
        }
        for (number, statement) in (1..).zip(&statements) {
            let added = self.add_policy(file, prefix, number, statement);
            added.map_err(|why| refuse(statement.line, why))?;
        }
        Ok(())
    }

    fn add_policy(
        &mut self,
        file: &str,
        prefix: &str,
        number: usize,
        statement: &Statement<'_>,
    ) -> Result<(), String> {
        let policy = parse(statement.text)?;
        let id = match policy.annotation("id") {
            Some(id) if is_plain(id) => format!("{prefix}{id}"),
            Some(_) => {
                return Err("an @id has 1 to 80 of letters, digits, `-`, `_` and `.`".to_owned());
            }
            None => format!("{prefix}policy-{number}"),
        };
        if let Some(first) = self.rules.get(&id) {
            return Err(format!("`{id}` is the id of a policy on line {}", first.line));
        }
        let why = policy.annotation("why").map(plain_words).transpose()?;
        let policy = policy.new_id(PolicyId::new(&id));
        self.validate(&policy)?;
        self.note_names(&policy)?;
        let rule = Rule {
            file: file.to_owned(),
            line: statement.line,
            forbids: policy.effect() == Effect::Forbid,
            why,
        };
        self.set.add(policy).map_err(|error| error.to_string())?;
        self.rules.insert(id, rule);
        Ok(())
    }

    /// Holds a policy against the schema. Warnings count as errors: a policy that can never
    /// apply, or is spelt with look-alike letters, does not do what its author thinks.
    fn validate(&self, policy: &Policy) -> Result<(), String> {
        let alone = PolicySet::from_policies([policy.clone()]).map_err(|error| error.to_string())?;
        let result = self.validator.validate(&alone, ValidationMode::Strict);
        let errors = result.validation_errors().map(ToString::to_string);
        let warnings = result.validation_warnings().map(ToString::to_string);
        let faults: BTreeSet<String> = errors.chain(warnings).collect();
        if faults.is_empty() { Ok(()) } else { Err(joined(faults)) }
    }

    fn note_names(&mut self, policy: &Policy) -> Result<(), String> {
        for literal in policy.entity_literals() {
            match self.vocabulary.named(&literal)? {
                Some(Named::Service(id)) => self.mentions.services.insert(id),
                Some(Named::Party(name)) => self.mentions.parties.insert(name),
                Some(Named::Station(name)) => self.mentions.stations.insert(name),
                None => false,
            };
        }
        Ok(())
    }
}

fn parse(text: &str) -> Result<Policy, String> {
    // Templates are refused here: a slot has no value until somebody links it.
    Policy::parse(None, text).map_err(|errors| joined(errors.iter().map(ToString::to_string)))
}

fn joined(faults: impl IntoIterator<Item = String>) -> String {
    let faults: Vec<_> = faults.into_iter().take(5).collect();
    faults.join("; ")
}

/// Whether a text can be part of an id: it cannot hide anything on a terminal or in a path.
fn is_plain(text: &str) -> bool {
    (1..=80).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// The text of a `@why`, which reports print: nothing in it may move a cursor or hide.
fn plain_words(text: &str) -> Result<String, String> {
    let hides = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(c, '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if text.chars().any(hides) {
        Err("a @why has no control characters".to_owned())
    } else if text.chars().count() > WHY_CHARS_MAX {
        Err(format!("a @why has at most {WHY_CHARS_MAX} characters"))
    } else {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_policy_has_an_id_and_says_why() {
        let policies = Policies::shipped().unwrap();
        let (forbids, permits): (Vec<_>, Vec<_>) = policies.rules.iter().partition(|(_, rule)| rule.forbids);
        let ids = |rules: Vec<(&String, &Rule)>| {
            let ids: Vec<_> = rules.iter().map(|(id, _)| id.as_str()).collect();
            ids.join(" ")
        };
        for (id, rule) in &policies.rules {
            assert!(rule.why.is_some(), "{id}");
            assert!(!id.contains('/'), "{id}");
        }
        assert_eq!(
            ids(forbids),
            "local-data local-data-unknown offline restricted restricted-unknown \
             sealed-local-data sealed-local-data-unknown sealed-offline"
        );
        assert_eq!(ids(permits), "local-data-exempt restricted-granted standard");
        assert_eq!(policies.mentions, Mentions::default());
    }

    #[test]
    fn a_file_is_cut_where_cedar_cuts_it() {
        for (file, text) in SHIPPED {
            let whole: PolicySet = text.parse().unwrap();
            let cut = statements::split(text).unwrap();
            assert_eq!(cut.len(), whole.num_of_policies(), "{file}");
        }
    }
}
