//! The audit as a whole: made captures with known truth, real captures, and damaged ones.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

mod accuracy;
mod beyond;
mod corpus;
mod damage;
mod ledger;
mod mutate;
mod setup;
