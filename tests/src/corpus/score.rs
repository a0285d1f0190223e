//! What was expected, beside what was said: for our own tests. The runner does not come here.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Answer;
use crate::world::Fault;

/// How a cell without a value is written.
const MASK: &str = "<k";
/// The note of a row that repeats an earlier release.
const REPEATED: &str = "as released before";

/// What a case deserves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Its id.
    pub id: String,
    /// Its family.
    pub family: String,
    /// `sql`, `statistic` or `wasm`.
    pub kind: String,
    /// `refuse`, `suppress-cells`, `needs-human` or `release`.
    pub verdict: String,
    /// Where it is decided.
    pub decided_at: String,
}

impl Expected {
    /// From a case's JSON object.
    ///
    /// # Errors
    /// What the object lacks.
    pub fn from_json(value: &Value) -> Result<Self, Fault> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| format!("`{name}` is no text"));
        Ok(Self {
            id: text("id")?,
            family: text("family")?,
            kind: text("kind")?,
            verdict: text("expected")?,
            decided_at: text("decided_at")?,
        })
    }

    /// True when the answer is what the case deserves.
    #[must_use]
    pub fn is_met(&self, answer: &Answer) -> bool {
        let said = answer.word();
        match self.verdict.as_str() {
            "refuse" => said == "refuse",
            "needs-human" => said == "hold",
            "release" => said == "release",
            "suppress-cells" => said == "suppress" || (said == "release" && !protects(answer)),
            _ => false,
        }
    }

    /// True when the text alone decides it.
    #[must_use]
    pub fn is_of_the_plan(&self) -> bool {
        self.kind == "sql" && self.decided_at.contains("plan")
    }

    /// True when it is honest work in SQL.
    #[must_use]
    pub fn is_benign_sql(&self) -> bool {
        self.kind == "sql" && self.family == "benign"
    }
}

/// True when a cell of the released table is masked or repeats another.
fn protects(answer: &Answer) -> bool {
    answer.table.as_ref().is_none_or(|table| table.contains(MASK) || table.contains(REPEATED))
}

/// Met and asked by a group of cases.
fn tally<'a>(pairs: &[(&'a Expected, &Answer)], of: impl Fn(&'a Expected) -> String) -> String {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (expected, answer) in pairs {
        let (met, all) = counts.entry(of(expected)).or_default();
        *met += usize::from(expected.is_met(answer));
        *all += 1;
    }
    counts.iter().map(|(name, (met, all))| format!("{met:>5} of {all:>3}  {name}\n")).collect()
}

/// The table of scores: what was missed, and how much was met by verdict, place of decision, kind and family.
#[must_use]
pub fn table(expected: &[Expected], answers: &[Answer]) -> String {
    let found = |e: &Expected| answers.iter().find(|a| a.id == e.id);
    let pairs: Vec<(&Expected, &Answer)> = expected.iter().filter_map(|e| Some((e, found(e)?))).collect();
    let missed: String = pairs
        .iter()
        .filter(|(e, a)| !e.is_met(a))
        .map(|(e, a)| {
            let reason = a.reason.as_deref().unwrap_or_default();
            format!("MISSED {:<10} wants {:<14} got {:<9} {reason} ({}, {})\n", e.id, e.verdict, a.word(), e.family, e.decided_at)
        })
        .collect();
    let met = pairs.iter().filter(|(e, a)| e.is_met(a)).count();
    format!(
        "{missed}by kind\n{}by verdict\n{}by place\n{}by family\n{}{met} of {} met\n",
        tally(&pairs, |e| e.kind.clone()),
        tally(&pairs, |e| e.verdict.clone()),
        tally(&pairs, |e| e.decided_at.clone()),
        tally(&pairs, |e| e.family.clone()),
        pairs.len()
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn answer(verdict: &str, table: Option<&str>) -> Answer {
        Answer {
            id: "x".to_owned(),
            verdict: Some(verdict.to_owned()),
            reason: None,
            table: table.map(str::to_owned),
            refused_before: 0,
            took: Duration::ZERO,
        }
    }

    #[test]
    fn stricter_is_a_miss_too_and_an_open_table_meets_suppression() {
        let wants = |verdict: &str| Expected {
            id: "x".to_owned(),
            family: "benign".to_owned(),
            kind: "sql".to_owned(),
            verdict: verdict.to_owned(),
            decided_at: "plan+result".to_owned(),
        };
        let open = answer("release", Some("n,note\n20,\n"));
        assert!(wants("release").is_met(&open) && wants("suppress-cells").is_met(&open) && !wants("refuse").is_met(&open));
        for closed in ["n,note\n<k,\n", "n,note\n20,as released before\n"] {
            assert!(!wants("suppress-cells").is_met(&answer("release", Some(closed))));
            assert!(wants("suppress-cells").is_met(&answer("suppress", Some(closed))));
            assert!(!wants("release").is_met(&answer("suppress", Some(closed))));
        }
        assert!(!wants("suppress-cells").is_met(&answer("refuse", None)) && !wants("release").is_met(&answer("refuse", None)));
        assert!(wants("needs-human").is_met(&answer("hold", None)) && wants("refuse").is_of_the_plan() && wants("refuse").is_benign_sql());
        assert!(!wants("release").is_met(&Answer { verdict: None, ..open }));
    }
}
