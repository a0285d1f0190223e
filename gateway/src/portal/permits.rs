//! Permits: who may use what until when, how it stands, and the ministry's stop.

use std::time::Duration;

use axum::{extract::Path, response::Response};
use maud::{Markup, html};
use visiting_policies::{
    refusal::{Code, Refusal},
    terms::{PermitId, PersonId, Role},
    vote::SuspensionOrder,
};

use super::{
    ctx::Ctx,
    errors,
    form::{Form, Sent},
    layout::{self, Frame},
    parts, remains, reviews,
    signing::{self, Signing},
    time, words,
};
use crate::{
    app::id,
    routes::permits::{self, SHOW, SUSPEND},
    wire::{NewSuspension, PermitView},
};

/// `GET /permits`.
pub(super) async fn list(ctx: Ctx) -> Response {
    ctx.guard("GET /v1/permits", async {
        let person = ctx.person()?;
        let all = newest_first(&ctx, permits::list(&ctx.app, &person));
        let (mine, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|p| p.people.contains(&person));
        let body = html! {
            @if ctx.holds(Role::Researcher) {
                h2 { (ctx.say("自分の利用許可", "My permits")) }
                (cards(&ctx, &mine, ctx.say("利用許可はまだありません。申請が承認されると、ここに現れます。", "No permit yet. It appears here once an application is approved.")))
            }
            @if ctx.holds(Role::CommitteeMember) || ctx.holds(Role::Ministry) {
                h2 { (ctx.say("すべての利用許可", "All permits")) }
                (cards(&ctx, &others, ctx.say("利用許可はまだありません。", "There is no permit yet.")))
            } @else if !ctx.holds(Role::Researcher) {
                div.empty {
                    p { (ctx.say("あなたの役割で見られる利用許可はありません。", "There is no permit that your role lets you see.")) }
                    p { a href="/register" { (ctx.say("公開台帳を見る", "See the public register")) } }
                }
            }
        };
        Ok(layout::page(&ctx, ctx.say("利用許可", "Permits"), body))
    })
    .await
}

/// `GET /permits/{id}`.
pub(super) async fn show(ctx: Ctx, Path(permit): Path<String>) -> Response {
    ctx.guard(SHOW, page(&ctx, &permit, None)).await
}

/// `POST /permits/{id}/suspension`: the ministry's signed order.
pub(super) async fn suspend(ctx: Ctx, Path(permit): Path<String>, sent: Sent) -> Response {
    let form = sent.form();
    let work = async {
        let (person, form) = (ctx.person()?, form.as_ref().map_err(Clone::clone)?);
        let body = NewSuspension { reason: form.get("reason").to_owned(), signature: form.get("signature").to_owned() };
        permits::suspend(&ctx.app, form.asked(person, Ok(body))?, &permit).await
    };
    let again = async |refusal: Refusal| page(&ctx, &permit, Some((&refusal, form.as_ref().ok()))).await;
    ctx.acted(SUSPEND, work, &format!("/permits/{permit}"), (SHOW, again)).await
}

fn newest_first(ctx: &Ctx, mut all: Vec<PermitView>) -> Vec<PermitView> {
    let view = ctx.app.desk.view();
    all.sort_by_key(|p| std::cmp::Reverse(view.moments.get(&p.id).copied().unwrap_or_default()));
    all
}

fn cards(ctx: &Ctx, permits: &[PermitView], none: &str) -> Markup {
    html! {
        @if permits.is_empty() { div.empty { p { (none) } } }
        ul.cards {
            @for permit in permits {
                li.card {
                    h3 { a href={ "/permits/" (permit.id) } { (parts::titles(ctx, &permit.columns)) } }
                    p { (parts::permit_chip(ctx, &permit.status)) " " (extract_chip(ctx, permit)) }
                    p { (permit.people.len()) (ctx.say(" 人が利用できます。期限：", " people, until ")) (time::view(permit.until_ms)) }
                    p.note { code { (permit.id) } }
                }
            }
        }
    }
}

fn extract_chip(ctx: &Ctx, permit: &PermitView) -> Markup {
    html! {
        @if permit.extract == "ready" { span.chip.green { (ctx.say("抽出データあり", "extract ready")) } }
        @else { span.chip.blue { (ctx.say("抽出データ作成中", "extract being made")) } }
    }
}

async fn page(ctx: &Ctx, permit: &str, fault: Option<(&Refusal, Option<&Form>)>) -> Result<Response, Refusal> {
    let (person, id) = (ctx.person()?, id::<PermitId>(permit, "permit")?);
    let view = permits::show(&ctx.app, &person, &id, Duration::ZERO).await?;
    let title = format!("{}{}", ctx.say("利用許可：", "Permit: "), parts::titles(ctx, &view.columns));
    let body = html! {
        @if let Some((refusal, _)) = fault { (errors::notice(ctx, refusal)) }
        (stopped(ctx, &view))
        (actions(ctx, &person, &view))
        (facts(ctx, &id, &view))
        (remains::table(ctx.lang, &view))
        h2 { (ctx.say("使えるデータ（条件を当てはめたあと）", "Data that may be used (conditions applied)")) }
        (parts::columns(ctx, &view.columns))
        @if ctx.holds(Role::Ministry) && view.status != "suspended" { (stop(ctx, &person, &id, fault.and_then(|(_, form)| form))) }
    };
    let crumbs = vec![("/permits".to_owned(), ctx.say("利用許可", "Permits").to_owned())];
    let scripts: &[&str] = if ctx.holds(Role::Ministry) { &["sign.js"] } else { &[] };
    Ok(layout::framed(ctx, &title, Frame { crumbs, scripts, ..Frame::default() }, body))
}

fn stopped(ctx: &Ctx, view: &PermitView) -> Markup {
    html! {
        @if let Some(reason) = &view.reason {
            div.notice.error {
                h2 { (words::of(Code::PermitSuspended).title(ctx.lang)) }
                p { (words::of(Code::PermitSuspended).help(ctx.lang)) }
                p { (ctx.say("理由：", "Reason: ")) (reason) }
            }
        } @else if view.status == "expired" {
            div.notice.warning { h2 { (words::of(Code::PermitExpired).title(ctx.lang)) } p { (words::of(Code::PermitExpired).help(ctx.lang)) } }
        } @else if view.extract != "ready" {
            div.notice role="status" {
                p { (ctx.say("抽出データを作っています。できると解析を始められます。", "The extract is being made. Analysis can start once it is ready.")) }
                p { a href={ "/permits/" (view.id) } { (ctx.say("いまの状態を見る", "See how it stands now")) } }
            }
        }
    }
}

fn actions(ctx: &Ctx, person: &PersonId, view: &PermitView) -> Markup {
    html! {
        div.actions {
            @if view.people.contains(person) {
                a.button href={ "/permits/" (view.id) "/workspace" } { (ctx.say("解析環境を開く", "Open the workspace")) }
                a href={ "/applications/" (view.application) } { (ctx.say("もとの申請を見る", "See the application")) }
            } @else if ctx.holds(Role::CommitteeMember) {
                a href={ "/applications/" (view.application) } { (ctx.say("もとの申請を見る", "See the application")) }
            }
        }
    }
}

fn facts(ctx: &Ctx, id: &PermitId, view: &PermitView) -> Markup {
    let runs = ctx.app.desk.view().cases.runs.values().filter(|run| run.permit == *id).count();
    html! {
        dl.facts {
            div { dt { (ctx.say("状態", "Status")) } dd { (parts::permit_chip(ctx, &view.status)) " " (extract_chip(ctx, view)) } }
            div { dt { (ctx.say("利用できる人", "People")) } dd { (parts::people(ctx, view.people.iter())) } }
            div { dt { (ctx.say("データの期間", "Months of the data")) } dd { (parts::period(ctx, view.period)) } }
            div { dt { (ctx.say("利用の期限", "Use ends")) } dd { (time::view(view.until_ms)) } }
            @if view.checkers > 0 {
                div { dt { (ctx.say("出力を確認する担当者", "Output checkers")) } dd {
                    (view.checkers) (ctx.say("人（委員会の条件）。どの出力も、持ち出す前に確認されます。", " (a condition of the committee): each output is looked at before it leaves."))
                } }
            }
            @if !view.versions.is_empty() {
                div { dt { (ctx.say("データの版", "Data versions")) } dd {
                    ul { @for (listing, version) in &view.versions { li { (parts::title(ctx, listing)) (ctx.say("：第", ": ")) (version) (ctx.say("版", "")) } } }
                } }
            }
            div { dt { (ctx.say("実行した解析", "Runs so far")) } dd { (runs) (ctx.say(" 回", "")) } }
            div { dt { (ctx.say("番号", "Id")) } dd { code { (view.id) } } }
        }
    }
}

/// The ministry's stop, signed like a vote.
fn stop(ctx: &Ctx, person: &PersonId, id: &PermitId, typed: Option<&Form>) -> Markup {
    let reason = typed.map_or("", |form| form.get("reason"));
    let order = |reason: &str| SuspensionOrder { permit: id.clone(), by: person.clone(), reason: reason.to_owned() }.text();
    html! {
        section aria-labelledby="stop" {
            h2 #stop { (ctx.say("利用を停止する", "Suspend the permit")) }
            p { (ctx.say(
                "停止すると、この許可では何も実行されず、何も持ち出せなくなります。理由は利用者に示されます。",
                "From that moment nothing runs and nothing leaves under this permit. Its people are shown the reason.",
            )) }
            (signing::form(ctx, &Signing {
                to: format!("/permits/{id}/suspension"),
                text: (order(reason), order("{reason}")),
                person: person.as_str(),
                typed,
                fields: signing::reason(ctx, reason),
                button: html! { button.danger type="submit" { (ctx.say("署名して停止する", "Sign and suspend")) } },
            }))
            (reviews::by_command(ctx, &format!("visiting login {person} && visiting suspend {id} \"{}\"", ctx.say("理由", "REASON"))))
        }
    }
}
