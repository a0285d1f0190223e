//! Pieces that several pages show: people, columns, months, the course of a case.

use maud::{Markup, html};
use visiting_catalog::{Column, Domain, Kind, Listing};
use visiting_policies::{
    record::Actor,
    terms::{Period, PersonId},
};

use super::{ctx::Ctx, lang::Lang, time, words};
use crate::{desk::Step, wire::Columns};

/// A person by name and id; erased people by id alone.
pub(super) fn who(ctx: &Ctx, id: &str) -> Markup {
    let name = id.parse::<PersonId>().ok().and_then(|p| ctx.app.people.names([&p]).remove(id));
    html! { @if let Some(name) = name { (name) " " } code { (id) } }
}

/// Several people as a list.
pub(super) fn people<'a>(ctx: &Ctx, ids: impl Iterator<Item = &'a PersonId>) -> Markup {
    html! { ul { @for id in ids { li { (who(ctx, id.as_str())) } } } }
}

/// A listing of the catalogue.
pub(super) fn listing<'a>(ctx: &'a Ctx, id: &str) -> Option<&'a Listing> {
    ctx.app.catalog.iter().find(|l| l.id == id)
}

/// The title of a listing, or its id when the catalogue no longer has it.
pub(super) fn title(ctx: &Ctx, id: &str) -> String {
    listing(ctx, id).map_or_else(|| id.to_owned(), |l| ctx.lang.text(&l.title).to_owned())
}

/// Titles of the listings that a scope names.
pub(super) fn titles(ctx: &Ctx, columns: &Columns) -> String {
    columns.keys().map(|id| title(ctx, id)).collect::<Vec<_>>().join(ctx.say("、", ", "))
}

/// A scope: listing by listing, table by table.
pub(super) fn columns(ctx: &Ctx, all: &Columns) -> Markup {
    html! {
        @for (id, tables) in all {
            h3 { (title(ctx, id)) " " code { (id) } }
            @for (name, columns) in tables {
                div.scroll tabindex="0" role="region" aria-label={ (ctx.say("列の一覧：", "Columns of ")) (id) "." (name) } {
                    table {
                        caption { (table_title(ctx, id, name)) " " code { (id) "." (name) } }
                        thead { tr { th scope="col" { (ctx.say("列", "Column")) } th scope="col" { (ctx.say("内容", "What it holds")) } } }
                        tbody {
                            @for column in columns {
                                tr { th scope="row" { code { (column) } } td { (column_title(ctx, id, name, column)) } }
                            }
                            @if columns.is_empty() { tr { td colspan="2" { (ctx.say("列はありません（個人の番号だけ）", "no columns, only the person key")) } } }
                        }
                    }
                }
            }
        }
    }
}

/// The title of a table.
pub(super) fn table_title<'a>(ctx: &'a Ctx, id: &str, table: &str) -> &'a str {
    listing(ctx, id).and_then(|l| l.table(table)).map_or("", |t| ctx.lang.text(&t.title))
}

/// The title of a column.
pub(super) fn column_title<'a>(ctx: &'a Ctx, id: &str, table: &str, column: &str) -> &'a str {
    let found = listing(ctx, id).and_then(|l| l.table(table)).and_then(|t| t.column(column));
    found.map_or("", |c| ctx.lang.text(&c.title))
}

/// Months from, to.
pub(super) fn period(ctx: &Ctx, period: Period) -> String {
    let (from, to) = (words::month(ctx.lang, period.from), words::month(ctx.lang, period.to));
    match ctx.lang {
        Lang::Ja => format!("{from}から{to}まで"),
        Lang::En => format!("{from} to {to}"),
    }
}

/// What a column can be used for, in words.
pub(super) fn uses(lang: Lang, column: &Column) -> String {
    let condition = column.domain.is_some().then(|| lang.say("条件・区分", "conditions and groups"));
    let sums = column.measure.is_some().then(|| lang.say("合計・平均", "sums and averages"));
    let all: Vec<&str> = condition.into_iter().chain(sums).collect();
    if all.is_empty() { lang.say("なし", "none").to_owned() } else { all.join(lang.say("、", "; ")) }
}

/// A type in words.
pub(super) fn kind(lang: Lang, kind: Kind) -> &'static str {
    match kind {
        Kind::Int => lang.say("整数", "whole number"),
        Kind::Code => lang.say("コード", "code"),
        Kind::Decimal => lang.say("小数", "decimal"),
    }
}

/// A domain in words; long lists of codes fold.
pub(super) fn domain(lang: Lang, domain: Option<&Domain>) -> Markup {
    /// Codes shown before the list folds.
    const CODES_SHOWN: usize = 12;
    html! {
        @match domain {
            None => (lang.say("なし", "none")),
            Some(Domain::Range([from, to])) => { (from) (lang.say("から", " to ")) (to) (lang.say("まで", "")) },
            Some(Domain::Months([from, to])) => { (words::month(lang, *from)) (lang.say("から", " to ")) (words::month(lang, *to)) (lang.say("まで", "")) },
            Some(Domain::Pattern(form)) => { (lang.say("コードの形式", "codes of the form")) " " code { (form) } },
            Some(Domain::Codes(codes)) if codes.len() <= CODES_SHOWN => (codes.join(", ")),
            Some(Domain::Codes(codes)) => {
                details {
                    summary { (codes.len()) (lang.say("個のコード", " codes")) }
                    p { (codes.join(", ")) }
                }
            },
        }
    }
}

/// Where an application stands, as steps.
pub(super) fn progress(ctx: &Ctx, status: &str, approvals: usize) -> Markup {
    let quorum = ctx.app.desk.view().cases.roster().quorum;
    let steps = [
        (ctx.say("申請", "Applied"), String::new()),
        (ctx.say("形式審査", "Completeness"), String::new()),
        (ctx.say("委員会の投票", "Committee's votes"), format!("{} {approvals} / {quorum}", ctx.say("承認", "approvals"))),
        (ctx.say("利用許可", "Permit"), String::new()),
    ];
    let (at, stopped) = match status {
        "submitted" => (1, false),
        "under_review" => (2, false),
        "returned" => (1, true),
        "rejected" => (2, true),
        _ => (4, false),
    };
    html! {
        ol.steps aria-label=(ctx.say("申請の進みぐあい", "Progress")) {
            @for (number, (words, more)) in steps.iter().enumerate() {
                li.done[number < at].stopped[stopped && number == at] aria-current=[(number == at).then_some("step")] {
                    (words)
                    small {
                        @if number < at { (ctx.say("済", "done")) }
                        @else if number > at { (ctx.say("これから", "to come")) }
                        @else if stopped { (words::standing(ctx.lang, status)) }
                        @else { (ctx.say("いまここ", "now")) }
                        @if !more.is_empty() { " " (more) }
                    }
                }
            }
        }
    }
}

/// The steps of a case from the record.
pub(super) fn timeline(ctx: &Ctx, steps: &[Step]) -> Markup {
    html! {
        ol.timeline {
            @for step in steps {
                li {
                    (time::view(step.at_ms))
                    (happened(ctx.lang, &step.kind)) " "
                    @match &step.by {
                        Actor::Person(id) => (who(ctx, id.as_str())),
                        Actor::Gateway => (ctx.say("（自動）", "(by itself)")),
                        Actor::Enclave => (ctx.say("（解析環境）", "(the enclave)")),
                        Actor::Nobody => "",
                    }
                    span.note { (ctx.say("　記録番号 ", " · event ")) (step.index) }
                }
            }
        }
    }
}

fn happened(lang: Lang, kind: &str) -> &'static str {
    match kind {
        "application_submitted" => lang.say("申請しました。", "Applied:"),
        "completeness_confirmed" => lang.say("形式審査で「そろっている」と確認しました。", "Found complete:"),
        "completeness_denied" => lang.say("形式審査で差し戻しました。", "Sent back by reception:"),
        "vote_cast" => lang.say("投票しました。", "Voted:"),
        "permit_issued" => lang.say("利用許可が出ました。", "Permit issued"),
        "extract_made" => lang.say("抽出データができました。", "Extract made"),
        "permit_closed" => lang.say("利用が終了しました。", "Closed for good:"),
        "extract_erased" => lang.say("抽出データと鍵が消去されました。", "The extract and its keys were erased."),
        "permit_suspended" => lang.say("利用が停止されました。", "Suspended:"),
        _ => lang.say("出来事：", "Event:"),
    }
}

/// A chip for an application's status.
pub(super) fn status_chip(ctx: &Ctx, status: &str) -> Markup {
    let tone = match status {
        "approved" => "green",
        "rejected" => "red",
        "returned" => "yellow",
        _ => "blue",
    };
    html! { span.chip.(tone) { (words::standing(ctx.lang, status)) } }
}

/// A chip for a permit's status.
pub(super) fn permit_chip(ctx: &Ctx, status: &str) -> Markup {
    let tone = match status {
        "active" => "green",
        "suspended" | "closed" => "red",
        _ => "yellow",
    };
    html! { span.chip.(tone) { (words::permit(ctx.lang, status)) } }
}
