//! What remains of a permit's budgets, on the pages of those who use it up.

use maud::{Markup, html};

use super::lang::Lang;
use crate::{
    remains::{grouped, name, reason, then},
    wire::PermitView,
};

/// The budgets as a table, and why people look at each output, where they do.
pub(super) fn table(lang: Lang, permit: &PermitView) -> Markup {
    let say = |(ja, en): (&'static str, &'static str)| lang.say(ja, en);
    html! {
        section aria-labelledby="remains" {
            h2 #remains { (lang.say("この許可の残り", "What remains of this permit")) }
            @if !permit.standing.is_empty() {
                p.notice.warning {
                    (lang.say("どの出力も、持ち出す前に担当者が確認します：", "People look at each output before it leaves: "))
                    (permit.standing.iter().map(|why| say(reason(*why))).collect::<Vec<_>>().join(lang.say("、", ", ")))
                }
            }
            div.scroll role="group" tabindex="0" aria-labelledby="remains" {
                table {
                    thead { tr {
                        th scope="col" { (lang.say("数えるもの", "What is counted")) }
                        th.number scope="col" { (lang.say("残り", "Left")) }
                        th.number scope="col" { (lang.say("上限", "Limit")) }
                        th scope="col" { (lang.say("なくなると", "Then")) }
                    } }
                    tbody {
                        @for budget in &permit.budgets {
                            tr {
                                th scope="row" { (say(name(budget.kind))) }
                                td.number { (grouped(budget.left)) }
                                td.number { (grouped(budget.most)) }
                                td { (say(then(budget))) }
                            }
                        }
                    }
                }
            }
        }
    }
}
