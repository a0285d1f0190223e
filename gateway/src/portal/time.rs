//! Moments for people: Japan time, which has had no summer time since 1952.

use chrono::{DateTime, Days, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};
use maud::{Markup, html};

/// Japan is this far ahead of UTC.
const JAPAN_SECONDS: i32 = 9 * 60 * 60;

/// `2026-11-21` in Japan.
pub(super) fn day(ms: u64) -> String {
    written(ms, "%Y-%m-%d")
}

/// `2026-11-21 20:51:07` in Japan.
pub(super) fn moment(ms: u64) -> String {
    written(ms, "%Y-%m-%d %H:%M:%S")
}

/// A moment on a page, exact for machines.
pub(super) fn view(ms: u64) -> Markup {
    html! { time datetime={ (moment(ms).replace(' ', "T")) "+09:00" } { (moment(ms)) } }
}

/// The moment in a `datetime-local` field, Japan time; seconds are ignored.
pub(super) fn from_field(text: &str) -> Option<u64> {
    let (date, clock) = text.split_once('T')?;
    let clock = NaiveTime::parse_from_str(clock.get(..5)?, "%H:%M").ok()?;
    read(date_of(date)?.and_time(clock))
}

/// The end of the day in a `date` field: the first moment after it.
pub(super) fn from_day(text: &str) -> Option<u64> {
    read(date_of(text)?.checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN))
}

fn date_of(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// Nothing for moments that no clock of ours shows.
fn written(ms: u64, form: &str) -> String {
    let moment = i64::try_from(ms).ok().and_then(DateTime::from_timestamp_millis);
    let local = moment.zip(FixedOffset::east_opt(JAPAN_SECONDS)).map(|(moment, japan)| moment.with_timezone(&japan));
    local.map(|moment| moment.format(form).to_string()).unwrap_or_default()
}

fn read(local: NaiveDateTime) -> Option<u64> {
    let moment = local.and_local_timezone(FixedOffset::east_opt(JAPAN_SECONDS)?).single()?;
    u64::try_from(moment.timestamp_millis()).ok()
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
            let ms = number * 24 * 60 * 60 * 1000;
            assert_eq!(from_field(&format!("{}T09:00", day(ms))), Some(ms));
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
