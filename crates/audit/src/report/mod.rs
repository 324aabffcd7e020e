//! The report: what is promised to readers, in types of its own. docs/report.md describes it.

pub mod data;
