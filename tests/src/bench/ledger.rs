//! `visiting bench ledger`: a thousand new cells against a hundred thousand that were released, over a million people.

use super::{gate, line};
use crate::world::World;

/// People of the population.
const PEOPLE: u32 = 1_000_000;
/// Diseases whose patients of the year fill the ledger: a table each, by prefecture and three years of birth.
const OF_THE_YEAR: [&str; 30] = [
    "I10", "E78", "J06", "J30", "M54", "K21", "A09", "L30", "E11", "J45", "H52", "J20", "F32", "L20", "H25", "D50", "N18", "F41", "E03",
    "I11", "K80", "I20", "I48", "I50", "I63", "R51", "K29", "K59", "M17", "N40",
];
/// Diseases whose patients of each month do.
const OF_A_MONTH: [&str; 22] = [
    "I10", "E78", "M54", "K21", "J06", "J30", "E11", "J45", "M17", "A09", "L30", "H52", "J20", "K59", "L20", "H25", "F32", "R51", "D50",
    "N18", "E03", "I20",
];
/// Months.
const MONTHS: std::ops::RangeInclusive<u32> = 202_401..=202_412;
/// Seconds: the targets.
const PAIRS_TARGET: f64 = 1.0;
const AUDIT_TARGET: f64 = 60.0;

/// Runs the benchmark.
///
/// # Errors
/// What went wrong, in words.
pub fn ledger(mut say: impl FnMut(&str)) -> Result<(), String> {
    let mut world = World::new("bench-ledger")?;
    world.populate(PEOPLE)?;
    world.start_all()?;
    let permit = gate::permit(&world)?;
    world.kill_all();
    let bench = gate::opened(&world, &permit)?;
    let year = OF_THE_YEAR.iter().map(|code| table(3, &format!("icd10 = '{code}'")));
    let month = |code: &&str| MONTHS.map(move |month| table(3, &format!("icd10 = '{code}' AND ym = {month}"))).collect::<Vec<_>>();
    let earlier: Vec<String> = year.chain(OF_A_MONTH.iter().flat_map(month)).collect();
    let (mut tables, mut refused, mut last) = (0, 0, 0);
    let heard = |cells| {
        tables += 1;
        refused += usize::from(cells == last);
        last = cells;
        if tables % 20 == 0 {
            say(&format!("# {tables} tables, {cells} statistics in the ledger, {refused} tables not shown"));
        }
    };
    let (known, stages) = bench.after(&earlier, &table(5, "TRUE"), heard).map_err(|e| e.in_full())?;
    let (pairs, audit) = ((stages.gate - stages.audit).as_secs_f64(), stages.audit.as_secs_f64());
    say(&format!("# {known} statistics in the ledger; evidence {:.2} s", stages.evidence.as_secs_f64()));
    say(&line("ledger_pair_tier_seconds", pairs, PAIRS_TARGET, pairs / PAIRS_TARGET));
    say(&line("ledger_audit_seconds", audit, AUDIT_TARGET, audit / AUDIT_TARGET));
    Ok(())
}

/// People with such a claim by prefecture and so many years of birth.
fn table(years: u32, claim: &str) -> String {
    let band = format!("birth_ym / {}", years * 100);
    format!(
        "SELECT pref, {band} AS years, COUNT(*) AS n FROM patients WHERE pid IN (SELECT pid FROM claims WHERE {claim}) GROUP BY pref, {band}"
    )
}
