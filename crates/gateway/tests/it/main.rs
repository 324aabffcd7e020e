//! What the decision core lets out, and what it does not, byte by byte and without a network.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests"
)]

mod bench;
mod datagrams;
mod door;
mod flows;
mod questions;
