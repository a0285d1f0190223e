//! What has been shown, as the gate asks for it: statistics that differ from a new one for fewer than k people, totals that a
//! table's rows complete, and all that a reader knows of who is where. Pure; the store is `ledger`.

mod block;
mod exposure;
#[cfg(test)]
mod tests;
mod told;
mod watch;

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::HashMap;
use visiting_policies::audit::Range;

use exposure::Exposures;

pub(crate) use block::{Absent, Block, Entry, Fact, Place, ShownRow, SiteRows, TableEntry};
pub(crate) use told::Told;
pub(crate) use watch::{Group, Moved, Watch};

use crate::{
    people::{self, People},
    question::KeyValue,
};

/// Members of a set by which it is found: more than twice any k that a rule pack asks for, of towns 20 (see [`Known::close`]).
const FOUND_BY: usize = people::LOWEST;

/// How the names of numbers of different values begin.
pub(crate) const VALUES: &str = "values of ";

/// What has been shown so far, in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    entries: Vec<Entry>,
    families: HashMap<String, Family>,
    /// First numbers of people by who they are.
    who: HashMap<String, usize>,
    tables: Vec<Table>,
    /// Tables by their base.
    bases: HashMap<String, Vec<usize>>,
    /// Tables by the lowest members of their rows.
    first: HashMap<u32, Vec<usize>>,
    /// Names of opaque measures by permit.
    opaque: HashMap<String, BTreeSet<String>>,
    /// Plans of numbers that were hidden because others are shown, by permit.
    hidden: HashMap<String, BTreeSet<String>>,
    /// In how many sets each person is counted: of what runs have shown, not of what one is about to.
    exposures: Exposures,
    /// What a reader learns besides numbers of people and absent rows: of a run that is not yet a block.
    facts: Vec<Fact>,
    /// All that is known of how many people are in which set, as far as it came in blocks.
    told: Told,
    watch: Watch,
}

/// How much is there, to come back to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    pub(crate) entries: usize,
    tables: usize,
    facts: usize,
}

/// What a statistic is compared with: people with people, numbers of values with those of the same column, sums with all sums.
fn family(of: &str) -> &str {
    if of == "people" || of.starts_with(VALUES) { of } else { "sums" }
}

/// A total, and rows of a table that make it up.
#[derive(Debug, Clone)]
pub(crate) struct Completed {
    /// True when the total is a coarser group of the very same question, and a reader sees that rows of it are missing.
    pub(crate) missing: bool,
    /// What the table shows beside numbers of people.
    pub(crate) measures: BTreeSet<String>,
    /// Who is in only one of the two.
    pub(crate) rest: People,
    /// The rows, by their place among the table's, and how many people each has.
    pub(crate) rows: Vec<(usize, u64)>,
}

/// A displayed table, and where to look for rows of it.
#[derive(Debug, Clone)]
struct Table {
    entry: TableEntry,
    /// Rows by their lowest members.
    first: HashMap<u32, Vec<usize>>,
}

/// Places of all entries of one statistic, oldest first, and where to look for one.
#[derive(Debug, Clone, Default)]
struct Family {
    all: Vec<usize>,
    plans: HashMap<String, Vec<usize>>,
    first: HashMap<u32, Vec<usize>>,
    /// Those of few people, by how many: these can be near a set that they have nobody in common with.
    small: BTreeMap<usize, Vec<usize>>,
    /// Those with facilities or households.
    sites: Vec<usize>,
}

impl Known {
    /// Adds what a run shows.
    pub(crate) fn add(&mut self, block: Block) {
        let block = block.detached();
        self.opaque.entry_ref(block.permit.as_str()).or_default().extend(block.opaque().cloned());
        self.hidden.entry_ref(block.permit.as_str()).or_default().extend(block.hidden.iter().cloned());
        self.exposures.add(&block);
        block.entries.iter().filter_map(|e| Some((&e.vector.people, e.behind?))).for_each(|(people, behind)| self.told.add(people, behind));
        for absent in block.tables.iter().map(|t| &t.absent) {
            absent.sets.iter().for_each(|set| self.told.add(set, absent.range()));
        }
        block.facts.iter().for_each(|fact| self.told.add(&fact.people, fact.range));
        block.entries.into_iter().for_each(|e| self.add_entry(e));
        block.tables.into_iter().for_each(|t| self.add_table(t));
        block.watched.into_iter().for_each(|group| self.watch.keep(group));
    }

    /// What is known of how many people are in which set.
    pub(crate) fn told(&self) -> &Told {
        &self.told
    }

    /// Keeps the worlds of a group.
    pub(crate) fn keep(&mut self, group: Group) {
        self.watch.keep(group);
    }

    /// The groups that are watched.
    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Adds something that a reader learns.
    pub(crate) fn add_fact(&mut self, fact: Fact) {
        self.facts.push(fact);
    }

    /// True when a reader knows this of these people already.
    pub(crate) fn has_fact(&self, fact: &Fact) -> bool {
        self.told.has(fact) || self.facts.contains(fact)
    }

    /// All that a reader knows of how many people are in which set, with the plan of what is a number of people: what came before a
    /// mark.
    pub(crate) fn facts_until(&self, mark: Mark) -> impl Iterator<Item = (&People, Range, Option<&str>)> {
        let zero = Mark { entries: 0, tables: 0, facts: 0 };
        self.facts_between(zero, mark)
    }

    /// The same of what came after it.
    pub(crate) fn facts_since(&self, mark: Mark) -> impl Iterator<Item = (&People, Range, Option<&str>)> {
        self.facts_between(mark, self.mark())
    }

    fn facts_between(&self, from: Mark, to: Mark) -> impl Iterator<Item = (&People, Range, Option<&str>)> {
        let entries = self.entries.get(from.entries..to.entries).into_iter().flatten();
        let tables = self.tables.get(from.tables..to.tables).into_iter().flatten();
        let facts = self.facts.get(from.facts..to.facts).into_iter().flatten();
        let shown = entries.filter_map(|e| Some((&e.vector.people, e.behind?, Some(e.plan.as_str()))));
        let absent = tables.flat_map(|t| t.entry.absent.sets.iter().map(|set| (set, t.entry.absent.range(), None)));
        shown.chain(absent).chain(facts.map(|f| (&f.people, f.range, None)))
    }

    /// The same without what came after a mark.
    pub(crate) fn until(self, mark: Mark) -> Self {
        let mut out = Self { facts: self.facts, watch: self.watch, ..Self::default() };
        out.facts.truncate(mark.facts);
        self.entries.into_iter().take(mark.entries).for_each(|e| out.add_entry(e));
        self.tables.into_iter().take(mark.tables).for_each(|t| out.add_table(t.entry));
        out
    }

    /// How many statistics were shown.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds one statistic.
    pub(crate) fn add_entry(&mut self, entry: Entry) {
        let place = self.entries.len();
        if !entry.who.is_empty() {
            self.who.entry_ref(entry.who.as_str()).or_insert(place);
        }
        let family = self.families.entry_ref(family(&entry.of)).or_default();
        family.all.push(place);
        family.plans.entry_ref(entry.plan.as_str()).or_default().push(place);
        for person in entry.vector.people.lowest().iter().take(FOUND_BY) {
            family.first.entry(*person).or_default().push(place);
        }
        if entry.vector.people.len() < FOUND_BY {
            family.small.entry(entry.vector.people.len()).or_default().push(place);
        }
        if !entry.sites.is_empty() {
            family.sites.push(place);
        }
        self.entries.push(entry);
    }

    /// All of it, in the order in which it came.
    pub(crate) fn into_block(self) -> Block {
        let tables = self.tables.into_iter().map(|t| t.entry).collect();
        Block { entries: self.entries, tables, facts: self.facts, watched: self.watch.into_groups(), ..Block::default() }
    }

    /// How often people are counted.
    pub(crate) fn exposures(&self) -> &Exposures {
        &self.exposures
    }

    /// Opaque measures that a permit was shown.
    pub(crate) fn opaque_of(&self, permit: &str) -> Option<&BTreeSet<String>> {
        self.opaque.get(permit)
    }

    /// How many different numbers were hidden from a permit because others were shown.
    pub(crate) fn hidden_from(&self, permit: &str) -> u64 {
        self.hidden.get(permit).map_or(0, |plans| plans.len() as u64)
    }

    /// How many of them there are once this is shown, too.
    pub(crate) fn opaque_with(&self, block: &Block) -> u64 {
        let shown = self.opaque_of(&block.permit).into_iter().flatten();
        shown.chain(block.opaque()).collect::<BTreeSet<_>>().len() as u64
    }

    /// Adds one table.
    pub(crate) fn add_table(&mut self, table: TableEntry) {
        let (place, table) = (self.tables.len(), Table::new(table));
        self.bases.entry_ref(table.entry.base.as_str()).or_default().push(place);
        for person in table.first.keys() {
            self.first.entry(*person).or_default().push(place);
        }
        self.tables.push(table);
    }

    /// Every entry of one statistic, oldest first.
    #[cfg(test)]
    pub(crate) fn of<'a>(&'a self, of: &'a str) -> impl Iterator<Item = (&'a Entry, &'a People)> {
        let places = self.families.get(family(of)).into_iter().flat_map(|f| f.all.iter());
        places.filter_map(|i| self.entries.get(*i)).filter(move |e| e.of == of).map(|e| (e, &e.vector.people))
    }

    /// Every entry of one statistic with this plan, oldest first.
    pub(crate) fn same<'a>(&'a self, of: &'a str, plan: &'a str) -> impl Iterator<Item = &'a Entry> {
        let places = self.families.get(family(of)).and_then(|f| f.plans.get(plan)).into_iter().flatten();
        places.filter_map(|i| self.entries.get(*i)).filter(move |e| e.of == of)
    }

    /// The oldest number of people that are provably these.
    pub(crate) fn same_people(&self, who: &str) -> Option<&Entry> {
        self.entries.get(*self.who.get(who)?)
    }

    /// Every entry that a statistic is compared with, oldest first, whose people and these differ by fewer than `k`; and
    /// those that have facilities or households where `sites` are asked for.
    ///
    /// Of two such sets the `k` lowest members have one in common: of the set whose k-th lowest member is the lower one, all k would
    /// otherwise be missing in the other. Where this one has fewer than `k`, the other has one of them among its k lowest, or none at all
    /// and is as small.
    pub(crate) fn close<'a>(&'a self, of: &str, people: &People, k: u64, sites: bool) -> Vec<&'a Entry> {
        let Some(family) = self.families.get(family(of)) else { return Vec::new() };
        let prefix = usize::try_from(k).unwrap_or(usize::MAX);
        let mut places: Vec<usize> = if prefix > FOUND_BY {
            family.all.clone()
        } else {
            let met = people.lowest().iter().take(prefix).filter_map(|p| family.first.get(p));
            let apart = family.small.range(..prefix.saturating_sub(people.len())).map(|(_, places)| places);
            met.chain(apart).flatten().copied().collect()
        };
        let near = |i: &usize| self.entries.get(*i).is_some_and(|e| people::near(people, &e.vector.people, k));
        places.sort_unstable();
        places.dedup();
        places.retain(near);
        if sites && !family.sites.is_empty() {
            places.extend(&family.sites);
            places.sort_unstable();
            places.dedup();
        }
        places.iter().filter_map(|i| self.entries.get(*i)).collect()
    }

    /// How much is there; see [`Known::completed_by`].
    pub(crate) fn mark(&self) -> Mark {
        Mark { entries: self.entries.len(), tables: self.tables.len(), facts: self.facts.len() }
    }

    /// Earlier tables of which this set is a total over displayed rows, up to fewer than `k` people and not provably all: the total
    /// minus the rows tells of the rest.
    ///
    /// Total and rows then have one of their k lowest members in common, as in [`Known::close`], and that one is among the k lowest
    /// of its row.
    pub(crate) fn completes(&self, total: &People, who: &str, place: &Place, k: u64) -> Vec<Completed> {
        let prefix = usize::try_from(k).unwrap_or(usize::MAX);
        let mut found: Vec<usize> = if prefix > FOUND_BY || total.len() < prefix {
            (0..self.tables.len()).collect()
        } else {
            total.lowest().iter().take(prefix).filter_map(|p| self.first.get(p)).flatten().copied().collect()
        };
        found.sort_unstable();
        found.dedup();
        let whole = |table: &Table, inside: &[&ShownRow]| {
            table.entry.wholes.contains(who) || is_whole(&table.entry, inside.iter().map(|row| &row.key), place)
        };
        let tables = found.iter().filter_map(|i| self.tables.get(*i));
        let of = |table: &Table| {
            let completed = table.adds_up(total, k, |inside| whole(table, inside))?;
            Some(Completed { missing: completed.missing && table.entry.base == place.base, ..completed })
        };
        tables.filter_map(of).collect()
    }

    /// Totals that were shown before `mark` and are, in the same sense, completed by this new table's rows; `whole` says which rows are
    /// provably all of which total.
    pub(crate) fn completed_by<'a>(
        &'a self,
        table: &TableEntry,
        k: u64,
        mark: Mark,
        whole: impl Fn(&[&ShownRow], &Entry) -> bool,
    ) -> Vec<(&'a Entry, Completed)> {
        let Some(family) = self.families.get("people").filter(|_| table.rows.len() > 1) else { return Vec::new() };
        let prefix = usize::try_from(k).unwrap_or(usize::MAX);
        let mut found: Vec<usize> = if prefix > FOUND_BY || table.rows.iter().any(|row| row.people.len() < prefix) {
            family.all.clone()
        } else {
            let lowest = table.rows.iter().flat_map(|row| row.people.lowest().iter().take(prefix));
            lowest.filter_map(|p| family.first.get(p)).flatten().copied().collect()
        };
        found.sort_unstable();
        found.dedup();
        let mut totals = found.iter().filter(|place| **place < mark.entries).filter_map(|place| self.entries.get(*place)).peekable();
        if totals.peek().is_none() {
            return Vec::new();
        }
        let table = Table::new(table.clone());
        let of = |entry: &'a Entry| Some((entry, table.adds_up(&entry.vector.people, k, |inside| whole(inside, entry))?));
        totals.filter_map(of).collect()
    }

    /// True when the very same table was displayed.
    pub(crate) fn has_table(&self, table: &TableEntry) -> bool {
        let same = self.bases.get(&table.base).into_iter().flatten();
        same.filter_map(|i| self.tables.get(*i)).any(|t| t.entry == *table)
    }
}

impl Table {
    fn new(entry: TableEntry) -> Self {
        let mut first: HashMap<u32, Vec<usize>> = HashMap::default();
        for (number, row) in entry.rows.iter().enumerate() {
            row.people.lowest().iter().take(FOUND_BY).for_each(|p| first.entry(*p).or_default().push(number));
        }
        Self { entry, first }
    }

    /// Rows of which fewer than `k` people may be outside the total: of k members of such a row, one is inside. Where the total is
    /// the longer list, all rows.
    fn candidates(&self, total: &People, k: u64) -> Vec<(usize, &ShownRow)> {
        let rows = &self.entry.rows;
        if k > FOUND_BY as u64 || total.len() > FOUND_BY * rows.len() {
            return rows.iter().enumerate().collect();
        }
        let mut found: Vec<usize> = total.sorted().iter().filter_map(|p| self.first.get(p)).flatten().copied().collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter().filter_map(|i| Some((i, rows.get(i)?))).collect()
    }

    /// Whether rows can make up a total at all: of its `k` lowest members one then is among the k lowest of a part (see
    /// [`Known::completes`]). Most tables end here.
    fn begins(&self, total: &People, k: u64, part: impl Fn(&(usize, &ShownRow)) -> bool) -> bool {
        let prefix = usize::try_from(k).unwrap_or(usize::MAX);
        if prefix > FOUND_BY || total.len() < prefix {
            return true;
        }
        let mut met: Vec<usize> = total.lowest().iter().take(prefix).filter_map(|p| self.first.get(p)).flatten().copied().collect();
        met.sort_unstable();
        met.dedup();
        met.into_iter().filter_map(|i| Some((i, self.entry.rows.get(i)?))).any(|row| part(&row))
    }

    /// The rows that make up a total: two or more rows lie in it, (nearly) nobody is in two of them, fewer than `k` people are in only one
    /// of total and rows, and the rows are not provably the whole of the total. A row that is (nearly) the total itself is no part of it:
    /// the near-equal rule sees to that one, and counting it would refuse the same table a second time.
    fn adds_up(&self, total: &People, k: u64, whole: impl Fn(&[&ShownRow]) -> bool) -> Option<Completed> {
        let part = |(_, row): &(usize, &ShownRow)| people::mostly_inside(&row.people, total, k) && !people::near(&row.people, total, k);
        if !self.begins(total, k, part) {
            return None;
        }
        let (places, inside): (Vec<usize>, Vec<&ShownRow>) = self.candidates(total, k).into_iter().filter(part).unzip();
        let memberships: usize = inside.iter().map(|row| row.people.len()).sum();
        // Rows that fall short of the total by k people or more need no union.
        if inside.len() < 2 || (memberships as u64) + k <= total.len() as u64 {
            return None;
        }
        let (union, memberships) = people::union(inside.iter().map(|row| &row.people));
        let disjoint = ((memberships - union.len()) as u64) < k;
        let found = disjoint && people::near(&union, total, k) && !whole(&inside);
        found.then(|| Completed {
            missing: !self.all_rows(&inside),
            measures: self.entry.measures.clone(),
            rest: people::in_one_only(&union, total),
            rows: places.into_iter().zip(&inside).map(|(place, row)| (place, row.people.len() as u64)).collect(),
        })
    }

    /// True when these are all the rows that the table can have with the values that they share.
    fn all_rows(&self, rows: &[&ShownRow]) -> bool {
        let first = rows.first().map_or(&[][..], |row| row.key.as_slice());
        let shared = |i: usize| rows.iter().all(|row| row.key.get(i) == first.get(i));
        let sizes = self.entry.keys.iter().enumerate().filter(|(i, _)| !shared(*i)).map(|(_, (_, size))| *size);
        sizes.into_iter().try_fold(1u64, u64::checked_mul) == Some(rows.len() as u64)
    }
}

/// True when the total is a coarser group of the very same question, and every finer group of it is displayed: then the rest is
/// empty whatever the data are.
pub(crate) fn is_whole<'a>(table: &TableEntry, inside: impl Iterator<Item = &'a Vec<KeyValue>>, place: &Place) -> bool {
    if table.base != place.base || place.keys.iter().any(|(name, _)| !table.keys.iter().any(|(n, _)| n == name)) {
        return false;
    }
    let fixed = |name: &str| place.keys.iter().find(|(n, _)| n == name).map(|(_, v)| v);
    let expected = table.keys.iter().filter(|(name, _)| fixed(name).is_none()).map(|(_, size)| *size).try_fold(1u64, u64::checked_mul);
    let matches = |key: &&Vec<KeyValue>| table.keys.iter().zip(key.iter()).all(|((name, _), value)| fixed(name).is_none_or(|v| v == value));
    let (all, matching) = inside.fold((0u64, 0u64), |(all, matching), key| (all + 1, matching + u64::from(matches(&key))));
    all == matching && Some(matching) == expected
}
