//! The one function that decides.

use crate::{Policies, Request, ServiceFacts};
use cedar_policy::{AuthorizationError, Context, EntityUid, Response};
use std::collections::BTreeSet;

/// Whether a station's data may leave to a service, and what determined it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether it may leave.
    pub allowed: bool,
    /// The ids of the policies that determined it, sorted: those that forbid, else those that
    /// permit. Empty where it is denied because no policy permits it. Where policies failed and
    /// none forbids: those that failed.
    pub determining: Vec<String>,
    /// What failed while deciding, sorted. Where anything did, the decision is a denial.
    pub errors: Vec<String>,
}

impl Policies {
    /// Decides a request. Never fails open: what no policy permits is denied, and so is a
    /// request about which any policy could not be evaluated.
    #[must_use]
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        let station = self.vocabulary.station(&request.station);
        match self.vocabulary.context(request.mode, request.seal, request.exempt, request.granted) {
            Ok(context) => self.decide_in(station, context, request.service),
            Err(why) => Decision::failed(why),
        }
    }

    /// Decides for a station under settings that are put into Cedar's form already.
    pub(crate) fn decide_in(
        &self,
        station: EntityUid,
        context: Context,
        service: Option<&ServiceFacts>,
    ) -> Decision {
        match self.evaluate(station, context, service) {
            Ok(response) => Decision::from_response(&response),
            Err(why) => Decision::failed(why),
        }
    }

    fn evaluate(
        &self,
        station: EntityUid,
        context: Context,
        service: Option<&ServiceFacts>,
    ) -> Result<Response, String> {
        let schema = self.validator.schema();
        let entities = self.vocabulary.entities(service)?;
        let request = cedar_policy::Request::new(
            station,
            self.vocabulary.leave(),
            self.vocabulary.service(service),
            context,
            Some(schema),
        )
        .map_err(|error| error.to_string())?;
        Ok(self.authorizer.is_authorized(&request, &self.set, &entities))
    }
}

impl Decision {
    pub(crate) fn failed(why: String) -> Self {
        Self { allowed: false, determining: Vec::new(), errors: vec![why] }
    }

    /// Cedar skips a policy that fails, a `forbid` as well; so a failure anywhere denies.
    fn from_response(response: &Response) -> Self {
        let permitted = response.decision() == cedar_policy::Decision::Allow;
        let reasons: BTreeSet<String> = response.diagnostics().reason().map(ToString::to_string).collect();
        let mut failed = BTreeSet::new();
        let mut errors = BTreeSet::new();
        for error in response.diagnostics().errors() {
            let AuthorizationError::PolicyEvaluationError(inner) = error;
            failed.insert(inner.policy_id().to_string());
            errors.insert(error.to_string());
        }
        let forbidden = !permitted && !reasons.is_empty();
        let determining = if errors.is_empty() || forbidden { reasons } else { failed };
        Self {
            allowed: permitted && errors.is_empty(),
            determining: determining.into_iter().collect(),
            errors: errors.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cedar_policy::{Policy, PolicyId};
    use creance_model::Mode;

    /// In `standard`, where everything may leave, beside a policy that nobody validated.
    fn beside(rule: &str) -> Decision {
        let mut policies = Policies::shipped().unwrap();
        let rule = Policy::parse(Some(PolicyId::new("stray")), rule).unwrap();
        policies.set.add(rule).unwrap();
        let none = BTreeSet::new();
        policies.decide(&Request {
            station: String::new(),
            mode: Mode::Standard,
            seal: None,
            service: None,
            exempt: &none,
            granted: &none,
        })
    }

    #[test]
    fn a_failing_policy_denies_even_where_validation_was_passed_by() {
        for rule in [
            "forbid (principal, action, resource) when { context.hour > 6 };",
            "permit (principal, action, resource) when { resource.host like \"*\" };",
            "forbid (principal, action, resource) when { principal.owner == resource };",
            "permit (principal, action, resource) when { context.mode < 3 };",
        ] {
            let decision = beside(rule);
            assert!(!decision.allowed, "{rule}");
            assert_eq!(decision.determining, ["stray"], "{rule}");
            assert_eq!(decision.errors.len(), 1, "{rule}");
        }
        let decision = beside("permit (principal, action, resource) when { \"a\" like \"a\" };");
        assert!(decision.allowed);
        assert_eq!(decision.determining, ["standard", "stray"]);
    }

    #[test]
    fn what_no_policy_permits_is_denied() {
        let mut policies = Policies::shipped().unwrap();
        policies.set = cedar_policy::PolicySet::new();
        let none = BTreeSet::new();
        let rows = policies.matrix("", Mode::Standard, None, &[], &none, &none);
        let [row] = rows.as_slice() else { panic!("{rows:?}") };
        assert!(!row.decision.allowed);
        assert_eq!(row.decision.determining, [""; 0]);
        assert_eq!(
            policies.explain(&row.decision),
            ["denied: no policy permits it, and what no policy permits is denied"]
        );
    }
}
