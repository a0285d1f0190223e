//! 利用許可と持ち出しの公開台帳: what was permitted and what left, for everybody, without a login.
//!
//! Facts come from the fold of the record. People never appear: neither ids nor names, also not inside a purpose's text.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use serde::Deserialize;
use visiting_catalog::Listing;
use visiting_policies::terms::{PermitId, PersonId, Verdict};

use super::{lang::Lang, time};
use crate::{app::App, desk::View};

/// Permits on one page.
const PERMITS_SHOWN: usize = 20;

/// Releases shown under one permit; older ones are counted.
const RELEASES_SHOWN: usize = 20;

/// What is written where a person stood.
const BLACKED_OUT: &str = "■■■";

/// The search form.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Search {
    /// Database.
    #[serde(default)]
    pub(super) db: String,
    /// Words of the purpose.
    #[serde(default)]
    pub(super) q: String,
    /// From 0.
    #[serde(default)]
    pub(super) page: usize,
}

/// One permit as the public sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    id: String,
    /// Never shown: whose names the purpose may hold.
    people: BTreeSet<PersonId>,
    organisations: Vec<String>,
    databases: Vec<String>,
    /// Digest of the purpose, then its public text.
    purpose: String,
    months: (i64, i64),
    issued_ms: Option<u64>,
    until_ms: u64,
    status: Status,
    releases: Vec<Release>,
}

/// Where a permit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Active,
    Suspended,
    Closed,
    Expired,
}

/// One output that left.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Release {
    run: String,
    at_ms: u64,
    verdict: Verdict,
    files: usize,
    receipt: String,
    recalled: bool,
}

/// Every permit, newest first, with digests where the purposes belong.
pub(super) fn entries(view: &View, now_ms: u64) -> Vec<Entry> {
    let mut releases = releases(view);
    let mut permits: Vec<_> = view.cases.permits.values().collect();
    permits.sort_by_key(|case| std::cmp::Reverse(case.index));
    let entry = |case: &visiting_policies::case::PermitCase| {
        let permit = &case.permit;
        let content = view.cases.applications.get(&permit.application).map(|a| &a.content);
        let status = match &case.suspended {
            _ if case.closed.is_some() => Status::Closed,
            Some(_) => Status::Suspended,
            None if now_ms >= permit.until_ms => Status::Expired,
            None => Status::Active,
        };
        Entry {
            id: permit.id.to_string(),
            people: content.map(|c| c.team.clone()).unwrap_or_default(),
            organisations: content.map(|c| c.organisations.iter().map(ToString::to_string).collect()).unwrap_or_default(),
            databases: permit.scope.columns.keys().cloned().collect(),
            purpose: content.map(|c| c.purpose.clone()).unwrap_or_default(),
            months: (permit.scope.period.from, permit.scope.period.to),
            issued_ms: view.moments.get(permit.id.as_str()).copied(),
            until_ms: permit.until_ms,
            status,
            releases: releases.remove(&permit.id).unwrap_or_default(),
        }
    };
    permits.into_iter().map(entry).collect()
}

/// What left, by permit, newest first.
fn releases(view: &View) -> BTreeMap<PermitId, Vec<Release>> {
    let mut found: BTreeMap<PermitId, Vec<Release>> = BTreeMap::new();
    for (id, run) in &view.cases.runs {
        let (Some((report, _)), Some(receipt)) = (&run.judged, &run.released) else { continue };
        let at_ms = view.moments.get(id.as_str()).copied().unwrap_or(run.at_ms);
        let release = Release {
            run: id.to_string(),
            at_ms,
            verdict: report.verdict,
            files: report.files.len(),
            receipt: receipt.clone(),
            recalled: run.recalled.is_some(),
        };
        found.entry(run.permit.clone()).or_default().push(release);
    }
    found.values_mut().for_each(|list| list.sort_by_key(|r| std::cmp::Reverse(r.at_ms)));
    found
}

/// Puts the purposes in place of their digests, and keeps those that the search asks for.
pub(super) async fn searched(app: &App, entries: Vec<Entry>, search: &Search) -> Vec<Entry> {
    let known = app.people.everybody();
    let names: Vec<String> = known.values().cloned().collect();
    let words = search.q.trim().to_lowercase();
    let mut found = Vec::new();
    for mut entry in entries {
        if !search.db.is_empty() && !entry.databases.contains(&search.db) {
            continue;
        }
        let text = app.documents.text(&entry.purpose).await.unwrap_or_default();
        // Whose name is erased can no longer be found in the text: then none of it is shown.
        let erased = entry.people.iter().any(|person| !known.contains_key(person.as_str()));
        entry.purpose = if erased { BLACKED_OUT.to_owned() } else { without_people(&text, &names) };
        if words.is_empty() || entry.purpose.to_lowercase().contains(&words) {
            found.push(entry);
        }
    }
    found
}

/// The text without ids of people and without the names of people this system knows. Who writes a purpose is told to name nobody.
fn without_people(text: &str, names: &[String]) -> String {
    let mut text = text.to_owned();
    for name in names.iter().flat_map(|name| spellings(name)) {
        text = text.replace(&name, BLACKED_OUT);
    }
    let mut public = String::new();
    let mut rest = text.as_str();
    while let Some((before, id)) = rest.split_once(PersonId::PREFIX) {
        public.push_str(before);
        public.push_str(BLACKED_OUT);
        rest = id.trim_start_matches(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_');
    }
    public.push_str(rest);
    public
}

/// A name as it is kept, without what stands in brackets, without its space or with the other one, and each of its parts.
fn spellings(name: &str) -> Vec<String> {
    let bare = name.split(['(', '（']).next().unwrap_or_default().trim();
    let parts: Vec<&str> = bare.split_whitespace().collect();
    let whole = [name.trim().to_owned(), bare.to_owned(), parts.concat(), parts.join(" "), parts.join("\u{3000}")];
    whole.into_iter().chain(parts.iter().map(|part| (*part).to_owned())).filter(|s| s.chars().count() > 1).collect()
}

/// The page's content, below its heading.
pub(super) fn view(lang: Lang, catalog: &[Listing], search: &Search, found: &[Entry]) -> Markup {
    let shown = found.iter().skip(search.page.saturating_mul(PERMITS_SHOWN)).take(PERMITS_SHOWN);
    html! {
        p { (lang.say(
            "どの組織に、どのDBの利用が、なんのために許可され、なにが持ち出されたか。個人の名前や番号は載りません。",
            "Which organisations may use which databases, what for, and what has left. People are never named.",
        )) }
        (form(lang, catalog, search))
        p role="status" { (lang.say("許可の件数：", "Permits: ")) (found.len()) }
        @if found.is_empty() {
            p.empty {
                @if search.db.is_empty() && search.q.trim().is_empty() {
                    (lang.say("まだ許可はありません。", "No permit has been issued yet."))
                } @else {
                    (lang.say("当てはまる許可はありません。", "No permit fits.")) " " a href="/register" { (lang.say("すべて見る", "Show all")) }
                }
            }
        }
        @for entry in shown { (entry_view(lang, catalog, entry)) }
        (pages(lang, search, found.len()))
    }
}

fn form(lang: Lang, catalog: &[Listing], search: &Search) -> Markup {
    html! {
        form.filter method="get" action="/register" role="search" {
            div.field {
                label for="db" { (lang.say("DB", "Database")) }
                select #db name="db" {
                    option value="" { (lang.say("すべて", "all")) }
                    @for listing in catalog {
                        option value=(listing.id) selected[listing.id == search.db] { (lang.say(&listing.title.ja, &listing.title.en)) }
                    }
                }
            }
            div.field {
                label for="q" { (lang.say("目的のことば", "Words of the purpose")) }
                input #q name="q" type="search" value=(search.q);
            }
            div.actions { button type="submit" { (lang.say("探す", "Search")) } }
        }
    }
}

fn entry_view(lang: Lang, catalog: &[Listing], entry: &Entry) -> Markup {
    let (colour, label) = match entry.status {
        Status::Active => ("green", lang.say("有効", "in force")),
        Status::Suspended => ("red", lang.say("停止中", "suspended")),
        Status::Closed => ("", lang.say("終了（所管省庁による）", "closed by the ministry")),
        Status::Expired => ("", lang.say("終了", "ended")),
    };
    let title = |id: &String| catalog.iter().find(|l| l.id == *id).map_or(id.clone(), |l| lang.say(&l.title.ja, &l.title.en).to_owned());
    html! {
        article.entry aria-labelledby=(entry.id) {
            h2 id=(entry.id) { code { (entry.id) } " " span class={ "chip " (colour) } { (label) } }
            dl.facts {
                div { dt { (lang.say("目的", "Purpose")) } dd.purpose { bdi { (entry.purpose) } } }
                div { dt { (lang.say("組織", "Organisations")) } dd { (entry.organisations.join(", ")) } }
                div { dt { (lang.say("DB", "Databases")) } dd { (entry.databases.iter().map(title).collect::<Vec<_>>().join(lang.say("、", ", "))) } }
                div { dt { (lang.say("対象月", "Months")) } dd { (entry.months.0) "–" (entry.months.1) } }
                div {
                    dt { (lang.say("期間", "Period")) }
                    dd { @if let Some(issued) = entry.issued_ms { (time::view(issued)) } " – " (time::view(entry.until_ms)) }
                }
            }
            (releases_view(lang, entry))
        }
    }
}

fn releases_view(lang: Lang, entry: &Entry) -> Markup {
    html! {
        @if entry.releases.is_empty() {
            p.empty { (lang.say("持ち出しはまだありません。", "Nothing has left yet.")) }
        } @else {
            details {
                summary { (lang.say("持ち出し", "Releases")) ": " (entry.releases.len()) span.unseen { " – " (entry.id) } }
                div.scroll role="group" tabindex="0" aria-label={ (lang.say("持ち出し", "Releases")) " " (entry.id) } {
                    table {
                        thead { tr {
                            th scope="col" { (lang.say("日時", "When")) }
                            th scope="col" { (lang.say("解析", "Run")) }
                            th scope="col" { (lang.say("判定", "Verdict")) }
                            th.number scope="col" { (lang.say("ファイル数", "Files")) }
                            th scope="col" { (lang.say("証明書の要約値", "Digest of the receipt")) }
                        } }
                        tbody {
                            @for release in entry.releases.iter().take(RELEASES_SHOWN) {
                                tr {
                                    td { (time::view(release.at_ms)) }
                                    th scope="row" { code { (release.run) } }
                                    td { (verdict(lang, release.verdict)) @if release.recalled { " " span.chip.red { (lang.say("取消し", "recalled")) } } }
                                    td.number { (release.files) }
                                    td { code.digest { (release.receipt) } }
                                }
                            }
                        }
                    }
                }
                @if entry.releases.len() > RELEASES_SHOWN {
                    p.note { (lang.say("新しいものから", "The newest ")) (RELEASES_SHOWN) (lang.say("件を示しています。", " are shown.")) }
                }
            }
        }
    }
}

fn verdict(lang: Lang, verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Release => lang.say("そのまま", "as it was"),
        Verdict::Suppress => lang.say("一部を伏せて", "with masks"),
        Verdict::Hold => lang.say("保留", "held"),
        Verdict::Refuse => lang.say("不可", "refused"),
    }
}

fn pages(lang: Lang, search: &Search, total: usize) -> Markup {
    let link = |page: usize| {
        let query = serde_urlencoded::to_string([("db", &search.db), ("q", &search.q)]).unwrap_or_default();
        format!("/register?{query}&page={page}")
    };
    html! {
        @if total > PERMITS_SHOWN {
            nav.pages aria-label=(lang.say("許可の続き", "More permits")) {
                @if let Some(newer) = search.page.checked_sub(1) { a href=(link(newer)) { (lang.say("新しいほうへ", "Newer")) } }
                @if search.page.saturating_add(1).saturating_mul(PERMITS_SHOWN) < total { a href=(link(search.page.saturating_add(1))) { (lang.say("古いほうへ", "Older")) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(purpose: &str, releases: usize) -> Entry {
        let release = |n| Release {
            run: format!("run_{n}"),
            at_ms: 1,
            verdict: Verdict::Suppress,
            files: 2,
            receipt: "sha256:00".to_owned(),
            recalled: n == 1,
        };
        Entry {
            id: "prm_1".to_owned(),
            people: BTreeSet::new(),
            organisations: vec!["org_univ".to_owned()],
            databases: vec!["ndb".to_owned()],
            purpose: purpose.to_owned(),
            months: (202401, 202412),
            issued_ms: Some(1),
            until_ms: 2,
            status: Status::Active,
            releases: (0..releases).map(release).collect(),
        }
    }

    fn page(found: &[Entry], search: &Search) -> String {
        view(Lang::En, &visiting_catalog::load_with(None).unwrap(), search, found).into_string()
    }

    #[test]
    fn people_are_blacked_out_of_a_purpose() {
        let names = ["厚労 花子 (researcher)".to_owned()];
        let text = "厚労花子と per_taro-1 が、厚労 花子のために per_ を per_hanako、調べる";
        assert_eq!(without_people(text, &names), "■■■と ■■■ が、■■■のために ■■■ を ■■■、調べる");
    }

    #[test]
    fn an_empty_register_and_an_empty_search_say_so() {
        assert!(page(&[], &Search::default()).contains("No permit has been issued yet."));
        assert!(page(&[], &Search { db: "ndb".to_owned(), ..Search::default() }).contains("Show all"));
    }

    #[test]
    fn a_permit_shows_what_left_and_escapes_its_purpose() {
        let page = page(&[entry("<script>alert(1)</script>", RELEASES_SHOWN + 1)], &Search::default());
        assert!(!page.contains("<script>") && page.contains("The newest 20 are shown."), "{page}");
        assert_eq!(page.matches("<code>run_").count(), RELEASES_SHOWN);
    }

    #[test]
    fn many_permits_come_in_pages_that_keep_the_search() {
        let many: Vec<Entry> = (0..45).map(|_| entry("p", 0)).collect();
        let middle = page(&many, &Search { q: "a&b".to_owned(), page: 1, ..Search::default() });
        assert!(middle.contains("q=a%26b&amp;page=0") && middle.contains("q=a%26b&amp;page=2"), "{middle}");
        assert!(!page(&many, &Search { page: usize::MAX - 1, ..Search::default() }).contains("<article"));
    }
}
