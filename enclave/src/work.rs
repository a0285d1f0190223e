//! The straight line: follow the record, take a ticket, extract or run, let the gate judge, record the verdict, let the bytes out.
//! Each step can be repeated after a crash.

mod checking;
mod ending;
mod exposure;
mod hold;
mod judging;
#[cfg(test)]
mod played_tests;
mod preflight;
mod rerun;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use visiting_catalog::Listing;
use visiting_policies::{
    Code, Refusal,
    budget::Spent,
    case::{Kind, RunCase},
    handover::{Delivery, HoldAnswer, Order, Purpose, RunReport, RunTicket, Signed},
    hold::HoldReason,
    receipt::{self, Receipt},
    rules::Municipalities,
    sign,
    terms::{PermitId, RunId, Verdict},
};
use visiting_worker::Layers;

use self::{checking::Checking, hold::Verdicted};
use crate::{
    bound,
    codes::CodeShelf,
    config::{ATTEMPTS_MAX, Config, LADDER_FIRST_MS, MUNICIPALITIES_ENV},
    door::Door,
    exit::nothing_to_show,
    extract::{self, Extract},
    fault::Fault,
    follow::{Follower, policy},
    guest::shelf::Shelf,
    judge::Judged,
    keys::GateKeys,
    ledger::{Ledger, Pending},
    roles,
    twin::Twins,
    vault::Vault,
};

/// Pause after a ticket that was changed on its way.
const REFUSED_PAUSE: Duration = Duration::from_millis(250);

/// Pause before something that failed is tried again: long enough not to spin, short beside a restart.
const RETRY: Duration = Duration::from_millis(100);

/// One enclave at work.
#[derive(Debug)]
pub struct Enclave {
    config: Config,
    listings: Vec<Listing>,
    keys: GateKeys,
    door: Door,
    follower: Follower,
    ledger: Ledger,
    municipalities: Municipalities,
    runtime: tokio::runtime::Runtime,
    extracts: BTreeMap<PermitId, Extract>,
    guests: Shelf,
    codes: CodeShelf,
    /// Synthetic twins of permits.
    twins: Twins,
    /// Digests of changed tickets, and runs with changed guests or code lists, that the record already holds as refused.
    refused: BTreeSet<String>,
}

impl Enclave {
    /// Opens everything and checks that the ledger is the one in the record.
    ///
    /// # Errors
    /// A sentence for the operator; nothing has run.
    pub fn open(config: Config, demo: bool) -> Result<Self, Fault> {
        if !demo && policy(&config)?.asks_for_no_witness() {
            return Err(Fault::Other(
                "enclave/policy asks for no witness, which is for demos only: `visiting setup --witness VKEY=URL` names some, or pass --demo"
                    .to_owned(),
            ));
        }
        let keys = GateKeys::load(&config)?;
        let mut enclave = Self {
            listings: visiting_catalog::load().map_err(|e| Fault::Other(e.to_string()))?,
            door: Door::new(&config)?,
            follower: Follower::open(&config)?,
            ledger: Ledger::open(&config.home.join("ledger.sqlite"), keys.root.derive("ledger seal"))?,
            municipalities: roles::municipalities(std::env::var_os(MUNICIPALITIES_ENV))?,
            runtime: tokio::runtime::Builder::new_multi_thread().worker_threads(crate::config::PARTITIONS).build()?,
            extracts: BTreeMap::new(),
            guests: Shelf::within(config.jail),
            codes: CodeShelf::new()?,
            twins: Twins::default(),
            refused: BTreeSet::new(),
            keys,
            config,
        };
        for folder in [enclave.config.extracts(), enclave.config.keys(), enclave.config.vault().join("pending")] {
            std::fs::create_dir_all(folder)?;
        }
        patiently(|| enclave.follower.advance(&enclave.door))?;
        if enclave.follower.cases.demo && !demo {
            return Err(Fault::Other("the record was opened in demo mode: pass --demo, or use another data folder".to_owned()));
        }
        if !enclave.ledger.continues(enclave.follower.cases.ledger.as_ref())? {
            return Err(Fault::Other(
                "the ledger is not the one in the record (a restored back-up?): nothing runs until the newest one is back".to_owned(),
            ));
        }
        // Ready means that what ingest loaded before can be applied for.
        patiently(|| enclave.report_loads())?;
        Ok(enclave)
    }

    /// Works until the process ends. Faults of one order are told to the operator and do not stop the next.
    ///
    /// # Errors
    /// Only when the record itself breaks the law.
    pub fn work(&mut self) -> Result<(), Fault> {
        loop {
            self.one(Self::turn)?;
        }
    }

    /// One turn: what is left over first, then new tickets.
    fn turn(&mut self) -> Result<(), Fault> {
        self.follower.advance(&self.door)?;
        self.report_loads()?;
        for run in self.ledger.outbox()? {
            self.one(|enclave| enclave.let_out(&run.parse()?))?;
        }
        // The record takes verdicts in the ledger's order, so nothing new is judged while one waits.
        if !self.ledger.outbox()?.is_empty() {
            return Ok(());
        }
        // What keeps it from ending a permit does not keep it from the other ones' orders.
        self.one(Self::end_what_has_ended)?;
        self.report_exposure()?;
        for ticket in self.door.tickets()? {
            self.follower.advance(&self.door)?;
            if !self.ledger.outbox()?.is_empty() {
                return Ok(());
            }
            self.one(|enclave| enclave.obey(&ticket))?;
        }
        Ok(())
    }

    /// One order; its fault is told to the operator and does not hold up the next order. Only an unlawful record stops everything.
    fn one(&mut self, step: impl FnOnce(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        match step(self) {
            Err(Fault::Refused(refusal)) if refusal.code == Code::RecordUnlawful => Err(refusal.into()),
            Err(fault) => {
                tracing::warn!(%fault, "an order failed; it is tried again");
                std::thread::sleep(RETRY);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Data versions that ingest has put into the vault enter the record; only then are they used.
    fn report_loads(&mut self) -> Result<(), Fault> {
        let vault = Vault::at(self.config.vault());
        for report in vault.pending()? {
            let known = self.follower.cases.loads.get(&report.listing).is_some_and(|l| l.version >= report.version);
            if !known {
                self.door.report("loads", &report.clone().sign(&self.keys.signing))?;
                self.follower.advance(&self.door)?;
            }
            vault.settle(&report)?;
        }
        Ok(())
    }

    fn obey(&mut self, ticket: &Signed<RunTicket>) -> Result<(), Fault> {
        if let Err(refusal) = self.follower.check_ticket(ticket) {
            return self.decline(sign::digest(&serde_json::to_vec(ticket)?), "enclave: take a ticket", &refusal);
        }
        self.follower.fresh()?;
        match &ticket.value.order {
            Order::Extract { permit } => self.extract(permit),
            Order::Run { run, sql } => self.run(run, sql, |case| case.hold.is_none()),
            Order::Decide { run, sql } => self.run(run, sql, RunCase::is_approved),
            Order::Rerun { rerun, sql } => self.rerun(rerun, sql),
            Order::Preflight { preflight, sql } => self.preflight(preflight, sql),
        }
    }

    /// What was changed on its way stands in the record once, and is asked for again: once the line is honest the order goes on. The
    /// pause keeps a lying line from turning this into a busy loop.
    fn decline(&mut self, name: String, tried: &str, refusal: &Refusal) -> Result<(), Fault> {
        if !self.refused.contains(&name) {
            self.door.report("refusals", &serde_json::json!({ "tried": tried, "code": refusal.code }))?;
            self.refused.insert(name);
        }
        std::thread::sleep(REFUSED_PAUSE);
        Ok(())
    }

    fn extract(&mut self, id: &PermitId) -> Result<(), Fault> {
        let Some(case) = self.follower.cases.permits.get(id) else { return Ok(()) };
        if case.extract.is_some() || case.suspended.is_some() || case.has_ended(self.follower.now_ms()) {
            return Ok(());
        }
        let permit = case.permit.clone();
        let versions = self.versions(permit.scope.columns.keys());
        let report = self.runtime.block_on(extract::make(&self.config, &self.keys, &permit, &self.listings, &versions))?;
        self.door.report("extracts", &report.sign(&self.keys.signing))?;
        self.follower.advance(&self.door)
    }

    fn versions<'a>(&self, listings: impl Iterator<Item = &'a String>) -> BTreeMap<String, u64> {
        let loads = &self.follower.cases.loads;
        listings.filter_map(|l| loads.get(l).map(|report| (l.clone(), report.version))).collect()
    }

    /// A ticket runs once: a run that is judged, held for people, or waits in the outbox, is not run again; one that the checkers let
    /// go is run and judged once more.
    fn run(&mut self, run: &RunId, sql: &str, due: fn(&RunCase) -> bool) -> Result<(), Fault> {
        let Some(case) = self.follower.cases.runs.get(run).cloned() else { return Ok(()) };
        if case.judged.is_some() || !due(&case) || self.ledger.waiting(run)?.is_some() {
            return Ok(());
        }
        self.report_exposure()?;
        let started = Instant::now();
        // Under a permit that has ended nothing is fetched: the run gets its refusal below.
        if self.follower.cases.open_permit(&case.permit, &case.by, self.follower.now_ms()).is_ok() {
            let cases = &self.follower.cases;
            match self.guests.fetch(&self.door, &cases.guests_of(&case.permit, case.index), sql) {
                Err(Fault::Refused(refusal)) => return self.decline(run.to_string(), "enclave: take a guest", &refusal),
                fetched => fetched?,
            }
            let texts = self.guests.texts(&cases.guests_of(&case.permit, case.index), sql);
            match self.codes.fetch(&self.door, &cases.codes_of(&case.permit, case.index), &texts) {
                Err(Fault::Refused(refusal)) => return self.decline(run.to_string(), "enclave: take a code list", &refusal),
                fetched => fetched?,
            }
        }
        // A run that takes the process down with it must not do so for ever.
        let again = self.ledger.attempt(run.as_str())? > ATTEMPTS_MAX;
        let checking = Checking::start(&self.door, run, started);
        loop {
            let judged = if again {
                Err(Fault::Other("the run was begun too often".to_owned()).in_rows())
            } else {
                self.judge(&case, sql, &checking.auditing)
            };
            let judged = match judged {
                Ok(judged) => judged,
                Err(Fault::Refused(refusal)) => Judged::refused(refusal),
                Err(fault) => {
                    tracing::error!(%fault, %run, "a run could not be completed");
                    Judged::refused(untold(&fault))
                }
            };
            let jail = self.jail(&case, sql);
            let judged = judged.with_rules(jail.clone());
            let seen = self.seen(run, &judged);
            let judged = judged.with_rules(seen);
            let Verdicted { block, mut report, files } = self.verdict(run, &case, sql, judged)?;
            report.rules.extend(jail);
            if self.ledger.append(run, block, |ledger| hold::placed(ledger, report, files))? {
                break;
            }
            // Another process has shown something since: judged again, before that.
            self.ledger.replay()?;
        }
        drop(checking);
        wait_for_rung(started);
        self.let_out(run)
    }

    /// No gate answers for what a guest makes of many people: what leaves is the table that the checkers have seen, or nothing. The tag
    /// that says so is this run's own, so that it tells nobody which tables are equal.
    fn seen(&self, run: &RunId, judged: &Judged) -> Option<(String, String)> {
        let tag = || self.keys.root.derive(&format!("held table of {run}: {}", judged.csv)).hex();
        judged.reasons.contains(&HoldReason::GuestOverPeople).then(|| ("table".to_owned(), tag()))
    }

    /// What is said of a run that calls guests, whatever comes of it, when their jail is not whole.
    fn jail(&self, case: &RunCase, sql: &str) -> Option<(String, String)> {
        let bound = self.follower.cases.guests_of(&case.permit, case.index);
        let loose = self.config.jail != Layers::ALL && !bound::named(Kind::Guest, &bound, sql).is_empty();
        loose.then(|| ("jail".to_owned(), format!("{}: guests run without the whole jail", self.config.jail)))
    }

    /// The order of leaving: the verdict is durable here already; now into the record, proof back, then the bytes.
    fn let_out(&mut self, run: &RunId) -> Result<(), Fault> {
        let Some(pending) = self.ledger.waiting(run)? else { return Ok(()) };
        self.follower.fresh()?;
        let verdict = pending.report.verdict;
        if self.follower.cases.runs.get(run).is_none_or(|c| hold::recorded(c, verdict).is_none()) {
            match self.report_verdict(&pending) {
                Ok(()) => {}
                Err(Fault::Refused(refusal)) if hold::ended(refusal.code) => {
                    return self.withdraw(run, pending, refusal);
                }
                Err(Fault::Refused(refusal)) if pending.report.verdict != Verdict::Refuse => {
                    tracing::error!(%run, %refusal, "the gateway refused a verdict");
                    return self.withdraw(run, pending, operator_problem());
                }
                Err(Fault::Refused(refusal)) => return Err(Fault::Other(format!("the gateway refused a refusal: {refusal}"))),
                Err(fault) => return Err(fault),
            }
            self.follower.advance(&self.door)?;
        }
        let recorded = self.follower.cases.runs.get(run).and_then(|c| hold::recorded(c, verdict));
        let Some(report) = recorded else {
            return Err(Fault::Other("the record does not show the verdict that it took".to_owned()));
        };
        if *report != pending.report {
            return Err(Refusal::new(Code::RecordUnlawful, "the record shows another verdict than this enclave's").into());
        }
        let judged = self.follower.cases.runs.get(run).and_then(|c| c.judged.clone());
        // Of a held run nothing leaves; it waits for people.
        let Some((report, index)) = judged else { return self.ledger.left(run.as_str()) };
        let settled = self.follower.cases.runs.get(run).is_some_and(|c| c.released.is_some() || c.withheld);
        if report.verdict != Verdict::Refuse && !settled {
            self.follower.fresh()?;
            let mut files = pending.files;
            files.insert("receipt.note".to_owned(), sign::to_base64(self.receipt(run, report, index)?.as_bytes()));
            match self.door.report("deliveries", &Delivery { run: run.clone(), files }) {
                Ok(_) => {}
                Err(Fault::Refused(refusal)) if matches!(refusal.code, Code::PermitSuspended | Code::WrongState) => {
                    tracing::warn!(%run, %refusal, "the bytes stay here");
                }
                Err(fault) => return Err(fault),
            }
        }
        self.ledger.left(run.as_str())
    }

    /// The verdict into the record, a held one with its sealed evidence.
    fn report_verdict(&self, pending: &Pending) -> Result<(), Fault> {
        let report = pending.report.clone().sign(&self.keys.signing);
        match pending.files.get(hold::SEALED) {
            Some(sealed) => self.door.report("holds", &HoldAnswer { report, sealed: sealed.clone() }).map(|_| ()),
            None => self.door.report("verdicts", &report).map(|_| ()),
        }
    }

    /// The permit ended between the gate and the record: the verdict becomes a refusal, the ledger keeps its entry.
    fn withdraw(&mut self, run: &RunId, mut pending: Pending, refusal: Refusal) -> Result<(), Fault> {
        pending.report.verdict = Verdict::Refuse;
        pending.report.refusal = Some(refusal);
        pending.report.files.clear();
        pending.report.held = None;
        pending.report.spent = Spent::default();
        pending.files.clear();
        self.ledger.replace(run, &pending)?;
        self.let_out(run)
    }

    fn receipt(&self, run: &RunId, report: RunReport, index: u64) -> Result<String, Fault> {
        let missing = || Fault::Other("the record cannot prove a verdict".to_owned());
        let case = self.follower.cases.runs.get(run).ok_or_else(missing)?;
        let permit = self.follower.cases.permits.get(&case.permit).ok_or_else(missing)?;
        let (event, proof, checkpoint) = self.follower.proof(index).ok_or_else(missing)?;
        let receipt = Receipt {
            form: receipt::FORM.to_owned(),
            permit: case.permit.clone(),
            report,
            program: case.program.clone(),
            versions: permit.extract.as_ref().map(|e| e.versions.clone()).unwrap_or_default(),
            index,
            event,
            proof: proof.iter().map(|h| sign::to_base64(h)).collect(),
            checkpoint,
        };
        Ok(receipt.sign(&self.follower.cases.roster().origin, &self.keys.signing))
    }
}

/// What a researcher hears of a fault. One that happened while rows were read may hang on one row: it is as if there were nothing to
/// show, and counts as that (`judging::check_unshown`); the operators see the difference in their log.
fn untold(fault: &Fault) -> Refusal {
    if matches!(fault, Fault::Rows(_)) { nothing_to_show() } else { operator_problem() }
}

fn operator_problem() -> Refusal {
    Refusal::new(Code::OperatorProblem, "the run could not be completed; the operators have been told")
        .ja("実行を完了できませんでした。運用者に伝えてあります")
}

/// Delivers on the ladder 250 ms, 500 ms, 1 s, ...: how long a run took says no more than its rung.
fn wait_for_rung(started: Instant) {
    let rung = rungs().find(|rung| *rung >= started.elapsed()).unwrap_or_default();
    std::thread::sleep(rung.saturating_sub(started.elapsed()));
}

/// The ladder.
fn rungs() -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(Duration::from_millis(LADDER_FIRST_MS)), |rung| rung.checked_mul(2))
}

/// At start the gateway may still be coming up: tries while it cannot be reached, stops at anything else.
fn patiently(mut step: impl FnMut() -> Result<(), Fault>) -> Result<(), Fault> {
    loop {
        match step() {
            Err(Fault::Gateway(why)) => {
                tracing::info!(%why, "waiting for the gateway");
                std::thread::sleep(Duration::from_millis(50));
            }
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_in_the_rows_is_told_and_counted_as_nothing_to_show() {
        let inside = untold(&Fault::Other("a cast failed".to_owned()).in_rows());
        assert_eq!(inside, nothing_to_show());
        assert_eq!(untold(&Fault::Other("the disk is full".to_owned())).code, Code::OperatorProblem);
    }
}
