//! The addresses of the record: the access log for auditors, the register for everybody. Views are in `access_log.rs` and
//! `register.rs`.

use axum::{
    Json,
    http::header,
    response::{IntoResponse, Response},
};
use visiting_policies::{
    record::{Act, Actor},
    refusal::{Code, Refusal},
    terms::Role,
};

use super::{
    access_log::{self, LogPage},
    ctx::Ctx,
    filter::Filter,
    layout::{self, Frame},
    register::{self, Search},
    work::log_vkey,
};

/// How the API calls reading the record.
const READ: &str = "GET /v1/log/events";

/// `GET /log`. Reading is an event, as over the API.
pub(super) async fn log(ctx: Ctx) -> Response {
    ctx.guard(READ, async {
        let person = ctx.holding(Role::Auditor)?;
        let (filter, before) = asked(ctx.asked())?;
        let what = before.map_or_else(|| "/log".to_owned(), |before| format!("/log?before={before}"));
        ctx.app.desk.act(Actor::Person(person), None, Act::Viewed { what }).await?;
        let found = access_log::find(&ctx.app, &filter, before).await?;
        let size = ctx.app.desk.view().cases.size();
        let vkey = log_vkey(&ctx.app);
        let page = LogPage { filter: &filter, found: &found, before, size, vkey: &vkey };
        let frame = Frame { crumbs: Vec::new(), head: None, scripts: &["log.js", "verify.js", "copy.js"] };
        Ok(layout::framed(&ctx, ctx.say("アクセスログ", "Access log"), frame, access_log::view(ctx.lang, &page)))
    })
    .await
}

/// `POST /log/words`: rows for leaves that the reader's browser has from the stream. Reads nothing and changes nothing, so it
/// is no event: it would be one for each event that it shows.
pub(super) async fn words(ctx: Ctx, body: Result<Json<Vec<(u64, String)>>, axum::extract::rejection::JsonRejection>) -> Response {
    ctx.guard(READ, async {
        ctx.holding(Role::Auditor)?;
        let (filter, _) = asked(ctx.asked())?;
        let Json(leaves) = body.map_err(|_| Refusal::new(Code::Malformed, "send pairs of index and leaf line as JSON"))?;
        let rows = access_log::live(&ctx.app.desk.view(), &filter, leaves)?;
        Ok(([(header::CACHE_CONTROL, "no-store")], access_log::rows(ctx.lang, &rows)).into_response())
    })
    .await
}

/// `GET /register`. Public; no event.
pub(super) async fn register(ctx: Ctx) -> Response {
    ctx.guard("GET /register", async {
        let search: Search = read(ctx.asked())?;
        let entries = register::entries(&ctx.app.desk.view(), ctx.app.desk.now_ms());
        let found = register::searched(&ctx.app, entries, &search).await;
        let body = register::view(ctx.lang, &ctx.app.catalog, &search, &found);
        Ok(layout::page(&ctx, ctx.say("公開台帳", "Public register"), body))
    })
    .await
}

fn asked(query: &str) -> Result<(Filter, Option<u64>), Refusal> {
    #[derive(serde::Deserialize)]
    struct Before {
        before: Option<u64>,
    }
    Ok((read(query)?, read::<Before>(query)?.before))
}

fn read<T: serde::de::DeserializeOwned>(query: &str) -> Result<T, Refusal> {
    let wrong = |_| Refusal::new(Code::Malformed, "the address holds something else than the form sends; start from the page again");
    serde_urlencoded::from_str(query).map_err(wrong)
}
