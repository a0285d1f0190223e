//! `visiting bench ledger`: a thousand new cells against a hundred thousand that were released, over a million people.

use super::{gate, line};
use crate::world::World;

/// People of the population.
const PEOPLE: u32 = 1_000_000;
/// Diseases whose patients fill the ledger, and where the bands of five years of birth begin, in years: a table each, with about a
/// thousand cells.
const DISEASES: [&str; 25] = [
    "I10", "E78", "J06", "J30", "M54", "K21", "A09", "L30", "E11", "J45", "H52", "J20", "F32", "L20", "H25", "D50", "N18", "F41", "E03",
    "I11", "K80", "I20", "I48", "I50", "I63",
];
const BEGINNINGS: u32 = 5;
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
    let earlier: Vec<String> = DISEASES.iter().flat_map(|disease| (0..BEGINNINGS).map(|years| table(Some(disease), years))).collect();
    let (mut tables, mut refused, mut last) = (0, 0, 0);
    let heard = |cells| {
        tables += 1;
        refused += usize::from(cells == last);
        last = cells;
        if tables % 20 == 0 {
            say(&format!("# {tables} tables, {cells} statistics in the ledger, {refused} tables not shown"));
        }
    };
    let (known, stages) = bench.after(&earlier, &table(None, 0), heard).map_err(|e| e.in_full())?;
    let (pairs, audit) = ((stages.gate - stages.audit).as_secs_f64(), stages.audit.as_secs_f64());
    say(&format!("# {known} statistics in the ledger; evidence {:.2} s", stages.evidence.as_secs_f64()));
    say(&line("ledger_pair_tier_seconds", pairs, PAIRS_TARGET, pairs / PAIRS_TARGET));
    say(&line("ledger_audit_seconds", audit, AUDIT_TARGET, audit / AUDIT_TARGET));
    Ok(())
}

/// People by prefecture and five years of birth; those with a disease, or all.
fn table(disease: Option<&str>, years: u32) -> String {
    let band = format!("(birth_ym + {}) / 500", years * 100);
    let who = disease.map_or_else(String::new, |code| format!("WHERE pid IN (SELECT pid FROM claims WHERE icd10 = '{code}')"));
    format!("SELECT pref, {band} AS years, COUNT(*) AS n FROM patients {who} GROUP BY pref, {band}")
}
