//! The synthetic twin: tables like those of a permit, made from the listings alone. No data are read, so what is judged on it tells
//! nothing of anybody; the code that judges is the very same, so a text that is refused on its plan is refused here in the same words.

mod draw;
mod generate;
#[cfg(test)]
mod tests;
mod trial;
mod twins;
mod write;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use visiting_catalog::Listing;
use visiting_policies::{
    Refusal, sign,
    terms::{Scope, Verdict},
};

pub use self::trial::{Real, Trial};
pub(crate) use self::twins::Twins;
use crate::{
    codes::Codes,
    config::Config,
    engine,
    extract::Extract,
    fault::Fault,
    guest::shelf::{Guests, Shelf},
    judge::{self, Judged, Setting},
    keys::GateKeys,
    known::{Block, Known},
    plan::Signature,
    roles::RulesInForce,
};

/// People of a twin: tables with shown and with masked cells, and less than a second to make.
pub const PEOPLE: u32 = 20_000;

/// The seed of every twin: two people who try the same text see the same table.
pub const SEED: u64 = 1;

/// What is known of an extract without its data: what a twin is made from.
#[derive(Debug, Clone)]
pub struct Model {
    /// Tables, columns and months.
    pub scope: Scope,
    /// Data version by listing.
    pub versions: BTreeMap<String, u64>,
    /// Magnitude of each table's rows, by `listing.table`, where it is known: plans may be refused by it.
    pub rows: BTreeMap<String, u64>,
}

/// What came of a text on a twin. Its table is made up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// What the exit gate says on these data.
    pub verdict: Verdict,
    /// Why, for a refusal.
    pub refusal: Option<Refusal>,
    /// The synthetic table as CSV.
    pub table: Option<String>,
}

impl Tried {
    /// A refusal.
    pub(crate) fn refused(refusal: Refusal) -> Self {
        Self { verdict: Verdict::Refuse, refusal: Some(refusal.for_the_record()), table: None }
    }

    /// True when the text was refused before any row was looked at.
    #[must_use]
    pub fn refused_on_plan(&self) -> bool {
        self.refusal.as_ref().is_some_and(|refusal| !refusal.code.follows_data())
    }

    /// What the gate said, and what the ledger would learn.
    fn of(judged: Result<Judged, Fault>) -> Result<(Self, Block), Fault> {
        let judged = match judged {
            Err(Fault::Refused(refusal)) => return Ok((Self::refused(refusal), Block::default())),
            other => other?,
        };
        let csv = judged.files.get("table.csv").and_then(|text| sign::from_base64(text)).and_then(|bytes| String::from_utf8(bytes).ok());
        let verdict = judged.at_first();
        let block = if verdict == Verdict::Hold { Block::default() } else { judged.block };
        Ok((Self { verdict, refusal: judged.refusal.map(Refusal::for_the_record), table: csv }, block))
    }
}

/// A permit's twin, opened. Its folder goes with it.
#[derive(Debug)]
pub(crate) struct Twin {
    config: Config,
    keys: GateKeys,
    extract: Extract,
}

impl Twin {
    /// Makes the twin of a model in a folder of its own.
    pub(crate) fn make(folder: PathBuf, model: &Model, listings: &[Listing], people: u32, seed: u64) -> Result<Self, Fault> {
        let plans = visiting_catalog::plan(&model.scope, listings)?;
        let keys = GateKeys::throw_away()?;
        // No door and no linkage unit: a twin reaches nothing.
        let config = Config { home: folder, linkage: PathBuf::new(), gateway: String::new(), jail: visiting_worker::Layers::ALL };
        let extract = write::write(&config.home.join("extract"), model, &plans, people, seed)?;
        Ok(Self { config, keys, extract })
    }

    async fn rows(&self, table: &str, columns: &[&str]) -> Result<Vec<Vec<String>>, Fault> {
        let session = engine::session(&self.config.home.join("scratch"))?;
        let all = engine::read(&session, self.extract.files(table), Some((&self.extract.key, table))).await?;
        engine::texts(all.select_columns(columns)?).await
    }

    /// Judges a text on the twin, beside what `known` says was shown before.
    pub(crate) async fn judge(
        &self,
        (listings, rules): (&[Listing], RulesInForce<'_>),
        known: &Known,
        shelf: &mut Shelf,
        named: (&Guests, BTreeMap<String, Signature>, Codes),
        sql: &str,
    ) -> Result<(Tried, Block), Fault> {
        let (guests, signatures, codes) = named;
        let Self { config, keys, extract } = self;
        let setting = Setting { config, extract, listings, keys, known, rules, guests, signatures, codes, held: false, auditing: None };
        Tried::of(judge::judge(&setting, shelf, sql).await)
    }

    /// Reads and types a text as a run does, up to everything that the rules say of its plan; runs nothing.
    pub(crate) fn accepts(&self, (listings, rules): (&[Listing], RulesInForce<'_>), known: &Known, sql: &str) -> Result<(), Fault> {
        let Self { config, keys, extract } = self;
        let guests = Guests::new();
        let (signatures, codes) = (BTreeMap::new(), Codes::new());
        let setting =
            Setting { config, extract, listings, keys, known, rules, guests: &guests, signatures, codes, held: false, auditing: None };
        judge::accepted(&setting, &mut Shelf::default(), sql).map(|_| ())
    }

    /// Where its files are.
    pub(crate) fn folder(&self) -> &Path {
        &self.config.home
    }
}

impl Drop for Twin {
    fn drop(&mut self) {
        // Nothing in it is worth keeping or hiding.
        let _ = std::fs::remove_dir_all(self.folder());
    }
}
