//! A permit's extract: exactly its scope, in the permit's own order, under the permit's own key. What is outside does not exist.
//!
//! A person's row id is the rank of their pseudonym (提供用ID) under the permit, so it joins the permit's tables and nothing else.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use datafusion::{
    arrow::{
        array::{ArrayRef, AsArray, RecordBatch, UInt32Array},
        compute::{cast, concat_batches},
        datatypes::{DataType, Field, Schema, UInt32Type},
    },
    common::JoinType,
    dataframe::DataFrame,
    parquet::arrow::ArrowWriter,
    prelude::{ident, lit},
};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use visiting_catalog::{Kind, Listing, TablePlan};
use visiting_policies::{
    disclosure::Site,
    handover::ExtractReport,
    permit::Permit,
    terms::{PermitId, Scope, base10},
};

use crate::{
    config::{Config, FILE_ROWS},
    engine,
    fault::Fault,
    keys::{GateKeys, Key, Permutation},
    people::Ordinals,
    vault::{self, Vault, site_column},
};

/// Column of the permit's person id.
pub(crate) const UNIT: &str = "_unit";

/// What is known about an extract without opening it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// What is cut.
    pub(crate) scope: Scope,
    /// Data version by listing.
    pub(crate) versions: BTreeMap<String, u64>,
    /// Files by `listing.table`.
    pub(crate) files: BTreeMap<String, Vec<String>>,
    /// Rows by `listing.table`.
    pub(crate) rows: BTreeMap<String, u64>,
    /// People.
    pub(crate) people: u64,
}

/// An open extract.
#[derive(Debug)]
pub(crate) struct Extract {
    /// Its manifest.
    pub(crate) manifest: Manifest,
    /// Its key.
    pub(crate) key: Key,
    /// Ledger ordinal of each person id.
    pub(crate) people: Ordinals,
    folder: PathBuf,
}

impl Extract {
    /// Opens a permit's extract.
    pub(crate) fn open(config: &Config, keys: &GateKeys, permit: &PermitId) -> Result<Self, Fault> {
        let key = keys.permit_key(config, permit, false)?;
        let folder = config.extracts().join(permit.as_str());
        let manifest = key.open("manifest", &std::fs::read(folder.join("manifest"))?)?;
        let people = key.open("people", &std::fs::read(folder.join("people"))?)?;
        let people = people.chunks_exact(4).map(|b| b.iter().rev().fold(0u32, |n, byte| (n << 8) | u32::from(*byte))).collect();
        Ok(Self { manifest: serde_json::from_slice(&manifest)?, key, people, folder })
    }

    /// An extract from its parts: a synthetic twin.
    pub(crate) fn of_parts(manifest: Manifest, key: Key, people: Ordinals, folder: PathBuf) -> Self {
        Self { manifest, key, people, folder }
    }

    /// Whose it is: its folder's name.
    pub(crate) fn permit(&self) -> &str {
        self.folder.file_name().and_then(std::ffi::OsStr::to_str).unwrap_or_default()
    }

    /// Paths of a table's files.
    pub(crate) fn files(&self, table: &str) -> Vec<String> {
        let files = self.manifest.files.get(table).cloned().unwrap_or_default();
        files.iter().map(|f| self.folder.join(f).to_string_lossy().into_owned()).collect()
    }

    /// The permit's own numbers of facilities or households: no one of another permit joins them.
    pub(crate) fn site_permutation(key: &Key, site: Site) -> Permutation {
        Permutation::new(&key.derive(site.name()))
    }
}

/// Makes a permit's extract; running it again after a crash starts anew. Answers with what the record may say about it.
pub(crate) async fn make(
    config: &Config,
    keys: &GateKeys,
    permit: &Permit,
    listings: &[Listing],
    versions: &BTreeMap<String, u64>,
) -> Result<ExtractReport, Fault> {
    let plans = visiting_catalog::plan(&permit.scope, listings)?;
    let folder = config.extracts().join(permit.id.as_str());
    let report = |m: &Manifest| ExtractReport {
        permit: permit.id.clone(),
        versions: m.versions.clone(),
        people: base10(m.people),
        rows: m.rows.iter().map(|(t, n)| (t.clone(), base10(*n))).collect(),
    };
    if folder.exists() {
        return Ok(report(&Extract::open(config, keys, &permit.id)?.manifest));
    }
    let key = keys.permit_key(config, &permit.id, true)?;
    let part = config.extracts().join(format!("{}.part", permit.id));
    if part.exists() {
        std::fs::remove_dir_all(&part)?;
    }
    std::fs::create_dir_all(&part)?;
    let session = engine::session(&config.home.join("scratch"))?;
    let mut cut = Cut { config, permit, key: &key, session: &session, versions, part: &part };
    let manifest = cut.all(&plans, keys).await?;
    std::fs::rename(&part, &folder)?;
    std::fs::File::open(config.extracts())?.sync_all()?;
    Ok(report(&manifest))
}

/// One extract in the making.
struct Cut<'a> {
    config: &'a Config,
    permit: &'a Permit,
    key: &'a Key,
    session: &'a datafusion::prelude::SessionContext,
    versions: &'a BTreeMap<String, u64>,
    part: &'a Path,
}

impl Cut<'_> {
    async fn all(&mut self, plans: &[TablePlan<'_>], keys: &GateKeys) -> Result<Manifest, Fault> {
        let mut sources = Vec::new();
        for plan in plans {
            sources.push(self.source(plan).await?);
        }
        let order = self.order(&sources).await?;
        let map = self.map(&order)?;
        let (mut files, mut rows) = (BTreeMap::new(), BTreeMap::new());
        for (plan, source) in plans.iter().zip(sources) {
            let name = format!("{}.{}", plan.listing.id, plan.table.name);
            let written = self.table(plan, source, map.clone(), &name).await?;
            rows.insert(name.clone(), written.1);
            files.insert(name, written.0);
        }
        let ledger = Permutation::new(&keys.root.derive("ledger people"));
        let people: Vec<u8> = order.iter().flat_map(|ordinal| ledger.forward(*ordinal).to_le_bytes()).collect();
        let manifest =
            Manifest { scope: self.permit.scope.clone(), versions: self.versions.clone(), files, rows, people: order.len() as u64 };
        crate::keys::write_durably(&self.part.join("people"), &self.key.seal("people", &people)?)?;
        crate::keys::write_durably(&self.part.join("manifest"), &self.key.seal("manifest", &serde_json::to_vec(&manifest)?)?)?;
        Ok(manifest)
    }

    /// The vault's rows of one table: permitted columns, permitted months.
    async fn source(&self, plan: &TablePlan<'_>) -> Result<DataFrame, Fault> {
        let version = self.versions.get(&plan.listing.id).copied().unwrap_or_default();
        let file = Vault::at(self.config.vault()).table(&plan.listing.id, version, &plan.table.name)?;
        let mut rows = engine::read(self.session, vec![file.to_string_lossy().into_owned()], None).await?;
        if let Some(month) = &plan.table.month {
            let period = self.permit.scope.period;
            rows = rows.filter(ident(month.clone()).between(lit(period.from), lit(period.to)))?;
        }
        let mut columns = vec![ident(vault::PERSON)];
        columns.extend(plan.table.sites().map(|(site, _)| ident(site_column(site))));
        columns.extend(plan.columns.iter().map(|c| ident(c.name.clone())));
        Ok(rows.select(columns)?)
    }

    /// Ordinals of the extract's people in the order of their pseudonyms: a secret permutation of this permit.
    async fn order(&self, sources: &[DataFrame]) -> Result<Vec<u32>, Fault> {
        let mut ordinals = std::collections::BTreeSet::new();
        for source in sources {
            let mut people = source.clone().select(vec![ident(vault::PERSON)])?.distinct()?.execute_stream().await?;
            while let Some(batch) = people.next().await {
                let batch = batch?;
                ordinals.extend(batch.column(0).as_primitive::<UInt32Type>().iter().flatten());
            }
        }
        let ordinals: Vec<u32> = ordinals.into_iter().collect();
        let tokens = Vault::at(self.config.vault()).ordinals()?.tokens(&ordinals)?;
        let linkage = |e: visiting_linkage::LinkageError| Fault::Linkage(e.to_string());
        let mut unit = visiting_linkage::Client::connect(&self.config.linkage).map_err(linkage)?;
        let pseudonyms = unit.pseudonyms(self.permit.id.as_str(), &tokens).map_err(linkage)?;
        if pseudonyms.len() != ordinals.len() {
            return Err(Fault::Linkage("it answered with another number of pseudonyms".to_owned()));
        }
        let mut order: Vec<(String, u32)> = pseudonyms.into_iter().zip(ordinals).collect();
        order.sort_unstable();
        Ok(order.into_iter().map(|(_, ordinal)| ordinal).collect())
    }

    /// Two columns: vault ordinal, person id of this permit.
    fn map(&self, order: &[u32]) -> Result<DataFrame, Fault> {
        let schema = Schema::new(vec![Field::new("ordinal", DataType::UInt32, false), Field::new(UNIT, DataType::UInt32, false)]);
        let ids: UInt32Array = (0..order.len() as u32).collect();
        let columns: Vec<ArrayRef> = vec![Arc::new(UInt32Array::from(order.to_vec())), Arc::new(ids)];
        Ok(self.session.read_batch(RecordBatch::try_new(Arc::new(schema), columns)?)?)
    }

    /// Sorts one table by person and writes it in files that no person crosses.
    async fn table(&self, plan: &TablePlan<'_>, source: DataFrame, map: DataFrame, name: &str) -> Result<(Vec<String>, u64), Fault> {
        let joined = source.join(map, JoinType::Inner, &[vault::PERSON], &["ordinal"], None)?;
        let mut columns = vec![ident(UNIT)];
        columns.extend(plan.table.sites().map(|(site, _)| ident(site_column(site))));
        columns.extend(plan.columns.iter().map(|c| ident(c.name.clone())));
        let order = columns.iter().map(|c| c.clone().sort(true, true)).collect();
        let mut rows = joined.select(columns)?.sort(order)?.execute_stream().await?;
        let mut writer = TableWriter::new(self.key, self.part, plan, name)?;
        while let Some(batch) = rows.next().await {
            writer.push(&writer.shaped(&batch?)?)?;
        }
        writer.finish()
    }
}

/// Writes batches sorted by person into files of whole persons.
pub(crate) struct TableWriter<'a> {
    key: &'a Key,
    part: &'a Path,
    name: String,
    schema: Arc<Schema>,
    /// Of each column that numbers sites: how they are permuted.
    sites: Vec<(&'static str, Permutation)>,
    pending: Vec<RecordBatch>,
    pending_rows: usize,
    files: Vec<String>,
    rows: u64,
}

impl<'a> TableWriter<'a> {
    /// A table's files in `part`, sealed under `key`.
    pub(crate) fn new(key: &'a Key, part: &'a Path, plan: &TablePlan<'_>, name: &str) -> Result<Self, Fault> {
        let mut fields = vec![Field::new(UNIT, DataType::UInt32, false)];
        fields.extend(plan.table.sites().map(|(site, _)| Field::new(site_column(site), DataType::UInt32, true)));
        fields.extend(plan.columns.iter().map(|c| {
            let kind = match c.kind {
                Kind::Int => DataType::Int64,
                // Codes repeat: a dictionary is read and compared once per code, not once per row.
                Kind::Code => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
                Kind::Decimal => DataType::Decimal128(18, i8::try_from(c.scale()).unwrap_or(0)),
            };
            Field::new(c.name.clone(), kind, true)
        }));
        let sites = plan.table.sites().map(|(site, _)| (site_column(site), Extract::site_permutation(key, site))).collect();
        Ok(Self {
            key,
            part,
            name: name.to_owned(),
            schema: Arc::new(Schema::new(fields)),
            sites,
            pending: Vec::new(),
            pending_rows: 0,
            files: Vec::new(),
            rows: 0,
        })
    }

    /// The batch in the file's types, facilities and households permuted.
    pub(crate) fn shaped(&self, batch: &RecordBatch) -> Result<RecordBatch, Fault> {
        let mut columns = Vec::new();
        for (field, column) in self.schema.fields().iter().zip(batch.columns()) {
            columns.push(match self.sites.iter().find(|(name, _)| field.name() == name) {
                Some((_, permutation)) => {
                    let ids = column.as_primitive::<UInt32Type>();
                    Arc::new(ids.iter().map(|id| id.map(|id| permutation.forward(id))).collect::<UInt32Array>()) as ArrayRef
                }
                None => cast(column, field.data_type())?,
            });
        }
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }

    /// Takes rows that come after those before; no person may be in two batches unless they follow each other.
    pub(crate) fn push(&mut self, batch: &RecordBatch) -> Result<(), Fault> {
        let mut rest = batch.clone();
        if self.pending_rows + rest.num_rows() >= FILE_ROWS
            && let Some(cut) = first_change(&rest)
        {
            self.pending.push(rest.slice(0, cut));
            rest = rest.slice(cut, rest.num_rows() - cut);
            self.flush()?;
        }
        self.pending_rows += rest.num_rows();
        self.pending.push(rest);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Fault> {
        let batch = concat_batches(&self.schema, &self.pending)?;
        let file = format!("{}-{:04}.parquet", self.name, self.files.len());
        let sink = std::fs::File::create(self.part.join(&file))?;
        let properties = engine::sealed_writer(self.key, &self.name)?;
        let mut writer = ArrowWriter::try_new(sink, self.schema.clone(), Some(properties))?;
        writer.write(&batch)?;
        writer.into_inner()?.sync_all()?;
        self.rows += batch.num_rows() as u64;
        self.files.push(file);
        self.pending.clear();
        self.pending_rows = 0;
        Ok(())
    }

    /// Names of the files, and the number of rows.
    pub(crate) fn finish(mut self) -> Result<(Vec<String>, u64), Fault> {
        if !self.pending.is_empty() || self.files.is_empty() {
            self.flush()?;
        }
        Ok((self.files, self.rows))
    }
}

/// First row of the batch that starts another person than the row before it.
fn first_change(batch: &RecordBatch) -> Option<usize> {
    let units = batch.column(0).as_primitive::<UInt32Type>();
    units.values().windows(2).position(|pair| pair.first() != pair.last()).map(|i| i + 1)
}
