//! `creance gateway`.

use crate::args::{GatewayArgs, GatewayCommand, SiteArgs, UpArgs};
use crate::held::{self, Composer};
use crate::table::counted;
use crate::{kept, ledger, mode, summary, terminal};
use anyhow::{Context, Result, bail};
use creance_gateway::control::{Answer, ControlSocket, Request, ask, running};
use creance_gateway::lan::{Closed, Down, KnownBy, Neighbours, Ports, Site, StationRule, Up, up};
use creance_gateway::shell::{Config, Keep};
use creance_ledger::Pseudonym;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The name of the gateway's socket.
const NAME: &str = "gateway";

pub(crate) fn run(args: &GatewayArgs) -> Result<u8> {
    match &args.command {
        GatewayCommand::Up(args) => run_up(args),
        GatewayCommand::Rules { site } => {
            let site = self::site(site);
            site.check()?;
            terminal::out(&site.rules(&Ports::default()));
            Ok(0)
        }
        GatewayCommand::Close { site } => close(&self::site(site)),
        GatewayCommand::Status => mode::show_all(),
        GatewayCommand::Down => down(),
    }
}

fn run_up(args: &UpArgs) -> Result<u8> {
    if args.station.is_empty() {
        bail!(
            "no station is named, so that nothing could be let out\nhint: --station s-1=192.0.2.10 names one \
             by its address"
        );
    }
    let port = |port: u16| Some(port).filter(|port| *port != 0);
    let ports = Ports { proxy: port(args.proxy_port), socks: port(args.socks_port), ..Ports::default() };
    let site = site(&args.site);
    let control = ControlSocket::make(&held::sockets()?, NAME)?;
    // Before all that may go wrong: whatever it is, nothing is let through.
    site.check()?;
    site.is_there()?;
    site.load(&ports)?;
    let stations: BTreeSet<Pseudonym> = args.station.iter().map(|rule| rule.station.clone()).collect();
    let composer = Composer::new(args.catalogue.as_deref(), &args.rules, stations.iter().cloned().collect())?;
    let neighbours = Neighbours::new(site.lan.clone(), &args.station).map_err(anyhow::Error::msg)?;
    let ledger = args.ledger.clone().map_or_else(ledger::own_folder, Ok)?;
    let (log, writer) = held::log(&ledger, "gateway")?;
    let (table, change) = composer.first(args.mode, &args.lists, &writer)?;
    let keep = kept::of_user()?;
    let (table, change) = kept::or_stricter(&composer, &keep, table, change)?;
    let mode = change.to;
    let config = Config {
        table,
        mode: change,
        stations: Arc::new(neighbours),
        ledger: writer,
        resolvers: held::resolvers(&args.resolver)?,
        uplink: None,
    };
    let announce = || {
        terminal::note(&format!(
            "creance: {mode} between `{}` and `{}`, for {}; ledger log `{log}`",
            args.site.lan,
            args.site.uplink,
            counted(stations.len(), "station"),
        ));
        note_cards(&args.station);
    };
    let up = Up { site, ports, config, control, compose: Arc::new(composer), keep: Arc::new(keep) };
    let Down { mode, summary, closed } = self::up(up, announce, terminal::note)?;
    terminal::note(&summary::text(&summary, mode.as_str(), &log, None));
    closed.context("the ledger could not be closed; it is as after a crash, and has lost nothing")?;
    Ok(0)
}

/// A card's address is what the station says of itself.
fn note_cards(rules: &[StationRule]) {
    for rule in rules.iter().filter(|rule| matches!(rule.by, KnownBy::Card(_))) {
        terminal::note(&format!(
            "note: station `{}` is known by its network card alone, which anyone near can imitate",
            rule.station
        ));
    }
}

fn site(args: &SiteArgs) -> Site {
    Site {
        lan: args.lan.clone(),
        uplink: args.uplink.clone(),
        management: args.management.clone(),
        own: args.own.clone(),
    }
}

fn close(site: &Site) -> Result<u8> {
    let said = match site.close(&Ports::default())? {
        Closed::Everything => "everything is closed until a gateway runs",
        Closed::ButForAGateway => "a gateway runs here: its holes were let be, and all else is closed",
    };
    terminal::note(&format!("creance: {said}"));
    Ok(0)
}

fn down() -> Result<u8> {
    let folder = held::sockets()?;
    let path = folder.join(NAME).with_extension("sock");
    if !running(&folder).contains(&path) {
        return forget();
    }
    match ask(&path, &Request::Down {})? {
        Answer::Down { not_forgotten: None } => {
            terminal::note(
                "creance: the gateway ends; what is closed stays closed, and the mode is forgotten",
            );
            Ok(0)
        }
        Answer::Down { not_forgotten: Some(why) } => {
            bail!("the gateway ends, but its mode is not forgotten and holds at the next start: {why}")
        }
        Answer::Refused { why } => bail!("{why}"),
        Answer::Status(_) | Answer::WouldChange(_) | Answer::Changed { .. } => {
            bail!("the gateway answers something else than it was asked")
        }
    }
}

/// Without a gateway there may still be the mode that one held when it was killed.
fn forget() -> Result<u8> {
    let keep = kept::of_user()?;
    if matches!(keep.read(), Ok(None)) {
        bail!("no gateway of this user runs");
    }
    keep.forget(1).map_err(anyhow::Error::msg)?;
    terminal::note("creance: no gateway of this user runs; the mode that was kept is forgotten");
    Ok(0)
}
