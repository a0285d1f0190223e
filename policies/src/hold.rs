//! What the exit gate leaves to people (保留): why, how many output checkers (出口審査担当) look at it, and what they see.
//!
//! They see the table as it would be released, and beside each row bands: never a row about a person, never an exact count.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::terms::{ApplicationId, PermitId, RunId};

/// Most checkers of one output.
pub const CHECKERS_MAX: u8 = 2;

/// Why an output is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// The committee made it a condition of the permit.
    AskedByTheCommittee,
    /// The audit of combinations with earlier releases could not be finished.
    NotAudited,
    /// The output is larger than a machine may release by itself.
    Budget,
    /// The permit has released as many cells as a machine may let out by itself.
    CellsSpent,
    /// Its releases count somebody very often, or many numbers had to be hidden from it: see [`crate::exposure`].
    Exposed,
    /// A number in it is made by a researcher's program out of many people's rows.
    GuestOverPeople,
}

/// Reasons that hold every output of a permit alike. They are read off the record before a question is looked at, so that a held
/// output says nothing of its own data by them.
pub const STANDING: &[HoldReason] = &[HoldReason::AskedByTheCommittee, HoldReason::CellsSpent, HoldReason::Exposed];

/// A risk class: how many people look at an output that is held for this reason.
#[derive(Debug, Clone, Copy)]
pub struct Class {
    /// Held for this.
    pub reason: HoldReason,
    /// At least so many checkers.
    pub checkers: u8,
    /// Why so many.
    pub because: &'static str,
}

/// Every reason to hold, in one table.
pub const CLASSES: &[Class] = &[
    Class {
        reason: HoldReason::AskedByTheCommittee,
        checkers: 1,
        because: "the committee has seen the purpose and the data; it says one or two, and the permit holds its word",
    },
    Class {
        reason: HoldReason::NotAudited,
        checkers: 1,
        because: "each value has passed its own rules and the ledger; only the search for longer combinations ran out of time",
    },
    Class {
        reason: HoldReason::Budget,
        checkers: 2,
        because: "many values together may say what none of them says; no rule of the machine covers that",
    },
    Class {
        reason: HoldReason::CellsSpent,
        checkers: 1,
        because: "the output is as small as any other; what matters is what it adds to a million values, and one person can weigh that",
    },
    Class {
        reason: HoldReason::Exposed,
        checkers: 2,
        because: "a thousand sets around somebody, or hundreds of numbers that had to be hidden, are what an attack looks like; two organisations say whether the study needs more",
    },
    Class {
        reason: HoldReason::GuestOverPeople,
        checkers: 2,
        because: "such a number may be any function of single people's values; no rule or ledger of the machine covers it (A7)",
    },
];

/// How many checkers look at an output: the strictest of its reasons and of what the permit says.
#[must_use]
pub fn checkers(reasons: &BTreeSet<HoldReason>, asked: u8) -> u8 {
    let least = CLASSES.iter().filter(|class| reasons.contains(&class.reason)).map(|class| class.checkers);
    least.max().unwrap_or(0).max(asked).min(CHECKERS_MAX)
}

/// What the record says of a held output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Why.
    pub reasons: BTreeSet<HoldReason>,
    /// How many checkers look at it.
    pub checkers: u8,
    /// Digest of the sealed evidence.
    pub sealed: String,
}

impl Held {
    /// True when the numbers follow from the reasons, and the standing reasons are those that the record shows.
    #[must_use]
    pub fn is_lawful(&self, asked: u8, standing: &BTreeSet<HoldReason>) -> bool {
        let named = STANDING.iter().all(|reason| self.reasons.contains(reason) == standing.contains(reason));
        named && self.checkers > 0 && self.checkers == checkers(&self.reasons, asked) && crate::sign::is_digest(&self.sealed)
    }
}

/// Form of [`Evidence`].
pub const FORM: &str = "visiting evidence v1";

/// What a checker reads, once opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// [`FORM`].
    pub form: String,
    /// Which run.
    pub run: RunId,
    /// Under which permit.
    pub permit: PermitId,
    /// The application that says what it is for.
    pub application: ApplicationId,
    /// The SQL as it was sent.
    pub sql: String,
    /// Why it is held.
    pub reasons: BTreeSet<HoldReason>,
    /// How often the permit's releases count somebody, in words of a band. Of the permit, never of a row: a checker who refused rows for
    /// it would tell who is in them.
    #[serde(default)]
    pub exposure: String,
    /// The table as it would be released, CSV: rounded and masked.
    pub table: String,
    /// Each row that the gate judged; the table may be computed from several questions.
    pub rows: Vec<EvidenceRow>,
    /// Rows beyond [`ROWS_MAX`] that are not listed.
    pub rows_not_listed: u64,
}

/// Most rows with bands: what a person reads; the table itself is whole.
pub const ROWS_MAX: usize = 5_000;

/// One row that the gate judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceRow {
    /// Which question of the SQL, from 1.
    pub question: u64,
    /// The labels of its group.
    pub keys: Vec<String>,
    /// How many people are in it: a band of [`people`].
    pub people: String,
    /// How many earlier releases are about nearly the same people: a band of [`near`].
    pub near: String,
}

/// The band of a number of people.
#[must_use]
pub fn people(n: u64) -> &'static str {
    match n {
        0..10 => "under 10",
        10..20 => "10-19",
        20..50 => "20-49",
        50..100 => "50-99",
        100..500 => "100-499",
        _ => "500 and more",
    }
}

/// The band of a number of earlier releases.
#[must_use]
pub fn near(n: u64) -> &'static str {
    match n {
        0 => "0",
        1..10 => "1-9",
        _ => "10 and more",
    }
}

/// The smallest size that evidence is padded to, bytes.
const PADDED_MIN_BYTES: usize = 4096;

impl Evidence {
    /// As it is sealed: padded to a power of two, since who carries it sees how long it is.
    #[must_use]
    pub fn padded(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.resize(bytes.len().next_power_of_two().max(PADDED_MIN_BYTES), b' ');
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strictest_reason_says_how_many_look() {
        use HoldReason::{AskedByTheCommittee, Budget, NotAudited};
        let of = |reasons: &[HoldReason], asked| checkers(&reasons.iter().copied().collect(), asked);
        assert_eq!((of(&[], 0), of(&[NotAudited], 0), of(&[Budget], 0)), (0, 1, 2));
        assert_eq!((of(&[AskedByTheCommittee], 1), of(&[AskedByTheCommittee], 2)), (1, 2));
        assert_eq!((of(&[AskedByTheCommittee, NotAudited], 2), of(&[AskedByTheCommittee, Budget], 1)), (2, 2));
    }

    #[test]
    fn every_reason_has_its_class_once() {
        use HoldReason::{AskedByTheCommittee, Budget, CellsSpent, Exposed, GuestOverPeople, NotAudited};
        for reason in [AskedByTheCommittee, NotAudited, Budget, CellsSpent, Exposed, GuestOverPeople] {
            let classes: Vec<_> = CLASSES.iter().filter(|class| class.reason == reason).collect();
            assert!(matches!(classes.as_slice(), [class] if (1..=CHECKERS_MAX).contains(&class.checkers)), "{reason:?}");
        }
    }

    #[test]
    fn bands_meet_at_their_borders() {
        assert_eq!(
            [10, 19, 20, 49, 50, 99, 100, 499, 500].map(people),
            ["10-19", "10-19", "20-49", "20-49", "50-99", "50-99", "100-499", "100-499", "500 and more"]
        );
        assert_eq!([0, 1, 9, 10].map(near), ["0", "1-9", "1-9", "10 and more"]);
    }
}
