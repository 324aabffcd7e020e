//! `creance policy`.

use crate::args::PolicyArgs;
use anyhow::Result;

pub(crate) fn run(args: &PolicyArgs) -> Result<u8> {
    let _ = args;
    Ok(0)
}
