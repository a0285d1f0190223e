//! How many opaque measures a permit may be shown. Of one, all affine variants say the same; of a sequence of unlike ones no bound is
//! proved, so their number is bounded.
//!
//! Names are counted over the whole permit, in what was shown and in what is asked: whether two cohorts overlap is a matter of data,
//! and a refusal that hung on it would tell whether they do. It is decided before any data are read.

use std::collections::BTreeSet;

use visiting_policies::{Code, Refusal};

use crate::{config::OPAQUE_MAX, known::Known, question::Question};

/// Refuses questions for which the permit has no room left.
pub(crate) fn room_for<'q>(known: &Known, permit: &str, questions: impl Iterator<Item = &'q Question>) -> Result<(), Refusal> {
    let columns = questions.flat_map(|q| &q.columns).filter(|c| c.opaque);
    let asked: BTreeSet<&String> = columns.map(|c| &c.name).collect();
    let shown = known.opaque_of(permit);
    let new = asked.iter().filter(|name| shown.is_none_or(|s| !s.contains(**name))).count();
    if new == 0 || new + shown.map_or(0, BTreeSet::len) <= OPAQUE_MAX {
        return Ok(());
    }
    Err(Refusal::new(
        Code::TooManyMeasures,
        format!(
            "a permit is shown {OPAQUE_MAX} different measures that are no listed columns (products, logarithms, whole-number divisions and the like); use one of those again, take the columns themselves, or ask for a derived column to be registered"
        ),
    )
    .ja(format!(
        "一覧にない計算式（積・対数・整数の割り算など）は、許可ごとに {OPAQUE_MAX} 種類までです。すでに使った式を使うか、列をそのまま集計するか、派生列としての登録を求めてください"
    )))
}
