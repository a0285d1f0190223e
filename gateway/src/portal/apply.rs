//! The application's form: one for several databases, kept as a draft until it is sent, and shown once more before that.

use axum::{extract::Path, http::StatusCode, response::Response};
use maud::{Markup, html};
use visiting_catalog::{Listing, Table};
use visiting_policies::{
    refusal::{Code, Refusal},
    terms::{PersonId, Role},
};

use super::{
    ctx::Ctx,
    errors,
    form::{Faults, Form, Sent, request_field},
    layout::{self, see},
    parts, time,
    wish::{self, loaded},
};
use crate::{
    drafts::{Draft, Drafts},
    routes::applications::{self, SUBMIT},
    wire::NewApplication,
};

/// `GET /applications/new?listing=…` or `?from=<an earlier application>`.
pub(super) async fn new(ctx: Ctx) -> Response {
    ctx.guard(SUBMIT, async {
        let person = ctx.holding(Role::Researcher)?;
        let query = ctx.query();
        let form = match query.get("from") {
            "" => begun(&ctx, &query),
            earlier => copied(&ctx, &person, earlier).await?,
        };
        Ok(page(&ctx, &person, &Shown { form: Some(&form), ..Shown::default() }))
    })
    .await
}

/// `POST /applications/new`: whatever is wrong with it, it is kept first.
pub(super) async fn start(ctx: Ctx, sent: Sent) -> Response {
    ctx.guard(SUBMIT, async {
        let (person, form) = (ctx.holding(Role::Researcher)?, sent.form()?);
        form.key(&person)?;
        let id = Drafts::id(&person, form.request());
        keep(&ctx, &person, &id, &form).await
    })
    .await
}

/// `GET /drafts/{id}`.
pub(super) async fn draft(ctx: Ctx, Path(id): Path<String>) -> Response {
    ctx.guard("GET /drafts/{id}", async {
        let person = ctx.person()?;
        let draft = ctx.app.drafts.get(&person, &id).await?;
        let form = Form::of_fields(draft.fields);
        let (_, faults) = wish::wish(&ctx, &person, &form);
        Ok(page(
            &ctx,
            &person,
            &Shown { form: Some(&form), draft: Some((&id, draft.saved_ms)), warnings: Some(&faults), ..Shown::default() },
        ))
    })
    .await
}

/// `POST /drafts/{id}`: save, review or delete.
pub(super) async fn change(ctx: Ctx, Path(id): Path<String>, sent: Sent) -> Response {
    ctx.guard("POST /drafts/{id}", async {
        let (person, form) = (ctx.person()?, sent.form()?);
        ctx.app.drafts.get(&person, &id).await?;
        if form.get("act") == "delete" {
            ctx.app.drafts.delete(&person, &id).await?;
            return Ok(see("/applications?deleted=1"));
        }
        keep(&ctx, &person, &id, &form).await
    })
    .await
}

/// `GET /drafts/{id}/review`: exactly what would be sent.
pub(super) async fn review(ctx: Ctx, Path(id): Path<String>) -> Response {
    ctx.guard("GET /drafts/{id}/review", async {
        let person = ctx.person()?;
        let form = Form::of_fields(ctx.app.drafts.get(&person, &id).await?.fields);
        Ok(last_look(&ctx, &person, &id, &form, None))
    })
    .await
}

/// `POST /drafts/{id}/submit`.
pub(super) async fn submit(ctx: Ctx, Path(id): Path<String>, sent: Sent) -> Response {
    let form = sent.form();
    let kept = match ctx.person() {
        Ok(person) => ctx.app.drafts.get(&person, &id).await,
        Err(nobody) => Err(nobody),
    };
    let work = async {
        let (person, form) = (ctx.person()?, form.as_ref().map_err(Clone::clone)?);
        // Only a first request needs the draft: sent twice, it finds its application although the draft is gone.
        let body = kept.as_ref().map_err(Clone::clone).and_then(|draft| reviewed(&ctx, &person, draft, form.get("shown")));
        let sent = applications::submit(&ctx.app, form.asked(person.clone(), body)?).await?;
        ctx.app.drafts.delete(&person, &id).await?;
        Ok(sent)
    };
    match (ctx.attempt(SUBMIT, work).await, kept, ctx.person()) {
        (Err(page), ..) => page,
        (Ok(Ok(sent)), ..) => see(&format!("/applications/{}?sent=1", sent.id)),
        (Ok(Err(refusal)), Ok(draft), Ok(person)) => {
            errors::under(&refusal, last_look(&ctx, &person, &id, &Form::of_fields(draft.fields), Some(&refusal)))
        }
        (Ok(Err(refusal)), ..) => errors::refused(&ctx, &refusal),
    }
}

/// The wish, when it is sound and the one that was shown.
fn reviewed(ctx: &Ctx, person: &PersonId, draft: &Draft, shown: &str) -> Result<NewApplication, Refusal> {
    let (wish, faults) = wish::wish(ctx, person, &Form::of_fields(draft.fields.clone()));
    if !faults.is_empty() || wish::digest(&wish) != shown {
        return Err(Refusal::new(Code::WrongState, "the draft is not what was shown; read it again and send it then"));
    }
    Ok(wish)
}

/// A new form with the listing that was chosen in the catalogue, and its months.
fn begun(ctx: &Ctx, query: &Form) -> Form {
    let mut fields: Vec<(String, String)> = query.all("listing").map(|l| ("listing".to_owned(), l.to_owned())).collect();
    let chosen = query.all("listing").find_map(|id| parts::listing(ctx, id));
    if let Some(period) = chosen.or(ctx.app.catalog.first()).map(|l| l.period) {
        fields.push(("from".to_owned(), dashed(period.from)));
        fields.push(("to".to_owned(), dashed(period.to)));
    }
    Form::of_fields(fields)
}

/// A new form filled with an earlier application of the same team, as after it was sent back.
async fn copied(ctx: &Ctx, person: &PersonId, earlier: &str) -> Result<Form, Refusal> {
    let view = applications::show(&ctx.app, person, earlier).await?;
    let mut fields = vec![
        ("purpose".to_owned(), view.purpose),
        ("from".to_owned(), dashed(view.period.from)),
        ("to".to_owned(), dashed(view.period.to)),
        ("until".to_owned(), time::day(view.until_ms.saturating_sub(1))),
    ];
    let others: Vec<&str> = view.team.iter().filter(|p| *p != person).map(PersonId::as_str).collect();
    fields.push(("team".to_owned(), others.join(" ")));
    for (listing, tables) in &view.columns {
        for (table, columns) in tables {
            fields.extend(columns.iter().map(|c| ("column".to_owned(), format!("{listing}.{table}.{c}"))));
        }
    }
    Ok(Form::of_fields(fields))
}

fn dashed(yyyymm: i64) -> String {
    format!("{:04}-{:02}", yyyymm / 100, yyyymm % 100)
}

/// Keeps what was typed, then goes where the button says.
async fn keep(ctx: &Ctx, person: &PersonId, id: &str, form: &Form) -> Result<Response, Refusal> {
    let now = ctx.app.desk.now_ms();
    let draft = Draft { id: id.to_owned(), fields: form.fields().to_vec(), saved_ms: now };
    match ctx.app.drafts.save(person, draft).await {
        Ok(()) => {}
        Err(refusal) if refusal.code == Code::TooLarge => {
            return Ok(errors::under(
                &refusal,
                page(ctx, person, &Shown { form: Some(form), refusal: Some(&refusal), ..Shown::default() }),
            ));
        }
        Err(refusal) => return Err(refusal),
    }
    let (_, faults) = wish::wish(ctx, person, form);
    if form.get("act") != "review" {
        return Ok(see(&format!("/drafts/{id}?saved=1")));
    }
    if faults.is_empty() {
        return Ok(see(&format!("/drafts/{id}/review")));
    }
    let mut again = page(ctx, person, &Shown { form: Some(form), draft: Some((id, now)), faults: Some(&faults), ..Shown::default() });
    *again.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(again)
}

/// What the form's page shows.
#[derive(Default)]
struct Shown<'a> {
    form: Option<&'a Form>,
    draft: Option<(&'a str, u64)>,
    faults: Option<&'a Faults>,
    /// The same faults while the draft is only saved: nothing is wrong yet.
    warnings: Option<&'a Faults>,
    refusal: Option<&'a Refusal>,
}

fn page(ctx: &Ctx, person: &PersonId, shown: &Shown<'_>) -> Response {
    let (none, blank) = (Faults::default(), Form::default());
    let (form, faults) = (shown.form.unwrap_or(&blank), shown.faults.unwrap_or(&none));
    let action = shown.draft.map_or_else(|| "/applications/new".to_owned(), |(id, _)| format!("/drafts/{id}"));
    let body = html! {
        @if let Some(refusal) = shown.refusal { (errors::notice(ctx, refusal)) }
        (faults.summary(ctx))
        (saved(ctx, shown))
        p.lead { (ctx.say(
            "1つの申請で、複数のDBの表と列を選べます。途中で保存して、あとで続きを書けます。送る前に、送る内容を確認できます。",
            "One application covers several databases. Save it, go on later, and look at exactly what you send before you send it.",
        )) }
        form method="post" action=(action) {
            (request_field(Some(form)))
            (columns_part(ctx, form, faults))
            (team_part(ctx, person, form, faults))
            (purpose_part(ctx, form, faults))
            (time_part(ctx, form, faults))
            div.actions {
                button type="submit" name="act" value="review" { (ctx.say("送る内容を確認する", "Review what to send")) }
                button.secondary type="submit" name="act" value="save" { (ctx.say("下書きを保存する", "Save the draft")) }
                @if shown.draft.is_some() {
                    button.secondary type="submit" name="act" value="delete" { (ctx.say("下書きを削除する", "Delete the draft")) }
                }
            }
        }
    };
    let title = if shown.draft.is_some() {
        ctx.say("利用申請の下書き", "Draft of an application")
    } else {
        ctx.say("利用申請", "New application")
    };
    layout::below(ctx, &[("/applications", ctx.say("申請の一覧", "Applications"))], title, body)
}

fn saved(ctx: &Ctx, shown: &Shown<'_>) -> Markup {
    html! {
        @if let Some((_, at)) = shown.draft {
            div.notice.success role="status" {
                p { (ctx.say("下書きを保存しました：", "Saved: ")) (time::view(at)) (ctx.say("（あなただけが見られます）", " (only you can see it)")) }
                @if let Some(warnings) = shown.warnings.filter(|w| !w.is_empty()) {
                    p { (ctx.say("送る前に、次のところを直してください。", "Before you send it, mend this:")) }
                    ul { @for (field, words) in warnings.list() { li { a href={ "#" (field) } { (words) } } } }
                }
            }
        }
    }
}

fn columns_part(ctx: &Ctx, form: &Form, faults: &Faults) -> Markup {
    html! {
        h2 #columns tabindex="-1" { (ctx.say("使うデータ", "Data")) (need(ctx)) }
        (faults.beside("columns"))
        p.note { (ctx.say("必要な列だけを選んでください。必要性も審査されます。", "Choose only what you need: necessity is reviewed, too.")) }
        @for listing in &ctx.app.catalog {
            @if loaded(ctx, &listing.id) {
                details open[opened(form, listing)] {
                    summary { (ctx.lang.text(&listing.title)) " (" (listing.id) ")" }
                    @for table in &listing.tables { (table_part(ctx, form, listing, table)) }
                }
            }
        }
    }
}

fn opened(form: &Form, listing: &Listing) -> bool {
    let own = |name: &str| name.split('.').next() == Some(listing.id.as_str());
    form.has("listing", &listing.id) || form.all("column").any(own) || form.all("table").any(own)
}

fn table_part(ctx: &Ctx, form: &Form, listing: &Listing, table: &Table) -> Markup {
    let name = format!("{}.{}", listing.id, table.name);
    let whole = form.has("table", &name);
    html! {
        fieldset.box data-all {
            legend { (ctx.lang.text(&table.title)) " " code { (name) } }
            label.check.all {
                input type="checkbox" name="table" value=(name) checked[whole];
                (ctx.say("この表のすべての列", "All columns of this table"))
            }
            div.checks {
                @for column in &table.columns {
                    @let value = format!("{name}.{}", column.name);
                    label.check {
                        input type="checkbox" name="column" value=(value) checked[whole || form.has("column", &value)];
                        span { (ctx.lang.text(&column.title)) " " code { (column.name) } }
                    }
                }
            }
        }
    }
}

fn team_part(ctx: &Ctx, person: &PersonId, form: &Form, faults: &Faults) -> Markup {
    let colleagues = colleagues(ctx, person);
    html! {
        h2 { (ctx.say("利用する人", "Team")) }
        p { (ctx.say("申請者（あなた）：", "Applicant (you): ")) (parts::who(ctx, person.as_str())) }
        @if !colleagues.is_empty() {
            fieldset {
                legend { (ctx.say("同じ所属の利用者", "Researchers of your organisation")) }
                div.checks {
                    @for id in &colleagues {
                        label.check {
                            input type="checkbox" name="member" value=(id) checked[form.has("member", id.as_str())];
                            span { (parts::who(ctx, id.as_str())) }
                        }
                    }
                }
            }
        }
        div.field {
            label for="team" { (ctx.say("ほかに加える人（番号）", "Others (ids)")) }
            p.note #team-help { (ctx.say("per_ で始まる番号を、空白か読点で区切って書きます。", "Ids that start with per_, separated by spaces or commas.")) }
            (faults.beside("team"))
            input #team type="text" name="team" value=(form.get("team")) aria-describedby=(described("team", true, faults)) aria-invalid=[invalid("team", faults)];
        }
    }
}

/// Researchers who work where this person does.
fn colleagues(ctx: &Ctx, person: &PersonId) -> Vec<PersonId> {
    let view = ctx.app.desk.view();
    let members = &view.cases.roster().members;
    let house = members.get(person).map(|m| &m.organisation);
    let same = members.iter().filter(|(id, m)| *id != person && Some(&m.organisation) == house && m.roles.contains(&Role::Researcher));
    same.map(|(id, _)| id.clone()).collect()
}

fn purpose_part(ctx: &Ctx, form: &Form, faults: &Faults) -> Markup {
    html! {
        h2 { (ctx.say("目的", "Purpose")) }
        div.field {
            label for="purpose" { (ctx.say("利用の目的", "What the data is for")) (need(ctx)) }
            p.note #purpose-help { (ctx.say(
                "何を明らかにし、だれの役に立つか、なぜ選んだ列が必要かを書きます。許可されると公開台帳に載ります。個人名を書かないでください。",
                "Say what you want to find out, whom it helps and why you need the chosen columns. It will be published once permitted; name no people.",
            )) }
            (faults.beside("purpose"))
            textarea #purpose name="purpose" rows="8" aria-describedby=(described("purpose", true, faults)) aria-invalid=[invalid("purpose", faults)] { (form.get("purpose")) }
        }
    }
}

fn time_part(ctx: &Ctx, form: &Form, faults: &Faults) -> Markup {
    html! {
        h2 { (ctx.say("期間", "Time")) }
        (dated(ctx, form, faults, "from", "month", ctx.say("データの始めの年月", "First month of the data")))
        (dated(ctx, form, faults, "to", "month", ctx.say("データの終わりの年月", "Last month of the data")))
        (dated(ctx, form, faults, "until", "date", ctx.say("利用の最終日", "Last day of use")))
    }
}

fn dated(ctx: &Ctx, form: &Form, faults: &Faults, name: &str, kind: &str, words: &str) -> Markup {
    let example = if kind == "month" { "2024-01" } else { "2027-03-31" };
    html! {
        div.field {
            label for=(name) { (words) (need(ctx)) }
            p.note id={ (name) "-help" } { (ctx.say("例：", "Such as ")) (example) }
            (faults.beside(name))
            input id=(name) type=(kind) name=(name) value=(form.get(name)) aria-describedby=(described(name, true, faults)) aria-invalid=[invalid(name, faults)];
        }
    }
}

fn need(ctx: &Ctx) -> Markup {
    html! { span.need { (ctx.say("必須", "required")) } }
}

/// Ids of what explains a field.
fn described(name: &str, help: bool, faults: &Faults) -> String {
    let help = if help { format!("{name}-help") } else { String::new() };
    let fault = if faults.of(name).is_some() { format!("{name}-fault") } else { String::new() };
    format!("{help} {fault}").trim().to_owned()
}

fn invalid(name: &str, faults: &Faults) -> Option<&'static str> {
    faults.of(name).map(|_| "true")
}

/// What would be sent, once more and in full.
fn last_look(ctx: &Ctx, person: &PersonId, id: &str, form: &Form, refusal: Option<&Refusal>) -> Response {
    let (wish, faults) = wish::wish(ctx, person, form);
    let back = format!("/drafts/{id}");
    let body = html! {
        @if let Some(refusal) = refusal { (errors::notice(ctx, refusal)) }
        @if faults.is_empty() {
            p.lead { (ctx.say("次の内容を、このまま送ります。送ったあとは変えられません。", "Exactly this will be sent. It cannot be changed afterwards.")) }
            (summary(ctx, &wish))
            div.actions {
                form method="post" action={ "/drafts/" (id) "/submit" } {
                    (request_field(None))
                    input type="hidden" name="shown" value=(wish::digest(&wish));
                    button type="submit" { (ctx.say("この内容で申請する", "Send the application")) }
                }
                a.button.secondary href=(back) { (ctx.say("直す", "Change it")) }
            }
        } @else {
            div.notice.warning role="status" {
                h2 { (ctx.say("まだ送れません", "It cannot be sent yet")) }
                ul { @for (field, words) in faults.list() { li { a href={ (back) "#" (field) } { (words) } } } }
            }
        }
    };
    let crumbs = [("/applications", ctx.say("申請の一覧", "Applications")), (back.as_str(), ctx.say("下書き", "Draft"))];
    layout::below(ctx, &crumbs, ctx.say("送る内容の確認", "What you send"), body)
}

fn summary(ctx: &Ctx, wish: &NewApplication) -> Markup {
    html! {
        dl.facts {
            div { dt { (ctx.say("利用する人", "Team")) } dd { (parts::people(ctx, wish.team.iter())) } }
            div { dt { (ctx.say("目的", "Purpose")) } dd { p.purpose { (wish.purpose) } } }
            div { dt { (ctx.say("データの期間", "Months of the data")) } dd { (parts::period(ctx, wish.period)) } }
            div { dt { (ctx.say("利用の最終日", "Last day of use")) } dd { (time::day(wish.until_ms.saturating_sub(1))) } }
            div { dt { (ctx.say("データの形", "Form of the data")) } dd { (ctx.say("仮名化（氏名や番号は消え、医療の値は残る。環境の中だけ）", "pseudonymised, inside the environment only")) } }
        }
        h2 { (ctx.say("使うデータ", "Data")) }
        (parts::columns(ctx, &wish.columns))
    }
}
