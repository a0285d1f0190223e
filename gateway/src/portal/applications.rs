//! Applications: the list, one in full, and reception's finding on it.

use axum::{extract::Path, response::Response};
use maud::{Markup, html};
use visiting_policies::{
    refusal::Refusal,
    terms::{PersonId, Role},
    vote::Decision,
};

use super::{
    ctx::Ctx,
    errors,
    form::{Form, Sent, request_field},
    layout, parts, time, words,
};
use crate::{
    drafts::Draft,
    routes::{
        applications::{self, SHOW},
        permits, reviews,
    },
    wire::{ApplicationSummary, ApplicationView, Completeness, VoteView},
};

/// Letters of a purpose in a list.
const PURPOSE_SHOWN: usize = 60;

/// `GET /applications`.
pub(super) async fn list(ctx: Ctx) -> Response {
    ctx.guard("GET /v1/applications", async {
        let person = ctx.person()?;
        let drafts = ctx.app.drafts.list(&person).await?;
        let all = newest_first(&ctx, applications::list(&ctx.app, &person));
        let (mine, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, _, team)| team.contains(&person));
        let body = html! {
            @if ctx.query().get("deleted") == "1" { div.notice.success role="status" { p { (ctx.say("下書きを削除しました。", "The draft is deleted.")) } } }
            @if ctx.holds(Role::Researcher) {
                p { a.button href="/applications/new" { (ctx.say("新しく申請する", "New application")) } }
                (drafts_part(&ctx, &drafts))
                h2 { (ctx.say("自分の申請", "My applications")) }
                (rows(&ctx, &mine, ctx.say("まだ申請がありません。「新しく申請する」から始めます。", "No application yet. Start with “New application”.")))
            }
            @if ctx.holds(Role::Reception) || ctx.holds(Role::CommitteeMember) {
                h2 { (ctx.say("すべての申請", "All applications")) }
                (rows(&ctx, &others, ctx.say("申請はまだありません。", "There is no application yet.")))
            } @else if !ctx.holds(Role::Researcher) {
                div.empty { p { (ctx.say("あなたの役割で見られる申請はありません。", "There is no application that your role lets you see.")) } }
            }
        };
        Ok(layout::page(&ctx, ctx.say("利用申請", "Applications"), body))
    })
    .await
}

/// `GET /applications/{id}`.
pub(super) async fn show(ctx: Ctx, Path(id): Path<String>) -> Response {
    ctx.guard(SHOW, page(&ctx, &id, None)).await
}

/// `POST /applications/{id}/completeness`.
pub(super) async fn judge(ctx: Ctx, Path(id): Path<String>, sent: Sent) -> Response {
    let form = sent.form();
    let work = async {
        let (person, form) = (ctx.person()?, form.as_ref().map_err(Clone::clone)?);
        let body = Completeness { complete: form.get("finding") == "complete", remarks: form.get("remarks").replace("\r\n", "\n") };
        reviews::judge(&ctx.app, form.asked(person, Ok(body))?, &id).await
    };
    let again = async |refusal: Refusal| page(&ctx, &id, Some((&refusal, form.as_ref().ok()))).await;
    ctx.acted(reviews::JUDGE, work, &format!("/applications/{id}?judged=1"), (SHOW, again)).await
}

type Row = (ApplicationSummary, u64, std::collections::BTreeSet<PersonId>);

/// Each with the moment of its submission and its team.
fn newest_first(ctx: &Ctx, all: Vec<ApplicationSummary>) -> Vec<Row> {
    let view = ctx.app.desk.view();
    let known = |a: ApplicationSummary| {
        let id = a.id.parse().ok()?;
        let at = view.courses.get(&id).and_then(|steps| steps.first()).map_or(0, |step| step.at_ms);
        let team = view.cases.applications.get(&id)?.content.team.clone();
        Some((a, at, team))
    };
    let mut rows: Vec<Row> = all.into_iter().filter_map(known).collect();
    rows.sort_by_key(|(_, at, _)| std::cmp::Reverse(*at));
    rows
}

fn rows(ctx: &Ctx, rows: &[Row], none: &str) -> Markup {
    html! {
        @if rows.is_empty() { div.empty { p { (none) } } }
        ul.cards {
            @for (application, at, _) in rows {
                li.card {
                    h3 { a href={ "/applications/" (application.id) } { (scope_of(ctx, &application.id)) } }
                    p { (parts::status_chip(ctx, &application.status)) }
                    p { (ctx.say("申請者：", "Applicant: ")) (parts::who(ctx, &application.applicant)) }
                    p.note { (ctx.say("申請：", "Applied: ")) (time::view(*at)) br; code { (application.id) } }
                }
            }
        }
    }
}

fn scope_of(ctx: &Ctx, id: &str) -> String {
    let columns = id.parse().ok().and_then(|id| ctx.app.desk.view().cases.applications.get(&id).map(|a| a.content.scope.columns.clone()));
    columns.map(|c| parts::titles(ctx, &c)).unwrap_or_default()
}

fn drafts_part(ctx: &Ctx, drafts: &[Draft]) -> Markup {
    html! {
        @if !drafts.is_empty() {
            h2 { (ctx.say("下書き", "Drafts")) }
            ul.cards {
                @for draft in drafts {
                    @let form = Form::of_fields(draft.fields.clone());
                    @let purpose: String = form.get("purpose").chars().take(PURPOSE_SHOWN).collect();
                    li.card {
                        h3 { a href={ "/drafts/" (draft.id) } {
                            @if purpose.is_empty() { (ctx.say("目的がまだ書かれていない下書き", "Draft without a purpose yet")) } @else { (purpose) }
                        } }
                        p.note { (ctx.say("保存：", "Saved: ")) (time::view(draft.saved_ms)) }
                    }
                }
            }
        }
    }
}

async fn page(ctx: &Ctx, id: &str, fault: Option<(&Refusal, Option<&Form>)>) -> Result<Response, Refusal> {
    let person = ctx.person()?;
    let view = applications::show(&ctx.app, &person, id).await?;
    let title = format!("{}{}", ctx.say("利用申請：", "Application: "), parts::titles(ctx, &view.columns));
    let body = html! {
        @if let Some((refusal, _)) = fault { (errors::notice(ctx, refusal)) }
        (done(ctx))
        (parts::progress(ctx, &view.status, approvals(&view)))
        (next(ctx, &person, &view, fault.and_then(|(_, form)| form)))
        (facts(ctx, &view))
        h2 { (ctx.say("申請されたデータ", "Data applied for")) }
        (parts::columns(ctx, &view.columns))
        (votes(ctx, &view.votes))
        h2 { (ctx.say("これまでの経過（記録から）", "What happened (from the record)")) }
        (parts::timeline(ctx, &steps(ctx, id)))
    };
    Ok(layout::below(ctx, &[("/applications", ctx.say("利用申請", "Applications"))], &title, body))
}

fn steps(ctx: &Ctx, id: &str) -> Vec<crate::desk::Step> {
    id.parse().ok().and_then(|id| ctx.app.desk.view().courses.get(&id).cloned()).unwrap_or_default()
}

pub(super) fn approvals(view: &ApplicationView) -> usize {
    view.votes.iter().filter(|v| v.decision == Decision::Approve).count()
}

fn done(ctx: &Ctx) -> Markup {
    let query = ctx.query();
    let words = if query.get("sent") == "1" {
        ctx.say("申請を受け付けました。窓口が形式を確かめます。", "Your application is in. Reception checks it now.")
    } else if query.get("judged") == "1" {
        ctx.say("形式審査の結果を記録しました。", "Your finding is recorded.")
    } else if query.get("voted") == "1" {
        ctx.say("票を記録しました。", "Your vote is recorded.")
    } else {
        return html! {};
    };
    html! { div.notice.success role="status" { p { (words) } } }
}

/// What this person can do with it now.
fn next(ctx: &Ctx, person: &PersonId, view: &ApplicationView, typed: Option<&Form>) -> Markup {
    let permit = permits::list(&ctx.app, person).into_iter().find(|p| p.application == view.id);
    html! {
        @if let Some(remarks) = &view.remarks {
            div.notice.warning {
                h2 { (ctx.say("窓口からの連絡（差戻しの理由）", "Reception's remarks")) }
                p.purpose { (remarks) }
            }
        }
        @if view.status == "submitted" && ctx.holds(Role::Reception) { (completeness(ctx, view, typed)) }
        div.actions {
            @if let Some(permit) = permit {
                a.button href={ "/permits/" (permit.id) } { (ctx.say("利用許可を見る", "See the permit")) }
            }
            @if view.status == "under_review" && ctx.holds(Role::CommitteeMember) {
                a.button href={ "/reviews/" (view.id) } { (ctx.say("審査して投票する", "Review and vote")) }
            }
            @if matches!(view.status.as_str(), "returned" | "rejected") && view.team.contains(person) && ctx.holds(Role::Researcher) {
                a.button href={ "/applications/new?from=" (view.id) } { (ctx.say("直して申請し直す", "Mend it and apply again")) }
            }
        }
    }
}

fn completeness(ctx: &Ctx, view: &ApplicationView, typed: Option<&Form>) -> Markup {
    let denied = typed.is_some_and(|form| form.get("finding") == "incomplete");
    html! {
        section aria-labelledby="completeness" {
            h2 #completeness { (ctx.say("形式審査", "Completeness")) }
            p { (ctx.say(
                "内容の良し悪しではなく、審査に必要なものがそろっているかを確かめます。",
                "Not whether it is good, but whether the committee has what it needs.",
            )) }
            ul {
                li { (ctx.say("目的が書かれ、何を明らかにするかが分かる", "The purpose says what is to be found out")) }
                li { (ctx.say("目的に個人名など、公開できないことが書かれていない", "The purpose holds no names and nothing that cannot be published")) }
                li { (ctx.say("利用する人と所属がそろっている", "The team and its organisations are named")) }
                li { (ctx.say("期間と最終日が目的に合っている", "Months and last day fit the purpose")) }
            }
            form method="post" action={ "/applications/" (view.id) "/completeness" } {
                (request_field(typed))
                fieldset {
                    legend { (ctx.say("結果", "Finding")) }
                    label.check { input type="radio" name="finding" value="complete" required checked[!denied]; (ctx.say("そろっている（委員会へ進む）", "complete: on to the committee")) }
                    label.check { input type="radio" name="finding" value="incomplete" checked[denied]; (ctx.say("足りないものがある（差し戻す）", "something is missing: send it back")) }
                }
                div.field {
                    label for="remarks" { (ctx.say("足りないもの（差し戻すときは必須）", "What is missing (required to send back)")) }
                    textarea #remarks name="remarks" rows="4" { (typed.map_or("", |form| form.get("remarks"))) }
                }
                button type="submit" { (ctx.say("結果を記録する", "Record the finding")) }
            }
        }
    }
}

/// The facts of an application, as the committee weighs them.
pub(super) fn facts(ctx: &Ctx, view: &ApplicationView) -> Markup {
    html! {
        dl.facts {
            div { dt { (ctx.say("状態", "Status")) } dd { (parts::status_chip(ctx, &view.status)) } }
            div { dt { (ctx.say("目的", "Purpose")) } dd { p.purpose { (view.purpose) } } }
            div { dt { (ctx.say("申請者", "Applicant")) } dd { (parts::who(ctx, &view.applicant)) } }
            div { dt { (ctx.say("利用する人", "Team")) } dd { (parts::people(ctx, view.team.iter())) } }
            div { dt { (ctx.say("所属", "Organisations")) } dd { (view.organisations.join(ctx.say("、", ", "))) } }
            div { dt { (ctx.say("データの期間", "Months of the data")) } dd { (parts::period(ctx, view.period)) } }
            div { dt { (ctx.say("利用の期限", "Use ends")) } dd { (time::view(view.until_ms)) } }
            div { dt { (ctx.say("番号", "Id")) } dd { code { (view.id) } } }
            div { dt { (ctx.say("内容の指紋（票に入る）", "Digest of the content (in every ballot)")) } dd { code { (view.content) } } }
        }
    }
}

fn votes(ctx: &Ctx, votes: &[VoteView]) -> Markup {
    html! {
        h2 { (ctx.say("票", "Votes")) }
        @if votes.is_empty() { p { (ctx.say("まだ票はありません。", "No vote yet.")) } }
        ul {
            @for vote in votes {
                li {
                    (parts::who(ctx, &vote.member)) (ctx.say("：", ": ")) strong { (words::decision(ctx.lang, vote.decision)) }
                    @if !vote.remove.is_empty() {
                        (ctx.say("（条件：次の列を除く ", " (condition: without "))
                        @for column in &vote.remove { code { (String::from(column.clone())) } " " }
                        (ctx.say("）", ")"))
                    }
                }
            }
        }
    }
}
