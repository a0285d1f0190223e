//! The gate: cells in, what may be shown out, or a refusal.
//!
//! Grouping sets are judged one after the other, rows in key order, statistics from left to right, each against the ledger and
//! everything shown before it in the same run; so the answer is a function of the questions, the data version and the ledger alone.

use visiting_policies::{
    Code, Refusal,
    disclosure::{Applied, Decimal, Rules, undominated},
    rules::NO_VALUE,
};

use super::{
    cells::{Cell, Cells},
    statistic::{Measure, Statistics},
};
use crate::{
    known::{Block, Entry, Known, Place, ShownRow, SiteRows, TableEntry},
    people::{self, Fit, People, Vector},
    question::{KeyValue, Protected, ProtectedRow, Question, SiteColumn, Statistic},
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

/// How one value came to be shown.
#[derive(Debug, Clone, Copy)]
enum Judged {
    /// Provably the same as a released one, or new.
    Own(Decimal),
    /// A near one was shown before.
    Before(Decimal),
    /// Not shown.
    Masked,
}

impl Judged {
    fn value(self) -> Option<Decimal> {
        match self {
            Self::Own(value) | Self::Before(value) => Some(value),
            Self::Masked => None,
        }
    }
}

/// One cell on the desk.
struct Row<'a> {
    question: &'a Question,
    rules: Rules,
    plan: String,
    place: Place,
    people: People,
    sites: SiteRows,
}

/// The questions of one run are judged here one after the other, each knowing what the earlier ones show.
#[derive(Debug)]
pub(crate) struct Desk<'a> {
    known: &'a Known,
    fresh: Known,
}

impl<'a> Desk<'a> {
    /// An empty desk before the ledger.
    pub(crate) fn new(known: &'a Known) -> Self {
        Self { known, fresh: Known::default() }
    }

    /// What the ledger learns, when everything that was judged is shown.
    pub(crate) fn into_block(self) -> Block {
        self.fresh.into_block()
    }

    /// Judges one question. Refused is a table that would complete a total that was shown.
    pub(crate) fn judge(&mut self, context: &Context<'_>, cells: &Cells<'_>) -> Result<Protected, Refusal> {
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
            let Some(rules) = applied(context, set, cell) else { continue };
            let row = Row::new(context, rules, set, cell, &table.base);
            let (shown, displayed) = self.row(&row, cell);
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
        if self.known.completed_by(&table, k, self.known.mark()) || self.fresh.completed_by(&table, k, mark) {
            return Err(nothing_to_show());
        }
        if !table.rows.is_empty() {
            self.fresh.add_table(table);
        }
        Ok(())
    }

    /// One row as it will be shown, and whether its people are.
    fn row(&mut self, row: &Row<'_>, cell: Cell<'_>) -> (ProtectedRow, bool) {
        let k = row.rules.people_min;
        let shown = self.same("people", &row.plan).next().is_some();
        let completes = |known: &Known| known.completes(&row.people, &row.place, k);
        let masked = !shown && (completes(self.known) || completes(&self.fresh));
        let count = if masked { Judged::Masked } else { self.people(row, &row.plan, &row.people, &row.place) };
        let mut out = ProtectedRow { keys: cell.key().to_vec(), values: Vec::new(), before: Vec::new() };
        let statistics = Statistics { question: row.question, cell, people: &row.people };
        for statistic in &row.question.statistics {
            let judged = if masked { Judged::Masked } else { self.statistic(row, &statistics, statistic, count) };
            out.values.push(judged.value());
            out.before.push(matches!(judged, Judged::Before(_)));
        }
        (out, count.value().is_some())
    }

    fn statistic(&mut self, row: &Row<'_>, all: &Statistics<'_>, statistic: &Statistic, count: Judged) -> Judged {
        let one_each = row.question.one_row_per_person;
        match statistic {
            Statistic::People(None) => count,
            Statistic::Rows(None) if one_each => count,
            Statistic::People(Some(c)) => self.cohort(row, all, *c, count),
            Statistic::Rows(Some(c)) if one_each => self.cohort(row, all, *c, count),
            Statistic::Moment(x, y) => {
                let mean = |desk: &mut Self, a, b| desk.measure(row, all.mean_beside(a, b), count).value();
                let (Some(mean_x), Some(mean_y)) = (mean(self, *x, *y), mean(self, *y, *x)) else { return Judged::Masked };
                self.measure(row, all.moment((*x, mean_x), (*y, mean_y)), count)
            }
            other => self.measure(row, all.measure(other), count),
        }
    }

    /// The number of people who have a value of a column.
    fn cohort(&mut self, row: &Row<'_>, all: &Statistics<'_>, c: usize, count: Judged) -> Judged {
        let Some(column) = row.question.columns.get(c) else { return Judged::Masked };
        match all.cohort(c) {
            (_, true) => count,
            (people, false) => self.having(row, &column.name, &people),
        }
    }

    /// The number of a part of a cell's people.
    fn having(&mut self, row: &Row<'_>, name: &str, people: &People) -> Judged {
        if (people.len() as u64) < row.rules.people_min {
            return Judged::Masked;
        }
        let plan = format!("{} having {name}", row.plan);
        let place = Place { base: plan.clone(), keys: Vec::new() };
        let completes = |known: &Known| known.completes(people, &place, row.rules.people_min);
        if self.same("people", &plan).next().is_none() && (completes(self.known) || completes(&self.fresh)) {
            return Judged::Masked;
        }
        self.people(row, &plan, people, &place)
    }

    /// The number of people of a set: rounded, or what a near set showed before.
    fn people(&mut self, row: &Row<'_>, plan: &str, people: &People, place: &Place) -> Judged {
        if let Some(entry) = self.same("people", plan).next() {
            return read(entry, Judged::Own);
        }
        let k = row.rules.people_min;
        let close = self.close_to("people", people, k, !row.sites.is_empty());
        let near = |e: &&Entry| people::near(people, &e.vector.people, k) || near_sites(&row.sites, &e.sites, &row.rules);
        if let Some(entry) = close.into_iter().find(near) {
            return read(entry, Judged::Before);
        }
        let value = Decimal::whole(row.rules.round(people.len() as u64));
        self.show(row, plan, ("people", "people"), value, Vector::set(people.clone()), place);
        Judged::Own(value)
    }

    /// Anything but a number of people: its own people first, then facilities and households, the law, and the ledger.
    fn measure(&mut self, row: &Row<'_>, measure: Option<Measure>, count: Judged) -> Judged {
        let Some(measure) = measure else { return Judged::Masked };
        let percent = row.rules.dominance_percent;
        if (measure.vector.people.len() as u64) < row.rules.people_min || measure.sites.iter().any(|s| !undominated(percent, s)) {
            return Judged::Masked;
        }
        let people = match &measure.having {
            None => count,
            Some(name) => self.having(row, name, &measure.vector.people),
        };
        let Some(people) = people.value().and_then(|d| d.units(0)).and_then(|n| u64::try_from(n).ok()) else { return Judged::Masked };
        let Some(value) = measure.judged(&row.rules, people) else { return Judged::Masked };
        let (of, plan) = match measure.opaque {
            // A variant of an opaque measure has another name; all of them are compared.
            true => ("opaque", format!("{} of {}", row.plan, measure.of)),
            false => (measure.of.as_str(), row.plan.clone()),
        };
        if let Some(judged) = self.released(row, of, &plan, &measure) {
            return judged;
        }
        // Values leave as they are read from the ledger: the same digits the first time and ever after.
        let place = Place { base: row.place.base.clone(), keys: row.place.keys.clone() };
        self.show(row, &plan, (of, &measure.form), value, measure.vector, &place);
        Decimal::read(&value.to_string()).map_or(Judged::Masked, Judged::Own)
    }

    /// What the ledger says to a statistic: the same plan has its value; of near ones, the oldest is shown again or hides this one.
    fn released(&self, row: &Row<'_>, of: &str, plan: &str, measure: &Measure) -> Option<Judged> {
        if let Some(entry) = self.same(of, plan).find(|e| e.shown == measure.form) {
            return Some(read(entry, Judged::Own));
        }
        let k = row.rules.people_min;
        for entry in self.close_to(of, &measure.vector.people, k, !row.sites.is_empty()).into_iter().filter(|e| e.plan != plan) {
            let fit = people::fit(&measure.vector, &entry.vector, k);
            if fit == Fit::Apart && !near_sites(&row.sites, &entry.sites, &row.rules) {
                continue;
            }
            // An affine image of an opaque measure is another number: repeating the old one would mislead.
            let repeats = entry.shown == measure.form && !(measure.opaque && fit == Fit::Line);
            return Some(if repeats { read(entry, Judged::Before) } else { Judged::Masked });
        }
        None
    }

    /// Entries of a statistic with this plan, oldest first, this run's own last.
    fn same<'b>(&'b self, of: &'b str, plan: &'b str) -> impl Iterator<Item = &'b Entry> {
        self.known.same(of, plan).chain(self.fresh.same(of, plan))
    }

    /// Entries of a statistic that may be near, in the same order.
    fn close_to(&self, of: &str, people: &People, k: u64, sites: bool) -> Vec<&Entry> {
        let mut all = self.known.close(of, people, k, sites);
        all.extend(self.fresh.close(of, people, k, sites));
        all
    }

    fn show(&mut self, row: &Row<'_>, plan: &str, (of, form): (&str, &str), value: Decimal, vector: Vector, place: &Place) {
        self.fresh.add_entry(Entry {
            plan: plan.to_owned(),
            of: of.to_owned(),
            shown: form.to_owned(),
            value: value.to_string(),
            vector,
            place: place.clone(),
            sites: row.sites.clone(),
        });
    }
}

impl<'a> Row<'a> {
    fn new(context: &Context<'a>, rules: Rules, set: &[usize], cell: Cell<'_>, base: &str) -> Self {
        let question = context.question;
        let key = within(set, cell.key());
        let plan = format!("{} @ {}", question.cell_plan(set, &key), context.versions);
        let names = set.iter().filter_map(|i| question.keys.get(*i)).map(|k| k.name.clone());
        let place = Place { base: base.to_owned(), keys: names.zip(key).collect() };
        let rows = cell.sites().map(|s| s.iter().map(|(id, share)| (*id, i128::from(share.rows))).collect());
        let sites = question.sites.iter().cloned().zip(rows).collect();
        Self { question, rules, plan, place, people: People::new(cell.people()), sites }
    }
}

/// The key values of a grouping set.
fn within(set: &[usize], key: &[KeyValue]) -> Vec<KeyValue> {
    set.iter().filter_map(|i| key.get(*i)).cloned().collect()
}

/// T0: the rules of a cell with enough people, and enough facilities and households where the database asks for them; `None` for a
/// row that is not sent.
fn applied(context: &Context<'_>, set: &[usize], cell: Cell<'_>) -> Option<Rules> {
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

/// A released value; what cannot be read any more is not shown.
fn read(entry: &Entry, how: fn(Decimal) -> Judged) -> Judged {
    Decimal::read(&entry.value).map_or(Judged::Masked, how)
}

/// True when the rows of one protected column differ for fewer facilities, or households, than the rules ask for.
fn near_sites(a: &SiteRows, b: &SiteRows, rules: &Rules) -> bool {
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
