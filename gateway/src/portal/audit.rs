//! 検索 and SQL over the record, for the auditor. Asking is an event, as over the API; forms without scripts.

use axum::response::Response;
use maud::{Markup, html};
use visiting_policies::{
    record::Event,
    refusal::{Code, Refusal},
    terms::Role,
};

use super::{
    ctx::Ctx,
    errors,
    form::{Form, Sent},
    layout::{self, Frame, encoded},
    tell, time,
};
use crate::{
    auditor::{search::Asked, sql},
    routes::audit::{self, SEARCH, SQL},
    wire::{Answered, Hit, Hits},
};

/// Rows of an answer on the page; the API gives all of them.
const SHOWN: usize = 500;

/// Hits on one page.
const HITS: u64 = 50;

/// Questions to begin with, in both languages.
const EXAMPLES: &[(&str, &str, &str)] = &[
    (
        "人ごとの拒否",
        "Refusals by person",
        "SELECT person, code, count(*) AS n FROM events WHERE outcome = 'refused' GROUP BY person, code ORDER BY n DESC",
    ),
    (
        "DBごとの解析",
        "Runs by database",
        "SELECT database, outcome, count(*) AS n FROM events JOIN event_databases USING (idx) WHERE action = 'run_judged' GROUP BY database, outcome",
    ),
    (
        "許可から最初の解析まで（時間）",
        "Hours from permit to first run",
        "SELECT permit, round((min(at_ms) FILTER (WHERE action = 'run_requested') - min(at_ms)) / 3600000.0, 1) AS hours FROM events WHERE permit IS NOT NULL GROUP BY permit",
    ),
    (
        "夜間の閲覧（日本時間）",
        "Reads at night (Japan time)",
        "SELECT idx, at, person, route FROM events WHERE action = 'viewed' AND CAST(strftime('%H', at, '+9 hours') AS INTEGER) NOT BETWEEN 6 AND 21",
    ),
];

/// The auditor's pages, beside each other.
pub(super) fn doors(ctx: &Ctx) -> Markup {
    let doors = [
        ("/log", "出来事", "Events"),
        ("/log/search", "検索", "Search"),
        ("/log/sql", "SQL", "SQL"),
        ("/patterns", "利用の傾向", "Patterns of use"),
        ("/incidents", "事案", "Incidents"),
    ];
    let here = ctx.here.split('?').next().unwrap_or_default();
    html! {
        nav aria-label=(ctx.say("監査のページ", "Pages for auditors")) {
            ul.inline { @for (to, ja, en) in doors { li { a href=(to) aria-current=[(here == to).then_some("page")] { (ctx.say(ja, en)) } } } }
        }
    }
}

/// Where a page of the record stands.
pub(super) fn crumbs(ctx: &Ctx) -> Vec<(String, String)> {
    vec![("/log".to_owned(), ctx.say("アクセスログ", "Access log").to_owned())]
}

/// `GET /log/search`.
pub(super) async fn search(ctx: Ctx) -> Response {
    let form = ctx.query();
    let work = async {
        let person = ctx.holding(Role::Auditor)?;
        audit::search(&ctx.app, person, asked(&form)?).await
    };
    match ctx.attempt(SEARCH, work).await {
        Err(page) => page,
        Ok(Ok(hits)) => searched(&ctx, &form, None, Some(&hits)),
        Ok(Err(refusal)) if refusal.code == Code::Malformed => errors::under(&refusal, searched(&ctx, &form, Some(&refusal), None)),
        Ok(Err(refusal)) => errors::refused(&ctx, &refusal),
    }
}

/// The form as the API's search; moments of the form are Japan time.
fn asked(form: &Form) -> Result<Asked, Refusal> {
    let said = |name: &str| Some(form.get(name).to_owned()).filter(|text| !text.is_empty());
    let moment = |name: &str| said(name).map(|text| time::from_field(&text).map_or(text, |ms| ms.to_string()));
    let after = said("after").map(|text| text.parse()).transpose();
    let after = after.map_err(|_| Refusal::new(Code::Malformed, "`after` is the index of an event"))?;
    Ok(Asked {
        person: said("person"),
        application: said("application"),
        permit: said("permit"),
        run: said("run"),
        database: said("database"),
        action: said("action"),
        outcome: said("outcome"),
        from: moment("from"),
        until: moment("until"),
        after,
        limit: Some(HITS),
    })
}

fn searched(ctx: &Ctx, form: &Form, fault: Option<&Refusal>, hits: Option<&Hits>) -> Response {
    let body = html! {
        (doors(ctx))
        p.lead { (ctx.say(
            "人、許可、DB、操作、結果、日時でアクセスログを探します。検索したことも記録されます。",
            "Find events by person, permit, database, action, outcome and time. The search itself is recorded.",
        )) }
        @if let Some(refusal) = fault { (errors::notice(ctx, refusal)) }
        (search_form(ctx, form))
        @if let Some(hits) = hits { (found(ctx, form, hits)) }
    };
    layout::framed(ctx, ctx.say("アクセスログの検索", "Search the access log"), Frame { crumbs: crumbs(ctx), ..Frame::default() }, body)
}

fn search_form(ctx: &Ctx, form: &Form) -> Markup {
    let databases: Vec<String> = ctx.app.desk.view().cases.listings.keys().cloned().collect();
    let text = |name: &'static str, label: &str| {
        html! { div.field { label for=(name) { (label) } input id=(name) name=(name) type="text" value=(form.get(name)) autocomplete="off" spellcheck="false"; } }
    };
    let moment = |name: &'static str, label: &str| {
        html! { div.field { label for=(name) { (label) } input id=(name) name=(name) type="datetime-local" value=(form.get(name)); } }
    };
    let all = ctx.say("すべて", "all");
    html! {
        form.filter method="get" action="/log/search" aria-label=(ctx.say("検索の条件", "Search")) {
            (text("person", ctx.say("だれが（per_…、gateway、enclave、nobody）", "Who (per_…, gateway, enclave, nobody)")))
            (text("permit", ctx.say("許可（prm_…）", "Permit (prm_…)")))
            (text("application", ctx.say("申請（app_…）", "Application (app_…)")))
            (text("run", ctx.say("解析（run_…）", "Run (run_…)")))
            div.field {
                label for="database" { (ctx.say("DB", "Database")) }
                select #database name="database" {
                    option value="" { (all) }
                    @for name in &databases { option value=(name) selected[form.get("database") == name] { (name) } }
                }
            }
            div.field {
                label for="action" { (ctx.say("操作", "Action")) }
                select #action name="action" {
                    option value="" { (all) }
                    @for (kind, ja, en) in tell::KINDS { option value=(kind) selected[form.get("action") == *kind] { (ctx.say(ja, en)) } }
                }
            }
            (text("outcome", ctx.say("結果（ok、refused、release、hold など、または拒否の記号）", "Outcome (ok, refused, release, hold …, or a refusal's code)")))
            (moment("from", ctx.say("ここから（日本時間）", "From (Japan time)")))
            (moment("until", ctx.say("この前まで（日本時間）", "Before (Japan time)")))
            div.actions { button type="submit" { (ctx.say("検索する", "Search")) } " " a href="/log/search" { (ctx.say("条件を消す", "Clear")) } }
        }
    }
}

fn found(ctx: &Ctx, form: &Form, hits: &Hits) -> Markup {
    let kept = form.fields().iter().filter(|(name, value)| name != "after" && !value.trim().is_empty());
    let query: String = kept.map(|(name, value)| format!("{}={}&", encoded(name), encoded(value))).collect();
    html! {
        section aria-labelledby="hits" {
            h2 #hits { (ctx.say("見つかった出来事（古い順）", "Events found, oldest first")) }
            p.note { (ctx.say("探した件数：", "Events searched: ")) (hits.size) }
            @if hits.hits.is_empty() {
                div.empty { p { (ctx.say("当てはまる出来事はありません。条件をゆるめてください。", "No event fits. Loosen the search.")) } }
            } @else {
                div.scroll role="group" tabindex="0" aria-labelledby="hits" {
                    table.log {
                        thead { tr {
                            th scope="col" { (ctx.say("番号", "No.")) }
                            th scope="col" { (ctx.say("日時", "When")) }
                            th scope="col" { (ctx.say("だれが", "Who")) }
                            th scope="col" { (ctx.say("なにを", "What")) }
                            th scope="col" { (ctx.say("結果", "Outcome")) }
                        } }
                        tbody { @for hit in &hits.hits { (row(ctx, hit)) } }
                    }
                }
            }
            nav.pages aria-label=(ctx.say("検索結果の続き", "More results")) {
                @if !form.get("after").is_empty() { a href={ "/log/search?" (query) } { (ctx.say("最初へ", "First page")) } }
                @if let Some(next) = hits.next { a href={ "/log/search?" (query) "after=" (next) } { (ctx.say("次へ", "Next")) } }
            }
        }
    }
}

fn row(ctx: &Ctx, hit: &Hit) -> Markup {
    let event = &hit.event;
    let sentence = Event::from_bytes(hit.leaf.as_bytes()).map(|event| tell::tell(ctx.lang, &event)).unwrap_or_default();
    let case = hit.run.as_ref().or(hit.permit.as_ref()).or(hit.application.as_ref());
    html! {
        tr.refusal[event.code.is_some()] {
            th scope="row" { a href={ "/log?before=" (event.index + 1) "#event-" (event.index) } { (event.index) } }
            td { (time::view(event.at_ms)) }
            td { (who(event.person.as_deref(), &event.actor)) }
            td {
                span.chip { (tell::kind(ctx.lang, &event.action)) } " " bdi { (sentence) }
                ul.inline {
                    @if let Some(case) = case { li { (ctx.say("経過：", "Course: ")) a href={ "/log/timeline/" (case) } { code { (case) } } } }
                    li { a href={ "/incidents?leaves=" (event.index) } { (ctx.say("事案として記録", "Note an incident")) span.unseen { " " (event.index) } } }
                }
                details {
                    summary { (ctx.say("原文", "Exact line")) span.unseen { " " (event.index) } }
                    pre tabindex="0" { code { (hit.leaf) } }
                    p { a href=(hit.permalink) { (ctx.say("この行だけを読む", "This line alone")) span.unseen { " " (event.index) } } }
                }
            }
            td { code { (event.came()) } }
        }
    }
}

/// A person with the way to their course, or what acted instead.
pub(super) fn who(person: Option<&str>, actor: &str) -> Markup {
    html! { @match person { Some(id) => { a href={ "/log/timeline/" (id) } { code { (id) } } }, None => { code { (actor) } } } }
}

/// `GET /log/sql`: the empty form. It reads nothing.
pub(super) async fn sql_form(ctx: Ctx) -> Response {
    ctx.guard(SQL, async {
        ctx.holding(Role::Auditor)?;
        Ok(sql_page(&ctx, ctx.query().get("sql"), None, None))
    })
    .await
}

/// `POST /log/sql`: the question and its answer.
pub(super) async fn sql_asked(ctx: Ctx, sent: Sent) -> Response {
    let form = sent.form();
    let text = form.as_ref().map(|form| form.get("sql").to_owned()).unwrap_or_default();
    let work = async {
        let person = ctx.holding(Role::Auditor)?;
        form.as_ref().map_err(Clone::clone)?;
        audit::ask(&ctx.app, person, &text).await
    };
    match ctx.attempt(SQL, work).await {
        Err(page) => page,
        Ok(Ok(answered)) => sql_page(&ctx, &text, None, Some(&answered)),
        Ok(Err(refusal)) if matches!(refusal.code, Code::SqlUnreadable | Code::SqlNotOffered | Code::TooLarge) => {
            errors::under(&refusal, sql_page(&ctx, &text, Some(&refusal), None))
        }
        Ok(Err(refusal)) => errors::refused(&ctx, &refusal),
    }
}

fn sql_page(ctx: &Ctx, text: &str, fault: Option<&Refusal>, answered: Option<&Answered>) -> Response {
    let body = html! {
        (doors(ctx))
        p.lead { (ctx.say(
            "アクセスログの写しに、1つのSELECTで問い合わせます。書き換えはできません。問い合わせた文も記録されます。",
            "Ask a copy of the access log with one SELECT. Nothing can be changed, and the text is recorded.",
        )) }
        @if let Some(refusal) = fault { (errors::notice(ctx, refusal)) p lang=[refusal.ja.is_none().then_some("en")] { (refusal.sentence(ctx.lang.code() == "ja")) } }
        form method="post" action="/log/sql" {
            div.field {
                label for="sql" { "SQL" }
                p.note #sql-help { (ctx.say("表：events、event_databases、incident_leaves", "Tables: events, event_databases, incident_leaves")) }
                textarea #sql name="sql" rows="8" required spellcheck="false" autocapitalize="off" autocomplete="off" maxlength=(sql::SQL_MAX_BYTES)
                    aria-describedby="sql-help" { (text) }
            }
            div.actions { button type="submit" { (ctx.say("問い合わせる", "Ask")) } }
        }
        @if let Some(answered) = answered { (answer(ctx, answered)) }
        (tables(ctx))
        h2 { (ctx.say("例", "Examples")) }
        ul { @for (ja, en, text) in EXAMPLES { li { a href={ "/log/sql?sql=" (encoded(text)) } { (ctx.say(ja, en)) } } } }
    };
    layout::framed(ctx, ctx.say("アクセスログへのSQL", "SQL over the access log"), Frame { crumbs: crumbs(ctx), ..Frame::default() }, body)
}

fn answer(ctx: &Ctx, answered: &Answered) -> Markup {
    html! {
        section aria-labelledby="answer" {
            h2 #answer { (ctx.say("結果", "Answer")) }
            p { (answered.rows.len()) (ctx.say("行", " rows")) }
            @if answered.truncated || answered.rows.len() > SHOWN {
                p.note { (ctx.say("一部だけを表示しています。LIMIT と条件で絞るか、APIを使ってください。", "This is a part. Narrow it with conditions, or use the API.")) }
            }
            div.scroll role="group" tabindex="0" aria-labelledby="answer" {
                table {
                    thead { tr { @for name in &answered.columns { th scope="col" { (name) } } } }
                    tbody { @for row in answered.rows.iter().take(SHOWN) { tr { @for cell in row { (cell_of(cell)) } } } }
                }
            }
        }
    }
}

fn cell_of(cell: &serde_json::Value) -> Markup {
    html! {
        @match cell {
            serde_json::Value::Null => td { span.note { "NULL" } },
            serde_json::Value::Number(number) => td.number { (number) },
            serde_json::Value::String(text) => td { bdi { (text) } },
            other => td { (other) },
        }
    }
}

/// The tables, for whoever writes a question.
fn tables(ctx: &Ctx) -> Markup {
    let columns = [
        ("events.idx", "記録番号（0から）", "index of the leaf, from 0"),
        ("events.at_ms, at", "日時（1970年からのミリ秒、RFC 3339）", "when: milliseconds since 1970, RFC 3339"),
        (
            "events.actor, person",
            "だれが（person、gateway、enclave、nobody）、その人",
            "who: person, gateway, enclave or nobody; the person",
        ),
        ("events.action", "操作の種類", "kind of event"),
        ("events.application, permit, run, preflight, incident", "関わる案件", "the case that it is about"),
        ("events.outcome, code", "結果、拒否の記号", "what came of it; code of a refusal"),
        ("events.route", "読まれた・試みられたもの", "what was read or tried"),
        ("events.leaf", "原文（JSON）。leaf ->> '$.act.kind' のように読める", "the exact line, JSON: leaf ->> '$.act.kind'"),
        ("event_databases.idx, database", "その案件が読めるDB", "databases that the case may read"),
        ("incident_leaves.incident, idx", "事案と、関わる記録番号", "an incident and the events that it is about"),
    ];
    html! {
        details {
            summary { (ctx.say("表と列", "Tables and columns")) }
            dl.facts { @for (names, ja, en) in columns { div { dt { code { (names) } } dd { (ctx.say(ja, en)) } } } }
        }
    }
}
