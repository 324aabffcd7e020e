//! Capture files in, flow records out: made captures whose truth is known, and damaged ones.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "tests"
)]

mod blocks;
mod bounds;
mod conservation;
mod damage;
mod encapsulation;
mod fragments;
mod packed;
mod pcap;
mod pcapng;
mod support;
mod tcp;
mod time;
mod udp;
