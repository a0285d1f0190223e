//! Cases of our corpus with tokens swapped, lost, doubled, replaced, and joined to other cases.

use std::sync::OnceLock;

use datafusion::sql::sqlparser::{dialect::GenericDialect, tokenizer::Tokenizer};
use serde_json::Value;

use crate::population::draw::Draw;

/// Our own cases.
const CASES: &str = include_str!("../../corpus/cases.jsonl");
/// Refusals that are decided on the plan.
const REFUSALS: &str = include_str!("../../corpus/refusals.sql");
/// What a token may be replaced with.
const OTHERS: [&str; 28] = [
    "0",
    "-1",
    "9223372036854775807",
    "9223372036854775808",
    "1e308",
    "0.1",
    "''",
    "'P000000001'",
    "NULL",
    "TRUE",
    "*",
    "pid",
    "facility_id",
    "ym",
    "points",
    "value",
    "icd10",
    "DISTINCT",
    "(",
    ")",
    ",",
    "ndb",
    "kaigo.services",
    "OVER ()",
    "IS NOT NULL",
    "NOT",
    "UNION ALL",
    "ORDER BY 1",
];

/// Every text, in tokens with their spaces.
fn texts() -> &'static [Vec<String>] {
    static READ: OnceLock<Vec<Vec<String>>> = OnceLock::new();
    READ.get_or_init(|| {
        let cases = CASES.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let of_case = |case: &Value| {
            let before = case.get("prior_releases").and_then(Value::as_array).cloned().unwrap_or_default();
            let mut all: Vec<String> = before.iter().filter_map(|b| b.as_str().map(str::to_owned)).collect();
            all.extend(case.get("sql").and_then(Value::as_str).map(str::to_owned));
            all
        };
        let refused = REFUSALS.split("\n\n").map(|part| part.lines().filter(|l| !l.starts_with("--")).collect::<Vec<_>>().join("\n"));
        cases.flat_map(|case| of_case(&case)).chain(refused).filter_map(|text| tokens(&text)).filter(|t| t.len() > 2).collect()
    })
}

fn tokens(text: &str) -> Option<Vec<String>> {
    Some(Tokenizer::new(&GenericDialect {}, text).tokenize().ok()?.iter().map(ToString::to_string).collect())
}

fn at(draw: &mut Draw, length: usize) -> usize {
    usize::try_from(draw.below(length as u64)).unwrap_or(0)
}

fn some(draw: &mut Draw) -> Vec<String> {
    let place = at(draw, texts().len());
    texts().get(place).cloned().unwrap_or_default()
}

/// A text.
pub(super) fn statement(draw: &mut Draw) -> String {
    let mut text = some(draw);
    for _ in 0..draw.between(1, 4) {
        change(draw, &mut text);
        if text.is_empty() {
            break;
        }
    }
    text.concat()
}

fn change(draw: &mut Draw, text: &mut Vec<String>) {
    let (one, other) = (at(draw, text.len()), at(draw, text.len()));
    match draw.below(7) {
        0 => text.swap(one, other),
        1 => {
            text.remove(one);
        }
        2 => {
            let doubled = text.get(one).cloned().unwrap_or_default();
            text.insert(other, doubled);
        }
        3 => {
            let piece: Vec<String> = text.get(one.min(other)..one.max(other)).unwrap_or_default().to_vec();
            text.splice(one..one, piece);
        }
        4 => {
            let theirs = some(draw);
            let from = at(draw, theirs.len());
            text.truncate(one);
            text.extend(theirs.into_iter().skip(from));
        }
        5 => {
            let theirs = some(draw);
            let token = at(draw, theirs.len());
            text.splice(one..=one, theirs.get(token).cloned());
        }
        _ => {
            let token = draw.pick(&OTHERS).to_owned();
            text.splice(one..=one, [" ".to_owned(), token, " ".to_owned()]);
        }
    }
}
