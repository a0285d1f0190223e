//! The committee's desk: the queue, the decision, and the ballot that a member signs with a key that stays with them.

use axum::{extract::Path, response::Response};
use maud::{Markup, html};
use visiting_policies::{
    case::ApplicationStatus,
    refusal::{Code, Refusal},
    terms::{ColumnName, Role},
    vote::{Ballot, Decision},
};

use super::{
    applications as pages,
    ctx::Ctx,
    errors,
    form::{Form, Sent, request_field},
    home,
    layout::{self, Frame},
    parts, words,
};
use crate::{
    app::name,
    routes::{
        applications::{self, SHOW},
        reviews::{self, BALLOT, CAST},
    },
    wire::{ApplicationView, NewVote},
};

const DECISIONS: [Decision; 3] = [Decision::Approve, Decision::Return, Decision::Reject];

/// What a member weighs: the question, and what it means here.
const CHECKLIST: &[(&str, &str, &str, &str)] = &[
    (
        "目的",
        "だれの役に立つかが具体的で、認められた目的か。",
        "Purpose",
        "Is the benefit concrete, and is this a purpose that the law allows?",
    ),
    (
        "必要性（列）",
        "どの列も目的に必要か。なくても済む列は、条件として除く。",
        "Necessity of columns",
        "Does the purpose need every column? Take out, as a condition, what it can do without.",
    ),
    (
        "必要性（期間）",
        "データの期間と利用の期限は、目的に対して長すぎないか。",
        "Necessity of time",
        "Are the months and the last day no longer than the purpose needs?",
    ),
    (
        "組み合わせ",
        "年齢・地域・施設・日付などを組み合わせると、一人に絞り込めないか。",
        "Combination",
        "Could age, place, facility and date together point at one person?",
    ),
    (
        "再構成",
        "多くの集計を重ねて、元の値を解けないか。表示できない問い合わせの回数には上限がある。",
        "Reconstruction",
        "Could many tables be solved for the values behind them? Questions that show nothing are limited.",
    ),
    (
        "差分",
        "2つの集計の差から少人数が分からないか。出口は、これまでの持ち出しすべてと比べる。",
        "Differencing",
        "Could two tables differ by a few people? The exit gate compares with all earlier releases.",
    ),
    (
        "外部の情報",
        "公開資料や自分の手持ちデータと突き合わせて分かることはないか。",
        "Outside knowledge",
        "What could be learned by matching with public tables or own data?",
    ),
    (
        "人と所属",
        "利用する人は適切か。所属や資金に利害の関係はないか。",
        "People",
        "Are these the right people? Any interest of their organisations or funders?",
    ),
];

/// How many output checkers the committee may ask for.
const CHECKERS: &[(u8, &str, &str)] = &[
    (0, "機械の出口審査だけで持ち出せる", "the exit gate alone lets it out"),
    (1, "出口審査担当者1人が確認する", "one output checker looks first"),
    (2, "所属の異なる出口審査担当者2人が確認する", "two output checkers of two organisations look first"),
];

/// `GET /reviews`.
pub(super) async fn queue(ctx: Ctx) -> Response {
    ctx.guard("GET /v1/applications", async {
        let person = ctx.person()?;
        if !ctx.holds(Role::Reception) && !ctx.holds(Role::CommitteeMember) {
            return Err(Refusal::new(Code::NotAllowed, "the review queue is for reception and the committee"));
        }
        let all = applications::list(&ctx.app, &person);
        let of = |status: &str| all.iter().filter(|a| a.status == status).map(|a| a.id.clone()).collect::<Vec<_>>();
        let body = html! {
            @if ctx.holds(Role::Reception) {
                h2 { (ctx.say("形式審査を待つ申請", "Waiting for reception")) }
                (waiting(&ctx, &of("submitted"), "/applications/", |_| html! {}))
            }
            @if ctx.holds(Role::CommitteeMember) {
                h2 { (ctx.say("委員会の投票を待つ申請", "Waiting for the committee")) }
                (waiting(&ctx, &of("under_review"), "/reviews/", |id| mine(&ctx, id)))
            }
        };
        Ok(layout::page(&ctx, ctx.say("審査", "Review"), body))
    })
    .await
}

fn waiting(ctx: &Ctx, ids: &[String], to: &str, more: impl Fn(&str) -> Markup) -> Markup {
    html! {
        @if ids.is_empty() { div.empty { p { (ctx.say("待っている申請はありません。", "Nothing is waiting.")) } } }
        ul.cards {
            @for id in ids {
                li.card {
                    h3 { a href={ (to) (id) } { (about(ctx, id)) } }
                    (more(id))
                    p.note { code { (id) } }
                }
            }
        }
    }
}

fn about(ctx: &Ctx, id: &str) -> String {
    let columns = id.parse().ok().and_then(|id| ctx.app.desk.view().cases.applications.get(&id).map(|a| a.content.scope.columns.clone()));
    columns.map(|c| parts::titles(ctx, &c)).unwrap_or_default()
}

/// How it stands between this member and the application.
fn mine(ctx: &Ctx, id: &str) -> Markup {
    let (Ok(person), Ok(id)) = (ctx.person(), id.parse()) else { return html! {} };
    let view = ctx.app.desk.view();
    let Some(case) = view.cases.applications.get(&id) else { return html! {} };
    html! {
        p {
            @if home::voted(&person, case) { span.chip.green { (ctx.say("投票済み", "you have voted")) } }
            @else if home::conflicted(&view.cases, &person, case) { span.chip.yellow { (ctx.say("利益相反（投票できません）", "conflict of interest")) } }
            @else { span.chip.blue { (ctx.say("あなたの投票を待っています", "waits for your vote")) } }
        }
    }
}

/// `GET /reviews/{id}`: everything, the checklist, and the decision.
pub(super) async fn decide(ctx: Ctx, Path(id): Path<String>) -> Response {
    ctx.guard(SHOW, async {
        let person = ctx.holding(Role::CommitteeMember)?;
        let view = applications::show(&ctx.app, &person, &id).await?;
        let title = format!("{}{}", ctx.say("審査：", "Review: "), parts::titles(&ctx, &view.columns));
        let body = html! {
            (parts::progress(&ctx, &view.status, pages::approvals(&view)))
            (standing(&ctx, &view))
            (pages::facts(&ctx, &view))
            h2 { (ctx.say("申請されたデータ", "Data applied for")) }
            (parts::columns(&ctx, &view.columns))
            (checklist(&ctx))
            @if may_vote(&ctx, &id) { (choice(&ctx, &view)) }
        };
        Ok(layout::below(&ctx, &[("/reviews", ctx.say("審査", "Review"))], &title, body))
    })
    .await
}

fn may_vote(ctx: &Ctx, id: &str) -> bool {
    let (Ok(person), Ok(id)) = (ctx.person(), id.parse()) else { return false };
    let view = ctx.app.desk.view();
    view.cases.applications.get(&id).is_some_and(|case| home::awaits_vote(&view.cases, &person, case))
}

/// Why there is nothing to vote on, where there is not.
fn standing(ctx: &Ctx, view: &ApplicationView) -> Markup {
    let open = view.status == name(ApplicationStatus::UnderReview);
    html! {
        @if !open {
            div.notice { p { (ctx.say("この申請はいま投票の段階ではありません：", "There is no voting on this application now: ")) (words::standing(ctx.lang, &view.status)) } }
        } @else if !may_vote(ctx, &view.id) {
            div.notice.warning { p { (mine(ctx, &view.id)) (ctx.say("この申請にあなたが投票することはできません。", "You cannot vote on this application.")) } }
        }
    }
}

fn checklist(ctx: &Ctx) -> Markup {
    html! {
        h2 { (ctx.say("確かめること", "What to weigh")) }
        dl.facts {
            @for (ja, what_ja, en, what_en) in CHECKLIST {
                div { dt { (ctx.say(ja, en)) } dd { (ctx.say(what_ja, what_en)) } }
            }
        }
    }
}

/// The decision and its conditions: a plain form, answered by the ballot.
fn choice(ctx: &Ctx, view: &ApplicationView) -> Markup {
    html! {
        h2 #decide { (ctx.say("あなたの決定", "Your decision")) }
        form method="get" action={ "/reviews/" (view.id) "/ballot" } {
            fieldset {
                legend { (ctx.say("決定", "Decision")) }
                @for decision in DECISIONS {
                    label.check { input type="radio" name="decision" value=(name(decision)) required; (words::decision(ctx.lang, decision)) }
                }
            }
            fieldset.box {
                legend { (ctx.say("条件：許可から除く列（承認するとき）", "Condition: columns to take out (when approving)")) }
                div.checks {
                    @for column in columns(view) {
                        label.check {
                            input type="checkbox" name="remove" value=(String::from(column.clone()));
                            span { (parts::column_title(ctx, &column.listing, &column.table, &column.column)) " " code { (String::from(column.clone())) } }
                        }
                    }
                }
            }
            fieldset.box {
                legend { (ctx.say("条件：出力を人が確認する（承認するとき）", "Condition: people look at each output (when approving)")) }
                @for (number, ja, en) in CHECKERS {
                    label.check { input type="radio" name="checkers" value=(number) checked[*number == 0]; (ctx.say(ja, en)) }
                }
            }
            button type="submit" { (ctx.say("票の文面を見る", "See the ballot")) }
        }
    }
}

fn columns(view: &ApplicationView) -> Vec<ColumnName> {
    let mut all = Vec::new();
    for (listing, tables) in &view.columns {
        for (table, columns) in tables {
            let name = |column: &String| ColumnName { listing: listing.clone(), table: table.clone(), column: column.clone() };
            all.extend(columns.iter().map(name));
        }
    }
    all
}

/// `GET /reviews/{id}/ballot?decision=…&remove=…`: the exact text, and two ways to sign it.
pub(super) async fn ballot(ctx: Ctx, Path(id): Path<String>) -> Response {
    ctx.guard(BALLOT, signing(&ctx, &id, &ctx.query(), None)).await
}

/// `POST /reviews/{id}/votes`: the signed vote.
pub(super) async fn vote(ctx: Ctx, Path(id): Path<String>, sent: Sent) -> Response {
    let form = sent.form();
    let work = async {
        let (person, form) = (ctx.person()?, form.as_ref().map_err(Clone::clone)?);
        let body = draft(form).and_then(|draft| {
            let names = draft.remove.split(',').filter(|n| !n.is_empty());
            let remove = names.map(|n| ColumnName::try_from(n.to_owned())).collect::<Result<_, _>>()?;
            Ok(NewVote { decision: draft.decision, remove, checkers: draft.checkers, signature: form.get("signature").to_owned() })
        });
        reviews::cast(&ctx.app, form.asked(person, body)?, &id).await
    };
    // A form that cannot be read has no ballot to show again.
    let again = async |refusal: Refusal| signing(&ctx, &id, form.as_ref().map_err(Clone::clone)?, Some(&refusal)).await;
    ctx.acted(CAST, work, &format!("/applications/{id}?voted=1"), (BALLOT, again)).await
}

/// What a form says about the ballot, in the API's words.
fn draft(form: &Form) -> Result<reviews::Draft, Refusal> {
    let unknown = |_| Refusal::new(Code::Malformed, "choose a decision: approve, reject or return");
    let decision = serde_json::from_value(serde_json::Value::from(form.get("decision"))).map_err(unknown)?;
    let checkers = form.get("checkers");
    let number = |_| Refusal::new(Code::Malformed, "choose 0, 1 or 2 output checkers");
    let checkers = if checkers.is_empty() { 0 } else { checkers.parse().map_err(number)? };
    Ok(reviews::Draft { decision, remove: form.all("remove").collect::<Vec<_>>().join(","), checkers })
}

async fn signing(ctx: &Ctx, id: &str, form: &Form, fault: Option<&Refusal>) -> Result<Response, Refusal> {
    let person = ctx.person()?;
    let ballot = reviews::draft(&ctx.app, person, id, draft(form))?;
    let body = html! {
        @if let Some(refusal) = fault { (errors::notice(ctx, refusal)) }
        p.lead { (ctx.say(
            "次の文面に、あなたの署名鍵で署名します。鍵はこのブラウザの中だけで使われ、送られません。",
            "You sign the following text with your own key. The key is used inside this browser only; it is never sent.",
        )) }
        p {
            (ctx.say("決定：", "Decision: ")) strong { (words::decision(ctx.lang, ballot.decision)) }
            @if !ballot.remove.is_empty() {
                (ctx.say("　除く列：", " · without: "))
                @for column in &ballot.remove { code { (String::from(column.clone())) } " " }
            }
            @if ballot.checkers > 0 {
                (ctx.say("　出力を確認する担当者：", " · output checkers: ")) strong { (ballot.checkers) }
            }
        }
        h2 #ballot { (ctx.say("票の文面", "The ballot")) }
        pre #ballot-text tabindex="0" role="region" aria-label=(ctx.say("票の文面", "The ballot")) { (ballot.text()) }
        (sign_form(ctx, &ballot, fault.map(|_| form)))
        (by_command(ctx, "ballot", &command(&ballot)))
        p { a href={ "/reviews/" (id) "#decide" } { (ctx.say("決定を変える", "Change the decision")) } }
    };
    let crumbs = vec![
        ("/reviews".to_owned(), ctx.say("審査", "Review").to_owned()),
        (format!("/reviews/{id}"), ctx.say("申請", "Application").to_owned()),
    ];
    Ok(layout::framed(ctx, ctx.say("票に署名する", "Sign the ballot"), Frame { crumbs, scripts: &["sign.js"], ..Frame::default() }, body))
}

fn sign_form(ctx: &Ctx, ballot: &Ballot, typed: Option<&Form>) -> Markup {
    let text = ballot.text();
    // The lines without the content, which the script computes itself from what the server shows of the application.
    let meant: Vec<&str> = text.lines().filter(|line| !line.starts_with("content: ")).collect();
    html! {
        form hidden method="post" action={ "/reviews/" (ballot.application) "/votes" } data-sign data-text="ballot-text"
            data-application=(ballot.application) data-content=(ballot.content) data-meant=(meant.join("\n"))
            data-working=(ctx.say("署名しています…", "Signing…"))
            data-fault-file=(ctx.say("署名鍵のファイルを選んでください。", "Choose the file of your signing key."))
            data-fault-key=(ctx.say("このファイルは署名鍵ではありません（16進数64字の .seed ファイルです）。", "This file is no signing key (a .seed file of 64 hexadecimal digits)."))
            data-fault-content=(ctx.say("票の文面が、表示された申請や決定と一致しません。署名していません。ページを開き直してください。", "The ballot does not say what this page shows. Nothing was signed; open the page again."))
            data-fault-fetch=(ctx.say("申請の内容を確かめられません。署名していません。もう一度試してください。", "The application could not be checked. Nothing was signed; try again."))
            data-fault-other=(ctx.say("このブラウザでは署名できません。下のコマンドで投票してください。", "This browser cannot sign. Vote by the command below.")) {
            (request_field(typed))
            input type="hidden" name="decision" value=(name(ballot.decision));
            @for column in &ballot.remove { input type="hidden" name="remove" value=(String::from(column.clone())); }
            @if ballot.checkers > 0 { input type="hidden" name="checkers" value=(ballot.checkers); }
            input type="hidden" name="signature" value="";
            (key_field(ctx, "ballot", ballot.member.as_str()))
            p role="status" {}
            button type="submit" { (ctx.say("署名して投票する", "Sign and vote")) }
        }
    }
}

/// Where the key is chosen, in the form under the heading `of`. The field has no name, so browsers never send it.
pub(super) fn key_field(ctx: &Ctx, of: &str, person: &str) -> Markup {
    html! {
        div.field {
            label for={ (of) "-key" } { (ctx.say("署名鍵", "Signing key")) }
            p.note id={ (of) "-key-help" } { (ctx.say("あなたの鍵ファイル：", "Your key file: ")) code { "client/keys/" (person) ".seed" } }
            input id={ (of) "-key" } type="file" aria-describedby={ (of) "-key-help" };
        }
    }
}

/// The way without a script, which works for everybody; under the heading `of`.
pub(super) fn by_command(ctx: &Ctx, of: &str, command: &str) -> Markup {
    html! {
        (without_script(ctx, (
            "このブラウザではJavaScriptが使えないため、ページの中では署名できません。次のコマンドを使ってください。",
            "Without JavaScript this page cannot sign. Use the following command.",
        )))
        h3 id={ (of) "-command" } { (ctx.say("コマンドで署名する", "Sign by command")) }
        p { (ctx.say("鍵のある計算機で、次のコマンドを実行しても同じことができます。", "The same can be done by this command, on the machine that holds your key.")) }
        pre tabindex="0" role="region" aria-labelledby={ (of) " " (of) "-command" } { code { (command) } }
    }
}

/// What a page cannot do without a script.
pub(super) fn without_script(ctx: &Ctx, (ja, en): (&'static str, &'static str)) -> Markup {
    html! { noscript { div.notice.warning { p { (ctx.say(ja, en)) } } } }
}

/// Commands to copy.
pub(super) fn commands(ctx: &Ctx, text: &str) -> Markup {
    html! { pre tabindex="0" role="region" aria-label=(ctx.say("コマンド", "Command")) { code { (text) } } }
}

fn command(ballot: &Ballot) -> String {
    let names: Vec<String> = ballot.remove.iter().cloned().map(String::from).collect();
    let remove = if names.is_empty() { String::new() } else { format!(" --remove {}", names.join(",")) };
    let checkers = if ballot.checkers == 0 { String::new() } else { format!(" --checkers {}", ballot.checkers) };
    format!("visiting login {0} && visiting vote {1} {2}{remove}{checkers}", ballot.member, ballot.application, name(ballot.decision))
}
