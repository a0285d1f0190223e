//! The home page: what this is, and what waits for you.

use axum::response::Response;
use maud::{Markup, html};
use visiting_policies::{
    case::{Application, ApplicationStatus, Cases, RunCase},
    refusal::Refusal,
    terms::{PersonId, Role, RunId},
};

use super::{ctx::Ctx, layout};

/// `GET /`.
pub(super) async fn show(ctx: Ctx) -> Response {
    ctx.guard("GET /", async {
        let waiting = match ctx.person() {
            Ok(person) => Some(waiting(&ctx, &person).await?),
            Err(_) => None,
        };
        let body = html! {
            p.lead { (ctx.say(
                "Visitingは、医療等データを外に出さずに研究に使うための環境です。研究者がデータのところへ来て、審査を通った集計だけが外に出ます。",
                "Visiting lets researchers work with health data that never leaves. Researchers come to the data, and only checked results go out.",
            )) }
            @if let Some(waiting) = waiting { (waiting) }
            (three_steps(&ctx))
        };
        Ok(layout::page(&ctx, ctx.say("医療等データの二次利用", "Secondary use of health data"), body))
    })
    .await
}

fn three_steps(ctx: &Ctx) -> Markup {
    let steps = [
        (
            ctx.say("1. 探して申請する", "1. Find and apply"),
            ctx.say("複数のDBの表と列を、1つの申請で選びます。", "Choose tables and columns of several databases in one application."),
            "/catalog",
            ctx.say("データを探す", "Find data"),
        ),
        (
            ctx.say("2. 審査を受ける", "2. Be reviewed"),
            ctx.say(
                "窓口が形式を、委員会が目的と必要性とリスクを確かめ、委員が自分の鍵で署名して投票します。",
                "Reception checks completeness; the committee weighs purpose, need and risk and votes, each member with an own key.",
            ),
            "/register",
            ctx.say("出された許可を見る", "See the permits issued"),
        ),
        (
            ctx.say("3. 解析して持ち出す", "3. Analyse and take out"),
            ctx.say(
                "閉じた環境でSQLを実行します。出口で公表基準を確かめ、通った表に証明書が付きます。",
                "Run SQL in a closed environment. The exit gate checks every value, and what passes comes with a signed receipt.",
            ),
            "/permits",
            ctx.say("利用許可を見る", "See your permits"),
        ),
    ];
    html! {
        h2 { (ctx.say("3つの手順", "Three steps")) }
        ol.cards { @for (title, text, to, words) in steps { li.card { h3 { (title) } p { (text) } p { a href=(to) { (words) } } } } }
    }
}

/// What waits for this person, role by role.
async fn waiting(ctx: &Ctx, person: &PersonId) -> Result<Markup, Refusal> {
    let drafts = ctx.app.drafts.list(person).await?.len();
    let view = ctx.app.desk.view();
    let cases = &view.cases;
    let mut cards = Vec::new();
    if ctx.holds(Role::Researcher) {
        let mine = cases.applications.values().filter(|a| a.content.team.contains(person)).count();
        let permits = cases.permits.values().filter(|p| p.permit.people.contains(person)).count();
        cards.push((ctx.say("申請の下書き", "Drafts"), drafts, "/applications", ctx.say("続きを書く", "Go on writing")));
        cards.push((ctx.say("自分の申請", "My applications"), mine, "/applications", ctx.say("申請を見る", "See applications")));
        cards.push((ctx.say("自分の利用許可", "My permits"), permits, "/permits", ctx.say("許可を見る", "See permits")));
    }
    if ctx.holds(Role::Reception) {
        let count = cases.applications.values().filter(|a| a.status == ApplicationStatus::Submitted).count();
        cards.push((ctx.say("形式審査を待つ申請", "Wait for completeness"), count, "/reviews", ctx.say("形式審査へ", "Check them")));
    }
    if ctx.holds(Role::CommitteeMember) {
        let count = cases.applications.values().filter(|a| awaits_vote(cases, person, a)).count();
        cards.push((ctx.say("あなたの投票を待つ申請", "Wait for your vote"), count, "/reviews", ctx.say("審査へ", "Review them")));
    }
    if ctx.holds(Role::Ministry) {
        let count = cases.permits.values().filter(|p| p.suspended.is_none() && p.closed.is_none()).count();
        cards.push((
            ctx.say("停止も終了もされていない許可", "Permits neither suspended nor closed"),
            count,
            "/permits",
            ctx.say("許可を見る", "See permits"),
        ));
    }
    if ctx.holds(Role::Ministry) {
        let count = cases.runs.values().filter(|run| run.objection().is_some() && run.recalled.is_none()).count();
        cards.push((
            ctx.say("取消しが求められている持ち出し", "Recalls asked for"),
            count,
            "/releases",
            ctx.say("持ち出しを見る", "See releases"),
        ));
    }
    if ctx.holds(Role::Checker) {
        let open =
            |(id, run): &(&RunId, &RunCase)| run.hold.as_ref().is_some_and(|hold| hold.opened.is_none()) && cases.held(id, person).is_ok();
        let later = cases.runs.keys().filter(|run| cases.may_look(run, person).is_ok()).count();
        let count = cases.runs.iter().filter(open).count() + later;
        cards.push((ctx.say("確認を待つ出力", "Outputs to be checked"), count, "/holds", ctx.say("出口審査へ", "Check them")));
    }
    if ctx.holds(Role::Auditor) || ctx.holds(Role::Ministry) {
        let count = cases.incidents.values().filter(|incident| incident.closed.is_none()).count();
        cards.push((ctx.say("対応中の事案", "Open incidents"), count, "/incidents", ctx.say("事案を見る", "See incidents")));
    }
    if ctx.holds(Role::Auditor) {
        let count = usize::try_from(cases.size()).unwrap_or(usize::MAX);
        cards.push((ctx.say("記録された出来事", "Recorded events"), count, "/log", ctx.say("ログを読む", "Read the log")));
    }
    let destroy: Vec<&RunId> =
        cases.runs.iter().filter(|(_, run)| run.recalled.is_some() && run.fetched.contains(person)).map(|(id, _)| id).collect();
    Ok(html! {
        @if !destroy.is_empty() {
            div.notice.error {
                h2 { (ctx.say("受け取った持ち出しが取り消されました", "Releases that you have fetched were recalled")) }
                p { (ctx.say("これ以上使わず、すべての写しを廃棄してください。理由は解析のページにあります。", "Use them no more and destroy every copy. The run's page gives the reason.")) }
                ul { @for run in destroy { li { a href={ "/runs/" (run) } { code { (run) } } } } }
            }
        }
        h2 { (ctx.say("あなたを待っているもの", "What waits for you")) }
        @if cards.is_empty() {
            div.empty { p { (ctx.say("あなたの役割で待っているものはありません。データのカタログと公開台帳を見られます。", "Nothing waits for your role. You can read the catalogue and the public register.")) } }
        }
        ul.cards {
            @for (title, count, to, words) in cards {
                li.card { h3 { (title) } p.lead { strong { (count) } (ctx.say(" 件", "")) } p { a href=(to) { (words) } } }
            }
        }
    })
}

/// True when the member could vote and has not: conflicts are known beforehand.
pub(super) fn awaits_vote(cases: &Cases, person: &PersonId, case: &Application) -> bool {
    case.status == ApplicationStatus::UnderReview && !conflicted(cases, person, case) && !voted(person, case)
}

/// True when the law would refuse this member's vote for who they are.
pub(super) fn conflicted(cases: &Cases, person: &PersonId, case: &Application) -> bool {
    let same_house = cases.roster().member(person).is_ok_and(|m| case.content.organisations.contains(&m.organisation));
    case.content.team.contains(person) || same_house
}

/// True when this member's vote is there.
pub(super) fn voted(person: &PersonId, case: &Application) -> bool {
    case.votes.iter().any(|v| v.ballot.member == *person)
}
