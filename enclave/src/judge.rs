//! Between the engine and the gate: which rules hold, who is behind each cell, and what a verdict carries.

use std::collections::BTreeMap;

use visiting_catalog::Listing;
use visiting_policies::{
    Code, Refusal,
    disclosure::Rules,
    handover::FileDigest,
    rules::Applied,
    sign,
    terms::{Verdict, base10},
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
    query::{self, Argument, Origin, PermitSchema, Query, Signature},
    question::{Key, Preimage},
    roles::RulesInForce,
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
    pub(crate) fn table(table: &gate::CheckedOutput, block: Block, rules: BTreeMap<String, String>) -> Result<Self, Fault> {
        let made = [("table.csv", output::csv(table)?), ("table.parquet", output::parquet(table)?)];
        let digests = made.iter().map(|(name, bytes)| FileDigest { name: (*name).to_owned(), digest: sign::digest(bytes) }).collect();
        let files = made.iter().map(|(name, bytes)| ((*name).to_owned(), sign::to_base64(bytes))).collect();
        Ok(Self { verdict: table.verdict(), refusal: None, files, digests, block, rules })
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
    /// Rule packs and populations.
    pub(crate) rules: RulesInForce<'a>,
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
    let applied = applied(&query, setting.listings, &setting.rules)?;
    let rules = applied.rules;
    check_cells(&query, &setting.extract.manifest)?;
    let (cells, names) = gather(setting.config, setting.extract, &query, &setting.rules, setting.listings, setting.guests).await?;
    let cells = by_label(cells, &query, &applied);
    let cells = canonical_facilities(cells, setting.extract, setting.keys);
    let versions = named_versions(&query, &setting.extract.manifest, setting.listings);
    let context = gate::Context { query: &query, rules, people: &setting.extract.people, facilities: &names, versions: &versions };
    let (table, block) = gate::check(&context, &cells, setting.known)?;
    let mut told = stated(rules, &query, setting.listings, &setting.rules);
    told.extend(applied.stated());
    Judged::table(&table, block, told)
}

/// The rules as a receipt states them: thresholds and pass, never margins.
fn stated(rules: Rules, query: &Query, listings: &[Listing], packs: &RulesInForce<'_>) -> BTreeMap<String, String> {
    let mut out = BTreeMap::from([
        ("people_min".to_owned(), format!("{}: pass", rules.people_min)),
        ("round_to".to_owned(), format!("{}: pass", rules.round_to)),
        ("dominance_percent".to_owned(), format!("{}: pass", rules.dominance_percent)),
        ("ledger".to_owned(), "pass".to_owned()),
    ]);
    if rules.facilities_min > 0 {
        out.insert("facilities_min".to_owned(), format!("{}: pass", rules.facilities_min));
    }
    out.extend(query.tables.iter().filter_map(|t| packs.stated(listings, &t.listing)));
    out
}

/// The rules of a question, judged on its plan: the strictest of the databases that it joins, and what its keys and condition ask for.
pub(crate) fn applied(query: &Query, listings: &[Listing], packs: &RulesInForce<'_>) -> Result<Applied, Fault> {
    let read: Vec<String> = query.tables.iter().map(|t| t.listing.clone()).collect();
    let (keys, filtered) =
        (query.keys.iter().map(|k| key(query, k)), query.filtered.iter().filter(|k| matches!(k.origin, Origin::Call(_))));
    let mut all: Vec<Key> = keys.collect();
    let groups = all.len();
    // A guest in the condition cuts by its arguments, in a way that cannot be read.
    all.extend(filtered.map(|k| key(query, k)));
    let applied = packs.apply(listings, &read, &all, &query.filter)?;
    match query.keys.iter().zip(applied.bands.iter().take(groups)).find_map(|(k, band)| band.as_ref().map(|b| (k, b))) {
        None => Ok(applied),
        Some((k, band)) => {
            let detail =
                format!("`{}` is shown in bands only: put a condition along their edges instead of a group ({})", k.title, band.source);
            let ja =
                format!("「{}」は区分でのみ示せます。区分の代わりに、区切りに沿った条件を使ってください（{}）。", k.title, band.source);
            Err(Refusal::new(Code::RuleForbids, detail).ja(ja).into())
        }
    }
}

/// A key of the small language as rules look at it.
fn key(query: &Query, key: &query::KeyColumn) -> Key {
    match &key.origin {
        Origin::Column { .. } => Key {
            name: key.name.clone(),
            columns: vec![key.name.clone()],
            of: Some(Preimage::Column(key.name.clone(), key.values.clone())),
        },
        Origin::Call(call) => {
            let named = |argument: &Argument| match argument {
                Argument::Column(table, column) => query.tables.get(*table).map(|t| format!("{}.{}", t.full_name(), column.name)),
                _ => None,
            };
            Key { name: key.name.clone(), columns: call.arguments.iter().filter_map(named).collect(), of: None }
        }
    }
}

/// The cells that the rules of their labels let be shown at all.
fn by_label(mut cells: evidence::Cells, query: &Query, applied: &Applied) -> evidence::Cells {
    cells.retain(|key, cell| {
        let labels: Vec<String> = query.keys.iter().zip(key).map(|(k, v)| k.values.label(*v)).collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        applied.cell(&labels).is_some_and(|rules| cell.shares.len() as u64 >= rules.people_min)
    });
    cells
}

/// Evidence of every cell, and the names of the protected facility columns.
pub(crate) async fn gather(
    config: &Config,
    extract: &Extract,
    query: &Query,
    packs: &RulesInForce<'_>,
    listings: &[Listing],
    guests: &Guests,
) -> Result<(evidence::Cells, Vec<String>), Fault> {
    let protected = |listing: &str| packs.of(listings, listing).is_none_or(|p| p.rules.facilities_min > 0);
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
/// A table contributes at most as many key combinations as its domains allow, and as it has rows (base 10); a guest its labels.
pub(crate) fn check_cells(query: &Query, extract: &Manifest) -> Result<(), Refusal> {
    let of_table = |(index, table): (usize, &query::SchemaTable)| {
        let of_it = |k: &&query::KeyColumn| matches!(k.origin, Origin::Column { table, .. } if table == index);
        let domains = query.keys.iter().filter(of_it).map(|k| k.values.count()).try_fold(1u64, u64::checked_mul);
        let rows = base10(extract.rows.get(&table.full_name()).copied().unwrap_or_default()).saturating_add(10);
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
