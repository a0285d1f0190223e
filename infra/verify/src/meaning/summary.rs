//! What happened, in numbers.

use std::collections::BTreeMap;

use visiting_policies::{
    case::{ApplicationStatus, Cases},
    record::{Act, Event},
    terms::Verdict,
};

/// Codes of wrong moves that are listed by name: the most frequent ones.
const CODES_SHOWN: usize = 5;

/// What the fold does not keep.
#[derive(Debug, Default)]
pub(super) struct Summary {
    refused: BTreeMap<String, u64>,
    viewed: u64,
    downloaded: u64,
}

impl Summary {
    pub(super) fn count(&mut self, event: &Event) {
        match &event.act {
            Act::Refused { code, .. } => *self.refused.entry(code.name()).or_default() += 1,
            Act::Viewed { .. } => self.viewed += 1,
            Act::Downloaded { .. } => self.downloaded += 1,
            _ => {}
        }
    }

    /// Name and text of each line.
    pub(super) fn lines(&self, cases: &Cases) -> Vec<(&'static str, String)> {
        vec![
            ("log keys", log_keys(cases)),
            ("applications", applications(cases)),
            ("permits", permits(cases)),
            ("runs", runs(cases)),
            ("releases", releases(cases, self.downloaded)),
            ("refusals", self.refusals()),
            ("views", format!("{} of things that matter", self.viewed)),
        ]
    }

    fn refusals(&self) -> String {
        let mut codes: Vec<_> = self.refused.iter().collect();
        codes.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
        let all: u64 = self.refused.values().sum();
        let shown: Vec<_> = codes.iter().take(CODES_SHOWN).map(|(name, count)| format!("{count} {name}")).collect();
        let shown = if shown.is_empty() { String::new() } else { format!(": {}", shown.join(", ")) };
        format!("{all} wrong moves{shown}{}", if codes.len() > CODES_SHOWN { ", …" } else { "" })
    }
}

fn log_keys(cases: &Cases) -> String {
    let events: Vec<_> = cases.log_keys().iter().skip(1).map(|key| key.since.to_string()).collect();
    if events.is_empty() { "one from the beginning".to_owned() } else { format!("rotated by event {}", events.join(", ")) }
}

fn applications(cases: &Cases) -> String {
    let count = |wanted: &[ApplicationStatus]| cases.applications.values().filter(|a| wanted.contains(&a.status)).count();
    format!(
        "{}: {} approved, {} rejected, {} sent back, {} open",
        cases.applications.len(),
        count(&[ApplicationStatus::Approved]),
        count(&[ApplicationStatus::Rejected]),
        count(&[ApplicationStatus::Returned]),
        count(&[ApplicationStatus::Submitted, ApplicationStatus::UnderReview])
    )
}

fn permits(cases: &Cases) -> String {
    let suspended = cases.permits.values().filter(|case| case.suspended.is_some()).count();
    format!("{}: {suspended} suspended", cases.permits.len())
}

fn runs(cases: &Cases) -> String {
    let count =
        |verdict| cases.runs.values().filter(|run| run.judged.as_ref().is_some_and(|(report, _)| report.verdict == verdict)).count();
    let held = cases.runs.values().filter(|run| run.hold.is_some()).count();
    format!(
        "{}: {} released whole, {} with masks, {} refused; {held} were held for people",
        cases.runs.len(),
        count(Verdict::Release),
        count(Verdict::Suppress),
        count(Verdict::Refuse)
    )
}

fn releases(cases: &Cases, downloaded: u64) -> String {
    let left = cases.runs.values().filter(|run| run.released.is_some()).count();
    let recalled = cases.runs.values().filter(|run| run.recalled.is_some()).count();
    format!("{left}: {recalled} recalled; files were fetched {downloaded} times")
}
