//! 解析環境: the editor, the permit's own schema beside it, examples, and what was run before. Everything is a plain form;
//! `editor.js` adds completion and Ctrl+Enter.

use maud::{Markup, html};
use visiting_catalog::TablePlan;
use visiting_policies::{
    case::RunCase,
    refusal::Refusal,
    terms::{RunId, Verdict},
};

use super::{
    lang::Lang,
    remains, schema, time,
    tryout::{TRY, Tryout},
    words,
};
use crate::wire::{Codes, PermitView};

/// Runs on one page of the history.
pub(super) const RUNS_SHOWN: usize = 20;

/// Letters of a run's SQL in the history.
const SQL_SHOWN: usize = 100;

/// What the page shows.
#[derive(Debug)]
pub(super) struct Workspace<'a> {
    pub(super) permit: &'a PermitView,
    pub(super) plans: &'a [TablePlan<'a>],
    /// Names of the permit's own programs.
    pub(super) guests: &'a [String],
    /// Code lists that its SQL can name.
    pub(super) codes: &'a Codes,
    /// Text of the editor.
    pub(super) sql: &'a str,
    /// The hidden field that names the request: sent twice, it is one run.
    pub(super) request: &'a Markup,
    /// Newest first: one page of them, each with its SQL where it could be read.
    pub(super) runs: &'a [(RunId, RunCase, Option<String>)],
    /// Which page, from 0, and whether there is another.
    pub(super) page: (usize, bool),
    /// Why the last attempt was turned away.
    pub(super) fault: Option<&'a Refusal>,
    /// What was tried on synthetic data.
    pub(super) tried: Option<&'a Tryout>,
}

/// Where a run stands, for class names, scripts and people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// In the record, not judged.
    Queued,
    /// Output checkers must look at it.
    Held,
    /// The checkers let it go; the gate judges it again.
    Approved,
    /// Judged; the bytes are on their way.
    Judged,
    /// Left as it was.
    Released,
    /// Left with masks or repeated values.
    Suppressed,
    /// The ministry recalled it.
    Recalled,
    /// Turned away by the gate.
    Refused,
    /// The permit was suspended or closed between verdict and bytes.
    Withheld,
}

impl Standing {
    pub(super) fn of(run: &RunCase) -> Self {
        let Some((report, _)) = &run.judged else {
            return match () {
                () if run.is_approved() => Self::Approved,
                () if run.is_held() => Self::Held,
                () if run.hold.is_none() => Self::Queued,
                () if run.withheld => Self::Withheld,
                () => Self::Refused,
            };
        };
        match (report.verdict, &run.released) {
            _ if run.recalled.is_some() => Self::Recalled,
            (Verdict::Refuse | Verdict::Hold, _) => Self::Refused,
            (Verdict::Release, Some(_)) => Self::Released,
            (Verdict::Suppress, Some(_)) => Self::Suppressed,
            _ if run.withheld => Self::Withheld,
            _ => Self::Judged,
        }
    }

    /// True when nothing more will happen before somebody acts.
    pub(super) fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Approved | Self::Judged)
    }

    /// The `data-status`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Queued | Self::Approved | Self::Judged => "running",
            Self::Held => "held",
            Self::Released => "released",
            Self::Suppressed => "suppressed",
            Self::Refused => "refused",
            Self::Withheld => "withheld",
            Self::Recalled => "recalled",
        }
    }

    pub(super) fn label(self, lang: Lang) -> &'static str {
        match self {
            Self::Queued => lang.say("実行待ち・実行中", "Queued or running"),
            Self::Held => lang.say("保留：出口審査の担当者の確認待ち", "Held: waits for output checkers"),
            Self::Approved => lang.say("確認済・最終判定中", "Checked, being judged again"),
            Self::Judged => lang.say("判定済・持ち出し中", "Judged, on its way out"),
            Self::Released => lang.say("持ち出し済", "Released"),
            Self::Suppressed => lang.say("一部を伏せて持ち出し済", "Released with masks"),
            Self::Refused => lang.say("持ち出し不可", "Refused"),
            Self::Recalled => lang.say("取り消された持ち出し", "Recalled"),
            Self::Withheld => lang.say("利用停止・終了により持ち出し不可", "Withheld: permit suspended or closed"),
        }
    }

    /// The label as a chip; the word says it, colour only helps.
    pub(super) fn chip(self, lang: Lang) -> Markup {
        let colour = match self {
            Self::Queued | Self::Approved | Self::Judged => "blue",
            Self::Held => "yellow",
            Self::Released => "green",
            Self::Suppressed => "yellow",
            Self::Refused | Self::Withheld | Self::Recalled => "red",
        };
        html! { span class={ "chip " (colour) } { (self.label(lang)) } }
    }
}

/// The page's content, below its heading.
pub(super) fn view(lang: Lang, work: &Workspace<'_>) -> Markup {
    let open = work.permit.status == "active" && work.permit.extract == "ready";
    html! {
        (standing(lang, work.permit))
        @if let Some(fault) = work.fault { (words::alert(lang, fault)) }
        @if open {
            div.bench {
                div {
                    (editor(lang, work))
                    @if let Some(tried) = work.tried { (tried.view(lang, work.plans)) }
                    (examples(lang, work))
                }
                section.schema aria-labelledby="schema" {
                    h2 #schema { (lang.say("この許可で使える表と列", "Tables and columns of this permit")) }
                    (schema::panel(lang, work.plans))
                }
            }
        }
        (remains::table(lang, work.permit))
        (programs(lang, work))
        (lists(lang, work))
        (history(lang, work))
    }
}

fn standing(lang: Lang, permit: &PermitView) -> Markup {
    html! {
        p {
            (lang.say("許可", "Permit")) " " a href={ "/permits/" (permit.id) } { code { (permit.id) } }
            " · " (lang.say("対象月", "months")) " " (permit.period.from) "–" (permit.period.to)
            " · " (lang.say("期限", "until")) " " (time::view(permit.until_ms))
        }
        @if permit.status == "closed" {
            p.notice.error {
                (lang.say("所管省庁がこの許可を終了しました。データは消去され、新しい解析も持ち出しもできません。", "The ministry has closed this permit for good. Its data are erased; nothing runs and nothing leaves under it."))
                @if let Some(reason) = &permit.reason { " " (lang.say("理由：", "Reason: ")) (reason) }
            }
        } @else if permit.status == "suspended" {
            p.notice.error {
                (lang.say("所管省庁がこの許可を停止しています。新しい解析も持ち出しもできません。", "The ministry has suspended this permit. Nothing runs and nothing leaves under it."))
                @if let Some(reason) = &permit.reason { " " (lang.say("理由：", "Reason: ")) (reason) }
            }
        } @else if permit.status == "expired" {
            p.notice.error { (lang.say("この許可の期限は過ぎました。続けるには、もう一度申請してください。", "This permit has expired. Apply again to go on.")) }
        } @else if permit.extract != "ready" {
            p.notice.warning {
                (lang.say("抽出データを作っています。できあがるとSQLを実行できます。", "The extract is being made. SQL can run once it is ready."))
                " " a href={ "/permits/" (permit.id) "/workspace" } { (lang.say("もう一度見る", "Look again")) }
            }
        }
    }
}

fn editor(lang: Lang, work: &Workspace<'_>) -> Markup {
    let words = schema::words(lang, work.plans, work.guests, work.codes).to_string().replace('<', "\\u003c");
    html! {
        form #run-form method="post" action={ "/permits/" (work.permit.id) "/workspace" } {
            (work.request)
            label for="sql" { "SQL" }
            p.note #sql-help {
                (lang.say(
                    "Ctrl+Enter で実行します。候補は ↓ で選び Enter で入れます。Esc で閉じます。Tab は次の項目へ移ります。",
                    "Ctrl+Enter runs it. Choose a suggestion with ↓ and Enter, close with Esc. Tab goes on to the next field.",
                ))
            }
            textarea #sql name="sql" rows="8" required spellcheck="false" autocapitalize="off" autocomplete="off"
                aria-describedby="sql-help" maxlength=(crate::routes::runs::SQL_MAX_BYTES) { (work.sql) }
            ul #sql-choices role="listbox" data-layer="" hidden aria-label=(lang.say("候補", "Suggestions")) {}
            p #sql-said role="status" .unseen data-found=(lang.say("件の候補", "suggestions")) {}
            script #sql-words type="application/json" { (maud::PreEscaped(words)) }
            p.actions {
                button type="submit" { (lang.say("実行する", "Run")) }
                " "
                button.secondary type="submit" name="do" value=(TRY) { (lang.say("合成データで試す", "Try on synthetic data")) }
            }
        }
        (schema::rules(lang))
    }
}

fn examples(lang: Lang, work: &Workspace<'_>) -> Markup {
    let examples = schema::examples(work.plans);
    html! {
        @if !examples.is_empty() {
            section aria-labelledby="examples" {
                h2 #examples { (lang.say("例", "Examples")) }
                ul.examples {
                    @for (index, example) in examples.iter().enumerate() {
                        li {
                            a href={ "/permits/" (work.permit.id) "/workspace?example=" (index) "#sql" } { (lang.say(&example.ja, &example.en)) }
                            pre tabindex="0" { code { (example.sql) } }
                        }
                    }
                }
            }
        }
    }
}

/// Programs of the permit's people, usable in SQL.
fn programs(lang: Lang, work: &Workspace<'_>) -> Markup {
    html! {
        section aria-labelledby="guests" {
            h2 #guests { (lang.say("この許可に結び付けたプログラム", "Guests bound to this permit")) }
            @if !work.guests.is_empty() {
                ul { @for guest in work.guests { li { code data-insert={ "guest." (guest) "(" } { "guest." (guest) "(…)" } } } }
            }
            p { a href={ "/permits/" (work.permit.id) "/guests" } { (lang.say("プログラムを結び付ける・見る", "Bind or see guests")) } }
        }
    }
}

/// Code lists, the permit's own and the public ones.
fn lists(lang: Lang, work: &Workspace<'_>) -> Markup {
    let own = work.codes.codes.iter().map(|list| &list.name);
    html! {
        section aria-labelledby="codes" {
            h2 #codes { (lang.say("この許可で使えるコード表", "Code lists of this permit")) }
            ul {
                @for name in own.chain(work.codes.public.iter().map(|list| &list.name)) {
                    li { code data-insert={ "codes." (name) } { "codes." (name) } }
                }
            }
            p { a href={ "/permits/" (work.permit.id) "/codes" } { (lang.say("コード表を結び付ける・見る", "Bind or see code lists")) } }
        }
    }
}

fn history(lang: Lang, work: &Workspace<'_>) -> Markup {
    let link = |page: usize| format!("/permits/{}/workspace?page={page}#history", work.permit.id);
    html! {
        section aria-labelledby="history" {
            h2 #history { (lang.say("これまでの解析", "Runs so far")) }
            @if work.runs.is_empty() {
                p.empty { (lang.say("まだ何も実行していません。例から始められます。", "Nothing has run yet. An example is a good start.")) }
            } @else {
                div.scroll role="group" tabindex="0" aria-labelledby="history" {
                    table {
                        thead {
                            tr {
                                th scope="col" { (lang.say("依頼", "Asked")) }
                                th scope="col" { (lang.say("判定", "Verdict")) }
                                th scope="col" { (lang.say("解析", "Run")) }
                                th scope="col" { "SQL" }
                            }
                        }
                        tbody {
                            @for (id, run, sql) in work.runs {
                                tr {
                                    td { (time::view(run.at_ms)) }
                                    td { (Standing::of(run).chip(lang)) }
                                    th scope="row" { a href={ "/runs/" (id) } { code { (id) } } }
                                    td { code.clip { (clipped(sql.as_deref().unwrap_or_default())) } }
                                }
                            }
                        }
                    }
                }
            }
            @if work.page.0 > 0 || work.page.1 {
                nav.pages aria-label=(lang.say("解析の続き", "More runs")) {
                    @if let Some(newer) = work.page.0.checked_sub(1) { a href=(link(newer)) { (lang.say("新しいほうへ", "Newer")) } }
                    @if work.page.1 { a href=(link(work.page.0 + 1)) { (lang.say("古いほうへ", "Older")) } }
                }
            }
        }
    }
}

/// One line of the SQL, short enough for a table.
fn clipped(sql: &str) -> String {
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SQL_SHOWN) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use visiting_policies::{
        budget::{Kind, Then},
        case::{Hold, Opened},
        handover::{FileDigest, LedgerHead, RunReport},
        hold::{Held, HoldReason},
        refusal::Code,
        terms::{Form, Period, Scope},
    };

    use super::*;
    use crate::wire::BudgetView;

    /// A run in a given standing.
    pub(in super::super) fn run(standing: Standing) -> RunCase {
        let verdict = match standing {
            Standing::Refused => Verdict::Refuse,
            Standing::Suppressed => Verdict::Suppress,
            _ => Verdict::Release,
        };
        let files = ["table.csv", "table.parquet"].map(|name| FileDigest { name: name.to_owned(), digest: "sha256:0".to_owned() });
        let report = RunReport {
            run: "run_1".parse().unwrap(),
            index: 9,
            judged_by: 0,
            verdict,
            refusal: (verdict == Verdict::Refuse).then(|| Refusal::new(Code::NothingToShow, "nothing <b>here</b>")),
            files: files.to_vec(),
            ledger: LedgerHead { entries: 1, digest: "sha256:1".to_owned() },
            rules: BTreeMap::from([("people_min".to_owned(), "pass".to_owned())]),
            spent: visiting_policies::budget::Spent::default(),
            held: None,
        };
        let waits = matches!(standing, Standing::Held | Standing::Approved);
        let held = Held { reasons: [HoldReason::AskedByTheCommittee].into(), checkers: 2, sealed: "sha256:3".to_owned() };
        let opened = (standing == Standing::Approved).then(|| Opened { index: 12, release: true, checks: Vec::new() });
        let hold = Hold { held, report: report.clone(), at_ms: 1_700_000_000_000, cast: Vec::new(), opened };
        RunCase {
            permit: "prm_1".parse().unwrap(),
            by: "per_hanako".parse().unwrap(),
            program: "sha256:0".to_owned(),
            index: 9,
            at_ms: 1_700_000_000_000,
            hold: waits.then_some(hold),
            judged: (standing != Standing::Queued && !waits).then_some((report, 10)),
            recalled: (standing == Standing::Recalled).then(|| "<b>why</b>".to_owned()),
            fetched: BTreeSet::new(),
            drawn: false,
            looked: None,
            released: matches!(standing, Standing::Released | Standing::Suppressed | Standing::Recalled).then(|| "sha256:2".to_owned()),
            withheld: standing == Standing::Withheld,
        }
    }

    pub(in super::super) const STANDINGS: [Standing; 9] = [
        Standing::Queued,
        Standing::Held,
        Standing::Approved,
        Standing::Judged,
        Standing::Released,
        Standing::Suppressed,
        Standing::Refused,
        Standing::Withheld,
        Standing::Recalled,
    ];

    fn permit(status: &str, extract: &str) -> PermitView {
        PermitView {
            id: "prm_1".to_owned(),
            application: "app_1".to_owned(),
            people: BTreeSet::new(),
            columns: BTreeMap::new(),
            period: Period { from: 202401, to: 202412 },
            until_ms: 1_800_000_000_000,
            status: status.to_owned(),
            reason: matches!(status, "suspended" | "closed").then(|| "<why>".to_owned()),
            extract: extract.to_owned(),
            versions: BTreeMap::new(),
            rows_at_most: BTreeMap::new(),
            checkers: 0,
            budgets: vec![BudgetView { kind: Kind::Cells, most: 1_000_000, used: 1240, left: 998_760, then: Then::Held }],
            standing: vec![HoldReason::CellsSpent],
        }
    }

    fn page(lang: Lang, permit: &PermitView, sql: &str, fault: Option<&Refusal>) -> String {
        let sex = BTreeMap::from([("patients".to_owned(), BTreeSet::from(["sex".to_owned()]))]);
        let scope = Scope { columns: BTreeMap::from([("ndb".to_owned(), sex)]), period: permit.period, form: Form::Pseudonymised };
        let listings = visiting_catalog::load_with(None).unwrap();
        let plans = visiting_catalog::plan(&scope, &listings).unwrap();
        let runs: Vec<_> = STANDINGS.map(|s| ("run_1".parse().unwrap(), run(s), Some("SELECT <b>".repeat(30)))).into();
        let work = Workspace {
            permit,
            plans: &plans,
            guests: &[],
            codes: &Codes { codes: Vec::new(), public: Vec::new() },
            sql,
            request: &html! { input type="hidden" name="request" value="k"; },
            runs: &runs,
            page: (1, true),
            fault,
            tried: None,
        };
        view(lang, &work).into_string()
    }

    #[test]
    fn a_run_has_the_standing_it_was_given() {
        assert_eq!(STANDINGS.map(|s| Standing::of(&run(s))), STANDINGS);
        assert_eq!(STANDINGS.map(Standing::is_final), [false, true, false, false, true, true, true, true, true]);
    }

    #[test]
    fn the_editor_keeps_the_text_and_escapes_it() {
        let page = page(Lang::En, &permit("active", "ready"), "</textarea><script>alert(1)</script>", None);
        assert!(page.contains("&lt;/textarea&gt;") && !page.contains("<script>alert"), "{page}");
        assert!(page.contains("ndb.patients") && page.contains("?example=0") && page.contains("name=\"request\" value=\"k\""));
        assert!(page.contains("page=0#history") && page.contains("page=2#history"));
        assert!(!page.contains("<b>"), "{page}");
    }

    #[test]
    fn what_remains_is_told_in_both_languages() {
        let ja = page(Lang::Ja, &permit("active", "ready"), "", None);
        assert!(ja.contains("この許可の残り") && ja.contains("998,760") && ja.contains("使い切った"), "{ja}");
        let en = page(Lang::En, &permit("active", "ready"), "", None);
        assert!(en.contains("What remains of this permit") && en.contains("1,000,000") && en.contains("used up"), "{en}");
    }

    #[test]
    fn a_permit_that_cannot_run_says_so_and_has_no_form() {
        for (status, extract, word) in [
            ("suspended", "ready", "suspended"),
            ("closed", "erased", "closed"),
            ("expired", "ready", "expired"),
            ("active", "making", "being made"),
        ] {
            let page = page(Lang::En, &permit(status, extract), "", None);
            assert!(page.contains(word) && !page.contains("<form"), "{page}");
            assert!(!page.contains("<why>"));
        }
    }

    #[test]
    fn a_refusal_is_an_alert_above_the_kept_text() {
        let fault = Refusal::new(Code::Malformed, "there is no SQL to run");
        let page = page(Lang::Ja, &permit("active", "ready"), "SELECT", Some(&fault));
        assert!(page.contains("role=\"alert\"") && page.contains(">SELECT</textarea>"), "{page}");
    }
}
