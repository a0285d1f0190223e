//! Login, logout, language. In the demo anybody may be anybody; real identity (OIDC) has its own issue.

use axum::{
    extract::Path,
    http::{HeaderValue, header},
    response::Response,
};
use maud::{Markup, html};
use visiting_policies::{
    record::Actor,
    refusal::{Code, Refusal},
    terms::PersonId,
};

use super::{
    ctx::Ctx,
    errors,
    form::Sent,
    lang::{LANGUAGE, Lang},
    layout::{self, own_path, see},
    words,
};
use crate::{
    auth::{LOGIN_SECONDS, SESSION},
    routes::demo,
};

/// The choice of language lasts a year.
const LANGUAGE_SECONDS: u64 = 365 * 24 * 60 * 60;

/// `GET /login`.
pub(super) async fn show(ctx: Ctx) -> Response {
    let to = ctx.query().get("to").to_owned();
    page(&ctx, &to, None)
}

/// `POST /login`: a demo person, or elsewhere a token of the API.
pub(super) async fn log_in(ctx: Ctx, sent: Sent) -> Response {
    let work = async {
        let form = sent.form()?;
        let token = if ctx.app.demo { demo::login(&ctx.app, form.get("person"))?.token } else { pasted(&ctx, form.get("token"))? };
        Ok((token, own_path(form.get("to")).to_owned()))
    };
    match ctx.app.recorded(Actor::Nobody, demo::LOG_IN, work).await {
        Ok((token, to)) => with_cookie(see(&to), SESSION, &token, LOGIN_SECONDS, true),
        Err(refusal) if refusal.code == Code::NotLoggedIn => errors::under(&refusal, page(&ctx, "/", Some(&refusal))),
        Err(refusal) => errors::refused(&ctx, &refusal),
    }
}

/// `POST /logout`.
pub(super) async fn log_out(ctx: Ctx, sent: Sent) -> Response {
    match sent.form() {
        Ok(_) => with_cookie(see("/"), SESSION, "", 0, true),
        Err(refusal) => errors::refused(&ctx, &refusal),
    }
}

/// `GET /lang/{code}?to=/path`.
pub(super) async fn switch(ctx: Ctx, Path(code): Path<String>) -> Response {
    let Some(lang) = Lang::from_code(&code) else { return errors::refused(&ctx, &Refusal::not_found("language")) };
    let query = ctx.query();
    with_cookie(see(query.get("to")), LANGUAGE, lang.code(), LANGUAGE_SECONDS, false)
}

/// The login page; leads on to `to`.
pub(super) fn page(ctx: &Ctx, to: &str, fault: Option<&Refusal>) -> Response {
    let body = html! {
        @if let Some(refusal) = fault { (errors::notice(ctx, refusal)) }
        @if ctx.app.demo { (roster(ctx, own_path(to))) } @else { (token(ctx, own_path(to))) }
    };
    layout::page(ctx, ctx.say("ログイン", "Log in"), body)
}

/// A token of the API: the same checks, in a cookie.
fn pasted(ctx: &Ctx, token: &str) -> Result<String, Refusal> {
    ctx.app.logins.holder(token)?;
    Ok(token.to_owned())
}

/// Everybody of the roster, each a button.
fn roster(ctx: &Ctx, to: &str) -> Markup {
    let view = ctx.app.desk.view();
    let members = &view.cases.roster().members;
    let names = ctx.app.people.names(members.keys());
    let shown = |id: &PersonId| names.get(id.as_str()).cloned().unwrap_or_else(|| id.to_string());
    let now = ctx.person().ok();
    html! {
        p.lead { (ctx.say(
            "これはデモです。役割を選ぶと、その人として操作できます。どの操作も、本番と同じように検査され、記録されます。",
            "This is a demo. Choose whom to be. Whatever you do is checked and recorded as in earnest.",
        )) }
        form.people method="post" action="/login" {
            input type="hidden" name="to" value=(to);
            ul.cards {
                @for (id, member) in members {
                    li.card {
                        h2 { (shown(id)) }
                        p { (words::roles(ctx.lang, &member.roles)) }
                        p.note { (ctx.say("所属：", "Organisation: ")) code { (member.organisation) } }
                        @if now.as_ref() == Some(id) {
                            p { strong { (ctx.say("いまこの人です", "This is you now")) } }
                        } @else {
                            button type="submit" name="person" value=(id) aria-label={ (ctx.say("この人になる：", "Be this person: ")) (shown(id)) } {
                                (ctx.say("この人になる", "Be this person"))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn token(ctx: &Ctx, to: &str) -> Markup {
    html! {
        p.lead { (ctx.say(
            "本人確認（OIDC）は、のちの版で入ります。それまでは、運用者から受け取ったAPIトークンでログインします。",
            "Proof of identity (OIDC) comes with a later version. Until then log in with an API token from the operators.",
        )) }
        form method="post" action="/login" {
            input type="hidden" name="to" value=(to);
            div.field {
                label for="token" { (ctx.say("APIトークン", "API token")) }
                input #token type="password" name="token" required autocomplete="off";
            }
            button type="submit" { (ctx.say("ログイン", "Log in")) }
        }
    }
}

/// Lax for the language alone: a link from elsewhere may keep it, a login never comes along.
fn with_cookie(mut answer: Response, name: &str, value: &str, seconds: u64, login: bool) -> Response {
    let kind = if login { "HttpOnly; SameSite=Strict" } else { "SameSite=Lax" };
    if let Ok(cookie) = HeaderValue::from_str(&format!("{name}={value}; Path=/; Max-Age={seconds}; {kind}")) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}
