//! The home page: what this is, and what waits for you.

use axum::response::Response;
use maud::html;

use super::{ctx::Ctx, layout};

/// `GET /`.
pub(super) async fn show(ctx: Ctx) -> Response {
    let body = html! { p.lead { (ctx.say("データは外に出ません。研究者がデータのところへ来ます。", "Researchers come to the data; the data never goes to them.")) } };
    layout::page(&ctx, ctx.say("ホーム", "Home"), body)
}
