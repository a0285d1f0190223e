//! What the pages of guests and of code lists share: what came of an upload, what is bound, and the form for more.

use axum::response::Response;
use maud::{Markup, html};
use visiting_policies::{refusal::Refusal, terms::PermitId};

use super::{
    ctx::Ctx,
    errors,
    lang::Lang,
    layout::{self, Frame},
    work::crumbs,
};

/// The page, with the status of an upload that was refused.
pub(super) fn page<T>(ctx: &Ctx, title: &str, permit: &PermitId, outcome: Option<&Result<T, Refusal>>, content: Markup) -> Response {
    let frame = Frame { crumbs: crumbs(ctx, permit), head: None, scripts: &["guests.js", "copy.js"] };
    let page = layout::framed(ctx, title, frame, content);
    if let Some(Err(refusal)) = outcome { errors::under(refusal, page) } else { page }
}

/// That the examination was passed; `name` is what SQL says.
pub(super) fn passed(lang: Lang, name: &str) -> Markup {
    html! { p { (lang.say("検査を通り、この許可に結び付けました：", "It passed the examination and is bound to this permit: ")) code { (name) } } }
}

/// What is bound, a note on how it is used, and what else there is.
pub(super) fn list(lang: Lang, permit: &str, title: &str, bound: &[Markup], note: &str, more: &Markup) -> Markup {
    html! {
        section aria-labelledby="bound" {
            h2 #bound { (title) }
            @if bound.is_empty() {
                p.empty { (lang.say("まだありません。", "None yet.")) }
            } @else {
                ul.files { @for one in bound { li { (one) } } }
                p.note { (note) (lang.say("一度結び付けた名前の中身は変わりません。", "What a name stands for never changes.")) }
            }
            (more)
            p { a href={ "/permits/" (permit) "/workspace" } { (lang.say("解析環境へ", "To the workspace")) } }
        }
    }
}

/// The form, at the address `at`; `fields` with the hidden one that names the request.
pub(super) fn form(lang: Lang, at: &str, fields: &Markup, command: &str) -> Markup {
    html! {
        section aria-labelledby="upload" {
            h2 #upload { (lang.say("新しく結び付ける", "Bind a new one")) }
            form method="post" action=(at) {
                (fields)
                button type="submit" { (lang.say("検査して結び付ける", "Examine and bind")) }
            }
            details {
                summary { (lang.say("コマンドで行う", "By command")) }
                pre data-copy="" tabindex="0" { code { (command) } }
            }
        }
    }
}
