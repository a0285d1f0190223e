//! アクセスログ for people: the newest events in words, filtered and paged without scripts; live and verified in the reader's own
//! browser with them (`log.js`, `verify.js`).

use maud::{Markup, html};
use visiting_policies::{
    record::Event,
    refusal::{Code, Refusal},
};

use super::{filter::Filter, lang::Lang, tell, time};
use crate::{app::App, desk::View};

/// Events on one page.
const ROWS: usize = 50;

/// Events read from the journal at once.
const PAGE: u64 = 1000;

/// Most events that one request searches: about a second of reading. The page offers to go on from there.
const SEARCHED_MAX: u64 = 20_000;

/// Most live events that are put into words at once.
pub(super) const LIVE_MAX: usize = 200;

/// One event with its exact leaf line.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) index: u64,
    pub(super) event: Event,
    pub(super) leaf: String,
}

/// What was found, newest first.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) rows: Vec<Row>,
    /// Where the next page begins; `None` at the beginning of the record.
    pub(super) next: Option<u64>,
}

/// Searches backwards from `before`, or from the end.
pub(super) async fn find(app: &App, filter: &Filter, before: Option<u64>) -> Result<Found, Refusal> {
    let size = app.desk.view().cases.size();
    let mut end = before.unwrap_or(size).min(size);
    let (mut rows, floor) = (Vec::new(), end.saturating_sub(SEARCHED_MAX));
    while end > floor && rows.len() < ROWS {
        let start = end.saturating_sub(PAGE).max(floor);
        let leaves = app.desk.leaves(start, end - start).await?;
        let view = app.desk.view();
        for (index, leaf) in (start..).zip(leaves).collect::<Vec<_>>().into_iter().rev() {
            end = index;
            if let Some(row) = row(&view, filter, index, leaf)? {
                rows.push(row);
            }
            if rows.len() == ROWS {
                break;
            }
        }
    }
    Ok(Found { rows, next: (end > 0).then_some(end) })
}

/// The event, when the filter lets it pass.
pub(super) fn row(view: &View, filter: &Filter, index: u64, leaf: String) -> Result<Option<Row>, Refusal> {
    let event = Event::from_bytes(leaf.as_bytes())?;
    Ok(filter.passes(&event, &view.cases).then_some(Row { index, event, leaf }))
}

/// Live events as the browser received them: index and leaf line, one pair a row.
pub(super) fn live(view: &View, filter: &Filter, leaves: Vec<(u64, String)>) -> Result<Vec<Row>, Refusal> {
    if leaves.len() > LIVE_MAX {
        return Err(Refusal::new(Code::TooLarge, format!("send {LIVE_MAX} events at most at once")));
    }
    let found = leaves.into_iter().map(|(index, leaf)| row(view, filter, index, leaf));
    Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// What the page shows.
#[derive(Debug)]
pub(super) struct LogPage<'a> {
    pub(super) filter: &'a Filter,
    pub(super) found: &'a Found,
    /// Set on later pages: the live rows belong on the first one.
    pub(super) before: Option<u64>,
    /// Number of events when the page was made.
    pub(super) size: u64,
    pub(super) vkey: &'a str,
}

/// The page's content, below its heading.
pub(super) fn view(lang: Lang, page: &LogPage<'_>) -> Markup {
    html! {
        p {
            (lang.say("すべての出来事が、変更できない順序でここに残ります。現在の件数：", "Everything that happened, in an order that cannot be changed. Events so far: "))
            strong { (page.size) }
            (lang.say("。このページを開いたことも記録されます。", ". Opening this page is an event, too."))
        }
        p { a href="/patterns" { (lang.say("利用の傾向（だれが何を問い合わせ、どう判定されたか）", "Patterns of use: who asked how much, and what came of it")) } }
        p {
            a href="/log/search" { (lang.say("検索", "Search")) } " / "
            a href="/log/sql" { (lang.say("SQLで問い合わせる", "Ask in SQL")) } " / "
            a href="/incidents" { (lang.say("事案", "Incidents")) }
        }
        (verify(lang, page.vkey))
        (form(lang, page.filter))
        section aria-labelledby="events" {
            h2 #events { (lang.say("出来事（新しい順）", "Events, newest first")) }
            @if page.before.is_none() { (live_bar(lang, page)) }
            (rows_table(lang, page))
            (pages(lang, page))
        }
    }
}

fn rows_table(lang: Lang, page: &LogPage<'_>) -> Markup {
    html! {
        div.scroll role="group" tabindex="0" aria-labelledby="events" {
            table.log {
                thead {
                    tr {
                        th scope="col" { (lang.say("番号", "No.")) }
                        th scope="col" { (lang.say("日時", "When")) }
                        th scope="col" { (lang.say("だれが", "Who")) }
                        th scope="col" { (lang.say("なにを", "What")) }
                    }
                }
                tbody #log-rows { (rows(lang, &page.found.rows)) }
            }
        }
        @if page.found.rows.is_empty() {
            p.empty #log-empty {
                (lang.say("ここまでに当てはまる出来事はありません。条件をゆるめるか、さらに古いほうを探してください。", "No event here fits. Loosen the filter or search further back."))
            }
        }
    }
}

/// Rows of the table; live rows are the same.
pub(super) fn rows(lang: Lang, rows: &[Row]) -> Markup {
    html! {
        @for row in rows {
            tr #{ "event-" (row.index) } data-index=(row.index) .refusal[tell::is_refusal(&row.event.act)] {
                th scope="row" { (row.index) }
                td { (time::view(row.event.at_ms)) }
                td { code { (tell::who(lang, &row.event.by)) } }
                td {
                    span.chip { (tell::kind(lang, &row.event.act.kind())) } " "
                    bdi { (tell::tell(lang, &row.event)) }
                    details {
                        summary { (lang.say("原文", "Exact line")) span.unseen { " " (row.index) } }
                        pre tabindex="0" { code { (row.leaf) } }
                    }
                }
            }
        }
    }
}

fn form(lang: Lang, filter: &Filter) -> Markup {
    let faults = filter.faults();
    let moment = |name: &'static str, label: &'static str, value: &str| {
        html! {
            div.field {
                label for=(name) { (label) }
                input id=(name) name=(name) type="datetime-local" value=(value) aria-invalid=[faults.contains(&name).then_some("true")]
                    aria-describedby=[faults.contains(&name).then_some("moment-fault")];
            }
        }
    };
    html! {
        form.filter method="get" action="/log" aria-label=(lang.say("絞り込み", "Filter")) {
            div.field {
                label for="kind" { (lang.say("種類", "Kind")) }
                select #kind name="kind" {
                    option value="" { (lang.say("すべて", "all")) }
                    @for (kind, ja, en) in tell::KINDS { option value=(kind) selected[filter.kind == *kind] { (lang.say(ja, en)) } }
                }
            }
            (text(lang.say("だれが（per_…、gateway、enclave、nobody）", "Who (per_…, gateway, enclave, nobody)"), "person", &filter.person))
            (text(lang.say("申請・許可・解析の番号", "Application, permit or run"), "case", &filter.case))
            div.field {
                label for="outcome" { (lang.say("結果", "Outcome")) }
                select #outcome name="outcome" {
                    @for (value, ja, en) in [("", "すべて", "all"), ("refused", "拒否されたもの", "refused"), ("accepted", "拒否以外", "not refused")] {
                        option value=(value) selected[filter.outcome == value] { (lang.say(ja, en)) }
                    }
                }
            }
            (moment("since", lang.say("ここから（日本時間）", "From (Japan time)"), &filter.since))
            (moment("until", lang.say("ここまで（日本時間）", "Until (Japan time)"), &filter.until))
            @if !faults.is_empty() {
                p #moment-fault role="alert" { (lang.say("日時は 2026-11-21T09:00 のように書いてください。", "Write a moment like 2026-11-21T09:00.")) }
            }
            div.actions {
                button type="submit" { (lang.say("絞り込む", "Filter")) }
                @if !filter.is_empty() { " " a href="/log" { (lang.say("条件を消す", "Clear")) } }
            }
        }
    }
}

fn text(label: &str, name: &str, value: &str) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            input id=(name) name=(name) type="text" value=(value) autocomplete="off" spellcheck="false";
        }
    }
}

/// State and switch of the live rows; without scripts it only offers to look again.
fn live_bar(lang: Lang, page: &LogPage<'_>) -> Markup {
    let words = serde_json::json!({
        "connecting": lang.say("接続しています", "connecting"),
        "live": lang.say("新しい出来事を受信しています", "receiving new events"),
        "paused": lang.say("止めています。待っている出来事：", "paused; events waiting: "),
        "lost": lang.say("接続が切れました。つなぎ直しています", "connection lost; reconnecting"),
        "off": lang.say("新しい出来事を受信できません。ページを読み直してください", "cannot receive new events; reload the page"),
        "pause": lang.say("止める", "Pause"),
        "resume": lang.say("再開する", "Resume"),
        "added": lang.say("件を追加しました", "events added"),
    });
    html! {
        div.live #live data-from=(page.size) data-filter=(page.filter.query()) data-words=(words) {
            p { a href={ "/log?" (page.filter.query()) } { (lang.say("最新の状態を見る", "Show the newest")) } }
            p role="status" #live-state {}
            button type="button" #live-switch hidden {}
        }
    }
}

fn pages(lang: Lang, page: &LogPage<'_>) -> Markup {
    html! {
        nav.pages aria-label=(lang.say("出来事の続き", "More events")) {
            @if page.before.is_some() { a href={ "/log?" (page.filter.query()) } { (lang.say("最新へ", "Newest")) } }
            @if let Some(next) = page.found.next {
                a href={ "/log?" (page.filter.query()) "&before=" (next) } { (lang.say("古いほうへ", "Older")) }
            }
        }
    }
}

/// The reader's own browser recomputes the tree; without scripts, the command that does it.
fn verify(lang: Lang, vkey: &str) -> Markup {
    let command = format!("visiting log target/copy && visiting audit verify --log target/copy --key {vkey} --roster roster.json");
    html! {
        section.verify aria-labelledby="verify" {
            h2 #verify { (lang.say("自分で検証する", "Verify it yourself")) }
            p { (lang.say(
                "すべての出来事からログの要約（RFC 6962）を計算し直し、署名と見比べます。計算はあなたの端末で行います。",
                "Recomputes the log's summary (RFC 6962) from every event and compares it with what was signed. The computing is done by your own machine.",
            )) }
            div.field {
                label for="vkey" { (lang.say("ログの検証鍵", "The log's verifier key")) }
                input #vkey type="text" value=(vkey) autocomplete="off" spellcheck="false" aria-describedby="vkey-help";
                p.note #vkey-help { (lang.say(
                    "ここにあるのはこのサーバーが示した鍵です。ログと同じ所から来た鍵ではほとんど証明になりません。別の経路で受け取った鍵を貼り付けてください。",
                    "This key was given by the same server, which proves little. Paste the key that you received another way.",
                )) }
            }
            button type="button" #verify-run hidden data-words=(verify_words(lang)) { (lang.say("検証する", "Verify")) }
            p role="status" #verify-result {}
            details {
                summary { (lang.say("コマンドで検証する（票の署名も確かめます）", "Verify by command (checks the votes' signatures, too)")) }
                pre data-copy="" tabindex="0" { code { (command) } }
            }
        }
    }
}

/// What `verify.js` says. `{n}` and `{m}` are numbers.
fn verify_words(lang: Lang) -> String {
    let words = [
        ("reading", "出来事を読んでいます：{n} / {m}", "Reading events: {n} of {m}"),
        (
            "sound",
            "正しいログです。{n}件すべてが署名された要約と一致しました。",
            "The log is sound: all {n} events give exactly the signed summary.",
        ),
        (
            "continues",
            "前回この端末で検証した{m}件から、書き換えも欠落もなく続いています。",
            "It continues the {m} events verified on this machine before; nothing was changed or lost.",
        ),
        (
            "first",
            "この端末では初めての検証です。次回は、今回の続きであることも確かめます。",
            "This is the first verification on this machine; the next one will also check that it continues this.",
        ),
        (
            "key",
            "検証鍵の形が正しくありません。name+hash+base64 の形で貼り付けてください。",
            "This is no verifier key; paste it as name+hash+base64.",
        ),
        (
            "signature",
            "署名がこの鍵のものではありません。鍵が違うか、ログが偽物です。",
            "The signature is not of this key: the key is another one, or the log is forged.",
        ),
        (
            "root",
            "要約が一致しません。出来事が書き換えられたか、失われています。",
            "The summary does not match: events were changed or lost.",
        ),
        (
            "shorter",
            "前回検証した{m}件より短くなっています。出来事が失われています。",
            "The log is shorter than the {m} events verified before: events were lost.",
        ),
        ("rewritten", "前回検証した{m}件の中が書き換えられています。", "The {m} events verified before were rewritten."),
        (
            "browser",
            "このブラウザーは Ed25519 の検証ができません。下のコマンドを使ってください。",
            "This browser cannot check Ed25519; use the command below.",
        ),
        (
            "failed",
            "ログを読めませんでした。ログインし直すか、もう一度試してください。",
            "The log could not be read; log in again or try again.",
        ),
    ];
    let words: serde_json::Map<String, serde_json::Value> =
        words.into_iter().map(|(key, ja, en)| (key.to_owned(), lang.say(ja, en).into())).collect();
    serde_json::Value::Object(words).to_string()
}

#[cfg(test)]
mod tests {
    use super::{super::tell::given, *};

    fn page(lang: Lang, filter: &Filter, before: Option<u64>) -> String {
        let row = |(index, act)| {
            let event = given::event(act);
            Row { index, leaf: String::from_utf8(event.to_bytes().unwrap()).unwrap(), event }
        };
        let found = Found { rows: (0..).zip(given::acts()).map(row).collect(), next: Some(7) };
        view(lang, &LogPage { filter, found: &found, before, size: 20, vkey: "log+1+k" }).into_string()
    }

    #[test]
    fn the_page_tells_every_event_and_escapes_it() {
        for lang in [Lang::Ja, Lang::En] {
            let page = page(lang, &Filter::default(), None);
            assert_eq!(page.matches("data-index=").count(), given::acts().len());
            assert!(page.contains("&lt;b&gt;why&lt;/b&gt;") && !page.contains("<b>"), "{page}");
            assert!(page.contains("before=7") && page.contains("id=\"live\"") && page.contains("audit verify"));
        }
    }

    #[test]
    fn the_form_keeps_what_was_asked_and_names_what_is_wrong() {
        let filter = Filter { kind: "viewed".to_owned(), person: "\"><script>".to_owned(), since: "soon".to_owned(), ..Filter::default() };
        let page = page(Lang::En, &filter, Some(9));
        assert!(
            page.contains("value=\"viewed\" selected") && page.contains("aria-invalid=\"true\"") && page.contains("role=\"alert\""),
            "{page}"
        );
        assert!(!page.contains("<script>") && !page.contains("id=\"live\""));
    }
}
