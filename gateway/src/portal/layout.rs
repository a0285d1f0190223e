//! The frame of every page: head, banner, header, navigation, crumbs, footer; and the headers that every answer carries.

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use maud::{DOCTYPE, Markup, html};
use visiting_policies::terms::Role;

use super::{assets::asset, ctx::Ctx, words};

/// No inline style or script, nothing from elsewhere, no frame, no base: what is not named here does not load.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// Headers of every answer of the portal. The referrer stays within this server: with `no-referrer` browsers would hide the origin
/// of our own forms, too.
const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", POLICY),
    ("referrer-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];

/// Puts the headers on an answer.
pub(super) fn secured(mut answer: Response) -> Response {
    for (name, value) in HEADERS {
        answer.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    answer
}

/// What a page may add to its frame.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// Way from the home page to here: address and words.
    pub(super) crumbs: Vec<(String, String)>,
    /// More for the head, such as a refresh inside `noscript`.
    pub(super) head: Option<Markup>,
    /// Names of scripts among the assets.
    pub(super) scripts: &'static [&'static str],
}

/// A page right below the home page.
pub(super) fn page(ctx: &Ctx, title: &str, body: Markup) -> Response {
    framed(ctx, title, Frame::default(), body)
}

/// A page with crumbs.
pub(super) fn below(ctx: &Ctx, crumbs: &[(&str, &str)], title: &str, body: Markup) -> Response {
    let crumbs = crumbs.iter().map(|(to, words)| ((*to).to_owned(), (*words).to_owned())).collect();
    framed(ctx, title, Frame { crumbs, ..Frame::default() }, body)
}

/// Any page. What a person sees is for nobody's cache.
pub(super) fn framed(ctx: &Ctx, title: &str, frame: Frame, body: Markup) -> Response {
    let cache = if ctx.logged_in() { "no-store" } else { "private, no-cache" };
    ([(header::CACHE_CONTROL, cache)], document(ctx, title, &frame, &body)).into_response()
}

fn document(ctx: &Ctx, title: &str, frame: &Frame, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(ctx.lang.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " | Visiting" }
                link rel="icon" href=(asset("mark.svg")) type="image/svg+xml";
                link rel="stylesheet" href=(asset("portal.css"));
                link rel="stylesheet" href=(asset("workspace.css"));
                script src=(asset("portal.js")) type="module" {}
                @for script in frame.scripts { script src=(asset(script)) type="module" {} }
                @if let Some(more) = &frame.head { (more) }
            }
            body {
                a.skip href="#main" { (ctx.say("本文へ移動", "Skip to content")) }
                @if ctx.app.demo { (banner(ctx)) }
                (top(ctx))
                (crumbs(ctx, title, frame))
                main #main tabindex="-1" {
                    h1 { (title) }
                    (body)
                }
                (bottom(ctx))
            }
        }
    }
}

/// The demo's banner: anybody may be anybody here, and everybody shall know.
fn banner(ctx: &Ctx) -> Markup {
    html! {
        aside.banner aria-label=(ctx.say("デモモード", "Demo mode")) {
            div.wide {
                p {
                    strong { (ctx.say("デモモード：だれにでもなれます。", "Demo mode: you can be anybody.")) }
                    " "
                    @if ctx.logged_in() { (ctx.say("いまは", "Now you are ")) b { (ctx.name) } (ctx.say("です。", ".")) }
                    @else { (ctx.say("いまはだれでもありません。", "Now you are nobody.")) }
                }
                a.button.small.secondary href={ "/login?to=" (encoded(&ctx.here)) } { (ctx.say("人を選ぶ", "Switch person")) }
            }
        }
    }
}

fn top(ctx: &Ctx) -> Markup {
    let (other, words) = match ctx.lang {
        super::lang::Lang::Ja => ("en", "English"),
        super::lang::Lang::En => ("ja", "日本語"),
    };
    html! {
        header.top {
            div.wide {
                a.brand href="/" {
                    img src=(asset("mark.svg")) alt="" width="32" height="32";
                    span { "Visiting" small { (ctx.say("医療等データの二次利用", "Secondary use of health data")) } }
                }
                div.tools {
                    a href={ "/lang/" (other) "?to=" (encoded(&ctx.here)) } lang=(other) hreflang=(other) { (words) }
                    @if ctx.logged_in() {
                        span.who { (ctx.name) span.roles { (words::roles(ctx.lang, &ctx.roles)) } }
                        form method="post" action="/logout" { button.small.secondary type="submit" { (ctx.say("ログアウト", "Log out")) } }
                    } @else {
                        a.button.small href={ "/login?to=" (encoded(&ctx.here)) } { (ctx.say("ログイン", "Log in")) }
                    }
                }
            }
            nav.main aria-label=(ctx.say("メニュー", "Menu")) {
                ul.wide {
                    @for (to, ja, en) in menu(ctx) {
                        li { a href=(to) aria-current=[current(ctx, to)] { (ctx.say(ja, en)) } }
                    }
                }
            }
        }
    }
}

/// The menu of a person's roles. What is not offered may still be typed; then the law decides.
fn menu(ctx: &Ctx) -> Vec<(&'static str, &'static str, &'static str)> {
    let may = |roles: &[Role]| roles.iter().any(|role| ctx.holds(*role));
    let mut menu = vec![("/catalog", "データを探す", "Find data")];
    if may(&[Role::Researcher, Role::Reception, Role::CommitteeMember]) {
        menu.push(("/applications", "利用申請", "Applications"));
    }
    if may(&[Role::Reception, Role::CommitteeMember]) {
        menu.push(("/reviews", "審査", "Review"));
    }
    if may(&[Role::Researcher, Role::CommitteeMember, Role::Ministry]) {
        menu.push(("/permits", "利用許可", "Permits"));
    }
    if may(&[Role::Ministry]) {
        menu.push(("/releases", "持ち出しと取消し", "Releases"));
    }
    if may(&[Role::Checker]) {
        menu.push(("/holds", "出口審査", "Output checks"));
    }
    if may(&[Role::Auditor]) {
        menu.push(("/log", "アクセスログ", "Access log"));
    }
    if may(&[Role::Auditor, Role::Ministry]) {
        menu.push(("/incidents", "事案", "Incidents"));
    }
    menu.push(("/register", "公開台帳", "Public register"));
    menu
}

fn current(ctx: &Ctx, to: &str) -> Option<&'static str> {
    let path = ctx.here.split('?').next().unwrap_or_default();
    let below = path.strip_prefix(to).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    below.then_some(if path == to { "page" } else { "true" })
}

fn crumbs(ctx: &Ctx, title: &str, frame: &Frame) -> Markup {
    html! {
        @if ctx.here.split('?').next() != Some("/") {
            nav.crumbs aria-label=(ctx.say("現在位置", "You are here")) {
                ol.wide {
                    li { a href="/" { (ctx.say("ホーム", "Home")) } }
                    @for (to, words) in &frame.crumbs { li { a href=(to) { (words) } } }
                    li { span aria-current="page" { (title) } }
                }
            }
        }
    }
}

fn bottom(ctx: &Ctx) -> Markup {
    html! {
        footer.bottom {
            div.wide {
                p { (ctx.say(
                    "データは環境の外に出ません。出るのは審査を通った集計だけで、すべての操作が記録されます。",
                    "The data never leaves. Only checked results do, and every step is recorded.",
                )) }
                ul {
                    li { a href="/catalog" { (ctx.say("データを探す", "Find data")) } }
                    li { a href="/rules" { (ctx.say("公表基準", "Publication rules")) } }
                    li { a href="/register" { (ctx.say("公開台帳", "Public register")) } }
                    li { a href="/v1/openapi.json" { "API (OpenAPI)" } }
                    li { a href="/v1/log/checkpoint" { (ctx.say("署名済み現況", "Signed checkpoint")) } }
                }
            }
        }
    }
}

/// Text inside a query.
pub(super) fn encoded(text: &str) -> String {
    let pairs = serde_urlencoded::to_string([("", text)]).unwrap_or_default();
    pairs.trim_start_matches('=').to_owned()
}

/// A path of this server to go on to: anything else would send people away.
pub(super) fn own_path(to: &str) -> &str {
    let own = to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\n', '\r', '\t']) && to.is_ascii();
    if own { to } else { "/" }
}

/// See another page next; the answer to every form that did something.
pub(super) fn see(to: &str) -> Response {
    let place = HeaderValue::from_str(own_path(to)).unwrap_or(HeaderValue::from_static("/"));
    (axum::http::StatusCode::SEE_OTHER, [(header::LOCATION, place), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))])
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_paths_are_gone_on_to() {
        assert_eq!(own_path("/permits?x=1"), "/permits?x=1");
        for foreign in ["", "https://example.org", "//example.org", "/\\example.org", "javascript:x", "/a\nb"] {
            assert_eq!(own_path(foreign), "/", "{foreign}");
        }
        assert_eq!(encoded("/a?b=c&d=介"), "%2Fa%3Fb%3Dc%26d%3D%E4%BB%8B");
    }
}
