//! What a permit's SQL can name, beside the editor: tables, columns, values, and examples that run under exactly this permit.
//!
//! Everything here comes from [`visiting_catalog::plan`] over the permit's scope, as the enclave's own schema does: what the
//! permit does not name is not in it.

use maud::{Markup, html};
use serde_json::{Value, json};
use visiting_catalog::{Column, Domain, TablePlan};

use super::lang::Lang;
use crate::wire::{Codes, CodesColumn};

/// Most values of one column that the completion offers; beyond that a list helps nobody.
const VALUES_MAX: usize = 1000;

/// Most values shown on the page without opening the list.
const VALUES_SHOWN: usize = 12;

/// Most groups of an example: its table should fit one screen.
const GROUPS_MAX: i64 = 60;

/// Words of the language, in the order of a query.
const KEYWORDS: &[&str] = &[
    "SELECT",
    "COUNT(DISTINCT ",
    "COUNT(*)",
    "SUM(",
    "AVG(",
    "AS",
    "FROM",
    "JOIN",
    "ON",
    "USING",
    "WHERE",
    "AND",
    "OR",
    "NOT",
    "IN (",
    "BETWEEN",
    "LIKE",
    "GROUP BY",
];

/// A query that runs under the permit, with what it asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Example {
    pub(super) ja: String,
    pub(super) en: String,
    pub(super) sql: String,
}

/// Everything the editor completes from: a block of JSON that the browser never runs.
pub(super) fn words(lang: Lang, plans: &[TablePlan<'_>], guests: &[String], codes: &Codes) -> Value {
    let column = |c: &Column| {
        let values: Vec<String> = match &c.domain {
            Some(Domain::Codes(codes)) => codes.iter().take(VALUES_MAX).cloned().collect(),
            _ => Vec::new(),
        };
        json!({ "name": c.name, "title": lang.say(&c.title.ja, &c.title.en), "values": values })
    };
    let list = |name: &String, title: &str, columns: &[CodesColumn]| {
        let columns: Vec<Value> = columns.iter().map(|c| json!({ "name": c.name, "title": c.kind, "values": [] })).collect();
        json!({ "name": format!("codes.{name}"), "title": title, "columns": columns })
    };
    let lists = codes.codes.iter().map(|l| list(&l.name, lang.say("コード表", "code list"), &l.columns));
    let lists = lists.chain(codes.public.iter().map(|l| list(&l.name, lang.say(&l.title_ja, &l.title), &l.columns)));
    let tables: Vec<Value> = plans
        .iter()
        .map(|plan| {
            let columns: Vec<Value> = plan.columns.iter().map(|c| column(c)).collect();
            let title = lang.say(&plan.table.title.ja, &plan.table.title.en);
            json!({ "name": full_name(plan), "title": title, "person": plan.table.person, "columns": columns })
        })
        .chain(lists)
        .collect();
    json!({ "tables": tables, "keywords": KEYWORDS, "guests": guests })
}

/// `listing.table`, which is never ambiguous.
fn full_name(plan: &TablePlan<'_>) -> String {
    format!("{}.{}", plan.listing.id, plan.table.name)
}

/// The permit's tables and columns. Names become buttons where there is JavaScript (`data-insert`).
pub(super) fn panel(lang: Lang, plans: &[TablePlan<'_>]) -> Markup {
    html! {
        @for plan in plans {
            section.schema-table {
                h3 { code data-insert=(full_name(plan)) { (full_name(plan)) } }
                p.note {
                    (lang.say(&plan.listing.title.ja, &plan.listing.title.en)) " – " (lang.say(&plan.table.title.ja, &plan.table.title.en))
                    @if plan.table.one_row_per_person { " – " (lang.say("1人1行", "one row per person")) }
                }
                dl {
                    dt { code data-insert=(plan.table.person) { (plan.table.person) } }
                    dd { (lang.say("個人のキー。結合と COUNT(DISTINCT …) にだけ使えます。", "The person key: only to join on and to count with COUNT(DISTINCT …).")) }
                    @for column in &plan.columns { (column_view(lang, column)) }
                }
            }
        }
    }
}

fn column_view(lang: Lang, column: &Column) -> Markup {
    html! {
        dt { code data-insert=(column.name) { (column.name) } }
        dd {
            (lang.say(&column.title.ja, &column.title.en))
            @match &column.domain {
                Some(Domain::Codes(codes)) if codes.len() > VALUES_SHOWN => {
                    details { summary { (lang.say("コード", "codes")) ": " (codes.len()) } p { (codes_view(codes)) } }
                }
                Some(domain) => { " – " (domain_view(domain)) }
                None => {}
            }
            @if let Some(measure) = &column.measure {
                " – " (lang.say("SUM・AVG に使えます", "for SUM and AVG")) " (" (measure.unit) ")"
            }
        }
    }
}

fn domain_view(domain: &Domain) -> Markup {
    html! {
        @match domain {
            Domain::Range([lo, hi]) => { code { (lo) } "–" code { (hi) } }
            Domain::Months([from, to]) => { code { (from) } "–" code { (to) } " (yyyymm)" }
            Domain::Pattern(form) => { code { (form) } }
            Domain::Codes(codes) => (codes_view(codes)),
        }
    }
}

fn codes_view(codes: &[String]) -> Markup {
    html! { @for (index, code) in codes.iter().enumerate() { @if index > 0 { ", " } code { (code) } } }
}

/// The title of an output column, where its name is a column of the permit.
pub(super) fn title(lang: Lang, plans: &[TablePlan<'_>], name: &str) -> Option<String> {
    let column = plans.iter().flat_map(|p| &p.columns).find(|c| c.name == name);
    column.map(|c| lang.say(&c.title.ja, &c.title.en).to_owned())
}

/// Up to four queries that run under this permit: count, cross two databases, summarise, filter.
pub(super) fn examples(plans: &[TablePlan<'_>]) -> Vec<Example> {
    [count(plans), cross(plans), summarise(plans), filter(plans)].into_iter().flatten().collect()
}

/// A column to group by: with few values, so that groups are large.
fn key<'a>(plan: &TablePlan<'a>) -> Option<&'a Column> {
    let few = |c: &&Column| c.domain.as_ref().is_some_and(|d| (2..=GROUPS_MAX).contains(&values(d)));
    let width = |c: &&Column| c.domain.as_ref().map_or(i64::MAX, values);
    plan.columns.iter().copied().filter(few).min_by_key(width)
}

/// Number of values.
fn values(domain: &Domain) -> i64 {
    let months = |m: i64| m / 100 * 12 + m % 100;
    match domain {
        Domain::Range([lo, hi]) => hi.saturating_sub(*lo).saturating_add(1),
        Domain::Months([from, to]) => months(*to) - months(*from) + 1,
        Domain::Codes(codes) => i64::try_from(codes.len()).unwrap_or(i64::MAX),
        Domain::Pattern(form) => visiting_catalog::Pattern::parse(form).map_or(i64::MAX, |form| form.size()),
    }
}

/// Tables with a key, those with one row per person first: their counts are the largest.
fn grouped<'a, 'b>(plans: &'b [TablePlan<'a>]) -> Vec<(&'b TablePlan<'a>, &'a Column)> {
    let mut found: Vec<_> = plans.iter().filter_map(|p| key(p).map(|c| (p, c))).collect();
    found.sort_by_key(|(p, _)| !p.table.one_row_per_person);
    found
}

fn count(plans: &[TablePlan<'_>]) -> Option<Example> {
    let (plan, key) = grouped(plans).into_iter().next()?;
    let (table, person, name) = (full_name(plan), &plan.table.person, &key.name);
    Some(Example {
        ja: format!("人数を「{}」別に", key.title.ja),
        en: format!("People by {}", key.title.en),
        sql: format!("SELECT a.{name}, COUNT(DISTINCT a.{person}) AS people\nFROM {table} a\nGROUP BY a.{name}"),
    })
}

fn cross(plans: &[TablePlan<'_>]) -> Option<Example> {
    let found = grouped(plans);
    let (first, one) = found.first()?;
    let other = |(p, c): &&(&TablePlan<'_>, &Column)| p.listing.id != first.listing.id && c.name != one.name;
    let (second, two) = found.iter().find(other)?;
    let (left, right) = (full_name(first), full_name(second));
    let (one_name, two_name) = (&one.name, &two.name);
    let join = format!("JOIN {right} b ON b.{} = a.{}", second.table.person, first.table.person);
    Some(Example {
        ja: format!("2つのDBを個人でつなぎ、「{}」×「{}」別に", one.title.ja, two.title.ja),
        en: format!("Two databases joined on the person: {} by {}", one.title.en, two.title.en),
        sql: format!(
            "SELECT a.{one_name}, b.{two_name}, COUNT(DISTINCT a.{}) AS people\nFROM {left} a\n{join}\nGROUP BY a.{one_name}, b.{two_name}",
            first.table.person
        ),
    })
}

/// A measure by a key: of its own table, or of another one that is joined.
fn summarise(plans: &[TablePlan<'_>]) -> Option<Example> {
    let (plan, measure) = plans.iter().find_map(|p| p.columns.iter().find(|c| c.measure.is_some()).map(|c| (p, c)))?;
    let (by, key) = grouped(plans).into_iter().next()?;
    let (table, person, name) = (full_name(plan), &plan.table.person, &measure.name);
    let same = full_name(by) == table;
    let from =
        if same { format!("{table} a") } else { format!("{} a\nJOIN {table} b ON b.{person} = a.{}", full_name(by), by.table.person) };
    let (alias, key_name) = (if same { "a" } else { "b" }, &key.name);
    Some(Example {
        ja: format!("「{}」の平均を「{}」別に", measure.title.ja, key.title.ja),
        en: format!("Average of {} by {}", measure.title.en, key.title.en),
        sql: format!(
            "SELECT a.{key_name}, COUNT(DISTINCT a.{}) AS people, AVG({alias}.{name}) AS average\nFROM {from}\nGROUP BY a.{key_name}",
            by.table.person
        ),
    })
}

/// One value of a column with many: a condition.
fn filter(plans: &[TablePlan<'_>]) -> Option<Example> {
    let coded = |c: &&&Column| matches!(&c.domain, Some(Domain::Codes(codes)) if codes.len() > 2);
    let (plan, column) = plans.iter().find_map(|p| p.columns.iter().find(coded).map(|c| (p, *c)))?;
    let Some(Domain::Codes(codes)) = &column.domain else { return None };
    let listed = codes.iter().take(3).map(|c| format!("'{}'", c.replace('\'', "''"))).collect::<Vec<_>>().join(", ");
    let (table, person, name) = (full_name(plan), &plan.table.person, &column.name);
    Some(Example {
        ja: format!("「{}」の一部だけの人数", column.title.ja),
        en: format!("People with some values of {}", column.title.en),
        sql: format!(
            "SELECT a.{name}, COUNT(DISTINCT a.{person}) AS people\nFROM {table} a\nWHERE a.{name} IN ({listed})\nGROUP BY a.{name}"
        ),
    })
}

/// What the language is, in words.
pub(super) fn rules(lang: Lang) -> Markup {
    let rules = [
        (
            "SELECT を1つだけ書きます（WITH と副問合せを含めてよい）。人をまたいで出せるのは COUNT、SUM、AVG、標準偏差、中央値・百分位、相関、回帰などの集計です。",
            "One SELECT, with WITH and subqueries. Over people: COUNT, SUM, AVG, standard deviation, median and percentiles, correlation, regression.",
        ),
        (
            "FROM には、この許可のテーブル、コード表（codes.名前）、VALUES の並びを書けます。人のテーブルどうしの JOIN は個人のキーで行い、条件を加えられます。",
            "FROM takes the tables of this permit, code lists (codes.name) and lists in VALUES. Tables about people are joined on the person key, with further conditions if wanted.",
        ),
        (
            "個人ごとの集計（個人のキーでの GROUP BY、MIN・MAX・窓関数）は副問合せの中で使えます。人の行や個人のキーは外に出ません。",
            "Work per person (GROUP BY the person, MIN, MAX, windows) goes into a subquery. Rows of people and person keys do not leave.",
        ),
        (
            "GROUP BY には、値域が決まっている列、CASE による区分、ROLLUP・CUBE が使えます。集計の上では HAVING、ORDER BY、LIMIT、計算が使えます。",
            "GROUP BY takes columns with a declared domain, bands by CASE, ROLLUP and CUBE. Above an aggregate: HAVING, ORDER BY, LIMIT and arithmetic.",
        ),
        (
            "結果はすべて出口審査を通ります。少なすぎる値は <k になり、人数は丸められます。",
            "Every result passes the exit gate: values over too few people become <k, counts are rounded.",
        ),
    ];
    html! {
        details.rules {
            summary { (lang.say("書けるSQL", "What SQL can be written")) }
            ul { @for (ja, en) in rules { li { (lang.say(ja, en)) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use visiting_policies::terms::{Form, Period, Scope};

    use super::*;

    fn scope(columns: &[&str]) -> Scope {
        let mut scope: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
        for name in columns {
            let mut parts = name.split('.').map(str::to_owned);
            let (listing, table, column) = (parts.next().unwrap(), parts.next().unwrap(), parts.next());
            scope.entry(listing).or_default().entry(table).or_default().extend(column);
        }
        Scope { columns: scope, period: Period { from: 202401, to: 202412 }, form: Form::Pseudonymised }
    }

    fn with<T>(columns: &[&str], work: impl FnOnce(&[TablePlan<'_>]) -> T) -> T {
        let listings = visiting_catalog::load_with(None).unwrap();
        work(&visiting_catalog::plan(&scope(columns), &listings).unwrap())
    }

    const WIDE: &[&str] = &["ndb.patients.sex", "ndb.claims.icd10", "ndb.claims.points", "kaigo.recipients.care_level"];

    #[test]
    fn the_panel_and_the_completion_name_the_permit_and_nothing_else() {
        let (page, words) = with(WIDE, |plans| {
            (
                panel(Lang::En, plans).into_string(),
                words(Lang::En, plans, &[], &Codes { codes: Vec::new(), public: Vec::new() }).to_string(),
            )
        });
        for text in [&page, &words] {
            assert!(text.contains("care_level") && text.contains("ndb.claims") && text.contains("pid"));
            assert!(!text.contains("pref") && !text.contains("yj_code") && !text.contains("facility") && !text.contains("labs"), "{text}");
        }
        assert!(words.contains("\"E11\""));
    }

    #[test]
    fn a_wide_permit_gets_an_example_of_each_kind() {
        let examples = with(WIDE, examples);
        assert_eq!(examples.len(), 4);
        assert!(examples[1].sql.contains("FROM kaigo.recipients a\nJOIN ndb.patients b ON b.pid = a.pid"), "{}", examples[1].sql);
        assert!(examples[2].sql.contains("AVG(b.points) AS average"), "{}", examples[2].sql);
        assert!(examples[3].sql.contains("IN ('A09', 'B18', 'B20')"), "{}", examples[3].sql);
    }

    #[test]
    fn a_narrow_permit_gets_only_what_runs() {
        assert_eq!(with(&["ndb.claims.points"], examples), []);
        assert_eq!(with(&["ndb.patients.birth_ym"], examples), []);
        assert_eq!(with(&["ndb.patients"], examples), []);
        assert_eq!(with(&["ndb.patients.sex"], examples).len(), 1);
    }
}
