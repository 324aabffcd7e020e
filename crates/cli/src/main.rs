//! `creance`: keeps a drone operator's data on a line that the operator holds.

mod args;
mod audit;
mod catalogue;
mod compare;
#[cfg(target_os = "linux")]
mod conformance;
#[cfg(target_os = "linux")]
mod demo;
#[cfg(target_os = "linux")]
mod gateway;
#[cfg(target_os = "linux")]
mod held;
mod inputs;
#[cfg(target_os = "linux")]
mod kept;
mod knowledge;
mod ledger;
#[cfg(target_os = "linux")]
mod mode;
mod policy;
mod progress;
#[cfg(target_os = "linux")]
mod run;
#[cfg(target_os = "linux")]
mod seal;
#[cfg(target_os = "linux")]
mod summary;
mod table;
#[cfg(target_os = "linux")]
mod tap;
mod terminal;

use args::{Arguments, Command};
use clap::Parser;
use std::process::ExitCode;

/// Flow records are made on one thread and freed on another, for which the system's allocator
/// takes locks.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Stages of a jail are this program started anew, and go on as something else.
    #[cfg(target_os = "linux")]
    if let Some(code) = creance_gateway::jail::stage(std::env::args_os()) {
        return code;
    }
    // clap exits with 2 on arguments that it does not understand.
    let arguments = Arguments::parse();
    let result = match &arguments.command {
        Command::Audit(command) => audit::run(command),
        Command::Catalogue(command) => catalogue::run(command),
        Command::Policy(command) => policy::run(command),
        Command::Ledger(command) => ledger::run(command),
        #[cfg(target_os = "linux")]
        Command::Run(command) => run::run(command),
        #[cfg(target_os = "linux")]
        Command::Gateway(command) => gateway::run(command),
        #[cfg(target_os = "linux")]
        Command::Mode(command) => mode::run(command),
        #[cfg(target_os = "linux")]
        Command::Seal(command) => seal::run(command),
        #[cfg(target_os = "linux")]
        Command::Tap(command) => tap::run(command),
        #[cfg(target_os = "linux")]
        Command::Conformance(command) => conformance::run(command),
        #[cfg(target_os = "linux")]
        Command::Demo(command) => demo::run(command),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            terminal::error(&error);
            ExitCode::from(arguments.command.could_not_run())
        }
    }
}
