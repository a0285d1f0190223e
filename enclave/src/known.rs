//! What has been shown, as the gate asks for it: statistics that differ from a new one for fewer than k people, and totals that a
//! table's rows complete. Pure; the store is `ledger`.

use itertools::{EitherOrBoth, Itertools as _};
use serde::{Deserialize, Serialize};

use crate::people::{self, People, Vector};

/// One released base statistic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Canonical plan with the data versions.
    pub(crate) plan: String,
    /// `people`, `rows`, or the measure's full name.
    pub(crate) of: String,
    /// How it is shown: `people`, `sum` or `mean`.
    pub(crate) shown: String,
    /// What was shown.
    pub(crate) value: String,
    /// Contributions; for people, 1 each.
    #[serde(with = "people::packed")]
    pub(crate) vector: Vector,
    /// Which rows.
    pub(crate) place: Place,
    /// Rows by facility, per protected facility column.
    pub(crate) facilities: Vec<(String, Vec<(u32, i128)>)>,
}

/// Which rows a shown set is: the question without keys, and the key values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Canonical plan without keys, with the data versions.
    pub(crate) base: String,
    /// Key columns with this row's values.
    pub(crate) keys: Vec<(String, i64)>,
}

/// One displayed table as a whole, for the complement test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TableEntry {
    /// Canonical plan of its rows without keys, with the data versions.
    pub(crate) base: String,
    /// Key columns with the number of values in their domains.
    pub(crate) keys: Vec<(String, u64)>,
    /// Displayed rows: key values and people.
    pub(crate) rows: Vec<ShownRow>,
}

/// One displayed row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ShownRow {
    /// Key values, in the order of the table's keys.
    pub(crate) key: Vec<i64>,
    /// Everyone in it.
    #[serde(with = "people::packed_people")]
    pub(crate) people: People,
}

/// What one run adds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Block {
    /// Base statistics.
    pub(crate) entries: Vec<Entry>,
    /// The displayed table.
    pub(crate) table: Option<TableEntry>,
}

impl Block {
    /// True when nothing is added.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.table.is_none()
    }
}

/// What has been shown so far, in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    entries: Vec<(Entry, People)>,
    tables: Vec<TableEntry>,
}

impl Known {
    /// Adds what a run shows.
    pub(crate) fn add(&mut self, block: Block) {
        block.entries.into_iter().for_each(|e| self.add_entry(e));
        self.tables.extend(block.table);
    }

    /// Adds one statistic.
    pub(crate) fn add_entry(&mut self, entry: Entry) {
        let people = entry.vector.iter().map(|(p, _)| *p).collect();
        self.entries.push((entry, people));
    }

    /// Every entry of one statistic, oldest first.
    pub(crate) fn of<'a>(&'a self, of: &'a str) -> impl Iterator<Item = (&'a Entry, &'a People)> {
        self.entries.iter().filter(move |(e, _)| e.of == of).map(|(e, s)| (e, s))
    }

    /// True when this set is a total over displayed rows of an earlier table, up to fewer than `k` people and not provably all:
    /// the total minus the rows would single them out.
    pub(crate) fn completes(&self, total: &[u32], place: &Place, k: u64) -> bool {
        self.tables.iter().any(|table| adds_up(table, total, place, k))
    }

    /// True when a shown total is, in the same sense, completed by this new table's rows.
    pub(crate) fn completed_by(&self, table: &TableEntry, k: u64) -> bool {
        self.of("people").any(|(entry, total)| adds_up(table, total, &entry.place, k))
    }

    /// True when the very same table was displayed.
    pub(crate) fn has_table(&self, table: &TableEntry) -> bool {
        self.tables.contains(table)
    }
}

/// True when two or more rows lie in the total, (nearly) nobody is in two of them, fewer than `k` people are in only one of total
/// and rows, and the rows are not provably the whole of the total. A row that is (nearly) the total itself is no part of it: the
/// near-equal rule sees to that one, and counting it would refuse the same table a second time.
fn adds_up(table: &TableEntry, total: &[u32], place: &Place, k: u64) -> bool {
    let part = |row: &&ShownRow| people::mostly_inside(&row.people, total, k) && !people::near(&row.people, total, k);
    let inside: Vec<&ShownRow> = table.rows.iter().filter(part).collect();
    let memberships: usize = inside.iter().map(|row| row.people.len()).sum();
    // Rows that fall short of the total by k people or more need no union.
    if inside.len() < 2 || (memberships as u64) + k <= total.len() as u64 {
        return false;
    }
    let (union, memberships) = people::union(inside.iter().map(|row| &row.people));
    let disjoint = ((memberships - union.len()) as u64) < k;
    disjoint && people::near(&union, total, k) && !is_whole(table, inside.iter().map(|row| &row.key), place)
}

/// True when the total is a coarser group of the very same question, and every finer group of it is displayed: then the rest is
/// empty whatever the data are.
fn is_whole<'a>(table: &TableEntry, inside: impl Iterator<Item = &'a Vec<i64>>, place: &Place) -> bool {
    if table.base != place.base || place.keys.iter().any(|(name, _)| !table.keys.iter().any(|(n, _)| n == name)) {
        return false;
    }
    let fixed = |name: &str| place.keys.iter().find(|(n, _)| n == name).map(|(_, v)| *v);
    let expected = table.keys.iter().filter(|(name, _)| fixed(name).is_none()).map(|(_, size)| *size).try_fold(1u64, u64::checked_mul);
    let matches = |key: &&Vec<i64>| table.keys.iter().zip(key.iter()).all(|((name, _), value)| fixed(name).is_none_or(|v| v == *value));
    let (all, matching) = inside.fold((0u64, 0u64), |(all, matching), key| (all + 1, matching + u64::from(matches(&key))));
    all == matching && Some(matching) == expected
}

/// True when two vectors, or an affine image of one of them, differ for fewer than `k` of their people.
pub(crate) fn near(a: &[(u32, i128)], b: &[(u32, i128)], k: u64) -> bool {
    let (mut both, mut apart) = (Vec::new(), 0u64);
    for person in a.iter().merge_join_by(b, |(p, _), (q, _)| p.cmp(q)) {
        match person {
            EitherOrBoth::Both((_, x), (_, y)) => both.push((*x, *y)),
            _ => apart += 1,
        }
        if apart >= k {
            return false;
        }
    }
    fits(&mut both, apart, k)
}

/// True when `y = x`, or `y = ax + b` for some a and b, for all but fewer than `k - apart` pairs. Fewer than k people spoil fewer
/// than k of k disjoint pairs, so one of k pairs shows the right line if there is one.
fn fits(both: &mut [(i128, i128)], apart: u64, k: u64) -> bool {
    let off = |wrong: &dyn Fn(&(i128, i128)) -> bool| {
        both.iter().filter(|p| wrong(p)).take(usize::try_from(k - apart).unwrap_or(1)).count() as u64 + apart < k
    };
    if off(&|(x, y)| x != y) {
        return true;
    }
    both.sort_unstable();
    let (low, high) = both.split_at(both.len() / 2);
    let lines = low.iter().zip(high).filter(|(p, q)| p.0 != q.0).take(usize::try_from(k).unwrap_or(0));
    for ((x0, y0), (x1, y1)) in lines {
        let (dx, dy) = (x1 - x0, y1 - y0);
        let on_line = |(x, y): &(i128, i128)| dx.checked_mul(y - y0).is_some_and(|left| dy.checked_mul(x - x0) == Some(left));
        let wrong = both.iter().filter(|p| !on_line(p)).take(usize::try_from(k - apart).unwrap_or(1)).count() as u64;
        if dy != 0 && wrong + apart < k {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(n: u32) -> Vector {
        (0..n).map(|i| (i, i128::from(i * i % 97))).collect()
    }

    #[test]
    fn nine_people_apart_is_near_and_ten_is_not() {
        let a = line(200);
        for (changed, expected) in [(0, true), (1, true), (9, true), (10, false), (40, false)] {
            let b: Vector = a.iter().map(|(p, y)| (*p, if *p < changed { y + 1000 + i128::from(*p) * 7919 } else { *y })).collect();
            assert_eq!(near(&a, &b, 10), expected, "{changed} changed");
            let affine: Vector = b.iter().map(|(p, y)| (*p, 3 * y + 7)).collect();
            assert_eq!(near(&a, &affine, 10), expected, "{changed} changed, 3y+7");
        }
    }

    #[test]
    fn missing_people_count_as_apart() {
        let a = line(200);
        assert!(near(&a, &a[..195], 10));
        assert!(!near(&a, &a[..190], 10));
    }
}
