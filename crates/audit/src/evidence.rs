//! Flows that show something, gathered by reason.

use crate::report::data::Reason;
use foldhash::HashMap;
use std::borrow::Cow;
use std::fmt;

/// Flow numbers kept for one reason.
const NUMBERS_MAX: usize = 20;
/// Reasons kept apart.
const REASONS_MAX: usize = 200;

/// How many flows show something, and the lowest few of their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) flows: u64,
    /// Sorted.
    numbers: Vec<u64>,
    /// The last of them, kept here as well: most flows come after it.
    last: u64,
}

impl Evidence {
    pub(crate) fn add(&mut self, number: u64) {
        self.flows += 1;
        if self.numbers.len() >= NUMBERS_MAX && number >= self.last {
            return;
        }
        if let Err(place) = self.numbers.binary_search(&number) {
            self.numbers.insert(place, number);
            self.numbers.truncate(NUMBERS_MAX);
            self.last = self.numbers.last().copied().unwrap_or_default();
        }
    }

    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.numbers.clone()
    }
}

/// Why: a sentence with `{}` where its subject stands. Kept in two parts, since most flows repeat
/// a reason that is known, which then needs no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Why<'t> {
    form: &'static str,
    subject: Cow<'t, str>,
}

impl<'t> Why<'t> {
    /// A sentence about something.
    pub(crate) const fn about(form: &'static str, subject: &'t str) -> Self {
        Self { form, subject: Cow::Borrowed(subject) }
    }

    /// A sentence that stands alone.
    pub(crate) const fn just(form: &'static str) -> Self {
        Self { form, subject: Cow::Borrowed("") }
    }
}

impl From<String> for Why<'_> {
    fn from(text: String) -> Self {
        Self { form: "{}", subject: Cow::Owned(text) }
    }
}

impl<'t> From<&'t str> for Why<'t> {
    fn from(text: &'t str) -> Self {
        Self::about("{}", text)
    }
}

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.form.split_once("{}") {
            Some((before, after)) => write!(f, "{before}{}{after}", self.subject),
            None => f.write_str(self.form),
        }
    }
}

/// Evidence by reason.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reasons {
    /// Sentences with what is known of each of their subjects. They are few.
    by_form: Vec<(&'static str, HashMap<String, Evidence>)>,
    kinds: usize,
    further: Evidence,
}

impl Reasons {
    /// Notes a flow that shows a reason. Reasons beyond the bound are counted together.
    pub(crate) fn add(&mut self, why: &Why<'_>, number: u64) {
        // The same sentence nearly always lies at the same address.
        let known = |form: &str| std::ptr::eq(form, why.form) || form == why.form;
        let place = self.by_form.iter().position(|(form, _)| known(form)).unwrap_or_else(|| {
            self.by_form.push((why.form, HashMap::default()));
            self.by_form.len() - 1
        });
        let Some((_, by_subject)) = self.by_form.get_mut(place) else { return };
        if let Some(evidence) = by_subject.get_mut(why.subject.as_ref()) {
            evidence.add(number);
        } else if self.kinds < REASONS_MAX {
            self.kinds += 1;
            by_subject.entry(why.subject.clone().into_owned()).or_default().add(number);
        } else {
            self.further.add(number);
        }
    }

    pub(crate) fn flows(&self) -> u64 {
        let each = self.by_form.iter().flat_map(|(_, subjects)| subjects.values());
        each.map(|evidence| evidence.flows).sum::<u64>() + self.further.flows
    }

    /// By number of flows, most first.
    pub(crate) fn list(&self) -> Vec<Reason> {
        let reason = |text: String, evidence: &Evidence| Reason {
            text,
            flows: evidence.flows,
            flow_numbers: evidence.numbers(),
        };
        let mut list: Vec<Reason> = self
            .by_form
            .iter()
            .flat_map(|(form, subjects)| {
                subjects.iter().map(move |(subject, evidence)| (*form, subject, evidence))
            })
            .map(|(form, subject, evidence)| reason(Why::about(form, subject).to_string(), evidence))
            .collect();
        list.sort_by(|a, b| b.flows.cmp(&a.flows).then_with(|| a.text.cmp(&b.text)));
        if self.further.flows > 0 {
            list.push(reason("further reasons, not listed one by one".to_owned(), &self.further));
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_sorted_and_bounded() {
        let mut reasons = Reasons::default();
        for number in (1..=30).rev() {
            reasons.add(&Why::about("to {} in clear", "a"), number);
        }
        for number in 0..1000 {
            reasons.add(&format!("reason {number}").into(), number);
        }
        let list = reasons.list();
        assert_eq!((list[0].text.as_str(), list[0].flows), ("to a in clear", 30));
        assert_eq!(list[0].flow_numbers, (1..=20).collect::<Vec<u64>>());
        assert_eq!(list.len(), REASONS_MAX + 1);
        assert_eq!(reasons.flows(), 1030);
    }
}
