//! One run, stage by stage, beside the same SQL on the same files without any protection. For benchmarks: nothing is recorded,
//! nothing leaves, and the gate starts from an empty ledger.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use datafusion::{
    arrow::util::display::array_value_to_string,
    prelude::{SessionContext, ident},
};
use visiting_catalog::Listing;
use visiting_policies::{
    rules::{Municipalities, RuleBook},
    terms::PermitId,
};

use crate::{
    bound::Guests,
    config::Config,
    engine,
    extract::{Extract, UNIT},
    fault::Fault,
    gate, judge,
    keys::GateKeys,
    known::Known,
    output,
    query::{self, PermitSchema},
    roles::RulesInForce,
};

/// How long each stage of a governed run took.
#[derive(Debug, Clone, Copy)]
pub struct Stages {
    /// Reading the SQL and planning.
    pub plan: Duration,
    /// Scanning, joining and gathering evidence.
    pub evidence: Duration,
    /// Judging every cell.
    pub gate: Duration,
    /// Writing CSV and Parquet.
    pub files: Duration,
}

impl Stages {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.plan + self.evidence + self.gate + self.files
    }
}

/// An extract opened for measuring.
#[derive(Debug)]
pub struct Bench {
    config: Config,
    keys: GateKeys,
    listings: Vec<Listing>,
    extract: Extract,
    runtime: tokio::runtime::Runtime,
}

impl Bench {
    /// Opens the extract of a permit in this home.
    ///
    /// # Errors
    /// When it does not exist.
    pub fn open(config: Config, permit: &PermitId) -> Result<Self, Fault> {
        let keys = GateKeys::load(&config)?;
        let extract = Extract::open(&config, &keys, permit)?;
        let listings = visiting_catalog::load().map_err(|e| Fault::Other(e.to_string()))?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(crate::config::PARTITIONS).build()?;
        Ok(Self { config, keys, listings, extract, runtime })
    }

    /// One governed run.
    ///
    /// # Errors
    /// The refusal, or what went wrong.
    pub fn governed(&self, sql: &str) -> Result<Stages, Fault> {
        let start = Instant::now();
        let plans = visiting_catalog::plan(&self.extract.manifest.scope, &self.listings)?;
        let query = query::parse(sql, &PermitSchema::new(&plans))?;
        let (book, municipalities) = (RuleBook::default(), Municipalities::synthetic());
        let packs = RulesInForce { book: &book, municipalities: &municipalities };
        let rules = judge::applied(&query, &self.listings, &packs)?.rules;
        let plan = start.elapsed();
        let (cells, names) =
            self.runtime.block_on(judge::gather(&self.config, &self.extract, &query, &packs, &self.listings, &Guests::new()))?;
        let cells = judge::canonical_facilities(cells, &self.extract, &self.keys);
        let evidence = start.elapsed() - plan;
        let versions = judge::named_versions(&query, &self.extract.manifest, &self.listings);
        let context = gate::Context { query: &query, rules, people: &self.extract.people, facilities: &names, versions: &versions };
        let (table, _) = gate::check(&context, &cells, &Known::default())?;
        let judged = start.elapsed() - plan - evidence;
        output::csv(&table)?;
        output::parquet(&table)?;
        Ok(Stages { plan, evidence, gate: judged, files: start.elapsed() - plan - evidence - judged })
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
                for batch in rows.collect().await? {
                    for column in batch.columns() {
                        let texts = (0..column.len()).map(|row| array_value_to_string(column, row));
                        out.extend(texts.collect::<Result<Vec<_>, _>>().map_err(|e| Fault::Other(e.to_string()))?);
                    }
                }
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
