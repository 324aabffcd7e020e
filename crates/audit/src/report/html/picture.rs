//! Where the bytes went: a bar for each contact, grouped by party and coloured by its kind.

use maud::{Markup, html};

use crate::report::data::{Contact, Report};
use crate::report::words;

/// The most contacts drawn; the table lists more.
const ROWS_MAX: usize = 30;
const LABEL_CHARS_MAX: usize = 36;
const ROW_HEIGHT: f64 = 18.0;
const GROUP_HEIGHT: f64 = 26.0;
const TOP: f64 = 22.0;
const BAR_WIDTH_MAX: f64 = 165.0;
/// What was sent and received, however little, is never drawn as nothing.
const BAR_WIDTH_MIN: f64 = 1.5;
const UP_X: f64 = 245.0;
const DOWN_X: f64 = 505.0;

/// The contacts of one party.
struct Group<'a> {
    party: String,
    class: &'static str,
    contacts: Vec<&'a Contact>,
    up_bytes: u64,
}

/// The bars with their legend; nothing where there is no contact.
pub(super) fn figure(report: &Report) -> Markup {
    let groups = groups(&report.contacts);
    if groups.is_empty() {
        return html! { p.none { "No contact was seen, so there is nothing to draw." } };
    }
    let drawn = report.contacts.len().min(ROWS_MAX);
    html! {
        figure {
            (legend())
            (bars(&groups, &report.contacts))
            figcaption {
                "Bytes sent by the stations and received by them, for each contact, grouped by the party that runs it. "
                "Each side has a scale of its own."
                @if drawn < report.contacts.len() || report.contacts_left_out.flows > 0 {
                    " Drawn are the " (drawn) " that were sent most; the table of contacts names more."
                }
            }
        }
    }
}

/// The class that colours a kind of party.
pub(super) fn party_class(contact: &Contact) -> &'static str {
    match contact.party_kind.as_deref() {
        Some("first") => "first",
        Some("third") => "third",
        Some("platform") => "platform",
        Some("operator") => "operator",
        _ => "unknown",
    }
}

/// The name of a contact, in full on hovering, cut to its place in the figure.
pub(super) fn label(contact: &Contact, x: f64, y: f64, width: f64) -> Markup {
    let denied = contact.decision.as_deref() == Some("denied");
    let text = if denied { format!("✗ {}", contact.name) } else { contact.name.clone() };
    // The inner picture clips what is wider than its place.
    html! {
        svg x=(x) y=(y) width=(width) height="16" {
            text x="0" y="11" class=[denied.then_some("denied")] {
                title { (words::cut(&contact.name, 300)) @if denied { " (denied)" } }
                (words::cut(&text, LABEL_CHARS_MAX))
            }
        }
    }
}

fn groups(contacts: &[Contact]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for contact in contacts.iter().take(ROWS_MAX) {
        let party =
            if contact.party.is_some() { words::party(contact) } else { "Party not known".to_owned() };
        if let Some(group) = groups.iter_mut().find(|group| group.party == party) {
            group.up_bytes = group.up_bytes.saturating_add(contact.up_bytes);
            group.contacts.push(contact);
        } else {
            let class = party_class(contact);
            groups.push(Group { party, class, contacts: vec![contact], up_bytes: contact.up_bytes });
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.up_bytes));
    groups
}

fn legend() -> Markup {
    let kinds = [
        ("first", "first party: the drone’s maker"),
        ("third", "third party"),
        ("platform", "platform: the system’s maker"),
        ("operator", "operator"),
        ("unknown", "not known"),
    ];
    html! {
        ul.legend {
            @for (class, text) in kinds {
                li {
                    svg class="swatch" viewBox="0 0 12 12" aria-hidden="true" { rect class=(class) width="12" height="12" {} }
                    (text)
                }
            }
            li { span.denied-sign { "✗" } " denied by the mode" }
        }
    }
}

fn bars(groups: &[Group<'_>], contacts: &[Contact]) -> Markup {
    let drawn = contacts.iter().take(ROWS_MAX);
    let up_max = drawn.clone().map(|contact| contact.up_bytes).max().unwrap_or(0);
    let down_max = drawn.clone().map(|contact| contact.down_bytes).max().unwrap_or(0);
    let mut height = TOP;
    let mut placed = Vec::new();
    for group in groups {
        let top = height;
        height += GROUP_HEIGHT;
        let rows: Vec<(&Contact, f64)> = group
            .contacts
            .iter()
            .zip(0_u16..)
            .map(|(contact, row)| (*contact, height + f64::from(row) * ROW_HEIGHT))
            .collect();
        height = rows.last().map_or(height, |(_, y)| y + ROW_HEIGHT);
        placed.push((group, top, rows));
    }
    html! {
        svg viewBox={ "0 0 760 " (height + 6.0) } role="img" aria-label="Bytes sent and received by contact; the table of contacts has the figures" {
            text.soft x=(UP_X) y="12" { "Sent by the stations" }
            text.soft x=(DOWN_X) y="12" { "Received by the stations" }
            @for (group, top, rows) in placed {
                line.axis x1="0" x2="760" y1=(top) y2=(top) {}
                text.group x="0" y=(top + 17.0) { (words::cut(&group.party, 80)) }
                @for (contact, y) in rows {
                    (label(contact, 12.0, y, UP_X - 18.0))
                    (bar(UP_X, y, contact.up_bytes, up_max, group.class))
                    (bar(DOWN_X, y, contact.down_bytes, down_max, &format!("{} down", group.class)))
                }
            }
        }
    }
}

fn bar(x: f64, y: f64, bytes: u64, most: u64, class: &str) -> Markup {
    #[expect(clippy::cast_precision_loss, reason = "a width in pixels needs no more than 52 bits")]
    let share = if most == 0 { 0.0 } else { bytes as f64 / most as f64 };
    let width = if bytes == 0 { 0.0 } else { (share * BAR_WIDTH_MAX).max(BAR_WIDTH_MIN) };
    html! {
        @if bytes > 0 { rect class=(class) x=(x) y=(y + 1.0) width={ (format!("{width:.1}")) } height="12" {} }
        text.soft x={ (format!("{:.1}", x + width + 5.0)) } y=(y + 11.0) { (words::bytes(bytes)) }
    }
}
