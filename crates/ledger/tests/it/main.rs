//! What a log promises to whoever writes it, reads it, or does not believe it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

mod crash;
mod entry;
mod full_disk;
mod log;
mod sample;
mod verify;
