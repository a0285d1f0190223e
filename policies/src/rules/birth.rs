//! Months of birth (生年月) as ages: whoever is grouped by the month of birth is grouped by age, so the bands of ages hold for both.
//!
//! An age is the one that a person reaches in the last year of the data: all who are born in one year have the same.

use super::{Band, KeyRole, Named};

/// A key or a condition on months of birth (`yyyymm`) as one on ages, for data that end in `year`. What does not name whole years of
/// birth names no ages, and cannot be read.
#[must_use]
pub fn ages(key: KeyRole, year: i64) -> KeyRole {
    let of_years = |(first, last): (i64, i64)| (year - last.div_euclid(100), year - first.div_euclid(100));
    let whole = |range: &(i64, i64)| -> Option<(i64, i64)> {
        let (lo, hi) = key.domain?;
        let starts = range.0 <= lo || range.0.rem_euclid(100) <= 1;
        let ends = range.1 >= hi || range.1.rem_euclid(100) >= 12;
        (starts && ends).then(|| of_years(*range))
    };
    let named = match &key.named {
        Named::Ranges(ranges) => ranges.iter().map(whole).collect::<Option<Vec<_>>>().map_or(Named::Unreadable, Named::Ranges),
        // A month is finer than any age.
        Named::Each | Named::Labels(_) | Named::Unreadable => Named::Unreadable,
        Named::Measured => Named::Measured,
    };
    KeyRole { domain: key.domain.map(of_years), named, born: Some(year), ..key }
}

/// What a researcher writes to group a month of birth by bands of ages.
pub(super) fn sql(band: &Band, column: &str, year: i64, domain: (i64, i64)) -> String {
    band.sql(&format!("({year} - {column} / 100)"), domain)
}
