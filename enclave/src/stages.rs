//! One run, stage by stage, beside the same SQL on the same files without any protection. For benchmarks: nothing is recorded,
//! nothing leaves, and the gate starts from an empty ledger.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use datafusion::prelude::{SessionContext, ident};
use visiting_catalog::Listing;
use visiting_policies::{
    Refusal,
    rules::{Municipalities, RuleBook},
    sign,
    terms::{PermitId, Verdict},
};

pub use crate::judge::Stages;
use crate::{
    codes::Codes,
    config::Config,
    engine,
    extract::{Extract, UNIT},
    fault::Fault,
    guest::shelf::{Guests, Shelf},
    judge::{self, Setting},
    keys::GateKeys,
    known::Known,
    roles::RulesInForce,
};

/// An extract opened for measuring.
#[derive(Debug)]
pub struct Bench {
    config: Config,
    keys: GateKeys,
    listings: Vec<Listing>,
    extract: Extract,
    book: RuleBook,
    municipalities: Municipalities,
    runtime: tokio::runtime::Runtime,
}

impl Bench {
    /// Opens the extract of a permit in this home.
    ///
    /// # Errors
    /// When it does not exist.
    pub fn open(config: Config, permit: &PermitId) -> Result<Self, Fault> {
        let listings = visiting_catalog::load().map_err(|e| Fault::Other(e.to_string()))?;
        Self::open_with(config, permit, listings)
    }

    /// The same with listings that are not this process's.
    ///
    /// # Errors
    /// When the extract does not exist.
    pub fn open_with(config: Config, permit: &PermitId, listings: Vec<Listing>) -> Result<Self, Fault> {
        let keys = GateKeys::load(&config)?;
        let extract = Extract::open(&config, &keys, permit)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(crate::config::PARTITIONS).build()?;
        let (book, municipalities) = (RuleBook::default(), Municipalities::synthetic());
        Ok(Self { config, keys, listings, extract, book, municipalities, runtime })
    }

    /// One governed run.
    ///
    /// # Errors
    /// The refusal, or what went wrong.
    pub fn governed(&self, sql: &str) -> Result<Stages, Fault> {
        let mut stages = Stages::default();
        self.runtime.block_on(judge::timed(&self.setting(&Known::default(), &Guests::new()), &mut Shelf::default(), sql, &mut stages))?;
        Ok(stages)
    }

    /// One run on a ledger of earlier ones: the base statistics that these showed, and its stages. `told` hears of each run what the ledger then
    /// holds; one that is refused or held adds nothing.
    ///
    /// # Errors
    /// The refusal, or what went wrong.
    pub fn after(&self, earlier: &[String], sql: &str, mut told: impl FnMut(usize)) -> Result<(usize, Stages), Fault> {
        let (mut known, guests) = (Known::default(), Guests::new());
        for text in earlier {
            match self.runtime.block_on(judge::judge(&self.setting(&known, &guests), &mut Shelf::default(), text)) {
                Ok(judged) if judged.at_first() != Verdict::Hold => known.add(judged.block),
                // What is not shown is not in the ledger.
                Ok(_) | Err(Fault::Refused(_)) => {}
                Err(fault) => return Err(fault),
            }
            told(known.len());
        }
        let mut stages = Stages::default();
        self.runtime.block_on(judge::timed(&self.setting(&known, &guests), &mut Shelf::default(), sql, &mut stages))?;
        Ok((known.len(), stages))
    }

    /// Verdict and CSV of one run on an empty ledger.
    ///
    /// # Errors
    /// The refusal, or what went wrong.
    pub fn judged(&self, sql: &str) -> Result<(Verdict, Vec<u8>), Fault> {
        let (known, guests) = (Known::default(), Guests::new());
        let judged = self.runtime.block_on(judge::judge(&self.setting(&known, &guests), &mut Shelf::default(), sql))?;
        let csv = judged.files.get("table.csv").and_then(|text| sign::from_base64(text)).unwrap_or_default();
        Ok((judged.verdict, csv))
    }

    /// The same for texts that are asked one after another on one ledger; for each that is refused, its refusal.
    ///
    /// # Errors
    /// What went wrong.
    pub fn judged_in_turn(&self, texts: &[String]) -> Result<Vec<Result<(Verdict, Vec<u8>), Refusal>>, Fault> {
        let (mut known, guests) = (Known::default(), Guests::new());
        let mut out = Vec::with_capacity(texts.len());
        for sql in texts {
            out.push(match self.runtime.block_on(judge::judge(&self.setting(&known, &guests), &mut Shelf::default(), sql)) {
                Ok(judged) if judged.at_first() == Verdict::Hold => Ok((Verdict::Hold, Vec::new())),
                Ok(judged) => {
                    known.add(judged.block);
                    let csv = judged.files.get("table.csv").and_then(|text| sign::from_base64(text)).unwrap_or_default();
                    Ok((judged.verdict, csv))
                }
                Err(Fault::Refused(refusal)) => Err(refusal),
                Err(fault) => return Err(Fault::Other(format!("{sql}: {}", fault.in_full()))),
            });
        }
        Ok(out)
    }

    fn setting<'a>(&'a self, known: &'a Known, guests: &'a Guests) -> Setting<'a> {
        Setting {
            config: &self.config,
            extract: &self.extract,
            listings: &self.listings,
            keys: &self.keys,
            known,
            rules: RulesInForce { book: &self.book, municipalities: &self.municipalities },
            guests,
            signatures: BTreeMap::new(),
            codes: Codes::new(),
            held: false,
            auditing: None,
        }
    }

    /// The same SQL as the engine alone runs it, over the same encrypted files. Answers with time and number of rows.
    ///
    /// # Errors
    /// What the engine says.
    pub fn raw(&self, sql: &str) -> Result<(Duration, usize), Fault> {
        let start = Instant::now();
        self.runtime.block_on(async {
            let session = engine::session(&self.config.home.join("scratch"))?;
            self.register(&session).await?;
            let batches = session.sql(sql).await?.collect().await?;
            let rows = batches.iter().map(datafusion::arrow::array::RecordBatch::num_rows).sum();
            Ok((start.elapsed(), rows))
        })
    }

    /// What the engine alone answers, as text: for a peer that works on the same rows.
    ///
    /// # Errors
    /// What the engine says.
    pub fn texts(&self, sql: &str) -> Result<Vec<Vec<String>>, Fault> {
        self.runtime.block_on(async {
            let session = engine::session(&self.config.home.join("scratch"))?;
            self.register(&session).await?;
            engine::texts(session.sql(sql).await?).await
        })
    }

    /// Every value of every table of the extract as text, decrypted and decompressed: for those who look for what must not be there.
    ///
    /// # Errors
    /// What the engine says.
    pub fn values(&self) -> Result<Vec<String>, Fault> {
        self.runtime.block_on(async {
            let session = engine::session(&self.config.home.join("scratch"))?;
            let mut out = Vec::new();
            for name in self.extract.manifest.rows.keys() {
                let rows = engine::read(&session, self.extract.files(name), Some((&self.extract.key, name))).await?;
                out.extend(engine::texts(rows).await?.into_iter().flatten());
            }
            Ok(out)
        })
    }

    async fn register(&self, session: &SessionContext) -> Result<(), Fault> {
        for plan in visiting_catalog::plan(&self.extract.manifest.scope, &self.listings)? {
            let name = format!("{}.{}", plan.listing.id, plan.table.name);
            let rows = engine::read(session, self.extract.files(&name), Some((&self.extract.key, &name))).await?;
            let columns = plan.columns.iter().map(|c| ident(c.name.clone()));
            let view = rows.select(std::iter::once(ident(UNIT).alias(&plan.table.person)).chain(columns).collect::<Vec<_>>())?.into_view();
            session.register_table(plan.table.name.as_str(), view)?;
        }
        Ok(())
    }

    /// Where the extract's files are.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.config.home
    }
}
