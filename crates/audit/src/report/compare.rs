//! Captures side by side.

use super::data::{Comparison, ComparisonRow, Contact, Report};
use std::collections::{BTreeMap, BTreeSet};

/// The schema that a comparison names.
pub const SCHEMA: &str = "creance.compare/1";

/// Lengths that differ by more than this factor make byte counts hard to compare.
const LENGTHS_DIFFER: f64 = 1.5;

/// Puts reports side by side; the first is what the others are compared with.
#[must_use]
pub fn compare(reports: Vec<(String, Report)>) -> Comparison {
    let (names, reports): (Vec<String>, Vec<Report>) = reports.into_iter().unzip();
    let rows = rows(&reports);
    Comparison {
        schema: SCHEMA,
        differences: differences(&names, &rows),
        caveats: caveats(&names, &reports),
        names,
        rows,
        reports,
    }
}

fn rows(reports: &[Report]) -> Vec<ComparisonRow> {
    let mut by_key: BTreeMap<(&str, &str), Vec<Option<&Contact>>> = BTreeMap::new();
    for (place, report) in reports.iter().enumerate() {
        for contact in &report.contacts {
            let row = by_key.entry((&contact.kind, &contact.id)).or_insert_with(|| vec![None; reports.len()]);
            if let Some(cell) = row.get_mut(place) {
                *cell = Some(contact);
            }
        }
    }
    let mut rows: Vec<ComparisonRow> = by_key.into_values().filter_map(|cells| row(&cells)).collect();
    let total = |row: &ComparisonRow| row.up_bytes.iter().flatten().sum::<u64>();
    rows.sort_by(|a, b| total(b).cmp(&total(a)).then_with(|| (&a.kind, &a.id).cmp(&(&b.kind, &b.id))));
    rows
}

fn row(cells: &[Option<&Contact>]) -> Option<ComparisonRow> {
    let any = cells.iter().copied().flatten().next()?;
    let up_bytes: Vec<Option<u64>> = cells.iter().map(|cell| cell.map(|contact| contact.up_bytes)).collect();
    let signed = |bytes: Option<u64>| i64::try_from(bytes.unwrap_or(0)).unwrap_or(i64::MAX);
    let first = signed(up_bytes.first().copied().flatten());
    Some(ComparisonRow {
        kind: any.kind.clone(),
        id: any.id.clone(),
        name: any.name.clone(),
        party: any.party.clone(),
        delta_up_bytes: up_bytes.iter().map(|bytes| signed(*bytes).saturating_sub(first)).collect(),
        up_bytes,
    })
}

fn differences(names: &[String], rows: &[ComparisonRow]) -> Vec<String> {
    let contacted = |place: usize| -> BTreeSet<&str> {
        rows.iter()
            .filter(|row| row.up_bytes.get(place).is_some_and(Option::is_some))
            .map(|row| row.id.as_str())
            .collect()
    };
    let Some((base, others)) = names.split_first() else { return Vec::new() };
    let of_base = contacted(0);
    let mut list = Vec::new();
    for (place, name) in others.iter().enumerate() {
        let own = contacted(place + 1);
        for (who, without, ids) in
            [(name, base, only_in(&own, &of_base)), (base, name, only_in(&of_base, &own))]
        {
            if !ids.is_empty() {
                list.push(format!("contacted in `{who}` and not in `{without}`: {}", ids.join(", ")));
            }
        }
        if own == of_base {
            list.push(format!("`{name}` and `{base}` contacted the same"));
        }
    }
    list
}

fn only_in<'a>(a: &BTreeSet<&'a str>, b: &BTreeSet<&'a str>) -> Vec<&'a str> {
    a.difference(b).copied().collect()
}

fn caveats(names: &[String], reports: &[Report]) -> Vec<String> {
    let mut list = Vec::new();
    let lengths: Vec<f64> = reports.iter().map(|report| report.coverage.seconds).collect();
    let (short, long) =
        lengths.iter().fold((f64::MAX, 0.0_f64), |(low, high), one| (low.min(*one), high.max(*one)));
    if long > short * LENGTHS_DIFFER {
        list.push(format!("the captures have different lengths ({short:.0} s to {long:.0} s), so bytes do not compare one to one"));
    }
    for (name, report) in names.iter().zip(reports) {
        if !report.coverage.lowered_by.is_empty() {
            list.push(format!("`{name}`: {}", report.coverage.lowered_by.join("; ")));
        }
        if report.contacts_left_out.flows > 0 {
            list.push(format!("`{name}` has more contacts than are listed"));
        }
    }
    list.push("one run of each shows what was seen, not what would be seen in others: what was not seen in n runs may still happen in up to about 3 of n (the rule of three)".to_owned());
    list
}
