//! Captures to read: files and standard input.

use crate::knowledge::name_of;
use anyhow::{Context, Result, bail};
use creance_audit::InputFile;
use creance_capture::Source;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Opens captures, and tells how many bytes they have in all where that is known.
pub(crate) fn open(paths: &[PathBuf], with_digest: bool) -> Result<(Vec<InputFile>, Option<u64>)> {
    if paths.iter().filter(|path| is_stdin(path)).count() > 1 {
        bail!("standard input (`-`) was given more than once");
    }
    let mut total = Some(0_u64);
    let mut inputs = Vec::new();
    for path in paths {
        let (input, bytes) = open_one(path, with_digest)?;
        total = total.zip(bytes).map(|(sum, bytes)| sum + bytes);
        inputs.push(input);
    }
    Ok((inputs, total))
}

fn open_one(path: &Path, with_digest: bool) -> Result<(InputFile, Option<u64>)> {
    let cannot = || format!("`{}` cannot be read", path.display());
    if is_stdin(path) {
        let source = Source::new(std::io::stdin(), with_digest).context("standard input cannot be read")?;
        return Ok((InputFile { name: "standard input".to_owned(), source }, None));
    }
    let file = File::open(path).with_context(cannot)?;
    let metadata = file.metadata().with_context(cannot)?;
    if metadata.is_dir() {
        bail!("`{}` is a folder; name the captures in it", path.display());
    }
    // A pipe or device has no length.
    let bytes = metadata.is_file().then_some(metadata.len());
    let source = Source::new(file, with_digest).with_context(cannot)?;
    Ok((InputFile { name: name_of(path), source }, bytes))
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}
