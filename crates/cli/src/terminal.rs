//! What is printed: results on standard output, messages on standard error.

#![expect(clippy::print_stderr, reason = "this is where the program prints")]

use std::io::{IsTerminal, Write};

/// Prints an error with its causes, each on a line of its own, and its hints after an empty line.
pub(crate) fn error(error: &anyhow::Error) {
    let mut hints = Vec::new();
    for (depth, cause) in error.chain().enumerate() {
        let text = printable(&cause.to_string());
        for (place, line) in text.lines().enumerate() {
            match line.strip_prefix("hint: ") {
                Some(hint) => hints.push(hint.to_owned()),
                None if depth == 0 && place == 0 => eprintln!("error: {line}"),
                None => eprintln!("  {line}"),
            }
        }
    }
    for hint in hints {
        eprintln!("\nhint: {hint}");
    }
}

/// Prints a message on standard error.
pub(crate) fn note(text: &str) {
    eprintln!("{}", printable(text));
}

/// Prints text on standard output as it is; whoever made it has taken care of control characters.
/// A reader that has gone away (`creance … | head`) is no error.
pub(crate) fn out(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Prints a line of many on standard output; false where the reader has gone away.
pub(crate) fn line(text: &str) -> bool {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{text}").is_ok()
}

/// Asks a person; no answer is no.
pub(crate) fn agreed(question: &str) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        anyhow::bail!(
            "there is nobody to ask: standard input is no terminal\nhint: --yes does it without asking"
        );
    }
    eprint!("{question} [y/N] ");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

/// Whether standard output takes colour: a terminal, and `NO_COLOR` unset or empty.
pub(crate) fn colour() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    !refused && !dumb && std::io::stdout().is_terminal()
}

/// The width of the terminal in columns, or 100.
pub(crate) fn width() -> usize {
    std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).unwrap_or(100).clamp(60, 200)
}

/// Text without control characters, so that nothing in a capture or a file can write to the terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}
