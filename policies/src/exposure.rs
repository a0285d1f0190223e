//! How often one person is counted (露出): in how many different released sets, at most. Many sets around one person narrow that
//! person down together, whatever each of them says alone (A4); no audit follows combinations that long, so people are told.
//!
//! The numbers that are hidden from a permit because others were shown count likewise: that one is hidden tells a bit about a small group.
//!
//! Only bands of the largest count leave the enclave: who it is, and how far from the border, stays there.

use serde::{Deserialize, Serialize};

use crate::{
    disclosure::limits::{EXPOSURE_ALERT, EXPOSURE_BLUR, EXPOSURE_HOLD, HIDDEN_ALERT, HIDDEN_HOLD},
    handover::Purpose,
    terms::PermitId,
};

/// The band of the largest number of released sets that one person is in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exposure {
    /// As in any study.
    #[default]
    Usual,
    /// About [`EXPOSURE_ALERT`] or more: the auditor should look.
    Alert,
    /// About [`EXPOSURE_HOLD`] or more: people look at each output of the permit.
    Hold,
}

impl Exposure {
    /// The band of so many numbers that were hidden from a permit because of others; `draw` as in [`Exposure::of`].
    #[must_use]
    pub fn of_hidden(numbers: u64, draw: u64) -> Self {
        Self::within(numbers, (HIDDEN_ALERT, HIDDEN_HOLD), draw)
    }

    /// The band of a count. `draw` is a secret of the enclave, one for each permit: the borders lie up to a tenth below the limits, and
    /// nobody outside knows where. Who arranges that one person stands just under a limit cannot read off the alert whether that person
    /// is in one more set.
    #[must_use]
    pub fn of(most: u64, draw: u64) -> Self {
        Self::within(most, (EXPOSURE_ALERT, EXPOSURE_HOLD), draw)
    }

    fn within(count: u64, (alert, hold): (u64, u64), draw: u64) -> Self {
        let border = |limit: u64| limit - draw % (limit / EXPOSURE_BLUR + 1);
        match count {
            n if n >= border(hold) => Self::Hold,
            n if n >= border(alert) => Self::Alert,
            _ => Self::Usual,
        }
    }

    /// In words, for checkers.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Usual => "nobody is in about 300 released sets, and fewer than about 100 numbers had to be hidden",
            Self::Alert => "somebody is in about 300 released sets or more, or about 100 numbers had to be hidden",
            Self::Hold => "somebody is in about 1,000 released sets or more, or about 200 numbers had to be hidden",
        }
    }
}

/// A band was reached: for the auditor. It names nobody and no number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExposureReport {
    /// By the releases of this permit; `None`: by those of all permits together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permit: Option<PermitId>,
    /// The band.
    pub exposure: Exposure,
}

impl Purpose for ExposureReport {
    const PURPOSE: &'static str = "visiting exposure report v1";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_borders_lie_up_to_a_tenth_below_the_limits_and_never_above() {
        for draw in [0, 1, 30, 100, 12_345, u64::MAX] {
            let first = |band| (0..2_000).find(|n| Exposure::of(*n, draw) >= band).unwrap();
            assert!((270..=300).contains(&first(Exposure::Alert)), "{draw}");
            assert!((900..=1_000).contains(&first(Exposure::Hold)), "{draw}");
        }
        let borders: std::collections::BTreeSet<u64> =
            (0..101).map(|draw| (0..2_000).find(|n| Exposure::of(*n, draw) == Exposure::Hold).unwrap()).collect();
        assert_eq!(borders.len(), 101);
    }
}
