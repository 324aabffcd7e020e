//! The summary of one report.

use creance_model::Verdict;

use super::Style;
use super::screen::{Ink, Screen, cell, figure};
use crate::report::data::{Claim, Contact, Report};
use crate::report::words;

/// Room for the verdict, the app's, and the variants: none of them may be cut off.
const HEADLINE_LINES_MAX: usize = 6;
const CONTACTS_MAX: usize = 15;
const CLAIMS_MAX: usize = 14;
const SENTENCES_MAX: usize = 4;
const DECIDING_MAX: usize = 3;
const REASONS_MAX: usize = 2;
const LOWERED_MAX: usize = 5;
const FINDINGS_MAX: usize = 5;
const HINTS_MAX: usize = 4;

/// A report in at most about 60 lines.
#[must_use]
pub fn summary(report: &Report, style: Style) -> String {
    let mut screen = Screen::new(style);
    headline(&mut screen, report);
    contacts(&mut screen, report);
    claims(&mut screen, report);
    coverage(&mut screen, report);
    reconciliation(&mut screen, report);
    hints(&mut screen, report);
    screen.into_text()
}

fn headline(screen: &mut Screen, report: &Report) {
    let overall = words::overall(report);
    let (main, others) = words::main_sentence(report);
    match overall {
        Some(verdict) => {
            let lead = format!("{} {}  ", words::sign(verdict), verdict.as_str().to_uppercase());
            screen.prose((Ink::of(verdict), &lead), Ink::Bold, &main, HEADLINE_LINES_MAX);
        }
        None => screen.prose((Ink::Soft, "– "), Ink::Bold, &main, 3),
    }
    for sentence in others.iter().take(SENTENCES_MAX) {
        screen.prose((Ink::Plain, "  "), Ink::Plain, sentence, 3);
    }
    for claim in report.claims.iter().filter(|claim| claim.requested).take(DECIDING_MAX) {
        if overall == Some(words::verdict(&words::deciding(report, claim).verdict)) {
            reasons(screen, report, claim);
        }
    }
}

/// Why a claim came to its verdict, where the headline does not tell it, and the flows that show it.
fn reasons(screen: &mut Screen, report: &Report, claim: &Claim) {
    let ruling = words::deciding(report, claim);
    let because = &ruling.because;
    if !report.headline.iter().any(|sentence| sentence.contains(because)) {
        screen.prose((Ink::Plain, "  "), Ink::Plain, &format!("Claim {}: {because}", claim.number), 3);
    }
    let lead = format!("  · {}: ", claim.number);
    for reason in ruling.against.iter().chain(&ruling.open).take(REASONS_MAX) {
        let flows = words::flow_list(&reason.flow_numbers, reason.flows);
        let flows = if flows.is_empty() { flows } else { format!(" ({flows})") };
        screen.prose((Ink::Plain, &lead), Ink::Plain, &format!("{}{flows}", reason.text), 2);
    }
}

/// Widths of the columns of contacts: name, party, law, place, takes, protection, bytes sent.
struct Columns {
    name: usize,
    party: usize,
    place: usize,
    takes: usize,
    protection: usize,
}

impl Columns {
    const LAW: usize = 3;
    const SENT: usize = 8;

    /// What the signs, gaps and fixed columns leave is shared by the others.
    fn of(width: usize) -> Self {
        let rest = width.saturating_sub(2 + Self::LAW + Self::SENT + 6);
        let share = |percent: usize| rest * percent / 100;
        Self { name: share(27), party: share(21), place: share(15), takes: share(23), protection: share(14) }
    }

    fn row(&self, cells: [&str; 6], sent: &str) -> String {
        let [name, party, law, place, takes, protection] = cells;
        [
            cell(name, self.name),
            cell(party, self.party),
            cell(law, Self::LAW),
            cell(place, self.place),
            cell(takes, self.takes),
            cell(protection, self.protection),
            figure(sent, Self::SENT),
        ]
        .join(" ")
    }
}

fn contacts(screen: &mut Screen, report: &Report) {
    if report.contacts.is_empty() {
        screen.heading("No contact was seen.");
        return;
    }
    if report.question.window.is_some() {
        screen.heading("Contacts, in the window and out of it, by bytes sent");
    } else {
        screen.heading("Contacts, by bytes sent");
    }
    let columns = Columns::of(screen.width);
    let heading = columns.row(["service", "party", "law", "servers in", "takes", "protection"], "sent");
    screen.line(&[(Ink::Soft, "  "), (Ink::Soft, &heading)]);
    for contact in report.contacts.iter().take(CONTACTS_MAX) {
        let (ink, sign) = match contact.decision.as_deref() {
            None => (Ink::Plain, "  ".to_owned()),
            Some("allowed") => (Ink::Good, format!("{} ", words::decision_sign("allowed"))),
            Some("denied") => (Ink::Bad, format!("{} ", words::decision_sign("denied"))),
            Some(other) => (Ink::Open, format!("{} ", words::decision_sign(other))),
        };
        screen.line(&[(ink, &sign), (Ink::Plain, &contact_row(&columns, contact))]);
    }
    more_contacts(screen, report);
    if report.contacts.iter().take(CONTACTS_MAX).any(|contact| contact.jurisdiction.is_none()) {
        let legend = "law: whose law the operator is under; ? where no operator is known";
        screen.prose((Ink::Soft, "  "), Ink::Soft, legend, 2);
    }
}

fn more_contacts(screen: &mut Screen, report: &Report) {
    let unlisted = report.contacts.iter().skip(CONTACTS_MAX);
    let rest = report.contacts_left_out;
    let (contacts, flows) = (unlisted.clone().count() as u64, rest.flows);
    let what = match (contacts, flows) {
        (0, 0) => return,
        (contacts, 0) => words::counted(contacts, "more contact"),
        (0, flows) => format!("{} of others", words::counted(flows, "more flow")),
        (contacts, flows) => format!(
            "{} and {} of others",
            words::counted(contacts, "more contact"),
            words::counted(flows, "flow")
        ),
    };
    let sent = unlisted.map(|contact| contact.up_bytes).fold(rest.up_bytes, u64::saturating_add);
    screen.line(&[(Ink::Soft, &format!("  … {what}, {} sent", words::bytes(sent)))]);
}

fn contact_row(columns: &Columns, contact: &Contact) -> String {
    let takes = if contact.takes.is_empty() {
        words::takes_none(contact).to_owned()
    } else {
        contact.takes.join(", ")
    };
    let party = if contact.party.is_some() { words::party(contact) } else { contact.kind.clone() };
    let places = words::places(contact).join(", ");
    let law = contact.jurisdiction.as_deref().unwrap_or("?");
    columns.row(
        [
            &contact.name,
            &party,
            law,
            if places.is_empty() { "?" } else { &places },
            &takes,
            &contact.protocols.join(", "),
        ],
        &words::bytes(contact.up_bytes),
    )
}

fn claims(screen: &mut Screen, report: &Report) {
    screen.heading("Claims (* requested)");
    let is_tested =
        |claim: &&Claim| claim.station.verdict != "not tested" || claim.app.verdict != "not tested";
    let requested = report.claims.iter().filter(|claim| claim.requested);
    let others = report.claims.iter().filter(|claim| !claim.requested && is_tested(claim));
    for claim in requested.chain(others).take(CLAIMS_MAX) {
        let verdict = words::verdict(&claim.station.verdict);
        let mark = if claim.requested { "*" } else { " " };
        let lead = format!("{} {:<12} {mark}", words::sign(verdict), verdict.as_str());
        let app = if claim.app.verdict == claim.station.verdict {
            String::new()
        } else {
            format!(" [app: {}]", claim.app.verdict)
        };
        let room = screen.width.saturating_sub(lead.chars().count() + app.chars().count()).max(20);
        let statement =
            words::cut(&words::harmless(&format!("{:>2} {}", claim.number, claim.statement)), room);
        screen.line(&[(Ink::of(verdict), &lead), (Ink::Plain, &statement), (Ink::Soft, &app)]);
        // The reasons of requested claims stand above.
        if !claim.requested && verdict == Verdict::Refuted {
            screen.prose((Ink::Soft, "                   "), Ink::Soft, &claim.station.because, 1);
        }
    }
    let untested: Vec<String> = report
        .claims
        .iter()
        .filter(|claim| !claim.requested && !is_tested(claim))
        .map(|claim| claim.number.to_string())
        .collect();
    if !untested.is_empty() {
        screen.prose((Ink::Soft, "– not tested   "), Ink::Soft, &untested.join(", "), 2);
    }
}

fn coverage(screen: &mut Screen, report: &Report) {
    let coverage = &report.coverage;
    screen.heading("Coverage");
    let lost = match coverage.dropped {
        Some(0) => "no packet lost".to_owned(),
        Some(lost) => format!("{} lost", words::counted(lost, "packet")),
        None => "packets lost: not known".to_owned(),
    };
    let begins = coverage
        .first
        .as_deref()
        .map_or_else(|| "no packets".to_owned(), |first| format!("from {} UTC", words::time(first)));
    let amount = format!(
        "{begins}, {}, {}, {}; {lost}",
        words::duration(coverage.seconds),
        words::counted(coverage.packets, "packet"),
        words::counted(coverage.flows, "flow"),
    );
    screen.prose((Ink::Plain, "  "), Ink::Plain, &amount, 2);
    for reason in coverage.lowered_by.iter().take(LOWERED_MAX) {
        screen.prose((Ink::Open, "  lowered by: "), Ink::Plain, reason, 2);
    }
    let more = coverage.lowered_by.iter().skip(LOWERED_MAX).count();
    if more > 0 {
        screen.line(&[(Ink::Open, "  lowered by: "), (Ink::Plain, &format!("{more} more, see the report"))]);
    }
}

fn reconciliation(screen: &mut Screen, report: &Report) {
    let Some(found) = &report.reconciliation else { return };
    screen.heading("Reconciliation with the ledger");
    screen.prose((Ink::Plain, "  "), Ink::Plain, &words::reconciled(found), 3);
    for finding in found.findings.iter().take(FINDINGS_MAX) {
        let ink = if finding.refutes.is_empty() { Ink::Open } else { Ink::Bad };
        let flows = words::flow_list(&finding.flow_numbers, finding.flow_numbers.len() as u64);
        let flows = if flows.is_empty() { flows } else { format!(" ({flows})") };
        screen.prose((ink, "  · "), Ink::Plain, &format!("{}{flows}", finding.text), 3);
    }
    let more = found.findings.len().saturating_sub(FINDINGS_MAX);
    if more > 0 {
        screen.line(&[(Ink::Open, "  · "), (Ink::Plain, &format!("{more} more, see the report"))]);
    }
}

/// What would decide the claims that were asked for and are open, each hint once.
fn hints(screen: &mut Screen, report: &Report) {
    let requested = report.claims.iter().filter(|claim| claim.requested);
    let mut hints: Vec<&str> = Vec::new();
    for hint in requested.filter_map(|claim| words::deciding(report, claim).would_decide.as_deref()) {
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    if !hints.is_empty() {
        screen.blank();
    }
    for hint in hints.into_iter().take(HINTS_MAX) {
        screen.prose((Ink::Bold, "next: "), Ink::Plain, hint, 2);
    }
}
