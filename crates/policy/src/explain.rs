//! A decision in plain words.

use crate::{Decision, Policies};

impl Policies {
    /// What determined a decision, a line for each policy and each failure. The first line says
    /// `allowed` or `denied`.
    #[must_use]
    pub fn explain(&self, decision: &Decision) -> Vec<String> {
        let verdict = if decision.allowed { "allowed" } else { "denied" };
        let nothing_said = decision.determining.is_empty() && decision.errors.is_empty();
        let head = if nothing_said {
            format!("{verdict}: no policy permits it, and what no policy permits is denied")
        } else if decision.errors.is_empty() {
            verdict.to_owned()
        } else {
            format!("{verdict}: deciding failed, and what cannot be decided is denied")
        };
        let rules = decision.determining.iter().map(|id| self.explain_rule(id));
        let errors = decision.errors.iter().map(|error| format!("failed: {error}"));
        [head].into_iter().chain(rules).chain(errors).collect()
    }

    fn explain_rule(&self, id: &str) -> String {
        let Some(rule) = self.rules.get(id) else {
            return format!("`{id}`: no policy of this id is loaded");
        };
        let effect = if rule.forbids { "forbids" } else { "permits" };
        let why = rule.why.as_deref().unwrap_or("(the policy gives no @why)");
        format!("`{id}` ({}:{}) {effect} it: {why}", rule.file, rule.line)
    }
}
