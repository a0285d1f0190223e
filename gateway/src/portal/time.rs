//! Moments for people: Japan time, which has had no summer time since 1952. Civil-date arithmetic after Howard Hinnant.

use maud::{Markup, html};

/// Japan is this far ahead of UTC.
const JAPAN_MS: u64 = 9 * 60 * 60 * 1000;

const MINUTE_MS: u64 = 60 * 1000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;

/// Year, month and day of a number of days since 1970-01-01.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + u64::from(month <= 2), month, day)
}

/// Days since 1970-01-01 of a date from then on that exists.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || day == 0 {
        return None;
    }
    let (shifted, moved) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (shifted / 400, shifted % 400);
    let of_year = (153 * moved + 2) / 5 + day - 1;
    let days = (era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year).checked_sub(719_468)?;
    (civil(days) == (year, month, day)).then_some(days)
}

/// `2026-11-21` in Japan.
pub(super) fn day(ms: u64) -> String {
    let (year, month, day) = civil((ms.saturating_add(JAPAN_MS)) / DAY_MS);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `2026-11-21 20:51:07` in Japan.
pub(super) fn moment(ms: u64) -> String {
    let seconds = ms.saturating_add(JAPAN_MS) / 1000;
    format!("{} {:02}:{:02}:{:02}", day(ms), seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}

/// A moment on a page, exact for machines.
pub(super) fn view(ms: u64) -> Markup {
    html! { time datetime={ (moment(ms).replace(' ', "T")) "+09:00" } { (moment(ms)) } }
}

/// The moment in a `datetime-local` field, Japan time; seconds are ignored.
pub(super) fn from_field(text: &str) -> Option<u64> {
    let (date, clock) = text.split_once('T')?;
    let mut clock = clock.split(':').map(digits);
    let (hour, minute) = (clock.next()??, clock.next()??);
    let minutes = (hour < 24 && minute < 60).then_some(hour * 60 + minute)?;
    from_date(date)?.checked_add(minutes * MINUTE_MS)
}

/// The end of the day in a `date` field: the first moment after it.
pub(super) fn from_day(text: &str) -> Option<u64> {
    from_date(text)?.checked_add(DAY_MS)
}

fn from_date(text: &str) -> Option<u64> {
    let mut parts = text.splitn(3, '-').map(digits);
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    (days(year, month, day)? * DAY_MS).checked_sub(JAPAN_MS)
}

fn digits(text: &str) -> Option<u64> {
    let plain = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        assert_eq!(moment(1_700_000_000_000), "2023-11-15 07:13:20");
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(from_field("2023-11-15T07:13"), Some(1_700_000_000_000 - 20_000));
        assert_eq!(from_field("2023-11-15T07:13:20"), Some(1_700_000_000_000 - 20_000));
        assert_eq!(from_day("2023-11-14").map(moment), Some("2023-11-15 00:00:00".to_owned()));
    }

    #[test]
    fn every_day_of_a_century_is_read_as_it_is_written() {
        for number in 1..36_600 {
            let ms = number * DAY_MS;
            assert_eq!(from_date(&day(ms)), Some(ms - JAPAN_MS));
        }
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in [
            "",
            "2023-02-29T00:00",
            "2023-13-01T00:00",
            "2023-01-01",
            "2023-01-01T24:00",
            "1969-12-31T00:00",
            "2023-1-1Tx:0",
            "99999-01-01T00:00",
        ] {
            assert_eq!(from_field(text), None, "{text}");
        }
    }
}
