//! 経過: the timeline of a case or a person, drawn on the server. The table below the picture says the same.

use axum::{extract::Path, response::Response};
use maud::{Markup, html};
use visiting_policies::{
    refusal::{Code, Refusal},
    terms::{PersonId, Role},
};

use super::{
    audit::{crumbs, doors, who},
    chart::{fitted, round},
    ctx::Ctx,
    errors,
    lang::Lang,
    layout::{self, Frame},
    tell, time,
};
use crate::{
    routes::audit::{self, TIMELINE},
    wire::{Timeline, TimelineStep},
};

/// Steps of one picture: more cannot be told apart.
const DRAWN: usize = 40;

/// The picture's measures, in units of its view box: a narrow screen's width.
const WIDTH: f64 = 360.0;
const LABELS: f64 = 130.0;
const SPANS: f64 = 96.0;
const ROW: f64 = 18.0;

/// `GET /log/timeline/{id}`. Looking is an event, as over the API.
pub(super) async fn show(ctx: Ctx, Path(id): Path<String>) -> Response {
    let work = async {
        let person = ctx.holding(Role::Auditor)?;
        let after = Some(ctx.query().get("after").to_owned()).filter(|after| !after.is_empty());
        let after = after.map(|after| after.parse()).transpose();
        let after = after.map_err(|_| Refusal::new(Code::Malformed, "`after` is the index of an event"))?;
        audit::timeline(&ctx.app, person, &id, after).await
    };
    match ctx.attempt(TIMELINE, work).await {
        Err(page) => page,
        Ok(Ok(course)) => {
            let title = format!("{}{}", ctx.say("経過：", "Course of "), course.id);
            layout::framed(&ctx, &title, Frame { crumbs: crumbs(&ctx), ..Frame::default() }, view(&ctx, &course))
        }
        Ok(Err(refusal)) => errors::refused(&ctx, &refusal),
    }
}

fn view(ctx: &Ctx, course: &Timeline) -> Markup {
    let case = !course.id.starts_with(PersonId::PREFIX);
    html! {
        (doors(ctx))
        p.lead {
            (ctx.say("はじめから終わりまで：", "From first to last: ")) strong { (span(ctx.lang, course.total_ms)) }
            (ctx.say("。このページを開いたことも記録されます。", ". Opening this page is an event, too."))
        }
        @if case {
            p { a href={ "/v1/log/case/" (course.id) } { (ctx.say("この案件の記録一式（証明付き、オフラインで検証できる）を取得する", "Take the case file: the leaves with their proofs, verifiable offline")) } }
        }
        @if course.steps.is_empty() { div.empty { p { (ctx.say("まだ何も起きていません。", "Nothing has happened yet.")) } } }
        @else { (picture(ctx.lang, course)) (steps(ctx, course)) }
        nav.pages aria-label=(ctx.say("経過の続き", "More steps")) {
            @if let Some(next) = course.next { a href={ "/log/timeline/" (course.id) "?after=" (next) } { (ctx.say("次へ", "Next")) } }
        }
    }
}

/// A bar from each step to the next: how long it took.
fn picture(lang: Lang, course: &Timeline) -> Markup {
    let drawn = course.steps.iter().take(DRAWN);
    let (first, last) =
        (course.steps.first().map_or(0, |step| step.event.at_ms), course.steps.iter().take(DRAWN).next_back().map_or(0, |s| s.event.at_ms));
    let total = last.saturating_sub(first).max(1) as f64;
    let room = WIDTH - LABELS - SPANS - 8.0;
    let at = |ms: u64| round(LABELS + 4.0 + ms.saturating_sub(first) as f64 / total * room);
    let height = ROW * drawn.len() as f64 + 8.0;
    let longest = course.steps.iter().take(DRAWN).max_by_key(|step| step.since_previous_ms.unwrap_or(0));
    let described = longest.map(|step| described(lang, course, step)).unwrap_or_default();
    html! {
        figure.chart {
            figcaption { (lang.say("それぞれの段階にかかった時間", "How long each step took")) }
            svg viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-labelledby="course-title course-desc" focusable="false" {
                title #course-title { (lang.say("経過", "Course")) " " (course.id) }
                desc #course-desc { (described) }
                @for (row, step) in course.steps.iter().take(DRAWN).enumerate() {
                    @let event = &step.event;
                    @let y = ROW * row as f64 + 4.0;
                    @let end = at(event.at_ms);
                    @let start = at(event.at_ms - step.since_previous_ms.unwrap_or(0).min(event.at_ms.saturating_sub(first)));
                    @let name = tell::kind(lang, &event.action);
                    g {
                        title { (event.index) " " (name) ": " (since(lang, step)) }
                        text.tick x=(LABELS) y=(y + 12.0) text-anchor="end" unicode-bidi="isolate" { (fitted(name, LABELS - 4.0)) }
                        rect class=(if event.code.is_some() { "bar series-5" } else { "bar series-0" }) x=(start) y=(y + 2.0) width=(round((end - start).max(2.0))) height=(ROW - 6.0) {}
                        text.value x=(round(end.max(start + 2.0) + 4.0)) y=(y + 12.0) { (fitted(&since(lang, step), SPANS)) }
                    }
                }
                line.axis x1=(LABELS + 4.0) y1="0" x2=(LABELS + 4.0) y2=(height) {}
            }
            @if course.steps.len() > DRAWN {
                p.note { (lang.say("図にはここまで（表には全部あります）：", "Steps in the picture (the table has them all): ")) (DRAWN) }
            }
        }
    }
}

fn described(lang: Lang, course: &Timeline, longest: &TimelineStep) -> String {
    let (count, name) = (course.steps.len(), tell::kind(lang, &longest.event.action));
    let (took, total) = (since(lang, longest), span(lang, course.total_ms));
    match lang {
        Lang::Ja => format!("{count}段階、全体で{total}。最も長いのは「{name}」までの{took}。同じ内容が表にあります。"),
        Lang::En => format!("{count} steps in {total}. The longest wait was {took}, before {name}. The table says the same."),
    }
}

fn steps(ctx: &Ctx, course: &Timeline) -> Markup {
    html! {
        h2 #steps { (ctx.say("段階", "Steps")) }
        div.scroll role="group" tabindex="0" aria-labelledby="steps" {
            table {
                thead { tr {
                    th scope="col" { (ctx.say("番号", "No.")) }
                    th scope="col" { (ctx.say("日時", "When")) }
                    th scope="col" { (ctx.say("だれが", "Who")) }
                    th scope="col" { (ctx.say("なにを", "What")) }
                    th scope="col" { (ctx.say("結果", "Outcome")) }
                    th.number scope="col" { (ctx.say("前の段階から", "Since the step before")) }
                } }
                tbody { @for step in &course.steps {
                    @let event = &step.event;
                    tr.refusal[event.code.is_some()] {
                        th scope="row" { a href={ "/log?before=" (event.index + 1) "#event-" (event.index) } { (event.index) } }
                        td { (time::view(event.at_ms)) }
                        td { (who(event.person.as_deref(), &event.actor)) }
                        td { (tell::kind(ctx.lang, &event.action)) @if let Some(route) = &event.route { " " code { (route) } } }
                        td { code { (event.came()) } }
                        td.number { (since(ctx.lang, step)) }
                    }
                } }
            }
        }
    }
}

fn since(lang: Lang, step: &TimelineStep) -> String {
    step.since_previous_ms.map_or_else(|| lang.say("はじめ", "first").to_owned(), |ms| span(lang, ms))
}

/// A length of time in its two largest units.
fn span(lang: Lang, ms: u64) -> String {
    let units = [(86_400_000, "日", "d"), (3_600_000, "時間", "h"), (60_000, "分", "min"), (1000, "秒", "s"), (1, "ミリ秒", "ms")];
    let mut rest = ms;
    let mut parts = Vec::new();
    for (length, ja, en) in units {
        let count = rest / length;
        rest %= length;
        if count > 0 {
            parts.push(if lang == Lang::Ja { format!("{count}{ja}") } else { format!("{count} {en}") });
        }
    }
    parts.truncate(2);
    if parts.is_empty() { lang.say("0秒", "0 s").to_owned() } else { parts.join(lang.say("", " ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::EventSummary;

    fn step(index: u64, at_ms: u64, since: Option<u64>) -> TimelineStep {
        let event = EventSummary {
            index,
            at_ms,
            at: String::new(),
            actor: "person".into(),
            person: Some("per_hanako".into()),
            action: "<b>run</b>".into(),
            outcome: "ok".into(),
            code: None,
            route: None,
        };
        TimelineStep { event, since_previous_ms: since }
    }

    fn course(steps: Vec<TimelineStep>) -> Timeline {
        let total = steps.last().map_or(0, |s| s.event.at_ms) - steps.first().map_or(0, |s| s.event.at_ms);
        Timeline { id: "run_1".into(), about: "run".into(), steps, total_ms: total, next: None }
    }

    #[test]
    fn lengths_are_told_in_two_units() {
        for (ms, ja, en) in [
            (0, "0秒", "0 s"),
            (7, "7ミリ秒", "7 ms"),
            (61_500, "1分1秒", "1 min 1 s"),
            (90_000_000, "1日1時間", "1 d 1 h"),
            (86_400_000, "1日", "1 d"),
        ] {
            assert_eq!((span(Lang::Ja, ms).as_str(), span(Lang::En, ms).as_str()), (ja, en));
        }
    }

    #[test]
    fn bars_stay_inside_the_picture_and_words_are_escaped() {
        let later = course(vec![step(5, 1000, Some(900)), step(6, 1000, Some(0)), step(9, 61_000, Some(60_000))]);
        let many = course((0..200).map(|n| step(n, n * 1000, (n > 0).then_some(1000))).collect());
        for course in [later, many, course(vec![step(0, u64::MAX, None)])] {
            let page = picture(Lang::En, &course).into_string();
            assert!(page.contains("&lt;b&gt;run") && !page.contains("<b>") && !page.contains("NaN"), "{page}");
            assert_eq!(page.matches("<rect").count(), course.steps.len().min(DRAWN));
            let bars = page.split("<rect ").skip(1).map(|rest| {
                let of = |name: &str| rest.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap().parse::<f64>().unwrap();
                (of(" x"), of("width"))
            });
            assert!(bars.into_iter().all(|(x, width)| x >= LABELS && x + width <= WIDTH - SPANS), "{page}");
        }
    }
}
