//! 事後確認: releases of the machine that were drawn, on the output checkers' desk. The table is shown as it left.

use axum::{extract::Path, response::Response};
use maud::{Markup, html};
use visiting_policies::{
    check::REASON_MAX_CHARS,
    disclosure::limits::SAMPLED_ONE_IN,
    refusal::{Code, Refusal},
    sample::{Look, Opinion},
    terms::{PersonId, Role},
};

use super::{
    ctx::Ctx,
    errors,
    form::{Form, Sent},
    lang::Lang,
    layout::{self, Frame},
    reviews,
    signing::{self, Signing},
    table::{self, Table},
    time,
};
use crate::{
    routes::samples::{self, LOOK, SHOW},
    wire::{NewLook, SampleSummary, SampleView},
};

/// The queue, below that of held outputs.
pub(super) fn queue(ctx: &Ctx, all: &[SampleSummary]) -> Markup {
    let share = match ctx.lang {
        Lang::Ja => format!(
            "機械だけで持ち出した出力のおよそ{SAMPLED_ONE_IN}件に1件が、判定の署名によって選ばれます。持ち出しは済んでいます。問題があれば、取消しを所管省庁に求めます。"
        ),
        Lang::En => format!(
            "About one in {SAMPLED_ONE_IN} outputs that the machine released alone is drawn, by the verdict's signature. It has left already; where it should not have, ask the ministry for its recall."
        ),
    };
    html! {
        h2 { (ctx.say("あとから確認する出力", "To be looked at afterwards")) }
        p.note { (share) }
        @if all.is_empty() { div.empty { p { (ctx.say("待っている出力はありません。", "Nothing is waiting.")) } } }
        ul.cards { @for sample in all {
            li.card {
                h3 { a href={ "/samples/" (sample.run) } { (sample.run) } }
                p { span.chip.blue { (ctx.say("事後確認", "after the fact")) } " " (time::view(sample.released_ms)) }
            }
        } }
    }
}

/// `GET /samples/{run}`: what left, and the opinion.
pub(super) async fn show(ctx: Ctx, Path(run): Path<String>) -> Response {
    ctx.guard(SHOW, page(&ctx, &run, None)).await
}

/// `POST /samples/{run}/look`: the signed opinion.
pub(super) async fn look(ctx: Ctx, Path(run): Path<String>, sent: Sent) -> Response {
    let form = sent.form();
    let work = async {
        let (person, form) = (ctx.person()?, form.as_ref().map_err(Clone::clone)?);
        samples::look(&ctx.app, form.asked(person, signed(form))?, &run).await
    };
    let again = async |refusal: Refusal| page(&ctx, &run, Some((&refusal, form.as_ref().ok()))).await;
    ctx.acted(LOOK, work, "/holds?checked=1", (SHOW, again)).await
}

fn signed(form: &Form) -> Result<NewLook, Refusal> {
    let unknown = |_| Refusal::new(Code::Malformed, "choose an opinion: fine or recall");
    let opinion = serde_json::from_value(serde_json::Value::from(form.get("opinion"))).map_err(unknown)?;
    let [reason, signature] = ["reason", "signature"].map(|name| form.get(name).to_owned());
    Ok(NewLook { opinion, reason, signature })
}

async fn page(ctx: &Ctx, run: &str, again: Option<(&Refusal, Option<&Form>)>) -> Result<Response, Refusal> {
    let person = ctx.holding(Role::Checker)?;
    let view = samples::show(&ctx.app, &person, run).await?;
    let released = Table::read(view.table.as_bytes(), &view.sql)?;
    let body = html! {
        @if let Some((refusal, _)) = again { (errors::notice(ctx, refusal)) }
        p { (ctx.say("持ち出し：", "Released: ")) (time::view(view.sample.released_ms)) }
        h2 { (ctx.say("利用目的", "Purpose")) }
        p { (view.purpose) }
        p.note { (ctx.say("利用申請：", "Application: ")) code { (view.sample.application) } }
        h2 { "SQL" }
        pre tabindex="0" role="region" aria-label="SQL" { (view.sql) }
        h2 { (ctx.say("持ち出された表", "The table that left")) }
        (table::view(ctx.lang, &released, |_| None))
        (opinion(ctx, &view, &person, again.and_then(|(_, form)| form))?)
    };
    let crumbs = vec![("/holds".to_owned(), ctx.say("出口審査", "Output checks").to_owned())];
    let title = format!("{}{}", ctx.say("事後確認：", "Look at a release: "), view.sample.run);
    Ok(layout::framed(ctx, &title, Frame { crumbs, scripts: &["sign.js"], ..Frame::default() }, body))
}

fn opinion(ctx: &Ctx, view: &SampleView, person: &PersonId, typed: Option<&Form>) -> Result<Markup, Refusal> {
    let run = &view.sample.run;
    let look = |reason: &str| -> Result<String, Refusal> {
        let (run, receipt, reason) = (run.parse()?, view.receipt.clone(), reason.to_owned());
        Ok(Look { run, receipt, by: person.clone(), opinion: Opinion::Fine, reason }.text())
    };
    let opinions = [("fine", "問題なし", "fine"), ("recall", "取消しを求める", "ask for its recall")];
    let fields = html! {
        fieldset {
            legend { (ctx.say("意見", "Opinion")) }
            @for (value, ja, en) in opinions { label.check { input type="radio" name="opinion" value=(value) required; (ctx.say(ja, en)) } }
        }
        div.field {
            label for="reason" { (ctx.say("理由（1行）", "Reason, one line")) }
            p.note #reason-help { (ctx.say("アクセスログに載ります。表の値は書かないでください。", "It enters the access log. Write no value of the table.")) }
            input #reason type="text" name="reason" required maxlength=(REASON_MAX_CHARS) aria-describedby="reason-help";
        }
    };
    Ok(html! {
        h2 #look { (ctx.say("あなたの意見", "Your opinion")) }
        (signing::form(ctx, &Signing {
            of: "look",
            to: format!("/samples/{run}/look"),
            text: (look(typed.map_or("", |form| form.get("reason")))?, look("{reason}")?),
            person: person.as_str(),
            typed,
            fields,
            button: html! { button type="submit" { (ctx.say("署名して送る", "Sign and send")) } },
        }))
        (reviews::by_command(ctx, "look", &format!("visiting login {person} && visiting sample look {run} fine --reason \"{}\"", ctx.say("理由", "REASON"))))
    })
}
