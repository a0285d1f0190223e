//! The output checkers' desk: the queue, and one held output. What there is to see is sealed to the checker; it is opened in the
//! browser (`hold.js`) or by the command line, with a key that stays where it is.

use axum::{extract::Path, response::Response};
use maud::{Markup, html};
use visiting_policies::{
    check::{Finding, REASON_MAX_CHARS},
    refusal::{Code, Refusal},
    terms::Role,
};

use super::{
    ctx::Ctx,
    errors,
    form::{Form, Sent, request_field},
    lang::Lang,
    layout::{self, Frame},
    reviews::{self, key_field},
    samples, time,
};
use crate::{
    remains,
    routes::{
        self,
        holds::{self, CAST, LIST, SHOW},
    },
    wire::{Checks, HoldSummary, HoldView, NewCheck},
};

/// `GET /holds`.
pub(super) async fn queue(ctx: Ctx) -> Response {
    ctx.guard(LIST, async {
        let holds = holds::list(&ctx.app, &ctx.person()?)?;
        let later = routes::samples::list(&ctx.app, &ctx.person()?)?;
        let body = html! {
            p.lead { (ctx.say(
                "機械だけでは持ち出せない出力です。証拠を開いて、持ち出してよいかを判定します。判定は全員がそろうまで、だれにも見えません。",
                "Outputs that the machine does not let out by itself. Open the evidence and say whether it may leave. Findings stay hidden until all are in.",
            )) }
            @if ctx.query().get("checked") == "1" { (done(&ctx)) }
            h2 { (ctx.say("確認を待つ出力", "Waiting for a checker")) }
            @if holds.is_empty() { div.empty { p { (ctx.say("待っている出力はありません。", "Nothing is waiting.")) } } }
            ul.cards { @for hold in &holds { (card(&ctx, hold)) } }
            (samples::queue(&ctx, &later))
        };
        Ok(layout::page(&ctx, ctx.say("出口審査", "Output checks"), body))
    })
    .await
}

fn done(ctx: &Ctx) -> Markup {
    html! { div.notice role="status" { p { (ctx.say("判定を預かりました。", "Your finding was taken.")) } } }
}

fn card(ctx: &Ctx, hold: &HoldSummary) -> Markup {
    let (colour, word) = match hold.standing.as_str() {
        "checked" => ("green", ctx.say("判定済み", "you have checked it")),
        "another" => ("yellow", ctx.say("別の所属の担当者を待っています", "waits for another organisation")),
        _ => ("blue", ctx.say("あなたの判定を待っています", "waits for you")),
    };
    html! {
        li.card {
            h3 { a href={ "/holds/" (hold.run) } { (hold.run) } }
            p { span class={ "chip " (colour) } { (word) } " " (time::view(hold.held_ms)) }
            p { (reasons(ctx.lang, &hold.reasons)) }
            p.note { (numbers(ctx.lang, hold.checks)) }
        }
    }
}

fn numbers(lang: Lang, checks: Checks) -> String {
    match lang {
        Lang::Ja => format!("担当者{}人、あと{}人", checks.needed, checks.missing),
        Lang::En => format!("{} checkers, {} missing", checks.needed, checks.missing),
    }
}

/// Why it is held, in words.
fn reasons(lang: Lang, reasons: &[String]) -> String {
    let known = |reason: &String| serde_json::from_value(serde_json::Value::from(reason.as_str())).ok().map(remains::reason);
    let word = |reason: &String| known(reason).map_or_else(|| reason.clone(), |(ja, en)| lang.say(ja, en).to_owned());
    reasons.iter().map(word).collect::<Vec<_>>().join(lang.say("、", ", "))
}

/// `GET /holds/{run}`: the sealed evidence, the way to open it, and the finding.
pub(super) async fn show(ctx: Ctx, Path(run): Path<String>) -> Response {
    ctx.guard(SHOW, page(&ctx, &run, None)).await
}

/// `POST /holds/{run}/checks`: the signed finding.
pub(super) async fn check(ctx: Ctx, Path(run): Path<String>, sent: Sent) -> Response {
    let form = sent.form();
    let work = async {
        let (person, form) = (ctx.person()?, form.as_ref().map_err(Clone::clone)?);
        holds::cast(&ctx.app, form.asked(person, signed(form))?, &run).await
    };
    let again = async |refusal: Refusal| page(&ctx, &run, Some((&refusal, form.as_ref().ok()))).await;
    ctx.acted(CAST, work, "/holds?checked=1", (SHOW, again)).await
}

fn signed(form: &Form) -> Result<NewCheck, Refusal> {
    let unknown = |_| Refusal::new(Code::Malformed, "choose a finding: release or refuse");
    let finding = serde_json::from_value(serde_json::Value::from(form.get("finding"))).map_err(unknown)?;
    let [reason, salt, signature] = ["reason", "salt", "signature"].map(|name| form.get(name).to_owned());
    Ok(NewCheck { finding, reason, salt, signature })
}

async fn page(ctx: &Ctx, run: &str, again: Option<(&Refusal, Option<&Form>)>) -> Result<Response, Refusal> {
    let person = ctx.holding(Role::Checker)?;
    let view = holds::show(&ctx.app, &person, run).await?;
    let public = ctx.app.desk.view().cases.roster().member(&person).ok().and_then(|m| m.seal_key.clone()).unwrap_or_default();
    let body = html! {
        @if let Some((refusal, _)) = again { (errors::notice(ctx, refusal)) }
        p { (reasons(ctx.lang, &view.hold.reasons)) " · " (numbers(ctx.lang, view.hold.checks)) " · " (time::view(view.hold.held_ms)) }
        h2 { (ctx.say("利用目的", "Purpose")) }
        p { (view.purpose) }
        p.note { (ctx.say("利用申請：", "Application: ")) code { (view.hold.application) } }
        (evidence(ctx, &view, person.as_str(), &public))
        @if view.hold.standing == "open" { (finding(ctx, &view, person.as_str(), again.and_then(|(_, form)| form))) }
        @else { div.notice { p { (ctx.say("あなたが判定することはもうありません。", "There is nothing more for you to say on this output.")) } } }
        (commands(ctx, &view, person.as_str()))
    };
    let crumbs = vec![("/holds".to_owned(), ctx.say("出口審査", "Output checks").to_owned())];
    let title = format!("{}{}", ctx.say("保留中の出力：", "Held output: "), view.hold.run);
    Ok(layout::framed(ctx, &title, Frame { crumbs, scripts: &["hold.js"], ..Frame::default() }, body))
}

/// What is sealed to this checker, opened here when their key file is chosen. The field has no name: browsers never send it.
fn evidence(ctx: &Ctx, view: &HoldView, person: &str, public: &str) -> Markup {
    html! {
        h2 { (ctx.say("証拠を開く", "Open the evidence")) }
        p { (ctx.say(
            "あなたの鍵だけで開けるように、閉域環境の中で封がされています。このサーバーも中身を読めません。鍵はこのブラウザの中だけで使われます。",
            "It was sealed inside the enclave for your key alone; this server cannot read it. Your key is used inside this browser only.",
        )) }
        form hidden #open data-run=(view.hold.run) data-sealed=(view.sealed) data-person=(person) data-public=(public)
            data-working=(ctx.say("開いています…", "Opening…"))
            data-opened=(ctx.say("開きました。", "Opened."))
            data-fault-file=(ctx.say("開封鍵のファイルを選んでください。", "Choose the file of your opening key."))
            data-fault-key=(ctx.say("このファイルは開封鍵ではありません（16進数64字の .seal ファイルです）。", "This file is no opening key (a .seal file of 64 hexadecimal digits)."))
            data-fault-content=(ctx.say("封がこの出力のものではないか、途中で変えられています。", "This is not the seal of this output, or it was changed on its way."))
            data-fault-fetch=(ctx.say("証拠を受け取れません。もう一度試してください。", "The evidence could not be fetched; try again."))
            data-fault-other=(ctx.say("このブラウザか、この鍵では開けません。下のコマンドを使ってください。", "This browser, or this key, does not open it. Use the command below.")) {
            div.field {
                label for="seal" { (ctx.say("開封鍵", "Opening key")) }
                p.note #seal-help { (ctx.say("あなたの鍵ファイル：", "Your key file: ")) code { "client/keys/" (person) ".seal" } }
                input #seal type="file" aria-describedby="seal-help";
            }
            p role="status" {}
            button type="submit" { (ctx.say("開く", "Open")) }
        }
        section #evidence hidden aria-label=(ctx.say("証拠", "Evidence")) {
            h3 { "SQL" }
            pre #evidence-sql tabindex="0" role="region" aria-label="SQL" {}
            h3 { (ctx.say("この許可の出力が同じ人を数えた回数（区分）", "How often the permit's releases count somebody, in bands")) }
            p #evidence-exposure {}
            h3 { (ctx.say("持ち出される表", "The table that would leave")) }
            pre #evidence-table tabindex="0" role="region" aria-label=(ctx.say("持ち出される表", "The table that would leave")) {}
            h3 { (ctx.say("行ごとの人数と、近い既公表値の数（どちらも区分）", "People of each row, and earlier releases about nearly the same people, in bands")) }
            table {
                thead { tr {
                    th scope="col" { (ctx.say("問", "Question")) } th scope="col" { (ctx.say("集団", "Group")) }
                    th scope="col" { (ctx.say("人数", "People")) } th scope="col" { (ctx.say("近い既公表値", "Near releases")) }
                } }
                tbody #evidence-rows {}
            }
        }
    }
}

fn finding(ctx: &Ctx, view: &HoldView, person: &str, typed: Option<&Form>) -> Markup {
    let findings =
        [(Finding::Release, "release", "持ち出してよい", "may leave"), (Finding::Refuse, "refuse", "持ち出し不可", "may not leave")];
    html! {
        h2 { (ctx.say("あなたの判定", "Your finding")) }
        form hidden #check method="post" action={ "/holds/" (view.hold.run) "/checks" }
            data-run=(view.hold.run) data-sealed=(view.sealed) data-person=(person)
            data-working=(ctx.say("署名しています…", "Signing…"))
            data-fault-file=(ctx.say("署名鍵のファイルを選んでください。", "Choose the file of your signing key."))
            data-fault-key=(ctx.say("このファイルは署名鍵ではありません（16進数64字の .seed ファイルです）。", "This file is no signing key (a .seed file of 64 hexadecimal digits)."))
            data-fault-other=(ctx.say("このブラウザでは署名できません。下のコマンドを使ってください。", "This browser cannot sign. Use the command below.")) {
            (request_field(typed))
            fieldset {
                legend { (ctx.say("判定", "Finding")) }
                @for (_, value, ja, en) in findings {
                    label.check { input type="radio" name="finding" value=(value) required; (ctx.say(ja, en)) }
                }
            }
            div.field {
                label for="reason" { (ctx.say("理由（1行）", "Reason, one line")) }
                p.note #reason-help { (ctx.say("全員の判定がそろったあと、アクセスログに載ります。表の値は書かないでください。", "It enters the access log once all findings are in. Write no value of the table.")) }
                input #reason type="text" name="reason" required maxlength=(REASON_MAX_CHARS) aria-describedby="reason-help";
            }
            input type="hidden" name="salt" value="";
            input type="hidden" name="signature" value="";
            (key_field(ctx, "check", person))
            p role="status" {}
            button type="submit" { (ctx.say("署名して判定する", "Sign the finding")) }
        }
    }
}

/// The way without a script, which works for everybody.
fn commands(ctx: &Ctx, view: &HoldView, person: &str) -> Markup {
    let run = &view.hold.run;
    let command = format!("visiting login {person}\nvisiting hold open {run}\nvisiting hold check {run} release --reason \"…\"");
    html! {
        (reviews::without_script(ctx, (
            "このブラウザではJavaScriptが使えないため、ページの中では開けません。次のコマンドを使ってください。",
            "Without JavaScript this page cannot open it. Use the following commands.",
        )))
        h2 { (ctx.say("コマンドで開く・判定する", "By command")) }
        (reviews::commands(ctx, &command))
    }
}
