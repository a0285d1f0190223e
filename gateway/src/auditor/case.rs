//! Case files: the leaves of an application, a permit, a run or an incident with their proofs, under one signed checkpoint.

use rusqlite::Connection;
use visiting_policies::{
    Code, Refusal,
    case::Cases,
    case_file::{CASE_LEAVES_MAX, CaseFile},
};
use visiting_tlog::{checkpoint::Checkpoint, note::Note};

use super::known;
use crate::desk::{Desk, unavailable};

/// Which leaves: the record's first (it says under which roster all others stand), those of the case, those that its incidents are about
/// or that are about incidents of its leaves.
const CONCERNED: &str = "
    WITH mine AS (SELECT idx FROM events WHERE {column} = ?1),
         noted AS (SELECT incident FROM incident_leaves WHERE idx IN mine UNION SELECT ?1)
    SELECT idx FROM events
    WHERE idx = 0 OR idx IN mine OR incident IN noted OR idx IN (SELECT idx FROM incident_leaves WHERE incident = ?1)
    ORDER BY idx LIMIT ?2";

/// What a case file is about.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    column: &'static str,
    pub(crate) id: String,
}

impl Subject {
    /// The case of this id.
    ///
    /// # Errors
    /// [`Code::Malformed`] for an id that the record does not know, with those that it knows.
    pub(crate) fn new(id: &str, cases: &Cases) -> Result<Self, Refusal> {
        Ok(Self { column: known::case(cases, id)?, id: id.to_owned() })
    }

    /// Indices of the leaves that concern it.
    pub(crate) fn leaves(&self, projection: &Connection) -> Result<Vec<u64>, Refusal> {
        let most = i64::try_from(CASE_LEAVES_MAX + 1).unwrap_or(i64::MAX);
        let mut select = projection.prepare(&CONCERNED.replace("{column}", self.column)).map_err(|e| unavailable(&e))?;
        let found = select.query_map((&self.id, most), |row| row.get::<_, i64>(0));
        let found = found.and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(|e| unavailable(&e))?;
        if found.len() > CASE_LEAVES_MAX {
            let detail = format!("a case file has {CASE_LEAVES_MAX} leaves at most; take the permit's runs one by one, or the whole log");
            return Err(Refusal::new(Code::TooLarge, detail)
                .ja(format!("1つのファイルに入るのは{CASE_LEAVES_MAX}件までです。解析ごとに、またはログ全体を取得してください")));
        }
        Ok(found.into_iter().map(i64::unsigned_abs).collect())
    }

    /// The file. Leaves that the newest checkpoint does not cover yet are left to the next one.
    pub(crate) async fn file(&self, desk: &Desk, indices: Vec<u64>) -> Result<CaseFile, Refusal> {
        let mut proven = {
            let view = desk.view();
            let note = view.proven().to_owned();
            let checkpoint = signed(&note)?;
            let size = checkpoint.size();
            let covered = indices.into_iter().filter(|index| *index < size);
            let proofs = covered.map(|index| Some((index, view.tree.inclusion(index, size)?))).collect::<Option<Vec<_>>>();
            let proofs = proofs.ok_or_else(|| unavailable(&"the tree has no proof of a leaf that the record has"))?;
            (checkpoint.origin().to_owned(), note, proofs)
        };
        let mut leaves = Vec::with_capacity(proven.2.len());
        for (index, proof) in proven.2.drain(..) {
            let leaf = desk.leaves(index, 1).await?.pop().ok_or_else(|| unavailable(&format!("leaf {index} cannot be read")))?;
            leaves.push((index, leaf, proof));
        }
        CaseFile::new(&self.id, &proven.0, &proven.1, leaves)
    }
}

/// A signed checkpoint, read.
fn signed(note: &str) -> Result<Checkpoint, Refusal> {
    let note = Note::parse(note.as_bytes()).map_err(|e| unavailable(&e))?;
    Checkpoint::parse(note.text()).map_err(|e| unavailable(&e))
}
