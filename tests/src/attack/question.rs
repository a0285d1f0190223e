//! Random questions over the cohort: as SQL for the gate, and in words that a script reads.

use serde_json::{Value, json};

use crate::population::draw::Draw;

/// The columns with the number of their values, 1 to n. The listing is `tests/attack/cohort.toml`.
pub(super) const COLUMNS: [(&str, u64); 4] = [("sex", 2), ("age", 6), ("area", 5), ("care", 4)];

/// Shares of questions with so many keys.
const KEYS: [f64; 4] = [0.1, 0.4, 0.35, 0.15];
/// Share of columns with a condition.
const CONDITION: f64 = 0.35;
/// Share of questions that count a part of each row besides.
const PART: f64 = 0.2;

/// A condition: a column and the values that pass.
type Condition = (&'static str, Vec<u64>);

/// One question.
#[derive(Debug, Clone)]
pub(super) struct Question {
    by: Vec<&'static str>,
    conditions: Vec<Condition>,
    part: Option<Condition>,
}

impl Question {
    pub(super) fn draw(draw: &mut Draw) -> Self {
        let mut columns: Vec<(&str, u64)> = COLUMNS.to_vec();
        for at in (1..columns.len()).rev() {
            columns.swap(at, usize::try_from(draw.below(at as u64 + 1)).unwrap_or(0));
        }
        let by = columns.iter().take(draw.weighted(&KEYS)).map(|(name, _)| *name).collect();
        let mut conditions = Vec::new();
        for column in &columns {
            if draw.chance(CONDITION) {
                conditions.push(condition(*column, draw));
            }
        }
        let part = draw.chance(PART).then(|| columns.last().map(|column| condition(*column, draw))).flatten();
        Self { by, conditions, part }
    }

    pub(super) fn sql(&self) -> String {
        let part = self.part.as_ref().map(|c| format!("COUNT(*) FILTER (WHERE {}) AS n2", words(c)));
        let titles = self.by.iter().map(|key| (*key).to_owned()).chain(["COUNT(*) AS n".to_owned()]).chain(part);
        let mut sql = format!("SELECT {} FROM people", titles.collect::<Vec<_>>().join(", "));
        if !self.conditions.is_empty() {
            sql += &format!(" WHERE {}", self.conditions.iter().map(words).collect::<Vec<_>>().join(" AND "));
        }
        if !self.by.is_empty() {
            sql += &format!(" GROUP BY {}", self.by.join(", "));
        }
        sql
    }

    /// As `tests/independent/attacker.py` reads it.
    pub(super) fn told(&self, number: usize, csv: Option<&str>) -> Value {
        let told = |(column, values): &Condition| json!([column, values.iter().map(u64::to_string).collect::<Vec<_>>()]);
        let parts: Vec<Value> = self.part.iter().map(|part| json!(["n2", [told(part)]])).collect();
        let conditions: Vec<Value> = self.conditions.iter().map(told).collect();
        json!({ "n": number, "where": conditions, "by": self.by, "parts": parts, "csv": csv })
    }
}

/// About half of a column's values, one at least.
fn condition((name, values): (&'static str, u64), draw: &mut Draw) -> Condition {
    let some: Vec<u64> = (1..=values).filter(|_| draw.chance(0.5)).collect();
    (name, if some.is_empty() { vec![1 + draw.below(values)] } else { some })
}

fn words((column, values): &Condition) -> String {
    let values: Vec<String> = values.iter().map(u64::to_string).collect();
    format!("{column} IN ({})", values.join(", "))
}
