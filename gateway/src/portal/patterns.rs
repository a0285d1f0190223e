//! 利用の傾向 for the auditor: one line for each person and permit, what looks like probing first.

use axum::response::Response;
use maud::{Markup, html};
use visiting_policies::disclosure::limits::{PROBING_ROW, PROBING_UNSHOWN};

use super::{ctx::Ctx, lang::Lang, layout, layout::Frame};
use crate::{
    routes::patterns::{self, LIST},
    wire::PatternView,
};

/// `GET /patterns`. Looking is an event, as over the API.
pub(super) async fn show(ctx: Ctx) -> Response {
    ctx.guard(LIST, async {
        let all = patterns::list(&ctx.app, ctx.person()?).await?;
        let crumbs = vec![("/log".to_owned(), ctx.say("アクセスログ", "Access log").to_owned())];
        Ok(layout::framed(&ctx, ctx.say("利用の傾向", "Patterns of use"), Frame { crumbs, ..Frame::default() }, view(ctx.lang, &all)))
    })
    .await
}

fn view(lang: Lang, all: &[PatternView]) -> Markup {
    let rule = match lang {
        Lang::Ja => format!(
            "表示できるものがない別々の問合せが{PROBING_ROW}件続くか、合わせて{PROBING_UNSHOWN}件になると、境目を探っている疑いとして印が付きます。印は判断ではありません。アクセスログで問合せの順序を確かめてください。"
        ),
        Lang::En => format!(
            "{PROBING_ROW} different questions in a row with nothing to show, or {PROBING_UNSHOWN} in all, are marked: they may feel for a threshold. A mark is no finding; the access log has them in their order."
        ),
    };
    html! {
        p.lead { (lang.say(
            "だれが、どの許可で何を問い合わせ、どう判定されたかを、アクセスログだけから数えています。",
            "Who asked how much under which permit, and what came of it: counted from the access log alone.",
        )) }
        p { (rule) }
        @if all.is_empty() { div.empty { p { (lang.say("まだ何も実行されていません。", "Nothing has run yet.")) } } }
        @else { (table(lang, all)) }
    }
}

fn table(lang: Lang, all: &[PatternView]) -> Markup {
    let counts = [
        ("実行", "Runs"),
        ("持ち出し", "Released"),
        ("一部を伏せた・既公表値", "Masked or as before"),
        ("保留", "Held"),
        ("同じ問合せ", "Same text again"),
    ];
    html! {
        div.scroll role="group" tabindex="0" aria-label=(lang.say("利用の傾向", "Patterns of use")) {
            table {
                thead { tr {
                    th scope="col" { (lang.say("許可", "Permit")) }
                    th scope="col" { (lang.say("利用者", "Person")) }
                    @for (ja, en) in counts { th.number scope="col" { (lang.say(ja, en)) } }
                    th scope="col" { (lang.say("不可（理由別）", "Refused, by code")) }
                    th scope="col" { (lang.say("印", "Mark")) }
                } }
                tbody { @for pattern in all { (row(lang, pattern)) } }
            }
        }
    }
}

fn row(lang: Lang, pattern: &PatternView) -> Markup {
    let counts = [pattern.runs, pattern.released, pattern.suppressed, pattern.held, pattern.repeated];
    html! {
        tr {
            th scope="row" { a href={ "/log?case=" (pattern.permit) } { code { (pattern.permit) } } }
            td { a href={ "/log?person=" (pattern.person) } { code { (pattern.person) } } }
            @for count in counts { td.number { (count) } }
            td {
                @if pattern.refused.is_empty() { (lang.say("なし", "none")) }
                @else { ul { @for (code, count) in &pattern.refused { li { code { (code) } " " (count) } } } }
            }
            td {
                @if pattern.probing { span.chip.yellow { (lang.say("探索の疑い", "may be probing")) } }
                " " (lang.say("連続", "in a row: ")) (pattern.longest_row) (lang.say("件", ""))
            }
        }
    }
}
