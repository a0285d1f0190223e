//! The ministry's desk for releases: what checkers want recalled, who has fetched what, and the signed recall.

use axum::{extract::Path, response::Response};
use maud::{Markup, html};
use visiting_policies::{
    refusal::Refusal,
    terms::{PersonId, Role},
    vote::RecallOrder,
};

use super::{
    ctx::Ctx,
    errors,
    form::{Form, Sent},
    layout::{self, Frame},
    parts, reviews,
    signing::{self, Signing},
    time,
};
use crate::{
    routes::recalls::{self, LIST, RECALL, SHOW},
    wire::{NewRecall, Objection, RecallView, ReleaseSummary},
};

/// Releases on the page; the API has all of them.
const SHOWN: usize = 200;

/// `GET /releases`.
pub(super) async fn list(ctx: Ctx) -> Response {
    ctx.guard(LIST, async {
        let all = recalls::list(&ctx.app, &ctx.person()?)?;
        let body = html! {
            p.lead { (ctx.say(
                "閉域環境を出た出力です。出してはならなかったものは取り消せます。取り消すと受け取れなくなり、利用者と公開台帳に示されます。",
                "Outputs that have left. What should not have can be recalled: it is given out no more, and its people and the public register are told.",
            )) }
            @if all.is_empty() { div.empty { p { (ctx.say("持ち出された出力はまだありません。", "Nothing has left yet.")) } } }
            @else { (table(&ctx, &all)) }
        };
        Ok(layout::page(&ctx, ctx.say("持ち出しと取消し", "Releases and recalls"), body))
    })
    .await
}

fn table(ctx: &Ctx, all: &[ReleaseSummary]) -> Markup {
    html! {
        div.scroll role="group" tabindex="0" aria-label=(ctx.say("持ち出し", "Releases")) {
            table {
                thead { tr {
                    th scope="col" { (ctx.say("解析", "Run")) }
                    th scope="col" { (ctx.say("日時", "When")) }
                    th scope="col" { (ctx.say("許可", "Permit")) }
                    th.number scope="col" { (ctx.say("受け取った人", "Fetched by")) }
                    th scope="col" { (ctx.say("状態", "Status")) }
                } }
                tbody { @for release in all.iter().take(SHOWN) {
                    tr {
                        th scope="row" { a href={ "/releases/" (release.run) } { code { (release.run) } } }
                        td { (time::view(release.released_ms)) }
                        td { code { (release.permit) } }
                        td.number { (release.fetched) }
                        td { (status(ctx, release)) }
                    }
                } }
            }
        }
        @if all.len() > SHOWN { p.note { (ctx.say("古いものはAPIで見られます。", "The API has the older ones.")) } }
    }
}

fn status(ctx: &Ctx, release: &ReleaseSummary) -> Markup {
    html! {
        @if release.recalled.is_some() { span.chip.red { (ctx.say("取り消した", "recalled")) } }
        @else if release.objection.is_some() { span.chip.yellow { (ctx.say("担当者が取消しを求めている", "a checker asks for its recall")) } }
        @else { span.chip.green { (ctx.say("持ち出し済", "released")) } }
    }
}

/// `GET /releases/{run}`. Looking is an event, as over the API.
pub(super) async fn show(ctx: Ctx, Path(run): Path<String>) -> Response {
    ctx.guard(SHOW, page(&ctx, &run, None)).await
}

/// `POST /releases/{run}/recall`: the ministry's signed order.
pub(super) async fn recall(ctx: Ctx, Path(run): Path<String>, sent: Sent) -> Response {
    let form = sent.form();
    let work = async {
        let (person, form) = (ctx.person()?, form.as_ref().map_err(Clone::clone)?);
        let body = NewRecall { reason: form.get("reason").to_owned(), signature: form.get("signature").to_owned() };
        recalls::recall(&ctx.app, form.asked(person, Ok(body))?, &run).await
    };
    let again = async |refusal: Refusal| page(&ctx, &run, Some((&refusal, form.as_ref().ok()))).await;
    ctx.acted(RECALL, work, &format!("/releases/{run}"), (SHOW, again)).await
}

async fn page(ctx: &Ctx, run: &str, fault: Option<(&Refusal, Option<&Form>)>) -> Result<Response, Refusal> {
    let person = ctx.holding(Role::Ministry)?;
    let view = recalls::show(&ctx.app, &person, run).await?;
    let body = html! {
        @if let Some((refusal, _)) = fault { (errors::notice(ctx, refusal)) }
        @if let Some(reason) = &view.recalled {
            div.notice.error {
                h2 { (ctx.say("取り消した持ち出しです", "This release was recalled")) }
                p { (ctx.say("理由：", "Reason: ")) (reason) }
                p { (ctx.say("受け取った人には、写しの廃棄を求める知らせが出ています。", "Those who have fetched it are told to destroy their copies.")) }
            }
        }
        @if let Some(objection) = &view.objection { (asked(ctx, objection)) }
        (facts(ctx, &view))
        @if view.recalled.is_none() { (order(ctx, &view, &person, fault.and_then(|(_, form)| form))?) }
    };
    let crumbs = vec![("/releases".to_owned(), ctx.say("持ち出しと取消し", "Releases and recalls").to_owned())];
    let title = format!("{}{}", ctx.say("持ち出し：", "Release: "), view.run);
    Ok(layout::framed(ctx, &title, Frame { crumbs, scripts: &["sign.js"], ..Frame::default() }, body))
}

fn asked(ctx: &Ctx, objection: &Objection) -> Markup {
    html! {
        div.notice.warning {
            h2 { (ctx.say("出口審査の担当者が取消しを求めています", "An output checker asks for its recall")) }
            p { code { (objection.by) } (ctx.say("：", ": ")) (objection.reason) }
        }
    }
}

fn facts(ctx: &Ctx, view: &RecallView) -> Markup {
    html! {
        dl.facts {
            div { dt { (ctx.say("許可", "Permit")) } dd { a href={ "/permits/" (view.permit) } { code { (view.permit) } } } }
            div { dt { (ctx.say("受け取った人", "Fetched by")) } dd {
                @if view.fetched.is_empty() { (ctx.say("まだだれも受け取っていません。", "Nobody has fetched it yet.")) }
                @else { ul { @for person in &view.fetched { li { (parts::who(ctx, person)) } } } }
            } }
        }
    }
}

fn order(ctx: &Ctx, view: &RecallView, person: &PersonId, typed: Option<&Form>) -> Result<Markup, Refusal> {
    let reason = typed.map_or("", |form| form.get("reason"));
    let run = &view.run;
    let text = |reason: &str| -> Result<String, Refusal> {
        Ok(RecallOrder { run: run.parse()?, by: person.clone(), reason: reason.to_owned() }.text())
    };
    Ok(html! {
        section aria-labelledby="recall" {
            h2 #recall { (ctx.say("持ち出しを取り消す", "Recall the release")) }
            p { (ctx.say(
                "取り消すと、この出力はもう受け取れません。理由は利用者に示されます。見られた値は記録に残り、なかったことにはなりません。",
                "Its files are given out no more, and its people are shown the reason. What was seen stays in the ledger: it cannot be unseen.",
            )) }
            (signing::form(ctx, &Signing {
                of: "recall",
                to: format!("/releases/{run}/recall"),
                text: (text(reason)?, text("{reason}")?),
                person: person.as_str(),
                typed,
                fields: signing::reason(ctx, "recall", reason),
                button: html! { button.danger type="submit" { (ctx.say("署名して取り消す", "Sign and recall")) } },
            }))
            (reviews::by_command(ctx, "recall", &format!("visiting login {person} && visiting recall {run} --reason \"{}\"", ctx.say("理由", "REASON"))))
        }
    })
}
