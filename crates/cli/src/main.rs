//! `creance`: keeps a drone operator's data on a line that the operator holds.

mod args;
mod audit;
mod catalogue;
mod compare;
mod inputs;
mod knowledge;
mod ledger;
mod policy;
mod progress;
mod table;
mod terminal;

use args::{Arguments, Command};
use clap::Parser;
use std::process::ExitCode;

/// Flow records are made on one thread and freed on another, for which the system's allocator
/// takes locks.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Could not run.
const COULD_NOT_RUN: u8 = 2;

fn main() -> ExitCode {
    // clap exits with 2 on arguments that it does not understand.
    let arguments = Arguments::parse();
    let result = match &arguments.command {
        Command::Audit(command) => audit::run(command),
        Command::Catalogue(command) => catalogue::run(command),
        Command::Policy(command) => policy::run(command),
        Command::Ledger(command) => ledger::run(command),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            terminal::error(&error);
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}
