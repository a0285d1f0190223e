//! Arguments that a function fails on when they are out of range: they are numbers in the text, within a range that is named, so that
//! no row can have one that fails.

use std::ops::RangeInclusive;

use datafusion::{
    common::ScalarValue,
    logical_expr::{
        Expr, WindowFrame, WindowFrameBound, WindowFrameUnits,
        expr::{ScalarFunction, WindowFunction},
    },
};
use visiting_policies::Refusal;

use super::expression::place;
use crate::plan::not_offered;

/// Characters of a text: far beyond every code of a listing.
const CHARS: RangeInclusive<i64> = 0..=1_000;
/// Where a part of a text begins.
const START: RangeInclusive<i64> = 1..=1_000;
/// The same counted from either end.
const EITHER_END: RangeInclusive<i64> = -1_000..=1_000;
/// Decimal places: what a double holds.
const PLACES: RangeInclusive<i64> = -15..=15;
/// Bases of a logarithm.
const BASE: RangeInclusive<i64> = 2..=1_000;
/// Rows that a window looks back or ahead, and pieces that it is cut into.
const ROWS: RangeInclusive<i64> = 0..=1_000_000;
/// The same where there must be one.
const SOME_ROWS: RangeInclusive<i64> = 1..=1_000_000;

/// Characters of a pattern: the engine makes a program of it when it meets the first row, and fails on those that are too large.
const PATTERN_MAX_CHARS: usize = 100;

/// What a function takes only as a literal.
pub(super) fn of_function(f: &ScalarFunction) -> Result<(), Refusal> {
    let args = f.args.as_slice();
    let (second, third) = (args.get(1), args.get(2));
    match f.name() {
        "substr" => {
            within(second, &START, "the start in substr(text, start, length)", "substr(文字列, 開始, 長さ) の開始")?;
            within(third, &CHARS, "the length in substr(text, start, length)", "substr(文字列, 開始, 長さ) の長さ")
        }
        "left" | "right" => {
            let name = f.name();
            within(second, &EITHER_END, &format!("the length in {name}(text, length)"), &format!("{name}(文字列, 長さ) の長さ"))
        }
        "round" | "trunc" => {
            let name = f.name();
            within(second, &PLACES, &format!("the decimal places in {name}(x, places)"), &format!("{name}(x, 桁数) の桁数"))
        }
        "log" if second.is_some() => within(args.first(), &BASE, "the base in log(base, x)", "log(底, x) の底"),
        _ => Ok(()),
    }
}

/// What a window takes only as a literal.
pub(super) fn of_window(w: &WindowFunction) -> Result<(), Refusal> {
    let (first, second) = (w.params.args.first(), w.params.args.get(1));
    match w.fun.name() {
        "lag" | "lead" => within(second, &ROWS, "the offset of lag and lead", "lag・lead のずらす行数")?,
        "nth_value" => within(second, &SOME_ROWS, "the place in nth_value(x, place)", "nth_value(x, 順番) の順番")?,
        "ntile" => within(first, &SOME_ROWS, "the number of pieces in ntile(pieces)", "ntile(個数) の個数")?,
        _ => {}
    }
    let frame = &w.params.window_frame;
    if [&frame.start_bound, &frame.end_bound].into_iter().all(bounded) {
        return Ok(());
    }
    Err(range("a bound of a window's frame", "ウィンドウの範囲", &ROWS).at(w.params.args.iter().find_map(place)))
}

/// A number of rows after LIMIT or OFFSET.
pub(super) fn count(e: &Expr) -> Result<(), Refusal> {
    within(Some(e), &(0..=i64::from(u32::MAX)), "the number after LIMIT and OFFSET", "LIMIT・OFFSET の数")
}

/// The pattern of a LIKE.
pub(super) fn pattern(e: &Expr) -> Result<(), Refusal> {
    let short = match e {
        Expr::Literal(ScalarValue::Utf8(text) | ScalarValue::Utf8View(text), _) => {
            text.as_ref().is_none_or(|t| t.chars().count() <= PATTERN_MAX_CHARS)
        }
        Expr::Literal(ScalarValue::Null, _) => true,
        _ => false,
    };
    if short {
        return Ok(());
    }
    Err(not_offered(
        format!("LIKE takes a pattern in quotes of {PATTERN_MAX_CHARS} characters at most, nothing computed: icd10 LIKE 'E1%'"),
        format!("LIKE の型は '…' で書いた {PATTERN_MAX_CHARS} 文字までの文字列だけです（例：icd10 LIKE 'E1%'）。計算した値は使えません"),
    ))
}

/// True where a frame goes by values of its order: these must be numbers.
pub(super) fn by_value(frame: &WindowFrame) -> bool {
    let offset = |b: &WindowFrameBound| matches!(b, WindowFrameBound::Preceding(v) | WindowFrameBound::Following(v) if !v.is_null());
    frame.units == WindowFrameUnits::Range && (offset(&frame.start_bound) || offset(&frame.end_bound))
}

/// The reader writes the offsets of a frame as texts or as counts.
fn bounded(bound: &WindowFrameBound) -> bool {
    match bound {
        WindowFrameBound::CurrentRow => true,
        WindowFrameBound::Preceding(v) | WindowFrameBound::Following(v) => {
            v.is_null() || v.to_string().parse::<i64>().is_ok_and(|n| ROWS.contains(&n))
        }
    }
}

fn within(argument: Option<&Expr>, allowed: &RangeInclusive<i64>, en: &str, ja: &str) -> Result<(), Refusal> {
    match argument {
        Some(e) if !written(e).is_some_and(|n| allowed.contains(&n)) => Err(range(en, ja, allowed).at(place(e))),
        _ => Ok(()),
    }
}

/// A whole number in the text.
fn written(e: &Expr) -> Option<i64> {
    match e {
        Expr::Literal(ScalarValue::Int64(n), _) => *n,
        Expr::Negative(inner) => written(inner).and_then(i64::checked_neg),
        _ => None,
    }
}

fn range(en: &str, ja: &str, allowed: &RangeInclusive<i64>) -> Refusal {
    let (lo, hi) = (allowed.start(), allowed.end());
    not_offered(
        format!("{en} is a whole number written out, from {lo} to {hi}; nothing computed stands there"),
        format!("{ja}は {lo} から {hi} までの整数をそのまま書きます。計算した値は使えません"),
    )
}
