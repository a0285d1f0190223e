//! What remains of a permit's budgets, in words: one text for the portal and the command line.

use visiting_policies::{
    budget::{Budget, Kind, Then},
    hold::HoldReason,
};

use crate::wire::{BudgetView, PermitView};

/// A budget as both interfaces show it.
pub(crate) fn view(budget: &Budget) -> BudgetView {
    BudgetView { kind: budget.kind, most: budget.most, used: budget.used, left: budget.left(), then: budget.then }
}

/// What is counted: Japanese, English.
pub(crate) fn name(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Cells => ("持ち出せる数値", "Released numbers"),
        Kind::Measures => ("一覧にない計算式", "Measures that are no listed columns"),
        Kind::Unshown => ("表示できるものがない問合せ", "Questions with nothing to show"),
        Kind::Waiting => ("担当者の確認を待てる出力", "Outputs that may wait for output checkers"),
    }
}

/// What happens when nothing is left.
pub(crate) fn then(budget: &BudgetView) -> (&'static str, &'static str) {
    match (budget.then, budget.kind) {
        (Then::Held, _) => {
            ("なくなると、どの出力も担当者の確認を待ちます。", "Once there are none left, people look at each output before it leaves.")
        }
        (Then::Refused, Kind::Measures) => {
            ("なくなると、新しい計算式は使えません。", "Once there are none left, no further one can be used.")
        }
        (Then::Refused, Kind::Waiting) => {
            ("なくなると、判定されるまで実行できません。", "Once there are none left, nothing is run until some are decided.")
        }
        (Then::Refused, _) => ("なくなると、この許可では実行できません。", "Once there are none left, nothing is run under this permit."),
    }
}

/// Why people look at each output: Japanese, English.
pub(crate) fn reason(reason: HoldReason) -> (&'static str, &'static str) {
    match reason {
        HoldReason::AskedByTheCommittee => ("委員会の条件", "a condition of the committee"),
        HoldReason::NotAudited => ("組み合わせの検査が終わらなかった", "the audit of combinations was not finished"),
        HoldReason::Budget => ("機械だけで持ち出せる量を超えた", "more than the machine may let out"),
        HoldReason::Exposed => (
            "許可の出力が同じ人を繰り返し数えているか、多くの数値を隠すことになった",
            "the permit's releases count the same people over and over, or many numbers had to be hidden",
        ),
        HoldReason::GuestOverPeople => (
            "研究者のプログラムが多数の人の行から作った数値がある",
            "a number in it is made by a researcher's program out of many people's rows",
        ),
        HoldReason::CellsSpent => ("許可で持ち出せる数値を使い切った", "the permit's released numbers are used up"),
    }
}

/// The lines of `visiting remains`.
pub(crate) fn lines(permit: &PermitView, japanese: bool) -> String {
    let pick = |(ja, en): (&'static str, &'static str)| if japanese { ja } else { en };
    let line = |budget: &BudgetView| {
        let (left, most) = (grouped(budget.left), grouped(budget.most));
        let of = if japanese { format!("残り {left}（上限 {most}）") } else { format!("{left} of {most} left") };
        format!("{}: {of}. {}", pick(name(budget.kind)), pick(then(budget)))
    };
    let because: Vec<&str> = permit.standing.iter().map(|why| pick(reason(*why))).collect();
    let standing = (!because.is_empty()).then(|| {
        let head = if japanese { "どの出力も担当者が確認します" } else { "People look at each output" };
        format!("{head}: {}", because.join(", "))
    });
    permit.budgets.iter().map(line).chain(standing).collect::<Vec<_>>().join("\n")
}

/// A number with a comma before each three digits.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_read_in_threes() {
        assert_eq!([0, 20, 999, 1_000, 998_760, 1_000_000].map(grouped), ["0", "20", "999", "1,000", "998,760", "1,000,000"]);
    }
}
