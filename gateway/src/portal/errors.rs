//! Pages for what went wrong: what happened, and what to do next.

use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use maud::{Markup, html};
use visiting_policies::refusal::{Code, Refusal};

use super::{ctx::Ctx, lang::Lang, layout, login, words};
use crate::{app::Shared, problem::Problem};

/// The status that the API gives a refusal.
pub(super) fn status(refusal: &Refusal) -> StatusCode {
    StatusCode::from_u16(Problem::from(refusal.clone()).status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A page that shows a refusal among other things.
pub(super) fn under(refusal: &Refusal, mut page: Response) -> Response {
    *page.status_mut() = status(refusal);
    page
}

/// The page of a refusal, under the status that the API gives it. Nobody logged in: the login page, which leads back.
pub(super) fn refused(ctx: &Ctx, refusal: &Refusal) -> Response {
    let page = match refusal.code {
        Code::NotLoggedIn => login::page(ctx, &ctx.here, None),
        code => layout::page(ctx, words::of(code).title(ctx.lang), body(ctx, refusal)),
    };
    under(refusal, page)
}

/// The refusal as a box on a page that goes on.
pub(super) fn notice(ctx: &Ctx, refusal: &Refusal) -> Markup {
    let words = words::of(refusal.code);
    html! {
        div.notice.error #refusal role="alert" tabindex="-1" autofocus data-code=(refusal.code.name()) {
            h2 { (words.title(ctx.lang)) }
            p { (words.help(ctx.lang)) }
            (detail(ctx, refusal))
        }
    }
}

fn body(ctx: &Ctx, refusal: &Refusal) -> Markup {
    html! {
        p.lead { (words::of(refusal.code).help(ctx.lang)) }
        (detail(ctx, refusal))
        p { a.button.secondary href="/" { (ctx.say("ホームへ戻る", "Back to the home page")) } }
    }
}

/// The law's own sentence and code, for those who report a fault.
fn detail(ctx: &Ctx, refusal: &Refusal) -> Markup {
    html! {
        details {
            @match refusal.ja.as_deref().filter(|_| ctx.lang == Lang::Ja) {
                Some(sentence) => {
                    summary { "くわしい情報" }
                    p { (sentence) }
                }
                None => {
                    summary { (ctx.say("くわしい情報（英語）", "Details")) }
                    p lang="en" { (refusal.detail) }
                }
            }
            p { (ctx.say("記号：", "Code: ")) code { (refusal.code.name()) } }
        }
    }
}

/// There is nothing at this path. The API says so in its own form.
pub(crate) async fn no_such_path(State(app): State<Shared>, request: Request) -> Response {
    other(&app, request, Problem::no_such_path(), Refusal::not_found("page"))
}

/// The path exists, for other methods.
pub(crate) async fn no_such_method(State(app): State<Shared>, request: Request) -> Response {
    other(&app, request, Problem::no_such_method(), Refusal::new(Code::Malformed, "this address does not take this method"))
}

fn other(app: &Shared, request: Request, problem: Problem, refusal: Refusal) -> Response {
    let (parts, _) = request.into_parts();
    let accepts = parts.headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let path = parts.uri.path();
    if path == "/v1" || path.starts_with("/v1/") || !accepts.contains("text/html") {
        return problem.into_response();
    }
    let mut page = refused(&Ctx::of(app, &parts), &refusal);
    *page.status_mut() = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::NOT_FOUND);
    layout::secured(page)
}
