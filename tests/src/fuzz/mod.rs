//! Texts by the million for the planner: grown from a grammar, mutated from cases, and noise. No text may end in anything but a plan
//! or a refusal of our own; of the plans some are run on a synthetic twin, and end in a table or a refusal.
//!
//! Text number n of a seed is always the same text, so a finding is told by its number.

pub mod chain;
mod grammar;
mod mutate;
mod noise;
mod report;

use std::{
    collections::BTreeMap,
    panic,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use visiting_catalog::Listing;
use visiting_enclave::{
    Fault as Wrong, deep,
    twin::{Model, SEED, Trial},
};
use visiting_policies::{
    Code, Refusal,
    terms::{Form, Period, Scope},
};

pub use report::{Finding, Findings, Report};

use crate::{population::draw::Draw, world::tree};

/// Threads that plan: what the smallest machine that we support has cores.
const THREADS: u64 = 2;
/// People of the twin: enough for groups that are shown, few enough that a run takes milliseconds.
const PEOPLE: u32 = 400;
/// One of so many accepted texts is run: a run costs as much as some tens of plans.
const RUN_EACH: u64 = 500;
/// Pieces of what the engine or the parser would say: such words in a refusal were not written by us.
const FOREIGN: [&str; 9] = [
    "DataFusion",
    "sql parser error",
    "ParserError",
    "TokenizerError",
    "Internal error",
    "Error during planning",
    "Schema error",
    "Arrow error",
    "not implemented",
];

/// Listings whose tables the texts name. The last one has municipalities and other columns that rule packs have words about.
const LISTINGS: [&str; 3] = ["ndb", "kaigo", "regions"];

/// What the texts are planned against: every column of all of them.
struct Ground {
    listings: Vec<Listing>,
    model: Model,
}

impl Ground {
    fn new() -> Result<Self, String> {
        let variants = tree()?.join("catalog/listings/variants");
        let listings = visiting_catalog::load_with(Some(&variants)).map_err(|e| e.to_string())?;
        let table = |t: &visiting_catalog::Table| (t.name.clone(), t.columns.iter().map(|c| c.name.clone()).collect());
        let whole = |l: &Listing| (l.id.clone(), l.tables.iter().map(table).collect());
        let columns = listings.iter().filter(|l| LISTINGS.contains(&l.id.as_str())).map(whole).collect();
        let scope = Scope { columns, period: Period { from: 202_401, to: 202_412 }, form: Form::Pseudonymised };
        let versions = LISTINGS.iter().map(|id| ((*id).to_owned(), 1)).collect();
        Ok(Self { listings, model: Model { scope, versions, rows: BTreeMap::new() } })
    }

    fn trial(&self) -> Result<Trial, String> {
        Trial::new(&self.model, self.listings.clone(), PEOPLE, SEED).map_err(|fault| fault.in_full())
    }
}

/// When to stop, and which texts.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Texts at most.
    pub texts: u64,
    /// Time at most.
    pub time: Duration,
    /// Seed.
    pub seed: u64,
    /// Number of the first text.
    pub from: u64,
}

/// Panics by place since the last run began: whoever catches one does not hide it.
static PANICS: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());

/// Text `number` of a seed.
#[must_use]
pub fn text(seed: u64, number: u64) -> String {
    let mut draw = Draw::new(seed, number);
    match draw.below(40) {
        0..=20 => grammar::statement(&mut draw),
        21 => chain::statement(&mut draw),
        22..=33 => mutate::statement(&mut draw),
        _ => noise::statement(&mut draw),
    }
}

/// Plans texts until a limit is reached. `say` gets a line now and then.
///
/// # Errors
/// When the built-in listings cannot be read.
pub fn run(limits: Limits, say: impl Fn(&str) + Sync) -> Result<Report, String> {
    let ground = Ground::new()?;
    let trials = (0..THREADS).map(|_| ground.trial()).collect::<Result<Vec<_>, _>>()?;
    let (start, next) = (Instant::now(), AtomicU64::new(0));
    let before = panic::take_hook();
    PANICS.lock().unwrap_or_else(PoisonError::into_inner).clear();
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |l| format!("{}:{}", l.file(), l.line()));
        *PANICS.lock().unwrap_or_else(PoisonError::into_inner).entry(place).or_default() += 1;
    }));
    let worker = |mut trial: Trial| {
        let mut report = Report::default();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= limits.texts || start.elapsed() >= limits.time {
                return report;
            }
            if index > 0 && index.is_multiple_of(100_000) {
                let seconds = start.elapsed().as_secs_f64();
                say(&format!("{index} texts after {seconds:.0} s, {:.0} a second", index as f64 / seconds.max(f64::MIN_POSITIVE)));
            }
            let number = limits.from + index;
            let text = text(limits.seed, number);
            if one(&trial, &text, number, &mut report) && report.accepted.is_multiple_of(RUN_EACH) {
                ran(&mut trial, &text, number, &mut report);
            }
        }
    };
    let mut report = Report::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = trials.into_iter().map(|trial| scope.spawn(|| deep(|| worker(trial)))).collect();
        workers.into_iter().filter_map(|w| w.join().ok().flatten()).for_each(|part| report.add(part));
    });
    panic::set_hook(before);
    report.panics = std::mem::take(&mut PANICS.lock().unwrap_or_else(PoisonError::into_inner));
    report.took = start.elapsed();
    Ok(report)
}

/// Plans a text. True when it became a plan.
fn one(trial: &Trial, text: &str, number: u64, report: &mut Report) -> bool {
    let start = Instant::now();
    let ended = trial.plans(text);
    report.texts += 1;
    report.slowest = report.slowest.max((start.elapsed(), number));
    match ended {
        Ok(()) => {
            report.accepted += 1;
            return true;
        }
        Err(Wrong::Refused(refusal)) => {
            *report.codes.entry(refusal.code.name()).or_default() += 1;
            if refusal.ja.is_none() {
                report.without_japanese.add(number, text, refusal.to_string());
            }
            if is_foreign(&refusal, text) {
                report.foreign.add(number, text, refusal.to_string());
            }
        }
        Err(fault) => report.foreign.add(number, text, fault.in_full()),
    }
    false
}

/// What is taken must run: to a table, or to a refusal of our own.
fn ran(trial: &mut Trial, text: &str, number: u64, report: &mut Report) {
    report.ran += 1;
    trial.forget();
    match trial.ask(text) {
        Ok(tried) => {
            if let Some(refusal) = tried.refusal.filter(|r| is_foreign(r, text) || r.ja.is_none()) {
                report.faults.add(number, text, refusal.to_string());
            }
        }
        Err(fault) => report.faults.add(number, text, fault.in_full()),
    }
}

/// True for a refusal that somebody else wrote, or that says nothing. Words of the text itself may be quoted.
fn is_foreign(refusal: &Refusal, text: &str) -> bool {
    let said = FOREIGN.iter().any(|piece| refusal.detail.contains(piece) && !text.contains(piece));
    said || refusal.detail.trim().is_empty() || refusal.code == Code::OperatorProblem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_told_by_its_number_and_all_three_kinds_come() {
        assert_eq!(text(7, 11), text(7, 11));
        let texts: Vec<String> = (0..400).map(|n| text(1, n)).collect();
        assert!(texts.iter().filter(|t| t.contains("SELECT")).count() > 200);
        assert!(texts.iter().any(|t| t.contains("OVER (")) && texts.iter().any(|t| t.contains("WITH ")));
        assert!(texts.iter().any(|t| !t.is_ascii()));
    }

    #[test]
    fn twenty_thousand_texts_end_in_a_plan_or_in_a_refusal_of_our_own() {
        let report = run(Limits { texts: 20_000, time: Duration::from_secs(600), seed: 1, from: 0 }, |line| println!("{line}")).unwrap();
        println!("{}", report.told());
        assert_eq!(report.texts, 20_000);
        assert!(report.is_clean(), "{}", report.told());
        // A fuzzer whose texts are all refused tests the refusals alone.
        assert!(report.accepted > 0 && report.ran > 0 && report.codes.len() >= 4, "{}", report.told());
    }

    /// The deepest and the most doubling texts that fit, and those about as deep as is taken: none ends in anything but a refusal of
    /// ours or, run, in a table.
    #[test]
    fn the_worst_texts_end_in_a_refusal_of_ours() {
        let ground = Ground::new().unwrap();
        let mut trial = ground.trial().unwrap();
        let most = visiting_policies::disclosure::limits::SQL_MAX_BYTES;
        let full = |(before, core, after): (&str, &str, &str)| (most - 90 - core.len()) / (before.len() + after.len());
        let mut texts: Vec<String> = Vec::new();
        for times in [5, 30, 38, 100, 148, 190, 395, 1_000, usize::MAX] {
            texts.extend(chain::CONDITIONS.iter().map(|form| chain::condition(*form, times.min(full(*form)))));
            texts.extend(chain::SOURCES.iter().map(|form| chain::source(*form, times.min(full(*form)))));
        }
        for levels in [3, 7, 9, 12, 20, 60, 120] {
            texts.extend((1..=3).map(|names| chain::withs(levels, names)));
        }
        let mut report = Report::default();
        for (number, text) in (0..).zip(&texts) {
            let start = Instant::now();
            if one(&trial, text, number, &mut report) {
                ran(&mut trial, text, number, &mut report);
            }
            let took = start.elapsed();
            assert!(took < Duration::from_secs(30), "{took:?}: {}", text.chars().take(200).collect::<String>());
        }
        println!("{}", report.told());
        assert!(report.is_clean() && report.ran > 20, "{}", report.told());
    }
}
