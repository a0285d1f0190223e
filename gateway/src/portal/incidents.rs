//! 事案: what an auditor or the ministry notes about events of the record, and how it ended.

use std::collections::BTreeSet;

use axum::{extract::Path, response::Response};
use maud::{Markup, html};
use visiting_policies::{
    incident::{INCIDENT_LEAVES_MAX, IncidentKind, Severity},
    refusal::{Code, Refusal},
    terms::Role,
};

use super::{
    audit::doors,
    ctx::Ctx,
    errors,
    form::{Form, Sent, request_field},
    lang::Lang,
    layout::{self, Frame, see},
    parts, tell, time,
};
use crate::{
    app::name,
    routes::incidents::{self, CLOSE, LIST, NOTE, SHOW, TEXT_MAX_BYTES},
    wire::{IncidentView, NewClosing, NewIncident},
};

/// `GET /incidents`. Looking is an event, as over the API. `?leaves=` fills the form.
pub(super) async fn list(ctx: Ctx) -> Response {
    ctx.guard(LIST, page(&ctx, &ctx.query(), None)).await
}

/// `POST /incidents`.
pub(super) async fn note(ctx: Ctx, sent: Sent) -> Response {
    let form = sent.form();
    let work = async {
        let (person, form) = (ctx.person()?, form.as_ref().map_err(Clone::clone)?);
        incidents::note(&ctx.app, form.asked(person, typed(form))?).await
    };
    match ctx.attempt(NOTE, work).await {
        Err(page) => page,
        Ok(Ok(incident)) => see(&format!("/incidents/{}", incident.id)),
        Ok(Err(refusal)) => {
            // What was no form of ours leads to no page that reads.
            let Ok(form) = form else { return errors::refused(&ctx, &refusal) };
            let again = ctx.guard(LIST, page(&ctx, &form, Some(&refusal))).await;
            if again.status().is_success() { errors::under(&refusal, again) } else { errors::refused(&ctx, &refusal) }
        }
    }
}

fn typed(form: &Form) -> Result<NewIncident, Refusal> {
    let unknown = |what: &str| Refusal::new(Code::Malformed, format!("choose the incident's {what} from the list"));
    let kind = serde_json::from_value(form.get("kind").into()).map_err(|_| unknown("kind"))?;
    let severity = serde_json::from_value(form.get("severity").into()).map_err(|_| unknown("severity"))?;
    Ok(NewIncident { kind, severity, leaves: indices(form.get("leaves"))?, text: form.get("text").to_owned() })
}

/// Indices with commas or spaces between.
fn indices(text: &str) -> Result<BTreeSet<u64>, Refusal> {
    let words = text.split([',', '、', ' ', '　', '\n', '\r', '\t']).filter(|word| !word.is_empty());
    words.map(str::parse).collect::<Result<_, _>>().map_err(|_| {
        Refusal::new(Code::Malformed, "name events by their numbers, with commas between")
            .ja("記録番号を、読点か空白で区切って書いてください")
    })
}

async fn page(ctx: &Ctx, form: &Form, fault: Option<&Refusal>) -> Result<Response, Refusal> {
    let all = incidents::list(&ctx.app, ctx.person()?).await?;
    let body = html! {
        @if ctx.holds(Role::Auditor) { (doors(ctx)) }
        p.lead { (ctx.say(
            "起きてはならなかったこと、その疑いを、関わる記録番号とともに残します。文章は記録の外に保管し、記録には要約値だけが載ります。",
            "What went wrong, or may have, with the events that it is about. The text is kept beside the record, which holds its digest.",
        )) }
        @if let Some(refusal) = fault { (errors::notice(ctx, refusal)) }
        @if all.is_empty() { div.empty { p { (ctx.say("記録された事案はありません。", "No incident has been noted.")) } } }
        @else { (table(ctx, &all)) }
        (new(ctx, form))
    };
    Ok(layout::page(ctx, ctx.say("事案", "Incidents"), body))
}

fn table(ctx: &Ctx, all: &[IncidentView]) -> Markup {
    html! {
        div.scroll role="group" tabindex="0" aria-label=(ctx.say("事案の一覧", "Incidents")) {
            table {
                thead { tr {
                    th scope="col" { (ctx.say("事案", "Incident")) }
                    th scope="col" { (ctx.say("日時", "When")) }
                    th scope="col" { (ctx.say("種類", "Kind")) }
                    th scope="col" { (ctx.say("重さ", "Severity")) }
                    th.number scope="col" { (ctx.say("関わる出来事", "Events")) }
                    th scope="col" { (ctx.say("状態", "Status")) }
                } }
                tbody { @for incident in all {
                    tr {
                        th scope="row" { a href={ "/incidents/" (incident.id) } { code { (incident.id) } } }
                        td { (time::view(incident.at_ms)) }
                        td { (tell::incident_kind(ctx.lang, incident.kind)) }
                        td { (severity(ctx.lang, incident.severity)) }
                        td.number { (incident.leaves.len()) }
                        td { (status(ctx, incident)) }
                    }
                } }
            }
        }
    }
}

fn severity(lang: Lang, severity: Severity) -> Markup {
    let tone = match severity {
        Severity::Low => "blue",
        Severity::Medium => "yellow",
        Severity::High | Severity::Critical => "red",
    };
    html! { span.chip.(tone) { (tell::severity(lang, severity)) } }
}

fn status(ctx: &Ctx, incident: &IncidentView) -> Markup {
    html! {
        @if incident.closed.is_some() { span.chip.green { (ctx.say("終了", "closed")) } }
        @else { span.chip.yellow { (ctx.say("対応中", "open")) } }
    }
}

fn new(ctx: &Ctx, form: &Form) -> Markup {
    html! {
        section aria-labelledby="new" {
            h2 #new { (ctx.say("事案を記録する", "Note an incident")) }
            form method="post" action="/incidents" {
                (request_field(Some(form)))
                div.field {
                    label for="kind" { (ctx.say("種類", "Kind")) }
                    select #kind name="kind" { @for kind in IncidentKind::ALL {
                        option value=(name(kind)) selected[form.get("kind") == name(kind)] { (tell::incident_kind(ctx.lang, *kind)) }
                    } }
                }
                div.field {
                    label for="severity" { (ctx.say("重さ", "Severity")) }
                    select #severity name="severity" { @for level in Severity::ALL {
                        option value=(name(level)) selected[form.get("severity") == name(level)] { (tell::severity(ctx.lang, *level)) }
                    } }
                }
                div.field {
                    label for="leaves" { (ctx.say("関わる記録番号", "Numbers of the events")) }
                    p.note #leaves-help {
                        (ctx.say("読点か空白で区切る。", "With commas between. ")) (INCIDENT_LEAVES_MAX) (ctx.say("件まで。", " at most."))
                    }
                    input #leaves name="leaves" type="text" required inputmode="numeric" autocomplete="off" value=(form.get("leaves")) aria-describedby="leaves-help";
                }
                div.field {
                    label for="text" { (ctx.say("何が起きたか", "What happened")) }
                    p.note #text-help { (ctx.say("記録には載りません。監査と所管省庁が読めます。", "It does not enter the record. Auditors and the ministry can read it.")) }
                    textarea #text name="text" rows="6" required maxlength=(TEXT_MAX_BYTES) aria-describedby="text-help" { (form.get("text")) }
                }
                div.actions { button type="submit" { (ctx.say("記録する", "Note it")) } }
            }
        }
    }
}

/// `GET /incidents/{id}`. Looking is an event, as over the API.
pub(super) async fn show(ctx: Ctx, Path(incident): Path<String>) -> Response {
    ctx.guard(SHOW, one(&ctx, &incident, None)).await
}

/// `POST /incidents/{id}/close`.
pub(super) async fn close(ctx: Ctx, Path(incident): Path<String>, sent: Sent) -> Response {
    let form = sent.form();
    let work = async {
        let (person, form) = (ctx.person()?, form.as_ref().map_err(Clone::clone)?);
        incidents::close(&ctx.app, form.asked(person, Ok(NewClosing { text: form.get("text").to_owned() }))?, &incident).await
    };
    let again = async |refusal: Refusal| one(&ctx, &incident, Some((&refusal, form.as_ref().ok()))).await;
    ctx.acted(CLOSE, work, &format!("/incidents/{incident}"), (SHOW, again)).await
}

async fn one(ctx: &Ctx, incident: &str, fault: Option<(&Refusal, Option<&Form>)>) -> Result<Response, Refusal> {
    let incident = incidents::show(&ctx.app, ctx.person()?, incident).await?;
    let auditor = ctx.holds(Role::Auditor);
    let body = html! {
        @if let Some((refusal, _)) = fault { (errors::notice(ctx, refusal)) }
        (facts(ctx, &incident, auditor))
        h2 { (ctx.say("何が起きたか", "What happened")) }
        p.typed { bdi { (incident.text.as_deref().unwrap_or_default()) } }
        @match &incident.closed {
            Some(closed) => {
                h2 { (ctx.say("どうなったか", "What came of it")) }
                p.typed { bdi { (closed.text.as_deref().unwrap_or_default()) } }
                p.note { (parts::who(ctx, &closed.by)) " " (time::view(closed.at_ms)) (ctx.say("　記録番号 ", " · event ")) (closed.index) }
            }
            None => (closing(ctx, &incident, fault.and_then(|(_, form)| form))),
        }
        @if auditor {
            ul {
                li { a href={ "/log/timeline/" (incident.id) } { (ctx.say("事案の経過", "The incident's course")) } }
                li { a href={ "/v1/log/case/" (incident.id) } { (ctx.say("記録一式（証明付き、オフラインで検証できる）を取得する", "Take the case file: the leaves with their proofs, verifiable offline")) } }
            }
        }
    };
    let crumbs = vec![("/incidents".to_owned(), ctx.say("事案", "Incidents").to_owned())];
    let title = format!("{}{}", ctx.say("事案：", "Incident: "), incident.id);
    Ok(layout::framed(ctx, &title, Frame { crumbs, ..Frame::default() }, body))
}

fn facts(ctx: &Ctx, incident: &IncidentView, auditor: bool) -> Markup {
    html! {
        dl.facts {
            div { dt { (ctx.say("状態", "Status")) } dd { (status(ctx, incident)) } }
            div { dt { (ctx.say("種類", "Kind")) } dd { (tell::incident_kind(ctx.lang, incident.kind)) } }
            div { dt { (ctx.say("重さ", "Severity")) } dd { (severity(ctx.lang, incident.severity)) } }
            div { dt { (ctx.say("記録した人", "Noted by")) } dd { (parts::who(ctx, &incident.by)) " " (time::view(incident.at_ms)) } }
            div { dt { (ctx.say("記録番号", "Event")) } dd { (leaf(incident.index, auditor)) } }
            div { dt { (ctx.say("関わる出来事", "Events that it is about")) } dd { ul.inline { @for index in &incident.leaves { li { (leaf(*index, auditor)) } } } } }
        }
    }
}

/// A leaf's number, with the way to it for those who may read the record.
fn leaf(index: u64, auditor: bool) -> Markup {
    html! { @if auditor { a href={ "/log?before=" (index + 1) "#event-" (index) } { (index) } } @else { (index) } }
}

fn closing(ctx: &Ctx, incident: &IncidentView, typed: Option<&Form>) -> Markup {
    html! {
        section aria-labelledby="close" {
            h2 #close { (ctx.say("事案を閉じる", "Close the incident")) }
            p { (ctx.say("閉じられるのは一度だけです。", "An incident is closed once.")) }
            form method="post" action={ "/incidents/" (incident.id) "/close" } {
                (request_field(typed))
                div.field {
                    label for="text" { (ctx.say("どうなったか", "What came of it")) }
                    textarea #text name="text" rows="6" required maxlength=(TEXT_MAX_BYTES) { (typed.map_or("", |form| form.get("text"))) }
                }
                div.actions { button type="submit" { (ctx.say("閉じる", "Close it")) } }
            }
        }
    }
}
