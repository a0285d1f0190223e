//! 公表基準: the packs in force with their rules, sources and history; for those who may change them, what is proposed.

use axum::response::Response;
use maud::{Markup, html};
use visiting_policies::rules::{ColumnRole, RulePack};

use super::{ctx::Ctx, layout, parts};
use crate::{
    routes::rules,
    wire::{PackVersion, PackView, ProposalView},
};

/// `GET /rules`. Public; no event.
pub(super) async fn show(ctx: Ctx) -> Response {
    let person = ctx.person().ok();
    let all = rules::list(&ctx.app, person.as_ref());
    let body = html! {
        p.lead { (ctx.say(
            "閉域環境から出る集計は、すべてここにある規則で判定されます。複数のDBを結合するときは、いちばん厳しい規則が使われます。",
            "Everything that leaves is judged by these rules. Where databases are joined, the strictest rule of each kind holds.",
        )) }
        p { (ctx.say(
            "規則の改定には、審査委員または所管省庁の二人の署名と理由が必要で、すべて記録に残ります。",
            "A change takes a reason and the signatures of two people of the committee or the ministry, and stands in the record.",
        )) }
        (proposals(&ctx, &all.proposals))
        @for pack in &all.packs { (section(&ctx, pack)) }
    };
    layout::page(&ctx, ctx.say("公表基準", "Publication rules"), body)
}

fn section(ctx: &Ctx, pack: &PackView) -> Markup {
    let (Some(now), earlier) = (pack.versions.last(), pack.versions.len().saturating_sub(1)) else { return html! {} };
    let used: Vec<_> = ctx.app.catalog.iter().filter(|l| l.rule_pack == pack.pack).collect();
    let heading = format!("pack-{}", pack.pack);
    html! {
        section aria-labelledby=(heading) {
            h2 id=(heading) { code { (pack.pack) } " " (ctx.say("第", "version ")) (now.version) (ctx.say("版", "")) }
            @if !used.is_empty() {
                p { (ctx.say("このDBに使われます：", "Holds for: ")) @for listing in &used { a href={ "/catalog/" (listing.id) } { (ctx.lang.text(&listing.title)) } " " } }
            }
            @match RulePack::read(&now.text) {
                Ok(read) => (sentences(ctx, &read)),
                Err(_) => p { (ctx.say("規則を読み込めません。運用者に連絡してください。", "The rules cannot be read; tell the operators.")) },
            }
            h3 { (ctx.say("出典", "Sources")) }
            ul lang="en" { @for source in &now.sources { li { (source) } } }
            h3 { (ctx.say("履歴", "History")) }
            ol { @for version in &pack.versions { li { (line(ctx, version)) } } }
            details {
                summary { (ctx.say("ファイルの全文", "The whole file")) " (" code { (pack.pack) } ")" }
                pre tabindex="0" role="region" aria-label={ (ctx.say("規則のファイル：", "File of ")) (pack.pack) } { (now.text) }
            }
            @if earlier > 0 { p.note { (ctx.say("以前の版の全文は記録にあります。", "Earlier versions stand in the record in full.")) } }
        }
    }
}

fn line(ctx: &Ctx, version: &PackVersion) -> Markup {
    html! {
        strong { (version.version) } " "
        @match (&version.reason, version.index) {
            (Some(reason), Some(index)) => {
                (ctx.say("記録の事象 ", "event ")) (index) (ctx.say(" で施行。理由：", " put it in force. Reason: ")) (reason)
            },
            _ => (ctx.say("サービスの開始時から", "since the service began")),
        }
        p.note { code { (version.digest) } }
    }
}

/// A pack in sentences, each rule with its source.
fn sentences(ctx: &Ctx, pack: &RulePack) -> Markup {
    html! {
        (super::catalog::rules(ctx, &pack.rules))
        ul {
            @if let Some(ladder) = &pack.municipalities {
                @for step in &ladder.steps {
                    li {
                        @match step.people_min {
                            None => (ctx.say(
                                &format!("人口{}人未満の市区町村は、人数を一切示しません。", step.under),
                                &format!("Of municipalities with fewer than {} people no number is shown.", step.under),
                            )),
                            Some(k) => (ctx.say(
                                &format!("人口{}人未満の市区町村は、{k}人未満を示しません。", step.under),
                                &format!("Of municipalities with fewer than {} people nothing under {k} is shown.", step.under),
                            )),
                        }
                    }
                }
                (cited(ctx, &ladder.source))
            }
            @for crossing in &pack.crossings {
                li {
                    (ctx.say("次を掛け合わせた集計はできません：", "These are never crossed: "))
                    (crossing.roles.iter().map(|r| role(ctx, *r)).collect::<Vec<_>>().join(" × "))
                }
                (cited(ctx, &crossing.source))
            }
            @for band in &pack.bands {
                li {
                    (role(ctx, band.role)) (ctx.say("は幅", " is shown in bands of ")) (band.width) (ctx.say("の区分で示します", ""))
                    @if let Some(low) = band.low { (ctx.say("。下端をまとめる値：", "; one band up to ")) (low) }
                    @if let Some(high) = band.high { (ctx.say("。上端をまとめる値：", "; one band from ")) (high) }
                    (ctx.say("。", "."))
                }
                (cited(ctx, &band.source))
            }
            @if let Some(drugs) = &pack.drugs {
                li { (ctx.say(
                    &format!("薬剤は、患者が{}人未満なら示しません。患者数の分からない表（ここにはありません）では、内服・外用{}未満、注射{}未満を示しません。", drugs.patients_min, drugs.oral_topical_min, drugs.injection_min),
                    &format!("Drugs of fewer than {} patients are not shown. In tables without patients (there are none here) oral and topical drugs under {} and injections under {} are not.", drugs.patients_min, drugs.oral_topical_min, drugs.injection_min),
                )) }
                (cited(ctx, &drugs.source))
            }
            @if let Some(households) = &pack.households {
                li { (ctx.say(
                    &format!("世帯の番号がある表では、{}世帯未満にもとづく値を示しません。", households.min),
                    &format!("Of tables with a household key nothing is shown that fewer than {} households are behind.", households.min),
                )) }
                (cited(ctx, &households.source))
            }
        }
    }
}

fn cited(ctx: &Ctx, source: &str) -> Markup {
    html! { li.note { (ctx.say("出典：", "Source: ")) span lang="en" { (source) } } }
}

fn role(ctx: &Ctx, role: ColumnRole) -> &'static str {
    match role {
        ColumnRole::Municipality => ctx.lang.say("市区町村", "municipality"),
        ColumnRole::Insurer => ctx.lang.say("保険者", "insurer"),
        ColumnRole::Drug => ctx.lang.say("医薬品", "drug"),
        ColumnRole::Age => ctx.lang.say("年齢（歳）", "age (years)"),
        ColumnRole::BirthMonth => ctx.lang.say("生年月", "month of birth"),
        ColumnRole::BirthWeight => ctx.lang.say("出生体重（g）", "birth weight (g)"),
        ColumnRole::DeathHour => ctx.lang.say("死亡の時刻（時）", "hour of death"),
    }
}

/// What waits for a second person, and what became of the rest.
fn proposals(ctx: &Ctx, all: &[ProposalView]) -> Markup {
    html! {
        @if !all.is_empty() {
            section aria-labelledby="proposals" {
                h2 #proposals { (ctx.say("改定案", "Proposed changes")) }
                ul.cards {
                    @for one in all {
                        li.card {
                            h3 { code { (one.pack) } " " (one.version) " " (status(ctx, &one.status)) }
                            p { (ctx.say("理由：", "Reason: ")) (one.reason) }
                            p { (ctx.say("提案：", "Proposed by ")) (parts::who(ctx, &one.by)) @if let Some(by) = &one.adopted_by { (ctx.say("　採用：", ", adopted by ")) (parts::who(ctx, by)) } }
                            p.note { code { (one.id) } }
                            details {
                                summary { (ctx.say("提案されたファイル", "The proposed file")) " (" code { (one.id) } ")" }
                                pre tabindex="0" role="region" aria-label={ (ctx.say("提案されたファイル：", "Proposed file ")) (one.id) } { (one.text) }
                            }
                        }
                    }
                }
                @if let Some(open) = all.iter().find(|p| p.status == "open") {
                    p { (ctx.say("採用する人は、鍵のある計算機で次のコマンドを使います。", "Whoever adopts uses this command, on the machine that holds their key.")) }
                    pre tabindex="0" role="region" aria-label=(ctx.say("コマンド", "Command")) { code { "visiting rules adopt " (open.id) } }
                }
            }
        }
    }
}

fn status(ctx: &Ctx, status: &str) -> &'static str {
    match status {
        "open" => ctx.lang.say("（二人目を待っています）", "(waits for a second person)"),
        "adopted" => ctx.lang.say("（採用）", "(adopted)"),
        _ => ctx.lang.say("（別の改定が先に施行）", "(overtaken by another change)"),
    }
}
