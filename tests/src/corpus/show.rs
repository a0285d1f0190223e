//! Answers as lines for people.

use std::collections::BTreeMap;

use super::Answer;

/// One answer.
pub(super) fn line(answer: &Answer) -> String {
    let reason = answer.reason.as_deref().unwrap_or_default();
    let before = match answer.refused_before {
        0 => String::new(),
        n => format!("  ({n} of the earlier questions were refused)"),
    };
    let rows = answer.table.as_ref().map_or_else(String::new, |t| format!("{} rows", t.lines().count().saturating_sub(1)));
    format!("{:<10} {:<9} {reason}{rows} {:.1} s{before}", answer.id, answer.word(), answer.took.as_secs_f64())
}

/// How many answers there are of each verdict and reason.
#[must_use]
pub fn summary(answers: &[Answer]) -> String {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for answer in answers {
        *counts.entry((answer.word(), answer.reason.as_deref().unwrap_or_default())).or_default() += 1;
    }
    let lines: Vec<String> = counts.iter().map(|((verdict, reason), n)| format!("{n:>5}  {verdict:<9} {reason}")).collect();
    lines.join("\n")
}
