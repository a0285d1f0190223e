//! Ordinals: the small numbers that stand for people, facilities and households inside the vault.

use std::path::Path;

use ring::rand::{SecureRandom, SystemRandom};
use rusqlite::{Connection, OptionalExtension, Statement, ToSql, TransactionBehavior, params};

use visiting_policies::disclosure::Site;

use crate::fault::Fault;

/// Ordinals are below this: room for twice the people of Japan, and bitmaps of them stay small.
const ORDINAL_END: u32 = 1 << 28;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS people (token TEXT PRIMARY KEY, ordinal INTEGER NOT NULL UNIQUE) WITHOUT ROWID, STRICT;
    CREATE TABLE IF NOT EXISTS facilities (listing TEXT, facility TEXT, ordinal INTEGER NOT NULL UNIQUE, PRIMARY KEY (listing, facility)) WITHOUT ROWID, STRICT;
    CREATE TABLE IF NOT EXISTS households (listing TEXT, household TEXT, ordinal INTEGER NOT NULL UNIQUE, PRIMARY KEY (listing, household)) WITHOUT ROWID, STRICT;
";

/// Who has which ordinal. Ordinals are drawn at random: their order must say nothing about the source's order.
#[derive(Debug)]
pub struct Ordinals {
    store: Connection,
    random: SystemRandom,
}

impl Ordinals {
    /// The database at `path`; made where it is missing.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(crate) fn open(path: &Path) -> Result<Self, Fault> {
        let store = Connection::open(path)?;
        store.busy_timeout(std::time::Duration::from_secs(10))?;
        store.execute_batch(SCHEMA)?;
        Ok(Self { store, random: SystemRandom::new() })
    }

    /// Ordinals of people by token, in their order; new ones are drawn. One transaction.
    ///
    /// # Errors
    /// When the database fails; then none is assigned.
    pub fn people(&mut self, tokens: &[String]) -> Result<Vec<u32>, Fault> {
        let transaction = self.store.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut out = Vec::with_capacity(tokens.len());
        {
            let mut select = transaction.prepare_cached("SELECT ordinal FROM people WHERE token = ?1")?;
            let mut insert = transaction.prepare_cached("INSERT OR IGNORE INTO people VALUES (?2, ?1)")?;
            for token in tokens {
                out.push(known_or_drawn(&self.random, &mut select, &mut insert, &[token])?);
            }
        }
        transaction.commit()?;
        Ok(out)
    }

    /// Ordinals of a listing's facilities or households, in their order; new ones are drawn. One transaction.
    ///
    /// # Errors
    /// When the database fails; then none is assigned.
    pub fn sites(&mut self, site: Site, listing: &str, names: &[String]) -> Result<Vec<u32>, Fault> {
        let (select, insert) = match site {
            Site::Facility => (
                "SELECT ordinal FROM facilities WHERE listing = ?1 AND facility = ?2",
                "INSERT OR IGNORE INTO facilities VALUES (?2, ?3, ?1)",
            ),
            Site::Household => (
                "SELECT ordinal FROM households WHERE listing = ?1 AND household = ?2",
                "INSERT OR IGNORE INTO households VALUES (?2, ?3, ?1)",
            ),
        };
        let transaction = self.store.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut out = Vec::with_capacity(names.len());
        {
            let mut select = transaction.prepare_cached(select)?;
            let mut insert = transaction.prepare_cached(insert)?;
            for name in names {
                out.push(known_or_drawn(&self.random, &mut select, &mut insert, &[&listing, name])?);
            }
        }
        transaction.commit()?;
        Ok(out)
    }

    /// Tokens of people by ordinal, in their order.
    ///
    /// # Errors
    /// When an ordinal is nobody's, or the database fails.
    pub fn tokens(&self, ordinals: &[u32]) -> Result<Vec<String>, Fault> {
        let mut select = self.store.prepare_cached("SELECT token FROM people WHERE ordinal = ?1")?;
        let token = |ordinal: &u32| Ok(select.query_row(params![ordinal], |row| row.get(0))?);
        ordinals.iter().map(token).collect()
    }
}

/// The ordinal of `key`. A drawn number may be taken by somebody else; then the insert changes nothing and another is drawn.
fn known_or_drawn(random: &SystemRandom, select: &mut Statement<'_>, insert: &mut Statement<'_>, key: &[&dyn ToSql]) -> Result<u32, Fault> {
    if let Some(ordinal) = select.query_row(key, |row| row.get(0)).optional()? {
        return Ok(ordinal);
    }
    loop {
        let mut bytes = [0u8; 4];
        random.fill(&mut bytes).map_err(|_| Fault::Other("no randomness from the system".to_owned()))?;
        let ordinal = u32::from_le_bytes(bytes) % ORDINAL_END;
        let ordinal_first: Vec<&dyn ToSql> = std::iter::once(&ordinal as &dyn ToSql).chain(key.iter().copied()).collect();
        if insert.execute(ordinal_first.as_slice())? == 1 {
            return Ok(ordinal);
        }
    }
}
