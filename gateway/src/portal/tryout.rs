//! 試行: what the exit gate would say on synthetic data, shown below the editor and never as a release.

use std::time::Duration;

use maud::{Markup, html};
use visiting_catalog::TablePlan;
use visiting_policies::{
    refusal::Refusal,
    terms::{PreflightId, Verdict},
};

use super::{
    ctx::Ctx,
    lang::Lang,
    place, schema,
    table::{self, Table},
    words,
};
use crate::routes::preflights;

/// The value of the form's `do` that tries instead of running.
pub(super) const TRY: &str = "try";

/// How long a page waits for the answer itself: a little longer than it takes while nothing else runs.
const WAIT: Duration = Duration::from_secs(3);

/// Seconds between two looks without scripts.
const REFRESH_SECONDS: u64 = 3;

/// One pre-flight as a page shows it.
#[derive(Debug)]
pub(super) struct Tryout {
    id: PreflightId,
    /// The text that was tried.
    pub(super) sql: String,
    /// The verdict; `None` while it waits.
    verdict: Option<Verdict>,
    refusal: Option<Refusal>,
    table: Option<Result<Table, Refusal>>,
}

impl Tryout {
    /// The pre-flight of the page's query.
    pub(super) async fn read(ctx: &Ctx, id: &str) -> Result<Self, Refusal> {
        let (person, id) = (ctx.person()?, crate::app::id::<PreflightId>(id, "pre-flight")?);
        let view = preflights::show(&ctx.app, &person, &id, WAIT).await?;
        let case = preflights::visible(&ctx.app, &person, &id)?;
        let sql = ctx.app.documents.text(&case.program).await?;
        let table = view.synthetic_table.map(|csv| Table::read(csv.as_bytes(), &sql));
        Ok(Self { id, verdict: view.verdict, refusal: case.answered.and_then(|report| report.refusal), table, sql })
    }

    /// For the page's head: looks again while it waits and there is no script to do it.
    pub(super) fn head(&self) -> Markup {
        html! { @if self.verdict.is_none() { noscript { meta http-equiv="refresh" content=(REFRESH_SECONDS); } } }
    }

    /// The panel. `try.js` renews it while it waits.
    pub(super) fn view(&self, lang: Lang, plans: &[TablePlan<'_>]) -> Markup {
        html! {
            section #try.try aria-labelledby="try-title" data-preflight=(self.id) data-final=(self.verdict.is_some()) {
                h2 #try-title { (lang.say("合成データで試した結果", "Tried on synthetic data")) }
                p.notice.warning role="status" {
                    strong { (lang.say("合成データです。実際のデータではありません。", "SYNTHETIC, not data.")) } " "
                    (lang.say(
                        "表の数値は目録から作り出したもので、引用や持ち出しはできません。使えないSQLかどうかは本番と必ず一致します。表示できるかどうかは本番と異なることがあります。",
                        "The figures are made up from the catalogue and cannot be cited or taken out. Whether the SQL can be used is the same as in a real run; whether values can be shown may differ.",
                    ))
                }
                p { strong { (self.standing(lang)) } }
                @if let Some(refusal) = &self.refusal {
                    (words::explained(lang, refusal))
                    (place::view(lang, &self.sql, Some(refusal)))
                }
                @match &self.table {
                    None => {},
                    Some(Err(fault)) => (words::alert(lang, fault)),
                    Some(Ok(table)) => (table::synthetic(lang, table, |name| schema::title(lang, plans, name))),
                }
            }
        }
    }

    fn standing(&self, lang: Lang) -> &'static str {
        match self.verdict {
            None => lang.say("閉域環境の回答を待っています。", "Waiting for the enclave's answer."),
            Some(Verdict::Release) => lang.say("この合成データなら、すべての値を持ち出せます。", "On these data every value could leave."),
            Some(Verdict::Suppress) => {
                lang.say("この合成データなら、一部の値を伏せて持ち出せます。", "On these data it could leave with masks.")
            }
            Some(Verdict::Hold) => lang.say("担当者が確認します。", "People would look at it."),
            Some(Verdict::Refuse) => lang.say("持ち出せません。", "It could not leave."),
        }
    }

    /// One of every kind, for tests of pages.
    #[cfg(test)]
    pub(super) fn sample(verdict: Option<Verdict>, sql: &str, refusal: Option<Refusal>, csv: Option<&str>) -> Self {
        let table = csv.map(|csv| Table::read(csv.as_bytes(), sql));
        Self { id: PreflightId::from_random(&[1]), sql: sql.to_owned(), verdict, refusal, table }
    }
}

#[cfg(test)]
mod tests {
    use visiting_policies::refusal::{Code, TextPlace};

    use super::*;

    const SQL: &str = "SELECT sex, COUNT(DISTINCT pid) AS n FROM t GROUP BY sex";

    #[test]
    fn every_answer_says_that_it_is_synthetic_and_is_no_release() {
        let refusal = Refusal::new(Code::ColumnUse, "not so").ja("こうではありません").at(Some(TextPlace { line: 1, column: 13 }));
        let csv = "sex,n,note\n1,120,\n2,<k,as released before\n";
        let samples = [
            Tryout::sample(None, SQL, None, None),
            Tryout::sample(Some(Verdict::Release), SQL, None, Some(csv)),
            Tryout::sample(Some(Verdict::Suppress), SQL, None, Some(csv)),
            Tryout::sample(Some(Verdict::Refuse), SQL, Some(refusal), None),
        ];
        for tryout in &samples {
            let (ja, en) = (tryout.view(Lang::Ja, &[]).into_string(), tryout.view(Lang::En, &[]).into_string());
            assert!(ja.contains("合成データです。実際のデータではありません。") && en.contains("SYNTHETIC, not data."), "{ja}{en}");
            for page in [&ja, &en] {
                assert!(!page.contains("/files/") && !page.contains("receipt") && !page.contains("result-caption"), "{page}");
                assert_eq!(page.contains("data-final=\"true\""), tryout.verdict.is_some());
                assert_eq!(page.contains("<table"), tryout.table.is_some());
                assert_eq!(page.contains("<mark>COUNT</mark>"), tryout.refusal.is_some());
            }
            assert_eq!(tryout.head().into_string().contains("http-equiv"), tryout.verdict.is_none());
        }
    }
}
