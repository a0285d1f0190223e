//! The release ledger: everything ever shown, for all permits, with who contributed what. Check-and-append is one transaction;
//! nothing is ever taken out. Blocks are sealed at rest and chained by digest; the record holds the chain's head.
//!
//! Contributions are kept exactly (decision 0005), so "differs by fewer than k people" is decided, not estimated.

use std::{collections::BTreeMap, time::Duration};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde::{Deserialize, Serialize};
use visiting_policies::{
    handover::{LedgerHead, RunReport},
    sign,
    terms::RunId,
};

use crate::{
    fault::Fault,
    keys::Key,
    known::{Block, Known},
};

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

/// How long one process waits while another appends: a block of a large table takes seconds to write.
const BUSY: Duration = Duration::from_secs(60);

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS block (number INTEGER PRIMARY KEY, digest TEXT NOT NULL, sealed BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS attempt (run TEXT PRIMARY KEY, times INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS outbox (run TEXT PRIMARY KEY, block INTEGER, sealed BLOB NOT NULL);
";

fn chained(previous: &str, block: &[u8]) -> String {
    sign::digest(&[previous.as_bytes(), b"\n", block].concat())
}

impl Ledger {
    /// Opens the ledger and checks its chain.
    pub(crate) fn open(path: &std::path::Path, key: Key) -> Result<Self, Fault> {
        let store = Connection::open(path)?;
        store.busy_timeout(BUSY)?;
        store.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")?;
        store.execute_batch(SCHEMA)?;
        let head = LedgerHead { entries: 0, digest: sign::digest(b"visiting ledger v1") };
        let mut ledger = Self { store, key, digests: vec![head.digest.clone()], head, known: Known::default() };
        ledger.replay()?;
        Ok(ledger)
    }

    /// Takes in what the store has more: all of it at first, and later what another process appended.
    pub(crate) fn replay(&mut self) -> Result<(), Fault> {
        let after = i64::try_from(self.head.entries).unwrap_or(i64::MAX);
        let mut blocks = self.store.prepare("SELECT digest, sealed FROM block WHERE number > ?1 ORDER BY number")?;
        let rows =
            blocks.query_map([after], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?)))?.collect::<Result<Vec<_>, _>>()?;
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

    /// What had been shown when the chain had `entries` blocks.
    pub(crate) fn known_at(&self, entries: u64) -> Result<Known, Fault> {
        let until = i64::try_from(entries).unwrap_or(i64::MAX);
        let mut blocks = self.store.prepare("SELECT sealed FROM block WHERE number <= ?1 ORDER BY number")?;
        let sealed = blocks.query_map([until], |row| row.get::<_, Vec<u8>>(0))?.collect::<Result<Vec<_>, _>>()?;
        let mut known = Known::default();
        for block in sealed {
            known.add(serde_json::from_slice(&self.key.open("block", &block)?)?);
        }
        Ok(known)
    }

    fn advance(&mut self, digest: String, block: Block) {
        self.head = LedgerHead { entries: self.head.entries + 1, digest: digest.clone() };
        self.digests.push(digest);
        self.known.add(block);
    }

    /// Where the chain stands.
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
    /// The report is made with the head that it will name. False, and nothing done, when the run was judged before something that
    /// another process has appended: two runs that are safe apart may not be so together.
    pub(crate) fn append(&mut self, run: &RunId, block: Block, verdict: impl FnOnce(LedgerHead) -> Pending) -> Result<bool, Fault> {
        let plain = serde_json::to_vec(&block)?;
        let grows = !block.is_empty();
        let digest = chained(&self.head.digest, &plain);
        let head = if grows { LedgerHead { entries: self.head.entries + 1, digest: digest.clone() } } else { self.head.clone() };
        let pending = verdict(head.clone());
        let sealed = self.key.seal("outbox", &serde_json::to_vec(&pending)?)?;
        let number = i64::try_from(head.entries).unwrap_or(i64::MAX);
        let transaction = self.store.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let last: i64 = transaction.query_row("SELECT coalesce(max(number), 0) FROM block", [], |r| r.get(0))?;
        if u64::try_from(last).unwrap_or(u64::MAX) != self.head.entries {
            return Ok(false);
        }
        if grows {
            transaction.execute("INSERT INTO block VALUES (?1, ?2, ?3)", params![number, digest, self.key.seal("block", &plain)?])?;
        }
        transaction.execute("INSERT INTO outbox VALUES (?1, ?2, ?3)", params![run.as_str(), grows.then_some(number), sealed])?;
        transaction.commit()?;
        if grows {
            self.advance(digest, block);
        }
        Ok(true)
    }

    /// Counts, durably, that a run is begun; answers with how often it was.
    pub(crate) fn attempt(&self, run: &str) -> Result<u64, Fault> {
        let sql = "INSERT INTO attempt VALUES (?1, 1) ON CONFLICT (run) DO UPDATE SET times = times + 1 RETURNING times";
        let times: i64 = self.store.query_row(sql, [run], |r| r.get(0))?;
        Ok(u64::try_from(times).unwrap_or(u64::MAX))
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
        self.store.execute("DELETE FROM attempt WHERE run = ?1", [run])?;
        self.store.execute("DELETE FROM outbox WHERE run = ?1", [run])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        known::{Entry, Place},
        people::Vector,
    };

    fn line(n: u32) -> Vector {
        Vector::new((0..n).map(|i| (i, i128::from(i * i % 97))).collect())
    }

    #[test]
    fn the_chain_is_kept_and_a_foreign_head_is_not_continued() {
        let path = std::env::temp_dir().join(format!("ledger-{}.sqlite", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let key = Key::generate().unwrap();
        let entry = Entry {
            plan: "p".into(),
            who: String::new(),
            of: "people".into(),
            shown: "people".into(),
            value: "10".into(),
            behind: None,
            vector: line(12),
            rows: None,
            place: Place { base: "p".into(), keys: Vec::new() },
            sites: Vec::new(),
        };
        let run: RunId = "run_a".parse().unwrap();
        let head = {
            let mut ledger = Ledger::open(&path, key.clone()).unwrap();
            let pending = |head: LedgerHead| Pending {
                report: RunReport {
                    run: "run_a".parse().unwrap(),
                    index: 0,
                    judged_by: 0,
                    verdict: visiting_policies::terms::Verdict::Release,
                    refusal: None,
                    files: Vec::new(),
                    ledger: head,
                    rules: BTreeMap::new(),
                    spent: visiting_policies::budget::Spent::default(),
                    held: None,
                },
                files: BTreeMap::new(),
            };
            assert!(ledger.append(&run, Block { entries: vec![entry.clone()], ..Block::default() }, pending).unwrap());
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
