//! Texts by the million for the planner: grown from a grammar, mutated from cases, and noise. No text may end in anything but a plan
//! or a refusal of our own.
//!
//! Text number n of a seed is always the same text, so a finding is told by its number.

mod grammar;
mod mutate;
mod noise;

use std::{
    cell::RefCell,
    collections::BTreeMap,
    panic::{self, AssertUnwindSafe},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use visiting_catalog::Listing;
use visiting_enclave::stages::plan_only;
use visiting_policies::{
    Refusal,
    terms::{Form, Period, Scope},
};

use crate::population::draw::Draw;

/// Threads that plan: what the smallest machine that we support has cores.
const THREADS: u64 = 2;
/// Findings of each kind that are kept in full.
const KEPT: usize = 20;
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

/// Listings whose tables the texts name.
const LISTINGS: [&str; 2] = ["ndb", "kaigo"];

/// What the texts are planned against: every column of both.
struct Ground {
    listings: Vec<Listing>,
    scope: Scope,
}

impl Ground {
    fn new() -> Result<Self, String> {
        let listings = visiting_catalog::load_with(None).map_err(|e| e.to_string())?;
        let table = |t: &visiting_catalog::Table| (t.name.clone(), t.columns.iter().map(|c| c.name.clone()).collect());
        let whole = |l: &Listing| (l.id.clone(), l.tables.iter().map(table).collect());
        let columns = listings.iter().filter(|l| LISTINGS.contains(&l.id.as_str())).map(whole).collect();
        let scope = Scope { columns, period: Period { from: 202_401, to: 202_412 }, form: Form::Pseudonymised };
        Ok(Self { listings, scope })
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

/// Something that must not happen: number of the text, the text, what happened.
pub type Finding = (u64, String, String);

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// Texts planned.
    pub texts: u64,
    /// Texts that became a plan.
    pub accepted: u64,
    /// Refusals by code.
    pub codes: BTreeMap<String, u64>,
    /// Refusals without a sentence in Japanese.
    pub without_japanese: u64,
    /// Panics, the first in full.
    pub panics: Vec<Finding>,
    /// Number of panics.
    pub panicked: u64,
    /// Errors that are not our own, the first in full.
    pub foreign: Vec<Finding>,
    /// Number of errors that are not our own.
    pub strange: u64,
    /// The text that took longest, and how long.
    pub slowest: (Duration, u64),
    /// How long everything took.
    pub took: Duration,
}

impl Report {
    /// True when nothing was found.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.panicked == 0 && self.strange == 0
    }

    fn add(&mut self, other: Self) {
        self.texts += other.texts;
        self.accepted += other.accepted;
        self.without_japanese += other.without_japanese;
        self.panicked += other.panicked;
        self.strange += other.strange;
        other.codes.into_iter().for_each(|(code, n)| *self.codes.entry(code).or_default() += n);
        self.panics.extend(other.panics);
        self.foreign.extend(other.foreign);
        self.slowest = self.slowest.max(other.slowest);
    }

    /// In words, findings last.
    #[must_use]
    pub fn told(&self) -> String {
        let rate = self.texts as f64 / self.took.as_secs_f64().max(f64::MIN_POSITIVE);
        let mut out = format!("{} texts in {:.1} s, {rate:.0} a second\n", self.texts, self.took.as_secs_f64());
        out += &format!("{:>10}  accepted\n", self.accepted);
        for (code, n) in &self.codes {
            out += &format!("{n:>10}  {code}\n");
        }
        out += &format!("{:>10}  refusals without a sentence in Japanese\n", self.without_japanese);
        out += &format!("slowest: text {} with {:.1} ms\n", self.slowest.1, self.slowest.0.as_secs_f64() * 1000.0);
        for (kind, findings) in [("PANIC", &self.panics), ("FOREIGN", &self.foreign)] {
            for (number, text, what) in findings.iter().take(KEPT) {
                out += &format!("{kind} text {number}: {what}\n    {text:?}\n");
            }
        }
        out + &format!("fuzz-sql: {} texts, {} panics, {} foreign errors", self.texts, self.panicked, self.strange)
    }
}

thread_local! {
    /// Where and why this thread panicked last.
    static SAID: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Text `number` of a seed.
#[must_use]
pub fn text(seed: u64, number: u64) -> String {
    let mut draw = Draw::new(seed, number);
    match draw.below(20) {
        0..=9 => grammar::statement(&mut draw),
        10..=16 => mutate::statement(&mut draw),
        _ => noise::statement(&mut draw),
    }
}

/// Plans texts until a limit is reached. `say` gets a line now and then.
///
/// # Errors
/// When the built-in listings cannot be read.
pub fn run(limits: Limits, say: impl Fn(&str) + Sync) -> Result<Report, String> {
    let ground = Ground::new()?;
    let (start, next) = (Instant::now(), AtomicU64::new(0));
    let before = panic::take_hook();
    panic::set_hook(Box::new(|info| SAID.with(|said| *said.borrow_mut() = info.to_string())));
    let worker = || {
        let mut report = Report::default();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= limits.texts || start.elapsed() >= limits.time {
                return report;
            }
            if index > 0 && index.is_multiple_of(1_000_000) {
                say(&format!("{index} texts after {:.0} s", start.elapsed().as_secs_f64()));
            }
            let number = limits.from + index;
            plan(&ground, &text(limits.seed, number), number, &mut report);
        }
    };
    let mut report = Report::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().filter_map(|w| w.join().ok()).for_each(|part| report.add(part));
    });
    panic::set_hook(before);
    report.took = start.elapsed();
    Ok(report)
}

fn plan(ground: &Ground, text: &str, number: u64, report: &mut Report) {
    let start = Instant::now();
    let ended = panic::catch_unwind(AssertUnwindSafe(|| plan_only(text, &ground.scope, &ground.listings)));
    report.texts += 1;
    report.slowest = report.slowest.max((start.elapsed(), number));
    match ended {
        Ok(Ok(())) => report.accepted += 1,
        Ok(Err(refusal)) => {
            *report.codes.entry(refusal.code.name()).or_default() += 1;
            report.without_japanese += u64::from(refusal.ja.is_none());
            if is_foreign(&refusal, text) {
                report.strange += 1;
                if report.foreign.len() < KEPT {
                    report.foreign.push((number, text.to_owned(), refusal.to_string()));
                }
            }
        }
        Err(_) => {
            report.panicked += 1;
            if report.panics.len() < KEPT {
                report.panics.push((number, text.to_owned(), SAID.with(|said| said.borrow().clone())));
            }
        }
    }
}

/// True for a refusal that somebody else wrote, or that says nothing. Words of the text itself may be quoted.
fn is_foreign(refusal: &Refusal, text: &str) -> bool {
    let said = FOREIGN.iter().any(|piece| refusal.detail.contains(piece) && !text.contains(piece));
    said || refusal.detail.trim().is_empty() || refusal.code == visiting_policies::Code::OperatorProblem
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
        assert!(report.accepted > 0 && report.codes.len() >= 4, "{}", report.told());
    }
}
