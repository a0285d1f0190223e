//! Between the engine and the gate: which rules hold, who is behind each cell, and what a verdict carries.

use std::collections::BTreeMap;

use visiting_catalog::Listing;
use visiting_policies::{
    Code, Refusal,
    disclosure::{Rules, rule_pack},
    handover::FileDigest,
    sign,
    terms::{Verdict, magnitude},
};

use crate::{
    bound::{Guests, Shelf},
    config::{CELLS_MAX, Config},
    engine, evidence,
    extract::{Extract, Manifest},
    fault::Fault,
    gate,
    keys::GateKeys,
    known::{Block, Known},
    output,
    query::{self, Origin, PermitSchema, Query, Signature},
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
            refusal: Some(refusal.for_the_record()),
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

/// Everything that a question is judged in, but the question.
#[derive(Debug)]
pub(crate) struct Setting<'a> {
    /// Folders.
    pub(crate) config: &'a Config,
    /// The permit's extract, or a synthetic twin of it.
    pub(crate) extract: &'a Extract,
    /// All listings.
    pub(crate) listings: &'a [Listing],
    /// Where facilities stand in the ledger.
    pub(crate) keys: &'a GateKeys,
    /// What has been shown.
    pub(crate) known: &'a Known,
    /// Compiled guests by digest.
    pub(crate) guests: &'a Guests,
    /// The same as SQL sees them, by name.
    pub(crate) signatures: BTreeMap<String, Signature>,
}

/// Everything from a permit's SQL to a checked table. Reads no data before the plan is accepted.
pub(crate) async fn judge(setting: &Setting<'_>, shelf: &mut Shelf, sql: &str) -> Result<Judged, Fault> {
    let plans = visiting_catalog::plan(&setting.extract.manifest.scope, setting.listings)?;
    let mut query = query::parse(sql, &PermitSchema::new(&plans).with_guests(setting.signatures.clone()))?;
    shelf.reach(&mut query, setting.guests)?;
    let rules = strictest(&query, setting.listings)?;
    check_cells(&query, &setting.extract.manifest)?;
    let (cells, names) = gather(setting.config, setting.extract, &query, setting.listings, setting.guests).await?;
    let cells = canonical_facilities(cells, setting.extract, setting.keys);
    let versions = named_versions(&query, &setting.extract.manifest, setting.listings);
    let context = gate::Context { query: &query, rules, people: &setting.extract.people, facilities: &names, versions: &versions };
    let (table, block) = gate::check(&context, &cells, setting.known)?;
    Judged::table(&table, block, rules, &query, setting.listings)
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
    guests: &Guests,
) -> Result<(evidence::Cells, Vec<String>), Fault> {
    let protected = |listing: &str| {
        listings.iter().find(|l| l.id == listing).and_then(|l| rule_pack(&l.rule_pack)).is_none_or(|p| p.rules.facilities_min > 0)
    };
    let facilities = session::facility_tables(query, protected);
    let names = facilities.iter().filter_map(|i| query.tables.get(*i)).map(query::SchemaTable::full_name).collect();
    let session = engine::session(&config.home.join("scratch"))?;
    let streams = session::rows(&session, extract, query, &facilities, guests).await?;
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

/// What, beside the question, decides which rows it is about: listing and data version of each database and, for dated tables, the
/// permit's months. Part of every plan's identity, so two permits are never taken to have asked the same when they did not.
pub(crate) fn named_versions(query: &Query, extract: &Manifest, listings: &[Listing]) -> String {
    let digest = |id: &str| listings.iter().find(|l| l.id == id).map(Listing::digest).unwrap_or_default();
    let version = |id: &str| extract.versions.get(id).copied().unwrap_or_default();
    let mut names: Vec<String> =
        query.tables.iter().map(|t| format!("{} {} {}", t.listing, version(&t.listing), digest(&t.listing))).collect();
    names.sort();
    names.dedup();
    if query.tables.iter().any(|t| t.table.month.is_some()) {
        names.push(format!("months {}-{}", extract.scope.period.from, extract.scope.period.to));
    }
    names.join(", ")
}

/// Refuses, on the plan, a question that could have more cells than the machine holds: what is observed never decides this.
/// A table contributes at most as many key combinations as its domains allow, and as the magnitude of its
/// rows is; a guest its labels.
pub(crate) fn check_cells(query: &Query, extract: &Manifest) -> Result<(), Refusal> {
    let of_table = |(index, table): (usize, &query::SchemaTable)| {
        let of_it = |k: &&query::KeyColumn| matches!(k.origin, Origin::Column { table, .. } if table == index);
        let domains = query.keys.iter().filter(of_it).map(|k| k.values.count()).try_fold(1u64, u64::checked_mul);
        let rows = magnitude(extract.rows.get(&table.full_name()).copied().unwrap_or_default());
        domains.unwrap_or(u64::MAX).min(rows)
    };
    let labels = query.keys.iter().filter(|k| matches!(k.origin, Origin::Call(_))).map(|k| k.values.count());
    let cells = query.tables.iter().enumerate().map(of_table).chain(labels).try_fold(1u64, u64::checked_mul);
    if cells.is_some_and(|n| n <= CELLS_MAX as u64) {
        return Ok(());
    }
    let advice = "group by fewer or coarser columns";
    Err(Refusal::new(Code::TooLarge, format!("the groups could be more than {CELLS_MAX}; {advice}")))
}
