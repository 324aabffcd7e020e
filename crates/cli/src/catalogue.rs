//! `creance catalogue`.

use crate::args::CatalogueArgs;
use anyhow::Result;

pub(crate) fn run(args: &CatalogueArgs) -> Result<u8> {
    let _ = args;
    Ok(0)
}
