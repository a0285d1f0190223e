//! `visiting bench session`: how much of honest work comes through. The forty questions of a study (`tests/attack/session.sql`) under one
//! permit, and the monthly surveillance of rare diseases.

use std::collections::BTreeMap;

use visiting_enclave::stages::Bench;
use visiting_policies::terms::Verdict;

use super::{gate, line};
use crate::world::{World, tree};

/// People of the two populations: of the first all small groups are audited together, of the second those that a table is about.
const PEOPLE: [(&str, u32); 2] = [("12k", 12_000), ("150k", 150_000)];
/// Targets, percent: tables that are released at least, cells that are masked or repeated at most.
const RELEASED: f64 = 90.0;
const ALTERED: f64 = 5.0;
/// Titles of the columns that are no keys.
const NUMBERS: [&str; 6] = ["n", "mean", "points", "sd", "median", "share"];
/// Diseases that few people have.
const RARE: [&str; 4] = ["G20", "E10", "E13", "C92"];
/// Months of the year that are watched.
const MONTHS: std::ops::RangeInclusive<u32> = 202_401..=202_412;

/// What came of questions that were asked in turn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Played {
    /// Questions.
    pub tables: usize,
    /// Those of which something was shown.
    pub released: usize,
    /// Numbers of rows that were sent.
    pub cells: usize,
    /// Of these: `<k`.
    pub masked: usize,
    /// Of these: others than the same question shows on an empty ledger.
    pub changed: usize,
    /// Rows that are marked as repeating an earlier release.
    pub repeated: usize,
    /// Rows that were sent.
    pub rows: usize,
    /// Questions with marked rows: how many, of how many.
    pub marked: Vec<String>,
    /// Refused questions with the reason.
    pub refused: Vec<String>,
}

impl Played {
    /// Percent of the questions that were released.
    #[must_use]
    pub fn released_percent(&self) -> f64 {
        percent(self.released, self.tables)
    }

    /// Percent of the numbers that are masked, or marked as released before.
    #[must_use]
    pub fn altered_percent(&self) -> f64 {
        percent(self.masked + self.repeated, self.cells)
    }

    /// Percent of the numbers that are not what the question alone would have shown.
    #[must_use]
    pub fn changed_percent(&self) -> f64 {
        percent(self.changed, self.cells)
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}

/// Runs both over both populations.
///
/// # Errors
/// What went wrong, in words.
pub fn session(mut say: impl FnMut(&str)) -> Result<(), String> {
    for (size, people) in PEOPLE {
        let (_world, bench) = bench(&format!("bench-session-{size}"), people)?;
        let study = play(&bench, &study()?)?;
        say(&format!("# {size}: {study:?}"));
        say(&line(&format!("session_released_percent_{size}"), study.released_percent(), RELEASED, study.released_percent() / RELEASED));
        say(&line(&format!("session_altered_percent_{size}"), study.altered_percent(), ALTERED, study.altered_percent() / ALTERED));
        say(&line(&format!("session_changed_percent_{size}"), study.changed_percent(), ALTERED, study.changed_percent() / ALTERED));
        for (name, texts) in surveillance() {
            let played = play(&bench, &texts)?;
            say(&format!(
                "# {size} {name}: {} of {} rows repeat, {} masked, {} of {} questions refused",
                played.repeated,
                played.rows,
                played.masked,
                played.tables - played.released,
                played.tables
            ));
            say(&line(
                &format!("surveillance_repeated_percent_{name}_{size}"),
                percent(played.repeated, played.rows),
                100.0,
                percent(played.repeated, played.rows) / 100.0,
            ));
        }
    }
    Ok(())
}

/// A population with a permit over all of it; its folder goes with the first of the two.
///
/// # Errors
/// What went wrong, in words.
pub fn bench(name: &str, people: u32) -> Result<(World, Bench), String> {
    let mut world = World::new(name)?;
    world.populate(people)?;
    world.start_all()?;
    let permit = gate::permit(&world)?;
    world.kill_all();
    let bench = gate::opened(&world, &permit)?;
    Ok((world, bench))
}

/// The questions of the study.
///
/// # Errors
/// When the file is not there.
pub fn study() -> Result<Vec<String>, String> {
    let text = std::fs::read_to_string(tree()?.join("tests/attack/session.sql")).map_err(|e| e.to_string())?;
    let text: String = text.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n");
    Ok(text.split(';').map(|sql| sql.trim().to_owned()).filter(|sql| !sql.is_empty()).collect())
}

/// Asks in turn on one ledger.
///
/// # Errors
/// What went wrong, in words.
pub fn play(bench: &Bench, texts: &[String]) -> Result<Played, String> {
    let mut out = Played { tables: texts.len(), ..Played::default() };
    for (text, answer) in texts.iter().zip(bench.judged_in_turn(texts).map_err(|e| e.in_full())?) {
        match answer {
            Ok((Verdict::Hold, _)) => out.refused.push(format!("held: {text}")),
            Ok((_, csv)) => {
                let (_, alone) = bench.judged(text).map_err(|e| e.in_full())?;
                let (rows, repeated) = (out.rows, out.repeated);
                out.count(&String::from_utf8_lossy(&csv), &String::from_utf8_lossy(&alone));
                if out.repeated > repeated {
                    out.marked.push(format!("{} of {}: {text}", out.repeated - repeated, out.rows - rows));
                }
            }
            Err(refusal) => out.refused.push(format!("{refusal}: {text}")),
        }
    }
    Ok(out)
}

impl Played {
    fn count(&mut self, csv: &str, alone: &str) {
        self.released += 1;
        let columns: Vec<bool> = csv.lines().next().unwrap_or_default().split(',').map(|title| NUMBERS.contains(&title)).collect();
        let row = |line: &str| -> (Vec<String>, Vec<String>) {
            let (numbers, keys): (Vec<_>, Vec<_>) = line.split(',').zip(&columns).partition(|(_, number)| **number);
            let texts = |cells: Vec<(&str, &bool)>| cells.into_iter().map(|(text, _)| text.to_owned()).collect::<Vec<_>>();
            (texts(keys.into_iter().take(columns.iter().filter(|n| !**n).count() - 1).collect()), texts(numbers))
        };
        let alone: BTreeMap<Vec<String>, Vec<String>> = alone.lines().skip(1).map(row).collect();
        for line in csv.lines().skip(1) {
            let (key, numbers) = row(line);
            self.rows += 1;
            self.cells += numbers.len();
            self.masked += line.matches("<k").count();
            self.repeated += usize::from(line.ends_with("as released before"));
            let own = alone.get(&key).map_or(&[][..], Vec::as_slice);
            self.changed += numbers.iter().enumerate().filter(|(i, number)| own.get(*i) != Some(number)).count();
        }
    }
}

/// Rare diseases as a registry watches them: every month the month's own table, and every month the year to date.
fn surveillance() -> [(&'static str, Vec<String>); 2] {
    let codes = RARE.map(|code| format!("'{code}'")).join(", ");
    let asked = |months: &dyn Fn(u32) -> String| {
        let text = |month| {
            format!(
                "SELECT icd10, sex, COUNT(DISTINCT pid) AS n FROM claims JOIN patients USING (pid) WHERE icd10 IN ({codes}) AND {} GROUP BY icd10, sex",
                months(month)
            )
        };
        MONTHS.map(text).collect::<Vec<_>>()
    };
    [("month", asked(&|month| format!("ym = {month}"))), ("to_date", asked(&|month| format!("ym <= {month}")))]
}
