//! 解析実行: one run from the question to the receipt. While it is under way the page renews itself (`run.js`, or a refresh
//! without scripts); afterwards it holds the table, its charts, the files and what they prove.

use maud::{Markup, html};
use visiting_catalog::TablePlan;
use visiting_policies::{case::RunCase, refusal::Refusal, terms::RunId};

use super::{
    chart::{self, Chart},
    lang::Lang,
    place, schema,
    table::{self, Table},
    time, words,
    workspace::Standing,
};
use crate::routes::runs::RECEIPT;

/// Seconds between two looks without scripts: a run takes about that long.
const REFRESH_SECONDS: u64 = 3;

/// What the page shows.
#[derive(Debug)]
pub(super) struct RunPage<'a> {
    pub(super) id: &'a RunId,
    pub(super) case: &'a RunCase,
    /// As it was asked.
    pub(super) sql: &'a str,
    pub(super) plans: &'a [TablePlan<'a>],
    /// The released table, or why it cannot be shown.
    pub(super) table: Option<Result<Table, Refusal>>,
    /// Verifier keys of the exit gate and of the log; the log's are all that it has had.
    pub(super) keys: (&'a str, &'a [String]),
    /// The audit of combinations is under way.
    pub(super) checking: bool,
    /// More can be asked under the permit.
    pub(super) usable: bool,
    /// The ministry has closed the permit.
    pub(super) closed: bool,
}

/// For the page's head: looks again while the run is under way and there is no script to do it.
pub(super) fn head(case: &RunCase) -> Markup {
    html! { @if !Standing::of(case).is_final() { noscript { meta http-equiv="refresh" content=(REFRESH_SECONDS); } } }
}

/// The page's content, below its heading.
pub(super) fn view(lang: Lang, page: &RunPage<'_>) -> Markup {
    let standing = Standing::of(page.case);
    html! {
        p {
            a href={ "/permits/" (page.case.permit) "/workspace" } { (lang.say("解析環境にもどる", "Back to the workspace")) }
            " · " (lang.say("依頼", "asked")) " " (time::view(page.case.at_ms))
        }
        // The live region stays in place; the script renews what is below it.
        p #run-status class={ "verdict verdict-" (standing.name()) } role="status" data-status=(standing.name())
            data-run=(page.id) data-final=(standing.is_final()) { (standing.label(lang)) }
        div #run-body {
            (progress(lang, standing))
            (verdict(lang, page, standing))
            (result(lang, page))
            (question(lang, page))
            @if page.case.released.is_some() && page.case.recalled.is_none() { (files(lang, page)) (receipt(lang, page)) }
        }
    }
}

/// The three steps, told apart by words and by the mark of the current one.
fn progress(lang: Lang, standing: Standing) -> Markup {
    let at = match standing {
        Standing::Queued | Standing::Held | Standing::Approved => 1,
        Standing::Judged => 2,
        _ => 3,
    };
    let last = match standing {
        Standing::Recalled => lang.say("取消し", "Recalled"),
        Standing::Refused | Standing::Withheld => lang.say("持ち出しなし", "Nothing left"),
        _ => lang.say("持ち出し", "Delivered"),
    };
    let steps = [lang.say("依頼を記録", "Asked and recorded"), lang.say("実行と出口審査", "Run and judged at the exit gate"), last];
    html! {
        ol.steps aria-label=(lang.say("進み具合", "Progress")) {
            @for (index, step) in steps.iter().enumerate() {
                li.done[index < at] .stopped[index == 2 && matches!(standing, Standing::Refused | Standing::Withheld)] aria-current=[(index == at).then_some("step")] {
                    (step) span.unseen { " – " (state(lang, index, at)) }
                }
            }
        }
    }
}

fn state(lang: Lang, step: usize, at: usize) -> &'static str {
    match step.cmp(&at) {
        std::cmp::Ordering::Less => lang.say("済", "done"),
        std::cmp::Ordering::Equal => lang.say("進行中", "under way"),
        std::cmp::Ordering::Greater => lang.say("これから", "to come"),
    }
}

/// The verdict in words, and what can be done about it.
fn verdict(lang: Lang, page: &RunPage<'_>, standing: Standing) -> Markup {
    let refusal = page.case.refusal();
    html! {
        section aria-labelledby="verdict" {
            h2 #verdict { (lang.say("判定", "Verdict")) }
            @match standing {
                Standing::Queued if page.checking => p {
                    (lang.say("これまでの持ち出しとの組み合わせを検査しています。しばらくかかることがあります。", "Combinations with everything that was released before are being audited. This can take a while."))
                }
                Standing::Queued => p { (lang.say("閉域環境で実行しています。この画面は自動で変わります。", "It runs inside the closed environment. This page renews itself.")) }
                Standing::Judged => p { (lang.say("出口審査が終わりました。結果が届くのを待っています。", "The exit gate has judged it. The result is on its way.")) }
                Standing::Held => (held(lang, page.case)),
                Standing::Approved => p { (lang.say("担当者の確認が終わりました。出口審査が、いまの持ち出し台帳に照らしてもう一度判定しています。", "The output checkers let it go. The exit gate judges it again, against what has been released by now.")) }
                Standing::Released => p { (lang.say("すべての値が出口審査を通りました。", "Every value passed the exit gate.")) }
                Standing::Suppressed => {
                    p { (lang.say(
                        "出口審査を通りましたが、一部の値は <k にするか、既公表値で置き換えました。もっと大きなグループにすると見える値が増えます。",
                        "It passed the exit gate, with some values masked as <k or repeated from an earlier release. Larger groups show more.",
                    )) }
                }
                Standing::Refused => @if let Some(refusal) = &refusal { (words::explained(lang, refusal)) },
                Standing::Recalled => {
                    (words::explained(lang, &visiting_policies::case::recalled()))
                    p { (lang.say("理由：", "Reason: ")) (page.case.recalled.as_deref().unwrap_or_default()) }
                }
                Standing::Withheld if page.closed => (words::explained(lang, &visiting_policies::case::closed())),
                Standing::Withheld => (words::explained(lang, &visiting_policies::case::suspended())),
            }
            (rules(lang, page.case))
        }
    }
}

/// That people must look, and how many are missing. No names, no votes.
fn held(lang: Lang, case: &RunCase) -> Markup {
    let (needed, missing) = case.hold.as_ref().map_or((0, 0), |hold| (hold.held.checkers, hold.missing()));
    html! {
        p { (lang.say(
            "この出力は、持ち出す前に出口審査の担当者が確認します。結果はまだ何も表示されません。あとでこのページを開き直してください。",
            "Output checkers look at this output before it leaves. Nothing of it is shown yet. Open this page again later.",
        )) }
        p { (match lang {
            Lang::Ja => format!("確認する担当者：{needed}人、あと{missing}人"),
            Lang::En => format!("Checkers: {needed}, still missing: {missing}"),
        }) }
    }
}

/// The rules by name. Only that they were applied: how near a value was is never told.
fn rules(lang: Lang, case: &RunCase) -> Markup {
    let rules = case.judged.as_ref().map(|(report, _)| &report.rules).filter(|rules| !rules.is_empty());
    html! {
        @if let Some(rules) = rules {
            details {
                summary { (lang.say("適用した公表基準", "Disclosure rules that were applied")) }
                dl { @for (name, outcome) in rules { dt { code { (name) } } dd { (outcome) } } }
            }
        }
    }
}

fn result(lang: Lang, page: &RunPage<'_>) -> Markup {
    html! {
        @match &page.table {
            None => {},
            Some(Err(fault)) => (words::alert(lang, fault)),
            Some(Ok(table)) => {
                section aria-labelledby="result" {
                    h2 #result { (lang.say("結果", "Result")) }
                    div.charts { @for drawn in Chart::all(table) { (chart::view(lang, &drawn)) } }
                    (table::view(lang, table, |name| schema::title(lang, page.plans, name)))
                }
            }
        }
    }
}

fn question(lang: Lang, page: &RunPage<'_>) -> Markup {
    html! {
        section aria-labelledby="question" {
            h2 #question { (lang.say("実行したSQL", "The SQL as asked")) }
            (place::view(lang, page.sql, page.case.refusal().as_ref()))
            @if page.usable {
                p { a.button href={ "/permits/" (page.case.permit) "/workspace?run=" (page.id) "#sql" } {
                    (lang.say("このSQLをもう一度使う", "Use this SQL again"))
                } }
            }
        }
    }
}

fn files(lang: Lang, page: &RunPage<'_>) -> Markup {
    let released = page.case.judged.as_ref().map(|(report, _)| report.files.as_slice()).unwrap_or_default();
    let receipt = page.case.released.as_deref().unwrap_or_default();
    html! {
        section aria-labelledby="files" {
            h2 #files { (lang.say("ファイル", "Files")) }
            p.note { (lang.say("受取りはそのつどアクセスログに残ります。", "Each fetch is an event in the access log.")) }
            ul.files {
                @for (name, digest) in released.iter().map(|f| (f.name.as_str(), f.digest.as_str())).chain([(RECEIPT, receipt)]) {
                    li {
                        a href={ "/runs/" (page.id) "/files/" (name) } download=(name) { (name) }
                        " " span.note { (kind(lang, name)) } br;
                        code.digest { (digest) }
                    }
                }
            }
        }
    }
}

fn kind(lang: Lang, name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end) {
        Some("csv") => lang.say("表（CSV、UTF-8）", "the table as CSV (UTF-8)"),
        Some("parquet") => lang.say("同じ表（Parquet）", "the same table as Parquet"),
        _ => lang.say("持ち出し証明", "the signed receipt"),
    }
}

/// What the receipt proves, and the command that checks it without this server.
fn receipt(lang: Lang, page: &RunPage<'_>) -> Markup {
    let (gate, logs) = page.keys;
    let logs: String = logs.iter().map(|log| format!(" --log-key {log}")).collect();
    let command = format!("visiting receipt verify --receipt {RECEIPT} --file table.csv --key {gate}{logs}");
    html! {
        section aria-labelledby="receipt" {
            h2 #receipt { (lang.say("持ち出し証明", "Receipt")) }
            p { (lang.say(
                "持ち出し証明は出口審査の署名付きの文書です。このサーバーがなくても、次のことを確かめられます。",
                "The receipt is a note signed by the exit gate. Without this server, it proves the following.",
            )) }
            ul {
                li { (lang.say("手元のファイルが、出口審査を通ったファイルと1バイトも違わないこと。", "Your file is, byte for byte, the one that passed the exit gate.")) }
                li { (lang.say("どの許可・どのSQL・どのデータ版から、どの基準を通ってできたか。", "From which permit, SQL and data version it came, under which rules.")) }
                li { (lang.say("その判定が、持ち出しの前にアクセスログに書かれていたこと。", "Its verdict was in the access log before it left.")) }
            }
            p { (lang.say("確かめるコマンド：", "The command that checks it:")) }
            pre data-copy="" tabindex="0" role="group" aria-label=(lang.say("確認コマンド", "Check command")) { code { (command) } }
            p.note { (lang.say(
                "鍵はこのサーバーが示したものです。確かさのためには、別の経路で受け取った鍵と見比べてください。",
                "These keys come from this server. To be sure, compare them with keys that you received another way.",
            )) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::workspace::tests, *};

    fn page(lang: Lang, standing: Standing) -> String {
        let (id, case) = ("run_1".parse().unwrap(), tests::run(standing));
        let sql = "SELECT sex, COUNT(*) FROM t -- <script>alert(1)</script>";
        let csv = b"sex,rows,note\n<script>,120,\n2,<k,as released before\n";
        let table = (case.released.is_some() && case.recalled.is_none()).then(|| Table::read(csv, sql));
        let logs = ["log+2", "log+3"].map(str::to_owned);
        let page =
            RunPage { id: &id, case: &case, sql, plans: &[], table, keys: ("gate+1", &logs), checking: false, usable: true, closed: false };
        (head(&case).into_string()) + &view(lang, &page).into_string()
    }

    #[test]
    fn every_standing_has_its_page_in_both_languages() {
        for standing in tests::STANDINGS {
            for lang in [Lang::Ja, Lang::En] {
                let page = page(lang, standing);
                assert!(page.contains(standing.label(lang)), "{page}");
                assert!(page.contains(&format!("data-status=\"{}\"", standing.name())));
                assert!(!page.contains("<script>") && !page.contains("style="), "{page}");
                assert_eq!(page.contains("http-equiv"), !standing.is_final());
                assert_eq!(page.contains("/files/table.csv"), matches!(standing, Standing::Released | Standing::Suppressed));
            }
        }
    }

    #[test]
    fn a_refused_run_says_what_to_do_and_shows_nothing_else() {
        let page = page(Lang::En, Standing::Refused);
        assert!(page.contains("nothing &lt;b&gt;here&lt;/b&gt;") && page.contains("/workspace?run=run_1"), "{page}");
        assert!(!page.contains("<svg") && !page.contains("receipt verify"));
    }

    #[test]
    fn a_refused_run_shows_the_place_and_the_fix_in_the_readers_language() {
        let (id, mut case) = ("run_1".parse().unwrap(), tests::run(Standing::Refused));
        if let Some((report, _)) = &mut case.judged {
            let at = visiting_policies::refusal::TextPlace { line: 1, column: 8 };
            report.refusal = Some(Refusal::new(visiting_policies::Code::ColumnUse, "take SUM").ja("SUMにしてください").at(Some(at)));
        }
        let page = RunPage {
            id: &id,
            case: &case,
            sql: "SELECT MAX(x) FROM t",
            plans: &[],
            table: None,
            keys: ("", &[]),
            checking: false,
            usable: true,
            closed: false,
        };
        let (ja, en) = (view(Lang::Ja, &page).into_string(), view(Lang::En, &page).into_string());
        assert!(ja.contains("<mark>MAX</mark>") && ja.contains("SUMにしてください") && !ja.contains("take SUM"), "{ja}");
        assert!(en.contains("<mark>MAX</mark>") && en.contains("take SUM") && en.contains("line 1, character 8"), "{en}");
    }

    #[test]
    fn a_release_has_table_chart_files_and_the_exact_command() {
        let page = page(Lang::Ja, Standing::Suppressed);
        assert!(page.contains("<svg") && page.contains("<caption") && page.contains("既公表値"), "{page}");
        assert!(
            page.contains("visiting receipt verify --receipt receipt.note --file table.csv --key gate+1 --log-key log+2 --log-key log+3")
        );
    }
}
