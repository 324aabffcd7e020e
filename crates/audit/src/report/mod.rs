//! The report: what is promised to readers, in types of its own. docs/report.md describes it.

pub mod compare;
pub mod data;
pub mod html;
pub mod reconciliation;
pub mod text;

mod words;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod sample_ledger;
#[cfg(test)]
mod tests;
