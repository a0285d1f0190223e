//! The gate: cells in, what may be shown out, or a refusal.
//!
//! Grouping sets are judged one after the other, rows in key order, statistics from left to right, each against the ledger and
//! everything shown before it in the same run; so the answer is a function of the questions, the data version and the ledger alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use visiting_policies::{
    Code, Refusal,
    audit::Range,
    disclosure::{Applied, Rules, limits::AUDIT_WIDTH},
    rules::NO_VALUE,
};

use super::{
    audit::{Audit, Closed},
    cells::{Cell, Cells},
    past::{Judged, ShownPart},
    statistic::Statistics,
};
use crate::{
    config::{HIDDEN_MAX, SPLITS_MAX, WHOLES_KEYS_MAX},
    known::{Absent, Block, Completed, Entry, Known, Mark, Place, ShownRow, SiteRows, TableEntry, is_whole},
    people::People,
    predicate::Predicate,
    question::{KeyValue, Protected, ProtectedRow, Question, SiteColumn, Statistic, both},
};

/// What the gate needs beside the cells.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    /// The question.
    pub(crate) question: &'a Question,
    /// The rules as they hold for it.
    pub(crate) rules: &'a Applied,
    /// Data versions, part of every plan's identity.
    pub(crate) versions: &'a str,
}

/// The refusal of a question of which nothing may be shown. Says nothing else.
pub(crate) fn nothing_to_show() -> Refusal {
    Refusal::new(Code::NothingToShow, "nothing of this table can be shown; ask for larger groups, or read what was released before")
        .ja("この表から提示できるものはありません。より大きな集団でたずねるか、すでに公表された値を参照してください。")
}

/// True when a value is shown that is not a repetition of a near one.
pub(crate) fn shows_its_own(protected: &Protected) -> bool {
    protected.rows.iter().any(|row| row.values.iter().zip(&row.before).any(|(value, before)| value.is_some() && !before))
}

/// One cell on the desk.
pub(super) struct Row<'a> {
    pub(super) question: &'a Question,
    pub(super) rules: Rules,
    versions: &'a str,
    /// The condition on its rows.
    condition: Predicate,
    pub(super) plan: String,
    pub(super) place: Place,
    pub(super) people: People,
    /// Who they are, in words that are equal where the people provably are.
    pub(super) who: String,
    pub(super) sites: SiteRows,
}

/// The questions of one run are judged here one after the other, each knowing what the earlier ones show.
#[derive(Debug)]
pub(crate) struct Desk<'a> {
    pub(super) known: &'a Known,
    pub(super) fresh: Known,
    /// Displayed parts of the row that is being judged.
    pub(super) parts: Vec<ShownPart>,
    /// Plans of numbers of people that are not shown because others were.
    pub(super) hidden: BTreeSet<String>,
    /// True while only what was shown before may be shown.
    pub(super) only_again: bool,
    /// True while an audit goes on.
    pub(crate) auditing: Option<&'a AtomicBool>,
    /// How long audits took.
    pub(crate) audited: Duration,
    /// True when an audit could not be finished: a person must look.
    pub(crate) untold: bool,
}

impl<'a> Desk<'a> {
    /// An empty desk before the ledger.
    pub(crate) fn new(known: &'a Known) -> Self {
        Self {
            known,
            fresh: Known::default(),
            parts: Vec::new(),
            hidden: BTreeSet::new(),
            only_again: false,
            auditing: None,
            audited: Duration::ZERO,
            untold: false,
        }
    }

    /// What the ledger learns, when everything that was judged is shown.
    pub(crate) fn into_block(self) -> Block {
        Block { hidden: self.hidden, ..self.fresh.into_block() }
    }

    /// Judges one question. Refused is a table that would complete a total that was shown.
    pub(crate) fn judge(&mut self, context: &Context<'_>, cells: &Cells) -> Result<Protected, Refusal> {
        let mut protected = Protected::default();
        for (number, set) in context.question.sets.iter().enumerate() {
            self.table(context, set, cells, number, &mut protected)?;
        }
        Ok(protected)
    }

    /// Judges one table until what it shows leaves every small group open: what closes one is hidden, and all is judged again.
    fn table(&mut self, context: &Context<'_>, set: &[usize], cells: &Cells, number: usize, out: &mut Protected) -> Result<(), Refusal> {
        let since = self.fresh.mark();
        loop {
            let (table, plans, rows) = self.rows(context, set, cells, number);
            if let Some(row) = self.completed(&table, context.rules.rules, since)? {
                self.hide(plans.get(row).cloned(), since)?;
                continue;
            }
            let begun = Instant::now();
            self.auditing.inspect(|auditing| auditing.store(true, Ordering::Relaxed));
            let (groups, passed) = Audit { known: self.known, fresh: &self.fresh, since, absent: &table.absent }.pass();
            self.audited += begun.elapsed();
            self.auditing.inspect(|auditing| auditing.store(false, Ordering::Relaxed));
            match passed {
                Ok(()) => {}
                Err(Closed::By(plan)) => {
                    self.hide(Some(plan), since)?;
                    continue;
                }
                Err(Closed::Together) => return Err(nothing_to_show()),
                Err(Closed::Untold) => self.untold = true,
            }
            groups.into_iter().for_each(|group| self.fresh.keep(group));
            let says_something = !table.rows.is_empty() || !table.absent.sets.is_empty();
            if says_something && !self.has_table(&table) {
                self.fresh.add_table(table);
            }
            out.rows.extend(rows);
            return Ok(());
        }
    }

    /// Hides a number of the table that is judged, which then begins anew.
    fn hide(&mut self, plan: Option<String>, since: Mark) -> Result<(), Refusal> {
        let hidden = self.hidden.len() < HIDDEN_MAX && plan.is_some_and(|plan| self.hidden.insert(plan));
        self.fresh = std::mem::take(&mut self.fresh).until(since);
        if hidden { Ok(()) } else { Err(nothing_to_show()) }
    }

    /// The rows of a table as they will be shown, with the plans of the displayed ones, and what the ledger learns of it as a whole. A row
    /// that a stricter rule leaves out says no more of itself than that.
    fn rows(&mut self, context: &Context<'_>, set: &[usize], cells: &Cells, number: usize) -> (TableEntry, Vec<String>, Vec<ProtectedRow>) {
        let (question, k) = (context.question, context.rules.rules.people_min);
        let keys = set.iter().filter_map(|i| question.keys.get(*i));
        let keys = keys.map(|k| (k.name.clone(), k.count_within(&question.filter).unwrap_or(u64::MAX))).collect();
        let base = format!("{} @ {}", question.base_plan(), context.versions);
        let absent = Absent { below: k, sets: cells.small(number).collect() };
        let measures = question.all_measures();
        let mut table = TableEntry { base, keys, rows: Vec::new(), measures, wholes: BTreeSet::new(), absent };
        let (mut plans, mut out) = (Vec::new(), Vec::new());
        for cell in cells.of(number) {
            let Some(rules) = applied(context, set, &cell) else { continue };
            let row = Row::new(context, rules, set, &cell, &table.base);
            let (shown, displayed) = self.row(&row, &cell);
            if displayed {
                table.rows.push(ShownRow { key: within(set, cell.key()), people: row.people.clone() });
                plans.push(row.plan.clone());
            } else {
                self.learn(row.people.clone(), Range::at_least(row.rules.people_min));
            }
            out.push(shown);
        }
        table.wholes = wholes(context, set, &table);
        (table, plans, out)
    }

    /// Totals that were shown before a table, up to `mark` in this run, and are completed by its rows. The rest, if any, is watched; of
    /// sums over it each table says a little, so that `SPLITS_MAX` of them may. Answers with the row to hide where total and rows leave
    /// too few sizes of the rest: what is shown of them decides, and of what is shown the least goes.
    fn completed(&mut self, table: &TableEntry, rules: Rules, mark: Mark) -> Result<Option<usize>, Refusal> {
        let k = rules.people_min;
        if self.has_table(table) {
            return Ok(None);
        }
        let whole = |inside: &[&ShownRow], total: &Entry| {
            table.wholes.contains(&total.who) || is_whole(table, inside.iter().map(|row| &row.key), &total.place)
        };
        let mut found = self.known.completed_by(table, k, self.known.mark(), whole);
        found.extend(self.fresh.completed_by(table, k, mark, whole));
        let spent = |total: &Entry| spent(&self.completes(&total.vector.people, &total.who, &total.place, k), SPLITS_MAX);
        if found.iter().any(|(total, completed)| !completed.measures.is_disjoint(&spent(total))) {
            return Err(nothing_to_show());
        }
        let narrow = |(total, completed): &&(&Entry, Completed)| total.behind.is_some_and(|behind| is_narrow(&rules, behind, completed));
        if let Some((_, completed)) = found.iter().find(narrow) {
            return Ok(completed.rows.iter().min_by_key(|(place, people)| (rules.round(*people), *place)).map(|(place, _)| *place));
        }
        let rests: Vec<People> = found.into_iter().map(|(_, completed)| completed.rest).collect();
        rests.into_iter().for_each(|rest| self.watch(rest));
        Ok(None)
    }

    fn has_table(&self, table: &TableEntry) -> bool {
        self.known.has_table(table) || self.fresh.has_table(table)
    }

    /// Whether a total of displayed rows must not be shown for them, and what must not be summed over it. Who is left over is watched.
    pub(super) fn over_rows(&mut self, people: &People, who: &str, place: &Place, rules: &Rules) -> (bool, BTreeSet<String>) {
        let completed = self.completes(people, who, place, rules.people_min);
        let behind = rules.behind(rules.round(people.len() as u64));
        let closed = completed.iter().any(|c| c.missing || is_narrow(rules, behind, c));
        let spent = spent(&completed, SPLITS_MAX + 1);
        completed.into_iter().for_each(|completed| self.watch(completed.rest));
        (closed, spent)
    }

    fn completes(&self, total: &People, who: &str, place: &Place, k: u64) -> Vec<Completed> {
        let mut found = self.known.completes(total, who, place, k);
        found.extend(self.fresh.completes(total, who, place, k));
        found
    }

    /// Who is left by a total and its rows is a group that a reader may ask about, whatever is known of it.
    fn watch(&mut self, rest: People) {
        if rest.len() > 0 {
            self.learn(rest, Range::at_least(0));
        }
    }

    /// One row as it will be shown, and whether its people are. A total of rows that are not all there is not shown; nor are sums of one
    /// that tables with sums were shown of before, more than `SPLITS_MAX` of them. What was shown of the very same before is shown again.
    fn row(&mut self, row: &Row<'_>, cell: &Cell<'_>) -> (ProtectedRow, bool) {
        let (closed, spent) = self.over_rows(&row.people, &row.who, &row.place, &row.rules);
        self.only_again = closed;
        let count = self.people(row, (&row.plan, &Predicate::True), &row.people, (&row.place, &row.sites));
        let mut out = ProtectedRow { keys: cell.key().to_vec(), values: Vec::new(), before: Vec::new() };
        let statistics = Statistics::new(row.question, cell.clone(), &row.people);
        for statistic in &row.question.statistics {
            self.only_again = closed || row.question.measures(statistic).iter().any(|measure| spent.contains(measure));
            let judged = self.statistic(row, &statistics, statistic, count);
            out.values.push(judged.value());
            out.before.push(matches!(judged, Judged::Before(_)));
        }
        self.only_again = false;
        self.close_parts(row);
        (out, count.value().is_some())
    }

    fn statistic(&mut self, row: &Row<'_>, all: &Statistics<'_>, statistic: &Statistic, count: Judged) -> Judged {
        let one_each = row.question.one_row_per_person;
        match statistic {
            Statistic::People(None) => count,
            Statistic::Guest(_) => Judged::Masked,
            Statistic::Rows(None) if one_each => count,
            Statistic::People(Some(c)) => self.cohort(row, all, *c, count),
            Statistic::Rows(Some(c)) if one_each => self.cohort(row, all, *c, count),
            Statistic::Ratio(a, b) if a != b => self.rate(row, all, (*a, *b), count),
            Statistic::Moment(x, y) => {
                let mean = |desk: &mut Self, a, b| desk.measure(row, all.mean_beside(a, b), count).value();
                let (Some(mean_x), Some(mean_y)) = (mean(self, *x, *y), mean(self, *y, *x)) else { return Judged::Masked };
                self.measure(row, all.moment((*x, mean_x), (*y, mean_y)), count)
            }
            other => self.measure(row, all.measure(other), count),
        }
    }
}

impl<'a> Row<'a> {
    fn new(context: &Context<'a>, rules: Rules, set: &[usize], cell: &Cell<'_>, base: &str) -> Self {
        let question = context.question;
        let key = within(set, cell.key());
        let condition = question.cell(set, &key);
        let plan = format!("{} @ {}", question.plan_where(&condition), context.versions);
        let names = set.iter().filter_map(|i| question.keys.get(*i)).map(|k| k.name.clone());
        let place = Place { base: base.to_owned(), keys: names.zip(key).collect() };
        let rows = cell.sites().map(|s| s.iter().map(|(id, share)| (*id, i128::from(share.rows))).collect());
        let sites = question.sites.iter().cloned().zip(rows).collect();
        let (versions, people) = (context.versions, cell.people());
        let who = format!("{} @ {versions}", question.people_where(&condition));
        Self { question, rules, versions, condition, plan, place, people, who, sites }
    }

    /// The canonical plan of those of its rows that meet a condition: the same words as of a question that asks for these alone.
    pub(super) fn plan_of(&self, condition: &Predicate) -> String {
        match condition {
            Predicate::True => self.plan.clone(),
            some => format!("{} @ {}", self.question.plan_where(&both(&self.condition, some)), self.versions),
        }
    }

    /// The people of those of its rows that meet a condition, in words that are equal where the people provably are.
    pub(super) fn who_of(&self, condition: &Predicate) -> String {
        match condition {
            Predicate::True => self.who.clone(),
            some => format!("{} @ {}", self.question.people_where(&both(&self.condition, some)), self.versions),
        }
    }

    /// Rows by facility and by household of what counts under a condition: known of the whole cell only.
    pub(super) fn sites_of(&self, when: &Predicate) -> &SiteRows {
        const UNKNOWN: &SiteRows = &Vec::new();
        if self.plan_of(when) == self.plan { &self.sites } else { UNKNOWN }
    }

    /// True where its rows provably all meet one of these conditions.
    pub(super) fn covered_by(&self, conditions: Vec<Predicate>) -> bool {
        self.question.covers(&self.condition, conditions)
    }
}

/// True when total and rows, as they are shown, leave fewer sizes of the rest than the policy asks: whatever it really is, nobody
/// included.
fn is_narrow(rules: &Rules, total: Range, completed: &Completed) -> bool {
    let rows = completed.rows.iter().map(|(_, n)| rules.behind(rules.round(*n)));
    let (low, high) = rows.fold((0i64, 0i64), |(low, high), row| (low.saturating_add(row.low), high.saturating_add(row.high)));
    total.high.saturating_sub(low) - total.low.saturating_sub(high).max(0) < AUDIT_WIDTH
}

/// See [`TableEntry::wholes`].
fn wholes(context: &Context<'_>, set: &[usize], table: &TableEntry) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    if set.len() > WHOLES_KEYS_MAX {
        return out;
    }
    for fixed in 0..(1usize << set.len()).saturating_sub(1) {
        let is_fixed = |place: &usize| fixed & (1 << place) != 0;
        let open = table.keys.iter().enumerate().filter(|(place, _)| !is_fixed(place)).map(|(_, (_, size))| *size);
        let Some(all) = open.into_iter().try_fold(1u64, u64::checked_mul) else { continue };
        let mut groups: BTreeMap<Vec<KeyValue>, u64> = BTreeMap::new();
        for row in &table.rows {
            let key = row.key.iter().enumerate().filter(|(place, _)| is_fixed(place)).map(|(_, value)| value.clone());
            *groups.entry(key.collect()).or_default() += 1;
        }
        let of: Vec<usize> = set.iter().enumerate().filter(|(place, _)| is_fixed(place)).map(|(_, key)| *key).collect();
        let who = |key: &Vec<KeyValue>| context.question.people_where(&context.question.cell(&of, key));
        out.extend(groups.iter().filter(|(_, rows)| **rows == all).map(|(key, _)| format!("{} @ {}", who(key), context.versions)));
    }
    out
}

/// What so many tables that make up one total show sums of.
fn spent(found: &[Completed], tables: usize) -> BTreeSet<String> {
    let times = |measure: &String| found.iter().filter(|completed| completed.measures.contains(measure)).count();
    found.iter().flat_map(|completed| &completed.measures).filter(|measure| times(measure) >= tables).cloned().collect()
}

/// The key values of a grouping set.
fn within(set: &[usize], key: &[KeyValue]) -> Vec<KeyValue> {
    set.iter().filter_map(|i| key.get(*i)).cloned().collect()
}

/// T0: the rules of a cell with enough people, and enough facilities and households where the database asks for them; `None` for a
/// row that is not sent.
pub(super) fn applied(context: &Context<'_>, set: &[usize], cell: &Cell<'_>) -> Option<Rules> {
    let Context { question, rules, .. } = context;
    // Cells are only ever under stricter rules than all of them: most small ones end here.
    if (cell.units().len() as u64) < rules.rules.people_min {
        return None;
    }
    let label = |(i, value): (usize, &KeyValue)| match value {
        // A row without a value is not a total: the rules of its key hold for it.
        KeyValue::Null if set.contains(&i) => NO_VALUE.to_owned(),
        value => value.label(),
    };
    let labels: Vec<String> = cell.key().iter().enumerate().map(label).collect();
    let rules = rules.cell(&labels.iter().map(String::as_str).collect::<Vec<_>>())?;
    let sites = question.sites.iter().zip(cell.sites()).map(|(column, all)| (column.site, all.len() as u64));
    rules.enough(cell.units().len() as u64, sites).then_some(rules)
}

/// True when the rows of one protected column differ for fewer facilities, or households, than the rules ask for.
pub(super) fn near_sites(a: &SiteRows, b: &SiteRows, rules: &Rules) -> bool {
    let near = |(column, rows_of): &(SiteColumn, Vec<(u32, i128)>)| {
        b.iter().find(|(c, _)| c == column).is_some_and(|(_, other)| differ_below(rows_of, other, rules.sites_min(column.site)))
    };
    a.iter().any(near)
}

/// True when fewer than `least` facilities or households differ in their rows; both are sorted.
fn differ_below(a: &[(u32, i128)], b: &[(u32, i128)], least: u64) -> bool {
    use itertools::{EitherOrBoth, Itertools as _};
    let differs = |pair: &EitherOrBoth<&(u32, i128), &(u32, i128)>| !matches!(pair, EitherOrBoth::Both(a, b) if a == b);
    let least = usize::try_from(least).unwrap_or(usize::MAX);
    a.iter().merge_join_by(b, |a, b| a.0.cmp(&b.0)).filter(differs).take(least).count() < least
}
