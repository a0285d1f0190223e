//! What data there is: search, listings, and the rules that protect each.

use axum::{extract::Path, response::Response};
use maud::{Markup, html};
use visiting_catalog::{Listing, Table};
use visiting_policies::{disclosure::Rules, refusal::Refusal, rules::RulePack, terms::Role};

use super::{ctx::Ctx, errors, layout, masters, parts};
use crate::routes::catalog;

/// Longest search that is looked at, characters; what is longer is no search.
const SEARCH_MAX: usize = 200;

/// Conditions of use that hold for every listing here, with their codes in the Data Use Ontology (GA4GH DUO).
const CONDITIONS: &[(&str, &str, &str)] = &[
    ("承認された計画に限る", "approved project only", "DUO:0000027"),
    ("名前のある利用者に限る", "named users only", "DUO:0000026"),
    ("期間を限る", "limited in time", "DUO:0000025"),
];

/// `GET /catalog?q=`.
pub(super) async fn list(ctx: Ctx) -> Response {
    let query = ctx.query();
    let words: String = query.get("q").chars().take(SEARCH_MAX).collect();
    let found = catalog::search(&ctx.app, &words);
    let body = html! {
        p.lead { (ctx.say("使えるデータベースを探します。名前、内容、列の名前で探せます。", "Find databases by name, content or column.")) }
        form.search method="get" action="/catalog" role="search" {
            div.field {
                label for="q" { (ctx.say("探すことば（例：介護、処方）", "Words to look for (such as care, claims)")) }
                input #q type="search" name="q" value=(words) maxlength=(SEARCH_MAX);
            }
            button type="submit" { (ctx.say("探す", "Search")) }
        }
        p role="status" { (found.len()) (ctx.say(" 件のDBがあります。", " database(s) found.")) }
        @if found.is_empty() { (nothing(&ctx)) }
        ul.cards { @for listing in &found { (card(&ctx, listing)) } }
        (masters::hint(&ctx))
    };
    layout::page(&ctx, ctx.say("データを探す", "Find data"), body)
}

/// `GET /catalog/{id}`.
pub(super) async fn show(ctx: Ctx, Path(id): Path<String>) -> Response {
    let Some(listing) = parts::listing(&ctx, &id) else { return errors::refused(&ctx, &Refusal::not_found("listing")) };
    let crumbs = [("/catalog", ctx.say("データを探す", "Find data"))];
    layout::below(&ctx, &crumbs, ctx.lang.text(&listing.title), full(&ctx, listing))
}

fn nothing(ctx: &Ctx) -> Markup {
    html! {
        div.empty {
            p { strong { (ctx.say("当てはまるDBはありません。", "No database fits.")) } }
            p { (ctx.say(
                "ことばを減らすか、別の言い方（日本語・英語のどちらでも）で探してください。病名よりも、レセプトや介護のようなデータの種類のほうが見つかります。",
                "Use fewer words or other ones, in Japanese or English. Kinds of data, such as claims or care, work better than names of diseases.",
            )) }
            p { a href="/catalog" { (ctx.say("すべてのDBを見る", "Show all databases")) } }
        }
    }
}

fn card(ctx: &Ctx, listing: &Listing) -> Markup {
    html! {
        li.card {
            h2 { a href={ "/catalog/" (listing.id) } { (ctx.lang.text(&listing.title)) } }
            p { (ctx.lang.text(&listing.description)) }
            p.note { (ctx.say("保有者：", "Holder: ")) (ctx.lang.text(&listing.holder)) }
            (chips(ctx, listing))
        }
    }
}

/// The pack in force for a listing.
fn pack(ctx: &Ctx, listing: &Listing) -> Option<RulePack> {
    ctx.app.desk.view().cases.rules.pack(&listing.rule_pack).map(|p| p.pack.clone())
}

fn chips(ctx: &Ctx, listing: &Listing) -> Markup {
    let loaded = catalog::data_version(&ctx.app, listing).is_some();
    html! {
        ul.chips {
            @if loaded { li.chip.green { (ctx.say("申請できます", "open for applications")) } }
            @else { li.chip.yellow { (ctx.say("データ準備中", "no data yet")) } }
            li.chip.blue { (parts::period(ctx, listing.period)) }
            li { (listing.tables.len()) (ctx.say(" 表", " tables")) }
            @if let Some(pack) = pack(ctx, listing) {
                li { (pack.rules.people_min) (ctx.say("人未満は非表示", "+ people per cell")) }
                @if pack.rules.facilities_min > 0 { li { (pack.rules.facilities_min) (ctx.say("施設未満は非表示", "+ facilities per cell")) } }
            }
        }
    }
}

fn full(ctx: &Ctx, listing: &Listing) -> Markup {
    let version = catalog::data_version(&ctx.app, listing);
    html! {
        p.lead { (ctx.lang.text(&listing.description)) }
        (chips(ctx, listing))
        (apply(ctx, listing, version.is_some()))
        dl.facts {
            div { dt { (ctx.say("DBの記号（SQLのスキーマ）", "Id (schema in SQL)")) } dd { code { (listing.id) } } }
            div { dt { (ctx.say("保有者", "Holder")) } dd { (ctx.lang.text(&listing.holder)) } }
            div { dt { (ctx.say("対象の期間", "Months covered")) } dd { (parts::period(ctx, listing.period)) } }
            div { dt { (ctx.say("データの版", "Data version")) } dd { @match version { Some(v) => (v), None => (ctx.say("まだ読み込まれていません", "nothing is loaded yet")) } } }
            div { dt { (ctx.say("検索のことば", "Keywords")) } dd { (listing.keywords.join(ctx.say("、", ", "))) } }
        }
        h2 { (ctx.say("利用の条件", "Conditions of use")) }
        ul.chips { @for (ja, en, duo) in CONDITIONS { li { (ctx.say(ja, en)) " (" (duo) ")" } } }
        h2 #rules { (ctx.say("公表基準（持ち出しの規則）", "Disclosure rules")) }
        @match pack(ctx, listing) {
            Some(pack) => {
                (rules(ctx, &if listing.tables.iter().any(|t| t.household.is_some()) { pack.thresholds() } else { pack.rules }))
                p.note { (ctx.say("規則の版：", "Version of the rules: ")) (pack.version) (ctx.say("。出典：", ". Sources: ")) span lang="en" { (pack.sources.join("; ")) } " " a href={ "/rules#pack-" (listing.rule_pack) } { (ctx.say("すべての規則と履歴", "All rules and their history")) } }
            },
            None => p { (ctx.say("規則を読み込めません。運用者に連絡してください。", "The rules cannot be read; tell the operators.")) },
        }
        h2 { (ctx.say("表と列", "Tables and columns")) }
        @for table in &listing.tables { (columns(ctx, listing, table)) }
    }
}

fn apply(ctx: &Ctx, listing: &Listing, loaded: bool) -> Markup {
    html! {
        div.actions {
            @if !loaded {
                p { (ctx.say("データが読み込まれるまで申請できません。", "Applications open once data is loaded.")) }
            } @else if ctx.holds(Role::Researcher) || !ctx.logged_in() {
                a.button href={ "/applications/new?listing=" (listing.id) } { (ctx.say("このデータの利用を申請する", "Apply for this data")) }
            }
            a href="/catalog" { (ctx.say("ほかのデータを探す", "Find other data")) }
        }
    }
}

/// The rules as sentences, with the numbers that the gate uses.
pub(super) fn rules(ctx: &Ctx, rules: &Rules) -> Markup {
    let Rules { people_min, facilities_min, households_min, round_to, dominance_percent } = rules;
    html! {
        ul {
            li { (ctx.say(
                &format!("{people_min}人未満の人数、および{people_min}人未満にもとづく値は表示されません（<k）。0人かどうかも分かりません。"),
                &format!("Nothing is shown that fewer than {people_min} people are behind (<k), not even whether there is anybody."),
            )) }
            li { (ctx.say(&format!("人数は{round_to}の倍数に丸められます。"), &format!("Counts of people are rounded to multiples of {round_to}."))) }
            @if *facilities_min > 0 {
                li { (ctx.say(
                    &format!("どの値の背後にも{facilities_min}以上の施設が必要です。"),
                    &format!("At least {facilities_min} facilities must stand behind every value."),
                )) }
            }
            @if *households_min > 0 {
                li { (ctx.say(
                    &format!("世帯の番号がある表では、どの値の背後にも{households_min}以上の世帯が必要です。"),
                    &format!("Of a table with a household key, at least {households_min} households must stand behind every value."),
                )) }
            }
            li { (ctx.say(
                &format!("合計と平均は、上位2人を除いた残りが最大の人の{dominance_percent}％に満たないとき表示されません。"),
                &format!("A sum or average is not shown where what the two largest leave is under {dominance_percent}% of the largest."),
            )) }
            li { (ctx.say(
                "これまでに持ち出された値と比べ、差から少人数が分かる値は、前と同じ値で示すか、表示しません。",
                "Where a new value and an earlier release differ by too few people, the earlier one is shown again, or none.",
            )) }
            li { (ctx.say("複数のDBを結合するときは、いちばん厳しい規則が使われます。", "Where databases are joined, the strictest rule holds.")) }
        }
    }
}

fn columns(ctx: &Ctx, listing: &Listing, table: &Table) -> Markup {
    html! {
        h3 id={ "table-" (table.name) } { (ctx.lang.text(&table.title)) " " code { (listing.id) "." (table.name) } }
        p {
            (ctx.say("個人の番号：", "Person key: ")) code { (table.person) }
            @if let Some(facility) = &table.facility { (ctx.say("　施設の番号：", " · facility key: ")) code { (facility) } }
            @if let Some(household) = &table.household { (ctx.say("　世帯の番号：", " · household key: ")) code { (household) } }
            @if let Some(month) = &table.month { (ctx.say("　期間で切る列：", " · cut by months of: ")) code { (month) } }
            (ctx.say("　", " · "))
            @if table.one_row_per_person { (ctx.say("1人1行", "one row per person")) } @else { (ctx.say("1人に複数の行", "several rows per person")) }
        }
        div.scroll tabindex="0" role="region" aria-label={ (ctx.say("列の一覧：", "Columns of ")) (table.name) } {
            table {
                caption { (table.columns.len()) (ctx.say(" 列", " columns")) }
                thead {
                    tr {
                        th scope="col" { (ctx.say("列", "Column")) }
                        th scope="col" { (ctx.say("日本語名", "Japanese")) }
                        th scope="col" { (ctx.say("英語名", "English")) }
                        th scope="col" { (ctx.say("型", "Type")) }
                        th scope="col" { (ctx.say("値域", "Domain")) }
                        th scope="col" { (ctx.say("単位", "Unit")) }
                        th scope="col" { (ctx.say("使いみち", "Use in SQL")) }
                    }
                }
                tbody {
                    @for column in &table.columns {
                        tr {
                            th scope="row" { code { (column.name) } }
                            td lang="ja" { (column.title.ja) }
                            td lang="en" { (column.title.en) }
                            td { (parts::kind(ctx.lang, column.kind)) }
                            td { (parts::domain(ctx.lang, column.domain.as_ref())) }
                            td { (column.measure.as_ref().map_or("", |m| m.unit.as_str())) }
                            td { (parts::uses(ctx.lang, column)) }
                        }
                    }
                }
            }
        }
    }
}
