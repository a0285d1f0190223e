//! Permits: who may use what until when, how it stands, and the ministry's stop and end.

use std::time::Duration;

use axum::{extract::Path, response::Response};
use maud::{Markup, html};
use visiting_policies::{
    refusal::{Code, Refusal},
    terms::{PermitId, PersonId, Role},
    vote::{ClosureOrder, SuspensionOrder},
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
    routes::{
        ending::{self, CLOSE},
        permits::{self, SHOW, SUSPEND},
    },
    wire::{NewSuspension, PermitView},
};

/// What the ministry can order; each has a form of its own on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Suspend,
    Close,
}

/// An order that was refused, why, and its form as it was typed.
type Again<'a> = (Order, &'a Refusal, Option<&'a Form>);

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
        permits::suspend(&ctx.app, form.asked(person, Ok(signed(form)))?, &permit).await
    };
    let again = async |refusal: Refusal| page(&ctx, &permit, Some((Order::Suspend, &refusal, form.as_ref().ok()))).await;
    ctx.acted(SUSPEND, work, &format!("/permits/{permit}"), (SHOW, again)).await
}

/// `POST /permits/{id}/closure`: the ministry's signed order, with the id typed once more.
pub(super) async fn close(ctx: Ctx, Path(permit): Path<String>, sent: Sent) -> Response {
    let form = sent.form();
    let work = async {
        let (person, form) = (ctx.person()?, form.as_ref().map_err(Clone::clone)?);
        let body = signing::confirmed(form, &permit).map(|()| signed(form));
        ending::close(&ctx.app, form.asked(person, body)?, &permit).await
    };
    let again = async |refusal: Refusal| page(&ctx, &permit, Some((Order::Close, &refusal, form.as_ref().ok()))).await;
    ctx.acted(CLOSE, work, &format!("/permits/{permit}"), (SHOW, again)).await
}

fn signed(form: &Form) -> NewSuspension {
    NewSuspension { reason: form.get("reason").to_owned(), signature: form.get("signature").to_owned() }
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
    let (tone, words) = match (permit.extract.as_str(), permit.status.as_str()) {
        ("erased", _) => ("yellow", ctx.say("抽出データ消去済み", "extract erased")),
        (_, "closed" | "expired") => ("yellow", ctx.say("抽出データ消去中", "extract being erased")),
        ("ready", _) => ("green", ctx.say("抽出データあり", "extract ready")),
        _ => ("blue", ctx.say("抽出データ作成中", "extract being made")),
    };
    html! { span.chip.(tone) { (words) } }
}

async fn page(ctx: &Ctx, permit: &str, refused: Option<Again<'_>>) -> Result<Response, Refusal> {
    let (person, id) = (ctx.person()?, id::<PermitId>(permit, "permit")?);
    let view = permits::show(&ctx.app, &person, &id, Duration::ZERO).await?;
    let title = format!("{}{}", ctx.say("利用許可：", "Permit: "), parts::titles(ctx, &view.columns));
    let typed = |order: Order| refused.and_then(|(which, _, form)| form.filter(|_| which == order));
    let body = html! {
        @if let Some((_, refusal, _)) = refused { (errors::notice(ctx, refusal)) }
        (stopped(ctx, &id, &view))
        (actions(ctx, &person, &view))
        (facts(ctx, &id, &view))
        (remains::table(ctx.lang, &view))
        h2 { (ctx.say("使えるデータ（条件を当てはめたあと）", "Data that may be used (conditions applied)")) }
        (parts::columns(ctx, &view.columns))
        @if ctx.holds(Role::Ministry) && view.status != "closed" {
            @if view.status != "suspended" { (stop(ctx, &person, &id, typed(Order::Suspend))) }
            (end(ctx, &person, &id, typed(Order::Close)))
        }
    };
    let crumbs = vec![("/permits".to_owned(), ctx.say("利用許可", "Permits").to_owned())];
    let scripts: &[&str] = if ctx.holds(Role::Ministry) { &["sign.js"] } else { &[] };
    Ok(layout::framed(ctx, &title, Frame { crumbs, scripts, ..Frame::default() }, body))
}

/// Why nothing can be asked under it, where that is so.
fn stopped(ctx: &Ctx, id: &PermitId, view: &PermitView) -> Markup {
    let (tone, code) = match view.status.as_str() {
        "closed" => ("error", Code::PermitClosed),
        "suspended" => ("error", Code::PermitSuspended),
        "expired" => ("warning", Code::PermitExpired),
        _ => return waiting(ctx, view),
    };
    let words = words::of(code);
    html! {
        div.notice.(tone) {
            h2 { (words.title(ctx.lang)) }
            p { (words.help(ctx.lang)) }
            @if let Some(reason) = &view.reason { p { (ctx.say("理由：", "Reason: ")) (reason) } }
            @if code != Code::PermitSuspended { (erasure(ctx, id)) }
        }
    }
}

fn waiting(ctx: &Ctx, view: &PermitView) -> Markup {
    html! {
        @if view.extract != "ready" {
            div.notice role="status" {
                p { (ctx.say("抽出データを作っています。できると解析を始められます。", "The extract is being made. Analysis can start once it is ready.")) }
                (now(ctx, &view.id))
            }
        }
    }
}

fn now(ctx: &Ctx, id: &str) -> Markup {
    html! { p { a href={ "/permits/" (id) } { (ctx.say("いまの状態を見る", "See how it stands now")) } } }
}

/// What became of the extract of a permit that has ended.
fn erasure(ctx: &Ctx, id: &PermitId) -> Markup {
    html! {
        @if let Some((index, at_ms)) = erased(ctx, id) {
            p {
                (ctx.say("抽出データとその鍵は消去されました：", "The extract and its keys were erased: ")) (time::view(at_ms))
                span.note { (ctx.say("　記録番号 ", " · event ")) (index) }
            }
        } @else {
            p { (ctx.say("抽出データとその鍵を消去しています。", "The extract and its keys are being erased.")) }
            (now(ctx, id.as_str()))
        }
    }
}

/// Index and time of the event that says that the extract is gone.
fn erased(ctx: &Ctx, id: &PermitId) -> Option<(u64, u64)> {
    let view = ctx.app.desk.view();
    let case = view.cases.permits.get(id)?;
    let step = view.courses.get(&case.permit.application)?.iter().find(|step| Some(step.index) == case.erased)?;
    Some((step.index, step.at_ms))
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
                of: "stop",
                to: format!("/permits/{id}/suspension"),
                text: (order(reason), order("{reason}")),
                person: person.as_str(),
                typed,
                fields: signing::reason(ctx, "stop", reason),
                button: html! { button.danger type="submit" { (ctx.say("署名して停止する", "Sign and suspend")) } },
            }))
            (reviews::by_command(ctx, "stop", &format!("visiting login {person} && visiting suspend {id} \"{}\"", ctx.say("理由", "REASON"))))
        }
    }
}

/// The ministry's end of it, signed like the stop, with the id typed once more.
fn end(ctx: &Ctx, person: &PersonId, id: &PermitId, typed: Option<&Form>) -> Markup {
    let (reason, again) = typed.map_or(("", ""), |form| (form.get("reason"), form.get("confirm")));
    let order = |reason: &str| ClosureOrder { permit: id.clone(), by: person.clone(), reason: reason.to_owned() }.text();
    html! {
        section aria-labelledby="close" {
            h2 #close { (ctx.say("利用を終了する", "Close the permit for good")) }
            div.notice.warning { p { (ctx.say(
                "終了すると、この許可では二度と何も実行されず、何も持ち出せません。抽出データとその鍵は消去されます。だれにも取り消せません。理由は利用者に示されます。",
                "This is for good. Nothing runs and nothing leaves under this permit any more; its extract and the extract's keys are erased. Nobody can take it back. Its people are shown the reason.",
            )) } }
            (signing::form(ctx, &Signing {
                of: "close",
                to: format!("/permits/{id}/closure"),
                text: (order(reason), order("{reason}")),
                person: person.as_str(),
                typed,
                fields: html! { (signing::reason(ctx, "close", reason)) (signing::confirmation(ctx, "close", id.as_str(), again)) },
                button: html! { button.danger type="submit" { (ctx.say("署名して終了する", "Sign and close for good")) } },
            }))
            (reviews::by_command(ctx, "close", &format!("visiting login {person} && visiting close {id} \"{}\"", ctx.say("理由", "REASON"))))
        }
    }
}
