//! `creance tap`.

use crate::args::TapArgs;
use crate::table::counted;
use crate::terminal;
use anyhow::{Context, Result, bail};
use creance_tap::{Ended, Request, Stop, Summary, record};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::time::Duration;

pub(crate) fn run(args: &TapArgs) -> Result<u8> {
    let stop = Stop::default();
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, stop.clone()).context("signals cannot be waited for")?;
    }
    let request = Request {
        interface: args.interface.clone(),
        out: args.out.clone(),
        time_max: args.seconds.map(Duration::from_secs_f64),
        packets_max: args.packets,
        self_observed: args.self_observed,
        program: concat!("creance ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let ready = || terminal::note(&format!("Recording `{}`; Ctrl-C ends it.", args.interface));
    let summary = record(&request, &stop, ready)?;
    terminal::out(&line(&summary, args));
    if let Some(warning) = &summary.warning {
        terminal::note(&format!("warning: {warning}"));
    }
    match summary.ended {
        Ended::Stopped | Ended::Time | Ended::Packets => Ok(0),
        Ended::Down => bail!("the interface `{}` went down; the file holds what came before", args.interface),
        Ended::Gone => bail!("the interface `{}` is gone; the file holds what came before", args.interface),
    }
}

fn line(summary: &Summary, args: &TapArgs) -> String {
    let count = |number: u64, what| counted(usize::try_from(number).unwrap_or(usize::MAX), what);
    let interface = match summary.interface {
        Some(counted) if counted.least == counted.most => format!("the interface counted {}", counted.most),
        Some(counted) => format!("the interface counted {} to {}", counted.least, counted.most),
        None => "what the interface counted is not known".to_owned(),
    };
    let observed = if args.self_observed { " (self-observed)" } else { "" };
    terminal::printable(&format!(
        "{}{observed}: {}, {}, {} dropped; {interface}\n",
        args.out.display(),
        count(summary.packets, "packet"),
        count(summary.bytes, "byte"),
        summary.dropped,
    ))
}
