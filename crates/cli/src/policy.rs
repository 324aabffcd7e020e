//! `creance policy`.

use crate::args::{Lists, PolicyArgs, PolicyCommand};
use crate::table::{counted, listed, table};
use crate::terminal::printable;
use crate::{catalogue, knowledge, terminal};
use anyhow::Result;
use creance_audit::service_facts;
use creance_catalogue::{Catalogue, Service};
use creance_model::{HostName, Mode, ServiceId};
use creance_policy::{Decision, Policies, Request, ServiceFacts};
use std::collections::BTreeSet;

/// The station's name in policies. A capture gives addresses alone, so an audit has no other.
const STATION: &str = "station";

/// The lists, and what they are held against.
struct Desk {
    catalogue: Catalogue,
    policies: Policies,
    exempt: BTreeSet<ServiceId>,
    granted: BTreeSet<ServiceId>,
}

pub(crate) fn run(args: &PolicyArgs) -> Result<u8> {
    let (PolicyCommand::Matrix { lists, .. } | PolicyCommand::Explain { lists, .. }) = &args.command;
    let desk = Desk::new(args, lists)?;
    note_misspelt(&desk.catalogue, &desk.policies);
    match &args.command {
        PolicyCommand::Matrix { mode, lists } => {
            warn_of_idle_lists(*mode, lists);
            terminal::out(&desk.matrix(*mode)?);
        }
        PolicyCommand::Explain { host, .. } => terminal::out(&desk.explain(host)),
    }
    Ok(0)
}

/// Names an operator's policies speak of and nobody has: such a rule never applies.
pub(crate) fn note_misspelt(catalogue: &Catalogue, policies: &Policies) {
    let mentions = policies.mentions();
    for id in mentions.services.iter().filter(|id| catalogue.service(id).is_none()) {
        terminal::note(&format!(
            "note: a policy speaks of service `{id}`, which the catalogue does not have; it never applies"
        ));
    }
    let parties: BTreeSet<&str> = catalogue.parties().map(|party| party.name.as_str()).collect();
    for name in mentions.parties.iter().filter(|name| !parties.contains(name.as_str())) {
        terminal::note(&format!(
            "note: a policy speaks of party `{name}`, which the catalogue does not have; it never applies"
        ));
    }
    for name in mentions.stations.iter().filter(|name| *name != STATION) {
        terminal::note(&format!(
            "note: a policy speaks of station `{name}`; captures do not name stations, so it does not apply here"
        ));
    }
}

pub(crate) fn warn_of_idle_lists(mode: Option<Mode>, lists: &Lists) {
    let Some(mode) = mode else { return };
    if !lists.exempt.is_empty() && mode != Mode::LocalData {
        terminal::note("note: --exempt has a meaning in --mode local-data alone; it exempts nothing here");
    }
    if !lists.grant.is_empty() && mode != Mode::Restricted {
        terminal::note("note: --grant has a meaning in --mode restricted alone; it grants nothing here");
    }
}

impl Desk {
    fn new(args: &PolicyArgs, lists: &Lists) -> Result<Self> {
        let catalogue = knowledge::catalogue(args.catalogue.as_deref())?;
        knowledge::known(&catalogue, &lists.exempt, "--exempt")?;
        knowledge::known(&catalogue, &lists.grant, "--grant")?;
        Ok(Self {
            catalogue,
            policies: knowledge::policies(&args.policy)?,
            exempt: lists.exempt.iter().cloned().collect(),
            granted: lists.grant.iter().cloned().collect(),
        })
    }

    fn matrix(&self, mode: Option<Mode>) -> Result<String> {
        let facts: Vec<ServiceFacts> =
            self.catalogue.services().map(|service| service_facts(&self.catalogue, service)).collect();
        let modes = mode.map_or_else(|| Mode::ALL.to_vec(), |mode| vec![mode]);
        let sections: Result<Vec<String>> =
            modes.into_iter().map(|mode| self.section(mode, &facts)).collect();
        Ok(sections?.join("\n"))
    }

    /// The table of one mode, below what its list opens.
    fn section(&self, mode: Mode, facts: &[ServiceFacts]) -> Result<String> {
        let rows = self.policies.matrix(STATION, mode, None, facts, &self.exempt, &self.granted);
        let allowed = rows.iter().filter(|row| row.service.is_some() && row.decision.allowed).count();
        let mut text = format!("{mode}: {allowed} of {} allowed\n", counted(rows.len() - 1, "service"));
        let list = match mode {
            Mode::LocalData => Some(("exempting", &self.exempt)),
            Mode::Restricted => Some(("granting", &self.granted)),
            Mode::Offline | Mode::Standard => None,
        };
        if let Some((verb, list)) = list.filter(|(_, list)| !list.is_empty()) {
            let ids: Vec<ServiceId> = list.iter().cloned().collect();
            let opened = self.catalogue.opened_by(&ids)?;
            let takes: BTreeSet<_> = opened.iter().flat_map(creance_catalogue::Opened::takes).collect();
            let also: BTreeSet<_> =
                opened.iter().flat_map(|at| &at.also).map(|service| &service.id).collect();
            text.push_str(&format!("\nWhat {verb} {} opens\n", listed(&ids)));
            text.push_str(&catalogue::opened(&opened));
            text.push_str(&format!(
                "  taken in all: {}\n  opened as well: {}\n",
                listed(takes),
                listed(also)
            ));
        }
        text.push('\n');
        let rows: Vec<[String; 3]> = rows
            .iter()
            .map(|row| {
                let service = row.service.as_ref().map_or("unknown (any other host)", ServiceId::as_str);
                [service.to_owned(), word(&row.decision).to_owned(), listed(&row.decision.determining)]
            })
            .collect();
        text.push_str(&table(["service", "decision", "determined by"], &rows));
        Ok(text)
    }

    fn explain(&self, host: &HostName) -> String {
        let found = self.catalogue.lookup(host);
        if !found.is_known() {
            let unknown = catalogue::unknown(&self.catalogue, host);
            return format!("{unknown}\n{}", self.modes(None));
        }
        let services: Vec<&Service> = found.matches().iter().map(|one| one.service).collect();
        let ids = listed(services.iter().map(|service| &service.id));
        let mut text = format!("{host}: {ids}\n");
        if services.len() > 1 {
            text.push_str(
                "  The wire cannot tell services on one port of one host apart: an audit takes what one of \
                 them\n  may do for what all may do.\n",
            );
        }
        for service in services {
            text.push_str(&printable(&format!("\n{}: {}\n", service.id, service.name)));
            text.push_str(&self.modes(Some(service)));
        }
        text
    }

    /// What each mode says of a service, or of every host that the catalogue does not know.
    fn modes(&self, service: Option<&Service>) -> String {
        let facts = service.map(|service| service_facts(&self.catalogue, service));
        let explain = |mode: &Mode| {
            let decision = self.policies.decide(&Request {
                station: STATION.to_owned(),
                mode: *mode,
                seal: None,
                service: facts.as_ref(),
                exempt: &self.exempt,
                granted: &self.granted,
            });
            let lines = self.policies.explain(&decision);
            let (first, rest) = lines.split_first().map_or(("", &[][..]), |(first, rest)| (first, rest));
            let rest: String = rest.iter().map(|line| format!("    {line}\n")).collect();
            format!("  {:<10}  {first}\n{rest}", mode.as_str())
        };
        printable(&Mode::ALL.iter().map(explain).collect::<String>())
    }
}

const fn word(decision: &Decision) -> &'static str {
    if decision.allowed { "allowed" } else { "denied" }
}
