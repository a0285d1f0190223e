//! The addresses of a permit's work: workspace, run, files. Views are in `workspace.rs` and `run.rs`; every act goes through
//! [`crate::routes::runs`], as the API's do.

use std::time::Duration;

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use visiting_catalog::TablePlan;
use visiting_policies::{
    case::RunCase,
    note,
    receipt::signer,
    refusal::Refusal,
    sign,
    terms::{PermitId, PersonId, RunId, Scope},
};

use super::{
    ctx::Ctx,
    form::{Form, Sent, request_field},
    layout::{self, Frame},
    run::{self, RunPage},
    schema,
    table::Table,
    tryout::{TRY, Tryout},
    workspace::{self, RUNS_SHOWN, Workspace},
};
use crate::{
    app::{App, id},
    problem::Problem,
    routes::{self, permits, preflights, runs},
    wire::{NewRun, PermitView},
};

/// The table that pages show.
const TABLE: &str = "table.csv";

/// `GET /permits/{id}/workspace`; `example=N`, `run=…` and `try=…` (with its answer) fill the editor, `page=N` turns the history's pages.
pub(super) async fn workspace(ctx: Ctx, Path(permit): Path<String>) -> Response {
    let query = ctx.query();
    ctx.guard(runs::LIST, async {
        let bench = Bench::at(&ctx, &permit).await?;
        let tried = match query.get(TRY) {
            "" => None,
            id => Some(Tryout::read(&ctx, id).await?),
        };
        let sql = match &tried {
            Some(tried) => tried.sql.clone(),
            None => bench.filled(&ctx, &query).await?,
        };
        bench.page(&ctx, &query, Shown { sql: &sql, tried: tried.as_ref(), ..Shown::default() }).await
    })
    .await
}

/// `POST /permits/{id}/workspace`: asks for a run and leads to it, or with `do=try` for a pre-flight, which the workspace shows; a
/// refused wish comes back with its text.
pub(super) async fn ask(ctx: Ctx, Path(permit): Path<String>, sent: Sent) -> Response {
    let form = match sent.form() {
        Ok(form) => form,
        Err(refusal) => return ctx.guard(runs::SUBMIT, async { Err(refusal) }).await,
    };
    // Browsers send line ends as CR LF; the same text is the same program whichever way it came.
    let sql = form.get("sql").replace("\r\n", "\n");
    let trial = form.get("do") == TRY;
    let asked = async {
        Bench::at(&ctx, &permit).await?;
        let (person, wish) = (ctx.person()?, NewRun { sql: sql.clone() });
        if trial {
            let id = preflights::submit(&ctx.app, form.asked_each(person, &sql, Ok(wish))?, &permit).await?;
            return Ok(format!("/permits/{permit}/workspace?{TRY}={id}#try"));
        }
        let run = runs::submit(&ctx.app, form.asked(person, Ok(wish))?, &permit).await?;
        Ok(format!("/runs/{run}"))
    };
    match ctx.attempt(if trial { preflights::SUBMIT } else { runs::SUBMIT }, asked).await {
        Err(page) => page,
        Ok(Ok(next)) => layout::see(&next),
        Ok(Err(refusal)) => {
            let shown = Shown { sql: &sql, sent: Some(&form), fault: Some(&refusal), tried: None };
            let again = async { Bench::at(&ctx, &permit).await?.page(&ctx, &Form::default(), shown).await };
            ctx.guard(runs::LIST, again).await
        }
    }
}

/// `GET /runs/{id}`. The table on it is a released file: showing it is fetching it, and recorded as that.
pub(super) async fn run(ctx: Ctx, Path(run): Path<String>) -> Response {
    ctx.guard(runs::SHOW, show_run(&ctx, &run)).await
}

/// `GET /runs/{id}/files/{name}`.
pub(super) async fn file(ctx: Ctx, Path((run, name)): Path<(String, String)>) -> Response {
    ctx.guard(runs::FETCH, async {
        let bytes = runs::download(&ctx.app, ctx.person()?, &run, &name).await?;
        // Only names of released files get here: they hold nothing that a header could not.
        let attachment = format!("attachment; filename=\"{run}-{name}\"");
        let headers = [(header::CONTENT_TYPE, runs::content_type(&name).to_owned()), (header::CONTENT_DISPOSITION, attachment)];
        Ok((headers, [(header::CACHE_CONTROL, "no-store")], bytes).into_response())
    })
    .await
}

/// What the workspace shows beside what is always there.
#[derive(Default)]
struct Shown<'a> {
    sql: &'a str,
    sent: Option<&'a Form>,
    fault: Option<&'a Refusal>,
    tried: Option<&'a Tryout>,
}

/// A permit as one of its people works with it. To others it does not exist.
struct Bench {
    person: PersonId,
    id: PermitId,
    permit: PermitView,
    scope: Scope,
    runs: Vec<(RunId, RunCase)>,
}

impl Bench {
    async fn at(ctx: &Ctx, permit: &str) -> Result<Self, Refusal> {
        let (person, id) = (ctx.person()?, id::<PermitId>(permit, "permit")?);
        let runs = runs::of_permit(&ctx.app, &person, &id)?;
        let permit = permits::show(&ctx.app, &person, &id, Duration::ZERO).await?;
        let scope = scope(&ctx.app, &id)?;
        Ok(Self { person, id, permit, scope, runs })
    }

    fn plans<'a>(&self, app: &'a App) -> Result<Vec<TablePlan<'a>>, Refusal> {
        visiting_catalog::plan(&self.scope, &app.catalog)
    }

    /// What the query puts into the editor.
    async fn filled(&self, ctx: &Ctx, query: &Form) -> Result<String, Refusal> {
        if let Ok(run) = query.get("run").parse::<RunId>() {
            let case = runs::visible(&ctx.app, &self.person, &run)?;
            return ctx.app.documents.text(&case.program).await;
        }
        let number = query.get("example").parse::<usize>().ok();
        let example = number.and_then(|n| self.plans(&ctx.app).ok().and_then(|plans| schema::examples(&plans).into_iter().nth(n)));
        Ok(example.map(|e| e.sql).unwrap_or_default())
    }

    async fn page(&self, ctx: &Ctx, query: &Form, shown: Shown<'_>) -> Result<Response, Refusal> {
        let Shown { sql, sent, fault, tried } = shown;
        let page = query.get("page").parse::<usize>().unwrap_or_default();
        let newest = self.runs.iter().rev().skip(page.saturating_mul(RUNS_SHOWN));
        let mut runs = Vec::new();
        for (id, case) in newest.clone().take(RUNS_SHOWN) {
            runs.push((id.clone(), case.clone(), ctx.app.documents.text(&case.program).await.ok()));
        }
        let guests = routes::guests::list(&ctx.app, &self.person, &self.id).await?.guests;
        let guests: Vec<String> = guests.into_iter().map(|guest| guest.name).collect();
        let codes = routes::codes::list(&ctx.app, &self.person, &self.id).await?;
        let more = newest.count() > RUNS_SHOWN;
        let (plans, request) = (self.plans(&ctx.app)?, request_field(sent));
        let work = Workspace {
            permit: &self.permit,
            plans: &plans,
            guests: &guests,
            codes: &codes,
            sql,
            request: &request,
            runs: &runs,
            page: (page, more),
            fault,
            tried,
        };
        let crumbs = crumbs(ctx, &self.id);
        let frame = Frame { crumbs, head: tried.map(Tryout::head), scripts: &["editor.js", "try.js"] };
        let mut answer = layout::framed(ctx, ctx.say("解析環境", "Workspace"), frame, workspace::view(ctx.lang, &work));
        if let Some(refusal) = fault {
            *answer.status_mut() = StatusCode::from_u16(Problem::from(refusal.clone()).status).unwrap_or(StatusCode::BAD_REQUEST);
        }
        Ok(answer)
    }
}

/// Where a page of a permit stands.
pub(super) fn crumbs(ctx: &Ctx, permit: &PermitId) -> Vec<(String, String)> {
    vec![("/permits".to_owned(), ctx.say("利用許可", "Permits").to_owned()), (format!("/permits/{permit}"), permit.to_string())]
}

fn scope(app: &App, permit: &PermitId) -> Result<Scope, Refusal> {
    let view = app.desk.view();
    view.cases.permits.get(permit).map(|case| case.permit.scope.clone()).ok_or_else(|| Refusal::not_found("permit"))
}

async fn show_run(ctx: &Ctx, run: &str) -> Result<Response, Refusal> {
    let (person, id) = (ctx.person()?, id::<RunId>(run, "run")?);
    let case = runs::visible(&ctx.app, &person, &id)?;
    let sql = ctx.app.documents.text(&case.program).await?;
    let table = match case.released.as_ref().filter(|_| case.recalled.is_none()) {
        Some(_) => Some(released(ctx, &person, &id, &sql).await?),
        None => None,
    };
    let scope = scope(&ctx.app, &case.permit)?;
    let plans = visiting_catalog::plan(&scope, &ctx.app.catalog)?;
    let (gate, logs) = verifier_keys(&ctx.app);
    let permit = permits::show(&ctx.app, &person, &case.permit, Duration::ZERO).await?;
    let page = RunPage {
        id: &id,
        case: &case,
        sql: &sql,
        plans: &plans,
        table,
        keys: (&gate, &logs),
        checking: ctx.app.audits.goes_on(&id, &case),
        usable: permit.status == "active",
        closed: permit.status == "closed",
    };
    let mut crumbs = crumbs(ctx, &case.permit);
    crumbs.push((format!("/permits/{}/workspace", case.permit), ctx.say("解析環境", "Workspace").to_owned()));
    let frame = Frame { crumbs, head: Some(run::head(&case)), scripts: &["run.js", "copy.js"] };
    Ok(layout::framed(ctx, &format!("{} {id}", ctx.say("解析", "Run")), frame, run::view(ctx.lang, &page)))
}

/// The released table. Without a record nothing is shown; a damaged file only costs the table.
async fn released(ctx: &Ctx, person: &PersonId, run: &RunId, sql: &str) -> Result<Result<Table, Refusal>, Refusal> {
    let csv = runs::download(&ctx.app, person.clone(), run.as_str(), TABLE).await?;
    Ok(Table::read(&csv, sql))
}

/// Verifier keys of the exit gate and of the log, as this server knows them. The log's are all that it has had, oldest first: a
/// receipt carries the checkpoint of its time.
fn verifier_keys(app: &App) -> (String, Vec<String>) {
    let view = app.desk.view();
    let roster = view.cases.roster();
    let logs = view.cases.log_keys().iter().map(|log| vkey(&roster.origin, &log.key)).collect();
    (vkey(&signer(&roster.origin), &roster.enclave_key), logs)
}

/// The verifier key of the key that the log signs with now.
pub(crate) fn log_vkey(app: &App) -> String {
    let view = app.desk.view();
    vkey(&view.cases.roster().origin, view.cases.log_key())
}

fn vkey(name: &str, public: &str) -> String {
    note::vkey(name, &sign::from_base64(public).unwrap_or_default())
}
