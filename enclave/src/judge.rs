//! Between the engine and the gate: which rules hold, who is behind each cell, and what a verdict carries.

use std::collections::BTreeMap;

use visiting_catalog::Listing;
use visiting_policies::{
    Refusal,
    disclosure::{Rules, rule_pack},
    handover::FileDigest,
    sign,
    terms::Verdict,
};

use crate::{
    config::Config,
    engine, evidence,
    extract::Extract,
    fault::Fault,
    gate,
    keys::GateKeys,
    known::Block,
    output,
    query::{self, Query},
    session,
};

/// A verdict before it has its place in the ledger.
#[derive(Debug)]
pub(crate) struct Judged {
    /// What the gate said.
    pub(crate) verdict: Verdict,
    /// Why, for a refusal.
    pub(crate) refusal: Option<Refusal>,
    /// Bytes by file name, base64.
    pub(crate) files: BTreeMap<String, String>,
    /// Their digests.
    pub(crate) digests: Vec<FileDigest>,
    /// What the ledger learns.
    pub(crate) block: Block,
    /// The rules that were applied.
    pub(crate) rules: BTreeMap<String, String>,
}

impl Judged {
    /// A refusal.
    pub(crate) fn refused(refusal: Refusal) -> Self {
        Self {
            verdict: Verdict::Refuse,
            refusal: Some(refusal),
            files: BTreeMap::new(),
            digests: Vec::new(),
            block: Block::default(),
            rules: BTreeMap::new(),
        }
    }

    /// A table that passed.
    pub(crate) fn table(
        table: &gate::CheckedOutput,
        block: Block,
        rules: Rules,
        query: &Query,
        listings: &[Listing],
    ) -> Result<Self, Fault> {
        let made = [("table.csv", output::csv(table)?), ("table.parquet", output::parquet(table)?)];
        let digests = made.iter().map(|(name, bytes)| FileDigest { name: (*name).to_owned(), digest: sign::digest(bytes) }).collect();
        let files = made.iter().map(|(name, bytes)| ((*name).to_owned(), sign::to_base64(bytes))).collect();
        Ok(Self { verdict: table.verdict(), refusal: None, files, digests, block, rules: stated(rules, query, listings) })
    }
}

/// The rules as a receipt states them: thresholds and pass, never margins.
fn stated(rules: Rules, query: &Query, listings: &[Listing]) -> BTreeMap<String, String> {
    let mut out = BTreeMap::from([
        ("people_min".to_owned(), format!("{}: pass", rules.people_min)),
        ("round_to".to_owned(), format!("{}: pass", rules.round_to)),
        ("dominance_percent".to_owned(), format!("{}: pass", rules.dominance_percent)),
        ("ledger".to_owned(), "pass".to_owned()),
    ]);
    if rules.facilities_min > 0 {
        out.insert("facilities_min".to_owned(), format!("{}: pass", rules.facilities_min));
    }
    for table in &query.tables {
        if let Some(pack) = listings.iter().find(|l| l.id == table.listing).and_then(|l| rule_pack(&l.rule_pack).map(|p| (l, p))) {
            out.insert(format!("rule_pack {}", pack.0.id), format!("{} {}", pack.0.rule_pack, pack.1.version));
        }
    }
    out
}

/// The strictest rules of the databases that the query joins.
pub(crate) fn strictest(query: &Query, listings: &[Listing]) -> Result<Rules, Fault> {
    let pack = |listing: &str| listings.iter().find(|l| l.id == listing).and_then(|l| rule_pack(&l.rule_pack));
    let packs = query.tables.iter().map(|t| pack(&t.listing).map(|p| p.rules)).collect::<Option<Vec<_>>>();
    packs
        .and_then(|p| p.into_iter().reduce(Rules::strictest))
        .ok_or_else(|| Fault::Other("a database without a readable rule pack".to_owned()))
}

/// Evidence of every cell, and the names of the protected facility columns.
pub(crate) async fn gather(
    config: &Config,
    extract: &Extract,
    query: &Query,
    listings: &[Listing],
) -> Result<(evidence::Cells, Vec<String>), Fault> {
    let protected = |listing: &str| {
        listings.iter().find(|l| l.id == listing).and_then(|l| rule_pack(&l.rule_pack)).is_none_or(|p| p.rules.facilities_min > 0)
    };
    let facilities = session::facility_tables(query, protected);
    let names = facilities.iter().filter_map(|i| query.tables.get(*i)).map(query::SchemaTable::full_name).collect();
    let session = engine::session(&config.home.join("scratch"))?;
    let streams = session::rows(&session, extract, query, &facilities).await?;
    Ok((evidence::gather(streams, query, facilities.len()).await?, names))
}

/// Facility ids of the extract become ledger ordinals, which are the same in every permit.
pub(crate) fn canonical_facilities(mut cells: evidence::Cells, extract: &Extract, keys: &GateKeys) -> evidence::Cells {
    if cells.values().all(|c| c.facilities.is_empty()) {
        return cells;
    }
    let (back, forth) =
        (Extract::facility_permutation(&extract.key), crate::keys::Permutation::new(&keys.root.derive("ledger facilities")));
    for place in cells.values_mut().flat_map(|c| c.facilities.iter_mut()) {
        *place = std::mem::take(place).into_iter().map(|(id, share)| (forth.forward(back.backward(id)), share)).collect();
    }
    cells
}

/// Data versions of the query's databases, as part of each plan's identity.
pub(crate) fn named_versions(query: &Query, versions: &BTreeMap<String, u64>) -> String {
    let mut names: Vec<String> =
        query.tables.iter().map(|t| format!("{} {}", t.listing, versions.get(&t.listing).copied().unwrap_or_default())).collect();
    names.sort();
    names.dedup();
    names.join(", ")
}
