//! The release ledger: everything ever shown, for all permits, with who contributed what. Check-and-append is one transaction;
//! nothing is ever taken out. Blocks are sealed at rest and chained by digest; the record holds the chain's head.
//!
//! Contributions are kept exactly (decision 0005), so "differs by fewer than k people" is decided, not estimated.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use visiting_policies::{
    handover::{LedgerHead, RunReport},
    sign,
    terms::RunId,
};

use crate::{
    fault::Fault,
    keys::Key,
    people::{self, People, Vector},
};

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

/// A verdict on its way to the record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// The report.
    pub(crate) report: RunReport,
    /// Files by name; empty for a refusal.
    pub(crate) files: BTreeMap<String, String>,
}

/// The ledger and, in the same database, the outbox: verdicts that have not left yet.
#[derive(Debug)]
pub(crate) struct Ledger {
    store: Connection,
    key: Key,
    head: LedgerHead,
    digests: Vec<String>,
    known: Known,
}

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS block (number INTEGER PRIMARY KEY, digest TEXT NOT NULL, sealed BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS outbox (run TEXT PRIMARY KEY, block INTEGER, sealed BLOB NOT NULL);
";

fn chained(previous: &str, block: &[u8]) -> String {
    sign::digest(&[previous.as_bytes(), b"\n", block].concat())
}

impl Ledger {
    /// Opens the ledger and checks its chain.
    pub(crate) fn open(path: &std::path::Path, key: Key) -> Result<Self, Fault> {
        let store = Connection::open(path)?;
        store.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")?;
        store.execute_batch(SCHEMA)?;
        let head = LedgerHead { entries: 0, digest: sign::digest(b"visiting ledger v1") };
        let mut ledger = Self { store, key, digests: vec![head.digest.clone()], head, known: Known::default() };
        ledger.replay()?;
        Ok(ledger)
    }

    fn replay(&mut self) -> Result<(), Fault> {
        let mut blocks = self.store.prepare("SELECT digest, sealed FROM block ORDER BY number")?;
        let rows = blocks.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?)))?.collect::<Result<Vec<_>, _>>()?;
        drop(blocks);
        for (digest, sealed) in rows {
            let plain = self.key.open("block", &sealed)?;
            if chained(&self.head.digest, &plain) != digest {
                return Err(Fault::Other("the ledger's chain is broken: restore it whole, or stop".to_owned()));
            }
            self.advance(digest, serde_json::from_slice(&plain)?);
        }
        Ok(())
    }

    fn advance(&mut self, digest: String, block: Block) {
        self.head = LedgerHead { entries: self.head.entries + 1, digest: digest.clone() };
        self.digests.push(digest);
        self.known.add(block);
    }

    /// Where the chain stands.
    #[cfg(test)]
    pub(crate) fn head(&self) -> &LedgerHead {
        &self.head
    }

    /// What has been shown.
    pub(crate) fn known(&self) -> &Known {
        &self.known
    }

    /// True when `head` is a point of this chain and everything after it is still in the outbox: a rolled-back or foreign
    /// ledger is neither.
    pub(crate) fn continues(&self, head: Option<&LedgerHead>) -> Result<bool, Fault> {
        let (entries, digest) = head.map_or((0, None), |h| (h.entries, Some(&h.digest)));
        let at = usize::try_from(entries).ok().and_then(|i| self.digests.get(i));
        let after = i64::try_from(entries).unwrap_or(i64::MAX);
        let waiting: i64 =
            self.store.query_row("SELECT count(*) FROM outbox WHERE block IS NOT NULL AND block > ?1", [after], |r| r.get(0))?;
        let waiting = u64::try_from(waiting).unwrap_or(0);
        Ok(digest.is_none_or(|d| at == Some(d)) && waiting >= self.head.entries.saturating_sub(entries))
    }

    /// Appends a run's block and its verdict in one transaction: after this the verdict will reach the record, crash or not.
    /// The report is made with the head that it will name.
    pub(crate) fn append(&mut self, run: &RunId, block: Block, verdict: impl FnOnce(LedgerHead) -> Pending) -> Result<Pending, Fault> {
        let plain = serde_json::to_vec(&block)?;
        let grows = !block.is_empty();
        let digest = chained(&self.head.digest, &plain);
        let head = if grows { LedgerHead { entries: self.head.entries + 1, digest: digest.clone() } } else { self.head.clone() };
        let pending = verdict(head.clone());
        let sealed = self.key.seal("outbox", &serde_json::to_vec(&pending)?)?;
        let number = i64::try_from(head.entries).unwrap_or(i64::MAX);
        let transaction = self.store.transaction()?;
        if grows {
            transaction.execute("INSERT INTO block VALUES (?1, ?2, ?3)", params![number, digest, self.key.seal("block", &plain)?])?;
        }
        transaction.execute("INSERT INTO outbox VALUES (?1, ?2, ?3)", params![run.as_str(), grows.then_some(number), sealed])?;
        transaction.commit()?;
        if grows {
            self.advance(digest, block);
        }
        Ok(pending)
    }

    /// Replaces a waiting verdict by another; its block stays.
    pub(crate) fn replace(&mut self, run: &RunId, pending: &Pending) -> Result<(), Fault> {
        let sealed = self.key.seal("outbox", &serde_json::to_vec(pending)?)?;
        self.store.execute("UPDATE outbox SET sealed = ?2 WHERE run = ?1", params![run.as_str(), sealed])?;
        Ok(())
    }

    /// The waiting verdict of a run.
    pub(crate) fn waiting(&self, run: &RunId) -> Result<Option<Pending>, Fault> {
        let sealed: Option<Vec<u8>> =
            self.store.query_row("SELECT sealed FROM outbox WHERE run = ?1", [run.as_str()], |r| r.get(0)).optional()?;
        sealed.map(|s| Ok(serde_json::from_slice(&self.key.open("outbox", &s)?)?)).transpose()
    }

    /// Runs whose verdict has not left.
    pub(crate) fn outbox(&self) -> Result<Vec<String>, Fault> {
        let mut rows = self.store.prepare("SELECT run FROM outbox ORDER BY block, run")?;
        Ok(rows.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?)
    }

    /// Forgets a verdict that has left.
    pub(crate) fn left(&self, run: &str) -> Result<(), Fault> {
        self.store.execute("DELETE FROM outbox WHERE run = ?1", [run])?;
        Ok(())
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
    let (mut i, mut j) = (a.iter().peekable(), b.iter().peekable());
    while apart < k {
        match (i.peek(), j.peek()) {
            (Some((p, x)), Some((q, y))) if p == q => {
                both.push((*x, *y));
                i.next();
                j.next();
            }
            (Some((p, _)), Some((q, _))) if p < q => {
                i.next();
                apart += 1;
            }
            (_, Some(_)) => {
                j.next();
                apart += 1;
            }
            (Some(_), None) => {
                i.next();
                apart += 1;
            }
            (None, None) => return fits(&mut both, apart, k),
        }
    }
    false
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

    #[test]
    fn the_chain_is_kept_and_a_foreign_head_is_not_continued() {
        let path = std::env::temp_dir().join(format!("ledger-{}.sqlite", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let key = Key::generate().unwrap();
        let entry = Entry {
            plan: "p".into(),
            of: "people".into(),
            shown: "people".into(),
            value: "10".into(),
            vector: line(12),
            place: Place { base: "p".into(), keys: Vec::new() },
            facilities: Vec::new(),
        };
        let run: RunId = "run_a".parse().unwrap();
        let head = {
            let mut ledger = Ledger::open(&path, key.clone()).unwrap();
            let pending = |head: LedgerHead| Pending {
                report: RunReport {
                    run: "run_a".parse().unwrap(),
                    index: 0,
                    verdict: visiting_policies::terms::Verdict::Release,
                    refusal: None,
                    files: Vec::new(),
                    ledger: head,
                    rules: BTreeMap::new(),
                },
                files: BTreeMap::new(),
            };
            ledger.append(&run, Block { entries: vec![entry.clone()], table: None }, pending).unwrap();
            ledger.head().clone()
        };
        let ledger = Ledger::open(&path, key.clone()).unwrap();
        assert_eq!(ledger.head(), &head);
        assert_eq!(ledger.known().of("people").count(), 1);
        assert!(ledger.continues(None).unwrap() && ledger.continues(Some(&head)).unwrap());
        let rolled_back = LedgerHead { entries: 2, digest: head.digest.clone() };
        assert!(!ledger.continues(Some(&rolled_back)).unwrap());
        ledger.left("run_a").unwrap();
        assert!(!ledger.continues(None).unwrap(), "a block that is neither recorded nor waiting is foreign");
        assert!(Ledger::open(&path, Key::generate().unwrap()).is_err());
        std::fs::remove_file(&path).unwrap();
    }
}
