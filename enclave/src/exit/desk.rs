//! The gate: cells in, what may be shown out, or a refusal.
//!
//! Grouping sets are judged one after the other, rows in key order, statistics from left to right, each against the ledger and
//! everything shown before it in the same run; so the answer is a function of the questions, the data version and the ledger alone.

use visiting_policies::{
    Code, Refusal,
    disclosure::{Applied, Rules},
    rules::NO_VALUE,
};

use super::{
    cells::{Cell, Cells},
    past::{Judged, ShownPart},
    statistic::Statistics,
};
use crate::{
    known::{Block, Entry, Known, Place, ShownRow, SiteRows, TableEntry, is_whole},
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
    pub(super) sites: SiteRows,
}

/// The questions of one run are judged here one after the other, each knowing what the earlier ones show.
#[derive(Debug)]
pub(crate) struct Desk<'a> {
    pub(super) known: &'a Known,
    pub(super) fresh: Known,
    /// Displayed parts of the row that is being judged.
    pub(super) parts: Vec<ShownPart>,
}

impl<'a> Desk<'a> {
    /// An empty desk before the ledger.
    pub(crate) fn new(known: &'a Known) -> Self {
        Self { known, fresh: Known::default(), parts: Vec::new() }
    }

    /// What the ledger learns, when everything that was judged is shown.
    pub(crate) fn into_block(self) -> Block {
        self.fresh.into_block()
    }

    /// Judges one question. Refused is a table that would complete a total that was shown.
    pub(crate) fn judge(&mut self, context: &Context<'_>, cells: &Cells) -> Result<Protected, Refusal> {
        let mut protected = Protected::default();
        for (number, set) in context.question.sets.iter().enumerate() {
            self.table(context, set, cells.of(number), &mut protected)?;
        }
        Ok(protected)
    }

    fn table<'c>(
        &mut self,
        context: &Context<'_>,
        set: &[usize],
        cells: impl Iterator<Item = Cell<'c>>,
        protected: &mut Protected,
    ) -> Result<(), Refusal> {
        let question = context.question;
        let keys = set.iter().filter_map(|i| question.keys.get(*i));
        let keys = keys.map(|k| (k.name.clone(), k.count_within(&question.filter).unwrap_or(u64::MAX))).collect();
        let base = format!("{} @ {}", question.base_plan(), context.versions);
        let mut table = TableEntry { base, keys, rows: Vec::new() };
        let mark = self.fresh.mark();
        for cell in cells {
            let Some(rules) = applied(context, set, &cell) else { continue };
            let row = Row::new(context, rules, set, &cell, &table.base);
            let (shown, displayed) = self.row(&row, &cell);
            if displayed {
                table.rows.push(ShownRow { key: within(set, cell.key()), people: row.people.clone() });
            }
            protected.rows.push(shown);
        }
        self.close(table, context.rules.rules.people_min, mark)
    }

    /// Ends a table: it is refused where it completes a total that was shown before it, up to `mark` in this run.
    fn close(&mut self, table: TableEntry, k: u64, mark: usize) -> Result<(), Refusal> {
        if self.known.has_table(&table) || self.fresh.has_table(&table) {
            return Ok(());
        }
        let whole = |inside: &[&ShownRow], total: &Entry| is_whole(&table, inside.iter().map(|row| &row.key), &total.place);
        if self.known.completed_by(&table, k, self.known.mark(), whole) || self.fresh.completed_by(&table, k, mark, whole) {
            return Err(nothing_to_show());
        }
        if !table.rows.is_empty() {
            self.fresh.add_table(table);
        }
        Ok(())
    }

    /// One row as it will be shown, and whether its people are.
    fn row(&mut self, row: &Row<'_>, cell: &Cell<'_>) -> (ProtectedRow, bool) {
        let k = row.rules.people_min;
        let shown = self.same("people", &row.plan).next().is_some();
        let completes = |known: &Known| known.completes(&row.people, &row.place, k);
        let masked = !shown && (completes(self.known) || completes(&self.fresh));
        let count = if masked { Judged::Masked } else { self.people(row, &row.plan, &row.people, (&row.place, &row.sites)) };
        let mut out = ProtectedRow { keys: cell.key().to_vec(), values: Vec::new(), before: Vec::new() };
        let statistics = Statistics::new(row.question, cell.clone(), &row.people);
        for statistic in &row.question.statistics {
            let judged = if masked { Judged::Masked } else { self.statistic(row, &statistics, statistic, count) };
            out.values.push(judged.value());
            out.before.push(matches!(judged, Judged::Before(_)));
        }
        self.close_parts(row);
        (out, count.value().is_some())
    }

    fn statistic(&mut self, row: &Row<'_>, all: &Statistics<'_>, statistic: &Statistic, count: Judged) -> Judged {
        let one_each = row.question.one_row_per_person;
        match statistic {
            Statistic::People(None) => count,
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
        Self { question, rules, versions, condition, plan, place, people, sites }
    }

    /// The canonical plan of those of its rows that meet a condition: the same words as of a question that asks for these alone.
    pub(super) fn plan_of(&self, condition: &Predicate) -> String {
        match condition {
            Predicate::True => self.plan.clone(),
            some => format!("{} @ {}", self.question.plan_where(&both(&self.condition, some)), self.versions),
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
