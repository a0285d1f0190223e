//! `visiting bench ledger`: a thousand new cells against a hundred thousand that were released, over a million people.

use super::{gate, line};
use crate::world::World;

/// People of the population.
const PEOPLE: u32 = 1_000_000;
/// Tables before the one that is measured; each has about a thousand cells.
const TABLES: u32 = 100;
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
    let earlier: Vec<String> = (0..TABLES).map(table).collect();
    let mut tables = 0;
    let heard = |cells| {
        tables += 1;
        if tables % 20 == 0 {
            say(&format!("# {tables} tables, {cells} statistics in the ledger"));
        }
    };
    let (known, stages) = bench.after(&earlier, &table(TABLES), heard).map_err(|e| e.to_string())?;
    let (pairs, audit) = ((stages.gate - stages.audit).as_secs_f64(), stages.audit.as_secs_f64());
    say(&format!("# {known} statistics in the ledger; evidence {:.2} s", stages.evidence.as_secs_f64()));
    say(&line("ledger_pair_tier_seconds", pairs, PAIRS_TARGET, pairs / PAIRS_TARGET));
    say(&line("ledger_audit_seconds", audit, AUDIT_TARGET, audit / AUDIT_TARGET));
    Ok(())
}

/// People by prefecture and years of birth, five together; each table's years begin some months later, so that its cells are mostly
/// those of the table before.
fn table(number: u32) -> String {
    format!(
        "SELECT pref, (birth_ym + {}) / 500 AS years, COUNT(*) AS n FROM patients GROUP BY pref, (birth_ym + {}) / 500",
        number * 4,
        number * 4
    )
}
