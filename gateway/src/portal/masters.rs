//! The public code masters: what each lists, where it comes from, and every row of it.

use axum::response::Response;
use maud::{Markup, html};
use visiting_catalog::Master;

use super::{ctx::Ctx, layout};

/// `GET /codes`.
pub(super) async fn show(ctx: Ctx) -> Response {
    let body = html! {
        p.lead { (ctx.say(
            "どの許可の SQL でも codes.名前 として結合できる、公開の分類です。人についての情報は含みません。",
            "Public classifications that the SQL of every permit can join as codes.name. They hold nothing about people.",
        )) }
        @for master in &ctx.app.masters { (view(&ctx, master)) }
    };
    let crumbs = [("/catalog", ctx.say("データを探す", "Find data"))];
    layout::below(&ctx, &crumbs, ctx.say("公開コード表", "Public code lists"), body)
}

/// A line on the catalogue's page.
pub(super) fn hint(ctx: &Ctx) -> Markup {
    html! {
        h2 { (ctx.say("公開コード表", "Public code lists")) }
        p {
            @for (number, master) in ctx.app.masters.iter().enumerate() {
                @if number > 0 { (ctx.say("、", ", ")) }
                a href={ "/codes#" (master.head.id) } { (ctx.lang.text(&master.head.title)) }
            }
        }
    }
}

fn view(ctx: &Ctx, master: &Master) -> Markup {
    let head = &master.head;
    html! {
        section aria-labelledby=(head.id) {
            h2 id=(head.id) { (ctx.lang.text(&head.title)) " " code { "codes." (head.id) } }
            dl.facts {
                div { dt { (ctx.say("出典", "Source")) } dd { (ctx.lang.text(&head.source)) } }
                div { dt { (ctx.say("利用条件", "Terms")) } dd { (ctx.lang.text(&head.licence)) } }
                div { dt { (ctx.say("結合の例", "How to join it")) } dd { code { (head.join) } } }
            }
            details {
                summary { (master.list.rows.len()) (ctx.say(" 行を見る", " rows")) }
                (rows(ctx, master))
            }
        }
    }
}

fn rows(ctx: &Ctx, master: &Master) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label={ (ctx.say("コード表：", "Code list ")) "codes." (master.head.id) } {
            table {
                thead {
                    tr { @for column in &master.head.columns { th scope="col" { (ctx.lang.text(&column.title)) br; code { (column.name) } } } }
                }
                tbody {
                    @for row in &master.list.rows {
                        tr { @for value in row { td { (value.to_string()) } } }
                    }
                }
            }
        }
    }
}
