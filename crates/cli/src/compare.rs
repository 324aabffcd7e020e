//! `creance audit --compare`.

use crate::args::AuditArgs;
use crate::audit::{Asked, asked, exit_status, make_folder, one, style, write_whole};
use crate::terminal;
use anyhow::{Context, Result, bail};
use creance_audit::report::compare::compare;
use creance_audit::report::data::Comparison;
use creance_audit::report::{html, text};
use std::collections::BTreeSet;
use std::path::PathBuf;

pub(crate) fn run(args: &AuditArgs) -> Result<u8> {
    let (comparison, status) = compared(args)?;
    if !args.quiet {
        terminal::out(&text::comparison_summary(&comparison, style()));
    }
    if let Some(folder) = &args.out {
        terminal::note(&format!("The report lies in `{}`.", folder.join("report.html").display()));
    }
    Ok(status)
}

/// Audits each of the captures, sets them side by side, and writes it where the arguments say so. With
/// the exit status of the worst.
pub(crate) fn compared(args: &AuditArgs) -> Result<(Comparison, u8)> {
    let Asked { question, knowledge, baseline } = asked(args)?;
    let captures = named(&args.compare)?;
    if let Some(folder) = &args.out {
        make_folder(folder)?;
    }
    let mut reports = Vec::new();
    for (name, file) in captures {
        let folder = args.out.as_ref().map(|folder| folder.join(&name));
        if let Some(folder) = &folder {
            make_folder(folder)?;
        }
        let report = one(args, &[file], &question, &knowledge, baseline.as_ref(), folder.as_deref())
            .with_context(|| format!("in `{name}`"))?;
        reports.push((name, report));
    }
    let status: BTreeSet<u8> =
        reports.iter().map(|(_, report)| exit_status(report, args.verdict_of)).collect();
    let comparison = compare(reports);
    if let Some(folder) = &args.out {
        let json =
            serde_json::to_string_pretty(&comparison).context("the comparison cannot be written as JSON")?;
        write_whole(&folder.join("report.json"), &(json + "\n"))?;
        write_whole(&folder.join("report.html"), &html::comparison_page(&comparison))?;
    }
    // Refuted outweighs inconclusive, which outweighs upheld.
    let status = [1, 3, 0].into_iter().find(|code| status.contains(code)).unwrap_or(0);
    Ok((comparison, status))
}

/// Reads `NAME=FILE`; names become folders, so they are plain words.
fn named(texts: &[String]) -> Result<Vec<(String, PathBuf)>> {
    let mut names = BTreeSet::new();
    let mut list = Vec::new();
    for text in texts {
        let Some((name, file)) = text.split_once('=') else {
            bail!("--compare {text}: write NAME=FILE, such as `standard=flight-1.pcapng`");
        };
        let plain = !name.is_empty()
            && name.len() <= 60
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !plain {
            bail!("--compare {text}: a name has letters, digits, `-` and `_`, at most 60");
        }
        if !names.insert(name.to_owned()) {
            bail!("--compare {text}: the name `{name}` was given twice");
        }
        list.push((name.to_owned(), PathBuf::from(file)));
    }
    if list.len() < 2 {
        bail!("--compare takes two or more captures");
    }
    Ok(list)
}
