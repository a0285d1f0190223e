//! What the gate shows of one statistic, given everything that was shown before: its own value, an earlier one again, or nothing.

use std::collections::BTreeSet;

use visiting_policies::{
    audit::Range,
    disclosure::{Decimal, undominated},
};

use super::{
    desk::{Desk, Row, near_sites},
    measure::{Measure, Part},
    statistic::Statistics,
};
use crate::{
    known::{Absent, Entry, Fact, Known, Place, ShownRow, SiteRows, TableEntry},
    people::{self, Fit, People, Vector},
    predicate::Predicate,
    question::KeyValue,
};

/// Form of the rows that a rate is over: they count as shown, though no number is.
const WEIGHTS: &str = "weights";

/// How one value came to be shown.
#[derive(Debug, Clone, Copy)]
pub(super) enum Judged {
    /// Provably the same as a released one, or new.
    Own(Decimal),
    /// A near one was shown before.
    Before(Decimal),
    /// Not shown.
    Masked,
}

impl Judged {
    pub(super) fn value(self) -> Option<Decimal> {
        match self {
            Self::Own(value) | Self::Before(value) => Some(value),
            Self::Masked => None,
        }
    }
}

/// A displayed part of a cell: the people of a FILTER, a CASE, or a column with gaps.
#[derive(Debug, Clone)]
pub(super) struct ShownPart {
    plan: String,
    part: Part,
    people: People,
    /// The number of its people, once that was asked for.
    count: Option<Judged>,
}

impl Desk<'_> {
    /// The number of people who have a value of a column.
    pub(super) fn cohort(&mut self, row: &Row<'_>, all: &Statistics<'_>, c: usize, count: Judged) -> Judged {
        let Some(column) = row.question.columns.get(c) else { return Judged::Masked };
        if all.sites_with(c).any(|(site, n)| n < row.rules.sites_min(site)) {
            return Judged::Masked;
        }
        self.having(row, &Part::of(column), &all.cohort(c), count)
    }

    /// The number of a part of a cell's people. Whether it is all of them is for the plan to say: a part that happens to be the whole
    /// must look like one that nearly is.
    fn having(&mut self, row: &Row<'_>, part: &Part, people: &People, count: Judged) -> Judged {
        let plan = row.plan_of(&part.there);
        if plan == row.plan {
            return count;
        }
        if let Some(count) = self.parts.iter().find(|p| p.plan == plan).and_then(|p| p.count) {
            return count;
        }
        let k = row.rules.people_min;
        if (people.len() as u64) < k {
            // Its mark stands beside numbers that are shown.
            self.learn(people.clone(), Range::below(k));
            return Judged::Masked;
        }
        let place = Place { base: plan.clone(), keys: Vec::new() };
        let new = ShownPart { plan: plan.clone(), part: part.clone(), people: people.clone(), count: None };
        if self.same("people", &plan).next().is_none() {
            let (closed, spent) = self.over_rows(people, &row.who_of(&part.there), &place, &row.rules);
            if closed || !spent.is_empty() || self.parts_complete(row, &new) {
                return Judged::Masked;
            }
        }
        let judged = self.people(row, (&plan, &part.there), people, (&place, row.sites_of(&part.when)));
        if judged.value().is_some() {
            self.remember(row, ShownPart { count: Some(judged), ..new });
        }
        judged
    }

    /// True when a part completes, with those beside it, a total that was shown: its own cell's above all.
    fn parts_complete(&self, row: &Row<'_>, new: &ShownPart) -> bool {
        let others = self.parts.iter().filter(|p| p.plan != new.plan);
        let parts: Vec<&ShownPart> = others.chain([new]).collect();
        let table = table_of(row, &parts);
        let conditions = |inside: &[&ShownRow], of: fn(&Part) -> &Predicate| -> Vec<Predicate> {
            let shown = |p: &&&ShownPart| inside.iter().any(|row| row.key == key_of(p));
            parts.iter().filter(shown).map(|p| of(&p.part).clone()).collect()
        };
        // Gaps of the measured column apart: whoever has no value is in no part and adds nothing to the whole.
        let whole = |inside: &[&ShownRow], total: &Entry| match total.plan == row.plan {
            true => row.covered_by(conditions(inside, |p| &p.when)),
            false => row.plan_of(&Predicate::Any(conditions(inside, |p| &p.there)).normalised()) == total.plan,
        };
        let completed = |known: &Known| !known.completed_by(&table, row.rules.people_min, known.mark(), whole).is_empty();
        completed(self.known) || completed(&self.fresh)
    }

    /// Ends a row: its parts are a table that later totals must not complete.
    pub(super) fn close_parts(&mut self, row: &Row<'_>) {
        let parts = std::mem::take(&mut self.parts);
        let table = table_of(row, &parts.iter().collect::<Vec<_>>());
        if parts.len() > 1 && !self.known.has_table(&table) && !self.fresh.has_table(&table) {
            self.fresh.add_table(table);
        }
    }

    /// The number of people of the rows that meet a condition: rounded, or what provably the same people or a near set showed before.
    ///
    /// That the people are the same may be proved where the rows are not the same (`who`). Everything else that is asked of a plan (is a
    /// part the whole, do rows complete a total, is it hidden, are its sums) is asked of the rows' as ever: there, not to know that two
    /// sets of people are one is only stricter.
    pub(super) fn people(
        &mut self,
        row: &Row<'_>,
        (plan, there): (&str, &Predicate),
        people: &People,
        (place, sites): (&Place, &SiteRows),
    ) -> Judged {
        if let Some(entry) = self.same("people", plan).next() {
            return read(entry, Judged::Own);
        }
        let who = row.who_of(there);
        if let Some(entry) = self.same_people(&who) {
            return read(entry, Judged::Own);
        }
        if self.only_again {
            return Judged::Masked;
        }
        let k = row.rules.people_min;
        let close = self.close_to("people", people, 2 * k, !sites.is_empty());
        let near = |e: &&&Entry| people::near(people, &e.vector.people, k) || near_sites(sites, &e.sites, &row.rules);
        if let Some(entry) = close.iter().find(near).copied() {
            let differ = people::in_one_only(people, &entry.vector.people);
            let judged = read(entry, Judged::Before);
            // A row that is sent has k people, whatever number stands in it.
            self.learn(people.clone(), Range::at_least(k));
            if differ.len() > 0 && (differ.len() as u64) < k {
                self.learn(differ, Range::below(k));
            }
            return judged;
        }
        if self.hidden.contains(plan) {
            return Judged::Masked;
        }
        // That it is no repetition tells that it differs from each earlier one for k people or more: worth saying where they are few.
        let few = close.iter().filter(|e| people::near(people, &e.vector.people, 2 * k));
        let apart: Vec<People> = few.map(|e| people::in_one_only(people, &e.vector.people)).collect();
        apart.into_iter().for_each(|differ| self.learn(differ, Range::at_least(k)));
        let shown = row.rules.round(people.len() as u64);
        let (value, behind) = (Decimal::whole(shown), Some(row.rules.behind(shown)));
        let vector = Vector::set(people.clone());
        let value_shown = value.to_string();
        self.show(plan, Shown { of: "people", who, form: "people", value: value_shown, behind, vector, rows: None, place, sites });
        Judged::Own(value)
    }

    /// Anything but a number of people: its own people first, then facilities and households, the law, and the ledger.
    pub(super) fn measure(&mut self, row: &Row<'_>, measure: Option<Measure<'_>>, count: Judged) -> Judged {
        let Some(measure) = measure else { return Judged::Masked };
        let (k, percent) = (row.rules.people_min, row.rules.dominance_percent);
        let few = |people: &People| (people.len() as u64) < k;
        if few(&measure.vector.people) || few(measure.people()) || measure.sites.iter().any(|s| !undominated(percent, s)) {
            return Judged::Masked;
        }
        let people = self.having(row, &measure.part, measure.people(), count);
        let Some(people) = people.value().and_then(|d| d.units(0)).and_then(|n| u64::try_from(n).ok()) else { return Judged::Masked };
        let plan = row.plan_of(&measure.top.as_ref().unwrap_or(&measure.part).there);
        // What was shown of the very same is shown again without computing it again: spreads ask for their means.
        if let Some(entry) = self.same(&measure.of, &plan).find(|e| e.shown == measure.form) {
            return read(entry, Judged::Own);
        }
        if self.only_again {
            return Judged::Masked;
        }
        let Some(value) = measure.judged(&row.rules, people) else { return Judged::Masked };
        if let Some(judged) = self.released(row, &plan, &measure) {
            return judged;
        }
        // Values leave as they are read from the ledger: the same digits the first time and ever after.
        let Measure { of, form, part, vector, rows, .. } = measure;
        let (place, sites) = (&row.place, row.sites_of(&part.when));
        let (value, who) = (value.to_string(), String::new());
        self.show(&plan, Shown { of: &of, who, form: &form, value: value.clone(), behind: None, vector, rows, place, sites });
        Decimal::read(&value).map_or(Judged::Masked, Judged::Own)
    }

    /// What the ledger says to a statistic that it does not have: of near ones, the oldest is shown again or hides this one.
    ///
    /// Sum, mean, spread and quantiles of one column over provably the same rows are the same contributions in different forms, a few
    /// in number and each protected. A rate is one of them once: over rows of one's own choosing it would have as many forms as there
    /// are such rows.
    fn released(&self, row: &Row<'_>, plan: &str, measure: &Measure<'_>) -> Option<Judged> {
        let is_rate = |form: &str| form.starts_with("rate");
        if is_rate(&measure.form) && self.same(&measure.of, plan).any(|e| is_rate(&e.shown)) {
            return Some(Judged::Masked);
        }
        let (k, sites) = (row.rules.people_min, row.sites_of(&measure.part.when));
        for entry in self.close_to(&measure.of, &measure.vector.people, k, !sites.is_empty()) {
            let same = entry.of == measure.of;
            if same && entry.plan == plan {
                continue;
            }
            let by_site = same && near_sites(sites, &entry.sites, &row.rules);
            let fit = people::fit(&measure.vector, &entry.vector, k);
            if fit == Fit::Apart && !by_site {
                continue;
            }
            // An affine image, another form, or a mean over other rows is another number: repeating the old one would mislead.
            let alike = fit == Fit::Same && over_the_same(measure.rows.as_ref(), entry.rows.as_ref(), k);
            let repeats = entry.shown == measure.form && (alike || (fit == Fit::Apart && by_site));
            return Some(if repeats { read(entry, Judged::Before) } else { Judged::Masked });
        }
        None
    }

    /// The first column's sum over the second's rows. These count as a number of rows that is shown: where they are nearly, and not
    /// provably, those of another number, nothing is. The people of the sum are a part like any other.
    pub(super) fn rate(&mut self, row: &Row<'_>, all: &Statistics<'_>, (a, b): (usize, usize), count: Judged) -> Judged {
        let (Some(measure), Some(over)) = (all.ratio(a, b), all.count_rows(Some(b))) else { return Judged::Masked };
        let part = measure.top.clone().unwrap_or_else(|| measure.part.clone());
        let top = ShownPart { plan: row.plan_of(&part.there), part, people: measure.vector.people.clone(), count: None };
        let plan = row.plan_of(&over.part.there);
        let known = self.same(&over.of, &plan).next().is_some();
        let shown = top.plan == row.plan || self.same(&measure.of, &top.plan).next().is_some();
        if (!known && self.released(row, &plan, &over).is_some()) || (!shown && self.parts_complete(row, &top)) {
            return Judged::Masked;
        }
        let judged = self.measure(row, Some(measure), count);
        if judged.value().is_some() {
            if !known {
                let Measure { of, part, vector, .. } = over;
                let (place, sites) = (&row.place, row.sites_of(&part.when));
                let (who, value) = (String::new(), String::new());
                self.show(&plan, Shown { of: &of, who, form: WEIGHTS, value, behind: None, vector, rows: None, place, sites });
            }
            self.remember(row, top);
        }
        judged
    }

    /// A part is displayed, in whatever statistic.
    fn remember(&mut self, row: &Row<'_>, part: ShownPart) {
        match self.parts.iter_mut().find(|p| p.plan == part.plan) {
            Some(known) => known.count = known.count.or(part.count),
            None if part.plan != row.plan => self.parts.push(part),
            None => {}
        }
    }

    /// Entries of a statistic with this plan, oldest first, this run's own last.
    pub(super) fn same<'b>(&'b self, of: &'b str, plan: &'b str) -> impl Iterator<Item = &'b Entry> {
        self.known.same(of, plan).chain(self.fresh.same(of, plan))
    }

    /// The number that was shown of provably these people.
    pub(super) fn same_people(&self, who: &str) -> Option<&Entry> {
        self.known.same_people(who).or_else(|| self.fresh.same_people(who))
    }

    /// Entries of a statistic that may be near, in the same order.
    fn close_to(&self, of: &str, people: &People, k: u64, sites: bool) -> Vec<&Entry> {
        let mut all = self.known.close(of, people, k, sites);
        all.extend(self.fresh.close(of, people, k, sites));
        all
    }

    /// A reader learns how many people are in a set.
    pub(super) fn learn(&mut self, people: People, range: Range) {
        let fact = Fact { people, range };
        if !self.known.has_fact(&fact) && !self.fresh.has_fact(&fact) {
            self.fresh.add_fact(fact);
        }
    }

    fn show(&mut self, plan: &str, shown: Shown<'_>) {
        let Shown { of, who, form, value, behind, vector, rows, place, sites } = shown;
        self.fresh.add_entry(Entry {
            plan: plan.to_owned(),
            who,
            of: of.to_owned(),
            shown: form.to_owned(),
            value,
            behind,
            vector,
            rows,
            place: place.clone(),
            sites: sites.clone(),
        });
    }
}

/// What the ledger learns of a statistic.
struct Shown<'a> {
    of: &'a str,
    /// Of a number of people: who they are.
    who: String,
    form: &'a str,
    value: String,
    /// Of a number of people: how many a reader then knows there to be.
    behind: Option<Range>,
    vector: Vector,
    rows: Option<Vector>,
    place: &'a Place,
    sites: &'a SiteRows,
}

/// Parts as rows of a table.
fn table_of(row: &Row<'_>, parts: &[&ShownPart]) -> TableEntry {
    let rows = parts.iter().map(|p| ShownRow { key: key_of(p), people: p.people.clone() }).collect();
    let (base, keys, measures) = (row.plan.clone(), vec![("part".to_owned(), u64::MAX)], row.question.all_measures());
    TableEntry { base, keys, rows, measures, wholes: BTreeSet::new(), absent: Absent::default() }
}

fn key_of(part: &ShownPart) -> Vec<KeyValue> {
    vec![KeyValue::Text(part.plan.clone())]
}

/// True for two means over the same rows but for a few people's, and for two sums.
fn over_the_same(a: Option<&Vector>, b: Option<&Vector>, k: u64) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => people::fit(a, b, k) == Fit::Same,
        (None, None) => true,
        _ => false,
    }
}

/// A released value; what cannot be read any more is not shown.
fn read(entry: &Entry, how: fn(Decimal) -> Judged) -> Judged {
    Decimal::read(&entry.value).map_or(Judged::Masked, how)
}
