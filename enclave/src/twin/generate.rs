//! Made-up rows from what a listing says of a column: its kind, its domain, its measure. Nobody's data are behind them.

use visiting_catalog::{Column, Domain, Kind, Pattern, listing::is_month};
use visiting_policies::terms::Period;

use super::draw::{Draw, Ranks, purpose, shuffled};

/// Falling of frequencies from code to code: the usual one of diagnoses and drugs.
const CODES_EXPONENT: f64 = 1.0;
/// The same of short ranges, such as prefectures: flatter.
const RANGE_EXPONENT: f64 = 0.6;
/// Ranges with more values than this have a middle and two ends instead of ranks.
const RANKED_MAX: usize = 200;
/// Codes of a form that occur: as many as a busy registry uses.
const FORM_CODES: usize = 300;
/// Share of rows without a value in a measure.
const EMPTY_SHARE: f64 = 0.02;
/// Share of rows that repeat the code of the person's row before: chronic diseases, repeated prescriptions.
const REPEAT_SHARE: f64 = 0.4;
/// Largest single value of a measure without bounds, in its own units; medians are far below.
const VALUE_MAX: f64 = 10_000_000.0;
/// Median of a measure without bounds, in its own units.
const VALUE_MEDIAN: f64 = 600.0;
/// Rows of one person that bounds on a person's total are shared out over.
const ROWS_EXPECTED: f64 = 10.0;

/// How a column's values are drawn. A value is a whole number: the number itself, 10^-scale of it, or the place of a code.
#[derive(Debug)]
pub(super) struct Maker {
    /// Seed of the column's name alone: a person's sex is the same in every database.
    pub(super) seed: u64,
    kind: Kind,
    scale: u32,
    codes: Vec<String>,
    shape: Shape,
}

#[derive(Debug)]
enum Shape {
    /// One of these, the first most often.
    Ranked(Ranks, Vec<i64>),
    /// Between the two, the middle most often.
    Spread(Vec<i64>),
    /// Evenly one of these.
    Even(Vec<i64>),
    /// Evenly around the middle of a range too long to write out.
    Wide(i64, i64),
    /// A skewed amount within bounds.
    Amount { median: f64, lo: f64, hi: f64 },
}

impl Maker {
    /// Of one column; `cut` are the months of a dated table's own month. `None` where no value is left.
    pub(super) fn new(column: &Column, seed: u64, cut: Option<Period>) -> Option<Self> {
        let seed = purpose(seed, &column.name);
        let mut codes = Vec::new();
        let shape = match &column.domain {
            Some(Domain::Range([lo, hi])) => range(*lo, *hi, seed),
            Some(Domain::Months([lo, hi])) => months(*lo, *hi, cut),
            Some(Domain::Codes(all)) => {
                codes.clone_from(all);
                codes.sort_unstable();
                ranked(codes.len(), CODES_EXPONENT, seed)
            }
            Some(Domain::Pattern(form)) => {
                codes = of_form(form, seed)?;
                ranked(codes.len(), CODES_EXPONENT, seed)
            }
            None if column.kind == Kind::Code => {
                codes = (0..FORM_CODES).map(|i| format!("x{i:03}")).collect();
                ranked(codes.len(), CODES_EXPONENT, seed)
            }
            None => amount(column),
        };
        let some = match &shape {
            Shape::Ranked(_, all) | Shape::Spread(all) | Shape::Even(all) => !all.is_empty(),
            Shape::Wide(..) | Shape::Amount { .. } => true,
        };
        some.then_some(Self { seed, kind: column.kind, scale: column.scale(), codes, shape })
    }

    /// The next value of a person.
    pub(super) fn next(&self, draw: &mut Draw, before: Option<i64>) -> Option<i64> {
        let picked = |all: &[i64], at: usize| all.get(at.min(all.len().saturating_sub(1))).copied();
        match &self.shape {
            Shape::Ranked(ranks, all) => match before.filter(|_| self.kind == Kind::Code && draw.chance(REPEAT_SHARE)) {
                Some(again) => Some(again),
                None => picked(all, ranks.draw(draw)),
            },
            Shape::Spread(all) => picked(all, ((draw.unit() + draw.unit()) / 2.0 * all.len() as f64) as usize),
            Shape::Even(all) => picked(all, (draw.unit() * all.len() as f64) as usize),
            Shape::Wide(lo, hi) => {
                let size = hi.abs_diff(*lo);
                Some(lo.saturating_add_unsigned(draw.below(size / 2 + 1) + draw.below(size / 2 + 1)))
            }
            Shape::Amount { .. } if draw.chance(EMPTY_SHARE) => None,
            Shape::Amount { median, lo, hi } => Some(draw.skewed(*median, 0.9).clamp(*lo, *hi).round() as i64),
        }
    }

    /// The text of a code's place.
    pub(super) fn code(&self, place: i64) -> Option<&str> {
        usize::try_from(place).ok().and_then(|i| self.codes.get(i)).map(String::as_str)
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn scale(&self) -> u32 {
        self.scale
    }
}

fn ranked(n: usize, exponent: f64, seed: u64) -> Shape {
    let order = shuffled(n, seed).into_iter().filter_map(|i| i64::try_from(i).ok()).collect();
    Shape::Ranked(Ranks::new(n, exponent), order)
}

fn range(lo: i64, hi: i64, seed: u64) -> Shape {
    match usize::try_from(hi.saturating_sub(lo).saturating_add(1)) {
        Ok(n) if n <= RANKED_MAX => {
            let order = shuffled(n, seed).into_iter().filter_map(|i| i64::try_from(i).ok()).map(|i| lo.saturating_add(i)).collect();
            Shape::Ranked(Ranks::new(n, RANGE_EXPONENT), order)
        }
        _ => Shape::Wide(lo, hi),
    }
}

/// Months of care are even, months of birth have a middle.
fn months(lo: i64, hi: i64, cut: Option<Period>) -> Shape {
    let (from, to) = cut.map_or((lo, hi), |period| (lo.max(period.from), hi.min(period.to)));
    let all: Vec<i64> = (from..=to).filter(|m| is_month(*m)).collect();
    if cut.is_some() { Shape::Even(all) } else { Shape::Spread(all) }
}

/// Codes of one form that occur in the twin, in the order of texts.
fn of_form(form: &str, seed: u64) -> Option<Vec<String>> {
    let form = Pattern::parse(form)?;
    let size = u64::try_from(form.size()).ok()?;
    let mut draw = Draw::new(seed, 1);
    let numbers = (0..FORM_CODES as u64).map(|i| if size <= FORM_CODES as u64 { i } else { draw.below(size) });
    let mut codes: Vec<String> = numbers.filter(|n| *n < size).filter_map(|n| Some(form.code(i64::try_from(n).ok()?))).collect();
    codes.sort_unstable();
    codes.dedup();
    Some(codes)
}

/// An amount: within what the listing declares for a person's total, shared out over the rows a person is likely to have.
fn amount(column: &Column) -> Shape {
    let unit = 10f64.powi(i32::try_from(column.scale()).unwrap_or(0));
    match column.measure.as_ref().and_then(|m| m.bounds) {
        Some([lo, hi]) => {
            let (lo, hi) = (lo as f64 / ROWS_EXPECTED, hi as f64 / ROWS_EXPECTED);
            Shape::Amount { median: (lo + hi) / 2.0, lo: lo.min(hi), hi: hi.max(lo) }
        }
        None => Shape::Amount { median: VALUE_MEDIAN * unit, lo: 0.0, hi: VALUE_MAX * unit },
    }
}
