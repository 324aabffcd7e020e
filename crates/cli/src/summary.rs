//! What became of everything that an app tried, for people.

use crate::table::{counted, table};
use crate::terminal::printable;
use creance_gateway::shell::{Line, Summary};
use creance_model::ServiceId;

/// The summary, as lines. `other` are packets of other kinds that were refused. Nothing outside
/// this machine has watched it.
pub(crate) fn text(summary: &Summary, mode: &str, log: &str, other: Option<u64>) -> String {
    let mut text = format!("creance: mode {mode} at the end, ledger log `{log}`\n");
    if summary.let_out.is_empty() {
        text.push_str("let out: nothing\n");
    } else {
        let (flows, up) =
            summary.let_out.values().fold((0, 0), |(flows, up), line| (flows + line.count, up + line.up));
        text.push_str(&format!(
            "let out: {}, {} up\n",
            counted(usize::try_from(flows).unwrap_or(usize::MAX), "flow"),
            bytes(up)
        ));
        let rows: Vec<[String; 5]> = summary
            .let_out
            .iter()
            .map(|(service, line)| {
                let unknown = if line.unknown > 0 { " and more" } else { "" };
                [
                    name(service.as_ref()),
                    line.count.to_string(),
                    format!("{}{unknown}", bytes(line.up)),
                    format!("{}{unknown}", bytes(line.down)),
                    names(line),
                ]
            })
            .collect();
        text.push_str(&table(["service", "flows", "up", "down", "to"], &rows));
        text.push_str(&hidden(summary.let_out.values().map(|line| line.blinded).sum()));
    }
    if summary.refused.is_empty() {
        text.push_str("refused: nothing\n");
    } else {
        let count: u64 = summary.refused.values().map(|line| line.count).sum();
        text.push_str(&format!(
            "refused: {}\n",
            counted(usize::try_from(count).unwrap_or(usize::MAX), "attempt")
        ));
        let rows: Vec<[String; 4]> = summary
            .refused
            .iter()
            .map(|((service, reason), line)| {
                [name(service.as_ref()), line.count.to_string(), reason.word().to_owned(), names(line)]
            })
            .collect();
        text.push_str(&table(["service", "times", "why", "to"], &rows));
    }
    if let Some(other @ 1..) = other {
        let packets = counted(usize::try_from(other).unwrap_or(usize::MAX), "packet");
        text.push_str(&format!("refused besides: {packets} that are neither TCP nor UDP\n"));
    }
    if !summary.unreachable.is_empty() {
        let rows: Vec<[String; 3]> = summary
            .unreachable
            .iter()
            .map(|(service, line)| [name(service.as_ref()), line.count.to_string(), names(line)])
            .collect();
        text.push_str("allowed, and not reached:\n");
        text.push_str(&table(["service", "times", "to"], &rows));
    }
    text.push_str("uplink not independently observed\n");
    printable(&text)
}

/// How many of the flows above hid a name; nothing where none did.
pub(crate) fn hidden(flows: u64) -> String {
    match flows {
        0 => String::new(),
        1 => "1 flow hid its inner name (ECH)\n".to_owned(),
        flows => format!("{flows} flows hid their inner name (ECH)\n"),
    }
}

fn name(service: Option<&ServiceId>) -> String {
    service.map_or_else(|| "unknown".to_owned(), ToString::to_string)
}

fn names(line: &Line) -> String {
    let mut names: Vec<&str> = line.names.iter().map(String::as_str).collect();
    if line.more {
        names.push("…");
    }
    names.join(", ")
}

fn bytes(bytes: u64) -> String {
    if bytes == 1 { "1 byte".to_owned() } else { format!("{bytes} bytes") }
}
