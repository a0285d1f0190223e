//! The addresses of a permit's own programs. The view is in `guests.rs`; binding goes through [`crate::routes::guests`], as the API's does.

use std::time::Duration;

use axum::{extract::Path, response::Response};
use visiting_policies::{refusal::Refusal, terms::PermitId};

use super::{
    bound,
    ctx::Ctx,
    form::{Form, Sent, request_field},
    guests::{self, Bound, GuestsPage, Outcome},
    lang::Lang,
};
use crate::{
    app::id,
    routes::{self, permits},
    wire::{GuestView, NewGuest},
};

const LIST: &str = "GET /v1/permits/{id}/guests";
const BIND: &str = "POST /v1/permits/{id}/guests";

/// `GET /permits/{id}/guests`.
pub(super) async fn show(ctx: Ctx, Path(permit): Path<String>) -> Response {
    ctx.guard(LIST, page(&ctx, &permit, None, None)).await
}

/// `POST /permits/{id}/guests`: examined and bound, or told why not, with what was typed.
pub(super) async fn bind(ctx: Ctx, Path(permit): Path<String>, sent: Sent) -> Response {
    let form = match sent.form() {
        Ok(form) => form,
        Err(refusal) => return ctx.guard(BIND, async { Err(refusal) }).await,
    };
    // Browsers send line ends as CR LF; the same manifest is the same guest whichever way it came.
    let new = NewGuest { manifest: form.get("manifest").replace("\r\n", "\n"), module: form.get("module").split_whitespace().collect() };
    let bound = async {
        let person = ctx.person()?;
        routes::guests::bind(&ctx.app, &person, form.key(&person)?, &id(&permit, "permit")?, || Ok(new)).await
    };
    match ctx.attempt(BIND, bound).await {
        Err(answer) => answer,
        Ok(outcome) => ctx.guard(LIST, page(&ctx, &permit, Some(&outcome), Some(&form))).await,
    }
}

async fn page(ctx: &Ctx, permit: &str, outcome: Option<&Result<GuestView, Refusal>>, form: Option<&Form>) -> Result<Response, Refusal> {
    let (person, id) = (ctx.person()?, id::<PermitId>(permit, "permit")?);
    let shown: Vec<Bound> = routes::guests::list(&ctx.app, &person, &id).await?.guests.iter().map(Bound::of).collect();
    let usable = permits::show(&ctx.app, &person, &id, Duration::ZERO).await?.status == "active";
    let new = outcome.and_then(|o| o.as_ref().ok()).map(|guest| (Bound::of(guest), checked(ctx.lang, guest)));
    let told = match (outcome, &new) {
        (Some(Err(refusal)), _) => Some(Outcome::Found(refusal)),
        (_, Some((guest, checked))) => Some(Outcome::Bound(guest, checked)),
        _ => None,
    };
    // What was bound needs no keeping; what was refused is shown again under the same name.
    let kept = form.filter(|_| new.is_none());
    let typed = |name: &str| kept.map(|f| f.get(name)).unwrap_or_default();
    let (manifest, module, request) = (typed("manifest"), typed("module"), request_field(kept));
    let page = GuestsPage { permit: id.as_str(), usable, bound: &shown, outcome: told, manifest, module, request: &request };
    Ok(bound::page(ctx, ctx.say("利用者プログラム", "Guests"), &id, outcome, guests::view(ctx.lang, &page)))
}

/// What the examination looked at, in the reader's language.
fn checked(lang: Lang, guest: &GuestView) -> Vec<String> {
    match lang {
        Lang::Ja => guest.report.checked_ja.clone(),
        Lang::En => guest.report.checked.clone(),
    }
}
