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

/// The texts that reasons are about, each with a number: several claims have a reason that is about
/// the same text, which is then looked up once.
#[derive(Debug, Default)]
pub(crate) struct Subjects {
    numbers: HashMap<String, u32>,
    texts: Vec<String>,
}

/// A text that reasons may be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subject<'t> {
    pub(crate) text: &'t str,
    /// Its number, where it has one.
    number: Option<u32>,
    /// How many had one when it was looked up.
    known: usize,
}

impl Subjects {
    pub(crate) fn look_up<'t>(&self, text: &'t str) -> Subject<'t> {
        Subject { text, number: self.numbers.get(text).copied(), known: self.texts.len() }
    }

    /// The number of what a reason is about, where it has one by now.
    fn number_of(&self, why: &Why<'_>) -> Option<u32> {
        match why.looked_up {
            Some((None, known)) if known == self.texts.len() => None,
            Some((Some(number), _)) => Some(number),
            Some((None, _)) | None => self.numbers.get(why.subject.as_ref()).copied(),
        }
    }

    /// The number of a text, which gets one where it has none.
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }

    fn text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map(String::as_str).unwrap_or_default()
    }
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// Why: a sentence with `{}` where its subject stands. Kept in two parts, since most flows repeat
/// a reason that is known, which then needs no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Why<'t> {
    form: &'static str,
    subject: Cow<'t, str>,
    /// What looking up the subject told, where that was done.
    looked_up: Option<(Option<u32>, usize)>,
}

impl<'t> Why<'t> {
    /// A sentence about something.
    pub(crate) const fn about(form: &'static str, subject: Subject<'t>) -> Self {
        let Subject { text, number, known } = subject;
        Self { form, subject: Cow::Borrowed(text), looked_up: Some((number, known)) }
    }

    /// A sentence that stands alone.
    pub(crate) const fn just(form: &'static str) -> Self {
        Self { form, subject: Cow::Borrowed(""), looked_up: None }
    }
}

impl From<String> for Why<'_> {
    fn from(text: String) -> Self {
        Self { form: "{}", subject: Cow::Owned(text), looked_up: None }
    }
}

impl<'t> From<&'t str> for Why<'t> {
    fn from(text: &'t str) -> Self {
        Self { form: "{}", subject: Cow::Borrowed(text), looked_up: None }
    }
}

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&sentence(self.form, &self.subject))
    }
}

fn sentence(form: &str, subject: &str) -> String {
    match form.split_once("{}") {
        Some((before, after)) => format!("{before}{subject}{after}"),
        None => form.to_owned(),
    }
}

/// Evidence for one sentence.
#[derive(Debug, Clone)]
struct OfForm {
    form: &'static str,
    /// Of flows that it says nothing about.
    alone: Evidence,
    /// By the number of what it says something about.
    by_subject: HashMap<u32, Evidence>,
}

/// Evidence by reason.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reasons {
    /// Sentences with what is known of each of their subjects. They are few.
    by_form: Vec<OfForm>,
    kinds: usize,
    further: Evidence,
}

impl Reasons {
    /// Notes a flow that shows a reason. Reasons beyond the bound are counted together.
    pub(crate) fn add(&mut self, why: &Why<'_>, flow: u64, subjects: &mut Subjects) {
        // The same sentence nearly always lies at the same address.
        let known = |form: &str| std::ptr::eq(form, why.form) || form == why.form;
        let place = self.by_form.iter().position(|of| known(of.form)).unwrap_or_else(|| {
            let (alone, by_subject) = (Evidence::default(), HashMap::default());
            self.by_form.push(OfForm { form: why.form, alone, by_subject });
            self.by_form.len() - 1
        });
        let Some(OfForm { alone, by_subject, .. }) = self.by_form.get_mut(place) else { return };
        let has_room = self.kinds < REASONS_MAX;
        let evidence = if why.subject.is_empty() {
            Some(alone).filter(|alone| alone.flows > 0 || has_room)
        } else if has_room {
            let number = subjects.number_of(why).unwrap_or_else(|| subjects.number(&why.subject));
            Some(by_subject.entry(number).or_default())
        } else {
            subjects.number_of(why).and_then(|number| by_subject.get_mut(&number))
        };
        let Some(evidence) = evidence else { return self.further.add(flow) };
        self.kinds += usize::from(evidence.flows == 0);
        evidence.add(flow);
    }

    pub(crate) fn flows(&self) -> u64 {
        let each = self.by_form.iter().flat_map(|of| of.by_subject.values().chain([&of.alone]));
        each.map(|evidence| evidence.flows).sum::<u64>() + self.further.flows
    }

    /// By number of flows, most first.
    pub(crate) fn list(&self, subjects: &Subjects) -> Vec<Reason> {
        let reason = |text: String, evidence: &Evidence| Reason {
            text,
            flows: evidence.flows,
            flow_numbers: evidence.numbers(),
        };
        let mut list: Vec<Reason> = self
            .by_form
            .iter()
            .flat_map(|of| {
                let about = |(number, evidence): (&u32, _)| (subjects.text(*number), evidence);
                let all = of.by_subject.iter().map(about).chain([("", &of.alone)]);
                all.map(|(subject, evidence)| (sentence(of.form, subject), evidence))
            })
            .filter(|(_, evidence)| evidence.flows > 0)
            .map(|(text, evidence)| reason(text, evidence))
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
        let (mut reasons, mut subjects) = (Reasons::default(), Subjects::default());
        // Looked up before anything is known of it.
        let early = subjects.look_up("a");
        for number in (1..=30).rev() {
            let subject = if number % 2 == 0 { early } else { subjects.look_up("a") };
            reasons.add(&Why::about("to {} in clear", subject), number, &mut subjects);
        }
        for number in 0..10 {
            reasons.add(&Why::just("nothing"), number, &mut subjects);
        }
        for number in 0..1000 {
            reasons.add(&format!("reason {number}").into(), number, &mut subjects);
        }
        let list = reasons.list(&subjects);
        assert_eq!((list[0].text.as_str(), list[0].flows), ("to a in clear", 30));
        assert_eq!(list[0].flow_numbers, (1..=20).collect::<Vec<u64>>());
        assert_eq!((list[1].text.as_str(), list[1].flows), ("nothing", 10));
        assert_eq!(list.len(), REASONS_MAX + 1);
        assert_eq!(reasons.flows(), 1040);
    }
}
