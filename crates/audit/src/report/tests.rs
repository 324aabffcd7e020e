//! docs/report.md describes every field.

use std::collections::BTreeSet;

use serde_json::Value;

use super::sample;

const DOCS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/report.md"));

/// The names of all fields of a comparison and the reports in it.
fn fields() -> BTreeSet<String> {
    fn names(value: &Value, into: &mut BTreeSet<String>) {
        if let Value::Object(fields) = value {
            into.extend(fields.keys().cloned());
            fields.values().for_each(|value| names(value, into));
        } else if let Value::Array(items) = value {
            items.iter().for_each(|item| names(item, into));
        }
    }
    let mut fields = BTreeSet::new();
    names(&serde_json::to_value(sample::comparison()).unwrap(), &mut fields);
    fields
}

#[test]
fn every_field_is_described() {
    let fields = fields();
    assert!(fields.len() > 100, "{}", fields.len());
    let missing: Vec<&String> =
        fields.iter().filter(|field| !DOCS.contains(&format!("| `{field}` |"))).collect();
    assert!(missing.is_empty(), "docs/report.md does not describe {missing:?}");
}

#[test]
fn nothing_is_described_that_does_not_exist() {
    let fields = fields();
    let tables = DOCS.split("\n\n").filter(|part| part.starts_with("| field |"));
    let described: Vec<&str> = tables
        .flat_map(str::lines)
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next()?.strip_prefix('`'))
        .flat_map(|cell| cell.trim_end_matches('`').split("`, `"))
        .collect();
    assert!(described.len() > 120, "{}", described.len());
    let invented: Vec<&&str> = described.iter().filter(|name| !fields.contains(**name)).collect();
    assert!(invented.is_empty(), "docs/report.md describes {invented:?}");
}

#[test]
fn the_columns_of_flows_are_described_in_their_order() {
    let table = DOCS.split("| column | meaning |").nth(1).unwrap();
    let columns: Vec<&str> =
        table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let flow = serde_json::to_value(&sample::report().flows[0]).unwrap();
    let fields: Vec<&str> = flow.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(columns.len(), 15);
    assert!(columns.iter().all(|column| fields.contains(column)), "{columns:?}");
}
