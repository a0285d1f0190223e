//! Drafts of applications: what a person typed and has not sent. Beside the record, erasable, and for their author alone.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{Connection, OptionalExtension, params};
use visiting_policies::{
    refusal::{Code, Refusal},
    sign,
    terms::PersonId,
};

use crate::desk::unavailable;

/// Most drafts of one person: enough for everybody's work, few enough to show on one page.
const DRAFTS_MAX: usize = 50;

/// Largest draft, bytes of JSON: a purpose of the longest kind and every column of a large catalogue.
const DRAFT_MAX_BYTES: usize = 256 * 1024;

/// Hexadecimal digits of a draft's id: 128 bits.
const ID_DIGITS: usize = 32;

/// Deleted text is overwritten: a draft may hold what its author would rather not have said.
const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA secure_delete = ON;
    CREATE TABLE IF NOT EXISTS drafts (
        id TEXT PRIMARY KEY, person TEXT NOT NULL, fields TEXT NOT NULL, saved_ms INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS drafts_of ON drafts (person, saved_ms);
";

/// The store.
#[derive(Debug, Clone)]
pub(crate) struct Drafts(Arc<Mutex<Connection>>);

/// One draft.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) id: String,
    /// The form's fields as they were typed.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) saved_ms: u64,
}

impl Drafts {
    pub(crate) fn open(path: &Path) -> Result<Self, Refusal> {
        let connection = Connection::open(path).map_err(|e| unavailable(&e))?;
        connection.execute_batch(SCHEMA).map_err(|e| unavailable(&e))?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// The id of the draft that this form starts: sent twice, it is one draft.
    pub(crate) fn id(person: &PersonId, request: &str) -> String {
        let digest = sign::hex(&sign::sha256(format!("draft\n{person}\n{request}").as_bytes()));
        format!("drf_{}", digest.chars().take(ID_DIGITS).collect::<String>())
    }

    /// Saves a draft, new or not.
    pub(crate) async fn save(&self, person: &PersonId, draft: Draft) -> Result<(), Refusal> {
        let fields = serde_json::to_string(&draft.fields).map_err(|e| unavailable(&e))?;
        if fields.len() > DRAFT_MAX_BYTES {
            return Err(Refusal::new(Code::TooLarge, format!("a draft has {DRAFT_MAX_BYTES} bytes at most; shorten it")));
        }
        let person = person.to_string();
        let (known, full) = self
            .with(move |db| {
                let known = db.execute(
                    "UPDATE drafts SET fields = ?3, saved_ms = ?4 WHERE id = ?1 AND person = ?2",
                    params![draft.id, person, fields, number(draft.saved_ms)],
                )? > 0;
                let count: i64 = db.query_row("SELECT COUNT(*) FROM drafts WHERE person = ?1", [&person], |row| row.get(0))?;
                let full = usize::try_from(count).unwrap_or(DRAFTS_MAX) >= DRAFTS_MAX;
                if !known && !full {
                    // An id of somebody else's draft fails here: it is their primary key.
                    db.execute("INSERT INTO drafts VALUES (?1, ?2, ?3, ?4)", params![draft.id, person, fields, number(draft.saved_ms)])?;
                }
                Ok((known, full))
            })
            .await?;
        if full && !known {
            return Err(Refusal::new(Code::TooLarge, format!("a person has {DRAFTS_MAX} drafts at most; delete some")));
        }
        Ok(())
    }

    /// A draft of this person's; nobody else's exists.
    pub(crate) async fn get(&self, person: &PersonId, id: &str) -> Result<Draft, Refusal> {
        let (person, id) = (person.to_string(), id.to_owned());
        let query = "SELECT id, fields, saved_ms FROM drafts WHERE id = ?1 AND person = ?2";
        let found = self.with(move |db| db.query_row(query, [id, person], read).optional()).await?;
        found.ok_or_else(|| Refusal::not_found("draft"))
    }

    /// Every draft of this person, newest first.
    pub(crate) async fn list(&self, person: &PersonId) -> Result<Vec<Draft>, Refusal> {
        let person = person.to_string();
        let query = "SELECT id, fields, saved_ms FROM drafts WHERE person = ?1 ORDER BY saved_ms DESC";
        self.with(move |db| db.prepare_cached(query)?.query_map([person], read)?.collect()).await
    }

    pub(crate) async fn delete(&self, person: &PersonId, id: &str) -> Result<(), Refusal> {
        let (person, id) = (person.to_string(), id.to_owned());
        self.with(move |db| db.execute("DELETE FROM drafts WHERE id = ?1 AND person = ?2", [id, person])).await.map(|_| ())
    }

    /// Deletes all drafts of a person who is erased.
    pub(crate) fn forget(&self, person: &PersonId) -> Result<(), Refusal> {
        let db = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        db.execute("DELETE FROM drafts WHERE person = ?1", [person.as_str()]).map_err(|e| unavailable(&e))?;
        // The log of changes still holds the old pages. They stay there while somebody else reads, which is told in the answer only.
        let busy: i64 = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).map_err(|e| unavailable(&e))?;
        if busy == 0 {
            return Ok(());
        }
        Err(Refusal::new(Code::OperatorProblem, "the drafts are being read, so their old text is not overwritten yet; do it again"))
    }

    async fn with<T: Send + 'static>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static) -> Result<T, Refusal> {
        let db = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&db.lock().unwrap_or_else(PoisonError::into_inner)));
        done.await.map_err(|e| unavailable(&e))?.map_err(|e| unavailable(&e))
    }
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Draft> {
    let (fields, saved): (String, i64) = (row.get(1)?, row.get(2)?);
    Ok(Draft { id: row.get(0)?, fields: serde_json::from_str(&fields).unwrap_or_default(), saved_ms: saved.unsigned_abs() })
}

/// SQLite counts in i64; no clock goes past it.
fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::tests::Scratch;

    fn draft(id: &str, purpose: &str, saved_ms: u64) -> Draft {
        Draft { id: id.to_owned(), fields: vec![("purpose".to_owned(), purpose.to_owned())], saved_ms }
    }

    #[tokio::test]
    async fn a_draft_is_its_authors_alone_and_goes_without_a_trace() {
        let scratch = Scratch::new("drafts");
        let path = scratch.path("drafts.sqlite");
        let drafts = Drafts::open(&path).unwrap();
        let (one, two): (PersonId, PersonId) = ("per_a".parse().unwrap(), "per_b".parse().unwrap());
        let id = Drafts::id(&one, "r");
        assert_ne!(id, Drafts::id(&two, "r"));
        drafts.save(&one, draft(&id, "canary-purpose", 1)).await.unwrap();
        drafts.save(&one, draft(&id, "canary-changed", 2)).await.unwrap();
        assert_eq!(drafts.list(&one).await.unwrap().len(), 1);
        assert_eq!(drafts.get(&one, &id).await.unwrap().fields[0].1, "canary-changed");
        assert_eq!(drafts.get(&two, &id).await.unwrap_err().code, Code::NotFound);
        assert!(drafts.save(&two, draft(&id, "mine now", 3)).await.is_err());
        drafts.delete(&two, &id).await.unwrap();
        assert!(drafts.get(&one, &id).await.is_ok());
        drafts.forget(&one).unwrap();
        assert!(drafts.list(&one).await.unwrap().is_empty());
        for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains("canary"));
        }
    }

    #[tokio::test]
    async fn drafts_that_may_still_be_read_are_not_said_to_be_gone() {
        let scratch = Scratch::new("drafts-busy");
        let path = scratch.path("drafts.sqlite");
        let (drafts, person) = (Drafts::open(&path).unwrap(), "per_a".parse().unwrap());
        drafts.save(&person, draft("drf_1", "p", 1)).await.unwrap();
        drafts.0.lock().unwrap().busy_timeout(std::time::Duration::ZERO).unwrap();
        let reader = Connection::open(&path).unwrap();
        reader.execute_batch("BEGIN").unwrap();
        let count: i64 = reader.query_row("SELECT count(*) FROM drafts", [], |row| row.get(0)).unwrap();
        assert_eq!(count, 1);
        assert_eq!(drafts.forget(&person).unwrap_err().code, Code::OperatorProblem);
        reader.execute_batch("COMMIT").unwrap();
        drafts.forget(&person).unwrap();
    }

    #[tokio::test]
    async fn nobody_fills_the_store() {
        let scratch = Scratch::new("drafts-full");
        let drafts = Drafts::open(&scratch.path("drafts.sqlite")).unwrap();
        let person: PersonId = "per_a".parse().unwrap();
        for n in 0..DRAFTS_MAX {
            drafts.save(&person, draft(&format!("drf_{n}"), "p", 1)).await.unwrap();
        }
        assert_eq!(drafts.save(&person, draft("drf_more", "p", 1)).await.unwrap_err().code, Code::TooLarge);
        drafts.save(&person, draft("drf_0", "still mine", 2)).await.unwrap();
        let long = "x".repeat(DRAFT_MAX_BYTES);
        assert_eq!(drafts.save(&person, draft("drf_0", &long, 2)).await.unwrap_err().code, Code::TooLarge);
    }
}
